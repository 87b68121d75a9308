"""Checks that thousands of orders assessed in columns are taxed as each alone would be, to the fact."""

import random

import numpy as np
import pytest

from caravan.flows import batches, checkout, places, tax_sheets, taxing
from caravan.flows.house import integers
from caravan.kernel.ids import ListingId, ProductId
from caravan.trade import taxes
from tests.flows.market import Market
from tests.flows.test_exchanging import rates
from tests.flows.test_taxing import FEES, TABLE, at

PLACES = (("DE", ""), ("US", "CA"), ("FR", ""), ("GB", ""), ("BR", ""), ("CA", "QC"), ("JP", ""), ("XX", ""))


def opened(seed: int, table: str) -> Market:
    """Give a market with rules, sellers in two countries, classified goods, and a buyer with an address in each place."""
    market, dice = Market(), random.Random(seed)
    market.open()
    rates(market)
    market.do(taxing.load_rules, taxing.NewRules(table))
    sellers = [market.seller("Ana"), market.seller("Bea")]
    for number in range(1, 9):
        market.listing(
            sellers[number % 2], price=dice.randrange(1, 40_000), shipping=dice.randrange(0, 900), stock=10_000
        )
        known = taxes.Classified(
            dice.choice(["", "610910", "950300"]), dice.choice(["", "PT", "CN"]), dice.choice(["standard", "reduced"])
        )
        market.do(taxing.classify, taxing.Classification(ProductId(number), 0, known))
    market.buyer(money=10**9)
    for country, region in PLACES:
        at(market, country, region)
    return market


def wanted(market: Market, seed: int, orders: int) -> batches.DirectOrders:
    """Draw orders, some to nowhere, of listings that are not there, or at a wrong total."""
    dice = np.random.default_rng(seed)
    rows = np.repeat(np.arange(orders), dice.integers(1, 5, orders))
    listings = np.concatenate([dice.choice(9, int((rows == row).sum()), replace=False) + 1 for row in range(orders)])
    found = batches.DirectOrders(
        buyers=integers(np.ones(orders)), addresses=dice.integers(0, len(PLACES) + 2, orders),
        expected=np.zeros(orders, np.int64), marks_high=np.arange(orders) + seed * 1_000 + 1,
        marks_low=np.arange(orders) + 1, rows=rows, listings=listings.astype(np.int64),
        quantities=dice.integers(1, 4, len(rows)),
    )  # fmt: skip
    priced = batches._at_catalog_prices(market.house, found, now=market.clock.now())
    priced, _ = taxing.of_addresses(market.house, priced, now=market.clock.now())
    totals = np.bincount(priced.rows, priced.unit_prices * priced.quantities + priced.shipping, orders).astype(np.int64)
    return batches.DirectOrders(**{**vars(found), "expected": totals - (np.arange(orders) % 7 == 0)})


@pytest.mark.parametrize(("seed", "table"), [(1, TABLE + FEES), (2, TABLE), (3, taxes.shipped()), (4, taxes.shipped())])
def test_orders_in_columns_are_taxed_as_each_alone(seed: int, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = opened(seed, table), opened(seed, table)
    batch = wanted(fast, seed, 60)
    placed = fast.one(batches.order_in_columns, batch)
    monkeypatch.setattr(tax_sheets, "assess_all", lambda *_, **__: None)

    again = slow.one(batches.order_in_columns, batch)

    assert isinstance(placed, checkout.Placement)
    assert isinstance(again, checkout.Placement)
    assert placed.verdicts.tolist() == again.verdicts.tolist()
    assert (placed.purchases > 0).sum() > 20
    assert fast.house.taxes.orders == slow.house.taxes.orders
    assert any(one.parts for one in fast.house.taxes.orders.values())
    assert fast.findings() == slow.findings() == []
    fast.restart()
    fast.close()
    slow.close()


def test_a_sheet_gives_each_assessment_as_it_is_alone() -> None:
    market = opened(5, taxes.shipped())
    priced = batches._at_catalog_prices(market.house, wanted(market, 5, 40), now=market.clock.now())
    _, sheet = taxing.of_addresses(market.house, priced, now=market.clock.now())

    assert isinstance(sheet, tax_sheets.Sheet)
    for row, found in enumerate(sheet):
        mine = np.flatnonzero(priced.rows == row)
        lines = [
            taxing.Wanted(
                int(priced.listings[line]), int(priced.unit_prices[line] * priced.quantities[line]), int(priced.shipping[line])
            )
            for line in mine
        ]  # fmt: skip
        where = places.destination_of(market.house, int(priced.addresses[row]))
        assert found == taxing.assess(market.house, lines, where, unit=978, now=market.clock.now())
    market.close()


def test_what_is_worth_too_much_for_the_compiled_pass_is_read() -> None:
    market = opened(6, TABLE)
    dear = market.listing(market.seller(), price=10**10, stock=5)
    batch = batches.DirectOrders(
        buyers=integers(1), addresses=integers(3), expected=integers(0), marks_high=integers(1), marks_low=integers(1),
        rows=integers(0), listings=integers(int(ListingId(dear))), quantities=integers(1),
    )  # fmt: skip
    priced = batches._at_catalog_prices(market.house, batch, now=market.clock.now())

    levied, found = taxing.of_addresses(market.house, priced, now=market.clock.now())

    assert isinstance(found, list)
    assert levied.shipping.tolist() == [10**9]
    market.close()
