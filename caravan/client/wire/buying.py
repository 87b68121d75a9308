"""What goes over the wire of buying: carts, checkouts, what a total is made of."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.goods import SentFrom
from caravan.client.wire.ground import (
    LINES_MAX,
    UNITS_PER_LINE_MAX,
    AddressRef,
    Amount,
    CartRef,
    Country,
    CurrencyCode,
    ListingRef,
    OrderRef,
    PurchaseRef,
    Quantity,
    Request,
    Response,
    SellerRef,
    SessionRef,
    SkuRef,
    Time,
)
from caravan.kernel.money import Money

SessionState = Literal["not_ready", "ready", "in_progress", "completed", "canceled", "expired"]


class BasketLine(Request, frozen=True, kw_only=True):
    """So many units of a listing."""

    listing: ListingRef
    quantity: Quantity


class CartQuantity(Request, frozen=True, kw_only=True):
    """How many units a cart is to hold; 0 takes the line out."""

    quantity: Annotated[int, Meta(ge=0, le=UNITS_PER_LINE_MAX)]


class CartQuery(Request, frozen=True, kw_only=True):
    """Where a cart would go, to be told what it comes to there."""

    country: Country | None = None
    region: Annotated[str, Meta(max_length=10)] = ""


class CartMerge(Request, frozen=True, kw_only=True):
    """The buyer's own cart that a guest's goes into; without one, the guest's becomes the buyer's."""

    into: CartRef | None = None


Lines = Annotated[list[BasketLine], Meta(min_length=1, max_length=LINES_MAX)]


class NewSession(Request, frozen=True, kw_only=True):
    """Go to checkout with a cart or with lines; with an address, the units are held at once."""

    cart: CartRef | None = None
    lines: Lines | None = None
    address: AddressRef | None = None


class SessionEdit(Request, frozen=True, kw_only=True):
    """Where the parcels go; sent without it, a ready checkout is held for longer."""

    address: AddressRef | None = None


class CurrencyChoice(Request, frozen=True, kw_only=True):
    """The currency that a checkout is to be paid in."""

    currency: CurrencyCode


class Completion(Request, frozen=True, kw_only=True):
    """What the buyer agrees to pay in all."""

    expected_total: Amount


class NewOrder(Request, frozen=True, kw_only=True):
    """An order at the catalog's prices, without a checkout before it."""

    lines: Lines
    address: AddressRef
    expected_total: Amount


class CartLine(Response, frozen=True, kw_only=True):
    """A line of a cart, at the price of this moment."""

    listing: ListingRef
    title: str
    quantity: int
    price: Money
    shipping: Money
    is_on_offer: bool


class TaxPart(Response, frozen=True, kw_only=True):
    """A tax or duty in a total, by which rule and from which source. `lines` count from 0; none where many were summed.

    `remits` says who brings it to the authority; what a buyer remits is not in the total, but due at the border.
    """

    rule: str
    name: str
    levy: str
    percent: str
    amount: Money
    is_included: bool
    remits: str
    authority: str
    lines: list[int]
    source: str
    as_of: str


class TotalParts(Response, frozen=True, kw_only=True):
    """The parts of a total: it is goods, shipping and `taxes_added`; `taxes_included` are in the prices.

    `due_at_border` comes on top for the buyer; where `more_may_be_due`, customs may ask for what nobody here can say.
    """

    goods: Money
    shipping: Money
    taxes_included: Money
    taxes_added: Money
    due_at_border: Money
    more_may_be_due: bool
    country: str
    region: str
    rules_version: int
    taxes: list[TaxPart]


class Cart(Response, frozen=True, kw_only=True):
    """A cart. It holds no stock; `total` is of the lines that are on offer.

    Asked with a country, `parts` says what they come to there, with taxes.
    """

    id: CartRef
    lines: list[CartLine]
    total: Money
    parts: TotalParts | None = None


class Merged(Response, frozen=True, kw_only=True):
    """The cart that came of two, and the listings whose quantity was cut to the limits."""

    cart: Cart
    clamped: list[ListingRef]


class SessionLine(Response, frozen=True, kw_only=True):
    """A line of a checkout at its quoted price; shipping is of the whole line."""

    listing: ListingRef
    sku: SkuRef
    seller: SellerRef
    quantity: int
    unit_price: Money
    shipping: Money
    total: Money
    sent_from: SentFrom | None = None


class PayIn(Response, frozen=True, kw_only=True):
    """What a checkout costs in the currency that it is to be paid in, until it expires: at the rates of a day.

    `mid` is what the rate alone makes of `total`; of that the operator keeps `spread`, and the rest is the checkout's total.
    """

    quote: str
    total: Money
    mid: Money
    spread: Money
    day: str
    expires_at: Time


class PaidIn(Response, frozen=True, kw_only=True):
    """What an order was paid with in another currency, its share of the spread, and what went back of both."""

    quote: str
    paid: Money
    spread: Money
    paid_back: Money
    spread_back: Money


class CheckoutSession(Response, frozen=True, kw_only=True):
    """A checkout: a quote, and while it is ready, units held until `expires_at`."""

    id: SessionRef
    status: SessionState
    currency: str
    lines: list[SessionLine]
    total: Money
    parts: TotalParts
    pay_in: PayIn | None
    address: AddressRef | None
    opened_at: Time
    expires_at: Time | None
    purchase: PurchaseRef | None


class Purchase(Response, frozen=True, kw_only=True):
    """What one buyer bought at once: one order for each seller in it."""

    id: PurchaseRef
    session: SessionRef | None
    address: AddressRef | None
    total: Money
    placed_at: Time
    orders: list[OrderRef]
