"""Checks that a forest scores as a walk down its trees does, to the last bit of a threshold."""

import numpy as np
import pytest

from caravan.cell import forest
from caravan.cell.forest import Node


def grown(leaves: int, dice: np.random.Generator, width: int) -> Node | float:
    if leaves == 1:
        return float(dice.normal())
    left = int(dice.integers(1, leaves))
    return Node(
        int(dice.integers(width)), float(dice.random()), grown(left, dice, width), grown(leaves - left, dice, width)
    )


def walked(node: Node | float, row: np.ndarray) -> float:
    while isinstance(node, Node):
        node = node.left if float(row[node.feature]) <= node.threshold else node.right
    return node


@pytest.mark.parametrize(("trees", "leaves", "rows"), [(1, 1, 3), (1, 2, 1), (7, 24, 0), (40, 32, 70)])
def test_a_forest_scores_as_a_walk_down_its_trees_does(trees: int, leaves: int, rows: int) -> None:
    dice = np.random.default_rng(trees)
    roots = [grown(leaves, dice, 5) for _ in range(trees)]
    asked, scores = dice.random((rows + 2, 5)).astype(np.float32), np.zeros(rows + 2)

    forest.score(asked, rows, forest.plant(roots), scores)

    assert np.allclose(scores[:rows], [sum(walked(root, row) for root in roots) for row in asked[:rows]])


def test_a_threshold_between_two_short_numbers_parts_them() -> None:
    low = np.float32(0.1)
    high = np.nextafter(low, np.float32(1))
    between = (float(low) + float(high)) / 2
    planted = forest.plant([Node(0, between, 1.0, 2.0), Node(0, 1e308, 0.25, 9.0)])
    scores = np.zeros(2)

    forest.score(np.array([[low], [high]], np.float32), 2, planted, scores)

    assert scores.tolist() == [1.25, 2.25]


def test_a_forest_without_trees_scores_nothing() -> None:
    scores = np.ones(1)

    forest.score(np.ones((1, 1), np.float32), 1, forest.none(), scores)

    assert scores.tolist() == [0.0]


def test_a_tree_has_no_more_leaves_than_bits() -> None:
    with pytest.raises(AssertionError):
        forest.plant([grown(33, np.random.default_rng(1), 2)])


def test_a_forest_that_was_written_down_comes_back() -> None:
    planted = forest.plant([Node(0, 0.5, 1.0, 2.0)])

    assert forest.load(forest.dump(planted)) == planted
    assert planted.size == 1
