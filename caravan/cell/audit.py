"""The audit: read the whole log again from zero, and name everything about it that is not as it must be."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from caravan.cell.facts import Section
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


def audit(  # noqa: PLR0913
    *,
    log: Log,
    kinds: Mapping[str, type[Event]],
    make_models: Callable[[], Sequence[Model]],
    snapshots: Snapshots | None,
    invariants: Callable[[Sequence[Model]], Iterable[str]],
    progress: Callable[[int, int], None],
) -> Audit:
    """Check every frame's checksum and place, replay all facts, hold the newest snapshot and every invariant against it."""
    models = make_models()
    try:
        head = log.head()
        layouts = read_layouts(log)
    except CaravanError as error:
        return Audit(ok=False, frames=0, facts=0, digest="", findings=[Finding(0, str(error))])
    findings: list[Finding] = []
    by_kind = {kind: [model for model in models if kind in model.kinds] for kind in kinds.values()}
    stand = snapshots.newest(make_models, log) if snapshots is not None and head is not None else None
    previous: Frame | None = None
    frames = facts = 0
    try:
        for frame in log.read():
            if head is None or frame.sequence > head.sequence:
                break
            problem = _problem(frame, previous)
            if problem is not None:
                findings.append(problem)
            elif not findings:
                _fold(decode(frame, kinds, layouts), by_kind)
                if stand is not None and stand[0] == frame.sequence and stand[1] != digest(models):
                    findings.append(Finding(frame.sequence, "The snapshot at this frame is not what a replay gives."))
            previous = frame
            frames, facts = frames + 1, facts + frame.facts
            progress(frame.sequence, head.sequence)
            if len(findings) >= FINDINGS_MAX:
                break
    except Exception as error:  # noqa: BLE001
        # Whatever a damaged log makes the reader or a model say, the frame behind the last good one is where it was said.
        place = previous.sequence + 1 if previous else 1
        findings.append(Finding(place, f"Frame {place} cannot be read or folded: {error}"))
    reach = snapshots.reach() if snapshots is not None else 0
    if previous is not None and reach > previous.sequence:
        findings.append(Finding(previous.sequence + 1, f"A snapshot stands at frame {reach}, the log ends before it."))
    if findings:
        return Audit(ok=False, frames=frames, facts=facts, digest="", findings=findings)
    findings = [Finding(0, what) for what in invariants(models)][:FINDINGS_MAX]
    return Audit(ok=not findings, frames=frames, facts=facts, digest=digest(models), findings=findings)


def _problem(frame: Frame, previous: Frame | None) -> Finding | None:
    try:
        prove(frame, previous)
    except Corrupt as error:
        return Finding(error.frame, str(error))
    return None


def _fold(sections: Iterable[Section], by_kind: Mapping[type[Event], Sequence[Model]]) -> None:
    for part in sections:
        for model in by_kind[part.kind]:
            model.apply(part)
