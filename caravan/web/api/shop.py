"""Operations on buying: carts, checkout sessions, and orders placed directly."""

import hmac
from http import HTTPStatus

import msgspec

from caravan.bootstrap import Caravan
from caravan.cell import Answer
from caravan.client import wire
from caravan.flows import checkout, exchanging, places, shopping, taxing
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId, CartId, ListingId, PurchaseId, SessionId
from caravan.trade import catalog, exchange, ledger, orders, taxes
from caravan.web.api import resources
from caravan.web.api.call import Call, Reply, rendered
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, Operation
from caravan.world import partners

_NO_ADDRESS = AddressId(0)
_PURCHASE = "/v1/purchases/{id}"
CART_SECRET = "cart-secret"  # noqa: S105 - The header's name.


async def open_cart(call: Call) -> Reply:
    """Take a cart with its first line. A guest is given the secret by which they alone reach it."""
    line = _line(call.body)
    reply = await call.do(shopping.set_cart_line, shopping.CartLine(CartId(0), _shopper(call), *line), resources.cart)
    return _with_secret(call, reply)


async def show_cart(call: Call) -> Reply:
    """Show a cart."""
    cart = await _reachable(call)
    where: wire.CartQuery = call.query
    shown = await call.ask(resources.cart, cart)
    if where.country:
        place = places.Destination(where.country, taxes.region_code(where.region, where.country))
        shown = msgspec.structs.replace(shown, parts=await call.ask(_landed, cart, place, call.now))
    return call.say(shown)


def _landed(house: House, cart: CartId, where: places.Destination, now: Instant) -> wire.TotalParts:
    landed = taxing.land_cart(house, cart, where, now)
    return resources.total_parts(landed.parts, landed.currency)


async def set_cart_line(call: Call) -> Reply:
    """Set how many units of a listing a cart holds."""
    cart = await _reachable(call)
    line = shopping.CartLine(cart, _shopper(call), ListingId(call.ids["listing"]), call.body.quantity)
    return await call.do(shopping.set_cart_line, line, resources.cart)


async def merge_carts(call: Call) -> Reply:
    """Make a guest's cart the buyer's own."""
    guest = await _reachable(call)
    into = CartId(ids.number(CartId, call.body.into)) if call.body.into else CartId(0)
    merge = shopping.Merge(guest, into, call.buyer)

    def show(house: House, made: tuple[CartId, tuple[ListingId, ...]]) -> wire.Merged:
        cart, clamped = made
        return wire.Merged(
            cart=resources.cart(house, cart), clamped=[ids.text(ListingId, listing) for listing in clamped]
        )

    return await call.do(shopping.merge_carts, merge, show)


def _line(line: wire.BasketLine) -> tuple[ListingId, int]:
    return ListingId(ids.number(ListingId, line.listing)), line.quantity


def _shopper(call: Call) -> BuyerId:
    """Give the buyer who calls, or 0 for whoever is no buyer (yet)."""
    return call.buyer if call.bearer is not None and call.bearer.audience == "buyer" else BuyerId(0)


async def _reachable(call: Call) -> CartId:
    """Give the cart in the path. Refuses another buyer's, and a guest's without its secret, as not found."""
    return await _reach(call, CartId(call.ids["cart"]))


async def _reach(call: Call, cart: CartId) -> CartId:
    owner = (await call.ask(_cart, cart)).buyer
    is_own = owner == _shopper(call) if owner else hmac.compare_digest(call.cart_secret.encode(), _secret(call, cart))
    if not is_own:
        raise NotFound("There is no such cart.")
    return cart


def _cart(house: House, cart: CartId) -> orders.Cart:
    return orders.cart_of(house.orders, cart)


def _secret(call: Call, cart: CartId) -> bytes:
    """Give what a guest shows to reach a cart: numbers can be guessed, this can not, and it is kept nowhere."""
    return call.caravan.vault.mark(f"guest cart {int(cart)}").hex().encode()


def _with_secret(call: Call, reply: Reply) -> Reply:
    if _shopper(call) or reply.status != HTTPStatus.CREATED:
        return reply
    made = ids.number(CartId, wire.decode(reply.body, wire.Cart).id)
    return reply._replace(headers={**reply.headers, CART_SECRET: _secret(call, CartId(made)).decode()})


async def open_session(call: Call) -> Reply:
    """Go to checkout; with an address the units are held at once, all lines or none."""
    new: wire.NewSession = call.body
    if (new.cart is None) == (new.lines is None):
        raise Invalid("A checkout is of a cart or of lines.", field="cart")
    cart = await _reach(call, CartId(ids.number(CartId, new.cart))) if new.cart else CartId(0)
    lines = tuple(_line(line) for line in new.lines or ())
    wanted = shopping.Checkout(call.buyer, cart, _address(new.address), lines)
    return await call.do(shopping.open_checkout, wanted, resources.session)


def _address(public: str | None) -> AddressId:
    return AddressId(ids.number(AddressId, public)) if public else AddressId(0)


def _step(call: Call, address: AddressId = _NO_ADDRESS) -> shopping.Step:
    return shopping.Step(SessionId(call.ids["session"]), call.buyer, address)


async def show_session(call: Call) -> Reply:
    """Show a checkout."""
    return call.say(await call.ask(_own_session, _step(call)))


def _own_session(house: House, step: shopping.Step) -> wire.CheckoutSession:
    return resources.session(house, shopping.own_session(house, step).session)


async def edit_session(call: Call) -> Reply:
    """Say where the parcels go, or that the buyer is still there; holds the units."""
    return await call.do(shopping.reserve, _step(call, _address(call.body.address)), resources.session)


async def complete_session(call: Call) -> Reply:
    """Buy: stock is committed and money held in one entry, or nothing happens."""
    expected: wire.Amount = call.body.expected_total
    step = _step(call)
    wanted = checkout.Completion(step.session, step.buyer, expected.amount, expected.currency)
    return await call.do(checkout.complete_sessions, wanted, resources.purchase, is_many=True)


async def choose_currency(call: Call) -> Reply:
    """Say what a checkout costs in a currency, and hold that for as long as quotes stand."""
    choice = exchanging.Choice(SessionId(call.ids["session"]), call.buyer, call.body.currency)
    return await call.do(exchanging.choose_currency, choice, resources.session)


async def cancel_session(call: Call) -> Reply:
    """Give a checkout up."""
    return await call.do(shopping.cancel_checkout, _step(call), resources.session)


async def place_order(call: Call) -> Reply:
    """Buy at the catalog's prices, without a checkout before it."""
    wanted = direct_order(call.caravan, call.buyer, call.body)
    return await call.do(checkout.order_directly, wanted, resources.purchase, is_many=True)


def direct_order(caravan: Caravan, buyer: BuyerId, new: wire.NewOrder) -> checkout.DirectOrder:
    """Turn what a buyer sent into an order. Refuses an address that is not theirs as not found."""
    address = AddressId(ids.number(AddressId, new.address))
    # Whose an address is never changes, so it can be looked at beside the cell's queue.
    addresses = caravan.cell.house.identity.addresses
    if not 0 < address < len(addresses) or addresses[address].buyer != buyer:
        raise NotFound("There is no such address.")
    lines = tuple(map(_line, new.lines))
    return checkout.DirectOrder(buyer, address, new.expected_total.currency, new.expected_total.amount, lines)


def rendered_purchase(house: House, instance: str, result: object) -> Answer:
    """Give what is said of an order that was placed, or refused."""
    return rendered(house, resources.purchase, result, status=HTTPStatus.CREATED, location=_PURCHASE, instance=instance)


async def show_purchase(call: Call) -> Reply:
    """Show what was bought at once."""
    buyer = BuyerId(0) if call.is_operator else call.buyer
    return call.say(await call.ask(_own_purchase, buyer, PurchaseId(call.ids["purchase"])))


def _own_purchase(house: House, buyer: BuyerId, number: PurchaseId) -> wire.Purchase:
    table = house.orders.purchases
    if not 0 < number < len(table) or (buyer and table.buyer[number] != buyer):
        raise NotFound("There is no such purchase.")
    return resources.purchase(house, number)


_SHOPPERS = (PUBLIC, BUYER)
_PRICED = (catalog.NotOnOffer, partners.SellerNotActive)
_PLACED = (ledger.OutOfStock, ledger.InsufficientFunds, orders.TotalChanged, *_PRICED)

OPERATIONS = (
    Operation(
        method="POST", path="/v1/carts", summary="Take a cart with its first line", handler=open_cart, who=_SHOPPERS,
        scope="carts:write", request=wire.BasketLine, response=wire.Cart, status=HTTPStatus.CREATED,
        location="/v1/carts/{id}", key="optional", takes_cart_secret=True,
        refusals=(NotFound, catalog.NotOnOffer, orders.CartTooLarge),
    ),
    Operation(
        method="GET", path="/v1/carts/{cart}", summary="Show a cart", handler=show_cart, who=_SHOPPERS,
        scope="carts:write", response=wire.Cart, takes_cart_secret=True, query=wire.CartQuery,
        refusals=(NotFound, Invalid),
    ),
    Operation(
        method="PUT", path="/v1/carts/{cart}/lines/{listing}", summary="Set a line of a cart; 0 takes it out",
        handler=set_cart_line, who=_SHOPPERS, scope="carts:write", request=wire.CartQuantity, response=wire.Cart,
        takes_cart_secret=True, refusals=(NotFound, catalog.NotOnOffer, orders.CartTooLarge),
    ),
    Operation(
        method="POST", path="/v1/carts/{cart}/merge", summary="Make a guest's cart my own", handler=merge_carts,
        who=(BUYER,), scope="carts:write", request=wire.CartMerge, response=wire.Merged, key="optional",
        takes_cart_secret=True, refusals=(NotFound, orders.CartTooLarge),
    ),
    Operation(
        method="POST", path="/v1/checkout_sessions", summary="Go to checkout", handler=open_session, who=(BUYER,),
        scope="checkout:write", request=wire.NewSession, response=wire.CheckoutSession, status=HTTPStatus.CREATED,
        location="/v1/checkout_sessions/{id}", key="required", takes_cart_secret=True,
        refusals=(
            NotFound, Invalid, orders.EmptyCart, orders.CartTooLarge, orders.BuyerLimitReached, ledger.OutOfStock,
            *_PRICED,
        ),
    ),
    Operation(
        method="GET", path="/v1/checkout_sessions/{session}", summary="Show a checkout", handler=show_session,
        who=(BUYER,), scope="checkout:write", response=wire.CheckoutSession, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/checkout_sessions/{session}", summary="Set the address, or hold the units for longer",
        handler=edit_session, who=(BUYER,), scope="checkout:write", request=wire.SessionEdit,
        response=wire.CheckoutSession, key="required",
        refusals=(NotFound, orders.SessionNotReady, orders.BuyerLimitReached, ledger.OutOfStock),
    ),
    Operation(
        method="POST", path="/v1/checkout_sessions/{session}/complete", summary="Buy", handler=complete_session,
        who=(BUYER,), scope="checkout:write", request=wire.Completion, response=wire.Purchase,
        status=HTTPStatus.CREATED, location=_PURCHASE, key="required",
        refusals=(NotFound, orders.SessionNotReady, ledger.ReservationExpired, exchange.QuoteNotOpen, *_PLACED),
    ),
    Operation(
        method="POST", path="/v1/checkout_sessions/{session}/currency", summary="Pay in another currency",
        handler=choose_currency, who=(BUYER,), scope="checkout:write", request=wire.CurrencyChoice,
        response=wire.CheckoutSession, key="optional",
        refusals=(NotFound, Invalid, orders.SessionNotReady, exchange.NoRate),
    ),
    Operation(
        method="POST", path="/v1/checkout_sessions/{session}/cancel", summary="Give a checkout up",
        handler=cancel_session, who=(BUYER,), scope="checkout:write", response=wire.CheckoutSession, key="required",
        refusals=(NotFound, orders.SessionNotReady),
    ),
    Operation(
        method="POST", path="/v1/orders", summary="Buy without a checkout", handler=place_order, who=(BUYER,),
        scope="checkout:write", request=wire.NewOrder, response=wire.Purchase, status=HTTPStatus.CREATED,
        location=_PURCHASE, key="required", refusals=(NotFound, Invalid, *_PLACED),
    ),
    Operation(
        method="GET", path="/v1/purchases/{purchase}", summary="Show a purchase", handler=show_purchase,
        who=(BUYER, OPERATOR), scope="orders:read", response=wire.Purchase, refusals=(NotFound,),
    ),
)  # fmt: skip
