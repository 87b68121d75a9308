"""What wires search: the engine over its index, and the terminal's commands that teach it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from caravan.adapters.lessons import LessonFolder
from caravan.adapters.lightgbm import LightGbmTrainer
from caravan.adapters.tantivy_index import TantivyIndex, stem
from caravan.bootstrap.home import open_log, read_house
from caravan.bootstrap.kinds import KINDS
from caravan.config import Settings
from caravan.flows import clicked, finding
from caravan.flows.finding import Graded
from caravan.flows.house import House
from caravan.insight import search as wording
from caravan.insight.search import Engine, Trainer
from caravan.kernel.errors import Invalid

_SHEETS_AT_ONCE = 500
_EXAMINED_TOLD = 10


def make_engine(folder: Path | None = None, *, language: str = "english") -> Engine:
    """Make a search engine over an index in a folder, or in memory. Refuses a language that there is no stemmer of."""
    if language not in wording.LATIN:
        known = ", ".join(wording.LATIN)
        raise Invalid(f"Search knows no language {language[:40]!r}, but {known}.", field="search_language")
    return Engine(TantivyIndex(folder, language=language), stem, latin=language)


def make_trainer(*, threads: int = 1) -> Trainer:
    """Make what learns for search; refuses where its libraries are not installed."""
    return LightGbmTrainer(threads=threads)


def lessons_of(settings: Settings) -> LessonFolder:
    """Give the folder of what search learned in a home."""
    return LessonFolder(settings.home / "search-lessons")


class Taught(msgspec.Struct, frozen=True):
    """What came of teaching search: the version, from how many graded queries and pairs, and the products it knows.

    From clicks: from how many lists, how likely the first places are looked at, and how many pairs that stands on.
    """

    version: str
    queries: int
    pairs: int
    products: int
    lists: int = 0
    examined: tuple[float, ...] = ()
    swapped: int = 0


def teach(
    settings: Settings, graded: Sequence[Graded], *, seed: int, threads: int, progress: Callable[[str, int, int], None]
) -> Taught:  # fmt: skip
    """Teach search to rank from graded pairs over a home's products, while it runs or not, and keep that as a version."""
    house = read_house(settings)
    return _taught(settings, house, finding.examples(house, graded), seed=seed, threads=threads, progress=progress)


def teach_from_clicks(
    settings: Settings, *, is_corrected: bool, seed: int, threads: int, progress: Callable[[str, int, int], None]
) -> Taught:  # fmt: skip
    """Teach search to rank from what people looked for, saw and clicked, as a home's log tells it."""
    house = read_house(settings)
    lists = searched(settings, house).lists
    examples, curve = wording.teach(lists, is_corrected=is_corrected)
    told = _taught(settings, house, examples, seed=seed, threads=threads, progress=progress)
    places = tuple(round(float(place), 3) for place in curve.examined[:_EXAMINED_TOLD])
    return msgspec.structs.replace(told, lists=len(lists), examined=places, swapped=curve.swapped)


def searched(settings: Settings, house: House | None = None) -> clicked.Clicked:
    """Give what people looked for, saw and clicked, as a home's log tells it; of who was erased nothing is."""
    log = open_log(settings, is_reader=True)
    try:
        return clicked.read(log, KINDS, house or read_house(settings))
    finally:
        log.close()


def _taught(
    settings: Settings, house: House, examples: Sequence[wording.Example], *, seed: int, threads: int,
    progress: Callable[[str, int, int], None],
) -> Taught:  # fmt: skip
    last, engine = finding.products(house), make_engine(language=settings.search_language)
    for first in range(1, last + 1, _SHEETS_AT_ONCE):
        engine.put(finding.sheets(house, range(first, min(first + _SHEETS_AT_ONCE, last + 1))))
        progress("Reading the products", first, last)
    engine.commit()
    engine.phrase(is_forced=True)
    learned = wording.learn(engine, examples, make_trainer(threads=threads), seed=seed, report=progress)
    pairs = sum(len(one.grades) for one in examples)
    version = lessons_of(settings).save(engine.keep(learned), {"seed": seed, "queries": len(examples), "pairs": pairs})
    return Taught(version, len(examples), pairs, last)
