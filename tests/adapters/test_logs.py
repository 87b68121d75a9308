"""The contract of a log, held against every store that there is: in memory, in SQLite, in PostgreSQL."""

import functools
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from caravan.adapters.memory import MemoryLog
from caravan.adapters.postgres import PostgresLog
from caravan.adapters.sqlite import SqliteLog
from caravan.bootstrap import open_log
from caravan.cell import Cell, Frame, Log, StaleWriter
from caravan.cell.frame import seal
from caravan.config import Settings
from caravan.kernel.clock import FixedClock
from caravan.kernel.errors import Outage
from tests.cell.notes import KINDS, LAYOUTS, House, frames, note, texts

Open = Callable[[], Log]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def reopen(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Lend a way to open one and the same log as often as a test likes."""
    opened: list[Log] = []
    make = _opener(request)

    def reopen() -> Log:
        opened.append(make())
        return opened[-1]

    yield reopen
    for log in opened:
        log.close()


def _opener(request: pytest.FixtureRequest) -> Open:
    if request.param == "memory":
        log = MemoryLog()
        return lambda: log
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("tmp_path") / "log.db"
        return lambda: SqliteLog(path)
    url: str = request.getfixturevalue("fresh_postgres_url")
    return lambda: PostgresLog(url)


def test_an_empty_log_has_no_head_and_nothing_to_read(reopen: Open) -> None:
    log = reopen()

    assert log.head() is None
    assert list(log.read()) == []
    assert log.layouts() == {}


def test_frames_are_read_in_the_order_in_which_they_were_written(reopen: Open) -> None:
    log = reopen()
    chain = frames(40, epoch=log.take_over())

    for frame in chain:
        log.append(frame, {})

    assert list(log.read()) == chain
    assert log.head() == chain[-1]


@pytest.mark.parametrize("after", [0, 1, 15, 16, 17, 39, 40, 41])
def test_reading_begins_right_behind_a_frame(reopen: Open, after: int) -> None:
    log = reopen()
    chain = frames(40, epoch=log.take_over())
    for frame in chain:
        log.append(frame, {})

    assert list(log.read(after=after)) == chain[after:]


def test_what_was_acknowledged_is_there_when_the_log_is_opened_again(reopen: Open) -> None:
    log = reopen()
    [frame] = frames(1, epoch=log.take_over())

    log.append(frame, LAYOUTS)

    again = reopen()
    assert again.head() == frame
    assert list(again.read()) == [frame]
    assert again.layouts() == LAYOUTS


def test_a_layout_is_stored_once_however_often_it_comes(reopen: Open) -> None:
    log = reopen()

    for frame in frames(3, epoch=log.take_over()):
        log.append(frame, LAYOUTS)

    assert log.layouts() == LAYOUTS


def test_every_writer_has_an_epoch_above_all_before(reopen: Open) -> None:
    first, second = reopen(), reopen()

    epochs = [first.take_over(), second.take_over(), first.take_over(), reopen().take_over()]

    assert epochs == [1, 2, 3, 4]


def test_a_writer_is_refused_once_another_has_taken_over_and_leaves_nothing(reopen: Open) -> None:
    stale, fresh = reopen(), reopen()
    first, second = frames(2, epoch=stale.take_over())
    stale.append(first, {})
    fresh.take_over()

    with pytest.raises(StaleWriter):
        stale.append(second, LAYOUTS)

    assert list(fresh.read()) == [first]
    assert fresh.layouts() == {}


def test_whoever_took_over_goes_on_where_the_other_stopped(reopen: Open) -> None:
    stale, fresh = reopen(), reopen()
    old = frames(2, epoch=stale.take_over())
    for frame in old:
        stale.append(frame, {})

    new = frames(2, after=old[-1], epoch=fresh.take_over())
    for frame in new:
        fresh.append(frame, {})

    assert list(fresh.read()) == [*old, *new]


@pytest.mark.parametrize("skipped", [0, 1, 3, 4])
def test_a_frame_that_does_not_follow_the_last_is_not_acknowledged(reopen: Open, skipped: int) -> None:
    log = reopen()
    chain = frames(5, epoch=log.take_over())
    log.append(chain[0], {})
    log.append(chain[1], {})

    with pytest.raises(Outage):
        log.append(chain[skipped], LAYOUTS)

    assert list(log.read()) == chain[:2]
    assert log.layouts() == {}


def test_the_writer_can_go_on_after_a_frame_was_refused(reopen: Open) -> None:
    log = reopen()
    chain = frames(2, epoch=log.take_over())
    with pytest.raises(Outage):
        log.append(chain[1], {})

    for frame in chain:
        log.append(frame, {})

    assert list(log.read()) == chain


def test_a_frame_of_many_megabytes_comes_back_byte_for_byte(reopen: Open) -> None:
    log = reopen()
    epoch = log.take_over()
    body = bytes(range(256)) * 65_536
    [small] = frames(1, epoch=epoch)
    big = seal([], after=small, epoch=epoch, written_at=2**62)._replace(body=body)

    log.append(small, {})
    log.append(big, {})

    assert list(reopen().read()) == [small, big]


def test_reading_sees_what_is_written_meanwhile(reopen: Open) -> None:
    log = reopen()
    chain = frames(40, epoch=log.take_over())
    for frame in chain[:20]:
        log.append(frame, {})
    reading = reopen().read()
    seen = [next(reading) for _ in range(5)]

    for frame in chain[20:]:
        log.append(frame, {})

    assert [*seen, *reading][:20] == chain[:20]
    assert list(reopen().read(after=20)) == chain[20:]


def test_a_cell_runs_on_it_and_finds_its_state_again(reopen: Open) -> None:
    cell = _cell(reopen())
    for text in "abc":
        cell.do(note, text)

    again = _cell(reopen())

    assert again.ask(texts) == ["a", "b", "c"]
    assert again.digest() == cell.digest()
    assert (again.epoch, again.position) == (2, 3)
    again.close()


def _cell(log: Log) -> Cell[House]:
    house = House()
    return Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock())


def test_a_log_in_memory_fails_when_it_is_told_to() -> None:
    log = MemoryLog()
    first, second = frames(2, epoch=log.take_over())
    log.fails_from = 2
    log.append(first, {})

    with pytest.raises(Outage):
        log.append(second, {})

    assert log.head() == first


def test_a_file_that_is_no_database_is_an_outage(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"This is a letter to my aunt. " * 4_000)

    with pytest.raises(Outage):
        SqliteLog(path)


@pytest.mark.parametrize("call", [lambda log: log.head(), lambda log: log.layouts(), lambda log: log.take_over()])
def test_a_sqlite_log_that_was_closed_is_an_outage(tmp_path: Path, call: Callable[[Log], object]) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.close()

    with pytest.raises(Outage):
        call(log)


def test_a_damaged_sqlite_log_gives_every_frame_before_the_damage(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    chain = frames(12, epoch=log.take_over(), text=random.Random(1).randbytes(50_000).hex())
    for frame in chain:
        log.append(frame, {})
    log.close()
    whole = bytearray((tmp_path / "log.db").read_bytes())
    place = whole.index(chain[8].checksum) // 32_768 * 32_768
    whole[place : place + 32_768] = bytes(32_768)
    (tmp_path / "log.db").write_bytes(whole)

    seen: list[Frame] = []
    with pytest.raises(Outage):
        seen.extend(SqliteLog(tmp_path / "log.db").read())

    assert 0 < len(seen) <= 8
    assert seen == chain[: len(seen)]


def test_the_settings_choose_where_the_log_is(tmp_path: Path, fresh_postgres_url: str) -> None:
    at_home, away = open_log(Settings(home=tmp_path)), open_log(Settings(home=tmp_path, log_url=fresh_postgres_url))

    assert isinstance(at_home, SqliteLog)
    assert isinstance(away, PostgresLog)

    at_home.close()
    away.close()


@pytest.mark.parametrize("setting", ["off", "local", "remote_write"])
def test_a_server_that_acknowledges_before_it_is_durable_is_refused(fresh_postgres_url: str, setting: str) -> None:
    with pytest.raises(Outage, match=f"synchronous_commit = {setting}"):
        PostgresLog(f"{fresh_postgres_url}%20-csynchronous_commit%3D{setting}")


def test_a_take_over_waits_for_the_append_that_is_on_its_way(fresh_postgres_url: str) -> None:
    log = PostgresLog(fresh_postgres_url)
    epochs: list[int] = []
    with psycopg.connect(fresh_postgres_url) as appending:
        appending.execute("SELECT epoch FROM epochs WHERE epoch = 0 FOR SHARE")
        thread = threading.Thread(target=lambda: epochs.append(log.take_over()))
        thread.start()

        thread.join(0.3)
        assert epochs == []

    thread.join(10)
    assert epochs == [1]
    log.close()


def test_an_append_that_waited_for_a_take_over_is_refused(fresh_postgres_url: str) -> None:
    stale = PostgresLog(fresh_postgres_url)
    [frame] = frames(1, epoch=stale.take_over())
    refused: list[BaseException] = []
    with psycopg.connect(fresh_postgres_url) as taking:
        taking.execute("SELECT epoch FROM epochs WHERE epoch = 0 FOR UPDATE")
        thread = threading.Thread(target=lambda: refused.append(_error_of(lambda: stale.append(frame, {}))))
        thread.start()
        taking.execute("INSERT INTO epochs (epoch) SELECT max(epoch) + 1 FROM epochs")
    thread.join(10)

    assert [type(error) for error in refused] == [StaleWriter]
    assert stale.head() is None
    stale.close()


def test_two_processes_that_start_at_once_share_the_tables(fresh_postgres_url: str) -> None:
    logs: list[PostgresLog] = []
    threads = [threading.Thread(target=lambda: logs.append(PostgresLog(fresh_postgres_url))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(log.take_over() for log in logs) == [1, 2, 3, 4]
    for log in logs:
        log.close()


def test_a_server_that_went_away_is_an_outage(fresh_postgres_url: str) -> None:
    log = PostgresLog(fresh_postgres_url)
    [frame] = frames(1, epoch=log.take_over())
    with psycopg.connect(fresh_postgres_url, autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    with pytest.raises(Outage):
        log.append(frame, {})
    with pytest.raises(Outage):
        log.head()


def test_a_server_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(Outage):
        PostgresLog("postgresql://nobody@127.0.0.1:1/nothing")


def _error_of(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except BaseException as error:  # noqa: BLE001  # Whatever it is, the test looks at it.
        return error
    return AssertionError("It was not refused.")


@pytest.fixture(params=["sqlite", "postgres"])
def open_as(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Log]]:
    """Lend a way to open one and the same log, to write or only to read."""
    opened: list[Log] = []
    url = request.getfixturevalue("fresh_postgres_url") if request.param == "postgres" else ""

    def open_as(part: str) -> Log:
        is_reader = part == "reader"
        log = PostgresLog(url, is_reader=is_reader) if url else SqliteLog(tmp_path / "log.db", is_reader=is_reader)
        opened.append(log)
        return log

    yield open_as
    for log in opened:
        log.close()


def test_a_reader_sees_what_is_written_and_its_writer_goes_on(open_as: Callable[[str], Log]) -> None:
    writer = open_as("writer")
    first, second = frames(2, epoch=writer.take_over())
    writer.append(first, LAYOUTS)

    reader = open_as("reader")
    seen = reader.head()
    writer.append(second, {})

    assert seen == first
    assert list(reader.read()) == [first, second]
    assert reader.layouts() == LAYOUTS


def test_a_reader_cannot_take_a_log_over_or_add_to_it(open_as: Callable[[str], Log]) -> None:
    writer = open_as("writer")
    first, second = frames(2, epoch=writer.take_over())
    writer.append(first, {})
    reader = open_as("reader")

    with pytest.raises(Outage):
        reader.take_over()
    with pytest.raises(Outage):
        reader.append(second, {})

    writer.append(second, {})
    assert writer.head() == second


def test_a_reader_of_a_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(Outage):
        SqliteLog(tmp_path / "log.db", is_reader=True)

    assert not list(tmp_path.iterdir())


def test_a_log_is_read_after_its_writer_was_killed(tmp_path: Path) -> None:
    writer = SqliteLog(tmp_path / "log.db")
    [frame] = frames(1, epoch=writer.take_over())
    writer.append(frame, LAYOUTS)
    for name in ("log.db", "log.db-wal"):  # As a process that never closed its file leaves them.
        (tmp_path / "left").mkdir(exist_ok=True)
        (tmp_path / "left" / name).write_bytes((tmp_path / name).read_bytes())
    writer.close()

    reader = SqliteLog(tmp_path / "left" / "log.db", is_reader=True)

    assert reader.head() == frame
    reader.close()


class _Held(sqlite3.Cursor):
    """A cursor that stops half-way through what it has found, in the one thread that is told to."""

    held: threading.Thread | None = None
    stands, goes_on = threading.Event(), threading.Event()

    def fetchall(self) -> list[object]:
        if threading.current_thread() is _Held.held:
            _Held.stands.set()
            assert _Held.goes_on.wait(10)
        return super().fetchall()


class _Holding(sqlite3.Connection):
    def cursor(self, *_: object) -> _Held:  # type: ignore[override]
        return super().cursor(_Held)


def test_who_reads_beside_a_slow_reader_sees_what_became_durable_since(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", connect=functools.partial(sqlite3.connect, factory=_Holding))
    chain = frames(4, epoch=log.take_over())
    for frame in chain[:3]:
        log.append(frame, {})
    seen: list[Frame] = []
    slow = _Held.held = threading.Thread(target=lambda: list(log.read()))
    quick = threading.Thread(target=lambda: seen.extend(log.read(after=3)))

    slow.start()
    assert _Held.stands.wait(10)
    log.append(chain[3], {})
    quick.start()
    quick.join(0.3)
    _Held.goes_on.set()
    for thread in (slow, quick):
        thread.join(10)

    assert seen == chain[3:]
    log.close()
