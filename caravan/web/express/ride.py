"""A ride: one request in an express lane, and what all connections of a server share."""

import asyncio
import functools
import itertools
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from caravan.bootstrap import Caravan
from caravan.cell import Answer
from caravan.client.wire import API_VERSION
from caravan.insight import identity
from caravan.kernel.errors import CaravanError
from caravan.kernel.ids import BuyerId
from caravan.web.access import hashed
from caravan.web.api.doorway import Doorway, refused
from caravan.web.guards import API_HEADERS

_PHRASES: Final = {status.value: status.phrase.encode() for status in HTTPStatus}
_FORWARDED: Final = b"x-forwarded-for"

Headers = Sequence[tuple[bytes, bytes]]


class Shopper(NamedTuple):
    """A buyer who shows a token, with its scopes."""

    buyer: BuyerId
    token: str
    scopes: frozenset[str]


class Express:
    """What all connections of a server share: the cell, the allowances, and the answers that wait to be written."""

    def __init__(self, caravan: Caravan, doorway: Doorway) -> None:
        self.caravan = caravan
        self.doorway = doorway
        self._done: deque[Callable[[], None]] = deque()
        self._is_woken = False
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._dated: tuple[object, bytes] = None, b""
        self._fixed = b"".join(f"{n}: {v}\r\n".encode() for n, v in {"api-version": API_VERSION, **API_HEADERS}.items())

    def request_id(self) -> str:
        """Number a request."""
        return f"{self._run}x{next(self._numbers):011x}"

    def shopper(self, told: Mapping[bytes, bytes]) -> Shopper | None:
        """Give the buyer whose token the headers show; None for anybody else."""
        kind, _, token = told.get(b"authorization", b"").decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        token = token.strip()
        found = identity.token_of(self.caravan.cell.house.identity, hashed(token), now=self.caravan.clock.now())
        if found is None or found.audience != "buyer" or found.subject <= 0:
            return None
        return Shopper(BuyerId(found.subject), token, frozenset(found.scopes))

    def later(self, loop: asyncio.AbstractEventLoop, write: Callable[[], None]) -> None:
        """Let an answer be written by the event loop; those that come before it wakes up share one wake-up."""
        self._done.append(write)
        if not self._is_woken:
            self._is_woken = True
            loop.call_soon_threadsafe(self._write_all)

    def _write_all(self) -> None:
        self._is_woken = False  # First, so that whoever comes from now on wakes us again.
        while self._done:
            self._done.popleft()()

    def dated(self, headers: Headers) -> bytes:
        """Write the server's own headers, which are a new list each second."""
        if self._dated[0] is not headers:
            self._dated = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
        return self._dated[1]

    def head(self, answer: Answer, request_id: str, dated: bytes, headers: Mapping[str, str]) -> bytes:
        """Write the head of an answer."""
        told = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        return b"HTTP/1.1 %d %b\r\n%b%brequest-id: %b\r\n%bcontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (
            answer.status, _PHRASES[answer.status], dated, self._fixed, request_id.encode(), told.encode("latin-1"),
            answer.media.encode(), len(answer.body),
        )  # fmt: skip


class Ride:
    """One request in an express lane: uvicorn's cycle in shape, and what the cell tells of its end.

    `headers` are what its answer says besides the fixed ones. `client` is who is at the other end of the connection.
    """

    __slots__ = (
        "_server", "_transport", "_written", "body", "client", "disconnected", "express", "headers",
        "keep_alive", "loop", "message_event", "more_body", "path", "proxies", "query", "request_id", "response_complete", "told",
    )  # fmt: skip

    def __init__(self, express: Express, connection: Any, path: bytes, query: bytes) -> None:  # noqa: ANN401
        self.express = express
        self.path, self.query = path, query
        self.told: Headers = connection.headers
        self.client: str = connection.client[0] if connection.client else ""
        self.proxies: str | list[str] = connection.config.forwarded_allow_ips
        self.loop, self._server, self._transport = connection.loop, connection.server_state, connection.transport
        self._written: Callable[[], None] = connection.on_response_complete
        self.body = b""
        self.more_body = True
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.message_event = _NO_EVENT
        self.headers: dict[str, str] = {}
        self.request_id = ""

    def address(self) -> str:
        """Give the address of who asks, as a trusted proxy tells it."""
        if all(name != _FORWARDED for name, _ in self.told):
            return self.client
        scope: dict[str, Any] = {"type": "http", "client": (self.client, 0), "scheme": "http", "headers": self.told}
        # The middleware of the ordinary way, before an application that does nothing: one step, and it is done.
        with suppress(StopIteration):
            ProxyHeadersMiddleware(_nothing, self.proxies)(scope, None, None).send(None)  # type: ignore[arg-type]
        found: str = scope["client"][0]
        return found

    # What the cell asks for; from its own threads.

    def set_running_or_notify_cancel(self) -> bool:
        """Go on: nobody calls a ride off."""
        return True

    def set_result(self, answer: Answer, /) -> None:
        """Tell an answer, soon."""
        self.express.later(self.loop, functools.partial(self.tell, answer))

    def set_exception(self, error: BaseException, /) -> None:
        """Tell a refusal or a failure, soon."""
        assert isinstance(error, CaravanError), error
        reply = refused(error, f"urn:caravan:request:{self.request_id}")
        self.headers |= dict(reply.headers)
        self.set_result(Answer(reply.status, reply.body, reply.media))

    def tell(self, answer: Answer) -> None:
        """Write the answer and give the connection back to its next request; on the event loop."""
        self.response_complete = True
        if self.disconnected or self._transport.is_closing():
            return
        headers = self.headers
        if answer.location:
            headers["location"] = answer.location
        if answer.is_replayed:
            headers["idempotent-replayed"] = "true"
        if not self.keep_alive:
            headers["connection"] = "close"
        dated = self.express.dated(self._server.default_headers)
        self._transport.write(self.express.head(answer, self.request_id, dated, headers) + answer.body)
        if not self.keep_alive:
            self._transport.close()
        self._written()


class _NoEvent:
    """An event that nobody waits for."""

    def set(self) -> None:
        pass


_NO_EVENT = _NoEvent()


async def _nothing(*_: object) -> None:
    pass
