"""Who may come in: tokens, passwords, and the registration of people, whose data is sealed here before it goes on."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.flows import people
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import AddressId, BuyerId
from caravan.web.reach import ask, do

SCOPES: dict[str, tuple[str, ...]] = {
    "buyer": (
        "catalog:read", "carts:write", "checkout:write", "orders:read", "orders:write", "wallet:read", "wallet:write",
        "buyers:write",
    ),
    "seller": ("catalog:read", "catalog:write", "stock:write", "orders:read", "orders:write", "payouts:read", "numbers:read", "numbers:write", "numbers:sql"),
    "operator": (
        "catalog:read", "catalog:write", "stock:write", "orders:read", "orders:write", "payouts:read", "sellers:write",
        "market:write", "wallet:read", "wallet:write", "tokens:write", "buyers:write",
        "identities:read", "identities:write", "numbers:read", "numbers:write", "numbers:sql", "events:write", "profiles:read", "profiles:write",
    ),
}  # fmt: skip
PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 256
# RFC 7914's interactive setting, which OWASP still lists (N = 2^14 with r = 8, p = 5).
_SCRYPT = {"n": 2**14, "r": 8, "p": 5}
_SALT_BYTES = 16
_OPERATOR_DAYS = 3_650


class Bearer(NamedTuple):
    """Whoever shows a token: subject 0 is the operator."""

    audience: str
    subject: int
    scopes: frozenset[str]


class Contact(msgspec.Struct, frozen=True):
    """How a buyer is called and reached."""

    name: str
    email: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where a parcel goes."""

    name: str
    line1: str
    city: str
    postcode: str
    country: str
    line2: str = ""
    region: str = ""


class Registration(msgspec.Struct, frozen=True):
    """What somebody says of themselves to buy."""

    name: str
    email: str
    password: str
    country: str
    address: Place | None = None


def hashed(token: str) -> bytes:
    """Give what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


async def issue_token(
    caravan: Caravan, *, audience: str, subject: int, scopes: Sequence[str] = (), days: int | None = None
) -> str:
    """Make a token; this is the only time that it is seen. Without scopes it has all of its audience."""
    token, new = new_token(caravan, audience=audience, subject=subject, scopes=scopes, days=days)
    await do(caravan, people.issue_token, new)
    return token


def new_token(
    caravan: Caravan, *, audience: str, subject: int, scopes: Sequence[str] = (), days: int | None = None
) -> tuple[str, people.NewToken]:
    """Draw a token and give it with what has to be told to the cell. Refuses scopes that its audience does not have."""
    allowed = SCOPES.get(audience, ())
    foreign = set(scopes) - set(allowed)
    if foreign:
        raise Invalid(f"A {audience} token cannot have {', '.join(sorted(foreign))}.", field="scopes")
    token = f"crv_{audience}_{secrets.token_urlsafe(32)}"
    expires_at = caravan.clock.now() + (days or caravan.settings.token_days) * DAY
    return token, people.NewToken(hashed(token), audience, subject, tuple(scopes) or allowed, expires_at)


def keep_operator_token(caravan: Caravan) -> Path:
    """Give the file with the operator's token, made at the first start and readable by its owner alone.

    A token of an earlier version, which may not do all that an operator may by now, is followed by another; it stays good.
    """
    path = caravan.settings.home / "operator-token"
    held = hashed(path.read_text().strip()) if path.exists() else b""
    found = identity.token_of(caravan.cell.house.identity, held, now=caravan.clock.now()) if held else None
    if not held or (found is not None and set(SCOPES["operator"]) - set(found.scopes)):
        token, new = new_token(caravan, audience="operator", subject=0, days=_OPERATOR_DAYS)
        caravan.cell.do(people.issue_token, new)
        path.touch(mode=0o600)
        path.write_text(token + "\n")
    return path


async def bearer_of(caravan: Caravan, token: str) -> Bearer | None:
    """Tell who shows a token; None when it is unknown or too old.

    Looked up beside the cell's queue: nobody has a token before it is durable, and every request asks for one.
    """
    found = identity.token_of(caravan.cell.house.identity, hashed(token), now=caravan.clock.now())
    return Bearer(found.audience, found.subject, frozenset(found.scopes)) if found else None


async def revoke_token(caravan: Caravan, token: str) -> None:
    """Make a token good for nothing."""
    await do(caravan, people.revoke_token, hashed(token))


def hash_password(password: str) -> bytes:
    """Hash a password with scrypt and a salt of its own. Refuses one that is too short or too long."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise Invalid(
            f"A password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters.", field="password"
        )
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + hashlib.scrypt(password.encode(), salt=salt, maxmem=2**26, **_SCRYPT)


def _matches(password: str, password_hash: bytes) -> bool:
    salt, wanted = password_hash[:_SALT_BYTES], password_hash[_SALT_BYTES:]
    found = hashlib.scrypt(password.encode()[: 4 * PASSWORD_CHARACTERS_MAX], salt=salt, maxmem=2**26, **_SCRYPT)
    return hmac.compare_digest(found, wanted)


_NOBODY = bytes(_SALT_BYTES + 64)


async def log_in(caravan: Caravan, *, audience: str, email: str, password: str) -> str:
    """Give a fresh token for an e-mail address and its password; refuses with WrongLogin, in the same time for both."""
    mark = caravan.vault.mark(normal_email(email))
    found = await ask(caravan, _login, audience, mark)
    if not await run_in_threadpool(_matches, password, found.password_hash if found else _NOBODY) or found is None:
        raise identity.WrongLogin
    return await issue_token(caravan, audience=audience, subject=found.subject)


def _login(house: House, audience: str, mark: bytes) -> identity.Login | None:
    return identity.login_of(house.identity, audience=audience, email_mark=mark)


async def set_password(caravan: Caravan, *, audience: str, subject: int, email: str, password: str) -> None:
    """Let a seller or the operator log in with a password."""
    mark = caravan.vault.mark(normal_email(email))
    hashed = await run_in_threadpool(hash_password, password)
    await do(caravan, people.set_password, people.NewLogin(audience, subject, mark, hashed))


async def register(caravan: Caravan, registration: Registration) -> BuyerId:
    """Register a buyer. Refuses an address that is taken as EmailTaken, and what cannot be as Invalid."""
    buyers: list[BuyerId] = await do(caravan, people.register_buyers, [await new_buyer(caravan, registration)])
    return buyers[0]


async def new_buyer(caravan: Caravan, registration: Registration) -> people.NewBuyer:
    """Seal what somebody says of themselves, as the cell is to be told. Refuses what cannot be as Invalid."""
    email = normal_email(registration.email)
    if not registration.name.strip():
        raise Invalid("A name is needed.", field="name")
    hashed = await run_in_threadpool(hash_password, registration.password)
    contact = msgspec.json.encode(Contact(registration.name.strip(), email))
    sealed = await run_in_threadpool(caravan.vault.seal, [contact])
    place, region = b"", ""
    if registration.address is not None:
        (place,) = caravan.vault.seal_each([msgspec.json.encode(registration.address)], like=sealed)
        region = registration.address.region
    return people.NewBuyer(caravan.vault.mark(email), sealed[0], registration.country, place, hashed, region=region)


async def add_address(caravan: Caravan, buyer: BuyerId, place: Place) -> AddressId:
    """Give a buyer one more place to send to."""
    address: AddressId = await do(caravan, people.add_address, await new_address(caravan, buyer, place))
    return address


async def new_address(caravan: Caravan, buyer: BuyerId, place: Place) -> people.NewAddress:
    """Seal a place of a buyer's, as the cell is to be told."""
    known = await ask(caravan, _buyer, buyer)
    (sealed,) = caravan.vault.seal_each([msgspec.json.encode(place)], like=[known.contact])
    return people.NewAddress(buyer, place.country, sealed, place.region)


async def forget(caravan: Caravan, buyer: BuyerId) -> None:
    """Erase a buyer: first their key, then in the log; the books stay balanced.

    In this order, because a stop in between then leaves nothing that can be read; asked again, it is finished.
    """
    known = await ask(caravan, _buyer, buyer)
    if known.contact:
        await run_in_threadpool(caravan.vault.destroy, known.contact)
    await do(caravan, people.forget_buyer, buyer)


def contact_of(caravan: Caravan, buyer: identity.Buyer) -> Contact | None:
    """Open a buyer's contact; None when they were forgotten."""
    plain = caravan.vault.unseal(buyer.contact) if buyer.contact else None
    return msgspec.json.decode(plain, type=Contact) if plain else None


def place_of(caravan: Caravan, address: identity.Address) -> Place | None:
    """Open an address; None when its buyer was forgotten."""
    plain = caravan.vault.unseal(address.sealed) if address.sealed else None
    return msgspec.json.decode(plain, type=Place) if plain else None


def normal_email(email: str) -> str:
    """Give an e-mail address in the form in which it is compared; refuse what is none."""
    normal = email.strip().lower()
    name, _, host = normal.partition("@")
    if not name or "." not in host or len(normal) > 254 or any(letter.isspace() for letter in normal):  # noqa: PLR2004
        raise Invalid("An e-mail address looks like name@example.org.", field="email")
    return normal


def _buyer(house: House, buyer: BuyerId) -> identity.Buyer:
    return identity.buyer_of(house.identity, buyer)
