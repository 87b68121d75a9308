"""What you can ask the catalog: a page, a listing, who offers a product."""

from typing import NamedTuple

import numpy as np

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import ListingId, LocationId, ProductId, SellerId, SkuId
from caravan.kernel.money import Money, alphabetic
from caravan.trade.catalog.model import Catalog, ListingStatus, Product


class Listing(NamedTuple):
    """One offer, as people read it."""

    listing: ListingId
    product: ProductId
    sku: SkuId
    seller: SellerId
    location: LocationId
    option: str
    price: Money
    shipping: Money
    condition: str
    status: ListingStatus
    revision: int


def product_of(catalog: Catalog, product: ProductId) -> Product:
    """Give a product page. Refuses an unknown one with NotFound."""
    if not 0 < product < len(catalog.products):
        raise NotFound("There is no such product.")
    return catalog.products[product]


def listing_of(catalog: Catalog, listing: ListingId) -> Listing:
    """Give one listing. Refuses an unknown one with NotFound."""
    if not 0 < listing < len(catalog.listings):
        raise NotFound("There is no such listing.")
    table = catalog.listings
    sku = SkuId(int(table.sku[listing]))
    currency = alphabetic(int(table.unit[listing]))
    return Listing(
        listing=listing,
        product=catalog.skus[sku].product,
        sku=sku,
        seller=SellerId(int(table.seller[listing])),
        location=LocationId(int(table.location[listing])),
        option=catalog.skus[sku].option,
        price=Money(int(table.price[listing]), currency),
        shipping=Money(int(table.shipping[listing]), currency),
        condition=catalog.conditions[listing],
        status=ListingStatus(table.status[listing]),
        revision=int(table.revision[listing]),
    )


def offers_of(catalog: Catalog, product: ProductId) -> list[Listing]:
    """Give all listings of a product that can be bought, by landed price."""
    page = product_of(catalog, product)
    listings = [listing for sku in page.skus for listing in catalog.skus[sku].listings]
    live = [listing for listing in listings if catalog.listings.status[listing] == ListingStatus.LIVE]
    return sorted(
        (listing_of(catalog, listing) for listing in live),
        key=lambda offer: (offer.price.amount + offer.shipping.amount, offer.listing),
    )


def in_category(catalog: Catalog, listings: np.ndarray, category: str) -> np.ndarray:
    """Tell which listings are in a category or below it. Shape: int64 [n] -> bool [n]."""
    matches = [name == category or name.startswith(category + "/") for name in catalog.categories]
    is_in: np.ndarray = np.array(matches, np.bool_)[catalog.listings.category[listings]]
    return is_in
