"""Lists made product by product, in the plainest way: what the arrays of discovery are held against."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Table
from caravan.insight import discovery
from caravan.insight.discovery import answering, kernel
from caravan.insight.discovery.answering import FEW, FRESH_AMONG, FRESH_MAX, OFFERED_MAX, _because
from caravan.insight.discovery.arrange import CATEGORY_SHARE, SELLER_SHARE, SHOWN_TIRED, _explore
from caravan.insight.discovery.content import ALIKE_MAX
from caravan.kernel.clock import DAY


class Candidate(NamedTuple):
    """A product that may be shown. A higher score is better."""

    product: int
    score: float
    category: str
    seller: int
    worth: float = 0.0


def arranged(
    ranked: Sequence[Candidate], fresh: Sequence[Candidate], *, limit: int, surface: str,
    rules: Sequence[discovery.Rule], shown: Mapping[int, int], is_about_one: bool, dice: random.Random, now: int,
) -> list[discovery.Placed]:  # fmt: skip
    """Arrange candidates one by one."""
    active = [rule for rule in rules if rule.surface in {"", surface} and (not rule.ends_at or rule.ends_at > now)]
    weighed = [(_worth(one, active), one) for one in ranked]
    kept = [
        (score - (10.0 if shown.get(one.product, 0) >= SHOWN_TIRED else 0.0), one)
        for score, one in weighed
        if score > -np.inf
    ]
    order = _spread([one for _, one in sorted(kept, key=lambda pair: -pair[0])], limit, is_about_one=is_about_one)
    known = {one.product for one in order}
    pinned = dict.fromkeys(int(rule.key) for rule in active if rule.effect == "pin")
    front = [number for number in pinned if number in known][:limit]
    rest = [one.product for one in order if one.product not in front]
    pool = {
        one.product: float(np.exp(_worth(one, active)))
        for one in fresh
        if _worth(one, active) > -np.inf and one.product not in known
    }
    return _explore(front, rest, pool, limit, dice)


def _worth(one: Candidate, rules: Sequence[discovery.Rule]) -> float:
    score = one.score + one.worth
    for rule in rules:
        if rule.effect in {"pin", "weigh"} or not _touches(rule, one):
            continue
        if rule.effect == "bury":
            return -np.inf
        score += float(np.log(max(rule.worth_ppm, 1) / 1e6))
    return score


def _touches(rule: discovery.Rule, one: Candidate) -> bool:
    if rule.target == "product":
        return rule.key == str(one.product)
    if rule.target == "seller":
        return rule.key == str(one.seller)
    return one.category == rule.key or one.category.startswith(rule.key + "/")


def _spread(ranked: Sequence[Candidate], limit: int, *, is_about_one: bool) -> list[Candidate]:
    a_seller = max(1, int(np.ceil(limit * SELLER_SHARE)))
    a_category = limit if is_about_one else max(1, int(np.ceil(limit * CATEGORY_SHARE)))
    sellers: Counter[int] = Counter()
    categories: Counter[str] = Counter()
    taken, held = [], []
    for one in ranked:
        if sellers[one.seller] >= a_seller or categories[one.category] >= a_category:
            held.append(one)
            continue
        sellers[one.seller] += 1
        categories[one.category] += 1
        taken.append(one)
    return [*taken, *held]


def worth(
    product: int, seller: int, free: int, fee: float, repute: discovery.Repute, weights: discovery.Weights, now: int
) -> list[float]:  # fmt: skip
    """Give what each part adds to a product's score."""
    market = _row(repute.sellers, 0)
    own = _row(repute.sellers, seller) if seller < len(repute.sellers) else dict.fromkeys(market, 0.0)
    item = _row(repute.products, product)
    category = _row(repute.categories, int(item["category"]))
    usually_kept = market["kept"] / (market["kept"] + market["missed"]) if market["kept"] + market["missed"] else 1.0
    fade = 0.5 ** ((now // DAY - own["day"]) / 60)
    settled = (own["kept"] + own["missed"]) * fade
    kept = (own["kept"] * fade + 20 * usually_kept) / (settled + 20)
    usually = (market["returned"] + 100 * 0.05) / (market["units"] + 100)
    of_category = (category["returned"] + 100 * usually) / (category["units"] + 100)
    of_seller = (own["returned"] + 100 * of_category) / (own["units"] + 100)
    returned = (item["returned"] + 20 * of_seller) / (item["units"] + 20)
    pace = item["pace"] * 0.5 ** ((now // DAY - item["pace_day"]) / 14) * float(np.log(2)) / 14
    thin = max(0.0, 1 - free / pace / 3) if pace > 0 else 0.0
    return [
        weights.promise * (kept - usually_kept), weights.returns * (of_category - returned), -weights.stock * thin,
        weights.margin * fee,
    ]  # fmt: skip


def _row(table: Table, row: int) -> dict[str, float]:
    return {name: float(getattr(table, name)[row]) for name in table._dtypes}


class Answering:
    """Answers as `discovery.Answering` does, gathering what it offers in a dict."""

    def __init__(self, view: discovery.Tastes) -> None:
        self._tastes = view
        self._by_looks = discovery.Recommender(1_024, discovery.unskilled(), view.traits())
        self._by_baskets = discovery.Recommender(1_024, answering._plain(discovery.unskilled()), view.traits())

    def answer(self, asked: discovery.Asked) -> tuple[list[discovery.Offered], list[int]]:
        """Give what is offered, and what is fresh."""
        tastes = self._tastes
        offered: dict[int, discovery.Offered] = {}
        recent = tastes.recent_of(asked.visitor, asked.buyer)
        taste, owner = tastes.visitors.get(asked.visitor), tastes.buyers.get(asked.buyer)
        own, basket = taste.session if taste else 0, owner.basket if owner else 0
        if asked.surface in {"also_bought", "goes_with", "cart"}:
            self._add(offered, self._by_baskets, asked.about, basket, "bought_together")
            self._add(offered, self._by_looks, asked.about, own, "looked_at_together")
        else:
            bought = owner.bought if owner is not None else []
            self._add(offered, self._by_looks, [*recent, *asked.about], own, "looked_at_together")
            self._add(offered, self._by_baskets, [*bought, *recent[-4:]], basket, "bought_together")
            self._again(offered, bought)
        if asked.surface not in {"goes_with", "cart"}:
            self._alike_in_words(offered, asked.about or recent[-3:])
        for product in tastes.trending(asked.now, 2 * OFFERED_MAX).tolist():
            if len(offered) < OFFERED_MAX:
                offered.setdefault(product, discovery.Offered(product, -20.0 - len(offered), "wanted_now", 0))
        left = [one for one in offered.values() if one.product not in asked.about]
        fresh = [product for product in self._fresh([*asked.about, *recent[-3:]]) if product not in offered]
        return left[:OFFERED_MAX], fresh

    def _add(
        self, offered: dict[int, discovery.Offered], recommender: discovery.Recommender, products: Sequence[int],
        own: int, why: str,
    ) -> None:  # fmt: skip
        memory = self._tastes.looks if recommender is self._by_looks else self._tastes.baskets
        prefix = np.array(products[-kernel.PREFIX_MAX :], np.int32)
        if not len(prefix) or not len(memory):
            return
        recommender.traits = self._tastes.traits()
        found = recommender.next_of(prefix, memory.sight(), own=own)[:OFFERED_MAX]
        rows, becauses = recommender.chosen[: len(found)], np.zeros(kernel.KEPT_MAX, np.int32)
        scores = recommender.scores[rows].tolist()
        seen = (recommender.room.out[rows, kernel.IN_COUNT] > 0).tolist()
        _because(prefix, found, own, memory.sight(), recommender.room, becauses)
        lift = min(one.score for one in offered.values()) - scores[0] - 0.01 if offered and scores else 0.0
        for product, score, because, is_seen in zip(found.tolist(), scores, becauses.tolist(), seen, strict=False):
            if product in offered or not (because or is_seen or why == "looked_at_together"):
                continue
            reason = "you_looked_at_it" if is_seen else why if because else "like_what_you_look_at"
            offered[product] = discovery.Offered(product, score + lift, reason, 0 if is_seen else because)

    def _again(self, offered: dict[int, discovery.Offered], bought: Sequence[int]) -> None:
        table = self._tastes.products
        best = max((one.score for one in offered.values()), default=0.0)
        for product in dict.fromkeys(reversed(bought)):
            if table.rebuys[product] * 5 >= table.sales[product] > 1:
                offered[product] = discovery.Offered(product, best - 0.5, "you_bought_it", product)

    def _near(self, context: Sequence[int]) -> list[list[int]]:
        table, members = self._tastes.products, self._tastes.members
        categories = dict.fromkeys(int(table.category[product]) for product in reversed(context))
        return [list(reversed(members[category])) for category in [*categories][:2]]

    def _alike(self, anchors: Sequence[int], among: Sequence[int]) -> list[tuple[int, int, int]]:
        """Give products with the bits in which they differ from an anchor, the most alike first."""
        found = []
        for product in among:
            bits = [(_differing(self._tastes, anchor, product), place) for place, anchor in enumerate(anchors)]
            if product not in anchors and bits and min(bits)[0] <= ALIKE_MAX:
                found.append((product, min(bits)[0], anchors[min(bits)[1]]))
        return sorted(found, key=lambda one: one[1])

    def _alike_in_words(self, offered: dict[int, discovery.Offered], anchors: Sequence[int]) -> None:
        if len(offered) >= FEW:
            return
        least = min((one.score for one in offered.values()), default=0.0)
        among = [product for some in self._near(anchors) for product in some if product not in offered]
        for product, bits, of in self._alike(anchors, among)[:OFFERED_MAX]:
            offered[product] = discovery.Offered(product, least - 1.0 - bits / ALIKE_MAX, "like_what_you_look_at", of)

    def _fresh(self, context: Sequence[int]) -> list[int]:
        table = self._tastes.products
        near = self._near(context) or [list(range(len(table) - 1, max(0, len(table) - 1 - FRESH_MAX), -1))]
        looks, known = self._tastes.looks.sight().looks, self._tastes.looks.products
        cold = [
            one for some in near for one in some[:FRESH_AMONG] if one >= known or looks[one] < answering._WELL_KNOWN
        ]
        alike = [product for product, _, _ in self._alike(context, cold)][:FRESH_MAX]
        return list(dict.fromkeys([*alike, *cold]))[:FRESH_MAX]


def _differing(tastes: discovery.Tastes, one: int, other: int) -> int:
    table = tastes.products
    if not table.said_low[other] and not table.said_high[other]:
        return 2 * ALIKE_MAX
    return sum(int(marks[one] ^ marks[other]).bit_count() for marks in (table.said_low, table.said_high))
