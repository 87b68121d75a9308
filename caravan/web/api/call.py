"""One call of an operation: who calls, with what; and how its command is given, rendered and answered."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from caravan.bootstrap import Caravan
from caravan.cell import Answer, Key
from caravan.flows.house import House
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Refusal
from caravan.kernel.ids import BuyerId, SellerId
from caravan.web import reach
from caravan.web.access import Bearer
from caravan.web.api.limits import Allowance
from caravan.web.api.problems import MEDIA, TooManyRequests, WrongAudience, body_of, status_of

_logger = logging.getLogger("caravan.web")


Show = Callable[[House, Any], msgspec.Struct | None]


class Reply(NamedTuple):
    """What is said: a status, a body and the headers that belong to it; a long body may lie in a file."""

    status: int
    body: bytes = b""
    media: str = "application/json"
    headers: Mapping[str, str] = {}
    file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that has passed the door. What it acts on is its token's subject: a body cannot say otherwise."""

    caravan: Caravan
    bearer: Bearer | None
    body: Any
    query: Any
    ids: Mapping[str, int]
    token: str
    address: str
    instance: str
    status: int
    location: str
    has_revision: bool
    key: Key | None
    revision: int | None  # from If-Match; None where it said *
    cart_secret: str
    signature: str  # of a webhook
    take: Callable[[str, object], Allowance] = field(repr=False)

    @property
    def now(self) -> Instant:
        """Give the time now."""
        return self.caravan.clock.now()

    @property
    def buyer_if_any(self) -> BuyerId:
        """Give the buyer who calls; 0 for anybody else."""
        return self.buyer if self.bearer is not None and self.bearer.audience == "buyer" else BuyerId(0)

    @property
    def buyer(self) -> BuyerId:
        """Give the buyer who calls."""
        if self.bearer is None or self.bearer.audience != "buyer":
            raise WrongAudience("Only a buyer can do that.")
        assert self.bearer.subject > 0, self.bearer
        return BuyerId(self.bearer.subject)

    @property
    def seller(self) -> SellerId:
        """Give the seller who calls; 0 for the operator, who may act on everybody's."""
        if self.bearer is None or self.bearer.audience not in {"seller", "operator"}:
            raise WrongAudience("Only a seller or the operator can do that.")
        assert (self.bearer.subject > 0) == (self.bearer.audience == "seller"), self.bearer
        return SellerId(self.bearer.subject)

    @property
    def is_operator(self) -> bool:
        """Tell whether the operator calls."""
        return self.bearer is not None and self.bearer.audience == "operator"

    def limit(self, kind: str, caller: object) -> None:
        """Count one more request against a tighter limit. Refuses with TooManyRequests."""
        allowance = self.take(kind, caller)
        if allowance.wait_s:
            raise TooManyRequests(allowance=allowance)

    async def ask(self, query: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Ask the house."""
        return await reach.ask(self.caravan, query, *arguments)

    async def page(self, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Read the views."""
        return await reach.page(self.caravan, query, values)

    def say(self, shown: msgspec.Struct | Mapping[str, object] | None) -> Reply:
        """Answer with a resource."""
        if shown is None:
            return Reply(self.status)
        return Reply(self.status, msgspec.json.encode(shown), headers=self._headers(shown))

    async def do(
        self,
        flow: Callable[..., Any],
        argument: object,
        show: Show,
        *,
        is_many: bool = False,
    ) -> Reply:
        """Give a command, and answer with what `show` makes of its result.

        With an idempotency key, that is made and kept in the very frame of the effect; a repetition is told the same.
        """
        if self.key is None:
            result = await reach.do(self.caravan, flow, argument, is_many=is_many)
            return self._retold(await self.ask(self._rendered, show, result))
        render = partial(self._rendered, self.caravan.cell.house, show)
        answer = await reach.do(self.caravan, flow, argument, is_many=is_many, key=self.key, render=render)
        return self._retold(answer)

    def _rendered(self, house: House, show: Show, result: object) -> Answer:
        return rendered(house, show, result, status=self.status, location=self.location, instance=self.instance)

    def _retold(self, answer: Answer) -> Reply:
        headers = {"location": answer.location} if answer.location else {}
        if answer.is_replayed:
            headers["idempotent-replayed"] = "true"
        if self.has_revision and answer.media != MEDIA:
            headers["etag"] = f'"{msgspec.json.decode(answer.body, type=_Revised).revision}"'
        return Reply(answer.status, answer.body, answer.media, headers)

    def _headers(self, shown: object) -> dict[str, str]:
        headers = {}
        if self.location and shown is not None:
            headers["location"] = _location(self.location, shown)
        if self.has_revision:
            headers["etag"] = f'"{shown.revision}"'  # type: ignore[attr-defined]
        return headers


def rendered(house: House, show: Show, result: object, *, status: int, location: str, instance: str) -> Answer:
    """Give what the door says of a command's result, or of its refusal."""
    if isinstance(result, Refusal):
        return Answer(status_of(type(result)), body_of(result, instance=instance), MEDIA)
    # The effect stands already: a fault in showing it may not undo it, nor stop the writer.
    try:
        shown = show(house, result)
        body = msgspec.json.encode(shown) if shown is not None else b""
        where = _location(location, shown) if location and shown is not None else ""
    except Exception:
        _logger.exception("An answer could not be rendered; the effect stands.")
        return Answer(status, b"{}")
    return Answer(status, body, location=where)


def _location(pattern: str, shown: object) -> str:
    return pattern.format(id=shown.id)  # type: ignore[attr-defined]


class _Revised(msgspec.Struct):
    """What of an answer is its ETag."""

    revision: int = 0
