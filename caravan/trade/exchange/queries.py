"""What you can ask exchange: what money is worth in another currency, and where a quote stands."""

from collections.abc import Iterator
from typing import NamedTuple

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import QuoteId
from caravan.kernel.money import alphabetic, exponent
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
