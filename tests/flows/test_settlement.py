"""Tests how money comes in, goes to sellers and back: every row of the posting table that applies so far, to the cent."""

import numpy as np
import pytest

from caravan.flows import opening, settlement
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, HOUR
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import OrderId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade import orders, payments
from caravan.trade.ledger import Kind
from caravan.trade.orders import order_state
from caravan.trade.payments import money_state
from caravan.world import markets
from tests.flows.market import EUR, Market

PLACES = {"buyer": 1, "order": 1, "seller": 1}


@pytest.fixture
def sale(market: Market) -> Market:
    """Place and deliver one order of five units, 100.00 in all: the fee on it is 10.00 and the tax on that 2.00."""
    listing = market.listing(market.seller(), price=2_000)
    market.buy(market.buyer(), (listing, 5))
    market.deliver(1)
    return market


def release(market: Market) -> object:
    market.days_pass(3)
    return market.do(settlement.release_due)


def pay_out(market: Market) -> object:
    return market.do(settlement.pay_out_due)


def rule(market: Market, *numbers: int) -> object:
    ruling = settlement.Ruling(np.full(len(numbers), market.clock.now(), np.int64), integers(numbers))
    return market.do(settlement.rule_settled, ruling)


def test_a_top_up_takes_from_the_provider_what_it_puts_into_the_wallet(market: Market) -> None:
    buyer = market.buyer(money=0)

    change = market.movement(lambda: market.top_up(buyer, 700), **PLACES)

    assert change == {"psp": -700, "wallet": 700}


@pytest.mark.parametrize(("suspense", "into_wallet"), [(200, 500), (-200, 900)])
def test_what_came_in_too_much_or_too_little_waits_in_suspense(market: Market, suspense: int, into_wallet: int) -> None:
    buyer = market.buyer(money=0)

    change = market.movement(lambda: market.top_up(buyer, 700, suspense=suspense), **PLACES)

    assert change == {"psp": -700, "wallet": into_wallet, "suspense": suspense}


@pytest.mark.parametrize(
    ("amount", "suspense", "refusal"),
    [
        (0, 0, Invalid),
        (-5, 0, Invalid),
        (5, 5, Invalid),
        (-5, -10, Invalid),
        (AMOUNT_MAX + 1, 0, payments.TopUpTooLarge),
        (AMOUNT_MAX + 1, 5, payments.TopUpTooLarge),
        (AMOUNT_MAX, -1, payments.TopUpTooLarge),
    ],
)
def test_a_top_up_of_nothing_or_of_too_much_is_refused(
    market: Market, amount: int, suspense: int, refusal: type[Exception]
) -> None:
    buyer = market.buyer(money=0)

    with pytest.raises(refusal):
        market.top_up(buyer, amount, suspense=suspense)

    assert market.posted(Kind.WALLET, buyer) == 0


def test_the_largest_amount_can_be_topped_up(market: Market) -> None:
    buyer = market.buyer(money=AMOUNT_MAX)

    assert market.posted(Kind.WALLET, buyer) == AMOUNT_MAX


@pytest.mark.parametrize("buyer", [0, -1, 9])
def test_an_unknown_buyers_wallet_is_not_found(market: Market, buyer: int) -> None:
    with pytest.raises(NotFound):
        market.top_up(buyer, 5)


def test_a_refused_top_up_does_not_disturb_its_neighbors(market: Market) -> None:
    buyer = market.buyer(money=0)

    answers = market.many(settlement.top_up, market.money(buyer, 5), market.money(buyer, -5), market.money(buyer, 7))

    assert [answers[0], type(answers[1]), answers[2]] == [1, Invalid, 1]
    assert market.posted(Kind.WALLET, buyer) == 12


def test_capture_moves_what_was_held_from_the_wallet_into_escrow(market: Market) -> None:
    market.buy(market.buyer(), (market.listing(market.seller()), 1))

    change = market.movement(lambda: market.hand_over(1), **PLACES)

    assert change == {"wallet": -10_000, "escrow": 10_000}
    assert market.held(Kind.WALLET, 1) == 0


def test_release_gives_the_seller_88_of_100_the_operator_10_and_the_tax_2(sale: Market) -> None:
    change = sale.movement(lambda: release(sale), **PLACES)

    assert change == {"escrow": -10_000, "seller": 8_800, "fees": 1_000, "tax": 200}
    assert order_state(sale.house.orders, OrderId(1)) == ("completed", "delivered")


def test_escrow_is_released_at_the_end_of_the_return_window_and_not_before(sale: Market) -> None:
    sale.clock.advance(72 * HOUR - 1)
    assert sale.do(settlement.release_due) == 0

    sale.clock.advance(1)

    assert sale.do(settlement.release_due) == 1
    assert sale.do(settlement.release_due) == 0
    assert sale.house.payments.money.released_at[1] == sale.house.payments.money.due_at[1]


def test_the_return_window_is_that_of_the_policy_at_delivery(market: Market) -> None:
    market.do(opening.set_policy, markets.Policy(return_window=0))
    market.buy(market.buyer(), (market.listing(market.seller()), 1))
    market.deliver(1)

    assert market.do(settlement.release_due) == 1


def test_an_order_that_never_arrives_is_not_released(market: Market) -> None:
    market.buy(market.buyer(), (market.listing(market.seller()), 1))
    market.hand_over(1)
    market.days_pass(400)

    assert market.settle() == (0, [])
    assert market.posted(Kind.ESCROW, 1) == 10_000


def test_the_operator_can_rule_that_an_order_is_settled(market: Market) -> None:
    market.buy(market.buyer(), (market.listing(market.seller()), 1))
    market.hand_over(1)

    assert rule(market, 1) == 1

    assert market.do(settlement.release_due) == 1


def test_there_is_nothing_to_rule_where_no_money_waits(sale: Market) -> None:
    sale.buy(1, (sale.listing(1), 1))
    release(sale)

    for number in (0, 1, 2, 99):
        with pytest.raises(orders.OrderNotOpen):
            rule(sale, number)

    assert rule(sale, 1, 2) == 0


def test_a_payout_takes_the_balance_to_the_bank(sale: Market) -> None:
    release(sale)

    change = sale.movement(lambda: pay_out(sale), **PLACES)

    assert change == {"seller": -8_800, "bank": 8_800}


def test_a_payout_itemizes_exactly_the_orders_that_it_settles(sale: Market) -> None:
    for _ in range(2):
        sale.buy(1, (sale.listing(1, price=1_000), 1))
    sale.deliver(2)
    release(sale)

    assert pay_out(sale) == [1]

    assert sale.house.payments.money.payout.tolist() == [0, 1, 1, 0]
    assert sale.posted(Kind.BANK) == 8_800 + 880


def test_sellers_are_paid_apart(market: Market) -> None:
    buyer = market.buyer()
    market.buy(buyer, (market.listing(market.seller("Ana")), 1), (market.listing(market.seller("Rui")), 2))
    market.deliver(1)
    market.deliver(2)

    assert release(market) == 2
    assert pay_out(market) == [1, 2]

    assert market.house.payments.money.payout.tolist() == [0, 1, 2]


def test_payouts_wait_for_their_day(sale: Market) -> None:
    release(sale)
    pay_out(sale)
    sale.buy(1, (sale.listing(1), 1))
    sale.deliver(2)
    sale.do(opening.set_policy, markets.Policy(payout_every=5 * DAY))
    release(sale)
    assert pay_out(sale) == []

    sale.days_pass(2)

    assert pay_out(sale) == [2]


def test_payouts_wait_for_enough_money(sale: Market) -> None:
    sale.do(opening.set_policy, markets.Policy(payout_minor_min=8_801))
    release(sale)
    assert pay_out(sale) == []

    sale.do(opening.set_policy, markets.Policy(payout_minor_min=8_800))

    assert pay_out(sale) == [1]


def test_an_order_is_paid_out_once(sale: Market) -> None:
    release(sale)
    pay_out(sale)
    sale.days_pass(30)

    assert sale.settle() == (0, [])


def test_a_refund_before_release_comes_out_of_escrow(sale: Market) -> None:
    change = sale.movement(lambda: sale.take_back(1, quantity=2, refund=4_000), **PLACES)

    assert change == {"escrow": -4_000, "wallet": 4_000}
    assert money_state(sale.house.payments, OrderId(1)) == "partly_refunded"


def test_what_was_refunded_before_release_is_not_released_and_bears_no_fee(sale: Market) -> None:
    sale.take_back(1, quantity=2, refund=4_000)

    change = sale.movement(lambda: release(sale), **PLACES)

    assert change == {"escrow": -6_000, "seller": 5_280, "fees": 600, "tax": 120}


def test_a_refund_after_release_is_shared_by_seller_operator_and_tax(sale: Market) -> None:
    release(sale)

    change = sale.movement(lambda: sale.take_back(1, quantity=2, refund=4_000), **PLACES)

    assert change == {"seller": -3_520, "fees": -400, "tax": -80, "wallet": 4_000}


def test_a_refund_after_the_payout_leaves_the_balance_below_zero_until_new_sales_net_it(sale: Market) -> None:
    release(sale)
    pay_out(sale)
    sale.take_back(1, quantity=2, refund=4_000)
    assert sale.posted(Kind.SELLER_BALANCE, 1) == -3_520
    sale.buy(1, (sale.listing(1), 1))
    sale.deliver(2)
    release(sale)

    assert pay_out(sale) == [2]

    assert sale.posted(Kind.BANK) == 8_800 + 8_800 - 3_520
    assert sale.posted(Kind.SELLER_BALANCE, 1) == 0


def test_a_balance_below_zero_is_not_paid_out(sale: Market) -> None:
    release(sale)
    sale.buy(1, (sale.listing(1, price=1_000), 1))
    sale.deliver(2)
    pay_out(sale)
    sale.take_back(1, quantity=5, refund=10_000)
    release(sale)

    assert pay_out(sale) == []
    assert sale.posted(Kind.SELLER_BALANCE, 1) == 880 - 8_800


@pytest.mark.parametrize("is_released", [True, False])
def test_a_refund_of_the_whole_leaves_nothing_with_anybody_but_the_buyer(sale: Market, *, is_released: bool) -> None:
    if is_released:
        release(sale)

    sale.take_back(1, quantity=5, refund=10_000)
    release(sale)

    assert sale.money_of(**PLACES) == {"psp": -100_000, "wallet": 100_000}
    assert money_state(sale.house.payments, OrderId(1)) == "refunded"
    assert order_state(sale.house.orders, OrderId(1)).status == "completed"


def test_units_returned_one_by_one_take_back_the_whole_fee_and_tax(market: Market) -> None:
    market.do(opening.set_fees, opening.Fees((markets.FeeRule(basis_points=333),), 2_100))
    market.do(opening.set_policy, markets.Policy(return_window=0))
    market.buy(market.buyer(), (market.listing(market.seller(), price=1_001), 3))
    market.deliver(1)
    market.do(settlement.release_due)

    for _ in range(3):
        market.take_back(1, refund=1_001)

    assert market.money_of(**PLACES) == {"psp": -100_000, "wallet": 100_000}


def test_lines_returned_one_by_one_take_back_the_whole_fee_and_tax(market: Market) -> None:
    market.do(opening.set_fees, opening.Fees((markets.FeeRule(basis_points=333),), 2_100))
    market.do(opening.set_policy, markets.Policy(return_window=0))
    seller, prices = market.seller(), (1_001, 777, 13)
    listings = [market.listing(seller, price=price) for price in prices]
    market.buy(market.buyer(), *((listing, 2) for listing in listings))
    market.deliver(1)
    market.do(settlement.release_due)

    for line in (2, 0, 1, 1, 2, 0):
        market.take_back(1, line=line, refund=prices[line])

    assert market.money_of(**PLACES) == {"psp": -100_000, "wallet": 100_000}


def test_returned_units_are_on_the_shelf_again(sale: Market) -> None:
    sale.take_back(1, quantity=2, refund=4_000)

    assert sale.units(1) == {"available": 7, "committed": 0, "shipped": 3, "reserved": 0}


@pytest.mark.parametrize(
    ("line", "quantity", "refund"),
    [(0, 0, 100), (0, -1, 100), (0, 6, 100), (0, 1, 0), (0, 1, -1), (0, 1, 10_001), (1, 1, 100), (-1, 1, 100)],
)
def test_more_than_was_bought_or_nothing_cannot_come_back(sale: Market, line: int, quantity: int, refund: int) -> None:
    with pytest.raises(orders.NothingToReturn):
        sale.take_back(1, line=line, quantity=quantity, refund=refund)


def test_a_line_comes_back_once_and_its_money_once(sale: Market) -> None:
    sale.take_back(1, quantity=4, refund=9_999)

    with pytest.raises(orders.NothingToReturn):
        sale.take_back(1, quantity=2, refund=1)
    with pytest.raises(orders.NothingToReturn):
        sale.take_back(1, quantity=1, refund=2)

    assert sale.take_back(1, quantity=1, refund=1) == 1


def test_nothing_comes_back_that_has_not_left(market: Market) -> None:
    market.buy(market.buyer(), (market.listing(market.seller()), 1))
    with pytest.raises(orders.NothingToReturn):
        market.take_back(1, refund=100)
    market.cancel(1)

    with pytest.raises(orders.NothingToReturn):
        market.take_back(1, refund=100)


def test_another_sellers_order_cannot_be_taken_back(sale: Market) -> None:
    other = sale.seller("Rui")

    for order, seller in ((1, other), (0, 0), (9, 0)):
        with pytest.raises(NotFound):
            sale.take_back(order, refund=100, seller=seller)

    assert sale.take_back(1, refund=100, seller=1) == 1


def test_every_entry_about_money_sums_to_zero(sale: Market) -> None:
    release(sale)
    pay_out(sale)
    sale.take_back(1, refund=1_999)

    accounts = sale.house.ledger.accounts
    assert accounts.posted[(accounts.unit == EUR) & (accounts.kind < Kind.SUPPLIED)].sum() == 0
