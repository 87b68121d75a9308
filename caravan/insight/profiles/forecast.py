"""The forecast: who still buys, how often and for how much, from the rhythm of their purchases so far.

The rhythm is BG/NBD (Fader, Hardie and Lee 2005), the money gamma-gamma (Fader and Hardie 2013). Given that somebody still
buys, the rate and the chance to leave are independent afterwards, so the chance of at least n purchases is a product of two
things that follow from n - 1 by one multiplication each. Expectation and interval are sums of it: no hypergeometric function.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caravan.insight.profiles.traits import HORIZON_DAYS

Numbers = NDArray[np.float64]

DRAWS = 4_000
_TAIL = 1e-9
_STEPS_MAX = 2_000


class Forecast(NamedTuple):
    """What was learned of all buyers. `alpha` is in days, `v` in minor units of a currency by number."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    unit: int
    level: float
    covered: float
    buyers: int
    learned_at: int


class Rhythm(NamedTuple):
    """Purchases of each buyer, by days that had any. Shapes: float64 [n].

    `repeats` are the days after the first, `last` the days from the first to the last one, `age` those from the first until
    today; `mean` is what was spent on a day, over `valued` days.
    """

    repeats: Numbers
    last: Numbers
    age: Numbers
    valued: Numbers
    mean: Numbers


class Outlook(NamedTuple):
    """What is expected of each buyer in the next days. Shapes: float64 [n]."""

    alive: Numbers
    purchases: Numbers
    value: Numbers


class Interval(NamedTuple):
    """A range that holds what will come with the probability `level`."""

    purchases: tuple[int, int]
    value: tuple[int, int]
    level: float


def outlook(forecast: Forecast, rhythm: Rhythm, days: int = HORIZON_DAYS) -> Outlook:
    """Say what is expected of each buyer."""
    alive = still_buying(forecast, rhythm)
    total, rows, (repeats, age) = np.zeros_like(alive), np.arange(len(alive)), (rhythm.repeats, rhythm.age)
    shape, stay, density, above, steps = _start(forecast, repeats, age, days)
    for n in range(1, _STEPS_MAX):
        part = stay * above
        total[rows] += part
        goes_on = part > _TAIL
        if not goes_on.any():
            break
        if not goes_on.all():
            rows = rows[goes_on]
            repeats, shape, stay, density, above, steps = (
                column[goes_on] for column in (repeats, shape, stay, density, above, steps)
            )
        stay, density, above = _next(forecast, n, repeats, shape, stay, density, above, steps)
    purchases = alive * total
    return Outlook(alive, purchases, purchases * spend(forecast, rhythm))


def still_buying(forecast: Forecast, rhythm: Rhythm) -> Numbers:
    """Give the probability of each buyer that they have not left. Nobody leaves before their first repeat."""
    r, alpha, a, b = forecast.r, forecast.alpha, forecast.a, forecast.b
    silence = np.log(alpha + rhythm.age) - np.log(alpha + rhythm.last)
    odds = a / np.maximum(b + rhythm.repeats - 1, 1e-9) * np.exp(np.minimum((r + rhythm.repeats) * silence, 700.0))
    alive: Numbers = np.where(rhythm.repeats > 0, 1 / (1 + odds), 1.0)
    return alive


def spend(forecast: Forecast, rhythm: Rhythm) -> Numbers:
    """Give what each buyer is expected to spend on a day with orders: between what they and all others spend."""
    p, q, v = forecast.p, forecast.q, forecast.v
    expected: Numbers = p * (v + rhythm.valued * rhythm.mean) / np.maximum(p * rhythm.valued + q - 1, 1e-9)
    return expected


def chances(forecast: Forecast, rhythm: Rhythm, days: int = HORIZON_DAYS) -> Numbers:
    """Give the probabilities of 0, 1, 2 … purchases of one buyer; they sum to one."""
    alive = still_buying(forecast, rhythm)
    shape, stay, density, above, steps = _start(forecast, rhythm.repeats, rhythm.age, days)
    least = [1.0]
    for n in range(1, _STEPS_MAX):
        least.append(float((alive * stay * above)[0]))
        if least[-1] < _TAIL:
            break
        stay, density, above = _next(forecast, n, rhythm.repeats, shape, stay, density, above, steps)
    found: Numbers = -np.diff([*least, 0.0])
    return found


def interval(forecast: Forecast, rhythm: Rhythm, days: int = HORIZON_DAYS) -> Interval:
    """Give the interval of one buyer: purchases from their chances, money from as many seeded draws every time."""
    low, high = (1 - forecast.level) / 2, (1 + forecast.level) / 2
    sums = np.cumsum(chances(forecast, rhythm, days))
    dice = np.random.default_rng(1)
    count = np.searchsorted(sums, dice.random(DRAWS) * sums[-1])
    rate = dice.gamma(forecast.q + forecast.p * rhythm.valued[0], size=DRAWS) / (
        forecast.v + rhythm.valued[0] * rhythm.mean[0]
    )
    money = dice.gamma(np.maximum(forecast.p * count, 1e-9)) / rate * (count > 0)
    least, most = (int(np.searchsorted(sums, share * sums[-1])) for share in (low, high))
    cheap, dear = np.quantile(money, [low, high])
    return Interval((least, most), (int(np.floor(cheap)), int(np.ceil(dear))), forecast.level)


def _start(
    forecast: Forecast, repeats: Numbers, age: Numbers, days: int
) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Begin with one purchase: the shape of its rate, the chance to have stayed, of none, of more, and the step of a day."""
    shape = forecast.r + repeats
    steps = days / (forecast.alpha + age + days)
    none = np.exp(shape * np.log1p(-steps))
    return shape, np.ones_like(shape), none, 1 - none, steps


def _next(  # noqa: PLR0913, PLR0917  # The state of a recursion.
    forecast: Forecast, n: int, repeats: Numbers, shape: Numbers, stay: Numbers, density: Numbers, above: Numbers,
    steps: Numbers,
) -> tuple[Numbers, Numbers, Numbers]:  # fmt: skip
    """Go from at least n purchases to at least n + 1: stay once more, and have one more in the days."""
    stayed = forecast.b + repeats + n - 1
    density = density * steps * (shape + n - 1) / n
    return stay * stayed / (forecast.a + stayed), density, np.maximum(above - density, 0.0)
