"""Checks official tariff files: what is a share of the worth is taken, all else stays unknown, and a wrong file is refused whole."""

import json

import pytest

from caravan.trade import taxes
from caravan.trade.taxes import Route, Ware, WrongTaxRules, import_tariff, read_table, read_tariff, shipped

HTS = """HTS Number,Indent,Description,Unit of Quantity,General Rate of Duty,Special Rate of Duty,Column 2 Rate of Duty
0101,0,"Live horses, asses, mules and hinnies:",,,,
0101.21.00,2,Purebred breeding animals,,Free,,Free
0101.21.00.10,3,Males,"[""No.""]",,,
0102.29.20,3,Cows,"[""No.""]",1¢/kg,Free,6.6¢/kg
6109.10.00,1,Of cotton,,16.5%,Free,90%
6109.90.10,2,Of man-made fibers,,32%,Free,90%
6109.90.15,2,Of wool,,5.6% 1/,Free,50%
9503.00.00,0,Toys,,Free,Free,70%
2402.10.30,1,Cigars,,$1.89/kg + 4.7%,Free,$9.92/kg + 25%
2401.10.21,1,Wrapper,,350%,Free,90%
9801.00.10,0,Returned,,Free,,Free
"""
UK = """id,commodity__code,measure__type__id,measure__type__description,measure__duty_expression,measure__effective_start_date,measure__effective_end_date,measure__geographical_area__id
1,6109100010,103,Third country duty,12.00 %,2021-01-01,#NA,1011
2,6109100010,142,Tariff preference,0.00 %,2021-01-01,#NA,2000
3,6109100090,103,Third country duty,12.00 %,2021-01-01,#NA,1011
4,6403999800,103,Third country duty,6.00 %,2021-01-01,2022-12-31,1011
5,6403999800,103,Third country duty,8.00 %,2023-01-01,#NA,1011
6,0201100021,103,Third country duty,12.00 % + 147.000 GBP / 100 kg,2021-01-01,#NA,1011
"""
SOURCE, DAY = "https://hts.usitc.gov/export", "2026-11-28"


def us(text: str = HTS) -> taxes.Tariff:
    return read_tariff(text, "us-hts", as_of=DAY)


def duties(text: str, code: str, country: str = "US") -> list[tuple[str, int]]:
    """Give the duties of 100 in goods from elsewhere, by rule."""
    wares = [Ware(0, "", code, "CN", "standard", 100_000, 0)]
    route = Route(country, "", "CN", "CN", DAY)
    found = taxes.assess(
        read_table(text), wares, route, convert=lambda amount, _: amount, convert_back=lambda amount, _: amount
    )
    return [(part.rule, part.amount_minor) for part in found if "duty" in part.rule or "tariff" in part.rule]


def test_a_share_of_the_worth_is_taken_and_all_else_is_unknown_with_its_row_and_reason() -> None:
    found = us()

    assert found.rates == {
        "01012100": 0, "61091000": 165_000, "61099010": 320_000, "61099015": 56_000, "95030000": 0,
    }  # fmt: skip
    assert [(one.row, one.code, one.said) for one in found.unknown] == [
        (4, "01022920", "1¢/kg"), (9, "24021030", "$1.89/kg + 4.7%"), (10, "24011021", "350%"),
    ]  # fmt: skip
    assert found.rows == 11


def test_the_same_in_json_says_the_same() -> None:
    rows = [{"htsno": "6109.10.00", "general": "16.5%", "indent": "1"}, {"htsno": "0102.29.20", "general": "1¢/kg"}]

    found = us(json.dumps(rows))

    assert (found.rates, [one.code for one in found.unknown]) == ({"61091000": 165_000}, ["01022920"])


def test_rules_stand_before_the_unknown_one_and_meet_what_all_further_digits_agree_on() -> None:
    made = import_tariff(shipped(), us(), country="US", source=SOURCE, as_of=DAY)

    assert duties(made.text, "610910") == [("us-tariff-16-5", 16_500)]
    assert duties(made.text, "61099010") == [("us-tariff-32", 32_000)]
    assert duties(made.text, "950300") == [("us-tariff-0", 0)]
    for unsure in ("610990", "0102", "24021030", "", "8517"):
        assert duties(made.text, unsure) == [("us-duty", 0)]
    assert (made.rules, made.replaced) == (4, ())
    rule = next(one for one in read_table(made.text).rules if one.id == "us-tariff-16-5")
    assert (rule.source, rule.as_of, rule.authority, rule.ships, rule.remits) == (
        SOURCE,
        DAY,
        "US-CUSTOMS",
        "outside",
        "buyer",
    )


def test_an_import_again_changes_nothing_and_a_new_one_takes_its_place() -> None:
    first = import_tariff(shipped(), us(), country="US", source=SOURCE, as_of=DAY)

    again = import_tariff(first.text, us(), country="US", source=SOURCE, as_of=DAY)
    other = import_tariff(first.text, us(HTS.replace("16.5%", "17%")), country="US", source=SOURCE, as_of=DAY)

    assert read_table(again.text) == read_table(first.text)
    assert duties(other.text, "610910") == [("us-tariff-17", 17_000)]
    assert "us-tariff-16-5" not in other.text


def test_of_the_uk_only_what_all_countries_pay_on_that_day_counts() -> None:
    found = read_tariff(UK, "uk-tariff", as_of=DAY)

    made = import_tariff(shipped(), found, country="GB", source=SOURCE, as_of=DAY)

    assert found.rates == {"6109100010": 120_000, "6109100090": 120_000, "6403999800": 80_000}
    assert [one.code for one in found.unknown] == ["0201100021"]
    assert made.replaced == ("gb-duty-clothes", "gb-duty-free")
    assert duties(made.text, "610910", "GB") == [("gb-tariff-12", 12_000)]
    assert duties(made.text, "0201", "GB") == [("gb-duty-other", 0)]
    assert read_tariff(UK, "uk-tariff", as_of="2022-06-01").rates["6403999800"] == 60_000


@pytest.mark.parametrize(
    ("text", "row", "field"),
    [
        ("a,General Rate of Duty\n1,2\n", 0, "HTS Number"),
        ("HTS Number,General Rate of Duty\n61x9,5%\n", 1, "HTS Number"),
        ("HTS Number,General Rate of Duty\n6109,5%\n6109,6%\n", 2, "General Rate of Duty"),
        ("HTS Number,General Rate of Duty\n", 0, "file"),
        ("[{]", 0, "file"),
        ('{"a": 1}', 0, "file"),
    ],
)
def test_a_file_that_is_none_is_refused_whole_with_row_field_and_reason(text: str, row: int, field: str) -> None:
    with pytest.raises(WrongTaxRules) as refused:
        us(text)

    assert [(fault.row, fault.field) for fault in refused.value.faults] == [(row, field)]


def test_a_table_that_does_not_say_who_owes_an_unknown_duty_is_refused() -> None:
    with pytest.raises(WrongTaxRules, match="unknown: true"):
        import_tariff(shipped(), us(), country="NO", source=SOURCE, as_of=DAY)


def test_a_whole_schedule_is_a_few_hundred_rules_and_is_found_as_fast_as_a_small_one() -> None:
    lines = [
        f"{chapter:02}{heading:02}.{sub:02}.00,{(chapter * heading + sub) % 180 / 10}%"
        for chapter in range(1, 97) for heading in range(1, 13) for sub in range(10, 20)
    ]  # fmt: skip
    found = us("HTS Number,General Rate of Duty\n" + "\n".join(lines))

    made = import_tariff(shipped(), found, country="US", source=SOURCE, as_of=DAY)

    assert (len(found.rates), made.rules) == (11_520, 180)
    assert duties(made.text, "500513")[0][0] == "us-tariff-8-3"
