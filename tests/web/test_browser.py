"""Checks the whole story in a real browser on a phone: a seller gets in, a shopper buys, the parcel arrives, the money too."""

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette

from caravan.bootstrap import Caravan, open_caravan, tick
from caravan.config import Settings
from caravan.flows import invariants, opening
from caravan.kernel.clock import DAY, FixedClock
from caravan.web import access, pages

PHONE = {"width": 390, "height": 844}
START_TIMEOUT_S = 20
ANSWER_TIMEOUT_MS = 15_000
PASSWORD = "a good long password"


class Site(NamedTuple):
    address: str
    caravan: Caravan
    clock: FixedClock
    token: str


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = FixedClock(int(time.time()) * 1_000_000)
    caravan = open_caravan(Settings(home=tmp_path), clock=clock, ticks=False)
    caravan.cell.do(opening.open_market, opening.Opening("Caravan", "EUR", has_play_money=True))
    caravan.finder.start()
    token = asyncio.run(access.issue_token(caravan, audience="operator", subject=0))
    with served(caravan) as address:
        yield Site(address, caravan, clock, token)
    caravan.close()


@contextlib.contextmanager
def served(caravan: Caravan) -> Iterator[str]:
    """Serve a market's pages on a free port; give their address."""
    app = Starlette(routes=pages.routes(caravan))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{_port(server)}"
    server.should_exit = True
    thread.join(START_TIMEOUT_S)


def _port(server: uvicorn.Server) -> int:
    last = time.monotonic() + START_TIMEOUT_S
    while not server.started and time.monotonic() < last:
        time.sleep(0.02)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@pytest.fixture
def browser(chromium_path: Path) -> Iterator[Browser]:
    switches = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=switches)
        yield chromium
        chromium.close()


def _visit(browser: Browser, site: Site) -> Page:
    """Open a browser window of its own; whatever a page complains about in its console fails the test."""
    page = browser.new_context(viewport=PHONE, base_url=site.address, locale="en-GB").new_page()  # type: ignore[arg-type]
    page.set_default_timeout(ANSWER_TIMEOUT_MS)
    page.on("console", lambda message: pytest.fail(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def _is_as_wide_as_the_phone(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_from_the_sellers_application_to_the_money_on_their_balance(site: Site, browser: Browser) -> None:
    seller, operator, shopper = (_visit(browser, site) for _ in range(3))

    _apply(seller)
    _let_in(operator, site)
    _list(seller)
    _buy(shopper)
    _ship(seller, shopper)
    site.clock.advance(4 * DAY)
    tick(site.caravan.cell)

    seller.goto("/sell/balance")
    expect(seller.locator("main")).to_contain_text("Sale settled")
    expect(seller.locator("main")).to_contain_text("Payout")
    # Two mugs at 19.90 and twice 4.50 of delivery, less 10 % of the price and 20 % tax on that.
    expect(seller.locator(".is-plus").first).to_have_text("+€44.02")
    _enter(operator, site)  # The operator's day is over: browsers stay logged in for one.
    operator.get_by_role("button", name="Check now").click()
    expect(operator.locator("main")).to_contain_text("Everything holds")
    assert list(site.caravan.cell.ask(invariants.findings)) == []
    assert all(_is_as_wide_as_the_phone(page) for page in (seller, operator, shopper))


def _apply(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Sell here").first.click()
    page.get_by_role("link", name="Apply to sell").click()
    page.get_by_label("Name of the business").fill("Olaria do Sul")
    page.get_by_label("What do you make or sell?").fill("Stoneware, thrown by hand.")
    page.get_by_label("Postcode").fill("7800-001")
    page.get_by_label("City").fill("Beja")
    page.get_by_label("Country that you send from").select_option("PT")
    page.get_by_label("E-mail").fill("olaria@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Send the application").click()
    expect(page.get_by_role("heading", name="Waiting for the operator")).to_be_visible()


def _enter(page: Page, site: Site) -> None:
    page.goto("/operator")
    page.get_by_label("Token").fill(site.token)
    page.get_by_role("button", name="Log in").click()


def _let_in(page: Page, site: Site) -> None:
    _enter(page, site)
    page.get_by_role("button", name="Let them in").click()
    expect(page.locator("main")).to_contain_text("Nobody waits")


def _list(page: Page) -> None:
    page.get_by_role("link", name="Look again").click()
    page.get_by_role("link", name="Listings").click()
    page.get_by_role("link", name="Add a product").first.click()
    page.get_by_label("Title").fill("Stoneware mug")
    page.get_by_label("Description").fill("Holds tea. Stays warm.")
    page.get_by_label("Category").fill("Home/Kitchen")
    page.get_by_label("Price (EUR)").fill("19.90")
    page.get_by_label("Delivery, a unit").fill("4.50")
    page.get_by_role("button", name="Put it on the shelf").click()
    expect(page.locator("main")).to_contain_text("Your product is in the shop")
    page.get_by_label("Units that came in").fill("3")
    page.get_by_role("button", name="Count them in").click()
    expect(page.locator("main")).to_contain_text("3 to sell")


def _buy(page: Page) -> None:
    page.goto("/")
    page.get_by_role("combobox", name="Search").fill("stoneware")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Stoneware mug").click()
    expect(page.locator(".product-buy")).to_contain_text("3 left")
    page.get_by_label("How many").select_option("2")
    page.get_by_role("button", name="Add to cart").first.click()
    page.get_by_role("link", name="Go to checkout").click()
    page.get_by_role("link", name="Register").click()
    page.get_by_label("Name").fill("Ana Silva")
    page.get_by_label("E-mail").fill("ana@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Country").select_option("PT")
    page.get_by_role("button", name="Register").click()
    page.get_by_label("Street and number").fill("Rua das Flores 12")
    page.get_by_label("Name").fill("Ana Silva")
    page.get_by_label("Postcode").fill("4050-265")
    page.get_by_label("City").fill("Porto")
    page.get_by_label("Country").select_option("PT")
    page.get_by_role("button", name="Hold it for me").click()
    expect(page.locator(".held")).to_contain_text("Held for you until")
    page.get_by_role("button", name=re.compile("play money")).click()
    page.get_by_role("button", name="Buy for €48.80").dblclick()
    expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
    page.get_by_role("link", name="See your orders").click()
    expect(page.locator(".order-row")).to_have_count(1)


def _ship(seller: Page, shopper: Page) -> None:
    seller.goto("/sell/home")
    seller.get_by_role("link", name="To ship").click()
    seller.locator(".order-row a").click()
    expect(seller.locator("main")).to_contain_text("Rua das Flores 12")
    seller.get_by_label("Carrier").fill("Own courier")
    seller.get_by_label("Tracking number").fill("OC-1")
    seller.get_by_role("button", name="It is handed over").click()
    shopper.locator(".order-row a").click()
    expect(shopper.locator(".timeline")).to_contain_text("OC-1")
    seller.get_by_role("button", name="Mark as delivered").click()
    expect(seller.locator("main")).to_contain_text("Delivered")
    shopper.reload()
    expect(shopper.locator(".timeline .is-done")).to_have_count(4)
