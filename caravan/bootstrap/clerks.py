"""Who works beside the doors: clerks in threads of their own, and the ticker that does what is due."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from caravan.adapters.sandbox.carrier import SandboxCarrier
from caravan.adapters.snapshotter import Snapshotter
from caravan.cell import Cell, Following
from caravan.config import Settings
from caravan.flows import claims as claiming
from caravan.flows import paying, planning, promises, settlement, shopping
from caravan.flows.cashier import Cashier
from caravan.flows.house import House
from caravan.flows.postman import Postman
from caravan.kernel.errors import CaravanError
from caravan.trade.network import Optimizer

_logger = logging.getLogger("caravan")
_LOOK_S = 0.2
_DESK_LOOK_S = 0.5
_DESK_STOPS_S = 30.0


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
