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
    assert len(index.pairs()) == len(known)


def test_an_index_grows_and_forgets_nothing() -> None:
    index, numbers = Index(), np.arange(1, 30_001)

    for batch in np.split(numbers, 10):
        index.insert(batch, batch % 7, batch)

    assert (index.find(numbers, numbers % 7) == numbers).all()
    assert not index.find(numbers, numbers % 7 + 1).any()
    assert len(index.pairs()) == 30_000


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


def test_a_pair_that_is_set_while_the_index_moves_keeps_its_new_value() -> None:
    index, numbers = Index(), np.arange(1, 2_049)
    index.insert(numbers, numbers, numbers)

    index.insert(np.array([2_048, 9_999]), np.array([2_048, 9_999]), np.array([7, 8]))  # This one begins the move.
    index.insert(np.arange(10_000, 18_000), np.arange(10_000, 18_000), np.arange(10_000, 18_000))

    assert index.find(np.array([2_047, 2_048, 9_999]), np.array([2_047, 2_048, 9_999])).tolist() == [2_047, 7, 8]
    assert len(index.pairs()) == 2_048 + 1 + 8_000


def test_what_is_forgotten_is_not_found_and_takes_no_room_for_ever() -> None:
    index = Index()
    for first in range(1, 400_001, 1_000):
        numbers = np.arange(first, first + 1_000)
        index.insert(numbers, numbers, numbers)
        index.forget_below(first - 1_000)

    known = index.find(np.array([398_000, 398_001, 399_000]), np.array([398_000, 398_001, 399_000]))

    assert known.tolist() == [0, 398_001, 399_000]
    assert len(index.pairs()) == 2_000
    assert index._slots.shape[0] <= 16_384
