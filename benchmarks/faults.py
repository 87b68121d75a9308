"""Faults: how often the power was cut and processes were killed, and what was lost, oversold or doubled by it: nothing.

The shops live in tests/simulation: the real cell over the real log, on a disk that loses, tears, reorders and misdirects
what was not synced, fills up, and fails a sync; and real processes that are killed with SIGKILL under load.
"""

import importlib
from typing import Any

import rich.progress
from rich.console import Console

from benchmarks.runs import machine
from caravan.kernel.errors import Invalid


def run(seeds: range, *, kills: int, say: Console) -> dict[str, Any]:
    """Cut and kill as often as was asked for; `broken` names the first promise that was broken, "" for none."""
    simulation, killing = _rig("faults"), _rig("kills")
    found: dict[str, Any] = {
        "benchmark": "faults", "machine": machine(), "door": "cell", "seeds": [seeds.start, seeds.stop],
        "simulated": simulation.Tally(), "killed": killing.Tally(), "broken": "",
    }  # fmt: skip
    with rich.progress.Progress(console=say, transient=True) as progress:
        cut, killed = progress.add_task("Power cuts", total=len(seeds)), progress.add_task("Kills", total=kills)

        def cuts_so_far(tally: Any) -> None:  # noqa: ANN401  # The rig's own tally.
            found["simulated"] = tally
            progress.update(cut, completed=tally.crashes)

        def kills_so_far(tally: Any) -> None:  # noqa: ANN401
            found["killed"] = tally
            progress.update(killed, completed=tally.kills)

        try:
            simulation.simulate(seeds, report=cuts_so_far)
            killing.kill(kills, seed=seeds.start + 1, report=kills_so_far)
        except AssertionError as broken:
            found["broken"] = str(broken)
    return found


def _rig(name: str) -> Any:  # noqa: ANN401  # A rig is whatever its file holds.
    try:
        return importlib.import_module(f"tests.simulation.{name}")
    except ImportError as error:
        raise Invalid(
            f"The simulated disk needs {error.name}, one of the tools for the tests: "
            "`pip install --require-hashes -r requirements-dev.lock` sets them up, and so does `make test`."
        ) from error
