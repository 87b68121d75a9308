"""Checkout: an address, then units held for a while, then one click that buys once however often it comes."""

import secrets
from contextlib import suppress
from typing import NamedTuple

from starlette.responses import Response

from caravan.flows import checkout as buying
from caravan.flows import exchanging, settlement, shopping, taxing
from caravan.flows import paying as buying_outside
from caravan.flows.house import House, integers
from caravan.kernel import ids
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import AddressId, BuyerId, CartId, OrderId, PaymentId, PurchaseId, SessionId
from caravan.kernel.money import Money, alphabetic, exponent, numeric
from caravan.trade import catalog, exchange, ledger, orders, payments
from caravan.web import access
from caravan.web.pages import baskets, dates, landing, records
from caravan.web.pages.forms import Form
from caravan.web.pages.visit import Visit, path_id, wrong_field
from caravan.web.reach import ask, do
from caravan.web.till import see_to
from caravan.world import partners

_SESSION_COOKIE = "caravan_checkout"
_DIGITS_OF_CARDS_MAX = 2
PLAY_MONEY_MAJOR_MAX = 10_000  # In whole units of the currency, at a time.


class PayIn(NamedTuple):
    """What a checkout costs in the buyer's currency, for as long as that stands."""

    total: Money
    spread: Money
    day: str
    expires_at: int
    is_open: bool


class Counter(NamedTuple):
    """A checkout as its page shows it."""

    session: SessionId
    status: orders.SessionStatus
    address: AddressId
    purchase: PurchaseId
    groups: list[baskets.Group]
    total: Money
    parts: landing.Parts
    pay_in: PayIn | None
    due: Money  # in the currency that it is paid in
    free: Money  # in the buyer's wallet
    missing: Money
    expires_at: int
    expires_at_last: int
    is_over: bool
    methods: tuple[str, ...]  # besides the wallet


async def begin(visit: Visit) -> Response:
    """Ask where the parcels go."""
    return await _ask_address(visit, {})


async def _ask_address(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    cart = await ask(visit.caravan, baskets.basket, visit.cart)
    if not cart.units:
        return await visit.show("cart.html", cart=cart, most=orders.UNITS_PER_LINE_MAX)
    places = await records.addresses(visit.caravan, visit.buyer)
    return await visit.show("checkout_address.html", status=status, cart=cart, places=places, wrong=wrong)


async def open_checkout(visit: Visit) -> Response:
    """Hold the cart's units for this buyer at this address. A checkout left open before gives its units back."""
    try:
        address = await _address(visit)
    except Invalid as refusal:
        return await _ask_address(visit, wrong_field(refusal), 400)
    await _give_up_last(visit)
    wanted = shopping.Checkout(visit.buyer, visit.cart, address)
    session: SessionId = await do(visit.caravan, shopping.open_checkout, wanted)
    if visit.currency and visit.currency != visit.shop.market().currency:
        with suppress(exchange.NoRate, Invalid):  # Then it is paid in the market's.
            await do(visit.caravan, exchanging.choose_currency, exchanging.Choice(session, visit.buyer, visit.currency))
    public = ids.text(SessionId, session)
    visit.keep(_SESSION_COOKIE, public)
    return visit.go(f"/checkout/{public}")


async def _address(visit: Visit) -> AddressId:
    chosen = visit.form.text("address", is_needed=False)
    if chosen and chosen != "new":
        return AddressId(visit.form.id(AddressId, "address"))
    return await access.add_address(visit.caravan, visit.buyer, place_in(visit.form))


def place_in(form: Form) -> access.Place:
    """Read an address out of a form."""
    return access.Place(
        name=form.text("name"),
        line1=form.text("line1"),
        line2=form.text("line2", is_needed=False),
        city=form.text("city"),
        postcode=form.text("postcode", longest=20),
        country=form.text("country", longest=2),
        region=form.text("region", is_needed=False, longest=10),
    )


async def _give_up_last(visit: Visit) -> None:
    public = visit.request.cookies.get(_SESSION_COOKIE, "")
    if not public:
        return
    try:
        session = SessionId(ids.number(SessionId, public))
        await do(visit.caravan, shopping.cancel_checkout, shopping.Step(session, visit.buyer))
    except Refusal:
        return  # It is over already, or somebody else's: nothing of ours is held by it.


async def show(visit: Visit) -> Response:
    """Show what is held, until when, and what it costs; a checkout that is over says how it ended."""
    counter = await _counter(visit)
    if counter.status == orders.SessionStatus.COMPLETED:
        return _thanks(visit, counter)
    if counter.is_over:
        raise ledger.ReservationExpired
    if counter.status == orders.SessionStatus.IN_PROGRESS:
        return visit.go(f"/checkout/{ids.text(SessionId, counter.session)}/paying")
    if counter.status != orders.SessionStatus.READY:
        raise ledger.ReservationExpired
    places = await records.addresses(visit.caravan, visit.buyer)
    place = next((place for place in places if place.address == counter.address), None)
    lines = [line.listing for group in counter.groups for line in group.lines]
    quotes = await dates.by_listing(visit, lines, place.place.country if place else "")
    by_seller = {group.seller: dates.latest(quotes, [line.listing for line in group.lines]) for group in counter.groups}
    return await visit.show("checkout.html", counter=counter, place=place, promises=by_seller)


async def complete(visit: Visit) -> Response:
    """Buy. A second click, or a second window, is shown the same purchase."""
    session = SessionId(path_id(visit, SessionId))
    expected = visit.form.integer("expected", least=0, most=10**12 - 1)
    currency = visit.form.text("currency", longest=3, is_needed=False)
    wanted = buying.Completion(session, visit.buyer, expected, currency)
    try:
        await do(visit.caravan, buying.complete_sessions, wanted, is_many=True)
    except ledger.InsufficientFunds:
        return visit.go(f"/checkout/{ids.text(SessionId, session)}", "too_little")
    except exchange.QuoteNotOpen:
        return visit.go(f"/checkout/{ids.text(SessionId, session)}", "quote_over")
    except orders.SessionNotReady:
        counter = await _counter(visit)
        if counter.status != orders.SessionStatus.COMPLETED:
            raise
        return _thanks(visit, counter)
    return _thanks(visit, await _counter(visit))


async def choose_currency(visit: Visit) -> Response:
    """Show what a checkout costs in another currency, and hold that for a while."""
    session = SessionId(path_id(visit, SessionId))
    choice = exchanging.Choice(session, visit.buyer, visit.form.text("currency", longest=3))
    here = f"/checkout/{ids.text(SessionId, session)}"
    try:
        await do(visit.caravan, exchanging.choose_currency, choice)
    except exchange.NoRate:
        return visit.go(here, "no_rate")
    return visit.go(here)


async def pay(visit: Visit) -> Response:
    """Begin to pay through a provider, or with a coupon; what needs no page of theirs is done at once."""
    session = SessionId(path_id(visit, SessionId))
    expected = visit.form.integer("expected", least=0, most=10**12 - 1)
    method = visit.form.text("method", longest=20)
    here = f"/checkout/{ids.text(SessionId, session)}"
    if method not in _PROVIDERS:
        raise Invalid("There is no such way to pay.", field="method")
    if _PROVIDERS[method] == payments.Provider.CARD:
        visit.caravan.cashier.provider(payments.Provider.CARD)
    back = f"{visit.request.url.scheme}://{visit.request.url.netloc}{here}/paying"
    code = visit.form.text("code", is_needed=False, longest=40)
    wanted = buying_outside.Start(
        session,
        visit.buyer,
        expected,
        _PROVIDERS[method],
        "",
        back,
        code,
        visit.form.text("currency", longest=3, is_needed=False),
    )
    try:
        await do(visit.caravan, buying_outside.start_payment, wanted)
    except exchange.QuoteNotOpen:
        return visit.go(here, "quote_over")
    except payments.CouponRefused:
        return visit.go(here, "coupon_refused")
    except ledger.InsufficientFunds:
        return visit.go(here, "too_little")
    except payments.PaymentUnderWay:
        return visit.go(f"{here}/paying")
    return visit.go(f"{here}/paying?go=1")


async def paying(visit: Visit) -> Response:
    """Say how a payment stands: go on to the provider's page, wait, or see what was bought."""
    counter = await _counter(visit)
    here = f"/checkout/{ids.text(SessionId, counter.session)}"
    payment = await ask(visit.caravan, _payment_of, counter.session)
    page = await see_to(visit.caravan, payment) if payment else ""
    counter = await _counter(visit)
    if counter.status == orders.SessionStatus.COMPLETED:
        return _thanks(visit, counter)
    if counter.status == orders.SessionStatus.READY:
        return visit.go(here, "declined")
    if counter.status != orders.SessionStatus.IN_PROGRESS:
        raise ledger.ReservationExpired
    transfer = await ask(visit.caravan, _transfer_of, counter.session)
    goes_on = page if visit.request.query_params.get("go") and page else ""
    return await visit.show("checkout_paying.html", counter=counter, page=page, goes_on=goes_on, transfer=transfer)


def _payment_of(house: House, session: SessionId) -> int:
    payment = house.dealings.by_session.get(session, 0)
    deal = house.dealings.deals.get(payment)
    waits = deal is not None and deal.status in payments.WAITING and deal.provider == payments.Provider.CARD
    return payment if waits else 0


def _transfer_of(house: House, session: SessionId) -> tuple[str, Money] | None:
    payment = house.dealings.by_session.get(session, 0)
    deal = house.dealings.deals.get(payment)
    is_transfer = deal is not None and deal.provider == payments.Provider.TRANSFER
    return (ids.text(PaymentId, payment), Money(deal.amount, alphabetic(deal.unit))) if deal and is_transfer else None


async def pay_otherwise(visit: Visit) -> Response:
    """Give a payment up that waits, and choose another way."""
    session = SessionId(path_id(visit, SessionId))
    await do(visit.caravan, buying_outside.give_up_payment, shopping.Step(session, visit.buyer))
    return visit.go(f"/checkout/{ids.text(SessionId, session)}")


_PROVIDERS = {
    "card": payments.Provider.CARD, "transfer": payments.Provider.TRANSFER, "cash": payments.Provider.CASH,
    "wallet": payments.Provider.WALLET,
}  # fmt: skip


def _thanks(visit: Visit, counter: Counter) -> Response:
    visit.keep(_SESSION_COOKIE, "", age_s=0)
    return visit.go(f"/thanks/{ids.text(PurchaseId, counter.purchase)}")


async def hold_longer(visit: Visit) -> Response:
    """Hold the units for longer, as far as the market allows."""
    session = SessionId(path_id(visit, SessionId))
    await do(visit.caravan, shopping.reserve, shopping.Step(session, visit.buyer))
    return visit.go(f"/checkout/{ids.text(SessionId, session)}", "held_longer")


async def give_up(visit: Visit) -> Response:
    """Leave the checkout; what was held is free for others."""
    session = SessionId(path_id(visit, SessionId))
    await do(visit.caravan, shopping.cancel_checkout, shopping.Step(session, visit.buyer))
    visit.keep(_SESSION_COOKIE, "", age_s=0)
    return visit.go("/cart", "given_up")


async def top_up(visit: Visit) -> Response:
    """Put what is missing into the wallet, where money is for play."""
    counter = await _counter(visit)
    if counter.missing.amount:
        await put_play_money(visit, counter.missing.amount, counter.missing.currency)
    return visit.go(f"/checkout/{ids.text(SessionId, counter.session)}", "topped_up")


async def put_play_money(visit: Visit, amount: int, currency: str) -> None:
    """Put play money into the visitor's wallet. Refuses where money is real, and more than so much at a time."""
    market = visit.shop.market()
    if not market.has_play_money:
        raise Invalid("Money is real here: it comes in by bank transfer or card, not by a button.")
    most = PLAY_MONEY_MAJOR_MAX * 10 ** exponent(market.currency)
    about = exchange.near(visit.caravan.cell.house.exchange, Money(amount, currency), market.currency)
    if amount <= 0 or (about.amount if about else amount) > most:
        raise Invalid(f"Up to {PLAY_MONEY_MAJOR_MAX} {market.currency} at a time.", field="amount")
    await do(
        visit.caravan,
        settlement.top_up,
        play_money(visit.caravan.clock.now(), visit.buyer, amount, currency),
        is_many=True,
    )


def play_money(at: int, buyer: BuyerId, amount: int, currency: str) -> settlement.TopUps:
    """Write down a gift of play money."""
    return settlement.TopUps(
        at=integers(at), buyers=integers(buyer), units=integers(numeric(currency)), amounts=integers(amount),
        suspense=integers(0), methods=["play money"], references=[secrets.token_hex(8)],
    )  # fmt: skip


async def thanks(visit: Visit) -> Response:
    """Say thank you, and what happens next."""
    purchase = PurchaseId(path_id(visit, PurchaseId))
    numbers = await ask(visit.caravan, _orders_of, purchase, visit.buyer)
    bought = [await ask(visit.caravan, records.order, number, visit.buyer) for number in numbers]
    return await visit.show("thanks.html", purchase=purchase, orders=bought)


def _orders_of(house: House, purchase: PurchaseId, buyer: BuyerId) -> list[OrderId]:
    table = house.orders.purchases
    if not 0 < purchase < len(table) or table.buyer[purchase] != buyer:
        return records.nothing("There is no such purchase.")
    first = int(table.first_order[purchase])
    return [OrderId(number) for number in range(first, first + int(table.orders[purchase]))]


async def _counter(visit: Visit) -> Counter:
    step = shopping.Step(SessionId(path_id(visit, SessionId)), visit.buyer)
    takes_cards = payments.Provider.CARD in visit.caravan.cashier.providers
    return await ask(visit.caravan, _count, step, visit.caravan.clock.now(), takes_cards)  # type: ignore[no-any-return]


def _count(house: House, step: shopping.Step, now: int, takes_cards: bool) -> Counter:  # noqa: FBT001  # A question has places only.
    session, policy = shopping.own_session(house, step), house.markets.policy
    currency, pay_in = session.currency, _pay_in(house, session, now)
    due = pay_in.total if pay_in else Money(session.total_minor, currency)
    posted, held = ledger.balance(house.ledger, ledger.Kind.WALLET, owner=step.buyer, unit=numeric(due.currency))
    free = posted - held
    added = taxing.added_by_line(house, house.taxes.sessions.get(session.session), len(session.lines))
    lines = [_line(house, line, currency, more) for line, more in zip(session.lines, added, strict=True)]
    over = (orders.SessionStatus.CANCELED, orders.SessionStatus.EXPIRED)
    return Counter(
        session.session, session.status, session.address, session.purchase, baskets.grouped(lines, currency),
        Money(session.total_minor, currency), landing.parts_of(taxing.of_session(house, session), currency),
        pay_in, due, Money(free, due.currency), Money(max(0, due.amount - free), due.currency), session.expires_at,
        session.reserved_at + policy.reservation_lasts_max,
        session.status in over or 0 < session.expires_at <= now,
        _methods(house, session, due, takes_cards=takes_cards),
    )  # fmt: skip


def _pay_in(house: House, session: orders.Session, now: int) -> PayIn | None:
    quote = exchange.bound_quote(house.exchange, session.session)
    if quote is None:
        return None
    is_open = (
        exchange.quote_state(quote, now=now) == "open" and quote.mid_minor - quote.spread_minor == session.total_minor
    )
    return PayIn(
        Money(quote.paid_minor, alphabetic(quote.unit)), Money(quote.spread_minor, session.currency), quote.day,
        quote.expires_at, is_open,
    )  # fmt: skip


def _methods(house: House, session: orders.Session, due: Money, *, takes_cards: bool) -> tuple[str, ...]:
    terms, is_own = house.markets.money_terms, due.currency == session.currency
    has_cash = is_own or due.currency in buying_outside.cash_currencies(house, session)
    takes = {
        "card": takes_cards and (is_own or exponent(due.currency) <= _DIGITS_OF_CARDS_MAX),
        "transfer": terms.takes_transfers, "cash": has_cash and session.total_minor <= terms.cash_minor_max,
    }  # fmt: skip
    return tuple(method for method, is_taken in takes.items() if is_taken)


def _line(house: House, line: orders.Line, currency: str, added: int) -> baskets.Line:
    offer = catalog.listing_of(house.catalog, line.listing)
    page = catalog.product_of(house.catalog, offer.product)
    seller = partners.seller_of(house.partners, line.seller)
    shipping = line.shipping_minor - added
    total = line.unit_price_minor * line.quantity + shipping
    return baskets.Line(
        line.listing, page.product, page.title, offer.option, page.category, page.revision, line.seller, seller.name,
        line.quantity, Money(line.unit_price_minor, currency), Money(shipping, currency),
        Money(total, currency), 0, is_live=True, sent_from=baskets.origin_of(house, line.location),
    )  # fmt: skip


def last_cart_of(house: House, buyer: BuyerId, look_back: int) -> CartId:
    """Give the newest cart of a buyer with something in it, among the last so many carts of all; 0 for none."""
    carts = house.orders.carts
    for cart in reversed(carts[max(1, len(carts) - look_back) :]):
        if cart.buyer == buyer and cart.lines:
            return cart.cart
    return CartId(0)
