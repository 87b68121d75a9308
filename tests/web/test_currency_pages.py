"""Checks prices in the reader's currency: about, until checkout says what is paid; and an order paid in it, on its page."""

import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import exchanging, invariants
from caravan.kernel import ids
from caravan.kernel.clock import DAY, MINUTE, FixedClock
from caravan.kernel.ids import ListingId
from caravan.trade import exchange
from caravan.web import pages
from tests.web.test_pages import PLACE, fill, register, send

RATES = {"USD": "1.0825", "JPY": "163.27"}


@pytest.fixture
def caravan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caravan]:
    """Open a market with rates for each test."""
    running = open_caravan(Settings(home=tmp_path_factory.mktemp("home")), clock=FixedClock(), ticks=False)
    fill(running)
    running.cell.do(exchanging.set_rates, exchange.DayRates("ECB", "2026-09-21", "EUR", RATES))
    yield running
    assert list(running.cell.ask(invariants.findings)) == []
    running.close()


@pytest.fixture
def browser(caravan: Caravan) -> TestClient:
    """Give a browser of Ana's."""
    client = TestClient(Starlette(routes=pages.routes(caravan)), base_url="http://testserver")
    register(client)
    return client


def words(text: str) -> str:
    """Give a page's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def in_yen(client: TestClient) -> str:
    """Choose yen on the page of a mug; give that page."""
    page = f"/products/{ids.text(ids.ProductId, 1)}"
    return str(send(client, page, "/currency", currency="JPY", next=page).text)


def checkout(client: TestClient) -> str:
    """Put a mug into the cart and go to checkout; give its path."""
    send(client, "/register", "/cart/add", listing=ids.text(ListingId, 1), quantity="1")
    return str(send(client, "/checkout", "/checkout", address="new", **PLACE).url.path)


def test_prices_are_shown_about_in_the_chosen_currency_until_it_is_taken_back(browser: TestClient) -> None:
    page = in_yen(browser)
    assert "≈ ¥" in page
    assert "Prices marked ≈ are approximate" in page
    send(browser, "/register", "/cart/add", listing=ids.text(ListingId, 1), quantity="1")
    assert "≈ ¥" in browser.get("/cart").text

    back = send(browser, "/cart", "/currency", currency="EUR", next="/cart")

    assert back.url.path == "/cart"
    assert "≈" not in back.text


@pytest.mark.parametrize("currency", ["BRL", "ZZZ", ""])
def test_a_currency_without_a_rate_is_not_shown(browser: TestClient, currency: str) -> None:
    answer = send(browser, "/cart", "/currency", currency=currency)

    assert answer.status_code == 400


def test_a_cookie_that_names_no_currency_shows_the_markets(browser: TestClient) -> None:
    browser.cookies.set("caravan_currency", "<b>")

    assert "≈" not in browser.get("/").text


def test_a_market_without_rates_has_no_picker(tmp_path_factory: pytest.TempPathFactory) -> None:
    running = open_caravan(Settings(home=tmp_path_factory.mktemp("home")), clock=FixedClock(), ticks=False)
    fill(running)
    client = TestClient(Starlette(routes=pages.routes(running)), base_url="http://testserver")

    assert "Show prices in" not in client.get("/").text
    running.close()


def test_checkout_is_in_the_chosen_currency_and_the_order_says_what_was_paid(browser: TestClient) -> None:
    in_yen(browser)
    session = checkout(browser)
    shown = words(browser.get(session).text)
    price = re.search(r"You pay in JPY (¥[\d,]+)", shown)
    assert price
    assert "Spread in it, at the rates of 2026-09-21" in shown
    assert "coupon" not in shown  # Without a provider, money comes out of the wallet alone.

    filled = send(browser, session, f"{session}/top-up")
    expected = re.search(r'name="expected" value="(\d+)"', filled.text)
    assert expected
    thanks = send(browser, session, f"{session}/complete", expected=expected[1], currency="JPY")

    found = re.search(r"/my/orders/(ord_\w+)", thanks.text)
    assert found
    order = f"/my/orders/{found[1]}"
    assert f"Paid {price[1]}" in words(browser.get(order).text)
    canceled = send(browser, order, f"{order}/cancel")
    assert f"Came back at the same rate {price[1]}" in words(canceled.text)
    assert (
        "Back into the currency it was paid in" in browser.get("/my/wallet").text
        or price[1] in browser.get("/my/wallet").text
    )


def test_a_price_that_expired_says_so_with_the_button_to_go_on(caravan: Caravan, browser: TestClient) -> None:
    in_yen(browser)
    session = checkout(browser)
    filled = send(browser, session, f"{session}/top-up")
    expected = re.search(r'name="expected" value="(\d+)"', filled.text)
    assert expected
    caravan.clock.advance(3 * MINUTE)  # type: ignore[attr-defined]

    late = send(browser, session, f"{session}/complete", expected=expected[1], currency="JPY")
    assert "This price has expired" in late.text
    assert "Get the price of now" in late.text
    again = send(browser, session, f"{session}/currency", currency="JPY")

    assert "Buy for ¥" in again.text
    own = send(browser, session, f"{session}/currency", currency="EUR")
    assert "You pay in" not in own.text


def test_old_rates_leave_a_checkout_in_the_markets_currency(caravan: Caravan, browser: TestClient) -> None:
    caravan.clock.advance(8 * DAY)  # type: ignore[attr-defined]
    browser.cookies.set("caravan_currency", "JPY")

    session = checkout(browser)
    refused = send(browser, session, f"{session}/currency", currency="JPY")

    assert "There is no rate of today" in refused.text
    assert "You pay in" not in refused.text
