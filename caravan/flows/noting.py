"""Noting: what visitors were shown is gathered for a moment and written down together; nobody waits for it."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from caravan.cell import Cell
from caravan.flows.house import House
from caravan.kernel.errors import CaravanError

GATHERED_S = 0.1  # So long a list waits for others: a frame of its own costs as much as making the list does.
GATHERED_MAX = 256


class _Note(NamedTuple):
    flow: Callable[..., Any]
    request: object


class Noting:
    """Gathers notes in the order in which they came. Whoever notes what came of a list flushes first, to keep that order."""

    def __init__(self, cell: Cell[House]) -> None:
        self._cell = cell
        self._lock = threading.Lock()
        self._waiting: list[_Note] = []

    def note(self, flow: Callable[..., Any], request: object) -> bool:
        """Take a note; tell whether it is the first that waits, so that somebody has to flush soon."""
        with self._lock:
            self._waiting.append(_Note(flow, request))
            count = len(self._waiting)
        if count >= GATHERED_MAX:
            self.flush()
        return count == 1

    def flush(self) -> Sequence["Future[Any]"]:
        """Hand what waits to the cell; what it can't take is lost, and whoever was shown it saw it all the same."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        try:
            return [self._cell.submit(note.flow, note.request, is_many=True) for note in waiting]
        except CaravanError:
            return []
