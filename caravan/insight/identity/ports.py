"""What identity needs from outside: a vault that seals personal data with a key of its own for each person."""

from collections.abc import Sequence
from typing import Protocol


class Vault(Protocol):
    """Keys of the people of this cell. Destroying one makes all that was sealed with it unreadable, everywhere."""

    def seal(self, plain: Sequence[bytes]) -> list[bytes]:
        """Seal each text with a fresh key; the keys are durable on return."""
        ...

    def seal_each(self, plain: Sequence[bytes], *, like: Sequence[bytes]) -> list[bytes]:
        """Seal each text with the key that sealed its neighbor in `like`."""
        ...

    def unseal(self, sealed: bytes) -> bytes | None:
        """Open a sealed text; None when its key was destroyed. Raises Outage when it was tampered with."""
        ...

    def destroy(self, sealed: bytes) -> None:
        """Destroy the key that sealed this, for ever."""
        ...

    def mark(self, text: str) -> bytes:
        """Give the cell's keyed hash of a text (16 bytes), to find it again without keeping it."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
