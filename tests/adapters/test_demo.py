"""Checks the demo's made-up history: repeatable, complete, exact to the cent, and pleasant to look at."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from caravan.adapters.demo import DemoSource
from caravan.adapters.demo.drawings import COLORS, DRAWINGS, draw
from caravan.kernel.clock import DAY, HOUR
from caravan.kernel.errors import Invalid
from caravan.world.partners import ports
from caravan.world.partners.ports import History, ImportOptions

ENDS_AT = 1_790_000_000_000_000
SVG_BYTES_MAX = 2_500
TABLES = ("sellers", "products", "listings", "buyers", "orders", "lines", "parcels", "returns")
REFERENCES = [
    ("listings", "product", "products"),
    ("listings", "seller", "sellers"),
    ("orders", "buyer", "buyers"),
    ("lines", "order", "orders"),
    ("lines", "listing", "listings"),
    ("parcels", "order", "orders"),
    ("parcels", "seller", "sellers"),
    ("returns", "order", "orders"),
    ("returns", "listing", "listings"),
]
TIMES = [
    ("sellers", "applied_at"),
    ("listings", "listed_at"),
    ("buyers", "registered_at"),
    ("orders", "placed_at"),
    ("orders", "canceled_at"),
    ("parcels", "handed_over_at"),
    ("parcels", "delivered_at"),
    ("returns", "returned_at"),
]
SORTED = [times for times in TIMES if times[1] not in {"canceled_at", "delivered_at"}]


@pytest.fixture(scope="module")
def history() -> History:
    return _history(DemoSource(ENDS_AT))


def test_the_same_seed_and_end_give_the_same_history(history: History) -> None:
    again = _history(DemoSource(ENDS_AT))

    assert again == history


def test_another_seed_gives_another_history(history: History) -> None:
    other = _history(DemoSource(ENDS_AT), "seed=7")

    assert other.products["title"] != history.products["title"]
    assert other.orders["paid_minor"] != history.orders["paid_minor"]


def test_the_seed_in_the_path_wins_over_the_seed_of_the_source(history: History) -> None:
    named = _history(DemoSource(ENDS_AT, seed=7), "seed=11")

    assert named == history


def test_another_end_moves_the_orders_and_leaves_the_products(history: History) -> None:
    later = _history(DemoSource(ENDS_AT + 5 * HOUR))

    assert later.products == history.products
    assert later.orders["placed_at"] != history.orders["placed_at"]


@pytest.mark.parametrize("path", ["seed=", "seed=-1", "seed=1.5", "seed=7 ", "/home/export", "seed=9999999999"])
def test_a_path_that_names_no_seed_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        _history(DemoSource(ENDS_AT), path)


def test_more_rows_than_the_limit_are_refused(history: History) -> None:
    with pytest.raises(Invalid):
        _history(DemoSource(ENDS_AT), limit_rows=history.read - 1)


def test_as_many_rows_as_the_limit_are_read(history: History) -> None:
    assert _history(DemoSource(ENDS_AT), limit_rows=history.read) == history


def test_progress_comes_before_the_history_and_ends_complete() -> None:
    *progress, last = DemoSource(ENDS_AT).read("", ImportOptions())

    assert isinstance(last, History)
    assert progress[-1] == ("orders", 2_400, 2_400)


@pytest.mark.parametrize("name", [*TABLES, "sources", "rejects"])
def test_every_table_has_the_schema_of_its_name(history: History, name: str) -> None:
    assert getattr(history, name).schema == getattr(ports, name.upper())


def test_the_market_has_the_size_that_was_asked_for(history: History) -> None:
    sizes = {name: getattr(history, name).num_rows for name in ("products", "buyers", "orders")}

    assert sizes == {"products": 2_000, "buyers": 900, "orders": 2_400}
    assert 45 <= history.sellers.num_rows <= 55
    assert len(set(history.sellers["country"].to_pylist())) >= 12


def test_every_row_has_its_source_and_none_is_rejected(history: History) -> None:
    rows = Counter(history.sources["table"].to_pylist())

    assert rows == {name: getattr(history, name).num_rows for name in TABLES}
    assert history.sources["row"].to_pylist() == list(range(1, history.read + 1))
    assert history.rejects.num_rows == 0


@pytest.mark.parametrize(("table", "column", "target"), REFERENCES)
def test_every_reference_resolves(history: History, table: str, column: str, target: str) -> None:
    known = getattr(history, target)["reference"]

    assert pc.all(pc.is_in(getattr(history, table)[column], value_set=known)).as_py()


@pytest.mark.parametrize("name", [name for name in TABLES if name not in {"lines", "parcels"}])
def test_no_reference_is_given_twice(history: History, name: str) -> None:
    assert _repeated(getattr(history, name), "reference") == {}


@pytest.mark.parametrize("columns", [["product", "option", "seller"], ["reference"]])
def test_a_seller_lists_an_option_of_a_product_once(history: History, columns: list[str]) -> None:
    assert _repeated(history.listings, *columns) == {}


def test_an_order_names_a_listing_once_and_has_one_parcel_a_seller(history: History) -> None:
    assert _repeated(history.lines, "order", "listing") == {}
    assert _repeated(history.parcels, "order", "seller") == {}
    assert _repeated(history.returns, "order") == {}


def test_what_was_paid_is_the_sum_of_lines_and_shipping(history: History) -> None:
    totals: Counter[str] = Counter()
    for line in history.lines.to_pylist():
        totals[line["order"]] += line["quantity"] * line["unit_price_minor"] + line["shipping_minor"]

    paid = dict(zip(history.orders["reference"].to_pylist(), history.orders["paid_minor"].to_pylist(), strict=True))

    assert paid == totals


def test_a_refund_is_what_the_returned_units_cost(history: History) -> None:
    lines = {(line["order"], line["listing"]): line for line in history.lines.to_pylist()}
    returns = [(back, lines[back["order"], back["listing"]]) for back in history.returns.to_pylist()]

    assert all(back["refund_minor"] == back["quantity"] * line["unit_price_minor"] for back, line in returns)
    assert all(1 <= back["quantity"] <= line["quantity"] for back, line in returns)


def test_prices_and_quantities_are_above_zero(history: History) -> None:
    assert pc.min(history.listings["price_minor"]).as_py() > 0
    assert pc.min(history.lines["quantity"]).as_py() > 0
    assert pc.min(history.listings["shipping_minor"]).as_py() >= 0
    assert pc.min(history.products["weight_grams"]).as_py() > 0


def test_titles_are_unique_and_readable(history: History) -> None:
    titles = history.products["title"].to_pylist()

    assert len(set(titles)) == len(titles)
    assert all(8 <= len(title) <= 80 for title in titles)
    assert not [title for title in titles if re.search(r"[{}|]|, ,|  ", title)]


def test_descriptions_have_two_to_four_sentences(history: History) -> None:
    counts = {len(re.findall(r"[.?!](?= |$)", text)) for text in history.products["description"].to_pylist()}

    assert counts <= {2, 3, 4}
    assert not [text for text in history.products["description"].to_pylist() if re.search(r"[{}|]", text)]


def test_attributes_are_four_to_seven(history: History) -> None:
    attributes = history.products["attributes"].to_pylist()

    assert {len(pairs) for pairs in attributes} <= {4, 5, 6, 7}
    assert all(value for pairs in attributes for _, value in pairs)


def test_categories_have_at_most_three_levels(history: History) -> None:
    categories = set(history.products["category"].to_pylist())

    assert 35 <= len(categories) <= 55
    assert len({category.split("/")[0] for category in categories}) == 12
    assert max(category.count("/") for category in categories) <= 2


def test_every_gtin_is_unique_has_its_check_digit_and_stays_in_the_shop(history: History) -> None:
    gtins = history.products["gtin"].to_pylist()

    assert len(set(gtins)) == len(gtins)
    assert all(re.fullmatch(r"2[0-9]{12}", gtin) for gtin in gtins)
    assert all(sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(gtin)) % 10 == 0 for gtin in gtins)


def test_pictures_are_small_drawings_that_reach_for_nothing(history: History) -> None:
    for image, title in zip(history.products["image"].to_pylist(), history.products["title"].to_pylist(), strict=True):
        svg = ET.fromstring(image)  # noqa: S314 - Our own drawing.
        assert svg.get("role") == "img"
        assert svg.get("viewBox") == "0 0 400 400"
        assert svg[0].text == title
        assert len(image.encode()) <= SVG_BYTES_MAX
        assert not re.search(r"script|href|url\(|foreignObject|\bid=|\bon\w+=", image.replace(title, ""))


def test_at_least_forty_kinds_of_things_can_be_drawn() -> None:
    assert len(DRAWINGS) >= 40


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_a_drawing_is_valid_in_every_shape_and_color(name: str) -> None:
    for number, color in enumerate(COLORS):
        image = draw(name, title="A <b> & c", color=color, number=number * 97, shape=number % 6, motif=number % 10)
        assert ET.fromstring(image)[0].text == "A <b> & c"  # noqa: S314 - Our own drawing.
        assert len(image.encode()) <= SVG_BYTES_MAX


@pytest.mark.parametrize(("table", "column"), TIMES)
def test_nothing_happens_after_the_end(history: History, table: str, column: str) -> None:
    latest = pc.max(getattr(history, table)[column].cast(pa.int64())).as_py()

    assert latest <= ENDS_AT


@pytest.mark.parametrize(("table", "column"), SORTED)
def test_tables_are_in_the_order_of_their_time(history: History, table: str, column: str) -> None:
    times = getattr(history, table)[column].to_pylist()

    assert times == sorted(times)


def test_orders_fill_the_sixty_days_before_the_end(history: History) -> None:
    placed = history.orders["placed_at"].cast(pa.int64()).to_pylist()

    assert ENDS_AT - 60 * DAY <= placed[0] <= ENDS_AT - 59 * DAY
    assert placed[-1] >= ENDS_AT - 12 * HOUR


def test_buyers_register_and_sellers_list_before_an_order(history: History) -> None:
    registered = _column(history.buyers, "registered_at")
    listed = _column(history.listings, "listed_at")
    orders = {order["reference"]: order for order in history.orders.to_pylist()}

    assert all(registered[order["buyer"]] < order["placed_at"] for order in orders.values())
    assert all(listed[line["listing"]] < orders[line["order"]]["placed_at"] for line in history.lines.to_pylist())


def test_sellers_apply_before_they_list(history: History) -> None:
    applied = _column(history.sellers, "applied_at")

    assert all(applied[listing["seller"]] < listing["listed_at"] for listing in history.listings.to_pylist())


def test_an_order_is_placed_then_handed_over_then_delivered(history: History) -> None:
    placed = _column(history.orders, "placed_at")
    parcels = history.parcels.to_pylist()

    waits = [parcel["handed_over_at"] - placed[parcel["order"]] for parcel in parcels]

    assert min(waits) >= timedelta(days=0.3)
    assert max(waits) <= timedelta(days=4)
    assert all(parcel["handed_over_at"] < parcel["delivered_at"] for parcel in parcels if parcel["delivered_at"])


def test_a_canceled_order_has_no_parcel(history: History) -> None:
    canceled = {order["reference"] for order in history.orders.to_pylist() if order["canceled_at"]}

    assert 40 <= len(canceled) <= 110
    assert canceled.isdisjoint(history.parcels["order"].to_pylist())


def test_a_return_comes_a_day_after_delivery_or_later(history: History) -> None:
    seller = _column(history.listings, "seller")
    delivered = {(parcel["order"], parcel["seller"]): parcel["delivered_at"] for parcel in history.parcels.to_pylist()}

    waits = [
        back["returned_at"] - delivered[back["order"], seller[back["listing"]]] for back in history.returns.to_pylist()
    ]

    assert min(waits) >= timedelta(days=1)
    assert 40 <= len(waits) <= 110


def test_most_promises_are_kept(history: History) -> None:
    arrived = [parcel for parcel in history.parcels.to_pylist() if parcel["delivered_at"]]
    kept = [parcel for parcel in arrived if parcel["delivered_at"] <= parcel["promised_at"]]

    assert 0.89 <= len(kept) / len(arrived) <= 0.95


def test_there_is_still_something_to_ship_and_on_its_way(history: History) -> None:
    sellers = _column(history.listings, "seller")
    canceled = _column(history.orders, "canceled_at")
    wanted = {
        (line["order"], sellers[line["listing"]])
        for line in history.lines.to_pylist()
        if canceled[line["order"]] is None
    }

    assert len(wanted) - history.parcels.num_rows >= 50
    assert history.parcels["delivered_at"].null_count >= 100


def test_a_quarter_of_the_products_is_offered_by_several_sellers(history: History) -> None:
    sellers: dict[str, set[str]] = {}
    for listing in history.listings.to_pylist():
        sellers.setdefault(listing["product"], set()).add(listing["seller"])

    shared = sum(len(offering) > 1 for offering in sellers.values())

    assert len(sellers) == history.products.num_rows
    assert 0.21 <= shared / len(sellers) <= 0.29


def test_a_fifth_of_the_orders_is_over_several_sellers(history: History) -> None:
    seller = _column(history.listings, "seller")
    sellers: dict[str, set[str]] = {}
    for line in history.lines.to_pylist():
        sellers.setdefault(line["order"], set()).add(seller[line["listing"]])

    mixed = sum(len(several) > 1 for several in sellers.values())

    assert 0.17 <= mixed / len(sellers) <= 0.23


def test_some_shelves_are_empty_and_some_are_low(history: History) -> None:
    on_hand = history.listings["on_hand"].to_pylist()

    assert 0.02 <= sum(units == 0 for units in on_hand) / len(on_hand) <= 0.04
    assert 0.10 <= sum(1 <= units <= 5 for units in on_hand) / len(on_hand) <= 0.15
    assert max(on_hand) <= 200


def test_mail_goes_nowhere(history: History) -> None:
    emails = history.buyers["email"].to_pylist()

    assert len(set(emails)) == len(emails)
    assert all(re.fullmatch(r"[a-z.]+[0-9]+@example\.(com|org)", email) for email in emails)


def _history(source: DemoSource, path: str = "", limit_rows: int = 20_000_000) -> History:
    read: Iterator[tuple[str, int, int] | History] = source.read(path, ImportOptions(limit_rows=limit_rows))
    *_, last = read
    assert isinstance(last, History)
    return last


def _column(table: pa.Table, name: str) -> dict[str, Any]:
    return dict(zip(table["reference"].to_pylist(), table[name].to_pylist(), strict=True))


def _repeated(table: pa.Table, *columns: str) -> dict[tuple[object, ...], int]:
    rows = Counter(zip(*(table[column].to_pylist() for column in columns), strict=True))
    return {row: count for row, count in rows.items() if count > 1}
