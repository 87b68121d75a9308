"""A network as a mixed-integer program: which hubs are open, how many vehicles run, which way each parcel goes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from caravan.kernel.errors import Refusal
from caravan.trade.network import slopes
from caravan.trade.network.model import Demand, Network
from caravan.trade.network.ports import Optimizer, Optimum, Program
from caravan.trade.network.ways import Roads, TooManyWays, Way, Without, worth_taking

COLUMNS_MAX = 400_000
_VEHICLES_MAX = 1e6
_NEAR = 1e-7  # Of the parcels of a day: what a solver's tolerance may leave.
_UNMOVED = 1_000.0  # An unmoved parcel weighs as many late ones, where neither can be helped.


class Unreachable(Refusal):
    """No way leads from some places to those that want parcels from there."""


class ShareOutOfReach(Refusal):
    """So many parcels cannot be in time, whatever it costs."""


class NoPlan(Refusal):
    """Capacities leave no way to move all parcels."""


@dataclass(frozen=True)
class Choice:
    """What was chosen: parcels a day on each way, hubs that are open, vehicles by leg; what stayed, and the gap."""

    flows: tuple[tuple[int, Way, float], ...]  # demand's number, way, parcels
    hubs: tuple[str, ...]
    vehicles: tuple[tuple[int, int], ...]  # leg's number, vehicles
    unmoved: tuple[tuple[int, float], ...]  # demand's number, parcels
    cost: float
    gap: float


class Planner:
    """The program of a network, built once and solved for several questions."""

    def __init__(
        self,
        network: Network,
        *,
        hours: float,
        without_carriers: frozenset[str] = frozenset(),
        only_hubs: frozenset[str] | None = None,
    ) -> None:
        self.demand: Sequence[Demand] = [row for row in network.demand if row.parcels > 0]
        closed = frozenset(hub.place for hub in network.hubs) - only_hubs if only_hubs is not None else frozenset()
        self.roads = Roads(network, Without(closed, without_carriers))
        self.ways: list[tuple[int, Way]] = []
        for number, wanted in enumerate(self.demand):
            found = worth_taking(self.roads, self.roads.ways(wanted, hours=hours))
            self.ways += [(number, way) for way in found]
            if len(self.ways) > COLUMNS_MAX:
                raise TooManyWays
        self.hubs = sorted({hub for _, way in self.ways for hub in way.hubs})
        self.scarce = sorted({leg for _, way in self.ways for leg in self.roads.scarce(way)})
        self.total = sum(row.parcels for row in self.demand)
        self.is_fixed = only_hubs is not None
        self._columns()
        self._rows()

    def unreached(self) -> list[Demand]:
        """Give the demand that no way leads to."""
        reached = {number for number, _ in self.ways}
        return [row for number, row in enumerate(self.demand) if number not in reached]

    def _columns(self) -> None:
        """Number the columns: ways, hubs, vehicles of scarce legs, unmoved parcels by demand, and parcels too late."""
        self._first_hub = len(self.ways)
        self._first_leg = self._first_hub + len(self.hubs)
        self._first_unmoved = self._first_leg + len(self.scarce)
        self._short = self._first_unmoved + len(self.demand)
        self.columns = self._short + 1
        legs, hubs = self.roads.legs, self.roads.hubs
        self.costs = np.zeros(self.columns)
        self.costs[: self._first_hub] = [way.cost_minor for _, way in self.ways]
        self.costs[self._first_hub : self._first_leg] = [hubs[hub].day_minor for hub in self.hubs]
        self.costs[self._first_leg : self._first_unmoved] = [legs[leg].vehicle_minor for leg in self.scarce]
        self._lower, self._upper = np.zeros(self.columns), np.full(self.columns, np.inf)
        self._upper[self._first_hub : self._first_leg] = 1
        if self.is_fixed:
            self._lower[self._first_hub : self._first_leg] = 1
        self._upper[self._first_leg : self._first_unmoved] = [
            _VEHICLES_MAX if legs[leg].vehicle_parcels else 0 for leg in self.scarce
        ]
        self._is_whole = np.zeros(self.columns, np.bool_)
        self._is_whole[self._first_hub : self._first_unmoved] = True

    def _rows(self) -> None:
        """Write the rows: all that is wanted goes, only over open hubs, within capacities; and enough is in time."""
        rows: list[tuple[dict[int, float], float, float]] = []
        of: list[dict[int, float]] = [{self._first_unmoved + number: 1.0} for number in range(len(self.demand))]
        over_hub: dict[tuple[int, str], list[int]] = {}
        over_leg: dict[tuple[int, int], list[int]] = {}
        at_hub: dict[str, dict[int, float]] = {hub: {} for hub in self.hubs}
        on_leg: dict[int, dict[int, float]] = {leg: {} for leg in self.scarce}
        in_time: dict[int, float] = {self._short: 1.0}
        for column, (number, way) in enumerate(self.ways):
            of[number][column] = 1.0
            in_time |= {column: way.in_time} if way.in_time else {}
            for hub in way.hubs:
                over_hub.setdefault((number, hub), []).append(column)
                at_hub[hub][column] = 1.0
            for leg in self.roads.scarce(way):
                on_leg[leg][column] = float(way.legs.count(leg))
                if self.roads.legs[leg].vehicle_parcels:
                    over_leg.setdefault((number, leg), []).append(column)
        rows += [(row, wanted.parcels, wanted.parcels) for row, wanted in zip(of, self.demand, strict=True)]
        place = {hub: self._first_hub + number for number, hub in enumerate(self.hubs)}
        # One row a demand and hub, rather than one a hub, so that half a hub is not half open in the relaxation.
        for (number, hub), columns in over_hub.items():
            opened = {place[hub]: -self.demand[number].parcels}
            rows.append((dict.fromkeys(columns, 1.0) | opened, -np.inf, 0.0))
        ride = {leg: self._first_leg + number for number, leg in enumerate(self.scarce)}
        for (number, leg), columns in over_leg.items():
            room = min(self.demand[number].parcels, self.roads.legs[leg].vehicle_parcels)
            rows.append((dict.fromkeys(columns, 1.0) | {ride[leg]: -room}, -np.inf, 0.0))
        for hub, row in at_hub.items():
            most = self.roads.hubs[hub].parcels_max
            rows += [(row | {place[hub]: -most}, -np.inf, 0.0)] if most is not None else []
        for number, (leg, row) in enumerate(on_leg.items()):
            told = self.roads.legs[leg]
            rows += [(row, -np.inf, told.parcels_max)] if told.parcels_max is not None else []
            vehicles = {self._first_leg + number: -float(told.vehicle_parcels)}
            rows += [(row | vehicles, -np.inf, 0.0)] if told.vehicle_parcels else []
        rows.append((in_time, 0.0, np.inf))  # The last one: its lower bound is what has to be in time.
        self._program = self._laid_down(rows)

    def _laid_down(self, rows: list[tuple[dict[int, float], float, float]]) -> Program:
        starts = np.cumsum([0, *(len(row) for row, _, _ in rows)])
        return Program(
            costs=self.costs, lower=self._lower, upper=self._upper, is_whole=self._is_whole,
            row_lower=np.array([lower for _, lower, _ in rows]), row_upper=np.array([upper for _, _, upper in rows]),
            starts=starts, index=np.array([column for row, _, _ in rows for column in row], np.int64),
            value=np.array([value for row, _, _ in rows for value in row.values()]),
        )  # fmt: skip

    def _asked(self, costs: np.ndarray, *, in_time: float, short: float, unmoved: float) -> Program:
        upper, row_lower = self._upper.copy(), self._program.row_lower.copy()
        upper[self._first_unmoved : self._short] = [min(unmoved, row.parcels) for row in self.demand]
        upper[self._short] = short
        row_lower[-1] = in_time
        return replace(self._program, costs=costs, upper=upper, row_lower=row_lower)

    def most_in_time(self, optimizer: Optimizer, *, seconds: float) -> float:
        """Give the largest share that can be in time, whatever it costs. Refuses where not all can be moved."""
        costs = np.zeros(self.columns)
        costs[self._short] = 1.0
        asked = self._asked(costs, in_time=self.total, short=np.inf, unmoved=0.0)
        # Where nothing costs, every hub is open and every vehicle runs: nothing is left to be whole.
        lower = asked.lower.copy()
        lower[self._first_hub : self._first_unmoved] = self._upper[self._first_hub : self._first_unmoved]
        asked = replace(asked, lower=lower, is_whole=np.zeros_like(self._is_whole))
        found = optimizer.least(asked, seconds=seconds)
        if found is None:
            raise NoPlan
        return 1 - float(found.values[self._short]) / self.total

    def least(self, optimizer: Optimizer, *, share: float, seconds: float) -> Choice | None:
        """Choose at least cost so that a share is in time; None where that can't be."""
        wanted = max(0.0, share * self.total - _NEAR * self.total)
        asked = self._asked(self.costs, in_time=wanted, short=0.0, unmoved=0.0)
        found = slopes.least(optimizer, asked, seconds=seconds)
        return self._chosen(found) if found is not None else None

    def best_left(self, optimizer: Optimizer, *, share: float, seconds: float) -> Choice:
        """Choose for a bad day: move what can be moved, as much of it in time as was wanted, then at least cost."""
        costs = np.zeros(self.columns)
        costs[self._first_unmoved : self._short], costs[self._short] = _UNMOVED, 1.0
        wanted = share * self.total
        # With one upper bound for all, a demand's own parcels are the bound that counts.
        first = slopes.least(
            optimizer, self._asked(costs, in_time=wanted, short=np.inf, unmoved=np.inf), seconds=seconds
        )
        assert first is not None, "Leaving everything where it is is always possible."
        near = _NEAR * self.total
        asked = self._asked(self.costs, in_time=wanted, short=float(first.values[self._short]) + near, unmoved=np.inf)
        upper = asked.upper.copy()
        left = first.values[self._first_unmoved : self._short]
        upper[self._first_unmoved : self._short] = np.minimum(
            upper[self._first_unmoved : self._short], left.clip(0) + near
        )
        second = slopes.least(optimizer, replace(asked, upper=upper), seconds=seconds)
        if second is None:  # The solver's tolerance closed the door: what was found first stands.
            second = replace(first, cost=float(self.costs @ first.values), gap=1.0)
        return self._chosen(second)

    def _chosen(self, found: Optimum) -> Choice:
        values, near = found.values, _NEAR * max(1.0, self.total)
        return Choice(
            flows=tuple(
                (number, way, float(values[column]))
                for column, (number, way) in enumerate(self.ways)
                if values[column] > near
            ),
            hubs=tuple(hub for place, hub in enumerate(self.hubs, self._first_hub) if values[place] > 0.5),  # noqa: PLR2004
            vehicles=tuple(
                (leg, round(values[place]))
                for place, leg in enumerate(self.scarce, self._first_leg)
                if values[place] > 0.5  # noqa: PLR2004
            ),
            unmoved=tuple(
                (number, float(values[column]))
                for number, column in enumerate(range(self._first_unmoved, self._short))
                if values[column] > 10 * near
            ),
            cost=found.cost, gap=found.gap,
        )  # fmt: skip
