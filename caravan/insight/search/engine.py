"""The search engine: understands a query, retrieves by words, ranks by features, counts facets, and says why."""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caravan.cell import forest
from caravan.insight.search import features, text
from caravan.insight.search.lessons import Kept, Lessons, fitted, neighborhood, nothing_learned
from caravan.insight.search.ports import EVERYTHING, SELLABLE, Entry, Facets, Filter, Hits, Index, Term
from caravan.insight.search.spelling import Mended, Speller
from caravan.insight.search.text import Stem
from caravan.insight.search.vocabulary import Vocabulary

WORDS_MAX = 16
QUERY_CHARACTERS_MAX = 200
RANKED_MAX = 240
"""So many of what is retrieved are ranked; a list does not go on behind them."""
_STEMS_MAX = 1_000_000
_EXTRA_WEIGHT = 0.8
_BESIDE_MAX = 40
_UNFINISHED_MAX = 5
SUGGESTIONS_MAX = 10
_PHRASES_SCANNED_MAX = 2_000
_STOP = frozenset(["a", "an", "and", "the", "for", "with", "of", "to", "by", "or", "x", "from", "on", "at"])
_BEFORE_NOUN_ENDS = frozenset(("in", "with", "for"))
_MEASURES = frozenset(("in", "ft", "mm", "cm", "lb", "gal", "oz"))
# Without lessons a list is ordered by these; chosen by hand, and measured beside the learned order by the benchmark.
_BY_HAND = {
    "of the best score": 1.0, "weight of words found": 1.0, "noun is asked for": 0.25, "neighbors found as neighbors": 0.2,
    "last word found": 0.15, "weight of the title that is asked for": 0.1, "words found before in, with or for": 0.1,
}  # fmt: skip
_PINNED = 1e6
_PINNED_MAX = 5
"""What more products than these have is no part number."""
_HAND = np.array([_BY_HAND.get(name, 0.0) for name in features.NAMES])


class Sheet(NamedTuple):
    """A product as whoever feeds the engine knows it. The price is the best landed one, in minor units."""

    product: int
    title: str
    description: str = ""
    brand: str = ""
    category: str = ""
    options: str = ""
    codes: tuple[str, ...] = ()
    sellers: tuple[int, ...] = ()
    price_minor: int = 0
    is_sellable: bool = True
    is_available: bool = True


class Asked(NamedTuple):
    """A query, and what of the answer is wanted."""

    words: str
    only: Filter = SELLABLE
    limit: int = 24
    offset: int = 0
    order: str = "relevance"
    has_facets: bool = True


class Result(NamedTuple):
    """A product that was found, its score, and which of the words it has in or beside its title, and which not."""

    product: int
    score: float
    has: tuple[str, ...]
    lacks: tuple[str, ...]


class Found(NamedTuple):
    """An answer: the results, how many have all words, what was mended or dropped, and by which ranking."""

    results: list[Result]
    total: int
    facets: Facets | None
    words: tuple[str, ...]
    mended: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...]
    has_more: bool
    ranking: str


class _Query(NamedTuple):
    """A query as it is looked for: terms in order, alternatives, the groups of which a full match has one each."""

    terms: list[str]
    extras: list[str]
    groups: list[list[str]]
    shown: dict[str, str]
    mended: Mended


class Engine:
    """Finds products. One thread puts products in; any number ask."""

    def __init__(self, index: Index, stem: Stem, *, latin: str = "english") -> None:
        self._index, self._stem_in, self._latin = index, stem, latin
        self._stems: dict[str, str] = {}
        self.vocabulary = Vocabulary()
        self.speller = Speller()
        self.lessons = nothing_learned()
        self.rival: Lessons | None = None
        self._synonyms: dict[tuple[str, ...], list[list[str]]] = {}
        self._is_sellable = np.zeros(1, np.bool_)
        self._is_available = np.zeros(1, np.bool_)
        self._price = np.zeros(1, np.int64)
        self._phrases: tuple[list[str], NDArray[np.int64]] = ([], np.zeros(0, np.int64))
        self._completions: dict[str, list[str]] = {}
        self._phrased_at = -1
        self._changes = threading.Lock()

    # What goes in.

    def put(self, sheets: Sequence[Sheet]) -> None:
        """Take products in, in place of what was known of them."""
        with self._changes:
            self._index.put([self._entry(sheet) for sheet in sheets])

    def remember(self, sheets: Sequence[Sheet]) -> None:
        """Take in what is kept in memory of products that the index has already."""
        with self._changes:
            for sheet in sheets:
                self._entry(sheet)

    @property
    def position(self) -> int:
        """Give the position in the log that the index stands at."""
        return self._index.position()

    def close(self) -> None:
        """Let go of the index."""
        with self._changes:
            self._index.close()

    def start_over(self) -> None:
        """Throw the index away, and begin with an empty one."""
        with self._changes:
            self._index.clear()

    def commit(self, position: int = 0) -> None:
        """Let what was put be found. Raises IndexBroken where it can't be written."""
        with self._changes:
            self._index.commit(position)

    def _entry(self, sheet: Sheet) -> Entry:
        found = text.words(sheet.title)
        title = [self.stem(word) for word in found if word not in _STOP]
        if sheet.product >= len(self._price):
            room = max(sheet.product + 1, 2 * len(self._price))
            self._is_sellable, self._is_available, self._price = (
                np.concatenate([column, np.zeros(room - len(column), column.dtype)])
                for column in (self._is_sellable, self._is_available, self._price)
            )
        self._is_sellable[sheet.product] = sheet.is_sellable
        self._is_available[sheet.product] = sheet.is_available
        self._price[sheet.product] = sheet.price_minor
        near = text.words(f"{sheet.brand} {sheet.category} {sheet.options}")
        rest = [*near, *text.words(sheet.description)]
        # Behind the title's words stand those beside it, so that "blue" is found in an option, too.
        beside = dict.fromkeys(self.stem(word) for word in near[:_BESIDE_MAX] if word not in _STOP)
        title_terms = set(title)
        if self.vocabulary.put(
            sheet.product, [*title, *(term for term in beside if term not in title_terms)], _noun(found)
        ):
            self.speller.learn([found])
            self.speller.know([*rest, *(word for code in sheet.codes for word in text.words(code))])
        codes = [joined for code in (sheet.title, *sheet.codes) for joined in text.codes(code)]
        codes += [word for code in sheet.codes for word in text.words(code)]
        path = sheet.category.split("/") if sheet.category else []
        return Entry(
            sheet.product, title, [self.stem(word) for word in rest if word not in _STOP], codes,
            ["/".join(path[: depth + 1]) for depth in range(len(path))], sheet.sellers, sheet.price_minor,
            sheet.is_sellable, sheet.is_available,
        )  # fmt: skip

    def stem(self, word: str) -> str:
        """Give a word's stem in the language of its script; numbers and codes stay as they are."""
        known = self._stems.get(word)
        if known is None:
            if len(self._stems) >= _STEMS_MAX:
                self._stems.clear()
            guessable = text.is_guessable(word)
            known = self._stem_in(word, text.language_of(word, latin=self._latin)) if guessable else word
            self._stems[word] = known
        return known

    def curate(self, groups: Iterable[Sequence[str]]) -> None:
        """Take the operator's synonyms: whoever looks for one phrase of a group finds the others, too."""
        curated: dict[tuple[str, ...], list[list[str]]] = {}
        for group in groups:
            phrases = [tuple(self.stem(word) for word in text.words(phrase)) for phrase in group]
            for phrase in phrases:
                others = [list(other) for other in phrases if other != phrase and other]
                curated.setdefault(phrase, []).extend(others)
        self._synonyms = curated

    def learn(self, learned: Lessons | Kept | None) -> None:
        """Rank by these lessons from now on; those of another process are fitted to the words that are here. None: by hand."""
        if isinstance(learned, Kept):
            with self._changes:
                learned = fitted(learned, self.vocabulary.numbers, len(self.vocabulary.terms))
        self.lessons = learned or nothing_learned()

    def oppose(self, learned: Kept | None) -> None:
        """Have other lessons ready, to be compared with those that rank; None: no more."""
        with self._changes:
            terms = self.vocabulary
            self.rival = fitted(learned, terms.numbers, len(terms.terms)) if learned is not None else None

    def listed(self, words: Iterable[str]) -> list[str]:
        """Give those of some words that products have."""
        return [word for word in words if self._is_listed(word)]

    def keep(self, learned: Lessons) -> Kept:
        """Give lessons that were learned here with the words that their numbers stand for."""
        return Kept(tuple(self.vocabulary.terms[: len(learned.directions)]), learned)

    # What comes out.

    def find(self, asked: Asked, *, by: Lessons | None = None) -> Found:
        """Answer a query, ranked by other lessons where some are given. Nothing that the words hold can break it."""
        learned = by or self.lessons
        query = self.understand(asked.words)
        if not query.terms:
            return Found([], 0, None, (), (), (), has_more=False, ranking=learned.version)
        hits = self.retrieve(query, asked.only)
        hits, first = self._pinned(asked, hits)
        scores = self.scores(query, hits, by=learned)
        scores[:first] += _PINNED
        order = self._ordered(hits, scores, asked.order)
        shown = order[asked.offset : asked.offset + asked.limit]
        results = [self._result(query, int(hits.products[place]), float(scores[place])) for place in shown]
        facets = self._facets(query, asked.only, hits) if asked.has_facets else None
        total = facets.total if facets and facets.total else len(hits.products)
        dropped: tuple[str, ...] = ()
        if facets is not None and not facets.total and results:
            dropped = results[0].lacks
        return Found(
            results, total, facets, tuple(query.mended.words), tuple(query.mended.changes), dropped,
            has_more=len(order) > asked.offset + asked.limit, ranking=learned.version,
        )  # fmt: skip

    def _pinned(self, asked: Asked, hits: Hits) -> tuple[Hits, int]:
        """Put first what has exactly the part number that was asked for."""
        codes = [Term(code) for code in text.asked_codes(asked.words[:QUERY_CHARACTERS_MAX])]
        if not codes:
            return hits, 0
        exact = self._known(self._index.retrieve(codes, only=asked.only, limit=_PINNED_MAX + 1, is_code=True))
        if not 0 < len(exact.products) <= _PINNED_MAX:
            return hits, 0
        rest = ~np.isin(hits.products, exact.products)
        products = np.concatenate([exact.products, hits.products[rest]])
        return Hits(products, np.concatenate([exact.scores, hits.scores[rest]])), len(exact.products)

    @property
    def ranking(self) -> str:
        """Name what orders the results."""
        return self.lessons.version

    def understand(self, words: str) -> _Query:
        """Mend, stem and widen a query."""
        found = text.words(words[:QUERY_CHARACTERS_MAX])[:WORDS_MAX]
        mended = self._finished(self.speller.mend(found, self._is_listed))
        wanted = [word for word in mended.words if word not in _STOP]
        terms = [self.stem(word) for word in wanted]
        shown = dict(zip(terms, wanted, strict=True))
        groups = [[term] for term in dict.fromkeys(terms)]
        extras = [self.stem(word) for word in mended.extras] + text.codes(words[:QUERY_CHARACTERS_MAX])
        for start in range(len(terms)):
            for length in range(1, min(4, len(terms) - start) + 1):
                for other in self._synonyms.get(tuple(terms[start : start + length]), ()):
                    extras.extend(other)
                    for place in range(start, start + length):
                        groups[list(dict.fromkeys(terms)).index(terms[place])].extend(other)
        return _Query(terms, list(dict.fromkeys(extras)), groups, shown, mended)

    def _is_listed(self, word: str) -> bool:
        return self.stem(word) in self.vocabulary.numbers

    def _finished(self, mended: Mended) -> Mended:
        """Finish the last word, where it begins words that are listed and is none."""
        if not mended.words or mended.words[-1] in self.speller.counts or text.has_digit(mended.words[-1]):
            return mended
        last = mended.words[-1]
        longer = [word for word in self._complete(last) if " " not in word]
        if not longer or self.speller.is_known(last) or self._is_listed(last):
            return mended
        changes = [*mended.changes, (last, longer[0])]
        return Mended([*mended.words[:-1], longer[0]], [*mended.extras, *longer[1:_UNFINISHED_MAX]], changes)

    def retrieve(self, query: _Query, only: Filter = SELLABLE, limit: int = RANKED_MAX) -> Hits:
        """Find what has some of the words and may be shown."""
        terms = [Term(term) for term in dict.fromkeys(query.terms)]
        terms += [Term(term, _EXTRA_WEIGHT) for term in query.extras if term not in query.terms]
        if only == SELLABLE:
            # Unfiltered, the index passes over most of what it holds; what can't be bought is dropped behind it.
            hits = self._known(self._index.retrieve(terms, only=EVERYTHING, limit=limit))
            may = self._is_sellable[hits.products]
            if may.sum() >= limit // 2 or len(hits.products) < limit:
                return Hits(hits.products[may], hits.scores[may])
        return self._known(self._index.retrieve(terms, only=only, limit=limit))

    def _known(self, hits: Hits) -> Hits:
        """Drop what the index has and memory does not: while a shop is being read at the start."""
        is_known = hits.products < self.vocabulary.products
        return hits if is_known.all() else Hits(hits.products[is_known], hits.scores[is_known])

    def describe(self, query: _Query, hits: Hits, learned: Lessons, *, skips: int = -1) -> NDArray[np.float32]:
        """Give the features of what was retrieved; lessons from one fold of past queries can be left out."""
        shop = self.vocabulary
        wanted = shop.known(query.terms)
        idf = shop.idf
        near, likeness = neighborhood(learned.past, wanted, idf, skips=skips)
        rows: NDArray[np.float32] = features.describe(
            wanted, bool(query.mended.changes), hits.products, hits.scores,
            features.meaning(wanted, idf, learned.directions), near, likeness,
            shop.starts, shop.lengths, shop.heads, shop.tokens, idf, shop.digits, learned.directions, *learned.counts,
        )  # fmt: skip
        rows[:, -1] = rows @ _HAND  # What was learned begins from there.
        return rows

    def scores(self, query: _Query, hits: Hits, *, by: Lessons | None = None) -> NDArray[np.float64]:
        """Score what was retrieved: by what was learned, or by hand."""
        learned = by or self.lessons
        rows = self.describe(query, hits, learned)
        if learned.forest is None:
            by_hand: NDArray[np.float64] = rows @ _HAND
            return by_hand
        found = np.zeros(len(rows))
        forest.score(rows, len(rows), learned.forest, found)
        return found

    def _ordered(self, hits: Hits, scores: NDArray[np.float64], order: str) -> NDArray[np.int64]:
        places = np.argsort(-scores, kind="stable")
        if order in {"price", "-price"}:
            prices = self._price[hits.products]
            places = np.argsort(prices if order == "price" else -prices, kind="stable")
        is_gone = ~self._is_available[hits.products[places]]
        return np.concatenate([places[~is_gone], places[is_gone]])

    def _result(self, query: _Query, product: int, score: float) -> Result:
        title = {self.vocabulary.terms[token] for token in self.vocabulary.title(product)}
        terms = list(dict.fromkeys(query.terms))
        return Result(
            product, score, tuple(query.shown[term] for term in terms if term in title),
            tuple(query.shown[term] for term in terms if term not in title),
        )  # fmt: skip

    def _facets(self, query: _Query, only: Filter, hits: Hits) -> Facets:
        prices = self._price[hits.products]
        return self._index.facets(query.groups, only=only, bands=_bands(prices))

    # While somebody types.

    def suggest(self, typed: str, limit: int = SUGGESTIONS_MAX) -> list[str]:
        """Complete what somebody types, out of the words and pairs of words that are listed, the commonest first."""
        found = text.words(typed[:QUERY_CHARACTERS_MAX])[:WORDS_MAX]
        if not found:
            return []
        limit = min(limit, SUGGESTIONS_MAX)
        before, last = found[:-1], found[-1]
        whole = self._complete(" ".join(found))
        if before and len(whole) < limit:
            head = " ".join(before[:-1])
            pairs = [f"{head} {pair}".strip() for pair in self._complete(f"{before[-1]} {last}")]
            words = [" ".join([*before, word]) for word in self._complete(last) if " " not in word]
            whole = [*whole, *pairs, *words]
        if not whole:
            mended = self.speller.mend(found, self._is_listed)
            whole = [" ".join(mended.words)] if mended.changes else []
        return list(dict.fromkeys(whole))[:limit]

    def _complete(self, beginning: str) -> list[str]:
        known = self._completions.get(beginning)
        if known is None:
            known = self._scan(beginning)
            if len(self._completions) < _STEMS_MAX:
                self._completions[beginning] = known
        return known

    def _scan(self, beginning: str) -> list[str]:
        phrases, counts = self._phrases
        low = bisect_left(phrases, beginning)
        high = bisect_left(phrases, beginning + "\U0010ffff", low)
        found = counts[low:high]
        if len(found) > _PHRASES_SCANNED_MAX:
            best = np.argpartition(-found, SUGGESTIONS_MAX)[: SUGGESTIONS_MAX * 2]
            best = best[np.argsort(-found[best], kind="stable")]
        else:
            best = np.argsort(-found, kind="stable")[: SUGGESTIONS_MAX * 2]
        return [phrases[low + place] for place in best]

    def phrase(self, *, is_forced: bool = False) -> None:
        """Lay out what is suggested anew, when the shop has grown by a hundredth since."""
        if not is_forced and self.vocabulary.products <= self._phrased_at * 1.01:
            return
        self._phrased_at = self.vocabulary.products
        counted = self.speller.phrases()
        phrases = sorted(counted)
        self._phrases = (phrases, np.array([counted[phrase] for phrase in phrases], np.int64))
        self._completions = {}
        for beginning in {phrase[:length] for phrase in phrases for length in (1, 2, 3)}:
            self._complete(beginning)


def warm() -> None:
    """Compile what ranks, or load what was compiled before: some seconds once on a machine, then a tenth a process."""
    shop, learned = Vocabulary(), nothing_learned()
    shop.put(1, ["word"], 0)
    wanted, idf = shop.known(["word"]), shop.idf
    near, likeness = neighborhood(learned.past, wanted, idf)
    features.describe(
        wanted, False, np.ones(1, np.int64), np.ones(1, np.float32),  # noqa: FBT003  # A row of what was retrieved.
        features.meaning(wanted, idf, learned.directions), near, likeness,
        shop.starts, shop.lengths, shop.heads, shop.tokens, idf, shop.digits, learned.directions, *learned.counts,
    )  # fmt: skip


def _noun(found: Sequence[str]) -> int:
    """Give the place, without stop words, of what a title names: the last plain word before "in", "with" or "for"."""
    place, noun = 0, -1
    for at, word in enumerate(found):
        is_measure = word == "in" and at > 0 and text.has_digit(found[at - 1])
        if word in _BEFORE_NOUN_ENDS and noun >= 0 and not is_measure:
            break
        if word in _STOP:
            continue
        if not text.has_digit(word) and word not in _MEASURES:
            noun = place
        place += 1
    return noun


def _bands(prices: NDArray[np.int64]) -> list[int]:
    """Give round bounds that part prices into bands of about the same size."""
    if not len(prices):
        return []
    bounds = []
    for share in (0.25, 0.5, 0.75):
        price = float(np.quantile(prices, share))
        if price >= 1:
            step = 10 ** int(np.log10(price))
            bounds.append(max(1, round(price / step * 2) * step // 2))
    return sorted(set(bounds))
