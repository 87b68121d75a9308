"""What a visitor may like, on the pages: shelves that follow their looks, and their say in being remembered at all."""

import asyncio
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response

from caravan.flows import consents, discovering
from caravan.flows.house import House
from caravan.insight import discovery
from caravan.kernel import ids
from caravan.kernel.errors import CaravanError, Invalid
from caravan.kernel.ids import ProductId
from caravan.web import suggesting
from caravan.web.pages import baskets
from caravan.web.pages.visit import HEADERS, Visit, path_id
from caravan.web.reach import ask

SHELF_PLACES = 6
CHOICE_COOKIE = "caravan_taste"
_CHOICE_LASTS_S = 365 * 86_400
_REMEMBERED_SHOWN = 12
# Programs that say what they are. Who hides it is found by how fast they look.
_ROBOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|fetch|monitor|curl|wget|python|java/|go-http", re.IGNORECASE
)
_PLACE = re.compile(r"([a-z_]{2,20})\.(\d{1,3})")


class Suggested(NamedTuple):
    """A card on a shelf of suggestions: where it stands, why, and because of which product."""

    card: baskets.Card
    place: str
    reason: str
    because: str


def may_remember(visit: Visit) -> bool:
    """Tell whether what this visitor does may be noted: not against their wish, and not for a program."""
    headers = visit.request.headers
    refuses = headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"
    is_guess = "prefetch" in headers.get("sec-purpose", "") + headers.get("purpose", "")
    is_robot = _ROBOT.search(headers.get("user-agent", "")) is not None
    is_off = visit.request.cookies.get(CHOICE_COOKIE) == "off"
    return not (refuses or is_guess or is_robot or is_off or _has_forbidden(visit))


def _has_forbidden(visit: Visit) -> bool:
    """Tell whether who is logged in has said on their account not to be followed, on whatever browser."""
    return consents.forbids_suggestions(visit.caravan.cell.house, visit.buyer)


def visitor_of(visit: Visit) -> bytes:
    """Give the mark under which this visitor's doings are kept."""
    return suggesting.mark_of(visit.caravan, visit.visitor) if may_remember(visit) else suggesting.NOBODY


async def note_look(visit: Visit, product: ProductId) -> None:
    """Note that a visitor looks at a product, and the list that they came from; a page is shown whatever comes of it."""
    if not may_remember(visit):
        return
    surface, position = _came_by(visit.request.query_params.get("from", ""))
    doings = [discovering.Doing(product, discovery.Signal.VIEWED)]
    if surface:
        doings.insert(0, discovering.Doing(product, discovery.Signal.CLICKED, surface, position))
    noted = discovering.Doings(visitor_of(visit), visit.buyer, tuple(doings))
    visit.caravan.noting.flush()  # What is clicked on was shown before.
    try:
        visit.caravan.cell.submit(discovering.note_signals, noted, is_many=True)
    except CaravanError:
        return


async def end_look(visit: Visit) -> Response:
    """Note for how long a visitor saw a product's page, as the page tells when it is left; it gets no page back."""
    product, dwell_ms = path_id(visit, ProductId), visit.form.integer("dwell_ms", least=0, most=discovery.DWELL_MS_MAX)
    if may_remember(visit):
        left = discovering.Left(ProductId(product), dwell_ms)
        noted = discovering.Doings(visitor_of(visit), visit.buyer, (left,))
        await asyncio.wrap_future(visit.caravan.cell.submit(discovering.note_signals, noted, is_many=True))
        visit.caravan.advice.wake()  # The visitor's next list is not to wait for it.
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=HEADERS)


def note_carted(visit: Visit, product: ProductId) -> None:
    """Note that a visitor put a product into the cart."""
    if not may_remember(visit):
        return
    doing = discovering.Doing(product, discovery.Signal.CARTED)
    noted = discovering.Doings(visitor_of(visit), visit.buyer, (doing,))
    visit.caravan.noting.flush()  # What is clicked on was shown before.
    try:
        visit.caravan.cell.submit(discovering.note_signals, noted, is_many=True)
    except CaravanError:
        return


def _came_by(place: str) -> tuple[str, int]:
    found = _PLACE.fullmatch(place)
    if found is None or found[1] not in discovery.SURFACES:
        return "", -1
    return found[1], int(found[2])


async def shelf(
    visit: Visit, surface: str, *, about: Sequence[ProductId] = (), limit: int = SHELF_PLACES
) -> list[Suggested]:
    """Give what a shelf shows to this visitor, each with its reason."""
    visitor = visitor_of(visit)
    buyer = visit.buyer if visitor != suggesting.NOBODY else ids.BuyerId(0)
    found = await suggesting.suggest(visit.caravan, suggesting.Question(surface, tuple(about), visitor, buyer, limit))
    cards = await ask(visit.caravan, baskets.cards, [one.offer.product for one in found.list])
    titles = await ask(visit.caravan, _titles, [one.because for one in found.list])
    return [
        Suggested(card, f"{surface}.{place}", suggesting.REASONS[one.why], title)
        for place, (card, one, title) in enumerate(zip(cards, found.list, titles, strict=True))
    ]


def _titles(house: House, products: Sequence[ProductId]) -> list[str]:
    return [house.catalog.products[product].title if product else "" for product in products]


async def tastes(visit: Visit) -> Response:
    """Show a visitor what is remembered of them, and let them choose."""
    is_on = may_remember(visit)
    visit.caravan.advice.wait_for(visit.caravan.cell.position, timeout_s=1)
    known = visit.caravan.advice.tastes.recent_of(visitor_of(visit), visit.buyer) if is_on else []
    latest = list(dict.fromkeys(reversed(known)))[:_REMEMBERED_SHOWN]
    cards = await ask(visit.caravan, baskets.cards, latest)
    asked = visit.request.headers
    by_browser = asked.get("sec-gpc") == "1" or asked.get("dnt") == "1"
    return await visit.show(
        "tastes.html", is_on=is_on, by_browser=by_browser, by_account=_has_forbidden(visit), cards=cards
    )  # fmt: skip


async def choose(visit: Visit) -> Response:
    """Take a visitor's choice: on, or off."""
    choice = visit.form.fields.get("choice", "")
    if choice not in {"on", "off"}:
        raise Invalid("Choose on or off.", field="choice")
    visit.keep(CHOICE_COOKIE, choice, age_s=_CHOICE_LASTS_S)
    return visit.go("/tastes")
