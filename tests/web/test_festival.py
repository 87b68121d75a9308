"""Holds a festival on a real market: the same crowd by seed, every order counted once, nothing oversold, and a screen."""

import asyncio
import io
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import numpy as np
import pytest
import uvicorn
from rich.console import Console
from typer.testing import CliRunner

from caravan import cli
from caravan.bootstrap import Caravan, open_caravan
from caravan.client import Client, wire
from caravan.config import Settings
from caravan.flows import invariants, opening
from caravan.kernel.errors import Invalid
from caravan.trade.ledger import Kind
from caravan.web import access
from caravan.web.app import make_app
from caravan.web.festival import Board, Plan, Score, demand, show
from caravan.web.festival.crowd import Crowd, oversold
from caravan.web.festival.plan import TAKEN_BY_PLACE, tempted, wishes
from caravan.web.festival.score import Sold
from caravan.web.festival.screen import showing

PLAN = Plan(seed=3, minutes=0.05, speed=28_800, buyers=2)


class Market(NamedTuple):
    url: str
    token: str
    caravan: Caravan


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    caravan = open_caravan(Settings(home=tmp_path_factory.mktemp("festival")), ticks=False)
    caravan.cell.do(opening.open_market, opening.Opening("Bazaar", "EUR"))
    token = asyncio.run(access.issue_token(caravan, audience="operator", subject=0))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(caravan), log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Market(f"http://127.0.0.1:{listener.getsockname()[1]}", token, caravan)
    server.should_exit = True
    thread.join()
    listener.close()
    caravan.close()


def stock(market: Market, *, products: int) -> None:
    with Client(market.url, market.token) as operator:
        new = wire.NewSeller(name="Mill", country="PT", email=f"mill{products}@example.org", password="a long password")
        seller = operator.apply_to_sell(new)
        operator.approve_seller(seller.id)
        option = wire.NewOption(price=wire.Amount(amount=1_000, currency="EUR"))
        for number in range(products):
            product = wire.NewProduct(title=f"Mug {number}", options=[option], seller=seller.id, category="Home/Mugs")
            operator.offer_product(product)
    market.caravan.projector.wait_for(market.caravan.cell.position, timeout_s=20)


def quiet(*_: object) -> None:
    """Report nothing."""


def test_a_market_with_empty_shelves_is_refused(market: Market) -> None:
    with Client(market.url, market.token) as client, pytest.raises(Invalid, match="nothing on its shelves"):
        Crowd(client, PLAN, url=market.url).gather(quiet)


def test_a_festival_counts_every_order_once_and_oversells_nothing(market: Market) -> None:
    stock(market, products=5)

    seen = show(
        PLAN,
        url=market.url,
        token=market.token,
        host="127.0.0.1",
        port=0,
        say=Console(file=io.StringIO()),
        report=quiet,
    )

    house = market.caravan.cell.house
    assert seen.orders == len(house.orders.purchases) - 1 > 50
    assert seen.gmv == int(house.orders.orders.total.sum())
    assert 0 < seen.recommended < seen.gmv
    assert set(seen.refused) == {"out_of_stock"}
    assert (seen.oversold, seen.skus_watched) == (0, 5)
    assert list(invariants.findings(house)) == []


def test_a_second_festival_with_one_seed_finds_its_buyers_again(market: Market) -> None:
    before = len(market.caravan.cell.house.identity.buyers)

    with Client(market.url, market.token) as client:
        Crowd(client, PLAN, url=market.url).gather(quiet)

    assert len(market.caravan.cell.house.identity.buyers) == before


def test_a_shelf_below_zero_is_counted_as_oversold(market: Market) -> None:
    accounts = market.caravan.cell.house.ledger.accounts
    shelf = int(np.flatnonzero(accounts.kind == Kind.AVAILABLE)[0])
    as_it_was = int(accounts.posted[shelf])
    accounts.posted[shelf] = -3

    with Client(market.url, market.token) as client:
        found = oversold(client)

    accounts.posted[shelf] = as_it_was
    assert found == (5, 3)


def test_demand_averages_to_one_and_peaks_at_midnight() -> None:
    day = [demand(hour / 60) for hour in range(24 * 60)]

    assert np.mean(day) == pytest.approx(1, abs=0.01)
    assert np.argmax(day) == 0
    assert demand(24) == demand(0)


def test_one_seed_wishes_for_the_same_and_each_listing_once_an_order() -> None:
    first, second = (wishes(PLAN, np.random.default_rng(1), expected=200, listings=9) for _ in range(2))

    assert first.listings.tolist() == second.listings.tolist()
    assert first.listings.max() < 9
    assert len({*zip(first.rows.tolist(), first.listings.tolist(), strict=True)}) == len(first.rows)
    assert len(wishes(PLAN, np.random.default_rng(1), expected=0, listings=9).buyers) == 0


def test_shoppers_take_some_of_what_is_shown_and_nothing_twice() -> None:
    wished = wishes(PLAN, np.random.default_rng(1), expected=2_000, listings=9)

    more = tempted(wished, np.random.default_rng(2), shown=lambda place: [(place + step) % 9 for step in range(7)])

    lines = list(zip(more.rows.tolist(), more.listings.tolist(), strict=True))
    added = int(more.is_recommended.sum())
    assert len(lines) == len(set(lines)) == len(wished.rows) + added
    assert 0.05 < added / len(wished.buyers) < sum(TAKEN_BY_PLACE)
    assert (np.diff(more.rows) >= 0).all()


def test_where_nothing_is_shown_nothing_more_is_taken() -> None:
    wished = wishes(PLAN, np.random.default_rng(1), expected=20, listings=9)

    assert tempted(wished, np.random.default_rng(2), shown=lambda _: []) is wished


def test_the_screen_shows_the_board_and_streams_it() -> None:
    score = Score(market="Bazaar", currency="EUR", seconds=60)
    score.add([Sold("Mug", "Home", 1_000)], {"out_of_stock": 2}, {"Home": 1_000}, latency_ms=5, elapsed_s=1)
    score.tick(elapsed_s=1, hour=0.4)

    with showing(score.board, host="127.0.0.1", port=0) as url, httpx.Client(base_url=url) as web:
        page = web.get("/").text
        board = msgspec.json.decode(web.get("/board").content, type=Board)
        with web.stream("GET", "/boards") as stream:
            first = next(stream.iter_lines())

    assert "Oversold" in page
    assert (board.orders, board.gmv, board.refused, board.latency_ms_p99) == (1, 1_000, {"out_of_stock": 2}, 5.0)
    assert msgspec.json.decode(first.removeprefix("data: "), type=Board).latest == [Sold("Mug", "Home", 1_000)]


def test_a_screen_on_a_taken_port_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(Invalid, match="taken"), showing(list, host="127.0.0.1", port=port):  # type: ignore[arg-type]
            pass


def test_without_a_token_the_command_says_where_it_looked(tmp_path: Path) -> None:
    ran = CliRunner().invoke(cli.app, ["festival", "--home", str(tmp_path)])

    assert isinstance(ran.exception, Invalid)
    assert "operator-token" in str(ran.exception)
