"""Text as bytes: fields written so that two ways to write one thing are one, and how far apart two of them are."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numba import njit

# How a field is folded before it is compared.
WORDS = 0  # letters and digits without accents, one space between words
CODE = 1  # letters and digits alone: postcodes, numbers of documents
PHONE = 2  # digits alone, the last nine: with or without a country's prefix
EMAIL = 3  # as it is, without spaces
DATE_YEAR_FIRST = 4  # eight digits, year, month, day
DATE_DAY_FIRST = 5
DATE_MONTH_FIRST = 6

BYTES_MAX = 64  # of a field that is compared: the matched letters of one fit a word of 64 bits
FAR = 3  # more than two edits
_PHONE_DIGITS = 9
_DATE_DIGITS = 8
_TABLE_SIZE = 0x180  # Latin-1 and Latin Extended-A, the letters whose accents are folded

Texts = Sequence[str | None]


def _folds() -> np.ndarray:
    """Give for each letter the one or two plain letters that stand for it; 0 where there is none."""
    table = np.zeros((_TABLE_SIZE, 2), np.uint8)
    special = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "\u0131": "i"}
    for number in range(_TABLE_SIZE):
        letter = chr(number).lower()
        plain = special.get(letter) or "".join(
            part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)
        )
        for place, part in enumerate(plain[:2]):
            if part.isascii() and part.isalnum():
                table[number, place] = ord(part)
    return table


_FOLDS = _folds()


def fold(values: pa.Array, how: int) -> tuple[np.ndarray, np.ndarray]:
    """Fold a column of texts; give the bytes and where each text begins. Nothing is left of what is null."""
    column = values.cast(pa.large_string()).fill_null("")
    _, offsets, text = column.buffers()
    starts = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    raw = np.frombuffer(text, np.uint8) if text is not None else np.zeros(0, np.uint8)
    return _fold(raw, starts, how, _FOLDS)


@njit(cache=True, nogil=True)
def _fold(raw: np.ndarray, starts: np.ndarray, how: int, folds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = starts.shape[0] - 1
    text = np.empty((starts[count] - starts[0]) * 2 + 8 * count + 8, np.uint8)
    begins = np.zeros(count + 1, np.int64)
    at = 0
    for row in range(count):
        begins[row] = at
        if how >= DATE_YEAR_FIRST:
            at = _fold_date(raw, starts[row], starts[row + 1], how, text, at)
        else:
            at = _fold_text(raw, starts[row], starts[row + 1], how, folds, text, at)
            if how == PHONE and at - begins[row] > _PHONE_DIGITS:
                for place in range(_PHONE_DIGITS):
                    text[begins[row] + place] = text[at - _PHONE_DIGITS + place]
                at = begins[row] + _PHONE_DIGITS
            at = min(at, begins[row] + BYTES_MAX)
    begins[count] = at
    return text[:at].copy(), begins


@njit(cache=True, nogil=True)
def _fold_text(raw: np.ndarray, start: int, end: int, how: int, folds: np.ndarray, text: np.ndarray, at: int) -> int:
    first, place, is_gap = at, start, False
    while place < end:
        byte = raw[place]
        place += 1
        one, two = np.uint8(0), np.uint8(0)
        if byte < 0x80:
            one = folds[byte, 0]
            if how == EMAIL and byte > 32:
                one = byte + 32 if 65 <= byte <= 90 else byte
        elif byte < 0xE0 and place < end:
            number = (np.int64(byte) & 0x1F) << 6 | (np.int64(raw[place]) & 0x3F)
            if number < folds.shape[0]:
                one, two = folds[number, 0], folds[number, 1]
                place += 1
            else:
                one, two = byte, raw[place]
                place += 1
        else:
            one = byte  # Another script: as it is.
        if how == PHONE and not 48 <= one <= 57:
            continue
        if one == 0:
            is_gap = True
            continue
        if is_gap and how == WORDS and at > first:
            text[at] = 32
            at += 1
        is_gap = False
        text[at] = one
        at += 1
        if two != 0:
            text[at] = two
            at += 1
    return at


@njit(cache=True, nogil=True)
def _fold_date(raw: np.ndarray, start: int, end: int, how: int, text: np.ndarray, at: int) -> int:
    """Write a date as eight digits; a text that is no date keeps its digits, so that it can still be compared."""
    groups = np.zeros(4, np.int64)
    digits, group, width, widths = 0, 0, 0, np.zeros(4, np.int64)
    for place in range(start, end):
        byte = raw[place]
        if 48 <= byte <= 57:
            if width == 0 and group == 3:
                break  # A time of day follows.
            digits += 1
            width += 1
            groups[group] = groups[group] * 10 + (byte - 48)
            widths[group] = width
            if digits == _DATE_DIGITS and group == 0:
                group, width = 1, 0
                break
        elif width > 0:
            group += 1
            width = 0
            if group == 3:
                break
    if width > 0 and group < 3:
        group += 1
    if group == 1 and widths[0] == _DATE_DIGITS:
        value = groups[0]
        if how == DATE_DAY_FIRST:
            value = value % 10000 * 10000 + value // 10000 % 100 * 100 + value // 1000000
        elif how == DATE_MONTH_FIRST:
            value = value % 10000 * 10000 + value // 1000000 * 100 + value // 10000 % 100
    elif group == 3 and widths[0] == 4:
        value = groups[0] * 10000 + groups[1] * 100 + groups[2]
    elif group == 3 and how == DATE_DAY_FIRST:
        value = groups[2] * 10000 + groups[1] * 100 + groups[0]
    elif group == 3 and how == DATE_MONTH_FIRST:
        value = groups[2] * 10000 + groups[0] * 100 + groups[1]
    elif digits > 0:
        value = groups[0] * 10000 + groups[1] * 100 + groups[2]
    else:
        return at
    for place in range(_DATE_DIGITS - 1, -1, -1):
        text[at + place] = 48 + value % 10
        value //= 10
    return at + _DATE_DIGITS


@njit(cache=True, nogil=True)
def is_equal(left: np.ndarray, a: int, b: int, right: np.ndarray, c: int, d: int) -> bool:
    """Tell whether two texts are the same; `left[a:b]` and `right[c:d]`."""
    if b - a != d - c:
        return False
    for place in range(b - a):  # noqa: SIM110  # Compiled: a loop is the fast way.
        if left[a + place] != right[c + place]:
            return False
    return True


@njit(cache=True, nogil=True)
def _is_within_one(left: np.ndarray, a: int, b: int, right: np.ndarray, c: int, d: int) -> bool:
    while a < b and c < d and left[a] == right[c]:
        a += 1
        c += 1
    while a < b and c < d and left[b - 1] == right[d - 1]:
        b -= 1
        d -= 1
    if b - a <= 1 and d - c <= 1:
        return True
    return b - a == 2 and d - c == 2 and left[a] == right[c + 1] and left[a + 1] == right[c]


@njit(cache=True, nogil=True)
def edits(left: np.ndarray, a: int, b: int, right: np.ndarray, c: int, d: int) -> int:
    """Count edits between two texts, a swap of neighbors being one; FAR where they are more than two."""
    if b - a - d + c > 2 or d - c - b + a > 2:
        return FAR
    while a < b and c < d and left[a] == right[c]:
        a += 1
        c += 1
    if a == b and c == d:
        return 0
    if _is_within_one(left, a, b, right, c, d):
        return 1
    if a < b and c < d and _is_within_one(left, a + 1, b, right, c + 1, d):
        return 2
    if a < b and _is_within_one(left, a + 1, b, right, c, d):
        return 2
    if c < d and _is_within_one(left, a, b, right, c + 1, d):
        return 2
    is_swap = b - a >= 2 and d - c >= 2 and left[a] == right[c + 1] and left[a + 1] == right[c]
    if is_swap and _is_within_one(left, a + 2, b, right, c + 2, d):
        return 2
    return FAR


@njit(cache=True, nogil=True)
def likeness(left: np.ndarray, a: int, b: int, right: np.ndarray, c: int, d: int) -> float:
    """Give the Jaro-Winkler similarity of two texts of at most 64 bytes, 0 to 1."""
    m, n = b - a, d - c
    if m == 0 or n == 0:
        return 0.0
    reach = max(max(m, n) // 2 - 1, 0)
    one, zero = np.uint64(1), np.uint64(0)
    taken_left, taken_right = zero, zero
    matches = 0
    for i in range(m):
        for j in range(max(0, i - reach), min(n, i + reach + 1)):
            bit = one << np.uint64(j)
            if taken_right & bit == zero and left[a + i] == right[c + j]:
                taken_left |= one << np.uint64(i)
                taken_right |= bit
                matches += 1
                break
    if matches == 0:
        return 0.0
    j, swaps = 0, 0
    for i in range(m):
        if taken_left & (one << np.uint64(i)) != zero:
            while taken_right & (one << np.uint64(j)) == zero:
                j += 1
            if left[a + i] != right[c + j]:
                swaps += 1
            j += 1
    jaro = (matches / m + matches / n + (matches - swaps // 2) / matches) / 3.0
    prefix = 0
    while prefix < 4 and prefix < m and prefix < n and left[a + prefix] == right[c + prefix]:
        prefix += 1
    return jaro + prefix * 0.1 * (1.0 - jaro)


@njit(cache=True, nogil=True)
def likeness_at_most(left: np.ndarray, a: int, b: int, right: np.ndarray, c: int, d: int) -> float:
    """Give a bound that `likeness` stays under, from which letters are there at all: a tenth of its time."""
    m, n = b - a, d - c
    one, zero = np.uint64(1), np.uint64(0)
    mine, theirs = zero, zero
    for place in range(a, b):
        mine |= one << np.uint64(left[place] & 63)
    for place in range(c, d):
        theirs |= one << np.uint64(right[place] & 63)
    matches_left, matches_right = m, n
    alone = mine & ~theirs
    while alone != zero:
        alone &= alone - one
        matches_left -= 1
    alone = theirs & ~mine
    while alone != zero:
        alone &= alone - one
        matches_right -= 1
    matches = max(0, min(matches_left, matches_right))
    jaro = (matches / m + matches / n + 1.0) / 3.0
    prefix = 0
    while prefix < 4 and prefix < m and prefix < n and left[a + prefix] == right[c + prefix]:
        prefix += 1
    return jaro + prefix * 0.1 * (1.0 - jaro)
