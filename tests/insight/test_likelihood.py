"""What bends the trees that rank: slopes of the loss by candidates' scores."""

import numpy as np
import pytest

from caravan.insight.discovery.likelihood import DEPTH, slopes


def bent(scores: list[float], target: int, worths: list[float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Give slopes and curvatures of one group."""
    size = len(scores)
    labels, slope, curve = np.zeros(size, np.int8), np.empty(size), np.empty(size)
    labels[target] = 1
    weights = np.array(worths or [1.0] * size, np.float32)
    slopes(np.array(scores), labels, np.array([size]), weights, slope, curve)
    return slope, curve


def test_what_the_target_is_pulled_up_by_the_others_are_pushed_down_by() -> None:
    slope, curve = bent([0.5, -1.0, 2.0, 0.1], 1, [1.0, 1.0, 3.0, 2.0])

    assert slope.sum() == pytest.approx(0.0, abs=1e-6)
    assert slope[1] < 0 < slope[[0, 2, 3]].min()
    assert (curve > 0).all()


def test_a_target_far_ahead_is_left_alone() -> None:
    slope, _ = bent([30.0, 0.0, 0.0], 0)

    assert np.abs(slope).max() < 1e-6


def test_a_candidate_without_others_is_left_alone() -> None:
    slope, curve = bent([1.0], 0)

    assert slope[0] == 0.0
    assert curve[0] > 0.0


def test_one_that_stands_for_three_is_pushed_by_as_much_as_three() -> None:
    one, _ = bent([0.0, 1.0], 0, [1.0, 3.0])
    three, _ = bent([0.0, 1.0, 1.0, 1.0], 0)
    likelihood = 1 - 1 / (1 + 3 * np.e)

    assert -one[0] > likelihood
    assert -three[0] > likelihood
    assert one[0] == pytest.approx(three[0], rel=0.1)


def test_two_groups_know_nothing_of_one_another() -> None:
    slope, curve = np.empty(5), np.empty(5)
    labels = np.array([0, 1, 1, 0, 0], np.int8)
    slopes(np.array([0.5, -1.0, 2.0, 0.1, 3.0]), labels, np.array([2, 3]), np.ones(5, np.float32), slope, curve)

    assert slope[:2] == pytest.approx(bent([0.5, -1.0], 1)[0])
    assert slope[2:] == pytest.approx(bent([2.0, 0.1, 3.0], 0)[0])


def test_below_the_depth_only_likelihood_pushes() -> None:
    scores = [*np.linspace(5.0, 1.0, DEPTH), 0.5, 0.4]
    slope, _ = bent(scores, DEPTH)
    chance = np.exp(0.4) / np.exp(scores).sum()

    assert slope[-1] == pytest.approx(chance)
    assert slope[0] > np.exp(5.0) / np.exp(scores).sum()
