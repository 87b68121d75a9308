"""Clusters of records by average link: two groups become one while their members are alike on average."""

import numpy as np
from numba import njit

MEMBERS_MAX = 64  # of a group whose pairs are all compared; in a larger one only the pairs that were found count
GROUP_MAX = 400  # In a larger group the weakest pairs are dropped until it falls apart.
LEAST, MOST = -10.0, 20.0  # What one pair can say against or for a tie, in log2 odds


@njit(cache=True, nogil=True)
def components(count: int, lefts: np.ndarray, rights: np.ndarray) -> np.ndarray:
    """Give for each record the smallest record that pairs lead to."""
    parent = np.arange(count)
    for pair in range(lefts.shape[0]):
        one, two = lefts[pair], rights[pair]
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        while parent[two] != two:
            parent[two] = parent[parent[two]]
            two = parent[two]
        if one < two:
            parent[two] = one
        else:
            parent[one] = two
    for record in range(count):
        parent[record] = parent[parent[record]]  # Parents are smaller, so theirs is final.
    return parent


@njit(cache=True, nogil=True)
def inner_pairs(order: np.ndarray, bounds: np.ndarray, members_max: int) -> tuple[np.ndarray, np.ndarray]:
    """Give every pair inside groups of three to `members_max`; group g is `order[bounds[g]:bounds[g + 1]]`."""
    total = 0
    for group in range(bounds.shape[0] - 1):
        size = bounds[group + 1] - bounds[group]
        if 3 <= size <= members_max:
            total += size * (size - 1) // 2
    lefts, rights = np.empty(total, np.int32), np.empty(total, np.int32)
    at = 0
    for group in range(bounds.shape[0] - 1):
        first, last = bounds[group], bounds[group + 1]
        if 3 <= last - first <= members_max:
            for one in range(first, last):
                for two in range(one + 1, last):
                    lefts[at], rights[at] = order[one], order[two]
                    at += 1
    return lefts, rights


@njit(cache=True, nogil=True)
def join(
    order: np.ndarray, bounds: np.ndarray, members_max: int, inner: np.ndarray, starts: np.ndarray,
    edge_left: np.ndarray, edge_right: np.ndarray, edge_odds: np.ndarray, threshold: float, place: np.ndarray,
    cluster: np.ndarray,
) -> None:  # fmt: skip
    """Join the records of each group by average link; `cluster[r]` becomes the smallest record that r is one with.

    Groups of up to `members_max` have the odds of all their pairs in `inner`, in the order of `inner_pairs`; larger
    ones have their edges `starts[g]` to `starts[g + 1]`, and what is not there speaks against.
    """
    at = 0
    for group in range(bounds.shape[0] - 1):
        first, last = bounds[group], bounds[group + 1]
        size = last - first
        if size < 2:
            continue
        odds = np.full((size, size), LEAST)
        if 3 <= size <= members_max:
            for one in range(size):
                for two in range(one + 1, size):
                    value = min(max(inner[at], LEAST), MOST)
                    odds[one, two], odds[two, one] = value, value
                    at += 1
        else:
            for edge in range(starts[group], starts[group + 1]):
                one, two = place[edge_left[edge]], place[edge_right[edge]]
                value = min(max(edge_odds[edge], LEAST), MOST)
                odds[one, two], odds[two, one] = value, value
        _average_link(odds, order[first:last], threshold, cluster)


@njit(cache=True, nogil=True)
def _average_link(odds: np.ndarray, members: np.ndarray, threshold: float, cluster: np.ndarray) -> None:
    size = members.shape[0]
    weight = np.ones(size)
    owner = np.arange(size)
    # The best partner of each, so that a round costs one look along a row for each group that is left.
    for _ in range(size - 1):
        best, one, two = threshold, -1, -1
        for i in range(size):
            if weight[i] == 0:
                continue
            for j in range(i + 1, size):
                if weight[j] > 0 and odds[i, j] > best:
                    best, one, two = odds[i, j], i, j
        if one < 0:
            break
        for other in range(size):
            if weight[other] > 0 and other not in (one, two):
                joined = (weight[one] * odds[one, other] + weight[two] * odds[two, other]) / (weight[one] + weight[two])
                odds[one, other], odds[other, one] = joined, joined
        weight[one] += weight[two]
        weight[two] = 0
        for member in range(size):
            if owner[member] == two:
                owner[member] = one
    least = np.full(size, np.iinfo(np.int64).max)
    for member in range(size):
        least[owner[member]] = min(least[owner[member]], members[member])
    for member in range(size):
        cluster[members[member]] = least[owner[member]]
