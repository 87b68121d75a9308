"""Tests carts, checkout sessions, orders and returns by themselves."""

from typing import Any

import msgspec
import numpy as np
import pytest

from caravan.events import orders as events
from caravan.kernel.clock import MINUTE, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId, CartId, ListingId, LocationId, OrderId, SellerId, SessionId, SkuId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade import orders
from caravan.trade.orders import LINES_PER_CART_MAX, UNITS_PER_LINE_MAX, Line, Orders, SessionStatus
from tests.folding import fold, reloaded, same

NOW = Instant(1_000)
LINE = Line(ListingId(1), SkuId(1), LocationId(1), SellerId(1), 2, 50, 5)


def open_cart(book: Orders, buyer: int = 1) -> CartId:
    opened = orders.open_cart(book, buyer=BuyerId(buyer), now=NOW)
    fold(book, opened)
    return opened.cart


def put(book: Orders, cart: int, listing: int, quantity: int) -> Orders:
    return fold(
        book,
        orders.set_cart_line(book, cart=CartId(cart), listing=ListingId(listing), quantity=quantity, now=NOW),
    )


def open_session(book: Orders, *lines: Line, cart: int = 0) -> SessionId:
    session = SessionId(len(book.sessions))
    fold(
        book,
        orders.open_session(
            book, session=session, buyer=BuyerId(1), cart=CartId(cart), address=AddressId(0), currency="EUR",
            lines=lines, now=NOW,
        ),
    )  # fmt: skip
    return session


def reserve(book: Orders, session: int, until: int = 5_000) -> Orders:
    return fold(book, orders.reserve_session(session=SessionId(session), holds=[1], expires_at=until, now=NOW))


def close(book: Orders, session: int, *, has_expired: bool = False) -> Orders:
    return fold(book, orders.close_session(book.sessions[session], has_expired=has_expired, now=NOW))


def place(book: Orders, *quantities: int, fee: int = 0, tax: int = 0, session: int = 0, mark: int = 0) -> OrderId:
    """Place one purchase of one order with a line of each quantity at 100 a unit; `fee` is of each line."""
    one, count = np.ones(1, np.int64), len(quantities)
    many, nothing = np.ones(count, np.int64), np.zeros(count, np.int64)
    columns = orders.Purchases(
        at=one * NOW, buyer=one, session=one * session, address=one, unit=one * 978, total=one * 100 * sum(quantities),
        mark_high=one * mark, mark_low=one * mark, entry=one, first_hold=one, order_offsets=np.array([0, 1]),
        line_offsets=np.array([0, count]), sellers=one, totals=one * 100 * sum(quantities), fee_taxes=one * tax,
        line_counts=one * count, listings=many, skus=many, locations=many, quantities=np.array(quantities),
        unit_prices=many * 100, shipping=nothing, fees=many * fee, holds=nothing, rules=1,
    )  # fmt: skip
    number = len(book.orders)
    facts, _ = orders.place(book, columns)
    fold(book, *[part for part in facts if not part.is_applied])
    return OrderId(number)


def stamp(book: Orders, kind: object, order: int) -> None:
    numbers, at = np.array([order]), np.array([NOW])
    fold(book, kind(orders=numbers, at=at))  # type: ignore[operator]


def back(book: Orders, order: int, line: int = 0, quantity: int = 1, refund: int = 100) -> events.LineReturned:
    returned = orders.return_line(
        book, order=OrderId(order), line=line, quantity=quantity, refund_minor=refund, now=NOW
    )
    fold(book, returned)
    return returned


def test_a_line_of_a_cart_is_set_changed_and_taken_out() -> None:
    book = Orders()
    cart = open_cart(book)

    put(book, cart, 7, 1)
    put(book, cart, 8, UNITS_PER_LINE_MAX)
    put(book, cart, 7, 3)
    put(book, cart, 8, 0)
    put(book, cart, 9, 0)

    assert orders.cart_of(book, cart).lines == {7: 3}


@pytest.mark.parametrize("quantity", [-1, UNITS_PER_LINE_MAX + 1])
def test_a_line_below_zero_or_too_large_is_refused(quantity: int) -> None:
    book = Orders()

    with pytest.raises(orders.CartTooLarge):
        put(book, open_cart(book), 7, quantity)


def test_a_full_cart_takes_no_further_line_but_more_of_one_it_has() -> None:
    book = Orders()
    cart = open_cart(book)
    for listing in range(1, LINES_PER_CART_MAX + 1):
        put(book, cart, listing, 1)

    with pytest.raises(orders.CartTooLarge):
        put(book, cart, LINES_PER_CART_MAX + 1, 1)
    put(book, cart, 1, 5)

    assert len(book.carts[cart].lines) == LINES_PER_CART_MAX


@pytest.mark.parametrize("cart", [0, -1, 2])
def test_an_unknown_cart_is_not_found(cart: int) -> None:
    book = Orders()
    open_cart(book)

    with pytest.raises(NotFound):
        put(book, cart, 1, 1)
    with pytest.raises(NotFound):
        orders.cart_of(book, CartId(cart))
    with pytest.raises(NotFound):
        orders.claim_cart(book, cart=CartId(cart), buyer=BuyerId(1), now=NOW)


def test_a_guests_cart_can_be_claimed_and_somebody_elses_cannot() -> None:
    book = Orders()
    guests, somebodys = open_cart(book, 0), open_cart(book, 2)

    fold(book, orders.claim_cart(book, cart=guests, buyer=BuyerId(1), now=NOW))
    fold(book, orders.claim_cart(book, cart=guests, buyer=BuyerId(1), now=NOW))

    assert book.carts[guests].buyer == 1
    with pytest.raises(NotFound):
        orders.claim_cart(book, cart=somebodys, buyer=BuyerId(1), now=NOW)


def test_a_session_comes_to_the_sum_of_its_lines_with_shipping() -> None:
    book = Orders()

    session = open_session(book, LINE, msgspec.structs.replace(LINE, listing=ListingId(2), quantity=1))

    assert orders.session_of(book, session).total_minor == 105 + 55


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([], orders.EmptyCart),
        ([msgspec.structs.replace(LINE, quantity=0)], Invalid),
        (
            [msgspec.structs.replace(LINE, listing=ListingId(number)) for number in range(LINES_PER_CART_MAX + 1)],
            orders.CartTooLarge,
        ),
        ([msgspec.structs.replace(LINE, quantity=1, unit_price_minor=AMOUNT_MAX)], orders.CartTooLarge),
    ],
)
def test_a_session_of_nothing_or_of_too_much_is_refused(lines: list[Line], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        open_session(Orders(), *lines)


@pytest.mark.parametrize("session", [0, -1, 2])
def test_an_unknown_session_is_not_found(session: int) -> None:
    book = Orders()
    open_session(book, LINE)

    with pytest.raises(NotFound):
        orders.session_of(book, SessionId(session))


def standing(book: Orders, status: SessionStatus) -> SessionId:
    session = open_session(book, LINE)
    if status in {SessionStatus.READY, SessionStatus.EXPIRED, SessionStatus.IN_PROGRESS}:
        reserve(book, session)
    if status == SessionStatus.IN_PROGRESS:
        fold(book, orders.pay_session(book.sessions[session], holds=[1], expires_at=NOW + 1, now=NOW))
    if status in {SessionStatus.CANCELED, SessionStatus.EXPIRED}:
        close(book, session, has_expired=status == SessionStatus.EXPIRED)
    if status == SessionStatus.COMPLETED:
        place(book, 1, session=session)
    return session


@pytest.mark.parametrize("status", SessionStatus)
def test_a_session_can_be_given_up_or_addressed_until_it_is_over(status: SessionStatus) -> None:
    book = Orders()
    session = standing(book, status)
    assert book.sessions[session].status == status

    if status in {SessionStatus.NOT_READY, SessionStatus.READY}:
        fold(book, orders.address_session(book.sessions[session], address=AddressId(4), now=NOW))
        close(book, session)
        assert book.sessions[session].address == 4
        assert book.sessions[session].status == SessionStatus.CANCELED
        return
    with pytest.raises(orders.SessionNotReady):
        close(book, session)
    with pytest.raises(orders.SessionNotReady):
        orders.address_session(book.sessions[session], address=AddressId(4), now=NOW)


@pytest.mark.parametrize("status", [status for status in SessionStatus if status != SessionStatus.READY])
def test_a_session_that_holds_nothing_is_not_extended(status: SessionStatus) -> None:
    book = Orders()
    session = book.sessions[standing(book, status)]

    with pytest.raises(orders.SessionNotReady):
        orders.extended_until(session, lasts=10, lasts_max=30, now=NOW)


@pytest.mark.parametrize(
    ("now", "until"),
    [(0, None), (MINUTE, 11 * MINUTE), (9 * MINUTE, 19 * MINUTE)],
)
def test_an_extension_is_never_shorter_than_what_there_is(now: int, until: int | None) -> None:
    book = Orders()
    session = open_session(book, LINE)
    fold(book, orders.reserve_session(session=session, holds=[1], expires_at=10 * MINUTE, now=Instant(0)))

    answer = orders.extended_until(book.sessions[session], lasts=10 * MINUTE, lasts_max=30 * MINUTE, now=Instant(now))

    assert answer == until


def test_sessions_are_due_at_their_time_and_the_longest_due_comes_first() -> None:
    book = Orders()
    for until in (300, 100, 200):
        reserve(book, open_session(book, LINE), until)

    assert [session.session for session in orders.due_sessions(book, now=99)] == []
    assert [session.session for session in orders.due_sessions(book, now=100)] == [2]
    assert [session.session for session in orders.due_sessions(book, now=300)] == [2, 3, 1]


def test_a_session_that_was_extended_or_is_over_is_not_due_at_its_old_time() -> None:
    book = Orders()
    for until in (100, 200, 100):
        reserve(book, open_session(book, LINE), until)
    fold(book, orders.extend_session(session=SessionId(1), holds=[2], expires_at=500, now=NOW))
    close(book, 2)
    fold(book, orders.extend_session(session=SessionId(3), holds=[3], expires_at=100, now=NOW))

    assert [session.session for session in orders.due_sessions(book, now=400)] == [3]
    assert [session.session for session in orders.due_sessions(reloaded(book), now=400)] == [3]


def test_no_more_than_five_hundred_sessions_are_due_at_once() -> None:
    book = Orders()
    for _ in range(501):
        reserve(book, open_session(book, LINE), 100)

    assert len(orders.due_sessions(book, now=100)) == 500


def test_orders_of_one_purchase_must_sum_to_its_total() -> None:
    book, one, offsets = Orders(), np.ones(1, np.int64), np.array([0, 1])
    columns: dict[str, Any] = dict.fromkeys(orders.Purchases._fields, one) | {
        "order_offsets": offsets,
        "line_offsets": offsets,
        "rules": 1,
    }

    with pytest.raises(AssertionError, match="sum of its orders"):
        orders.place(book, orders.Purchases(**columns | {"totals": one * 2}))


def test_a_purchase_is_found_by_its_mark() -> None:
    book = Orders()
    place(book, 1)
    place(book, 1, mark=77)

    found = orders.purchase_of_mark(book, (np.array([77, 78, 0]), np.array([77, 77, 0])))

    assert found.tolist() == [2, 0, 0]


def test_a_key_is_forgotten_after_two_days_by_logged_time_and_a_mark_never() -> None:
    book = Orders()
    place(book, 1, mark=76)
    place(book, 1, mark=77)
    later = book.purchases.placed_at
    place(book, 1, mark=78)
    later[1] = later[2] = NOW - orders.KEYS_KEPT_FOR - 1

    place(book, 1, mark=80)

    found = orders.purchase_of_mark(book, (np.array([76, 77, 78, 80]), np.array([76, 77, 78, 80])))
    assert found.tolist() == [0, 2, 3, 4]
    assert same(reloaded(book), book)


def test_the_state_of_an_order_is_told_from_its_facts() -> None:
    book = Orders()
    order, other = place(book, 1), place(book, 2, 3)
    seen = [orders.order_state(book, order)]
    for kind in (orders.fulfill, orders.receive, orders.complete):
        stamp(book, kind, order)
        seen.append(orders.order_state(book, order))
    fold(book, orders.cancel(orders=np.array([other]), by=np.array([0]), at=np.array([NOW])))

    assert seen == [
        ("placed", "unfulfilled"), ("placed", "fulfilled"), ("placed", "delivered"), ("completed", "delivered"),
    ]  # fmt: skip
    assert orders.order_state(book, other) == ("canceled", "unfulfilled")
    assert orders.lines_of(book, other) == range(2, 4)
    assert book.lines_of(np.array([2, 1])).values.tolist() == [2, 3, 1]


@pytest.mark.parametrize("order", [0, -1, 2])
def test_an_unknown_order_is_not_found(order: int) -> None:
    book = Orders()
    place(book, 1)

    with pytest.raises(NotFound):
        orders.order_state(book, OrderId(order))


def test_units_come_back_only_after_they_have_left() -> None:
    book = Orders()
    order = place(book, 2)

    with pytest.raises(orders.NothingToReturn) as refused:
        back(book, order)

    assert refused.value.details == {"left": 0}


@pytest.mark.parametrize("line", [-1, 2, 99])
def test_a_line_that_is_none_does_not_come_back(line: int) -> None:
    book = Orders()
    order = place(book, 2, 1)
    stamp(book, orders.fulfill, order)

    with pytest.raises(orders.NothingToReturn):
        back(book, order, line)


@pytest.mark.parametrize(("quantity", "refund"), [(0, 1), (3, 1), (-1, 1), (1, 0), (1, 201), (1, -5)])
def test_more_units_or_money_than_are_out_do_not_come_back(quantity: int, refund: int) -> None:
    book = Orders()
    order = place(book, 2)
    stamp(book, orders.fulfill, order)

    with pytest.raises(orders.NothingToReturn):
        back(book, order, quantity=quantity, refund=refund)


def test_fee_and_tax_come_back_in_proportion_and_the_rest_with_the_last_unit() -> None:
    book = Orders()
    order = place(book, 3, fee=10, tax=2)
    stamp(book, orders.fulfill, order)

    shares = [(one.fee_minor, one.fee_tax_minor) for one in (back(book, order), back(book, order), back(book, order))]

    assert shares == [(3, 0), (3, 1), (4, 1)]


def test_the_tax_of_several_lines_comes_back_whole() -> None:
    book = Orders()
    order = place(book, 1, 1, 1, fee=1, tax=2)
    stamp(book, orders.fulfill, order)

    taxes = [back(book, order, line).fee_tax_minor for line in (2, 0, 1)]

    assert taxes == [0, 1, 1]


def test_the_fee_comes_back_in_proportion_to_the_money() -> None:
    book = Orders()
    order = place(book, 1, fee=10, tax=5)
    stamp(book, orders.fulfill, order)

    returned = back(book, order, refund=40)

    assert (returned.fee_minor, returned.fee_tax_minor) == (4, 2)


def test_an_order_without_a_fee_gives_none_back() -> None:
    book = Orders()
    order = place(book, 1)
    stamp(book, orders.fulfill, order)

    returned = back(book, order)

    assert (returned.fee_minor, returned.fee_tax_minor) == (0, 0)


def full() -> Orders:
    book = Orders()
    put(book, open_cart(book), 7, 2)
    for status in SessionStatus:
        standing(book, status)
    stamp(book, orders.fulfill, 1)
    back(book, 1)
    place(book, 4, 5, mark=9)
    return book


def test_orders_can_be_written_down_and_read_back() -> None:
    book = full()

    copy = reloaded(book)

    assert same(copy, book)
    assert orders.purchase_of_mark(copy, (np.array([9]), np.array([9]))).tolist() == [2]
    assert same(reloaded(Orders()), Orders())


def test_a_sound_book_has_no_findings() -> None:
    assert not list(orders.findings(full()))
    assert not list(orders.findings(Orders()))


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "sentence"),
    [
        ("purchases", "total", 2, 1, "Purchase 2 is 1, its orders are 900."),
        ("orders", "total", 2, 1, "Order 2 is 1, its lines are 900."),
        ("lines", "returned", 2, 5, "Line 2 of order 2: 5 of 4 units returned."),
        ("lines", "returned", 2, -1, "Line 2 of order 2: -1 of 4 units returned."),
        ("orders", "canceled_at", 1, 5, "Order 1 is both canceled and fulfilled."),
    ],
)
def test_a_broken_book_is_found_out(table: str, column: str, row: int, value: int, sentence: str) -> None:
    book = full()

    getattr(getattr(book, table), column)[row] = value

    assert sentence in list(orders.findings(book))


def test_two_sessions_of_one_purchase_are_found_out() -> None:
    book = full()

    for session in book.sessions[1:3]:
        session.status, session.purchase = SessionStatus.COMPLETED, book.sessions[3].purchase

    assert "Two checkout sessions became one purchase." in list(orders.findings(book))
