"""Tests how buyers register, are known by tokens and passwords, and are forgotten."""

import pytest

from caravan.flows import people
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId
from caravan.trade.ledger import Kind
from tests.flows.market import Market

ANA = people.NewBuyer(b"mark of ana", b"sealed contact of ana", "PT", b"sealed address of ana", b"scrypt of ana", "a-1")


def register(market: Market, *new: people.NewBuyer) -> object:
    return market.do(people.register_buyers, list(new))


def everything(house: House) -> bytes:
    return b"".join(array.tobytes() for array in house.identity.dump().values())


def test_buyers_register_with_address_and_password(market: Market) -> None:
    assert register(market, ANA) == [1]

    buyer = identity.buyer_of(market.house.identity, BuyerId(1))
    assert (buyer.contact, buyer.addresses) == (b"sealed contact of ana", [1])
    assert identity.login_of(market.house.identity, audience="buyer", email_mark=b"mark of ana") == identity.Login(
        1, b"scrypt of ana"
    )


def test_guests_need_neither_email_nor_address(market: Market) -> None:
    guest = people.NewBuyer(b"", b"sealed", "PT", b"")

    assert register(market, guest, guest) == [1, 2]
    assert register(market) == []


def test_one_email_address_registers_once(market: Market) -> None:
    with pytest.raises(identity.EmailTaken):
        register(market, ANA, ANA)
    register(market, ANA)

    with pytest.raises(identity.EmailTaken):
        register(market, people.NewBuyer(b"", b"sealed", "PT", b""), ANA)

    assert len(market.house.identity.buyers) == 2


def test_a_country_that_is_none_is_refused(market: Market) -> None:
    with pytest.raises(Invalid):
        register(market, ANA._replace(country="Portugal"))


def test_a_buyer_can_have_one_more_address_but_not_too_many(market: Market) -> None:
    register(market, ANA)
    new = people.NewAddress(BuyerId(1), "PT", b"sealed")

    numbers = [market.do(people.add_address, new) for _ in range(49)]

    assert numbers == list(range(2, 51))
    with pytest.raises(Invalid):
        market.do(people.add_address, new)


def test_an_unknown_buyer_has_no_address(market: Market) -> None:
    with pytest.raises(NotFound):
        market.do(people.add_address, people.NewAddress(BuyerId(1), "PT", b"sealed"))


def test_a_token_is_good_until_it_expires_or_is_revoked(market: Market) -> None:
    register(market, ANA)
    now = market.clock.now()
    for name in (b"one", b"two"):
        market.do(people.issue_token, people.NewToken(name, "buyer", 1, ("orders:read",), now + 10))

    market.do(people.revoke_token, b"two")

    found = identity.token_of(market.house.identity, b"one", now=now + 9)
    assert found == identity.Token("buyer", 1, ("orders:read",), now + 10)
    assert identity.token_of(market.house.identity, b"one", now=now + 10) is None
    assert identity.token_of(market.house.identity, b"two", now=now) is None


def test_revoking_what_is_unknown_does_no_harm(market: Market) -> None:
    assert market.do(people.revoke_token, b"none") == b"none"


def test_sellers_and_buyers_log_in_apart_with_one_email_address(market: Market) -> None:
    register(market, ANA)

    assert market.do(people.set_password, people.NewLogin("seller", 7, ANA.email_mark, b"other")) == 7

    found = market.house.identity
    assert identity.login_of(found, audience="seller", email_mark=ANA.email_mark) == identity.Login(7, b"other")
    with pytest.raises(identity.EmailTaken):
        market.do(people.set_password, people.NewLogin("seller", 8, ANA.email_mark, b"third"))


def test_a_forgotten_buyers_sealed_data_is_gone_from_the_state(market: Market) -> None:
    register(market, ANA)
    market.do(people.issue_token, people.NewToken(b"token", "buyer", 1, (), market.clock.now() + 10))

    market.do(people.forget_buyer, BuyerId(1))

    assert identity.token_of(market.house.identity, b"token", now=0) is None
    assert identity.login_of(market.house.identity, audience="buyer", email_mark=ANA.email_mark) is None
    assert identity.buyer_of(market.house.identity, BuyerId(1)).is_forgotten
    for secret in (ANA.contact, ANA.address, ANA.email_mark, ANA.password_hash, b"a-1"):
        assert secret not in everything(market.house)


def test_forgetting_leaves_money_and_orders_as_they_are(market: Market) -> None:
    buyer = market.buyer(money=20_000)
    market.buy(buyer, (market.listing(market.seller()), 1))
    market.do(people.forget_buyer, buyer)

    market.deliver(1)
    market.days_pass(3)
    market.settle()

    assert market.posted(Kind.WALLET, buyer) == 10_000
    assert market.posted(Kind.BANK) == 8_800


def test_the_email_address_of_a_forgotten_buyer_can_register_again(market: Market) -> None:
    register(market, ANA)
    market.do(people.forget_buyer, BuyerId(1))

    assert register(market, ANA) == [2]


def test_nobody_is_forgotten_twice_and_no_stranger_at_all(market: Market) -> None:
    register(market, ANA)
    market.do(people.forget_buyer, BuyerId(1))

    for buyer in (0, 1, 2):
        with pytest.raises(NotFound):
            market.do(people.forget_buyer, BuyerId(buyer))
