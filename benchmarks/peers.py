"""Peers of the checkout: SQLite, PostgreSQL and Redis doing the same work for the same orders, as durably, and checked.

The work: each line takes a unit of stock that can't go below zero, the buyer's wallet pays for all lines and can't go
below zero, what was paid is held with the order, the order and its lines are written down, the same id again has no
second effect, and the answer counts only when it is on the disk. An order is all or nothing; so is nothing but an order.
"""

import select
import shutil
import socket
import sqlite3
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from benchmarks import servers
from benchmarks.servers import Absent
from benchmarks.workload import PRICE_MINOR, Load, Orders, draw

PLACED, REFUSED, REPEATED = 0, 1, 3
_ANSWER_TIMEOUT_S = 120
_SINGLES_PER_BATCH = 1_024  # Orders that clients with one order each work off before the clock is looked at.


class Books(NamedTuple):
    """What a peer holds after a run: it must add up to what it said it placed."""

    orders: int
    lines: int
    held_minor: int
    units_taken: int
    paid_minor: int
    least_stock: int
    least_wallet_minor: int


class Peer(Protocol):
    """A peer that is up and loaded. `prepare` is the generator's work, outside the window; `run` is inside it."""

    def prepare(self, orders: Orders) -> Any:  # noqa: ANN401  # Each speaks its own language.
        """Lay a batch down as this peer's client sends it."""
        ...

    def run(self, prepared: Any) -> np.ndarray:  # noqa: ANN401
        """Place a batch; give PLACED, REFUSED or REPEATED for each order once all are durable."""
        ...

    def books(self) -> Books:
        """Add up what it holds."""
        ...


class Contestant(NamedTuple):
    """A peer that can be opened. Opening starts its server and loads its stock; Absent says why it can't."""

    name: str
    door: str
    orders_per_batch: int  # 0 for as many as the load says
    settings: Mapping[str, str]
    open: Callable[[Load, Path | None], AbstractContextManager[Peer]]


class Measured(NamedTuple):
    """What a peer did in its window."""

    placed: int
    refused: int
    repeated: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Give durable orders a second; a refused order is none."""
        return self.placed / self.seconds


def measure(contestant: Contestant, peer: Peer, load: Load, dice: np.random.Generator, *, seconds: float) -> Measured:
    """Give a peer batch after batch until its own time adds up to so many seconds; drawing them is not in the window."""
    spent, seen = 0.0, np.zeros(4, np.int64)
    count = min(contestant.orders_per_batch or load.batch, load.batch)
    while spent < seconds:
        prepared = peer.prepare(draw(load, dice, count=count))
        began = time.perf_counter()
        answers = peer.run(prepared)
        spent += time.perf_counter() - began
        seen += np.bincount(answers, minlength=4)
    return Measured(int(seen[PLACED]), int(seen[REFUSED]), int(seen[REPEATED]), spent)


def check(peer: Peer, measured: Sequence[Measured]) -> Books:
    """Hold a peer's books against what it answered since it was opened; they agree, or the benchmark stops."""
    books = peer.books()
    assert books.orders == sum(one.placed for one in measured), (books, measured)
    assert books.units_taken == books.lines, books
    assert books.paid_minor == books.held_minor == books.lines * PRICE_MINOR, books
    assert books.least_stock >= 0, books
    assert books.least_wallet_minor >= 0, books
    return books


# SQLite in this process: statements over a batch, one transaction each. A batch in which anything is amiss is rolled
# back and placed order by order, each under a savepoint.

_TABLES = """
CREATE TABLE stock (sku {key}, available bigint NOT NULL CHECK (available >= 0)){options};
CREATE TABLE wallets (buyer {key}, balance bigint NOT NULL CHECK (balance >= 0)){options};
CREATE TABLE orders (id {key}, buyer bigint NOT NULL, held bigint NOT NULL);
CREATE TABLE lines (order_id bigint NOT NULL, sku bigint NOT NULL);
"""
_SQLITE_SETTINGS = {"journal_mode": "WAL", "synchronous": "FULL", "cache_size": "-262144", "page_size": "4096"}
_BOOKS = """
SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM lines), (SELECT coalesce(sum(held), 0) FROM orders),
       (SELECT sum({stock} - available) FROM stock), (SELECT sum({money} - balance) FROM wallets),
       (SELECT min(available) FROM stock), (SELECT min(balance) FROM wallets)
"""


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection, load: Load) -> None:
        self._connection, self._load = connection, load

    def prepare(self, orders: Orders) -> Orders:
        return orders

    def run(self, orders: Orders) -> np.ndarray:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._place(orders)
        except sqlite3.IntegrityError:
            self._connection.execute("ROLLBACK")
        else:
            self._connection.execute("COMMIT")
            return np.zeros(len(orders), np.int64)
        self._connection.execute("BEGIN IMMEDIATE")
        offsets = orders.offsets
        answers = np.array([self._place_one(orders, row, offsets) for row in range(len(orders))], np.int64)
        self._connection.execute("COMMIT")
        return answers

    def _place_one(self, orders: Orders, row: int, offsets: np.ndarray) -> int:
        number = int(orders.ids[row])
        if self._connection.execute("SELECT 1 FROM orders WHERE id = ?", (number,)).fetchone():
            return REPEATED
        lines = slice(int(offsets[row]), int(offsets[row + 1]))
        one = Orders(
            orders.buyers[row : row + 1], orders.ids[row : row + 1], orders.rows[lines] - row, orders.skus[lines]
        )
        self._connection.execute("SAVEPOINT one")
        try:
            self._place(one)
        except sqlite3.IntegrityError:
            self._connection.execute("ROLLBACK TO one")
            return REFUSED
        finally:
            self._connection.execute("RELEASE one")
        return PLACED

    def _place(self, orders: Orders) -> None:
        run, totals = self._connection.executemany, orders.totals
        skus, units = np.unique(orders.skus, return_counts=True)
        buyers, place = np.unique(orders.buyers, return_inverse=True)
        due = np.bincount(place, weights=totals).astype(np.int64)
        columns = (orders.ids, orders.buyers, totals)
        run("INSERT INTO orders VALUES (?, ?, ?)", zip(*(column.tolist() for column in columns), strict=True))
        lines = zip(orders.ids[orders.rows].tolist(), orders.skus.tolist(), strict=True)
        run("INSERT INTO lines VALUES (?, ?)", lines)
        taken = zip(units.tolist(), skus.tolist(), strict=True)
        run("UPDATE stock SET available = available - ? WHERE sku = ?", taken)
        paid = zip(due.tolist(), buyers.tolist(), strict=True)
        run("UPDATE wallets SET balance = balance - ? WHERE buyer = ?", paid)

    def books(self) -> Books:
        found = self._connection.execute(_BOOKS.format(stock=self._load.stock, money=self._load.money_minor))
        return Books(*found.fetchone())


@contextmanager
def _sqlite(load: Load, place: Path | None) -> Iterator[Peer]:
    folder = Path(tempfile.mkdtemp(prefix="caravan-sqlite-", dir=place))
    connection = sqlite3.connect(folder / "peer.db", isolation_level=None)
    try:
        for name, value in reversed(_SQLITE_SETTINGS.items()):
            connection.execute(f"PRAGMA {name} = {value}")
        connection.executescript(_TABLES.format(key="INTEGER PRIMARY KEY", options=""))
        connection.execute("BEGIN")
        for table, each in (("stock", load.stock), ("wallets", load.money_minor)):
            rows = ((number, each) for number in range(1, load.skus + 1))
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)  # noqa: S608  # One of two names.
        connection.execute("COMMIT")
        yield _Sqlite(connection, load)
    finally:
        connection.close()
        shutil.rmtree(folder, ignore_errors=True)


# PostgreSQL: a batch is one statement over arrays in one transaction; an order by itself is one call of a function.
# Both go over libpq with binary parameters that were laid down before, so that next to nothing is the client's.

_BATCH = b"""
WITH placed AS (
    INSERT INTO orders SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
), listed AS (
    INSERT INTO lines SELECT * FROM unnest($4::bigint[], $5::bigint[])
), taken AS (
    UPDATE stock SET available = available - wanted.units FROM unnest($6::bigint[], $7::bigint[]) AS wanted (sku, units)
    WHERE stock.sku = wanted.sku
)
UPDATE wallets SET balance = balance - due.total FROM unnest($8::bigint[], $9::bigint[]) AS due (buyer, total)
WHERE wallets.buyer = due.buyer
"""
_FUNCTIONS = """
CREATE FUNCTION place(new_id bigint, the_buyer bigint, total bigint, skus bigint[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE one bigint;
BEGIN
    INSERT INTO orders VALUES (new_id, the_buyer, total) ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN RETURN 3; END IF;
    INSERT INTO lines SELECT new_id, line.sku FROM unnest(skus) AS line (sku);
    UPDATE wallets SET balance = balance - total WHERE buyer = the_buyer;
    FOREACH one IN ARRAY skus LOOP
        UPDATE stock SET available = available - 1 WHERE sku = one;
    END LOOP;
    RETURN 0;
END $$;
CREATE FUNCTION place_each(ids bigint[], buyers bigint[], totals bigint[], offsets bigint[], skus bigint[])
RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE answers int[] := '{}'; answer int;
BEGIN
    FOR place IN 1 .. cardinality(ids) LOOP
        BEGIN
            answer := place(ids[place], buyers[place], totals[place], skus[offsets[place] + 1 : offsets[place + 1]]);
        EXCEPTION WHEN check_violation THEN
            answer := 1;
        END;
        answers := answers || answer;
    END LOOP;
    RETURN answers;
END $$;
"""
_BIGINT, _BIGINTS = 20, 1016
_TAKEN_ALREADY, _BELOW_ZERO = b"23505", b"23514"


class _Link:
    """A connection through libpq, with one prepared statement of bigints and arrays of them."""

    def __init__(self, host: Path, statement: bytes, kinds: Sequence[int]) -> None:
        from psycopg import pq  # noqa: PLC0415  # An extra.

        self._pq = pq
        self.wire = pq.PGconn.connect(f"host={host} dbname=postgres user=caravan".encode())
        assert self.wire.status == pq.ConnStatus.OK, self.wire.error_message
        done = self.wire.prepare(b"run", statement, list(kinds))
        assert done.status == pq.ExecStatus.COMMAND_OK, done.error_message
        self._formats = [1] * len(kinds)

    def execute(self, values: Sequence[bytes]) -> tuple[Any, bytes]:
        """Give libpq's result, and the SQLSTATE of what went wrong, if anything did."""
        result = self.wire.exec_prepared(b"run", values, self._formats, 1)
        return result, result.error_field(self._pq.DiagnosticField.SQLSTATE) or b""

    def send(self, values: Sequence[bytes]) -> None:
        self.wire.send_query_prepared(b"run", values, self._formats, result_format=1)
        self.wire.flush()

    def answer(self) -> int | None:
        """Give the answer to what was sent, or None while it is on its way."""
        self.wire.consume_input()
        if self.wire.is_busy():
            return None
        result: Any = self.wire.get_result()
        while self.wire.get_result() is not None:
            pass  # libpq ends each answer with an empty one.
        if result.status == self._pq.ExecStatus.TUPLES_OK:
            return int.from_bytes(result.get_value(0, 0), "big")
        assert result.error_field(self._pq.DiagnosticField.SQLSTATE) == _BELOW_ZERO, result.error_message
        return REFUSED


class _PostgresBooks:
    def __init__(self, connection: Any, load: Load) -> None:  # noqa: ANN401  # psycopg is an extra.
        self._connection, self._load = connection, load

    def books(self) -> Books:
        query = _BOOKS.format(stock=self._load.stock, money=self._load.money_minor)
        return Books(*(int(value) for value in self._connection.execute(query).fetchone()))


class _PostgresBatches(_PostgresBooks):
    def __init__(self, connection: Any, load: Load, batch: _Link, each: _Link) -> None:  # noqa: ANN401
        super().__init__(connection, load)
        self._batch, self._each = batch, each

    def prepare(self, orders: Orders) -> tuple[list[bytes], list[bytes]]:
        skus, units = np.unique(orders.skus, return_counts=True)
        buyers, place = np.unique(orders.buyers, return_inverse=True)
        due = np.bincount(place, weights=orders.totals).astype(np.int64)
        orders = _by_sku(orders)
        heads = [_array(orders.ids), _array(orders.buyers), _array(orders.totals)]
        batch = [*heads, _array(orders.ids[orders.rows]), _array(orders.skus)]
        batch += [_array(skus), _array(units), _array(buyers), _array(due)]
        return batch, [*heads, _array(orders.offsets), _array(orders.skus)]

    def run(self, prepared: tuple[list[bytes], list[bytes]]) -> np.ndarray:
        batch, each = prepared
        done, why = self._batch.execute(batch)
        if not why:
            return np.zeros(struct.unpack_from(">i", batch[0], 12)[0], np.int64)
        assert why in {_TAKEN_ALREADY, _BELOW_ZERO}, done.error_message
        done, why = self._each.execute(each)
        assert not why, done.error_message
        told = np.frombuffer(done.get_value(0, 0), np.dtype([("length", ">i4"), ("value", ">i4")]), offset=20)
        return told["value"].astype(np.int64)


class _PostgresClients(_PostgresBooks):
    def __init__(self, connection: Any, load: Load, links: Sequence[_Link]) -> None:  # noqa: ANN401
        super().__init__(connection, load)
        self._links = links
        for link in links:
            link.wire.nonblocking = 1

    def prepare(self, orders: Orders) -> list[list[bytes]]:
        orders = _by_sku(orders)  # All take locks in one order, so that no two orders wait for each other.
        numbers = zip(orders.ids.tolist(), orders.buyers.tolist(), orders.totals.tolist(), strict=True)
        skus = np.split(orders.skus, orders.offsets[1:-1])
        return [
            [*(struct.pack(">q", value) for value in row), _array(own)] for row, own in zip(numbers, skus, strict=True)
        ]

    def run(self, prepared: list[list[bytes]]) -> np.ndarray:
        by_socket = {link.wire.socket: link for link in self._links}

        def send(socket_number: int, row: int) -> None:
            by_socket[socket_number].send(prepared[row])

        return _work_off(list(by_socket), len(prepared), send, lambda number: by_socket[number].answer())


def _work_off(
    sockets: Sequence[int], count: int, send: Callable[[int, int], None], answer: Callable[[int], int | None]
) -> np.ndarray:
    """Let each client send its next order as soon as it was answered the last, until all are answered."""
    answers, at_work = np.full(count, -1, np.int64), dict(zip(sockets, range(count), strict=False))
    poll, following = select.epoll(), len(at_work)
    for number, row in at_work.items():
        poll.register(number, select.EPOLLIN)
        send(number, row)
    while at_work:
        ready = poll.poll(_ANSWER_TIMEOUT_S)
        assert ready, "A peer's server has stopped answering."
        for number, _ in ready:
            told = answer(number)
            if told is None:
                continue
            answers[at_work.pop(number)] = told
            if following < count:
                at_work[number] = following
                send(number, following)
                following += 1
    poll.close()
    return answers


def _by_sku(orders: Orders) -> Orders:
    order = np.lexsort((orders.skus, orders.rows))
    return Orders(orders.buyers, orders.ids, orders.rows, orders.skus[order])


def _array(values: np.ndarray) -> bytes:
    """Write bigints as PostgreSQL's binary array."""
    told = np.empty(len(values), np.dtype([("length", ">i4"), ("value", ">i8")]))
    told["length"], told["value"] = 8, values
    return struct.pack(">iiIii", 1, 0, _BIGINT, len(values), 1) + told.tobytes()


@contextmanager
def _loaded_postgres(load: Load, place: Path | None) -> Iterator[tuple[Any, Path]]:
    try:
        import psycopg  # noqa: PLC0415  # An extra.
    except ImportError as error:
        raise Absent("psycopg was not found; it is in the extra postgres: pip install 'caravan[postgres]'.") from error
    with (
        servers.postgres(place) as host,
        psycopg.connect(f"host={host} dbname=postgres user=caravan", autocommit=True) as opened,
    ):
        connection: Any = opened
        # Room on every page, so that an updated row stays on it and no index is touched.
        connection.execute(_TABLES.format(key="bigint PRIMARY KEY", options=" WITH (fillfactor = 70)"))
        connection.execute(_FUNCTIONS)
        for table, each in (("stock", load.stock), ("wallets", load.money_minor)):
            query = f"INSERT INTO {table} SELECT number, {each} FROM generate_series(1, {load.skus}) AS number"  # noqa: S608
            connection.execute(query)
        connection.execute("VACUUM ANALYZE")
        yield connection, host


@contextmanager
def _postgres_batches(load: Load, place: Path | None) -> Iterator[Peer]:
    with _loaded_postgres(load, place) as (connection, host), ExitStack() as stack:
        batch = _Link(host, _BATCH, [_BIGINTS] * 9)
        stack.callback(batch.wire.finish)
        each = _Link(host, b"SELECT place_each($1, $2, $3, $4, $5)", [_BIGINTS] * 5)
        stack.callback(each.wire.finish)
        yield _PostgresBatches(connection, load, batch, each)


def _postgres_clients(clients: int) -> Callable[[Load, Path | None], AbstractContextManager[Peer]]:
    @contextmanager
    def opened(load: Load, place: Path | None) -> Iterator[Peer]:
        kinds = [_BIGINT, _BIGINT, _BIGINT, _BIGINTS]
        with _loaded_postgres(load, place) as (connection, host), ExitStack() as stack:
            links = [_Link(host, b"SELECT place($1, $2, $3, $4)", kinds) for _ in range(clients)]
            for link in links:
                stack.callback(link.wire.finish)
            yield _PostgresClients(connection, load, links)

    return opened


# Redis: a Lua script takes a batch, or one order. Ids go as eight bytes, because Lua's numbers hold only 53 bits.

_LUA = """
local function place(id, buyer, total, skus, first, last)
    if redis.call('HSETNX', 'orders', id, cmsgpack.pack({buyer, total, unpack(skus, first, last)})) == 0 then return 3 end
    local done = first - 1
    local is_short = redis.call('HINCRBY', 'wallets', buyer, -total) < 0
    while not is_short and done < last do
        done = done + 1
        is_short = redis.call('HINCRBY', 'stock', skus[done], -1) < 0
    end
    if not is_short then return 0 end
    for place = first, done do redis.call('HINCRBY', 'stock', skus[place], 1) end
    redis.call('HINCRBY', 'wallets', buyer, total)
    redis.call('HDEL', 'orders', id)
    return 1
end
"""
_LUA_BATCH = (
    _LUA
    + """
local ids, answers = ARGV[1], {}
local buyers, totals, offsets, skus = cmsgpack.unpack(ARGV[2])
for row = 1, #buyers do
    answers[row] = place(ids:sub(8 * row - 7, 8 * row), buyers[row], totals[row], skus, offsets[row] + 1, offsets[row + 1])
end
return table.concat(answers)
"""
)
_LUA_ONE = _LUA + "local skus = cmsgpack.unpack(ARGV[4]) return place(ARGV[1], ARGV[2], ARGV[3], skus, 1, #skus)"
_LUA_LOAD = """
for number = tonumber(ARGV[3]), tonumber(ARGV[4]) do
    redis.call('HSET', 'stock', number, ARGV[1]) redis.call('HSET', 'wallets', number, ARGV[2])
end
"""
_LOADED_AT_ONCE = 50_000
_REPLY_BYTES = 1 << 16


class _Wire:
    """A connection to Redis that knows as much of its protocol as is needed here."""

    def __init__(self, address: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_ANSWER_TIMEOUT_S)
        self._socket.connect(str(address))
        self.number = self._socket.fileno()
        self._unread = b""

    def send(self, command: bytes) -> None:
        self._socket.sendall(command)

    def receive(self) -> Any:  # noqa: ANN401  # Integers, strings or lists of them.
        """Read one whole reply."""
        line = self._line()
        kind, rest = line[:1], line[1:]
        assert kind != b"-", rest
        if kind == b":":
            return int(rest)
        if kind == b"*":
            return [self.receive() for _ in range(int(rest))]
        if kind == b"$" and rest == b"-1":
            return None
        if kind == b"$":
            return self._exactly(int(rest) + 2)[:-2]
        return rest

    def call(self, *parts: bytes | str | int) -> Any:  # noqa: ANN401
        self.send(_command(*parts))
        return self.receive()

    def close(self) -> None:
        self._socket.close()

    def _line(self) -> bytes:
        while b"\r\n" not in self._unread:
            self._read()
        line, self._unread = self._unread.split(b"\r\n", 1)
        return line

    def _exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._read()
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def _read(self) -> None:
        more = self._socket.recv(_REPLY_BYTES)
        assert more, "Redis has closed the connection."
        self._unread += more


def _command(*parts: bytes | str | int) -> bytes:
    told = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"*%d\r\n" % len(told) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in told)


class _RedisBooks:
    def __init__(self, wire: _Wire, load: Load) -> None:
        self._wire, self._load = wire, load

    def books(self) -> Books:
        stock, wallets = (
            np.array([int(value) for value in self._wire.call("HVALS", name)], np.int64)
            for name in ("stock", "wallets")
        )
        orders = [msgspec.msgpack.decode(value, strict=False) for value in self._wire.call("HVALS", "orders")]
        lines, held = sum(len(order) - 2 for order in orders), sum(int(order[1]) for order in orders)
        taken, paid = int((self._load.stock - stock).sum()), int((self._load.money_minor - wallets).sum())
        return Books(len(orders), lines, held, taken, paid, int(stock.min()), int(wallets.min()))


class _RedisBatches(_RedisBooks):
    def __init__(self, wire: _Wire, load: Load) -> None:
        super().__init__(wire, load)
        self._script = wire.call("SCRIPT", "LOAD", _LUA_BATCH)

    def prepare(self, orders: Orders) -> bytes:
        columns = [column.tolist() for column in (orders.buyers, orders.totals, orders.offsets, orders.skus)]
        ids = orders.ids.astype(">i8").tobytes()
        return _command("EVALSHA", self._script, 0, ids, b"".join(map(msgspec.msgpack.encode, columns)))

    def run(self, prepared: bytes) -> np.ndarray:
        self._wire.send(prepared)
        return np.frombuffer(self._wire.receive(), np.uint8).astype(np.int64) - ord("0")


class _RedisClients(_RedisBooks):
    def __init__(self, wire: _Wire, load: Load, wires: Sequence[_Wire]) -> None:
        super().__init__(wire, load)
        self._script = wire.call("SCRIPT", "LOAD", _LUA_ONE)
        self._wires = wires

    def prepare(self, orders: Orders) -> list[bytes]:
        skus = np.split(orders.skus, orders.offsets[1:-1])
        rows = zip(orders.ids.tolist(), orders.buyers.tolist(), orders.totals.tolist(), skus, strict=True)
        return [
            _command("EVALSHA", self._script, 0, number.to_bytes(8, "big"), buyer, total, msgspec.msgpack.encode(own.tolist()))
            for number, buyer, total, own in rows
        ]  # fmt: skip

    def run(self, prepared: list[bytes]) -> np.ndarray:
        by_socket = {wire.number: wire for wire in self._wires}

        def send(number: int, row: int) -> None:
            by_socket[number].send(prepared[row])

        return _work_off(list(by_socket), len(prepared), send, lambda number: int(by_socket[number].receive()))


@contextmanager
def _loaded_redis(load: Load, place: Path | None) -> Iterator[tuple[_Wire, Path]]:
    with servers.redis(place) as address, ExitStack() as stack:
        wire = _Wire(address)
        stack.callback(wire.close)
        for first in range(1, load.skus + 1, _LOADED_AT_ONCE):
            last = min(first + _LOADED_AT_ONCE - 1, load.skus)
            wire.call("EVAL", _LUA_LOAD, 0, load.stock, load.money_minor, first, last)
        yield wire, address


@contextmanager
def _redis_batches(load: Load, place: Path | None) -> Iterator[Peer]:
    with _loaded_redis(load, place) as (wire, _):
        yield _RedisBatches(wire, load)


def _redis_clients(clients: int) -> Callable[[Load, Path | None], AbstractContextManager[Peer]]:
    @contextmanager
    def opened(load: Load, place: Path | None) -> Iterator[Peer]:
        with _loaded_redis(load, place) as (wire, address), ExitStack() as stack:
            wires = [_Wire(address) for _ in range(clients)]
            for one in wires:
                stack.callback(one.close)
            yield _RedisClients(wire, load, wires)

    return opened


_ONE = _SINGLES_PER_BATCH
CONTESTANTS = (
    Contestant("sqlite set-based", "in process", 0, _SQLITE_SETTINGS, _sqlite),
    Contestant("postgresql set-based", "unix socket", 0, servers.POSTGRES_SETTINGS, _postgres_batches),
    Contestant("postgresql function, 8 clients", "unix socket", _ONE, servers.POSTGRES_SETTINGS, _postgres_clients(8)),
    Contestant(
        "postgresql function, 32 clients", "unix socket", _ONE, servers.POSTGRES_SETTINGS, _postgres_clients(32)
    ),
    Contestant("redis lua batches", "unix socket", 0, servers.REDIS_SETTINGS, _redis_batches),
    Contestant("redis lua, 32 clients", "unix socket", _ONE, servers.REDIS_SETTINGS, _redis_clients(32)),
)
