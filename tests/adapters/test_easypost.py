"""Checks the carriers' adapter against the sandbox, over a real network connection and without one."""

import asyncio
import threading
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest
import uvicorn

from caravan.adapters.easypost import EasyPostCarrier, signed
from caravan.adapters.sandbox.carrier import HEADER, SECRET, SandboxCarrier
from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.server import Courier, InProcess, make_carrier_app
from caravan.kernel.clock import SECOND
from caravan.trade.delivery import (
    Answered,
    CarrierDown,
    LabelAsk,
    LabelKind,
    NoRates,
    ParcelStatus,
    Place,
    Rate,
    UnsignedTracking,
    Wanted,
)

NOW_S = 1_790_000_000
HERE = Place("Olaria", "", "", "Porto", "4050", "PT")
THERE = Place("Ana", "Calle 1", "", "Vigo", "36201", "ES")


@pytest.fixture
def road() -> Iterator[SandboxCarrier]:
    road = SandboxCarrier(now=lambda: NOW_S)
    yield road
    road.close()


@pytest.fixture(params=["in process", "over HTTP"])
def carrier(request: pytest.FixtureRequest, road: SandboxCarrier) -> Iterator[EasyPostCarrier]:
    if request.param == "in process":
        yield inside(road)
        return
    server = uvicorn.Server(
        uvicorn.Config(make_carrier_app(road), host="127.0.0.1", port=0, log_level="error", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    road.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    carrier = EasyPostCarrier(road.url, key="EZTK", webhook_secret=SECRET)
    yield carrier
    carrier.close()
    server.should_exit = True
    thread.join(10)


def inside(road: SandboxCarrier) -> EasyPostCarrier:
    return EasyPostCarrier("http://sandbox", key="EZTK", webhook_secret=SECRET, transport=InProcess(road))


def quoted(carrier: EasyPostCarrier, grams: int = 900) -> Rate:
    return min(carrier.rates(Wanted("par_1", HERE, THERE, grams)), key=lambda rate: rate.amount_minor)


def buy(rate: Rate) -> LabelAsk:
    return LabelAsk(LabelKind.BUY, "label-1", rate.shipment, rate.rate)


def bought(carrier: EasyPostCarrier) -> tuple[Rate, str]:
    rate = quoted(carrier)
    (answer,) = carrier.ask([buy(rate)])
    assert answer.answered == Answered.DONE, answer
    return rate, answer.tracking


def test_a_label_is_quoted_bought_and_tracked(carrier: EasyPostCarrier, road: SandboxCarrier) -> None:
    rate = quoted(carrier)

    (answer,) = carrier.ask([buy(rate)])
    road.move(answer.tracking, "picked up", place="Porto", at=NOW_S - 60)
    road.move(answer.tracking, "delivered", place="Vigo")

    assert (rate.by, rate.service, rate.currency, rate.amount_minor, rate.days) == ("Snail", "Ground", "EUR", 1_020, 6)
    assert answer.answered == Answered.DONE
    assert answer.document.endswith(f"/labels/{rate.shipment}")
    (told,) = carrier.track([answer.tracking])
    assert told is not None
    assert [(one.at, ParcelStatus(one.status), one.place) for one in told] == [
        ((NOW_S - 60) * SECOND, ParcelStatus.PICKED_UP, "Porto"), (NOW_S * SECOND, ParcelStatus.DELIVERED, "Vigo"),
    ]  # fmt: skip


def test_the_same_label_is_bought_once_however_often_it_is_asked_for(
    carrier: EasyPostCarrier, road: SandboxCarrier
) -> None:
    rate = quoted(carrier)

    first, second, third = carrier.ask([buy(rate)]) + carrier.ask([buy(rate)] * 2)

    assert first == second == third
    assert road.objects[rate.shipment]["bought"] == 1


def test_an_answer_that_was_lost_is_looked_for(road: SandboxCarrier) -> None:
    carrier, rate = inside(road), quoted(inside(road))
    road.mischief = Mischief(loses=1)
    lost = carrier.ask([buy(rate)])[0]
    road.mischief = Mischief()

    assert lost.answered == Answered.UNKNOWN
    assert carrier.ask([buy(rate)])[0].answered == Answered.DONE
    assert road.objects[rate.shipment]["bought"] <= 1


def test_a_carrier_that_fails_is_not_known(road: SandboxCarrier) -> None:
    carrier, rate = inside(road), quoted(inside(road))
    road.mischief = Mischief(fails=1)

    assert carrier.ask([buy(rate)])[0].answered == Answered.UNKNOWN
    assert carrier.track(["SBX"]) == [None]
    with pytest.raises(CarrierDown):
        quoted(carrier)


def test_a_rate_that_is_not_there_is_refused(carrier: EasyPostCarrier) -> None:
    rate = quoted(carrier)

    (answer,) = carrier.ask([LabelAsk(LabelKind.BUY, "label-1", rate.shipment, "rate_none")])

    assert (answer.answered, answer.reason) == (Answered.REFUSED, "There is no such rate.")
    assert carrier.ask([LabelAsk(LabelKind.BUY, "label-1", "shp_none", "r")])[0].answered == Answered.REFUSED


def test_what_is_too_heavy_has_no_rates(carrier: EasyPostCarrier) -> None:
    with pytest.raises(NoRates, match="too heavy"):
        quoted(carrier, 40_000)


def test_a_label_goes_back_until_its_parcel_has_moved(carrier: EasyPostCarrier, road: SandboxCarrier) -> None:
    rate, _ = bought(carrier)
    other, tracking = bought(carrier)
    road.move(tracking, "picked up")

    back = carrier.ask([LabelAsk(LabelKind.VOID, "label-2", one.shipment, one.rate) for one in (rate, other)])

    assert [one.answered for one in back] == [Answered.DONE, Answered.REFUSED]


def test_a_refund_that_takes_its_time_is_asked_again(road: SandboxCarrier) -> None:
    carrier = inside(road)
    rate, _ = bought(carrier)
    road.mischief = Mischief(late=1)
    void = LabelAsk(LabelKind.VOID, "label-2", rate.shipment, rate.rate)

    answers = [carrier.ask([void])[0].answered for _ in range(5)]

    assert answers[0] == Answered.PENDING
    assert answers[-1] == Answered.DONE


def test_a_lost_parcel_is_told_as_lost(road: SandboxCarrier) -> None:
    carrier = inside(road)
    _, tracking = bought(carrier)
    for move in ("delayed", "lost", "failed", "sent back", "out for delivery"):
        assert road.move(tracking, move)

    (told,) = carrier.track([tracking])

    assert [ParcelStatus(one.status).name for one in told or []] == [
        "DELIVERY_DELAYED", "LOST", "DELIVERY_FAILED", "RETURN_TO_SENDER", "OUT_FOR_DELIVERY",
    ]  # fmt: skip
    assert not road.move("SBX0", "lost")
    assert not road.move(tracking, "eaten")


def test_a_webhook_is_believed_with_its_signature_alone(road: SandboxCarrier) -> None:
    carrier = inside(road)
    _, tracking = bought(carrier)
    road.mischief = Mischief(twice=1)
    road.move(tracking, "delivered")

    first, second = road.notices()

    assert carrier.notice(first.body, first.signature) == carrier.notice(second.body, second.signature) == tracking
    for signature in ("", "hmac-sha256-hex=", signed(first.body, "another")):
        with pytest.raises(UnsignedTracking):
            carrier.notice(first.body, signature)
    for body in (b"{", b"[]", b'{"description": "batch.created", "result": {"tracking_code": "x"}}'):
        assert carrier.notice(body, signed(body, SECRET)) is None


def test_the_courier_brings_webhooks_to_an_address(road: SandboxCarrier) -> None:
    taken: list[tuple[str, bytes]] = []

    async def app(scope: object, receive: object, send: object) -> None:
        assert isinstance(scope, dict)
        if scope["type"] != "http":
            return
        message = await receive()  # type: ignore[operator]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        taken.append((headers.get(HEADER.lower(), ""), message["body"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    _, tracking = bought(inside(road))
    courier = Courier(road, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", header=HEADER)
    courier.start()
    road.move(tracking, "lost")
    until = time.monotonic() + 10
    while not taken and time.monotonic() < until:
        time.sleep(0.02)
    courier.stop()
    server.should_exit = True
    thread.join(10)

    assert inside(road).notice(taken[0][1], taken[0][0]) == tracking


def test_the_page_of_the_sandbox_moves_parcels_and_shows_labels(road: SandboxCarrier) -> None:
    rate, tracking = bought(inside(road))
    transport = httpx.ASGITransport(app=make_carrier_app(road))

    async def look() -> tuple[str, int, int, str]:
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            page = (await client.get("/")).text
            moved = await client.post("/move", data={"tracking": tracking, "move": "lost"})
            wrong = await client.post("/move", data={"tracking": "x", "move": "lost"})
            label = (await client.get(f"/labels/{rate.shipment}")).text
            return page, moved.status_code, wrong.status_code, label

    page, moved, wrong, label = asyncio.run(look())
    assert tracking in page
    assert (moved, wrong) == (303, 404)
    assert "Ana" in label
    assert [detail["status_detail"] for detail in road.objects[rate.shipment]["details"]] == ["lost"]


def test_nonsense_is_refused_by_the_sandbox(road: SandboxCarrier) -> None:
    for method, path, body in (
        ("POST", "/v2/shipments", b"{"), ("POST", "/v2/shipments", msgspec.json.encode({})), ("GET", "/v2/none", b""),
        ("POST", "/v2/shipments/none/buy", b'{"rate": {"id": "x"}}'),
    ):  # fmt: skip
        assert road.handle(method, path, body, {}).status >= 400
