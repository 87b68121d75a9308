"""The search index in tantivy: a folder that can be thrown away, or nothing but memory; and its stemmers."""

import itertools
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tantivy

from caravan.adapters.whole_files import write_whole
from caravan.insight.search.ports import Entry, Facets, Filter, Hits, IndexBroken, Term

_SHAPE = "2"  # Change it when the fields change: an index of another shape is thrown away.
_HEAP_BYTES = 64_000_000
_FIELDS = (("title", 1.0), ("codes", 1.2), ("body", 0.25))
_CATEGORIES_MAX = 100
_SELLERS_MAX = 50
_OPEN_END = 2**62


class TantivyIndex:
    """An index with one writer; without a folder it lives in memory. One of another language is thrown away."""

    def __init__(self, folder: Path | None = None, *, language: str = "english") -> None:
        self._folder = folder
        self._shape = _SHAPE if language == "english" else f"{_SHAPE} {language}"
        self._open()

    def _open(self) -> None:
        self._schema = _schema()
        if self._folder is None:
            self._index = tantivy.Index(self._schema)
        else:
            if _read(self._folder / "shape") != self._shape:
                shutil.rmtree(self._folder, ignore_errors=True)
            (self._folder / "index").mkdir(parents=True, exist_ok=True)
            (self._folder / "shape").write_text(self._shape)
            self._index = tantivy.Index(self._schema, path=str(self._folder / "index"))
        self._shelves = _Shelves(self._folder)
        self._index.config_reader("manual")
        self._index.reload()
        self._writer: Any = self._index.writer(_HEAP_BYTES, 1)
        self._searcher = self._index.searcher()

    def position(self) -> int:
        """Give the position that was written down behind the last commit; an index that is empty stands at 0."""
        if not self._searcher.num_docs:
            return 0
        found = _read(self._folder / "position") if self._folder else ""
        return int(found) if found.isdecimal() else 0

    def put(self, entries: Sequence[Entry]) -> None:
        """Put products in, in place of what was there."""
        for entry in entries:
            self._writer.delete_documents_by_term("product", entry.product)
            document = tantivy.Document()
            document.add_integer("product", entry.product)
            for name, terms in (("title", entry.title), ("body", entry.body), ("codes", entry.codes)):
                document.add_text(name, " ".join(terms))
            for category in entry.categories:
                document.add_text("category", category)
            document.add_unsigned("shelf", self._shelves.number(entry.categories))
            for seller in entry.sellers:
                document.add_unsigned("seller", seller)
            document.add_integer("price", entry.price_minor)
            document.add_unsigned("sellable", int(entry.is_sellable))
            document.add_unsigned("available", int(entry.is_available))
            self._writer.add_document(document)

    def commit(self, position: int) -> None:
        """Make what was put durable and findable, then write the position down: what is put twice is there once.

        Raises IndexBroken where that fails: a process that was killed may have left files in the way.
        """
        self._shelves.write()
        try:
            self._writer.commit()
        except ValueError as error:
            raise IndexBroken("The search index could not be written.") from error
        if self._folder is not None:
            draft = self._folder / "position.draft"
            draft.write_text(str(position))
            draft.replace(self._folder / "position")
        self._index.reload()
        self._searcher = self._index.searcher()

    def retrieve(self, terms: Sequence[Term], *, only: Filter, limit: int, is_code: bool = False) -> Hits:
        """Find products that have some of the terms, in any field or among the codes."""
        wanted = [
            (tantivy.Occur.Should, _boosted(self._term(name, term.text), weight * term.weight))
            for term in terms
            for name, weight in _FIELDS
            if name == "codes" or not is_code
        ]
        filters = self._filters(only)
        query = tantivy.Query.boolean_query(wanted)
        if filters:
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *filters])
        searcher = self._searcher
        hits = searcher.search(query, limit, count=False).hits
        if not hits:
            return Hits(np.zeros(0, np.int64), np.zeros(0, np.float32))
        products = searcher.fast_field_values("product", [address for _, address in hits])
        return Hits(np.array(products, np.int64), np.array([score for score, _ in hits], np.float32))

    def facets(self, groups: Sequence[Sequence[str]], *, only: Filter, bands: Sequence[int]) -> Facets:
        """Count the products that have a term out of every group."""
        wanted = [
            (
                tantivy.Occur.Must,
                tantivy.Query.boolean_query(
                    [(tantivy.Occur.Should, self._term(name, term)) for term in group for name, _ in _FIELDS]
                ),
            )
            for group in groups
        ]
        query = tantivy.Query.const_score_query(tantivy.Query.boolean_query([*wanted, *self._filters(only)]), 1.0)
        edges = [0, *bands, 0]
        ranges = [
            {"from": float(low), "to": float(high)} if high else {"from": float(low)}
            for low, high in itertools.pairwise(edges)
        ]
        counted = self._searcher.aggregate(
            query,
            {
                "shelf": {"terms": {"field": "shelf", "size": len(self._shelves.paths)}},
                "seller": {"terms": {"field": "seller", "size": _SELLERS_MAX}},
                "price": {"range": {"field": "price", "ranges": ranges}},
                "available": {"terms": {"field": "available", "size": 2}},
            },
        )
        prices = {int(bucket.get("from", -1)): int(bucket["doc_count"]) for bucket in counted["price"]["buckets"]}
        stock = {int(bucket["key"]): int(bucket["doc_count"]) for bucket in counted["available"]["buckets"]}
        shelves = [(int(bucket["key"]), int(bucket["doc_count"])) for bucket in counted["shelf"]["buckets"]]
        return Facets(
            total=sum(stock.values()),
            categories=self._shelves.whole(shelves),
            sellers={int(bucket["key"]): bucket["doc_count"] for bucket in counted["seller"]["buckets"]},
            prices=[(low, high, prices.get(low, 0)) for low, high in itertools.pairwise(edges) if prices.get(low)],
            available=stock.get(1, 0),
        )

    def _term(self, field: str, text: str) -> Any:  # noqa: ANN401  # tantivy's own query.
        return tantivy.Query.term_query(self._schema, field, text, index_option="freq")

    def _filters(self, only: Filter) -> list[tuple[Any, Any]]:
        term, schema, must = tantivy.Query.term_query, self._schema, tantivy.Occur.Must
        filters = []
        if only.category:
            filters.append(term(schema, "category", only.category))
        if only.seller:
            filters.append(term(schema, "seller", only.seller))
        if only.is_sellable:
            filters.append(term(schema, "sellable", 1))
        if only.is_available:
            filters.append(term(schema, "available", 1))
        if only.price_minor_min or only.price_minor_max:
            low, high = only.price_minor_min, only.price_minor_max or _OPEN_END
            filters.append(tantivy.Query.range_query(schema, "price", tantivy.FieldType.Integer, low, high))
        return [(must, tantivy.Query.const_score_query(found, 0.0)) for found in filters]

    def clear(self) -> None:
        """Throw everything away, files and all, and begin anew."""
        self.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._open()

    def close(self) -> None:
        """Finish the merges that run, and let go of the folder."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None


class _Shelves:
    """Numbers for the categories that products are in themselves, from 1, each with all that it is in, from the top down.

    Of a column with one number a product counting takes a quarter of what it takes where a product has several.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "shelves" if folder is not None else None
        self.paths: list[list[str]] = [[]]
        if self._path is not None and self._path.exists():
            self.paths = msgspec.json.decode(self._path.read_bytes(), type=list[list[str]])
        self._numbers = {tuple(path): number for number, path in enumerate(self.paths)}
        self._written = len(self.paths)

    def number(self, path: Sequence[str]) -> int:
        """Give the number of a category, a new one if it has none; 0 for none."""
        known = tuple(path)
        if known not in self._numbers:
            self.paths.append([*known])
            self._numbers[known] = len(self.paths) - 1
        return self._numbers[known]

    def whole(self, counts: Iterable[tuple[int, int]]) -> dict[str, int]:
        """Count for each category what is in it and in those below it; the fullest first."""
        found: Counter[str] = Counter()
        for number, count in counts:
            for name in self.paths[number]:
                found[name] += count
        return dict(found.most_common(_CATEGORIES_MAX))

    def write(self) -> None:
        """Make names durable before anything that goes by their numbers is."""
        if self._path is None or self._written == len(self.paths):
            return
        write_whole(self._path, msgspec.json.encode(self.paths))
        self._written = len(self.paths)


def _schema() -> Any:  # noqa: ANN401
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("product", indexed=True, fast=True)
    for name, _ in _FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("category", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("shelf", fast=True)
    builder.add_unsigned_field("seller", indexed=True, fast=True)
    builder.add_integer_field("price", indexed=True, fast=True)
    builder.add_unsigned_field("sellable", indexed=True, fast=True)
    builder.add_unsigned_field("available", indexed=True, fast=True)
    return builder.build()


def _boosted(query: Any, weight: float) -> Any:  # noqa: ANN401
    return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


@cache
def _stemmer(language: str) -> Any:  # noqa: ANN401
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stemmer(language)).build()


def stem(word: str, language: str) -> str:
    """Give the Snowball stem of a word."""
    found: list[str] = _stemmer(language).analyze(word)
    return found[0] if found else word
