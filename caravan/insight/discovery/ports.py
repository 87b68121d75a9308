"""What discovery needs from outside: whoever learns to rank from examples, keeps drafts, and does the long steps."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from caravan.cell.forest import Trees
from caravan.insight.discovery.comparisons import Comparison
from caravan.insight.discovery.history import History, Plan
from caravan.insight.discovery.kernel import WIDTH, Links, Net
from caravan.insight.discovery.likelihood import slopes
from caravan.insight.discovery.recommender import Skill
from caravan.insight.discovery.sequence import Sequence, in_steps, packed
from caravan.insight.discovery.trained import Trained
from caravan.insight.discovery.workers import Workers, still

__all__ = [
    "WIDTH", "Comparison", "Drafts", "History", "Links", "Net", "Plan", "Ranker", "Sequence", "Skill", "Trained", "Trees",
    "Workers", "in_steps", "packed", "slopes", "still",
]  # fmt: skip


class Ranker(Protocol):
    """Learns small trees that put what was looked at next before what was not."""

    def learn(
        self, rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, worths: np.ndarray, *, seed: int,
        progress: Callable[[int, int], None],
    ) -> Trees:  # fmt: skip
        """Learn from groups of candidates: rows [n, width], labels [n] of 0 and 1, groups [g] that sum to n.

        A row stands for worths [n] candidates of its kind: those that were drawn by lot stand for those that were not.

        Raises Outage where what it needs is not installed.
        """
        ...


class Drafts(Protocol):
    """Keeps the longest step of learning, so that learning which was cut short goes on from there."""

    def find(self) -> Sequence | None:
        """Give the sequence model that was learned from the same looks by the same plan, if it was kept."""
        ...

    def keep(self, model: Sequence) -> None:
        """Keep it."""
        ...
