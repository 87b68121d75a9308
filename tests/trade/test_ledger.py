"""Tests that the compiled ledger decides as one on paper would, keeps its limits, and cries when its books are cooked."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caravan.trade import ledger
from caravan.trade.ledger import Kind, Ledger, Legs, Outcomes, Reason, Refused
from caravan.trade.ledger.kernel import LEGS_MAX
from caravan.trade.ledger.model import NO_FLOOR
from tests.folding import fold, reloaded, same
from tests.trade.paper_ledger import AMOUNT_MAX, BALANCE_MAX, Account, Leg, Mode, PaperLedger

EUR, MUG = 978, 7
# In the order in which they are opened, so that numbers count from 1: (kind, owner, unit).
OPENED = [
    (Kind.PSP_CLEARING, 0, EUR),
    (Kind.WALLET, 1, EUR),
    (Kind.WALLET, 2, EUR),
    (Kind.SUPPLIED, 0, MUG),
    (Kind.AVAILABLE, 1, MUG),
    (Kind.COMMITTED, 1, MUG),
    (Kind.SUPPLIED, 0, EUR),  # SKU 978, which is not the euro.
    (Kind.AVAILABLE, 1, EUR),
]
PSP, ADA, BOB, SUPPLIED, AVAILABLE, COMMITTED, SUPPLIED_978, AVAILABLE_978 = range(1, 9)
PAIRS = [
    (PSP, ADA),
    (PSP, BOB),
    (ADA, BOB),
    (SUPPLIED, AVAILABLE),
    (AVAILABLE, COMMITTED),
    (SUPPLIED_978, AVAILABLE_978),
]
NOTHING = np.zeros(1, np.int64)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def opened() -> Ledger:
    book = Ledger()
    for kind, owner, unit in OPENED:
        ledger.open_accounts(book, kind, owners=ints(owner), units=ints(unit), at=0)
    return book


def on_paper() -> PaperLedger:
    paper = PaperLedger()
    for number, (kind, _, unit) in enumerate(OPENED, 1):
        floor = None if kind in {Kind.PSP_CLEARING, Kind.SUPPLIED} else 0
        paper.accounts[number] = Account((kind >= Kind.SUPPLIED, unit), floor)
    return paper


def record(book: Ledger, *entries: list[Leg], at: int = 1, expires_at: int = 0) -> Outcomes:
    """Record entries, each made of its legs in order."""
    legs = Legs()
    legs.post(NOTHING[:0], accounts=NOTHING[:0], amounts=NOTHING[:0])
    for row, entry in enumerate(entries):
        for leg in entry:
            where = {"accounts": ints(leg.account), "amounts": ints(leg.amount)}
            if leg.mode in {Mode.POST_HELD, Mode.VOID}:
                where["holds"] = ints(leg.hold)
            getattr(legs, leg.mode.value)(ints(row), **where)
    return ledger.record(
        book, legs, reason=Reason.PLACED, at=np.full(len(entries), at, np.int64), expires_at=expires_at
    )


def move(source: int, target: int, amount: int) -> list[Leg]:
    return [Leg(Mode.POST, source, -amount), Leg(Mode.POST, target, amount)]


def funded() -> Ledger:
    """Give a ledger in which Ada has 100 and ten mugs are there."""
    book = opened()
    assert record(book, move(PSP, ADA, 100), move(SUPPLIED, AVAILABLE, 10)).recorded.all()
    return book


def why(outcomes: Outcomes) -> tuple[Refused, int]:
    return Refused(int(outcomes.codes[0])), int(outcomes.culprits[0])


# Against the ledger on paper.

AMOUNTS = st.one_of(st.integers(-3, 12), st.sampled_from([AMOUNT_MAX, AMOUNT_MAX + 1, -AMOUNT_MAX]))
ACCOUNTS = st.integers(-1, len(OPENED) + 1)
HOLDS = st.integers(-1, 12)
MOVES = st.builds(lambda pair, amount: move(pair[0], pair[1], amount), st.sampled_from(PAIRS), AMOUNTS)
CAPTURES = st.builds(
    lambda pair, amount, hold: [Leg(Mode.POST_HELD, pair[0], amount, hold), Leg(Mode.POST, pair[1], amount)],
    st.sampled_from(PAIRS), AMOUNTS, HOLDS,
)  # fmt: skip
ANY_LEG = st.builds(Leg, st.sampled_from(Mode), ACCOUNTS, AMOUNTS, HOLDS)
HOLDINGS = st.builds(Leg, st.just(Mode.HOLD), st.sampled_from([ADA, BOB, AVAILABLE]), st.integers(1, 5))
VOIDS = st.builds(Leg, st.just(Mode.VOID), st.sampled_from([ADA, BOB, AVAILABLE]), st.integers(1, 5), HOLDS)
PARTS = st.one_of(MOVES, MOVES, CAPTURES, *[leg.map(lambda leg: [leg]) for leg in (HOLDINGS, HOLDINGS, VOIDS, ANY_LEG)])
ENTRIES = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: [leg for part in parts for leg in part])
BATCHES = st.lists(st.tuples(st.lists(ENTRIES, min_size=1, max_size=5), st.integers(0, 9)), max_size=10)
START = ([move(PSP, ADA, 20), move(PSP, BOB, 20), move(SUPPLIED, AVAILABLE, 20), [Leg(Mode.HOLD, ADA, 5)]], 0)


def compare(book: Ledger, paper: PaperLedger, batches: list[tuple[list[list[Leg]], int]]) -> set[str]:
    """Record the same on both, and see that they agree on every outcome; give what was met."""
    met: set[str] = set()
    for at, (entries, lasts) in enumerate(batches):
        expires_at = at + lasts if lasts else 0
        outcomes = record(book, *entries, at=at, expires_at=expires_at)
        wanted = [paper.record(entry, at=at, expires_at=expires_at) for entry in entries]
        said = [Refused(code).name.lower() if code else "" for code in outcomes.codes.tolist()]
        assert list(zip(said, outcomes.culprits.tolist(), strict=True)) == wanted
        met.update(said)
    return met


@settings(max_examples=120)
@given(batches=BATCHES)
def test_the_ledger_decides_as_one_on_paper_would(batches: list[tuple[list[list[Leg]], int]]) -> None:
    book, paper = opened(), on_paper()

    compare(book, paper, [START, *batches])

    rows = range(1, len(OPENED) + 1)
    assert book.accounts.posted[1:].tolist() == [paper.accounts[number].posted for number in rows]
    assert book.accounts.held[1:].tolist() == [paper.accounts[number].held for number in rows]
    assert book.holds.remaining[1:].tolist() == [hold.remaining for hold in paper.holds.values()]
    assert book.holds.account[1:].tolist() == [hold.account for hold in paper.holds.values()]
    assert book.holds.expires_at[1:].tolist() == [hold.expires_at for hold in paper.holds.values()]
    assert book.entries == paper.entries


@settings(max_examples=60)
@given(batches=BATCHES)
def test_whatever_was_asked_of_it_the_books_are_sound(batches: list[tuple[list[list[Leg]], int]]) -> None:
    book = opened()

    for at, (entries, _) in enumerate([START, *batches]):
        record(book, *entries, at=at)

    assert list(ledger.findings(book)) == []


@settings(max_examples=60)
@given(batches=BATCHES)
def test_a_replay_gives_the_same_ledger(batches: list[tuple[list[list[Leg]], int]]) -> None:
    book = Ledger()
    facts = [
        fact
        for kind, owner, unit in OPENED
        for fact in ledger.open_accounts(book, kind, owners=ints(owner), units=ints(unit), at=0)[1]
    ]
    for at, (entries, lasts) in enumerate([START, *batches]):
        facts += record(book, *entries, at=at, expires_at=at + lasts).facts

    assert same(fold(Ledger(), *facts), book)
    assert same(reloaded(book), book)


def test_a_ledger_whose_floors_were_taken_out_is_told_from_one_on_paper() -> None:
    book, paper = opened(), on_paper()
    book.accounts.floor[:] = NO_FLOOR

    with pytest.raises(AssertionError):
        compare(book, paper, [([move(ADA, BOB, 1)], 0)])

    assert list(ledger.findings(book)) == [f"Account {ADA} (WALLET) has -1, held 0."]


def test_a_ledger_that_lost_count_of_a_hold_is_told_from_one_on_paper() -> None:
    book, paper = opened(), on_paper()
    compare(book, paper, [START])
    book.holds.remaining[1] = 6

    with pytest.raises(AssertionError):
        compare(book, paper, [([[Leg(Mode.VOID, ADA, 6, 1)]], 0)])


# Every no, and the boundary beside it.


@pytest.mark.parametrize(
    ("entry", "code", "culprit"),
    [
        (move(ADA, BOB, 101), Refused.BELOW_FLOOR, ADA),
        (move(AVAILABLE, COMMITTED, 11), Refused.BELOW_FLOOR, AVAILABLE),
        ([Leg(Mode.HOLD, ADA, 101)], Refused.BELOW_FLOOR, ADA),
        ([Leg(Mode.POST, 99, 1)], Refused.NO_ACCOUNT, 99),
        (move(0, ADA, 1), Refused.NO_ACCOUNT, 0),
        ([Leg(Mode.POST, ADA, 1)], Refused.UNBALANCED, ADA),
        ([*move(PSP, ADA, 1), Leg(Mode.POST, AVAILABLE, 1)], Refused.UNBALANCED, AVAILABLE),
        ([Leg(Mode.POST, ADA, -5), Leg(Mode.POST, AVAILABLE_978, 5)], Refused.UNBALANCED, ADA),
        ([Leg(Mode.VOID, ADA, 1, 1)], Refused.HOLD_CLOSED, ADA),
        (move(PSP, ADA, AMOUNT_MAX + 1), Refused.OUT_OF_RANGE, PSP),
        ([Leg(Mode.HOLD, ADA, 0)], Refused.OUT_OF_RANGE, ADA),
        ([Leg(Mode.VOID, ADA, -1, 1)], Refused.OUT_OF_RANGE, ADA),
        ([Leg(Mode.POST_HELD, ADA, 0, 1), Leg(Mode.POST, BOB, 0)], Refused.OUT_OF_RANGE, ADA),
    ],
)
def test_an_entry_that_cannot_be_is_refused_and_nothing_is_written(
    entry: list[Leg], code: Refused, culprit: int
) -> None:
    book, before = funded(), funded()

    outcomes = record(book, entry)

    assert why(outcomes) == (code, culprit)
    assert outcomes.facts == []
    assert same(book, before)
    assert book.version == before.version


@pytest.mark.parametrize(
    "entry",
    [
        move(ADA, BOB, 100),
        move(AVAILABLE, COMMITTED, 10),
        [Leg(Mode.HOLD, ADA, 100)],
        [Leg(Mode.HOLD, ADA, 60), Leg(Mode.HOLD, ADA, 40)],
        move(PSP, ADA, AMOUNT_MAX),
        [*move(ADA, BOB, 150), *move(PSP, ADA, 50)],
        move(PSP, ADA, 0),
    ],
)
def test_an_entry_up_to_the_limit_is_recorded(entry: list[Leg]) -> None:
    book = funded()

    assert record(book, entry).recorded.all()
    assert list(ledger.findings(book)) == []


def test_what_is_held_cannot_be_taken_twice() -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, ADA, 80)])

    assert why(record(book, move(ADA, BOB, 21))) == (Refused.BELOW_FLOOR, ADA)
    assert record(book, move(ADA, BOB, 20)).recorded.all()


def test_a_hold_is_posted_in_parts_but_never_for_more_than_it_keeps() -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, ADA, 80)])
    part = [Leg(Mode.POST_HELD, ADA, 50, 1), Leg(Mode.POST, BOB, 50)]

    assert record(book, part).recorded.all()
    assert why(record(book, part)) == (Refused.HOLD_CLOSED, ADA)
    assert ledger.balance(book, Kind.WALLET, owner=1, unit=EUR) == (50, 30)


def test_a_voided_hold_is_free_again_and_closed() -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, ADA, 80)])
    void = [Leg(Mode.VOID, ADA, 80, 1)]

    assert record(book, void).recorded.all()
    assert why(record(book, void)) == (Refused.HOLD_CLOSED, ADA)
    assert ledger.balance(book, Kind.WALLET, owner=1, unit=EUR) == (100, 0)


def test_a_hold_of_another_account_cannot_be_used() -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, ADA, 80)])

    assert why(record(book, [Leg(Mode.VOID, BOB, 80, 1)])) == (Refused.HOLD_CLOSED, BOB)


@pytest.mark.parametrize(("at", "code"), [(9, 0), (10, Refused.HOLD_EXPIRED), (11, Refused.HOLD_EXPIRED)])
def test_a_hold_can_be_posted_until_it_expires(at: int, code: int) -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, ADA, 80)], expires_at=10)

    outcomes = record(book, [Leg(Mode.POST_HELD, ADA, 80, 1), Leg(Mode.POST, BOB, 80)], at=at)

    assert outcomes.codes.tolist() == [code]


def test_a_hold_that_has_expired_can_still_be_voided() -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, ADA, 80)], expires_at=10)

    assert record(book, [Leg(Mode.VOID, ADA, 80, 1)], at=99).recorded.all()


def test_a_hold_made_by_a_refused_entry_leaves_no_number_behind() -> None:
    book = funded()

    outcomes = record(
        book, [Leg(Mode.HOLD, ADA, 80), *move(BOB, ADA, 1)], [Leg(Mode.HOLD, ADA, 30), Leg(Mode.HOLD, AVAILABLE, 3)]
    )

    assert outcomes.recorded.tolist() == [False, True]
    assert outcomes.holds.values.tolist() == [1, 2]
    assert outcomes.holds.offsets.tolist() == [0, 0, 2]
    assert book.holds.remaining.tolist() == [0, 30, 3]


def test_entries_are_decided_in_order_each_seeing_the_ones_before() -> None:
    outcomes = record(funded(), move(BOB, ADA, 1), move(ADA, BOB, 1), move(BOB, ADA, 1), move(ADA, BOB, 101))

    assert outcomes.codes.tolist() == [Refused.BELOW_FLOOR, 0, 0, Refused.BELOW_FLOOR]


def test_no_entries_are_no_facts() -> None:
    outcomes = ledger.record(funded(), Legs(), reason=Reason.PLACED, at=NOTHING[:0])

    assert outcomes.facts == []
    assert len(outcomes.codes) == len(outcomes.holds.values) == 0


def test_no_balance_leaves_its_range() -> None:
    book = Ledger()
    for kind in (Kind.BANK, Kind.SUSPENSE):
        ledger.open_accounts(book, kind, owners=ints(0), units=ints(EUR), at=0)
    most = BALANCE_MAX // AMOUNT_MAX

    outcomes = record(book, *[[Leg(Mode.POST, 1, AMOUNT_MAX), Leg(Mode.POST, 2, -AMOUNT_MAX)]] * (most + 2))

    assert outcomes.codes.tolist() == [0] * most + [Refused.OUT_OF_RANGE] * 2
    assert book.accounts.posted.tolist() == [0, BALANCE_MAX, -BALANCE_MAX]


def test_no_hold_leaves_the_range_of_a_balance() -> None:
    book = Ledger()
    for kind in (Kind.BANK, Kind.SUSPENSE):
        ledger.open_accounts(book, kind, owners=ints(0), units=ints(EUR), at=0)
    most = BALANCE_MAX // AMOUNT_MAX
    record(book, *[[Leg(Mode.POST, 1, AMOUNT_MAX), Leg(Mode.POST, 2, -AMOUNT_MAX)]] * most)

    outcomes = record(book, *[[Leg(Mode.HOLD, 1, AMOUNT_MAX)]] * (most + 2))

    assert outcomes.codes.tolist() == [0] * most + [Refused.OUT_OF_RANGE] * 2
    assert int(book.accounts.held[1]) == BALANCE_MAX


@pytest.mark.parametrize(("legs", "code"), [(LEGS_MAX, 0), (LEGS_MAX + 2, Refused.OUT_OF_RANGE)])
def test_an_entry_has_no_more_legs_than_can_be_summed(legs: int, code: int) -> None:
    book = funded()

    outcomes = record(book, move(PSP, ADA, 1) * (legs // 2))

    assert outcomes.codes.tolist() == [code]


def test_every_refusal_is_met_on_the_way_through_random_entries() -> None:
    book, paper = opened(), on_paper()

    met = compare(
        book, paper,
        [
            START,
            ([move(ADA, BOB, 99), [Leg(Mode.HOLD, BOB, 3)], move(0, 1, 1), [Leg(Mode.POST, 1, 1)]], 1),
            ([[Leg(Mode.VOID, ADA, 6, 1)], [Leg(Mode.POST_HELD, BOB, 3, 2), Leg(Mode.POST, ADA, 3)]], 0),
            ([move(PSP, ADA, AMOUNT_MAX + 1)], 0),
        ],
    )  # fmt: skip

    of_purchases = {Refused.NO_STOCK, Refused.NO_WALLET}
    assert {reason.name.lower() for reason in set(Refused) - of_purchases} <= met


# Accounts.


def test_an_account_is_opened_once() -> None:
    book = Ledger()
    first, facts = ledger.open_accounts(book, Kind.WALLET, owners=ints(1, 2, 1), units=ints(EUR, EUR, EUR), at=0)

    again, nothing = ledger.open_accounts(book, Kind.WALLET, owners=ints(2, 1), units=EUR, at=0)

    assert first.tolist() == [1, 2, 1]
    assert again.tolist() == [2, 1]
    assert facts[0].batch.num_rows == 2
    assert nothing == []


def test_only_the_accounts_that_are_missing_are_opened() -> None:
    book = opened()

    accounts, [fact] = ledger.open_accounts(book, Kind.WALLET, owners=ints(1, 3), units=EUR, at=0)

    assert accounts.tolist() == [ADA, len(OPENED) + 1]
    assert fact.batch.num_rows == 1


def test_an_account_that_was_never_opened_is_empty() -> None:
    assert ledger.balance(opened(), Kind.WALLET, owner=99, unit=EUR) == (0, 0)


def test_totals_are_told_by_unit() -> None:
    book = funded()
    record(book, move(ADA, BOB, 30), move(SUPPLIED_978, AVAILABLE_978, 4))

    assert ledger.totals(book, Kind.WALLET) == {EUR: 100}
    assert ledger.totals(book, Kind.AVAILABLE) == {MUG: 10, 978: 4}
    assert ledger.totals(book, Kind.BANK) == {}


# Words.


@pytest.mark.parametrize(
    ("code", "account", "kind", "details"),
    [
        (Refused.BELOW_FLOOR, AVAILABLE, ledger.OutOfStock, {"sku": MUG, "available": 10}),
        (Refused.BELOW_FLOOR, ADA, ledger.InsufficientFunds, {"available_minor": 100}),
        (Refused.HOLD_EXPIRED, ADA, ledger.ReservationExpired, {}),
        (Refused.BELOW_FLOOR, COMMITTED, ledger.EntryRefused, {}),
        (Refused.UNBALANCED, ADA, ledger.EntryRefused, {}),
    ],
)
def test_a_refusal_is_told_in_words_of_the_business(
    code: Refused, account: int, kind: type[Exception], details: dict[str, object]
) -> None:
    refusal = ledger.refusal(funded(), code=code, account=account)

    assert type(refusal) is kind
    assert refusal.details == details
    assert str(refusal)


# Legs.


def test_legs_of_some_entries_alone_are_counted_from_zero() -> None:
    legs = Legs()
    legs.post(ints(0, 1, 2, 3), accounts=ints(10, 11, 12, 13), amounts=1)  # type: ignore[arg-type]
    legs.hold(ints(1, 3), accounts=ints(21, 23), amounts=ints(5, 6))

    offsets, accounts, amounts, modes, _ = legs.renumbered(ints(1, 3)).sorted(2)

    assert offsets.tolist() == [0, 2, 4]
    assert accounts.tolist() == [11, 21, 13, 23]
    assert amounts.tolist() == [1, 5, 1, 6]
    assert modes.tolist() == [0, 1, 0, 1]


def test_legs_of_no_entries_are_none() -> None:
    legs = Legs()
    legs.post(ints(0, 1), accounts=ints(1, 2), amounts=ints(1, 1))

    offsets, accounts, *_ = legs.renumbered(NOTHING[:0]).sorted(0)

    assert offsets.tolist() == [0]
    assert len(accounts) == 0


@pytest.mark.parametrize(("references", "wanted"), [(None, [70, 71]), (ints(5, 6, 7), [5, 7])])
def test_recorded_entries_are_numbered_or_keep_their_references(
    references: np.ndarray | None, wanted: list[int]
) -> None:
    legs = Legs()
    legs.post(ints(0, 1, 2), accounts=ints(PSP, BOB, PSP), amounts=ints(-1, -1, -1))
    legs.post(ints(0, 1, 2), accounts=ints(ADA, ADA, BOB), amounts=ints(1, 1, 1))

    outcomes = ledger.record(
        opened(), legs, reason=Reason.PLACED, at=ints(1, 1, 1), references=references, numbered_from=70
    )

    assert outcomes.facts[0].batch.column("reference").to_pylist() == wanted
    assert outcomes.facts[0].batch.column("entry").to_pylist() == [1, 2]


# Cooked books.


def test_a_sound_ledger_has_no_findings() -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, ADA, 80)], [Leg(Mode.HOLD, AVAILABLE, 10)])

    assert list(ledger.findings(book)) == []
    assert list(ledger.findings(Ledger())) == []


def _give(book: Ledger) -> None:
    book.accounts.posted[ADA] += 1


def _conjure(book: Ledger) -> None:
    book.accounts.posted[AVAILABLE] += 1


def _overdraw(book: Ledger) -> None:
    book.accounts.posted[[ADA, PSP]] += ints(-101, 101)


def _oversell(book: Ledger) -> None:
    book.accounts.posted[[AVAILABLE, SUPPLIED]] += ints(-8, 8)


def _forget_hold(book: Ledger) -> None:
    book.holds.remaining[1] = 0


def _tear_hold(book: Ledger) -> None:
    book.holds.remaining[1:3] += ints(-4, 4)


@pytest.mark.parametrize(
    ("cook", "sentence"),
    [
        (_give, "Accounts of currency 978 sum to 1, not to zero."),
        (_conjure, "Accounts of SKU 7 sum to 1, not to zero."),
        (_overdraw, "Account 2 (WALLET) has -1, held 0."),
        (_oversell, "Account 5 (AVAILABLE) has 2, held 5."),
        (_forget_hold, "Account 5 says 5 is held, its holds say 2."),
        (_tear_hold, "A hold keeps less than nothing."),
    ],
)
def test_cooked_books_are_found_out(cook: Callable[[Ledger], None], sentence: str) -> None:
    book = funded()
    record(book, [Leg(Mode.HOLD, AVAILABLE, 3)], [Leg(Mode.HOLD, AVAILABLE, 2)])

    cook(book)

    assert list(ledger.findings(book)) == [sentence]


def test_a_log_that_holds_an_impossible_entry_cannot_be_replayed() -> None:
    book = funded()
    spent = record(book, move(ADA, BOB, 100)).facts

    with pytest.raises(AssertionError, match="refuses"):
        fold(opened(), *spent)


def test_a_log_whose_holds_are_numbered_wrongly_cannot_be_replayed() -> None:
    book, other = funded(), funded()
    record(book, [Leg(Mode.HOLD, ADA, 1)])
    second = record(book, [Leg(Mode.HOLD, ADA, 1)]).facts

    with pytest.raises(AssertionError, match="Holds are numbered"):
        fold(other, *second)


def test_a_log_whose_accounts_are_numbered_wrongly_cannot_be_replayed() -> None:
    _, facts = ledger.open_accounts(opened(), Kind.WALLET, owners=ints(9), units=EUR, at=0)

    with pytest.raises(AssertionError, match="Accounts are numbered"):
        fold(Ledger(), *facts)


OWNED = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12)


@pytest.mark.parametrize("kind", [Kind.AVAILABLE, Kind.WALLET])
@given(opened=st.lists(OWNED, max_size=4), asked=OWNED)
def test_the_short_way_to_accounts_finds_what_the_long_way_does(
    kind: Kind, opened: list[list[tuple[int, int]]], asked: list[tuple[int, int]]
) -> None:
    book, other = Ledger(), Ledger()
    for pairs in opened:
        owners, units = np.array(pairs, np.int64).T
        ledger.open_accounts(book, kind, owners=owners, units=units, at=0)
        ledger.open_accounts(book, Kind.COMMITTED, owners=owners, units=units, at=0)
    other.load(book.dump())
    owners, units = np.array(asked, np.int64).T

    found = book.find(kind, owners, units)

    assert book.find_soon(kind, owners, units).tolist() == found.tolist()
    assert other.find_soon(kind, owners, units).tolist() == found.tolist()
