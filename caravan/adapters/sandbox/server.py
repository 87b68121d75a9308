"""The sandbox provider as a server: its API, its hosted page for test cards, its report, and webhooks on their way."""

import asyncio
import csv
import html
import io
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Protocol

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from caravan.adapters.sandbox.carrier import MOVES, SandboxCarrier
from caravan.adapters.sandbox.mischief import Notice, Object, Reply
from caravan.adapters.sandbox.psp import GOOD, SandboxPsp
from caravan.kernel.clock import SECOND, iso
from caravan.kernel.money import exponent

_logger = logging.getLogger("caravan.adapters")

_BODY_BYTES_MAX = 64 * 1024
_SEND_TIMEOUT_S = 5.0
_LOOK_S = 0.2
_Endpoint = Callable[[Request], Awaitable[Response]]
_STYLE = (
    "body{font:1.05rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:26rem;padding:1.25rem;color:#1d2430;background:#f6f7f9}"
    "main{background:#fff;border:1px solid #d9dde3;border-radius:.75rem;padding:1.25rem}"
    "label{display:block;margin:.75rem 0 .25rem}input{font:inherit;width:100%;box-sizing:border-box;padding:.65rem;"
    "border:1px solid #8a93a3;border-radius:.5rem}button{font:inherit;font-weight:600;width:100%;margin-top:1.25rem;"
    "padding:.8rem;border:0;border-radius:.5rem;background:#1f4fd8;color:#fff}.soft{color:#59636f;font-size:.9rem}"
    ".alert{background:#fdecea;border-radius:.5rem;padding:.6rem .8rem}table{font-size:.9rem;border-spacing:0 .2rem}"
    "td+td{padding-left:1rem}.total{font-size:1.6rem;font-weight:700;margin:.25rem 0}"
)
_TRY = (
    ("4242 4242 4242 4242", "is good"), ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 0259", "is disputed later"), ("4000 0000 0000 5126", "can't be refunded"),
)  # fmt: skip


class Sandbox(Protocol):
    """Whoever answers requests and tells of what happened: a provider of payments, or a carrier."""

    def handle(self, method: str, path: str, form: bytes, headers: Mapping[str, str], /) -> Reply:
        """Answer a request."""
        ...

    def notices(self) -> list[Notice]:
        """Give the webhooks that are due, and forget them."""
        ...


class InProcess(httpx.BaseTransport):
    """A way to the sandbox without a network, for the demo market and for simulations; it loses answers as a network does."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        form = request.read() or request.url.query
        reply = self._sandbox.handle(request.method, request.url.path, form, request.headers)
        if reply.is_lost:
            raise httpx.ReadTimeout("The answer was lost.", request=request)
        return httpx.Response(reply.status, content=msgspec.json.encode(reply.body))


def pages(psp: SandboxPsp) -> list[Route]:
    """Give the routes of the hosted page."""
    return [
        Route("/pay/{number}", _page(psp), methods=["GET"]),
        Route("/pay/{number}", _fill_in(psp), methods=["POST"]),
        Route("/report.csv", _report(psp), methods=["GET"]),
    ]


def make_app(psp: SandboxPsp) -> Starlette:
    """Put the whole server of the payment provider together."""
    return Starlette(routes=[*pages(psp), Route("/v1/{path:path}", _api(psp, "Bearer sk_"), methods=["GET", "POST"])])


def carrier_pages(carrier: SandboxCarrier) -> list[Route]:
    """Give the routes of the carrier's page: its parcels, with what can happen to them, and their labels."""
    return [
        Route("/", _parcels(carrier), methods=["GET"]),
        Route("/move", _move(carrier), methods=["POST"]),
        Route("/labels/{number}", _label(carrier), methods=["GET"]),
    ]


def make_carrier_app(carrier: SandboxCarrier) -> Starlette:
    """Put the whole server of the carrier together."""
    api = Route("/v2/{path:path}", _api(carrier, "Basic "), methods=["GET", "POST"])
    return Starlette(routes=[*carrier_pages(carrier), api])


def _parcels(carrier: SandboxCarrier) -> _Endpoint:
    async def show(_: Request) -> Response:
        rows = []
        for one in carrier.shipments():
            last = one["details"][-1]["status_detail"] if one["details"] else "label bought"
            tracking = html.escape(one["tracking_code"])
            buttons = "".join(f"<option>{move}</option>" for move in MOVES)
            rows.append(
                f"<h2>{tracking}</h2><p class=soft>{html.escape(one['to']['country'])} · {html.escape(last)}</p>"
                f"<form method=post action='{carrier.url}/move'><input type=hidden name=tracking value='{tracking}'>"
                f"<label for='m-{tracking}'>What happens to {tracking}</label><select id='m-{tracking}' name=move>{buttons}"
                "</select><button>Let it happen</button></form>"
            )
        return _document("The sandbox carrier", "".join(rows) or "<p class=soft>No label has been bought yet.</p>")

    return show


def _move(carrier: SandboxCarrier) -> _Endpoint:
    async def move(request: Request) -> Response:
        async with request.form() as form:
            tracking, what = str(form.get("tracking", "")), str(form.get("move", ""))
        is_known = await run_in_threadpool(carrier.move, tracking, what, place="Sandbox")
        return RedirectResponse(f"{carrier.url}/", 303) if is_known else Response("There is no such parcel.", 404)

    return move


def _label(carrier: SandboxCarrier) -> _Endpoint:
    async def show(request: Request) -> Response:
        one = carrier.objects.get(request.path_params["number"])
        if one is None or not one.get("postage_label"):
            return Response("There is no such label.", 404)
        lines = "<br>".join(html.escape(str(value)) for value in one["to"].values() if value)
        rate = one["selected_rate"]
        body = f"<p class=soft>{rate['carrier']} {rate['service']}</p><p class=total>{one['tracking_code']}</p><p>{lines}</p>"
        return _document("A label of the sandbox", body)

    return show


def _document(title: str, body: str) -> Response:
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}select{{font:inherit;width:100%;padding:.6rem}}</style>"
        f"<main><h1>{title}</h1>{body}</main></html>",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"},
    )


def _api(psp: Sandbox, authorization: str) -> _Endpoint:
    async def answer(request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith(authorization):
            return Response(b'{"error":{"type":"invalid_request_error"}}', 401, media_type="application/json")
        body = await request.body()
        if len(body) > _BODY_BYTES_MAX:
            return Response(b'{"error":{"type":"invalid_request_error"}}', 413, media_type="application/json")
        form = body or request.url.query.encode()
        reply = await run_in_threadpool(psp.handle, request.method, request.url.path, form, request.headers)
        if reply.waits_s:
            await asyncio.sleep(reply.waits_s)
        if reply.is_lost:
            return Response(b"", 504)
        return Response(msgspec.json.encode(reply.body), reply.status, media_type="application/json")

    return answer


def _page(psp: SandboxPsp) -> _Endpoint:
    async def show(request: Request) -> Response:
        return _shown(psp.objects.get(request.path_params["number"]), "")

    return show


def _fill_in(psp: SandboxPsp) -> _Endpoint:
    async def fill_in(request: Request) -> Response:
        async with request.form() as form:
            card = str(form.get("card", ""))
        page = await run_in_threadpool(psp.fill_in, request.path_params["number"], card)
        if page is None:
            return _shown(psp.objects.get(request.path_params["number"]), "")
        if page["status"] == "open":
            return _shown(page, "Your bank declined this card. Nothing was taken. Try another one.")
        return RedirectResponse(page["success_url"], 303)

    return fill_in


def _shown(page: Object | None, wrong: str) -> Response:
    if page is None or page.get("object") != "checkout.session":
        return _html("Not found", "<h1>There is no such page</h1>", 404)
    if page["status"] != "open":
        back = html.escape(page["success_url"])
        return _html("Done", f'<h1>This page is done with</h1><p><a href="{back}">Back to the shop</a></p>')
    total = f"{_decimal(page['amount_total'], page['currency'])} {html.escape(page['currency'].upper())}"
    alert = f'<p class="alert" role="alert">{html.escape(wrong)}</p>' if wrong else ""
    rows = "".join(f"<tr><td>{number}</td><td>{what}</td></tr>" for number, what in _TRY)
    return _html(
        "Pay by card",
        f'<h1>Pay by card</h1><p class="total">{total}</p>{alert}'
        '<p class="soft">This is a sandbox: no money moves. Never type a real card number here.</p>'
        f'<form method="post"><label for="card">Test card number</label><input id="card" name="card" inputmode="numeric"'
        f' autocomplete="off" value="{" ".join(GOOD[place : place + 4] for place in range(0, 16, 4))}" required>'
        f"<button>Pay {total}</button></form>"
        f'<p><a href="{html.escape(page["cancel_url"])}">Back to the shop</a></p><table>{rows}</table>',
    )


def _html(title: str, body: str, status: int = 200) -> Response:
    # Its style stands in the page, so this page says itself what it allows.
    headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'", "cache-control": "no-store"}
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><main>{body}</main></html>",
        status, headers,
    )  # fmt: skip


def _decimal(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-exponent(currency.upper()))


def _report(psp: SandboxPsp) -> _Endpoint:
    async def report(_: Request) -> Response:
        return Response(report_of(psp), media_type="text/csv")

    return report


def report_of(psp: SandboxPsp) -> str:
    """Write the balance as the itemized report that Stripe gives, line by line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category", "source_id",
         "payment_intent_id", "payment_metadata[payment]")
    )  # fmt: skip
    for line in psp.balance_lines():
        amounts = (_decimal(line[name], line["currency"]) for name in ("gross", "fee", "net"))
        writer.writerow(
            (line["id"], iso(line["created"] * SECOND), line["currency"], *amounts, line["reporting_category"],
             line["source_id"], line["payment_intent_id"], line["payment"])
        )  # fmt: skip
    return text.getvalue()


class Courier:
    """Brings webhooks to whoever wants them, in a thread of its own; what is not taken is brought again."""

    def __init__(self, sandbox: Sandbox, url: str, *, header: str = "Stripe-Signature") -> None:
        self._sandbox, self._url, self._header = sandbox, url, header
        self._stops = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop."""
        self._stops.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(timeout=_SEND_TIMEOUT_S) as client:
            while not self._stops.wait(_LOOK_S):
                for notice in self._sandbox.notices():
                    headers = {self._header: notice.signature, "Content-Type": "application/json"}
                    try:
                        client.post(self._url, content=notice.body, headers=headers)
                    except httpx.HTTPError as error:
                        _logger.warning("A webhook could not be brought: %r", error)
