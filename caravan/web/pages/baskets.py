"""Baskets: what pages ask the house about products, offers and carts, in a few array look-ups a page."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from caravan.flows.house import House, integers
from caravan.flows.places import available
from caravan.kernel.ids import CartId, ListingId, ProductId, SellerId, SkuId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import catalog
from caravan.world import partners

FEW = 5  # From so few units on, a page says how many are left.
OFFERS_MAX = 500


class Card(NamedTuple):
    """A product as it stands in a list: its best landed price, and whether anybody has it."""

    product: ProductId
    title: str
    category: str
    brand: str
    revision: int
    price: Money | None
    is_available: bool
    sellers: int


class Offer(NamedTuple):
    """One seller's offer of one option of a product."""

    listing: ListingId
    sku: SkuId
    option: str
    seller: SellerId
    seller_name: str
    country: str
    price: Money
    shipping: Money
    landed: Money
    condition: str
    available: int


class Sheet(NamedTuple):
    """Everything that a product page says."""

    product: ProductId
    seller: SellerId
    title: str
    description: str
    category: str
    brand: str
    gtin: str
    attributes: dict[str, str]
    weight_grams: int
    revision: int
    offers: list[Offer]  # by landed price, those that are there first


class Origin(NamedTuple):
    """From where something is sent: the location, what its seller calls it, its city and its country."""

    location: int
    label: str
    city: str
    country: str


def origin_of(house: House, location: int) -> Origin:
    """Give from where something is sent."""
    place = house.partners.locations[location]
    return Origin(location, place.label, place.city, place.country)


class Line(NamedTuple):
    """One line of a cart, a checkout or an order, as people read it."""

    listing: ListingId
    product: ProductId
    title: str
    option: str
    category: str
    revision: int
    seller: SellerId
    seller_name: str
    quantity: int
    price: Money
    shipping: Money
    total: Money
    available: int
    is_live: bool
    sent_from: Origin | None = None


class Group(NamedTuple):
    """The lines of one seller."""

    seller: SellerId
    seller_name: str
    lines: list[Line]
    total: Money


class Summary(NamedTuple):
    """A cart in one line."""

    units: int
    total: Money


class Basket(NamedTuple):
    """A cart, opened."""

    groups: list[Group]
    total: Money
    units: int
    is_sound: bool  # all lines can be bought as they are


def cards(house: House, products: Sequence[ProductId]) -> list[Card]:
    """Give products as they stand in a list."""
    pages = [catalog.product_of(house.catalog, product) for product in products]
    places, listings = catalog.listings_of(house.catalog, integers(list(products)))
    offered = np.bincount(places, minlength=len(pages)).tolist()
    table = house.catalog.listings
    is_live = (table.status[listings] == catalog.ListingStatus.LIVE) & house.partners.active[table.seller[listings]]
    landed = table.price[listings] + table.shipping[listings]
    is_there = is_live & (available(house, listings) > 0)
    found, first = [], 0
    for page, count in zip(pages, offered, strict=True):
        span = slice(first, first + count)
        first += count
        chosen = np.flatnonzero(is_there[span] if is_there[span].any() else is_live[span]) + span.start
        price = None
        if len(chosen):
            best = chosen[np.argmin(landed[chosen])]
            price = Money(int(landed[best]), alphabetic(int(table.unit[listings[best]])))
        sellers = len(np.unique(table.seller[listings[chosen]]))
        found.append(
            Card(
                page.product, page.title, page.category, page.brand, page.revision, price, bool(is_there[span].any()),
                sellers,
            )
        )  # fmt: skip
    return found


def sheet(house: House, product: ProductId) -> Sheet:
    """Give a product page with all its offers."""
    page = catalog.product_of(house.catalog, product)
    listings = [offer for offer in catalog.offers_of(house.catalog, product) if house.partners.active[offer.seller]]
    units = available(house, integers([offer.listing for offer in listings]))
    offers = [_offer(house, listing.listing, int(left)) for listing, left in zip(listings, units, strict=True)]
    return Sheet(
        page.product, page.seller, page.title, page.description, page.category, page.brand, page.gtin,
        dict(page.attributes), page.weight_grams, page.revision,
        sorted(offers[:OFFERS_MAX], key=lambda offer: offer.available <= 0),
    )  # fmt: skip


def _offer(house: House, listing: ListingId, left: int) -> Offer:
    offer = catalog.listing_of(house.catalog, listing)
    seller = partners.seller_of(house.partners, offer.seller)
    return Offer(
        offer.listing, offer.sku, offer.option, offer.seller, seller.name, seller.country, offer.price, offer.shipping,
        Money(offer.price.amount + offer.shipping.amount, offer.price.currency), offer.condition, left,
    )  # fmt: skip


def summary(house: House, cart: CartId) -> Summary:
    """Give a cart in one line; cart 0 is empty."""
    lines = house.orders.carts[cart].lines
    table = house.catalog.listings
    numbers, quantities = integers(list(lines)), integers(list(lines.values()))
    total = int(((table.price[numbers] + table.shipping[numbers]) * quantities).sum())
    return Summary(sum(lines.values()), Money(total, currency_of(house)))


def basket(house: House, cart: CartId) -> Basket:
    """Open a cart: its lines by seller, at the prices of now."""
    wanted = list(house.orders.carts[cart].lines.items())
    units = available(house, integers([listing for listing, _ in wanted]))
    lines = [
        _line(house, listing, quantity, int(left)) for (listing, quantity), left in zip(wanted, units, strict=True)
    ]
    total = Money(sum(line.total.amount for line in lines), currency_of(house))
    is_sound = bool(lines) and all(line.is_live and line.available >= line.quantity for line in lines)
    return Basket(grouped(lines, total.currency), total, sum(line.quantity for line in lines), is_sound)


def _line(house: House, listing: ListingId, quantity: int, left: int) -> Line:
    offer = catalog.listing_of(house.catalog, listing)
    page = catalog.product_of(house.catalog, offer.product)
    seller = partners.seller_of(house.partners, offer.seller)
    is_live = offer.status == catalog.ListingStatus.LIVE and seller.status == partners.SellerStatus.ACTIVE
    shipping = Money(offer.shipping.amount * quantity, offer.shipping.currency)
    total = Money(offer.price.amount * quantity + shipping.amount, offer.price.currency)
    return Line(
        listing, page.product, page.title, offer.option, page.category, page.revision, offer.seller, seller.name,
        quantity, offer.price, shipping, total, left, is_live,
    )  # fmt: skip


def grouped(lines: Iterable[Line], currency: str) -> list[Group]:
    """Part lines by seller."""
    groups = []
    for (seller, name), of in groupby(
        sorted(lines, key=lambda line: line.seller), lambda line: (line.seller, line.seller_name)
    ):
        mine = list(of)
        groups.append(Group(seller, name, mine, Money(sum(line.total.amount for line in mine), currency)))
    return groups


def currency_of(house: House) -> str:
    """Give the market's currency."""
    return house.markets.market.currency if house.markets.market else "EUR"
