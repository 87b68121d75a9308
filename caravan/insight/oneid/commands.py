"""What you can tell One ID: what was seen together, what is alike, what was wrong, what somebody allows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Section, section, transpose
from caravan.events import oneid as events
from caravan.insight.oneid import forest
from caravan.insight.oneid.identifiers import LIMITS
from caravan.insight.oneid.model import OneId
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal

EVIDENCE_CHARACTERS_MAX = 4_000
SOURCE_CHARACTERS_MAX = 60
PURPOSE_CHARACTERS_MAX = 60
LIMIT_MAX = 200


class LimitBroken(Refusal):
    """One identity would have more identifiers of a type than it may."""


class ProposalDecidedAlready(Refusal):
    """Somebody has decided this proposal before."""


class Observations(NamedTuple):
    """Identifiers seen together: observation i has those from offsets[i] to offsets[i + 1], and one source."""

    offsets: np.ndarray
    types: np.ndarray
    highs: np.ndarray
    lows: np.ndarray
    sources: Sequence[str]


def observe(oneid: OneId, seen: Observations, *, now: Instant) -> tuple[list[Section], np.ndarray]:
    """Tie what was seen together for certain, the identifier that counts most to each other one, within the limits.

    Gives the facts, and the number of every identifier that was given.
    """
    facts, found = _see(oneid, seen, now)
    observation = np.repeat(np.arange(len(seen.sources)), np.diff(seen.offsets))
    order = np.lexsort((np.arange(len(found)), seen.types, observation))
    ranked, of = found[order], observation[order]
    is_first = np.concatenate((np.ones(1, bool), of[1:] != of[:-1])) if len(of) else np.zeros(0, bool)
    anchor = ranked[np.maximum.accumulate(np.where(is_first, np.arange(len(of)), 0))] if len(of) else ranked
    others = ~is_first
    wanted = _Wanted(
        anchor[others], ranked[others], [seen.sources[place] for place in of[others].tolist()], forest.CERTAIN
    )
    facts += _weigh(oneid, wanted, now)
    return facts, found


class _Wanted(NamedTuple):
    ones: np.ndarray
    twos: np.ndarray
    sources: Sequence[str]
    layer: int
    odds_milli: np.ndarray | None = None
    evidence: Sequence[str] | None = None


def _see(oneid: OneId, seen: Observations, now: Instant) -> tuple[list[Section], np.ndarray]:
    found = oneid.find(seen.types, seen.highs, seen.lows)
    fresh = np.flatnonzero(found == 0)
    if not len(fresh):
        return [], found
    number = len(oneid.identifiers)
    keys = zip(seen.types[fresh].tolist(), seen.highs[fresh].tolist(), seen.lows[fresh].tolist(), strict=True)
    given: dict[tuple[int, int, int], int] = {}
    ranks = np.array([given.setdefault(key, len(given)) for key in keys], np.int64)
    found[fresh] = number + ranks
    chosen = fresh[np.unique(ranks, return_index=True)[1]]
    fact = section(
        events.IdentifierSeen, is_applied=True, at=np.full(len(chosen), now, np.int64),
        identifier=np.arange(number, number + len(chosen)), kind=seen.types[chosen].astype(np.int8),
        mark_high=seen.highs[chosen], mark_low=seen.lows[chosen],
    )  # fmt: skip
    oneid.apply(fact)
    return [fact], found


def _weigh(oneid: OneId, wanted: _Wanted, now: Instant) -> list[Section]:
    count = len(wanted.ones)
    if not count:
        return []
    ties, first = oneid.ties, len(oneid.ties)
    ties.reserve(first + count)
    origin = np.empty(count, np.int64)
    left, right, layer, state, next_left, next_right, first_tie = oneid.tie_columns()
    last = forest.weigh(
        wanted.ones, wanted.twos, np.full(count, wanted.layer, np.int64), oneid.live_types(), oneid.limits, first,
        left, right, layer, state, next_left, next_right, first_tie, *oneid.sure, *oneid.whole, origin,
    )  # fmt: skip
    if last == first:
        return []
    oneid.version += 1
    ties.extend_to(last)
    new, came = slice(first, last), origin[: last - first]
    ties.at[new] = now
    if wanted.odds_milli is not None:
        ties.odds_milli[new] = wanted.odds_milli[came]
    sources = [wanted.sources[place] for place in came.tolist()]
    evidence = [wanted.evidence[place] for place in came.tolist()] if wanted.evidence else [""] * (last - first)
    oneid.remember(np.arange(first, last), sources, evidence)
    fact = section(
        events.TieWeighed, is_applied=True, at=np.full(last - first, now, np.int64), tie=np.arange(first, last),
        left=ties.left[new], right=ties.right[new], layer=ties.layer[new].astype(np.int8),
        outcome=ties.state[new].astype(np.int8), source=sources, odds_milli=ties.odds_milli[new], evidence=evidence,
    )  # fmt: skip
    return [fact]


class Likely(NamedTuple):
    """Pairs of records that are alike, with their log2 odds and what speaks for them."""

    lefts: np.ndarray
    rights: np.ndarray
    odds_milli: np.ndarray
    evidence: Sequence[str]
    source: str


def tie_likely(oneid: OneId, likely: Likely, *, now: Instant) -> list[Section]:
    """Tie records that are surely alike, as probable ties: within the limits, and not where somebody undid one."""
    wanted = _Wanted(
        likely.lefts, likely.rights, [likely.source] * len(likely.lefts), forest.PROBABLE, likely.odds_milli,
        likely.evidence,
    )  # fmt: skip
    return _weigh(oneid, wanted, now)


def propose(oneid: OneId, likely: Likely, *, now: Instant) -> list[Section]:
    """Ask a person about records that may be alike; never twice about the same two, nor about one identity."""
    parent, _ = oneid.whole
    number = len(oneid.proposals)
    made: list[events.TieProposed] = []
    rows = zip(likely.lefts.tolist(), likely.rights.tolist(), likely.odds_milli.tolist(), likely.evidence, strict=True)
    for left, right, odds, evidence in rows:
        if (left, right) in oneid.asked or parent[left] == parent[right]:
            continue
        made.append(
            events.TieProposed(
                at=now, proposal=number + len(made), left=left, right=right, odds_milli=odds,
                evidence=evidence[:EVIDENCE_CHARACTERS_MAX],
            )
        )  # fmt: skip
    return transpose(made)


def decide(oneid: OneId, proposal: int, *, is_accepted: bool, now: Instant) -> list[Section]:
    """Accept a proposal, which ties its two records, or reject it. Refuses one that is decided."""
    if not 0 < proposal < len(oneid.proposals):
        raise NotFound("There is no such proposal.")
    known = oneid.proposals[proposal]
    if known.state:
        raise ProposalDecidedAlready
    facts: list[Section] = []
    if is_accepted:
        facts = _tie_by_hand(
            oneid, known.left, known.right, forest.PROBABLE, known.odds_milli, known.evidence, "review", now
        )
    return [*facts, *transpose([events.ProposalDecided(at=now, proposal=proposal, is_accepted=is_accepted)])]


def tie_by_hand(oneid: OneId, *, left: int, right: int, why: str, now: Instant) -> list[Section]:
    """Tie two identifiers because somebody says so, also where a tie was undone. Refuses to break a limit."""
    return _tie_by_hand(oneid, left, right, forest.CERTAIN, 0, why, "by hand", now)


def _tie_by_hand(  # noqa: PLR0913, PLR0917  # One row of a fact, written out.
    oneid: OneId, left: int, right: int, layer: int, odds_milli: int, why: str, source: str, now: Instant
) -> list[Section]:
    for one in (left, right):
        if not 0 < one < len(oneid.identifiers) or oneid.identifiers.state[one] != forest.KNOWN:
            raise NotFound("There is no such identifier.")
    if left == right:
        raise Invalid("A tie is between two identifiers.", field="right")
    trees = oneid.sure if layer == forest.CERTAIN else oneid.whole
    if not forest.may_unite(*trees, oneid.live_types(), oneid.limits, left, right):
        raise LimitBroken
    fact = events.TieWeighed(
        at=now, tie=len(oneid.ties), left=left, right=right, layer=layer, outcome=forest.TIED, source=source,
        odds_milli=odds_milli, evidence=why[:EVIDENCE_CHARACTERS_MAX],
    )  # fmt: skip
    return transpose([fact])


def undo_tie(oneid: OneId, tie: int, *, why: str, now: Instant) -> events.TieUndone:
    """Undo a tie; what it alone held together are the earlier identities again. Refuses one that doesn't hold."""
    if not 0 < tie < len(oneid.ties) or oneid.ties.state[tie] != forest.TIED:
        raise NotFound("There is no such tie, or it holds no more.")
    return events.TieUndone(at=now, tie=tie, why=why[:EVIDENCE_CHARACTERS_MAX])


def keep_record(oneid: OneId, *, identifier: int, source: str, sealed: bytes, now: Instant) -> events.RecordKept:
    """Keep what another system knows of a person."""
    assert 0 < identifier < len(oneid.identifiers), identifier
    return events.RecordKept(at=now, identifier=identifier, source=source[:SOURCE_CHARACTERS_MAX], sealed=sealed)


def state_consent(
    oneid: OneId, *, identifier: int, purpose: str, is_granted: bool, source: str, now: Instant
) -> events.ConsentStated:
    """Note that somebody allows a purpose, or forbids it."""
    assert 0 < identifier < len(oneid.identifiers), identifier
    if not 0 < len(purpose) <= PURPOSE_CHARACTERS_MAX:
        raise Invalid(f"A purpose has 1 to {PURPOSE_CHARACTERS_MAX} characters.", field="purpose")
    return events.ConsentStated(at=now, identifier=identifier, purpose=purpose, is_granted=is_granted, source=source)


def block(oneid: OneId, identifier: int, *, why: str, now: Instant) -> events.IdentifierBlocked:
    """Let an identifier tie nothing any more; the ties that it has are undone."""
    if not 0 < identifier < len(oneid.identifiers) or oneid.identifiers.state[identifier] != forest.KNOWN:
        raise NotFound("There is no such identifier.")
    return events.IdentifierBlocked(at=now, identifier=identifier, why=why[:EVIDENCE_CHARACTERS_MAX])


def set_protection(limits: Sequence[int], *, now: Instant) -> events.ProtectionSet:
    """Set how many identifiers of each type one identity may have; what is tied already stays tied."""
    if len(limits) != len(LIMITS) or limits[0] != 0 or not all(0 < limit <= LIMIT_MAX for limit in limits[1:]):
        raise Invalid(f"Each type has a limit from 1 to {LIMIT_MAX}.", field="limits")
    return events.ProtectionSet(at=now, limits=tuple(limits))


def forget_identity(oneid: OneId, identity: int, *, now: Instant) -> events.IdentityForgotten:
    """Erase a person: all identifiers of an identity. The caller destroys their keys once this is durable."""
    if not 0 < identity < len(oneid.identifiers) or oneid.identifiers.state[identity] == forest.FORGOTTEN:
        raise NotFound("There is no such identity.")
    _, ring = oneid.whole
    room = np.empty(len(oneid.identifiers), np.int64)
    count = forest.members_of(ring, identity, room)
    return events.IdentityForgotten(at=now, identifiers=tuple(sorted(room[:count].tolist())))
