"""Learning the forecast: fitted to the past, its intervals set by a stretch that was kept aside, then fitted to all."""

from typing import NamedTuple

import numpy as np

from caravan.insight.profiles.crowd import Flags, Integers, rhythm_of
from caravan.insight.profiles.forecast import Forecast, Rhythm, chances
from caravan.insight.profiles.ports import Fitter
from caravan.insight.profiles.traits import HORIZON_DAYS
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Refusal

WANTED = 0.9
"""So much of what comes is to lie in the intervals."""

BUYERS_MIN = 200
REPEATERS_MIN = 30
_LEVELS = (0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99, 0.995, 0.999)
_CHECKED_MAX = 4_000
_FITTED_MAX = 50_000


class TooFewBuyers(Refusal):
    """There are too few buyers, or too few who came back, to learn how they buy."""


class Orders(NamedTuple):
    """Orders that count, in columns [k]; `is_ours` says which are in the currency that is learned."""

    who: Integers
    at: Integers
    spent: Integers
    is_ours: Flags

    def until(self, at: int) -> "Orders":
        """Give the orders before a time."""
        is_before = self.at < at
        return Orders(self.who[is_before], self.at[is_before], self.spent[is_before], self.is_ours[is_before])


class Checked(NamedTuple):
    """How intervals fared on what was kept aside: of so many buyers, which share lay within them at each level."""

    buyers: int
    coverage: dict[float, float]
    expected: float
    came: float


def learn(orders: Orders, fitter: Fitter, *, unit: int, now: int, seed: int = 1) -> tuple[Forecast, Checked]:
    """Learn how people buy; the level of the intervals is the lowest that held enough of the last days.

    Refuses too few buyers with TooFewBuyers.
    """
    cut = now - HORIZON_DAYS * DAY
    early = fit(orders.until(cut), fitter, unit=unit, now=cut, seed=seed)
    checked = check(early, orders, cut=cut, seed=seed)
    level = next((one for one in _LEVELS if checked.coverage[one] >= WANTED), _LEVELS[-1])
    final = fit(orders, fitter, unit=unit, now=now, seed=seed)
    return final._replace(level=level, covered=checked.coverage[level]), checked


def fit(orders: Orders, fitter: Fitter, *, unit: int, now: int, seed: int = 1) -> Forecast:
    """Fit both models to orders as they stood at a time. Refuses too few buyers with TooFewBuyers."""
    rhythm = _rhythms(orders, now)
    repeaters = int((rhythm.repeats > 0).sum())
    if len(rhythm.repeats) < BUYERS_MIN or repeaters < REPEATERS_MIN:
        raise TooFewBuyers(
            f"{BUYERS_MIN} buyers are needed, {REPEATERS_MIN} of whom came back, {HORIZON_DAYS} days ago:"
            f" there are {len(rhythm.repeats)} and {repeaters}.",
            buyers=len(rhythm.repeats), repeaters=repeaters,
        )  # fmt: skip
    some = Rhythm(*(column[_some(len(rhythm.repeats), _FITTED_MAX, seed)] for column in rhythm))
    r, alpha, a, b = fitter.rhythm(some.repeats, some.last, some.age)
    is_valued = some.valued > 0
    p, q, v = fitter.spend(some.valued[is_valued], some.mean[is_valued])
    return Forecast(r, alpha, a, b, p, q, v, unit, WANTED, 0.0, len(rhythm.repeats), now)


def check(forecast: Forecast, orders: Orders, *, cut: int, seed: int = 1) -> Checked:
    """Hold a forecast against what came after it: the days with orders of buyers who were known before."""
    end = cut + HORIZON_DAYS * DAY
    known = np.unique(orders.until(cut).who)
    before = orders.until(cut)
    rhythm = _rhythms(before, cut)
    is_later = (orders.at >= cut) & (orders.at < end) & np.isin(orders.who, known)
    keys = np.unique(np.searchsorted(known, orders.who[is_later]) * (1 << 20) + orders.at[is_later] // DAY)
    came = np.bincount(keys >> 20, minlength=len(known))
    chosen = _some(len(known), _CHECKED_MAX, seed)
    held, expected = dict.fromkeys(_LEVELS, 0), 0.0
    for place in chosen.tolist():
        odds = chances(forecast, Rhythm(*(column[place : place + 1] for column in rhythm)))
        sums = np.cumsum(odds)
        expected += float(odds @ np.arange(len(odds)))
        for level in _LEVELS:
            low, high = np.searchsorted(sums, [(1 - level) / 2 * sums[-1], (1 + level) / 2 * sums[-1]])
            held[level] += bool(low <= came[place] <= high)
    count = max(len(chosen), 1)
    coverage = {level: one / count for level, one in held.items()}
    return Checked(len(chosen), coverage, expected / count, float(came[chosen].mean()) if len(chosen) else 0.0)


def _rhythms(orders: Orders, now: int) -> Rhythm:
    known, who = np.unique(orders.who, return_inverse=True)
    return rhythm_of(who, orders.at, orders.spent, orders.is_ours, count=len(known), now=now)


def _some(count: int, most: int, seed: int) -> Integers:
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
