"""What you can tell orders: fill carts, go through checkout, place, cancel, fulfill, receive, return, complete."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from caravan.cell import Ragged, Section, section
from caravan.events import orders as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import AddressId, BuyerId, CartId, HoldId, ListingId, OrderId, SessionId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade.orders.model import Line, Orders, Purchases, Session, SessionStatus
from caravan.trade.orders.queries import refundable, units_of

LINES_PER_CART_MAX = 100
UNITS_PER_LINE_MAX = 100_000


class CartTooLarge(Refusal):
    """A cart holds no more than so many lines and units."""


class BuyerLimitReached(Refusal):
    """One buyer cannot have more units of this SKU at once."""


class EmptyCart(Refusal):
    """There is nothing in this cart to check out."""


class SessionNotReady(Refusal):
    """This checkout is not at the point where that can be done."""


class TotalChanged(Refusal):
    """The total is not what the buyer agreed to."""


class OrderNotOpen(Refusal):
    """This order was canceled or is complete."""


class AlreadyFulfilled(Refusal):
    """This order has been handed over already."""


class NothingToReturn(Refusal):
    """No such units of this order are out there to come back."""


_OF_ORDERS = ("sellers", "totals", "fee_taxes", "line_counts")
_OF_LINES = ("listings", "skus", "locations", "quantities", "unit_prices", "shipping", "fees", "holds")


def open_cart(orders: Orders, *, buyer: BuyerId, now: Instant) -> events.CartOpened:
    """Take a cart."""
    return events.CartOpened(at=now, cart=CartId(len(orders.carts)), buyer=buyer)


def set_cart_line(
    orders: Orders, *, cart: CartId, listing: ListingId, quantity: int, now: Instant
) -> events.CartLineSet:
    """Let a cart hold so many units of a listing; 0 takes the line out."""
    if not 0 < cart < len(orders.carts):
        raise NotFound("There is no such cart.")
    if not 0 <= quantity <= UNITS_PER_LINE_MAX:
        raise CartTooLarge(f"A line holds at most {UNITS_PER_LINE_MAX} units.")
    lines = orders.carts[cart].lines
    if listing not in lines and len(lines) >= LINES_PER_CART_MAX:
        raise CartTooLarge(f"A cart holds at most {LINES_PER_CART_MAX} lines.")
    return events.CartLineSet(at=now, cart=cart, listing=listing, quantity=quantity)


def first_cart_line(*, cart: CartId, listing: ListingId, quantity: int, now: Instant) -> events.CartLineSet:
    """Put the first line into a cart that is being taken in the same decision."""
    return events.CartLineSet(at=now, cart=cart, listing=listing, quantity=quantity)


def claim_cart(orders: Orders, *, cart: CartId, buyer: BuyerId, now: Instant) -> events.CartClaimed:
    """Make a guest's cart a buyer's. Refuses a cart that is somebody's as not found."""
    if not 0 < cart < len(orders.carts) or orders.carts[cart].buyer not in (0, buyer):
        raise NotFound("There is no such cart.")
    return events.CartClaimed(at=now, cart=cart, buyer=buyer)


def open_session(  # noqa: PLR0913
    orders: Orders,
    *,
    session: SessionId,
    buyer: BuyerId,
    cart: CartId,
    address: AddressId,
    currency: str,
    lines: Sequence[Line],
    now: Instant,
) -> events.SessionOpened:
    """Begin a checkout with these lines at these prices."""
    assert session == len(orders.sessions)
    if not lines:
        raise EmptyCart
    if any(line.quantity <= 0 for line in lines):
        raise Invalid("A quantity is above zero.", field="quantity")
    total = sum(line.unit_price_minor * line.quantity + line.shipping_minor for line in lines)
    if len({line.listing for line in lines}) > LINES_PER_CART_MAX or total > AMOUNT_MAX:
        raise CartTooLarge(f"A checkout has at most {LINES_PER_CART_MAX} lines, and a total that can be paid.")
    return events.SessionOpened(
        at=now,
        session=session,
        buyer=buyer,
        cart=cart,
        address=address,
        currency=currency,
        total_minor=total,
        **_columns_of(lines),
    )


def _columns_of(lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "listings": tuple(line.listing for line in lines),
        "skus": tuple(line.sku for line in lines),
        "locations": tuple(line.location for line in lines),
        "sellers": tuple(line.seller for line in lines),
        "quantities": tuple(line.quantity for line in lines),
        "unit_prices_minor": tuple(line.unit_price_minor for line in lines),
        "shipping_minor": tuple(line.shipping_minor for line in lines),
    }


def reserve_session(
    *, session: SessionId, holds: Sequence[int], expires_at: int, now: Instant
) -> events.SessionReserved:
    """Note that a checkout's units are held."""
    return events.SessionReserved(
        at=now, session=session, holds=tuple(HoldId(hold) for hold in holds), expires_at=expires_at
    )


def extended_until(session: Session, *, lasts: int, lasts_max: int, now: Instant) -> int | None:
    """Say until when a buyer who is still at it may have the units held; None when that is no longer than now.

    Refuses a checkout that holds nothing as SessionNotReady.
    """
    if session.status != SessionStatus.READY or session.expires_at <= now:
        raise SessionNotReady("This checkout holds nothing any more.")
    expires_at = min(now + lasts, session.reserved_at + lasts_max)
    return expires_at if expires_at > session.expires_at else None


def extend_session(
    *, session: SessionId, holds: Sequence[int], expires_at: int, now: Instant
) -> events.SessionExtended:
    """Note that a checkout's units are held for longer."""
    return events.SessionExtended(
        at=now, session=session, holds=tuple(HoldId(hold) for hold in holds), expires_at=expires_at
    )


def address_session(session: Session, *, address: AddressId, now: Instant) -> events.SessionAddressed:
    """Say where a checkout's parcels go. Refuses a checkout that is over."""
    if session.status not in (SessionStatus.NOT_READY, SessionStatus.READY):
        raise SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    return events.SessionAddressed(at=now, session=session.session, address=address)


def allocate_session(session: Session, *, lines: Sequence[Line], now: Instant) -> events.SessionAllocated:
    """Let a checkout have these lines, each out of one location; what they come to is what they came to before."""
    total = sum(line.unit_price_minor * line.quantity + line.shipping_minor for line in lines)
    return events.SessionAllocated(at=now, session=session.session, total_minor=total, **_columns_of(lines))


def reprice_session(session: Session, *, lines: Sequence[Line], now: Instant) -> events.SessionRepriced:
    """Let a checkout cost what these lines say. Refuses one that is being paid or over, and a total that can't be paid."""
    if session.status not in (SessionStatus.NOT_READY, SessionStatus.READY):
        raise SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    total = sum(line.unit_price_minor * line.quantity + line.shipping_minor for line in lines)
    if total > AMOUNT_MAX:
        raise CartTooLarge("A checkout has a total that can be paid.")
    return events.SessionRepriced(
        at=now, session=session.session, total_minor=total,
        shipping_minor=tuple(line.shipping_minor for line in lines),
    )  # fmt: skip


def pay_session(session: Session, *, holds: Sequence[int], expires_at: int, now: Instant) -> events.SessionPaying:
    """Note that the buyer is paying, and until when the units are held for that. Refuses a checkout that is not ready."""
    if session.status != SessionStatus.READY:
        raise SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    return events.SessionPaying(
        at=now, session=session.session, holds=tuple(HoldId(hold) for hold in holds), expires_at=expires_at
    )


def reopen_session(session: Session, *, now: Instant) -> events.SessionReopened:
    """Note that a payment came to nothing and the buyer may pay in another way. Refuses one that is not being paid."""
    if session.status != SessionStatus.IN_PROGRESS:
        raise SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    return events.SessionReopened(at=now, session=session.session)


def close_session(
    session: Session, *, has_expired: bool, now: Instant
) -> events.SessionCanceled | events.SessionExpired:
    """End a checkout that became no purchase."""
    is_open = session.status in {SessionStatus.NOT_READY, SessionStatus.READY}
    if not is_open and not (has_expired and session.status == SessionStatus.IN_PROGRESS):
        raise SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    if has_expired:
        return events.SessionExpired(at=now, session=session.session)
    return events.SessionCanceled(at=now, session=session.session)


def place(orders: Orders, columns: Purchases) -> tuple[list[Section], np.ndarray]:
    """Place purchases that stock and money have been kept for: one or more. Give the facts and their numbers.

    Orders have folded the first fact in when this returns, from its columns.
    """
    count, orders_of = len(columns.at), np.diff(columns.order_offsets)
    sums = np.add.reduceat(columns.totals, columns.order_offsets[:-1])
    assert (sums == columns.total).all(), "A purchase's total is the sum of its orders' totals."
    purchases = np.arange(len(orders.purchases), len(orders.purchases) + count)
    spans, line_spans = columns.order_offsets.astype(np.int32), columns.line_offsets.astype(np.int32)
    placed = section(
        events.PurchasePlaced, at=columns.at, purchase=purchases, buyer=columns.buyer, session=columns.session,
        address=columns.address, unit=columns.unit, total_minor=columns.total, mark_high=columns.mark_high,
        mark_low=columns.mark_low, entry=columns.entry, first_hold=columns.first_hold,
        first_order=len(orders.orders) + np.cumsum(orders_of) - orders_of,
        rules=np.full(count, columns.rules, np.int16),
        sellers=Ragged(spans, columns.sellers), totals_minor=Ragged(spans, columns.totals),
        fee_taxes_minor=Ragged(spans, columns.fee_taxes), line_counts=Ragged(spans, columns.line_counts),
        listings=Ragged(line_spans, columns.listings), skus=Ragged(line_spans, columns.skus),
        locations=Ragged(line_spans, columns.locations), quantities=Ragged(line_spans, columns.quantities),
        unit_prices_minor=Ragged(line_spans, columns.unit_prices), shipping_minor=Ragged(line_spans, columns.shipping),
        fees_minor=Ragged(line_spans, columns.fees), holds=Ragged(line_spans, columns.holds),
    )  # fmt: skip
    orders.fold_purchases(columns)
    facts, bought = [placed._replace(is_applied=True)], columns.session != 0
    if bought.any():
        facts.append(
            section(
                events.SessionCompleted,
                at=columns.at[bought],
                session=columns.session[bought],
                purchase=purchases[bought],
            )
        )
    return facts, purchases


def chosen(columns: Purchases, passed: np.ndarray) -> Purchases:
    """Give these purchases alone, with their orders and lines; bool [n] says which."""
    if passed.all():
        return columns
    of_orders = np.repeat(passed, np.diff(columns.order_offsets))
    of_lines = np.repeat(passed, np.diff(columns.line_offsets))
    offsets = {
        "order_offsets": np.concatenate([[0], np.cumsum(np.diff(columns.order_offsets)[passed])]),
        "line_offsets": np.concatenate([[0], np.cumsum(np.diff(columns.line_offsets)[passed])]),
    }
    masks = dict.fromkeys(_OF_ORDERS, of_orders) | dict.fromkeys(_OF_LINES, of_lines)
    rest = [name for name in Purchases._fields if name not in offsets and name != "rules"]
    kept: dict[str, Any] = {name: getattr(columns, name)[masks.get(name, passed)] for name in rest}
    return Purchases(**offsets, **kept, rules=columns.rules)


def complete(*, orders: np.ndarray, at: np.ndarray) -> Section:
    """Note that nothing is open about these orders any more."""
    return section(events.OrderCompleted, at=at, order=orders)


def fulfill(*, orders: np.ndarray, at: np.ndarray) -> Section:
    """Note that all of these orders was handed to a carrier."""
    return section(events.OrderFulfilled, at=at, order=orders)


def receive(*, orders: np.ndarray, at: np.ndarray) -> Section:
    """Note that all of these orders has reached the buyer."""
    return section(events.OrderReceived, at=at, order=orders)


def cancel(*, orders: np.ndarray, by: np.ndarray, at: np.ndarray) -> Section:
    """Note that these orders were called off; `by` is the seller's number, or 0 for the buyer or the operator."""
    return section(events.OrderCanceled, at=at, order=orders, by=by)


def return_line(
    orders: Orders,
    *,
    order: OrderId,
    line: int,
    quantity: int,
    refund_minor: int,
    now: Instant,
    keeps_fee: bool = False,
) -> events.LineReturned:
    """Take units of a fulfilled order back. Refuses more units, or more money, than are still out there.

    The fee and its tax go back in proportion to the money; with the last of it goes whatever remains of them. Where
    the operator keeps the fee, nothing of it goes back.
    """
    if not 0 <= line < orders.orders.lines[order]:
        raise NothingToReturn("This order has no such line.")
    left = units_of(orders, order)[line].out
    if not 0 < quantity <= left:
        raise NothingToReturn(f"{left} units of this line can come back.", left=left)
    return refund_line(
        orders, order=order, line=line, refund_minor=refund_minor, now=now, keeps_fee=keeps_fee, quantity=quantity
    )


def exchange_line(orders: Orders, *, order: OrderId, line: int, quantity: int, now: Instant) -> events.LineReturned:
    """Take units back for which new ones go out: no money moves. Refuses more units than are still out there."""
    if not 0 <= line < orders.orders.lines[order]:
        raise NothingToReturn("This order has no such line.")
    left = units_of(orders, order)[line].out
    if not 0 < quantity <= left:
        raise NothingToReturn(f"{left} units of this line can come back.", left=left)
    return events.LineReturned(
        at=now, order=order, line=line, quantity=quantity, refund_minor=0, fee_minor=0, fee_tax_minor=0
    )


def refund_line(
    orders: Orders, *, order: OrderId, line: int, refund_minor: int, now: Instant, keeps_fee: bool = False,
    quantity: int = 0,
) -> events.LineReturned:  # fmt: skip
    """Pay a part of a line back; without a quantity nothing has to come back for it. Refuses more than was paid."""
    row = int(orders.orders.first_line[order]) + line
    paid = refundable(orders, order)[line]
    if not 0 < refund_minor <= paid:
        raise NothingToReturn(f"At most {paid} can be refunded on this line.", left_minor=paid)
    before = int(orders.lines.refunded[row])
    fee_back = 0 if keeps_fee else _fee_on(orders, row, before + refund_minor) - _fee_on(orders, row, before)
    return events.LineReturned(
        at=now,
        order=order,
        line=line,
        quantity=quantity,
        refund_minor=refund_minor,
        fee_minor=fee_back,
        fee_tax_minor=0 if keeps_fee else min(_tax_share(orders, order, fee_back), refund_minor - fee_back),
    )


def fulfill_lines(
    *, order: OrderId, contents: Mapping[int, int], is_replacement: bool, now: Instant
) -> events.LinesFulfilled:
    """Note that units of an order's lines were handed to a carrier, so many of each."""
    return events.LinesFulfilled(
        at=now, order=order, lines=tuple(contents), quantities=tuple(contents.values()), is_replacement=is_replacement
    )


def replace_lines(*, order: OrderId, contents: Mapping[int, int], now: Instant) -> events.LinesReplaced:
    """Note that units go out anew for such of an order, or below zero that they don't after all."""
    return events.LinesReplaced(at=now, order=order, lines=tuple(contents), quantities=tuple(contents.values()))


def cancel_lines(
    orders: Orders, *, order: OrderId, contents: Mapping[int, int], by: int, now: Instant
) -> events.LinesCanceled:
    """Note that units of an order's lines will not be sent; their part of the fee and of the tax on it falls away."""
    first, table = int(orders.orders.first_line[order]), orders.orders
    fee = sum(
        int(orders.lines.fee[first + line]) * quantity // int(orders.lines.quantity[first + line])
        for line, quantity in contents.items()
    )
    whole, tax = int(table.fee[order]), int(table.fee_tax[order])
    return events.LinesCanceled(
        at=now, order=order, lines=tuple(contents), quantities=tuple(contents.values()), fee_minor=fee,
        fee_tax_minor=tax * fee // whole if whole else 0, by=by,
    )  # fmt: skip


def _fee_on(orders: Orders, row: int, refunded: int) -> int:
    """Give the part of a line's fee that goes back with so much of its price; shipping bears no fee."""
    price = int(orders.lines.unit_price[row]) * int(orders.lines.quantity[row])
    return int(orders.lines.fee[row]) * min(refunded, price) // price


def _tax_share(orders: Orders, order: OrderId, fee_back: int) -> int:
    """Give the tax on a part of the fee, so that the parts of all lines together are the whole tax."""
    fee, tax = int(orders.orders.fee[order]), int(orders.orders.fee_tax[order])
    if not fee:
        return 0
    first = int(orders.orders.first_line[order])
    rows = range(first, first + int(orders.orders.lines[order]))
    before = sum(_fee_on(orders, row, int(orders.lines.refunded[row])) for row in rows)
    return tax * (before + fee_back) // fee - tax * before // fee


def refuse_lines(orders: Orders, *, order: OrderId, now: Instant) -> list[events.LineReturned]:
    """Note that a whole order was not taken at the door: all its units come back, and no money moves."""
    first = int(orders.orders.first_line[order])
    return [
        events.LineReturned(
            at=now, order=order, line=line, quantity=int(orders.lines.quantity[first + line]), refund_minor=0,
            fee_minor=0, fee_tax_minor=0,
        )
        for line in range(int(orders.orders.lines[order]))
    ]  # fmt: skip
