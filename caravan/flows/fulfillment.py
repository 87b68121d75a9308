"""Fulfillment: parcels are handed over and arrive, orders are called off; money and units follow, many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caravan.cell import Batch, Section, numbers
from caravan.flows import claims, exchanging, funded, parcels, places
from caravan.flows.house import House, as_facts, fold, integers, one_by_one
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound, Refusal
from caravan.kernel.ids import LocationId, OrderId, ParcelId
from caravan.trade import delivery, ledger, orders, payments
from caravan.trade.claims import Opener
from caravan.world import partners


class ParcelNotSent(Refusal):
    """This parcel has not been handed over."""


class LiesInSeveralPlaces(Refusal):
    """The units of this order lie in several locations: pack a parcel at each, and hand those over."""


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
    made = np.zeros(len(request.orders), np.int64)
    chosen = _whole(house, request.orders, chosen)
    chosen = _in_one_place(house, request.orders, chosen)
    chosen = _paid(house, request.orders, chosen)
    if not len(chosen):
        return made
    numbers, at = request.orders[chosen], request.at[chosen]
    new = _record_handover(house, numbers, at, facts)
    sent, made[chosen] = delivery.hand_over(
        house.delivery, orders=numbers, sellers=house.orders.orders.seller[numbers],
        carriers=[request.carriers[place] for place in chosen],
        trackings=[request.trackings[place] for place in chosen],
        promised_at=_promised(house, numbers, request.promised_at[chosen]), at=at,
    )  # fmt: skip
    new += [sent, orders.fulfill(orders=numbers, at=at)]
    is_captured_now = ~funded.of_outside(house, numbers)
    if is_captured_now.any():
        new.append(payments.capture(house.payments, orders=numbers[is_captured_now], at=at[is_captured_now]))
    # Folded in at once, because the next request of this batch must see it.
    facts += fold(house, new)
    return made


def _paid(house: House, numbers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Give the chosen places whose money is held, taken in, or collected at the door; refuse one alone that is not."""
    if not house.dealings.fundings:
        return chosen
    kept: np.ndarray = chosen[[funded.is_shippable(house, number) for number in numbers[chosen].tolist()]]
    if len(numbers) == 1 and len(chosen) and not len(kept):
        raise payments.PaymentNotCaptured
    return kept


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
    legs = ledger.Legs()
    here = np.flatnonzero(~funded.of_outside(house, numbers))  # Of the others the money is in escrow, or at the door.
    legs.post_held(here, accounts=wallets[here], amounts=totals[here], holds=money.hold[numbers[here]])
    legs.post(here, accounts=escrows[here], amounts=totals[here])
    move_units(house, legs, numbers, source=ledger.Kind.COMMITTED, target=ledger.Kind.SHIPPED)
    outcomes = ledger.record(book, legs, reason=ledger.Reason.CAPTURED, references=numbers, at=at)
    assert outcomes.recorded.all(), "What was authorized and committed can be captured and shipped."
    return list(outcomes.facts)


def move_units(
    house: House, legs: ledger.Legs, numbers: np.ndarray, *, source: ledger.Kind, target: ledger.Kind,
    back: np.ndarray | None = None,
) -> None:  # fmt: skip
    """Add the legs that move all units of orders from one kind of account to another.

    With `back`, they get to these locations, one a line of the orders; else they stay where they are.
    """
    lines = house.orders.lines_of(numbers)
    rows = np.repeat(np.arange(len(numbers)), np.diff(lines.offsets))
    table = house.orders.lines
    locations, skus = table.location[lines.values], table.sku[lines.values]
    quantities = table.quantity[lines.values]
    legs.post(rows, accounts=house.ledger.find(source, locations, skus), amounts=-quantities)
    reached = locations if back is None else back
    legs.post(rows, accounts=house.ledger.find(target, reached, skus), amounts=quantities)


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
    said = zip(request.at.tolist(), request.statuses.tolist(), strict=True)
    news = delivery.is_news(house.delivery, request.parcels.tolist(), [delivery.Scan(*one, "") for one in said])
    if (table.handed_over_at[request.parcels] == 0).any():
        raise ParcelNotSent
    rows = np.flatnonzero(news)
    told, statuses, at = request.parcels[rows], request.statuses[rows], request.at[rows]
    if not len(rows):
        return 0
    return note_scans(house, delivery.scan(parcels=told, statuses=statuses, at=at), facts)


def note_scans(house: House, scanned: Section, facts: list[Section]) -> int:
    """Note what was said of parcels: the first "delivered" of one lets its order be settled, "lost" opens a claim.

    Gives how many parcels arrived.
    """
    told, statuses, at = (numbers(scanned.batch, name) for name in ("parcel", "status", "at"))
    table = house.delivery.parcels
    is_first = (statuses == delivery.ParcelStatus.DELIVERED) & (table.delivered_at[told] == 0)
    places = np.flatnonzero(is_first)
    # Of several scans of one parcel, the earliest delivery counts.
    places = places[np.argsort(at[places], kind="stable")]
    _, firsts = np.unique(told[places], return_index=True)
    arrived = places[firsts]
    of, when = table.order[told[arrived]], at[arrived]
    is_whole = np.array([_is_simple(house, order) for order in of.tolist()], np.bool_)
    new, whole, whole_at = [scanned], of[is_whole], when[is_whole]
    if len(whole):
        due_at = whole_at + house.markets.policy.return_window
        new += [
            orders.receive(orders=whole, at=whole_at), payments.schedule(orders=whole, due_at=due_at, at=whole_at)
        ]  # fmt: skip
    facts += fold(house, new)
    for row in _of_matter(house, told, statuses):
        claims.on_scan(house, ParcelId(int(told[row])), facts, by=Opener.CARRIER, now=Instant(int(at[row])))
    return len(arrived)


def _of_matter(house: House, told: np.ndarray, statuses: np.ndarray) -> list[int]:
    """Give the rows of scans after which a claim may be opened or over, or an order that went in parts may be settled."""
    of = house.delivery.parcels.order[told].tolist()
    ends = {delivery.ParcelStatus.DELIVERED, delivery.ParcelStatus.RETURNED}
    return [
        row for row, (order, status) in enumerate(zip(of, statuses.tolist(), strict=True))
        if status == delivery.ParcelStatus.LOST or (status in ends and not _is_simple(house, order))
    ]  # fmt: skip


def _is_simple(house: House, order: int) -> bool:
    """Tell whether all of an order went in one parcel, and nothing was ever claimed of it."""
    is_alone = len(house.delivery.by_order.get(order, ())) == 1
    return is_alone and order not in house.claims.of_order and not orders.has_sent(house.orders, order)


def cancel_orders(house: House, requests: Sequence[Cancellation], *, now: Instant) -> Batch:  # noqa: ARG001  # Each row carries its own time.
    """Call orders off before they are handed over: units and money are free again. Answers the orders canceled."""
    return one_by_one(requests, lambda request, facts: _cancel(house, request, facts))


def _cancel(house: House, request: Cancellation, facts: list[Section]) -> np.ndarray:
    chosen = _open_orders(house, request.orders, sellers=request.sellers, buyers=request.buyers)
    chosen = _none_left(house, request.orders, chosen)
    chosen = _settled(house, request.orders, chosen)
    if not len(chosen):
        return chosen
    numbers: np.ndarray = request.orders[chosen]
    facts += call_off(house, numbers, by=request.sellers[chosen], at=request.at[chosen])
    return numbers


def _none_left(house: House, numbers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Give the chosen places of which nothing has left yet; refuse one alone of which a part has."""
    if not house.orders.parts:
        return chosen
    kept: np.ndarray = chosen[[not orders.has_sent(house.orders, number) for number in numbers[chosen].tolist()]]
    if len(numbers) == 1 and len(chosen) and not len(kept):
        raise orders.AlreadyFulfilled("A part of this order has left: only the rest of it can be called off.")
    return kept


def _whole(house: House, numbers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Give the chosen places that go as a whole; refuse one alone that goes in parcels."""
    if not house.delivery.made:
        return chosen
    kept: np.ndarray = chosen[[not parcels.is_in_parcels(house, number) for number in numbers[chosen].tolist()]]
    if len(numbers) == 1 and len(chosen) and not len(kept):
        raise parcels.GoesInParcels
    return kept


def _in_one_place(house: House, numbers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Give the chosen places whose units all lie in one location; refuse one alone whose don't.

    What is paid for at the door goes in one parcel all the same: its seller brings its units together first.
    """
    known = house.partners
    if len(known.locations) == len(known.sellers) or not len(chosen):
        return chosen
    lines, fundings = house.orders.lines_of(numbers[chosen]), house.dealings.fundings
    locations, starts = house.orders.lines.location[lines.values], lines.offsets[:-1]
    is_one = np.maximum.reduceat(locations, starts) == np.minimum.reduceat(locations, starts)
    for row in np.flatnonzero(~is_one).tolist():
        funding = fundings.get(int(numbers[chosen[row]]))
        is_one[row] = funding is not None and funding.provider == payments.Provider.CASH
    if len(numbers) == 1 and not is_one.all():
        raise LiesInSeveralPlaces
    kept: np.ndarray = chosen[is_one]
    return kept


def _settled(house: House, numbers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Give the chosen places whose money nobody is deciding about just now; refuse one alone of which somebody is."""
    if not house.dealings.fundings:
        return chosen
    disputing = house.payments.money.disputing
    kept: np.ndarray = chosen[
        [not is_being_captured(house, number) and not disputing[number] for number in numbers[chosen].tolist()]
    ]
    if len(numbers) == 1 and len(chosen) and not len(kept):
        if disputing[numbers[0]]:
            raise payments.DisputeUnderWay
        raise payments.PaymentUnderWay("The buyer's money is being taken in just now. Try again in a moment.")
    return kept


def is_being_captured(house: House, order: int) -> bool:
    """Tell whether a provider was asked to take an order's money in and has not answered yet."""
    funding = house.dealings.fundings.get(order)
    works = house.dealings.open.get(funding.payment, ()) if funding is not None else ()
    return any(work.order == order and work.what == payments.AskKind.CAPTURE for work in works)


def call_off(house: House, numbers: np.ndarray, *, by: np.ndarray, at: np.ndarray) -> list[Section]:
    """Call off orders that can be: units and money are free again, or on their way back. Gives the facts, folded in.

    Of those of which a part has left, the rest is called off.
    """
    facts: list[Section] = []
    has_left = np.array([orders.has_sent(house.orders, number) for number in numbers.tolist()], np.bool_)
    for row in np.flatnonzero(has_left).tolist():
        parcels.call_off_rest(house, OrderId(int(numbers[row])), facts, by=int(by[row]), now=Instant(int(at[row])))
    numbers, by, at = numbers[~has_left], by[~has_left], at[~has_left]
    if not len(numbers):
        return facts
    for number, when in zip(numbers.tolist(), at.tolist(), strict=True):
        parcels.unpack_all(house, OrderId(number), facts, now=Instant(when))
    taken = [row for row, number in enumerate(numbers.tolist()) if _is_taken(house, number)]
    book, money, table = house.ledger, house.payments.money, house.orders.orders
    wallets = book.find(ledger.Kind.WALLET, table.buyer[numbers], table.unit[numbers])
    legs = ledger.Legs()
    left = money.authorized[numbers] - money.captured[numbers]
    held = np.flatnonzero(left)
    legs.void(held, accounts=wallets[held], amounts=left[held], holds=money.hold[numbers[held]])
    coupons: dict[int, int] = {}
    for row in held.tolist() if house.dealings.fundings else ():
        funding = house.dealings.fundings.get(int(numbers[row]))
        if funding is not None:
            coupons[row] = funded.discount_left(funding)
            funded.add_let_go(house, legs, row, int(numbers[row]), facts=facts, now=Instant(int(at[row])))
    move_units(house, legs, numbers, source=ledger.Kind.COMMITTED, target=ledger.Kind.AVAILABLE)
    outcomes = ledger.record(book, legs, reason=ledger.Reason.CANCELED, references=numbers, at=at)
    assert outcomes.recorded.all(), "What was authorized and committed can be let go."
    new = [
        *outcomes.facts,
        orders.cancel(orders=numbers, by=by, at=at),
    ]
    if len(held):
        new.append(payments.void(house.payments, orders=numbers[held], at=at[held]))
    facts += fold(house, new)
    for row in held.tolist() if house.exchange.orders else ():
        back = int(left[row]) - coupons.get(row, 0)
        facts += exchanging.give_back(house, OrderId(int(numbers[row])), back, now=Instant(int(at[row])))
    for row in taken:
        funded.refund_whole(house, facts, int(numbers[row]), now=Instant(int(at[row])))
    for row, discount in coupons.items():
        facts += funded.after_let_go(house, int(numbers[row]), discount, now=Instant(int(at[row])))
    return facts


def _is_taken(house: House, order: int) -> bool:
    return order in house.dealings.fundings and bool(house.payments.money.captured[order])


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


def take_back_uncollected(house: House, order: OrderId, facts: list[Section], *, now: Instant) -> None:
    """Note that a parcel to be paid for at the door was not taken: its units are on the shelf again, and nothing is owed."""
    book, money = house.ledger, house.payments.money
    numbers, at = integers(order), integers(now)
    discount = funded.discount_left(house.dealings.fundings[order])
    wallet = book.find(ledger.Kind.WALLET, money.buyer[numbers], money.unit[numbers])
    legs = ledger.Legs()
    legs.void(integers(0), accounts=wallet, amounts=money.authorized[numbers], holds=money.hold[numbers])
    funded.add_let_go(house, legs, 0, order, facts=facts, now=now)
    rows = house.orders.lines_of(numbers).values
    shelves = [
        partners.returns_to(house.partners, LocationId(left)) for left in house.orders.lines.location[rows].tolist()
    ]
    for shelf, sku in zip(shelves, house.orders.lines.sku[rows].tolist(), strict=True):
        facts += places.open_shelf(house, shelf, integers(sku), now=now)
    move_units(house, legs, numbers, source=ledger.Kind.SHIPPED, target=ledger.Kind.AVAILABLE, back=integers(shelves))
    outcomes = ledger.record(book, legs, reason=ledger.Reason.RETURNED, references=numbers, at=at)
    assert outcomes.recorded.all(), "What is at the door can come back."
    back = orders.refuse_lines(house.orders, order=order, now=now)
    over = [payments.void(house.payments, orders=numbers, at=at), orders.complete(orders=numbers, at=at)]
    facts += fold(house, [*outcomes.facts, *as_facts(*back), *over])
    facts += exchanging.give_back(house, order, int(money.authorized[order]) - discount, now=now)
    facts += funded.after_let_go(house, order, discount, now=now)
