"""PyVRP: rounds for vehicles by iterated local search. It comes with the extra `plan`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from caravan.kernel.errors import Outage
from caravan.trade.network.ports import Rounds, Search

_STEPS = 100  # of the progress that is told
_PENALTY_MAX = 100_000.0  # PyVRP's own, which is meant for ways that cost about so much:
_WAY_USUAL = 1_000.0


class PyVrpRouter:
    """The router that is used when the extra `plan` is installed."""

    def rounds(self, problem: Rounds, search: Search, *, first: Sequence[Sequence[int]]) -> list[list[int]] | None:
        """Search until the time is over, by the clock that is given; the same seed and iterations give the same rounds."""
        pyvrp = _pyvrp()
        data, members = _as_data(pyvrp, problem)
        began = search.clock()

        def is_over(_: float) -> bool:
            spent = search.clock() - began
            search.report("rounds", min(_STEPS, int(_STEPS * spent / search.seconds)), _STEPS)
            return spent >= search.seconds

        known = _solution(pyvrp, data, members, first) if any(first) else None
        params = pyvrp.SolveParams(penalty=pyvrp.PenaltyParams(max_penalty=_penalty_max(problem)))
        best = pyvrp.solve(
            data, is_over, seed=search.seed, collect_stats=False, initial_solution=known, params=params
        ).best
        if not best.is_feasible():
            return None
        rounds: list[list[int]] = [[] for _ in problem.vehicles]
        left = [list(reversed(of)) for of in members]
        for route in best.routes():
            visits = [activity.idx + 1 for activity in route if activity.is_client()]
            rounds[left[route.vehicle_type()].pop()] = visits
        return rounds


def _penalty_max(problem: Rounds) -> float:
    """Give the most that a second or a parcel too many may weigh while searching, in proportion to what ways cost."""
    way = float(
        problem.meters.mean() * problem.vehicles[:, 4].mean() + problem.seconds.mean() * problem.vehicles[:, 5].mean()
    )
    if problem.skip_cost:
        return 2.0 * problem.skip_cost  # One parcel too many is never worth what leaving a stop out would cost.
    return _PENALTY_MAX * max(1.0, (way + float(problem.vehicles[:, 3].mean())) / _WAY_USUAL)


def _pyvrp() -> Any:  # noqa: ANN401 - An optional library.
    try:
        import pyvrp  # noqa: PLC0415 - Heavy, and optional.
    except ImportError:
        raise Outage("Routes need PyVRP: install Caravan with its extra, as in `pip install caravan[plan]`.") from None
    return pyvrp


def _as_data(pyvrp: Any, problem: Rounds) -> tuple[Any, list[list[int]]]:  # noqa: ANN401
    """Give PyVRP's problem, and which vehicles each of its types stands for: equal ones are one type."""
    is_moved = problem.move_cost > 0
    types: dict[tuple[int, ...], list[int]] = {}
    for number, row in enumerate(problem.vehicles.tolist()):
        types.setdefault((*row, number if is_moved else -1), []).append(number)
    meters = [problem.meters]
    if is_moved:
        meters = [_with_moves(problem, of[0]) for of in types.values()]
    places = len(problem.parcels)
    clients = [
        pyvrp.Client(
            location=place, delivery=[int(problem.parcels[place])], service_duration=int(problem.service[place]),
            tw_early=int(problem.opens[place]), tw_late=int(problem.closes[place]), prize=problem.skip_cost,
            required=problem.skip_cost == 0,
        )
        for place in range(1, places)
    ]  # fmt: skip
    kinds = [
        pyvrp.VehicleType(
            num_available=len(of), capacity=[row[0]], tw_early=row[1], tw_late=row[2], fixed_cost=row[3],
            unit_distance_cost=1 if is_moved else row[4], unit_duration_cost=row[5], profile=place if is_moved else 0,
        )
        for place, (row, of) in enumerate(types.items())
    ]  # fmt: skip
    data = pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0)] * places, clients=clients, vehicle_types=kinds,
        depots=[pyvrp.Depot(0, int(problem.opens[0]), int(problem.closes[0]))], distance_matrices=meters,
        duration_matrices=[problem.seconds] * len(meters),
    )  # fmt: skip
    return data, list(types.values())


def _with_moves(problem: Rounds, vehicle: int) -> np.ndarray:
    """Give what each way costs one vehicle: to a stop that another had before, the price of the move comes on top."""
    is_foreign = (problem.kept_by >= 0) & (problem.kept_by != vehicle)
    costs = problem.meters * problem.vehicles[vehicle, 4] + is_foreign[None, :] * problem.move_cost
    np.fill_diagonal(costs, 0)
    found: np.ndarray = costs
    return found


def _solution(pyvrp: Any, data: Any, members: list[list[int]], first: Sequence[Sequence[int]]) -> Any:  # noqa: ANN401
    routes = [
        pyvrp.Route(data, [place - 1 for place in first[vehicle]], kind)
        for kind, of in enumerate(members)
        for vehicle in of
        if first[vehicle]
    ]
    return pyvrp.Solution(data, routes)
