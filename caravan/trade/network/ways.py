"""The ways that a parcel can take from where it starts to where it is wanted, without those that another way beats."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from caravan.kernel.errors import Refusal
from caravan.trade.network.model import Demand, Hub, Leg, Network

WAYS_MAX = 1_000_000  # for one demand, before those that are beaten are cut


class TooManyWays(Refusal):
    """There are more ways through this network than can be looked at: leave out hubs or legs that cannot matter."""


class Way(NamedTuple):
    """A way: legs by number, the hubs between, its cost and hours, and the probability that it is in time.

    `stocked` says that the first hub keeps the parcel in stock: what is before it happens before the order.
    """

    legs: tuple[int, ...]
    hubs: tuple[str, ...]
    stocked: bool
    cost_minor: int
    hours: float
    in_time: float


class Without(NamedTuple):
    """Hubs and carriers that are left out."""

    hubs: frozenset[str] = frozenset()
    carriers: frozenset[str] = frozenset()


class _Piece(NamedTuple):
    """A part of a way: legs in a row with the hubs that they pass, and the legs among them that can run out."""

    legs: tuple[int, ...]
    hubs: tuple[str, ...]
    scarce: frozenset[int]
    cost_minor: int
    hours: float
    reliability: float


_NOTHING = _Piece((), (), frozenset(), 0, 0.0, 1.0)


class Roads:
    """A network made ready to be walked: the legs out of each place, both ways where they go both ways.

    Pieces of ways are cut as soon as another piece beats them, for whatever is added to both keeps it so.
    """

    def __init__(self, network: Network, without: Without | None = None) -> None:
        self.network = network
        without = without or Without()
        self.hubs: dict[str, Hub] = {hub.place: hub for hub in network.hubs if hub.place not in without.hubs}
        self.hours = {place.place: place.hours for place in network.places}
        both = ((leg, _turned(leg)) if leg.both_ways else (leg,) for leg in network.legs)
        self.legs: list[Leg] = [leg for pair in both for leg in pair]  # Numbered the same, whatever is left out.
        self._from: dict[tuple[str, str], list[int]] = {}
        for number, leg in enumerate(self.legs):
            if leg.carrier not in without.carriers:
                self._from.setdefault((leg.source, leg.target), []).append(number)
        self._steps: dict[tuple[str, str], list[_Piece]] = {}
        self._onward: dict[tuple[str, str], list[_Piece]] = {}

    def ways(self, wanted: Demand, *, hours: float) -> Iterator[Way]:
        """Give the ways for a demand: straight, or over one or two hubs, in stock at the first or only passing."""
        ready = self.hours.get(wanted.origin, 0.0)
        if wanted.origin:
            for piece in self._step(wanted.origin, wanted.place):
                yield _way(piece, _NOTHING, hours=hours, ready=ready)
        for hub in self.hubs.values():
            inward = self._step(wanted.origin, hub.place) if wanted.origin else [_NOTHING]
            if wanted.origin == hub.place:
                inward = [_NOTHING]  # It starts where the hub is.
            before = list(_front(inward, _is_no_dearer)) if hub.can_stock else []
            for onward in self._over(hub.place, wanted.place) if inward else ():
                for first in inward if wanted.origin else ():
                    yield _way(first, onward, hours=hours, ready=ready)
                for first in before:
                    yield _way(first, onward, hours=hours, ready=0.0, stock_minor=hub.stock_minor)

    def _step(self, source: str, target: str) -> list[_Piece]:
        """Give the legs from a place to another."""
        key = (source, target)
        if key not in self._steps:
            pieces = []
            for number in self._from.get(key, ()):
                leg = self.legs[number]
                scarce = frozenset({number} if leg.parcels_max is not None or leg.vehicle_parcels else ())
                pieces.append(_Piece((number,), (), scarce, leg.parcel_minor, leg.hours, leg.reliability))
            self._steps[key] = list(_front(pieces, _is_no_worse))
        return self._steps[key]

    def _over(self, hub: str, target: str) -> list[_Piece]:
        """Give the ways from a hub, its own handling among them, straight or over one more hub."""
        key = (hub, target)
        if key not in self._onward:
            told = self.hubs[hub]
            here = _Piece((), (hub,), frozenset(), told.parcel_minor, told.hours, 1.0)
            found = [_joined(here, step) for step in self._last(hub, target)]
            for other in self.hubs.values():
                across = self._step(hub, other.place)
                there = _Piece((), (other.place,), frozenset(), other.parcel_minor, other.hours, 1.0)
                for step in self._last(other.place, target) if across else ():
                    found += [_joined(here, over, there, step) for over in across]
            self._onward[key] = list(_front(found, _is_no_worse))
        return self._onward[key]

    def _last(self, hub: str, target: str) -> list[_Piece]:
        # Wanted where the hub is: it is handed over at its door.
        return [_NOTHING] if hub == target else self._step(hub, target)

    def scarce(self, way: Way) -> frozenset[int]:
        """Name the legs of a way that can run out, or that cost by the vehicle."""
        told = ((number, self.legs[number]) for number in way.legs)
        return frozenset(number for number, leg in told if leg.parcels_max is not None or leg.vehicle_parcels)


def _turned(leg: Leg) -> Leg:
    return replace(leg, source=leg.target, target=leg.source, both_ways=False)


def _joined(*pieces: _Piece) -> _Piece:
    legs, hubs, scarce, costs, hours, reliability = zip(*pieces, strict=True)
    return _Piece(
        sum(legs, ()), sum(hubs, ()), frozenset().union(*scarce), sum(costs), sum(hours), math.prod(reliability)
    )


def _way(first: _Piece, onward: _Piece, *, hours: float, ready: float, stock_minor: int | None = None) -> Way:
    is_stocked = stock_minor is not None
    takes = onward.hours + (0.0 if is_stocked else ready + first.hours)
    kept = onward.reliability * (1.0 if is_stocked else first.reliability)
    return Way(
        first.legs + onward.legs, onward.hubs, is_stocked, first.cost_minor + onward.cost_minor + (stock_minor or 0),
        takes, kept if takes <= hours else 0.0,
    )  # fmt: skip


def _front(pieces: Iterable[_Piece], beats: Callable[[_Piece, _Piece], bool]) -> Iterator[_Piece]:
    """Cut pieces that another beats, over no other hub and no other scarce leg."""
    kept: list[tuple[frozenset[str], _Piece]] = []
    for piece in sorted(pieces, key=lambda one: (len(one.hubs) + len(one.scarce), one.cost_minor, one.hours, one.legs)):
        over = frozenset(piece.hubs)
        if any(hubs <= over and rival.scarce <= piece.scarce and beats(rival, piece) for hubs, rival in kept):
            continue
        kept.append((over, piece))
        yield piece


def _is_no_worse(one: _Piece, other: _Piece) -> bool:
    return one.cost_minor <= other.cost_minor and one.hours <= other.hours and one.reliability >= other.reliability


def _is_no_dearer(one: _Piece, other: _Piece) -> bool:
    return one.cost_minor <= other.cost_minor


def worth_taking(roads: Roads, ways: Iterator[Way]) -> list[Way]:
    """Cut the ways that another beats: no dearer, no later, over no other hub and no other scarce leg.

    A plan that uses a beaten way is not worse with the other, so cutting loses nothing.
    """
    found: Sequence[tuple[int, int, Way, frozenset[str], frozenset[int]]] = []
    found = [(len(way.hubs), way.cost_minor, way, frozenset(way.hubs), roads.scarce(way)) for way in ways]
    if len(found) > WAYS_MAX:
        raise TooManyWays
    kept: list[tuple[Way, frozenset[str], frozenset[int]]] = []
    ranked = sorted(found, key=lambda one: (one[0] + len(one[4]), one[1], -one[2].in_time, one[2].legs, one[2].stocked))
    for _, _, way, over, scarce in ranked:
        if not any(hubs <= over and needed <= scarce and _beats(rival, way) for rival, hubs, needed in kept):
            kept.append((way, over, scarce))
    return [way for way, _, _ in kept]


def _beats(one: Way, other: Way) -> bool:
    return one.cost_minor <= other.cost_minor and one.in_time >= other.in_time
