"""HiGHS: the least of a mixed-integer program, on one thread, so that the same program has the same answer."""

from typing import Any

import numpy as np

from caravan.kernel.errors import Outage
from caravan.trade.network.ports import Optimum, Program

_GAP_WANTED = 1e-6


class HighsOptimizer:
    """The optimizer that is used when the extra `plan` is installed."""

    def least(self, program: Program, *, seconds: float) -> Optimum | None:
        """Solve to within a millionth of the least, or as far as the time goes."""
        highspy = _highspy()
        # The class above it greets on standard output as it is made, before it can be told not to.
        solver = highspy.Highs.__base__()
        for option, value in {
            "output_flag": False, "threads": 1, "random_seed": 0, "time_limit": float(seconds),
            "mip_rel_gap": _GAP_WANTED, "mip_abs_gap": 1e-6,
        }.items():  # fmt: skip
            solver.setOptionValue(option, value)
        solver.passModel(_as_model(highspy, program))
        if program.start is not None:
            known_start = highspy.HighsSolution()
            known_start.col_value = program.start.tolist()
            solver.setSolution(known_start)
        solver.run()
        status, known = solver.getModelStatus(), highspy.HighsModelStatus
        if status in {known.kInfeasible, known.kUnboundedOrInfeasible}:
            return None
        told = solver.getInfo()
        if told.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            raise Outage(f"No plan was found within {seconds:g} seconds: give it more time, or a smaller network.")
        gap = told.mip_gap if program.is_whole.any() and np.isfinite(told.mip_gap) else 0.0
        if status != known.kOptimal and not program.is_whole.any():
            gap = 1.0  # A linear program that ran out of time says nothing of how far it is.
        return Optimum(np.array(solver.getSolution().col_value), told.objective_function_value, max(0.0, float(gap)))


def _highspy() -> Any:  # noqa: ANN401 - An optional library.
    try:
        import highspy  # noqa: PLC0415 - Heavy, and optional.
    except ImportError:
        raise Outage("Plans need HiGHS: install Caravan with its extra, as in `pip install caravan[plan]`.") from None
    return highspy


def _as_model(highspy: Any, program: Program) -> Any:  # noqa: ANN401
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.costs), len(program.row_lower)
    model.col_cost_, model.col_lower_, model.col_upper_ = program.costs, program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = program.starts, program.index
    model.a_matrix_.value_ = program.value
    if program.is_whole.any():
        model.integrality_ = [
            highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
            for whole in program.is_whole.tolist()
        ]
    return model
