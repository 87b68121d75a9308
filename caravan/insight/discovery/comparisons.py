"""Comparisons: which of two versions visitors click and buy more of, counted from lists that both had a part in."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.events import discovery as events
from caravan.insight.discovery.outcomes import CREDITED, Sale, is_drawn, lot_of
from caravan.insight.discovery.proof import Preference, interleave, prefer
from caravan.kernel.clock import MINUTE

CREDITED_CLICKS = 30 * MINUTE  # A click counts for a list that was shown no longer ago; then the list is judged.
OPEN_MAX = 100_000  # So many lists wait to be judged; what is older than the oldest of them is judged early.
CLICKED_MAX = 50  # So many clicked products of a visitor wait for a purchase.
CHAMPION, CHALLENGER = 1, -1
COUNTS = ("clicks", "purchases")
ABOUT = ("lists", "search")
SHARE_PERCENT_MAX = 100


class Comparison(msgspec.Struct, frozen=True):
    """A challenger beside the champion on a share of the visitors; `since` is its name and the salt of who takes part.

    The verdict is empty until it is decided: "champion", "challenger" or "alike".
    """

    champion: str
    challenger: str
    share_percent: int
    since: int
    by: str = "clicks"
    verdict: str = ""

    def takes_in(self, visitor: bytes) -> bool:
        """Tell whether a visitor takes part: that follows from their mark alone, for as long as it runs."""
        share_ppm = self.share_percent * 10_000
        return not self.verdict and any(visitor) and is_drawn(lot_of(visitor), salt=self.since, share_ppm=share_ppm)


class Draft(NamedTuple):
    """A list out of two: the products, whose each is (1 the champion's, -1 the challenger's), and the seed of it."""

    products: list[int]
    teams: list[int]
    seed: int


def draft(champion: Sequence[int], challenger: Sequence[int], limit: int, *, seed: int) -> Draft:
    """Draft one list out of two. The same seed gives the same list."""
    return Draft(*interleave(champion, challenger, limit, np.random.default_rng(seed)), seed)


def seed_of(*parts: bytes) -> int:
    """Give the seed that follows from what a list was made for."""
    return int.from_bytes(hashlib.blake2b(b"\n".join(parts), digest_size=7).digest(), "big")


class Tally(NamedTuple):
    """What a comparison has come to: lists, their clicks and purchases by side, and one vote a visitor."""

    lists: int = 0
    clicks_champion: int = 0
    clicks_challenger: int = 0
    votes_champion: int = 0
    votes_challenger: int = 0
    ties: int = 0
    bought_champion: int = 0
    bought_challenger: int = 0
    buyers_champion: int = 0
    buyers_challenger: int = 0

    def told(self, by: str) -> Preference:
        """Tell what stands, by clicks or by purchases, however often it is asked."""
        if by == "purchases":
            return prefer(self.buyers_champion, self.buyers_challenger)
        return prefer(self.votes_champion, self.votes_challenger)


class _Open:
    """A list that may still be clicked in."""

    def __init__(self, event: events.ListDrafted) -> None:
        self.at, self.visitor, self.buyer, self.comparison = event.at, event.visitor, event.buyer, event.comparison
        self.surface, self.balance = event.surface, 0
        self.teams = dict(zip(event.products, event.teams, strict=True))


class Comparisons:
    """Folded from the log, so that credit can be told anew from it. Whoever takes part has one vote in each comparison.

    One vote, because lists of one visitor are not independent: who likes one side's products clicks on them again and
    again, and a test that counts each list would find a difference where there is none.
    """

    def __init__(self) -> None:
        self.tallies: dict[int, Tally] = {}
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._of_visitor: dict[bytes, list[int]] = {}
        self._clicked: dict[bytes, dict[int, tuple[int, int, int]]] = {}
        self._voted: dict[tuple[int, str], set[bytes | int]] = {}
        self._number = 0
        self._lock = threading.RLock()  # Whoever asks may be another thread than who folds.

    def show(self, event: events.ListDrafted) -> None:
        """Fold in a list; lists that are over are judged."""
        with self._lock:
            self._show(event)

    def click(self, signal: events.SignalNoted) -> None:
        """Credit a click to whose the product was, in the latest list of that surface that it stood in; once a list."""
        with self._lock:
            self._click(signal)

    def sell(self, sale: Sale, visitors: Iterable[bytes]) -> None:
        """Credit what a buyer bought to whose it was when they, on any of their browsers, clicked on it within a week."""
        with self._lock:
            self._sell(sale, list(visitors))

    def forget(self, buyer: int, visitors: Iterable[bytes]) -> None:
        """Know none of a person's marks any more; what was counted of them stays a number."""
        with self._lock:
            self._forget(buyer, list(visitors))

    def tally(self, comparison: int, *, now: int) -> Tally:
        """Give what a comparison has come to, with the lists judged that are over now."""
        with self._lock:
            self._judge_until(now - CREDITED_CLICKS)
            return self.tallies.get(comparison, Tally())

    def _show(self, event: events.ListDrafted) -> None:
        self._judge_until(event.at - CREDITED_CLICKS)
        self._number += 1
        self._open[self._number] = _Open(event)
        self._of_visitor.setdefault(event.visitor, []).append(self._number)
        self._add(event.comparison, lists=1)
        while len(self._open) > OPEN_MAX:
            self._judge(next(iter(self._open)))

    def _click(self, signal: events.SignalNoted) -> None:
        self._judge_until(signal.at - CREDITED_CLICKS)
        for number in reversed(self._of_visitor.get(signal.visitor, ())):
            one = self._open[number]
            if one.surface != signal.surface or signal.product not in one.teams:
                continue
            team = one.teams.pop(signal.product)
            one.balance += team
            one.buyer = one.buyer or signal.buyer
            self._add(one.comparison, **{_side("clicks", team): 1})
            clicked = self._clicked.setdefault(signal.visitor, {})
            clicked[signal.product] = (one.comparison, team, signal.at)
            if len(clicked) > CLICKED_MAX:
                clicked.pop(next(iter(clicked)))
            return

    def _sell(self, sale: Sale, marks: Sequence[bytes]) -> None:
        for product, _ in sale.paid:
            for visitor in marks:
                comparison, team, at = self._clicked.get(visitor, {}).get(product, (0, 0, 0))
                if not comparison or sale.at - at > CREDITED:
                    continue
                self._clicked[visitor].pop(product)
                self._add(comparison, **{_side("bought", team): 1})
                if self._may_vote(comparison, "purchases", visitor, sale.buyer):
                    self._add(comparison, **{_side("buyers", team): 1})
                break

    def _forget(self, buyer: int, visitors: Sequence[bytes]) -> None:
        for visitor in visitors:
            self._clicked.pop(visitor, None)
            for number in self._of_visitor.pop(visitor, ()):
                self._open.pop(number, None)
            for voted in self._voted.values():
                voted.discard(visitor)
        for voted in self._voted.values():
            voted.discard(buyer)

    def _judge_until(self, at: int) -> None:
        while self._open and self._open[number := next(iter(self._open))].at < at:
            self._judge(number)

    def _judge(self, number: int) -> None:
        one = self._open.pop(number)
        theirs = self._of_visitor[one.visitor]
        theirs.remove(number)
        if not theirs:
            self._of_visitor.pop(one.visitor)
        if not one.balance:
            self._add(one.comparison, ties=1)
        elif self._may_vote(one.comparison, "clicks", one.visitor, one.buyer):
            self._add(one.comparison, **{_side("votes", one.balance): 1})

    def _may_vote(self, comparison: int, by: str, visitor: bytes, buyer: int) -> bool:
        voted = self._voted.setdefault((comparison, by), set())
        known = voted.isdisjoint({visitor, buyer} if buyer else {visitor})
        voted.update({visitor, buyer} if buyer else {visitor})
        return known

    def _add(self, comparison: int, **counted: int) -> None:
        before = self.tallies.get(comparison, Tally())
        more = {name: getattr(before, name) + count for name, count in counted.items()}
        self.tallies[comparison] = before._replace(**more)


def _side(what: str, team: int) -> str:
    return f"{what}_{'champion' if team > 0 else 'challenger'}"
