#!/bin/sh
# Finds the programs that tests need beside Python, PostgreSQL, Redis and Chromium, or installs them where it may.
set -eu

has_postgres() {
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null
}

has_chromium() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null
}

missing=
has_postgres || missing="$missing postgresql"
command -v redis-server >/dev/null || missing="$missing redis-server"
has_chromium || missing="$missing chromium"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # One word a package is meant here.
    # shellcheck disable=SC2086
    if { apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing; } >/dev/null </dev/null; then
        exit 0
    fi
    echo "The installation failed; see the messages above."
fi
echo "Not found:$missing. The tests that need them will be skipped (in CI they fail)."
