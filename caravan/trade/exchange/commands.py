"""What you can tell exchange: rates and terms, quotes, and that one was taken."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from caravan.events import exchange as events
from caravan.kernel.clock import DAY, Instant, instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import BuyerId, QuoteId
from caravan.kernel.money import AMOUNT_MAX, CURRENCIES, alphabetic, numeric
from caravan.trade.exchange.model import Exchange, Quote
from caravan.trade.exchange.ports import DayRates
from caravan.trade.exchange.queries import convert, quote_state

RATES_MAX = 200
RATE_MAX = 10**6
_SPREAD_MAX = 5_000
_SCALE = 10**9


class NoRate(Refusal):
    """There is no rate for this, or it is too old."""


class QuoteNotOpen(Refusal):
    """This quote was taken already, or has expired: ask for a new one."""


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
    if exchange.day_at + exchange.terms.rates_last <= now:
        raise NoRate(f"The newest rates are of {exchange.day}: too old.", day=exchange.day)
    if not 0 < given.received_minor <= given.mid_minor <= AMOUNT_MAX:
        raise Invalid("This would give nothing, or more than can be counted.", field="amount")
    return events.QuoteMade(
        at=now, quote=QuoteId(len(exchange.quotes)), buyer=buyer, unit=unit, paid_minor=paid_minor, into=into,
        mid_minor=given.mid_minor, spread_minor=given.spread_minor, day=exchange.day,
        expires_at=now + exchange.terms.quote_lasts,
    )  # fmt: skip


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
