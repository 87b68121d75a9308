"""Checks checkout in the buyer's currency: every row of postings, what is frozen, and that all of it comes back."""

import random
from collections.abc import Callable, Iterator

import pytest

from caravan.events.exchange import OrderExchangedBack
from caravan.flows import checkout, exchanging, invariants, settlement, shopping, taxing
from caravan.flows.exchanging import Choice, ExchangeTerms
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, MINUTE, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, ListingId, SessionId
from caravan.trade import exchange, ledger, orders
from caravan.trade.ledger import Kind
from tests.flows.market import EUR, Market
from tests.flows.test_claims import answer, claim
from tests.flows.test_exchanging import rates
from tests.flows.test_parcels import call_off, pack, send
from tests.flows.test_taxing import FEES, TABLE, at, hold, return_all

JPY, KWD, GBP = 392, 414, 826
UNITS = {"JPY": JPY, "KWD": KWD, "GBP": GBP}
# 100 euro with half a percent of spread: 100.51 (rounded up) by the rate, of which 0.51 is kept.
PRICES = {"JPY": 16_411, "KWD": 33_411, "GBP": 8_388}


@pytest.fixture
def shop(market: Market) -> Iterator[Market]:
    """Lend a market with rates, a seller with a mug at 100, and a buyer with 1,000 pounds, dinars and 100,000 yen."""
    rates(market)
    market.do(exchanging.set_exchange_terms, ExchangeTerms(50, MINUTE, 6 * DAY))
    market.listing(market.seller(), price=10_000)
    market.buyer(money=0)
    for unit, amount in ((JPY, 100_000), (KWD, 1_000_000), (GBP, 100_000)):
        put(market, 1, unit, amount)
    yield market
    market.restart()
    assert market.findings() == []


def put(market: Market, buyer: int, unit: int, amount: int) -> None:
    """Put money of a currency into a wallet."""
    market.one(
        settlement.top_up,
        settlement.TopUps(
            at=integers(market.clock.now()), buyers=integers(buyer), units=integers(unit), amounts=integers(amount),
            suspense=integers(0), methods=["bank"], references=["r"],
        ),
    )  # fmt: skip


def choose(market: Market, session: int, currency: str, buyer: int = 1) -> exchange.Quote | None:
    """Ask what a checkout costs in a currency."""
    market.do(exchanging.choose_currency, Choice(SessionId(session), BuyerId(buyer), currency))
    return exchange.bound_quote(market.house.exchange, session)


def complete(market: Market, session: int, amount: int, currency: str) -> object:
    """Click on buy, at a price in a currency."""
    wanted = checkout.Completion(SessionId(session), BuyerId(1), amount, currency)
    return market.one(checkout.complete_sessions, wanted)


def bought(market: Market, currency: str, *lines: tuple[int, int], session: int = 0) -> int:
    """Buy in a currency; give the first order."""
    session = session or market.hold(1, *((ListingId(one), units) for one, units in lines or ((1, 1),)))
    quote = choose(market, session, currency)
    assert quote is not None
    purchase = complete(market, session, quote.paid_minor, currency)
    assert isinstance(purchase, int)
    return int(market.house.orders.purchases.first_order[purchase])


def changes(market: Market, unit: int, tell: Callable[[], object]) -> dict[str, int]:
    """Do something, and give what it changed on each account of both currencies."""
    accounts = {
        "wallet": (Kind.WALLET, 1, EUR), "theirs": (Kind.WALLET, 1, unit), "escrow": (Kind.ESCROW, 1, EUR),
        "seller": (Kind.SELLER_BALANCE, 1, EUR), "fees": (Kind.OPERATOR_FEES, 0, EUR), "tax": (Kind.TAX_PAYABLE, 0, EUR),
        "exchange": (Kind.EXCHANGE, 0, EUR), "exchange:theirs": (Kind.EXCHANGE, 0, unit),
    }  # fmt: skip
    before = {name: market.posted(*account) for name, account in accounts.items()}
    tell()
    after = {name: market.posted(*account) for name, account in accounts.items()}
    return {name: after[name] - before[name] for name in accounts if after[name] != before[name]}


@pytest.mark.parametrize(("currency", "price"), PRICES.items())
def test_a_hundred_euro_in_each_digits_and_the_seller_gets_euro(shop: Market, currency: str, price: int) -> None:
    unit = UNITS[currency]

    def buy() -> None:
        assert bought(shop, currency) == 1

    # The money is in the wallet in euro, held for the order; the spread is the operator's.
    assert changes(shop, unit, buy) == {
        "wallet": 10_000, "theirs": -price, "fees": 51, "exchange": -10_051, "exchange:theirs": price,
    }  # fmt: skip
    assert shop.held(Kind.WALLET, 1) == 10_000
    assert changes(shop, unit, lambda: shop.deliver(1)) == {"wallet": -10_000, "escrow": 10_000}
    shop.days_pass(4)
    assert changes(shop, unit, lambda: shop.do(settlement.release_due)) == {
        "escrow": -10_000, "seller": 8_800, "fees": 1_000, "tax": 200,
    }  # fmt: skip


@pytest.mark.parametrize(("currency", "price"), PRICES.items())
def test_what_is_called_off_comes_back_whole_at_the_frozen_rate(shop: Market, currency: str, price: int) -> None:
    bought(shop, currency)
    rates(shop, "2026-09-22", JPY="1.0", KWD="9.9", GBP="9.9")

    assert changes(shop, UNITS[currency], lambda: shop.cancel(1, buyer=1)) == {
        "wallet": -10_000, "theirs": price, "fees": -51, "exchange": 10_051, "exchange:theirs": -price,
    }  # fmt: skip
    assert shop.held(Kind.WALLET, 1) == 0


def test_a_refund_before_release_and_the_rest_after_it_are_all_that_was_paid(shop: Market) -> None:
    bought(shop, "JPY", (1, 2))
    shop.deliver(1)
    price = shop.house.exchange.orders[1].paid

    first = changes(shop, JPY, lambda: shop.take_back(1, refund=3_333))
    shop.days_pass(4)
    shop.do(settlement.release_due)
    second = changes(shop, JPY, lambda: shop.take_back(1, refund=16_667))

    # 20,101 by the rate, of which 101 is spread: 201.01 * 163.27 is 32,818.9 yen.
    assert price == 32_819
    assert first == {
        "theirs": 5_469, "escrow": -3_333, "fees": -16, "exchange": 3_349, "exchange:theirs": -5_469,
    }  # fmt: skip
    assert second["theirs"] == price - 5_469
    assert second["exchange"] == 16_667 + 85
    assert [shop.posted(Kind.EXCHANGE, 0, unit) for unit in (EUR, JPY)] == [0, 0]
    assert shop.posted(Kind.WALLET, 1, JPY) == 100_000


def test_a_quote_expires_with_a_clear_next_step(shop: Market) -> None:
    session = shop.hold(1, (ListingId(1), 1))
    quote = choose(shop, session, "JPY")
    assert quote is not None
    shop.clock.advance(MINUTE)

    with pytest.raises(exchange.QuoteNotOpen, match="expired") as refused:
        complete(shop, session, quote.paid_minor, "JPY")
    assert refused.value.details["state"] == "expired"
    again = choose(shop, session, "JPY")

    assert again is not None
    assert complete(shop, session, again.paid_minor, "JPY") == 1


def test_a_quote_of_a_checkout_is_taken_by_nothing_else(shop: Market) -> None:
    session = shop.hold(1, (ListingId(1), 1))
    quote = choose(shop, session, "JPY")
    assert quote is not None

    with pytest.raises(exchange.QuoteNotOpen, match="for a checkout"):
        shop.do(exchanging.exchange_money, exchanging.Taking(BuyerId(1), quote.quote))  # type: ignore[arg-type]

    assert complete(shop, session, quote.paid_minor, "JPY") == 1
    with pytest.raises(exchange.QuoteNotOpen, match="taken"):
        shop.do(exchanging.exchange_money, exchanging.Taking(BuyerId(1), quote.quote))  # type: ignore[arg-type]


def test_a_checkout_that_goes_elsewhere_needs_a_new_quote(shop: Market) -> None:
    shop.do(taxing.load_rules, taxing.NewRules(TABLE))
    session = hold(shop, at(shop, "DE"))
    quote = choose(shop, session, "JPY")
    assert quote is not None
    shop.do(shopping.reserve, shop.step(session, 1, at(shop, "US", "CA")))

    with pytest.raises(exchange.QuoteNotOpen, match="costs something else") as refused:
        complete(shop, session, quote.paid_minor, "JPY")

    assert refused.value.details["state"] == "stale"
    assert bought(shop, "JPY", session=session) == 1
    assert int(shop.house.orders.orders.total[1]) == 11_000


@pytest.mark.parametrize(("amount", "currency"), [(16_410, "JPY"), (16_411, "GBP"), (10_000, "EUR"), (10_000, "")])
def test_another_price_than_the_quotes_is_refused(shop: Market, amount: int, currency: str) -> None:
    session = shop.hold(1, (ListingId(1), 1))
    choose(shop, session, "JPY")

    with pytest.raises(orders.TotalChanged):
        complete(shop, session, amount, currency)


def test_a_price_in_a_currency_that_nobody_asked_for_is_refused(shop: Market) -> None:
    session = shop.hold(1, (ListingId(1), 1))

    with pytest.raises(orders.TotalChanged):
        complete(shop, session, 16_411, "JPY")


def test_a_wallet_that_holds_too_little_pays_nothing_and_keeps_the_checkout(shop: Market) -> None:
    session = shop.hold(1, (ListingId(1), 8))

    with pytest.raises(ledger.InsufficientFunds) as refused:
        bought(shop, "JPY", session=session)

    assert refused.value.details["available_minor"] == 100_000
    assert shop.house.orders.sessions[session].status == orders.SessionStatus.READY
    assert [shop.posted(Kind.EXCHANGE, 0, unit) for unit in (EUR, JPY)] == [0, 0]


def test_the_markets_own_currency_takes_the_choice_back(shop: Market) -> None:
    shop.top_up(1, 10_000)
    session = shop.hold(1, (ListingId(1), 1))
    choose(shop, session, "JPY")

    assert choose(shop, session, "EUR") is None
    assert choose(shop, session, "EUR") is None
    assert shop.complete(session, 1) == 1
    assert shop.house.exchange.orders == {}


def test_a_checkout_that_is_over_has_no_quote_and_gets_none(shop: Market) -> None:
    session = shop.hold(1, (ListingId(1), 1))
    choose(shop, session, "JPY")
    shop.do(shopping.cancel_checkout, shop.step(session, 1))

    assert shop.house.exchange.bound == {}
    with pytest.raises(orders.SessionNotReady):
        choose(shop, session, "JPY")


def test_anothers_checkout_is_not_found(shop: Market) -> None:
    session = shop.hold(1, (ListingId(1), 1))

    with pytest.raises(NotFound):
        choose(shop, session, "JPY", shop.buyer())


def test_without_a_rate_or_with_an_old_one_nothing_is_quoted(shop: Market) -> None:
    session = shop.hold(1, (ListingId(1), 1))
    with pytest.raises(exchange.NoRate):
        choose(shop, session, "BRL")
    with pytest.raises(Invalid):
        choose(shop, session, "ZZZ")

    shop.days_pass(7)
    with pytest.raises(exchange.NoRate, match="too old"):
        choose(shop, shop.hold(1, (ListingId(1), 1)), "JPY")


def test_several_clicks_that_arrive_together_are_each_settled_in_its_currency(shop: Market) -> None:
    ben = shop.buyer()
    in_yen, in_dinar, own = (shop.hold(buyer, (ListingId(1), 1)) for buyer in (1, 1, ben))
    yen, dinar = choose(shop, in_yen, "JPY"), choose(shop, in_dinar, "KWD")
    assert yen is not None
    assert dinar is not None

    answers = shop.many(
        checkout.complete_sessions,
        checkout.Completion(SessionId(in_yen), BuyerId(1), yen.paid_minor, "JPY"),
        checkout.Completion(SessionId(own), ben, 10_000),
        checkout.Completion(SessionId(in_dinar), BuyerId(1), dinar.paid_minor - 1, "KWD"),
        checkout.Completion(SessionId(in_yen), BuyerId(1), yen.paid_minor, "JPY"),
        checkout.Completion(SessionId(in_dinar), BuyerId(1), dinar.paid_minor, "KWD"),
    )

    kinds = [type(answer) for answer in answers]
    assert kinds[:2] == [int, int]
    assert kinds[2] is orders.TotalChanged
    assert kinds[3] is orders.SessionNotReady
    assert {order: paid.paid for order, paid in shop.house.exchange.orders.items()} == {2: 16_411}


def test_what_is_called_off_of_an_order_in_parcels_comes_back_and_the_rest_is_all_that_was_paid(shop: Market) -> None:
    bought(shop, "JPY", (1, 3))
    price = shop.house.exchange.orders[1].paid
    parcel = pack(shop, {0: 1})
    send(shop, parcel)

    first = changes(shop, JPY, lambda: call_off(shop))

    # Two thirds of what was paid, and of 151 of spread: the held part goes free, and on into yen.
    assert first == {
        "wallet": -20_000, "theirs": price * 2 // 3, "fees": -100, "exchange": 20_100, "exchange:theirs": -(price * 2 // 3),
    }  # fmt: skip
    shop.scan(parcel)
    shop.take_back(1, refund=10_000)
    assert shop.posted(Kind.WALLET, 1, JPY) == 100_000
    assert [shop.posted(Kind.EXCHANGE, 0, unit) for unit in (EUR, JPY)] == [0, 0]


def test_a_claim_is_paid_back_in_the_currency_of_the_buyer(shop: Market) -> None:
    bought(shop, "KWD")
    shop.deliver(1)
    claim(shop, 1, amount=2_500)

    moved = changes(shop, KWD, lambda: answer(shop, 2_500))

    assert moved["theirs"] == PRICES["KWD"] // 4
    assert "wallet" not in moved


def test_a_price_pays_exactly_what_is_wanted_in_every_currency() -> None:
    dice, known = random.Random(7), exchange.Exchange()
    known.rates = {EUR: 10**9, JPY: 163_270_000_000, KWD: 332_410_000, GBP: 834_500_000}

    for _ in range(5_000):
        unit, into = dice.sample((EUR, JPY, KWD, GBP), 2)
        wanted = dice.choice((dice.randint(1, 99), dice.randint(1, 10**9)))
        price = exchange.price_of(known, wanted, unit=unit, into=into)
        assert price is not None
        by_rate = exchange.convert(known, price.paid_minor, unit=unit, into=into)
        one_less = exchange.convert(known, price.paid_minor - 1, unit=unit, into=into)
        assert by_rate is not None
        assert one_less is not None
        assert one_less.mid_minor < price.mid_minor <= by_rate.mid_minor
        assert 0 <= price.mid_minor - wanted - (price.mid_minor * 50) // 10_000 <= 1


def frame(market: Market, dice: random.Random) -> None:
    """Sell three things of two sellers, with taxes and rates."""
    market.do(taxing.load_rules, taxing.NewRules(TABLE + FEES))
    rates(market)
    market.do(exchanging.set_exchange_terms, ExchangeTerms(dice.choice((0, 1, 50, 333)), MINUTE, 300 * DAY))
    market.buyer(money=0)
    for name in ("Ana", "Bea"):
        market.listing(market.seller(name), price=dice.randint(1, 20_000), shipping=dice.randint(0, 999), stock=500)
    market.listing(1, price=dice.randint(100, 20_000), shipping=dice.randint(0, 999), stock=500)
    for unit in (JPY, KWD, GBP):
        put(market, 1, unit, 10_000_000)


@pytest.mark.parametrize("seed", range(8))
def test_every_minor_unit_of_random_carts_in_random_currencies_comes_back(market: Market, seed: int) -> None:
    dice = random.Random(seed)
    frame(market, dice)

    for _ in range(3):
        cart = [(listing, dice.randint(1, 3)) for listing in dice.sample((1, 2, 3), dice.randint(1, 3))]
        place = at(market, *dice.choice((("DE", ""), ("US", "CA"), ("FR", ""), ("GB", ""))))
        first = bought(market, dice.choice(("JPY", "KWD", "GBP")), session=hold(market, place, *cart))
        for order in [order for order in market.house.exchange.orders if order >= first]:
            if dice.random() < 0.3:
                market.cancel(order)
                continue
            market.deliver(order)
            if dice.random() < 0.5:
                market.days_pass(4)
                market.do(settlement.release_due)
            return_all(market, order, dice)

    market.days_pass(4)
    market.do(settlement.release_due)
    kinds = (
        Kind.ESCROW, Kind.SELLER_BALANCE, Kind.OPERATOR_FEES, Kind.TAX_PAYABLE, Kind.TAX_COLLECTED, Kind.EXCHANGE,
    )  # fmt: skip
    assert {kind: set(ledger.totals(market.house.ledger, kind).values()) - {0} for kind in kinds} == {
        kind: set() for kind in kinds
    }
    assert [market.posted(Kind.WALLET, 1, unit) for unit in (JPY, KWD, GBP, EUR)] == [10_000_000] * 3 + [0]
    assert market.findings() == []


def test_the_books_cry_where_a_refund_goes_back_at_the_rate_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market()
    market.open()
    frame(market, random.Random(1))
    order = bought(market, "JPY", (3, 2))
    market.deliver(order)
    real = exchange.exchange_back

    def careless(paid: exchange.Paid, *, amount_minor: int, now: Instant) -> OrderExchangedBack:
        fact = real(paid, amount_minor=amount_minor, now=now)
        return OrderExchangedBack(
            at=fact.at, order=fact.order, amount_minor=fact.amount_minor, paid_minor=fact.paid_minor - 1,
            spread_minor=fact.spread_minor,
        )  # fmt: skip

    monkeypatch.setattr(exchange, "exchange_back", careless)
    return_all(market, order, random.Random(2))

    assert any(f"Of order {order}" in finding for finding in invariants.findings(market.house))
    market.close()


def test_the_books_cry_where_what_comes_back_is_left_in_the_markets_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market()
    market.open()
    frame(market, random.Random(1))
    order = bought(market, "JPY", (3, 1))
    market.deliver(order)

    monkeypatch.setattr(exchanging, "give_back", lambda *_, **__: [])
    return_all(market, order, random.Random(2))

    assert market.posted(Kind.WALLET, 1) > 0
    assert market.posted(Kind.WALLET, 1, JPY) < 10_000_000
    market.close()
