"""The payload of a merchant-presented QR code: data objects of an id, a length and a value, and the check sum at the end.

After EMVCo's QR Code Specification for Payment Systems, Merchant-Presented Mode, 1.1. Lengths count characters.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from caravan.kernel.errors import Refusal

PAYLOAD_CHARACTERS_MAX = 512
VALUE_CHARACTERS_MAX = 99
_CHECKSUM = "63"
_CHECKSUM_HEAD = "6304"
_FORMAT = "000201"
# Merchant accounts, additional data, the merchant in another language, and unreserved: objects that hold objects.
_TEMPLATES = frozenset(f"{number:02d}" for number in (*range(26, 52), 62, 64, *range(80, 100)))


class UnreadableQr(Refusal):
    """This is no QR code that a merchant shows to be paid; `field` says where it stops being one."""


class DataObject(NamedTuple):
    """An id of two digits and its value; in a template, `inside` are the objects that the value is made of."""

    id: str
    value: str
    inside: tuple["DataObject", ...] = ()


def checksum(text: str) -> str:
    """Give the check sum of a payload up to and with its "6304": CRC-16/CCITT-FALSE, in four hexadecimal digits."""
    register = 0xFFFF
    for byte in text.encode():
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return f"{register:04X}"


def decode(text: str) -> tuple[DataObject, ...]:
    """Read a payload into its objects, in their order and without the check sum. Refuses what is none, by field."""
    if len(text) > PAYLOAD_CHARACTERS_MAX:
        raise UnreadableQr(f"A QR code holds at most {PAYLOAD_CHARACTERS_MAX} characters.", field="payload")
    if not text.startswith(_FORMAT):
        raise UnreadableQr("A QR code to be paid begins with 000201.", field="00")
    if text[-8:-4] != _CHECKSUM_HEAD:
        raise UnreadableQr("The check sum is not at the end.", field=_CHECKSUM)
    if text[-4:].upper() != checksum(text[:-4]):
        raise UnreadableQr("The check sum is wrong: a character was misread or changed.", field=_CHECKSUM)
    return tuple(_objects(text[:-8], ""))


def encode(objects: Sequence[DataObject]) -> str:
    """Write objects as a payload with its check sum. Refuses values that are too long, by field."""
    body = _written(objects, "") + _CHECKSUM_HEAD
    if len(body) + 4 > PAYLOAD_CHARACTERS_MAX:
        raise UnreadableQr(f"A QR code holds at most {PAYLOAD_CHARACTERS_MAX} characters.", field="payload")
    return body + checksum(body)


def _objects(text: str, within: str) -> Iterator[DataObject]:
    at, seen = 0, set()
    while at < len(text):
        id_, length = text[at : at + 2], text[at + 2 : at + 4]
        field = f"{within}{id_}"
        if not _is_digits(id_) or not _is_digits(length):
            raise UnreadableQr(
                f"At {field[:8]!r}, two digits of id and two of length were wanted.", field=within or "payload"
            )
        value = text[at + 4 : at + 4 + int(length)]
        if len(value) != int(length) or not value:
            raise UnreadableQr(f"Object {field} says that it has {int(length)} characters.", field=field)
        if id_ in seen:
            raise UnreadableQr(f"Object {field} is there twice.", field=field)
        seen.add(id_)
        is_template = not within and id_ in _TEMPLATES
        yield DataObject(id_, value, tuple(_objects(value, f"{field}.")) if is_template else ())
        at += 4 + int(length)


def _is_digits(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isdigit()  # noqa: PLR2004 - Ids and lengths have two.


def _written(objects: Sequence[DataObject], within: str) -> str:
    parts = []
    for one in objects:
        value = _written(one.inside, f"{within}{one.id}.") if one.inside else one.value
        if not 0 < len(value) <= VALUE_CHARACTERS_MAX:
            raise UnreadableQr(
                f"Object {within}{one.id} has 1 to {VALUE_CHARACTERS_MAX} characters.", field=f"{within}{one.id}"
            )
        parts.append(f"{one.id}{len(value):02d}{value}")
    return "".join(parts)
