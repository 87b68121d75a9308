"""Restart: how fast a log is folded again, how soon a stopped cell is ready, and how long its writer waits for a snapshot.

The log is of the checkout benchmark's orders: frames of up to 8,192 orders of 1 to 5 lines, placed through the cell. The
same code folds it as at every start, and writes the snapshot as beside every running Caravan: in a process of its own.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import shop
from benchmarks.doors import baskets
from benchmarks.runs import Figure, alternate, figure, machine
from benchmarks.workload import Load, draw
from caravan.bootstrap import KINDS, Caravan, open_caravan, open_log, snapshots_of
from caravan.cell import Answers, fold
from caravan.config import Settings
from caravan.flows import checkout
from caravan.flows.house import House

_BATCHES_WAITING = 2  # So that the writer always has one to decide while another is being synced.
# The writer is watched at a pace that it keeps easily, so that a gap is a wait and not a queue.
_WATCHED_S = 5.0
_WATCHED_BATCH = 256
_WATCHED_EVERY_S = 0.01
_OPEN = """
import json, resource, sys, time
from pathlib import Path
from caravan.bootstrap import open_caravan
from caravan.config import Settings
began, used = time.perf_counter(), time.process_time()
caravan = open_caravan(Settings(home=Path(sys.argv[1]), snapshot_facts=2**62), ticks=False, folds=False)
seconds, cpu = time.perf_counter() - began, time.process_time() - used
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([seconds, cpu, peak, caravan.cell.position, caravan.cell.digest()]), flush=True)
caravan.close()
"""


@dataclass(frozen=True)
class Restart:
    """What to measure: orders in the tail of the log, SKUs (and as many wallets), runs of each, and the seed."""

    orders: int = 2_000_000
    skus: int = 100_000
    runs: int = 5
    seed: int = 1


def run(wanted: Restart, say: Callable[[str], None]) -> dict[str, object]:
    """Write a log, then measure folding, starting and the writer's longest pause; give what was seen."""
    load = Load(skus=wanted.skus, runs=wanted.runs, seed=wanted.seed)
    dice = np.random.default_rng(wanted.seed)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        say(f"Writing a log with {wanted.skus:,} SKUs and {wanted.orders:,} orders …")
        shop.fill(settings.home, load, say)
        caravan = shop.open_home(settings.home)
        _place(caravan, load, dice, wanted.orders)
        position, digest = caravan.cell.position, caravan.cell.digest()
        caravan.close()
        figures: list[Figure] = []
        say("Folding the tail, and starting with it …")
        figures += _folding(settings, wanted)
        figures += _starting(settings, wanted, name="with the tail", expects=(position, digest))
        say("Watching the writer beside a snapshot …")
        figures += _watching(settings, load, dice, wanted)
    return {
        "benchmark": "restart", "door": "cell", "machine": machine(), "generator": "inside", "figures": figures,
        "load": {"orders": wanted.orders, "skus": wanted.skus, "lines": "1 to 5", "batch": load.batch, "seed": wanted.seed},
    }  # fmt: skip


def _place(caravan: Caravan, load: Load, dice: np.random.Generator, orders: int) -> None:
    """Place so many orders, a few batches ahead of the writer."""
    now, waiting = caravan.clock.now(), []
    for first in range(0, orders, load.batch):
        batch = baskets(draw(load, dice, count=min(load.batch, orders - first)), now)
        waiting.append(caravan.cell.submit(checkout.place_baskets, batch, is_many=True))
        if len(waiting) > _BATCHES_WAITING:
            assert not waiting.pop(0).result().verdicts.any(), "Nobody runs out of anything."
    for future in waiting:
        assert not future.result().verdicts.any(), "Nobody runs out of anything."


def _folding(settings: Settings, wanted: Restart) -> list[Figure]:
    """Fold the tail into models that stand at the snapshot: read, proven, decoded and applied."""
    rates, per_cpu = [], []
    for _ in range(wanted.runs):
        log, models = open_log(settings, is_reader=True), [*House().models(), Answers()]
        head = snapshots_of(settings).load(models, log)
        gc.collect()
        began, used = time.perf_counter(), _cpu_s()
        fold(log=log, models=models, kinds=KINDS, after=head)
        rates.append(wanted.orders / (time.perf_counter() - began))
        per_cpu.append(wanted.orders / (_cpu_s() - used))
        log.close()
    return [
        figure("replay", door="cell", unit="orders/s", values=rates),
        figure("replay per CPU second", door="cell", unit="orders/CPU s", values=per_cpu),
    ]


def _starting(settings: Settings, wanted: Restart, *, name: str, expects: tuple[int, str]) -> list[Figure]:
    """Start the cell in a new process, from the call to the moment at which it decides and answers."""
    seen = []
    for _ in range(wanted.runs):
        command = [sys.executable, "-c", _OPEN, str(settings.home)]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            found = json.loads(process.stdout.readline())
            seen.append([*found[:3], time.perf_counter() - began])
            process.communicate()
        assert tuple(found[3:]) == expects, "A start gives the state that was stopped."
    ready, cpu, peak, whole = zip(*seen, strict=True)
    return [
        figure(f"ready {name}", door="cell", unit="s", values=ready),
        figure(f"ready {name}, CPU", door="cell", unit="CPU s", values=cpu),
        figure(f"ready {name}, from exec to digest", door="process", unit="s", values=whole),
        figure(f"ready {name}, peak memory", door="process", unit="MB", values=[size / 1e6 for size in peak]),
    ]


def _watching(settings: Settings, load: Load, dice: np.random.Generator, wanted: Restart) -> list[Figure]:
    """Place batches without a pause and watch the gaps between their answers: alone, and beside a snapshot being made."""
    caravan = open_caravan(replace(settings, snapshot_facts=2**62), ticks=False, folds=False)
    caravan.ticker.stop()
    beside: list[tuple[float, float, int]] = []
    small = replace(load, batch=_WATCHED_BATCH)

    def watch(goes_on: Callable[[], bool]) -> float:
        """Give the longest gap between two answers, in milliseconds; a batch is due every few."""
        now, longest = caravan.clock.now(), 0.0
        due = last = time.perf_counter()
        while goes_on():
            batch = baskets(draw(small, dice), now)
            time.sleep(max(0.0, due - time.perf_counter()))
            due = max(due, time.perf_counter() - _WATCHED_EVERY_S) + _WATCHED_EVERY_S
            placed = caravan.cell.submit(checkout.place_baskets, batch, is_many=True).result()
            assert not placed.verdicts.any(), "Nobody runs out of anything."
            heard = time.perf_counter()
            longest, last = max(longest, heard - last), heard
        return longest * 1_000

    def alone(_: int) -> float:
        end = time.perf_counter() + (beside[-1][0] if beside else _WATCHED_S)  # As long as the snapshot takes.
        return watch(lambda: time.perf_counter() < end)

    def beside_a_snapshot(_: int) -> float:
        command = [sys.executable, "-m", "caravan.cli", "snapshot", "--home", str(settings.home), "--json"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
            gap = watch(lambda: process.poll() is None)
            assert process.stdout is not None
            told = json.loads(process.stdout.read())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        beside.append((told["seconds"], used, told["bytes"]))
        return gap

    def in_this_process(_: int) -> float:
        """As Caravan did before: the models copied while the writer stands still."""
        began = time.perf_counter()
        with caravan.cell._state:  # noqa: SLF001  # What is measured is how long this is held.
            for model in caravan.cell.models:
                for array in model.dump().values():
                    array.copy()
        return (time.perf_counter() - began) * 1_000

    alone(0)
    contestants: dict[str, Callable[[int], float]] = {
        "beside a snapshot": beside_a_snapshot,
        "alone": alone,
        "copied in this process": in_this_process,
    }
    seen = alternate(contestants, runs=wanted.runs)
    caravan.close()
    seconds, used, sizes = zip(*beside, strict=True)
    return [
        *(figure(f"longest gap, {name}", door="cell", unit="ms", values=gaps) for name, gaps in seen.items()),
        figure("snapshot beside the load", door="cli", unit="s", values=seconds),
        figure("snapshot beside the load, CPU", door="cli", unit="CPU s", values=used),
        figure("size of a snapshot", door="cli", unit="MB", values=[size / 1e6 for size in sizes]),
    ]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
