"""What happens in search: the operator says which words mean the same, and somebody looks for what isn't there."""

from caravan.kernel.event import Event


class SynonymsSet(Event, frozen=True, kw_only=True, tag="search.synonyms_set.v1"):
    """From now on these words mean the same: one line of phrases, parted by commas, for each group."""

    groups: tuple[str, ...]
    by: str


class SearchFoundNothing(Event, frozen=True, kw_only=True, tag="search.found_nothing.v1"):
    """Somebody looked for words that no product on the shelf has, not even when they were mended. Nobody is named."""

    words: str
