"""A shop that is going to be killed: runs random commands from several threads, and says what the cell acknowledged.

Told by a line of JSON on standard input (a Life), it forks: the child opens the home, sets the shop up, sends again what
was never acknowledged, and goes on until it is killed; its parent, which has loaded and compiled everything once, waits
for the next line. It says on standard output, one JSON object a line: the child's number, how it found the home, each
command before it is sent, each answer after the cell gave it, and that the child has died.
"""

import hashlib
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from caravan.adapters.sqlite import SqliteLog
from caravan.bootstrap import Caravan, open_caravan, opened
from caravan.cell import Answer, Cell, Frame, Key
from caravan.config import Settings
from caravan.flows import checkout, fulfillment, opening, people, selling, settlement
from caravan.flows.house import House, integers
from caravan.kernel.clock import Clock
from caravan.kernel.errors import CaravanError, code
from caravan.kernel.ids import AddressId, BuyerId, ListingId, SellerId
from caravan.trade import catalog
from caravan.trade.delivery import ParcelStatus
from caravan.world import partners

THREADS = 4
PRICES = (1_000, 500, 250, 5_000)  # Of listings 1, 2, …; seller 1 and seller 2 take turns.
BUYERS = 3
EUR = 978
EAGER_BATCH_S = 0.1
SNAPSHOT_FACTS = 50
ANSWER_TIMEOUT_S = 60

Command = list[Any]


class Life(msgspec.Struct):
    """What a child is told: where it works, what it rolls its dice with, and what to send again."""

    home: str
    seed: str
    is_eager: bool
    unanswered: dict[str, Command]


class EagerLog:
    """A log that lies: it acknowledges first and commits a while later. The rig must notice."""

    def __init__(self, path: Path) -> None:
        self._log = SqliteLog(path)
        self._waiting: list[tuple[Frame, Mapping[bytes, bytes]]] = []
        self._lock = threading.Lock()
        self.take_over, self.read, self.head = self._log.take_over, self._log.read, self._log.head
        self.layouts, self.close = self._log.layouts, self._log.close
        threading.Thread(target=self._commit_forever, daemon=True).start()

    def append(self, frame: Frame, layouts: Mapping[bytes, bytes]) -> None:
        """Say that it is done."""
        with self._lock:
            self._waiting.append((frame, layouts))

    def _commit_forever(self) -> None:
        while True:
            time.sleep(EAGER_BATCH_S)
            with self._lock:
                waiting, self._waiting = self._waiting, []
            for frame, layouts in waiting:
                self._log.append(frame, layouts)


def key_of(name: str, command: Command) -> Key:
    """Give the key of a command, as a door would."""
    return Key(hashlib.md5(name.encode(), usedforsecurity=False).digest(), hashlib.sha256(_json(command)).digest())


def setup(*, units: int = 300, money_minor: int = 200_000) -> dict[str, Command]:
    """Give the commands that set the shop up, by key; sent at every start, they have their effect once."""
    steps: list[Command] = [["open"], ["sellers"], ["approve"], ["offers"]]
    steps += [["register"]] * BUYERS
    steps += [["top_up", buyer, money_minor] for buyer in range(1, BUYERS + 1)]
    steps += [["stock", listing, units] for listing in range(1, len(PRICES) + 1)]
    return {f"setup-{place}": step for place, step in enumerate(steps)}


def rolled(dice: random.Random, orders: int) -> Command:
    """Roll a command; `orders` is how many there are about."""
    listing, buyer, order = dice.randint(1, len(PRICES)), dice.randint(1, BUYERS), dice.randint(1, orders + 1)
    lines = [[one, dice.randint(1, 3)] for one in dice.sample(range(1, len(PRICES) + 1), dice.randint(1, 3))]
    others: list[Command] = [
        ["register"],
        ["top_up", buyer, dice.randint(1, 20_000)],
        ["stock", listing, dice.randint(1, 9)],
        ["cancel", order],
        ["hand_over", order],
        ["deliver", dice.randint(1, orders // 4 + 1)],
    ]
    return ["order", buyer, lines] if dice.random() < 0.5 else dice.choice(others)


def submit(cell: Cell[House], clock: Clock, name: str, command: Command) -> "Future[Answer]":
    """Send a command under its key."""
    verb, *values = command
    flow, argument, is_many = _VERBS[verb](clock, *values)
    return cell.submit(flow, argument, is_many=is_many, key=key_of(name, command), render=_render)


def send(cell: Cell[House], clock: Clock, name: str, command: Command) -> Answer:
    """Send a command under its key, and wait for the answer."""
    return submit(cell, clock, name, command).result(ANSWER_TIMEOUT_S)


def _render(outcome: object) -> Answer:
    if isinstance(outcome, CaravanError):
        return Answer(422, code(outcome).encode())
    return Answer(200, str(outcome).encode())


_Sent = tuple[Callable[..., Any], object, bool]


def _offers() -> selling.Offers:
    offers = [
        selling.Offer(
            page=catalog.ProductDraft(title=f"Mug at {price}"),
            options=(("", catalog.ListingDraft(price_minor=price, currency="EUR")),),
        )
        for price in PRICES
    ]
    return selling.Offers([SellerId(place % 2 + 1) for place in range(len(PRICES))], offers)


def _order(_: Clock, buyer: int, lines: list[tuple[int, int]]) -> _Sent:
    total = sum(PRICES[listing - 1] * quantity for listing, quantity in lines)
    wanted = tuple((ListingId(listing), quantity) for listing, quantity in lines)
    return checkout.order_directly, checkout.DirectOrder(BuyerId(buyer), AddressId(buyer), "EUR", total, wanted), True


def _top_up(clock: Clock, buyer: int, amount: int) -> _Sent:
    at, buyers, units, amounts, nothing = (integers(value) for value in (clock.now(), buyer, EUR, amount, 0))
    money = settlement.TopUps(at, buyers, units, amounts, nothing, methods=["card"], references=["receipt"])
    return settlement.top_up, money, True


def _cancel(clock: Clock, order: int) -> _Sent:
    columns = [integers(value) for value in (clock.now(), order, 0, 0)]
    return fulfillment.cancel_orders, fulfillment.Cancellation(*columns), True


def _hand_over(clock: Clock, order: int) -> _Sent:
    at, orders, nobody = (integers(value) for value in (clock.now(), order, 0))
    handover = fulfillment.Handover(at, orders, nobody, nobody, carriers=["CTT"], trackings=["RR1"])
    return fulfillment.hand_over, handover, True


def _deliver(clock: Clock, parcel: int) -> _Sent:
    columns = [integers(value) for value in (clock.now(), parcel, int(ParcelStatus.DELIVERED), 0)]
    return fulfillment.scan_parcels, fulfillment.Scans(*columns), True


_VERBS: dict[str, Callable[..., _Sent]] = {
    "open": lambda _: (opening.open_market, opening.Opening("Bazaar", "EUR"), False),
    "sellers": lambda _: (
        selling.apply_to_sell,
        [partners.Application(name=name, country="PT") for name in ("Ana", "Rui")],
        False,
    ),
    "approve": lambda _: (selling.approve_sellers, [SellerId(1), SellerId(2)], False),
    "offers": lambda _: (selling.offer_products, _offers(), False),
    "register": lambda _: (people.register_buyers, [people.NewBuyer(b"", b"sealed", "PT", b"sealed")], False),
    "stock": lambda clock, listing, quantity: (
        selling.receive_stock,
        selling.stock_receipt(ListingId(listing), quantity, at=clock.now()),
        True,
    ),
    "top_up": _top_up,
    "order": _order,
    "cancel": _cancel,
    "hand_over": _hand_over,
    "deliver": _deliver,
}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _say(**said: object) -> None:
    try:
        os.write(sys.stdout.fileno(), _json(said) + b"\n")  # One write a line: a kill leaves whole lines.
    except BrokenPipeError:
        os._exit(1)  # Nobody is there any more to kill it.


def _tell(caravan: Caravan, name: str, command: Command) -> int:
    _say(sent=name, command=command)
    answer = send(caravan.cell, caravan.clock, name, command)
    _say(answered=name, status=answer.status, body=answer.body.decode(), is_replayed=answer.is_replayed)
    return int(answer.body) if command[0] == "order" and answer.status == 200 else 0


def _trade(caravan: Caravan, name: str) -> None:
    dice = random.Random(name)
    orders, place = 1, 0
    while True:
        orders = max(orders, _tell(caravan, f"{name}-{place}", rolled(dice, orders)))
        place += 1


def _keep(caravan: Caravan) -> None:
    """Write snapshots far more often than anybody would, so that a kill finds one half written."""
    kept = caravan.cell.facts
    while True:
        caravan.cell.wait_for_more(caravan.cell.position, timeout_s=1)
        if caravan.cell.facts - kept >= SNAPSHOT_FACTS:
            kept = caravan.cell.facts
            caravan.cell.snapshot()


def _warm_up() -> None:
    """Trade a little in a scratch home, so that what is compiled is loaded before the first answer is awaited."""
    with opened(Settings(), is_scratch=True) as caravan:
        for name, command in (setup() | {"order": ["order", 1, [[1, 1]]]}).items():
            send(caravan.cell, caravan.clock, name, command)


def _live(life: Life) -> None:
    """Live until killed."""
    settings = Settings(home=Path(life.home))
    settings.home.mkdir(parents=True, exist_ok=True)
    log = EagerLog(settings.home / "log.db") if life.is_eager else None
    caravan = open_caravan(settings, log=log)
    _say(opened=caravan.cell.position, digest=caravan.cell.digest())
    for name, command in (setup() | life.unanswered).items():
        _tell(caravan, name, command)
    threading.Thread(target=_keep, args=(caravan,), daemon=True).start()
    for thread in range(THREADS):
        threading.Thread(target=_trade, args=(caravan, f"{life.seed}-{thread}"), daemon=True).start()
    threading.Event().wait()


def main() -> None:
    """Give birth to one child after the other, as long as somebody asks for it."""
    _warm_up()
    for line in sys.stdin:
        life = msgspec.json.decode(line, type=Life)
        child = os.fork()
        if child == 0:
            _live(life)
        _say(born=child)
        os.waitpid(child, 0)
        _say(died=child)


if __name__ == "__main__":
    main()
