"""Everything that can happen, in one registry: what a log is read by."""

from caravan.cell import idempotency as answers
from caravan.cell import registry
from caravan.events import (
    catalog,
    claims,
    delivery,
    discovery,
    exchange,
    exports,
    identity,
    ledger,
    markets,
    moves,
    network,
    oneid,
    orders,
    partners,
    payments,
    profiles,
    search,
    taxes,
    transfers,
)

KINDS = registry(
    catalog,
    claims,
    delivery,
    discovery,
    exchange,
    exports,
    identity,
    ledger,
    markets,
    moves,
    network,
    oneid,
    orders,
    partners,
    payments,
    profiles,
    search,
    taxes,
    transfers,
    answers,
)
