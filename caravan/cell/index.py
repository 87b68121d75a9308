"""An index from two numbers to one, in compiled code: how accounts and references are found a batch at a time."""

import numpy as np
from numba import njit

from caravan.cell.facts import owned
from caravan.cell.room import Room, Stretch

_CAPACITY_FIRST = 4096
# A room is filled to a half, and of a new one no more than this is taken by what moves there.
_FILLED_FIRST = 0.4
# From this size on, the memory of the next room is taken beside the writer while the last quarter of this one fills up.
_CAPACITY_LARGE = 1 << 17
_WIDTH_BYTES = 3 * 8
# While an index moves to a larger room, each insertion moves so many old slots for each new pair, and so many more.
_MOVED_PER_PAIR = 4
_MOVED_LEAST = 1024


@njit(cache=True, nogil=True)
def _mix(first: int, second: int) -> np.uint64:
    # The finalizer of SplitMix64 (Steele, Lea and Flood 2014), over both words.
    word = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(second)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(cache=True, nogil=True)
def _find(slots: np.ndarray, firsts: np.ndarray, seconds: np.ndarray, values: np.ndarray, least: int) -> None:
    """Fill in the values that are still 0, from slots whose value is at least `least`."""
    mask = np.uint64(slots.shape[0] - 1)
    for row in range(firsts.shape[0]):
        if values[row] != 0:
            continue
        place = _mix(firsts[row], seconds[row]) & mask
        while slots[place, 2] != 0:
            if slots[place, 0] == firsts[row] and slots[place, 1] == seconds[row]:
                if slots[place, 2] >= least:
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
def _move(old: np.ndarray, start: int, stop: int, slots: np.ndarray, least: int) -> int:
    """Copy old slots into the new room, but for those that are there already or below `least`; give how many came."""
    mask = np.uint64(slots.shape[0] - 1)
    added = 0
    for row in range(start, stop):
        if old[row, 2] == 0 or old[row, 2] < least:
            continue
        place = _mix(old[row, 0], old[row, 1]) & mask
        while slots[place, 2] != 0 and not (slots[place, 0] == old[row, 0] and slots[place, 1] == old[row, 1]):
            place = (place + np.uint64(1)) & mask
        if slots[place, 2] == 0:
            slots[place] = old[row]
            added += 1
    return added


class Index:
    """Open addressing with linear probing over int64 pairs; a value of 0 means absent, so values begin at 1.

    It never stops to grow: it moves to a larger room a few slots at a time, with each insertion. Where each pair has
    a value of its own and they only rise, `forget_below` ages the oldest out; they are gone for `find` at once, and from memory with the next move.
    """

    def __init__(self) -> None:
        self._slots = _slots(Room(_CAPACITY_FIRST * _WIDTH_BYTES), _CAPACITY_FIRST)
        self._next: tuple[np.ndarray, Stretch] | None = None
        self._filled = 0
        self._old: np.ndarray | None = None
        self._moved = 0
        self._least, self._most = 1, 0

    def find(self, firsts: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Look up pairs; 0 where one is not known. Shapes: int64 [n], [n] -> [n]."""
        values = np.zeros(firsts.shape[0], np.int64)
        firsts, seconds = owned(firsts), owned(seconds)
        _find(self._slots, firsts, seconds, values, self._least)
        if self._old is not None:
            _find(self._old, firsts, seconds, values, self._least)
        return values

    def insert(self, firsts: np.ndarray, seconds: np.ndarray, values: np.ndarray) -> None:
        """Set the values of pairs, known before or not."""
        count = firsts.shape[0]
        self._reserve(count)
        self._most = max(self._most, int(values.max(initial=0)))
        self._filled += int(_insert(self._slots, owned(firsts), owned(seconds), owned(values)))
        if self._old is not None:
            self._move(_MOVED_PER_PAIR * count + _MOVED_LEAST)

    def forget_below(self, value: int) -> None:
        """Let go of all pairs whose value is below this one."""
        self._least = max(self._least, value)

    def pairs(self) -> np.ndarray:
        """Give all pairs with their values, sorted by value; shape int64 [n, 3]. Equal contents give equal arrays."""
        if self._old is not None:
            self._move(self._old.shape[0])
        filled = self._slots[self._slots[:, 2] >= self._least]
        ordered: np.ndarray = filled[np.lexsort((filled[:, 1], filled[:, 0], filled[:, 2]))]
        return ordered

    def _reserve(self, count: int) -> None:
        capacity = self._slots.shape[0]
        filled = (self._filled + count) * 2
        if filled > capacity * 3 // 4 and capacity >= _CAPACITY_LARGE and self._next is None:
            self._next = _prepared(self._capacity_for(capacity // 2))
        if filled <= capacity:
            return
        if self._old is not None:
            self._move(self._old.shape[0])
        capacity = self._capacity_for(self._filled + count)
        self._old, self._moved, self._filled = self._slots, 0, 0
        if self._next is not None and self._next[0].shape[0] >= capacity:
            self._slots = self._next[0]
        else:
            self._slots = _slots(Room(capacity * _WIDTH_BYTES), capacity)
        self._next = None

    def _capacity_for(self, pairs: int) -> int:
        if self._least > 1:  # Where values age out each pair has its own: no more are alive than are still counted.
            pairs = min(pairs, max(self._most - self._least + 1, 0))
        capacity = _CAPACITY_FIRST
        while capacity * _FILLED_FIRST < pairs:
            capacity *= 2
        return capacity

    def _move(self, count: int) -> None:
        assert self._old is not None
        stop = min(self._moved + count, self._old.shape[0])
        self._filled += int(_move(self._old, self._moved, stop, self._slots, self._least))
        self._moved = stop
        if stop == self._old.shape[0]:
            self._old = None


def _slots(room: Room, capacity: int) -> np.ndarray:
    return room.array(np.dtype(np.int64), capacity * 3).reshape(capacity, 3)


def _prepared(capacity: int) -> tuple[np.ndarray, Stretch]:
    """Make room for so many slots whose memory is taken in a thread."""
    room, ahead = Room(capacity * _WIDTH_BYTES), Stretch()
    room.enlarge_pages()
    ahead.keep_ahead(0, capacity, lambda: [(room, _WIDTH_BYTES)])
    return _slots(room, capacity), ahead
