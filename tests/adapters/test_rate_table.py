"""Checks tables of rates: which row counts for a parcel, and that each fault of a table is named by row and column."""

from pathlib import Path

import pytest

from caravan.adapters.rate_table import ROWS_MAX, TableCarrier, read_table
from caravan.kernel.errors import Invalid
from caravan.trade.delivery import NoRates, Place, UnsignedTracking, Wanted

TABLE = """carrier,service,from,to,grams,price,currency,days
CTT,Registado,PT,PT,2000,4.20,EUR,2
CTT,Registado,PT,PT,10000,6.90,EUR,2
CTT,Expresso,PT,PT ES,2000,9.80,EUR,1
CTT,World,PT,*,2000,18.00,EUR,8
"""


def rates(grams: int, to: str = "PT", sender: str = "PT") -> list[tuple[str, int]]:
    here, there = (Place("A", "B", "", "C", "1", country) for country in (sender, to))
    found = TableCarrier(read_table(TABLE)).rates(Wanted("par", here, there, grams))
    return [(rate.service, rate.amount_minor) for rate in found]


def test_the_least_weight_that_a_parcel_fits_counts() -> None:
    assert rates(2_000) == [("Registado", 420), ("Expresso", 980), ("World", 1_800)]
    assert rates(2_001) == [("Registado", 690)]


def test_zones_are_countries_or_all() -> None:
    assert rates(500, "ES") == [("Expresso", 980), ("World", 1_800)]
    assert rates(500, "JP") == [("World", 1_800)]


@pytest.mark.parametrize(("grams", "sender"), [(10_001, "PT"), (500, "DE")])
def test_what_no_row_takes_has_no_rates(grams: int, sender: str) -> None:
    with pytest.raises(NoRates):
        rates(grams, sender=sender)


@pytest.mark.parametrize(("row", "said"), [
    ("CTT,X,PT,PT,0,1,EUR,1", "row 6, grams"), ("CTT,X,PT,PT,1.5,1,EUR,1", "row 6, grams"),
    ("CTT,X,PT,PT,5,1.234,EUR,1", "row 6, price"), ("CTT,X,PT,PT,5,-1,EUR,1", "row 6, price"),
    ("CTT,X,PT,PT,5,1,ZZZ,1", "row 6, price"), ("CTT,X,pt,PT,5,1,EUR,1", "row 6, from"),
    ("CTT,X,PT,,5,1,EUR,1", "row 6, to"), (",X,PT,PT,5,1,EUR,1", "row 6, carrier"), ("CTT,,PT,PT,5,1,EUR,1", "row 6, service"),
    ("CTT,X,PT,PT,5,1,EUR,soon", "row 6, days"), ("CTT,X,PT", "row 6"), ("CTT,World,PT,*,2000,1,EUR,1", "the same as row 5"),
])  # fmt: skip
def test_each_fault_is_named_by_row_and_column(row: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_table(TABLE + row + "\n")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(Invalid, match=r"row 6, grams.*row 7, price"):
        read_table(TABLE + "CTT,X,PT,PT,0,1,EUR,1\nCTT,X,PT,PT,5,x,EUR,1\n")


def test_a_table_without_rows_or_columns_or_with_too_many_rows_is_refused() -> None:
    with pytest.raises(Invalid, match="no rows"):
        read_table(TABLE.splitlines()[0])
    with pytest.raises(Invalid, match="days is missing"):
        read_table("carrier,service,from,to,grams,price,currency\n")
    with pytest.raises(Invalid, match="at most"):
        read_table(TABLE + "".join(f"CTT,S{n},PT,PT,5,1,EUR,1\n" for n in range(ROWS_MAX)))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("\ufeff" + TABLE)
    bad.write_text("nonsense")

    carrier = TableCarrier.of(good)
    with pytest.raises(Invalid, match=r"bad\.csv"):
        TableCarrier.of(bad)
    with pytest.raises(Invalid, match=r"none\.csv"):
        TableCarrier.of(tmp_path / "none.csv")

    assert carrier.track(["x"]) == [None]
    with pytest.raises(UnsignedTracking):
        carrier.notice(b"", "")
    carrier.close()
