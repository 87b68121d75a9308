"""Checks the pages of locations without a browser: what is refused is said on the page, and others see nothing."""

import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import selling
from caravan.kernel.clock import FixedClock
from caravan.kernel.ids import ListingId
from caravan.web import pages
from tests.web.test_pages import buy, fill, register, seller_login, send

HERE = "/sell/locations"
LYON = {"name": "Lyon", "country": "FR", "city": "Lyon", "line1": "Rue 1"}
LISTING = "/sell/listings/lst_000000000001"


@pytest.fixture
def caravan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caravan]:
    running = open_caravan(Settings(home=tmp_path_factory.mktemp("market")), clock=FixedClock(), ticks=False)
    fill(running)
    running.cell.do_many(selling.receive_stock, selling.stock_receipt(ListingId(1), 5, at=running.clock.now()))
    yield running
    running.close()


@pytest.fixture
def client(caravan: Caravan) -> TestClient:
    """Give a browser in which the first seller is logged in."""
    app = Starlette(routes=pages.routes(caravan))
    browser = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=True)
    seller_login(caravan, browser)
    return browser


def opened(client: TestClient) -> str:
    send(client, f"{HERE}/new", f"{HERE}/new", **LYON)
    return str(re.findall(r"/sell/locations/(loc_\w+)", client.get(HERE).text)[-1])


def to_sell(client: TestClient) -> int:
    found = re.search(r"(\d+) to sell", client.get(LISTING).text)
    assert found
    return int(found[1])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Please fill this in."), ({"name": "Porto"}, "Another location of yours has this name."),
        ({"serves": "France"}, "A destination is a country"), ({"cut_off": "25:00"}, "written as 15:00"),
        ({"handling_days": "99"}, "A number from 0 to 60"), ({"country": "FRA"}, "at most 2 characters"),
    ],
)  # fmt: skip
def test_what_is_no_place_is_said_at_its_field(client: TestClient, fields: dict[str, str], said: str) -> None:
    answer = send(client, f"{HERE}/new", f"{HERE}/new", **(LYON | fields))

    assert (answer.status_code, said in answer.text) == (422, True)


def test_a_place_is_changed_closed_and_opened_again(client: TestClient) -> None:
    lyon = opened(client)
    there = f"{HERE}/{lyon}"
    changed = LYON | {"cut_off": "15:00", "serves": "fr; ch", "takes_returns": "yes", "change": "describe"}

    assert "The place is as you said." in send(client, there, there, **changed).text
    page = client.get(there).text
    assert 'value="15:00"' in page
    assert 'value="FR, CH"' in page
    assert "The place is closed." in send(client, there, there, change="close").text
    assert "Open it again" in client.get(there).text
    assert send(client, there, there, change="reopen").status_code == 200


def test_a_place_with_stock_does_not_close_and_says_why(client: TestClient) -> None:
    opened(client)
    home = re.findall(r"/sell/locations/(loc_\w+)", client.get(HERE).text)[0]

    answer = send(client, f"{HERE}/{home}", f"{HERE}/{home}", change="close")

    assert answer.status_code == 422
    assert re.search(r"\d+ units are on its shelves", answer.text)


def test_stock_moves_on_the_pages_and_is_turned_back(client: TestClient) -> None:
    lyon = opened(client)
    home = re.findall(r"/sell/locations/(loc_\w+)", client.get(HERE).text)[0]
    moving = {"listing": "lst_000000000001", "source": home, "target": lyon, "units": "2"}

    assert "It is on its way." in send(client, LISTING, "/sell/moves", **moving).text
    assert send(client, LISTING, "/sell/moves", **(moving | {"units": "9"})).status_code == 422
    back = send(client, HERE, "/sell/moves/mov_000000000001", to="back")
    assert "It is on the shelf that it left." in back.text
    again = send(client, HERE, "/sell/moves/mov_000000000001", to="arrived")
    assert (again.status_code, "turned back" in again.text) == (422, True)
    assert "It is on the shelf where it went." in send(client, LISTING, "/sell/moves", **moving, arrived="yes").text


def test_a_list_goes_out_and_comes_in_or_is_refused_whole(client: TestClient) -> None:
    opened(client)
    before = to_sell(client)
    text = client.get("/sell/stock.csv").text
    assert text.startswith("listing,reference,title")

    wrong = send(client, HERE, "/sell/stock", document="listing,location,on_hand\nx,Lyon,1\n")
    trial = send(
        client, HERE, "/sell/stock", document="listing,location,on_hand\nlst_000000000001,Lyon,4\n", trial="yes"
    )
    loaded = send(client, HERE, "/sell/stock", document="listing,location,on_hand\nlst_000000000001,Lyon,4\n")

    assert (wrong.status_code, "row 1, listing" in wrong.text) == (422, True)
    assert "The list can be taken as it is." in trial.text
    assert "The stock is what the list says." in loaded.text
    assert to_sell(client) == before + 4


def test_a_pick_list_is_of_one_place(client: TestClient) -> None:
    lyon = opened(client)
    register(client, "bea@example.org")
    buy(client)
    home = re.findall(r"/sell/locations/(loc_\w+)", client.get(HERE).text)[0]
    assert "Pick list of Lyon" in client.get("/sell/orders").text

    assert client.get(f"/sell/pick-list?location={home}").headers["content-type"] == "application/pdf"
    assert client.get(f"/sell/pick-list?location={lyon}").status_code == 422
    assert client.get("/sell/pick-list?location=loc_000000000009").status_code == 404


def test_another_seller_finds_none_of_it(caravan: Caravan, client: TestClient) -> None:
    lyon = opened(client)
    other = TestClient(Starlette(routes=pages.routes(caravan)), base_url="http://127.0.0.1:8000", follow_redirects=True)
    seller_login(caravan, other, 2)

    assert other.get(f"{HERE}/{lyon}").status_code == 404
    assert send(other, HERE, f"{HERE}/{lyon}", change="close").status_code == 404
