"""The vocabulary: a shop's terms and titles as numbers in arrays, which grow as listings come in."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from caravan.insight.search.text import has_digit

_Kind = TypeVar("_Kind", bound=np.generic)
_FIRST_ROOM = 1_024


class Vocabulary:
    """Terms by number, how many titles have each, and each product's title as numbers of terms."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.terms: list[str] = []
        self.products = 0
        self.starts: NDArray[np.int64] = np.zeros(_FIRST_ROOM, np.int64)
        self.lengths: NDArray[np.int32] = np.zeros(_FIRST_ROOM, np.int32)
        self.heads: NDArray[np.int32] = np.full(_FIRST_ROOM, -1, np.int32)
        self.tokens: NDArray[np.int32] = np.zeros(_FIRST_ROOM, np.int32)
        self.used = 0
        self._counts: NDArray[np.int64] = np.zeros(_FIRST_ROOM, np.int64)
        self._digits: NDArray[np.bool_] = np.zeros(_FIRST_ROOM, np.bool_)
        self._idf: NDArray[np.float64] = np.zeros(_FIRST_ROOM, np.float64)
        self._weighed_at = 0

    def put(self, product: int, title: Sequence[str], head: int) -> bool:
        """Take in a product's title, in place of its former one; tell whether it reads differently."""
        if product >= len(self.starts):
            self.starts, self.lengths = _room(self.starts, product), _room(self.lengths, product)
            self.heads = _room(self.heads, product)
        tokens = [self._number(term) for term in title]
        before = self.title(product)
        if before.tolist() == tokens and product < self.products:
            return False
        if len(before):
            self._counts[np.unique(before)] -= 1
        if self.used + len(tokens) > len(self.tokens):
            self.tokens = _room(self.tokens, self.used + len(tokens))
        self.tokens[self.used : self.used + len(tokens)] = tokens
        self.starts[product], self.lengths[product], self.heads[product] = self.used, len(tokens), head
        self.used += len(tokens)
        for token in set(tokens):
            self._counts[token] += 1
        self.products = max(self.products, product + 1)
        return True

    def _number(self, term: str) -> int:
        number = self.numbers.get(term)
        if number is None:
            number = self.numbers[term] = len(self.terms)
            self.terms.append(term)
            if number >= len(self._counts):
                self._counts, self._digits = _room(self._counts, number), _room(self._digits, number)
                self._idf = _room(self._idf, number)
            self._digits[number] = has_digit(term)
            self._idf[number] = self._rarity(1)
        return number

    def title(self, product: int) -> NDArray[np.int32]:
        """Give a product's title as numbers of terms."""
        return self.tokens[self.starts[product] : self.starts[product] + self.lengths[product]]

    def known(self, terms: Iterable[str]) -> NDArray[np.int32]:
        """Give the numbers of those terms that some title has."""
        return np.array([self.numbers[term] for term in terms if term in self.numbers], np.int32)

    @property
    def idf(self) -> NDArray[np.float64]:
        """How rare each term is; weighed anew when the shop has grown by a hundredth."""
        if self.products > self._weighed_at * 1.01:
            self._weighed_at = self.products
            self._idf = np.log(1 + (self.products - self._counts + 0.5) / (self._counts + 0.5))
        return self._idf

    def _rarity(self, count: int) -> float:
        return float(np.log(1 + max(0.0, self.products - count + 0.5) / (count + 0.5)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many titles have each term."""
        return self._counts[: len(self.terms)]

    @property
    def digits(self) -> NDArray[np.bool_]:
        """Which terms are numbers, sizes or codes."""
        return self._digits


def _room(array: NDArray[_Kind], place: int) -> NDArray[_Kind]:
    grown = np.zeros(max(place + 1, 2 * len(array)), array.dtype)
    grown[: len(array)] = array
    return grown
