"""What goes over the wire of money between people: transfers, requests, codes, limits and terms."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire import (
    Amount,
    BasisPoints,
    BuyerRef,
    CurrencyCode,
    Minor,
    Paging,
    PayoutRef,
    Request,
    Response,
    Text120,
    Text200,
    Time,
)
from caravan.client.wire.ground import public_id
from caravan.kernel import ids
from caravan.kernel.money import Money

TransferRef = Annotated[str, public_id(ids.TransferId)]
RequestRef = Annotated[str, public_id(ids.RequestId)]
CodeRef = Annotated[str, public_id(ids.CodeId)]
QuoteRef = Annotated[str, public_id(ids.QuoteId)]
QuoteState = Literal["open", "taken", "expired"]
PayeeText = Annotated[str, Meta(min_length=1, max_length=254, description="A handle, an e-mail address, or a phone.")]
Payload = Annotated[str, Meta(max_length=512, description="What a scanner reads from a QR code.")]
LevelName = Literal["unverified", "email", "identity"]
Way = Literal["send", "request", "code"]
RequestState = Literal["open", "paid", "declined", "withdrawn", "expired"]
CodeState = Literal["open", "paid", "expired"]
AddressKind = Literal["email", "phone"]
LEVELS = 3
SECONDS_MAX = 366 * 86_400


class TransferWish(Request, frozen=True, kw_only=True):
    """Whom to pay: one of a name, a request and a code. Without an amount, what the request or code asks for."""

    to: PayeeText | None = None
    request: RequestRef | None = None
    payload: Payload | None = None
    amount: Amount | None = None


class NewTransfer(TransferWish, frozen=True, kw_only=True):
    """A transfer, at the total that was shown; any other is refused. With a quote, it is paid in the quote's currency."""

    expected_total: Amount
    note: Text200 = ""
    quote: QuoteRef | None = None


class NewMoneyRequest(Request, frozen=True, kw_only=True):
    """Money that is asked for; `days` 0 is as long as the market lets requests last."""

    to: PayeeText
    amount: Amount
    note: Text200 = ""
    days: Annotated[int, Meta(ge=0, le=90)] = 0


class NewPaymentCode(Request, frozen=True, kw_only=True):
    """A code that is paid once; `minutes` 0 is as long as the market lets codes last."""

    amount: Amount
    reference: Annotated[str, Meta(max_length=25)] = ""
    minutes: Annotated[int, Meta(ge=0, le=1_440)] = 0


class NewNames(Request, frozen=True, kw_only=True):
    """By which names others find a buyer; empty for none."""

    handle: Annotated[str, Meta(max_length=31)] = ""
    phone: Annotated[str, Meta(max_length=30)] = ""


class AddressToProve(Request, frozen=True, kw_only=True):
    """Which address of a buyer a proof is to be sent to."""

    kind: AddressKind


class ShownProof(Request, frozen=True, kw_only=True):
    """What was sent to an address, shown by whoever reads it there."""

    kind: AddressKind
    proof: Annotated[str, Meta(min_length=1, max_length=100)]


class NewLevel(Request, frozen=True, kw_only=True):
    """How well a buyer is known, and why."""

    level: LevelName
    why: Annotated[str, Meta(min_length=1, max_length=200)]


class TransferFeeRule(Request, frozen=True, kw_only=True, omit_defaults=False):
    """What the operator takes of a transfer that matches; amounts are of the rule's currency, and a cap of 0 is none."""

    way: Literal["", "send", "request", "code"] = ""
    payee: Literal["", "buyer", "seller"] = ""
    currency: Annotated[str, Meta(max_length=3)] = ""
    basis_points: BasisPoints = 0
    fixed_minor: Minor = 0
    floor_minor: Minor = 0
    cap_minor: Minor = 0
    payee_bears: bool = False


class LevelLimits(Request, frozen=True, kw_only=True, omit_defaults=False):
    """What a level may send, in the market's currency."""

    per_transfer_minor: Minor
    per_day_minor: Minor
    per_month_minor: Minor


class NewTransferTerms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """Fees in order, the first that matches counts; limits of the levels unverified, email and identity."""

    fees: Annotated[list[TransferFeeRule], Meta(max_length=200)]
    limits: Annotated[list[LevelLimits], Meta(min_length=LEVELS, max_length=LEVELS)]
    fee_tax_basis_points: BasisPoints = 0
    request_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    code_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]


class TransfersQuery(Paging, frozen=True, kw_only=True):
    """One's own, the newest first unless said otherwise."""

    order: Literal["asc", "desc"] = "desc"


class SendingLimit(Response, frozen=True, kw_only=True):
    """One limit of what may be sent: at a time, on a day or in a month (of UTC)."""

    limit: Literal["transfer", "day", "month"]
    whole: Money
    left: Money
    resets_at: Time | None


class SendingLimits(Response, frozen=True, kw_only=True):
    """What a buyer may send now, and what would raise it."""

    level: LevelName
    raised_by: Literal["email", "identity"] | None
    limits: list[SendingLimit]


class TransferCost(Response, frozen=True, kw_only=True):
    """What a transfer would cost now: who gets what, and what the payer pays in all."""

    payee_name: str
    payee_kind: Literal["buyer", "seller"]
    amount: Money
    fee: Money
    fee_tax: Money
    total: Money
    received: Money
    reference: str


class Transfer(Response, frozen=True, kw_only=True):
    """A receipt, the same for both sides. Names and the note are told to whoever asks for it, and not kept in answers."""

    id: TransferRef
    at: Time
    way: Way
    payer: BuyerRef
    payee: str
    amount: Money
    fee: Money
    fee_tax: Money
    total: Money
    received: Money
    request: RequestRef | None
    code: CodeRef | None
    reference: str
    payout: PayoutRef | None = None
    payer_name: str = ""
    payee_name: str = ""
    note: str = ""


class MoneyRequest(Response, frozen=True, kw_only=True):
    """Money that somebody asked somebody for. Names and the note are told to whoever asks for it."""

    id: RequestRef
    payee: BuyerRef
    payer: BuyerRef
    amount: Money
    status: RequestState
    expires_at: Time
    transfer: TransferRef | None
    payee_name: str = ""
    payer_name: str = ""
    note: str = ""


class PaymentCode(Response, frozen=True, kw_only=True):
    """What to show to be paid. One without an id is static: it is good for any amount, for years."""

    id: CodeRef | None
    payload: str
    path: Text120
    amount: Money | None
    reference: str
    status: CodeState
    expires_at: Time | None
    transfer: TransferRef | None


class FindableBy(Response, frozen=True, kw_only=True):
    """By which names others find a buyer: e-mail and phone only once they are proven."""

    handle: str
    phone: str
    is_phone_proven: bool
    is_email_proven: bool


class AddressProof(Response, frozen=True, kw_only=True):
    """What to send to an address, for whoever reads it there to show."""

    proof: str
    expires_at: Time


class TransferTerms(Response, frozen=True, kw_only=True):
    """The fees, limits and times of transfers now."""

    fees: list[TransferFeeRule]
    limits: list[LevelLimits]
    fee_tax_basis_points: int
    request_seconds: int
    code_seconds: int


# Exchange.


class NewRates(Request, frozen=True, kw_only=True):
    """The rates of a day: so much of each currency, as an exact decimal, is one of the base."""

    source: Annotated[str, Meta(min_length=1, max_length=60)]
    day: Annotated[str, Meta(min_length=10, max_length=10)]
    base: CurrencyCode
    rates: Annotated[dict[CurrencyCode, Annotated[str, Meta(min_length=1, max_length=24)]], Meta(max_length=200)]


class ExchangeTerms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """What the operator keeps of an exchange, how long quotes stand, and how old rates may be."""

    spread_basis_points: Annotated[int, Meta(ge=0, le=5_000)]
    quote_seconds: Annotated[int, Meta(ge=1, le=86_400)]
    rates_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]


class NewQuote(Request, frozen=True, kw_only=True):
    """An amount, and the currency that it is to become."""

    pay: Amount
    into: CurrencyCode


class TakenQuote(Request, frozen=True, kw_only=True):
    """The quote that is taken."""

    quote: QuoteRef


class Rates(Response, frozen=True, kw_only=True):
    """The rates of now, of which day they are, and the terms of exchanges."""

    source: str
    day: str
    rates: dict[str, str]
    terms: ExchangeTerms


class ExchangeQuote(Response, frozen=True, kw_only=True):
    """What an exchange gives until it expires: what the rate gives, what of that the operator keeps, and what is left."""

    id: QuoteRef
    paid: Money
    mid: Money
    spread: Money
    received: Money
    day: str
    status: QuoteState
    expires_at: Time
