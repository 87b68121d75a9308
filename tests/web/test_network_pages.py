"""Checks the operator's pages on the network: an empty state, a plan that is asked for and shown, and faults beside the form."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan import bootstrap
from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import opening, planning
from caravan.kernel.clock import FixedClock
from caravan.web import access, pages

PAGE = "/operator/network"
SMALL = json.dumps(
    {
        "currency": "EUR",
        "places": [{"place": "a", "latitude": 0, "longitude": 0}, {"place": "b", "latitude": 1, "longitude": 1}],
        "legs": [{"carrier": "Road", "source": "a", "target": "b", "parcel_minor": 50, "hours": 20}],
        "demand": [{"place": "b", "origin": "a", "parcels": 3}],
    }
)
ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def caravan(tmp_path: Path) -> Iterator[Caravan]:
    running = open_caravan(Settings(home=tmp_path), clock=FixedClock(), ticks=False)
    running.cell.do(opening.open_market, opening.Opening("Caravan", "EUR"))
    yield running
    running.close()


@pytest.fixture
def operator(caravan: Caravan) -> TestClient:
    app = Starlette(routes=pages.routes(caravan))
    client = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=True)
    token = asyncio.run(access.issue_token(caravan, audience="operator", subject=0))
    send(client, "/operator/login", "/operator/login", token=token)
    return client


def send(client: TestClient, page: str, path: str, **fields: str):  # type: ignore[no-untyped-def] # noqa: ANN201
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(page).text)
    assert token is not None
    return client.post(path, data={"csrf": token[1], **fields})


def test_without_a_plan_the_page_offers_an_example(operator: TestClient) -> None:
    shown = operator.get(PAGE).text

    example = re.search(r'href="(/static/network-example\.json[^"]*)"', shown)
    assert "No plan yet" in shown
    assert example is not None
    assert operator.get(example[1]).json()["currency"] == "USD"


def test_a_pasted_network_is_planned_and_shown_with_map_curve_and_losses(
    caravan: Caravan, operator: TestClient
) -> None:
    asked = send(operator, PAGE, PAGE, network=SMALL, share="95,0", hours="72")
    assert "being made" in asked.text

    planning.make_next_plan(caravan.cell, bootstrap.optimizer())

    shown = operator.get(PAGE).text
    assert "Plan of a network: 0 hubs" in shown
    assert "What each percent in time costs" in shown
    assert "the carrier Road" in shown
    assert "There is none." in shown  # No second source for the only flow.


def test_a_plan_that_cannot_be_says_why_and_what_next(caravan: Caravan, operator: TestClient) -> None:
    send(operator, PAGE, PAGE, network=SMALL, share="95", hours="5")

    planning.make_next_plan(caravan.cell, bootstrap.optimizer())

    shown = operator.get(PAGE).text
    assert "At most 0 % of the parcels" in shown
    assert "ask again" in shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"network": ATTACK}, "This is no JSON document"),
        ({"network": SMALL.replace("20}", "-1}")}, "legs row 1, hours"),
        ({"share": "101"}, "between 0 and 100 percent"),
        ({"share": "nan"}, "between 0 and 100 percent"),
        ({"hours": "0"}, "A number from 1"),
    ],
)
def test_what_is_wrong_is_told_beside_the_form_and_nothing_is_asked(
    caravan: Caravan, operator: TestClient, fields: dict[str, str], said: str
) -> None:
    answer = send(operator, PAGE, PAGE, **({"network": SMALL, "share": "95", "hours": "72"} | fields))

    assert answer.status_code == 400
    assert said in answer.text
    assert ATTACK not in answer.text
    assert len(caravan.cell.house.network.plans) == 1
