"""Calibration: from scores, which only order, to the probability that a product is what a session looks at next."""

import numpy as np
from numba import njit

TRIALS_MAX = 1_000  # Questions that the ranking has not learned from, and calibration is fitted to.
TRIALS_MIN = 50  # Fewer tell too little: then no probabilities are given.
TRIALS_SHARE = 0.1  # At most so much of the latest looks is kept from the ranking for this.
_ROUNDS = 50
_CLOSE = 1e-9
_RIDGE = 1e-3  # Keeps the fit finite where every target is found, or none.


def none() -> np.ndarray:
    """Give no calibration; shape float64 [0]."""
    return np.zeros(0)


def fit(scores: np.ndarray, offsets: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Fit a temperature and the worth of "something else" to questions with outcomes; shape float64 [2].

    Question i has the candidates scores[offsets[i]:offsets[i + 1]], of which the one at places[i] came next, or none of them
    (-1). By maximum likelihood of a softmax over candidates and something else (McFadden's conditional logit with an outside
    option). The likelihood is concave: Newton's steps find its top. A decay by rank beside it was tried: no better.
    """
    questions, of = len(places), np.repeat(np.arange(len(places)), np.diff(offsets))
    if questions < TRIALS_MIN:
        return none()
    is_found = places >= 0
    chosen = scores[offsets[:-1][is_found] + places[is_found]]
    target = np.array([chosen.sum(), (~is_found).sum()])
    found = np.array([1.0, 0.0])
    for _ in range(_ROUNDS):
        likely, other = _softmax(found[0] * scores, of, questions, found[1])
        mean = np.column_stack([np.bincount(of, likely * scores, questions), other])
        # Of the sum over questions of E[xx'] - E[x]E[x]', where x of something else is (0, 1).
        bend = np.diag([float((likely * scores**2).sum()), float(other.sum())]) - mean.T @ mean
        step = np.linalg.solve(bend + _RIDGE * np.eye(2), target - mean.sum(axis=0) - _RIDGE * found)
        found += np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < _CLOSE:
            break
    return found


def _softmax(worth: np.ndarray, of: np.ndarray, questions: int, outside: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the probability of each candidate, and of something else. Shapes: worth [n], of [n] -> [n], [questions]."""
    most = np.full(questions, outside)
    np.maximum.at(most, of, worth)
    raised, other = np.exp(worth - most[of]), np.exp(outside - most)
    total = np.bincount(of, raised, questions) + other
    return raised / total[of], other / total


@njit(cache=True, nogil=True)
def probabilities(scores: np.ndarray, calibration: np.ndarray, out: np.ndarray) -> None:
    """Fill in the probability of each of one question's candidates; NaN where nothing was fitted. Shapes: [n] -> [n]."""
    count = scores.shape[0]
    if calibration.shape[0] == 0:
        out[:count] = np.nan
        return
    temperature, outside = calibration[0], calibration[1]
    most = outside
    for row in range(count):
        most = max(most, temperature * scores[row])
    total = np.exp(outside - most)
    for row in range(count):
        out[row] = np.exp(temperature * scores[row] - most)
        total += out[row]
    out[:count] /= total
