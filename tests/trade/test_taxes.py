"""Checks taxes: what a consignment meets by the shipped table, how tables are read, and what is refused of them."""

import re
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import AddressId, OrderId, ProductId
from caravan.kernel.money import exponent
from caravan.trade import taxes
from caravan.trade.taxes import Assessment, Classified, Part, Route, Taxes, Ware
from tests.folding import fold, reloaded, same

NOW = Instant(1_000)
SHIPPED = taxes.read_table(taxes.shipped())
DAY = "2026-11-28"
RATES = {"EUR": "1", "USD": "1.1", "GBP": "0.85", "JPY": "160", "AUD": "1.6", "CAD": "1.5", "CNY": "8", "BRL": "6"}


def converter(
    currency: str, *, known: bool = True
) -> tuple[Callable[[int, str], int | None], Callable[[int, str], int | None]]:
    """Give ways from the order's currency into another and back, at made-up rates."""

    def turned(amount: int, source: str, target: str) -> int | None:
        if not known and source != target:
            return None
        value = Decimal(amount).scaleb(-exponent(source)) / Decimal(RATES[source]) * Decimal(RATES[target])
        return int(value.scaleb(exponent(target)))

    return (lambda amount, into: turned(amount, currency, into)), (lambda amount, of: turned(amount, of, currency))


def ware(goods: int, shipping: int = 0, *, hs: str = "", tax_class: str = "standard", line: int = 0) -> Ware:
    return Ware(line, "Home/Kitchen", hs, "", tax_class, goods, shipping)


def met(
    country: str, *wares: Ware, ships: str = "PT", seller: str = "", region: str = "", currency: str = "EUR",
    day: str = DAY, table: taxes.Table = SHIPPED, known: bool = True,
) -> dict[str, int]:  # fmt: skip
    """Give the parts of a consignment, by rule, all lines together."""
    there, back = converter(currency, known=known)
    route = Route(country, region, ships, seller or ships, day)
    sums: dict[str, int] = {}
    for part in taxes.assess(table, wares, route, convert=there, convert_back=back):
        sums[part.rule] = sums.get(part.rule, 0) + part.amount_minor
    return sums


@pytest.mark.parametrize(
    ("country", "region", "ships", "goods", "shipping", "hs", "wanted"),
    [
        ("PT", "", "PT", 12_300, 0, "", {"pt-vat": 2_300}),
        ("DE", "", "PT", 11_900, 0, "", {"de-vat": 1_900}),
        ("FR", "", "PT", 10_000, 2_000, "", {"fr-vat": 2_000}),
        # 3 EUR on the heading, then the tax on goods, delivery and duty.
        ("DE", "", "CN", 10_000, 500, "610910", {"de-duty-small": 300, "de-vat-ioss": 2_052}),
        ("DE", "", "CN", 15_001, 0, "610910", {"de-duty-clothes": 1_800, "de-import-vat": 3_192}),
        ("DE", "", "CN", 20_000, 0, "7323", {"de-duty-other": 0, "de-import-vat": 3_800}),
        ("GB", "", "PT", 10_000, 0, "", {"gb-vat-small": 2_000}),
        ("GB", "", "PT", 30_000, 0, "4901", {"gb-duty-free": 0, "gb-import-vat": 6_000}),
        ("US", "CA", "US", 10_000, 1_000, "", {"us-ca-sales": 725}),
        ("US", "NY", "PT", 10_000, 1_000, "", {"us-ny-sales": 440, "us-duty": 0}),
        ("US", "OR", "US", 10_000, 0, "", {}),
        ("CA", "QC", "CA", 10_000, 0, "", {"ca-gst-sale": 500, "ca-qc-qst": 998}),
        ("CA", "ON", "CA", 10_000, 0, "", {"ca-on-sale": 1_300}),
        ("CA", "ON", "PT", 1_000, 0, "", {}),
        ("CA", "ON", "PT", 10_000, 0, "", {"ca-duty": 0, "ca-on-import": 1_300}),
        ("AU", "", "PT", 10_000, 1_000, "", {"au-gst-small": 1_100}),
        ("AU", "", "PT", 100_000, 0, "", {"au-duty": 5_000, "au-import-gst": 10_500}),
        ("JP", "", "PT", 5_000, 0, "", {}),
        ("JP", "", "PT", 10_000, 0, "", {"jp-duty": 0, "jp-import-tax": 1_000}),
        ("CN", "", "PT", 10_000, 0, "", {"cn-retail-import": 910}),
        ("XX", "", "PT", 10_000, 0, "", {}),
    ],
)  # fmt: skip
def test_what_the_shipped_table_makes_of_a_parcel_in_euro(
    country: str, region: str, ships: str, goods: int, shipping: int, hs: str, wanted: dict[str, int]
) -> None:
    assert met(country, ware(goods, shipping, hs=hs), ships=ships, region=region) == wanted


@pytest.mark.parametrize(
    ("goods", "wanted"),
    # Published by UOL on 2025-07-29: 50 USD cost 72.29, and 100 USD cost 168.67.
    [(5_000, {"br-duty-small": 1_000, "br-icms": 1_229}), (10_000, {"br-duty": 4_000, "br-icms": 2_867})],
)
def test_brazil_reckons_as_its_newspapers_do(goods: int, wanted: dict[str, int]) -> None:
    assert met("BR", ware(goods), ships="CN", currency="USD") == wanted


def test_a_heading_pays_once_however_many_lines_it_has() -> None:
    shirts, watch = ware(2_000, hs="61091000"), ware(3_000, hs="910211", line=2)

    assert met("FR", shirts, ware(1_000, hs="610910", line=1), watch, ships="CN")["fr-duty-small"] == 600


def test_a_seller_from_outside_is_the_marketplaces_to_account_for() -> None:
    assert met("DE", ware(11_900), ships="DE", seller="CN") == {"de-vat-deemed": 1_900}


def test_a_reduced_class_meets_its_own_rate() -> None:
    assert met("DE", ware(10_700, tax_class="reduced")) == {"de-vat-reduced": 700}
    assert met("GB", ware(10_000, tax_class="zero"), ships="GB") == {"gb-vat-zero": 0}


def test_a_rule_holds_from_its_first_to_its_last_day() -> None:
    parcel = ware(10_000, hs="610910")

    days = ["2026-06-30", "2026-07-01", "2028-06-30", "2028-07-01"]

    assert [met("PT", parcel, ships="CN", day=day).get("pt-duty-small", 0) for day in days] == [0, 300, 300, 0]


@pytest.mark.parametrize(("goods", "rule"), [(15_000, "de-vat-ioss"), (15_001, "de-import-vat")])
def test_a_bound_itself_is_still_within(goods: int, rule: str) -> None:
    assert rule in met("DE", ware(goods), ships="CN")


def test_the_parcel_counts_against_a_bound_not_the_line() -> None:
    parts = met("DE", ware(10_000), ware(10_000, line=1), ships="CN")

    assert "de-import-vat" in parts
    assert "de-vat-ioss" not in parts


def test_without_a_rate_a_bound_is_taken_to_be_passed() -> None:
    assert met("GB", ware(100), ships="PT", known=False) == {"gb-import-vat": 20, "gb-duty-other": 0}


def test_one_rounding_for_all_lines_and_no_unit_lost() -> None:
    there, back = converter("EUR")
    wares = [ware(10, line=line) for line in range(7)]

    parts = taxes.assess(SHIPPED, wares, Route("DE", "", "PT", "PT", DAY), convert=there, convert_back=back)

    assert sum(part.amount_minor for part in parts) == 11  # 70 * 19 / 119 is 11.18.
    assert sorted(part.amount_minor for part in parts) == [1, 1, 1, 2, 2, 2, 2]


def test_every_shipped_rule_has_a_source_and_a_day_and_is_of_one_of_ten_countries() -> None:
    assert len({rule.country for rule in SHIPPED.rules}) == 10
    assert all(rule.source.startswith("http") and re.match(r"20\d\d-\d\d-\d\d$", rule.as_of) for rule in SHIPPED.rules)
    assert {rule.authority for rule in SHIPPED.rules} == {one.code for one in SHIPPED.authorities}


ONE = """
name: Small
as_of: 2026-11-28
authorities: [{code: NO, name: Skatteetaten}]
rules:
  - id: no-vat
    name: MVA
    country: NO
    levy: sale
    authority: NO
    remits: seller
    rate: 25
    included: true
    source: https://www.skatteetaten.no/en/rates/value-added-tax/
    as_of: 2026-11-28
"""


def changed(**fields: str) -> str:
    """Write the small table with other fields; an empty one is left out."""
    rows = ONE
    for field, value in fields.items():
        rows = (
            re.sub(rf"(?m)^    {field}: .*\n|^  - {field}: .*\n", "", rows)
            if field != "id"
            else rows.replace("no-vat", value)
        )
        if value and field != "id":
            rows += f"    {field}: {value}\n"
    return rows


def test_norway_is_a_country_and_a_rate_is_exact() -> None:
    table = taxes.read_table(changed(rate="12.3456"))

    assert (table.rules[0].country, table.rules[0].rate_per_million) == ("NO", 123_456)


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"id": "A B"}, "id", "small letters"),
        ({"country": "Norway"}, "country", "two letters"),
        ({"country": '"*"'}, "country", "only of a levy on fees"),
        ({"levy": "vat"}, "levy", "is one of sale, import, duty, fee"),
        ({"authority": "SE"}, "authority", "none of the authorities"),
        ({"remits": "nobody"}, "remits", "is one of"),
        ({"remits": "buyer"}, "included", "at the border"),
        ({"levy": "duty"}, "included", "only be a tax on the sale"),
        ({"rate": "100"}, "rate", "percentage"),
        ({"rate": "-1"}, "rate", "percentage"),
        ({"rate": "1.00001"}, "rate", "four digits"),
        ({"rate": "much"}, "rate", "percentage"),
        ({"source": "hearsay"}, "source", "address"),
        ({"source": ""}, "source", "is needed"),
        ({"as_of": "28.11.2026"}, "as_of", "is a day"),
        ({"class": "luxury"}, "class", "is one of"),
        ({"ships": "up"}, "ships", "is one of"),
        ({"seller": "far"}, "seller", "is one of"),
        ({"hs": "[shirts]"}, "hs", "in quotes"),
        ({"hs": "61"}, "hs", "is a list"),
        ({"origin": "[China]"}, "origin", "list of countries"),
        ({"region": "Oslo lan"}, "region", "is a code"),
        ({"currency": "KRONE"}, "currency", "is a currency"),
        ({"up_to": "10"}, "up_to", "needs a currency"),
        ({"currency": "JPY", "up_to": "0.5"}, "up_to", "in its digits"),
        ({"valid_from": "2027-01-01", "valid_until": "2026-01-01"}, "valid_until", "is before"),
        ({"on_shipping": "maybe"}, "on_shipping", "true or false"),
        ({"vat": "25"}, "vat", "is no field"),
    ],
)
def test_a_fault_is_told_with_row_field_and_reason(fields: dict[str, str], field: str, reason: str) -> None:
    with pytest.raises(taxes.WrongTaxRules) as told:
        taxes.read_table(changed(**fields))

    assert any(fault.row == 1 and fault.field == field and reason in fault.reason for fault in told.value.faults)


def test_a_rate_on_a_fee_is_in_hundredths() -> None:
    with pytest.raises(taxes.WrongTaxRules, match="at most two digits"):
        taxes.read_table(changed(levy="fee", included="false", rate="12.345"))


def test_a_rule_that_stands_twice_is_a_fault_of_the_second_row() -> None:
    twice = ONE + ONE[ONE.index("  - id") :]

    with pytest.raises(taxes.WrongTaxRules, match="row 2, id: stands here a second time"):
        taxes.read_table(twice)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no table"),
        ("- 1", "holds no table"),
        ("a: [", "is no YAML"),
        ("a: &x 1\nb: *x", "aliases"),
        ("#" * (2**20 + 1), "at most"),
        (ONE.replace("rules:", "laws:"), "is no field of a table"),
        (ONE.replace("name: Small", ""), "is needed"),
        (ONE.replace("{code: NO, name: Skatteetaten}", "NO"), "list of {code"),
        (ONE + "areas: [EU]\n", "customs areas"),
        (ONE[: ONE.index("  - id")] + "  - vat\n", "is no mapping"),
    ],
)
def test_a_file_that_is_no_table_is_refused(text: str, reason: str) -> None:
    with pytest.raises(taxes.WrongTaxRules, match=re.escape(reason)):
        taxes.read_table(text)


def loaded(text: str = ONE) -> Taxes:
    book = Taxes()
    return fold(book, taxes.load_rules(book, taxes.read_table(text), now=NOW))


def test_a_version_is_a_change_and_none_is_lost() -> None:
    book = loaded()
    fold(book, taxes.load_rules(book, taxes.read_table(changed(rate="26")), now=NOW))

    assert [taxes.rule_of(book, version, "no-vat").rate_per_million for version in (1, 2)] == [250_000, 260_000]
    with pytest.raises(taxes.SameTaxRules):
        taxes.load_rules(book, taxes.read_table(changed(rate="26")), now=NOW)
    assert same(book, reloaded(book))


@pytest.mark.parametrize(
    "known", [Classified("61 09"), Classified("6109.10"), Classified("", "pt"), Classified("", "", "zero")]
)
def test_what_a_product_may_be(known: Classified) -> None:
    book = fold(Taxes(), taxes.classify(ProductId(7), known, by="operator", now=NOW))

    assert taxes.classified(book, 7).hs_code in {"6109", "610910", ""}
    assert taxes.classified(book, 8) == Classified()


@pytest.mark.parametrize(
    "known", [Classified("610"), Classified("6x"), Classified("", "PRT"), Classified("", "", "low")]
)
def test_what_no_product_can_be_is_refused(known: Classified) -> None:
    with pytest.raises(Invalid):
        taxes.classify(ProductId(7), known, by="operator", now=NOW)


@pytest.mark.parametrize(("region", "code"), [("US-CA", "CA"), ("ca", "CA"), ("", "")])
def test_a_region_is_named_as_rules_name_it(region: str, code: str) -> None:
    assert taxes.region_code(region, "US") == code


@pytest.mark.parametrize("region", ["California", "C-A", "ü"])
def test_a_region_that_is_none_is_refused(region: str) -> None:
    with pytest.raises(Invalid):
        taxes.region_code(region, "US")


def test_regions_products_and_orders_come_back_from_a_snapshot() -> None:
    book = loaded()
    fold(book, taxes.place_address(address=AddressId(3), region="CA", now=NOW))
    parts = [Part(0, "no-vat", 5)]
    assessment = Assessment(1, "NO", "", parts)
    fold(book, taxes.tax_order(order=OrderId(1), unit=578, assessment=assessment, parts=parts, fee_rule="", now=NOW))

    again = reloaded(book)

    assert same(book, again)
    assert again.regions == {3: "CA"}
    assert again.orders[1].parts == parts


def test_a_part_that_went_back_more_than_once_is_found() -> None:
    book = loaded()
    parts = [Part(0, "no-vat", 5)]
    fold(
        book,
        taxes.tax_order(
            order=OrderId(1), unit=578, assessment=Assessment(1, "NO", "", parts), parts=parts, fee_rule="", now=NOW
        ),
    )
    assert not list(taxes.findings(book))

    book.orders[1].returned = [6]
    book.orders[1].collected = [-1]

    assert len(list(taxes.findings(book))) == 2


def test_a_table_survives_its_document() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SHIPPED), type=taxes.Table) == SHIPPED
