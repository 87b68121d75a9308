"""What goes over the wire of parcels: packing, handing over, labels, scans."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.goods import SentFrom
from caravan.client.wire.ground import (
    LINES_MAX,
    LocationRef,
    OrderRef,
    ParcelRef,
    Quantity,
    Request,
    Response,
    Text120,
    Time,
)
from caravan.kernel.money import Money

ScanState = Literal[
    "picked_up", "in_transit", "on_hold", "delivery_delayed", "out_for_delivery", "ready_for_pickup",
    "delivery_failed", "delivered", "return_to_sender", "returned", "lost",
]  # fmt: skip
ParcelState = Literal[
    "created", "label_bought", "picked_up", "in_transit", "on_hold", "delivery_delayed", "out_for_delivery",
    "ready_for_pickup", "delivery_failed", "delivered", "return_to_sender", "returned", "lost", "canceled",
]  # fmt: skip


class NewParcel(Request, frozen=True, kw_only=True):
    """An order is handed to a carrier."""

    carrier: Annotated[str, Meta(min_length=1, max_length=100)]
    tracking: Annotated[str, Meta(max_length=100)] = ""
    promised_at: Time | None = None


class ParcelHandover(Request, frozen=True, kw_only=True):
    """A packed parcel is handed to a carrier; without a carrier or a tracking number, those of its label count."""

    carrier: Annotated[str, Meta(max_length=100)] = ""
    tracking: Annotated[str, Meta(max_length=100)] = ""
    promised_at: Time | None = None


class NewScan(Request, frozen=True, kw_only=True):
    """What a carrier says of a parcel. Only the operator may say when it was; a seller's counts from now."""

    status: ScanState
    at: Time | None = None


class ParcelLine(Request, frozen=True, kw_only=True):
    """So many units of one line of an order, counted from 0."""

    line: Annotated[int, Meta(ge=0, lt=LINES_MAX)]
    quantity: Quantity


class Packing(Request, frozen=True, kw_only=True):
    """What goes into a parcel of its own."""

    lines: Annotated[list[ParcelLine], Meta(min_length=1, max_length=LINES_MAX)]


class RatesWish(Request, frozen=True, kw_only=True):
    """What a parcel weighs, packed; without, what its product pages say of what is in it."""

    weight_grams: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Postage(Request, frozen=True, kw_only=True):
    """The rate to buy a label at, as it was quoted."""

    rate: Text120


class NewExchange(Request, frozen=True, kw_only=True):
    """Units of one line (counted from 0) come back, and such go out anew at no further price."""

    line: Annotated[int, Meta(ge=0, lt=LINES_MAX)]
    quantity: Quantity


class PickListQuery(Request, frozen=True, kw_only=True):
    """Which orders a pick list is for, parted by commas; without any, all of the seller's that wait. Of one location, or all."""

    orders: Annotated[str, Meta(max_length=4_000)] | None = None
    location: LocationRef | None = None


class ParcelUnits(Response, frozen=True, kw_only=True):
    """So many units of one line of an order, in a parcel or a claim."""

    line: int
    title: str
    option: str
    quantity: int


class ParcelRate(Response, frozen=True, kw_only=True):
    """What a carrier takes for bringing a parcel; `rate` names it for half an hour. 0 days is not said."""

    rate: str
    carrier: str
    service: str
    price: Money
    days: int


class ParcelRates(Response, frozen=True, kw_only=True):
    """The rates of all carriers, the cheapest first."""

    data: list[ParcelRate]


class ParcelLabel(Response, frozen=True, kw_only=True):
    """The label of a parcel: asked for, bought or refused by its carrier, or being taken back. `document` is where it lies."""

    status: Literal["asked", "bought", "refused", "returning"]
    carrier: str
    service: str
    price: Money
    document: str
    reason: str


class ParcelScan(Response, frozen=True, kw_only=True):
    """What was said of a parcel: where it was, when, and in which place if that was said."""

    at: Time
    status: ParcelState
    place: str


class Parcel(Response, frozen=True, kw_only=True):
    """A parcel, what is in it, and what was said of it in the order in which it happened.

    `is_replacement` says that it goes out anew, at no further price. It has been handed over once there is a time of that.
    """

    id: ParcelRef
    order: OrderRef
    status: ParcelState
    carrier: str
    tracking: str
    handed_over_at: Time | None
    promised_at: Time | None
    delivered_at: Time | None
    made_at: Time
    is_replacement: bool
    lines: list[ParcelUnits]
    scans: list[ParcelScan]
    label: ParcelLabel | None = None
    sent_from: SentFrom | None = None
