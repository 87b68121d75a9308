"""A draw in which some have more tickets than others."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from caravan.adapters.demo.dice import Dice

_Thing = TypeVar("_Thing")


class Lottery(Generic[_Thing]):
    """Things with weights, ready to be drawn from many times."""

    def __init__(self, things: Sequence[_Thing], weights: Sequence[float]) -> None:
        assert len(things) == len(weights) > 0, (len(things), len(weights))
        self._things = things
        self._sums = list(accumulate(weights))

    def draw(self, dice: Dice) -> _Thing:
        """Draw one, each as often as its weight says."""
        place = bisect_right(self._sums, dice.fraction() * self._sums[-1])
        return self._things[min(place, len(self._things) - 1)]
