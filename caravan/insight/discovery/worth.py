"""Worth: what a seller's word, returns, stock and the market's own fee add to a product's score in a list, each with its weight.

Scores are logarithms of how likely something is to be chosen. So a weight of 1 says: where a seller keeps ten promises of a
hundred fewer than the market, their products are taken to be chosen by exp(-0.1), a tenth less.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.insight.discovery.arrange import holds
from caravan.insight.discovery.repute import PACE_HALVES_DAYS, PROMISE_HALVES_DAYS, Repute
from caravan.insight.discovery.tastes import Rule
from caravan.kernel.clock import DAY, Instant

# Until so many promises or units are known, more than half of a share is what is usual for others.
_PROMISES_USUAL, _UNITS_USUAL, _UNITS_USUAL_OF_MANY = 20.0, 20.0, 100.0
_RETURNED_USUAL = 0.05  # What comes back of everything, until there is any to go by.
THIN_DAYS = 3.0  # Stock is thin where what there is will be sold in fewer days.
_A_DAY = float(np.log(2)) / PACE_HALVES_DAYS  # What fades by half in so many days adds up to a pace divided by this.


class Weights(NamedTuple):
    """How much each part of a worth counts; 0 is not at all. The margin counts only where the operator says so."""

    promise: float = 1.0
    returns: float = 1.0
    stock: float = 0.2
    margin: float = 0.0


class Facing(NamedTuple):
    """Products as they are on offer: whose, with how many free units, and which share of the price is the market's fee.

    Shapes [n]; `fees` may be empty where the margin counts for nothing.
    """

    products: np.ndarray
    sellers: np.ndarray
    free: np.ndarray
    fees: np.ndarray


class _Sight(NamedTuple):
    """The columns of a repute, as compiled code reads them."""

    category: np.ndarray
    units: np.ndarray
    returned: np.ndarray
    pace: np.ndarray
    pace_day: np.ndarray
    category_units: np.ndarray
    category_returned: np.ndarray
    seller_units: np.ndarray
    seller_returned: np.ndarray
    kept: np.ndarray
    missed: np.ndarray
    day: np.ndarray


def weights_of(rules: Iterable[Rule], surface: str, now: Instant) -> Weights:
    """Give the weights that hold on a surface: as the operator's rules say, one for the surface before one for all."""
    weighing = [rule for rule in rules if rule.effect == "weigh" and holds(rule, surface, now)]
    told = {rule.target: rule.worth_ppm / 1e6 for rule in sorted(weighing, key=lambda rule: rule.surface != "")}
    return Weights(**told)


def worths(facing: Facing, repute: Repute, weights: Weights, *, now: Instant) -> np.ndarray:
    """Give what each part adds to the score of each product, in the order of the weights; shape float64 [n, 4]."""
    found = np.zeros((len(facing.products), len(weights)))
    _weigh(facing, _sight(repute), weights, now // DAY, found)
    return found


def _sight(repute: Repute) -> _Sight:
    products, categories, sellers = repute.products, repute.categories, repute.sellers
    return _Sight(
        products.category, products.units, products.returned, products.pace, products.pace_day, categories.units,
        categories.returned, sellers.units, sellers.returned, sellers.kept, sellers.missed, sellers.day,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _share(part: float, whole: float, usual: float, weight: float) -> float:
    """Give a share, drawn to what is usual while little is known."""
    return (part + weight * usual) / (whole + weight)


@njit(cache=True, nogil=True)
def _weigh(facing: Facing, sight: _Sight, weights: Weights, today: int, found: np.ndarray) -> None:
    """Fill in the worths. What is not known of a product or a seller yet is as usual."""
    of_all = sight.kept[0] + sight.missed[0]
    usually_kept = sight.kept[0] / of_all if of_all > 0 else 1.0
    usually_returned = _share(sight.seller_returned[0], sight.seller_units[0], _RETURNED_USUAL, _UNITS_USUAL_OF_MANY)
    for row in range(facing.products.shape[0]):
        product, seller = facing.products[row], facing.sellers[row]
        if row < facing.fees.shape[0]:
            found[row, 3] = weights.margin * facing.fees[row]
        if product >= sight.category.shape[0]:
            continue
        kept, missed, sold, came_back = 0.0, 0.0, 0, 0
        if seller < sight.day.shape[0]:
            fades = 2.0 ** ((sight.day[seller] - today) / PROMISE_HALVES_DAYS)
            kept, missed = sight.kept[seller] * fades, sight.missed[seller] * fades
            sold, came_back = sight.seller_units[seller], sight.seller_returned[seller]
        found[row, 0] = weights.promise * (_share(kept, kept + missed, usually_kept, _PROMISES_USUAL) - usually_kept)
        category = sight.category[product]
        in_category = _share(
            sight.category_returned[category], sight.category_units[category], usually_returned, _UNITS_USUAL_OF_MANY
        )
        of_seller = _share(came_back, sold, in_category, _UNITS_USUAL_OF_MANY)
        returned = _share(sight.returned[product], sight.units[product], of_seller, _UNITS_USUAL)
        found[row, 1] = weights.returns * (in_category - returned)
        pace = sight.pace[product] * 2.0 ** ((sight.pace_day[product] - today) / PACE_HALVES_DAYS) * _A_DAY
        if pace > 0:
            found[row, 2] = -weights.stock * max(0.0, 1.0 - facing.free[row] / pace / THIN_DAYS)
