"""What happens to a buyer's money on its way to the seller."""

from caravan.kernel.event import Event, Int8
from caravan.kernel.ids import (
    AskId,
    BuyerId,
    CouponId,
    DisputeId,
    GiftCardId,
    OpenItemId,
    OrderId,
    PaymentId,
    PayoutId,
    SellerId,
    SessionId,
)


class WalletToppedUp(Event, frozen=True, kw_only=True, tag="payments.wallet_topped_up.v1"):
    """Money from outside is in a buyer's wallet. `method` and `reference` say how and by which receipt."""

    buyer: BuyerId
    unit: int
    amount_minor: int
    method: str
    reference: str


class PaymentCaptured(Event, frozen=True, kw_only=True, tag="payments.payment_captured.v1"):
    """An order's money went from its hold into escrow."""

    payment: PaymentId
    order: OrderId
    amount_minor: int


class PaymentVoided(Event, frozen=True, kw_only=True, tag="payments.payment_voided.v1"):
    """An order's hold was let go; the buyer's money never moved."""

    payment: PaymentId
    order: OrderId
    amount_minor: int


class PaymentRefunded(Event, frozen=True, kw_only=True, tag="payments.payment_refunded.v1"):
    """Captured money of an order went back to its buyer: from escrow, or from the seller once it was released."""

    payment: PaymentId
    order: OrderId
    amount_minor: int
    from_escrow_minor: int
    from_seller_minor: int
    fee_minor: int
    fee_tax_minor: int


class SettlementScheduled(Event, frozen=True, kw_only=True, tag="payments.settlement_scheduled.v1"):
    """An order's escrow goes to its seller at this time, unless something comes between."""

    order: OrderId
    due_at: int


class EscrowReleased(Event, frozen=True, kw_only=True, tag="payments.escrow_released.v1"):
    """An order's escrow went to its seller, less the fee and the tax on it."""

    order: OrderId
    seller: SellerId
    unit: int
    amount_minor: int
    fee_minor: int
    fee_tax_minor: int


class PayoutSent(Event, frozen=True, kw_only=True, tag="payments.payout_sent.v1"):
    """A seller's balance went to their bank; it itemizes exactly the orders that it settles.

    `deducted_minor` is what refunds after release took from the items, so amount = sum of items less this.
    """

    payout: PayoutId
    seller: SellerId
    unit: int
    amount_minor: int
    deducted_minor: int
    orders: tuple[OrderId, ...]
    amounts_minor: tuple[int, ...]


class PaymentCreated(Event, frozen=True, kw_only=True, tag="payments.payment_created.v1"):
    """A buyer is about to pay for a checkout through a provider; nobody has been asked yet.

    `amount_minor` is what the buyer pays: the checkout's total less `discount_minor`, which a coupon gives at the
    expense of `discount_payer` (a seller, or 0 for the operator); paid in another currency, the discount is in the checkout's. It lapses at `expires_at` unless it is authorized.
    `method` is the provider's own token for a card that it knows, or empty: then the buyer fills in its page, and comes
    `back` from there. Both are kept, because asking twice under one key must be asking the same.
    """

    payment: PaymentId
    session: SessionId
    buyer: BuyerId
    unit: int
    amount_minor: int
    provider: Int8
    method: str
    back: str
    expires_at: int
    coupon: CouponId
    discount_minor: int
    discount_payer: SellerId


class PaymentPending(Event, frozen=True, kw_only=True, tag="payments.payment_pending.v1"):
    """The provider knows of a payment, under its own `reference`, and waits for the buyer or for itself."""

    payment: PaymentId
    reference: str


class PaymentAuthorized(Event, frozen=True, kw_only=True, tag="payments.payment_authorized.v1"):
    """The provider keeps the whole amount for us; nothing has moved."""

    payment: PaymentId
    reference: str


class PaymentDeclined(Event, frozen=True, kw_only=True, tag="payments.payment_declined.v1"):
    """A payment came to nothing: the bank said no, the buyer gave up, or what was paid for is gone."""

    payment: PaymentId
    reason: str


class PaymentExpired(Event, frozen=True, kw_only=True, tag="payments.payment_expired.v1"):
    """A payment took too long. Should it still succeed, it is voided, or its purchase placed if that can be done."""

    payment: PaymentId


class ProviderAsked(Event, frozen=True, kw_only=True, tag="payments.provider_asked.v1"):
    """The provider is to capture (1), void (2) or refund (3) an amount; `order` is 0 where it is all that is left.

    Its number and the payment's are the key under which the provider does it once, however often it is asked.
    `whole_minor` is what moves for the order, of which `amount_minor` is the provider's part and a coupon the rest.
    """

    ask: AskId
    payment: PaymentId
    order: OrderId
    what: Int8
    amount_minor: int
    whole_minor: int


class ProviderAnswered(Event, frozen=True, kw_only=True, tag="payments.provider_answered.v1"):
    """The provider did what it was asked, under its own `reference`; or it never will, for a `reason`."""

    ask: AskId
    is_done: bool
    reference: str
    reason: str


class DisputeOpened(Event, frozen=True, kw_only=True, tag="payments.dispute_opened.v1"):
    """A buyer's bank wants captured money of an order back; it waits in the reserve until that is decided.

    It came out of the order's escrow where it was still there, else out of the seller's balance. What had gone back to the
    buyer in another way already is at the operator's expense.
    """

    dispute: DisputeId
    payment: PaymentId
    order: OrderId
    amount_minor: int
    from_escrow_minor: int
    from_operator_minor: int
    reference: str


class DisputeClosed(Event, frozen=True, kw_only=True, tag="payments.dispute_closed.v1"):
    """A dispute was won, and the money went back to where it came from; or lost, and it went to the buyer's bank."""

    dispute: DisputeId
    order: OrderId
    is_won: bool


class SellerCharged(Event, frozen=True, kw_only=True, tag="payments.seller_charged.v1"):
    """Something was taken from a seller's balance, or below zero given to it, that is no sale and no refund.

    `reason` says what for: a label (1), a coupon of theirs (2), a dispute (3), what the operator wrote off (4), taxes that
    the market remits (5).
    """

    seller: SellerId
    unit: int
    amount_minor: int
    reason: Int8
    order: OrderId


class PayoutPaid(Event, frozen=True, kw_only=True, tag="payments.payout_paid.v1"):
    """The bank says that a payout has arrived."""

    payout: PayoutId


class PayoutReturned(Event, frozen=True, kw_only=True, tag="payments.payout_returned.v1"):
    """The bank sent a payout back: its items are due again, by an entry of its own."""

    payout: PayoutId
    seller: SellerId
    unit: int
    amount_minor: int
    deducted_minor: int
    orders: tuple[OrderId, ...]
    amounts_minor: tuple[int, ...]


class CouponIssued(Event, frozen=True, kw_only=True, tag="payments.coupon_issued.v1"):
    """Whoever knows the code gets so much off, `uses_max` times in all, at the expense of a seller or the operator (0)."""

    coupon: CouponId
    code: str
    payer: SellerId
    unit: int
    amount_minor: int
    spend_minor_min: int
    uses_max: int
    expires_at: int


class GiftCardIssued(Event, frozen=True, kw_only=True, tag="payments.gift_card_issued.v1"):
    """A gift card was paid for, by a buyer or by the operator (0). Its code is derived from its number and stands nowhere."""

    card: GiftCardId
    buyer: BuyerId
    unit: int
    amount_minor: int


class GiftCardRedeemed(Event, frozen=True, kw_only=True, tag="payments.gift_card_redeemed.v1"):
    """Money of a gift card went into a buyer's wallet."""

    card: GiftCardId
    buyer: BuyerId
    amount_minor: int


class TransferReceived(Event, frozen=True, kw_only=True, tag="payments.transfer_received.v1"):
    """A line of the bank's statement: money came in. `payment` is what its text names, or 0: then it is an open item."""

    line: str
    payment: PaymentId
    buyer: BuyerId
    unit: int
    amount_minor: int


class ReportLineTaken(Event, frozen=True, kw_only=True, tag="payments.report_line_taken.v1"):
    """A line of a provider's report was taken to be what we know as `ask` or as `dispute`, or as a fee or a payout."""

    provider: Int8
    line: str
    kind: Int8
    ask: AskId
    dispute: DisputeId
    unit: int
    amount_minor: int
    fee_minor: int


class OpenItemRaised(Event, frozen=True, kw_only=True, tag="payments.open_item_raised.v1"):
    """A report and our books differ: somebody has to look. Nothing was booked.

    `kind` says how: a line that we know nothing of (1), something of ours that the report lacks (2), another amount (3),
    a transfer that names no payment (4).
    """

    item: OpenItemId
    provider: Int8
    line: str
    kind: Int8
    ask: AskId
    unit: int
    amount_minor: int
    wanted_minor: int


class OpenItemClosed(Event, frozen=True, kw_only=True, tag="payments.open_item_closed.v1"):
    """Somebody looked at an open item, and said what it was."""

    item: OpenItemId
    note: str
