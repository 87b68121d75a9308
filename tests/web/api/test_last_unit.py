"""Checks the last unit: sixty-four buyers want it at once, over real sockets, and one has it; and that the rig would see if not."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from caravan.client import Client, Refused
from caravan.flows import invariants
from caravan.trade.ledger import Kind
from caravan.trade.ledger import model as ledger
from tests.web.api.rig import Rig, euro, running

BUYERS = 64


@pytest.fixture
def crowd_rig(home: Path) -> Iterator[Rig]:
    with running(home, requests_per_minute=600_000) as rig:
        yield rig


def _rush(rig: Rig, units: int) -> tuple[Counter[str], int]:
    """Let all buyers order one unit at the same moment; count what each was told, and the units committed."""
    trader, shoppers = rig.seller(), rig.buyers(BUYERS, 1_000)
    listing = trader.offer(1_000, units)
    clients = [shopper.client for shopper in shoppers]
    ready = threading.Barrier(BUYERS)

    def order(place: int) -> str:
        client, shopper = clients[place], shoppers[place]
        client.market()  # The connection is open before the rush begins.
        ready.wait(60)
        return _told(client, listing, shopper.address)

    with ThreadPoolExecutor(BUYERS) as pool:
        told = Counter(pool.map(order, range(BUYERS)))
    return told, trader.client.listing(listing).committed


def _told(client: Client, listing: str, address: str) -> str:
    try:
        client.place_order({listing: 1}, address, euro(1_000))
    except Refused as refused:
        return refused.refusal
    return "placed"


def test_of_sixty_four_buyers_one_gets_the_last_unit_and_the_others_are_told(crowd_rig: Rig) -> None:
    told, committed = _rush(crowd_rig, 1)

    assert told == {"placed": 1, "out_of_stock": BUYERS - 1}
    assert committed == 1
    assert list(invariants.findings(crowd_rig.caravan.cell.house)) == []


def test_with_a_unit_for_each_all_sixty_four_get_one(crowd_rig: Rig) -> None:
    told, committed = _rush(crowd_rig, BUYERS)

    assert told == {"placed": BUYERS}
    assert committed == BUYERS


def test_without_the_floor_under_stock_the_same_rush_oversells_and_is_noticed(
    crowd_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(ledger.FLOORS, Kind.AVAILABLE)

    told, committed = _rush(crowd_rig, 1)

    assert told["placed"] > 1
    assert committed > 1
