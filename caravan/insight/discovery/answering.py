"""Answering: which products may please this visitor here and now, from every source that has something to say, and why."""

import math
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, overload

import numpy as np
from numba import njit

from caravan.insight.discovery import calibration, content, kernel
from caravan.insight.discovery.bandit import hopes
from caravan.insight.discovery.kernel import Scratch
from caravan.insight.discovery.memory import Looks, Memory
from caravan.insight.discovery.outcomes import HELD_OUT
from caravan.insight.discovery.recommender import Recommender, Skill, unskilled
from caravan.insight.discovery.tastes import Tastes

BLEND = "blend-1"  # The version of answers that no learned model had a part in.
OFFERED_MAX = 80  # As many products are handed on to be arranged.
FRESH_MAX = 24
FEW = 24  # Where fewer are found by what others did, what pages say helps out.
# Of each of two categories, so many of the newest products are read for their words.
ALIKE_AMONG, FRESH_AMONG = 4_096, 256
REASONED_LOOKS = 60  # Looks at each product of the session that are followed for a reason.
_REASONED_BACK = 8
_ANCHORS = 3
_TREND_KEPT_CHANGES = 64
_TREND_KEPT = 2_000_000  # Microseconds that a list of trends is good for in a busy shop.
_TREND_SMALL = 20_000  # Up to so many products, trends are looked up each time something has changed.


WHYS = (
    "looked_at_together",
    "bought_together",
    "like_what_you_look_at",
    "you_looked_at_it",
    "you_bought_it",
    "wanted_now",
)
_LOOKED_TOGETHER, _BOUGHT_TOGETHER, _LIKE, _YOU_LOOKED, _YOU_BOUGHT, _WANTED_NOW = range(len(WHYS))


class Asked(NamedTuple):
    """A question: on which surface, about which products, by whom."""

    surface: str
    about: tuple[int, ...]
    visitor: bytes
    buyer: int
    now: int


class Offered(NamedTuple):
    """A product that may please: its score, why, and because of which product (0: of none).

    `probability` is that of its being looked at next, where the ranking has learned that.
    """

    product: int
    score: float
    why: str
    because: int
    probability: float | None = None


class Ranked(Sequence[Offered]):
    """Products that may please, best first, in columns; read one by one, each is an `Offered`. Shapes [n]."""

    def __init__(
        self, products: np.ndarray, scores: np.ndarray, whys: np.ndarray, becauses: np.ndarray,
        probabilities: np.ndarray,
    ) -> None:  # fmt: skip
        self.products, self.scores, self.whys, self.becauses = products, scores, whys, becauses
        self.probabilities = probabilities

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Give all columns."""
        return self.products, self.scores, self.whys, self.becauses, self.probabilities

    def __len__(self) -> int:
        """Give how many products there are."""
        return len(self.products)

    @overload
    def __getitem__(self, place: int) -> Offered: ...
    @overload
    def __getitem__(self, place: slice) -> "Ranked": ...
    def __getitem__(self, place: int | slice) -> "Offered | Ranked":
        """Read one, or take a part."""
        if isinstance(place, slice):
            return self.at(place)
        probability = float(self.probabilities[place])
        return Offered(
            int(self.products[place]), float(self.scores[place]), WHYS[self.whys[place]], int(self.becauses[place]),
            None if math.isnan(probability) else probability,
        )  # fmt: skip

    def at(self, places: Any) -> "Ranked":  # noqa: ANN401  # Whatever chooses from an array.
        """Take those at some places."""
        return Ranked(*(column[places] for column in self.columns))

    def then(self, other: "Ranked") -> "Ranked":
        """Put others behind."""
        return Ranked(*(np.concatenate(pair) for pair in zip(self.columns, other.columns, strict=True)))


class Answer(NamedTuple):
    """Products in the order of the ranking, some that want to be tried, by which version, and how much is hoped of each trial."""

    offered: Ranked
    fresh: list[int]
    version: str
    hopes: np.ndarray


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


@njit(cache=True, nogil=True)
def _behind(  # noqa: C901, PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    products: np.ndarray, scores: np.ndarray, whys: np.ndarray, becauses: np.ndarray, probabilities: np.ndarray,
    prefix: np.ndarray, kept: int, chosen: np.ndarray, worth: np.ndarray, likely: np.ndarray, own: int, why: int,
    sight: Looks, room: Scratch,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Put what a ranking found behind what was found before, below all of it, each with its reason.

    What is only like something is left out where the ranking is of things bought together.
    """
    before, count = products.shape[0], min(kept, OFFERED_MAX)
    found, because = np.empty(count, np.int32), np.empty(count, np.int32)
    for place in range(count):
        found[place] = room.found[room.rows[chosen[place]]]
    _because(prefix, found, own, sight, room, because)
    size = before + count
    all_products, all_scores = np.empty(size, np.int64), np.empty(size, np.float64)
    all_whys, all_becauses = np.empty(size, np.int8), np.empty(size, np.int64)
    all_products[:before], all_scores[:before] = products, scores
    all_whys[:before], all_becauses[:before] = whys, becauses
    all_probabilities = np.empty(size, np.float64)
    all_probabilities[:before] = probabilities
    room.state[0] += 1
    room.state[1] = 0
    lower = 0.0
    if before > 0:
        for place in range(before):
            if products[place] < room.stamps.shape[0]:
                room.stamps[products[place]] = room.state[0]
        if count > 0:
            lower = scores.min() - worth[chosen[0]] - 0.01
    to = before
    for place in range(count):
        product, row = found[place], chosen[place]
        if room.stamps[product] == room.state[0]:
            continue
        if room.out[row, kernel.IN_COUNT] > 0:
            reason, of = _YOU_LOOKED, 0
        elif because[place] > 0:
            reason, of = why, because[place]
        elif why == _LOOKED_TOGETHER:
            reason, of = _LIKE, 0
        else:
            continue
        all_products[to], all_scores[to] = product, worth[row] + lower
        all_whys[to], all_becauses[to], all_probabilities[to] = reason, of, likely[row]
        to += 1
    return all_products[:to], all_scores[:to], all_whys[:to], all_becauses[:to], all_probabilities[:to]


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

    def warm(self) -> None:
        """Compile what answers, or load what was compiled before: a minute once on a machine, then a second a process."""
        memory = Memory()
        memory.remember(np.array([1, 1, 2], np.int32), np.array([1, 2, 1], np.int32))
        recommender = Recommender(8, self._skill, self._tastes.traits())
        one, marks = np.zeros(1, np.int64), np.zeros(1, np.uint64)
        content.nearest(one, np.zeros(1, np.int32), marks, marks, FRESH_MAX)
        hopes(np.zeros(1, np.int32), np.zeros(1, np.int32), one)
        content.untried(one, np.zeros(1, np.int32), np.zeros(1, np.int32), 1, marks, marks, FRESH_MAX)
        self._ranked_behind(_nothing(), recommender, np.array([1], np.int32), 0, memory.sight(), _LOOKED_TOGETHER)
        self._is_warm = True

    def get_ready(self) -> bool:
        """Begin to warm in a thread of its own, where nobody has yet; tell whether sessions can be walked."""
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
            recent = tastes.recent_of(asked.visitor, asked.buyer)
            taste = tastes.visitors.get(asked.visitor)
            own = taste.session if taste is not None else 0
            owner = tastes.buyers.get(asked.buyer)
            basket = owner.basket if owner is not None else 0
            if asked.surface in {"also_bought", "goes_with", "cart"}:
                found = self._found(_nothing(), self._by_baskets, asked.about, basket, _BOUGHT_TOGETHER)
                found = self._found(found, self._by_looks, asked.about, own, _LOOKED_TOGETHER)
            else:
                bought = owner.bought if owner is not None else []
                found = self._found(_nothing(), self._by_looks, [*recent, *asked.about], own, _LOOKED_TOGETHER)
                found = self._found(found, self._by_baskets, [*bought, *recent[-4:]], basket, _BOUGHT_TOGETHER)
                found = self._again(found, bought)
            if asked.surface not in {"goes_with", "cart"}:
                found = self._alike_in_words(found, asked.about or recent[-_ANCHORS:])
            fresh = self._fresh([*asked.about, *recent[-_ANCHORS:]])
            found = self._wanted(found, asked.now)
            known = set(found.products.tolist())
            offered = _without(found, asked.about)[:OFFERED_MAX]
            fresh = [product for product in fresh if product not in known]
            return Answer(offered, fresh, self.version, self._hopes(fresh))

    def _alike_for_all(self, asked: Asked) -> Answer:
        """Answer whoever belongs to the hold-out: what is wanted and what is new, the same for everybody."""
        wanted = self._trending(asked.now)
        offered = _alike(wanted, -np.arange(len(wanted), dtype=np.float64), _WANTED_NOW)
        fresh = self._fresh(())
        return Answer(_without(offered, asked.about)[:OFFERED_MAX], fresh, HELD_OUT, self._hopes(fresh))

    def _found(
        self, before: Ranked, recommender: Recommender, products: Sequence[int], own: int, why: int
    ) -> Ranked:  # fmt: skip
        """Put behind what was found before what a memory finds, below all of it."""
        memory = self._tastes.looks if recommender is self._by_looks else self._tastes.baskets
        prefix = np.array(products[-kernel.PREFIX_MAX :], np.int32)
        if not len(prefix) or not len(memory) or not self.get_ready():
            return before
        recommender.traits = self._tastes.traits()
        return self._ranked_behind(before, recommender, prefix, own, memory.sight(), why)

    @staticmethod
    def _ranked_behind(
        before: Ranked, recommender: Recommender, prefix: np.ndarray, own: int, sight: Looks, why: int
    ) -> Ranked:  # fmt: skip
        kept = recommender.rank(prefix, sight, own=own)
        return Ranked(
            *_behind(
                *before.columns, prefix, kept, recommender.chosen, recommender.scores, recommender.probabilities, own, why,
                sight, recommender.room,
            )
        )  # fmt: skip

    def _again(self, found: Ranked, bought: Sequence[int]) -> Ranked:
        """Raise what this buyer bought before and people buy again."""
        table = self._tastes.products
        again = [one for one in dict.fromkeys(reversed(bought)) if table.rebuys[one] * 5 >= table.sales[one] > 1]
        if not again:
            return found
        score = (float(found.scores.max()) if len(found) else 0.0) - 0.5
        places = {product: place for place, product in enumerate(found.products.tolist())}
        there = [places[product] for product in again if product in places]
        found.scores[there], found.whys[there], found.becauses[there] = score, _YOU_BOUGHT, found.products[there]
        new = np.array([product for product in again if product not in places], np.int64)
        return found.then(_alike(new, np.full(len(new), score), _YOU_BOUGHT, new))

    def _wanted(self, found: Ranked, now: int) -> Ranked:
        """Fill up with what is wanted these days."""
        lacks = OFFERED_MAX - len(found)
        if lacks <= 0:
            return found
        known = set(found.products.tolist())
        wanted = [product for product in self._trending(now).tolist() if product not in known][:lacks]
        scores = -20.0 - len(found) - np.arange(len(wanted), dtype=np.float64)
        return found.then(_alike(np.array(wanted, np.int64), scores, _WANTED_NOW))

    def _hopes(self, fresh: Sequence[int]) -> np.ndarray:
        if not self._is_warm:
            return np.zeros(len(fresh))
        table = self._tastes.products
        found: np.ndarray = hopes(table.shown, table.clicked, np.array(fresh, np.int64))
        return found

    def _near(self, context: Sequence[int], most: int) -> list[np.ndarray]:
        """Give the newest products of the last two categories of a context, the newest first; shapes int32 [≤ most]."""
        category, members = self._tastes.products.category, self._tastes.members
        categories = dict.fromkeys(int(category[product]) for product in reversed(context))
        return [np.array(members[one][: -most - 1 : -1], np.int32) for one in [*categories][:2]]

    def _alike_in_words(self, found: Ranked, anchors: Sequence[int]) -> Ranked:
        """Where few others looked at these products, put those behind whose pages say the same."""
        if len(found) >= FEW or not anchors or not self.get_ready():
            return found
        table, known = self._tastes.products, set(found.products.tolist())
        near = np.concatenate(self._near(anchors, ALIKE_AMONG)).tolist()
        among = np.array([one for one in near if one not in known], np.int32)
        products, bits, of = content.nearest(
            np.array(anchors, np.int64), among, table.said_low, table.said_high, OFFERED_MAX
        )
        scores = (float(found.scores.min()) if len(found) else 0.0) - 1.0 - bits / content.ALIKE_MAX
        return found.then(_alike(products, scores, _LIKE, of))

    def _fresh(self, context: Sequence[int]) -> list[int]:
        """Give products little looked at so far: those whose pages say the most alike, then the newest of the categories."""
        table, memory = self._tastes.products, self._tastes.looks
        newest = np.arange(len(table) - 1, max(0, len(table) - 1 - FRESH_MAX), -1, dtype=np.int32)
        near = self._near(context, FRESH_AMONG) or [newest]
        if not self.get_ready():
            newest_first: list[int] = np.concatenate(near)[:FRESH_MAX].tolist()
            return newest_first
        found: list[int] = content.untried(
            np.array(context, np.int64), np.concatenate(near), memory.sight().looks[: memory.products], _WELL_KNOWN, table.said_low,
            table.said_high, FRESH_MAX,
        ).tolist()  # fmt: skip
        return found

    def _trending(self, now: int) -> np.ndarray:
        changes, at, known = self._trends
        is_small = len(self._tastes.products) <= _TREND_SMALL
        is_stale = now - at > _TREND_KEPT or (is_small and changes != self._tastes.changes)
        if changes < 0 or (changes != self._tastes.changes and is_stale):
            known = self._tastes.trending(now, 2 * OFFERED_MAX)
            self._trends = (self._tastes.changes, now, known)
        return known


def _nothing() -> Ranked:
    none = np.zeros(0, np.int64)
    return Ranked(none, np.zeros(0), np.zeros(0, np.int8), none, np.zeros(0))


def _alike(products: np.ndarray, scores: np.ndarray, why: int, becauses: np.ndarray | None = None) -> Ranked:
    """Offer products that are all there for one reason, because of these products or of none."""
    becauses = np.zeros(len(products), np.int64) if becauses is None else becauses
    whys, unknown = np.full(len(products), why, np.int8), np.full(len(products), np.nan)
    return Ranked(products, scores, whys, becauses, unknown)


def _without(found: Ranked, about: Sequence[int]) -> Ranked:
    is_other = np.ones(len(found), np.bool_)
    for product in about:
        is_other &= found.products != product
    return found.at(is_other) if len(about) else found


_WELL_KNOWN = 30  # A product with so many looks needs no more trying out.


def _plain(skill: Skill) -> Skill:
    """Give a skill that ranks by the blend: the trees learned from looks, not from baskets."""
    trees = skill.trees
    none = trees._replace(**{name: array[:0] for name, array in trees._asdict().items()})
    return Skill(unskilled().net, skill.links, none, calibration.none())
