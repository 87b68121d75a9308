"""What goes over the wire of search: questions, answers, synonyms, what was missed."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.goods import ProductOnShelf
from caravan.client.wire.ground import Minor, Paging, Request, Response, SellerRef, Text120, Text200
from caravan.client.wire.recommending import Visitor
from caravan.kernel.money import Money


class SearchQuery(Paging, frozen=True, kw_only=True):
    """Words to search for, and what the answer is narrowed to; prices are landed, in minor units of the market.

    For a visitor, by whatever word the caller chose, what was shown is noted, so that search learns from their clicks.
    """

    q: Text200 = ""
    category: Text200 = ""
    seller: SellerRef | None = None
    price_min: Minor = 0
    price_max: Minor = 0
    available: bool = False
    sellable: bool = True
    sort: Literal["relevance", "price", "-price"] = "relevance"
    visitor: Visitor | None = None


class SuggestQuery(Request, frozen=True, kw_only=True):
    """What somebody has typed so far."""

    q: Text200 = ""
    limit: Annotated[int, Meta(ge=1, le=10)] = 8


class Synonyms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """Groups of phrases that mean the same: whoever looks for one finds the others, too."""

    groups: Annotated[list[Annotated[list[Text120], Meta(max_length=20)]], Meta(max_length=1_000)]


class FoundWhy(Response, frozen=True, kw_only=True):
    """Why a product was found: which words it has, which it lacks, and its score among those found."""

    has: list[str]
    lacks: list[str]
    score: float


class SearchResult(Response, frozen=True, kw_only=True):
    """A product that was found, and why."""

    product: ProductOnShelf
    why: FoundWhy


class Correction(Response, frozen=True, kw_only=True):
    """A word that nobody lists, and what was looked for in its place."""

    typed: str
    meant: str


class FacetCount(Response, frozen=True, kw_only=True):
    """How many products of an answer have a value: a category's path, or a seller's id."""

    value: str
    count: int


class PriceBand(Response, frozen=True, kw_only=True):
    """How many products cost at least so much and less than that, delivered; `below` is absent at the top."""

    at_least: Money
    below: Money | None
    count: int


class SearchFacets(Response, frozen=True, kw_only=True):
    """Counts over all products that have every word, not only those shown."""

    categories: list[FacetCount]
    sellers: list[FacetCount]
    prices: list[PriceBand]
    available: int


class SearchAnswer(Response, frozen=True, kw_only=True):
    """Products, the best first; `total` have every word. What was corrected or left out is said."""

    data: list[SearchResult]
    total: int
    has_more: bool
    next: str | None
    words: list[str]
    corrections: list[Correction]
    left_out: list[str]
    facets: SearchFacets | None
    ranking: str


class Suggestions(Response, frozen=True, kw_only=True):
    """What may be meant, the commonest first."""

    data: list[str]


class SynonymGroups(Response, frozen=True, kw_only=True):
    """The groups of phrases that mean the same."""

    groups: list[list[str]]


class Missed(Response, frozen=True, kw_only=True):
    """Words that found nothing, and how often."""

    words: str
    count: int


class MissedWords(Response, frozen=True, kw_only=True):
    """What was looked for in vain, the commonest first."""

    data: list[Missed]
