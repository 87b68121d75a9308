"""Checks a day's rounds: every stop once, in its window, within capacities and shifts; and few changes when it breaks."""

import itertools
import random
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from caravan import bootstrap
from caravan.kernel.errors import Invalid
from caravan.trade import network

ITERATIONS = 400


def silent(_: str, __: int, ___: int) -> None:
    """Say nothing of how far it is."""


def search(iterations: int = ITERATIONS) -> network.Search:
    """Give a search whose clock counts its own iterations, so that it is the same on every machine."""
    count = itertools.count()
    return network.Search(seconds=float(iterations), seed=7, clock=lambda: float(next(count)), report=silent)


def stop(name: str, x: float, y: float, **more: int) -> network.Stop:
    return network.Stop(stop=name, latitude=y, longitude=x, **more)


def van(name: str, **more: int) -> network.Vehicle:
    return network.Vehicle(**({"vehicle": name, "parcels_max": 10, "km_minor": 100} | more))  # type: ignore[arg-type]


def day(*stops: network.Stop, vehicles: tuple[network.Vehicle, ...] = (van("one"), van("two"))) -> network.Day:
    return network.Day(
        currency="EUR", depot=network.Depot(latitude=0, longitude=0), stops=stops, vehicles=vehicles,
        ground=network.Ground(detour=1.0, km_an_hour=60),
    )  # fmt: skip


def dice(seed: int, *, stops: int = 30, vehicles: int = 5) -> network.Day:
    draw = random.Random(seed)
    made = []
    for number in range(stops):
        opens = draw.choice([0, 3_600, 7_200])
        made.append(
            stop(
                f"s{number}", draw.uniform(-0.2, 0.2), draw.uniform(-0.2, 0.2), parcels=draw.randint(1, 3), opens=opens,
                closes=opens + 14_400, service=120,
            )
        )  # fmt: skip
    fleet = tuple(van(f"v{number}", parcels_max=20, hour_minor=1_000, ends=28_800) for number in range(vehicles))
    return day(*made, vehicles=fleet)


def planned(told: network.Day, **options: bool) -> network.RoutePlan:
    assert not network.day_faults(told)
    made = network.plan_routes(told, bootstrap.router(), search(), **options)
    assert not network.route_findings(told, made)
    return made


@pytest.mark.parametrize("seed", range(4))
def test_rounds_serve_every_stop_in_its_window(seed: int) -> None:
    assert planned(dice(seed)).unserved == ()


def test_the_same_seed_gives_the_same_rounds() -> None:
    assert planned(dice(1)) == planned(dice(1))


def test_one_vehicle_drives_the_shortest_round_of_all_orders() -> None:
    told = day(
        *(stop(name, x, y) for name, x, y in (("a", 0.1, 0.0), ("b", 0.1, 0.1), ("c", 0.0, 0.1), ("d", 0.05, 0.12))),
        vehicles=(van("one"),),
    )

    best = min(network.schedule(told, [order]).meters for order in itertools.permutations((1, 2, 3, 4)))

    assert planned(told).meters == best


def test_what_fits_in_no_vehicle_is_left_out_and_named() -> None:
    told = day(stop("a", 0.1, 0, parcels=6), stop("b", 0.1, 0.1, parcels=11), vehicles=(van("one"),))

    assert planned(told).unserved == ("b",)


def test_rounds_that_may_leave_nothing_out_are_refused_where_they_must() -> None:
    told = day(stop("a", 0.1, 0, parcels=11))

    with pytest.raises(network.NoRounds):
        planned(told, may_skip=False)


def test_a_vehicle_leaves_as_late_as_it_can_without_being_back_later() -> None:
    told = day(stop("a", 0.1, 0, opens=36_000, closes=40_000))

    (route,) = planned(told).routes

    assert route.visits[0].arrives == route.visits[0].begins == 36_000


def test_a_day_costs_its_vehicles_its_way_and_its_hours() -> None:
    told = day(stop("a", 0.1, 0, service=1_800), vehicles=(van("one", day_minor=5_000, hour_minor=3_600),))

    (route,) = planned(told).routes

    assert route.cost_minor == pytest.approx(5_000 + route.meters * 0.1 + (route.returns - route.leaves), abs=1)


def test_a_vehicle_that_is_out_moves_its_own_stops_and_hardly_any_other() -> None:
    told = dice(2)
    before = planned(told)
    lost = before.routes[0]
    after = network.broken(told, [network.VehicleOut(vehicle=lost.vehicle)])

    found = network.replan_routes(after, before, bootstrap.router(), search(), move_minor=100_000)

    assert not network.route_findings(after, found.plan)
    assert found.forced == len(lost.visits)
    assert len(found.moved) <= found.forced + 3
    assert found.scratch_moved >= len(found.moved)


def test_moves_that_cost_nothing_are_made_for_the_shorter_way() -> None:
    told = dice(2)
    before = planned(told)
    after = network.broken(told, [network.VehicleOut(vehicle=before.routes[0].vehicle)])

    dear, free = (
        network.replan_routes(after, before, bootstrap.router(), search(), move_minor=price) for price in (100_000, 0)
    )

    assert free.plan.cost_minor <= dear.plan.cost_minor
    assert len(dear.moved) <= len(free.moved)


def test_a_canceled_stop_leaves_every_other_with_its_driver() -> None:
    told = dice(3)
    before = planned(told)
    after = network.broken(told, [network.StopCanceled(stop="s4")])

    found = network.replan_routes(after, before, bootstrap.router(), search(), move_minor=100_000)

    assert (found.moved, found.plan.unserved) == ((), ())
    assert "s4" not in {visit.stop for route in found.plan.routes for visit in route.visits}


def test_an_added_stop_is_served_and_a_late_driver_begins_late() -> None:
    told = dice(4)
    before = planned(told)
    what: list[network.Break] = [
        network.StopAdded(stop=stop("new", 0.1, 0.1)),
        network.DriverLate(vehicle="v0", starts=5_000),
    ]
    after = network.broken(told, what)

    found = network.replan_routes(after, before, bootstrap.router(), search(), move_minor=1_000)

    assert not network.route_findings(after, found.plan)
    assert found.plan.unserved == ()
    assert all(route.leaves >= 5_000 for route in found.plan.routes if route.vehicle == "v0")


@pytest.mark.parametrize(
    "what",
    [
        network.VehicleOut(vehicle="nobody"),
        network.DriverLate(vehicle="one", starts=90_000),
        network.StopCanceled(stop="nowhere"),
        network.StopAdded(stop=stop("a", 0, 0)),
    ],
)
def test_a_break_that_does_not_fit_to_the_day_is_refused(what: network.Break) -> None:
    with pytest.raises(Invalid, match="Break 1"):
        network.broken(day(stop("a", 0.1, 0)), [what])


def test_a_day_without_anything_left_is_refused() -> None:
    with pytest.raises(Invalid, match="Nothing is left"):
        network.broken(day(stop("a", 0.1, 0)), [network.StopCanceled(stop="a")])


_Tamper = Callable[[network.RoutePlan], network.RoutePlan]


def _route(made: network.RoutePlan, **changed: object) -> network.RoutePlan:
    return msgspec.structs.replace(made, routes=(msgspec.structs.replace(made.routes[0], **changed), *made.routes[1:]))


def _visit(made: network.RoutePlan, **changed: object) -> network.RoutePlan:
    first, *others = made.routes[0].visits
    return _route(made, visits=(msgspec.structs.replace(first, **changed), *others))


TAMPERED: list[tuple[str, _Tamper]] = [
    ("is forgotten", lambda made: _route(made, visits=made.routes[0].visits[1:])),
    ("told of 2 times", lambda made: msgspec.structs.replace(made, unserved=("s1",))),
    ("not the day's", lambda made: msgspec.structs.replace(made, unserved=("s99",))),
    ("beyond its shift", lambda made: _route(made, returns=10**6)),
    ("before it can be", lambda made: _visit(made, arrives=0)),
    ("outside its window", lambda made: _visit(made, begins=10**6)),
    ("before the service is over", lambda made: _visit(made, leaves=made.routes[0].visits[0].begins)),
    ("it takes", lambda made: _route(made, parcels=99)),
    ("its meters", lambda made: _route(made, meters=1)),
    ("sum of the routes", lambda made: msgspec.structs.replace(made, cost_minor=1)),
    ("drives 2 rounds", lambda made: msgspec.structs.replace(made, routes=(*made.routes, msgspec.structs.replace(made.routes[0], visits=())))),
]  # fmt: skip


@pytest.mark.parametrize(("said", "tamper"), TAMPERED, ids=[said for said, _ in TAMPERED])
def test_the_checker_finds_what_was_changed_in_a_round(said: str, tamper: _Tamper) -> None:
    told = dice(1)

    findings = network.route_findings(told, tamper(planned(told)))

    assert any(said in finding for finding in findings), findings


def test_too_many_parcels_in_a_vehicle_are_found() -> None:
    told = day(stop("a", 0.1, 0, parcels=6), stop("b", 0.1, 0.1, parcels=6))

    assert any("it takes 10" in what for what in network.route_findings(told, network.schedule(told, [[1, 2], []])))


def test_rounds_are_drawn_with_every_stop_and_those_that_moved_ringed() -> None:
    told = dice(1)
    made = planned(told)

    drawn = network.draw_routes(told, made, ["s3"])

    assert drawn.count(". of v") == len(told.stops)
    assert drawn.count('stroke-width="2.5"') == 1


FAULTY = [
    ("stops", replace(day(stop("a", 0, 0)), stops=(stop("a", 0, 0), stop("a", 0, 0)))),
    ("stops", day(stop("a", 0, 0, opens=9, closes=8))),
    ("vehicles", day(stop("a", 0, 0), vehicles=(van("one", starts=9, ends=9),))),
    ("stops", day(stop("a", 200, 0))),
]


@pytest.mark.parametrize(("table", "told"), FAULTY)
def test_rows_of_a_day_that_cannot_be_are_named(table: str, told: network.Day) -> None:
    assert [fault.table for fault in network.day_faults(told)] == [table]
