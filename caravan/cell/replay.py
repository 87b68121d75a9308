"""Replay: bring models from nothing, or from a snapshot, to the head of the log, and prove the chain on the way."""

import gc
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from caravan.cell.facts import Section
from caravan.cell.frame import GENESIS, Corrupt, Frame, checksum, decode
from caravan.cell.log import Log
from caravan.cell.model import Model
from caravan.cell.snapshot import Parts, Snapshots, fill
from caravan.kernel.event import Event

# Less than this is done before threads would have begun.
FACTS_ALONE_MAX = 50_000
BYTES_ALONE_MAX = 2**24
# So many frames, or facts, are handed on together, and so many of these bundles wait for each model.
_FRAMES_TOGETHER = 64
_FACTS_TOGETHER = 8_192
_BUNDLES_WAITING_MAX = 8

Progress = Callable[[int, int], None]


def replay(
    *,
    log: Log,
    models: Sequence[Model],
    kinds: Mapping[str, type[Event]],
    snapshots: Snapshots | None,
    progress: Progress = lambda _done, _total: None,
) -> Frame | None:
    """Fold the log into fresh models, from the newest usable snapshot up to the head there is now; give it. Raises Corrupt."""
    found = snapshots.find(log) if snapshots is not None else None
    frame, parts = found if found is not None else (None, None)
    return fold(log=log, models=models, kinds=kinds, after=frame, parts=parts, progress=progress)


def fold(
    *,
    log: Log,
    models: Sequence[Model],
    kinds: Mapping[str, type[Event]],
    after: Frame | None,
    parts: Parts | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Frame | None:
    """Load parts into models that stand at `after` (None: fresh ones), and fold all behind it; give the last frame.

    A model is a fold of its own facts and of nothing else, so where there is much to do each model has a thread, and
    frames are read, proven and decoded ahead of all of them.
    """
    head = log.head()
    last = head.sequence if head is not None else 0
    facts_in_all = head.first_fact + head.facts if head is not None else 1
    facts_behind = facts_in_all - (after.first_fact + after.facts if after is not None else 1)
    size = sum(part.nbytes for part in parts.values()) if parts is not None else 0
    is_little = facts_behind <= FACTS_ALONE_MAX and size <= BYTES_ALONE_MAX
    reached = after
    with _uncollected(), _lanes(models, parts, is_little=is_little) as hand_on:
        for frame, sections in _bundles(facts(log, kinds, after=after, until=last)):
            hand_on(sections)
            progress(frame.sequence, last)
            reached = frame
    return reached


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage: what is being loaded is here to stay, and to look through it again and again takes long."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _lanes(
    models: Sequence[Model], parts: Parts | None, *, is_little: bool
) -> Iterator[Callable[[list[Section]], None]]:
    """Load parts into models, and lend a function that folds facts into them, here or in a thread for each."""
    if is_little:
        for model in models:
            if parts is not None:
                fill(model, parts)
        yield lambda sections: _apply_all(models, sections)
        return
    lanes = [_Lane(model, parts) for model in models]

    def hand_on(sections: list[Section]) -> None:
        for lane in lanes:
            lane.hand(sections)

    try:
        yield hand_on
    finally:
        for lane in lanes:
            lane.end()
    for lane in lanes:
        lane.raise_failure()


def _apply_all(models: Sequence[Model], sections: Sequence[Section]) -> None:
    for part in sections:
        for model in models:
            if part.kind in model.kinds:
                model.apply(part)


class _Lane:
    """A thread that brings one model up to date: it loads its part of a snapshot, then folds what it is handed."""

    def __init__(self, model: Model, parts: Parts | None) -> None:
        self._model, self._parts = model, parts
        self._waiting: queue.Queue[list[Section] | None] = queue.Queue(_BUNDLES_WAITING_MAX)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"replay-{model.name}", daemon=True)
        self._thread.start()

    def hand(self, sections: Sequence[Section]) -> None:
        """Let the model have what is its own of these; raises what it failed with before."""
        self.raise_failure()
        own = [part for part in sections if part.kind in self._model.kinds]
        if own:
            self._waiting.put(own)

    def end(self) -> None:
        """Wait until all has been folded."""
        self._waiting.put(None)
        self._thread.join()

    def raise_failure(self) -> None:
        """Raise what the model failed with, if it did."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            if self._parts is not None:
                fill(self._model, self._parts)
            while (sections := self._waiting.get()) is not None:
                _apply_all([self._model], sections)
        except BaseException as error:  # noqa: BLE001  # Raised again by whoever hands on.
            self._failure = error
            while self._waiting.get() is not None:
                pass


def _bundles(read: Iterator[tuple[Frame, list[Section]]]) -> Iterator[tuple[Frame, list[Section]]]:
    """Put frames together until they are worth handing on; give the last frame of each bundle with all its facts."""
    frames, rows = 0, 0
    sections: list[Section] = []
    for frame, own in read:
        sections.extend(own)
        frames, rows = frames + 1, rows + frame.facts
        if frames >= _FRAMES_TOGETHER or rows >= _FACTS_TOGETHER:
            yield frame, sections
            frames, rows, sections = 0, 0, []
    if sections:
        yield frame, sections


def facts(
    log: Log, kinds: Mapping[str, type[Event]], *, after: Frame | None, until: int | None = None
) -> Iterator[tuple[Frame, list[Section]]]:
    """Read frames up to a position with their sections, each proven to follow the one before. Raises Corrupt naming the frame."""
    layouts = read_layouts(log)
    previous = after
    for frame in log.read(after=after.sequence if after else 0):
        if until is not None and frame.sequence > until:
            return
        prove(frame, previous)
        yield frame, decode(frame, kinds, layouts)
        previous = frame


def read_layouts(log: Log) -> dict[bytes, pa.Schema]:
    """Give the schemas that the log's frames are laid out by."""
    return {name: pa.ipc.read_schema(pa.py_buffer(layout)) for name, layout in log.layouts().items()}


def prove(frame: Frame, previous: Frame | None) -> None:
    """Check that a frame is what was written, and follows the one before it. Raises Corrupt."""
    wanted = previous.sequence + 1 if previous else 1
    if frame.sequence != wanted:
        raise Corrupt(f"Frame {wanted} is missing: frame {frame.sequence} stands in its place.", frame=wanted)
    if frame.checksum != checksum(previous.checksum if previous else GENESIS, frame):
        raise Corrupt(f"Frame {frame.sequence} is not what was written: its checksum differs.", frame=frame.sequence)
    if previous is not None and frame.epoch < previous.epoch:
        raise Corrupt(f"Frame {frame.sequence} is from an older epoch than the one before it.", frame=frame.sequence)
    if frame.first_fact != (previous.first_fact + previous.facts if previous else 1):
        raise Corrupt(f"Frame {frame.sequence} miscounts its facts.", frame=frame.sequence)
