"""What you can tell claims: open one, answer it, dispute the answer, decide, close; and the terms. Flows move the money."""

from collections.abc import Mapping
from dataclasses import dataclass

from caravan.events import claims as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import BuyerId, ClaimId, OrderId, ParcelId, SellerId
from caravan.trade.claims.model import Claim, Claims, ClaimStatus, Opener, Reason

NOTE_CHARACTERS_MAX = 1_000


class ClaimNotOpen(Refusal):
    """This claim is not at the point where that can be done."""


class AlreadyClaimed(Refusal):
    """There is a claim about this already: it has to be over first."""


class NothingToClaim(Refusal):
    """Nothing of this can be claimed now."""


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What is wrong: with which parcel (0: the order), which units of which lines, and what it is worth."""

    order: OrderId
    buyer: BuyerId
    seller: SellerId
    parcel: ParcelId
    reason: Reason
    by: Opener
    unit: int
    amount_minor: int
    note: str
    contents: Mapping[int, int]


def open_claim(claims: Claims, complaint: Complaint, *, now: Instant) -> events.ClaimOpened:
    """Open a claim. Refuses a second one about the same parcel while one stands."""
    standing = [claims.claims[number] for number in claims.open_of.get(complaint.order, ())]
    if any(complaint.parcel in {0, one.parcel} or not one.parcel for one in standing):
        raise AlreadyClaimed
    return events.ClaimOpened(
        at=now, claim=ClaimId(len(claims.claims) + 1), order=complaint.order, buyer=complaint.buyer,
        seller=complaint.seller, parcel=complaint.parcel, reason=int(complaint.reason), by=int(complaint.by),
        unit=complaint.unit, amount_minor=complaint.amount_minor, note=_note(complaint.note),
        answer_by=now + claims.terms.answer_within, lines=tuple(complaint.contents),
        quantities=tuple(complaint.contents.values()),
    )  # fmt: skip


def _note(note: str) -> str:
    if len(note) > NOTE_CHARACTERS_MAX:
        raise Invalid(f"At most {NOTE_CHARACTERS_MAX} characters.", field="note")
    return note.strip()


def claim_of(claims: Claims, claim: int) -> Claim:
    """Give a claim. Refuses an unknown one as NotFound."""
    if claim not in claims.claims:
        raise NotFound("There is no such claim.")
    return claims.claims[claim]


def require(claim: Claim, *statuses: ClaimStatus) -> None:
    """Refuse a claim that does not stand in one of these."""
    if claim.status not in statuses:
        raise ClaimNotOpen(f"This claim is {claim.status.name.lower()}.")


def answer_claim(  # All of it is said in an answer.
    claims: Claims, claim: Claim, *, amount_minor: int, note: str, now: Instant, parcel: int = 0,
    is_silence: bool = False,
) -> events.ClaimAnswered:  # fmt: skip
    """Answer a claim: so much goes back, or it is sent anew in a parcel. Refuses more than was claimed."""
    require(claim, ClaimStatus.OPEN)
    if not 0 <= amount_minor <= claim.amount:
        raise Invalid(f"This claim is about {claim.amount}.", field="amount")
    return events.ClaimAnswered(
        at=now, claim=ClaimId(claim.claim), amount_minor=amount_minor, parcel=ParcelId(parcel), note=_note(note),
        is_silence=is_silence, dispute_by=now + claims.terms.dispute_within,
    )  # fmt: skip


def dispute_claim(claim: Claim, *, note: str, now: Instant) -> events.ClaimDisputed:
    """Take a claim to the operator. Refuses one that was not answered, or was granted whole, or is sent anew."""
    require(claim, ClaimStatus.ANSWERED)
    if claim.granted >= claim.amount or claim.anew:
        raise ClaimNotOpen("This claim was granted whole.")
    return events.ClaimDisputed(at=now, claim=ClaimId(claim.claim), note=_note(note))


def decide_claim(claim: Claim, *, amount_minor: int, note: str, now: Instant) -> events.ClaimDecided:
    """Decide a disputed claim. Refuses more than is left of it."""
    require(claim, ClaimStatus.DISPUTED)
    left = claim.amount - claim.granted
    if not 0 <= amount_minor <= left:
        raise Invalid(f"{left} of this claim is left.", field="amount")
    return events.ClaimDecided(at=now, claim=ClaimId(claim.claim), amount_minor=amount_minor, note=_note(note))


def close_claim(claim: Claim, *, is_withdrawn: bool, now: Instant) -> events.ClaimClosed:
    """Close a claim that stands."""
    require(claim, ClaimStatus.OPEN, ClaimStatus.ANSWERED, ClaimStatus.DISPUTED)
    return events.ClaimClosed(at=now, claim=ClaimId(claim.claim), is_withdrawn=is_withdrawn)


def reopen_claim(claims: Claims, claim: Claim, *, now: Instant) -> events.ClaimReopened:
    """Have the seller answer once more, as what they were to send anew has not left."""
    require(claim, ClaimStatus.ANSWERED)
    return events.ClaimReopened(at=now, claim=ClaimId(claim.claim), answer_by=now + claims.terms.answer_within)


@dataclass(frozen=True, kw_only=True)
class ClaimTerms:
    """How long each may take, in microseconds; see the event."""

    answer_within: int
    dispute_within: int
    claim_within: int
    lost_after: int


def set_claim_terms(terms: ClaimTerms, *, now: Instant) -> events.ClaimTermsSet:
    """Set the terms of claims. Refuses times that are none."""
    for field, lasts in vars(terms).items():
        if lasts <= 0:
            raise Invalid("A time is above zero.", field=field)
    return events.ClaimTermsSet(at=now, **vars(terms))
