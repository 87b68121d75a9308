"""A network as it is told: places, the hubs that may be opened, carriers' legs between them, and who wants how much."""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from caravan.kernel.money import AMOUNT_MAX, CURRENCIES

PLACES_MAX = 5_000
HUBS_MAX = 200
LEGS_MAX = 50_000
DEMANDS_MAX = 20_000
NAME_CHARACTERS_MAX = 80

Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
Origin = Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX)]
Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Hours = Annotated[float, Meta(ge=0, le=10_000)]
Parcels = Annotated[float, Meta(ge=0, le=1e9)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point on the map: where parcels are wanted, where they come from, or where a hub could be."""

    place: Name
    name: Origin = ""
    latitude: Latitude
    longitude: Longitude
    hours: Hours = 0.0  # until a parcel that starts here is ready to go


class Hub(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where a hub may be opened, and what it costs. Without `parcels_max` it takes any number a day."""

    place: Name
    day_minor: Minor  # while it is open, busy or not
    parcel_minor: Minor = 0  # for each parcel that passes
    stock_minor: Minor = 0  # on top, for each parcel that is kept here before it is ordered
    hours: Hours = 0.0  # from a parcel's arrival, or its order where it is in stock, to its departure
    parcels_max: Parcels | None = None
    can_stock: bool = True


class Leg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way on which a carrier takes parcels.

    Its `hours` are kept with the probability `reliability`. A leg with `vehicle_parcels` runs in whole vehicles: each
    costs `vehicle_minor` a day and takes so many parcels.
    """

    carrier: Name
    source: Name
    target: Name
    parcel_minor: Minor
    hours: Hours
    reliability: Share = 1.0
    parcels_max: Parcels | None = None
    vehicle_minor: Minor = 0
    vehicle_parcels: Annotated[int, Meta(ge=0, le=10**6)] = 0
    both_ways: bool = False


class Demand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many parcels a day are wanted at a place. Without an origin, they may come out of any hub's stock."""

    place: Name
    origin: Origin = ""
    parcels: Parcels


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a plan is made from. Costs are in minor units of one currency, parcels and costs are a day's."""

    currency: str
    places: Annotated[tuple[Place, ...], Meta(max_length=PLACES_MAX)]
    hubs: Annotated[tuple[Hub, ...], Meta(max_length=HUBS_MAX)] = ()
    legs: Annotated[tuple[Leg, ...], Meta(max_length=LEGS_MAX)]
    demand: Annotated[tuple[Demand, ...], Meta(max_length=DEMANDS_MAX)]


class Fault(NamedTuple):
    """What is wrong with a row; rows count from 1, and 0 is the table itself."""

    table: str
    row: int
    field: str
    reason: str


def faults(network: Network) -> list[Fault]:
    """Name every row that contradicts another; a network without faults can be planned for."""
    found = []
    if network.currency not in CURRENCIES:
        found.append(Fault("network", 0, "currency", f"{network.currency[:8]!r} is no currency that Caravan knows."))
    known = {place.place for place in network.places}
    found += _twice("places", [(place.place,) for place in network.places], "place")
    found += _twice("hubs", [(hub.place,) for hub in network.hubs], "place")
    found += _twice("demand", [(row.place, row.origin) for row in network.demand], "place")
    found += _strangers(network, known)
    if not sum(row.parcels for row in network.demand) > 0:
        found.append(Fault("demand", 0, "parcels", "Nobody wants a parcel: one row at least is above zero."))
    return found


def _twice(table: str, keys: Sequence[tuple[str, ...]], field: str) -> Iterator[Fault]:
    first: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(keys, 1):
        if key in first:
            yield Fault(table, row, field, f"Row {first[key]} says the same {' from '.join(filter(None, key))!r}.")
        first.setdefault(key, row)


def _strangers(network: Network, known: set[str]) -> Iterator[Fault]:
    named = [("hubs", row, "place", hub.place) for row, hub in enumerate(network.hubs, 1)]
    for row, leg in enumerate(network.legs, 1):
        named += [("legs", row, "source", leg.source), ("legs", row, "target", leg.target)]
        if leg.source == leg.target:
            yield Fault("legs", row, "target", "A leg leads to another place.")
        if leg.vehicle_minor and not leg.vehicle_parcels:
            yield Fault("legs", row, "vehicle_parcels", "A vehicle that costs something takes some parcels.")
    for row, wanted in enumerate(network.demand, 1):
        named.append(("demand", row, "place", wanted.place))
        named += [("demand", row, "origin", wanted.origin)] if wanted.origin else []
    for table, row, field, place in named:
        if place not in known:
            yield Fault(table, row, field, f"{place!r} is not among the places.")
