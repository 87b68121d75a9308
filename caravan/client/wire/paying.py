"""What goes over the wire of paying: payments, coupons, gift cards."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.buying import TotalParts
from caravan.client.wire.ground import (
    Amount,
    PaymentRef,
    PurchaseRef,
    Request,
    Response,
    SellerRef,
    SessionRef,
    Time,
    public_id,
)
from caravan.kernel import ids
from caravan.kernel.money import Money

PaymentStanding = Literal[
    "created", "pending", "authorized", "partly_captured", "captured", "partly_refunded", "refunded", "declined",
    "voided", "expired",
]  # fmt: skip
PaymentMethod = Literal["wallet", "card", "transfer", "cash"]


class NewPayment(Request, frozen=True, kw_only=True):
    """How a buyer pays for a checkout. `expected_total` is before the coupon; or as the coupon's price says, less tax.

    With `token`, a card that the provider knows is asked at once; without, the buyer goes to the provider's page, and
    comes back to `return_url` from there.
    """

    provider: PaymentMethod
    expected_total: Amount
    token: Annotated[str, Meta(max_length=200)] = ""
    return_url: Annotated[str, Meta(max_length=1_000, pattern="^(https?://[^ ]+)?$")] = ""
    coupon: Annotated[str, Meta(max_length=40)] = ""


class CouponWish(Request, frozen=True, kw_only=True):
    """A coupon that a buyer thinks of using."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]


class CashWord(Request, frozen=True, kw_only=True):
    """What became of a parcel with cash on delivery: it was paid for, or not taken."""

    was_paid: bool


class NewCoupon(Request, frozen=True, kw_only=True):
    """A code that takes so much off, where so much is spent, so many times, for so many days."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    amount: Amount
    spend_min: Amount
    uses_max: Annotated[int, Meta(ge=1, le=10**6)] = 1
    lasts_days: Annotated[int, Meta(ge=1, le=3_650)] = 30


class NewGiftCard(Request, frozen=True, kw_only=True):
    """How much to put on a gift card."""

    amount: Amount


class GiftCardCode(Request, frozen=True, kw_only=True):
    """A gift card's code."""

    code: Annotated[str, Meta(min_length=1, max_length=60)]


class Payment(Response, frozen=True, kw_only=True):
    """A payment for a checkout. `page` is where its buyer goes on, while the provider waits for them.

    A bank transfer is made with the payment's id as its reference.
    """

    id: PaymentRef
    session: SessionRef
    provider: PaymentMethod
    status: PaymentStanding
    amount: Money
    discount: Money
    reason: str
    expires_at: Time
    purchase: PurchaseRef | None
    page: str | None = None


class Coupon(Response, frozen=True, kw_only=True):
    """A coupon, at the expense of a seller, or of the operator where none is named."""

    id: Annotated[str, public_id(ids.CouponId)]
    code: str
    seller: SellerRef | None
    amount: Money
    spend_min: Money
    uses: int
    uses_max: int


class CouponPrice(Response, frozen=True, kw_only=True):
    """What a checkout comes to with a coupon: `total` with the taxes as they are then, of which the buyer pays `to_pay`."""

    total: Money
    discount: Money
    to_pay: Money
    parts: TotalParts


class GiftCard(Response, frozen=True, kw_only=True):
    """A gift card, and what is left on it; its code is shown to who paid for it alone."""

    id: Annotated[str, public_id(ids.GiftCardId)]
    left: Money
    code: str | None = None


class Notified(Response, frozen=True, kw_only=True):
    """A webhook was taken; `event` is its id, or empty where it is of no matter here."""

    event: str
