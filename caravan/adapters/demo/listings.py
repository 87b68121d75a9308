"""The listings of the demo: who offers which SKU at what price, and since when."""

import math
from dataclasses import dataclass

from caravan.adapters.demo.countries import BY_CODE
from caravan.adapters.demo.dice import Dice
from caravan.adapters.demo.products import Product, price_minor
from caravan.adapters.demo.sellers import SELLERS
from caravan.kernel.clock import DAY

_RESOLD_PART = 0.245  # of the products that some shop could take up
_RESELLERS_MAX = 3
_LATER_PART = (0.02, 0.3)  # of the time since the maker listed it
_NEW_PART = 0.1
_NEW_DAYS, _OLD_DAYS = (3, 58), (64, 180)
_EMPTY_PART, _LOW_PART = 0.03, 0.12
_LOW_MAX, _ON_HAND_MAX = 5, 200
# What a carrier asks for a parcel up to so many grams, in cents.
_TARIFF = ((250, 295), (1_000, 450), (2_000, 590), (5_000, 790), (10_000, 1_190), (10**9, 1_990))
_OVERSEAS_MINOR = 200
_FREE_FROM_MINOR, _FREE_PART = 8_000, 0.3
# Zipf's law, flattened at the top: even the best seller of a small market is not a tenth of it.
_RANK_OFFSET, _RANK_POWER = 8, 0.95
_CHEAP_POWER, _CHEAPER_POWER = 0.3, 4.0


@dataclass(frozen=True)
class Listing:
    """What one seller offers."""

    reference: str
    product: Product
    option: str
    seller: int  # the place in SELLERS
    price_minor: int
    shipping_minor: int
    on_hand: int
    listed_at: int
    popularity: float  # against the other listings

    @property
    def top_category(self) -> str:
        """The first level of its category."""
        return self.product.category.partition("/")[0]


def offer(dice: Dice, products: list[Product], *, ends_at: int) -> list[Listing]:
    """Offer every product, some at several sellers, in the order of time."""
    ranks = dice.shuffled(range(len(products)))
    listings: list[Listing] = []
    for product, rank in zip(products, ranks, strict=True):
        low, high = _NEW_DAYS if dice.chance(_NEW_PART) else _OLD_DAYS
        born_at = ends_at - int(dice.between(low, high) * DAY)
        popularity = (rank + _RANK_OFFSET) ** -_RANK_POWER
        listings += _product_listings(dice, product, popularity, born_at=born_at, ends_at=ends_at)
    return sorted(listings, key=lambda listing: listing.listed_at)


@dataclass(frozen=True)
class _Terms:
    product: Product
    seller: int
    markup: float
    listed_at: int


def _product_listings(dice: Dice, product: Product, popularity: float, *, born_at: int, ends_at: int) -> list[Listing]:
    shares = [dice.between(0.3, 1.0) for _ in product.skus]
    listings = []
    for seller in (product.maker, *_resellers(dice, product)):
        is_maker = seller == product.maker
        listed_at = born_at if is_maker else born_at + int((ends_at - born_at) * dice.between(*_LATER_PART))
        markup = 1.0 if is_maker else math.exp(0.02 + 0.06 * dice.bell())
        terms = _Terms(product, seller, markup, listed_at)
        for place, share in enumerate(shares):
            weight = popularity * share / sum(shares) * markup**-_CHEAPER_POWER
            listings.append(_listing(dice, terms, place, weight))
    return listings


def _resellers(dice: Dice, product: Product) -> list[int]:
    top = product.category.partition("/")[0]
    shops = [place for place, seller in enumerate(SELLERS) if top in seller.resells and place != product.maker]
    if not shops or not dice.chance(_RESOLD_PART):
        return []
    return dice.shuffled(shops)[: 1 + dice.below(_RESELLERS_MAX)]


def _listing(dice: Dice, terms: _Terms, place: int, weight: float) -> Listing:
    sku = terms.product.skus[place]
    price = price_minor(sku.euro * terms.markup)
    return Listing(
        reference=f"L-{terms.product.reference[2:]}-{terms.seller + 1:02d}-{place + 1}",
        product=terms.product,
        option=sku.option,
        seller=terms.seller,
        price_minor=price,
        shipping_minor=_shipping_minor(dice, sku.weight_grams, price, SELLERS[terms.seller].country),
        on_hand=_on_hand(dice),
        listed_at=terms.listed_at,
        popularity=weight * sku.euro**-_CHEAP_POWER,
    )


def _shipping_minor(dice: Dice, weight_grams: int, price: int, country: str) -> int:
    if price >= _FREE_FROM_MINOR and dice.chance(_FREE_PART):
        return 0
    tariff = next(minor for grams_max, minor in _TARIFF if weight_grams <= grams_max)
    return tariff + (0 if BY_CODE[country].is_european else _OVERSEAS_MINOR)


def _on_hand(dice: Dice) -> int:
    roll = dice.fraction()
    if roll < _EMPTY_PART:
        return 0
    if roll < _EMPTY_PART + _LOW_PART:
        return 1 + dice.below(_LOW_MAX)
    return _LOW_MAX + 1 + int((_ON_HAND_MAX - _LOW_MAX) * dice.fraction() ** 2.2)
