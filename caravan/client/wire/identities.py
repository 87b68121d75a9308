"""What goes over the wire of who is who: identifiers, identities, proposals."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.ground import IdentityRef, ProposalRef, Request, Response, Text1000, TieRef, Time

IdentifierType = Literal["login", "loyalty_card", "marketplace", "email", "phone", "device", "cookie", "record"]


class Identifier(Request, frozen=True, kw_only=True):
    """Something that somebody is known by; the value is kept as a keyed hash alone."""

    type: IdentifierType
    value: Annotated[str, Meta(min_length=1, max_length=320)]


class Observation(Request, frozen=True, kw_only=True):
    """Identifiers that were certainly of one person: a login on a device, a verified e-mail address."""

    identifiers: Annotated[list[Identifier], Meta(min_length=1, max_length=20)]
    source: Annotated[str, Meta(min_length=1, max_length=60)]


class NewObservations(Request, frozen=True, kw_only=True):
    """Several observations at once."""

    data: Annotated[list[Observation], Meta(min_length=1, max_length=1_000)]


class Who(Request, frozen=True, kw_only=True):
    """Who is meant: an identifier, or else a record that may resemble somebody known."""

    identifiers: Annotated[list[Identifier], Meta(max_length=20)] = []
    record: dict[str, Annotated[str, Meta(max_length=320)]] = {}


class NewSplit(Request, frozen=True, kw_only=True):
    """Ties of an identity to undo."""

    ties: Annotated[list[TieRef], Meta(min_length=1, max_length=500)]
    why: Text1000 = ""


class NewIdentityTie(Request, frozen=True, kw_only=True):
    """Two identities that somebody says are one person."""

    left: IdentityRef
    right: IdentityRef
    why: Text1000 = ""


class NewVerdict(Request, frozen=True, kw_only=True):
    """What somebody decided about a proposal."""

    accept: bool


class NewStatement(Request, frozen=True, kw_only=True):
    """What somebody allows or forbids."""

    identifier: Identifier
    purpose: Annotated[str, Meta(min_length=1, max_length=60)]
    granted: bool
    source: Annotated[str, Meta(min_length=1, max_length=60)]


class Evidence(Response, frozen=True, kw_only=True):
    """What a field says for or against two records being one person, in bits."""

    field: str
    level: str
    bits: float


class Resemblance(Response, frozen=True, kw_only=True):
    """Somebody known whom a record resembles, and why."""

    identity: IdentityRef
    odds: float
    probability: float
    is_automatic: bool
    evidence: list[Evidence]


class Recognized(Response, frozen=True, kw_only=True):
    """Who was meant, for certain, or whom a record resembles."""

    identity: IdentityRef | None
    alike: list[Resemblance]


class Observed(Response, frozen=True, kw_only=True):
    """The identity of each observation, in order."""

    data: list[IdentityRef]


class KnownIdentifier(Response, frozen=True, kw_only=True):
    """An identifier of an identity; its value is not kept."""

    id: IdentityRef
    type: IdentifierType


class IdentityTie(Response, frozen=True, kw_only=True):
    """A tie between two identifiers; an undone one does not come back by itself."""

    id: TieRef
    left: IdentityRef
    right: IdentityRef
    is_certain: bool
    state: Literal["tied", "undone", "withheld"]
    at: Time
    source: str
    odds: float
    evidence: list[Evidence]
    why: str


class Consent(Response, frozen=True, kw_only=True):
    """Whether an identity allows a purpose: somebody of it did, and nobody of it forbade it."""

    purpose: str
    granted: bool


class Identity(Response, frozen=True, kw_only=True):
    """Whoever is behind some identifiers; `certain` are the identities that it is made of without probable ties."""

    id: IdentityRef
    identifiers: list[KnownIdentifier]
    certain: list[IdentityRef]
    ties: list[IdentityTie]
    consents: list[Consent]


class Proposal(Response, frozen=True, kw_only=True):
    """Two records that may be one person, waiting for somebody to decide."""

    id: ProposalRef
    left: IdentityRef
    right: IdentityRef
    odds: float
    evidence: list[Evidence]
