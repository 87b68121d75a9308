"""What you can ask transfers: how well somebody is known, what they may send, where requests and codes stand."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from caravan.kernel.clock import SECOND, instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, CodeId, RequestId
from caravan.trade.transfers.model import Code, Level, Request, Sent, Transfers, days_of


class Limits(NamedTuple):
    """What each level may send, by level from 0 on, in the market's currency."""

    per_transfer_minor: Sequence[int]
    per_day_minor: Sequence[int]
    per_month_minor: Sequence[int]


class Allowance(NamedTuple):
    """One limit: what it is in all, what of it is left, and when it begins anew (0: with every transfer)."""

    limit: str
    whole_minor: int
    left_minor: int
    resets_at: int


def level_of(transfers: Transfers, buyer: BuyerId, *, email_mark: bytes) -> Level:
    """Tell how well a buyer is known: as the operator says, or at least by an e-mail address that is still theirs."""
    said = transfers.levels.get(buyer, 0)
    return Level(max(said, int(proven(transfers, buyer, kind="email", mark=email_mark))))


def proven(transfers: Transfers, buyer: BuyerId, *, kind: str, mark: bytes) -> bool:
    """Tell whether a buyer has shown that an address is theirs."""
    names = transfers.names.get(buyer)
    return bool(mark) and names is not None and names.proven.get(kind) == mark


def allowances(transfers: Transfers, limits: Limits, *, buyer: BuyerId, level: Level, now: int) -> list[Allowance]:
    """Give what a buyer may still send: at a time, on this day and in this month."""
    sent, (day, month) = transfers.sent.get(buyer, Sent()), days_of(now)
    by_day = limits.per_day_minor[level] - (sent.day_minor if sent.day == day else 0)
    by_month = limits.per_month_minor[level] - (sent.month_minor if sent.month == month else 0)
    today = datetime.fromtimestamp(now // SECOND, UTC).replace(hour=0, minute=0, second=0)
    tomorrow, next_month = today + timedelta(days=1), (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    at_once = limits.per_transfer_minor[level]
    return [
        Allowance("transfer", at_once, at_once, 0),
        Allowance("day", limits.per_day_minor[level], max(by_day, 0), instant(tomorrow)),
        Allowance("month", limits.per_month_minor[level], max(by_month, 0), instant(next_month)),
    ]


def request_of(transfers: Transfers, request: RequestId) -> Request:
    """Give a request for money. Refuses an unknown one with NotFound."""
    if not 0 < request < len(transfers.requests):
        raise NotFound("There is no such request.")
    return transfers.requests[request]


def request_state(request: Request, *, now: int) -> str:
    """Tell where a request stands: open, paid, declined, withdrawn or expired."""
    if request.transfer:
        return "paid"
    return request.closed or ("expired" if request.expires_at <= now else "open")


def code_of(transfers: Transfers, code: CodeId) -> Code:
    """Give a code. Refuses an unknown one with NotFound."""
    if not 0 < code < len(transfers.codes):
        raise NotFound("There is no such code.")
    return transfers.codes[code]


def code_state(code: Code, *, now: int) -> str:
    """Tell where a code stands: open, paid or expired."""
    if code.transfer:
        return "paid"
    return "expired" if code.expires_at <= now else "open"


def findings(transfers: Transfers) -> Iterator[str]:
    """Check that nothing was paid twice, or paid and declined; give a sentence for each that does not hold."""
    paid = [("Request", one.request, one.transfer) for one in transfers.requests if one.transfer]
    paid += [("Code", one.code, one.transfer) for one in transfers.codes if one.transfer]
    times = Counter(transfer for _, _, transfer in paid)
    for what, number, transfer in paid:
        if times[transfer] > 1 or transfer > transfers.made:
            yield f"{what} {number} says that transfer {transfer} paid it."
    for request in transfers.requests:
        if request.transfer and request.closed:
            yield f"Request {request.request} is {request.closed}, and paid."
