"""Framing: how the orders' socket parts its bytes into messages; the server and the client both speak it."""

import struct

# A message is its length in bytes (4, little-endian), its kind (1), and so many bytes of what it says.
HEAD = struct.Struct("<IB")
HELLO = 0  # JSON: the client shows its token; the server says how much it takes.
ORDERS = 1  # An Arrow stream, as POST /v1/orders/batches takes it.
ANSWERS = 2  # An Arrow stream, as it gives.
PROBLEM = 3  # JSON: a problem, as the API tells it. Nothing of the request was taken.

MESSAGE_BYTES_MAX = 16 * 2**20
# So many requests of one connection may be under way; the server reads no further until one of them is answered.
UNDER_WAY_MAX = 8


def framed(kind: int, said: bytes) -> bytes:
    """Put the head before a message."""
    return HEAD.pack(len(said), kind) + said
