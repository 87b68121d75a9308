"""What you can ask One ID: who this is, what ties them, what they allow, what waits for a person."""

from typing import NamedTuple

import numpy as np

from caravan.insight.oneid import forest
from caravan.insight.oneid.identifiers import Type
from caravan.insight.oneid.model import OneId, Proposal
from caravan.kernel.errors import NotFound


class Tie(NamedTuple):
    """A tie between two identifiers, and what speaks for it."""

    tie: int
    left: int
    right: int
    is_certain: bool
    state: int
    at: int
    source: str
    odds_milli: int
    evidence: str


class Consent(NamedTuple):
    """What an identity allows: a purpose is allowed where somebody allowed it and nobody of the identity forbade it."""

    purpose: str
    is_granted: bool
    statements: int


class Identity(NamedTuple):
    """Whoever is behind some identifiers. `certain` are the identities that it is made of without probable ties."""

    identity: int
    identifiers: tuple[tuple[int, Type], ...]
    certain: tuple[int, ...]
    ties: tuple[Tie, ...]
    consents: tuple[Consent, ...]


def identify(oneid: OneId, kinds: np.ndarray, highs: np.ndarray, lows: np.ndarray) -> np.ndarray:
    """Say who each identifier is: the number of an identity, or 0 where it is unknown."""
    found: np.ndarray = oneid.whole[0][oneid.find(kinds, highs, lows)]
    return found


def identity_of(oneid: OneId, identifier: int) -> Identity:
    """Give the identity of an identifier. Refuses an unknown one with NotFound."""
    if not 0 < identifier < len(oneid.identifiers) or oneid.identifiers.state[identifier] == forest.FORGOTTEN:
        raise NotFound("There is no such identity.")
    parent, ring = oneid.whole
    room = np.empty(len(oneid.identifiers), np.int64)
    members = np.sort(room[: forest.members_of(ring, identifier, room)]).tolist()
    sure = oneid.sure[0]
    return Identity(
        identity=int(parent[identifier]),
        identifiers=tuple((member, Type(int(oneid.identifiers.type[member]))) for member in members),
        certain=tuple(sorted({int(sure[member]) for member in members})),
        ties=tuple(tie_of(oneid, tie) for tie in ties_of(oneid, members)),
        consents=_consents(oneid, members),
    )


def ties_of(oneid: OneId, members: list[int]) -> list[int]:
    """Give every tie, past and present, of some identifiers, the oldest first."""
    found: set[int] = set()
    table = oneid.ties
    for member in members:
        tie = int(oneid.identifiers.first_tie[member])
        while tie:
            found.add(tie)
            tie = int(table.next_left[tie] if table.left[tie] == member else table.next_right[tie])
    return sorted(found)


def tie_of(oneid: OneId, tie: int) -> Tie:
    """Give a tie. Refuses an unknown one with NotFound."""
    if not 0 < tie < len(oneid.ties):
        raise NotFound("There is no such tie.")
    table = oneid.ties
    return Tie(
        tie, int(table.left[tie]), int(table.right[tie]), int(table.layer[tie]) == forest.CERTAIN,
        int(table.state[tie]), int(table.at[tie]), oneid.sources[int(table.source[tie])], int(table.odds_milli[tie]),
        oneid.evidence.get(tie, ""),
    )  # fmt: skip


def _consents(oneid: OneId, members: list[int]) -> tuple[Consent, ...]:
    said: dict[str, list[bool]] = {}
    for member in members:
        for purpose, statement in oneid.consents.get(member, {}).items():
            said.setdefault(purpose, []).append(statement.is_granted)
    return tuple(Consent(purpose, all(each), len(each)) for purpose, each in sorted(said.items()))


def allows(oneid: OneId, identifier: int, purpose: str) -> bool:
    """Tell whether an identity allows a purpose: somebody allowed it, and nobody of the identity forbade it."""
    return any(one.is_granted for one in identity_of(oneid, identifier).consents if one.purpose == purpose)


def waiting(oneid: OneId, *, after: int, limit: int) -> list[tuple[int, Proposal]]:
    """Give proposals that wait for a person, from one number on."""
    found: list[tuple[int, Proposal]] = []
    for number in range(after + 1, len(oneid.proposals)):
        if len(found) == limit:
            break
        if not oneid.proposals[number].state:
            found.append((number, oneid.proposals[number]))
    return found
