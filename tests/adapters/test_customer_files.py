"""Tests files of customers: read as text whatever is in them, torn rows put aside with their number, mappings with their line."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from caravan.adapters.customer_files import read_customers, read_mapping
from caravan.cli import app
from caravan.kernel.errors import Invalid

ROLES = frozenset({"record", "given_name", "birth_date"})


def written(folder: Path, text: str | bytes, name: str = "crm.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_everything_is_text_so_that_no_zero_is_lost(tmp_path: Path) -> None:
    read = read_customers(written(tmp_path, "\ufeffid;postcode;phone\n1;01067; 0351 123\n2;;\n"))

    assert read.table.to_pylist() == [
        {"id": "1", "postcode": "01067", "phone": "0351 123"}, {"id": "2", "postcode": None, "phone": None},
    ]  # fmt: skip
    assert (read.numbers, read.torn) == ([1, 2], [])


def test_a_torn_row_is_put_aside_with_its_number_and_the_cure(tmp_path: Path) -> None:
    read = read_customers(
        written(tmp_path, 'id,name\n1,Ana\n2,Silva, Rui\n\n3,"Costa, Eva"\n4\n5,"open\n6,"Two\nlines"\n7,"a"b\n')
    )

    assert read.table.column("id").to_pylist() == ["1", "3", "6"]
    assert read.numbers == [1, 3, 6]
    assert [(one.row, one.first) for one in read.torn] == [(2, "2"), (4, "4"), (5, ""), (7, "")]
    assert "3 fields, where the header has 2: put quotes around ','" in read.torn[0].reason
    assert "never closed" in read.torn[2].reason


def test_parquet_is_read_as_it_is(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [7, 8]}), tmp_path / "crm.parquet")

    read = read_customers(tmp_path / "crm.parquet")

    assert (read.table.column("id").to_pylist(), read.numbers) == ([7, 8], [1, 2])


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"id,name\n1,Jos\xe9\n", "no UTF-8"), (b"", "names of its columns"), (b"id,id\n1,2\n", "each once")],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_customers(written(tmp_path, text))
    with pytest.raises(Invalid, match="can't be read"):
        read_customers(written(tmp_path, text, "crm.parquet"))
    with pytest.raises(Invalid, match="no file"):
        read_customers(tmp_path / "nobody.csv")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kunde: record\nnome: given_name\ngeb: birth_date\n", r"map.yaml:3: There is no column 'geb': there are kunde, nome"),
        ("kunde: record\nnome: vorname\n", r"map.yaml:2: A column is one of birth_date, given_name, record; not 'vorname'"),
        ("kunde: record\nkunde: given_name\n", r"map.yaml:2: kunde is there twice"), ("- kunde\n", r"map.yaml:1: A mapping has"),
        ("kunde: [record\n", r"map.yaml:2: This is no YAML"), ("", r"map.yaml:1: A mapping has"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_names_its_line_and_the_cure(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_mapping(written(tmp_path, text, "map.yaml"), ["kunde", "nome"], ROLES)
    with pytest.raises(Invalid, match="no file"):
        read_mapping(tmp_path / "gone.yaml", [], ROLES)


def test_customers_come_in_by_a_mapping_with_rejects_by_their_row_in_the_file(tmp_path: Path) -> None:
    people = written(
        tmp_path, "kunde,nome,mail\n1,Ana,a@x.pt\n2,Eva,e@x.pt,9\n,Rui,r@x.pt\n4,Ida,not an address\n5,Ute,u@x.pt\n"
    )
    mapping = written(tmp_path, "kunde: record\nnome: given_name\nmail: verified_email\n", "map.yaml")
    rejects = tmp_path / "rejects.csv"
    command = [
        "identity",
        "import",
        str(people),
        "--source",
        "crm",
        "--mapping",
        str(mapping),
        "--rejects",
        str(rejects),
    ]

    done = CliRunner().invoke(app, [*command, "--home", str(tmp_path / "home"), "--json"])

    assert done.exit_code == 0, done.output
    assert '"rows":5,"kept":2,"rejected":3' in done.output
    assert pyarrow.csv.read_csv(rejects).column("row").to_pylist() == [2, 3, 4]
