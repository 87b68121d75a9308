"""Tests that a table of arrays holds what a list of rows would."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.cell import Table

BATCHES = st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=700), max_size=8)


def _table() -> Table:
    return Table(price=np.int64, is_live=np.bool_)


@given(batches=BATCHES)
def test_a_table_holds_what_a_list_would(batches: list[list[int]]) -> None:
    table, rows = _table(), [0]

    for batch in batches:
        table.append(len(batch), price=batch)
        rows += batch

    assert table.price.tolist() == rows
    assert len(table) == len(rows)
    assert not table.is_live.any()


def test_the_first_row_is_nobodys() -> None:
    table = _table()

    new = table.append(2, price=5)

    assert (new.start, new.stop) == (1, 3)
    assert table.price.tolist() == [0, 5, 5]


def test_writing_into_a_column_changes_the_table() -> None:
    table = _table()
    table.append(3)

    table.price[np.array([1, 3])] = 7

    assert table.price.tolist() == [0, 7, 0, 7]


def test_a_view_stays_good_while_there_is_room() -> None:
    table = _table()
    table.append(1)
    table.reserve(50_000)
    before = table.price

    table.append(40_000)
    before[1] = 9

    assert table.price[1] == 9


def test_rows_that_a_kernel_wrote_are_counted() -> None:
    table = _table()
    table.whole("price")[1:3] = [4, 5]

    table.extend_to(3)

    assert table.price.tolist() == [0, 4, 5]


@pytest.mark.parametrize("rows", [0, 10**9])
def test_rows_that_cannot_be_there_are_a_bug(rows: int) -> None:
    with pytest.raises(AssertionError):
        _table().extend_to(rows)


@given(prices=st.lists(st.integers(0, 9), max_size=2_000), others=st.lists(st.integers(0, 9), max_size=20))
def test_a_table_is_read_back_from_its_dump(prices: list[int], others: list[int]) -> None:
    table, again = _table(), _table()
    table.append(len(prices), price=prices, is_live=True)
    again.append(len(others), price=others)

    again.load("t", dict(table.dump("t")))

    assert again.price.tolist() == table.price.tolist()
    assert again.is_live.tolist() == table.is_live.tolist()


def test_rows_behind_those_that_were_read_back_are_empty() -> None:
    short, long = _table(), _table()
    short.append(1, price=1)
    long.append(3, price=7, is_live=True)

    long.load("t", dict(short.dump("t")))
    long.append(2)

    assert long.price.tolist() == [0, 1, 0, 0]
    assert long.is_live.tolist() == [False] * 4


def test_a_column_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(AttributeError, match="color"):
        _ = _table().color


def test_a_process_with_many_tables_can_still_fork() -> None:
    kept = [Table(one=np.int64, two=np.int64) for _ in range(60)]  # 60 GiB of address space.

    child = os.fork()
    if child == 0:
        os._exit(len(kept) != 60)

    assert os.waitpid(child, 0)[1] == 0
