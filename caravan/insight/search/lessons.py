"""Lessons: what was learned from graded results, as arrays that are asked while a query is answered."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from caravan.cell.forest import Trees
from caravan.insight.search.features import DIMENSIONS, Counts

_SIMILAR_MAX = 10
_SIMILAR_MIN = 0.25


class Past(NamedTuple):
    """Graded queries: which of them have a term (compressed rows), how heavy each is, what was good for it, its fold."""

    offsets: NDArray[np.int64]
    queries: NDArray[np.int32]
    lengths: NDArray[np.float32]
    found: NDArray[np.float32]
    folds: NDArray[np.int64]


class Lessons(NamedTuple):
    """Directions of terms, associations of a query's words with titles' words, past queries, and the trees."""

    directions: NDArray[np.float32]
    counts: Counts
    past: Past
    forest: Trees | None
    version: str = "by hand 1"


class Kept(NamedTuple):
    """Lessons as they outlive a process: beside them the words that their numbers stand for."""

    words: tuple[str, ...]
    lessons: Lessons


def fitted(kept: Kept, numbers: Mapping[str, int], size: int) -> Lessons:
    """Give lessons in the numbers that words have here and now. What was learned of words that are gone is left out."""
    place = np.array([numbers.get(word, -1) for word in kept.words], np.int64)
    is_here = place >= 0
    learned, counts, past = kept.lessons, kept.lessons.counts, kept.lessons.past

    def moved(values: NDArray[np.float32], otherwise: float) -> NDArray[np.float32]:
        found = np.full((size, *values.shape[1:]), otherwise, np.float32)
        found[place[is_here]] = values[is_here]
        return found

    asked, titles = _numbered(counts.offsets, place), place[counts.terms]
    order = np.lexsort((titles, asked))
    order = order[(asked[order] >= 0) & (titles[order] >= 0)]
    usual = float(counts.background.min()) if len(counts.background) else 1.0
    there = Counts(
        np.searchsorted(asked[order], np.arange(size + 1)).astype(np.int64), titles[order].astype(np.int32),
        counts.values[order], moved(counts.totals, 0.0), moved(counts.background, usual),
    )  # fmt: skip
    of = _numbered(past.offsets, place)
    kept_pairs = np.argsort(of, kind="stable")
    kept_pairs = kept_pairs[of[kept_pairs] >= 0]
    offsets = np.searchsorted(of[kept_pairs], np.arange(size + 1)).astype(np.int64)
    queries = past._replace(offsets=offsets, queries=past.queries[kept_pairs])
    return Lessons(moved(learned.directions, 0.0), there, queries, learned.forest, learned.version)


def _numbered(offsets: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the new number of the word that each entry of compressed rows belongs to."""
    return np.repeat(place, np.diff(offsets))


def nothing_learned() -> Lessons:
    """Give the lessons of a shop that has none yet."""
    none = np.zeros(0, np.float32)
    counts = Counts(np.zeros(1, np.int64), np.zeros(0, np.int32), none, none, none)
    past = Past(
        np.zeros(1, np.int64), np.zeros(0, np.int32), none, np.zeros((0, DIMENSIONS), np.float32), np.zeros(0, np.int64)
    )
    return Lessons(np.zeros((0, DIMENSIONS), np.float32), counts, past, None)


@njit(cache=True, nogil=True)
def _overlaps(wanted, idf, offsets, queries, lengths):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    found = np.zeros(len(lengths), np.float32)
    total = 1e-9
    for term in wanted:
        total += idf[term] ** 2
        if term + 1 < len(offsets):
            for place in range(offsets[term], offsets[term + 1]):
                found[queries[place]] += np.float32(idf[term] ** 2)
    return found / (lengths * np.float32(np.sqrt(total)))


def neighborhood(
    past: Past, wanted: NDArray[np.int32], idf: NDArray[np.float64], *, skips: int = -1
) -> tuple[NDArray[np.float32], float]:
    """Give the direction of what was good for similar queries, and how similar the nearest is; one fold can be left out."""
    if not len(past.lengths):
        return np.zeros(DIMENSIONS, np.float32), 0.0
    likeness = _overlaps(np.unique(wanted), idf, past.offsets, past.queries, past.lengths)
    likeness[past.folds == skips] = 0
    nearest = np.flatnonzero(likeness > _SIMILAR_MIN)
    if not len(nearest):
        return np.zeros(DIMENSIONS, np.float32), 0.0
    nearest = nearest[np.argsort(-likeness[nearest], kind="stable")[:_SIMILAR_MAX]]
    weights = likeness[nearest] ** 2
    return (weights @ past.found[nearest]).astype(np.float32), float(likeness[nearest[0]])
