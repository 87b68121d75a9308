"""Learning's long steps on Ray: pieces go to its workers through a process of their own, which may die with the cluster."""

import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import pickle  # Between processes of one program, over a pipe that nobody else holds.
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self, TypeVar

import xxhash

from caravan.insight.discovery.ports import still
from caravan.kernel.errors import Invalid, Outage

LOOK_S_MAX = 10.0  # Until whoever is at a cluster's address says that it is there.
START_S_MAX = 180.0  # Until Ray has started, or a cluster was found.
PIECE_S_MAX = 900.0  # Until the next piece is done: it waits for a free processor, too.
_GRACE_S = 60.0  # That process waits first, and says more of it.
_STOP_S = 30.0
_LOOK_AGAIN_S = 0.02
_WORDS_MAX = 300
_CODE = ("llvmlite", "numba", "numpy", "scipy")  # What else decides what comes of a piece.
_DRIVER = "from caravan.adapters.ray_driver import main; main()"
_ADDRESS = re.compile(r"[\w.-]+:\d+")
# Ray listens on every interface of a Linux machine unless it takes it for one that has no clusters.
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}

_Shared = TypeVar("_Shared")
_Piece = TypeVar("_Piece")
_Found = TypeVar("_Found")


class OtherCode(Exception):
    """A worker runs other code than the one who asks, and might come to something else."""


class RayWorkers:
    """Workers of a Ray of its own on this machine, or of a cluster that this machine is part of, while it is entered.

    A Ray of its own listens on the loopback only, takes calls with a token that is drawn anew each time, keeps its files
    where no other account may look, shows no dashboard and reports nothing to anybody.
    """

    def __init__(self, *, address: str = "", workers: int = 2, memory_mb: int = 1024) -> None:
        """Name a cluster, as host:port or "auto"; without one, say how many workers to start, and what they may share.

        Refuses what names no cluster, and says when nobody answers there, before anything else is done.
        """
        if address and address != "auto" and not _ADDRESS.fullmatch(address):
            raise Invalid(
                "A Ray cluster is named as host:port, or auto, on a machine of the cluster.", field="ray_address"
            )
        if importlib.util.find_spec("ray") is None:
            raise Outage("Training on Ray needs Ray: install Caravan with its extra, caravan[ray].")
        self._options = {"address": address, "workers": workers, "memory_bytes": memory_mb * 2**20}
        self._hint = f"Look at the cluster at {address}" if address else "Look how much memory is free"
        self._is_busy = False
        self._look_for_cluster()

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="caravan-ray-", ignore_cleanup_errors=True)
        self._words = Path(self._folder.name) / "words"
        here, there = socket.socketpair()
        with there, self._words.open("wb") as words:
            self._process = subprocess.Popen(  # noqa: S603  # Our own interpreter and our own words.
                [sys.executable, "-P", "-c", _DRIVER, str(there.fileno())], cwd=self._folder.name, env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words, pass_fds=[there.fileno()],
                start_new_session=True,
            )  # fmt: skip
        self._pipe = Connection(here.detach())
        try:
            self._send({**self._options, "folder": self._folder.name})
            self._told(START_S_MAX)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        _end(self._process.pid, within_s=_STOP_S)
        self._process.wait()
        self._folder.cleanup()

    def each(
        self, work: Callable[[_Shared, _Piece], _Found], shared: _Shared, pieces: Sequence[_Piece]
    ) -> Iterator[_Found]:
        """Give what comes of each piece, in their order; the workers begin at once."""
        assert not self._is_busy
        self._is_busy = True
        self._send((work, mark(work.__module__), shared, list(pieces)))
        return self._taken(len(pieces))

    def _taken(self, count: int) -> Iterator[Any]:
        for _ in range(count):
            yield self._told(PIECE_S_MAX + _GRACE_S)
        self._is_busy = False

    def _look_for_cluster(self) -> None:
        """Say at once that nobody is there, which Ray takes minutes to find out."""
        host, _, port = str(self._options["address"]).partition(":")
        try:
            if port:
                socket.create_connection((host, int(port)), LOOK_S_MAX).close()
        except OSError as error:
            raise Outage(f"There is no Ray cluster ({error}). {self._next()}") from error

    def _environment(self) -> dict[str, str]:
        theirs = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        if self._options["address"]:
            return theirs  # A cluster has its own token, and its own ways.
        kept = {name: value for name, value in theirs.items() if not name.startswith("RAY_AUTH_")}
        return kept | _LOOPBACK | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}

    def _send(self, message: object) -> None:
        try:
            send(self._pipe, message)
        except OSError as error:
            raise self._gone() from error

    def _told(self, wait_s: float) -> Any:  # noqa: ANN401
        """Take the next word of the process that speaks with Ray: a result, or why there is none."""
        try:
            if not self._pipe.poll(wait_s):
                raise Outage(f"Ray did not answer for {wait_s / 60:.0f} minutes. {self._next()}")
            kind, told = receive(self._pipe)
        except (OSError, EOFError) as error:
            raise self._gone() from error
        if kind == "gone":
            raise Outage(f"{told}. {self._next()}")
        if kind == "broken":
            raise RuntimeError(told)
        return told

    def _gone(self) -> Outage:
        lines = self._words.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = f" ({lines[-1][-_WORDS_MAX:].strip()})" if lines else ""
        return Outage(f"Ray is gone{said}. {self._next()}")

    def _next(self) -> str:
        return (
            f"{self._hint}, then run the command again: it goes on from the last long step, with or without --on ray."
        )


def _end(session: int, *, within_s: float) -> None:
    """Wait for whoever leads a session to end, then end whatever it has left behind, in whichever groups."""
    until = time.monotonic() + within_s
    # Its number stays its own until it is waited for.
    while os.waitid(os.P_PID, session, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None and time.monotonic() < until:
        time.sleep(_LOOK_AGAIN_S)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(process.name)) == session:
                os.kill(int(process.name), signal.SIGKILL)


def call(work: Callable[[_Shared, _Piece], _Found], wanted: str, shared: _Shared, piece: _Piece) -> _Found:
    """Do one piece, as a worker; raises OtherCode where the worker's code is not the asker's."""
    found = mark(work.__module__)
    if found != wanted:
        raise OtherCode(f"A worker on {socket.gethostname()} has other code: {found} instead of {wanted}")
    return work(still(shared), still(piece))


@functools.cache
def mark(module: str) -> str:
    """Sum up the code that a piece runs through: the files beside its module, and what they are compiled by."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    sums = xxhash.xxh3_64()
    for file in sorted(Path(spec.origin).parent.glob("*.py")):
        sums.update(file.read_bytes())
    for name in _CODE:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            sums.update(f"{name} {importlib.metadata.version(name)}".encode())
    return sums.hexdigest()


def send(pipe: Connection, message: object) -> None:
    """Write a message into a pipe, its arrays beside it and not copied."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=arrays.append)
    pipe.send((head, len(arrays)))
    for array in arrays:
        pipe.send_bytes(array.raw())


def receive(pipe: Connection) -> Any:  # noqa: ANN401
    """Read a message out of a pipe. Raises EOFError when the other end is gone."""
    head, count = pipe.recv()
    return pickle.loads(head, buffers=[pipe.recv_bytes() for _ in range(count)])  # noqa: S301  # Our own process wrote it.
