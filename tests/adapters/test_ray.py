"""Checks learning on Ray, with a real one: the same version comes of it, what dies is tried again, nobody else comes in."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from typer.testing import CliRunner

from caravan import cli
from caravan.adapters import ray as adapter
from caravan.adapters.ray import OtherCode, RayWorkers, call
from caravan.adapters.skills import DraftFile, SkillFolder
from caravan.bootstrap import ranker
from caravan.insight import discovery
from caravan.insight.discovery.workers import InProcess, still
from caravan.kernel.errors import Invalid, Outage

# Work that workers import by name: it lies in a folder that they are told of.
WORK = """
import os, time

def add(shared, piece):
    return shared[piece].item() + 1

def die_once(folder, piece):
    try:
        open(f"{folder}/{piece}", "x").close()
    except FileExistsError:
        return piece * 10
    os.kill(os.getpid(), 9)

def fail(shared, piece):
    raise ZeroDivisionError("one of ours")

def wait(shared, piece):
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Callable[..., object]]]:
    folder = tmp_path_factory.mktemp("work")
    (folder / "work_for_ray.py").write_text(WORK, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", str(folder))
        module = importlib.import_module("work_for_ray")
        yield lambda name: getattr(module, name)
        sys.modules.pop("work_for_ray")


@pytest.fixture(scope="module")
def ray_or_nothing(go_without: Callable[[str], NoReturn]) -> None:
    if importlib.util.find_spec("ray") is None:
        go_without("Ray was not found; it comes with the extra `ray`")


@pytest.fixture(scope="module")
def on_ray(ray_or_nothing: None, work: object) -> Iterator[RayWorkers]:  # noqa: ARG001
    with RayWorkers(workers=2, memory_mb=128) as workers:
        yield workers


def history_by_lot() -> discovery.History:
    rng = np.random.default_rng(4)
    firsts = rng.integers(1, 6_000, 2_000)
    sessions = [[first, first + 60, *([first + 120] if first % 2 else [first + 60, first])] for first in firsts]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in sessions])])
    return discovery.History(offsets, np.concatenate(sessions).astype(np.int32), 6_200, discovery.no_traits())


@pytest.mark.skipif(importlib.util.find_spec("lightgbm") is None, reason="LightGBM comes with the extra `learn`")
def test_the_same_version_is_learned_in_process_and_on_ray(on_ray: RayWorkers) -> None:
    history, plan, steps = history_by_lot(), discovery.Plan(epochs=1, questions=1_500), set[str]()

    def learned(workers: discovery.Workers) -> discovery.Trained:
        trained, _ = discovery.train(
            history, ranker=ranker(threads=1), plan=plan, progress=lambda step, *_: steps.add(step), workers=workers
        )
        return trained

    here, there = learned(InProcess()), learned(on_ray)

    assert there.version == here.version
    assert {"Linking products", "Asking what came next", "Learning to rank"} <= steps


def test_what_comes_of_pieces_comes_in_their_order(
    on_ray: RayWorkers, work: Callable[[str], Callable[..., object]]
) -> None:
    shared = np.arange(100_000)

    assert list(on_ray.each(work("add"), shared, range(0, 100_000, 9_999))) == list(range(1, 100_001, 9_999))
    assert list(on_ray.each(work("add"), shared, [])) == []


def test_a_piece_over_which_a_worker_died_is_tried_again(
    on_ray: RayWorkers, work: Callable[[str], Callable[..., object]], tmp_path: Path
) -> None:
    assert list(on_ray.each(work("die_once"), str(tmp_path), [1, 2, 3])) == [10, 20, 30]


def test_nothing_listens_but_on_the_loopback_and_nobody_else_may_look(on_ray: RayWorkers) -> None:
    heard = listening(on_ray._process.pid)

    assert heard
    assert all(address.startswith("0100007F") or address.endswith("0100007F") for address in heard)
    assert Path(on_ray._folder.name).stat().st_mode & 0o077 == 0


def listening(session: int) -> list[str]:
    """Give the addresses, as the kernel writes them, on which the processes of a session listen."""
    sockets = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) == session:
                sockets |= {str(file.readlink()) for file in (process / "fd").iterdir()}
        except OSError:
            continue
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]
    ]
    return [line[1].partition(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets]


def test_other_code_is_refused_with_what_to_do(
    on_ray: RayWorkers, work: Callable[[str], Callable[..., object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "mark", lambda _: "other")

    with pytest.raises(Outage, match=r"not the same on all machines.*run the command again"):
        list(on_ray.each(work("add"), np.arange(3), [1]))
    on_ray._is_busy = False


def test_a_fault_of_ours_in_a_worker_is_no_outage(
    on_ray: RayWorkers, work: Callable[[str], Callable[..., object]]
) -> None:
    with pytest.raises(RuntimeError, match="one of ours"):
        list(on_ray.each(work("fail"), None, [1]))
    on_ray._is_busy = False


@pytest.mark.usefixtures("ray_or_nothing")
@pytest.mark.parametrize("victim", ["raylet", "driver"])
def test_a_cluster_that_is_gone_ends_the_command_with_what_to_do(
    victim: str, work: Callable[[str], Callable[..., object]]
) -> None:
    with RayWorkers(workers=1, memory_mb=128) as workers:
        begun, driver = workers.each(work("wait"), None, [1]), workers._process.pid
        time.sleep(1)
        os.kill(driver if victim == "driver" else child_of(driver, victim), signal.SIGKILL)

        with pytest.raises(Outage, match=r"gone.*run the command again"):
            list(begun)

    until = time.monotonic() + 10
    while listening(driver) and time.monotonic() < until:
        time.sleep(0.1)
    assert not listening(driver)


@pytest.mark.usefixtures("ray_or_nothing")
def test_a_command_that_is_killed_leaves_nothing_behind() -> None:
    program = (
        "import time\nfrom caravan.adapters.ray import RayWorkers\n"
        "with RayWorkers(workers=1, memory_mb=128) as workers:\n"
        "    print(workers._process.pid, workers._folder.name, flush=True)\n    time.sleep(200)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        session, folder = command.stdout.readline().split()
        command.kill()

    until = time.monotonic() + 60
    while (listening(int(session)) or Path(folder).exists()) and time.monotonic() < until:
        time.sleep(0.1)
    assert not listening(int(session))
    assert not Path(folder).exists()


def child_of(parent: int, named: str) -> int:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return next(int(child) for child in children if named in Path(f"/proc/{child}/comm").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("ray_or_nothing")
def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(Outage, match=r"no Ray cluster.*Look at the cluster at 127\.0\.0\.1:9"):
        RayWorkers(address="127.0.0.1:9")


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(Outage, match=r"caravan\[ray\]"):
        RayWorkers()


@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "10.0.0.1", "http://10.0.0.1:6379"])
def test_what_names_no_cluster_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        RayWorkers(address=address)


def test_a_worker_with_other_code_does_nothing() -> None:
    with pytest.raises(OtherCode):
        call(still, "0", 1, 2)  # type: ignore[arg-type]


def test_what_is_shared_cannot_be_written_into() -> None:
    (found,) = InProcess().each(lambda shared, _: shared, discovery.no_traits(), [0])

    assert not any(array.flags.writeable for array in found)


@pytest.mark.usefixtures("ray_or_nothing")
def test_the_command_asks_the_cluster_that_it_is_told(tmp_path: Path) -> None:
    options = ["--on", "ray", "--cluster", "127.0.0.1:9", "--home", str(tmp_path)]

    done = CliRunner().invoke(cli.app, ["discovery", "train", *options])

    assert isinstance(done.exception, Outage)
    assert "127.0.0.1:9" in str(done.exception)


class Gone:
    """Workers of a cluster that went while sequences were learned."""

    def each(self, *_: object) -> Iterator[NoReturn]:
        raise Outage("gone")
        yield


@pytest.mark.skipif(importlib.util.find_spec("lightgbm") is None, reason="LightGBM comes with the extra `learn`")
def test_learning_goes_on_from_the_sequences_when_a_cluster_went(tmp_path: Path) -> None:
    history, plan, folder = history_by_lot(), discovery.Plan(epochs=1, questions=1_500), SkillFolder(tmp_path)

    def version(workers: discovery.Workers, drafts: DraftFile | None, steps: set[str]) -> str:
        trained, _ = discovery.train(
            history, ranker=ranker(threads=1), plan=plan, progress=lambda step, *_: steps.add(step), drafts=drafts,
            workers=workers,
        )  # fmt: skip
        return trained.version

    with pytest.raises(Outage):
        version(Gone(), folder.drafts(plan, history), set())
    again = set[str]()
    resumed = version(InProcess(), folder.drafts(plan, history), again)

    assert "Learning sequences" not in again
    assert resumed == version(InProcess(), None, set())
