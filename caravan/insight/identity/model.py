"""The state of identity: buyers, their addresses, logins and tokens."""

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import identity as events
from caravan.kernel.event import Event
from caravan.kernel.ids import AddressId, BuyerId


class Buyer(msgspec.Struct, array_like=True):
    """Somebody who buys. `contact` is sealed; `email_mark` is empty for a guest."""

    buyer: BuyerId
    email_mark: bytes
    contact: bytes
    country: str
    reference: str
    registered_at: int
    addresses: list[AddressId] = msgspec.field(default_factory=list)
    is_forgotten: bool = False


class Address(msgspec.Struct, array_like=True):
    """A place to send to; all but the country is sealed."""

    address: AddressId
    buyer: BuyerId
    country: str
    sealed: bytes


class Token(msgspec.Struct, array_like=True, frozen=True):
    """Who a bearer is, and what they may do."""

    audience: str
    subject: int
    scopes: tuple[str, ...]
    expires_at: int


class Login(msgspec.Struct, array_like=True, frozen=True):
    """Who may log in with a password."""

    subject: int
    password_hash: bytes


class Identity:
    """Buyers and addresses by number, from 1; tokens by hash; logins by audience and e-mail mark."""

    name = "identity"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.BuyerRegistered, events.AddressAdded, events.BuyerForgotten, events.PasswordSet, events.TokenIssued,
            events.TokenRevoked,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.buyers: list[Buyer] = [Buyer(BuyerId(0), b"", b"", "", "", 0)]
        self.addresses: list[Address] = [Address(AddressId(0), BuyerId(0), "", b"")]
        self.tokens: dict[bytes, Token] = {}
        self.logins: dict[tuple[str, bytes], Login] = {}
        self.marks: dict[bytes, BuyerId] = {}
        self.references: dict[str, BuyerId] = {}

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            self._apply(event)

    def _apply(self, event: Event) -> None:
        match event:
            case events.BuyerRegistered():
                assert event.buyer == len(self.buyers)
                self._register(
                    Buyer(event.buyer, event.email_mark, event.contact, event.country, event.reference, event.at)
                )
            case events.AddressAdded():
                assert event.address == len(self.addresses)
                self.addresses.append(Address(event.address, event.buyer, event.country, event.sealed))
                self.buyers[event.buyer].addresses.append(event.address)
            case events.BuyerForgotten():
                self._forget(event.buyer)
            case events.PasswordSet():
                self.logins[event.audience, event.email_mark] = Login(event.subject, event.password_hash)
            case events.TokenIssued():
                self.tokens[event.token_hash] = Token(event.audience, event.subject, event.scopes, event.expires_at)
            case events.TokenRevoked():
                self.tokens.pop(event.token_hash, None)

    def _register(self, buyer: Buyer) -> None:
        self.buyers.append(buyer)
        self._index(buyer)

    def _index(self, buyer: Buyer) -> None:
        if buyer.email_mark:
            self.marks[buyer.email_mark] = buyer.buyer
        if buyer.reference:
            self.references[buyer.reference] = buyer.buyer

    def _forget(self, number: BuyerId) -> None:
        buyer = self.buyers[number]
        self.marks.pop(buyer.email_mark, None)
        self.references.pop(buyer.reference, None)
        self.logins.pop(("buyer", buyer.email_mark), None)
        self.tokens = {
            name: token for name, token in self.tokens.items() if (token.audience, token.subject) != ("buyer", number)
        }
        self.buyers[number] = Buyer(
            number, b"", b"", buyer.country, "", buyer.registered_at, buyer.addresses, is_forgotten=True
        )
        for address in buyer.addresses:
            self.addresses[address].sealed = b""

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything as bytes."""
        return {
            "buyers": pack(self.buyers),
            "addresses": pack(self.addresses),
            "tokens": pack(sorted(self.tokens.items())),
            "logins": pack(sorted(self.logins.items())),
        }

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.buyers = unpack(parts, "buyers", list[Buyer])
        self.addresses = unpack(parts, "addresses", list[Address])
        self.tokens = dict(unpack(parts, "tokens", list[tuple[bytes, Token]]))
        self.logins = dict(unpack(parts, "logins", list[tuple[tuple[str, bytes], Login]]))
        for buyer in self.buyers:
            self._index(buyer)
