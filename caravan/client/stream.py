"""The orders' socket from the other side: batches of orders to a Caravan, several under way at a time."""

import socket
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import pyarrow as pa

from caravan.client import wire
from caravan.client.sending import TIMEOUT_S, Refused
from caravan.kernel.errors import Outage
from caravan.kernel.framing import ANSWERS, HEAD, HELLO, MESSAGE_BYTES_MAX, ORDERS, PROBLEM, UNDER_WAY_MAX


class OrderStream:
    """A connection for the operator's token: `OrderStream("caravan-home/orders.sock", token)` or `("127.0.0.1:8001", …)`.

    Use it in a `with`, from one thread. Every answer is durable when it comes.
    """

    def __init__(self, address: str | Path, token: str) -> None:
        """Connect and show the token. Raises Refused for a token that may not, Outage when nobody answers."""
        try:
            self._socket = _connected(str(address))
        except OSError as error:
            raise Outage(f"{address} does not answer: {error}") from error
        self._file = self._socket.makefile("rb", buffering=2**20)
        try:
            self._greet(token)
        except OSError as error:
            self.close()
            raise Outage(f"{address} does not answer: {error}") from error
        except Refused:
            self.close()
            raise

    def _greet(self, token: str) -> None:
        self._send(HELLO, msgspec.json.encode({"token": token}))
        kind, said = self._receive()
        if kind == PROBLEM:
            raise _refused(said)
        assert kind == HELLO, kind

    def place_orders(self, table: pa.Table) -> pa.Table:
        """Buy for many buyers at once; columns and answer are those of `Client.place_orders`."""
        return next(self.place_all([table]))

    def place_all(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Send batch after batch, up to eight ahead of the answers; give the answers in order.

        Raises Refused for a batch of which nothing was taken, after the answers of those before it, and Outage when the
        connection breaks: what was not answered is then unknown, and can be sent again with the same keys.
        """
        under_way: deque[None] = deque()
        try:
            for table in tables:
                if len(under_way) == UNDER_WAY_MAX:
                    under_way.popleft()
                    yield self._answer()
                self._send(ORDERS, _written(table))
                under_way.append(None)
            while under_way:
                under_way.popleft()
                yield self._answer()
        except OSError as error:
            raise Outage(f"The connection broke: {error}") from error

    def _answer(self) -> pa.Table:
        kind, said = self._receive()
        if kind == PROBLEM:
            raise _refused(said)
        assert kind == ANSWERS, kind
        with pa.ipc.open_stream(said) as reader:
            return reader.read_all()

    def _send(self, kind: int, said: bytes | pa.Buffer) -> None:
        # The head and what is said go together and are not copied: that would take as long as sending them.
        whole = memoryview(said)
        head = HEAD.pack(len(whole), kind)
        sent = self._socket.sendmsg([head, whole])
        for part, gone in ((memoryview(head), sent), (whole, max(sent - len(head), 0))):
            if gone < len(part):
                self._socket.sendall(part[gone:])

    def _receive(self) -> tuple[int, bytes]:
        size, kind = HEAD.unpack(self._exactly(HEAD.size))
        if size > MESSAGE_BYTES_MAX:
            raise ConnectionError("This is not the orders' socket of a Caravan.")
        return kind, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        found: bytes = self._file.read(size)
        if len(found) < size:
            raise ConnectionError("The other side has hung up.")
        return found

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        """Give the connection."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.close()


def _connected(address: str) -> socket.socket:
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        return socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT_S)
    found = socket.socket(socket.AF_UNIX)
    found.settimeout(TIMEOUT_S)
    try:
        found.connect(address)
    except OSError:
        found.close()
        raise
    return found


def _written(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _refused(said: bytes) -> Refused:
    told = msgspec.json.decode(said, type=dict[str, Any])
    known = set(wire.Problem.__struct_fields__)
    details = {name: value for name, value in told.items() if name not in known}
    return Refused(msgspec.json.decode(said, type=wire.Problem), details)
