"""A domain small enough to try the cell with: notes that are taken, and numbers that are counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from caravan.cell import (
    Answer,
    Batch,
    Decision,
    Frame,
    Key,
    Model,
    Section,
    numbers,
    pack,
    rows,
    schema,
    section,
    transpose,
    unpack,
)
from caravan.cell.frame import fingerprint, seal
from caravan.cell.idempotency import RequestAnswered
from caravan.kernel.errors import Outage, Refusal
from caravan.kernel.event import Event, name


class Noted(Event, frozen=True, kw_only=True, tag="test.noted.v1"):
    """Somebody took a note."""

    text: str


class Counted(Event, frozen=True, kw_only=True, tag="test.counted.v1"):
    """Something was counted."""

    number: int


class Passed(Event, frozen=True, kw_only=True, tag="test.passed.v1"):
    """Somebody passed by; no model remembers it."""


KINDS: Mapping[str, type[Event]] = {name(kind): kind for kind in (Noted, Counted, Passed, RequestAnswered)}
LAYOUTS = {fingerprint(schema(kind)): schema(kind).serialize().to_pybytes() for kind in KINDS.values()}


class Forbidden(Refusal):
    """This may not be noted."""


class Notes:
    """All notes in order, and the sum of what was counted."""

    name = "notes"
    kinds: frozenset[type[Event]] = frozenset({Noted, Counted})

    def __init__(self) -> None:
        self.version = 0
        self.texts: list[str] = []
        self.total = 0

    def apply(self, part: Section) -> None:
        """Take notes or add numbers up."""
        self.version += 1
        if part.kind is Counted:
            self.total += int(numbers(part.batch, "number").sum())
            return
        self.texts += [event.text for event in rows(part) if isinstance(event, Noted)]

    def dump(self) -> dict[str, np.ndarray]:
        """Give all notes and the sum."""
        return {"texts": pack(self.texts), "total": np.array([self.total])}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take all notes and the sum back."""
        self.texts = unpack(parts, "texts", list[str])
        self.total = int(parts["total"][0])


@dataclass(frozen=True)
class House:
    """The state of a cell that only takes notes."""

    notes: Notes = field(default_factory=Notes)

    def models(self) -> list[Model]:
        """Give the one model."""
        return [self.notes]


# What a notebook can be told.


def note(house: House, text: str, *, now: int) -> Decision:
    """Take a note; give how many there are then."""
    if text == "forbidden":
        raise Forbidden
    if text == "outage":
        raise Outage
    return Decision(transpose([Noted(at=now, text=text)]), lambda: len(house.notes.texts))


def pass_by(_: House, __: object, *, now: int) -> Decision:
    """Put down what changes no model."""
    return Decision(transpose([Passed(at=now)]))


def count(_: House, requests: Sequence[int], *, now: int) -> Batch:
    """Count several numbers at once; each is answered with how many came together. One below zero is refused."""
    good = [number for number in requests if number >= 0]
    facts = [section(Counted, at=[now] * len(good), number=good)] if good else []
    return Batch(facts, [(lambda: len(requests)) if number >= 0 else Forbidden() for number in requests])


def count_all(_: House, several: Sequence[int], *, now: int) -> Decision:
    """Count numbers that come in one request."""
    return Decision([section(Counted, at=[now] * len(several), number=several)])


def look(_: House, __: object, *, now: int) -> Decision:
    """Change nothing; give the time."""
    return Decision((), lambda: now)


def stumble(_: House, __: object, *, now: int) -> Decision:
    """Break without a trace."""
    raise ZeroDivisionError(now)


def stumble_together(_: House, __: Sequence[object], *, now: int) -> Batch:
    """Break without a trace, several at once."""
    raise ZeroDivisionError(now)


def break_down(house: House, text: str, *, now: int) -> Decision:
    """Break after having changed something past the log."""
    house.notes.apply(transpose([Noted(at=now, text=text)])[0])
    raise ZeroDivisionError


def refuse_too_late(house: House, text: str, *, now: int) -> Decision:
    """Refuse after having changed something past the log."""
    house.notes.apply(transpose([Noted(at=now, text=text)])[0])
    raise Forbidden


def texts(house: House) -> list[str]:
    """Ask for all notes."""
    return list(house.notes.texts)


def missing(_: House) -> None:
    """Ask for what is refused."""
    raise Forbidden


def key(mark: str, body: str = "body") -> Key:
    """Give the key of a request."""
    return Key(mark.encode().ljust(16, b"."), body.encode().ljust(32, b"."))


def render(outcome: object) -> Answer:
    """Say an outcome as a door would."""
    return Answer(422 if isinstance(outcome, Refusal) else 200, str(outcome).encode())


def frames(count_of: int, *, after: Frame | None = None, epoch: int = 1, text: str = "note") -> list[Frame]:
    """Give frames of one note each that follow another."""
    chain: list[Frame] = []
    for at in range(count_of):
        parts = transpose([Noted(at=at, text=f"{text} {at}")])
        chain.append(seal(parts, after=chain[-1] if chain else after, epoch=epoch, written_at=at))
    return chain
