"""Tests how an order goes in parts: packed, handed over and paid for by parcel, and what can't be sent called off."""

from collections.abc import Callable

import pytest

from caravan.flows import dispatch, gifts, parcels, returns, settlement
from caravan.flows.house import integers
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import OrderId, ParcelId, SellerId
from caravan.trade import delivery, orders, payments
from caravan.trade.delivery import ParcelStatus, parcels_of
from caravan.trade.ledger import Kind
from caravan.trade.orders import order_state
from caravan.trade.payments import Provider, money_state
from tests.flows.market import EUR, Market
from tests.flows.till import Till

ORDER = OrderId(1)


def pack(market: Market, contents: dict[int, int], *, seller: int = 1) -> ParcelId:
    parcel = market.do(parcels.pack_parcel, parcels.Packing(ORDER, SellerId(seller), contents))
    assert isinstance(parcel, int)
    return ParcelId(parcel)


def send(market: Market, parcel: int, *, seller: int = 1) -> object:
    return market.do(parcels.send_parcel, parcels.Sending(ParcelId(parcel), SellerId(seller), "CTT", f"RR{parcel}"))


def call_off(market: Market, *, seller: int = 1) -> object:
    return market.do(parcels.call_off, parcels.Rest(ORDER, SellerId(seller)))


@pytest.fixture
def order(market: Market) -> OrderId:
    """Place one order of three mugs at 10.00 with 1.00 for delivery, and one lamp at 50.00."""
    seller = market.seller()
    mug, lamp = market.listing(seller, price=1_000, shipping=100), market.listing(seller, price=5_000)
    market.buy(market.buyer(), (mug, 3), (lamp, 1))
    return ORDER


def test_packing_moves_nothing(market: Market, order: OrderId) -> None:
    pack(market, {0: 2})

    (parcel,) = parcels_of(market.house.delivery, order)
    assert (parcel.status, parcel.contents, parcel.handed_over_at) == (ParcelStatus.CREATED, ((0, 2),), 0)
    assert market.units(1)["committed"] == 3
    assert order_state(market.house.orders, order) == ("placed", "unfulfilled")


def test_a_parcel_that_leaves_takes_its_part_of_the_money(market: Market, order: OrderId) -> None:
    send(market, pack(market, {0: 2}))

    assert market.posted(Kind.ESCROW, order) == 2_200  # Two of three mugs, with two of three parts of 3.00.
    assert market.held(Kind.WALLET, 1) == 6_100
    assert market.units(1) == {"available": 7, "committed": 1, "shipped": 2, "reserved": 0}
    assert order_state(market.house.orders, order) == ("placed", "partial")
    assert money_state(market.house.payments, order) == "partly_captured"


def test_the_parcels_of_an_order_come_to_its_total(market: Market, order: OrderId) -> None:
    for contents in ({0: 1}, {0: 1, 1: 1}, {0: 1}):
        send(market, pack(market, contents))

    assert market.posted(Kind.ESCROW, order) == 8_300
    assert market.held(Kind.WALLET, 1) == 0
    assert order_state(market.house.orders, order) == ("placed", "fulfilled")


def test_an_order_is_delivered_and_due_when_its_last_parcel_is(market: Market, order: OrderId) -> None:
    send(market, pack(market, {0: 3}))
    send(market, pack(market, {1: 1}))

    market.scan(2)
    before = order_state(market.house.orders, order)
    market.days_pass(1)
    market.scan(1)

    assert before == ("placed", "fulfilled")
    assert order_state(market.house.orders, order) == ("placed", "delivered")
    market.days_pass(2.9)
    assert market.do(settlement.release_due) == 0
    market.days_pass(0.2)
    assert market.do(settlement.release_due) == 1
    assert market.posted(Kind.SELLER_BALANCE, 1) == 8_300 - 800 - 160


def test_an_order_is_settled_though_a_parcel_of_it_is_said_to_go_back_after_it_arrived(
    market: Market, order: OrderId
) -> None:
    send(market, pack(market, {0: 3, 1: 1}))
    sent_back, arrived = market.clock.now(), market.clock.now() - 1

    market.scan(1, ParcelStatus.RETURN_TO_SENDER, at=sent_back)
    market.scan(1, ParcelStatus.DELIVERED, at=arrived)  # Told late.

    assert parcels_of(market.house.delivery, order)[0].status == ParcelStatus.RETURN_TO_SENDER
    market.days_pass(3.1)
    assert market.do(settlement.release_due) == 1


@pytest.mark.parametrize(("contents", "refusal"), [
    ({}, Invalid), ({2: 1}, Invalid), ({-1: 1}, Invalid), ({0: 0}, parcels.NothingToPack), ({0: 4}, parcels.NothingToPack),
])  # fmt: skip
def test_what_does_not_wait_cannot_be_packed(
    market: Market, order: OrderId, contents: dict[int, int], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        pack(market, contents)

    assert not parcels_of(market.house.delivery, order)


@pytest.mark.usefixtures("order")
def test_units_are_packed_once(market: Market) -> None:
    pack(market, {0: 2})

    with pytest.raises(parcels.NothingToPack) as refused:
        pack(market, {0: 2})

    assert dict(refused.value.details) == {"line": 0, "left": 1}
    assert pack(market, {0: 1, 1: 1}) == 2


@pytest.mark.usefixtures("order")
def test_another_sellers_order_and_parcel_are_not_found(market: Market) -> None:
    other, parcel = market.seller("Rui"), pack(market, {0: 1})

    tries: tuple[Callable[[], object], ...] = (
        lambda: pack(market, {0: 1}, seller=other), lambda: send(market, parcel, seller=other),
        lambda: call_off(market, seller=other),
        lambda: market.do(parcels.unpack_parcel, parcels.Unpacking(parcel, other)),
        lambda: send(market, 99),
    )  # fmt: skip
    for tell in tries:
        with pytest.raises(NotFound):
            tell()


def test_an_unpacked_parcel_can_be_packed_otherwise_and_is_not_sent(market: Market, order: OrderId) -> None:
    parcel = pack(market, {0: 3})
    market.do(parcels.unpack_parcel, parcels.Unpacking(parcel, SellerId(1)))

    with pytest.raises(delivery.ParcelNotPacked):
        send(market, parcel)
    market.hand_over(order)

    assert [one.status for one in parcels_of(market.house.delivery, order)] == [
        ParcelStatus.CANCELED, ParcelStatus.PICKED_UP,
    ]  # fmt: skip


@pytest.mark.usefixtures("order")
def test_a_parcel_leaves_once(market: Market) -> None:
    parcel = pack(market, {0: 3})
    send(market, parcel)

    with pytest.raises(delivery.ParcelNotPacked):
        send(market, parcel)
    with pytest.raises(delivery.ParcelNotPacked):
        market.do(parcels.unpack_parcel, parcels.Unpacking(parcel, SellerId(1)))


def test_a_parcel_without_a_label_names_its_carrier(market: Market, order: OrderId) -> None:
    parcel = pack(market, {0: 1})

    with pytest.raises(Invalid, match="carrier"):
        market.do(parcels.send_parcel, parcels.Sending(parcel, SellerId(1), "", ""))

    assert market.posted(Kind.ESCROW, order) == 0


def test_an_order_in_parcels_does_not_go_as_a_whole(market: Market, order: OrderId) -> None:
    pack(market, {0: 1})

    with pytest.raises(parcels.GoesInParcels):
        market.hand_over(order)


def test_calling_an_order_off_unpacks_its_parcels(market: Market, order: OrderId) -> None:
    parcel = pack(market, {0: 1})

    market.cancel(order, buyer=1)

    assert market.house.delivery.parcels.status[parcel] == ParcelStatus.CANCELED
    assert market.posted(Kind.WALLET, 1) == 100_000
    with pytest.raises(delivery.ParcelNotPacked):
        send(market, parcel)
    with pytest.raises(orders.OrderNotOpen):
        pack(market, {0: 1})


def test_the_rest_of_an_order_is_called_off_and_costs_nothing(market: Market, order: OrderId) -> None:
    send(market, pack(market, {0: 2}))
    pack(market, {1: 1})

    call_off(market)
    market.scan(1)
    market.days_pass(3)
    market.settle()

    assert (market.posted(Kind.WALLET, 1), market.held(Kind.WALLET, 1)) == (100_000 - 2_200, 0)
    assert market.units(1) == {"available": 8, "committed": 0, "shipped": 2, "reserved": 0}
    assert market.units(2) == {"available": 10, "committed": 0, "shipped": 0, "reserved": 0}
    assert market.posted(Kind.OPERATOR_FEES) == 200  # Of the two mugs alone.
    assert market.posted(Kind.TAX_PAYABLE) == 40
    assert market.posted(Kind.BANK) == 1_960
    assert order_state(market.house.orders, order) == ("completed", "delivered")


def test_only_the_rest_of_what_has_left_is_called_off(market: Market, order: OrderId) -> None:
    with pytest.raises(orders.OrderNotOpen):
        call_off(market)
    send(market, pack(market, {0: 2}))

    with pytest.raises(orders.AlreadyFulfilled, match="rest"):
        market.cancel(order, buyer=1)
    call_off(market)

    with pytest.raises(orders.AlreadyFulfilled):
        call_off(market)


def test_units_of_a_part_come_back_for_what_they_cost(market: Market, order: OrderId) -> None:
    send(market, pack(market, {0: 2}))

    with pytest.raises(orders.NothingToReturn):
        market.take_back(order, quantity=3, refund=1_000)
    with pytest.raises(orders.NothingToReturn):
        market.take_back(order, quantity=2, refund=2_201)
    market.take_back(order, quantity=2, refund=2_200)

    assert market.posted(Kind.ESCROW, order) == 0
    assert market.units(1) == {"available": 9, "committed": 1, "shipped": 0, "reserved": 0}


def test_an_order_of_which_a_part_waits_is_not_settled_by_ruling(market: Market, order: OrderId) -> None:
    send(market, pack(market, {0: 2}))

    with pytest.raises(orders.OrderNotOpen):
        market.do(settlement.rule_settled, settlement.Ruling(integers(market.clock.now()), integers(order)))


def test_an_exchange_sends_others_for_what_came_back(market: Market, order: OrderId) -> None:
    market.hand_over(order)
    market.scan(1)

    exchange = returns.Exchange(SellerId(1), order, 0, 1)
    parcel = market.do(returns.accept_exchange, exchange)
    packed = market.units(1)
    assert isinstance(parcel, int)
    send(market, parcel)

    assert packed == {"available": 7, "committed": 1, "shipped": 2, "reserved": 0}
    assert market.units(1) == {"available": 7, "committed": 0, "shipped": 3, "reserved": 0}
    assert market.posted(Kind.ESCROW, order) == 8_300
    assert parcels_of(market.house.delivery, order)[1].is_replacement
    with pytest.raises(orders.NothingToReturn):
        market.do(returns.accept_exchange, returns.Exchange(SellerId(1), order, 0, 4))
    with pytest.raises(orders.NothingToReturn):
        market.do(returns.accept_exchange, returns.Exchange(SellerId(1), order, 9, 1))


# Paid by card.


@pytest.fixture
def till() -> Till:
    """Give a market with an order of two mugs at 10.00 and a lamp at 50.00, paid by card."""
    till = Till()
    till.open()
    seller = till.seller()
    mug, lamp = till.listing(seller, price=1_000), till.listing(seller, price=5_000)
    till.pay(till.buyer(money=0), (mug, 2), (lamp, 1))
    return till


def take_in(till: Till, parcel: int) -> None:
    for number in till.do(parcels.ask_capture, parcels.Unpacking(ParcelId(parcel), SellerId(1))):  # type: ignore[attr-defined]
        till.cashier.see_to(number)


def test_a_card_is_captured_parcel_by_parcel(till: Till) -> None:
    first, second = pack(till, {0: 2}), pack(till, {1: 1})
    with pytest.raises(payments.PaymentNotCaptured):
        send(till, first)

    take_in(till, first)
    send(till, first)
    received = till.intent(1)["amount_received"]
    with pytest.raises(payments.PaymentNotCaptured):
        send(till, second)
    take_in(till, second)
    send(till, second)

    assert (received, till.intent(1)["amount_received"]) == (2_000, 7_000)
    assert till.posted(Kind.ESCROW, ORDER) == 7_000
    assert not till.findings()
    till.close()


def test_the_card_is_let_go_of_what_is_not_sent(till: Till) -> None:
    first = pack(till, {0: 2})
    take_in(till, first)
    send(till, first)

    call_off(till)
    till.cashier.see_to(1)

    assert (till.intent(1)["amount_received"], till.intent(1)["status"]) == (2_000, "canceled")
    assert till.posted(Kind.AUTHORIZED, int(Provider.CARD)) == 0
    assert not till.findings()
    till.close()


def test_what_was_taken_in_for_a_parcel_that_never_left_goes_back(till: Till) -> None:
    first, second = pack(till, {0: 2}), pack(till, {1: 1})
    take_in(till, first)
    send(till, first)
    take_in(till, second)

    call_off(till)
    till.cashier.see_to(1)

    assert till.intent(1)["refunded"] == 5_000
    assert till.posted(Kind.ESCROW, ORDER) == 2_000
    assert not till.findings()
    till.close()


@pytest.mark.parametrize(("provider", "kept"), [(Provider.CARD, 0), (Provider.WALLET, 100_000 - 850)])
def test_a_coupon_is_used_up_by_parcel_and_its_rest_given_back(provider: Provider, kept: int) -> None:
    till = Till()
    till.open()
    till.do(
        gifts.issue_coupon,
        payments.CouponTerms(
            code="THREE", payer=SellerId(0), unit=EUR, amount_minor=300, spend_minor_min=1_000, uses_max=1,
            expires_at=till.clock.now() + DAY,
        ),
    )  # fmt: skip
    mug, buyer = till.listing(till.seller(), price=1_000), till.buyer(money=0 if provider == Provider.CARD else 100_000)
    payment = till.begin(till.hold(buyer, (mug, 2)), buyer, provider=provider, method="pm_card_visa", code="THREE")
    till.cashier.see_to(payment)

    parcel = pack(till, {0: 1})
    take_in(till, parcel)
    send(till, parcel)
    call_off(till)
    till.cashier.see_to(payment)

    # One of two mugs: half of the coupon, so 8.50 of the buyer's and 1.50 of the operator's.
    assert till.posted(Kind.ESCROW, ORDER) == 1_000
    assert till.posted(Kind.PROMOTIONS) == -150
    assert (till.posted(Kind.WALLET, buyer), till.held(Kind.WALLET, buyer)) == (kept, 0)
    assert not till.findings()
    till.close()


def test_labels_of_an_order_are_of_its_packed_parcels(market: Market, order: OrderId) -> None:
    whole = dispatch.slips(market.house, [order], SellerId(1))
    pack(market, {0: 1})
    pack(market, {0: 2, 1: 1})

    parts = dispatch.slips(market.house, [order], SellerId(1))

    assert [slip.tracking for slip in whole] == ["LC000000014PT"]
    assert [slip.tracking for slip in parts] == ["CP000000014PT", "CP000000028PT"]
    assert [pick.units for pick in dispatch.picks(market.house, [order], SellerId(1))] == [3, 1]
    assert [pick.units for pick in dispatch.picks_of(market.house, ParcelId(2), SellerId(1))] == [2, 1]


def test_cash_at_the_door_is_for_one_parcel(market: Market) -> None:
    listing = market.listing(market.seller(), price=1_000)
    market.buy(market.buyer(), (listing, 2))
    market.house.dealings.fundings[1] = payments.Funding(1, 1, int(Provider.CASH), 1, 2_000, 2_000, 0, 0)

    with pytest.raises(parcels.GoesInOneParcel):
        pack(market, {0: 1})

    del market.house.dealings.fundings[1]
