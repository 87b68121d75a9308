"""Tests what a cell promises: decided in order, durable when answered, never shown before, and stopped when in doubt."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future

import pytest

from caravan.adapters.memory import MemoryLog
from caravan.cell import (
    Broken,
    Cell,
    Decision,
    Frame,
    Full,
    Section,
    StaleWriter,
    digest,
    replay,
    section,
)
from caravan.cell.cell import (
    REQUESTS_PER_FRAME_MAX,
    REQUESTS_WAITING_MAX,
    ROWS_GATHERED,
    ROWS_PER_FRAME_MAX,
    _Waiter,
)
from caravan.cell.idempotency import Answers, RequestInFlight
from caravan.kernel.clock import FixedClock, Instant
from caravan.kernel.errors import Outage
from caravan.kernel.event import Event
from tests.cell.notes import (
    KINDS,
    Counted,
    Forbidden,
    House,
    Noted,
    Passed,
    break_down,
    count,
    count_all,
    key,
    look,
    missing,
    note,
    pass_by,
    refuse_too_late,
    render,
    stumble,
    stumble_together,
    texts,
)

WAIT_S = 10
BLINK_S = 0.1


class Unheard(Event, frozen=True, kw_only=True, tag="test.unheard.v1"):
    """Something of a kind that no cell here knows."""


class GatedLog:
    """A log in memory whose appends wait at a gate: a disk as slow as a test likes."""

    def __init__(self) -> None:
        self.stored = MemoryLog()
        self.gate = threading.Event()
        self.arrived = threading.Event()
        self.take_over, self.read, self.head = self.stored.take_over, self.stored.read, self.stored.head
        self.layouts, self.close = self.stored.layouts, self.stored.close

    def append(self, frame: Frame, layouts: Mapping[bytes, bytes]) -> None:
        """Wait for the gate, then add one frame."""
        self.arrived.set()
        assert self.gate.wait(WAIT_S)
        self.stored.append(frame, layouts)


@pytest.fixture
def log() -> GatedLog:
    """Lend a log whose gate is open."""
    log = GatedLog()
    log.gate.set()
    return log


@pytest.fixture
def failures() -> list[BaseException]:
    """Lend the list of what the cell has failed of."""
    return []


@pytest.fixture
def cell(log: GatedLog, failures: list[BaseException]) -> Iterator[Cell[House]]:
    """Lend a running cell."""
    house = House()
    cell = Cell(
        house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock(5), on_failure=failures.append
    )
    yield cell
    log.gate.set()
    cell.close()


def together(cell: Cell[House], submit: Callable[[], list[Future[object]]]) -> list[Future[object]]:
    """Submit while the writer is busy, so that all that is submitted arrives together."""
    began, go_on = threading.Event(), threading.Event()

    def busy(_: House, __: object, *, now: int) -> Decision:
        began.set()
        assert go_on.wait(WAIT_S), now
        return Decision()

    cell.submit(busy, None)
    assert began.wait(WAIT_S)
    futures = submit()
    go_on.set()
    return futures


# Together.


def test_requests_that_arrive_together_share_one_frame(cell: Cell[House], log: GatedLog) -> None:
    futures = together(cell, lambda: [cell.submit(note, text) for text in "abc"])

    answers = [future.result(WAIT_S) for future in futures]

    assert answers == [1, 2, 3]
    assert [frame.facts for frame in log.stored.frames] == [3]


def test_no_more_than_so_many_requests_share_a_frame(cell: Cell[House], log: GatedLog) -> None:
    wanted = REQUESTS_PER_FRAME_MAX + 1
    futures = together(cell, lambda: [cell.submit(note, "a") for _ in range(wanted)])

    assert [future.result(WAIT_S) for future in futures] == list(range(1, wanted + 1))
    assert [frame.facts for frame in log.stored.frames] == [REQUESTS_PER_FRAME_MAX, 1]


def test_neighbors_of_one_flow_are_decided_in_one_call(cell: Cell[House]) -> None:
    futures = together(cell, lambda: [cell.submit(count, number, is_many=True) for number in (1, 2, 3)])

    assert [future.result(WAIT_S) for future in futures] == [3, 3, 3]
    assert cell.ask(lambda house: house.notes.total) == 6


def test_one_that_is_refused_among_several_takes_nobody_with_it(cell: Cell[House]) -> None:
    futures = together(cell, lambda: [cell.submit(count, number, is_many=True) for number in (1, -2, 3)])

    assert isinstance(futures[1].exception(WAIT_S), Forbidden)
    assert [futures[0].result(WAIT_S), futures[2].result(WAIT_S)] == [3, 3]
    assert cell.ask(lambda house: house.notes.total) == 4


def test_another_flow_or_another_time_between_them_parts_neighbors(cell: Cell[House]) -> None:
    futures = together(
        cell,
        lambda: [
            cell.submit(count, 1, is_many=True),
            cell.submit(note, "a"),
            cell.submit(count, 1, is_many=True),
            cell.submit(count, 1, is_many=True, at=Instant(3)),
        ],
    )

    assert [future.result(WAIT_S) for future in futures] == [1, 1, 1, 1]


def test_neighbors_with_different_keys_are_decided_in_one_call(cell: Cell[House]) -> None:
    def submit() -> list[Future[object]]:
        return [cell.submit(count, 1, is_many=True, key=key(mark), render=render) for mark in "kl"]

    answers = [future.result(WAIT_S) for future in together(cell, submit)]

    assert [answer.body for answer in answers] == [b"2", b"2"]  # type: ignore[attr-defined]


def test_neighbors_with_one_key_are_decided_once(cell: Cell[House]) -> None:
    def submit() -> list[Future[object]]:
        return [cell.submit(count, 1, is_many=True, key=key("k"), render=render) for _ in range(3)]

    errors = [future.exception(WAIT_S) for future in together(cell, submit)]

    assert [error is None for error in errors] == [True, False, False]
    assert cell.ask(lambda house: house.notes.total) == 1


def test_requests_are_decided_in_the_order_in_which_they_came(cell: Cell[House]) -> None:
    wanted = [str(number) for number in range(200)]

    futures = [cell.submit(note, text) for text in wanted]

    assert [future.result(WAIT_S) for future in futures] == list(range(1, 201))
    assert cell.ask(texts) == wanted


def test_a_time_that_is_handed_in_is_the_time_of_the_facts(cell: Cell[House]) -> None:
    assert cell.do(look, None) == 5
    assert cell.do(look, None, at=Instant(3)) == 3


def test_a_decision_without_facts_writes_nothing(cell: Cell[House], log: GatedLog) -> None:
    cell.do(look, None)

    assert log.stored.frames == []
    assert cell.position == 0


def test_a_section_that_a_kernel_has_applied_is_not_applied_again(cell: Cell[House]) -> None:
    def count_at_once(house: House, number: int, *, now: int) -> Decision:
        part = section(Counted, at=[now], number=[number], is_applied=True)
        house.notes.apply(part)
        return Decision([part], lambda: house.notes.total)

    assert cell.do(count_at_once, 7) == 7
    assert cell.ask(lambda house: house.notes.total) == 7


# Durable.


def test_an_answer_comes_only_after_the_append(cell: Cell[House], log: GatedLog) -> None:
    log.gate.clear()
    future = cell.submit(note, "a")
    assert log.arrived.wait(WAIT_S)
    assert not _done_soon(future)

    log.gate.set()

    assert future.result(WAIT_S) == 1
    assert cell.position == 1


def test_a_refusal_that_rests_on_what_is_not_durable_waits_too(cell: Cell[House], log: GatedLog) -> None:
    log.gate.clear()
    cell.submit(note, "a")
    assert log.arrived.wait(WAIT_S)

    refused = cell.submit(note, "forbidden")
    assert not _done_soon(refused)
    log.gate.set()

    assert isinstance(refused.exception(WAIT_S), Forbidden)


def test_asking_never_shows_what_is_not_durable(cell: Cell[House], log: GatedLog) -> None:
    log.gate.clear()
    cell.submit(note, "a")
    assert log.arrived.wait(WAIT_S)

    asked, refused = cell.inquire(texts), cell.inquire(missing)
    assert not _done_soon(asked)
    assert not _done_soon(refused)
    log.gate.set()

    assert asked.result(WAIT_S) == ["a"]
    assert isinstance(refused.exception(WAIT_S), Forbidden)


def test_asking_about_what_is_durable_does_not_wait(cell: Cell[House]) -> None:
    cell.do(note, "a")

    assert cell.inquire(texts).done()
    assert isinstance(cell.inquire(missing).exception(0), Forbidden)


def test_asking_does_not_wait_for_facts_that_no_model_folds(cell: Cell[House], log: GatedLog) -> None:
    cell.do(note, "a")
    log.gate.clear()
    log.arrived.clear()
    passed = cell.submit(pass_by, None)
    assert log.arrived.wait(WAIT_S)

    asked = cell.inquire(texts)

    assert asked.done()
    assert asked.result(0) == ["a"]
    assert not passed.done()


def test_a_position_behind_some_kinds_is_that_of_the_last_durable_frame_with_them(
    cell: Cell[House], log: GatedLog
) -> None:
    cell.do(note, "one")
    with_notes = cell.position
    cell.do(pass_by, None)

    assert cell.position_of({Noted}) == with_notes
    assert cell.position_of({Noted, Passed}) == cell.position == with_notes + 1
    assert cell.position_of([]) == 0
    log.gate.clear()
    waiting = cell.submit(note, "two")
    assert cell.position_of({Noted}) <= cell.position == with_notes + 1
    log.gate.set()
    waiting.result(WAIT_S)
    assert cell.position_of({Noted}) == cell.position == with_notes + 2


def test_an_answer_in_flight_is_not_replayed_before_it_is_durable(cell: Cell[House], log: GatedLog) -> None:
    log.gate.clear()
    first = cell.submit(note, "a", key=key("k"), render=render)
    assert log.arrived.wait(WAIT_S)

    second = cell.submit(note, "a" * ROWS_GATHERED, key=key("k"), render=render)
    assert not _done_soon(second)
    log.gate.set()

    assert isinstance(second.exception(WAIT_S), RequestInFlight)
    assert first.result(WAIT_S).body == b"1"
    assert cell.submit(note, "a", key=key("k"), render=render).result(WAIT_S).is_replayed


def test_a_few_requests_are_gathered_behind_the_frame_that_is_under_way(cell: Cell[House], log: GatedLog) -> None:
    log.gate.clear()
    first = cell.submit(note, "a", key=key("k"), render=render)
    assert log.arrived.wait(WAIT_S)

    again = cell.submit(note, "a", key=key("k"), render=render)
    others = [cell.submit(note, text) for text in "bcd"]
    assert not _done_soon(others[-1])
    log.gate.set()

    assert [other.result(WAIT_S) for other in others] == [2, 3, 4]
    assert again.result(WAIT_S).is_replayed
    assert first.result(WAIT_S).body == b"1"
    assert [frame.facts for frame in log.stored.frames] == [2, 3]


def test_enough_requests_do_not_wait_for_the_frame_that_is_under_way(cell: Cell[House], log: GatedLog) -> None:
    log.gate.clear()
    cell.submit(note, "a")
    assert log.arrived.wait(WAIT_S)

    cell.submit(note, "b")
    many = cell.submit(note, "c" * ROWS_GATHERED)
    seen = _decided(cell, 3)
    log.gate.set()

    assert seen
    assert many.result(WAIT_S) == 3


def test_waiting_for_more_ends_when_there_is_more_or_the_time_is_up(cell: Cell[House]) -> None:
    assert cell.wait_for_more(0, timeout_s=0.01) == 0

    cell.submit(note, "a")

    assert cell.wait_for_more(0, timeout_s=WAIT_S) == 1


def test_who_has_gone_harms_nobody_else(cell: Cell[House], log: GatedLog) -> None:
    log.gate.clear()
    gone = cell.submit(note, "a")
    assert log.arrived.wait(WAIT_S)
    asked = cell.inquire(texts)

    assert gone.cancel()
    assert asked.cancel()
    log.gate.set()

    assert cell.do(note, "b") == 2
    assert cell.ask(texts) == ["a", "b"]


def test_a_restart_gives_the_same_state(cell: Cell[House], log: GatedLog) -> None:
    together(cell, lambda: [cell.submit(note, "a"), cell.submit(count, 2, is_many=True), cell.submit(note, "b")])
    cell.submit(note, "c", key=key("k"), render=render).result(WAIT_S)

    models = [*House().models(), Answers()]
    replay(log=log.stored, models=models, kinds=KINDS, snapshots=None)

    assert digest(models) == cell.digest()
    assert cell.facts == sum(frame.facts for frame in log.stored.frames) == 5


# Stopped.


def test_a_failed_append_is_told_and_nothing_is_acknowledged(
    cell: Cell[House], log: GatedLog, failures: list[BaseException]
) -> None:
    log.stored.fails_from = 1

    outcome = cell.submit(note, "a").exception(WAIT_S)

    assert isinstance(outcome, Outage)
    assert [type(failure) for failure in failures] == [Outage]
    assert outcome.__cause__ is failures[0]


def test_whatever_comes_after_a_failed_append_is_an_outage(cell: Cell[House], log: GatedLog) -> None:
    log.stored.fails_from = 1
    cell.submit(note, "a").exception(WAIT_S)

    with pytest.raises(Outage):
        cell.do(note, "b")
    with pytest.raises(Outage):
        cell.ask(texts)
    assert log.stored.frames == []


def test_what_waits_behind_a_failed_append_is_an_outage_too(cell: Cell[House], log: GatedLog) -> None:
    log.stored.fails_from = 1
    log.gate.clear()
    first = cell.submit(note, "a")
    assert log.arrived.wait(WAIT_S)

    second, asked = cell.submit(note, "b"), cell.inquire(texts)
    log.gate.set()

    assert {type(future.exception(WAIT_S)) for future in (first, second, asked)} == {Outage}
    assert log.stored.frames == []


def test_a_cell_that_another_has_taken_over_from_stops(
    cell: Cell[House], log: GatedLog, failures: list[BaseException]
) -> None:
    cell.do(note, "a")
    log.stored.take_over()

    with pytest.raises(Outage):
        cell.do(note, "b")

    assert [type(failure) for failure in failures] == [StaleWriter]
    assert len(log.stored.frames) == 1


def test_a_bug_that_left_no_trace_costs_its_caller_an_answer_and_nothing_else(
    cell: Cell[House], failures: list[BaseException]
) -> None:
    with pytest.raises(Broken) as broken:
        cell.do(stumble, None)
    with pytest.raises(Broken):
        cell.do_many(stumble_together, None)

    assert isinstance(broken.value.__cause__, ZeroDivisionError)
    assert cell.do(note, "a") == 1
    assert failures == []


@pytest.mark.parametrize("flow", [break_down, refuse_too_late])
def test_a_decision_that_broke_half_way_stops_the_cell(
    cell: Cell[House], log: GatedLog, failures: list[BaseException], flow: Callable[..., Decision]
) -> None:
    outcome = cell.submit(flow, "half").exception(WAIT_S)

    assert isinstance(outcome, Outage)
    assert len(failures) == 1
    assert log.stored.frames == []
    with pytest.raises(Outage):
        cell.inquire(texts)
    with pytest.raises(Outage):
        cell.do(note, "a")


def test_what_waits_behind_a_decision_that_broke_half_way_is_an_outage(cell: Cell[House], log: GatedLog) -> None:
    wanted = REQUESTS_PER_FRAME_MAX

    futures = together(
        cell, lambda: [cell.submit(break_down, "half"), *[cell.submit(note, "a") for _ in range(wanted)]]
    )

    assert {type(future.exception(WAIT_S)) for future in futures} == {Outage}
    assert log.stored.frames == []


def test_a_refusal_of_a_flow_that_decides_several_is_everybodys(cell: Cell[House]) -> None:
    def forbid(_: House, __: object, *, now: int) -> Decision:
        raise Forbidden(at=now)

    futures = together(cell, lambda: [cell.submit(forbid, None, is_many=True) for _ in range(2)])

    assert [type(future.exception(WAIT_S)) for future in futures] == [Forbidden, Forbidden]


def test_more_than_the_cell_takes_is_refused_at_once_and_what_was_taken_is_done(cell: Cell[House]) -> None:
    def submit() -> list[Future[object]]:
        futures = [cell.submit(look, None) for _ in range(REQUESTS_WAITING_MAX)]
        with pytest.raises(Full):
            cell.submit(look, None)
        return futures

    futures = together(cell, submit)

    assert {future.result(WAIT_S) for future in futures} == {5}
    assert cell.do(look, None) == 5


def test_closing_finishes_what_is_waiting(log: GatedLog) -> None:
    house = House()
    cell = Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock())
    futures = together(cell, lambda: [cell.submit(note, "a") for _ in range(3)])

    cell.close()

    assert [future.result(0) for future in futures] == [1, 2, 3]


def test_a_closed_cell_takes_nothing(log: GatedLog) -> None:
    house = House()
    cell = Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock())
    cell.close()

    with pytest.raises(Outage):
        cell.do(note, "a")


def test_what_came_too_late_for_a_closing_cell_is_an_outage(log: GatedLog) -> None:
    house = House()
    cell = Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock())
    cell._requests.put(None)
    late = cell.submit(note, "a")

    cell.close()

    assert isinstance(late.exception(0), Outage)
    assert log.stored.frames == []


def test_a_question_whose_answer_will_never_be_durable_is_an_outage(cell: Cell[House], log: GatedLog) -> None:
    log.stored.fails_from = 1
    cell.submit(note, "a").exception(WAIT_S)
    future: Future[object] = Future()

    cell._settle_when_durable(_Waiter(1, future, "a", None))

    assert isinstance(future.exception(0), Outage)


@pytest.mark.parametrize(
    "part",
    [section(Unheard, at=[1], is_applied=True), section(Unheard, at=[1]), Section(Counted, None, is_applied=True)],
)
def test_facts_that_could_not_be_read_back_stop_the_cell(
    cell: Cell[House], log: GatedLog, failures: list[BaseException], part: Section
) -> None:
    def scrawl(_: House, __: object, *, now: int) -> Decision:
        assert now
        return Decision([part])

    assert isinstance(cell.submit(scrawl, None).exception(WAIT_S), Outage)
    assert len(failures) == 1
    assert log.stored.frames == []


def test_no_more_rows_than_a_frame_takes_well_are_decided_together(cell: Cell[House], log: GatedLog) -> None:
    def submit() -> list[Future[object]]:
        return [cell.submit(count_all, [1] * (ROWS_PER_FRAME_MAX - 1)) for _ in range(4)]

    for future in together(cell, submit):
        future.result(WAIT_S)

    assert sum(frame.facts for frame in log.stored.frames) == 4 * (ROWS_PER_FRAME_MAX - 1)


def test_a_process_whose_log_failed_ends_at_once() -> None:
    program = "from caravan.cell.cell import stop_process; stop_process(OSError('disk full')); print('alive')"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, text=True, timeout=60)

    assert ended.returncode == 70
    assert "disk full" in ended.stderr
    assert not ended.stdout


def test_a_cell_that_keeps_no_snapshots_cannot_write_one(cell: Cell[House]) -> None:
    with pytest.raises(AssertionError):
        cell.snapshot()


def test_every_start_writes_under_a_new_epoch(cell: Cell[House], log: GatedLog) -> None:
    house = House()

    after = Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock())

    assert (cell.epoch, after.epoch) == (1, 2)
    after.close()


def _done_soon(future: Future[object]) -> bool:
    time.sleep(BLINK_S)
    return future.done()


def _decided(cell: Cell[House], facts: int) -> bool:
    """Wait until so many facts have been decided; tell whether they were, durable or not."""
    until = time.monotonic() + WAIT_S
    while cell.facts < facts and time.monotonic() < until:
        time.sleep(0.001)
    return cell.facts == facts
