"""Checks that search follows the log: after a crash, without its index, with another one, and when stock runs out."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from caravan import bootstrap
from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import finding, opening, selling
from caravan.insight.search import Asked, Filter
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ListingId, SellerId
from caravan.trade import catalog
from caravan.trade.catalog import ListingDraft, ListingStatus, ProductDraft
from caravan.world import partners


def opened(home: Path) -> Caravan:
    return open_caravan(Settings(home=home), ticks=False)


def fill(caravan: Caravan, *titles: str) -> None:
    do = caravan.cell.do
    if not len(caravan.cell.house.partners.active) > 1:
        do(opening.open_market, opening.Opening("Market", "EUR"))
        do(selling.approve_sellers, do(selling.apply_to_sell, [partners.Application(name="Ana", country="PT")]))
    terms = ListingDraft(price_minor=900, currency="EUR")
    offers = [
        selling.Offer(page=ProductDraft(title=title, category="Home"), options=(("", terms),)) for title in titles
    ]
    do(selling.offer_products, selling.Offers([SellerId(1)] * len(offers), offers))


def found(caravan: Caravan, words: str, only: Filter = Filter()) -> list[int]:  # noqa: B008
    assert caravan.finder.wait_for(caravan.cell.position, timeout_s=60)
    return [result.product for result in caravan.finder.find(Asked(words, only)).results]


def stock(caravan: Caravan, listing: int, units: int) -> None:
    receipt = selling.stock_receipt(ListingId(listing), units, at=caravan.clock.now())
    caravan.cell.do_many(selling.receive_stock, receipt)


def test_what_came_while_search_was_away_is_found_after_the_start(tmp_path: Path) -> None:
    first = opened(tmp_path)
    fill(first, "Teapot")
    assert found(first, "teapot") == [1]
    first.close()
    second = opened(tmp_path)
    fill(second, "Kettle")
    second.close()

    third = opened(tmp_path)

    assert (found(third, "teapot"), found(third, "kettle")) == ([1], [2])
    third.close()


@pytest.mark.parametrize("lost", ["position", "shape", "index"])
def test_a_home_that_lost_a_part_of_its_index_finds_everything_again(tmp_path: Path, lost: str) -> None:
    first = opened(tmp_path)
    fill(first, "Teapot", "Kettle")
    assert found(first, "kettle") == [2]
    first.close()
    path = tmp_path / "search" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    second = opened(tmp_path)

    assert (found(second, "teapot"), found(second, "kettle")) == ([1], [2])
    second.close()


def test_a_rebuild_makes_the_index_anew(tmp_path: Path) -> None:
    first = opened(tmp_path)
    fill(first, "Teapot")
    first.close()

    bootstrap.rebuild(Settings(home=tmp_path), lambda _done, _total: None)

    assert (tmp_path / "search" / "position").read_text() == str(first.cell.position)


def test_stock_that_comes_and_goes_changes_what_is_available(tmp_path: Path) -> None:
    caravan = opened(tmp_path)
    fill(caravan, "Teapot")
    in_stock = Filter(is_available=True)
    assert found(caravan, "teapot", in_stock) == []

    stock(caravan, 1, 2)
    assert found(caravan, "teapot", in_stock) == [1]

    stock(caravan, 1, -2)
    assert found(caravan, "teapot", in_stock) == []
    caravan.close()


def test_a_seller_who_is_stopped_is_not_found(tmp_path: Path) -> None:
    caravan = opened(tmp_path)
    fill(caravan, "Teapot")
    assert found(caravan, "teapot") == [1]

    caravan.cell.do(selling.suspend_seller, selling.Suspension(SellerId(1), "late"))

    assert found(caravan, "teapot") == []
    caravan.close()


def test_a_retired_listing_is_found_only_when_asked_for(tmp_path: Path) -> None:
    caravan = opened(tmp_path)
    fill(caravan, "Teapot")

    caravan.cell.do(selling.move_listing, selling.Move(SellerId(1), ListingId(1), ListingStatus.RETIRED, ""))

    assert found(caravan, "teapot") == []
    assert found(caravan, "teapot", Filter(is_sellable=False)) == [1]
    caravan.close()


def test_synonyms_outlive_a_restart(tmp_path: Path) -> None:
    first = opened(tmp_path)
    fill(first, "Refrigerator")
    first.cell.do(finding.set_synonyms, ([["fridge", "refrigerator"]], "operator"))
    assert found(first, "fridge") == [1]
    first.close()

    second = opened(tmp_path)

    assert found(second, "fridge") == [1]
    second.close()


def test_too_many_synonyms_are_refused(tmp_path: Path) -> None:
    caravan = opened(tmp_path)

    with pytest.raises(Invalid):
        caravan.cell.do(finding.set_synonyms, ([["a", "b"]] * 1_001, "operator"))
    with pytest.raises(Invalid):
        caravan.cell.do(finding.note_nothing_found, "?!")
    caravan.close()


def test_searches_in_vain_are_worth_a_fact_a_hundred_times_in_ten_seconds(tmp_path: Path) -> None:
    caravan = opened(tmp_path)

    news = [caravan.finder.is_news(f"word{place}") for place in range(101)]

    assert news == [True] * 100 + [False]
    caravan.close()


def test_a_product_belongs_to_its_listing_its_seller_and_its_stock(tmp_path: Path) -> None:
    caravan = opened(tmp_path)
    fill(caravan, "Teapot", "Kettle")
    table = caravan.cell.house.catalog.listings

    by = {"listing": np.array([2]), "seller": np.array([1])}

    assert catalog.listing_of(caravan.cell.house.catalog, ListingId(2)).listing == 2
    assert len(table) == 3
    assert finding.products_of(caravan.cell.house, {"listing": by["listing"]}) == [2]
    assert finding.products_of(caravan.cell.house, {"seller": by["seller"]}) == [1, 2]
    caravan.close()


def test_an_order_that_leaves_some_puts_nothing_into_the_index(tmp_path: Path) -> None:
    caravan = opened(tmp_path)
    fill(caravan, "Teapot")
    stock(caravan, 1, 5)
    in_stock = Filter(is_available=True)
    assert found(caravan, "teapot", in_stock) == [1]
    before = caravan.finder.engine.position

    stock(caravan, 1, -2)
    assert found(caravan, "teapot", in_stock) == [1]
    stock(caravan, 1, -3)
    between = caravan.finder.engine.position

    assert found(caravan, "teapot", in_stock) == []
    assert between == before < caravan.finder.engine.position
    caravan.close()


def test_files_that_a_killed_process_left_in_the_way_do_not_stop_search(tmp_path: Path) -> None:
    first = opened(tmp_path)
    fill(first, "Teapot", "Kettle")
    assert found(first, "kettle") == [2]
    first.close()
    index = tmp_path / "search" / "index"
    for segment in {path.name.partition(".")[0] for path in index.glob("*.term")}:
        for stamp in range(200):  # As tantivy would name what it writes of deletions; which of them, only it knows.
            (index / f"{segment}.{stamp}.del").touch()

    second = opened(tmp_path)
    stock(second, 1, 1)

    assert found(second, "teapot", Filter(is_available=True)) == [1]
    assert found(second, "kettle") == [2]
    second.close()
