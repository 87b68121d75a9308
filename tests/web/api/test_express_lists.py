"""The express lane for lists says what the ordinary way says, on kept, pipelined and cut connections, and holds nobody up."""

import json
import re
from contextlib import closing

import httpx
import pytest

from caravan.bootstrap import Caravan
from caravan.client import wire
from caravan.flows import discovering
from caravan.insight import discovery
from caravan.web import suggesting
from caravan.web.api.limits import Allowance, Limit
from caravan.web.express import lists
from caravan.web.express.ride import Ride
from tests.web.api.bare import connected, everything, ordinary
from tests.web.api.rig import Rig

pytestmark = pytest.mark.timeout(900)  # The kernels may have to be compiled first.
PATH = "/v1/recommendations"
VARIES = {"request-id", "date", "ratelimit-remaining", "ratelimit-reset"}


@pytest.fixture(scope="module")
def products(rig: Rig) -> list[str]:
    rig.caravan.advice.warm()
    made = rig.things(10)
    visitor = wire.NewSignals(
        visitor="a regular", signals=[wire.NewSignal(product=one, signal="viewed") for one in made[:4]]
    )
    rig.client().note_signals(visitor)
    return made


@pytest.fixture
def ridden(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give a list that grows with each list that the lane makes."""
    made, make = list[str](), lists._make

    def watched(ride: Ride, surface: wire.Surface, question: suggesting.Question) -> None:
        made.append(surface)
        make(ride, surface, question)

    monkeypatch.setattr(lists, "_make", watched)
    return made


def said(answer: httpx.Response) -> tuple[int, dict[str, object], dict[str, str]]:
    body = json.loads(answer.content)
    body.pop("instance", None)
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name not in VARIES}


@pytest.mark.parametrize("is_buyer", [False, True])
def test_a_list_is_told_as_the_ordinary_way_would(
    rig: Rig, products: list[str], ridden: list[str], monkeypatch: pytest.MonkeyPatch, *, is_buyer: bool
) -> None:
    http = rig.http(rig.buyer(cents=1).token if is_buyer else None)
    asked = {"surface": "also_bought", "product": products[0], "limit": "3", "visitor": "a passer-by"}

    quick = http.get(PATH, params=asked)
    with ordinary(monkeypatch):
        slow = http.get(PATH, params=asked)

    assert ridden == ["also_bought"]
    assert said(quick) == said(slow)
    assert set(quick.headers) == set(slow.headers)
    assert len(quick.json()["data"]) == 3


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("surface=also_bought", {}),
        ("surface=nowhere", {}),
        ("product=prd_00000000ZZZZ", {}),
        ("product=ord_000000000001", {}),
        ("limit=0", {}),
        ("unknown=1", {}),
        ("&".join(f"a{number}=1" for number in range(40)), {}),
        ("", {"api-version": "2020-01-01"}),
        ("", {"authorization": "Bearer nobody"}),
        ("", {"authorization": "Basic bm9ib2R5Og=="}),
    ],
)
def test_a_refusal_is_told_as_the_ordinary_way_would(
    rig: Rig, products: list[str], ridden: list[str], monkeypatch: pytest.MonkeyPatch, query: str,
    headers: dict[str, str],
) -> None:  # fmt: skip
    assert products
    quick = rig.http().get(f"{PATH}?{query}", headers=headers)
    with ordinary(monkeypatch):
        slow = rig.http().get(f"{PATH}?{query}", headers=headers)

    assert said(quick) == said(slow)
    assert quick.status_code >= 400
    assert not ridden


def test_whoever_may_not_ask_more_is_refused_as_the_ordinary_way_would(
    rig: Rig, products: list[str], ridden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert products
    monkeypatch.setattr(Limit, "take", lambda *_: Allowance(limit=9, remaining=0, reset_s=60, wait_s=7))

    quick = rig.http().get(PATH)
    with ordinary(monkeypatch):
        slow = rig.http().get(PATH)

    assert said(quick) == said(slow)
    assert (quick.status_code, quick.headers["retry-after"]) == (429, "7")
    assert not ridden


def test_whoever_asks_is_counted_as_on_the_ordinary_way(
    rig: Rig, products: list[str], ridden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert products
    callers, take, token = list[object](), Limit.take, rig.buyer(cents=1).token

    def watched(limit: Limit, caller: str) -> Allowance:
        callers.append(caller)
        return take(limit, caller)

    def ask() -> list[object]:
        callers.clear()
        for address in ("203.0.113.7", "198.51.100.1, 203.0.113.8", "no address"):
            rig.http().get(PATH, headers={"x-forwarded-for": address})
        rig.http().get(PATH)
        rig.http(token).get(PATH)
        return callers.copy()

    monkeypatch.setattr(Limit, "take", watched)
    quick = ask()
    with ordinary(monkeypatch):
        slow = ask()

    assert quick == slow == ["203.0.113.7", "203.0.113.8", "no address", "127.0.0.1", token]
    assert len(ridden) == 5


def test_what_is_shown_is_noted(rig: Rig, products: list[str], ridden: list[str]) -> None:
    answer = rig.http().get(PATH, params={"visitor": "somebody noted", "limit": 2})
    for written in rig.caravan.noting.flush():
        written.result()
    rig.caravan.advice.wait_for(rig.caravan.cell.position, timeout_s=20)

    shown = rig.caravan.advice.tastes.latest[-1]
    assert ridden == ["home"]
    assert shown.visitor == suggesting.mark_of(rig.caravan, "somebody noted")
    assert len(shown.products) == len(answer.json()["data"]) == 2
    assert products


def test_lists_sent_for_ahead_are_answered_in_order_whichever_way_they_go(
    rig: Rig, products: list[str], ridden: list[str]
) -> None:
    asked = [_request(f"surface=also_bought&product={one}&limit={place + 1}") for place, one in enumerate(products[:3])]

    with closing(connected(rig)) as link:
        link.sendall(b"".join(asked) + b"GET /v1/orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        told = everything(link)

    assert re.findall(rb"HTTP/1\.1 (\d+) ", told) == [b"200", b"200", b"200", b"401"]
    assert [len(json.loads(one)["data"]) for one in re.findall(rb'\{"surface".*?\]\}', told)] == [1, 2, 3]
    assert ridden == ["also_bought"]


def test_a_request_in_pieces_is_one_and_closes_when_told(rig: Rig, products: list[str], ridden: list[str]) -> None:
    assert products
    with closing(connected(rig)) as link:
        for byte in _request("", b"connection: close\r\n"):
            link.sendall(bytes([byte]))
        told = everything(link)

    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close" in told
    assert ridden == ["home"]


def test_a_body_or_another_protocol_takes_the_ordinary_way(rig: Rig, products: list[str], ridden: list[str]) -> None:
    assert products
    with closing(connected(rig)) as link:
        link.sendall(_request("", b"content-length: 2\r\n") + b"{}")
        link.sendall(b"GET /v1/recommendations HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
        link.sendall(b"GET /v1/recommendations HTTP/1.0\r\nhost: x\r\n\r\n")
        told = everything(link)

    assert re.findall(rb"HTTP/1\.1 (\d+) ", told) == [b"415", b"200", b"200"]
    assert not ridden


def test_whoever_hung_up_harms_nobody(rig: Rig, products: list[str]) -> None:
    assert products
    for _ in range(5):
        with closing(connected(rig)) as link:
            link.sendall(_request(""))

    assert rig.http().get(PATH).status_code == 200


def test_a_fault_is_told_and_the_connection_goes_on(
    rig: Rig, products: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert products

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with rig.http() as http:
        with monkeypatch.context() as patch:
            patch.setattr(suggesting, "begin", broken)
            first = http.get(PATH)
        with monkeypatch.context() as patch:
            patch.setattr(discovering, "arrange", broken)
            second = http.get(PATH)
        third = http.get(PATH)

    assert [one.status_code for one in (first, second, third)] == [500, 500, 200]
    assert first.json()["instance"].startswith("urn:caravan:request:")
    assert "A request broke." in caplog.text


def test_what_is_not_folded_in_yet_is_waited_for(
    rig: Rig, products: list[str], ridden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited, wait = list[int](), suggesting.wait_until_current

    def watched(caravan: Caravan) -> None:
        wait(caravan)
        waited.append(caravan.advice.position)

    with monkeypatch.context() as patch:
        patch.setattr(suggesting, "is_current", lambda _: False)
        patch.setattr(suggesting, "wait_until_current", watched)
        signal = wire.NewSignal(product=products[7], signal="viewed")
        rig.client().note_signals(wire.NewSignals(visitor="a newcomer", signals=[signal]))
        answer = rig.http().get(PATH, params={"visitor": "a newcomer"})

    assert products[7] in {one[name] for one in answer.json()["data"] for name in ("id", "because")}
    assert ridden == ["home"]
    assert waited[0] >= rig.caravan.cell.position_of(discovery.Tastes.telling)


def _request(query: str, more: bytes = b"") -> bytes:
    return f"GET {PATH}?{query} HTTP/1.1\r\nhost: x\r\n".encode() + more + b"\r\n"
