"""Checks a finished plan against what it was made for, without any of the code that made it."""

import math
from collections import Counter
from collections.abc import Iterator

from caravan.trade.network.model import Leg, Network
from caravan.trade.network.plan import Flow, NetworkPlan
from caravan.trade.network.rounds import Day, Route, RoutePlan

_NEAR = 0.01  # Parcels a day: flows are told to four digits, and there are at most so many of them at one place.
_ROUNDED = 1e-4  # A parcel count may be told so much too high or too low.


def network_findings(network: Network, plan: NetworkPlan) -> list[str]:
    """Say in sentences what is wrong with a plan: all demand goes, over open hubs, within capacities, for its cost."""
    legs = {(leg.carrier, leg.source, leg.target): leg for leg in network.legs}
    legs |= {(leg.carrier, leg.target, leg.source): leg for leg in network.legs if leg.both_ways}
    found = [what for flow in plan.flows for what in _wrong_flow(network, plan, flow, legs)]
    if found:
        return found
    found += _demand(network, plan)
    found += _capacities(network, plan, legs)
    in_time = sum(flow.parcels * flow.in_time for flow in plan.flows) / plan.parcels
    short = _ROUNDED * len(plan.flows) / plan.parcels + _ROUNDED
    if in_time < plan.share_wanted - short or abs(in_time - plan.share) > _NEAR:
        found.append(
            f"The share in time is {in_time:.4f}; the plan says {plan.share}, and {plan.share_wanted} is wanted."
        )
    cost = sum(flow.parcels * flow.parcel_minor for flow in plan.flows) + sum(hub.day_minor for hub in plan.hubs)
    ridden = {(line.carrier, line.source, line.target): line.vehicles for line in plan.linehaul}
    cost += sum(legs[leg].vehicle_minor * vehicles for leg, vehicles in ridden.items())
    if abs(cost - plan.cost_minor) > 1 + _ROUNDED * sum(flow.parcel_minor for flow in plan.flows):
        found.append(f"The parts cost {cost:.2f}; the plan says {plan.cost_minor}.")
    return found


def _wrong_flow(
    network: Network, plan: NetworkPlan, flow: Flow, legs: dict[tuple[str, str, str], Leg]
) -> Iterator[str]:
    """Walk a flow's way again: its legs join, its hubs are open, and its cost and hours are those of its parts."""
    name = f"The flow to {flow.place} from {flow.origin or 'stock'}"
    steps = list(zip(flow.carriers, flow.through[:-1], flow.through[1:], strict=True))
    if any(step not in legs for step in steps) or flow.through[-1] != flow.place:
        yield f"{name} goes a way that is not there."
        return
    if {*flow.hubs} - {hub.place for hub in plan.hubs} or not {*flow.hubs} <= {*flow.through}:
        yield f"{name} goes over a hub that is not open."
        return
    hubs = {hub.place: hub for hub in network.hubs}
    ready = {place.place: place.hours for place in network.places}
    cost = sum(legs[step].parcel_minor for step in steps) + sum(hubs[hub].parcel_minor for hub in flow.hubs)
    takes, kept, is_ordered = ready.get(flow.origin, 0.0), 1.0, not flow.stocked_at
    if flow.stocked_at:
        cost += hubs[flow.stocked_at].stock_minor
        takes = 0.0
    for carrier, source, target in steps:
        is_ordered = is_ordered or source == flow.stocked_at
        if is_ordered:
            takes += legs[carrier, source, target].hours
            kept *= legs[carrier, source, target].reliability
    takes += sum(hubs[hub].hours for hub in flow.hubs)
    if cost != flow.parcel_minor or abs(takes - flow.hours) > _NEAR:
        yield f"{name} costs {cost} and takes {takes}; the plan says {flow.parcel_minor} and {flow.hours}."
    if not math.isclose(flow.in_time, kept if takes <= plan.hours else 0.0, abs_tol=1e-9):
        yield f"{name} is not in time as the plan says."


def _demand(network: Network, plan: NetworkPlan) -> Iterator[str]:
    left: dict[tuple[str, str], float] = {(row.origin, row.place): row.parcels for row in network.demand}
    for flow in plan.flows:
        left[flow.origin, flow.place] = left.get((flow.origin, flow.place), 0.0) - flow.parcels
    for (origin, place), parcels in left.items():
        if abs(parcels) > _NEAR:
            yield f"{parcels:.3f} parcels to {place} from {origin or 'stock'} are left."


def _capacities(network: Network, plan: NetworkPlan, legs: dict[tuple[str, str, str], Leg]) -> Iterator[str]:
    at: dict[str, float] = {}
    on: dict[tuple[str, str, str], float] = {}
    for flow in plan.flows:
        for hub in flow.hubs:
            at[hub] = at.get(hub, 0.0) + flow.parcels
        for step in zip(flow.carriers, flow.through[:-1], flow.through[1:], strict=True):
            on[step] = on.get(step, 0.0) + flow.parcels
    for told in network.hubs:
        if told.parcels_max is not None and at.get(told.place, 0.0) > told.parcels_max + _NEAR:
            yield f"{at[told.place]:.3f} parcels go over {told.place}, which takes {told.parcels_max}."
    vehicles = {(line.carrier, line.source, line.target): line.vehicles for line in plan.linehaul}
    for step, parcels in on.items():
        leg = legs[step]
        if leg.parcels_max is not None and parcels > leg.parcels_max + _NEAR:
            yield f"{parcels:.3f} parcels go from {leg.source} to {leg.target}; {leg.carrier} takes {leg.parcels_max}."
        if leg.vehicle_parcels and parcels > vehicles.get(step, 0) * leg.vehicle_parcels + _NEAR:
            yield f"{vehicles.get(step, 0)} vehicles from {leg.source} to {leg.target} don't take {parcels:.3f} parcels."


def route_findings(day: Day, plan: RoutePlan) -> list[str]:
    """Say in sentences what is wrong with rounds: every stop once, capacities, windows, shifts, ways and sums."""
    known = {stop.stop: place for place, stop in enumerate(day.stops, 1)}
    told = Counter([visit.stop for route in plan.routes for visit in route.visits] + list(plan.unserved))
    found = [f"Stop {stop} is told of {count} times." for stop, count in told.items() if count != 1]
    found += [f"Stop {stop} is forgotten." for stop in known if stop not in told]
    found += [f"Stop {stop} is not the day's." for stop in told if stop not in known]
    drivers = Counter(route.vehicle for route in plan.routes)
    found += [f"Vehicle {vehicle} drives {count} rounds." for vehicle, count in drivers.items() if count != 1]
    if found:
        return found
    for route in plan.routes:
        found += [f"Vehicle {route.vehicle}: {what}" for what in _wrong_route(day, route, known)]
    if plan.meters != sum(route.meters for route in plan.routes):
        found.append("The meters are not the sum of the routes'.")
    if plan.cost_minor != sum(route.cost_minor for route in plan.routes):
        found.append("The cost is not the sum of the routes'.")
    return found


def _wrong_route(day: Day, route: Route, known: dict[str, int]) -> Iterator[str]:
    vehicle = next((vehicle for vehicle in day.vehicles if vehicle.vehicle == route.vehicle), None)
    if vehicle is None:
        yield "it is not the day's."
        return
    if route.leaves < vehicle.starts or route.returns > vehicle.ends:
        yield f"it is out from {route.leaves} to {route.returns}, beyond its shift."
    now, here, meters, parcels = route.leaves, 0, 0, 0
    for visit in route.visits:
        place = known[visit.stop]
        stop = day.stops[place - 1]
        if visit.arrives < now + day.seconds[here, place]:
            yield f"it is at {visit.stop} before it can be."
        if not max(visit.arrives, stop.opens) <= visit.begins <= stop.closes:
            yield f"service at {visit.stop} begins outside its window."
        if visit.leaves < visit.begins + stop.service:
            yield f"it leaves {visit.stop} before the service is over."
        meters += int(day.meters[here, place])
        parcels += stop.parcels
        now, here = visit.leaves, place
    if route.returns < now + day.seconds[here, 0]:
        yield "it is back before it can be."
    if parcels > vehicle.parcels_max or parcels != route.parcels:
        yield f"it carries {parcels} parcels, and says {route.parcels}; it takes {vehicle.parcels_max}."
    if meters + int(day.meters[here, 0]) != route.meters:
        yield "its meters are not those of its stops."
