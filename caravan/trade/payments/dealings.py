"""The state of what is under way outside: payments at providers, what those were asked, disputes, coupons, open items."""

from enum import IntEnum
from typing import TypeVar

import msgspec
import numpy as np

from caravan.cell import Section, numbers, pack, ragged, rows, unpack
from caravan.events import payments as events
from caravan.events.orders import PurchasePlaced
from caravan.kernel.event import Event
from caravan.kernel.money import allocate

_T = TypeVar("_T")


class Provider(IntEnum):
    """Who keeps a buyer's money until it is ours. The numbers own accounts in the ledger."""

    WALLET = 0
    CARD = 1
    TRANSFER = 2
    CASH = 3


class PaymentStatus(IntEnum):
    """Where a payment stands until it is authorized; what comes after that is told by its amounts."""

    CREATED = 1
    PENDING = 2
    AUTHORIZED = 3
    DECLINED = 4
    EXPIRED = 5


WAITING = (PaymentStatus.CREATED, PaymentStatus.PENDING)


class Deal(msgspec.Struct, array_like=True):
    """A payment that is not simply out of a wallet: `amount` is what the buyer pays, the discount what a coupon does."""

    payment: int
    session: int
    buyer: int
    unit: int
    amount: int
    provider: int
    method: str
    back: str
    expires_at: int
    coupon: int
    discount: int
    discount_payer: int
    status: PaymentStatus = PaymentStatus.CREATED
    reference: str = ""
    reason: str = ""
    orders: list[int] = msgspec.field(default_factory=list)
    received: int = 0  # by bank transfer
    is_voided: bool = False


class Work(msgspec.Struct, array_like=True):
    """Something that a provider was asked to do; `is_done` is None while that is open."""

    ask: int
    payment: int
    order: int
    what: int
    amount: int
    whole: int
    is_done: bool | None = None
    reference: str = ""
    reason: str = ""
    line: str = ""  # of the provider's report that shows it
    answered_at: int = 0


class Funding(msgspec.Struct, array_like=True):
    """Where an order's money comes from, if not all of it out of the wallet: the provider's part, and a coupon's."""

    order: int
    payment: int
    provider: int
    seller: int
    total: int
    promised: int
    discount: int
    discount_payer: int
    captured: int = 0  # of what was promised
    taken: int = 0  # of the total
    refunded: int = 0  # of the total
    is_let_go: bool = False
    unit: int = 0  # of what was promised and captured, where that is another than the order's


class Dispute(msgspec.Struct, array_like=True):
    """Captured money of an order that a buyer's bank wants back; `is_won` is None while that is open."""

    dispute: int
    payment: int
    order: int
    amount: int
    from_escrow: int
    from_operator: int
    reference: str
    is_won: bool | None = None
    line: str = ""


class Coupon(msgspec.Struct, array_like=True):
    """So much off for whoever knows the code; `uses` counts those that are paid for or under way."""

    coupon: int
    code: str
    payer: int
    unit: int
    amount: int
    spend_min: int
    uses_max: int
    expires_at: int
    uses: int = 0


class GiftCard(msgspec.Struct, array_like=True):
    """A gift card. What is left on it, the ledger says."""

    card: int
    buyer: int
    unit: int


class OpenItem(msgspec.Struct, array_like=True):
    """A difference between a report and our books, until somebody has looked."""

    item: int
    provider: int
    line: str
    kind: int
    ask: int
    unit: int
    amount: int
    wanted: int
    raised_at: int
    note: str = ""
    is_closed: bool = False


class _State(msgspec.Struct, array_like=True):
    deals: list[Deal]
    works: list[Work]
    fundings: list[Funding]
    disputes: list[Dispute]
    coupons: list[Coupon]
    cards: list[GiftCard]
    items: list[OpenItem]
    lines: list[str]
    reported: list[tuple[int, int, int]]
    authorized: list[tuple[int, int]]


def _by_number(table: dict[int, _T]) -> list[_T]:
    return [table[number] for number in sorted(table)]


class Dealings:
    """What is under way, in small objects: a provider answers hundreds of times a second, not hundred thousands."""

    name = "dealings"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.PaymentCreated, events.PaymentPending, events.PaymentAuthorized, events.PaymentDeclined,
            events.PaymentExpired, events.ProviderAsked, events.ProviderAnswered, events.DisputeOpened,
            events.DisputeClosed, events.CouponIssued, events.GiftCardIssued, events.TransferReceived,
            events.ReportLineTaken, events.OpenItemRaised, events.OpenItemClosed, events.PaymentCaptured,
            events.PaymentVoided, events.PaymentRefunded, PurchasePlaced,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.deals: dict[int, Deal] = {}
        self.works: dict[int, Work] = {}
        self.fundings: dict[int, Funding] = {}
        self.disputes: dict[int, Dispute] = {}
        self.coupons: dict[int, Coupon] = {}
        self.cards: dict[int, GiftCard] = {}
        self.items: dict[int, OpenItem] = {}
        self.lines: set[str] = set()  # of reports and statements, that have been taken
        self.reported: dict[
            tuple[int, int], int
        ] = {}  # by provider and unit: what reports booked on its clearing account
        self.authorized: dict[int, int] = {}  # by session: the payment that it is being placed with
        self._derive()

    def _derive(self) -> None:
        """Find again what can be found in the rest."""
        self.waiting = {number for number, deal in self.deals.items() if deal.status in WAITING}
        self.open: dict[int, list[Work]] = {}
        self.works_of: dict[int, list[Work]] = {}
        for work in self.works.values():
            self.works_of.setdefault(work.payment, []).append(work)
            if work.is_done is None:
                self.open.setdefault(work.payment, []).append(work)
        self.by_session = {deal.session: number for number, deal in self.deals.items()}
        self.by_reference = {deal.reference: number for number, deal in self.deals.items() if deal.reference}
        self.by_code = {coupon.code: number for number, coupon in self.coupons.items()}
        self.by_claim: dict[str, list[int]] = {}
        for dispute in self.disputes.values():
            self.by_claim.setdefault(dispute.reference, []).append(dispute.dispute)
        self.disputed: dict[int, int] = {}  # by order: how many disputes are open
        for dispute in self.disputes.values():
            if dispute.is_won is None:
                self.disputed[dispute.order] = self.disputed.get(dispute.order, 0) + 1

    def apply(self, part: Section) -> None:
        """Fold in a run of facts; of purchases and of what becomes of orders only those that are paid in part from outside."""
        self.version += 1
        if part.kind is PurchasePlaced:
            if self.authorized:
                self._place(part)
        elif part.kind in {events.PaymentCaptured, events.PaymentVoided, events.PaymentRefunded}:
            if self.fundings:
                self._move(part)
        else:
            for event in rows(part):
                self._apply(event)

    def _place(self, part: Section) -> None:
        sessions, units = numbers(part.batch, "session"), numbers(part.batch, "unit")
        orders = ragged(part.batch, "totals_minor")
        totals, sellers = orders.values.tolist(), ragged(part.batch, "sellers").values.tolist()
        first = int(numbers(part.batch, "first_order")[0])
        for row in np.flatnonzero(sessions).tolist():
            number = self.authorized.pop(int(sessions[row]), 0)
            if not number:
                continue
            deal, span = self.deals[number], range(int(orders.offsets[row]), int(orders.offsets[row + 1]))
            deal.orders = [first + place for place in span]
            if deal.unit != units[row]:
                self._fund_in_other_currency(deal, span, totals, sellers)
                continue
            discounts = discounts_of(deal, [totals[place] for place in span], [sellers[place] for place in span])
            for place, discount in zip(span, discounts, strict=True):
                promised = totals[place] - discount if deal.provider in {Provider.CARD, Provider.CASH} else 0
                self.fundings[first + place] = Funding(
                    first + place, number, deal.provider, sellers[place], totals[place], promised, discount,
                    deal.discount_payer,
                )  # fmt: skip

    def _fund_in_other_currency(self, deal: Deal, span: range, totals: list[int], sellers: list[int]) -> None:
        """Share what a provider promised in another currency out over the orders, as exchange does."""
        discounts = discounts_of(deal, [totals[place] for place in span], [sellers[place] for place in span])
        left = [totals[place] - discount for place, discount in zip(span, discounts, strict=True)]
        shares = allocate(deal.amount, left)
        for order, place, share, discount in zip(deal.orders, span, shares, discounts, strict=True):
            promised = share if deal.provider in {Provider.CARD, Provider.CASH} else 0
            self.fundings[order] = Funding(
                order, deal.payment, deal.provider, sellers[place], totals[place], promised, discount,
                deal.discount_payer, unit=deal.unit if promised else 0,
            )  # fmt: skip

    def _move(self, part: Section) -> None:
        orders, amounts = numbers(part.batch, "order").tolist(), numbers(part.batch, "amount_minor").tolist()
        for order, amount in zip(orders, amounts, strict=True):
            funding = self.fundings.get(order)
            if funding is None:
                continue
            if part.kind is events.PaymentCaptured:
                funding.captured += promised_in(funding, amount)
                funding.taken += amount
            elif part.kind is events.PaymentVoided:
                funding.is_let_go = True
            else:
                funding.refunded += amount

    def _apply(self, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915  # One short case a kind of fact.
        match event:
            case events.PaymentCreated():
                self.deals[event.payment] = Deal(
                    event.payment, event.session, event.buyer, event.unit, event.amount_minor, event.provider,
                    event.method, event.back, event.expires_at, event.coupon, event.discount_minor, event.discount_payer,
                )  # fmt: skip
                self.by_session[event.session] = event.payment
                self.waiting.add(event.payment)
                self._use_coupon(event.payment, 1)
            case events.PaymentPending():
                deal = self.deals[event.payment]
                deal.status, deal.reference = PaymentStatus.PENDING, event.reference
                self.by_reference[event.reference] = event.payment
            case events.PaymentAuthorized():
                deal = self.deals[event.payment]
                if deal.status not in WAITING:
                    self._use_coupon(event.payment, 1)
                self.by_reference.pop(deal.reference, None)
                deal.status, deal.reference = PaymentStatus.AUTHORIZED, event.reference or deal.reference
                if deal.reference:
                    self.by_reference[deal.reference] = event.payment
                self.waiting.discard(event.payment)
                self.authorized[deal.session] = event.payment
            case events.PaymentDeclined():
                self._end(event.payment, PaymentStatus.DECLINED)
                self.deals[event.payment].reason = event.reason
            case events.PaymentExpired():
                self._end(event.payment, PaymentStatus.EXPIRED)
            case events.ProviderAsked():
                work = Work(event.ask, event.payment, event.order, event.what, event.amount_minor, event.whole_minor)
                self.works[event.ask] = work
                self.open.setdefault(event.payment, []).append(work)
                self.works_of.setdefault(event.payment, []).append(work)
            case events.ProviderAnswered():
                self._answer(event)
            case events.DisputeOpened():
                self.disputes[event.dispute] = Dispute(
                    event.dispute, event.payment, event.order, event.amount_minor, event.from_escrow_minor,
                    event.from_operator_minor, event.reference,
                )  # fmt: skip
                self.by_claim.setdefault(event.reference, []).append(event.dispute)
                self.disputed[event.order] = self.disputed.get(event.order, 0) + 1
            case events.DisputeClosed():
                self.disputes[event.dispute].is_won = event.is_won
                self.disputed[event.order] -= 1
                if not self.disputed[event.order]:
                    del self.disputed[event.order]
            case events.CouponIssued():
                self.coupons[event.coupon] = Coupon(
                    event.coupon, event.code, event.payer, event.unit, event.amount_minor, event.spend_minor_min,
                    event.uses_max, event.expires_at,
                )  # fmt: skip
                self.by_code[event.code] = event.coupon
            case events.GiftCardIssued():
                self.cards[event.card] = GiftCard(event.card, event.buyer, event.unit)
            case events.TransferReceived():
                self.lines.add(f"{int(Provider.TRANSFER)}:{event.line}")
                if event.payment:
                    self.deals[event.payment].received += event.amount_minor
            case _:
                self._reconcile(event)

    def _end(self, payment: int, status: PaymentStatus) -> None:
        deal = self.deals[payment]
        if deal.status in WAITING or deal.status == PaymentStatus.AUTHORIZED:
            self._use_coupon(payment, -1)
        deal.status = status
        self.waiting.discard(payment)
        self.authorized.pop(deal.session, None)

    def _use_coupon(self, payment: int, change: int) -> None:
        coupon = self.coupons.get(self.deals[payment].coupon)
        if coupon is not None:
            coupon.uses += change

    def _answer(self, event: events.ProviderAnswered) -> None:
        work = self.works[event.ask]
        work.is_done, work.reference, work.reason = event.is_done, event.reference, event.reason
        work.answered_at = event.at
        if work.what == VOID and event.is_done:
            self.deals[work.payment].is_voided = True
        left = [one for one in self.open.pop(work.payment) if one.ask != event.ask]
        if left:
            self.open[work.payment] = left

    def _reconcile(self, event: Event) -> None:
        match event:
            case events.ReportLineTaken():
                self.lines.add(f"{event.provider}:{event.line}")
                if event.ask:
                    self.works[event.ask].line = event.line
                if event.dispute:
                    self.disputes[event.dispute].line = event.line
                booked = event.fee_minor + (event.amount_minor if not event.ask and not event.dispute else 0)
                key = (event.provider, event.unit)
                self.reported[key] = self.reported.get(key, 0) + booked
            case events.OpenItemRaised():
                self.items[event.item] = OpenItem(
                    event.item, event.provider, event.line, event.kind, event.ask, event.unit, event.amount_minor,
                    event.wanted_minor, event.at,
                )  # fmt: skip
                if event.line:
                    self.lines.add(f"{event.provider}:{event.line}")
            case events.OpenItemClosed():
                item = self.items[event.item]
                item.note, item.is_closed = event.note, True

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything, in the order of numbers."""
        state = _State(
            _by_number(self.deals), _by_number(self.works), _by_number(self.fundings), _by_number(self.disputes),
            _by_number(self.coupons), _by_number(self.cards), _by_number(self.items), sorted(self.lines),
            sorted((*key, amount) for key, amount in self.reported.items()), sorted(self.authorized.items()),
        )  # fmt: skip
        return {"state": pack(state)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        state = unpack(parts, "state", _State)
        self.deals = {deal.payment: deal for deal in state.deals}
        self.works = {work.ask: work for work in state.works}
        self.fundings = {funding.order: funding for funding in state.fundings}
        self.disputes = {dispute.dispute: dispute for dispute in state.disputes}
        self.coupons = {coupon.coupon: coupon for coupon in state.coupons}
        self.cards = {card.card: card for card in state.cards}
        self.items = {item.item: item for item in state.items}
        self.lines = set(state.lines)
        self.reported = {(provider, unit): amount for provider, unit, amount in state.reported}
        self.authorized = dict(state.authorized)
        self._derive()


CAPTURE, VOID, REFUND = 1, 2, 3  # What a provider is asked for, as it stands in the log.


def discounts_of(deal: Deal, totals: list[int], sellers: list[int]) -> list[int]:
    """Share a payment's discount out over its orders: all of it at one seller's expense, or by what each comes to."""
    if deal.discount_payer:
        return [deal.discount if seller == deal.discount_payer else 0 for seller in sellers]
    whole, before, shares = sum(totals), 0, []
    for total in totals:
        shares.append(deal.discount * (before + total) // whole - deal.discount * before // whole)
        before += total
    return shares


def promised_in(funding: Funding, amount: int) -> int:
    """Give the provider's part of the next so much of an order's money to be captured; the rest is the coupon's.

    What goes back is parted in the same way, so that no more of a part goes back than was taken in.
    """
    if funding.unit:
        after = paid_in(funding, funding.taken + amount)
        return funding.promised * after // paid_in(funding, funding.total) - funding.captured
    return amount - _share(funding, funding.taken, amount) if funding.promised else 0


def paid_in(funding: Funding, amount: int) -> int:
    """Give what of the first so much of an order's money its buyer pays; the rest is the coupon's."""
    return amount - funding.discount * amount // funding.total


def discount_in(funding: Funding, amount: int) -> int:
    """Give the coupon's part of the next so much of an order's money to go back; all parts are the discount."""
    return _share(funding, funding.refunded, amount)


def _share(funding: Funding, before: int, amount: int) -> int:
    return funding.discount * (before + amount) // funding.total - funding.discount * before // funding.total
