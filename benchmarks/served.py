"""Served: a program that serves the benchmark's shop over HTTP and the orders' socket, until its standard input ends.

It is the server of `caravan up` before the same home, without the ticker and the views, and with an allowance that one
load generator cannot use up.
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from caravan.bootstrap import open_caravan
from caravan.config import Settings
from caravan.web.server import serve

_REQUESTS_PER_MINUTE = 60_000_000


def main(home: str, port: str, orders_port: str, ahead: str) -> None:
    """Serve a home on two ports of this machine."""
    settings = Settings(
        home=Path(home), port=int(port), orders_port=int(orders_port), requests_per_minute=_REQUESTS_PER_MINUTE,
        orders_ahead=int(ahead),
    )  # fmt: skip
    caravan = open_caravan(settings, ticks=False, folds=False)
    caravan.ticker.stop()
    threading.Thread(target=_stop_at_end, daemon=True).start()
    try:
        with suppress(KeyboardInterrupt):
            serve(caravan, settings.host, settings.port)
    finally:
        caravan.close()


def _stop_at_end() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main(*sys.argv[1:])
