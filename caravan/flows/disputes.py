"""Disputes: a buyer's bank wants money back. It waits in the reserve, and goes back to the seller or to the bank."""

from typing import NamedTuple

from caravan.cell import Decision, Section
from caravan.events.payments import SellerCharged
from caravan.flows import fulfillment, funded, taxing
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import DisputeId, OrderId
from caravan.trade import exchange, ledger, payments
from caravan.trade.payments import ChargeReason, Claim, Dispute


class Claimed(NamedTuple):
    """What a provider says of a dispute about a payment, which it calls `reference`."""

    reference: str
    claim: Claim


def settle_claim(house: House, claimed: Claimed, *, now: Instant) -> Decision:
    """Open a dispute, or close it; told twice, late or in the wrong order, it opens once and closes once. Gives how many.

    Money comes out of escrow where it is still there, else off the seller's balance; orders are taken in turn.
    """
    dealings, claim = house.dealings, claimed.claim
    facts: list[Section] = []
    if claim.reference not in dealings.by_claim:
        deal = dealings.deals.get(dealings.by_reference.get(claimed.reference, 0))
        if deal is None:
            raise NotFound("There is no such payment.")
        _open(house, deal, claim, facts, now=now)
    if claim.won is not None:
        for number in dealings.by_claim.get(claim.reference, ()):
            if dealings.disputes[number].is_won is None:
                _close(house, dealings.disputes[number], facts, is_won=claim.won, now=now)
    return Decision(facts, lambda: len(dealings.by_claim.get(claim.reference, ())))


def _open(house: House, deal: payments.Deal, claim: Claim, facts: list[Section], *, now: Instant) -> None:
    left, parts = claim.amount_minor, dict[int, int]()
    for order in deal.orders:
        parts[order] = max(0, min(left, house.dealings.fundings[order].captured - _gone(house, order)))
        left -= parts[order]
    for order, there in parts.items():
        # What is more than the card still has with us (a refund may be under way) is at the operator's expense.
        rest = left if order == deal.orders[-1] else 0
        if not there + rest:
            continue
        unit = int(house.payments.money.unit[order])
        source = _source(house, order, _in_orders(house, order, there))
        source = source._replace(operator=source.operator + _at_frozen_rate(house, order, rest))
        opened = payments.open_dispute(
            house.dealings, payment=deal.payment, order=order, source=source, reference=claim.reference, now=now
        )
        postings = [Posting(kind, owner, unit, -amount) for kind, owner, amount in _places(house, order, source)]
        postings.append(Posting(ledger.Kind.DISPUTE_RESERVE, 0, unit, sum(source)))
        funded.post(house, facts, postings, reason=ledger.Reason.DISPUTE_OPENED, reference=opened.dispute, now=now)
        if unit != deal.unit:
            facts += fold(
                house, as_facts(exchange.exchange_dispute(dispute=opened.dispute, paid_minor=there + rest, now=now))
            )
        facts += fold(house, as_facts(opened))
        if source.seller:
            facts += fold(house, as_facts(_charge(house, order, source.seller, now=now)))


def _in_orders(house: House, order: int, theirs: int) -> int:
    """Give what so much of an order's captured money is in the order's currency; parts of it are the whole of it."""
    funding = house.dealings.fundings[order]
    if not funding.unit or not funding.captured:
        return theirs
    gone, taken = _gone(house, order), payments.paid_in(funding, funding.taken)
    return taken * (gone + theirs) // funding.captured - taken * gone // funding.captured


def _at_frozen_rate(house: House, order: int, theirs: int) -> int:
    paid = house.exchange.orders.get(order)
    if paid is None or not house.dealings.fundings[order].unit:
        return theirs
    return paid.total * theirs // max(1, paid.paid)


def wanted_of(house: House, dispute: Dispute) -> int:
    """Give what a bank wants back, in the currency of its provider."""
    return house.exchange.disputes.get(dispute.dispute, dispute.amount)


def _source(house: House, order: int, amount: int) -> payments.Source:
    """Say where so much of an order's money is by now: in escrow, or with the seller; or gone back to the buyer already."""
    money = house.payments.money
    open_amounts = sum(
        one.amount - one.from_operator
        for one in house.dealings.disputes.values()
        if one.order == order and one.is_won is None
    )
    sale = int(money.captured[order] - money.refunded[order] - money.lost[order]) - open_amounts
    of_sale = max(0, min(amount, sale))
    is_released = bool(money.released_at[order])
    return payments.Source(0 if is_released else of_sale, of_sale if is_released else 0, amount - of_sale)


def _places(house: House, order: int, source: payments.Source) -> tuple[tuple[ledger.Kind, int, int], ...]:
    seller = house.dealings.fundings[order].seller
    return (
        (ledger.Kind.ESCROW, order, source.escrow),
        (ledger.Kind.SELLER_BALANCE, seller, source.seller),
        (ledger.Kind.LOSSES, 0, source.operator),
    )


def _gone(house: House, order: int) -> int:
    """Give what of an order's captured money went back to the card, or is disputed or lost already."""
    works = house.dealings.works_of.get(house.dealings.fundings[order].payment, ())
    refunded = sum(
        work.amount for work in works
        if work.order == order and work.what == payments.AskKind.REFUND and work.is_done is not False
    )  # fmt: skip
    disputes = house.dealings.disputes.values()
    return refunded + sum(wanted_of(house, one) for one in disputes if one.order == order and one.is_won is not True)


def _charge(house: House, order: int, amount: int, *, now: Instant) -> SellerCharged:
    money = house.payments.money
    return payments.charge_seller(
        seller=int(money.seller[order]), unit=int(money.unit[order]), amount_minor=amount, reason=ChargeReason.DISPUTE,
        order=order, now=now,
    )  # fmt: skip


def _close(house: House, dispute: Dispute, facts: list[Section], *, is_won: bool, now: Instant) -> None:
    deal, order = house.dealings.deals[dispute.payment], dispute.order
    seller = dispute.amount - dispute.from_escrow - dispute.from_operator
    source = payments.Source(dispute.from_escrow, seller, dispute.from_operator)
    unit, theirs = int(house.payments.money.unit[order]), wanted_of(house, dispute)
    postings = [Posting(ledger.Kind.DISPUTE_RESERVE, 0, unit, -dispute.amount)]
    if is_won:
        postings += [Posting(kind, owner, unit, amount) for kind, owner, amount in _places(house, order, source)]
    else:
        postings.append(Posting(ledger.Kind.PSP_CLEARING, deal.provider, deal.unit, theirs))
    if not is_won and unit != deal.unit:
        postings += [
            Posting(ledger.Kind.EXCHANGE, 0, unit, dispute.amount),
            Posting(ledger.Kind.EXCHANGE, 0, deal.unit, -theirs),
        ]
    reason = ledger.Reason.DISPUTE_WON if is_won else ledger.Reason.DISPUTE_LOST
    funded.post(house, facts, postings, reason=reason, reference=dispute.dispute, now=now)
    facts += fold(house, as_facts(payments.close_dispute(dispute, is_won=is_won, now=now)))
    if not is_won:
        lost = dispute.amount - dispute.from_operator
        seller -= taxing.correct(house, OrderId(order), DisputeId(dispute.dispute), lost=lost, facts=facts, now=now)
    if seller and is_won:
        facts += fold(house, as_facts(_charge(house, order, -seller, now=now)))
    elif seller:
        funded.cap_clawback(house, facts, order=order, amount=seller, now=now)
    elif house.payments.money.lost[order]:
        _end(house, order, facts, now=now)


def _end(house: House, order: int, facts: list[Section], *, now: Instant) -> None:
    """Call an order off that has not left, as nobody pays for it; let one be over whose escrow is empty."""
    table, money = house.orders.orders, house.payments.money
    if fulfillment.is_being_captured(house, order) or money.disputing[order]:
        return  # Once it is known how that ended, the order is called off.
    if not table.fulfilled_at[order] and not table.canceled_at[order]:
        facts += fulfillment.call_off(house, integers(order), by=integers(0), at=integers(now))
        return
    if money.captured[order] > money.refunded_before[order] + money.disputed[order]:
        return
    if table.fulfilled_at[order] and not table.completed_at[order] and not house.payments.money.due_at[order]:
        facts += fold(house, [payments.schedule(orders=integers(order), due_at=integers(now), at=integers(now))])
