"""Checkout: durable orders a second through the kernel, the cell and the HTTP batch door, beside its peers.

Everybody does the same work for the same orders: each of 1 to 5 lines takes a unit of stock that can't go below zero,
a wallet pays for all of them and can't go below zero, the order is written down under a unique id, and the answer
counts only when it is durable. The load generator is inside the process, on the same cores; orders are made and
servers started outside the window.
"""

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import uvicorn

from benchmarks import peers
from benchmarks.runs import Figure, Skipped, alternate, figure, machine
from benchmarks.workload import PRICE_MINOR, Load, Orders, draw
from caravan.bootstrap import Caravan, open_caravan
from caravan.client import Client
from caravan.config import Settings
from caravan.flows import checkout, opening, people, selling, settlement
from caravan.flows.baskets import Baskets
from caravan.kernel import ids
from caravan.trade import catalog, ledger
from caravan.web import access
from caravan.web.app import make_app
from caravan.world import partners

_SELLERS = 100
_OFFERS_AT_ONCE = 20_000
_EUR = 978
_PEER_S = 1.0  # A peer's own time in each run.


def run(load: Load, *, has_peers: bool) -> dict[str, object]:
    """Measure all doors, and with `has_peers` the peers, alternating in one run; give what was seen."""
    dice = np.random.default_rng(load.seed)
    skipped: list[Skipped] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        caravan = stack.enter_context(_shop(load, Path(folder)))
        contestants: dict[str, Callable[[int], float]] = {
            "caravan kernel": partial(_through_kernel, caravan, load, dice),
            "caravan cell": partial(_through_cell, caravan, load, dice),
        }
        server = stack.enter_context(_serving(caravan))
        contestants["caravan http-batch"] = partial(_through_http, server, load, dice)
        seen: dict[str, list[peers.Measured]] = {}
        for peer in peers.CONTESTANTS if has_peers else ():
            try:
                opened = stack.enter_context(peer.open(load, Path(folder).parent))
            except peers.Absent as error:
                skipped.append(Skipped(peer.name, str(error)))
            else:
                seen[peer.name] = []
                contestants[peer.name] = partial(_through_peer, peer, opened, seen[peer.name], load, dice)
                stack.callback(lambda opened=opened, name=peer.name: peers.check(opened, seen[name]))
        for contestant in contestants.values():
            contestant(0)  # Once for nothing: kernels are compiled and pages are in memory.
        values = alternate(contestants, runs=load.runs)
    doors = {peer.name: peer.door for peer in peers.CONTESTANTS}
    figures: list[Figure] = [
        figure(name, door=doors.get(name, name.rpartition(" ")[2]), unit="orders/s", values=runs)
        for name, runs in values.items()
    ]
    return {
        "benchmark": "checkout", "machine": machine(), "load": asdict(load), "generator": "inside",
        "figures": figures, "skipped": skipped,
        "settings": {peer.name: peer.settings for peer in peers.CONTESTANTS if peer.name in values},
    }  # fmt: skip


# Caravan.


@contextmanager
def _shop(load: Load, folder: Path) -> Iterator[Caravan]:
    caravan = open_caravan(Settings(home=folder / "home"), ticks=False)
    caravan.ticker.stop()  # The views are another reader's business; they are not in this window.
    caravan.projector.stop()
    cell, now = caravan.cell, caravan.clock.now()
    cell.do(opening.open_market, opening.Opening("Bench", "EUR"))
    names = [partners.Application(name=f"Seller {number}", country="PT") for number in range(_SELLERS)]
    sellers = cell.do(selling.apply_to_sell, names)
    cell.do(selling.approve_sellers, sellers)
    terms = catalog.ListingDraft(price_minor=PRICE_MINOR, currency="EUR")
    for first in range(0, load.skus, _OFFERS_AT_ONCE):
        count = min(_OFFERS_AT_ONCE, load.skus - first)
        offers = [
            selling.Offer(page=catalog.ProductDraft(title=f"Product {first + place}"), options=(("", terms),))
            for place in range(count)
        ]
        cell.do(selling.offer_products, selling.Offers([sellers[place % _SELLERS] for place in range(count)], offers))
        numbers, nothing = np.arange(first + 1, first + count + 1), np.zeros(count, np.int64)
        cell.do_many(selling.receive_stock, selling.Receipt(numbers, nothing + load.stock, nothing + now))
        cell.do(people.register_buyers, [people.NewBuyer(b"", b"", "PT", b"") for _ in range(count)])
        top_ups = settlement.TopUps(
            at=nothing + now, buyers=numbers, units=nothing + _EUR, amounts=nothing + load.money_minor, suspense=nothing,
            methods=[""] * count, references=[""] * count,
        )  # fmt: skip
        cell.do_many(settlement.top_up, top_ups)
    try:
        yield caravan
    finally:
        caravan.close()


def _through_peer(
    contestant: peers.Contestant,
    peer: peers.Peer,
    seen: list[peers.Measured],
    load: Load,
    dice: np.random.Generator,
    _: int,
) -> float:
    seen.append(peers.measure(contestant, peer, load, dice, seconds=_PEER_S))
    return seen[-1].per_second


def _baskets(orders: Orders, now: int) -> Baskets:
    nothing, no_lines = np.zeros(len(orders.buyers), np.int64), np.zeros(len(orders.rows), np.int64)
    return Baskets(
        at=nothing + now, buyers=orders.buyers, sessions=nothing, addresses=nothing, units=nothing + _EUR,
        expected=orders.totals, marks_high=orders.ids, marks_low=nothing, rows=orders.rows, listings=orders.skus,
        quantities=no_lines + 1, unit_prices=no_lines + PRICE_MINOR, shipping=no_lines, holds=no_lines,
    )  # fmt: skip


def _through_cell(caravan: Caravan, load: Load, dice: np.random.Generator, _: int) -> float:
    now = caravan.clock.now()
    batches = [_baskets(draw(load, dice), now) for _ in range(load.batches)]
    began = time.perf_counter()
    futures = [caravan.cell.submit(checkout.place_baskets, batch, is_many=True) for batch in batches]
    placed = sum(int((future.result().verdicts == 0).sum()) for future in futures)
    return placed / (time.perf_counter() - began)


@contextmanager
def _serving(caravan: Caravan) -> Iterator[Client]:
    """Serve the shop on a free port of this machine, from a thread of this process; give the operator's client."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    options = uvicorn.Config(make_app(caravan), loop="uvloop", http="httptools", log_level="error", access_log=False)
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    token, new = access.new_token(caravan, audience="operator", subject=0)
    caravan.cell.do(people.issue_token, new)
    while not server.started:
        time.sleep(0.01)
    with Client(f"http://127.0.0.1:{listener.getsockname()[1]}", token) as client:
        yield client
    server.should_exit = True
    thread.join()


def _through_http(client: Client, load: Load, dice: np.random.Generator, _: int) -> float:
    tables = [_table(draw(load, dice)) for _ in range(load.batches)]
    began = time.perf_counter()
    placed: int = sum(client.place_orders(table).column("refusal").to_pylist().count("") for table in tables)
    return placed / (time.perf_counter() - began)


def _table(orders: Orders) -> pa.Table:
    # A listing stands in one line of an order, so a SKU that was drawn twice is one line of two units.
    pairs, counts = np.unique(np.stack([orders.rows, orders.skus]), axis=1, return_counts=True)
    offsets = np.searchsorted(pairs[0], np.arange(len(orders.buyers) + 1)).astype(np.int32)
    listings = pa.array([ids.text(ids.ListingId, number) for number in pairs[1].tolist()])
    return pa.table(
        {
            "key": [str(number) for number in orders.ids.tolist()],
            "buyer": [ids.text(ids.BuyerId, number) for number in orders.buyers.tolist()],
            "address": [ids.text(ids.AddressId, 0)] * len(orders.buyers),
            "expected_total": orders.totals,
            "listings": pa.ListArray.from_arrays(offsets, listings),
            "quantities": pa.ListArray.from_arrays(offsets, pa.array(counts.astype(np.int64))),
        }
    )


def _through_kernel(caravan: Caravan, load: Load, dice: np.random.Generator, _: int) -> float:
    """Decide entries in the ledger's arrays alone, on a copy: not durable, the ceiling of what is above it."""
    book = ledger.Ledger()
    book.load({name: array.copy() for name, array in caravan.cell.house.ledger.dump().items()})
    table, seconds = caravan.cell.house.catalog.listings, 0.0
    for _ in range(load.batches):
        orders = draw(load, dice)
        entries, wallets = (
            np.arange(load.batch),
            book.find(ledger.Kind.WALLET, orders.buyers, np.full(load.batch, _EUR)),
        )
        owners, units = table.location[orders.skus], table.sku[orders.skus]
        one = np.ones(len(orders.rows), np.int64)
        legs = ledger.Legs()
        legs.post(orders.rows, accounts=book.find(ledger.Kind.AVAILABLE, owners, units), amounts=-one)
        legs.post(orders.rows, accounts=book.find(ledger.Kind.COMMITTED, owners, units), amounts=one)
        legs.hold(entries, accounts=wallets, amounts=orders.totals)
        offsets, accounts, amounts, modes, holds = legs.sorted(load.batch)
        at = np.zeros(load.batch, np.int64)
        began = time.perf_counter()
        codes, _culprits = book.decide(
            offsets=offsets, accounts=accounts, amounts=amounts, modes=modes, holds=holds, at=at, expires_at=at.copy()
        )
        seconds += time.perf_counter() - began
        assert not codes.any(), "There is enough of everything."
    return load.batch * load.batches / seconds
