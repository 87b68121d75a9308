"""The SDK: Caravan from another process, over HTTP. It stands on the kernel alone."""

from caravan.client import locations, taxes, wallets, wire
from caravan.client.client import Client
from caravan.client.sending import Refused, Said, Sender
from caravan.client.stream import OrderStream

__all__ = ["Client", "OrderStream", "Refused", "Said", "Sender", "locations", "taxes", "wallets", "wire"]
