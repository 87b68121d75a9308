"""Tracking: what pages and apps elsewhere tell of people becomes signals for discovery and ties for One ID."""

from collections.abc import Sequence
from typing import NamedTuple

from caravan.cell import Batch, Section
from caravan.flows import discovering
from caravan.flows.discovering import Doings
from caravan.flows.house import House, one_by_one
from caravan.insight import oneid
from caravan.kernel.clock import Instant


class Tracked(NamedTuple):
    """One message: what somebody did, and by which identifiers they were known together; either may be missing."""

    doings: Doings | None = None
    seen: oneid.Observations | None = None


def track(house: House, requests: Sequence[Tracked], *, now: Instant) -> Batch:
    """Take messages in order, each whole or not at all; each answer is how many facts it became."""

    def take(request: Tracked, facts: list[Section]) -> int:
        own: list[Section] = []
        if request.doings is not None:
            own += discovering.signals(house, request.doings, now=now)
        if request.seen is not None:
            own += oneid.observe(house.oneid, request.seen, now=now)[0]
        facts += own
        return sum(part.batch.num_rows for part in own)

    return one_by_one(requests, take)
