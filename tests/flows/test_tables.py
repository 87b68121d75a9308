"""Checks the files that tables are written to."""

import csv
import io

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from caravan.flows import tables
from caravan.kernel.cells import guarded, unguarded


def test_text_in_a_csv_file_is_no_formula_and_numbers_stay_numbers() -> None:
    table = pa.table({"=name": ['=HYPERLINK("x")', "Mug", None], "amount": [-5, 2, 3]})

    assert tables.csv_of(table).decode() == '"\'=name","amount"\n"\'=HYPERLINK(""x"")",-5\n"Mug",2\n,3\n'


def test_a_parquet_or_json_file_holds_text_as_it_is() -> None:
    table = pa.table({"name": ["=1+1"]})

    assert tables.file_of(table, "json") == b'[{"name":"=1+1"}]'
    assert b"=1+1" in tables.file_of(table, "parquet")


@given(st.lists(st.text(alphabet="'=+-@\t\r\n\uff1d1a. \",", max_size=8), min_size=1))
def test_a_table_is_guarded_as_each_cell_is_and_reads_back_as_it_was(texts: list[str]) -> None:
    written = tables.csv_of(pa.table({"text": texts, "row": range(len(texts))})).decode()

    rows = list(csv.reader(io.StringIO(written, newline="")))[1:]
    assert [row[0] for row in rows] == [guarded(text) for text in texts]
    assert [unguarded(row[0]) for row in rows] == texts
