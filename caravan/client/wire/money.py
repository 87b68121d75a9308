"""What goes over the wire of money: wallets, balances, payouts, and the operator's books."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.ground import (
    Amount,
    BuyerRef,
    Cursor,
    Direction,
    EntryRef,
    OrderRef,
    Paging,
    PayoutRef,
    Request,
    Response,
    SellerRef,
    Text120,
    Time,
    public_id,
)
from caravan.client.wire.paying import PaymentMethod
from caravan.kernel import ids
from caravan.kernel.money import Money

TOP_UP_MINOR_MAX = 10**12
PAYOUT_LINES_MAX = 1_000
OPEN_ITEMS_MAX = 500


class TopUp(Request, frozen=True, kw_only=True):
    """Money from outside for a wallet."""

    amount: Amount
    method: Text120 = "card"
    reference: Text120 = ""


class PayoutWord(Request, frozen=True, kw_only=True):
    """What the bank says of a payout: it has arrived, or it came back."""

    was_paid: bool


class Charge(Request, frozen=True, kw_only=True):
    """An amount for or off an order's seller."""

    amount: Amount


class ItemClosing(Request, frozen=True, kw_only=True):
    """What an open item was; a transfer that named nothing may be a buyer's."""

    note: Annotated[str, Meta(min_length=1, max_length=500)]
    buyer: BuyerRef | None = None


class StatementQuery(Paging, frozen=True, kw_only=True):
    """One's own; the operator has to name whose."""

    order: Direction = "desc"
    buyer: BuyerRef | None = None
    seller: SellerRef | None = None


class ReportQuery(Request, frozen=True, kw_only=True):
    """Whose report it is."""

    provider: Literal["card", "cash"] = "card"


class HolderQuery(Request, frozen=True, kw_only=True):
    """One's own; the operator has to name whose."""

    buyer: BuyerRef | None = None
    seller: SellerRef | None = None


class PayoutsQuery(Paging, frozen=True, kw_only=True):
    """One's own payouts; the operator may name a seller."""

    order: Direction = "desc"
    seller: SellerRef | None = None


class PayoutQuery(Request, frozen=True, kw_only=True):
    """Which part of a payout's lines."""

    limit: Annotated[int, Meta(ge=1, le=PAYOUT_LINES_MAX)] = PAYOUT_LINES_MAX
    after: Cursor = ""


class PayoutEnd(Response, frozen=True, kw_only=True):
    """What became of a payout."""

    id: PayoutRef
    status: Literal["paid", "returned"]


class Reconciled(Response, frozen=True, kw_only=True):
    """What came of a report: lines that fit, that had been taken before, and the open items that it raised."""

    lines: int
    matched: int
    known: int
    fees_minor: int
    paid_out_minor: int
    items: list[Annotated[str, public_id(ids.OpenItemId)]]


class StatementTaken(Response, frozen=True, kw_only=True):
    """What came of a statement: transfers that named a payment, that had been taken before, and open items."""

    lines: int
    matched: int
    known: int
    items: list[Annotated[str, public_id(ids.OpenItemId)]]


class OpenItem(Response, frozen=True, kw_only=True):
    """A difference between a report and the books, or money that names nothing; `wanted` is what we knew of."""

    id: Annotated[str, public_id(ids.OpenItemId)]
    provider: PaymentMethod
    kind: Literal["unknown_line", "not_reported", "other_amount", "unnamed_transfer"]
    line: str
    ask: Annotated[str, public_id(ids.AskId)] | None
    amount: Money
    wanted: Money
    raised_at: Time
    note: str
    is_closed: bool


class OpenItems(Response, frozen=True, kw_only=True):
    """The open items, the oldest first; at most so many at a time."""

    data: list[OpenItem]


class Balance(Response, frozen=True, kw_only=True):
    """Money in one currency: in all, and what of it is held for open orders."""

    posted: Money
    held: Money
    available: Money


class Wallet(Response, frozen=True, kw_only=True):
    """A buyer's money."""

    buyer: BuyerRef
    balances: list[Balance]


class SellerBalance(Response, frozen=True, kw_only=True):
    """What a seller is due now, and when it is paid out at the earliest."""

    balance: Money
    next_payout_at: Time | None


class SellerMoney(Response, frozen=True, kw_only=True):
    """A seller's money."""

    seller: SellerRef
    balances: list[SellerBalance]


class StatementEntry(Response, frozen=True, kw_only=True):
    """One change of a wallet or a balance, and what it was for."""

    entry: EntryRef
    at: Time
    amount: Money
    reason: str
    reference: str


class Payout(Response, frozen=True, kw_only=True):
    """Money that was sent to a seller: what its orders brought, and what was paid in person, less what later refunds took.

    The transfers that were paid in person name the payout that settled them.
    """

    id: PayoutRef
    seller: SellerRef
    amount: Money
    deducted: Money
    paid_in_person: Money
    sent_at: Time
    status: Literal["sent", "paid", "returned"]


class Deduction(Response, frozen=True, kw_only=True):
    """What was taken off a payout, or below zero added to it, and what for."""

    order: OrderRef | None
    reason: Literal["refund", "label", "coupon", "dispute", "written_off"]
    amount: Money


class PayoutLine(Response, frozen=True, kw_only=True):
    """What an order brought."""

    order: OrderRef
    amount: Money


class ItemizedPayout(Payout, frozen=True, kw_only=True):
    """A payout with exactly the orders that it settles, and what was taken off for what; many lines go on at `next`."""

    lines: list[PayoutLine]
    deductions: list[Deduction]
    has_more: bool
    next: str | None
