"""What numbers need from outside: a store that keeps tables behind the log, and answers plans out of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from caravan.cell import Section
from caravan.insight.metrics.asking import Cut, Kept, Plan, Question, Reading, RollUp, Viewer, Wanted
from caravan.insight.metrics.definitions import Aggregate, Definitions, Formula, Named, Number, Operation
from caravan.insight.metrics.rollups import aggregates_of, choose_rollups, columns_asked
from caravan.kernel.errors import Refusal

__all__ = [
    "Aggregate", "Book", "Cut", "Definitions", "Formula", "Insert", "Kept", "Named", "Number", "Operation", "Plan", "Question", "Read", "Reading",
    "RollUp", "Step", "Store", "TooCostly", "View", "Viewer", "Wanted", "Writer", "aggregates_of", "choose_rollups", "columns_asked",
]  # fmt: skip


class Insert(NamedTuple):
    """Rows for a table: its columns behind fact, time and day, and where they come from (`s` is what was staged)."""

    table: str
    columns: str
    source: str

    @property
    def query(self) -> str:
        """Give the whole query."""
        columns = ", ".join(part for part in ("s.fact, s.happened_at, s.day", self.columns) if part)
        return f"SELECT {columns} {self.source}"


class Step(NamedTuple):
    """How facts of one kind become rows: staged as tables, and inserted by a query for each table that they go into."""

    kind: str
    stage: Callable[[Section, np.ndarray], Mapping[str, pa.Table]]
    inserts: Sequence[Insert]


class View(NamedTuple):
    """A query over the tables that is asked like one of them."""

    query: str
    columns: pa.Schema


class Book(NamedTuple):
    """The tables that numbers are asked of, the views over them, and the steps that fill them, in order of dependence.

    Change `version` when any of it changes: the tables are then built again.
    """

    version: int
    tables: Mapping[str, pa.Schema]
    views: Mapping[str, View]
    steps: Sequence[Step]


class TooCostly(Refusal):
    """This question takes more time or memory than one question may: ask for less, or for a shorter range."""


class Read(NamedTuple):
    """An answer that comes in batches, all as of one position."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    position: int


class Store(Protocol):
    """Keeps the tables of a book behind a log: what was sealed, and what has happened since."""

    @property
    def position(self) -> int:
        """Give the position of the log that the tables show."""
        ...

    def catch_up(self, until: int) -> None:
        """Show at least everything up to a position."""
        ...

    def changed(self, table: str) -> int:
        """Give the position at which a table changed last, 0 where that was before this store was opened."""
        ...

    def rollups(self, fingerprint: str) -> Sequence[RollUp]:
        """Give the roll-ups that were made by these definitions."""
        ...

    def run(self, query: str, *, timeout_s: float) -> tuple[pa.Table, int]:
        """Answer one query; give the position that it shows. Refuses as TooCostly what takes too long or too much."""
        ...

    def reading(self, query: str, *, rows_each: int, timeout_s: float) -> AbstractContextManager["Read"]:
        """Answer one query in batches of rows as they are asked for, of which no more is held. Refuses as TooCostly, late, too."""
        ...

    def close(self) -> None:
        """Let go of the tables."""
        ...


class Writer(Protocol):
    """Writes plans as queries of a store."""

    def sql(self, plan: Plan, *, dialect: str = "duckdb") -> str:
        """Write a plan as one query."""
        ...
