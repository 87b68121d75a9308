"""The buyer's own pages: register, log in, orders, wallet, addresses, and leaving for good."""

from starlette.responses import Response

from caravan.flows import claims, consents, fulfillment, shopping, taxing
from caravan.flows.house import House, integers
from caravan.insight import identity
from caravan.insight.identity import EmailTaken, WrongLogin
from caravan.kernel import ids
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import BuyerId, CartId, OrderId, SellerId
from caravan.kernel.money import Money, numeric
from caravan.trade import ledger
from caravan.web import access
from caravan.web.pages import checkout, claiming, dates, exchanging, records, segments
from caravan.web.pages.shipping import contents_in
from caravan.web.pages.visit import Visit, local_path, path_id, wrong_field
from caravan.web.reach import ask, do, page
from caravan.world import partners

_CARTS_BACK_MAX = 5_000
# What the purposes that every market has are called, and what they mean; a segment's own is called as it is.
PURPOSES = {
    "profiling": (
        "Estimates about me", "From your orders: whether you may come back, how much you may buy, which price band you buy in.",
    ),
    "personalization": (
        "Suggestions that follow me", "What you look at and buy decides what the shelves show you, and is remembered.",
    ),
    "digest": ("Letters with suggestions", "Now and then an e-mail with what may please you. Nobody writes before you allow it."),
}  # fmt: skip


async def register_form(visit: Visit) -> Response:
    """Ask for what it takes to buy."""
    return await visit.show("register.html", next=_next(visit))


async def register(visit: Visit) -> Response:
    """Register a buyer and log them in."""
    form = visit.form
    try:
        registration = access.Registration(
            form.text("name"), form.text("email", longest=254), form.secret("password"), form.text("country", longest=2)
        )
        buyer = await access.register(visit.caravan, registration)
    except (Invalid, EmailTaken) as refusal:
        wrong = {"email": "Somebody has registered with this address. If that was you, log in instead."}
        wrong = wrong if isinstance(refusal, EmailTaken) else wrong_field(refusal)
        return await visit.show(
            "register.html", status=422, next=_next(visit), wrong=wrong, form=_without_secrets(visit)
        )
    token = await access.issue_token(visit.caravan, audience="buyer", subject=buyer)
    return await _enter(visit, buyer, token)


async def login_form(visit: Visit) -> Response:
    """Ask who it is."""
    return await visit.show("login.html", next=_next(visit), audience="buyer")


async def login(visit: Visit) -> Response:
    """Log a buyer in."""
    try:
        token = await log_in(visit, "buyer")
    except (Invalid, WrongLogin) as refusal:
        wrong = {"password": str(refusal)}
        return await visit.show(
            "login.html", status=422, next=_next(visit), audience="buyer", wrong=wrong, form=_without_secrets(visit)
        )
    bearer = await access.bearer_of(visit.caravan, token)
    assert bearer is not None, "A token that was just issued is known."
    return await _enter(visit, BuyerId(bearer.subject), token)


async def log_in(visit: Visit, audience: str) -> str:
    """Check what was typed into a login form; give a fresh token."""
    email, password = visit.form.text("email", longest=254), visit.form.secret("password")
    return await access.log_in(visit.caravan, audience=audience, email=email, password=password)


def _without_secrets(visit: Visit) -> dict[str, str]:
    return {name: value for name, value in visit.form.fields.items() if name != "password"}


async def _enter(visit: Visit, buyer: BuyerId, token: str) -> Response:
    """Log somebody in here, with the cart they have and the one they filled as a guest."""
    visit.let_in("buyer", token)
    guest_cart = visit.cart
    own_cart = await ask(visit.caravan, checkout.last_cart_of, buyer, _CARTS_BACK_MAX)
    note = "welcome"
    if guest_cart:
        merge = shopping.Merge(guest_cart, own_cart, buyer)
        own_cart, clamped = await do(visit.caravan, shopping.merge_carts, merge)
        note = "clamped" if clamped else note
    if own_cart:
        visit.keep_cart(CartId(own_cart))
    return visit.go(_next(visit), note)


def _next(visit: Visit) -> str:
    wanted = visit.form.fields.get("next", "") or visit.request.query_params.get("next", "")
    return local_path(wanted)


async def logout(visit: Visit) -> Response:
    """Log the buyer out on this browser."""
    await visit.let_out("buyer")
    visit.keep_cart(CartId(0))
    return visit.go("/", "left")


async def my_orders(visit: Visit) -> Response:
    """Show the buyer's orders, the newest first."""
    last = records.rows_before(visit.request.query_params.get("after", ""))
    rows = await page(
        visit.caravan,
        "SELECT number FROM orders WHERE buyer = ? AND number < ? ORDER BY number DESC LIMIT ?",
        (visit.buyer, last, records.ROWS + 1),
    )
    numbers = [number for (number,) in rows[: records.ROWS]]
    bought = await ask(
        visit.caravan, lambda house: [records.order(house, OrderId(number), visit.buyer) for number in numbers]
    )
    more = f"?after={numbers[-1]}" if len(rows) > records.ROWS else ""
    return await visit.show("orders.html", orders=bought, more=more)


async def my_order(visit: Visit) -> Response:
    """Show where an order stands, parcel by parcel, and what was claimed."""
    return await _show_order(visit, {})


async def _show_order(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    order = await ask(visit.caravan, records.order, OrderId(path_id(visit, OrderId)), visit.buyer)
    place = await records.destination(visit.caravan, order.address)
    told = await dates.of_order(visit, order.number)
    claimed = await ask(visit.caravan, claiming.told, order.claims)
    reasons = [(reason.name.lower(), words) for reason, words in claiming.REASONS.items()]
    return await visit.show(
        "order.html", status=status, order=order, place=place, told=told, claims=claimed, reasons=reasons, wrong=wrong
    )


async def receipt(visit: Visit) -> Response:
    """Show an order as its receipt, to print: who sold what to whom, and every tax with its source."""
    number = OrderId(path_id(visit, OrderId))
    order = await ask(visit.caravan, records.order, number, visit.buyer)
    place = await records.destination(visit.caravan, order.address)
    seller, rows, version = await ask(visit.caravan, _billed, number)
    return await visit.show("order_receipt.html", order=order, place=place, seller=seller, taxes=rows, version=version)


def _billed(house: House, number: OrderId) -> tuple[partners.Seller, tuple[taxing.Row, ...], int]:
    found = taxing.of_order(house, number)
    seller = SellerId(int(house.orders.orders.seller[number]))
    return partners.seller_of(house.partners, seller), found.rows, found.version


async def claim(visit: Visit) -> Response:
    """Say what is wrong with an order."""
    number = OrderId(path_id(visit, OrderId))
    order = await ask(visit.caravan, records.order, number, visit.buyer)
    try:
        opening = claiming.opening_in(visit, number, order.total.currency, contents_in(visit.form))
        await do(visit.caravan, claims.open_claim, opening)
    except Refusal as refusal:
        return await _show_order(visit, {"": str(refusal)}, 422)
    return visit.go(f"/my/orders/{ids.text(OrderId, number)}", "claimed")


async def cancel_order(visit: Visit) -> Response:
    """Call an order off before it is handed over."""
    order = path_id(visit, OrderId)
    wanted = fulfillment.Cancellation(
        integers(visit.caravan.clock.now()), integers(order), integers(0), integers(visit.buyer)
    )
    await do(visit.caravan, fulfillment.cancel_orders, wanted, is_many=True)
    return visit.go(f"/my/orders/{ids.text(OrderId, order)}", "canceled")


async def wallet(visit: Visit) -> Response:
    """Show what is in the wallet and how it got there."""
    return await _show_wallet(visit, {})


async def _show_wallet(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    currency = visit.shop.market().currency
    posted, held = await ask(visit.caravan, _wallet, visit.buyer, numeric(currency))
    rows, cursor = await records.statement(
        visit.caravan, ledger.Kind.WALLET, visit.buyer, after=visit.request.query_params.get("after", "")
    )
    return await visit.show(
        "wallet.html", status=status, free=Money(posted - held, currency), held=Money(held, currency), rows=rows,
        more=f"?after={cursor}" if cursor else "", wrong=wrong, most=checkout.PLAY_MONEY_MAJOR_MAX,
        reference=ids.text(BuyerId, visit.buyer), purse=await ask(visit.caravan, exchanging.purse_of, visit.buyer),
    )  # fmt: skip


def _wallet(house: House, buyer: BuyerId, unit: int) -> tuple[int, int]:
    return ledger.balance(house.ledger, ledger.Kind.WALLET, owner=buyer, unit=unit)


async def top_up(visit: Visit) -> Response:
    """Put play money in."""
    try:
        currency = visit.shop.market().currency
        await checkout.put_play_money(visit, visit.form.minor("amount", currency), currency)
    except Invalid as refusal:
        return await _show_wallet(visit, wrong_field(refusal) or {"amount": str(refusal)}, 422)
    return visit.go("/my/wallet", "topped_up")


async def my_addresses(visit: Visit) -> Response:
    """Show where parcels can go."""
    return await _show_addresses(visit, {})


async def _show_addresses(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    places = await records.addresses(visit.caravan, visit.buyer)
    return await visit.show("addresses.html", status=status, places=places, wrong=wrong)


async def add_address(visit: Visit) -> Response:
    """Save one more address."""
    try:
        await access.add_address(visit.caravan, visit.buyer, checkout.place_in(visit.form))
    except Invalid as refusal:
        return await _show_addresses(visit, wrong_field(refusal), 422)
    return visit.go("/my/addresses", "address_added")


async def me(visit: Visit) -> Response:
    """Show what is kept of the buyer, and the way out."""
    buyer = await ask(visit.caravan, lambda house: identity.buyer_of(house.identity, visit.buyer))
    contact = access.contact_of(visit.caravan, buyer)
    traits = await segments.own_traits(visit)
    asked = await ask(visit.caravan, consents.choices, visit.buyer)
    return await visit.show(
        "me.html", contact=contact, country=buyer.country, since=buyer.registered_at, traits=traits,
        consents=[(one, PURPOSES.get(one.purpose)) for one in asked],
    )  # fmt: skip


async def say_consent(visit: Visit) -> Response:
    """Allow a purpose, or forbid it."""
    said = visit.form.text("said")
    if said not in {"allow", "forbid"}:
        raise Invalid("Choose to allow it, or to forbid it.", field="said")
    saying = consents.Saying(visit.buyer, visit.form.text("purpose", longest=60), said == "allow")
    await do(visit.caravan, consents.say_consent, saying)
    return visit.go("/my", "consent_said")


async def forget(visit: Visit) -> Response:
    """Delete the buyer, once they have ticked that they mean it."""
    if not visit.form.has("sure"):
        raise Invalid("Please tick the box, so that nobody deletes an account by accident.")
    await access.forget(visit.caravan, visit.buyer)
    await visit.let_out("buyer")
    visit.keep_cart(CartId(0))
    return visit.go("/", "forgotten")
