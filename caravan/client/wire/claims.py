"""What goes over the wire of claims."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.ground import (
    LINES_MAX,
    SECONDS_MAX,
    Amount,
    ClaimRef,
    OrderRef,
    ParcelRef,
    Request,
    Response,
    SellerRef,
    Text1000,
    Time,
)
from caravan.client.wire.parcels import ParcelLine, ParcelUnits
from caravan.kernel.money import Money

ClaimReason = Literal["lost", "missing", "damaged", "wrong", "late"]
ClaimState = Literal["open", "answered", "disputed", "closed", "withdrawn"]


class NewClaim(Request, frozen=True, kw_only=True):
    """What is wrong: with one parcel or with the order, with all of it or with units of lines, and how much is wanted back."""

    reason: ClaimReason
    parcel: ParcelRef | None = None
    lines: Annotated[list[ParcelLine], Meta(max_length=LINES_MAX)] = []
    amount: Amount | None = None
    note: Text1000 = ""


class ClaimAnswer(Request, frozen=True, kw_only=True):
    """So much goes back; or (`sends_anew`) such units go out anew, and no money moves. Neither is a no."""

    amount: Amount | None = None
    sends_anew: bool = False
    note: Text1000 = ""


class ClaimWord(Request, frozen=True, kw_only=True):
    """A buyer's word about an answer."""

    note: Text1000 = ""


class ClaimDecision(Request, frozen=True, kw_only=True):
    """So much more goes back for a claim; 0 is a no."""

    amount: Amount
    note: Text1000 = ""


class ClaimTerms(Request, frozen=True, kw_only=True):
    """How long each step of a claim may take, and so long after its promised date a parcel is lost."""

    answer_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    dispute_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    claim_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    lost_after_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]


class ClaimStep(Response, frozen=True, kw_only=True):
    """One step of a claim: who (buyer, seller, operator, carrier, clock) did what, about how much."""

    at: Time
    who: str
    what: str
    amount: Money
    note: str


class Claim(Response, frozen=True, kw_only=True):
    """Something wrong with an order: what is claimed, what was given back for it, and whose turn it is until when."""

    id: ClaimRef
    order: OrderRef
    seller: SellerRef
    parcel: ParcelRef | None
    reason: ClaimReason
    status: ClaimState
    amount: Money
    granted: Money
    sent_anew: ParcelRef | None
    opened_at: Time
    due_at: Time | None
    lines: list[ParcelUnits]
    steps: list[ClaimStep]


class Claims(Response, frozen=True, kw_only=True):
    """The claims that are not over, those first that wait for whoever asks; at most 500."""

    data: list[Claim]
