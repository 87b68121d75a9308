"""The storefront: home, categories, products, sellers and the search."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.errors import CaravanError, Invalid, NotFound
from caravan.kernel.ids import ProductId, SellerId, SkuId
from caravan.kernel.money import plain
from caravan.trade.orders import UNITS_PER_LINE_MAX
from caravan.web.pages import baskets, dates, shelves, tastes
from caravan.web.pages.shop import children
from caravan.web.pages.visit import Visit, local_path, path_id
from caravan.web.reach import ask
from caravan.world import partners

_NEIGHBORS = 6
_FOR_YOU = 12
_CHOICES_MAX = 10
_FACETS_MAX = 8
_CATEGORY_CHARACTERS_MAX = 200
_MINOR_DIGITS_MAX = 15
_DATED_MAX = 20  # Of more offers than that, the cheapest are told a date.
_AVAILABILITY = {True: "https://schema.org/InStock", False: "https://schema.org/OutOfStock"}
_CONDITIONS = {"new": "NewCondition", "used": "UsedCondition", "refurbished": "RefurbishedCondition"}


async def home(visit: Visit) -> Response:
    """Show what there is."""
    window, aisles = await visit.shop.window(), await visit.shop.aisles()
    popular = await ask(visit.caravan, baskets.cards, window.popular)
    new = await ask(visit.caravan, baskets.cards, window.new)
    sellers = await ask(visit.caravan, _sellers)
    for_you = await tastes.shelf(visit, "home", limit=_FOR_YOU) if window.popular else []
    return await visit.show(
        "home.html", tops=children(aisles, ""), popular=popular, new=new, sellers=sellers, for_you=for_you
    )


def _sellers(house: House) -> int:
    return int(house.partners.active.sum())


async def category(visit: Visit) -> Response:
    """Show a category, a page at a time."""
    path = visit.request.path_params["path"].strip("/")
    aisle = (await visit.shop.aisles()).get(path)
    if path and aisle is None:
        raise NotFound("There is no such category, or nothing is on offer in it.")
    query = visit.request.query_params
    sort = query.get("sort", "popular")
    if sort not in shelves.SORTS:
        sort = "popular"
    found = await shelves.browse(visit.caravan, category=path, sort=sort, after=query.get("after", ""))
    cards = await ask(visit.caravan, baskets.cards, found.products)
    more = "?" + urlencode({"sort": sort, "after": found.next}) if found.next else ""
    return await visit.show(
        "category.html", path=path, aisle=aisle, cards=cards, more=more, sort=sort, sorts=shelves.SORTS,
        below=children(await visit.shop.aisles(), path), is_first=not query.get("after"),
    )  # fmt: skip


async def product(visit: Visit) -> Response:
    """Show a product, with everybody's offers of one of its options."""
    sheet = await ask(visit.caravan, baskets.sheet, path_id(visit, ProductId))
    await tastes.note_look(visit, sheet.product)
    also = await tastes.shelf(visit, "also_bought", about=[sheet.product])
    options = list({offer.option: offer.sku for offer in sheet.offers if offer.sku}.items())
    chosen = _chosen(sheet, visit.request.query_params.get("option", ""))
    offers = [offer for offer in sheet.offers if offer.sku == chosen]
    near = await shelves.neighbors(visit.caravan, category=sheet.category, product=sheet.product, limit=_NEIGHBORS)
    quotes = await dates.by_listing(visit, [offer.listing for offer in offers[:_DATED_MAX]])
    maker = await ask(visit.caravan, _seller, offers[0].seller if offers else sheet.seller)
    return await visit.show(
        "product.html", sheet=sheet, options=sorted(options, key=lambda pair: pair[1]), chosen=chosen, offers=offers,
        near=await ask(visit.caravan, baskets.cards, near), also=also, seller=maker, few=baskets.FEW, choices_max=_CHOICES_MAX,
        markup=_markup(sheet, str(visit.request.base_url).rstrip("/")), most=UNITS_PER_LINE_MAX, quotes=quotes,
        is_followed=tastes.may_remember(visit),
    )  # fmt: skip


def _chosen(sheet: baskets.Sheet, public: str) -> SkuId:
    """Choose the option that was asked for; else the one with the best offer."""
    numbers = {ids.text(SkuId, offer.sku): offer.sku for offer in sheet.offers}
    if public in numbers:
        return numbers[public]
    return sheet.offers[0].sku if sheet.offers else SkuId(0)


def _markup(sheet: baskets.Sheet, base: str) -> dict[str, object]:
    """Describe a product in schema.org's words, for search engines."""
    public = ids.text(ProductId, sheet.product)
    offers = [
        {
            "@type": "Offer",
            "price": plain(offer.price.amount, offer.price.currency),
            "priceCurrency": offer.price.currency,
            "availability": _AVAILABILITY[offer.available > 0],
            "itemCondition": f"https://schema.org/{_CONDITIONS.get(offer.condition, 'NewCondition')}",
            "seller": {"@type": "Organization", "name": offer.seller_name},
            "shippingDetails": {
                "@type": "OfferShippingDetails",
                "shippingRate": {
                    "@type": "MonetaryAmount",
                    "value": plain(offer.shipping.amount, offer.shipping.currency),
                    "currency": offer.shipping.currency,
                },
            },
        }
        for offer in sheet.offers[:50]
    ]
    described: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": sheet.title,
        "description": sheet.description,
        "category": sheet.category.replace("/", " > "),
        "url": f"{base}/products/{public}",
        "image": f"{base}/products/{public}/image.svg",
        "offers": offers,
    }
    if sheet.brand:
        described["brand"] = {"@type": "Brand", "name": sheet.brand}
    if sheet.gtin:
        described["gtin"] = sheet.gtin
    return described


def _seller(house: House, seller: SellerId) -> partners.Seller | None:
    return partners.seller_of(house.partners, seller) if seller else None


async def seller(visit: Visit) -> Response:
    """Show a seller and what they have on offer."""
    number = SellerId(path_id(visit, SellerId))
    who = await ask(visit.caravan, _seller, number)
    if who is None or who.status == partners.SellerStatus.APPLIED:
        raise NotFound("There is no such seller.")
    found = await shelves.of_seller(visit.caravan, number, after=visit.request.query_params.get("after", ""))
    cards = await ask(visit.caravan, baskets.cards, found.products)
    is_active = who.status == partners.SellerStatus.ACTIVE
    more = "?" + urlencode({"after": found.next}) if found.next else ""
    return await visit.show(
        "seller.html", seller=who, cards=cards if is_active else [], is_active=is_active, more=more if is_active else ""
    )


async def search(visit: Visit) -> Response:
    """Find products by words, say what was mended or left out, and offer what the answer can be narrowed to."""
    query = visit.request.query_params
    words = " ".join(query.get("q", "").split())[: shelves.WORDS_CHARACTERS_MAX]
    narrowed = _narrowed(query)
    visitor = tastes.visitor_of(visit)
    page = await shelves.search(
        visit.caravan, words, narrowed=narrowed, after=query.get("after", ""), visitor=visitor,
        buyer=visit.buyer if any(visitor) else ids.BuyerId(0),
    )  # fmt: skip
    found, after = page.found, page.next
    cards = await ask(visit.caravan, baskets.cards, [ProductId(result.product) for result in found.results])
    kept = _kept(words, narrowed)
    sellers = await ask(visit.caravan, _names, list(found.facets.sellers) if found.facets else [])
    return await visit.show(
        "search.html", words=words, cards=cards, first=page.first, more="?" + urlencode(kept | {"after": after}) if after else "",
        found=found, narrowed=narrowed, sellers=sellers, kept=kept, facets_max=_FACETS_MAX,
        narrow=lambda **change: "?" + urlencode({name: value for name, value in (kept | change).items() if value}),
        tops=children(await visit.shop.aisles(), ""),
    )  # fmt: skip


def _narrowed(query: Mapping[str, str]) -> shelves.Narrowed:
    """Read what a search is narrowed to; what can't be read is left out, as a bookmark may be old."""
    seller = query.get("seller", "")
    try:
        number = ids.number(SellerId, seller) if seller else 0
    except CaravanError:
        number = 0
    return shelves.Narrowed(
        category=query.get("in", "")[:_CATEGORY_CHARACTERS_MAX], seller=number, price_min=_minor(query.get("from", "")),
        price_max=_minor(query.get("to", "")), in_stock=query.get("stock") == "1",
    )  # fmt: skip


def _minor(written: str) -> int:
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= _MINOR_DIGITS_MAX else 0


def _kept(words: str, narrowed: shelves.Narrowed) -> dict[str, str]:
    kept = {
        "q": words, "in": narrowed.category, "seller": ids.text(SellerId, narrowed.seller) if narrowed.seller else "",
        "from": str(narrowed.price_min or ""), "to": str(narrowed.price_max or ""), "stock": "1" * narrowed.in_stock,
    }  # fmt: skip
    return {name: value for name, value in kept.items() if value}


def _names(house: House, numbers: Sequence[int]) -> dict[int, str]:
    return {number: partners.seller_of(house.partners, SellerId(number)).name for number in numbers}


async def choose_currency(visit: Visit) -> Response:
    """Show prices in a currency from now on, beside the market's: about, as the rate moves until checkout."""
    chosen = visit.form.text("currency", longest=3)
    if chosen not in visit.currencies:
        raise Invalid("There is no rate of this currency.", field="currency")
    visit.keep_currency("" if chosen == visit.shop.market().currency else chosen)
    return visit.go(local_path(visit.form.text("next", longest=500, is_needed=False), "/"))
