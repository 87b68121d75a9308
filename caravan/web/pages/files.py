"""Files for browsers and programs: styles and scripts, the sitemap, and what robots and language models are told."""

from collections.abc import Awaitable, Callable
from mimetypes import guess_type
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from caravan.kernel.ids import ProductId, text
from caravan.web.pages.shop import STATIC, Shop, children
from caravan.web.reach import page

Endpoint = Callable[[Request], Awaitable[Response]]
PRODUCTS_PER_MAP = 10_000
MAPS_MAX = 10_000
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_HOUR = {"Cache-Control": "public, max-age=3600"}
_SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_PRIVATE = ("/my", "/cart", "/checkout", "/thanks", "/sell/", "/operator", "/demo", "/login", "/register", "/search")


async def static(request: Request) -> Response:
    """Give a file of the pages; its address changes with its content."""
    name = request.path_params["name"]
    if name not in STATIC:
        return PlainTextResponse("There is no such file.", 404)
    return Response(STATIC[name], headers=_FOREVER, media_type=guess_type(name)[0])


async def robots(request: Request) -> Response:
    """Tell crawlers what is for them."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE), f"Sitemap: {_base(request)}/sitemap.xml"]
    return PlainTextResponse("\n".join(lines) + "\n", headers=_HOUR)


def sitemap(shop: Shop) -> Endpoint:
    """Make the endpoint that lists the maps."""

    async def endpoint(request: Request) -> Response:
        rows = await page(shop.caravan, "SELECT max(product) FROM shelf")
        maps = min((rows[0][0] or 0) // PRODUCTS_PER_MAP + 1, MAPS_MAX)
        places = [f"<sitemap><loc>{_base(request)}/sitemap-{place}.xml</loc></sitemap>" for place in range(maps)]
        return _xml(f"<sitemapindex {_SPACE}>{''.join(places)}</sitemapindex>")

    return endpoint


def sitemap_part(shop: Shop) -> Endpoint:
    """Make the endpoint that lists a span of products; the first map lists the categories as well."""

    async def endpoint(request: Request) -> Response:
        place = request.path_params["place"]
        first = min(place, MAPS_MAX) * PRODUCTS_PER_MAP
        rows = await page(
            shop.caravan,
            "SELECT product FROM shelf WHERE offers > 0 AND product >= ? AND product < ?",
            (first, first + PRODUCTS_PER_MAP),
        )
        paths = ["/", *(f"/c/{quote(path)}" for path in await shop.aisles())] if place == 0 else []
        paths += [f"/products/{text(ProductId, number)}" for (number,) in rows]
        entries = [f"<url><loc>{escape(_base(request) + path)}</loc></url>" for path in paths]
        return _xml(f"<urlset {_SPACE}>{''.join(entries)}</urlset>")

    return endpoint


def for_models(shop: Shop) -> Endpoint:
    """Make the endpoint that tells language models and their agents what this place is."""

    async def endpoint(request: Request) -> Response:
        market, base = shop.market(), _base(request)
        tops = children(await shop.aisles(), "")
        lines = [
            f"# {market.name}",
            "",
            f"> A marketplace of many small sellers. Prices are in {market.currency}, without and with delivery.",
            "> A buyer's money stays in escrow until the parcel has arrived.",
            "",
            "## For programs",
            "",
            f"- [API]({base}/openapi.json): OpenAPI 3.1; everything that these pages can do, under /v1",
            f"- [Sitemap]({base}/sitemap.xml): all categories and products",
            f"- [Search]({base}/search?q=mug): pages carry schema.org Product and Offer as JSON-LD",
            "",
            "## Categories",
            "",
            *(f"- [{top.name}]({base}{'/c/' + quote(top.path)}): {top.products} products" for top in tops),
        ]
        return PlainTextResponse("\n".join(lines) + "\n", headers=_HOUR)

    return endpoint


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _xml(body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', headers=_HOUR, media_type="application/xml")
