"""Comparing: two versions draft lists together on live traffic, until their visitors have decided between them."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from caravan.insight import discovery
from caravan.insight.discovery import Comparison, Comparisons
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound

_LOOK_S = 1.0


class Standing(Protocol):
    """Which version answers, and what is compared with it."""

    @property
    def champion(self) -> str:
        """Give the version that answers; empty where none was promoted."""
        ...

    @property
    def comparison(self) -> Comparison | None:
        """Give what is compared, or was last."""
        ...


class Versions(Protocol):
    """The versions of what was learned, and which of them stands where."""

    def standing(self) -> Standing:
        """Tell what stands."""
        ...

    def stamp(self) -> int:
        """Give a number that changes whenever the standing does."""
        ...

    def versions(self) -> list[tuple[str, dict[str, object]]]:
        """Give the versions that are kept, the latest first, with what was noted about each."""
        ...

    def promote(self, version: str) -> Standing:
        """Let a version answer everybody."""
        ...

    def compare(self, version: str, share_percent: int, *, by: str, since: int) -> Standing:
        """Begin a comparison with the champion."""
        ...

    def decide(self, comparison: Comparison, verdict: str) -> Standing:
        """Write a verdict down."""
        ...

    def end_comparison(self) -> Standing:
        """Compare no more."""
        ...


class Told(msgspec.Struct, frozen=True):
    """What a comparison has come to. `share`, `low` and `high` are of the votes that the champion won."""

    about: str
    champion: str
    challenger: str
    share_percent: int
    begun_at: int
    by: str
    verdict: str
    lists: int
    clicks_champion: int
    clicks_challenger: int
    votes_champion: int
    votes_challenger: int
    ties: int
    bought_champion: int
    bought_challenger: int
    share: float
    low: float
    high: float


def tell(about: str, comparison: Comparison, counted: Comparisons, *, now: Instant) -> Told:
    """Tell what a comparison has come to by what was counted. A verdict that was written down stays."""
    tally = counted.tally(comparison.since, now=now)
    told = tally.told(comparison.by)
    return Told(
        about, comparison.champion, comparison.challenger, comparison.share_percent, comparison.since, comparison.by,
        comparison.verdict or told.verdict, tally.lists, tally.clicks_champion, tally.clicks_challenger, told.wins,
        told.losses, tally.ties, tally.bought_champion, tally.bought_challenger, told.share, told.low_always,
        told.high_always,
    )  # fmt: skip


class Comparing:
    """Knows which comparisons run, who takes part, and writes a verdict down as soon as it stands."""

    def __init__(self, folders: Mapping[str, Versions], counted: Callable[[], Comparisons]) -> None:
        self.folders, self._counted = folders, counted
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, int, Comparison | None]] = {}

    def running(self, about: str) -> Comparison | None:
        """Give what is compared about lists or search, or was last: no older than a second."""
        with self._lock:
            looked_at, stamp, found = self._known.get(about, (-_LOOK_S, -1, None))
            now = time.monotonic()
            if now - looked_at >= _LOOK_S:
                latest = self.folders[about].stamp()
                found = self.folders[about].standing().comparison if latest != stamp else found
                self._known[about] = (now, latest, found)
            return found

    def drawn(self, about: str, visitor: bytes) -> Comparison | None:
        """Give the comparison that a visitor takes part in."""
        running = self.running(about)
        return running if running is not None and running.takes_in(visitor) else None

    def begin(self, about: str, version: str, *, share_percent: int, by: str, now: Instant) -> Comparison:
        """Begin to compare a version with the champion, in place of what was compared before. Refuses the champion itself."""
        if not 0 < share_percent <= discovery.SHARE_PERCENT_MAX:
            raise Invalid("A share is from 1 to 100 percent.", field="share_percent")
        if by not in discovery.COUNTS:
            raise Invalid(f"A comparison is decided by {' or '.join(discovery.COUNTS)}.", field="by")
        standing = self._folder(about).compare(version, share_percent, by=by, since=now)
        assert standing.comparison is not None
        self._known.pop(about, None)
        return standing.comparison

    def end(self, about: str) -> None:
        """Compare no more. Refuses where nothing is compared."""
        self._folder(about).end_comparison()
        self._known.pop(about, None)

    def promote(self, about: str) -> str:
        """Let the challenger of a comparison answer everybody, and give it; the comparison is over."""
        found = self._folder(about).standing().comparison
        if found is None:
            raise NotFound("Nothing is being compared.")
        self.folders[about].promote(found.challenger)
        self._known.pop(about, None)
        return found.challenger

    def told(self, *, now: Instant) -> list[Told]:
        """Tell of every comparison that runs or was decided last."""
        counted = self._counted()
        found = ((about, folder.standing().comparison) for about, folder in self.folders.items())
        return [tell(about, one, counted, now=now) for about, one in found if one is not None]

    def see_to_decided(self, *, now: Instant) -> list[Told]:
        """Write down the verdict of each comparison that has come to one; give those."""
        decided = []
        for about in self.folders:
            running = self.running(about)
            if running is None or running.verdict:
                continue
            told = tell(about, running, self._counted(), now=now)
            if told.verdict != "open":
                self.folders[about].decide(running, told.verdict)
                self._known.pop(about, None)
                decided.append(told)
        return decided

    def _folder(self, about: str) -> Versions:
        if about not in self.folders:
            raise Invalid(f"What is compared is about {' or '.join(discovery.ABOUT)}.", field="about")
        return self.folders[about]
