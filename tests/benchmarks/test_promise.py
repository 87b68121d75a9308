"""Checks the benchmark of promises: it lives through days by what each morning knew, and says what is in reach."""

from dataclasses import replace

import numpy as np

from benchmarks import promise
from caravan.kernel.clock import DAY
from tests.trade.test_promises import FIRST, history

BEGINS = FIRST + 150
MORNING = FIRST + 160


def quiet(*_: object) -> None:
    """Show nothing."""


def test_what_comes_after_a_morning_changes_no_date_promised_until_then() -> None:
    journeys = history().take(np.flatnonzero(history().placed_at < (MORNING + 3) * DAY))
    later = np.int64(9 * DAY)
    otherwise = replace(
        journeys,
        handed_over_at=np.where(journeys.handed_over_at >= MORNING * DAY, 0, journeys.handed_over_at),
        delivered_at=journeys.delivered_at + np.where(journeys.delivered_at >= MORNING * DAY, later, 0),
        canceled_at=np.where(
            (journeys.placed_at >= MORNING * DAY) & (journeys.sellers == 1), journeys.placed_at + 1, 0
        ),
    )

    first, second = (promise.roll(one, BEGINS * DAY, progress=quiet) for one in (journeys, otherwise))

    until = (journeys.placed_at >= BEGINS * DAY) & (journeys.placed_at < (MORNING + 1) * DAY)
    assert (first.days[until] == second.days[until]).all()
    assert (first.median[until] == second.median[until]).all()
    after = journeys.placed_at >= (MORNING + 2) * DAY
    assert (first.days[after] < second.days[after]).any()


def test_months_are_kept_nearer_when_each_fate_is_known_sooner() -> None:
    journeys = history(drift=0.004)
    rows = np.flatnonzero((journeys.placed_at >= (FIRST + 136) * DAY) & (journeys.placed_at < (FIRST + 167) * DAY))
    rows = rows[journeys.delivered_at[rows] > 0]  # of December 2016

    def off(after_days: int) -> float:
        made = promise.roll(
            journeys, (FIRST + 136) * DAY, progress=quiet, choose=promise._knowing(after_days), levels=(promise.LEVEL,)
        )
        return abs(float((journeys.delivered_at[rows] // DAY <= made.days[rows, 0]).mean()) - promise.LEVEL)

    assert off(1) < 0.01
    assert off(1) <= off(20)
