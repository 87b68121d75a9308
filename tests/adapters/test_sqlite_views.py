"""Tests that views in SQLite save rows and position together, start over when they must, and bound every question."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caravan.adapters.sqlite_views import SqliteViewStore
from caravan.cell import Section, Write
from caravan.flows.views import all_views
from caravan.kernel.errors import Outage
from caravan.kernel.event import Event


class Shelf:
    """A view of one table, to be told what to write by the test."""

    kinds: frozenset[type[Event]] = frozenset()

    def __init__(self, version: int = 1, name: str = "shelf", *, more: str = "") -> None:
        self.name, self.version = name, version
        self.tables = f"CREATE TABLE {name} (title TEXT PRIMARY KEY); {more}"
        self.known: list[tuple[object, ...]] = []

    def begin(self, read: Callable[[str], list[tuple[object, ...]]]) -> None:
        """Remember what the table holds."""
        self.known = read(f"SELECT title FROM {self.name} ORDER BY title")  # noqa: S608

    def apply(self, part: Section, write: Write) -> None:
        """Need nothing: these tests write for themselves."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file for views."""
    return tmp_path / "views.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteViewStore]:
    """Lend a store with one view."""
    store = SqliteViewStore(path)
    store.begin([Shelf()])
    yield store
    store.close()


def _titles(*titles: str) -> Iterator[tuple[str, list[tuple[str]]]]:
    return iter([("INSERT INTO shelf VALUES (?)", [(title,) for title in titles])])


def test_a_new_file_stands_at_nothing(path: Path) -> None:
    assert SqliteViewStore(path).begin([Shelf()]) == 0


def test_rows_and_position_are_there_when_the_file_is_opened_again(store: SqliteViewStore, path: Path) -> None:
    store.write(7, _titles("cup", "mug"))

    shelf = Shelf()
    position = SqliteViewStore(path).begin([shelf])

    assert position == 7
    assert shelf.known == [("cup",), ("mug",)]


def test_a_write_that_breaks_leaves_neither_rows_nor_position(store: SqliteViewStore, path: Path) -> None:
    store.write(1, _titles("cup"))

    with pytest.raises(sqlite3.IntegrityError):
        store.write(2, _titles("mug", "cup"))

    assert store.read("SELECT title FROM shelf") == [("cup",)]
    assert SqliteViewStore(path).begin([Shelf()]) == 1


def test_changes_that_break_while_they_are_made_leave_nothing(store: SqliteViewStore) -> None:
    def broken() -> Iterator[tuple[str, list[tuple[str]]]]:
        yield from _titles("cup")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(1, broken())
    store.write(1, _titles("mug"))

    assert store.read("SELECT title FROM shelf") == [("mug",)]


@pytest.mark.parametrize("views", [[Shelf(version=2)], [Shelf(), Shelf(name="other")], [Shelf(name="other")]])
def test_other_views_than_those_in_the_file_start_it_over(
    store: SqliteViewStore, path: Path, views: list[Shelf]
) -> None:
    store.write(7, _titles("cup"))

    again = SqliteViewStore(path)

    assert again.begin(views) == 0
    assert [view.known for view in views] == [[]] * len(views)


def test_a_start_that_breaks_leaves_the_file_as_it_was(store: SqliteViewStore, path: Path) -> None:
    store.write(7, _titles("cup"))
    broken = [Shelf(version=2), Shelf(name="other", more="CREATE NONSENSE;")]

    with pytest.raises(sqlite3.OperationalError):
        SqliteViewStore(path).begin(broken)

    assert SqliteViewStore(path).begin([Shelf()]) == 7
    assert store.read("SELECT title FROM shelf") == [("cup",)]


def test_a_start_that_broke_can_be_tried_again_on_the_same_connection(path: Path) -> None:
    store = SqliteViewStore(path)
    with pytest.raises(sqlite3.OperationalError):
        store.begin([Shelf(more="CREATE NONSENSE;")])

    assert store.begin([Shelf()]) == 0


def test_views_that_were_dropped_are_made_again_empty(path: Path) -> None:
    store = SqliteViewStore(path)
    store.begin(all_views())
    store.write(7, iter([("INSERT INTO words (title) VALUES (?)", [("cup",)])]))

    store.drop()

    assert store.begin(all_views()) == 0
    assert store.read("SELECT * FROM words") == []


def test_a_reader_cannot_write(store: SqliteViewStore) -> None:
    with pytest.raises(Outage):
        store.read("INSERT INTO shelf VALUES ('cup')")


def test_a_question_that_runs_away_is_stopped(store: SqliteViewStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caravan.adapters.sqlite_views._STEPS_MAX", 100)

    with pytest.raises(Outage):
        store.read("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")


def test_values_are_handed_to_a_question_by_place_or_by_name(store: SqliteViewStore) -> None:
    store.write(1, _titles("cup"))

    assert store.read("SELECT title FROM shelf WHERE title = ?", ["cup"]) == [("cup",)]
    assert store.read("SELECT title FROM shelf WHERE title = :title", {"title": "cup"}) == [("cup",)]
