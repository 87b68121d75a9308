"""A running Caravan, put together: opened over a home, or over a copy of nothing."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from caravan.adapters.follower import Follower
from caravan.adapters.memory import MemoryLog
from caravan.adapters.sandbox.carrier import SandboxCarrier
from caravan.adapters.sandbox.psp import SandboxPsp
from caravan.adapters.snapshotter import Snapshotter
from caravan.adapters.sqlite_views import SqliteViewStore
from caravan.adapters.vault import SqliteVault
from caravan.bootstrap.clerks import Clerk, Ticker, counter_of, planner_of, till_of
from caravan.bootstrap.comparing import comparing_of
from caravan.bootstrap.discovery import Advice, skills_of
from caravan.bootstrap.home import LogCutShort, open_log, snapshots_of
from caravan.bootstrap.kinds import KINDS
from caravan.bootstrap.numbers import numbers_of, sealer_of
from caravan.bootstrap.outside import carriers_of, couriers_of, optimizer, providers_of
from caravan.bootstrap.sandbox import road_of, sandbox_of
from caravan.bootstrap.search import lessons_of, make_engine
from caravan.cell import Cell, Following, Log, Projector, RoomKeeper, ViewStore
from caravan.cell.cell import stop_process
from caravan.config import Settings
from caravan.flows import comparing, promises
from caravan.flows import numbers as counting
from caravan.flows import profiles as knowing
from caravan.flows.cashier import Cashier
from caravan.flows.exporting import Exporter
from caravan.flows.finder import Finder
from caravan.flows.following import Teller
from caravan.flows.house import House
from caravan.flows.lookalikes import KnownPeople
from caravan.flows.noting import Noting
from caravan.flows.postman import Postman
from caravan.flows.views import all_views
from caravan.insight.identity import Vault
from caravan.kernel.clock import Clock, SystemClock

EXPORTS_AT_ONCE_MAX = 2
_WEBHOOKS_REST = 20.0  # To see who changed, everybody is looked at: at most a twentieth of the time goes into that.


@dataclass(frozen=True)
class Caravan:
    """A running Caravan: the cell, its views, its vault. Doors are given this and nothing else."""

    settings: Settings
    cell: Cell[House]
    views: ViewStore
    projector: Following
    vault: Vault
    clock: Clock
    ticker: Ticker
    finder: Finder
    planner: Clerk
    desk: promises.Desk
    advice: Advice
    numbers: counting.Numbers
    profiles: knowing.Desk
    cashier: Cashier
    till: Clerk
    postman: Postman
    exporter: Exporter
    teller: Teller
    couriers: tuple[Clerk, ...]
    comparing: comparing.Comparing
    noting: Noting
    sandbox: SandboxPsp | None = None  # where a demo market's test cards are
    road: SandboxCarrier | None = None  # where a demo market's parcels are
    people: KnownPeople = field(default_factory=KnownPeople)
    room: RoomKeeper | None = None

    def close(self) -> None:
        """Finish what is waiting and stop."""
        if self.room is not None:
            self.room.stop()
        self.noting.flush()
        self.ticker.stop()
        self.advice.close()
        self.planner.stop()
        self.till.stop()
        self.exporter.stop()
        for courier in self.couriers:
            courier.stop()
        self.exporter.sender.close()
        for provider in self.cashier.providers.values():
            provider.close()
        self.projector.stop()
        self.finder.stop()
        self.numbers.close()
        self.cell.close()
        self.views.close()
        self.vault.close()
        if self.sandbox is not None:
            self.sandbox.close()
        self.postman.close()
        if self.road is not None:
            self.road.close()


def open_caravan(
    settings: Settings,
    *,
    clock: Clock | None = None,
    on_failure: Callable[[BaseException], None] = stop_process,
    ticks: bool = True,
    folds: bool = True,
    beside: bool = False,
    log: Log | None = None,
) -> Caravan:
    """Open a home, make it if it is not there, and bring everything up to the head of its log.

    Without `folds` the views stay as they are, for programs that show none; with `beside` another process keeps them.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = clock or SystemClock()
    keeps = log is None  # A log that was handed in can't be opened by another process.
    log = log or open_log(settings)
    house = House()
    cell = Cell(
        house=house, models=house.models(), log=log, kinds=KINDS, clock=clock,
        snapshots=snapshots_of(settings), on_failure=on_failure,
    )  # fmt: skip
    store = SqliteViewStore(settings.home / "views.db")
    projector: Following = Projector(log=log, kinds=KINDS, views=all_views(), store=store, rest=cell.give_way)
    if projector.position > cell.position:
        cell.close()
        store.close()
        raise LogCutShort(
            f"The log in {settings.home} ends at frame {cell.position}, but its views have seen frame {projector.position}: "
            "a disk has lost what it had kept. Restore the last good backup; or, to go on with what is left, "
            "run `caravan rebuild` and start again."
        )
    if beside:
        assert keeps, "Another process can't open a log that was handed in."
        projector = follower_of(settings, projector.position)
    if folds:
        projector.start()
    desk = promises.Desk()
    advice = Advice(log, skills_of(settings), follows=folds, rest=cell.give_way)
    processes = [snapshotter_of(settings, log), *sealer_of(settings)] if keeps else []
    ticker = Ticker(cell, projector, settings, desk, processes)
    lessons = lessons_of(settings)
    finder = Finder(
        cell=cell, log=log, kinds=KINDS, make_engine=lambda: make_engine(settings.home / "search", language=settings.search_language),
        lessons=lessons.news, rival=lambda: lessons.rival,
    )  # fmt: skip
    comparer = comparing_of(settings, lambda: advice.tastes)
    planner = planner_of(cell, optimizer())
    sandbox = sandbox_of(settings, cell)
    cashier = Cashier(cell, providers_of(settings, sandbox))
    till = till_of(cashier)
    road = road_of(settings, cell)
    postman = Postman(cell, carriers_of(settings, road), cashier)
    vault, numbers = SqliteVault(settings.home / "vault.db"), numbers_of(settings, log, lambda: cell.position)
    desk_of_people = knowing.Desk(cell, lambda: advice.tastes)
    exporter, teller = couriers_of(settings, cell, numbers, desk_of_people, vault)
    couriers = (
        Clerk("comparisons", lambda _: comparer.see_to_decided(now=clock.now()), "Comparisons could not be judged"),
        *(
            Clerk(f"exports {number}", lambda _: exporter.see_to_due(), "Exports could not be seen to")
            for number in range(1, EXPORTS_AT_ONCE_MAX + 1)
        ),
        Clerk("webhooks", lambda _: teller.see_to_due(), "Webhooks could not be seen to", rests=_WEBHOOKS_REST),
        counter_of(postman, road),
    )
    caravan = Caravan(
        road=road, postman=postman,
        exporter=exporter, teller=teller, couriers=couriers, cashier=cashier, till=till, sandbox=sandbox, settings=settings, finder=finder, planner=planner, cell=cell, views=store, projector=projector,
        vault=vault, clock=clock, ticker=ticker, desk=desk, advice=advice, numbers=numbers, profiles=desk_of_people, comparing=comparer,
        noting=Noting(cell),
        room=room_of(settings, cell),
    )  # fmt: skip
    if caravan.room is not None:
        caravan.room.start()
    ticker.start(ticks=ticks)
    if ticks:
        finder.start()
        planner.start()
        till.start()
        for courier in couriers:
            courier.start()
    return caravan


def room_of(settings: Settings, cell: Cell[House]) -> RoomKeeper | None:
    """Give what takes memory ahead of the orders of a big day, where that is wanted."""
    if settings.orders_ahead <= 0:
        return None
    return RoomKeeper(lambda: cell.house.make_room(settings.orders_ahead), lambda: cell.is_idle)


def snapshotter_of(settings: Settings, log: Log) -> Snapshotter:
    """Give what runs `caravan snapshot` for a running Caravan."""
    stand = snapshots_of(settings).stand(log)
    return Snapshotter(
        [sys.executable, "-P", "-m", "caravan.cli", "snapshot", "--json"],
        {"CARAVAN_HOME": str(settings.home.absolute()), "CARAVAN_LOG_URL": settings.log_url},
        every_facts=settings.snapshot_facts,
        kept=stand.first_fact + stand.facts - 1 if stand is not None else 0,
    )


def follower_of(settings: Settings, position: int) -> Follower:
    """Give what keeps the views of a home in another process, by `caravan follow`."""
    return Follower(
        [sys.executable, "-P", "-m", "caravan.cli", "follow"],
        {"CARAVAN_HOME": str(settings.home.absolute()), "CARAVAN_LOG_URL": settings.log_url},
        position=position,
    )


@contextmanager
def opened(settings: Settings, *, is_scratch: bool) -> Iterator[Caravan]:
    """Open a home to work in without doors; or a copy of nothing, in memory, that is thrown away."""
    if not is_scratch:
        caravan = open_caravan(settings, ticks=False)
        try:
            yield caravan
        finally:
            caravan.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        caravan = open_caravan(replace(settings, home=Path(folder)), ticks=False, log=MemoryLog())
        try:
            yield caravan
        finally:
            caravan.close()
