"""Checkout: durable orders a second through every door of Caravan, beside its peers.

Everybody does the same work for the same orders: each of their lines takes a unit of stock that can't go below zero, a
wallet pays for all of them and can't go below zero, the order is written down under a unique id, and the answer counts
only when it is durable. Orders are made and servers started outside the window; afterwards everybody's books must add
up to what they answered, Caravan's read anew from its snapshot and its log.
"""

import shutil
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from benchmarks import doors, peers, shop
from benchmarks.doors import Window
from benchmarks.picture import Bar, bars
from benchmarks.runs import Figure, Ratio, Skipped, alternate, figure, machine, ratio
from benchmarks.servers import Absent
from benchmarks.workload import PRICE_MINOR, SKEWS, Load

__all__ = ["DOORS", "SKEWS", "Load", "run"]

DOORS = doors.NAMES

# Orders a second that a first window is laid out for; the next ones are laid out for what was seen.
_PACES = {"kernel": 1_000_000, "cell": 200_000, "tcp": 200_000, "http-batch": 200_000, "http": 2_000}
_WARM_S = 0.4
_WARM_ROUNDS = 2  # Kernels are compiled, tables are past their first pages, and the pace is known.
_COMPARED_SKEWS = ("uniform", "hot")
_COMPARED_DOORS = ("cell", "tcp")
_KEPT_SHARE = 0.98
_PEER_S = 1.0  # A peer's own time in each run.
_SET_BASED, _LUA, _FUNCTION = "postgresql set-based", "redis lua batches", "postgresql function, 8 clients"

_Measure = Callable[[int], Window | peers.Measured]


class AtRate(msgspec.Struct, frozen=True):
    """Batches sent by the clock: how long each took from when it was due until its durable answer was there."""

    door: str
    rate_per_s: int
    answered_per_s: float
    is_kept: bool
    batches: int
    orders_a_batch: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    p99_ms_by_run: list[float]
    orders_per_cpu_s: float


class _Home:
    """A home of Caravan's under measurement, and what was answered for it, warm-up included."""

    def __init__(self, path: Path, keys: shop.Keys) -> None:
        self.path, self.keys = path, keys
        self.seen: list[Window] = []

    def check(self) -> shop.Books:
        """Hold the home, opened anew, against what was answered; they agree, or the benchmark stops."""
        found = shop.books(self.path)
        placed, lines = sum(one.placed for one in self.seen), sum(one.lines for one in self.seen)
        assert found.orders == placed, (found, placed)
        assert found.lines == found.units_taken == lines, (found, lines)
        assert found.held_minor == lines * PRICE_MINOR, found
        assert found.least_stock >= 0, found
        assert found.least_wallet_minor >= 0, found
        return found


def run(
    load: Load,
    *,
    has_peers: bool,
    through: Sequence[str] = DOORS,
    out: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Measure these doors, and with `has_peers` the peers, alternating in one run; give what was seen.

    With `out`, a picture of the orders a second and one of the latencies at the rate are written there.
    """
    skipped: list[Skipped] = []
    contestants: dict[str, _Measure] = {}
    with tempfile.TemporaryDirectory(prefix="caravan-bench-") as folder:
        homes = _homes(Path(folder), load, through, progress)
        with ExitStack() as stack:
            ways = _open(homes, load, through, stack)
            dice = np.random.default_rng(load.seed)
            for name, (way, home) in ways.items():
                contestants |= _contestants(name, way, load, dice, home.seen if home else [])
            if has_peers:
                skipped = _open_peers(contestants, load, dice, Path(folder).parent, stack)
            for number in range(_WARM_ROUNDS):
                for name, contestant in contestants.items():
                    progress(f"Warming up, {number + 1} of {_WARM_ROUNDS}: {name}")
                    contestant(-1)
            before = {name: sum(one.placed for one in home.seen) for name, home in homes.items()}
            windows = alternate(_told_of(contestants, load, progress), runs=load.runs)
        books = {}
        for name, home in homes.items():
            progress(f"Reading the log of the {name} shop again and holding its books against the answers")
            books[name] = home.check()._asdict()
    found: dict[str, object] = {
        "benchmark": "checkout", "machine": machine(), "load": asdict(load), "doors": list(through),
        "generator": "on the same cores; for kernel and cell in their process, for the other doors beside the server's",
        "server": "a process of its own; its ticker and views are stopped",
        "figures": _figures(windows), "comparisons": _comparisons(windows, load), "at_rate": _at_rate(windows, load),
        "refused": {name: sum(one.refused for one in runs) for name, runs in windows.items()},
        "orders_before_the_window": before, "pages_touched_per_1000_orders": _pages(windows),
        "books": books, "skipped": skipped,
        "settings": {peer.name: peer.settings for peer in peers.CONTESTANTS if peer.name in windows},
    }  # fmt: skip
    if out is not None:
        found["pictures"] = _draw(found, out)
    return found


# Caravan.


def _homes(folder: Path, load: Load, through: Sequence[str], progress: Callable[[str], None]) -> "dict[str, _Home]":
    """Fill a shop once; give one copy to the cell in this process and one to the server, as the doors want them."""
    sides = {"in-process": set(through) - doors.SERVED, "served": set(through) & doors.SERVED}
    wanted = [name for name, own in sides.items() if own]
    first = folder / wanted[0]
    keys = shop.fill(first, load, progress)
    for name in wanted[1:]:
        shutil.copytree(first, folder / name)
    return {name: _Home(folder / name, keys) for name in wanted}


def _open(
    homes: "Mapping[str, _Home]", load: Load, through: Sequence[str], stack: ExitStack
) -> "dict[str, tuple[doors.Door, _Home | None]]":
    """Open the homes' doors; each comes with the home whose books its answers must stand in."""
    ways: dict[str, tuple[doors.Door, _Home | None]] = {}
    if "in-process" in homes:
        caravan = shop.open_home(homes["in-process"].path, ahead=load.ahead)
        stack.callback(caravan.close)
        ways |= {"kernel": (doors.Kernel(caravan), None)} if "kernel" in through else {}
        ways |= {"cell": (doors.Cell(caravan), homes["in-process"])} if "cell" in through else {}
    if "served" in homes:
        served = homes["served"]
        server = stack.enter_context(doors.serving(served.path, served.keys, ahead=load.ahead))
        makers: dict[str, Callable[[doors.Server], doors.Door]]
        makers = {"tcp": doors.Tcp, "http-batch": doors.HttpBatch, "http": doors.Http}
        ways |= {name: (make(server), served) for name, make in makers.items() if name in through}
    return ways


def _contestants(
    name: str, way: doors.Door, load: Load, dice: np.random.Generator, seen: list[Window]
) -> dict[str, _Measure]:
    """Give a door's turns: with the load's skew, with those that are compared, and at the rate."""
    title = f"caravan {name}"
    turns: dict[str, _Measure] = {title: partial(_through, way, load, dice, seen, [_PACES[name]])}
    if name in _COMPARED_DOORS:
        turns |= {
            f"{title}, {skew}": partial(_through, way, replace(load, skew=skew), dice, seen, [_PACES[name]])
            for skew in _COMPARED_SKEWS
            if skew != load.skew
        }
    if load.rate and isinstance(way, doors.Paced):
        turns[f"{title} at the rate"] = partial(_at_the_rate, way, load, dice, seen)
    return turns


def _through(
    way: doors.Door, load: Load, dice: np.random.Generator, seen: list[Window], pace: list[float], number: int
) -> Window:
    """Fill one window; the one before says how many orders that takes."""
    seconds = load.seconds if number >= 0 else min(_WARM_S, load.seconds)
    seen.append(way.measure(load, dice, orders=int(pace[-1] * seconds)))
    pace.append(seen[-1].per_second)
    return seen[-1]


def _at_the_rate(way: doors.Paced, load: Load, dice: np.random.Generator, seen: list[Window], number: int) -> Window:
    seconds = load.seconds if number >= 0 else min(_WARM_S, load.seconds)
    seen.append(way.at_rate(load, dice, orders=int(load.rate * seconds)))
    return seen[-1]


# The peers.


def _open_peers(
    contestants: dict[str, _Measure], load: Load, dice: np.random.Generator, place: Path, stack: ExitStack
) -> list[Skipped]:
    """Open the peers that are here and let them take part; give those that are not."""
    skipped = []
    for peer in peers.CONTESTANTS:
        try:
            opened = stack.enter_context(peer.open(load, place))
        except Absent as error:
            skipped.append(Skipped(peer.name, str(error)))
            continue
        seen: list[peers.Measured] = []
        contestants[peer.name] = partial(_through_peer, peer, opened, seen, load, dice)
        stack.callback(peers.check, opened, seen)
    return skipped


def _through_peer(
    contestant: peers.Contestant, peer: peers.Peer, seen: list[peers.Measured], load: Load, dice: np.random.Generator,
    number: int,
) -> peers.Measured:  # fmt: skip
    seconds = min(_PEER_S, load.seconds) if number >= 0 else 0.01
    seen.append(peers.measure(contestant, peer, load, dice, seconds=seconds))
    return seen[-1]


def _told_of(contestants: Mapping[str, _Measure], load: Load, progress: Callable[[str], None]) -> dict[str, _Measure]:
    def told(name: str, measure: _Measure, number: int) -> Window | peers.Measured:
        progress(f"Run {number + 1} of {load.runs}: {name}")
        return measure(number)

    return {name: partial(told, name, measure) for name, measure in contestants.items()}


# What was seen.

_Windows = Mapping[str, Sequence[Window | peers.Measured]]


def _figures(windows: _Windows) -> list[Figure]:
    at = {peer.name: peer.door for peer in peers.CONTESTANTS}
    figures = []
    for name, runs in windows.items():
        if name.endswith("at the rate"):
            continue
        door = at.get(name) or name.removeprefix("caravan ").partition(",")[0]
        figures.append(figure(name, door=door, unit="orders/s", values=[one.per_second for one in runs]))
        own = [one for one in runs if isinstance(one, Window)]
        if own:
            values = [one.per_cpu_second for one in own]
            figures.append(figure(name, door=door, unit="orders/s of the cell's CPU", values=values))
        if own and own[0].latencies_ms.size:
            for share in (50, 99):
                values = [float(np.percentile(one.latencies_ms, share)) for one in own]
                figures.append(figure(name, door=door, unit=f"ms, p{share}", values=values))
    return figures


def _comparisons(windows: _Windows, load: Load) -> list[Ratio]:
    """Compare what the promise compares, where both sides were measured."""

    def titled(door: str, skew: str) -> str:
        return f"caravan {door}" if skew == load.skew else f"caravan {door}, {skew}"

    wanted = [
        (f"{door}: one hot SKU ÷ uniform", titled(door, "hot"), titled(door, "uniform")) for door in _COMPARED_DOORS
    ]
    wanted += [
        ("tcp ÷ PostgreSQL set-based", "caravan tcp", _SET_BASED),
        ("tcp ÷ Redis Lua batches", "caravan tcp", _LUA),
        ("http ÷ PostgreSQL function, 8 clients", "caravan http", _FUNCTION),
    ]
    speeds = {name: [one.per_second for one in runs] for name, runs in windows.items()}
    return [
        ratio(name, of=speeds[one], to=speeds[other])
        for name, one, other in wanted
        if one in speeds and other in speeds
    ]


def _at_rate(windows: _Windows, load: Load) -> list[AtRate]:
    found = []
    for name, runs in windows.items():
        own = [one for one in runs if isinstance(one, Window)]
        if not name.endswith("at the rate"):
            continue
        latencies = np.concatenate([one.latencies_ms for one in own])
        p50, p90, p99, longest = np.percentile(latencies, [50, 90, 99, 100]).round(2).tolist()
        answered = statistics.median(one.answered_per_s for one in own)
        found.append(
            AtRate(
                door=name.removeprefix("caravan ").removesuffix(" at the rate"), rate_per_s=load.rate,
                answered_per_s=round(answered, 1), is_kept=answered >= _KEPT_SHARE * load.rate, batches=len(latencies),
                orders_a_batch=load.batch, p50_ms=p50, p90_ms=p90, p99_ms=p99, max_ms=longest,
                p99_ms_by_run=[round(float(np.percentile(one.latencies_ms, 99)), 2) for one in own],
                orders_per_cpu_s=round(statistics.median(one.per_cpu_second for one in own), 1),
            )
        )  # fmt: skip
    return found


def _pages(windows: _Windows) -> dict[str, float]:
    """Say how much memory was touched for the first time inside the windows."""
    return {
        name: round(statistics.median(1_000 * one.faults / max(one.placed, 1) for one in own), 1)
        for name, runs in windows.items()
        if (own := [one for one in runs if isinstance(one, Window)])
    }


def _draw(found: Mapping[str, object], out: Path) -> list[str]:
    """Draw what was seen."""
    out.mkdir(parents=True, exist_ok=True)
    speeds = [
        Bar(one.name, one.median, one.least, one.most, is_ours=one.name.startswith("caravan"))
        for one in found["figures"]  # type: ignore[attr-defined]
        if one.unit == "orders/s"
    ]
    pictures = {"checkout-orders.svg": bars("Durable orders a second (logarithmic)", speeds, unit="")}
    waits = [
        Bar(f"{one.door}, {share}", value, value, value, is_ours=True)
        for one in found["at_rate"]  # type: ignore[attr-defined]
        for share, value in (("p50", one.p50_ms), ("p90", one.p90_ms), ("p99", one.p99_ms), ("longest", one.max_ms))
    ]
    if waits:
        rate = found["load"]["rate"]  # type: ignore[index]
        title = f"Milliseconds from due to durable, batches at {rate:,} orders a second (logarithmic)"
        pictures["checkout-latency.svg"] = bars(title, waits, unit=" ms")
    for name, text in pictures.items():
        (out / name).write_text(text, encoding="utf-8")
    return [str(out / name) for name in pictures]
