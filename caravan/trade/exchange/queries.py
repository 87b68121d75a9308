"""What you can ask exchange: what money is worth in another currency, and where a quote stands."""

from collections.abc import Iterator
from typing import NamedTuple

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import QuoteId
from caravan.kernel.money import CURRENCIES, Money, alphabetic, exponent, numeric
from caravan.trade.exchange.model import Exchange, Quote


class Conversion(NamedTuple):
    """What an amount becomes: `mid_minor` by the rate alone, rounded down; the spread of it, rounded half up."""

    mid_minor: int
    spread_minor: int

    @property
    def received_minor(self) -> int:
        """Give what whoever exchanges gets."""
        return self.mid_minor - self.spread_minor


def convert(exchange: Exchange, amount_minor: int, *, unit: int, into: int) -> Conversion | None:
    """Say what an amount becomes in another currency; None where there is no rate. In whole numbers throughout."""
    if unit == into:
        return Conversion(amount_minor, 0)
    rate, other = exchange.rates.get(unit, 0), exchange.rates.get(into, 0)
    if not rate or not other:
        return None
    up, down = (10 ** exponent(alphabetic(one)) for one in (into, unit))
    mid = amount_minor * other * up // (rate * down)
    return Conversion(mid, (mid * exchange.terms.spread_basis_points + 5_000) // 10_000)


def near(exchange: Exchange, money: Money, currency: str) -> Money | None:
    """Give about what money is worth in another currency, by the rate alone; None in its own, and without a rate."""
    if not currency or currency == money.currency or currency not in CURRENCIES:
        return None
    converted = convert(exchange, money.amount, unit=numeric(money.currency), into=numeric(currency))
    return Money(converted.mid_minor, currency) if converted else None


class Price(NamedTuple):
    """What has to be paid, and what that gives by the rate alone, so that the spread leaves what is wanted."""

    paid_minor: int
    mid_minor: int


def price_of(exchange: Exchange, wanted_minor: int, *, unit: int, into: int) -> Price | None:
    """Say what has to be paid in one currency for exactly so much of another; None where there is no rate.

    Both are rounded up: neither the rate nor the spread gives a minor unit away.
    """
    rate, other = exchange.rates.get(unit, 0), exchange.rates.get(into, 0)
    if not rate or not other:
        return None
    mid = _up(wanted_minor * 10_000, 10_000 - exchange.terms.spread_basis_points)
    up, down = (10 ** exponent(alphabetic(one)) for one in (into, unit))
    return Price(_up(mid * rate * down, other * up), mid)


def _up(above: int, below: int) -> int:
    return -(-above // below)


def bound_quote(exchange: Exchange, session: int) -> Quote | None:
    """Give the quote that a checkout is to be paid at; None where it is paid in the market's currency."""
    number = exchange.bound.get(session, 0)
    return exchange.quotes[number] if number else None


def payment_quote(exchange: Exchange, payment: int, session: int) -> Quote | None:
    """Give the quote that a payment for a checkout is at: its own, or else the checkout's."""
    _, number = exchange.payments.get(payment, (0, 0))
    return exchange.quotes[number] if number else bound_quote(exchange, session)


def quote_of(exchange: Exchange, quote: QuoteId) -> Quote:
    """Give a quote. Refuses an unknown one with NotFound."""
    if not 0 < quote < len(exchange.quotes):
        raise NotFound("There is no such quote.")
    return exchange.quotes[quote]


def quote_state(quote: Quote, *, now: int) -> str:
    """Tell where a quote stands: open, taken or expired."""
    if quote.is_taken:
        return "taken"
    return "expired" if quote.expires_at <= now else "open"


def findings(exchange: Exchange) -> Iterator[str]:
    """Check that no quote gives more than its rate; give a sentence for each that does not hold."""
    for quote in exchange.quotes:
        if not 0 <= quote.spread_minor <= quote.mid_minor:
            yield f"Quote {quote.quote} keeps {quote.spread_minor} of {quote.mid_minor}."
    sums: dict[int, tuple[int, int, int]] = {}
    for paid in exchange.orders.values():
        before = sums.get(paid.quote, (0, 0, 0))
        sums[paid.quote] = (before[0] + paid.total, before[1] + paid.paid, before[2] + paid.spread)
        is_all, is_all_paid = paid.back == paid.total, (paid.paid_back, paid.spread_back) == (paid.paid, paid.spread)
        if not 0 <= paid.back <= paid.total or not 0 <= paid.paid_back <= paid.paid or is_all > is_all_paid:
            yield f"Of order {paid.order}, {paid.paid_back} of {paid.paid} went back for {paid.back} of {paid.total}."
    for number, shares in sums.items():
        quote = exchange.quotes[number]
        if shares != (quote.mid_minor - quote.spread_minor, quote.paid_minor, quote.spread_minor):
            yield f"The orders of quote {number} share {shares}."
