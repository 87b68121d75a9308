"""A home as it lies on the disk: its log, its snapshots, its lock, and the state that they tell, also while Caravan runs in it."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caravan.adapters.postgres import PostgresLog
from caravan.adapters.sqlite import SqliteLog
from caravan.bootstrap.kinds import KINDS
from caravan.cell import Answers, Log, Snapshots, replay
from caravan.config import Settings
from caravan.flows.house import House
from caravan.kernel.clock import Clock, SystemClock
from caravan.kernel.errors import CaravanError, Conflict, Invalid

SHAPE = "18"  # Change it when a model's dump changes: snapshots of another shape are passed over.


def open_log(settings: Settings, *, is_reader: bool = False) -> Log:
    """Open the log that the settings name, in PostgreSQL or in the home; a reader cannot take it over or change it."""
    if settings.log_url.startswith(("postgresql://", "postgres://")):
        return PostgresLog(settings.log_url, is_reader=is_reader)
    if settings.log_url:
        scheme = settings.log_url.partition(":")[0][:20]
        raise Invalid(f"A log_url begins with postgresql://, not with {scheme!r}.", field="log_url")
    return SqliteLog(settings.home / "log.db", is_reader=is_reader)


def snapshots_of(settings: Settings) -> Snapshots:
    """Give the folder of snapshots of a home."""
    return Snapshots(settings.home / "snapshots", shape=SHAPE)


def read_house(settings: Settings) -> House:
    """Read a home's state from its log as it stands, also while Caravan runs in it; nothing is taken over or written."""
    house = House()
    log = open_log(settings)
    try:
        replay(log=log, models=[*house.models(), Answers()], kinds=KINDS, snapshots=snapshots_of(settings))
    finally:
        log.close()
    return house


@contextmanager
def home_lock(settings: Settings, *, is_scratch: bool = False) -> Iterator[None]:
    """Have a home to oneself; refuses one in which Caravan is running. A scratch copy needs no lock."""
    if is_scratch:
        yield
        return
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    busy = HomeBusy(f"Caravan is running in {settings.home}. Stop it first, or name another --home.")
    with locked(settings.home / "lock", busy):
        yield


@contextmanager
def locked(path: Path, refusal: Conflict) -> Iterator[None]:
    """Have a file's lock, or raise the refusal."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise refusal from None
        yield


class LogCutShort(CaravanError):
    """The log ends sooner than it was seen to end; SQLite takes a damaged page for the end of its write-ahead log."""


class HomeBusy(Conflict):
    """Another process works in this home."""


class Still:
    """A home that was read as it stands, also while Caravan runs in it; it can be asked as a cell can."""

    def __init__(self, settings: Settings) -> None:
        self.house = House()
        self.clock: Clock = SystemClock()
        log = open_log(settings, is_reader=True)
        try:
            models = [*self.house.models(), Answers()]
            head = replay(log=log, models=models, kinds=KINDS, snapshots=snapshots_of(settings))
        finally:
            log.close()
        self.position = head.sequence if head is not None else 0

    def ask(self, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Answer a question."""
        return query(self.house, *arguments)
