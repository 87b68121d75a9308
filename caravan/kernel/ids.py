"""Ids: dense numbers inside, prefixed sortable text outside ("ord_0000000000A4")."""

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
}
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS = 12
_NUMBER_MAX = 32**_DIGITS - 1


def text(kind: object, number: int) -> str:
    """Write a number as its public id: `text(OrderId, 324)` is "ord_0000000000A4". Text sorts as the numbers do."""
    assert 0 <= number <= _NUMBER_MAX, number
    digits = [_ALPHABET[number >> 5 * place & 31] for place in range(_DIGITS - 1, -1, -1)]
    return f"{PREFIXES[kind]}_{''.join(digits)}"  # type: ignore[index]


def number(kind: object, public: str) -> int:
    """Read a public id back. Refuses one of another kind, or one that is none at all, as Invalid."""
    prefix, _, digits = public.partition("_")
    wanted = PREFIXES[kind]  # type: ignore[index]
    if prefix != wanted or len(digits) != _DIGITS or any(digit not in _ALPHABET for digit in digits):
        raise Invalid(f"An id that begins with {wanted}_ was wanted here.", value=public[:64])
    value = 0
    for digit in digits:
        value = value << 5 | _ALPHABET.index(digit)
    return value
