"""The log in a SQLite file: WAL, synchronous=FULL, one transaction a frame, an epoch that fences a stale writer."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caravan.cell.frame import Frame
from caravan.cell.log import StaleWriter
from caravan.kernel.errors import Outage

_PAGE_BYTES = 32_768  # Frames are large blobs; fewer, larger pages commit about twice as many orders a second.
# After so many pages (4 MiB) what is in the write-ahead log is brought home. It costs the same in all, and no commit waits for
# 32 MiB of it: 99 of 100 batches at 400,000 orders a second were durable after 35 ms instead of 55.
_CHECKPOINT_PAGES = 128
_FRAMES_PER_READ = 16
_SCHEMA = """
CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY, taken_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS layouts (fingerprint BLOB PRIMARY KEY, layout BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frames (
    sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, written_at INTEGER NOT NULL,
    first_fact INTEGER NOT NULL, facts INTEGER NOT NULL, checksum BLOB NOT NULL, body BLOB NOT NULL
);
"""


class SqliteLog:
    """A log in one file. Safe to read from other connections at any time."""

    def __init__(
        self, path: Path, *, is_reader: bool = False, connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    ) -> None:
        """Open or make the file; a reader finds one or raises Outage, and can neither take it over nor change it.

        `connect` is how SQLite is reached, other than through a file of this machine.
        """
        self.path = path
        try:
            self._writing = _connect_to_read(path) if is_reader else _open(connect, path)
            self._reading = _connect_to_read(path) if is_reader else _open(connect, path)
        except sqlite3.Error as error:
            raise Outage(f"The log at {path} cannot be opened.") from error
        self._epoch = 0
        self._one_at_a_time = threading.Lock()

    def take_over(self) -> int:
        """Become the one writer, by an epoch above all before."""
        with _guarded(self._writing):
            row = self._writing.execute(
                "INSERT INTO epochs (epoch) SELECT coalesce(max(epoch), 0) + 1 FROM epochs RETURNING epoch"
            )
            self._epoch = int(row.fetchone()[0])
        return self._epoch

    def append(self, frame: Frame, layouts: Mapping[bytes, bytes]) -> None:
        """Add one frame; when this returns, SQLite has synced its write-ahead log."""
        with _guarded(self._writing):
            self._writing.executemany("INSERT OR IGNORE INTO layouts VALUES (?, ?)", layouts.items())
            done = self._writing.execute(
                "INSERT INTO frames SELECT ?, ?, ?, ?, ?, ?, ? WHERE (SELECT max(epoch) FROM epochs) = ?"
                " AND (SELECT coalesce(max(sequence), 0) + 1 FROM frames) = ?",
                (*frame, self._epoch, frame.sequence),
            )
            if done.rowcount != 1:
                raise self._refused(frame)

    def _refused(self, frame: Frame) -> StaleWriter | Outage:
        if self._writing.execute("SELECT max(epoch) FROM epochs").fetchone()[0] != self._epoch:
            return StaleWriter(f"Epoch {self._epoch} is over: another process writes this log now.")
        return Outage(f"Frame {frame.sequence} does not follow the last one in the log.")

    def read(self, *, after: int = 0) -> Iterator[Frame]:
        """Give the frames behind a sequence number, some at a time, so that no read transaction stays open."""
        at_once = _FRAMES_PER_READ
        while True:
            try:
                rows = self._fetch("SELECT * FROM frames WHERE sequence > ? ORDER BY sequence LIMIT ?", after, at_once)
            except Outage:
                if at_once == 1:
                    raise
                at_once = 1  # A damaged file: give every frame before the damage.
                continue
            if not rows:
                return
            for row in rows:
                yield Frame(*row)
            after = rows[-1][0]

    def head(self) -> Frame | None:
        """Give the last frame."""
        rows = self._fetch("SELECT * FROM frames ORDER BY sequence DESC LIMIT 1")
        return Frame(*rows[0]) if rows else None

    def layouts(self) -> dict[bytes, bytes]:
        """Give the stored schemas."""
        return dict(self._fetch("SELECT fingerprint, layout FROM layouts"))

    def close(self) -> None:
        """Close both connections."""
        self._writing.close()
        self._reading.close()

    def _fetch(self, query: str, *values: object) -> list[Any]:
        # A statement that begins while another is under way on its connection sees no more than that one does: it would
        # miss what has become durable since, and followers that overlap for ever would see nothing new for ever.
        with self._one_at_a_time:
            try:
                return self._reading.cursor().execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise Outage(f"The log at {self.path} cannot be read.") from error


def _open(connect: Callable[..., sqlite3.Connection], path: Path) -> sqlite3.Connection:
    connection = connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.executescript(_SCHEMA)
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=10
    )
    connection.execute("SELECT count(*) FROM epochs")
    return connection


@contextmanager
def _guarded(connection: sqlite3.Connection) -> Iterator[None]:
    """Run one durable transaction; whatever goes wrong in the store is an Outage."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise Outage("The log could not be written.") from error
