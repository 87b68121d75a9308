"""Tests that a snapshot saves time and is never trusted: a torn, foreign or untimely one is passed over."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from caravan.adapters.memory import MemoryLog
from caravan.cell import Cell, Snapshots, digest, replay
from caravan.cell.idempotency import Answers
from caravan.kernel.clock import FixedClock
from caravan.kernel.errors import Outage
from tests.cell.notes import KINDS, House, break_down, count, key, note, render, texts

SHAPE = "test"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a folder for snapshots."""
    return tmp_path / "snapshots"


@pytest.fixture
def log() -> MemoryLog:
    """Lend an empty log."""
    return MemoryLog()


def _cell(log: MemoryLog, folder: Path, shape: str = SHAPE) -> Cell[House]:
    house = House()
    snapshots = Snapshots(folder, shape=shape)
    return Cell(house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock(), snapshots=snapshots)


def _written(log: MemoryLog, folder: Path, *, before: int = 3, behind: int = 2) -> str:
    """Take some notes, a snapshot, and some more; give the digest of all."""
    cell = _cell(log, folder)
    for place in range(before):
        cell.do(note, f"before {place}")
    cell.do_many(count, 7)
    cell.submit(note, "kept", key=key("k"), render=render).result(10)
    cell.snapshot()
    for place in range(behind):
        cell.do(note, f"behind {place}")
    final = cell.digest()
    cell.close()
    return final


def _replayed(log: MemoryLog) -> str:
    models = [*House().models(), Answers()]
    replay(log=log, models=models, kinds=KINDS, snapshots=None)
    return digest(models)


def _usable(log: MemoryLog, folder: Path, shape: str = SHAPE) -> int:
    """Give the position at which a start would begin to read the log."""
    frame = Snapshots(folder, shape=shape).load([*House().models(), Answers()], log)
    return frame.sequence if frame else 0


def test_a_snapshot_and_the_tail_give_what_a_replay_from_zero_gives(log: MemoryLog, folder: Path) -> None:
    final = _written(log, folder)

    cell = _cell(log, folder)

    assert _usable(log, folder) == 5
    assert cell.digest() == final == _replayed(log)
    assert cell.ask(texts)[-1] == "behind 1"
    cell.close()


def test_a_key_in_a_snapshot_is_known(log: MemoryLog, folder: Path) -> None:
    _written(log, folder)

    cell = _cell(log, folder)

    assert cell.submit(note, "kept", key=key("k"), render=render).result(10).is_replayed
    cell.close()


def test_a_snapshot_at_the_head_needs_no_tail(log: MemoryLog, folder: Path) -> None:
    final = _written(log, folder, behind=0)

    cell = _cell(log, folder)
    answer = cell.do(note, "next")

    assert cell.position == 6
    assert answer == 5
    assert cell.digest() != final
    cell.close()


def test_an_empty_cell_has_nothing_to_write_down(log: MemoryLog, folder: Path) -> None:
    cell = _cell(log, folder)

    assert cell.snapshot() == 0
    assert list(folder.iterdir()) == []
    cell.close()


def test_only_the_newest_two_are_kept(log: MemoryLog, folder: Path) -> None:
    cell = _cell(log, folder)
    for text in "abcd":
        cell.do(note, text)
        cell.snapshot()

    assert [int(path.stem) for path in sorted(folder.iterdir())] == [3, 4]
    assert Snapshots(folder, shape=SHAPE).reach() == 4
    cell.close()


def test_a_snapshot_that_is_being_read_is_not_cut_short_when_it_is_dropped(
    log: MemoryLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caravan.cell.snapshot._STEP_BYTES", 64)
    cell = _cell(log, folder)
    cell.do(note, "a")
    cell.snapshot()
    found = Snapshots(folder, shape=SHAPE).find(log)
    assert found is not None
    parts = {name: part.copy() for name, part in found[1].items()}

    for text in "bcd":
        cell.do(note, text)
        cell.snapshot()

    assert not (folder / f"{1:016d}.snapshot").exists()
    assert all((found[1][name] == part).all() for name, part in parts.items())
    cell.close()


def test_a_snapshot_that_nobody_reads_is_given_back_step_by_step(
    log: MemoryLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caravan.cell.snapshot._STEP_BYTES", 64)
    cell = _cell(log, folder)
    cell.do(note, "a")
    cell.snapshot()
    with (folder / f"{1:016d}.snapshot").open("rb") as file:
        before = os.fstat(file.fileno()).st_size
        for text in "bc":
            cell.do(note, text)
            cell.snapshot()

        assert os.fstat(file.fileno()).st_size <= 64 < before
    cell.close()


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 40, -1, -16, -17])
def test_a_torn_snapshot_is_passed_over(log: MemoryLog, folder: Path, length: int) -> None:
    final = _written(log, folder)
    _change(folder, lambda whole: whole[:length])

    cell = _cell(log, folder)

    assert _usable(log, folder) == 0
    assert cell.digest() == final
    cell.close()


def test_any_flipped_byte_makes_a_snapshot_be_passed_over(log: MemoryLog, folder: Path) -> None:
    _written(log, folder)
    [path] = folder.iterdir()
    whole = path.read_bytes()

    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert _usable(log, folder) == 0


def test_a_snapshot_of_another_shape_is_passed_over(log: MemoryLog, folder: Path) -> None:
    final = _written(log, folder)

    cell = _cell(log, folder, shape="other")

    assert _usable(log, folder, shape="other") == 0
    assert cell.digest() == final
    cell.close()


def test_a_snapshot_ahead_of_the_log_is_passed_over(log: MemoryLog, folder: Path) -> None:
    _written(log, folder)
    del log.frames[4:]

    cell = _cell(log, folder)

    assert _usable(log, folder) == 0
    assert cell.digest() == _replayed(log)
    assert cell.position == 4
    cell.close()


def test_a_snapshot_of_another_log_is_passed_over(log: MemoryLog, folder: Path, tmp_path: Path) -> None:
    _written(log, folder)
    other = MemoryLog()
    _written(other, tmp_path / "elsewhere", before=2, behind=4)

    cell = _cell(other, folder)

    assert _usable(other, folder) == 0
    assert cell.digest() == _replayed(other)
    cell.close()


def test_an_older_snapshot_is_used_where_the_newest_is_not_usable(log: MemoryLog, folder: Path) -> None:
    cell = _cell(log, folder)
    for text in "ab":
        cell.do(note, text)
        cell.snapshot()
    cell.close()
    max(folder.iterdir()).write_bytes(b"torn")

    assert _usable(log, folder) == 1
    assert Snapshots(folder, shape=SHAPE).reach() == 2


def test_a_draft_that_was_left_behind_is_no_snapshot(log: MemoryLog, folder: Path) -> None:
    _written(log, folder)
    [path] = folder.iterdir()
    path.rename(path.with_suffix(".draft"))

    assert _usable(log, folder) == 0
    assert Snapshots(folder, shape=SHAPE).reach() == 0


def test_the_newest_usable_snapshot_names_the_state_that_it_holds(log: MemoryLog, folder: Path) -> None:
    final = _written(log, folder, behind=0)
    snapshots = Snapshots(folder, shape=SHAPE)

    assert snapshots.newest(lambda: [*House().models(), Answers()], log) == (5, final)
    assert snapshots.newest(lambda: [*House().models(), Answers()], MemoryLog()) is None


def _change(folder: Path, change: Callable[[bytes], bytes]) -> None:
    [path] = folder.iterdir()
    path.write_bytes(change(path.read_bytes()))


def test_a_cell_that_stopped_half_way_writes_no_snapshot(log: MemoryLog, folder: Path) -> None:
    house = House()
    cell = Cell(
        house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock(),
        snapshots=Snapshots(folder, shape=SHAPE), on_failure=lambda _: None,
    )  # fmt: skip
    cell.do(note, "sound")
    with pytest.raises(Outage):
        cell.do(break_down, "half")

    with pytest.raises(Outage):
        cell.snapshot()

    assert not list(folder.iterdir())
    cell.close()


def test_no_snapshot_stands_for_a_frame_that_was_lost(log: MemoryLog, folder: Path) -> None:
    house = House()
    cell = Cell(
        house=house, models=house.models(), log=log, kinds=KINDS, clock=FixedClock(),
        snapshots=Snapshots(folder, shape=SHAPE), on_failure=lambda _: None,
    )  # fmt: skip
    log.fails_from = 1
    with pytest.raises(Outage):
        cell.do(note, "lost")

    with pytest.raises(Outage):
        cell.snapshot()

    assert not list(folder.iterdir())
    cell.close()


def test_a_draft_of_whoever_was_killed_is_removed_by_the_next(log: MemoryLog, folder: Path) -> None:
    folder.mkdir()
    (folder / "0000000000000001.abcd.draft").write_bytes(b"half")

    _written(log, folder)

    assert [path.suffix for path in folder.iterdir()] == [".snapshot"]


def test_a_folder_that_cannot_be_written_is_an_outage(log: MemoryLog, folder: Path) -> None:
    cell = _cell(log, folder)
    cell.do(note, "a")
    folder.rename(folder.with_name("elsewhere"))

    with pytest.raises(Outage, match="No snapshot could be written"):
        cell.snapshot()

    cell.close()


def test_where_the_newest_snapshot_stands_is_read_from_its_heading(log: MemoryLog, folder: Path) -> None:
    snapshots = Snapshots(folder, shape=SHAPE)
    assert snapshots.stand(log) is None

    _written(log, folder)

    assert snapshots.stand(log) == log.frames[4]
    assert Snapshots(folder, shape="other").stand(log) is None
    assert snapshots.stand(MemoryLog()) is None


@pytest.mark.parametrize("text", [b"", b"torn", b"caravan-snapshot-2\n{", b"caravan-snapshot-2\n{\n"])
def test_a_torn_heading_stands_nowhere(log: MemoryLog, folder: Path, text: bytes) -> None:
    _written(log, folder)
    _change(folder, lambda _: text)

    assert Snapshots(folder, shape=SHAPE).stand(log) is None
    assert _usable(log, folder) == 0
