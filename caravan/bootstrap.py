"""Who is wired to whom: a running Caravan is put together here, and nowhere else."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from caravan.adapters.sqlite import SqliteLog
from caravan.adapters.sqlite_views import SqliteViewStore
from caravan.adapters.vault import SqliteVault
from caravan.cell import Cell, Log, Projector, Snapshots, ViewStore, registry
from caravan.cell import idempotency as answers
from caravan.cell.cell import stop_process
from caravan.config import Settings
from caravan.events import catalog, delivery, identity, ledger, markets, orders, partners, payments
from caravan.flows import settlement, shopping
from caravan.flows.house import House
from caravan.flows.views import all_views
from caravan.insight.identity import Vault
from caravan.kernel.clock import Clock, SystemClock
from caravan.kernel.errors import CaravanError

_logger = logging.getLogger("caravan")

KINDS = registry(catalog, delivery, identity, ledger, markets, orders, partners, payments, answers)
SHAPE = "1"  # Change it when a model's dump changes: snapshots of another shape are passed over.


@dataclass(frozen=True)
class Caravan:
    """A running Caravan: the cell, its views, its vault. Doors are given this and nothing else."""

    settings: Settings
    cell: Cell[House]
    views: ViewStore
    projector: Projector
    vault: Vault
    clock: Clock
    ticker: "Ticker"

    def close(self) -> None:
        """Finish what is waiting and stop."""
        self.ticker.stop()
        self.projector.stop()
        self.cell.close()
        self.views.close()
        self.vault.close()


def open_caravan(
    settings: Settings,
    *,
    clock: Clock | None = None,
    on_failure: Callable[[BaseException], None] = stop_process,
    ticks: bool = True,
) -> Caravan:
    """Open a home, make it if it is not there, and bring everything up to the head of its log."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = clock or SystemClock()
    log = open_log(settings)
    house = House()
    cell = Cell(
        house=house, models=house.models(), log=log, kinds=KINDS, clock=clock,
        snapshots=snapshots_of(settings), on_failure=on_failure,
    )  # fmt: skip
    store = SqliteViewStore(settings.home / "views.db")
    projector = Projector(log=log, kinds=KINDS, views=all_views(), store=store)
    projector.start()
    ticker = Ticker(cell, projector, every_s=settings.tick_seconds)
    caravan = Caravan(
        settings=settings, cell=cell, views=store, projector=projector,
        vault=SqliteVault(settings.home / "vault.db"), clock=clock, ticker=ticker,
    )  # fmt: skip
    ticker.start(ticks=ticks)
    return caravan


def open_log(settings: Settings) -> Log:
    """Open the log that the settings name."""
    return SqliteLog(settings.home / "log.db")


def snapshots_of(settings: Settings) -> Snapshots:
    """Give the folder of snapshots of a home."""
    return Snapshots(settings.home / "snapshots", shape=SHAPE)


def rebuild(settings: Settings, report: Callable[[int, int], None]) -> int:
    """Throw the views away and fold them again from the log; give the position that they then show."""
    log = open_log(settings)
    store = SqliteViewStore(settings.home / "views.db")
    store.begin(all_views())
    store.drop()
    projector = Projector(log=log, kinds=KINDS, views=all_views(), store=store)
    head = log.head()
    last = head.sequence if head else 0
    while projector.position < last:
        projector.fold_some()
        report(projector.position, last)
    store.close()
    log.close()
    return projector.position


class Ticker:
    """Looks every second at what is due: reservations that expire, escrow to release, payouts to send.

    It also wakes the views when the log has grown, and writes a snapshot when the cell has been given much to remember.
    """

    def __init__(self, cell: Cell[House], projector: Projector, *, every_s: float) -> None:
        self._cell, self._projector, self._every_s = cell, projector, every_s
        self._stops = threading.Event()
        self._threads = [threading.Thread(target=self._follow, name="follower", daemon=True)]

    def start(self, *, ticks: bool) -> None:
        """Begin."""
        if ticks:
            self._threads.append(threading.Thread(target=self._tick, name="ticker", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop."""
        self._stops.set()
        for thread in self._threads:
            thread.join()

    def _follow(self) -> None:
        seen = self._projector.position
        while not self._stops.is_set():
            position = self._cell.wait_for_more(seen, timeout_s=0.2)
            if position > seen:
                self._projector.wake()
                seen = position

    def _tick(self) -> None:
        while not self._stops.wait(self._every_s):
            try:
                tick(self._cell)
            except CaravanError:
                _logger.exception("What is due could not be done; trying again.")


def tick(cell: Cell[House], *, at: int | None = None) -> None:
    """Do what is due by now (or by a time that is handed in)."""
    from_flows = (shopping.expire_checkouts, settlement.release_due, settlement.pay_out_due)
    for future in [cell.submit(flow, None, at=at) for flow in from_flows]:  # type: ignore[arg-type]
        future.result()
