"""The story of a second location in a real browser on a phone: opened, stocked, and three cups sent from two places."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from caravan.bootstrap import open_caravan
from caravan.config import Settings
from caravan.flows import checkout, invariants, opening, settlement
from caravan.flows.house import integers
from caravan.kernel.clock import FixedClock
from caravan.kernel.ids import BuyerId
from tests.web.test_browser import Site, _is_as_wide_as_the_phone, _visit, browser, served
from tests.web.test_parcels_browser import _come_in, _picture, people_in

__all__ = ["browser", "people_in"]  # Fixtures of other stories, for this one.

EUR = 978


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve a market on play money."""
    clock = FixedClock(int(time.time()) * 1_000_000)
    caravan = open_caravan(Settings(home=tmp_path), clock=clock, ticks=False)
    caravan.cell.do(opening.open_market, opening.Opening("Caravan", "EUR", has_play_money=True))
    caravan.finder.start()
    caravan.cell.ask(checkout.warm)
    with served(caravan) as address:
        yield Site(address, caravan, clock, "")
    caravan.close()


def test_three_cups_from_two_places_in_two_parcels(
    site: Site, people_in: tuple[int, BuyerId], browser: Browser
) -> None:
    seller_number, buyer = people_in
    top_up = settlement.TopUps(
        integers(site.clock.now()), integers(buyer), integers(EUR), integers(20_000), integers(0), ["card"], [""]
    )
    site.caravan.cell.do_many(settlement.top_up, top_up)
    seller, phone = (_visit(browser, site) for _ in range(2))
    _come_in(phone, site, "buyer", buyer)
    _come_in(seller, site, "seller", seller_number)

    _open_lyon(seller)
    _bring_stock(seller)
    _buy_three(phone)
    _send_from_both(seller)
    _see_both(phone)
    _move_and_arrive(seller)

    assert list(site.caravan.cell.ask(invariants.findings)) == []
    assert _is_as_wide_as_the_phone(seller)


def _open_lyon(seller: Page) -> None:
    seller.goto("/sell/locations")
    expect(seller.get_by_role("heading", name="You send from one place")).to_be_visible()
    _picture(seller, "locations-empty")
    seller.get_by_role("link", name="Open a location").first.click()
    seller.get_by_label("Name").fill("Lyon")
    seller.get_by_label("Street and number").fill("Rue 1")
    seller.get_by_label("Postcode").fill("69001")
    seller.get_by_label("City").fill("Lyon")
    seller.get_by_label("Country").select_option("FR")
    seller.get_by_label("Sends first to").fill("FR, CH")
    _picture(seller, "location-new")
    seller.get_by_role("button", name="Open it").click()
    expect(seller.get_by_role("status").first).to_contain_text("The place is open.")
    expect(seller.locator("main")).to_contain_text("first for FR, CH")
    _picture(seller, "locations-two")


def _bring_stock(seller: Page) -> None:
    """Two mugs are left at home, and one comes in at Lyon."""
    seller.goto("/sell/listings/lst_000000000001")
    seller.get_by_label("Units that came in").fill("-3")
    seller.get_by_role("button", name="Count them in").click()
    seller.get_by_label("Where").select_option(label="Lyon")
    seller.get_by_label("Units that came in").fill("1")
    seller.get_by_role("button", name="Count them in").click()
    expect(seller.get_by_role("row", name=re.compile("^Lyon 1 0 0 0"))).to_be_visible()
    expect(seller.locator("main")).to_contain_text("3 to sell")
    _picture(seller, "listing-two-places")


def _buy_three(phone: Page) -> None:
    for _ in range(3):
        phone.goto("/products/prd_000000000001")
        phone.get_by_role("button", name="Add to cart").first.click()
    phone.goto("/cart")
    phone.get_by_role("link", name="Go to checkout").click()
    phone.get_by_role("button", name="Hold it for me").click()
    expect(phone.locator("main")).to_contain_text("from Lyon, France")
    _picture(phone, "checkout-two-places")
    phone.get_by_role("button", name="Buy for €59.70").click()
    expect(phone.get_by_role("heading", name=re.compile("Thank you"))).to_be_visible()


def _send_from_both(seller: Page) -> None:
    seller.goto("/sell/orders/ord_000000000001")
    expect(seller.get_by_role("heading", name="A parcel from each place")).to_be_visible()
    expect(seller.get_by_role("button", name="It is handed over")).to_have_count(0)
    _picture(seller, "order-two-places")
    seller.get_by_role("button", name="Pack at PT").click()
    seller.get_by_role("button", name="Pack at Lyon").click()
    expect(seller.locator("main")).to_contain_text("Sent from Lyon, France")
    _picture(seller, "order-two-parcels")
    for _ in range(2):
        seller.get_by_label("Carrier").first.fill("CTT")
        seller.get_by_role("button", name="It is handed over").first.click()
        expect(seller.get_by_role("status").first).to_contain_text("Handed over")


def _see_both(phone: Page) -> None:
    phone.goto("/my/orders/ord_000000000001")
    expect(phone.get_by_role("heading", name="Parcel 2 of 2")).to_be_visible()
    expect(phone.locator("main")).to_contain_text("Sent from Portugal")
    expect(phone.locator("main")).to_contain_text("Sent from Lyon, France")
    _picture(phone, "buyer-two-parcels")


def _move_and_arrive(seller: Page) -> None:
    """Send lamps to Lyon, of which one never arrives."""
    seller.goto("/sell/listings/lst_000000000002")
    seller.get_by_label("How many").fill("2")
    seller.get_by_role("button", name="Send them").click()
    expect(seller.get_by_role("status").first).to_contain_text("It is on its way.")
    expect(seller.get_by_role("row", name=re.compile("^Lyon 0 0 0 2"))).to_be_visible()
    seller.goto("/sell/locations")
    seller.get_by_label("Reading lamp of 2").fill("1")
    _picture(seller, "locations-moving")
    seller.get_by_role("button", name="It has arrived").click()
    expect(seller.locator("main")).to_contain_text("1 missing")
    _picture(seller, "locations-arrived")
