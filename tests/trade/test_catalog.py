"""Tests pages, SKUs and listings: what is refused, the ways between the states, and that the state can be written down."""

import msgspec
import numpy as np
import pytest

from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, LocationId, ProductId, SellerId, SkuId
from caravan.kernel.money import Money
from caravan.trade import catalog
from caravan.trade.catalog import Catalog, ListingDraft, ListingStatus, ProductDraft
from caravan.trade.catalog import commands as limits
from caravan.trade.catalog.texts import Texts
from tests.folding import fold, reloaded, same

NOW = Instant(1_000)
PAGE = ProductDraft(title="Mug", reference="p")
TERMS = ListingDraft(price_minor=100, currency="EUR", reference="l")


def add_listing(book: Catalog, terms: ListingDraft = TERMS, *, sku: int = 1) -> ListingId:
    listing = ListingId(len(book.listings))
    fold(
        book,
        catalog.add_listing(
            book, terms, listing=listing, seller=SellerId(1), sku=SkuId(sku), location=LocationId(1), now=NOW
        ),
    )
    return listing


@pytest.fixture
def book() -> Catalog:
    """Give a catalog with one page, one SKU and one drafted listing."""
    book = Catalog()
    fold(book, catalog.add_product(book, PAGE, product=ProductId(1), seller=SellerId(1), now=NOW))
    fold(book, catalog.add_sku(book, sku=SkuId(1), product=ProductId(1), option="red", now=NOW))
    add_listing(book)
    return book


def to(book: Catalog, status: ListingStatus, listing: int = 1) -> Catalog:
    return fold(book, catalog.move_listing(book, listing=ListingId(listing), to=status, now=NOW, why="because"))


WAYS = {
    ListingStatus.DRAFT: (),
    ListingStatus.IN_REVIEW: (ListingStatus.IN_REVIEW,),
    ListingStatus.LIVE: (ListingStatus.LIVE,),
    ListingStatus.PAUSED: (ListingStatus.LIVE, ListingStatus.PAUSED),
    ListingStatus.RETIRED: (ListingStatus.RETIRED,),
    ListingStatus.SUSPENDED: (ListingStatus.LIVE, ListingStatus.SUSPENDED),
}
ALLOWED = {
    (ListingStatus.DRAFT, ListingStatus.IN_REVIEW), (ListingStatus.DRAFT, ListingStatus.LIVE),
    (ListingStatus.DRAFT, ListingStatus.RETIRED), (ListingStatus.IN_REVIEW, ListingStatus.LIVE),
    (ListingStatus.IN_REVIEW, ListingStatus.RETIRED), (ListingStatus.IN_REVIEW, ListingStatus.SUSPENDED),
    (ListingStatus.LIVE, ListingStatus.PAUSED), (ListingStatus.LIVE, ListingStatus.RETIRED),
    (ListingStatus.LIVE, ListingStatus.SUSPENDED), (ListingStatus.PAUSED, ListingStatus.LIVE),
    (ListingStatus.PAUSED, ListingStatus.RETIRED), (ListingStatus.PAUSED, ListingStatus.SUSPENDED),
    (ListingStatus.SUSPENDED, ListingStatus.LIVE), (ListingStatus.SUSPENDED, ListingStatus.RETIRED),
}  # fmt: skip


@pytest.mark.parametrize("source", ListingStatus)
@pytest.mark.parametrize("target", ListingStatus)
def test_a_listing_goes_the_ways_that_exist_and_no_other(
    book: Catalog, source: ListingStatus, target: ListingStatus
) -> None:
    for step in WAYS[source]:
        to(book, step)

    if (source, target) in ALLOWED:
        to(book, target)
    else:
        with pytest.raises(catalog.WrongListingState):
            to(book, target)

    assert book.listings.status[1] == (target if (source, target) in ALLOWED else source)


@pytest.mark.parametrize("listing", [0, -1, 2])
def test_an_unknown_listing_is_not_found(book: Catalog, listing: int) -> None:
    with pytest.raises(NotFound):
        to(book, ListingStatus.LIVE, listing)
    with pytest.raises(NotFound):
        catalog.listing_of(book, ListingId(listing))
    with pytest.raises(NotFound):
        catalog.reprice(book, listing=ListingId(listing), price_minor=1, shipping_minor=0, by="x", now=NOW)


@pytest.mark.parametrize("product", [0, -1, 2])
def test_an_unknown_page_is_not_found(book: Catalog, product: int) -> None:
    with pytest.raises(NotFound):
        catalog.product_of(book, ProductId(product))
    with pytest.raises(NotFound):
        catalog.edit_product(book, PAGE, product=ProductId(product), revision=None, by="x", now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "  "},
        {"title": "x" * (limits.TITLE_CHARACTERS_MAX + 1)},
        {"description": "x" * (limits.DESCRIPTION_CHARACTERS_MAX + 1)},
        {"image": "x" * (limits.IMAGE_CHARACTERS_MAX + 1)},
        {"attributes": {str(place): "x" for place in range(limits.ATTRIBUTES_MAX + 1)}},
        {"weight_grams": -1},
    ],
)
def test_a_page_that_cannot_be_shown_is_refused(book: Catalog, wrong: dict[str, object]) -> None:
    draft = msgspec.structs.replace(PAGE, **wrong)

    with pytest.raises(Invalid) as added:
        catalog.add_product(book, draft, product=ProductId(2), seller=SellerId(1), now=NOW)
    with pytest.raises(Invalid):
        catalog.edit_product(book, draft, product=ProductId(1), revision=1, by="x", now=NOW)

    assert added.value.details["field"] in wrong


def test_a_page_may_be_as_long_as_the_limits_say(book: Catalog) -> None:
    draft = ProductDraft(
        title="x" * limits.TITLE_CHARACTERS_MAX,
        description="x" * limits.DESCRIPTION_CHARACTERS_MAX,
        image="x" * limits.IMAGE_CHARACTERS_MAX,
        attributes={str(place): "x" for place in range(limits.ATTRIBUTES_MAX)},
    )

    fold(book, catalog.add_product(book, draft, product=ProductId(2), seller=SellerId(1), now=NOW))

    assert len(catalog.product_of(book, ProductId(2)).attributes) == limits.ATTRIBUTES_MAX


def test_an_edit_changes_the_page_and_counts(book: Catalog) -> None:
    better = ProductDraft(title="Better", description="d", category="Home", image="i")

    fold(book, catalog.edit_product(book, better, product=ProductId(1), revision=1, by="ana", now=NOW))

    page = catalog.product_of(book, ProductId(1))
    assert (page.title, page.description, page.category, page.image, page.revision) == ("Better", "d", "Home", "i", 2)


def test_an_edit_of_a_page_that_somebody_has_edited_since_conflicts(book: Catalog) -> None:
    fold(book, catalog.edit_product(book, PAGE, product=ProductId(1), revision=None, by="ana", now=NOW))

    with pytest.raises(catalog.StaleRevision):
        catalog.edit_product(book, PAGE, product=ProductId(1), revision=1, by="rui", now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_minor": 0},
        {"price_minor": -1},
        {"price_minor": limits.PRICE_MINOR_MAX + 1},
        {"shipping_minor": -1},
        {"shipping_minor": limits.PRICE_MINOR_MAX + 1},
        {"currency": "ZZZ"},
        {"condition": "broken"},
    ],
)
def test_terms_that_are_none_are_refused(book: Catalog, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        add_listing(book, msgspec.structs.replace(TERMS, **wrong))


def test_the_highest_price_and_the_lowest_are_taken(book: Catalog) -> None:
    dear = ListingDraft(price_minor=limits.PRICE_MINOR_MAX, shipping_minor=limits.PRICE_MINOR_MAX, currency="JPY")

    high, low = add_listing(book, dear), add_listing(book, ListingDraft(price_minor=1, currency="EUR"))

    assert catalog.listing_of(book, high).price == Money(limits.PRICE_MINOR_MAX, "JPY")
    assert catalog.listing_of(book, low).price == Money(1, "EUR")


def test_a_price_can_be_changed_until_the_listing_is_retired(book: Catalog) -> None:
    fold(book, catalog.reprice(book, listing=ListingId(1), price_minor=7, shipping_minor=2, by="ana", now=NOW))
    assert catalog.listing_of(book, ListingId(1)).price == Money(7, "EUR")
    to(book, ListingStatus.RETIRED)

    with pytest.raises(catalog.WrongListingState):
        catalog.reprice(book, listing=ListingId(1), price_minor=7, shipping_minor=2, by="ana", now=NOW)


@pytest.mark.parametrize(("price", "shipping"), [(0, 0), (1, -1), (limits.PRICE_MINOR_MAX + 1, 0)])
def test_a_listing_is_not_given_a_price_that_is_none(book: Catalog, price: int, shipping: int) -> None:
    with pytest.raises(Invalid):
        catalog.reprice(book, listing=ListingId(1), price_minor=price, shipping_minor=shipping, by="ana", now=NOW)


def test_a_price_is_not_changed_over_somebody_elses_edit(book: Catalog) -> None:
    to(book, ListingStatus.LIVE)

    with pytest.raises(catalog.StaleRevision):
        catalog.reprice(book, listing=ListingId(1), price_minor=7, shipping_minor=2, by="ana", now=NOW, revision=1)

    fold(
        book,
        catalog.reprice(book, listing=ListingId(1), price_minor=7, shipping_minor=0, by="ana", now=NOW, revision=2),
    )
    assert catalog.listing_of(book, ListingId(1)).revision == 3


def test_offers_are_the_live_listings_by_landed_price(book: Catalog) -> None:
    cheap = add_listing(book, ListingDraft(price_minor=10, shipping_minor=80, currency="EUR"))
    same_price = add_listing(book, ListingDraft(price_minor=90, currency="EUR"))
    for listing in (1, cheap, same_price):
        to(book, ListingStatus.LIVE, listing)
    add_listing(book, ListingDraft(price_minor=1, currency="EUR"))

    offers = catalog.offers_of(book, ProductId(1))

    assert [offer.listing for offer in offers] == [cheap, same_price, 1]
    assert (offers[0].option, offers[0].product) == ("red", 1)


def test_a_new_listing_is_published_or_waits_to_be_looked_at(book: Catalog) -> None:
    second = add_listing(book)

    fold(book, catalog.publish_new(listing=ListingId(1), is_reviewed=False, now=NOW))
    fold(book, catalog.publish_new(listing=second, is_reviewed=True, now=NOW))

    assert book.listings.status.tolist() == [0, ListingStatus.LIVE, ListingStatus.IN_REVIEW]


def test_the_catalog_can_be_written_down_and_read_back(book: Catalog) -> None:
    to(book, ListingStatus.LIVE)

    copy = reloaded(book)

    assert same(copy, book)
    assert copy.references == book.references
    assert copy.pages == book.pages == {"p": 1}
    assert same(reloaded(Catalog()), Catalog())
    assert not same(copy, Catalog())


def test_listings_come_by_product_sku_and_age_however_they_were_added(book: Catalog) -> None:
    fold(book, catalog.add_product(book, PAGE, product=ProductId(2), seller=SellerId(1), now=NOW))
    for sku, product in ((2, 2), (3, 1), (4, 1)):
        fold(book, catalog.add_sku(book, sku=SkuId(sku), product=ProductId(product), option="blue", now=NOW))
    for sku in (4, 1, 3, 4, 1):
        add_listing(book, sku=sku)

    places, listings = catalog.listings_of(book, np.array([2, 1, 2, 1]))

    assert listings.tolist() == [1, 3, 6, 4, 2, 5] * 2
    assert places.tolist() == [1] * 6 + [3] * 6
    assert book.products[1].skus == [1, 3, 4]
    assert book.skus[4].listings == [2, 5]
    assert book.skus[1:3] == [book.skus[1], book.skus[2]]
    assert book.products[1:] == [book.products[1], book.products[2]]


def test_a_section_of_many_is_chained_as_one_by_one(book: Catalog) -> None:
    other = reloaded(book)
    added = [catalog.add_sku(book, sku=SkuId(sku), product=ProductId(1), option="", now=NOW) for sku in (2, 3, 4)]

    fold(book, added)
    fold(other, *added)

    assert same(book, other)
    assert book.products[1].skus == [1, 2, 3, 4]


def test_a_text_too_long_for_a_piece_has_one_of_its_own() -> None:
    texts = Texts()

    places = [texts.put(text) for text in (b"short", b"long" * 2_000_000, b"short again")]

    assert [bytes(texts.get(place)) for place in places] == [b"short", b"long" * 2_000_000, b"short again"]


def test_what_was_edited_is_written_down_as_if_it_had_been_so_from_the_start(book: Catalog) -> None:
    edited = ProductDraft(title="Cup", reference="p", category="Kitchen")

    fold(book, catalog.edit_product(book, edited, product=ProductId(1), revision=1, by="me", now=NOW))

    assert same(reloaded(book), book)
    assert (book.products[1].title, book.products[1].category, book.products[1].revision) == ("Cup", "Kitchen", 2)
