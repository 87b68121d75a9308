"""Servers of the peers, from Debian's packages: started for a benchmark in a folder of their own, and stopped after it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_STARTS_WITHIN_S = 60
_STOPS_WITHIN_S = 60
_LOOK_S = 0.05

# Durable, and fair: no checkpoint falls into the window, nothing is compiled for statements of a few milliseconds, and a
# statement over arrays is planned once (planned anew for each, it took four times as long).
POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "lz4",
    "shared_buffers": "2GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "work_mem": "64MB",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "max_connections": "64",
}
# Every answer waits for the sync of the append-only file, and nothing rewrites that file inside the window.
REDIS_SETTINGS = {
    "appendonly": "yes",
    "appendfsync": "always",
    "auto-aof-rewrite-percentage": "0",
    "save": "",
}


class Absent(Exception):
    """A peer cannot be measured here; the text says why and how to get it."""


@contextmanager
def postgres(place: Path | None = None) -> Iterator[Path]:
    """Run an empty PostgreSQL under `place`; give the folder of its socket. Raises Absent."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    if not programs:
        raise Absent("PostgreSQL's server was not found; on Debian it is in the package postgresql.")
    with _folder("postgres", place) as folder:
        account = _account_for(folder)
        initdb = [programs[-1] / "initdb", f"--pgdata={folder / 'data'}", "--username=caravan", "--auth=trust"]
        _as(account, [*initdb, "--encoding=UTF8", "--locale=C", "--no-sync"], folder).wait(_STARTS_WITHIN_S)
        settings = POSTGRES_SETTINGS | {"listen_addresses": "", "unix_socket_directories": str(folder)}
        command = [programs[-1] / "postgres", "-D", folder / "data", *_options(settings)]
        ready = [programs[-1] / "pg_isready", "--quiet", f"--host={folder}", "--username=caravan", "--dbname=postgres"]
        with _running(_as(account, command, folder), lambda: _succeeds(ready), folder, stop=signal.SIGINT):
            yield folder


@contextmanager
def redis(place: Path | None = None) -> Iterator[Path]:
    """Run an empty Redis under `place`; give its socket. Raises Absent."""
    program = shutil.which("redis-server")
    if program is None:
        raise Absent("Redis was not found; on Debian it is in the package redis-server.")
    with _folder("redis", place) as folder:
        address = folder / "redis.sock"
        settings = REDIS_SETTINGS | {"port": "0", "unixsocket": str(address), "dir": str(folder)}
        command = [program, *(part for name, value in settings.items() for part in (f"--{name}", value))]
        with _running(_as(None, command, folder), address.exists, folder, stop=signal.SIGTERM):
            yield address


@contextmanager
def _folder(name: str, place: Path | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"caravan-{name}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(
    process: "subprocess.Popen[bytes]", is_ready: Callable[[], bool], folder: Path, *, stop: signal.Signals
) -> Iterator[None]:
    """Wait until a server answers; stop it at the end, whatever happened."""
    try:
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                said = (folder / "server.log").read_text(encoding="utf-8", errors="replace")[-500:]
                raise Absent(f"The server did not start: {said}")
            time.sleep(_LOOK_S)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _as(account: pwd.struct_passwd | None, command: Sequence[object], folder: Path) -> "subprocess.Popen[bytes]":
    """Start a program in a folder, as another account where one is given; what it says goes into server.log."""
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            [str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            user=account and account.pw_uid, group=account and account.pw_gid,
            extra_groups=None if account is None else [],
        )  # fmt: skip


def _account_for(folder: Path) -> pwd.struct_passwd | None:
    """Choose the account of a server that refuses to run as root, and give it the folder; None keeps our own."""
    if os.geteuid() != 0:
        return None
    names = {account.pw_name: account for account in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    os.chown(folder, account.pw_uid, account.pw_gid)
    return account


def _options(settings: Mapping[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _succeeds(command: Sequence[object]) -> bool:
    return subprocess.run([str(part) for part in command], check=False, stdout=subprocess.DEVNULL).returncode == 0
