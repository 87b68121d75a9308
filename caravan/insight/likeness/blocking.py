"""Which pairs of records are worth comparing: those that share a key, unless too many share it."""

from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.cell.mixing import mixed
from caravan.insight.likeness.compare import DATE, EMAIL, NAME, NUMBER, PLACE, POSTCODE, SHORT

# What of a value a key is made of.
WHOLE = 0
START = 1  # its first letters
SOUND = 2  # its consonants by class, as Soundex has them
END = 3  # its last four digits: of a date month and day
LOCAL = 4  # what stands before the @

_PARTS = {
    NAME: (WHOLE, SOUND, START),
    DATE: (WHOLE, END, START),
    NUMBER: (WHOLE, START, END),
    POSTCODE: (WHOLE,),
    PLACE: (WHOLE, START),
    EMAIL: (WHOLE, LOCAL),
    SHORT: (WHOLE,),
}
_START_BYTES = {NAME: 3, DATE: 6, NUMBER: 4, PLACE: 5}
RULES_MAX = 90
RULES_OF_MANY_MAX = 32  # where there are more records than MANY
MANY = 200_000
PAIRS_PER_RULE_MIN = 1_200_000
PAIRS_PER_RECORD_AND_RULE = 0.5


class Key(NamedTuple):
    """What two records must share: parts of one or two fields. No field at all is shared by everybody."""

    fields: tuple[int, ...]
    parts: tuple[int, ...]


def rules(kinds: list[int], *, records: int) -> list[Key]:
    """Give the keys by which records are brought together, the most telling first."""
    single = [(field, part) for field, kind in enumerate(kinds) for part in _PARTS.get(kind, ())]
    telling = [one for one in single if kinds[one[0]] in {NUMBER, EMAIL} and one[1] == WHOLE]
    pairs = [(one, two) for place, one in enumerate(single) for two in single[place + 1 :] if one[0] != two[0]]
    pairs.sort(key=lambda pair: pair[0][1] + pair[1][1])
    is_many = records > MANY
    rest = [] if is_many else [one for one in single if one not in telling]
    found = [Key((), ())] if records <= MANY else []
    found += [Key((field,), (part,)) for field, part in [*telling, *rest]]
    found += [Key((one[0], two[0]), (one[1], two[1])) for one, two in pairs]
    return found[: RULES_OF_MANY_MAX if is_many else RULES_MAX]


@njit(cache=True, nogil=True)
def part_hash(text: np.ndarray, a: int, b: int, part: int, size: int) -> np.uint64:
    """Name a part of a value by 64 bits; 0 where the value has no such part."""
    zero, state = np.uint64(0), np.uint64(0xCBF29CE484222325)
    if a == b:
        return zero
    if part == END:
        a = max(a, b - 4)
    elif part == START:
        if b - a < 2:
            return zero
        b = min(b, a + size)
    last, kept = 0, 0
    for place in range(a, b):
        byte = int(text[place])
        if part == LOCAL and byte == 64:
            break
        if part == SOUND:
            code = _sound(byte)
            if place > a and code in (0, last):
                last = code if code != 0 else last
                continue
            last = code
            kept += 1
            if kept > 5:
                break
            if place > a:
                byte = code
        # FNV-1a (Fowler, Noll and Vo).
        state = (state ^ np.uint64(byte)) * np.uint64(0x100000001B3)
    return state if state != zero else np.uint64(1)


@njit(cache=True, nogil=True)
def _sound(byte: int) -> int:
    if byte in (98, 102, 112, 118, 119):  # b f p v w
        return 1
    if byte in (99, 103, 106, 107, 113, 115, 120, 122):  # c g j k q s x z
        return 2
    if byte in (100, 116):  # d t
        return 3
    if byte == 108:  # l
        return 4
    if byte in (109, 110):  # m n
        return 5
    return 6 if byte == 114 else 0  # r


@njit(cache=True, nogil=True)
def key_of(first: np.uint64, second: np.uint64, rule: int) -> np.uint32:
    """Mix parts into the key of a rule; 0 where one is missing."""
    if first == np.uint64(0) or second == np.uint64(0):
        return np.uint32(0)
    word = mixed(first * np.uint64(0x9E3779B97F4A7C15) ^ second + np.uint64(rule))
    return np.uint32(word | np.uint64(1))


@njit(cache=True, nogil=True)
def part_hashes(text: np.ndarray, begins: np.ndarray, part: int, size: int) -> np.ndarray:
    """Name that part of every value."""
    named = np.empty(begins.shape[0] - 1, np.uint64)
    for value in range(named.shape[0]):
        named[value] = part_hash(text, begins[value], begins[value + 1], part, size)
    return named


@njit(cache=True, nogil=True)
def keys_of(first: np.ndarray, second: np.ndarray, rule: int) -> np.ndarray:
    """Give the key of each record under a rule."""
    keys = np.empty(first.shape[0], np.uint32)
    for record in range(first.shape[0]):
        keys[record] = key_of(first[record], second[record], rule)
    return keys


def start_size(kind: int) -> int:
    """Give how many letters the start of such a field is."""
    return _START_BYTES.get(kind, 4)


class Blocks(NamedTuple):
    """Records in the order of their keys; block b is `order[bounds[b]:bounds[b + 1]]`, and none is too large."""

    order: np.ndarray
    bounds: np.ndarray
    pairs: int


def blocks(keys: np.ndarray, pairs_max: int, *, sources: np.ndarray | None = None) -> Blocks:
    """Put records that share a key together, the largest blocks left out; their keys become 0."""
    order = np.argsort(keys).astype(np.int32)
    ranked = keys[order]
    edges = np.flatnonzero(np.diff(ranked, prepend=np.uint32(0))) if len(ranked) else np.zeros(0, np.int64)
    if len(ranked) and ranked[0] != 0:
        edges = np.unique(np.concatenate((np.zeros(1, np.int64), edges)))
    ends = np.append(edges[1:], len(ranked)) if len(edges) else edges
    sizes = ends - edges
    pairs = _pairs_in(order, edges, ends, sources)
    by_size = np.argsort(sizes, kind="stable")
    total = np.cumsum(pairs[by_size])
    fitting = int(np.searchsorted(total, pairs_max, side="right"))
    # Blocks of one size stay or go together, so that the order of the records does not matter.
    limit = sizes[by_size[fitting]] if fitting < len(sizes) else np.iinfo(np.int64).max
    is_kept = (sizes < limit) & (pairs > 0)
    too_large = ~is_kept & (sizes > 1)
    for first, last in zip(edges[too_large].tolist(), ends[too_large].tolist(), strict=True):
        keys[order[first:last]] = 0
    kept_bounds = np.stack((edges[is_kept], ends[is_kept]), axis=1).astype(np.int64)
    return Blocks(order, kept_bounds, int(pairs[is_kept].sum()))


def _pairs_in(order: np.ndarray, edges: np.ndarray, ends: np.ndarray, sources: np.ndarray | None) -> np.ndarray:
    sizes = ends - edges
    if sources is None:
        halves: np.ndarray = sizes * (sizes - 1) // 2
        return halves
    of_second = np.concatenate((np.zeros(1, np.int64), np.cumsum(sources[order])))
    second = of_second[ends] - of_second[edges]
    crossed: np.ndarray = second * (sizes - second)
    return crossed


@njit(cache=True, nogil=True)
def emit(
    order: np.ndarray, bounds: np.ndarray, keys: np.ndarray, rule: int, sources: np.ndarray, lefts: np.ndarray,
    rights: np.ndarray,
) -> int:  # fmt: skip
    """Write down the pairs of a rule's blocks that no rule before it has brought; give how many."""
    count = 0
    for block in range(bounds.shape[0]):
        for one in range(bounds[block, 0], bounds[block, 1]):
            for two in range(one + 1, bounds[block, 1]):
                left, right = min(order[one], order[two]), max(order[one], order[two])
                if sources.shape[0] > 0 and sources[left] == sources[right]:
                    continue
                is_new = True
                for before in range(rule):
                    if keys[before, left] != 0 and keys[before, left] == keys[before, right]:
                        is_new = False
                        break
                if is_new:
                    lefts[count], rights[count] = left, right
                    count += 1
    return count
