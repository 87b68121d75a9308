"""Tests that a room's memory can be taken before it is written, and that nothing in it changes by that."""

import resource
import sys
from collections import deque
from collections.abc import Iterator
from threading import Event
from time import sleep

import numpy as np
import pytest

from caravan.cell import RoomKeeper, Table
from caravan.cell.room import Room, Stretch

SIZE = 32 << 20
WORDS = SIZE // 8


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def test_a_room_reads_as_zeros_and_keeps_what_is_written_when_it_is_prepared() -> None:
    room = Room(SIZE)
    words = room.array(np.dtype(np.int64), WORDS)
    words[7] = 42

    room.prepare(0, SIZE)

    assert words[7] == 42
    assert np.count_nonzero(words) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked to take memory before it is written")
def test_memory_that_was_prepared_is_written_without_a_fault() -> None:
    room, other = Room(SIZE), Room(SIZE)
    words, unprepared = (one.array(np.dtype(np.int64), WORDS) for one in (room, other))
    room.prepare(0, SIZE)

    before = _faults()
    words[:] = 1
    between = _faults()
    unprepared[:] = 1

    assert between - before < 100
    assert _faults() - between > 1_000


def test_preparing_past_the_end_stops_at_the_end() -> None:
    room = Room(SIZE)

    room.prepare(SIZE - 10, 4 * SIZE)

    assert not room.array(np.dtype(np.int64), WORDS)[-1]


def test_a_stretch_is_prepared_once_for_many_rows() -> None:
    asked: list[int] = []
    stretch, room = Stretch(), Room(SIZE)

    def rooms() -> list[tuple[Room, int]]:
        asked.append(1)
        return [(room, 8)]

    for rows in range(1, 4_000):
        stretch.keep_ahead(rows, 8_000, rooms)
        stretch.wait()
    stretch.keep_ahead(4_002, 8_000, rooms)

    assert len(asked) == 2


def test_a_stretch_is_prepared_a_step_at_a_time_and_only_where_it_is_not() -> None:
    stretch, room = Stretch(), Room(SIZE)

    first = sum(1 for _ in stretch.prepare(1, WORDS // 2, [(room, 8)]))
    again = sum(1 for _ in stretch.prepare(1, WORDS // 2, [(room, 8)]))
    rest = sum(1 for _ in stretch.prepare(1, WORDS, [(room, 8)]))

    assert (first, again, rest) == (8, 0, 8)


def test_a_table_has_memory_for_the_rows_it_made_room_for() -> None:
    table = Table(first=np.int64, second=np.int64, rare=np.int64)
    for _ in table.make_room(500_000, ("first", "second")):
        pass

    before = _faults()
    for name in ("first", "second"):
        table.whole(name)[1:500_001] = 7
    table.extend_to(500_001)

    assert _faults() - before < 100 or sys.platform != "linux"
    assert len(table) == 500_001
    assert not table.rare.any()


def test_a_keeper_makes_room_while_nothing_goes_on_and_waits_while_something_does() -> None:
    steps, idle = deque[int](), Event()

    def make_room() -> Iterator[None]:
        steps.append(1)
        yield
        steps.append(2)
        yield

    keeper = RoomKeeper(make_room, idle.is_set)
    keeper.start()
    sleep(0.1)
    while_busy = len(steps)
    idle.set()
    for _ in range(500):
        if 2 in steps:
            break
        sleep(0.01)
    keeper.stop()
    stopped = len(steps)
    sleep(0.1)

    assert while_busy == 0
    assert 2 in steps
    assert len(steps) == stopped
