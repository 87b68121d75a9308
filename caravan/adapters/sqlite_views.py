"""Views in a SQLite file: rows and position saved in one transaction; the file can be thrown away at any time."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from caravan.cell.projection import View
from caravan.kernel.errors import Outage

_PROGRESS_STEPS = 1_000
_STEPS_MAX = 50_000  # In thousands of virtual-machine steps: about two seconds of one query.
_SCHEMA = """
CREATE TABLE views (name TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE cursor (position INTEGER NOT NULL);
INSERT INTO cursor VALUES (0);
"""


class SqliteViewStore:
    """A file of views, with a connection to write and one for each thread that reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = _connect(path)
        self._readers = threading.local()

    def begin(self, views: Sequence[View]) -> int:
        """Make missing tables; when any view has another version than the file, start the file over."""
        if self._known() != {view.name: view.version for view in views}:
            self._start_over(views)
        for view in views:
            view.begin(lambda query: self._writing.execute(query).fetchall())
        return int(self._writing.execute("SELECT position FROM cursor").fetchone()[0])

    def write(self, position: int, changes: Iterator[tuple[str, Iterable[Sequence[object]]]]) -> None:
        """Run statements and save the position."""
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            for query, rows in changes:
                self._writing.executemany(query, rows)
            self._writing.execute("UPDATE cursor SET position = ?", (position,))
        except BaseException:
            self._writing.execute("ROLLBACK")
            raise
        self._writing.execute("COMMIT")

    def read(self, query: str, values: Mapping[str, object] | Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run one query; one that runs away is stopped as an Outage."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = _connect(self._path)
            connection.execute("PRAGMA query_only = ON")
        steps = iter(range(_STEPS_MAX))
        connection.set_progress_handler(lambda: next(steps, None) is None, _PROGRESS_STEPS)
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            raise Outage("The views cannot answer that now.") from error

    def drop(self) -> None:
        """Throw every view away."""
        self._start_over(())

    def _known(self) -> dict[str, int]:
        has_views = self._writing.execute("SELECT 1 FROM sqlite_master WHERE name = 'views'").fetchone()
        return dict(self._writing.execute("SELECT name, version FROM views")) if has_views else {}

    def _start_over(self, views: Sequence[View]) -> None:
        """Make all tables anew, in one transaction: a start that is cut short leaves the file as it was."""
        # Virtual tables first: they take their shadow tables along.
        names = self._writing.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC"
        ).fetchall()
        steps = [f'DROP TABLE IF EXISTS "{name}";' for (name,) in names]
        steps.append(_SCHEMA)
        for view in views:
            steps.append(view.tables)
            steps.append(f"INSERT INTO views VALUES ('{view.name}', {view.version});")  # noqa: S608  # Our own names.
        try:
            self._writing.executescript("\n".join(["BEGIN IMMEDIATE;", *steps, "COMMIT;"]))
        except sqlite3.Error:
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        self._writing.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # Rows and cursor go together; what is lost is folded again.
    return connection
