"""A forest: many small trees learned elsewhere, as arrays, and the one compiled pass that scores rows with it.

A tree is not walked. Each of its nodes that says "no" of a row takes the leaves to its left away; the first leaf that is left
is the row's (QuickScorer; Lucchese and others 2015). That is the same few operations for every row, so that the machine
does eight rows at once and guesses no branch.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

LEAVES_MAX = 32  # One bit each.
_ALL = np.uint32(0xFFFFFFFF)
_SPREAD = np.uint32(0x077CB531)  # Maps each power of two to other upper five bits (de Bruijn).
_PLACE = np.zeros(32, np.int32)
for _bit in range(32):
    _PLACE[((0x077CB531 << _bit) & 0xFFFFFFFF) >> 27] = _bit


class Trees(NamedTuple):
    """Nodes of tree i lie from first[i] to first[i + 1]; its leaves, from the left, begin at begins[i].

    A row goes on where value[feature] <= threshold; where not, `kept` has a bit for each leaf that it can still fall into.
    """

    first: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    kept: np.ndarray
    begins: np.ndarray
    leaves: np.ndarray

    @property
    def size(self) -> int:
        """Give how many trees there are."""
        return len(self.begins)


class Node(NamedTuple):
    """An inner node as whoever plants a tree tells it: children are nodes, or what a leaf adds."""

    feature: int
    threshold: float
    left: "Node | float"
    right: "Node | float"


def none() -> Trees:
    """Give a model without trees: it scores nothing."""
    return plant([])


def plant(roots: Sequence[Node | float]) -> Trees:
    """Lay trees out for scoring."""
    first, begins = [0], []
    nodes: list[tuple[int, float, int]] = []
    leaves: list[float] = []

    def lay(node: Node | float, begin: int) -> int:
        """Lay a node and all below it; give the bits of its leaves."""
        if not isinstance(node, Node):
            leaves.append(node)
            return 1 << (len(leaves) - 1 - begin)
        place = len(nodes)
        nodes.append((node.feature, node.threshold, 0))
        left, right = lay(node.left, begin), lay(node.right, begin)
        nodes[place] = (node.feature, node.threshold, ~left & 0xFFFFFFFF)
        return left | right

    for root in roots:
        begins.append(len(leaves))
        lay(root, begins[-1])
        assert len(leaves) - begins[-1] <= LEAVES_MAX, "A tree has at most 32 leaves."
        first.append(len(nodes))
    feature, threshold, kept = zip(*nodes, strict=True) if nodes else ((), (), ())
    return Trees(
        np.array(first, np.int32), np.array(feature, np.int32), _below(np.array(threshold, np.float64)),
        np.array(kept, np.uint32), np.array(begins, np.int32), np.array(leaves, np.float64),
    )  # fmt: skip


def _below(thresholds: np.ndarray) -> np.ndarray:
    """Give the highest 32-bit numbers that are no higher: rows are in 32 bits, and must fall on the same side."""
    widest = np.finfo(np.float32).max
    near = np.clip(thresholds, -widest, widest).astype(np.float32)
    below: np.ndarray = np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)
    return below


def dump(trees: Trees) -> dict[str, np.ndarray]:
    """Give the arrays by name."""
    return dict(zip(Trees._fields, trees, strict=True))


def load(parts: Mapping[str, np.ndarray]) -> Trees:
    """Take the arrays back."""
    return Trees(*(parts[name] for name in Trees._fields))


@njit(cache=True, nogil=True)
def score(rows: np.ndarray, count: int, trees: Trees, scores: np.ndarray) -> None:
    """Add up the leaves that each row falls into. Shapes: rows [≥ count, width], scores [≥ count]."""
    width = rows.shape[1]
    columns = np.empty((width, count), np.float32)
    for row in range(count):
        for column in range(width):
            columns[column, row] = rows[row, column]
    scores[:count] = 0.0
    left = np.empty(count, np.uint32)
    for tree in range(trees.begins.shape[0]):
        left[:] = _ALL
        for node in range(trees.first[tree], trees.first[tree + 1]):
            column, threshold, kept = trees.feature[node], trees.threshold[node], trees.kept[node]
            for row in range(count):
                left[row] &= _ALL if columns[column, row] <= threshold else kept
        begin = trees.begins[tree]
        for row in range(count):
            lowest = left[row] & (~left[row] + np.uint32(1))
            scores[row] += trees.leaves[begin + _PLACE[np.uint32(lowest * _SPREAD) >> np.uint32(27)]]
