"""The story of two parcels in a real browser on a phone: bought by card, one is lost, claimed, given back and clawed back."""

import asyncio
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from caravan.bootstrap import Caravan, open_caravan, tick
from caravan.config import Settings
from caravan.flows import checkout, fulfillment, invariants, opening, people, selling, settlement
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, HOUR, FixedClock
from caravan.kernel.ids import BuyerId, SellerId
from caravan.trade import catalog
from caravan.web import access
from caravan.world import markets, partners
from tests.web.test_browser import Site, _is_as_wide_as_the_phone, _visit, browser, served

__all__ = ["browser"]  # A fixture of the story of the shop, for this one.

CLAWBACK_MAX = 500


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve a market on play money, which has test cards and a carrier to try things with."""
    clock = FixedClock(int(time.time()) * 1_000_000)
    first = open_caravan(Settings(home=tmp_path), clock=clock, ticks=False)
    first.cell.do(opening.open_market, opening.Opening("Caravan", "EUR", has_play_money=True))
    first.cell.do(opening.set_money_terms, markets.MoneyTerms(clawback_minor_max=CLAWBACK_MAX))
    first.close()
    caravan = open_caravan(Settings(home=tmp_path), clock=clock, ticks=False)  # Now it knows that money is for play.
    caravan.finder.start()
    caravan.cell.ask(checkout.warm)
    token = asyncio.run(access.issue_token(caravan, audience="operator", subject=0))
    with served(caravan) as address:
        yield Site(address, caravan, clock, token)
    caravan.close()


def _stock(caravan: Caravan) -> list[int]:
    sellers = caravan.cell.do(selling.apply_to_sell, [partners.Application(name="Olaria do Sul", country="PT")])
    caravan.cell.do(selling.approve_sellers, sellers)
    for title, cents in (("Stoneware mug", 1_990), ("Reading lamp", 5_000)):
        draft = catalog.ListingDraft(price_minor=cents, currency="EUR")
        offer = selling.Offer(
            page=catalog.ProductDraft(title=title, category="Home", weight_grams=400), options=(("", draft),)
        )
        (offered,) = caravan.cell.do(selling.offer_products, selling.Offers([SellerId(sellers[0])], [offer]))
        caravan.cell.do_many(
            selling.receive_stock, selling.stock_receipt(offered.listings[0], 5, at=caravan.clock.now())
        )
    return list(sellers)


async def _register(caravan: Caravan) -> BuyerId:
    ana = access.Registration(name="Ana Silva", email="ana@example.org", password="a good long password", country="PT")
    buyer = await access.register(caravan, ana)
    await access.add_address(caravan, buyer, access.Place("Ana Silva", "Rua 1", "Porto", "4050-265", "PT"))
    return buyer


@pytest.fixture
def people_in(site: Site) -> tuple[int, BuyerId]:
    """Let a seller and a shopper in, before the browser has a loop of its own in this thread."""
    return _stock(site.caravan)[0], asyncio.run(_register(site.caravan))


def _come_in(page: Page, site: Site, audience: str, subject: int) -> None:
    token, new = access.new_token(site.caravan, audience=audience, subject=subject)
    site.caravan.cell.do(people.issue_token, new)
    page.context.add_cookies([{"name": f"caravan_{audience}", "value": token, "url": site.address}])


def _carry(site: Site) -> None:
    """Let the postman bring what the carrier tells."""
    road = site.caravan.road
    assert road is not None
    for notice in road.notices():
        site.caravan.postman.take_notice("easypost", notice.body, notice.signature)


def _picture(page: Page, name: str) -> None:
    """Take a picture of a page, where somebody wants to look at it."""
    if folder := os.environ.get("CARAVAN_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert _is_as_wide_as_the_phone(page), name


def test_two_parcels_one_lost_claimed_given_back_and_clawed_back(
    site: Site, people_in: tuple[int, BuyerId], browser: Browser
) -> None:
    seller_number, buyer = people_in
    seller, operator, phone, road = (_visit(browser, site) for _ in range(4))
    _come_in(phone, site, "buyer", buyer)
    _come_in(seller, site, "seller", seller_number)
    _come_in(operator, site, "operator", 0)

    _buy_by_card(phone)
    _send_in_two(seller)
    _lose_one(site, road)
    _claim_the_lost(site, seller, phone)
    _pay_out(site, seller)
    _claw_back(site, seller, operator, phone)
    _pay_out_less(site, seller, buyer)

    assert list(site.caravan.cell.ask(invariants.findings)) == []


def _buy_by_card(phone: Page) -> None:
    for product in ("prd_000000000001", "prd_000000000001", "prd_000000000002"):
        phone.goto(f"/products/{product}")
        phone.get_by_role("button", name="Add to cart").first.click()
    phone.goto("/cart")
    phone.get_by_role("link", name="Go to checkout").click()
    phone.get_by_role("button", name="Hold it for me").click()
    phone.get_by_role("button", name="Pay €89.80 by card").click()
    phone.get_by_label("Test card number").fill("4242 4242 4242 4242")
    phone.get_by_role("button", name="Pay 89.80").click()
    expect(phone.get_by_role("heading", name=re.compile("Thank you"))).to_be_visible()


def _send_in_two(seller: Page) -> None:
    seller.goto("/sell/orders/ord_000000000001")
    seller.get_by_text("Send it in parcels").click()
    for name, quantity, price in (("Stoneware mug of 2", "2", "€5.10"), ("Reading lamp of 1", "1", "€4.20")):
        seller.get_by_label(name).fill(quantity)
        if quantity == "2":
            _picture(seller, "seller-packs")
        seller.get_by_role("button", name="Pack this parcel").click()
        seller.get_by_role("button", name="Ask carriers").click()
        if quantity == "2":
            _picture(seller, "seller-rates")
        seller.get_by_role("button", name=f"Buy for {price}").click()
        expect(seller.locator("main")).to_contain_text("Label bought")
        if quantity == "2":
            _picture(seller, "seller-label")
        seller.get_by_role("button", name="It is handed over").click()
        expect(seller.get_by_role("status").first).to_contain_text("Handed over")
    expect(seller.get_by_role("heading", name="Parcel 2 of 2")).to_be_visible()
    _picture(seller, "seller-both-sent")


def _lose_one(site: Site, road: Page) -> None:
    site.clock.advance(5 * HOUR)
    for place, move in ((0, "out for delivery"), (1, "in transit")):
        road.goto("/sandbox/carrier/")
        road.get_by_role("combobox").nth(1 - place).select_option(move)
        road.get_by_role("button", name="Let it happen").nth(1 - place).click()
    site.clock.advance(20 * HOUR)
    _carry(site)
    for place, move in ((0, "delivered"), (1, "lost")):
        road.goto("/sandbox/carrier/")
        road.get_by_role("combobox").nth(1 - place).select_option(move)
        road.get_by_role("button", name="Let it happen").nth(1 - place).click()
    _picture(road, "sandbox-carrier")
    _carry(site)


def _claim_the_lost(site: Site, seller: Page, phone: Page) -> None:
    phone.goto("/my/orders/ord_000000000001")
    expect(phone.locator("main")).to_contain_text("Parcel 2 of 2")
    expect(phone.locator("main")).to_contain_text("It never came: €50.00")
    _picture(phone, "buyer-lost")
    seller.goto("/sell/claims")
    _picture(seller, "seller-claims")
    seller.get_by_role("link", name=re.compile("It never came")).click()
    seller.get_by_label("Give back").fill("30")
    seller.get_by_label("A word to the buyer").fill("It was insured for thirty.")
    _picture(seller, "seller-answers")
    seller.get_by_role("button", name="Give it back").click()
    site.caravan.cashier.see_to_due()
    phone.reload()
    expect(phone.locator("main")).to_contain_text("It was insured for thirty.")
    expect(phone.locator("main")).to_contain_text("The seller gave back €30.00")
    _picture(phone, "buyer-answered")
    phone.get_by_role("button", name="I am content").click()
    expect(phone.locator(".summary")).to_contain_text("€30.00")
    assert site.caravan.sandbox is not None
    (intent,) = [one for one in site.caravan.sandbox.objects.values() if one.get("object") == "payment_intent"]
    assert (intent["amount_received"], intent["refunded"]) == (8_980, 3_000)


def _pay_out(site: Site, seller: Page) -> None:
    site.clock.advance(4 * DAY)
    tick(site.caravan.cell)
    seller.goto("/sell/balance")
    # 59.80 of 89.80 stayed; 10 % fee and 20 % tax on that go off, and both labels.
    seller.locator("a[href*='/sell/payouts/po_']").first.click()
    expect(seller.get_by_role("heading", name="Payout of €43.32")).to_be_visible()
    expect(seller.get_by_role("row", name=re.compile("ord_000000000001 €52.62"))).to_be_visible()
    expect(seller.get_by_role("row", name=re.compile("^Label ord_000000000001 -€5.10"))).to_be_visible()
    expect(seller.get_by_role("row", name=re.compile("^Label ord_000000000001 -€4.20"))).to_be_visible()
    _picture(seller, "seller-payout")


def _claw_back(site: Site, seller: Page, operator: Page, phone: Page) -> None:
    phone.goto("/my/orders/ord_000000000001")
    phone.get_by_text("Something is wrong").click()
    phone.get_by_label("What is wrong").select_option("It is damaged")
    phone.get_by_label("Which parcel").select_option(index=1)
    phone.get_by_label(re.compile("How much you want back")).fill("12")
    phone.get_by_label(re.compile("What happened")).fill("One mug has a crack.")
    _picture(phone, "buyer-claims")
    phone.get_by_role("button", name="Tell the seller").click()
    seller.goto("/sell/orders/ord_000000000001")
    seller.get_by_role("button", name="Say no").click()
    phone.reload()
    phone.get_by_label("Why that is not enough").fill("It cannot be used.")
    phone.get_by_role("button", name="Let the operator decide").click()
    operator.goto("/operator/claims")
    operator.get_by_label("Give back on top").fill("10.00")
    operator.get_by_label("Why").fill("A crack is a fault.")
    _picture(operator, "operator-decides")
    operator.get_by_role("button", name="Decide").click()
    site.caravan.cashier.see_to_due()
    phone.reload()
    expect(phone.locator("main")).to_contain_text("A crack is a fault.")
    _picture(phone, "buyer-decided")
    seller.goto("/sell/balance")
    # Of 10.00, the operator gives its fee and the tax on it back; below 5.00 under zero the rest is its loss.
    expect(seller.locator("main")).to_contain_text("You owe €5.00")
    expect(seller.get_by_role("row", name=re.compile("Return of order"))).to_contain_text("-€8.80")
    expect(seller.get_by_role("row", name=re.compile("Taken over by the operator"))).to_contain_text("+€3.80")
    _picture(seller, "seller-clawback")


def _pay_out_less(site: Site, seller: Page, buyer: BuyerId) -> None:
    do_many, now = site.caravan.cell.do_many, integers(site.clock.now())
    zero, one = integers(0), integers(2)
    money = settlement.TopUps(now, integers(buyer), integers(978), integers(5_000), zero, ["card"], [""])
    do_many(settlement.top_up, money)
    address = site.caravan.cell.house.identity.buyers[buyer].addresses[0]
    do_many(checkout.order_directly, checkout.DirectOrder(buyer, address, "EUR", 1_990, ((1, 1),)))  # type: ignore[arg-type]
    do_many(fulfillment.hand_over, fulfillment.Handover(now, one, zero, zero, ["CTT"], [""]))
    do_many(fulfillment.scan_parcels, fulfillment.Scans(now, integers(3), integers(8), zero))
    site.clock.advance(4 * DAY)
    tick(site.caravan.cell)

    seller.goto("/sell/balance")
    seller.locator("a[href*='/sell/payouts/po_']").first.click()
    expect(seller.get_by_role("heading", name="Payout of €12.51")).to_be_visible()
    expect(seller.get_by_role("row", name=re.compile("^ord_000000000002 €17.51"))).to_be_visible()
    expect(
        seller.get_by_role("row", name=re.compile("^Refund after settlement ord_000000000001 -€8.80"))
    ).to_be_visible()
    expect(
        seller.get_by_role("row", name=re.compile("^Taken over by the operator ord_000000000001 €3.80"))
    ).to_be_visible()
    _picture(seller, "seller-payout-less")
