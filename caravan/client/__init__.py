"""The SDK: Caravan from another process, over HTTP. It stands on the kernel alone."""

from caravan.client import wire
from caravan.client.client import Client
from caravan.client.sending import Refused, Said, Sender

__all__ = ["Client", "Refused", "Said", "Sender", "wire"]
