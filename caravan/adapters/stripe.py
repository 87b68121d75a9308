"""Stripe, and whatever speaks as it does: cards kept, captured in parts, let go and refunded over its HTTP API."""

import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from caravan.kernel import ids
from caravan.kernel.clock import SECOND, Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import PaymentId
from caravan.trade.payments.ports import Answer, Answered, Ask, AskKind, Claim, Notice, UnsignedNotice

_logger = logging.getLogger("caravan.adapters")

API_VERSION = "2025-09-30.clover"
_TIMEOUT_S = 20.0
_ASKS_AT_ONCE = 8
_NOTICE_AGE_S_MAX = 300
_REFUNDS_LISTED_MAX = 100
_WAITING = frozenset({"processing", "requires_action", "requires_confirmation"})
_UNKNOWN = Answer(Answered.UNKNOWN)
_Object = Mapping[str, Any]


class _Trouble(Exception):
    """The provider's answer is not known, or was no: then `answer` says why."""

    def __init__(self, answer: Answer, intent: _Object | None = None) -> None:
        super().__init__(answer.reason)
        self.answer, self.intent = answer, intent


class StripeProvider:
    """A card provider. It looks before it asks again, so that an answer that was lost is not done twice even after days."""

    def __init__(
        self, url: str, *, key: str, webhook_secret: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {key}", "Stripe-Version": API_VERSION}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S, transport=transport)
        self._webhook_secret = webhook_secret
        self._pool = ThreadPoolExecutor(_ASKS_AT_ONCE, thread_name_prefix="stripe")

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown(wait=False)
        self._client.close()

    def ask(self, asks: Sequence[Ask]) -> list[Answer]:
        """Ask for several things at once; one answer each. Never raises: what is not known is UNKNOWN."""
        if len(asks) == 1:
            return [self._answer(asks[0])]
        return list(self._pool.map(self._answer, asks))

    def _answer(self, ask: Ask) -> Answer:
        tell = {
            AskKind.AUTHORIZE: self._authorize, AskKind.CAPTURE: self._capture, AskKind.VOID: self._void,
            AskKind.REFUND: self._refund,
        }[ask.kind]  # fmt: skip
        try:
            return tell(ask)
        except _Trouble as trouble:
            return trouble.answer
        except (httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError) as error:
            _logger.warning("The card provider's answer about %s is not known: %r", ask.payment, error)
            return _UNKNOWN

    # What is asked.

    def _authorize(self, ask: Ask) -> Answer:
        known = self._known(ask)
        if known["object"] == "payment_intent":
            return _standing(known, ask)
        if known["status"] == "open":
            return Answer(Answered.PENDING, known["id"], page=known["url"])
        if known["status"] == "expired":
            return Answer(Answered.DECLINED, known["id"], "expired")
        intent = known["payment_intent"]
        if intent is None or isinstance(intent, str):
            return Answer(Answered.PENDING, known["id"])
        standing = _standing(intent, ask)
        # While its page is not done with, a payment goes by the page's name.
        return standing._replace(reference=known["id"]) if standing.answered == Answered.PENDING else standing

    def _known(self, ask: Ask) -> _Object:
        """Give what the provider knows of a payment; what it has never heard of is made, once."""
        if ask.reference.startswith("pi_"):
            return self._get(f"/v1/payment_intents/{ask.reference}")
        if ask.reference:
            return self._get(f"/v1/checkout/sessions/{ask.reference}", {"expand[]": "payment_intent"})
        metadata = {"metadata[payment]": ask.payment}
        if ask.method:
            return self._post(
                "/v1/payment_intents", ask.payment,
                {
                    "amount": str(ask.amount_minor), "currency": ask.currency.lower(), "capture_method": "manual",
                    "confirm": "true", "payment_method": ask.method, "return_url": ask.back,
                    "payment_method_options[card][request_multicapture]": "if_available", **metadata,
                },
            )  # fmt: skip
        return self._post(
            "/v1/checkout/sessions", ask.payment,
            {
                "mode": "payment", "client_reference_id": ask.payment, "success_url": ask.back, "cancel_url": ask.back,
                "line_items[0][quantity]": "1", "line_items[0][price_data][currency]": ask.currency.lower(),
                "line_items[0][price_data][unit_amount]": str(ask.amount_minor),
                "line_items[0][price_data][product_data][name]": ask.payment,
                "payment_intent_data[capture_method]": "manual", "payment_intent_data[metadata][payment]": ask.payment,
                "payment_method_options[card][request_multicapture]": "if_available", "expand[]": "payment_intent",
                **metadata,
            },
        )  # fmt: skip

    def _capture(self, ask: Ask) -> Answer:
        intent = self._get(f"/v1/payment_intents/{ask.reference}")
        taken, wanted = intent["amount_received"], ask.done_minor + ask.amount_minor
        if taken == wanted:
            return Answer(Answered.DONE, str(intent.get("latest_charge") or intent["id"]))
        if intent["status"] != "requires_capture":
            return Answer(Answered.REFUSED, intent["id"], str(intent.get("cancellation_reason") or intent["status"]))
        if taken != ask.done_minor:
            _logger.error("%s: the provider took %s, we know of %s.", ask.payment, taken, ask.done_minor)
            return _UNKNOWN
        done = self._post(
            f"/v1/payment_intents/{intent['id']}/capture", ask.key,
            {"amount_to_capture": str(ask.amount_minor), "final_capture": "true" if ask.is_last else "false"},
        )  # fmt: skip
        if done["amount_received"] != wanted:
            return _UNKNOWN
        return Answer(Answered.DONE, str(done.get("latest_charge") or done["id"]))

    def _void(self, ask: Ask) -> Answer:
        """Let a payment go. What cannot be let go just now is looked at again: it can never be refused for good."""
        try:
            return self._let_go(ask)
        except _Trouble as trouble:
            # A declined card's money was never kept.
            is_moot = trouble.answer.answered == Answered.DECLINED
            return Answer(Answered.DONE, trouble.answer.reference) if is_moot else _UNKNOWN

    def _let_go(self, ask: Ask) -> Answer:
        # What an idempotent creation answers is how it was then; how it is now, only a look tells.
        known = self._known(ask if ask.reference else ask._replace(reference=self._known(ask)["id"]))
        if known["object"] == "checkout.session":
            if known["status"] == "open":
                self._post(f"/v1/checkout/sessions/{known['id']}/expire", ask.key, {})
                return Answer(Answered.DONE, known["id"])
            known = known["payment_intent"]
            if known is None:
                return Answer(Answered.DONE, ask.reference)
        if known["status"] in {"canceled", "succeeded"}:
            return Answer(Answered.DONE, known["id"])
        canceled = self._post(f"/v1/payment_intents/{known['id']}/cancel", ask.key, {})
        return Answer(Answered.DONE, canceled["id"]) if canceled["status"] == "canceled" else _UNKNOWN

    def _refund(self, ask: Ask) -> Answer:
        query = {"payment_intent": ask.reference, "limit": str(_REFUNDS_LISTED_MAX)}
        refunds = self._get("/v1/refunds", query)["data"]
        found = next((one for one in refunds if one["metadata"].get("ask") == ask.key), None)
        if found is None:
            wanted = {"payment_intent": ask.reference, "amount": str(ask.amount_minor), "metadata[ask]": ask.key}
            found = self._post("/v1/refunds", ask.key, wanted)
        if found["status"] in {"failed", "canceled"}:
            return Answer(Answered.REFUSED, found["id"], str(found.get("failure_reason") or found["status"]))
        return Answer(Answered.DONE if found["status"] == "succeeded" else Answered.PENDING, found["id"])

    # How it is asked.

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> _Object:
        return _read(self._client.get(path, params=query))

    def _post(self, path: str, key: str, form: Mapping[str, str]) -> _Object:
        return _read(self._client.post(path, data=form, headers={"Idempotency-Key": key}))

    # What it tells of itself.

    def notice(self, body: bytes, signature: str, *, now: Instant) -> Notice | None:
        """Read a webhook, or None where it is of no matter to us. Refuses one that is not signed by the provider."""
        _require_signed(body, signature, self._webhook_secret, now_s=now // SECOND)
        try:
            event = msgspec.json.decode(body)
            what, told = str(event["type"]), event["data"]["object"]
            if what.startswith("charge.dispute."):
                return _dispute(event, told)
            public = str((told.get("metadata") or {}).get("payment", ""))
            return Notice(str(event["id"]), PaymentId(ids.number(PaymentId, public)), str(told["id"]))
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError, Invalid):
            return None


def _standing(intent: _Object, ask: Ask) -> Answer:
    """Say how a payment stands by what the provider knows of it."""
    status, number = intent["status"], intent["id"]
    if (intent["amount"], intent["currency"]) != (ask.amount_minor, ask.currency.lower()):
        return Answer(Answered.REFUSED, number, "another amount")
    if status in {"requires_capture", "succeeded"}:
        return Answer(Answered.AUTHORIZED, number)
    if status in _WAITING:
        action = (intent.get("next_action") or {}).get("redirect_to_url") or {}
        return Answer(Answered.PENDING, number, page=action.get("url", ""))
    error = intent.get("last_payment_error") or {}
    reason = error.get("decline_code") or error.get("code") or intent.get("cancellation_reason") or status
    return Answer(Answered.DECLINED, number, str(reason))


def _read(response: httpx.Response) -> _Object:
    """Give the object that was answered. What went wrong at the provider's is unknown; what it refused, it refused."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        answered: _Object = msgspec.json.decode(response.content)
        return answered
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {
        HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN,
    }:  # fmt: skip
        _logger.warning("The card provider answered %s.", status)
        raise _Trouble(_UNKNOWN)
    error = msgspec.json.decode(response.content).get("error", {})
    reason = str(error.get("decline_code") or error.get("code") or error.get("type") or status)
    number = str((error.get("payment_intent") or {}).get("id", ""))
    raise _Trouble(
        Answer(Answered.REFUSED if status != HTTPStatus.PAYMENT_REQUIRED else Answered.DECLINED, number, reason)
    )


def _dispute(event: _Object, told: _Object) -> Notice | None:
    # A warning is a question of the bank's; no money has moved.
    if told["status"].startswith("warning"):
        return None
    won = {"won": True, "lost": False}.get(told["status"])
    claim = Claim(str(told["id"]), int(told["amount"]), won)
    return Notice(str(event["id"]), PaymentId(0), str(told["payment_intent"]), claim)


def _require_signed(body: bytes, signature: str, secret: str, *, now_s: int) -> None:
    parts = [part.partition("=")[::2] for part in signature.split(",")]
    stamp = next((value for name, value in parts if name == "t"), "")
    wanted = signed(body, stamp, secret)
    is_signed = any(name == "v1" and hmac.compare_digest(value.encode(), wanted.encode()) for name, value in parts)
    is_fresh = stamp.isascii() and stamp.isdigit() and abs(now_s - int(stamp)) <= _NOTICE_AGE_S_MAX
    if not secret or not is_signed or not is_fresh:
        raise UnsignedNotice


def signed(body: bytes, stamp: str, secret: str) -> str:
    """Give the signature of a webhook's body at a time, in seconds."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
