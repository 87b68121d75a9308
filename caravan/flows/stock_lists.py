"""Stock lists: counted stock by location as CSV, in and out; a list with a fault changes nothing and names each."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from caravan.cell import Decision
from caravan.flows import locations, places
from caravan.flows.house import House
from caravan.flows.locations import Count, Counted, WrongCounts
from caravan.kernel import ids
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ListingId, LocationId, SellerId
from caravan.trade import catalog
from caravan.world import partners

LIST_CHARACTERS_MAX = 1_000_000
WRITTEN_LISTINGS_MAX = 20_000
NEEDED = ("location", "on_hand")
COLUMNS = (
    "listing", "reference", "title", "option", "location", "location_name", "on_hand", "available", "reserved",
    "committed", "coming",
)  # fmt: skip
_UNITS_DIGITS_MAX = 9


class Loading(NamedTuple):
    """A seller's list as CSV; a trial is only looked at."""

    seller: SellerId
    document: str
    is_trial: bool


def load_counts(house: House, loading: Loading, *, now: Instant) -> Decision:
    """Bring stock to what a list says, all of it or none; give a Counted. Refuses as WrongCounts with every fault."""
    counts = read_counts(house, loading.seller, loading.document)
    decided = locations.set_stock(
        house, locations.Counting(loading.seller, tuple(counts), is_trial=loading.is_trial), now=now
    )
    return Decision(decided.facts, decided.answer)


def read_counts(house: House, seller: SellerId, document: str) -> list[Count]:
    """Read a list: a listing by its id or the seller's reference, a location by its id or name, and how many are on hand."""
    if len(document) > LIST_CHARACTERS_MAX:
        raise WrongCounts([(0, "file", f"has at most {LIST_CHARACTERS_MAX} characters")])
    reader = csv.DictReader(io.StringIO(document.removeprefix("\ufeff")), strict=True)
    try:
        names, rows = list(reader.fieldnames or ()), list(reader)
    except csv.Error as error:
        raise WrongCounts([(reader.line_num, "file", f"is no CSV: {error}")]) from None
    missing = [name for name in NEEDED if name not in names]
    if "listing" not in names and "reference" not in names:
        missing.append("listing")
    if missing:
        raise WrongCounts([(0, name, "is a column that is needed") for name in missing])
    known = {place.label: place.location for place in partners.open_locations(house.partners, seller)}
    faults, counts = list[tuple[int, str, str]](), list[Count]()
    for row, said in enumerate(rows, 1):
        found = list(_faults(house, seller, said, known))
        faults += [(row, field, reason) for field, reason in found]
        if not found:
            counts.append(Count(_listing(house, seller, said), _location(said, known), int(said["on_hand"].strip())))
    if faults:
        raise WrongCounts(faults)
    return counts


def _faults(
    house: House, seller: SellerId, said: Mapping[str, str | None], known: Mapping[str, LocationId]
) -> Iterator[tuple[str, str]]:
    if None in said or None in said.values():
        yield "row", "has another number of fields than the first line"
        return
    field = "listing" if (said.get("listing") or "").strip() else "reference"
    try:
        if not _listing(house, seller, said):
            yield field, "There is no listing of yours with this reference."
    except Invalid as fault:
        yield field, str(fault)
    try:
        if not _location(said, known):
            yield "location", "There is no open location of yours with this name."
    except Invalid as fault:
        yield "location", str(fault)
    units = (said["on_hand"] or "").strip()
    if not (units.isascii() and units.isdigit() and len(units) <= _UNITS_DIGITS_MAX):
        yield "on_hand", "is a whole number of units, such as 12"


def _listing(house: House, seller: SellerId, said: Mapping[str, str | None]) -> ListingId:
    named = (said.get("listing") or "").strip()
    if named:
        return ListingId(ids.number(ListingId, named))
    return house.catalog.references.get((seller, (said.get("reference") or "").strip()), ListingId(0))


def _location(said: Mapping[str, str | None], known: Mapping[str, LocationId]) -> LocationId:
    named = (said["location"] or "").strip()
    if named in known:
        return known[named]
    return LocationId(ids.number(LocationId, named)) if named.startswith("loc_") else LocationId(0)


def write_counts(house: House, seller: SellerId) -> str:
    """Write a seller's stock by location as a list that can be changed and loaded again."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    references = {
        listing: reference for (owner, reference), listing in house.catalog.references.items() if owner == seller
    }
    for listing, spot in locations.counts_of(house, seller, after=0, limit=WRITTEN_LISTINGS_MAX):
        if house.partners.locations[spot.location].is_open:
            writer.writerow(_row(house, listing, spot, references.get(listing, "")))
    return sheet.getvalue()


def _row(house: House, listing: ListingId, spot: places.Lying, reference: str) -> list[object]:
    offer = catalog.listing_of(house.catalog, listing)
    title, place = house.catalog.products[offer.product].title, house.partners.locations[spot.location]
    texts = (_plain(reference), _plain(title), _plain(offer.option))
    return [
        ids.text(ListingId, listing), *texts, ids.text(LocationId, spot.location), _plain(place.label),
        spot.available + spot.reserved, spot.available, spot.reserved, spot.committed, spot.coming,
    ]  # fmt: skip


def _plain(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


__all__ = ["COLUMNS", "Counted", "Loading", "load_counts", "read_counts", "write_counts"]
