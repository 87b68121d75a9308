"""Exchange: money of one currency becomes money of another, at a rate of a day and a spread that is said.

Always: a quote is taken at most once, and before it expires; no minor unit is made by rounding; of an order that was paid
in another currency, all that goes back is all that was paid.
"""

from caravan.trade.exchange.commands import (
    NoRate,
    PaysInOtherCurrency,
    QuoteNotOpen,
    bind_quote,
    check_quote,
    exchange_back,
    exchange_dispute,
    make_quote,
    part_quote,
    quote_payment,
    quote_price,
    set_exchange_terms,
    set_rates,
    settle_orders,
    take_quote,
)
from caravan.trade.exchange.model import Exchange, Paid, Quote
from caravan.trade.exchange.ports import DayRates, RateFile
from caravan.trade.exchange.queries import (
    Conversion,
    Price,
    bound_quote,
    convert,
    findings,
    near,
    payment_quote,
    price_of,
    quote_of,
    quote_state,
)

__all__ = [
    "Conversion",
    "DayRates",
    "Exchange",
    "NoRate",
    "Paid",
    "PaysInOtherCurrency",
    "Price",
    "Quote",
    "QuoteNotOpen",
    "RateFile",
    "bind_quote",
    "bound_quote",
    "check_quote",
    "convert",
    "exchange_back",
    "exchange_dispute",
    "findings",
    "make_quote",
    "near",
    "part_quote",
    "payment_quote",
    "price_of",
    "quote_of",
    "quote_payment",
    "quote_price",
    "quote_state",
    "set_exchange_terms",
    "set_rates",
    "settle_orders",
    "take_quote",
]
