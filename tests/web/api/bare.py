"""The two ways into a rig's server: bare connections, to send what no HTTP client would, and the ordinary way alone."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from caravan.web.express import connection
from tests.web.api.rig import Rig


def connected(rig: Rig) -> socket.socket:
    """Connect to a rig's server."""
    url = httpx.URL(rig.url)
    assert url.port is not None
    return socket.create_connection((url.host, url.port), timeout=20)


def everything(connection: socket.socket) -> bytes:
    """Read until the server hangs up."""
    told = b""
    while some := connection.recv(65_536):
        told += some
    return told


@contextmanager
def ordinary(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the express lane."""
    with monkeypatch.context() as patch:
        patch.setattr(connection.Connection, "_is_plain", lambda _: False)
        yield
