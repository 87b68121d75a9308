"""Lessons: what was learned from graded results, as arrays that are asked while a query is answered."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from caravan.insight.search.features import DIMENSIONS, Counts
from caravan.insight.search.trees import Forest

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
    forest: Forest | None


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
