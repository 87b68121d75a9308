"""What delivery needs from outside: a printer, for what goes on parcels and into the hands that pack them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Label(NamedTuple):
    """What is stuck on a parcel: whose it is, where it goes, and the number that carriers scan."""

    order: str
    tracking: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    country: str


class Pick(NamedTuple):
    """Units of one SKU to take from a shelf, and the orders that they are for, each with how many."""

    place: str
    title: str
    option: str
    sku: str
    units: int
    orders: tuple[tuple[str, int], ...]


class Printer(Protocol):
    """Lays documents out for printing, as PDF."""

    def labels(self, labels: Sequence[Label]) -> bytes:
        """Give a document with a page of A6 for each label."""
        ...

    def pick_list(self, seller: str, day: str, picks: Sequence[Pick]) -> bytes:
        """Give a document of A4 pages that lists what to take from the shelves."""
        ...
