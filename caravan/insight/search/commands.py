"""What you can tell search: which words mean the same, and that somebody found nothing."""

from collections.abc import Sequence

from caravan.events import search as events
from caravan.insight.search.text import words
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, ProductId

GROUPS_MAX = 1_000
PHRASES_MAX = 20
PHRASE_CHARACTERS_MAX = 60
MISSED_CHARACTERS_MAX = 100


def set_synonyms(groups: Sequence[Sequence[str]], *, by: str, now: Instant) -> events.SynonymsSet:
    """Say which phrases mean the same, in place of what was said before.

    Refuses a group of one, a phrase without a word or with a comma, and more than is bounded.
    """
    if len(groups) > GROUPS_MAX:
        raise Invalid(f"There are at most {GROUPS_MAX:,} groups of synonyms.", field="groups")
    for place, group in enumerate(groups):
        if not 1 < len(group) <= PHRASES_MAX:
            raise Invalid(f"A group has 2 to {PHRASES_MAX} phrases.", field=f"groups/{place}")
        for phrase in group:
            if "," in phrase or len(phrase) > PHRASE_CHARACTERS_MAX or not words(phrase):
                raise Invalid(
                    f"A phrase has a word, no comma and at most {PHRASE_CHARACTERS_MAX} characters.",
                    field=f"groups/{place}",
                )
    return events.SynonymsSet(at=now, groups=tuple(",".join(group) for group in groups), by=by)


def note_nothing_found(asked: str, *, now: Instant) -> events.SearchFoundNothing:
    """Write down that words found nothing, as they were understood. Refuses what has no word."""
    found = words(asked[:MISSED_CHARACTERS_MAX])
    if not found:
        raise Invalid("There was nothing to look for.", field="words")
    return events.SearchFoundNothing(at=now, words=" ".join(found))


def show_results(
    *, visitor: bytes, buyer: BuyerId, words: Sequence[str], version: str, first: int, products: Sequence[int], now: Instant
) -> events.ResultsShown:  # fmt: skip
    """Note what a visitor was shown for words that products have. Refuses no word at all."""
    if not words:
        raise Invalid("There was nothing to look for.", field="words")
    return events.ResultsShown(
        at=now, visitor=visitor, buyer=buyer, words=" ".join(words), version=version, first=first,
        products=tuple(map(ProductId, products)),
    )  # fmt: skip
