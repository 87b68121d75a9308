"""Measures numbers: every shipped metric over millions of facts, the dashboards, freshness, and roll-ups against rows."""

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks.runs import figure
from caravan.adapters.memory import MemoryLog
from caravan.adapters.numbers_sealing import Sealed
from caravan.adapters.sqlite import SqliteLog
from caravan.bootstrap import Caravan, numbers_of, open_caravan, seal_log
from caravan.cell import Ragged, Section, schema, section
from caravan.cell.frame import layout_of, seal
from caravan.config import Settings
from caravan.events import catalog, delivery, discovery, identity, markets, orders, partners, payments
from caravan.flows import checkout, dashboards, numbers, opening, people, selling, settlement
from caravan.flows.house import integers
from caravan.insight import metrics
from caravan.insight.metrics import Definitions, Limit, Question
from caravan.kernel.errors import Invalid
from caravan.kernel.event import Event
from caravan.trade.catalog import ListingDraft, ProductDraft
from caravan.world.partners import Application

DAY_US = 86_400_000_000
_FIRST_DAY = date(2025, 1, 1)
_FIRST_US = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_COUNTRIES = ("PT", "ES", "FR", "DE", "IT", "NL", "PL", "BR")
_CATEGORIES = tuple(
    f"{top}/{low}" for top in ("Home", "Garden", "Books", "Toys") for low in ("One", "Two", "Three", "Four", "Five")
)
_UNITS = (978, 986)  # EUR and BRL: amounts of both must be kept apart.
_SURFACES = ("home", "also_bought", "search", "category", "")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is to count."""

    purchases: int = 700_000
    days: int = 365
    sellers: int = 2_000
    products: int = 20_000
    buyers: int = 200_000
    at_once: int = 5_000
    seed: int = 1


class _Writer:
    """Writes sections down as the frames of a log."""

    def __init__(self, log: MemoryLog | SqliteLog) -> None:
        self._log, self._epoch = log, log.take_over()
        self._last = log.head()
        self._known: set[bytes] = set()
        self.facts = 0

    def write(self, sections: Sequence[Section], at: int) -> None:
        frame = seal(sections, after=self._last, epoch=self._epoch, written_at=at)
        fresh = {layout_of(part.kind): schema(part.kind).serialize().to_pybytes() for part in sections}
        self._log.append(frame, {name: told for name, told in fresh.items() if name not in self._known})
        self._known |= set(fresh)
        self._last = frame
        self.facts += frame.facts


def fill(
    log: MemoryLog | SqliteLog, load: Load, progress: Callable[[str], None] = lambda _: None,
    pause: Callable[[], object] = lambda: None,
) -> int:  # fmt: skip
    """Fill a log with a made-up market: as many facts of each kind as a year of trade has. Give how many facts.

    `pause` is called when all but the last days are there: what comes then is the tail.
    """
    dice = np.random.default_rng(load.seed)
    writer = _Writer(log)
    writer.write(_market(load), _FIRST_US)
    for part in _people(load, dice):
        writer.write([part], _FIRST_US)
    sellers_of = dice.integers(1, load.sellers + 1, load.products)
    writer.write(_shelf(load, sellers_of), _FIRST_US)
    counts = {"order": 1, "line": 0, "refund": 0}
    for first in range(0, load.purchases, load.at_once):
        count = min(load.at_once, load.purchases - first)
        at = (
            _FIRST_US
            + np.sort(dice.integers(0, DAY_US, count))
            + (np.arange(first, first + count) * load.days // load.purchases) * DAY_US
        )
        writer.write(_trade(load, dice, np.sort(at), first, counts, sellers_of), int(at.max()))
        progress(f"{writer.facts:,} facts")
        if first < load.purchases - load.at_once <= first + load.at_once:
            pause()
    return writer.facts


def _rows(kind: type[Event], count: int, **columns: object) -> Section:
    spread: dict[str, Any] = {name: _spread(value, count) for name, value in columns.items()}
    return section(kind, **spread)


def _spread(value: object, count: int) -> object:
    return value if isinstance(value, np.ndarray | Ragged | list) else [value] * count


def _market(load: Load) -> list[Section]:
    sellers = np.arange(1, load.sellers + 1)
    countries = [_COUNTRIES[one % len(_COUNTRIES)] for one in sellers.tolist()]
    return [
        _rows(markets.MarketOpened, 1, at=_FIRST_US, name="Bench", currency="EUR", has_play_money=True),
        _rows(
            partners.SellerApplied, load.sellers, at=_FIRST_US, seller=sellers, name=[f"Seller {one}" for one in sellers],
            country=countries, city="City", description="", reference="",
        ),
        _rows(partners.SellerApproved, load.sellers, at=_FIRST_US, seller=sellers),
    ]  # fmt: skip


def _people(load: Load, dice: np.random.Generator) -> Iterator[Section]:
    for first in range(1, load.buyers + 1, 50_000):
        buyers = np.arange(first, min(first + 50_000, load.buyers + 1))
        countries = [_COUNTRIES[one] for one in dice.integers(0, len(_COUNTRIES), len(buyers)).tolist()]
        yield _rows(
            identity.BuyerRegistered, len(buyers), at=_FIRST_US, buyer=buyers, email_mark=b"", contact=b"sealed",
            country=countries, reference="",
        )  # fmt: skip


def _shelf(load: Load, sellers_of: np.ndarray) -> list[Section]:
    each = np.arange(1, load.products + 1)
    common = {"at": _FIRST_US}
    return [
        _rows(
            catalog.ProductAdded, load.products, **common, product=each, seller=sellers_of,
            title=[f"Product {one}" for one in each], description="", category=[_CATEGORIES[one % len(_CATEGORIES)] for one in each],
            brand=[f"Brand {one % 50}" for one in each], gtin="", attributes=[{}] * load.products, image="", weight_grams=1,
            reference="",
        ),
        _rows(catalog.SkuAdded, load.products, **common, sku=each, product=each, option=""),
        _rows(
            catalog.ListingAdded, load.products, **common, listing=each, seller=sellers_of, sku=each, location=1, price_minor=1_000,
            shipping_minor=100, currency="EUR", condition="new", reference="",
        ),
        _rows(catalog.ListingPublished, load.products, **common, listing=each),
    ]  # fmt: skip


def _trade(
    load: Load, dice: np.random.Generator, at: np.ndarray, first: int, counts: dict[str, int], sellers_of: np.ndarray
) -> list[Section]:
    """Make what comes of some purchases: two looks and a checkout before each, and its way to the end after it."""
    count = len(at)
    purchases, buyers = (
        np.arange(first + 1, first + count + 1),
        (dice.pareto(1.2, count) * 50).astype(np.int64) % load.buyers + 1,
    )
    lines_of = dice.integers(1, 4, count)
    listings = dice.integers(1, load.products + 1, int(lines_of.sum()))
    starts = np.concatenate([[0], np.cumsum(lines_of)])
    quantities, prices = dice.integers(1, 4, len(listings)), dice.integers(199, 20_000, len(listings))
    shipping = dice.integers(0, 900, len(listings))
    amounts = prices * quantities + shipping
    fees = amounts // 10
    totals = np.add.reduceat(amounts, starts[:-1])
    sellers, units = sellers_of[listings[starts[:-1]] - 1], np.array(_UNITS)[dice.integers(0, 2, count)]
    numbers_of = np.arange(counts["order"], counts["order"] + count)
    counts["order"] += count
    one = np.arange(count + 1, dtype=np.int32)
    by_line = {
        "listings": listings, "skus": listings, "locations": np.ones(len(listings), np.int64), "quantities": quantities,
        "unit_prices_minor": prices, "shipping_minor": shipping, "fees_minor": fees, "holds": np.zeros(len(listings), np.int64),
    }  # fmt: skip
    looked = listings[starts[:-1]]
    visitors = [int(buyer).to_bytes(16, "little") for buyer in buyers]
    surfaces = [_SURFACES[which] for which in dice.integers(0, len(_SURFACES), count).tolist()]
    signals = {
        "visitor": visitors,
        "buyer": buyers,
        "product": looked,
        "surface": surfaces,
        "position": np.full(count, -1, np.int16),
    }
    sessions = purchases
    letters = ["EUR" if unit == _UNITS[0] else "BRL" for unit in units.tolist()]
    opened = {
        "session": sessions, "buyer": buyers, "cart": 0, "address": 0, "currency": letters, "total_minor": totals,
        **{name: Ragged(starts.astype(np.int32), by_line[name]) for name in ("listings", "skus", "locations", "quantities", "unit_prices_minor", "shipping_minor")},
        "sellers": Ragged(starts.astype(np.int32), sellers_of[listings - 1]),
    }  # fmt: skip
    placed = {
        "purchase": purchases, "buyer": buyers, "session": sessions, "address": 0, "unit": units, "total_minor": totals,
        "mark_high": 0, "mark_low": 0, "entry": purchases, "first_hold": purchases, "first_order": numbers_of,
        "rules": np.ones(count, np.int16), "sellers": Ragged(one, sellers), "totals_minor": Ragged(one, totals),
        "fee_taxes_minor": Ragged(one, totals // 50), "line_counts": Ragged(one, lines_of),
        **{name: Ragged(starts.astype(np.int32), values) for name, values in by_line.items()},
    }  # fmt: skip
    canceled = dice.random(count) < 0.03
    kept = ~canceled
    late = dice.random(count) < 0.08
    handed = at + dice.integers(DAY_US // 4, 2 * DAY_US, count)
    arrived = handed + dice.integers(DAY_US, 5 * DAY_US, count)
    back = kept & (dice.random(count) < 0.04)
    promised = np.where(late, handed, arrived + DAY_US)
    released = arrived + 3 * DAY_US
    return [
        _rows(discovery.SignalNoted, count, at=at - 9_000_000, **signals, signal=np.full(count, 1, np.int8)),
        _rows(discovery.SignalNoted, count, at=at - 6_000_000, **signals, signal=np.full(count, 3, np.int8)),
        _rows(orders.SessionOpened, count, at=at - 3_000_000, **opened),
        _rows(orders.SessionReserved, count, at=at - 2_000_000, session=sessions, holds=[()] * count, expires_at=0),
        _rows(orders.PurchasePlaced, count, at=at, **placed),
        _rows(orders.SessionCompleted, count, at=at, session=sessions, purchase=purchases),
        _rows(
            delivery.PromiseMade, count, at=at, order=numbers_of, seller=sellers, promised_at=promised, median_at=promised,
            probability=9_000, model="m", basis="lane", parcels=1, origin="PT", destination="PT",
        ),
        *_some(canceled, orders.OrderCanceled, at=at + 60_000_000, order=numbers_of, by=0),
        *_some(canceled, payments.PaymentVoided, at=at + 60_000_000, payment=numbers_of, order=numbers_of, amount_minor=totals),
        *_some(
            kept, delivery.ParcelHandedOver, at=handed, parcel=numbers_of, order=numbers_of, seller=sellers, carrier="CTT",
            tracking="", promised_at=promised,
        ),
        *_some(kept, orders.OrderFulfilled, at=handed, order=numbers_of),
        *_some(kept, payments.PaymentCaptured, at=handed, payment=numbers_of, order=numbers_of, amount_minor=totals),
        *_some(kept, orders.OrderReceived, at=arrived, order=numbers_of),
        *_some(
            kept, payments.EscrowReleased, at=released, order=numbers_of, seller=sellers, unit=units,
            amount_minor=totals, fee_minor=totals // 10, fee_tax_minor=totals // 50,
        ),
        *_some(kept, orders.OrderCompleted, at=released, order=numbers_of),
        *_some(
            back, orders.LineReturned, at=arrived + DAY_US, order=numbers_of, line=0, quantity=1, refund_minor=prices[starts[:-1]],
            fee_minor=0, fee_tax_minor=0,
        ),
        *_some(
            back, payments.PaymentRefunded, at=arrived + DAY_US, payment=numbers_of, order=numbers_of,
            amount_minor=prices[starts[:-1]], from_escrow_minor=prices[starts[:-1]], from_seller_minor=0, fee_minor=0, fee_tax_minor=0,
        ),
    ]  # fmt: skip


def _some(chosen: np.ndarray, kind: type[Event], **columns: object) -> list[Section]:
    count = int(chosen.sum())
    if not count:
        return []
    return [
        _rows(
            kind,
            count,
            **{name: value[chosen] if isinstance(value, np.ndarray) else value for name, value in columns.items()},
        )
    ]


# Questions by the throw of dice.


class Dice:
    """Draws questions that can be answered; the same seed draws the same."""

    def __init__(self, found: Definitions, seed: int, *, days: int = 365, shapes: int = 1_000) -> None:
        """Draw from so many shapes (metrics, dimensions and grains), each with any values."""
        self._found, self._dice, self._days = found, random.Random(seed), days
        self._shapes: list[tuple[Question, tuple[str, bool]]] = []
        self._shapes_max = shapes
        self._plain = [one for one in found.metrics.values() if not one.is_alone]

    def draw(self) -> Question:
        """Draw one question."""
        if len(self._shapes) < self._shapes_max:
            self._shapes.append(self._shape())
        shape, (limited, has_range) = (
            self._dice.choice(self._shapes) if len(self._shapes) == self._shapes_max else self._shapes[-1]
        )
        begin = _FIRST_DAY + timedelta(days=self._dice.randrange(self._days))
        end = begin + timedelta(days=self._dice.randrange(1, 120))
        limits = (self._limit(limited),) if limited else ()
        return msgspec.structs.replace(
            shape, first=begin if has_range else None, end=end if has_range else None, limits=limits
        )

    def _shape(self) -> tuple[Question, tuple[str, bool]]:
        dice = self._dice
        chosen = dice.sample(self._plain, dice.choice((1, 1, 2, 3)))
        shared = set.intersection(*(set(self._found.dimensions_of(one)) for one in chosen))
        shared -= {"buyer", "nth", "sellers.name", "products.title", "product", "listing"}
        if any(one.unit == "money" for one in chosen) and "currency" not in shared:
            return self._shape()
        by = tuple(dice.sample(sorted(shared), dice.randint(0, min(2, len(shared)))))
        is_over_time = any(one.derivation.kind for one in chosen)
        grain = dice.choice(
            ("day", "week", "month", "quarter", "year") if is_over_time else ("", "day", "week", "month", "year")
        )
        able = sorted(shared & set(_VALUES))
        limited = dice.choice(able) if able and dice.random() < 0.5 else ""
        names = tuple(one.name for one in chosen)
        return Question(names, by, grain, rows_max=50_000), (limited, dice.random() < 0.6)  # type: ignore[arg-type]

    def _limit(self, name: str) -> Limit:
        values = self._dice.sample(_VALUES[name], self._dice.randint(1, min(3, len(_VALUES[name]))))
        return Limit(name, tuple(values), self._dice.random() < 0.2)


_VALUES: dict[str, tuple[str | int | bool, ...]] = {
    "seller_country": _COUNTRIES, "buyer_country": _COUNTRIES, "category": _CATEGORIES, "currency": ("EUR", "BRL"),
    "seller": tuple(range(1, 9)), "surface": _SURFACES, "is_recommended": (True, False), "is_kept": (True, False),
}  # fmt: skip


def same(left: pa.Table, right: pa.Table) -> bool:
    """Tell whether two answers have the same rows, to the last digit."""
    return bool(left.equals(right))


def differences(
    folder: Path, log: MemoryLog | SqliteLog, questions: int, seed: int, load: Load, *, shapes: int = 1_000
) -> dict[str, int]:
    """Ask questions of roll-ups with the tail, and of the rows alone; count how many answers differ."""
    head = log.head()
    assert head is not None, "An empty log has no answers."
    summed = numbers_of(Settings(home=folder), log, lambda: head.sequence)
    plain = numbers_of(Settings(home=folder / "nothing-sealed"), log, lambda: head.sequence)
    dice = Dice(summed.definitions, seed, days=load.days, shapes=shapes)
    asked = by_rollup = refused = differing = 0
    while asked < questions:
        question = dice.draw()
        try:
            answer, wanted = summed.ask(question, metrics.OPERATOR), plain.ask(question, metrics.OPERATOR)
        except Invalid:  # A week is not made of whole months.
            refused += 1
            continue
        asked += 1
        by_rollup += any(reading.is_rollup for reading in answer.plan.readings)
        differing += not same(answer.table, wanted.table)
    summed.close()
    plain.close()
    return {"questions": asked, "by_rollup": by_rollup, "refused": refused, "differences": differing}


# The benchmark.


def run(load: Load, *, runs: int, questions: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything over one made-up year, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="caravan-numbers-") as name:
        home = Path(name)
        log = SqliteLog(home / "log.db")
        sealings: list[tuple[Sealed, float]] = []

        def seal_it() -> None:
            say("sealing")
            began = time.monotonic()
            sealings.append((seal_log(home / "numbers", log), time.monotonic() - began))

        facts = fill(log, load, say, seal_it)
        (sealed, seconds), *_ = sealings
        found = _measured(home, log, load, runs, questions, say)
        log.close()
    return {
        "facts": facts, "purchases": load.purchases, "sealed_facts": sealed.facts, "sealed_facts_per_s": round(sealed.facts / seconds), "seal_seconds": round(seconds, 1),
        "files": sealed.files, "rollups": sealed.rollups, "door": "in process", **found,
    }  # fmt: skip


def _measured(
    home: Path, log: SqliteLog, load: Load, runs: int, questions: int, say: Callable[[str], None]
) -> dict[str, Any]:
    head = log.head()
    assert head is not None, "The log was filled."
    position = head.sequence
    asked = numbers_of(Settings(home=home), log, lambda: position)
    began = time.monotonic()
    asked.ask(Question(("gmv",)), metrics.OPERATOR)
    first = time.monotonic() - began
    turns = itertools.count()
    by_metric = {}
    for metric in asked.definitions.metrics.values():
        say(metric.name)
        by_metric[metric.name] = figure(
            metric.name,
            door="in process",
            unit="ms",
            values=[_timed(asked, _question(metric), next(turns), load) for _ in range(runs)],
        )
    seen = [_dashboard(asked, next(turns), load) for _ in range(runs)]
    medians = sorted(one.median for one in by_metric.values())
    slow = [one.name for one in by_metric.values() if one.median >= 200]
    asked.close()
    fresh = figure("freshness", door="in process", unit="ms", values=_freshness(runs))
    told = differences(home, log, questions, load.seed, load) if questions else None
    return {
        "first_answer_ms": round(1000 * first, 1), "metrics": len(medians), "ms_p50": medians[len(medians) // 2],
        "ms_p95": medians[int(len(medians) * 0.95)], "under_200_ms_share": round(1 - len(slow) / len(medians), 4), "slow": slow,
        "dashboard": figure("dashboard", door="in process", unit="ms", values=seen), "fresh_ms": fresh, "by_metric": sorted(by_metric.values(), key=lambda one: -one.median), "random": told,
    }  # fmt: skip


def _question(metric: metrics.Metric) -> Question:
    if metric.is_alone:
        return Question((metric.name,), rows_max=50_000)
    grain = "week" if metric.derivation.period == "week" else "month"
    return Question((metric.name,), grain=grain, rows_max=50_000)  # type: ignore[arg-type]


def _timed(asked: numbers.Numbers, question: Question, turn: int, load: Load) -> float:
    """Ask once, for another range each time, so that no answer is kept from before."""
    first = _FIRST_DAY + timedelta(days=turn % 28)
    question = msgspec.structs.replace(
        question, first=first, end=_FIRST_DAY + timedelta(days=load.days + 30 + turn % 100)
    )
    began = time.perf_counter()
    answer = asked.ask(question, metrics.OPERATOR)
    assert not answer.is_kept, question
    return 1000 * (time.perf_counter() - began)


def _dashboard(asked: numbers.Numbers, turn: int, load: Load) -> float:
    end = _FIRST_DAY + timedelta(days=load.days - turn % 60)
    began = time.perf_counter()
    for question in dashboards.questions(metrics.OPERATOR, end=end):
        asked.ask(question, metrics.OPERATOR)
    return 1000 * (time.perf_counter() - began)


def _freshness(runs: int) -> list[float]:
    """Place orders in a running Caravan, and see how long after the answer each is in the number."""
    seen = []
    with tempfile.TemporaryDirectory(prefix="caravan-fresh-") as name:
        caravan = open_caravan(Settings(home=Path(name), tick_seconds=60), ticks=False)
        try:
            order = _small_market(caravan)
            question = Question(("orders",))
            for count in range(1, runs + 2):
                caravan.cell.do_many(checkout.order_directly, order)
                began = time.perf_counter()
                while caravan.numbers.ask(question, metrics.OPERATOR).table.column("orders").to_pylist() != [count]:
                    pass
                seen.append(1000 * (time.perf_counter() - began))
        finally:
            caravan.close()
    return seen[1:]  # The first one loads what the others find there.


def _small_market(caravan: Caravan) -> checkout.DirectOrder:
    cell = caravan.cell
    cell.do(opening.open_market, opening.Opening("Bench", "EUR", has_play_money=True))
    (seller,) = cell.do(selling.apply_to_sell, [Application(name="Seller", country="PT")])
    cell.do(selling.approve_sellers, [seller])
    offer = selling.Offer(
        page=ProductDraft(title="Mug", category="Home"), options=(("", ListingDraft(price_minor=100, currency="EUR")),)
    )
    (offered,) = cell.do(selling.offer_products, selling.Offers([seller], [offer]))
    listing = offered.listings[0]
    cell.do_many(selling.receive_stock, selling.stock_receipt(listing, 10_000, at=caravan.clock.now()))
    (buyer,) = cell.do(people.register_buyers, [people.NewBuyer(b"", b"sealed", "PT", b"sealed")])
    cell.do_many(settlement.top_up, settlement.TopUps(
        at=integers(caravan.clock.now()), buyers=integers(buyer), units=integers(978), amounts=integers(10**9), suspense=integers(0),
        methods=["play"], references=[""],
    ))  # fmt: skip
    return checkout.DirectOrder(buyer, cell.house.identity.buyers[buyer].addresses[0], "EUR", 100, ((listing, 1),))
