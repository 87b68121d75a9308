"""Buys by the sandbox's test card in a real browser on a phone: declined first, then paid, handed over and in escrow."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright
from starlette.applications import Starlette

from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import checkout, fulfillment, invariants, opening, paying, people, selling
from caravan.flows.house import integers
from caravan.kernel.clock import FixedClock
from caravan.kernel.ids import BuyerId, OrderId, SellerId
from caravan.trade import catalog, payments
from caravan.web import access, pages
from caravan.world import partners

PHONE = {"width": 390, "height": 844}
STARTS_WITHIN_S = 20


@pytest.fixture
def caravan(tmp_path: Path) -> Iterator[Caravan]:
    clock = FixedClock(int(time.time()) * 1_000_000)
    first = open_caravan(Settings(home=tmp_path), clock=clock, ticks=False)
    first.cell.do(opening.open_market, opening.Opening("Caravan", "EUR", has_play_money=True))
    first.close()
    caravan = open_caravan(Settings(home=tmp_path), clock=clock, ticks=False)  # Now it knows that money is for play.
    caravan.finder.start()
    caravan.cell.ask(checkout.warm)
    yield caravan
    caravan.close()


@pytest.fixture
def site(caravan: Caravan) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=pages.routes(caravan)), host="127.0.0.1", port=0, log_level="warning", ws="none"
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    last = time.monotonic() + STARTS_WITHIN_S
    while not server.started and time.monotonic() < last:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(STARTS_WITHIN_S)


def _stock(caravan: Caravan) -> None:
    sellers = caravan.cell.do(selling.apply_to_sell, [partners.Application(name="Olaria", country="PT")])
    caravan.cell.do(selling.approve_sellers, sellers)
    draft = catalog.ListingDraft(price_minor=1_990, currency="EUR", shipping_minor=450)
    offer = selling.Offer(page=catalog.ProductDraft(title="Stoneware mug", category="Home"), options=(("", draft),))
    (offered,) = caravan.cell.do(selling.offer_products, selling.Offers([SellerId(sellers[0])], [offer]))
    receipt = selling.stock_receipt(offered.listings[0], 3, at=caravan.clock.now())
    caravan.cell.do_many(selling.receive_stock, receipt)


async def _register(caravan: Caravan) -> BuyerId:
    ana = access.Registration(name="Ana Silva", email="ana@example.org", password="a good long password", country="PT")
    buyer = await access.register(caravan, ana)
    await access.add_address(caravan, buyer, access.Place("Ana Silva", "Rua 1", "Porto", "4050-265", "PT"))
    return buyer


@pytest.fixture
def token(caravan: Caravan) -> str:
    """Let a seller and a shopper in, before the browser has a loop of its own in this thread; give the shopper's token."""
    _stock(caravan)
    buyer = asyncio.run(_register(caravan))
    token, new = access.new_token(caravan, audience="buyer", subject=buyer)
    caravan.cell.do(people.issue_token, new)
    return token


@pytest.fixture
def phone(site: str, token: str, chromium_path: Path) -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_context(viewport=PHONE, base_url=site, locale="en-GB").new_page()  # type: ignore[arg-type]
        page.on("console", lambda message: pytest.fail(message.text) if message.type == "error" else None)
        page.context.add_cookies([{"name": "caravan_buyer", "value": token, "url": site}])
        yield page
        chromium.close()


def test_a_test_card_buys_after_another_was_declined(caravan: Caravan, phone: Page) -> None:
    phone.goto("/products/prd_000000000001")
    phone.get_by_role("button", name="Add to cart").first.click()
    phone.get_by_role("link", name="Go to checkout").click()
    phone.get_by_role("button", name="Hold it for me").click()

    phone.get_by_role("button", name="Pay €24.40 by card").click()
    expect(phone.get_by_role("heading", name="Pay by card")).to_be_visible()
    phone.get_by_label("Test card number").fill("4000 0000 0000 0002")
    phone.get_by_role("button", name="Pay 24.40").click()
    expect(phone.get_by_role("alert")).to_contain_text("declined this card")
    phone.get_by_label("Test card number").fill("4242 4242 4242 4242")
    assert phone.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    phone.get_by_role("button", name="Pay 24.40").click()

    expect(phone.get_by_role("heading", name=re.compile("Thank you"))).to_be_visible()
    handover = fulfillment.Handover(integers(caravan.clock.now()), integers(1), integers(1), integers(0), ["CTT"], [""])
    for payment in caravan.cell.do(paying.ask_captures, paying.Handing([1], SellerId(1))):
        caravan.cashier.see_to(payment)
    caravan.cell.do_many(fulfillment.hand_over, handover)
    phone.goto("/my/wallet")
    expect(phone.locator("main")).to_contain_text("Promised by your card")
    assert caravan.cell.ask(lambda house: payments.money_state(house.payments, OrderId(1))) == "captured"
    assert list(caravan.cell.ask(invariants.findings)) == []


def test_a_payment_can_be_given_up_for_another_way(caravan: Caravan, phone: Page) -> None:
    phone.goto("/products/prd_000000000001")
    phone.get_by_role("button", name="Add to cart").first.click()
    phone.get_by_role("link", name="Go to checkout").click()
    phone.get_by_role("button", name="Hold it for me").click()
    phone.get_by_role("button", name="Pay €24.40 by card").click()
    phone.get_by_role("link", name="Back to the shop").click()
    expect(phone.get_by_role("link", name="Go to the card page")).to_be_visible()

    phone.get_by_role("button", name="Pay in another way").click()
    phone.get_by_role("button", name=re.compile("play money")).click()
    phone.get_by_role("button", name="Buy for €24.40").click()

    expect(phone.get_by_role("heading", name=re.compile("Thank you"))).to_be_visible()
    caravan.cashier.see_to(1)
    assert not caravan.cell.ask(lambda house: house.dealings.open)
