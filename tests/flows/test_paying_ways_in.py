"""Checks coupons, bank transfers and cash in the buyer's currency: exact amounts, late money, and all of it comes back."""

import random
from collections.abc import Iterator

import pytest

from caravan.flows import exchanging, opening, paying, reconciling, settlement, shopping
from caravan.flows.exchanging import ExchangeTerms
from caravan.kernel.clock import DAY, MINUTE, Instant, iso
from caravan.kernel.ids import BuyerId, SessionId
from caravan.kernel.money import alphabetic
from caravan.trade import exchange, payments
from caravan.trade.exchange import DayRates
from caravan.trade.ledger import Kind
from caravan.trade.payments import CashRefused, Provider
from caravan.world import markets
from tests.flows.market import EUR, Market
from tests.flows.test_couponed import coupon
from tests.flows.test_exchanging import rates
from tests.flows.test_paying_in import GBP, JPY, KWD, UNITS, choose, put
from tests.flows.test_taxing import at, hold, return_all

OWN = (Kind.WALLET, Kind.SELLER_BALANCE, Kind.OPERATOR_FEES, Kind.TAX_PAYABLE, Kind.EXCHANGE, Kind.ESCROW, Kind.PROMOTIONS,
       Kind.AUTHORIZED, Kind.PSP_CLEARING)  # fmt: skip


@pytest.fixture
def shop(market: Market) -> Iterator[Market]:
    """Lend a market that takes cash and transfers, with rates, a mug at 100, and a buyer with 100,000 yen and 1,000 dinars."""
    rates(market)
    market.do(exchanging.set_exchange_terms, ExchangeTerms(50, 2 * MINUTE, 6 * DAY))
    market.do(opening.set_money_terms, markets.MoneyTerms(cash_minor_max=50_000, takes_transfers=True))
    market.listing(market.seller(), price=10_000)
    market.buyer(money=0)
    for unit, amount in ((JPY, 100_000), (KWD, 1_000_000), (GBP, 100_000)):
        put(market, 1, unit, amount)
    yield market
    market.restart()
    assert market.findings() == []


def begin(market: Market, session: int, currency: str, provider: Provider, code: str = "") -> payments.Deal:
    quote = choose(market, session, currency)
    assert quote is not None
    start = paying.Start(SessionId(session), BuyerId(1), quote.paid_minor, provider, code=code, currency=currency)
    number = market.do(paying.start_payment, start)
    assert isinstance(number, int)
    return market.house.dealings.deals[number]


def posted(market: Market, unit: int, *kinds: Kind) -> list[int]:
    """Give what is on all accounts of each kind; of clearing, without what top-ups brought in."""
    table = market.house.ledger.accounts
    chosen = (table.unit == unit) & ((table.kind != Kind.PSP_CLEARING) | (table.owner > 0))
    return [int(table.posted[(table.kind == kind) & chosen].sum()) for kind in kinds]


def transfer(market: Market, deal: payments.Deal, amount: int, line: str = "l1") -> None:
    text = f"for PAY_{deal.payment:012d}"
    told = reconciling.Statement([payments.StatementLine(line, Instant(1), deal.unit, amount, text)])
    market.do(reconciling.take_statement, told)


# Of 100 euro a coupon pays 20: the buyer pays 80 % of the price, rounded up.
@pytest.mark.parametrize(("currency", "price", "paid"), [("JPY", 16_411, 13_129), ("KWD", 33_411, 26_729)])
@pytest.mark.parametrize("payer", [0, 1])
def test_a_coupon_pays_its_part_in_euro_and_the_buyer_the_rest_in_theirs(
    shop: Market, currency: str, price: int, paid: int, payer: int
) -> None:
    coupon(shop, payer=payer)
    session, unit = shop.hold(1, (1, 1)), UNITS[currency]  # type: ignore[arg-type]
    before = posted(shop, unit, Kind.WALLET)[0]

    deal = begin(shop, session, currency, Provider.WALLET, "SPRING")

    assert (deal.amount, deal.discount) == (paid, 2_000)
    assert posted(shop, unit, Kind.WALLET, Kind.EXCHANGE) == [before - paid, paid]
    # 80 of it is exchanged, with 0.40 of spread; 20 is the coupon's, and 100 is held for the order.
    assert posted(shop, EUR, Kind.EXCHANGE, Kind.OPERATOR_FEES) == [-8_040, 40]
    assert posted(shop, EUR, Kind.SELLER_BALANCE if payer else Kind.PROMOTIONS) == [-2_000]
    assert shop.held(Kind.WALLET, 1) == 10_000
    quote = exchange.payment_quote(shop.house.exchange, 0, session)
    assert quote is None  # It is over with the checkout.
    assert shop.house.exchange.quotes[1].paid_minor == price
    shop.cancel(1)
    assert posted(shop, unit, Kind.WALLET, Kind.EXCHANGE) == [before, 0]
    assert posted(shop, EUR, *OWN) == [0] * len(OWN)


def test_a_card_charges_what_the_coupon_leaves(shop: Market) -> None:
    coupon(shop, payer=0)
    session = shop.hold(1, (1, 1))  # type: ignore[arg-type]

    deal = begin(shop, session, "JPY", Provider.CARD, "SPRING")
    shop.do(paying.settle_payment, paying.Told(deal.payment, payments.Answer(payments.Answered.AUTHORIZED, "ch_1")))  # type: ignore[arg-type]

    funding = shop.house.dealings.fundings[1]
    assert (funding.promised, funding.discount, alphabetic(funding.unit)) == (13_129, 2_000, "JPY")
    shop.cancel(1)
    assert posted(shop, JPY, Kind.AUTHORIZED, Kind.EXCHANGE, Kind.PSP_CLEARING) == [0, 0, 0]
    assert posted(shop, EUR, *OWN) == [0] * len(OWN)


def test_a_transfer_in_time_pays_what_was_quoted_however_old_the_quote(shop: Market) -> None:
    deal = begin(shop, shop.hold(1, (1, 1)), "JPY", Provider.TRANSFER)  # type: ignore[arg-type]
    assert (deal.amount, alphabetic(deal.unit)) == (16_411, "JPY")
    shop.days_pass(2)

    transfer(shop, deal, 16_000)
    assert len(shop.house.orders.orders) == 1  # Not enough yet.
    transfer(shop, deal, 500, "l2")

    assert len(shop.house.orders.orders) == 2
    assert posted(shop, JPY, Kind.WALLET, Kind.EXCHANGE, Kind.BANK) == [100_000 + 89, 16_411, -16_500]
    shop.deliver(1)
    shop.days_pass(4)
    shop.settle()
    assert posted(shop, EUR, Kind.EXCHANGE, Kind.WALLET, Kind.ESCROW) == [-10_051, 0, 0]


def late(shop: Market, eur_in_yen: str, provider: Provider = Provider.TRANSFER) -> payments.Deal:
    """Begin a transfer, let it expire, and let the rate be another; give it."""
    deal = begin(shop, shop.hold(1, (1, 1)), "JPY", provider)  # type: ignore[arg-type]
    shop.days_pass(6)
    shop.do(paying.expire_payments)
    shop.do(shopping.expire_checkouts)
    told = DayRates(
        source="ECB",
        day=iso(shop.clock.now())[:10],
        base="EUR",
        rates={"JPY": eur_in_yen, "KWD": "0.33241", "GBP": "0.8346"},
    )
    shop.do(exchanging.set_rates, told)
    return deal


def test_money_that_comes_late_is_revalued_and_what_is_over_stays_in_the_wallet(shop: Market) -> None:
    deal = late(shop, "150.00")

    transfer(shop, deal, 16_411)

    # At 150 yen a euro, 100.51 euro cost 15,077.
    assert len(shop.house.orders.orders) == 2
    assert posted(shop, JPY, Kind.WALLET, Kind.EXCHANGE) == [100_000 + 16_411 - 15_077, 15_077]
    assert shop.house.exchange.orders[1].paid == 15_077
    shop.cancel(1)
    assert posted(shop, JPY, Kind.WALLET, Kind.EXCHANGE) == [116_411, 0]


def test_money_that_comes_late_and_is_too_little_by_now_is_the_buyers_to_the_last_yen(shop: Market) -> None:
    deal = late(shop, "180.00")

    transfer(shop, deal, 16_411)

    assert (len(shop.house.orders.orders), deal.reason) == (1, "revalued")
    assert posted(shop, JPY, Kind.WALLET, Kind.EXCHANGE) == [116_411, 0]
    assert shop.units(1)["available"] == 10


def test_a_transfer_whose_money_was_spent_meanwhile_places_nothing_and_takes_the_statement(shop: Market) -> None:
    deal = begin(shop, shop.hold(1, (1, 1)), "JPY", Provider.TRANSFER)  # type: ignore[arg-type]
    transfer(shop, deal, 16_000)
    quote = shop.do(exchanging.quote_exchange, exchanging.Wish(BuyerId(1), "JPY", 116_000, "GBP"))
    shop.do(exchanging.exchange_money, exchanging.Taking(BuyerId(1), quote))  # type: ignore[arg-type]

    transfer(shop, deal, 411, "l2")

    assert (len(shop.house.orders.orders), deal.reason) == (1, "insufficient_funds")
    assert posted(shop, JPY, Kind.WALLET) == [411]


@pytest.mark.parametrize(("country", "currency", "price"), [("JP", "JPY", 16_411), ("KW", "KWD", 33_411)])
def test_cash_is_collected_in_the_currency_of_where_the_parcel_goes(
    shop: Market, country: str, currency: str, price: int
) -> None:
    unit = UNITS[currency]
    begin(shop, hold(shop, at(shop, country)), currency, Provider.CASH)
    assert posted(shop, unit, Kind.AUTHORIZED, Kind.EXCHANGE) == [-price, price]
    shop.hand_over(1)

    shop.do(paying.settle_cash, paying.CashWord(1, was_paid=True))  # type: ignore[arg-type]

    assert posted(shop, unit, Kind.AUTHORIZED, Kind.PSP_CLEARING) == [0, -price]
    assert posted(shop, EUR, Kind.ESCROW) == [10_000]
    before = posted(shop, unit, Kind.WALLET)[0]
    shop.scan(1)
    shop.take_back(1, refund=10_000)
    assert posted(shop, unit, Kind.WALLET, Kind.EXCHANGE) == [before + price, 0]


def test_cash_that_nobody_paid_at_the_door_leaves_nothing_anywhere(shop: Market) -> None:
    coupon(shop, payer=1)
    begin(shop, hold(shop, at(shop, "JP")), "JPY", Provider.CASH, "SPRING")
    shop.hand_over(1)

    shop.do(paying.settle_cash, paying.CashWord(1, was_paid=False))  # type: ignore[arg-type]

    assert posted(shop, JPY, Kind.AUTHORIZED, Kind.EXCHANGE, Kind.PSP_CLEARING) == [0, 0, 0]
    assert posted(shop, EUR, *OWN) == [0] * len(OWN)


def test_cash_in_a_currency_that_nobody_has_at_the_door_is_refused_with_the_one_that_is_taken(shop: Market) -> None:
    session = hold(shop, at(shop, "GB"))

    with pytest.raises(CashRefused, match="GBP"):
        begin(shop, session, "JPY", Provider.CASH)


def test_cards_in_dinars_are_refused_with_the_reason(shop: Market) -> None:
    with pytest.raises(exchange.PaysInOtherCurrency, match="KWD"):
        begin(shop, shop.hold(1, (1, 1)), "KWD", Provider.CARD)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(16))
def test_every_minor_unit_comes_back_whatever_way_it_was_paid(shop: Market, seed: int) -> None:
    dice = random.Random(seed)
    currency = dice.choice(["JPY", "KWD", "GBP"])
    unit = UNITS[currency]
    provider = dice.choice(
        [Provider.WALLET, Provider.TRANSFER, Provider.CARD if currency != "KWD" else Provider.WALLET]
    )
    sellers = [1, shop.seller("Rui")]
    listings = [
        shop.listing(dice.choice(sellers), price=dice.randrange(50, 9_000), shipping=dice.randrange(0, 300))
        for _ in range(3)
    ]
    session = shop.hold(1, *((one, dice.randrange(1, 4)) for one in listings))
    payer = dice.choice([0, int(shop.house.catalog.listings.seller[listings[0]])])
    spent = sum(line.total_minor for line in shop.house.orders.sessions[session].lines if payer in {0, line.seller})
    coupon(shop, payer=payer, amount=dice.randrange(1, spent), spend=spent)
    before = posted(shop, unit, Kind.WALLET)[0]
    deal = begin(shop, session, currency, provider, "SPRING")
    if provider == Provider.TRANSFER:
        transfer(shop, deal, deal.amount)
        before += deal.amount
    if provider == Provider.CARD:
        shop.do(paying.settle_payment, paying.Told(deal.payment, payments.Answer(payments.Answered.AUTHORIZED, "ch_1")))  # type: ignore[arg-type]
    for order in range(1, len(shop.house.orders.orders)):
        if dice.random() < 0.3 or provider == Provider.CARD:
            shop.cancel(order)
            continue
        shop.deliver(order)
        if dice.random() < 0.5:
            shop.days_pass(4)
            shop.do(settlement.release_due)
        return_all(shop, order, dice)
    shop.days_pass(5)
    shop.do(settlement.release_due)

    assert posted(shop, unit, Kind.WALLET, Kind.EXCHANGE, Kind.AUTHORIZED) == [before, 0, 0]
    assert posted(shop, EUR, *OWN) == [0] * len(OWN)
