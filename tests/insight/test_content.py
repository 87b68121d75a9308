"""Tests that pages which say the same bear like marks, in any script, and that such products are found without one look."""

import numpy as np
import pyarrow as pa
import pytest

from caravan.events import catalog
from caravan.insight import discovery
from caravan.insight.discovery.content import ALIKE_MAX, BITS, Contents, nearest
from caravan.kernel.ids import ProductId, SellerId
from tests.insight.test_discovery import AT, Fold

FILLER = [f"{color} {thing} no {number}" for number, (color, thing) in enumerate(
    [(color, thing) for color in ("amber", "black", "cream", "denim", "ebony", "fawn") for thing in ("chair", "desk", "shelf", "stool")] * 4
)]  # fmt: skip


def marks(*titles: str) -> tuple[np.ndarray, np.ndarray]:
    contents, nothing = Contents(), pa.array([""] * (len(FILLER) + len(titles)))
    low, high = contents.marks(pa.array([*FILLER, *titles]), nothing, nothing)
    return low[len(FILLER) :], high[len(FILLER) :]


def differing(*titles: str) -> int:
    low, high = marks(*titles)
    return sum(int(one[0] ^ one[1]).bit_count() for one in (low, high))


@pytest.mark.parametrize(
    ("one", "alike", "other"),
    [
        ("Red retrospot mug", "Blue retrospot mug", "Garden hose, 20 m"),
        ("Садовый шланг усиленный", "ШЛАНГ садовый гибкий", "Красная кружка с узором"),  # noqa: RUF001
        ("红色陶瓷马克杯", "蓝色陶瓷马克杯", "花园软管二十米"),
        ("Gartenschlauch, verstärkt", "Gartenschlauch verstärkt grün", "Rote Tasse"),
    ],
)
def test_pages_that_say_the_same_differ_little(one: str, alike: str, other: str) -> None:
    assert differing(one, alike) < differing(one, other)
    assert differing(one, alike) <= ALIKE_MAX


def test_letters_and_signs_make_no_difference() -> None:
    assert differing("RED mug (large)!", "red, mug: large") == 0


def test_rare_words_count_more() -> None:
    assert differing("zebra desk", "zebra chair") < differing("amber zebra", "amber walrus")


def test_a_page_without_words_is_like_nothing() -> None:
    low, high = marks("", "!!", "mug", "mug")

    assert low[:2].tolist() == high[:2].tolist() == [0, 0]
    found, _, _ = nearest(np.array([0]), np.array([1, 2], np.int32), low, high, 5)
    assert found.tolist() == []
    found, bits, of = nearest(np.array([2, 0]), np.array([3, 2, 1], np.int32), low, high, 5)
    assert (found.tolist(), bits.tolist(), of.tolist()) == ([3], [0], [2])


def test_any_bytes_are_marked() -> None:
    dice = np.random.default_rng(1)
    titles = [
        "".join(chr(int(code)) for code in dice.integers(1, 0xD7FF, int(size))) for size in dice.integers(0, 30, 300)
    ]
    nothing = pa.array([""] * len(titles))

    low, high = Contents().marks(pa.array(titles), nothing, nothing)

    assert len(low) == len(high) == len(titles)
    distances = [
        int(low[row] ^ low[row + 1]).bit_count() + int(high[row] ^ high[row + 1]).bit_count() for row in range(299)
    ]
    assert np.median(distances) == pytest.approx(BITS / 2, abs=4)


def test_a_slice_of_a_batch_is_marked_as_by_itself() -> None:
    whole = pa.array(["mug", "red mug", "hose"])
    nothing = pa.array(["", "", ""])

    low, _ = Contents().marks(whole.slice(1, 2), nothing.slice(1, 2), nothing.slice(1, 2))
    again, _ = Contents().marks(pa.array(["red mug", "hose"]), nothing.slice(1), nothing.slice(1))

    assert low.tolist() == again.tolist()


def shop() -> Fold:
    fold = Fold(products=0)
    for number, title in enumerate([*FILLER, "Red retrospot mug", "Blue retrospot mug", "Green retrospot mug"], 1):
        fold.tell(
            catalog.ProductAdded(
                at=AT, product=ProductId(number), seller=SellerId(1), title=title, description="", category="All", brand="",
                gtin="", attributes={}, image="", weight_grams=0, reference="",
            )
        )  # fmt: skip
    return fold


def test_a_new_products_page_offers_what_its_words_are_like() -> None:
    fold, new = shop(), len(FILLER) + 3
    for _ in range(3):
        fold.look(b"b" * 16, 5)

    offered = fold.ask("also_bought", new).offered

    assert {one.product for one in offered[:2]} == {new - 1, new - 2}
    assert {(one.why, one.because) for one in offered[:2]} == {("like_what_you_look_at", new)}
    assert not {one.why for one in fold.ask("goes_with", new).offered} - {"wanted_now"}


def test_what_nobody_has_looked_at_is_tried_where_its_words_fit() -> None:
    fold, first = shop(), len(FILLER) + 1
    for visitor in range(60):
        for product in range(20, len(FILLER)):
            fold.look(bytes([visitor]) * 16, product, at=AT - 10_000_000_000 + visitor)

    fresh = fold.ask("also_bought", first).fresh + [one.product for one in fold.ask("also_bought", first).offered]
    fold.look(b"z" * 16, first)
    answer = fold.ask("home", visitor=b"z" * 16)

    assert {first + 1, first + 2} <= set(fresh)
    assert {first + 1, first + 2} <= {*answer.fresh, *(one.product for one in answer.offered)}


def test_an_edited_page_is_marked_anew() -> None:
    fold, mug = shop(), len(FILLER) + 1
    before = int(fold.view.products.said_low[mug])

    fold.tell(
        catalog.ProductEdited(
            at=AT, product=ProductId(mug), title="Garden hose", description="", category="All", image="", by="seller:1"
        )
    )

    assert int(fold.view.products.said_low[mug]) != before
    assert mug not in {one.product for one in fold.ask("also_bought", mug + 1).offered if one.because}


def test_content_answers_without_looks_at_all() -> None:
    answer = shop().ask("also_bought", len(FILLER) + 1)

    assert answer.version == discovery.BLEND
    assert [one.why for one in answer.offered[:2]] == ["like_what_you_look_at"] * 2
