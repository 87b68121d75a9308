"""Checks promises as a story: asked for, noted as facts once, told anew when they slip, handed on to the carrier."""

import numpy as np
import pytest

from caravan.bootstrap import keep_promises
from caravan.flows import fulfillment, promises
from caravan.flows.house import integers
from caravan.kernel.clock import DAY, HOUR, SECOND
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, OrderId
from caravan.trade.delivery import ParcelStatus
from tests.flows.market import Market


@pytest.fixture
def desk() -> promises.Desk:
    return promises.Desk()


def buy_one(market: Market) -> tuple[ListingId, OrderId]:
    """Sell one unit of a new listing; give the listing and the order."""
    listing = market.listing(market.seller())
    market.stock(listing, 5)
    market.buy(market.buyer(), (listing, 1))
    return listing, OrderId(len(market.house.orders.orders) - 1)


def told(market: Market, order: OrderId) -> str:
    """Give how the promise of an order stands."""
    found = promises.promise_of(market.house, order, now=market.clock.now())
    return found.status if found else "none"


def test_an_order_is_promised_a_date_once_and_the_log_says_so(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)

    keep_promises(market.cell, desk)
    keep_promises(market.cell, desk)

    assert len(market.house.promises.made) - 1 == 1
    assert told(market, order) == "open"
    assert market.replayed() == market.cell.digest()


def test_an_order_of_long_ago_is_promised_nothing(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    market.days_pass(1)

    keep_promises(market.cell, desk)

    assert told(market, order) == "none"


def test_a_canceled_order_is_promised_nothing(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    market.cancel(order)

    keep_promises(market.cell, desk)

    assert told(market, order) == "none"


def test_a_market_that_delivered_nothing_promises_from_defaults_and_says_so(
    market: Market, desk: promises.Desk
) -> None:
    listing, _ = buy_one(market)
    keep_promises(market.cell, desk)
    now = market.clock.now()

    (quote,) = promises.quotes(desk, promises.ask_for(market.house, desk, [listing], "PT", at=now))

    assert quote.basis == "defaults"
    assert "too little to learn from" in quote.sentence
    assert now < quote.median_at <= quote.promised_at < now + 30 * DAY


def test_a_promise_is_kept_when_the_parcel_arrives_in_time(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    keep_promises(market.cell, desk)

    market.days_pass(2)
    market.deliver(order)

    assert told(market, order) == "kept"
    found = promises.score(market.house, now=market.clock.now(), days=30)
    assert (found.promises, found.kept, found.missed) == (1, 1, 0)


def test_a_promise_is_missed_when_its_day_is_over(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    keep_promises(market.cell, desk)

    market.days_pass(40)

    assert told(market, order) == "missed"
    assert promises.score(market.house, now=market.clock.now(), days=60).missed == 1
    assert promises.score(market.house, now=market.clock.now(), days=60, seller=999).promises == 0


def test_a_parcel_that_slips_is_told_a_later_date_and_the_first_one_stands(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    keep_promises(market.cell, desk)
    first = promises.promise_of(market.house, order, now=market.clock.now())
    assert first is not None

    market.days_pass(40)
    keep_promises(market.cell, desk)

    later = promises.promise_of(market.house, order, now=market.clock.now())
    assert later is not None
    assert later.promised_at == first.promised_at
    assert later.expected_at >= market.clock.now()
    assert market.replayed() == market.cell.digest()


def test_the_parcel_carries_the_date_that_the_buyer_was_promised(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    keep_promises(market.cell, desk)
    said = market.handover(order)
    silent = type(said)(said.at, said.orders, said.sellers, integers(0), said.carriers, said.trackings)

    parcels = market.one(fulfillment.hand_over, silent)

    found = promises.promise_of(market.house, order, now=market.clock.now())
    assert found is not None
    assert market.house.delivery.parcels.promised_at[int(np.asarray(parcels)[0])] == found.promised_at


def test_facts_show_in_promises_within_seconds_of_the_last_look(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    keep_promises(market.cell, desk)
    market.hand_over(order)

    at_once = desk.is_due(market.house, market.clock.now())
    market.clock.advance(6 * SECOND)
    soon = desk.is_due(market.house, market.clock.now())

    assert (at_once, soon) == (False, True)


def test_time_alone_makes_a_new_look_due(market: Market, desk: promises.Desk) -> None:
    keep_promises(market.cell, desk)

    market.clock.advance(HOUR)

    assert desk.is_due(market.house, market.clock.now())


@pytest.mark.parametrize("country", ["", "pt", "PRT", "1A"])
def test_a_country_that_is_none_is_refused(market: Market, desk: promises.Desk, country: str) -> None:
    listing, _ = buy_one(market)

    with pytest.raises(Invalid):
        promises.ask_for(market.house, desk, [listing], country, at=market.clock.now())


@pytest.mark.parametrize("listing", [0, 999, -1])
def test_a_listing_that_is_none_is_refused(market: Market, desk: promises.Desk, listing: int) -> None:
    with pytest.raises(NotFound):
        promises.ask_for(market.house, desk, [ListingId(listing)], "PT", at=market.clock.now())


def test_a_desk_that_has_learned_nothing_yet_says_so(desk: promises.Desk) -> None:
    with pytest.raises(promises.NotLearned):
        desk.current()


def test_what_the_house_knows_of_a_journey_is_put_into_columns(market: Market, desk: promises.Desk) -> None:
    _, order = buy_one(market)
    market.days_pass(1)
    market.deliver(order)

    found = promises.journeys(market.house, desk.regions, desk.areas)

    row = order - 1
    assert len(found) == order
    assert found.placed_at[row] < found.delivered_at[row]
    assert found.handed_over_at[row] > 0
    assert found.regions[found.origins[row]] == "PT"
    assert market.house.delivery.parcels.status[1] == ParcelStatus.DELIVERED
