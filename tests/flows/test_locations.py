"""Tests of locations: opened, described and closed; stock in several of them, bought, moved and counted."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caravan.adapters.postgres import PostgresLog
from caravan.adapters.sqlite import SqliteLog
from caravan.flows import batches, checkout, fulfillment, locations, opening, parcels, places, returns, shopping
from caravan.flows.batches import DirectOrders
from caravan.flows.house import integers
from caravan.flows.judgment import Verdict
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import ListingId, LocationId, MoveId, OrderId, SellerId
from caravan.trade import ledger, moves, orders
from caravan.trade.ledger import Kind
from caravan.trade.ledger.model import NO_FLOOR
from caravan.world import markets, partners
from tests.flows.market import Market


class Yard:
    """A seller with two locations, Porto (where they applied) and Lyon, two cups in one and one in the other."""

    def __init__(self, market: Market, *, here: int = 2, there: int = 1) -> None:
        self.market = market
        self.seller = market.seller()
        self.cup = market.listing(self.seller, price=1_000, shipping=100, stock=here)
        self.porto = market.home(self.seller)
        self.lyon = market.location(self.seller)
        if there:
            market.stock_at(self.cup, self.lyon, there)
        self.buyer = market.buyer()

    def order(self, units: int) -> int:
        purchase = self.market.buy(self.buyer, (self.cup, units))
        return int(self.market.house.orders.purchases.first_order[purchase])

    def total(self, kind: Kind) -> int:
        accounts = self.market.house.ledger.accounts
        return int(accounts.posted[accounts.kind == kind].sum())


@pytest.fixture
def yard(market: Market) -> Yard:
    return Yard(market)


def change(yard: Yard, location: int, **said: object) -> object:
    place = yard.market.house.partners.locations[location]
    draft = partners.drafted(place)
    told: dict[str, Any] = {name: getattr(draft, name) for name in draft.__struct_fields__} | said
    wanted = locations.Changed(yard.seller, LocationId(location), partners.LocationDraft(**told), "test")
    return yard.market.do(locations.describe_location, wanted)


# Open, describe, close.


def test_a_location_says_what_its_seller_said(yard: Yard) -> None:
    change(yard, yard.lyon, name="Dépôt", line1="Rue 1", city="Lyon", serves=("FR", "CH", "FR"), handling_days=2)

    place = yard.market.house.partners.locations[yard.lyon]
    assert (place.name, place.city, place.serves, place.handling_days) == ("Dépôt", "Lyon", ("FR", "CH"), 2)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": " "}, "name"), ({"name": "x" * 121}, "name"), ({"country": "Fr"}, "country"), ({"region": "ca"}, "region"),
        ({"city": "x" * 121}, "city"), ({"postcode": "x" * 21}, "postcode"), ({"line1": "x" * 201}, "line1"),
        ({"line2": "x" * 201}, "line2"), ({"handling_days": 61}, "handling_days"), ({"cut_off": 1440}, "cut_off"),
        ({"priority": 1_001}, "priority"), ({"serves": ("France",)}, "serves"), ({"serves": ("FR",) * 251}, "serves"),
    ],
)  # fmt: skip
def test_what_can_be_no_place_is_refused(yard: Yard, said: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        change(yard, yard.lyon, **said)

    assert refused.value.details["field"] == field


def test_two_open_locations_have_two_names(yard: Yard) -> None:
    with pytest.raises(Invalid) as refused:
        yard.market.location(yard.seller, "Lyon")

    assert refused.value.details["field"] == "name"


def test_a_seller_has_no_more_locations_than_so_many(yard: Yard) -> None:
    for number in range(48):
        yard.market.location(yard.seller, f"Place {number}")

    with pytest.raises(partners.TooManyLocations):
        yard.market.location(yard.seller, "One more")


def test_a_change_over_an_older_reading_is_refused(yard: Yard) -> None:
    draft = partners.LocationDraft(name="Lyon", country="FR")

    with pytest.raises(partners.StaleLocation):
        yard.market.do(locations.describe_location, locations.Changed(yard.seller, yard.lyon, draft, "test", 7))


def test_anothers_location_is_not_found(yard: Yard) -> None:
    other = yard.market.seller("Rui")

    for flow in (locations.close_location, locations.reopen_location):
        with pytest.raises(NotFound):
            yard.market.do(flow, locations.Named(other, yard.lyon))
    with pytest.raises(NotFound):
        yard.market.stock_at(yard.market.listing(other, stock=0), yard.lyon, 1)
    with pytest.raises(NotFound):
        yard.market.stock_at(yard.cup, 99, 1)


def close(yard: Yard, location: int) -> object:
    return yard.market.do(locations.close_location, locations.Named(yard.seller, LocationId(location)))


def reopen(yard: Yard, location: int) -> object:
    return yard.market.do(locations.reopen_location, locations.Named(yard.seller, LocationId(location)))


def bought(yard: Yard) -> None:
    yard.order(3)


def on_the_way(yard: Yard) -> None:
    yard.market.stock_at(yard.cup, yard.lyon, -1)
    yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 1)


@pytest.mark.parametrize("before", [lambda _: None, bought, on_the_way])
def test_a_location_where_something_is_cannot_close(yard: Yard, before: Callable[[Yard], None]) -> None:
    before(yard)

    with pytest.raises(locations.LocationNotEmpty):
        close(yard, yard.lyon)


def test_listings_get_another_home_when_theirs_closes(yard: Yard) -> None:
    yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 2, arrives=True)

    close(yard, yard.porto)

    assert yard.market.house.catalog.listings.location[yard.cup] == yard.lyon
    assert not yard.market.house.partners.is_spread
    assert yard.market.sent_from(yard.order(3)) == [(yard.lyon, 3)]
    with pytest.raises(partners.WrongLocationState):
        yard.market.stock_at(yard.cup, yard.porto, 1)


def test_the_last_location_stays_open(yard: Yard) -> None:
    yard.market.stock_at(yard.cup, yard.lyon, -1)
    close(yard, yard.lyon)

    with pytest.raises(partners.LastLocation):
        close(yard, yard.porto)
    with pytest.raises(partners.WrongLocationState):
        close(yard, yard.lyon)


def test_a_closed_location_opens_again_unless_its_name_is_taken(yard: Yard) -> None:
    yard.market.stock_at(yard.cup, yard.lyon, -1)
    with pytest.raises(partners.WrongLocationState):
        reopen(yard, yard.lyon)
    close(yard, yard.lyon)
    reopen(yard, yard.lyon)
    assert yard.market.house.partners.locations[yard.lyon].is_open
    close(yard, yard.lyon)
    yard.market.location(yard.seller, "Lyon")

    with pytest.raises(partners.WrongLocationState):
        reopen(yard, yard.lyon)


# Buy.


def test_what_can_be_bought_is_what_lies_in_all_open_locations(yard: Yard) -> None:
    assert places.available(yard.market.house, integers(yard.cup)).tolist() == [3]
    assert yard.market.lying(yard.cup) == {yard.porto: 2, yard.lyon: 1}


def test_three_of_two_and_one_are_two_lines_of_one_order_and_cost_the_same(yard: Yard) -> None:
    order = yard.order(3)

    assert yard.market.sent_from(order) == [(yard.porto, 2), (yard.lyon, 1)]
    assert yard.market.house.orders.orders.total[order] == 3_300
    assert yard.market.lying(yard.cup) == {yard.porto: 0, yard.lyon: 0}


def test_one_location_that_has_all_of_it_sends_it(yard: Yard) -> None:
    yard.market.stock_at(yard.cup, yard.lyon, 2)

    assert yard.market.sent_from(yard.order(3)) == [(yard.lyon, 3)]


def test_the_location_that_serves_a_destination_comes_first(yard: Yard) -> None:
    assert yard.market.sent_from(yard.order(1)) == [(yard.porto, 1)]  # The buyer lives in Portugal, as does it.

    change(yard, yard.lyon, serves=("PT",))

    assert yard.market.sent_from(yard.order(1)) == [(yard.lyon, 1)]


def test_more_than_lies_anywhere_is_refused_with_what_is_left_everywhere(yard: Yard) -> None:
    with pytest.raises(ledger.OutOfStock) as refused:
        yard.order(4)
    assert refused.value.details["available"] == 3

    with pytest.raises(ledger.OutOfStock) as refused:
        yard.market.hold(yard.buyer, (yard.cup, 4))
    assert refused.value.details["available"] == 3


def test_a_checkout_holds_units_where_they_will_be_sent_from(yard: Yard) -> None:
    session = yard.market.hold(yard.buyer, (yard.cup, 3))

    lines = yard.market.house.orders.sessions[session].lines
    assert [(line.location, line.quantity, line.shipping_minor) for line in lines] == [
        (yard.porto, 2, 200), (yard.lyon, 1, 100),
    ]  # fmt: skip
    assert yard.market.lying(yard.cup) == {yard.porto: 0, yard.lyon: 0}
    purchase = yard.market.complete(session, yard.buyer)
    order = int(yard.market.house.orders.purchases.first_order[purchase])
    assert yard.market.sent_from(order) == [(yard.porto, 2), (yard.lyon, 1)]


def test_a_quoted_checkout_finds_its_locations_when_it_says_where_to(yard: Yard) -> None:
    session = yard.market.quote(yard.buyer, (yard.cup, 3))
    assert len(yard.market.house.orders.sessions[session].lines) == 1
    total = yard.market.total(session)

    yard.market.do(shopping.reserve, yard.market.step(session, yard.buyer, yard.market.address(yard.buyer)))

    assert len(yard.market.house.orders.sessions[session].lines) == 2
    assert yard.market.total(session) == total
    yard.market.do(shopping.cancel_checkout, yard.market.step(session, yard.buyer))
    assert yard.market.lying(yard.cup) == {yard.porto: 2, yard.lyon: 1}


def test_a_fee_with_a_floor_is_taken_once_from_what_two_locations_send(yard: Yard) -> None:
    rules = (markets.FeeRule(basis_points=100, floor_minor=90),)
    yard.market.do(opening.set_fees, opening.Fees(rules, 2_000))

    order = yard.order(3)

    assert yard.market.house.orders.orders.fee[order] == 90
    rows = orders.lines_of(yard.market.house.orders, OrderId(order))
    assert [int(yard.market.house.orders.lines.fee[row]) for row in rows] == [60, 30]


def batch(yard: Yard, *units: int, marks: tuple[int, ...] = (), buyers: tuple[int, ...] = ()) -> checkout.Placement:
    count = len(units)
    wanted = DirectOrders(
        buyers=integers(list(buyers) or [yard.buyer] * count),
        addresses=integers([yard.market.address(yard.buyer) if not buyers else 0] * count),
        expected=1_100 * integers(list(units)), marks_high=integers(list(marks) or [0] * count),
        marks_low=np.zeros(count, np.int64), rows=np.arange(count), listings=integers([yard.cup] * count),
        quantities=integers(list(units)),
    )  # fmt: skip
    placed = yard.market.one(batches.order_in_columns, wanted)
    assert isinstance(placed, checkout.Placement)
    return placed


def verdicts(placed: checkout.Placement) -> list[Verdict]:
    return [Verdict(verdict) for verdict in placed.verdicts.tolist()]


def test_orders_in_a_batch_are_sourced_one_after_the_other(yard: Yard) -> None:
    placed = batch(yard, 1, 2, 1)

    assert verdicts(placed) == [Verdict.PLACED, Verdict.PLACED, Verdict.OUT_OF_STOCK]
    assert [yard.market.sent_from(order) for order in (1, 2)] == [
        [(yard.porto, 1)], [(yard.porto, 1), (yard.lyon, 1)],
    ]  # fmt: skip


def test_units_that_an_order_of_the_batch_did_not_get_are_anothers(yard: Yard) -> None:
    poor = yard.market.buyer(money=0)

    placed = batch(yard, 3, 3, buyers=(poor, yard.buyer))

    assert verdicts(placed) == [Verdict.INSUFFICIENT_FUNDS, Verdict.PLACED]
    assert yard.market.sent_from(1) == [(yard.porto, 2), (yard.lyon, 1)]


def test_a_batch_that_comes_again_finds_its_order_though_that_has_two_lines(yard: Yard) -> None:
    first, again, other = batch(yard, 3, marks=(7,)), batch(yard, 3, marks=(7,)), batch(yard, 2, marks=(7,))

    assert again.purchases.tolist() == first.purchases.tolist()
    assert verdicts(again) == [Verdict.PLACED]
    assert verdicts(other) == [Verdict.IDEMPOTENCY_CONFLICT]


def test_more_than_one_buyer_may_have_is_not_cut_into_smaller_pieces(market: Market) -> None:
    yard = Yard(market, here=5, there=5)
    market.do(opening.set_policy, markets.Policy(units_per_buyer_max=5))

    placed = batch(yard, 6)

    assert verdicts(placed) == [Verdict.BUYER_LIMIT_REACHED]


@pytest.mark.parametrize("seed", range(8))
def test_a_batch_is_sourced_as_its_orders_are_one_by_one(market: Market, seed: int) -> None:
    dice, yards = random.Random(seed), [Yard(market, here=0, there=0) for _ in range(2)]
    owned = {int(yard.seller): [yard.cup, market.listing(yard.seller, stock=0)] for yard in yards}
    for yard in yards:
        spots = [yard.porto, yard.lyon, market.location(yard.seller, "Madrid", country="ES", serves=("PT",))]
        for listing in owned[yard.seller]:
            for spot in spots:
                market.stock_at(listing, spot, dice.randint(1, 9))
    wanted = [
        [(one, dice.randint(1, 5)) for ones in owned.values() for one in ones if dice.random() < 0.6] or [(ListingId(1), 1)]
        for _ in range(30)
    ]  # fmt: skip
    rows = [row for row, lines in enumerate(wanted) for _ in lines]
    requests = DirectOrders(
        integers([yards[0].buyer] * 30), integers([market.address(yards[0].buyer)] * 30), *(np.zeros(30, np.int64),) * 3,
        integers(rows), integers([one for lines in wanted for one, _ in lines]),
        integers([units for lines in wanted for _, units in lines]),
    )  # fmt: skip

    found = places.allocate(market.house, batches._at_catalog_prices(market.house, requests, now=Instant(0)))

    told, table, accounts = found.baskets, market.house.catalog.listings, market.house.ledger.accounts
    left = {
        (int(accounts.owner[one]), int(accounts.unit[one])): int(accounts.posted[one])
        for one in np.flatnonzero(accounts.kind == Kind.AVAILABLE)
    }
    for row, lines in enumerate(wanted):
        expected: list[tuple[int, int, int]] = []
        for seller, ones in owned.items():
            mine = [(int(table.sku[one]), units) for one, units in lines if one in ones]
            names = [one for one, _ in lines if one in ones]
            sourced = orders.source(mine, left, partners.ranked(market.house.partners, SellerId(seller), "PT", ""))
            for name, (sku, units), parts in zip(names, mine, sourced or [[] for _ in mine], strict=True):
                expected += [(name, part.location, part.quantity) for part in parts] or [(name, 0, units)]
                for part in parts:
                    left[part.location, sku] -= part.quantity
        here = told.rows == row
        columns = (told.listings[here].tolist(), told.locations[here].tolist(), told.quantities[here].tolist())
        assert list(zip(*columns, strict=True)) == expected


# Send.


def test_an_order_in_two_locations_goes_in_a_parcel_from_each(yard: Yard) -> None:
    order = yard.order(3)
    with pytest.raises(fulfillment.LiesInSeveralPlaces):
        yard.market.hand_over(order)
    with pytest.raises(Invalid):
        yard.market.do(parcels.pack_parcel, parcels.Packing(OrderId(order), yard.seller, {0: 2, 1: 1}))

    for line, units in ((0, 2), (1, 1)):
        parcel = yard.market.do(parcels.pack_parcel, parcels.Packing(OrderId(order), yard.seller, {line: units}))
        yard.market.do(parcels.send_parcel, parcels.Sending(parcel, yard.seller, "CTT", ""))  # type: ignore[arg-type]

    assert yard.market.house.orders.orders.fulfilled_at[order]
    assert yard.total(Kind.COMMITTED) == 0
    assert yard.total(Kind.SHIPPED) == 3


def test_of_many_orders_those_in_one_location_are_handed_over(yard: Yard) -> None:
    yard.market.stock(yard.cup, 1)
    first, second = yard.order(1), yard.order(3)

    made = yard.market.hand_over(first, second)

    assert isinstance(made, np.ndarray)
    assert (made > 0).tolist() == [True, False]


def test_a_canceled_order_is_on_the_shelves_that_it_was_taken_from(yard: Yard) -> None:
    yard.market.cancel(yard.order(3))

    assert yard.market.lying(yard.cup) == {yard.porto: 2, yard.lyon: 1}


def test_returns_come_back_where_the_seller_takes_them(yard: Yard) -> None:
    change(yard, yard.lyon, takes_returns=True)
    order = yard.order(2)
    yard.market.deliver(order)

    yard.market.take_back(order, refund=1_000)

    assert yard.market.lying(yard.cup) == {yard.porto: 0, yard.lyon: 2}


def test_returns_of_a_location_that_closed_come_back_to_an_open_one(yard: Yard) -> None:
    order = yard.order(2)
    yard.market.deliver(order)
    close(yard, yard.porto)

    yard.market.take_back(order, refund=1_000)

    assert yard.market.lying(yard.cup) == {yard.lyon: 2}
    with pytest.raises(ledger.OutOfStock):  # Units go out anew from where the others left.
        yard.market.do(returns.accept_exchange, returns.Exchange(yard.seller, OrderId(order), 0, 1))


# Move.


def test_what_is_on_its_way_cannot_be_bought_until_it_has_arrived(yard: Yard) -> None:
    move = yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 2)

    assert yard.market.lying(yard.cup) == {yard.porto: 0, yard.lyon: 1}
    with pytest.raises(ledger.OutOfStock):
        yard.order(2)

    yard.market.do(locations.receive_move, locations.Arrival(yard.seller, move, "test"))
    assert yard.market.lying(yard.cup) == {yard.porto: 0, yard.lyon: 3}


def test_what_is_missing_at_the_arrival_is_in_no_stock_any_more(yard: Yard) -> None:
    move = yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 2)

    yard.market.do(locations.receive_move, locations.Arrival(yard.seller, move, "test", (1,)))

    assert yard.market.lying(yard.cup) == {yard.porto: 0, yard.lyon: 2}
    assert yard.total(Kind.SUPPLIED) == -2


def test_a_move_that_is_turned_back_is_where_it_left_or_where_something_is_open(yard: Yard) -> None:
    first, second = (yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 1) for _ in range(2))
    yard.market.do(locations.turn_back, locations.TurningBack(yard.seller, first, "test"))
    assert yard.market.lying(yard.cup) == {yard.porto: 1, yard.lyon: 1}
    yard.market.stock_at(yard.cup, yard.porto, -1)
    close(yard, yard.porto)

    yard.market.do(locations.turn_back, locations.TurningBack(yard.seller, second, "test"))

    assert yard.market.lying(yard.cup) == {yard.lyon: 2}


def test_a_move_ends_once(yard: Yard) -> None:
    move = yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 2, arrives=True)

    with pytest.raises(moves.MoveOver):
        yard.market.do(locations.receive_move, locations.Arrival(yard.seller, move, "test"))
    with pytest.raises(moves.MoveOver):
        yard.market.do(locations.turn_back, locations.TurningBack(yard.seller, move, "test"))


@pytest.mark.parametrize("quantities", [(3,), (-1,), (), (1, 1)])
def test_no_more_arrives_than_was_sent(yard: Yard, quantities: tuple[int, ...]) -> None:
    move = yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 2)

    with pytest.raises(Invalid):
        yard.market.do(locations.receive_move, locations.Arrival(yard.seller, move, "test", quantities))


def sending(yard: Yard, **said: object) -> locations.Sending:
    told: dict[str, Any] = {
        "seller": yard.seller, "source": yard.porto, "target": yard.lyon, "lines": ((yard.cup, 1),), "reference": "",
        "by": "test",
    }  # fmt: skip
    return locations.Sending(**(told | said))


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"target": LocationId(1), "source": LocationId(1)}, Invalid), ({"lines": ()}, Invalid),
        ({"lines": ((ListingId(1), 1), (ListingId(1), 1))}, Invalid), ({"lines": ((ListingId(1), 0),)}, Invalid),
        ({"reference": "x" * 101}, Invalid), ({"lines": ((ListingId(1), 3),)}, ledger.OutOfStock),
        ({"lines": ((ListingId(9), 1),)}, NotFound), ({"target": LocationId(9)}, NotFound),
        ({"seller": SellerId(9)}, NotFound),
    ],
)  # fmt: skip
def test_a_move_that_cannot_be_is_refused_and_nothing_moves(
    yard: Yard, said: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        yard.market.do(locations.send_stock, sending(yard, **said))

    assert yard.market.lying(yard.cup) == {yard.porto: 2, yard.lyon: 1}


def test_nothing_moves_to_or_from_a_closed_location_and_an_unknown_move_is_not_found(yard: Yard) -> None:
    yard.market.stock_at(yard.cup, yard.lyon, -1)
    close(yard, yard.lyon)

    with pytest.raises(partners.WrongLocationState):
        yard.market.do(locations.send_stock, sending(yard))
    with pytest.raises(NotFound):
        yard.market.do(locations.receive_move, locations.Arrival(yard.seller, MoveId(9), "test"))


def test_the_operator_moves_for_a_seller(yard: Yard) -> None:
    yard.market.do(locations.send_stock, sending(yard, seller=SellerId(0)))

    (move,) = moves.moves_of(yard.market.house.moves, yard.seller, before=9, limit=9)
    assert (move.seller, move.status) == (yard.seller, moves.MoveStatus.IN_TRANSIT)
    assert moves.moves_of(yard.market.house.moves, SellerId(0), before=1, limit=9) == []
    with pytest.raises(NotFound):
        yard.market.do(locations.turn_back, locations.TurningBack(yard.market.seller("Rui"), MoveId(1), "test"))


# Count.


def count(yard: Yard, *counts: tuple[int, int, int]) -> object:
    told = tuple(locations.Count(ListingId(one), LocationId(place), units) for one, place, units in counts)
    return yard.market.do(locations.set_stock, locations.Counting(yard.seller, told))


def test_stock_is_what_was_counted(yard: Yard) -> None:
    counted = count(yard, (yard.cup, yard.porto, 7), (yard.cup, yard.lyon, 0))

    assert counted == locations.Counted(2, 2, 5, 1)
    assert yard.market.lying(yard.cup) == {yard.porto: 7, yard.lyon: 0}
    assert count(yard, (yard.cup, yard.porto, 7)) == locations.Counted(1, 0, 0, 0)


def test_a_list_with_a_fault_changes_nothing_and_names_each(yard: Yard) -> None:
    yard.market.hold(yard.buyer, (yard.cup, 2))
    shut = yard.market.location(yard.seller, "Nice")
    close(yard, shut)
    theirs = yard.market.listing(yard.market.seller("Rui"), stock=0)

    with pytest.raises(locations.WrongCounts) as refused:
        count(
            yard, (yard.cup, yard.lyon, 9), (yard.cup, yard.lyon, 9), (yard.cup, yard.porto, 1), (theirs, yard.porto, 1),
            (99, 99, 1), (yard.cup, shut, 1), (yard.cup, shut, -1),
        )  # fmt: skip

    faults = refused.value.details["faults"]
    assert isinstance(faults, list)
    assert [(fault["row"], fault["field"]) for fault in faults] == [
        (2, "listing"), (3, "on_hand"), (4, "listing"), (5, "listing"), (5, "location"), (6, "location"),
        (7, "location"), (7, "listing"), (7, "on_hand"),
    ]  # fmt: skip
    assert yard.market.lying(yard.cup)[yard.lyon] == 1
    with pytest.raises(locations.WrongCounts):
        count(yard)


# In a log that lasts.


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_log_that_lasts_tells_the_same_of_every_location(kind: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue("tmp_path") / "log.db"
    url = request.getfixturevalue("fresh_postgres_url") if kind == "postgres" else ""
    market = Market(log=PostgresLog(url) if url else SqliteLog(path))  # type: ignore[arg-type]  # A log is a log here.
    market.open()
    yard = Yard(market)
    market.complete(market.hold(yard.buyer, (yard.cup, 3)), yard.buyer)
    market.stock(yard.cup, 4)
    move = market.move_stock(yard.cup, yard.porto, yard.lyon, 2)
    market.move_stock(yard.cup, yard.porto, yard.lyon, 1)
    market.do(locations.receive_move, locations.Arrival(yard.seller, move, "test", (1,)))
    before, lying = market.cell.digest(), market.lying(yard.cup)

    market.cell.close()
    market.log = PostgresLog(url) if url else SqliteLog(path)  # type: ignore[assignment]
    market.start()

    assert market.cell.digest() == before == market.replayed()
    assert market.lying(yard.cup) == lying == {yard.porto: 1, yard.lyon: 1}
    assert not market.findings()
    market.close()


# The alarms.


def shelf(yard: Yard, kind: Kind, location: int) -> int:
    return int(yard.market.house.ledger.find(kind, integers(location), integers(1))[0])


def lose_on_the_way(yard: Yard) -> None:
    yard.market.move_stock(yard.cup, yard.porto, yard.lyon, 1)
    accounts = yard.market.house.ledger.accounts
    accounts.posted[shelf(yard, Kind.MOVING, yard.lyon)] -= 1
    accounts.posted[shelf(yard, Kind.AVAILABLE, yard.lyon)] += 1


def forget_that_it_is_closed(yard: Yard) -> None:
    yard.market.house.partners.locations[yard.lyon].is_open = False


def close_everything(yard: Yard) -> None:
    for number in (yard.porto, yard.lyon):
        yard.market.house.partners.locations[number].is_open = False


def send_from_a_strangers_place(yard: Yard) -> None:
    yard.order(1)
    yard.market.house.orders.lines.location[1] = yard.market.home(yard.market.seller("Rui"))


def live_at_a_strangers(yard: Yard) -> None:
    yard.market.house.catalog.listings.location[yard.cup] = yard.market.home(yard.market.seller("Rui"))


def sell_what_is_not_there(yard: Yard) -> None:
    accounts = yard.market.house.ledger.accounts
    account = shelf(yard, Kind.AVAILABLE, yard.lyon)
    accounts.floor[account] = NO_FLOOR
    yard.market.stock_at(yard.cup, yard.lyon, -2)


@pytest.mark.parametrize(
    ("breaks", "alarm"),
    [
        (lose_on_the_way, "its moves say 1"), (forget_that_it_is_closed, "is closed, but 1 units are there"),
        (close_everything, "has no open location"), (send_from_a_strangers_place, "which is not its seller's"),
        (live_at_a_strangers, "is at home in location"), (sell_what_is_not_there, "has -1"),
    ],
)  # fmt: skip
def test_an_invariant_that_is_broken_on_purpose_is_seen(breaks: Callable[[Yard], None], alarm: str) -> None:
    market = Market()
    market.open()
    yard = Yard(market)
    assert not market.findings()

    breaks(yard)

    assert any(alarm in finding for finding in market.findings())
    market.close()
