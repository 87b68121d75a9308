"""Bringing messages to addresses outside over HTTPS, signed as Standard Webhooks says; never to an address inside."""

import base64
import contextlib
import hashlib
import hmac
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

import httpx

from caravan.insight.exports.ports import Brought, Message
from caravan.kernel.clock import SECOND, Instant
from caravan.kernel.errors import Invalid

_logger = logging.getLogger("caravan.adapters")

TIMEOUT_S = 20.0
AT_ONCE_MAX = 8
_PORTS = frozenset({80, 443, 8080, 8443})
# IPv4 in IPv6, as gateways translate it (RFC 6052, RFC 8215): what is behind can't be told from outside.
_TRANSLATED = tuple(ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48"))
_PIECE_BYTES = 2**20
_Resolve = Callable[..., Sequence[tuple[Any, ...]]]


class _Digest(Protocol):
    """What bytes are folded into."""

    def update(self, data: bytes, /) -> None: ...


D = TypeVar("D", bound=_Digest)


class HttpsSender:
    """Brings messages to public addresses by HTTPS; to hosts that are allowed by name also inside, and by plain HTTP.

    The name is resolved once, and exactly the address that was looked at is connected to: a name that points elsewhere a
    moment later leads nowhere. No redirect is followed, and no answer is read but its status.
    """

    def __init__(
        self, *, allowed: Collection[str] = (), resolve: _Resolve = socket.getaddrinfo, verify: ssl.SSLContext | bool = True
    ) -> None:  # fmt: skip
        self._allowed = frozenset(one.strip().lower() for one in allowed if one.strip())
        self._resolve, self._verify = resolve, verify
        self._client: httpx.Client | None = None
        self._pool = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="sender")

    def check(self, url: str) -> None:
        """Refuse an address that nothing is brought to as Invalid. A name is looked up only when something is brought."""
        parts, host = self._parted(url)
        is_allowed = host in self._allowed
        if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed):
            raise Invalid("An address begins with https://.", field="url")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise Invalid("An address has no user, password or fragment in it.", field="url")
        if is_allowed:
            return
        if _port(parts) not in _PORTS:
            raise Invalid(f"An address has one of the ports {', '.join(map(str, sorted(_PORTS)))}.", field="url")
        with contextlib.suppress(ValueError):
            if not _is_public(host):
                raise Invalid("This address is not on the public internet.", field="url")
            return
        if "." not in host or host.rpartition(".")[2].isdigit():
            raise Invalid("This address is not on the public internet.", field="url")

    def bring(self, messages: Sequence[Message], *, now: Instant) -> list[Brought]:
        """Bring messages at once; one answer each. Never raises."""
        return list(self._pool.map(lambda one: self._bring(one, now), messages))

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown(wait=False)
        if self._client is not None:
            self._client.close()

    def _bring(self, message: Message, now: Instant) -> Brought:
        try:
            self.check(message.url)
            status = self._send(message, now // SECOND)
        except Invalid as refusal:
            return Brought(str(refusal))
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            return Brought(f"It could not be reached: {type(error).__name__}.")
        if HTTPStatus(200) <= status < HTTPStatus(300):
            return Brought()
        return Brought(f"It answered {status}.", is_gone=status == HTTPStatus.GONE)

    def _send(self, message: Message, seconds: int) -> int:
        parts, host = self._parted(message.url)
        address = self._address(host, _port(parts))
        spelled = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=f"{spelled}:{_port(parts)}").geturl()
        headers = {
            "host": parts.netloc, "content-type": message.media, "user-agent": "Caravan", "webhook-id": message.id,
            "webhook-timestamp": str(seconds), "webhook-signature": signature(message, seconds),
            "content-digest": f"sha-256=:{base64.b64encode(_folded(message.body, hashlib.sha256()).digest()).decode()}:",
        }  # fmt: skip
        with contextlib.ExitStack() as opened:
            body = message.body
            content = body if isinstance(body, bytes) else opened.enter_context(body.open("rb"))
            # The certificate is held against the name, though its address is connected to.
            response = opened.enter_context(
                self._ready().stream(
                    message.method, target, content=content, headers=headers, extensions={"sni_hostname": host}
                )
            )
            return response.status_code

    def _ready(self) -> httpx.Client:
        """Give the client, made at the first message: reading the machine's certificates takes a while."""
        if self._client is None:
            self._client = httpx.Client(
                timeout=TIMEOUT_S, verify=self._verify, follow_redirects=False, trust_env=False
            )  # fmt: skip
        return self._client

    def _address(self, host: str, port: int) -> str:
        """Resolve a name. Refuses one that leads inside, even by one of several addresses."""
        found = [str(row[4][0]) for row in self._resolve(host, port, type=socket.SOCK_STREAM)]
        if not found:
            raise OSError(host)
        if host not in self._allowed and not all(_is_public(one) for one in found):
            raise Invalid("This address is not on the public internet.", field="url")
        return found[0]

    def _parted(self, url: str) -> tuple[SplitResult, str]:
        try:
            parts = urlsplit(url)
            host, _ = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError:
            raise Invalid("This is no address.", field="url") from None
        if not host or not url.isascii() or not url.isprintable() or " " in url:
            raise Invalid("This is no address.", field="url")
        return parts, host


def signature(message: Message, seconds: int) -> str:
    """Sign a message as Standard Webhooks says, by each secret: HMAC-SHA256 over id, time and body."""
    signed = f"{message.id}.{seconds}.".encode()
    digests = [_folded(message.body, hmac.new(secret, signed, hashlib.sha256)).digest() for secret in message.secrets]
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _folded(body: bytes | Path, digest: D) -> D:
    """Fold a body into a digest; of a file a piece at a time."""
    if isinstance(body, bytes):
        digest.update(body)
        return digest
    with body.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_public(text: str) -> bool:
    """Tell whether an address is on the public internet, also as IPv6 writes one of IPv4. Raises ValueError where it is none."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            address = inner
        elif any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast
