"""Replay: bring models from nothing, or from a snapshot, to the head of the log, and prove the chain on the way."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from caravan.cell.facts import Section
from caravan.cell.frame import GENESIS, Corrupt, Frame, checksum, decode
from caravan.cell.log import Log
from caravan.cell.model import Model
from caravan.cell.snapshot import Snapshots
from caravan.kernel.event import Event


def replay(
    *, log: Log, models: Sequence[Model], kinds: Mapping[str, type[Event]], snapshots: Snapshots | None
) -> Frame | None:
    """Fold the log into fresh models, from the newest usable snapshot on; give the head. Raises Corrupt."""
    by_kind = {kind: [model for model in models if kind in model.kinds] for kind in kinds.values()}
    head = snapshots.load(models, log) if snapshots is not None else None
    for frame, sections in facts(log, kinds, after=head):
        for part in sections:
            for model in by_kind[part.kind]:
                model.apply(part)
        head = frame
    return head


def facts(log: Log, kinds: Mapping[str, type[Event]], *, after: Frame | None) -> Iterator[tuple[Frame, list[Section]]]:
    """Read frames with their sections, each proven to follow the one before it. Raises Corrupt naming the frame."""
    layouts = read_layouts(log)
    previous = after
    for frame in log.read(after=after.sequence if after else 0):
        prove(frame, previous)
        yield frame, decode(frame, kinds, layouts)
        previous = frame


def read_layouts(log: Log) -> dict[bytes, pa.Schema]:
    """Give the schemas that the log's frames are laid out by."""
    return {name: pa.ipc.read_schema(pa.py_buffer(layout)) for name, layout in log.layouts().items()}


def prove(frame: Frame, previous: Frame | None) -> None:
    """Check that a frame is what was written, and follows the one before it. Raises Corrupt."""
    wanted = previous.sequence + 1 if previous else 1
    if frame.sequence != wanted:
        raise Corrupt(f"Frame {wanted} is missing: frame {frame.sequence} stands in its place.", frame=wanted)
    if frame.checksum != checksum(previous.checksum if previous else GENESIS, frame):
        raise Corrupt(f"Frame {frame.sequence} is not what was written: its checksum differs.", frame=frame.sequence)
    if previous is not None and frame.epoch < previous.epoch:
        raise Corrupt(f"Frame {frame.sequence} is from an older epoch than the one before it.", frame=frame.sequence)
    if frame.first_fact != (previous.first_fact + previous.facts if previous else 1):
        raise Corrupt(f"Frame {frame.sequence} miscounts its facts.", frame=frame.sequence)
