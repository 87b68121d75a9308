"""EasyPost, and whatever speaks as it does: rates, labels and tracking of many carriers over its HTTP API."""

import hashlib
import hmac
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from caravan.kernel.clock import instant
from caravan.kernel.errors import Invalid
from caravan.kernel.money import parse
from caravan.trade.delivery.ports import (
    Answered,
    CarrierDown,
    LabelAnswer,
    LabelAsk,
    LabelKind,
    NoRates,
    Place,
    Rate,
    Told,
    UnsignedTracking,
    Wanted,
)

_logger = logging.getLogger("caravan.adapters")

_TIMEOUT_S = 20.0
_ASKS_AT_ONCE = 8
_RATES_MAX = 100
_TOLD_MAX = 500
_GRAMS_PER_OUNCE = Decimal("28.349523125")
_UNKNOWN = LabelAnswer(Answered.UNKNOWN)
_Object = Mapping[str, Any]

# Their words for where a parcel is, as ours (trade/delivery: ParcelStatus); what is not here says nothing of its way.
_STATUSES = {
    "in_transit": 2, "out_for_delivery": 5, "available_for_pickup": 6, "failure": 7, "delivered": 8,
    "return_to_sender": 9,
}  # fmt: skip
# Their finer words, which win: a parcel that is held, late or lost is said to be in transit, or to have failed.
_DETAILS = {
    "held": 3, "delayed": 4, "weather_delay": 4, "lost": 11, "received_at_origin_facility": 1,
}  # fmt: skip


class _Trouble(Exception):
    """The carrier's answer is not known, or was no: then `answer` says why."""

    def __init__(self, answer: LabelAnswer) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class EasyPostCarrier:
    """An aggregator of carriers. It looks before it asks again, so that a label whose answer was lost is not bought twice."""

    def __init__(
        self, url: str, *, key: str, webhook_secret: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._client = httpx.Client(base_url=url, auth=(key, ""), timeout=_TIMEOUT_S, transport=transport)
        self._webhook_secret = webhook_secret
        self._pool = ThreadPoolExecutor(_ASKS_AT_ONCE, thread_name_prefix="easypost")

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown(wait=False)
        self._client.close()

    def rates(self, wanted: Wanted) -> list[Rate]:
        """Quote for a parcel: a shipment is made, which costs nothing. Refuses what nobody brings."""
        ounces = (Decimal(wanted.weight_grams) / _GRAMS_PER_OUNCE).quantize(Decimal("0.01"))
        shipment = {
            "reference": wanted.reference, "from_address": _address(wanted.sender),
            "to_address": _address(wanted.recipient), "parcel": {"weight": max(float(ounces), 0.1)},
        }  # fmt: skip
        try:
            made = self._post("/v2/shipments", {"shipment": shipment})
            found = [_rate(made["id"], rate) for rate in made["rates"][:_RATES_MAX]]
        except _Trouble as trouble:
            if trouble.answer.answered == Answered.REFUSED:
                raise NoRates(trouble.answer.reason) from None
            raise CarrierDown from trouble
        except (httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError, Invalid) as error:
            raise CarrierDown from error
        if not found:
            raise NoRates
        return found

    def ask(self, asks: Sequence[LabelAsk]) -> list[LabelAnswer]:
        """Ask for several things at once; one answer each. Never raises: what is not known is UNKNOWN."""
        if len(asks) == 1:
            return [self._answer(asks[0])]
        return list(self._pool.map(self._answer, asks))

    def _answer(self, ask: LabelAsk) -> LabelAnswer:
        try:
            return self._buy(ask) if ask.kind == LabelKind.BUY else self._void(ask)
        except _Trouble as trouble:
            return trouble.answer
        except (httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError) as error:
            _logger.warning("The carrier's answer about %s is not known: %r", ask.shipment, error)
            return _UNKNOWN

    def _buy(self, ask: LabelAsk) -> LabelAnswer:
        known = self._get(f"/v2/shipments/{ask.shipment}")
        if known.get("postage_label") is None:
            known = self._post(f"/v2/shipments/{ask.shipment}/buy", {"rate": {"id": ask.rate}})
        if (known.get("selected_rate") or {}).get("id") != ask.rate:
            _logger.error("Of %s another rate was bought than %s.", ask.shipment, ask.rate)
            return _UNKNOWN
        label = known["postage_label"]
        document = label.get("label_pdf_url") or label.get("label_url") or ""
        return LabelAnswer(Answered.DONE, str(known["tracking_code"]), str(document))

    def _void(self, ask: LabelAsk) -> LabelAnswer:
        known = self._get(f"/v2/shipments/{ask.shipment}")
        if not known.get("refund_status"):
            known = self._post(f"/v2/shipments/{ask.shipment}/refund", {})
        status = known.get("refund_status")
        if status == "refunded":
            return LabelAnswer(Answered.DONE)
        if status in {"rejected", "not_applicable"}:
            return LabelAnswer(Answered.REFUSED, reason=str(status))
        return LabelAnswer(Answered.PENDING)

    def track(self, trackings: Sequence[str]) -> list[list[Told] | None]:
        """Tell where parcels were, each in any order; None where that is not known. Never raises."""
        return list(self._pool.map(self._track, trackings))

    def _track(self, tracking: str) -> list[Told] | None:
        try:
            trackers = self._get("/v2/trackers", {"tracking_code": tracking})["trackers"]
            details = [detail for tracker in trackers[:1] for detail in tracker["tracking_details"][:_TOLD_MAX]]
            return [told for told in map(_told, details) if told is not None]
        except (_Trouble, httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            _logger.warning("Where %s is, is not known: %r", tracking, error)
            return None

    def notice(self, body: bytes, signature: str) -> str | None:
        """Read of a webhook which tracking number has news, or None. Refuses one that is not signed by the carrier."""
        if not self._webhook_secret or not hmac.compare_digest(
            signature.encode(), signed(body, self._webhook_secret).encode()
        ):
            raise UnsignedTracking
        try:
            event = msgspec.json.decode(body)
            is_tracker = str(event["description"]).startswith("tracker.")
            return str(event["result"]["tracking_code"]) if is_tracker else None
        except (msgspec.DecodeError, KeyError, TypeError):
            return None

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> _Object:
        return _read(self._client.get(path, params=query))

    def _post(self, path: str, body: _Object) -> _Object:
        content = msgspec.json.encode(body)
        return _read(self._client.post(path, content=content, headers={"content-type": "application/json"}))


def _address(place: Place) -> dict[str, str]:
    return {
        "name": place.name, "street1": place.line1, "street2": place.line2, "city": place.city, "zip": place.postcode,
        "country": place.country,
    }  # fmt: skip


def _rate(shipment: str, rate: _Object) -> Rate:
    money = parse(str(rate["rate"]), str(rate["currency"]))
    return Rate(
        shipment, str(rate["id"]), str(rate["carrier"]), str(rate["service"]), money.currency, money.amount,
        int(rate.get("delivery_days") or 0),
    )  # fmt: skip


def _told(detail: _Object) -> Told | None:
    status = _DETAILS.get(str(detail.get("status_detail") or "")) or _STATUSES.get(str(detail["status"]))
    if status is None:
        return None
    where = detail.get("tracking_location") or {}
    place = ", ".join(str(where[name]) for name in ("city", "country") if where.get(name))
    return Told(instant(datetime.fromisoformat(str(detail["datetime"]))), status, place)


def _read(response: httpx.Response) -> _Object:
    """Give the object that was answered. What went wrong at the carrier's is unknown; what it refused, it refused."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        answered: _Object = msgspec.json.decode(response.content)
        return answered
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {
        HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_TIMEOUT,
    }:  # fmt: skip
        _logger.warning("The carrier answered %s.", status)
        raise _Trouble(_UNKNOWN)
    error = msgspec.json.decode(response.content).get("error", {})
    reason = str(error.get("message") or error.get("code") or status)
    raise _Trouble(LabelAnswer(Answered.REFUSED, reason=reason))


def signed(body: bytes, secret: str) -> str:
    """Give the signature of a webhook's body."""
    key = unicodedata.normalize("NFKD", secret).encode()
    return "hmac-sha256-hex=" + hmac.new(key, body, hashlib.sha256).hexdigest()
