"""The store of numbers in DuckDB: sealed tables in a file that is only read, and what has happened since, in memory."""

import contextlib
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from caravan.adapters.duckdb_folding import Bundle, fold, make_tables, numbered
from caravan.cell import Frame, Log, facts
from caravan.insight.metrics.ports import Book, Read, RollUp, TooCostly
from caravan.kernel.errors import Invalid, Outage
from caravan.kernel.event import Event

_logger = logging.getLogger("caravan")

FACTS_PER_FOLD_MAX = 100_000
MEMORY_BYTES_MAX = 2**30
MANIFEST = "tables.json"
_SPILL = "spill-"


class Cursor(msgspec.Struct, frozen=True):
    """The frame up to which tables have been folded, by all that the chain needs to go on from it."""

    sequence: int = 0
    epoch: int = 0
    written_at: int = 0
    first_fact: int = 1
    facts: int = 0
    checksum: bytes = b""

    @classmethod
    def of(cls, frame: Frame) -> "Cursor":
        """Remember a frame."""
        return cls(frame.sequence, frame.epoch, frame.written_at, frame.first_fact, frame.facts, frame.checksum)

    @property
    def frame(self) -> Frame | None:
        """Give the frame without its body; None at the beginning."""
        if not self.sequence:
            return None
        return Frame(self.sequence, self.epoch, self.written_at, self.first_fact, self.facts, self.checksum, b"")

    @property
    def last_fact(self) -> int:
        """Give the number of the last fact."""
        return self.first_fact + self.facts - 1

    def is_in(self, log: Log) -> bool:
        """Tell whether this frame is in a log; one that was put back from a backup may have gone another way."""
        if not self.sequence:
            return True
        frame = next(iter(log.read(after=self.sequence - 1)), None)
        return frame is not None and (frame.sequence, frame.checksum) == (self.sequence, self.checksum)


class Manifest(msgspec.Struct, frozen=True):
    """What the newest sealed tables are: their file, how far they go, how they were made, and their roll-ups."""

    file: str
    cursor: Cursor
    version: int
    zone: str
    fingerprint: str
    rollups: tuple[RollUp, ...] = ()
    sealed_at: int = 0


def read_manifest(folder: Path) -> Manifest | None:
    """Give the manifest of a folder; None where nothing is sealed, or nothing that can be read."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


class DuckdbNumbers:
    """Tables that are asked by one name, whatever part of them is sealed; read from any thread, folded by one at a time."""

    def __init__(
        self, folder: Path, *, log: Log, kinds: Mapping[str, type[Event]], book: Book, zone: str, threads: int = 2,
        summed: Callable[[RollUp], str] | None = None,
    ) -> None:  # fmt: skip
        """Open what is sealed in a folder; `summed` writes the query of a roll-up, without which there are none."""
        self._folder, self._log, self._kinds, self._book, self._zone = folder, log, kinds, book, zone
        self._summed = summed
        self._lock = threading.Lock()
        self._cursor, self._sealed = Cursor(), Cursor()
        self._manifest: Manifest | None = None
        self._refused: Manifest | None = None
        self._left: list[str] = []
        self._changed: dict[str, int] = {}
        memory, self._spill = f"{MEMORY_BYTES_MAX // 2**20}MB", _spill(folder)
        self._connection = duckdb.connect(
            ":memory:",
            config={"threads": threads, "memory_limit": memory, "temp_directory": str(self._spill)},
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET autoinstall_known_extensions = false")
        self._connection.execute("SET python_enable_replacements = false")  # No query may name a variable of ours.
        self._connection.execute("CREATE SCHEMA tail")
        make_tables(self._connection, book, schema="tail")
        self._connection.execute("CREATE TABLE tail.cursor AS SELECT 0::BIGINT AS sequence")
        self._show(None)
        self.adopt()

    @property
    def position(self) -> int:
        """Give the position of the log that the tables show."""
        return self._cursor.sequence

    @property
    def sealed(self) -> Cursor:
        """Give how far the sealed tables go."""
        return self._sealed

    @property
    def manifest(self) -> Manifest | None:
        """Give what the sealed tables are."""
        return self._manifest

    def changed(self, table: str) -> int:
        """Give the position at which a table changed last."""
        origin = table if table in self._book.tables else _ORIGINS.get(table, table)
        return self._changed.get(origin, 0)

    def rollups(self, fingerprint: str) -> Sequence[RollUp]:
        """Give the roll-ups of these definitions."""
        manifest = self._manifest
        return manifest.rollups if manifest is not None and manifest.fingerprint == fingerprint and self._summed else ()

    def catch_up(self, until: int) -> None:
        """Fold in what is durable, at least up to a position; take up newer sealed tables where there are some."""
        if self._cursor.sequence >= until:
            return
        with self._lock:
            self._adopt()
            while self._cursor.sequence < until and self._fold_some(until):
                pass

    def adopt(self) -> bool:
        """Take up newer sealed tables; tell whether there were some."""
        with self._lock:
            return self._adopt()

    def run(self, query: str, *, timeout_s: float) -> tuple[pa.Table, int]:
        """Answer one query as of one position."""
        cursor = self._connection.cursor()
        timer = threading.Timer(timeout_s, cursor.interrupt)
        timer.start()
        try:
            cursor.execute("BEGIN")
            position = cursor.execute("SELECT sequence FROM tail.cursor").fetchall()[0][0]
            return cursor.sql(query).to_arrow_table(), int(position)
        except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
            raise TooCostly from error
        finally:
            timer.cancel()
            cursor.close()

    @contextlib.contextmanager
    def reading(self, query: str, *, rows_each: int, timeout_s: float) -> Iterator[Read]:
        """Answer one query in batches of rows as they are asked for, of which no more is held. Refuses as TooCostly, late, too."""
        cursor = self._connection.cursor()
        timer = threading.Timer(timeout_s, cursor.interrupt)
        timer.start()
        try:
            cursor.execute("BEGIN")
            position = cursor.execute("SELECT sequence FROM tail.cursor").fetchall()[0][0]
            reader = cursor.sql(query).to_arrow_reader(rows_each)
            yield Read(reader.schema, _batches(reader), int(position))
        except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
            raise TooCostly from error
        finally:
            timer.cancel()
            cursor.close()

    def read(self, text: str, *, rows_max: int, timeout_s: float) -> tuple[pa.Table, int]:
        """Answer a query of somebody's own: one SELECT over the tables, and nothing outside. The store serves no other end then.

        Refuses what is no such query as Invalid.
        """
        self._lock_down()
        try:
            statements = self._connection.extract_statements(text)
        except duckdb.Error as error:
            raise Invalid(f"This is no SQL: {_first_line(error)}", field="sql") from None
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise Invalid("Only one SELECT is answered.", field="sql")
        query = text.strip().rstrip(";")
        try:
            return self.run(f"SELECT * FROM ({query}\n) LIMIT {rows_max}", timeout_s=timeout_s)  # noqa: S608 - It is theirs to say.
        except duckdb.Error as error:
            raise Invalid(f"This query can't be answered: {_first_line(error)}", field="sql") from None

    def answer(self, query: str, *, timeout_s: float) -> pa.Table:
        """Answer one query that others had a hand in. Refuses what it gets wrong as Invalid."""
        try:
            return self.run(query, timeout_s=timeout_s)[0]
        except duckdb.Error as error:
            raise Invalid(f"This query can't be answered: {_first_line(error)}", field="sql") from None

    def define(self, statements: Sequence[str]) -> None:
        """Make schemas and views over the tables, all or none."""
        with self._lock, self._transaction():
            for statement in statements:
                self._connection.execute(statement)

    def fence(self) -> None:
        """Let no query reach a file but the sealed tables, write to the disk or change a setting, from now on."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = str(self._folder.absolute()).replace("'", "''")
        self._connection.execute("SET temp_directory = ''")
        self._connection.execute(f"SET allowed_directories = ['{folder}']")
        self._lock_down()

    def _lock_down(self) -> None:
        """Let no query reach a file or change a setting."""
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def _fold_some(self, until: int) -> bool:
        bundle: list[Bundle] = []
        last: Frame | None = None
        count = 0
        for frame, sections in facts(self._log, self._kinds, after=self._cursor.frame, until=until):
            bundle.append(list(numbered(sections, frame.first_fact)))
            last, count = frame, count + frame.facts
            if count >= FACTS_PER_FOLD_MAX:
                break
        if last is None:
            return False
        runs = [run for part in bundle for run in part]
        with self._transaction():
            fold(self._connection, self._book, runs, zone=self._zone, schema="tail")
            self._connection.execute("UPDATE tail.cursor SET sequence = ?", [last.sequence])
        self._cursor = Cursor.of(last)
        touched = {str(part.kind.__struct_config__.tag) for part, _ in runs}
        for step in self._book.steps:
            if step.kind in touched:
                self._changed.update(dict.fromkeys((one.table for one in step.inserts), last.sequence))
        return True

    def _adopt(self) -> bool:
        manifest = read_manifest(self._folder)
        if manifest is None or manifest in {self._manifest, self._refused}:
            return False
        is_ours = (manifest.version, manifest.zone) == (self._book.version, self._zone)
        if not is_ours or manifest.cursor.sequence < self._sealed.sequence or not manifest.cursor.is_in(self._log):
            self._refused = manifest  # Made by another version, or of another log: it is made anew by the next sealing.
            return False
        name = f"sealed_{manifest.cursor.sequence}"
        if self._manifest is not None and name == f"sealed_{self._sealed.sequence}":
            name += f"_{len(self._left)}"
        try:
            self._connection.execute(f"ATTACH '{(self._folder / manifest.file).absolute()}' AS {name} (READ_ONLY)")
        except duckdb.Error:
            _logger.exception("The sealed numbers can't be opened; reading the log instead.")
            self._refused = manifest
            return False
        with self._transaction():
            self._show(name, manifest.rollups)
            for table in self._book.tables:
                self._connection.execute(f"DELETE FROM tail.{table} WHERE fact <= {manifest.cursor.last_fact}")  # noqa: S608
            if manifest.cursor.sequence > self._cursor.sequence:
                self._connection.execute("UPDATE tail.cursor SET sequence = ?", [manifest.cursor.sequence])
        self._manifest, self._sealed = manifest, manifest.cursor
        if manifest.cursor.sequence > self._cursor.sequence:
            self._changed = dict.fromkeys(self._book.tables, manifest.cursor.sequence)
            self._cursor = manifest.cursor
        self._let_go(name)
        return True

    def _show(self, sealed: str | None, rollups: Sequence[RollUp] = ()) -> None:
        """Let every name stand for what is sealed and the tail together."""
        for table in self._book.tables:
            parts = [f"SELECT * FROM {place}.{table}" for place in ((f"{sealed}.main",) if sealed else ()) + ("tail",)]  # noqa: S608
            self._connection.execute(f"CREATE OR REPLACE VIEW main.{table} AS {' UNION ALL '.join(parts)}")
        for name, view in self._book.views.items():
            self._connection.execute(f"CREATE OR REPLACE VIEW main.{name} AS {view.query}")
        for one in rollups if self._summed else ():
            assert self._summed is not None
            tail = self._summed(one).replace(f'"{one.dataset}"', f'tail."{one.dataset}"', 1)
            self._connection.execute(
                f"CREATE OR REPLACE VIEW main.{one.name} AS SELECT * FROM {sealed}.main.{one.name}"  # noqa: S608 - Names of our own.
                f" UNION ALL BY NAME ({tail})"
            )

    def _let_go(self, current: str) -> None:
        """Detach what nobody reads any more; what is still read is tried again next time."""
        rows = self._connection.sql(
            "SELECT database_name FROM duckdb_databases() WHERE database_name LIKE 'sealed_%'"
        ).fetchall()
        self._left = [name for (name,) in rows if name != current]
        for name in self._left:
            with contextlib.suppress(duckdb.Error):
                self._connection.execute(f"DETACH {name}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except duckdb.Error as error:
            self._connection.execute("ROLLBACK")
            raise Outage("The numbers could not follow the log.") from error


def _spill(folder: Path) -> Path:
    """Give where this process puts what its memory has no room for; take away what processes that were killed have left."""
    for path in folder.glob(f"{_SPILL}*"):
        if not Path("/proc", path.name.removeprefix(_SPILL)).exists():
            shutil.rmtree(path, ignore_errors=True)
    return folder / f"{_SPILL}{os.getpid()}"


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Give batches; what DuckDB stops in the middle of comes out of Arrow as an OSError of any sort."""
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (OSError, pa.ArrowException, duckdb.Error) as error:
            raise TooCostly from error
        yield batch


def _first_line(error: duckdb.Error) -> str:
    return str(error).split("\n", maxsplit=1)[0][:300]


_ORIGINS = {"products": "product_versions"}
