"""The way out of letters: a page that asks once, and an address to which a mail program may post without asking."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from caravan.flows import consents
from caravan.kernel.errors import CaravanError
from caravan.web import letters
from caravan.web.pages.shop import Shop
from caravan.web.pages.visit import Visit
from caravan.web.reach import do


def door(shop: Shop) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint. What is posted needs no form of ours: the token proves that a letter was had (RFC 8058)."""

    async def endpoint(request: Request) -> Response:
        visit = Visit(shop, request)
        await visit.recognize()
        token = request.query_params.get("token", "")
        try:
            buyer = letters.buyer_of(shop.caravan, token)
            is_done = request.method == "POST"
            if is_done:
                await do(shop.caravan, consents.say_consent, consents.Saying(buyer, consents.DIGEST, is_granted=False))
            response = await visit.show("unsubscribe.html", is_done=is_done, letter=token)
        except CaravanError as error:
            response = await visit.tell(error)
        return visit.dress(response)

    return endpoint
