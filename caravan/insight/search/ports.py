"""What search needs from outside: an index that finds by words, a stemmer, and a trainer for what is learned."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from caravan.cell.forest import Trees
from caravan.insight.search.features import DIMENSIONS, WIDTH, Counts
from caravan.insight.search.lessons import Kept, Lessons, Past
from caravan.kernel.errors import Outage

__all__ = [
    "DIMENSIONS", "EVERYTHING", "SELLABLE", "WIDTH", "Counts", "Entry", "Facets", "Filter", "Hits", "Index", "IndexBroken", "Kept",
    "Lessons", "Past", "Term", "Trainer", "Trees",
]  # fmt: skip


class IndexBroken(Outage):
    """The files of an index can't be written: it is thrown away and made anew."""


class Entry(NamedTuple):
    """A product as an index holds it: stemmed terms by field, and what it is filtered and counted by."""

    product: int
    title: Sequence[str]
    body: Sequence[str]
    codes: Sequence[str]
    categories: Sequence[str]
    """The category and all that it is in, from the top down."""
    sellers: Sequence[int]
    price_minor: int
    is_sellable: bool
    is_available: bool


class Term(NamedTuple):
    """A word that is looked for, as a stem, and how much it counts."""

    text: str
    weight: float = 1.0


class Filter(NamedTuple):
    """Which products may be shown at all; empty fields let everything through. Prices are landed, in minor units."""

    category: str = ""
    seller: int = 0
    price_minor_min: int = 0
    price_minor_max: int = 0
    is_available: bool = False
    is_sellable: bool = True


SELLABLE = Filter()
EVERYTHING = Filter(is_sellable=False)


class Hits(NamedTuple):
    """Products that have some of the words, the best first, with their scores."""

    products: NDArray[np.int64]
    scores: NDArray[np.float32]


class Facets(NamedTuple):
    """How many products were found in all, and how many of them are in each category, price band and seller's shop."""

    total: int
    categories: Mapping[str, int]
    sellers: Mapping[int, int]
    prices: Sequence[tuple[int, int, int]]
    """From, below (0: without end), how many."""
    available: int


class Index(Protocol):
    """Finds products by their words. What is put is found after the next commit, and a commit is all or nothing."""

    def position(self) -> int:
        """Give the position in the log that was handed to the last commit; 0 of an empty index."""
        ...

    def put(self, entries: Sequence[Entry]) -> None:
        """Put products in, in place of what was there under their numbers."""
        ...

    def commit(self, position: int) -> None:
        """Let what was put be found, and remember the position."""
        ...

    def retrieve(self, terms: Sequence[Term], *, only: Filter, limit: int, is_code: bool = False) -> Hits:
        """Find products that have some of the terms; of codes only by their codes."""
        ...

    def facets(self, groups: Sequence[Sequence[str]], *, only: Filter, bands: Sequence[int]) -> Facets:
        """Count the products that have a term out of every group, in all and by facet."""
        ...

    def clear(self) -> None:
        """Throw everything away."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


class Trainer(Protocol):
    """Learns from examples, seeded: the same examples give the same answer."""

    def directions(
        self, offsets: NDArray[np.int64], tokens: NDArray[np.int32], *, terms: int, seed: int
    ) -> NDArray[np.float32]:
        """Give each term a direction, such that terms that stand in titles beside the same terms point alike."""
        ...

    def forest(
        self, rows: NDArray[np.float32], grades: NDArray[np.int64], sizes: NDArray[np.int64], *, seed: int
    ) -> Trees:
        """Learn to order rows by their grades (0 to 9), query by query."""
        ...
