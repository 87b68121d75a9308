"""Discovering: what shoppers do and are shown becomes facts, and ranked products become a list that can be bought."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Batch, Decision, Section
from caravan.flows import places
from caravan.flows.house import House, answered, as_facts, integers, one_by_one
from caravan.insight import discovery
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, CartId, ListingId, ProductId, SellerId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import catalog, orders

RULES_MAX = 500


class Doing(NamedTuple):
    """One thing that a visitor did with a product, at a place of a list on a surface (-1: of none)."""

    product: ProductId
    signal: discovery.Signal
    surface: str = ""
    position: int = -1


class Doings(NamedTuple):
    """What a visitor did; buyer 0 has not logged in."""

    visitor: bytes
    buyer: BuyerId
    doings: tuple[Doing, ...]


class Drafted(NamedTuple):
    """Which comparison a list was drafted for, and whose its products are."""

    comparison: discovery.Comparison
    draft: discovery.Draft


class Shown(NamedTuple):
    """A list that a visitor was shown, and how two versions drafted it, where they did."""

    visitor: bytes
    buyer: BuyerId
    surface: str
    version: str
    placed: tuple[discovery.Placed, ...]
    drafted: Drafted | None = None


class NewRule(NamedTuple):
    """What the operator wants shown, hidden or raised, until a time (0: for good)."""

    rule: str
    effect: str
    target: str
    key: str
    surface: str = ""
    worth_ppm: int = 0
    ends_at: int = 0


def note_signals(house: House, requests: Sequence[Doings], *, now: Instant) -> Batch:
    """Note what visitors did; refuses a product that there is none of, and then all of that request."""

    def note(request: Doings, facts: list[Section]) -> int:
        facts.extend(signals(house, request, now=now))
        return len(request.doings)

    return one_by_one(requests, note)


def signals(house: House, request: Doings, *, now: Instant) -> list[Section]:
    """Give the facts of what a visitor did; refuses a product that there is none of."""
    for doing in request.doings:
        if not 0 < doing.product < len(house.catalog.products):
            raise NotFound("There is no such product.")
    return as_facts(
        *(
            discovery.note(visitor=request.visitor, buyer=request.buyer, now=now, **doing._asdict())
            for doing in request.doings
        )
    )


def note_shown(_: House, requests: Sequence[Shown], *, now: Instant) -> Batch:
    """Note what visitors were shown, with the chances by which that can be weighed later."""
    shown = [
        discovery.show(
            visitor=one.visitor, buyer=one.buyer, surface=one.surface, version=one.version, now=now,
            products=[ProductId(placed.product) for placed in one.placed], chances=[placed.chance for placed in one.placed],
        )
        for one in requests
    ]  # fmt: skip
    drafted = [
        part for one in requests for part in draft_facts(one.drafted, one.visitor, one.buyer, one.surface, now=now)
    ]
    return answered([*as_facts(*shown), *drafted], [None] * len(requests))


def draft_facts(
    drafted: Drafted | None, visitor: bytes, buyer: BuyerId, surface: str, *, now: Instant
) -> list[Section]:
    """Give the fact that a list was drafted by two versions, where it was."""
    if drafted is None:
        return []
    of = drafted.comparison
    return as_facts(
        discovery.show_drafted(
            visitor=visitor, buyer=buyer, surface=surface, comparison=of.since, champion=of.champion,
            challenger=of.challenger, now=now, **drafted.draft._asdict(),
        )
    )  # fmt: skip


def set_rule(house: House, rule: NewRule, *, now: Instant) -> Decision:
    """Let the operator pin, bury or boost; refuses what the rule is about where there is no such thing."""
    known = len(house.catalog.products) if rule.target == "product" else len(house.partners.active)
    if rule.target != "category" and not (rule.key.isdecimal() and 0 < int(rule.key) < known):
        raise NotFound(f"There is no such {rule.target}.")
    return Decision(as_facts(discovery.set_rule(**rule._asdict(), now=now)), lambda: rule)


def lift_rule(_: House, rule: str, *, now: Instant) -> Decision:
    """Let a rule hold no more."""
    return Decision(as_facts(discovery.lift_rule(rule=rule, now=now)), lambda: None)


def draw_hold_out(_: House, share_percent: int, *, now: Instant) -> Decision:
    """Draw a share of the visitors anew who are shown no personal lists; what was told of the one before is told no more."""
    drawn = discovery.draw_hold_out(share_percent=share_percent, now=now)
    return Decision(as_facts(drawn), lambda: share_percent)


class OnOffer(NamedTuple):
    """A product that somebody has on offer and in stock, at its best price with shipping."""

    product: ProductId
    title: str
    category: str
    brand: str
    seller: SellerId
    price: Money


def on_offer(house: House, products: Sequence[int]) -> dict[int, OnOffer]:
    """Give those products that can be bought here and now, by number."""
    skus, table = house.catalog.skus, house.catalog.listings
    pages = [house.catalog.products[product] for product in products]
    owned = [[listing for sku in page.skus for listing in skus[sku].listings] for page in pages]
    listings = integers([listing for ones in owned for listing in ones])
    is_live = (table.status[listings] == catalog.ListingStatus.LIVE) & house.partners.active[table.seller[listings]]
    is_there = is_live & (places.available(house, listings) > 0)
    landed = table.price[listings] + table.shipping[listings]
    owner = np.repeat(np.arange(len(owned)), [len(ones) for ones in owned])
    there = np.flatnonzero(is_there)
    best = there[np.lexsort((landed[there], owner[there]))]
    first = best[np.unique(owner[best], return_index=True)[1]]
    sellers, units = table.seller[listings[first]].tolist(), table.unit[listings[first]].tolist()
    found = {}
    for place, price, seller, unit in zip(owner[first].tolist(), landed[first].tolist(), sellers, units, strict=True):
        page = pages[place]
        found[page.product] = OnOffer(
            page.product, page.title, page.category, page.brand, SellerId(seller), Money(price, alphabetic(unit))
        )
    return found


def product_of(house: House, listing: ListingId) -> ProductId:
    """Give the product that a listing offers."""
    return house.catalog.skus[int(house.catalog.listings.sku[listing])].product


def products_in(house: House, cart: CartId) -> list[ProductId]:
    """Give the products in a cart; nothing for a cart that is not there."""
    if not 0 < cart < len(house.orders.carts):
        return []
    lines = orders.cart_of(house.orders, cart).lines
    return [product_of(house, listing) for listing in lines]
