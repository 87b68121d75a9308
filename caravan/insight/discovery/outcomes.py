"""Outcomes: what people of the hold-out and everybody else did, one row a person, so that what lists bring can be told."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Table
from caravan.events import discovery as events
from caravan.insight.discovery.commands import Signal
from caravan.kernel.clock import DAY

HELD_OUT = "hold-out"  # The version that a list of the hold-out carries.
PEOPLE_MAX = 1_000_000  # Who comes after so many is served, and not counted.
CREDITED = 7 * DAY  # A sale is influenced by a click on the product in a list that is no older.
_CLICKS_KEPT = 50
_DAYS_KEPT = 60
_PPM = 1_000_000
_MASK = (1 << 64) - 1


def lot_of(mark: bytes) -> int:
    """Give the lot that a visitor draws for good: it follows from their mark alone."""
    return int.from_bytes(hashlib.blake2b(mark, digest_size=8).digest(), "big")


def is_drawn(lot: int, *, salt: int, share_ppm: int) -> bool:
    """Tell whether a lot falls into the hold-out. Another salt draws another one (the mixer is splitmix64's)."""
    mixed = (lot ^ salt) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed ^ (mixed >> 31)) % _PPM < share_ppm


class Sale(NamedTuple):
    """One purchase: who bought, when, in which currency, and for each product what was paid for it."""

    buyer: int
    at: int
    unit: int
    paid: Sequence[tuple[int, int]]


class Day(NamedTuple):
    """Lists and clicks of one day on one surface, by version."""

    lists: int = 0
    clicks: int = 0


class People(NamedTuple):
    """Everybody who was there since the hold-out was drawn. Shapes [n]; `before` is from before it, for comparison."""

    is_held_out: np.ndarray
    spent: np.ndarray
    orders: np.ndarray
    clicks: np.ndarray
    influenced: np.ndarray
    spent_before: np.ndarray
    looks_before: np.ndarray


class Outcomes:
    """Folded from the log. A person is a visitor's mark, or a buyer with all of their visitors."""

    def __init__(self) -> None:
        self.share_ppm, self.salt, self.drawn_at = 0, 0, 0
        self.mismatched, self.lists = 0, 0
        self.unit = 0  # Money is counted in the currency of the first sale; a sale in another one counts as an order.
        self.days: dict[tuple[int, str, str], Day] = {}
        self._people = Table(
            lot=np.uint64, is_held_out=np.bool_, is_there=np.bool_, spent=np.float64, orders=np.int32, clicks=np.int32,
            influenced=np.float64, spent_before=np.float64, looks_before=np.int32,
        )  # fmt: skip
        self._of_visitor: dict[bytes, int] = {}
        self._of_buyer: dict[int, int] = {}
        self._clicked: dict[int, dict[int, int]] = {}

    # Folding.

    def draw(self, event: events.HoldOutDrawn) -> None:
        """Begin anew: what was done so far becomes what was done before."""
        self.share_ppm, self.salt, self.drawn_at = event.share_ppm, event.salt, event.at
        people = self._people
        people.spent_before[:] += people.spent
        for name in ("spent", "orders", "clicks", "influenced", "is_there"):
            getattr(people, name)[:] = 0
        for person in range(1, len(people)):
            people.is_held_out[person] = is_drawn(int(people.lot[person]), salt=self.salt, share_ppm=self.share_ppm)
        self.mismatched, self.lists, self.days = 0, 0, {}
        self._clicked = {}

    def is_held_out(self, visitor: bytes, buyer: int) -> bool:
        """Tell whether somebody belongs to the hold-out: a buyer on all their browsers, else a visitor by their mark."""
        if not self.share_ppm:
            return False
        person = self._of_buyer.get(buyer) or self._of_visitor.get(visitor)
        if person is not None:
            return bool(self._people.is_held_out[person])
        return is_drawn(lot_of(visitor), salt=self.salt, share_ppm=self.share_ppm)

    def _person(self, visitor: bytes, buyer: int) -> int:
        """Give the row of a person, 0 where there is no room; a visitor who logs in becomes their buyer's for good."""
        own, theirs = self._of_visitor.get(visitor, 0), self._of_buyer.get(buyer, 0) if buyer else 0
        person = theirs or own
        if not person:
            if len(self._people) > PEOPLE_MAX:
                return 0
            person = len(self._people)
            lot = lot_of(visitor)
            held = bool(self.share_ppm) and is_drawn(lot, salt=self.salt, share_ppm=self.share_ppm)
            self._people.append(1, lot=np.uint64(lot), is_held_out=held)
        if own and own != person:
            self._merge(own, person)
        self._of_visitor[visitor] = person
        if buyer:
            self._of_buyer[buyer] = person
        return person

    def _merge(self, one: int, into: int) -> None:
        people = self._people
        for name in ("spent", "orders", "clicks", "influenced", "spent_before", "looks_before"):
            column = getattr(people, name)
            column[into] += column[one]
            column[one] = 0
        people.is_there[into] |= people.is_there[one]
        people.is_there[one] = False

    def note(self, signal: events.SignalNoted) -> None:
        """Fold in what somebody did."""
        person = self._person(signal.visitor, signal.buyer)
        if not person:
            return
        people = self._people
        if not self.share_ppm:
            people.looks_before[person] += 1
        people.is_there[person] = True
        if signal.signal == Signal.CLICKED:
            people.clicks[person] += 1
            clicked = self._clicked.setdefault(person, {})
            clicked.pop(signal.product, None)
            clicked[signal.product] = signal.at
            if len(clicked) > _CLICKS_KEPT:
                clicked.pop(next(iter(clicked)))
            self._count(signal.at, signal.surface, held=bool(people.is_held_out[person]), clicks=1)

    def show(self, event: events.ListShown) -> None:
        """Fold in a list; one of the wrong group is counted, for an alarm."""
        person = self._person(event.visitor, event.buyer)
        held = bool(self._people.is_held_out[person]) if person else self.is_held_out(event.visitor, event.buyer)
        self.lists += 1
        self.mismatched += (event.version == HELD_OUT) != held
        if person:
            self._people.is_there[person] = True
        self._count(event.at, event.surface, held=held, lists=1)

    def _count(self, at: int, surface: str, *, held: bool, lists: int = 0, clicks: int = 0) -> None:
        key = (at // DAY, surface, HELD_OUT if held else "")
        before = self.days.get(key, Day())
        self.days[key] = Day(before.lists + lists, before.clicks + clicks)
        while self.days and next(iter(self.days))[0] < at // DAY - _DAYS_KEPT:
            self.days.pop(next(iter(self.days)))

    def sell(self, sales: Sequence[Sale]) -> None:
        """Fold in purchases. Who was never seen as a visitor is nobody whom a list could have reached, and is left out."""
        people = self._people
        for sale in sales:
            person = self._of_buyer.get(sale.buyer, 0)
            if not person:
                continue
            clicked = self._clicked.get(person, {})
            people.orders[person] += 1
            people.is_there[person] = True
            self.unit = self.unit or sale.unit
            for product, paid in sale.paid if sale.unit == self.unit else ():
                people.spent[person] += paid
                if sale.at - clicked.get(product, -CREDITED - 1) <= CREDITED:
                    people.influenced[person] += paid

    def forget(self, buyer: int, visitors: Sequence[bytes]) -> None:
        """Count a person no more, and know none of their marks."""
        gone = {self._of_buyer.pop(buyer, 0), *(self._of_visitor.pop(visitor, 0) for visitor in visitors)} - {0}
        for person in gone:
            self._clicked.pop(person, None)
            for name in ("lot", "spent", "orders", "clicks", "influenced", "spent_before", "looks_before", "is_there"):
                getattr(self._people, name)[person] = 0

    # What is asked.

    def has_seen(self, visitor: bytes) -> bool:
        """Tell whether a visitor was there since the hold-out was drawn."""
        person = self._of_visitor.get(visitor, 0)
        return bool(person) and bool(self._people.is_there[person])

    def people(self) -> People:
        """Give everybody who was there since the hold-out was drawn."""
        table = self._people
        there = np.flatnonzero(table.is_there)
        return People(
            table.is_held_out[there], table.spent[there], table.orders[there], table.clicks[there],
            table.influenced[there], table.spent_before[there], table.looks_before[there],
        )  # fmt: skip
