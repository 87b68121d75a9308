"""Indexes in compiled code, looked into thousands of times at once: from two numbers to one, and from marks to rows."""

from collections.abc import Iterator

import numpy as np
from numba import njit

from caravan.cell.facts import owned
from caravan.cell.mixing import mixed
from caravan.cell.prefetch import prefetch
from caravan.cell.room import Room, Stretch

_CAPACITY_FIRST = 4096
# A room is filled to a half, and of a new one no more than this is taken by what moves there.
_FILLED_FIRST = 0.4
# From this size on, the memory of the next room is taken beside the writer while the last quarter of this one fills up.
_CAPACITY_LARGE = 1 << 17
# While an index moves to a larger room, each insertion moves so many old slots for each new one, and so many more.
_MOVED_PER_PAIR = 4
_MOVED_LEAST = 1024
# A mark's slot: the number of its row below, of its hash this much above.
_ROW_BITS = 32
_ROW = (1 << _ROW_BITS) - 1
# The slots of so many marks are brought from memory together.
_AHEAD = 128


@njit(cache=True, nogil=True)
def _mix(first: int, second: int) -> np.uint64:
    return mixed(np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(second))


@njit(cache=True, nogil=True)
def _find(slots: np.ndarray, firsts: np.ndarray, seconds: np.ndarray, values: np.ndarray) -> None:
    """Fill in the values that are still 0."""
    mask = np.uint64(slots.shape[0] - 1)
    for row in range(firsts.shape[0]):
        if values[row] != 0:
            continue
        place = _mix(firsts[row], seconds[row]) & mask
        while slots[place, 2] != 0:
            if slots[place, 0] == firsts[row] and slots[place, 1] == seconds[row]:
                values[row] = slots[place, 2]
                break
            place = (place + np.uint64(1)) & mask


@njit(cache=True, nogil=True)
def _insert(slots: np.ndarray, firsts: np.ndarray, seconds: np.ndarray, values: np.ndarray) -> int:
    mask = np.uint64(slots.shape[0] - 1)
    added = 0
    for row in range(firsts.shape[0]):
        place = _mix(firsts[row], seconds[row]) & mask
        while slots[place, 2] != 0 and not (slots[place, 0] == firsts[row] and slots[place, 1] == seconds[row]):
            place = (place + np.uint64(1)) & mask
        if slots[place, 2] == 0:
            added += 1
        slots[place, 0] = firsts[row]
        slots[place, 1] = seconds[row]
        slots[place, 2] = values[row]
    return added


@njit(cache=True, nogil=True)
def _move(old: np.ndarray, start: int, stop: int, slots: np.ndarray) -> int:
    """Copy old slots into the new room, but for those that are there already; give how many came."""
    mask = np.uint64(slots.shape[0] - 1)
    added = 0
    for row in range(start, stop):
        if old[row, 2] == 0:
            continue
        place = _mix(old[row, 0], old[row, 1]) & mask
        while slots[place, 2] != 0 and not (slots[place, 0] == old[row, 0] and slots[place, 1] == old[row, 1]):
            place = (place + np.uint64(1)) & mask
        if slots[place, 2] == 0:
            slots[place] = old[row]
            added += 1
    return added


@njit(cache=True, nogil=True)
def _reach(slots: np.ndarray, highs: np.ndarray, lows: np.ndarray) -> None:
    """Have the slots of some marks brought at once, so that memory need not be waited for one by one."""
    mask = slots.shape[0] - 1
    for row in range(highs.shape[0]):
        prefetch(slots, np.int64(_mix(highs[row], lows[row]) & np.uint64(_ROW)) & mask)


@njit(cache=True, nogil=True)
def _find_marks(  # Compiled code takes arrays, not objects.
    slots: np.ndarray, high: np.ndarray, low: np.ndarray, highs: np.ndarray, lows: np.ndarray, found: np.ndarray,
    least: int,
) -> None:  # fmt: skip
    """Fill in the rows that are still 0, from `least` on; `high` and `low` are the marks of all rows."""
    mask = slots.shape[0] - 1
    for row in range(highs.shape[0]):
        if row % _AHEAD == 0:
            _reach(slots, highs[row : row + _AHEAD], lows[row : row + _AHEAD])
        if found[row] != 0:
            continue
        tag = np.int64(_mix(highs[row], lows[row]) & np.uint64(_ROW))
        place = tag & mask
        while slots[place] != 0:
            other = slots[place] & _ROW
            if (slots[place] >> _ROW_BITS) & _ROW == tag and high[other] == highs[row] and low[other] == lows[row]:
                if other >= least:
                    found[row] = other
                break
            place = (place + 1) & mask


@njit(cache=True, nogil=True)
def _insert_marks(slots: np.ndarray, high: np.ndarray, low: np.ndarray, rows: np.ndarray) -> int:
    """Note under which marks rows stand; a row takes the place of an earlier one of the same mark."""
    mask = slots.shape[0] - 1
    added = 0
    for number in range(rows.shape[0]):
        if number % _AHEAD == 0:
            soon = rows[number : number + _AHEAD]
            _reach(slots, high[soon], low[soon])
        row = rows[number]
        tag = np.int64(_mix(high[row], low[row]) & np.uint64(_ROW))
        place = tag & mask
        while slots[place] != 0:
            other = slots[place] & _ROW
            if (slots[place] >> _ROW_BITS) & _ROW == tag and high[other] == high[row] and low[other] == low[row]:
                break
            place = (place + 1) & mask
        if slots[place] == 0:
            added += 1
        slots[place] = tag << _ROW_BITS | row
    return added


@njit(cache=True, nogil=True)
def _move_marks(old: np.ndarray, start: int, stop: int, slots: np.ndarray, least: int) -> int:
    """Copy old slots from row `least` on into the new room; give how many came. What is later there is found first."""
    mask = slots.shape[0] - 1
    added = 0
    for slot in old[start:stop]:
        if slot & _ROW < least or slot == 0:
            continue
        place = (slot >> _ROW_BITS) & mask
        while slots[place] != 0:
            place = (place + 1) & mask
        slots[place] = slot
        added += 1
    return added


class _Slots:
    """Slots found by open addressing with linear probing, filled to a half.

    They never stop to grow: they move to a larger room a few at a time, with each insertion.
    """

    _width = 1  # in words of 64 bits

    def __init__(self) -> None:
        self._slots = self._laid_out(Room(_CAPACITY_FIRST * self._width * 8), _CAPACITY_FIRST)
        self._next: tuple[np.ndarray, Stretch] | None = None
        self._filled = 0
        self._old: np.ndarray | None = None
        self._moved = 0

    @property
    def capacity(self) -> int:
        """Give how many slots there are; half of them are filled at most."""
        return int(self._slots.shape[0])

    def make_room(self, count: int) -> Iterator[None]:
        """Take memory for so many more, a step at a time; may be called beside whoever inserts."""
        capacity = self._capacity_for(self._filled, count)
        if capacity <= self._slots.shape[0] or (self._next is not None and self._next[0].shape[0] >= capacity):
            return
        room, ahead = self._room(capacity), Stretch()
        yield from ahead.prepare(0, capacity, [(room, self._width * 8)])
        self._next = (self._laid_out(room, capacity), ahead)

    def _parts(self) -> tuple[np.ndarray, ...]:
        return (self._slots,) if self._old is None else (self._slots, self._old)

    def _reserve(self, count: int) -> None:
        capacity = self._slots.shape[0]
        filled = (self._filled + count) * 2
        if filled > capacity * 3 // 4 and capacity >= _CAPACITY_LARGE and self._next is None:
            capacity_next = self._capacity_for(capacity // 2, 0)
            room, ahead = self._room(capacity_next), Stretch()
            ahead.keep_ahead(0, capacity_next, lambda: [(room, self._width * 8)])
            self._next = (self._laid_out(room, capacity_next), ahead)
        if filled <= capacity:
            return
        if self._old is not None:
            self._move_some(self._old.shape[0])
        capacity = self._capacity_for(self._filled, count)
        self._old, self._moved, self._filled = self._slots, 0, 0
        if self._next is not None and self._next[0].shape[0] >= capacity:
            self._slots = self._next[0]
        else:
            self._slots = self._laid_out(self._room(capacity), capacity)
        self._next = None

    def _move_along(self, count: int) -> None:
        """Go on moving, by so much as `count` insertions pay for."""
        if self._old is not None:
            self._move_some(_MOVED_PER_PAIR * count + _MOVED_LEAST)

    def _move_some(self, count: int) -> None:
        assert self._old is not None
        stop = min(self._moved + count, self._old.shape[0])
        self._filled += self._copied(self._old, self._moved, stop)
        self._moved = stop
        if stop == self._old.shape[0]:
            self._old = None

    def _copied(self, old: np.ndarray, start: int, stop: int) -> int:
        raise NotImplementedError

    def _capacity_for(self, kept: int, added: int) -> int:
        capacity = _CAPACITY_FIRST
        while capacity * _FILLED_FIRST < kept + added:
            capacity *= 2
        return capacity

    def _room(self, capacity: int) -> Room:
        room = Room(capacity * self._width * 8)
        if capacity >= _CAPACITY_LARGE:
            room.enlarge_pages()
        return room

    def _laid_out(self, room: Room, capacity: int) -> np.ndarray:
        slots = room.array(np.dtype(np.int64), capacity * self._width)
        return slots if self._width == 1 else slots.reshape(capacity, self._width)


class Index(_Slots):
    """An index over int64 pairs; a value of 0 means absent, so values begin at 1."""

    _width = 3

    def find(self, firsts: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Look up pairs; 0 where one is not known. Shapes: int64 [n], [n] -> [n]."""
        values = np.zeros(firsts.shape[0], np.int64)
        firsts, seconds = owned(firsts), owned(seconds)
        for slots in self._parts():
            _find(slots, firsts, seconds, values)
        return values

    def insert(self, firsts: np.ndarray, seconds: np.ndarray, values: np.ndarray) -> None:
        """Set the values of pairs, known before or not."""
        self._reserve(firsts.shape[0])
        self._filled += int(_insert(self._slots, owned(firsts), owned(seconds), owned(values)))
        self._move_along(firsts.shape[0])

    def pairs(self) -> np.ndarray:
        """Give all pairs with their values, sorted by value; shape int64 [n, 3]. Equal contents give equal arrays."""
        if self._old is not None:
            self._move_some(self._old.shape[0])
        filled = self._slots[self._slots[:, 2] != 0]
        ordered: np.ndarray = filled[np.lexsort((filled[:, 1], filled[:, 0], filled[:, 2]))]
        return ordered

    def _copied(self, old: np.ndarray, start: int, stop: int) -> int:
        return int(_move(old, start, stop, self._slots))


class Marks(_Slots):
    """An index from marks, two words each, to the rows of a table that bear them: eight bytes a slot beside the words.

    The table keeps the words, in two columns that every call names. Rows are below 2**31, and later ones are inserted
    later. With `forget_below` the earliest age out: they are gone for `find` at once, and from memory with the next move.
    """

    def __init__(self) -> None:
        super().__init__()
        self._least, self._most = 1, 0

    def find(self, table: tuple[np.ndarray, np.ndarray], high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Look up marks; 0 where no row bears one. Shapes: `table` two int64 [rows], int64 [n], [n] -> [n]."""
        found = np.zeros(high.shape[0], np.int64)
        high, low = owned(high), owned(low)
        for slots in self._parts():
            _find_marks(slots, *table, high, low, found, self._least)
        return found

    def insert(self, table: tuple[np.ndarray, np.ndarray], rows: np.ndarray) -> None:
        """Note the marks of these rows, int64 [n] and rising; an earlier row of the same mark is forgotten."""
        self._reserve(rows.shape[0])
        self._most = max(self._most, int(rows[-1]) if len(rows) else 0)
        self._filled += int(_insert_marks(self._slots, *table, owned(rows)))
        self._move_along(rows.shape[0])

    def forget_below(self, row: int) -> None:
        """Let go of the marks of all rows below this one."""
        self._least = max(self._least, row)

    def _copied(self, old: np.ndarray, start: int, stop: int) -> int:
        return int(_move_marks(old, start, stop, self._slots, self._least))

    def _capacity_for(self, kept: int, added: int) -> int:
        if self._least > 1:  # No more are alive than there are rows that still count.
            kept = min(kept, max(self._most - self._least + 1, 0))
        return super()._capacity_for(kept, added)
