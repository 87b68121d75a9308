"""Checks the pages of exports, for operator and seller, and of webhooks: set, faults beside the form, run, fetched, dropped."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import opening, selling
from caravan.flows import profiles as knowing
from caravan.flows.exporting import Progress
from caravan.kernel import ids
from caravan.kernel.clock import DAY, FixedClock
from caravan.kernel.ids import ExportId
from caravan.web import access, pages
from caravan.world import partners

FORM = {
    "name": "gmv", "of": "gmv", "by": "", "grain": "day", "last_days": "0", "format": "csv", "every": "week", "at": "06:00",
    "weekday": "tuesday", "zone": "Europe/Lisbon", "url": "",
}  # fmt: skip
CLOCK = FixedClock()


@pytest.fixture(scope="module")
def caravan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caravan]:
    home: Path = tmp_path_factory.mktemp("home")
    running = open_caravan(Settings(home=home), clock=CLOCK, ticks=False)
    running.cell.do(opening.open_market, opening.Opening("Caravan", "EUR"))
    sellers = running.cell.do(selling.apply_to_sell, [partners.Application(name="Barro", country="PT")])
    running.cell.do(selling.approve_sellers, sellers)
    yield running
    running.close()


def enter(caravan: Caravan, audience: str, subject: int) -> TestClient:
    client = TestClient(
        Starlette(routes=pages.routes(caravan)), base_url="http://127.0.0.1:8000", follow_redirects=True
    )
    token = asyncio.run(access.issue_token(caravan, audience=audience, subject=subject))
    client.cookies.set(f"caravan_{audience}", token)
    return client


def send(client: TestClient, page: str, path: str, **fields: str) -> Any:  # noqa: ANN401
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(page).text)
    assert token is not None
    return client.post(path, data={"csrf": token[1], **fields})


@pytest.mark.parametrize(("audience", "page"), [("operator", "/operator/exports"), ("seller", "/sell/exports")])
def test_an_export_is_set_run_fetched_and_dropped(caravan: Caravan, audience: str, page: str) -> None:
    client = enter(caravan, audience, 0 if audience == "operator" else 1)
    assert "Nothing yet" in client.get(page).text

    shown = send(client, page, page, **FORM).text
    assert "Tuesday, 06:00 Europe/Lisbon" in shown
    address = re.search(rf'action="({page}/exp_\w+)/run"', shown)
    assert address is not None
    send(client, page, f"{address[1]}/run")
    number = ids.number(ExportId, address[1].rpartition("/")[2])
    caravan.exporter._under_way[number] = Progress(CLOCK.now(), rows=150_000, bytes=6_000_000)
    assert "It is being written: 150,000 rows, 6,000,000 bytes since" in client.get(page).text
    caravan.exporter._under_way.clear()
    caravan.exporter.see_to_due()

    file = re.search(rf'href="({address[1]}/gmv-\w+\.csv)"', client.get(page).text)
    assert file is not None
    assert client.get(file[1]).text == '"day","currency","gmv"\n'
    assert "no more" in send(client, page, f"{address[1]}/drop").text
    CLOCK.advance(14 * DAY)
    caravan.exporter.see_to_due()
    assert client.get(file[1]).status_code == 404


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"url": "https://10.0.0.1/"}, "public internet"), ({"zone": "Mars"}, "no time zone"), ({"at": "6"}, "at"),
        ({"by": "moon"}, "moon"), ({"of": "segment:seg_000000000001"}, "Segments are"), ({"of": "nonsense"}, "nonsense"),
        ({"name": "Ä"}, "lower-case"), ({"every": "hour"}, ":15"),
    ],
)  # fmt: skip
def test_a_fault_stands_beside_the_form_with_what_was_typed(
    caravan: Caravan, other: dict[str, str], words: str
) -> None:
    client = enter(caravan, "seller", 1)

    answer = send(client, "/sell/exports", "/sell/exports", **FORM | other)

    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="Europe/Lisbon"' in answer.text or "zone" in other


def test_a_seller_fetches_no_file_of_the_operators(caravan: Caravan) -> None:
    operator, seller = enter(caravan, "operator", 0), enter(caravan, "seller", 1)
    shown = send(operator, "/operator/exports", "/operator/exports", **FORM).text
    address = re.search(r'action="/operator/exports/(exp_\w+)/run"', shown)
    assert address is not None
    send(operator, "/operator/exports", f"/operator/exports/{address[1]}/run")
    caravan.exporter.see_to_due()
    file = re.search(rf'href="/operator/exports/{address[1]}/([^"]+)"', operator.get("/operator/exports").text)
    assert file is not None

    assert operator.get(f"/operator/exports/{address[1]}/{file[1]}").status_code == 200
    assert seller.get(f"/sell/exports/{address[1]}/{file[1]}").status_code == 404
    assert address[1] not in seller.get("/sell/exports").text


def test_a_webhook_is_set_refused_and_dropped_on_the_page_of_segments(caravan: Caravan) -> None:
    rule = {"trait": "orders", "is": "at_least", "value": 1}
    caravan.cell.do(knowing.set_segment, knowing.NewSegment("loyal", rule, "news"))
    operator, page = enter(caravan, "operator", 0), "/operator/segments"

    inside = send(operator, page, "/operator/webhooks", segment="seg_000000000001", url="https://127.0.0.1/")
    shown = send(operator, page, "/operator/webhooks", segment="seg_000000000001", url="https://x.example/in").text

    assert inside.status_code == 422
    assert "public internet" in inside.text
    assert "https://x.example/in" in shown
    assert "whsec_" in shown
    gone = send(operator, page, "/operator/webhooks/whk_000000000001/drop").text
    assert "https://x.example/in" not in gone
