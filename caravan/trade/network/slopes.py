"""Solves programs in which whole vehicles make the relaxation weak: a good start first, by scaling slopes."""

from dataclasses import replace

import numpy as np

from caravan.trade.network.ports import Optimizer, Optimum, Program

_EASY_MAX = 12  # So many whole columns are searched through without help.
_ROUNDS = 5
_NEAR = 1e-7


def least(optimizer: Optimizer, program: Program, *, seconds: float) -> Optimum | None:
    """Give the best within a time, and how far from the least it can be.

    A relaxation pays for half a vehicle, so its choice is no guide. Slope scaling (Crainic, Gendron and Hernu) charges
    each part of a vehicle what the whole one cost last time; the columns that a few rounds use make a small program,
    and its answer is where the search in the whole program begins. What is given is as exact as without.
    """
    found = _searched(optimizer, program, seconds=seconds)
    if found is None or not program.is_whole.any():
        return found
    # A solver's whole numbers are whole to a millionth, which lets a trickle through a hub that is closed.
    ends = [np.where(program.is_whole, np.rint(found.values), bound) for bound in (program.lower, program.upper)]
    settled = replace(program, lower=ends[0], upper=ends[1], is_whole=np.zeros_like(program.is_whole), start=None)
    exact = optimizer.least(settled, seconds=seconds)
    return replace(exact, gap=found.gap) if exact is not None else found


def _searched(optimizer: Optimizer, program: Program, *, seconds: float) -> Optimum | None:
    whole = np.flatnonzero(program.is_whole & (program.upper > program.lower))
    if len(whole) <= _EASY_MAX:
        return optimizer.least(program, seconds=seconds)
    used = np.zeros(len(program.costs), np.bool_)
    costs = program.costs.copy()
    relaxed = replace(program, is_whole=np.zeros_like(program.is_whole))
    for _ in range(_ROUNDS):
        found = optimizer.least(replace(relaxed, costs=costs), seconds=seconds)
        if found is None:
            return None
        parts = found.values[whole]
        ceiled = np.ceil(parts - _NEAR)
        used[whole[ceiled > 0]] = True
        is_used = parts > _NEAR
        costs[whole] = np.where(is_used, program.costs[whole] * ceiled / np.maximum(parts, _NEAR), costs[whole])
    narrow = program.upper.copy()
    narrow[whole[~used[whole]]] = program.lower[whole[~used[whole]]]
    start = optimizer.least(replace(program, upper=narrow), seconds=seconds / 2)
    if start is None:
        return optimizer.least(program, seconds=seconds)
    return optimizer.least(replace(program, start=start.values), seconds=seconds / 2)
