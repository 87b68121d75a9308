"""Tests that the compiled indexes find what a dict would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from caravan.cell import Index, Marks

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


class _Bearers:
    """Rows and the marks that they bear."""

    def __init__(self, rows: int) -> None:
        self.high, self.low = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        self.marks = Marks()

    def bear(self, rows: np.ndarray, high: np.ndarray, low: np.ndarray) -> None:
        self.high[rows], self.low[rows] = high, low
        self.marks.insert((self.high, self.low), rows)

    def find(self, high: np.ndarray, low: np.ndarray) -> list[int]:
        found: list[int] = self.marks.find((self.high, self.low), high, low).tolist()
        return found


@given(
    batches=st.lists(st.lists(st.tuples(WORDS, WORDS), max_size=60), max_size=5),
    asked=st.lists(st.tuples(WORDS, WORDS), max_size=20), least=st.integers(1, 100),
)  # fmt: skip
def test_marks_are_found_as_a_dict_would_find_the_latest_row(
    batches: list[list[tuple[int, int]]], asked: list[tuple[int, int]], least: int
) -> None:
    bearers, known = _Bearers(1 + sum(map(len, batches))), dict[tuple[int, int], int]()
    first = 1
    for batch in batches:
        rows = np.arange(first, first + len(batch))
        bearers.bear(rows, *_arrays(list(batch), 2))
        known |= dict(zip(batch, rows.tolist(), strict=True))
        first += len(batch)
    bearers.marks.forget_below(least)

    asked += list(known)
    wanted = [row if (row := known.get(pair, 0)) >= least else 0 for pair in asked]
    assert bearers.find(*_arrays(list(asked), 2)) == wanted


def test_marks_with_like_hashes_are_told_apart_by_their_words() -> None:
    bearers, numbers = _Bearers(200_001), np.arange(1, 200_001)

    for batch in np.split(numbers, 20):
        bearers.bear(batch, batch, batch % 7)

    assert bearers.find(numbers, numbers % 7) == numbers.tolist()
    assert not any(bearers.find(numbers, numbers % 7 + 1))


def test_a_mark_that_aged_out_can_be_borne_anew() -> None:
    bearers = _Bearers(10_000)
    bearers.bear(np.array([3]), np.array([5]), np.array([6]))
    bearers.marks.forget_below(4)

    before = bearers.find(np.array([5]), np.array([6]))
    bearers.bear(np.array([9]), np.array([5]), np.array([6]))
    many = np.arange(10, 9_010)
    bearers.bear(many, many, many)  # It moves to a larger room.

    assert before == [0]
    assert bearers.find(np.array([5]), np.array([6])) == [9]


def test_marks_that_aged_out_take_no_room_for_ever() -> None:
    bearers = _Bearers(400_001)
    for first in range(1, 400_001, 1_000):
        rows = np.arange(first, first + 1_000)
        bearers.bear(rows, rows, rows)
        bearers.marks.forget_below(first - 1_000)

    asked = np.array([398_000, 398_001, 399_000])

    assert bearers.find(asked, asked) == [0, 398_001, 399_000]
    assert bearers.marks.capacity <= 1 << 14


def test_room_that_was_made_is_used_by_what_comes_then() -> None:
    bearers = _Bearers(300_001)
    for _ in bearers.marks.make_room(300_000):
        pass

    rows = np.arange(1, 300_001)
    for batch in np.split(rows, 30):
        bearers.bear(batch, batch, batch)

    assert bearers.marks.capacity == 1 << 20
    assert bearers.find(rows, rows) == rows.tolist()
