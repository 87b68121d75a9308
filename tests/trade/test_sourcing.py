"""Tests of sourcing: one location before several, few before many, and those that rank first among equals."""

import random
from itertools import combinations

import pytest

from caravan.kernel.ids import ListingId, LocationId, SellerId, SkuId
from caravan.trade import orders
from caravan.trade.orders import Line, Part

CUP, MUG = 1, 2
LYON, MADRID, PORTO = 1, 2, 3
RANKED = [LYON, MADRID, PORTO]


def parts(*found: tuple[int, int]) -> list[Part]:
    return [Part(LocationId(place), quantity) for place, quantity in found]


@pytest.mark.parametrize(
    ("lines", "free", "wanted"),
    [
        ([(CUP, 1)], {(LYON, CUP): 5}, [parts((LYON, 1))]),
        # One place that has everything, though another ranks first.
        (
            [(CUP, 2), (MUG, 1)],
            {(LYON, CUP): 9, (PORTO, CUP): 2, (PORTO, MUG): 1},
            [parts((PORTO, 2)), parts((PORTO, 1))],
        ),
        # Of two that have everything, the one that ranks first.
        ([(CUP, 2)], {(MADRID, CUP): 2, (PORTO, CUP): 2}, [parts((MADRID, 2))]),
        # As few as can be: two, not three.
        ([(CUP, 4)], {(LYON, CUP): 1, (MADRID, CUP): 1, (PORTO, CUP): 3}, [parts((LYON, 1), (PORTO, 3))]),
        # Within those a line stays whole where it can.
        (
            [(CUP, 3), (MUG, 1)],
            {(LYON, CUP): 2, (LYON, MUG): 1, (MADRID, CUP): 3},
            [parts((MADRID, 3)), parts((LYON, 1))],
        ),
        ([(CUP, 3)], {(LYON, CUP): 2, (MADRID, CUP): 1}, [parts((LYON, 2), (MADRID, 1))]),
        # Two lines of one SKU draw on the same shelf.
        ([(CUP, 2), (CUP, 2)], {(LYON, CUP): 3, (MADRID, CUP): 1}, [parts((LYON, 2)), parts((LYON, 1), (MADRID, 1))]),
    ],
)
def test_lines_are_sent_from_as_few_locations_as_can_be(
    lines: list[tuple[int, int]], free: dict[tuple[int, int], int], wanted: list[list[Part]]
) -> None:
    assert orders.source(lines, free, RANKED) == wanted


@pytest.mark.parametrize("free", [{}, {(LYON, CUP): 1, (MADRID, CUP): 1}, {(LYON, CUP): -4, (MADRID, CUP): 2}])
def test_too_few_units_are_sent_from_nowhere(free: dict[tuple[int, int], int]) -> None:
    assert orders.source([(CUP, 3)], free, RANKED) is None


def test_whatever_lies_where_no_more_is_taken_than_is_there_and_no_set_would_be_smaller() -> None:
    dice = random.Random(54)
    for _ in range(300):
        places, skus = list(range(1, dice.randint(2, 6))), [CUP, MUG, 3][: dice.randint(1, 3)]
        free = {(place, sku): dice.randint(0, 4) for place in places for sku in skus}
        lines = [(dice.choice(skus), dice.randint(1, 5)) for _ in range(dice.randint(1, 4))]

        found = orders.source(lines, free, places)

        needed = {sku: sum(units for one, units in lines if one == sku) for sku in skus}
        is_enough = all(sum(free[place, sku] for place in places) >= units for sku, units in needed.items())
        assert (found is not None) == is_enough
        if found is None:
            continue
        taken: dict[tuple[int, int], int] = {}
        for (sku, units), of_line in zip(lines, found, strict=True):
            assert sum(part.quantity for part in of_line) == units
            for part in of_line:
                taken[part.location, sku] = taken.get((part.location, sku), 0) + part.quantity
        assert all(units <= free[key] for key, units in taken.items())
        used = len({place for place, _ in taken})
        assert not any(
            all(sum(free[place, sku] for place in chosen) >= units for sku, units in needed.items())
            for size in range(1, used)
            for chosen in combinations(places, size)
        )


def test_of_very_many_locations_the_best_next_one_is_taken() -> None:
    places = list(range(1, 51))
    free = {(place, CUP): place for place in places}

    found = orders.source([(CUP, 50 + 49 + 48 + 47)], free, places)

    assert found == [parts((47, 47), (48, 48), (49, 49), (50, 50))]


def test_a_line_that_is_split_costs_the_same_together() -> None:
    line = Line(ListingId(1), SkuId(CUP), LocationId(LYON), SellerId(1), 3, 1_000, 100)

    first, second = orders.split_line(line, parts((LYON, 2), (MADRID, 1)))

    assert (first.quantity, first.shipping_minor, second.quantity, second.shipping_minor) == (2, 66, 1, 34)
    assert (first.location, second.location) == (LYON, MADRID)
