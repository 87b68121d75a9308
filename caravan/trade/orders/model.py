"""The state of orders: purchases, orders and lines in arrays; carts and open checkouts as small objects."""

import heapq
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.cell import Marks, Ragged, Section, Table, numbers, owned, pack, ragged, rows, unpack
from caravan.events import orders as events
from caravan.kernel.clock import DAY
from caravan.kernel.event import Event
from caravan.kernel.ids import (
    AddressId,
    BuyerId,
    CartId,
    HoldId,
    ListingId,
    LocationId,
    PurchaseId,
    SellerId,
    SessionId,
    SkuId,
)
from caravan.trade.orders import kernel


class SessionStatus(IntEnum):
    """Where a checkout stands, in the words of the agentic-commerce protocol."""

    NOT_READY = 1
    READY = 2
    COMPLETED = 3
    CANCELED = 4
    EXPIRED = 5
    IN_PROGRESS = 6  # The buyer is paying.


HOLDING = (SessionStatus.READY, SessionStatus.IN_PROGRESS)  # In these, units are held for the buyer.


class Cart(msgspec.Struct, array_like=True):
    """Units of listings that somebody thinks of buying."""

    cart: CartId
    buyer: BuyerId
    lines: dict[ListingId, int] = msgspec.field(default_factory=dict)


class Line(msgspec.Struct, array_like=True, frozen=True):
    """One listing in a checkout, at its quoted price. `shipping_minor` is of the whole line."""

    listing: ListingId
    sku: SkuId
    location: LocationId
    seller: SellerId
    quantity: int
    unit_price_minor: int
    shipping_minor: int  # and whatever else comes on top of the price, such as taxes of the destination

    @property
    def goods_minor(self) -> int:
        """Give the price of all its units."""
        return self.unit_price_minor * self.quantity

    @property
    def total_minor(self) -> int:
        """Give all that it comes to."""
        return self.goods_minor + self.shipping_minor


def with_shipping(line: Line, shipping_minor: int) -> Line:
    """Give a line with another amount on top of its price."""
    return msgspec.structs.replace(line, shipping_minor=shipping_minor)


class Parts(msgspec.Struct, array_like=True):
    """How far an order has come that goes in parts; units of each of its lines, and what those that left came to.

    `replacing` are units to go out anew that are still here, `replaced` those that have gone.
    """

    sent: list[int]
    canceled: list[int]
    replacing: list[int]
    replaced: list[int]
    worth: list[int]
    off: list[int]  # what those came to that will not be sent
    fee_off: int = 0  # of what will not be sent
    fee_tax_off: int = 0


class Session(msgspec.Struct, array_like=True):
    """A checkout: a quote, and while it is ready, units held for its buyer."""

    session: SessionId
    buyer: BuyerId
    cart: CartId
    address: AddressId
    currency: str
    total_minor: int
    opened_at: int
    lines: list[Line]
    status: SessionStatus = SessionStatus.NOT_READY
    holds: list[HoldId] = msgspec.field(default_factory=list)
    reserved_at: int = 0
    expires_at: int = 0
    purchase: PurchaseId = PurchaseId(0)


# A key of a request lasts so long by logged time, as an answer does; a mark of a shop's past lasts for ever. A mark's low
# word says which it is, by its last bit.
KEYS_KEPT_FOR = 2 * DAY
LASTING = 1

# What a purchase's fact calls the columns of `Purchases`.
_PURCHASE_COLUMNS = {
    "at": "at", "buyer": "buyer", "session": "session", "address": "address", "unit": "unit", "total": "total_minor",
    "mark_high": "mark_high", "mark_low": "mark_low", "entry": "entry", "first_hold": "first_hold",
}  # fmt: skip
_ORDER_COLUMNS = {
    "sellers": "sellers", "totals": "totals_minor", "fee_taxes": "fee_taxes_minor", "line_counts": "line_counts",
}  # fmt: skip
_LINE_COLUMNS = {
    "listings": "listings", "skus": "skus", "locations": "locations", "quantities": "quantities",
    "unit_prices": "unit_prices_minor", "shipping": "shipping_minor", "fees": "fees_minor", "holds": "holds",
}  # fmt: skip
_PURCHASES_WRITTEN = (
    "buyer", "session", "address", "unit", "total", "placed_at", "orders", "first_order", "mark_high", "mark_low",
)  # fmt: skip
_ORDERS_WRITTEN = (
    "purchase", "buyer", "seller", "unit", "total", "fee", "fee_tax", "placed_at", "first_line", "lines",
)  # fmt: skip
_LINES_WRITTEN = ("order", "listing", "sku", "location", "quantity", "unit_price", "shipping", "fee")
_KEYS_AT_ONCE = 8_192
_STAMPS: dict[type[Event], str] = {
    events.OrderCanceled: "canceled_at",
    events.OrderFulfilled: "fulfilled_at",
    events.OrderReceived: "received_at",
    events.OrderCompleted: "completed_at",
}

_IN_PARTS: frozenset[type[Event]] = frozenset({events.LinesFulfilled, events.LinesCanceled, events.LinesReplaced})


def orders_in(part: Section) -> dict[str, np.ndarray]:
    """Give the orders that purchases were placed with, in columns of int64 [orders]; `counts` is by purchase.

    The columns are order, purchase, buyer, seller, unit, at, total, fee, fee_tax, lines and line: where its lines begin.
    """
    batch = part.batch
    sellers, lines = ragged(batch, "sellers"), ragged(batch, "line_counts").values
    counts = np.diff(sellers.offsets).astype(np.int64)
    starts = np.cumsum(lines) - lines
    repeated = {name: np.repeat(numbers(batch, name), counts) for name in ("purchase", "buyer", "unit", "at")}
    first = numbers(batch, "first_order")
    return {
        "order": first[0] + np.arange(len(lines)), **repeated, "seller": sellers.values, "counts": counts,
        "total": ragged(batch, "totals_minor").values, "fee_tax": ragged(batch, "fee_taxes_minor").values,
        "fee": np.add.reduceat(ragged(batch, "fees_minor").values, starts), "lines": lines, "line": starts,
    }  # fmt: skip


class Purchases(NamedTuple):
    """Purchases to place, in columns. Shapes: int64, of purchases [n], of orders [k], of lines [m].

    Purchase i has the orders from order_offsets[i] and the lines from line_offsets[i] on; an order's lines, line_counts
    of them, follow the lines of the order before it. `rules` is the version of the kernels that decided them.
    """

    at: np.ndarray
    buyer: np.ndarray
    session: np.ndarray
    address: np.ndarray
    unit: np.ndarray
    total: np.ndarray
    mark_high: np.ndarray
    mark_low: np.ndarray
    entry: np.ndarray
    first_hold: np.ndarray
    order_offsets: np.ndarray
    line_offsets: np.ndarray
    sellers: np.ndarray
    totals: np.ndarray
    fee_taxes: np.ndarray
    line_counts: np.ndarray
    listings: np.ndarray
    skus: np.ndarray
    locations: np.ndarray
    quantities: np.ndarray
    unit_prices: np.ndarray
    shipping: np.ndarray
    fees: np.ndarray
    holds: np.ndarray
    rules: int

    @staticmethod
    def of(part: Section) -> "Purchases":
        """Read purchases back from their fact."""
        batch = part.batch
        words = {name: owned(numbers(batch, source)) for name, source in _PURCHASE_COLUMNS.items()}
        orders = {name: ragged(batch, source) for name, source in _ORDER_COLUMNS.items()}
        lines = {name: ragged(batch, source) for name, source in _LINE_COLUMNS.items()}
        return Purchases(
            **words, order_offsets=owned(orders["sellers"].offsets), line_offsets=owned(lines["listings"].offsets),
            **{name: owned(column.values) for name, column in (orders | lines).items()},
            rules=int(numbers(batch, "rules")[0]),
        )  # fmt: skip


class Shape(NamedTuple):
    """What a purchase has on average."""

    orders: float
    lines: float


_SHAPE_KNOWN_FROM, _SHAPE_GUESSED = 1_000, Shape(orders=2, lines=3)


class Orders:
    """Purchases, orders and order lines by number, from 1; carts and sessions likewise."""

    name = "orders"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.CartOpened, events.CartLineSet, events.CartClaimed, events.SessionOpened, events.SessionAllocated,
            events.SessionReserved,
            events.SessionAddressed, events.SessionRepriced, events.SessionExtended, events.SessionCanceled, events.SessionExpired, events.SessionCompleted, events.SessionPaying, events.SessionReopened,
            events.PurchasePlaced, events.LineReturned, *_STAMPS, *_IN_PARTS,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.carts: list[Cart] = [Cart(CartId(0), BuyerId(0))]
        self.sessions: list[Session] = [
            Session(SessionId(0), BuyerId(0), CartId(0), AddressId(0), "", 0, 0, [], SessionStatus.CANCELED)
        ]
        self.expiries: list[tuple[int, int]] = []  # A heap of (when, session); its head is never stale.
        self.purchases = Table(
            buyer=np.int32, session=np.int32, address=np.int32, unit=np.int16, total=np.int64, placed_at=np.int64,
            orders=np.int32, first_order=np.int32, mark_high=np.int64, mark_low=np.int64,
        )  # fmt: skip
        self.orders = Table(
            purchase=np.int32, buyer=np.int32, seller=np.int32, unit=np.int16, total=np.int64, fee=np.int64,
            fee_tax=np.int64, placed_at=np.int64, canceled_at=np.int64, fulfilled_at=np.int64, received_at=np.int64,
            completed_at=np.int64, first_line=np.int32, lines=np.int32,
        )  # fmt: skip
        self.lines = Table(
            order=np.int32, listing=np.int32, sku=np.int32, location=np.int32, quantity=np.int32,
            unit_price=np.int64, shipping=np.int64, fee=np.int64, returned=np.int32, refunded=np.int64,
        )  # fmt: skip
        self.parts: dict[int, Parts] = {}
        self.marks = Marks()
        self.keys = Marks()
        self.keys_from = 1  # The first purchase whose key is still known.

    def apply(self, part: Section) -> None:
        """Fold in a run of facts; orders as columns, the rest one by one."""
        if part.kind is events.PurchasePlaced:
            self._apply_purchases(part)
            return
        self.version += 1
        if part.kind in _STAMPS:
            column = getattr(self.orders, _STAMPS[part.kind])
            column[numbers(part.batch, "order")] = numbers(part.batch, "at")
        else:
            for event in rows(part):
                self._apply(event)

    def _apply_purchases(self, part: Section) -> None:
        assert numbers(part.batch, "purchase")[0] == len(self.purchases), (
            "Purchases are numbered in the order of the log."
        )
        assert numbers(part.batch, "first_order")[0] == len(self.orders), "Orders are numbered in the order of the log."
        self.fold_purchases(Purchases.of(part))

    def fold_purchases(self, placed: Purchases) -> None:
        """Fold in purchases that come next by number, with the orders and lines that come next."""
        self.version += 1
        purchases, orders, lines = self.purchases, self.orders, self.lines
        first_purchase, first_order, first_line = len(purchases), len(orders), len(lines)
        purchases.reserve(first_purchase + len(placed.at))
        orders.reserve(first_order + len(placed.sellers))
        lines.reserve(first_line + len(placed.listings))
        kernel.write_purchases(
            first_purchase, first_order, placed.at, placed.buyer, placed.session, placed.address, placed.unit,
            placed.total, placed.mark_high, placed.mark_low, placed.order_offsets, *map(purchases.whole, _PURCHASES_WRITTEN),
        )  # fmt: skip
        kernel.write_orders(
            first_purchase, first_order, first_line, placed.at, placed.buyer, placed.unit, placed.order_offsets,
            placed.sellers, placed.totals, placed.fee_taxes, placed.line_counts, placed.fees,
            *map(orders.whole, _ORDERS_WRITTEN),
        )  # fmt: skip
        kernel.write_lines(
            first_order, first_line, placed.line_counts, placed.listings, placed.skus, placed.locations,
            placed.quantities, placed.unit_prices, placed.shipping, placed.fees, *map(lines.whole, _LINES_WRITTEN),
        )  # fmt: skip
        purchases.extend_to(first_purchase + len(placed.at))
        orders.extend_to(first_order + len(placed.sellers))
        lines.extend_to(first_line + len(placed.listings))
        self._mark(placed, first_purchase)

    def _mark(self, placed: Purchases, first: int) -> None:
        """Remember where purchases came from, and forget the keys that are too old by the time of these."""
        is_marked, is_lasting = (placed.mark_high != 0) | (placed.mark_low != 0), (placed.mark_low & LASTING) != 0
        for index, chosen in ((self.marks, is_marked & is_lasting), (self.keys, is_marked & ~is_lasting)):
            if chosen.any():
                index.insert(self._marks(), first + np.flatnonzero(chosen))
        too_old, placed_at = int(placed.at[-1]) - KEYS_KEPT_FOR, self.purchases.placed_at
        while self.keys_from < len(placed_at) and placed_at[self.keys_from] < too_old:
            some = placed_at[self.keys_from : self.keys_from + _KEYS_AT_ONCE]
            is_young = some >= too_old
            self.keys_from += int(is_young.argmax()) if is_young.any() else len(some)
        self.keys.forget_below(self.keys_from)

    def find_marks(self, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Give the purchases that came in under marks or keys, 0 where none did. Shapes: int64 [n], [n] -> [n]."""
        found = self.keys.find(self._marks(), high, low)
        is_lasting = (low & LASTING) != 0
        return np.where(is_lasting, self.marks.find(self._marks(), high, low), found) if is_lasting.any() else found

    def _marks(self) -> tuple[np.ndarray, np.ndarray]:
        return self.purchases.whole("mark_high"), self.purchases.whole("mark_low")

    def _apply(self, event: Event) -> None:
        match event:
            case events.CartOpened():
                assert event.cart == len(self.carts)
                self.carts.append(Cart(event.cart, event.buyer))
            case events.CartLineSet():
                lines = self.carts[event.cart].lines
                lines.pop(event.listing, None) if event.quantity == 0 else lines.update({event.listing: event.quantity})
            case events.CartClaimed():
                self.carts[event.cart].buyer = event.buyer
            case events.SessionOpened():
                self._open_session(event)
            case events.LineReturned():
                line = int(self.orders.first_line[event.order]) + event.line
                self.lines.returned[line] += event.quantity
                self.lines.refunded[line] += event.refund_minor
            case events.LinesFulfilled() | events.LinesCanceled() | events.LinesReplaced():
                self._part(event)
            case _:
                self._move_session(event)

    def _part(self, event: events.LinesFulfilled | events.LinesCanceled | events.LinesReplaced) -> None:
        count, first = int(self.orders.lines[event.order]), int(self.orders.first_line[event.order])
        if event.order not in self.parts:
            sent, canceled, replacing, replaced, came_to, off = ([0] * count for _ in range(6))
            self.parts[event.order] = Parts(sent, canceled, replacing, replaced, came_to, off)
        parts = self.parts[event.order]
        for line, quantity in zip(event.lines, event.quantities, strict=True):
            match event:
                case events.LinesReplaced():
                    parts.replacing[line] += quantity
                case events.LinesFulfilled(is_replacement=True):
                    parts.replacing[line] -= quantity
                    parts.replaced[line] += quantity
                case events.LinesFulfilled():
                    gone = parts.sent[line] + parts.canceled[line]
                    parts.worth[line] += worth(self.lines, first + line, gone, quantity)
                    parts.sent[line] += quantity
                case events.LinesCanceled():
                    gone = parts.sent[line] + parts.canceled[line]
                    parts.off[line] += worth(self.lines, first + line, gone, quantity)
                    parts.canceled[line] += quantity
        if isinstance(event, events.LinesCanceled):
            parts.fee_off += event.fee_minor
            parts.fee_tax_off += event.fee_tax_minor

    def _open_session(self, event: events.SessionOpened) -> None:
        assert event.session == len(self.sessions)
        self.sessions.append(
            Session(
                event.session,
                event.buyer,
                event.cart,
                event.address,
                event.currency,
                event.total_minor,
                event.at,
                _lines_in(event),
            )
        )

    def _move_session(self, event: Event) -> None:
        session = self.sessions[event.session]  # type: ignore[attr-defined]
        match event:
            case events.SessionReserved():
                session.status, session.reserved_at = SessionStatus.READY, event.at
                session.holds, session.expires_at = list(event.holds), event.expires_at
                heapq.heappush(self.expiries, (event.expires_at, event.session))
            case events.SessionAddressed():
                session.address = event.address
            case events.SessionRepriced() | events.SessionAllocated():
                session.total_minor = event.total_minor
                session.lines = _relined(session.lines, event)
            case events.SessionExtended():
                session.holds, session.expires_at = list(event.holds), event.expires_at
                heapq.heappush(self.expiries, (event.expires_at, event.session))
            case events.SessionPaying():
                session.status = SessionStatus.IN_PROGRESS
                session.holds, session.expires_at = list(event.holds), event.expires_at
                heapq.heappush(self.expiries, (event.expires_at, event.session))
            case events.SessionReopened():
                session.status = SessionStatus.READY
            case events.SessionCanceled():
                session.status = SessionStatus.CANCELED
            case events.SessionExpired():
                session.status = SessionStatus.EXPIRED
            case events.SessionCompleted():
                session.status, session.purchase = SessionStatus.COMPLETED, event.purchase
                self.carts[session.cart].lines.clear()
        self._drop_stale_expiries()

    def _drop_stale_expiries(self) -> None:
        while self.expiries:
            expires_at, number = self.expiries[0]
            session = self.sessions[number]
            if session.status in HOLDING and session.expires_at == expires_at:
                return
            heapq.heappop(self.expiries)

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything; the arrays as they are, the rest as bytes."""
        tables = {"purchases": self.purchases, "orders": self.orders, "lines": self.lines}
        arrays = {name: array for prefix, table in tables.items() for name, array in table.dump(prefix)}
        return arrays | {
            "carts": pack(self.carts), "sessions": pack(self.sessions), "keys_from": np.array([self.keys_from]),
            "parts": pack(sorted(self.parts.items())),
        }  # fmt: skip

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.purchases.load("purchases", parts)
        self.orders.load("orders", parts)
        self.lines.load("lines", parts)
        self.carts = unpack(parts, "carts", list[Cart])
        self.sessions = unpack(parts, "sessions", list[Session])
        self.parts = dict(unpack(parts, "parts", list[tuple[int, Parts]]))
        ready = [session for session in self.sessions if session.status in HOLDING]
        self.expiries = [(session.expires_at, int(session.session)) for session in ready]
        heapq.heapify(self.expiries)
        high, low = self.purchases.mark_high, self.purchases.mark_low
        is_marked, is_lasting = (high != 0) | (low != 0), (low & LASTING) != 0
        self.marks, self.keys, self.keys_from = Marks(), Marks(), int(parts["keys_from"][0])
        self.keys.forget_below(self.keys_from)
        self.marks.insert(self._marks(), np.flatnonzero(is_marked & is_lasting))
        keyed = np.flatnonzero(is_marked & ~is_lasting)
        self.keys.insert(self._marks(), keyed[keyed >= self.keys_from])

    def make_room(self, purchases: int) -> Iterator[None]:
        """Take memory for so many purchases of the usual size, a step at a time."""
        shape = self.shape
        yield from self.purchases.make_room(purchases, _PURCHASES_WRITTEN)
        yield from self.orders.make_room(int(purchases * shape.orders), _ORDERS_WRITTEN)
        yield from self.lines.make_room(int(purchases * shape.lines), _LINES_WRITTEN)
        yield from self.keys.make_room(purchases)

    @property
    def shape(self) -> Shape:
        """Give how many orders and lines the purchases up to now have; a guess while there are few."""
        known = len(self.purchases) - 1
        if known < _SHAPE_KNOWN_FROM:
            return _SHAPE_GUESSED
        return Shape((len(self.orders) - 1) / known, (len(self.lines) - 1) / known)

    def lines_of(self, orders: np.ndarray) -> Ragged:
        """Give the line numbers of orders. Shape: int64 [n] -> n lists."""
        counts = self.orders.lines[orders]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        return Ragged(offsets, np.repeat(self.orders.first_line[orders], counts) + within)


def _relined(lines: list[Line], event: events.SessionRepriced | events.SessionAllocated) -> list[Line]:
    if isinstance(event, events.SessionAllocated):
        return _lines_in(event)
    return [with_shipping(line, shipping) for line, shipping in zip(lines, event.shipping_minor, strict=True)]


def _lines_in(event: events.SessionOpened | events.SessionAllocated) -> list[Line]:
    columns = (
        event.listings, event.skus, event.locations, event.sellers, event.quantities, event.unit_prices_minor,
        event.shipping_minor,
    )  # fmt: skip
    return [Line(*values) for values in zip(*columns, strict=True)]


def worth(lines: Table, row: int, gone: int, quantity: int) -> int:
    """Give what the next units of a line come to with their part of its shipping; all parts together are the whole."""
    ordered, shipping = int(lines.quantity[row]), int(lines.shipping[row])
    part = shipping * (gone + quantity) // ordered - shipping * gone // ordered
    return int(lines.unit_price[row]) * quantity + part
