"""Checks search through the API: what is found and why, facets, pages, suggestions, synonyms, and searches in vain."""

import time

import pytest

from caravan.client import Refused, wire
from tests.web.api.rig import Rig, Trader

FINDABLE_WITHIN_S = 5.0


pytestmark = pytest.mark.usefixtures("trader")


@pytest.fixture(scope="module")
def trader(rig: Rig) -> Trader:
    trader = rig.seller()
    for place in range(30):
        trader.offer(1_000 + place * 100, 0, title=f"Stoneware mug number {place}", category=f"Home/{place % 2}")
    trader.offer(90_000, 0, title="French door refrigerator", category="Home/Big")
    return trader


def test_what_is_found_says_why_and_what_was_corrected(rig: Rig) -> None:
    answer = rig.client().search("stonware mugs")

    assert answer.total == 30
    assert [(one.typed, one.meant) for one in answer.corrections] == [("stonware", "stoneware")]
    assert answer.data[0].why.has == ["stoneware", "mugs"]
    assert answer.facets is not None
    assert {count.value: count.count for count in answer.facets.categories} == {"Home": 30, "Home/0": 15, "Home/1": 15}
    assert [count.count for count in answer.facets.sellers] == [30]


def test_words_that_nothing_has_are_left_out_and_named(rig: Rig) -> None:
    answer = rig.client().search("refrigerator zeppelin")

    assert [result.product.title for result in answer.data] == ["French door refrigerator"]
    assert answer.left_out == ["zeppelin"]


def test_every_page_of_an_answer_is_seen_once(rig: Rig) -> None:
    client, seen, after = rig.client(), [], ""
    for _ in range(10):
        answer = client.search("mug", limit=7, after=after)
        seen += [result.product.id for result in answer.data]
        if answer.next is None:
            break
        after = answer.next

    assert len(seen) == len(set(seen)) == 30


def test_an_answer_can_be_narrowed_and_put_in_order_of_price(rig: Rig) -> None:
    answer = rig.client().search("mug", category="Home/1", sort="-price")

    prices = [result.product.price.amount for result in answer.data if result.product.price]
    assert len(prices) == 15
    assert prices == sorted(prices, reverse=True)


def test_a_paused_listing_is_not_found_and_a_new_one_is(rig: Rig, trader: Trader) -> None:
    began = time.monotonic()
    listing = trader.offer(1_000, 0, title="Samovar")
    found = rig.client().search("samovar")

    trader.client.pause_listing(listing)

    assert len(found.data) == 1
    assert rig.client().search("samovar").data == []
    assert time.monotonic() - began < FINDABLE_WITHIN_S


def test_the_last_unit_sold_is_not_available_any_more(rig: Rig, trader: Trader) -> None:
    listing = trader.client.listing(trader.offer(1_000, 1, title="Astrolabe"))
    shopper = rig.buyer(10_000)
    only = {"q": "astrolabe", "available": "true"}
    before = rig.client()._get("/v1/search", wire.SearchAnswer, only)

    shopper.client.place_order({listing.id: 1}, shopper.address, listing.price)

    assert len(before.data) == 1
    assert rig.client()._get("/v1/search", wire.SearchAnswer, only).data == []


def test_what_is_typed_is_completed(rig: Rig) -> None:
    assert "refrigerator" in rig.client().suggestions("refri")


def test_a_synonym_counts_from_the_next_search_on(rig: Rig) -> None:
    operator = rig.client("operator")
    assert rig.client().search("icebox").data == []

    operator.set_synonyms([["icebox", "refrigerator"]])

    assert operator.synonyms() == [["icebox", "refrigerator"]]
    assert [result.product.title for result in rig.client().search("icebox").data] == ["French door refrigerator"]


def test_a_search_in_vain_is_a_fact_once(rig: Rig) -> None:
    for _ in range(3):
        rig.client().search("xylophone quartz")

    missed = {one.words: one.count for one in rig.client("operator").missed()}
    assert missed["xylophone quartz"] == 1


@pytest.mark.parametrize("groups", [[["alone"]], [["a, b", "c"]], [["!!", "mug"]], [["x" * 61, "mug"]]])
def test_synonyms_that_are_none_are_refused(rig: Rig, groups: list[list[str]]) -> None:
    with pytest.raises(Refused) as refused:
        rig.client("operator").set_synonyms(groups)

    assert refused.value.refusal == "invalid"


def test_only_the_operator_sets_synonyms(trader: Trader) -> None:
    with pytest.raises(Refused):
        trader.client.set_synonyms([["mug", "cup"]])


def test_a_price_band_upside_down_is_refused(rig: Rig) -> None:
    with pytest.raises(Refused):
        rig.client()._get("/v1/search", wire.SearchAnswer, {"q": "mug", "price_min": 2, "price_max": 1})
