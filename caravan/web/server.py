"""The HTTP server: one process, one event loop, before one cell."""

import ctypes
import gc
import socket
from contextlib import AsyncExitStack
from typing import Any

import pyarrow as pa
import uvicorn

from caravan.bootstrap import Caravan
from caravan.flows import batches, discovering
from caravan.web import express, stream
from caravan.web.api import OPERATIONS, Doorway, Table, columns
from caravan.web.app import make_app

_CLOSES_WITHIN_S = 5


def serve(caravan: Caravan, host: str, port: int) -> None:
    """Serve until told to stop; answers that are on their way are finished first."""
    # What is there by now stays: a collector that went through a million products would hold up every answer meanwhile,
    # 4 CPU seconds each time.
    gc.collect()
    _give_back()
    gc.freeze()
    try:
        make_server(caravan, host=host, port=port).run()
    finally:
        gc.unfreeze()


def _give_back() -> None:
    """Give the system back what was only needed to get here: a hundred MB in a large shop."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # It is glibc's.
        trim(0)


def make_server(caravan: Caravan, **options: Any) -> uvicorn.Server:  # noqa: ANN401  # uvicorn's own.
    """Put the server together; `options` are uvicorn's."""
    caravan.cell.ask(batches.warm)
    caravan.cell.ask(discovering.warm)
    columns.warm()
    caravan.advice.get_ready()
    table = Table(OPERATIONS)
    doorway = Doorway(caravan, table)
    config = uvicorn.Config(
        make_app(caravan, doorway), loop="uvloop", http=express.protocol(caravan, doorway),  # type: ignore[arg-type]
        access_log=False, log_level="warning", timeout_graceful_shutdown=_CLOSES_WITHIN_S, server_header=False, **options,
    )  # fmt: skip
    return _Server(config, caravan)


class _Server(uvicorn.Server):
    """The HTTP server, with the orders' socket beside it in the same event loop."""

    def __init__(self, options: uvicorn.Config, caravan: Caravan) -> None:
        super().__init__(options)
        self._caravan = caravan
        self._beside = AsyncExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open both."""
        await super().startup(sockets)
        await self._beside.enter_async_context(stream.serving(self._caravan))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close both."""
        await self._beside.aclose()
        await super().shutdown(sockets)
