"""What goes over the wire of orders."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.buying import PaidIn, TotalParts
from caravan.client.wire.claims import Claim
from caravan.client.wire.goods import SentFrom
from caravan.client.wire.ground import (
    LINES_MAX,
    Amount,
    BuyerRef,
    Direction,
    ListingRef,
    OrderRef,
    Paging,
    PurchaseRef,
    Quantity,
    Request,
    Response,
    SellerRef,
    SkuRef,
    Text200,
    Time,
)
from caravan.client.wire.parcels import Parcel
from caravan.client.wire.people import Address
from caravan.kernel.money import Money

OrderStatus = Literal["placed", "canceled", "completed"]
Fulfillment = Literal["unfulfilled", "partial", "fulfilled", "delivered"]
PaymentState = Literal["authorized", "partly_captured", "captured", "disputed", "partly_refunded", "refunded", "voided"]


class NewReturn(Request, frozen=True, kw_only=True):
    """Units of one line (counted from 0) come back, and so much money goes back."""

    line: Annotated[int, Meta(ge=0, lt=LINES_MAX)]
    quantity: Quantity
    refund: Amount


class OrdersQuery(Paging, frozen=True, kw_only=True):
    """One's own orders, the newest first; the operator may name a seller or a buyer."""

    order: Direction = "desc"
    status: OrderStatus | None = None
    fulfillment: Fulfillment | None = None
    seller: SellerRef | None = None
    buyer: BuyerRef | None = None
    expand: Text200 = ""
    fields: Text200 = ""


class OrderQuery(Request, frozen=True, kw_only=True):
    """What more (lines, parcels, claims, address) and what only."""

    expand: Text200 = ""
    fields: Text200 = ""


class OrderLine(Response, frozen=True, kw_only=True):
    """A line of an order. `line` is its number for parcels and returns; shipping and fee are of the whole line.

    Of the quantity ordered, `current` still counts, `fulfilled` has left, and `returned` came back.
    """

    line: int
    listing: ListingRef
    sku: SkuRef
    title: str
    option: str
    quantity: int
    current: int
    fulfilled: int
    returned: int
    unit_price: Money
    shipping: Money
    refunded: Money
    sent_from: SentFrom | None = None


class Order(Response, frozen=True, kw_only=True, omit_defaults=True):
    """What a buyer bought of one seller. The fee is told to the seller, the buyer's number to all but the seller."""

    id: OrderRef
    purchase: PurchaseRef
    seller: SellerRef
    status: OrderStatus
    fulfillment: Fulfillment
    payment: PaymentState
    total: Money
    placed_at: Time
    buyer: BuyerRef | None = None
    fee: Money | None = None
    fee_tax: Money | None = None
    refunded: Money | None = None
    canceled_at: Time | None = None
    fulfilled_at: Time | None = None
    delivered_at: Time | None = None
    completed_at: Time | None = None
    lines: list[OrderLine] | None = None
    parts: TotalParts | None = None
    paid_in: PaidIn | None = None
    parcels: list[Parcel] | None = None
    claims: list[Claim] | None = None
    address: Address | None = None
