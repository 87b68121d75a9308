"""What you can ask the catalog: a page, a listing, who offers a product."""

from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import ListingId, LocationId, ProductId, SellerId, SkuId
from caravan.kernel.money import Money, alphabetic
from caravan.trade.catalog.model import Catalog, ListingStatus
from caravan.trade.catalog.pages import Product


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


def product_at(catalog: Catalog, listing: int) -> ProductId:
    """Give the product that a listing offers."""
    return ProductId(int(catalog.skus.table.product[catalog.listings.sku[listing]]))


def listing_of(catalog: Catalog, listing: ListingId) -> Listing:
    """Give one listing. Refuses an unknown one with NotFound."""
    if not 0 < listing < len(catalog.listings):
        raise NotFound("There is no such listing.")
    table, details = catalog.listings, catalog.details
    sku = SkuId(int(table.sku[listing]))
    variants = catalog.skus.table
    currency = alphabetic(int(table.unit[listing]))
    return Listing(
        listing=listing,
        product=ProductId(int(variants.product[sku])),
        sku=sku,
        seller=SellerId(int(table.seller[listing])),
        location=LocationId(int(table.location[listing])),
        option=catalog.skus.options.all[variants.option[sku]],
        price=Money(int(table.price[listing]), currency),
        shipping=Money(int(table.shipping[listing]), currency),
        condition=catalog.conditions.all[details.condition[listing]],
        status=ListingStatus(table.status[listing]),
        revision=int(details.revision[listing]),
    )


def offers_of(catalog: Catalog, product: ProductId) -> list[Listing]:
    """Give all listings of a product that can be bought, by landed price."""
    if not 0 < product < len(catalog.products):
        raise NotFound("There is no such product.")
    _, listings = listings_of(catalog, np.array([product]))
    live = listings[catalog.listings.status[listings] == ListingStatus.LIVE].tolist()
    return sorted(
        (listing_of(catalog, listing) for listing in live),
        key=lambda offer: (offer.price.amount + offer.shipping.amount, offer.listing),
    )


def listings_of(catalog: Catalog, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give all listings of products, whatever their state, in order: whose each is, by its place among the products.

    Shapes: int64 [n] -> places [m], listings [m].
    """
    pages, skus, listings = catalog.products.table, catalog.skus.table, catalog.details
    found: tuple[np.ndarray, np.ndarray] = _listings(
        products, pages.first_sku, skus.following, skus.first_listing, listings.following
    )
    return found


@njit(cache=True, nogil=True)
def _listings(
    products: np.ndarray, first_sku: np.ndarray, following_sku: np.ndarray, first_listing: np.ndarray,
    following_listing: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Follow the chains of SKUs and of their listings: once to count, and once to write down."""
    places, listings = np.empty(0, np.int64), np.empty(0, np.int64)
    for lap in range(2):
        count = 0
        for place in range(products.shape[0]):
            sku = first_sku[products[place]]
            while sku > 0:
                listing = first_listing[sku]
                while listing > 0:
                    if lap == 1:
                        places[count], listings[count] = place, listing
                    count += 1
                    listing = following_listing[listing]
                sku = following_sku[sku]
        if lap == 0:
            places, listings = np.empty(count, np.int64), np.empty(count, np.int64)
    return places, listings


def in_category(catalog: Catalog, listings: np.ndarray, category: str) -> np.ndarray:
    """Tell which listings are in a category or below it. Shape: int64 [n] -> bool [n]."""
    matches = [name == category or name.startswith(category + "/") for name in catalog.categories]
    is_in: np.ndarray = np.array(matches, np.bool_)[catalog.listings.category[listings]]
    return is_in
