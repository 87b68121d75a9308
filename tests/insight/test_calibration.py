"""Tests that probabilities fitted to outcomes are those by which the outcomes came about, and say nothing where too little is known."""

import itertools

import numpy as np
import pytest

from caravan.cell import forest
from caravan.insight import discovery
from caravan.insight.discovery import calibration, kernel, linear, sequence
from caravan.insight.discovery.calibration import TRIALS_MIN


def drawn(truth: np.ndarray, questions: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw scores by lot, and outcomes by the probabilities that a truth gives them."""
    dice = np.random.default_rng(seed)
    sizes = dice.integers(1, 40, questions)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    scores, places = dice.normal(0, 2, offsets[-1]), np.zeros(questions, np.int64)
    for number in range(questions):
        own = scores[offsets[number] : offsets[number + 1]]
        likely = told(own, truth)
        places[number] = dice.choice(len(own) + 1, p=[*likely, 1.0 - likely.sum()])
        if places[number] == len(own):
            places[number] = -1
    return scores, offsets, places


def told(scores: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    out = np.zeros(len(scores))
    calibration.probabilities(scores, fitted, out)
    return out


@pytest.mark.parametrize("truth", [(1.0, 0.0), (0.4, 1.5), (2.0, -1.0)])
def test_the_truth_behind_outcomes_is_found(truth: tuple[float, float]) -> None:
    fitted = calibration.fit(*drawn(np.array(truth), 8_000))

    assert fitted == pytest.approx(truth, abs=0.1)


def test_what_is_told_is_what_comes() -> None:
    truth = np.array([0.7, 0.5])
    fitted = calibration.fit(*drawn(truth, 3_000, seed=1))
    scores, offsets, places = drawn(truth, 3_000, seed=2)

    expected = sum(told(scores[a:b], fitted).max() for a, b in itertools.pairwise(offsets))
    firsts = (np.argmax(scores[a:b]) for a, b in itertools.pairwise(offsets))
    came = sum(first == place for first, place in zip(firsts, places, strict=True))

    assert expected / 3_000 == pytest.approx(came / 3_000, abs=0.02)


def test_probabilities_add_up_to_less_than_one_however_far_apart_scores_are() -> None:
    likely = told(np.array([800.0, -800.0, 0.0]), np.array([5.0, 2.0]))

    assert np.isfinite(likely).all()
    assert 0.99 < likely.sum() <= 1.0


@pytest.mark.parametrize("place", [-1, 0])
def test_what_always_or_never_comes_is_still_fitted(place: int) -> None:
    count = TRIALS_MIN
    fitted = calibration.fit(np.ones(2 * count), np.arange(count + 1) * 2, np.full(count, place))

    assert np.isfinite(fitted).all()
    assert (told(np.ones(2), fitted).sum() < 0.1) == (place == -1)


def test_too_few_outcomes_tell_nothing() -> None:
    scores, offsets, places = drawn(np.array([1.0, 0.0]), TRIALS_MIN - 1)

    assert not len(calibration.fit(scores, offsets, places))
    assert np.isnan(told(scores[:5], calibration.none())).all()


def test_an_answer_tells_probabilities_where_they_were_learned() -> None:
    memory = discovery.Memory()
    memory.remember(np.repeat(np.arange(1, 5), 2).astype(np.int32), np.array([1, 2, 1, 2, 1, 3, 4, 5], np.int32))
    net = sequence.net_of(None, np.random.default_rng(0))
    trees = forest.plant([forest.Node(kernel.KNN, 0.5, 0.0, 1.0)])
    skill = discovery.Skill(net, linear.none(), trees, np.array([1.0, 0.0]))
    recommender = discovery.Recommender(6, skill, discovery.no_traits())

    kept = recommender.rank(np.array([1], np.int32), memory.sight())

    likely = recommender.probabilities[recommender.chosen[:kept]]
    assert 0.0 < likely.sum() < 1.0
    assert list(likely) == sorted(likely, reverse=True)
