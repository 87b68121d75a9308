"""The express lane says what the ordinary way says, word for word, on kept, pipelined and broken connections."""

import json
import re
import threading
import time
from contextlib import closing

import httpx
import pytest

from caravan.flows import invariants
from caravan.web.api.canonical import canonical
from caravan.web.express import orders
from tests.web.api.bare import connected, everything, ordinary
from tests.web.api.rig import Rig, Shopper

PATH = "/v1/orders"
VARIES = {"request-id", "date", "ratelimit-remaining", "ratelimit-reset"}


def ask(rig: Rig, buyer: Shopper, body: bytes, **headers: str) -> httpx.Response:
    told = {"content-type": "application/json", "idempotency-key": "one", **headers}
    return rig.http(buyer.token).post(PATH, content=body, headers=told)


def said(answer: httpx.Response) -> tuple[int, dict[str, object], dict[str, str]]:
    body = json.loads(answer.content)
    for name in ("id", "orders", "instance", "placed_at"):
        body.pop(name, None)
    headers = {name: value for name, value in answer.headers.items() if name not in VARIES | {"location"}}
    return answer.status_code, body, headers


def test_an_order_is_placed_and_told_as_the_ordinary_way_would(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=9), rig.buyer(cents=9_000)
    body = buyer.order(listing, 2, 2_000)

    quick = ask(rig, buyer, body)
    with ordinary(monkeypatch):
        slow = ask(rig, buyer, body, **{"idempotency-key": "two"})

    assert said(quick) == said(slow)
    assert quick.status_code == 201
    assert quick.headers["location"] == f"/v1/purchases/{quick.json()['id']}"
    assert set(quick.headers) == set(slow.headers)
    assert rig.operator.listing(listing).available == 5


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"expected_total": {"amount": 1, "currency": "EUR"}}, {}),
        ({"expected_total": {"amount": 2_000, "currency": "ZZZ"}}, {}),
        ({"lines": []}, {}),
        ({"lines": [{"listing": "lst_00000000ZZZZ", "quantity": 1}]}, {}),
        ({"lines": [{"listing": "ord_000000000001", "quantity": 1}]}, {}),
        ({"address": "adr_00000000ZZZZ"}, {}),
        ({"unknown": 1}, {}),
        ({}, {"content-type": "text/plain"}),
        ({}, {"idempotency-key": ""}),
        ({}, {"idempotency-key": "x" * 256}),
        ({}, {"api-version": "2020-01-01"}),
        ({}, {"authorization": "Bearer nobody"}),
        ({}, {"authorization": ""}),
    ],
)
def test_a_refusal_is_told_as_the_ordinary_way_would(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], headers: dict[str, str]
) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=9), rig.buyer(cents=9_000)
    body = json.dumps(json.loads(buyer.order(listing, 2, 2_000)) | change).encode()

    quick = ask(rig, buyer, body, **headers)
    with ordinary(monkeypatch):
        slow = ask(rig, buyer, body, **headers | ({} if "idempotency-key" in headers else {"idempotency-key": "two"}))

    assert said(quick) == said(slow)
    assert quick.status_code >= 400


def test_a_body_that_is_no_json_is_refused(rig: Rig) -> None:
    answer = ask(rig, rig.buyer(cents=1), b"{")

    assert (answer.status_code, answer.json()["refusal"]) == (400, "invalid_request")


@pytest.mark.parametrize("first_is_express", [True, False])
def test_a_key_sent_again_the_other_way_is_answered_word_for_word(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, *, first_is_express: bool
) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=9), rig.buyer(cents=9_000)
    body = buyer.order(listing, 2, 2_000)
    spaced = json.dumps(json.loads(body), indent=1, sort_keys=True).encode()

    if first_is_express:
        first = ask(rig, buyer, body)
        with ordinary(monkeypatch):
            again = ask(rig, buyer, spaced)
    else:
        with ordinary(monkeypatch):
            first = ask(rig, buyer, body)
        again = ask(rig, buyer, spaced)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert rig.operator.listing(listing).available == 7


def test_a_key_with_another_body_is_a_conflict(rig: Rig) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=9), rig.buyer(cents=9_000)
    ask(rig, buyer, buyer.order(listing, 2, 2_000))

    again = ask(rig, buyer, buyer.order(listing, 1, 1_000))

    assert (again.status_code, again.json()["refusal"]) == (422, "idempotency_conflict")


@pytest.mark.parametrize(
    "text", [b'{"a":1.0}', b'{"a":[1e2]}', b'{"a":"\\u00e9"}', '{"é":1}'.encode(), b'{"b":1,"a":2}']
)
def test_the_quick_canonical_form_is_the_canonical_form(text: bytes) -> None:
    assert orders.canonical_of(text) == canonical(json.loads(text))


def test_requests_sent_ahead_are_answered_in_order_whichever_way_they_go(rig: Rig) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=9), rig.buyer(cents=9_000)
    orders = b"".join(_request(buyer, f"key-{place}", buyer.order(listing, 1, 1_000)) for place in range(3))

    with closing(connected(rig)) as connection:
        connection.sendall(orders + b"GET /v1/orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        told = everything(connection)

    assert re.findall(rb"HTTP/1\.1 (\d+) ", told) == [b"201", b"201", b"201", b"401"]
    assert rig.operator.listing(listing).available == 6


def test_a_request_that_comes_in_pieces_is_one_request(rig: Rig) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=9), rig.buyer(cents=9_000)
    whole = _request(buyer, "pieces", buyer.order(listing, 1, 1_000), b"connection: close\r\n")

    with closing(connected(rig)) as connection:
        for first in range(0, len(whole), 40):
            connection.sendall(whole[first : first + 40])
            time.sleep(0.002)
        told = everything(connection)

    assert told.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"connection: close" in told


def test_an_order_of_somebody_who_hung_up_is_there_when_they_ask_again(rig: Rig) -> None:
    listing, buyer = rig.seller().offer(cents=1_000, units=9), rig.buyer(cents=9_000)
    body = buyer.order(listing, 1, 1_000)

    with closing(connected(rig)) as connection:
        connection.sendall(_request(buyer, "gone", body))
    answer = ask(rig, buyer, body, **{"idempotency-key": "gone"})
    while answer.status_code == 409:
        answer = ask(rig, buyer, body, **{"idempotency-key": "gone"})

    assert answer.status_code == 201
    assert rig.operator.listing(listing).available == 8


def test_many_at_once_buy_what_there_is_and_no_more(rig: Rig) -> None:
    listing = rig.seller().offer(cents=1_000, units=20)
    buyers, seen = rig.buyers(8, cents=10_000), list[int]()

    def shop(buyer: Shopper) -> None:
        with rig.http(buyer.token) as http:
            for place in range(5):
                told = {"content-type": "application/json", "idempotency-key": f"{buyer.number}-{place}"}
                seen.append(http.post(PATH, content=buyer.order(listing, 1, 1_000), headers=told).status_code)

    threads = [threading.Thread(target=shop, args=(buyer,)) for buyer in buyers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seen) == [201] * 20 + [422] * 20
    assert not list(invariants.findings(rig.caravan.cell.house))


def _request(buyer: Shopper, key: str, body: bytes, more: bytes = b"") -> bytes:
    return (
        b"POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + buyer.token.encode()
        + b"\r\nidempotency-key: " + key.encode() + b"\r\ncontent-type: application/json\r\n" + more
        + b"content-length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )  # fmt: skip
