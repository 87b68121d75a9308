"""Files of exports in folders of the home, and what webhooks have been told, in small files beside them."""

import shutil
from collections.abc import Collection
from pathlib import Path

import msgspec
import numpy as np

from caravan.adapters.whole_files import DRAFT, write_whole
from caravan.insight.exports.ports import Sent, ShelfFull
from caravan.kernel.errors import NotFound

SHELF_BYTES_MAX = 2 * 2**30


class FolderShelf:
    """A folder for each export. A file is there whole or not at all, and all of them together are bounded."""

    def __init__(self, folder: Path, *, bytes_max: int = SHELF_BYTES_MAX) -> None:
        self._folder, self._bytes_max = folder, bytes_max

    def put(self, folder: str, name: str, body: bytes, *, kept: int, oldest: str = "") -> None:
        """Keep a file in place of one of its name, then only the last ones. Refuses more than may be kept as ShelfFull."""
        place = self._folder / folder
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in place.glob(f".*{DRAFT}"):
            path.unlink()  # Of a run that was cut short.
        files = [path for path in sorted(place.iterdir()) if path.name != name]
        stale = [path for path in files if path.name < oldest]
        files = [path for path in files if path.name >= oldest]
        stale += files[: max(len(files) + 1 - kept, 0)]
        gone = {*stale, place / name}
        held = sum(path.stat().st_size for path in self._folder.glob("*/*") if path not in gone)
        if held + len(body) > self._bytes_max:
            raise ShelfFull
        write_whole(place / name, body)
        for path in stale:
            path.unlink(missing_ok=True)

    def take(self, folder: str, name: str) -> bytes:
        """Give a file. Refuses one that is not there with NotFound."""
        path = self._folder / folder / name
        if path.name != name or not path.is_file():
            raise NotFound("There is no such file any more.")
        return path.read_bytes()

    def keep_only(self, folders: Collection[str]) -> None:
        """Take away every other folder."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in folders and path.name.startswith("exp_"):
                    shutil.rmtree(path, ignore_errors=True)


class _Kept(msgspec.Struct, array_like=True):
    sequence: int
    keys: bytes
    pending: bytes
    has_entered: bytes
    is_pending: bool
    is_reset: bool


class FolderOutbox:
    """A file for each subscriber; what can't be read any more begins anew, which the subscriber is told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, Sent] = {}

    def load(self, name: str) -> Sent | None:
        """Give what a subscriber has."""
        if name not in self._held:
            try:
                kept = msgspec.msgpack.decode((self._folder / name).read_bytes(), type=_Kept)
            except (OSError, msgspec.DecodeError):
                return None
            self._held[name] = Sent(
                kept.sequence, np.frombuffer(kept.keys, np.int64), np.frombuffer(kept.pending, np.int64),
                np.frombuffer(kept.has_entered, bool), is_pending=kept.is_pending, is_reset=kept.is_reset,
            )  # fmt: skip
        return self._held[name]

    def save(self, name: str, sent: Sent) -> None:
        """Remember it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = _Kept(
            sent.sequence, sent.keys.tobytes(), sent.pending.tobytes(), sent.has_entered.tobytes(),
            is_pending=sent.is_pending, is_reset=sent.is_reset,
        )  # fmt: skip
        write_whole(self._folder / name, msgspec.msgpack.encode(kept))
        self._held[name] = sent

    def keep_only(self, names: Collection[str]) -> None:
        """Forget all others."""
        self._held = {name: sent for name, sent in self._held.items() if name in names}
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in names and path.name.startswith("whk_"):
                    path.unlink(missing_ok=True)
