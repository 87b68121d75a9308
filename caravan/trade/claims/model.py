"""The state of claims: each with what it is about, where it stands, and when something is due."""

from enum import IntEnum

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import claims as events
from caravan.kernel.clock import DAY
from caravan.kernel.event import Event


class Reason(IntEnum):
    """What is wrong."""

    LOST = 1
    MISSING = 2
    DAMAGED = 3
    WRONG = 4
    LATE = 5


class Opener(IntEnum):
    """Who says so."""

    BUYER = 0
    CARRIER = 1
    CLOCK = 2


class ClaimStatus(IntEnum):
    """Where a claim stands. Until it is closed or withdrawn, an order's money stays in escrow."""

    OPEN = 1  # the seller has to answer
    ANSWERED = 2  # the buyer may dispute the answer, or waits for what is sent anew
    DISPUTED = 3  # the operator has to decide
    CLOSED = 4
    WITHDRAWN = 5


STANDING = (ClaimStatus.OPEN, ClaimStatus.ANSWERED, ClaimStatus.DISPUTED)

# A week for a seller to look for a parcel and three days to think of an answer are what large marketplaces give; two
# weeks past its date is when carriers themselves take a parcel for lost.
_TERMS = events.ClaimTermsSet(
    at=0, answer_within=3 * DAY, dispute_within=7 * DAY, claim_within=30 * DAY, lost_after=14 * DAY
)


class Said(msgspec.Struct, array_like=True):
    """One step of a claim: who did what, when, about how much, with which words."""

    at: int
    who: str  # buyer, seller, operator, carrier, clock
    what: str  # opened, answered, disputed, decided, closed, withdrawn, reopened
    amount: int
    note: str


class Claim(msgspec.Struct, array_like=True):
    """Something wrong with a parcel or an order. `granted` is what was given back for it so far."""

    claim: int
    order: int
    buyer: int
    seller: int
    parcel: int
    reason: Reason
    by: Opener
    unit: int
    amount: int
    lines: list[int]
    quantities: list[int]
    opened_at: int
    due_at: int  # of the next step; 0 when none is due
    status: ClaimStatus = ClaimStatus.OPEN
    granted: int = 0
    anew: int = 0  # the parcel that is sent instead
    is_decided: bool = False
    said: list[Said] = msgspec.field(default_factory=list)


class _State(msgspec.Struct, array_like=True):
    claims: list[Claim]
    terms: events.ClaimTermsSet


class Claims:
    """Claims by number, from 1."""

    name = "claims"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.ClaimOpened, events.ClaimAnswered, events.ClaimDisputed, events.ClaimDecided, events.ClaimClosed,
            events.ClaimReopened, events.ClaimTermsSet,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.claims: dict[int, Claim] = {}
        self.terms = _TERMS
        self._derive()

    def _derive(self) -> None:
        self.of_order: dict[int, list[int]] = {}
        self.open_of: dict[int, set[int]] = {}  # by order: its claims that stand
        self.by_anew: dict[int, int] = {}
        for claim in self.claims.values():
            self._index(claim)

    def _index(self, claim: Claim) -> None:
        if claim.claim not in self.of_order.setdefault(claim.order, []):
            self.of_order[claim.order].append(claim.claim)
        standing = self.open_of.setdefault(claim.order, set())
        standing.add(claim.claim) if claim.status in STANDING else standing.discard(claim.claim)
        if not standing:
            del self.open_of[claim.order]
        if claim.anew:
            self.by_anew[claim.anew] = claim.claim

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            if isinstance(event, events.ClaimTermsSet):
                self.terms = event
            elif isinstance(event, events.ClaimOpened):
                self._open(event)
            else:
                claim = self.claims[event.claim]  # type: ignore[attr-defined]
                _move(claim, event)
                self._index(claim)

    def _open(self, event: events.ClaimOpened) -> None:
        assert event.claim == len(self.claims) + 1, "Claims are numbered in the order of the log."
        opener = Opener(event.by)
        claim = Claim(
            event.claim, event.order, event.buyer, event.seller, event.parcel, Reason(event.reason), opener, event.unit,
            event.amount_minor, list(event.lines), list(event.quantities), event.at, event.answer_by,
            said=[Said(event.at, opener.name.lower(), "opened", event.amount_minor, event.note)],
        )  # fmt: skip
        self.claims[event.claim] = claim
        self._index(claim)

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        return {"state": pack(_State([self.claims[number] for number in sorted(self.claims)], self.terms))}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        state = unpack(parts, "state", _State)
        self.claims, self.terms = {claim.claim: claim for claim in state.claims}, state.terms
        self._derive()


def _move(claim: Claim, event: Event) -> None:
    match event:
        case events.ClaimAnswered():
            claim.status, claim.due_at, claim.anew = ClaimStatus.ANSWERED, event.dispute_by, event.parcel
            claim.granted += event.amount_minor
            who = "clock" if event.is_silence else "seller"
            claim.said.append(Said(event.at, who, "answered", event.amount_minor, event.note))
        case events.ClaimDisputed():
            claim.status, claim.due_at = ClaimStatus.DISPUTED, 0
            claim.said.append(Said(event.at, "buyer", "disputed", claim.amount - claim.granted, event.note))
        case events.ClaimDecided():
            claim.status, claim.due_at, claim.is_decided = ClaimStatus.CLOSED, 0, True
            claim.granted += event.amount_minor
            claim.said.append(Said(event.at, "operator", "decided", event.amount_minor, event.note))
        case events.ClaimClosed():
            claim.status = ClaimStatus.WITHDRAWN if event.is_withdrawn else ClaimStatus.CLOSED
            claim.due_at = 0
            claim.said.append(Said(event.at, "", "withdrawn" if event.is_withdrawn else "closed", claim.granted, ""))
        case events.ClaimReopened():
            claim.status, claim.due_at, claim.anew = ClaimStatus.OPEN, event.answer_by, 0
            claim.said.append(Said(event.at, "seller", "reopened", claim.amount, ""))
