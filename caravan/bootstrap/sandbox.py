"""The sandboxes that stand in for a card provider and for carriers: in a demo market, and served on their own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from caravan.adapters.sandbox.carrier import HEADER as CARRIER_HEADER
from caravan.adapters.sandbox.carrier import SandboxCarrier
from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.psp import SandboxPsp
from caravan.adapters.sandbox.server import Courier, make_carrier_app
from caravan.adapters.sandbox.server import make_app as make_sandbox_app
from caravan.cell import Cell
from caravan.config import Settings
from caravan.flows.house import House
from caravan.kernel.clock import SECOND


def make_sandbox(
    mischief: Mapping[str, float], *, seed: int, file: Path | None, url: str, now: Callable[[], int]
) -> SandboxPsp:
    """Make the sandbox provider, misbehaving as often as is said of each kind."""
    return SandboxPsp(now=now, mischief=Mischief(**mischief), seed=seed, file=file, url=url)


def make_sandbox_carrier(
    mischief: Mapping[str, float], *, seed: int, file: Path | None, url: str, now: Callable[[], int]
) -> SandboxCarrier:
    """Make the sandbox carrier, misbehaving as often as is said of each kind."""
    return SandboxCarrier(now=now, mischief=Mischief(**mischief), seed=seed, file=file, url=url)


def serve_sandbox(psp: SandboxPsp, *, webhook: str, host: str, port: int) -> None:
    """Serve the sandbox provider on its own until told to stop, and bring its webhooks to an address, if there is one."""
    _serve_alone(make_sandbox_app(psp), psp, Courier(psp, webhook) if webhook else None, host=host, port=port)


def serve_sandbox_carrier(carrier: SandboxCarrier, *, webhook: str, host: str, port: int) -> None:
    """Serve the sandbox carrier on its own until told to stop, and bring its webhooks to an address, if there is one."""
    courier = Courier(carrier, webhook, header=CARRIER_HEADER) if webhook else None
    _serve_alone(make_carrier_app(carrier), carrier, courier, host=host, port=port)


def _serve_alone(
    app: Starlette, sandbox: SandboxPsp | SandboxCarrier, courier: Courier | None, *, host: str, port: int
) -> None:
    if courier is not None:
        courier.start()
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
    finally:
        if courier is not None:
            courier.stop()
        sandbox.close()


def road_of(settings: Settings, cell: Cell[House]) -> SandboxCarrier | None:
    """Give a carrier to a market that runs on play money, unless a real one is named."""
    market = cell.ask(lambda house: house.markets.market)
    if settings.carrier_key or market is None or not market.has_play_money:
        return None
    clock = cell.clock
    return SandboxCarrier(
        now=lambda: clock.now() // SECOND, file=settings.home / "sandbox-carrier.db", url="/sandbox/carrier",
        currency=market.currency,
    )  # fmt: skip


def sandbox_of(settings: Settings, cell: Cell[House]) -> SandboxPsp | None:
    """Give the provider of test cards to a market that runs on play money, unless a real one is named."""
    market = cell.ask(lambda house: house.markets.market)
    if settings.card_key or market is None or not market.has_play_money:
        return None
    clock = cell.clock
    return SandboxPsp(now=lambda: clock.now() // SECOND, file=settings.home / "sandbox.db", url="/sandbox")
