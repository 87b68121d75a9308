"""What happens when something goes wrong with what was bought: claims, answers, decisions."""

from caravan.kernel.event import Event, Int8
from caravan.kernel.ids import BuyerId, ClaimId, OrderId, ParcelId, SellerId


class ClaimOpened(Event, frozen=True, kw_only=True, tag="claims.claim_opened.v1"):
    """Something is wrong with a parcel, or (parcel 0) with an order: so many units of these lines, worth so much.

    `reason` is lost (1), missing (2), damaged (3), wrong (4) or late (5); `by` is the buyer (0), the carrier (1) or the
    clock (2). The seller answers until `answer_by`; silence is a yes.
    """

    claim: ClaimId
    order: OrderId
    buyer: BuyerId
    seller: SellerId
    parcel: ParcelId
    reason: Int8
    by: Int8
    unit: int
    amount_minor: int
    note: str
    answer_by: int
    lines: tuple[int, ...]
    quantities: tuple[int, ...]


class ClaimAnswered(Event, frozen=True, kw_only=True, tag="claims.claim_answered.v1"):
    """A seller gives so much back, or nothing; or sends it anew in `parcel`. The buyer may take that to the operator.

    Where nobody answered in time, `is_silence` says so.
    """

    claim: ClaimId
    amount_minor: int
    parcel: ParcelId
    note: str
    is_silence: bool
    dispute_by: int


class ClaimDisputed(Event, frozen=True, kw_only=True, tag="claims.claim_disputed.v1"):
    """A buyer is not content with the answer: the operator decides."""

    claim: ClaimId
    note: str


class ClaimDecided(Event, frozen=True, kw_only=True, tag="claims.claim_decided.v1"):
    """The operator decided: so much more goes back, or nothing. That is the end of it."""

    claim: ClaimId
    amount_minor: int
    note: str


class ClaimClosed(Event, frozen=True, kw_only=True, tag="claims.claim_closed.v1"):
    """A claim is over: the buyer is content or said nothing more, took it back, or what was sent anew has arrived.

    `is_withdrawn` says that it came to nothing: the buyer took it back, or what was lost was found.
    """

    claim: ClaimId
    is_withdrawn: bool


class ClaimReopened(Event, frozen=True, kw_only=True, tag="claims.claim_reopened.v1"):
    """What was to be sent anew was not: the seller has to answer once more."""

    claim: ClaimId
    answer_by: int


class ClaimTermsSet(Event, frozen=True, kw_only=True, tag="claims.claim_terms_set.v1"):
    """How long a seller has to answer, a buyer to dispute the answer and to claim after delivery; and when a parcel is lost.

    A parcel is lost so long after it was promised; or after it was handed over, where nothing was promised.
    """

    answer_within: int
    dispute_within: int
    claim_within: int
    lost_after: int
