"""Tests that snapshots are made by a process beside us: at its time, one at a time, gently, and never in our way."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from caravan.adapters.snapshotter import RETRY_S, Snapshotter

LATE_S = 10**6
PROGRAM = "import os, pathlib; pathlib.Path(os.environ['MARK']).open('a').write(str(os.nice(0)) + ' ')"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[Snapshotter]]:
    """Lend a list of snapshotters, to be stopped at the end."""
    made: list[Snapshotter] = []
    yield made
    for snapshotter in made:
        snapshotter.stop()
    assert tmp_path.exists()


def _snapshotter(made: list[Snapshotter], tmp_path: Path, *, program: str = PROGRAM, kept: int = 0) -> Snapshotter:
    command = [sys.executable, "-c", program]
    made.append(Snapshotter(command, {"MARK": str(tmp_path / "mark")}, every_facts=100, kept=kept))
    return made[-1]


def _wait(snapshotter: Snapshotter, *, facts: int = 0, now_s: float = 0.0) -> None:
    """Look again and again, as the ticker does, until the process has ended."""
    while snapshotter.process is not None:
        snapshotter.look(facts, now_s=now_s)
        time.sleep(0.01)


def test_nothing_is_started_before_there_is_enough_to_remember(made: list[Snapshotter], tmp_path: Path) -> None:
    snapshotter = _snapshotter(made, tmp_path, kept=50)

    snapshotter.look(149, now_s=0)
    assert snapshotter.process is None

    snapshotter.look(150, now_s=0)
    assert snapshotter.process is not None


def test_it_runs_once_for_so_many_facts_and_at_the_lowest_priority(made: list[Snapshotter], tmp_path: Path) -> None:
    snapshotter = _snapshotter(made, tmp_path)

    snapshotter.look(100, now_s=0)
    _wait(snapshotter, facts=100)
    snapshotter.look(199, now_s=LATE_S)
    assert snapshotter.process is None
    snapshotter.look(200, now_s=LATE_S)
    _wait(snapshotter, facts=200)

    assert len((tmp_path / "mark").read_text().split()) == 2
    snapshotter = _snapshotter(made, tmp_path, program="import time; time.sleep(100)")
    snapshotter.look(100, now_s=0)
    assert snapshotter.process is not None
    assert os.getpriority(os.PRIO_PROCESS, snapshotter.process) == 19


def test_there_is_one_at_a_time(made: list[Snapshotter], tmp_path: Path) -> None:
    snapshotter = _snapshotter(made, tmp_path, program="import time; time.sleep(100)")
    snapshotter.look(100, now_s=0)
    first = snapshotter.process

    snapshotter.look(10_000, now_s=LATE_S)

    assert snapshotter.process == first


def test_one_that_took_long_rests_as_long(made: list[Snapshotter], tmp_path: Path) -> None:
    snapshotter = _snapshotter(made, tmp_path)
    snapshotter.look(100, now_s=0)
    _wait(snapshotter, facts=1_000, now_s=30)

    snapshotter.look(1_000, now_s=59)
    assert snapshotter.process is None

    snapshotter.look(1_000, now_s=60)
    assert snapshotter.process is not None


def test_one_that_fails_is_heard_of_and_tried_again_later(
    made: list[Snapshotter], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    snapshotter = _snapshotter(made, tmp_path, program="raise SystemExit('The disk is full.')")
    with caplog.at_level(logging.WARNING, logger="caravan"):
        snapshotter.look(100, now_s=0)
        _wait(snapshotter, facts=100, now_s=1)

    assert "exit code 1" in caplog.text
    assert "The disk is full." in caplog.text
    snapshotter.look(100, now_s=RETRY_S)
    assert snapshotter.process is None
    snapshotter.look(100, now_s=1 + RETRY_S)
    assert snapshotter.process is not None


def test_one_that_cannot_be_started_is_tried_again_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    snapshotter = Snapshotter([str(tmp_path / "absent")], {}, every_facts=1, kept=0)

    snapshotter.look(100, now_s=0)
    snapshotter.look(100, now_s=RETRY_S - 1)
    assert caplog.text.count("could not be started") == 1

    snapshotter.look(100, now_s=RETRY_S)
    assert caplog.text.count("could not be started") == 2
    assert snapshotter.process is None


def test_it_is_ended_when_we_stop_even_if_it_will_not_listen(made: list[Snapshotter], tmp_path: Path) -> None:
    deaf = "import os, signal, time, pathlib; signal.signal(15, signal.SIG_IGN); pathlib.Path(os.environ['MARK']).touch(); time.sleep(100)"
    snapshotter = _snapshotter(made, tmp_path, program=deaf)
    snapshotter.look(100, now_s=0)
    process = snapshotter.process
    assert process is not None
    while not (tmp_path / "mark").exists():
        time.sleep(0.01)

    snapshotter.stop()

    assert snapshotter.process is None
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
