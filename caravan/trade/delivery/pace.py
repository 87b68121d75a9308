"""The network's pace: how far parcels come on each day against a usual one, so that time can be counted in progress.

A day on which fewer parcels arrive than were to be expected counts for less than a day. So parcels that were held up
stay behind by what they lost, a crisis that is over is over for new ones, and what is learned is not bent by it. A parcel
that does not come counts from the first day on, long before it arrives.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.kernel.clock import DAY, Instant
from caravan.trade.delivery.journeys import Journeys
from caravan.trade.delivery.workdays import FIRST_DAY, Workdays, day_of, passed_today

FIRST_DAYS = 3.0  # added before the logarithm: what is uncertain about a short way is not in proportion to it
_HALF_LIFE_DAYS = 5.0
_STEADY, _STEADY_LANE = 60.0, 300.0  # parcels that weigh against being moved by chance
FOLLOWED_DAYS = 60
_LATELY_DAYS, _LASTS_DAYS = 120, 60.0
# What waits must be worked off: when a week brings more orders than the eight before it usually had, parcels slow down.
# From which excess on, and how much, is an assumption, seen only on the Black Friday of one marketplace (2017, Brazil).
_LOAD_FROM, _LOAD_MOST, _LOAD_SLOWS = 1.2, 3.0, 0.3
_WEEK_DAYS, _USUAL_DAYS, _FEW_ORDERS = 7, 56, 35


class Shape(NamedTuple):
    """How long parcels take at the usual pace: their hazard has piled up to hazard(z) at a logarithm of at + width z."""

    at: np.ndarray
    width: np.ndarray
    z: np.ndarray
    hazard: np.ndarray
    lost: float


@dataclass(frozen=True)
class Pace:
    """How much each day from `first` (since 1970) counted, and from how much on the days to come do.

    `load` is how much what waits to be worked off slows those. `lanes` is how fast each lane moves against all, float64 by the number given to `measure`.
    """

    first: int
    days: np.ndarray
    ahead: float
    lanes: np.ndarray
    load: float = 1.0

    @property
    def usual(self) -> float:
        """How much days counted lately, as a rule."""
        lately = self.days[-_LATELY_DAYS:]
        return float(np.exp(np.log(lately).mean())) if len(lately) else 1.0

    def clock(self, workdays: Workdays) -> Workdays:
        """Give working time in which each day passes by as much as parcels moved on it."""
        activity = np.diff(workdays.passed, axis=1)
        place = self.first - FIRST_DAY
        activity[:, place : place + len(self.days)] *= self.days
        to_come = activity[:, place + len(self.days) :]
        # No strike lasts for ever: what is out of the usual fades.
        lasts = np.exp(-np.arange(0.5, to_come.shape[1]) / _LASTS_DAYS)
        to_come *= self.load * self.usual * (self.ahead / self.usual) ** lasts
        passed = np.zeros_like(workdays.passed)
        passed[:, 1:] = np.cumsum(activity, axis=1)
        return Workdays(passed, workdays.weekdays, workdays.holiday)


def steady(first: int, lanes: int) -> Pace:
    """Give the pace of a network in which every day is a usual one."""
    return Pace(first, np.ones(0), 1.0, np.ones(lanes))


@njit(cache=True, nogil=True)
def interpolate(x: float, known: np.ndarray, values: np.ndarray) -> float:
    """Give the hazard at x: none before the first that is known, the last beyond."""
    if x <= known[0]:
        return 0.0
    last = known.shape[0] - 1
    if x >= known[last]:
        return float(values[last])
    place = np.searchsorted(known, x)
    low, high = known[place - 1], known[place]
    return float(values[place - 1] + (values[place] - values[place - 1]) * (x - low) / (high - low))


@njit(cache=True, nogil=True)
def _piled(time: float, at: float, width: float, z: np.ndarray, hazard: np.ndarray) -> float:
    return float(interpolate((np.log(max(time, 0.0) + FIRST_DAYS) - at) / width, z, hazard))


@njit(cache=True, nogil=True)
def _follow(  # noqa: C901, PLR0913, PLR0915, PLR0917  # Compiled: arrays in, one straight way through.
    placed: np.ndarray, ended: np.ndarray, arrived: np.ndarray, country: np.ndarray, lane: np.ndarray,
    at: np.ndarray, width: np.ndarray, z: np.ndarray, hazard: np.ndarray, lost: float, activity: np.ndarray,
    begun: np.ndarray, keeps: np.ndarray, days: np.ndarray, seen: np.ndarray, expected: np.ndarray,
    lane_seen: np.ndarray, lane_expected: np.ndarray,
) -> None:  # fmt: skip
    """Go through the days of `activity` [countries, days] once, each by what was seen up to it; fill what is empty.

    Rows are in the order of their orders. `placed` counts days from the first with their fraction and may lie before it;
    `begun` is the working time since then, below zero, for those. Day d's pace is that of arrivals against those expected.
    """
    rows, countries, span = len(placed), activity.shape[0], activity.shape[1]
    passed, step = np.zeros(countries), np.zeros(countries)
    aged, moving = np.zeros(rows), np.empty(rows, np.int64)
    count, following, all_seen, all_expected = 0, 0, 0.0, 0.0
    while following < rows and placed[following] < 0:
        if ended[following] >= 0:
            row = following
            aged[row] = _piled(-begun[row], at[row], width[row], z, hazard)
            moving[count] = row
            count += 1
        following += 1
    for day in range(span):
        pace = (all_seen + _STEADY) / (all_expected + _STEADY)
        step[:] = activity[:, day] * pace
        while following < rows and placed[following] < day + 1:
            moving[count] = following
            count += 1
            following += 1
        lane_seen *= keeps[day]
        lane_expected *= keeps[day]
        for place in range(count):
            row = moving[place]
            is_here = arrived[row] and ended[row] == day
            if ended[row] < day or (ended[row] == day and not is_here):
                continue
            where = country[row]
            if placed[row] >= day:
                begun[row] = passed[where] + step[where] * (placed[row] - day)
            until = passed[where] + step[where] * (0.5 if is_here else 1.0)
            more = max(_piled(until - begun[row], at[row], width[row], z, hazard) - aged[row], 0.0) / pace
            if not arrived[row]:
                # What is still open may be lost; the longer it is open, the likelier.
                still = (1 - lost) * np.exp(-aged[row])
                more *= still / (still + lost)
            expected[day] += more
            lane_expected[lane[row]] += more * pace
            if is_here:
                seen[day] += 1.0
                lane_seen[lane[row]] += 1.0
        all_seen = all_seen * keeps[day] + seen[day]
        all_expected = all_expected * keeps[day] + expected[day]
        days[day] = (all_seen + _STEADY) / (all_expected + _STEADY)
        step[:] = activity[:, day] * days[day]
        left = 0
        for place in range(count):
            row = moving[place]
            if ended[row] <= day:
                continue
            where = country[row]
            if placed[row] >= day:
                begun[row] = passed[where] + step[where] * (placed[row] - day)
            aged[row] = _piled(passed[where] + step[where] - begun[row], at[row], width[row], z, hazard)
            moving[left] = row
            left += 1
        count = left
        passed += step


def measure(  # noqa: PLR0913
    usual: Workdays, before: Pace, rows: Journeys, shape: Shape, *, country: np.ndarray, lane: np.ndarray, now: Instant,
    first: int,
) -> tuple[Pace, np.ndarray, np.ndarray]:  # fmt: skip
    """Measure the pace of each day from `first` on; rows are ordered by `placed_at`. Nothing later than `now` is looked at.

    Gives the pace as it was seen on each day, then arrivals and those expected by day, float64 [days].
    """
    today = int(now) // DAY
    share = passed_today(now)
    arrived = (rows.delivered_at > 0) & (rows.delivered_at <= now)
    # What is open has not arrived up to now; of today only the hours that have passed count.
    ended = np.where(arrived, rows.delivered_at // DAY, today + (share > 0)) - first
    span = today - first + (share > 0)
    activity = np.diff(usual.passed[:, first - FIRST_DAY : first - FIRST_DAY + span + 1], axis=1)
    keeps = np.full(span, 0.5 ** (1 / _HALF_LIFE_DAYS))
    if share > 0:
        activity[:, -1] *= share
        keeps[-1] **= share
    clock = before.clock(usual)
    begun = clock.at(country, day_of(rows.placed_at)) - clock.at(country, np.full(len(rows), float(first)))
    days, seen, expected = np.ones(span), np.zeros(span), np.zeros(span)
    lane_seen, lane_expected = np.zeros(len(before.lanes)), np.zeros(len(before.lanes))
    _follow(
        rows.placed_at / DAY - first, ended, arrived, country, lane, shape.at, shape.width, shape.z, shape.hazard,
        shape.lost, activity, begun, keeps, days, seen, expected, lane_seen, lane_expected,
    )  # fmt: skip
    known = before.days[: max(first - before.first, 0)]
    ahead = float(days[-1]) if span else before.ahead
    lanes = (lane_seen + _STEADY_LANE) / (lane_expected + _STEADY_LANE)
    return Pace(first - len(known), np.append(known, days[: today - first]), ahead, lanes), seen, expected


def looked_back(pace: Pace, seen: np.ndarray, expected: np.ndarray) -> Pace:
    """Give each day's pace as it looks afterwards, by the days on both sides of it; `seen` begins at the pace's first day."""
    days = (_around(seen) + _STEADY) / (_around(expected) + _STEADY)
    return Pace(pace.first, days[: len(pace.days)], pace.ahead, pace.lanes)


def _around(values: np.ndarray) -> np.ndarray:
    fades = 0.5 ** (np.arange(8 * int(_HALF_LIFE_DAYS)) / _HALF_LIFE_DAYS)
    sums: np.ndarray = np.convolve(values, np.append(fades[:0:-1], fades))[len(fades) - 1 :][: len(values)]
    return sums


def slowed(placed_at: np.ndarray, *, now: Instant) -> float:
    """Give how much the orders of the last week slow down what is to come: 1 is not at all."""
    age = (int(now) - placed_at) / DAY
    if not len(age) or age.max() < _USUAL_DAYS:
        return 1.0
    week = ((age >= 0) & (age < _WEEK_DAYS)).sum() + _FEW_ORDERS
    usual = ((age >= 0) & (age < _USUAL_DAYS)).sum() / (_USUAL_DAYS / _WEEK_DAYS) + _FEW_ORDERS
    return float(min(max(week / usual / _LOAD_FROM, 1.0), _LOAD_MOST) ** -_LOAD_SLOWS)
