"""The express lane: POST /v1/orders answered straight from the connection, beside the rest of the API in one server.

A request for it is read, admitted and decoded where its bytes arrive, decided by the cell together with its neighbors,
and written back from one wake-up of the event loop for all that became durable together. Whatever is not plainly such a
request (another path, a query, a chunked or large body) goes the ordinary way, and so does each that would be refused
before it reaches the cell: there is one place that says no. `tests/web/api/test_express.py` holds both ways together.
"""

import asyncio
import functools
import itertools
import re
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from caravan.bootstrap import Caravan
from caravan.cell import Answer
from caravan.client import wire
from caravan.flows import checkout
from caravan.insight import identity
from caravan.kernel.errors import CaravanError
from caravan.kernel.ids import BuyerId
from caravan.web.access import hashed
from caravan.web.api import shop
from caravan.web.api.canonical import canonical
from caravan.web.api.doorway import Doorway, key_of, refused
from caravan.web.guards import API_HEADERS

_PATH: Final = "/v1/orders"
_BODY_BYTES_MAX = 65_536
_DECODE = msgspec.json.Decoder(wire.NewOrder).decode
_PLAIN = re.compile(rb"^[^\\\x80-\xff]*$")
_FRACTION = re.compile(rb"[:\[,\s]-?\d+[.eE]")
_PHRASES = {201: b"Created", 409: b"Conflict", 422: b"Unprocessable Entity", 503: b"Service Unavailable"}


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
        fixed = {"api-version": wire.API_VERSION, "cache-control": "no-store", **API_HEADERS}
        self._fixed = b"".join(f"{name}: {value}\r\n".encode() for name, value in fixed.items())

    def protocol(self) -> Callable[..., HttpToolsProtocol]:
        """Give the protocol for the server's connections."""
        return functools.partial(_Connection, self)

    def request_id(self) -> str:
        """Number a request."""
        return f"{self._run}x{next(self._numbers):011x}"

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

    def dated(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Write the server's own headers, which are a new list each second."""
        if self._dated[0] is not headers:
            self._dated = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
        return self._dated[1]

    def head(self, answer: Answer, request_id: str, dated: bytes, headers: dict[str, str]) -> bytes:
        """Write the head of an answer."""
        told = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        return b"HTTP/1.1 %d %b\r\n%b%brequest-id: %b\r\n%bcontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (
            answer.status, _PHRASES.get(answer.status, b""), dated, self._fixed, request_id.encode(), told.encode("latin-1"),
            answer.media.encode(), len(answer.body),
        )  # fmt: skip


class _Ride:
    """One request in the express lane: uvicorn's cycle in shape, and what the cell tells of its end."""

    __slots__ = (
        "_connection", "_express", "body", "disconnected", "headers", "keep_alive", "message_event", "more_body",
        "request_id", "response_complete",
    )  # fmt: skip

    def __init__(self, connection: "_Connection", express: Express) -> None:
        self._connection = connection
        self._express = express
        self.body = b""
        self.more_body = True
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.message_event = _NO_EVENT
        self.headers: dict[str, str] = {}
        self.request_id = ""

    # What the cell asks for; from its own threads.

    def set_running_or_notify_cancel(self) -> bool:
        return True

    def set_result(self, answer: Answer, /) -> None:
        self._express.later(self._connection.loop, functools.partial(self.tell, answer))

    def set_exception(self, error: BaseException, /) -> None:
        assert isinstance(error, CaravanError), error
        reply = refused(error, f"urn:caravan:request:{self.request_id}")
        self.headers |= dict(reply.headers)
        self.set_result(Answer(reply.status, reply.body, reply.media))

    def tell(self, answer: Answer) -> None:
        """Write the answer and give the connection back to its next request; on the event loop."""
        self.response_complete = True
        if self.disconnected or self._connection.transport.is_closing():
            return
        headers = self.headers
        if answer.location:
            headers["location"] = answer.location
        if answer.is_replayed:
            headers["idempotent-replayed"] = "true"
        if not self.keep_alive:
            headers["connection"] = "close"
        dated = self._express.dated(self._connection.server_state.default_headers)
        self._connection.transport.write(self._express.head(answer, self.request_id, dated, headers) + answer.body)
        if not self.keep_alive:
            self._connection.transport.close()
        self._connection.on_response_complete()


class _NoEvent:
    """An event that nobody waits for."""

    def set(self) -> None:
        pass


_NO_EVENT = _NoEvent()


class _Connection(HttpToolsProtocol):
    """uvicorn's connection, which takes its express requests out before they become a task."""

    def __init__(self, express: Express, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **named)
        self._express = express

    def on_headers_complete(self) -> None:
        """Begin a ride where this is plainly one and nothing else is under way, or a request as any other."""
        before: object = self.cycle
        is_idle = before is None or self.cycle.response_complete
        if is_idle and self.url == _PATH.encode() and self.parser.get_method() == b"POST" and self._is_plain():
            self.cycle = _Ride(self, self._express)  # type: ignore[assignment]
            return
        super().on_headers_complete()

    def _is_plain(self) -> bool:
        if self.parser.get_http_version() != "1.1" or self.parser.should_upgrade() or self.expect_100_continue:
            return False
        length = next((value for name, value in self.headers if name == b"content-length"), b"")
        return length.isdigit() and 0 < int(length) <= _BODY_BYTES_MAX

    def on_message_complete(self) -> None:
        """Send a ride on its way, or let an ordinary request know that it is whole."""
        ride: object = self.cycle
        if not isinstance(ride, _Ride) or not ride.more_body:
            super().on_message_complete()
            return
        ride.more_body = False
        if not self._set_out(ride):
            self._take_the_ordinary_way(bytes(ride.body))

    def _take_the_ordinary_way(self, body: bytes) -> None:
        self.cycle = None  # type: ignore[assignment]
        super().on_headers_complete()
        self.on_body(body)
        super().on_message_complete()

    def _set_out(self, ride: _Ride) -> bool:
        """Give the request to the cell; tell whether it could be, and touch nothing where it could not."""
        told = dict(self.headers)
        caravan = self._express.caravan
        kind, _, token = told.get(b"authorization", b"").decode("latin-1").partition(" ")
        given = told.get(b"idempotency-key", b"").decode("latin-1")
        version = told.get(b"api-version")
        if kind.lower() != "bearer" or not given or (version is not None and version != wire.API_VERSION.encode()):
            return False
        token = token.strip()
        found = identity.token_of(caravan.cell.house.identity, hashed(token), now=caravan.clock.now())
        if found is None or found.audience != "buyer" or found.subject <= 0 or "checkout:write" not in found.scopes:
            return False
        if told.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
            return False
        try:
            wanted = shop.direct_order(caravan, BuyerId(found.subject), _DECODE(ride.body))
            key = key_of(f"buyer:{found.subject}", "POST", _PATH, given, _canonical(bytes(ride.body)))
        except (CaravanError, msgspec.DecodeError, RecursionError):
            return False
        allowance = self._express.doorway.take("requests", token)
        if allowance.wait_s:
            return False
        ride.headers = allowance.headers()
        ride.request_id = self._express.request_id()
        ride.keep_alive = self.parser.should_keep_alive()
        render = functools.partial(shop.rendered_purchase, caravan.cell.house, f"urn:caravan:request:{ride.request_id}")
        try:
            caravan.cell.submit_to(ride, checkout.order_directly, wanted, is_many=True, key=key, render=render)
        except CaravanError as error:
            ride.set_exception(error)
        return True


def _canonical(raw: bytes) -> bytes:
    """Write a body as `canonical` would, the quick way where the two are the same."""
    decoded = msgspec.json.decode(raw)
    if _PLAIN.match(raw) and not _FRACTION.search(raw):
        return msgspec.json.encode(decoded, order="sorted")
    return canonical(decoded)
