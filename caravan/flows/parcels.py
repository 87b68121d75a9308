"""Parcels: an order goes in parts, each packed, handed over and paid for by itself; what can't be sent is called off."""

from collections.abc import Mapping
from typing import NamedTuple

from caravan.cell import Decision, Section
from caravan.events.payments import PaymentRefunded
from caravan.flows import exchanging, funded, places, taxing
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import ClaimId, LocationId, OrderId, ParcelId, PaymentId, SellerId
from caravan.trade import delivery, ledger, orders, payments
from caravan.trade.delivery import ParcelStatus
from caravan.trade.ledger import Kind
from caravan.world import partners


class NothingToPack(Refusal):
    """So many units of this line do not wait to be packed."""


class GoesInOneParcel(Refusal):
    """An order that is paid for at the door goes in one parcel."""


class GoesInParcels(Refusal):
    """A part of this order is packed or has left: its parcels are handed over one by one."""


class Packing(NamedTuple):
    """A seller (0: the operator) packs units of an order's lines (counted from 0), so many of each."""

    order: OrderId
    seller: SellerId
    contents: Mapping[int, int]


class Unpacking(NamedTuple):
    """A seller (0: the operator) unpacks a parcel that has not left."""

    parcel: ParcelId
    seller: SellerId


class Sending(NamedTuple):
    """A seller (0: the operator) gives a packed parcel to a carrier; `promised_at` is the date the buyer was told, or 0.

    Without a carrier or a tracking number, those of its label count.
    """

    parcel: ParcelId
    seller: SellerId
    carrier: str
    tracking: str
    promised_at: int = 0
    at: int = 0  # when that was, where a carrier says so; else now


class Rest(NamedTuple):
    """A seller (0: the operator) will not send what has not left of an order."""

    order: OrderId
    seller: SellerId


def own_order(house: House, order: OrderId, seller: SellerId) -> None:
    """Refuse an order that is not this seller's (0 is the operator) as not found."""
    table = house.orders.orders
    if not 0 < order < len(table) or (seller and table.seller[order] != seller):
        raise NotFound("There is no such order.")


def own_parcel(house: House, parcel: ParcelId, seller: SellerId) -> OrderId:
    """Give a parcel's order. Refuses a parcel that is not this seller's (0 is the operator) as not found."""
    table = house.delivery.parcels
    if not 0 < parcel < len(table) or (seller and table.seller[parcel] != seller):
        raise NotFound("There is no such parcel.")
    return OrderId(int(table.order[parcel]))


def is_in_parcels(house: House, order: int) -> bool:
    """Tell whether an order is packed or sent in parts, so that it does not go as a whole any more."""
    return orders.has_sent(house.orders, order) or bool(delivery.packed(house.delivery, OrderId(order)))


def waiting(house: House, order: OrderId) -> list[int]:
    """Give how many units of each line of an order wait to be packed."""
    table = house.orders.orders
    if table.canceled_at[order]:
        return [0] * int(table.lines[order])
    is_packed = delivery.packed(house.delivery, order)
    return [
        units.current - units.fulfilled - is_packed.get(line, 0)
        for line, units in enumerate(orders.units_of(house.orders, order))
    ]


def pack_parcel(house: House, packing: Packing, *, now: Instant) -> Decision:
    """Pack a part of an order; give the parcel. Refuses more units than wait, and lines that lie in different places."""
    order, contents = packing.order, dict(packing.contents)
    own_order(house, order, packing.seller)
    table, funding = house.orders.orders, house.dealings.fundings.get(order)
    if table.canceled_at[order]:
        raise orders.OrderNotOpen("This order was canceled.")
    if funding is not None and funding.provider == payments.Provider.CASH:
        raise GoesInOneParcel
    left = waiting(house, order)
    if not contents:
        raise Invalid("A parcel holds something.", field="lines")
    for line, quantity in contents.items():
        if not 0 <= line < len(left):
            raise Invalid(f"This order has the lines 0 to {len(left) - 1}.", field="lines", line=line)
        if not 0 < quantity <= left[line]:
            raise NothingToPack(f"{left[line]} units of line {line} wait to be packed.", line=line, left=left[line])
    first = int(table.first_line[order])
    if len({int(house.orders.lines.location[first + line]) for line in contents}) > 1:
        raise Invalid("These lines lie in different places: pack a parcel at each.", field="lines")
    made = delivery.make_parcel(
        house.delivery, order=order, seller=SellerId(int(table.seller[order])), contents=contents, now=now
    )
    return Decision(as_facts(made), lambda: made.parcel)


def unpack_parcel(house: House, unpacking: Unpacking, *, now: Instant) -> Decision:
    """Unpack a parcel again; give it. Refuses one that has left, and one with units that go out anew."""
    parcel = unpacking.parcel
    own_parcel(house, parcel, unpacking.seller)
    delivery.require_packed(house.delivery, parcel)
    made = house.delivery.made[parcel]
    if made.is_replacement:
        raise delivery.ParcelNotPacked("These units were promised anew: send them, or give the money back.")
    return Decision(as_facts(delivery.unmake_parcel(house.delivery, parcel, now=now)), lambda: parcel)


def due_for(house: House, parcel: ParcelId) -> int:
    """Give how much of an order's money has still to be taken in before a parcel may leave; 0 where it is all there."""
    order, made = OrderId(int(house.delivery.parcels.order[parcel])), house.delivery.made.get(parcel)
    funding = house.dealings.fundings.get(order)
    if made is None or made.is_replacement or funding is None or not funding.promised:
        return 0
    return max(0, _worth_with(house, order, made) - funding.taken)


def ask_capture(house: House, wanted: Unpacking, *, now: Instant) -> Decision:
    """Ask for a parcel's part of the money before it is handed over, where a card provider keeps it; give whose payments to see to."""
    order = own_parcel(house, wanted.parcel, wanted.seller)
    part, funding = due_for(house, wanted.parcel), house.dealings.fundings.get(order)
    if not part or funding is None or funding.provider != payments.Provider.CARD or funding.is_let_go:
        return Decision((), list)
    works = house.dealings.open.get(funding.payment, ())
    if any(work.order == order and work.what == payments.AskKind.CAPTURE for work in works):
        return Decision((), lambda: [funding.payment])
    theirs = payments.promised_in(funding, part)
    if not theirs:  # Too little to be anything in the currency of the card.
        facts: list[Section] = []
        funded.capture(house, facts, order, part, now=now)
        return Decision(facts, list)
    asked = payments.ask_provider(
        house.dealings, payment=funding.payment, what=payments.AskKind.CAPTURE, order=order, whole_minor=part,
        amount_minor=theirs, now=now,
    )  # fmt: skip
    return Decision(as_facts(asked), lambda: [funding.payment])


def _worth_with(house: House, order: OrderId, made: delivery.Contents) -> int:
    contents = dict(zip(made.lines, made.quantities, strict=True))
    return orders.sent_worth(house.orders, order) + orders.worth_of(house.orders, order, contents)


def send_parcel(house: House, sending: Sending, *, now: Instant) -> Decision:
    """Hand a packed parcel over: its units leave, its part of the money goes into escrow. Gives the parcel."""
    parcel, facts = sending.parcel, list[Section]()
    order = own_parcel(house, parcel, sending.seller)
    delivery.require_packed(house.delivery, parcel)
    made = house.delivery.made[parcel]
    contents = dict(zip(made.lines, made.quantities, strict=True))
    _require_paid(house, parcel, order)
    if parcel in house.labels.open:
        raise delivery.LabelUnderWay
    if not sending.carrier and not house.delivery.carriers[parcel]:
        raise Invalid("Name the carrier.", field="carrier")
    if not made.is_replacement:
        _take_part(house, order, orders.worth_of(house.orders, order, contents), facts, now=now)
    move_units(house, order, contents, (Kind.COMMITTED, Kind.SHIPPED), facts, now=now, reason=ledger.Reason.SHIPPED)
    promised_at = sending.promised_at or _promised(house, order)
    known = house.delivery
    sent = delivery.send_parcel(
        known, parcel, carrier=sending.carrier or known.carriers[parcel],
        tracking=sending.tracking or known.trackings[parcel], promised_at=promised_at, now=Instant(sending.at or now),
    )  # fmt: skip
    gone = orders.fulfill_lines(order=order, contents=contents, is_replacement=made.is_replacement, now=now)
    facts += fold(house, as_facts(sent, gone))
    units = orders.units_of(house.orders, order)
    if not house.orders.orders.fulfilled_at[order] and all(one.fulfilled == one.current for one in units):
        facts += fold(house, [orders.fulfill(orders=integers(order), at=integers(now))])
    return Decision(facts, lambda: parcel)


def _require_paid(house: House, parcel: ParcelId, order: OrderId) -> None:
    money = house.payments.money
    if house.delivery.made[parcel].is_replacement:
        return
    if money.disputing[order] or money.lost[order]:
        raise payments.DisputeUnderWay
    if due_for(house, parcel):
        raise payments.PaymentNotCaptured


def _take_part(house: House, order: OrderId, part: int, facts: list[Section], *, now: Instant) -> None:
    """Take a part of an order's money out of the wallet into escrow; a provider's is there already."""
    funding, money = house.dealings.fundings.get(order), house.payments.money
    if not part or (funding is not None and funding.promised):
        return
    if funding is not None:
        funded.capture(house, facts, order, part, now=now)
        return
    unit = int(money.unit[order])
    postings = (
        Posting(Kind.WALLET, int(money.buyer[order]), unit, part, int(money.hold[order])),
        Posting(Kind.ESCROW, order, unit, part),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.CAPTURED, reference=order, now=now)
    facts += fold(house, as_facts(payments.capture_part(house.payments, order=order, amount_minor=part, now=now)))


def _promised(house: House, order: OrderId) -> int:
    row = house.promises.of_order.get(order, 0)
    return int(house.promises.made.promised_at[row])


def move_units(  # What moves, from where to where, and why.
    house: House, order: OrderId, contents: Mapping[int, int], between: tuple[Kind, Kind], facts: list[Section], *,
    now: Instant, reason: ledger.Reason,
) -> None:  # fmt: skip
    """Move units of an order's lines from one kind of account to another. Refuses units that are not there.

    What comes back from outside is on the shelf where its seller takes returns.
    """
    first, lines, book = int(house.orders.orders.first_line[order]), house.orders.lines, house.ledger
    legs, one = ledger.Legs(), integers(0)
    for line, quantity in contents.items():
        place, sku = int(lines.location[first + line]), integers(lines.sku[first + line])
        target = partners.returns_to(house.partners, LocationId(place)) if between[0] == Kind.SHIPPED else place
        facts += places.open_shelf(house, target, sku, now=now)
        for kind, owner, change in zip(between, (place, target), (-quantity, quantity), strict=True):
            accounts = book.find(kind, integers(owner), sku)
            legs.post(one, accounts=accounts, amounts=integers(change))
    outcomes = ledger.record(book, legs, reason=reason, references=integers(order), at=integers(now))
    if not outcomes.recorded.all():
        raise ledger.refusal(book, code=int(outcomes.codes[0]), account=int(outcomes.culprits[0]))
    facts += outcomes.facts


def call_off(house: House, rest: Rest, *, now: Instant) -> Decision:
    """Call off what has not left of an order of which a part has; give the order. Its money is free again, or goes back."""
    own_order(house, rest.order, rest.seller)
    if not orders.has_sent(house.orders, rest.order):
        raise orders.OrderNotOpen("Nothing of this order has left: call all of it off.")
    if house.orders.orders.fulfilled_at[rest.order]:
        raise orders.AlreadyFulfilled
    funding = house.dealings.fundings.get(rest.order)
    works = house.dealings.open.get(funding.payment, ()) if funding is not None else ()
    if any(work.order == rest.order and work.what == payments.AskKind.CAPTURE for work in works):
        raise payments.PaymentUnderWay("The buyer's money is being taken in just now. Try again in a moment.")
    facts: list[Section] = []
    call_off_rest(house, rest.order, facts, by=rest.seller, now=now)
    return Decision(facts, lambda: rest.order)


def call_off_rest(house: House, order: OrderId, facts: list[Section], *, by: int, now: Instant) -> None:
    """Call off what has not left of an order: units are on the shelf again, its money is free or on its way back."""
    unpack_all(house, order, facts, now=now)
    units = orders.units_of(house.orders, order)
    rest = {line: one.current - one.fulfilled for line, one in enumerate(units) if one.current > one.fulfilled}
    assert rest, order
    move_units(house, order, rest, (Kind.COMMITTED, Kind.AVAILABLE), facts, now=now, reason=ledger.Reason.CANCELED)
    _let_go(house, order, facts, now=now)
    canceled = orders.cancel_lines(house.orders, order=order, contents=rest, by=by, now=now)
    facts += fold(house, as_facts(canceled))
    for line in rest:
        facts += taxing.give_back(house, order, line, fee_tax=0, now=now)
    facts += fold(house, [orders.fulfill(orders=integers(order), at=integers(now))])
    close_if_over(house, order, facts, now=now)


def unpack_all(house: House, order: OrderId, facts: list[Section], *, now: Instant) -> None:
    """Unpack what is packed of an order for the first time and has not left."""
    for parcel in delivery.parcels_of(house.delivery, order):
        if parcel.is_packed and not parcel.is_replacement:
            facts += fold(house, as_facts(delivery.unmake_parcel(house.delivery, parcel.parcel, now=now)))


def _let_go(house: House, order: OrderId, facts: list[Section], *, now: Instant) -> None:
    """Let go what is still held for an order, and give back what was taken in for units that have not left."""
    money, book, funding = house.payments.money, house.ledger, house.dealings.fundings.get(order)
    unit = int(money.unit[order])
    left = int(money.authorized[order] - money.captured[order] - money.voided[order])
    over = int(money.captured[order]) - orders.sent_worth(house.orders, order)
    escrow, _ = ledger.balance(book, Kind.ESCROW, owner=order, unit=unit)
    if left:
        legs, discount = ledger.Legs(), funded.discount_left(funding) if funding is not None else 0
        wallet = book.find(Kind.WALLET, integers(money.buyer[order]), integers(unit))
        legs.void(integers(0), accounts=wallet, amounts=integers(left), holds=integers(money.hold[order]))
        if funding is not None:
            funded.add_let_go(house, legs, 0, order, facts=facts, now=now)
        outcomes = ledger.record(
            book, legs, reason=ledger.Reason.CANCELED, references=integers(order), at=integers(now)
        )
        assert outcomes.recorded.all(), "What is held can be let go."
        facts += outcomes.facts
        facts += fold(house, [payments.void(house.payments, orders=integers(order), at=integers(now))])
        facts += exchanging.give_back(house, order, left - discount, now=now)
        if funding is not None:
            facts += funded.after_let_go(house, order, discount, now=now)
    if min(over, escrow) > 0:
        _give_over(house, order, min(over, escrow), facts, now=now)


def _give_over(house: House, order: OrderId, over: int, facts: list[Section], *, now: Instant) -> None:
    money = house.payments.money
    back = funded.shared(house, order, over, now=now)
    postings = [Posting(Kind.ESCROW, order, int(money.unit[order]), -over), *funded.back_postings(house, order, back)]
    funded.post(house, facts, postings, reason=ledger.Reason.RETURNED, reference=order, now=now)
    refunded = PaymentRefunded(
        at=now, payment=PaymentId(int(money.payment[order])), order=order, amount_minor=over, from_escrow_minor=over,
        from_seller_minor=0, fee_minor=0, fee_tax_minor=0,
    )  # fmt: skip
    facts += fold(house, as_facts(refunded))
    facts += fold(house, funded.after_refund(house, order, back, now=now))
    facts += exchanging.give_back(house, order, back.wallet, now=now)


_OVER = frozenset({ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.LOST, ParcelStatus.CANCELED})


def close_if_over(house: House, order: OrderId, facts: list[Section], *, now: Instant) -> None:
    """Have an order settled once nothing of it is to come: all of it has left, no parcel is on its way, nothing is claimed."""
    table, money = house.orders.orders, house.payments.money
    if not table.fulfilled_at[order] or table.completed_at[order] or money.due_at[order]:
        return
    if house.claims.open_of.get(order) or any(one.replacing for one in orders.units_of(house.orders, order)):
        return
    found = delivery.parcels_of(house.delivery, order)
    # What has arrived once has arrived, though its carrier says later that it goes back.
    if any(parcel.status not in _OVER and not parcel.delivered_at for parcel in found):
        return
    arrived = [parcel.delivered_at for parcel in found if parcel.delivered_at]
    new = []
    if arrived and not table.received_at[order]:
        new.append(orders.receive(orders=integers(order), at=integers(max(arrived))))
    due_at = max(now, max(arrived) + house.markets.policy.return_window) if arrived else now
    new.append(payments.schedule(orders=integers(order), due_at=integers(due_at), at=integers(now)))
    facts += fold(house, new)


def send_anew(  # What goes out anew, and why.
    house: House, order: OrderId, contents: Mapping[int, int], facts: list[Section], *, now: Instant,
    claim: ClaimId = ClaimId(0),  # noqa: B008  # A number.
) -> ParcelId:  # fmt: skip
    """Pack units that go out anew for such of an order, at no further price. Refuses them where none are on the shelf."""
    move_units(house, order, contents, (Kind.AVAILABLE, Kind.COMMITTED), facts, now=now, reason=ledger.Reason.REPLACED)
    seller = SellerId(int(house.orders.orders.seller[order]))
    made = delivery.make_parcel(
        house.delivery, order=order, seller=seller, contents=contents, is_replacement=True, claim=claim, now=now
    )
    facts += fold(house, as_facts(orders.replace_lines(order=order, contents=contents, now=now), made))
    return made.parcel


def drop_anew(house: House, parcel: ParcelId, facts: list[Section], *, now: Instant) -> None:
    """Unpack units that were to go out anew, and put them on the shelf again."""
    order, made = OrderId(int(house.delivery.parcels.order[parcel])), house.delivery.made[parcel]
    contents = dict(zip(made.lines, made.quantities, strict=True))
    facts += fold(house, as_facts(delivery.unmake_parcel(house.delivery, parcel, now=now)))
    move_units(house, order, contents, (Kind.COMMITTED, Kind.AVAILABLE), facts, now=now, reason=ledger.Reason.CANCELED)
    dropped = {line: -quantity for line, quantity in contents.items()}
    facts += fold(house, as_facts(orders.replace_lines(order=order, contents=dropped, now=now)))
