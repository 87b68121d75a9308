"""Labels: bought from a carrier and taken back, at the seller's expense; and what carriers' systems say of parcels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Decision, Section
from caravan.flows import dispatch, fulfillment, funded, parcels
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import LabelId, OrderId, ParcelId, SellerId
from caravan.kernel.money import alphabetic
from caravan.trade import delivery, ledger, payments
from caravan.trade.delivery import Answered, LabelAnswer, LabelKind, ParcelStatus, Rate, Told

TABLE = "table"  # The name of the carrier whose prices stand in a table: its labels are our own.
ORPHANS_AT_ONCE_MAX = 100
_OVER = (int(ParcelStatus.DELIVERED), int(ParcelStatus.RETURNED), int(ParcelStatus.CANCELED))


class Buying(NamedTuple):
    """A seller (0: the operator) wants the label of a parcel of theirs from a carrier, at a rate that it quoted."""

    parcel: ParcelId
    seller: SellerId
    carrier: str
    rate: Rate


class Done(NamedTuple):
    """What a carrier said of something that it was asked about a label."""

    label: LabelId
    answer: LabelAnswer


class Tracked(NamedTuple):
    """What a carrier's system says of a parcel, in any order, all of it or some."""

    parcel: ParcelId
    told: Sequence[Told]


def buy_label(house: House, buying: Buying, *, now: Instant) -> Decision:
    """Have a carrier sell a parcel's label; give the label's number. Prices of a table are paid, and labels ours, at once.

    Refuses a second label, a parcel that has left, and a price in another currency than the order's.
    """
    order = parcels.own_parcel(house, buying.parcel, buying.seller)
    delivery.require_packed(house.delivery, buying.parcel)
    currency = alphabetic(int(house.orders.orders.unit[order]))
    if buying.rate.currency != currency:
        raise Invalid(f"This order is in {currency}.", field="rate")
    asked = delivery.ask_label(
        house.labels, parcel=buying.parcel, carrier=buying.carrier, rate=buying.rate, what=LabelKind.BUY, now=now
    )
    facts = fold(house, as_facts(asked))
    if buying.carrier == TABLE:
        tracking = dispatch.parcel_tracking_of(house, buying.parcel)
        _settle(house, asked.label, LabelAnswer(Answered.DONE, tracking), facts, now=now)
    return Decision(facts, lambda: asked.label)


def void_label(house: House, wanted: parcels.Unpacking, *, now: Instant) -> Decision:
    """Have a carrier take a parcel's label back; give the label's number. Refuses a parcel that has left, or has none."""
    parcels.own_parcel(house, wanted.parcel, wanted.seller)
    delivery.require_packed(house.delivery, wanted.parcel)
    facts: list[Section] = []
    number = _ask_void(house, wanted.parcel, facts, now=now)
    return Decision(facts, lambda: number)


def _ask_void(house: House, parcel: ParcelId, facts: list[Section], *, now: Instant) -> LabelId:
    known = house.labels.of.get(parcel)
    if known is None:
        raise delivery.NoLabel
    rate = Rate(known.shipment, known.rate, known.by, known.service, alphabetic(known.unit), known.amount)
    asked = delivery.ask_label(
        house.labels, parcel=parcel, carrier=known.carrier, rate=rate, what=LabelKind.VOID, now=now
    )
    facts += fold(house, as_facts(asked))
    if known.carrier == TABLE:
        _settle(house, asked.label, LabelAnswer(Answered.DONE), facts, now=now)
    return asked.label


def void_orphans(house: House, _: object, *, now: Instant) -> Decision:
    """Have the labels taken back of parcels that were unpacked; give how many. One that was refused is not asked again."""
    numbers = np.fromiter(house.labels.of, np.int64, len(house.labels.of))
    found = numbers[house.delivery.parcels.status[numbers] == ParcelStatus.CANCELED].tolist()
    canceled = [
        parcel for parcel in sorted(found)
        if parcel not in house.labels.open and parcel not in house.labels.kept
    ][:ORPHANS_AT_ONCE_MAX]  # fmt: skip
    facts: list[Section] = []
    for parcel in canceled:
        _ask_void(house, ParcelId(parcel), facts, now=now)
    return Decision(facts, lambda: len(canceled))


def settle_label(house: House, done: Done, *, now: Instant) -> Decision:
    """Settle what a carrier did about a label, or never will; told twice, it changes nothing twice. Gives the label.

    What is not known is asked again.
    """
    facts: list[Section] = []
    if done.answer.answered in {Answered.DONE, Answered.REFUSED}:
        _settle(house, done.label, done.answer, facts, now=now)
    return Decision(facts, lambda: done.label)


def _settle(house: House, label: int, answer: LabelAnswer, facts: list[Section], *, now: Instant) -> None:
    work, is_done = house.labels.works[label], answer.answered == Answered.DONE
    answered = delivery.answer_label(work, answer, is_done=is_done, now=now)
    if answered is None:
        return
    facts += fold(house, as_facts(answered))
    if is_done and work.amount:
        sign = 1 if work.what == LabelKind.BUY else -1
        _charge(house, ParcelId(work.parcel), sign * work.amount, facts, now=now)


def _charge(house: House, parcel: ParcelId, amount: int, facts: list[Section], *, now: Instant) -> None:
    """Take a label's price off the seller's balance, for the carrier; or below zero give it back."""
    order = OrderId(int(house.delivery.parcels.order[parcel]))
    seller, unit = int(house.orders.orders.seller[order]), int(house.orders.orders.unit[order])
    postings = (
        Posting(ledger.Kind.SELLER_BALANCE, seller, unit, -amount),
        Posting(ledger.Kind.CARRIER_PAYABLE, 0, unit, amount),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.LABEL_CHARGED, reference=order, now=now)
    charged = payments.charge_seller(
        seller=seller, unit=unit, amount_minor=amount, reason=payments.ChargeReason.LABEL, order=order, now=now
    )
    facts += fold(house, as_facts(charged))


def note_tracked(house: House, tracked: Tracked, *, now: Instant) -> Decision:
    """Note what a carrier's system says of a parcel that has left; what was told before is passed over. Gives how much is news.

    What it says of later than now is passed over too, until then.
    """
    parcels.own_parcel(house, tracked.parcel, SellerId(0))
    if not house.delivery.parcels.handed_over_at[tracked.parcel]:
        raise fulfillment.ParcelNotSent
    told = sorted(one for one in tracked.told if one.at <= now)
    scans = [delivery.Scan(one.at, one.status, one.place[: delivery.TEXT_CHARACTERS_MAX]) for one in told]
    numbers = np.full(len(scans), tracked.parcel, np.int64)
    rows = np.flatnonzero(delivery.is_news(house.delivery, numbers.tolist(), scans))
    if not len(rows):
        return Decision((), lambda: 0)
    facts: list[Section] = []
    fact = delivery.track(
        parcels=numbers[rows], statuses=integers([scans[row].status for row in rows.tolist()]),
        at=integers([scans[row].at for row in rows.tolist()]), places=[scans[row].place for row in rows.tolist()],
    )  # fmt: skip
    fulfillment.note_scans(house, fact, facts)
    return Decision(facts, lambda: len(rows))


def polled(house: House) -> list[tuple[ParcelId, str, str]]:
    """Give the parcels whose carrier can be asked where they are, with its name and their tracking numbers."""
    numbers = np.fromiter(house.labels.of, np.int64, len(house.labels.of))
    status, found = house.delivery.parcels.status[numbers], []
    for parcel in numbers[~np.isin(status, _OVER)].tolist():
        work = house.labels.of[parcel]
        if work.carrier != TABLE and work.tracking:
            found.append((ParcelId(parcel), work.carrier, work.tracking))
    return found
