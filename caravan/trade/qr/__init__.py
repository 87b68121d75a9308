"""QR: what a merchant shows to be paid, in the format of EMVCo that wallets all over the world read.

Always: what is read and written again is the same to the byte; nothing is read whose check sum is wrong.
"""

from caravan.trade.qr.payload import DataObject, UnreadableQr, checksum, decode, encode
from caravan.trade.qr.request import (
    CITY_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    REFERENCE_CHARACTERS_MAX,
    ForeignCode,
    OurAccount,
    PaymentRequest,
    make,
    our_account,
    understand,
)

__all__ = [
    "CITY_CHARACTERS_MAX",
    "NAME_CHARACTERS_MAX",
    "REFERENCE_CHARACTERS_MAX",
    "DataObject",
    "ForeignCode",
    "OurAccount",
    "PaymentRequest",
    "UnreadableQr",
    "checksum",
    "decode",
    "encode",
    "make",
    "our_account",
    "understand",
]
