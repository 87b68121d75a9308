"""A day's rounds: stops with windows, vehicles with capacities and shifts, and when each is where."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from caravan.kernel.errors import Refusal
from caravan.trade.network.model import Fault, Minor, Name
from caravan.trade.network.ports import Rounds, Router, Search

STOPS_MAX = 2_000
VEHICLES_MAX = 500
CELLS_MAX = 8_000_000  # of all matrices together when each vehicle needs its own, as a re-plan does

Seconds = Annotated[int, Meta(ge=0, le=10**7)]  # since midnight
Units = Annotated[int, Meta(ge=0, le=10**6)]

_EARTH_METERS = 6_371_009.0
_THOUSANDTHS = 1_000


class NoRounds(Refusal):
    """No rounds were found that serve every stop in its window, within capacities and shifts."""


class Depot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where all vehicles start and end."""

    name: Name = "depot"
    latitude: float
    longitude: float


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where parcels are handed over. Service begins within the window, and ends so much later."""

    stop: Name
    latitude: float
    longitude: float
    parcels: Units = 1
    opens: Seconds = 0
    closes: Seconds = 86_400
    service: Seconds = 0


class Vehicle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle with its driver: it leaves the depot and is back within the shift."""

    vehicle: Name
    parcels_max: Units
    starts: Seconds = 0
    ends: Seconds = 86_400
    day_minor: Minor = 0
    km_minor: Minor = 0
    hour_minor: Minor = 0


class Ground(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far apart points are: over the earth, so much longer for roads, at a speed; or on a plane, as in benchmarks.

    On a plane a distance is cut to tenths, and a tenth is counted as a meter and as a second.
    """

    shape: Literal["earth", "plane"] = "earth"
    detour: Annotated[float, Meta(ge=1, le=5)] = 1.3
    km_an_hour: Annotated[float, Meta(gt=0, le=300)] = 30.0


_EARTH = Ground()


@dataclass(frozen=True)
class Day:
    """Everything that rounds are planned from; the distances follow from the points."""

    currency: str
    depot: Depot
    stops: tuple[Stop, ...]
    vehicles: tuple[Vehicle, ...]
    ground: Ground = _EARTH
    meters: np.ndarray = field(init=False, repr=False)
    seconds: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points = np.array(
            [(self.depot.latitude, self.depot.longitude), *((s.latitude, s.longitude) for s in self.stops)]
        )
        meters, seconds = _apart(points, self.ground)
        object.__setattr__(self, "meters", meters)
        object.__setattr__(self, "seconds", seconds)


def _apart(points: np.ndarray, ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    if ground.shape == "plane":
        tenths = np.floor(10 * np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + 1e-9).astype(np.int64)
        return tenths, tenths
    latitude, longitude = np.radians(points).T
    half = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    meters = np.rint(2 * _EARTH_METERS * np.arcsin(np.sqrt(half.clip(0, 1))) * ground.detour).astype(np.int64)
    return meters, np.ceil(meters * 3.6 / ground.km_an_hour).astype(np.int64)


def day_faults(day: Day) -> list[Fault]:
    """Name every row that can't be; a day without faults can be planned for."""
    found = []
    for table, names in (("stops", [s.stop for s in day.stops]), ("vehicles", [v.vehicle for v in day.vehicles])):
        field = table.removesuffix("s")
        seen: set[str] = set()
        for row, name in enumerate(names, 1):
            found += [Fault(table, row, field, f"{name!r} is there twice.")] if name in seen else []
            seen.add(name)
        found += [Fault(table, 0, field, "There is none.")] if not names else []
    for row, stop in enumerate(day.stops, 1):
        found += [Fault("stops", row, "closes", "A window closes no earlier than it opens.")] * (
            stop.closes < stop.opens
        )
    for row, vehicle in enumerate(day.vehicles, 1):
        found += [Fault("vehicles", row, "ends", "A shift ends after it starts.")] * (vehicle.ends <= vehicle.starts)
    if day.ground.shape == "earth":
        rows: list[tuple[str, int, Depot | Stop]] = [("depot", 0, day.depot)]
        rows += [("stops", row, stop) for row, stop in enumerate(day.stops, 1)]
        for table, row, point in rows:
            if abs(point.latitude) > 90 or abs(point.longitude) > 180:  # noqa: PLR2004
                found.append(Fault(table, row, "latitude", "This is no point on the earth."))
    return found


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """When a vehicle is at a stop, in seconds since midnight: it may wait between arrival and service."""

    stop: str
    arrives: int
    begins: int
    leaves: int


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle's round."""

    vehicle: str
    leaves: int
    returns: int
    parcels: int
    meters: int
    cost_minor: int
    visits: tuple[Visit, ...]


class RoutePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A day's rounds; `unserved` are the stops for which there is no room in any."""

    currency: str
    cost_minor: int
    meters: int
    routes: tuple[Route, ...]
    unserved: tuple[str, ...] = ()


def plan_routes(day: Day, router: Router, search: Search, *, may_skip: bool = True) -> RoutePlan:
    """Plan a day's rounds at least cost. Stops that fit in nowhere are left out and named; refused if they may not."""
    kept_by = np.full(len(day.stops) + 1, -1, np.int64)
    problem = as_rounds(day, kept_by=kept_by, move_minor=0, may_skip=False)
    found = router.rounds(problem, search, first=())
    if found is None and may_skip:
        problem = as_rounds(day, kept_by=kept_by, move_minor=0, may_skip=True)
        found = router.rounds(problem, search, first=())
    if found is None:
        raise NoRounds
    return schedule(day, found)


def as_rounds(day: Day, *, kept_by: np.ndarray, move_minor: int, may_skip: bool) -> Rounds:
    """Lay a day down in arrays, as a router takes it."""
    first, last = min(v.starts for v in day.vehicles), max(v.ends for v in day.vehicles)
    columns = [(s.parcels, s.service, s.opens, s.closes) for s in day.stops]
    parcels, service, opens, closes = np.array([(0, 0, first, last), *columns], np.int64).T
    vehicles = np.array([(v.parcels_max, v.starts, v.ends, *_rates(v)) for v in day.vehicles], np.int64)
    return Rounds(
        meters=day.meters, seconds=day.seconds, parcels=parcels, service=service, opens=opens, closes=closes,
        vehicles=vehicles, kept_by=kept_by, move_cost=move_minor * _THOUSANDTHS, skip_cost=skip_cost(day) if may_skip else 0,
    )  # fmt: skip


def skip_cost(day: Day) -> int:
    """Give what leaving a stop out is counted as: more than any vehicle could save by it, its whole day among that."""
    rates = [_rates(vehicle) for vehicle in day.vehicles]
    longest = max(vehicle.ends - vehicle.starts for vehicle in day.vehicles)
    dearest = max(fixed + 2 * int(day.meters.max()) * meter + longest * second for fixed, meter, second in rates)
    return 2 * dearest + 1


def _rates(vehicle: Vehicle) -> tuple[int, int, int]:
    """Give the cost of a day, a meter and a second in thousandths of a minor unit, the last one rounded.

    A vehicle that costs nothing by the way is counted by its meters alone: the shortest rounds are wanted then.
    """
    if not (vehicle.km_minor or vehicle.hour_minor or vehicle.day_minor):
        return 0, 1, 0
    return vehicle.day_minor * _THOUSANDTHS, vehicle.km_minor, round(vehicle.hour_minor / 3.6)


def schedule(day: Day, rounds: Sequence[Sequence[int]]) -> RoutePlan:
    """Say when each vehicle is where; a vehicle leaves as late as it can without being back later."""
    routes = tuple(
        route(day, vehicle, stops) for vehicle, stops in zip(day.vehicles, rounds, strict=True) if len(stops) > 0
    )
    served = {visit.stop for one in routes for visit in one.visits}
    return RoutePlan(
        currency=day.currency, cost_minor=sum(one.cost_minor for one in routes), routes=routes,
        meters=sum(one.meters for one in routes),
        unserved=tuple(stop.stop for stop in day.stops if stop.stop not in served),
    )  # fmt: skip


def route(day: Day, vehicle: Vehicle, stops: Sequence[int]) -> Route:
    """Make one vehicle's round of stops, by their places from 1."""
    _, _, slack = _drive(day, vehicle.starts, stops)
    visits, back, _ = _drive(day, vehicle.starts + slack, stops)
    meters = int(sum(day.meters[a, b] for a, b in zip([0, *stops], [*stops, 0], strict=True)))
    day_cost, meter_cost, second_cost = _rates(vehicle)
    thousandths = day_cost + meters * meter_cost + (back - vehicle.starts - slack) * second_cost
    is_free = not (vehicle.km_minor or vehicle.hour_minor or vehicle.day_minor)
    return Route(
        vehicle=vehicle.vehicle, leaves=vehicle.starts + slack, returns=back, visits=visits, meters=meters,
        parcels=sum(day.stops[stop - 1].parcels for stop in stops),
        cost_minor=0 if is_free else math.ceil(thousandths / _THOUSANDTHS),
    )  # fmt: skip


def _drive(day: Day, leaves: int, stops: Sequence[int]) -> tuple[tuple[Visit, ...], int, int]:
    """Drive a round; give the visits, when it is over, and by how much it could begin later and be over as early."""
    visits, now, here, waited, slack = [], leaves, 0, 0, math.inf
    for stop in stops:
        told = day.stops[stop - 1]
        arrives = now + int(day.seconds[here, stop])
        begins = max(arrives, told.opens)
        waited += begins - arrives
        slack = min(slack, waited + told.closes - begins)
        now, here = begins + told.service, stop
        visits.append(Visit(stop=told.stop, arrives=arrives, begins=begins, leaves=now))
    return tuple(visits), now + int(day.seconds[here, 0]), max(0, int(min(waited, slack)))
