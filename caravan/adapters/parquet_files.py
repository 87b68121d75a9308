"""Facts in Parquet, by kind and month, for any tool that reads it: written as they are sealed, and merged as they get many."""

import ctypes
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from caravan.adapters.duckdb_numbers import Cursor
from caravan.adapters.whole_files import put_in_place, sync, write_whole
from caravan.cell import Log, Section, schema
from caravan.kernel.event import Event

_logger = logging.getLogger("caravan")

FACTS_PER_FILE_MAX = 2_000_000
MERGED_FACTS_MAX = 1_000_000
FILES_TO_MERGE_MIN = 4  # So that what has just been merged is not merged again by every sealing.
ROWS_PER_GROUP = 100_000
_CURSOR = "sealed.json"
_AT_FDCWD, _EXCHANGE = -100, 2  # Of Linux's renameat2.
LeftOut = Callable[[type[Event]], frozenset[str] | None]
Progress = Callable[[str, int, int], None]


class FactFiles:
    """Files `kind=…/month=…/<first fact>-<last fact>.parquet`, with the day (in UTC) as a column, and how far they go.

    A reader finds every fact once at any moment: a month is merged beside its folder, and the two folders change places in one
    step. Where a file system can't do that, nothing is merged.
    """

    def __init__(self, folder: Path, left_out: LeftOut) -> None:
        self._folder, self._left_out = folder, left_out
        self._aside = folder.with_name("merging")
        self._waiting: dict[type[Event], list[pa.Table]] = {}
        self.waiting, self.written = 0, 0
        self.cursor = Cursor()

    def begin(self, log: Log) -> None:
        """Find how far the files go; take away what a stop has left behind that, or all of it where it is not ours to go on from."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(self._aside, ignore_errors=True)
        with suppress(OSError, msgspec.DecodeError):
            self.cursor = msgspec.json.decode((self._folder / _CURSOR).read_bytes(), type=Cursor)
        by_day = list(self._folder.glob("kind=*/day=*"))  # As versions before this one laid them down.
        if by_day or not self.cursor.is_in(log):
            self.cursor = Cursor()
        for path in by_day:
            shutil.rmtree(path)
        for path in self._folder.glob("kind=*/month=*/*"):
            first = path.name.partition("-")[0]
            if not first.isdecimal() or int(first) > self.cursor.last_fact:
                path.unlink()

    def take(self, bundle: Sequence[tuple[Section, int]]) -> None:
        """Remember facts that are not in files yet."""
        for part, first in bundle:
            left_out = self._left_out(part.kind)
            if first <= self.cursor.last_fact or left_out is None:
                continue
            names = [name for name in schema(part.kind).names if name not in left_out]
            columns = {name: part.batch.column(name) for name in names}
            positions = np.arange(first, first + part.batch.num_rows)
            self._waiting.setdefault(part.kind, []).append(pa.table({"fact": positions, **columns}))
            self.waiting += part.batch.num_rows

    def write(self, until: Cursor) -> None:
        """Write what waits, and then that it is written."""
        for kind, tables in self._waiting.items():
            self._write_kind(str(kind.__struct_config__.tag), pa.concat_tables(tables))
        self._waiting, self.waiting = {}, 0
        if until.sequence > self.cursor.sequence:
            self.cursor = until
            write_whole(self._folder / _CURSOR, msgspec.json.encode(until))

    def _write_kind(self, kind: str, table: pa.Table) -> None:
        times = table.column("at").cast(pa.timestamp("us", "UTC"))
        table = table.set_column(table.column_names.index("at"), "at", times)
        table = table.append_column("day", times.cast(pa.date32()))
        months = pc.strftime(times, format="%Y-%m").combine_chunks()
        for month in pc.unique(months).to_pylist():
            part = table.filter(pc.equal(months, month))
            folder = self._folder / f"kind={kind}" / f"month={month}"
            if not folder.is_dir():
                folder.mkdir(parents=True)
                sync(folder.parent)
                sync(self._folder)
            draft = folder / "draft"
            _write(part, draft)
            put_in_place(draft, folder / _name(part))
            self.written += 1

    def merge(self, kinds: dict[str, type[Event]], progress: Progress = lambda _step, _done, _all: None) -> int:
        """Merge the files of each month that has many; give how many files are there less."""
        plans = [
            one for folder in sorted(self._folder.glob("kind=*/month=*")) if (one := _plan(folder, kinds)) is not None
        ]
        before = self.count()
        for place, plan in enumerate(plans):
            try:
                self._merge_month(plan)
            except OSError as error:
                _logger.warning("The files of facts can't be merged here, and stay as they are: %s", error)
                break
            progress("files", place + 1, len(plans))
        shutil.rmtree(self._aside, ignore_errors=True)
        return before - self.count()

    def count(self) -> int:
        """Count the files."""
        return sum(1 for _ in self._folder.glob("kind=*/month=*/*.parquet"))

    def _merge_month(self, plan: "_Plan") -> None:
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir(mode=0o700)
        for path in plan.kept:
            os.link(path, self._aside / path.name)
        left_out = self._left_out(plan.kind)
        for group in plan.groups:
            table = pa.concat_tables([pq.ParquetFile(path).read() for path in group])
            # What was left out since these were written goes now, too.
            gone = [name for name in table.column_names if left_out is None or name in left_out]
            path = self._aside / _name(table)
            _write(table.drop_columns(gone), path)
            sync(path)
        sync(self._aside)
        _exchange(self._aside, plan.folder)
        sync(plan.folder.parent)


class _Plan(NamedTuple):
    """What is to be merged in a month: groups of files, each to be one; what is kept as it is."""

    folder: Path
    kind: type[Event]
    groups: list[list[Path]]
    kept: list[Path]


def _plan(folder: Path, kinds: dict[str, type[Event]]) -> _Plan | None:
    kind = kinds.get(folder.parent.name.removeprefix("kind="))
    files = sorted(folder.glob("*.parquet"), key=lambda path: int(path.name.partition("-")[0]))
    if kind is None or len(files) < FILES_TO_MERGE_MIN:
        return None
    groups = [group for group in _groups(files) if len(group) > 1]
    merged = {path for group in groups for path in group}
    return _Plan(folder, kind, groups, [path for path in files if path not in merged]) if groups else None


def _groups(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Put neighbors together, up to as many facts as one file may have."""
    group: list[Path] = []
    rows = 0
    for path in files:
        own = pq.read_metadata(path).num_rows
        if group and rows + own > MERGED_FACTS_MAX:
            yield group
            group, rows = [], 0
        group.append(path)
        rows += own
    yield group


def _name(table: pa.Table) -> str:
    edges = pc.min_max(table.column("fact")).as_py()
    return f"{edges['min']}-{edges['max']}.parquet"


def _write(table: pa.Table, path: Path) -> None:
    """Write a file, by day, so that a reader who wants some days passes the others over."""
    ordered = table.sort_by([("day", "ascending"), ("fact", "ascending")])
    pq.write_table(ordered, path, compression="zstd", row_group_size=ROWS_PER_GROUP)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change places in one step; raises OSError where that can't be done."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise OSError("this system can't exchange two folders in one step")
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
