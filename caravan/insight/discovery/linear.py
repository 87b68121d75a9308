"""The linear model: which products speak for a product, each weighed against what the others already say."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.insight.discovery.kernel import Links
from caravan.insight.discovery.memory import Looks, trimmed
from caravan.insight.discovery.workers import IN_PROCESS, Workers

NEIGHBORS = 80  # Products that may speak for one product.
LINKS = 60  # Kept of what one product says.
SESSIONS_A_PRODUCT_MAX = 400
STEPS_MAX = 25
_AFTER = 0.5  # What comes after a product speaks half as much for it as what comes before.
_RUN = 4_096  # Products that are solved in one piece.
_OTHERS_MAX = 20_000  # Products that may share sessions with one.

_Strong = tuple[np.ndarray, np.ndarray, np.ndarray]  # Who speaks, for whom, and how much; shapes [n].


@njit(cache=True, nogil=True)
def _count(  # Compiled code takes arrays, not objects.
    what: int, sight: Looks, worth_after: float, mark: np.ndarray, others: np.ndarray, counts: np.ndarray, room: int,
) -> int:  # fmt: skip
    """Count what shares sessions with a product, by how far apart; `mark` holds places from 1 and is left filled."""
    found, walked = 0, 0
    look, of_before = sight.head[what], 0
    while look != 0 and walked < SESSIONS_A_PRODUCT_MAX:
        of = sight.session[look]
        if sight.item[look] != 0 and of != of_before:
            walked += 1
            for direction in range(2):
                step = sight.before[look] if direction == 0 else sight.after[look]
                distance = 1
                while step != 0 and distance <= STEPS_MAX:
                    other = sight.item[step]
                    if other not in {0, what}:
                        place = mark[other]
                        if place == 0 and found < room:
                            found += 1
                            place = found
                            mark[other] = place
                            others[place - 1] = other
                            counts[place - 1] = 0.0
                        if place != 0:
                            worth = 1.0 / (1.0 + 0.15 * (distance - 1))
                            counts[place - 1] += worth * (worth_after if direction == 1 else 1.0)
                    step = sight.before[step] if direction == 0 else sight.after[step]
                    distance += 1
        of_before = of
        look = sight.earlier[look]
    return found


@njit(cache=True, nogil=True)
def _solve(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, last: int, sight: Looks, ridge: float, mark: np.ndarray, others: np.ndarray, counts: np.ndarray,
    speakers: np.ndarray, weights: np.ndarray,
) -> None:  # fmt: skip
    """Give, for each product of a run, who speaks for it and how much: a ridge regression over its nearest products."""
    own_mark = np.zeros(mark.shape[0], np.int32)
    extra, extra_counts = np.zeros(others.shape[0], np.int32), np.zeros(others.shape[0], np.float32)
    for what in range(first, last):
        found = _count(what, sight, _AFTER, mark, others, counts, others.shape[0])
        for place in range(found):
            mark[others[place]] = 0
        if found == 0:
            continue
        alike = np.empty(found, np.float32)
        for place in range(found):
            alike[place] = -counts[place] / np.sqrt(sight.looks[others[place]] + 5.0)
        size = min(found, NEIGHBORS)
        chosen = np.argsort(alike)[:size]
        for row in range(size):
            own_mark[others[chosen[row]]] = row + 1
        gram, right = np.zeros((size, size)), np.zeros(size)
        for row in range(size):
            speaker = others[chosen[row]]
            right[row] = counts[chosen[row]]
            many = _count(speaker, sight, 1.0, mark, extra, extra_counts, extra.shape[0])
            for place in range(many):
                column = own_mark[extra[place]]
                if column != 0:
                    gram[row, column - 1] += 0.5 * extra_counts[place]
                    gram[column - 1, row] += 0.5 * extra_counts[place]
                mark[extra[place]] = 0
            gram[row, row] = min(sight.looks[speaker], SESSIONS_A_PRODUCT_MAX) + ridge
        solved = np.linalg.solve(gram, right)
        for row in range(size):
            own_mark[others[chosen[row]]] = 0
            speakers[what - first, row] = others[chosen[row]]
            weights[what - first, row] = solved[row]


class _Asked(NamedTuple):
    sight: Looks
    ridge: float


class Linking(NamedTuple):
    """Links on their way: what comes of each run of products, in order."""

    runs: Iterator[_Strong]
    products: int


def begin(sight: Looks, *, ridge: float, workers: Workers = IN_PROCESS) -> Linking:
    """Begin to solve for every product that was looked at. Nothing may be remembered until it is finished."""
    products = len(sight.head)
    asked = _Asked(trimmed(sight), ridge)
    return Linking(workers.each(_link, asked, range(1, products, _RUN)), products)


def finish(linking: Linking, progress: Callable[[int, int], None] = lambda *_: None) -> Links:
    """Take what comes of it; keep the strongest links of each product, by who speaks."""
    strong = []
    for number, run in enumerate(linking.runs):
        strong.append(run)
        progress(min(linking.products, 1 + (number + 1) * _RUN), linking.products)
    speaking, spoken, worth = (np.concatenate(column) for column in zip(*strong, strict=True))
    return _by_speaker(speaking, spoken, worth, linking.products)


def learn(sight: Looks, *, ridge: float) -> Links:
    """Solve for every product, in this process."""
    return finish(begin(sight, ridge=ridge))


def _link(asked: _Asked, first: int) -> _Strong:
    """Solve for one run of products."""
    products = len(asked.sight.head)
    last = min(products, first + _RUN)
    speakers, weights = np.zeros((last - first, NEIGHBORS), np.int32), np.zeros((last - first, NEIGHBORS), np.float32)
    mark, others = np.zeros(products, np.int32), np.zeros(_OTHERS_MAX, np.int32)
    _solve(first, last, asked.sight, asked.ridge, mark, others, np.zeros(_OTHERS_MAX, np.float32), speakers, weights)
    rows, columns = np.nonzero(weights > 0)
    return speakers[rows, columns], (rows + first).astype(np.int32), weights[rows, columns]


def none() -> Links:
    """Give a model that links nothing."""
    return Links(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


def _by_speaker(speaking: np.ndarray, spoken: np.ndarray, worth: np.ndarray, products: int) -> Links:
    order = np.lexsort((-worth, speaking))
    speaking, spoken, worth = speaking[order], spoken[order], worth[order]
    starts = np.searchsorted(speaking, np.arange(products + 1))
    is_kept = np.arange(len(speaking)) - starts[speaking] < LINKS
    speaking, spoken, worth = speaking[is_kept], spoken[is_kept], worth[is_kept]
    return Links(np.searchsorted(speaking, np.arange(products + 1)).astype(np.int64), spoken, worth.astype(np.float32))
