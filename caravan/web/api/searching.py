"""Operations on search: find, suggest, the operator's synonyms, and what was looked for in vain."""

from typing import Annotated

from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from caravan.client import wire
from caravan.flows import finding
from caravan.flows.house import House
from caravan.insight import search
from caravan.insight.search import RANKED_MAX, Asked, Facets, Filter, Found
from caravan.kernel import ids
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import SellerId
from caravan.kernel.money import Money
from caravan.web import looking, suggesting
from caravan.web.api import cursors, resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.goods import on_shelf
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation

MISSED_SHOWN_MAX = 200
_Place = Annotated[int, Meta(ge=0, le=RANKED_MAX)]
_ON_SHELF = "SELECT product, title, category, brand, price, offers, sold, added_at FROM shelf WHERE product IN "


async def search_products(call: Call) -> Reply:
    """Find products by words; the next page begins behind this one."""
    query: wire.SearchQuery = call.query
    if query.price_max and query.price_max < query.price_min:
        raise Invalid("The highest price is not below the lowest.", field="price_max")
    offset = cursors.read(query.after, _Place) or 0
    only = Filter(
        category=query.category, seller=ids.number(SellerId, query.seller) if query.seller else 0,
        price_minor_min=query.price_min, price_minor_max=query.price_max, is_available=query.available,
        is_sellable=query.sellable,
    )  # fmt: skip
    visitor, buyer = suggesting.who(call.caravan, query.visitor, call.buyer_if_any)
    asked = Asked(query.q, only, query.limit, offset, query.sort)
    found = await looking.look(call.caravan, asked, visitor=visitor, buyer=buyer)
    shown = [result.product for result in found.results]
    rows = await call.page(f"{_ON_SHELF}({', '.join(map(str, shown))})", {})
    market = await call.ask(resources.market)
    pages = {row[0]: on_shelf(row, market.currency) for row in rows}
    has_more = found.has_more and offset + query.limit < RANKED_MAX
    return call.say(
        wire.SearchAnswer(
            data=[
                wire.SearchResult(
                    product=pages[result.product],
                    why=wire.FoundWhy(has=list(result.has), lacks=list(result.lacks), score=round(result.score, 4)),
                )
                for result in found.results
                if result.product in pages
            ],
            total=found.total, has_more=has_more, next=cursors.write(offset + query.limit) if has_more else None,
            words=list(found.words), corrections=_corrections(found), left_out=list(found.dropped),
            facets=_facets(found.facets, market.currency) if found.facets else None, ranking=found.ranking,
        )
    )  # fmt: skip


def _corrections(found: Found) -> list[wire.Correction]:
    return [wire.Correction(typed=typed, meant=meant) for typed, meant in found.mended]


def _facets(facets: Facets, currency: str) -> wire.SearchFacets:
    return wire.SearchFacets(
        categories=[wire.FacetCount(value=name, count=count) for name, count in facets.categories.items()],
        sellers=[
            wire.FacetCount(value=ids.text(SellerId, seller), count=count) for seller, count in facets.sellers.items()
        ],
        prices=[
            wire.PriceBand(at_least=Money(low, currency), below=Money(high, currency) if high else None, count=count)
            for low, high, count in facets.prices
        ],
        available=facets.available,
    )


async def suggest_words(call: Call) -> Reply:
    """Complete what somebody types."""
    query: wire.SuggestQuery = call.query
    return call.say(wire.Suggestions(data=await run_in_threadpool(call.caravan.finder.suggest, query.q, query.limit)))


async def show_synonyms(call: Call) -> Reply:
    """Show which phrases mean the same."""
    return call.say(await call.ask(_synonyms))


async def set_synonyms(call: Call) -> Reply:
    """Say which phrases mean the same, in place of what was said before."""
    given: wire.Synonyms = call.body
    return await call.do(finding.set_synonyms, (given.groups, "operator"), lambda house, _: _synonyms(house))


def _synonyms(house: House) -> wire.SynonymGroups:
    return wire.SynonymGroups(groups=search.synonyms(house.search))


async def show_missed(call: Call) -> Reply:
    """Show what was looked for in vain."""
    return call.say(await call.ask(_missed))


def _missed(house: House) -> wire.MissedWords:
    found = search.missed(house.search, limit=MISSED_SHOWN_MAX)
    return wire.MissedWords(data=[wire.Missed(words=words, count=count) for words, count in found])


_EVERYBODY = (PUBLIC, BUYER, SELLER, OPERATOR)
OPERATIONS = (
    Operation(
        method="GET", path="/v1/search", summary="Find products by words", handler=search_products, who=_EVERYBODY,
        query=wire.SearchQuery, response=wire.SearchAnswer, is_open_to_browsers=True, refusals=(Invalid,),
    ),
    Operation(
        method="GET", path="/v1/suggest", summary="Complete what somebody types", handler=suggest_words, who=_EVERYBODY,
        query=wire.SuggestQuery, response=wire.Suggestions, is_open_to_browsers=True,
    ),
    Operation(
        method="GET", path="/v1/search/synonyms", summary="Show the synonyms", handler=show_synonyms, who=(OPERATOR,),
        scope="market:write", response=wire.SynonymGroups,
    ),
    Operation(
        method="PUT", path="/v1/search/synonyms", summary="Set the synonyms", handler=set_synonyms, who=(OPERATOR,),
        scope="market:write", request=wire.Synonyms, response=wire.SynonymGroups, refusals=(Invalid,),
    ),
    Operation(
        method="GET", path="/v1/search/missed", summary="Show what was looked for in vain", handler=show_missed,
        who=(OPERATOR,), scope="market:write", response=wire.MissedWords,
    ),
)  # fmt: skip
