"""Checks exchange: every entry balances in both currencies, quotes stand and end, and rounding makes no money."""

import random

import pytest

from caravan.flows import exchanging, invariants
from caravan.flows import transfers as flow
from caravan.flows.exchanging import ExchangeTerms, Taking, Wish
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, QuoteId
from caravan.kernel.money import numeric
from caravan.trade import exchange, ledger
from tests.flows.market import Market
from tests.flows.test_transfers import named, sending, to_handle

DAY_OF_CLOCK = "2026-09-21"  # On which the fixed clock of the tests begins.
RATES = {"USD": "1.0825", "JPY": "163.27", "KWD": "0.33241", "GBP": "0.8345", "XAU": "0.0004"}
JPY, KWD, USD = 392, 414, 840


def rates(market: Market, day: str = DAY_OF_CLOCK, **changed: str) -> object:
    """Take in the rates of a day."""
    return market.do(exchanging.set_rates, exchange.DayRates("ECB", day, "EUR", RATES | changed))


def spread(market: Market, basis_points: int) -> None:
    market.do(exchanging.set_exchange_terms, ExchangeTerms(basis_points, MINUTE, 6 * DAY))


def quoted(market: Market, buyer: int, amount: int, into: str, currency: str = "EUR") -> QuoteId:
    """Ask what so much gives."""
    number = market.do(exchanging.quote_exchange, Wish(BuyerId(buyer), currency, amount, into))
    assert isinstance(number, int)
    return QuoteId(number)


def take(market: Market, buyer: int, quote: int) -> object:
    return market.do(exchanging.exchange_money, Taking(BuyerId(buyer), QuoteId(quote)))


@pytest.mark.parametrize(
    ("into", "mid", "kept"),
    [("JPY", 16_327, 82), ("KWD", 33_241, 166), ("USD", 10_825, 54)],
)
def test_a_hundred_euro_become_what_the_rate_says_in_the_digits_of_the_currency(
    market: Market, into: str, mid: int, kept: int
) -> None:
    rates(market)
    ana, unit = market.buyer(money=10_000), numeric(into)

    take(market, ana, quoted(market, ana, 10_000, into))

    assert market.posted(ledger.Kind.WALLET, ana) == 0
    assert market.posted(ledger.Kind.WALLET, ana, unit) == mid - kept
    assert market.posted(ledger.Kind.OPERATOR_FEES, 0, unit) == kept
    assert [market.posted(ledger.Kind.EXCHANGE, 0, one) for one in (978, unit)] == [10_000, -mid]


def test_between_two_that_are_not_the_base_both_rates_count(market: Market) -> None:
    rates(market, USD="2", JPY="100")
    ana = market.buyer(money=10_000)
    spread(market, 0)
    take(market, ana, quoted(market, ana, 10_000, "USD"))

    take(market, ana, quoted(market, ana, 20_000, "JPY", "USD"))

    assert market.posted(ledger.Kind.WALLET, ana, JPY) == 10_000


def test_a_quote_keeps_its_rate_and_its_spread_when_new_ones_come_in(market: Market) -> None:
    rates(market)
    ana = market.buyer(money=10_000)
    quote = quoted(market, ana, 10_000, "USD")
    rates(market, USD="3")
    spread(market, 5_000)

    take(market, ana, quote)

    assert market.posted(ledger.Kind.WALLET, ana, USD) == 10_825 - 54


def test_a_quote_is_taken_once_by_whom_it_was_made_for_and_before_it_ends(market: Market) -> None:
    rates(market)
    ana, eve = market.buyer(money=10_000), market.buyer(money=10_000)
    first, second, third = (quoted(market, ana, 1_000, "USD") for _ in range(3))
    for buyer, quote in ((eve, first), (ana, 99)):
        with pytest.raises(NotFound):
            take(market, buyer, quote)
    take(market, ana, first)
    market.clock.advance(2 * MINUTE - 1)
    take(market, ana, second)
    market.clock.advance(1)

    for quote, state in ((first, "taken"), (third, "expired")):
        with pytest.raises(exchange.QuoteNotOpen) as refused:
            take(market, ana, quote)
        assert refused.value.details["state"] == state


def test_more_than_the_wallet_holds_is_not_exchanged(market: Market) -> None:
    rates(market)
    ana = market.buyer(money=999)
    quote = quoted(market, ana, 1_000, "USD")

    with pytest.raises(ledger.InsufficientFunds):
        take(market, ana, quote)

    assert market.posted(ledger.Kind.WALLET, ana) == 999


def test_without_a_rate_or_with_an_old_one_nothing_is_quoted(market: Market) -> None:
    ana = market.buyer(money=1_000)
    with pytest.raises(exchange.NoRate):
        quoted(market, ana, 100, "USD")
    rates(market)
    with pytest.raises(exchange.NoRate):
        quoted(market, ana, 100, "SEK")
    market.days_pass(6)

    with pytest.raises(exchange.NoRate) as refused:
        quoted(market, ana, 100, "USD")

    assert refused.value.details["day"] == DAY_OF_CLOCK


@pytest.mark.parametrize(
    ("amount", "into"), [(0, "USD"), (-1, "USD"), (100, "EUR"), (10**15 + 1, "USD"), (10**15, "JPY")]
)
def test_what_cannot_be_exchanged_is_invalid(market: Market, amount: int, into: str) -> None:
    rates(market, JPY="100000")
    ana = market.buyer(money=1_000)

    with pytest.raises(Invalid):
        quoted(market, ana, amount, into)


def test_what_would_give_nothing_is_invalid(market: Market) -> None:
    rates(market, JPY="10")
    ana = market.buyer(money=1_000)

    with pytest.raises(Invalid):
        quoted(market, ana, 9, "JPY")


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-09-20", {}), ("2026-09-24", {}), ("yesterday", {}), (DAY_OF_CLOCK, {"USD": "0"}),
        (DAY_OF_CLOCK, {"USD": "-1"}), (DAY_OF_CLOCK, {"USD": "much"}), (DAY_OF_CLOCK, {"USD": "1.0000000001"}),
        (DAY_OF_CLOCK, {"USD": "NaN"}), (DAY_OF_CLOCK, {"USD": "1e9"}),
    ],
)  # fmt: skip
def test_rates_that_cannot_be_are_refused_and_the_old_ones_stay(market: Market, day: str, told: dict[str, str]) -> None:
    rates(market)

    with pytest.raises(Invalid):
        rates(market, day, **told)

    assert market.house.exchange.rates[USD] == 1_082_500_000


@pytest.mark.parametrize("terms", [(-1, 1, 1), (5_001, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_exchange_terms_that_cannot_be_are_refused(market: Market, terms: tuple[int, int, int]) -> None:
    with pytest.raises(Invalid):
        market.do(exchanging.set_exchange_terms, ExchangeTerms(*terms))


def test_money_is_sent_in_another_currency_in_one_step_or_not_at_all(market: Market) -> None:
    rates(market)
    ana, ben = market.buyer(money=10_000), market.buyer(money=0)
    named(market, ben, "ben")
    quote = quoted(market, ana, 10_000, "JPY")
    wanted = sending(ana, to_handle("ben"), 16_245)._replace(currency="JPY")
    with pytest.raises(Invalid):
        market.do(
            flow.send_across, flow.Across(wanted._replace(amount_minor=16_246, expected_total_minor=16_246), quote)
        )
    with pytest.raises(flow.PayeeUnknown):
        market.do(flow.send_across, flow.Across(wanted._replace(to=to_handle("nobody")), quote))
    assert market.posted(ledger.Kind.WALLET, ana) == 10_000

    market.do(flow.send_across, flow.Across(wanted, quote))

    assert market.posted(ledger.Kind.WALLET, ben, JPY) == 16_245
    assert [market.posted(ledger.Kind.WALLET, ana, unit) for unit in (978, JPY)] == [0, 0]
    with pytest.raises(exchange.QuoteNotOpen):
        market.do(flow.send_across, flow.Across(wanted, quote))


def test_what_is_sent_in_another_currency_counts_at_its_rate_against_the_limits(market: Market) -> None:
    rates(market)
    ana, ben = market.buyer(money=10_000), market.buyer(money=0)
    named(market, ben, "ben")
    take(market, ana, quoted(market, ana, 10_000, "JPY"))

    market.do(flow.send_money, sending(ana, to_handle("ben"), 16_000)._replace(currency="JPY"))

    assert market.house.transfers.sent[ana].day_minor == 9_799
    with pytest.raises(exchange.NoRate):
        market.do(flow.send_money, sending(ana, to_handle("ben"), 1)._replace(currency="SEK"))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_exchanged_books_balance_and_nobody_gains_by_going_round(market: Market, seed: int) -> None:
    roll = random.Random(seed)
    rates(market, **{currency: f"{10 ** roll.uniform(-2, 4):.6f}" for currency in ("USD", "JPY", "KWD", "GBP")})
    spread(market, roll.choice([0, 0, 1, 50, 300]))
    ana = market.buyer(money=100_000)
    currencies = ["EUR", "USD", "JPY", "KWD", "GBP"]

    for _ in range(80):
        currency, into = roll.sample(currencies, 2)
        free = market.posted(ledger.Kind.WALLET, ana, numeric(currency))
        if free and exchange.convert(market.house.exchange, free, unit=numeric(currency), into=numeric(into)):
            amount = roll.randint(1, free)
            try:
                take(market, ana, quoted(market, ana, amount, into, currency))
            except Invalid:
                continue

    worth = 0
    for unit in map(numeric, currencies):
        held = market.posted(ledger.Kind.WALLET, ana, unit)
        back = exchange.convert(market.house.exchange, held, unit=unit, into=978)
        assert back is not None
        worth += back.mid_minor
    assert 0 <= worth <= 100_000
    assert list(invariants.findings(market.house)) == []
    assert min(market.posted(ledger.Kind.WALLET, ana, numeric(currency)) for currency in currencies) >= 0


def test_a_quote_that_was_forged_in_the_books_is_found_out(market: Market) -> None:
    rates(market)
    ana = market.buyer(money=10_000)
    take(market, ana, quoted(market, ana, 1_000, "USD"))

    market.house.exchange.quotes[1].mid_minor += 1
    found = list(invariants.findings(market.house))
    market.house.exchange.quotes[1].mid_minor -= 1

    assert len(found) == 1
    assert "Exchange of 840" in found[0]


def test_the_terms_of_a_day_survive_a_replay(market: Market) -> None:
    rates(market)
    spread(market, 7)
    ana = market.buyer(money=10_000)
    take(market, ana, quoted(market, ana, 1_000, "KWD"))

    assert market.cell.digest() == market.replayed()
    assert market.house.exchange.rates[KWD] == 332_410_000
