"""The recommender: one question after another against the memory and what was learned, in compiled code."""

from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.cell import forest
from caravan.cell.forest import Trees
from caravan.insight.discovery import calibration, kernel, linear, sequence
from caravan.insight.discovery.kernel import Links, Net, Scratch, Traits
from caravan.insight.discovery.memory import Looks


class Skill(NamedTuple):
    """What was learned, as serving reads it."""

    net: Net
    links: Links
    trees: Trees
    calibration: np.ndarray


def unskilled() -> Skill:
    """Give what is known before anything was learned: nothing; candidates are then ranked by a blend."""
    return Skill(sequence.net_of(None, np.random.default_rng(0)), linear.none(), forest.none(), calibration.none())


def no_traits() -> Traits:
    """Give the traits of products that nothing is known about."""
    return Traits(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


@njit(cache=True, nogil=True)
def _blend(rows: np.ndarray, count: int, scores: np.ndarray) -> None:
    """Rank without a model: neighbors first, then what goes with the last look, then what is wanted."""
    for row in range(count):
        one = rows[row]
        scores[row] = (
            one[kernel.KNN_COSINE] + 0.5 * one[kernel.STAN_PART] + 0.5 * one[kernel.NEXT_PART]
            + 0.3 * one[kernel.ALL_SHARE] + 0.2 * one[kernel.ALIKE_ALL] + 0.01 * one[kernel.POPULAR]
            + 0.3 * max(0.0, one[kernel.SEQUENCE])
        )  # fmt: skip


@njit(cache=True, nogil=True)
def rank_next(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    prefix: np.ndarray, own: int, sight: Looks, skill: Skill, traits: Traits, room: Scratch, scores: np.ndarray,
    likely: np.ndarray, chosen: np.ndarray,
) -> int:  # fmt: skip
    """Answer what may come next: fill `chosen` with rows of `room.out`, the best first; give how many candidates."""
    kept = kernel.candidates(
        prefix, own, sight, skill.net, skill.links, traits, kernel.QUOTAS, kernel.CELLS_OPENED, room
    )
    if skill.trees.begins.shape[0] > 0:
        forest.score(room.out, kept, skill.trees, scores)
    else:
        _blend(room.out, kept, scores)
    chosen[:kept] = np.argsort(-scores[:kept])
    calibration.probabilities(scores[:kept], skill.calibration, likely)
    return kept


class Recommender:
    """Answers questions in one thread; it holds the room that this takes."""

    def __init__(self, products: int, skill: Skill, traits: Traits) -> None:
        self.skill, self.traits = skill, traits
        self.room = kernel.scratch(products, max(1, skill.net.unit.shape[1]), len(skill.net.centers))
        self.scores = np.zeros(kernel.KEPT_MAX, np.float64)
        self.probabilities = np.full(kernel.KEPT_MAX, np.nan)
        self.chosen = np.zeros(kernel.KEPT_MAX, np.int64)

    def rank(self, prefix: np.ndarray, sight: Looks, *, own: int = 0) -> int:
        """Rank what a session may look at next; give how many products that are.

        Until the next question the i-th of them is `room.found[room.rows[chosen[i]]]`, measured in `room.out[chosen[i]]`,
        scored in `scores[chosen[i]]`, and as probable as `probabilities[chosen[i]]`: NaN where that was never learned.
        """
        return int(
            rank_next(
                prefix[-kernel.PREFIX_MAX :],
                own,
                sight,
                self.skill,
                self.traits,
                self.room,
                self.scores,
                self.probabilities,
                self.chosen,
            )
        )

    def next_of(self, prefix: np.ndarray, sight: Looks, *, own: int = 0) -> np.ndarray:
        """Give the products that a session may look at next, the likeliest first; shape int32 [≤ KEPT_MAX]."""
        kept = self.rank(prefix, sight, own=own)
        found: np.ndarray = self.room.found[self.room.rows[self.chosen[:kept]]]
        return found


def traits_of(marks: list[list[int]], prices: np.ndarray) -> Traits:
    """Lay out what products are like: sorted numbers for each, and prices, 0 where unknown."""
    lengths = np.array([len(some) for some in marks], np.int64)
    values = np.array([mark for some in marks for mark in some], np.int32)
    log_price = np.where(prices > 0, np.log(np.maximum(prices, 1e-9)), 0.0).astype(np.float32)
    return Traits(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), values, log_price)
