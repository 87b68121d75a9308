"""The plan of a sales day: how many order in each moment, and who takes what; the same seed gives the same day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

DAY_MINUTES = 1_440
ORDERS_A_DAY = 100  # Of one buyer of the crowd, who stands for many.
LINES_MAX = 3
_TWO_UNITS_SHARE = 0.1
# Of the shoppers who are shown a list, so many take its first, its second, … product as well. It falls by place as clicks do.
TAKEN_BY_PLACE = (0.06, 0.04, 0.03, 0.02, 0.015, 0.01)
_LOOKS = 9  # At demand within one moment.
# How a sales day goes, by the hour, as such days are told of: a rush at midnight, a quiet night, the longest peak at night.
_BY_HOUR = (22, 8, 4, 2.5, 1.5, 1.5, 2, 3, 4.5, 6.5, 8, 6.5, 6, 5.5, 5, 5, 5, 5.5, 6.5, 9, 12, 14, 15, 18)


@dataclass(frozen=True)
class Plan:
    """What is shown: for how many minutes, how many times faster than life, and by how many buyers."""

    seed: int = 1
    minutes: float = 3.0
    speed: float = 480.0
    buyers: int = 200

    def hour(self, elapsed_s: float) -> float:
        """Give the hour of the sales day, 0 to 24, at so many seconds of the show."""
        return elapsed_s * self.speed / 3_600 % 24

    def expected(self, first_s: float, last_s: float) -> float:
        """Give how many orders are to be expected between two moments of the show."""
        days = (last_s - first_s) * self.speed / 60 / DAY_MINUTES
        between = [demand(self.hour(at)) for at in np.linspace(first_s, last_s, _LOOKS)]
        return self.buyers * ORDERS_A_DAY * days * float(np.mean(between))


@dataclass(frozen=True)
class Wishes:
    """Orders that were wished for in one moment: the buyer of each; of each line its order, its listing and its units.

    `is_recommended` says which lines were taken from a list that the market had shown.
    """

    buyers: np.ndarray
    rows: np.ndarray
    listings: np.ndarray
    quantities: np.ndarray
    is_recommended: np.ndarray


def demand(hour: float) -> float:
    """Give demand at an hour of the day, as a multiple of the day's average."""
    hours = np.arange(25)
    return float(np.interp(hour % 24, hours, (*_BY_HOUR, _BY_HOUR[0]))) / (sum(_BY_HOUR) / 24)


def wishes(plan: Plan, dice: np.random.Generator, *, expected: float, listings: int) -> Wishes:
    """Roll the orders of one moment: 1 to 3 lines each, the first listings far more often than the last (Zipf)."""
    count = int(dice.poisson(expected))
    rows = np.repeat(np.arange(count), dice.integers(1, LINES_MAX + 1, count))
    chosen = np.searchsorted(np.cumsum(_shares(listings)), dice.random(len(rows))).clip(max=listings - 1)
    pairs = np.unique(np.stack([rows, chosen]), axis=1) if len(rows) else np.zeros((2, 0), np.int64)
    quantities = np.where(dice.random(pairs.shape[1]) < _TWO_UNITS_SHARE, 2, 1)
    nothing = np.zeros(pairs.shape[1], np.bool_)
    return Wishes(dice.integers(0, plan.buyers, count), pairs[0], pairs[1], quantities, nothing)


def tempted(wished: Wishes, dice: np.random.Generator, *, shown: Callable[[int], Sequence[int]]) -> Wishes:
    """Let shoppers look at what is shown beside the first listing of their order, and take some of it too."""
    firsts = np.searchsorted(wished.rows, np.arange(len(wished.buyers)))
    has = set(zip(wished.rows.tolist(), wished.listings.tolist(), strict=True))
    taken: list[tuple[int, int]] = []
    for row, listing in enumerate(wished.listings[firsts].tolist()):
        offered = list(shown(listing))[: len(TAKEN_BY_PLACE)]
        is_taken = dice.random(len(offered)) < TAKEN_BY_PLACE[: len(offered)]
        taken += [
            (row, place) for place, takes in zip(offered, is_taken, strict=True) if takes and (row, place) not in has
        ]
    if not taken:
        return wished
    rows, listings = np.array(taken, np.int64).T
    order = np.argsort(np.concatenate([wished.rows, rows]), kind="stable")
    added = {
        "rows": rows, "listings": listings, "quantities": np.ones_like(rows), "is_recommended": np.ones_like(rows, np.bool_),
    }  # fmt: skip
    return Wishes(
        wished.buyers, **{name: np.concatenate([getattr(wished, name), more])[order] for name, more in added.items()}
    )


def units_wanted(plan: Plan, listings: int) -> np.ndarray:
    """Give how many units of each listing the crowd will want over the whole show, about."""
    orders = plan.buyers * ORDERS_A_DAY * plan.minutes * plan.speed / DAY_MINUTES
    wanted: np.ndarray = orders * (1 + LINES_MAX) / 2 * (1 + _TWO_UNITS_SHARE) * _shares(listings)
    return wanted


def _shares(listings: int) -> np.ndarray:
    """Give each listing's share of all lines: Zipf's law with exponent 1."""
    weights = 1 / np.arange(1, listings + 1)
    shares: np.ndarray = weights / weights.sum()
    return shares
