"""A simulated disk under the real log: SQLite writes through it, it keeps the tape, and it can fail or lose its power.

SQLite runs here as in life, over a VFS that notes every write, truncation and sync before it passes it on. A power cut
at any moment gives the files back as a disk would hold them: what was synced stands, and of what was not, the dice
decide what arrived, in which order, how much of it, and where.
"""

import enum
import itertools
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw

SECTOR_BYTES = 512  # What a disk writes whole or not at all.
_NUMBERS = itertools.count(1)
_BASE = "unix"


class Deed(enum.Enum):
    """What SQLite asked of the disk."""

    WRITE = "write"
    TRUNCATE = "truncate"
    SYNC = "sync"


class Step(NamedTuple):
    """One deed on the tape; `offset` is the new size of a file that is truncated."""

    deed: Deed
    file: str
    offset: int = 0
    content: bytes = b""


Files = dict[str, bytes]


class Disk:
    """A folder whose writes are taped. `fails` is asked before each deed and may raise; `syncs` False drops the syncs."""

    def __init__(self, folder: Path, *, syncs: bool = True, pages_per_checkpoint: int = 1_000) -> None:
        self.folder = folder
        self.start: Files = read(folder)  # All of it is on the disk when the tape begins.
        self.tape: list[Step] = []
        self.fails: Callable[[Step], None] = lambda _: None
        self.syncs = syncs
        self._pages_per_checkpoint = pages_per_checkpoint
        self._name = f"caravan-disk-{next(_NUMBERS)}"
        self._vfs = _Vfs(self._name, self)

    def connect(self, path: Path, **_: object) -> sqlite3.Connection:
        """Connect as `sqlite3.connect` does, through this disk."""
        connection: Any = _Connection(apsw.Connection(str(path), vfs=self._name))
        connection.execute(f"PRAGMA wal_autocheckpoint = {self._pages_per_checkpoint}")
        return connection  # type: ignore[no-any-return]

    def note(self, step: Step) -> None:
        """Put a deed on the tape, unless it fails."""
        self.fails(step)
        if step.deed is not Deed.SYNC or self.syncs:
            self.tape.append(step)


def read(folder: Path) -> Files:
    """Read what a folder holds, without what SQLite shares in memory only."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and file.suffix != ".db-shm"}


def write(files: Files, folder: Path) -> None:
    """Put files into an empty folder."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def settled(start: Files, tape: Sequence[Step]) -> tuple[dict[str, bytearray], list[Step]]:
    """Give the files as a power cut behind this tape leaves them at the least, and the steps that were never synced."""
    last_sync = {step.file: place for place, step in enumerate(tape) if step.deed is Deed.SYNC}
    files = {name: bytearray(content) for name, content in start.items()}
    waiting: list[Step] = []
    for place, step in enumerate(tape):
        if step.deed is Deed.SYNC:
            continue
        if place < last_sync.get(step.file, -1):
            do(step, files)
        else:
            waiting.append(step)
    return files, waiting


def do(step: Step, files: dict[str, bytearray]) -> None:
    """Do a deed to files."""
    file = files.setdefault(step.file, bytearray())
    if step.deed is Deed.TRUNCATE:
        del file[step.offset :]
        return
    if len(file) < step.offset:
        file.extend(bytes(step.offset - len(file)))
    file[step.offset : step.offset + len(step.content)] = step.content


# What a power cut makes of steps that were not synced.


def lost(steps: Iterable[Step], dice: random.Random) -> list[Step]:
    """Some, all or none of them arrived, in order."""
    share = dice.choice([0.0, 0.5, 0.9, 1.0])
    return [step for step in steps if dice.random() < share]


def torn(steps: Iterable[Step], dice: random.Random) -> list[Step]:
    """They arrived up to one, and of that one some sectors: the first few, or any."""
    kept = list(steps)
    kept = kept[: dice.randint(1, len(kept))] if kept else []
    return [*kept[:-1], *_sectors(kept[-1], dice)] if kept else []


def reordered(steps: Iterable[Step], dice: random.Random) -> list[Step]:
    """They arrived in any order until the power went, mostly the last before the first."""
    shuffled = list(steps)
    dice.shuffle(shuffled)
    if dice.random() < 0.5:
        shuffled.reverse()
    return shuffled[: dice.randint(0, len(shuffled))]


def misdirected(steps: Sequence[Step], dice: random.Random, files: dict[str, bytearray]) -> list[Step]:
    """They arrived, but one of them in another place of the same file, over what was there."""
    writes = [place for place, step in enumerate(steps) if step.deed is Deed.WRITE and files.get(step.file)]
    if not writes:
        return list(steps)
    astray = dice.choice(writes)
    step = steps[astray]
    unit = max(SECTOR_BYTES, len(step.content) // SECTOR_BYTES * SECTOR_BYTES)
    elsewhere = dice.randrange(0, max(len(files[step.file]) // unit, 1)) * unit + step.offset % unit
    return [*steps[:astray], step._replace(offset=elsewhere), *steps[astray + 1 :]]


def _sectors(step: Step, dice: random.Random) -> Iterator[Step]:
    """Give those sectors of a write that arrived."""
    if step.deed is not Deed.WRITE:
        return
    places = range(0, len(step.content), SECTOR_BYTES)
    reached = dice.randint(0, len(places))
    is_scattered = dice.random() < 0.5
    for number, place in enumerate(places):
        if dice.random() < 0.5 if is_scattered else number < reached:
            yield step._replace(offset=step.offset + place, content=step.content[place : place + SECTOR_BYTES])


# The ways in which a disk refuses while it runs.


def full(step: Step) -> None:
    """Refuse a write for want of room."""
    if step.deed is Deed.WRITE:
        raise apsw.FullError("The simulated disk is full.")


def unsynced(step: Step) -> None:
    """Fail a sync: what was written may be on the disk or not, and asking again would not tell."""
    if step.deed is Deed.SYNC:
        fault = apsw.IOError("The simulated disk could not sync.")
        fault.extendedresult = apsw.SQLITE_IOERR_FSYNC  # type: ignore[attr-defined]  # Left out of apsw's types.
        raise fault


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, _BASE)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  # SQLite's name.
        return _File(self._disk, name, flags)

    def excepthook(self, *_: object) -> bool:
        """Say nothing: a failure on purpose reaches the caller as SQLite's error."""
        return True


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._file = Path(path or "unnamed").name
        super().__init__(_BASE, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.note(Step(Deed.WRITE, self._file, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.note(Step(Deed.TRUNCATE, self._file, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.note(Step(Deed.SYNC, self._file))
        super().xSync(flags)

    def excepthook(self, *_: object) -> bool:
        """Say nothing, as above."""
        return True


class _Connection:
    """So much of the standard library's connection as the log uses, over apsw's."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def execute(self, query: str, values: Sequence[Any] = ()) -> "_Cursor":
        """Run one statement."""
        return _Cursor(self._connection, query, values)

    def executemany(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row."""
        for row in list(rows):
            _Cursor(self._connection, query, row)

    def executescript(self, script: str) -> None:
        """Run several statements."""
        _Cursor(self._connection, script, ())

    def cursor(self) -> "_Connection":
        """Give what can execute."""
        return self

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()


class _Cursor:
    def __init__(self, connection: apsw.Connection, query: str, values: Sequence[Any]) -> None:
        try:
            before = connection.total_changes()
            self._rows = connection.execute(query, tuple(values)).fetchall()
            self.rowcount = connection.total_changes() - before
        except apsw.Error as error:
            raise sqlite3.OperationalError(str(error)) from error

    def fetchone(self) -> Any:  # noqa: ANN401  # As the standard library has it.
        """Give the next row, or None."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        """Give all rows that are left."""
        rows, self._rows = self._rows, []
        return rows
