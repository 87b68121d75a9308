"""Searches all that can become of one order: whatever happens first, it can always still be brought to a sound end."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from caravan.adapters.memory import MemoryLog
from caravan.cell import Frame
from caravan.flows import settlement
from caravan.flows.house import integers
from caravan.kernel.clock import FixedClock
from caravan.kernel.errors import Refusal
from caravan.kernel.ids import OrderId
from caravan.trade.delivery import ParcelStatus, parcels_of
from caravan.trade.ledger import Kind
from caravan.trade.orders import order_state
from caravan.trade.payments import money_state
from tests.flows.market import Market

ORDER = OrderId(1)


class Standing(NamedTuple):
    """Where an order stands, in everything that decides what can become of it."""

    status: str
    fulfillment: str
    money: str
    returned: int
    escrow: int
    is_due: bool
    is_paid_out: bool
    parcels: tuple[int, ...]

    @property
    def has_ended(self) -> bool:
        """Tell whether the order is completed or canceled, and nothing of its money waits any more."""
        return self.status in {"completed", "canceled"} and self.escrow == 0


@dataclass(frozen=True)
class Place:
    """A reached state: the log that leads to it, and the time."""

    frames: tuple[Frame, ...]
    layouts: dict[bytes, bytes]
    now: int


def days_pass(market: Market) -> None:
    market.days_pass(4)


def release(market: Market) -> None:
    market.do(settlement.release_due)


def pay_out(market: Market) -> None:
    market.do(settlement.pay_out_due)


def rule(market: Market) -> None:
    market.do(settlement.rule_settled, settlement.Ruling(integers(market.clock.now()), integers(ORDER)))


COMMANDS: dict[str, Callable[[Market], object]] = {
    "hand over": lambda market: market.hand_over(ORDER, seller=1),
    "cancel as buyer": lambda market: market.cancel(ORDER, buyer=1),
    "cancel as seller": lambda market: market.cancel(ORDER, seller=1),
    "scan as failed": lambda market: market.scan(1, ParcelStatus.DELIVERY_FAILED),
    "scan as delivered": lambda market: market.scan(1),
    "scan as sent back": lambda market: market.scan(1, ParcelStatus.RETURN_TO_SENDER),
    "take one unit back": lambda market: market.take_back(ORDER, refund=1_000),
    "take two units back": lambda market: market.take_back(ORDER, quantity=2, refund=2_000),
    "days pass": days_pass,
    "release": release,
    "pay out": pay_out,
    "rule that it is settled": rule,
}


def standing(market: Market) -> Standing:
    house = market.house
    status, fulfillment = order_state(house.orders, ORDER)
    return Standing(
        status=status,
        fulfillment=fulfillment,
        money=money_state(house.payments, ORDER),
        returned=int(house.orders.lines.returned[1]),
        escrow=market.posted(Kind.ESCROW, ORDER),
        is_due=0 < house.payments.money.due_at[ORDER] <= market.clock.now(),
        is_paid_out=bool(house.payments.money.payout[ORDER]),
        parcels=tuple(int(parcel.status) for parcel in parcels_of(house.delivery, ORDER)),
    )


def at(place: Place) -> Market:
    log = MemoryLog()
    log.frames.extend(place.frames)
    log._layouts.update(place.layouts)
    return Market(log=log, clock=FixedClock(place.now))


def left(market: Market) -> Place:
    market.close()
    return Place(tuple(market.log.frames), market.log.layouts(), market.clock.now())


def first() -> tuple[Standing, Place]:
    market = Market()
    market.open()
    market.buy(market.buyer(), (market.listing(market.seller(), price=1_000), 2))
    return standing(market), left(market)


@cache
def searched() -> dict[Standing, dict[str, Standing]]:
    """Give every reachable state with where each command leads from it; a refused command leads nowhere else."""
    beginning, place = first()
    places, ways = {beginning: place}, dict[Standing, dict[str, Standing]]()
    waiting = deque([beginning])
    while waiting:
        here = waiting.popleft()
        ways[here] = {}
        for name in COMMANDS:
            there, place = tried(places[here], name)
            ways[here][name] = there
            if there not in places:
                places[there] = place
                waiting.append(there)
    return ways


def tried(place: Place, name: str) -> tuple[Standing, Place]:
    market = at(place)
    try:
        COMMANDS[name](market)
    except Refusal:
        assert market.cell.digest() == market.replayed(), "A refusal leaves nothing behind."
    assert market.findings() == [], name
    assert not market.failures, name
    return standing(market), left(market)


def can_end(ways: dict[Standing, dict[str, Standing]]) -> set[Standing]:
    """Give the states from which some row of commands leads to an end."""
    good = {state for state in ways if state.has_ended}
    while True:
        more = {state for state in ways if state not in good and good & set(ways[state].values())}
        if not more:
            return good
        good |= more


def test_the_search_sees_every_way_of_an_order() -> None:
    seen = searched()

    assert {state.status for state in seen} == {"placed", "canceled", "completed"}
    assert {state.fulfillment for state in seen} == {"unfulfilled", "fulfilled", "delivered"}
    assert {state.money for state in seen} == {"authorized", "voided", "captured", "partly_refunded", "refunded"}
    assert {state.returned for state in seen} == {0, 1, 2}
    assert {state.is_paid_out for state in seen} == {False, True}


def test_from_every_reachable_state_an_order_can_still_come_to_an_end() -> None:
    seen = searched()

    assert set(seen) - can_end(seen) == set()


def test_an_end_is_never_left_for_a_state_with_money_in_escrow() -> None:
    ended = {state: ways for state, ways in searched().items() if state.has_ended}

    assert ended
    assert all(there.has_ended for ways in ended.values() for there in ways.values())


def test_a_canceled_order_stays_as_it_is_whatever_is_tried() -> None:
    canceled = {state: ways for state, ways in searched().items() if state.status == "canceled"}

    assert len(canceled) == 1
    assert all(there == state for state, ways in canceled.items() for there in ways.values())


def test_the_search_finds_a_dead_state_where_there_is_one() -> None:
    seen = {state: dict(ways) for state, ways in searched().items()}
    for ways in seen.values():
        del ways["rule that it is settled"], ways["scan as delivered"]

    dead = set(seen) - can_end(seen)

    assert any(state.fulfillment == "fulfilled" for state in dead)
