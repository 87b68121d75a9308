"""Sending requests so that nothing happens twice: one key for all tries of one wish, and a bounded number of tries."""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from caravan.client import wire
from caravan.kernel.errors import CaravanError, Outage

T = TypeVar("T")

TRIES_MAX = 8
WAIT_S_FIRST = 0.05
WAIT_S_MAX = 2.0
TIMEOUT_S = 30.0
_IN_FLIGHT = "request_in_flight"
_UNAVAILABLE = 503
_TOO_MANY = 429
_ERRORS_FROM = 400


class Refused(CaravanError):
    """The market said no: `problem` says why, `details` what else it told (how many are left)."""

    def __init__(
        self, problem: wire.Problem, details: Mapping[str, Any], *, is_replayed: bool = False, retry_after: str = ""
    ) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.details = details
        self.is_replayed = is_replayed
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """Give the HTTP status."""
        return self.problem.status

    @property
    def refusal(self) -> str:
        """Give the code to act on: out_of_stock."""
        return self.problem.refusal


class Said(NamedTuple):
    """An answer with what its headers say."""

    body: bytes
    headers: httpx.Headers
    status: int

    @property
    def is_replayed(self) -> bool:
        """Tell whether this was answered before, for an earlier try."""
        return bool(self.headers.get("idempotent-replayed") == "true")


class Sender:
    """An HTTP connection with a token; tries again what can be tried again."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"), timeout=TIMEOUT_S, transport=transport,
            # To read whom to trust takes 27 ms, and without TLS nobody shows a certificate. No redirect is followed.
            verify=not url.lower().startswith("http://"),
            headers={"api-version": wire.API_VERSION, "accept": "application/json, application/problem+json"},
        )  # fmt: skip
        self._sleep = sleep
        self.token = token

    def send(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | bytes | None = None,
        *,
        media: str = "application/json",
        query: Mapping[str, object] | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        """Send a wish until it is answered, at most eight times; raises Refused, or Outage when nobody answers."""
        told = dict(headers or {})
        if self.token:
            told["authorization"] = f"Bearer {self.token}"
        if method in {"POST", "PATCH"}:
            told["idempotency-key"] = key or str(uuid.uuid4())
        content = msgspec.json.encode(body) if isinstance(body, msgspec.Struct) else body
        if content is not None:
            told["content-type"] = media
        asked = {name: _text(value) for name, value in (query or {}).items() if value not in (None, "")}

        def once() -> Said:
            answer = self._http.request(method, path, content=content, params=asked, headers=told)
            if answer.status_code >= _ERRORS_FROM:
                raise _refused(answer)
            return Said(answer.content, answer.headers, answer.status_code)

        return self._until_answered(once)

    def fetch(self, path: str, target: Path, *, query: Mapping[str, str] | None = None) -> int:
        """Write what is at a path into a file as it comes, whole or not at all; give its bytes. Raises as `send` does."""
        told = {"authorization": f"Bearer {self.token}"} if self.token else {}
        draft = target.with_name(f".{target.name}.draft")

        def once() -> int:
            with self._http.stream("GET", path, params=query, headers=told) as answer, draft.open("wb") as file:
                if answer.status_code >= _ERRORS_FROM:
                    answer.read()
                    raise _refused(answer)
                for piece in answer.iter_bytes():
                    file.write(piece)
            return draft.replace(target).stat().st_size

        try:
            return self._until_answered(once)
        finally:
            draft.unlink(missing_ok=True)

    def _until_answered(self, once: Callable[[], T]) -> T:
        for tried in range(1, TRIES_MAX + 1):
            is_last = tried == TRIES_MAX
            try:
                return once()
            except httpx.TransportError as error:
                if is_last:
                    raise Outage(f"{self._http.base_url} does not answer: {error}") from error
                self._wait(tried, "")
            except Refused as refused:
                if is_last or not _passes(refused):
                    raise
                self._wait(tried, refused.retry_after)
        raise AssertionError("The last try returns or raises.")

    def _wait(self, tried: int, wanted_s: str) -> None:
        # Full jitter: many clients that were refused together must not come back together.
        most = min(WAIT_S_MAX, WAIT_S_FIRST * 2**tried)
        least = min(float(wanted_s), WAIT_S_MAX) if wanted_s and wanted_s.isdigit() else 0.0
        self._sleep(random.uniform(0, most) if not least else random.uniform(WAIT_S_FIRST, least))  # noqa: S311

    def close(self) -> None:
        """Hang up."""
        self._http.close()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _passes(refused: Refused) -> bool:
    """Tell whether waiting helps: somebody is answering this very request, or nobody can just now."""
    return refused.status in {_UNAVAILABLE, _TOO_MANY} or refused.refusal == _IN_FLIGHT


def _refused(answer: httpx.Response) -> Refused:
    is_replayed, retry_after = (
        answer.headers.get("idempotent-replayed") == "true",
        answer.headers.get("retry-after", ""),
    )
    try:
        problem = msgspec.json.decode(answer.content, type=wire.Problem)
        told = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        phrase = answer.reason_phrase or "no reason given"
        problem = wire.Problem(type="about:blank", title=phrase, status=answer.status_code, refusal="unknown")
        return Refused(problem, {}, is_replayed=is_replayed, retry_after=retry_after)
    known = set(wire.Problem.__struct_fields__)
    details = {name: value for name, value in told.items() if name not in known}
    return Refused(problem, details, is_replayed=is_replayed, retry_after=retry_after)
