"""What exports need from outside: a folder that keeps files, whoever brings messages to an address, and an outbox."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from caravan.kernel.clock import Instant
from caravan.kernel.errors import Refusal


class ShelfFull(Refusal):
    """The folder of exports holds as much as it may: keep fewer files, or drop an export."""


class Message(NamedTuple):
    """What is brought to an address: bytes, or a file. The id stays the same when it is brought again, to be passed over there."""

    url: str
    method: str
    id: str
    media: str
    body: bytes | Path
    secrets: Sequence[bytes]


class Brought(NamedTuple):
    """What came of a message: nothing, or why it did not arrive; `is_gone` when it need not be tried again."""

    error: str = ""
    is_gone: bool = False


class Sender(Protocol):
    """Brings messages to addresses outside, signed."""

    def check(self, url: str) -> None:
        """Refuse an address that nothing is brought to as Invalid."""
        ...

    def bring(self, messages: Sequence[Message], *, now: Instant) -> list[Brought]:
        """Bring messages at once; one answer each. Never raises."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Draft(NamedTuple):
    """A file that is whole and has no name yet: how many bytes it has, and their SHA-256."""

    path: Path
    size: int
    digest: str


class Shelf(Protocol):
    """Keeps the files of exports in folders. What one folder is given comes from one thread at a time."""

    def draft(self, folder: str, pieces: Iterable[bytes]) -> Draft:
        """Write a file as its pieces come; nothing is left of it where one can't be made. Refuses too much as ShelfFull."""
        ...

    def keep(self, draft: Draft, name: str, *, kept: int, oldest: str = "") -> None:
        """Name a draft, in place of a file of that name; then keep only the last ones, none named before `oldest`.

        Refuses more than may be kept as ShelfFull, and a folder that was taken away meanwhile with NotFound.
        """
        ...

    def discard(self, draft: Draft) -> None:
        """Take a draft away that was not kept."""
        ...

    def find(self, folder: str, name: str) -> Path:
        """Give where a file lies. Refuses one that is not there with NotFound."""
        ...

    def keep_only(self, folders: Collection[str]) -> None:
        """Take away every other folder."""
        ...


class Sent(NamedTuple):
    """What a subscriber has: people by their keys, up to a message; and the next message's changes, if it is under way.

    Shapes: keys int64 [n]; pending int64 [m], has_entered bool [m].
    """

    sequence: int
    keys: np.ndarray
    pending: np.ndarray
    has_entered: np.ndarray
    is_pending: bool
    is_reset: bool


class Outbox(Protocol):
    """Remembers what subscribers have, over any stop."""

    def load(self, name: str) -> Sent | None:
        """Give what a subscriber has; None for a new one, or where that can't be read any more."""
        ...

    def save(self, name: str, sent: Sent) -> None:
        """Remember it; whole or not at all."""
        ...

    def keep_only(self, names: Collection[str]) -> None:
        """Forget all others."""
        ...
