"""A real server is killed in the middle of load: what it acknowledged over HTTP is there afterwards, once."""

import contextlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from caravan.bootstrap import verify
from caravan.client import Client, wire
from caravan.config import Settings
from caravan.kernel.errors import CaravanError, Outage
from caravan.kernel.money import Money

BUYERS = 6
UNITS = 100_000
PRICE = Money(1_000, "EUR")
ROUNDS = 3
STARTS_WITHIN_S = 60
HASTY = str(Path(__file__).with_name("hasty_server.py"))


@dataclass
class Server:
    """A Caravan of its own process, that can be killed and started again over the same home."""

    home: Path
    port: int
    program: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Say where it is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            sys.executable,
            *self.program,
            "up",
            "--market",
            "empty",
            "--port",
            str(self.port),
            "--home",
            str(self.home),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + STARTS_WITHIN_S
        with httpx.Client(base_url=self.url, timeout=1, verify=False) as http:  # noqa: S501  # No TLS here.
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if http.get("/health").status_code == httpx.codes.OK:
                        return
                time.sleep(0.05)
        raise AssertionError("The server did not start.")

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Load:
    """What buyers have sent and what they were told."""

    sent: dict[str, int] = field(default_factory=dict)  # by key: which buyer
    acknowledged: dict[str, str] = field(default_factory=dict)  # by key: the purchase


@dataclass
class Market:
    """One listing with plenty of units, and buyers with plenty of money."""

    server: Server
    operator: str
    listing: str
    buyers: list[tuple[str, str]]  # token and address

    def order(self, client: Client, buyer: int, key: str) -> str:
        """Buy one unit; give the purchase."""
        return str(client.place_order({self.listing: 1}, self.buyers[buyer][1], PRICE, key=key).id)

    @contextlib.contextmanager
    def clients(self) -> Iterator[list[Client]]:
        """Give a client of each buyer's."""
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(Client(self.server.url, token)) for token, _ in self.buyers]


def _open(server: Server) -> Market:
    token = (server.home / "operator-token").read_text().strip()
    with Client(server.url, token) as operator:
        new = wire.NewSeller(name="Mill", country="PT", email="mill@example.org", password="a long password")
        seller = operator.apply_to_sell(new)
        operator.approve_seller(seller.id)
        option = wire.NewOption(price=wire.Amount(amount=PRICE.amount, currency="EUR"))
        product = wire.NewProduct(title="Flour, 1 kg", options=[option], seller=seller.id)
        listing = operator.offer_product(product).listings[0]
        operator.change_stock(listing, UNITS)
        buyers = [_buyer(operator, server.url, number) for number in range(BUYERS)]
    return Market(server, token, listing, buyers)


def _buyer(operator: Client, url: str, number: int) -> tuple[str, str]:
    place = wire.Place(name="Ana", line1="Rua 1", city="Porto", postcode="4000", country="PT")
    email = f"ana{number}@example.org"
    person = wire.NewBuyer(name="Ana", email=email, password="a long password", country="PT", address=place)
    with Client(url) as guest:
        buyer = guest.register(person)
    operator.top_up(buyer.id, Money(10**10, "EUR"))
    token = operator.make_token("buyer", buyer.id).token
    with Client(url, token) as client:
        return token, client.addresses()[0].id


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(tmp_path / "home", port, request.param)
    server.start()
    yield server
    server.kill()


def _shop(market: Market, load: Load, buyer: int, stop: threading.Event) -> None:
    """Order again and again; note a wish before it is sent and an answer when it is there."""
    with httpx.Client(base_url=market.server.url, verify=False) as http:  # noqa: S501  # No TLS here.
        http.headers["authorization"] = f"Bearer {market.buyers[buyer][0]}"
        body = {
            "lines": [{"listing": market.listing, "quantity": 1}],
            "address": market.buyers[buyer][1],
            "expected_total": {"amount": PRICE.amount, "currency": PRICE.currency},
        }
        while not stop.is_set():
            key = str(uuid.uuid4())
            load.sent[key] = buyer
            try:
                said = http.post("/v1/orders", json=body, headers={"Idempotency-Key": key}, timeout=10)
            except httpx.HTTPError:
                return
            assert said.status_code == httpx.codes.CREATED, said.text
            load.acknowledged[key] = said.json()["id"]


def _kill_under_load(market: Market, load: Load, dice: random.Random) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=_shop, args=(market, load, buyer, stop)) for buyer in range(BUYERS)]
    for thread in threads:
        thread.start()
    time.sleep(dice.uniform(0.3, 1.2))
    market.server.kill()
    stop.set()
    for thread in threads:
        thread.join()


def _lost(market: Market, load: Load) -> list[str]:
    """Look every acknowledged purchase up; give those that are not there."""
    lost = []
    with market.clients() as clients:
        for key, purchase in load.acknowledged.items():
            try:
                clients[load.sent[key]].purchase(purchase)
            except Outage:
                raise
            except CaravanError:  # Not even the buyer may be there to ask.
                lost.append(purchase)
    return lost


@pytest.mark.parametrize("server", [("-m", "caravan.cli")], indirect=True)
def test_what_was_acknowledged_before_a_kill_is_there_once_after_it(server: Server) -> None:
    market, load, dice = _open(server), Load(), random.Random(3)

    for _ in range(ROUNDS):
        _kill_under_load(market, load, dice)
        server.start()

    assert len(load.acknowledged) > ROUNDS * BUYERS
    assert not _lost(market, load)
    with market.clients() as clients:
        for key, buyer in load.sent.items():  # Asked again with the same key: the same purchase, or now at last one.
            purchase = market.order(clients[buyer], buyer, key)
            assert purchase == load.acknowledged.setdefault(key, purchase)
    assert len(set(load.acknowledged.values())) == len(load.sent)
    with Client(server.url, market.operator) as operator:
        assert operator.listing(market.listing).available == UNITS - len(load.sent)
    server.kill()
    seen = verify(Settings(home=server.home), lambda _, __: None)
    assert seen.ok, seen.findings


@pytest.mark.parametrize("server", [(HASTY,)], indirect=True)
def test_a_server_that_answers_before_it_is_durable_is_found_out(server: Server) -> None:
    market, load = _open(server), Load()

    _kill_under_load(market, load, random.Random(3))
    server.start()

    assert _lost(market, load)
