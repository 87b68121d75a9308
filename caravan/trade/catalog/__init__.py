"""The catalog: product pages, their SKUs, and the listings at which sellers offer them.

Always: a listing is live only after it was submitted (and looked at, where the market wants that); every edit says
who made it; a retired listing never comes back.
"""

from caravan.trade.catalog.commands import (
    ListingDraft,
    NotOnOffer,
    ProductDraft,
    StaleRevision,
    WrongListingState,
    add_listing,
    add_product,
    add_sku,
    edit_product,
    move_listing,
    publish_new,
    relocate,
    reprice,
)
from caravan.trade.catalog.model import Catalog, ListingStatus
from caravan.trade.catalog.pages import Pages, Product, Skus
from caravan.trade.catalog.queries import (
    Listing,
    in_category,
    listing_of,
    listings_of,
    offers_of,
    product_at,
    product_of,
)

__all__ = [
    "Catalog",
    "Listing",
    "ListingDraft",
    "ListingStatus",
    "NotOnOffer",
    "Pages",
    "Product",
    "ProductDraft",
    "Skus",
    "StaleRevision",
    "WrongListingState",
    "add_listing",
    "add_product",
    "add_sku",
    "edit_product",
    "in_category",
    "listing_of",
    "listings_of",
    "move_listing",
    "offers_of",
    "product_at",
    "product_of",
    "publish_new",
    "relocate",
    "reprice",
]
