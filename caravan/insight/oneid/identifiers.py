"""What an identifier is: its types by priority, how each is written, and which values stand for nobody."""

import re
from enum import IntEnum

from caravan.kernel.errors import Invalid, Refusal

VALUE_CHARACTERS_MAX = 320


class Type(IntEnum):
    """Types of identifier; of two in one observation, the lower number holds and the higher one is tied to it."""

    LOGIN = 1
    LOYALTY_CARD = 2
    MARKETPLACE = 3
    EMAIL = 4
    PHONE = 5
    DEVICE = 6
    COOKIE = 7
    RECORD = 8


# How many of each type one identity has at most, from the number of the type; 0 is no type.
LIMITS = (0, 1, 3, 8, 5, 5, 20, 60, 60)

_MAILBOXES = frozenset(
    [
        "info",
        "admin",
        "office",
        "contact",
        "sales",
        "support",
        "hello",
        "mail",
        "noreply",
        "no-reply",
        "donotreply",
        "test",
        "none",
        "null",
        "na",
        "webmaster",
        "postmaster",
        "example",
        "nobody",
        "anonymous",
        "unknown",
    ]
)
_DIGITS_MIN = 6
_PHONE_DIGITS = 9
_CHARACTERS_MIN = 3


class BlockedValue(Refusal):
    """This value is known to stand for many people or for nobody, so it ties nothing."""


def normal(kind: Type, value: str) -> str:
    """Write an identifier as all ways to write it are written. Refuses one that is none, or stands for nobody."""
    plain = value.strip()
    if not plain or len(plain) > VALUE_CHARACTERS_MAX:
        raise Invalid(f"An identifier has 1 to {VALUE_CHARACTERS_MAX} characters.", field="value")
    if kind is Type.EMAIL:
        return _email(plain.lower())
    if kind is Type.PHONE:
        digits = re.sub(r"\D", "", plain).lstrip("0")
        if len(digits) < _DIGITS_MIN or len(set(digits)) == 1:
            raise BlockedValue(f"A phone number has {_DIGITS_MIN} digits or more, not all the same.", field="value")
        return digits[-_PHONE_DIGITS:]
    if kind in {Type.LOYALTY_CARD, Type.MARKETPLACE}:
        plain = re.sub(r"[\s-]", "", plain).lower()
    if (len(plain) < _CHARACTERS_MIN and kind is not Type.LOGIN) or (len(set(plain)) == 1 and not plain.isdigit()):
        raise BlockedValue("This value is too plain to stand for one person.", field="value")
    if set(plain) <= {"0", "-"}:
        raise BlockedValue("A value of zeros stands for nobody.", field="value")
    return plain


def _email(address: str) -> str:
    mailbox, _, domain = address.partition("@")
    if not mailbox or "." not in domain or "@" in domain:
        raise Invalid("This is no e-mail address.", field="value")
    if mailbox in _MAILBOXES:
        raise BlockedValue("This mailbox is shared by many.", field="value")
    return address
