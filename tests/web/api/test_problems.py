"""Checks how the API says no: each status, as problem+json, with the place of the fault and nothing of the inside."""

import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from caravan.cell import Decision, Full
from caravan.client import wire
from caravan.flows import opening
from caravan.kernel.errors import NotFound
from caravan.web.api import problems
from tests.web.api.rig import Rig, running


def _key(name: str = "k") -> dict[str, str]:
    return {"idempotency-key": name}


def _told(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"] == wire.PROBLEMS + told["refusal"].replace("_", "-")
    assert told["instance"].endswith(answer.headers["request-id"])
    assert told["title"]
    return told


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"quantity": 1, "colour": "red"}, "unknown_field", "/colour"),
        ({}, "missing_field", "/quantity"),
        ({"quantity": "many"}, "wrong_type", "/quantity"),
        ({"quantity": 1.5}, "wrong_type", "/quantity"),
        ({"quantity": 10**30}, "wrong_value", "/quantity"),
        ([], "wrong_type", ""),
    ],
)
def test_a_body_that_does_not_fit_is_answered_with_its_place(rig: Rig, body: object, code: str, pointer: str) -> None:
    trader = rig.seller()
    listing = trader.offer()

    answer = rig.http(trader.client.token).post(f"/v1/listings/{listing}/stock", json=body, headers=_key())

    assert answer.status_code == 400
    (fault,) = _told(answer)["errors"]
    assert (fault["code"], fault.get("pointer", "")) == (code, pointer)


def test_a_fault_deep_in_a_body_has_a_deep_pointer(rig: Rig) -> None:
    shopper = rig.buyer()
    body = {"lines": [{"listing": "lst_000000000001", "quantity": 0}]}

    answer = rig.http(shopper.token).post("/v1/checkout_sessions", json=body, headers=_key())

    assert _told(answer)["errors"][0]["pointer"] == "/lines/0/quantity"


@pytest.mark.parametrize("body", ["{", '{"quantity": 1', "[" * 5_000, '{"quantity": \ud800}', "\x00"])
def test_what_is_no_json_is_answered_with_400(rig: Rig, body: str) -> None:
    trader = rig.seller()
    listing = trader.offer()

    answer = rig.http(trader.client.token).post(
        f"/v1/listings/{listing}/stock", content=body.encode("utf-8", "surrogatepass"),
        headers={"content-type": "application/json", **_key()},
    )  # fmt: skip

    assert answer.status_code == 400
    assert _told(answer)["refusal"] == "invalid_request"


def test_a_body_of_another_kind_is_answered_with_415(rig: Rig) -> None:
    answer = rig.http().post("/v1/buyers", content="name=Ana", headers={"content-type": "text/plain"})

    assert answer.status_code == 415
    assert _told(answer)["refusal"] == "unsupported_media_type"


def test_a_body_that_is_too_large_is_answered_with_413(home: Path) -> None:
    with running(home, body_bytes_max=1_000) as rig:
        said = rig.http().post("/v1/buyers", content=b"x" * 2_000, headers={"content-type": "application/json"})
        assert said.status_code == 413
        assert _told(said)["refusal"] == "body_too_large"


def test_a_body_that_lies_about_its_length_is_cut_off_too(home: Path) -> None:
    with running(home, body_bytes_max=1_000) as rig:
        chunks = (b"x" * 500 for _ in range(10))
        said = rig.http().post("/v1/buyers", content=chunks, headers={"content-type": "application/json"})
        assert said.status_code == 413


def test_without_a_token_there_is_401_and_how_to_get_in(rig: Rig) -> None:
    answer = rig.http().get("/v1/orders")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert _told(answer)["refusal"] == "unauthenticated"


@pytest.mark.parametrize("said", ["Bearer crv_buyer_nobody", "Basic YTpi", "Bearer", "Bearer \xff"])
def test_a_token_that_is_nobodys_is_answered_with_401_even_where_none_is_needed(rig: Rig, said: str) -> None:
    answer = rig.http().get("/v1/products", headers={b"authorization": said.encode("latin-1")})

    assert answer.status_code == 401


def test_a_token_that_is_too_old_or_was_revoked_is_nobodys(home: Path) -> None:
    with running(home) as rig:
        client, old = rig.buyer().client, rig.buyer().client
        client.log_out()
        rig.clock.advance(91 * 86_400 * 10**6)

        for token in (client.token, old.token):
            assert rig.http(token or "gone").get("/v1/buyers/me").status_code == 401


def test_a_missing_scope_and_a_wrong_audience_are_answered_with_403(rig: Rig) -> None:
    reader = rig.token("buyer", rig.buyer().number, ("orders:read",))

    scoped = rig.http(reader).get("/v1/wallet")
    foreign = rig.http(reader).get("/v1/payouts")

    assert (scoped.status_code, _told(scoped)["refusal"]) == (403, "missing_scope")
    assert _told(scoped)["scope"] == "wallet:read"
    assert (foreign.status_code, _told(foreign)["refusal"]) == (403, "wrong_audience")


@pytest.mark.parametrize(
    "path",
    ["/v1/nothing", "/v1/orders/", "/v1/products/prd_00000000ZZZZ", "/v1/products/1", "/v1/products/lst_000000000001"],
)
def test_what_is_not_there_is_answered_with_404(rig: Rig, path: str) -> None:
    answer = rig.http(rig.token("operator")).get(path)

    assert answer.status_code == 404
    assert _told(answer)["refusal"] == "not_found"


def test_another_method_is_answered_with_405_and_those_that_there_are(rig: Rig) -> None:
    answer = rig.http().delete("/v1/products")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert _told(answer)["refusal"] == "method_not_allowed"


def test_a_refusal_of_the_business_is_422_and_tells_what_can_be_acted_on(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer(100_000)
    listing = trader.offer(1_000, 3)

    answer = rig.http(shopper.token).post(
        "/v1/orders", content=shopper.order(listing, 5, 5_000),
        headers={"content-type": "application/json", **_key()},
    )  # fmt: skip

    told = _told(answer)
    assert (answer.status_code, told["refusal"], told["available"]) == (422, "out_of_stock", 3)
    assert told["sku"].startswith("sku_")


@pytest.mark.parametrize(("cents", "refusal"), [(999, "total_changed"), (1_000, "insufficient_funds")])
def test_the_buyer_is_told_what_stands_between(rig: Rig, cents: int, refusal: str) -> None:
    trader, shopper = rig.seller(), rig.buyer(500)
    listing = trader.offer(1_000, 3)

    answer = rig.http(shopper.token).post(
        "/v1/orders", content=shopper.order(listing, 1, cents), headers={"content-type": "application/json", **_key()}
    )

    assert _told(answer)["refusal"] == refusal


def test_another_version_is_refused_and_ours_is_always_told(rig: Rig) -> None:
    answer = rig.http().get("/v1/products", headers={"api-version": "2020-01-01"})

    assert answer.status_code == 400
    assert answer.headers["api-version"] == wire.API_VERSION
    assert _told(answer)["supported"] == [wire.API_VERSION]


def test_a_query_that_is_not_known_is_refused_by_its_name(rig: Rig) -> None:
    answer = rig.http().get("/v1/products", params={"page": "2"})

    (fault,) = _told(answer)["errors"]
    assert (answer.status_code, fault["code"], fault["parameter"]) == (400, "unknown_field", "page")


@pytest.mark.parametrize("after", ["x", "e30", "%%%", "WyJuZXdlc3QiLDEsMV0=", "MTAwMDAwMDAwMDAwMDAwMDAwMDAwMA"])
def test_what_was_never_a_cursor_is_refused(rig: Rig, after: str) -> None:
    answer = rig.http(rig.token("operator")).get("/v1/orders", params={"after": after})

    assert answer.status_code == 400
    assert _told(answer)["errors"][0]["parameter"] == "after"


def test_too_many_requests_are_answered_with_429_and_when_to_come_back(home: Path) -> None:
    with running(home, requests_per_minute=5) as rig:
        http = rig.http()
        answers = [http.get("/v1/market") for _ in range(8)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 2
    assert _told(refused[0])["refusal"] == "too_many_requests"
    assert int(refused[0].headers["retry-after"]) >= 1
    assert answers[0].headers["ratelimit-limit"] == "5"
    assert answers[0].headers["ratelimit-remaining"] == "4"


def test_guessing_a_password_is_limited_harder_than_anything_else(home: Path) -> None:
    with running(home) as rig:
        http, guess = rig.http(), {"audience": "buyer", "email": "a@example.org", "password": "wrong password"}
        answers = [http.post("/v1/tokens", json=guess) for _ in range(10)]
        while answers[-1].status_code != 429 and len(answers) < 60:  # On a slow machine the allowance grows meanwhile.
            answers.append(http.post("/v1/tokens", json=guess))

    assert [answer.status_code for answer in answers[:10]] == [401] * 10
    assert answers[-1].status_code == 429
    assert _told(answers[0])["refusal"] == "wrong_login"
    assert "retry-after" in answers[-1].headers


def test_a_full_cell_is_answered_with_503_and_when_to_come_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise Full

    trader = rig.seller()
    listing = trader.offer()
    monkeypatch.setattr(rig.caravan.cell, "submit", full)

    answer = rig.http(trader.client.token).post(f"/v1/listings/{listing}/pause")

    assert (answer.status_code, answer.headers["retry-after"], _told(answer)["refusal"]) == (503, "1", "full")


def test_a_fault_of_ours_is_500_and_tells_nothing_of_the_inside(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Decision:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(opening, "set_policy", broken)
    operator = rig.operator
    policy = json.loads(rig.http().get("/v1/market").content)["policy"]

    answer = rig.http(operator.token).put("/v1/market", json={"policy": policy})

    assert (answer.status_code, _told(answer)["refusal"]) == (500, "broken")
    assert "secret" not in answer.text


def test_a_stale_edit_is_412_and_an_unconditional_one_428(rig: Rig) -> None:
    trader = rig.seller()
    listing = trader.offer()
    http = rig.http(trader.client.token)
    path, edit = f"/v1/listings/{listing}", {"price": {"amount": 900, "currency": "EUR"}}
    etag = http.get(path).headers["etag"]

    assert http.patch(path, json=edit).status_code == 428
    edited = http.patch(path, json=edit, headers={"if-match": etag})
    assert edited.status_code == 200
    assert edited.headers["etag"] != etag
    stale = http.patch(path, json=edit, headers={"if-match": etag})
    assert (stale.status_code, _told(stale)["refusal"]) == (412, "stale_revision")
    assert http.patch(path, json=edit, headers={"if-match": "whatever"}).status_code == 400
    assert http.patch(path, json=edit, headers={"if-match": "*"}).status_code == 200


def test_an_edit_of_a_page_keeps_what_it_does_not_name(rig: Rig) -> None:
    trader = rig.seller()
    page = trader.client.listing(trader.offer(title="Mug", category="Home/Kitchen")).product

    edited = trader.client.edit_product(page, wire.ProductEdit(title="Cup"), revision=1)

    assert (edited.title, edited.category, edited.revision) == ("Cup", "Home/Kitchen", 2)


def test_a_body_where_none_is_wanted_is_refused(rig: Rig) -> None:
    trader = rig.seller()
    listing = trader.offer()
    http = rig.http(trader.client.token)

    assert http.post(f"/v1/listings/{listing}/pause", json={"now": True}).status_code == 400
    assert http.post(f"/v1/listings/{listing}/pause", json={}).status_code == 200


def test_browsers_of_any_site_may_read_the_catalog_and_nothing_else(rig: Rig) -> None:
    http = rig.http()

    shelf = http.get("/v1/products", headers={"origin": "https://shop.example"})
    asked = http.options("/v1/products", headers={"origin": "https://shop.example"})

    assert shelf.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in shelf.headers
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-methods"] == "GET"
    assert "access-control-allow-origin" not in http.get("/v1/market").headers
    assert http.options("/v1/orders").status_code == 405


def test_every_answer_is_strict_with_browsers(rig: Rig) -> None:
    answer = rig.http().get("/v1/market")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"


def test_head_is_get_without_the_body(rig: Rig) -> None:
    answer = rig.http().head("/v1/market")

    assert (answer.status_code, answer.content) == (200, b"")


def test_a_client_that_hangs_up_in_the_middle_leaves_the_door_open(rig: Rig) -> None:
    host, port = rig.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(
            b"POST /v1/buyers HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
        )

    assert rig.http().get("/health").json()["status"] == "ok"


def test_each_family_of_errors_has_its_status() -> None:
    statuses = {kind.__name__: problems.status_of(kind) for kind in (Full, problems.TooManyRequests, NotFound)}

    assert statuses == {"Full": 503, "TooManyRequests": 429, "NotFound": 404}
