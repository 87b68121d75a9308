"""What happens in search: the operator says which words mean the same, and somebody looks for what isn't there."""

from caravan.kernel.event import Event
from caravan.kernel.ids import BuyerId, ProductId


class SynonymsSet(Event, frozen=True, kw_only=True, tag="search.synonyms_set.v1"):
    """From now on these words mean the same: one line of phrases, parted by commas, for each group."""

    groups: tuple[str, ...]
    by: str


class SearchFoundNothing(Event, frozen=True, kw_only=True, tag="search.found_nothing.v1"):
    """Somebody looked for words that no product on the shelf has, not even when they were mended. Nobody is named."""

    words: str


class ResultsShown(Event, frozen=True, kw_only=True, tag="search.results_shown.v1"):
    """A visitor was shown what was found for words, from place `first` (0 is the top) on, in the order of a version.

    Of the words only those are kept that some product of the shop has, so that a name that somebody typed is not.
    `visitor` is a keyed mark of a browser's visit; `buyer` is 0 for who has not logged in.
    """

    visitor: bytes
    buyer: BuyerId
    words: str
    version: str
    first: int
    products: tuple[ProductId, ...]
