"""Tests that money is exact: nothing is lost in splitting, reading or writing it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caravan.kernel.errors import Invalid
from caravan.kernel.money import (
    AMOUNT_MAX,
    CURRENCIES,
    Money,
    allocate,
    alphabetic,
    exponent,
    numeric,
    parse,
    plain,
    share,
)

AMOUNTS = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any)


@given(amount=st.integers(0, AMOUNT_MAX), weights=WEIGHTS)
def test_splitting_loses_nothing(amount: int, weights: list[int]) -> None:
    assert sum(allocate(amount, weights)) == amount


@given(amount=st.integers(0, AMOUNT_MAX), weights=WEIGHTS)
def test_a_part_is_less_than_one_minor_unit_away_from_its_fair_share(amount: int, weights: list[int]) -> None:
    total = sum(weights)

    parts = allocate(amount, weights)

    assert all(abs(part * total - amount * weight) < total for part, weight in zip(parts, weights, strict=True))


def test_what_cannot_be_split_evenly_goes_to_the_first() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]


def test_who_weighs_nothing_gets_nothing() -> None:
    assert allocate(7, [0, 1, 0]) == [0, 7, 0]


def test_splitting_among_nobody_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        allocate(1, [0, 0])


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
@given(amount=AMOUNTS)
def test_an_amount_reads_back_as_it_was_written(currency: str, amount: int) -> None:
    assert parse(plain(amount, currency), currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("19.99", "EUR", 1999), (" 7 ", "EUR", 700), ("1999", "JPY", 1999), ("1.234", "KWD", 1234), ("-0.01", "USD", -1)],
)
def test_text_is_read_in_minor_units(text: str, currency: str, amount: int) -> None:
    assert parse(text, currency) == Money(amount, currency)


@pytest.mark.parametrize("text", ["", "x", "1,5", "0.001", "NaN", "sNaN", "Infinity", "1e99", "9" * 40, "1" + "0" * 16])
def test_text_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text, "EUR")


def test_more_digits_than_a_currency_has_are_refused() -> None:
    with pytest.raises(Invalid):
        parse("1.5", "JPY")


def test_an_amount_in_no_currency_is_refused() -> None:
    with pytest.raises(Invalid):
        parse("1", "QQQ")


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_a_currency_has_one_number_and_as_many_digits_as_its_country_says(currency: str) -> None:
    assert alphabetic(numeric(currency)) == currency
    assert exponent(currency) in {0, 2, 3}


@given(amount=AMOUNTS, basis_points=st.integers(0, 10_000))
def test_a_share_is_at_most_half_a_minor_unit_away(amount: int, basis_points: int) -> None:
    assert abs(share(amount, basis_points=basis_points) * 10_000 - amount * basis_points) <= 5_000


def test_a_share_of_half_a_minor_unit_goes_to_the_even_neighbor() -> None:
    assert [share(amount, basis_points=5_000) for amount in (1, 3, -1, -3)] == [0, 2, 0, -2]


def test_amounts_of_one_currency_can_be_compared() -> None:
    assert Money(1, "EUR") < Money(2, "EUR")
