"""Learning: out of graded results of queries come associations, past queries and trees, never graded by themselves."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caravan.insight.search import features
from caravan.insight.search.engine import Engine
from caravan.insight.search.features import DIMENSIONS, Counts
from caravan.insight.search.lessons import Lessons, Past
from caravan.insight.search.ports import Hits, Trainer
from caravan.kernel.errors import Invalid

FOLDS = 5
GRADE_MIN, GRADE_MAX = 1.0, 3.0
EXAMPLES_MIN = 50
TRAINED_ON_MAX = 240
"""So many of what is retrieved for a query are learned from."""
_BEST_KEPT = 20
_UNGRADED_SHARE = 0.35
"""Of what is retrieved behind the best and was not graded, so much is learned from: it is much alike."""
_NEUTRAL = 1.2
"""A grade that says nothing about association; those above count by how far."""

Report = Callable[[str, int, int], None]


class Example(NamedTuple):
    """A query, and products graded for it from 1 (does not fit) to 3 (fits); what is not graded is taken not to fit."""

    words: str
    grades: Mapping[int, float]


class TooFewExamples(Invalid):
    """There are too few graded queries to learn an order from."""


class _Prepared(NamedTuple):
    terms: list[NDArray[np.int32]]
    folds: NDArray[np.int64]
    directions: NDArray[np.float32]


def learn(engine: Engine, examples: Sequence[Example], trainer: Trainer, *, seed: int, report: Report) -> Lessons:
    """Learn to rank for this shop. Each example's features are computed from lessons of other examples only.

    Refuses fewer than 50 examples.
    """
    if len(examples) < EXAMPLES_MIN:
        raise TooFewExamples(f"There are {len(examples)} graded queries; {EXAMPLES_MIN} are needed.", field="examples")
    shop = engine.vocabulary
    report("directions", 0, 1)
    directions = trainer.directions(
        np.concatenate([[0], np.cumsum(shop.lengths[: shop.products])]).astype(np.int64),
        np.concatenate([shop.title(product) for product in range(shop.products)]),
        terms=len(shop.terms), seed=seed,
    )  # fmt: skip
    queries = [engine.understand(example.words) for example in examples]
    terms = [shop.known(query.terms) for query in queries]
    dice = np.random.default_rng(seed)
    folds = dice.integers(0, FOLDS, len(examples))
    prepared = _Prepared(terms, folds, directions)
    past = _past(engine, examples, prepared)
    counted = [_counted(engine, examples, prepared, np.flatnonzero(folds == fold).tolist()) for fold in range(FOLDS)]
    everything = _merged(engine, counted)
    rows, grades, sizes = [], [], []
    for fold in range(FOLDS):
        others = _merged(engine, [one for place, one in enumerate(counted) if place != fold])
        lessons = Lessons(directions, others, past, None)
        for place in np.flatnonzero(folds == fold).tolist():
            hits = engine.retrieve(queries[place], limit=TRAINED_ON_MAX)
            graded = _labels(hits, examples[place])
            kept = (graded > 0) | (dice.random(len(graded)) < _UNGRADED_SHARE)
            kept[:_BEST_KEPT] = True
            if graded.any() and len(terms[place]):
                rows.append(engine.describe(queries[place], hits, lessons, skips=fold)[kept])
                grades.append(graded[kept])
                sizes.append(int(kept.sum()))
        report("examples", fold + 1, FOLDS)
    if len(sizes) < EXAMPLES_MIN:
        raise TooFewExamples("Hardly anything that was graded is found by its query.", field="examples")
    report("trees", 0, 1)
    forest = trainer.forest(np.concatenate(rows), np.concatenate(grades), np.array(sizes, np.int64), seed=seed)
    report("trees", 1, 1)
    return Lessons(directions, everything, past, forest, f"trees {len(sizes)}-{seed}")


def _labels(hits: Hits, example: Example) -> NDArray[np.int64]:
    """Give a whole grade from 0 (not graded) to 9 for each hit: thirds of the scale's steps."""
    return np.array([round(3 * example.grades.get(product, 0.0)) for product in hits.products.tolist()], np.int64)


def _counted(
    engine: Engine, examples: Sequence[Example], prepared: _Prepared, places: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give pairs of a query's term and a title's term as one number each, and how good the title was."""
    width, shop = len(engine.vocabulary.terms), engine.vocabulary
    keys, values = [np.zeros(0, np.int64)], [np.zeros(0)]
    for place in places:
        asked = np.unique(prepared.terms[place]).astype(np.int64)
        grades = examples[place].grades
        for product, grade in grades.items():
            weight = max(0.0, grade - _NEUTRAL) / 2 / np.sqrt(len(grades))
            title = shop.title(product).astype(np.int64)
            pairs = (asked[:, None] * width + title[None, :]).ravel()
            keys.append(pairs)
            values.append(np.full(len(pairs), weight))
    found, back = np.unique(np.concatenate(keys), return_inverse=True)
    totals = np.bincount(back, np.concatenate(values), minlength=len(found)).astype(np.float64)
    return found, totals


def _merged(engine: Engine, counted: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> Counts:
    shop, width = engine.vocabulary, len(engine.vocabulary.terms)
    keys, back = np.unique(np.concatenate([keys for keys, _ in counted]), return_inverse=True)
    values = np.bincount(back, np.concatenate([values for _, values in counted]), minlength=len(keys))
    asked, titles = keys // width, keys % width
    offsets = np.searchsorted(asked, np.arange(width + 1)).astype(np.int64)
    totals = np.bincount(asked, values, minlength=width)
    background = np.maximum(shop.counts, 1) / max(1, int(shop.lengths.sum()))
    return Counts(
        offsets, titles.astype(np.int32), values.astype(np.float32), totals.astype(np.float32),
        background.astype(np.float32),
    )  # fmt: skip


def _past(engine: Engine, examples: Sequence[Example], prepared: _Prepared) -> Past:
    shop, idf = engine.vocabulary, engine.vocabulary.idf
    found = np.zeros((len(examples), DIMENSIONS), np.float32)
    lengths = np.ones(len(examples), np.float32)
    pairs: list[NDArray[np.int64]] = [np.zeros((0, 2), np.int64)]
    for place, example in enumerate(examples):
        terms = np.unique(prepared.terms[place])
        lengths[place] = np.sqrt((idf[terms] ** 2).sum()) + 1e-6
        pairs.append(np.column_stack([terms.astype(np.int64), np.full(len(terms), place)]))
        for product, grade in example.grades.items():
            found[place] += (grade - GRADE_MIN) * features.meaning(shop.title(product), idf, prepared.directions)
    together = np.concatenate(pairs)
    together = together[np.argsort(together[:, 0], kind="stable")]
    offsets = np.searchsorted(together[:, 0], np.arange(len(shop.terms) + 1)).astype(np.int64)
    return Past(offsets, together[:, 1].astype(np.int32), lengths, found, prepared.folds)
