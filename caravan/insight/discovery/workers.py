"""Who does the long steps of learning: this process, or many elsewhere; either way the same comes of them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np

Shared = TypeVar("Shared")
Piece = TypeVar("Piece")
Found = TypeVar("Found")


class Workers(Protocol):
    """Does the same work on many pieces that know nothing of one another."""

    def each(self, work: Callable[[Shared, Piece], Found], shared: Shared, pieces: Sequence[Piece]) -> Iterator[Found]:
        """Give what comes of each piece, in their order; it may have begun before the first is asked for.

        `work` is a function of a module that only reads what it is given, which is `still`, and draws from a seed in its
        piece. Whoever asks takes all of it before anything else is begun. Raises Outage where the workers are gone.
        """
        ...


class InProcess:
    """Does a piece when it is asked for, here."""

    def each(self, work: Callable[[Shared, Piece], Found], shared: Shared, pieces: Sequence[Piece]) -> Iterator[Found]:
        """Give what comes of each piece, in their order."""
        kept = still(shared)
        return (work(kept, still(piece)) for piece in pieces)


IN_PROCESS = InProcess()


def still(shared: Shared) -> Shared:
    """Give arrays, and named tuples of them, as views that can't be written into.

    Shared memory comes so. Kernels are compiled for the one or the other, and here and elsewhere must run the same code.
    """
    if isinstance(shared, np.ndarray):
        view = shared.view()
        view.flags.writeable = False
        return view
    if isinstance(shared, tuple) and hasattr(shared, "_make"):
        made: Shared = shared._make(still(part) for part in shared)
        return made
    return shared
