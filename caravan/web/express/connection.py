"""Connections: uvicorn's own, which take express requests out before these become a task."""

import functools
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from caravan.bootstrap import Caravan
from caravan.web.api.doorway import Doorway
from caravan.web.express import lists, orders
from caravan.web.express.ride import Express, Ride

_BODY_BYTES_MAX = 65_536
_LANES: Final[dict[tuple[bytes, bytes], Callable[[Ride], bool]]] = {
    (b"POST", orders.PATH): orders.set_out,
    (b"GET", lists.PATH): lists.set_out,
}


def protocol(caravan: Caravan, doorway: Doorway) -> Callable[..., HttpToolsProtocol]:
    """Give the protocol for a server's connections."""
    return functools.partial(Connection, Express(caravan, doorway))


class Connection(HttpToolsProtocol):
    """A connection whose plain requests for a lane are answered from here; all others are uvicorn's business."""

    def __init__(self, express: Express, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **named)
        self._express = express

    def on_headers_complete(self) -> None:
        """Begin a ride where this is plainly one and nothing else is under way, or a request as any other."""
        before: object = self.cycle
        is_idle = before is None or self.cycle.response_complete
        path, _, query = self.url.partition(b"?")
        if is_idle and (self.parser.get_method(), path) in _LANES and b"#" not in query and self._is_plain():
            self.cycle = Ride(self._express, self, path, query)  # type: ignore[assignment]
            return
        super().on_headers_complete()

    def _is_plain(self) -> bool:
        if self.parser.get_http_version() != "1.1" or self.parser.should_upgrade() or self.expect_100_continue:
            return False
        has_body = self.parser.get_method() == b"POST"
        length = b""
        for name, value in self.headers:
            if name == b"transfer-encoding":
                return False
            if name == b"content-length":
                length = value
        if not length:
            return not has_body
        return length.isdigit() and (0 < int(length) <= _BODY_BYTES_MAX if has_body else int(length) == 0)

    def on_message_complete(self) -> None:
        """Send a ride on its way, or let an ordinary request know that it is whole."""
        ride: object = self.cycle
        if not isinstance(ride, Ride) or not ride.more_body:
            super().on_message_complete()
            return
        ride.more_body = False
        ride.keep_alive = self.parser.should_keep_alive()
        if not _LANES[self.parser.get_method(), ride.path](ride):
            self._take_the_ordinary_way(bytes(ride.body))

    def _take_the_ordinary_way(self, body: bytes) -> None:
        self.cycle = None  # type: ignore[assignment]
        super().on_headers_complete()
        self.on_body(body)
        super().on_message_complete()
