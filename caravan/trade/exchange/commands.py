"""What you can tell exchange: rates and terms, quotes, and that one was taken."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from caravan.events import exchange as events
from caravan.kernel.clock import DAY, Instant, instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import BuyerId, DisputeId, OrderId, PaymentId, QuoteId, SessionId
from caravan.kernel.money import AMOUNT_MAX, CURRENCIES, allocate, alphabetic, numeric
from caravan.trade.exchange.model import Exchange, Paid, Quote
from caravan.trade.exchange.ports import DayRates
from caravan.trade.exchange.queries import convert, price_of, quote_state

RATES_MAX = 200
RATE_MAX = 10**6
_SPREAD_MAX = 5_000
_SCALE = 10**9


class NoRate(Refusal):
    """There is no rate for this, or it is too old."""


class QuoteNotOpen(Refusal):
    """This quote was taken already, or has expired: ask for a new one."""


class PaysInOtherCurrency(Refusal):
    """This checkout is to be paid in another currency than the market's, which this way of paying can't."""


def set_rates(exchange: Exchange, told: DayRates, *, now: Instant) -> events.RatesSet:
    """Take the rates of a day in; currencies that Caravan does not know are passed over. Refuses an older day."""
    try:
        day = datetime.strptime(told.day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(f"A day is written as 2026-11-27, not {told.day[:20]!r}.", field="day") from None
    if instant(day) > now + DAY or instant(day) < exchange.day_at:
        raise Invalid(f"There are rates of {exchange.day or 'no day'} already, and none of days to come.", field="day")
    if not 0 < len(told.rates) <= RATES_MAX:
        raise Invalid(f"Rates are of 1 to {RATES_MAX} currencies.", field="rates")
    known = {currency: _scaled(rate) for currency, rate in told.rates.items() if currency in CURRENCIES}
    base = numeric(told.base)
    units = sorted(numeric(currency) for currency in known if currency != told.base)
    return events.RatesSet(
        at=now, source=told.source[:60], day=told.day, day_at=instant(day), base=base, units=tuple(units),
        rates_e9=tuple(known[alphabetic(unit)] for unit in units),
    )  # fmt: skip


def _scaled(rate: str) -> int:
    try:
        scaled = Decimal(rate.strip()) * _SCALE
    except InvalidOperation:
        raise Invalid(f"{rate[:20]!r} is no rate.", field="rates") from None
    if not scaled.is_finite() or not 0 < scaled <= RATE_MAX * _SCALE or scaled != scaled.to_integral_value():
        raise Invalid(f"A rate is above 0 and at most {RATE_MAX}, with nine digits after the point.", field="rates")
    return int(scaled)


def set_exchange_terms(
    *, spread_basis_points: int, quote_lasts: int, rates_last: int, now: Instant
) -> events.ExchangeTermsSet:
    """Set the terms. Refuses a spread above a half, and times that are none."""
    if not 0 <= spread_basis_points <= _SPREAD_MAX or min(quote_lasts, rates_last) <= 0:
        raise Invalid("A spread is 0 to 5,000 basis points, and times are above zero.", field="spread_basis_points")
    return events.ExchangeTermsSet(
        at=now, spread_basis_points=spread_basis_points, quote_lasts=quote_lasts, rates_last=rates_last
    )


def make_quote(
    exchange: Exchange, *, buyer: BuyerId, unit: int, paid_minor: int, into: int, now: Instant
) -> events.QuoteMade:
    """Say what an exchange gives. Refuses what has no rate or an old one, and what would give nothing."""
    if unit == into:
        raise Invalid("Money is exchanged into another currency.", field="currency")
    if not 0 < paid_minor <= AMOUNT_MAX:
        raise Invalid("An amount is above zero.", field="amount")
    given = convert(exchange, paid_minor, unit=unit, into=into)
    if given is None:
        raise NoRate
    _require_fresh(exchange, now=now)
    if not 0 < given.received_minor <= given.mid_minor <= AMOUNT_MAX:
        raise Invalid("This would give nothing, or more than can be counted.", field="amount")
    return events.QuoteMade(
        at=now, quote=QuoteId(len(exchange.quotes)), buyer=buyer, unit=unit, paid_minor=paid_minor, into=into,
        mid_minor=given.mid_minor, spread_minor=given.spread_minor, day=exchange.day,
        expires_at=now + exchange.terms.quote_lasts,
    )  # fmt: skip


def _require_fresh(exchange: Exchange, *, now: Instant) -> None:
    if exchange.day_at + exchange.terms.rates_last <= now:
        raise NoRate(f"The newest rates are of {exchange.day}: too old.", day=exchange.day)


def quote_price(
    exchange: Exchange, *, buyer: BuyerId, unit: int, into: int, wanted_minor: int, now: Instant
) -> events.QuoteMade:
    """Say what has to be paid in one currency so that exactly so much of another is there. Refuses as `make_quote` does."""
    if unit == into:
        raise Invalid("Money is exchanged into another currency.", field="currency")
    price = price_of(exchange, wanted_minor, unit=unit, into=into)
    if price is None:
        raise NoRate
    _require_fresh(exchange, now=now)
    if not 0 < price.paid_minor <= AMOUNT_MAX or price.mid_minor > AMOUNT_MAX:
        raise Invalid("This is more than can be counted in that currency.", field="currency")
    return events.QuoteMade(
        at=now, quote=QuoteId(len(exchange.quotes)), buyer=buyer, unit=unit, paid_minor=price.paid_minor, into=into,
        mid_minor=price.mid_minor, spread_minor=price.mid_minor - wanted_minor, day=exchange.day,
        expires_at=now + exchange.terms.quote_lasts,
    )  # fmt: skip


def bind_quote(*, quote: QuoteId, session: SessionId, now: Instant) -> events.QuoteBound:
    """Let a checkout be paid at a quote; 0 lets it be paid in the market's currency."""
    return events.QuoteBound(at=now, quote=quote, session=session)


def part_quote(exchange: Exchange, quote: Quote, *, wanted_minor: int, now: Instant) -> events.QuoteMade:
    """Say what a part of what a quote gives costs, at its own rate and spread; what is to be paid is rounded up."""
    whole = quote.mid_minor - quote.spread_minor
    assert 0 < wanted_minor <= whole, (quote, wanted_minor)
    spread = quote.spread_minor * wanted_minor // whole
    return events.QuoteMade(
        at=now, quote=QuoteId(len(exchange.quotes)), buyer=BuyerId(quote.buyer), unit=quote.unit,
        paid_minor=-(-quote.paid_minor * wanted_minor // whole), into=quote.into, mid_minor=wanted_minor + spread,
        spread_minor=spread, day=quote.day, expires_at=quote.expires_at,
    )  # fmt: skip


def quote_payment(*, payment: PaymentId, session: SessionId, quote: QuoteId, now: Instant) -> events.PaymentQuoted:
    """Let a payment for a checkout be at a quote of its own."""
    return events.PaymentQuoted(at=now, payment=payment, session=session, quote=quote)


def settle_orders(
    quote: Quote, *, orders: Sequence[int], totals_minor: Sequence[int], now: Instant
) -> list[events.OrderExchanged]:
    """Share what was paid, and the spread, out over the orders that it paid for; no minor unit is lost."""
    assert sum(totals_minor) == quote.mid_minor - quote.spread_minor, (quote, totals_minor)
    paid, spread = allocate(quote.paid_minor, totals_minor), allocate(quote.spread_minor, totals_minor)
    return [
        events.OrderExchanged(
            at=now,
            order=OrderId(order),
            quote=QuoteId(quote.quote),
            total_minor=total,
            paid_minor=its,
            spread_minor=kept,
        )
        for order, total, its, kept in zip(orders, totals_minor, paid, spread, strict=True)
    ]


def exchange_back(
    paid: Paid, *, amount_minor: int, now: Instant, paid_minor: int | None = None
) -> events.OrderExchangedBack:
    """Say what goes back with so much of an order's total: by rising shares, so that all of it is all that was paid.

    What a provider lets go is what it still keeps, which is told as `paid_minor`.
    """
    assert 0 < amount_minor <= paid.total - paid.back, (paid, amount_minor)
    after = paid.back + amount_minor
    return events.OrderExchangedBack(
        at=now, order=OrderId(paid.order), amount_minor=amount_minor,
        paid_minor=max(0, paid.paid * after // paid.total - paid.paid_back) if paid_minor is None else paid_minor,
        spread_minor=paid.spread * after // paid.total - paid.spread_back,
    )  # fmt: skip


def exchange_dispute(*, dispute: DisputeId, paid_minor: int, now: Instant) -> events.DisputeExchanged:
    """Note what a bank wants back in the currency that was paid."""
    return events.DisputeExchanged(at=now, dispute=dispute, paid_minor=paid_minor)


def check_quote(quote: Quote, *, buyer: BuyerId, now: Instant) -> None:
    """Refuse another's quote as not found, and one that is not open as QuoteNotOpen."""
    if quote.buyer != buyer:
        raise NotFound("There is no such quote.")
    state = quote_state(quote, now=now)
    if state != "open":
        raise QuoteNotOpen(f"This quote is {state}.", state=state)


def take_quote(quote: Quote, *, now: Instant) -> events.MoneyExchanged:
    """Note that a quote was taken, in the very decision in which the ledger moves the money."""
    return events.MoneyExchanged(at=now, quote=QuoteId(quote.quote))
