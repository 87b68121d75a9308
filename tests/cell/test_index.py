"""Tests that the compiled index finds what a dict would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from caravan.cell import Index

WORDS = st.one_of(st.integers(-4, 4), st.integers(-(2**63), 2**63 - 1))
PAIRS = st.lists(st.tuples(WORDS, WORDS, st.integers(1, 2**62)), max_size=60)


def _arrays(rows: list[tuple[int, ...]], width: int) -> list[np.ndarray]:
    return list(np.array(rows, np.int64).reshape(-1, width).T)


@given(batches=st.lists(PAIRS, max_size=5), asked=st.lists(st.tuples(WORDS, WORDS), max_size=20))
def test_an_index_finds_what_a_dict_would(
    batches: list[list[tuple[int, int, int]]], asked: list[tuple[int, int]]
) -> None:
    index, known = Index(), dict[tuple[int, int], int]()

    for batch in batches:
        index.insert(*_arrays(list(batch), 3))
        known |= {(first, second): value for first, second, value in batch}

    asked += list(known)
    assert index.find(*_arrays(list(asked), 2)).tolist() == [known.get(pair, 0) for pair in asked]
    assert len(index) == len(known)


def test_an_index_grows_and_forgets_nothing() -> None:
    index, numbers = Index(), np.arange(1, 30_001)

    for batch in np.split(numbers, 10):
        index.insert(batch, batch % 7, batch)

    assert (index.find(numbers, numbers % 7) == numbers).all()
    assert not index.find(numbers, numbers % 7 + 1).any()
    assert len(index) == 30_000


def test_equal_contents_give_equal_pairs_whatever_the_order_of_insertion() -> None:
    one, other, numbers = Index(), Index(), np.arange(1, 5_001)

    one.insert(numbers, -numbers, numbers)
    other.insert(numbers[::-1], -numbers[::-1], numbers[::-1])

    assert (one.pairs() == other.pairs()).all()
    assert one.pairs()[0].tolist() == [1, -1, 1]


def test_an_empty_index_finds_nothing() -> None:
    index = Index()

    assert index.find(np.array([1]), np.array([1])).tolist() == [0]
    assert index.pairs().shape == (0, 3)
