"""The demo: look around as a buyer, a seller or the operator, where all money is for play and nobody else can see it."""

import secrets

from starlette.responses import Response

from caravan.flows import settlement
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, CartId, SellerId
from caravan.kernel.money import exponent, numeric
from caravan.trade import ledger
from caravan.web import access
from caravan.web.pages import checkout, operator
from caravan.web.pages.visit import Visit
from caravan.web.reach import ask, do, page

_EMAIL = "demo.buyer@caravan.example"
_PLACE = access.Place("Alex Caravan", "Rua das Flores 12", "Porto", "4050-265", "PT")
_MONEY_MAJOR = 500
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


async def choose(visit: Visit) -> Response:
    """Offer the three ways to look around."""
    _here(visit)
    seller = await _busiest_seller(visit)
    name = await ask(visit.caravan, lambda house: house.partners.sellers[seller].name)
    return await visit.show("demo.html", seller_name=name, money=_MONEY_MAJOR)


async def enter(visit: Visit) -> Response:
    """Log the visitor in as the one they chose."""
    _here(visit)
    role = visit.form.fields.get("role", "")
    if role == "buyer":
        return await _as_buyer(visit)
    if role == "seller":
        seller = await _busiest_seller(visit)
        if not seller:
            raise NotFound("There is no seller yet.")
        visit.let_in("seller", await access.issue_token(visit.caravan, audience="seller", subject=seller, days=1))
        return visit.go("/sell/home", "welcome")
    if role == "operator":
        await operator.let_in(visit)
        return visit.go("/operator", "welcome")
    raise NotFound("There is nobody of this kind.")


def _here(visit: Visit) -> None:
    """Refuse all but somebody at this very machine: it is enough to listen on loopback only without a proxy before it."""
    headers = visit.request.headers
    is_forwarded = any(name == "forwarded" or name.startswith("x-forwarded-") or name == "via" for name in headers)
    is_here = (visit.request.url.hostname or "") in _LOOPBACK
    if not visit.shop.market().has_demo or is_forwarded or not is_here:
        raise NotFound("There is nothing at this address.")


async def _as_buyer(visit: Visit) -> Response:
    mark = visit.caravan.vault.mark(_EMAIL)
    known = await ask(visit.caravan, _buyer, mark)
    buyer = known or await access.register(
        visit.caravan, access.Registration(_PLACE.name, _EMAIL, secrets.token_urlsafe(24), _PLACE.country, _PLACE)
    )
    await _fill(visit, buyer)
    visit.let_in("buyer", await access.issue_token(visit.caravan, audience="buyer", subject=buyer, days=1))
    visit.keep_cart(await ask(visit.caravan, checkout.last_cart_of, buyer, 1_000) or CartId(0))
    return visit.go("/", "welcome")


def _buyer(house: House, mark: bytes) -> BuyerId:
    login = identity.login_of(house.identity, audience="buyer", email_mark=mark)
    return BuyerId(login.subject if login else 0)


async def _fill(visit: Visit, buyer: BuyerId) -> None:
    """Bring the demo buyer's wallet up to what is enough to look around with."""
    currency = visit.shop.market().currency
    wanted = _MONEY_MAJOR * 10 ** exponent(currency)
    posted, held = await ask(visit.caravan, _wallet, buyer, numeric(currency))
    missing = wanted - (posted - held)
    if missing > 0:
        gift = checkout.play_money(visit.caravan.clock.now(), buyer, missing, currency)
        await do(visit.caravan, settlement.top_up, gift, is_many=True)


def _wallet(house: House, buyer: BuyerId, unit: int) -> tuple[int, int]:
    return ledger.balance(house.ledger, ledger.Kind.WALLET, owner=buyer, unit=unit)


async def _busiest_seller(visit: Visit) -> SellerId:
    rows = await page(
        visit.caravan,
        "SELECT seller FROM orders WHERE fulfillment = 'unfulfilled' AND status = 'placed'"
        " GROUP BY seller ORDER BY count(*) DESC, seller LIMIT 1",
    )
    return SellerId(rows[0][0] if rows else 0)
