"""Snapshots: the models written down at a position, so that a start reads only the tail of the log."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xxhash

from caravan.cell.frame import Frame
from caravan.cell.log import Log
from caravan.cell.model import Model, digest

_KEPT = 2
_MAGIC = b"caravan-snapshot-1\n"


class Snapshots:
    """A folder of snapshots. One that is torn, of other models, or ahead of the log is passed over, never trusted."""

    def __init__(self, folder: Path, *, shape: str) -> None:
        """Use a folder; `shape` names the models' layout, so that other code's snapshots are passed over."""
        self._folder = folder
        self._shape = shape
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, head: Frame, parts: dict[str, np.ndarray]) -> None:
        """Write parts that stand for the position of `head`, durably, and drop all but the newest two."""
        described = [(name, array.dtype.str, array.shape) for name, array in parts.items()]
        about = {
            "shape": self._shape,
            "sequence": head.sequence,
            "checksum": head.checksum.hex(),
            "parts": described,
        }
        sums = xxhash.xxh3_128()
        target = self._folder / f"{head.sequence:016d}.snapshot"
        draft = target.with_suffix(".draft")
        with draft.open("wb") as file:
            header = json.dumps(about).encode() + b"\n"
            for block in (_MAGIC, header, *(np.ascontiguousarray(array).tobytes() for array in parts.values())):
                sums.update(block)
                file.write(block)
            file.write(sums.digest())
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
        for old in self._all()[_KEPT:]:
            old.unlink()

    def load(self, models: Sequence[Model], log: Log) -> Frame | None:
        """Load the newest snapshot that fits these models and this log into them; give the frame it stands at."""
        for path in self._all():
            found = self._read(path, log)
            if found is None:
                continue
            frame, parts = found
            for model in models:
                mark = f"{model.name}/"
                model.load({name.removeprefix(mark): part for name, part in parts.items() if name.startswith(mark)})
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

    def _all(self) -> list[Path]:
        return sorted(self._folder.glob("*.snapshot"), reverse=True)

    def _read(self, path: Path, log: Log) -> tuple[Frame, dict[str, np.ndarray]] | None:
        whole = path.read_bytes()
        body, sums = whole[:-16], whole[-16:]
        if not body.startswith(_MAGIC) or xxhash.xxh3_128_digest(body) != sums:
            return None
        end = body.index(b"\n", len(_MAGIC))
        about = json.loads(body[len(_MAGIC) : end])
        frame = next(log.read(after=about["sequence"] - 1), None)
        if about["shape"] != self._shape or frame is None or frame.sequence != about["sequence"]:
            return None
        if frame.checksum.hex() != about["checksum"]:
            return None
        parts: dict[str, np.ndarray] = {}
        offset = end + 1
        for name, dtype, shape in about["parts"]:
            count = int(np.prod(shape))
            parts[name] = np.frombuffer(body, dtype, count, offset).reshape(shape).copy()
            offset += parts[name].nbytes
        return frame, parts
