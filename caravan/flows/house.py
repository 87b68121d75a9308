"""The house: every domain's state side by side, for flows to decide over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from caravan.cell import Batch, Model, Section, transpose
from caravan.insight.exports import Exports
from caravan.insight.identity import Identity
from caravan.insight.oneid import OneId
from caravan.insight.profiles import Profiles
from caravan.insight.search import Search
from caravan.kernel.errors import CaravanError
from caravan.kernel.event import Event
from caravan.trade.catalog import Catalog
from caravan.trade.claims import Claims
from caravan.trade.delivery import Delivery, Labels, Promises
from caravan.trade.exchange import Exchange
from caravan.trade.ledger import Ledger
from caravan.trade.moves import Moves
from caravan.trade.network import Plans
from caravan.trade.orders import Orders
from caravan.trade.payments import Dealings, Payments
from caravan.trade.taxes import Taxes
from caravan.trade.transfers import Transfers
from caravan.world.markets import Markets, TransferTerms
from caravan.world.partners import Partners

_Request = TypeVar("_Request")


@dataclass(frozen=True)
class House:
    """All state of a cell. Flows read it; only facts change it."""

    catalog: Catalog = field(default_factory=Catalog)
    claims: Claims = field(default_factory=Claims)
    dealings: Dealings = field(default_factory=Dealings)
    delivery: Delivery = field(default_factory=Delivery)
    identity: Identity = field(default_factory=Identity)
    labels: Labels = field(default_factory=Labels)
    ledger: Ledger = field(default_factory=Ledger)
    markets: Markets = field(default_factory=Markets)
    moves: Moves = field(default_factory=Moves)
    network: Plans = field(default_factory=Plans)
    oneid: OneId = field(default_factory=OneId)
    orders: Orders = field(default_factory=Orders)
    partners: Partners = field(default_factory=Partners)
    payments: Payments = field(default_factory=Payments)
    search: Search = field(default_factory=Search)
    promises: Promises = field(default_factory=Promises)
    exchange: Exchange = field(default_factory=Exchange)
    taxes: Taxes = field(default_factory=Taxes)
    transfers: Transfers = field(default_factory=Transfers)
    transfer_terms: TransferTerms = field(default_factory=TransferTerms)
    profiles: Profiles = field(default_factory=Profiles)
    exports: Exports = field(default_factory=Exports)

    def models(self) -> list[Model]:
        """Give every domain's state."""
        return [
            self.catalog,
            self.claims,
            self.dealings,
            self.delivery,
            self.identity,
            self.labels,
            self.ledger,
            self.markets,
            self.moves,
            self.network,
            self.oneid,
            self.orders,
            self.partners,
            self.payments,
            self.search,
            self.promises,
            self.exchange,
            self.taxes,
            self.transfers,
            self.transfer_terms,
            self.profiles,
            self.exports,
        ]

    def make_room(self, purchases: int) -> Iterator[None]:
        """Take memory for so many purchases to come, a step at a time; may be called beside the writer."""
        orders = int(purchases * self.orders.shape.orders)
        yield from self.orders.make_room(purchases)
        yield from self.ledger.make_room(orders)
        yield from self.payments.make_room(purchases, orders)


def as_facts(*events: Event) -> list[Section]:
    """Lay a few events down as facts."""
    return transpose(events)


def integers(values: Sequence[int] | np.ndarray | int) -> np.ndarray:
    """Give numbers as int64 of shape [n]; one number is one row."""
    return np.atleast_1d(np.asarray(values, np.int64))


def answered(facts: Sequence[Section], results: Sequence[object]) -> Batch:
    """Give what was decided about several requests, when every answer or refusal is known already."""
    return Batch(
        facts,
        [result if isinstance(result, CaravanError) else lambda result=result: result for result in results],  # type: ignore[misc]
    )


def one_by_one(requests: Sequence[_Request], decide: Callable[[_Request, list[Section]], object]) -> Batch:
    """Decide requests in order, each whole or refused whole; `decide` adds its facts to the list and gives its answer."""
    facts: list[Section] = []
    results: list[object] = []
    for request in requests:
        try:
            results.append(decide(request, facts))
        except CaravanError as refusal:
            results.append(refusal)
    return answered(facts, results)


def fold(house: House, facts: Sequence[Section]) -> list[Section]:
    """Fold facts in here and now, so that what follows in the same decision is decided over them; give them back."""
    for part in facts:
        if not part.is_applied:
            for model in house.models():
                if part.kind in model.kinds:
                    model.apply(part)
    return [part._replace(is_applied=True) for part in facts]
