"""QR: what a merchant shows to be paid, in the format of EMVCo that wallets all over the world read.

Always: what is read and written again is the same to the byte; nothing is read whose check sum is wrong.
"""

from caravan.trade.qr.payload import DataObject, UnreadableQr, checksum, decode, encode
from caravan.trade.qr.request import PaymentRequest, make, understand

__all__ = ["DataObject", "PaymentRequest", "UnreadableQr", "checksum", "decode", "encode", "make", "understand"]
