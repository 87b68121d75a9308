"""What search remembers of the log: the operator's synonyms, and what people looked for in vain."""

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import search as events
from caravan.kernel.event import Event

MISSED_MAX = 1_000
"""So many words that found nothing are counted; the longest unasked ones are forgotten first."""


class _State(msgspec.Struct, array_like=True):
    groups: tuple[str, ...]
    missed: dict[str, int]


class Search:
    """The synonyms, as lines of phrases parted by commas; and how often words found nothing, the latest last."""

    name = "search"
    kinds: frozenset[type[Event]] = frozenset({events.SynonymsSet, events.SearchFoundNothing})

    def __init__(self) -> None:
        self.version = 0
        self.groups: tuple[str, ...] = ()
        self.missed: dict[str, int] = {}

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            match event:
                case events.SynonymsSet():
                    self.groups = event.groups
                case events.SearchFoundNothing():
                    self.missed[event.words] = self.missed.pop(event.words, 0) + 1
                    if len(self.missed) > MISSED_MAX:
                        self.missed.pop(next(iter(self.missed)))

    def dump(self) -> dict[str, np.ndarray]:
        """Give it as bytes."""
        return {"state": pack(_State(self.groups, self.missed))}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take it back."""
        state = unpack(parts, "state", _State)
        self.groups, self.missed = state.groups, state.missed
