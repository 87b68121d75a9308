"""Checks the pages of taxes without a browser: rules loaded, parts shown on every total, products classified, tax paid."""

import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan.bootstrap import Caravan, open_caravan, tick
from caravan.config import Settings
from caravan.flows import fulfillment, invariants, taxing
from caravan.flows.house import integers
from caravan.kernel import ids
from caravan.kernel.clock import DAY, FixedClock
from caravan.kernel.ids import ListingId
from caravan.trade import taxes
from caravan.trade.delivery import ParcelStatus
from caravan.web import pages
from tests.web.test_pages import PLACE, fill, operator_login, register, seller_login, send

CALIFORNIA = {**PLACE, "city": "Fresno", "country": "US", "region": "US-CA"}


@pytest.fixture
def caravan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caravan]:
    """Open a market for each test."""
    running = open_caravan(Settings(home=tmp_path_factory.mktemp("home")), clock=FixedClock(), ticks=False)
    fill(running)
    yield running
    assert list(running.cell.ask(invariants.findings)) == []
    running.close()


@pytest.fixture
def browser(caravan: Caravan) -> TestClient:
    """Give a browser of Ana's, who is the operator too."""
    client = TestClient(Starlette(routes=pages.routes(caravan)), base_url="http://testserver")
    register(client)
    operator_login(caravan, client)
    return client


def text(client: TestClient, path: str) -> str:
    """Give a page's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(path).text))


def load_shipped(client: TestClient) -> None:
    send(client, "/operator/taxes", "/operator/taxes", shipped="1")


def test_the_operator_loads_the_shipped_table_and_sees_each_source(caravan: Caravan, browser: TestClient) -> None:
    assert "There are no rules" in text(browser, "/operator/taxes")

    load_shipped(browser)

    page = browser.get("/operator/taxes").text
    assert "Ten countries, version 1" in page
    assert page.count("https://europa.eu/youreurope") > 3
    assert "already" in send(browser, "/operator/taxes", "/operator/taxes", shipped="1").text
    assert caravan.cell.house.taxes.is_on


def test_a_faulty_table_is_told_by_row_and_field_and_kept_in_the_form(caravan: Caravan, browser: TestClient) -> None:
    wrong = taxes.shipped().replace("rate: 19\n", "rate: nineteen\n", 1)

    answer = send(browser, "/operator/taxes", "/operator/taxes", document=wrong)

    assert (answer.status_code, "row 1, rate: is a percentage" in answer.text) == (422, True)
    assert "nineteen" in answer.text
    tried = send(browser, "/operator/taxes", "/operator/taxes", document=taxes.shipped(), trial="1")
    assert "can be loaded" in tried.text
    assert not caravan.cell.house.taxes.is_on


def checkout(client: TestClient, place: dict[str, str]) -> str:
    """Put a mug into the cart and go to checkout; give its path."""
    send(client, "/register", "/cart/add", listing=ids.text(ListingId, 1), quantity="1")
    return str(send(client, "/checkout", "/checkout", address="new", **place).url.path)


def buy(client: TestClient, place: dict[str, str]) -> str:
    """Buy a mug for a place; give the path of the order."""
    session = checkout(client, place)
    send(client, session, f"{session}/top-up")
    total = re.search(r'name="expected" value="(\d+)"', client.get(session).text)
    assert total
    thanks = send(client, session, f"{session}/complete", expected=total[1])
    order = re.search(r"/my/orders/(ord_\w+)", thanks.text)
    assert order
    return f"/my/orders/{order[1]}"


def test_every_total_shows_its_parts(caravan: Caravan, browser: TestClient) -> None:
    load_shipped(browser)
    price = int(caravan.cell.house.catalog.listings.price[1])

    order = buy(browser, CALIFORNIA)
    send(browser, "/register", "/cart/add", listing=ids.text(ListingId, 1), quantity="1")

    tax = f"€{(price * 725 + 5_000) // 10_000 / 100:.2f}"
    for path in (order, "/cart"):
        page = text(browser, path)
        assert f"CA sales tax 7.25 % {tax}" in page
        assert "Goods" in page
        assert "Customs may ask for duty" in page
    assert "Total, delivered to United States" in text(browser, "/cart")


def test_a_receipt_names_every_tax_with_its_source_and_who_remits_it(caravan: Caravan, browser: TestClient) -> None:
    load_shipped(browser)
    order = buy(browser, CALIFORNIA)

    page = browser.get(f"{order}/receipt")

    assert "Barro" in page.text
    assert 'href="https://cdtfa.ca.gov' in page.text
    words = text(browser, f"{order}/receipt")
    assert "on top Caravan" in words
    assert "By version 1 of this market's rules, for United States" in words
    stranger = TestClient(Starlette(routes=pages.routes(caravan)), base_url="http://testserver")
    register(stranger, "bo@example.org")
    assert stranger.get(f"{order}/receipt").status_code == 404


def test_a_tax_in_the_prices_is_named_and_changes_no_total(browser: TestClient) -> None:
    load_shipped(browser)

    session = checkout(browser, PLACE)

    assert "In the prices: IVA 23 %" in text(browser, session)


def test_a_cart_for_a_country_of_states_says_that_one_may_add_to_it(caravan: Caravan) -> None:
    client = TestClient(Starlette(routes=pages.routes(caravan)), base_url="http://testserver")
    operator_login(caravan, client)
    load_shipped(client)
    send(client, "/register", "/register", name="Bo", email="bo@example.org", password="correct horse 1", country="US")
    send(client, "/register", "/cart/add", listing=ids.text(ListingId, 1), quantity="1")

    assert "Your state or province may add a tax" in text(client, "/cart")


def test_what_is_kept_is_remitted_on_the_page(caravan: Caravan, browser: TestClient) -> None:
    load_shipped(browser)
    buy(browser, CALIFORNIA)
    deliver(caravan)
    operator_login(caravan, browser)
    owed = taxing.owed(caravan.cell.house)[0]

    page = text(browser, "/operator/taxes")
    assert "California Department of Tax" in page
    assert "us-ca-sales" in page
    fields = {"authority": "US-CA", "currency": "EUR", "reference": "Q3"}
    too_much = send(browser, "/operator/taxes", "/operator/taxes/remit", **fields, amount="9999")
    paid = send(browser, "/operator/taxes", "/operator/taxes/remit", **fields, amount=f"{owed.amount_minor / 100:.2f}")

    assert (too_much.status_code, "is owed" in too_much.text) == (422, True)
    assert "noted as paid" in paid.text
    assert "Nothing is owed" in text(browser, "/operator/taxes")
    assert "Nothing in this month" in text(browser, "/operator/taxes?month=2020-01")
    assert "us-ca-sales" in text(browser, "/operator/taxes?month=never")


def deliver(caravan: Caravan) -> None:
    """Hand order 1 over, have it arrive, and let its money be released."""
    now = integers(caravan.clock.now())
    one, nobody = integers(1), integers(0)
    caravan.cell.do_many(fulfillment.hand_over, fulfillment.Handover(now, one, nobody, nobody, ["CTT"], ["RR1"]))
    caravan.cell.do_many(
        fulfillment.scan_parcels, fulfillment.Scans(now, one, integers(int(ParcelStatus.DELIVERED)), nobody)
    )
    caravan.clock.advance(4 * DAY)  # type: ignore[attr-defined]
    tick(caravan.cell)


def test_a_seller_says_what_a_product_is(caravan: Caravan, browser: TestClient) -> None:
    seller_login(caravan, browser)
    path = f"/sell/listings/{ids.text(ListingId, 1)}"

    wrong = send(browser, path, path, change="classify", hs_code="69", origin="Portugal", tax_class="standard")
    told = send(browser, path, path, change="classify", hs_code="6912.00", origin="pt", tax_class="reduced")

    assert wrong.status_code == 422
    assert "told so from now on" in told.text
    assert 'value="691200"' in told.text
    assert caravan.cell.house.taxes.products[1] == taxes.Classified("691200", "PT", "reduced")
