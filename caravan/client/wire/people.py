"""What goes over the wire of people: buyers, sellers, tokens, addresses, and what they allow."""

from typing import Annotated, Literal

from msgspec import Meta

from caravan.client.wire.ground import (
    AddressRef,
    BuyerRef,
    Country,
    Email,
    Paging,
    Password,
    Request,
    Response,
    SellerRef,
    Text120,
    Text200,
    Text1000,
    Time,
)

Audience = Literal["buyer", "seller", "operator"]
SellerState = Literal["applied", "active", "suspended"]


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


class NewConsent(Request, frozen=True, kw_only=True):
    """What a buyer themselves allows or forbids."""

    purpose: Annotated[str, Meta(min_length=1, max_length=60)]
    granted: bool


class SellersQuery(Paging, frozen=True, kw_only=True):
    """Sellers; only the operator sees those who are not active."""

    status: SellerState | None = None


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


class OwnConsent(Response, frozen=True, kw_only=True):
    """Where a purpose stands for a buyer; `elsewhere` when it is forbidden by somebody whom they may be, and not by them."""

    purpose: str
    stands: Literal["allowed", "forbidden", "unsaid"]
    elsewhere: bool


class OwnConsents(Response, frozen=True, kw_only=True):
    """Every purpose that a buyer is known or looked for by here."""

    data: list[OwnConsent]
