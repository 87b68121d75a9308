"""Checks the pages of numbers: nothing at first, then what was sold; each seller their own; words are only words."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import checkout, opening, people, selling, settlement
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, FixedClock
from caravan.kernel.ids import SellerId
from caravan.trade.catalog import ListingDraft, ProductDraft
from caravan.web import access, pages
from caravan.web.pages import charts
from caravan.world import partners

ATTACK = "<script>alert(1)</script>"


class Shop(NamedTuple):
    caravan: Caravan
    clock: FixedClock
    sellers: list[SellerId]

    def visit(self, audience: str, subject: int = 0) -> TestClient:
        token = asyncio.run(access.issue_token(self.caravan, audience=audience, subject=subject))
        client = TestClient(Starlette(routes=pages.routes(self.caravan)), base_url="http://127.0.0.1:8000")
        client.cookies.set(f"caravan_{audience}", token)
        return client

    def sell(self, seller: SellerId, cents: int, title: str = "Mug") -> None:
        cell, now = self.caravan.cell, integers(self.clock.now())
        offer = selling.Offer(
            page=ProductDraft(title=title, category="Home"),
            options=(("", ListingDraft(price_minor=cents, currency="EUR")),),
        )
        (offered,) = cell.do(selling.offer_products, selling.Offers([seller], [offer]))
        cell.do_many(selling.receive_stock, selling.stock_receipt(offered.listings[0], 5, at=self.clock.now()))
        (buyer,) = cell.do(people.register_buyers, [people.NewBuyer(b"", b"sealed", "PT", b"sealed")])
        top_up = settlement.TopUps(now, integers(buyer), integers(978), integers(cents), integers(0), ["play"], [""])
        cell.do_many(settlement.top_up, top_up)
        address = cell.house.identity.buyers[buyer].addresses[0]
        cell.do_many(
            checkout.order_directly, checkout.DirectOrder(buyer, address, "EUR", cents, ((offered.listings[0], 1),))
        )


def opened(folder: Path) -> Iterator[Shop]:
    clock = FixedClock()
    caravan = open_caravan(Settings(home=folder), clock=clock, ticks=False)
    caravan.cell.do(opening.open_market, opening.Opening("Caravan", "EUR", has_play_money=True))
    applications = [partners.Application(name=name, country="PT") for name in ("Barro", "Linho")]
    sellers = caravan.cell.do(selling.apply_to_sell, applications)
    caravan.cell.do(selling.approve_sellers, sellers)
    yield Shop(caravan, clock, sellers)
    caravan.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Shop]:
    """Lend a market in which nothing was sold yet."""
    yield from opened(tmp_path)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Lend a market in which each of two sellers sold something; tests only read there."""
    for lent in opened(tmp_path_factory.mktemp("shop")):
        lent.sell(lent.sellers[0], 12_345, ATTACK)
        lent.sell(lent.sellers[1], 6_700)
        yield lent


def test_a_market_without_orders_says_what_will_be_counted(empty: Shop) -> None:
    assert "Nothing to count yet" in empty.visit("operator").get("/operator/numbers").text
    assert "Nothing to count yet" in empty.visit("seller", empty.sellers[1]).get("/sell/numbers").text
    assert "Nothing was counted" in empty.visit("operator").get("/operator/numbers/gmv").text


def test_long_after_the_last_order_the_days_up_to_it_are_shown(empty: Shop) -> None:
    empty.sell(empty.sellers[0], 2_500)
    empty.clock.advance(400 * DAY)

    shown = empty.visit("operator").get("/operator/numbers").text

    assert "Nothing was ordered after that." in shown
    assert "€25.00" in shown


def test_dashboards_show_what_was_sold_and_each_seller_their_own(shop: Shop) -> None:
    operator = shop.visit("operator").get("/operator/numbers").text
    first, second = (shop.visit("seller", seller).get("/sell/numbers").text for seller in shop.sellers)

    assert "€190.45" in operator
    assert "Barro" in operator
    assert "€123.45" in first
    assert "€67.00" not in first
    assert "€67.00" in second
    assert "€123.45" not in second
    assert ATTACK not in first
    assert "&lt;script&gt;alert(1)" in first


def test_the_catalog_and_a_metric_tell_how_it_is_defined(shop: Shop) -> None:
    catalog = shop.visit("operator").get("/operator/numbers/catalog").text
    metric = shop.visit("operator").get("/operator/numbers/gmv?by=sellers.name").text

    assert "Take rate" in catalog
    assert "from orders.purchase_placed.v2</small>" in catalog
    assert "SUM(placed_orders.total_minor)" in metric
    assert "orders.purchase_placed.v2" in metric
    assert "Barro" in metric


def test_a_seller_finds_no_number_that_is_counted_over_all(shop: Shop) -> None:
    seller = shop.visit("seller", shop.sellers[0])

    assert "Checkout conversion" not in seller.get("/sell/numbers/catalog").text
    for name in ("checkout_conversion", "registrations", "nothing"):
        assert seller.get(f"/sell/numbers/{name}").status_code == 404
    assert shop.visit("operator").get("/operator/numbers/nothing").status_code == 404
    assert seller.get("/operator/numbers", follow_redirects=False).status_code == 303


def test_the_operator_sees_that_the_books_agree(shop: Shop) -> None:
    shown = shop.visit("operator").get("/operator/numbers/quality").text

    assert "agree to the cent" in shown
    assert "the ledger has" in shown
    assert re.search(r"The last order was placed on \d\d \w+ \d{4}, \d\d:\d\d UTC\.", shown)


@pytest.mark.parametrize(
    ("values", "zero"), [([1.0, 2.0, 3.0], 148.0), ([0.0], 148.0), ([-1.0, 1.0], 78.0), ([5.0, 5.0], 148.0)]
)
def test_a_line_is_drawn_within_its_frame_with_zero_where_it_is(values: list[float], zero: float) -> None:
    line = charts.line([str(value) for value in values], values, [str(value) for value in values])

    assert line is not None
    assert line.zero == zero
    assert all(0 <= point.x <= charts.WIDTH and 8 <= point.y <= charts.HEIGHT for point in line.points)


def test_where_there_is_nothing_no_line_and_no_bar_is_drawn() -> None:
    assert charts.line([], [], []) is None
    assert charts.bars([], [], []) == []
    assert [bar.width for bar in charts.bars(["a", "b"], [0.0, -1.0], ["", ""])] == [0.0, 0.0]
