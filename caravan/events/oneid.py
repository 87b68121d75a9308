"""What happens with identities: identifiers are seen, tied, untied and blocked; consent is stated; people are forgotten."""

from typing import ClassVar

from caravan.kernel.event import Event, Int8


class IdentifierSeen(Event, frozen=True, kw_only=True, tag="oneid.identifier_seen.v1"):
    """An identifier was seen for the first time. The two marks are a keyed hash; the value itself is kept nowhere."""

    identifier: int
    kind: Int8
    mark_high: int
    mark_low: int


class TieWeighed(Event, frozen=True, kw_only=True, tag="oneid.tie_weighed.v1"):
    """Two identifiers were seen to be of one identity. `outcome` 1 ties them, 3 withholds the tie: it breaks a limit.

    `layer` is 1 for a certain tie, 2 for a probable one; `odds_milli` are its log2 odds in thousandths.
    """

    tie: int
    left: int
    right: int
    layer: Int8
    outcome: Int8
    source: str
    odds_milli: int
    evidence: str


class TieUndone(Event, frozen=True, kw_only=True, tag="oneid.tie_undone.v1"):
    """A tie was undone: what it alone held together are the earlier identities again. It is not made again by itself."""

    tie: int
    why: str


class TieProposed(Event, frozen=True, kw_only=True, tag="oneid.tie_proposed.v1"):
    """Two records may be one person; a person is asked."""

    proposal: int
    left: int
    right: int
    odds_milli: int
    evidence: str


class ProposalDecided(Event, frozen=True, kw_only=True, tag="oneid.proposal_decided.v1"):
    """Somebody has looked at a proposal."""

    proposal: int
    is_accepted: bool


class RecordKept(Event, frozen=True, kw_only=True, tag="oneid.record_kept.v1"):
    """What another system knows of a person was kept, sealed, under an identifier of its own."""

    personal: ClassVar[frozenset[str]] = frozenset({"sealed"})

    identifier: int
    source: str
    sealed: bytes


class ConsentStated(Event, frozen=True, kw_only=True, tag="oneid.consent_stated.v1"):
    """Somebody known by an identifier allowed a purpose, or forbade it."""

    identifier: int
    purpose: str
    is_granted: bool
    source: str


class IdentifierBlocked(Event, frozen=True, kw_only=True, tag="oneid.identifier_blocked.v1"):
    """An identifier stands for nobody in particular, and ties nothing any more."""

    identifier: int
    why: str


class ProtectionSet(Event, frozen=True, kw_only=True, tag="oneid.protection_set.v1"):
    """How many identifiers of each type one identity may have, by the number of the type."""

    limits: tuple[int, ...]


class IdentityForgotten(Event, frozen=True, kw_only=True, tag="oneid.identity_forgotten.v1"):
    """A person was erased: these identifiers are known no more, and what was sealed for them can't be read."""

    identifiers: tuple[int, ...]
