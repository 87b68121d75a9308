"""Tests who may sell: applications, the ways between a seller's states, locations."""

import msgspec
import pytest

from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import LocationId, SellerId
from caravan.world import partners
from caravan.world.partners import Application, Partners, SellerStatus
from caravan.world.partners import commands as limits
from tests.folding import fold, reloaded, same

NOW = Instant(1_000)
ANA = Application(name="Ana", country="PT", city="Porto", postcode="4000", reference="a-1")


def applied(*applications: Application) -> Partners:
    book = Partners()
    for number, application in enumerate(applications, 1):
        fold(book, partners.apply_to_sell(book, application, seller=SellerId(number), now=NOW))
        fold(
            book,
            partners.open_location(application, location=LocationId(number), seller=SellerId(number), now=NOW),
        )
    return book


def approve(book: Partners, seller: int = 1) -> Partners:
    return fold(book, partners.approve(book, seller=SellerId(seller), now=NOW))


def suspend(book: Partners, seller: int = 1) -> Partners:
    return fold(book, partners.suspend(book, seller=SellerId(seller), why="late", now=NOW))


def test_whoever_applies_is_not_active_yet_and_has_a_location() -> None:
    book = applied(ANA)

    seller = partners.seller_of(book, SellerId(1))
    assert (seller.name, seller.status, seller.locations) == ("Ana", SellerStatus.APPLIED, [1])
    assert book.active.tolist() == [False, False]
    assert book.locations[1] == partners.Location(LocationId(1), SellerId(1), "PT", "Porto", "4000")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * (limits.NAME_CHARACTERS_MAX + 1)},
        {"country": ""},
        {"country": "P"},
        {"country": "PRT"},
        {"country": "pt"},
        {"country": "P1"},
        {"description": "x" * (limits.DESCRIPTION_CHARACTERS_MAX + 1)},
    ],
)
def test_an_application_without_name_or_place_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        applied(msgspec.structs.replace(ANA, **wrong))

    assert refused.value.details["field"] in wrong


def test_the_longest_name_is_taken_and_its_edges_are_trimmed() -> None:
    name = "x" * limits.NAME_CHARACTERS_MAX

    book = applied(Application(name=name, country="PT", description="d" * limits.DESCRIPTION_CHARACTERS_MAX))

    assert book.sellers[1].name == name
    assert applied(Application(name=" Ana ", country="PT")).sellers[1].name == "Ana"


STANDING = {
    SellerStatus.APPLIED: lambda: applied(ANA),
    SellerStatus.ACTIVE: lambda: approve(applied(ANA)),
    SellerStatus.SUSPENDED: lambda: suspend(approve(applied(ANA))),
}


@pytest.mark.parametrize("status", [SellerStatus.APPLIED, SellerStatus.SUSPENDED])
def test_a_seller_who_is_not_active_can_be_let_in(status: SellerStatus) -> None:
    book = approve(STANDING[status]())

    assert book.sellers[1].status == SellerStatus.ACTIVE
    assert book.active.tolist() == [False, True]


def test_an_active_seller_is_not_let_in_again() -> None:
    with pytest.raises(partners.WrongSellerState):
        approve(STANDING[SellerStatus.ACTIVE]())


def test_an_active_seller_can_be_suspended() -> None:
    book = suspend(STANDING[SellerStatus.ACTIVE]())

    assert book.sellers[1].status == SellerStatus.SUSPENDED
    assert book.active.tolist() == [False, False]


@pytest.mark.parametrize("status", [SellerStatus.APPLIED, SellerStatus.SUSPENDED])
def test_only_an_active_seller_can_be_suspended(status: SellerStatus) -> None:
    with pytest.raises(partners.WrongSellerState):
        suspend(STANDING[status]())


@pytest.mark.parametrize("seller", [0, -1, 2])
def test_an_unknown_seller_is_not_found(seller: int) -> None:
    book = applied(ANA)

    with pytest.raises(NotFound):
        approve(book, seller)
    with pytest.raises(NotFound):
        suspend(book, seller)
    with pytest.raises(NotFound):
        partners.seller_of(book, SellerId(seller))


def test_partners_can_be_written_down_and_read_back() -> None:
    book = suspend(approve(approve(applied(ANA, Application(name="Rui", country="BR"))), 2), 1)

    copy = reloaded(book)

    assert same(copy, book)
    assert copy.active.tolist() == [False, False, True]
    assert copy.references == {"a-1": 1}
    assert same(reloaded(Partners()), Partners())
