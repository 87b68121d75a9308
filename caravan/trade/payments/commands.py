"""What you can tell payments: authorize, capture, void, refund, release, pay out. The flows move the money itself."""

from collections.abc import Sequence

import numpy as np

from caravan.cell import Section, section
from caravan.events import payments as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import OrderId, PayoutId, SellerId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade.payments.model import Payments


class TopUpTooLarge(Refusal):
    """No single amount of money is that large."""


def top_up(
    *, at: np.ndarray, buyers: np.ndarray, units: np.ndarray, amounts: np.ndarray, methods: Sequence[str],
    references: Sequence[str],
) -> Section:  # fmt: skip
    """Note money that came into wallets from outside. Refuses amounts that are not above zero."""
    if (amounts <= 0).any():
        raise Invalid("An amount is above zero.", field="amount")
    if (amounts > AMOUNT_MAX).any():
        raise TopUpTooLarge
    return section(
        events.WalletToppedUp, at=at, buyer=buyers, unit=units, amount_minor=amounts, method=methods,
        reference=references,
    )  # fmt: skip


def capture(payments: Payments, *, orders: np.ndarray, at: np.ndarray) -> Section:
    """Note that all that was authorized for these orders is in escrow."""
    money = payments.money
    return section(
        events.PaymentCaptured,
        at=at,
        payment=money.payment[orders],
        order=orders,
        amount_minor=money.authorized[orders],
    )


def void(payments: Payments, *, orders: np.ndarray, at: np.ndarray) -> Section:
    """Note that what was authorized for these orders has been let go."""
    money = payments.money
    return section(
        events.PaymentVoided, at=at, payment=money.payment[orders], order=orders, amount_minor=money.authorized[orders]
    )


def schedule(*, orders: np.ndarray, due_at: np.ndarray, at: np.ndarray) -> Section:
    """Note when the escrow of orders goes to their sellers."""
    return section(events.SettlementScheduled, at=at, order=orders, due_at=due_at)


def refund(
    payments: Payments, *, order: OrderId, amount_minor: int, fee_minor: int, fee_tax_minor: int, now: Instant
) -> events.PaymentRefunded:
    """Note money that goes back to a buyer: out of escrow, or once it was released from the seller, with the fee's part.

    After release the seller gives what the sale brought them, the operator its fee, and the tax on it comes back.
    """
    money = payments.money
    is_released = bool(money.released_at[order])
    return events.PaymentRefunded(
        at=now,
        payment=int(money.payment[order]),  # type: ignore[arg-type]
        order=order,
        amount_minor=amount_minor,
        from_escrow_minor=0 if is_released else amount_minor,
        from_seller_minor=amount_minor - fee_minor - fee_tax_minor if is_released else 0,
        fee_minor=fee_minor,
        fee_tax_minor=fee_tax_minor,
    )


def release(
    *, orders: np.ndarray, sellers: np.ndarray, units: np.ndarray, amounts: np.ndarray, fees: np.ndarray,
    fee_taxes: np.ndarray, at: np.ndarray,
) -> Section:  # fmt: skip
    """Note that the escrow of orders went to their sellers, less fee and tax."""
    return section(
        events.EscrowReleased, at=at, order=orders, seller=sellers, unit=units, amount_minor=amounts, fee_minor=fees,
        fee_tax_minor=fee_taxes,
    )  # fmt: skip


def pay_out(payments: Payments, *, payout: PayoutId, seller: SellerId, unit: int, now: Instant) -> events.PayoutSent:
    """Send a seller all that is due in one currency, itemized."""
    due = payments.due[seller, unit]
    return events.PayoutSent(
        at=now,
        payout=payout,
        seller=seller,
        unit=unit,
        amount_minor=sum(due.amounts_minor) - due.deducted_minor,
        deducted_minor=due.deducted_minor,
        orders=tuple(OrderId(order) for order in due.orders),
        amounts_minor=tuple(due.amounts_minor),
    )
