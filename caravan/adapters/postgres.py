"""The log in PostgreSQL: synchronous commits, one transaction a frame, an epoch and a row lock that fence a stale writer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from caravan.cell.frame import Frame
from caravan.cell.log import StaleWriter
from caravan.kernel.errors import Outage

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000  # A frame is at most some megabytes; what takes longer than this is stuck.
LOCK_TIMEOUT_MS = 10_000  # A take-over waits this long for an append that is on its way.
IDLE_TIMEOUT_MS = 10_000  # A writer that went silent inside an append loses its lock after this.
_DURABLE_COMMITS = ("on", "remote_apply")
_FRAMES_PER_READ = 16
_COLUMNS = "sequence, epoch, written_at, first_fact, facts, checksum, body"
# Epoch 0 is nobody's: its row is the lock that every append shares and a take-over has alone.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS epochs (epoch BIGINT PRIMARY KEY, taken_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS layouts (fingerprint BYTEA PRIMARY KEY, layout BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS frames (
    sequence BIGINT PRIMARY KEY, epoch BIGINT NOT NULL, written_at BIGINT NOT NULL,
    first_fact BIGINT NOT NULL, facts BIGINT NOT NULL, checksum BYTEA NOT NULL, body BYTEA NOT NULL
);
ALTER TABLE frames ALTER COLUMN body SET STORAGE EXTERNAL;
INSERT INTO epochs (epoch) VALUES (0) ON CONFLICT DO NOTHING;
"""
_SCHEMA_LOCK = 0x0CA4A7A2  # Two processes that start at once make the tables one after the other.


class PostgresLog:
    """A log in one database. Refuses a server that would acknowledge a commit before it is on the disk, as Outage."""

    def __init__(self, url: str, *, is_reader: bool = False) -> None:
        """Connect; a reader can neither take the log over nor change anything."""
        try:
            import psycopg  # noqa: PLC0415  # The extra "postgres"; nobody else needs it.
        except ModuleNotFoundError as error:
            raise Outage("A log in PostgreSQL needs psycopg: pip install 'caravan[postgres]'.") from error

        self._error = psycopg.Error
        self._epoch = 0
        with self._guarded("The log's PostgreSQL cannot be used."):
            self._writing = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
            self._reading = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
            for connection in (self._writing, self._reading):
                connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
                connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
                connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}")
            if is_reader:
                self._writing.execute("SET default_transaction_read_only = on")
                return
            self._refuse_early_commits()
            with self._writing.transaction():
                self._writing.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
                self._writing.execute(_SCHEMA)

    def _refuse_early_commits(self) -> None:
        row = self._writing.execute("SHOW synchronous_commit").fetchone()
        assert row is not None, "SHOW gives one row."
        if row[0] not in _DURABLE_COMMITS:
            self.close()
            raise Outage(f"PostgreSQL has synchronous_commit = {row[0]}: it would acknowledge what it may still lose.")

    def take_over(self) -> int:
        """Become the one writer, by an epoch above all before, once no append of another is on its way."""
        with self._guarded("The log could not be taken over."), self._writing.transaction():
            self._writing.execute("SELECT epoch FROM epochs WHERE epoch = 0 FOR UPDATE")
            row = self._writing.execute(
                "INSERT INTO epochs (epoch) SELECT max(epoch) + 1 FROM epochs RETURNING epoch"
            ).fetchone()
        assert row is not None, "An insert that returns gives one row."
        self._epoch = int(row[0])
        return self._epoch

    def append(self, frame: Frame, layouts: Mapping[bytes, bytes]) -> None:
        """Add one frame; when this returns, PostgreSQL (and a quorum that it may wait for) has it on the disk."""
        with self._guarded("The log could not be written."), self._writing.transaction():
            # A statement of its own, so that the next one sees what a take-over that was waited for has written.
            self._writing.execute("SELECT epoch FROM epochs WHERE epoch = 0 FOR SHARE")
            with self._writing.cursor() as cursor:
                cursor.executemany("INSERT INTO layouts VALUES (%s, %s) ON CONFLICT DO NOTHING", layouts.items())
            done = self._writing.execute(
                f"INSERT INTO frames ({_COLUMNS}) SELECT %s, %s, %s, %s, %s, %s, %s"  # noqa: S608  # Our own names.
                " WHERE (SELECT max(epoch) FROM epochs) = %s AND (SELECT coalesce(max(sequence), 0) + 1 FROM frames) = %s",
                (*frame, self._epoch, frame.sequence),
            )
            if done.rowcount != 1:
                raise self._refused(frame)

    def _refused(self, frame: Frame) -> StaleWriter | Outage:
        row = self._writing.execute("SELECT max(epoch) FROM epochs").fetchone()
        if row is None or row[0] != self._epoch:
            return StaleWriter(f"Epoch {self._epoch} is over: another process writes this log now.")
        return Outage(f"Frame {frame.sequence} does not follow the last one in the log.")

    def read(self, *, after: int = 0) -> Iterator[Frame]:
        """Give the frames behind a sequence number, some at a time, so that no read transaction stays open."""
        while frames := self._frames("WHERE sequence > %s ORDER BY sequence LIMIT %s", after, _FRAMES_PER_READ):
            yield from frames
            after = frames[-1].sequence

    def head(self) -> Frame | None:
        """Give the last frame."""
        frames = self._frames("ORDER BY sequence DESC LIMIT 1")
        return frames[0] if frames else None

    def layouts(self) -> dict[bytes, bytes]:
        """Give the stored schemas."""
        with self._guarded("The log cannot be read."):
            return dict(self._reading.execute("SELECT fingerprint, layout FROM layouts").fetchall())

    def close(self) -> None:
        """Close both connections."""
        self._writing.close()
        self._reading.close()

    def _frames(self, condition: str, *values: int) -> list[Frame]:
        with self._guarded("The log cannot be read."):
            query = f"SELECT {_COLUMNS} FROM frames {condition}"  # noqa: S608  # Our own words.
            return [Frame(*row) for row in self._reading.execute(query.encode(), values).fetchall()]

    @contextmanager
    def _guarded(self, trouble: str) -> Iterator[None]:
        """Turn whatever goes wrong in PostgreSQL into an Outage."""
        try:
            yield
        except self._error as error:
            raise Outage(trouble) from error
