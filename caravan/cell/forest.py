"""A forest: many small trees learned elsewhere, as arrays, and the one compiled walk that scores rows with it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import njit


class Trees(NamedTuple):
    """Trees side by side. Node i goes left where value[feature[i]] <= threshold[i]; a child below 0 is leaf ~child."""

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    leaves: np.ndarray


def none() -> Trees:
    """Give a model without trees: it scores nothing."""
    whole, real = np.zeros(0, np.int32), np.zeros(0, np.float64)
    return Trees(whole, whole, real, whole, whole, real)


def dump(trees: Trees) -> dict[str, np.ndarray]:
    """Give the arrays by name."""
    return dict(zip(Trees._fields, trees, strict=True))


def load(parts: Mapping[str, np.ndarray]) -> Trees:
    """Take the arrays back."""
    return Trees(*(parts[name] for name in Trees._fields))


@njit(cache=True, nogil=True)
def score(rows: np.ndarray, count: int, trees: Trees, scores: np.ndarray) -> None:
    """Add up the leaves that each row falls into. Shapes: rows [≥ count, width], scores [≥ count]."""
    scores[:count] = 0.0
    for tree in range(trees.roots.shape[0]):
        root = trees.roots[tree]
        for row in range(count):
            node = root
            while node >= 0:
                is_left = rows[row, trees.feature[node]] <= trees.threshold[node]
                node = trees.left[node] if is_left else trees.right[node]
            scores[row] += trees.leaves[~node]
