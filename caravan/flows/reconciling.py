"""Reconciling: what banks and providers report is held against our books line by line; a difference is an open item."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from caravan.cell import Decision, Section
from caravan.events import payments as events
from caravan.flows import disputes, funded, paying
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AskId, BuyerId, DisputeId, OpenItemId, PaymentId
from caravan.trade import ledger, payments
from caravan.trade.payments import AskKind, ItemKind, LineKind, Provider, ReportLine, StatementLine, Work

LINES_MAX = 20_000
_NAMED = re.compile(r"pay_[0-9A-HJKMNP-TV-Z]{12}")
# What was done shortly before a report ends may stand in the next one only.
_REPORTED_AFTER = DAY


class Report(NamedTuple):
    """A provider's report of what moved on its account for us."""

    provider: Provider
    lines: Sequence[ReportLine]


class Reconciled(NamedTuple):
    """What came of a report: lines that fit, that had been taken before, and the open items that it raised."""

    lines: int
    matched: int
    known: int
    fees_minor: int
    paid_out_minor: int
    items: tuple[OpenItemId, ...]


class Statement(NamedTuple):
    """Money that came in, from the bank's statement."""

    lines: Sequence[StatementLine]


class Taken(NamedTuple):
    """What came of a statement: transfers that named a payment, that had been taken before, and open items."""

    lines: int
    matched: int
    known: int
    items: tuple[OpenItemId, ...]


def take_statement(house: House, statement: Statement, *, now: Instant) -> Decision:
    """Take a bank's statement: a transfer that names a payment is its buyer's, and places the purchase once it is enough.

    A line is taken once, however often it comes. What names no payment waits on suspense, as an open item.
    """
    _bound(len(statement.lines))
    facts: list[Section] = []
    matched, known, items = 0, 0, list[OpenItemId]()
    for line in statement.lines:
        if line.amount_minor <= 0 or f"{int(Provider.TRANSFER)}:{line.line}" in house.dealings.lines:
            known += 1
            continue
        deal = _named(house, line)
        if deal is None:
            items.append(_unnamed(house, line, facts, now=now))
            continue
        matched += 1
        _receive(house, deal, line, facts, now=now)
    return Decision(facts, lambda: Taken(len(statement.lines), matched, known, tuple(items)))


def _bound(lines: int) -> None:
    if lines > LINES_MAX:
        raise Invalid(f"At most {LINES_MAX} lines at a time.", field="lines")


def _named(house: House, line: StatementLine) -> payments.Deal | None:
    for found in _NAMED.findall(line.text.upper().replace("PAY_", "pay_")):
        deal = house.dealings.deals.get(ids.number(PaymentId, found))
        if deal is not None and deal.provider == Provider.TRANSFER and deal.unit == line.unit:
            return deal
    return None


def _unnamed(house: House, line: StatementLine, facts: list[Section], *, now: Instant) -> OpenItemId:
    raised = payments.raise_item(
        house.dealings, number=0, provider=Provider.TRANSFER, line=line.line, kind=ItemKind.UNNAMED_TRANSFER,
        unit=line.unit, amount_minor=line.amount_minor, now=now,
    )  # fmt: skip
    postings = (
        Posting(ledger.Kind.BANK, 0, line.unit, -line.amount_minor),
        Posting(ledger.Kind.SUSPENSE, 0, line.unit, line.amount_minor),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.TRANSFER_RECEIVED, reference=0, now=now)
    facts += fold(house, as_facts(_received(line, 0, 0, now=now), raised))
    return raised.item


def _received(line: StatementLine, payment: int, buyer: int, *, now: Instant) -> events.TransferReceived:
    return events.TransferReceived(
        at=now, line=line.line, payment=PaymentId(payment), buyer=BuyerId(buyer), unit=line.unit,
        amount_minor=line.amount_minor,
    )  # fmt: skip


def _receive(house: House, deal: payments.Deal, line: StatementLine, facts: list[Section], *, now: Instant) -> None:
    postings = (
        Posting(ledger.Kind.BANK, 0, line.unit, -line.amount_minor),
        Posting(ledger.Kind.WALLET, deal.buyer, line.unit, line.amount_minor),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.TRANSFER_RECEIVED, reference=deal.payment, now=now)
    facts += fold(house, as_facts(_received(line, deal.payment, deal.buyer, now=now)))
    if deal.received >= deal.amount:
        paying.authorized(house, deal, line.line, facts, now=now)


class Assigning(NamedTuple):
    """What an open item turned out to be; a transfer that named no payment may be a buyer's (0: nobody's)."""

    item: OpenItemId
    note: str
    buyer: BuyerId = BuyerId(0)


def close_item(house: House, assigning: Assigning, *, now: Instant) -> Decision:
    """Close an open item with what it was; money on suspense goes to the buyer that it was meant for. Gives the item."""
    item = house.dealings.items.get(assigning.item)
    closed = payments.close_item(house.dealings, item=assigning.item, note=assigning.note, now=now)
    facts: list[Section] = []
    if assigning.buyer:
        assert item is not None
        if item.kind != ItemKind.UNNAMED_TRANSFER:
            raise Invalid("Only a transfer can be a buyer's.", field="buyer")
        identity.buyer_of(house.identity, assigning.buyer)
        postings = (
            Posting(ledger.Kind.SUSPENSE, 0, item.unit, -item.amount),
            Posting(ledger.Kind.WALLET, assigning.buyer, item.unit, item.amount),
        )
        funded.post(house, facts, postings, reason=ledger.Reason.ASSIGNED, reference=item.item, now=now)
    facts += fold(house, as_facts(closed))
    return Decision(facts, lambda: assigning.item)


def reconcile(house: House, report: Report, *, now: Instant) -> Decision:
    """Hold a provider's report against our books, line by line. A difference is an open item; nothing is mended silently.

    The provider's fees and its payouts to the bank are known from here only, and booked; a line is taken once.
    """
    _bound(len(report.lines))
    facts: list[Section] = []
    matched, known, fees, paid_out, items = 0, 0, 0, 0, list[OpenItemId]()
    for line in report.lines:
        if f"{int(report.provider)}:{line.line}" in house.dealings.lines:
            known += 1
            continue
        taken = _fitting(house, report.provider, line, now=now)
        if not taken:
            items.append(_differs(house, report.provider, line, facts, now=now))
            continue
        matched += 1
        fees += line.fee_minor
        paid_out += -line.gross_minor if line.kind == LineKind.PAYOUT else 0
        _book(house, report.provider, line, facts, now=now)
        facts += fold(house, as_facts(*taken, *_found_after_all(house, taken, now=now)))
    items += _missing(house, report, facts, now=now)
    return Decision(facts, lambda: Reconciled(len(report.lines), matched, known, fees, paid_out, tuple(items)))


def _fitting(house: House, provider: Provider, line: ReportLine, *, now: Instant) -> list[events.ReportLineTaken]:
    """Give what a line is taken to be: one thing of ours, or several disputes of one claim; nothing where it fits none."""
    if line.kind in {LineKind.FEE, LineKind.PAYOUT}:
        return [_taken(provider, line, now=now)]
    if line.kind == LineKind.DISPUTE:
        numbers = house.dealings.by_claim.get(line.reference, ())
        open_ones = [house.dealings.disputes[number] for number in numbers]
        lost = [one for one in open_ones if one.is_won is False and not one.line]
        fits = bool(lost) and sum(disputes.wanted_of(house, one) for one in lost) == -line.gross_minor
        return [
            _taken(provider, line, dispute=one.dispute, fee=line.fee_minor * (place == 0), now=now)
            for place, one in enumerate(lost)
        ] if fits else []  # fmt: skip
    found = _candidates(house, line)
    fitting = next((work for work in found if work.amount == abs(line.gross_minor)), None)
    return [_taken(provider, line, ask=fitting.ask, fee=line.fee_minor, now=now)] if fitting else []


def _candidates(house: House, line: ReportLine) -> list[Work]:
    """Give what of ours a line may be: done, of the same payment and kind, and in no report yet."""
    what = {LineKind.CAPTURE: AskKind.CAPTURE, LineKind.REFUND: AskKind.REFUND}.get(line.kind)
    number = house.dealings.by_reference.get(line.intent, 0) or line.payment
    works = house.dealings.works_of.get(number, [])
    return [work for work in works if work.what == what and work.is_done and not work.line]


def _taken(
    provider: Provider, line: ReportLine, *, now: Instant, ask: int = 0, dispute: int = 0, fee: int = 0
) -> events.ReportLineTaken:
    is_ours = bool(ask or dispute)
    return events.ReportLineTaken(
        at=now, provider=int(provider), line=line.line, kind=int(line.kind), ask=AskId(ask), dispute=DisputeId(dispute),
        unit=line.unit, amount_minor=line.gross_minor if is_ours else -line.gross_minor + line.fee_minor,
        fee_minor=fee,
    )  # fmt: skip


def _book(house: House, provider: Provider, line: ReportLine, facts: list[Section], *, now: Instant) -> None:
    if line.fee_minor or line.kind == LineKind.FEE:
        fee = line.fee_minor - (line.gross_minor if line.kind == LineKind.FEE else 0)
        postings = (
            Posting(ledger.Kind.PSP_CLEARING, int(provider), line.unit, fee),
            Posting(ledger.Kind.PSP_FEES, int(provider), line.unit, -fee),
        )
        funded.post(house, facts, postings, reason=ledger.Reason.PROVIDER_FEE, reference=line.payment, now=now)
    if line.kind == LineKind.PAYOUT:
        postings = (
            Posting(ledger.Kind.PSP_CLEARING, int(provider), line.unit, -line.gross_minor),
            Posting(ledger.Kind.BANK, 0, line.unit, line.gross_minor),
        )
        funded.post(house, facts, postings, reason=ledger.Reason.PROVIDER_PAID, reference=0, now=now)


def _found_after_all(
    house: House, taken: Sequence[events.ReportLineTaken], *, now: Instant
) -> list[events.OpenItemClosed]:
    asks = {one.ask for one in taken if one.ask}
    return [
        payments.close_item(house.dealings, item=OpenItemId(item.item), note="It stands in a later report.", now=now)
        for item in house.dealings.items.values()
        if item.kind == ItemKind.NOT_REPORTED and not item.is_closed and item.ask in asks
    ]


def _differs(house: House, provider: Provider, line: ReportLine, facts: list[Section], *, now: Instant) -> OpenItemId:
    near = next(iter(_candidates(house, line)), None)
    raised = payments.raise_item(
        house.dealings, number=0, provider=provider, line=line.line,
        kind=ItemKind.OTHER_AMOUNT if near else ItemKind.UNKNOWN_LINE, unit=line.unit, amount_minor=line.gross_minor,
        wanted_minor=near.amount if near else 0, ask=near.ask if near else 0, now=now,
    )  # fmt: skip
    facts += fold(house, as_facts(raised))
    return raised.item


def _missing(house: House, report: Report, facts: list[Section], *, now: Instant) -> list[OpenItemId]:
    """Raise an item for each thing of ours that the report should show by its end, and does not."""
    ends_at = max((line.at for line in report.lines), default=0)
    raised = {item.ask for item in house.dealings.items.values() if not item.is_closed}
    items = []
    for work in house.dealings.works.values():
        deal = house.dealings.deals[work.payment]
        is_due = work.is_done and not work.line and work.answered_at <= ends_at - _REPORTED_AFTER
        if not is_due or work.what == AskKind.VOID or deal.provider != report.provider or work.ask in raised:
            continue
        fact = payments.raise_item(
            house.dealings, number=0, provider=report.provider, line="", kind=ItemKind.NOT_REPORTED, unit=deal.unit,
            amount_minor=0, wanted_minor=work.amount, ask=work.ask, now=now,
        )  # fmt: skip
        facts += fold(house, as_facts(fact))
        items.append(fact.item)
    return items


def open_items(house: House) -> list[payments.OpenItem]:
    """Give the open items, the oldest first."""
    return [item for item in house.dealings.items.values() if not item.is_closed]


def item_of(house: House, number: int) -> payments.OpenItem:
    """Give an open item. Refuses an unknown one as not found."""
    if number not in house.dealings.items:
        raise NotFound("There is no such open item.")
    return house.dealings.items[number]
