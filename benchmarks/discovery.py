"""How well discovery guesses what comes next: every prefix of every test session against all products, beside its peers."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numba import njit

from benchmarks import runs
from caravan.insight import discovery
from caravan.kernel.errors import Invalid

PEER_QUESTIONS_MAX = 20_000  # Peers are scored on a seeded sample: they scan every product.
WARM_UP = 50
_BINS = 10
_MEETINGS = 5_000  # Sessions that a neighbor peer looks at.


class Questions(NamedTuple):
    """What is asked: question i may see items[starts[i]:ends[i]], of session own[i] (0: a new one), and wants targets[i]."""

    items: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    own: np.ndarray
    targets: np.ndarray


class Stream(NamedTuple):
    """The looks of the test sessions in the order in which they happened, with their sessions numbered on. Shapes [n]."""

    sessions: np.ndarray
    items: np.ndarray


class Task(NamedTuple):
    """One folder, read: what is learned from, what is asked, and how far down the list a hit counts.

    Where it is known when each test look happened, `stream` has them.
    """

    name: str
    shape: str
    history: discovery.History
    questions: Questions
    depth: int
    is_by_person: bool
    stream: Stream | None = None


class Load(NamedTuple):
    """What a run does."""

    data: Path
    sample: int = 0
    seed: int = 1
    has_peers: bool = True
    threads: int = 2


def run(load: Load, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Learn from each set in a folder and ask its questions; give accuracy, peers, latency and what it took."""
    tasks = list(read(load.data))
    return {"data": load.data.name, "machine": runs.machine(), "seed": load.seed, "door": "in process",
            "sets": [_measure(task, load, progress) for task in tasks]}  # fmt: skip


def _measure(task: Task, load: Load, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    started, used = time.perf_counter(), time.process_time()
    plan = discovery.Plan(seed=load.seed, is_by_person=task.is_by_person)
    trained, memory = discovery.train(task.history, ranker=discovery_ranker(load.threads), plan=plan, progress=progress)
    took, cpu = time.perf_counter() - started, time.process_time() - used
    rng = np.random.default_rng(load.seed)
    count = len(task.questions.targets)
    chosen = np.arange(count) if not load.sample else np.sort(rng.permutation(count)[: load.sample])
    ours, speed = _ask(task, trained, memory, chosen, progress)
    found: dict[str, Any] = {
        "name": task.name, "shape": task.shape, "questions": len(chosen), "of": count, "products": task.history.products - 1,
        "sessions": len(task.history.offsets) - 1, "looks": len(task.history.items), "depth": task.depth,
        "version": trained.version, "trees": trained.skill.trees.size,
        "learning_s": round(took, 1), "learning_cpu_s": round(cpu, 1), "ours": ours, "speed": speed,
    }  # fmt: skip
    if load.has_peers:
        found["peers"] = _peers(task, memory, rng.permutation(chosen)[:PEER_QUESTIONS_MAX], progress)
    if task.stream is not None:
        # The last: the memory is another one afterwards.
        found["live"] = _live(task, task.stream, trained, memory, progress)
    return found


def discovery_ranker(threads: int) -> discovery.Ranker:
    """Give the ranker that live training uses."""
    from caravan import bootstrap  # noqa: PLC0415  # Only bootstrap knows the adapters.

    return bootstrap.ranker(threads=threads)


def _ask(
    task: Task, trained: discovery.Trained, memory: discovery.Memory, chosen: np.ndarray,
    progress: Callable[[str, int, int], None],
) -> tuple[dict[str, float], dict[str, float]]:  # fmt: skip
    recommender = discovery.Recommender(task.history.products, trained.skill, task.history.traits)
    sight, asked = memory.sight(), task.questions
    ranks, laps, used = np.zeros(len(chosen), np.int64), np.zeros(len(chosen)), 0.0
    found_at_all = 0
    likely, came = np.full((len(chosen), task.depth), np.nan), np.zeros((len(chosen), task.depth), np.bool_)
    for number in chosen[:WARM_UP]:
        recommender.next_of(asked.items[asked.starts[number] : asked.ends[number]], sight, own=int(asked.own[number]))
    begun = time.process_time()
    for place, number in enumerate(chosen):
        prefix = asked.items[asked.starts[number] : asked.ends[number]]
        lap = time.perf_counter()
        listed = recommender.next_of(prefix, sight, own=int(asked.own[number]))
        laps[place] = time.perf_counter() - lap
        hits = np.flatnonzero(listed == asked.targets[number])
        ranks[place] = hits[0] + 1 if len(hits) else 0
        first = recommender.chosen[: min(task.depth, len(listed))]
        likely[place, : len(first)] = recommender.probabilities[first]
        came[place, : len(first)] = listed[: len(first)] == asked.targets[number]
        found_at_all += len(hits)
        if place % 512 == 0:
            progress("Asking the test questions", place, len(chosen))
    used = time.process_time() - begun
    speed = {
        "latency_ms_p50": round(float(np.percentile(laps, 50)) * 1e3, 3),
        "latency_ms_p99": round(float(np.percentile(laps, 99)) * 1e3, 3),
        "requests_per_core_second": round(len(chosen) / used, 1),
    }
    found = _figures(ranks, task.depth) | {"candidate_recall": round(found_at_all / len(chosen), 4)}
    return found | _calibration(likely, came), speed


def _calibration(likely: np.ndarray, came: np.ndarray) -> dict[str, float]:
    """Hold the probabilities of what was listed against what came: over all, and by tenths of what was listed.

    The expected calibration error (Naeini and others 2015) over bins of as many listed products each. Shapes: [n, depth].
    """
    is_told = ~np.isnan(likely)
    if not is_told.any():
        return {}
    order = np.argsort(likely[is_told], kind="stable")
    told, hit = likely[is_told][order], came[is_told][order]
    bins = np.array_split(np.arange(len(told)), _BINS)
    error = sum(abs(float(told[one].mean() - hit[one].mean())) * len(one) for one in bins if len(one)) / len(told)
    top, top_hit = likely[:, 0], came[:, 0]
    return {
        "hits_expected": round(float(np.nansum(likely)) / len(likely), 4),
        "first_expected": round(float(np.nanmean(top)), 4), "first_seen": round(float(top_hit.mean()), 4),
        "calibration_error": round(error, 5),
    }  # fmt: skip


def _live(
    task: Task, stream: Stream, trained: discovery.Trained, memory: discovery.Memory,
    progress: Callable[[str, int, int], None],
) -> dict[str, Any]:  # fmt: skip
    """Ask as a shop would live: each look is guessed from all looks before it, of everybody, and then remembered.

    What was learned stays as it is; only the memory grows. Of sessions that the protocol of the literature asks for frozen,
    none is left out, so the two are asked the same questions.
    """
    recommender = discovery.Recommender(task.history.products, trained.skill, task.history.traits)
    seen: dict[int, list[int]] = {}
    ranks: list[int] = []
    used = time.process_time()
    for place, (session, item) in enumerate(zip(stream.sessions.tolist(), stream.items.tolist(), strict=True)):
        before = seen.setdefault(session, [])
        if before:
            listed = recommender.next_of(np.array(before, np.int32), memory.sight(), own=session)
            hits = np.flatnonzero(listed == item)
            ranks.append(int(hits[0]) + 1 if len(hits) else 0)
        before.append(item)
        memory.remember(np.array([session], np.int32), np.array([item], np.int32))
        if place % 512 == 0:
            progress("Asking look by look", place, len(stream.items))
    used = time.process_time() - used
    answers = {"answers_per_core_second": round(len(ranks) / used, 1)}
    return _figures(np.array(ranks, np.int64), task.depth) | {"questions": len(ranks)} | answers


def _figures(ranks: np.ndarray, depth: int) -> dict[str, float]:
    """Sum up ranks from 1 (0: not found) as hit rate, mean reciprocal rank and discounted gain."""
    is_hit = (ranks > 0) & (ranks <= depth)
    hit = ranks[is_hit]
    error = math.sqrt(max(1e-9, is_hit.mean() * (1 - is_hit.mean())) / len(ranks))
    return {
        f"recall@{depth}": round(float(is_hit.mean()), 4),
        f"mrr@{depth}": round(float((1 / hit).sum() / len(ranks)), 4),
        f"ndcg@{depth}": round(float((1 / np.log2(hit + 1)).sum() / len(ranks)), 4),
        "standard_error": round(error, 4),
    }


# The peers: what anybody would try first, over the same history and the same questions.


def _peers(
    task: Task, memory: discovery.Memory, chosen: np.ndarray, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    sight, asked = memory.sight(), task.questions
    contestants: dict[str, Callable[[np.ndarray, int, np.ndarray], None]] = {
        "popularity": lambda _, __, scores: np.copyto(scores, sight.looks[: len(scores)]),
        "item_to_item": lambda prefix, own, scores: _rules(prefix, own, sight, scores),
        "session_knn": lambda prefix, own, scores: _session_knn(prefix, own, sight, scores),
    }
    found: dict[str, Any] = {}
    for name, score in contestants.items():
        ranks = np.zeros(len(chosen), np.int64)
        scores = np.zeros(memory.products, np.float32)
        for place, number in enumerate(chosen):
            score(asked.items[asked.starts[number] : asked.ends[number]], int(asked.own[number]), scores)
            target = asked.targets[number]
            worth = scores[target] if target < len(scores) else 0.0
            if worth > 0:
                ranks[place] = 1 + int((scores > worth).sum()) + int((scores[:target] == worth).sum())
            if place % 512 == 0:
                progress(f"Asking {name.replace('_', ' ')}", place, len(chosen))
        found[name] = _figures(ranks, task.depth) | {"questions": len(chosen)}
    return found


@njit(cache=True, nogil=True)
def _rules(prefix: np.ndarray, own: int, sight: discovery.Looks, scores: np.ndarray) -> None:
    """Item-to-item rules: what came after the last product, the nearer the more (Ludewig and Jannach's sequential rules)."""
    scores[:] = 0.0
    last = prefix[prefix.shape[0] - 1]
    look = sight.head[last] if last < sight.head.shape[0] else 0
    while look != 0:
        if sight.session[look] != own:
            step, distance = sight.after[look], 1
            while step != 0 and distance <= 10:
                scores[sight.item[step]] += 1.0 / distance
                step, distance = sight.after[step], distance + 1
        look = sight.earlier[look]
    scores[0] = 0.0


@njit(cache=True, nogil=True)
def _session_knn(  # noqa: C901  # Compiled: arrays in, one straight way through.
    prefix: np.ndarray, own: int, sight: discovery.Looks, scores: np.ndarray
) -> None:
    """Session kNN: the hundred sessions most like this one by cosine, out of the latest that share a product."""
    scores[:] = 0.0
    ids, sims = np.zeros(_MEETINGS, np.int32), np.zeros(_MEETINGS, np.float32)
    table = np.zeros(16_384, np.int32)
    met = 0
    for at in range(prefix.shape[0]):
        what = prefix[at]
        is_again = False
        for other in range(at + 1, prefix.shape[0]):
            is_again = is_again or prefix[other] == what
        look = sight.head[what] if what < sight.head.shape[0] and not is_again else 0
        before = 0
        followed = 0
        while look != 0 and followed < 1_000:
            of = sight.session[look]
            if of not in {own, before}:
                place = (of * 0x9E3779B1) & 16_383
                while table[place] != 0 and ids[table[place] - 1] != of:
                    place = (place + 1) & 16_383
                if table[place] == 0 and met < _MEETINGS:
                    ids[met] = of
                    met += 1
                    table[place] = met
                if table[place] != 0:
                    sims[table[place] - 1] += 1.0
                followed += 1
            before = of
            look = sight.earlier[look]
    for number in range(met):
        length, look = 0, sight.last[ids[number]]
        while look != 0:
            length, look = length + 1, sight.before[look]
        sims[number] /= np.sqrt(length)
    order = np.argsort(-sims[:met])[:100]
    for number in order:
        look = sight.last[ids[number]]
        while look != 0:
            scores[sight.item[look]] += sims[number]
            look = sight.before[look]
    scores[0] = 0.0


# The shapes of the folders.


def read(folder: Path) -> Iterator[Task]:
    """Read whatever sets a folder holds; refuses one of an unknown shape."""
    if (folder / "train_sessions.parquet").exists():
        yield _session_pairs(folder)
    elif (folder / "train_full.parquet").exists():
        yield _timed_sessions(folder)
    elif (folder / "events.parquet").exists():
        yield _events(folder)
    elif sequences := sorted(file for file in folder.glob("*.parquet") if not file.stem.endswith("_attrs")):
        for file in sequences:
            yield _leave_one_out(file)
    else:
        raise Invalid(f"{folder} holds none of the shapes that this benchmark reads.", field="data")


def _lists(file: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    column = pq.read_table(file, columns=[name]).column(name).combine_chunks()
    offsets = column.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], column.values.to_numpy()[offsets[0] : offsets[-1]].astype(np.int32)


def _session_pairs(folder: Path) -> Task:
    offsets, items = _lists(folder / "train_sessions.parquet", "items")
    asked_offsets, asked = _lists(folder / "test_pairs.parquet", "prefix")
    targets = pq.read_table(folder / "test_pairs.parquet", columns=["target"]).column("target").to_numpy()
    products = int(max(items.max(), asked.max(), targets.max())) + 1
    questions = Questions(
        asked, asked_offsets[:-1], asked_offsets[1:], np.zeros(len(targets), np.int32), targets.astype(np.int32)
    )
    return Task(folder.name, "sessions", _history(offsets, items, products), questions, 20, is_by_person=False)


def _history(
    offsets: np.ndarray, items: np.ndarray, products: int, traits: discovery.Traits | None = None
) -> discovery.History:
    return discovery.History(offsets, items, products, traits if traits is not None else discovery.no_traits())


def _timed_sessions(folder: Path) -> Task:
    known, later = pq.read_table(folder / "train_full.parquet"), pq.read_table(folder / "test.parquet")
    names = np.unique(known.column("item_id").to_numpy())
    offsets, items = _grouped(known, names)
    # As in the literature, a test look at a product that was never seen before is left out.
    is_known = pc.is_in(later.column("item_id"), value_set=known.column("item_id").combine_chunks())
    later = later.filter(is_known)
    asked_offsets, asked = _grouped(later, names)
    questions = _every_prefix(asked_offsets, asked)
    history = _history(offsets, items, len(names) + 1)
    stream = _stream(later, names, first=len(offsets))
    return Task(folder.name, "timed", history, questions, 20, is_by_person=False, stream=stream)


def _stream(table: Any, names: np.ndarray, *, first: int) -> Stream:  # noqa: ANN401  # An Arrow table has no types.
    """Lay looks out by their time, with sessions numbered from `first`."""
    session, moment = table.column("session_id").to_numpy(), table.column("unix_s").to_numpy()
    _, of = np.unique(session, return_inverse=True)
    order = np.lexsort((of, moment))
    items = (np.searchsorted(names, table.column("item_id").to_numpy()[order]) + 1).astype(np.int32)
    return Stream((of[order] + first).astype(np.int32), items)


def _grouped(table: Any, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401  # An Arrow table has no types.
    """Lay looks out by session, sessions in the order of their last look, with products numbered from 1."""
    session, moment = table.column("session_id").to_numpy(), table.column("unix_s").to_numpy()
    _, of = np.unique(session, return_inverse=True)
    ends = np.zeros(of.max() + 1)
    np.maximum.at(ends, of, moment)
    order = np.lexsort((moment, of, ends[of]))
    items = (np.searchsorted(names, table.column("item_id").to_numpy()[order]) + 1).astype(np.int32)
    of = of[order]
    starts = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]]))
    return np.concatenate([starts, [len(of)]]).astype(np.int64), items


def _every_prefix(offsets: np.ndarray, items: np.ndarray) -> Questions:
    begins = np.repeat(offsets[:-1], np.diff(offsets))
    ends = np.arange(len(items))
    is_asked = ends > begins
    ends = ends[is_asked]
    return Questions(items, begins[is_asked], ends, np.zeros(len(ends), np.int32), items[ends])


def _leave_one_out(file: Path) -> Task:
    """Each person's last product is asked for; all before it is known, and so is everybody else's but the last."""
    offsets, items = _lists(file, "items")
    lengths = np.diff(offsets)
    is_target = np.zeros(len(items), bool)
    is_target[offsets[1:] - 1] = True
    targets = items[is_target]
    known = items[~is_target]
    known_offsets = np.concatenate([[0], np.cumsum(lengths - 1)])
    products = int(items.max()) + 1
    attributes = file.with_name(f"{file.stem}_attrs.parquet")
    traits = _traits(attributes, products) if attributes.exists() else None
    questions = Questions(
        known, known_offsets[:-1], known_offsets[1:], np.arange(1, len(targets) + 1, dtype=np.int32), targets
    )
    history = _history(known_offsets, known, products, traits)
    return Task(file.stem, "leave-one-out", history, questions, 10, is_by_person=True)


def _traits(file: Path, products: int) -> discovery.Traits:
    table = pq.read_table(file)
    by_item = dict(zip(table.column("item").to_pylist(), table.column("attributes").to_pylist(), strict=True))
    return discovery.traits_of([sorted(by_item.get(item, ())) for item in range(products)], np.zeros(products))


def _events(folder: Path) -> Task:
    """A session is what one person did on one day; the last day is asked for, what came before it is known."""
    events = pq.read_table(folder / "events.parquet").to_pydict()
    goods = pq.read_table(folder / "items.parquet").to_pydict()
    number = {name: place for place, name in enumerate(goods["item_id"], 1)}
    rows = [
        (day, user, number[item])
        for user, item, day in zip(events["user_id"], events["item_id"], events["day"], strict=True)
        if item in number
    ]
    rows.sort(key=lambda row: (row[0], row[1]))  # Stable: inside a day, the order of the file.
    last = max(day for day, *_ in rows)
    offsets, items = _by_day([row for row in rows if row[0] < last])
    asked_offsets, asked = _by_day([row for row in rows if row[0] == last])
    marks = [
        sorted({one * 4, two * 4 + 1, three * 4 + 2} if three else {one * 4, two * 4 + 1})
        for one, two, three in zip(goods["cate_1_id"], goods["cate_id"], goods["brand_id"], strict=True)
    ]
    traits = discovery.traits_of([[], *_dense(marks)], np.array([0.0, *goods["price"]]))
    history = _history(offsets, items, len(number) + 1, traits)
    return Task(folder.name, "events", history, _every_prefix(asked_offsets, asked), 20, is_by_person=False)


def _dense(marks: Sequence[Sequence[int]]) -> list[list[int]]:
    number: dict[int, int] = {}
    return [sorted(number.setdefault(mark, len(number) + 1) for mark in some) for some in marks]


def _by_day(rows: Sequence[tuple[object, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    items = np.array([item for _, _, item in rows], np.int32)
    starts = [place for place, row in enumerate(rows) if not place or row[:2] != rows[place - 1][:2]]
    return np.array([*starts, len(rows)], np.int64), items


def main() -> None:
    """Run on the folder that is named."""
    found = run(Load(Path(sys.argv[1])), lambda *_: None)
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
