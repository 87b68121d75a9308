"""Lookalikes: records that were kept are looked through for people who are there twice; new ones are scored live."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from caravan.cell import Cell
from caravan.flows import identities
from caravan.flows.house import House
from caravan.insight import likeness, oneid
from caravan.insight.identity import Vault
from caravan.kernel.errors import Invalid, Refusal

RECORDS_PER_FRAME = 2_000
PROPOSALS_PER_LOOK_MAX = 20_000
_TIES_PER_FRAME = 5_000
IDENTIFYING = {
    "login": oneid.Type.LOGIN, "loyalty_card": oneid.Type.LOYALTY_CARD, "marketplace": oneid.Type.MARKETPLACE,
    "verified_email": oneid.Type.EMAIL, "verified_phone": oneid.Type.PHONE,
}  # fmt: skip

Progress = Callable[[str, int, int], None]


class Look(NamedTuple):
    """What a look through all records came to."""

    records: int
    tied: int
    proposed: int


class Taken(NamedTuple):
    """What became of a file of customers: rows read, new, known before, and what was wrong with the others."""

    rows: int
    kept: int
    rejects: list[tuple[int, str, str]]


class KnownPeople:
    """The records of a cell, unsealed in memory to be compared with; what was forgotten is not among them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._numbers = np.zeros(0, np.int64)
        self._known: likeness.Lookalikes | None = None

    def ask(self, cell: Cell[House], vault: Vault, record: Mapping[str, str]) -> list[tuple[int, likeness.Alike]]:
        """Give the identifiers of kept records that a new one resembles, the likeliest first, and why."""
        unknown = set(record) - set(likeness.ROLES)
        if unknown:
            raise Invalid(f"A record has {', '.join(likeness.ROLES)}; not {min(unknown)[:40]!r}.", field="record")
        self._refresh(cell, vault)
        if self._known is None:
            return []
        return [(int(self._numbers[one.record]), one) for one in self._known.ask(record)]

    def _refresh(self, cell: Cell[House], vault: Vault) -> None:
        with self._lock:
            version = cell.ask(_records_version)
            if version == self._version:
                return
            numbers, table = _table(cell, vault)
            self._numbers = numbers
            self._known = None
            if len(table) > 1 and len(table.column_names) > 1:
                found = likeness.find_people(table, told={name: name for name in table.column_names})
                self._known = likeness.Lookalikes(found.fields, found.linked.weights)
            self._version = version


def _records_version(house: House) -> int:
    return sum(1 if record.sealed else -1 for record in house.oneid.records.values())


def look_through(cell: Cell[House], vault: Vault, progress: Progress) -> Look:
    """Find records of one person among all that were kept: tie the sure ones, propose the others."""
    numbers, table = _table(cell, vault)
    if len(table) < 2 or len(table.column_names) < 2:  # noqa: PLR2004  # Nothing to compare, or nothing to compare by.
        return Look(len(table), 0, 0)
    found = likeness.find_people(table, told={name: name for name in table.column_names}, progress=progress)
    known = likeness.Lookalikes(found.fields, found.linked.weights)
    sure = np.flatnonzero(found.automatic != np.arange(len(table)))
    sure_pairs = np.stack((found.automatic[sure], sure), axis=1)
    pairs = found.linked.pairs
    is_open = (pairs.odds > likeness.REVIEWED) & (found.automatic[pairs.lefts] != found.automatic[pairs.rights])
    order = np.argsort(-pairs.odds[is_open], kind="stable")[:PROPOSALS_PER_LOOK_MAX]
    open_pairs = np.stack((pairs.lefts[is_open][order], pairs.rights[is_open][order]), axis=1)
    tied = proposed = 0
    for first in range(0, max(len(sure_pairs), len(open_pairs)), _TIES_PER_FRAME):
        part = slice(first, first + _TIES_PER_FRAME)
        findings = identities.Findings(
            _likely(known, numbers, sure_pairs[part]), _likely(known, numbers, open_pairs[part])
        )
        more = cell.do(identities.take_findings, findings)
        tied, proposed = tied + more[0], proposed + more[1]
        progress("tying", min(first + _TIES_PER_FRAME, len(sure_pairs)), max(1, len(sure_pairs)))
    return Look(len(table), tied, proposed)


def _likely(known: likeness.Lookalikes, numbers: np.ndarray, pairs: np.ndarray) -> oneid.Likely:
    told = [known.explain(int(left), int(right)) for left, right in pairs]
    evidence = [msgspec.json.encode([list(one) for one in alike.evidence]).decode() for alike in told]
    odds = np.array([round(alike.odds * 1_000) for alike in told], np.int64)
    ends = numbers[pairs.reshape(-1, 2)] if len(pairs) else np.zeros((0, 2), np.int64)
    return oneid.Likely(ends[:, 0].copy(), ends[:, 1].copy(), odds, evidence, "likeness")


def _table(cell: Cell[House], vault: Vault) -> tuple[np.ndarray, pa.Table]:
    """Unseal every record that is kept: their identifiers, and a table of their fields."""
    kept = cell.ask(
        lambda house: sorted((number, one.sealed) for number, one in house.oneid.records.items() if one.sealed)
    )
    numbers, rows = [], []
    for number, sealed in kept:
        plain = vault.unseal(sealed)
        if plain is not None:
            numbers.append(number)
            rows.append(msgspec.json.decode(plain, type=dict[str, str]))
    roles = [role for role in likeness.ROLES if any(role in row for row in rows)]
    columns = {role: pa.array([row.get(role) for row in rows], pa.string()) for role in roles}
    return np.array(numbers, np.int64), pa.table(columns)


def record_of(vault: Vault, sealed: bytes) -> dict[str, str]:
    """Open a record for whoever may see it; empty once the person was forgotten."""
    plain = vault.unseal(sealed) if sealed else None
    return msgspec.json.decode(plain, type=dict[str, str]) if plain else {}


def marked(
    vault: Vault, groups: Sequence[Sequence[tuple[oneid.Type, str]]], sources: Sequence[str]
) -> oneid.Observations:
    """Write identifiers as the marks by which they are known: normal ones, keyed and hashed."""
    types, highs, lows, offsets = [], [], [], [0]
    for group in groups:
        for kind, value in group:
            high, low = identities.halves(vault.mark(oneid.normal(kind, value)))
            types.append(int(kind))
            highs.append(high)
            lows.append(low)
        offsets.append(len(types))
    return oneid.Observations(
        np.array(offsets, np.int64), np.array(types, np.int64), np.array(highs, np.int64), np.array(lows, np.int64),
        list(sources),
    )  # fmt: skip


def take_customers(
    cell: Cell[House], vault: Vault, table: pa.Table, *, source: str, told: Mapping[str, str], progress: Progress
) -> Taken:
    """Keep a table of customers of another system, sealed row by row; the rows that can't be kept come back with why."""
    keys = {column: role for column, role in told.items() if role in IDENTIFYING}
    for column in keys:
        if column not in table.column_names:
            raise Invalid(f"There is no column {column[:60]!r}.", field=column)
    columns = likeness.recognize(table, {column: role for column, role in told.items() if column not in keys})
    if not columns.record:
        raise Invalid("Say which column is the other system's own id: --map COLUMN=record.", field="map")
    rows, kept, rejects = 0, 0, []
    for batch in table.to_batches(max_chunksize=RECORDS_PER_FRAME):
        groups, plain = [], []
        for row in batch.to_pylist():
            rows += 1
            try:
                groups.append(_identifiers(row, columns.record, keys, source))
            except Refusal as refusal:
                rejects.append((rows, str(row.get(columns.record) or ""), str(refusal)))
                continue
            fields = {role: str(row[column]) for column, role in columns.fields.items() if row[column] is not None}
            plain.append(msgspec.json.encode(fields))
        if groups:
            seen = marked(vault, groups, [source] * len(groups))
            kept += cell.do(identities.keep_records, identities.NewRecords(seen, tuple(vault.seal(plain))))
        progress("customers", rows, len(table))
    return Taken(rows, kept, rejects)


def _identifiers(
    row: Mapping[str, object], record: str, keys: Mapping[str, str], source: str
) -> list[tuple[oneid.Type, str]]:
    if row[record] in {None, ""}:
        raise Invalid("The row has no id.", field=record)
    found = [(oneid.Type.RECORD, f"{source}:{row[record]}")]
    for column, role in keys.items():
        if row[column] is not None and str(row[column]).strip():
            kind = IDENTIFYING[role]
            try:
                oneid.normal(kind, str(row[column]))
            except oneid.BlockedValue:
                continue  # A shared mailbox ties nobody; the row itself is good.
            found.append((kind, str(row[column])))
    return found


def forget(cell: Cell[House], vault: Vault, identity: int) -> int:
    """Erase a person from One ID and destroy the keys of what was sealed for them; give how many records went."""
    sealed = [one for one in cell.do(identities.forget_identity, identity) if one]
    for one in sealed:
        vault.destroy(one)
    return len(sealed)
