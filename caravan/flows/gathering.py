"""Gathering: what every domain knows of people is taken from the house at once, and put together into traits.

The columns are taken within one ask, and what changes is copied there; all else is done outside of the cell's lock.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from caravan.flows.house import House
from caravan.insight import oneid, profiles
from caravan.insight.discovery import Tastes
from caravan.insight.oneid import Type
from caravan.insight.profiles import PURPOSES, Crowd, Names, Pairs
from caravan.kernel import ids
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import ProductId, SellerId
from caravan.kernel.money import numeric
from caravan.trade.catalog import Pages, Skus

LOGIN_HERE = 1  # The second half of a login's mark, where the first is the number of a buyer of this cell.
UNIT_HERE = "this market"
LOOKS_MAX = 10
_PRICES_SAMPLED = 50_000


class Gathered(NamedTuple):
    """Traits of everybody as of a position. Buyers of one key are one person."""

    crowd: Crowd
    keys: np.ndarray
    buyer: np.ndarray
    starts: np.ndarray
    identifier: np.ndarray
    position: int

    def buyers_of(self, place: int) -> tuple[int, ...]:
        """Give the buyers that a person is."""
        return tuple(self.buyer[self.starts[place] : self.starts[place + 1]].tolist())


class Ties(NamedTuple):
    """Who is who at a moment: each identifier's identity, what was allowed and forbidden, and who is forgotten."""

    parent: np.ndarray
    consents: list[tuple[int, dict[str, Any]]]
    forgotten: np.ndarray


class Look(NamedTuple):
    """What is taken from the house at once.

    Columns are views where rows never change, copies where they do; the lists are the house's own, which only grow. `whose` are the buyers of one person, whom `key` names; None: everybody is looked at.
    """

    ties: Ties
    whose: np.ndarray | None
    key: int
    identifier: np.ndarray
    buyers: list[Any]
    records: list[Any]
    rows: np.ndarray | None
    order: dict[str, np.ndarray]
    line: dict[str, np.ndarray]
    products: Pages
    skus: Skus
    prices: tuple[np.ndarray, np.ndarray]
    forecast: profiles.Forecast | None
    currency: str


class Shelf:
    """What SKUs are, in columns that only grow; and the prices that part each category into bands."""

    def __init__(self) -> None:
        self.product, self.option = np.zeros(1, np.int64), np.zeros(1, np.int64)
        self.options = [""]
        self.edges: dict[str, tuple[float, float]] | None = None

    def grow(self, skus: Skus) -> None:
        """Take in the SKUs that are new."""
        known, last = len(self.product), len(skus)
        if known == last:
            return
        self.product = np.append(self.product, skus.table.product[known:last])
        self.option = np.append(self.option, skus.table.option[known:last])
        self.options = skus.options.all

    def measure(self, look: Look) -> None:
        """Find the prices that part categories, from a sample of all lines that is spread evenly."""
        sku, price = look.prices
        category, names = _categories(self.product[sku], look.products)
        edges = profiles.edges_of(category, price.astype(np.int64), categories=len(names))
        self.edges = {name: (edges[0, place], edges[1, place]) for place, name in enumerate(names) if name}

    def edges_for(self, names: Sequence[str]) -> np.ndarray:
        """Give the edges of some categories; shape [2, categories]."""
        unknown = (np.nan, np.nan)
        edges = self.edges or {}
        return np.array([edges.get(name, unknown) for name in names], np.float64).reshape(-1, 2).T


# Looking: within the lock, so nothing here goes through people one by one.


def ties_now(house: House) -> Ties:
    """Say who is who now."""
    book = house.oneid
    return Ties(
        book.whole[0][: len(book.identifiers)].copy(), list(book.consents.items()),
        np.fromiter(house.profiles.forgotten, np.int64, len(house.profiles.forgotten)),
    )  # fmt: skip


def look_at_all(house: House) -> Look:
    """Look at everybody."""
    every = np.arange(len(house.identity.buyers))
    records = list(house.oneid.records.values())
    return _taken(house, whose=None, key=0, identifier=_logins(house, every), records=records)


def look_at_one(house: House, buyer: int, identity: int) -> Look:
    """Look at one person, named by a buyer or by an identity. Refuses somebody unknown or forgotten with NotFound."""
    known = house.identity.buyers
    if buyer and not 0 < buyer < len(known):
        raise NotFound("There is no such buyer.")
    whose, records = np.array([buyer] if buyer else [], np.int64), []
    login = int(_logins(house, whose)[0]) if buyer else identity
    if login:
        found = oneid.identity_of(house.oneid, login)
        table, members = house.oneid.identifiers, np.array([one for one, _ in found.identifiers])
        here = members[(table.type[members] == Type.LOGIN) & (table.mark_low[members] == LOGIN_HERE)]
        whose = np.union1d(whose, table.mark_high[here])
        identity = found.identity
        records = [house.oneid.records[one] for one in members.tolist() if one in house.oneid.records]
    gone = [one for one in whose.tolist() if known[one].is_forgotten or one in house.profiles.forgotten]
    whose = np.setdiff1d(whose, gone)
    if buyer in gone:
        raise NotFound("There is no such buyer.")
    key = identity or -buyer
    return _taken(house, whose=whose, key=key, identifier=_logins(house, whose), records=records)


def _logins(house: House, buyers: np.ndarray) -> np.ndarray:
    kinds = np.full(len(buyers), Type.LOGIN, np.int64)
    found: np.ndarray = house.oneid.find(kinds, buyers.astype(np.int64), np.full(len(buyers), LOGIN_HERE))
    return found


def _taken(
    house: House, *, whose: np.ndarray | None, key: int, identifier: np.ndarray, records: list[Any]
) -> Look:  # fmt: skip
    table, lines, refunded = house.orders.orders, house.orders.lines, house.payments.money.refunded
    rows = None if whose is None else np.flatnonzero(np.isin(table.buyer, whose))
    chosen: Any = slice(None) if rows is None else rows
    first, counts = table.first_line[chosen], table.lines[chosen]
    own: Any = slice(None) if rows is None else _ranges(first.astype(np.int64), counts.astype(np.int64))
    market, step = house.markets.market, max(len(lines) // _PRICES_SAMPLED, 1)
    return Look(
        ties=ties_now(house), whose=whose, key=key, identifier=identifier, buyers=house.identity.buyers, records=records, rows=rows,
        order={name: getattr(table, name)[chosen] for name in ("buyer", "seller", "unit", "total", "placed_at")}
        | {"canceled_at": table.canceled_at[chosen].copy(), "refunded": refunded[: len(table)][chosen].copy()},
        line={name: getattr(lines, name)[own] for name in ("order", "sku", "quantity", "unit_price")}
        | {"returned": lines.returned[own].copy()},
        products=house.catalog.products, skus=house.catalog.skus, prices=(lines.sku[1::step], lines.unit_price[1::step]),
        forecast=house.profiles.forecast, currency=market.currency if market is not None else "EUR",
    )  # fmt: skip


def _ranges(first: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Give the numbers first, first + 1, … of each range, one range after another."""
    starts = np.cumsum(counts) - counts
    return np.repeat(first - starts, counts) + np.arange(int(counts.sum()))


# Gathering: outside of the lock.


class People(NamedTuple):
    """Buyers by person: the place of each buyer's person (-1: nobody's), and each person's key, buyers and identifiers."""

    owner: np.ndarray
    keys: np.ndarray
    buyer: np.ndarray
    starts: np.ndarray
    identifier: np.ndarray


def people_in(look: Look) -> People:
    """Give buyers by person."""
    if look.whose is not None:
        owner = np.full(len(look.buyers), -1)
        owner[look.whose] = 0
        return People(owner, np.array([look.key]), look.whose, np.array([0, len(look.whose)]), look.identifier)
    every = np.arange(len(look.identifier))
    is_there = np.array([not one.is_forgotten for one in look.buyers[: len(every)]])
    is_there[0] = False
    is_there[look.ties.forgotten] = False
    named = np.where(look.identifier > 0, look.ties.parent[look.identifier], -every)[is_there]
    keys, place = np.unique(named, return_inverse=True)
    owner = np.full(len(every), -1)
    owner[is_there] = place
    buyer = every[is_there][np.argsort(place, kind="stable")]
    starts = np.concatenate(([0], np.cumsum(np.bincount(place, minlength=len(keys)))))
    return People(owner, keys, buyer, starts, look.identifier[buyer])


def gather(look: Look, shelf: Shelf, tastes: Tastes | None, *, now: Instant, position: int) -> Gathered:
    """Put the traits of whoever was looked at together."""
    found = people_in(look)
    bought, named = _bought(look, found, shelf)
    known, words = _known(look, found, tastes)
    names = Names(
        categories=named[0],
        options=shelf.options,
        sellers=named[1],
        countries=words[0],
        units=words[1],
        products=words[2],
    )
    crowd = profiles.traits_of(
        bought, known, names, edges=shelf.edges_for(names.categories), forecast=look.forecast,
        unit=numeric(look.currency), now=now,
    )  # fmt: skip
    return Gathered(crowd, found.keys, found.buyer, found.starts, found.identifier, position)


def _bought(look: Look, found: People, shelf: Shelf) -> tuple[profiles.Bought, tuple[list[str], list[str]]]:
    order, line = look.order, look.line
    place = line["order"].astype(np.int64) if look.rows is None else np.searchsorted(look.rows, line["order"])
    category, categories = _categories(shelf.product[line["sku"]], look.products)
    seller, numbers = _dense(order["seller"])
    sellers = ["", *(ids.text(SellerId, one) for one in numbers.tolist())]
    owner = found.owner[order["buyer"]]
    if look.rows is None:
        owner[0] = -1
    bought = profiles.Bought(
        owner=owner, unit=order["unit"].astype(np.int64), total=order["total"], placed_at=order["placed_at"],
        canceled_at=order["canceled_at"], refunded=order["refunded"], order=place, category=category,
        option=shelf.option[line["sku"]], seller=seller[place], quantity=(line["quantity"] - line["returned"]).astype(np.int64),
        price=line["unit_price"],
    )  # fmt: skip
    return bought, (categories, sellers)


def _categories(product: np.ndarray, products: Pages) -> tuple[np.ndarray, list[str]]:
    """Give the category of each product by its place in a list of names, and the list."""
    codes, used = _dense(product)
    names = {"": 0}
    places = [0, *(names.setdefault(products.category(one), len(names)) for one in used.tolist())]
    return np.array(places)[codes], list(names)


def _dense(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the numbers that occur from 1, but for 0, which stays; give them anew, and which they are."""
    used = np.flatnonzero(np.bincount(numbers, minlength=1)) if len(numbers) else np.zeros(0, np.int64)
    used = used[used > 0]
    places = np.zeros(int(numbers.max(initial=0)) + 1, np.int64)
    places[used] = np.arange(1, len(used) + 1)
    return places[numbers], used


def _known(look: Look, found: People, tastes: Tastes | None) -> tuple[profiles.Known, tuple[list[str], ...]]:
    count = len(found.keys)
    owner = np.repeat(np.arange(count), np.diff(found.starts))
    people = [look.buyers[one] for one in found.buyer.tolist()]
    registered = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(registered, owner, np.array([one.registered_at for one in people], np.int64))
    countries, country = {"": 0}, np.zeros(count, np.int64)
    country[owner] = [countries.setdefault(one.country, len(countries)) for one in people]
    units, unit_names = _units(look, found)
    looked_at, looks, products = _looks(look, found, tastes)
    known = profiles.Known(
        registered_at=np.where(registered == np.iinfo(np.int64).max, 0, registered), country=country, units=units,
        looked_at=looked_at, looks=looks,
        forbidden={one: spoken(found, look.ties, one, is_granted=False) for one in PURPOSES},
    )  # fmt: skip
    return known, (list(countries), unit_names, products)


def _units(look: Look, found: People) -> tuple[Pairs, list[str]]:
    """Say where each person is known: here, and in systems whose records are tied to them."""
    names = {"": 0, UNIT_HERE: 1}
    pairs = {(place, 1) for place in np.flatnonzero(np.diff(found.starts)).tolist()}
    if look.records:
        keys = look.ties.parent[np.array([one.identifier for one in look.records])]
        places = np.minimum(np.searchsorted(found.keys, keys), max(len(found.keys) - 1, 0))
        for record, place, key in zip(look.records, places.tolist(), keys.tolist(), strict=True):
            if len(found.keys) and found.keys[place] == key and record.sealed:
                pairs.add((place, names.setdefault(record.source, len(names))))
    return _pairs(pairs), list(names)


def _looks(look: Look, found: People, tastes: Tastes | None) -> tuple[np.ndarray, Pairs, list[str]]:
    """Say when each person last looked at a product, and at which; discovery lets old visitors go by itself."""
    at, names = np.zeros(len(found.keys), np.int64), {"": 0}
    pairs: set[tuple[int, int]] = set()
    if tastes is not None:
        for buyer, place in _lookers(look, found, tastes):
            owner = tastes.buyers.get(buyer)
            seen = [tastes.visitors.get(one) for one in list(owner.visitors)] if owner is not None else []
            for taste in (one for one in seen if one is not None and not one.is_bot):
                at[place] = max(at[place], taste.at)
                for product in taste.recent[-LOOKS_MAX:]:
                    pairs.add((place, names.setdefault(ids.text(ProductId, product), len(names))))
    return at, _pairs(pairs), list(names)


def _lookers(look: Look, found: People, tastes: Tastes) -> list[tuple[int, int]]:
    """Give the buyers whom discovery knows, each with the place of their person."""
    buyers = list(tastes.buyers) if look.whose is None else found.buyer.tolist()
    last = len(found.owner)
    return [(one, int(found.owner[one])) for one in buyers if one < last and found.owner[one] >= 0]


def _pairs(pairs: set[tuple[int, int]]) -> Pairs:
    ordered = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return Pairs(ordered[:, 0], ordered[:, 1])


def spoken(found: People | Gathered, ties: Ties, purpose: str, *, is_granted: bool) -> np.ndarray:
    """Say of each person whether somebody whom they are tied to has allowed a purpose, or forbidden it. Shape: bool [n]."""
    said = [
        one for one, all_said in ties.consents if purpose in all_said and all_said[purpose].is_granted is is_granted
    ]
    told = np.zeros(len(found.keys), bool)
    if not said:
        return told
    roots = np.unique(ties.parent[np.array(said)])
    now = np.where(found.identifier > 0, ties.parent[found.identifier], 0)
    owner = np.repeat(np.arange(len(found.keys)), np.diff(found.starts))
    told[owner[np.isin(now, roots)]] = True
    return told | np.isin(found.keys, roots)
