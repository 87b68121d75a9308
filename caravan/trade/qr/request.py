"""What a QR code asks for: who is to be paid, how much and for what, read from its objects and written as them."""

import re
from typing import NamedTuple

import msgspec

from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.money import CURRENCIES, Money, alphabetic, numeric, parse, plain
from caravan.trade.qr.payload import DataObject, UnreadableQr, encode

NAME_CHARACTERS_MAX = 25
CITY_CHARACTERS_MAX = 15
REFERENCE_CHARACTERS_MAX = 25
ACCOUNT_CHARACTERS_MAX = 60
SCHEME = "org.caravan"  # What our own merchant accounts are told apart by.
_ANY_TRADE = "0000"
_AMOUNT_CHARACTERS_MAX = 13
_STATIC, _DYNAMIC = "11", "12"
_AMOUNT = re.compile(r"\d+(\.\d*)?")
_NUMBERS = {number for number, _ in CURRENCIES.values()}


class ForeignCode(Refusal):
    """This code is of another payment scheme: it is in order, but no wallet here can pay it."""


class OurAccount(NamedTuple):
    """Whom one of our codes pays: an account, by the number of a dynamic code, at the market that made it."""

    account: str
    code: str
    market: str


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. Without an amount the buyer says how much; `is_dynamic` is for one payment only.

    `accounts` are where money may go, by the scheme that knows them.
    """

    currency: str
    amount: Money | None
    is_dynamic: bool
    name: str
    city: str
    country: str
    category: str
    reference: str
    accounts: dict[str, dict[str, str]]


def understand(objects: tuple[DataObject, ...]) -> PaymentRequest:
    """Say what a code asks for. Refuses a currency or an amount that cannot be, by field."""
    told = {one.id: one.value for one in objects}
    additional = {one.id: one.value for whole in objects if whole.id == "62" for one in whole.inside}
    number = told.get("53", "")
    if len(number) != 3 or not number.isdecimal() or int(number) not in _NUMBERS:  # noqa: PLR2004 - ISO 4217.
        raise UnreadableQr(f"{number[:8]!r} is no currency that Caravan knows.", field="53")
    if told.get("01", _STATIC) not in {_STATIC, _DYNAMIC}:
        raise UnreadableQr("A code is static (11) or dynamic (12).", field="01")
    currency = alphabetic(int(number))
    return PaymentRequest(
        currency=currency, amount=_amount(told["54"], currency) if "54" in told else None,
        is_dynamic=told.get("01") == _DYNAMIC, name=told.get("59", ""), city=told.get("60", ""),
        country=told.get("58", ""), category=told.get("52", _ANY_TRADE),
        reference=additional.get("05") or additional.get("01", ""), accounts=_accounts(objects),
    )  # fmt: skip


def our_account(request: PaymentRequest) -> OurAccount:
    """Say whom a code of Caravan pays. Refuses a code of other schemes as ForeignCode, and names them."""
    told = request.accounts.get(SCHEME, {})
    if "01" not in told:
        schemes = ", ".join(request.accounts)
        raise ForeignCode(f"This code is to be paid through {schemes or 'another scheme'}, not here.", schemes=schemes)
    return OurAccount(told["01"], told.get("02", ""), told.get("03", ""))


def _amount(text: str, currency: str) -> Money:
    if len(text) > _AMOUNT_CHARACTERS_MAX or not _AMOUNT.fullmatch(text):
        raise UnreadableQr(f"{text[:16]!r} is no amount.", field="54")
    try:
        found = parse(text, currency)
    except Invalid as error:
        raise UnreadableQr(str(error), field="54") from None
    if not found.amount:
        raise UnreadableQr("An amount is above zero.", field="54")
    return found


def _accounts(objects: tuple[DataObject, ...]) -> dict[str, dict[str, str]]:
    """Give the accounts by scheme: card networks have ids of their own, all others name themselves."""
    found: dict[str, dict[str, str]] = {}
    for one in objects:
        if "02" <= one.id <= "25":
            found[f"network {one.id}"] = {"account": one.value}
        elif "26" <= one.id <= "51":
            inside = {part.id: part.value for part in one.inside}
            found[inside.pop("00", f"template {one.id}")] = inside
    return found


def make(  # noqa: PLR0913 - Each is a field of the code, and named by whoever calls.
    *, name: str, city: str, country: str, currency: str, account: str, amount: Money | None = None, reference: str = "",
    category: str = _ANY_TRADE, code: str = "", market: str = "",
) -> str:  # fmt: skip
    """Write a code for a merchant here: static without an amount, dynamic with one. Refuses what is too long, by field.

    `code` is the number under which a market keeps a dynamic code, `market` the mark of the market that made it.
    """
    for field, value, most in (
        ("59", name, NAME_CHARACTERS_MAX), ("60", city, CITY_CHARACTERS_MAX), ("26.01", account, ACCOUNT_CHARACTERS_MAX),
        ("62.05", reference or "-", REFERENCE_CHARACTERS_MAX),
    ):  # fmt: skip
        if not 0 < len(value) <= most:
            raise UnreadableQr(f"Object {field} has 1 to {most} characters.", field=field)
    if not re.fullmatch("[A-Z]{2}", country):
        raise UnreadableQr("A country is two capital letters.", field="58")
    if not re.fullmatch("[0-9]{4}", category):
        raise UnreadableQr("A category is four digits.", field="52")
    if amount is not None and (amount.amount <= 0 or amount.currency != currency):
        raise UnreadableQr("An amount is above zero, and in the code's currency.", field="54")
    written = plain(amount.amount, amount.currency) if amount is not None else ""
    if len(written) > _AMOUNT_CHARACTERS_MAX:
        raise UnreadableQr(f"An amount has at most {_AMOUNT_CHARACTERS_MAX} characters.", field="54")
    told = (("00", SCHEME), ("01", account), ("02", code), ("03", market))
    account_parts = tuple(DataObject(id_, value) for id_, value in told if value)
    objects = [
        DataObject("00", "01"), DataObject("01", _DYNAMIC if amount else _STATIC), DataObject("26", "", account_parts),
        DataObject("52", category), DataObject("53", f"{numeric(currency):03d}"),
        *([DataObject("54", written)] if written else []), DataObject("58", country), DataObject("59", name),
        DataObject("60", city), *([DataObject("62", "", (DataObject("05", reference),))] if reference else []),
    ]  # fmt: skip
    return encode(objects)
