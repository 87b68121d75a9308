"""The cell: one log, one writer. Requests that arrive together are decided together and answered when durable."""

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from concurrent.futures import Future
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from caravan.cell.facts import Section, schema
from caravan.cell.frame import Frame, layout_of, seal
from caravan.cell.idempotency import Answer, Answers, Key, RequestInFlight, answered_at
from caravan.cell.log import Log
from caravan.cell.model import Model, digest
from caravan.cell.replay import replay
from caravan.cell.snapshot import Snapshots
from caravan.kernel.clock import Clock, Instant
from caravan.kernel.errors import CaravanError, Outage, Refusal
from caravan.kernel.event import Event

_logger = logging.getLogger("caravan.cell")

House = TypeVar("House")
Argument = TypeVar("Argument")

REQUESTS_PER_FRAME_MAX = 1024
ROWS_PER_FRAME_MAX = 8_192  # A larger frame takes longer to sync than two; measured with orders of three lines.
REQUESTS_WAITING_MAX = 16_384
ROWS_WAITING_MAX = 262_144  # Orders in batches wait by their rows; a single request of more is taken when none waits.
_SNAPSHOT_WAITS_S = 60
_RESTS, _REST_S_MAX, _REST_LOOK_S = 3.0, 5.0, 0.05
# One being decided, one laid down, one on its way to the disk. More would be smaller frames at more cost, no sooner durable.
FRAMES_UNDER_WAY_MAX = 3
# Fewer rows than these wait for the frame before them: they share the next sync anyway, and a frame has a cost of its own.
ROWS_GATHERED = 256


class Decision(NamedTuple):
    """What has been decided: the facts, and how to answer once they have been folded in."""

    facts: Sequence[Section] = ()
    answer: Callable[[], object] = lambda: None


class Batch(NamedTuple):
    """What has been decided about several requests at once: all facts, and an answer or a refusal for each."""

    facts: Sequence[Section]
    answers: Sequence[Callable[[], object] | CaravanError]


class Full(Outage):
    """More is waiting than the cell takes; nothing of this request was taken."""


class Told(Protocol):
    """What is told of a request's end: a Future, or what a door has in its place. Told from the cell's own threads."""

    def set_running_or_notify_cancel(self) -> bool:
        """Tell whether somebody still wants to know."""
        ...

    def set_result(self, answer: Any, /) -> None:  # noqa: ANN401
        """Take the answer; what it says is durable."""
        ...

    def set_exception(self, error: BaseException, /) -> None:
        """Take the refusal or the failure."""
        ...


class _Request(NamedTuple):
    flow: Callable[..., Any]
    argument: object
    at: Instant | None
    is_many: bool
    key: Key | None
    render: Callable[[object], Answer] | None
    told: Told
    rows: int


class _Outcome(NamedTuple):
    request: _Request
    result: object
    error: BaseException | None


class _Draft(NamedTuple):
    """A frame in the making: its facts and when they were decided (None: there are none), and who waits for it."""

    facts: tuple[list[Section], Instant] | None
    outcomes: "list[_Outcome]"


class _Position(NamedTuple):
    """How far the models have come: the frame that holds what they last folded in, and how many facts that is."""

    sequence: int
    facts: int

    @staticmethod
    def of(frame: Frame | None) -> "_Position":
        return _Position(frame.sequence, frame.first_fact + frame.facts - 1) if frame is not None else _Position(0, 0)

    def behind(self, facts: Sequence[Section]) -> "_Position":
        return _Position(self.sequence + 1, self.facts + sum(part.batch.num_rows for part in facts))


class _Waiter(NamedTuple):
    sequence: int
    future: "Future[Any]"
    answer: object
    error: CaravanError | None


def stop_process(error: BaseException) -> None:
    """End the process at once: after a failed sync nobody knows what is on the disk, and only a restart reads it."""
    sys.stderr.write(f"caravan: the log could not be written, stopping: {error!r}\n")
    sys.stderr.flush()
    os._exit(70)


class Cell(Generic[House]):
    """A running cell. `do` decides and is durable when it returns; `ask` never shows what is not yet durable."""

    def __init__(
        self,
        *,
        house: House,
        models: Iterable[Model],
        log: Log,
        kinds: Mapping[str, type[Event]],
        clock: Clock,
        snapshots: Snapshots | None = None,
        on_failure: Callable[[BaseException], None] = stop_process,
    ) -> None:
        """Take over the log, bring the models up to its head and start the writer."""
        self.house = house
        self.answers = Answers()
        self.models: list[Model] = [*models, self.answers]
        self.clock = clock
        self._log = log
        self._on_failure = on_failure
        self._snapshots = snapshots
        self._by_kind = {kind: [model for model in self.models if kind in model.kinds] for kind in kinds.values()}
        self._epoch = log.take_over()
        self._sealed = replay(log=log, models=self.models, kinds=kinds, snapshots=snapshots)
        self._decided = _Position.of(self._sealed)
        self._layouts = set(log.layouts())
        self._state = threading.RLock()
        self._durable = self._decided.sequence
        self._folded = self._durable  # The frame behind the last change of any model: what a question can have seen.
        self._latest: dict[type[Event], int] = {}  # The last frame with facts of each kind that was decided here.
        self._began_at = self._durable
        self._durable_changed = threading.Condition()
        self._waiters: list[_Waiter] = []
        self._undurable_keys: set[bytes] = set()
        self._failure: BaseException | None = None
        self._is_closing = False
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._rows_waiting = 0
        self._frames_under_way = 0
        self._room = threading.Condition(threading.Lock())
        self._drafts: queue.SimpleQueue[_Draft | None] = queue.SimpleQueue()
        self._commits: queue.SimpleQueue[tuple[Frame | None, Mapping[bytes, bytes], list[_Outcome]] | None]
        self._commits = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._decide_forever, name="cell-writer", daemon=True)
        self._sealer = threading.Thread(target=self._seal_forever, name="cell-sealer", daemon=True)
        self._committer = threading.Thread(target=self._commit_forever, name="cell-committer", daemon=True)
        for thread in (self._writer, self._sealer, self._committer):
            thread.start()

    # What a door calls.

    def do(self, flow: Callable[..., Decision], argument: object, *, at: Instant | None = None) -> Any:  # noqa: ANN401
        """Decide one command, wait until it is durable, and give its answer or raise its refusal."""
        return self.submit(flow, argument, at=at).result()

    def do_many(self, flow: Callable[..., Batch], argument: object, *, at: Instant | None = None) -> Any:  # noqa: ANN401
        """Decide one command that is decided together with its neighbors of the same flow."""
        return self.submit(flow, argument, at=at, is_many=True).result()

    def submit(
        self,
        flow: Callable[..., Any],
        argument: object,
        *,
        at: Instant | None = None,
        is_many: bool = False,
        key: Key | None = None,
        render: Callable[[object], Answer] | None = None,
    ) -> "Future[Any]":
        """Queue a command; the future holds its answer when it is durable. Raises Full when too much is waiting.

        With a key, `render` turns the answer (or the refusal) into what the door will say; it is stored in the frame
        of the effect, and the future holds that Answer.
        """
        future: Future[Any] = Future()
        self.submit_to(future, flow, argument, at=at, is_many=is_many, key=key, render=render)
        return future

    def submit_to(
        self,
        told: Told,
        flow: Callable[..., Any],
        argument: object,
        *,
        at: Instant | None = None,
        is_many: bool = False,
        key: Key | None = None,
        render: Callable[[object], Answer] | None = None,
    ) -> None:
        """Queue a command as `submit` does, and let `told` know how it ended: for a door that needs no Future."""
        if self._failure is not None or self._is_closing:
            raise Outage("The cell has stopped.") from self._failure
        assert (key is None) == (render is None), "A key goes with a way to render its answer."
        rows = len(argument) if isinstance(argument, Sized) else 1
        with self._room:
            has_room = not self._rows_waiting or self._rows_waiting + rows <= ROWS_WAITING_MAX
            if not has_room or self._requests.qsize() >= REQUESTS_WAITING_MAX:
                raise Full
            self._rows_waiting += rows
            if self._rows_waiting >= ROWS_GATHERED:
                self._room.notify()
        self._requests.put(_Request(flow, argument, at, is_many, key, render, told, rows))

    def ask(self, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Answer a question from the models, no sooner than all that it has seen is durable."""
        return self.inquire(query, *arguments).result()

    def inquire(self, query: Callable[..., Any], *arguments: object) -> "Future[Any]":
        """Like `ask`, giving a future: done at once when nothing that was seen is still on its way to the disk.

        Facts that no model folds, such as lists that were shown, are not seen and not waited for.
        """
        future: Future[Any] = Future()
        answer, refusal = None, None
        with self._state:
            if self._failure is not None:
                raise Outage("The cell has stopped.") from self._failure
            seen = self._folded
            try:
                answer = query(self.house, *arguments)
            except CaravanError as error:
                refusal = error
        self._settle_when_durable(_Waiter(seen, future, answer, refusal))
        return future

    @property
    def position(self) -> int:
        """Give the sequence number of the last durable frame."""
        return self._durable

    def position_of(self, kinds: Iterable[type[Event]]) -> int:
        """Give the sequence number of a durable frame behind which no durable one has facts of some kinds.

        Who follows the log for these facts need not be at its head to know them all.
        """
        latest = max((self._latest.get(kind, 0) for kind in kinds), default=0)
        return min(self._durable, max(self._began_at, latest))

    @property
    def facts(self) -> int:
        """Give how many facts have been decided since the log began."""
        return self._decided.facts

    @property
    def epoch(self) -> int:
        """Give the epoch under which this process writes."""
        return self._epoch

    def wait_for_more(self, after: int, *, timeout_s: float) -> int:
        """Wait until the durable position is behind `after`, or the time is up; give the position."""
        with self._durable_changed:
            self._durable_changed.wait_for(lambda: self._durable > after or self._failure is not None, timeout_s)
            return self._durable

    @property
    def is_busy(self) -> bool:
        """Tell whether more is waiting than is decided together while little goes on."""
        return self._rows_waiting >= ROWS_GATHERED

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing waits and nothing is on its way to the disk."""
        return not self._rows_waiting and not self._frames_under_way

    def give_way(self, worked_s: float, stops: threading.Event) -> None:
        """Let whoever follows the log in this process rest while much is waiting: for thrice as long as it worked, at most.

        Followers and the writer share one interpreter, and who buys goes first.
        """
        until = time.monotonic() + min(_RESTS * worked_s, _REST_S_MAX)
        while self.is_busy and time.monotonic() < until:
            if stops.wait(_REST_LOOK_S):
                return

    def digest(self) -> str:
        """Name the state that the cell has at this moment."""
        with self._state:
            return digest(self.models)

    def snapshot(self) -> int:
        """Write the models down for a quick start; give the position that they stand for.

        The writer stands still while they are copied, so this is for the end of an import and the like: beside a running
        Caravan another process folds the log and writes what that gives.
        Raises Outage where that position did not become durable, or the models may have been left half changed.
        """
        assert self._snapshots is not None, "This cell keeps no snapshots."
        with self._state:
            if self._failure is not None:
                raise Outage("The cell has stopped.") from self._failure
            sequence = self._decided.sequence
            parts = {
                f"{model.name}/{name}": array.copy() for model in self.models for name, array in model.dump().items()
            }
        if not sequence:
            return 0
        if self.wait_for_more(sequence - 1, timeout_s=_SNAPSHOT_WAITS_S) < sequence:
            raise Outage("The frame that this snapshot stands for is not durable.") from self._failure
        self._snapshots.save(next(self._log.read(after=sequence - 1)), parts)
        return sequence

    def close(self) -> None:
        """Finish what is waiting, stop the threads and let go of the log."""
        self._is_closing = True
        self._requests.put(None)
        for thread in (self._writer, self._sealer, self._committer):
            thread.join()
        while not self._requests.empty():
            late = self._requests.get()
            _release([_Outcome(late, None, Outage("The cell has stopped."))] if late else [], None)
        self._log.close()

    # The writer: decides in order, under the lock, and hands frames on.

    def _decide_forever(self) -> None:
        requests: list[_Request] | None = []
        try:
            while (requests := self._take()) is not None:
                self._decide_together(requests)
        except BaseException as error:  # noqa: BLE001
            self._fail(error)
            while requests is not None:
                _release([_Outcome(request, None, None) for request in requests], error)
                requests = self._take()
        self._drafts.put(None)

    def _take(self) -> list[_Request] | None:
        first = self._requests.get()
        if first is None:
            return None
        with self._room:
            self._room.wait_for(self._may_begin)
            self._frames_under_way += 1
        taken, rows = [first], first.rows
        while len(taken) < REQUESTS_PER_FRAME_MAX and rows < ROWS_PER_FRAME_MAX:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                break
            if request is None:
                self._requests.put(None)
                break
            taken.append(request)
            rows += request.rows
        with self._room:
            self._rows_waiting -= rows
        return taken

    def _may_begin(self) -> bool:
        under_way = self._frames_under_way
        return (
            self._failure is not None
            or not under_way
            or (under_way < FRAMES_UNDER_WAY_MAX and self._rows_waiting >= ROWS_GATHERED)
        )

    def _decide_together(self, requests: list[_Request]) -> None:
        facts: list[Section] = []
        outcomes: list[_Outcome] = []
        draft = None
        with self._state:
            now = self.clock.now()
            try:
                for group in _groups(requests):
                    self._decide_group(group, now, facts, outcomes)
                if facts:
                    self._decided = self._decided.behind(facts)
                    self._latest |= dict.fromkeys([part.kind for part in facts], self._decided.sequence)
                    if any(self._by_kind[part.kind] for part in facts):
                        self._folded = self._decided.sequence
                    draft = (facts, now)
            except BaseException as error:
                self._failure = error  # While the lock is held: nobody may see what was left half done.
                raise
        self._drafts.put(_Draft(draft, outcomes))

    def _decide_group(
        self, group: list[_Request], now: Instant, facts: list[Section], outcomes: list[_Outcome]
    ) -> None:
        fresh: list[_Request] = []
        for request in group:
            outcome = self._answered_before(request)
            if outcome is not None:
                outcomes.append(outcome)
                continue
            if request.key is not None:
                self._undurable_keys.add(request.key.scope)
            fresh.append(request)
        if not fresh:
            return
        at = fresh[0].at if fresh[0].at is not None else now
        decided = self._decide_many(fresh, at) if fresh[0].is_many else self._decide_one(fresh[0], at)
        facts.extend(decided.facts)
        for part in decided.facts:
            self._fold(part)
        kept: list[tuple[Key, Answer]] = []
        for request, answer in zip(fresh, decided.answers, strict=True):
            outcomes.append(self._conclude(request, answer, kept))
        if kept:
            answered = answered_at(at, kept)
            facts.append(answered)
            self._fold(answered)

    def _answered_before(self, request: _Request) -> _Outcome | None:
        if request.key is None:
            return None
        if request.key.scope in self._undurable_keys:
            return _Outcome(request, None, RequestInFlight())
        try:
            answer = self.answers.find(request.key)
        except Refusal as refusal:
            return _Outcome(request, None, refusal)
        return _Outcome(request, answer, None) if answer is not None else None

    def _decide_one(self, request: _Request, at: Instant) -> Batch:
        before = self._changes()
        try:
            decision = request.flow(self.house, request.argument, now=at)
        except CaravanError as refusal:
            assert self._changes() == before, "A refusal leaves nothing behind."
            return Batch((), [refusal])
        except Exception as bug:  # noqa: BLE001
            return self._survive(bug, before, 1)
        return Batch(decision.facts, [decision.answer])

    def _decide_many(self, requests: list[_Request], at: Instant) -> Batch:
        before = self._changes()
        try:
            decided: Batch = requests[0].flow(self.house, [request.argument for request in requests], now=at)
        except CaravanError as refusal:
            assert self._changes() == before, "A refusal leaves nothing behind."
            return Batch((), [refusal] * len(requests))
        except Exception as bug:  # noqa: BLE001
            return self._survive(bug, before, len(requests))
        return decided

    def _changes(self) -> int:
        return sum(model.version for model in self.models)

    def _survive(self, bug: Exception, before: int, count: int) -> Batch:
        # A decision that broke before it changed anything costs its caller an answer; one that broke half-way has
        # left models that no log explains, and the process must stop.
        if self._changes() != before:
            raise bug
        _logger.error("A decision broke and left no trace.", exc_info=bug)
        failure = Broken("Something is wrong on our side; nothing was changed.")
        failure.__cause__ = bug
        return Batch((), [failure] * count)

    def _conclude(
        self, request: _Request, answer: Callable[[], object] | CaravanError, kept: list[tuple[Key, Answer]]
    ) -> _Outcome:
        error = answer if isinstance(answer, CaravanError) else None
        result = None if isinstance(answer, CaravanError) else answer()
        if request.key is None or request.render is None:
            return _Outcome(request, result, error)
        if error is not None and not isinstance(error, Refusal):
            self._undurable_keys.discard(request.key.scope)
            return _Outcome(request, None, error)
        said = request.render(result if error is None else error)
        kept.append((request.key, said))
        return _Outcome(request, said, None)

    def _fold(self, part: Section) -> None:
        models = self._by_kind[part.kind]  # A kind that is not registered could not be read back.
        if part.is_applied:
            return
        for model in models:
            model.apply(part)

    def _fresh_layouts(self, facts: Iterable[Section]) -> dict[bytes, bytes]:
        layouts = {layout_of(kind): kind for kind in {part.kind for part in facts}}
        fresh = {
            name: schema(kind).serialize().to_pybytes() for name, kind in layouts.items() if name not in self._layouts
        }
        self._layouts.update(fresh)
        return fresh

    # The sealer: lays facts down as frames in order, beside the writer, which decides the next ones meanwhile.

    def _seal_forever(self) -> None:
        while (draft := self._drafts.get()) is not None:
            facts, written_at = draft.facts or ((), 0)
            frame, fresh = None, {}
            try:
                if facts and self._failure is None:
                    fresh = self._fresh_layouts(facts)
                    frame = self._sealed = seal(facts, after=self._sealed, epoch=self._epoch, written_at=written_at)
            except BaseException as error:  # noqa: BLE001
                self._fail(error)
            self._commits.put((frame, fresh, draft.outcomes))
        self._commits.put(None)

    # The committer: makes frames durable in order, then lets the answers go.

    def _commit_forever(self) -> None:
        while (work := self._commits.get()) is not None:
            self._commit(*work)
            with self._room:
                self._frames_under_way -= 1
                self._room.notify()

    def _commit(self, frame: Frame | None, fresh: Mapping[bytes, bytes], outcomes: list[_Outcome]) -> None:
        if self._failure is not None:
            _release(outcomes, self._failure)
            return
        try:
            if frame is not None:
                self._log.append(frame, fresh)
        except BaseException as error:  # noqa: BLE001
            self._fail(error)
            _release(outcomes, error)
            return
        if frame is not None:
            self._announce(frame.sequence, outcomes)
        _release(outcomes, None)

    def _announce(self, sequence: int, outcomes: list[_Outcome]) -> None:
        keyed = [outcome.request.key.scope for outcome in outcomes if outcome.request.key is not None]
        if keyed:  # Else nobody waits here for the decision that is being made.
            with self._state:
                self._undurable_keys.difference_update(keyed)
        with self._durable_changed:
            self._durable = sequence
            ready = [waiter for waiter in self._waiters if waiter.sequence <= sequence]
            self._waiters = [waiter for waiter in self._waiters if waiter.sequence > sequence]
            self._durable_changed.notify_all()
        for waiter in ready:
            _settle(waiter.future, waiter.answer, waiter.error)

    def _settle_when_durable(self, waiter: _Waiter) -> None:
        with self._durable_changed:
            failure = self._failure
            if waiter.sequence > self._durable and failure is None:
                self._waiters.append(waiter)
                return
        if waiter.sequence > self._durable:
            _settle(waiter.future, None, _unknown(failure))
        else:
            _settle(waiter.future, waiter.answer, waiter.error)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._on_failure(error)
        with self._durable_changed:
            lost, self._waiters = self._waiters, []
            self._durable_changed.notify_all()
        for waiter in lost:
            _settle(waiter.future, None, _unknown(error))


class Broken(CaravanError):
    """A fault of ours stopped this request before it had any effect."""


def _groups(requests: list[_Request]) -> Iterable[list[_Request]]:
    """Part requests into runs that one flow decides together; a plain request is a run of its own.

    Two requests with one key never share a run, so that the second finds the first in flight.
    """
    run: list[_Request] = []
    scopes: set[bytes] = set()
    for request in requests:
        scope = request.key.scope if request.key is not None else None
        joins = run and request.is_many and run[0].is_many and (request.flow, request.at) == (run[0].flow, run[0].at)
        if not joins or scope in scopes:
            if run:
                yield run
            run, scopes = [], set()
        run.append(request)
        if scope is not None:
            scopes.add(scope)
    if run:
        yield run


def _release(outcomes: list[_Outcome], failure: BaseException | None) -> None:
    for request, result, error in outcomes:
        _settle(request.told, result, error if failure is None else _unknown(failure))


def _unknown(failure: BaseException | None) -> Outage:
    outage = Outage("The log could not be written; whether this took effect is unknown.")
    outage.__cause__ = failure
    return outage


def _settle(told: Told, answer: object, error: BaseException | None) -> None:
    if not told.set_running_or_notify_cancel():
        return  # Whoever asked has gone.
    if error is not None:
        told.set_exception(error)
    else:
        told.set_result(answer)
