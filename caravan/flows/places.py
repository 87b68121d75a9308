"""Places: where the units of listings lie, and out of which locations an order's lines are sent.

A seller with one open location needs none of this, and checkout passes it by: the listing's own location is where its
units are. Of a seller with several, the units that can be bought are those of all open ones together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from caravan.cell import Section
from caravan.flows.baskets import PER_LINE, Baskets
from caravan.flows.house import House, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Refusal
from caravan.kernel.ids import ListingId, LocationId, OrderId, ParcelId, SellerId
from caravan.trade import catalog, ledger, orders
from caravan.trade.ledger import Kind
from caravan.world import partners

_Free = dict[tuple[int, int], int]


class Destination(NamedTuple):
    """Where an order goes, as far as it is known outside the vault."""

    country: str
    region: str = ""


SHELVED = (Kind.AVAILABLE, Kind.COMMITTED, Kind.SHIPPED)
NOWHERE = Destination("")


class Lying(NamedTuple):
    """The units of a listing at one location: free, held by checkouts, bought and still there, on their way to it."""

    location: LocationId
    available: int
    reserved: int
    committed: int
    coming: int


# What there is.


def available(house: House, listings: np.ndarray) -> np.ndarray:
    """Give the units of listings that nobody has reserved, over all open locations. Shape: int64 [n] -> [n]."""
    table, accounts = house.catalog.listings, house.ledger.accounts
    numbers = house.ledger.find(Kind.AVAILABLE, table.location[listings], table.sku[listings])
    found: np.ndarray = np.where(numbers > 0, accounts.posted[numbers] - accounts.held[numbers], 0)
    for row in np.flatnonzero(house.partners.has_several[table.seller[listings]]).tolist():
        listing = int(listings[row])
        found[row] = free_of(house, SellerId(int(table.seller[listing])), int(table.sku[listing]))
    return found


def free_of(house: House, seller: SellerId, sku: int) -> int:
    """Give the units of a SKU that nobody has reserved at any of a seller's open locations."""
    places = [place.location for place in partners.open_locations(house.partners, seller)]
    return sum(_free(house, [(place, sku) for place in places]).values())


def refusal(house: House, *, code: int, account: int) -> Refusal:
    """Say why an entry was refused; of units that ran out, how many are left at all of their seller's locations."""
    accounts = house.ledger.accounts
    if int(accounts.kind[account]) == Kind.AVAILABLE and code == ledger.Refused.BELOW_FLOOR:
        sku, seller = int(accounts.unit[account]), house.partners.locations[int(accounts.owner[account])].seller
        if house.partners.has_several[seller]:
            left = free_of(house, seller, sku)
            return ledger.OutOfStock(f"Only {left} left.", sku=sku, available=left)
    return ledger.refusal(house.ledger, code=code, account=account)


def _free(house: House, wanted: Iterable[tuple[int, int]]) -> _Free:
    """Give the free units by location and SKU."""
    pairs = list(wanted)
    if not pairs:
        return {}
    columns, accounts = np.array(pairs, np.int64), house.ledger.accounts
    numbers = house.ledger.find(Kind.AVAILABLE, columns[:, 0], columns[:, 1])
    units = np.where(numbers > 0, accounts.posted[numbers] - accounts.held[numbers], 0)
    return dict(zip(pairs, units.tolist(), strict=True))


def lying(house: House, listing: ListingId) -> list[Lying]:
    """Give where a listing's units are: each open location of its seller, and any other where something of it still is."""
    offer = catalog.listing_of(house.catalog, listing)
    places = house.partners.sellers[offer.seller].locations
    owners, skus = integers(places), np.full(len(places), offer.sku, np.int64)
    accounts, columns = house.ledger.accounts, []
    for kind in (Kind.AVAILABLE, Kind.COMMITTED, Kind.MOVING):
        numbers = house.ledger.find(kind, owners, skus)
        columns.append(np.where(numbers > 0, accounts.posted[numbers], 0).tolist())
        if kind == Kind.AVAILABLE:
            columns.append(np.where(numbers > 0, accounts.held[numbers], 0).tolist())
    found = []
    for place, posted, held, committed, coming in zip(places, *columns, strict=True):
        if house.partners.locations[place].is_open or posted or committed or coming:
            found.append(Lying(place, posted - held, held, committed, coming))
    return found


def open_shelf(house: House, location: int, skus: np.ndarray, *, now: Instant) -> list[Section]:
    """Open what accounts SKUs need at a location and don't have yet, so that they can be bought there; give the facts."""
    return [
        fact for kind in SHELVED
        for fact in ledger.open_accounts(house.ledger, kind, owners=location, units=skus, at=now)[1]
    ]  # fmt: skip


def sent_from(house: House, parcel: ParcelId) -> LocationId:
    """Give the location that a parcel is sent from; of one with a whole order in it, where that order's first line lies."""
    order, made = int(house.delivery.parcels.order[parcel]), house.delivery.made.get(parcel)
    line = made.lines[0] if made is not None else 0
    return LocationId(int(house.orders.lines.location[int(house.orders.orders.first_line[order]) + line]))


def locations_of(house: House, order: OrderId) -> list[LocationId]:
    """Give the locations that an order's lines are sent from, each once, in the order of its lines."""
    rows = orders.lines_of(house.orders, order)
    return [LocationId(place) for place in dict.fromkeys(house.orders.lines.location[rows.start : rows.stop].tolist())]


# From where an order is sent.


def destination_of(house: House, address: int) -> Destination | None:
    """Give where an address is; None for none."""
    known = house.identity.addresses
    if not 0 < address < len(known):
        return None
    return Destination(known[address].country, house.taxes.regions.get(address, ""))


def allocated_lines(house: House, lines: Sequence[orders.Line], where: Destination) -> list[orders.Line]:
    """Give a checkout's lines, each out of one location: a line that several send is several lines of the same listing.

    Where too little is left they stay as they are, for whoever holds the units to refuse them.
    """
    table, found = house.partners.has_several, list[orders.Line]()
    by_seller: dict[int, list[int]] = {}
    for place, line in enumerate(lines):
        if table[line.seller]:
            by_seller.setdefault(line.seller, []).append(place)
    parts: dict[int, Sequence[orders.Part]] = {}
    for seller, rows in by_seller.items():
        ranked = partners.ranked(house.partners, SellerId(seller), where.country, where.region)
        wanted = [(int(lines[row].sku), lines[row].quantity) for row in rows]
        free = _free(house, {(place, sku) for place in ranked for sku, _ in wanted})
        sourced = orders.source(wanted, free, ranked)
        parts |= dict(zip(rows, sourced, strict=True)) if sourced else {}
    for row, line in enumerate(lines):
        found += orders.split_line(line, parts[row]) if row in parts else [line]
    return found


@dataclass(frozen=True)
class Allocation:
    """Baskets with their lines out of locations; `is_split` and `is_short` tell of which something was decided or lacking.

    Shapes: bool [purchases].
    """

    baskets: Baskets
    is_split: np.ndarray
    is_short: np.ndarray


def allocate(house: House, baskets: Baskets) -> Allocation:
    """Say for lines of sellers with several locations which of them sends how many units, purchase by purchase.

    Each is decided over what those before it leave. Lines that hold units already keep their place.
    """
    nothing = np.zeros(len(baskets), np.bool_)
    if not house.partners.is_spread:
        return Allocation(baskets, nothing, nothing)
    if not len(_open_lines(house, baskets)):
        return Allocation(baskets, nothing, nothing)
    baskets = baskets.by_row()
    return _Allocating(house, baskets).run()


def _open_lines(house: House, baskets: Baskets) -> np.ndarray:
    """Give the lines whose location is still to be said; what will be refused for its size is not among them."""
    table = house.catalog.listings
    is_known = (baskets.listings > 0) & (baskets.listings < len(table))
    sellers = table.seller[np.where(is_known, baskets.listings, 0)]
    limit = min(house.markets.policy.units_per_buyer_max, orders.UNITS_PER_LINE_MAX)
    is_open = house.partners.has_several[sellers] & (baskets.holds == 0) & (baskets.locations == 0)
    return np.flatnonzero(is_open & (baskets.quantities > 0) & (baskets.quantities <= limit))


class _Allocating:
    """One pass over baskets whose lines stand in the order of their purchases."""

    def __init__(self, house: House, baskets: Baskets) -> None:
        self._house, self._baskets = house, baskets
        self._lines = _open_lines(house, baskets)
        table, listings = house.catalog.listings, baskets.listings[self._lines]
        self._sellers, self._skus = table.seller[listings], table.sku[listings]
        self._ranks: dict[tuple[int, Destination], list[LocationId]] = {}
        self._left = self._all_free()

    def _all_free(self) -> _Free:
        pairs = set(zip(self._sellers.tolist(), self._skus.tolist(), strict=True))
        known = self._house.partners
        return _free(self._house, [
            (place.location, sku) for seller, sku in pairs
            for place in partners.open_locations(known, SellerId(seller))
        ])  # fmt: skip

    def _ranked(self, seller: int, where: Destination) -> list[LocationId]:
        if (seller, where) not in self._ranks:
            self._ranks[seller, where] = partners.ranked(
                self._house.partners, SellerId(seller), where.country, where.region
            )
        return self._ranks[seller, where]

    def run(self) -> Allocation:
        baskets, parts = self._baskets, dict[int, Sequence[orders.Part]]()
        is_split, is_short = np.zeros(len(baskets), np.bool_), np.zeros(len(baskets), np.bool_)
        for row, seller, places in self._orders():
            where = destination_of(self._house, int(baskets.addresses[row])) or NOWHERE
            wanted = [(int(self._skus[place]), int(baskets.quantities[self._lines[place]])) for place in places]
            sourced = orders.source(wanted, self._left, self._ranked(seller, where))
            if sourced is None:
                is_short[row] = True
                continue
            is_split[row] = True
            for place, (sku, _), found in zip(places, wanted, sourced, strict=True):
                parts[int(self._lines[place])] = found
                for part in found:
                    self._left[part.location, sku] -= part.quantity
        return Allocation(_cut(baskets, parts), is_split, is_short)

    def _orders(self) -> Iterable[tuple[int, int, list[int]]]:
        """Give the open lines by purchase and seller, as places in `_lines`."""
        found: dict[tuple[int, int], list[int]] = {}
        rows = self._baskets.rows[self._lines].tolist()
        for place, key in enumerate(zip(rows, self._sellers.tolist(), strict=True)):
            found.setdefault(key, []).append(place)
        return [(row, seller, places) for (row, seller), places in found.items()]


def _cut(baskets: Baskets, parts: Mapping[int, Sequence[orders.Part]]) -> Baskets:
    """Give baskets in which a line that several locations send is several lines."""
    counts = np.ones(len(baskets.rows), np.int64)
    for line, found in parts.items():
        counts[line] = len(found)
    starts = np.cumsum(counts) - counts
    columns = {name: np.repeat(getattr(baskets, name), counts) for name in PER_LINE}
    for line, found in parts.items():
        first = int(starts[line])
        shares = orders.shared(int(baskets.shipping[line]), [part.quantity for part in found])
        for offset, (part, shipping) in enumerate(zip(found, shares, strict=True)):
            columns["locations"][first + offset] = part.location
            columns["quantities"][first + offset] = part.quantity
            columns["shipping"][first + offset] = shipping
    return replace(baskets, **columns)


def same_before(offsets: np.ndarray, listings: np.ndarray) -> np.ndarray:
    """Tell which lines go on with the listing of the line before them in their purchase; bool [lines]."""
    is_same = np.zeros(len(listings), np.bool_)
    is_same[1:] = listings[1:] == listings[:-1]
    is_same[offsets[:-1][offsets[:-1] < len(listings)]] = False
    return is_same


def share_out(whole: np.ndarray, firsts: np.ndarray, quantities: np.ndarray) -> np.ndarray:
    """Part amounts of whole lines among the lines that they were cut into, by units. Shapes: [n], [n], [m] -> [m].

    Line i was cut into the lines from firsts[i] on.
    """
    bounds = np.append(firsts, len(quantities))
    before = np.cumsum(quantities) - quantities
    of = np.repeat(np.arange(len(firsts)), np.diff(bounds))
    gone = before - before[firsts][of]
    total = np.add.reduceat(quantities, firsts)[of]
    found: np.ndarray = whole[of] * (gone + quantities) // total - whole[of] * gone // total
    return found
