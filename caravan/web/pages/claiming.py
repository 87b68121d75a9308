"""Pages of claims: the buyer says what is wrong and what they make of the answer; the operator decides."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from caravan.flows import claims as flow
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import ClaimId, OrderId, ParcelId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import catalog
from caravan.trade.claims import Claim, ClaimStatus, Reason, claim_of, standing_claims
from caravan.web.pages import records
from caravan.web.pages.visit import Visit, path_id
from caravan.web.reach import ask, do

REASONS = {
    Reason.LOST: "It never came", Reason.MISSING: "Something was missing", Reason.DAMAGED: "It is damaged",
    Reason.WRONG: "It is not what was ordered", Reason.LATE: "It came too late",
}  # fmt: skip
_WHO = {
    "buyer": "The buyer", "seller": "The seller", "operator": "The operator", "carrier": "The carrier",
    "clock": "Nobody in time", "": "",
}  # fmt: skip
_WHAT = {
    "opened": "claimed", "answered": "gave back", "disputed": "asked the operator about", "decided": "gave back on top",
    "closed": "Closed", "withdrawn": "Came to nothing", "reopened": "did not send it anew",
}  # fmt: skip
_BY_THEMSELVES = {"clock": "The parcel is far too late;", "carrier": "The carrier has lost it;"}
_SHOWN_MAX = 50


class Step(NamedTuple):
    """One step of a claim, as a page tells it."""

    who: str
    what: str
    amount: Money | None
    note: str
    at: int


class Told(NamedTuple):
    """A claim, as pages show it. `left` is what can still be given; `titles` what it is about."""

    claim: ClaimId
    order: OrderId
    parcel: ParcelId
    reason: str
    status: ClaimStatus
    amount: Money
    granted: Money
    left: Money
    anew: ParcelId
    due_at: int
    titles: list[str]
    steps: list[Step]

    @property
    def waits(self) -> bool:
        """Tell whether it is not over."""
        return self.status in {ClaimStatus.OPEN, ClaimStatus.ANSWERED, ClaimStatus.DISPUTED}

    @property
    def can_be_disputed(self) -> bool:
        """Tell whether its buyer may take it to the operator."""
        return self.status == ClaimStatus.ANSWERED and not self.anew and bool(self.left.amount)


def told(house: House, found: Sequence[Claim]) -> list[Told]:
    """Give claims as pages show them."""
    return [_told(house, claim) for claim in found]


def _told(house: House, claim: Claim) -> Told:
    currency = alphabetic(claim.unit)
    first, lines = int(house.orders.orders.first_line[claim.order]), house.orders.lines
    titles = []
    for line, quantity in zip(claim.lines, claim.quantities, strict=True):
        sku = house.catalog.skus[int(lines.sku[first + line])]
        titles.append(f"{quantity} × {catalog.product_of(house.catalog, sku.product).title}")  # noqa: RUF001  # Times.
    steps = []
    for one in claim.said:
        what, amount = _WHAT[one.what], Money(one.amount, currency)
        if one.what == "answered" and not one.amount:
            what = "sends it anew" if claim.anew else "said no"
        if one.what == "decided" and not one.amount:
            what = "said no"
        has_amount = one.what in {"opened", "answered", "disputed", "decided"} and bool(one.amount)
        who = "The seller said nothing in time:" if one.who == "clock" and one.what == "answered" else _WHO[one.who]
        if one.what == "opened" and one.who in _BY_THEMSELVES:
            who, what = _BY_THEMSELVES[one.who], "this is claimed:"
        steps.append(Step(who, what, amount if has_amount else None, one.note, one.at))
    return Told(
        ClaimId(claim.claim), OrderId(claim.order), ParcelId(claim.parcel), REASONS[claim.reason], claim.status,
        Money(claim.amount, currency), Money(claim.granted, currency), Money(claim.amount - claim.granted, currency),
        ParcelId(claim.anew), claim.due_at, titles, steps,
    )  # fmt: skip


def opening_in(visit: Visit, order: OrderId, currency: str, contents: dict[int, int]) -> flow.Opening:
    """Read what a buyer says is wrong. Refuses a reason that is none."""
    form = visit.form
    reason = form.fields.get("reason", "")
    if reason not in {one.name.lower() for one in Reason}:
        raise Invalid("Please say what is wrong.", field="reason")
    public = form.text("parcel", longest=20, is_needed=False)
    parcel = ParcelId(ids.number(ParcelId, public)) if public else ParcelId(0)
    amount = form.minor("amount", currency, default=0)
    note = form.text("note", longest=1_000, is_needed=False)
    return flow.Opening(order, visit.buyer, parcel, Reason[reason.upper()], amount, note, contents)


async def dispute(visit: Visit) -> Response:
    """Take an answer to the operator."""
    number = ClaimId(path_id(visit, ClaimId))
    note = visit.form.text("note", longest=1_000, is_needed=False)
    await do(visit.caravan, flow.dispute_claim, flow.Step(number, visit.buyer, note))
    return visit.go(await _order_page(visit, number), "claim_disputed")


async def content(visit: Visit) -> Response:
    """Be content with an answer, or take a claim back."""
    number = ClaimId(path_id(visit, ClaimId))
    await do(visit.caravan, flow.accept_answer, flow.Step(number, visit.buyer))
    return visit.go(await _order_page(visit, number), "claim_closed")


async def _order_page(visit: Visit, number: ClaimId) -> str:
    claim = await ask(visit.caravan, lambda house: claim_of(house.claims, number))
    return f"/my/orders/{ids.text(OrderId, claim.order)}"


async def overview(visit: Visit) -> Response:
    """Show the operator the claims that are not over, those first that are for them to decide."""
    return await _overview(visit, {})


async def _overview(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    found = await ask(visit.caravan, lambda house: standing_claims(house.claims))
    shown = await ask(visit.caravan, told, found[:_SHOWN_MAX])
    return await visit.show("operator_claims.html", status=status, claims=shown, wrong=wrong, rows=records.ROWS)


async def decide(visit: Visit) -> Response:
    """Decide a disputed claim."""
    number = ClaimId(path_id(visit, ClaimId))
    claim = await ask(visit.caravan, lambda house: claim_of(house.claims, number))
    try:
        amount = visit.form.minor("amount", alphabetic(claim.unit), default=0)
        verdict = flow.Verdict(number, amount, visit.form.text("note", longest=1_000, is_needed=False))
        await do(visit.caravan, flow.decide_claim, verdict)
    except Refusal as refusal:
        return await _overview(visit, {"amount": str(refusal)}, 422)
    return visit.go("/operator/claims", "claim_decided")
