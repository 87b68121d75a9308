"""Claims: something is wrong with a parcel; the seller answers, the operator decides, and money or a new parcel follows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from caravan.cell import Decision, Section
from caravan.events.claims import ClaimOpened
from caravan.flows import parcels, returns
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, ClaimId, OrderId, ParcelId, SellerId
from caravan.trade import claims, delivery, orders, payments
from caravan.trade.claims import Claim, ClaimStatus, Complaint, Opener, Reason
from caravan.trade.delivery import ParcelStatus

# Parcels that were handed over longer ago are history, such as that of another system, and nobody waits for them.
_WAITED_FOR_MAX = 200_000
_LOST_AT_ONCE_MAX = 100


class Opening(NamedTuple):
    """A buyer claims: which parcel (0: whatever of the order), what is wrong, and how much they want back (0: all of it).

    `contents` are units of lines of the order; without, everything that is in the parcel.
    """

    order: OrderId
    buyer: BuyerId
    parcel: ParcelId
    reason: Reason
    amount_minor: int
    note: str
    contents: Mapping[int, int]


class Answering(NamedTuple):
    """A seller (0: the operator) gives so much back for a claim, or (`is_anew`) sends it anew."""

    claim: ClaimId
    seller: SellerId
    amount_minor: int
    note: str
    is_anew: bool = False


class Step(NamedTuple):
    """A buyer goes on with a claim of theirs, with a word about why."""

    claim: ClaimId
    buyer: BuyerId
    note: str = ""


class Verdict(NamedTuple):
    """The operator decides that so much more goes back for a claim."""

    claim: ClaimId
    amount_minor: int
    note: str


def open_claim(house: House, opening: Opening, *, now: Instant) -> Decision:
    """Open a buyer's claim; give it. Refuses what has not left, is not late yet, or was delivered too long ago."""
    table = house.orders.orders
    if not 0 < opening.order < len(table) or table.buyer[opening.order] != opening.buyer:
        raise NotFound("There is no such order.")
    contents = _contents(house, opening)
    _require_timely(house, opening, now=now)
    most = _worth(house, opening.order, contents)
    amount = opening.amount_minor or most
    if not 0 < amount <= most:
        raise claims.NothingToClaim(f"At most {most} can be claimed here.", amount_minor=most)
    opened = _open(
        house, opening.order, opening.parcel, opening.reason, Opener.BUYER, contents, amount, note=opening.note, now=now
    )
    facts = fold(house, as_facts(opened))
    return Decision(facts, lambda: opened.claim)


def _open(  # noqa: PLR0913  # All of it is said of a claim.
    house: House, order: int, parcel: int, reason: Reason, by: Opener, contents: Mapping[int, int], amount: int, *,
    note: str, now: Instant,
) -> ClaimOpened:  # fmt: skip
    table = house.orders.orders
    complaint = Complaint(
        order=OrderId(order), buyer=BuyerId(int(table.buyer[order])), seller=SellerId(int(table.seller[order])),
        parcel=ParcelId(parcel), reason=reason, by=by, unit=int(table.unit[order]), amount_minor=amount, note=note,
        contents=contents,
    )  # fmt: skip
    return claims.open_claim(house.claims, complaint, now=now)


def _contents(house: House, opening: Opening) -> dict[int, int]:
    """Give the units that a claim is about. Refuses those that are not in its parcel, or have not left."""
    units = orders.units_of(house.orders, opening.order)
    held = {line: one.fulfilled for line, one in enumerate(units) if one.fulfilled}
    if opening.parcel:
        known = [one for one in delivery.parcels_of(house.delivery, opening.order) if one.parcel == opening.parcel]
        if not known:
            raise NotFound("There is no such parcel.")
        if not known[0].handed_over_at:
            raise claims.NothingToClaim("This parcel has not left yet.")
        held = dict(known[0].contents) or held
    wanted = dict(opening.contents) or held
    if not wanted or any(quantity > held.get(line, 0) or quantity <= 0 for line, quantity in wanted.items()):
        raise claims.NothingToClaim("These units are not in what was sent.")
    return wanted


def _require_timely(house: House, opening: Opening, *, now: Instant) -> None:
    """Refuse a claim that comes too early, of what may still arrive in time; and one that comes too late."""
    found = delivery.parcels_of(house.delivery, opening.order)
    about = [one for one in found if opening.parcel in {0, one.parcel} and one.handed_over_at]
    arrived = [one.delivered_at for one in about]
    is_on_way = any(one.status in delivery.ON_THE_WAY for one in about)
    terms = house.claims.terms
    if arrived and all(arrived) and max(arrived) + terms.claim_within <= now:
        raise claims.NothingToClaim("It was delivered too long ago.")
    due = max((one.promised_at or one.handed_over_at + terms.lost_after for one in about), default=0)
    if is_on_way and now < due and opening.reason in {Reason.LOST, Reason.MISSING, Reason.LATE}:
        raise claims.NothingToClaim("It may still arrive in time.", due_at=due)


def _worth(house: House, order: OrderId, contents: Mapping[int, int]) -> int:
    return sum(_shares(house, order, contents).values())


def _shares(house: House, order: OrderId, contents: Mapping[int, int]) -> dict[int, int]:
    """Give what units of lines came to, by line, as far as it was not given back yet."""
    first, lines = int(house.orders.orders.first_line[order]), house.orders.lines
    left, found = orders.refundable(house.orders, order), {}
    for line, quantity in contents.items():
        row = first + line
        shipping = int(lines.shipping[row]) * quantity // int(lines.quantity[row])
        found[line] = max(0, min(int(lines.unit_price[row]) * quantity + shipping, left[line]))
    money = house.payments.money
    most = int(money.captured[order] - money.refunded[order] - money.lost[order])
    for line in sorted(found, reverse=True):
        found[line] = min(found[line], max(0, most - sum(share for other, share in found.items() if other < line)))
    return found


def answer_claim(house: House, answering: Answering, *, now: Instant) -> Decision:
    """Answer a claim, as its seller: give money back at once, deny it, or send such units anew. Gives the claim."""
    claim = _own(house, answering.claim, seller=answering.seller)
    claims.require(claim, ClaimStatus.OPEN)
    facts: list[Section] = []
    amount = 0 if answering.is_anew else answering.amount_minor
    parcel = len(house.delivery.parcels) if answering.is_anew else 0
    answered = claims.answer_claim(
        house.claims, claim, amount_minor=amount, note=answering.note, parcel=parcel, now=now
    )
    if answering.is_anew:
        contents = dict(zip(claim.lines, claim.quantities, strict=True))
        anew = parcels.send_anew(house, OrderId(claim.order), contents, facts, claim=ClaimId(claim.claim), now=now)
        assert anew == parcel, anew
    grant(house, claim, amount, facts, now=now)
    facts += fold(house, as_facts(answered))
    _close_if_granted(house, claim, facts, now=now)
    return Decision(facts, lambda: answering.claim)


def _own(house: House, number: ClaimId, *, seller: int = 0, buyer: int = 0) -> Claim:
    claim = claims.claim_of(house.claims, number)
    if (seller and claim.seller != seller) or (buyer and claim.buyer != buyer):
        raise NotFound("There is no such claim.")
    return claim


def grant(house: House, claim: Claim, amount: int, facts: list[Section], *, now: Instant) -> None:
    """Give money back for a claim: out of escrow, or from the seller once they had it; a lost parcel is lost then."""
    if amount:
        contents = dict(zip(claim.lines, claim.quantities, strict=True))
        shares = _shares(house, OrderId(claim.order), contents)
        if house.payments.money.disputing[claim.order]:
            raise payments.DisputeUnderWay
        if amount > sum(shares.values()):
            left = sum(shares.values())
            raise orders.NothingToReturn(f"At most {left} of this can go back.", left_minor=left)
        for line, part in _spread(amount, shares).items():
            returned = orders.refund_line(
                house.orders, order=OrderId(claim.order), line=line, refund_minor=part, now=now,
                keeps_fee=bool(house.payments.money.keeps_fee[claim.order]),
            )  # fmt: skip
            back = returns.Return(SellerId(claim.seller), OrderId(claim.order), line, 0, part)
            returns.give_back(house, back, returned, facts, now=now)
    if amount and claim.reason in {Reason.LOST, Reason.MISSING} and claim.parcel:
        _take_for_lost(house, claim.parcel, facts, now=now)


def _spread(amount: int, shares: Mapping[int, int]) -> dict[int, int]:
    """Part an amount over lines by what each came to, to the last minor unit; those that get nothing are left out."""
    whole, before, found = sum(shares.values()), 0, {}
    for line, share in shares.items():
        found[line] = amount * (before + share) // whole - amount * before // whole
        before += share
    return {line: part for line, part in found.items() if part}


def _take_for_lost(house: House, parcel: int, facts: list[Section], *, now: Instant) -> None:
    if house.delivery.parcels.status[parcel] in delivery.ON_THE_WAY:
        lost = integers(int(ParcelStatus.LOST))
        facts += fold(house, [delivery.scan(parcels=integers(parcel), statuses=lost, at=integers(now))])


def _close_if_granted(house: House, claim: Claim, facts: list[Section], *, now: Instant) -> None:
    if claim.status == ClaimStatus.ANSWERED and claim.granted >= claim.amount and not claim.anew:
        facts += fold(house, as_facts(claims.close_claim(claim, is_withdrawn=False, now=now)))
    parcels.close_if_over(house, OrderId(claim.order), facts, now=now)


def dispute_claim(house: House, step: Step, *, now: Instant) -> Decision:
    """Take an answer to the operator, as its buyer; give the claim. Refuses one that was granted whole."""
    claim = _own(house, step.claim, buyer=step.buyer)
    disputed = claims.dispute_claim(claim, note=step.note, now=now)
    return Decision(as_facts(disputed), lambda: step.claim)


def accept_answer(house: House, step: Step, *, now: Instant) -> Decision:
    """Be content with the answer, or take an unanswered claim back, as its buyer; give the claim."""
    claim, facts = _own(house, step.claim, buyer=step.buyer), list[Section]()
    if claim.anew and claim.status == ClaimStatus.ANSWERED:
        raise claims.ClaimNotOpen("It is being sent anew.")
    closed = claims.close_claim(claim, is_withdrawn=claim.status == ClaimStatus.OPEN, now=now)
    facts += fold(house, as_facts(closed))
    parcels.close_if_over(house, OrderId(claim.order), facts, now=now)
    return Decision(facts, lambda: step.claim)


def decide_claim(house: House, verdict: Verdict, *, now: Instant) -> Decision:
    """Decide a disputed claim, as the operator: so much more goes back, or nothing. Gives the claim."""
    claim, facts = claims.claim_of(house.claims, verdict.claim), list[Section]()
    decided = claims.decide_claim(claim, amount_minor=verdict.amount_minor, note=verdict.note, now=now)
    grant(house, claim, verdict.amount_minor, facts, now=now)
    facts += fold(house, as_facts(decided))
    parcels.close_if_over(house, OrderId(claim.order), facts, now=now)
    return Decision(facts, lambda: verdict.claim)


def give_up_anew(house: House, unpacking: parcels.Unpacking, *, now: Instant) -> Decision:
    """Not send anew what was promised for a claim: the units are on the shelf, the seller has to answer again. Gives the parcel."""
    parcel, facts = unpacking.parcel, list[Section]()
    parcels.own_parcel(house, parcel, unpacking.seller)
    delivery.require_packed(house.delivery, parcel)
    number = house.claims.by_anew.get(parcel)
    if number is None:
        return parcels.unpack_parcel(house, unpacking, now=now)
    _give_up_anew(house, house.claims.claims[number], facts, now=now)
    return Decision(facts, lambda: parcel)


def _give_up_anew(house: House, claim: Claim, facts: list[Section], *, now: Instant) -> None:
    parcels.drop_anew(house, ParcelId(claim.anew), facts, now=now)
    facts += fold(house, as_facts(claims.reopen_claim(house.claims, claim, now=now)))


def on_scan(house: House, parcel: ParcelId, facts: list[Section], *, by: Opener, now: Instant) -> None:
    """See to a parcel that has just arrived or was just lost: claims are opened or over, its order may be settled."""
    order = OrderId(int(house.delivery.parcels.order[parcel]))
    status = ParcelStatus(house.delivery.parcels.status[parcel])
    if status == ParcelStatus.LOST:
        _lose(house, order, parcel, facts, by=by, now=now)
    elif house.delivery.parcels.delivered_at[parcel]:
        _arrive(house, order, parcel, facts, now=now)
    parcels.close_if_over(house, order, facts, now=now)


def _lose(house: House, order: OrderId, parcel: ParcelId, facts: list[Section], *, by: Opener, now: Instant) -> None:
    """Open the claim that a lost parcel's buyer has, where none stands and money can still go back."""
    made = house.delivery.made.get(parcel)
    standing = [house.claims.claims[number] for number in house.claims.open_of.get(order, ())]
    known = [house.claims.claims[number] for number in house.claims.of_order.get(order, ())]
    is_known = any(one.parcel == parcel and one.reason == Reason.LOST and one.granted for one in known)
    if made is not None and made.is_replacement and made.claim:
        standing = [one for one in standing if one.claim != made.claim]
        first = house.claims.claims[made.claim]
        facts += fold(house, as_facts(claims.close_claim(first, is_withdrawn=False, now=now)))
    units = orders.units_of(house.orders, order)
    contents = dict(zip(made.lines, made.quantities, strict=True)) if made else {
        line: one.fulfilled for line, one in enumerate(units) if one.fulfilled
    }  # fmt: skip
    worth = _worth(house, order, contents)
    if is_known or not worth or any(one.parcel in {0, parcel} for one in standing):
        return
    opened = _open(house, order, parcel, Reason.LOST, by, contents, worth, note="", now=now)
    facts += fold(house, as_facts(opened))


def _arrive(house: House, order: OrderId, parcel: ParcelId, facts: list[Section], *, now: Instant) -> None:
    """Close what an arrival ends: what the carrier or the clock took for lost is found, what was sent anew is there."""
    for number in sorted(house.claims.open_of.get(order, ())):
        claim = house.claims.claims[number]
        is_found = claim.parcel == parcel and claim.by != Opener.BUYER and not claim.granted and not claim.anew
        if claim.anew == parcel or is_found:
            closed = claims.close_claim(claim, is_withdrawn=is_found and claim.anew != parcel, now=now)
            facts += fold(house, as_facts(closed))
    table = house.orders.orders
    found = delivery.parcels_of(house.delivery, order)
    sent = [one.delivered_at for one in found if one.handed_over_at]
    if table.fulfilled_at[order] and not table.received_at[order] and all(sent):
        facts += fold(house, [orders.receive(orders=integers(order), at=integers(max(sent)))])


def look_after(house: House, _: object, *, now: Instant) -> Decision:
    """Do what is due: take parcels for lost that are too late, take silence for a yes, let what nobody disputes be over.

    Gives how many claims and parcels that was.
    """
    facts: list[Section] = []
    lost = _overdue(house, now=now)
    for parcel in lost:
        _take_for_lost(house, parcel, facts, now=now)
        on_scan(house, ParcelId(parcel), facts, by=Opener.CLOCK, now=now)
    due = [claim for claim in claims.due_claims(house.claims, now=now) if _can_go_on(house, claim)]
    for claim in due:
        if claim.status == ClaimStatus.OPEN:
            _take_silence(house, claim, facts, now=now)
        elif claim.anew:
            _give_up_anew(house, claim, facts, now=now)
        else:
            facts += fold(house, as_facts(claims.close_claim(claim, is_withdrawn=False, now=now)))
        _close_if_granted(house, claim, facts, now=now)
    return Decision(facts, lambda: len(lost) + len(due))


def _can_go_on(house: House, claim: Claim) -> bool:
    """Tell whether a claim whose term is over goes on: not while a bank decides, or what is sent anew is on its way."""
    is_sent = bool(claim.anew) and bool(house.delivery.parcels.handed_over_at[claim.anew])
    return not house.payments.money.disputing[claim.order] and not is_sent


def _take_silence(house: House, claim: Claim, facts: list[Section], *, now: Instant) -> None:
    contents = dict(zip(claim.lines, claim.quantities, strict=True))
    amount = min(claim.amount, _worth(house, OrderId(claim.order), contents))
    answered = claims.answer_claim(house.claims, claim, amount_minor=amount, note="", is_silence=True, now=now)
    grant(house, claim, amount, facts, now=now)
    facts += fold(house, as_facts(answered))
    if amount < claim.amount:
        facts += fold(house, as_facts(claims.close_claim(claim, is_withdrawn=False, now=now)))


def _overdue(house: House, *, now: Instant) -> list[int]:
    """Give the parcels on their way that are too late to be only late, whose order's money still waits; at most 100."""
    table, first = house.delivery.parcels, max(1, len(house.delivery.parcels) - _WAITED_FOR_MAX)
    status, promised = table.status[first:], table.promised_at[first:]
    is_on_way = (status >= int(ParcelStatus.PICKED_UP)) & (status < int(ParcelStatus.DELIVERED))
    since = np.where(promised > 0, promised, table.handed_over_at[first:])
    found = np.flatnonzero(is_on_way & (since + house.claims.terms.lost_after <= now)) + first
    if not len(found):
        return []
    money, of = house.payments.money, table.order[found]
    waits = (money.captured[of] > 0) & (money.released_at[of] == 0) & (money.due_at[of] == 0)
    chosen: list[int] = found[waits][:_LOST_AT_ONCE_MAX].tolist()
    return chosen


def set_claim_terms(house: House, terms: claims.ClaimTerms, *, now: Instant) -> Decision:  # noqa: ARG001  # A flow is given the house.
    """Set how long each step of a claim may take, and when a parcel is lost. Gives nothing."""
    return Decision(as_facts(claims.set_claim_terms(terms, now=now)), lambda: None)
