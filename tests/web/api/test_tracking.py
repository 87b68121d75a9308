"""Tests that behavior events in Segment's shape come in: as signals and ties, once each, by a write key that may do no more."""

import base64

import httpx
import msgspec
import numpy as np
import pytest

from caravan.client import wire
from caravan.flows import lookalikes
from caravan.insight import oneid
from caravan.web import suggesting
from tests.web.api.rig import Rig, price

ORIGIN = {"origin": "https://shop.example"}


@pytest.fixture(scope="module")
def product(rig: Rig) -> str:
    offered = rig.seller().client.offer_product(
        wire.NewProduct(title="Lamp", category="Home", options=[wire.NewOption(price=price(1_000))])
    )
    return offered.id


@pytest.fixture(scope="module")
def key(rig: Rig) -> str:
    """Give a write key as a page has it: it may send events and nothing else."""
    return rig.token("operator", scopes=("events:write",))


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def viewed(product: str, **more: object) -> dict[str, object]:
    return {
        "event": "Product Viewed", "anonymousId": "anon-1", "properties": {"product_id": product, "position": 3},
        "context": {"library": {"name": "analytics.js"}}, "sentAt": "2026-11-28T10:00:00Z", **more,
    }  # fmt: skip


def signals(rig: Rig) -> int:
    """Count the signals in the log."""
    caravan = rig.caravan
    caravan.advice.wait_for(caravan.cell.position, timeout_s=30)
    return len(caravan.advice.tastes.visitors)


def take(http: httpx.Client, path: str, body: object, headers: dict[str, str]) -> wire.EventsTaken:
    said = http.post(path, json=body, headers=headers)
    assert said.status_code == 200, said.text
    return msgspec.json.decode(said.content, type=wire.EventsTaken)


def facts(rig: Rig) -> int:
    return rig.caravan.cell.facts


def test_an_event_becomes_a_signal_of_its_visitor(rig: Rig, product: str, key: str) -> None:
    before = signals(rig)

    said = take(rig.http(), "/v1/track", viewed(product, anonymousId="somebody new"), basic(key))

    assert (said.success, said.noted, said.skipped) == (True, 1, [])
    assert signals(rig) == before + 1


def looked_at(rig: Rig, who: str) -> list[int]:
    caravan = rig.caravan
    caravan.advice.wait_for(caravan.cell.position, timeout_s=30)
    return list(caravan.advice.tastes.recent_of(suggesting.mark_of(caravan, who), 0))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/page", {"properties": {"dwell_ms": 300}}),
        ("/v1/screen", {"properties": {"duration": 0.3}}),
        ("/v1/track", {"event": "Product Left", "properties": {"duration": 1}}),
    ],
)
def test_a_duration_says_how_long_a_page_was_seen(
    rig: Rig, product: str, key: str, path: str, message: dict[str, dict[str, object]]
) -> None:
    take(rig.http(), "/v1/track", viewed(product, anonymousId=path), basic(key))
    before = looked_at(rig, path)
    properties = message["properties"] | {"product_id": product}

    said = take(rig.http(), path, message | {"anonymousId": path, "properties": properties}, basic(key))

    assert said.noted == 1
    assert (len(before), looked_at(rig, path)) == (1, [])


@pytest.mark.parametrize(("duration", "left"), [(12, 1), (0.5, 0), ("long", 1), (True, 1), (-1, 1), (1e300, 1)])
def test_a_look_may_come_with_its_duration(rig: Rig, product: str, key: str, duration: object, left: int) -> None:
    properties = {"product_id": product, "duration": duration}

    take(rig.http(), "/v1/track", viewed(product, anonymousId=f"{duration}", properties=properties), basic(key))

    assert len(looked_at(rig, f"{duration}")) == left


@pytest.mark.parametrize("properties", [{}, {"duration": "long"}])
def test_a_page_without_a_duration_is_of_no_use(
    rig: Rig, product: str, key: str, properties: dict[str, object]
) -> None:
    message = {"anonymousId": "x", "properties": properties | {"product_id": product}}

    said = take(rig.http(), "/v1/page", message, basic(key))

    assert [one.reason for one in said.skipped] == ["not_used"]


def test_a_message_that_is_sent_again_has_its_effect_once(rig: Rig, product: str, key: str) -> None:
    message = viewed(product, messageId="m-1")
    take(rig.http(), "/v1/track", message, basic(key))
    before = facts(rig)

    again = take(rig.http(), "/v1/track", message | {"sentAt": "later"}, basic(key))

    assert again.noted == 1
    assert facts(rig) == before


def test_a_batch_is_taken_in_order_and_says_what_was_of_no_use(rig: Rig, product: str, key: str) -> None:
    batch = [
        viewed(product, type="track"), viewed("prd_zzz", type="track", messageId="a"), {"type": "page", "messageId": "b"},
        {"type": "track", "event": "Product Viewed", "properties": {"product_id": product}, "messageId": "c"},
        {"type": "track", "event": "Cart Viewed", "anonymousId": "x", "messageId": "d"},
        viewed(product, type="track", messageId="e", context={"userAgent": "Googlebot/2.1"}),
        viewed(
            product, type="track", messageId="f", context={"consent": {"categoryPreferences": {"Analytics": False}}}
        ),
    ]  # fmt: skip

    said = take(rig.http(), "/v1/batch", {"batch": batch}, basic(key))

    assert said.noted == 1
    assert {one.message_id: one.reason for one in said.skipped} == {
        "a": "unknown_product", "b": "not_used", "c": "nobody", "d": "not_used", "e": "robot", "f": "no_consent",
    }  # fmt: skip


def test_a_page_may_send_plain_text_with_the_key_inside(rig: Rig, product: str, key: str) -> None:
    body = msgspec.json.encode(viewed(product, writeKey=key))

    said = rig.http().post("/v1/track", content=body, headers={"content-type": "text/plain;charset=UTF-8"} | ORIGIN)

    assert said.status_code == 200
    assert said.headers["access-control-allow-origin"] == "*"
    assert said.json()["noted"] == 1


@pytest.mark.parametrize("path", ["/v1/track", "/v1/identify", "/v1/page", "/v1/screen", "/v1/group", "/v1/alias"])
def test_every_path_of_the_protocol_is_there_and_wants_a_key(rig: Rig, path: str) -> None:
    assert rig.http().post(path, json={}).status_code == 401
    assert rig.http().post(path, json={}, headers=basic("nobody's")).status_code == 401
    assert rig.http().post(path, json={}, headers={"authorization": "Basic ?"}).status_code == 401


def test_another_token_is_no_write_key(rig: Rig, product: str) -> None:
    narrow = rig.token("operator", scopes=("catalog:read",))
    seller = rig.seller().client._sender.token

    assert rig.http().post("/v1/track", json=viewed(product), headers=basic(narrow)).status_code == 403
    assert rig.http().post("/v1/track", json=viewed(product, writeKey=seller)).status_code == 401


def test_a_write_key_opens_nothing_else(rig: Rig, key: str) -> None:
    assert rig.http(key).get("/v1/identities/proposals").status_code == 403
    said = rig.http().get("/v1/tokens/current", headers=basic(key))
    assert said.status_code == 401
    assert "Bearer" in said.json()["detail"]


def test_a_browser_that_asks_first_may_send(rig: Rig) -> None:
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"} | ORIGIN

    said = rig.http().options("/v1/batch", headers=asks)

    assert said.status_code == 204
    assert "POST" in said.headers["access-control-allow-methods"]
    assert "Authorization" in said.headers["access-control-allow-headers"]


def who(rig: Rig, kind: oneid.Type, value: str) -> int:
    seen = lookalikes.marked(rig.caravan.vault, [[(kind, value)]], [""])
    found: np.ndarray = rig.caravan.cell.ask(
        lambda house: oneid.identify(house.oneid, seen.types, seen.highs, seen.lows)
    )
    return int(found[0])


def test_a_server_ties_what_it_has_proved_and_a_page_ties_nothing(rig: Rig, key: str) -> None:
    server = rig.token("operator", scopes=("events:write", "identities:write"))
    told = {
        "userId": "user 77", "anonymousId": "anon-77", "messageId": "i-1",
        "traits": {"email": "ana77@example.org", "email_verified": True, "phone": "+351 912 345 678"},
    }  # fmt: skip

    refused = take(rig.http(), "/v1/identify", told | {"messageId": "i-0"}, basic(key))
    said = take(rig.http(), "/v1/identify", told, basic(server))
    alias = take(rig.http(), "/v1/alias", {"userId": "user 77", "previousId": "anon-old"}, basic(server))

    assert [one.reason for one in refused.skipped] == ["key_may_not_tie"]
    assert (said.noted, alias.noted) == (1, 1)
    known = who(rig, oneid.Type.LOGIN, "user 77")
    assert known == who(rig, oneid.Type.COOKIE, "anon-77") == who(rig, oneid.Type.EMAIL, "ana77@example.org") > 0
    assert known == who(rig, oneid.Type.COOKIE, "anon-old")
    assert who(rig, oneid.Type.PHONE, "+351 912 345 678") == 0


def test_a_name_that_stands_for_nobody_ties_nothing(rig: Rig) -> None:
    server = rig.token("operator", scopes=("events:write", "identities:write"))

    said = take(rig.http(), "/v1/identify", {"userId": 0, "anonymousId": "000000"}, basic(server))

    assert [one.reason for one in said.skipped] == ["nothing_to_tie"]
