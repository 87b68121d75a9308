"""The audit: read the whole log again from zero, and name everything about it that is not as it must be."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import pyarrow as pa

from caravan.cell.frame import Corrupt, Frame, decode
from caravan.cell.log import Log
from caravan.cell.model import Model, digest
from caravan.cell.replay import prove, read_layouts
from caravan.cell.snapshot import Snapshots
from caravan.kernel.errors import CaravanError
from caravan.kernel.event import Event

FINDINGS_MAX = 100


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it must be; `frame` is 0 where it is about the whole."""

    frame: int
    what: str


class Audit(msgspec.Struct, frozen=True):
    """What an audit saw; `digest` names the state that a replay from zero gives, "" when it could not be finished."""

    ok: bool
    frames: int
    facts: int
    digest: str
    findings: list[Finding]


class _Reading:
    """One pass over the log: how far it came, and what it found."""

    def __init__(
        self, kinds: Mapping[str, type[Event]], models: Sequence[Model], stand: tuple[int, str] | None
    ) -> None:
        self.findings: list[Finding] = []
        self.previous: Frame | None = None
        self.frames = self.facts = 0
        self._kinds, self._models, self._stand = kinds, models, stand
        self._by_kind = {kind: [model for model in models if kind in model.kinds] for kind in kinds.values()}

    def take(self, frame: Frame, layouts: Mapping[bytes, pa.Schema]) -> None:
        """Prove a frame, and as long as nothing is wrong fold it in."""
        problem = _problem(frame, self.previous)
        if problem is not None:
            self.findings.append(problem)
        elif not self.findings:
            for part in decode(frame, self._kinds, layouts):
                for model in self._by_kind[part.kind]:
                    model.apply(part)
            if self._stand is not None and self._stand[0] == frame.sequence and self._stand[1] != digest(self._models):
                self.findings.append(Finding(frame.sequence, "The snapshot at this frame is not what a replay gives."))
        self.previous = frame
        self.frames, self.facts = self.frames + 1, self.facts + frame.facts


def audit(
    *,
    log: Log,
    kinds: Mapping[str, type[Event]],
    make_models: Callable[[], Sequence[Model]],
    snapshots: Snapshots | None,
    invariants: Callable[[Sequence[Model]], Iterable[str]],
    progress: Callable[[int, int], None],
) -> Audit:
    """Check every frame's checksum and place, replay all facts, hold the newest snapshot and every invariant against it."""
    # Before the head: a snapshot that is written while this runs may stand at a later frame, and that is no finding.
    reach = snapshots.reach() if snapshots is not None else 0
    try:
        head = log.head()
        layouts = read_layouts(log)
    except CaravanError as error:
        return Audit(ok=False, frames=0, facts=0, digest="", findings=[Finding(0, str(error))])
    models = make_models()
    last = head.sequence if head is not None else 0
    stand = snapshots.newest(make_models, log) if snapshots is not None and head is not None else None
    reading = _Reading(kinds, models, stand)
    _read(reading, log, layouts, last=last, progress=progress)
    findings = reading.findings
    if not findings and reach > last:
        findings = [Finding(last + 1, f"A snapshot stands at frame {reach}, but the log ends at frame {last}.")]
    if findings:
        return Audit(ok=False, frames=reading.frames, facts=reading.facts, digest="", findings=findings)
    findings = [Finding(0, what) for what in invariants(models)][:FINDINGS_MAX]
    return Audit(ok=not findings, frames=reading.frames, facts=reading.facts, digest=digest(models), findings=findings)


def _read(
    reading: _Reading,
    log: Log,
    layouts: Mapping[bytes, pa.Schema],
    *,
    last: int,
    progress: Callable[[int, int], None],
) -> None:
    """Take all frames up to the last that there was when the audit began."""
    try:
        for frame in log.read():
            if frame.sequence > last or len(reading.findings) >= FINDINGS_MAX:
                return
            reading.take(frame, layouts)
            progress(frame.sequence, last)
    except Exception as error:  # noqa: BLE001
        # Whatever a damaged log makes the reader or a model say: the frame behind the last good one is where it was said.
        place = reading.previous.sequence + 1 if reading.previous else 1
        reading.findings.append(Finding(place, f"Frame {place} cannot be read or folded: {error}"))


def _problem(frame: Frame, previous: Frame | None) -> Finding | None:
    try:
        prove(frame, previous)
    except Corrupt as error:
        return Finding(error.frame, str(error))
    return None
