"""Answers that are kept with their effect, so that a request sent twice has one effect and one answer."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell.facts import Section, section
from caravan.cell.model import pack, unpack
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Conflict, Refusal
from caravan.kernel.event import Event

# The contract says at least 24 hours; the second day covers a client that slept over a weekend day.
_KEPT_FOR = 2 * DAY


class IdempotencyConflict(Refusal):
    """This key was used before, with another body."""


class RequestInFlight(Conflict):
    """A request with this key is being answered at this moment."""


class Key(NamedTuple):
    """Whose request it is: `scope` hashes identity, path and key (16 bytes), `fingerprint` the body (32 bytes)."""

    scope: bytes
    fingerprint: bytes


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a door said, to be said again word for word."""

    status: int
    body: bytes
    media: str = "application/json"
    location: str = ""
    is_replayed: bool = False


class RequestAnswered(Event, frozen=True, kw_only=True, tag="request.answered.v1"):
    """A request that carried a key has been decided; its answer stands in the same frame as its effect."""

    scope: bytes
    fingerprint: bytes
    status: int
    body: bytes
    media: str
    location: str


def answered_at(at: int, told: Sequence[tuple[Key, Answer]]) -> Section:
    """Give the fact that requests were answered."""
    return section(
        RequestAnswered,
        at=[at] * len(told),
        scope=[key.scope for key, _ in told],
        fingerprint=[key.fingerprint for key, _ in told],
        status=[answer.status for _, answer in told],
        body=[answer.body for _, answer in told],
        media=[answer.media for _, answer in told],
        location=[answer.location for _, answer in told],
    )


class _Kept(msgspec.Struct, array_like=True):
    fingerprint: bytes
    at: int
    answer: Answer


class Answers:
    """The answers of the last two days by key; older ones age out by logged time, so replay agrees."""

    name = "answers"
    kinds: frozenset[type[Event]] = frozenset({RequestAnswered})

    def __init__(self) -> None:
        self.version = 0
        self._kept: dict[bytes, _Kept] = {}
        self._in_order: deque[tuple[int, bytes]] = deque()

    def find(self, key: Key) -> Answer | None:
        """Give the answer that this key had; None when it is new. Refuses another body with IdempotencyConflict."""
        kept = self._kept.get(key.scope)
        if kept is None:
            return None
        if kept.fingerprint != key.fingerprint:
            raise IdempotencyConflict
        return msgspec.structs.replace(kept.answer, is_replayed=True)

    def apply(self, part: Section) -> None:
        """Keep the answers of a run, and let go of those that are too old by its time."""
        self.version += 1
        names = ("at", "scope", "fingerprint", "status", "body", "media", "location")
        columns = (part.batch.column(name).to_pylist() for name in names)
        for at, scope, fingerprint, *said in zip(*columns, strict=True):
            self._kept[scope] = _Kept(fingerprint, at, Answer(*said))
            self._in_order.append((at, scope))
            self._forget(at - _KEPT_FOR)

    def _forget(self, before: int) -> None:
        while self._in_order and self._in_order[0][0] < before:
            at, scope = self._in_order.popleft()
            if self._kept[scope].at == at:
                del self._kept[scope]

    def dump(self) -> dict[str, np.ndarray]:
        """Give the kept answers, oldest first."""
        return {"kept": pack([(scope, self._kept[scope]) for _, scope in self._in_order])}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take the kept answers back."""
        pairs = unpack(parts, "kept", list[tuple[bytes, _Kept]])
        self._kept = dict(pairs)
        self._in_order = deque((kept.at, scope) for scope, kept in pairs)
