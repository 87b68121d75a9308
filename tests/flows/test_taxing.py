"""Checks taxing: every row of postings with exact amounts, what is frozen, what goes back, and that the books balance."""

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from caravan.events.taxes import TaxReturned
from caravan.flows import batches, checkout, invariants, opening, people, places, settlement, shopping, taxing
from caravan.flows.house import integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId, CartId, ListingId, OrderId, ProductId, SessionId
from caravan.trade import catalog, ledger, orders, taxes
from caravan.trade.ledger import Kind
from tests.flows.market import EUR, Market
from tests.flows.till import Till

TABLE = """
name: Test
as_of: 2026-09-01
authorities: [{code: DE, name: DE}, {code: US-CA, name: CA}, {code: FR, name: FR}, {code: GB, name: GB}, {code: PT, name: PT}]
rules:
  - {id: de-vat, name: VAT 25 %, country: DE, levy: sale, authority: DE, remits: marketplace, rate: 25, included: true,
     source: https://de.example, as_of: 2026-09-01}
  - {id: us-tax, name: Tax 10 %, country: US, region: CA, levy: sale, authority: US-CA, remits: marketplace, rate: 10,
     on_shipping: false, source: https://us.example, as_of: 2026-09-01}
  - {id: fr-vat, name: TVA 20 %, country: FR, levy: sale, authority: FR, remits: seller, rate: 20, included: true,
     source: https://fr.example, as_of: 2026-09-01}
  - {id: gb-duty, name: Duty 12 %, country: GB, levy: duty, authority: GB, remits: buyer, hs: ["61"], rate: 12,
     source: https://gb.example, as_of: 2026-09-01}
  - {id: gb-vat, name: VAT 20 %, country: GB, levy: import, authority: GB, remits: buyer, rate: 20,
     source: https://gb.example, as_of: 2026-09-01}
"""
FEES = """
  - {id: pt-fee, name: IVA 23 %, country: PT, levy: fee, authority: PT, remits: marketplace, rate: 23,
     source: https://pt.example, as_of: 2026-09-01}
"""
ACCOUNTS = {
    "wallet": (Kind.WALLET, 1), "escrow": (Kind.ESCROW, 1), "seller": (Kind.SELLER_BALANCE, 1),
    "fees": (Kind.OPERATOR_FEES, 0), "tax:payable": (Kind.TAX_PAYABLE, 0), "bank": (Kind.BANK, 0),
    **{f"tax:{code}": (Kind.TAX_COLLECTED, number) for number, code in enumerate(("DE", "US-CA", "FR", "GB", "PT"), 1)},
}  # fmt: skip


@pytest.fixture
def taxed(market: Market) -> Iterator[Market]:
    """Lend a market with rules, a seller with a mug at 100, and a buyer with 1,000 in the wallet."""
    market.do(taxing.load_rules, taxing.NewRules(TABLE))
    market.listing(market.seller(), price=10_000, shipping=500)
    market.buyer()
    yield market
    market.restart()
    assert market.findings() == []


def at(market: Market, country: str, region: str = "", buyer: int = 1) -> AddressId:
    """Give the buyer an address somewhere."""
    answer = market.do(people.add_address, people.NewAddress(BuyerId(buyer), country, b"sealed", region))
    assert isinstance(answer, int)
    return AddressId(answer)


def hold(market: Market, address: int, *lines: tuple[int, int], buyer: int = 1) -> SessionId:
    """Go to checkout for an address."""
    wanted = tuple((ListingId(listing), quantity) for listing, quantity in lines or ((1, 1),))
    answer = market.do(shopping.open_checkout, shopping.Checkout(BuyerId(buyer), CartId(0), AddressId(address), wanted))
    assert isinstance(answer, int)
    return SessionId(answer)


def bought(market: Market, country: str, region: str = "", *lines: tuple[int, int]) -> OrderId:
    """Buy for a country; give the first order."""
    session = hold(market, at(market, country, region), *lines)
    purchase = market.complete(session, 1)
    return OrderId(int(market.house.orders.purchases.first_order[purchase]))


def released(market: Market, order: int) -> None:
    market.deliver(order)
    market.days_pass(4)
    market.do(settlement.release_due)


def changes(market: Market, tell: Callable[[], object]) -> dict[str, int]:
    """Do something, and give what it changed on each account of money."""
    before = {name: market.posted(*account) for name, account in ACCOUNTS.items()}
    tell()
    after = {name: market.posted(*account) for name, account in ACCOUNTS.items()}
    return {name: after[name] - before[name] for name in ACCOUNTS if after[name] != before[name]}


def parts(market: Market, order: int) -> dict[str, int]:
    known = market.house.taxes.orders[order]
    return {part.rule: part.amount_minor for part in known.parts}


def test_a_tax_that_is_in_the_price_changes_no_total_and_is_kept_at_release(taxed: Market) -> None:
    order = bought(taxed, "DE")
    assert int(taxed.house.orders.orders.total[order]) == 10_500
    assert parts(taxed, order) == {"de-vat": 2_100}  # 25 of 125, delivery too.
    taxed.deliver(order)
    taxed.days_pass(4)

    # The fee is 10 % of a price without its tax (100 less 21), and 20 % on it.
    assert changes(taxed, lambda: taxed.do(settlement.release_due)) == {
        "escrow": -10_500, "seller": 10_500 - 790 - 158 - 2_100, "fees": 790, "tax:payable": 158, "tax:DE": 2_100,
    }  # fmt: skip


def test_a_tax_on_top_is_paid_by_the_buyer_and_never_the_sellers(taxed: Market) -> None:
    order = bought(taxed, "US", "CA")
    assert int(taxed.house.orders.orders.total[order]) == 11_500
    assert parts(taxed, order) == {"us-tax": 1_000}
    taxed.deliver(order)
    taxed.days_pass(4)

    assert changes(taxed, lambda: taxed.do(settlement.release_due)) == {
        "escrow": -11_500, "seller": 10_500 - 1_000 - 200, "fees": 1_000, "tax:payable": 200, "tax:US-CA": 1_000,
    }  # fmt: skip


def test_a_tax_that_the_seller_remits_stays_with_the_seller(taxed: Market) -> None:
    order = bought(taxed, "FR")
    assert parts(taxed, order) == {"fr-vat": 1_750}
    taxed.deliver(order)
    taxed.days_pass(4)

    assert changes(taxed, lambda: taxed.do(settlement.release_due)) == {
        "escrow": -10_500, "seller": 10_500 - 825 - 165, "fees": 825, "tax:payable": 165,
    }  # fmt: skip


def test_what_is_due_at_the_border_is_told_and_not_charged(taxed: Market) -> None:
    taxed.do(taxing.classify, taxing.Classification(ProductId(1), 1, taxes.Classified("610910", "PT")))
    order = bought(taxed, "GB")

    assert parts(taxed, order) == {"gb-duty": 1_260, "gb-vat": 2_352}
    assert int(taxed.house.orders.orders.total[order]) == 10_500
    released(taxed, order)
    assert taxed.posted(Kind.TAX_COLLECTED, 4) == 0


def test_the_tax_on_the_fee_goes_to_the_authority_of_the_sellers_country(taxed: Market) -> None:
    taxed.do(taxing.load_rules, taxing.NewRules(TABLE + FEES))
    order = bought(taxed, "XX")
    taxed.deliver(order)
    taxed.days_pass(4)

    assert changes(taxed, lambda: taxed.do(settlement.release_due)) == {
        "escrow": -10_500, "seller": 10_500 - 1_000 - 230, "fees": 1_000, "tax:PT": 230,
    }  # fmt: skip
    assert changes(taxed, lambda: taxed.take_back(order, refund=5_000)) == {
        "wallet": 5_000, "seller": -5_000 + 500 + 115, "fees": -500, "tax:PT": -115,
    }  # fmt: skip


def test_a_refund_before_release_takes_nothing_from_the_authority_and_lowers_what_is_kept(taxed: Market) -> None:
    order = bought(taxed, "US", "CA")
    taxed.deliver(order)

    assert changes(taxed, lambda: taxed.take_back(order, refund=5_750)) == {"wallet": 5_750, "escrow": -5_750}
    taxed.days_pass(4)
    moved = changes(taxed, lambda: taxed.do(settlement.release_due))

    assert moved["tax:US-CA"] == 500


def test_a_refund_after_release_gives_the_tax_back_in_proportion_and_all_of_it_with_the_last(taxed: Market) -> None:
    order = bought(taxed, "US", "CA", (1, 2))
    released(taxed, order)
    assert taxed.posted(Kind.TAX_COLLECTED, 2) == 2_000

    first = changes(taxed, lambda: taxed.take_back(order, refund=7_667))
    second = changes(taxed, lambda: taxed.take_back(order, refund=23_000 - 7_667))

    assert first["tax:US-CA"] == -666  # 2,000 * 7,667 / 23,000 is 666.69.
    assert second["tax:US-CA"] == -1_334
    assert taxed.posted(Kind.TAX_COLLECTED, 2) == taxed.posted(Kind.SELLER_BALANCE, 1) == 0
    assert taxed.posted(Kind.WALLET, 1) == 100_000


def test_an_order_that_is_called_off_owes_no_tax(taxed: Market) -> None:
    order = bought(taxed, "US", "CA")

    taxed.cancel(order, buyer=1)

    assert taxed.posted(Kind.WALLET, 1) == 100_000
    assert [line.charged_minor for line in everything(taxed)] == []


def everything(market: Market) -> list[taxes.Line]:
    return taxing.report(market.house, 0, market.clock.now() + 1)  # type: ignore[arg-type]


def test_what_is_kept_is_remitted_once_and_the_report_says_so(taxed: Market) -> None:
    order = bought(taxed, "DE")
    released(taxed, order)
    taxed.take_back(order, refund=10_500 // 2)

    paid = taxing.Remittance("DE", "EUR", 1_000, "Q3")
    assert changes(taxed, lambda: taxed.do(taxing.remit, paid)) == {"tax:DE": -1_000, "bank": 1_000}

    rows = {line.rule: line for line in everything(taxed)}
    assert (rows["de-vat"].charged_minor, rows["de-vat"].collected_minor, rows["de-vat"].returned_minor) == (
        2_100,
        2_100,
        1_050,
    )
    assert (rows["de-vat"].due_minor, rows[""].remitted_minor) == (1_050, 1_000)
    with pytest.raises(taxes.RemittedTooMuch) as refused:
        taxed.do(taxing.remit, paid)
    assert refused.value.details["owed_minor"] == 50


@pytest.mark.parametrize(("authority", "amount"), [("MARS", 1), ("DE", 0)])
def test_a_remittance_to_nobody_or_of_nothing_is_refused(taxed: Market, authority: str, amount: int) -> None:
    with pytest.raises(Invalid):
        taxed.do(taxing.remit, taxing.Remittance(authority, "EUR", amount, ""))


def test_a_report_of_no_time_is_refused_and_of_another_period_is_empty(taxed: Market) -> None:
    released(taxed, bought(taxed, "DE"))

    with pytest.raises(Invalid):
        taxing.report(taxed.house, taxed.clock.now(), taxed.clock.now())
    assert taxing.report(taxed.house, taxed.clock.now(), taxed.clock.now() + 1) == []  # type: ignore[arg-type]
    assert taxing.report(taxed.house, 0, taxed.clock.now(), "FR") == []  # type: ignore[arg-type]


def test_an_order_keeps_the_version_it_was_placed_under(taxed: Market) -> None:
    order = bought(taxed, "US", "CA")

    taxed.do(taxing.load_rules, taxing.NewRules(TABLE.replace("rate: 10,", "rate: 90,")))
    released(taxed, order)

    frozen = taxed.house.taxes.orders[order]
    assert (frozen.version, taxed.posted(Kind.TAX_COLLECTED, 2)) == (1, 1_000)
    assert taxes.rule_of(taxed.house.taxes, frozen.version, "us-tax").source == "https://us.example"


def test_a_checkout_that_goes_elsewhere_costs_what_it_costs_there(taxed: Market) -> None:
    session = hold(taxed, at(taxed, "US", "US-CA"))
    assert taxed.total(session) == 11_500

    taxed.do(shopping.reserve, taxed.step(session, 1, at(taxed, "DE")))
    assert taxed.total(session) == 10_500
    taxed.do(shopping.reserve, taxed.step(session, 1, at(taxed, "US", "CA")))

    assert taxed.total(session) == 11_500
    with pytest.raises(orders.TotalChanged):
        taxed.complete(session, 1, 10_500)
    taxed.complete(session, 1)
    assert parts(taxed, 1) == {"us-tax": 1_000}
    assert taxed.house.taxes.sessions == {}


def test_a_checkout_is_taxed_once_it_is_known_where_it_goes(taxed: Market) -> None:
    session = taxed.quote(1, (ListingId(1), 1))
    assert taxed.total(session) == 10_500

    taxed.do(shopping.reserve, taxed.step(session, 1, at(taxed, "US", "CA")))

    assert taxed.total(session) == 11_500


def test_a_checkout_that_is_over_is_forgotten(taxed: Market) -> None:
    session = hold(taxed, at(taxed, "DE"))

    taxed.do(shopping.cancel_checkout, taxed.step(session, 1))

    assert taxed.house.taxes.sessions == {}


def test_an_order_of_two_sellers_is_taxed_line_by_line_in_whatever_order_they_stand(taxed: Market) -> None:
    other = taxed.listing(taxed.seller("Bea"), price=1_010, shipping=0)
    third = taxed.listing(1, price=2_030, shipping=0)

    order = bought(taxed, "US", "CA", (other, 1), (third, 1), (1, 1))

    ours, theirs = taxed.house.taxes.orders[order], taxed.house.taxes.orders[order + 1]
    totals = taxed.house.orders.orders.total
    assert [part.amount_minor for part in theirs.parts] == [101]
    assert [int(totals[order]), int(totals[order + 1])] == [12_530 + 1_203, 1_111]
    by_line = {part.line: part.amount_minor for part in ours.parts}
    first = int(taxed.house.orders.orders.first_line[order])
    assert [taxed.house.orders.lines.listing[first + line] for line in by_line] == [third, 1]
    assert list(by_line.values()) == [203, 1_000]


def test_a_direct_order_and_a_batch_are_taxed_as_a_checkout_is(taxed: Market) -> None:
    address = at(taxed, "US", "CA")
    landed = taxing.land(
        taxed.house, taxing.Landing(((ListingId(1), 1),), places.Destination("US", "CA")), taxed.clock.now()
    )
    assert (
        landed.parts.goods_minor,
        landed.parts.shipping_minor,
        taxing.added_by_line(taxed.house, landed.assessment, 1),
    ) == (
        10_000,
        500,
        [1_000],
    )
    wanted = checkout.DirectOrder(BuyerId(1), address, "EUR", 11_500, ((ListingId(1), 1),))
    batch = batches.DirectOrders(
        buyers=integers([1, 1]), addresses=integers([address, address]), expected=integers([11_500, 10_500]),
        marks_high=integers([1, 2]), marks_low=integers([2, 4]), rows=integers([0, 1]), listings=integers([1, 1]),
        quantities=integers([1, 1]),
    )  # fmt: skip

    taxed.one(checkout.order_directly, wanted)
    placement = taxed.one(batches.order_in_columns, batch)

    assert isinstance(placement, checkout.Placement)
    assert placement.verdicts.tolist() == [0, 5]  # Without the tax, the total has changed.
    assert [parts(taxed, order) for order in (1, 2)] == [{"us-tax": 1_000}] * 2


def test_a_batch_with_a_listing_that_is_not_there_is_refused_and_the_others_are_taxed(taxed: Market) -> None:
    address = at(taxed, "US", "CA")
    batch = batches.DirectOrders(
        buyers=integers([1, 1]), addresses=integers([address, address]), expected=integers([1, 11_500]),
        marks_high=integers([1, 2]), marks_low=integers([2, 4]), rows=integers([0, 1]), listings=integers([99, 1]),
        quantities=integers([1, 1]),
    )  # fmt: skip

    placement = taxed.one(batches.order_in_columns, batch)

    assert isinstance(placement, checkout.Placement)
    assert placement.purchases.tolist() == [0, 1]


def test_rules_are_looked_at_before_they_hold(market: Market) -> None:
    said = market.do(taxing.load_rules, taxing.NewRules(taxes.shipped(), is_trial=True))

    assert isinstance(said, taxing.Loaded)
    assert (said.version, said.rules, len(said.countries)) == (0, 90, 10)
    assert said.currencies_without_rate == ("AUD", "CAD", "CNY", "GBP", "JPY", "USD")
    assert not market.house.taxes.is_on


def test_a_market_without_rules_takes_no_fact_more(market: Market) -> None:
    listing = market.listing(market.seller())
    ana = market.buyer()

    market.buy(ana, (listing, 1))
    market.complete(market.hold(ana, (listing, 1)), ana)

    assert market.house.taxes.version == 0
    assert market.house.taxes.orders == {}


def test_a_seller_classifies_their_own_pages_alone(taxed: Market) -> None:
    with pytest.raises(NotFound):
        taxed.do(taxing.classify, taxing.Classification(ProductId(1), 2, taxes.Classified("6109")))


def test_what_is_not_on_offer_lands_nowhere(taxed: Market) -> None:
    taxed.move(ListingId(1), catalog.ListingStatus.PAUSED)

    with pytest.raises(catalog.NotOnOffer):
        taxing.land(taxed.house, taxing.Landing(((ListingId(1), 1),), places.Destination("DE")), taxed.clock.now())


def test_a_card_pays_the_tax_too_and_part_of_it_is_gone_with_a_lost_dispute() -> None:
    till = Till()
    till.open()
    till.do(taxing.load_rules, taxing.NewRules(TABLE))
    till.listing(till.seller(), price=10_000, shipping=500)
    till.buyer(money=0)
    session = hold(till, at(till, "US", "CA"))
    payment = till.begin(session, 1, method="pm_card_visa")
    till.cashier.see_to(payment)

    till.ship(1)
    till.days_pass(4)
    till.do(settlement.release_due)

    assert till.posted(Kind.TAX_COLLECTED, 2) == 1_000
    assert till.posted(Kind.PSP_CLEARING, 1) == -11_500
    assert till.findings() == []
    till.close()


def tamper(market: Market) -> None:
    account = market.house.ledger.find(Kind.TAX_COLLECTED, integers(2), integers(EUR))
    market.house.ledger.accounts.posted[account] += 1


def test_a_unit_too_many_on_an_authoritys_account_is_found(market: Market) -> None:
    market.do(taxing.load_rules, taxing.NewRules(TABLE))
    market.listing(market.seller())
    market.buyer()
    released(market, bought(market, "US", "CA"))
    assert not list(invariants.findings(market.house))

    tamper(market)

    assert any("is kept for US-CA" in finding for finding in invariants.findings(market.house))
    account = market.house.ledger.find(Kind.TAX_COLLECTED, integers(2), integers(EUR))
    market.house.ledger.accounts.posted[account] -= 1


COUNTRIES = (("DE", ""), ("US", "CA"), ("FR", ""), ("GB", ""), ("XX", ""), ("US", "TX"))


def story(market: Market, dice: random.Random) -> tuple[int, int]:
    """Buy, cancel, deliver, return and release at random, then have all of it back; give what was paid and what came back."""
    cart = tuple((ListingId(listing), dice.randint(1, 3)) for listing in dice.sample((1, 2, 3), dice.randint(1, 3)))
    before = market.posted(Kind.WALLET, 1)
    purchase = market.complete(hold(market, at(market, *dice.choice(COUNTRIES)), *cart), 1)
    first, count = (int(getattr(market.house.orders.purchases, name)[purchase]) for name in ("first_order", "orders"))
    paid = int(market.house.orders.purchases.total[purchase])
    for order in range(first, first + count):
        if dice.random() < 0.2:
            market.cancel(order)
            continue
        market.deliver(order)
        is_released = dice.random() < 0.5
        if is_released:
            market.days_pass(4)
            market.do(settlement.release_due)
        return_all(market, order, dice)
    return paid, market.posted(Kind.WALLET, 1) - before


def return_all(market: Market, order: int, dice: random.Random) -> None:
    lines, start = market.house.orders.lines, int(market.house.orders.orders.first_line[order])
    for line in range(int(market.house.orders.orders.lines[order])):
        row, quantity = start + line, int(lines.quantity[start + line])
        for unit in range(quantity):
            left = int(lines.unit_price[row]) * quantity + int(lines.shipping[row]) - int(lines.refunded[row])
            is_last = unit == quantity - 1
            market.take_back(order, refund=left if is_last else dice.randint(1, left - quantity), line=line)
            if dice.random() < 0.2:
                market.days_pass(4)
                market.do(settlement.release_due)


@pytest.mark.parametrize("seed", range(8))
def test_every_minor_unit_of_random_carts_comes_back_and_nothing_stays_anywhere(market: Market, seed: int) -> None:
    dice = random.Random(seed)
    market.do(taxing.load_rules, taxing.NewRules(TABLE + FEES))
    market.buyer(money=10_000_000)
    for name in ("Ana", "Bea"):
        market.listing(market.seller(name), price=dice.randint(100, 20_000), shipping=dice.randint(0, 999), stock=500)
    market.listing(1, price=dice.randint(100, 20_000), shipping=dice.randint(0, 999), stock=500)

    for _ in range(4):
        paid, back = story(market, dice)
        assert (paid > 0, back) == (True, 0)

    market.days_pass(4)
    market.do(settlement.release_due)
    kinds = (Kind.ESCROW, Kind.SELLER_BALANCE, Kind.OPERATOR_FEES, Kind.TAX_PAYABLE, Kind.TAX_COLLECTED)
    assert {kind: set(ledger.totals(market.house.ledger, kind).values()) - {0} for kind in kinds} == {
        kind: set() for kind in kinds
    }
    accounts = market.house.ledger.accounts
    owed = accounts.posted[accounts.kind == Kind.TAX_COLLECTED]
    assert not np.any(owed)
    assert market.findings() == []


def broken() -> Market:
    """Give a market with one order that was taxed and released, which nobody will find sound afterwards."""
    market = Market()
    market.open()
    market.do(taxing.load_rules, taxing.NewRules(TABLE))
    market.listing(market.seller())
    market.buyer()
    released(market, bought(market, "US", "CA"))
    return market


def test_the_books_cry_where_a_fact_says_other_than_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    market, real = broken(), taxes.give_back

    def careless(taxed: taxes.Taxed, *, amounts: list[int], fee_tax: int, now: Instant) -> TaxReturned:
        return real(taxed, amounts=[amount - (amount > 1) for amount in amounts], fee_tax=fee_tax, now=now)

    monkeypatch.setattr(taxes, "give_back", careless)
    market.take_back(1, refund=11_000)

    assert any("is kept for US-CA" in finding for finding in market.findings())
    market.close()


def test_the_property_cries_where_a_refund_forgets_the_tax(monkeypatch: pytest.MonkeyPatch) -> None:
    market = broken()

    monkeypatch.setattr(taxing, "give_back", lambda *_, **__: [])
    market.take_back(1, refund=11_000)

    assert ledger.totals(market.house.ledger, Kind.TAX_COLLECTED) == {EUR: 1_000}
    assert market.posted(Kind.SELLER_BALANCE, 1) == -1_000
    market.close()


def test_a_market_with_fee_rules_of_its_own_keeps_them_where_no_table_speaks(taxed: Market) -> None:
    taxed.do(opening.set_fees, opening.Fees((), 0))
    order = bought(taxed, "DE")

    assert int(taxed.house.orders.orders.fee_tax[order]) == 0
