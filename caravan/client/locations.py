"""What goes over the wire of locations: where a seller sends from, what lies there, and what moves between them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from caravan.client.wire import (
    UNITS_PER_RECEIPT_MAX,
    Country,
    ListingRef,
    LocationRef,
    MoveRef,
    Paging,
    Request,
    Response,
    SellerRef,
    SkuRef,
    Text120,
    Text200,
    Time,
)

MoveState = Literal["in_transit", "arrived", "turned_back"]
Clock = Annotated[
    str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$", description="A time of the day in UTC, 15:00; or empty.")
]
Region = Annotated[str, Meta(pattern=r"^[A-Z0-9]{0,7}$", description="The code of a state or province: CA.")]
Postcode = Annotated[str, Meta(max_length=20)]
Days = Annotated[int, Meta(ge=0, le=60)]
Priority = Annotated[int, Meta(ge=0, le=1_000)]
Destination = Annotated[str, Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,7})?$", examples=["ES", "US-CA"])]
Destinations = Annotated[list[Destination], Meta(max_length=250)]
Units = Annotated[int, Meta(ge=1, le=UNITS_PER_RECEIPT_MAX)]


class NewLocation(Request, frozen=True, kw_only=True):
    """A place with stock to send from. `seller` is for the operator to say.

    `handling_days` are working days until something leaves, after `cut_off` one more. It comes first for what it
    `serves`, and of several that do the one with the lowest `priority`. With `takes_returns`, returns come back there.
    """

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    country: Country
    city: Text120 = ""
    postcode: Postcode = ""
    region: Region = ""
    line1: Text200 = ""
    line2: Text200 = ""
    handling_days: Days = 0
    cut_off: Clock = ""
    priority: Priority = 0
    serves: Destinations = []  # noqa: RUF012 - A struct copies it.
    takes_returns: bool = False
    seller: SellerRef | None = None


class LocationEdit(Request, frozen=True, kw_only=True):
    """What a location is to be from now on; what is absent stays."""

    name: Annotated[str, Meta(min_length=1, max_length=120)] | msgspec.UnsetType = msgspec.UNSET
    country: Country | msgspec.UnsetType = msgspec.UNSET
    city: Text120 | msgspec.UnsetType = msgspec.UNSET
    postcode: Postcode | msgspec.UnsetType = msgspec.UNSET
    region: Region | msgspec.UnsetType = msgspec.UNSET
    line1: Text200 | msgspec.UnsetType = msgspec.UNSET
    line2: Text200 | msgspec.UnsetType = msgspec.UNSET
    handling_days: Days | msgspec.UnsetType = msgspec.UNSET
    cut_off: Clock | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    serves: Destinations | msgspec.UnsetType = msgspec.UNSET
    takes_returns: bool | msgspec.UnsetType = msgspec.UNSET


class LocationsQuery(Paging, frozen=True, kw_only=True):
    """A seller's own locations; the operator names a seller."""

    seller: SellerRef | None = None


class MoveLine(Request, frozen=True, kw_only=True):
    """So many units of a listing."""

    listing: ListingRef
    quantity: Units


class NewMove(Request, frozen=True, kw_only=True):
    """Units to go from a location to another; with `is_arrived` they are there at once."""

    source: LocationRef
    target: LocationRef
    lines: Annotated[list[MoveLine], Meta(min_length=1, max_length=500)]
    reference: Annotated[str, Meta(max_length=100)] = ""
    is_arrived: bool = False


class MoveArrival(Request, frozen=True, kw_only=True):
    """How many units of each line arrived, in the order of the lines; without them, all that were sent. The rest is missing."""

    quantities: Annotated[list[Annotated[int, Meta(ge=0, le=UNITS_PER_RECEIPT_MAX)]], Meta(max_length=500)] | None = (
        None
    )


class MovesQuery(Paging, frozen=True, kw_only=True):
    """A seller's own moves, the newest first; the operator may name a seller."""

    seller: SellerRef | None = None


class NewCounts(Request, frozen=True, kw_only=True):
    """A list of counted stock, as CSV; with `is_trial` it is only looked at. `seller` is for the operator to say."""

    document: Annotated[str, Meta(min_length=1, max_length=1_000_000)]
    is_trial: bool = False
    seller: SellerRef | None = None


class StockQuery(Request, frozen=True, kw_only=True):
    """Whose stock: a seller's own; the operator names a seller."""

    seller: SellerRef | None = None


class Location(Response, frozen=True, kw_only=True):
    """A place with stock that a seller sends from."""

    id: LocationRef
    seller: SellerRef
    name: str
    country: str
    city: str
    postcode: str
    region: str
    line1: str
    line2: str
    handling_days: int
    cut_off: str
    priority: int
    serves: list[str]
    takes_returns: bool
    is_open: bool
    revision: int


class MovedLine(Response, frozen=True, kw_only=True):
    """A line of a move; `arrived` once it is over."""

    listing: ListingRef
    sku: SkuRef
    title: str
    option: str
    quantity: int
    arrived: int | None


class Move(Response, frozen=True, kw_only=True):
    """Units on their way from a location to another."""

    id: MoveRef
    seller: SellerRef
    source: LocationRef
    target: LocationRef
    status: MoveState
    reference: str
    lines: list[MovedLine]
    sent_at: Time
    ended_at: Time | None


class Counted(Response, frozen=True, kw_only=True):
    """What came of a list: its counts, how many of them changed something, and the units that came in and went out by it."""

    counts: int
    changed: int
    units_in: int
    units_out: int
    is_trial: bool
