"""A visit: who has come, in which language, with which cart; how they get an answer, and how forms are kept honest."""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from caravan.bootstrap import Caravan
from caravan.flows.house import House
from caravan.kernel.clock import DAY, SECOND
from caravan.kernel.errors import CaravanError, Invalid, NotFound, Outage, Refusal
from caravan.kernel.ids import BuyerId, CartId, SellerId, number, text
from caravan.kernel.money import CURRENCIES, Money, alphabetic, numeric
from caravan.trade import exchange
from caravan.web.access import bearer_of, revoke_token
from caravan.web.pages.baskets import summary
from caravan.web.pages.formats import Formats, formats_of
from caravan.web.pages.forms import Form, read_form
from caravan.web.pages.shop import Shop
from caravan.web.pages.words import NOTES, problem_of
from caravan.web.reach import ask

_DAY_S = DAY // SECOND
_NOTE_LASTS_S = 60
_CART_LASTS_S = 60 * _DAY_S
_VISIT_COOKIE, _CART_COOKIE, _NOTE_COOKIE = "caravan_visit", "caravan_cart", "caravan_note"
_CURRENCY_COOKIE = "caravan_currency"
_CURRENCY_LASTS_S = 365 * _DAY_S
_PATH_CHARACTERS_MAX = 500
_LOGINS = {"buyer": "/login", "seller": "/sell/login", "operator": "/operator/login"}
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language, Cookie",
}


_OUTAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>We are out of breath</title><h1>We are out of breath</h1><p>Something that we need does not answer."
    ' Nothing is lost: please <a href="">try again</a> in a minute.</p></html>'
)


class ForeignForm(Refusal):
    """This form was not sent from a page of ours, or the page is from before you logged in or out."""


class _Kept(NamedTuple):
    """A cookie to set; without an age it ends with the browser, at 0 it goes away."""

    name: str
    value: str
    age_s: int | None


class Visit:
    """One request of a browser, and everything that its pages need to know about it."""

    def __init__(self, shop: Shop, request: Request) -> None:
        self.shop, self.request = shop, request
        self.caravan: Caravan = shop.caravan
        chosen = request.cookies.get(_CURRENCY_COOKIE, "")
        self.currency = chosen if chosen in CURRENCIES else ""
        formats = formats_of(request.headers.get("accept-language", ""))
        self.formats: Formats = replace(
            formats, now=self.caravan.clock.now(), nearly=self._near if self.currency else None
        )
        self.buyer, self.seller, self.cart = BuyerId(0), SellerId(0), CartId(0)
        self.is_operator = False
        self.form = Form({})
        self._tokens: dict[str, str] = {}
        self._kept: list[_Kept] = []
        self._visit = request.cookies.get(_VISIT_COOKIE, "")

    async def recognize(self) -> None:
        """Find out who this is."""
        for audience in _LOGINS:
            token = self.request.cookies.get(f"caravan_{audience}", "")
            bearer = await bearer_of(self.caravan, token) if token else None
            if bearer is None or bearer.audience != audience:
                continue
            self._tokens[audience] = token
            if audience == "buyer":
                self.buyer = BuyerId(bearer.subject)
            elif audience == "seller":
                self.seller = SellerId(bearer.subject)
            else:
                self.is_operator = True
        self.cart = await self._own_cart()
        if not self._visit:
            self._visit = secrets.token_urlsafe(24)
            self._kept.append(_Kept(_VISIT_COOKIE, self._visit, None))

    async def _own_cart(self) -> CartId:
        public, _, mark = self.request.cookies.get(_CART_COOKIE, "").partition(".")
        if not mark or not hmac.compare_digest(mark.encode(), self._mark_of("cart", public).encode()):
            return CartId(0)
        cart = CartId(number(CartId, public))
        return cart if await ask(self.caravan, _is_own_cart, cart, self.buyer) else CartId(0)

    @property
    def visitor(self) -> str:
        """Give the word by which this browser is known for as long as it stays open."""
        return self._visit

    def knows(self, audience: str) -> bool:
        """Tell whether somebody of this audience is logged in."""
        return audience in self._tokens

    # Cookies.

    def keep(self, name: str, value: str, *, age_s: int | None = None) -> None:
        """Set a cookie with the answer; an age of 0 takes it away."""
        self._kept.append(_Kept(name, value, age_s))

    def _near(self, money: Money) -> Money | None:
        # Rates are replaced whole, so they can be looked at beside the cell's queue.
        return exchange.near(self.caravan.cell.house.exchange, money, self.currency)

    def keep_currency(self, currency: str) -> None:
        """Remember the currency that this visitor thinks in; none for the market's."""
        self.keep(_CURRENCY_COOKIE, currency, age_s=_CURRENCY_LASTS_S if currency else 0)

    @property
    def currencies(self) -> list[str]:
        """Give the currencies that prices can be shown in: the market's, and those that there are rates of."""
        own, rates = self.shop.market().currency, self.caravan.cell.house.exchange.rates
        if numeric(own) not in rates:
            return []
        return [own, *sorted({alphabetic(unit) for unit in rates} - {own})]

    def keep_cart(self, cart: CartId) -> None:
        """Remember which cart is this visitor's; 0 forgets it."""
        self.cart = cart
        public = text(CartId, cart)
        self.keep(_CART_COOKIE, f"{public}.{self._mark_of('cart', public)}", age_s=_CART_LASTS_S if cart else 0)

    def let_in(self, audience: str, token: str) -> None:
        """Log somebody in on this browser."""
        self._tokens[audience] = token
        self.keep(f"caravan_{audience}", token, age_s=self.caravan.settings.token_days * _DAY_S)

    async def let_out(self, audience: str) -> None:
        """Log somebody out, here and for good."""
        token = self._tokens.pop(audience, "")
        if token:
            await revoke_token(self.caravan, token)
        self.keep(f"caravan_{audience}", "", age_s=0)

    def _mark_of(self, purpose: str, words: str) -> str:
        # The line break keeps these apart from e-mail addresses, which the vault marks with the same key.
        return self.caravan.vault.mark(f"{purpose}\n{words}").hex()

    # Forms.

    @property
    def area(self) -> str:
        """Tell in which part of the market this page is: buyer, seller or operator."""
        path = self.request.url.path
        if path.startswith("/operator"):
            return "operator"
        return "seller" if path.startswith("/sell/") or path == "/sell" else "buyer"

    @property
    def token(self) -> str:
        """Give what a form of this page must bring back: bound to this browser and to who is logged in."""
        return self._mark_of("form", f"{self._visit}\n{self._tokens.get(self.area, '')}")

    async def read(self) -> None:
        """Read the form that was sent; refuse one that no page of ours has shown to this visitor."""
        if self.request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise ForeignForm
        self.form = await read_form(self.request)
        if not hmac.compare_digest(self.form.fields.pop("csrf", "").encode(), self.token.encode()):
            raise ForeignForm

    # Answers.

    async def show(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Answer with a page."""
        common = {
            "visit": self,
            "f": self.formats,
            "csrf": self.token,
            "note": NOTES.get(self.request.cookies.get(_NOTE_COOKIE, ""), ""),
            "basket": await ask(self.caravan, summary, self.cart),
            "aisles": await self.shop.aisles(),
            "market": self.shop.market(),
            "form": self.form.fields,
            "wrong": {},
        }
        if common["note"]:
            self.keep(_NOTE_COOKIE, "", age_s=0)
        return HTMLResponse(self.shop.render(template, common | values), status, HEADERS)

    def go(self, path: str, note: str = "") -> Response:
        """Answer a form: see there."""
        assert not note or note in NOTES, note
        if note:
            self.keep(_NOTE_COOKIE, note, age_s=_NOTE_LASTS_S)
        return RedirectResponse(quote(path, safe="/?&=%:,.-_~#"), 303)

    async def tell(self, error: CaravanError) -> Response:
        """Answer with what went wrong, and the next step."""
        problem = problem_of(error)
        if isinstance(error, ForeignForm):
            problem = problem._replace(
                status=403, title="Please send that once more",
                text="The page was from before you logged in or out, or cookies are switched off. Nothing was done.",
                action="Back to where you were", path=self._came_from(),
            )  # fmt: skip
        return await self.show("problem.html", status=problem.status, problem=problem)

    def _came_from(self) -> str:
        referer = urlsplit(self.request.headers.get("referer", ""))
        return local_path(referer.path) if referer.netloc == self.request.url.netloc else "/"

    def dress(self, response: Response) -> Response:
        """Put the cookies on an answer."""
        secure = self.request.url.scheme == "https"
        for name, value, age_s in self._kept:
            response.set_cookie(name, value, max_age=age_s, httponly=True, samesite="lax", secure=secure)
        return response


Handler = Callable[[Visit], Awaitable[Response]]


def door(shop: Shop, handler: Handler, *, needs: str = "") -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a handler; with `needs`, only for those who are logged in as that, others log in first."""

    async def endpoint(request: Request) -> Response:
        visit = Visit(shop, request)
        try:
            await visit.recognize()
            response = await _answer(visit, handler, needs)
        except Outage:
            # Every page asks for something; this one must not.
            return HTMLResponse(_OUTAGE, 503, HEADERS | {"Retry-After": "60"})
        except CaravanError as error:
            response = await visit.tell(error)
        return visit.dress(response)

    return endpoint


async def _answer(visit: Visit, handler: Handler, needs: str) -> Response:
    if needs and not visit.knows(needs):
        path = visit.request.url.path if visit.request.method != "POST" else ""
        return visit.go(_LOGINS[needs] + (f"?next={quote(path)}" if path else ""))
    if visit.request.method == "POST":
        await visit.read()
    return await handler(visit)


def local_path(path: str, default: str = "/") -> str:
    """Give a path on this site back; anything that could lead elsewhere becomes the default."""
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_local and len(path) <= _PATH_CHARACTERS_MAX else default


def wrong_field(error: Refusal) -> dict[str, str]:
    """Give the field that was refused with the words about it, for the form to show beside it."""
    field = error.details.get("field")
    return {str(field): str(error)} if field else {}


def path_id(visit: Visit, kind: object, name: str = "id") -> int:
    """Read a public id from the path; what is none is not found."""
    try:
        return number(kind, visit.request.path_params[name])
    except Invalid:
        raise NotFound("There is nothing at this address.") from None


def _is_own_cart(house: House, cart: CartId, buyer: BuyerId) -> bool:
    carts = house.orders.carts
    return 0 < cart < len(carts) and carts[cart].buyer in {0, buyer}
