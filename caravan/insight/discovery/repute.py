"""Repute: what came back of what was sold, which promises sellers kept, and how much sells a day; folded from the log."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Section, Table, numbers, ragged, rows
from caravan.events import delivery, orders
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.event import Event

PROMISE_HALVES_DAYS = 60.0  # So long ago, a promise tells half as much of its seller as one of today.
PACE_HALVES_DAYS = 14.0  # The same for what sells a day.
LATE_DAYS_MAX = 365  # Who has not had their order for so long will not have it: it is waited for no more.
_MARKET = 0  # Among sellers, the row of all of them together.


class Undone(NamedTuple):
    """A part of a sale that came to nothing: whose, of which product, when it was sold, and how much of its line.

    `is_whole` says that nothing of the line is left, `is_again` that it was bought by who had bought it before.
    """

    product: int
    buyer: int
    at: int
    share: float
    is_whole: bool
    is_again: bool


class Repute:
    """Counts by product, category and seller. Of people it knows only which buyer's an order is, until they are forgotten.

    Units that came back count as sent back whatever was given for them; the sale is undone where money was. A promise
    is kept where the order arrived on its day or before; it is missed as soon as that day is over.
    """

    kinds: frozenset[type[Event]] = frozenset(
        {
            orders.LineReturned, orders.LinesCanceled, orders.OrderCanceled, orders.OrderReceived, delivery.PromiseMade,
            delivery.ParcelHandedOver,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.products = Table(category=np.int32, units=np.int32, returned=np.int32, pace=np.float32, pace_day=np.int32)
        self.categories = Table(units=np.int64, returned=np.int64)
        self.sellers = Table(units=np.int64, returned=np.int64, kept=np.float64, missed=np.float64, day=np.int32)
        self._orders = Table(first_line=np.int64, seller=np.int32, buyer=np.int32, minute=np.int32)
        self._lines = Table(product=np.int32, units=np.int32, left=np.int32, is_again=np.bool_)
        # Day and seller of promises that are open, or missed and not here yet.
        self._promised: dict[int, tuple[int, int]] = {}
        self._due: dict[int, list[int]] = {}  # Orders by the day that they were promised for.
        self._today = 0
        self._missed: dict[int, int] = {}  # When each of those was missed, by day.

    def fold(self, part: Section) -> list[Undone]:
        """Fold in a run of facts of these kinds; give what of sales came to nothing."""
        if part.kind is orders.OrderReceived:
            self._receive(part)
        elif part.kind is delivery.PromiseMade or part.kind is delivery.ParcelHandedOver:
            self._promise(part)
        else:
            return [undone for event in rows(part) for undone in self._take_back(event)]
        return []

    def _take_back(self, event: Event) -> list[Undone]:
        match event:
            case orders.LineReturned():
                return self._give_back(event)
            case orders.LinesCanceled():
                first = int(self._orders.first_line[event.order])
                return self._call_off(event.order, [first + line for line in event.lines], event.quantities)
            case orders.OrderCanceled():
                self._let_off(event.order)
                lines = self._lines_of(event.order)
                return self._call_off(event.order, lines, self._lines.left[lines.start : lines.stop].tolist())
        raise AssertionError(event)

    def _lines_of(self, order: int) -> range:
        starts, is_last = self._orders.first_line, order + 1 == len(self._orders)
        return range(int(starts[order]), len(self._lines) if is_last else int(starts[order + 1]))

    # What was sold, and what of it came back.

    def add(self, categories: Sequence[int]) -> None:
        """Count more products, which are of these categories."""
        self.products.append(len(categories), category=categories)
        self._room_in(self.categories, max(categories, default=0))

    def move(self, product: int, category: int) -> None:
        """Count what was sold of a product in another category."""
        self._room_in(self.categories, category)
        table, before = self.products, int(self.products.category[product])
        for counted, of in ((self.categories.units, table.units), (self.categories.returned, table.returned)):
            counted[before] -= of[product]
            counted[category] += of[product]
        table.category[product] = category

    def sell(self, part: Section, products: np.ndarray, is_again: Sequence[bool]) -> None:
        """Fold in purchases, whose lines are of these products. Shapes: int [lines], [lines]."""
        sellers, line_counts = ragged(part.batch, "sellers"), ragged(part.batch, "line_counts").values
        units, orders_each = ragged(part.batch, "quantities").values, np.diff(sellers.offsets)
        ats = numbers(part.batch, "at")
        first = int(numbers(part.batch, "first_order")[0])
        assert first == len(self._orders), "Orders are numbered in the order of the log."
        starts = len(self._lines) + np.cumsum(line_counts) - line_counts
        self._orders.append(
            len(line_counts), first_line=starts, seller=sellers.values, minute=np.repeat(ats // MINUTE, orders_each),
            buyer=np.repeat(numbers(part.batch, "buyer"), orders_each),
        )  # fmt: skip
        self._lines.append(
            len(products), product=products, units=units, left=units, is_again=np.array(is_again, np.bool_)
        )
        self._room_in(self.sellers, int(sellers.values.max()))
        of_lines = np.repeat(sellers.values, line_counts)
        days = np.repeat(np.repeat(ats // DAY, orders_each), line_counts)
        self._count("units", products, of_lines, units)
        self._sell_faster(products, days, units)
        self._see_to_due(int(ats.max()))

    def _count(self, name: str, products: np.ndarray, sellers: np.ndarray, units: np.ndarray) -> None:
        np.add.at(getattr(self.products, name), products, units)
        np.add.at(getattr(self.categories, name), self.products.category[products], units)
        np.add.at(getattr(self.sellers, name), sellers, units)
        getattr(self.sellers, name)[_MARKET] += units.sum()

    def _sell_faster(self, products: np.ndarray, days: np.ndarray, units: np.ndarray) -> None:
        """Add what was sold to the pace of products, all told as of the latest day, however they come in a run."""
        table = self.products
        chosen, whose = np.unique(products, return_inverse=True)
        latest = table.pace_day[chosen].astype(np.int64)
        np.maximum.at(latest, whose, days)
        faded = table.pace[chosen] * np.exp2((table.pace_day[chosen] - latest) / PACE_HALVES_DAYS)
        more = np.bincount(whose, units * np.exp2((days - latest[whose]) / PACE_HALVES_DAYS), len(chosen))
        table.pace[chosen], table.pace_day[chosen] = np.maximum(0.0, faded + more), latest

    def _give_back(self, event: orders.LineReturned) -> list[Undone]:
        line = int(self._orders.first_line[event.order]) + event.line
        units = np.array([event.quantity])
        self._count("returned", self._lines.product[[line]], self._orders.seller[[event.order]], units)
        return self._undo(event.order, [line], [event.quantity]) if event.refund_minor > 0 else []

    def _call_off(self, order: int, lines: Sequence[int], quantities: Sequence[int]) -> list[Undone]:
        """Count units that were never sent as not sold."""
        products, units = self._lines.product[np.array(lines, np.int64)], np.array(quantities, np.int64)
        days = np.full(len(units), int(self._orders.minute[order]) * MINUTE // DAY)
        self._count("units", products, np.full(len(units), self._orders.seller[order]), -units)
        self._sell_faster(products, days, -units)
        return self._undo(order, lines, quantities)

    def _undo(self, order: int, lines: Sequence[int], quantities: Sequence[int]) -> list[Undone]:
        table, buyer = self._lines, int(self._orders.buyer[order])
        at, undone = int(self._orders.minute[order]) * MINUTE, []
        for line, quantity in zip(lines, quantities, strict=True):
            taken = min(quantity, int(table.left[line]))
            if taken <= 0:
                continue
            table.left[line] -= taken
            share, is_whole = taken / int(table.units[line]), not table.left[line]
            undone.append(Undone(int(table.product[line]), buyer, at, share, is_whole, bool(table.is_again[line])))
        return undone

    def forget(self, buyer: int) -> None:
        """Know no more which orders were a buyer's; what was sold stays sold."""
        theirs = self._orders.buyer
        theirs[theirs == buyer] = 0

    # What was promised.

    def _promise(self, part: Section) -> None:
        """Fold in promises, of parcels that were handed over those that were not promised before; the first one counts."""
        columns = (numbers(part.batch, name).tolist() for name in ("order", "seller", "promised_at"))
        for order, seller, promised_at in zip(*columns, strict=True):
            if promised_at > 0 and order not in self._promised:
                day = promised_at // DAY
                self._promised[order] = (day, seller)
                self._due.setdefault(day, []).append(order)
                self._room_in(self.sellers, seller)

    def _receive(self, part: Section) -> None:
        """Fold in orders that arrived."""
        for order, at in zip(numbers(part.batch, "order").tolist(), numbers(part.batch, "at").tolist(), strict=True):
            if order not in self._promised:
                continue
            day, seller = self._promised.pop(order)
            was_missed, is_kept = order in self._missed, at // DAY <= day
            self._missed.pop(order, None)
            if was_missed and is_kept:  # A scan came late: it says that the parcel did not.
                self._keep(seller, day + 1, missed=-1.0)
            if is_kept or not was_missed:
                self._keep(seller, at // DAY, kept=float(is_kept), missed=float(not is_kept))
        self._see_to_due(int(numbers(part.batch, "at").max()))

    def _let_off(self, order: int) -> None:
        """Count the promise of an order that was called off for nothing."""
        day, seller = self._promised.pop(order, (0, 0))
        if self._missed.pop(order, None) is not None:
            self._keep(seller, day + 1, missed=-1.0)

    def _see_to_due(self, now: int) -> None:
        """Count as missed what was promised for a day that is over by now; once a day is enough."""
        if now // DAY <= self._today:
            return
        self._today = now // DAY
        for day in sorted(day for day in self._due if day < now // DAY):
            for order in self._due.pop(day):
                if order in self._promised and self._promised[order][0] == day:
                    self._missed[order] = day
                    self._keep(self._promised[order][1], day + 1, missed=1.0)
        for order in [order for order, day in self._missed.items() if day < now // DAY - LATE_DAYS_MAX]:
            del self._missed[order], self._promised[order]

    def _keep(self, seller: int, day: int, *, kept: float = 0.0, missed: float = 0.0) -> None:
        table = self.sellers
        for row in (seller, _MARKET):
            latest = max(int(table.day[row]), day)
            faded, fresh = (2.0 ** ((one - latest) / PROMISE_HALVES_DAYS) for one in (int(table.day[row]), day))
            table.kept[row] = max(0.0, table.kept[row] * faded + kept * fresh)
            table.missed[row] = max(0.0, table.missed[row] * faded + missed * fresh)
            table.day[row] = latest

    @staticmethod
    def _room_in(table: Table, row: int) -> None:
        table.append(max(0, row + 1 - len(table)))
