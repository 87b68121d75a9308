"""Checks paying over the API, against the sandbox provider behind a real server: by page, by token, by webhook."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from caravan.adapters.sandbox.psp import GOOD, SECRET, SandboxPsp
from caravan.adapters.sandbox.server import make_app
from caravan.config import Settings
from caravan.flows import invariants
from caravan.kernel.clock import SECOND
from tests.web.api.rig import Rig, Shopper, euro, running


@pytest.fixture(scope="module")
def psp() -> Iterator[SandboxPsp]:
    psp = SandboxPsp(now=lambda: int(time.time()))
    yield psp
    psp.close()


@pytest.fixture(scope="module")
def provider(psp: SandboxPsp) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(make_app(psp), host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    psp.url = url
    yield url
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def market(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    home = tmp_path_factory.mktemp("home")
    with running(home, has_play_money=True, card_url=provider, card_key="sk_test", card_webhook_secret=SECRET) as rig:
        yield rig
        assert list(rig.caravan.cell.ask(invariants.findings)) == []


def begin(rig: Rig, buyer: Shopper, **how: object) -> tuple[str, httpx.Response]:
    seller = rig.seller()
    session = buyer.client.open_checkout(lines={seller.offer(1_000, 5): 1}, address=buyer.address).id
    body = {"provider": "card", "expected_total": {"amount": 1_000, "currency": "EUR"}} | how
    answer = rig.http(buyer.token).post(
        f"/v1/checkout_sessions/{session}/payments", json=body, headers={"idempotency-key": f"k{session}"}
    )
    return session, answer


def test_a_buyer_pays_on_the_providers_page(market: Rig, psp: SandboxPsp) -> None:
    buyer = market.buyer(0)
    session, begun = begin(market, buyer, return_url="https://shop.example/back")
    assert (begun.status_code, begun.json()["status"]) == (201, "created")
    http = market.http(buyer.token)
    shown = http.get(begun.headers["location"]).json()
    assert shown["status"] == "pending"

    page = httpx.get(shown["page"])
    declined = httpx.post(shown["page"], data={"card": "4000000000000002"})
    paid = httpx.post(shown["page"], data={"card": GOOD})

    assert (page.status_code, "10.00 EUR" in page.text, "declined this card" in declined.text) == (200, True, True)
    assert (paid.status_code, paid.headers["location"]) == (303, "https://shop.example/back")
    assert "done with" in httpx.get(shown["page"]).text
    assert http.get(begun.headers["location"]).json()["status"] == "authorized"
    assert buyer.client.checkout(session).status == "completed"
    assert httpx.get(f"{psp.url}/pay/cs_none").status_code == 404


def test_a_token_is_asked_at_once_and_the_seller_hands_over(market: Rig) -> None:
    buyer, seller = market.buyer(0), market.seller()
    session = buyer.client.open_checkout(lines={seller.offer(2_000, 5): 1}, address=buyer.address).id
    payment = buyer.client.pay(session, "card", euro(2_000), token="pm_card_visa")
    shown = buyer.client.payment(payment.id)
    assert shown.status == "authorized"
    assert shown.purchase is not None

    order = buyer.client.purchase(shown.purchase).orders[0]
    seller.client.ship(order, "DHL")

    assert buyer.client.payment(payment.id).status == "captured"


def test_a_webhook_has_the_provider_asked(market: Rig, psp: SandboxPsp) -> None:
    buyer = market.buyer(0)
    _, begun = begin(market, buyer, return_url="https://shop.example/back")
    shown = market.http(buyer.token).get(begun.headers["location"]).json()
    psp.notices()
    psp.fill_in(shown["page"].rpartition("/")[2], GOOD)
    psp._now = lambda: market.clock.now() // SECOND  # The market's clock stands still.

    (notice,) = psp.notices()
    headers = {"stripe-signature": notice.signature, "content-type": "application/json"}
    taken = httpx.post(f"{market.url}/v1/webhooks/payments/card", content=notice.body, headers=headers)
    forged = httpx.post(f"{market.url}/v1/webhooks/payments/card", content=notice.body + b" ", headers=headers)
    other = market.http().post("/v1/webhooks/payments/bank", content=b"{}")

    assert taken.json()["event"].startswith("evt_")
    assert (forged.status_code, forged.json()["refusal"]) == (422, "unsigned_notice")
    assert other.status_code == 404
    assert market.caravan.cell.ask(lambda house: max(house.dealings.fundings)) > 0


def test_a_payment_is_given_up_for_the_wallet(market: Rig) -> None:
    buyer = market.buyer(5_000)
    session, _ = begin(market, buyer, return_url="https://shop.example/back")

    reopened = buyer.client.give_up_payment(session)

    assert reopened.status == "ready"
    assert buyer.client.complete(session, euro(1_000)).total == euro(1_000)


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"provider": "card"}, "invalid"),
        ({"provider": "transfer"}, "no_such_provider"),
        ({"provider": "cash"}, "cash_refused"),
        ({"provider": "wallet"}, "insufficient_funds"),
        ({"token": "pm_card_visa", "coupon": "NONE"}, "coupon_refused"),
        ({"token": "x", "expected_total": {"amount": 999, "currency": "EUR"}}, "total_changed"),
        ({"token": "x", "expected_total": {"amount": 1_000, "currency": "USD"}}, "total_changed"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(market: Rig, how: dict[str, object], refusal: str) -> None:
    _, answer = begin(market, market.buyer(0), **how)

    assert answer.json()["refusal"] == refusal


def test_without_a_provider_no_card_is_taken(rig: Rig) -> None:
    _, answer = begin(rig, rig.buyer(0), token="pm_card_visa")

    assert (answer.status_code, answer.json()["refusal"]) == (422, "no_such_provider")


def test_the_secrets_are_empty_unless_they_are_set() -> None:
    assert (Settings().card_key, Settings().card_webhook_secret) == ("", "")
