"""Checks clicks as teachers: the curve of who looks where is found, training without it is beaten, and tries become synonyms."""

import numpy as np
import pytest

from caravan.bootstrap import make_engine, make_trainer
from caravan.insight import search
from caravan.insight.search import Asked, Example, Sheet, Shown, learn, teach

QUERIES, EACH = 60, 10
EXAMINED = 1 / np.arange(1, EACH + 1)
PLEASES = {"toy": 0.5, "steel": 0.25}  # The shop by hand puts steel first; whoever looks likes toys better.


def kind_of(product: int) -> str:
    return "toy" if product % 2 == 0 else "steel"


def title_of(product: int) -> str:
    return f"tool kind{product // EACH} {kind_of(product)} {product}"


def simulated(seed: int, *, visits: int = 40) -> list[Shown]:
    """Let visitors click with the chance that they look at a place, times the chance that what stands there pleases."""
    dice, lists = np.random.default_rng(seed), []
    for query in range(QUERIES):
        own = np.arange(query * EACH, (query + 1) * EACH)
        for _ in range(visits):
            order = own[np.lexsort((dice.random(EACH), (own % 2 == 0) + dice.normal(0, 0.6, EACH)))]
            pleased = np.array([PLEASES[kind_of(int(product))] for product in order])
            clicked = order[dice.random(EACH) < EXAMINED * pleased]
            lists.append(Shown(f"tool kind{query}", 0, order.tolist(), frozenset(clicked.tolist()), frozenset()))
    return lists


def gain_of(examples: list[Example]) -> float:
    """Learn from examples, and tell how good the first three of each answer are on average: 1 is all toys."""
    engine = make_engine()
    engine.put([Sheet(product, title_of(product)) for product in range(QUERIES * EACH)])
    engine.commit(1)
    engine.learn(learn(engine, examples, make_trainer(), seed=1, report=lambda *_: None))
    found = [engine.find(Asked(f"tool kind{query}", limit=3)).results for query in range(QUERIES)]
    return float(np.mean([kind_of(one.product) == "toy" for results in found for one in results]))


@pytest.fixture(scope="module")
def lists() -> list[Shown]:
    return simulated(5)


def test_the_curve_is_told_apart_from_what_stands_at_a_place(lists: list[Shown]) -> None:
    _, curve = teach(lists)

    assert curve.swapped == QUERIES * EACH
    assert np.abs(curve.examined[:EACH] - EXAMINED).max() < 0.1


def test_grades_follow_what_pleases_and_not_where_it_stood(lists: list[Shown]) -> None:
    corrected, naive = (
        np.array([[example.grades[product] for product in sorted(example.grades)] for example in examples])
        for examples in (teach(lists)[0], teach(lists, is_corrected=False)[0])
    )
    is_toy = np.arange(EACH) % 2 == 0

    assert corrected[:, is_toy].mean() > corrected[:, ~is_toy].mean() + 0.3
    assert naive[:, is_toy].mean() < naive[:, ~is_toy].mean()


def test_training_with_the_place_taken_out_beats_training_without(lists: list[Shown]) -> None:
    corrected, naive = (gain_of(teach(lists, is_corrected=one)[0]) for one in (True, False))

    assert corrected > 0.75
    assert naive < 0.25


def test_words_that_nobody_clicked_for_teach_nothing() -> None:
    none: frozenset[int] = frozenset()

    examples, curve = teach([Shown("mug", 0, [1, 2], none, none), Shown("pan", 0, [3], frozenset([3]), none)])

    assert [one.words for one in examples] == ["pan"]
    assert (examples[0].grades, curve.swapped) == ({3: 3.0}, 0)


def test_nothing_teaches_nothing() -> None:
    assert teach([])[0] == []


def test_what_was_bought_is_worth_more_than_what_was_only_clicked() -> None:
    both, one = frozenset([1, 2]), frozenset([2])

    (example,), _ = teach([Shown("mug", 0, [1, 2], both, one), Shown("mug", 0, [2, 1], both, one)])

    assert example.grades[2] == 3.0 > example.grades[1]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [("grey sofa", "grey couch", ("sofa", "couch")), ("sofa", "couch", ("sofa", "couch")),
     ("sofa bed", "sofa", None), ("sofa", "sofa", None)],
)  # fmt: skip
def test_what_was_put_in_place_of_a_phrase_is_told_when_enough_visitors_did(
    before: str, after: str, told: tuple[str, str] | None
) -> None:
    tries = [(before, after, visitor) for visitor in (b"a", b"b", b"b")]

    found = [(one.before, one.after) for one in search.reformulated(tries, least=2)]

    assert found == ([told] if told else [])
    assert search.reformulated(tries, least=3) == []
