"""Tests that a request sent twice has one effect and one answer, which is kept with the effect."""

from collections.abc import Iterator

import pytest

from caravan.adapters.memory import MemoryLog
from caravan.cell import Answer, Answers, Cell, IdempotencyConflict, RequestInFlight, rows, transpose
from caravan.cell.idempotency import RequestAnswered
from caravan.kernel.clock import DAY, HOUR, FixedClock
from caravan.kernel.errors import Outage
from tests.cell.notes import KINDS, House, count, key, note, render, stumble, texts


@pytest.fixture
def clock() -> FixedClock:
    """Lend a clock that is moved by hand."""
    return FixedClock()


@pytest.fixture
def log() -> MemoryLog:
    """Lend an empty log."""
    return MemoryLog()


@pytest.fixture
def cell(log: MemoryLog, clock: FixedClock) -> Iterator[Cell[House]]:
    """Lend a running cell."""
    cell = _cell(log, clock)
    yield cell
    cell.close()


def _cell(log: MemoryLog, clock: FixedClock) -> Cell[House]:
    house = House()
    return Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=clock)


def _say(cell: Cell[House], text: str, mark: str, *, body: str = "body") -> Answer:
    answer: Answer = cell.submit(note, text, key=key(mark, body), render=render).result(10)
    return answer


def test_a_request_sent_twice_has_one_effect_and_one_answer(cell: Cell[House]) -> None:
    first = _say(cell, "a", "k")

    second = _say(cell, "a", "k")

    assert (first.status, first.body, first.is_replayed) == (200, b"1", False)
    assert (second.status, second.body, second.is_replayed) == (200, b"1", True)
    assert cell.ask(texts) == ["a"]


def test_a_refusal_is_kept_and_said_again(cell: Cell[House]) -> None:
    first = _say(cell, "forbidden", "k")

    second = _say(cell, "forbidden", "k")

    assert (first.status, second.status, second.body) == (422, 422, first.body)
    assert second.is_replayed


def test_another_body_under_the_same_key_is_refused(cell: Cell[House]) -> None:
    _say(cell, "a", "k")

    with pytest.raises(IdempotencyConflict):
        _say(cell, "b", "k", body="other")

    assert cell.ask(texts) == ["a"]


def test_another_key_is_another_request(cell: Cell[House]) -> None:
    _say(cell, "a", "k")
    _say(cell, "a", "l")

    assert cell.ask(texts) == ["a", "a"]


def test_the_effect_and_the_answer_stand_in_one_frame(cell: Cell[House], log: MemoryLog) -> None:
    _say(cell, "a", "k")

    [frame] = log.frames
    assert frame.facts == 2


def test_a_key_is_known_after_a_restart(log: MemoryLog, clock: FixedClock) -> None:
    before = _cell(log, clock)
    _say(before, "a", "k")
    before.close()

    after = _cell(log, clock)

    assert _say(after, "a", "k").is_replayed
    assert after.ask(texts) == ["a"]
    after.close()


def test_the_same_request_twice_at_once_is_refused_as_in_flight(cell: Cell[House]) -> None:
    with cell._state:
        futures = [cell.submit(note, "a", key=key("k"), render=render) for _ in range(2)]

    outcomes = {type(future.exception(10)) for future in futures}

    assert outcomes <= {type(None), RequestInFlight}
    assert cell.ask(texts) == ["a"]


def test_one_of_two_that_arrive_together_under_one_key_is_in_flight_or_replayed(cell: Cell[House]) -> None:
    with cell._state:
        cell.submit(note, "first", key=None)
        futures = [cell.submit(count, 1, is_many=True, key=key("k"), render=render) for _ in range(3)]

    answered = [future for future in futures if future.exception(10) is None]

    assert sum(not future.result().is_replayed for future in answered) == 1
    assert cell.ask(lambda house: house.notes.total) == 1


def test_a_failure_of_ours_is_not_kept(cell: Cell[House]) -> None:
    for _ in range(2):
        with pytest.raises(Exception, match="Something is wrong"):
            cell.submit(stumble, None, key=key("k"), render=render).result(10)

    assert _say(cell, "a", "k").body == b"1"


def test_an_outage_is_not_kept(cell: Cell[House]) -> None:
    with pytest.raises(Outage):
        _say(cell, "outage", "k")

    assert _say(cell, "a", "k").body == b"1"


def test_an_answer_is_kept_for_a_day_and_more(cell: Cell[House], clock: FixedClock) -> None:
    _say(cell, "a", "k")
    clock.advance(DAY + HOUR)
    _say(cell, "b", "l")

    assert _say(cell, "a", "k").is_replayed


def test_an_answer_ages_out_by_the_time_of_a_later_one(cell: Cell[House], clock: FixedClock) -> None:
    _say(cell, "a", "k")
    clock.advance(2 * DAY + 1)
    _say(cell, "b", "l")

    assert not _say(cell, "a", "k").is_replayed
    assert cell.ask(texts) == ["a", "b", "a"]


def test_an_answer_does_not_age_where_no_later_one_is_logged(cell: Cell[House], clock: FixedClock) -> None:
    _say(cell, "a", "k")
    clock.advance(30 * DAY)

    assert _say(cell, "a", "k").is_replayed


def test_a_key_without_a_way_to_render_is_a_bug(cell: Cell[House]) -> None:
    with pytest.raises(AssertionError):
        cell.submit(note, "a", key=key("k"))


def test_kept_answers_are_read_back_from_their_dump() -> None:
    answers, again = Answers(), Answers()
    for at, mark in enumerate(("k", "l", "m")):
        answers.apply(transpose([_answered(at, mark)])[0])

    again.load(answers.dump())

    assert [again.find(key(mark)) for mark in "klmn"] == [answers.find(key(mark)) for mark in "klmn"]
    assert again.dump()["kept"].tolist() == answers.dump()["kept"].tolist()


def test_what_was_read_back_ages_as_it_would_have() -> None:
    answers, again = Answers(), Answers()
    answers.apply(transpose([_answered(0, "k"), _answered(DAY, "l")])[0])
    again.load(answers.dump())

    again.apply(transpose([_answered(2 * DAY + 1, "m")])[0])

    assert [again.find(key(mark)) is not None for mark in "klm"] == [False, True, True]


def _answered(at: int, mark: str) -> RequestAnswered:
    scope, fingerprint = key(mark)
    return RequestAnswered(
        at=at,
        scope=scope,
        fingerprint=fingerprint,
        status=201,
        body=mark.encode(),
        media="text/plain",
        location="/there",
    )


def test_an_answer_is_said_again_word_for_word() -> None:
    answers = Answers()
    [part] = transpose([_answered(0, "k")])
    answers.apply(part)

    assert answers.find(key("k")) == Answer(201, b"k", "text/plain", "/there", is_replayed=True)
    assert len(list(rows(part))) == 1
