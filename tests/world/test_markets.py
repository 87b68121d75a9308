"""Tests the operator's terms and the fee rules: first match wins, floors, caps, and never more than the line."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.money import AMOUNT_MAX
from caravan.world import markets
from caravan.world.markets import FeeRule, Markets, Policy
from caravan.world.markets.commands import RULES_MAX
from tests.folding import fold, reloaded, same

NOW = Instant(1_000)


def ruled(*rules: FeeRule, tax: int = 0) -> Markets:
    return fold(Markets(), markets.set_fee_rules(rules, tax_basis_points=tax, now=NOW))


def fee(
    book: Markets, price: int, *, quantity: int = 1, seller: int = 1, categories: Sequence[str] = ()
) -> tuple[int, int]:
    """Give the fee on one line, which is in the given categories, and the tax on it."""
    fees, taxes = markets.fees(
        book,
        sellers=np.array([seller]),
        quantities=np.array([quantity]),
        prices_minor=np.array([price]),
        in_category=lambda category: np.array([category in categories]),
    )
    return int(fees[0]), int(taxes[0])


def test_a_market_opens_once() -> None:
    book = Markets()
    fold(book, markets.open_market(book, name="Bazaar", currency="EUR", has_play_money=True, now=NOW))

    with pytest.raises(markets.AlreadyOpen):
        markets.open_market(book, name="Bazaar", currency="EUR", has_play_money=True, now=NOW)

    assert book.market is not None
    assert book.market.has_play_money


def test_a_market_needs_a_currency_that_exists() -> None:
    with pytest.raises(Invalid):
        markets.open_market(Markets(), name="Bazaar", currency="eur", has_play_money=False, now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reservation_lasts": 0},
        {"reservation_lasts_max": 0},
        {"payout_every": 0},
        {"units_per_buyer_max": 0},
        {"return_window": -1},
        {"payout_minor_min": 0},
    ],
)
def test_times_and_limits_are_above_zero(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        markets.set_policy(msgspec.structs.replace(Policy(), **wrong), now=NOW)


def test_the_least_terms_are_taken() -> None:
    least = Policy(reservation_lasts=1, reservation_lasts_max=1, payout_every=1, units_per_buyer_max=1, return_window=0)

    book = fold(Markets(), markets.set_policy(least, now=NOW))

    assert (book.policy.return_window, book.policy.payout_every) == (0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis_points": 10_001},
        {"basis_points": -1},
        {"fixed_minor": -1},
        {"floor_minor": -1},
        {"cap_minor": AMOUNT_MAX + 1},
    ],
)
def test_a_rule_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        ruled(msgspec.structs.replace(FeeRule(), **wrong))


@pytest.mark.parametrize("tax", [-1, 10_001])
def test_a_tax_out_of_range_is_refused(tax: int) -> None:
    with pytest.raises(Invalid):
        ruled(tax=tax)


def test_there_are_not_too_many_rules() -> None:
    ruled(*[FeeRule()] * RULES_MAX)

    with pytest.raises(Invalid):
        ruled(*[FeeRule()] * (RULES_MAX + 1))


def test_without_a_rule_there_is_no_fee() -> None:
    assert fee(Markets(), 1_000) == (0, 0)
    assert fee(ruled(tax=2_000), 1_000) == (0, 0)


def test_a_rule_that_matches_nobody_takes_nothing() -> None:
    assert fee(ruled(FeeRule(seller=9, basis_points=1_000)), 1_000, seller=1) == (0, 0)


def test_the_first_rule_that_matches_is_the_fee() -> None:
    book = ruled(
        FeeRule(seller=7, category="Home", basis_points=100),
        FeeRule(seller=7, basis_points=200),
        FeeRule(category="Home", basis_points=300),
        FeeRule(basis_points=400),
        FeeRule(basis_points=500),
    )

    fees = [
        fee(book, 10_000, seller=seller, categories=categories)[0]
        for seller in (7, 1)
        for categories in (("Home",), ("Garden",))
    ]

    assert fees == [100, 200, 300, 400]


def test_a_share_and_a_fixed_part_of_each_unit_are_added() -> None:
    assert fee(ruled(FeeRule(basis_points=1_000, fixed_minor=30)), 1_000, quantity=3) == (190, 0)


@pytest.mark.parametrize(("price", "wanted"), [(100, 50), (500, 50), (501, 50), (505, 51), (2_000, 200), (9_000, 300)])
def test_a_fee_has_a_floor_and_a_cap(price: int, wanted: int) -> None:
    assert fee(ruled(FeeRule(basis_points=1_000, floor_minor=50, cap_minor=300)), price) == (wanted, 0)


@pytest.mark.parametrize(("price", "wanted"), [(4, 0), (5, 1), (14, 1), (15, 2)])
def test_shares_are_rounded_half_up(price: int, wanted: int) -> None:
    assert fee(ruled(FeeRule(basis_points=1_000)), price)[0] == wanted


def test_the_tax_is_on_the_fee() -> None:
    assert fee(ruled(FeeRule(basis_points=1_000), tax=2_000), 10_000) == (1_000, 200)


@pytest.mark.parametrize(
    ("price", "wanted"),
    [(100, (83, 17)), (1, (0, 0)), (2, (1, 0)), (6, (5, 1)), (AMOUNT_MAX, (5 * AMOUNT_MAX // 6, None))],
)
def test_fee_and_tax_together_are_never_more_than_the_line(price: int, wanted: tuple[int, int | None]) -> None:
    taken, tax = fee(ruled(FeeRule(fixed_minor=AMOUNT_MAX), tax=2_000), price)

    assert taken == wanted[0]
    assert taken + tax <= price
    assert wanted[1] in {tax, None}


def test_the_largest_line_does_not_overflow() -> None:
    book = ruled(FeeRule(basis_points=10_000, fixed_minor=AMOUNT_MAX, floor_minor=AMOUNT_MAX), tax=10_000)

    assert fee(book, AMOUNT_MAX, quantity=100_000) == (AMOUNT_MAX // 2, AMOUNT_MAX // 2)


@given(
    price=st.integers(1, AMOUNT_MAX),
    quantity=st.integers(1, 100_000),
    rule=st.builds(
        FeeRule,
        basis_points=st.integers(0, 10_000),
        fixed_minor=st.integers(0, AMOUNT_MAX),
        floor_minor=st.integers(0, AMOUNT_MAX),
        cap_minor=st.integers(0, AMOUNT_MAX),
    ),
    tax=st.integers(0, 10_000),
)
@settings(max_examples=300, deadline=None)
def test_the_arrays_say_what_plain_integers_say(price: int, quantity: int, rule: FeeRule, tax: int) -> None:
    wanted = (price * rule.basis_points + 5_000) // 10_000 + rule.fixed_minor * quantity
    wanted = max(wanted, rule.floor_minor)
    wanted = min(wanted, rule.cap_minor or wanted, price * 10_000 // (10_000 + tax))

    taken, taxed = fee(ruled(rule, tax=tax), price, quantity=quantity)

    assert (taken, taxed) == (wanted, min((wanted * tax + 5_000) // 10_000, price - wanted))


def test_no_lines_have_no_fees() -> None:
    nothing = np.zeros(0, np.int64)
    book = ruled(FeeRule(category="Home", basis_points=1_000))

    fees, taxes = markets.fees(
        book, sellers=nothing, quantities=nothing, prices_minor=nothing, in_category=lambda _: nothing == 0
    )

    assert (fees.tolist(), taxes.tolist()) == ([], [])


def test_many_lines_have_each_their_own_fee() -> None:
    fees, _ = markets.fees(
        ruled(FeeRule(seller=2, basis_points=2_000), FeeRule(basis_points=1_000)),
        sellers=np.array([1, 2, 1]),
        quantities=np.array([1, 1, 1]),
        prices_minor=np.array([100, 100, 200]),
        in_category=lambda _: np.zeros(3, np.bool_),
    )

    assert fees.tolist() == [10, 20, 20]


def test_terms_can_be_written_down_and_read_back() -> None:
    book = ruled(FeeRule(category="Home", basis_points=3), tax=7)
    fold(book, markets.open_market(book, name="Bazaar", currency="EUR", has_play_money=False, now=NOW))
    fold(book, markets.set_policy(Policy(reviews_listings=True), now=NOW))

    copy = reloaded(book)

    assert same(copy, book)
    assert copy.policy.reviews_listings
    assert same(reloaded(Markets()), Markets())
