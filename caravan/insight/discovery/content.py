"""Content: what the words of a product page say of it, for products that nobody has looked at yet.

Each product has a mark of 128 bits, of which two products share the more the more of their words they share, rare words
counting more (SimHash; Charikar 2002). That is 16 bytes a product, and nothing has to be learned first.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from caravan.cell.mixing import mixed

BITS = 128
ALIKE_MAX = 48  # Bits in which products that are alike may differ; any two differ in 64, give or take 6.
_BUCKETS = 1 << 16  # Words are counted by so many values of their hash.
# Of UTF-8, the first bytes of Chinese and Japanese, which put no space between words.
_CHINESE_FIRST, _CHINESE_LAST = 0xE3, 0xE9
_CHARACTER = 3  # Bytes of one of theirs.
# Bytes of words; of other letters, from the last on.
_A, _Z, _ZERO, _NINE, _OTHERS = ord("a"), ord("z"), ord("0"), ord("9"), 0x80


class Contents:
    """Marks pages with what they say; it remembers how common each word is."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BUCKETS, np.int32)
        self._pages = 0

    def marks(self, titles: pa.Array, brands: pa.Array, categories: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Mark new pages, in order; 0 for one without a word. Shapes: [n] each -> uint64 [n], [n]."""
        columns = [column.cast(pa.large_string()) for column in (titles, brands, categories)]
        texts = pc.utf8_lower(pc.binary_join_element_wise(*columns, pa.scalar(" ", pa.large_string())))
        _, offsets, data = texts.buffers()
        bounds = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        words = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
        found = np.zeros((2, len(texts)), np.uint64)
        _mark(words, bounds, self._counts, self._pages, found)
        self._pages += len(texts)
        return found[0], found[1]


@njit(cache=True, nogil=True)
def _token_end(words: np.ndarray, at: int, end: int) -> tuple[int, int]:
    """Give where the token that begins at a place ends, and where the next may begin; the same place where none begins."""
    if _CHINESE_FIRST <= words[at] <= _CHINESE_LAST:  # Two characters side by side, as there are no words to see.
        following = min(at + _CHARACTER, end)
        has_next = following < end and _CHINESE_FIRST <= words[following] <= _CHINESE_LAST
        return (min(following + _CHARACTER, end) if has_next else following), following
    stop = at
    while stop < end:
        byte = words[stop]
        is_letter = _A <= byte <= _Z or _ZERO <= byte <= _NINE or byte >= _OTHERS
        if not is_letter or _CHINESE_FIRST <= byte <= _CHINESE_LAST:
            break
        stop += 1
    return stop, max(stop, at + 1)


@njit(cache=True, nogil=True)
def _mark(words: np.ndarray, bounds: np.ndarray, counts: np.ndarray, pages: int, found: np.ndarray) -> None:
    sums = np.zeros(BITS)
    for page in range(bounds.shape[0] - 1):
        sums[:] = 0.0
        tokens, at, end = 0, bounds[page], bounds[page + 1]
        while at < end:
            stop, following = _token_end(words, at, end)
            if stop > at:
                low = np.uint64(0xCBF29CE484222325)  # FNV-1a.
                for place in range(at, stop):
                    low = (low ^ np.uint64(words[place])) * np.uint64(0x100000001B3)
                low = mixed(low)
                high = mixed(low + np.uint64(0x9E3779B97F4A7C15))
                bucket = np.int64(low & np.uint64(_BUCKETS - 1))
                worth = np.log(1.0 + (pages + page + 1.0) / (1.0 + counts[bucket]))
                counts[bucket] += 1
                tokens += 1
                for bit in range(64):
                    sums[bit] += worth if (low >> np.uint64(bit)) & np.uint64(1) else -worth
                    sums[64 + bit] += worth if (high >> np.uint64(bit)) & np.uint64(1) else -worth
            at = following
        if tokens:
            for half in range(2):
                mark = np.uint64(0)
                for bit in range(64):
                    if sums[64 * half + bit] > 0.0:
                        mark |= np.uint64(1) << np.uint64(bit)
                found[half, page] = mark


@njit(cache=True, nogil=True)
def _differing(word: np.uint64) -> int:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def nearest(
    anchors: np.ndarray, among: np.ndarray, low: np.ndarray, high: np.ndarray, wanted: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Give the products that are most like any of some others in their words, the most alike first, the newest of several.

    None of the anchors is among them, nor what differs from all of them in more than ALIKE_MAX bits. Shapes: anchors [k],
    among [m], marks uint64 [p], [p] -> products [n], the bits in which they differ [n], and the anchor of each [n].
    """
    bits, of = np.full(among.shape[0], BITS + 1, np.int64), np.zeros(among.shape[0], np.int64)
    for place in range(among.shape[0]):
        product = among[place]
        if low[product] == 0 and high[product] == 0:
            continue
        for anchor in anchors:
            if anchor == product:
                bits[place] = BITS + 1
                break
            differ = _differing(low[anchor] ^ low[product]) + _differing(high[anchor] ^ high[product])
            if differ < bits[place]:
                bits[place], of[place] = differ, anchor
    is_alike = np.flatnonzero(bits <= ALIKE_MAX)
    order = is_alike[np.argsort(bits[is_alike] * (among.shape[0] + 1) + is_alike)[:wanted]]
    return among[order].astype(np.int64), bits[order], of[order]


@njit(cache=True, nogil=True)
def untried(
    anchors: np.ndarray, among: np.ndarray, looks: np.ndarray, well_known: int, low: np.ndarray, high: np.ndarray,
    wanted: int,
) -> np.ndarray:  # fmt: skip
    """Give products with fewer looks than make one well known: first those that are most like others in their words, then the rest.

    Shapes: anchors [k], among [m], looks [p], marks uint64 [p], [p] -> products int64 [≤ wanted].
    """
    cold, count = np.empty(among.shape[0], np.int32), 0
    for product in among:
        if product >= looks.shape[0] or looks[product] < well_known:
            cold[count] = product
            count += 1
    alike, _, _ = nearest(anchors, cold[:count], low, high, wanted)
    found, filled = np.empty(wanted, np.int64), alike.shape[0]
    found[:filled] = alike
    for product in cold[:count]:
        if filled == wanted:
            break
        is_there = False
        for other in alike:
            is_there = is_there or other == product
        if not is_there:
            found[filled] = product
            filled += 1
    return found[:filled]
