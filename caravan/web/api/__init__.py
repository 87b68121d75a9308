"""The JSON API: a table of operations, and the doorway that leads to them."""

from caravan.web.api import (
    books,
    claiming,
    columns,
    discovering,
    exchanging,
    exports,
    fulfilling,
    gifts,
    goods,
    identities,
    market,
    money,
    network,
    numbers,
    parcels,
    paying,
    people,
    places,
    profiles,
    promising,
    searching,
    shop,
    taxing,
    tracking,
    transfers,
)
from caravan.web.api.doorway import Doorway
from caravan.web.api.openapi import describe
from caravan.web.api.operations import Operation, Table

OPERATIONS: tuple[Operation, ...] = (
    *people.OPERATIONS,
    *market.OPERATIONS,
    *goods.OPERATIONS,
    *places.OPERATIONS,
    *searching.OPERATIONS,
    *shop.OPERATIONS,
    *columns.OPERATIONS,
    *fulfilling.OPERATIONS,
    *parcels.OPERATIONS,
    *claiming.OPERATIONS,
    *promising.OPERATIONS,
    *money.OPERATIONS,
    *paying.OPERATIONS,
    *books.OPERATIONS,
    *gifts.OPERATIONS,
    *network.OPERATIONS,
    *discovering.OPERATIONS,
    *tracking.OPERATIONS,
    *identities.OPERATIONS,
    *numbers.OPERATIONS,
    *transfers.OPERATIONS,
    *exchanging.OPERATIONS,
    *taxing.OPERATIONS,
    *profiles.OPERATIONS,
    *exports.OPERATIONS,
)

__all__ = ["OPERATIONS", "Doorway", "Operation", "Table", "describe"]
