"""What the sandbox provider does: payments kept, captured, let go, refunded, disputed; and how it can misbehave, seeded."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec

from caravan.adapters.sandbox.books import Books
from caravan.adapters.sandbox.mischief import Notice, Object, Reply
from caravan.adapters.stripe import signed

_FEE_FIXED, _FEE_BASIS_POINTS = 25, 150  # What it says that it takes: 1.5 % and a quarter of the currency's unit.
_WHOLE = 10_000
_LISTED_MAX = 100

SECRET = "whsec_sandbox"  # noqa: S105  # It guards nothing: no money moves here.

# The same numbers that card providers give away for tests.
GOOD = "4242424242424242"
CARDS = {
    GOOD: "good", "4000000000000002": "generic_decline", "4000000000009995": "insufficient_funds",
    "4000000000000259": "disputed", "4000000000005126": "refund_fails",
}  # fmt: skip
METHODS = {
    "pm_card_visa": "good", "pm_card_chargeDeclined": "generic_decline", "pm_card_createDispute": "disputed",
    "pm_card_refundFail": "refund_fails",
}  # fmt: skip


class _Refused(Exception):
    def __init__(self, status: int, **error: object) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class SandboxPsp(Books):
    """The provider's books. In a file they outlive it; one request at a time."""

    own_secret = SECRET

    # The API.

    def handle(self, method: str, path: str, form: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer a request of the API, or misbehave."""
        with self._lock:
            if self._dice.random() < self.mischief.fails:
                return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, _error("api_error"))
            waits_s = self.mischief.slow_s if self._dice.random() < self.mischief.slow else 0.0
            fields = dict(parse_qsl(form.decode(), keep_blank_values=True))
            status, body = self._once(method, path, fields, headers.get("idempotency-key", ""))
            return Reply(status, body, self._dice.random() < self.mischief.loses, waits_s)

    def _once(self, method: str, path: str, form: Mapping[str, str], key: str) -> tuple[int, Object]:
        if method != "POST" or not key:
            return self._answer(method, path, form)
        meant = hashlib.sha256(repr((path, sorted(form.items()))).encode()).hexdigest()
        known = self.objects.get(f"key:{key}:{path}")
        if known is not None:
            if known["meant"] != meant:
                return HTTPStatus.BAD_REQUEST, _error("idempotency_error")
            return known["status"], known["body"]
        status, body = self._answer(method, path, form)
        body = msgspec.msgpack.decode(msgspec.msgpack.encode(body))  # As it was, whatever becomes of it.
        self._keep({"id": f"key:{key}:{path}", "meant": meant, "status": status, "body": body})
        return status, body

    def _answer(self, method: str, path: str, form: Mapping[str, str]) -> tuple[int, Object]:  # noqa: C901, PLR0911  # One case a route.
        steps = path.strip("/").split("/")[1:]
        try:
            match (method, *steps):
                case ("POST", "checkout", "sessions"):
                    return HTTPStatus.OK, self._open_page(form)
                case ("GET", "checkout", "sessions", number):
                    return HTTPStatus.OK, self._shown(self._find(number))
                case ("POST", "checkout", "sessions", number, "expire"):
                    return HTTPStatus.OK, self._expire_page(number)
                case ("POST", "payment_intents"):
                    return HTTPStatus.OK, self._pay_by_method(form)
                case ("GET", "payment_intents", number):
                    return HTTPStatus.OK, self._look(number)
                case ("POST", "payment_intents", number, "capture"):
                    return HTTPStatus.OK, self._capture(self._look(number), form)
                case ("POST", "payment_intents", number, "cancel"):
                    return HTTPStatus.OK, self._cancel(self._look(number))
                case ("POST", "refunds"):
                    return HTTPStatus.OK, self._refund(form)
                case ("GET", "refunds"):
                    found = [one for one in self._all("refund") if one["payment_intent"] == form.get("payment_intent")]
                    return HTTPStatus.OK, {"object": "list", "data": found[:_LISTED_MAX], "has_more": False}
        except _Refused as refused:
            return refused.status, {"error": refused.error}
        return HTTPStatus.NOT_FOUND, _error("invalid_request_error")

    def _find(self, number: str) -> Object:
        if number not in self.objects:
            raise _Refused(HTTPStatus.NOT_FOUND, type="invalid_request_error", code="resource_missing")
        return self.objects[number]

    def _all(self, kind: str) -> list[Object]:
        return [one for one in self.objects.values() if one.get("object") == kind]

    def _intent(self, *, amount: int, currency: str, payment: str) -> Object:
        return {
            "id": self._new("pi"), "object": "payment_intent", "amount": amount, "currency": currency,
            "amount_received": 0, "status": "requires_payment_method", "capture_method": "manual",
            "metadata": {"payment": payment}, "created": self._now(), "latest_charge": None, "last_payment_error": None,
            "cancellation_reason": None, "next_action": None, "card": "", "refunded": 0, "disputed": 0,
        }  # fmt: skip

    def _open_page(self, form: Mapping[str, str]) -> Object:
        amount, currency = (
            int(form["line_items[0][price_data][unit_amount]"]),
            form["line_items[0][price_data][currency]"],
        )
        payment = form["metadata[payment]"]
        intent = self._keep(self._intent(amount=amount, currency=currency, payment=payment))
        number = self._new("cs_test")
        page = {
            "id": number, "object": "checkout.session", "status": "open", "payment_intent": intent["id"],
            "url": f"{self.url}/pay/{number}", "success_url": form["success_url"], "cancel_url": form["cancel_url"],
            "amount_total": amount, "currency": currency, "metadata": {"payment": payment},
        }  # fmt: skip
        return self._shown(self._keep(page))

    def _shown(self, page: Object) -> Object:
        return page | {"payment_intent": self._look(page["payment_intent"]) if page["status"] == "complete" else None}

    def _expire_page(self, number: str) -> Object:
        page = self._find(number)
        if page["status"] != "open":
            raise _Refused(HTTPStatus.BAD_REQUEST, type="invalid_request_error", code="session_not_open")
        self._cancel(self.objects[page["payment_intent"]])
        page["status"] = "expired"
        return self._shown(self._keep(page))

    def _pay_by_method(self, form: Mapping[str, str]) -> Object:
        card = METHODS.get(form.get("payment_method", ""))
        if card is None:
            raise _Refused(HTTPStatus.BAD_REQUEST, type="invalid_request_error", code="resource_missing")
        amount, currency, payment = int(form["amount"]), form["currency"], form["metadata[payment]"]
        intent = self._keep(self._intent(amount=amount, currency=currency, payment=payment))
        self._confirm(intent, card)
        if intent["status"] == "requires_payment_method":
            error = intent["last_payment_error"] | {"payment_intent": intent}
            raise _Refused(HTTPStatus.PAYMENT_REQUIRED, **error)
        return intent

    def _confirm(self, intent: Object, card: str) -> None:
        """Put a card to a payment: it is kept, declined, or comes late."""
        intent["card"] = card
        if card in {"generic_decline", "insufficient_funds"}:
            intent["last_payment_error"] = {"type": "card_error", "code": "card_declined", "decline_code": card}
            self._keep(intent)
            self._tell("payment_intent.payment_failed", intent)
            return
        if self._dice.random() < self.mischief.late:
            intent["status"], intent["looks_left"] = "processing", self._dice.randint(1, 3)
            self._keep(intent)
            return
        self._authorize(intent)

    def _authorize(self, intent: Object) -> None:
        intent["status"], intent["last_payment_error"] = "requires_capture", None
        intent["latest_charge"] = self._new("ch")
        self._keep(intent)
        self._tell("payment_intent.amount_capturable_updated", intent)

    def _look(self, number: str) -> Object:
        intent = self._find(number)
        if intent["status"] == "processing":
            intent["looks_left"] -= 1
            if intent["looks_left"] <= 0:
                self._authorize(intent)
        return intent

    def _capture(self, intent: Object, form: Mapping[str, str]) -> Object:
        left = intent["amount"] - intent["amount_received"]
        amount = int(form.get("amount_to_capture", left))
        if intent["status"] != "requires_capture" or not 0 < amount <= left:
            raise _Refused(HTTPStatus.BAD_REQUEST, type="invalid_request_error", code="payment_intent_unexpected_state")
        intent["amount_received"] += amount
        if form.get("final_capture", "true") == "true" or intent["amount_received"] == intent["amount"]:
            intent["status"] = "succeeded"
        self._keep(intent)
        self._book("charge", intent, amount, source=intent["latest_charge"])
        self._tell("payment_intent.succeeded", intent)
        if intent["card"] == "disputed":
            self.dispute(intent["id"])
        return intent

    def _cancel(self, intent: Object) -> Object:
        if intent["status"] in {"succeeded", "canceled"}:
            raise _Refused(HTTPStatus.BAD_REQUEST, type="invalid_request_error", code="payment_intent_unexpected_state")
        intent["status"], intent["cancellation_reason"] = "canceled", "requested_by_customer"
        self._keep(intent)
        self._tell("payment_intent.canceled", intent)
        return intent

    def _refund(self, form: Mapping[str, str]) -> Object:
        intent, amount = self._find(form["payment_intent"]), int(form["amount"])
        if not 0 < amount <= intent["amount_received"] - intent["refunded"] - intent["disputed"]:
            code = "charge_disputed" if intent["disputed"] else "charge_already_refunded"
            raise _Refused(HTTPStatus.BAD_REQUEST, type="invalid_request_error", code=code)
        fails = intent["card"] == "refund_fails"
        refund = {
            "id": self._new("re"), "object": "refund", "payment_intent": intent["id"], "amount": amount,
            "status": "failed" if fails else "succeeded", "metadata": {"ask": form.get("metadata[ask]", "")},
            "failure_reason": "expired_or_canceled_card" if fails else None,
        }  # fmt: skip
        if not fails:
            intent["refunded"] += amount
            self._keep(intent)
            self._book("refund", intent, -amount, source=refund["id"])
        self._keep(refund)
        self._tell("refund.updated", refund | {"metadata": intent["metadata"]})
        return refund

    # The cardholder, and their bank.

    def fill_in(self, number: str, card: str) -> Object | None:
        """Pay on the hosted page with a card number; give the page, or None where there is none that waits."""
        with self._lock:
            page = self.objects.get(number)
            if page is None or page.get("object") != "checkout.session" or page["status"] != "open":
                return None
            intent = self.objects[page["payment_intent"]]
            self._confirm(intent, CARDS.get("".join(card.split()), "generic_decline"))
            if intent["status"] != "requires_payment_method":
                page["status"] = "complete"
                self._keep(page)
            return page

    def dispute(self, intent_number: str, amount: int = 0) -> Object:
        """Let the cardholder's bank want money back."""
        with self._lock:
            intent = self.objects[intent_number]
            amount = amount or intent["amount_received"] - intent["refunded"] - intent["disputed"]
            intent["disputed"] += amount
            self._keep(intent)
            dispute = {
                "id": self._new("dp"), "object": "dispute", "payment_intent": intent_number,
                "amount": amount, "status": "needs_response",
            }  # fmt: skip
            self._keep(dispute)
            self._tell("charge.dispute.created", dispute)
            return dispute

    def decide(self, dispute_number: str, *, is_won: bool) -> None:
        """Decide a dispute; what is lost leaves the balance."""
        with self._lock:
            dispute = self.objects[dispute_number]
            dispute["status"] = "won" if is_won else "lost"
            self._keep(dispute)
            intent = self.objects[dispute["payment_intent"]]
            if is_won:
                intent["disputed"] -= dispute["amount"]
                self._keep(intent)
            else:
                self._book("dispute", intent, -dispute["amount"], source=dispute_number)
            self._tell("charge.dispute.closed", dispute)

    # What it tells, and what it reports.

    def _tell(self, what: str, about: Object) -> None:
        event = {"id": self._new("evt"), "object": "event", "type": what, "data": {"object": dict(about)}}
        body = msgspec.json.encode(event)
        self._notices += [body, body] if self._dice.random() < self.mischief.twice else [body]
        if self._dice.random() < self.mischief.shuffled:
            self._dice.shuffle(self._notices)

    def notices(self) -> list[Notice]:
        """Give the webhooks that are due, signed as of now, and forget them."""
        with self._lock:
            due, self._notices = self._notices, []
        stamp = str(self._now())
        return [Notice(body, f"t={stamp},v1={signed(body, stamp, self._secret)}") for body in due]

    def _book(self, category: str, intent: Object, gross: int, *, source: str) -> None:
        fee = _FEE_FIXED + gross * _FEE_BASIS_POINTS // _WHOLE if category == "charge" else 0
        self._keep({
            "id": self._new("txn"), "object": "balance_transaction", "reporting_category": category, "gross": gross,
            "fee": fee, "net": gross - fee, "currency": intent["currency"], "source_id": source,
            "payment_intent_id": intent["id"], "payment": intent["metadata"]["payment"], "created": self._now(),
        })  # fmt: skip

    def pay_out(self) -> None:
        """Send all that the balance holds to the merchant's bank."""
        with self._lock:
            sums: dict[str, int] = {}
            for line in self._all("balance_transaction"):
                sums[line["currency"]] = sums.get(line["currency"], 0) + line["net"]
            for currency, net in sums.items():
                if net > 0:
                    blank = {"currency": currency, "id": "", "metadata": {"payment": ""}}
                    self._book("payout", blank, -net, source=self._new("po"))

    def balance_lines(self) -> list[Object]:
        """Give every line of the balance, in order."""
        with self._lock:
            return sorted(self._all("balance_transaction"), key=lambda line: str(line["id"]))


def _error(kind: str) -> Object:
    return {"error": {"type": kind, "message": "The sandbox says no."}}
