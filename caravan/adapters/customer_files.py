"""Customers of another system: their file, CSV or Parquet, read as text row by row; and the file that says what its columns are."""

import csv
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from caravan.kernel.cells import unguarded
from caravan.kernel.errors import Invalid

ROWS_MAX = 20_000_000
_DELIMITERS = ",;\t|"
_FIELD_CHARACTERS_MAX = 100_000
_LINES_PER_ROW_MAX = 20  # Of a field with line breaks in it.


class Torn(NamedTuple):
    """A row that can't be read: its number in the file, from 1 behind the header; its first field, and why."""

    row: int
    first: str
    reason: str


class CustomerFile(NamedTuple):
    """The rows of a file as text, the number of each in the file, and those that can't be read."""

    table: pa.Table
    numbers: list[int]
    torn: list[Torn]


def read_customers(file: Path) -> CustomerFile:
    """Read a file. Refuses one that is not there, has no header, or can't be read as a whole; a row alone is put aside."""
    if not file.is_file():
        raise Invalid(f"There is no file {file}.", field="file")
    if file.suffix.lower() == ".parquet":
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError) as error:
            raise Invalid(f"{file} can't be read: {str(error)[:200]}", field="file") from None
        return CustomerFile(table, list(range(1, len(table) + 1)), [])
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header = lines.readline()
            lines.seek(0)
            return _rows(file, lines, max(_DELIMITERS, key=header.count))
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is no UTF-8 text (byte {error.start:,}): save it as CSV UTF-8.", field="file") from None


def _rows(file: Path, lines: Iterator[str], delimiter: str) -> CustomerFile:
    csv.field_size_limit(_FIELD_CHARACTERS_MAX)
    rows = _split(lines, delimiter)
    header = [name.strip() for name in next(rows, None) or []]
    if not any(header) or len(set(header)) != len(header):
        raise Invalid(f"{file} begins with the names of its columns, each once.", field="file")
    columns: list[list[str | None]] = [[] for _ in header]
    numbers: list[int] = []
    torn: list[Torn] = []
    for number, row in enumerate(islice(rows, ROWS_MAX), 1):
        if row is None:
            torn.append(Torn(number, "", "A quote in the row is never closed: close it, or double it."))
        elif len(row) != len(header):
            reason = (
                f"The row has {len(row)} fields, where the header has {len(header)}: put quotes around {delimiter!r}."
            )
            torn.append(Torn(number, row[0][:60], reason))
        else:
            numbers.append(number)
            for column, value in zip(columns, row, strict=True):
                column.append(unguarded(value.strip()) or None)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return CustomerFile(pa.table(dict(zip(header, arrays, strict=True))), numbers, torn)


def _split(lines: Iterator[str], delimiter: str) -> Iterator[list[str] | None]:
    """Give rows, None for one that can't be read. A quote that is left open costs its own line, not those behind it."""
    ahead: deque[str] = deque()
    while ahead or (more := next(lines, "")):
        taken = [ahead.popleft() if ahead else more]
        if not taken[0].strip():
            continue
        row = _parsed(taken, delimiter)
        while (
            row is None and len(taken) < _LINES_PER_ROW_MAX and (more := ahead.popleft() if ahead else next(lines, ""))
        ):
            taken.append(more)
            row = _parsed(taken, delimiter)
        if row is None:
            ahead.extendleft(reversed(taken[1:]))
        yield row


def _parsed(lines: list[str], delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None


def read_mapping(file: Path, columns: list[str], roles: frozenset[str]) -> Mapping[str, str]:
    """Read a mapping, `COLUMN: ROLE` a line, for a file of these columns. Refuses what is wrong with its line and the cure."""
    if not file.is_file():
        raise Invalid(f"There is no file {file}.", field="mapping")
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise Invalid(f"{file}:{mark.line + 1 if mark else 1}: This is no YAML: {error}", field="mapping") from None
    if not isinstance(node, yaml.MappingNode):
        raise Invalid(f"{file}:1: A mapping has a line a column: dob: birth_date.", field="mapping")
    found: dict[str, str] = {}
    for key, value in node.value:
        column, role, line = str(key.value), str(value.value), key.start_mark.line + 1
        if column not in columns:
            raise Invalid(
                f"{file}:{line}: There is no column {column[:60]!r}: there are {', '.join(columns)}.", field="mapping"
            )
        if role not in roles:
            raise Invalid(
                f"{file}:{line}: A column is one of {', '.join(sorted(roles))}; not {role[:40]!r}.", field="mapping"
            )
        if column in found:
            raise Invalid(f"{file}:{line}: {column} is there twice: keep one of them.", field="mapping")
        found[column] = role
    return found
