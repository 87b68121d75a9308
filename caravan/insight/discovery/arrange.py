"""Arranging: from ranked candidates to a list that is shown: rules, diversity, fairness, fatigue, and a little exploring."""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from caravan.insight.discovery.tastes import Rule
from caravan.kernel.clock import Instant

SELLER_SHARE = 0.34  # Of a list, one seller's products fill at most this part while others have something fitting.
CATEGORY_SHARE = 0.5  # The same for one category, where a list is not about one product.
SHOWN_TIRED = 6  # So often shown without a click, a product makes way.
_TIRED_COSTS = 10.0
EXPLORED = 0.05  # The chance that a place goes to a product about which little is known.
EXPLORED_FROM = 2  # The first places are never explored.


class Candidates(NamedTuple):
    """Products that may be shown, in columns, with what arranging looks at. A higher score is better. Shapes [n].

    `categories` are numbers of the names that come with them; `worths` are added to the scores.
    """

    products: np.ndarray
    scores: np.ndarray
    categories: np.ndarray
    sellers: np.ndarray
    worths: np.ndarray


class Placed(NamedTuple):
    """A product at its place: the chance it had to stand there, and whether it is there by rule or to learn about it."""

    product: int
    chance: float
    by: str  # "rank", "rule" or "explore"


def arrange(  # noqa: PLR0913
    ranked: Candidates, fresh: Candidates, *, limit: int, surface: str, rules: Sequence[Rule], names: Sequence[str],
    shown: Mapping[int, int], is_about_one: bool, dice: random.Random, now: Instant,
) -> list[Placed]:  # fmt: skip
    """Make a list out of ranked candidates, and of fresh ones that want to be tried. `names` are those of categories.

    The scores of fresh ones are the logarithms of the weights with which they are drawn.
    """
    active = [rule for rule in rules if holds(rule, surface, now)]
    scores = _weighed(ranked, active, names)
    tired = {product for product, times in shown.items() if times >= SHOWN_TIRED}
    if tired:
        is_tired = [product in tired for product in ranked.products.tolist()]
        scores -= _TIRED_COSTS * np.array(is_tired, np.float64)
    order = np.argsort(-scores, kind="stable")
    order = order[: np.count_nonzero(scores > -np.inf)]
    products = ranked.products[order].tolist()
    known = set(products)
    pinned = dict.fromkeys(int(rule.key) for rule in active if rule.effect == "pin")
    front = [number for number in pinned if number in known][:limit]
    spread = _spread(
        products, ranked.sellers[order].tolist(), ranked.categories[order].tolist(), limit, limit + len(front),
        is_about_one=is_about_one,
    )  # fmt: skip
    rest = [product for product in spread if product not in front]
    weights = np.exp(_weighed(fresh, active, names)).tolist()
    pool = {
        product: weight
        for product, weight in zip(fresh.products.tolist(), weights, strict=True)
        if weight > 0.0 and product not in known
    }
    return _explore(front, rest, pool, limit, dice)


def holds(rule: Rule, surface: str, now: Instant) -> bool:
    """Tell whether a rule is about a surface, and not over."""
    return rule.surface in {"", surface} and (not rule.ends_at or rule.ends_at > now)


def _weighed(candidates: Candidates, rules: Sequence[Rule], names: Sequence[str]) -> np.ndarray:
    """Give the scores with their worths, as the rules raise them, one after another; minus infinity is out."""
    scores: np.ndarray = candidates.scores + candidates.worths
    for rule in rules:
        if rule.effect in {"pin", "weigh"}:
            continue
        touched = _touched(rule, candidates, names)
        if rule.effect == "bury":
            scores[touched] = -np.inf
        else:
            scores[touched] += float(np.log(max(rule.worth_ppm, 1) / 1e6))
    return scores


def _touched(rule: Rule, candidates: Candidates, names: Sequence[str]) -> np.ndarray:
    """Tell which candidates a rule is about; shape bool [n]."""
    if rule.target == "category":
        numbers, whose = np.unique(candidates.categories, return_inverse=True)
        is_in = [names[one] == rule.key or names[one].startswith(rule.key + "/") for one in numbers.tolist()]
        found: np.ndarray = np.array(is_in, np.bool_)[whose]
        return found
    column = candidates.products if rule.target == "product" else candidates.sellers
    named: np.ndarray = column == int(rule.key)
    return named


def _spread(  # Columns of one table.
    products: Sequence[int], sellers: Sequence[int], categories: Sequence[int], limit: int, wanted: int, *,
    is_about_one: bool,
) -> list[int]:  # fmt: skip
    """Hold back what would make a list one seller's or one category's; what was held back comes after.

    No more than `wanted` are looked for: what comes behind them has no place.
    """
    a_seller = max(1, int(np.ceil(limit * SELLER_SHARE)))
    a_category = limit if is_about_one else max(1, int(np.ceil(limit * CATEGORY_SHARE)))
    of_seller: dict[int, int] = {}
    of_category: dict[int, int] = {}
    taken: list[int] = []
    held: list[int] = []
    for product, seller, category in zip(products, sellers, categories, strict=True):
        of_one, of_other = of_seller.get(seller, 0), of_category.get(category, 0)
        if of_one >= a_seller or of_other >= a_category:
            held.append(product)
            continue
        of_seller[seller], of_category[category] = of_one + 1, of_other + 1
        taken.append(product)
        if len(taken) == wanted:
            break
    return [*taken, *held]


def _explore(
    front: Sequence[int], rest: Sequence[int], pool: Mapping[int, float], limit: int, dice: random.Random
) -> list[Placed]:  # fmt: skip
    """Fill the places: rules first, then the ranking, now and then something fresh, by its weight; each with its chance."""
    placed = [Placed(product, 1.0, "rule") for product in front]
    waiting, trials = deque(rest), dict(pool)
    while len(placed) < limit and (waiting or trials):
        may_explore = trials and len(placed) >= EXPLORED_FROM
        if may_explore and (not waiting or dice.random() < EXPLORED):
            (product,) = dice.choices(list(trials), list(trials.values()))
            chance = (EXPLORED if waiting else 1.0) * trials[product] / sum(trials.values())
            placed.append(Placed(product, chance, "explore"))
            del trials[product]
        elif waiting:
            placed.append(Placed(waiting.popleft(), 1.0 - EXPLORED if may_explore else 1.0, "rank"))
        else:
            product = next(iter(trials))
            placed.append(Placed(product, 1.0, "explore"))
            del trials[product]
    return placed
