"""Files of exports in folders of the home, and what webhooks have been told, in small files beside them."""

import contextlib
import hashlib
import shutil
import threading
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec
import numpy as np

from caravan.adapters.whole_files import DRAFT, draft_of, put_in_place, sync, write_whole
from caravan.insight.exports.ports import Draft, Sent, ShelfFull
from caravan.kernel.errors import NotFound

SHELF_BYTES_MAX = 2 * 2**30


class FolderShelf:
    """A folder for each export. A file is there whole or not at all, and all of them together are bounded."""

    def __init__(self, folder: Path, *, bytes_max: int = SHELF_BYTES_MAX) -> None:
        self._folder, self._bytes_max = folder, bytes_max
        self._lock = threading.Lock()
        self._drafted: dict[Path, int] = {}  # bytes of each draft that somebody is writing

    def draft(self, folder: str, pieces: Iterable[bytes]) -> Draft:
        """Write a file as its pieces come; nothing is left of it where one can't be made. Refuses too much as ShelfFull."""
        place = self._folder / folder
        if not place.is_dir():
            place.mkdir(parents=True, mode=0o700)
            sync(self._folder)
        for path in place.glob(f".*{DRAFT}"):
            path.unlink()  # Of a run that was cut short.
        draft = draft_of(place / "run")
        room, digest = self._bytes_max - self._held(), hashlib.sha256()
        try:
            with draft.open("wb") as file:
                for piece in pieces:
                    self._grow(draft, len(piece), room)
                    file.write(piece)
                    digest.update(piece)
        except BaseException:
            self.discard(Draft(draft, 0, ""))
            raise
        return Draft(draft, draft.stat().st_size, digest.hexdigest())

    def _grow(self, draft: Path, size: int, room: int) -> None:
        with self._lock:
            self._drafted[draft] = self._drafted.get(draft, 0) + size
            if sum(self._drafted.values()) > room:
                raise ShelfFull

    def keep(self, draft: Draft, name: str, *, kept: int, oldest: str = "") -> None:
        """Name a draft, in place of a file of that name; then keep only the last ones, none named before `oldest`.

        Refuses more than may be kept as ShelfFull, and a folder that was taken away meanwhile with NotFound.
        """
        place = draft.path.parent
        if not place.is_dir():
            raise NotFound("The export was dropped.")
        files = [path for path in sorted(place.iterdir()) if path.name != name and path != draft.path]
        stale = [path for path in files if path.name < oldest]
        files = [path for path in files if path.name >= oldest]
        stale += files[: max(len(files) + 1 - kept, 0)]
        with self._lock:
            if self._held(without={*stale, place / name}) + draft.size > self._bytes_max:
                raise ShelfFull
            put_in_place(draft.path, place / name)
            self._drafted.pop(draft.path, None)
        for path in stale:
            path.unlink(missing_ok=True)

    def _held(self, without: Collection[Path] = ()) -> int:
        """Give how many bytes all files have, drafts apart."""
        files = (path for path in self._folder.glob("*/*") if path.suffix != DRAFT and path not in without)
        return sum(path.stat().st_size for path in files)

    def discard(self, draft: Draft) -> None:
        """Take a draft away that was not kept."""
        with self._lock:
            self._drafted.pop(draft.path, None)
        draft.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            draft.path.parent.rmdir()  # Where nothing was ever kept.

    def find(self, folder: str, name: str) -> Path:
        """Give where a file lies. Refuses one that is not there with NotFound."""
        path = self._folder / folder / name
        if path.name != name or name.endswith(DRAFT) or not path.is_file():
            raise NotFound("There is no such file any more.")
        return path

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
