"""Pictures: a product's own drawing where there is one, and a quiet one made of its category where there is none."""

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from caravan.bootstrap import Caravan
from caravan.flows.house import House
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ProductId, number
from caravan.trade import catalog
from caravan.web.reach import ask

DRAWING_CHARACTERS_MAX = 90_000
_TINTS = ("#fbeadd", "#e4f0e6", "#e2eef5", "#eee8f5", "#fbf2d9", "#f9e6e6", "#f1ebe2", "#dff0ee")
_INKS = ("#9a5a2f", "#3d6b50", "#2f5f80", "#5b4a86", "#8a6a12", "#9a4450", "#6f5a3a", "#276b66")
# A drawing runs in a sandbox without scripts and without a net; these are refused all the same, to be told early.
_ACTIVE = re.compile(
    r"<\s*(script|foreignobject|iframe|embed|object|handler|set|animate)|<!(doctype|entity)|\bon\w+\s*=|javascript:",
    re.IGNORECASE,
)
_REMOTE = re.compile(r"""(?:href|src)\s*=\s*["']?\s*[^"'#\s]|url\(\s*["']?[^"'#\s]""", re.IGNORECASE)
_PHOTO = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=]*")
_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",
}
_FRESH = {"Cache-Control": "public, max-age=60"}


def tint(category: str) -> int:
    """Choose one of eight soft colors for a category: the same for all below one top category."""
    return sha256(category.partition("/")[0].encode()).digest()[0] % len(_TINTS)


def drawing_of(markup: str) -> str:
    """Check a drawing that somebody pasted. Refuses what is no SVG, is too large, runs or reaches out."""
    markup = markup.strip()
    if not markup:
        return ""
    if len(markup) > DRAWING_CHARACTERS_MAX:
        raise Invalid(f"A drawing has at most {DRAWING_CHARACTERS_MAX} characters.", field="image")
    if not markup.startswith("<svg") or not markup.endswith("</svg>") or "http://www.w3.org/2000/svg" not in markup:
        raise Invalid(
            'A drawing begins with <svg xmlns="http://www.w3.org/2000/svg" …> and ends with </svg>.', field="image"
        )
    drawn = _PHOTO.sub("#", markup)
    if _ACTIVE.search(drawn) or _REMOTE.search(drawn):
        raise Invalid("A drawing can't run anything or load anything from elsewhere.", field="image")
    return markup


def picture_door(caravan: Caravan) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint for products' pictures."""

    async def endpoint(request: Request) -> Response:
        try:
            product = number(ProductId, request.path_params["id"])
            revision, markup = await ask(caravan, _markup_of, product)
        except (Invalid, NotFound):
            return Response("There is no such picture.", 404, media_type="text/plain")
        etag = f'"{product}-{revision}"'
        is_pinned = request.query_params.get("v") == str(revision)
        headers = _HEADERS | {"ETag": etag} | ({} if is_pinned else _FRESH)
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(markup, headers=headers, media_type="image/svg+xml")

    return endpoint


def _markup_of(house: House, product: ProductId) -> tuple[int, str]:
    page = catalog.product_of(house.catalog, product)
    return page.revision, page.image if page.image.startswith("<svg") else _placeholder(page.title, page.category)


def _placeholder(title: str, category: str) -> str:
    """Draw the first letter of a product on the color of its category, with a shelf below it."""
    place = tint(category)
    letter = escape(next((letter for letter in title if letter.isalnum()), "·").upper())
    wall, ink = _TINTS[place], _INKS[place]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img"><title>{escape(title)}</title>'
        f'<rect width="400" height="400" fill="{wall}"/><circle cx="200" cy="186" r="104" fill="#fff" fill-opacity=".6"/>'
        f'<path d="M0 312Q120 286 220 306T400 300V400H0Z" fill="{ink}" fill-opacity=".14"/>'
        f'<text x="200" y="226" text-anchor="middle" font-family="Georgia,serif" font-size="116" fill="{ink}">{letter}</text>'
        "</svg>"
    )
