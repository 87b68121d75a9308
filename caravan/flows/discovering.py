"""Discovering: what shoppers do and are shown becomes facts, and ranked products become a list that can be bought."""

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.cell import Batch, Decision, Section
from caravan.flows import places
from caravan.flows.house import House, answered, as_facts, integers, one_by_one
from caravan.insight import discovery
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.event import Event
from caravan.kernel.ids import BuyerId, CartId, ListingId, ProductId, SellerId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import catalog, orders
from caravan.world import markets

RULES_MAX = 500


class Doing(NamedTuple):
    """One thing that a visitor did with a product, at a place of a list on a surface (-1: of none)."""

    product: ProductId
    signal: discovery.Signal
    surface: str = ""
    position: int = -1


class Left(NamedTuple):
    """That a visitor left a product's page, which they really saw for so long."""

    product: ProductId
    dwell_ms: int


class Doings(NamedTuple):
    """What a visitor did; buyer 0 has not logged in."""

    visitor: bytes
    buyer: BuyerId
    doings: tuple[Doing | Left, ...]


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
    return as_facts(*(_fact(request, doing, now) for doing in request.doings))


def _fact(request: Doings, doing: Doing | Left, now: Instant) -> Event:
    tell = discovery.end_look if isinstance(doing, Left) else discovery.note
    return tell(visitor=request.visitor, buyer=request.buyer, now=now, **doing._asdict())


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
    """Let the operator pin, bury, boost or weigh; refuses what the rule is about where there is no such thing."""
    known = len(house.catalog.products) if rule.target == "product" else len(house.partners.active)
    if rule.target in {"product", "seller"} and not (rule.key.isdecimal() and 0 < int(rule.key) < known):
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


class Terms(NamedTuple):
    """How lists are arranged: for which surface, by which rules, what their visitor was shown, and with which dice."""

    surface: str
    limit: int
    rules: Sequence[discovery.Rule]
    shown: Mapping[int, int]
    is_about_one: bool
    dice: Sequence[random.Random]
    now: Instant
    repute: discovery.Repute


class Lists(NamedTuple):
    """A list for each answer, and what is to be said of the products in them."""

    placed: list[list[discovery.Placed]]
    offers: dict[int, OnOffer]


class _Offers(NamedTuple):
    """Products on offer, by their places among those that were asked for, with the best listing of each. Shapes [n]."""

    places: np.ndarray
    listings: np.ndarray
    landed: np.ndarray
    free: np.ndarray


def arrange(house: House, answers: Sequence[discovery.Answer], terms: Terms) -> Lists:
    """Make a list out of each answer, of what can be bought here and now."""
    placed, offers = [], dict[int, OnOffer]()
    told = terms._asdict()
    repute, weights = told.pop("repute"), discovery.weights_of(terms.rules, terms.surface, terms.now)
    for answer, dice in zip(answers, terms.dice, strict=True):
        count = len(answer.offered)
        products = np.concatenate([answer.offered.products, np.array(answer.fresh, np.int64)])
        scores = np.concatenate([answer.offered.scores, answer.hopes])
        found = _offers(house, products)
        at, first_fresh = found.places, int(np.searchsorted(found.places, count))
        columns = (
            products[at], scores[at], house.catalog.products.table.category[products[at]],
            house.catalog.listings.seller[found.listings],
            _worths(house, products, found, repute, weights, now=terms.now).sum(axis=1),
        )  # fmt: skip
        list_of = discovery.arrange(
            discovery.Candidates(*(column[:first_fresh] for column in columns)),
            discovery.Candidates(*(column[first_fresh:] for column in columns)),
            names=house.catalog.categories, **{**told, "dice": dice},
        )  # fmt: skip
        rows = {product: row for row, product in enumerate(columns[0].tolist())}
        chosen = np.array([rows[one.product] for one in list_of], np.int64)
        offers.update(_shown(house, products, _Offers(*(column[chosen] for column in found))))
        placed.append(list_of)
    return Lists(placed, offers)


def worths(
    house: House, products: Sequence[int], repute: discovery.Repute, weights: discovery.Weights, *, now: Instant
) -> dict[int, list[float]]:
    """Give what each part of their worth adds to the scores of those products that can be bought here and now."""
    numbers = integers(list(products))
    found = _offers(house, numbers)
    told = _worths(house, numbers, found, repute, weights, now=now)
    return dict(zip(numbers[found.places].tolist(), told.tolist(), strict=True))


def _worths(
    house: House, products: np.ndarray, found: _Offers, repute: discovery.Repute, weights: discovery.Weights, *,
    now: Instant,
) -> np.ndarray:  # fmt: skip
    sellers = house.catalog.listings.seller[found.listings]
    fees = _fee_shares(house, found.listings, sellers) if weights.margin else np.zeros(0)
    return discovery.worths(
        discovery.Facing(products[found.places], sellers, found.free, fees), repute, weights, now=now
    )


def _fee_shares(house: House, listings: np.ndarray, sellers: np.ndarray) -> np.ndarray:
    """Give which share of the price of one unit the market takes, as its fee rules say now."""
    prices = house.catalog.listings.price[listings]
    fees, _ = markets.fees(
        house.markets, sellers=sellers, quantities=np.ones(len(listings), np.int64), prices_minor=prices,
        in_category=lambda category: catalog.in_category(house.catalog, listings, category),
    )  # fmt: skip
    shares: np.ndarray = fees / np.maximum(prices, 1)
    return shares


def on_offer(house: House, products: Sequence[int]) -> dict[int, OnOffer]:
    """Give those products that can be bought here and now, by number."""
    numbers = integers(list(products))
    return _shown(house, numbers, _offers(house, numbers))


def _offers(house: House, products: np.ndarray) -> _Offers:
    """Find the best offer of each product that is live and in stock."""
    table = house.catalog.listings
    whose, listings = catalog.listings_of(house.catalog, products)
    return _Offers(
        *_best(
            whose, listings, places.available(house, listings), table.status, table.seller, house.partners.active,
            table.price, table.shipping,
        )
    )  # fmt: skip


_LIVE = int(catalog.ListingStatus.LIVE)


@njit(cache=True, nogil=True)
def _best(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    whose: np.ndarray, listings: np.ndarray, free: np.ndarray, status: np.ndarray, sellers: np.ndarray,
    is_active: np.ndarray, price: np.ndarray, shipping: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Keep of each product the cheapest listing that can be bought, the oldest of several."""
    at, best, landed = np.empty_like(whose), np.empty_like(listings), np.empty_like(listings)
    left = np.empty_like(listings)
    count = 0
    for row in range(whose.shape[0]):
        listing = listings[row]
        if free[row] <= 0 or status[listing] != _LIVE or not is_active[sellers[listing]]:
            continue
        total = price[listing] + shipping[listing]
        if count > 0 and at[count - 1] == whose[row]:
            if (total, listing) < (landed[count - 1], best[count - 1]):
                best[count - 1], landed[count - 1], left[count - 1] = listing, total, free[row]
            continue
        at[count], best[count], landed[count], left[count] = whose[row], listing, total, free[row]
        count += 1
    return at[:count], best[:count], landed[:count], left[:count]


def warm(house: House) -> None:
    """Compile what offers are found with, or load what was compiled before."""
    none = np.zeros(0, np.int64)
    _worths(house, none, _offers(house, none), discovery.Repute(), discovery.Weights(), now=Instant(0))


def _shown(house: House, products: np.ndarray, offers: _Offers) -> dict[int, OnOffer]:
    """Say of products what is shown of them in a list."""
    table, numbers = house.catalog.listings, products[offers.places]
    labels = house.catalog.products.labels(numbers)
    rows = zip(
        numbers.tolist(), offers.landed.tolist(), table.seller[offers.listings].tolist(),
        table.unit[offers.listings].tolist(), labels, strict=True,
    )  # fmt: skip
    return {
        product: OnOffer(ProductId(product), title, category, brand, SellerId(seller), Money(price, alphabetic(unit)))
        for product, price, seller, unit, (title, brand, category) in rows
    }


def product_of(house: House, listing: ListingId) -> ProductId:
    """Give the product that a listing offers."""
    return catalog.product_at(house.catalog, listing)


def products_in(house: House, cart: CartId) -> list[ProductId]:
    """Give the products in a cart; nothing for a cart that is not there."""
    if not 0 < cart < len(house.orders.carts):
        return []
    lines = orders.cart_of(house.orders, cart).lines
    return [product_of(house, listing) for listing in lines]
