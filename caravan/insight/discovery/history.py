"""What is learned from, and how: a history of sessions, and a plan."""

from typing import NamedTuple

import msgspec
import numpy as np

from caravan.insight.discovery.kernel import Traits
from caravan.insight.discovery.memory import Memory


class History(NamedTuple):
    """Sessions in the order in which they began; session i looked at items[offsets[i]:offsets[i + 1]], from product 1."""

    offsets: np.ndarray
    items: np.ndarray
    products: int
    traits: Traits

    @property
    def sessions(self) -> np.ndarray:
        """Give the session of each look, from 1."""
        return np.repeat(np.arange(1, len(self.offsets), dtype=np.int32), np.diff(self.offsets))


class Plan(msgspec.Struct, frozen=True):
    """How much to learn, and from what. `is_by_person` asks for each session's last look, not for the latest sessions."""

    seed: int = 1
    is_by_person: bool = False
    epochs: int = 6
    rate: float = 0.003
    dropout: float = 0.35
    later_epochs: int = 3
    later_rate: float = 0.002
    tail: float = 0.06
    chunks: int = 2
    questions: int = 16_000
    others: float = 60.0
    ridge: float = 30.0


def history_of(memory: Memory, products: int, traits: Traits) -> History:
    """Lay a memory out as a history: session by session, what was forgotten left out."""
    sight = memory.sight()
    item, session = sight.item[1 : sight.end], sight.session[1 : sight.end]
    kept = np.flatnonzero(item)
    order = kept[np.argsort(session[kept], kind="stable")]
    of = session[order]
    starts = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]])) if len(of) else np.zeros(0, np.int64)
    return History(np.concatenate([starts, [len(of)]]).astype(np.int64), item[order].copy(), products, traits)
