"""JSON in its one canonical form (RFC 8785), so that two bodies that mean the same have the same fingerprint."""

import json
from json.encoder import encode_basestring
from math import isfinite

# Beyond these, ECMAScript writes a number with an exponent (ECMA-262, Number::toString).
_EXPONENT_MIN = -6
_EXPONENT_MAX = 21


def canonical(value: object) -> bytes:
    """Write decoded JSON canonically: keys by UTF-16 units, no spaces, numbers as ECMAScript writes them."""
    return _write(value).encode()


def _write(value: object) -> str:
    match value:
        case dict():
            pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
            return "{" + ",".join(f"{_text(key)}:{_write(inner)}" for key, inner in pairs) + "}"
        case list():
            return "[" + ",".join(_write(inner) for inner in value) + "]"
        case str():
            return _text(value)
        case float():
            return _number(value)
        case _:
            return json.dumps(value)


def _text(value: str) -> str:
    return encode_basestring(value)


def _number(value: float) -> str:
    assert isfinite(value), "JSON has no such number."
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    digits, exponent = _scientific(abs(value))
    if _EXPONENT_MIN <= exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if 0 <= exponent < _EXPONENT_MAX:
        whole = digits[: exponent + 1].ljust(exponent + 1, "0")
        rest = digits[exponent + 1 :]
        return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
    fraction = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{fraction}e{exponent:+d}"


def _scientific(value: float) -> tuple[str, int]:
    """Give the digits without a point, and the power of ten of the first of them.

    They are the shortest that read back as the same number, on which Python and ECMAScript agree.
    """
    mantissa, _, power = repr(value).partition("e")
    whole, _, rest = mantissa.partition(".")
    exponent = int(power or 0) + len(whole) - 1
    if whole == "0":
        exponent = int(power or 0) - 1 - (len(rest) - len(rest.lstrip("0")))
    return (whole + rest).lstrip("0").rstrip("0"), exponent
