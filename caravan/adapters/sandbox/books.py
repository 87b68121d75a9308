"""What every sandbox keeps: its objects by number, its secret, and the dice by which it misbehaves."""

import itertools
import random
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec

from caravan.adapters.sandbox.mischief import Mischief, Object


class Books:
    """A sandbox's books. In a file they outlive it; one request at a time."""

    own_secret: ClassVar[str]  # What webhooks are signed with where nothing else is said.

    def __init__(
        self, *, now: Callable[[], int], secret: str | None = None, mischief: Mischief | None = None, seed: int = 0,
        file: Path | None = None, url: str = "",
    ) -> None:  # fmt: skip
        self.url, self._now, self._secret = url, now, self.own_secret if secret is None else secret
        self.mischief = mischief or Mischief()
        self._dice = random.Random(seed)  # noqa: S311  # Not for secrets: the same seed misbehaves in the same way.
        self._lock = threading.RLock()
        self._books = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._books.execute("CREATE TABLE IF NOT EXISTS objects (id TEXT PRIMARY KEY, body BLOB)")
        self.objects: dict[str, Object] = {
            number: msgspec.msgpack.decode(body) for number, body in self._books.execute("SELECT * FROM objects")
        }
        self._count = itertools.count(len(self.objects) + 1)
        self._notices: list[bytes] = []

    def close(self) -> None:
        """Close the books."""
        self._books.close()

    def _keep(self, one: Object) -> Object:
        self.objects[one["id"]] = one
        self._books.execute("INSERT OR REPLACE INTO objects VALUES (?, ?)", (one["id"], msgspec.msgpack.encode(one)))
        return one

    def _new(self, prefix: str) -> str:
        return f"{prefix}_{next(self._count):08d}{self._dice.getrandbits(32):08x}"
