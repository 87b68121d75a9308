"""Scale: a million products made from a corpus' own language, asked on one core."""

import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.runs import Figure, figure
from caravan.bootstrap import make_engine
from caravan.insight.search import Asked, Engine, Filter, Sheet

_say = Console(stderr=True, highlight=False)
_AT_ONCE = 20_000
_CATEGORIES = 400
_SELLERS = 5_000
_RUNS = 5
_QUERIES = 200


def run(*, titles: Sequence[str], products: int, seed: int) -> dict[str, object]:
    """Fill an index on disk; time queries with facets, suggestions, and how soon a changed listing is found."""
    dice = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(Path(folder))
        began = time.perf_counter()
        for first in range(0, products, _AT_ONCE):
            count = min(_AT_ONCE, products - first)
            engine.put(_made(titles, first, count, dice))
            _say.print(f"scale: {first + count:,} of {products:,} products")
        engine.commit(1)
        engine.phrase()
        filled_s = time.perf_counter() - began
        queries = _queries(titles, dice)
        figures = [
            *_timed("query with facets", queries, lambda words: engine.find(Asked(words))),
            *_timed(
                "query in a category", queries,
                lambda words: engine.find(Asked(words, only=Filter(category="Aisle 7"))),
            ),
            *_timed("suggestion", [words[: 3 + len(words) // 3] for words in queries], engine.suggest),
            figure("changed listing findable", door="in process", unit="ms", values=[
                _fresh(engine, products + run, titles) for run in range(_RUNS)
            ]),
        ]  # fmt: skip
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "products": products, "threads": 1, "filled_s": round(filled_s, 1), "memory_mb_max": round(memory),
        "figures": figures,
    }  # fmt: skip


def _made(titles: Sequence[str], first: int, count: int, dice: np.random.Generator) -> list[Sheet]:
    """Cross two titles: the beginning of one, the end of another; so words keep their company and their rarity."""
    ones, others = dice.integers(0, len(titles), count), dice.integers(0, len(titles), count)
    categories, sellers = dice.integers(0, _CATEGORIES, count), dice.integers(1, _SELLERS, count)
    prices = np.exp(dice.normal(7.5, 1.2, count)).astype(np.int64) + 99
    found = []
    for place in range(count):
        one, other = titles[ones[place]].split(), titles[others[place]].split()
        title = " ".join([*one[: 1 + len(one) // 2], *other[len(other) // 2 :]])
        category = f"Aisle {categories[place] % 20}/Shelf {categories[place]}"
        found.append(
            Sheet(
                first + place, title, category=category, codes=(f"SKU-{first + place}",),
                sellers=(int(sellers[place]),), price_minor=int(prices[place]), is_available=bool(place % 10),
            )
        )  # fmt: skip
    return found


def _queries(titles: Sequence[str], dice: np.random.Generator) -> list[str]:
    """Give queries of one to four words that stand together in titles."""
    found = []
    for _ in range(_RUNS * _QUERIES):
        words = titles[int(dice.integers(len(titles)))].split()
        size = int(dice.integers(1, 5))
        first = int(dice.integers(0, max(1, len(words) - size)))
        found.append(" ".join(words[first : first + size]))
    return found


def _timed(name: str, queries: Sequence[str], ask: Callable[[str], object]) -> list[Figure]:
    for words in queries[:20]:
        ask(words)
    medians, tails, walls = [], [], []
    for run in range(_RUNS):
        times, wall = [], []
        for words in queries[run * _QUERIES : (run + 1) * _QUERIES]:
            began, clock = time.thread_time(), time.perf_counter()
            ask(words)
            times.append((time.thread_time() - began) * 1_000)
            wall.append((time.perf_counter() - clock) * 1_000)
        medians.append(float(np.quantile(times, 0.5)))
        tails.append(float(np.quantile(times, 0.99)))
        walls.append(float(np.quantile(wall, 0.99)))
    return [
        figure(f"{name} p50", door="in process", unit="ms CPU", values=medians),
        figure(f"{name} p99", door="in process", unit="ms CPU", values=tails),
        figure(f"{name} p99 by the wall", door="in process", unit="ms", values=walls),
    ]


def _fresh(engine: Engine, product: int, titles: Sequence[str]) -> float:
    began = time.perf_counter()
    engine.put([Sheet(product, f"{titles[product % len(titles)]} fresh{product}")])
    engine.commit(2)
    found = engine.find(Asked(f"fresh{product}", has_facets=False)).results
    assert [result.product for result in found[:1]] == [product]
    return (time.perf_counter() - began) * 1_000
