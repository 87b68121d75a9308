"""Numbers: questions are answered from sealed tables and what has happened since, and kept until something in them changes."""

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa

from caravan.flows.happenings import BOOK
from caravan.insight import metrics
from caravan.insight.metrics import Definitions, Plan, Question, Store, Viewer, Writer, WrongDefinitions
from caravan.kernel.errors import Outage

_logger = logging.getLogger("caravan")

ANSWERS_KEPT_MAX = 500
QUESTIONS_REMEMBERED_MAX = 1_000
DEFINITION_FILES_MAX = 100
SECONDS_PER_QUESTION_MAX = 10.0
QUESTIONS_AT_ONCE_MAX = 2  # The cell, and whoever buys, go first.
SECONDS_PER_EXPORT_MAX = 1_800.0
ROWS_PER_PIECE = 50_000
_SHIPPED = "(shipped) marketplace.yaml"
_LOOK_S = 1.0
_REMEMBER_S = 60.0


class Answer(NamedTuple):
    """What was asked for: a table, what its columns are, what it was read from, and up to where."""

    table: pa.Table
    plan: Plan
    position: int
    has_more: bool
    is_kept: bool
    seconds: float

    @property
    def read_from(self) -> list[str]:
        """Give the tables and roll-ups that were read."""
        return [reading.source for reading in self.plan.readings]


class Reading(NamedTuple):
    """An answer that comes in pieces: tables of one schema, in order, with one row more than was asked for if there are more."""

    schema: pa.Schema
    pieces: Iterator[pa.Table]
    plan: Plan
    position: int


def tables() -> dict[str, list[str]]:
    """Give the tables that datasets may stand on, with their columns."""
    found = {name: columns.names for name, columns in BOOK.tables.items()}
    return found | {name: view.columns.names for name, view in BOOK.views.items()}


def read_definitions(folder: Path | None) -> Definitions:
    """Read the shipped definitions and those of a folder. Raises WrongDefinitions."""
    told = {_SHIPPED: metrics.shipped()} | _files(folder)
    return metrics.define([metrics.read_yaml(text, name) for name, text in told.items()], tables())


def check_definitions(folder: Path, name: str, text: str) -> Definitions:
    """Read a file as it would be in a folder, in the place of one of its name. Raises WrongDefinitions."""
    told = {_SHIPPED: metrics.shipped()} | _files(folder) | {name: text}
    return metrics.define([metrics.read_yaml(text, name) for name, text in told.items()], tables())


def _files(folder: Path | None) -> dict[str, str]:
    files = sorted(folder.glob("*.yaml"))[:DEFINITION_FILES_MAX] if folder is not None and folder.is_dir() else []
    return {path.name: path.read_text(encoding="utf-8") for path in files}


class Numbers:
    """Whoever answers for numbers. The store and the writer are made when somebody asks for the first time."""

    def __init__(
        self, folder: Path, *, make_store: Callable[[Definitions, Writer], Store], make_writer: Callable[[], Writer],
        position: Callable[[], int],
    ) -> None:  # fmt: skip
        """Say where definitions are kept, how a store and a writer are made, and what is durable now."""
        self._folder, self._make_store, self._make_writer, self._position = folder, make_store, make_writer, position
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(QUESTIONS_AT_ONCE_MAX)
        self._store: Store | None = None
        self._writer: Writer | None = None
        self._definitions: Definitions | None = None
        self._stamp: tuple[object, ...] = ()
        self._looked_at = 0.0
        self._kept: OrderedDict[tuple[str, Question, Viewer], Answer] = OrderedDict()
        self._fingerprint = ""
        self._asked: Counter[Question] = Counter(read_asked(folder))
        self._remembered_at = time.monotonic()

    @property
    def definitions(self) -> Definitions:
        """Give the definitions as they are now: a file that was changed counts within a second, a wrong one not at all."""
        now = time.monotonic()
        with self._lock:
            if self._definitions is None or now - self._looked_at >= _LOOK_S:
                self._looked_at = now
                self._refresh()
            assert self._definitions is not None
            return self._definitions

    def _refresh(self) -> None:
        stamp = _stamp(self._folder / "definitions")
        if self._definitions is not None and stamp == self._stamp:
            return
        try:
            found = read_definitions(self._folder / "definitions")
        except WrongDefinitions:
            if self._definitions is None:
                self._definitions = read_definitions(None)
            _logger.exception("The definitions of numbers are wrong; going on with those before.")
        else:
            if (
                self._definitions is not None
                and found.time_zone != self._definitions.time_zone
                and self._store is not None
            ):
                self._store.close()
                self._store = None
            self._definitions = found
        self._stamp, self._fingerprint = stamp, self._definitions.fingerprint

    def ask(self, question: Question, viewer: Viewer) -> Answer:
        """Answer with everything that is durable now. Refuses what is not defined, not the viewer's, or too costly."""
        began = time.monotonic()
        found = self.definitions
        store, writer = self._ready(found)
        store.catch_up(self._position())
        plan = metrics.plan(found, question, viewer, store.rollups(self._fingerprint))
        key = (self._fingerprint, question, viewer)
        kept = self._still_true(key, store)
        if kept is not None:
            return kept._replace(is_kept=True, position=store.position, seconds=time.monotonic() - began)
        query = writer.sql(plan)
        if not self._places.acquire(timeout=SECONDS_PER_QUESTION_MAX):
            raise Outage("Too many questions are being answered. Ask again in a moment.")
        try:
            found_table, position = store.run(query, timeout_s=SECONDS_PER_QUESTION_MAX)
        finally:
            self._places.release()
        table = told(found_table, plan)
        has_more = table.num_rows > plan.rows_max
        answer = Answer(
            table.slice(0, plan.rows_max), plan, position, has_more, is_kept=False, seconds=time.monotonic() - began
        )
        self._keep(key, question, answer)
        return answer

    @contextmanager
    def reading(self, question: Question, viewer: Viewer, *, rows_max: int) -> Iterator["Reading"]:
        """Answer in pieces, of which one is held at a time, with up to so many rows whatever an answer may have; and one more.

        Refuses what `ask` refuses, also while pieces are read.
        """
        found = self.definitions
        store, writer = self._ready(found)
        store.catch_up(self._position())
        plan = metrics.plan(found, question, viewer, store.rollups(self._fingerprint))
        plan = msgspec.structs.replace(plan, rows_max=rows_max)
        with store.reading(writer.sql(plan), rows_each=ROWS_PER_PIECE, timeout_s=SECONDS_PER_EXPORT_MAX) as read:
            schema = told(read.schema.empty_table(), plan).schema
            pieces = (told(pa.Table.from_batches([batch]), plan) for batch in read.batches)
            yield Reading(schema, pieces, plan, read.position)

    def sql(self, question: Question, viewer: Viewer, *, dialect: str = "duckdb") -> str:
        """Give the query of a question over the documented tables, for another engine to run."""
        found = self.definitions
        _, writer = self._ready(found)
        return writer.sql(metrics.plan(found, question, viewer), dialect=dialect)

    @property
    def position(self) -> int:
        """Give what is durable now."""
        return self._position()

    @property
    def store(self) -> Store:
        """Give the store, made if need be."""
        return self._ready(self.definitions)[0]

    def close(self) -> None:
        """Stop."""
        self._remember()
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _ready(self, found: Definitions) -> tuple[Store, Writer]:
        with self._lock:
            if self._writer is None:
                self._writer = self._make_writer()
            if self._store is None:
                self._store = self._make_store(found, self._writer)
            return self._store, self._writer

    def _still_true(self, key: tuple[str, Question, Viewer], store: Store) -> Answer | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
        tables = {reading.origin for reading in kept.plan.readings}
        tables |= {cut.join.table for reading in kept.plan.readings for cut in reading.cuts if cut.join is not None}
        return kept if all(store.changed(table) <= kept.position for table in tables) else None

    def _keep(self, key: tuple[str, Question, Viewer], question: Question, answer: Answer) -> None:
        with self._lock:
            self._kept[key] = answer
            if len(self._kept) > ANSWERS_KEPT_MAX:
                self._kept.popitem(last=False)
            self._asked[_shape(question)] += 1
            is_due = time.monotonic() - self._remembered_at >= _REMEMBER_S
        if is_due:
            self._remember()

    def _remember(self) -> None:
        """Write down what was asked, for the next sealing to choose roll-ups by."""
        with self._lock:
            self._remembered_at = time.monotonic()
            told = self._asked.most_common(QUESTIONS_REMEMBERED_MAX)
        if told and self._folder.is_dir():
            draft = self._folder / "asked.draft"
            draft.write_bytes(msgspec.json.encode(told))
            draft.rename(self._folder / "asked.json")


def told(table: pa.Table, plan: Plan) -> pa.Table:
    """Give an answer in the types that every engine's answer has: days, whole numbers, and numbers with a fraction."""
    columns = {}
    for column in plan.columns:
        found = table.column(column.name)
        if column.kind == "time":
            found = found.cast(pa.date32())
        elif pa.types.is_decimal(found.type) or (column.kind == "metric" and pa.types.is_integer(found.type)):
            found = found.cast(pa.int64())
        columns[column.name] = found
    return pa.table(columns)


def _shape(question: Question) -> Question:
    """Give a question without its values: what roll-ups are chosen by."""
    limits = tuple(metrics.Limit(one.dimension, ("",)) for one in question.limits)
    return Question(question.metrics, question.by, question.grain, limits=limits)


def _stamp(folder: Path) -> tuple[object, ...]:
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)


def read_asked(folder: Path) -> dict[Question, int]:
    """Give what was asked until now, and how often."""
    try:
        told = msgspec.json.decode((folder / "asked.json").read_bytes(), type=list[tuple[Question, int]])
    except (OSError, msgspec.DecodeError):
        return {}
    return dict(told[:QUESTIONS_REMEMBERED_MAX])


def usual_questions(found: Definitions) -> Mapping[Question, int]:
    """Give what is asked on any market, before anybody has: each metric by day, by currency, and for each seller."""
    asked: dict[Question, int] = {}
    for metric in found.metrics.values():
        if metric.is_alone:
            continue
        dimensions = found.dimensions_of(metric)
        for by in ((), ("seller_country",), ("buyer_country",), ("category",)):
            if all(name in dimensions for name in by):
                asked[Question((metric.name,), by, "month")] = 10 if not by else 1
    return asked


def asked_columns(found: Definitions, folder: Path) -> dict[str, dict[tuple[str, ...], int]]:
    """Give what roll-ups are to be chosen by: what was asked, and what is asked anywhere."""
    return metrics.columns_asked(found, dict(usual_questions(found)) | read_asked(folder))


def lineage(found: Definitions, names: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the kinds of facts behind each of some metrics."""
    for name in names:
        yield name, found.lineage(found.metrics[name])
