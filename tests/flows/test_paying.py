"""Checks paying through a provider: its life, its refusals, and that nothing happens twice, too early or not at all."""

from collections.abc import Iterator

import pytest

from caravan.flows import disputes, opening, paying, shopping
from caravan.kernel.clock import MINUTE
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import AskId, ListingId, OrderId, PaymentId, SellerId
from caravan.trade import ledger, orders, payments
from caravan.trade.ledger import Kind
from caravan.trade.orders import SessionStatus, order_state
from caravan.trade.payments import Answer, Answered, Provider, money_state
from caravan.world import markets
from tests.flows.till import Till


@pytest.fixture
def till() -> Iterator[Till]:
    """Lend a market that takes cards, and look at its invariants and its replay when the test is done with it."""
    till = Till()
    till.open()
    till.seller("Ana")
    till.buyer(money=0)
    yield till
    assert till.findings() == []
    assert till.replayed() == till.cell.digest()
    assert not till.failures
    till.close()


def test_a_card_is_kept_at_checkout_and_taken_in_at_hand_over(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))
    assert (till.standing(payment), till.intent(payment)["amount_received"]) == ("authorized", 0)

    till.ship(1)

    assert (till.standing(payment), till.intent(payment)["amount_received"]) == ("captured", 10_000)
    assert till.posted(Kind.PSP_CLEARING, int(Provider.CARD)) == -10_000
    assert till.posted(Kind.ESCROW, 1) == 10_000


def test_a_page_waits_for_the_buyer_and_the_purchase_is_placed_when_they_have_paid(till: Till) -> None:
    session = till.hold(1, (till.listing(1), 2))
    payment = till.begin(session, 1)
    assert till.standing(payment) == "created"
    till.cashier.see_to(payment)
    assert till.standing(payment) == "pending"
    assert till.house.orders.sessions[session].status == SessionStatus.IN_PROGRESS

    till.fill_in(payment)

    assert till.house.orders.sessions[session].status == SessionStatus.COMPLETED
    assert money_state(till.house.payments, OrderId(1)) == "authorized"


def test_a_declined_card_leaves_the_checkout_ready_for_another_way(till: Till) -> None:
    session = till.hold(1, (till.listing(1), 1))
    declined = till.begin(session, 1, method="pm_card_chargeDeclined")
    till.cashier.see_to(declined)
    assert till.standing(declined) == "declined"

    second = till.begin(session, 1, method="pm_card_visa")
    till.cashier.see_to(second)

    assert (till.standing(second), len(till.house.orders.purchases)) == ("authorized", 2)


def test_money_is_taken_in_order_by_order_and_what_is_called_off_is_let_go(till: Till) -> None:
    rui = till.seller("Rui")
    payment = till.pay(1, (till.listing(1), 1), (till.listing(rui, price=4_000), 1))

    till.ship(2)
    assert (till.standing(payment), till.intent(payment)["status"]) == ("partly_captured", "requires_capture")
    till.cancel(1)
    till.cashier.see_to(payment)

    assert (till.intent(payment)["amount_received"], till.intent(payment)["status"]) == (4_000, "canceled")
    assert till.standing(payment) == "captured"
    assert till.posted(Kind.AUTHORIZED, int(Provider.CARD)) == 0


def test_an_orders_money_is_taken_in_parcel_by_parcel(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))
    for part, received in ((3_000, 3_000), (99_999, 10_000)):
        till.do(paying.ask_captures, paying.Handing([1], SellerId(0), [part]))
        till.cashier.see_to(payment)
        assert (till.intent(payment)["amount_received"], till.posted(Kind.ESCROW, 1)) == (received, received)
        assert till.findings() == []
        assert (till.standing(payment) == "captured") == (received == 10_000)

    till.deliver(1)

    assert till.intent(payment)["status"] == "succeeded"


def test_an_order_of_which_a_part_was_taken_in_is_called_off_whole(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))
    till.do(paying.ask_captures, paying.Handing([1], SellerId(0), [3_000]))
    till.cashier.see_to(payment)
    assert money_state(till.house.payments, OrderId(1)) == "partly_captured"
    with pytest.raises(payments.PaymentNotCaptured):
        till.hand_over(1)

    till.cancel(1)
    till.cashier.see_to(payment)

    assert (till.intent(payment)["refunded"], till.intent(payment)["status"]) == (3_000, "canceled")
    assert till.money_of(buyer=1, order=1, seller=1) == {}


def test_an_order_called_off_before_anything_left_is_voided(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))

    till.cancel(1, buyer=1)
    till.cashier.see_to(payment)

    assert (till.standing(payment), till.intent(payment)["status"]) == ("voided", "canceled")
    assert till.units(1)["available"] == 10


def test_nothing_leaves_before_its_money_is_there(till: Till) -> None:
    till.pay(1, (till.listing(1), 1))

    with pytest.raises(payments.PaymentNotCaptured):
        till.hand_over(1)
    till.misbehave(fails=1.0)
    till.take_in(1)
    with pytest.raises(payments.PaymentNotCaptured):
        till.hand_over(1)

    till.misbehave()
    till.take_in(1)
    assert till.hand_over(1) == [1]


def test_of_many_orders_those_without_their_money_stay(till: Till) -> None:
    till.pay(1, (till.listing(1), 1))
    till.buy(till.buyer(), (ListingId(1), 1))

    parcels = till.hand_over(1, 2)

    assert parcels.tolist() == [0, 1]  # type: ignore[attr-defined]


def test_a_lost_answer_is_asked_for_again_and_done_once(till: Till) -> None:
    session = till.hold(1, (till.listing(1), 1))
    payment = till.begin(session, 1, method="pm_card_visa")
    till.misbehave(loses=1.0)
    till.cashier.see_to(payment)
    assert till.standing(payment) == "created"

    till.misbehave()
    till.cashier.see_to(payment)

    assert till.standing(payment) == "authorized"
    assert len([one for one in till.psp.objects.values() if one.get("object") == "payment_intent"]) == 1


def test_a_capture_whose_answer_was_lost_takes_the_money_once(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))
    till.misbehave(loses=1.0)
    till.take_in(1)
    till.misbehave()

    till.take_in(1)

    assert till.intent(payment)["amount_received"] == 10_000
    assert till.posted(Kind.ESCROW, 1) == 10_000


def test_what_is_said_twice_changes_nothing_twice(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))
    kept = Answer(Answered.AUTHORIZED, till.house.dealings.deals[payment].reference)

    till.do(paying.settle_payment, paying.Told(payment, kept))
    till.do(paying.settle_payment, paying.Told(payment, Answer(Answered.DECLINED, "", "late")))
    till.do(paying.settle_payment, paying.Told(payment, Answer(Answered.PENDING, "cs_1")))
    till.take_in(1)
    till.do(paying.settle_ask, paying.Done(AskId(1), Answer(Answered.DONE)))
    till.do(paying.settle_ask, paying.Done(AskId(1), Answer(Answered.REFUSED)))

    assert till.standing(payment) == "captured"


def test_a_webhook_is_applied_once_however_often_it_comes(till: Till) -> None:
    session = till.hold(1, (till.listing(1), 1))
    payment = till.begin(session, 1)
    page = till.cashier.see_to(payment)
    till.misbehave(twice=1.0)
    till.psp.fill_in(page.rpartition("/")[2], "4242424242424242")

    assert till.bring() == 2

    assert (till.standing(payment), len(till.house.orders.purchases)) == ("authorized", 2)


def test_a_payment_that_takes_too_long_expires_and_is_let_go(till: Till) -> None:
    session = till.hold(1, (till.listing(1), 1))
    payment = till.begin(session, 1)
    page = till.cashier.see_to(payment)
    till.clock.advance(32 * MINUTE)

    assert till.do(paying.expire_payments) == 1
    till.do(shopping.expire_checkouts)
    till.cashier.see_to(payment)

    assert till.psp.fill_in(page.rpartition("/")[2], "4242424242424242") is None
    assert (till.standing(payment), till.units(1)["available"]) == ("voided", 10)


@pytest.mark.parametrize(("is_left", "standing"), [(True, "authorized"), (False, "voided")])
def test_a_late_success_is_placed_if_the_stock_is_there_and_else_voided(
    till: Till, *, is_left: bool, standing: str
) -> None:
    session = till.hold(1, (till.listing(1, stock=1), 1))
    payment = till.begin(session, 1)
    page = till.cashier.see_to(payment)
    till.clock.advance(32 * MINUTE)
    till.psp.fill_in(page.rpartition("/")[2], "4242424242424242")
    for flow in (shopping.expire_checkouts, paying.expire_payments):
        till.do(flow)
    if not is_left:
        till.buy(till.buyer(), (ListingId(1), 1))

    till.cashier.see_to(payment)

    assert till.standing(payment) == standing
    assert till.intent(payment)["status"] == ("requires_capture" if is_left else "canceled")


def test_a_payment_given_up_is_let_go_even_if_it_succeeds(till: Till) -> None:
    session = till.hold(1, (till.listing(1), 1))
    payment = till.begin(session, 1)
    page = till.cashier.see_to(payment)
    till.do(paying.give_up_payment, till.step(session, 1))
    till.psp.fill_in(page.rpartition("/")[2], "4242424242424242")

    till.cashier.see_to(payment)

    assert till.intent(payment)["status"] == "canceled"
    assert till.house.orders.sessions[session].status == SessionStatus.READY
    with pytest.raises(orders.SessionNotReady):
        till.do(paying.give_up_payment, till.step(session, 1))


def test_a_capture_that_can_never_be_calls_the_order_off(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))
    till.psp._cancel(till.intent(payment))

    till.take_in(1)

    assert orders.order_state(till.house.orders, OrderId(1)).status == "canceled"
    assert till.units(1)["available"] == 10


def test_an_order_whose_money_is_being_taken_in_cannot_be_called_off(till: Till) -> None:
    till.pay(1, (till.listing(1), 1))
    till.do(paying.ask_captures, paying.Handing([1], SellerId(0)))

    with pytest.raises(payments.PaymentUnderWay):
        till.cancel(1)

    till.take_in(1)
    assert till.cancel(1).tolist() == [1]  # type: ignore[attr-defined]


def test_an_order_called_off_after_its_money_came_in_is_refunded(till: Till) -> None:
    payment = till.pay(1, (till.listing(1), 1))
    till.take_in(1)

    change = till.movement(lambda: till.cancel(1), buyer=1, order=1, seller=1)
    till.cashier.see_to(payment)

    assert change == {"escrow": -10_000}
    assert (till.standing(payment), till.intent(payment)["refunded"]) == ("refunded", 10_000)


def test_a_refund_goes_back_to_the_card_and_once_it_fails_to_the_wallet(till: Till) -> None:
    good, bad = till.pay(1, (till.listing(1), 1)), till.pay(1, (1, 1), method="pm_card_refundFail")
    till.ship(1)
    till.ship(2)
    for order in (1, 2):
        till.take_back(order, refund=4_000)

    till.cashier.see_to(good)
    till.cashier.see_to(bad)

    assert till.intent(good)["refunded"] == 4_000
    assert till.posted(Kind.WALLET, 1) == 4_000


def test_another_sellers_order_is_not_taken_in(till: Till) -> None:
    till.pay(1, (till.listing(1), 1))

    assert till.do(paying.ask_captures, paying.Handing([1, 9], SellerId(7))) == []


def test_what_cannot_be_paid_for_is_refused(till: Till) -> None:
    listing = till.listing(1)
    quoted, held = till.quote(1, (listing, 1)), till.hold(1, (listing, 1))
    with pytest.raises(orders.SessionNotReady):
        till.begin(quoted, 1)
    with pytest.raises(orders.TotalChanged):
        till.begin(held, 1, expected=9_999)
    with pytest.raises(NotFound):
        till.begin(held, 9)
    with pytest.raises(payments.CashRefused):
        till.begin(held, 1, provider=Provider.CASH)
    with pytest.raises(payments.NoSuchProvider):
        till.begin(held, 1, provider=Provider.TRANSFER)
    with pytest.raises(ledger.InsufficientFunds):
        till.begin(held, 1, provider=Provider.WALLET)
    with pytest.raises(payments.CouponRefused):
        till.begin(held, 1, code="NONE")
    till.begin(held, 1)
    with pytest.raises(payments.PaymentUnderWay):
        till.begin(held, 1)
    with pytest.raises(orders.SessionNotReady):
        till.complete(held, 1)
    till.clock.advance(40 * MINUTE)
    till.do(shopping.expire_checkouts)
    with pytest.raises(ledger.ReservationExpired):
        till.begin(held, 1)


def test_nothing_is_known_of_payments_that_are_not_there(till: Till) -> None:
    with pytest.raises(NotFound):
        till.do(paying.settle_payment, paying.Told(PaymentId(1), Answer(Answered.DONE)))
    with pytest.raises(NotFound):
        till.do(paying.settle_ask, paying.Done(AskId(1), Answer(Answered.DONE)))
    with pytest.raises(NotFound):
        till.do(paying.settle_cash, paying.CashWord(OrderId(1), was_paid=True))
    with pytest.raises(payments.NoSuchProvider):
        till.cashier.provider(Provider.CASH)


def cash(till: Till) -> None:
    till.do(opening.set_money_terms, markets.MoneyTerms(cash_minor_max=10_000))
    till.begin(till.hold(1, (till.listing(1), 1)), 1, provider=Provider.CASH)


def test_cash_is_collected_at_the_door_and_then_in_escrow(till: Till) -> None:
    cash(till)
    till.deliver(1)
    assert till.posted(Kind.ESCROW, 1) == 0

    till.do(paying.settle_cash, paying.CashWord(OrderId(1), was_paid=True))

    assert till.posted(Kind.ESCROW, 1) == 10_000
    assert till.posted(Kind.PSP_CLEARING, int(Provider.CASH)) == -10_000
    till.days_pass(4)
    assert till.settle() == (1, [1])
    with pytest.raises(orders.OrderNotOpen):
        till.do(paying.settle_cash, paying.CashWord(OrderId(1), was_paid=False))


def test_what_is_not_taken_at_the_door_comes_back_and_nothing_is_owed(till: Till) -> None:
    cash(till)
    with pytest.raises(orders.OrderNotOpen):
        till.do(paying.settle_cash, paying.CashWord(OrderId(1), was_paid=False))
    till.hand_over(1)

    till.do(paying.settle_cash, paying.CashWord(OrderId(1), was_paid=False))

    assert till.units(1) == {"available": 10, "committed": 0, "shipped": 0, "reserved": 0}
    assert till.money_of(buyer=1, order=1, seller=1) == {}
    assert orders.order_state(till.house.orders, OrderId(1)).status == "completed"


def test_cash_above_the_limit_is_refused(till: Till) -> None:
    till.do(opening.set_money_terms, markets.MoneyTerms(cash_minor_max=9_999))

    with pytest.raises(payments.CashRefused):
        till.begin(till.hold(1, (till.listing(1), 1)), 1, provider=Provider.CASH)


def test_an_order_in_cash_can_be_called_off_before_it_leaves(till: Till) -> None:
    cash(till)

    till.cancel(1)

    assert till.money_of(buyer=1, order=1, seller=1) == {}


def test_money_that_a_bank_gives_back_to_an_order_that_nobody_pays_for_goes_to_the_card(till: Till) -> None:
    payment = till.pay(till.buyer(money=0), (till.listing(till.seller(), price=2_000), 1))
    till.take_in(1)
    reference = till.house.dealings.deals[payment].reference
    for name, amount in (("dp_1", 500), ("dp_2", 700)):
        till.do(disputes.settle_claim, disputes.Claimed(reference, payments.Claim(name, amount, None)))

    till.do(disputes.settle_claim, disputes.Claimed(reference, payments.Claim("dp_1", 500, won=False)))
    between = order_state(till.house.orders, OrderId(1)).status
    till.do(disputes.settle_claim, disputes.Claimed(reference, payments.Claim("dp_2", 700, won=True)))
    till.cashier.see_to_due()

    assert between == "placed"
    assert order_state(till.house.orders, OrderId(1)).status == "canceled"
    assert till.posted(Kind.ESCROW, 1) == 0
    assert till.intent(payment)["refunded"] == 1_500
