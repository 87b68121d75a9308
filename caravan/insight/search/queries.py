"""What you can ask search of the log: the synonyms, and what was looked for in vain."""

from caravan.insight.search.model import Search


def synonyms(search: Search) -> list[list[str]]:
    """Give the groups of phrases that mean the same."""
    return [group.split(",") for group in search.groups]


def missed(search: Search, *, limit: int) -> list[tuple[str, int]]:
    """Give the words that found nothing, the commonest first, and how often each was asked for."""
    return sorted(search.missed.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
