"""What every request goes through, page or API: a number, a limit on its body, and headers that keep browsers strict."""

import itertools
import secrets

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RUN_BYTES = 4
# A response that needs more (a page with a form elsewhere, a drawing) says so itself, and is not overruled.
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_OF_PAGES = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
API_HEADERS = {**_HEADERS, "content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
_OF_API = [(name.encode(), value.encode()) for name, value in API_HEADERS.items()]


class Guards:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, *, body_bytes_max: int) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max
        # Drawn once: asking the system for dice at every request costs more than answering some of them.
        self._run = secrets.token_hex(_RUN_BYTES)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"{self._run}{next(self._numbers):012x}"
        scope.setdefault("state", {})["request_id"] = request_id
        wanted = _OF_API if scope["path"].startswith("/v1/") else _OF_PAGES

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                names = {name for name, _ in said}
                said.append((b"request-id", request_id.encode()))
                said += [header for header in wanted if header[0] not in names]
                message = {**message, "headers": said}
            await send(message)

        await self._app(scope, _bounded(scope, receive, self._body_bytes_max), send_with_headers)


def _bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    """Give a `receive` that refuses with 413 once more than the most has been told of, or has come."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    taken = int(declared) if declared.isdigit() and int(declared) > most else 0

    async def bounded() -> Message:
        nonlocal taken
        if taken > most:
            raise HTTPException(413, f"A body has at most {most} bytes.")
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, f"A body has at most {most} bytes.")
        return message

    return bounded
