"""Tests that ids are told apart by their prefix, sort as their numbers do and read back exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.kernel.errors import Invalid
from caravan.kernel.ids import PREFIXES, ListingId, OrderId, number, text

NUMBERS = st.integers(0, 32**12 - 1)
KINDS = st.sampled_from(sorted(PREFIXES, key=str))


@given(kind=KINDS, one=NUMBERS)
def test_a_number_is_read_back_from_its_text(kind: object, one: int) -> None:
    assert number(kind, text(kind, one)) == one


@given(one=NUMBERS, other=NUMBERS)
def test_texts_sort_as_their_numbers_do(one: int, other: int) -> None:
    assert (text(OrderId, one) < text(OrderId, other)) == (one < other)


def test_the_text_of_a_number_never_changes() -> None:
    assert text(OrderId, 324) == "ord_0000000000A4"


def test_no_two_kinds_share_a_prefix() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)


@pytest.mark.parametrize(
    "public",
    [
        "",
        "ord_",
        "ord",
        "0000000000A4",
        "lst_0000000000A4",
        "ord_0000000000a4",
        "ord_0000000000I4",
        "ord_0000000000A",
        "ord_0000000000A40",
        "ord_ 000000000A4",
        "ord_-000000000A4",
        "ORD_0000000000A4",
        "ord_0000000000٣4",
    ],
)
def test_what_is_no_order_id_is_refused(public: str) -> None:
    with pytest.raises(Invalid):
        number(OrderId, public)


def test_a_refused_id_is_shown_in_part_only() -> None:
    with pytest.raises(Invalid) as refused:
        number(ListingId, "x" * 10_000)

    assert refused.value.details == {"value": "x" * 64}


@pytest.mark.parametrize("beyond", [-1, 32**12])
def test_a_number_that_no_text_can_hold_is_a_bug(beyond: int) -> None:
    with pytest.raises(AssertionError):
        text(OrderId, beyond)
