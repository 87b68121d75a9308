"""The state of labels: what carriers were asked about them, what they answered, and which label a parcel has."""

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import delivery as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Refusal
from caravan.kernel.event import Event
from caravan.kernel.ids import LabelId, ParcelId
from caravan.kernel.money import numeric
from caravan.trade.delivery.ports import LabelAnswer, LabelAsk, LabelKind, Rate

REASON_CHARACTERS_MAX = 200
DOCUMENT_CHARACTERS_MAX = 500


class LabelUnderWay(Refusal):
    """A carrier is being asked about this label: it has to answer first."""


class AlreadyLabeled(Refusal):
    """This parcel has a label."""


class NoLabel(Refusal):
    """This parcel has no label that could be taken back."""


class RateExpired(Refusal):
    """This price was quoted too long ago, or never: ask for rates again."""


class LabelWork(msgspec.Struct, array_like=True):
    """Something that a carrier was asked about a label; `is_done` is None while that is open."""

    label: int
    parcel: int
    what: int
    carrier: str
    shipment: str
    rate: str
    by: str
    service: str
    unit: int
    amount: int
    is_done: bool | None = None
    tracking: str = ""
    document: str = ""
    reason: str = ""


class Labels:
    """What carriers were asked, by number from 1. `of` has the label that each parcel has now."""

    name = "labels"
    kinds: frozenset[type[Event]] = frozenset({events.LabelAsked, events.LabelAnswered})

    def __init__(self) -> None:
        self.version = 0
        self.works: dict[int, LabelWork] = {}
        self._derive()

    def _derive(self) -> None:
        self.open: dict[int, LabelWork] = {}  # by parcel: what a carrier has not answered yet
        self.of: dict[int, LabelWork] = {}
        self.kept: set[int] = set()  # parcels whose label its carrier did not take back
        for number in sorted(self.works):
            self._index(self.works[number])

    def _index(self, work: LabelWork) -> None:
        if work.is_done is None:
            self.open[work.parcel] = work
        elif work.is_done and work.what == LabelKind.BUY:
            self.of[work.parcel] = work
        elif work.is_done:
            self.of.pop(work.parcel, None)
        elif work.what == LabelKind.VOID:
            self.kept.add(work.parcel)

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            match event:
                case events.LabelAsked():
                    work = LabelWork(
                        event.label, event.parcel, event.what, event.carrier, event.shipment, event.rate, event.by,
                        event.service, event.unit, event.amount_minor,
                    )  # fmt: skip
                    self.works[event.label] = work
                    self._index(work)
                case events.LabelAnswered():
                    work = self.works[event.label]
                    work.is_done, work.tracking = event.is_done, event.tracking
                    work.document, work.reason = event.document, event.reason
                    self.open.pop(work.parcel)
                    self._index(work)

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        return {"works": pack([self.works[number] for number in sorted(self.works)])}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.works = {work.label: work for work in unpack(parts, "works", list[LabelWork])}
        self._derive()


def ask_label(
    labels: Labels, *, parcel: ParcelId, carrier: str, rate: Rate, what: LabelKind, now: Instant
) -> events.LabelAsked:
    """Have a carrier sell a label, or take one back. Refuses a second label, and what is under way."""
    if parcel in labels.open:
        raise LabelUnderWay
    if what == LabelKind.BUY and parcel in labels.of:
        raise AlreadyLabeled
    return events.LabelAsked(
        at=now, label=LabelId(len(labels.works) + 1), parcel=parcel, what=int(what), carrier=carrier,
        shipment=rate.shipment, rate=rate.rate, by=rate.by, service=rate.service, unit=numeric(rate.currency),
        amount_minor=rate.amount_minor,
    )  # fmt: skip


def answer_label(work: LabelWork, answer: LabelAnswer, *, is_done: bool, now: Instant) -> events.LabelAnswered | None:
    """Note what a carrier did about a label, or never will; None where that is known already."""
    if work.is_done is not None:
        return None
    return events.LabelAnswered(
        at=now, label=LabelId(work.label), parcel=ParcelId(work.parcel), what=work.what, is_done=is_done, by=work.by,
        tracking=answer.tracking, document=answer.document[:DOCUMENT_CHARACTERS_MAX],
        reason=answer.reason[:REASON_CHARACTERS_MAX],
    )  # fmt: skip


def next_asks(labels: Labels) -> list[tuple[LabelWork, LabelAsk]]:
    """Give what carriers are to be asked about labels, in the order in which it came up."""
    works = sorted(labels.open.values(), key=lambda work: work.label)
    return [(work, LabelAsk(LabelKind(work.what), f"label-{work.label}", work.shipment, work.rate)) for work in works]
