"""The log: one ordered table of frames with one writer. This is what every store of it must do."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from caravan.cell.frame import Frame
from caravan.kernel.errors import Conflict


class StaleWriter(Conflict):
    """Another process has taken over this log; this one must stop."""


class Log(Protocol):
    """A durable, append-only table of frames, and the schemas that its frames are laid out by."""

    def take_over(self) -> int:
        """Become the one writer: give the new epoch, from which on every older writer is refused."""
        ...

    def append(self, frame: Frame, layouts: Mapping[bytes, bytes]) -> None:
        """Add one frame, and any schema not stored before; return only when both are durable.

        Refuses with StaleWriter when another has taken over, raises Outage when the store failed: what was written
        is then unknown and the process must not go on.
        """
        ...

    def read(self, *, after: int = 0) -> Iterator[Frame]:
        """Give every durable frame behind a sequence number, in order."""
        ...

    def head(self) -> Frame | None:
        """Give the last durable frame, or None of an empty log."""
        ...

    def layouts(self) -> dict[bytes, bytes]:
        """Give every stored schema, serialized, by fingerprint."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
