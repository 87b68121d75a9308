"""Figures: medians of several runs with their spread, and a word on the machine that they were taken on."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

Seen = TypeVar("Seen")


class Figure(msgspec.Struct, frozen=True):
    """One thing measured several times: its median, its least and its most, in the unit that it names."""

    name: str
    door: str
    unit: str
    median: float
    least: float
    most: float
    runs: int


class Skipped(msgspec.Struct, frozen=True):
    """A peer that could not be measured here, and why."""

    name: str
    why: str


def figure(name: str, *, door: str, unit: str, values: Sequence[float]) -> Figure:
    """Sum up several runs."""
    return Figure(
        name, door, unit, round(statistics.median(values), 1), round(min(values), 1), round(max(values), 1), len(values)
    )


class Ratio(msgspec.Struct, frozen=True):
    """How many times as much one contestant did as another, run by run: the median, the least and the most."""

    name: str
    median: float
    least: float
    most: float


def ratio(name: str, *, of: Sequence[float], to: Sequence[float]) -> Ratio:
    """Compare two contestants that alternated, each run with its neighbor."""
    each = [one / other for one, other in zip(of, to, strict=True)]
    return Ratio(name, round(statistics.median(each), 2), round(min(each), 2), round(max(each), 2))


def alternate(contestants: dict[str, Callable[[int], Seen]], *, runs: int) -> dict[str, list[Seen]]:
    """Run contestants in turn, so that a busy minute hits all of them; each is given the number of its run."""
    values: dict[str, list[Seen]] = {name: [] for name in contestants}
    for run in range(runs):
        for name, contestant in contestants.items():
            values[name].append(contestant(run))
    return values


def machine() -> dict[str, object]:
    """Say what the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }
