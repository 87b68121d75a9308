"""Checks in a real browser that a page tells once for how long it was seen, and nothing of who wants to be left alone."""

import time

import pytest
from playwright.sync_api import Browser, Page

from caravan.flows import selling
from caravan.insight.discovery.tastes import BOUNCED_MS
from caravan.kernel import ids
from caravan.kernel.ids import ProductId, SellerId
from caravan.trade import catalog
from caravan.web import suggesting
from caravan.world import partners
from tests.web.test_browser import Site, _visit, browser, site

__all__ = ["browser", "site"]  # Fixtures of the story of the shop, for this one.

MUG, LAMP = ProductId(1), ProductId(2)
TOLD_WITHIN_S = 10
LISTENING = """
const send = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (path, told) => {
  sessionStorage.told = JSON.stringify([...JSON.parse(sessionStorage.told ?? "[]"), told.get("dwell_ms")]);
  return send(path, told);
};
"""
MOMENT_MS, WHILE_MS = 300, 2_300


@pytest.fixture
def shop(site: Site) -> Site:
    do = site.caravan.cell.do
    sellers = do(selling.apply_to_sell, [partners.Application(name="Olaria do Sul", country="PT")])
    do(selling.approve_sellers, sellers)
    for title in ("Mug", "Lamp"):
        page = catalog.ProductDraft(title=title, category="Home")
        draft = catalog.ListingDraft(price_minor=1_000, currency="EUR")
        offer = selling.Offer(page=page, options=(("", draft),))
        (offered,) = do(selling.offer_products, selling.Offers([SellerId(sellers[0])], [offer]))
        receipt = selling.stock_receipt(offered.listings[0], 5, at=site.clock.now())
        site.caravan.cell.do_many(selling.receive_stock, receipt)
    return site


def _window(browser: Browser, shop: Site) -> Page:
    page = _visit(browser, shop)
    page.add_init_script(LISTENING)
    return page


def _look(page: Page, product: ProductId) -> None:
    page.goto(f"/products/{ids.text(ProductId, product)}")


def _looked_at(shop: Site, page: Page) -> list[int]:
    """Give what is remembered of a browser window."""
    (mark,) = (one["value"] for one in page.context.cookies() if one.get("name") == "caravan_visit")
    advice = shop.caravan.advice
    advice.wait_for(shop.caravan.cell.position, timeout_s=TOLD_WITHIN_S)
    return list(advice.tastes.recent_of(suggesting.mark_of(shop.caravan, str(mark)), 0))


def _becomes(shop: Site, page: Page, wanted: list[int]) -> bool:
    last = time.monotonic() + TOLD_WITHIN_S
    while (is_so := _looked_at(shop, page) == wanted) is False and time.monotonic() < last:
        page.wait_for_timeout(50)
    return is_so


def _told(page: Page) -> list[str]:
    """Give what this window's pages have told so far; the browser does not show what a page sends as it goes."""
    return list(page.evaluate("JSON.parse(sessionStorage.told ?? '[]')"))


def test_a_page_that_is_left_at_once_was_not_looked_at_and_one_that_was_read_was(shop: Site, browser: Browser) -> None:
    page = _window(browser, shop)

    _look(page, MUG)
    page.wait_for_timeout(MOMENT_MS)
    _look(page, LAMP)
    assert _becomes(shop, page, [LAMP])
    page.wait_for_timeout(WHILE_MS)
    page.goto("/cart")

    assert _becomes(shop, page, [LAMP])
    first, second = map(int, _told(page))
    assert MOMENT_MS // 2 < first < BOUNCED_MS <= second


def test_what_goes_into_the_cart_at_once_was_looked_at(shop: Site, browser: Browser) -> None:
    page = _visit(browser, shop)

    _look(page, MUG)
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart")

    page.wait_for_timeout(MOMENT_MS)
    assert MUG in _looked_at(shop, page)


@pytest.mark.parametrize("wish", [{"dnt": "1"}, {"sec-gpc": "1"}])
def test_of_who_wants_to_be_left_alone_no_page_tells_anything(
    shop: Site, browser: Browser, wish: dict[str, str]
) -> None:
    page = _window(browser, shop)
    page.set_extra_http_headers(wish)
    before = shop.caravan.cell.facts

    _look(page, MUG)
    page.goto("/cart")
    page.wait_for_timeout(MOMENT_MS)

    assert _told(page) == []
    assert shop.caravan.cell.facts == before


def test_a_page_that_is_hidden_is_not_seen(shop: Site, browser: Browser) -> None:
    page = _window(browser, shop)
    _look(page, MUG)

    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.wait_for_timeout(WHILE_MS)
    page.goto("/cart")

    assert _becomes(shop, page, [])
    assert len(_told(page)) == 1


def test_of_one_who_says_no_in_between_what_a_page_still_tells_is_not_noted(shop: Site, browser: Browser) -> None:
    page = _window(browser, shop)
    _look(page, MUG)
    page.context.add_cookies([{"name": "caravan_taste", "value": "off", "url": shop.address}])
    before = shop.caravan.cell.facts

    page.goto("/cart")
    page.wait_for_timeout(MOMENT_MS)

    assert len(_told(page)) == 1
    assert shop.caravan.cell.facts == before
