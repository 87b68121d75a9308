"""Room: address space that reads as zeros and takes memory when it is written, or before, beside whoever will write."""

import _thread
import ctypes
import mmap
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import numpy as np

# Not counted as memory that is spoken for: else a process that forks is refused one as large as all its rooms. Python
# knows the flag's name from 3.13 on; Linux gives it this number on all but its rarest machines.
_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
_MAPPED = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
# Linux 5.14: pages are made writable as a write would make them, but for what it would write. Python has no name for it.
_POPULATE_WRITE = 23
# Whoever maps memory meanwhile waits for one step at most.
_STEP_BYTES = 4 << 20
_STEP_AHEAD_BYTES = 2 << 20
_LOOK_S = 0.02


class Room:
    """A stretch of address space. Memory that is touched for the first time is the dearest part of an order."""

    def __init__(self, size: int) -> None:
        self._pages = mmap.mmap(-1, max(size, mmap.PAGESIZE), flags=_MAPPED)
        self._advise("MADV_NOHUGEPAGE")

    def array(self, dtype: np.dtype, count: int) -> np.ndarray:
        """Give the room as an array; shape [count]."""
        return np.frombuffer(self._pages, dtype, count)

    def enlarge_pages(self) -> None:
        """Ask for large pages: a page fault for every 4 KiB costs more than the writing."""
        self._advise("MADV_HUGEPAGE")

    def _advise(self, name: str) -> None:
        advice = getattr(mmap, name, None)
        if advice is not None:
            self._pages.madvise(advice)

    def prepare(self, first: int, last: int) -> None:
        """Take memory for these bytes now, where the system can; what they hold stays, and others may write meanwhile."""
        madvise = _madvise()
        if madvise is None:
            return
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._pages))
        first -= first % mmap.PAGESIZE
        for place in range(first, min(last, len(self._pages)), _STEP_BYTES):
            length = min(_STEP_BYTES, last - place, len(self._pages) - place)
            if madvise(ctypes.c_void_p(start + place), ctypes.c_size_t(length), _POPULATE_WRITE):
                return  # An older system, or no memory: it will be taken when it is written, or not at all.


class Stretch:
    """How far rooms have been prepared; more is prepared in a thread, which needs no interpreter for it."""

    def __init__(self) -> None:
        self._until = 0
        self._at_work = threading.Lock()

    def keep_ahead(self, rows: int, ahead: int, rooms: Callable[[], Sequence[tuple[Room, int]]]) -> None:
        """Prepare rooms, each with its bytes a row, `ahead` of these rows, when half of that has been taken."""
        if rows + ahead // 2 <= self._until or not self._at_work.acquire(blocking=False):
            return
        first, self._until = max(self._until, rows), rows + ahead
        # A `threading.Thread` would hold us up until it has begun.
        _thread.start_new_thread(self._prepare, (first, self._until, rooms()))

    def prepare(self, rows: int, until: int, rooms: Sequence[tuple[Room, int]]) -> Iterator[None]:
        """Prepare rooms up to a row from the last one on that is taken or prepared, a step at a time."""
        step = max(_STEP_AHEAD_BYTES // sum(width for _, width in rooms), 1)
        while self._until < until and self._at_work.acquire(blocking=False):
            try:
                first = max(self._until, rows)
                last = min(first + step, until)
                for room, width in rooms:
                    room.prepare(first * width, last * width)
                self._until = last
            finally:
                self._at_work.release()
            yield

    def wait(self) -> None:
        """Wait for what is under way."""
        with self._at_work:
            pass

    def _prepare(self, first: int, until: int, rooms: Sequence[tuple[Room, int]]) -> None:
        try:
            for room, width in rooms:
                room.prepare(first * width, until * width)
        finally:
            self._at_work.release()


class RoomKeeper:
    """A thread that takes memory ahead of what is to come, while the cell has nothing to do: who maps memory waits for it."""

    def __init__(self, make_room: Callable[[], Iterable[None]], is_idle: Callable[[], bool]) -> None:
        """Take `make_room`, which takes what is missing a step at a time, and `is_idle`, which is asked before each."""
        self._make_room = make_room
        self._is_idle = is_idle
        self._stops = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="room-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the step at hand."""
        self._stops.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _keep(self) -> None:
        while not self._stops.wait(_LOOK_S):
            if not self._is_idle():
                continue
            for _ in self._make_room():
                if not self._is_idle() or self._stops.is_set():
                    break


@cache
def _madvise() -> Callable[..., int] | None:
    """Give the system's own call: Python's holds the interpreter while it works."""
    return getattr(ctypes.CDLL(None), "madvise", None) if sys.platform == "linux" else None
