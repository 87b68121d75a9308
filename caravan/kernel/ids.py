"""Ids: dense numbers inside, prefixed sortable text outside ("ord_0000000000A4")."""

import contextlib
import itertools
from typing import NewType

from caravan.kernel.errors import Invalid

SellerId = NewType("SellerId", int)
BuyerId = NewType("BuyerId", int)
AddressId = NewType("AddressId", int)
ProductId = NewType("ProductId", int)
SkuId = NewType("SkuId", int)
ListingId = NewType("ListingId", int)
LocationId = NewType("LocationId", int)
CartId = NewType("CartId", int)
SessionId = NewType("SessionId", int)
PurchaseId = NewType("PurchaseId", int)
OrderId = NewType("OrderId", int)
PaymentId = NewType("PaymentId", int)
ParcelId = NewType("ParcelId", int)
PayoutId = NewType("PayoutId", int)
ReturnId = NewType("ReturnId", int)
EntryId = NewType("EntryId", int)
HoldId = NewType("HoldId", int)
AccountId = NewType("AccountId", int)
PlanId = NewType("PlanId", int)
IdentityId = NewType("IdentityId", int)
TieId = NewType("TieId", int)
ProposalId = NewType("ProposalId", int)
AskId = NewType("AskId", int)
DisputeId = NewType("DisputeId", int)
CouponId = NewType("CouponId", int)
GiftCardId = NewType("GiftCardId", int)
OpenItemId = NewType("OpenItemId", int)
TransferId = NewType("TransferId", int)
RequestId = NewType("RequestId", int)
CodeId = NewType("CodeId", int)
QuoteId = NewType("QuoteId", int)
SegmentId = NewType("SegmentId", int)
ExportId = NewType("ExportId", int)
WebhookId = NewType("WebhookId", int)
ClaimId = NewType("ClaimId", int)
LabelId = NewType("LabelId", int)
MoveId = NewType("MoveId", int)

PREFIXES = {
    SellerId: "sel",
    BuyerId: "buy",
    AddressId: "adr",
    ProductId: "prd",
    SkuId: "sku",
    ListingId: "lst",
    LocationId: "loc",
    CartId: "crt",
    SessionId: "cs",
    PurchaseId: "pur",
    OrderId: "ord",
    PaymentId: "pay",
    ParcelId: "par",
    PayoutId: "po",
    ReturnId: "rtn",
    EntryId: "ent",
    HoldId: "hld",
    AccountId: "acc",
    PlanId: "pln",
    IdentityId: "idt",
    TieId: "tie",
    ProposalId: "ppl",
    AskId: "ask",
    DisputeId: "dsp",
    CouponId: "cpn",
    GiftCardId: "gft",
    OpenItemId: "itm",
    TransferId: "trf",
    RequestId: "mrq",
    CodeId: "qrc",
    QuoteId: "fxq",
    SegmentId: "seg",
    ExportId: "exp",
    WebhookId: "whk",
    ClaimId: "clm",
    LabelId: "lbl",
    MoveId: "mov",
}
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DIGITS = 12
_NUMBER_MAX = 32**DIGITS - 1
# Three digits at a time, and Python's own digits of base 32 for ours: an id is written and read at every turn.
_TRIPLES = ["".join(digits) for digits in itertools.product(ALPHABET, repeat=3)]
_PYTHONS = str.maketrans(
    {chr(letter): "!" for letter in range(128)} | dict(zip(ALPHABET, "0123456789abcdefghijklmnopqrstuv", strict=True))
)


def text(kind: object, number: int) -> str:
    """Write a number as its public id: `text(OrderId, 324)` is "ord_0000000000A4". Text sorts as the numbers do."""
    assert 0 <= number <= _NUMBER_MAX, number
    high, low = number >> 30, number & 0x3FFFFFFF
    digits = _TRIPLES[high >> 15] + _TRIPLES[high & 32767] + _TRIPLES[low >> 15] + _TRIPLES[low & 32767]
    return f"{PREFIXES[kind]}_{digits}"  # type: ignore[index]


def number(kind: object, public: str) -> int:
    """Read a public id back. Refuses one of another kind, or one that is none at all, as Invalid."""
    prefix, _, digits = public.partition("_")
    wanted = PREFIXES[kind]  # type: ignore[index]
    if prefix == wanted and len(digits) == DIGITS and digits.isascii():
        with contextlib.suppress(ValueError):
            return int(digits.translate(_PYTHONS), 32)
    raise Invalid(f"An id that begins with {wanted}_ was wanted here.", value=public[:64])
