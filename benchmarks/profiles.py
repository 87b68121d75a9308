"""Measures profiles: how fast all traits, one profile and a segment are, and whether forecasts hold what came.

In process, one thread, no door: the tables of a house are filled with made-up orders directly, not through the log.
Forecasts are learned from what lay before a cut, and held against the 90 days behind it, of which nothing was learned.
"""

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from caravan.adapters.scipy_fitting import ScipyFitter
from caravan.cell import Section, section
from caravan.events import catalog
from caravan.flows import identities
from caravan.flows.house import House, fold
from caravan.flows.profiles import Desk
from caravan.insight import profiles
from caravan.insight.identity.model import Buyer
from caravan.insight.profiles import HORIZON_DAYS, Forecast, Orders, Rhythm, interval, read_rule
from caravan.insight.profiles.crowd import rhythm_of
from caravan.insight.profiles.learning import check, learn
from caravan.kernel.clock import DAY, Clock, FixedClock
from caravan.kernel.ids import BuyerId

EUR = 978
LEARNED = Forecast(0.243, 30.0, 0.793, 2.426, 6.25, 3.74, 1_544.0, EUR, 0.9, 0.9, 1_000, 0)
RULE = {
    "all": [
        {"trait": "orders", "is": "at_least", "value": 3},
        {"any": [
            {"trait": "favorite_category", "is": "one_of", "value": ["Category 1", "Category 2"]},
            {"trait": "expected_value", "is": "at_least", "value": 2_000},
        ]},
    ]
}  # fmt: skip
_CATEGORIES, _PRODUCTS, _SELLERS = 40, 20_000, 200
_VALUES_MAX = 2_000

Report = Callable[[str, int, int], None]


class Still:
    """A house that stands still, and how long each question held it."""

    def __init__(self, house: House) -> None:
        self.house, self.position = house, 1
        self.clock: Clock = FixedClock()
        self.held: list[float] = []

    def ask(self, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Answer a question."""
        began = time.perf_counter()
        try:
            return query(self.house, *arguments)
        finally:
            self.held.append(time.perf_counter() - began)


def run(*, people: int, orders: int, data: Path | None, runs: int, progress: Report) -> dict[str, Any]:
    """Measure the speed, and the forecasts on simulated people and on real shops where their data is."""
    found: dict[str, Any] = {
        "people": people, "orders": orders, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "runs": runs,
    }  # fmt: skip
    found |= _speed(people, orders, runs, progress)
    found["forecasts"] = [_held("simulated", simulated(5_000, seed=7))]
    progress("forecasts", 1, 3)
    for place, (name, read) in enumerate((("online-retail", online_retail), ("olist", olist)), 2):
        if data is not None:
            found["forecasts"].append(_held(name, read(data)))
        progress("forecasts", place, 3)
    return found


def _speed(people: int, orders: int, runs: int, progress: Report) -> dict[str, Any]:
    still, dice, rule = Still(filled(people, orders)), np.random.default_rng(2), read_rule(RULE)
    whole, worked, held, one, counted = [], [], [], [], []
    for turn in range(runs):
        still.held.clear()
        desk = Desk(still)  # A new one each time, so that nothing is known from before.
        began = time.process_time()
        whole.append(_timed(desk.gathered))
        worked.append(time.process_time() - began)
        held.append(max(still.held))
        counted.append(_timed(partial(desk.count, rule, "news", needs_consent=False)))
        some = dice.integers(1, people + 1, 20).tolist()
        one.append(statistics.median(_timed(partial(desk.person, buyer=buyer)) for buyer in some))
        progress("traits", turn + 1, runs)
    return {
        "all_traits_s": _summed(whole), "all_traits_cpu_s": _summed(worked), "lock_held_ms": _summed([1_000 * it for it in held]),
        "one_profile_ms": _summed([1_000 * it for it in one]), "segment_count_ms": _summed([1_000 * it for it in counted]),
    }  # fmt: skip


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _summed(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
    }


def filled(people: int, orders: int) -> House:
    """Fill the tables of a house: two lines an order, one identity a buyer."""
    house, dice, now = House(), np.random.default_rng(1), FixedClock().now()
    for first in range(1, people + 1, 10_000):
        some = range(first, min(first + 10_000, people + 1))
        house.identity.buyers += [Buyer(BuyerId(one), b"", b"", "PT", "", now - one * 1_000_000) for one in some]
        fold(house, identities.buyers_seen(house, some, [one.to_bytes(16, "big") for one in some], now=now))
    fold(house, _shelf(now))
    placed = np.sort(now - dice.integers(0, 1_000 * DAY, orders))
    price = dice.integers(200, 9_000, 2 * orders)
    buyer = (people * dice.random(orders) ** 2).astype(np.int64) + 1
    house.orders.orders.append(
        orders, purchase=np.arange(1, orders + 1), buyer=buyer, seller=dice.integers(1, _SELLERS + 1, orders), unit=EUR,
        total=price.reshape(-1, 2).sum(axis=1), placed_at=placed, canceled_at=np.where(dice.random(orders) < 0.04, now, 0),
        first_line=np.arange(1, 2 * orders + 1, 2), lines=2,
    )  # fmt: skip
    house.orders.lines.append(
        2 * orders, order=np.repeat(np.arange(1, orders + 1), 2), sku=dice.integers(1, _PRODUCTS + 1, 2 * orders),
        quantity=1, unit_price=price,
    )  # fmt: skip
    house.payments.money.append(orders, refunded=np.where(dice.random(orders) < 0.05, 100, 0))
    house.profiles.forecast = LEARNED
    return house


def _shelf(now: int) -> list[Section]:
    """Add products of one SKU each."""
    numbers = np.arange(1, _PRODUCTS + 1)
    at, words = np.full(_PRODUCTS, now), [""] * _PRODUCTS
    return [
        section(
            catalog.ProductAdded, at=at, product=numbers, seller=np.ones(_PRODUCTS, np.int64), title=words, description=words,
            category=[f"Category {one % _CATEGORIES}" for one in numbers.tolist()], brand=words, gtin=words,
            attributes=[{}] * _PRODUCTS, image=words, weight_grams=np.zeros(_PRODUCTS, np.int64), reference=words,
        ),
        section(
            catalog.SkuAdded, at=at, sku=numbers, product=numbers, option=[f"Size {one % 9}" for one in numbers.tolist()]
        ),
    ]  # fmt: skip


def _held(name: str, orders: Orders) -> dict[str, Any]:
    """Learn from what came before the last 90 days, and say what of these lay in the intervals."""
    cut = int(orders.at.max()) // DAY * DAY + DAY - HORIZON_DAYS * DAY
    before = orders.until(cut)
    began = time.perf_counter()
    forecast, _ = learn(before, ScipyFitter(), unit=EUR, now=cut)
    took = time.perf_counter() - began
    seen = check(forecast, orders, cut=cut, seed=11)
    share, expected, came = _values(forecast, orders, cut)
    return {
        "data": name, "buyers": forecast.buyers, "level": forecast.level, "learned_in_s": round(took, 2),
        "checked": seen.buyers, "orders_in_interval": round(seen.coverage[forecast.level], 4),
        "days_expected_each": round(seen.expected, 4), "days_came_each": round(seen.came, 4),
        "value_in_interval": round(share, 4), "value_expected_each": round(expected), "value_came_each": round(came),
    }  # fmt: skip


def _values(forecast: Forecast, orders: Orders, cut: int) -> tuple[float, float, float]:
    """Say of some buyers whether what they spent lay in their interval, and what was expected and came on average."""
    before = orders.until(cut)
    known, who = np.unique(before.who, return_inverse=True)
    rhythm = rhythm_of(who, before.at, before.spent, before.is_ours, count=len(known), now=cut)
    is_later = (orders.at >= cut) & np.isin(orders.who, known) & orders.is_ours
    came = np.bincount(np.searchsorted(known, orders.who[is_later]), orders.spent[is_later], len(known))
    some = np.random.default_rng(5).permutation(len(known))[:_VALUES_MAX]
    ranges = [interval(forecast, Rhythm(*(column[one : one + 1] for column in rhythm))).value for one in some.tolist()]
    held = [low <= max(came[one], 0) <= high for (low, high), one in zip(ranges, some.tolist(), strict=True)]
    expected = profiles.outlook(forecast, rhythm).value
    return float(np.mean(held)), float(expected.mean()), float(np.maximum(came, 0).mean())


def simulated(people: int, *, seed: int) -> Orders:
    """Let people buy as the models say they do, for two years."""
    dice = np.random.default_rng(seed)
    rate, leaving = dice.gamma(1.2, 1 / 30, people), dice.beta(1.1, 5.0, people)
    money = 6.0 / dice.gamma(4.0, 1 / 15_000, people)
    who, at, spent = [], [], []
    for person in range(people):
        day, is_first = dice.uniform(0, 500), True
        while day < 730:
            who.append(person)
            at.append(int((day + 18_000) * DAY))
            spent.append(max(int(dice.gamma(6.0, money[person] / 6.0)), 1))
            if not is_first and dice.random() < leaving[person]:
                break
            is_first = False
            day += dice.exponential(1 / rate[person])
    return _orders(np.array(who), np.array(at), np.array(spent))


def online_retail(data: Path) -> Orders:
    """Read the invoices of Online Retail; returns are taken off the money."""
    table = pq.read_table(
        data / "online_retail" / "lines.parquet",
        columns=["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"],
    )
    table = table.filter(pc.and_(pc.is_valid(table["CustomerID"]), pc.greater(table["UnitPrice"], 0)))
    amount = np.round(table["Quantity"].to_numpy() * table["UnitPrice"].to_numpy() * 100).astype(np.int64)
    table = table.append_column("amount", pa.array(amount)).filter(pc.greater(table["Quantity"], 0))
    invoices = table.group_by("InvoiceNo").aggregate([("amount", "sum"), ("InvoiceDate", "min"), ("CustomerID", "min")])
    return _orders(
        invoices["CustomerID_min"].to_numpy().astype(np.int64), invoices["InvoiceDate_min"].cast(pa.int64()).to_numpy(),
        invoices["amount_sum"].to_numpy(),
    )  # fmt: skip


def olist(data: Path) -> Orders:
    """Read the orders of Olist that were not canceled."""
    table = pq.read_table(
        data / "olist" / "orders.parquet",
        columns=["order_id", "customer_id", "order_status", "order_purchase_timestamp"],
    )
    table = table.filter(
        pc.invert(pc.is_in(table["order_status"], pa.array(["canceled", "unavailable"], table["order_status"].type)))
    )
    paid = (
        pq.read_table(data / "olist" / "order_payments.parquet")
        .group_by("order_id")
        .aggregate([("payment_value", "sum")])
    )
    people = pq.read_table(data / "olist" / "customers.parquet", columns=["customer_id", "customer_unique_id"])
    table = table.join(paid, "order_id").join(people, "customer_id")
    who = np.unique(table["customer_unique_id"].to_numpy(), return_inverse=True)[1]
    spent = np.nan_to_num(table["payment_value_sum"].to_numpy() * 100).astype(np.int64)
    return _orders(who, table["order_purchase_timestamp"].cast(pa.int64()).to_numpy(), spent)


def _orders(who: np.ndarray, at: np.ndarray, spent: np.ndarray) -> Orders:
    order = np.argsort(at, kind="stable")
    return Orders(who[order], at[order], spent[order], np.ones(len(who), bool))
