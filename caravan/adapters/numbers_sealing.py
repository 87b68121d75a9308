"""Sealing: facts go from the log to Parquet by kind and day, and into sealed tables with their roll-ups, beside the cell."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from caravan.adapters.duckdb_folding import fold, make_tables, numbered
from caravan.adapters.duckdb_numbers import MANIFEST, Cursor, Manifest, read_manifest
from caravan.adapters.parquet_files import FACTS_PER_FILE_MAX, FactFiles
from caravan.adapters.whole_files import put_in_place, write_whole
from caravan.cell import Log, Section, facts
from caravan.insight.metrics.ports import Book, Definitions, RollUp, choose_rollups
from caravan.kernel.event import Event

FACTS_PER_BUNDLE_MAX = 200_000
_MEMORY = "2GB"
Progress = Callable[[str, int, int], None]


class Sealed(NamedTuple):
    """What a sealing came to: files that were written, and how many less there are by merging."""

    position: int
    facts: int
    files: int
    merged: int
    rollups: int
    seconds: float


class Told(NamedTuple):
    """What is sealed, and how: `left_out` gives the fields of a kind that are not written to Parquet, None for all of it."""

    kinds: Mapping[str, type[Event]]
    book: Book
    definitions: Definitions
    asked: Mapping[str, Mapping[tuple[str, ...], int]]
    summed: Callable[[RollUp], str]
    left_out: Callable[[type[Event]], frozenset[str] | None]
    threads: int = 1


class Sealer:
    """Seals a log into a folder. It can be stopped anywhere and run again: nothing counts before its manifest names it."""

    def __init__(self, folder: Path, log: Log, told: Told) -> None:
        self._folder, self._log = folder, log
        self._kinds, self._book, self._definitions, self._asked, self._summed, left_out, self._threads = told
        self._files = FactFiles(folder / "facts", left_out)

    def seal(self, progress: Progress) -> Sealed:
        """Seal everything that is durable now."""
        began = time.monotonic()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        head = self._log.head()
        last = head.sequence if head else 0
        self._files.begin(self._log)
        draft, cursor = self._draft()
        count = 0
        connection = duckdb.connect(draft, config={"threads": self._threads, "memory_limit": _MEMORY})
        try:
            connection.execute("SET TimeZone = 'UTC'")
            make_tables(connection, self._book)
            for name, view in self._book.views.items():
                connection.execute(f"CREATE OR REPLACE VIEW {name} AS {view.query}")
            for bundle, end in self._bundles(min(cursor, self._files.cursor, key=lambda one: one.sequence), last):
                count += sum(part.batch.num_rows for part, _ in bundle)
                self._fold(connection, bundle, cursor)
                self._files.take(bundle)
                if self._files.waiting >= FACTS_PER_FILE_MAX:
                    self._files.write(end)
                progress("facts", end.sequence, last)
                cursor = end if end.sequence > cursor.sequence else cursor
            self._files.write(cursor)
            rollups = self._roll_up(connection, progress)
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        self._publish(draft, cursor, rollups)
        merged = self._files.merge(dict(self._kinds), progress)
        took = round(time.monotonic() - began, 2)
        return Sealed(cursor.sequence, count, self._files.written, merged, len(rollups), took)

    def _draft(self) -> tuple[Path, Cursor]:
        """Begin with a copy of the last sealed tables, or with nothing where they are not ours to go on from."""
        draft = self._folder / "draft.duckdb"
        for stale in self._folder.glob("draft.duckdb*"):
            stale.unlink()
        manifest = read_manifest(self._folder)
        if manifest is None or (manifest.version, manifest.zone) != (self._book.version, self._definitions.time_zone):
            return draft, Cursor()
        if not (self._folder / manifest.file).exists() or not manifest.cursor.is_in(self._log):
            return draft, Cursor()
        shutil.copyfile(self._folder / manifest.file, draft)
        return draft, manifest.cursor

    def _bundles(self, after: Cursor, last: int) -> Iterator[tuple[list[tuple[Section, int]], Cursor]]:
        bundle: list[tuple[Section, int]] = []
        count, frame = 0, None
        for frame, sections in facts(self._log, self._kinds, after=after.frame, until=last):
            bundle += numbered(sections, frame.first_fact)
            count += frame.facts
            if count >= FACTS_PER_BUNDLE_MAX:
                yield bundle, Cursor.of(frame)
                bundle, count = [], 0
        if bundle and frame is not None:
            yield bundle, Cursor.of(frame)

    def _fold(
        self, connection: duckdb.DuckDBPyConnection, bundle: Sequence[tuple[Section, int]], known: Cursor
    ) -> None:
        new = [(part, first) for part, first in bundle if first > known.last_fact]
        if new:
            connection.execute("BEGIN")
            fold(connection, self._book, new, zone=self._definitions.time_zone)
            connection.execute("COMMIT")

    def _roll_up(self, connection: duckdb.DuckDBPyConnection, progress: Progress) -> tuple[RollUp, ...]:
        """Make the roll-ups anew: what was asked may have changed, and so may what they sum up."""
        names = connection.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        for (name,) in names:
            if name not in self._book.tables:
                connection.execute(f"DROP TABLE {name}")
        made: list[RollUp] = []
        for place, (dataset, asked) in enumerate(sorted(self._asked.items())):
            source = self._definitions.datasets[dataset].source
            if source not in self._book.tables:
                continue
            rows = int(connection.sql(f"SELECT count(*) FROM {source}").fetchall()[0][0])  # noqa: S608 - A table of the book.
            chosen = choose_rollups(self._definitions, dataset, asked, rows, partial(_distinct, connection, source))
            for one in chosen:
                connection.execute(f"CREATE TABLE {one.name} AS {self._summed(one)}")
                made.append(one)
            progress("roll-ups", place + 1, len(self._asked))
        return tuple(made)

    def _publish(self, draft: Path, cursor: Cursor, rollups: tuple[RollUp, ...]) -> None:
        """Name the new tables in the manifest, and take the ones before the last away."""
        before = read_manifest(self._folder)
        number = 1 + max(
            (int(path.stem.rpartition("-")[2]) for path in self._folder.glob("tables-*.duckdb")), default=0
        )
        file = f"tables-{number}.duckdb"
        put_in_place(draft, self._folder / file)
        told = Manifest(
            file, cursor, self._book.version, self._definitions.time_zone, self._definitions.fingerprint, rollups,
            time.time_ns() // 1000,
        )  # fmt: skip
        write_whole(self._folder / MANIFEST, msgspec.json.encode(told))
        kept = {file, before.file if before else ""}  # Somebody may be opening the one before at this moment.
        for path in self._folder.glob("tables-*.duckdb"):
            if path.name not in kept:
                path.unlink()


def _distinct(connection: duckdb.DuckDBPyConnection, source: str, columns: tuple[str, ...]) -> int:
    told = ", ".join(("day", *columns))
    return int(connection.sql(f"SELECT approx_count_distinct(hash({told})) FROM {source}").fetchall()[0][0])  # noqa: S608
