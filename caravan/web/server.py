"""The HTTP server: one process, one event loop, before one cell."""

import uvicorn

from caravan.bootstrap import Caravan
from caravan.web.app import make_app

_CLOSES_WITHIN_S = 5


def serve(caravan: Caravan, host: str, port: int) -> None:
    """Serve until told to stop; answers that are on their way are finished first."""
    options = uvicorn.Config(
        make_app(caravan), host=host, port=port, loop="uvloop", http="httptools", access_log=False,
        log_level="warning", timeout_graceful_shutdown=_CLOSES_WITHIN_S, server_header=False,
    )  # fmt: skip
    uvicorn.Server(options).run()
