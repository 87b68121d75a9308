"""What you can tell orders: fill carts, go through checkout, place, cancel, fulfill, receive, return, complete."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from caravan.cell import Ragged, Section, section
from caravan.events import orders as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import AddressId, BuyerId, CartId, HoldId, ListingId, OrderId, SessionId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade.orders.model import Line, Orders, Session, SessionStatus

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
    if len(lines) > LINES_PER_CART_MAX or total > AMOUNT_MAX:
        raise CartTooLarge(f"A checkout has at most {LINES_PER_CART_MAX} lines, and a total that can be paid.")
    return events.SessionOpened(
        at=now,
        session=session,
        buyer=buyer,
        cart=cart,
        address=address,
        currency=currency,
        total_minor=total,
        listings=tuple(line.listing for line in lines),
        skus=tuple(line.sku for line in lines),
        locations=tuple(line.location for line in lines),
        sellers=tuple(line.seller for line in lines),
        quantities=tuple(line.quantity for line in lines),
        unit_prices_minor=tuple(line.unit_price_minor for line in lines),
        shipping_minor=tuple(line.shipping_minor for line in lines),
    )


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


def close_session(
    session: Session, *, has_expired: bool, now: Instant
) -> events.SessionCanceled | events.SessionExpired:
    """End a checkout that became no purchase."""
    if session.status not in (SessionStatus.NOT_READY, SessionStatus.READY):
        raise SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    if has_expired:
        return events.SessionExpired(at=now, session=session.session)
    return events.SessionCanceled(at=now, session=session.session)


def place(  # noqa: PLR0913
    orders: Orders,
    *,
    at: np.ndarray,
    buyer: np.ndarray,
    session: np.ndarray,
    address: np.ndarray,
    unit: np.ndarray,
    total: np.ndarray,
    marks: tuple[np.ndarray, np.ndarray],
    order_purchase: np.ndarray,
    order_columns: dict[str, np.ndarray],
    line_columns: dict[str, Ragged],
) -> tuple[list[Section], np.ndarray, np.ndarray]:
    """Place purchases that stock and money have been kept for: give the facts, purchase numbers, order numbers.

    Shapes: purchase columns int64 [n]; `order_purchase` [orders] says in which purchase (from 0) each order is, in
    rising order; `order_columns` are seller, total_minor, fee_minor and fee_tax_minor; `line_columns` those of a line.
    """
    purchases = np.arange(len(orders.purchases), len(orders.purchases) + len(buyer))
    numbers = np.arange(len(orders.orders), len(orders.orders) + len(order_purchase))
    sums = np.zeros(len(buyer), np.int64)
    np.add.at(sums, order_purchase, order_columns["total_minor"])
    assert (sums == total).all(), "A purchase's total is the sum of its orders' totals."
    columns: dict[str, Any] = order_columns | line_columns
    facts = [
        section(
            events.PurchasePlaced, at=at, purchase=purchases, buyer=buyer, session=session, address=address, unit=unit,
            total_minor=total, mark_high=marks[0], mark_low=marks[1],
        ),
        section(
            events.OrderPlaced, at=at[order_purchase], order=numbers, purchase=purchases[order_purchase],
            buyer=buyer[order_purchase], unit=unit[order_purchase], **columns,
        ),
    ]  # fmt: skip
    bought = session != 0
    if bought.any():
        facts.append(
            section(events.SessionCompleted, at=at[bought], session=session[bought], purchase=purchases[bought])
        )
    return facts, purchases, numbers


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
    orders: Orders, *, order: OrderId, line: int, quantity: int, refund_minor: int, now: Instant
) -> events.LineReturned:
    """Take units of a fulfilled order back. Refuses more units, or more money, than are still out there.

    The fee and its tax go back in proportion to the money; with the last of it goes whatever remains of them.
    """
    table, lines = orders.orders, orders.lines
    if not 0 <= line < table.lines[order]:
        raise NothingToReturn("This order has no such line.")
    row = int(table.first_line[order]) + line
    ordered, returned = int(lines.quantity[row]), int(lines.returned[row])
    if not table.fulfilled_at[order] or not 0 < quantity <= ordered - returned:
        raise NothingToReturn(f"{ordered - returned} units of this line can come back.", left=ordered - returned)
    paid = int(lines.unit_price[row]) * ordered + int(lines.shipping[row]) - int(lines.refunded[row])
    if not 0 < refund_minor <= paid:
        raise NothingToReturn(f"At most {paid} can be refunded on this line.", left_minor=paid)
    before, after = int(lines.refunded[row]), int(lines.refunded[row]) + refund_minor
    fee_back = _fee_on(orders, row, after) - _fee_on(orders, row, before)
    return events.LineReturned(
        at=now,
        order=order,
        line=line,
        quantity=quantity,
        refund_minor=refund_minor,
        fee_minor=fee_back,
        fee_tax_minor=min(_tax_share(orders, order, fee_back), refund_minor - fee_back),
    )


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
