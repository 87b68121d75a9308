"""What everything on the wire is made of: ids, amounts, times, pages, problems; what is sent, and what is answered."""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from caravan.kernel import ids
from caravan.kernel.money import AMOUNT_MAX

API_VERSION = "2026-11-01"
PROBLEMS = "https://caravan.example/problems/"
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
UNITS_PER_LINE_MAX = 100_000
LINES_MAX = 100
UNITS_PER_RECEIPT_MAX = 10_000_000
SECONDS_MAX = 10 * 365 * 86_400
T = TypeVar("T")


def public_id(kind: type[int]) -> Meta:
    """Say how the public ids of a kind are written, with one to show."""
    prefix = ids.PREFIXES[kind]
    return Meta(pattern=f"^{prefix}_[0-9A-HJKMNP-TV-Z]{{12}}$", examples=[ids.text(kind, 324)])


SellerRef = Annotated[str, public_id(ids.SellerId)]
BuyerRef = Annotated[str, public_id(ids.BuyerId)]
AddressRef = Annotated[str, public_id(ids.AddressId)]
ProductRef = Annotated[str, public_id(ids.ProductId)]
SkuRef = Annotated[str, public_id(ids.SkuId)]
ListingRef = Annotated[str, public_id(ids.ListingId)]
CartRef = Annotated[str, public_id(ids.CartId)]
SessionRef = Annotated[str, public_id(ids.SessionId)]
PurchaseRef = Annotated[str, public_id(ids.PurchaseId)]
OrderRef = Annotated[str, public_id(ids.OrderId)]
ParcelRef = Annotated[str, public_id(ids.ParcelId)]
PayoutRef = Annotated[str, public_id(ids.PayoutId)]
PlanRef = Annotated[str, public_id(ids.PlanId)]
IdentityRef = Annotated[str, public_id(ids.IdentityId)]
TieRef = Annotated[str, public_id(ids.TieId)]
ProposalRef = Annotated[str, public_id(ids.ProposalId)]
PaymentRef = Annotated[str, public_id(ids.PaymentId)]
SegmentRef = Annotated[str, public_id(ids.SegmentId)]
ClaimRef = Annotated[str, public_id(ids.ClaimId)]
ExportRef = Annotated[str, public_id(ids.ExportId)]
WebhookRef = Annotated[str, public_id(ids.WebhookId)]
LocationRef = Annotated[str, public_id(ids.LocationId)]
MoveRef = Annotated[str, public_id(ids.MoveId)]
EntryRef = Annotated[str, public_id(ids.EntryId)]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Email = Annotated[str, Meta(max_length=254)]
Password = Annotated[str, Meta(max_length=256)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
CurrencyCode = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Text120 = Annotated[str, Meta(max_length=120)]
Text200 = Annotated[str, Meta(max_length=200)]
Text1000 = Annotated[str, Meta(max_length=1_000)]
Text20000 = Annotated[str, Meta(max_length=20_000)]
Drawing = Annotated[str, Meta(max_length=100_000)]
Quantity = Annotated[int, Meta(ge=1, le=UNITS_PER_LINE_MAX)]
Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
Seconds = Annotated[int, Meta(ge=0, le=SECONDS_MAX)]
Direction = Literal["asc", "desc"]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is sent. A field that is not known is refused, so that a slip of the pen never does half of what was meant."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered. Fields may be added within a version."""


class Page(Response, Generic[T], frozen=True, kw_only=True):
    """Some of a list; `next` is the cursor to go on from."""

    data: list[T]
    has_more: bool
    next: str | None


class FieldError(Response, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field of the body (`pointer`) or one parameter of the query."""

    code: str
    detail: str = ""
    pointer: str = ""
    parameter: str = ""


class Problem(Response, frozen=True, kw_only=True, omit_defaults=True):
    """Why something did not happen (RFC 9457). What a refusal tells besides (how many are left) stands beside these."""

    type: str
    title: str
    status: int
    refusal: str
    detail: str = ""
    instance: str = ""
    errors: list[FieldError] = []


class Amount(Request, frozen=True, kw_only=True, omit_defaults=False):
    """Money in minor units of a currency: 1999 EUR is 19.99 euro."""

    amount: Minor
    currency: CurrencyCode


Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=512)]


class Paging(Request, frozen=True, kw_only=True):
    """Which part of a list: at most `limit`, after a cursor that an earlier answer gave as `next`."""

    limit: Limit = 50
    after: Cursor = ""


def decode(body: bytes, kind: type[T]) -> T:
    """Read an answer."""
    return msgspec.json.decode(body, type=kind)
