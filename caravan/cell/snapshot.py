"""Snapshots: the models written down at a position, so that a start reads only the tail of the log."""

import fcntl
import io
import json
import mmap
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xxhash

from caravan.cell.frame import Frame
from caravan.cell.log import Log
from caravan.cell.model import Model, digest
from caravan.kernel.errors import Outage

_KEPT = 2
_MAGIC = b"caravan-snapshot-2\n"
_SUM_BYTES = 16
# Every part begins at a multiple of this, so that it is read where it lies.
_ALIGNED_BYTES = 64
_HEADER_BYTES_MAX = 2**20
# So much is brought to the disk, or given back, at a time. A file system's journal is one for all: who syncs a frame of
# the log also waits for what others have written since, and half a second for a snapshot that is synced whole.
_STEP_BYTES = 2**21

Parts = Mapping[str, np.ndarray]


def parts_of(models: Iterable[Model]) -> dict[str, np.ndarray]:
    """Give the whole state of models as named arrays: theirs, not copies."""
    return {f"{model.name}/{name}": array for model in models for name, array in model.dump().items()}


def fill(model: Model, parts: Parts) -> None:
    """Load into a model what is its own among the parts of a snapshot."""
    mark = f"{model.name}/"
    model.load({name.removeprefix(mark): part for name, part in parts.items() if name.startswith(mark)})


class Snapshots:
    """A folder of snapshots. One that is torn, of other models, or ahead of the log is passed over, never trusted."""

    def __init__(self, folder: Path, *, shape: str) -> None:
        """Use a folder; `shape` names the models' layout, so that other code's snapshots are passed over."""
        self._folder = folder
        self._shape = shape
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, head: Frame, parts: Parts) -> int:
        """Write parts that stand for the position of `head`, durably, and drop all but the newest two; give its size.

        Processes that save at once do so one after the other. Whoever is killed here leaves a draft, which is no
        snapshot, and which the next one removes. Raises Outage where the folder cannot be written.
        """
        target = self._folder / f"{head.sequence:016d}.snapshot"
        try:
            with self._alone() as folder:
                for left_behind in self._folder.glob("*.draft"):
                    left_behind.unlink()
                draft = self._folder / f"{head.sequence:016d}.{secrets.token_hex(4)}.draft"
                try:
                    size = _write(draft, self._about(head, parts), parts)
                    draft.rename(target)
                finally:
                    draft.unlink(missing_ok=True)
                os.fsync(folder)
                for old in self._all()[_KEPT:]:
                    _drop(old)
        except OSError as error:
            raise Outage(f"No snapshot could be written into {self._folder}: {error}") from error
        return size

    def find(self, log: Log) -> tuple[Frame, Parts] | None:
        """Give the newest snapshot that fits this log: the frame it stands at, and its parts, which cannot be written to."""
        for path in self._all():
            found = self._read(path, log)
            if found is not None:
                return found
        return None

    def load(self, models: Sequence[Model], log: Log) -> Frame | None:
        """Load the newest snapshot that fits these models and this log into them; give the frame it stands at."""
        found = self.find(log)
        if found is None:
            return None
        frame, parts = found
        for model in models:
            fill(model, parts)
        return frame

    def stand(self, log: Log) -> Frame | None:
        """Give the frame that the newest snapshot stands at, going by its heading alone: whether it is whole, `find` proves."""
        for path in self._all():
            try:
                with path.open("rb") as file:
                    frame = self._place(_heading(file), log)
            except FileNotFoundError:
                continue
            if frame is not None:
                return frame
        return None

    def reach(self) -> int:
        """Give the position of the newest snapshot file, usable or not; 0 without one."""
        return max((int(path.stem) for path in self._all() if path.stem.isdigit()), default=0)

    def newest(self, make_models: Callable[[], Sequence[Model]], log: Log) -> tuple[int, str] | None:
        """Give the position and the digest of the newest usable snapshot."""
        models = make_models()
        frame = self.load(models, log)
        return (frame.sequence, digest(models)) if frame is not None else None

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Have the folder to oneself among those who write into it."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(folder)

    def _all(self) -> list[Path]:
        return sorted(self._folder.glob("*.snapshot"), reverse=True)

    def _about(self, head: Frame, parts: Parts) -> dict[str, object]:
        return {
            "shape": self._shape,
            "sequence": head.sequence,
            "checksum": head.checksum.hex(),
            "parts": [(name, array.dtype.str, array.shape) for name, array in parts.items()],
        }

    def _read(self, path: Path, log: Log) -> tuple[Frame, Parts] | None:
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # For as long as it is mapped: nobody cuts it short meanwhile.
                if os.fstat(file.fileno()).st_size < len(_MAGIC) + _SUM_BYTES:
                    return None
                whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                about = _heading(file)
        except FileNotFoundError:  # Another process has just dropped it.
            return None
        body = memoryview(whole)[:-_SUM_BYTES]
        if about is None or xxhash.xxh3_128_digest(body) != whole[-_SUM_BYTES:]:
            return None
        frame = self._place(about, log)
        if frame is None:
            return None
        parts: dict[str, np.ndarray] = {}
        offset = about["begins"]
        for name, dtype, shape in about["parts"]:
            parts[name] = np.frombuffer(body, dtype, int(np.prod(shape)), offset).reshape(shape)
            offset = _aligned(offset + parts[name].nbytes)
        return frame, parts

    def _place(self, about: dict[str, Any] | None, log: Log) -> Frame | None:
        """Give the frame that a snapshot was written at, if it is one of this log and of these models."""
        if about is None or about["shape"] != self._shape:
            return None
        frame = next(log.read(after=about["sequence"] - 1), None)
        if frame is None or frame.sequence != about["sequence"] or frame.checksum.hex() != about["checksum"]:
            return None
        return frame


def _write(draft: Path, about: dict[str, object], parts: Parts) -> int:
    """Write a file and bring it to the disk; give its size."""
    sums = xxhash.xxh3_128()
    with draft.open("wb", buffering=0) as file:
        size = synced = 0

        def put(whole: bytes | memoryview) -> None:
            nonlocal size, synced
            sums.update(whole)
            for first in range(0, len(whole), _STEP_BYTES):
                _write_all(file, memoryview(whole)[first : first + _STEP_BYTES])
                size += len(whole[first : first + _STEP_BYTES])
                if size - synced >= _STEP_BYTES:
                    os.fdatasync(file.fileno())
                    synced = size

        heading = _MAGIC + json.dumps(about).encode()
        assert len(heading) < _HEADER_BYTES_MAX, "A heading is read in one piece."
        put(heading + b" " * (_aligned(len(heading) + 1) - len(heading) - 1) + b"\n")
        for array in parts.values():
            put(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
            put(bytes(_aligned(size) - size))
        _write_all(file, sums.digest())
        os.fsync(file.fileno())
    return size + _SUM_BYTES


def _write_all(file: io.FileIO, block: bytes | memoryview) -> None:
    left = memoryview(block)
    while left:
        left = left[file.write(left) :]


def _drop(path: Path) -> None:
    """Remove a snapshot, its room given back a step at a time; at once where somebody is reading it."""
    with path.open("r+b") as file:
        path.unlink()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for size in range(os.fstat(file.fileno()).st_size - _STEP_BYTES, 0, -_STEP_BYTES):
            os.ftruncate(file.fileno(), size)
            os.fdatasync(file.fileno())


def _heading(file: BinaryIO) -> dict[str, Any] | None:
    """Read what a snapshot is of, and where its parts begin; None where this is no snapshot."""
    line = file.read(_HEADER_BYTES_MAX)
    end = line.find(b"\n", len(_MAGIC))
    if not line.startswith(_MAGIC) or end < 0:
        return None
    try:
        about: dict[str, Any] = json.loads(line[len(_MAGIC) : end])
    except ValueError:
        return None
    return about | {"begins": end + 1}


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNED_BYTES) * _ALIGNED_BYTES
