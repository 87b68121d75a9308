"""What the sandbox carrier does: rates, labels, refunds and tracking as EasyPost tells them; and how it can misbehave."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from caravan.adapters.easypost import signed
from caravan.adapters.sandbox.books import Books
from caravan.adapters.sandbox.mischief import Mischief, Notice, Object, Reply
from caravan.kernel.clock import SECOND, iso

SECRET = "carrier_sandbox"  # noqa: S105  # It guards nothing: no parcel moves here.
HEADER = "X-Hmac-Signature"
_OUNCES_MAX = 1_000.0
# Name, service, price of the first pound and of each more in cents, days; abroad costs twice as much.
_SERVICES = (("Swift", "Express", 890, 180, 1), ("Snail", "Ground", 420, 90, 4))
_POUND_OUNCES = 16.0
# What it can be told that a parcel does: its word for it, the finer word, and what people read.
MOVES = {
    "picked up": ("in_transit", "received_at_origin_facility"), "in transit": ("in_transit", "in_transit"),
    "delayed": ("in_transit", "delayed"), "out for delivery": ("out_for_delivery", "out_for_delivery"),
    "delivered": ("delivered", "arrived_at_destination"), "failed": ("failure", "delivery_exception"),
    "lost": ("failure", "lost"), "sent back": ("return_to_sender", "return"),
}  # fmt: skip


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class SandboxCarrier(Books):
    """The carrier's books. In a file they outlive it; one request at a time."""

    own_secret = SECRET

    def __init__(
        self, *, now: Callable[[], int], secret: str | None = None, mischief: Mischief | None = None, seed: int = 0,
        file: Path | None = None, url: str = "", currency: str = "EUR",
    ) -> None:  # fmt: skip
        super().__init__(now=now, secret=secret, mischief=mischief, seed=seed, file=file, url=url)
        self._currency = currency

    # The API.

    def handle(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:  # noqa: ARG002  # Alike for all sandboxes.
        """Answer a request of the API, or misbehave."""
        with self._lock:
            if self._dice.random() < self.mischief.fails:
                return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": {"code": "INTERNAL"}})
            waits_s = self.mischief.slow_s if self._dice.random() < self.mischief.slow else 0.0
            try:
                answered = self._answer(method, path.strip("/").split("/")[1:], body)
                status = int(HTTPStatus.OK)
            except _Refused as refused:
                status, answered = refused.status, {"error": {"code": refused.code, "message": refused.message}}
            except (KeyError, TypeError, ValueError, msgspec.DecodeError):
                status, answered = HTTPStatus.BAD_REQUEST, {"error": {"code": "BAD_REQUEST"}}
            return Reply(status, answered, self._dice.random() < self.mischief.loses, waits_s)

    def _answer(self, method: str, steps: list[str], body: bytes) -> Object:
        match (method, *steps):
            case ("POST", "shipments"):
                return self._make(msgspec.json.decode(body)["shipment"])
            case ("GET", "shipments", number):
                return self._look(number)
            case ("POST", "shipments", number, "buy"):
                return self._buy(self._look(number), msgspec.json.decode(body)["rate"]["id"])
            case ("POST", "shipments", number, "refund"):
                return self._refund(self._look(number))
            case ("GET", "trackers"):
                return self._trackers(dict(parse_qsl(body.decode()))["tracking_code"])
        raise _Refused(HTTPStatus.NOT_FOUND, "NOT_FOUND", "There is no such thing.")

    def _make(self, wanted: Mapping[str, Any]) -> Object:
        ounces = float(wanted["parcel"]["weight"])
        if ounces > _OUNCES_MAX:
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "SHIPMENT.INVALID_PARAMS", "This parcel is too heavy.")
        is_abroad = wanted["from_address"]["country"] != wanted["to_address"]["country"]
        pounds = max(0, -(-ounces // _POUND_OUNCES) - 1)
        rates = []
        for carrier, service, first, more, days in _SERVICES:
            cents = int((first + more * pounds) * (2 if is_abroad else 1))
            rates.append({
                "id": self._new("rate"), "carrier": carrier, "service": service, "rate": f"{cents / 100:.2f}",
                "currency": self._currency, "delivery_days": days + 2 * is_abroad,
            })  # fmt: skip
        return self._keep({
            "id": self._new("shp"), "object": "Shipment", "reference": wanted.get("reference"), "rates": rates,
            "to": wanted["to_address"], "postage_label": None, "selected_rate": None, "tracking_code": None,
            "refund_status": None, "details": [], "looks": 0, "bought": 0,
        })  # fmt: skip

    def _look(self, number: str) -> Object:
        known = self.objects.get(number)
        if known is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "NOT_FOUND", "There is no such shipment.")
        if known["refund_status"] == "submitted":
            known["looks"] -= 1
            if known["looks"] <= 0:
                known["refund_status"] = "refunded" if not known["details"] else "rejected"
            self._keep(known)
        return known

    def _buy(self, shipment: Object, rate: str) -> Object:
        if shipment["postage_label"] is not None:
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "SHIPMENT.POSTAGE.EXISTS", "This postage was bought.")
        chosen = next((one for one in shipment["rates"] if one["id"] == rate), None)
        if chosen is None:
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "SHIPMENT.POSTAGE.FAILURE", "There is no such rate.")
        tracking = f"SBX{next(self._count):09d}"
        shipment |= {
            "selected_rate": chosen, "tracking_code": tracking, "bought": shipment["bought"] + 1,
            "postage_label": {"label_url": f"{self.url}/labels/{shipment['id']}", "label_pdf_url": None},
        }  # fmt: skip
        return self._keep(shipment)

    def _refund(self, shipment: Object) -> Object:
        if shipment["postage_label"] is None or shipment["refund_status"]:
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "SHIPMENT.REFUND.UNAVAILABLE", "Nothing to give back.")
        is_late = self._dice.random() < self.mischief.late
        shipment["looks"] = self._dice.randint(1, 3) if is_late else 0
        shipment["refund_status"] = "submitted" if is_late else "rejected" if shipment["details"] else "refunded"
        return self._keep(shipment)

    def _trackers(self, tracking: str) -> Object:
        found = [one for one in self.shipments() if one["tracking_code"] == tracking]
        details = [detail for one in found for detail in one["details"]]
        if details and self._dice.random() < self.mischief.late:
            details = details[:-1]  # What happened last is not known yet.
        if self._dice.random() < self.mischief.shuffled:
            self._dice.shuffle(details)
        if details and self._dice.random() < self.mischief.twice:
            details = [*details, details[0]]
        return {"trackers": [{"tracking_code": tracking, "tracking_details": details}] if found else []}

    # The road.

    def shipments(self) -> list[Object]:
        """Give the shipments whose label was bought, the newest first."""
        with self._lock:
            known = [one for one in self.objects.values() if one.get("object") == "Shipment"]
            return sorted((one for one in known if one["postage_label"]), key=lambda one: str(one["id"]), reverse=True)

    def move(self, tracking: str, move: str, *, place: str = "", at: int = 0) -> bool:
        """Let something happen to a parcel, now or at a time in seconds; tell whether there is one."""
        with self._lock:
            shipment = next((one for one in self.shipments() if one["tracking_code"] == tracking), None)
            if shipment is None or move not in MOVES:
                return False
            status, detail = MOVES[move]
            shipment["details"].append({
                "object": "TrackingDetail", "status": status, "status_detail": detail,
                "datetime": iso((at or self._now()) * SECOND),
                "tracking_location": {"city": place or None, "country": None},
            })  # fmt: skip
            self._keep(shipment)
            event = {
                "id": self._new("evt"), "object": "Event", "description": "tracker.updated",
                "result": {"object": "Tracker", "tracking_code": tracking, "status": status},
            }  # fmt: skip
            body = msgspec.json.encode(event)
            self._notices += [body, body] if self._dice.random() < self.mischief.twice else [body]
            if self._dice.random() < self.mischief.shuffled:
                self._dice.shuffle(self._notices)
            return True

    def notices(self) -> list[Notice]:
        """Give the webhooks that are due, signed, and forget them."""
        with self._lock:
            due, self._notices = self._notices, []
        return [Notice(body, signed(body, self._secret)) for body in due]
