"""Brings another shop's tables, Parquet or CSV, into DuckDB as text: every row numbered, the torn ones kept and named.

Values are parsed later, by the macros below, so that one bad value costs its row and not the file. Parquet is read by
DuckDB; CSV by Python's own reader, for with it every row can be counted: where a quote is left open, DuckDB's drops or
swallows the rows behind it.
"""

import codecs
import csv
import io
import re
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import duckdb
import pyarrow as pa
from pyarrow import parquet as pq

from caravan.kernel.errors import Invalid, Outage
from caravan.world.partners import ports

Progress = tuple[str, int, int]
_Column = tuple[str | None, ...]

# Every reason why a row of any format may stay outside, for people. Each format adds its own.
REASONS: Final[Mapping[str, str]] = {
    "malformed_row": "The row has more or fewer fields than the header, or a quote in it is never closed.",
    "missing_id": "The row lacks an id without which nobody can say what it belongs to.",
    "missing_value": "The row lacks a value that it must have.",
    "duplicate_id": "An earlier row has the same id; the first one counts.",
    "bad_amount": "The value is no amount of money in whole minor units, or is beyond all reason.",
    "bad_number": "The value is no whole number of the kind that is wanted here.",
    "bad_timestamp": "The value is no time between 1990 and 2100 in a form that has one meaning.",
}

_MEMORY_LIMIT = "2GB"
_TEMPORARY_LIMIT = "20GB"
_ROWS_PER_CHUNK = 65_536
_LINES_PER_ROW_MAX = 20
_LINE_CHARS_MAX = 1_048_576
_VALUE_CHARS_MAX = 200
_BLOCK_BYTES = 1_048_576
_SUFFIXES = [".parquet", ".csv"]  # Where a folder has both, the one with types is less likely to have been edited.
_DELIMITERS = ",;\t|"
_GLOB = re.compile(r"[*?\[]")
_CONTRACT = {
    "sellers": ports.SELLERS,
    "products": ports.PRODUCTS,
    "listings": ports.LISTINGS,
    "buyers": ports.BUYERS,
    "orders": ports.ORDERS,
    "lines": ports.LINES,
    "parcels": ports.PARCELS,
    "returns": ports.RETURNS,
    "sources": ports.SOURCES,
    "rejects": ports.REJECTS,
}

# Money is read as decimal text, to twelve places, so that no float comes near it. An amount is ten million at most and
# a line a billion, so that no sum over a bounded number of rows leaves 64 bits.
_MACROS = [
    "CREATE MACRO told(t) AS nullif(trim(t, ' ' || chr(9) || chr(10) || chr(13) || chr(160)), '')",
    "CREATE MACRO fault(field, reason, value) AS {'field': field, 'reason': reason, 'value': coalesce(value, '')}",
    r"""CREATE MACRO whole(t) AS CASE WHEN regexp_full_match(told(t), '[+-]?[0-9]{1,9}([.]0*)?')
        THEN try_cast(split_part(told(t), '.', 1) AS BIGINT) END""",
    r"""CREATE MACRO hundredfold(t) AS CASE
        WHEN regexp_full_match(told(t), '[+-]?[0-9]{1,12}([.][0-9]{0,20})?([eE][+-]?[0-9]{1,2})?')
        THEN try_cast(told(t) AS DECIMAL(30, 12)) * 100 END""",
    """CREATE MACRO minor(t) AS CASE WHEN hundredfold(t) = trunc(hundredfold(t)) AND abs(hundredfold(t)) <= 1000000000
        THEN CAST(hundredfold(t) AS BIGINT) END""",
    r"""CREATE MACRO day_and_time(t) AS CASE
        WHEN regexp_full_match(told(t), '\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}([.]\d{1,9})?)?)?')
        THEN try_cast(told(t) AS TIMESTAMP) END""",
    """CREATE MACRO moment(day_and_time, zone) AS CASE WHEN year(day_and_time) BETWEEN 1990 AND 2100
        THEN timezone(zone, day_and_time) END""",
]


@dataclass(frozen=True)
class Shape:
    """What one table of a format looks like: the names that its file may have, and those that each column may have.

    Names are compared by their letters and digits only: "Invoice No" is "InvoiceNo" is "invoice_no".
    """

    name: str
    stems: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]  # our name: theirs
    optional: frozenset[str] = frozenset()  # our names of columns that may be missing

    def find(self, folder: Path) -> Path | None:
        """Find this table's file in a folder."""
        stems = {_plain(stem) for stem in self.stems}
        fitting = [file for file in sorted(folder.iterdir()) if file.is_file() and _plain(file.stem) in stems]
        ranked = [file for suffix in _SUFFIXES for file in fitting if file.suffix.lower() == suffix]
        return ranked[0] if ranked else None

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Say where in a header each of our columns stands; a column that is not there is left out."""
        named = {_plain(theirs): place for place, theirs in reversed(list(enumerate(header)))}
        hits = {
            ours: [named[_plain(name)] for name in names if _plain(name) in named]
            for ours, names in self.columns.items()
        }
        return {ours: found[0] for ours, found in hits.items() if found}

    def missing(self, header: Sequence[str]) -> list[str]:
        """Name the columns that a header lacks, as the format calls them."""
        found = self.places(header)
        return [names[0] for ours, names in self.columns.items() if ours not in found and ours not in self.optional]

    def refuse_unfit(self, header: Sequence[str], file: Path) -> None:
        """Refuse a file that lacks a column, by name."""
        missing = self.missing(header)
        if missing:
            raise Invalid(f"{file.name} has no column {', '.join(missing)}.", file=file.name, missing=missing)


@contextmanager
def workspace() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty DuckDB in memory, with the macros above and the tables `sources` and `rejects`."""
    with tempfile.TemporaryDirectory(prefix="caravan-import-") as folder:
        limits = {"memory_limit": _MEMORY_LIMIT, "temp_directory": folder, "max_temp_directory_size": _TEMPORARY_LIMIT}
        connection = duckdb.connect(":memory:", config={**limits, "autoinstall_known_extensions": "false"})
        try:
            connection.execute("SET TimeZone = 'UTC'")
            for macro in _MACROS:
                connection.execute(macro)
            connection.from_arrow(ports.SOURCES.empty_table()).create("sources")
            connection.from_arrow(ports.REJECTS.empty_table()).create("rejects")
            yield connection
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise Outage("The import ran out of memory, or of room for what does not fit there.") from error
        except OSError as error:
            raise Outage(f"{error.filename} could not be read.") from error
        finally:
            connection.close()


def is_readable(file: Path) -> bool:
    """Tell whether this is a file whose name says that it is a table."""
    return file.is_file() and file.suffix.lower() in _SUFFIXES


class Intake:
    """What has been read so far: a table `raw_<name>` for each shape, its rows numbered within and over its files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, rows_max: int) -> None:
        self.rows = 0
        self._connection = connection
        self._rows_max = rows_max

    def load(self, shape: Shape, files: Sequence[Path]) -> Iterator[Progress]:
        """Read the files of one table into `raw_<name>`, in the order given; refuse a file that lacks a column.

        The columns: `place` (over all files), `row` (in its file, from 1), `file`, `torn` (the whole line, where its
        fields can't be told apart), then those of the shape, as text.
        """
        numbers, texts = ["place", "row"], ["file", "torn", *shape.columns]
        schema = pa.schema([(name, pa.int64()) for name in numbers] + [(name, pa.string()) for name in texts])
        self._connection.from_arrow(schema.empty_table()).create(f"raw_{shape.name}")
        for file in files:
            yield from (self._parquet if file.suffix.lower() == ".parquet" else self._csv)(shape, file)

    def _parquet(self, shape: Shape, file: Path) -> Iterator[Progress]:
        yield file.name, 0, 1
        names, rows = _parquet_outline(file)
        shape.refuse_unfit(names, file)
        places = shape.places(names)
        texts = [
            f"CAST({_quoted(names[places[ours]])} AS VARCHAR)" if ours in places else "NULL" for ours in shape.columns
        ]
        counted = [f"file_row_number + {self.rows + 1}", "file_row_number + 1"]
        self._count(rows, file)
        named = "'" + file.name.replace("'", "''") + "'"
        relation = self._connection.from_parquet(_GLOB.sub(r"[\g<0>]", str(file)), file_row_number=True)
        relation.project(", ".join([*counted, named, "NULL", *texts])).insert_into(f"raw_{shape.name}")
        yield file.name, 1, 1

    def _csv(self, shape: Shape, file: Path) -> Iterator[Progress]:
        size, before = file.stat().st_size, self.rows
        with file.open("rb") as blocks:
            text = io.TextIOWrapper(blocks, encoding=_encoding(file), errors="replace", newline="")
            delimiter, names = _header(shape, text)
            shape.refuse_unfit(names, file)
            places = shape.places(names)
            for columns in _chunks(text, delimiter=delimiter, width=len(names)):
                first = self.rows + 1
                self._count(len(columns[0]), file)
                table = _chunk_table(
                    shape, columns, places=places, file=file.name, first_place=first, first_row=first - before
                )
                self._connection.from_arrow(table).insert_into(f"raw_{shape.name}")
                yield file.name, blocks.tell(), size

    def _count(self, rows: int, file: Path) -> None:
        self.rows += rows
        if self.rows > self._rows_max:
            raise Invalid(
                f"There are more than {self._rows_max} rows, counted up to {file.name}.", limit_rows=self._rows_max
            )


def header(file: Path, shape: Shape) -> list[str]:
    """Read the names of a file's columns; refuse what is no Parquet although it says so."""
    if file.suffix.lower() == ".parquet":
        return _parquet_outline(file)[0]
    with file.open(encoding=_encoding(file), errors="replace", newline="") as text:
        return _header(shape, text)[1]


def history(
    connection: duckdb.DuckDBPyConnection, *, source: str, currency: str, read: int, notes: Sequence[str]
) -> ports.History:
    """Hand over the tables that stand ready in DuckDB under the names of the contract.

    Here it is asserted that every row read ended once, as accepted or as rejected.
    """
    found = {
        name: connection.table(name).to_arrow_table().select(schema.names).cast(schema)
        for name, schema in _CONTRACT.items()
    }
    assert found["sources"].num_rows + found["rejects"].num_rows == read, "A row was lost, or counted twice."
    return ports.History(source=source, currency=currency, **found, read=read, notes=tuple(notes))


def _parquet_outline(file: Path) -> tuple[list[str], int]:
    """Read a Parquet file's columns and how many rows it has."""
    try:
        metadata = pq.read_metadata(file)
    except pa.ArrowInvalid as error:
        raise Invalid(f"{file.name} cannot be read as Parquet.", file=file.name) from error
    return list(metadata.schema.to_arrow_schema().names), int(metadata.num_rows)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _encoding(file: Path) -> str:
    """Tell UTF-16 by its mark, UTF-8 by being valid throughout; what is left is Windows' Latin 1."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as blocks:
        if blocks.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return "utf-16"
        blocks.seek(0)
        try:
            while block := blocks.read(_BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _header(shape: Shape, text: TextIO) -> tuple[str, list[str]]:
    """Read the header with the delimiter by which most of the wanted columns are found."""
    line = text.readline(_LINE_CHARS_MAX)
    ways = [(delimiter, next(csv.reader([line], delimiter=delimiter), [])) for delimiter in _DELIMITERS]
    return max(ways, key=lambda way: len(shape.places(way[1])))


def _chunks(text: TextIO, *, delimiter: str, width: int) -> Iterator[list[_Column]]:
    """Read some rows at a time as columns, with one more at the end: the line, where its fields can't be told apart."""
    every_line = iter(partial(text.readline, _LINE_CHARS_MAX), "")
    while lines := list(islice(every_line, _ROWS_PER_CHUNK)):
        rows = _whole_rows(lines, delimiter=delimiter, width=width)
        if rows:
            yield [*zip(*rows, strict=True), (None,) * len(rows)]
            continue
        some = list(_rows(_Tape(lines, text), delimiter=delimiter, width=width))
        if some:
            yield list(zip(*some, strict=True))


def _whole_rows(lines: list[str], *, delimiter: str, width: int) -> list[list[str]]:
    """Read lines that are a row each, as nearly all are, at once; give nothing if any is more, or less, or torn."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return []
    is_open = rows[-1][-1:] and rows[-1][-1].endswith(("\n", "\r"))
    return rows if len(rows) == len(lines) and set(map(len, rows)) == {width} and not is_open else []


class _Tape:
    """Lines, some of which can be put back, so that a torn row does not take its neighbors along."""

    def __init__(self, lines: list[str], text: TextIO) -> None:
        self.taken: list[str] = []
        self.is_cut = False
        self._ahead = deque(lines)
        self._text = text

    def __iter__(self) -> "_Tape":
        return self

    def __next__(self) -> str:
        is_full = len(self.taken) == _LINES_PER_ROW_MAX
        line = "" if is_full else self._ahead.popleft() if self._ahead else self._text.readline(_LINE_CHARS_MAX)
        if not line:
            self.is_cut = True
            raise StopIteration
        self.taken.append(line)
        return line

    def next_row(self) -> bool:
        """Begin a row, if there are lines left; only a row that has begun goes on to lines further on in the file."""
        self.taken = []
        self.is_cut = False
        return bool(self._ahead)

    def put_back(self) -> None:
        """Give all lines of this row but its first to the next row."""
        self._ahead.extendleft(reversed(self.taken[1:]))


def _rows(tape: _Tape, *, delimiter: str, width: int) -> Iterator[list[str | None]]:
    """Read rows one by one, with care."""
    reader = csv.reader(tape, delimiter=delimiter)
    while tape.next_row():
        fields = _fields(reader)
        if fields is not None and len(fields) == width and _is_whole(tape, delimiter=delimiter):
            yield [*fields, None]
        elif any(line.strip() for line in tape.taken):
            yield [*[None] * width, tape.taken[0].strip()[:_VALUE_CHARS_MAX]]
            tape.put_back()
            reader = csv.reader(tape, delimiter=delimiter)


def _is_whole(tape: _Tape, *, delimiter: str) -> bool:
    """Tell a row over several lines from one that swallowed others: its quotes close right before a delimiter."""
    if tape.is_cut or len(tape.taken) == 1:
        return not tape.is_cut
    try:
        return len(list(csv.reader(tape.taken, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False


def _fields(reader: Iterator[list[str]]) -> list[str] | None:
    """Take the next row apart; None where a field is longer than any field should be."""
    try:
        return next(reader, None)
    except csv.Error:
        return None


def _chunk_table(
    shape: Shape, columns: list[_Column], *, places: Mapping[str, int], file: str, first_place: int, first_row: int
) -> pa.Table:
    """Put some rows of a CSV file into the columns of `raw_<name>`."""
    rows = len(columns[0])
    texts = [columns[places[ours]] if ours in places else (None,) * rows for ours in shape.columns]
    counted = [pa.array(range(first, first + rows), pa.int64()) for first in (first_place, first_row)]
    named = [pa.repeat(file, rows), *(pa.array(values, pa.string()) for values in [columns[-1], *texts])]
    return pa.table([*counted, *named], ["place", "row", "file", "torn", *shape.columns])
