"""The plan of a network: which hubs, which stock where, which linehaul, what it costs and how much of it is in time."""

import math
from collections.abc import Sequence

import msgspec

from caravan.trade.network.model import Network
from caravan.trade.network.ports import Optimizer, Report
from caravan.trade.network.program import Choice, NoPlan, Planner, ShareOutOfReach, Unreachable
from caravan.trade.network.ways import Roads, Way, Without

POINTS_MAX = 16
LOSSES_MAX = 40
_NAMED_MAX = 5
_PLACES = 4  # Digits after the point in parcels and shares: what lies below is the solver's tolerance.


class SecondSource(msgspec.Struct, frozen=True, kw_only=True):
    """Another way for a flow, kept as an option: so much more a parcel, and so much a day for hubs that are not open.

    It shares neither hub nor carrier with the first way where `covers` says "hub and carrier".
    """

    covers: str
    through: tuple[str, ...]
    carriers: tuple[str, ...]
    hours: float
    in_time: float
    extra_minor: int
    standing_minor: int
    room: float | None  # parcels a day that its hubs and legs have left; None is any number


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Parcels a day from an origin to a place on one way: through which places, by which carriers."""

    origin: str
    place: str
    parcels: float
    through: tuple[str, ...]
    carriers: tuple[str, ...]
    hubs: tuple[str, ...]
    stocked_at: str
    hours: float
    in_time: float
    parcel_minor: int
    second: SecondSource | None = None


class OpenHub(msgspec.Struct, frozen=True, kw_only=True):
    """A hub that is opened, and what passes it a day; `stocked` is what is kept there, of all."""

    place: str
    parcels: float
    stocked: float
    day_minor: int
    parcels_max: float | None


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept where: so many parcels a day of an origin's goods are sent out of a hub's stock."""

    hub: str
    origin: str
    parcels: float


class Linehaul(msgspec.Struct, frozen=True, kw_only=True):
    """What runs on a carrier's leg a day; `vehicles` is 0 where it is paid by the parcel alone."""

    carrier: str
    source: str
    target: str
    parcels: float
    vehicles: int
    is_replenishment: bool


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """How a place fares."""

    place: str
    parcels: float
    in_time: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """The least cost of a share in time; `percent_minor` is what the last percent before it costs a day."""

    share: float
    cost_minor: int
    percent_minor: int
    hubs: tuple[str, ...]
    gap: float


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """What is left when a hub or a carrier is lost and no other hub can be opened at once."""

    kind: str
    name: str
    cost_minor: int
    change_minor: int
    in_time: float
    late: tuple[str, ...]  # places that were in time, and are not
    unmoved: float
    unmoved_places: tuple[str, ...]


class NetworkPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan. Parcels and costs are a day's; `gap` is how far from the least cost it can be at most."""

    currency: str
    hours: float
    share_wanted: float
    share: float
    share_most: float
    parcels: float
    cost_minor: int
    gap: float
    hubs: tuple[OpenHub, ...]
    stock: tuple[Stock, ...]
    linehaul: tuple[Linehaul, ...]
    flows: tuple[Flow, ...]
    places: tuple[Served, ...]
    curve: tuple[Point, ...] = ()
    losses: tuple[Loss, ...] = ()


def plan_network(
    network: Network, optimizer: Optimizer, *, share: float, hours: float, seconds: float, report: Report
) -> NetworkPlan:
    """Choose hubs, stock and linehaul at least cost so that a share of all parcels is there within the hours.

    `seconds` bounds each question to the solver. With the plan come what each further percent costs, what a lost hub or
    carrier does, and a second source for each flow. Refused are places that nothing leads to, capacities that are too
    small for all, and a share that is out of reach.
    """
    report("plan", 0, 1)
    planner = Planner(network, hours=hours)
    if planner.unreached():
        pairs = [f"{row.place} from {row.origin or 'stock'}" for row in planner.unreached()]
        more = f" and {len(pairs) - _NAMED_MAX} more" if len(pairs) > _NAMED_MAX else ""
        raise Unreachable(f"No way leads to {', '.join(pairs[:_NAMED_MAX])}{more}.", pairs=pairs[:_NAMED_MAX])
    most = planner.most_in_time(optimizer, seconds=seconds)
    if share > most + 1e-6:
        raise ShareOutOfReach(
            f"At most {math.floor(most * 10_000) / 100:g} % of the parcels can be there within {hours:g} hours.",
            share_most=round(most, _PLACES),
        )
    chosen = planner.least(optimizer, share=share, seconds=seconds)
    if chosen is None:
        raise NoPlan
    report("plan", 1, 1)
    plan = _told(network, planner, chosen, share=share, hours=hours, most=most)
    plan = msgspec.structs.replace(plan, flows=_with_seconds(plan, planner, hours))
    plan = msgspec.structs.replace(plan, curve=_curve(planner, optimizer, plan, seconds=seconds, report=report))
    return msgspec.structs.replace(plan, losses=_losses(network, optimizer, plan, seconds=seconds, report=report))


def _told(
    network: Network, planner: Planner, chosen: Choice, *, share: float, hours: float, most: float
) -> NetworkPlan:
    flows = tuple(
        sorted(
            (_flow(planner, number, way, parcels) for number, way, parcels in chosen.flows),
            key=lambda flow: (-flow.parcels, flow.place, flow.origin, flow.through),
        )
    )
    return NetworkPlan(
        currency=network.currency, hours=hours, share_wanted=share, share_most=math.floor(most * 10**_PLACES) / 10**_PLACES,
        share=round(_in_time(planner, chosen), _PLACES), parcels=planner.total, cost_minor=round(chosen.cost),
        gap=chosen.gap, hubs=_open_hubs(planner, chosen), flows=flows, stock=_stock(flows),
        linehaul=_linehaul(planner, chosen), places=_served(planner, chosen),
    )  # fmt: skip


def _in_time(planner: Planner, chosen: Choice) -> float:
    return sum(parcels * way.in_time for _, way, parcels in chosen.flows) / planner.total


def _flow(planner: Planner, number: int, way: Way, parcels: float) -> Flow:
    wanted = planner.demand[number]
    return Flow(
        origin=wanted.origin, place=wanted.place, parcels=round(parcels, _PLACES), hubs=way.hubs,
        through=_through(planner.roads, way, wanted.origin), carriers=_carriers(planner.roads, way),
        stocked_at=way.hubs[0] if way.stocked else "", hours=way.hours, in_time=way.in_time,
        parcel_minor=way.cost_minor,
    )  # fmt: skip


def _through(roads: Roads, way: Way, origin: str) -> tuple[str, ...]:
    start = origin or way.hubs[0]
    return (start, *(roads.legs[leg].target for leg in way.legs))


def _carriers(roads: Roads, way: Way) -> tuple[str, ...]:
    return tuple(roads.legs[leg].carrier for leg in way.legs)


def _open_hubs(planner: Planner, chosen: Choice) -> tuple[OpenHub, ...]:
    found = []
    for hub in chosen.hubs:
        told = planner.roads.hubs[hub]
        passing = [(way, parcels) for _, way, parcels in chosen.flows if hub in way.hubs]
        stocked = sum(parcels for way, parcels in passing if way.stocked and way.hubs[0] == hub)
        found.append(
            OpenHub(
                place=hub, parcels=round(sum(parcels for _, parcels in passing), _PLACES), stocked=round(stocked, _PLACES),
                day_minor=told.day_minor, parcels_max=told.parcels_max,
            )
        )  # fmt: skip
    return tuple(found)


def _stock(flows: Sequence[Flow]) -> tuple[Stock, ...]:
    kept: dict[tuple[str, str], float] = {}
    for flow in flows:
        if flow.stocked_at:
            kept[flow.stocked_at, flow.origin] = kept.get((flow.stocked_at, flow.origin), 0.0) + flow.parcels
    return tuple(
        Stock(hub=hub, origin=origin, parcels=round(parcels, _PLACES))
        for (hub, origin), parcels in sorted(kept.items())
    )


def _linehaul(planner: Planner, chosen: Choice) -> tuple[Linehaul, ...]:
    vehicles = dict(chosen.vehicles)
    used: dict[tuple[int, bool], float] = {}
    for _, way, parcels in chosen.flows:
        for place, leg in enumerate(way.legs):
            is_before = way.stocked and planner.roads.legs[leg].target == way.hubs[0] and place == 0
            used[leg, is_before] = used.get((leg, is_before), 0.0) + parcels
    return tuple(
        Linehaul(
            carrier=told.carrier, source=told.source, target=told.target, parcels=round(parcels, _PLACES),
            vehicles=vehicles.get(leg, 0), is_replenishment=is_before,
        )
        for (leg, is_before), parcels in sorted(used.items())
        for told in [planner.roads.legs[leg]]
    )  # fmt: skip


def _served(planner: Planner, chosen: Choice) -> tuple[Served, ...]:
    wanted: dict[str, float] = {}
    kept: dict[str, float] = {}
    for row in planner.demand:
        wanted[row.place] = wanted.get(row.place, 0.0) + row.parcels
    for number, way, parcels in chosen.flows:
        place = planner.demand[number].place
        kept[place] = kept.get(place, 0.0) + parcels * way.in_time
    return tuple(
        Served(place=place, parcels=round(parcels, _PLACES), in_time=round(kept.get(place, 0.0) / parcels, _PLACES))
        for place, parcels in wanted.items()
    )


def _curve(
    planner: Planner, optimizer: Optimizer, plan: NetworkPlan, *, seconds: float, report: Report
) -> tuple[Point, ...]:
    """Solve again for each whole percent between the cheapest plan of all and the most that can be in time."""
    free = planner.least(optimizer, share=0.0, seconds=seconds)
    assert free is not None, "A plan is there, so one without a share to keep is there, too."
    least = _in_time(planner, free)
    percents = range(math.floor(least * 100) + 1, math.ceil(plan.share_most * 100))
    wanted = [*[share / 100 for share in percents][-POINTS_MAX:], plan.share_wanted, plan.share_most]
    shares = sorted({share for share in wanted if share > least + 10**-_PLACES})
    points = [_point(least, free, None)]
    for done, share in enumerate(shares, 1):
        report("curve", done, len(shares))
        found = planner.least(optimizer, share=share, seconds=seconds)
        if found is not None:
            points.append(_point(share, found, points[-1]))
    return tuple(points)


def _point(share: float, found: Choice, before: Point | None) -> Point:
    cost = round(found.cost)
    percent = round((cost - before.cost_minor) / (100 * (share - before.share))) if before else 0
    return Point(share=round(share, _PLACES), cost_minor=cost, percent_minor=percent, hubs=found.hubs, gap=found.gap)


def _losses(
    network: Network, optimizer: Optimizer, plan: NetworkPlan, *, seconds: float, report: Report
) -> tuple[Loss, ...]:
    """Take each open hub and each carrier away and choose again with what is left."""
    carriers: dict[str, float] = {}
    for flow in plan.flows:
        for carrier in dict.fromkeys(flow.carriers):
            carriers[carrier] = carriers.get(carrier, 0.0) + flow.parcels
    busy = sorted(plan.hubs, key=lambda hub: (-hub.parcels, hub.place))
    lost = [("hub", hub.place) for hub in busy]
    lost += [("carrier", name) for name, _ in sorted(carriers.items(), key=lambda entry: (-entry[1], entry[0]))]
    found = []
    for done, (kind, name) in enumerate(lost[:LOSSES_MAX], 1):
        report("losses", done, min(len(lost), LOSSES_MAX))
        found.append(_loss(network, optimizer, plan, kind=kind, name=name, seconds=seconds))
    return tuple(found)


def _loss(network: Network, optimizer: Optimizer, plan: NetworkPlan, *, kind: str, name: str, seconds: float) -> Loss:
    open_hubs = frozenset(hub.place for hub in plan.hubs)
    planner = Planner(
        network, hours=plan.hours, only_hubs=open_hubs - {name} if kind == "hub" else open_hubs,
        without_carriers=frozenset({name}) if kind == "carrier" else frozenset(),
    )  # fmt: skip
    chosen = planner.best_left(optimizer, share=plan.share_wanted, seconds=seconds)
    # A hub over which nothing can go any more is paid for all the same.
    idle = sum(
        hub.day_minor for hub in plan.hubs if hub.place not in planner.hubs and (kind, name) != ("hub", hub.place)
    )
    before = {place.place: place.in_time for place in plan.places}
    late = [place.place for place in _served(planner, chosen) if place.in_time < before[place.place] - 10**-_PLACES]
    unmoved = {planner.demand[number].place: parcels for number, parcels in chosen.unmoved}
    return Loss(
        kind=kind, name=name, cost_minor=round(chosen.cost) + idle,
        change_minor=round(chosen.cost) + idle - plan.cost_minor, in_time=round(_in_time(planner, chosen), _PLACES),
        late=tuple(late), unmoved=round(sum(parcels for _, parcels in chosen.unmoved), _PLACES),
        unmoved_places=tuple(sorted(unmoved)),
    )  # fmt: skip


def _with_seconds(plan: NetworkPlan, planner: Planner, hours: float) -> tuple[Flow, ...]:
    numbers = {(row.origin, row.place): number for number, row in enumerate(planner.demand)}
    room = _Room(plan, planner.roads)
    return tuple(
        msgspec.structs.replace(flow, second=_second(flow, numbers[flow.origin, flow.place], planner, room, hours))
        for flow in plan.flows
    )


class _Room:
    """What a plan leaves free on hubs and legs."""

    def __init__(self, plan: NetworkPlan, roads: Roads) -> None:
        self.open_hubs = {hub.place for hub in plan.hubs}
        self._roads = roads
        self._less: dict[Without, Roads] = {}
        self._at = {hub.place: hub.parcels for hub in plan.hubs}
        self._on: dict[tuple[str, str, str], float] = {}
        for line in plan.linehaul:
            key = (line.carrier, line.source, line.target)
            self._on[key] = self._on.get(key, 0.0) + line.parcels

    def roads(self, without: Without) -> Roads:
        """Give the network without some hubs and carriers, made once."""
        if without not in self._less:
            self._less[without] = Roads(self._roads.network, without)
        return self._less[without]

    def left(self, way: Way) -> float | None:
        """Give how many parcels more a way takes; None where nothing bounds it."""
        found = []
        for hub in way.hubs:
            most = self._roads.hubs[hub].parcels_max
            found += [most - self._at.get(hub, 0.0)] if most is not None else []
        for number in way.legs:
            leg = self._roads.legs[number]
            used = self._on.get((leg.carrier, leg.source, leg.target), 0.0)
            found += [leg.parcels_max - used] if leg.parcels_max is not None else []
        return round(max(0.0, min(found)), _PLACES) if found else None


def _second(flow: Flow, number: int, planner: Planner, room: _Room, hours: float) -> SecondSource | None:
    """Find the other way that costs least to have and to use, in time if one is; the more it covers, the better."""
    roads, wanted = planner.roads, planner.demand[number]
    hubs, carriers = frozenset(flow.hubs), frozenset(flow.carriers)
    wishes = [("hub and carrier", Without(hubs, carriers)), ("hub", Without(hubs=hubs))] if hubs else []
    for covers, without in [*wishes, ("carrier", Without(carriers=carriers))]:
        ways = list(room.roads(without).ways(wanted, hours=hours))
        if not ways:
            continue
        priced = [(way.in_time == 0, *_price(way, flow, roads, room), way) for way in ways]
        _, _, extra, standing, way = min(priced, key=lambda entry: entry[:4])
        return SecondSource(
            covers=covers, through=_through(roads, way, wanted.origin), carriers=_carriers(roads, way),
            hours=way.hours, in_time=way.in_time, extra_minor=extra, standing_minor=standing, room=room.left(way),
        )  # fmt: skip
    return None


def _price(way: Way, flow: Flow, roads: Roads, room: _Room) -> tuple[float, int, int]:
    """Give what a way costs a day if it is used, what a parcel costs more on it, and what stands whether used or not."""
    legs = [roads.legs[leg] for leg in way.legs]
    ridden = sum(leg.vehicle_minor / leg.vehicle_parcels for leg in legs if leg.vehicle_parcels)
    extra = round(way.cost_minor + ridden - flow.parcel_minor)
    standing = sum(roads.hubs[hub].day_minor for hub in way.hubs if hub not in room.open_hubs)
    return extra * flow.parcels + standing, extra, standing
