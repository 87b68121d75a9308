"""Exchange: money of one currency becomes money of another, at a rate of a day and a spread that is said.

Always: a quote is taken at most once, and before it expires; no minor unit is made by rounding.
"""

from caravan.trade.exchange.commands import (
    NoRate,
    QuoteNotOpen,
    check_quote,
    make_quote,
    set_exchange_terms,
    set_rates,
    take_quote,
)
from caravan.trade.exchange.model import Exchange, Quote
from caravan.trade.exchange.ports import DayRates, RateFile
from caravan.trade.exchange.queries import Conversion, convert, findings, quote_of, quote_state

__all__ = [
    "Conversion",
    "DayRates",
    "Exchange",
    "NoRate",
    "Quote",
    "QuoteNotOpen",
    "RateFile",
    "check_quote",
    "convert",
    "findings",
    "make_quote",
    "quote_of",
    "quote_state",
    "set_exchange_terms",
    "set_rates",
    "take_quote",
]
