"""Measures identities: how right they are on tables with a known truth, and how fast they are tied and untied."""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from benchmarks import people, runs
from caravan import bootstrap
from caravan.cell import transpose
from caravan.config import Settings
from caravan.flows import identities, lookalikes
from caravan.insight import likeness, oneid
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid

SEED = 20_260_101
LIVE_OBSERVATIONS = 1_000
LIVE_ROUNDS = 20
LIVE_RUNS = 5
Progress = Callable[[str, int, int], None]
_NOW = Instant(1)


def run(  # Each is an option of the command.
    folder: Path | None,
    *,
    told: Mapping[str, str],
    records: int,
    storm: int,
    has_live: bool,
    has_peers: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Measure everything that was asked for; what can't be measured is named with the reason."""
    found: dict[str, Any] = {
        "machine": runs.machine(), "threads": 2, "seed": SEED,
        "thresholds_log2_odds": {"automatic": likeness.AUTOMATIC, "likely": likeness.LIKELY},
        "door": "find_people and match_wares, the calls of `caravan identity` and of the live market",
        "people": [], "products": [], "figures": [], "skipped": [],
    }  # fmt: skip
    if folder is not None:
        _measure_folder(folder, told, found, progress, has_peers=has_peers)
    if records:
        found["people"].append(_measure_made_up(records, progress))
    if has_live:
        found["figures"] += _measure_live()
    if storm:
        found["storm"] = weather(storm, progress)
    return found


# Accuracy.


def _measure_folder(
    folder: Path, told: Mapping[str, str], found: dict[str, Any], progress: Progress, *, has_peers: bool
) -> None:
    files = {file.stem: file for file in sorted(folder.iterdir()) if file.suffix in {".parquet", ".csv"}}
    if not files:
        raise Invalid(f"There is no Parquet or CSV file in {folder}.", field="data")
    taken: set[str] = set()
    for name in [name for name in files if name.endswith("_ground_truth")]:
        stem = name.removesuffix("_ground_truth")
        sides = [other for other in files if other.startswith(f"{stem}_") and other != name]
        taken |= {name, *sides}
        if len(sides) != 2:
            found["skipped"].append({"name": stem, "why": "a truth of two lists needs exactly two lists beside it"})
            continue
        found["products"].append(_measure_products(stem, *(read(files[one]) for one in (*sides, name))))
    for name, tables in _people_tables({name: file for name, file in files.items() if name not in taken}):
        try:
            table = pa.concat_tables([read(file) for file in tables], promote_options="default")
            mapping = {column: role for column, role in told.items() if column in table.column_names}
            truth = truth_of(table, mapping)
            found["people"].append(_measure_people(name, table, truth, mapping, progress))
        except Invalid as refusal:
            found["skipped"].append({"name": name, "why": str(refusal)})
            continue
        if has_peers and name == "splink_fake_1000":
            found.update(_measure_splink(table, truth, found))


def _people_tables(files: Mapping[str, Path]) -> Iterator[tuple[str, list[Path]]]:
    """Give tables of people by name; two parts of one (4a, 4b) are one."""
    parts: dict[str, list[Path]] = {}
    for name, file in files.items():
        if name.endswith("_labels") or name.startswith("pairs_"):
            continue
        is_part = re.fullmatch(r"(.*\d)[ab]", name)
        parts.setdefault(is_part[1] if is_part else name, []).append(file)
    yield from parts.items()


def read(file: Path) -> pa.Table:
    """Read a table of either kind."""
    return pq.read_table(file) if file.suffix == ".parquet" else pyarrow.csv.read_csv(file)


def truth_of(table: pa.Table, told: Mapping[str, str]) -> np.ndarray:
    """Give who each record truly is: the number in a rec_id, or a column that says so. Refuses a table without."""
    if "rec_id" in table.column_names:
        numbers = [re.search(r"\d+", str(value)) for value in table["rec_id"].to_pylist()]
        return np.array([int(one[0]) if one else -1 for one in numbers])
    column = likeness.recognize(table, told).cluster
    if not column:
        raise Invalid("No column says who is who in truth: none is called rec_id or cluster.")
    codes: np.ndarray = table[column].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return codes


def agreement(found: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Compare two ways to say who is who, pair by pair."""
    both = _pairs(np.unique(found * (truth.max() + 1) + truth, return_counts=True)[1])
    said, so = (_pairs(np.unique(one, return_counts=True)[1]) for one in (found, truth))
    return _rates(both, said, so)


def _rates(both: int, said: int, so: int) -> dict[str, float]:
    precision, recall = both / said if said else 1.0, both / so if so else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "precision": round(precision, 5), "recall": round(recall, 5), "f1": round(f1, 5),
        "false_merges": round(1.0 - precision, 5), "pairs": said,
    }  # fmt: skip


def _pairs(sizes: np.ndarray) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _measure_people(
    name: str, table: pa.Table, truth: np.ndarray, told: Mapping[str, str], progress: Progress
) -> dict[str, Any]:
    began, cpu = time.perf_counter(), time.process_time()
    seen = likeness.find_people(table, told=told, progress=lambda step, done, of: progress(f"{name} {step}", done, of))
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    likely = agreement(seen.likely, truth)
    return {
        "name": name, "records": len(table), "columns": seen.columns.fields,
        "truth_pairs": _pairs(np.unique(truth, return_counts=True)[1]), "compared": seen.linked.compared,
        "f1": likely["f1"], "likely": likely, "automatic": agreement(seen.automatic, truth),
        "seconds": round(wall, 2), "cpu_seconds": round(used, 2),
    }  # fmt: skip


def _measure_made_up(records: int, progress: Progress) -> dict[str, Any]:
    progress("making people", 0, 1)
    _warm()
    table = people.make(records, seed=SEED)
    progress("making people", 1, 1)
    return _measure_people(f"made_up_{records}", table, table["cluster"].to_numpy(), {}, progress)


def _warm() -> None:
    """Load the compiled code, which is compiled once for a machine."""
    likeness.find_people(people.make(500, seed=1))


def _measure_products(name: str, one: pa.Table, two: pa.Table, truth: pa.Table) -> dict[str, Any]:
    pairs = list(zip(*(truth.column(place).cast(pa.string()).to_pylist() for place in (0, 1)), strict=True))
    best: dict[str, Any] = {}
    # Which list the truth names first is not written down; that is all that the truth is asked for here.
    for left, right in ((one, two), (two, one)):
        names = [table["id"].cast(pa.string()).to_pylist() for table in (left, right)]
        began = time.perf_counter()
        matched = likeness.match_wares(left, right)
        seconds = time.perf_counter() - began
        kept = matched.alike >= likeness.WARES_LIKELY
        said = zip(matched.lefts[kept].tolist(), matched.rights[kept].tolist(), strict=True)
        hits = len({(names[0][a], names[1][b]) for a, b in said} & set(pairs))
        rates = _rates(hits, int(kept.sum()), len(set(pairs)))
        if rates["f1"] > best.get("f1", -1.0):
            best = {"name": name, "records": [len(left), len(right)], **rates, "seconds": round(seconds, 2)}
    return best


def _measure_splink(table: pa.Table, truth: np.ndarray, found: dict[str, Any]) -> dict[str, Any]:
    try:
        from benchmarks import splink_peer  # noqa: PLC0415  # An extra, and slow to load.

        answer = splink_peer.link(table, truth, agreement)
    except ImportError:
        found["skipped"].append({"name": "splink", "why": "it is not installed: pip install 'caravan[learn]'"})
        return {}
    return {"splink": answer}


# Speed.


def _measure_live() -> list[runs.Figure]:
    ties, asks, scores = [], [], []
    for turn in range(LIVE_RUNS + 1):
        with tempfile.TemporaryDirectory() as folder:
            caravan = bootstrap.open_caravan(Settings(home=Path(folder)), ticks=False)
            try:
                rate, ask = _live_once(caravan, np.random.default_rng(SEED + turn))
            finally:
                caravan.close()
        if turn:  # The first only loads the compiled code.
            ties.append(rate)
            asks.append(ask)
            scores.append(_score_once(turn))
    door = "cell over SQLite, durable: normalize, mark, decide, write"
    return [
        runs.figure("certain ties", door=door, unit="ties/s", values=ties),
        runs.figure("who is this", door="identify, in process, one identifier", unit="µs", values=asks),
        runs.figure("score one pair live", door="the kernel of Lookalikes.ask", unit="ns", values=scores),
    ]


def _live_once(caravan: bootstrap.Caravan, dice: np.random.Generator) -> tuple[float, float]:
    rounds = []
    for _ in range(LIVE_ROUNDS):
        who = dice.integers(0, 1_000_000, LIVE_OBSERVATIONS).tolist()
        rounds.append(
            [
                [(oneid.Type.LOGIN, f"login-{one}"), (oneid.Type.EMAIL, f"p{one}@mail.example"),
                 (oneid.Type.DEVICE, f"device-{one}-{place % 3}"), (oneid.Type.COOKIE, f"cookie-{one}-{place}")]
                for place, one in enumerate(who)
            ]
        )  # fmt: skip
    began = time.perf_counter()
    waiting = []
    for groups in rounds:
        seen = lookalikes.marked(caravan.vault, groups, ["bench"] * len(groups))
        waiting.append(caravan.cell.submit(identities.observe_together, seen, is_many=True))
    for future in waiting:
        future.result()
    seconds = time.perf_counter() - began
    model = caravan.cell.house.oneid
    made = int((model.ties.state == 1).sum())
    rows = dice.integers(1, len(model.identifiers), 2_000)
    asked = [tuple(column[row : row + 1] for column in _marks(model)) for row in rows.tolist()]
    began = time.perf_counter()
    for one in asked:
        oneid.identify(model, *one)
    return made / seconds, (time.perf_counter() - began) / len(asked) * 1e6


def _marks(model: oneid.OneId) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = model.identifiers
    return table.type, table.mark_high, table.mark_low


def _score_once(turn: int) -> float:
    seen = likeness.find_people(people.make(2_000, seed=SEED + turn))
    known = likeness.Lookalikes(seen.fields, seen.linked.weights)
    candidates = np.arange(2_000, dtype=np.int32)
    record = dict.fromkeys(seen.fields.roles, "somebody")
    known.score(record, candidates)
    began = time.perf_counter()
    known.score(record, candidates)
    return (time.perf_counter() - began) / len(candidates) * 1e9


# Truth under change.


def weather(steps: int, progress: Progress, *, seed: int = SEED) -> dict[str, Any]:
    """Merge and split at random, then compare every identity with one that is counted out from the ties alone."""
    dice = np.random.default_rng(seed)
    model, made = oneid.OneId(), {"merges": 0, "splits": 0}
    began = time.perf_counter()
    held: list[int] = []
    for step in range(steps):
        if held and dice.random() < 0.4:
            tie = held.pop(int(dice.integers(0, len(held))))
            for part in transpose([oneid.undo_tie(model, tie, why="storm", now=_NOW)]):
                model.apply(part)
            made["splits"] += 1
        else:
            values = dice.integers(1, max(20, steps // 6), 2)
            kinds = dice.integers(1, 9, 2)
            seen = oneid.Observations(np.array([0, 2]), kinds, values, values * 7, ["storm"])
            before = len(model.ties)
            oneid.observe(model, seen, now=_NOW)
            held += [tie for tie in range(before, len(model.ties)) if model.ties.state[tie] == 1]
            made["merges"] += 1
        if step % 1_000 == 0:
            progress("storm", step, steps)
    seconds = time.perf_counter() - began
    progress("storm", steps, steps)
    differences = sum(
        int((trees[: len(model.identifiers)] != counted_out(model, layer)).sum())
        for trees, layer in ((model.whole[0], 2), (model.sure[0], 1))
    )
    return {
        **made, "identifiers": len(model.identifiers) - 1, "ties": len(model.ties) - 1,
        "ties_that_hold": int((model.ties.state == 1).sum()), "differences": differences,
        "steps_a_second": round(steps / seconds),
    }  # fmt: skip


def counted_out(model: oneid.OneId, layer_max: int) -> np.ndarray:
    """Say who everybody is from nothing but the ties that hold: a walk over neighbors, no trees."""
    neighbors: list[list[int]] = [[] for _ in range(len(model.identifiers))]
    table = model.ties
    for tie in np.flatnonzero((table.state == 1) & (table.layer <= layer_max)).tolist():
        neighbors[table.left[tie]].append(int(table.right[tie]))
        neighbors[table.right[tie]].append(int(table.left[tie]))
    oldest = np.full(len(neighbors), -1, np.int64)
    for start in range(len(neighbors)):
        left = [start] if oldest[start] < 0 else []
        while left:
            node = left.pop()
            if oldest[node] < 0:
                oldest[node] = start
                left += neighbors[node]
    return oldest
