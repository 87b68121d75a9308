"""Checks lists: every page once and in order, whatever is added in between, and words that cannot break the search."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caravan.client import Client, wire
from caravan.web.api.goods import match_of
from tests.web.api.rig import Rig, Shopper, Trader, euro, running


@pytest.fixture(scope="module")
def trader(rig: Rig) -> Trader:
    trader = rig.seller()
    for place in range(25):
        trader.offer(1_000 + place % 4 * 100, 100, title=f"Mug {place}", category=f"Home/Kitchen/{place % 2}")
    return trader


@pytest.fixture(scope="module")
def shopper(rig: Rig, trader: Trader) -> Shopper:
    shopper = rig.buyer(1_000_000)
    listing = next(trader.client.listings())
    for _ in range(7):
        shopper.client.place_order({listing.id: 1}, shopper.address, listing.price)
    return shopper


LISTS: dict[str, Callable[[Client, int], Iterator[object]]] = {
    "listings": lambda client, limit: client.listings(limit=limit),
    "orders": lambda client, limit: client.orders(limit=limit),
    "orders from the oldest": lambda client, limit: client.orders(limit=limit, order="asc"),
    "sellers": lambda client, limit: client.sellers(limit=limit),
    **{
        f"products by {sort}": lambda client, limit, sort=sort: client.products(sort=sort, limit=limit)  # type: ignore[misc]
        for sort in ("newest", "oldest", "price", "-price", "sold")
    },
    "products by relevance": lambda client, limit: client.products(q="mug", sort="relevance", limit=limit),
    "balance statement": lambda client, limit: client.balance_statement(limit=limit),
}


@pytest.mark.usefixtures("shopper")
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", [1, 4, 25, 200])
def test_pages_of_any_size_are_the_whole_list_in_one_order(trader: Trader, name: str, limit: int) -> None:
    whole = list(LISTS[name](trader.client, 200))

    assert list(LISTS[name](trader.client, limit)) == whole


def test_a_cursor_goes_on_where_it_was_though_more_was_added(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer(100_000)
    listing, client = trader.offer(1_000, 100), shopper.client
    placed = [client.place_order({listing: 1}, shopper.address, euro(1_000)).orders[0] for _ in range(4)]
    pages = client.orders(limit=2)
    seen = [next(pages).id, next(pages).id]

    client.place_order({listing: 1}, shopper.address, euro(1_000))
    seen += [order.id for order in pages]

    assert seen == placed[::-1]


def test_what_was_done_is_in_the_list_that_is_read_next(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer(100_000)
    listing = trader.offer(1_000, 100)

    for _ in range(10):
        placed = shopper.client.place_order({listing: 1}, shopper.address, euro(1_000)).orders[0]
        assert next(shopper.client.orders(limit=1)).id == placed


def test_orders_are_found_by_where_they_stand(rig: Rig) -> None:
    trader, shopper = rig.seller(), rig.buyer(100_000)
    listing = trader.offer(1_000, 100)
    first, second = (shopper.client.place_order({listing: 1}, shopper.address, euro(1_000)).orders[0] for _ in range(2))
    shopper.client.cancel_order(first)

    assert [order.id for order in trader.client.orders(status="canceled")] == [first]
    assert [order.id for order in trader.client.orders(status="placed", fulfillment="unfulfilled")] == [second]


def test_only_the_fields_that_were_asked_for_are_sent(rig: Rig, shopper: Shopper) -> None:
    http = rig.http(shopper.token)

    told = http.get("/v1/orders", params={"fields": "id,total", "limit": 1}).json()
    unknown = http.get("/v1/orders", params={"fields": "id,secret"})

    assert set(told["data"][0]) == {"id", "total"}
    assert unknown.status_code == 400


def test_lines_and_parcels_come_when_they_are_asked_for(rig: Rig, shopper: Shopper) -> None:
    http = rig.http(shopper.token)

    plain = http.get("/v1/orders", params={"limit": 1}).json()["data"][0]
    full = http.get("/v1/orders", params={"limit": 1, "expand": "lines,parcels"}).json()["data"][0]

    assert "lines" not in plain
    assert full["lines"][0]["quantity"] == 1
    assert full["parcels"] == []


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5"])
def test_a_limit_that_is_none_is_refused(rig: Rig, limit: str) -> None:
    answer = rig.http().get("/v1/products", params={"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "limit"


@pytest.mark.usefixtures("trader")
def test_a_cursor_of_another_sort_is_refused(rig: Rig) -> None:
    http = rig.http()
    after = http.get("/v1/products", params={"limit": 1, "sort": "price"}).json()["next"]

    assert http.get("/v1/products", params={"after": after, "sort": "sold"}).status_code == 400


def test_a_category_holds_all_that_is_below_it_and_nothing_beside_it(home: Path) -> None:
    with running(home) as rig:
        trader = rig.seller()
        for title, category in (
            ("A", "Home"),
            ("B", "Home/Kitchen"),
            ("C", "Homeware"),
            ("D", "Home0"),
            ("E", "Garden"),
        ):
            trader.offer(title=title, category=category)

        found = {product.title for product in rig.client().products(category="Home")}

        assert found == {"A", "B"}


def test_only_what_can_be_bought_is_on_the_shelf_unless_asked(home: Path) -> None:
    with running(home) as rig:
        trader = rig.seller()
        trader.offer(title="Shown")
        trader.client.pause_listing(trader.offer(title="Hidden"))

        shown = [product.title for product in rig.client().products()]
        everything = [product.title for product in rig.client().products(sellable=False)]
        sellers = [product.title for product in rig.client().products(sellable=False, seller=trader.id)]

        assert (shown, everything, sellers) == (["Shown"], ["Hidden", "Shown"], ["Hidden", "Shown"])


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("blue mug", True), ("MUG", True), ("mu", True), ("crème", True), ("creme", True), ("red mug", False),
        ('"', False), ('mug" OR "x', False), ("mug*", True), ("-mug", True), ("NEAR(mug)", False), ("title:mug", False),
        ("mug)", True), ("' OR 1=1 --", False), ("!!!", False), ("mug AND NOT mug", False), ("ミ", False),
        ("%", False), ("a " * 90, False),
    ],
)  # fmt: skip
def test_any_words_can_be_searched_for(search: Client, words: str, is_found: bool) -> None:  # noqa: FBT001
    found = [product.title for product in search.products(q=words, sort="relevance")]

    assert found == (["Blue Mug crème"] if is_found else [])


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(tmp_path_factory.mktemp("search"), requests_per_minute=600_000) as rig:
        rig.seller().offer(title="Blue Mug crème")
        yield rig.client()


def test_words_are_quoted_and_counted() -> None:
    assert match_of('blue "mug') == '"blue" "mug"*'
    assert match_of("a " * 100).count('"a"') == 16
    assert match_of("?!") == ""


def test_an_empty_list_is_an_empty_page(home: Path) -> None:
    with running(home) as rig:
        answer = rig.http().get("/v1/products")

        assert answer.json() == {"data": [], "has_more": False, "next": None}


def test_the_operator_sees_who_applied_and_others_do_not(rig: Rig) -> None:
    guest = rig.client()
    applied = guest.apply_to_sell(
        wire.NewSeller(name="New", country="PT", email="new@example.org", password="correct horse")
    )

    assert applied.id in [seller.id for seller in rig.operator.sellers(status="applied")]
    assert applied.id not in [seller.id for seller in guest.sellers()]
    assert rig.http().get(f"/v1/sellers/{applied.id}").status_code == 404
    assert rig.http().get("/v1/sellers", params={"status": "applied"}).status_code == 400
