"""The state of exchange: the rates and terms of now, and every quote."""

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import exchange as events
from caravan.events import orders as order_events
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.event import Event

# Banks keep 1 to 3 % of a tourist's money and well under 1 % of a trader's; rates of a Thursday must last over Easter.
_TERMS = events.ExchangeTermsSet(at=0, spread_basis_points=50, quote_lasts=2 * MINUTE, rates_last=6 * DAY)


# A checkout that is over is paid at no quote any more; one that expired may still be, by a card that succeeds late.
_OVER = (order_events.SessionCompleted, order_events.SessionCanceled)


class Quote(msgspec.Struct, array_like=True):
    """What an exchange gives until it expires."""

    quote: int
    buyer: int
    unit: int
    paid_minor: int
    into: int
    mid_minor: int
    spread_minor: int
    day: str
    expires_at: int
    is_taken: bool = False


class Paid(msgspec.Struct, array_like=True):
    """An order that was paid in another currency: its total, and the shares of what was paid and of the spread in it.

    `back` is what of the total has gone back, `paid_back` and `spread_back` what went with it.
    """

    order: int
    quote: int
    total: int
    paid: int
    spread: int
    back: int = 0
    paid_back: int = 0
    spread_back: int = 0


class _State(msgspec.Struct, array_like=True):
    rates: dict[int, int]
    day: str
    day_at: int
    source: str
    terms: events.ExchangeTermsSet
    quotes: list[Quote]
    bound: dict[int, int]
    orders: dict[int, Paid]
    disputes: dict[int, int]
    payments: dict[int, tuple[int, int]] = {}


class Exchange:
    """Quotes by number from 1; `rates` are billionths of a currency, by its number, for one of the base."""

    name = "exchange"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.RatesSet,
            events.ExchangeTermsSet,
            events.QuoteMade,
            events.MoneyExchanged,
            events.QuoteBound,
            events.PaymentQuoted,
            events.OrderExchanged,
            events.OrderExchangedBack,
            events.DisputeExchanged,
            *_OVER,
        }
    )

    def __init__(self) -> None:
        self.version = 0
        self.rates: dict[int, int] = {}
        self.day, self.day_at, self.source = "", 0, ""
        self.terms = _TERMS
        self.quotes: list[Quote] = [Quote(0, 0, 0, 0, 0, 0, 0, "", 0)]
        self.bound: dict[int, int] = {}  # by checkout: the quote that it is paid at
        self.orders: dict[int, Paid] = {}
        self.payments: dict[int, tuple[int, int]] = {}  # With the checkout that each is for: the quote that it is at.
        self.disputes: dict[int, int] = {}  # what banks want back, in the currency that was paid

    def apply(self, part: Section) -> None:
        """Fold in a run of facts; of checkouts only that they are over, where any of them has a quote."""
        if part.kind in _OVER and not self.bound and not self.payments:
            return
        self.version += 1
        for event in rows(part):
            self._apply(event)

    def _apply(self, event: Event) -> None:
        match event:
            case events.RatesSet():
                self.rates = dict(zip(event.units, event.rates_e9, strict=True)) | {event.base: 10**9}
                self.day, self.day_at, self.source = event.day, event.day_at, event.source
            case events.ExchangeTermsSet():
                self.terms = event
            case events.QuoteMade():
                assert event.quote == len(self.quotes), "Quotes are numbered in the order of the log."
                self.quotes.append(
                    Quote(
                        event.quote, event.buyer, event.unit, event.paid_minor, event.into, event.mid_minor,
                        event.spread_minor, event.day, event.expires_at,
                    )
                )  # fmt: skip
            case events.MoneyExchanged():
                assert not self.quotes[event.quote].is_taken, "A quote is taken once."
                self.quotes[event.quote].is_taken = True
            case _:
                self._apply_checkout(event)

    def _apply_checkout(self, event: Event) -> None:
        """Fold in what is of checkouts and orders that are paid in another currency."""
        match event:
            case events.QuoteBound():
                self.bound[event.session] = event.quote
                if not event.quote:
                    del self.bound[event.session]
            case events.PaymentQuoted():
                self.payments[event.payment] = (event.session, event.quote)
            case events.OrderExchanged():
                self.orders[event.order] = Paid(
                    event.order, event.quote, event.total_minor, event.paid_minor, event.spread_minor
                )
            case events.DisputeExchanged():
                self.disputes[event.dispute] = event.paid_minor
            case order_events.SessionCompleted() | order_events.SessionCanceled():
                self.bound.pop(event.session, None)
                for payment in [number for number, (paid, _) in self.payments.items() if paid == event.session]:
                    del self.payments[payment]
            case events.OrderExchangedBack():
                paid = self.orders[event.order]
                paid.back += event.amount_minor
                paid.paid_back += event.paid_minor
                paid.spread_back += event.spread_minor

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything as bytes."""
        rates = dict(sorted(self.rates.items()))
        return {
            "state": pack(
                _State(
                    rates,
                    self.day,
                    self.day_at,
                    self.source,
                    self.terms,
                    self.quotes,
                    self.bound,
                    self.orders,
                    self.disputes,
                    self.payments,
                )
            )
        }

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        state = unpack(parts, "state", _State)
        self.rates, self.terms, self.quotes = state.rates, state.terms, state.quotes
        self.day, self.day_at, self.source = state.day, state.day_at, state.source
        self.bound, self.orders, self.disputes = state.bound, state.orders, state.disputes
        self.payments = state.payments
