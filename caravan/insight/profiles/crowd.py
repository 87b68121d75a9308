"""The crowd: the traits of many people at once, computed from columns of what they bought."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caravan.insight.profiles.forecast import Forecast, Rhythm, outlook
from caravan.insight.profiles.traits import (
    BANDS,
    BOOKS_DAYS,
    LOOKS_DAYS,
    PERSONALIZATION,
    PROFILING,
    TASTES_DAYS,
    TRAITS,
)
from caravan.kernel.clock import DAY

Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_BAND_EDGE = 1 / 3
_DENSE_MAX = 1 << 23
_DAYS_MAX = 1 << 20


class Bought(NamedTuple):
    """What people ordered, in columns: of orders [k], of their lines [m]. `owner` is whose it is, by place, -1: nobody's.

    A line's `order` is a place in the columns of orders; `category`, `option` and `seller` are places in lists of names,
    0: none.
    """

    owner: Integers
    unit: Integers
    total: Integers
    placed_at: Integers
    canceled_at: Integers
    refunded: Integers
    order: Integers
    category: Integers
    option: Integers
    seller: Integers
    quantity: Integers
    price: Integers


class Names(NamedTuple):
    """What the numbers in columns are called; the first of each is none."""

    categories: Sequence[str]
    options: Sequence[str]
    sellers: Sequence[str]
    countries: Sequence[str]
    units: Sequence[str]
    products: Sequence[str]


class Pairs(NamedTuple):
    """Words of people: `code` is a place in the trait's list of names. Sorted by owner. Shapes: [l], [l]."""

    owner: Integers
    code: Integers


class Known(NamedTuple):
    """What else is known of people. Shapes: [n], pairs, and [n] flags for each purpose that somebody forbade."""

    registered_at: Integers
    country: Integers
    units: Pairs
    looked_at: Integers
    looks: Pairs
    forbidden: dict[str, Flags]


class Crowd(NamedTuple):
    """The traits of people. A number that is unknown is NaN; a word that is unknown is 0. `facts` are the orders kept."""

    numbers: dict[str, Numbers]
    codes: dict[str, Integers]
    pairs: dict[str, Pairs]
    names: dict[str, Sequence[str]]
    facts: Integers
    rhythm: Rhythm

    def __len__(self) -> int:
        """Give how many people there are."""
        return len(self.facts)


def traits_of(  # What a profile stands on.
    bought: Bought, known: Known, names: Names, *, edges: Numbers, forecast: Forecast | None, unit: int, now: int
) -> Crowd:
    """Compute every trait of everybody. `edges` [2, categories] part the prices of a category into three bands."""
    count, owner = len(known.registered_at), bought.owner
    is_kept = (owner >= 0) & (bought.placed_at >= now - BOOKS_DAYS * DAY)
    is_live = is_kept & (bought.canceled_at == 0)
    who, at = owner[is_live], bought.placed_at[is_live]
    is_ours = bought.unit[is_live] == unit
    spent, back = bought.total[is_live] * is_ours, bought.refunded[is_live] * is_ours
    every, orders = np.bincount(owner[is_kept], minlength=count), np.bincount(who, minlength=count)
    value, paid = _sums(who, spent - back, count), _sums(who, spent, count)
    priced = np.bincount(who, is_ours, count)
    first, last = np.full(count, now), np.zeros(count, np.int64)
    np.minimum.at(first, who, at)
    np.maximum.at(last, who, at)
    rhythm = rhythm_of(who, at, spent - back, is_ours, count=count, now=now)
    expected = _expected(forecast, rhythm, orders > 0, unit)
    has = orders > 0
    numbers = {
        "orders": orders.astype(np.float64),
        "value": value,
        "average_order": _ratio(value, priced),
        "first_order": np.where(has, _days(now, first), np.nan),
        "last_order": np.where(has, _days(now, last), np.nan),
        "interval": _ratio(rhythm.last, rhythm.repeats),
        "canceled": _ratio(every - orders, every),
        "refunded": _ratio(paid - value, paid),
        "tenure": np.where(known.registered_at > 0, _days(now, known.registered_at), np.nan),
        "last_look": np.where(known.looked_at >= now - LOOKS_DAYS * DAY, _days(now, known.looked_at), np.nan),
        **expected,
    }
    codes, pairs = _tastes(bought, is_live & (bought.placed_at >= now - TASTES_DAYS * DAY), names, edges, count, unit)
    codes |= {"country": known.country}
    pairs |= {"units": known.units, "looks": known.looks}
    named = {
        "favorite_category": names.categories, "categories": names.categories, "options": names.options,
        "sellers": names.sellers, "price_band": ("", *BANDS), "country": names.countries, "units": names.units,
        "looks": names.products,
    }  # fmt: skip
    _withhold(numbers, codes, pairs, known.forbidden)
    return Crowd(numbers, codes, pairs, named, every, rhythm)


def rhythm_of(who: Integers, at: Integers, spent: Integers, is_ours: Flags, *, count: int, now: int) -> Rhythm:
    """Give the rhythm of everybody: several orders on one day are one purchase."""
    keys = _distinct(who * _DAYS_MAX + at // DAY)
    owner, day = keys // _DAYS_MAX, keys % _DAYS_MAX
    days = np.bincount(owner, minlength=count).astype(np.float64)
    first, last = np.full(count, now // DAY), np.zeros(count, np.int64)
    np.minimum.at(first, owner, day)
    np.maximum.at(last, owner, day)
    valued = days
    if not is_ours.all():
        ours = _distinct(who[is_ours] * _DAYS_MAX + at[is_ours] // DAY)
        valued = np.bincount(ours // _DAYS_MAX, minlength=count).astype(np.float64)
    value = np.maximum(_sums(who, spent * is_ours, count), 0.0)
    # Who got everything back spent nothing: the gamma-gamma model knows no such day.
    valued = np.where(value > 0, valued, 0.0)
    return Rhythm(
        repeats=np.maximum(days - 1, 0.0), last=np.where(days > 0, last - first, 0).astype(np.float64),
        age=np.maximum(now // DAY - first, 0).astype(np.float64), valued=valued,
        mean=np.divide(value, valued, out=np.zeros(count), where=valued > 0),
    )  # fmt: skip


def edges_of(category: Integers, price: Integers, *, categories: int) -> Numbers:
    """Give the prices that part each category's into three equal parts; shape [2, categories]."""
    edges = np.full((2, categories), np.nan)
    order = np.lexsort((price, category))
    category, price = category[order], price[order]
    starts = np.searchsorted(category, np.arange(categories + 1))
    sizes = np.diff(starts)
    has = np.flatnonzero(sizes)
    for row, share in enumerate((_BAND_EDGE, 1 - _BAND_EDGE)):
        edges[row, has] = price[starts[has] + np.minimum((sizes[has] * share).astype(np.int64), sizes[has] - 1)]
    return edges


def _distinct(keys: Integers) -> Integers:
    """Give each key once, sorted; NumPy's own `unique` of millions of integers takes ten times as long."""
    ordered = np.sort(keys)
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def _expected(forecast: Forecast | None, rhythm: Rhythm, has: Flags, unit: int) -> dict[str, Numbers]:
    unknown = np.full(len(has), np.nan)
    if forecast is None:
        return dict.fromkeys(("still_buying", "expected_orders", "expected_value"), unknown)
    found = outlook(forecast, rhythm)
    value = found.value if forecast.unit == unit else unknown
    return {
        "still_buying": np.where(has, found.alive, np.nan),
        "expected_orders": np.where(has, found.purchases, np.nan),
        "expected_value": np.where(has, value, np.nan),
    }


def _tastes(  # As above.
    bought: Bought, is_used: Flags, names: Names, edges: Numbers, count: int, unit: int
) -> tuple[dict[str, Integers], dict[str, Pairs]]:
    lines = np.flatnonzero(is_used[bought.order] & (bought.quantity > 0))
    owner, units = bought.owner[bought.order[lines]], bought.quantity[lines]
    category = bought.category[lines]
    pairs, weights = _tally(owner, category, units, len(names.categories))
    codes = {"favorite_category": _most(pairs, weights, count, len(names.categories))}
    is_ours = bought.unit[bought.order[lines]] == unit
    codes["price_band"] = _band(owner[is_ours], category[is_ours], bought.price[lines][is_ours], edges, count)
    return codes, {
        "categories": pairs,
        "options": _tally(owner, bought.option[lines], units, len(names.options))[0],
        "sellers": _tally(owner, bought.seller[lines], units, len(names.sellers))[0],
    }


def _tally(owner: Integers, code: Integers, weight: Integers, names: int) -> tuple[Pairs, Integers]:
    """Sum weights by owner and name, sorted by owner; names that are none are left out."""
    is_named = code > 0
    keys, weight = owner[is_named] * names + code[is_named], weight[is_named]
    if len(keys) and int(keys.max()) < _DENSE_MAX:
        sums = np.bincount(keys, weight)
        found = np.flatnonzero(sums)
        return Pairs(found // names, found % names), sums[found].astype(np.int64)
    order = np.argsort(keys)
    keys = keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    sums = np.add.reduceat(weight[order], starts) if len(starts) else np.zeros(0, np.int64)
    return Pairs(keys[starts] // names, keys[starts] % names), sums


def _most(pairs: Pairs, weights: Integers, count: int, names: int) -> Integers:
    """Give each owner's heaviest name; of equals the first in the list."""
    best = np.zeros(count, np.int64)
    np.maximum.at(best, pairs.owner, weights * names + (names - 1 - pairs.code))
    return np.where(best > 0, names - 1 - best % names, 0)


def _band(owner: Integers, category: Integers, price: Integers, edges: Numbers, count: int) -> Integers:
    low, high = edges[:, category]
    lean = (price > high).astype(np.float64) - (price < low)
    mean = _ratio(np.bincount(owner, lean, count), np.bincount(owner, minlength=count))
    known = ~np.isnan(mean)
    return np.where(known, 2 + (mean > _BAND_EDGE) - (mean < -_BAND_EDGE), 0).astype(np.int64)


def _withhold(
    numbers: dict[str, Numbers], codes: dict[str, Integers], pairs: dict[str, Pairs], forbidden: dict[str, Flags]
) -> None:
    """Make unknown what stands on a purpose that somebody forbade."""
    for trait in TRAITS.values():
        told = forbidden.get(trait.purpose)
        if told is None or not told.any():
            continue
        if trait.name in numbers:
            numbers[trait.name] = np.where(told, np.nan, numbers[trait.name])
        elif trait.name in codes:
            codes[trait.name] = np.where(told, 0, codes[trait.name])
        else:
            owner, code = pairs[trait.name]
            pairs[trait.name] = Pairs(owner[~told[owner]], code[~told[owner]])


def _days(now: int, at: Integers) -> Numbers:
    days: Numbers = ((now - at) // DAY).astype(np.float64)
    return days


def _sums(owner: Integers, amounts: Integers, count: int) -> Numbers:
    return np.bincount(owner, amounts, count).astype(np.float64)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Numbers:
    found: Numbers = np.full(len(whole), np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


PURPOSES = (PROFILING, PERSONALIZATION)
