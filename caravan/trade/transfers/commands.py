"""What you can tell transfers: names and levels, requests and codes, and that money went from one to another."""

from typing import NamedTuple

from caravan.events import transfers as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import BuyerId, CodeId, RequestId, SellerId, TransferId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade.transfers.model import Code, Level, Request, Transfers, Way
from caravan.trade.transfers.queries import Limits, allowances, code_state, request_state

WHY_CHARACTERS_MAX = 200
_RAISED_BY = {Level.UNVERIFIED: "email", Level.EMAIL: "identity"}


class NameTaken(Refusal):
    """Somebody else goes by this handle."""


class NotProven(Refusal):
    """This proof is of another address, or too old."""


class TransferLimitReached(Refusal):
    """This is more than may be sent; what is left, and what would raise it, is told."""


class RequestNotOpen(Refusal):
    """This request was paid, declined, withdrawn, or has expired."""


class CodeNotPayable(Refusal):
    """This code was paid already, or has expired: ask for a new one."""


class Deal(NamedTuple):
    """A transfer as both sides were shown it; one of `buyer` and `seller` is 0, as is a request or code where there is none."""

    way: Way
    payer: BuyerId
    buyer: BuyerId
    seller: SellerId
    unit: int
    amount_minor: int
    fee_minor: int
    fee_tax_minor: int
    total_minor: int
    received_minor: int
    counted_minor: int
    request: RequestId = RequestId(0)
    code: CodeId = CodeId(0)
    reference: str = ""


def set_names(
    transfers: Transfers, *, buyer: BuyerId, handle_mark: bytes, phone_mark: bytes, sealed: bytes, now: Instant
) -> events.NamesSet:
    """Say by which names a buyer is found. Refuses a handle that is somebody else's."""
    if transfers.handles.get(handle_mark, buyer) != buyer:
        raise NameTaken
    return events.NamesSet(at=now, buyer=buyer, handle_mark=handle_mark, phone_mark=phone_mark, sealed=sealed)


def prove_address(*, buyer: BuyerId, kind: str, mark: bytes, now: Instant) -> events.AddressProven:
    """Note that an address is a buyer's."""
    assert mark, "Nothing proves no address."
    return events.AddressProven(at=now, buyer=buyer, kind=kind, mark=mark)


def set_level(*, buyer: BuyerId, level: Level, why: str, now: Instant) -> events.LevelSet:
    """Say how well a buyer is known. Refuses to say so without a reason."""
    if not 0 < len(why) <= WHY_CHARACTERS_MAX:
        raise Invalid(f"Say why, in at most {WHY_CHARACTERS_MAX} characters.", field="why")
    return events.LevelSet(at=now, buyer=buyer, level=int(level), why=why)


def check_limits(
    transfers: Transfers,
    limits: Limits,
    *,
    buyer: BuyerId,
    level: Level,
    counted_minor: int,
    currency: str,
    now: Instant,
) -> None:
    """Refuse what is more than a buyer may send now as TransferLimitReached, by the limit that has the least left."""
    tightest = min(
        allowances(transfers, limits, buyer=buyer, level=level, now=now), key=lambda allowance: allowance.left_minor
    )
    if counted_minor > tightest.left_minor:
        raise TransferLimitReached(
            limit=tightest.limit, left_minor=tightest.left_minor, whole_minor=tightest.whole_minor, currency=currency,
            level=level.name.lower(), raised_by=_RAISED_BY.get(level),
        )  # fmt: skip


def transfer(transfers: Transfers, deal: Deal, *, note: bytes, now: Instant) -> events.TransferMade:
    """Note that money went from one to another, in the very decision in which the ledger moves it."""
    assert bool(deal.buyer) != bool(deal.seller), deal
    assert deal.total_minor == deal.received_minor + deal.fee_minor + deal.fee_tax_minor, deal
    told = deal._asdict() | {"way": int(deal.way)}
    return events.TransferMade(at=now, transfer=TransferId(transfers.made + 1), note=note, **told)


def request_money(  # noqa: PLR0913  # All of it is what is asked for.
    transfers: Transfers, *, payee: BuyerId, payer: BuyerId, unit: int, amount_minor: int, expires_at: int, note: bytes,
    now: Instant,
) -> events.MoneyRequested:  # fmt: skip
    """Ask somebody for money. Refuses an amount that is none, and asking oneself."""
    if not 0 < amount_minor <= AMOUNT_MAX:
        raise Invalid("An amount is above zero.", field="amount")
    if payer == payee:
        raise Invalid("Nobody asks themselves for money.", field="to")
    return events.MoneyRequested(
        at=now, request=RequestId(len(transfers.requests)), payee=payee, payer=payer, unit=unit,
        amount_minor=amount_minor, expires_at=expires_at, note=note,
    )  # fmt: skip


def close_request(request: Request, *, buyer: BuyerId, now: Instant) -> events.RequestClosed:
    """Decline a request as whoever was asked, or withdraw it as whoever asked. Refuses one that is not open."""
    if buyer not in {request.payer, request.payee}:
        raise NotFound("There is no such request.")
    check_open(request, now=now)
    return events.RequestClosed(at=now, request=RequestId(request.request), is_declined=buyer == request.payer)


def make_code(  # noqa: PLR0913  # All of it stands in the code.
    transfers: Transfers, *, buyer: BuyerId, seller: SellerId, unit: int, amount_minor: int, reference: str,
    expires_at: int, now: Instant,
) -> events.CodeMade:  # fmt: skip
    """Let a code be paid once. Refuses an amount that is none."""
    assert bool(buyer) != bool(seller), "A code is one's own."
    if not 0 < amount_minor <= AMOUNT_MAX:
        raise Invalid("An amount is above zero.", field="amount")
    return events.CodeMade(
        at=now, code=CodeId(len(transfers.codes)), buyer=buyer, seller=seller, unit=unit, amount_minor=amount_minor,
        reference=reference, expires_at=expires_at,
    )  # fmt: skip


def check_open(request: Request, *, now: Instant) -> None:
    """Refuse a request that can't be paid now as RequestNotOpen."""
    state = request_state(request, now=now)
    if state != "open":
        raise RequestNotOpen(f"This request is {state}.", state=state)


def check_payable(code: Code, *, now: Instant) -> None:
    """Refuse a code that can't be paid now as CodeNotPayable."""
    state = code_state(code, now=now)
    if state != "open":
        raise CodeNotPayable(f"This code is {state}.", state=state)
