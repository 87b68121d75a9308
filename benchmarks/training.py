"""What training takes, by part, in process and on Ray: a history by lot is learned both ways in turn, and must come to one version."""

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import runs
from caravan import bootstrap
from caravan.config import Settings
from caravan.insight import discovery

_TOGETHER = 40  # Products that are looked at together …
_FALLING = 0.6  # … in groups that are wanted by Zipf's law, with this exponent.
_LONGEST = 8  # Looks of a session, from 2.

Progress = Callable[[str, int, int], None]


class Load(NamedTuple):
    """How large a history, how much of it is learned, and on how many workers; without any, in process only."""

    products: int = 200_000
    sessions: int = 300_000
    epochs: int = 1
    workers: int = 2
    memory_mb: int = 2_048
    runs: int = 1
    seed: int = 1


def run(load: Load, progress: Progress) -> dict[str, Any]:
    """Learn by turns; give seconds by part, as the command waits for them, and its own processor time."""
    history = history_by_lot(load)
    places = {"in process": "here"} | ({"on ray": "ray"} if load.workers else {})
    settings = Settings(ray_address="")
    learned = [
        {"place": name, **_learn(history, load, bootstrap.workers_on(settings, where, workers=load.workers, memory_mb=load.memory_mb), progress)}
        for _ in range(load.runs)
        for name, where in places.items()
    ]  # fmt: skip
    assert len({one["version"] for one in learned}) == 1, learned
    return {"machine": runs.machine(), "products": load.products, "sessions": load.sessions, "looks": len(history.items),
            "epochs": load.epochs, "workers": load.workers, "learned": learned}  # fmt: skip


def history_by_lot(load: Load) -> discovery.History:
    """Draw sessions that stay among products that belong together."""
    rng = np.random.default_rng(load.seed)
    lengths = rng.integers(2, _LONGEST + 1, load.sessions)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    groups = load.products // _TOGETHER
    wanted = 1.0 / np.arange(1, groups + 1) ** _FALLING
    group = np.repeat(rng.choice(groups, load.sessions, p=wanted / wanted.sum()), lengths)
    items = (1 + group * _TOGETHER + rng.integers(0, _TOGETHER, offsets[-1])).astype(np.int32)
    return discovery.History(offsets, items, load.products + 1, discovery.no_traits())


def _learn(
    history: discovery.History, load: Load, place: contextlib.AbstractContextManager[discovery.Workers], progress: Progress
) -> dict[str, Any]:  # fmt: skip
    parts: dict[str, float] = {}
    plan = discovery.Plan(seed=load.seed, epochs=load.epochs, later_epochs=load.epochs)
    begun = time.perf_counter()
    with place as workers:
        started = latest = time.perf_counter()
        used = time.process_time()

        def note(step: str, done: int, total: int) -> None:
            nonlocal latest
            now = time.perf_counter()
            parts[step] = parts.get(step, 0.0) + now - latest
            latest = now
            progress(step, done, total)

        trained, _ = discovery.train(
            history, ranker=bootstrap.ranker(threads=1), plan=plan, progress=note, workers=workers
        )
        took, used = time.perf_counter() - started, time.process_time() - used
    return {"version": trained.version, "seconds": round(took, 1), "own_cpu_s": round(used, 1), "start_s": round(started - begun, 1),
            "parts_s": {step: round(seconds, 1) for step, seconds in parts.items()}, "load": round(os.getloadavg()[0], 1)}  # fmt: skip
