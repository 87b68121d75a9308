"""Lends the tests what is not in the package: a PostgreSQL server, a browser and the data for development."""

import atexit
import contextlib
import functools
import itertools
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import psycopg
import pytest

# DuckDB's binding counts what is still referenced when the interpreter ends (a failed test's traceback is enough) and
# writes pages about it behind the closing line; by then everything worth reading has been written.
atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))

REPOSITORY = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 60
_schemas = itertools.count(1)

# Compiling a kernel, or a busy neighbor, is no reason to fail; pytest's own timeout bounds every test.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start an empty PostgreSQL server for this run and stop it at the end."""
    programs = _postgres_programs()
    if programs is None:
        _go_without("PostgreSQL's initdb and pg_ctl were not found; on Debian they are in the package postgresql")
    with tempfile.TemporaryDirectory(prefix="caravan-postgres-") as folder, _server(programs, Path(folder)) as url:
        yield url


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> str:
    """Lend an empty schema."""
    schema = f"log_{next(_schemas)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    return f"{postgres_url}?options=-csearch_path%3D{schema}"


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """Name the Chromium that browser tests drive."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        _go_without("Chromium was not found; on Debian it is in the package chromium")
    return Path(found)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Name the folder with the data for development, which lies beside the repository and is never part of it."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the data for development is not beside this repository (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def go_without() -> Callable[[str], NoReturn]:
    """Lend the way to skip what needs a program that is not here."""
    return _go_without


def _go_without(reason: str) -> NoReturn:
    """Skip, but fail in CI, where a skipped test would be missed by nobody."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _postgres_programs() -> Path | None:
    """Find the folder of the newest PostgreSQL server: Debian's own place first, then the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    complete = [folder for folder in [*on_path, *debian] if {"initdb", "pg_ctl", "postgres"} <= _names(folder)]
    return complete[-1] if complete else None


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@contextlib.contextmanager
def _server(programs: Path, home: Path) -> Iterator[str]:
    account = _server_account()
    if account is not None:
        os.chown(home, account.pw_uid, account.pw_gid)
    run = functools.partial(
        subprocess.run,
        check=True,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=START_TIMEOUT_S,
        user=account and account.pw_uid,
        group=account and account.pw_gid,
        extra_groups=None if account is None else [],
    )
    password = secrets.token_hex(16)
    (home / "password").write_text(password, encoding="ascii")
    cluster, port = home / "cluster", _free_port()
    # A crash of the whole machine is not tested here, so nothing waits for the disk.
    settings = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(
        [
            programs / "initdb",
            f"--pgdata={cluster}",
            "--username=caravan",
            f"--pwfile={home / 'password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
    )
    log = home / "server.log"
    control = [programs / "pg_ctl", f"--pgdata={cluster}", f"--log={log}", "--wait"]
    try:
        run([*control, f"--timeout={START_TIMEOUT_S // 2}", f"--options={settings}", "start"])
    except subprocess.CalledProcessError:
        pytest.fail(f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8')}", pytrace=False)
    try:
        yield f"postgresql://caravan:{password}@127.0.0.1:{port}/postgres"
    finally:
        run([*control, "--mode=immediate", "stop"])


def _server_account() -> pwd.struct_passwd | None:
    """Choose the account for a server that refuses to run as root; None keeps our own."""
    if os.geteuid() != 0:
        return None
    names = {account.pw_name: account for account in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
