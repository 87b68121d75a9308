"""Tests how orders leave and arrive, and how they are called off before."""

import numpy as np
import pytest

from caravan.flows import fulfillment
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, HOUR
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import OrderId
from caravan.trade import orders
from caravan.trade.delivery import ParcelStatus, parcels_of
from caravan.trade.ledger import Kind
from caravan.trade.orders import order_state
from caravan.trade.payments import money_state
from tests.flows.market import Market


@pytest.fixture
def order(market: Market) -> OrderId:
    """Place one order of two units at 10.00."""
    listing = market.listing(market.seller(), price=1_000)
    market.buy(market.buyer(), (listing, 2))
    return OrderId(1)


def test_handing_over_ships_units_and_captures_money(market: Market, order: OrderId) -> None:
    parcels = market.hand_over(order)

    assert isinstance(parcels, np.ndarray)
    assert parcels.tolist() == [1]
    assert market.units(1) == {"available": 8, "committed": 0, "shipped": 2, "reserved": 0}
    assert (market.posted(Kind.WALLET, 1), market.held(Kind.WALLET, 1)) == (98_000, 0)
    assert market.posted(Kind.ESCROW, order) == 2_000
    assert order_state(market.house.orders, order) == ("placed", "fulfilled")
    assert money_state(market.house.payments, order) == "captured"


def test_a_parcel_says_by_whom_and_when_it_was_sent(market: Market, order: OrderId) -> None:
    market.hand_over(order)

    (parcel,) = parcels_of(market.house.delivery, order)

    assert (parcel.carrier, parcel.tracking, parcel.status) == ("CTT", "RR1", ParcelStatus.PICKED_UP)
    assert (parcel.handed_over_at, parcel.delivered_at) == (market.clock.now(), 0)


def test_an_order_is_handed_over_once(market: Market, order: OrderId) -> None:
    market.hand_over(order)

    with pytest.raises(orders.AlreadyFulfilled):
        market.hand_over(order)

    assert market.posted(Kind.ESCROW, order) == 2_000


def test_another_sellers_order_is_not_found(market: Market, order: OrderId) -> None:
    other = market.seller("Rui")

    with pytest.raises(NotFound):
        market.hand_over(order, seller=other)
    with pytest.raises(NotFound):
        market.cancel(order, seller=other)


@pytest.mark.parametrize("number", [0, -1, 2, 99])
def test_an_unknown_order_is_not_found(market: Market, order: OrderId, number: int) -> None:
    assert order == 1
    with pytest.raises(NotFound):
        market.hand_over(number)
    with pytest.raises(NotFound):
        market.cancel(number)


def test_orders_of_many_that_are_not_open_get_no_parcel(market: Market, order: OrderId) -> None:
    market.buy(1, (market.listing(1), 1))

    parcels = market.hand_over(order, 77, 2, order)

    assert isinstance(parcels, np.ndarray)
    assert parcels.tolist() == [1, 0, 2, 0]


def test_handing_over_nothing_is_nothing(market: Market) -> None:
    position = market.cell.position

    parcels = market.hand_over()

    assert isinstance(parcels, np.ndarray)
    assert len(parcels) == 0
    assert market.cell.position == position


def test_two_requests_of_one_batch_do_not_send_one_order_twice(market: Market, order: OrderId) -> None:
    answers = market.many(fulfillment.hand_over, market.handover(order), market.handover(order))

    assert isinstance(answers[0], np.ndarray)
    assert isinstance(answers[1], orders.AlreadyFulfilled)
    assert market.units(1)["shipped"] == 2


def test_a_buyer_can_cancel_before_the_parcel_leaves(market: Market, order: OrderId) -> None:
    canceled = market.cancel(order, buyer=1)

    assert isinstance(canceled, np.ndarray)
    assert canceled.tolist() == [order]
    assert market.units(1) == {"available": 10, "committed": 0, "shipped": 0, "reserved": 0}
    assert (market.posted(Kind.WALLET, 1), market.held(Kind.WALLET, 1)) == (100_000, 0)
    assert order_state(market.house.orders, order) == ("canceled", "unfulfilled")
    assert money_state(market.house.payments, order) == "voided"


def test_another_buyers_order_is_not_found(market: Market, order: OrderId) -> None:
    with pytest.raises(NotFound):
        market.cancel(order, buyer=market.buyer())


def test_an_order_that_has_left_is_not_canceled(market: Market, order: OrderId) -> None:
    market.hand_over(order)

    with pytest.raises(orders.AlreadyFulfilled):
        market.cancel(order, buyer=1)

    assert market.posted(Kind.ESCROW, order) == 2_000


def test_a_canceled_order_is_neither_canceled_again_nor_sent(market: Market, order: OrderId) -> None:
    market.cancel(order, seller=1)

    with pytest.raises(orders.OrderNotOpen):
        market.cancel(order)
    with pytest.raises(orders.OrderNotOpen):
        market.hand_over(order)


def test_an_order_canceled_twice_in_one_batch_gives_its_units_back_once(market: Market, order: OrderId) -> None:
    answers = market.many(fulfillment.cancel_orders, market.cancellation(order), market.cancellation(order))
    many = fulfillment.Cancellation(*(integers([number, number]) for number in (0, order, 0, 0)))

    assert isinstance(answers[1], orders.OrderNotOpen)
    assert len(market.one(fulfillment.cancel_orders, many)) == 0  # type: ignore[arg-type]
    assert market.units(1)["available"] == 10


def test_delivery_schedules_the_settlement_at_the_end_of_the_return_window(market: Market, order: OrderId) -> None:
    market.hand_over(order)
    arrived = market.clock.now() + HOUR
    market.clock.advance(DAY)

    assert market.scan(1, at=arrived) == 1

    assert market.house.payments.money.due_at[order] == arrived + 72 * HOUR
    assert order_state(market.house.orders, order) == ("placed", "delivered")


def test_a_scan_on_the_way_schedules_nothing(market: Market, order: OrderId) -> None:
    market.hand_over(order)

    assert market.scan(1, ParcelStatus.IN_TRANSIT) == 0

    assert market.house.payments.money.due_at[order] == 0


def test_a_parcel_that_is_delivered_twice_is_settled_from_the_first_time_on(market: Market, order: OrderId) -> None:
    market.hand_over(order)
    first = market.clock.now()
    market.scan(1)
    market.clock.advance(DAY)

    assert market.scan(1) == 0

    assert market.house.payments.money.due_at[order] == first + 72 * HOUR


def test_of_two_deliveries_in_one_request_the_earlier_counts(market: Market, order: OrderId) -> None:
    market.hand_over(order)
    now = market.clock.now()
    delivered = int(ParcelStatus.DELIVERED)

    answer = market.one(
        fulfillment.scan_parcels,
        fulfillment.Scans(
            integers([now + 5, now + 2]), integers([1, 1]), integers([delivered, delivered]), integers([0, 0])
        ),
    )

    assert answer == 1
    assert market.house.payments.money.due_at[order] == now + 2 + 72 * HOUR


@pytest.mark.parametrize("parcel", [0, -1, 2])
def test_an_unknown_parcel_is_not_found(market: Market, order: OrderId, parcel: int) -> None:
    market.hand_over(order)

    with pytest.raises(NotFound):
        market.scan(parcel)


def test_another_sellers_parcel_is_not_found(market: Market, order: OrderId) -> None:
    market.hand_over(order)

    with pytest.raises(NotFound):
        market.scan(1, seller=market.seller("Rui"))

    assert market.scan(1, seller=1) == 1
