"""Search: how well graded queries are answered over the whole corpus, known items are found, and how fast at scale.

The data are a folder with `products.parquet` (product_uid, product_title) and `judgments.parquet` (search_term,
product_uid, relevance from 1 to 3). Queries are split into folds, seeded; what is learned for a fold is learned from
the queries of the other folds only, with fixed settings; the weights of the ranking by hand, which a shop has before
anything was learned, were set once while looking at such queries. Every contestant retrieves over the whole corpus. NDCG@10 takes 2^grade - 1 as the gain of a graded product
and 0 of one that is not graded, and divides by the best order of all graded ones; beside it stand the linear gain, and
the variant that orders graded products only. It goes through the engine that the storefront asks, in process.
"""

import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from rich.console import Console

from benchmarks import known_items, million
from benchmarks.runs import Figure, Skipped, figure, machine
from caravan.bootstrap import make_engine, make_trainer
from caravan.insight.search import RANKED_MAX, Asked, Engine, Example, Sheet, learn
from caravan.kernel.errors import Invalid

_say = Console(stderr=True, highlight=False)
_DISCOUNTS = 1 / np.log2(np.arange(2, 12))
_TOP = 10
_DEPTH = 150
_AT_ONCE = 10_000
_WORD = re.compile(r"\w+")
_COLUMNS = {
    "products": ("product_uid", "product_title"),
    "judgments": ("search_term", "product_uid", "relevance"),
}


@dataclass(frozen=True)
class Load:
    """What to run: a folder of graded queries, how many folds and of which seed, and products for the scale test."""

    data: str
    folds: int = 5
    seed: int = 7
    threads: int = 1
    million: int = 0
    peers: bool = True


class Corpus(NamedTuple):
    """Titles by place, and for each query the grades by place."""

    titles: list[str]
    queries: list[str]
    grades: list[dict[int, float]]


class Answer(NamedTuple):
    """How one query was answered: NDCG@10 with both gains and over graded products only, and recall at the depth."""

    ndcg: float
    linear: float
    among_graded: float
    recall: float


Order = Callable[[str, Sequence[int]], tuple[list[int], list[int]]]
"""Answer a query: give places over the whole corpus, and the graded ones in order."""


def run(load: Load) -> dict[str, object]:
    """Measure relevance, known items and, if asked, scale; peers in the same run."""
    corpus = read(Path(load.data))
    engine = _engine(corpus)
    skipped: list[Skipped] = []
    seen: dict[str, list[Answer]] = {}
    folds = np.random.default_rng(load.seed).permutation(len(corpus.queries)) % load.folds
    contestants: dict[str, Order] = {
        "caravan by hand": _by(engine, is_ranked=True), "caravan bm25 with spelling": _by(engine, is_ranked=False),
    }  # fmt: skip
    if load.peers:
        contestants |= _peers(corpus, skipped)
    everybody = range(len(corpus.queries))
    for name, contestant in contestants.items():
        seen[name] = _answers(name, contestant, corpus, everybody)
    learned: dict[int, Answer] = {}
    for fold in range(load.folds):
        learned |= _learned(engine, corpus, folds, fold, load)
    seen["caravan learned"] = [learned[place] for place in everybody]
    found = {
        "benchmark": "search", "machine": machine(), "load": asdict(load), "generator": "inside", "door": "in process",
        "data": {
            "products": len(corpus.titles), "queries": len(corpus.queries), "graded": sum(map(len, corpus.grades)),
        },
        "method": __doc__,
        "relevance": _relevance(seen, folds, load),
        "known_items": known_items.run(seed=load.seed, titles=corpus.titles),
        "figures": _speed(engine, corpus),
        "skipped": skipped,
    }  # fmt: skip
    if load.million:
        found["scale"] = million.run(titles=corpus.titles, products=load.million, seed=load.seed)
    return found


def read(folder: Path) -> Corpus:
    """Read a folder; refuses one of another shape, saying what is missing."""
    tables: dict[str, list[tuple[object, ...]]] = {}
    for name, columns in _COLUMNS.items():
        path = folder / f"{name}.parquet"
        if not path.exists():
            raise Invalid(f"There is no {path}.", field="data")
        try:
            tables[name] = duckdb.execute(
                f"SELECT {', '.join(columns)} FROM read_parquet(?) ORDER BY ALL",  # noqa: S608  # Our own names.
                [str(path)],
            ).fetchall()
        except duckdb.Error as error:
            raise Invalid(f"{path} has to have the columns {', '.join(columns)}: {error}", field="data") from None
    places = {number: place for place, (number, _) in enumerate(tables["products"])}
    grades: dict[str, dict[int, float]] = defaultdict(dict)
    for row, (words, number, grade) in enumerate(tables["judgments"], 1):
        if number not in places:
            raise Invalid(f"Row {row} grades product {number}, which is not among the products.", field="product_uid")
        if not isinstance(grade, float | int) or not 1 <= grade <= 3:
            raise Invalid(f"Row {row} has the grade {grade}: it is from 1 to 3.", field="relevance")
        grades[str(words)][places[number]] = float(grade)
    queries = sorted(grades)
    titles = [str(title) for _, title in tables["products"]]
    return Corpus(titles, queries, [grades[words] for words in queries])


def _engine(corpus: Corpus) -> Engine:
    engine = make_engine()
    for first in range(0, len(corpus.titles), _AT_ONCE):
        some = enumerate(corpus.titles[first : first + _AT_ONCE], first)
        engine.put([Sheet(place, title) for place, title in some])
    engine.commit(1)
    engine.phrase()
    return engine


def _by(engine: Engine, *, is_ranked: bool) -> Order:
    def order(words: str, graded: Sequence[int]) -> tuple[list[int], list[int]]:
        if is_ranked:
            found = engine.find(Asked(words, limit=RANKED_MAX, has_facets=False))
            ranked = [result.product for result in found.results]
        else:
            ranked = engine.retrieve(engine.understand(words)).products.tolist()
        known = set(graded)
        return ranked, [place for place in ranked if place in known]

    return order


def _answers(name: str, contestant: Order, corpus: Corpus, places: Sequence[int]) -> list[Answer]:
    found = []
    for done, place in enumerate(places):
        grades = corpus.grades[place]
        ranked, known = contestant(corpus.queries[place], list(grades))
        found.append(_answer(ranked, known, grades))
        if done % 1_000 == 0:
            _say.print(f"{name}: {done:,} of {len(places):,} queries")
    return found


def _answer(ranked: Sequence[int], known: Sequence[int], grades: Mapping[int, float]) -> Answer:
    # What was not retrieved comes behind, in the order of the corpus: everybody's misses are treated alike.
    among = [*known, *sorted(set(grades) - set(known))]
    return Answer(
        _ndcg(ranked, grades, _doubling), _ndcg(ranked, grades, float), _ndcg(among, grades, _doubling),
        len(set(ranked[:_DEPTH]) & grades.keys()) / len(grades),
    )  # fmt: skip


def _doubling(grade: float) -> float:
    return float(2**grade - 1)


def _ndcg(ranked: Sequence[int], grades: Mapping[int, float], gain: Callable[[float], float]) -> float:
    gains = [gain(grades[place]) if place in grades else 0.0 for place in ranked[:_TOP]]
    best = sorted((gain(grade) for grade in grades.values()), reverse=True)[:_TOP]
    return float(gains @ _DISCOUNTS[: len(gains)]) / float(best @ _DISCOUNTS[: len(best)])


def _learned(engine: Engine, corpus: Corpus, folds: np.ndarray, fold: int, load: Load) -> dict[int, Answer]:
    others, mine = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
    examples = [Example(corpus.queries[place], corpus.grades[place]) for place in others]
    began = time.perf_counter()
    lessons = learn(
        engine, examples, make_trainer(threads=load.threads), seed=load.seed,
        report=lambda what, done, total: _say.print(f"fold {fold + 1}: {what} {done} of {total}"),
    )  # fmt: skip
    _say.print(f"fold {fold + 1}: learned in {time.perf_counter() - began:.0f} s")
    plain = engine.lessons
    engine.learn(lessons)
    answers = _answers(f"fold {fold + 1}", _by(engine, is_ranked=True), corpus, mine)
    engine.learn(plain)
    return dict(zip(mine, answers, strict=True))


def _peers(corpus: Corpus, skipped: list[Skipped]) -> dict[str, Order]:
    peers: dict[str, Order] = {"sqlite fts5": _sqlite(corpus)}
    try:
        peers["duckdb fts"] = _duckdb(corpus)
    except duckdb.Error as error:
        skipped.append(Skipped("duckdb fts", f"The extension can't be loaded here: {str(error).splitlines()[0]}"))
    return peers


def _sqlite(corpus: Corpus) -> Order:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE titles USING fts5 (title, tokenize = 'porter unicode61')")
    rows = list(enumerate(corpus.titles))
    database.executemany("INSERT INTO titles (rowid, title) VALUES (?, ?)", rows)

    def order(words: str, graded: Sequence[int]) -> tuple[list[int], list[int]]:
        expression = " OR ".join(f'"{word}"' for word in _WORD.findall(words))
        if not expression:
            return [], []
        query = "SELECT rowid FROM titles WHERE titles MATCH ? ORDER BY bm25(titles), rowid LIMIT ?"
        ranked = [place for (place,) in database.execute(query, (expression, _DEPTH))]
        return ranked, [place for place in ranked if place in set(graded)]

    return order


def _duckdb(corpus: Corpus) -> Order:
    database = duckdb.connect()
    database.execute("LOAD fts")
    database.execute("CREATE TABLE titles (place BIGINT, title VARCHAR)")
    database.executemany("INSERT INTO titles VALUES (?, ?)", list(enumerate(corpus.titles)))
    database.execute("PRAGMA create_fts_index('titles', 'place', 'title')")

    def order(words: str, graded: Sequence[int]) -> tuple[list[int], list[int]]:
        query = (
            "SELECT place FROM (SELECT place, fts_main_titles.match_bm25(place, ?) AS score FROM titles)"
            " WHERE score IS NOT NULL ORDER BY score DESC, place LIMIT ?"
        )
        ranked = [place for (place,) in database.execute(query, [words, _DEPTH]).fetchall()]
        return ranked, [place for place in ranked if place in set(graded)]

    return order


def _relevance(seen: Mapping[str, Sequence[Answer]], folds: np.ndarray, load: Load) -> list[dict[str, object]]:
    found = []
    for name, answers in seen.items():
        values = np.array(answers)
        by_fold = [float(values[folds == fold, 0].mean()) for fold in range(load.folds)]
        error = float(values[:, 0].std(ddof=1) / np.sqrt(len(values)))
        found.append(
            {
                "name": name,
                "ndcg10": round(float(values[:, 0].mean()), 4),
                "ndcg10_standard_error": round(error, 4),
                "ndcg10_by_fold": [round(value, 4) for value in by_fold],
                "ndcg10_linear_gain": round(float(values[:, 1].mean()), 4),
                "ndcg10_among_graded": round(float(values[:, 2].mean()), 4),
                f"recall{_DEPTH}": round(float(values[:, 3].mean()), 4),
            }
        )
    return found


def _speed(engine: Engine, corpus: Corpus) -> list[Figure]:
    """Time whole answers, ranked by hand and with facets, in processor time: this machine is shared."""
    dice = np.random.default_rng(1)
    medians, tails = [], []
    for _ in range(5):
        times = []
        for place in dice.integers(0, len(corpus.queries), 200):
            began = time.thread_time()
            engine.find(Asked(corpus.queries[place]))
            times.append((time.thread_time() - began) * 1_000)
        medians.append(float(np.quantile(times, 0.5)))
        tails.append(float(np.quantile(times, 0.99)))
    return [
        figure("query p50", door="in process", unit="ms CPU", values=medians),
        figure("query p99", door="in process", unit="ms CPU", values=tails),
    ]
