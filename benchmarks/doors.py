"""Doors: the ways into Caravan that the checkout benchmark goes through, each given the same orders as the peers."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute

from benchmarks.connections import Answered, work_off
from benchmarks.shop import EUR, Keys
from benchmarks.workload import PRICE_MINOR, Load, Orders, draw
from caravan.bootstrap import Caravan
from caravan.cell import Full
from caravan.client import Client, OrderStream
from caravan.flows import checkout
from caravan.flows.baskets import Baskets
from caravan.kernel import ids
from caravan.kernel.framing import ANSWERS, HEAD, HELLO, ORDERS, framed
from caravan.trade import ledger
from caravan.web.api import idcolumns

NAMES = ("kernel", "cell", "tcp", "http-batch", "http")
SERVED = frozenset({"tcp", "http-batch", "http"})
_ROOT = Path(__file__).resolve().parent.parent
_STARTS_WITHIN_S = 300
_STOPS_WITHIN_S = 60
_LOOK_S = 0.05
_UNDER_WAY_MAX = 16
_BATCH_CLIENTS = 4
_PACED_CLIENTS = 8
# Before orders are drawn, where memory is taken ahead: so that no process still takes it within the window.
_LULL_S = 1.5
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Window(NamedTuple):
    """What a door did in one window. `cpu_s` and `faults` (pages touched for the first time) are the cell's process's.

    `latencies_ms` is by order for single orders, by batch at a rate, and empty otherwise; `answered_per_s` is the pace
    of the answers at a rate, 0 without one.
    """

    placed: int
    refused: int
    lines: int
    seconds: float
    cpu_s: float
    faults: int
    latencies_ms: np.ndarray
    answered_per_s: float = 0.0

    @property
    def per_second(self) -> float:
        """Give durable orders a second; a refused order is none."""
        return self.placed / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Give durable orders a second of the cell's process."""
        return self.placed / max(self.cpu_s, 1 / _TICKS_PER_S)


class Door(Protocol):
    """A way in. Orders are drawn and laid down outside the window."""

    def measure(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Place about so many orders as fast as they are taken."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A way in that takes batches by the clock as well."""

    def at_rate(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Send about so many orders at the load's rate; latencies are by batch, from when it was due."""
        ...


class _Usage(NamedTuple):
    cpu_s: float
    faults: int


def _own_usage() -> _Usage:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return _Usage(used.ru_utime + used.ru_stime, used.ru_minflt)


@dataclass(frozen=True)
class Server:
    """The shop's server in a process of its own; `place` are the addresses of HTTP and of the orders' socket."""

    process: "subprocess.Popen[bytes]"
    port: int
    orders_port: int
    keys: Keys

    def usage(self) -> _Usage:
        """Give what the process has used, from /proc: fields 14 and 15 are its ticks, field 10 its minor faults."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return _Usage((int(told[11]) + int(told[12])) / _TICKS_PER_S, int(told[7]))


@contextmanager
def serving(home: Path, keys: Keys, *, ahead: int = 0) -> Iterator[Server]:
    """Serve a home from a process of its own, ready when this yields; it ends with this one, whatever happens.

    Memory for `ahead` orders is taken before they come.
    """
    port, orders_port = _free_port(), _free_port()
    command = [sys.executable, "-m", "benchmarks.served", str(home), str(port), str(orders_port), str(ahead)]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    try:
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not (_answers(port) and _answers(orders_port)):
            assert process.poll() is None, "The server did not start; what it said stands above."
            assert time.monotonic() < deadline, "The server did not start in time."
            time.sleep(_LOOK_S)
        yield Server(process, port, orders_port, keys)
    finally:
        process.stdin.close()
        try:
            process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# The kernel alone.


class Kernel:
    """Entries decided in the ledger's arrays, on a copy: not durable, the ceiling of what is above it."""

    def __init__(self, caravan: Caravan) -> None:
        self._book = ledger.Ledger()
        self._book.load({name: array.copy() for name, array in caravan.cell.house.ledger.dump().items()})
        self._listings = caravan.cell.house.catalog.listings

    def measure(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Decide about so many entries."""
        seconds, faults, cpu_s, lines = 0.0, 0, 0.0, 0
        batches = _batches(load, orders)
        for _ in range(batches):
            drawn = draw(load, dice)
            entries = self._entries(drawn)
            at = np.zeros(len(drawn), np.int64)
            before, began = _own_usage(), time.perf_counter()
            codes, _culprits = self._book.decide(**entries, at=at, expires_at=at.copy())
            seconds += time.perf_counter() - began
            after = _own_usage()
            cpu_s, faults = cpu_s + after.cpu_s - before.cpu_s, faults + after.faults - before.faults
            lines += len(drawn.rows)
            assert not codes.any(), "There is enough of everything."
        return Window(batches * load.batch, 0, lines, seconds, cpu_s, faults, np.zeros(0))

    def _entries(self, orders: Orders) -> dict[str, Any]:
        count, one = len(orders), np.ones(len(orders.rows), np.int64)
        wallets = self._book.find(ledger.Kind.WALLET, orders.buyers, np.full(count, EUR))
        owners, units = self._listings.location[orders.skus], self._listings.sku[orders.skus]
        legs = ledger.Legs()
        legs.post(orders.rows, accounts=self._book.find(ledger.Kind.AVAILABLE, owners, units), amounts=-one)
        legs.post(orders.rows, accounts=self._book.find(ledger.Kind.COMMITTED, owners, units), amounts=one)
        legs.hold(np.arange(count), accounts=wallets, amounts=orders.totals)
        names = ("offsets", "accounts", "amounts", "modes", "holds")
        return dict(zip(names, legs.sorted(count), strict=True))


# Batches.


class _Laid(NamedTuple):
    """Batches as a door sends them, and how many units each of their orders wants."""

    batches: list[Any]
    units: list[np.ndarray]


class Cell:
    """Batches handed to the cell of this process, several ahead of their answers."""

    def __init__(self, caravan: Caravan) -> None:
        self._caravan = caravan

    def measure(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Place about so many orders as fast as they are taken."""
        laid = _laid(load, dice, orders, lambda drawn: baskets(drawn, self._caravan.clock.now()))
        under_way: deque[Future[Any]] = deque()
        answers: list[np.ndarray] = []
        before, began = _own_usage(), time.perf_counter()
        for batch in laid.batches:
            if len(under_way) == _UNDER_WAY_MAX:
                answers.append(under_way.popleft().result().verdicts == 0)
            under_way.append(self._submit(batch))
        answers += [future.result().verdicts == 0 for future in under_way]
        return _window(laid, answers, time.perf_counter() - began, before, _own_usage())

    def at_rate(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Hand batches over by the clock."""
        laid = _laid(load, dice, orders, lambda drawn: baskets(drawn, self._caravan.clock.now()))
        ends = np.zeros(len(laid.batches))
        futures: list[Future[Any]] = []
        before, dues = _own_usage(), _dues(load, len(laid.batches))
        for number, (batch, due) in enumerate(zip(laid.batches, dues.tolist(), strict=True)):
            _sleep_until(due)
            future = self._submit(batch)
            future.add_done_callback(partial(_stamp, ends, number))
            futures.append(future)
        answers = [future.result().verdicts == 0 for future in futures]
        while not ends.all():
            time.sleep(_LOOK_S)  # A future lets go of whoever waits before it calls back.
        return _paced(laid, answers, dues, ends, before, _own_usage())

    def _submit(self, batch: Baskets) -> "Future[Any]":
        while True:
            try:
                return self._caravan.cell.submit(checkout.place_baskets, batch, is_many=True)
            except Full:  # It takes no more for the moment; the clock of an order that is due goes on.
                time.sleep(_LOOK_S)


def _stamp(ends: np.ndarray, number: int, _: object) -> None:
    ends[number] = time.perf_counter()


class Tcp:
    """Batches over the orders' socket, on TCP: one connection of our own client, eight ahead of the answers."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._address = f"127.0.0.1:{server.orders_port}"

    def measure(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Place about so many orders as fast as they are taken."""
        laid = _laid(load, dice, orders, _table)
        with OrderStream(self._address, self._server.keys.operator) as stream:
            before, began = self._server.usage(), time.perf_counter()
            tables = list(stream.place_all(laid.batches))
            seconds = time.perf_counter() - began
        return _window(laid, [_placed(table) for table in tables], seconds, before, self._server.usage())

    def at_rate(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Send batches by the clock, and read answers beside."""
        laid = _laid(load, dice, orders, lambda drawn: framed(ORDERS, _written(_table(drawn))))
        ends = np.zeros(len(laid.batches))
        with socket.create_connection(("127.0.0.1", self._server.orders_port)) as link, link.makefile("rb") as file:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(framed(HELLO, b'{"token":"%b"}' % self._server.keys.operator.encode()))
            assert _next(file)[0] == HELLO
            with ThreadPoolExecutor(1) as beside:
                answers = beside.submit(_read_answers, file, ends)
                before, dues = self._server.usage(), _dues(load, len(laid.batches))
                for message, due in zip(laid.batches, dues.tolist(), strict=True):
                    _sleep_until(due)
                    link.sendall(message)
                told = answers.result()
        after = self._server.usage()
        tables = [pa.ipc.open_stream(said).read_all() for said in told]
        return _paced(laid, [_placed(table) for table in tables], dues, ends, before, after)


def _read_answers(file: Any, ends: np.ndarray) -> list[bytes]:  # noqa: ANN401
    told = []
    for number in range(len(ends)):
        kind, said = _next(file)
        ends[number] = time.perf_counter()
        assert kind == ANSWERS, said[:500]
        told.append(said)
    return told


def _next(file: Any) -> tuple[int, bytes]:  # noqa: ANN401
    size, kind = HEAD.unpack(file.read(HEAD.size))
    return kind, file.read(size)


class HttpBatch:
    """Batches over POST /v1/orders/batches, from several of our own clients at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def measure(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Place about so many orders as fast as they are taken."""
        laid = _laid(load, dice, orders, _table)
        with self._clients(_BATCH_CLIENTS) as clients:
            before, began = self._server.usage(), time.perf_counter()
            tables, ends = _send_all(clients, laid.batches, np.full(len(laid.batches), began))
            after = self._server.usage()
        return _window(laid, [_placed(table) for table in tables], float(ends.max()) - began, before, after)

    def at_rate(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Send batches by the clock."""
        laid = _laid(load, dice, orders, _table)
        with self._clients(_PACED_CLIENTS) as clients:
            before, dues = self._server.usage(), _dues(load, len(laid.batches))
            tables, ends = _send_all(clients, laid.batches, dues)
            after = self._server.usage()
        return _paced(laid, [_placed(table) for table in tables], dues, ends, before, after)

    @contextmanager
    def _clients(self, count: int) -> Iterator[list[Client]]:
        with ExitStack() as stack:
            url, token = f"http://127.0.0.1:{self._server.port}", self._server.keys.operator
            clients = [stack.enter_context(Client(url, token)) for _ in range(count)]
            for client in clients:
                client.market()  # So that it is connected before the window.
            yield clients


def _send_all(
    clients: Sequence[Client], batches: Sequence[pa.Table], dues: np.ndarray
) -> tuple[list[pa.Table], np.ndarray]:
    """Let each client send the next batch that is due; give the answers in order, and when each was there."""
    waiting = deque(enumerate(batches))
    answers: dict[int, pa.Table] = {}
    ends = np.zeros(len(batches))

    def work(client: Client) -> None:
        while True:
            try:
                number, batch = waiting.popleft()
            except IndexError:
                return
            _sleep_until(dues[number])
            answers[number] = client.place_orders(batch)
            ends[number] = time.perf_counter()

    with ThreadPoolExecutor(len(clients)) as pool:
        for done in [pool.submit(work, client) for client in clients]:
            done.result()
    return [answers[number] for number in range(len(batches))], ends


# Single orders.


class Http:
    """Single orders over POST /v1/orders, as bytes laid down before, on kept connections worked off by one loop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._run = os.urandom(4).hex()
        self._sent = 0

    def measure(self, load: Load, dice: np.random.Generator, *, orders: int) -> Window:
        """Place so many orders, each by one of the buyers who have a token."""
        if load.ahead:
            time.sleep(_LULL_S)
        drawn = draw(load, dice, count=max(orders, load.clients))
        buyers = dice.integers(1, len(self._server.keys.buyers) + 1, len(drawn))
        drawn = replace(drawn, buyers=buyers)
        requests = list(self._requests(drawn))
        units = np.bincount(drawn.rows, minlength=len(drawn))
        with _connections(self._server.port, min(load.clients, len(requests))) as links:
            before, began = self._server.usage(), time.perf_counter()
            answered: Answered = work_off(links, requests)
            seconds = time.perf_counter() - began
        after = self._server.usage()
        laid, is_placed = _Laid([requests], [units]), answered.statuses == 201
        return _window(laid, [is_placed], seconds, before, after)._replace(latencies_ms=answered.seconds * 1_000)

    def _requests(self, orders: Orders) -> Iterator[bytes]:
        rows, listings, quantities = _merged(orders)
        offsets = np.searchsorted(rows, np.arange(len(orders) + 1)).tolist()
        lines = [
            f'{{"listing":"{listing}","quantity":{quantity}}}'
            for listing, quantity in zip(
                (ids.text(ids.ListingId, one) for one in listings.tolist()), quantities.tolist(), strict=True
            )
        ]
        for row, (buyer, total) in enumerate(zip(orders.buyers.tolist(), orders.totals.tolist(), strict=True)):
            self._sent += 1
            own = ",".join(lines[offsets[row] : offsets[row + 1]])
            body = (
                f'{{"lines":[{own}],"address":"{ids.text(ids.AddressId, buyer)}",'
                f'"expected_total":{{"amount":{total},"currency":"EUR"}}}}'
            )
            yield (
                f"POST /v1/orders HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self._server.keys.buyers[buyer - 1]}\r\n"
                f"content-type: application/json\r\nidempotency-key: {self._run}-{self._sent}\r\n"
                f"content-length: {len(body)}\r\n\r\n{body}"
            ).encode()


@contextmanager
def _connections(port: int, count: int) -> Iterator[list[socket.socket]]:
    links = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    try:
        for link in links:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield links
    finally:
        for link in links:
            link.close()


# What they share.


def _batches(load: Load, orders: int) -> int:
    return max(2, -(-orders // load.batch))


def _laid(load: Load, dice: np.random.Generator, orders: int, lay: Callable[[Orders], Any]) -> _Laid:
    if load.ahead:
        time.sleep(_LULL_S)
    laid = _Laid([], [])
    for _ in range(_batches(load, orders)):
        drawn = draw(load, dice)
        laid.batches.append(lay(drawn))
        laid.units.append(np.bincount(drawn.rows, minlength=len(drawn)))
    return laid


def _window(laid: _Laid, answers: Sequence[np.ndarray], seconds: float, before: _Usage, after: _Usage) -> Window:
    placed = sum(int(one.sum()) for one in answers)
    return Window(
        placed=placed, refused=sum(len(one) for one in answers) - placed,
        lines=sum(int(units[one].sum()) for units, one in zip(laid.units, answers, strict=True)), seconds=seconds,
        cpu_s=after.cpu_s - before.cpu_s, faults=after.faults - before.faults, latencies_ms=np.zeros(0),
    )  # fmt: skip


def _paced(
    laid: _Laid, answers: Sequence[np.ndarray], dues: np.ndarray, ends: np.ndarray, before: _Usage, after: _Usage
) -> Window:
    seen = _window(laid, answers, float(ends.max() - dues[0]), before, after)
    # From the first answer to the last, so that the wait for the first does not count against the pace.
    orders = (len(answers) - 1) * (seen.placed + seen.refused) / len(answers)
    pace = orders / max(float(ends.max() - ends.min()), 1e-9)
    return seen._replace(latencies_ms=(ends - dues) * 1_000, answered_per_s=pace)


def _dues(load: Load, batches: int) -> np.ndarray:
    """Say when each batch is due: evenly, from a moment on that is about to come."""
    return time.perf_counter() + 0.02 + np.arange(batches) * (load.batch / load.rate)


def _sleep_until(due: float) -> None:
    wait_s = due - time.perf_counter()
    if wait_s > 0:
        time.sleep(wait_s)


def _merged(orders: Orders) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give lines with quantities: a listing stands in one line of an order, so a SKU drawn twice is a line of two."""
    pairs, counts = np.unique((orders.rows << 32) | orders.skus, return_counts=True)
    return pairs >> 32, pairs & 0xFFFFFFFF, counts.astype(np.int64)


def baskets(orders: Orders, now: int) -> Baskets:
    """Lay orders down as the flows take them."""
    rows, listings, quantities = _merged(orders)
    nothing, no_lines = np.zeros(len(orders), np.int64), np.zeros(len(rows), np.int64)
    return Baskets(
        at=nothing + now, buyers=orders.buyers, sessions=nothing, addresses=nothing, units=nothing + EUR,
        expected=orders.totals, marks_high=orders.ids, marks_low=nothing, rows=rows, listings=listings,
        quantities=quantities, unit_prices=no_lines + PRICE_MINOR, shipping=no_lines, holds=no_lines, locations=no_lines,
    )  # fmt: skip


def _table(orders: Orders) -> pa.Table:
    rows, listings, quantities = _merged(orders)
    offsets = pa.array(np.searchsorted(rows, np.arange(len(orders) + 1)).astype(np.int32))
    keys = np.stack([orders.ids, np.zeros(len(orders), np.int64)], axis=1)
    return pa.table(
        {
            "key": pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(orders), [None, pa.py_buffer(keys)]),
            "buyer": idcolumns.write(ids.BuyerId, orders.buyers),
            "address": pa.array([ids.text(ids.AddressId, 0)] * len(orders)),
            "expected_total": orders.totals,
            "listings": pa.ListArray.from_arrays(offsets, idcolumns.write(ids.ListingId, listings)),
            "quantities": pa.ListArray.from_arrays(offsets, pa.array(quantities)),
        }
    )


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _placed(answer: pa.Table) -> np.ndarray:
    placed: np.ndarray = pa.compute.equal(answer.column("refusal"), "").to_numpy()
    return placed
