"""Tests that the one pass over purchases decides what the ledger's entries of the same legs would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caravan.trade import ledger
from caravan.trade.ledger import Kind, Ledger, Legs, Placing, Reason, Refused
from caravan.trade.ledger.kernel import LEGS_MAX
from tests.folding import reloaded, same

EUR, BUYERS, SKUS, FUNDS, UNITS = 978, 3, 3, 60, 6

# A purchase: its buyer, its lines (SKU, quantity, whether out of a reservation), and what each of its orders costs.
LINES = st.lists(st.tuples(st.integers(1, SKUS + 1), st.integers(1, 4), st.booleans()), min_size=1, max_size=4)
PURCHASES = st.tuples(
    st.integers(1, BUYERS + 1), LINES, st.lists(st.integers(1, 30) | st.just(10**15 + 1), min_size=1, max_size=3)
)
BATCHES = st.lists(st.lists(PURCHASES, min_size=1, max_size=6), min_size=1, max_size=3)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def stocked() -> Ledger:
    """Give a ledger with three buyers who have 60 each, and three SKUs of which six units are there and two reserved."""
    book = Ledger()
    for kind, owners, units in (
        (Kind.PSP_CLEARING, ints(0), ints(EUR)), (Kind.WALLET, np.arange(1, BUYERS + 1), ints(EUR)),
        (Kind.SUPPLIED, ints(0), np.arange(1, SKUS + 1)), (Kind.AVAILABLE, ints(1), np.arange(1, SKUS + 1)),
        (Kind.COMMITTED, ints(1), np.arange(1, SKUS + 1)),
    ):  # fmt: skip
        ledger.open_accounts(book, kind, owners=owners, units=units, at=0)
    legs, rows = Legs(), np.arange(3)
    wallets = book.find(Kind.WALLET, np.arange(1, 4), ints(EUR, EUR, EUR))
    available = book.find(Kind.AVAILABLE, ints(1, 1, 1), np.arange(1, 4))
    legs.post(rows, accounts=np.full(3, 1), amounts=np.full(3, -FUNDS))
    legs.post(rows, accounts=wallets, amounts=np.full(3, FUNDS))
    legs.post(rows, accounts=book.find(Kind.SUPPLIED, ints(0, 0, 0), np.arange(1, 4)), amounts=np.full(3, -UNITS))
    legs.post(rows, accounts=available, amounts=np.full(3, UNITS))
    legs.hold(rows, accounts=available, amounts=np.full(3, 2))
    assert ledger.record(
        book, legs, reason=Reason.RESERVED, at=ints(1, 1, 1), expires_at=ints(50, 50, 5)
    ).recorded.all()
    return book


def placing(wanted: list[tuple[int, list[tuple[int, int, bool]], list[int]]], at: int) -> Placing:
    lines = [line for _, some, _ in wanted for line in some]
    return Placing(
        at=np.full(len(wanted), at, np.int64), buyers=ints(*(buyer for buyer, _, _ in wanted)),
        units=np.full(len(wanted), EUR), line_offsets=np.cumsum([0] + [len(some) for _, some, _ in wanted]),
        order_offsets=np.cumsum([0] + [len(amounts) for _, _, amounts in wanted]),
        amounts=ints(*(amount for _, _, amounts in wanted for amount in amounts)),
        locations=np.ones(len(lines), np.int64), skus=ints(*(sku for sku, _, _ in lines)),
        quantities=ints(*(units for _, units, _ in lines)),
        holds=ints(*(sku if is_held and sku <= SKUS else 0 for sku, _, is_held in lines)),
    )  # fmt: skip


def entries(book: Ledger, wanted: Placing) -> ledger.Outcomes:
    """Record the same purchases leg by leg."""
    legs, count = Legs(), len(wanted.at)
    rows = np.repeat(np.arange(count), np.diff(wanted.line_offsets))
    available = book.find(Kind.AVAILABLE, wanted.locations, wanted.skus)
    is_held = wanted.holds > 0
    legs.post(rows[~is_held], accounts=available[~is_held], amounts=-wanted.quantities[~is_held])
    legs.post_held(
        rows[is_held], accounts=available[is_held], amounts=wanted.quantities[is_held], holds=wanted.holds[is_held]
    )
    legs.post(rows, accounts=book.find(Kind.COMMITTED, wanted.locations, wanted.skus), amounts=wanted.quantities)
    payers = np.repeat(np.arange(count), np.diff(wanted.order_offsets))
    wallets = book.find(Kind.WALLET, wanted.buyers, wanted.units)
    legs.hold(payers, accounts=wallets[payers], amounts=wanted.amounts)
    return ledger.record(book, legs, reason=Reason.PLACED, at=wanted.at)


@given(batches=BATCHES, at=st.integers(1, 60))
@settings(deadline=None, max_examples=200)
def test_one_pass_decides_what_entries_would(
    batches: list[list[tuple[int, list[tuple[int, int, bool]], list[int]]]], at: int
) -> None:
    book, other = stocked(), stocked()

    for batch in batches:
        done = ledger.place(book, placing(batch, at), passed=np.ones(len(batch), np.bool_))
        wanted = entries(other, placing(batch, at))
        assert ((done.codes == 0) == wanted.recorded).all()
        assert done.first_holds[done.codes == 0].tolist() == [some[0] for some in _lists(wanted)]

    assert same(book, other)


def _lists(outcomes: ledger.Outcomes) -> list[list[int]]:
    spans = zip(outcomes.holds.offsets, outcomes.holds.offsets[1:], strict=False)
    lists = [outcomes.holds.values[first:last].tolist() for first, last in spans]
    return [some for some in lists if some]


@pytest.mark.parametrize(
    ("wanted", "at", "code", "kind"),
    [
        ((1, [(1, 5, False)], [1]), 1, Refused.BELOW_FLOOR, Kind.AVAILABLE),
        ((1, [(1, 1, False)], [61]), 1, Refused.BELOW_FLOOR, Kind.WALLET),
        ((1, [(1, 3, True)], [1]), 1, Refused.HOLD_CLOSED, Kind.AVAILABLE),
        ((1, [(3, 1, True)], [1]), 5, Refused.HOLD_EXPIRED, Kind.AVAILABLE),
        ((1, [(4, 1, False)], [1]), 1, Refused.NO_STOCK, None),
        ((4, [(1, 1, False)], [1]), 1, Refused.NO_WALLET, None),
        ((1, [(1, 1, False)], [0]), 1, Refused.OUT_OF_RANGE, Kind.WALLET),
        ((1, [(1, 1, False)] * (LEGS_MAX + 1), [1]), 1, Refused.OUT_OF_RANGE, None),
    ],
)
def test_a_purchase_that_is_refused_says_why_and_leaves_no_trace(
    wanted: tuple[int, list[tuple[int, int, bool]], list[int]], at: int, code: Refused, kind: Kind | None
) -> None:
    book = stocked()

    done = ledger.place(book, placing([wanted], at), passed=np.array([True]))

    assert done.codes.tolist() == [code]
    assert (kind is None) == (done.culprits[0] == 0)
    assert kind is None or book.accounts.kind[done.culprits[0]] == kind
    assert same(book, stocked())


def test_a_purchase_that_was_refused_before_is_passed_over() -> None:
    book, one = stocked(), (1, [(1, 1, False)], [10])

    done = ledger.place(book, placing([one, one], 1), passed=np.array([False, True]))

    assert (done.codes.tolist(), done.entries.tolist()) == ([-1, 0], [0, 4])
    assert ledger.balance(book, Kind.WALLET, owner=1, unit=EUR) == (FUNDS, 10)
    assert same(reloaded(book), book)


def test_money_is_held_for_ever_whatever_a_refused_entry_left_behind() -> None:
    book, legs = stocked(), Legs()
    legs.hold(ints(0), accounts=book.find(Kind.WALLET, ints(1), ints(EUR)), amounts=ints(FUNDS + 1))
    assert not ledger.record(book, legs, reason=Reason.RESERVED, at=ints(1), expires_at=ints(7)).recorded.any()

    done = ledger.place(book, placing([(1, [(1, 1, False)], [10])], 1), passed=np.array([True]))

    assert book.holds.expires_at[done.first_holds[0]] == 0
