"""Checks that search finds what people mean, guesses at no number, filters, counts, suggests, and can't be broken."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from caravan.bootstrap import make_engine, make_trainer
from caravan.insight.search import Asked, Engine, Example, Filter, Sheet, TooFewExamples, features, learn, warm
from caravan.insight.search.spelling import distance
from caravan.insight.search.text import codes, words
from caravan.kernel.errors import Invalid

SHEETS = (
    Sheet(1, "Delft 3/4 in. x 8 ft. Oak Curtain Rod", category="Home/Windows", sellers=(7,), price_minor=1_999),
    Sheet(2, "Blue Porcelain Mug with Handle", category="Home/Kitchen", sellers=(7,), price_minor=900),
    Sheet(3, "White Porcelain Teapot", category="Home/Kitchen", sellers=(8,), price_minor=3_500, codes=("TP-20431-W",)),
    Sheet(4, "Cordless Pressure Washer 1800 PSI", category="Garden", sellers=(8,), price_minor=19_900),
    Sheet(5, "Teapot Warmer", category="Home/Kitchen", sellers=(8,), price_minor=1_200, is_available=False),
    Sheet(6, "Draft Teapot", category="Home/Kitchen", sellers=(8,), price_minor=1_000, is_sellable=False),
    Sheet(7, "厨房用陶瓷茶壶", category="Home/Kitchen", sellers=(9,), price_minor=2_000),
    Sheet(8, "Деревянная лопатка для кухни", category="Home/Kitchen", sellers=(9,), price_minor=500),
    Sheet(9, "French Door Refrigerator", brand="Boréal", category="Home", sellers=(9,), price_minor=99_900),
    Sheet(10, "French Door Lock", category="Home", sellers=(9,), price_minor=2_500),
)


@pytest.fixture
def engine() -> Engine:
    made = make_engine()
    made.put(SHEETS)
    made.commit(1)
    made.phrase(is_forced=True)
    return made


def products(engine: Engine, words: str, only: Filter = Filter()) -> Sequence[int]:  # noqa: B008
    return [result.product for result in engine.find(Asked(words, only=only)).results]


@pytest.mark.parametrize(
    ("words", "product"),
    [
        ("porcelan mug", 2), ("mugs porcelain", 2), ("teapots", 3), ("frenchdoor refrigerator", 9),
        ("refridgerator", 9), ("boreal", 9), ("20431", 3), ("TP20431W", 3), ("tp 20431 w", 3),
        ('3/4" rod', 1), ("8 foot rod", 1), ("pressurewasher", 4), ("茶壶", 7), ("陶瓷茶壶 厨房", 7), ("деревянные лопатки", 8),
    ],
)  # fmt: skip
def test_a_product_comes_first_however_it_is_asked_for(engine: Engine, words: str, product: int) -> None:
    assert products(engine, words)[0] == product


def test_a_number_is_never_guessed_at(engine: Engine) -> None:
    assert products(engine, "TP20432W") == []
    assert products(engine, "1801") == []


def test_what_cannot_be_bought_is_shown_only_when_asked_for(engine: Engine) -> None:
    assert 6 not in products(engine, "teapot")
    assert 6 in products(engine, "teapot", Filter(is_sellable=False))


def test_what_is_sold_out_comes_behind_what_is_there(engine: Engine) -> None:
    assert products(engine, "teapot warmer")[-1] == 5
    assert 5 not in products(engine, "teapot", Filter(is_available=True))


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        (Filter(category="Home"), {3, 5}), (Filter(category="Home/Kitchen"), {3, 5}), (Filter(category="Garden"), set()),
        (Filter(seller=8), {3, 5}), (Filter(seller=7), set()), (Filter(price_minor_max=1_200), {5}),
        (Filter(price_minor_min=1_201), {3}),
    ],
)  # fmt: skip
def test_a_filter_lets_through_what_fits_it(engine: Engine, only: Filter, wanted: set[int]) -> None:
    assert set(products(engine, "teapot", only)) == wanted


def test_facets_count_every_product_with_all_words(engine: Engine) -> None:
    facets = engine.find(Asked("teapot")).facets

    assert facets is not None
    assert facets.total == 2
    assert facets.categories == {"Home": 2, "Home/Kitchen": 2}
    assert facets.sellers == {8: 2}
    assert facets.available == 1
    assert sum(count for _, _, count in facets.prices) == 2


def test_an_answer_says_what_was_mended_and_what_was_left_out(engine: Engine) -> None:
    found = engine.find(Asked("purple teapott"))

    assert found.mended == (("teapott", "teapot"),)
    assert found.dropped == ("purple",)
    assert found.results[0].has == ("teapot",)


def test_a_synonym_of_the_operator_finds_the_other_word(engine: Engine) -> None:
    assert products(engine, "fridge") == []

    engine.curate([("fridge", "refrigerator"), ("beaker", "porcelain mug")])

    assert products(engine, "fridge") == [9]
    assert products(engine, "beaker")[0] == 2
    facets = engine.find(Asked("fridge")).facets
    assert facets is not None
    assert facets.total == 1


def test_a_changed_product_is_found_by_its_new_words_only(engine: Engine) -> None:
    engine.put([Sheet(2, "Green Vase", category="Home", sellers=(7,), price_minor=900)])
    engine.commit(2)

    assert products(engine, "vase") == [2]
    assert 2 not in products(engine, "mug")


def test_what_was_warmed_is_what_a_search_calls(engine: Engine) -> None:
    warm()
    compiled = [*features.describe.signatures], [*features.meaning.signatures]

    assert products(engine, "porcelain mug")

    assert ([*features.describe.signatures], [*features.meaning.signatures]) == compiled


def test_an_order_by_price_is_kept(engine: Engine) -> None:
    found = engine.find(Asked("porcelain", order="-price"))

    assert [result.product for result in found.results] == [3, 2]


def test_a_list_goes_on_where_it_ended(engine: Engine) -> None:
    whole = products(engine, "french door")

    first, second = (engine.find(Asked("french door", limit=1, offset=offset)) for offset in (0, 1))

    assert [result.product for result in (*first.results, *second.results)] == whole
    assert (first.has_more, second.has_more) == (True, False)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [("por", "porcelain"), ("french d", "french door"), ("white por", "white porcelain"), ("porcelian", "porcelain")],
)
def test_what_is_typed_is_completed(engine: Engine, typed: str, suggested: str) -> None:
    assert suggested in engine.suggest(typed)


def test_nothing_typed_suggests_nothing(engine: Engine) -> None:
    assert engine.suggest(" ?! ") == []


def test_an_empty_shop_answers_with_nothing() -> None:
    empty = make_engine()

    assert empty.find(Asked("mug")).results == []
    assert empty.suggest("mug") == []


@pytest.mark.parametrize(
    "poison",
    ["", "\x00\x01", "title:* AND NOT (", "a" * 100_000, "🐟" * 500, "\ufffe\u202e", '"' * 300, "/" * 99, "1-" * 999,
     "-(product:1)", "İ" * 50, "的" * 9_000, "x by 3 x 4 by"],
)  # fmt: skip
def test_poison_in_a_title_or_a_query_breaks_nothing(engine: Engine, poison: str) -> None:
    engine.put([Sheet(11, f"{poison} kettle", description=poison, category=poison, codes=(poison,), brand=poison)])
    engine.commit(2)

    engine.find(Asked(poison))
    engine.suggest(poison)
    assert products(engine, "mug")[0] == 2


@given(some.text(max_size=60))
def test_no_text_breaks_a_query(text: str) -> None:
    found = _SHARED.find(Asked(text))

    assert len(found.results) <= 24


_SHARED = make_engine()
_SHARED.put(SHEETS)
_SHARED.commit(1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('9x12 1/2" Café', ["9", "x", "12", "1/2", "in", "cafe"]), ("60-Watt 1,200 lbs", ["60", "w", "1200", "lb"]),
        ("茶壶套", ["茶壶", "壶套"]), ("a" * 41, []), ("&amp; it&#39;s", ["it", "s"]),
    ],
)  # fmt: skip
def test_words_are_written_one_way(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted


def test_codes_are_joined() -> None:
    assert codes("Stain #HDG-710/156 and wall-mount") == ["hdg710156"]


@pytest.mark.parametrize(
    ("one", "other", "away"), [("", "ab", 2), ("teh", "the", 1), ("mug", "mugs", 1), ("a", "a", 0)]
)
def test_a_swap_of_neighbors_is_one_mistake(one: str, other: str, away: int) -> None:
    assert distance(one, other) == away


def test_what_was_graded_good_for_other_queries_comes_first_and_the_order_is_reproducible() -> None:
    engine, examples = _graded()

    lessons, again = (learn(engine, examples, make_trainer(), seed=3, report=lambda *_: None) for _ in range(2))

    engine.learn(lessons)
    assert all(np.array_equal(one, other) for one, other in zip(lessons.forest[:6], again.forest[:6], strict=True))  # type: ignore[index]
    assert engine.find(Asked("tool kind0")).ranking == "trees 60-3"
    top = [result.product for result in engine.find(Asked("tool kind0", limit=5)).results]
    assert all(product % 2 == 0 for product in top)


def test_few_graded_queries_teach_nothing() -> None:
    engine, examples = _graded()

    with pytest.raises(TooFewExamples):
        learn(engine, examples[:49], make_trainer(), seed=3, report=lambda *_: None)


def _graded() -> tuple[Engine, list[Example]]:
    """Make a shop in which people who ask for a tool always mean the steel ones: those with even numbers."""
    engine = make_engine()
    stuff = ("steel", "toy")
    engine.put([Sheet(place, f"tool kind{place // 20} {stuff[place % 2]} {place}") for place in range(1_200)])
    engine.commit(1)
    examples = [
        Example(f"tool kind{kind}", {20 * kind + place: 3.0 if place % 2 == 0 else 1.0 for place in range(20)})
        for kind in range(60)
    ]
    return engine, examples


@pytest.mark.parametrize(
    ("language", "listed", "asked"),
    [("danish", "stole", "stolen"), ("dutch", "stoelen", "stoel"), ("finnish", "tuolit", "tuoli"),
     ("french", "chaussures", "chaussure"), ("german", "Stühle", "Stuhl"), ("hungarian", "székek", "szék"),
     ("italian", "scarpe", "scarpa"), ("norwegian", "stoler", "stol"), ("portuguese", "sapatos", "sapato"),
     ("romanian", "scaune", "scaun"), ("spanish", "zapatos", "zapato"), ("swedish", "stolar", "stol"),
     ("turkish", "kitaplar", "kitap"), ("english", "стулья", "стульями"), ("german", "காலணிகள்", "காலணிகள்")],
)  # fmt: skip
def test_words_are_stemmed_in_the_language_of_the_market_or_of_their_script(
    language: str, listed: str, asked: str
) -> None:
    engine = make_engine(language=language)
    engine.put([Sheet(1, listed), Sheet(2, "xylophone")])
    engine.commit(1)

    found = engine.find(Asked(asked))

    assert [(one.product, one.lacks, found.mended) for one in found.results] == [(1, (), ())]


def test_an_index_that_is_opened_again_knows_its_categories(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    engine.put([Sheet(1, "Blue lamp", category="Home/Lamps"), Sheet(2, "Blue mug", category="Kitchen")])
    engine.commit(1)
    engine.close()

    again = make_engine(tmp_path)
    again.put([Sheet(1, "Blue lamp", category="Home/Lamps"), Sheet(3, "Blue bowl", category="Garden")])
    again.put([Sheet(2, "Blue mug", category="Kitchen")])
    again.commit(2)

    facets = again.find(Asked("blue")).facets
    assert facets is not None
    assert facets.categories == {"Home": 1, "Home/Lamps": 1, "Garden": 1, "Kitchen": 1}
    assert products(again, "blue", Filter(category="Home/Lamps")) == [1]
    assert products(again, "blue", Filter(category="Nowhere")) == []


def test_an_index_of_another_language_is_made_anew(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    engine.put([Sheet(1, "chair")])
    engine.commit(7)
    engine.close()
    assert make_engine(tmp_path).position == 7

    assert make_engine(tmp_path, language="german").position == 0


def test_a_language_without_a_stemmer_is_refused() -> None:
    with pytest.raises(Invalid, match="klingon"):
        make_engine(language="klingon")
