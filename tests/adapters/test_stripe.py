"""Checks the card provider's adapter against the sandbox, over a real network connection and without one."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from caravan.adapters.sandbox.mischief import Mischief
from caravan.adapters.sandbox.psp import GOOD, SECRET, SandboxPsp
from caravan.adapters.sandbox.server import Courier, InProcess, make_app, report_of
from caravan.adapters.stripe import StripeProvider, signed
from caravan.kernel.clock import SECOND, Instant
from caravan.trade.payments import Answer, Answered, Ask, AskKind, UnsignedNotice

NOW_S = 1_790_000_000
NOW = Instant(NOW_S * SECOND)
PAYMENT = "pay_000000000001"


@pytest.fixture
def psp() -> Iterator[SandboxPsp]:
    psp = SandboxPsp(now=lambda: NOW_S)
    yield psp
    psp.close()


@pytest.fixture(params=["in process", "over HTTP"])
def provider(request: pytest.FixtureRequest, psp: SandboxPsp) -> Iterator[StripeProvider]:
    if request.param == "in process":
        yield inside(psp)
        return
    server = uvicorn.Server(uvicorn.Config(make_app(psp), host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    provider = StripeProvider(f"http://127.0.0.1:{port}", key="sk_test", webhook_secret=SECRET)
    yield provider
    provider.close()
    server.should_exit = True
    thread.join(10)


def inside(psp: SandboxPsp) -> StripeProvider:
    return StripeProvider("http://sandbox", key="sk_test", webhook_secret=SECRET, transport=InProcess(psp))


def wish(kind: AskKind, amount: int = 10_000, **more: object) -> Ask:
    return Ask(kind, f"{PAYMENT}-{kind}", PAYMENT, amount_minor=amount, currency="EUR", **({"reference": ""} | more))  # type: ignore[arg-type]


def kept(provider: StripeProvider, method: str = "pm_card_visa") -> str:
    (answer,) = provider.ask(
        [wish(AskKind.AUTHORIZE, method=method, back="https://shop.example")._replace(key=PAYMENT)]
    )
    assert answer.answered == Answered.AUTHORIZED, answer
    return answer.reference


def capture(provider: StripeProvider, reference: str, amount: int, *, done: int = 0, is_last: bool = True) -> Answer:
    ask = wish(AskKind.CAPTURE, amount, reference=reference, done_minor=done, is_last=is_last)
    return provider.ask([ask._replace(key=f"{PAYMENT}-{done}")])[0]


def test_a_card_is_kept_and_taken_in_by_parts(provider: StripeProvider, psp: SandboxPsp) -> None:
    reference = kept(provider)

    assert capture(provider, reference, 4_000, is_last=False).answered == Answered.DONE
    assert capture(provider, reference, 5_000, done=4_000).answered == Answered.DONE
    assert capture(provider, reference, 1_000, done=9_000).answered == Answered.REFUSED

    assert (psp.objects[reference]["amount_received"], psp.objects[reference]["status"]) == (9_000, "succeeded")


def test_a_page_waits_until_a_card_is_filled_in(provider: StripeProvider, psp: SandboxPsp) -> None:
    first = provider.ask([wish(AskKind.AUTHORIZE, back="https://shop.example")])[0]
    assert (first.answered, first.page) == (Answered.PENDING, f"{psp.url}/pay/{first.reference}")
    psp.fill_in(first.reference, "4000 0000 0000 0002")
    again = wish(AskKind.AUTHORIZE, reference=first.reference)
    assert provider.ask([again])[0].answered == Answered.PENDING

    psp.fill_in(first.reference, GOOD)

    assert provider.ask([again])[0].answered == Answered.AUTHORIZED
    assert psp.fill_in(first.reference, GOOD) is None


def test_a_declined_card_says_why(provider: StripeProvider) -> None:
    ask = wish(AskKind.AUTHORIZE, method="pm_card_chargeDeclined", back="https://shop.example")

    answer = provider.ask([ask])[0]

    assert (answer.answered, answer.reason) == (Answered.DECLINED, "generic_decline")


def test_an_unknown_card_token_is_refused(provider: StripeProvider) -> None:
    assert provider.ask([wish(AskKind.AUTHORIZE, method="pm_none")])[0].answered == Answered.REFUSED


def test_what_was_lost_is_done_once_when_it_is_asked_again(provider: StripeProvider, psp: SandboxPsp) -> None:
    psp.mischief = Mischief(loses=1.0)
    ask = wish(AskKind.AUTHORIZE, method="pm_card_visa", back="https://shop.example")
    assert provider.ask([ask])[0].answered == Answered.UNKNOWN
    psp.mischief = Mischief()
    reference = provider.ask([ask])[0].reference
    capture_ask = wish(AskKind.CAPTURE, 10_000, reference=reference)
    refund_ask = wish(AskKind.REFUND, 3_000, reference=reference)

    for one in (capture_ask, refund_ask):
        psp.mischief = Mischief(loses=1.0)
        assert provider.ask([one])[0].answered == Answered.UNKNOWN
        psp.mischief = Mischief()
        # Without the provider's memory of keys: it forgets them after a day.
        for number in [number for number in psp.objects if number.startswith("key:")]:
            del psp.objects[number]
        provider.ask([one])
        assert provider.ask([one])[0].answered == Answered.DONE

    assert (psp.objects[reference]["amount_received"], psp.objects[reference]["refunded"]) == (10_000, 3_000)


def test_many_asks_are_answered_in_their_order(provider: StripeProvider) -> None:
    asks = [
        wish(AskKind.AUTHORIZE, 100 + place, method="pm_card_visa", back="x")._replace(
            payment=f"pay_{place}", key=f"k{place}"
        )
        for place in range(12)
    ]
    asks[3] = asks[3]._replace(method="pm_card_chargeDeclined")

    answers = provider.ask(asks)

    assert [place for place, one in enumerate(answers) if one.answered == Answered.DECLINED] == [3]


@pytest.mark.parametrize("is_filled_in", [True, False])
def test_a_payment_is_let_go_wherever_it_stands(
    provider: StripeProvider, psp: SandboxPsp, *, is_filled_in: bool
) -> None:
    page = provider.ask([wish(AskKind.AUTHORIZE, back="x")])[0].reference
    if is_filled_in:
        psp.fill_in(page, GOOD)
    void = wish(AskKind.VOID, reference=page)

    assert provider.ask([void, void])[0].answered in {Answered.DONE, Answered.UNKNOWN}
    assert provider.ask([void])[0].answered == Answered.DONE

    assert psp.objects[psp.objects[page]["payment_intent"]]["status"] == "canceled"


def test_one_that_was_never_heard_of_is_let_go_too(provider: StripeProvider) -> None:
    assert provider.ask([wish(AskKind.VOID, back="x")])[0].answered == Answered.DONE
    assert provider.ask([wish(AskKind.VOID, method="pm_card_chargeDeclined")])[0].answered == Answered.DONE


def test_what_cannot_be_taken_in_or_refunded_is_refused(provider: StripeProvider, psp: SandboxPsp) -> None:
    reference = kept(provider, "pm_card_refundFail")
    capture(provider, reference, 10_000)

    assert provider.ask([wish(AskKind.REFUND, 1, reference=reference)])[0].answered == Answered.REFUSED
    assert provider.ask([wish(AskKind.REFUND, 10_001, reference=reference)._replace(key="k")])[0].reason
    psp.objects[reference]["amount"] = 9_999
    assert provider.ask([wish(AskKind.AUTHORIZE, reference=reference)])[0].answered == Answered.REFUSED


def test_a_provider_that_is_not_there_is_unknown() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    provider = StripeProvider(f"http://127.0.0.1:{port}", key="sk_test", webhook_secret=SECRET)

    assert provider.ask([wish(AskKind.AUTHORIZE)]) == [Answer(Answered.UNKNOWN)]


def test_a_wrong_key_and_no_json_are_unknown() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401 if "refunds" in request.url.path else 200, content=b"<html>")

    provider = StripeProvider("http://x", key="", webhook_secret="", transport=httpx.MockTransport(broken))

    assert {answer.answered for answer in provider.ask([wish(AskKind.AUTHORIZE), wish(AskKind.REFUND)])} == {
        Answered.UNKNOWN
    }


# Webhooks.


def adapter(secret: str = SECRET) -> StripeProvider:
    return StripeProvider("http://sandbox", key="sk_test", webhook_secret=secret)


def test_a_signed_webhook_says_which_payment_has_news(psp: SandboxPsp) -> None:
    reference = kept(inside(psp))
    (notice,) = psp.notices()

    told = adapter().notice(notice.body, notice.signature, now=NOW)

    assert told is not None
    assert (told.payment, told.reference, told.claim) == (1, reference, None)


@pytest.mark.parametrize(
    ("body", "late_s", "secret"),
    [(b"{}x", 0, SECRET), (b"{}", 301, SECRET), (b"{}", -301, SECRET), (b"{}", 0, "other")],
)
def test_a_webhook_that_is_not_signed_or_too_old_is_refused(body: bytes, late_s: int, secret: str) -> None:
    signature = f"t={NOW_S},v1={signed(b'{}', str(NOW_S), secret)}"

    with pytest.raises(UnsignedNotice):
        adapter().notice(body, signature, now=Instant(NOW + late_s * SECOND))
    for wrong in ("", "t=,v1=", "v1=x", "t=x,v1=y", f"t={NOW_S}"):
        with pytest.raises(UnsignedNotice):
            adapter().notice(b"{}", wrong, now=NOW)
    with pytest.raises(UnsignedNotice):
        adapter("").notice(b"{}", f"t={NOW_S},v1={signed(b'{}', str(NOW_S), '')}", now=NOW)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"no", b'{"type":"x","data":{"object":{"metadata":{"payment":"y"}}},"id":"e"}']
)
def test_a_webhook_about_something_else_is_of_no_matter(body: bytes) -> None:
    assert adapter().notice(body, f"t={NOW_S},v1={signed(body, str(NOW_S), SECRET)}", now=NOW) is None


def test_the_courier_brings_what_is_due(psp: SandboxPsp) -> None:
    seen: list[bytes] = []

    async def take(scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
        assert scope["type"] == "http"
        seen.append((await receive())["body"])  # type: ignore[operator]
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    server = uvicorn.Server(
        uvicorn.Config(take, host="127.0.0.1", port=0, log_level="error", ws="none", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    kept(inside(psp))
    courier = Courier(psp, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/")
    courier.start()
    last = time.monotonic() + 5
    while not seen and time.monotonic() < last:
        time.sleep(0.02)
    courier.stop()
    server.should_exit = True
    thread.join(10)

    assert b"amount_capturable_updated" in seen[0]


def test_the_sandbox_keeps_its_books_in_a_file_and_reports_them(tmp_path: object) -> None:
    file = tmp_path / "sandbox.db"  # type: ignore[operator]
    first = SandboxPsp(now=lambda: NOW_S, file=file)
    provider = inside(first)
    capture(provider, kept(provider), 10_000)
    first.pay_out()
    first.close()

    second = SandboxPsp(now=lambda: NOW_S, file=file)

    lines = report_of(second).splitlines()
    assert lines[1].split(",")[2:7] == ["eur", "100.00", "1.75", "98.25", "charge"]
    assert lines[2].split(",")[3:7] == ["-98.25", "0.00", "-98.25", "payout"]
    second.close()


def test_the_same_key_with_another_body_is_an_error(psp: SandboxPsp) -> None:
    kept(inside(psp))

    reply = psp.handle("POST", "/v1/payment_intents", b"amount=1&currency=eur", {"idempotency-key": PAYMENT})

    assert (reply.status, reply.body["error"]["type"]) == (400, "idempotency_error")
