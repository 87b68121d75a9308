"""Time as carriers keep it: working days by country, in which a Sunday or a holiday hardly counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from caravan.kernel.clock import DAY, HOUR, Instant

FIRST_YEAR, LAST_YEAR = 2010, 2045
_EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY = date(FIRST_YEAR, 1, 1).toordinal() - _EPOCH
LAST_DAY = date(LAST_YEAR, 12, 31).toordinal() - _EPOCH
_WEEKDAYS = 7
_USUAL = np.array([1.3, 1.25, 1.25, 1.25, 1.25, 0.5, 0.2])  # Monday first; what holds until deliveries have been seen.
_USUAL_HOLIDAY = 0.1
_LEARN_FROM = 500  # deliveries that weigh as much as what is usual
_LEAST = 0.01  # A day on which nothing ever arrives still passes.

# Public holidays: (month, day) of the fixed ones, and days from Easter Sunday of those that move with it.
_FIXED: dict[str, tuple[tuple[int, int], ...]] = {
    "AT": ((1, 1), (1, 6), (5, 1), (8, 15), (10, 26), (11, 1), (12, 8), (12, 25), (12, 26)),
    "BE": ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)),
    "BR": ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 24), (12, 25), (12, 31)),
    "DE": ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)),
    "DK": ((1, 1), (12, 24), (12, 25), (12, 26)),
    "ES": ((1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)),
    "FR": ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)),
    "GB": ((1, 1), (12, 25), (12, 26)),
    "IE": ((1, 1), (3, 17), (12, 25), (12, 26)),
    "IT": ((1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)),
    "NL": ((1, 1), (4, 27), (12, 25), (12, 26)),
    "PL": ((1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 25), (12, 26)),
    "PT": ((1, 1), (4, 25), (5, 1), (6, 10), (8, 15), (10, 5), (11, 1), (12, 1), (12, 8), (12, 25)),
    "SE": ((1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)),
    "US": ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25)),
}
_EASTER: dict[str, tuple[int, ...]] = {
    "AT": (1, 39, 50, 60), "BE": (1, 39, 50), "BR": (-48, -47, -2, 60), "DE": (-2, 1, 39, 50), "DK": (-3, -2, 1, 39, 50),
    "ES": (-2,), "FR": (1, 39, 50), "GB": (-2, 1), "IE": (1,), "IT": (1,), "NL": (1, 39, 50), "PL": (1, 60),
    "PT": (-2, 60), "SE": (-2, 1, 39), "US": (),
}  # fmt: skip


def easter(year: int) -> date:
    """Give Easter Sunday of a year (the Gregorian computus of Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    skipped, leap = divmod(century, 4)
    moon = (19 * golden + century - skipped - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * leap + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def holidays(country: str) -> np.ndarray:
    """Tell for each day from FIRST_DAY to LAST_DAY whether it is a public holiday in a country; bool [days]."""
    is_holiday = np.zeros(LAST_DAY - FIRST_DAY + 1, np.bool_)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        days = [date(year, month, day).toordinal() for month, day in _FIXED.get(country, ())]
        days += [easter(year).toordinal() + offset for offset in _EASTER.get(country, ())]
        is_holiday[np.array(days, np.int64) - _EPOCH - FIRST_DAY] = True
    is_holiday.setflags(write=False)
    return is_holiday


@dataclass(frozen=True)
class Workdays:
    """Working time of some countries: `passed[c, d]` is how many working days of country c lie before day d's morning.

    A working day is a day on which as much is delivered as on the average day of the week. Float64 [countries, days + 1].
    """

    passed: np.ndarray
    weekdays: np.ndarray
    holiday: float

    def at(self, country: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Give the working time at moments, in days since 1970 with their fraction; float64 [n]."""
        place = np.clip(moment - FIRST_DAY, 0, self.passed.shape[1] - 1.000001)
        whole = place.astype(np.int64)
        before = self.passed[country, whole]
        time: np.ndarray = before + (self.passed[country, whole + 1] - before) * (place - whole)
        return time


def learn_workdays(countries: Sequence[str], country: np.ndarray, delivered_day: np.ndarray) -> Workdays:
    """Learn from deliveries how much each weekday and a holiday count. `delivered_day` is int64 [n], days since 1970."""
    days = np.arange(FIRST_DAY, LAST_DAY + 1)
    weekday = (days + 3) % _WEEKDAYS  # Day 0 was a Thursday.
    off = np.array([holidays(one) for one in countries]).reshape(len(countries), -1)
    known = (delivered_day >= FIRST_DAY) & (delivered_day <= LAST_DAY)
    place, where = delivered_day[known] - FIRST_DAY, country[known]
    on_holiday = off[where, place] if len(place) else np.zeros(0, np.bool_)
    seen = np.bincount(weekday[place[~on_holiday]], minlength=_WEEKDAYS).astype(np.float64)
    share = (seen + _LEARN_FROM * _USUAL / _WEEKDAYS) / (seen.sum() + _LEARN_FROM) * _WEEKDAYS
    holiday = _learn_holiday(off, where, place, on_holiday, share, weekday)
    activity = np.maximum(np.where(off, holiday, 1.0) * share[weekday], _LEAST)
    passed = np.zeros((len(countries), len(days) + 1))
    passed[:, 1:] = np.cumsum(activity, axis=1)
    return Workdays(passed=passed, weekdays=share, holiday=holiday)


def _learn_holiday(
    off: np.ndarray,
    where: np.ndarray,
    place: np.ndarray,
    on_holiday: np.ndarray,
    share: np.ndarray,
    weekday: np.ndarray,
) -> float:
    if not len(place):
        return _USUAL_HOLIDAY
    first, last = int(place.min()), int(place.max())
    daily = np.bincount(where, minlength=len(off)) / (last - first + 1)
    expected = (off[:, first : last + 1] * share[weekday[first : last + 1]] * daily[:, None]).sum()
    weight = 20.0
    return float((on_holiday.sum() + weight * _USUAL_HOLIDAY) / (expected + weight))


def passed_today(now: Instant) -> float:
    """Give which share of a day's deliveries is usually done by a time of it: they are made from 8 to 20."""
    return min(max((int(now) % DAY / HOUR - 8) / 12, 0.0), 1.0)


def day_of(at: np.ndarray) -> np.ndarray:
    """Give instants as days since 1970 with their fraction; float64 [n]."""
    days: np.ndarray = at / DAY
    return days
