"""What happens to a buyer's money on its way to the seller."""

from caravan.kernel.event import Event
from caravan.kernel.ids import BuyerId, OrderId, PaymentId, PayoutId, SellerId


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
