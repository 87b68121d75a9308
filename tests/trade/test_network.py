"""Checks plans of a network: exact against brute force on small ones, and told truly on all."""

import itertools
import random
from collections.abc import Callable, Sequence

import msgspec
import pytest

from caravan import bootstrap
from caravan.trade import network
from caravan.trade.network.plan import Stock
from caravan.trade.network.program import Planner
from caravan.trade.network.slopes import least as least_by_slopes
from caravan.trade.network.ways import Roads, worth_taking

SECONDS = 60.0


def silent(_: str, __: int, ___: int) -> None:
    """Say nothing of how far it is."""


def plan(told: network.Network, *, share: float = 0.95, hours: float = 72.0) -> network.NetworkPlan:
    assert not network.faults(told)
    made = network.plan_network(told, bootstrap.optimizer(), share=share, hours=hours, seconds=SECONDS, report=silent)
    assert not network.network_findings(told, made)
    return made


def place(name: str, hours: float = 0.0) -> network.Place:
    return network.Place(place=name, latitude=float(len(name)), longitude=float(ord(name[0]) - 100), hours=hours)


def leg(source: str, target: str, cost: int, hours: float, **more: object) -> network.Leg:
    told = {"carrier": "Road", "source": source, "target": target, "parcel_minor": cost, "hours": hours} | more
    return msgspec.convert(told, network.Leg)


def small(**changed: object) -> network.Network:
    """One origin, one town that is far: by road cheap and late, through a hub with stock dear to open and in time."""
    told = network.Network(
        currency="EUR",
        places=(place("origin", hours=10), place("hub"), place("town")),
        hubs=(network.Hub(place="hub", day_minor=1_000, parcel_minor=10, stock_minor=20, hours=4),),
        legs=(leg("origin", "town", 100, 90), leg("origin", "hub", 40, 50), leg("hub", "town", 30, 20)),
        demand=(network.Demand(place="town", origin="origin", parcels=10),),
    )
    return msgspec.structs.replace(told, **changed)


def test_without_a_share_to_keep_the_cheapest_way_is_taken() -> None:
    made = plan(small(), share=0.0)

    assert (made.cost_minor, made.share, made.hubs) == (1_000, 0.0, ())


def test_a_share_in_time_opens_the_hub_and_puts_the_stock_there() -> None:
    made = plan(small(), share=1.0)

    assert made.cost_minor == 1_000 + 10 * (40 + 10 + 20 + 30)
    assert made.stock == (Stock(hub="hub", origin="origin", parcels=10.0),)
    assert made.flows[0].hours == 24  # The hub's four and the last leg's twenty: what is in stock is there already.


def test_a_part_of_the_share_is_bought_for_a_part_of_the_parcels_alone() -> None:
    made = plan(small(), share=0.5)

    assert {flow.stocked_at: flow.parcels for flow in made.flows} == {"": 5.0, "hub": 5.0}


def test_the_share_that_is_out_of_reach_is_refused_with_the_most_that_can_be() -> None:
    with pytest.raises(network.ShareOutOfReach) as refused:
        plan(small(), share=0.9, hours=12)

    assert refused.value.details["share_most"] == 0.0


def test_a_place_that_nothing_leads_to_is_refused_by_name() -> None:
    told = small(legs=(leg("origin", "hub", 40, 50),))

    with pytest.raises(network.Unreachable, match="town from origin"):
        plan(told)


def test_more_parcels_than_all_legs_take_are_refused() -> None:
    told = small(legs=(leg("origin", "town", 100, 20, parcels_max=9),))

    with pytest.raises(network.NoPlan):
        plan(told, share=0.5)


def test_whole_vehicles_are_paid_for_although_they_are_half_empty() -> None:
    truck = leg("origin", "town", 0, 20, vehicle_minor=500, vehicle_parcels=8)

    made = plan(small(legs=(truck,)), share=1.0)

    assert (made.cost_minor, made.linehaul[0].vehicles) == (1_000, 2)


def test_a_way_that_is_kept_nine_times_in_ten_brings_nine_tenths_in_time() -> None:
    told = small(legs=(leg("origin", "town", 100, 20, reliability=0.9),))

    assert plan(told, share=0.9).share == pytest.approx(0.9)
    with pytest.raises(network.ShareOutOfReach):
        plan(told, share=0.91)


def test_goods_without_an_origin_come_out_of_stock_at_a_hub() -> None:
    told = small(demand=(network.Demand(place="town", parcels=10), network.Demand(place="hub", parcels=2)))

    made = plan(told, share=1.0)

    assert made.cost_minor == 1_000 + 10 * (10 + 20 + 30) + 2 * (10 + 20)
    assert {flow.through for flow in made.flows} == {("hub", "town"), ("hub",)}


def test_a_lost_hub_says_what_becomes_of_the_cost_and_the_time_and_which_places_are_late() -> None:
    made = plan(small(), share=1.0)

    lost = {(loss.kind, loss.name): loss for loss in made.losses}
    assert (lost["hub", "hub"].cost_minor, lost["hub", "hub"].late, lost["hub", "hub"].in_time) == (
        1_000,
        ("town",),
        0.0,
    )
    assert lost["carrier", "Road"].unmoved == 10.0


def test_a_second_source_is_an_option_with_its_price() -> None:
    air = leg("origin", "town", 400, 15, carrier="Air")

    made = plan(small(legs=(*small().legs, air)), share=1.0)

    (flow,) = made.flows
    assert flow.second is not None
    assert (flow.second.covers, flow.second.carriers, flow.second.extra_minor) == ("hub and carrier", ("Air",), 300)


def test_a_second_source_over_a_closed_hub_tells_what_keeping_it_open_costs() -> None:
    other = network.Hub(place="spare", day_minor=7_000)
    told = small(places=(*small().places, place("spare")), hubs=(*small().hubs, other))
    told = msgspec.structs.replace(
        told,
        legs=(*told.legs, leg("origin", "spare", 60, 5, carrier="Rail"), leg("spare", "town", 60, 5, carrier="Rail")),
    )

    (flow,) = plan(told, share=1.0).flows

    assert flow.second is not None
    assert (flow.second.standing_minor, flow.second.through) == (7_000, ("origin", "spare", "town"))


def test_each_further_percent_is_dearer_than_the_plan_without() -> None:
    made = plan(dice(3), share=0.9)

    costs = [point.cost_minor for point in made.curve]
    assert costs == sorted(costs)
    assert made.curve[-1].share == made.share_most


def test_the_same_network_has_the_same_plan() -> None:
    assert plan(dice(4)) == plan(dice(4))


def dice(seed: int, *, places: int = 7, hubs: int = 4, parcels_max: float | None = None) -> network.Network:
    """Draw a network: towns on a plane, two carriers everywhere, hubs in some, two origins."""
    draw = random.Random(seed)
    names = [f"p{number}" for number in range(places)]
    at = {name: (draw.uniform(0, 20), draw.uniform(0, 20)) for name in names}
    legs = []
    for source, target in itertools.permutations(names, 2):
        far = sum((a - b) ** 2 for a, b in zip(at[source], at[target], strict=True)) ** 0.5
        legs.append(leg(source, target, round(50 + 15 * far), 5 + 6 * far))
        legs.append(leg(source, target, round(300 + 40 * far), 12 + far, carrier="Air"))
    return network.Network(
        currency="EUR",
        places=tuple(
            network.Place(place=name, latitude=y, longitude=x, hours=float(draw.randint(0, 12))) for name, (x, y) in at.items()
        ),
        hubs=tuple(
            network.Hub(
                place=name, day_minor=draw.randint(200, 2_500), parcel_minor=draw.randint(0, 20), hours=4,
                stock_minor=draw.randint(0, 40), parcels_max=parcels_max,
            )
            for name in names[:hubs]
        ),
        legs=tuple(legs),
        demand=tuple(
            network.Demand(place=name, origin=origin, parcels=draw.randint(1, 9))
            for name in names
            for origin in names[-2:]
            if name != origin
        ),
    )  # fmt: skip


def brute_force(told: network.Network, *, share: float, hours: float) -> float:
    """Try every set of hubs: each demand takes its cheapest way, and the cheapest changes to ways in time are made."""
    roads = Roads(told)
    ways = [list(roads.ways(row, hours=hours)) for row in told.demand]
    total = sum(row.parcels for row in told.demand)
    best = float("inf")
    for opened in _subsets([hub.place for hub in told.hubs]):
        cost = float(sum(hub.day_minor for hub in told.hubs if hub.place in opened))
        changes, in_time = [], 0.0
        for row, all_ways in zip(told.demand, ways, strict=True):
            open_ways = [way for way in all_ways if set(way.hubs) <= opened]
            cheapest = min(open_ways, key=lambda way: (way.cost_minor, -way.in_time))
            cost += row.parcels * cheapest.cost_minor
            in_time += row.parcels * cheapest.in_time
            better = min((way.cost_minor for way in open_ways if way.in_time), default=None)
            if better is not None and not cheapest.in_time:
                changes.append((better - cheapest.cost_minor, row.parcels))
        for extra, parcels in sorted(changes):
            taken = min(parcels, max(0.0, share * total - in_time))
            cost, in_time = cost + taken * extra, in_time + taken
        if in_time >= share * total - 1e-9:
            best = min(best, cost)
    return best


def _subsets(names: Sequence[str]) -> list[set[str]]:
    return [set(chosen) for size in range(len(names) + 1) for chosen in itertools.combinations(names, size)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("share", [0.0, 0.7, 0.95])
def test_a_plan_costs_what_the_best_of_all_sets_of_hubs_costs(seed: int, share: float) -> None:
    told = dice(seed)

    planner = Planner(told, hours=48)
    chosen = planner.least(bootstrap.optimizer(), share=share, seconds=SECONDS)

    assert chosen is not None
    assert chosen.cost == pytest.approx(brute_force(told, share=share, hours=48), abs=0.01)


@pytest.mark.parametrize("seed", range(6))
def test_cutting_the_ways_that_are_beaten_changes_no_cost(seed: int) -> None:
    told = dice(seed, places=5, hubs=3, parcels_max=12)
    whole, cut = Planner(told, hours=48), Planner(told, hours=48)
    roads = Roads(told)

    whole.ways = [(number, way) for number, row in enumerate(whole.demand) for way in roads.ways(row, hours=48)]
    whole._columns()
    whole._rows()

    costs = [planner.least(bootstrap.optimizer(), share=0.8, seconds=SECONDS) for planner in (whole, cut)]
    assert len(whole.ways) > len(cut.ways)
    assert costs[0] is not None
    assert costs[1] is not None
    assert costs[0].cost == pytest.approx(costs[1].cost, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_start_by_slopes_leaves_the_answer_as_it_is(seed: int) -> None:
    told = dice(seed, places=5, hubs=4)
    trucks = [
        leg(one, other, 5, 12, carrier="Truck", vehicle_minor=900, vehicle_parcels=15)
        for one, other in itertools.permutations(["p0", "p1", "p2", "p3", "p4"], 2)
    ]
    planner = Planner(msgspec.structs.replace(told, legs=(*told.legs, *trucks)), hours=48)
    program = planner._asked(planner.costs, in_time=0.8 * planner.total, short=0.0, unmoved=0.0)

    straight, helped = (
        bootstrap.optimizer().least(program, seconds=SECONDS),
        least_by_slopes(bootstrap.optimizer(), program, seconds=SECONDS),
    )

    assert straight is not None
    assert helped is not None
    assert helped.cost == pytest.approx(straight.cost, rel=1e-5)


def test_no_parcel_trickles_through_a_closed_hub_however_many_there_are() -> None:
    told = small(demand=(network.Demand(place="town", origin="origin", parcels=5e7),))
    told = msgspec.structs.replace(told, hubs=(network.Hub(place="hub", day_minor=10**14),))

    made = plan(told, share=0.0)

    assert [flow.hubs for flow in made.flows] == [()]


def test_a_way_that_another_beats_is_cut_and_one_that_takes_less_of_a_hub_is_not() -> None:
    roads = Roads(small(legs=(*small().legs, leg("origin", "town", 120, 95, carrier="Slow"))))

    kept = worth_taking(roads, roads.ways(small().demand[0], hours=72))

    assert sorted((way.cost_minor, way.in_time) for way in kept) == [(80, 0.0), (100, 0.0), (100, 1.0)]


TAMPERED: list[tuple[str, Callable[[network.NetworkPlan], network.NetworkPlan]]] = [
    ("are left", lambda made: msgspec.structs.replace(made, flows=made.flows[1:])),
    ("not open", lambda made: msgspec.structs.replace(made, hubs=())),
    ("The parts cost", lambda made: msgspec.structs.replace(made, cost_minor=made.cost_minor - 50)),
    ("The share in time", lambda made: msgspec.structs.replace(made, share=made.share + 0.1)),
    ("is not there", lambda made: _first_flow(made, carriers=("Sea",) * len(made.flows[0].carriers))),
    ("is not in time as", lambda made: _first_flow(made, in_time=0.5)),
    ("costs", lambda made: _first_flow(made, parcel_minor=1)),
]


def _first_flow(made: network.NetworkPlan, **changed: object) -> network.NetworkPlan:
    return msgspec.structs.replace(made, flows=(msgspec.structs.replace(made.flows[0], **changed), *made.flows[1:]))


@pytest.mark.parametrize(("said", "tamper"), TAMPERED, ids=[said for said, _ in TAMPERED])
def test_the_checker_finds_what_was_changed_in_a_plan(
    said: str, tamper: Callable[[network.NetworkPlan], network.NetworkPlan]
) -> None:
    told = small()

    findings = network.network_findings(told, tamper(plan(told, share=1.0)))

    assert any(said in finding for finding in findings), findings


def test_a_plan_is_drawn_with_every_place_and_its_curve() -> None:
    told = dice(5)
    made = plan(told)

    map_, curve = network.draw_network(told, made), network.draw_curve(made)

    assert map_.count("parcels a day, ") == len(made.places)
    assert curve.count("a percent more costs") == len(made.curve)
    assert "style=" not in map_ + curve


def test_a_name_with_markup_is_drawn_as_text() -> None:
    told = small(
        places=(place("origin"), place("hub"), msgspec.structs.replace(place("town"), name="<script>x</script>"))
    )

    assert "<script>" not in network.draw_network(told, plan(told))


FAULTY = [
    ("places", {"places": (place("origin"), place("hub"), place("town"), place("hub"))}),
    ("hubs", {"hubs": (network.Hub(place="nowhere", day_minor=1),)}),
    ("legs", {"legs": (leg("origin", "origin", 1, 1),)}),
    ("legs", {"legs": (leg("origin", "town", 1, 1, vehicle_minor=5),)}),
    ("demand", {"demand": (network.Demand(place="town", origin="sea", parcels=1),)}),
    ("demand", {"demand": (network.Demand(place="town", origin="origin", parcels=0),)}),
    ("network", {"currency": "ABC"}),
]


@pytest.mark.parametrize(("table", "changed"), FAULTY)
def test_rows_that_contradict_each_other_are_named(table: str, changed: dict[str, object]) -> None:
    assert [fault.table for fault in network.faults(small(**changed))] == [table]
