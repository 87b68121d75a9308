"""A market behind a real server on a real socket, with people who can be made quickly, for the tests of the API."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from caravan.bootstrap import Caravan, open_caravan, tick
from caravan.client import Client, wire
from caravan.config import Settings
from caravan.flows import opening, people, selling, settlement
from caravan.flows.house import integers
from caravan.kernel import ids
from caravan.kernel.clock import FixedClock
from caravan.kernel.ids import AddressId, BuyerId, ListingId, SellerId
from caravan.kernel.money import Money
from caravan.trade import catalog
from caravan.web import access
from caravan.web.server import make_server
from caravan.world import partners

STARTS_WITHIN_S = 20.0
EUR = 978


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def euro(cents: int) -> Money:
    """Give so many cents."""
    return Money(cents, "EUR")


def price(cents: int) -> wire.Amount:
    """Give so many cents as a request says it."""
    return wire.Amount(amount=cents, currency="EUR")


@dataclass
class Rig:
    """A running market; `clock` moves only when told."""

    caravan: Caravan
    clock: FixedClock
    url: str
    _names: Iterator[int] = field(default_factory=itertools.count)
    _opened: list[Client | httpx.Client] = field(default_factory=list)

    def close(self) -> None:
        """Hang up every client."""
        for client in self._opened:
            client.close()

    def client(self, audience: str = "", subject: int = 0, scopes: tuple[str, ...] = ()) -> Client:
        """Give a client with a fresh token; without an audience, a guest's."""
        client = Client(self.url, self.token(audience, subject, scopes) if audience else None)
        self._opened.append(client)
        return client

    def token(self, audience: str, subject: int = 0, scopes: tuple[str, ...] = ()) -> str:
        """Make a token."""
        token, new = access.new_token(self.caravan, audience=audience, subject=subject, scopes=scopes)
        self.caravan.cell.do(people.issue_token, new)
        return token

    def http(self, token: str | None = None) -> httpx.Client:
        """Give a bare HTTP client, to send what the SDK never would."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=20, verify=False)  # noqa: S501  # No TLS here.
        self._opened.append(client)
        return client

    @property
    def operator(self) -> Client:
        """Give the operator's client."""
        return self.client("operator")

    def seller(self) -> "Trader":
        """Let a seller in."""
        (seller,) = self.caravan.cell.do(
            selling.apply_to_sell, [partners.Application(name=f"Seller {next(self._names)}", country="PT")]
        )
        self.caravan.cell.do(selling.approve_sellers, [seller])
        return Trader(self, seller, self.client("seller", seller))

    def things(self, count: int) -> list[str]:
        """Put products of two sellers on offer, five of each."""
        sellers, made = [self.seller(), self.seller()], []
        for number in range(count):
            seller = sellers[number % 2].client
            new = wire.NewProduct(
                title=f"Thing {number}", category="Things", options=[wire.NewOption(price=price(1_000))]
            )
            offered = seller.offer_product(new)
            seller.change_stock(offered.listings[0], 5)
            made.append(offered.id)
        return made

    def buyer(self, cents: int = 0) -> "Shopper":
        """Register a buyer with an address and some money."""
        return self.buyers(1, cents)[0]

    def buyers(self, count: int, cents: int = 0) -> list["Shopper"]:
        """Register buyers."""
        vault = self.caravan.vault
        names = [f"b{next(self._names)}@example.org" for _ in range(count)]
        sealed = vault.seal([msgspec.json.encode(access.Contact("B", name)) for name in names])
        place = msgspec.json.encode(access.Place("B", "Street 1", "Town", "1000", "PT"))
        addresses = vault.seal_each([place] * count, like=sealed)
        new = [
            people.NewBuyer(vault.mark(name), contact, "PT", address)
            for name, contact, address in zip(names, sealed, addresses, strict=True)
        ]
        made = self.caravan.cell.do(people.register_buyers, new)
        if cents:
            self.top_up(made, cents)
        house = self.caravan.cell.house
        return [Shopper(self, number, house.identity.buyers[number].addresses[0]) for number in made]

    def top_up(self, buyers: list[BuyerId], cents: int) -> None:
        """Give buyers money."""
        count = len(buyers)
        amounts = integers([cents] * count)
        self.caravan.cell.do_many(
            settlement.top_up,
            settlement.TopUps(
                integers([self.clock.now()] * count), integers(buyers), integers([EUR] * count), amounts,
                integers([0] * count), ["card"] * count, [""] * count,
            ),
        )  # fmt: skip

    def pass_time(self, microseconds: int) -> None:
        """Let time go by, and what is due happen."""
        self.clock.advance(microseconds)
        tick(self.caravan.cell)


@dataclass
class Trader:
    """A seller with a client."""

    rig: Rig
    number: SellerId
    client: Client

    @property
    def id(self) -> str:
        """Give the public id."""
        return ids.text(SellerId, self.number)

    def offer(self, cents: int = 1_000, units: int = 0, title: str = "Mug", category: str = "Home") -> str:
        """Put a product on the shelf, with units; give the listing's public id."""
        draft = catalog.ListingDraft(price_minor=cents, currency="EUR")
        page = catalog.ProductDraft(title=title, category=category)
        offers = selling.Offers([self.number], [selling.Offer(page=page, options=(("", draft),))])
        (offered,) = self.rig.caravan.cell.do(selling.offer_products, offers)
        listing: ListingId = offered.listings[0]
        if units:
            receipt = selling.stock_receipt(listing, units, at=self.rig.clock.now())
            self.rig.caravan.cell.do_many(selling.receive_stock, receipt)
        return ids.text(ListingId, listing)


@dataclass
class Shopper:
    """A buyer with an address."""

    rig: Rig
    number: BuyerId
    place: AddressId

    @property
    def id(self) -> str:
        """Give the public id."""
        return ids.text(BuyerId, self.number)

    @property
    def address(self) -> str:
        """Give the public id of the address."""
        return ids.text(AddressId, self.place)

    @property
    def token(self) -> str:
        """Make a token."""
        return self.rig.token("buyer", self.number)

    @property
    def client(self) -> Client:
        """Make a client."""
        return self.rig.client("buyer", self.number)

    def order(self, listing: str, quantity: int, cents: int) -> bytes:
        """Write an order as a body."""
        return msgspec.json.encode(
            wire.NewOrder(
                lines=[wire.BasketLine(listing=listing, quantity=quantity)],
                address=self.address,
                expected_total=price(cents),
            )
        )


@contextlib.contextmanager
def running(
    home: Path, *, has_play_money: bool = False, clock: FixedClock | None = None, **settings: int | str
) -> Iterator[Rig]:
    """Open a home, serve it on a free port, and stop at the end."""
    clock = clock or FixedClock()
    caravan = open_caravan(Settings(home=home, **settings), clock=clock, ticks=False)  # type: ignore[arg-type]
    try:
        if caravan.cell.house.markets.market is None:
            caravan.cell.do(opening.open_market, opening.Opening("Fair", "EUR", has_play_money=has_play_money))
        with _serving(caravan) as url, contextlib.closing(Rig(caravan, clock, url)) as rig:
            yield rig
    finally:
        caravan.close()


@contextlib.contextmanager
def _serving(caravan: Caravan) -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    server = make_server(caravan)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
    thread.start()
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started, "The server did not start."
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(STARTS_WITHIN_S)
        listener.close()
