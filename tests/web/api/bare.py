"""Bare connections to a rig's server, to send what no HTTP client would."""

import socket

import httpx

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
