"""Rounds of vehicles: how far our own planner is from the best known on Solomon's and Gehring and Homberger's instances.

Each instance is read by the door's reader, planned by `plan_routes` with the router that live use has, and checked by
the planner's own checker. The peer is Clarke and Wright's savings, with windows, in plain Python.
"""

import io
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace as replace_vehicle
from pyarrow import parquet as pq

from benchmarks.runs import machine
from caravan import bootstrap
from caravan.kernel.errors import Invalid
from caravan.trade import network
from caravan.web.planning.solomon import read_solomon

_BEST_KNOWN = "bks.parquet"
_INSTANCES_MAX = 1_000
_BYTES_MAX = 50_000_000


class Outcome(msgspec.Struct, frozen=True):
    """One instance: what was found, what is known, the gap between in percent, and what it took."""

    instance: str
    best_known: float
    distance: float
    gap_percent: float
    routes: int
    wall_s: float
    cpu_s: float
    peer_distance: float
    peer_gap_percent: float
    peer_routes_beyond_fleet: int
    peer_cpu_s: float


def run(
    folder: Path,
    *,
    seconds: float,
    only: str,
    seed: int,
    processes: int,
    on_cpu_time: bool,
    report: Callable[[str], None],
) -> dict[str, object]:
    """Plan every instance of a folder for which a best known value is there, so many at a time."""
    known = {row["instance"]: row["bks_cost"] for row in pq.read_table(folder / _BEST_KNOWN).to_pylist()}
    with tempfile.TemporaryDirectory() as scratch:
        files = sorted(_instances(folder, Path(scratch)), key=lambda file: file.stem)
        wanted = [file for file in files if file.stem in known and file.stem.startswith(tuple(only.split(",")))]
        if not wanted:
            raise Invalid(f"{folder} has no instance {only!r} with a best known value.", field="only")
        jobs = [(file, known[file.stem], seconds, seed, on_cpu_time) for file in wanted[:_INSTANCES_MAX]]
        found = []
        with ProcessPoolExecutor(processes) as pool:
            for outcome in pool.map(_plan, jobs):
                found.append(outcome)
                report(f"{len(found)}/{len(jobs)}  {outcome.instance:<10} {outcome.gap_percent:+.2f} %")
    return _summed(found, seconds=seconds, seed=seed, processes=processes, on_cpu_time=on_cpu_time, folder=folder)


def _summed(
    found: list[Outcome], *, seconds: float, seed: int, processes: int, on_cpu_time: bool, folder: Path
) -> dict[str, object]:
    gaps = [outcome.gap_percent for outcome in found]
    families: dict[str, list[float]] = {}
    for outcome in found:
        families.setdefault(_family(outcome.instance), []).append(outcome.gap_percent)
    return {
        "door": "plan_routes with the PyVRP router of bootstrap, each result checked by route_findings",
        "data": str(folder), "instances": len(found), "seconds": seconds, "seed": seed, "at_a_time": processes,
        "time_is": "cpu" if on_cpu_time else "wall",
        "gap_percent_mean": round(statistics.mean(gaps), 3), "gap_percent_median": round(statistics.median(gaps), 3),
        "gap_percent_most": max(gaps), "gap_percent_least": min(gaps),
        "gap_percent_by_family": {name: round(statistics.mean(of), 3) for name, of in sorted(families.items())},
        "at_best_known": sum(gap <= 0 for gap in gaps),
        "cpu_s_most": max(outcome.cpu_s for outcome in found), "wall_s_most": max(outcome.wall_s for outcome in found),
        "peer": {
            "name": "savings (Clarke and Wright) with windows, plain Python",
            "gap_percent_mean": round(statistics.mean(outcome.peer_gap_percent for outcome in found), 2),
            "cpu_s_most": max(outcome.peer_cpu_s for outcome in found),
        },
        "outcomes": found, "machine": machine(),
    }  # fmt: skip


def _family(instance: str) -> str:
    if "_" in instance:
        return "_".join(instance.split("_")[:2])
    return instance[:-2]


def _instances(folder: Path, scratch: Path) -> Iterator[Path]:
    """Give the files of the instances: those that lie in the folder, and those in its archive."""
    yield from folder.glob("*.txt")
    for packed in sorted(folder.glob("*.tar.gz")):
        with tarfile.open(packed) as archive:
            for member in archive:
                name = Path(member.name)
                if not member.isfile() or name.suffix != ".txt" or member.size > _BYTES_MAX:
                    continue
                inside = archive.extractfile(member)
                assert isinstance(inside, io.BufferedReader), member
                target = scratch / name.name
                target.write_bytes(inside.read())
                yield target


def _plan(job: tuple[Path, float, float, int, bool]) -> Outcome:
    file, best, seconds, seed, on_cpu_time = job
    day = read_solomon(file)
    wall, cpu = time.perf_counter(), time.process_time()
    search = network.Search(
        seconds=seconds,
        seed=seed,
        clock=time.process_time if on_cpu_time else time.perf_counter,
        report=lambda *_: None,
    )
    plan = network.plan_routes(day, bootstrap.router(), search, may_skip=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    _sound(day, plan)
    peer_began = time.process_time()
    rounds = savings(day)
    # The savings know no limit of vehicles: they are lent as many as they like.
    lent = replace(day, vehicles=tuple(replace_vehicle(day.vehicles[0], vehicle=f"w{n}") for n in range(len(rounds))))
    peer = network.schedule(lent, rounds)
    peer_cpu = time.process_time() - peer_began
    _sound(lent, peer)
    return Outcome(
        instance=file.stem, best_known=best, distance=plan.meters / 10, routes=len(plan.routes),
        gap_percent=round(100 * (plan.meters / 10 / best - 1), 3), wall_s=round(wall, 2), cpu_s=round(cpu, 2),
        peer_distance=peer.meters / 10, peer_gap_percent=round(100 * (peer.meters / 10 / best - 1), 2),
        peer_cpu_s=round(peer_cpu, 3), peer_routes_beyond_fleet=max(0, len(rounds) - len(day.vehicles)),
    )  # fmt: skip


def _sound(day: network.Day, plan: network.RoutePlan) -> None:
    found = network.route_findings(day, plan)
    assert not found, found
    assert not plan.unserved, plan.unserved


def savings(day: network.Day) -> list[list[int]]:
    """Join rounds end to end where that saves most, as long as the windows and the capacity allow it."""
    meters = day.meters
    parcels = [0, *(stop.parcels for stop in day.stops)]
    saved = meters[1:, 0][:, None] + meters[0, 1:][None, :] - meters[1:, 1:]
    rounds = {stop: [stop] for stop in range(1, len(parcels))}
    first = {stop: stop for stop in rounds}  # The round that begins or ends with a stop.
    last = dict(first)
    most = day.vehicles[0].parcels_max
    for pair in np.argsort(-saved, axis=None, kind="stable").tolist():
        tail, head = pair // len(saved) + 1, pair % len(saved) + 1
        one, other = last.get(tail), first.get(head)
        if one is None or other is None or one == other or saved[tail - 1, head - 1] <= 0:
            continue
        joined = rounds[one] + rounds[other]
        if sum(parcels[stop] for stop in joined) <= most and _fits(day, joined):
            del rounds[other], last[tail], first[head]
            rounds[one], last[joined[-1]] = joined, one
    return list(rounds.values())


def _fits(day: network.Day, stops: list[int]) -> bool:
    now, here = day.vehicles[0].starts, 0
    for stop in stops:
        told = day.stops[stop - 1]
        now = max(now + int(day.seconds[here, stop]), told.opens)
        if now > told.closes:
            return False
        now, here = now + told.service, stop
    return now + int(day.seconds[here, 0]) <= day.vehicles[0].ends
