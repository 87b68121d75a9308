"""What happens on the way to an order and with it: carts, checkout sessions, purchases, orders."""

from caravan.kernel.event import Event, Int16
from caravan.kernel.ids import (
    AddressId,
    BuyerId,
    CartId,
    EntryId,
    HoldId,
    ListingId,
    LocationId,
    OrderId,
    PurchaseId,
    SellerId,
    SessionId,
    SkuId,
)


class CartOpened(Event, frozen=True, kw_only=True, tag="orders.cart_opened.v1"):
    """Somebody took a cart; `buyer` is 0 for a guest."""

    cart: CartId
    buyer: BuyerId


class CartLineSet(Event, frozen=True, kw_only=True, tag="orders.cart_line_set.v1"):
    """A cart holds so many units of a listing; 0 takes the line out. A cart holds no stock."""

    cart: CartId
    listing: ListingId
    quantity: int


class CartClaimed(Event, frozen=True, kw_only=True, tag="orders.cart_claimed.v1"):
    """A guest's cart turned out to be a buyer's."""

    cart: CartId
    buyer: BuyerId


class SessionOpened(Event, frozen=True, kw_only=True, tag="orders.session_opened.v1"):
    """A checkout began with these lines at these prices; one value a line in each tuple."""

    session: SessionId
    buyer: BuyerId
    cart: CartId
    address: AddressId
    currency: str
    total_minor: int
    listings: tuple[ListingId, ...]
    skus: tuple[SkuId, ...]
    locations: tuple[LocationId, ...]
    sellers: tuple[SellerId, ...]
    quantities: tuple[int, ...]
    unit_prices_minor: tuple[int, ...]
    shipping_minor: tuple[int, ...]


class SessionAllocated(Event, frozen=True, kw_only=True, tag="orders.session_allocated.v1"):
    """It was decided which locations send a checkout's lines: these lines are in the place of those that it had.

    A line that several locations send is several lines; `shipping_minor` is without what a destination adds.
    """

    session: SessionId
    total_minor: int
    listings: tuple[ListingId, ...]
    skus: tuple[SkuId, ...]
    locations: tuple[LocationId, ...]
    sellers: tuple[SellerId, ...]
    quantities: tuple[int, ...]
    unit_prices_minor: tuple[int, ...]
    shipping_minor: tuple[int, ...]


class SessionReserved(Event, frozen=True, kw_only=True, tag="orders.session_reserved.v1"):
    """All lines of a session are held for its buyer, until it expires."""

    session: SessionId
    holds: tuple[HoldId, ...]
    expires_at: int


class SessionAddressed(Event, frozen=True, kw_only=True, tag="orders.session_addressed.v1"):
    """The buyer said where a checkout's parcels go."""

    session: SessionId
    address: AddressId


class SessionRepriced(Event, frozen=True, kw_only=True, tag="orders.session_repriced.v1"):
    """A checkout costs what its new destination makes it cost: `shipping_minor` is what comes on top of each line's price."""

    session: SessionId
    total_minor: int
    shipping_minor: tuple[int, ...]


class SessionExtended(Event, frozen=True, kw_only=True, tag="orders.session_extended.v1"):
    """The buyer is still at it: the units are held for longer, by new holds."""

    session: SessionId
    holds: tuple[HoldId, ...]
    expires_at: int


class SessionPaying(Event, frozen=True, kw_only=True, tag="orders.session_paying.v1"):
    """The buyer of a checkout is paying: in progress. Its units are held by new holds, for as long as that may take."""

    session: SessionId
    holds: tuple[HoldId, ...]
    expires_at: int


class SessionReopened(Event, frozen=True, kw_only=True, tag="orders.session_reopened.v1"):
    """A payment came to nothing; the checkout's units are still held, and the buyer may pay in another way."""

    session: SessionId


class SessionCanceled(Event, frozen=True, kw_only=True, tag="orders.session_canceled.v1"):
    """The buyer gave a checkout up; what was held is free again."""

    session: SessionId


class SessionExpired(Event, frozen=True, kw_only=True, tag="orders.session_expired.v1"):
    """A checkout took too long; what was held is free again."""

    session: SessionId


class SessionCompleted(Event, frozen=True, kw_only=True, tag="orders.session_completed.v1"):
    """A checkout became a purchase."""

    session: SessionId
    purchase: PurchaseId


class PurchasePlaced(Event, frozen=True, kw_only=True, tag="orders.purchase_placed.v2"):
    """A buyer bought, from one or more sellers at once: units are committed, and money is held for each order.

    This is the one fact of a checkout: ledger, orders and payments each fold their part of it. `unit` is the currency's
    ISO 4217 number; `mark_high` and `mark_low` hash where it came from, or are 0; `rules` is the version of the kernels
    that decided it. Its orders, one a seller, are numbered from `first_order` on, and their holds from `first_hold` on:
    the first four tuples have a value for each. The lines follow order by order, one value a line in the tuples from
    `listings` on; `holds` are the reservations that units came out of, or 0. Fees and the tax on them are frozen here.
    """

    purchase: PurchaseId
    buyer: BuyerId
    session: SessionId
    address: AddressId
    unit: int
    total_minor: int
    mark_high: int
    mark_low: int
    entry: EntryId
    first_hold: HoldId
    first_order: OrderId
    rules: Int16
    sellers: tuple[SellerId, ...]
    totals_minor: tuple[int, ...]
    fee_taxes_minor: tuple[int, ...]
    line_counts: tuple[int, ...]
    listings: tuple[ListingId, ...]
    skus: tuple[SkuId, ...]
    locations: tuple[LocationId, ...]
    quantities: tuple[int, ...]
    unit_prices_minor: tuple[int, ...]
    shipping_minor: tuple[int, ...]
    fees_minor: tuple[int, ...]
    holds: tuple[HoldId, ...]


class OrderCanceled(Event, frozen=True, kw_only=True, tag="orders.order_canceled.v1"):
    """An order was called off before anything was handed over; stock and money went back."""

    order: OrderId
    by: int


class OrderFulfilled(Event, frozen=True, kw_only=True, tag="orders.order_fulfilled.v1"):
    """All that was ordered has been handed to a carrier."""

    order: OrderId


class OrderReceived(Event, frozen=True, kw_only=True, tag="orders.order_received.v1"):
    """All that was ordered has reached the buyer."""

    order: OrderId


class OrderCompleted(Event, frozen=True, kw_only=True, tag="orders.order_completed.v1"):
    """Nothing is open any more: the money went to the seller, or back to the buyer."""

    order: OrderId


class LineReturned(Event, frozen=True, kw_only=True, tag="orders.line_returned.v1"):
    """Units of an order came back and were paid back. `line` counts from 0 within the order.

    Where nothing had to come back (a claim), the quantity is 0; where new units go out for them, the refund is.
    """

    order: OrderId
    line: int
    quantity: int
    refund_minor: int
    fee_minor: int
    fee_tax_minor: int


class LinesFulfilled(Event, frozen=True, kw_only=True, tag="orders.lines_fulfilled.v1"):
    """A part of an order has been handed to a carrier: units of its lines, or units that go out anew for such."""

    order: OrderId
    lines: tuple[int, ...]
    quantities: tuple[int, ...]
    is_replacement: bool


class LinesCanceled(Event, frozen=True, kw_only=True, tag="orders.lines_canceled.v1"):
    """Units of an order, of which others have left, will not be sent; so much of its fee and the tax on it falls away."""

    order: OrderId
    lines: tuple[int, ...]
    quantities: tuple[int, ...]
    fee_minor: int
    fee_tax_minor: int
    by: int


class LinesReplaced(Event, frozen=True, kw_only=True, tag="orders.lines_replaced.v1"):
    """Units are to go out anew for units of an order, at no further price; below zero they will not after all."""

    order: OrderId
    lines: tuple[int, ...]
    quantities: tuple[int, ...]
