"""Tests that another process keeps a running Caravan's snapshots: the same state, no stop, nothing lost when it is killed."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from caravan import bootstrap
from caravan.bootstrap import Caravan, SnapshotRunning, open_caravan, snapshots_of, verify
from caravan.cell import Answers, Model
from caravan.config import Settings
from caravan.flows import opening, people
from caravan.flows.house import House
from caravan.kernel.errors import Invalid


def _models() -> list[Model]:
    return [*House().models(), Answers()]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give the settings of a home that no ticker writes snapshots of by itself."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def caravan(settings: Settings) -> Iterator[Caravan]:
    """Lend a running Caravan with a few buyers in it."""
    caravan = open_caravan(settings, ticks=False)
    caravan.cell.do(opening.open_market, opening.Opening("Home", "EUR"))
    _register(caravan, 3)
    yield caravan
    caravan.close()


def _register(caravan: Caravan, count: int) -> None:
    for _ in range(count):
        caravan.cell.do(people.register_buyers, [people.NewBuyer(b"", b"", "PT", b"")])


def _command(settings: Settings) -> list[str]:
    return [sys.executable, "-m", "caravan.cli", "snapshot", "--home", str(settings.home), "--json"]


def _snapshot(settings: Settings) -> dict[str, object]:
    return bootstrap.snapshot(settings, lambda _done, _total: None)


def _newest(settings: Settings, caravan: Caravan) -> tuple[int, str] | None:
    return snapshots_of(settings).newest(_models, bootstrap.open_log(caravan.settings, is_reader=True))


def test_a_snapshot_by_another_process_is_the_state_of_the_cell_which_goes_on(
    settings: Settings, caravan: Caravan
) -> None:
    position, digest = caravan.cell.position, caravan.cell.digest()

    done = subprocess.run(_command(settings), capture_output=True, check=True, timeout=120)
    _register(caravan, 1)

    told = msgspec.json.decode(done.stdout)
    assert told["position"] == position
    assert told["facts"] == caravan.cell.facts - 1
    assert told["bytes"] == next(settings.home.glob("snapshots/*.snapshot")).stat().st_size
    assert _newest(settings, caravan) == (position, digest)
    assert verify(settings, lambda _done, _total: None).ok


def test_whoever_buys_is_answered_while_a_snapshot_is_made(settings: Settings, caravan: Caravan) -> None:
    answered = 0
    with subprocess.Popen(_command(settings), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            _register(caravan, 1)
            answered += 1

    assert process.returncode == 0
    assert answered > 10
    assert caravan.cell.position >= 4 + answered


def test_a_running_caravan_has_its_snapshots_made_by_itself(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, snapshot_facts=20)
    caravan = open_caravan(settings, ticks=False)
    caravan.cell.do(opening.open_market, opening.Opening("Home", "EUR"))

    _register(caravan, 30)
    while not list(tmp_path.glob("snapshots/*.snapshot")):
        time.sleep(0.05)
    _register(caravan, 1)

    digest = caravan.cell.digest()
    caravan.close()
    again = open_caravan(settings, ticks=False)
    assert again.cell.digest() == digest
    again.close()


def test_a_stopped_home_is_written_down_too(settings: Settings, caravan: Caravan) -> None:
    digest = caravan.cell.digest()
    caravan.close()

    told = _snapshot(settings)

    again = open_caravan(settings, ticks=False)
    assert told["position"] == again.cell.position
    assert again.cell.digest() == digest
    again.close()


def test_an_empty_log_has_nothing_to_write_down(settings: Settings) -> None:
    open_caravan(settings, ticks=False).close()

    with pytest.raises(Invalid, match="empty"):
        _snapshot(settings)


def test_a_second_snapshot_at_once_is_refused(settings: Settings, caravan: Caravan) -> None:
    with (settings.home / "snapshot.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        with pytest.raises(SnapshotRunning):
            _snapshot(settings)

    assert _snapshot(settings)["position"] == caravan.cell.position


def _kill(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _behind(function: Callable[..., object]) -> Callable[..., object]:
    def die(*values: object, **named: object) -> None:
        function(*values, **named)
        _kill()

    return die


DEATHS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "while it folds": (House, "models", _kill),
    "before it writes": (sys.modules["caravan.cell.snapshot"], "_write", _kill),
    "half-way through writing": (sys.modules["caravan.cell.snapshot"].json, "dumps", _kill),
    "before it syncs": (os, "fsync", _kill),
    "behind its sync": (os, "fsync", _behind(os.fsync)),
    "before it moves the draft": (Path, "rename", _kill),
    "behind moving the draft": (Path, "rename", _behind(Path.rename)),
    "before it drops the oldest": (Path, "unlink", _kill),
}


@pytest.mark.parametrize("death", DEATHS)
def test_one_that_is_killed_leaves_a_snapshot_in_use_and_no_drafts_behind(
    settings: Settings, caravan: Caravan, death: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _snapshot(settings)["position"]
    digest = caravan.cell.digest()
    caravan.close()
    place, name, how = DEATHS[death]

    for _ in range(3):
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(place, name, how)
            _snapshot(settings)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    assert len(list(settings.home.glob("snapshots/*.draft"))) <= 1
    assert snapshots_of(settings).newest(_models, bootstrap.open_log(settings, is_reader=True)) == (first, digest)
    assert _snapshot(settings)["position"] == first
    assert not list(settings.home.glob("snapshots/*.draft"))
