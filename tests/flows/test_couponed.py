"""Checks coupons where taxes are: a seller's lowers what is taxed, the operator's does not; every amount exact."""

import random
from collections.abc import Iterator

import pytest

from caravan.flows import gifts, paying, settlement, shopping, taxing
from caravan.kernel.clock import DAY
from caravan.kernel.ids import BuyerId, OrderId, SellerId, SessionId
from caravan.trade import orders, payments
from caravan.trade.ledger import Kind
from caravan.trade.payments import CouponRefused, CouponTerms, Provider
from tests.flows.market import EUR, Market
from tests.flows.test_taxing import FEES, TABLE, at, changes, hold, parts, released, return_all
from tests.flows.till import Till


@pytest.fixture
def taxed(market: Market) -> Iterator[Market]:
    """Lend a market with rules, a seller with a mug at 100 and 5 for delivery, and a buyer with 1,000 in the wallet."""
    market.do(taxing.load_rules, taxing.NewRules(TABLE + FEES))
    market.listing(market.seller(), price=10_000, shipping=500)
    market.buyer()
    yield market
    market.restart()
    assert market.findings() == []


def coupon(market: Market, *, payer: int, amount: int = 2_000, spend: int = 5_000) -> None:
    terms = CouponTerms(
        code="SPRING", payer=SellerId(payer), unit=EUR, amount_minor=amount, spend_minor_min=spend, uses_max=1,
        expires_at=market.clock.now() + 90 * DAY,
    )  # fmt: skip
    market.do(gifts.issue_coupon, terms)


def begin(market: Market, session: int, expected: int, provider: Provider = Provider.WALLET) -> int:
    start = paying.Start(SessionId(session), BuyerId(1), expected, provider, code="SPRING")
    number = market.do(paying.start_payment, start)
    assert isinstance(number, int)
    return number


def bought(market: Market, country: str, region: str = "", *lines: tuple[int, int]) -> OrderId:
    """Buy with the coupon out of the wallet; give the first order."""
    session = hold(market, at(market, country, region), *lines)
    begin(market, session, market.total(session))
    return OrderId(int(market.house.orders.purchases.first_order[-1]))


def test_a_sellers_coupon_lowers_a_tax_on_top_and_what_is_paid(taxed: Market) -> None:
    coupon(taxed, payer=1)
    session = hold(taxed, at(taxed, "US", "CA"))
    assert taxed.total(session) == 11_500

    paid = changes(taxed, lambda: begin(taxed, session, 11_500))

    # Of 20 off, 19.05 are off the mug and 0.95 off its delivery: 10 % of 80.95.
    assert parts(taxed, 1) == {"us-tax": 810}
    assert int(taxed.house.orders.orders.total[1]) == 11_310
    assert paid == {
        "wallet": 2_000,
        "seller": -2_000,
    }  # Held for the order are 113.10: 93.10 of the buyer's, 20 of the seller's.
    assert taxed.held(Kind.WALLET, 1) == 11_310
    taxed.deliver(1)
    taxed.days_pass(4)
    assert changes(taxed, lambda: taxed.do(settlement.release_due)) == {
        "escrow": -11_310, "seller": 10_500 - 1_000 - 230, "fees": 1_000, "tax:PT": 230, "tax:US-CA": 810,
    }  # fmt: skip


def test_the_operators_coupon_is_paid_by_a_third_and_lowers_no_tax(taxed: Market) -> None:
    coupon(taxed, payer=0)
    session = hold(taxed, at(taxed, "US", "CA"))

    paid = changes(taxed, lambda: begin(taxed, session, 11_500))

    assert parts(taxed, 1) == {"us-tax": 1_000}
    assert paid == {"wallet": 2_000}
    assert taxed.posted(Kind.PROMOTIONS) == -2_000


def test_a_tax_in_the_price_is_of_what_is_paid_for_it_and_a_fee_is_the_same_with_a_coupon(taxed: Market) -> None:
    coupon(taxed, payer=1)
    order = bought(taxed, "DE")
    taxed.deliver(order)
    taxed.days_pass(4)

    # 25 of 125 of 85, delivery too; the fee is 10 % of 100 less the 21 that would be in it without a coupon.
    assert parts(taxed, order) == {"de-vat": 1_700}
    assert changes(taxed, lambda: taxed.do(settlement.release_due)) == {
        "escrow": -10_500, "seller": 10_500 - 790 - 182 - 1_700, "fees": 790, "tax:PT": 182, "tax:DE": 1_700,
    }  # fmt: skip


@pytest.mark.parametrize(("lowering", "payer", "tax"), [
    ("none", 1, 1_000), ("any", 1, 810), ("any", 0, 810), ("seller", 0, 1_000), ("none", 0, 1_000),
])  # fmt: skip
def test_a_rule_says_whose_coupons_lower_it(market: Market, lowering: str, payer: int, tax: int) -> None:
    rules = TABLE.replace("on_shipping: false,", f"on_shipping: false, coupons: {lowering},")
    market.do(taxing.load_rules, taxing.NewRules(rules))
    market.listing(market.seller(), price=10_000, shipping=500)
    market.buyer()
    coupon(market, payer=payer)

    order = bought(market, "US", "CA")

    assert parts(market, order) == {"us-tax": tax}
    assert market.findings() == []


def test_a_sellers_coupon_leaves_another_sellers_taxes_alone(taxed: Market) -> None:
    other = taxed.listing(taxed.seller("Rui"), price=5_000, shipping=0)
    coupon(taxed, payer=1)

    first = bought(taxed, "US", "CA", (other, 1), (1, 1))

    assert {order: parts(taxed, order) for order in (first, first + 1)} == {1: {"us-tax": 810}, 2: {"us-tax": 500}}
    assert taxed.house.orders.purchases.total[1] == 11_310 + 5_500


def test_a_refund_in_parts_gives_tax_and_coupon_back_to_the_cent(taxed: Market) -> None:
    coupon(taxed, payer=1)
    order = bought(taxed, "US", "CA", (taxed.listing(SellerId(1), price=5_000, shipping=250), 2))
    released(taxed, order)

    # 40 of 113.10 are 35.37 % of the 20 of coupon and the 8.10 of tax; and 4 of the fee, with the tax on it.
    first = changes(taxed, lambda: taxed.take_back(order, refund=4_000))
    assert first == {
        "wallet": 4_000 - 707, "seller": -(4_000 - 400 - 92) + 707 + 286, "fees": -400, "tax:PT": -92, "tax:US-CA": -286,
    }  # fmt: skip
    taxed.take_back(order, refund=7_310)
    assert taxed.posted(Kind.WALLET, 1) == 100_000
    assert [taxed.posted(kind, owner) for kind, owner in ((Kind.SELLER_BALANCE, 1), (Kind.TAX_COLLECTED, 2))] == [0, 0]


def test_a_coupon_that_comes_to_nothing_leaves_the_checkout_as_it_was(taxed: Market) -> None:
    coupon(taxed, payer=1)
    session = hold(taxed, at(taxed, "US", "CA"))
    taxed.do(paying.start_payment, paying.Start(SessionId(session), BuyerId(1), 11_500, Provider.CARD, code="SPRING"))
    deal = taxed.house.dealings.deals[1]
    assert (deal.amount, deal.discount) == (9_310, 2_000)

    taxed.do(paying.settle_payment, paying.Told(1, payments.Answer(payments.Answered.DECLINED, reason="no")))  # type: ignore[arg-type]

    assert taxed.total(session) == 11_500
    taxed.complete(session, 1)
    assert parts(taxed, 1) == {"us-tax": 1_000}
    assert taxed.house.taxes.payments == {}


def test_a_card_that_succeeds_after_the_checkout_is_over_pays_the_tax_that_it_was_told() -> None:
    till = Till()
    till.open()
    till.do(taxing.load_rules, taxing.NewRules(TABLE))
    till.listing(till.seller(), price=10_000, shipping=500)
    till.buyer(money=0)
    coupon(till, payer=1)
    session = hold(till, at(till, "US", "CA"))
    payment = begin(till, session, 11_310, Provider.CARD)  # What it is with the coupon.
    page = till.cashier.see_to(payment)
    till.days_pass(1)
    till.do(paying.expire_payments)
    till.do(shopping.expire_checkouts)
    till.psp.fill_in(page.rpartition("/")[2], "4242424242424242")
    till.cashier.see_to(payment)

    assert parts(till, 1) == {"us-tax": 810}
    assert till.findings() == []
    till.close()


def test_another_total_than_the_checkouts_is_refused_and_a_coupon_leaves_something_to_pay(taxed: Market) -> None:
    coupon(taxed, payer=1, amount=10_600, spend=10_601)
    session = hold(taxed, at(taxed, "US", "CA"))

    with pytest.raises(CouponRefused):  # 105 are spent, and 10 of tax.
        begin(taxed, session, 11_500)

    coupon_of = CouponTerms(
        code="SUMMER", payer=SellerId(1), unit=EUR, amount_minor=100, spend_minor_min=101, uses_max=1,
        expires_at=taxed.clock.now() + DAY,
    )  # fmt: skip
    taxed.do(gifts.issue_coupon, coupon_of)
    with pytest.raises(orders.TotalChanged):
        taxed.do(
            paying.start_payment,
            paying.Start(SessionId(session), BuyerId(1), 11_400, Provider.WALLET, code="SUMMER"),
        )


@pytest.mark.parametrize("seed", range(12))
def test_every_minor_unit_of_random_carts_with_coupons_comes_back(market: Market, seed: int) -> None:
    dice = random.Random(seed)
    market.do(taxing.load_rules, taxing.NewRules(TABLE + (FEES if seed % 2 else "")))
    sellers = [market.seller(f"S{number}") for number in range(2)]
    listings = [
        market.listing(dice.choice(sellers), price=dice.randrange(1, 20_000), shipping=dice.randrange(0, 900))
        for _ in range(4)
    ]
    market.buyer(money=1_000_000)
    country, region = dice.choice([("DE", ""), ("US", "CA"), ("FR", "")])
    chosen = dice.sample(listings, dice.randrange(1, 5))
    session = hold(market, at(market, country, region), *((one, dice.randrange(1, 4)) for one in chosen))
    payer = dice.choice([0, int(market.house.catalog.listings.seller[chosen[0]])])
    bare = taxing.bare_lines(market.house, orders.session_of(market.house.orders, session))
    spent = sum(line.total_minor for line in bare if payer in {0, line.seller})
    if spent > 1:
        coupon(market, payer=payer, amount=dice.randrange(1, spent), spend=spent)
        begin(market, session, market.total(session))
    else:
        market.complete(session, 1)
    placed = range(1, len(market.house.orders.orders))
    late = dice.random() < 0.5
    for order in placed:
        if dice.random() < 0.2:
            market.cancel(order)
            continue
        released(market, order) if late else market.deliver(order)
        return_all(market, order, dice)
    market.days_pass(5)
    market.do(settlement.release_due)

    assert market.posted(Kind.WALLET, 1) == 1_000_000
    kinds = (
        Kind.ESCROW,
        Kind.SELLER_BALANCE,
        Kind.OPERATOR_FEES,
        Kind.TAX_PAYABLE,
        Kind.TAX_COLLECTED,
        Kind.PROMOTIONS,
    )
    table = market.house.ledger.accounts
    assert [int(table.posted[table.kind == kind].sum()) for kind in kinds] == [0] * len(kinds)
    assert market.findings() == []


def test_what_a_checkout_is_with_a_coupon_can_be_asked_before(taxed: Market) -> None:
    coupon(taxed, payer=1)
    session = hold(taxed, at(taxed, "US", "CA"))

    found = paying.price_with_coupon(
        taxed.house, paying.Considering(SessionId(session), BuyerId(1), "SPRING"), taxed.clock.now()
    )

    assert (found.currency, found.total_minor, found.discount_minor) == ("EUR", 11_310, 2_000)
    assert (found.parts.goods_minor, found.parts.shipping_minor, found.parts.added_minor) == (10_000, 500, 810)
    assert taxed.house.dealings.coupons[1].uses == 0
