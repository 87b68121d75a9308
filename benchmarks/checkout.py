"""Checkout: durable orders a second through the kernel, the cell and the HTTP batch door, beside SQLite and PostgreSQL.

Everybody does the same work for the same orders: each of 1 to 5 lines takes a unit of stock that can't go below zero,
a wallet pays for all of them and can't go below zero, the order is written down under a unique id, and the answer
counts only when it is durable. The load generator is inside the process, on the same cores; orders are made and
servers started outside the window.
"""

import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import uvicorn

from benchmarks.runs import Figure, Skipped, alternate, figure, machine
from caravan.bootstrap import Caravan, open_caravan
from caravan.client import Client
from caravan.config import Settings
from caravan.flows import checkout, opening, people, selling, settlement
from caravan.kernel import ids
from caravan.trade import catalog, ledger
from caravan.web import access
from caravan.web.app import make_app
from caravan.world import partners

_STOCK = 1_000_000
_MONEY_MINOR = 10**12
_PRICE_MINOR = 1_000
_SELLERS = 100
_OFFERS_AT_ONCE = 20_000
_LINES_MAX = 5
_EUR = 978


@dataclass(frozen=True)
class Load:
    """What to run: how many SKUs (and as many wallets), orders a batch, batches a run, and how buyers choose."""

    skus: int = 100_000
    batch: int = 8_192
    batches: int = 8
    runs: int = 5
    skew: str = "uniform"
    seed: int = 1


@dataclass(frozen=True)
class Orders:
    """A batch of orders in columns: buyer and id by order, order row and SKU by line; int64."""

    buyers: np.ndarray
    ids: np.ndarray
    rows: np.ndarray
    skus: np.ndarray

    @property
    def totals(self) -> np.ndarray:
        """Give what each order costs."""
        return np.bincount(self.rows, minlength=len(self.buyers)) * _PRICE_MINOR


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
        if has_peers:
            database = stack.enter_context(_sqlite(load, Path(folder)))
            contestants["sqlite set-based"] = partial(_through_sqlite, database, load, dice)
            try:
                other = stack.enter_context(_postgres(load))
            except FileNotFoundError as error:
                skipped.append(Skipped("postgresql set-based", str(error)))
            else:
                contestants["postgresql set-based"] = partial(_through_postgres, other, load, dice)
        for contestant in contestants.values():
            contestant(0)  # Once for nothing: kernels are compiled and pages are in memory.
        values = alternate(contestants, runs=load.runs)
    figures: list[Figure] = [
        figure(name, door=name.rpartition(" ")[2], unit="orders/s", values=seen) for name, seen in values.items()
    ]
    return {
        "benchmark": "checkout", "machine": machine(), "load": asdict(load), "generator": "inside",
        "figures": figures, "skipped": skipped,
    }  # fmt: skip


def _draw(load: Load, dice: np.random.Generator) -> Orders:
    lines = dice.integers(1, _LINES_MAX + 1, load.batch)
    rows = np.repeat(np.arange(load.batch), lines)
    if load.skew == "zipf":
        weights = np.cumsum(1 / np.arange(1, load.skus + 1))  # Zipf's law with exponent 1.0 over all SKUs.
        skus = np.searchsorted(weights, dice.random(len(rows)) * weights[-1]) + 1
    elif load.skew == "hot":
        skus = np.where(dice.random(len(rows)) < 1 / _LINES_MAX, 1, dice.integers(1, load.skus + 1, len(rows)))
    else:
        skus = dice.integers(1, load.skus + 1, len(rows))
    ids = dice.integers(1, 2**62, load.batch)
    return Orders(dice.integers(1, load.skus + 1, load.batch), ids, rows, skus.astype(np.int64))


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
    terms = catalog.ListingDraft(price_minor=_PRICE_MINOR, currency="EUR")
    for first in range(0, load.skus, _OFFERS_AT_ONCE):
        count = min(_OFFERS_AT_ONCE, load.skus - first)
        offers = [
            selling.Offer(page=catalog.ProductDraft(title=f"Product {first + place}"), options=(("", terms),))
            for place in range(count)
        ]
        cell.do(selling.offer_products, selling.Offers([sellers[place % _SELLERS] for place in range(count)], offers))
        numbers, nothing = np.arange(first + 1, first + count + 1), np.zeros(count, np.int64)
        cell.do_many(selling.receive_stock, selling.Receipt(numbers, nothing + _STOCK, nothing + now))
        cell.do(people.register_buyers, [people.NewBuyer(b"", b"", "PT", b"") for _ in range(count)])
        top_ups = settlement.TopUps(
            at=nothing + now, buyers=numbers, units=nothing + _EUR, amounts=nothing + _MONEY_MINOR, suspense=nothing,
            methods=[""] * count, references=[""] * count,
        )  # fmt: skip
        cell.do_many(settlement.top_up, top_ups)
    try:
        yield caravan
    finally:
        caravan.close()


def _baskets(orders: Orders, now: int) -> checkout.Baskets:
    nothing, no_lines = np.zeros(len(orders.buyers), np.int64), np.zeros(len(orders.rows), np.int64)
    return checkout.Baskets(
        at=nothing + now, buyers=orders.buyers, sessions=nothing, addresses=nothing, units=nothing + _EUR,
        expected=orders.totals, marks_high=orders.ids, marks_low=nothing, rows=orders.rows, listings=orders.skus,
        quantities=no_lines + 1, unit_prices=no_lines + _PRICE_MINOR, shipping=no_lines, holds=no_lines,
    )  # fmt: skip


def _through_cell(caravan: Caravan, load: Load, dice: np.random.Generator, _: int) -> float:
    now = caravan.clock.now()
    batches = [_baskets(_draw(load, dice), now) for _ in range(load.batches)]
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
    tables = [_table(_draw(load, dice)) for _ in range(load.batches)]
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
        orders = _draw(load, dice)
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


# SQLite: the same work as statements over a batch, one transaction each, synchronous=FULL.

_SQLITE = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE stock (sku INTEGER PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0));
CREATE TABLE wallets (buyer INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
CREATE TABLE escrow (balance INTEGER NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer INTEGER NOT NULL, total INTEGER NOT NULL);
CREATE TABLE lines (order_id INTEGER NOT NULL, sku INTEGER NOT NULL);
INSERT INTO escrow VALUES (0);
"""


@contextmanager
def _sqlite(load: Load, folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "peer.db", isolation_level=None)
    connection.executescript(_SQLITE)
    connection.execute("BEGIN")
    numbers = range(1, load.skus + 1)
    connection.executemany("INSERT INTO stock VALUES (?, ?)", ((number, _STOCK) for number in numbers))
    connection.executemany("INSERT INTO wallets VALUES (?, ?)", ((number, _MONEY_MINOR) for number in numbers))
    connection.execute("COMMIT")
    try:
        yield connection
    finally:
        connection.close()


def _through_sqlite(connection: sqlite3.Connection, load: Load, dice: np.random.Generator, _: int) -> float:
    batches = [_draw(load, dice) for _ in range(load.batches)]
    began = time.perf_counter()
    for orders in batches:
        totals, ids = orders.totals.tolist(), orders.ids.tolist()
        lines = zip(orders.ids[orders.rows].tolist(), orders.skus.tolist(), strict=True)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?)", zip(ids, orders.buyers.tolist(), totals, strict=True)
        )
        connection.executemany("INSERT INTO lines VALUES (?, ?)", lines)
        connection.executemany(
            "UPDATE stock SET available = available - 1 WHERE sku = ?", ((sku,) for sku in orders.skus.tolist())
        )
        paid = zip(totals, orders.buyers.tolist(), strict=True)
        connection.executemany("UPDATE wallets SET balance = balance - ? WHERE buyer = ?", paid)
        connection.execute("UPDATE escrow SET balance = balance + ?", (sum(totals),))
        connection.execute("COMMIT")
    return load.batch * load.batches / (time.perf_counter() - began)


# PostgreSQL: the same work as five statements over arrays, one transaction a batch, synchronous_commit=on.

_POSTGRES = """
CREATE TABLE stock (sku bigint PRIMARY KEY, available bigint NOT NULL CHECK (available >= 0));
CREATE TABLE wallets (buyer bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
CREATE TABLE escrow (balance bigint NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint NOT NULL, total bigint NOT NULL);
CREATE TABLE lines (order_id bigint NOT NULL, sku bigint NOT NULL);
INSERT INTO escrow VALUES (0);
"""
_POSTGRES_BATCH = """
WITH placed AS (
    INSERT INTO orders SELECT * FROM unnest(%(ids)s::bigint[], %(buyers)s::bigint[], %(totals)s::bigint[])
), listed AS (
    INSERT INTO lines SELECT * FROM unnest(%(line_ids)s::bigint[], %(skus)s::bigint[])
), taken AS (
    UPDATE stock SET available = available - wanted.units FROM (
        SELECT sku, count(*) AS units FROM unnest(%(skus)s::bigint[]) AS line (sku) GROUP BY sku
    ) AS wanted WHERE stock.sku = wanted.sku
), paid AS (
    UPDATE wallets SET balance = balance - due.total FROM (
        SELECT buyer, sum(total) AS total FROM unnest(%(buyers)s::bigint[], %(totals)s::bigint[]) AS one (buyer, total)
        GROUP BY buyer
    ) AS due WHERE wallets.buyer = due.buyer
)
UPDATE escrow SET balance = balance + %(sum)s
"""


@contextmanager
def _postgres(load: Load) -> Iterator[object]:
    import psycopg.sql  # noqa: PLC0415  # Only this peer needs it.

    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        raise FileNotFoundError("PostgreSQL's server was not found; on Debian it is in the package postgresql.")
    folder = Path(tempfile.mkdtemp(prefix="caravan-bench-"))
    as_user = ["runuser", "-u", "postgres", "--"] if Path.home() == Path("/root") else []
    try:
        if as_user:
            shutil.chown(folder, "postgres")
        control, data = programs[-1].with_name("pg_ctl"), folder / "data"
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c shared_buffers=512MB"
        _quietly([*as_user, str(control), "-D", str(data), "-o", "-A trust", "initdb"])
        _quietly([*as_user, str(control), "-D", str(data), "-o", options, "-w", "-l", str(folder / "log"), "start"])
        try:
            with psycopg.connect(f"host={folder} dbname=postgres user=postgres", autocommit=True) as connection:
                connection.execute(_POSTGRES)
                for table, each in (("stock", _STOCK), ("wallets", _MONEY_MINOR)):
                    query = psycopg.sql.SQL("INSERT INTO {} SELECT number, %s FROM generate_series(1, %s) AS number")
                    connection.execute(query.format(psycopg.sql.Identifier(table)), (each, load.skus))
                connection.execute("VACUUM ANALYZE")
                yield connection
        finally:
            with suppress(subprocess.CalledProcessError):
                _quietly([*as_user, str(control), "-D", str(data), "-m", "fast", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def _through_postgres(connection: object, load: Load, dice: np.random.Generator, _: int) -> float:
    batches = [_draw(load, dice) for _ in range(load.batches)]
    began = time.perf_counter()
    for orders in batches:
        totals = orders.totals.tolist()
        values = {
            "ids": orders.ids.tolist(), "buyers": orders.buyers.tolist(), "totals": totals, "sum": sum(totals),
            "line_ids": orders.ids[orders.rows].tolist(), "skus": orders.skus.tolist(),
        }  # fmt: skip
        connection.execute(_POSTGRES_BATCH, values)  # type: ignore[attr-defined]
    return load.batch * load.batches / (time.perf_counter() - began)
