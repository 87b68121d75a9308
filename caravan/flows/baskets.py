"""Baskets: purchases to place, thousands at a time, in columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

PER_LINE = frozenset({"rows", "listings", "quantities", "unit_prices", "shipping", "holds", "locations"})
"""The columns of baskets that have a value a line."""


@dataclass(frozen=True)
class Baskets:
    """Purchases to place, in columns. Purchase columns are int64 [n], line columns [m]; `rows` says whose line it is.

    `expected` is what each buyer agreed to pay in all. `holds` are the ledger's, 0 where nothing was reserved before.
    `locations` say where each line's units are taken, 0 for the listing's own location.
    `marks_high` and `marks_low` hash where a purchase comes from, so that it is placed once; both 0 for none.
    """

    at: np.ndarray
    buyers: np.ndarray
    sessions: np.ndarray
    addresses: np.ndarray
    units: np.ndarray
    expected: np.ndarray
    marks_high: np.ndarray
    marks_low: np.ndarray
    rows: np.ndarray
    listings: np.ndarray
    quantities: np.ndarray
    unit_prices: np.ndarray
    shipping: np.ndarray
    holds: np.ndarray
    locations: np.ndarray

    def __len__(self) -> int:
        """Give the number of purchases."""
        return len(self.buyers)

    def by_row(self) -> "Baskets":
        """Give them with their lines in the order of the purchases."""
        if (self.rows[1:] >= self.rows[:-1]).all():
            return self
        order = np.argsort(self.rows, kind="stable")
        return replace(self, **{name: getattr(self, name)[order] for name in PER_LINE})

    def shipped_for(self, shipping: np.ndarray) -> "Baskets":
        """Give these purchases with other amounts on top of their prices; int64 [m]."""
        return replace(self, shipping=shipping)


def join(requests: Sequence[Baskets]) -> Baskets:
    """Lay the baskets of several requests end to end."""
    if len(requests) == 1:
        return requests[0]
    firsts = np.cumsum([0] + [len(request) for request in requests])
    columns = {
        field.name: np.concatenate([getattr(request, field.name) for request in requests]) for field in fields(Baskets)
    }
    columns["rows"] = np.concatenate([request.rows + first for request, first in zip(requests, firsts, strict=False)])
    return Baskets(**columns)


def select(baskets: Baskets, rows: np.ndarray) -> Baskets:
    """Give these purchases alone, with their lines; `rows` int64, rising."""
    place = np.full(len(baskets), -1, np.int64)
    place[rows] = np.arange(len(rows))
    lines = np.flatnonzero(place[baskets.rows] >= 0)
    columns = {
        column.name: getattr(baskets, column.name)[lines if column.name in PER_LINE else rows]
        for column in fields(Baskets)
    }
    return Baskets(**columns | {"rows": place[columns["rows"]]})
