"""Tests how a business is let in, puts products on offer and brings its stock."""

import numpy as np
import pytest

from caravan.flows import selling
from caravan.flows.house import integers
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, ProductId, SellerId
from caravan.trade import catalog, ledger
from caravan.trade.catalog import ListingStatus
from caravan.world import markets, partners
from tests.flows.market import Market

PAGE = catalog.ProductDraft(title="Mug", reference="mug-page")
DRAFT = catalog.ListingDraft(price_minor=1_000, currency="EUR", reference="mug")


def offer(market: Market, seller: int, *options: str, **rest: object) -> list[selling.Offered]:
    what = selling.Offer(options=tuple((option, DRAFT) for option in options), **rest)  # type: ignore[arg-type]
    offered = market.do(selling.offer_products, selling.Offers([SellerId(seller)], [what]))
    assert isinstance(offered, list)
    return offered


def test_sellers_apply_with_one_location_each(market: Market) -> None:
    applications = [partners.Application(name=name, country="PT") for name in ("Ana", "Rui")]

    sellers = market.do(selling.apply_to_sell, applications)

    assert sellers == [1, 2]
    assert [market.house.partners.sellers[seller].locations for seller in (1, 2)] == [[1], [2]]


def test_nobody_applying_is_nothing(market: Market) -> None:
    assert market.do(selling.apply_to_sell, []) == []
    assert market.do(selling.approve_sellers, []) == []


def test_one_bad_application_refuses_all(market: Market) -> None:
    applications = [partners.Application(name="Ana", country="PT"), partners.Application(name="", country="PT")]

    with pytest.raises(Invalid):
        market.do(selling.apply_to_sell, applications)

    assert len(market.house.partners.sellers) == 1


def test_a_seller_who_is_not_let_in_cannot_offer(market: Market) -> None:
    market.do(selling.apply_to_sell, [partners.Application(name="Ana", country="PT")])

    with pytest.raises(partners.SellerNotActive):
        offer(market, 1, "", page=PAGE)


def test_a_suspended_seller_cannot_offer_until_let_in_again(market: Market) -> None:
    seller = market.seller()
    market.do(selling.suspend_seller, selling.Suspension(seller, "late"))
    with pytest.raises(partners.SellerNotActive):
        offer(market, seller, "", page=PAGE)

    market.do(selling.approve_sellers, [seller])

    assert offer(market, seller, "", page=PAGE) == [selling.Offered(ProductId(1), (ListingId(1),))]


def test_an_offer_without_options_is_refused(market: Market) -> None:
    with pytest.raises(Invalid):
        offer(market, market.seller(), page=PAGE)


def test_an_offer_in_another_currency_is_refused_and_nothing_is_written(market: Market) -> None:
    seller = market.seller()
    what = selling.Offer(page=PAGE, options=(("", catalog.ListingDraft(price_minor=1_000, currency="USD")),))

    with pytest.raises(Invalid):
        market.do(selling.offer_products, selling.Offers([seller], [what]))

    assert len(market.house.catalog.products) == 1


def test_an_unknown_seller_cannot_offer(market: Market) -> None:
    with pytest.raises(NotFound):
        offer(market, 9, "", page=PAGE)


def test_one_sku_is_made_for_each_option_and_a_second_seller_shares_them(market: Market) -> None:
    first, second = market.seller("Ana"), market.seller("Rui")
    offer(market, first, "red", "blue", page=PAGE)

    joined = offer(market, second, "blue", "green", product=ProductId(1))

    assert joined == [selling.Offered(ProductId(1), (ListingId(3), ListingId(4)))]
    assert market.house.catalog.listings.sku.tolist() == [0, 1, 2, 2, 3]


def test_an_unknown_page_cannot_be_joined(market: Market) -> None:
    with pytest.raises(NotFound):
        offer(market, market.seller(), "", product=ProductId(7))


def test_offers_of_one_reference_join_one_page_within_a_call_and_later(market: Market) -> None:
    seller = market.seller()
    what = selling.Offer(page=PAGE, options=(("", DRAFT),), joins_page=True)

    both = market.do(selling.offer_products, selling.Offers([seller, seller], [what, what]))
    later = market.do(selling.offer_products, selling.Offers([seller], [what]))

    assert isinstance(both, list)
    assert isinstance(later, list)
    assert [one.product for one in both + later] == [1, 1, 1]
    assert len(market.house.catalog.skus) == 2


def test_offers_that_do_not_join_make_pages_of_their_own(market: Market) -> None:
    seller = market.seller()
    what = selling.Offer(page=PAGE, options=(("", DRAFT),))

    both = market.do(selling.offer_products, selling.Offers([seller, seller], [what, what]))

    assert isinstance(both, list)
    assert [one.product for one in both] == [1, 2]


def test_an_offer_that_is_not_live_stays_a_draft(market: Market) -> None:
    offered = offer(market, market.seller(), "", page=PAGE, is_live=False)

    assert market.house.catalog.listings.status[offered[0].listings[0]] == ListingStatus.DRAFT


def test_where_listings_are_reviewed_a_sellers_publishing_waits_for_the_operator() -> None:
    market = Market()
    market.open(policy=markets.Policy(reviews_listings=True))
    seller = market.seller()
    drafted = offer(market, seller, "", page=PAGE, is_live=False)[0].listings[0]
    offered = offer(market, seller, "", page=PAGE)[0].listings[0]

    market.move(drafted, ListingStatus.LIVE, seller=seller)

    status = market.house.catalog.listings.status
    assert status[drafted] == status[offered] == ListingStatus.IN_REVIEW
    with pytest.raises(catalog.WrongListingState):
        market.move(offered, ListingStatus.LIVE, seller=seller)
    market.move(offered, ListingStatus.LIVE)
    assert market.house.catalog.listings.status[offered] == ListingStatus.LIVE
    market.close()


def test_a_seller_can_pause_and_resume_but_not_suspend(market: Market) -> None:
    seller = market.seller()
    listing = market.listing(seller)
    market.move(listing, ListingStatus.PAUSED, seller=seller)
    market.move(listing, ListingStatus.LIVE, seller=seller)

    with pytest.raises(catalog.WrongListingState):
        market.move(listing, ListingStatus.SUSPENDED, seller=seller)

    assert market.house.catalog.listings.status[listing] == ListingStatus.LIVE


def test_a_seller_cannot_bring_a_suspended_listing_back(market: Market) -> None:
    seller = market.seller()
    listing = market.listing(seller)
    market.move(listing, ListingStatus.SUSPENDED)

    with pytest.raises(catalog.WrongListingState):
        market.move(listing, ListingStatus.LIVE, seller=seller)


def test_a_draft_goes_live_at_once_where_nothing_is_reviewed(market: Market) -> None:
    seller = market.seller()
    listing = offer(market, seller, "", page=PAGE, is_live=False)[0].listings[0]

    market.move(listing, ListingStatus.LIVE, seller=seller)

    assert market.house.catalog.listings.status[listing] == ListingStatus.LIVE


@pytest.mark.parametrize("listing", [0, -1, 2, 99])
def test_an_unknown_listing_is_not_found(market: Market, listing: int) -> None:
    market.listing(market.seller())

    with pytest.raises(NotFound):
        market.move(ListingId(listing), ListingStatus.PAUSED)


def test_another_sellers_listing_is_not_found(market: Market) -> None:
    listing = market.listing(market.seller("Ana"))
    other = market.seller("Rui")

    with pytest.raises(NotFound):
        market.move(listing, ListingStatus.PAUSED, seller=other)
    with pytest.raises(NotFound):
        market.do(selling.reprice, selling.Price(other, listing, 5, 0, "rui"))


def test_a_price_is_changed_by_its_seller(market: Market) -> None:
    seller = market.seller()
    listing = market.listing(seller)

    market.do(selling.reprice, selling.Price(seller, listing, 5, 7, "ana", revision=2))

    table = market.house.catalog.listings
    assert (table.price[listing], table.shipping[listing], market.house.catalog.details.revision[listing]) == (5, 7, 3)


def test_a_page_is_edited_by_its_maker_and_by_nobody_else(market: Market) -> None:
    seller, other = market.seller("Ana"), market.seller("Rui")
    market.listing(seller)
    better = catalog.ProductDraft(title="Better mug")

    with pytest.raises(NotFound):
        market.do(selling.edit_product, selling.Edit(other, ProductId(1), better, "rui"))
    market.do(selling.edit_product, selling.Edit(seller, ProductId(1), better, "ana", revision=1))

    assert market.house.catalog.products[1].title == "Better mug"


def test_a_stale_edit_conflicts(market: Market) -> None:
    market.listing(market.seller())

    with pytest.raises(catalog.StaleRevision):
        market.do(selling.edit_product, selling.Edit(SellerId(0), ProductId(1), PAGE, "operator", revision=5))


def test_stock_that_comes_in_is_available_and_what_is_taken_out_is_gone(market: Market) -> None:
    listing = market.listing(market.seller(), stock=0)

    market.stock(listing, 5)
    market.stock(listing, -2)

    assert market.units(listing) == {"available": 3, "committed": 0, "shipped": 0, "reserved": 0}
    assert market.posted(ledger.Kind.SUPPLIED, 0, unit=1) == -3


def test_more_than_is_available_cannot_be_taken_out(market: Market) -> None:
    listing = market.listing(market.seller(), stock=5)

    with pytest.raises(ledger.OutOfStock) as refused:
        market.stock(listing, -6)

    assert refused.value.details["available"] == 5
    assert market.units(listing)["available"] == 5


def test_reserved_units_cannot_be_taken_out(market: Market) -> None:
    listing = market.listing(market.seller(), stock=5)
    market.hold(market.buyer(), (listing, 4))

    with pytest.raises(ledger.OutOfStock):
        market.stock(listing, -2)

    assert market.stock(listing, -1) == 1


@pytest.mark.parametrize("quantity", [0, selling.UNITS_PER_RECEIPT_MAX + 1, -selling.UNITS_PER_RECEIPT_MAX - 1])
def test_a_receipt_of_nothing_or_of_too_much_is_refused(market: Market, quantity: int) -> None:
    listing = market.listing(market.seller())

    with pytest.raises(Invalid):
        market.stock(listing, quantity)


def test_the_largest_receipt_is_taken(market: Market) -> None:
    listing = market.listing(market.seller(), stock=selling.UNITS_PER_RECEIPT_MAX)

    assert market.units(listing)["available"] == selling.UNITS_PER_RECEIPT_MAX


@pytest.mark.parametrize("listing", [0, -1, 9])
def test_stock_of_an_unknown_listing_is_refused(market: Market, listing: int) -> None:
    with pytest.raises(NotFound):
        market.stock(ListingId(listing), 1)


def test_units_are_taken_out_of_one_listing_at_a_time(market: Market) -> None:
    seller = market.seller()
    first, second = market.listing(seller), market.listing(seller)

    with pytest.raises(Invalid):
        market.one(
            selling.receive_stock, selling.Receipt(integers([first, second]), integers([1, -1]), np.zeros(2, int))
        )


def test_a_refused_receipt_does_not_disturb_its_neighbors(market: Market) -> None:
    listing = market.listing(market.seller(), stock=1)
    now = market.clock.now()

    answers = market.many(
        selling.receive_stock,
        selling.stock_receipt(listing, -1, at=now),
        selling.stock_receipt(listing, -1, at=now),
        selling.Receipt(integers([listing, listing]), integers([2, 3]), integers([now, now])),
    )

    assert [answers[0], type(answers[1]), answers[2]] == [1, ledger.OutOfStock, 2]
    assert market.units(listing)["available"] == 5
