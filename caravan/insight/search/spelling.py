"""Spelling: what a word that nobody lists was meant to be, learned from the words that are listed."""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from caravan.insight.search.text import is_guessable

_LONG = 6
"""From so many letters on, two mistakes are forgiven."""
_CANDIDATES_MAX = 2_000
_MISTAKE_COSTS = 3.0
"""How many times e-fold more common a word has to be to make up for one more mistake."""
_FIRST_LETTER_GAINS = 1.0
_CONTEXT_GAINS = 0.5
_SPLIT_GAINS = 3.0
_CONTEXT_WORDS_MAX = 4
_DOUBT = 1.5
"""Within so much of the best, the second best is looked for, too."""


class Mended(NamedTuple):
    """A query's words as they are looked for, which were added as alternatives, and what was changed."""

    words: list[str]
    extras: list[str]
    changes: list[tuple[str, str]]


class Speller:
    """The words of a shop, how often each is listed, and which stand beside each other."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._pairs: dict[tuple[str, str], int] = {}
        self._near: dict[str, list[str]] = defaultdict(list)
        self._known: set[str] = set()

    def learn(self, texts: Iterable[Sequence[str]]) -> None:
        """Take in the words of new listings."""
        for found in texts:
            for word in set(found):
                if word not in self.counts:
                    self.counts[word] = 0
                    if is_guessable(word):
                        self._index(word)
                self.counts[word] += 1
            for pair in itertools.pairwise(found):
                self._pairs[pair] = self._pairs.get(pair, 0) + 1

    def know(self, found: Iterable[str]) -> None:
        """Take words to be no typos, because they stand in a description, a brand or a code."""
        for word in found:
            self._known.add(word)

    def is_known(self, word: str) -> bool:
        """Tell whether a word stands anywhere on the shelf."""
        return word in self.counts or word in self._known

    def phrases(self) -> dict[str, int]:
        """Give the words, and the pairs of words that stand together more than once, and how often."""
        found = dict(self.counts)
        for pair, count in self._pairs.items():
            if count > 1 and all(map(is_guessable, pair)):
                found[" ".join(pair)] = count
        return found

    def _index(self, word: str) -> None:
        for form in _shortened(word, _mistakes(word)):
            self._near[form].append(word)

    def mend(self, found: Sequence[str], is_listed: Callable[[str], bool] = lambda _: False) -> Mended:
        """Mend what is neither known nor listed in another form; join and part compounds. Numbers are never guessed at."""
        wanted: list[str] = []
        others: list[str] = []
        changes: list[tuple[str, str]] = []
        for word in found:
            if self.is_known(word) or is_listed(word) or not is_guessable(word):
                wanted.append(word)
                continue
            meant, other = self._meant(word, found)
            wanted.extend(meant)
            others.extend(other)
            if meant != [word]:
                changes.append((word, " ".join(meant)))
        return Mended(wanted, [*self._joined(wanted), *others], changes)

    def _meant(self, word: str, beside: Sequence[str]) -> tuple[list[str], list[str]]:
        """Give what a word was meant to be, and what it may have been instead."""
        context = [other for other in beside if other != word and other in self.counts][:_CONTEXT_WORDS_MAX]
        scored = [(self._score(word, other, context), [other]) for other in self._candidates(word)]
        for place in range(2, len(word) - 1):
            count = self._pairs.get((word[:place], word[place:]), 0)
            if count:
                scored.append((math.log(count) + _SPLIT_GAINS, [word[:place], word[place:]]))
        scored = sorted((one for one in scored if one[0] > -math.inf), key=lambda one: -one[0])[:2]
        if not scored:
            return [word], []
        best, meant = scored[0]
        is_close = len(scored) > 1 and scored[1][0] > best - _DOUBT
        return meant, scored[1][1] if is_close else []

    def _candidates(self, word: str) -> list[str]:
        near: dict[str, None] = {}
        for form in _shortened(word, _mistakes(word)):
            near.update(dict.fromkeys(self._near.get(form, ())))
        return list(near)[:_CANDIDATES_MAX]

    def _score(self, word: str, other: str, context: Sequence[str]) -> float:
        most = _mistakes(word)
        away = distance(word, other)
        count = self.counts[other]
        if away > most:
            return -math.inf
        score = math.log(count) - _MISTAKE_COSTS * away + _FIRST_LETTER_GAINS * (word[0] == other[0])
        for beside in context:
            together = self._pairs.get((other, beside), 0) + self._pairs.get((beside, other), 0)
            score += _CONTEXT_GAINS * math.log1p(together)
        return score

    def _joined(self, wanted: Sequence[str]) -> list[str]:
        """Give what neighbors are called when they are written as one word, where that is the commoner way."""
        extras = []
        for pair in itertools.pairwise(wanted):
            count = self.counts.get("".join(pair), 0)
            if count and (count >= self._pairs.get(pair, 0) or any(map(str.isdigit, pair))):
                extras.append("".join(pair))
        return extras


def _mistakes(word: str) -> int:
    return 2 if len(word) >= _LONG else 1


def _shortened(word: str, mistakes: int) -> set[str]:
    forms, latest = {word}, {word}
    for _ in range(mistakes):
        latest = {form[:place] + form[place + 1 :] for form in latest for place in range(len(form))}
        forms |= latest
    return forms


def distance(one: str, other: str) -> int:
    """Count the letters to add, drop, change or swap with a neighbor."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
