"""Tests that views are kept by a process beside us: told when there is more, started again when it ends, over when we are."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from caravan.adapters.follower import Follower
from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import opening, selling
from caravan.world import partners

WAIT_S = 60.0
ECHO = "import sys\nfor number, _ in enumerate(sys.stdin.buffer): print(number + 1, flush=True)"
ONCE = "import sys\nsys.stdin.buffer.readline(); print({}, flush=True)"


@pytest.fixture
def followers() -> Iterator[Callable[[str], Follower]]:
    """Start followers of a program; they are stopped at the end."""
    started: list[Follower] = []

    def start(program: str) -> Follower:
        follower = Follower([sys.executable, "-c", program], {}, position=0)
        started.append(follower)
        follower.start()
        return follower

    yield start
    for follower in started:
        follower.stop()
        assert follower.process is None


@pytest.fixture
def caravan(tmp_path: Path) -> Iterator[Caravan]:
    """Open a home whose views another process keeps."""
    caravan = open_caravan(Settings(home=tmp_path), ticks=False, beside=True)
    caravan.cell.do(opening.open_market, opening.Opening("Market", "EUR"))
    yield caravan
    caravan.close()


def _reaches(follower: Follower, position: int) -> bool:
    """Ask again and again, as pages do: the first call may come before the program runs."""
    until = time.monotonic() + WAIT_S
    while not follower.wait_for(position, timeout_s=0.05) and time.monotonic() < until:
        pass
    return follower.position >= position


def test_it_is_told_and_tells_where_the_views_are(followers: Callable[[str], Follower]) -> None:
    follower = followers(ECHO)

    assert _reaches(follower, 1)
    assert _reaches(follower, 2)
    assert not follower.wait_for(10**6, timeout_s=0.01)


def test_a_program_that_ends_is_started_again(followers: Callable[[str], Follower]) -> None:
    follower = followers(ONCE.format(7))
    assert _reaches(follower, 7)
    first = follower.process

    follower.position = 0

    assert _reaches(follower, 7)
    assert follower.process != first or first is None


def test_a_program_that_is_not_there_is_no_reason_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    follower = Follower(["/does/not/exist"], {}, position=3)

    follower.start()
    assert not follower.wait_for(4, timeout_s=0.2)
    follower.stop()

    assert follower.position == 3
    assert "could not be started" in caplog.text


def test_the_views_of_a_running_caravan_are_kept_by_another_process(caravan: Caravan) -> None:
    caravan.cell.do(selling.apply_to_sell, [partners.Application(name="Ana", country="PT")])

    assert caravan.projector.wait_for(caravan.cell.position, timeout_s=WAIT_S)

    assert isinstance(caravan.projector, Follower)
    assert caravan.projector.process not in {None, os.getpid()}
    assert caravan.views.read("SELECT position FROM cursor") == [(caravan.cell.position,)]


def test_when_the_process_is_killed_the_views_go_on_where_they_were(caravan: Caravan) -> None:
    assert isinstance(caravan.projector, Follower)
    assert caravan.projector.wait_for(caravan.cell.position, timeout_s=WAIT_S)
    assert caravan.projector.process is not None

    os.kill(caravan.projector.process, signal.SIGKILL)
    caravan.cell.do(selling.apply_to_sell, [partners.Application(name="Ana", country="PT")])

    assert _reaches(caravan.projector, caravan.cell.position)


def test_a_home_opens_with_its_views_where_the_process_left_them(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = open_caravan(settings, ticks=False, beside=True)
    first.cell.do(opening.open_market, opening.Opening("Market", "EUR"))
    assert first.projector.wait_for(first.cell.position, timeout_s=WAIT_S)
    first.close()

    second = open_caravan(replace(settings), ticks=False, folds=False)

    assert second.projector.position == second.cell.position
    second.close()
