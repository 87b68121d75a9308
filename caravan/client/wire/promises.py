"""What goes over the wire of delivery dates."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.ground import Country, OrderRef, Request, Response, SellerRef, Time

Basis = Literal["lane", "regions", "market", "defaults"]


class PromiseQuery(Request, frozen=True, kw_only=True):
    """Where it would go."""

    country: Country


class PromiseScoreQuery(Request, frozen=True, kw_only=True):
    """Of how many days, and of whom: a seller sees their own."""

    days: Annotated[int, Meta(ge=1, le=366)] = 30
    seller: SellerRef | None = None


class Promise(Response, frozen=True, kw_only=True):
    """A date by which a parcel arrives, with its probability; half arrive by `median_at`. `sentence` says why.

    `basis` is lane, regions, market or defaults: on what the date stands. `model` names what was learned.
    """

    promised_at: Time
    median_at: Time
    probability: float
    model: str
    basis: Basis
    parcels: int
    is_new_seller: bool
    sentence: str


class OrderPromise(Response, frozen=True, kw_only=True):
    """What a buyer was told about an order: the date that counts, and how it stands.

    `expected_at` is by when it will probably arrive as things move now, null once it has; `revised_at` is the later
    date that the buyer was told where the first one slipped.
    """

    order: OrderRef
    promised_at: Time
    median_at: Time
    probability: float
    model: str
    basis: Basis
    parcels: int
    origin: str
    destination: str
    made_at: Time
    revised_at: Time | None
    expected_at: Time | None
    delivered_at: Time | None
    status: Literal["open", "kept", "missed"]


class PromiseScore(Response, frozen=True, kw_only=True):
    """How the promises of the last days came out: the share kept beside the share promised, of those settled."""

    days: int
    promises: int
    kept: int
    missed: int
    kept_share: float | None
    promised_share: float | None
