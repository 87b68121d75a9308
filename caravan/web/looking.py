"""Looking for: the way from words to results that a door can show, noted for whoever learns from it, the same for all doors."""

from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.flows import discovering, finding
from caravan.insight import discovery
from caravan.insight.search import Asked, Found
from caravan.kernel.ids import BuyerId
from caravan.web.reach import find
from caravan.web.suggesting import NOBODY, note

_NO_BUYER = BuyerId(0)
_RELEVANCE = "relevance"


async def look(caravan: Caravan, asked: Asked, *, visitor: bytes = NOBODY, buyer: BuyerId = _NO_BUYER) -> Found:
    """Search for a visitor, and note what they were shown; of nobody nothing is noted."""
    comparison = caravan.comparing.drawn("search", visitor) if asked.order == _RELEVANCE else None
    found = await find(caravan, asked)
    drafted = None
    if comparison is not None and found.results:
        found, drafted = await _drafted(caravan, asked, found, comparison, visitor)
    if visitor != NOBODY and found.results and asked.order == _RELEVANCE:
        _note(caravan, asked, found, drafted, visitor, buyer)
    return found


async def _drafted(
    caravan: Caravan, asked: Asked, found: Found, comparison: discovery.Comparison, visitor: bytes
) -> tuple[Found, discovering.Drafted | None]:  # fmt: skip
    """Draft the results out of the champion's and the challenger's: alike on each page of the same words."""
    whole = asked._replace(offset=0, limit=asked.offset + asked.limit, has_facets=False)
    rival = await run_in_threadpool(caravan.finder.find_rival, whole)
    if rival is None:
        return found, None
    own = found if not asked.offset else await run_in_threadpool(caravan.finder.find, whole)
    words = " ".join(found.words)
    seed = discovery.seed_of(visitor, words.encode(), comparison.since.to_bytes(8, "big"))
    first, second = ([result.product for result in one.results] for one in (own, rival))
    draft = discovery.draft(first, second, whole.limit, seed=seed)
    results = {result.product: result for one in (rival, own) for result in one.results}
    shown = draft._replace(products=draft.products[asked.offset :], teams=draft.teams[asked.offset :])
    drafted = found._replace(
        results=[results[product] for product in shown.products], ranking=f"{found.ranking}~{rival.ranking}"
    )
    return drafted, discovering.Drafted(comparison, shown)


def _note(
    caravan: Caravan, asked: Asked, found: Found, drafted: discovering.Drafted | None, visitor: bytes, buyer: BuyerId
) -> None:
    """Put down what was shown, with those of the words that products have; nobody waits for it."""
    words = tuple(caravan.finder.engine.listed(found.words))
    if not words:
        return
    products = tuple(result.product for result in found.results)
    looked = finding.Looked(visitor, buyer, words, found.ranking, asked.offset, products, drafted)
    note(caravan, finding.note_results, looked)
