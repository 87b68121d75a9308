"""Trees: a learned ranking model as flat arrays, and the compiled kernel that asks it."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Forest(NamedTuple):
    """Boosted trees: each inner node asks one feature; a child below zero is a leaf, written as -1 - its place."""

    roots: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    leaves: NDArray[np.float64]
    version: str = "none"


@njit(cache=True, nogil=True)
def scores(rows, roots, features, thresholds, left, right, leaves):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Give the sum of the leaves that each row falls into."""
    found = np.zeros(len(rows))
    for row in range(len(rows)):
        total = 0.0
        for root in roots:
            node = root
            while node >= 0:
                node = left[node] if rows[row, features[node]] <= thresholds[node] else right[node]
            total += leaves[-1 - node]
        found[row] = total
    return found


def ask(forest: Forest, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Score rows of features."""
    given: NDArray[np.float64] = scores(rows, *forest[:6])
    return given
