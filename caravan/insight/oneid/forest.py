"""Identities as trees of identifiers, in compiled code: united at once, taken apart to exactly what was before."""

import numpy as np
from numba import njit

from caravan.insight.oneid.identifiers import LIMITS

CERTAIN, PROBABLE = 1, 2  # Layers of ties.
TIED, UNDONE, WITHHELD = 1, 2, 3  # What became of a tie.
KNOWN, BLOCKED, FORGOTTEN = 0, 1, 2  # What became of an identifier.
TYPES = len(LIMITS)


@njit(cache=True, nogil=True)
def root_of(parent: np.ndarray, node: int) -> int:
    """Give the oldest identifier that this one is one identity with."""
    while parent[node] != node:
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def _unite(parent: np.ndarray, ring: np.ndarray, left: int, right: int) -> None:
    one, two = root_of(parent, left), root_of(parent, right)
    if one == two:
        return
    oldest, other = min(one, two), max(one, two)
    # Identities are small (see LIMITS), so that every member points straight at the oldest.
    member = other
    while True:
        parent[member] = oldest
        member = ring[member]
        if member == other:
            break
    ring[oldest], ring[other] = ring[other], ring[oldest]


@njit(cache=True, nogil=True)
def may_unite(
    parent: np.ndarray, ring: np.ndarray, types: np.ndarray, limits: np.ndarray, left: int, right: int
) -> bool:
    """Tell whether the identities of two identifiers together keep to the limits of every type."""
    one, two = root_of(parent, left), root_of(parent, right)
    if one == two:
        return True
    counts = np.zeros(TYPES, np.int64)
    for start in (one, two):
        member = start
        while True:
            counts[types[member]] += 1
            member = ring[member]
            if member == start:
                break
    for kind in range(TYPES):  # noqa: SIM110  # Compiled: a loop is the fast way.
        if counts[kind] > limits[kind]:
            return False
    return True


@njit(cache=True, nogil=True)
def link_tie(
    tie: int, left: np.ndarray, right: np.ndarray, next_left: np.ndarray, next_right: np.ndarray, first: np.ndarray
) -> None:
    """Put a tie in front of the ties of both its identifiers."""
    next_left[tie] = first[left[tie]]
    first[left[tie]] = tie
    next_right[tie] = first[right[tie]]
    first[right[tie]] = tie


@njit(cache=True, nogil=True)
def tie_between(
    one: int, two: int, left: np.ndarray, right: np.ndarray, next_left: np.ndarray, next_right: np.ndarray,
    first: np.ndarray,
) -> int:  # fmt: skip
    """Give the latest tie between two identifiers, or 0; looked for from `two`, which has fewer."""
    tie: int = first[two]
    while tie != 0:
        other = left[tie] + right[tie] - two
        if other == one:
            return tie
        tie = next_left[tie] if left[tie] == two else next_right[tie]
    return 0


@njit(cache=True, nogil=True)
def fold_ties(
    ties: np.ndarray, left: np.ndarray, right: np.ndarray, layer: np.ndarray, state: np.ndarray,
    next_left: np.ndarray, next_right: np.ndarray, first: np.ndarray, sure: np.ndarray, sure_ring: np.ndarray,
    parent: np.ndarray, ring: np.ndarray,
) -> None:  # fmt: skip
    """Fold new ties in: certain ones in both forests, probable ones in that of all."""
    for place in range(ties.shape[0]):
        tie = ties[place]
        link_tie(tie, left, right, next_left, next_right, first)
        if state[tie] == TIED:
            _unite(parent, ring, left[tie], right[tie])
            if layer[tie] == CERTAIN:
                _unite(sure, sure_ring, left[tie], right[tie])


@njit(cache=True, nogil=True)
def weigh(
    ones: np.ndarray, twos: np.ndarray, layer_of: np.ndarray, types: np.ndarray, limits: np.ndarray, ties: int,
    left: np.ndarray, right: np.ndarray, layer: np.ndarray, state: np.ndarray, next_left: np.ndarray,
    next_right: np.ndarray, first: np.ndarray, sure: np.ndarray, sure_ring: np.ndarray, parent: np.ndarray,
    ring: np.ndarray, origin: np.ndarray,
) -> int:  # fmt: skip
    """Decide wanted ties in order and fold in those that are new; give the next free number of a tie.

    `origin` is given which wanted tie each new one was. A tie that is there, or was undone by somebody, is left as it is; one that was withheld is weighed again.
    """
    first_tie = ties
    for place in range(ones.shape[0]):
        one, two = ones[place], twos[place]
        if one == two or types[one] < 0 or types[two] < 0:
            continue
        before = tie_between(one, two, left, right, next_left, next_right, first)
        if before != 0 and state[before] != WITHHELD:
            continue
        is_sure = layer_of[place] == CERTAIN
        if is_sure:
            is_good = may_unite(sure, sure_ring, types, limits, one, two)
        else:
            is_good = may_unite(parent, ring, types, limits, one, two)
        if before != 0 and not is_good:
            continue
        left[ties], right[ties], layer[ties] = one, two, layer_of[place]
        state[ties] = TIED if is_good else WITHHELD
        origin[ties - first_tie] = place
        link_tie(ties, left, right, next_left, next_right, first)
        if is_good:
            _unite(parent, ring, one, two)
            if is_sure:
                _unite(sure, sure_ring, one, two)
        ties += 1
    return ties


@njit(cache=True, nogil=True)
def take_apart(
    node: int, layer_max: int, left: np.ndarray, right: np.ndarray, layer: np.ndarray, state: np.ndarray,
    next_left: np.ndarray, next_right: np.ndarray, first: np.ndarray, parent: np.ndarray, ring: np.ndarray,
    members: np.ndarray,
) -> None:  # fmt: skip
    """Make the identity of an identifier anew from the ties that still hold; `members` has room for all of it."""
    count, member = 0, node
    while True:
        members[count] = member
        count += 1
        member = ring[member]
        if member == node:
            break
    for place in range(count):
        parent[members[place]] = members[place]
        ring[members[place]] = members[place]
    for place in range(count):
        tie = first[members[place]]
        while tie != 0:
            is_left = left[tie] == members[place]
            if is_left and state[tie] == TIED and layer[tie] <= layer_max:
                _unite(parent, ring, left[tie], right[tie])
            tie = next_left[tie] if is_left else next_right[tie]


@njit(cache=True, nogil=True)
def members_of(ring: np.ndarray, node: int, members: np.ndarray) -> int:
    """Write down every identifier of an identity; give how many."""
    count, member = 0, node
    while True:
        members[count] = member
        count += 1
        member = ring[member]
        if member == node:
            return count
