"""Tests that people who are there twice are found without labels, and that neighbors, families and twins stay apart."""

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import people
from benchmarks.identity import agreement, truth_of
from caravan.insight import likeness
from caravan.insight.likeness import compare, text
from caravan.insight.likeness.fields import date_order, encode
from caravan.kernel.errors import Invalid


def folded(value: str, how: int) -> str:
    return bytes(text.fold(pa.array([value]), how)[0]).decode()


def level(kind: int, one: str, two: str) -> int:
    left, right = (np.frombuffer(value.encode() + b" ", np.uint8) for value in (one, two))
    return int(compare.level(kind, left, 0, len(left) - 1, right, 0, len(right) - 1))


@pytest.fixture(scope="module")
def town() -> tuple[pa.Table, likeness.Found]:
    table = people.make(2_000, seed=11)
    return table, likeness.find_people(table)


def test_people_who_are_there_twice_are_found_without_labels(town: tuple[pa.Table, likeness.Found]) -> None:
    table, found = town

    likely = agreement(found.likely, truth_of(table, {}))

    assert likely["f1"] > 0.95


def test_hardly_anybody_is_merged_by_mistake_at_the_automatic_threshold(town: tuple[pa.Table, likeness.Found]) -> None:
    table, found = town

    assert agreement(found.automatic, truth_of(table, {}))["false_merges"] <= 0.003


def test_the_answer_is_the_same_again_and_the_truth_is_not_looked_at(town: tuple[pa.Table, likeness.Found]) -> None:
    table, found = town

    blind = likeness.find_people(table.drop_columns(["cluster"]))

    assert (blind.likely == found.likely).all()
    assert blind.linked.weights == found.linked.weights


def test_a_new_record_is_scored_live_as_the_same_pair_is_in_a_batch(town: tuple[pa.Table, likeness.Found]) -> None:
    table, found = town
    known = likeness.Lookalikes(found.fields, found.linked.weights)
    pairs = found.linked.pairs
    best = int(np.argmax(pairs.odds))
    row = table.slice(int(pairs.lefts[best]), 1).to_pylist()[0]
    record = {role: row[column] or "" for column, role in found.columns.fields.items()}

    odds = known.score(record, np.array([pairs.rights[best]], np.int32))

    assert odds[0] == pytest.approx(pairs.odds[best], abs=1e-3)
    assert int(pairs.lefts[best]) in [one.record for one in known.ask(record)]


def test_nobody_resembles_a_record_that_says_nothing(town: tuple[pa.Table, likeness.Found]) -> None:
    _, found = town

    assert likeness.Lookalikes(found.fields, found.linked.weights).ask({}) == []


def test_columns_are_recognized_by_many_names() -> None:
    table = pa.table({name: ["a", "b"] for name in ("First Name", "LASTNAME", "dob", "Zip_Code", "rec_id", "notes")})

    columns = likeness.recognize(table)

    assert columns.fields == {
        "First Name": "given_name", "LASTNAME": "surname", "dob": "birth_date", "Zip_Code": "postcode",
    }  # fmt: skip
    assert columns.record == "rec_id"


def test_a_mapping_wins_and_a_wrong_one_is_refused() -> None:
    table = pa.table({"nome": ["a", "b"], "surname": ["c", "d"]})

    assert likeness.recognize(table, {"nome": "given_name", "surname": "ignore"}).fields == {"nome": "given_name"}
    for wrong in ({"name": "surname"}, {"nome": "color"}):
        with pytest.raises(Invalid):
            likeness.recognize(table, wrong)


def test_a_table_that_tells_nobody_apart_is_refused() -> None:
    with pytest.raises(Invalid, match="Two columns"):
        likeness.find_people(pa.table({"surname": ["a", "b"], "notes": ["c", "d"]}))


def test_a_table_of_one_or_of_equal_rows_is_no_trouble() -> None:
    one = likeness.find_people(pa.table({"surname": ["a", "b"], "city": ["c", "d"]}))

    assert one.automatic.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("value", "how", "written"),
    [
        ("  José  Núñez-Straße ", text.WORDS, "jose nunez strasse"), ("SW1A 1AA", text.CODE, "sw1a1aa"),
        ("+44 7700 900123", text.PHONE, "700900123"), ("A.B@C.d", text.EMAIL, "a.b@c.d"),
        ("1971-06-24", text.DATE_YEAR_FIRST, "19710624"), ("19710624", text.DATE_YEAR_FIRST, "19710624"),
        ("24/6/1971", text.DATE_DAY_FIRST, "19710624"), ("6/24/1971", text.DATE_MONTH_FIRST, "19710624"),
        ("24061971", text.DATE_DAY_FIRST, "19710624"), ("", text.DATE_YEAR_FIRST, ""), ("none", text.PHONE, ""),
    ],
)  # fmt: skip
def test_a_field_is_written_one_way(value: str, how: int, written: str) -> None:
    assert folded(value, how) == written


def test_the_order_of_dates_is_told_from_their_values() -> None:
    assert date_order(["1971-06-24"]) == text.DATE_YEAR_FIRST
    assert date_order(["24/06/1971", "01/02/1980"]) == text.DATE_DAY_FIRST
    assert date_order(["06/24/1971", "01/02/1980"]) == text.DATE_MONTH_FIRST


@pytest.mark.parametrize(
    ("kind", "one", "two", "wanted"),
    [
        (compare.NAME, "anna", "anna", compare.SAME), (compare.NAME, "anna", "", compare.UNKNOWN),
        (compare.NAME, "anna", "anan", compare.CLOSE), (compare.NAME, "rob", "robert", compare.NEAR),
        (compare.NAME, "anna", "zoltan", compare.DIFFERENT), (compare.NAME, "j", "james", compare.NEAR),
        (compare.DATE, "19710624", "19712406", compare.CLOSE), (compare.DATE, "19710624", "19720624", compare.CLOSE),
        (compare.DATE, "19710624", "19831130", compare.DIFFERENT), (compare.NUMBER, "1234567", "1234657", compare.CLOSE),
        (compare.POSTCODE, "sw1a1aa", "sw1a2bb", compare.NEAR), (compare.CHOICE, "m", "f", compare.DIFFERENT),
        (compare.EMAIL, "ana@one.pt", "ana@two.example", compare.NEAR),
    ],
)  # fmt: skip
def test_likeness_has_levels(kind: int, one: str, two: str, wanted: int) -> None:
    assert level(kind, one, two) == wanted
    assert level(kind, two, one) == wanted


def test_numbers_that_a_gap_made_fractions_are_still_numbers() -> None:
    fields = encode(pa.table({"zip": [3011.0, None, 4000.0]}), {"zip": "postcode"})

    assert bytes(fields.text).rstrip(b"\0").decode() == "30114000"
    assert fields.codes[:, 0].tolist() == [1, 0, 2]


def test_lists_of_products_are_matched_one_to_one_by_rare_words() -> None:
    left = pa.table(
        {"id": ["1", "2"], "title": ["Sony turntable PSLX350H", "Bose speaker AM53BK"], "price": ["99", ""]}
    )
    right = pa.table(
        {"id": ["x", "y"], "title": ["bose AM-53BK black", "PSLX350H record player sony"], "price": ["", "95"]}
    )

    matched = likeness.match_wares(left, right)

    assert sorted(zip(matched.lefts.tolist(), matched.rights.tolist(), strict=True)) == [(0, 1), (1, 0)]
