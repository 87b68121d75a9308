"""Operations on currencies: rates, terms, quotes, and money exchanged at one."""

from decimal import Decimal
from http import HTTPStatus

from caravan.client import wallets as wire
from caravan.flows import exchanging
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import SECOND, Instant, iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import QuoteId
from caravan.kernel.money import alphabetic
from caravan.trade import exchange, ledger
from caravan.web import reach
from caravan.web.api import resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation

_SCALE = 10**9


async def show_rates(call: Call) -> Reply:
    """Show the rates of now and the terms of exchanges."""
    return call.say(await call.ask(_rates))


async def set_rates(call: Call) -> Reply:
    """Take the rates of a day in; those of a day before the newest are refused."""
    new: wire.NewRates = call.body
    told = exchange.DayRates(new.source, new.day, new.base, new.rates)
    return await call.do(exchanging.set_rates, told, lambda house, _: _rates(house))


async def set_exchange_terms(call: Call) -> Reply:
    """Set what is kept of exchanges, how long quotes stand, and how old rates may be."""
    new: wire.ExchangeTerms = call.body
    terms = exchanging.ExchangeTerms(new.spread_basis_points, new.quote_seconds * SECOND, new.rates_seconds * SECOND)
    return await call.do(exchanging.set_exchange_terms, terms, lambda house, _: _rates(house))


def _rates(house: House) -> wire.Rates:
    known = house.exchange
    return wire.Rates(
        source=known.source, day=known.day,
        rates={
            alphabetic(unit): f"{(Decimal(rate) / _SCALE).normalize():f}" for unit, rate in sorted(known.rates.items())
        },
        terms=wire.ExchangeTerms(
            spread_basis_points=known.terms.spread_basis_points, quote_seconds=known.terms.quote_lasts // SECOND,
            rates_seconds=known.terms.rates_last // SECOND,
        ),
    )  # fmt: skip


async def quote_exchange(call: Call) -> Reply:
    """Say what an exchange gives, and hold that for as long as quotes stand. It moves nothing."""
    new: wire.NewQuote = call.body
    wish = exchanging.Wish(call.buyer, new.pay.currency, new.pay.amount, new.into)
    number = await reach.do(call.caravan, exchanging.quote_exchange, wish)
    return call.say(await call.ask(shown_quote, number, call.now))


async def exchange_money(call: Call) -> Reply:
    """Exchange at a quote, once."""
    new: wire.TakenQuote = call.body
    taking, now = exchanging.Taking(call.buyer, QuoteId(ids.number(QuoteId, new.quote))), call.now
    return await call.do(exchanging.exchange_money, taking, lambda house, number: shown_quote(house, number, now))


async def show_exchange(call: Call) -> Reply:
    """Show a quote, and whether it was taken, to whom it was made for."""
    number, now = QuoteId(call.ids["quote"]), call.now
    known = await call.ask(lambda house: exchange.quote_of(house.exchange, number))
    if known.buyer != call.buyer:
        raise NotFound("There is no such quote.")
    return call.say(await call.ask(shown_quote, number, now))


def shown_quote(house: House, number: QuoteId, now: Instant) -> wire.ExchangeQuote:
    """Show a quote with all its parts."""
    known = exchange.quote_of(house.exchange, number)
    return wire.ExchangeQuote(
        id=ids.text(QuoteId, number), paid=resources.money(known.paid_minor, known.unit),
        mid=resources.money(known.mid_minor, known.into), spread=resources.money(known.spread_minor, known.into),
        received=resources.money(known.mid_minor - known.spread_minor, known.into), day=known.day,
        status=exchange.quote_state(known, now=now), expires_at=iso(known.expires_at),  # type: ignore[arg-type]
    )  # fmt: skip


OPERATIONS = (
    Operation(
        method="GET", path="/v1/rates", summary="Show rates and terms of exchanges", handler=show_rates,
        who=(PUBLIC, BUYER, SELLER, OPERATOR), response=wire.Rates,
    ),
    Operation(
        method="PUT", path="/v1/rates", summary="Take the rates of a day in", handler=set_rates, who=(OPERATOR,),
        scope="market:write", request=wire.NewRates, response=wire.Rates, refusals=(Invalid,),
    ),
    Operation(
        method="PUT", path="/v1/exchange-terms", summary="Set the terms of exchanges", handler=set_exchange_terms,
        who=(OPERATOR,), scope="market:write", request=wire.ExchangeTerms, response=wire.Rates, refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/exchange-quotes", summary="Say what an exchange gives", handler=quote_exchange,
        who=(BUYER,), scope="wallet:read", request=wire.NewQuote, response=wire.ExchangeQuote,
        status=HTTPStatus.CREATED, location="/v1/exchange-quotes/{id}", refusals=(exchange.NoRate, Invalid),
    ),
    Operation(
        method="GET", path="/v1/exchange-quotes/{quote}", summary="Show a quote", handler=show_exchange, who=(BUYER,),
        scope="wallet:read", response=wire.ExchangeQuote, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/exchanges", summary="Exchange at a quote", handler=exchange_money, who=(BUYER,),
        scope="wallet:write", request=wire.TakenQuote, response=wire.ExchangeQuote, status=HTTPStatus.CREATED,
        location="/v1/exchange-quotes/{id}", key="required",
        refusals=(exchange.QuoteNotOpen, ledger.InsufficientFunds, NotFound),
    ),
)  # fmt: skip
