"""Tests that what people page through shows what the house holds, from the beginning and after a break."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from caravan.adapters.sqlite_views import SqliteViewStore
from caravan.bootstrap import KINDS
from caravan.cell import Projector
from caravan.flows import people, selling, settlement
from caravan.flows.views import all_views
from caravan.kernel.ids import OrderId, PayoutId, ProductId, SellerId
from caravan.trade import catalog
from caravan.trade.catalog import ListingStatus
from caravan.trade.ledger import Kind
from caravan.trade.orders import OrderState, order_state
from tests.flows.market import Market


class Pages:
    """The views of a market, in a file."""

    def __init__(self, market: Market, path: Path) -> None:
        self.store = SqliteViewStore(path)
        self.projector = Projector(log=market.log, kinds=KINDS, views=all_views(), store=self.store)

    def read(self, query: str) -> list[tuple[object, ...]]:
        """Fold in what is new, and ask."""
        self.projector.catch_up()
        return [tuple(row) for row in self.store.read(query)]


@pytest.fixture
def pages(market: Market, tmp_path: Path) -> Iterator[Pages]:
    """Lend the views of the market."""
    pages = Pages(market, tmp_path / "views.db")
    yield pages
    pages.store.close()


def traded(market: Market) -> None:
    """Place five orders of one listing, and bring each to another end."""
    listing = market.listing(market.seller(), price=1_000)
    buyer = market.buyer()
    for _ in range(5):
        market.buy(buyer, (listing, 2))
    market.cancel(2)
    for order in (3, 4):
        market.hand_over(order)
    market.deliver(5)
    market.scan(2)
    market.days_pass(3)
    market.settle()
    market.take_back(4, refund=1_000)


def test_orders_stand_in_the_view_where_they_stand_in_the_house(market: Market, pages: Pages) -> None:
    traded(market)

    shown = pages.read("SELECT number, status, fulfillment FROM orders ORDER BY number")

    assert [OrderState(str(status), str(fulfillment)) for _, status, fulfillment in shown] == [
        order_state(market.house.orders, OrderId(number)) for number in range(1, 6)
    ]
    assert pages.read("SELECT DISTINCT purchase - number, buyer, seller, unit, total, fee FROM orders") == [
        (0, 1, 1, 978, 2_000, 200)
    ]


def test_a_statement_sums_to_the_balance(market: Market, pages: Pages) -> None:
    traded(market)

    sums = pages.read("SELECT kind, owner, sum(amount) FROM statements GROUP BY kind, owner ORDER BY kind")

    assert sums == [
        (Kind.WALLET, 1, market.posted(Kind.WALLET, 1)),
        (Kind.SELLER_BALANCE, 1, market.posted(Kind.SELLER_BALANCE, 1)),
    ]


def test_statements_go_on_after_a_break_and_over_many_accounts(market: Market, tmp_path: Path) -> None:
    first = Pages(market, tmp_path / "views.db")
    buyers = [market.buyer(money=100 + number) for number in range(40)]
    first.read("SELECT 1")
    first.store.close()

    market.top_up(buyers[-1], 1)
    second = Pages(market, tmp_path / "views.db")

    sums = second.read("SELECT owner, sum(amount) FROM statements GROUP BY owner ORDER BY owner")
    assert [amount for _, amount in sums] == [*range(100, 139), 140]
    second.store.close()


def test_payouts_are_shown_with_what_they_itemize(market: Market, pages: Pages) -> None:
    traded(market)

    assert pages.read("SELECT number, seller, unit, amount, deducted FROM payouts") == [(1, 1, 978, 3_520, 0)]
    assert pages.read("SELECT * FROM payout_lines ORDER BY order_number") == [(1, 4, 1_760), (1, 5, 1_760)]


def test_the_shelf_shows_the_best_landed_price_of_what_is_live(market: Market, pages: Pages) -> None:
    seller = market.seller()
    first = market.listing(seller, price=900, shipping=50)
    other = selling.Offer(
        product=ProductId(1), options=(("red", catalog.ListingDraft(price_minor=920, currency="EUR")),)
    )
    market.do(selling.offer_products, selling.Offers([seller], [other]))
    assert pages.read("SELECT price, offers FROM shelf") == [(920, 2)]

    market.do(selling.reprice, selling.Price(seller, first, 800, 50, "ana"))
    assert pages.read("SELECT price, offers FROM shelf") == [(850, 2)]

    market.move(first, ListingStatus.PAUSED)
    assert pages.read("SELECT price, offers FROM shelf") == [(920, 1)]


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([], "live"),
        ([ListingStatus.PAUSED], "paused"),
        ([ListingStatus.SUSPENDED], "suspended"),
        ([ListingStatus.RETIRED], "retired"),
        ([ListingStatus.PAUSED, ListingStatus.LIVE], "live"),
    ],
)
def test_the_shelf_knows_where_a_listing_stands(
    market: Market, pages: Pages, steps: list[ListingStatus], status: str
) -> None:
    listing = market.listing(market.seller())

    for step in steps:
        market.move(listing, step)

    assert pages.read("SELECT status, is_live FROM shelf_listings") == [(status, int(status == "live"))]


def test_the_shelf_counts_what_was_sold(market: Market, pages: Pages) -> None:
    listing = market.listing(market.seller())
    buyer = market.buyer()

    market.buy(buyer, (listing, 2))
    market.buy(buyer, (listing, 1))

    assert pages.read("SELECT sold FROM shelf") == [(3,)]


def test_products_are_found_by_their_words_as_they_read_now(market: Market, pages: Pages) -> None:
    seller = market.seller()
    page = catalog.ProductDraft(title="Caneca", description="de café", category="Casa", brand="Vista")
    options = (("azul", catalog.ListingDraft(price_minor=1, currency="EUR")),)
    market.do(selling.offer_products, selling.Offers([seller], [selling.Offer(page=page, options=options)]))
    edited = catalog.ProductDraft(title="Chávena", description="de chá")
    market.do(selling.edit_product, selling.Edit(SellerId(0), ProductId(1), edited, "ana"))
    pages.projector.catch_up()

    words = ("chavena", "azul", "vista", "caneca")
    found = {word: len(pages.store.read("SELECT * FROM words WHERE words MATCH ?", (word,))) for word in words}

    assert found == {"chavena": 1, "azul": 1, "vista": 1, "caneca": 0}
    assert pages.read("SELECT title, category FROM shelf") == [("Chávena", "Other")]


def test_a_forgotten_buyers_sealed_data_is_in_no_view(market: Market, tmp_path: Path) -> None:
    pages = Pages(market, tmp_path / "views.db")
    buyer = market.buyer(contact=b"something personal")
    market.buy(buyer, (market.listing(market.seller()), 1))
    market.do(people.forget_buyer, buyer)

    pages.read("SELECT 1")
    pages.store.close()

    assert not any(b"something personal" in file.read_bytes() for file in tmp_path.iterdir())


def test_views_that_are_built_again_show_the_same(market: Market, pages: Pages, tmp_path: Path) -> None:
    for _ in range(3):
        pages.read("SELECT 1")
        market.listing(market.seller())
    traded(market)
    again = Pages(market, tmp_path / "again.db")

    for table in ("orders", "statements", "payouts", "payout_lines", "shelf", "shelf_listings", "words"):
        query = f"SELECT * FROM {table}"  # noqa: S608  # Our own names.
        assert sorted(pages.read(query), key=repr) == sorted(again.read(query), key=repr)

    again.store.close()


def test_a_payout_is_what_it_itemizes_and_what_came_back_is_itemized_again(market: Market, pages: Pages) -> None:
    market.buy(market.buyer(), (market.listing(market.seller()), 2))
    market.deliver(1)
    market.days_pass(4)
    market.do(settlement.release_due)
    market.take_back(1, refund=4_000)
    market.do(settlement.charge_label, settlement.LabelCharge(OrderId(1), 500))
    market.do(settlement.pay_out_due)
    market.do(settlement.settle_payout, settlement.PayoutWord(PayoutId(1), was_paid=False))
    market.days_pass(1)
    market.do(settlement.pay_out_due)
    market.do(settlement.settle_payout, settlement.PayoutWord(PayoutId(2), was_paid=True))

    assert pages.read("SELECT payout, reason, amount FROM payout_deductions ORDER BY number") == [
        (1, 0, 3_520), (1, 1, 500), (2, 0, 3_520), (2, 1, 500),
    ]  # fmt: skip
    assert pages.read("SELECT number, amount, status FROM payouts") == [
        (1, 17_600 - 4_020, "returned"), (2, 17_600 - 4_020, "paid"),
    ]  # fmt: skip
    assert pages.read("SELECT payout, amount FROM payout_lines ORDER BY payout") == [(1, 17_600), (2, 17_600)]
