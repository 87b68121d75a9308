"""What the planner asks of solvers: the least of a mixed-integer program, and good rounds for vehicles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Report = Callable[[str, int, int], None]  # a step, how much of it is done, of how much
Clock = Callable[[], float]


@dataclass(frozen=True)
class Program:
    """The least of `costs @ x`, for `lower <= x <= upper` and `row_lower <= rows @ x <= row_upper`.

    Shapes: float64 [columns] or [rows]; `is_whole` bool [columns]; the rows are sparse: row i has the columns
    `index[starts[i]:starts[i + 1]]` with the factors `value[...]` of the same span. `start`, where it is given, is
    an answer that fits, to begin from.
    """

    costs: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    is_whole: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    starts: np.ndarray
    index: np.ndarray
    value: np.ndarray
    start: np.ndarray | None = None


@dataclass(frozen=True)
class Optimum:
    """The best that was found, and how far from the least it can be at most: 0.01 is one percent."""

    values: np.ndarray
    cost: float
    gap: float


class Optimizer(Protocol):
    """Solves mixed-integer programs."""

    def least(self, program: Program, *, seconds: float) -> Optimum | None:
        """Give the best within a time; None where nothing fits at all. Raises Outage if time ran out before any."""
        ...


@dataclass(frozen=True)
class Rounds:
    """Stops for vehicles of one depot: place 0 is the depot, the others are stops.

    Shapes: `meters` and `seconds` int64 [places, places]; `parcels`, `service`, `opens`, `closes` int64 [places];
    `vehicles` int64 [vehicles, 6]: capacity, start and end of the shift in seconds, and the cost of a day, of a meter
    and of a second in thousandths of a minor unit. `kept_by` int64 [places] is the vehicle that a stop was with
    before, or -1; any other costs `move_cost`. With a `skip_cost` above zero, a stop may be left out for that much.
    """

    meters: np.ndarray
    seconds: np.ndarray
    parcels: np.ndarray
    service: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    vehicles: np.ndarray
    kept_by: np.ndarray
    move_cost: int
    skip_cost: int


@dataclass(frozen=True)
class Search:
    """How to look for rounds: for so long by a clock, from a seed, and whom to tell how far it is."""

    seconds: float
    seed: int
    clock: Clock
    report: Report


class Router(Protocol):
    """Finds rounds."""

    def rounds(self, problem: Rounds, search: Search, *, first: Sequence[Sequence[int]]) -> list[list[int]] | None:
        """Give each vehicle's stops in order; None where no rounds were found that fit. `first` is where to begin."""
        ...
