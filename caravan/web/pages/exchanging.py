"""The page on which a wallet's money is exchanged: what it gives is shown, and held for as long as the quote stands."""

from typing import NamedTuple

from starlette.responses import Response

from caravan.flows import exchanging as flow
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, QuoteId
from caravan.kernel.money import CURRENCIES, Money, alphabetic, numeric
from caravan.trade import exchange, ledger
from caravan.web.pages.visit import Visit, path_id, wrong_field
from caravan.web.reach import ask, do


class Purse(NamedTuple):
    """What a wallet holds by currency, what it can be exchanged into, and of which day the rates are."""

    free: list[Money]
    into: list[str]
    day: str


async def form(visit: Visit) -> Response:
    """Ask what is to become what."""
    return await _show(visit, {})


async def _show(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    purse = await ask(visit.caravan, purse_of, visit.buyer)
    return await visit.show("exchange.html", status=status, purse=purse, quote=None, wrong=wrong)


async def quote(visit: Visit) -> Response:
    """Say what an exchange gives."""
    try:
        currency, into = (visit.form.text(name, longest=3) for name in ("currency", "into"))
        numeric(currency)
        wish = flow.Wish(visit.buyer, currency, visit.form.minor("amount", currency), into)
        number = await do(visit.caravan, flow.quote_exchange, wish)
    except (Invalid, exchange.NoRate) as refusal:
        return await _show(visit, wrong_field(refusal) or {"into": str(refusal)}, 422)
    return visit.go(f"/my/exchange/{ids.text(QuoteId, number)}")


async def quoted(visit: Visit) -> Response:
    """Show a quote, and take it when the button is pressed."""
    number = QuoteId(path_id(visit, QuoteId))
    known = await ask(visit.caravan, lambda house: exchange.quote_of(house.exchange, number))
    if visit.request.method == "POST":
        await do(visit.caravan, flow.exchange_money, flow.Taking(visit.buyer, number))
        return visit.go("/my/wallet", "exchanged")
    exchange.check_quote(known, buyer=visit.buyer, now=visit.caravan.clock.now())
    paid, into = Money(known.paid_minor, alphabetic(known.unit)), alphabetic(known.into)
    return await visit.show(
        "exchange.html", purse=None, quote=number, paid=paid, mid=Money(known.mid_minor, into),
        spread=Money(known.spread_minor, into), received=Money(known.mid_minor - known.spread_minor, into),
        day=known.day, expires_at=known.expires_at,
    )  # fmt: skip


def purse_of(house: House, buyer: BuyerId) -> Purse:
    """Say what a wallet holds, and what that can become."""
    free = []
    for currency, (unit, _) in sorted(CURRENCIES.items()):
        posted, held = ledger.balance(house.ledger, ledger.Kind.WALLET, owner=buyer, unit=unit)
        if posted:
            free.append(Money(posted - held, currency))
    return Purse(free, sorted(map(alphabetic, house.exchange.rates)), house.exchange.day)
