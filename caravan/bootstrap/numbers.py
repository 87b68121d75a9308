"""What wires numbers: who answers beside a running Caravan or without one, and who seals them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pyarrow as pa

from caravan.adapters.duckdb_numbers import DuckdbNumbers, read_manifest
from caravan.adapters.ibis_sql import SqlWriter, types_of
from caravan.adapters.numbers_sealing import Sealed, Sealer, Told
from caravan.adapters.snapshotter import Snapshotter
from caravan.adapters.whole_files import write_whole
from caravan.bootstrap.home import locked, open_log, snapshots_of
from caravan.bootstrap.kinds import KINDS
from caravan.cell import Answers, Log, replay
from caravan.config import Settings
from caravan.flows import numbers as counting
from caravan.flows import soundness
from caravan.flows.happenings import BOOK, left_out
from caravan.flows.house import House
from caravan.insight import metrics
from caravan.kernel.clock import SystemClock
from caravan.kernel.errors import Conflict, Invalid

_TABLE_S = 3_600


def numbers_of(settings: Settings, log: Log, position: Callable[[], int]) -> counting.Numbers:
    """Give whoever answers for numbers over a log; nothing is opened before somebody asks."""

    def make_store(found: metrics.Definitions, writer: metrics.Writer) -> DuckdbNumbers:
        assert isinstance(writer, SqlWriter), writer
        return DuckdbNumbers(
            settings.home / "numbers", log=log, kinds=KINDS, book=BOOK, zone=found.time_zone,
            summed=lambda one: writer.summed(metrics.summing(found, one)),
        )  # fmt: skip

    return counting.Numbers(settings.home / "numbers", make_store=make_store, make_writer=sql_writer, position=position)


@cache
def sql_writer() -> SqlWriter:
    """Give what writes questions as SQL over the tables of numbers; what it has written once, it need not write again."""
    types = {name: types_of(columns) for name, columns in BOOK.tables.items()}
    return SqlWriter(types | {name: types_of(view.columns) for name, view in BOOK.views.items()})


@contextmanager
def numbers_beside(settings: Settings) -> Iterator[counting.Numbers]:
    """Answer for the numbers of a home from its log as it stands, also while Caravan runs in it."""
    log = open_log(settings, is_reader=True)
    try:
        head = log.head()
        last = head.sequence if head else 0
        numbers = numbers_of(settings, log, lambda: last)
        try:
            yield numbers
        finally:
            numbers.close()
    finally:
        log.close()


def check_numbers(settings: Settings) -> list[soundness.Finding]:
    """Check the numbers of a home against themselves and the ledger, also while Caravan runs in it."""
    with numbers_beside(settings) as numbers:
        store, position = numbers.store, numbers.position
        store.catch_up(position)
        log = open_log(settings, is_reader=True)
        try:
            house = House()
            reached = replay(
                log=log, models=[*house.models(), Answers()], kinds=KINDS, snapshots=snapshots_of(settings)
            )
        finally:
            log.close()
        told = soundness.books(house, reached.first_fact + reached.facts - 1 if reached else 0)
        store.catch_up(reached.sequence if reached else 0)
        return soundness.look(numbers.definitions, store, told, durable=position, now=SystemClock().now())


def read_numbers(settings: Settings, text: str, *, rows_max: int, timeout_s: float) -> tuple[pa.Table, int]:
    """Answer one query in SQL over the tables of numbers, read-only; for whoever may read the home."""
    with numbers_beside(settings) as numbers:
        store = numbers.store
        assert isinstance(store, DuckdbNumbers), store
        store.catch_up(numbers.position)
        return store.read(text, rows_max=rows_max, timeout_s=timeout_s)


def all_numbers(settings: Settings) -> Iterator[tuple[str, pa.Table]]:
    """Give every table of numbers with its rows, one after another."""
    with numbers_beside(settings) as numbers:
        store = numbers.store
        store.catch_up(numbers.position)
        for name in tables_of_numbers():
            yield name, store.run(f"SELECT * FROM {name}", timeout_s=_TABLE_S)[0]  # noqa: S608 - A table of the book.


def tables_of_numbers() -> dict[str, dict[str, str]]:
    """Give the tables of numbers, with their columns and types."""
    shown = dict(BOOK.tables) | {name: view.columns for name, view in BOOK.views.items()}
    return {name: {column.name: str(column.type) for column in columns} for name, columns in shown.items()}


def define_numbers(settings: Settings, name: str, text: str, *, keeps: bool) -> list[str]:
    """Check a file of definitions together with all others, and keep it in the home; give the metrics that it defines."""
    folder = settings.home / "numbers" / "definitions"
    if not name.endswith(".yaml") or name != Path(name).name or name.startswith("."):
        raise Invalid("A file of definitions ends in .yaml.", field="file")
    found = counting.check_definitions(folder, name, text)
    if keeps:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(folder / name, text.encode())
    return [metric.name for metric in found.metrics.values() if metric.file == name]


def sealer_of(settings: Settings) -> list[Snapshotter]:
    """Give what runs `caravan numbers seal` for a running Caravan, unless the settings say never."""
    if not settings.numbers_facts:
        return []
    manifest = read_manifest(settings.home / "numbers")
    return [
        Snapshotter(
            [sys.executable, "-P", "-m", "caravan.cli", "numbers", "seal", "--json"],
            {"CARAVAN_HOME": str(settings.home.absolute()), "CARAVAN_LOG_URL": settings.log_url},
            every_facts=settings.numbers_facts, kept=manifest.cursor.last_fact if manifest is not None else 0,
            complaint=("The numbers were not sealed", "more of them are read from the log"),
        )
    ]  # fmt: skip


class SealingRunning(Conflict):
    """Another process is sealing the numbers of this home."""


def seal_numbers(settings: Settings, progress: Callable[[str, int, int], None]) -> Sealed:
    """Write all facts to Parquet, and the tables of numbers with their roll-ups; beside a running Caravan or not."""
    folder = settings.home / "numbers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(folder / "seal.lock", SealingRunning(f"The numbers of {settings.home} are being sealed.")):
        log = open_log(settings, is_reader=True)
        try:
            return seal_log(folder, log, progress)
        finally:
            log.close()


def seal_log(
    folder: Path, log: Log, progress: Callable[[str, int, int], None] = lambda _step, _done, _all: None
) -> Sealed:
    """Seal a log into a folder, by the definitions that are kept there."""
    found, writer = counting.read_definitions(folder / "definitions"), sql_writer()
    told = Told(
        KINDS, BOOK, found, counting.asked_columns(found, folder),
        summed=lambda one: writer.summed(metrics.summing(found, one)), left_out=left_out,
    )  # fmt: skip
    return Sealer(folder, log, told).seal(progress)
