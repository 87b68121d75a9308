"""The big screen: one page, and the stream of boards that moves it, on a port of its own."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from caravan.kernel.errors import Invalid
from caravan.web.festival.score import Board

_PAGE = Path(__file__).resolve().parent.parent / "templates" / "festival.html"
_BOARD_EVERY_S = 0.5
_STOPS_WITHIN_S = 5


def app(board: Callable[[], Board]) -> Starlette:
    """Give the page at `/`, the board at `/board`, and the stream of boards at `/boards`."""

    async def page(_: Request) -> Response:
        return HTMLResponse(_PAGE.read_text(encoding="utf-8"))

    async def now(_: Request) -> Response:
        return Response(msgspec.json.encode(board()), media_type="application/json")

    async def stream(request: Request) -> Response:
        async def boards() -> AsyncIterator[bytes]:
            while not await request.is_disconnected():
                yield b"data: " + msgspec.json.encode(board()) + b"\n\n"
                await asyncio.sleep(_BOARD_EVERY_S)

        return StreamingResponse(boards(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    return Starlette(routes=[Route("/", page), Route("/board", now), Route("/boards", stream)])


@contextmanager
def showing(board: Callable[[], Board], *, host: str, port: int) -> Iterator[str]:
    """Show the screen while something else runs; give its address. Port 0 takes a free one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise Invalid(f"Port {port} on {host} is taken. Name another with --port.", field="port") from None
    options = uvicorn.Config(app(board), log_level="error", access_log=False, timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_STOPS_WITHIN_S)
        listener.close()
