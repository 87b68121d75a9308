"""Clicked: what people looked for, saw and took is read from the log for search to learn from; of who was erased nothing is."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from caravan.cell import Log, Section, decode, numbers, ragged, read_layouts, rows
from caravan.events import discovery as signals
from caravan.events import identity, orders
from caravan.events import search as searches
from caravan.flows import discovering
from caravan.flows.house import House
from caravan.insight import discovery, search
from caravan.kernel.clock import DAY, MINUTE
from caravan.kernel.event import Event
from caravan.kernel.ids import ListingId

LISTS_MAX = 1_000_000
"""So many lists are learned from, the latest; one visitor's list for the same words counts once a day."""
CLICKED_WITHIN = 30 * MINUTE
BOUGHT_WITHIN = 7 * DAY
RETRIED_WITHIN = 5 * MINUTE
_KINDS = frozenset({searches.ResultsShown, signals.SignalNoted, orders.PurchasePlaced, identity.BuyerForgotten})


class _Look(msgspec.Struct):
    at: int
    visitor: bytes
    buyer: int
    words: str
    first: int
    products: tuple[int, ...]
    clicked: dict[int, int] = msgspec.field(default_factory=dict)
    bought: set[int] = msgspec.field(default_factory=set)


class Clicked(NamedTuple):
    """Lists with what was clicked and bought, and the words that were tried one after another."""

    lists: list[search.Shown]
    tries: list[tuple[str, str, bytes]]


class _Reading:
    def __init__(self, house: House) -> None:
        self._house = house
        self._looks: OrderedDict[tuple[bytes, str, int, int], _Look] = OrderedDict()
        self._latest: dict[bytes, list[_Look]] = {}
        self._visitors: dict[int, set[bytes]] = {}
        self._erased: set[bytes] = set()

    def fold(self, part: Section) -> None:
        if part.kind is orders.PurchasePlaced:
            self._buy(part)
            return
        for event in rows(part):
            match event:
                case searches.ResultsShown():
                    self._show(event)
                case signals.SignalNoted():
                    self._know(event.visitor, event.buyer)
                    if event.surface == "search" and event.signal == discovery.Signal.CLICKED:
                        self._click(event)
                case identity.BuyerForgotten():
                    self._erased |= self._visitors.pop(event.buyer, set())

    def _know(self, visitor: bytes, buyer: int) -> None:
        if buyer:
            self._visitors.setdefault(buyer, set()).add(visitor)

    def _show(self, event: searches.ResultsShown) -> None:
        self._know(event.visitor, event.buyer)
        key = (event.visitor, event.words, event.first, event.at // DAY)
        look = self._looks.get(key)
        if look is None:
            look = _Look(event.at, event.visitor, event.buyer, event.words, event.first, tuple(event.products))
            self._looks[key] = look
            if len(self._looks) > LISTS_MAX:
                self._looks.popitem(last=False)
        self._latest[event.visitor] = [look, *self._latest.get(event.visitor, ())[:9]]

    def _click(self, event: signals.SignalNoted) -> None:
        for look in self._latest.get(event.visitor, ()):
            if event.product in look.products:
                if event.at - look.at <= CLICKED_WITHIN:
                    look.clicked.setdefault(event.product, event.at)
                return

    def _buy(self, part: Section) -> None:
        lines = ragged(part.batch, "listings")
        buyers, ats = numbers(part.batch, "buyer").tolist(), numbers(part.batch, "at").tolist()
        for row, (buyer, at) in enumerate(zip(buyers, ats, strict=True)):
            marks = self._visitors.get(buyer)
            if not marks:
                continue
            listings = lines.values[lines.offsets[row] : lines.offsets[row + 1]].tolist()
            products = {int(discovering.product_of(self._house, ListingId(one))) for one in listings}
            for look in (look for mark in marks for look in self._latest.get(mark, ())):
                look.bought |= {
                    one for one in products if at - look.clicked.get(one, at - BOUGHT_WITHIN - 1) <= BOUGHT_WITHIN
                }

    def told(self) -> Clicked:
        kept = [look for look in self._looks.values() if look.visitor not in self._erased]
        lists = [
            search.Shown(one.words, one.first, one.products, frozenset(one.clicked), frozenset(one.bought))
            for one in kept
        ]
        tries, before = [], dict[bytes, _Look]()
        for one in kept:
            last = before.get(one.visitor)
            if last is not None and one.clicked and not last.clicked and one.at - last.at <= RETRIED_WITHIN:
                tries.append((last.words, one.words, one.visitor))
            before[one.visitor] = one
        return Clicked(lists, tries)


def read(log: Log, kinds: Mapping[str, type[Event]], house: House) -> Clicked:
    """Read what a log tells of searches. Of a buyer who was erased, and of each browser that was theirs, nothing is told."""
    reading, layouts = _Reading(house), read_layouts(log)
    for frame in log.read(after=0):
        for part in decode(frame, kinds, layouts):
            if part.kind in _KINDS:
                reading.fold(part)
    return reading.told()
