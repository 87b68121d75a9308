"""Who is wired to whom: a running Caravan is put together here, and nowhere else."""

import fcntl
import hashlib
import logging
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from caravan.adapters import archive, bank_statements, customer_files, stripe_report
from caravan.adapters.customer_files import CustomerFile
from caravan.adapters.demo import DemoSource
from caravan.adapters.duckdb_numbers import MANIFEST, DuckdbNumbers, read_manifest
from caravan.adapters.duckdb_reading import CATALOG, SCHEMA, Analysts
from caravan.adapters.easypost import EasyPostCarrier
from caravan.adapters.ecb import EcbRates
from caravan.adapters.export_files import FolderOutbox, FolderShelf
from caravan.adapters.flight_sql import Certificate, FlightSqlDoor
from caravan.adapters.follower import Follower, follow
from caravan.adapters.highs import HighsOptimizer
from caravan.adapters.ibis_sql import SqlWriter, types_of
from caravan.adapters.lessons import LessonFolder
from caravan.adapters.lightgbm import LightGbmRanker, LightGbmTrainer
from caravan.adapters.memory import MemoryLog, MemoryViewStore
from caravan.adapters.numbers_sealing import Sealed, Sealer, Told
from caravan.adapters.olist import OlistSource
from caravan.adapters.online_retail import OnlineRetailSource
from caravan.adapters.postgres import PostgresLog
from caravan.adapters.pyvrp import PyVrpRouter
from caravan.adapters.rate_table import TableCarrier
from caravan.adapters.reportlab_printer import ReportlabPrinter
from caravan.adapters.sandbox.carrier import HEADER as CARRIER_HEADER
from caravan.adapters.sandbox.carrier import SECRET as CARRIER_SECRET
from caravan.adapters.sandbox.carrier import SandboxCarrier
from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.psp import SECRET, SandboxPsp
from caravan.adapters.sandbox.server import Courier, InProcess, carrier_pages, make_carrier_app
from caravan.adapters.sandbox.server import make_app as make_sandbox_app
from caravan.adapters.sandbox.server import pages as hosted_pages
from caravan.adapters.scipy_fitting import ScipyFitter
from caravan.adapters.sending import HttpsSender
from caravan.adapters.skills import SkillFolder, Standing
from caravan.adapters.snapshotter import Snapshotter
from caravan.adapters.sqlite import SqliteLog
from caravan.adapters.sqlite_views import SqliteViewStore
from caravan.adapters.stripe import StripeProvider
from caravan.adapters.tantivy_index import TantivyIndex, stem
from caravan.adapters.vault import SqliteVault
from caravan.adapters.whole_files import write_whole
from caravan.cell import (
    Answers,
    Audit,
    Cell,
    Following,
    Log,
    Model,
    Projector,
    RoomKeeper,
    Snapshots,
    ViewStore,
    audit,
    registry,
    replay,
)
from caravan.cell import idempotency as answers
from caravan.cell import parts_of as state_of
from caravan.cell.cell import stop_process
from caravan.config import Settings
from caravan.events import (
    catalog,
    claims,
    delivery,
    discovery,
    exchange,
    exports,
    identity,
    ledger,
    markets,
    moves,
    network,
    oneid,
    orders,
    partners,
    payments,
    profiles,
    search,
    taxes,
    transfers,
)
from caravan.flows import (
    analysts,
    clicked,
    comparing,
    estimates,
    finding,
    history,
    invariants,
    opening,
    paying,
    planning,
    promises,
    settlement,
    shopping,
    soundness,
    whys,
)
from caravan.flows import claims as claiming
from caravan.flows import numbers as counting
from caravan.flows import profiles as knowing
from caravan.flows.cashier import Cashier
from caravan.flows.exporting import Exporter, Signing
from caravan.flows.finder import Finder
from caravan.flows.finding import Graded
from caravan.flows.following import Teller
from caravan.flows.happenings import BOOK, left_out
from caravan.flows.house import House
from caravan.flows.labels import TABLE
from caravan.flows.lookalikes import KnownPeople
from caravan.flows.noting import Noting
from caravan.flows.postman import Postman
from caravan.flows.views import all_views
from caravan.insight import discovery as tasting
from caravan.insight import metrics
from caravan.insight import profiles as portraits
from caravan.insight import search as wording
from caravan.insight.identity import Vault
from caravan.insight.search import Engine, Trainer
from caravan.kernel.clock import DAY, SECOND, Clock, Instant, SystemClock
from caravan.kernel.errors import CaravanError, Conflict, Invalid
from caravan.trade.delivery import Carrier, Printer
from caravan.trade.exchange import DayRates
from caravan.trade.network import Optimizer, Router
from caravan.trade.payments import PaymentProvider, Provider, ReportLine, StatementLine
from caravan.world import markets as terms
from caravan.world.partners import History, HistorySource, ImportOptions

_logger = logging.getLogger("caravan")
_SHEETS_AT_ONCE = 500

KINDS = registry(
    catalog,
    claims,
    delivery,
    discovery,
    exchange,
    exports,
    identity,
    ledger,
    markets,
    moves,
    network,
    oneid,
    orders,
    partners,
    payments,
    profiles,
    search,
    taxes,
    transfers,
    answers,
)
_LOOK_S = 0.2
_SEARCH_REBUILT_S = 3_600
_TABLE_S = 3_600
_DESK_LOOK_S = 0.5
EXPORTS_AT_ONCE_MAX = 2
_DESK_STOPS_S = 30.0
_WEBHOOKS_REST = 20.0  # To see who changed, everybody is looked at: at most a twentieth of the time goes into that.
SHAPE = "18"  # Change it when a model's dump changes: snapshots of another shape are passed over.


@dataclass(frozen=True)
class Caravan:
    """A running Caravan: the cell, its views, its vault. Doors are given this and nothing else."""

    settings: Settings
    cell: Cell[House]
    views: ViewStore
    projector: Following
    vault: Vault
    clock: Clock
    ticker: "Ticker"
    finder: Finder
    planner: "Clerk"
    desk: promises.Desk
    advice: "Advice"
    numbers: counting.Numbers
    profiles: knowing.Desk
    cashier: Cashier
    till: "Clerk"
    postman: Postman
    exporter: Exporter
    teller: Teller
    couriers: tuple["Clerk", ...]
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
    sandbox = _sandbox_of(settings, cell)
    cashier = Cashier(cell, providers_of(settings, sandbox))
    till = till_of(cashier)
    road = _road_of(settings, cell)
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


def couriers_of(
    settings: Settings, cell: Cell[House], numbers: counting.Numbers, desk: knowing.Desk, vault: Vault
) -> tuple[Exporter, Teller]:
    """Give who makes exports and who tells webhooks: both bring what they bring by one sender."""
    sender, signing = HttpsSender(allowed=settings.outgoing_hosts.split(",")), Signing(vault.mark)
    shelf, outbox = FolderShelf(settings.home / "exports"), FolderOutbox(settings.home / "webhooks")
    exporter = Exporter(cell, numbers=numbers, desk=desk, shelf=shelf, sender=sender, signing=signing)
    return exporter, Teller(cell, desk=desk, outbox=outbox, sender=sender, signing=signing)


def room_of(settings: Settings, cell: Cell[House]) -> RoomKeeper | None:
    """Give what takes memory ahead of the orders of a big day, where that is wanted."""
    if settings.orders_ahead <= 0:
        return None
    return RoomKeeper(lambda: cell.house.make_room(settings.orders_ahead), lambda: cell.is_idle)


def sandbox_pages(caravan: Caravan) -> list[BaseRoute]:
    """Give the pages on which test cards are filled in, where a market has them."""
    found: list[BaseRoute] = []
    if caravan.road is not None:
        found.append(Mount("/sandbox/carrier", routes=carrier_pages(caravan.road)))
    if caravan.sandbox is not None:
        found.append(Mount("/sandbox", routes=hosted_pages(caravan.sandbox)))
    return found


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


def read_report(text: str) -> list[ReportLine]:
    """Read a card provider's itemized report."""
    return stripe_report.read_report(text)


def read_statement(text: str) -> list[StatementLine]:
    """Read a bank's statement: CSV, or camt.053."""
    return bank_statements.read_statement(text)


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


def carriers_of(settings: Settings, road: SandboxCarrier | None) -> dict[str, Carrier]:
    """Give who brings parcels: the aggregator that the settings name or the sandbox, and whom a table has prices of."""
    found: dict[str, Carrier] = {}
    if settings.carrier_key:
        secret = settings.carrier_webhook_secret
        found["easypost"] = EasyPostCarrier(settings.carrier_url, key=settings.carrier_key, webhook_secret=secret)
    elif road is not None:
        found["easypost"] = EasyPostCarrier(
            "http://sandbox", key="sandbox", webhook_secret=CARRIER_SECRET, transport=InProcess(road)
        )
    if settings.carrier_rates:
        found[TABLE] = TableCarrier.of(Path(settings.carrier_rates))
    return found


def _road_of(settings: Settings, cell: Cell[House]) -> SandboxCarrier | None:
    """Give a carrier to a market that runs on play money, unless a real one is named."""
    market = cell.ask(lambda house: house.markets.market)
    if settings.carrier_key or market is None or not market.has_play_money:
        return None
    clock = cell.clock
    return SandboxCarrier(
        now=lambda: clock.now() // SECOND, file=settings.home / "sandbox-carrier.db", url="/sandbox/carrier",
        currency=market.currency,
    )  # fmt: skip


def providers_of(settings: Settings, sandbox: SandboxPsp | None) -> dict[Provider, PaymentProvider]:
    """Give who takes payments: the card provider that the settings name, or the sandbox."""
    if settings.card_key:
        secret = settings.card_webhook_secret
        return {Provider.CARD: StripeProvider(settings.card_url, key=settings.card_key, webhook_secret=secret)}
    if sandbox is not None:
        inside = InProcess(sandbox)
        return {
            Provider.CARD: StripeProvider("http://sandbox", key="sk_sandbox", webhook_secret=SECRET, transport=inside)
        }
    return {}


def _sandbox_of(settings: Settings, cell: Cell[House]) -> SandboxPsp | None:
    """Give the provider of test cards to a market that runs on play money, unless a real one is named."""
    market = cell.ask(lambda house: house.markets.market)
    if settings.card_key or market is None or not market.has_play_money:
        return None
    clock = cell.clock
    return SandboxPsp(now=lambda: clock.now() // SECOND, file=settings.home / "sandbox.db", url="/sandbox")


def open_log(settings: Settings, *, is_reader: bool = False) -> Log:
    """Open the log that the settings name, in PostgreSQL or in the home; a reader cannot take it over or change it."""
    if settings.log_url.startswith(("postgresql://", "postgres://")):
        return PostgresLog(settings.log_url, is_reader=is_reader)
    if settings.log_url:
        scheme = settings.log_url.partition(":")[0][:20]
        raise Invalid(f"A log_url begins with postgresql://, not with {scheme!r}.", field="log_url")
    return SqliteLog(settings.home / "log.db", is_reader=is_reader)


def make_engine(folder: Path | None = None, *, language: str = "english") -> Engine:
    """Make a search engine over an index in a folder, or in memory. Refuses a language that there is no stemmer of."""
    if language not in wording.LATIN:
        known = ", ".join(wording.LATIN)
        raise Invalid(f"Search knows no language {language[:40]!r}, but {known}.", field="search_language")
    return Engine(TantivyIndex(folder, language=language), stem, latin=language)


def make_trainer(*, threads: int = 1) -> Trainer:
    """Make what learns for search; refuses where its libraries are not installed."""
    return LightGbmTrainer(threads=threads)


def skills_of(settings: Settings) -> SkillFolder:
    """Give the folder of what discovery learned in a home."""
    return SkillFolder(settings.home / "discovery")


def lessons_of(settings: Settings) -> LessonFolder:
    """Give the folder of what search learned in a home."""
    return LessonFolder(settings.home / "search-lessons")


def comparing_of(settings: Settings, tastes: Callable[[], tasting.Tastes]) -> comparing.Comparing:
    """Give who runs comparisons of versions, out of what discovery knows."""
    folders: dict[str, comparing.Versions] = {"lists": skills_of(settings), "search": lessons_of(settings)}
    return comparing.Comparing(folders, lambda: tastes().comparisons)


def snapshots_of(settings: Settings) -> Snapshots:
    """Give the folder of snapshots of a home."""
    return Snapshots(settings.home / "snapshots", shape=SHAPE)


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


def keep_views(settings: Settings, asks: Iterable[bytes], tells: IO[bytes]) -> None:
    """Keep a home's views for a Caravan that runs in it, until it asks no more."""
    log = open_log(settings, is_reader=True)
    store = SqliteViewStore(settings.home / "views.db")
    try:
        follow(Projector(log=log, kinds=KINDS, views=all_views(), store=store), asks, tells)
    finally:
        store.close()
        log.close()


def numbers_of(settings: Settings, log: Log, position: Callable[[], int]) -> counting.Numbers:
    """Give whoever answers for numbers over a log; nothing is opened before somebody asks."""

    def make_store(found: metrics.Definitions, writer: metrics.Writer) -> DuckdbNumbers:
        assert isinstance(writer, SqlWriter), writer
        return DuckdbNumbers(
            settings.home / "numbers", log=log, kinds=KINDS, book=BOOK, zone=found.time_zone,
            summed=lambda one: writer.summed(metrics.summing(found, one)),
        )  # fmt: skip

    return counting.Numbers(settings.home / "numbers", make_store=make_store, make_writer=sql_writer, position=position)


@cache
def sql_writer() -> SqlWriter:
    """Give what writes questions as SQL over the tables of numbers; what it has written once, it need not write again."""
    types = {name: types_of(columns) for name, columns in BOOK.tables.items()}
    return SqlWriter(types | {name: types_of(view.columns) for name, view in BOOK.views.items()})


@contextmanager
def numbers_beside(settings: Settings) -> Iterator[counting.Numbers]:
    """Answer for the numbers of a home from its log as it stands, also while Caravan runs in it."""
    log = open_log(settings, is_reader=True)
    try:
        head = log.head()
        last = head.sequence if head else 0
        numbers = numbers_of(settings, log, lambda: last)
        try:
            yield numbers
        finally:
            numbers.close()
    finally:
        log.close()


def check_numbers(settings: Settings) -> list[soundness.Finding]:
    """Check the numbers of a home against themselves and the ledger, also while Caravan runs in it."""
    with numbers_beside(settings) as numbers:
        store, position = numbers.store, numbers.position
        store.catch_up(position)
        log = open_log(settings, is_reader=True)
        try:
            house = House()
            reached = replay(
                log=log, models=[*house.models(), Answers()], kinds=KINDS, snapshots=snapshots_of(settings)
            )
        finally:
            log.close()
        told = soundness.books(house, reached.first_fact + reached.facts - 1 if reached else 0)
        store.catch_up(reached.sequence if reached else 0)
        return soundness.look(numbers.definitions, store, told, durable=position, now=SystemClock().now())


def read_numbers(settings: Settings, text: str, *, rows_max: int, timeout_s: float) -> tuple[pa.Table, int]:
    """Answer one query in SQL over the tables of numbers, read-only; for whoever may read the home."""
    with numbers_beside(settings) as numbers:
        store = numbers.store
        assert isinstance(store, DuckdbNumbers), store
        store.catch_up(numbers.position)
        return store.read(text, rows_max=rows_max, timeout_s=timeout_s)


def all_numbers(settings: Settings) -> Iterator[tuple[str, pa.Table]]:
    """Give every table of numbers with its rows, one after another."""
    with numbers_beside(settings) as numbers:
        store = numbers.store
        store.catch_up(numbers.position)
        for name in tables_of_numbers():
            yield name, store.run(f"SELECT * FROM {name}", timeout_s=_TABLE_S)[0]  # noqa: S608 - A table of the book.


def tables_of_numbers() -> dict[str, dict[str, str]]:
    """Give the tables of numbers, with their columns and types."""
    shown = dict(BOOK.tables) | {name: view.columns for name, view in BOOK.views.items()}
    return {name: {column.name: str(column.type) for column in columns} for name, columns in shown.items()}


def define_numbers(settings: Settings, name: str, text: str, *, keeps: bool) -> list[str]:
    """Check a file of definitions together with all others, and keep it in the home; give the metrics that it defines."""
    folder = settings.home / "numbers" / "definitions"
    if not name.endswith(".yaml") or name != Path(name).name or name.startswith("."):
        raise Invalid("A file of definitions ends in .yaml.", field="file")
    found = counting.check_definitions(folder, name, text)
    if keeps:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(folder / name, text.encode())
    return [metric.name for metric in found.metrics.values() if metric.file == name]


def sealer_of(settings: Settings) -> list[Snapshotter]:
    """Give what runs `caravan numbers seal` for a running Caravan, unless the settings say never."""
    if not settings.numbers_facts:
        return []
    manifest = read_manifest(settings.home / "numbers")
    return [
        Snapshotter(
            [sys.executable, "-P", "-m", "caravan.cli", "numbers", "seal", "--json"],
            {"CARAVAN_HOME": str(settings.home.absolute()), "CARAVAN_LOG_URL": settings.log_url},
            every_facts=settings.numbers_facts, kept=manifest.cursor.last_fact if manifest is not None else 0,
            complaint=("The numbers were not sealed", "more of them are read from the log"),
        )
    ]  # fmt: skip


class SealingRunning(Conflict):
    """Another process is sealing the numbers of this home."""


def seal_numbers(settings: Settings, progress: Callable[[str, int, int], None]) -> Sealed:
    """Write all facts to Parquet, and the tables of numbers with their roll-ups; beside a running Caravan or not."""
    folder = settings.home / "numbers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder / "seal.lock", SealingRunning(f"The numbers of {settings.home} are being sealed.")):
        log = open_log(settings, is_reader=True)
        try:
            return seal_log(folder, log, progress)
        finally:
            log.close()


def seal_log(
    folder: Path, log: Log, progress: Callable[[str, int, int], None] = lambda _step, _done, _all: None
) -> Sealed:
    """Seal a log into a folder, by the definitions that are kept there."""
    found, writer = counting.read_definitions(folder / "definitions"), sql_writer()
    told = Told(
        KINDS, BOOK, found, counting.asked_columns(found, folder),
        summed=lambda one: writer.summed(metrics.summing(found, one)), left_out=left_out,
    )  # fmt: skip
    return Sealer(folder, log, told).seal(progress)


class AnalystDesk:
    """Who comes to the door for BI tools, and what they are answered."""

    def __init__(self, caravan: Caravan, answers: Analysts) -> None:
        self._recognition = analysts.Recognition(caravan.cell, lambda token: hashlib.sha256(token.encode()).digest())
        self._answers = answers
        self.who, self.tables = self._recognition.who, answers.tables
        self.schema, self.read = answers.schema, answers.read


@contextmanager
def analysts_door(caravan: Caravan, log: Log | None = None) -> Iterator[FlightSqlDoor | None]:
    """Open the door for BI tools, where the settings name a port; without a certificate on this machine only."""
    settings = caravan.settings
    if not settings.flight_port:
        yield None
        return
    certificate = _certificate_of(settings)
    own, numbers = log or open_log(settings, is_reader=True), caravan.numbers
    store = DuckdbNumbers(
        settings.home / "numbers", log=own, kinds=KINDS, book=BOOK, zone=numbers.definitions.time_zone, threads=1
    )  # fmt: skip
    answers = Analysts(
        store, BOOK, definitions=lambda: numbers.definitions, position=lambda: caravan.cell.position,
        metrics=lambda told, viewer: analysts.metrics_sql(numbers, told, viewer),
    )  # fmt: skip
    try:
        door = FlightSqlDoor(
            settings.flight_host, settings.flight_port, AnalystDesk(caravan, answers), catalog=CATALOG, schema=SCHEMA,
            certificate=certificate,
        )  # fmt: skip
        try:
            yield door
        finally:
            door.shutdown()
    finally:
        answers.close()
        if log is None:
            own.close()


def _certificate_of(settings: Settings) -> Certificate | None:
    """Read the certificate of the door for BI tools. Refuses to open it to a network without one."""
    if settings.flight_certificate and settings.flight_key:
        files = [Path(settings.flight_certificate), Path(settings.flight_key)]
        if not all(file.is_file() for file in files):
            raise Invalid("There is no certificate, or no key, where the settings say.", field="flight_certificate")
        return Certificate(*(file.read_bytes() for file in files))
    if settings.flight_host not in {"127.0.0.1", "::1", "localhost"}:
        raise Invalid(
            "The door for BI tools opens to a network only with CARAVAN_FLIGHT_CERTIFICATE and CARAVAN_FLIGHT_KEY: "
            "tokens would be read on the way.",
            field="flight_host",
        )
    return None


class SnapshotRunning(Conflict):
    """Another process is writing a snapshot of this home."""


def snapshot(settings: Settings, progress: Callable[[int, int], None]) -> dict[str, object]:
    """Fold the log up to its head and write down what that gives, for a quick start; beside a running Caravan or not.

    It reads the log and never takes it over, so nobody waits for it. It needs as much memory as Caravan itself.
    """
    began = time.monotonic()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(settings.home / "snapshot.lock", SnapshotRunning(f"A snapshot of {settings.home} is being written.")):
        log = open_log(settings, is_reader=True)
        try:
            models, snapshots = [*House().models(), Answers()], snapshots_of(settings)
            head = replay(log=log, models=models, kinds=KINDS, snapshots=snapshots, progress=progress)
        finally:
            log.close()
        if head is None:
            raise Invalid("This log is empty: there is nothing to write down yet.")
        size = snapshots.save(head, state_of(models))
    return {
        "position": head.sequence, "facts": head.first_fact + head.facts - 1, "bytes": size,
        "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip


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
    shutil.rmtree(settings.home / "search", ignore_errors=True)
    (settings.home / "numbers" / MANIFEST).unlink(missing_ok=True)
    with opened(settings, is_scratch=False) as caravan:
        caravan.finder.wait_for(caravan.cell.position, timeout_s=_SEARCH_REBUILT_S)
    return projector.position


class Advice:
    """What may please whom: discovery's view, following the log in a thread of its own, and who answers out of it."""

    def __init__(
        self, log: Log, skills: SkillFolder, *, follows: bool = True,
        rest: Callable[[float, threading.Event], None] = lambda _worked_s, _stops: None,
    ) -> None:  # fmt: skip
        self.tastes = tasting.Tastes()
        self._follower = Projector(log=log, kinds=KINDS, views=[self.tastes], store=MemoryViewStore(), rest=rest)
        self._skills = skills
        self._seen, self._looked_at = 0, 0.0
        self._standing = Standing()
        self._answering = tasting.Answering(self.tastes, tasting.unskilled())
        self._trying: tasting.Answering | None = None
        self._rival: tasting.Answering | None = None
        if follows:
            self._follower.start()

    @property
    def position(self) -> int:
        """Give the sequence number up to which the log has been folded in."""
        return self._follower.position

    def answer(self, asked: tasting.Asked) -> tasting.Answer:
        """Answer what may please, out of what is known now."""
        self._refresh()
        is_tried = self._trying is not None and asked.visitor and asked.visitor[0] % 100 < self._standing.share_percent
        answering = self._trying if is_tried and self._trying is not None else self._answering
        return answering.answer(asked)

    def answer_of_rival(self, asked: tasting.Asked) -> tasting.Answer | None:
        """Answer as what is compared with the champion would; nothing where there is no such version."""
        return self._rival.answer(asked) if self._rival is not None else None

    def warm(self) -> None:
        """Get everything ready that the first answers would wait for."""
        self._answering.warm()

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        """Wait until a position has been folded in; tell whether it has."""
        return self._follower.wait_for(position, timeout_s=timeout_s)

    def wake(self) -> None:
        """Say that there may be more to fold in."""
        self._follower.wake()

    def _refresh(self) -> None:
        """Take up another champion or challenger within a second of its being named."""
        now = time.monotonic()
        if now - self._looked_at < 1.0:
            return
        self._looked_at = now
        stamp = self._skills.stamp()
        if stamp == self._seen:
            return
        self._seen, self._standing = stamp, self._skills.standing()
        self._answering = self._made(self._standing.champion)
        self._trying = self._made(self._standing.challenger) if self._standing.challenger else None
        running = self._standing.comparison
        self._rival = self._made(running.challenger) if running and not running.verdict else None

    def _made(self, version: str) -> tasting.Answering:
        if not version:
            return tasting.Answering(self.tastes, tasting.unskilled())
        try:
            return tasting.Answering(self.tastes, self._skills.load(version).skill, version)
        except Invalid:
            _logger.exception(
                "What was learned as %s can't be read; the blend answers until it is learned anew.", version
            )
            return tasting.Answering(self.tastes, tasting.unskilled())

    def close(self) -> None:
        """Stop following."""
        self._follower.stop()


class Ticker:
    """Looks every second at what is due: reservations that expire, escrow to release, payouts to send.

    It also wakes the views when the log has grown, has a snapshot written and the numbers sealed, by other processes, when
    the cell has been given much to remember, and keeps delivery promises up with the facts.
    """

    def __init__(
        self,
        cell: Cell[House],
        projector: Following,
        settings: Settings,
        desk: promises.Desk,
        beside: Sequence[Snapshotter],
    ) -> None:
        self._cell, self._projector, self._settings, self._desk = cell, projector, settings, desk
        self._beside = beside
        self._stops = threading.Event()
        self._threads = [threading.Thread(target=self._follow, name="follower", daemon=True)]

    def start(self, *, ticks: bool) -> None:
        """Begin."""
        if ticks:
            self._threads.append(threading.Thread(target=self._tick, name="ticker", daemon=True))
            self._threads.append(threading.Thread(target=self._promise, name="promiser", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop."""
        self._stops.set()
        for thread in self._threads:
            thread.join()
        for process in self._beside:
            process.stop()

    def _follow(self) -> None:
        seen = self._projector.position
        while not self._stops.is_set():
            position = self._cell.wait_for_more(seen, timeout_s=_LOOK_S)
            if position > seen:
                self._projector.wake()
                seen = position
            for process in self._beside:
                process.look(self._cell.facts, now_s=time.monotonic())

    def _tick(self) -> None:
        while not self._stops.wait(self._settings.tick_seconds):
            try:
                tick(self._cell)
            except CaravanError:
                _logger.exception("What is due could not be done; trying again.")

    def _promise(self) -> None:
        while not self._stops.wait(self._settings.tick_seconds):
            try:
                keep_promises(self._cell, self._desk)
            except CaravanError:
                if not self._stops.is_set():
                    _logger.exception("Delivery promises could not be kept up; trying again.")


def keep_promises(cell: Cell[House], desk: promises.Desk) -> None:
    """Learn what came in, note dates for orders that were just placed, and tell buyers where one slips."""
    now = cell.clock.now()
    is_new = cell.ask(lambda house: desk.is_due(house, now))
    if is_new:
        desk.learn(cell.ask(desk.look), now)
    notes = cell.ask(lambda house: promises.due(house, desk, now=now))
    if notes is not None:
        cell.do(promises.note, notes)
    later = cell.ask(lambda house: promises.slipping(house, desk, now=now)) if is_new else None
    if later is not None:
        cell.do(promises.revise, later)


def read_house(settings: Settings) -> House:
    """Read a home's state from its log as it stands, also while Caravan runs in it; nothing is taken over or written."""
    house = House()
    log = open_log(settings)
    try:
        replay(log=log, models=[*house.models(), Answers()], kinds=KINDS, snapshots=snapshots_of(settings))
    finally:
        log.close()
    return house


class Clerk:
    """Does a piece of work again and again, in a thread of its own; what a stop cuts short is begun again at the next start."""

    def __init__(
        self, name: str, work: Callable[[threading.Event], object], complaint: str, *, rests: float = 0.0
    ) -> None:  # fmt: skip
        """Say what to do, given an event that asks it to end, what is so when it failed, and how much longer it rests than it works."""
        self._work, self._complaint, self._rests = work, complaint, rests
        self._stops = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is under way is finished first, unless that takes long."""
        self._stops.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_DESK_STOPS_S)

    def _follow(self) -> None:
        pause = _DESK_LOOK_S
        while not self._stops.wait(pause):
            began = time.monotonic()
            try:
                self._work(self._stops)
            except CaravanError:
                if not self._stops.is_set():
                    _logger.exception("%s; trying again.", self._complaint)
            pause = max(_DESK_LOOK_S, self._rests * (time.monotonic() - began))


def planner_of(cell: Cell[House], optimizer: Optimizer) -> Clerk:
    """Give the clerk who makes the plans that were asked for, one after another."""

    def make_all(stops: threading.Event) -> None:
        while not stops.is_set() and planning.make_next_plan(cell, optimizer):
            pass

    return Clerk("planning desk", make_all, "A plan could not be made")


def counter_of(postman: Postman, road: SandboxCarrier | None) -> Clerk:
    """Give the clerk who has the postman see to labels and parcels whose time has come."""

    def see_to(_: threading.Event) -> None:
        for notice in road.notices() if road is not None else ():
            postman.take_notice("easypost", notice.body, notice.signature)
        postman.see_to_labels()
        postman.see_to_parcels()

    return Clerk("counter", see_to, "Labels and parcels could not be seen to")


def till_of(cashier: Cashier) -> Clerk:
    """Give the clerk who has the cashier see to payments whose time has come."""
    return Clerk("till", lambda _: cashier.see_to_due(), "Payments could not be seen to")


def tick(cell: Cell[House], *, at: int | None = None) -> None:
    """Do what is due by now (or by a time that is handed in)."""
    from_flows = (
        shopping.expire_checkouts, paying.expire_payments, claiming.look_after, settlement.release_due,
        settlement.pay_out_due,
    )  # fmt: skip
    for future in [cell.submit(flow, None, at=at) for flow in from_flows]:  # type: ignore[arg-type]
        future.result()


@contextmanager
def home_lock(settings: Settings, *, is_scratch: bool = False) -> Iterator[None]:
    """Have a home to oneself; refuses one in which Caravan is running. A scratch copy needs no lock."""
    if is_scratch:
        yield
        return
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    busy = HomeBusy(f"Caravan is running in {settings.home}. Stop it first, or name another --home.")
    with _locked(settings.home / "lock", busy):
        yield


@contextmanager
def _locked(path: Path, refusal: Conflict) -> Iterator[None]:
    """Have a file's lock, or raise the refusal."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise refusal from None
        yield


class LogCutShort(CaravanError):
    """The log ends sooner than it was seen to end; SQLite takes a damaged page for the end of its write-ahead log."""


class HomeBusy(Conflict):
    """Another process works in this home."""


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


_SOURCES: dict[str, type[OlistSource | OnlineRetailSource]] = {
    "olist": OlistSource,
    "online-retail": OnlineRetailSource,
}


def history_source(name: str) -> HistorySource:
    """Give the importer of a format; refuses an unknown one."""
    if name not in _SOURCES:
        raise Invalid(f"There is no format {name[:40]!r}: it is one of {', '.join(_SOURCES)}.", field="format")
    return _SOURCES[name]()


def read_history(source: HistorySource, path: str, progress: Callable[[str, int, int], None]) -> History:
    """Read another system's export whole."""
    for seen in source.read(path, ImportOptions()):
        if isinstance(seen, History):
            return seen
        progress(*seen)
    raise Invalid(f"There is no history at {path}.", field="path")


def fill_demo(settings: Settings, progress: Callable[[str, int, int], None]) -> None:
    """Make a home with the demo market: aside first, then moved into place, so that it is there whole or not at all."""
    aside = settings.home / "draft"
    shutil.rmtree(aside, ignore_errors=True)
    now = SystemClock().now()
    read = read_history(DemoSource(ends_at=now), "", progress)
    with opened(replace(settings, home=aside, log_url=""), is_scratch=False) as caravan:
        caravan.cell.do(opening.open_market, _DEMO, at=history.first_time(read))
        history.move_in(caravan.cell, caravan.vault, read, progress)
        caravan.projector.wait_for(caravan.cell.position, timeout_s=60)
        caravan.cell.snapshot()
    shutil.rmtree(settings.home / "snapshots", ignore_errors=True)  # Of a start that was cut short between the moves.
    for name in ("vault.db", "views.db", "snapshots", "log.db"):  # The log last: it is what makes a home.
        (aside / name).rename(settings.home / name)
    shutil.rmtree(aside)


_DEMO = opening.Opening(
    name="Caravan",
    currency="EUR",
    has_play_money=True,
    policy=terms.Policy(payout_every=7 * DAY),  # So that a seller has a balance to look at on most days.
    fee_rules=(
        terms.FeeRule(category="Books", basis_points=800),
        terms.FeeRule(basis_points=1_000, floor_minor=20),
    ),
)


def read_customers(file: Path) -> CustomerFile:
    """Read a file of customers of another system, row by row."""
    return customer_files.read_customers(file)


def read_mapping(file: Path, columns: list[str], roles: frozenset[str]) -> Mapping[str, str]:
    """Read what the columns of such a file are."""
    return customer_files.read_mapping(file, columns, roles)


def read_rates(path: Path) -> DayRates:
    """Read a file of the ECB's reference rates; gives its newest day."""
    return EcbRates().read(path)


def optimizer() -> Optimizer:
    """Give the optimizer for plans of a network."""
    return HighsOptimizer()


def printer() -> Printer:
    """Give the printer of labels and pick lists."""
    return ReportlabPrinter()


def router() -> Router:
    """Give the router for a day's rounds."""
    return PyVrpRouter()


def verify(settings: Settings, progress: Callable[[int, int], None]) -> Audit:
    """Read the whole log again and hold everything against it."""

    def make_models() -> Sequence[Model]:
        return [*House().models(), Answers()]

    log = open_log(settings)
    try:
        return audit(
            log=log, kinds=KINDS, make_models=make_models, snapshots=snapshots_of(settings),
            invariants=_findings, progress=progress,
        )  # fmt: skip
    finally:
        log.close()


def _findings(models: Sequence[Model]) -> Iterator[str]:
    by_name = {model.name: model for model in models}
    names = [column.name for column in fields(House)]
    return invariants.findings(House(**{name: by_name[name] for name in names}))  # type: ignore[arg-type]


def back_up(settings: Settings, target: Path, progress: Callable[[int, int], None]) -> dict[str, object]:
    """Copy a home into one file, while it runs or not. A log in PostgreSQL is backed up with PostgreSQL's own tools."""
    if settings.log_url:
        raise Invalid("This log is in PostgreSQL: back it up with pg_dump, and the home's vault.db beside it.")
    return archive.back_up(settings.home, target, progress)


def restore(settings: Settings, source: Path) -> dict[str, object]:
    """Put a backup into an empty home."""
    return archive.restore(source, settings.home)


class Learned(msgspec.Struct, frozen=True):
    """What came of learning: the version, from how much, and where it is kept."""

    version: str
    looks: int
    sessions: int
    trees: int
    path: str


def learn(settings: Settings, *, seed: int, threads: int, progress: Callable[[str, int, int], None]) -> Learned:
    """Learn from everything in a home's log, while it runs or not, and keep what was learned as a version."""
    tastes = read_tastes(settings, progress=progress)
    history = tastes.history()
    skills = skills_of(settings)
    plan = tasting.Plan(seed=seed)
    trained, _ = tasting.train(
        history, ranker=ranker(threads=threads), plan=plan, progress=progress, drafts=skills.drafts(plan, history)
    )
    sessions, trees = len(history.offsets) - 1, trained.skill.trees.size
    path = skills.save(trained, {"seed": seed, "sessions": sessions, "trees": trees})
    return Learned(trained.version, trained.looks, sessions, trees, str(path))


def why(settings: Settings, *, visitor: bytes, at: int, version: str) -> whys.Explained:
    """Explain a list that was shown, out of the log as it was then; by the version that made it, where it is still kept."""
    skills, version = skills_of(settings), version.partition("~")[0]
    is_kept = version in {name for name, _ in skills.versions()}
    skill = skills.load(version).skill if is_kept else tasting.unskilled()
    log = open_log(settings, is_reader=True)
    try:  # Of a list that two versions drafted, the champion tells.
        return whys.explain(
            log, KINDS, visitor=visitor, at=at, skill=skill, version=version if is_kept else tasting.BLEND
        )
    finally:
        log.close()


def judge(settings: Settings, version: str) -> estimates.Judged:
    """Tell what a version would bring, by the lists in a home's log, while it runs or not; "" is the blend."""
    skill = skills_of(settings).load(version).skill if version else tasting.unskilled()
    log = open_log(settings, is_reader=True)
    try:
        return estimates.judge(log, KINDS, skill=skill, version=version or tasting.BLEND)
    finally:
        log.close()


def read_tastes(settings: Settings, *, progress: Callable[[str, int, int], None]) -> tasting.Tastes:
    """Fold what discovery knows out of everything in a home's log, while it runs or not."""
    log = open_log(settings, is_reader=True)
    try:
        tastes = tasting.Tastes()
        reader = Projector(log=log, kinds=KINDS, views=[tastes], store=MemoryViewStore())
        head = log.head()
        while reader.fold_some():
            progress("Reading the log", reader.position, head.sequence if head else 0)
    finally:
        log.close()
    return tastes


def prove(settings: Settings, *, progress: Callable[[str, int, int], None]) -> tasting.Proof:
    """Tell what personal lists have brought, out of everything in a home's log, while it runs or not."""
    return tasting.prove(read_tastes(settings, progress=progress).outcomes, today=SystemClock().now() // DAY)


def compared(settings: Settings, about: str, *, progress: Callable[[str, int, int], None]) -> comparing.Told | None:
    """Tell what a comparison has come to, with all credit counted anew from a home's log; nothing where there is none."""
    standing = comparing_of(settings, tasting.Tastes).folders[about].standing()
    if standing.comparison is None:
        return None
    counted = read_tastes(settings, progress=progress).comparisons
    return comparing.tell(about, standing.comparison, counted, now=SystemClock().now())


class Taught(msgspec.Struct, frozen=True):
    """What came of teaching search: the version, from how many graded queries and pairs, and the products it knows.

    From clicks: from how many lists, how likely the first places are looked at, and how many pairs that stands on.
    """

    version: str
    queries: int
    pairs: int
    products: int
    lists: int = 0
    examined: tuple[float, ...] = ()
    swapped: int = 0


_EXAMINED_TOLD = 10


def teach(
    settings: Settings, graded: Sequence[Graded], *, seed: int, threads: int, progress: Callable[[str, int, int], None]
) -> Taught:  # fmt: skip
    """Teach search to rank from graded pairs over a home's products, while it runs or not, and keep that as a version."""
    house = read_house(settings)
    return _taught(settings, house, finding.examples(house, graded), seed=seed, threads=threads, progress=progress)


def teach_from_clicks(
    settings: Settings, *, is_corrected: bool, seed: int, threads: int, progress: Callable[[str, int, int], None]
) -> Taught:  # fmt: skip
    """Teach search to rank from what people looked for, saw and clicked, as a home's log tells it."""
    house = read_house(settings)
    lists = searched(settings, house).lists
    examples, curve = wording.teach(lists, is_corrected=is_corrected)
    told = _taught(settings, house, examples, seed=seed, threads=threads, progress=progress)
    places = tuple(round(float(place), 3) for place in curve.examined[:_EXAMINED_TOLD])
    return msgspec.structs.replace(told, lists=len(lists), examined=places, swapped=curve.swapped)


def searched(settings: Settings, house: House | None = None) -> clicked.Clicked:
    """Give what people looked for, saw and clicked, as a home's log tells it; of who was erased nothing is."""
    log = open_log(settings, is_reader=True)
    try:
        return clicked.read(log, KINDS, house or read_house(settings))
    finally:
        log.close()


def _taught(
    settings: Settings, house: House, examples: Sequence[wording.Example], *, seed: int, threads: int,
    progress: Callable[[str, int, int], None],
) -> Taught:  # fmt: skip
    last, engine = finding.products(house), make_engine(language=settings.search_language)
    for first in range(1, last + 1, _SHEETS_AT_ONCE):
        engine.put(finding.sheets(house, range(first, min(first + _SHEETS_AT_ONCE, last + 1))))
        progress("Reading the products", first, last)
    engine.commit()
    engine.phrase(is_forced=True)
    learned = wording.learn(engine, examples, make_trainer(threads=threads), seed=seed, report=progress)
    pairs = sum(len(one.grades) for one in examples)
    version = lessons_of(settings).save(engine.keep(learned), {"seed": seed, "queries": len(examples), "pairs": pairs})
    return Taught(version, len(examples), pairs, last)


def ranker(*, threads: int) -> tasting.Ranker:
    """Give whoever learns to rank."""
    return LightGbmRanker(threads=threads)


class Still:
    """A home that was read as it stands, also while Caravan runs in it; it can be asked as a cell can."""

    def __init__(self, settings: Settings) -> None:
        self.house = House()
        self.clock: Clock = SystemClock()
        log = open_log(settings, is_reader=True)
        try:
            models = [*self.house.models(), Answers()]
            head = replay(log=log, models=models, kinds=KINDS, snapshots=snapshots_of(settings))
        finally:
            log.close()
        self.position = head.sequence if head is not None else 0

    def ask(self, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Answer a question."""
        return query(self.house, *arguments)


def profiles_beside(settings: Settings, *, with_looks: bool) -> tuple[knowing.Desk, House]:
    """Give whoever answers about the people of a home as it stands; what they looked at is read only where it is asked for."""
    still = Still(settings)
    tastes = tasting.Tastes()
    if with_looks:
        log = open_log(settings, is_reader=True)
        try:
            reader = Projector(log=log, kinds=KINDS, views=[tastes], store=MemoryViewStore())
            while reader.fold_some():
                pass
        finally:
            log.close()
    return knowing.Desk(still, lambda: tastes), still.house


def learn_profiles(house: House, *, now: Instant) -> tuple[portraits.Forecast, portraits.Checked]:
    """Learn how people buy from a house; refuses where there are too few, or SciPy is not installed."""
    orders, unit = knowing.history(house)
    return portraits.learn(orders, ScipyFitter(), unit=unit, now=now)
