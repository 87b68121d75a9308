"""What happens with people: buyers, their addresses, and the tokens by which anybody is known. Personal data is sealed."""

from typing import ClassVar

from caravan.kernel.event import Event
from caravan.kernel.ids import AddressId, BuyerId


class BuyerRegistered(Event, frozen=True, kw_only=True, tag="identity.buyer_registered.v1"):
    """Somebody can buy from now on. `email_mark` is a keyed hash, empty for a guest; `contact` is sealed JSON."""

    personal: ClassVar[frozenset[str]] = frozenset({"contact"})

    buyer: BuyerId
    email_mark: bytes
    contact: bytes
    country: str
    reference: str


class AddressAdded(Event, frozen=True, kw_only=True, tag="identity.address_added.v1"):
    """A buyer named a place to send to; all but the country is sealed."""

    personal: ClassVar[frozenset[str]] = frozenset({"sealed"})

    address: AddressId
    buyer: BuyerId
    country: str
    sealed: bytes


class BuyerForgotten(Event, frozen=True, kw_only=True, tag="identity.buyer_forgotten.v1"):
    """A buyer was erased: their keys are destroyed, and nothing sealed with them can be read again."""

    buyer: BuyerId


class PasswordSet(Event, frozen=True, kw_only=True, tag="identity.password_set.v1"):
    """A login may use a password from now on; `password_hash` is scrypt with its own salt."""

    audience: str
    subject: int
    email_mark: bytes
    password_hash: bytes


class TokenIssued(Event, frozen=True, kw_only=True, tag="identity.token_issued.v1"):
    """A token was made for a subject of an audience (buyer, seller, operator); only its hash is kept."""

    token_hash: bytes
    audience: str
    subject: int
    scopes: tuple[str, ...]
    expires_at: int


class TokenRevoked(Event, frozen=True, kw_only=True, tag="identity.token_revoked.v1"):
    """A token is good for nothing any more."""

    token_hash: bytes
