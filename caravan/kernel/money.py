"""Money: an integer of minor units with its ISO 4217 currency. There is no float anywhere near it."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import msgspec

from caravan.kernel.errors import Invalid

# ISO 4217: alphabetic code -> (numeric code, digits after the point). The numeric code is the ledger's unit of money.
CURRENCIES: dict[str, tuple[int, int]] = {
    "AED": (784, 2), "ARS": (32, 2), "AUD": (36, 2), "BHD": (48, 3), "BRL": (986, 2), "CAD": (124, 2),
    "CHF": (756, 2), "CLP": (152, 0), "CNY": (156, 2), "COP": (170, 2), "CZK": (203, 2), "DKK": (208, 2),
    "EGP": (818, 2), "EUR": (978, 2), "GBP": (826, 2), "HKD": (344, 2), "HUF": (348, 2), "IDR": (360, 2),
    "ILS": (376, 2), "INR": (356, 2), "ISK": (352, 0), "JOD": (400, 3), "JPY": (392, 0), "KES": (404, 2),
    "KRW": (410, 0), "KWD": (414, 3), "KZT": (398, 2), "MAD": (504, 2), "MXN": (484, 2), "MYR": (458, 2),
    "NGN": (566, 2), "NOK": (578, 2), "NZD": (554, 2), "OMR": (512, 3), "PEN": (604, 2), "PHP": (608, 2),
    "PKR": (586, 2), "PLN": (985, 2), "RON": (946, 2), "RUB": (643, 2), "SAR": (682, 2), "SEK": (752, 2),
    "SGD": (702, 2), "THB": (764, 2), "TND": (788, 3), "TRY": (949, 2), "TWD": (901, 2), "UAH": (980, 2),
    "USD": (840, 2), "VND": (704, 0), "ZAR": (710, 2),
}  # fmt: skip
_ALPHABETIC = {numeric: alphabetic for alphabetic, (numeric, _) in CURRENCIES.items()}

AMOUNT_MAX = 10**15  # One posting; a sum of nine thousand such still fits 64 bits.


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in minor units of a currency: Money(1999, "EUR") is 19.99 euro, Money(1999, "JPY") is 1,999 yen."""

    amount: int
    currency: str


def numeric(currency: str) -> int:
    """Give a currency's ISO 4217 number; refuse one that is not in the table."""
    if currency not in CURRENCIES:
        raise Invalid(f"{currency[:8]!r} is no currency that Caravan knows.", value=currency[:8])
    return CURRENCIES[currency][0]


def alphabetic(number: int) -> str:
    """Give the three letters of an ISO 4217 number."""
    return _ALPHABETIC[number]


def exponent(currency: str) -> int:
    """Give the digits after the point: 2 for EUR, 0 for JPY, 3 for KWD."""
    return CURRENCIES[currency][1]


def parse(text: str, currency: str) -> Money:
    """Read "19.99" as minor units, exactly; refuse more digits than the currency has."""
    numeric(currency)
    try:
        minor = Decimal(text.strip()).scaleb(exponent(currency))
    except InvalidOperation:
        raise Invalid(f"{text[:32]!r} is no amount of money.", value=text[:32]) from None
    if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > AMOUNT_MAX:
        raise Invalid(f"{text[:32]!r} is no amount in {currency}.", value=text[:32])
    return Money(int(minor), currency)


def plain(amount: int, currency: str) -> str:
    """Write minor units as a plain decimal: 1999 EUR is "19.99"."""
    return str(Decimal(amount).scaleb(-exponent(currency)))


def share(amount: int, *, basis_points: int) -> int:
    """Give so many ten-thousandths of an amount, rounded half to even."""
    return int((Decimal(amount) * basis_points / 10_000).to_integral_value(ROUND_HALF_EVEN))


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights so that not one minor unit is lost; the largest remainders get the rest, first first."""
    total = sum(weights)
    assert total > 0, weights
    parts = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-remainders[place], place))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    assert sum(parts) == amount, (amount, weights, parts)
    return parts
