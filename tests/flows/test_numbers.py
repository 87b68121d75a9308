"""Checks numbers over real facts: they agree with the house, however facts are bundled, sealed or summed up before."""

import os
import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from benchmarks import numbers as made_up
from caravan.adapters.duckdb_folding import fold, make_tables, numbered
from caravan.adapters.memory import MemoryLog
from caravan.bootstrap import KINDS, numbers_of, seal_log
from caravan.cell import Section, facts
from caravan.config import Settings
from caravan.flows import claims, dashboards, numbers, returns, soundness
from caravan.flows.happenings import BOOK
from caravan.insight import metrics
from caravan.insight.metrics import Limit, Question, Viewer
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.ids import ClaimId, OrderId, ParcelId
from caravan.trade.claims import Reason
from caravan.trade.delivery import ParcelStatus
from tests.flows.market import Market
from tests.simulation.days import Days


def over(folder: Path, market: Market) -> numbers.Numbers:
    return numbers_of(Settings(home=folder), market.log, lambda: market.cell.position)


def value(
    asked: numbers.Numbers, *names: str, viewer: Viewer = metrics.OPERATOR, limits: Sequence[Limit] = ()
) -> dict[str, object]:
    rows: list[dict[str, object]] = asked.ask(Question(names, limits=tuple(limits)), viewer).table.to_pylist()
    return rows[0] if rows else {}


@pytest.fixture
def asked(tmp_path: Path, market: Market) -> Iterator[numbers.Numbers]:
    """Lend numbers over an open market."""
    found = over(tmp_path, market)
    yield found
    found.close()


def test_every_metric_has_an_answer_over_an_empty_log(tmp_path: Path) -> None:
    asked = numbers_of(Settings(home=tmp_path), MemoryLog(), lambda: 0)

    for metric in asked.definitions.metrics.values():
        grain = "" if metric.is_alone else "week" if metric.derivation.period == "week" else "month"
        answer = asked.ask(Question((metric.name,), grain=grain), metrics.OPERATOR)  # type: ignore[arg-type]
        assert answer.table.num_rows == (3 if metric.derivation.kind == "funnel" else 0), metric.name
        assert answer.table.column_names == [column.name for column in answer.plan.columns]
    asked.close()


def test_an_order_is_in_the_numbers_as_soon_as_it_is_acknowledged(market: Market, asked: numbers.Numbers) -> None:
    listing = market.listing(market.seller(), price=1_999, shipping=500)
    assert value(asked, "gmv") == {}

    market.buy(market.buyer(), (listing, 2))

    assert value(asked, "gmv", "average_order_value") == {"currency": "EUR", "gmv": 4_998, "average_order_value": 4_998}


def test_the_story_of_an_order_is_told_in_numbers(market: Market, asked: numbers.Numbers) -> None:
    seller = market.seller()
    listing = market.listing(seller, price=10_000, category="Home/Mugs")
    buyer = market.buyer()
    session = market.hold(buyer, (listing, 2))
    market.complete(session, buyer)
    market.hold(buyer, (listing, 1))
    market.buy(buyer, (listing, 1))
    market.deliver(1)
    market.cancel(2)
    market.take_back(1, refund=10_000)
    market.days_pass(20)
    market.settle()

    assert value(asked, "orders", "purchases", "buyers", "units_sold", "cancelations", "cancelation_rate", "fill_rate") == {
        "orders": 2, "purchases": 2, "buyers": 1, "units_sold": 3, "cancelations": 1, "cancelation_rate": 0.5, "fill_rate": 2 / 3,
    }  # fmt: skip
    assert value(asked, "gmv", "canceled_gmv", "refunded", "net_gmv", "take_rate") == {
        "currency": "EUR", "gmv": 30_000, "canceled_gmv": 10_000, "refunded": 10_000, "net_gmv": 10_000, "take_rate": 0.1,
    }  # fmt: skip
    assert value(asked, "new_buyers", "repeat_purchases", "repeat_rate") == {
        "new_buyers": 1,
        "repeat_purchases": 1,
        "repeat_rate": 1.0,
    }
    assert value(asked, "checkouts_opened", "checkouts_reserved", "checkouts_completed") == {
        "checkouts_opened": 2, "checkouts_reserved": 2, "checkouts_completed": 1,
    }  # fmt: skip
    by_category = asked.ask(Question(("sales", "return_rate"), ("category",)), metrics.OPERATOR).table.to_pylist()
    assert by_category == [{"category": "Home/Mugs", "currency": "EUR", "sales": 30_000, "return_rate": 1 / 3}]


def test_what_goes_wrong_is_told_in_numbers(market: Market, asked: numbers.Numbers) -> None:
    seller, buyer = market.seller(), market.buyer()
    listing = market.listing(seller, price=10_000)
    for _ in range(3):
        market.buy(buyer, (listing, 1))
    market.hand_over(1)
    market.scan(1, ParcelStatus.LOST)
    market.scan(1, ParcelStatus.LOST)
    market.do(claims.answer_claim, claims.Answering(ClaimId(1), seller, 4_000, "Sorry."))
    market.do(claims.dispute_claim, claims.Step(ClaimId(1), buyer))
    market.do(claims.decide_claim, claims.Verdict(ClaimId(1), 1_000, "So be it."))
    market.deliver(2)
    market.do(claims.open_claim, claims.Opening(OrderId(2), buyer, ParcelId(2), Reason.DAMAGED, 0, "Broken.", {}))
    market.do(claims.accept_answer, claims.Step(ClaimId(2), buyer))
    market.deliver(3)
    market.do(returns.accept_exchange, returns.Exchange(seller, OrderId(3), 0, 1))

    assert value(asked, "claims_opened", "claims_settled", "claims_withdrawn", "claim_rate") == {
        "claims_opened": 2, "claims_settled": 1, "claims_withdrawn": 1, "claim_rate": 2 / 3,
    }  # fmt: skip
    assert value(asked, "claimed", "claims_refunded") == {
        "currency": "EUR",
        "claimed": 20_000,
        "claims_refunded": 5_000,
    }
    assert value(asked, "lost_parcels", "parcels_sent_anew", "exchanges", "exchanged_units") == {
        "lost_parcels": 1, "parcels_sent_anew": 0, "exchanges": 1, "exchanged_units": 1,
    }  # fmt: skip
    granted = asked.ask(Question(("claims_refunded",), ("granted_by", "reason")), metrics.OPERATOR).table.to_pylist()
    assert [(row["granted_by"], row["reason"], row["claims_refunded"]) for row in granted] == [
        ("operator", "lost", 1_000), ("seller", "lost", 4_000),
    ]  # fmt: skip


def test_a_seller_sees_rows_of_their_own_only(market: Market, asked: numbers.Numbers) -> None:
    sellers = [market.seller(), market.seller()]
    listings = [market.listing(seller, price=price) for seller, price in zip(sellers, (100, 2_000), strict=True)]
    market.buy(market.buyer(), (listings[0], 1), (listings[1], 1))

    everyone = value(asked, "gmv")
    first, second = (value(asked, "gmv", viewer=Viewer("seller", seller)) for seller in sellers)
    stolen = value(asked, "gmv", viewer=Viewer("seller", sellers[0]), limits=[Limit("seller", (sellers[1],))])

    assert [row["gmv"] for row in (everyone, first, second)] == [2_100, 100, 2_000]
    assert stolen == {}


def test_a_sale_counts_as_recommended_within_a_week_of_the_click(tmp_path: Path) -> None:
    log = MemoryLog()
    made_up.fill(log, made_up.Load(purchases=2_000, at_once=500, sellers=9, products=50, buyers=100, days=30))
    asked = numbers_of(Settings(home=tmp_path), log, lambda: len(log.frames))

    told = value(asked, "recommended_share")

    assert 0 < float(str(told["recommended_share"])) < 1
    asked.close()


def test_an_answer_is_kept_until_a_table_that_it_read_changes(market: Market, asked: numbers.Numbers) -> None:
    listing = market.listing(market.seller())
    market.buy(market.buyer(), (listing, 1))
    question = Question(("gmv",))

    first, again = (asked.ask(question, metrics.OPERATOR) for _ in range(2))
    market.buyer(money=0)
    after_another = asked.ask(question, metrics.OPERATOR)
    market.buy(market.buyer(), (listing, 1))
    changed = asked.ask(question, metrics.OPERATOR)

    assert [one.is_kept for one in (first, again, after_another, changed)] == [False, True, True, False]
    assert changed.table.to_pylist()[0]["gmv"] == 20_000


def test_time_runs_cumulates_and_compares(market: Market, asked: numbers.Numbers) -> None:
    listing, buyer = market.listing(market.seller(), price=100, stock=1_000), market.buyer(money=1_000_000)
    start = int(datetime(2027, 1, 30, 12, tzinfo=UTC).timestamp()) * 1_000_000
    market.clock.advance(start - market.clock.now())
    for _ in range(4):
        market.buy(buyer, (listing, 1))
        market.days_pass(1)

    def rows(metric: str, first: date | None = None, end: date | None = None) -> list[tuple[object, object]]:
        table = asked.ask(Question((metric,), grain="day", first=first, end=end), metrics.OPERATOR).table
        return list(zip(table.column("day").to_pylist(), table.column(metric).to_pylist(), strict=True))

    days = [date(2027, 1, 30), date(2027, 1, 31), date(2027, 2, 1), date(2027, 2, 2)]
    assert rows("gmv") == [(day, 100) for day in days]
    assert rows("gmv_this_month") == list(zip(days, [100, 200, 100, 200], strict=True))
    assert rows("gmv_this_month", first=days[1], end=days[3]) == [(days[1], 200), (days[2], 100)]
    assert rows("gmv_ever", first=days[2]) == [(days[2], 300), (days[3], 400)]
    assert rows("gmv_on_last_year") == [(day, None) for day in days]
    weekly = asked.ask(Question(("orders_on_last_week", "orders"), grain="week"), metrics.OPERATOR).table.to_pylist()
    assert [(row["orders"], row["orders_on_last_week"]) for row in weekly] == [(2, 2), (2, 0)]


def test_cohorts_follow_those_who_began_together(market: Market, asked: numbers.Numbers) -> None:
    listing, buyers = market.listing(market.seller(), price=100, stock=100), [market.buyer() for _ in range(3)]
    for buyer in buyers[:2]:
        market.buy(buyer, (listing, 1))
    market.days_pass(31)
    market.buy(buyers[0], (listing, 3))
    market.buy(buyers[2], (listing, 1))

    kept = asked.ask(Question(("buyer_retention",)), metrics.OPERATOR).table.to_pylist()
    spent = asked.ask(Question(("cohort_value",)), metrics.OPERATOR).table.to_pylist()

    assert [(row["period"], row["size"], row["value"], row["share"]) for row in kept] == [
        (0, 2, 2, 1.0),
        (1, 2, 1, 0.5),
        (0, 1, 1, 1.0),
    ]
    assert [(row["period"], row["value"], row["share"]) for row in spent] == [
        (0, 200, 100),
        (1, 300, 150),
        (0, 100, 100),
    ]


def test_questions_that_take_too_long_are_stopped(asked: numbers.Numbers) -> None:
    with pytest.raises(metrics.TooCostly):
        asked.store.run(
            "SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range * b.range % 7 = 3", timeout_s=0.2
        )
    assert value(asked, "orders") == {"orders": 0}


def test_an_answer_is_read_in_batches_and_stopped_late_where_it_takes_too_long(asked: numbers.Numbers) -> None:
    with asked.store.reading("SELECT i FROM range(10000) t(i)", rows_each=3_000, timeout_s=5) as read:
        batches = list(read.batches)
    with (
        pytest.raises(metrics.TooCostly),
        asked.store.reading("SELECT i FROM range(100000000000) t(i)", rows_each=3_000, timeout_s=0.2) as endless,
    ):
        for _ in endless.batches:
            pass

    assert sum(batch.num_rows for batch in batches) == 10_000
    assert len(batches) > 1
    assert value(asked, "orders") == {"orders": 0}


def test_what_memory_has_no_room_for_lies_in_the_home_and_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caravan.adapters.duckdb_numbers.MEMORY_BYTES_MAX", 64 * 2**20)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "home" / "numbers"
    (folder / "spill-999999999").mkdir(parents=True)  # Of a process that was killed.
    asked = numbers_of(Settings(home=tmp_path / "home"), MemoryLog(), lambda: 0)

    query = "SELECT i, 'word ' || i AS word FROM range(3000000) t(i) ORDER BY hash(i)"
    with asked.store.reading(query, rows_each=50_000, timeout_s=60) as read:
        next(read.batches)
        spilled = [path.name for path in folder.iterdir()]
    asked.close()

    assert spilled == [f"spill-{os.getpid()}"]
    assert list(folder.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Live through some days of trade, with everything that can happen."""
    lived = Days(9, tmp_path_factory.mktemp("days"))
    lived.run(150)
    yield lived
    lived.market.close()


def _tables(log: MemoryLog, dice: random.Random | None) -> dict[str, list[tuple[object, ...]]]:
    """Fold a log in bundles of so many frames, and give every row of every table."""
    with duckdb.connect() as connection:
        make_tables(connection, BOOK)
        bundle: list[tuple[Section, int]] = []
        for frame, sections in facts(log, KINDS, after=None):
            bundle += numbered(sections, frame.first_fact)
            if dice is not None and dice.random() < 0.2:
                fold(connection, BOOK, bundle, zone="UTC")
                bundle = []
        fold(connection, BOOK, bundle, zone="UTC")
        return {name: sorted(connection.table(name).fetchall()) for name in BOOK.tables}


def test_the_tables_are_the_same_however_facts_were_bundled(days: Days) -> None:
    whole = _tables(days.market.log, None)

    for seed in range(3):
        assert _tables(days.market.log, random.Random(seed)) == whole
    assert whole["placed_lines"]


def test_the_numbers_agree_with_the_house_after_days_of_trade(days: Days, tmp_path: Path) -> None:
    market = days.market
    asked = over(tmp_path, market)
    orders = market.house.orders.orders

    told = value(asked, "orders", "cancelations", "deliveries", "buyers")

    assert told == {
        "orders": len(orders) - 1, "cancelations": int((orders.canceled_at > 0).sum()),
        "deliveries": int((orders.received_at > 0).sum()), "buyers": len(set(orders.buyer[1:].tolist())),
    }  # fmt: skip
    by_currency = asked.ask(Question(("gmv",)), metrics.OPERATOR).table.to_pylist()
    assert sum(row["gmv"] for row in by_currency) == int(orders.total[1:].sum())
    asked.close()


def test_the_ledger_agrees_to_the_cent_and_a_cent_that_is_missing_is_found(days: Days, tmp_path: Path) -> None:
    market = days.market
    asked = over(tmp_path, market)
    position = market.cell.position
    asked.store.catch_up(position)
    told = market.cell.ask(lambda house: soundness.books(house, market.cell.facts))

    found = soundness.look(asked.definitions, asked.store, told, durable=position, now=market.clock.now())

    assert not [one for one in found if one.state == "wrong"]
    assert {one.check for one in found} == {"freshness", "volume", "nulls", "doubles", "reconciliation"}
    stolen = soundness.Books(told.facts, {name: amount - 1 for name, amount in told.held.items()}, told.escrow)
    found = soundness.look(asked.definitions, asked.store, stolen, durable=position + 1, now=Instant(0))
    assert {one.check for one in found if one.state == "wrong"} == {"freshness", "reconciliation"}
    asked.close()


def test_a_day_that_is_too_quiet_and_a_field_that_is_empty_are_found_odd(tmp_path: Path) -> None:
    log = MemoryLog()
    made_up.fill(log, made_up.Load(purchases=4_000, at_once=4_000, sellers=5, products=20, buyers=50, days=40))
    asked = numbers_of(Settings(home=tmp_path), log, lambda: len(log.frames))
    store = asked.store
    store.catch_up(len(log.frames))
    (row,) = store.run("SELECT max(day) AS day FROM placed_orders", timeout_s=5)[0].to_pylist()
    quiet = Instant((row["day"].toordinal() - date(1970, 1, 1).toordinal() + 1) * DAY)

    class Emptied:
        """A store in which most of the last day is missing, and every seller's country."""

        position = store.position

        def run(self, query: str, *, timeout_s: float) -> tuple[pa.Table, int]:
            rows = (
                "(SELECT * REPLACE ('' AS seller_country) FROM placed_orders WHERE day < '{}' OR order_number % 9 = 0)"
            )
            return store.run(
                query.replace("FROM placed_orders", f"FROM {rows.format(row['day'])}"), timeout_s=timeout_s
            )

    told = soundness.Books(0, {}, {})
    found = soundness.look(asked.definitions, Emptied(), told, durable=0, now=quiet)  # type: ignore[arg-type]

    odd = {(one.check, one.about) for one in found if one.state == "odd"}
    assert {("volume", "placed_orders"), ("nulls", "placed_orders.seller_country")} <= odd
    asked.close()


# Sealed, summed up, and the tail.


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemoryLog, made_up.Load]:
    """Fill a log, seal it before the last days come, and lend both."""
    home, log = tmp_path_factory.mktemp("sealed"), MemoryLog()
    load = made_up.Load(purchases=6_000, at_once=1_000, sellers=12, products=120, buyers=400, days=20)
    made_up.fill(log, load, pause=lambda: seal_log(home / "numbers", log))
    return home, log, load


def test_rollups_with_the_tail_give_what_the_rows_give_whatever_is_asked(
    sealed: tuple[Path, MemoryLog, made_up.Load],
) -> None:
    home, log, load = sealed

    told = made_up.differences(home, log, 200, 11, load, shapes=20)

    assert told["differences"] == 0
    assert told["by_rollup"] >= 30


def test_a_rollup_that_lies_is_found_out(sealed: tuple[Path, MemoryLog, made_up.Load], tmp_path: Path) -> None:
    home, log, _ = sealed
    shutil.copytree(home / "numbers", tmp_path / "numbers", ignore=shutil.ignore_patterns("facts"))
    with duckdb.connect(tmp_path / "numbers" / "tables-1.duckdb") as connection:
        connection.table("placed_orders_by_currency").limit(1).fetchall()
        connection.execute("UPDATE placed_orders_by_currency SET m0 = m0 + 1 WHERE rowid = 0")
    lying, honest = (numbers_of(Settings(home=folder), log, lambda: len(log.frames)) for folder in (tmp_path, home))

    told, wanted = (one.ask(Question(("gmv",)), metrics.OPERATOR) for one in (lying, honest))

    assert told.read_from == ["placed_orders_by_currency"]
    assert not made_up.same(told.table, wanted.table)
    lying.close()
    honest.close()


def test_dashboards_ask_for_what_is_defined(tmp_path: Path, market: Market) -> None:
    asked = over(tmp_path, market)

    for viewer in (metrics.OPERATOR, Viewer("seller", 1)):
        for question in dashboards.questions(viewer, end=date(2026, 12, 1)):
            asked.ask(question, viewer)
    assert dashboards.missing(asked.definitions) == set()
    asked.close()


def test_what_was_asked_is_remembered_for_the_next_sealing(tmp_path: Path, market: Market) -> None:
    asked = over(tmp_path, market)
    (tmp_path / "numbers").mkdir()
    for _ in range(3):
        asked.ask(Question(("gmv",), ("seller_country",), first=date(2026, 1, 1)), metrics.OPERATOR)
    asked.close()

    assert numbers.read_asked(tmp_path / "numbers") == {Question(("gmv",), ("seller_country",)): 1}


def test_definitions_of_ones_own_count_at_once_and_wrong_ones_never(tmp_path: Path, market: Market) -> None:
    folder = tmp_path / "numbers" / "definitions"
    folder.mkdir(parents=True)
    expression = "{dialects: [{dialect: ANSI_SQL, expression: gmv / units_sold}]}"
    (folder / "mine.yaml").write_text(
        f"semantic_model: [{{name: mine, metrics: [{{name: unit_value, expression: {expression}}}]}}]\n"
    )
    asked = over(tmp_path, market)
    assert "unit_value" in asked.definitions.metrics

    (folder / "wrong.yaml").write_text("semantic_model: [{name: mine, metrics: [{name: lost}]}]\n")
    asked._looked_at = 0.0

    assert "unit_value" in asked.definitions.metrics
    assert "lost" not in asked.definitions.metrics
    asked.close()
