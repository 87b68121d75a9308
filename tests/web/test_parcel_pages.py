"""Checks the pages of parcels and claims without a browser: what is refused is said on the page, and others see nothing."""

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
from tests.web.test_pages import Open, buy, fill, register, seller_login, send


@pytest.fixture(scope="module")
def caravan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caravan]:
    """Serve one market to all of these tests."""
    running = open_caravan(Settings(home=tmp_path_factory.mktemp("market")), clock=FixedClock(), ticks=False)
    fill(running)
    running.cell.do_many(selling.receive_stock, selling.stock_receipt(ListingId(1), 5, at=running.clock.now()))
    yield running
    running.close()


@pytest.fixture(scope="module")
def visitor(caravan: Caravan) -> Open:
    app = Starlette(routes=pages.routes(caravan))
    return lambda: TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=True)


@pytest.fixture(scope="module")
def both(caravan: Caravan, visitor: Open) -> tuple[TestClient, str]:
    """Give a browser in which a seller and a buyer are logged in, and their order of a mug, packed and handed over."""
    client = visitor()
    seller_login(caravan, client)
    register(client, "bea@example.org")
    order = buy(client)
    here = f"/sell/orders/{order}"
    send(client, here, f"{here}/pack", **{"line-0": "1"})
    parcel = _parcel(client, order)
    send(client, here, f"/sell/parcels/{parcel}/send", carrier="CTT", tracking="RR1")
    send(client, here, f"/sell/parcels/{parcel}/scan", to="delivered")
    return client, order


def _parcel(client: TestClient, order: str) -> str:
    found = re.findall(r"par_\w+", client.get(f"/sell/orders/{order}").text)
    assert found
    return str(found[-1])


def test_what_cannot_be_packed_or_sent_is_said_on_the_page(both: tuple[TestClient, str]) -> None:
    client, order = both
    here = f"/sell/orders/{order}"
    parcel = _parcel(client, order)

    tries = {
        f"{here}/pack": {"line-0": "1"}, f"{here}/rest": {}, f"/sell/parcels/{parcel}/unpack": {},
        f"/sell/parcels/{parcel}/scan": {"to": "eaten"}, f"/sell/parcels/{parcel}/rates": {"weight": "100"},
        f"/sell/parcels/{parcel}/buy": {"rate": "none"}, f"/sell/parcels/{parcel}/void": {}, f"{here}/cancel": {},
        f"/sell/parcels/{parcel}/send": {"carrier": ""}, f"{here}/take-back": {"line": "0", "quantity": "9", "refund": "1"},
    }  # fmt: skip
    for path, fields in tries.items():
        said = send(client, here, path, **fields)
        assert said.status_code == 422, path
        assert 'role="alert"' in said.text, path


def test_papers_of_a_parcel_are_pdf(both: tuple[TestClient, str]) -> None:
    client, order = both
    parcel = _parcel(client, order)

    for paper in ("label", "picks"):
        assert client.get(f"/sell/parcels/{parcel}/{paper}").content.startswith(b"%PDF-")


def test_a_claim_is_refused_and_taken_with_words(both: tuple[TestClient, str]) -> None:
    client, order = both
    mine = f"/my/orders/{order}"

    without = send(client, mine, f"{mine}/claim", reason="")
    too_much = send(client, mine, f"{mine}/claim", reason="damaged", amount="99")
    early = send(client, mine, f"{mine}/claim", reason="damaged", amount="2,50", note="<b>cracked</b>")
    wrong = send(client, f"/sell/orders/{order}", "/sell/claims/clm_000000000001/answer", answer="perhaps")
    most = send(client, f"/sell/orders/{order}", "/sell/claims/clm_000000000001/answer", answer="money", amount="9")
    anew = send(client, f"/sell/orders/{order}", "/sell/claims/clm_000000000001/answer", answer="anew")

    assert (without.status_code, too_much.status_code, wrong.status_code, most.status_code) == (422, 422, 422, 422)
    assert "At most 1250" in too_much.text
    assert "&lt;b&gt;cracked" in early.text
    assert "Sent anew" in anew.text
    assert "clm_000000000009" not in client.get("/sell/claims").text


def test_another_buyer_and_a_guest_see_no_claim(both: tuple[TestClient, str], visitor: Open) -> None:
    _, order = both
    other = visitor()
    register(other, "eve@example.org")

    said = send(other, "/my", f"/my/orders/{order}/claim", reason="damaged")
    moved = send(other, "/my", "/my/claims/clm_000000000001/content")

    assert (said.status_code, moved.status_code) == (404, 404)
    assert visitor().get("/operator/claims").url.path == "/operator/login"


def test_units_come_back_for_others_or_for_money(caravan: Caravan, visitor: Open) -> None:
    client = visitor()
    seller_login(caravan, client)
    register(client, "gil@example.org")
    order = buy(client)
    here = f"/sell/orders/{order}"
    send(client, here, f"{here}/hand-over", carrier="CTT")

    anew = send(client, here, f"{here}/take-back", line="0", quantity="1", how="anew")
    parcel = _parcel(client, order)
    send(client, here, f"/sell/parcels/{parcel}/send", carrier="CTT")
    money = send(client, here, f"{here}/take-back", line="0", quantity="1", refund="12,50", how="money")

    assert "others are packed" in anew.text
    assert "on the shelf again" in money.text
    assert "Refunded" in client.get(f"/my/orders/{order}").text


def test_without_a_carrier_nobody_is_asked(both: tuple[TestClient, str]) -> None:
    client, order = both

    assert "Ask carriers" not in client.get(f"/sell/orders/{order}").text
