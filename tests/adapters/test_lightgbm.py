"""Learning to rank: what trees make of candidates that were drawn by lot."""

import importlib.util

import numpy as np
import pytest

from caravan.cell import forest
from caravan.cell.forest import Trees

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lightgbm") is None, reason="LightGBM comes with the extra `learn`"
)
QUESTIONS = 4_000


def learned(worth: float) -> Trees:
    """Learn from questions of two candidates, each looked at next half of the time; the second stands for `worth`."""
    from caravan.adapters.lightgbm import LightGbmRanker  # noqa: PLC0415  # Absent without the extra.

    rows = np.tile(np.array([[1.0, 0.0], [0.0, 0.0]], np.float32), (QUESTIONS, 1))
    labels = np.zeros(2 * QUESTIONS, np.int8)
    labels[np.arange(0, 2 * QUESTIONS, 2) + np.arange(QUESTIONS) % 2] = 1
    worths = np.tile(np.array([1.0, worth], np.float32), QUESTIONS)
    groups = np.full(QUESTIONS, 2, np.int64)
    return LightGbmRanker(threads=1).learn(rows, labels, groups, worths, seed=1, progress=lambda *_: None)


def apart(trees: Trees) -> float:
    """Give by how much the first of the two candidates is ahead."""
    scores = np.zeros(2)
    forest.score(np.array([[1.0, 0.0], [0.0, 0.0]], np.float32), 2, trees, scores)
    return float(scores[0] - scores[1])


def test_candidates_that_are_looked_at_as_often_score_the_same() -> None:
    assert apart(learned(1.0)) == pytest.approx(0.0, abs=0.05)


def test_a_candidate_that_stands_for_nine_scores_as_each_of_them() -> None:
    assert apart(learned(9.0)) == pytest.approx(np.log(9), abs=0.1)
