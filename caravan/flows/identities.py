"""Identities: identifiers seen together are tied, likely records proposed, ties undone, people forgotten."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Batch, Decision, Section
from caravan.flows.house import House, as_facts
from caravan.insight import oneid, profiles
from caravan.kernel.clock import Instant
from caravan.kernel.ids import BuyerId

_LOGIN_HERE = 1  # The second half of a login's mark, where the first is the number of a buyer of this cell.


class NewTie(NamedTuple):
    """Two identifiers that somebody says are one person."""

    left: int
    right: int
    why: str


class Split(NamedTuple):
    """Ties to undo, all or none."""

    ties: tuple[int, ...]
    why: str


class Verdict(NamedTuple):
    """What somebody decided about a proposal."""

    proposal: int
    is_accepted: bool


class NewConsent(NamedTuple):
    """What somebody known by an identifier allows or forbids."""

    seen: oneid.Observations
    purpose: str
    is_granted: bool


class NewRecords(NamedTuple):
    """Records of another system: each observation's first identifier is the record itself, and sealed what it says."""

    seen: oneid.Observations
    sealed: tuple[bytes, ...]


class Findings(NamedTuple):
    """What a look through all records has found: pairs to tie by themselves, and pairs to ask a person about."""

    sure: oneid.Likely
    open: oneid.Likely


def observe_together(house: House, requests: Sequence[oneid.Observations], *, now: Instant) -> Batch:
    """Tie what was seen together; each request is answered with the identity of each of its observations."""
    sizes = [len(one.types) for one in requests]
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    seen = oneid.Observations(
        np.concatenate([requests[0].offsets[:1], *(one.offsets[1:] + at for one, at in zip(requests, starts, strict=False))]),
        np.concatenate([one.types for one in requests]),
        np.concatenate([one.highs for one in requests]),
        np.concatenate([one.lows for one in requests]),
        [source for one in requests for source in one.sources],
    )  # fmt: skip
    facts, found = oneid.observe(house.oneid, seen, now=now)

    def answer(place: int) -> np.ndarray:
        first = found[starts[place] + requests[place].offsets[:-1]]
        identities: np.ndarray = house.oneid.whole[0][first]
        return identities

    return Batch(facts, [lambda place=place: answer(place) for place in range(len(requests))])  # type: ignore[misc]


def tie_by_hand(house: House, new: NewTie, *, now: Instant) -> Decision:
    """Tie two identifiers because somebody says so; give their identity."""
    facts = oneid.tie_by_hand(house.oneid, left=new.left, right=new.right, why=new.why, now=now)
    return Decision(facts, lambda: int(house.oneid.whole[0][new.left]))


def split_identity(house: House, split: Split, *, now: Instant) -> Decision:
    """Undo ties, all or none; give the identities that come of it."""
    facts = [oneid.undo_tie(house.oneid, tie, why=split.why, now=now) for tie in dict.fromkeys(split.ties)]

    def identities() -> list[int]:
        table, parent = house.oneid.ties, house.oneid.whole[0]
        ends = [int(end) for tie in split.ties for end in (table.left[tie], table.right[tie])]
        return sorted({int(parent[end]) for end in ends})

    return Decision(as_facts(*facts), identities)


def decide_proposal(house: House, verdict: Verdict, *, now: Instant) -> Decision:
    """Accept or reject a proposal; give its number."""
    facts = oneid.decide(house.oneid, verdict.proposal, is_accepted=verdict.is_accepted, now=now)
    return Decision(facts, lambda: verdict.proposal)


def state_consent(house: House, new: NewConsent, *, now: Instant) -> Decision:
    """Note what somebody allows or forbids; give their identity."""
    facts, found = oneid.observe(house.oneid, new.seen, now=now)
    said = oneid.state_consent(
        house.oneid, identifier=int(found[0]), purpose=new.purpose, is_granted=new.is_granted,
        source=new.seen.sources[0], now=now,
    )  # fmt: skip
    return Decision([*facts, *as_facts(said)], lambda: int(house.oneid.whole[0][found[0]]))


def keep_records(house: House, new: NewRecords, *, now: Instant) -> Decision:
    """Keep records of another system and tie what they are known by; give how many are new."""
    facts, found = oneid.observe(house.oneid, new.seen, now=now)
    kept = [
        oneid.keep_record(house.oneid, identifier=number, source=source, sealed=sealed, now=now)
        for number, source, sealed in zip(found[new.seen.offsets[:-1]].tolist(), new.seen.sources, new.sealed, strict=True)
        if number not in house.oneid.records
    ]  # fmt: skip
    return Decision([*facts, *as_facts(*kept)], lambda: len(kept))


def take_findings(house: House, found: Findings, *, now: Instant) -> Decision:
    """Tie what is surely alike and ask about what may be; give how many of each are new."""
    sure = oneid.tie_likely(house.oneid, found.sure, now=now)
    asked = oneid.propose(house.oneid, found.open, now=now)
    return Decision([*sure, *asked], lambda: (_rows(sure), _rows(asked)))


def _rows(facts: Sequence[Section]) -> int:
    return sum(part.batch.num_rows for part in facts)


def forget_identity(house: House, identity: int, *, now: Instant) -> Decision:
    """Erase a person from One ID and their profile; give what was sealed for them, whose keys the caller destroys."""
    fact = oneid.forget_identity(house.oneid, identity, now=now)
    records = house.oneid.records
    sealed = [records[number].sealed for number in fact.identifiers if number in records]
    facts = as_facts(fact)
    buyers = _buyers_among(house, fact.identifiers)
    if buyers:
        facts += as_facts(profiles.forget_profiles(buyers, now=now))
    return Decision(facts, lambda: sealed)


def _buyers_among(house: House, identifiers: Sequence[int]) -> list[BuyerId]:
    table, some = house.oneid.identifiers, np.array(identifiers, np.int64)
    logins = some[(table.type[some] == oneid.Type.LOGIN) & (table.mark_low[some] == _LOGIN_HERE)]
    return [BuyerId(buyer) for buyer in table.mark_high[logins].tolist()]


def buyers_seen(house: House, buyers: Sequence[int], email_marks: Sequence[bytes], *, now: Instant) -> list[Section]:
    """Tie new buyers' logins to their e-mail addresses; the facts."""
    known = [(buyer, mark) for buyer, mark in zip(buyers, email_marks, strict=True) if mark]
    if not known:
        return []
    types = np.tile(np.array([oneid.Type.LOGIN, oneid.Type.EMAIL], np.int64), len(known))
    highs = np.array([half for buyer, mark in known for half in (buyer, halves(mark)[0])], np.int64)
    lows = np.array([half for _, mark in known for half in (_LOGIN_HERE, halves(mark)[1])], np.int64)
    seen = oneid.Observations(np.arange(0, 2 * len(known) + 1, 2), types, highs, lows, ["registration"] * len(known))
    facts, _ = oneid.observe(house.oneid, seen, now=now)
    return facts


def buyer_identity(house: House, buyer: BuyerId) -> int:
    """Give the identity of a buyer of this cell; 0 where there is none."""
    found = oneid.identify(
        house.oneid, np.array([oneid.Type.LOGIN], np.int64), np.array([buyer], np.int64), np.array([_LOGIN_HERE])
    )
    return int(found[0])


def halves(mark: bytes) -> tuple[int, int]:
    """Give a mark of 16 bytes as two numbers."""
    return int.from_bytes(mark[:8], "big", signed=True), int.from_bytes(mark[8:16], "big", signed=True)
