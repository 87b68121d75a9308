"""Tests that views follow the log: rows and position together, from wherever they stopped, and the same when rebuilt."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caravan.adapters.memory import MemoryLog
from caravan.adapters.sqlite_views import SqliteViewStore
from caravan.cell import Projector, Section, Write, rows, transpose
from caravan.cell.frame import seal
from caravan.cell.projection import FRAMES_PER_TRANSACTION_MAX
from caravan.kernel.event import Event
from tests.cell.notes import KINDS, LAYOUTS, Counted, Noted

WAIT_S = 10
Row = tuple[object, ...]


class NotesView:
    """Notes by number; the number is counted in memory, as views may do."""

    name = "notes"
    tables = "CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT);"
    kinds: frozenset[type[Event]] = frozenset({Noted})

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.breaks_at = ""
        self._numbers = itertools.count(1)

    def begin(self, read: Callable[[str], list[Row]]) -> None:
        """Go on counting from what is there."""
        [(number,)] = read("SELECT coalesce(max(number), 0) + 1 FROM notes")
        assert isinstance(number, int)
        self._numbers = itertools.count(number)

    def apply(self, part: Section, write: Write) -> None:
        """Add notes."""
        texts = [event.text for event in rows(part) if isinstance(event, Noted)]
        if self.breaks_at in texts:
            raise ZeroDivisionError
        write("INSERT INTO notes VALUES (?, ?)", [(next(self._numbers), text) for text in texts])


@pytest.fixture
def log() -> MemoryLog:
    """Lend an empty log."""
    log = MemoryLog()
    log.take_over()
    return log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file for views."""
    return tmp_path / "views.db"


@pytest.fixture
def projector(log: MemoryLog, path: Path) -> Iterator[Projector]:
    """Lend a projector that follows the log in its own thread."""
    projector = _projector(log, path)
    projector.start()
    yield projector
    projector.stop()


def _projector(log: MemoryLog, path: Path, view: NotesView | None = None) -> Projector:
    return Projector(log=log, kinds=KINDS, views=[view or NotesView()], store=SqliteViewStore(path))


def _take_notes(log: MemoryLog, *texts: str) -> None:
    for text in texts:
        events = [Counted(at=0, number=1), Noted(at=0, text=text)]
        log.append(seal(transpose(events), after=log.head(), epoch=1, written_at=0), LAYOUTS)


def _table(path: Path) -> list[Row]:
    return SqliteViewStore(path).read("SELECT number, text FROM notes ORDER BY number")


def _stand(path: Path) -> list[Row]:
    return SqliteViewStore(path).read("SELECT position FROM cursor")


def test_a_view_shows_what_is_in_the_log_and_where_it_stands(log: MemoryLog, path: Path) -> None:
    _take_notes(log, "a", "b")

    _projector(log, path).catch_up()

    assert _table(path) == [(1, "a"), (2, "b")]
    assert _stand(path) == [(2,)]


def test_a_view_goes_on_from_where_it_stopped(log: MemoryLog, path: Path) -> None:
    _take_notes(log, "a")
    _projector(log, path).catch_up()
    _take_notes(log, "b")

    after = _projector(log, path)

    assert after.position == 1
    assert after.catch_up() == 1
    assert _table(path) == [(1, "a"), (2, "b")]


def test_facts_of_a_kind_that_is_new_to_the_log_are_followed(log: MemoryLog, path: Path) -> None:
    projector = _projector(log, path)
    _take_notes(log, "a")

    projector.catch_up()

    assert _table(path) == [(1, "a")]


def test_nothing_new_changes_nothing(log: MemoryLog, path: Path) -> None:
    assert _projector(log, path).catch_up() == 0
    assert not _projector(log, path).fold_some()


def test_so_many_frames_share_a_transaction_and_no_more(log: MemoryLog, path: Path) -> None:
    _take_notes(log, *["a"] * (FRAMES_PER_TRANSACTION_MAX + 1))
    projector = _projector(log, path)

    assert projector.fold_some()

    assert projector.position == FRAMES_PER_TRANSACTION_MAX
    assert projector.catch_up() == 1


def test_a_process_that_dies_between_rows_and_position_has_written_neither(log: MemoryLog, path: Path) -> None:
    _take_notes(log, "a")
    view = NotesView()
    dying = _projector(log, path, view)
    dying.catch_up()
    _take_notes(log, "b", "c")
    view.breaks_at = "c"

    with pytest.raises(ZeroDivisionError):
        dying.fold_some()

    assert _table(path) == [(1, "a")]
    assert _stand(path) == [(1,)]


def test_the_next_process_does_what_the_dead_one_did_not(log: MemoryLog, path: Path) -> None:
    view = NotesView()
    view.breaks_at = "b"
    _take_notes(log, "a", "b")
    with pytest.raises(ZeroDivisionError):
        _projector(log, path, view).fold_some()

    _projector(log, path).catch_up()

    assert _table(path) == [(1, "a"), (2, "b")]


def test_a_view_that_is_built_again_has_equal_tables(log: MemoryLog, path: Path, tmp_path: Path) -> None:
    for text in "abc":
        _take_notes(log, text)
        _projector(log, path).catch_up()

    _projector(log, tmp_path / "again.db").catch_up()

    assert _table(tmp_path / "again.db") == _table(path)


def test_another_version_of_a_view_is_built_from_the_beginning(log: MemoryLog, path: Path) -> None:
    _take_notes(log, "a", "b")
    _projector(log, path).catch_up()

    newer = _projector(log, path, NotesView(version=2))

    assert newer.position == 0
    newer.catch_up()
    assert _table(path) == [(1, "a"), (2, "b")]


def test_a_running_projector_follows_when_it_is_woken(log: MemoryLog, path: Path, projector: Projector) -> None:
    _take_notes(log, "a", "b")

    assert projector.wait_for(2, timeout_s=WAIT_S)
    assert _table(path) == [(1, "a"), (2, "b")]


def test_waiting_for_what_is_not_there_ends_with_the_time(projector: Projector) -> None:
    assert not projector.wait_for(1, timeout_s=0.05)


def test_a_running_projector_tries_again_what_failed(
    log: MemoryLog, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    view = NotesView()
    view.breaks_at = "a"
    projector = _projector(log, path, view)
    _take_notes(log, "a")
    projector.start()
    assert not projector.wait_for(1, timeout_s=0.2)

    view.breaks_at = ""

    assert projector.wait_for(1, timeout_s=WAIT_S)
    assert "could not follow" in caplog.text
    projector.stop()


def test_what_failed_half_way_is_not_counted_twice_when_it_is_tried_again(log: MemoryLog, path: Path) -> None:
    view = NotesView()
    projector = _projector(log, path, view)
    _take_notes(log, "a", "b")
    view.breaks_at = "b"
    with pytest.raises(ZeroDivisionError):
        projector.fold_some()
    view.breaks_at = ""

    projector.fold_some()

    assert _table(path) == [(1, "a"), (2, "b")]


def test_a_projector_that_never_ran_can_be_stopped(log: MemoryLog, path: Path) -> None:
    _projector(log, path).stop()
