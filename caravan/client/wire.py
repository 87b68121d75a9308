"""What goes over the wire: every request and response of the API as a type, the same for the server and the client."""

import datetime as dt
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from caravan.kernel import ids
from caravan.kernel.money import AMOUNT_MAX, Money

API_VERSION = "2026-11-01"
PROBLEMS = "https://caravan.example/problems/"

IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
UNITS_PER_LINE_MAX = 100_000
LINES_MAX = 100
UNITS_PER_RECEIPT_MAX = 10_000_000
TOP_UP_MINOR_MAX = 10**12
PAYOUT_LINES_MAX = 1_000
SECONDS_MAX = 10 * 365 * 86_400
OPEN_ITEMS_MAX = 500

T = TypeVar("T")


def _id(kind: type[int]) -> Meta:
    prefix = ids.PREFIXES[kind]
    return Meta(pattern=f"^{prefix}_[0-9A-HJKMNP-TV-Z]{{12}}$", examples=[ids.text(kind, 324)])


SellerRef = Annotated[str, _id(ids.SellerId)]
BuyerRef = Annotated[str, _id(ids.BuyerId)]
AddressRef = Annotated[str, _id(ids.AddressId)]
ProductRef = Annotated[str, _id(ids.ProductId)]
SkuRef = Annotated[str, _id(ids.SkuId)]
ListingRef = Annotated[str, _id(ids.ListingId)]
CartRef = Annotated[str, _id(ids.CartId)]
SessionRef = Annotated[str, _id(ids.SessionId)]
PurchaseRef = Annotated[str, _id(ids.PurchaseId)]
OrderRef = Annotated[str, _id(ids.OrderId)]
ParcelRef = Annotated[str, _id(ids.ParcelId)]
PayoutRef = Annotated[str, _id(ids.PayoutId)]
PlanRef = Annotated[str, _id(ids.PlanId)]
IdentityRef = Annotated[str, _id(ids.IdentityId)]
TieRef = Annotated[str, _id(ids.TieId)]
ProposalRef = Annotated[str, _id(ids.ProposalId)]
PaymentRef = Annotated[str, _id(ids.PaymentId)]
SegmentRef = Annotated[str, _id(ids.SegmentId)]
ClaimRef = Annotated[str, _id(ids.ClaimId)]
ExportRef = Annotated[str, _id(ids.ExportId)]
WebhookRef = Annotated[str, _id(ids.WebhookId)]
LocationRef = Annotated[str, _id(ids.LocationId)]
MoveRef = Annotated[str, _id(ids.MoveId)]
EntryRef = Annotated[str, _id(ids.EntryId)]

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Email = Annotated[str, Meta(max_length=254)]
Password = Annotated[str, Meta(max_length=256)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
CurrencyCode = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Text120 = Annotated[str, Meta(max_length=120)]
Text200 = Annotated[str, Meta(max_length=200)]
Text1000 = Annotated[str, Meta(max_length=1_000)]
Text20000 = Annotated[str, Meta(max_length=20_000)]
Drawing = Annotated[str, Meta(max_length=100_000)]
Quantity = Annotated[int, Meta(ge=1, le=UNITS_PER_LINE_MAX)]
Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
Seconds = Annotated[int, Meta(ge=0, le=SECONDS_MAX)]

Visitor = Annotated[str, Meta(min_length=8, max_length=100)]
Surface = Literal["home", "also_bought", "goes_with", "cart", "search", "category", "digest"]
SIGNALS_MAX = 100
TRACKED_MAX = 500  # As many as Segment's SDKs put into one batch, and more.

Audience = Literal["buyer", "seller", "operator"]
IdentifierType = Literal["login", "loyalty_card", "marketplace", "email", "phone", "device", "cookie", "record"]
ListingState = Literal["draft", "in_review", "live", "paused", "retired", "suspended"]
Condition = Literal["new", "refurbished", "used"]
SessionState = Literal["not_ready", "ready", "in_progress", "completed", "canceled", "expired"]
OrderStatus = Literal["placed", "canceled", "completed"]
Fulfillment = Literal["unfulfilled", "partial", "fulfilled", "delivered"]
PaymentState = Literal["authorized", "partly_captured", "captured", "disputed", "partly_refunded", "refunded", "voided"]
PaymentStanding = Literal[
    "created", "pending", "authorized", "partly_captured", "captured", "partly_refunded", "refunded", "declined",
    "voided", "expired",
]  # fmt: skip
PaymentMethod = Literal["wallet", "card", "transfer", "cash"]
PlanState = Literal["pending", "made", "refused"]
SellerState = Literal["applied", "active", "suspended"]
Basis = Literal["lane", "regions", "market", "defaults"]
ScanState = Literal[
    "picked_up", "in_transit", "on_hold", "delivery_delayed", "out_for_delivery", "ready_for_pickup",
    "delivery_failed", "delivered", "return_to_sender", "returned", "lost",
]  # fmt: skip
ParcelState = Literal[
    "created", "label_bought", "picked_up", "in_transit", "on_hold", "delivery_delayed", "out_for_delivery",
    "ready_for_pickup", "delivery_failed", "delivered", "return_to_sender", "returned", "lost", "canceled",
]  # fmt: skip
ClaimReason = Literal["lost", "missing", "damaged", "wrong", "late"]
ClaimState = Literal["open", "answered", "disputed", "closed", "withdrawn"]
Direction = Literal["asc", "desc"]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is sent. A field that is not known is refused, so that a slip of the pen never does half of what was meant."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered. Fields may be added within a version."""


class Page(Response, Generic[T], frozen=True, kw_only=True):
    """Some of a list; `next` is the cursor to go on from."""

    data: list[T]
    has_more: bool
    next: str | None


class NumbersColumn(Response, frozen=True, kw_only=True):
    """A column of an answer: what it is, and what it is measured in (money is in minor units)."""

    name: str
    kind: Literal["time", "dimension", "metric", "step"]
    unit: Literal["", "money", "count", "hours", "share"]


class NumbersAnswer(Response, frozen=True, kw_only=True):
    """An answer as of a position of the log, which tables or roll-ups it was read from, and the facts behind each metric."""

    columns: list[NumbersColumn]
    rows: list[list[str | int | float | bool | None]]
    has_more: bool
    position: int
    time_zone: str
    is_kept: bool
    read_from: list[str]
    lineage: dict[str, list[str]]


class MetricShown(Response, frozen=True, kw_only=True):
    """A metric as it is defined."""

    name: str
    label: str
    description: str
    unit: Literal["", "money", "count", "hours", "share"]
    expression: str
    qualifier: str
    derivation: Literal["", "cumulative", "change", "funnel", "retention"]
    period: str
    dimensions: list[str]
    domain: str
    process: str
    owner: str
    lineage: list[str]
    defined_in: str


class Catalog(Response, frozen=True, kw_only=True):
    """All metrics that whoever asks may see."""

    data: list[MetricShown]
    time_zone: str


class FieldError(Response, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field of the body (`pointer`) or one parameter of the query."""

    code: str
    detail: str = ""
    pointer: str = ""
    parameter: str = ""


class Problem(Response, frozen=True, kw_only=True, omit_defaults=True):
    """Why something did not happen (RFC 9457). What a refusal tells besides (how many are left) stands beside these."""

    type: str
    title: str
    status: int
    refusal: str
    detail: str = ""
    instance: str = ""
    errors: list[FieldError] = []


class Amount(Request, frozen=True, kw_only=True, omit_defaults=False):
    """Money in minor units of a currency: 1999 EUR is 19.99 euro."""

    amount: Minor
    currency: CurrencyCode


# Requests: people and tokens.


class Place(Request, frozen=True, kw_only=True):
    """Where a parcel goes."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    line1: Annotated[str, Meta(min_length=1, max_length=200)]
    city: Annotated[str, Meta(min_length=1, max_length=120)]
    postcode: Annotated[str, Meta(max_length=20)]
    country: Country
    line2: Text200 = ""
    region: Annotated[str, Meta(max_length=10, description="A state or province with taxes of its own: CA.")] = ""


class NewBuyer(Request, frozen=True, kw_only=True):
    """Somebody who wants to buy."""

    name: Text120
    email: Email
    password: Password
    country: Country
    address: Place | None = None


class NewToken(Request, frozen=True, kw_only=True):
    """Log in with an e-mail address and a password; or, as the operator, make a token for somebody."""

    audience: Audience
    email: Email = ""
    password: Password = ""
    subject: Annotated[str, Meta(pattern="^(sel|buy)_[0-9A-HJKMNP-TV-Z]{12}$")] | None = None
    scopes: list[Annotated[str, Meta(max_length=40)]] = []
    days: Annotated[int, Meta(ge=1, le=3_650)] | None = None


class NewSeller(Request, frozen=True, kw_only=True):
    """A business that wants to sell, and how it will log in."""

    name: Text120
    country: Country
    email: Email
    password: Password
    city: Text120 = ""
    postcode: Annotated[str, Meta(max_length=20)] = ""
    description: Annotated[str, Meta(max_length=5_000)] = ""


class Why(Request, frozen=True, kw_only=True):
    """The reason that is kept with a decision."""

    why: Text1000 = ""


# Requests: who is who.


class Identifier(Request, frozen=True, kw_only=True):
    """Something that somebody is known by; the value is kept as a keyed hash alone."""

    type: IdentifierType
    value: Annotated[str, Meta(min_length=1, max_length=320)]


class Observation(Request, frozen=True, kw_only=True):
    """Identifiers that were certainly of one person: a login on a device, a verified e-mail address."""

    identifiers: Annotated[list[Identifier], Meta(min_length=1, max_length=20)]
    source: Annotated[str, Meta(min_length=1, max_length=60)]


class NewObservations(Request, frozen=True, kw_only=True):
    """Several observations at once."""

    data: Annotated[list[Observation], Meta(min_length=1, max_length=1_000)]


class Who(Request, frozen=True, kw_only=True):
    """Who is meant: an identifier, or else a record that may resemble somebody known."""

    identifiers: Annotated[list[Identifier], Meta(max_length=20)] = []
    record: dict[str, Annotated[str, Meta(max_length=320)]] = {}


class NewSplit(Request, frozen=True, kw_only=True):
    """Ties of an identity to undo."""

    ties: Annotated[list[TieRef], Meta(min_length=1, max_length=500)]
    why: Text1000 = ""


class NewIdentityTie(Request, frozen=True, kw_only=True):
    """Two identities that somebody says are one person."""

    left: IdentityRef
    right: IdentityRef
    why: Text1000 = ""


class NewConsent(Request, frozen=True, kw_only=True):
    """What a buyer themselves allows or forbids."""

    purpose: Annotated[str, Meta(min_length=1, max_length=60)]
    granted: bool


class NewVerdict(Request, frozen=True, kw_only=True):
    """What somebody decided about a proposal."""

    accept: bool


class NewStatement(Request, frozen=True, kw_only=True):
    """What somebody allows or forbids."""

    identifier: Identifier
    purpose: Annotated[str, Meta(min_length=1, max_length=60)]
    granted: bool
    source: Annotated[str, Meta(min_length=1, max_length=60)]


class SegmentQuestion(Request, frozen=True, kw_only=True):
    """A rule, {"all": [...]}, {"any": [...]} or {"trait", "is", "value"}; and the purpose for which people are looked for.

    Whoever forbade the purpose is left out; with `needs_consent`, whoever has not allowed it, too.
    """

    rule: dict[str, Any]
    purpose: Annotated[str, Meta(min_length=1, max_length=60)]
    needs_consent: bool = False


class NewSegment(SegmentQuestion, frozen=True, kw_only=True):
    """A segment to set; one of the same name is set anew."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]


class NewForecast(Request, frozen=True, kw_only=True):
    """What was learned of how people buy: r, alpha (days), a, b of BG/NBD; p, q, v (minor units) of gamma-gamma."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    currency: CurrencyCode
    level: float
    covered: float
    buyers: Annotated[int, Meta(ge=0, le=10**12)]


# Requests: what is sold.


class NewOption(Request, frozen=True, kw_only=True):
    """One variant of a product, and what the seller offers it for."""

    price: Amount
    option: Text120 = ""
    shipping: Amount | None = None
    condition: Condition = "new"
    reference: Text120 = ""


class NewProduct(Request, frozen=True, kw_only=True):
    """A product page with the first listing of each of its options. `seller` is for the operator to say."""

    title: Text200
    options: Annotated[list[NewOption], Meta(min_length=1, max_length=100)]
    description: Text20000 = ""
    category: Text200 = "Other"
    brand: Text120 = ""
    gtin: Annotated[str, Meta(max_length=14)] = ""
    attributes: dict[Text120, Text1000] = {}
    image: Drawing = ""
    weight_grams: Annotated[int, Meta(ge=0, le=10**8)] = 0
    reference: Text120 = ""
    is_live: bool = True
    seller: SellerRef | None = None


class ProductEdit(Request, frozen=True, kw_only=True):
    """What a product page is to say from now on; what is absent stays."""

    title: Text200 | msgspec.UnsetType = msgspec.UNSET
    description: Text20000 | msgspec.UnsetType = msgspec.UNSET
    category: Text200 | msgspec.UnsetType = msgspec.UNSET
    image: Drawing | msgspec.UnsetType = msgspec.UNSET


class NewListing(Request, frozen=True, kw_only=True):
    """An offer of a product that is there already. `seller` is for the operator to say."""

    product: ProductRef
    price: Amount
    option: Text120 = ""
    shipping: Amount | None = None
    condition: Condition = "new"
    reference: Text120 = ""
    is_live: bool = True
    seller: SellerRef | None = None


class ListingEdit(Request, frozen=True, kw_only=True):
    """Another price; what is absent stays."""

    price: Amount | None = None
    shipping: Amount | None = None


class StockChange(Request, frozen=True, kw_only=True):
    """Units that came in or, below zero, were taken out; at the listing's own location, or at another of the seller's."""

    quantity: Annotated[int, Meta(ge=-UNITS_PER_RECEIPT_MAX, le=UNITS_PER_RECEIPT_MAX)]
    location: LocationRef | None = None


# Requests: buying.


class BasketLine(Request, frozen=True, kw_only=True):
    """So many units of a listing."""

    listing: ListingRef
    quantity: Quantity


class CartQuantity(Request, frozen=True, kw_only=True):
    """How many units a cart is to hold; 0 takes the line out."""

    quantity: Annotated[int, Meta(ge=0, le=UNITS_PER_LINE_MAX)]


class CartQuery(Request, frozen=True, kw_only=True):
    """Where a cart would go, to be told what it comes to there."""

    country: Country | None = None
    region: Annotated[str, Meta(max_length=10)] = ""


class CartMerge(Request, frozen=True, kw_only=True):
    """The buyer's own cart that a guest's goes into; without one, the guest's becomes the buyer's."""

    into: CartRef | None = None


Lines = Annotated[list[BasketLine], Meta(min_length=1, max_length=LINES_MAX)]


class NewSession(Request, frozen=True, kw_only=True):
    """Go to checkout with a cart or with lines; with an address, the units are held at once."""

    cart: CartRef | None = None
    lines: Lines | None = None
    address: AddressRef | None = None


class SessionEdit(Request, frozen=True, kw_only=True):
    """Where the parcels go; sent without it, a ready checkout is held for longer."""

    address: AddressRef | None = None


class CurrencyChoice(Request, frozen=True, kw_only=True):
    """The currency that a checkout is to be paid in."""

    currency: CurrencyCode


class Completion(Request, frozen=True, kw_only=True):
    """What the buyer agrees to pay in all."""

    expected_total: Amount


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


class NewOrder(Request, frozen=True, kw_only=True):
    """An order at the catalog's prices, without a checkout before it."""

    lines: Lines
    address: AddressRef
    expected_total: Amount


# Requests: fulfilling, money, the market.


class NewParcel(Request, frozen=True, kw_only=True):
    """An order is handed to a carrier."""

    carrier: Annotated[str, Meta(min_length=1, max_length=100)]
    tracking: Annotated[str, Meta(max_length=100)] = ""
    promised_at: Time | None = None


class ParcelHandover(Request, frozen=True, kw_only=True):
    """A packed parcel is handed to a carrier; without a carrier or a tracking number, those of its label count."""

    carrier: Annotated[str, Meta(max_length=100)] = ""
    tracking: Annotated[str, Meta(max_length=100)] = ""
    promised_at: Time | None = None


class NewScan(Request, frozen=True, kw_only=True):
    """What a carrier says of a parcel. Only the operator may say when it was; a seller's counts from now."""

    status: ScanState
    at: Time | None = None


class ParcelLine(Request, frozen=True, kw_only=True):
    """So many units of one line of an order, counted from 0."""

    line: Annotated[int, Meta(ge=0, lt=LINES_MAX)]
    quantity: Quantity


class Packing(Request, frozen=True, kw_only=True):
    """What goes into a parcel of its own."""

    lines: Annotated[list[ParcelLine], Meta(min_length=1, max_length=LINES_MAX)]


class RatesWish(Request, frozen=True, kw_only=True):
    """What a parcel weighs, packed; without, what its product pages say of what is in it."""

    weight_grams: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Postage(Request, frozen=True, kw_only=True):
    """The rate to buy a label at, as it was quoted."""

    rate: Text120


class NewExchange(Request, frozen=True, kw_only=True):
    """Units of one line (counted from 0) come back, and such go out anew at no further price."""

    line: Annotated[int, Meta(ge=0, lt=LINES_MAX)]
    quantity: Quantity


class NewClaim(Request, frozen=True, kw_only=True):
    """What is wrong: with one parcel or with the order, with all of it or with units of lines, and how much is wanted back."""

    reason: ClaimReason
    parcel: ParcelRef | None = None
    lines: Annotated[list[ParcelLine], Meta(max_length=LINES_MAX)] = []
    amount: Amount | None = None
    note: Text1000 = ""


class ClaimAnswer(Request, frozen=True, kw_only=True):
    """So much goes back; or (`sends_anew`) such units go out anew, and no money moves. Neither is a no."""

    amount: Amount | None = None
    sends_anew: bool = False
    note: Text1000 = ""


class ClaimWord(Request, frozen=True, kw_only=True):
    """A buyer's word about an answer."""

    note: Text1000 = ""


class ClaimDecision(Request, frozen=True, kw_only=True):
    """So much more goes back for a claim; 0 is a no."""

    amount: Amount
    note: Text1000 = ""


class ClaimTerms(Request, frozen=True, kw_only=True):
    """How long each step of a claim may take, and so long after its promised date a parcel is lost."""

    answer_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    dispute_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    claim_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    lost_after_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]


class NewReturn(Request, frozen=True, kw_only=True):
    """Units of one line (counted from 0) come back, and so much money goes back."""

    line: Annotated[int, Meta(ge=0, lt=LINES_MAX)]
    quantity: Quantity
    refund: Amount


class CashWord(Request, frozen=True, kw_only=True):
    """What became of a parcel with cash on delivery: it was paid for, or not taken."""

    was_paid: bool


class TopUp(Request, frozen=True, kw_only=True):
    """Money from outside for a wallet."""

    amount: Amount
    method: Text120 = "card"
    reference: Text120 = ""


class PolicyTerms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """The market's terms."""

    reservation_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    reservation_seconds_max: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    return_window_seconds: Seconds
    payout_every_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    payout_minor_min: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    units_per_buyer_max: Annotated[int, Meta(ge=1, le=10**9)]
    reviews_listings: bool


class FeeRule(Request, frozen=True, kw_only=True, omit_defaults=False):
    """What the operator takes of a line that matches; the first rule that matches counts."""

    seller: SellerRef | None = None
    category: Text200 = ""
    basis_points: BasisPoints = 0
    fixed_minor: Minor = 0
    floor_minor: Minor = 0
    cap_minor: Minor = 0


class Fees(Request, frozen=True, kw_only=True, omit_defaults=False):
    """Fee rules in order, and the tax on fees."""

    rules: Annotated[list[FeeRule], Meta(max_length=200)]
    tax_basis_points: BasisPoints


class MoneyTerms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """The terms about money. `keeps_fee`: the seller bears the fee of what is refunded. A limit of 0 is none (cash: not taken)."""

    keeps_fee: bool = False
    clawback_minor_max: Minor = 0
    cash_minor_max: Minor = 0
    payment_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 1_860
    transfer_seconds: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 432_000
    takes_transfers: bool = False


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


class MarketTerms(Request, frozen=True, kw_only=True):
    """The terms and fees from now on; what is absent stays. Orders that were placed keep theirs."""

    policy: PolicyTerms | None = None
    fees: Fees | None = None
    money: MoneyTerms | None = None


class NewSignal(Request, frozen=True, kw_only=True):
    """What a visitor did with a product, at a place (from 0; -1 is none) of a list on a surface.

    Who `left` its page says in `dwell_ms` for how long it was seen: under 2,000, the look is taken back.
    """

    product: ProductRef
    signal: Literal["viewed", "clicked", "carted", "left"]
    surface: Surface | None = None
    position: Annotated[int, Meta(ge=-1, le=1_000)] = -1
    dwell_ms: Annotated[int, Meta(ge=0, le=3_600_000)] | None = None


class NewComparison(Request, frozen=True, kw_only=True):
    """A version to compare with the champion, about lists or search: with how many percent of the visitors, and by what."""

    about: Literal["lists", "search"]
    version: Annotated[str, Meta(min_length=1, max_length=64)]
    share_percent: Annotated[int, Meta(ge=1, le=100)] = 20
    by: Literal["clicks", "purchases"] = "clicks"


class ComparedAbout(Request, frozen=True, kw_only=True):
    """Which comparison is meant: the one about lists, or about search."""

    about: Literal["lists", "search"]


class NewDigests(Request, frozen=True, kw_only=True):
    """Letters to write: to the next buyers behind a cursor, with links to a site, to nobody more often than once in so many days."""

    site: Annotated[str, Meta(min_length=8, max_length=200, pattern="^https?://[^/?#@\\s]+/?$")]
    after: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    products: Annotated[int, Meta(ge=1, le=24)] = 8
    days: Annotated[int, Meta(ge=1, le=90)] = 7
    language: Annotated[str, Meta(max_length=40)] = "en"


class NewSignals(Request, frozen=True, kw_only=True):
    """What a visitor did, the latest last. Without consent nothing is noted."""

    visitor: Visitor
    signals: Annotated[list[NewSignal], Meta(min_length=1, max_length=SIGNALS_MAX)]
    has_consent: bool = True


class TrackedMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message of Segment's tracking protocol. Fields that are not named here may be there, and are not looked at."""

    type: str = ""
    event: Annotated[str, Meta(max_length=200)] | None = None
    user_id: Annotated[str, Meta(max_length=320)] | int | None = None
    anonymous_id: Annotated[str, Meta(max_length=320)] | int | None = None
    previous_id: Annotated[str, Meta(max_length=320)] | int | None = None
    message_id: Annotated[str, Meta(max_length=100)] | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    write_key: Annotated[str, Meta(max_length=200)] | None = None


class TrackedBatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Messages of Segment's tracking protocol, in order."""

    batch: Annotated[list[TrackedMessage], Meta(min_length=1, max_length=TRACKED_MAX)]
    write_key: Annotated[str, Meta(max_length=200)] | None = None


class SkippedEvent(Response, frozen=True, kw_only=True):
    """A message that was not used, and why."""

    message_id: str | None
    reason: str


class EventsTaken(Response, frozen=True, kw_only=True):
    """How many messages were used, now or when they were sent before, and which were not."""

    success: bool = True
    noted: int
    skipped: list[SkippedEvent]


class NewRule(Request, frozen=True, kw_only=True):
    """What the operator wants pinned, buried or boosted: a product, a category with all below it, a seller's products.

    `boost` is how many times as likely it is to be chosen; a rule of the same name is replaced.
    """

    rule: Annotated[str, Meta(min_length=1, max_length=60)]
    effect: Literal["pin", "bury", "boost"]
    target: Literal["product", "category", "seller"]
    key: Annotated[str, Meta(min_length=1, max_length=200)]
    surface: Surface | None = None
    boost: Annotated[float, Meta(ge=0.01, le=10)] = 1.0
    days: Annotated[int, Meta(ge=0, le=3_650)] = 0


class NewHoldOut(Request, frozen=True, kw_only=True):
    """How many percent of the visitors are shown no personal lists from now on; 0 ends it. Each draws other visitors."""

    share_percent: Annotated[int, Meta(ge=0, le=50)]


class LiftedRule(Request, frozen=True, kw_only=True):
    """A rule that is to hold no more."""

    rule: Annotated[str, Meta(min_length=1, max_length=60)]


# Queries.

Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=512)]


class NumbersFilter(Request, frozen=True, kw_only=True):
    """Only rows whose dimension has one of these values; with `without`, only the others."""

    dimension: Text200
    values: Annotated[list[str | int | bool], Meta(min_length=1, max_length=1_000)]
    without: bool = False


class NumbersQuestion(Request, frozen=True, kw_only=True):
    """Metrics by name, cut by dimensions and a grain of time; days are from `start` on, up to and without `end`.

    `order` is a column of the answer, with a - in front for the greatest first.
    """

    metrics: Annotated[list[Text200], Meta(min_length=1, max_length=20)]
    by: Annotated[list[Text200], Meta(max_length=6)] = []
    grain: Literal["", "day", "week", "month", "quarter", "year"] = ""
    start: dt.date | None = None
    end: dt.date | None = None
    filters: Annotated[list[NumbersFilter], Meta(max_length=20)] = []
    order: Text200 = ""
    limit: Annotated[int, Meta(ge=1, le=50_000)] = 1_000
    format: Literal["json", "arrow"] = "json"


class ExportSchedule(Request, frozen=True, kw_only=True):
    """Every hour at a minute (":15"), every day at a time ("06:00"), or every week on a weekday, in a time zone."""

    every: Literal["hour", "day", "week"] = "day"
    at: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3])?:[0-5][0-9]$", examples=["06:00"])] = "06:00"
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    zone: Annotated[str, Meta(max_length=60)] = "UTC"


class NewExport(Request, frozen=True, kw_only=True):
    """An answer, or who is in a segment, to leave on a schedule; one of the same name is set anew.

    With `last_days` the question is of so many whole days before each run. Without a `url`, Caravan keeps the last `kept`
    files; with one, each is sent there, signed; {slot} in it stands for the time at which the run was due.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    question: NumbersQuestion | None = None
    last_days: Annotated[int, Meta(ge=0, le=731)] = 0
    segment: SegmentRef | None = None
    format: Literal["csv", "parquet", "json"] = "csv"
    schedule: ExportSchedule = ExportSchedule()
    url: Text1000 = ""
    method: Literal["POST", "PUT"] = "POST"
    kept: Annotated[int, Meta(ge=1, le=400)] = 30


class ExportFileQuery(Request, frozen=True, kw_only=True):
    """Which file of an export: its name, or the newest."""

    file: Text200 = ""


class NewWebhook(Request, frozen=True, kw_only=True):
    """An HTTPS address to tell who enters a segment and who leaves it."""

    url: Text1000


class Paging(Request, frozen=True, kw_only=True):
    """Which part of a list: at most `limit`, after a cursor that an earlier answer gave as `next`."""

    limit: Limit = 50
    after: Cursor = ""


class MembersQuery(Paging, frozen=True, kw_only=True):
    """Some of a segment as JSON; as csv or arrow all of it, with the traits that its rule asks for."""

    format: Literal["json", "csv", "arrow"] = "json"


class ChangesQuery(Request, frozen=True, kw_only=True):
    """What changed since an answer's `next`; at first nothing."""

    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    after: Cursor = ""


class ProductsQuery(Paging, frozen=True, kw_only=True):
    """Words to search for, a category (with all below it), and an order; only what can be bought unless asked."""

    q: Text200 = ""
    category: Text200 = ""
    sort: Literal["relevance", "newest", "oldest", "price", "-price", "sold"] = "newest"
    sellable: bool = True
    seller: SellerRef | None = None


class SearchQuery(Paging, frozen=True, kw_only=True):
    """Words to search for, and what the answer is narrowed to; prices are landed, in minor units of the market.

    For a visitor, by whatever word the caller chose, what was shown is noted, so that search learns from their clicks.
    """

    q: Text200 = ""
    category: Text200 = ""
    seller: SellerRef | None = None
    price_min: Minor = 0
    price_max: Minor = 0
    available: bool = False
    sellable: bool = True
    sort: Literal["relevance", "price", "-price"] = "relevance"
    visitor: Visitor | None = None


class SuggestQuery(Request, frozen=True, kw_only=True):
    """What somebody has typed so far."""

    q: Text200 = ""
    limit: Annotated[int, Meta(ge=1, le=10)] = 8


class Synonyms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """Groups of phrases that mean the same: whoever looks for one finds the others, too."""

    groups: Annotated[list[Annotated[list[Text120], Meta(max_length=20)]], Meta(max_length=1_000)]


class RecommendationsQuery(Request, frozen=True, kw_only=True):
    """A surface to fill; a product or a cart that it is about; and the visitor, by whatever word the caller chose.

    A buyer's token says who it is without one.
    """

    surface: Surface = "home"
    product: ProductRef | None = None
    cart: CartRef | None = None
    visitor: Visitor | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 12


class ListingsQuery(Paging, frozen=True, kw_only=True):
    """A seller's own listings; the operator may name a seller."""

    status: ListingState | None = None
    product: ProductRef | None = None
    seller: SellerRef | None = None


class SellersQuery(Paging, frozen=True, kw_only=True):
    """Sellers; only the operator sees those who are not active."""

    status: SellerState | None = None


class OrdersQuery(Paging, frozen=True, kw_only=True):
    """One's own orders, the newest first; the operator may name a seller or a buyer."""

    order: Direction = "desc"
    status: OrderStatus | None = None
    fulfillment: Fulfillment | None = None
    seller: SellerRef | None = None
    buyer: BuyerRef | None = None
    expand: Text200 = ""
    fields: Text200 = ""


class PickListQuery(Request, frozen=True, kw_only=True):
    """Which orders a pick list is for, parted by commas; without any, all of the seller's that wait. Of one location, or all."""

    orders: Annotated[str, Meta(max_length=4_000)] | None = None
    location: LocationRef | None = None


class OrderQuery(Request, frozen=True, kw_only=True):
    """What more (lines, parcels, claims, address) and what only."""

    expand: Text200 = ""
    fields: Text200 = ""


class PromiseQuery(Request, frozen=True, kw_only=True):
    """Where it would go."""

    country: Country


class PromiseScoreQuery(Request, frozen=True, kw_only=True):
    """Of how many days, and of whom: a seller sees their own."""

    days: Annotated[int, Meta(ge=1, le=366)] = 30
    seller: SellerRef | None = None


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


# Responses.


class Token(Response, frozen=True, kw_only=True):
    """A token, shown this once."""

    token: str
    audience: Audience
    subject: str | None
    scopes: list[str]
    expires_at: Time


class Bearer(Response, frozen=True, kw_only=True):
    """Who shows this token."""

    audience: Audience
    subject: str | None
    scopes: list[str]


class Buyer(Response, frozen=True, kw_only=True):
    """A buyer, without the person."""

    id: BuyerRef
    country: str
    registered_at: Time
    addresses: list[AddressRef]


class Me(Response, frozen=True, kw_only=True):
    """A buyer, as they see themselves."""

    id: BuyerRef
    name: str
    email: str
    country: str
    registered_at: Time


class NewAddress(Response, frozen=True, kw_only=True):
    """The number of a place that was added."""

    id: AddressRef
    country: str


class Address(Response, frozen=True, kw_only=True):
    """A place to send to."""

    id: AddressRef
    name: str
    line1: str
    line2: str
    city: str
    postcode: str
    country: str
    region: str = ""


class Seller(Response, frozen=True, kw_only=True):
    """A business that sells here, or wants to."""

    id: SellerRef
    name: str
    country: str
    city: str
    description: str
    status: SellerState
    applied_at: Time


class ProductOnShelf(Response, frozen=True, kw_only=True):
    """A product as it stands in a list; `price` is the best with its shipping."""

    id: ProductRef
    title: str
    category: str
    brand: str
    price: Money | None
    offers: int
    sold: int
    added_at: Time


class FoundWhy(Response, frozen=True, kw_only=True):
    """Why a product was found: which words it has, which it lacks, and its score among those found."""

    has: list[str]
    lacks: list[str]
    score: float


class SearchResult(Response, frozen=True, kw_only=True):
    """A product that was found, and why."""

    product: ProductOnShelf
    why: FoundWhy


class Correction(Response, frozen=True, kw_only=True):
    """A word that nobody lists, and what was looked for in its place."""

    typed: str
    meant: str


class FacetCount(Response, frozen=True, kw_only=True):
    """How many products of an answer have a value: a category's path, or a seller's id."""

    value: str
    count: int


class PriceBand(Response, frozen=True, kw_only=True):
    """How many products cost at least so much and less than that, delivered; `below` is absent at the top."""

    at_least: Money
    below: Money | None
    count: int


class SearchFacets(Response, frozen=True, kw_only=True):
    """Counts over all products that have every word, not only those shown."""

    categories: list[FacetCount]
    sellers: list[FacetCount]
    prices: list[PriceBand]
    available: int


class SearchAnswer(Response, frozen=True, kw_only=True):
    """Products, the best first; `total` have every word. What was corrected or left out is said."""

    data: list[SearchResult]
    total: int
    has_more: bool
    next: str | None
    words: list[str]
    corrections: list[Correction]
    left_out: list[str]
    facets: SearchFacets | None
    ranking: str


class Suggestions(Response, frozen=True, kw_only=True):
    """What may be meant, the commonest first."""

    data: list[str]


class SynonymGroups(Response, frozen=True, kw_only=True):
    """The groups of phrases that mean the same."""

    groups: list[list[str]]


class Missed(Response, frozen=True, kw_only=True):
    """Words that found nothing, and how often."""

    words: str
    count: int


class MissedWords(Response, frozen=True, kw_only=True):
    """What was looked for in vain, the commonest first."""

    data: list[Missed]


class Recommendation(Response, frozen=True, kw_only=True):
    """A product that may please, at its best price with shipping: why, because of which product, and with which chance.

    `chance` is that with which it stands at its place. `probability` is that of its being what the visitor looks at next, as
    the ranking has learned it; null where nothing was learned, or something else than the ranking put it here.
    """

    id: ProductRef
    title: str
    category: str
    brand: str
    price: Money
    why: Literal[
        "looked_at_together", "bought_together", "like_what_you_look_at", "you_looked_at_it", "you_bought_it",
        "wanted_now", "new", "picked",
    ]  # fmt: skip
    because: ProductRef | None
    chance: float
    probability: float | None


class Recommendations(Response, frozen=True, kw_only=True):
    """A list for one surface, and by which version it was made."""

    surface: Surface
    version: str
    data: list[Recommendation]


class Digest(Response, frozen=True, kw_only=True):
    """A letter with suggestions to a buyer who allowed letters: as data, as text and as HTML.

    `headers` let mail programs unsubscribe with one click; the same link stands in the letter.
    """

    buyer: BuyerRef
    email: str
    name: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    version: str
    data: list[Recommendation]


class Digests(Response, frozen=True, kw_only=True):
    """Some letters; what they show is noted as shown. Go on behind `next`, also where there were none."""

    data: list[Digest]
    has_more: bool
    next: str | None


class RecommendationRule(Response, frozen=True, kw_only=True):
    """A rule of the operator's about what is recommended."""

    rule: str
    effect: Literal["pin", "bury", "boost"]
    target: Literal["product", "category", "seller"]
    key: str
    surface: Surface | None
    boost: float
    ends_at: Time | None


class RecommendationRules(Response, frozen=True, kw_only=True):
    """All rules about what is recommended."""

    data: list[RecommendationRule]


class VersionComparison(Response, frozen=True, kw_only=True):
    """Two versions that draft lists together, and what has come of it; empty is what answers before anything was learned.

    Each visitor has one vote, of their first list that was clicked more on one side, or, where purchases decide, of what
    they bought. `share` of the votes went to the champion; it is between `low` and `high` however often one looks.
    """

    about: Literal["lists", "search"]
    champion: str
    challenger: str
    share_percent: int
    begun_at: Time
    by: Literal["clicks", "purchases"]
    verdict: Literal["open", "champion", "challenger", "alike"]
    lists: int
    clicks_champion: int
    clicks_challenger: int
    votes_champion: int
    votes_challenger: int
    ties: int
    bought_champion: int
    bought_challenger: int
    share: float
    low: float
    high: float


class VersionComparisons(Response, frozen=True, kw_only=True):
    """What is compared, or was decided last."""

    data: list[VersionComparison]


class PromotedVersion(Response, frozen=True, kw_only=True):
    """The version that answers everybody from now on."""

    about: Literal["lists", "search"]
    version: str


class HoldOut(Response, frozen=True, kw_only=True):
    """How many percent of the visitors are shown no personal lists."""

    share_percent: int


class ListEffect(Response, frozen=True, kw_only=True):
    """What one figure is a person, with personal lists and in the hold-out, and the difference.

    `low` and `high` hold for one look at a time set before, `low_always` and `high_always` however often one looks; the
    verdict stands on these. `noise_less_by` is what knowing people from before took out of the variance (CUPED).
    """

    name: str
    everybody: float
    held_out: float
    difference: float
    low: float
    high: float
    low_always: float
    high_always: float
    noise_less_by: float
    verdict: Literal["gain", "loss", "open"]


class ListAlarm(Response, frozen=True, kw_only=True):
    """Something about lists or their measurement that is not as it should be."""

    name: str
    says: str


class RecommendationProof(Response, frozen=True, kw_only=True):
    """What can be told of personal lists since the hold-out was drawn. Money is in minor units of one currency.

    `influenced_minor` was bought within seven days of a click on it in a list; `incremental_minor` is what would not have
    been bought without them, with an interval: it is measured, and may be far less. `needed` is how many people it
    takes to see a lift in how many buy.
    """

    share_percent: float
    drawn_at: str | None
    people: int
    people_held_out: int
    effects: list[ListEffect]
    sales_minor: int
    influenced_minor: int
    incremental_minor: int
    incremental_low_minor: int
    incremental_high_minor: int
    needed: dict[str, int]
    alarms: list[ListAlarm]


class SignalsNoted(Response, frozen=True, kw_only=True):
    """How many signals were noted; none where the visitor asked not to be remembered."""

    noted: int


class ProductOption(Response, frozen=True, kw_only=True):
    """One variant of a product."""

    sku: SkuRef
    option: str


class Offer(Response, frozen=True, kw_only=True):
    """A listing that can be bought."""

    listing: ListingRef
    sku: SkuRef
    option: str
    seller: SellerRef
    seller_name: str
    price: Money
    shipping: Money
    condition: Condition
    available: int


class Product(Response, frozen=True, kw_only=True):
    """A product page with who offers it, the best landed price first."""

    id: ProductRef
    seller: SellerRef
    title: str
    description: str
    category: str
    brand: str
    gtin: str
    attributes: dict[str, str]
    image: str
    weight_grams: int
    revision: int
    options: list[ProductOption]
    offers: list[Offer]


class Offered(Response, frozen=True, kw_only=True):
    """What a product that was put up became."""

    id: ProductRef
    listings: list[ListingRef]


class StockAt(Response, frozen=True, kw_only=True):
    """The units of a listing at a location: free, held by checkouts, bought and still there, on their way to it."""

    location: LocationRef
    name: str
    available: int
    reserved: int
    committed: int
    coming: int


class SentFrom(Response, frozen=True, kw_only=True):
    """From where something is sent."""

    location: LocationRef
    city: str
    country: str


class Listing(Response, frozen=True, kw_only=True):
    """A listing, as its seller sees it."""

    id: ListingRef
    product: ProductRef
    title: str
    sku: SkuRef
    option: str
    seller: SellerRef
    price: Money
    shipping: Money
    condition: Condition
    status: ListingState
    revision: int
    available: int
    reserved: int
    committed: int
    coming: int = 0
    locations: list[StockAt] = []


class CartLine(Response, frozen=True, kw_only=True):
    """A line of a cart, at the price of this moment."""

    listing: ListingRef
    title: str
    quantity: int
    price: Money
    shipping: Money
    is_on_offer: bool


class TaxPart(Response, frozen=True, kw_only=True):
    """A tax or duty in a total, by which rule and from which source. `lines` count from 0; none where many were summed.

    `remits` says who brings it to the authority; what a buyer remits is not in the total, but due at the border.
    """

    rule: str
    name: str
    levy: str
    percent: str
    amount: Money
    is_included: bool
    remits: str
    authority: str
    lines: list[int]
    source: str
    as_of: str


class TotalParts(Response, frozen=True, kw_only=True):
    """The parts of a total: it is goods, shipping and `taxes_added`; `taxes_included` are in the prices.

    `due_at_border` comes on top for the buyer; where `more_may_be_due`, customs may ask for what nobody here can say.
    """

    goods: Money
    shipping: Money
    taxes_included: Money
    taxes_added: Money
    due_at_border: Money
    more_may_be_due: bool
    country: str
    region: str
    rules_version: int
    taxes: list[TaxPart]


class Cart(Response, frozen=True, kw_only=True):
    """A cart. It holds no stock; `total` is of the lines that are on offer.

    Asked with a country, `parts` says what they come to there, with taxes.
    """

    id: CartRef
    lines: list[CartLine]
    total: Money
    parts: TotalParts | None = None


class Merged(Response, frozen=True, kw_only=True):
    """The cart that came of two, and the listings whose quantity was cut to the limits."""

    cart: Cart
    clamped: list[ListingRef]


class SessionLine(Response, frozen=True, kw_only=True):
    """A line of a checkout at its quoted price; shipping is of the whole line."""

    listing: ListingRef
    sku: SkuRef
    seller: SellerRef
    quantity: int
    unit_price: Money
    shipping: Money
    total: Money
    sent_from: SentFrom | None = None


class PayIn(Response, frozen=True, kw_only=True):
    """What a checkout costs in the currency that it is to be paid in, until it expires: at the rates of a day.

    `mid` is what the rate alone makes of `total`; of that the operator keeps `spread`, and the rest is the checkout's total.
    """

    quote: str
    total: Money
    mid: Money
    spread: Money
    day: str
    expires_at: Time


class PaidIn(Response, frozen=True, kw_only=True):
    """What an order was paid with in another currency, its share of the spread, and what went back of both."""

    quote: str
    paid: Money
    spread: Money
    paid_back: Money
    spread_back: Money


class CheckoutSession(Response, frozen=True, kw_only=True):
    """A checkout: a quote, and while it is ready, units held until `expires_at`."""

    id: SessionRef
    status: SessionState
    currency: str
    lines: list[SessionLine]
    total: Money
    parts: TotalParts
    pay_in: PayIn | None
    address: AddressRef | None
    opened_at: Time
    expires_at: Time | None
    purchase: PurchaseRef | None


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

    id: Annotated[str, _id(ids.CouponId)]
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

    id: Annotated[str, _id(ids.GiftCardId)]
    left: Money
    code: str | None = None


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
    items: list[Annotated[str, _id(ids.OpenItemId)]]


class StatementTaken(Response, frozen=True, kw_only=True):
    """What came of a statement: transfers that named a payment, that had been taken before, and open items."""

    lines: int
    matched: int
    known: int
    items: list[Annotated[str, _id(ids.OpenItemId)]]


class OpenItem(Response, frozen=True, kw_only=True):
    """A difference between a report and the books, or money that names nothing; `wanted` is what we knew of."""

    id: Annotated[str, _id(ids.OpenItemId)]
    provider: PaymentMethod
    kind: Literal["unknown_line", "not_reported", "other_amount", "unnamed_transfer"]
    line: str
    ask: Annotated[str, _id(ids.AskId)] | None
    amount: Money
    wanted: Money
    raised_at: Time
    note: str
    is_closed: bool


class OpenItems(Response, frozen=True, kw_only=True):
    """The open items, the oldest first; at most so many at a time."""

    data: list[OpenItem]


class Notified(Response, frozen=True, kw_only=True):
    """A webhook was taken; `event` is its id, or empty where it is of no matter here."""

    event: str


class Purchase(Response, frozen=True, kw_only=True):
    """What one buyer bought at once: one order for each seller in it."""

    id: PurchaseRef
    session: SessionRef | None
    address: AddressRef | None
    total: Money
    placed_at: Time
    orders: list[OrderRef]


class OrderLine(Response, frozen=True, kw_only=True):
    """A line of an order. `line` is its number for parcels and returns; shipping and fee are of the whole line.

    Of the quantity ordered, `current` still counts, `fulfilled` has left, and `returned` came back.
    """

    line: int
    listing: ListingRef
    sku: SkuRef
    title: str
    option: str
    quantity: int
    current: int
    fulfilled: int
    returned: int
    unit_price: Money
    shipping: Money
    refunded: Money
    sent_from: SentFrom | None = None


class ParcelUnits(Response, frozen=True, kw_only=True):
    """So many units of one line of an order, in a parcel or a claim."""

    line: int
    title: str
    option: str
    quantity: int


class ParcelRate(Response, frozen=True, kw_only=True):
    """What a carrier takes for bringing a parcel; `rate` names it for half an hour. 0 days is not said."""

    rate: str
    carrier: str
    service: str
    price: Money
    days: int


class ParcelRates(Response, frozen=True, kw_only=True):
    """The rates of all carriers, the cheapest first."""

    data: list[ParcelRate]


class ParcelLabel(Response, frozen=True, kw_only=True):
    """The label of a parcel: asked for, bought or refused by its carrier, or being taken back. `document` is where it lies."""

    status: Literal["asked", "bought", "refused", "returning"]
    carrier: str
    service: str
    price: Money
    document: str
    reason: str


class ParcelScan(Response, frozen=True, kw_only=True):
    """What was said of a parcel: where it was, when, and in which place if that was said."""

    at: Time
    status: ParcelState
    place: str


class Parcel(Response, frozen=True, kw_only=True):
    """A parcel, what is in it, and what was said of it in the order in which it happened.

    `is_replacement` says that it goes out anew, at no further price. It has been handed over once there is a time of that.
    """

    id: ParcelRef
    order: OrderRef
    status: ParcelState
    carrier: str
    tracking: str
    handed_over_at: Time | None
    promised_at: Time | None
    delivered_at: Time | None
    made_at: Time
    is_replacement: bool
    lines: list[ParcelUnits]
    scans: list[ParcelScan]
    label: ParcelLabel | None = None
    sent_from: SentFrom | None = None


class ClaimStep(Response, frozen=True, kw_only=True):
    """One step of a claim: who (buyer, seller, operator, carrier, clock) did what, about how much."""

    at: Time
    who: str
    what: str
    amount: Money
    note: str


class Claim(Response, frozen=True, kw_only=True):
    """Something wrong with an order: what is claimed, what was given back for it, and whose turn it is until when."""

    id: ClaimRef
    order: OrderRef
    seller: SellerRef
    parcel: ParcelRef | None
    reason: ClaimReason
    status: ClaimState
    amount: Money
    granted: Money
    sent_anew: ParcelRef | None
    opened_at: Time
    due_at: Time | None
    lines: list[ParcelUnits]
    steps: list[ClaimStep]


class Claims(Response, frozen=True, kw_only=True):
    """The claims that are not over, those first that wait for whoever asks; at most 500."""

    data: list[Claim]


class Promise(Response, frozen=True, kw_only=True):
    """A date by which a parcel arrives, with its probability; half arrive by `median_at`. `sentence` says why.

    `basis` is lane, regions, market or defaults: on what the date stands. `model` names what was learned.
    """

    promised_at: Time
    median_at: Time
    probability: float
    model: str
    basis: Basis
    parcels: int
    is_new_seller: bool
    sentence: str


class OrderPromise(Response, frozen=True, kw_only=True):
    """What a buyer was told about an order: the date that counts, and how it stands.

    `expected_at` is by when it will probably arrive as things move now, null once it has; `revised_at` is the later
    date that the buyer was told where the first one slipped.
    """

    order: OrderRef
    promised_at: Time
    median_at: Time
    probability: float
    model: str
    basis: Basis
    parcels: int
    origin: str
    destination: str
    made_at: Time
    revised_at: Time | None
    expected_at: Time | None
    delivered_at: Time | None
    status: Literal["open", "kept", "missed"]


class PromiseScore(Response, frozen=True, kw_only=True):
    """How the promises of the last days came out: the share kept beside the share promised, of those settled."""

    days: int
    promises: int
    kept: int
    missed: int
    kept_share: float | None
    promised_share: float | None


class Order(Response, frozen=True, kw_only=True, omit_defaults=True):
    """What a buyer bought of one seller. The fee is told to the seller, the buyer's number to all but the seller."""

    id: OrderRef
    purchase: PurchaseRef
    seller: SellerRef
    status: OrderStatus
    fulfillment: Fulfillment
    payment: PaymentState
    total: Money
    placed_at: Time
    buyer: BuyerRef | None = None
    fee: Money | None = None
    fee_tax: Money | None = None
    refunded: Money | None = None
    canceled_at: Time | None = None
    fulfilled_at: Time | None = None
    delivered_at: Time | None = None
    completed_at: Time | None = None
    lines: list[OrderLine] | None = None
    parts: TotalParts | None = None
    paid_in: PaidIn | None = None
    parcels: list[Parcel] | None = None
    claims: list[Claim] | None = None
    address: Address | None = None


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


class Market(Response, frozen=True, kw_only=True):
    """The market: its currency, its terms, its fees."""

    name: str
    currency: str
    has_play_money: bool
    policy: PolicyTerms
    fees: Fees
    money: MoneyTerms


class Evidence(Response, frozen=True, kw_only=True):
    """What a field says for or against two records being one person, in bits."""

    field: str
    level: str
    bits: float


class Resemblance(Response, frozen=True, kw_only=True):
    """Somebody known whom a record resembles, and why."""

    identity: IdentityRef
    odds: float
    probability: float
    is_automatic: bool
    evidence: list[Evidence]


class Recognized(Response, frozen=True, kw_only=True):
    """Who was meant, for certain, or whom a record resembles."""

    identity: IdentityRef | None
    alike: list[Resemblance]


class Observed(Response, frozen=True, kw_only=True):
    """The identity of each observation, in order."""

    data: list[IdentityRef]


class KnownIdentifier(Response, frozen=True, kw_only=True):
    """An identifier of an identity; its value is not kept."""

    id: IdentityRef
    type: IdentifierType


class IdentityTie(Response, frozen=True, kw_only=True):
    """A tie between two identifiers; an undone one does not come back by itself."""

    id: TieRef
    left: IdentityRef
    right: IdentityRef
    is_certain: bool
    state: Literal["tied", "undone", "withheld"]
    at: Time
    source: str
    odds: float
    evidence: list[Evidence]
    why: str


class OwnConsent(Response, frozen=True, kw_only=True):
    """Where a purpose stands for a buyer; `elsewhere` when it is forbidden by somebody whom they may be, and not by them."""

    purpose: str
    stands: Literal["allowed", "forbidden", "unsaid"]
    elsewhere: bool


class OwnConsents(Response, frozen=True, kw_only=True):
    """Every purpose that a buyer is known or looked for by here."""

    data: list[OwnConsent]


class Consent(Response, frozen=True, kw_only=True):
    """Whether an identity allows a purpose: somebody of it did, and nobody of it forbade it."""

    purpose: str
    granted: bool


class Identity(Response, frozen=True, kw_only=True):
    """Whoever is behind some identifiers; `certain` are the identities that it is made of without probable ties."""

    id: IdentityRef
    identifiers: list[KnownIdentifier]
    certain: list[IdentityRef]
    ties: list[IdentityTie]
    consents: list[Consent]


class Proposal(Response, frozen=True, kw_only=True):
    """Two records that may be one person, waiting for somebody to decide."""

    id: ProposalRef
    left: IdentityRef
    right: IdentityRef
    odds: float
    evidence: list[Evidence]


TraitKind = Literal["count", "money", "days", "share", "word", "words"]


class ForecastShown(Response, frozen=True, kw_only=True):
    """What was learned of how people buy, and in which share of the cases kept aside the intervals held what came."""

    learned_at: Time
    buyers: int
    level: float
    covered: float
    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    currency: str


class TraitShown(Response, frozen=True, kw_only=True):
    """A trait: what it means, how it can be compared, the facts that it is made of, and for how many days these count.

    It is unknown of whoever forbade its `purpose`.
    """

    name: str
    kind: TraitKind
    meaning: str
    comparisons: list[str]
    sources: list[str]
    kept_days: int
    purpose: str
    is_shown_to_the_person: bool


class TraitCatalog(Response, frozen=True, kw_only=True):
    """All traits; money is in minor units of the currency."""

    data: list[TraitShown]
    currency: str
    forecast: ForecastShown | None


class ProfileTrait(Response, frozen=True, kw_only=True):
    """A trait of somebody; no value where it is unknown. An estimate lies between `low` and `high` at the profile's level."""

    name: str
    kind: TraitKind
    meaning: str
    value: float | str | list[str] | None
    low: float | None
    high: float | None
    sources: list[str]
    kept_days: int


class Profile(Response, frozen=True, kw_only=True):
    """What is known of a person: of all buyers that are one identity, from every unit, as of a position of the log."""

    identity: IdentityRef | None
    buyers: list[BuyerRef]
    traits: list[ProfileTrait]
    orders_read: int
    currency: str
    level: float | None
    position: int


class SegmentCount(Response, frozen=True, kw_only=True):
    """For how many of all people a rule holds, how many of them are left out for the purpose, and how many are in it."""

    matched: int
    left_out: int
    members: int
    people: int
    position: int


class SegmentSet(Response, frozen=True, kw_only=True):
    """A segment as it was set."""

    id: SegmentRef
    name: str
    rule: dict[str, Any]
    purpose: str
    needs_consent: bool
    set_at: Time


class Segment(SegmentSet, frozen=True, kw_only=True):
    """A segment, with how many are in it now."""

    count: SegmentCount


class Segments(Response, frozen=True, kw_only=True):
    """All segments, by name."""

    data: list[Segment]


class SegmentMember(Response, frozen=True, kw_only=True):
    """A person in a segment; without an identity it is one buyer whom nothing ties to others."""

    identity: IdentityRef | None
    buyers: list[BuyerRef]


class SegmentChange(Response, frozen=True, kw_only=True):
    """Somebody entered a segment, or left it: an identity, or a buyer without one."""

    identity: IdentityRef | None
    buyer: BuyerRef | None
    has_entered: bool


class SegmentChanges(Response, frozen=True, kw_only=True):
    """What changed in a segment; with `is_reset` whoever follows it forgets what they had, and begins with nobody."""

    data: list[SegmentChange]
    next: str
    has_more: bool
    is_reset: bool
    position: int


class ExportRun(Response, frozen=True, kw_only=True):
    """A run that was due at `slot`: the file with its SHA-256 and the position of the log that it shows, or an error."""

    slot: Time
    ran_at: Time
    attempt: int
    position: int
    rows: int
    bytes: int
    sha256: str
    file: str
    error: str
    is_last: bool


class ExportProgress(Response, frozen=True, kw_only=True):
    """How far a run has come that is being made now."""

    began_at: Time
    rows: int
    bytes: int


class Export(Response, frozen=True, kw_only=True):
    """An export with its last runs, the newest first; `secret` is what is sent is signed with, where there is a `url`."""

    id: ExportRef
    name: str
    seller: SellerRef | None
    question: dict[str, Any] | None
    last_days: int
    segment: SegmentRef | None
    format: str
    schedule: ExportSchedule
    url: str
    method: str
    kept: int
    secret: str | None
    set_at: Time
    next_at: Time
    attempts: int
    under_way: ExportProgress | None = None
    runs: list[ExportRun]


class Exports(Response, frozen=True, kw_only=True):
    """Exports, by name."""

    data: list[Export]


class Webhook(Response, frozen=True, kw_only=True):
    """An address that is told about a segment: how many messages have arrived, and how often the next one failed."""

    id: WebhookRef
    segment: SegmentRef
    url: str
    secret: str
    set_at: Time
    sequence: int
    told_at: Time | None
    failures: int
    error: str
    next_at: Time | None
    is_disabled: bool


class Webhooks(Response, frozen=True, kw_only=True):
    """Webhooks, in the order in which they were set."""

    data: list[Webhook]


def decode(body: bytes, kind: type[T]) -> T:
    """Read an answer."""
    return msgspec.json.decode(body, type=kind)


class NetworkPlanWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network to plan for: places, hubs, legs and demand, as `caravan network plan` reads them."""

    network: dict[str, Any]
    share_basis_points: BasisPoints = 9_500
    hours: Annotated[int, Meta(ge=1, le=10_000)] = 72


class NetworkPlan(Response, frozen=True, kw_only=True):
    """A plan that was asked for, once it is made with all that `caravan network plan --json` prints."""

    id: PlanRef
    status: PlanState
    asked_at: Time
    share_basis_points: int
    hours: int
    refusal: str | None
    why: str | None
    plan: dict[str, Any] | None
