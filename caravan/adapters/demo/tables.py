"""The demo market written into the tables that every importer fills."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from caravan.adapters.demo import buyers, sellers
from caravan.adapters.demo.market import Market
from caravan.adapters.demo.sellers import SELLERS
from caravan.world.partners import ports

_Row = tuple[object, ...]


def history(market: Market) -> ports.History:
    """Write the market down, each table in the order of its time."""
    tables = {
        "sellers": _table(ports.SELLERS, sorted(_sellers(market), key=_last)),
        "products": _table(ports.PRODUCTS, _products(market)),
        "listings": _table(ports.LISTINGS, _listings(market)),
        "buyers": _table(ports.BUYERS, sorted(_buyers(market), key=_last)),
        "orders": _table(ports.ORDERS, _orders(market)),
        "lines": _table(ports.LINES, _lines(market)),
        "parcels": _table(ports.PARCELS, _parcels(market)),
        "returns": _table(ports.RETURNS, _returns(market)),
    }
    sources = _table(ports.SOURCES, _sources(tables))
    return ports.History(
        source="demo",
        currency="EUR",
        **tables,
        sources=sources,
        rejects=ports.REJECTS.empty_table(),
        read=sources.num_rows,
        notes=("Everything in this market is made up: sellers, buyers, brands and stories.",),
    )


def _sellers(market: Market) -> Iterator[_Row]:
    for place, seller in enumerate(SELLERS):
        yield (
            sellers.reference(place),
            seller.name,
            seller.country,
            seller.city,
            seller.postcode,
            seller.description,
            market.applied_at[place],
        )


def _products(market: Market) -> Iterator[_Row]:
    for product in market.products:
        yield (
            product.reference,
            product.title,
            product.description,
            product.category,
            product.brand,
            product.gtin,
            list(product.attributes.items()),
            product.image,
            product.weight_grams,
        )


def _listings(market: Market) -> Iterator[_Row]:
    for listing in market.listings:
        yield (
            listing.reference,
            listing.product.reference,
            listing.option,
            sellers.reference(listing.seller),
            listing.price_minor,
            listing.shipping_minor,
            listing.on_hand,
            listing.listed_at,
        )


def _buyers(market: Market) -> Iterator[_Row]:
    for buyer in market.buyers:
        yield (
            buyers.reference(buyer.place),
            buyer.name,
            buyer.email,
            buyer.country.code,
            buyer.city,
            buyer.postcode,
            market.registered_at[buyer.place],
        )


def _orders(market: Market) -> Iterator[_Row]:
    for place, order in enumerate(market.orders):
        yield (
            _order_reference(place),
            buyers.reference(order.buyer.place),
            order.placed_at,
            sum(line.total_minor for line in order.lines),
            order.method,
            order.canceled_at,
        )


def _lines(market: Market) -> Iterator[_Row]:
    for place, order in enumerate(market.orders):
        for line in order.lines:
            yield (
                _order_reference(place),
                line.listing.reference,
                line.quantity,
                line.listing.price_minor,
                line.shipping_minor,
            )


def _parcels(market: Market) -> Iterator[_Row]:
    for parcel in market.parcels:
        yield (
            _order_reference(parcel.order),
            sellers.reference(parcel.seller),
            parcel.handed_over_at,
            parcel.promised_at,
            parcel.delivered_at,
            None,
        )


def _returns(market: Market) -> Iterator[_Row]:
    for place, back in enumerate(market.returns):
        yield (
            f"R-{place + 1:03d}",
            _order_reference(back.order),
            back.line.listing.reference,
            back.quantity,
            back.quantity * back.line.listing.price_minor,
            back.returned_at,
        )


def _sources(tables: dict[str, pa.Table]) -> Iterator[_Row]:
    row = 0
    for name, table in tables.items():
        for reference in table.column("order" if name in {"lines", "parcels"} else "reference").to_pylist():
            row += 1
            yield name, reference, "demo", row


def _order_reference(place: int) -> str:
    return f"O-{place + 1:05d}"


def _last(row: _Row) -> int:
    at = row[-1]
    assert isinstance(at, int), row
    return at


def _table(schema: pa.Schema, rows: Iterable[_Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
