"""What trees that rank are bent by: how likely what was looked at next is among its candidates, and how high it stands."""

import numpy as np
from numba import njit

DEPTH = 25  # Places that swaps are counted in.
_SWAPS = 0.3  # What swaps weigh beside the likelihood.
_FLAT = 1e-6  # The least curvature, so that a step stays finite.
_NEAR = 0.01  # Two scores are at least so far apart when a swap is weighed by it.


@njit(cache=True, nogil=True)
def slopes(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, worths: np.ndarray, slope: np.ndarray, curve: np.ndarray
) -> None:
    """Fill in how a loss rises with each score, and how that rises. Shapes: groups [g] sum to n, all others [n].

    Each group holds one candidate of label 1. A candidate of worth w stands for w of its kind. The loss is the negative
    logarithm of the chance by softmax, and LambdaMART's, which looks at the first places only (Burges 2010).
    """
    first = 0
    for group in groups:
        last = first + group
        part, target = scores[first:last], int(np.argmax(labels[first:last]))
        _likely(part, target, worths[first:last], slope[first:last], curve[first:last])
        _swap(part, target, worths[first:last], slope[first:last], curve[first:last])
        first = last


@njit(cache=True, nogil=True)
def _likely(scores: np.ndarray, target: int, worths: np.ndarray, slope: np.ndarray, curve: np.ndarray) -> None:
    chances = worths * np.exp(scores - scores.max())
    chances /= chances.sum()
    for row in range(scores.shape[0]):
        slope[row] = chances[row] - (row == target)
        curve[row] = max(chances[row] * (1.0 - chances[row]), _FLAT)


@njit(cache=True, nogil=True)
def _swap(scores: np.ndarray, target: int, worths: np.ndarray, slope: np.ndarray, curve: np.ndarray) -> None:
    """Push the target past whoever stands before it, by what that would gain."""
    size = scores.shape[0]
    order, gains, is_deep = np.argsort(-scores), np.zeros(size), np.zeros(size, np.bool_)
    place = 1.0
    for row in order:
        gains[row], is_deep[row] = 1.0 / np.log2(1.0 + place), place > DEPTH
        place += worths[row]
    pushes, bends = np.zeros(size), np.zeros(size)
    for row in range(size):
        if row == target or (is_deep[row] and is_deep[target]):
            continue
        weight = abs(gains[row] - gains[target]) * worths[row] / (_NEAR + abs(scores[row] - scores[target]))
        wrong = 1.0 / (1.0 + np.exp(scores[target] - scores[row]))
        pushes[row], bends[row] = weight * wrong, weight * wrong * (1.0 - wrong)
    total = pushes.sum()
    if total <= 0.0:
        return
    # Groups that push hard are held back, as LightGBM does it.
    scale = _SWAPS * np.log2(1.0 + 2.0 * total) / (2.0 * total)
    slope += scale * pushes
    curve += scale * bends
    slope[target] -= scale * total
    curve[target] += scale * bends.sum()
