"""Checks what planners are told out of the log, and plans that are asked for and kept in it."""

import msgspec
import pytest

from caravan import bootstrap
from caravan.flows import planning
from caravan.flows.planning import Wanted
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import PlanId
from caravan.trade import network
from caravan.trade.network.book import KEPT_MAX
from tests.flows.market import Market


def wanted(market: Market, days: int = 10) -> list[Wanted]:
    return planning.demand(market.house, days=days, now=market.clock.now())


def test_an_empty_log_wants_nothing(market: Market) -> None:
    assert wanted(market) == []


def test_orders_are_counted_by_country_and_day(market: Market) -> None:
    listing = market.listing(market.seller())
    buyer = market.buyer()
    market.address(buyer)
    for _ in range(3):
        market.buy(buyer, (listing, 1))

    (found,) = wanted(market)

    assert (found.origin, found.parcels) == ("PT", 0.3)


def test_canceled_and_old_orders_are_not_wanted_any_more(market: Market) -> None:
    listing, buyer = market.listing(market.seller()), market.buyer()
    market.buy(buyer, (listing, 1))
    market.days_pass(11)
    market.buy(buyer, (listing, 1))
    market.cancel(2, buyer=buyer)

    assert wanted(market) == []


NETWORK = msgspec.json.encode(
    network.Network(
        currency="EUR",
        places=tuple(
            network.Place(place=name, latitude=at, longitude=at) for at, name in enumerate(("origin", "hub", "town"))
        ),
        hubs=(network.Hub(place="hub", day_minor=1_000),),
        legs=(
            network.Leg(carrier="Road", source="origin", target="town", parcel_minor=100, hours=90),
            network.Leg(carrier="Road", source="origin", target="hub", parcel_minor=40, hours=50),
            network.Leg(carrier="Road", source="hub", target="town", parcel_minor=30, hours=20),
        ),
        demand=(network.Demand(place="town", origin="origin", parcels=10),),
    )
)


def ask_for(market: Market, share: int = 9_500, hours: int = 72) -> object:
    return market.do(planning.ask_plan, planning.PlanWish(NETWORK, share, hours))


def test_a_plan_that_is_asked_for_is_made_beside_the_cell_and_kept(market: Market) -> None:
    ask_for(market)
    waiting = network.next_plan(market.house.network)

    assert waiting is not None
    assert planning.make_next_plan(market.cell, bootstrap.optimizer())

    made = network.last_made(market.house.network)
    assert made is not None
    assert msgspec.json.decode(made.result, type=network.NetworkPlan).cost_minor == 1_700
    assert not planning.make_next_plan(market.cell, bootstrap.optimizer())


def test_a_plan_that_cannot_be_is_refused_with_its_words_and_keeps_nobody_waiting(market: Market) -> None:
    ask_for(market, hours=5)
    ask_for(market)

    while planning.make_next_plan(market.cell, bootstrap.optimizer()):
        pass

    first, second = (network.plan_of(market.house.network, PlanId(number)) for number in (1, 2))
    assert (first.status.name, first.refusal) == ("REFUSED", "share_out_of_reach")
    assert second.status.name == "MADE"


def test_a_planner_that_breaks_refuses_its_plan_and_keeps_nobody_waiting(market: Market) -> None:
    ask_for(market)

    planning.make_next_plan(market.cell, None)  # type: ignore[arg-type]

    assert network.plan_of(market.house.network, PlanId(1)).refusal == "broken"


def test_plans_are_the_same_after_a_restart_and_one_that_waits_still_waits(market: Market) -> None:
    ask_for(market)
    planning.make_next_plan(market.cell, bootstrap.optimizer())
    ask_for(market)
    before = msgspec.json.encode(market.house.network.plans)

    market.restart()

    assert msgspec.json.encode(market.house.network.plans) == before
    waiting = network.next_plan(market.house.network)
    assert waiting is not None
    assert waiting.plan == 2


def test_more_plans_than_may_wait_are_refused(market: Market) -> None:
    for _ in range(4):
        ask_for(market)

    with pytest.raises(network.TooManyPlans):
        ask_for(market)


@pytest.mark.parametrize(("share", "hours"), [(-1, 72), (10_001, 72), (9_500, 0), (9_500, 10_001)])
def test_a_share_or_hours_that_cannot_be_are_refused(market: Market, share: int, hours: int) -> None:
    with pytest.raises(Invalid):
        ask_for(market, share, hours)


def test_a_network_that_is_too_large_to_be_kept_is_refused(market: Market) -> None:
    with pytest.raises(Invalid, match="from a terminal"):
        market.do(planning.ask_plan, planning.PlanWish(b" " * 1_000_001, 9_500, 72))


def test_the_outcome_of_a_plan_that_nobody_waits_for_is_refused(market: Market) -> None:
    for number in (0, 1, 9):
        with pytest.raises(NotFound):
            market.do(planning.settle_plan, planning.PlanOutcome(PlanId(number), b"{}"))


def test_an_unknown_plan_is_not_found(market: Market) -> None:
    assert network.last_plan(market.house.network) is None
    with pytest.raises(NotFound):
        network.plan_of(market.house.network, PlanId(1))


def test_the_bodies_of_old_plans_are_let_go(market: Market) -> None:
    for _ in range(KEPT_MAX + 2):
        ask_for(market, hours=5)
        planning.make_next_plan(market.cell, bootstrap.optimizer())

    kept = [bool(plan.network) for plan in market.house.network.plans[1:]]
    assert kept == [False, False, *[True] * KEPT_MAX]
