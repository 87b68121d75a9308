"""What the terminal does to a home: verify, back up, restore, snapshot, rebuild, keep views for another process."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import IO

from caravan.adapters import archive
from caravan.adapters.duckdb_numbers import MANIFEST
from caravan.adapters.follower import follow
from caravan.adapters.sqlite_views import SqliteViewStore
from caravan.bootstrap.home import locked, open_log, snapshots_of
from caravan.bootstrap.kinds import KINDS
from caravan.bootstrap.running import opened
from caravan.cell import Answers, Audit, Model, Projector, audit, replay
from caravan.cell import parts_of as state_of
from caravan.config import Settings
from caravan.flows import invariants
from caravan.flows.house import House
from caravan.flows.views import all_views
from caravan.kernel.errors import Conflict, Invalid

_SEARCH_REBUILT_S = 3_600


def keep_views(settings: Settings, asks: Iterable[bytes], tells: IO[bytes]) -> None:
    """Keep a home's views for a Caravan that runs in it, until it asks no more."""
    log = open_log(settings, is_reader=True)
    store = SqliteViewStore(settings.home / "views.db")
    try:
        follow(Projector(log=log, kinds=KINDS, views=all_views(), store=store), asks, tells)
    finally:
        store.close()
        log.close()


class SnapshotRunning(Conflict):
    """Another process is writing a snapshot of this home."""


def snapshot(settings: Settings, progress: Callable[[int, int], None]) -> dict[str, object]:
    """Fold the log up to its head and write down what that gives, for a quick start; beside a running Caravan or not.

    It reads the log and never takes it over, so nobody waits for it. It needs as much memory as Caravan itself.
    """
    began = time.monotonic()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(settings.home / "snapshot.lock", SnapshotRunning(f"A snapshot of {settings.home} is being written.")):
        log = open_log(settings, is_reader=True)
        try:
            models, snapshots = [*House().models(), Answers()], snapshots_of(settings)
            head = replay(log=log, models=models, kinds=KINDS, snapshots=snapshots, progress=progress)
        finally:
            log.close()
        if head is None:
            raise Invalid("This log is empty: there is nothing to write down yet.")
        size = snapshots.save(head, state_of(models))
    return {
        "position": head.sequence, "facts": head.first_fact + head.facts - 1, "bytes": size,
        "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip


def rebuild(settings: Settings, report: Callable[[int, int], None]) -> int:
    """Throw the views away and fold them again from the log; give the position that they then show."""
    log = open_log(settings)
    store = SqliteViewStore(settings.home / "views.db")
    store.begin(all_views())
    store.drop()
    projector = Projector(log=log, kinds=KINDS, views=all_views(), store=store)
    head = log.head()
    last = head.sequence if head else 0
    while projector.position < last:
        projector.fold_some()
        report(projector.position, last)
    store.close()
    log.close()
    shutil.rmtree(settings.home / "search", ignore_errors=True)
    (settings.home / "numbers" / MANIFEST).unlink(missing_ok=True)
    with opened(settings, is_scratch=False) as caravan:
        caravan.finder.wait_for(caravan.cell.position, timeout_s=_SEARCH_REBUILT_S)
    return projector.position


def verify(settings: Settings, progress: Callable[[int, int], None]) -> Audit:
    """Read the whole log again and hold everything against it."""

    def make_models() -> Sequence[Model]:
        return [*House().models(), Answers()]

    log = open_log(settings)
    try:
        return audit(
            log=log, kinds=KINDS, make_models=make_models, snapshots=snapshots_of(settings),
            invariants=_findings, progress=progress,
        )  # fmt: skip
    finally:
        log.close()


def _findings(models: Sequence[Model]) -> Iterator[str]:
    by_name = {model.name: model for model in models}
    names = [column.name for column in fields(House)]
    return invariants.findings(House(**{name: by_name[name] for name in names}))  # type: ignore[arg-type]


def back_up(settings: Settings, target: Path, progress: Callable[[int, int], None]) -> dict[str, object]:
    """Copy a home into one file, while it runs or not. A log in PostgreSQL is backed up with PostgreSQL's own tools."""
    if settings.log_url:
        raise Invalid("This log is in PostgreSQL: back it up with pg_dump, and the home's vault.db beside it.")
    return archive.back_up(settings.home, target, progress)


def restore(settings: Settings, source: Path) -> dict[str, object]:
    """Put a backup into an empty home."""
    return archive.restore(source, settings.home)
