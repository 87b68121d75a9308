"""The orders' socket: batches of orders over a Unix or TCP socket, without HTTP around them; one answer each, in order."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from caravan.bootstrap import Caravan
from caravan.cell import Broken
from caravan.client.wire import API_VERSION
from caravan.flows.batches import order_in_columns
from caravan.flows.checkout import PURCHASES_PER_REQUEST_MAX, Placement
from caravan.kernel.errors import CaravanError
from caravan.kernel.framing import (
    ANSWERS,
    HEAD,
    HELLO,
    MESSAGE_BYTES_MAX,
    ORDERS,
    PROBLEM,
    UNDER_WAY_MAX,
    framed,
)
from caravan.web import access
from caravan.web.api import columns, problems

_logger = logging.getLogger("caravan.web")

SOCKET = "orders.sock"
_HELLO_WITHIN_S = 10.0
_HELLO_BYTES_MAX = 4_096
_BUFFER_BYTES = 2**20
_PATH_BYTES_MAX = 100  # Linux takes 107 bytes, others a few less.
_CONNECTIONS_MAX = 256
_SCOPE = "orders:write"
_READERS = 2


class _Hello(msgspec.Struct, frozen=True):
    token: str


class _Message(NamedTuple):
    kind: int
    said: bytes


@asynccontextmanager
async def serving(caravan: Caravan) -> AsyncIterator[None]:
    """Take connections on the home's Unix socket, and where the settings name a port also on that."""
    door = _Door(caravan)
    path, servers = caravan.settings.home / SOCKET, []
    if len(str(path).encode()) <= _PATH_BYTES_MAX:
        path.unlink(missing_ok=True)
        servers.append(await asyncio.start_unix_server(door.meet, path, limit=_BUFFER_BYTES))
        path.chmod(0o600)
    else:
        _logger.warning("%s is too long a path for a Unix socket; the orders' socket is not there.", path)
    if caravan.settings.orders_port:
        host, port = caravan.settings.host, caravan.settings.orders_port
        servers.append(await asyncio.start_server(door.meet, host, port, limit=_BUFFER_BYTES))
    try:
        yield
    finally:
        for server in servers:
            server.close()
        await door.close()
        path.unlink(missing_ok=True)


class _Door:
    """All connections to one cell."""

    def __init__(self, caravan: Caravan) -> None:
        self._caravan = caravan
        self._open: set[asyncio.Task[None]] = set()
        self._readers = ThreadPoolExecutor(_READERS, "orders-reader")  # Arrow and our kernels let go of the GIL.

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) > _CONNECTIONS_MAX:
                return
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # The other side has gone, or we are closing.
        finally:
            self._open.discard(task)
            writer.close()

    async def close(self) -> None:
        """End every connection; what was taken is decided and durable all the same."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._readers.shutdown(wait=False)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HELLO_WITHIN_S):
            hello = await _next(reader, bytes_max=_HELLO_BYTES_MAX)
        try:
            token = await self._greeted(hello)
        except CaravanError as error:
            writer.write(_problem(error))
            await writer.drain()
            return
        told = {"version": API_VERSION, "orders_max": PURCHASES_PER_REQUEST_MAX, "under_way_max": UNDER_WAY_MAX}
        writer.write(framed(HELLO, msgspec.json.encode(told)))
        waiting: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(UNDER_WAY_MAX)
        telling = asyncio.create_task(_tell(waiting, writer))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError):
                while not telling.done():
                    message = await _next(reader, bytes_max=MESSAGE_BYTES_MAX)
                    await waiting.put(asyncio.create_task(await self._begin(token, message)))
            await waiting.put(None)
            await telling
        finally:
            telling.cancel()

    async def _greeted(self, hello: _Message) -> str:
        """Give the token that is shown, if it may place orders."""
        if hello.kind != HELLO:
            raise problems.Unauthenticated("Show a token first.")
        try:
            token = msgspec.json.decode(hello.said, type=_Hello).token
        except msgspec.DecodeError:
            raise problems.Unauthenticated("This is no hello.") from None
        await self._admit(token)
        return token

    async def _admit(self, token: str) -> None:
        bearer = await access.bearer_of(self._caravan, token)
        if bearer is None:
            raise problems.Unauthenticated("This token is unknown, revoked or too old.")
        if bearer.audience != "operator" or bearer.subject:
            raise problems.WrongAudience("This is for operator.", audience=bearer.audience)
        if _SCOPE not in bearer.scopes:
            raise problems.MissingScope(f"This needs the scope {_SCOPE}.", scope=_SCOPE)

    async def _begin(self, token: str, message: _Message) -> Coroutine[Any, Any, bytes]:
        """Read a batch and queue it before the next is read, so that a connection's batches are decided in its order."""
        try:
            await self._admit(token)  # Each time: it may have been revoked since.
            if message.kind != ORDERS:
                raise problems.InvalidRequest(f"A message of kind {message.kind} was not expected.")
            keys, wanted = await asyncio.get_running_loop().run_in_executor(self._readers, columns.read, message.said)
            return self._finish(keys, self._caravan.cell.submit(order_in_columns, wanted, is_many=True))
        except CaravanError as error:
            return _said(_problem(error))

    async def _finish(self, keys: pa.Array, future: "Future[Placement]") -> bytes:
        try:
            placement = await asyncio.wrap_future(future)
        except CaravanError as error:
            if isinstance(error, Broken):
                _logger.exception("A batch broke.")
            return _problem(error)
        loop = asyncio.get_running_loop()
        return framed(ANSWERS, await loop.run_in_executor(self._readers, columns.written, keys, placement))


async def _said(message: bytes) -> bytes:
    return message


async def _tell(waiting: "asyncio.Queue[asyncio.Task[bytes] | None]", writer: asyncio.StreamWriter) -> None:
    """Write the answers in the order of their requests."""
    while (task := await waiting.get()) is not None:
        writer.write(await task)
        await writer.drain()


async def _next(reader: asyncio.StreamReader, *, bytes_max: int) -> _Message:
    size, kind = HEAD.unpack(await reader.readexactly(HEAD.size))
    if size > bytes_max:
        raise ConnectionError(f"A message has at most {bytes_max} bytes here.")
    return _Message(kind, await reader.readexactly(size))


def _problem(error: CaravanError) -> bytes:
    return framed(PROBLEM, problems.body_of(error, instance="urn:caravan:orders-socket"))
