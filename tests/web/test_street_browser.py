"""Checks the street vendor's day in a real browser on a phone: a code is shown, its link opened, paid once, and seen by both."""

import json
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from caravan.flows import invariants, people, selling, settlement
from caravan.flows import transfers as flow
from caravan.flows.house import integers
from caravan.kernel import ids
from caravan.kernel.ids import BuyerId, CodeId, SellerId
from caravan.kernel.money import Money
from caravan.web import access, wallets
from caravan.web.api.operations import BUYER, SELLER
from caravan.world import partners
from tests.web.test_browser import Site, _is_as_wide_as_the_phone, _visit, browser, site

__all__ = ["browser", "site"]  # Fixtures of the story of the shop, for this one.


def _come_in(page: Page, site: Site, audience: str, subject: int) -> None:
    """Log somebody in without the form, which the other story goes through."""
    token, new = access.new_token(site.caravan, audience=audience, subject=subject)
    site.caravan.cell.do(people.issue_token, new)
    page.context.add_cookies([{"name": f"caravan_{audience}", "value": token, "url": site.address}])


def _person(site: Site, name: str, cents: int) -> BuyerId:
    vault, do = site.caravan.vault, site.caravan.cell.do
    (contact,) = vault.seal([b'{"name": "%s", "email": ""}' % name.encode()])
    (buyer,) = do(people.register_buyers, [people.NewBuyer(b"", contact, "PT", b"")])
    now, zero = integers(site.clock.now()), integers(0)
    money = settlement.TopUps(now, integers(buyer), integers(978), integers(cents), zero, ["card"], [""])
    site.caravan.cell.do_many(settlement.top_up, money)
    return BuyerId(buyer)


def test_from_the_vendors_code_to_a_receipt_that_both_see(site: Site, browser: Browser) -> None:
    (vendor,) = site.caravan.cell.do(
        selling.apply_to_sell, [partners.Application(name="Castanhas da Zé", country="PT", city="Porto")]
    )
    site.caravan.cell.do(selling.approve_sellers, [vendor])
    ana = _person(site, "Ana Silva", 2_000)
    shop, phone = _visit(browser, site), _visit(browser, site)
    _come_in(shop, site, SELLER, vendor)
    _come_in(phone, site, BUYER, ana)

    shop.goto("/sell/code")
    expect(shop.get_by_role("img", name="QR code to pay Castanhas da Zé")).to_be_visible()
    shop.get_by_label("Amount (EUR)").fill("4.50")
    shop.get_by_label("Reference").fill("Two bags")
    shop.get_by_role("button", name="Show the code").click()
    link = shop.locator("a[href*=qrc_]").get_attribute("href") or ""
    phone.goto(link)
    expect(phone.locator("main")).to_contain_text("Pay Castanhas da Zé?")
    expect(phone.locator("main")).to_contain_text("no escrow")
    assert _is_as_wide_as_the_phone(shop)
    assert _is_as_wide_as_the_phone(phone)
    phone.get_by_role("button", name="Pay €4.50").dblclick()

    expect(phone.locator(".receipt")).to_contain_text("Two bags")
    expect(shop.locator(".receipt")).to_contain_text("Ana S.")  # Without anybody touching the vendor's phone.
    assert site.caravan.cell.house.transfers.made == 1
    numbers = [page.locator(".receipt code").text_content() for page in (shop, phone)]
    assert numbers[0] == numbers[1]
    assert all(_is_as_wide_as_the_phone(page) for page in (shop, phone))
    assert list(site.caravan.cell.ask(invariants.findings)) == []


def test_the_camera_reads_a_code_where_the_browser_knows_how(site: Site, chromium_path: Path) -> None:
    (vendor,) = site.caravan.cell.do(selling.apply_to_sell, [partners.Application(name="Zé", country="PT")])
    site.caravan.cell.do(selling.approve_sellers, [vendor])
    code = flow.Showing(BuyerId(0), vendor, "EUR", 300, "Water")
    number = ids.text(CodeId, site.caravan.cell.do(flow.show_code, code))
    owner = wallets.Shown(ids.text(SellerId, vendor), "Zé", "Porto", "PT", "EUR", Money(300, "EUR"), "Water", number)
    # Debian's Chromium has no decoder: it is lent one that reads what the camera would be held to.
    lent = "window.BarcodeDetector = class { async detect() { return [{ rawValue: %s }]; } };"
    switches = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=switches)
        phone = _visit(chromium, site)
        phone.add_init_script(lent % json.dumps(wallets.payload_of(site.caravan, owner)))
        _come_in(phone, site, BUYER, _person(site, "Ana Silva", 2_000))

        phone.goto("/pay")
        phone.get_by_role("button", name="Open the camera").click()

        expect(phone.locator("main")).to_contain_text("Pay Zé?")
        expect(phone.locator("main")).to_contain_text("Water")
        chromium.close()
