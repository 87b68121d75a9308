"""The application: the API, its description, and the pages, behind one row of guards."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from caravan.bootstrap import Caravan
from caravan.client.wire import API_VERSION
from caravan.web import pages
from caravan.web.api import OPERATIONS, Doorway, Table, describe
from caravan.web.guards import Guards

_OPENAPI_SECONDS = 3_600
_Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(caravan: Caravan, doorway: Doorway | None = None) -> Starlette:
    """Put the doors of a running Caravan together."""
    table = Table(OPERATIONS)
    doorway = doorway or Doorway(caravan, table)
    routes: list[BaseRoute] = [
        _Api(doorway),
        Route("/openapi.json", _openapi(table)),
        Route("/health", _health(caravan)),
        *pages.routes(caravan),
    ]
    guards = Middleware(Guards, body_bytes_max=caravan.settings.body_bytes_max)
    return Starlette(routes=routes, middleware=[guards])


class _Api(BaseRoute):
    """Whatever begins with /v1/ goes to the doorway, which has its own table and its own way to say no."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for the API."""
        is_api = scope["type"] == "http" and scope["path"].startswith("/v1/")
        return (Match.FULL if is_api else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it."""
        await self._doorway(scope, receive, send)


def _openapi(table: Table) -> _Endpoint:
    body = msgspec.json.encode(describe(table.operations))

    async def openapi(_: Request) -> Response:
        headers = {
            "access-control-allow-origin": "*",
            "api-version": API_VERSION,
            "cache-control": f"max-age={_OPENAPI_SECONDS}",
        }
        return Response(body, media_type="application/json", headers=headers)

    return openapi


def _health(caravan: Caravan) -> _Endpoint:
    async def health(_: Request) -> Response:
        told = {"status": "ok", "position": caravan.cell.position, "views": caravan.projector.position}
        return Response(msgspec.json.encode(told), media_type="application/json", headers={"cache-control": "no-store"})

    return health
