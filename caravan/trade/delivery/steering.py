"""Steering: each month's promises have a budget of dates that may be missed, and the days left get what is left of it.

Dates that were missed are spent, parcels still open are spent as far as they will probably be late, and the level of the
next dates is chosen so that within a week, and by the end of the month, as many were kept as were promised.
"""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from caravan.kernel.clock import DAY, SECOND, Instant
from caravan.trade.delivery.journeys import Journeys, asks_of
from caravan.trade.delivery.lanes import LANE, Trained, lengths, logarithm
from caravan.trade.delivery.promising import Calibration, Made, cautious, missed

_FLOW_OVER_DAYS = 28
_FEW_PROMISES = 50
_MADE_GOOD_DAYS = 7.0  # Over fewer, dates jump; over more, months end further from what was promised.
_STEADY = 50.0  # promises that weigh against being moved by chance
_LEVEL_DOWN, _LEVEL_UP = 4.0, 0.9  # of what is left to 1, at most


def steer(trained: Trained, fresh: Calibration, journeys: Journeys, made: Made, *, level: float) -> Calibration:
    """Choose the level of the next dates by the promises of this month so far."""
    placed = journeys.placed_at[made.rows]
    flow = promises_a_day(placed, now=fresh.at)
    this_month = placed >= month_of(fresh.at)[0]
    if not trained.is_learned or (placed > fresh.at - _FLOW_OVER_DAYS * DAY).sum() < _FEW_PROMISES:
        return replace(fresh, level=level, chosen=cautious(level))
    rows, days = journeys.take(made.rows[this_month]), made.days[this_month]
    counts = (rows.canceled_at == 0) | (rows.canceled_at > fresh.at) | (rows.delivered_at > 0)
    rows, days = rows.take(np.flatnonzero(counts)), days[counts]
    kept, weight = _kept(trained, fresh, rows, days)
    return replace(fresh, level=level, chosen=afford(kept, weight, level=level, flow=flow, now=fresh.at))


def afford(kept: np.ndarray, weight: np.ndarray, *, level: float, flow: float, now: Instant) -> float:
    """Give the level for the rest of a month in which so much was kept, or probably will be; float64 [promises] each."""
    days = min(max((month_of(now)[1] - int(now)) / DAY, 1.0), _MADE_GOOD_DAYS)
    short = float((weight * (level - kept)).sum())
    wanted = level + short / (flow * days + _STEADY)
    return cautious(min(max(wanted, level - _LEVEL_DOWN * (1 - level), 0.05), level + _LEVEL_UP * (1 - level)))


def month_of(now: int) -> tuple[int, int]:
    """Give the first moments of the month of a time, and of the month after it."""
    begins = datetime.fromtimestamp(now // SECOND, UTC).replace(day=1, hour=0, minute=0, second=0)
    ends = begins.replace(year=begins.year + begins.month // 12, month=begins.month % 12 + 1)
    return int(begins.timestamp()) * SECOND, int(ends.timestamp()) * SECOND


def promises_a_day(placed_at: np.ndarray, *, now: Instant) -> float:
    """Give how many promises a day is given lately, by the orders of those that were made."""
    recent = placed_at[placed_at > now - _FLOW_OVER_DAYS * DAY]
    if not len(recent):
        return 0.0
    days = min(max((int(now) - int(recent.min())) / DAY, 1.0), float(_FLOW_OVER_DAYS))
    return len(recent) / days


def _kept(trained: Trained, fresh: Calibration, rows: Journeys, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give for promises how sure it is that each is kept, and that its parcel arrives at all."""
    stage, layout, clock = trained.ordered, trained.layout, fresh.clock
    asks = asks_of(rows)
    country, cells = layout.country_of(asks), layout.cells(asks, rows.placed_at)
    begun, ended, arrived = lengths(clock, country, rows.placed_at, rows.delivered_at, now=fresh.at)
    at, width = stage.place(cells)
    pace = fresh.pace.lanes[cells[LANE] - layout.offsets[LANE]]
    until = clock.at(country, days + 1.0)

    def piled(time: np.ndarray) -> np.ndarray:
        z = (logarithm(time - begun) - at) / width
        hazard: np.ndarray = np.interp(z, stage.z, stage.hazard, left=0.0) * pace
        return hazard

    aged = piled(ended)
    late = np.where(days < int(fresh.at) // DAY, 1.0, missed(np.exp(-np.maximum(piled(until) - aged, 0.0))))
    still = (1 - stage.lost) * np.exp(-aged)
    kept = np.where(arrived, rows.delivered_at // DAY <= days, 1 - late)
    return kept, np.where(arrived, 1.0, still / (still + stage.lost))
