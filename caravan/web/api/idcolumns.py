"""Public ids in columns: thousands read and written at a time, in compiled code; `kernel/ids.py` says what they are."""

import numpy as np
import pyarrow as pa
from numba import njit

from caravan.kernel import ids

_PREFIX = 4  # Three letters and an underscore; ids with a shorter one do not come in columns.
_LENGTH = _PREFIX + ids.DIGITS
_VALUE_OF = np.full(256, -1, np.int64)
_VALUE_OF[np.frombuffer(ids.ALPHABET.encode(), np.uint8)] = np.arange(32)
_LETTERS = np.frombuffer(ids.ALPHABET.encode(), np.uint8).copy()


def read(kind: object, column: pa.Array) -> tuple[np.ndarray, int]:
    """Give the numbers of a column of text, int64 [n], and the first row that is no such id, or -1."""
    column = column.cast(pa.string())
    offsets = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4)
    data = column.buffers()[2]
    letters = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    found = np.zeros(len(column), np.int64)
    return found, int(_read(letters, offsets, _prefix(kind), found))


def write(kind: object, numbers: np.ndarray) -> pa.Array:
    """Give numbers as a column of text; 0 becomes an empty text."""
    offsets = np.concatenate([[0], np.cumsum(np.where(numbers > 0, _LENGTH, 0))]).astype(np.int32)
    letters = np.zeros(int(offsets[-1]), np.uint8)
    _write(np.asarray(numbers, np.int64), offsets, _prefix(kind), letters)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters))


def _prefix(kind: object) -> np.ndarray:
    prefix = np.frombuffer(f"{ids.PREFIXES[kind]}_".encode(), np.uint8)  # type: ignore[index]
    assert len(prefix) == _PREFIX, kind
    return prefix.copy()


@njit(cache=True, nogil=True)
def _read(letters: np.ndarray, offsets: np.ndarray, prefix: np.ndarray, found: np.ndarray) -> int:
    for row in range(found.shape[0]):
        first = offsets[row]
        if offsets[row + 1] - first != _LENGTH:
            return row
        for place in range(_PREFIX):
            if letters[first + place] != prefix[place]:
                return row
        value = 0
        for place in range(first + _PREFIX, first + _LENGTH):
            digit = _VALUE_OF[letters[place]]
            if digit < 0:
                return row
            value = value << 5 | digit
        found[row] = value
    return -1


@njit(cache=True, nogil=True)
def _write(numbers: np.ndarray, offsets: np.ndarray, prefix: np.ndarray, letters: np.ndarray) -> None:
    for row in range(numbers.shape[0]):
        first, rest = offsets[row], numbers[row]
        if offsets[row + 1] == first:
            continue
        for place in range(_PREFIX):
            letters[first + place] = prefix[place]
        for place in range(first + _LENGTH - 1, first + _PREFIX - 1, -1):
            letters[place] = _LETTERS[rest & 31]
            rest >>= 5
