"""Arranging: from ranked candidates to a list that is shown: rules, diversity, fairness, fatigue, and a little exploring."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from caravan.insight.discovery.tastes import Rule
from caravan.kernel.clock import Instant

SELLER_SHARE = 0.34  # Of a list, one seller's products fill at most this part while others have something fitting.
CATEGORY_SHARE = 0.5  # The same for one category, where a list is not about one product.
SHOWN_TIRED = 6  # So often shown without a click, a product makes way.
EXPLORED = 0.05  # The chance that a place goes to a product about which little is known.
EXPLORED_FROM = 2  # The first places are never explored.


class Candidate(NamedTuple):
    """A product that may be shown, with what arranging looks at. A higher score is better."""

    product: int
    score: float
    category: str
    seller: int


class Placed(NamedTuple):
    """A product at its place: the chance it had to stand there, and whether it is there by rule or to learn about it."""

    product: int
    chance: float
    by: str  # "rank", "rule" or "explore"


def arrange(  # noqa: PLR0913
    ranked: Sequence[Candidate], fresh: Sequence[Candidate], *, limit: int, surface: str, rules: Sequence[Rule],
    shown: Mapping[int, int], is_about_one: bool, dice: np.random.Generator, now: Instant,
) -> list[Placed]:  # fmt: skip
    """Make a list out of ranked candidates, and of fresh ones that want to be tried."""
    active = [rule for rule in rules if _holds(rule, surface, now)]
    pinned = [int(rule.key) for rule in active if rule.effect == "pin"]
    worth = _weigher(active)
    weighed = [(worth(one), one) for one in ranked]
    kept = sorted(
        ((score - (10.0 if shown.get(one.product, 0) >= SHOWN_TIRED else 0.0), one) for score, one in weighed
         if score > -np.inf),
        key=lambda pair: -pair[0],
    )  # fmt: skip
    order = _spread([one for _, one in kept], limit, is_about_one=is_about_one)
    known = {one.product for one in order}
    front = [number for number in dict.fromkeys(pinned) if number in known][:limit]
    rest = [one.product for one in order if one.product not in front]
    pool = [one.product for one in fresh if worth(one) > -np.inf and one.product not in known]
    return _explore(front, rest, pool, limit, dice)


def _holds(rule: Rule, surface: str, now: Instant) -> bool:
    return rule.surface in {"", surface} and (not rule.ends_at or rule.ends_at > now)


def _weigher(rules: Sequence[Rule]) -> Callable[[Candidate], float]:
    """Give how a candidate is weighed by the rules; minus infinity is out."""

    def touches(rule: Rule, one: Candidate) -> bool:
        if rule.target == "product":
            return rule.key == str(one.product)
        if rule.target == "seller":
            return rule.key == str(one.seller)
        return one.category == rule.key or one.category.startswith(rule.key + "/")

    def weigh(one: Candidate) -> float:
        score = one.score
        for rule in rules:
            if rule.effect == "pin" or not touches(rule, one):
                continue
            if rule.effect == "bury":
                return -np.inf
            score += float(np.log(max(rule.worth_ppm, 1) / 1e6))
        return score

    return weigh


def _spread(ranked: Sequence[Candidate], limit: int, *, is_about_one: bool) -> list[Candidate]:
    """Hold back what would make a list one seller's or one category's; what was held back comes after."""
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
    return [*taken, *held] if len(taken) >= limit else [*taken[:limit], *held]


def _explore(
    front: Sequence[int], rest: Sequence[int], pool: Sequence[int], limit: int, dice: np.random.Generator
) -> list[Placed]:  # fmt: skip
    """Fill the places: rules first, then the ranking, now and then something fresh; each with its chance."""
    placed = [Placed(product, 1.0, "rule") for product in front]
    waiting, trials = list(rest), list(pool)
    while len(placed) < limit and (waiting or trials):
        may_explore = trials and len(placed) >= EXPLORED_FROM
        if may_explore and (not waiting or dice.random() < EXPLORED):
            chance = (EXPLORED if waiting else 1.0) / len(trials)
            placed.append(Placed(trials.pop(int(dice.integers(len(trials)))), chance, "explore"))
        elif waiting:
            placed.append(Placed(waiting.pop(0), 1.0 - EXPLORED if may_explore else 1.0, "rank"))
        else:
            placed.append(Placed(trials.pop(0), 1.0, "explore"))
    return placed
