"""Fulfillment: parcels are handed over and arrive, orders are called off; money and units follow, many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caravan.cell import Batch, Section
from caravan.flows.house import House, fold, one_by_one
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound, Refusal
from caravan.trade import delivery, ledger, orders, payments


@dataclass(frozen=True)
class Handover:
    """Whole orders given to carriers, one parcel each, in columns; int64 [n]. Seller 0 is the operator.

    `promised_at` is the date that the buyer was told, 0 for none.
    """

    at: np.ndarray
    orders: np.ndarray
    sellers: np.ndarray
    promised_at: np.ndarray
    carriers: Sequence[str]
    trackings: Sequence[str]


@dataclass(frozen=True)
class Scans:
    """What carriers say of parcels, in columns; int64 [n]. Seller 0 is the operator or a carrier."""

    at: np.ndarray
    parcels: np.ndarray
    statuses: np.ndarray
    sellers: np.ndarray


@dataclass(frozen=True)
class Cancellation:
    """Orders to call off before they are handed over, in columns; int64 [n].

    Exactly one of `sellers` and `buyers` says who asks; both 0 is the operator.
    """

    at: np.ndarray
    orders: np.ndarray
    sellers: np.ndarray
    buyers: np.ndarray


def hand_over(house: House, requests: Sequence[Handover], *, now: Instant) -> Batch:  # noqa: ARG001  # Each row carries its own time.
    """Hand orders over: units leave, money goes into escrow. Answers the parcel numbers, 0 where an order is not open.

    One order alone is refused with the reason instead.
    """
    return one_by_one(requests, lambda request, facts: _hand_over(house, request, facts))


def _hand_over(house: House, request: Handover, facts: list[Section]) -> np.ndarray:
    chosen = _open_orders(house, request.orders, sellers=request.sellers)
    parcels = np.zeros(len(request.orders), np.int64)
    if not len(chosen):
        return parcels
    numbers, at = request.orders[chosen], request.at[chosen]
    new = _record_handover(house, numbers, at, facts)
    sent, parcels[chosen] = delivery.hand_over(
        house.delivery, orders=numbers, sellers=house.orders.orders.seller[numbers],
        carriers=[request.carriers[place] for place in chosen],
        trackings=[request.trackings[place] for place in chosen],
        promised_at=_promised(house, numbers, request.promised_at[chosen]), at=at,
    )  # fmt: skip
    new += [
        sent,
        orders.fulfill(orders=numbers, at=at),
        payments.capture(house.payments, orders=numbers, at=at),
    ]
    # Folded in at once, because the next request of this batch must see it.
    facts += fold(house, new)
    return parcels


def _promised(house: House, numbers: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Give the date for each parcel that its seller named, or else the one that the buyer was promised with the order."""
    made, places = house.promises.made, house.promises.of_order
    rows = np.array([places.get(number, 0) for number in numbers.tolist()], np.int64)
    return np.where(said > 0, said, made.promised_at[rows])


def _record_handover(house: House, numbers: np.ndarray, at: np.ndarray, facts: list[Section]) -> list[Section]:
    """Capture money into escrow and move units from committed to shipped, one entry an order."""
    book, money, table = house.ledger, house.payments.money, house.orders.orders
    units, totals = table.unit[numbers], money.authorized[numbers]
    escrows, opened = ledger.open_accounts(book, ledger.Kind.ESCROW, owners=numbers, units=units, at=int(at[0]))
    facts += opened
    wallets = book.find(ledger.Kind.WALLET, table.buyer[numbers], units)
    rows = np.arange(len(numbers))
    legs = ledger.Legs()
    legs.post_held(rows, accounts=wallets, amounts=totals, holds=money.hold[numbers])
    legs.post(rows, accounts=escrows, amounts=totals)
    move_units(house, legs, numbers, source=ledger.Kind.COMMITTED, target=ledger.Kind.SHIPPED)
    outcomes = ledger.record(book, legs, reason=ledger.Reason.CAPTURED, references=numbers, at=at)
    assert outcomes.recorded.all(), "What was authorized and committed can be captured and shipped."
    return list(outcomes.facts)


def move_units(
    house: House, legs: ledger.Legs, numbers: np.ndarray, *, source: ledger.Kind, target: ledger.Kind
) -> None:
    """Add the legs that move all units of orders from one kind of account to another."""
    lines = house.orders.lines_of(numbers)
    rows = np.repeat(np.arange(len(numbers)), np.diff(lines.offsets))
    table = house.orders.lines
    locations, skus = table.location[lines.values], table.sku[lines.values]
    quantities = table.quantity[lines.values]
    legs.post(rows, accounts=house.ledger.find(source, locations, skus), amounts=-quantities)
    legs.post(rows, accounts=house.ledger.find(target, locations, skus), amounts=quantities)


def scan_parcels(house: House, requests: Sequence[Scans], *, now: Instant) -> Batch:  # noqa: ARG001  # Each row carries its own time.
    """Note scans; the first "delivered" of a parcel schedules its settlement. Answers how many scans were new parcels'.

    Unknown parcels, and another seller's, are refused as not found.
    """
    return one_by_one(requests, lambda request, facts: _scan(house, request, facts))


def _scan(house: House, request: Scans, facts: list[Section]) -> int:
    table = house.delivery.parcels
    if (request.parcels <= 0).any() or (request.parcels >= len(table)).any():
        raise NotFound("There is no such parcel.")
    if ((request.sellers != 0) & (table.seller[request.parcels] != request.sellers)).any():
        raise NotFound("There is no such parcel.")
    is_first = (request.statuses == delivery.ParcelStatus.DELIVERED) & (table.delivered_at[request.parcels] == 0)
    places = np.flatnonzero(is_first)
    # Of several scans of one parcel in a request, the earliest delivery counts.
    places = places[np.argsort(request.at[places], kind="stable")]
    _, firsts = np.unique(request.parcels[places], return_index=True)
    places = places[firsts]
    numbers, at = table.order[request.parcels[places]], request.at[places]
    new = [delivery.scan(parcels=request.parcels, statuses=request.statuses, at=request.at)]
    if len(numbers):
        due_at = at + house.markets.policy.return_window
        new += [
            orders.receive(orders=numbers, at=at),
            payments.schedule(orders=numbers, due_at=due_at, at=at),
        ]
    facts += fold(house, new)
    return len(numbers)


def cancel_orders(house: House, requests: Sequence[Cancellation], *, now: Instant) -> Batch:  # noqa: ARG001  # Each row carries its own time.
    """Call orders off before they are handed over: units and money are free again. Answers the orders canceled."""
    return one_by_one(requests, lambda request, facts: _cancel(house, request, facts))


def _cancel(house: House, request: Cancellation, facts: list[Section]) -> np.ndarray:
    chosen = _open_orders(house, request.orders, sellers=request.sellers, buyers=request.buyers)
    if not len(chosen):
        return chosen
    numbers: np.ndarray = request.orders[chosen]
    at = request.at[chosen]
    book, money, table = house.ledger, house.payments.money, house.orders.orders
    wallets = book.find(ledger.Kind.WALLET, table.buyer[numbers], table.unit[numbers])
    legs = ledger.Legs()
    legs.void(np.arange(len(numbers)), accounts=wallets, amounts=money.authorized[numbers], holds=money.hold[numbers])
    move_units(house, legs, numbers, source=ledger.Kind.COMMITTED, target=ledger.Kind.AVAILABLE)
    outcomes = ledger.record(book, legs, reason=ledger.Reason.CANCELED, references=numbers, at=at)
    assert outcomes.recorded.all(), "What was authorized and committed can be let go."
    new = [
        *outcomes.facts,
        orders.cancel(orders=numbers, by=request.sellers[chosen], at=at),
        payments.void(house.payments, orders=numbers, at=at),
    ]
    facts += fold(house, new)
    return numbers


def _open_orders(
    house: House, numbers: np.ndarray, *, sellers: np.ndarray, buyers: np.ndarray | None = None
) -> np.ndarray:
    """Give the places of orders that are open and whoever asks may act on, each once; refuse one alone that is not."""
    table = house.orders.orders
    known = (numbers > 0) & (numbers < len(table))
    safe = np.where(known, numbers, 0)
    known &= (sellers == 0) | (table.seller[safe] == sellers)
    if buyers is not None:
        known &= (buyers == 0) | (table.buyer[safe] == buyers)
    is_open = known & (table.canceled_at[safe] == 0) & (table.fulfilled_at[safe] == 0)
    _, firsts = np.unique(numbers, return_index=True)
    is_first = np.zeros(len(numbers), np.bool_)
    is_first[firsts] = True
    if len(numbers) == 1 and not is_open[0]:
        raise _why_not(house, int(safe[0]), is_known=bool(known[0]))
    return np.flatnonzero(is_open & is_first)


def _why_not(house: House, order: int, *, is_known: bool) -> Refusal:
    if not is_known:
        return NotFound("There is no such order.")
    if house.orders.orders.fulfilled_at[order]:
        return orders.AlreadyFulfilled()
    return orders.OrderNotOpen("This order was canceled.")
