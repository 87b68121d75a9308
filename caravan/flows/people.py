"""People: buyers register, are known by tokens, and can be forgotten."""

from collections.abc import Sequence
from typing import NamedTuple

from caravan.cell import Decision
from caravan.flows import identities
from caravan.flows.house import House, as_facts
from caravan.insight import identity, profiles
from caravan.kernel.clock import Instant
from caravan.kernel.event import Event
from caravan.kernel.ids import AddressId, BuyerId
from caravan.trade import taxes


class NewBuyer(NamedTuple):
    """Somebody who wants to buy; contact and address are sealed already, the address may be absent (b"")."""

    email_mark: bytes
    contact: bytes
    country: str
    address: bytes
    password_hash: bytes = b""
    reference: str = ""
    region: str = ""  # of the address


class NewAddress(NamedTuple):
    """One more place to send to."""

    buyer: BuyerId
    country: str
    sealed: bytes
    region: str = ""


class NewToken(NamedTuple):
    """A token to be known by; only its hash gets here."""

    token_hash: bytes
    audience: str
    subject: int
    scopes: tuple[str, ...]
    expires_at: int


class NewLogin(NamedTuple):
    """A password for a seller or an operator."""

    audience: str
    subject: int
    email_mark: bytes
    password_hash: bytes


def register_buyers(house: House, wanted: Sequence[NewBuyer], *, now: Instant) -> Decision:
    """Register buyers with their first address; give their numbers. One refused refuses all."""
    # By kind, so that each is one run of columns; their order among each other does not matter here.
    buyers: list[Event] = []
    addresses: list[Event] = []
    passwords: list[Event] = []
    regions: list[Event] = []
    first, next_address = len(house.identity.buyers), len(house.identity.addresses)
    marks: set[bytes] = set()
    for place, new in enumerate(wanted):
        buyer = BuyerId(first + place)
        if new.email_mark and new.email_mark in marks:
            raise identity.EmailTaken
        marks.add(new.email_mark)
        buyers.append(
            identity.register_buyer(
                house.identity, buyer=buyer, email_mark=new.email_mark, contact=new.contact, country=new.country,
                reference=new.reference, now=now,
            )
        )  # fmt: skip
        if new.address:
            addresses.append(
                identity.add_address(
                    house.identity, address=AddressId(next_address), buyer=buyer, country=new.country,
                    sealed=new.address, now=now,
                )
            )  # fmt: skip
            if new.region:
                regions.append(_region(AddressId(next_address), new.region, new.country, now=now))
            next_address += 1
        if new.password_hash:
            passwords.append(
                identity.set_password(
                    house.identity, audience="buyer", subject=buyer, email_mark=new.email_mark,
                    password_hash=new.password_hash, now=now,
                )
            )  # fmt: skip
    seen = identities.buyers_seen(house, range(first, first + len(wanted)), [new.email_mark for new in wanted], now=now)
    return Decision(
        [*as_facts(*buyers, *addresses, *passwords, *regions), *seen],
        lambda: [BuyerId(first + place) for place in range(len(wanted))],
    )


def add_address(house: House, new: NewAddress, *, now: Instant) -> Decision:
    """Give a buyer one more place to send to; give its number."""
    identity.buyer_of(house.identity, new.buyer)
    address = AddressId(len(house.identity.addresses))
    fact = identity.add_address(
        house.identity, address=address, buyer=new.buyer, country=new.country, sealed=new.sealed, now=now
    )
    placed = [_region(address, new.region, new.country, now=now)] if new.region else []
    return Decision(as_facts(fact, *placed), lambda: address)


def _region(address: AddressId, region: str, country: str, *, now: Instant) -> Event:
    return taxes.place_address(address=address, region=taxes.region_code(region, country), now=now)


def forget_buyer(house: House, buyer: BuyerId, *, now: Instant) -> Decision:
    """Erase a buyer. Whoever calls destroys the keys when this is durable; the ledger stays as it is."""
    facts = as_facts(identity.forget(house.identity, buyer=buyer, now=now))
    known = identities.buyer_identity(house, buyer)
    if known:
        facts += identities.forget_identity(house, known, now=now).facts
    else:
        facts += as_facts(profiles.forget_profiles([buyer], now=now))
    return Decision(facts, lambda: buyer)


def issue_token(_: House, new: NewToken, *, now: Instant) -> Decision:
    """Make a token known; give its hash."""
    fact = identity.issue_token(
        token_hash=new.token_hash, audience=new.audience, subject=new.subject, scopes=new.scopes,
        expires_at=new.expires_at, now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: new.token_hash)


def revoke_token(_: House, token_hash: bytes, *, now: Instant) -> Decision:
    """Make a token good for nothing."""
    return Decision(as_facts(identity.revoke_token(token_hash=token_hash, now=now)), lambda: token_hash)


def set_password(house: House, new: NewLogin, *, now: Instant) -> Decision:
    """Let somebody log in with a password."""
    fact = identity.set_password(
        house.identity, audience=new.audience, subject=new.subject, email_mark=new.email_mark,
        password_hash=new.password_hash, now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: new.subject)
