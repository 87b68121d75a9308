"""Tests that a replay gives one state however it is shared out, reads no further than it must, and hides no failure."""

import gc
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caravan.adapters.memory import MemoryLog
from caravan.cell import Answers, Cell, Corrupt, Frame, Model, Section, Snapshots, digest, fold, parts_of, replay
from caravan.kernel.clock import FixedClock
from tests.cell.notes import KINDS, House, count, note

SHAPE = "test"
PROGRAM = sys.modules["caravan.cell.replay"]  # The package has a function of that name.


@pytest.fixture(params=["here", "side by side"])
def _shared_out(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a little log be folded as a large one would be."""
    if request.param == "side by side":
        monkeypatch.setattr(PROGRAM, "FACTS_ALONE_MAX", -(10**9))


@pytest.fixture
def log() -> MemoryLog:
    """Lend a log of 200 frames."""
    log = MemoryLog()
    house = House()
    cell = Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock())
    for place in range(100):
        cell.do(note, f"note {place}")
        cell.do_many(count, place)
    cell.close()
    return log


def _models() -> list[Model]:
    return [*House().models(), Answers()]


class Growing(MemoryLog):
    """A log whose writer is always ahead of whoever reads it."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__()
        self.log = log
        self.frames = log.frames[:50]
        self.layouts = log.layouts  # type: ignore[method-assign]

    def read(self, *, after: int = 0) -> Iterator[Frame]:
        """Give all frames, also those that came behind the head."""
        return self.log.read(after=after)


class Brittle:
    """A model that breaks over the third run of facts."""

    name = "brittle"
    kinds = frozenset(KINDS.values())

    def __init__(self) -> None:
        self.version = 0
        self._seen = itertools.count(1)

    def apply(self, part: Section) -> None:
        """Fold, or break."""
        assert next(self._seen) != 3, part

    def dump(self) -> dict[str, object]:
        """Give nothing."""
        return {}

    def load(self, parts: object) -> None:
        """Take nothing."""


@pytest.mark.usefixtures("_shared_out")
def test_a_replay_gives_the_state_that_was_decided(log: MemoryLog) -> None:
    models = _models()

    head = replay(log=log, models=models, kinds=KINDS, snapshots=None)

    house = House()
    cell = Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock())
    assert head == log.frames[-1]
    assert digest(models) == cell.digest()
    assert cell.ask(lambda house: house.notes.texts) == [f"note {place}" for place in range(100)]
    cell.close()


@pytest.mark.usefixtures("_shared_out")
@pytest.mark.parametrize("stands_at", [1, 63, 64, 65, 199, 200])
def test_a_snapshot_and_its_tail_give_what_the_whole_log_gives(log: MemoryLog, tmp_path: Path, stands_at: int) -> None:
    whole, early, models = _models(), _models(), _models()
    replay(log=log, models=whole, kinds=KINDS, snapshots=None)
    start = MemoryLog()
    start.frames, start.layouts = log.frames[:stands_at], log.layouts  # type: ignore[method-assign]
    head = fold(log=start, models=early, kinds=KINDS, after=None)
    assert head is not None
    Snapshots(tmp_path, shape=SHAPE).save(head, parts_of(early))

    replay(log=log, models=models, kinds=KINDS, snapshots=Snapshots(tmp_path, shape=SHAPE))

    assert head.sequence == stands_at
    assert digest(models) == digest(whole)


@pytest.mark.usefixtures("_shared_out")
def test_a_replay_ends_at_the_head_that_there_was_when_it_began(log: MemoryLog) -> None:
    seen: list[tuple[int, int]] = []

    head = replay(
        log=Growing(log), models=_models(), kinds=KINDS, snapshots=None, progress=lambda *now: seen.append(now)
    )

    assert head == log.frames[49]
    assert seen[-1] == (50, 50)


@pytest.mark.usefixtures("_shared_out")
def test_a_damaged_frame_ends_a_replay(log: MemoryLog) -> None:
    log.frames[150] = log.frames[150]._replace(written_at=1)

    with pytest.raises(Corrupt, match="Frame 151"):
        replay(log=log, models=_models(), kinds=KINDS, snapshots=None)


@pytest.mark.usefixtures("_shared_out")
def test_a_model_that_breaks_ends_a_replay(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PROGRAM, "_FRAMES_TOGETHER", 1)

    with pytest.raises(AssertionError):
        replay(log=log, models=[*_models(), Brittle()], kinds=KINDS, snapshots=None)  # type: ignore[list-item]


@pytest.mark.usefixtures("_shared_out")
def test_a_replay_leaves_the_collector_of_garbage_as_it_was(log: MemoryLog) -> None:
    replay(log=log, models=_models(), kinds=KINDS, snapshots=None)
    assert gc.isenabled()

    gc.disable()
    try:
        replay(log=log, models=_models(), kinds=KINDS, snapshots=None)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.usefixtures("_shared_out")
def test_an_empty_log_gives_no_head() -> None:
    assert replay(log=MemoryLog(), models=_models(), kinds=KINDS, snapshots=None) is None
