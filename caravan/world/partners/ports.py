"""What another shop system hands over when its history moves in: the shape that every importer fills."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")

SELLERS = pa.schema(
    [
        ("reference", pa.string()),  # the seller's id in the source
        ("name", pa.string()),
        ("country", pa.string()),  # ISO 3166 alpha-2
        ("city", pa.string()),
        ("postcode", pa.string()),
        ("description", pa.string()),
        ("applied_at", TIMESTAMP),
    ]
)
PRODUCTS = pa.schema(
    [
        ("reference", pa.string()),
        ("title", pa.string()),
        ("description", pa.string()),
        ("category", pa.string()),  # "Home/Kitchen": levels parted by a slash, no more than three
        ("brand", pa.string()),
        ("gtin", pa.string()),
        ("attributes", pa.map_(pa.string(), pa.string())),
        ("image", pa.string()),  # an SVG drawing, or empty
        ("weight_grams", pa.int64()),
    ]
)
LISTINGS = pa.schema(
    [
        ("reference", pa.string()),
        ("product", pa.string()),  # PRODUCTS.reference
        ("option", pa.string()),  # what sets this SKU of the product apart ("Blue / M"), or empty
        ("seller", pa.string()),  # SELLERS.reference
        ("price_minor", pa.int64()),
        ("shipping_minor", pa.int64()),  # flat price of sending one unit
        ("on_hand", pa.int64()),  # units that the seller has today, beyond what the orders below take
        ("listed_at", TIMESTAMP),
    ]
)
BUYERS = pa.schema(
    [
        ("reference", pa.string()),
        ("name", pa.string()),
        ("email", pa.string()),  # or empty: a guest
        ("country", pa.string()),
        ("city", pa.string()),
        ("postcode", pa.string()),
        ("registered_at", TIMESTAMP),
    ]
)
ORDERS = pa.schema(
    [
        ("reference", pa.string()),  # one purchase of one buyer, over one or more sellers
        ("buyer", pa.string()),  # BUYERS.reference
        ("placed_at", TIMESTAMP),
        ("paid_minor", pa.int64()),  # what the buyer paid, by all methods together
        ("method", pa.string()),  # "credit_card", "boleto+voucher" …: how it was paid in the source
        ("canceled_at", TIMESTAMP),  # before anything was handed over; null when it was not
    ]
)
LINES = pa.schema(
    [
        ("order", pa.string()),  # ORDERS.reference
        ("listing", pa.string()),  # LISTINGS.reference
        ("quantity", pa.int64()),
        ("unit_price_minor", pa.int64()),  # as sold that day
        ("shipping_minor", pa.int64()),  # of the whole line
    ]
)
PARCELS = pa.schema(
    [
        ("order", pa.string()),
        ("seller", pa.string()),  # the one parcel with all that this seller sent for this order
        ("handed_over_at", TIMESTAMP),
        ("promised_at", TIMESTAMP),  # null when the source made no promise
        ("delivered_at", TIMESTAMP),  # null when it is not known to have arrived
        (
            "settled_at",
            TIMESTAMP,
        ),  # null, or when the operator rules that money may go out although no delivery is known
    ]
)
RETURNS = pa.schema(
    [
        ("reference", pa.string()),
        ("order", pa.string()),
        ("listing", pa.string()),
        ("quantity", pa.int64()),
        ("refund_minor", pa.int64()),
        ("returned_at", TIMESTAMP),
    ]
)
SOURCES = pa.schema(
    [
        ("table", pa.string()),  # "orders", "lines", "buyers" …: the table above in which the input row ended
        ("reference", pa.string()),  # the row's own reference there; for lines, parcels and payments the order's
        ("file", pa.string()),
        ("row", pa.int64()),  # counted from 1 in the input file, header not counted
    ]
)
REJECTS = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("field", pa.string()),
        ("reason", pa.string()),
        ("value", pa.string()),
    ]
)


@dataclass(frozen=True)
class History:
    """A shop's past, clean: every reference resolves, money is in minor units, times are UTC.

    Each table has the schema of the same name above, is sorted by its time where it has one, and may be empty.
    `sources` says for every accepted input row where it ended, so that an order which the commands refuse later
    takes its rows along into the reject file. `read` = rows of `sources` + rows of `rejects`, to the row.
    """

    source: str
    currency: str
    sellers: pa.Table
    products: pa.Table
    listings: pa.Table
    buyers: pa.Table
    orders: pa.Table
    lines: pa.Table
    parcels: pa.Table
    returns: pa.Table
    sources: pa.Table
    rejects: pa.Table
    read: int
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ImportOptions:
    """What the one who imports may choose."""

    limit_rows: int = 20_000_000


class HistorySource(Protocol):
    """Another system's export: looked at, then read whole."""

    name: str

    def read(self, path: str, options: ImportOptions) -> Iterator[tuple[str, int, int] | History]:
        """Yield progress (step, done, total) while reading, and the History last. Refuse a folder of another shape."""
        ...
