"""Records in columns: each field's different values once, as bytes, and for each record the numbers of its values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from caravan.insight.likeness import text
from caravan.insight.likeness.compare import CHOICE, DATE, EMAIL, NAME, NUMBER, PLACE, POSTCODE, SHORT

# What a column can be, and how it is folded and compared.
ROLES: Mapping[str, tuple[int, int]] = {
    "given_name": (text.WORDS, NAME),
    "surname": (text.WORDS, NAME),
    "full_name": (text.WORDS, NAME),
    "birth_date": (text.DATE_YEAR_FIRST, DATE),
    "email": (text.EMAIL, EMAIL),
    "phone": (text.PHONE, NUMBER),
    "number": (text.CODE, NUMBER),
    "street_number": (text.CODE, SHORT),
    "street": (text.WORDS, PLACE),
    "place": (text.WORDS, PLACE),
    "city": (text.WORDS, PLACE),
    "postcode": (text.CODE, POSTCODE),
    "state": (text.WORDS, CHOICE),
    "choice": (text.WORDS, CHOICE),
    "occupation": (text.WORDS, PLACE),
}


_YEAR_DIGITS = 4
_MONTHS = 12


@dataclass(frozen=True)
class Fields:
    """Records to compare. Value 0 is unknown; `share[v]` is the part of the known values of its field that v has."""

    roles: tuple[str, ...]
    kinds: np.ndarray
    folds: tuple[int, ...]
    codes: np.ndarray
    text: np.ndarray
    begins: np.ndarray
    share: np.ndarray
    spans: tuple[tuple[int, int], ...]

    @property
    def given(self) -> int:
        """Give the field of the given name where there is a surname too; -1 where names cannot be swapped."""
        both = "given_name" in self.roles and "surname" in self.roles
        return self.roles.index("given_name") if both else -1

    @property
    def surname(self) -> int:
        """Give the field of the surname, or -1."""
        return self.roles.index("surname") if "surname" in self.roles else -1

    def __len__(self) -> int:
        """Give the number of records."""
        return int(self.codes.shape[0])


def encode(table: pa.Table, roles: Mapping[str, str]) -> Fields:
    """Lay a table down as fields; `roles` names the columns that count and what each is."""
    parts, begins, codes, shares, folds = [], [np.zeros(2, np.int64)], [], [np.zeros(1)], []
    spans: list[tuple[int, int]] = []
    values, size = 1, 0
    for column, role in roles.items():
        how = _how(table.column(column), role)
        written, starts = text.fold(_one_chunk(table.column(column)), how)
        numbers, unique = _number(written, starts)
        count = len(unique)
        known = np.bincount(numbers[numbers >= 0], minlength=count)
        codes.append(np.where(numbers >= 0, numbers + values, 0).astype(np.int32))
        shares.append(known / max(1, known.sum()))
        ends, kept = _bytes_of(unique)
        begins.append(ends[1:] + size)
        parts.append(kept)
        folds.append(how)
        spans.append((values, values + count))
        size += int(ends[-1])
        values += count
    kinds = np.array([ROLES[role][1] for role in roles.values()], np.int64)
    stacked = np.ascontiguousarray(np.stack(codes, axis=1)) if codes else np.zeros((len(table), 0), np.int32)
    joined = np.concatenate([*parts, np.zeros(1, np.uint8)])
    ends = np.concatenate(begins)
    return Fields(
        tuple(roles.values()), kinds, tuple(folds), stacked, joined, ends, np.concatenate(shares), tuple(spans)
    )


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], column.type)
    return whole if pa.types.is_string(whole.type) or pa.types.is_large_string(whole.type) else _as_text(whole)


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_floating(column.type):  # A number that a missing value made a float: 3011.0 is 3011.
        numbers = column.to_numpy(zero_copy_only=False)
        known = numbers[~np.isnan(numbers)]
        if len(known) and np.all(known == np.floor(known)):
            return pa.array([None if np.isnan(one) else str(int(one)) for one in numbers.tolist()], pa.string())
    return column.cast(pa.string())


def _number(written: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Number the different texts; -1 is no text."""
    buffers = [None, pa.py_buffer(np.ascontiguousarray(starts)), pa.py_buffer(written)]
    texts = pa.Array.from_buffers(pa.large_binary(), len(starts) - 1, buffers)
    blank = np.diff(starts) == 0
    texts = pa.compute.if_else(pa.array(blank), pa.scalar(None, pa.large_binary()), texts)
    found = texts.dictionary_encode()
    numbers = found.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers, found.dictionary


def _bytes_of(unique: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    if not len(unique):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    _, offsets, data = unique.buffers()
    ends = np.frombuffer(offsets, np.int64)[unique.offset : unique.offset + len(unique) + 1]
    raw = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data is not None else np.zeros(0, np.uint8)
    return ends - ends[0], raw


def _how(column: pa.ChunkedArray, role: str) -> int:
    """Choose how a column is folded; for dates, by what its values can only be."""
    how = ROLES[role][0]
    if how != text.DATE_YEAR_FIRST or pa.types.is_temporal(column.type):
        return how
    sample = [str(value) for value in column.slice(0, 20_000).to_pylist() if value is not None]
    return date_order(sample)


def date_order(sample: Sequence[str]) -> int:
    """Tell in which order dates are written, from some of them; the day first where both would do."""
    groups = [_groups(value) for value in sample]
    solid = [one[0] for one in groups if len(one) == 1 and len(one[0]) == len("20260131")]
    votes_year = sum(len(one[0]) == _YEAR_DIGITS for one in groups if one)
    votes_year += sum(int(one[4:6]) <= _MONTHS and one[:2] in {"18", "19", "20"} for one in solid)
    if votes_year * 2 >= len(groups):
        return text.DATE_YEAR_FIRST
    whole = [one for one in groups if len(one) >= len(("day", "month", "year"))]
    first = sum(int(one[0]) > _MONTHS for one in whole)
    second = sum(int(one[1]) > _MONTHS for one in whole)
    return text.DATE_MONTH_FIRST if second > first else text.DATE_DAY_FIRST


def _groups(value: str) -> list[str]:
    return "".join(letter if letter.isdigit() else " " for letter in value).split()
