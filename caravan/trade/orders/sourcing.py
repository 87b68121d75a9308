"""Sourcing: which of a seller's locations send the lines of an order, and how many units of each."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb
from typing import NamedTuple

from msgspec.structs import replace

from caravan.kernel.ids import LocationId
from caravan.trade.orders.model import Line

# So many sets of locations are looked at for one order; where there are more, the best next location is taken each time.
_SETS_MAX = 2_000


class Part(NamedTuple):
    """Units of a line that one location sends."""

    location: LocationId
    quantity: int


def split_line(line: Line, parts: Sequence[Part]) -> list[Line]:
    """Give a checkout's line as a line for each location that sends a part of it; together they cost the same."""
    shares = shared(line.shipping_minor, [part.quantity for part in parts])
    return [
        replace(line, location=part.location, quantity=part.quantity, shipping_minor=shipping)
        for part, shipping in zip(parts, shares, strict=True)
    ]


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """Part an amount by weights (above 0), so that the parts together are the whole."""
    whole, before, found = sum(weights), 0, []
    for weight in weights:
        found.append(amount * (before + weight) // whole - amount * before // whole)
        before += weight
    return found


def source(
    lines: Sequence[tuple[int, int]], free: Mapping[tuple[int, int], int], ranked: Sequence[int]
) -> list[list[Part]] | None:
    """Say for each line (SKU, units) of an order which locations send it; None where all together have too few.

    `free` has the units by location and SKU, `ranked` the locations, the one that comes first for the destination
    first. One location that has everything is preferred, then as few as can be, then those that rank first. Within
    them a line stays whole where one of them has all of it.
    """
    needed: dict[int, int] = {}
    for sku, quantity in lines:
        needed[sku] = needed.get(sku, 0) + quantity
    places = [place for place in ranked if any(free.get((place, sku), 0) > 0 for sku in needed)]
    if any(sum(_at(free, place, sku) for place in places) < quantity for sku, quantity in needed.items()):
        return None
    return _filled(lines, free, _fewest(needed, free, places))


def _at(free: Mapping[tuple[int, int], int], place: int, sku: int) -> int:
    return max(0, free.get((place, sku), 0))


def _fewest(needed: Mapping[int, int], free: Mapping[tuple[int, int], int], places: Sequence[int]) -> Sequence[int]:
    """Give the smallest set of places that has all that is needed; of those of one size, the first by rank."""
    looked = 0
    for size in range(1, len(places)):
        looked += comb(len(places), size)
        if looked > _SETS_MAX:
            return _greedy(needed, free, places)
        for chosen in combinations(places, size):
            if all(sum(_at(free, place, sku) for place in chosen) >= wanted for sku, wanted in needed.items()):
                return chosen
    return places


def _greedy(needed: Mapping[int, int], free: Mapping[tuple[int, int], int], places: Sequence[int]) -> list[int]:
    """Take the place that has most of what is still needed, again and again; of equals the first by rank."""
    left, open_places, chosen = dict(needed), list(places), list[int]()
    while any(left.values()):
        best = max(open_places, key=lambda place: sum(min(_at(free, place, sku), left[sku]) for sku in left))
        open_places.remove(best)
        chosen.append(best)
        left = {sku: wanted - min(_at(free, best, sku), wanted) for sku, wanted in left.items()}
    return sorted(chosen, key=places.index)


def _filled(
    lines: Sequence[tuple[int, int]], free: Mapping[tuple[int, int], int], chosen: Sequence[int]
) -> list[list[Part]]:
    left = {(place, sku): _at(free, place, sku) for place in chosen for sku, _ in lines}
    found = []
    for sku, quantity in lines:
        whole = next((place for place in chosen if left[place, sku] >= quantity), None)
        parts, wanted = list[Part](), quantity
        for place in chosen if whole is None else [whole]:
            taken = min(wanted, left[place, sku])
            if taken:
                parts.append(Part(LocationId(place), taken))
                left[place, sku] -= taken
                wanted -= taken
        assert not wanted, (lines, chosen)
        found.append(parts)
    return found
