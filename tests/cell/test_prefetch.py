"""Tests that a place in memory can be asked for ahead, and that nothing changes by that."""

import numpy as np
from numba import njit

from caravan.cell.prefetch import prefetch


@njit
def _sum_ahead(column: np.ndarray, rows: np.ndarray) -> int:
    for row in rows:
        prefetch(column, row)
    total = 0
    for row in rows:
        total += column[row]
    return total


def test_a_prefetch_is_an_instruction_of_the_processor_and_changes_nothing() -> None:
    table = np.arange(4_000).reshape(1_000, 4)
    column, rows = table[:, 2], np.array([7, 900, 7, 0])

    total = _sum_ahead(column, rows)

    assert total == sum(4 * row + 2 for row in rows.tolist())
    assert (table == np.arange(4_000).reshape(1_000, 4)).all()
    said = "".join(_sum_ahead.inspect_asm().values())
    assert "prefetch" in said or "prfm" in said  # As Intel's processors say it, or as Arm's do.
