"""The promises made: one row a promise, what it said and whether it was kept."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Section, Table, numbers, pack, section, unpack
from caravan.events import delivery as events
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.event import Event
from caravan.kernel.ids import OrderId, SellerId
from caravan.trade.delivery.promising import LEVEL, Dates, Reasons, ended

PROBABILITY = 10_000  # what probabilities are counted in


class Promise(NamedTuple):
    """A promise, as people read it. `status` is open, kept or missed; times are 0 where nothing is known."""

    order: OrderId
    seller: SellerId
    promised_at: int
    median_at: int
    probability: float
    model: str
    basis: str
    parcels: int
    origin: str
    destination: str
    made_at: int
    expected_at: int  # the later date that the buyer was told, 0 while the first one stands
    status: str


class Score(NamedTuple):
    """How promises came out: of those that are settled, the share kept beside the share promised."""

    promises: int
    kept: int
    missed: int
    promised: float  # mean probability of the settled ones


class Promises:
    """Promises by number, from 1. `of_order` gives the one of an order."""

    name = "promises"
    kinds: frozenset[type[Event]] = frozenset({events.PromiseMade, events.PromiseRevised})

    def __init__(self) -> None:
        self.version = 0
        self.made = Table(
            order=np.int64, seller=np.int64, promised_at=np.int64, median_at=np.int64, probability=np.int64,
            parcels=np.int64, made_at=np.int64, expected_at=np.int64, words=np.int64,
        )  # fmt: skip
        self.words: list[tuple[str, str, str, str]] = [("", "", "", "")]  # model, basis, origin, destination
        self._places: dict[tuple[str, str, str, str], int] = {self.words[0]: 0}
        self.of_order: dict[int, int] = {}
        self.last_order = 0  # Orders up to here were promised a date, or came too late for one.

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        order = numbers(part.batch, "order")
        if part.kind is events.PromiseRevised:
            rows = np.array([self.of_order[number] for number in order.tolist()], np.int64)
            self.made.expected_at[rows] = numbers(part.batch, "expected_at")
            return
        texts = (part.batch.column(name).to_pylist() for name in ("model", "basis", "origin", "destination"))
        words = [self._place(told) for told in zip(*texts, strict=True)]
        for place, number in enumerate(order.tolist(), len(self.made)):
            self.of_order[number] = place
        self.made.append(
            part.batch.num_rows, order=order, made_at=numbers(part.batch, "at"), words=words,
            **{
                name: numbers(part.batch, name)
                for name in ("seller", "promised_at", "median_at", "probability", "parcels")
            },
        )  # fmt: skip
        self.last_order = max(self.last_order, int(order.max()))

    def _place(self, told: tuple[str, str, str, str]) -> int:
        if told not in self._places:
            self._places[told] = len(self.words)
            self.words.append(told)
        return self._places[told]

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        return dict(self.made.dump("made")) | {"words": pack(self.words)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.made.load("made", parts)
        self.words = unpack(parts, "words", list[tuple[str, str, str, str]])
        self._places = {told: place for place, told in enumerate(self.words)}
        self.of_order = {order: place for place, order in enumerate(self.made.order.tolist()) if place}
        self.last_order = int(self.made.order.max())


def make(  # noqa: PLR0913
    *, orders: np.ndarray, sellers: np.ndarray, dates: Dates, why: Sequence[Reasons], model: str,
    origins: Sequence[str], destinations: Sequence[str], at: Instant, level: float = LEVEL,
) -> Section:  # fmt: skip
    """Note dates that buyers are told, one an order."""
    count = len(orders)
    return section(
        events.PromiseMade, at=np.full(count, at), order=orders, seller=sellers, promised_at=ended(dates.promised),
        median_at=ended(dates.median), probability=np.full(count, round(level * PROBABILITY)), model=[model] * count,
        basis=[one.basis for one in why], parcels=[one.parcels for one in why], origin=list(origins),
        destination=list(destinations),
    )  # fmt: skip


def revise(*, orders: np.ndarray, days: np.ndarray, at: Instant) -> Section:
    """Note later dates that buyers are told; the promise itself stands."""
    return section(events.PromiseRevised, at=np.full(len(orders), at), order=orders, expected_at=ended(days))


def promise_of(promises: Promises, order: OrderId, *, delivered_at: int, now: int) -> Promise | None:
    """Give the promise of an order, None where none was made. `delivered_at` is 0 while it is open."""
    row = promises.of_order.get(order)
    if row is None:
        return None
    made = promises.made
    model, basis, origin, destination = promises.words[int(made.words[row])]
    promised_at = int(made.promised_at[row])
    reached = delivered_at or now
    status = "missed" if reached > promised_at else "kept" if delivered_at else "open"
    return Promise(
        order=order, seller=SellerId(int(made.seller[row])), promised_at=promised_at,
        median_at=int(made.median_at[row]), probability=int(made.probability[row]) / PROBABILITY, model=model,
        basis=basis, parcels=int(made.parcels[row]), origin=origin, destination=destination,
        made_at=int(made.made_at[row]), expected_at=int(made.expected_at[row]), status=status,
    )  # fmt: skip


def score(
    promises: Promises, *, delivered_at: np.ndarray, canceled_at: np.ndarray, now: int, days: int, seller: int = 0
) -> Score:
    """Count the promises made in the last days that are settled; `delivered_at` and `canceled_at` are by order.

    A promise is missed as soon as its date has passed, whether or not the parcel is still to come; that of an order
    that was called off counts for nothing.
    """
    made = promises.made
    order = made.order[1:]
    counts = (made.made_at[1:] > now - days * DAY) & (canceled_at[order] == 0)
    if seller:
        counts &= made.seller[1:] == seller
    arrived, promised = delivered_at[order], made.promised_at[1:]
    kept = counts & (arrived > 0) & (arrived <= promised)
    missed = counts & (np.where(arrived > 0, arrived, now) > promised)
    settled = kept | missed
    share = float(made.probability[1:][settled].mean()) / PROBABILITY if settled.any() else 0.0
    return Score(int(counts.sum()), int(kept.sum()), int(missed.sum()), share)
