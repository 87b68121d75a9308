"""What you can ask claims: those of an order, those that are due, and those that wait for somebody."""

from collections import Counter
from collections.abc import Iterator

from caravan.trade.claims.model import STANDING, Claim, Claims, ClaimStatus

DUE_MAX = 200


def claims_of(claims: Claims, order: int) -> list[Claim]:
    """Give an order's claims, in the order in which they were opened."""
    return [claims.claims[number] for number in claims.of_order.get(order, ())]


def due_claims(claims: Claims, *, now: int) -> list[Claim]:
    """Give the claims of which a term is over, at most 200."""
    standing = sorted(number for numbers in claims.open_of.values() for number in numbers)
    found = (claims.claims[number] for number in standing)
    return [claim for claim in found if 0 < claim.due_at <= now][:DUE_MAX]


def standing_claims(claims: Claims, *, seller: int = 0) -> list[Claim]:
    """Give the claims that are not over, of a seller or of all: those that the seller or the operator must see to first."""
    found = [
        claims.claims[number]
        for numbers in claims.open_of.values()
        for number in numbers
        if not seller or claims.claims[number].seller == seller
    ]
    first = ClaimStatus.OPEN if seller else ClaimStatus.DISPUTED
    return sorted(found, key=lambda claim: (claim.status != first, claim.claim))


def is_standing(claim: Claim) -> bool:
    """Tell whether a claim is not over."""
    return claim.status in STANDING


def findings(claims: Claims) -> Iterator[str]:
    """Check the invariants of claims; give a sentence for each that does not hold."""
    for claim in claims.claims.values():
        if not 0 <= claim.granted <= claim.amount:
            yield f"Claim {claim.claim}: {claim.granted} of {claim.amount} was given."
    standing = Counter(
        (claim.order, claim.parcel) for claim in claims.claims.values() if claim.status in STANDING and claim.parcel
    )
    for (order, parcel), count in standing.items():
        if count > 1:
            yield f"Order {order}: {count} claims stand about parcel {parcel}."
