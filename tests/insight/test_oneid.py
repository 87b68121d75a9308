"""Tests that identities are what the ties that hold connect, that limits protect them, and that every tie can be undone."""

import numpy as np
import pytest

from benchmarks.identity import counted_out, weather
from caravan.cell import transpose
from caravan.insight import oneid
from caravan.insight.oneid import LIMITS, OneId, Type, normal
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from tests.folding import fold, reloaded, same

NOW = Instant(1_000)


def see(book: OneId, *identifiers: tuple[Type, int], source: str = "shop") -> int:
    """See identifiers together; give the identity of the first."""
    types = np.array([kind for kind, _ in identifiers], np.int64)
    marks = np.array([value for _, value in identifiers], np.int64)
    seen = oneid.Observations(np.array([0, len(identifiers)]), types, marks, marks, [source])
    _, found = oneid.observe(book, seen, now=NOW)
    return int(book.whole[0][found[0]])


def who(book: OneId, kind: Type, value: int) -> int:
    one = np.array([value], np.int64)
    return int(oneid.identify(book, np.array([kind], np.int64), one, one)[0])


def likely(left: int, right: int, odds: int = 15_000) -> oneid.Likely:
    return oneid.Likely(np.array([left]), np.array([right]), np.array([odds]), ["[]"], "likeness")


def decide(book: OneId, proposal: int, *, is_accepted: bool) -> None:
    for part in oneid.decide(book, proposal, is_accepted=is_accepted, now=NOW):
        book.apply(part)


def undo(book: OneId, tie: int) -> None:
    fold(book, oneid.undo_tie(book, tie, why="wrong", now=NOW))


def test_identifiers_seen_together_are_one_identity_named_by_the_oldest() -> None:
    book = OneId()

    first = see(book, (Type.EMAIL, 1), (Type.COOKIE, 2))
    see(book, (Type.COOKIE, 3))
    see(book, (Type.EMAIL, 1), (Type.COOKIE, 3))

    assert who(book, Type.COOKIE, 3) == who(book, Type.COOKIE, 2) == first


def test_an_unknown_identifier_is_nobody() -> None:
    assert who(OneId(), Type.EMAIL, 1) == 0


def test_the_same_mark_of_another_type_is_another_identifier() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1))

    assert who(book, Type.PHONE, 1) == 0


def test_an_undone_tie_gives_back_exactly_the_earlier_identities() -> None:
    book = OneId()
    left, right = see(book, (Type.EMAIL, 1), (Type.COOKIE, 2)), see(book, (Type.PHONE, 3), (Type.COOKIE, 4))
    before = book.whole[0][:5].tolist()
    see(book, (Type.EMAIL, 1), (Type.PHONE, 3))
    assert who(book, Type.COOKIE, 4) == left

    undo(book, 3)

    assert book.whole[0][:5].tolist() == before
    assert who(book, Type.COOKIE, 4) == right


def test_what_somebody_undid_does_not_come_back_by_itself_but_by_hand() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1), (Type.COOKIE, 2))
    undo(book, 1)

    see(book, (Type.EMAIL, 1), (Type.COOKIE, 2))
    assert who(book, Type.COOKIE, 2) != who(book, Type.EMAIL, 1)

    for part in oneid.tie_by_hand(book, left=1, right=2, why="asked them", now=NOW):
        book.apply(part)
    assert who(book, Type.COOKIE, 2) == who(book, Type.EMAIL, 1)


def test_a_tie_that_does_not_hold_can_not_be_undone() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1), (Type.COOKIE, 2))
    undo(book, 1)

    for tie in (0, 1, 2):
        with pytest.raises(NotFound):
            oneid.undo_tie(book, tie, why="", now=NOW)


def test_two_logins_on_one_device_stay_two_people_and_the_tie_is_kept_as_withheld() -> None:
    book = OneId()
    mother = see(book, (Type.LOGIN, 1), (Type.DEVICE, 9))

    daughter = see(book, (Type.LOGIN, 2), (Type.DEVICE, 9))

    assert mother != daughter
    assert who(book, Type.DEVICE, 9) == mother
    assert book.ties.state[2] == oneid.WITHHELD


def test_a_withheld_tie_is_made_when_the_limit_allows_it() -> None:
    book = OneId()
    see(book, (Type.LOGIN, 1), (Type.DEVICE, 9))
    see(book, (Type.LOGIN, 2), (Type.DEVICE, 9))
    limits = list(LIMITS)
    limits[Type.LOGIN] = 2
    fold(book, oneid.set_protection(limits, now=NOW))

    see(book, (Type.LOGIN, 2), (Type.DEVICE, 9))

    assert who(book, Type.LOGIN, 1) == who(book, Type.LOGIN, 2)


@pytest.mark.parametrize("limits", [LIMITS[:-1], (1, *LIMITS[1:]), (0, 0, *LIMITS[2:]), (*LIMITS[:-1], 10_000)])
def test_limits_that_make_no_sense_are_refused(limits: tuple[int, ...]) -> None:
    with pytest.raises(Invalid):
        oneid.set_protection(limits, now=NOW)


def test_a_tie_by_hand_may_not_break_a_limit_nor_tie_to_itself_or_nobody() -> None:
    book = OneId()
    see(book, (Type.LOGIN, 1))
    see(book, (Type.LOGIN, 2))

    with pytest.raises(oneid.LimitBroken):
        oneid.tie_by_hand(book, left=1, right=2, why="", now=NOW)
    with pytest.raises(Invalid):
        oneid.tie_by_hand(book, left=1, right=1, why="", now=NOW)
    with pytest.raises(NotFound):
        oneid.tie_by_hand(book, left=1, right=9, why="", now=NOW)


def test_a_probable_tie_is_in_the_whole_identity_and_not_in_the_certain_one() -> None:
    book = OneId()
    see(book, (Type.RECORD, 1))
    see(book, (Type.RECORD, 2))

    oneid.tie_likely(book, likely(1, 2), now=NOW)

    known = oneid.identity_of(book, 2)
    assert (known.identity, known.certain) == (1, (1, 2))
    assert not known.ties[0].is_certain


def test_a_proposal_is_made_once_and_ties_when_it_is_accepted() -> None:
    book = OneId()
    see(book, (Type.RECORD, 1))
    see(book, (Type.RECORD, 2))
    for part in oneid.propose(book, likely(1, 2, odds=3_000), now=NOW):
        book.apply(part)
    assert not oneid.propose(book, likely(1, 2, odds=3_000), now=NOW)
    assert [number for number, _ in oneid.waiting(book, after=0, limit=10)] == [1]

    decide(book, 1, is_accepted=True)

    assert who(book, Type.RECORD, 2) == 1
    assert not oneid.waiting(book, after=0, limit=10)
    with pytest.raises(oneid.ProposalDecidedAlready):
        oneid.decide(book, 1, is_accepted=False, now=NOW)
    with pytest.raises(NotFound):
        oneid.decide(book, 2, is_accepted=False, now=NOW)


def test_a_rejected_proposal_leaves_two_people() -> None:
    book = OneId()
    see(book, (Type.RECORD, 1))
    see(book, (Type.RECORD, 2))
    for part in oneid.propose(book, likely(1, 2), now=NOW):
        book.apply(part)

    decide(book, 1, is_accepted=False)

    assert who(book, Type.RECORD, 2) == 2


def test_the_strictest_consent_wins_on_a_merge_and_each_gets_their_own_back_on_a_split() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1))
    see(book, (Type.PHONE, 2))
    for identifier, is_granted in ((1, True), (2, False)):
        fold(
            book,
            oneid.state_consent(
                book, identifier=identifier, purpose="newsletter", is_granted=is_granted, source="form", now=NOW
            ),
        )
    assert oneid.allows(book, 1, "newsletter")
    see(book, (Type.EMAIL, 1), (Type.PHONE, 2))
    assert not oneid.allows(book, 1, "newsletter")

    undo(book, 1)

    assert oneid.allows(book, 1, "newsletter")
    assert not oneid.allows(book, 2, "newsletter")
    assert not oneid.allows(book, 1, "profiling")


def test_a_purpose_has_a_name_of_a_bounded_length() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1))

    for purpose in ("", "p" * 61):
        with pytest.raises(Invalid):
            oneid.state_consent(book, identifier=1, purpose=purpose, is_granted=True, source="", now=NOW)


def test_a_blocked_identifier_lets_go_of_everybody_and_ties_nothing_any_more() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1), (Type.COOKIE, 2))
    see(book, (Type.EMAIL, 1), (Type.COOKIE, 3))
    fold(book, oneid.block(book, 1, why="a shared mailbox", now=NOW))

    see(book, (Type.EMAIL, 1), (Type.COOKIE, 4))

    assert len({who(book, Type.COOKIE, value) for value in (2, 3, 4)}) == 3
    with pytest.raises(NotFound):
        oneid.block(book, 1, why="", now=NOW)


def test_a_forgotten_person_is_unknown_under_every_identifier_and_others_stay() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1), (Type.COOKIE, 2))
    see(book, (Type.EMAIL, 5))
    fold(book, oneid.keep_record(book, identifier=1, source="crm", sealed=b"sealed", now=NOW))

    fold(book, oneid.forget_identity(book, 2, now=NOW))

    assert (who(book, Type.EMAIL, 1), who(book, Type.COOKIE, 2), who(book, Type.EMAIL, 5)) == (0, 0, 3)
    assert book.records[1].sealed == b""
    assert book.identifiers.mark_high[1:3].tolist() == [0, 0]
    with pytest.raises(NotFound):
        oneid.identity_of(book, 1)
    with pytest.raises(NotFound):
        oneid.forget_identity(book, 1, now=NOW)


def test_who_was_forgotten_and_comes_back_is_somebody_new() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1))
    fold(book, oneid.forget_identity(book, 1, now=NOW))

    again = see(book, (Type.EMAIL, 1))

    assert again == 2
    assert who(reloaded(book), Type.EMAIL, 1) == 2


def test_the_facts_replayed_give_the_same_state_and_a_snapshot_too() -> None:
    book, replayed = OneId(), OneId()
    dice = np.random.default_rng(5)
    for _ in range(40):
        kinds, values = dice.integers(1, 9, 60), dice.integers(1, 90, 60)
        seen = oneid.Observations(np.arange(0, 61, 3), kinds, values, values, ["shop"] * 20)
        for part in oneid.observe(book, seen, now=NOW)[0]:
            replayed.apply(part)
    for tie in np.flatnonzero(book.ties.state == oneid.TIED)[::7].tolist():
        fact = transpose([oneid.undo_tie(book, tie, why="", now=NOW)])[0]
        book.apply(fact)
        replayed.apply(fact)

    assert same(book, replayed)
    assert same(reloaded(book), book)
    size = len(book.identifiers)
    for other in (replayed, reloaded(book)):
        assert (other.whole[0][:size] == book.whole[0][:size]).all()
        assert (other.whole[0][:size] == counted_out(book, 2)).all()


def test_a_storm_of_merges_and_splits_ends_where_counting_out_ends() -> None:
    ended = weather(4_000, lambda *_: None, seed=3)

    assert ended["differences"] == 0
    assert ended["splits"] > 1_000


def test_a_broken_tree_is_seen_by_counting_out() -> None:
    book = OneId()
    see(book, (Type.EMAIL, 1), (Type.COOKIE, 2))
    book.whole[0][2] = 2

    assert (book.whole[0][:3] != counted_out(book, 2)).any()


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (Type.EMAIL, " Ana@Example.PT ", "ana@example.pt"),
        (Type.PHONE, "+351 912 345 678", "912345678"),
        (Type.PHONE, "00351-912345678", "912345678"),
        (Type.LOYALTY_CARD, "AB-12 34", "ab1234"),
        (Type.COOKIE, "x7Y-9", "x7Y-9"),
    ],
)
def test_an_identifier_is_written_one_way(kind: Type, value: str, written: str) -> None:
    assert normal(kind, value) == written


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Type.EMAIL, "info@example.com"), (Type.PHONE, "0000000"), (Type.PHONE, "1111111111"), (Type.PHONE, "123"),
        (Type.LOYALTY_CARD, "0000"), (Type.DEVICE, "00000000-0000"), (Type.COOKIE, "ab"), (Type.DEVICE, "xxxx"),
    ],
)  # fmt: skip
def test_a_value_that_stands_for_nobody_is_blocked(kind: Type, value: str) -> None:
    with pytest.raises(oneid.BlockedValue):
        normal(kind, value)


@pytest.mark.parametrize(("kind", "value"), [(Type.EMAIL, "no address"), (Type.LOGIN, " "), (Type.COOKIE, "c" * 321)])
def test_what_is_no_identifier_is_refused(kind: Type, value: str) -> None:
    with pytest.raises(Invalid):
        normal(kind, value)
