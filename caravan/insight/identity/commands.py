"""What you can tell identity: register and forget buyers, add addresses, set passwords, issue and revoke tokens."""

from collections.abc import Sequence

from caravan.events import identity as events
from caravan.insight.identity.model import Identity
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import AddressId, BuyerId

AUDIENCES = ("buyer", "seller", "operator")
ADDRESSES_MAX = 50


class EmailTaken(Refusal):
    """Somebody has registered with this e-mail address already."""


class WrongLogin(Refusal):
    """This e-mail address and password do not belong together."""


def register_buyer(
    identity: Identity,
    *,
    buyer: BuyerId,
    email_mark: bytes,
    contact: bytes,
    country: str,
    reference: str,
    now: Instant,
) -> events.BuyerRegistered:
    """Let somebody buy, under a number that the caller has counted out. Refuses an e-mail address used before."""
    assert buyer >= len(identity.buyers)
    if email_mark and email_mark in identity.marks:
        raise EmailTaken
    return events.BuyerRegistered(
        at=now, buyer=buyer, email_mark=email_mark, contact=contact, country=_country(country), reference=reference
    )


def add_address(
    identity: Identity, *, address: AddressId, buyer: BuyerId, country: str, sealed: bytes, now: Instant
) -> events.AddressAdded:
    """Give a buyer a place to send to."""
    if 0 < buyer < len(identity.buyers) and len(identity.buyers[buyer].addresses) >= ADDRESSES_MAX:
        raise Invalid(f"A buyer has at most {ADDRESSES_MAX} addresses.", field="address")
    return events.AddressAdded(at=now, address=address, buyer=buyer, country=_country(country), sealed=sealed)


def forget(identity: Identity, *, buyer: BuyerId, now: Instant) -> events.BuyerForgotten:
    """Erase a buyer. The caller destroys their keys once this is durable."""
    if not 0 < buyer < len(identity.buyers) or identity.buyers[buyer].is_forgotten:
        raise NotFound("There is no such buyer.")
    return events.BuyerForgotten(at=now, buyer=buyer)


def set_password(
    identity: Identity, *, audience: str, subject: int, email_mark: bytes, password_hash: bytes, now: Instant
) -> events.PasswordSet:
    """Let somebody log in with a password. Refuses an address that is somebody else's of the same audience."""
    known = identity.logins.get((audience, email_mark))
    if known is not None and known.subject != subject:
        raise EmailTaken
    return events.PasswordSet(
        at=now, audience=audience, subject=subject, email_mark=email_mark, password_hash=password_hash
    )


def issue_token(
    *, token_hash: bytes, audience: str, subject: int, scopes: Sequence[str], expires_at: int, now: Instant
) -> events.TokenIssued:
    """Make a token good for a subject of an audience, until it expires."""
    if audience not in AUDIENCES:
        raise Invalid(f"An audience is one of {', '.join(AUDIENCES)}.", field="audience")
    return events.TokenIssued(
        at=now, token_hash=token_hash, audience=audience, subject=subject, scopes=tuple(scopes), expires_at=expires_at
    )


def revoke_token(*, token_hash: bytes, now: Instant) -> events.TokenRevoked:
    """Make a token good for nothing."""
    return events.TokenRevoked(at=now, token_hash=token_hash)


def _country(country: str) -> str:
    if len(country) != 2 or not country.isalpha() or not country.isupper():  # noqa: PLR2004
        raise Invalid("A country is two capital letters, such as PT.", field="country")
    return country
