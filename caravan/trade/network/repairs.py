"""When a day breaks: rounds planned again so that few stops change their driver, at a stated price for each that does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np

from caravan.kernel.errors import Invalid
from caravan.trade.network.model import Minor, Name
from caravan.trade.network.ports import Rounds, Router, Search
from caravan.trade.network.rounds import (
    CELLS_MAX,
    Day,
    NoRounds,
    RoutePlan,
    Seconds,
    Stop,
    as_rounds,
    schedule,
    skip_cost,
)

BREAKS_MAX = 200
_LATER_S = 1_800  # A stop that is reached half an hour earlier or later than it was told has a new time.


class VehicleOut(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="vehicle_out", tag_field="what"
):
    """A vehicle does not drive today."""

    vehicle: Name


class DriverLate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="driver_late", tag_field="what"
):
    """A driver begins later than the shift says."""

    vehicle: Name
    starts: Seconds


class StopAdded(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="stop_added", tag_field="what"
):
    """One more stop is to be served."""

    stop: Stop


class StopCanceled(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="stop_canceled", tag_field="what"
):
    """A stop is not to be served any more."""

    stop: Name


Break = VehicleOut | DriverLate | StopAdded | StopCanceled


class Moved(NamedTuple):
    """A stop that another vehicle serves now."""

    stop: str
    before: str
    after: str


class Replan(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds after a break: what they cost, which stops moved, and what planning from scratch would have done.

    `moved` are stops that changed their vehicle, `forced` of them because theirs is out. `retimed` are stops of the
    same vehicle that are reached half an hour or more earlier or later than before.
    """

    plan: RoutePlan
    move_minor: Minor
    cost_before_minor: int
    moved: tuple[Moved, ...]
    forced: int
    retimed: tuple[str, ...]
    scratch_cost_minor: int
    scratch_meters: int
    scratch_moved: int


def broken(day: Day, breaks: Sequence[Break]) -> Day:
    """Give the day as it is after what broke. Refuses what does not fit to the day as Invalid."""
    for number, what in enumerate(breaks, 1):
        day = _broken(day, what, number)
    if not day.stops or not day.vehicles:
        raise Invalid("Nothing is left to plan: there is no stop or no vehicle.", field="breaks")
    return day


def _broken(day: Day, what: Break, number: int) -> Day:
    match what:
        case VehicleOut(vehicle=name):
            _known(name, [vehicle.vehicle for vehicle in day.vehicles], "vehicle", number)
            return replace(day, vehicles=tuple(vehicle for vehicle in day.vehicles if vehicle.vehicle != name))
        case DriverLate(vehicle=name, starts=starts):
            _known(name, [vehicle.vehicle for vehicle in day.vehicles if vehicle.ends > starts], "vehicle", number)
            return replace(
                day,
                vehicles=tuple(
                    msgspec.structs.replace(vehicle, starts=max(starts, vehicle.starts))
                    if vehicle.vehicle == name
                    else vehicle
                    for vehicle in day.vehicles
                ),
            )
        case StopAdded(stop=stop):
            if stop.stop in {other.stop for other in day.stops}:
                raise Invalid(f"Break {number}: stop {stop.stop!r} is there already.", field="stop", row=number)
            return replace(day, stops=(*day.stops, stop))
        case StopCanceled(stop=name):
            _known(name, [stop.stop for stop in day.stops], "stop", number)
            return replace(day, stops=tuple(stop for stop in day.stops if stop.stop != name))


def _known(name: str, names: Sequence[str], field: str, number: int) -> None:
    if name not in names:
        raise Invalid(
            f"Break {number}: there is no {field} {name!r} in the day, or not for so long.", field=field, row=number
        )


def replan_routes(day: Day, before: RoutePlan, router: Router, search: Search, *, move_minor: int) -> Replan:
    """Plan a broken day again from the rounds before, each stop that changes its vehicle counted as `move_minor`.

    Half the time goes to a plan from scratch, to see what keeping costs; if that is better by its own count, it is taken.
    """
    if len(day.vehicles) * (len(day.stops) + 1) ** 2 > CELLS_MAX:
        raise Invalid("There are too many stops and vehicles to plan again with few changes.", field="stops")
    places = {vehicle.vehicle: place for place, vehicle in enumerate(day.vehicles)}
    was = {visit.stop: route.vehicle for route in before.routes for visit in route.visits}
    kept_by = np.array([-1, *(places.get(was.get(stop.stop, ""), -1) for stop in day.stops)], np.int64)
    half, skipping = replace(search, seconds=search.seconds / 2), skip_cost(day) + move_minor * 1_000
    nowhere = np.full_like(kept_by, -1)
    scratch = _solved(as_rounds(day, kept_by=nowhere, move_minor=0, may_skip=False), router, half, (), skipping)
    problem = as_rounds(day, kept_by=kept_by, move_minor=move_minor, may_skip=False)
    kept = _solved(problem, router, half, _first(day, before, places), skipping)
    candidates = [schedule(day, rounds) for rounds in (kept, scratch)]
    plan = min(candidates, key=lambda one: (len(one.unserved), _price(one, day, was, places, move_minor)))
    moved = _moved(plan, was)
    old = {visit.stop: visit.begins for route in before.routes for visit in route.visits}
    changed = {move.stop for move in moved}
    return Replan(
        plan=plan, move_minor=move_minor, cost_before_minor=before.cost_minor, moved=moved,
        forced=sum(move.before not in places for move in moved),
        retimed=tuple(
            visit.stop
            for route in plan.routes
            for visit in route.visits
            if visit.stop in old and visit.stop not in changed and abs(visit.begins - old[visit.stop]) >= _LATER_S
        ),
        scratch_cost_minor=candidates[1].cost_minor, scratch_meters=candidates[1].meters,
        scratch_moved=len(_moved(candidates[1], was)),
    )  # fmt: skip


def _solved(
    problem: Rounds, router: Router, search: Search, first: Sequence[Sequence[int]], skipping: int
) -> list[list[int]]:
    for cost in (0, skipping):
        found = router.rounds(replace(problem, skip_cost=cost), search, first=first)
        if found is not None:
            return found
    raise NoRounds


def _first(day: Day, before: RoutePlan, places: dict[str, int]) -> list[list[int]]:
    """Give the rounds before, without what is gone; what is new, or was with a vehicle that is out, is in none."""
    numbers = {stop.stop: number for number, stop in enumerate(day.stops, 1)}
    rounds: list[list[int]] = [[] for _ in places]
    for route in before.routes:
        if route.vehicle in places:
            rounds[places[route.vehicle]] = [numbers[visit.stop] for visit in route.visits if visit.stop in numbers]
    return rounds


def _moved(plan: RoutePlan, was: dict[str, str]) -> tuple[Moved, ...]:
    return tuple(
        Moved(visit.stop, was[visit.stop], route.vehicle)
        for route in plan.routes
        for visit in route.visits
        if was.get(visit.stop, route.vehicle) != route.vehicle
    )


def _price(plan: RoutePlan, day: Day, was: dict[str, str], places: dict[str, int], move_minor: int) -> float:
    is_free = all(not (v.day_minor or v.km_minor or v.hour_minor) for v in day.vehicles)
    cost = plan.meters / 1_000 if is_free else plan.cost_minor
    return cost + move_minor * sum(move.before in places for move in _moved(plan, was))
