"""Projections: views that people page through, folded from durable frames, rows and cursor saved together."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from caravan.cell.facts import Section
from caravan.cell.frame import Frame, decode
from caravan.cell.log import Log
from caravan.cell.replay import read_layouts
from caravan.kernel.event import Event

_logger = logging.getLogger("caravan.cell")

FRAMES_PER_TRANSACTION_MAX = 64
FACTS_PER_TRANSACTION_MAX = 20_000  # A stop waits for the transaction that is under way: seconds, not minutes.
_PAUSE_S = 0.5

Write = Callable[[str, Iterable[Sequence[object]]], None]


class View(Protocol):
    """A few tables and how facts change them. Change `version` when that changes: the view is then built again."""

    name: str
    version: int
    tables: str
    kinds: frozenset[type[Event]]

    def begin(self, read: Callable[[str], list[tuple[object, ...]]]) -> None:
        """Get ready to go on from what the tables hold."""
        ...

    def apply(self, part: Section, write: Write) -> None:
        """Change the tables by a run of facts of one kind: statements, each with the rows to run it for."""
        ...


class ViewStore(Protocol):
    """A database of views."""

    def begin(self, views: Sequence[View]) -> int:
        """Make the tables that are missing or of another version; give the position all views stand at."""
        ...

    def write(self, position: int, changes: Iterator[tuple[str, Iterable[Sequence[object]]]]) -> None:
        """Run statements and save the position, in one transaction."""
        ...

    def read(self, query: str, values: Mapping[str, object] | Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run one query."""
        ...

    def drop(self) -> None:
        """Throw every view away."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


class Following(Protocol):
    """What keeps views up to date, in a thread of this process or in another process."""

    @property
    def position(self) -> int:
        """Give the position of the log that the views show."""
        ...

    def start(self) -> None:
        """Begin to follow the log."""
        ...

    def wake(self) -> None:
        """Say that there may be more to read."""
        ...

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        """Wait until the views show a position; tell whether they do."""
        ...

    def stop(self) -> None:
        """Stop following."""
        ...


class Projector:
    """Keeps views up to date behind a log, in a thread of its own.

    `rest` is called with how long each transaction took and an event that ends the rest: who follows a busy cell in its
    own process gives it `Cell.give_way`.
    """

    def __init__(
        self,
        *,
        log: Log,
        kinds: Mapping[str, type[Event]],
        views: Sequence[View],
        store: ViewStore,
        rest: Callable[[float, threading.Event], None] = lambda _worked_s, _stops: None,
    ) -> None:
        self._log, self._kinds, self._views, self._store, self._rest = log, kinds, views, store, rest
        self._changed = threading.Condition()
        self._stops = threading.Event()
        self._is_woken = False
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self.position = store.begin(views)
        self._layouts = read_layouts(log)

    def start(self) -> None:
        """Begin to follow the log."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be more to read."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        """Wait until the views show a position; tell whether they do."""
        self.wake()
        with self._changed:
            return self._changed.wait_for(lambda: self.position >= position, timeout_s)

    def wait_for_more(self, after: int, *, timeout_s: float) -> int:
        """Wait until the views show more than a position, or the time is up; give the position."""
        with self._changed:
            self._changed.wait_for(lambda: self.position > after, timeout_s)
            return self.position

    def catch_up(self) -> int:
        """Fold in all durable frames that the views do not show yet; give how many frames that were."""
        done = 0
        while self.fold_some():
            done += 1
        return done

    def stop(self) -> None:
        """Stop following."""
        self._stops.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stops.is_set():
            began = time.monotonic()
            try:
                moved = self.fold_some()
            except Exception:
                _logger.exception("The views could not follow the log; trying again.")
                moved = False
                self._stops.wait(_PAUSE_S)
            if moved:
                self._rest(time.monotonic() - began, self._stops)
            else:
                with self._changed:  # Remembered, so that a call while frames were being folded is not missed.
                    self._changed.wait_for(lambda: self._is_woken, _PAUSE_S)
                    self._is_woken = False

    def fold_some(self) -> bool:
        """Fold in the next few durable frames; tell whether there were any."""
        frames, facts = [], 0
        for frame in self._log.read(after=self.position):
            frames.append(frame)
            facts += frame.facts
            if len(frames) == FRAMES_PER_TRANSACTION_MAX or facts >= FACTS_PER_TRANSACTION_MAX:
                break
        if not frames:
            return False
        parts = [part for frame in frames for part in self._decoded(frame)]
        try:
            self._store.write(frames[-1].sequence, self._changes(parts))
        except Exception:
            self.position = self._store.begin(self._views)  # What views remember may be ahead of their tables.
            raise
        with self._changed:
            self.position = frames[-1].sequence
            self._changed.notify_all()
        return True

    def _decoded(self, frame: Frame) -> list[Section]:
        try:
            return decode(frame, self._kinds, self._layouts)
        except KeyError:  # Laid out by a schema that is newer than those that have been read.
            self._layouts = read_layouts(self._log)
            return decode(frame, self._kinds, self._layouts)

    def _changes(self, parts: Sequence[Section]) -> Iterator[tuple[str, Iterable[Sequence[object]]]]:
        for part in parts:
            for view in self._views:
                if part.kind in view.kinds:
                    changes: list[tuple[str, Iterable[Sequence[object]]]] = []
                    view.apply(part, lambda query, values, changes=changes: changes.append((query, values)))  # type: ignore[misc]
                    yield from changes
