"""What happens between currencies: rates come in, the operator sets terms, quotes are given, money is exchanged."""

from caravan.kernel.event import Event
from caravan.kernel.ids import BuyerId, DisputeId, OrderId, PaymentId, QuoteId, SessionId


class RatesSet(Event, frozen=True, kw_only=True, tag="exchange.rates_set.v1"):
    """The rates of a day: so many billionths (`rates_e9`) of each currency, by its number, are one of the base."""

    source: str
    day: str
    day_at: int
    base: int
    units: tuple[int, ...]
    rates_e9: tuple[int, ...]


class ExchangeTermsSet(Event, frozen=True, kw_only=True, tag="exchange.terms_set.v1"):
    """The operator's terms from now on: what they keep of an exchange, how long quotes stand, how old rates may be."""

    spread_basis_points: int
    quote_lasts: int
    rates_last: int


class QuoteMade(Event, frozen=True, kw_only=True, tag="exchange.quote_made.v1"):
    """A buyer was told what an exchange gives until it expires, at the rates of a day.

    `mid_minor` is what the rate alone gives; of that the operator keeps `spread_minor`, and the buyer gets the rest.
    """

    quote: QuoteId
    buyer: BuyerId
    unit: int
    paid_minor: int
    into: int
    mid_minor: int
    spread_minor: int
    day: str
    expires_at: int


class MoneyExchanged(Event, frozen=True, kw_only=True, tag="exchange.money_exchanged.v1"):
    """A quote was taken: the buyer's money went from one currency into the other."""

    quote: QuoteId


class QuoteBound(Event, frozen=True, kw_only=True, tag="exchange.quote_bound.v1"):
    """A checkout is to be paid in another currency, at this quote; quote 0 is in the market's own again."""

    quote: QuoteId
    session: SessionId


class PaymentQuoted(Event, frozen=True, kw_only=True, tag="exchange.payment_quoted.v1"):
    """A payment for a checkout is at this quote: as its coupon pays a part, or as the money came too late for the one before."""

    payment: PaymentId
    session: SessionId
    quote: QuoteId


class OrderExchanged(Event, frozen=True, kw_only=True, tag="exchange.order_exchanged.v1"):
    """An order was paid with money exchanged at a quote: its share of what was paid and of the spread is frozen."""

    order: OrderId
    quote: QuoteId
    total_minor: int
    paid_minor: int
    spread_minor: int


class OrderExchangedBack(Event, frozen=True, kw_only=True, tag="exchange.order_exchanged_back.v1"):
    """Money of an order went back to its buyer in the currency it was paid in, at the frozen rate, with its spread."""

    order: OrderId
    amount_minor: int
    paid_minor: int
    spread_minor: int


class DisputeExchanged(Event, frozen=True, kw_only=True, tag="exchange.dispute_exchanged.v1"):
    """A bank wants money of an order back in the currency it was paid in; the dispute itself is in the order's."""

    dispute: DisputeId
    paid_minor: int
