"""Places: where the units of listings lie, and out of which locations an order's lines are sent.

A seller with one open location needs none of this, and checkout passes it by: the listing's own location is where its
units are. Of a seller with several, the units that can be bought are those of all open ones together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.cell import Section, owned
from caravan.cell.prefetch import prefetch
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


# So many lines' listings are on their way from memory at a time.
_AHEAD = 32
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
    table = house.catalog.listings
    found = ledger.free_units(house.ledger, table.location[listings], table.sku[listings])
    if not house.partners.is_spread:
        return found
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
    columns = np.array(pairs, np.int64)
    units = ledger.free_units(house.ledger, columns[:, 0], columns[:, 1])
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
    limit = min(house.markets.policy.units_per_buyer_max, orders.UNITS_PER_LINE_MAX)
    found = np.empty(len(baskets.rows), np.int64)
    count = _find_open(
        house.catalog.listings.seller, house.partners.has_several, owned(baskets.listings), owned(baskets.quantities),
        owned(baskets.holds), owned(baskets.locations), limit, found,
    )  # fmt: skip
    return found[:count]


@njit(cache=True, nogil=True)
def _find_open(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    seller_of: np.ndarray, has_several: np.ndarray, listings: np.ndarray, quantities: np.ndarray, holds: np.ndarray,
    locations: np.ndarray, limit: int, found: np.ndarray,
) -> int:  # fmt: skip
    """Fill in the open lines of sellers with several locations; give how many there are."""
    count = 0
    for ahead in range(listings.shape[0] + _AHEAD):
        if ahead < listings.shape[0] and 0 < listings[ahead] < seller_of.shape[0]:
            prefetch(seller_of, listings[ahead])
        line = ahead - _AHEAD
        if line < 0 or not 0 < listings[line] < seller_of.shape[0] or not has_several[seller_of[listings[line]]]:
            continue
        if holds[line] == 0 and locations[line] == 0 and 0 < quantities[line] <= limit:
            found[count] = line
            count += 1
    return count


@njit(cache=True, nogil=True)
def _send_whole(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    first: int, starts: np.ndarray, shelves: np.ndarray, quantities: np.ndarray, ranks: np.ndarray, ranked: np.ndarray,
    left: np.ndarray, chosen: np.ndarray,
) -> int:  # fmt: skip
    """Send orders from `first` on, each from the first place by rank that has all of it; stop at one that no place has.

    Order i has the lines from starts[i] on: quantities of shelves, whose units by place are left[shelf, place].
    ranked[ranks[i]] are the places in their order, -1 beyond the last. Gives where it stopped; `chosen` is by order.
    """
    for order in range(first, starts.shape[0] - 1):
        chosen[order] = -1
        for place in ranked[ranks[order]]:
            if place < 0:
                break
            line = starts[order]
            while line < starts[order + 1] and left[shelves[line], place] >= quantities[line]:
                left[shelves[line], place] -= quantities[line]
                line += 1
            if line == starts[order + 1]:
                chosen[order] = place
                break
            for taken in range(starts[order], line):
                left[shelves[taken], place] += quantities[taken]
        if chosen[order] < 0:
            return order
    return len(starts) - 1


def warm() -> None:
    """Run the compiled parts over nothing, so that the first order from several locations does not wait for them."""
    none, sheet = np.zeros(0, np.int64), np.zeros((1, 1), np.int64)
    one = np.zeros(1, np.int64)
    _find_open(one, np.zeros(1, np.bool_), none, none, none, none, 1, none)
    _send_whole(0, one, none, none, none, sheet, sheet, none)


class _Allocating:
    """One pass over baskets whose lines stand in the order of their purchases.

    An order here is what one purchase takes of one seller; a shelf is a SKU of a seller, over all of their locations.
    """

    def __init__(self, house: House, baskets: Baskets) -> None:
        self._house, self._baskets = house, baskets
        lines, table = _open_lines(house, baskets), house.catalog.listings
        sellers = table.seller[baskets.listings[lines]]
        order = np.lexsort((np.arange(len(lines)), sellers, baskets.rows[lines]))
        self._lines, sellers = lines[order], sellers[order]
        rows, self._skus = baskets.rows[self._lines], table.sku[baskets.listings[self._lines]]
        self._quantities = owned(baskets.quantities[self._lines])
        is_first = np.ones(len(lines), np.bool_)
        is_first[1:] = (rows[1:] != rows[:-1]) | (sellers[1:] != sellers[:-1])
        self._starts = np.append(np.flatnonzero(is_first), len(lines))
        self._rows, self._sellers = rows[is_first], sellers[is_first]
        known = {one: partners.open_locations(house.partners, SellerId(one)) for one in set(self._sellers.tolist())}
        self._places = {seller: [place.location for place in places] for seller, places in known.items()}
        self._left, self._shelves = self._stand(sellers)
        self._ranked, self._ranks = self._rank()

    def _stand(self, sellers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the free units by shelf and place, int64 [shelves, places], and which shelf each line takes from."""
        width = max(len(places) for places in self._places.values())
        pairs, shelves = np.unique(np.stack([sellers, self._skus]), axis=1, return_inverse=True)
        owners = np.zeros((pairs.shape[1], width), np.int64)
        for row, seller in enumerate(pairs[0].tolist()):
            owners[row, : len(self._places[seller])] = self._places[seller]
        free = ledger.free_units(self._house.ledger, owners.ravel(), np.repeat(pairs[1], width))
        return np.maximum(free, 0).reshape(owners.shape), owned(shelves.reshape(-1))

    def _rank(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the places of sellers in the order in which they come for destinations, and which row each order has."""
        known: dict[tuple[int, Destination], int] = {}
        found, ranks, reached = list[list[int]](), np.empty(len(self._rows), np.int64), dict[int, Destination]()
        addresses = self._baskets.addresses[self._rows].tolist()
        for order, (seller, address) in enumerate(zip(self._sellers.tolist(), addresses, strict=True)):
            if address not in reached:
                reached[address] = destination_of(self._house, address) or NOWHERE
            where = reached[address]
            if (seller, where) not in known:
                known[seller, where] = len(found)
                ranked = partners.ranked(self._house.partners, SellerId(seller), where.country, where.region)
                found.append([self._places[seller].index(place) for place in ranked])
            ranks[order] = known[seller, where]
        rows = np.full((len(found), self._left.shape[1]), -1, np.int64)
        for row, places in enumerate(found):
            rows[row, : len(places)] = places
        return rows, ranks

    def run(self) -> Allocation:
        """Say where each order is sent from, one after the other: whole where one place has all of it."""
        baskets, count = self._baskets, len(self._rows)
        chosen, parts, is_short = (
            np.full(count, -1, np.int64),
            dict[int, Sequence[orders.Part]](),
            np.zeros(count, np.bool_),
        )
        order = 0
        while True:
            order = _send_whole(
                order, self._starts, self._shelves, self._quantities, self._ranks, self._ranked, self._left, chosen
            )
            if order == count:
                break
            is_short[order] = not self._send_in_parts(order, parts)
            order += 1
        locations = baskets.locations.copy()
        for seller, places in self._places.items():
            whole = np.flatnonzero((chosen >= 0) & (self._sellers == seller))
            lengths = self._starts[whole + 1] - self._starts[whole]
            lines = np.repeat(self._starts[whole] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
            locations[self._lines[lines]] = np.repeat(np.array(places, np.int64)[chosen[whole]], lengths)
        baskets = replace(baskets, locations=locations)
        found = [np.zeros(len(baskets), np.bool_) for _ in range(2)]
        found[0][self._rows[~is_short]] = True
        found[1][self._rows[is_short]] = True
        return Allocation(_cut(baskets, parts) if parts else baskets, *found)

    def _send_in_parts(self, order: int, parts: dict[int, Sequence[orders.Part]]) -> bool:
        """Send an order that no place has all of; tell whether all places together do."""
        span, places = range(self._starts[order], self._starts[order + 1]), self._places[int(self._sellers[order])]
        wanted = [(int(self._skus[line]), int(self._quantities[line])) for line in span]
        free: _Free = {
            (location, sku): int(self._left[self._shelves[line], place])
            for line, (sku, _) in zip(span, wanted, strict=True)
            for place, location in enumerate(places)
        }
        ranked = [places[place] for place in self._ranked[self._ranks[order]].tolist() if place >= 0]
        sourced = orders.source(wanted, free, ranked)
        if sourced is None:
            return False
        for line, found in zip(span, sourced, strict=True):
            parts[int(self._lines[line])] = found
            for part in found:
                self._left[self._shelves[line], places.index(part.location)] -= part.quantity
        return True


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
