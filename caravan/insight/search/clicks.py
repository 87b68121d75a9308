"""Clicks as teachers: what was shown, at which place, and what was clicked become grades, with the place taken out of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caravan.insight.search.learning import GRADE_MAX, GRADE_MIN, Example

PLACES_MAX = 50
"""Places further down count as the last of these."""
_ROUNDS = 200
_PRIOR = 4.0
"""So many looks at the average of all stand beside what was seen of a product: one lucky click is no proof."""
_BUY_WORTH = 2.0
"""What was bought after the click is worth so many clicks more."""
_EXAMINED_LEAST = 1e-3


class Shown(NamedTuple):
    """Results that somebody was shown for words, from place `first` on, and which of them they clicked and bought."""

    words: str
    first: int
    products: Sequence[int]
    clicked: frozenset[int]
    bought: frozenset[int]


class Curve(NamedTuple):
    """How likely each place is looked at, the first being 1, and how many pairs were seen at more than one place.

    What it tells stands on those pairs: where there are none, a place and what stands on it can't be told apart.
    """

    examined: NDArray[np.float64]
    swapped: int


class _Pairs(NamedTuple):
    """Pairs of words and a product, and by pair and place (rows): how often shown, and clicked."""

    words: list[str]
    products: NDArray[np.int64]
    pair: NDArray[np.int64]
    place: NDArray[np.int64]
    shown: NDArray[np.float64]
    clicked: NDArray[np.float64]
    bought: NDArray[np.float64]


def teach(lists: Sequence[Shown], *, is_corrected: bool = True) -> tuple[list[Example], Curve]:
    """Grade each product that was shown for words, from 1 to 3, by how much it pleases whoever looks at it.

    The place is taken out by the chance that it is looked at: a position-based click model, told apart from what stands
    there by expectation maximization (Wang and others 2018). Words that nobody clicked for teach nothing.
    """
    pairs = _paired(lists)
    curve = _curve(pairs) if is_corrected else Curve(np.ones(PLACES_MAX), 0)
    pleases = _pleases(pairs, curve)
    clicks = np.bincount(pairs.pair, pairs.clicked, len(pairs.words))
    worth = pleases * (1 + _BUY_WORTH * pairs.bought / (clicks + _PRIOR))
    found: dict[str, dict[int, float]] = {}
    for words, product, value in zip(pairs.words, pairs.products.tolist(), worth.tolist(), strict=True):
        found.setdefault(words, {})[product] = value
    were_clicked = {words for words, count in zip(pairs.words, clicks.tolist(), strict=True) if count}
    return [Example(words, _graded(values)) for words, values in found.items() if words in were_clicked], curve


def _graded(values: Mapping[int, float]) -> dict[int, float]:
    best = max(values.values())
    return {product: GRADE_MIN + (GRADE_MAX - GRADE_MIN) * value / best for product, value in values.items()}


def _paired(lists: Sequence[Shown]) -> _Pairs:
    numbers: dict[tuple[str, int], int] = {}
    seen: dict[tuple[int, int], list[int]] = {}
    bought: dict[int, int] = {}
    for one in lists:
        for place, product in enumerate(one.products, one.first):
            pair = numbers.setdefault((one.words, product), len(numbers))
            counts = seen.setdefault((pair, min(place, PLACES_MAX - 1)), [0, 0])
            counts[0] += 1
            counts[1] += product in one.clicked
            if product in one.bought:
                bought[pair] = bought.get(pair, 0) + 1
    rows = np.array(list(seen), np.int64).reshape(-1, 2)
    counted = np.array(list(seen.values()), np.float64).reshape(-1, 2)
    sold = np.zeros(len(numbers))
    sold[list(bought)] = list(bought.values())
    products = np.array([product for _, product in numbers], np.int64)
    return _Pairs([words for words, _ in numbers], products, rows[:, 0], rows[:, 1], counted[:, 0], counted[:, 1], sold)


def _curve(pairs: _Pairs) -> Curve:
    """Tell how likely each place is looked at; places that were never shown are taken to be as the last that was."""
    if not len(pairs.pair):
        return Curve(np.ones(PLACES_MAX), 0)
    examined = 1 / np.arange(1, PLACES_MAX + 1) ** 0.5
    total = np.bincount(pairs.place, pairs.shown, PLACES_MAX)
    mean = float(pairs.clicked.sum() / (pairs.shown * examined[pairs.place]).sum())
    shown = np.bincount(pairs.pair, pairs.shown)
    pleases = np.full(len(shown), min(0.9, mean))
    for _ in range(_ROUNDS):
        looks, likes = examined[pairs.place], pleases[pairs.pair]
        missed = (pairs.shown - pairs.clicked) / np.maximum(1 - looks * likes, 1e-9)
        seen = np.bincount(pairs.place, pairs.clicked + missed * looks * (1 - likes), PLACES_MAX)
        liked = np.bincount(pairs.pair, pairs.clicked + missed * likes * (1 - looks))
        examined = np.divide(seen, total, out=np.zeros(PLACES_MAX), where=total > 0)
        average = float(liked.sum() / shown.sum())
        pleases = np.clip((liked + _PRIOR * average) / (shown + _PRIOR), 1e-6, 1 - 1e-6)
        examined = np.clip(examined / max(examined.max(), _EXAMINED_LEAST), _EXAMINED_LEAST, 1.0)
    last = int(np.flatnonzero(total).max())
    examined[last + 1 :] = examined[last]
    places = np.bincount(pairs.pair)
    return Curve(examined, int((places > 1).sum()))


def _pleases(pairs: _Pairs, curve: Curve) -> NDArray[np.float64]:
    """Give how much each pair pleases whoever looks: clicks over looks, each place weighed by its chance to be looked at."""
    count = len(pairs.words)
    looks = np.bincount(pairs.pair, pairs.shown * curve.examined[pairs.place], count)
    clicks = np.bincount(pairs.pair, pairs.clicked, count)
    average = clicks.sum() / max(looks.sum(), _EXAMINED_LEAST)
    found: NDArray[np.float64] = (clicks + _PRIOR * average) / (looks + _PRIOR)
    return found


class Tried(NamedTuple):
    """Words that somebody looked for in vain, those that they clicked for next, and how many visitors did so."""

    before: str
    after: str
    visitors: int


def reformulated(tries: Sequence[tuple[str, str, bytes]], *, least: int) -> list[Tried]:
    """Give the phrases that visitors put in place of one another, by at least so many of them, the commonest first.

    Each try is the words that nothing was clicked for, the words that something was clicked for next, and the visitor.
    """
    by: dict[tuple[str, str], set[bytes]] = {}
    for before, after, visitor in tries:
        one, other = _differ(before.split(), after.split())
        if one and other:
            by.setdefault((one, other), set()).add(visitor)
    found = [Tried(one, other, len(visitors)) for (one, other), visitors in by.items() if len(visitors) >= least]
    return sorted(found, key=lambda tried: (-tried.visitors, tried.before, tried.after))


def _differ(before: list[str], after: list[str]) -> tuple[str, str]:
    """Give what was put in place of what, without the words that both begin and end with."""
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return " ".join(before), " ".join(after)
