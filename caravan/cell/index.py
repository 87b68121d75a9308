"""An index from two numbers to one, in compiled code: how accounts and references are found a batch at a time."""

import numpy as np
from numba import njit

_CAPACITY_FIRST = 4096


@njit(cache=True, nogil=True)
def _mix(first: int, second: int) -> np.uint64:
    # The finalizer of SplitMix64 (Steele, Lea and Flood 2014), over both words.
    word = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(second)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(cache=True, nogil=True)
def _find(slots: np.ndarray, firsts: np.ndarray, seconds: np.ndarray, values: np.ndarray) -> None:
    mask = np.uint64(slots.shape[0] - 1)
    for row in range(firsts.shape[0]):
        place = _mix(firsts[row], seconds[row]) & mask
        values[row] = 0
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


class Index:
    """Open addressing with linear probing over int64 pairs; a value of 0 means absent, so values begin at 1."""

    def __init__(self) -> None:
        self._slots = np.zeros((_CAPACITY_FIRST, 3), np.int64)
        self._filled = 0

    def __len__(self) -> int:
        """Give how many pairs are known."""
        return self._filled

    def find(self, firsts: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Look up pairs; 0 where one is not known. Shapes: int64 [n], [n] -> [n]."""
        values = np.empty(firsts.shape[0], np.int64)
        _find(self._slots, _words(firsts), _words(seconds), values)
        return values

    def insert(self, firsts: np.ndarray, seconds: np.ndarray, values: np.ndarray) -> None:
        """Set the values of pairs, known before or not."""
        self._reserve(self._filled + firsts.shape[0])
        self._filled += int(_insert(self._slots, _words(firsts), _words(seconds), _words(values)))

    def pairs(self) -> np.ndarray:
        """Give all pairs with their values, sorted by value; shape int64 [n, 3]. Equal contents give equal arrays."""
        filled = self._slots[self._slots[:, 2] != 0]
        ordered: np.ndarray = filled[np.lexsort((filled[:, 1], filled[:, 0], filled[:, 2]))]
        return ordered

    def _reserve(self, count: int) -> None:
        capacity = self._slots.shape[0]
        if count * 2 <= capacity:
            return
        while count * 2 > capacity:
            capacity *= 2
        old = self._slots[self._slots[:, 2] != 0]
        self._slots = np.zeros((capacity, 3), np.int64)
        _insert(self._slots, _words(old[:, 0]), _words(old[:, 1]), _words(old[:, 2]))


def _words(numbers: np.ndarray) -> np.ndarray:
    """Give the numbers as the one array type that the kernels are compiled for."""
    return np.array(numbers, np.int64)
