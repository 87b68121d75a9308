"""Chance that repeats: the same seed rolls the same numbers again."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

_Thing = TypeVar("_Thing")
_DRAWS_AT_ONCE = 8192  # A number out of a list costs a tenth of one out of the generator.


class Dice:
    """A stream of chance; streams of one seed do not disturb each other."""

    def __init__(self, seed: int, *, stream: int) -> None:
        self._fractions = _fractions(np.random.default_rng([seed, stream, 0]))
        self._bells = _bells(np.random.default_rng([seed, stream, 1]))

    def fraction(self) -> float:
        """Draw from 0 up to, but never, 1."""
        return next(self._fractions)

    def bell(self) -> float:
        """Draw from the normal distribution around 0 with deviation 1."""
        return next(self._bells)

    def below(self, limit: int) -> int:
        """Draw a whole number from 0 up to, but never, the limit."""
        return int(next(self._fractions) * limit)

    def between(self, low: float, high: float) -> float:
        """Draw from a range."""
        return low + (high - low) * next(self._fractions)

    def chance(self, part: float) -> bool:
        """Say yes in this part of all cases."""
        return next(self._fractions) < part

    def pick(self, things: Sequence[_Thing]) -> _Thing:
        """Draw one of several, all alike."""
        return things[int(next(self._fractions) * len(things))]

    def shuffled(self, things: Sequence[_Thing]) -> list[_Thing]:
        """Put things into any order."""
        keys = [next(self._fractions) for _ in things]
        return [things[place] for place in sorted(range(len(things)), key=keys.__getitem__)]


def _fractions(generator: np.random.Generator) -> Iterator[float]:
    while True:
        yield from generator.random(_DRAWS_AT_ONCE).tolist()


def _bells(generator: np.random.Generator) -> Iterator[float]:
    while True:
        yield from generator.standard_normal(_DRAWS_AT_ONCE).tolist()
