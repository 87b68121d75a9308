"""The state of payments: what is authorized, captured, refunded and released for each order, and who is to be paid."""

from collections.abc import Iterator

import msgspec
import numpy as np

from caravan.cell import Section, Table, numbers, owned, pack, ragged, rows, unpack
from caravan.events import payments as events
from caravan.events.markets import MoneyTermsSet
from caravan.events.orders import PurchasePlaced
from caravan.events.transfers import TransferMade
from caravan.kernel.event import Event
from caravan.trade.payments import kernel


class Due(msgspec.Struct, array_like=True):
    """What a seller has earned in one currency since the last payout: orders in the order of release.

    What was paid in person, without an order, is deducted below zero.
    """

    orders: list[int] = msgspec.field(default_factory=list)
    amounts_minor: list[int] = msgspec.field(default_factory=list)
    deducted_minor: int = 0
    paid_at: int = 0


class _Rest(msgspec.Struct, array_like=True):
    paid: list[tuple[int, str]]
    open_disputes: list[tuple[int, tuple[int, int]]]
    keeps_fee: bool
    sent: list[tuple[int, tuple[int, int, int, int]]]


# What is folded in one by one; the rest as columns.
_RARE = frozenset(
    {
        events.PayoutSent, events.PayoutReturned, events.PayoutPaid, events.SellerCharged, events.DisputeOpened,
        events.DisputeClosed, MoneyTermsSet,
    }
)  # fmt: skip


_PAYMENTS_WRITTEN = ("purchase", "buyer", "unit", "amount")
_MONEY_WRITTEN = ("payment", "buyer", "unit", "hold", "seller", "authorized")


class Payments:
    """Payments by number from 1; `money` has one row an order, and its row number is the order's."""

    name = "payments"
    kinds: frozenset[type[Event]] = frozenset(
        {
            PurchasePlaced, events.WalletToppedUp, events.PaymentCaptured, events.PaymentVoided,
            events.PaymentRefunded, events.SettlementScheduled, events.EscrowReleased, events.PayoutSent,
            events.SellerCharged, events.DisputeOpened, events.DisputeClosed, events.PayoutPaid, events.PayoutReturned,
            MoneyTermsSet, TransferMade,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.payments = Table(purchase=np.int32, buyer=np.int32, unit=np.int16, amount=np.int64)
        self.money = Table(
            payment=np.int32, seller=np.int32, buyer=np.int32, unit=np.int16, hold=np.int32, authorized=np.int64,
            captured=np.int64, voided=np.int64, refunded=np.int64, refunded_before=np.int64, due_at=np.int64,
            released=np.int64, released_at=np.int64, fee_refunded=np.int64, tax_refunded=np.int64, payout=np.int32,
            earned=np.int64, disputed=np.int64, disputing=np.int16, lost=np.int64, keeps_fee=np.int8,
        )  # fmt: skip
        self.due: dict[tuple[int, int], Due] = {}  # by seller and unit of money
        self.payouts = 0
        self.paid: dict[int, str] = {}  # What the bank said of payouts: paid or returned.
        self.open_disputes: dict[int, tuple[int, int]] = {}  # What of each came out of escrow, and out of the sale.
        self.sent: dict[int, tuple[int, int, int, int]] = {}  # By payout: seller, unit, amount, deducted.
        self.keeps_fee = False

    def apply(self, part: Section) -> None:
        """Fold in a run of facts; all but payouts as columns."""
        if part.kind is PurchasePlaced:
            self._apply_purchases(part)
            return
        self.version += 1
        if part.kind in _RARE:
            for event in rows(part):
                self._apply(event)
        elif part.kind is TransferMade:
            self._take_in(part)
        elif part.kind is not events.WalletToppedUp:
            self._move(part)

    def _apply(self, event: Event) -> None:
        match event:
            case events.PayoutSent():
                self._pay_out(event)
            case events.PayoutReturned():
                self._return(event)
            case events.PayoutPaid():
                self.paid[event.payout] = "paid"
            case events.SellerCharged():
                self._due(event.seller, event.unit).deducted_minor += event.amount_minor
            case events.DisputeOpened():
                self.money.disputed[event.order] += event.from_escrow_minor
                self.money.disputing[event.order] += 1
                self.open_disputes[event.dispute] = (
                    event.from_escrow_minor, event.amount_minor - event.from_operator_minor,
                )  # fmt: skip
            case events.DisputeClosed():
                from_escrow, amount = self.open_disputes.pop(event.dispute)
                self.money.disputing[event.order] -= 1
                if event.is_won:
                    self.money.disputed[event.order] -= from_escrow
                else:
                    self.money.lost[event.order] += amount
            case MoneyTermsSet():
                self.keeps_fee = event.keeps_fee

    def _apply_purchases(self, part: Section) -> None:
        batch, sellers = part.batch, ragged(part.batch, "sellers")
        assert numbers(batch, "first_order")[0] == len(self.money), "Every order has one row of money."
        assert numbers(batch, "purchase")[0] == len(self.payments), "Every purchase has one payment."
        self.authorize(
            buyers=numbers(batch, "buyer"), units=numbers(batch, "unit"), totals=numbers(batch, "total_minor"),
            first_holds=numbers(batch, "first_hold"), order_offsets=sellers.offsets, sellers=sellers.values,
            amounts=ragged(batch, "totals_minor").values,
        )  # fmt: skip

    def authorize(
        self, *, buyers: np.ndarray, units: np.ndarray, totals: np.ndarray, first_holds: np.ndarray,
        order_offsets: np.ndarray, sellers: np.ndarray, amounts: np.ndarray,
    ) -> None:  # fmt: skip
        """Note that the money for the next purchases is held: a payment for each, a hold for each of its orders.

        Shapes: int64, of purchases [n]; order_offsets [n + 1]; sellers and amounts of orders [k].
        """
        self.version += 1
        first, count, orders = len(self.payments), len(buyers), len(sellers)
        self.payments.append(count, purchase=np.arange(first, first + count), buyer=buyers, unit=units, amount=totals)
        self.money.reserve(len(self.money) + orders)
        kernel.write_money(
            first, len(self.money), owned(order_offsets), owned(buyers), owned(units), owned(first_holds), owned(sellers), owned(amounts),
            *map(self.money.whole, _MONEY_WRITTEN),
        )  # fmt: skip
        self.money.extend_to(len(self.money) + orders)
        if self.keeps_fee and orders:
            self.money.keeps_fee[-orders:] = 1

    def make_room(self, payments: int, orders: int) -> Iterator[None]:
        """Take memory for so many more payments and the orders they are for, a step at a time."""
        yield from self.payments.make_room(payments, _PAYMENTS_WRITTEN)
        yield from self.money.make_room(orders, _MONEY_WRITTEN)

    def _move(self, part: Section) -> None:
        order = numbers(part.batch, "order")
        money = self.money
        if part.kind is events.SettlementScheduled:
            money.due_at[order] = numbers(part.batch, "due_at")
            return
        amount = numbers(part.batch, "amount_minor")
        if part.kind is events.PaymentCaptured:
            np.add.at(money.captured, order, amount)
        elif part.kind is events.PaymentVoided:
            np.add.at(money.voided, order, amount)
        elif part.kind is events.PaymentRefunded:
            self._refund(part, order, amount)
        elif part.kind is events.EscrowReleased:
            self._release(part, order, amount)

    def _refund(self, part: Section, order: np.ndarray, amount: np.ndarray) -> None:
        money = self.money
        np.add.at(money.refunded, order, amount)
        np.add.at(money.refunded_before, order, numbers(part.batch, "from_escrow_minor"))
        np.add.at(money.fee_refunded, order, numbers(part.batch, "fee_minor"))
        np.add.at(money.tax_refunded, order, numbers(part.batch, "fee_tax_minor"))
        for number, taken in zip(order.tolist(), numbers(part.batch, "from_seller_minor").tolist(), strict=True):
            if taken:
                self._due(int(money.seller[number]), int(money.unit[number])).deducted_minor += taken

    def _release(self, part: Section, order: np.ndarray, amount: np.ndarray) -> None:
        money = self.money
        np.add.at(money.released, order, amount)
        money.released_at[order] = numbers(part.batch, "at")
        net = amount - numbers(part.batch, "fee_minor") - numbers(part.batch, "fee_tax_minor")
        money.earned[order] = net
        keys = zip(numbers(part.batch, "seller").tolist(), numbers(part.batch, "unit").tolist(), strict=True)
        for key, number, earned in zip(keys, order.tolist(), net.tolist(), strict=True):
            due = self._due(*key)
            due.orders.append(number)
            due.amounts_minor.append(earned)

    def _take_in(self, part: Section) -> None:
        """Note what sellers were paid in person: it is theirs at once, and no order's."""
        columns = (numbers(part.batch, name).tolist() for name in ("seller", "unit", "received_minor"))
        for seller, unit, received in zip(*columns, strict=True):
            if seller:
                self._due(seller, unit).deducted_minor -= received

    def _pay_out(self, event: events.PayoutSent) -> None:
        due = self._due(event.seller, event.unit)
        assert tuple(due.orders) == event.orders, "A payout itemizes all that is due."
        due.orders, due.amounts_minor, due.deducted_minor, due.paid_at = [], [], 0, event.at
        self.money.payout[np.array(event.orders, np.int64)] = event.payout
        self.payouts = event.payout
        self.sent[event.payout] = (event.seller, event.unit, event.amount_minor, event.deducted_minor)

    def _return(self, event: events.PayoutReturned) -> None:
        due = self._due(event.seller, event.unit)
        due.orders, due.amounts_minor = [*event.orders, *due.orders], [*event.amounts_minor, *due.amounts_minor]
        due.deducted_minor += event.deducted_minor
        self.money.payout[np.array(event.orders, np.int64)] = 0
        self.paid[event.payout] = "returned"

    def _due(self, seller: int, unit: int) -> Due:
        return self.due.setdefault((seller, unit), Due())

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        arrays = dict(self.payments.dump("payments")) | dict(self.money.dump("money"))
        rest = _Rest(
            sorted(self.paid.items()), sorted(self.open_disputes.items()),
            self.keeps_fee, sorted(self.sent.items()),
        )  # fmt: skip
        due = {"due": pack(sorted(self.due.items())), "payouts": np.array([self.payouts])}
        return arrays | due | {"rest": pack(rest)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.payments.load("payments", parts)
        self.money.load("money", parts)
        self.due = dict(unpack(parts, "due", list[tuple[tuple[int, int], Due]]))
        self.payouts = int(parts["payouts"][0])
        rest = unpack(parts, "rest", _Rest)
        self.paid, self.sent = dict(rest.paid), dict(rest.sent)
        self.open_disputes, self.keeps_fee = dict(rest.open_disputes), rest.keeps_fee
