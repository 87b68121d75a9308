"""Tests what payments remember of a buyer's money, when it is due to whom, and how a broken memory is found out."""

import numpy as np
import pytest
from msgspec.structs import fields

from caravan.events.orders import PurchasePlaced
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import OrderId, PayoutId, SellerId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade import payments
from caravan.trade.payments import Payments
from tests.folding import fold, reloaded, same

EUR = 978
NOW = Instant(1_000)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def authorize(book: Payments, *amounts: int) -> None:
    """Hold money for one purchase with an order of seller 1, 2, … for each amount."""
    first, count = len(book.money), len(amounts)
    lists = {name: (0,) * count for name, kind in PurchasePlaced.__annotations__.items() if "tuple" in str(kind)}
    columns = dict.fromkeys((field.name for field in fields(PurchasePlaced)), 0) | lists
    columns |= {
        "at": NOW, "purchase": len(book.payments), "buyer": 1, "unit": EUR, "total_minor": sum(amounts),
        "first_order": first, "first_hold": first, "sellers": tuple(range(1, count + 1)), "totals_minor": amounts,
    }  # fmt: skip
    fold(book, PurchasePlaced(**columns))  # type: ignore[arg-type]


def captured(*amounts: int) -> Payments:
    book = Payments()
    authorize(book, *amounts)
    numbers = np.arange(1, len(amounts) + 1)
    return fold(book, payments.capture(book, orders=numbers, at=np.full(len(amounts), NOW)))


def refund(book: Payments, order: int, amount: int, fee: int = 0, tax: int = 0) -> None:
    fact = payments.refund(book, order=OrderId(order), amount_minor=amount, fee_minor=fee, fee_tax_minor=tax, now=NOW)
    fold(book, fact)


def release(book: Payments, order: int, fee: int = 0, tax: int = 0) -> None:
    money = book.money
    amount = money.captured[order] - money.refunded_before[order]
    fact = payments.release(
        orders=ints(order), sellers=ints(money.seller[order]), units=ints(EUR), amounts=ints(amount), fees=ints(fee),
        fee_taxes=ints(tax), at=ints(NOW),
    )  # fmt: skip
    fold(book, fact)


def pay_out(book: Payments, seller: int, now: int = NOW) -> payments.Payments:
    fact = payments.pay_out(
        book, payout=PayoutId(book.payouts + 1), seller=SellerId(seller), unit=EUR, now=Instant(now)
    )
    return fold(book, fact)


def due(book: Payments, *, now: int = 10_000, every: int = 0, least: int = 1) -> list[tuple[int, int]]:
    return payments.due_payouts(book, now=now, every=every, amount_minor_min=least)


@pytest.mark.parametrize(("amount", "refusal"), [(0, Invalid), (-1, Invalid), (AMOUNT_MAX + 1, payments.TopUpTooLarge)])
def test_a_top_up_is_above_zero_and_not_too_large(amount: int, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        payments.top_up(
            at=ints(1, 1), buyers=ints(1, 2), units=ints(EUR, EUR), amounts=ints(5, amount), methods=["card"] * 2,
            references=[""] * 2,
        )  # fmt: skip


def test_a_top_up_is_only_told_because_the_ledger_keeps_wallets() -> None:
    fact = payments.top_up(
        at=ints(1), buyers=ints(1), units=ints(EUR), amounts=ints(AMOUNT_MAX), methods=["card"], references=["r"]
    )

    assert same(fold(Payments(), fact), Payments())


def test_the_state_of_an_orders_money_is_told_from_its_facts() -> None:
    book = Payments()
    authorize(book, 100, 50)
    seen = [payments.money_state(book, OrderId(1))]
    fold(book, payments.capture(book, orders=ints(1), at=ints(NOW)))
    seen.append(payments.money_state(book, OrderId(1)))
    for amount in (40, 60):
        refund(book, 1, amount)
        seen.append(payments.money_state(book, OrderId(1)))
    fold(book, payments.void(book, orders=ints(2), at=ints(NOW)))

    assert seen == ["authorized", "captured", "partly_refunded", "refunded"]
    assert payments.money_state(book, OrderId(2)) == "voided"


def test_captured_money_is_due_to_be_released_at_its_time() -> None:
    book = captured(100, 50)
    authorize(book, 70)
    fold(book, payments.schedule(orders=ints(1, 3), due_at=ints(200, 200), at=ints(1, 1)))

    assert payments.due_releases(book, now=199).tolist() == []
    assert payments.due_releases(book, now=200).tolist() == [1]
    release(book, 1)
    assert payments.due_releases(book, now=200).tolist() == []


def test_a_refund_before_release_comes_from_escrow_and_after_it_from_the_seller() -> None:
    book = captured(100)
    before = payments.refund(book, order=OrderId(1), amount_minor=40, fee_minor=4, fee_tax_minor=1, now=NOW)
    release(book, 1)
    after = payments.refund(book, order=OrderId(1), amount_minor=40, fee_minor=4, fee_tax_minor=1, now=NOW)

    assert (before.from_escrow_minor, before.from_seller_minor) == (40, 0)
    assert (after.from_escrow_minor, after.from_seller_minor) == (0, 35)


def test_sellers_are_due_what_was_released_less_fee_tax_and_later_refunds() -> None:
    book = captured(100, 50)
    release(book, 1, fee=10, tax=2)
    release(book, 2)
    refund(book, 1, 40, fee=4, tax=1)

    first = book.due[1, EUR]
    assert (first.orders, first.amounts_minor, first.deducted_minor) == ([1], [88], 35)
    assert due(book) == [(1, EUR), (2, EUR)]
    assert due(book, least=53) == [(1, EUR)]
    assert due(book, least=54) == []


def test_a_payout_itemizes_what_is_due_and_nothing_is_due_after_it() -> None:
    book = captured(100)
    release(book, 1, fee=10, tax=2)
    refund(book, 1, 40, fee=4, tax=1)
    sent = payments.pay_out(book, payout=PayoutId(1), seller=SellerId(1), unit=EUR, now=NOW)

    fold(book, sent)

    assert (sent.amount_minor, sent.deducted_minor, sent.orders, sent.amounts_minor) == (53, 35, (1,), (88,))
    assert due(book) == []
    assert book.money.payout[1] == 1


def test_payouts_keep_their_distance() -> None:
    book = captured(100)
    authorize(book, 30)
    fold(book, payments.capture(book, orders=ints(2), at=ints(NOW)))
    assert payments.next_payout(book, seller=1, unit=EUR, every=500) is None
    release(book, 1)
    pay_out(book, 1, now=1_000)
    assert payments.next_payout(book, seller=1, unit=EUR, every=500) is None

    release(book, 2)

    assert payments.next_payout(book, seller=1, unit=EUR, every=500) == 1_500
    assert due(book, now=1_499, every=500) == []
    assert due(book, now=1_500, every=500) == [(1, EUR)]


def test_a_payout_that_does_not_itemize_what_is_due_cannot_be_folded_in() -> None:
    book = captured(100)
    release(book, 1)
    sent = payments.pay_out(book, payout=PayoutId(1), seller=SellerId(1), unit=EUR, now=NOW)
    fold(book, sent)

    with pytest.raises(AssertionError, match="itemizes all"):
        fold(book, sent)


def full() -> Payments:
    book = captured(100, 50, 20)
    authorize(book, 7)
    refund(book, 1, 40)
    release(book, 1, fee=6)
    release(book, 2)
    pay_out(book, 1)
    return book


def test_payments_can_be_written_down_and_read_back() -> None:
    book = full()

    copy = reloaded(book)

    assert same(copy, book)
    assert due(copy) == due(book) == [(2, EUR)]
    assert same(reloaded(Payments()), Payments())


def test_a_sound_book_has_no_findings() -> None:
    assert not list(payments.findings(full()))
    assert not list(payments.findings(Payments()))


@pytest.mark.parametrize(
    ("column", "order", "value", "sentence"),
    [
        ("captured", 3, 21, "Order 3: captured and voided more than was authorized."),
        ("voided", 3, 1, "Order 3: captured and voided more than was authorized."),
        ("refunded", 3, 21, "Order 3: refunded more than was captured."),
        ("released", 1, 61, "Order 1: released 61 of 100."),
        ("payout", 2, 1, "Seller 2 is due an order twice (unit 978)."),
    ],
)
def test_a_broken_book_is_found_out(column: str, order: int, value: int, sentence: str) -> None:
    book = full()

    getattr(book.money, column)[order] = value

    assert sentence in list(payments.findings(book))


def test_an_order_that_is_due_twice_is_found_out() -> None:
    book = full()

    book.due[2, EUR].orders.append(2)

    assert list(payments.findings(book)) == ["Seller 2 is due an order twice (unit 978)."]
