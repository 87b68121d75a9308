"""Operations on claims: open one, see who has to answer, answer, dispute, decide; and the terms."""

from http import HTTPStatus

from caravan.client import wire
from caravan.flows import claims as flow
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import SECOND
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, ClaimId, OrderId, ParcelId, SellerId
from caravan.kernel.money import alphabetic
from caravan.trade import claims, ledger, orders, payments
from caravan.web.api import ordered
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, SELLER, Operation
from caravan.web.api.parcels import contents_in

_SHOWN_MAX = 500


async def open_claim(call: Call) -> Reply:
    """Say what is wrong with an order of one's own; its money waits until that is over."""
    new: wire.NewClaim = call.body
    order = OrderId(call.ids["order"])
    currency = await call.ask(_currency_of, order, call.buyer)
    wanted = flow.Opening(
        order, call.buyer, ParcelId(ids.number(ParcelId, new.parcel)) if new.parcel else ParcelId(0),
        claims.Reason[new.reason.upper()], _minor(new.amount, currency), new.note, contents_in(new.lines),
    )  # fmt: skip
    return await call.do(flow.open_claim, wanted, ordered.claim)


def _minor(amount: wire.Amount | None, currency: str) -> int:
    if amount is None:
        return 0
    if amount.currency != currency:
        raise Invalid(f"This order is in {currency}.", field="amount/currency")
    return amount.amount


def _currency_of(house: House, order: OrderId, buyer: BuyerId) -> str:
    table = house.orders.orders
    if not 0 < order < len(table) or (buyer and table.buyer[order] != buyer):
        raise NotFound("There is no such order.")
    return alphabetic(int(table.unit[order]))


async def list_claims(call: Call) -> Reply:
    """List the claims that are not over: a seller's own, or all for the operator."""
    return call.say(await call.ask(_standing, call.seller))


def _standing(house: House, seller: SellerId) -> wire.Claims:
    found = claims.standing_claims(house.claims, seller=seller)[:_SHOWN_MAX]
    return wire.Claims(data=[ordered.claim(house, one.claim) for one in found])


async def show_claim(call: Call) -> Reply:
    """Show a claim to its buyer, its seller or the operator."""
    return call.say(await call.ask(_own, *_who(call), call.ids["claim"]))


def _who(call: Call) -> tuple[int, int]:
    assert call.bearer is not None
    is_buyer = call.bearer.audience == "buyer"
    return (call.buyer, 0) if is_buyer else (0, call.seller)


def _own(house: House, buyer: int, seller: int, number: int) -> wire.Claim:
    known = claims.claim_of(house.claims, number)
    if (buyer and known.buyer != buyer) or (seller and known.seller != seller):
        raise NotFound("There is no such claim.")
    return ordered.claim(house, number)


async def answer_claim(call: Call) -> Reply:
    """Give money back for a claim, deny it, or send such units anew."""
    answer: wire.ClaimAnswer = call.body
    if answer.sends_anew and answer.amount is not None:
        raise Invalid("Either money goes back, or such units go out anew.", field="amount")
    shown: wire.Claim = await call.ask(_own, 0, call.seller, call.ids["claim"])
    wanted = flow.Answering(
        ClaimId(call.ids["claim"]), call.seller, _minor(answer.amount, shown.amount.currency), answer.note,
        answer.sends_anew,
    )  # fmt: skip
    return await call.do(flow.answer_claim, wanted, ordered.claim)


async def dispute_claim(call: Call) -> Reply:
    """Take an answer to the operator."""
    step = flow.Step(ClaimId(call.ids["claim"]), call.buyer, call.body.note)
    return await call.do(flow.dispute_claim, step, ordered.claim)


async def close_claim(call: Call) -> Reply:
    """Be content with an answer, or take a claim back that nobody has answered yet."""
    return await call.do(flow.accept_answer, flow.Step(ClaimId(call.ids["claim"]), call.buyer), ordered.claim)


async def decide_claim(call: Call) -> Reply:
    """Decide a disputed claim: so much more goes back, or nothing."""
    decision: wire.ClaimDecision = call.body
    shown: wire.Claim = await call.ask(_own, 0, 0, call.ids["claim"])
    minor = _minor(decision.amount, shown.amount.currency)
    return await call.do(
        flow.decide_claim, flow.Verdict(ClaimId(call.ids["claim"]), minor, decision.note), ordered.claim
    )


async def show_claim_terms(call: Call) -> Reply:
    """Show how long each step of a claim may take, and when a parcel is lost."""
    return call.say(await call.ask(_terms))


def _terms(house: House, _: object = None) -> wire.ClaimTerms:
    terms = house.claims.terms
    return wire.ClaimTerms(
        answer_seconds=terms.answer_within // SECOND, dispute_seconds=terms.dispute_within // SECOND,
        claim_seconds=terms.claim_within // SECOND, lost_after_seconds=terms.lost_after // SECOND,
    )  # fmt: skip


async def set_claim_terms(call: Call) -> Reply:
    """Set how long each step of a claim may take, and when a parcel is lost."""
    new: wire.ClaimTerms = call.body
    terms = claims.ClaimTerms(
        answer_within=new.answer_seconds * SECOND, dispute_within=new.dispute_seconds * SECOND,
        claim_within=new.claim_seconds * SECOND, lost_after=new.lost_after_seconds * SECOND,
    )  # fmt: skip
    return await call.do(flow.set_claim_terms, terms, _terms)


_ANY = (BUYER, SELLER, OPERATOR)
_SELLERS = (SELLER, OPERATOR)
_MONEY = (NotFound, Invalid, claims.ClaimNotOpen, orders.NothingToReturn, payments.DisputeUnderWay, ledger.EntryRefused)

OPERATIONS = (
    Operation(
        method="POST", path="/v1/orders/{order}/claims", summary="Claim that something is wrong", handler=open_claim,
        who=(BUYER,), scope="orders:write", request=wire.NewClaim, response=wire.Claim, status=HTTPStatus.CREATED,
        location="/v1/claims/{id}", key="required",
        refusals=(NotFound, Invalid, claims.NothingToClaim, claims.AlreadyClaimed),
    ),
    Operation(
        method="GET", path="/v1/claims", summary="List claims that are not over", handler=list_claims, who=_SELLERS,
        scope="orders:read", response=wire.Claims,
    ),
    Operation(
        method="GET", path="/v1/claims/{claim}", summary="Show a claim", handler=show_claim, who=_ANY,
        scope="orders:read", response=wire.Claim, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/claims/{claim}/answer", summary="Answer a claim", handler=answer_claim, who=_SELLERS,
        scope="orders:write", request=wire.ClaimAnswer, response=wire.Claim, key="required",
        refusals=(*_MONEY, ledger.OutOfStock),
    ),
    Operation(
        method="POST", path="/v1/claims/{claim}/dispute", summary="Take an answer to the operator",
        handler=dispute_claim, who=(BUYER,), scope="orders:write", request=wire.ClaimWord, response=wire.Claim,
        key="required", refusals=(NotFound, Invalid, claims.ClaimNotOpen),
    ),
    Operation(
        method="POST", path="/v1/claims/{claim}/close", summary="Be content, or take a claim back", handler=close_claim,
        who=(BUYER,), scope="orders:write", response=wire.Claim, key="required",
        refusals=(NotFound, claims.ClaimNotOpen),
    ),
    Operation(
        method="POST", path="/v1/claims/{claim}/decision", summary="Decide a disputed claim", handler=decide_claim,
        who=(OPERATOR,), scope="orders:write", request=wire.ClaimDecision, response=wire.Claim, key="required",
        refusals=_MONEY,
    ),
    Operation(
        method="GET", path="/v1/claim_terms", summary="Show the terms of claims", handler=show_claim_terms, who=_ANY,
        scope="orders:read", response=wire.ClaimTerms,
    ),
    Operation(
        method="PUT", path="/v1/claim_terms", summary="Set the terms of claims", handler=set_claim_terms,
        who=(OPERATOR,), scope="market:write", request=wire.ClaimTerms, response=wire.ClaimTerms, key="optional",
        refusals=(Invalid,),
    ),
)  # fmt: skip
