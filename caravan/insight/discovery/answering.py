"""Answering: which products may please this visitor here and now, from every source that has something to say, and why."""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.insight.discovery import kernel
from caravan.insight.discovery.kernel import Scratch
from caravan.insight.discovery.memory import Looks, Memory
from caravan.insight.discovery.outcomes import HELD_OUT
from caravan.insight.discovery.recommender import Recommender, Skill, unskilled
from caravan.insight.discovery.tastes import Tastes

BLEND = "blend-1"  # The version of answers that no learned model had a part in.
OFFERED_MAX = 80  # As many products are handed on to be arranged.
FRESH_MAX = 24
REASONED_LOOKS = 60  # Looks at each product of the session that are followed for a reason.
_REASONED_BACK = 8
_TREND_KEPT_CHANGES = 64
_TREND_KEPT = 2_000_000  # Microseconds that a list of trends is good for in a busy shop.
_TREND_SMALL = 20_000  # Up to so many products, trends are looked up each time something has changed.


class Asked(NamedTuple):
    """A question: on which surface, about which products, by whom."""

    surface: str
    about: tuple[int, ...]
    visitor: bytes
    buyer: int
    now: int


class Offered(NamedTuple):
    """A product that may please: its score, why, and because of which product (0: of none)."""

    product: int
    score: float
    why: str
    because: int


class Answer(NamedTuple):
    """Products in the order of the ranking, some that want to be tried, and by which version."""

    offered: list[Offered]
    fresh: list[int]
    version: str


@njit(cache=True, nogil=True)
def _because(  # noqa: C901  # Compiled: arrays in, one straight way through.
    prefix: np.ndarray, answers: np.ndarray, own: int, sight: Looks, room: Scratch, because: np.ndarray
) -> None:
    """Give, for each answer, the product of the session that shares most sessions with it; 0 where none does."""
    room.state[0] += 1
    room.state[1] = 0
    counts = np.zeros(answers.shape[0], np.int32)
    best = np.zeros(answers.shape[0], np.int32)
    for place in range(answers.shape[0]):
        because[place] = 0
        room.slots[answers[place]] = place
        room.stamps[answers[place]] = room.state[0]
    length = prefix.shape[0]
    for at in range(length - 1, max(-1, length - 1 - _REASONED_BACK), -1):
        what = prefix[at]
        if what <= 0 or what >= sight.head.shape[0]:
            continue
        counts[:] = 0
        look, followed = sight.head[what], 0
        while look != 0 and followed < REASONED_LOOKS:
            if look < sight.end and sight.session[look] != own and sight.item[look] != 0:
                followed += 1
                for direction in range(2):
                    step = sight.after[look] if direction == 0 else sight.before[look]
                    distance = 0
                    while step != 0 and step < sight.end and distance < kernel.STEPS_MAX:
                        other = sight.item[step]
                        if other not in {0, what} and room.stamps[other] == room.state[0]:
                            counts[room.slots[other]] += 1
                        step = sight.after[step] if direction == 0 else sight.before[step]
                        distance += 1
            look = sight.earlier[look]
        for place in range(answers.shape[0]):
            if counts[place] > best[place]:
                best[place] = counts[place]
                because[place] = what


class Answering:
    """Answers one question at a time over what the view knows; what was learned can be exchanged while it runs."""

    def __init__(self, tastes: Tastes, skill: Skill, version: str = BLEND) -> None:
        self._tastes = tastes
        self._lock = threading.Lock()
        self._warming: threading.Thread | None = None
        self._is_warm = False
        self._trends: tuple[int, int, np.ndarray] = (-1, 0, np.zeros(0, np.int64))
        self.learn(skill, version)

    def learn(self, skill: Skill, version: str) -> None:
        """Answer from here on by what was learned."""
        with self._lock:
            self._skill, self.version = skill, version
            self._make_room(len(self._tastes.products))

    def _make_room(self, products: int) -> None:
        # Room for twice as many, so that a growing catalog seldom asks for more.
        self._capacity = max(1024, 2 * products, len(self._skill.net.unit))
        traits = self._tastes.traits()
        self._by_looks = Recommender(self._capacity, self._skill, traits)
        self._by_baskets = Recommender(self._capacity, _plain(self._skill), traits)
        self._becauses = np.zeros(kernel.KEPT_MAX, np.int32)

    def warm(self) -> None:
        """Compile what answers, or load what was compiled before: a minute once on a machine, then a second a process."""
        memory = Memory()
        memory.remember(np.array([1, 1, 2], np.int32), np.array([1, 2, 1], np.int32))
        recommender = Recommender(8, self._skill, self._tastes.traits())
        found = recommender.next_of(np.array([1], np.int32), memory.sight())
        _because(np.array([1], np.int32), found, 0, memory.sight(), recommender.room, np.zeros(len(found), np.int32))
        self._is_warm = True

    def _is_ready(self) -> bool:
        """Tell whether sessions can be walked yet; begin to get ready for it at the first question."""
        if not self._is_warm and self._warming is None:
            self._warming = threading.Thread(target=self.warm, name="discovery-warming", daemon=True)
            self._warming.start()
        return self._is_warm

    def answer(self, asked: Asked) -> Answer:
        """Answer what may please, best first: from sessions alike, from baskets alike, then from trends.

        The first questions of a process are answered from trends alone, until the kernels are there.
        """
        with self._lock:
            tastes = self._tastes
            if any(asked.visitor) and tastes.outcomes.is_held_out(asked.visitor, asked.buyer):
                return self._alike_for_all(asked)
            if len(tastes.products) > self._capacity:
                self._make_room(len(tastes.products))
            offered: dict[int, Offered] = {}
            recent = tastes.recent_of(asked.visitor, asked.buyer)
            taste = tastes.visitors.get(asked.visitor)
            own = taste.session if taste is not None else 0
            owner = tastes.buyers.get(asked.buyer)
            basket = owner.basket if owner is not None else 0
            if asked.surface in {"also_bought", "goes_with", "cart"}:
                self._add(offered, self._by_baskets, asked.about, basket, "bought_together")
                self._add(offered, self._by_looks, asked.about, own, "looked_at_together")
            else:
                self._add(offered, self._by_looks, [*recent, *asked.about], own, "looked_at_together")
                bought = owner.bought if owner is not None else []
                self._add(offered, self._by_baskets, [*bought, *recent[-4:]], basket, "bought_together")
                self._again(offered, bought)
            context = [*asked.about, *recent[-3:]]
            fresh = self._fresh(context)
            for product in self._trending(asked.now).tolist():
                if len(offered) >= OFFERED_MAX:
                    break
                offered.setdefault(product, Offered(product, -20.0 - len(offered), "wanted_now", 0))
            left = [one for one in offered.values() if one.product not in asked.about]
            return Answer(left[:OFFERED_MAX], [product for product in fresh if product not in offered], self.version)

    def _alike_for_all(self, asked: Asked) -> Answer:
        """Answer whoever belongs to the hold-out: what is wanted and what is new, the same for everybody."""
        offered = [
            Offered(product, -float(place), "wanted_now", 0)
            for place, product in enumerate(self._trending(asked.now).tolist())
            if product not in asked.about
        ]
        return Answer(offered[:OFFERED_MAX], self._fresh(()), HELD_OUT)

    def _add(
        self, offered: dict[int, Offered], recommender: Recommender, products: Sequence[int], own: int, why: str
    ) -> None:  # fmt: skip
        memory = self._tastes.looks if recommender is self._by_looks else self._tastes.baskets
        prefix = np.array(products[-kernel.PREFIX_MAX :], np.int32)
        if not len(prefix) or not len(memory) or not self._is_ready():
            return
        recommender.traits = self._tastes.traits()
        sight = memory.sight()
        found = recommender.next_of(prefix, sight, own=own)[:OFFERED_MAX]
        scores = recommender.scores[recommender.chosen[: len(found)]]
        is_seen = recommender.room.out[recommender.chosen[: len(found)], kernel.IN_COUNT] > 0
        _because(prefix, found, own, sight, recommender.room, self._becauses)
        floor = min((one.score for one in offered.values()), default=0.0)
        lift = 0.0 if not offered else floor - float(scores[0]) - 0.01 if len(scores) else 0.0
        rows = zip(
            found.tolist(), scores.tolist(), self._becauses[: len(found)].tolist(), is_seen.tolist(), strict=True
        )
        for product, score, because, was_seen in rows:
            reason = "you_looked_at_it" if was_seen else why
            if product not in offered and (because or was_seen or why == "looked_at_together"):
                offered[product] = Offered(product, score + lift, reason if because or was_seen else "like_what_you_look_at",
                                           0 if was_seen else because)  # fmt: skip

    def _again(self, offered: dict[int, Offered], bought: Sequence[int]) -> None:
        """Raise what this buyer bought before and people buy again."""
        table = self._tastes.products
        best = max((one.score for one in offered.values()), default=0.0)
        for product in dict.fromkeys(reversed(bought)):
            if table.rebuys[product] * 5 >= table.sales[product] > 1:
                offered[product] = Offered(product, best - 0.5, "you_bought_it", product)

    def _fresh(self, context: Sequence[int]) -> list[int]:
        """Give new products of the categories that a visitor is in, little looked at so far; else the newest of all."""
        table, members = self._tastes.products, self._tastes.members
        categories = dict.fromkeys(int(table.category[product]) for product in reversed(context))
        newest = [product for category in [*categories][:2] for product in members[category][: -FRESH_MAX - 1 : -1]]
        newest = newest or list(range(len(table) - 1, max(0, len(table) - 1 - FRESH_MAX), -1))
        looks, products = self._tastes.looks.sight().looks, self._tastes.looks.products
        return [one for one in newest if one >= products or looks[one] < _WELL_KNOWN][:FRESH_MAX]

    def _trending(self, now: int) -> np.ndarray:
        changes, at, known = self._trends
        is_small = len(self._tastes.products) <= _TREND_SMALL
        is_stale = now - at > _TREND_KEPT or (is_small and changes != self._tastes.changes)
        if changes < 0 or (changes != self._tastes.changes and is_stale):
            known = self._tastes.trending(now, 2 * OFFERED_MAX)
            self._trends = (self._tastes.changes, now, known)
        return known


_WELL_KNOWN = 30  # A product with so many looks needs no more trying out.


def _plain(skill: Skill) -> Skill:
    """Give a skill that ranks by the blend: the trees learned from looks, not from baskets."""
    trees = skill.trees
    none = trees._replace(**{name: array[:0] for name, array in trees._asdict().items()})
    return Skill(unskilled().net, skill.links, none)
