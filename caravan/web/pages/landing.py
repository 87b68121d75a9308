"""Landing: the parts of a total as people read them, and what a cart will probably cost where its buyer lives."""

from typing import NamedTuple

from caravan.flows import places, taxing
from caravan.flows.house import House
from caravan.kernel.clock import Instant
from caravan.kernel.ids import BuyerId, CartId
from caravan.kernel.money import Money


class Named(NamedTuple):
    """A tax or duty, with the source of its rule."""

    name: str
    amount: Money
    source: str


class Parts(NamedTuple):
    """The parts of a total. What is in the prices, and what is due at the border, is no part of the sum."""

    goods: Money
    shipping: Money
    added: list[Named]
    included: list[Named]
    border: list[Named]
    is_more_due: bool
    country: str
    total: Money
    lacks_region: bool  # where a state or province may add to it


def parts_of(found: taxing.Breakdown, currency: str) -> Parts:
    """Give the parts of a total for a page."""
    named = [(row.rule, Named(row.rule.name, Money(row.amount_minor, currency), row.rule.source)) for row in found.rows]
    return Parts(
        Money(found.goods_minor, currency), Money(found.shipping_minor, currency),
        [one for rule, one in named if rule.is_added], [one for rule, one in named if rule.is_included],
        [one for rule, one in named if rule.remits == "buyer" and not rule.is_unknown], found.is_more_due, found.country,
        Money(found.total_minor, currency), lacks_region=False,
    )  # fmt: skip


def of_cart(house: House, cart: CartId, buyer: BuyerId, now: Instant) -> Parts | None:
    """Give what a cart will come to at its buyer's newest address, or in their country; None where nothing is known."""
    if house.taxes.now is None or not buyer:
        return None
    known = house.identity.buyers[buyer]
    where = places.destination_of(house, known.addresses[-1]) if known.addresses else None
    where = where or places.Destination(known.country)
    landed = taxing.land_cart(house, cart, where, now)
    parts = parts_of(landed.parts, landed.currency)
    has_regions = any(rule.region for rule in house.taxes.now.rules if rule.country == where.country)
    return parts._replace(country=where.country, lacks_region=has_regions and not where.region)
