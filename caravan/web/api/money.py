"""Operations on money: wallets, sellers' balances, statements, payouts."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from caravan.client import wire
from caravan.flows import settlement
from caravan.flows.house import integers
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.clock import iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import (
    BuyerId,
    DisputeId,
    EntryId,
    GiftCardId,
    ListingId,
    OpenItemId,
    OrderId,
    PaymentId,
    PayoutId,
    PurchaseId,
    QuoteId,
    SellerId,
    SessionId,
    TransferId,
)
from caravan.kernel.money import numeric
from caravan.trade import ledger, payments
from caravan.web.api import cursors, resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, SELLER, Operation
from caravan.web.api.problems import NoPlayMoney
from caravan.world import partners

_Number = Annotated[int, Meta(ge=0, le=2**62)]

# The kind of thing that a reason's reference is the number of; see the ledger's Reason.
_REFERENCES: dict[ledger.Reason, object] = {
    ledger.Reason.STOCK_RECEIVED: ListingId,
    ledger.Reason.STOCK_REMOVED: ListingId,
    ledger.Reason.RESERVED: SessionId,
    ledger.Reason.RESERVATION_RELEASED: SessionId,
    ledger.Reason.PLACED: PurchaseId,
    ledger.Reason.CANCELED: OrderId,
    ledger.Reason.CAPTURED: OrderId,
    ledger.Reason.RELEASED: OrderId,
    ledger.Reason.PAID_OUT: PayoutId,
    ledger.Reason.TOPPED_UP: BuyerId,
    ledger.Reason.RETURNED: OrderId,
    ledger.Reason.AUTHORIZED: PaymentId,
    ledger.Reason.AUTHORIZATION_VOIDED: PaymentId,
    ledger.Reason.COUPON_USED: PaymentId,
    ledger.Reason.DISPUTE_OPENED: DisputeId,
    ledger.Reason.DISPUTE_LOST: DisputeId,
    ledger.Reason.DISPUTE_WON: DisputeId,
    ledger.Reason.WRITTEN_OFF: OrderId,
    ledger.Reason.LABEL_CHARGED: OrderId,
    ledger.Reason.GIFT_CARD_ISSUED: GiftCardId,
    ledger.Reason.GIFT_CARD_REDEEMED: GiftCardId,
    ledger.Reason.REFUND_FAILED: OrderId,
    ledger.Reason.PAYOUT_RETURNED: PayoutId,
    ledger.Reason.PROVIDER_FEE: PaymentId,
    ledger.Reason.PROVIDER_PAID: OpenItemId,
    ledger.Reason.TRANSFER_RECEIVED: PaymentId,
    ledger.Reason.ASSIGNED: OpenItemId,
    ledger.Reason.TAX_COLLECTED: OrderId,
    ledger.Reason.TAX_RETURNED: OrderId,
    ledger.Reason.SHIPPED: OrderId,
    ledger.Reason.REPLACED: OrderId,
    ledger.Reason.TRANSFERRED: TransferId,
    ledger.Reason.EXCHANGED: QuoteId,
    ledger.Reason.EXCHANGED_BACK: OrderId,
}

_PAYOUTS = (
    "SELECT number, seller, unit, amount, deducted, sent_at, (SELECT coalesce(sum(payout_transfers.amount), 0)"
    " FROM payout_transfers WHERE payout_transfers.payout = payouts.number), status FROM payouts"
)


class _Leg(msgspec.Struct, array_like=True):
    """Where a statement goes on."""

    entry: _Number
    leg: _Number


async def show_wallet(call: Call) -> Reply:
    """Show a buyer's money."""
    return call.say(await call.ask(resources.wallet, await _buyer(call)))


async def list_wallet_statement(call: Call) -> Reply:
    """Show every change of a wallet."""
    return await _statement(call, ledger.Kind.WALLET, await _buyer(call))


async def show_balance(call: Call) -> Reply:
    """Show a seller's money."""
    return call.say(await call.ask(resources.seller_money, await _seller(call)))


async def list_balance_statement(call: Call) -> Reply:
    """Show every change of a seller's balance."""
    return await _statement(call, ledger.Kind.SELLER_BALANCE, await _seller(call))


async def _buyer(call: Call) -> BuyerId:
    """Give whose wallet is meant: a buyer's is their own; the operator has to name one."""
    named = BuyerId(ids.number(BuyerId, call.query.buyer)) if call.query.buyer else BuyerId(0)
    if call.query.seller:
        raise Invalid("A wallet is a buyer's.", field="seller")
    if not call.is_operator:
        if named not in {0, call.buyer}:
            raise NotFound("There is no such buyer.")
        return call.buyer
    if not named:
        raise Invalid("The operator has to name a buyer.", field="buyer")
    await call.ask(lambda house: identity.buyer_of(house.identity, named))
    return named


async def _seller(call: Call) -> SellerId:
    named = SellerId(ids.number(SellerId, call.query.seller)) if call.query.seller else SellerId(0)
    if getattr(call.query, "buyer", None):
        raise Invalid("A balance is a seller's.", field="buyer")
    if call.seller:
        if named not in {0, call.seller}:
            raise NotFound("There is no such seller.")
        return call.seller
    if not named:
        raise Invalid("The operator has to name a seller.", field="seller")
    await call.ask(lambda house: partners.seller_of(house.partners, named))
    return named


async def _statement(call: Call, kind: ledger.Kind, owner: int) -> Reply:
    query: wire.StatementQuery = call.query
    after = cursors.read(query.after, _Leg)
    compares, direction = ("<", "DESC") if query.order == "desc" else (">", "ASC")
    values: dict[str, object] = {"kind": int(kind), "owner": int(owner), "limit": query.limit + 1}
    behind = ""
    if after is not None:
        behind = f"AND (entry, leg) {compares} (:entry, :leg)"
        values |= {"entry": after.entry, "leg": after.leg}
    rows = await call.page(
        "SELECT entry, leg, unit, amount, reason, reference, at FROM statements"  # noqa: S608
        f" WHERE kind = :kind AND owner = :owner {behind} ORDER BY entry {direction}, leg {direction} LIMIT :limit",
        values,
    )
    kept = rows[: query.limit]
    has_more = len(rows) > query.limit
    after_last = cursors.write(_Leg(kept[-1][0], kept[-1][1])) if has_more else None
    return call.say(
        wire.Page[wire.StatementEntry](data=[_entry(row) for row in kept], has_more=has_more, next=after_last)
    )


def _entry(row: tuple[Any, ...]) -> wire.StatementEntry:
    entry, _, unit, amount, reason, reference, at = row
    why = ledger.Reason(reason)
    return wire.StatementEntry(
        entry=ids.text(EntryId, entry), at=iso(at), amount=resources.money(amount, unit), reason=why.name.lower(),
        reference=ids.text(_REFERENCES[why], reference),
    )  # fmt: skip


async def top_up(call: Call) -> Reply:
    """Put money from outside into a wallet; a buyer only into their own, and only where it is play money."""
    new: wire.TopUp = call.body
    buyer = BuyerId(call.ids["buyer"])
    market = await call.ask(resources.market)
    if not call.is_operator:
        if buyer != call.buyer:
            raise NotFound("There is no such buyer.")
        if not market.has_play_money:
            raise NoPlayMoney
    if new.amount.currency != market.currency:
        raise Invalid(f"This market trades in {market.currency}.", field="amount/currency")
    if not 0 < new.amount.amount <= wire.TOP_UP_MINOR_MAX:
        raise Invalid(f"A top-up is of 1 to {wire.TOP_UP_MINOR_MAX} minor units.", field="amount/amount")
    wanted = settlement.TopUps(
        at=integers(call.now), buyers=integers(buyer), units=integers(numeric(new.amount.currency)),
        amounts=integers(new.amount.amount), suspense=integers(0), methods=[new.method], references=[new.reference],
    )  # fmt: skip
    return await call.do(settlement.top_up, wanted, lambda house, _: resources.wallet(house, buyer), is_many=True)


async def list_payouts(call: Call) -> Reply:
    """Show payouts."""
    query: wire.PayoutsQuery = call.query
    seller = await _seller(call) if call.seller or query.seller else SellerId(0)
    after = cursors.read(query.after, _Number)
    compares, direction = ("<", "DESC") if query.order == "desc" else (">", "ASC")
    behind = f"AND number {compares} :after" if after is not None else ""
    rows = await call.page(
        f"{_PAYOUTS} WHERE (:seller = 0 OR seller = :seller) {behind} ORDER BY number {direction} LIMIT :limit",
        {"seller": int(seller), "after": after, "limit": query.limit + 1},
    )
    kept = rows[: query.limit]
    has_more = len(rows) > query.limit
    return call.say(
        wire.Page[wire.Payout](
            data=[wire.Payout(**_payout(row)) for row in kept],
            has_more=has_more,
            next=cursors.write(kept[-1][0]) if has_more else None,
        )
    )


def _payout(row: tuple[Any, ...]) -> dict[str, Any]:
    number, seller, unit, amount, deducted, sent_at, in_person, status = row
    return {
        "id": ids.text(PayoutId, number),
        "seller": ids.text(SellerId, seller),
        "amount": resources.money(amount, unit),
        "deducted": resources.money(deducted + in_person, unit),
        "paid_in_person": resources.money(in_person, unit),
        "sent_at": iso(sent_at),
        "status": status,
    }


async def show_payout(call: Call) -> Reply:
    """Show a payout with exactly the orders that it settles."""
    number, seller = call.ids["payout"], call.seller
    query: wire.PayoutQuery = call.query
    after = cursors.read(query.after, _Number) or 0
    rows = await call.page(f"{_PAYOUTS} WHERE number = :number", {"number": number})
    if not rows or (seller and rows[0][1] != seller):
        raise NotFound("There is no such payout.")
    lines = await call.page(
        "SELECT order_number, amount FROM payout_lines WHERE payout = :number AND order_number > :after"
        " ORDER BY order_number LIMIT :limit",
        {"number": number, "after": after, "limit": query.limit + 1},
    )
    unit, kept, has_more = rows[0][2], lines[: query.limit], len(lines) > query.limit
    return call.say(
        wire.ItemizedPayout(
            **_payout(rows[0]),
            lines=[
                wire.PayoutLine(order=ids.text(OrderId, order), amount=resources.money(amount, unit))
                for order, amount in kept
            ],
            deductions=await _deductions(call, number, unit),
            has_more=has_more,
            next=cursors.write(kept[-1][0]) if has_more else None,
        )
    )


_DEDUCTED = ("refund", *(reason.name.lower() for reason in payments.ChargeReason))
_DEDUCTIONS_MAX = 1_000


async def _deductions(call: Call, payout: int, unit: int) -> list[wire.Deduction]:
    rows = await call.page(
        "SELECT order_number, reason, amount FROM payout_deductions WHERE payout = :payout ORDER BY number LIMIT :limit",
        {"payout": payout, "limit": _DEDUCTIONS_MAX},
    )
    return [
        wire.Deduction(
            order=ids.text(OrderId, order) if order else None,
            reason=_DEDUCTED[reason],
            amount=resources.money(amount, unit),
        )
        for order, reason, amount in rows
    ]


_BUYERS = (BUYER, OPERATOR)
_SELLERS = (SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/wallet", summary="Show a wallet", handler=show_wallet, who=_BUYERS,
        scope="wallet:read", query=wire.HolderQuery, response=wire.Wallet, refusals=(NotFound, Invalid),
    ),
    Operation(
        method="GET", path="/v1/wallet/statement", summary="List the changes of a wallet",
        handler=list_wallet_statement, who=_BUYERS, scope="wallet:read", query=wire.StatementQuery,
        response=wire.Page[wire.StatementEntry], refusals=(NotFound, Invalid),
    ),
    Operation(
        method="POST", path="/v1/wallets/{buyer}/top-ups", summary="Put money into a wallet", handler=top_up,
        who=_BUYERS, scope="wallet:write", request=wire.TopUp, response=wire.Wallet, status=HTTPStatus.CREATED,
        key="required", refusals=(NotFound, Invalid, NoPlayMoney),
    ),
    Operation(
        method="GET", path="/v1/balance", summary="Show what a seller is due", handler=show_balance, who=_SELLERS,
        scope="payouts:read", query=wire.HolderQuery, response=wire.SellerMoney, refusals=(NotFound, Invalid),
    ),
    Operation(
        method="GET", path="/v1/balance/statement", summary="List the changes of a seller's balance",
        handler=list_balance_statement, who=_SELLERS, scope="payouts:read", query=wire.StatementQuery,
        response=wire.Page[wire.StatementEntry], refusals=(NotFound, Invalid),
    ),
    Operation(
        method="GET", path="/v1/payouts", summary="List payouts", handler=list_payouts, who=_SELLERS,
        scope="payouts:read", query=wire.PayoutsQuery, response=wire.Page[wire.Payout], refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/payouts/{payout}", summary="Show a payout, itemized", handler=show_payout,
        who=_SELLERS, scope="payouts:read", query=wire.PayoutQuery, response=wire.ItemizedPayout, refusals=(NotFound,),
    ),
)  # fmt: skip
