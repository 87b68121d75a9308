"""Operations on the market: its terms, and the sellers who are let in."""

from http import HTTPStatus
from typing import Annotated

from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from caravan.cell import Decision, Section
from caravan.client import wire
from caravan.flows import opening, selling
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.clock import SECOND, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import SellerId
from caravan.web import access
from caravan.web.api import cursors, resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation
from caravan.web.api.problems import TooManyRequests
from caravan.world import markets, partners

_Number = Annotated[int, Meta(ge=0, le=2**62)]


async def show_market(call: Call) -> Reply:
    """Show the terms."""
    return call.say(await call.ask(resources.market))


async def set_terms(call: Call) -> Reply:
    """Set terms, fees or both at once."""
    terms: wire.MarketTerms = call.body
    if terms.policy is None and terms.fees is None and terms.money is None:
        raise Invalid("Terms are a policy, fees, money or several.", field="policy")
    return await call.do(_set_terms, terms, resources.market)


def _set_terms(house: House, terms: wire.MarketTerms, *, now: Instant) -> Decision:
    resources.market(house)
    facts: list[Section] = []
    if terms.policy is not None:
        facts += opening.set_policy(house, _policy(terms.policy), now=now).facts
    if terms.fees is not None:
        facts += opening.set_fees(house, _fees(house, terms.fees), now=now).facts
    if terms.money is not None:
        facts += opening.set_money_terms(house, _money(terms.money), now=now).facts
    return Decision(facts)


def _money(terms: wire.MoneyTerms) -> markets.MoneyTerms:
    return markets.MoneyTerms(
        keeps_fee=terms.keeps_fee, clawback_minor_max=terms.clawback_minor_max, cash_minor_max=terms.cash_minor_max,
        payment_lasts=terms.payment_seconds * SECOND, transfer_lasts=terms.transfer_seconds * SECOND,
        takes_transfers=terms.takes_transfers,
    )  # fmt: skip


def _policy(terms: wire.PolicyTerms) -> markets.Policy:
    return markets.Policy(
        reservation_lasts=terms.reservation_seconds * SECOND,
        reservation_lasts_max=terms.reservation_seconds_max * SECOND,
        return_window=terms.return_window_seconds * SECOND,
        payout_every=terms.payout_every_seconds * SECOND,
        payout_minor_min=terms.payout_minor_min,
        units_per_buyer_max=terms.units_per_buyer_max,
        reviews_listings=terms.reviews_listings,
    )


def _fees(house: House, fees: wire.Fees) -> opening.Fees:
    rules = []
    for rule in fees.rules:
        seller = SellerId(ids.number(SellerId, rule.seller)) if rule.seller else SellerId(0)
        if seller:
            partners.seller_of(house.partners, seller)
        rules.append(
            markets.FeeRule(
                seller=seller, category=rule.category, basis_points=rule.basis_points, fixed_minor=rule.fixed_minor,
                floor_minor=rule.floor_minor, cap_minor=rule.cap_minor,
            )
        )  # fmt: skip
    return opening.Fees(tuple(rules), fees.tax_basis_points)


async def apply_to_sell(call: Call) -> Reply:
    """Take an application together with how the seller will log in, both or neither."""
    call.limit("registrations", call.address)
    new: wire.NewSeller = call.body
    application = partners.Application(
        name=new.name, country=new.country, city=new.city, postcode=new.postcode, description=new.description
    )
    mark = call.caravan.vault.mark(access.normal_email(new.email))
    hashed = await run_in_threadpool(access.hash_password, new.password)
    return await call.do(selling.apply_with_login, selling.Applicant(application, mark, hashed), resources.seller)


async def list_sellers(call: Call) -> Reply:
    """Show who sells here; to the operator also who wants to, or may not any more."""
    query: wire.SellersQuery = call.query
    status = query.status
    if not call.is_operator:
        if status not in {None, "active"}:
            raise Invalid("Only the operator sees who is not active.", field="status")
        status = "active"
    after = cursors.read(query.after, _Number) or 0

    def show(house: House) -> tuple[list[wire.Seller], bool]:
        found: list[wire.Seller] = []
        for known in house.partners.sellers[after + 1 :]:
            if status is not None and known.status.name.lower() != status:
                continue
            if len(found) == query.limit:
                return found, True
            found.append(resources.seller(house, known.seller))
        return found, False

    shown, has_more = await call.ask(show)
    last = cursors.write(ids.number(SellerId, shown[-1].id)) if has_more else None
    return call.say(wire.Page[wire.Seller](data=shown, has_more=has_more, next=last))


async def show_seller(call: Call) -> Reply:
    """Show a seller; one who is not active only to themselves and the operator."""
    seller = SellerId(call.ids["seller"])
    shown: wire.Seller = await call.ask(resources.seller, seller)
    is_own = call.bearer is not None and (call.bearer.audience, call.bearer.subject) == ("seller", seller)
    if shown.status != "active" and not is_own and not call.is_operator:
        raise NotFound("There is no such seller.")
    return call.say(shown)


async def approve_seller(call: Call) -> Reply:
    """Let a seller in."""
    wanted = [SellerId(call.ids["seller"])]
    return await call.do(selling.approve_sellers, wanted, lambda house, made: resources.seller(house, made[0]))


async def suspend_seller(call: Call) -> Reply:
    """Stop a seller from taking new orders."""
    wanted = selling.Suspension(SellerId(call.ids["seller"]), call.body.why)
    return await call.do(selling.suspend_seller, wanted, resources.seller)


_EVERYBODY = (PUBLIC, BUYER, SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/market", summary="Show the market's terms", handler=show_market, who=_EVERYBODY,
        response=wire.Market, refusals=(NotFound,),
    ),
    Operation(
        method="PUT", path="/v1/market", summary="Set the market's terms and fees", handler=set_terms,
        who=(OPERATOR,), scope="market:write", request=wire.MarketTerms, response=wire.Market,
        refusals=(Invalid, NotFound),
    ),
    Operation(
        method="GET", path="/v1/sellers", summary="List sellers", handler=list_sellers, who=_EVERYBODY,
        query=wire.SellersQuery, response=wire.Page[wire.Seller], is_open_to_browsers=True, refusals=(Invalid,),
    ),
    Operation(
        method="POST", path="/v1/sellers", summary="Apply to sell", handler=apply_to_sell, who=(PUBLIC,),
        request=wire.NewSeller, response=wire.Seller, status=HTTPStatus.CREATED, location="/v1/sellers/{id}",
        key="optional", is_personal=True, refusals=(identity.EmailTaken, Invalid, TooManyRequests),
    ),
    Operation(
        method="GET", path="/v1/sellers/{seller}", summary="Show a seller", handler=show_seller, who=_EVERYBODY,
        response=wire.Seller, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/sellers/{seller}/approve", summary="Let a seller in", handler=approve_seller,
        who=(OPERATOR,), scope="sellers:write", response=wire.Seller, key="optional",
        refusals=(NotFound, partners.WrongSellerState),
    ),
    Operation(
        method="POST", path="/v1/sellers/{seller}/suspend", summary="Stop a seller", handler=suspend_seller,
        who=(OPERATOR,), scope="sellers:write", request=wire.Why, response=wire.Seller, key="optional",
        refusals=(NotFound, partners.WrongSellerState),
    ),
)  # fmt: skip
