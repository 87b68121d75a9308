"""Checks what planners are told out of the log."""

from caravan.flows import planning
from caravan.flows.planning import Wanted
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
