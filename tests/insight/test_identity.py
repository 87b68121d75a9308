"""Tests who somebody is, how they are known, and that nothing readable is left of whoever is forgotten."""

import pytest

from caravan.insight import identity
from caravan.insight.identity import Identity
from caravan.insight.identity.commands import ADDRESSES_MAX
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId
from tests.folding import fold, reloaded, same

NOW = Instant(1_000)


def register(book: Identity, mark: bytes = b"", *, country: str = "PT", reference: str = "") -> BuyerId:
    buyer = BuyerId(len(book.buyers))
    fact = identity.register_buyer(
        book, buyer=buyer, email_mark=mark, contact=b"sealed contact", country=country, reference=reference, now=NOW
    )
    fold(book, fact)
    return buyer


def add_address(book: Identity, buyer: int, country: str = "PT") -> AddressId:
    address = AddressId(len(book.addresses))
    fold(
        book,
        identity.add_address(
            book, address=address, buyer=BuyerId(buyer), country=country, sealed=b"sealed address", now=NOW
        ),
    )
    return address


def set_password(book: Identity, mark: bytes, *, audience: str = "buyer", subject: int = 1) -> None:
    fact = identity.set_password(
        book, audience=audience, subject=subject, email_mark=mark, password_hash=b"scrypt", now=NOW
    )
    fold(book, fact)


def issue(book: Identity, name: bytes, *, audience: str = "buyer", subject: int = 1) -> None:
    fact = identity.issue_token(
        token_hash=name, audience=audience, subject=subject, scopes=["a", "b"], expires_at=2_000, now=NOW
    )
    fold(book, fact)


def forget(book: Identity, buyer: int) -> Identity:
    return fold(book, identity.forget(book, buyer=BuyerId(buyer), now=NOW))


def test_an_email_address_is_somebodys_alone() -> None:
    book = Identity()
    register(book, b"mark")

    with pytest.raises(identity.EmailTaken):
        register(book, b"mark")

    assert register(book, b"other") == 2


def test_guests_have_no_email_address_and_may_be_many() -> None:
    book = Identity()

    assert [register(book), register(book)] == [1, 2]
    assert not book.marks


@pytest.mark.parametrize("country", ["", "P", "PRT", "pt", "P1"])
def test_a_country_is_two_capital_letters(country: str) -> None:
    book = Identity()
    buyer = register(book)

    with pytest.raises(Invalid):
        register(book, country=country)
    with pytest.raises(Invalid):
        add_address(book, buyer, country)


def test_a_buyer_has_not_too_many_addresses() -> None:
    book = Identity()
    buyer = register(book)
    for _ in range(ADDRESSES_MAX):
        add_address(book, buyer)

    with pytest.raises(Invalid):
        add_address(book, buyer)

    assert identity.address_of(book, AddressId(1)).buyer == buyer


@pytest.mark.parametrize("number", [0, -1, 2])
def test_who_and_what_is_unknown_is_not_found(number: int) -> None:
    book = Identity()
    add_address(book, register(book))

    with pytest.raises(NotFound):
        identity.buyer_of(book, BuyerId(number))
    with pytest.raises(NotFound):
        identity.address_of(book, AddressId(number))
    with pytest.raises(NotFound):
        forget(book, number)


def test_a_password_can_be_changed_by_its_owner_alone() -> None:
    book = Identity()
    set_password(book, b"mark")
    set_password(book, b"mark")

    with pytest.raises(identity.EmailTaken):
        set_password(book, b"mark", subject=2)
    set_password(book, b"mark", audience="seller", subject=2)

    assert identity.login_of(book, audience="buyer", email_mark=b"mark") == identity.Login(1, b"scrypt")
    assert identity.login_of(book, audience="buyer", email_mark=b"none") is None


def test_a_token_needs_an_audience_that_exists() -> None:
    with pytest.raises(Invalid):
        issue(Identity(), b"token", audience="guest")


@pytest.mark.parametrize("audience", ["buyer", "seller", "operator"])
def test_a_token_is_good_before_it_expires(audience: str) -> None:
    book = Identity()
    issue(book, b"token", audience=audience)

    assert identity.token_of(book, b"token", now=1_999) == identity.Token(audience, 1, ("a", "b"), 2_000)
    assert identity.token_of(book, b"token", now=2_000) is None
    assert identity.token_of(book, b"other", now=0) is None


def test_a_revoked_token_is_good_for_nothing() -> None:
    book = Identity()
    issue(book, b"token")

    fold(book, identity.revoke_token(token_hash=b"token", now=NOW))
    fold(book, identity.revoke_token(token_hash=b"token", now=NOW))

    assert identity.token_of(book, b"token", now=NOW) is None


def full() -> Identity:
    book = Identity()
    for mark in (b"mark-1", b"mark-2", b""):
        add_address(book, register(book, mark, reference=mark.decode()))
    for subject, mark in ((1, b"mark-1"), (2, b"mark-2")):
        set_password(book, mark, subject=subject)
        issue(book, b"token-" + mark, subject=subject)
    issue(book, b"token-seller", audience="seller", subject=1)
    return book


def test_nothing_that_was_sealed_or_known_of_a_forgotten_buyer_is_left() -> None:
    book = forget(full(), 1)

    state = b"".join(array.tobytes() for array in book.dump().values())

    assert b"mark-1" not in state
    assert state.count(b"sealed contact") == state.count(b"sealed address") == 2
    assert identity.buyer_of(book, BuyerId(1)).is_forgotten
    assert identity.token_of(book, b"token-mark-1", now=NOW) is None


def test_forgetting_one_buyer_touches_nobody_else() -> None:
    book = forget(full(), 1)

    assert identity.token_of(book, b"token-mark-2", now=NOW) is not None
    assert identity.token_of(book, b"token-seller", now=NOW) is not None
    assert identity.login_of(book, audience="buyer", email_mark=b"mark-2") is not None
    assert book.marks == {b"mark-2": 2}


def test_nobody_is_forgotten_twice() -> None:
    book = forget(full(), 3)

    with pytest.raises(NotFound):
        forget(book, 3)


@pytest.mark.parametrize("buyer", [0, 1, 3])
def test_identity_can_be_written_down_and_read_back(buyer: int) -> None:
    book = full()
    if buyer:
        forget(book, buyer)

    copy = reloaded(book)

    assert same(copy, book)
    assert (copy.marks, copy.references) == (book.marks, book.references)
    assert same(reloaded(Identity()), Identity())
