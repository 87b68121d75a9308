"""How alike two records are, field by field: six levels from nothing known to the same, in compiled code."""

import numpy as np
from numba import njit

from caravan.insight.likeness.text import FAR, edits, is_equal, likeness, likeness_at_most

# What a field is, as far as comparing it goes.
NAME = 0
DATE = 1
NUMBER = 2  # a number of a document, a phone: any digit may be mistyped
POSTCODE = 3
PLACE = 4  # a street, a town, an occupation: words
EMAIL = 5
CHOICE = 6  # one of a few: a state, a gender
SHORT = 7  # the number of a house

# How alike two values are.
UNKNOWN = 0
DIFFERENT = 1
WEAK = 2
NEAR = 3
CLOSE = 4
SAME = 5
LEVELS = 6


@njit(cache=True, nogil=True)
def level(kind: int, left: np.ndarray, a: int, b: int, right: np.ndarray, c: int, d: int) -> int:
    """Say how alike two values are: `left[a:b]` and `right[c:d]`."""
    if a == b or c == d:
        return UNKNOWN
    if is_equal(left, a, b, right, c, d):
        return SAME
    away = edits(left, a, b, right, c, d)
    shorter = min(b - a, d - c)
    if kind in (CHOICE, SHORT):
        return CLOSE if away == 1 and shorter >= 2 else DIFFERENT
    if kind == NUMBER:
        return CLOSE if away == 1 else NEAR if away == 2 else DIFFERENT
    if kind == DATE:
        return _date_level(away, left, a, right, c)
    if kind == POSTCODE:
        if away == 1:
            return CLOSE
        return NEAR if shorter >= 4 and is_equal(left, a, a + 3, right, c, c + 3) else DIFFERENT
    similar = 0.0
    if likeness_at_most(left, a, b, right, c, d) >= 0.78:
        similar = likeness(left, a, b, right, c, d)
    if kind == EMAIL:
        return _email_level(away, similar, left, a, b, right, c, d)
    if (away == 1 and shorter >= 3) or (away < FAR and shorter >= 8):
        return CLOSE
    if similar >= 0.9:
        return NEAR
    if shorter <= 2 and left[a] == right[c]:
        return NEAR if shorter == 1 else WEAK
    is_beginning = shorter >= 3 and is_equal(left, a, a + shorter, right, c, c + shorter)
    if is_beginning:
        return NEAR
    return WEAK if similar >= 0.78 else DIFFERENT


@njit(cache=True, nogil=True)
def _date_level(away: int, left: np.ndarray, a: int, right: np.ndarray, c: int) -> int:
    if away == 1:
        return CLOSE
    is_swapped = is_equal(left, a, a + 4, right, c, c + 4) and (
        is_equal(left, a + 4, a + 6, right, c + 6, c + 8) and is_equal(left, a + 6, a + 8, right, c + 4, c + 6)
    )
    if is_swapped:
        return CLOSE
    if is_equal(left, a + 4, a + 8, right, c + 4, c + 8):
        return NEAR
    if away == 2:
        return NEAR
    return WEAK if is_equal(left, a, a + 4, right, c, c + 4) else DIFFERENT


@njit(cache=True, nogil=True)
def _email_level(away: int, similar: float, left: np.ndarray, a: int, b: int, right: np.ndarray, c: int, d: int) -> int:
    if away < FAR:
        return CLOSE
    i, j = a, c
    while i < b and left[i] != 64:
        i += 1
    while j < d and right[j] != 64:
        j += 1
    if is_equal(left, a, i, right, c, j):
        return NEAR
    return WEAK if similar >= 0.88 else DIFFERENT


@njit(cache=True, nogil=True)
def compare_one(
    kinds: np.ndarray, given: int, surname: int, left: np.ndarray, left_ends: np.ndarray, right: np.ndarray,
    right_ends: np.ndarray, levels: np.ndarray,
) -> None:  # fmt: skip
    """Compare two records field by field; `ends[f]` are where the text of field f begins and ends."""
    for field in range(kinds.shape[0]):
        levels[field] = level(
            kinds[field], left, left_ends[field, 0], left_ends[field, 1], right, right_ends[field, 0],
            right_ends[field, 1],
        )  # fmt: skip
    if given >= 0 and levels[given] != UNKNOWN and levels[surname] != UNKNOWN and levels[given] < CLOSE:
        crossed = level(
            NAME, left, left_ends[given, 0], left_ends[given, 1], right, right_ends[surname, 0],
            right_ends[surname, 1],
        )  # fmt: skip
        back = level(
            NAME, left, left_ends[surname, 0], left_ends[surname, 1], right, right_ends[given, 0],
            right_ends[given, 1],
        )  # fmt: skip
        if crossed >= CLOSE and back >= CLOSE:
            levels[given], levels[surname] = NEAR, NEAR  # The two names were written the wrong way round.


@njit(cache=True, nogil=True)
def compare(
    kinds: np.ndarray, given: int, surname: int, text: np.ndarray, begins: np.ndarray, codes: np.ndarray,
    lefts: np.ndarray, rights: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Compare pairs of records; give levels of shape int8 [pairs, fields].

    `codes[record, field]` is the number of a value, `text[begins[v]:begins[v + 1]]` its bytes; value 0 is unknown.
    """
    fields = kinds.shape[0]
    levels = np.empty((lefts.shape[0], fields), np.int8)
    for pair in range(lefts.shape[0]):
        ends_left, ends_right = np.empty((fields, 2), np.int64), np.empty((fields, 2), np.int64)
        for field in range(fields):
            one, two = codes[lefts[pair], field], codes[rights[pair], field]
            ends_left[field, 0], ends_left[field, 1] = begins[one], begins[one + 1]
            ends_right[field, 0], ends_right[field, 1] = begins[two], begins[two + 1]
        compare_one(kinds, given, surname, text, ends_left, text, ends_right, levels[pair])
    return levels
