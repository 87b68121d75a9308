"""Tracking numbers in the shape of S10, the Universal Postal Union's standard for identifiers of postal items."""

import re

# Weights of the eight digits, and what stands for a check of 10 or 11 (UPU S10, annex on the check digit).
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_SERIALS = 10**8
_SHAPE = re.compile(r"^[A-Z]{2}(\d{8})(\d)[A-Z]{2}$")
# L: tracked letter-post and parcels of a web shop; the second letter is free.
SERVICE = "LC"


def tracking_number(serial: int, country: str, *, service: str = SERVICE) -> str:
    """Write a number, such as LC473124829PT: the service, eight digits and their check, the country that it comes from.

    Serials begin again after a hundred million; a number is then used twice, as with every post.
    """
    assert serial >= 0, serial
    assert re.fullmatch(r"[A-Z]{2}", country), country
    digits = f"{serial % _SERIALS:08d}"
    return f"{service}{digits}{_check(digits)}{country}"


def is_sound(number: str) -> bool:
    """Tell whether a number has the shape of S10 and its check digit is right."""
    found = _SHAPE.match(number)
    return found is not None and _check(found[1]) == int(found[2])


def _check(digits: str) -> int:
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)
