"""Tests that an audit names whatever is wrong with a log, a snapshot or the state, and where."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from caravan.adapters.memory import MemoryLog
from caravan.adapters.sqlite import SqliteLog
from caravan.cell import Audit, Corrupt, Finding, Log, Snapshots, audit, digest, replay
from caravan.cell.audit import FINDINGS_MAX
from caravan.kernel.event import Event
from tests.cell.notes import KINDS, LAYOUTS, House, Notes, frames


def _audited(
    log: Log,
    *,
    snapshots: Snapshots | None = None,
    wrong: Iterable[str] = (),
    kinds: Mapping[str, type[Event]] = KINDS,
    seen: list[tuple[int, int]] | None = None,
) -> Audit:
    return audit(
        log=log,
        kinds=kinds,
        make_models=lambda: House().models(),
        snapshots=snapshots,
        invariants=lambda _: wrong,
        progress=lambda place, last: (seen if seen is not None else []).append((place, last)),
    )


@pytest.fixture
def log() -> MemoryLog:
    """Lend a log of five frames."""
    log = MemoryLog()
    for frame in frames(5, epoch=log.take_over()):
        log.append(frame, LAYOUTS)
    return log


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    """Lend an empty folder of snapshots."""
    return Snapshots(tmp_path, shape="test")


def _save(snapshots: Snapshots, log: MemoryLog, at: int, *, total: int = 0) -> None:
    notes = Notes()
    replay(log=log, models=[notes], kinds=KINDS, snapshots=None)
    notes.texts, notes.total = notes.texts[:at], total
    parts: dict[str, np.ndarray] = {f"notes/{name}": part for name, part in notes.dump().items()}
    snapshots.save(log.frames[at - 1], parts)


def test_a_sound_log_is_told_with_its_size_and_its_digest(log: MemoryLog) -> None:
    models = House().models()
    replay(log=log, models=models, kinds=KINDS, snapshots=None)
    seen: list[tuple[int, int]] = []

    found = _audited(log, seen=seen)

    assert found == Audit(ok=True, frames=5, facts=5, digest=digest(models), findings=[])
    assert seen == [(place, 5) for place in range(1, 6)]


def test_an_empty_log_is_sound(snapshots: Snapshots) -> None:
    found = _audited(MemoryLog(), snapshots=snapshots)

    assert (found.ok, found.frames, found.findings) == (True, 0, [])


def test_a_changed_frame_is_named(log: MemoryLog) -> None:
    log.frames[2] = log.frames[2]._replace(written_at=99)

    found = _audited(log)

    assert not found.ok
    assert [finding.frame for finding in found.findings] == [3]
    assert (found.frames, found.digest) == (5, "")


def test_a_missing_frame_is_named(log: MemoryLog) -> None:
    del log.frames[2]

    assert _audited(log).findings[0].frame == 3


def test_a_frame_that_cannot_be_folded_is_named(log: MemoryLog) -> None:
    [finding] = _audited(log, kinds={}).findings

    assert finding.frame == 1
    assert "cannot be read or folded" in finding.what


def test_no_more_than_so_many_findings_are_told() -> None:
    log = MemoryLog()
    for frame in frames(FINDINGS_MAX + 50, epoch=log.take_over()):
        log.append(frame, LAYOUTS)
    log.frames[:] = [frame._replace(written_at=-1) for frame in log.frames]

    assert len(_audited(log).findings) == FINDINGS_MAX


def test_a_log_that_cannot_be_read_at_all_is_told_as_such(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.close()

    [finding] = _audited(log).findings

    assert finding.frame == 0
    assert "cannot be read" in finding.what


def test_an_invariant_that_does_not_hold_is_told(log: MemoryLog) -> None:
    found = _audited(log, wrong=["Money is missing."])

    assert not found.ok
    assert found.findings == [Finding(0, "Money is missing.")]
    assert found.digest


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_snapshot_that_agrees_with_the_replay_is_sound(log: MemoryLog, snapshots: Snapshots, at: int) -> None:
    _save(snapshots, log, at)

    assert _audited(log, snapshots=snapshots).ok


def test_a_snapshot_that_says_something_else_than_the_replay_is_found(log: MemoryLog, snapshots: Snapshots) -> None:
    _save(snapshots, log, 3, total=7)

    assert _audited(log, snapshots=snapshots).findings == [
        Finding(3, "The snapshot at this frame is not what a replay gives.")
    ]


def test_a_log_that_ends_before_its_snapshot_is_found(log: MemoryLog, snapshots: Snapshots) -> None:
    _save(snapshots, log, 5)
    del log.frames[3:]

    [finding] = _audited(log, snapshots=snapshots).findings

    assert finding.frame == 4
    assert "the log ends" in finding.what


def test_frames_that_come_while_the_audit_runs_are_left_to_the_next(log: MemoryLog) -> None:
    later = frames(2, after=log.frames[-1])

    class Growing:
        """A log that has grown since its head was asked for."""

        head, layouts = log.head, log.layouts

        def read(self, *, after: int = 0) -> Iterable[object]:
            return iter([*log.frames[after:], *later])

    found = _audited(Growing())  # type: ignore[arg-type]

    assert (found.ok, found.frames) == (True, 5)


def test_what_is_corrupt_says_where() -> None:
    assert Corrupt("torn", frame=7).frame == 7
