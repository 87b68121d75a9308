"""Soundness of numbers: whether they are fresh, as many as usual, whole and there once, and what the ledger says of GMV."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from caravan.flows.house import House
from caravan.insight.metrics import Dataset, Definitions, Store
from caravan.kernel.clock import DAY, SECOND, Instant
from caravan.kernel.money import alphabetic, plain
from caravan.trade import ledger
from caravan.trade.ledger import Kind

_TIMEOUT_S = 30.0
_WEEKS = 8
_LEAST = 20  # A day with fewer rows than this says nothing about the next.
_FEW, _MANY = 0.4, 2.5
_EMPTY_MAX = 0.05

State = Literal["sound", "odd", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """What one check has found: odd is for a person to look at, wrong is never so in a sound market."""

    check: Literal["freshness", "volume", "nulls", "doubles", "reconciliation"]
    about: str
    state: State
    words: str


class Books(msgspec.Struct, frozen=True):
    """What the ledger says at one moment, after so many facts, in minor units by currency: held for orders, in escrow."""

    facts: int
    held: Mapping[str, int]
    escrow: Mapping[str, int]


def books(house: House, facts: int) -> Books:
    """Read the ledger. Whoever asks says after how many facts that is."""
    held: dict[str, int] = {}
    accounts = house.ledger.accounts
    of_wallets = accounts.kind == Kind.WALLET
    for unit in set(accounts.unit[of_wallets].tolist()):
        held[alphabetic(unit)] = int(accounts.held[of_wallets & (accounts.unit == unit)].sum())
    escrow = {alphabetic(unit): amount for unit, amount in ledger.totals(house.ledger, Kind.ESCROW).items()}
    return Books(facts, held, escrow)


def look(found: Definitions, store: Store, told: Books, *, durable: int, now: Instant) -> list[Finding]:
    """Run every check, over what the store shows."""
    datasets = [one for one in found.datasets.values() if one.time]
    return [
        *_freshness(store, durable, now), *_volume(datasets, store, now), *_nulls(datasets, store), *_doubles(datasets, store),
        *_reconciliation(store, told),
    ]  # fmt: skip


def _rows(store: Store, query: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = store.run(query, timeout_s=_TIMEOUT_S)[0].to_pylist()
    return rows


def _freshness(store: Store, durable: int, now: Instant) -> Iterator[Finding]:
    behind = max(0, durable - store.position)
    words = f"The numbers show frame {store.position:,}" + (
        f", {behind:,} behind the log." if behind else ", all that is durable."
    )
    yield Finding("freshness", "log", "wrong" if behind else "sound", words)
    (row,) = _rows(store, "SELECT max(epoch_us(happened_at)) AS last FROM placed_orders")
    if row["last"] is not None:
        last = int(str(row["last"]))
        words = f"The last order was placed on {datetime.fromtimestamp(last // SECOND, UTC):%d %b %Y, %H:%M} UTC."
        yield Finding("freshness", "placed_orders", "wrong" if last > now + DAY else "sound", words)


def _volume(datasets: Sequence[Dataset], store: Store, now: Instant) -> Iterator[Finding]:
    """Compare the last whole day with the same day of the weeks before it."""
    today = f"CAST(make_timestamp({int(now)}) AS DATE)"
    for one in datasets:
        query = (  # Names of tables that the definitions were checked against.
            f"WITH last AS (SELECT max({one.time}) AS day FROM {one.source} WHERE {one.time} < {today}),"  # noqa: S608
            f" counted AS (SELECT t.{one.time} AS one_day, count(*) AS n FROM {one.source} t, last"
            f" WHERE t.{one.time} > last.day - {7 * _WEEKS + 1} AND (last.day - t.{one.time}) % 7 = 0 GROUP BY ALL)"
            " SELECT last.day, (SELECT n FROM counted WHERE one_day = last.day) AS n,"
            " (SELECT median(n) FROM counted WHERE one_day < last.day) AS usual FROM last"
        )
        (row,) = _rows(store, query)
        if row["day"] is None or row["usual"] is None:
            continue
        count, usual = int(str(row["n"])), float(str(row["usual"]))
        is_odd = usual >= _LEAST and not _FEW * usual <= count <= _MANY * usual
        yield Finding(
            "volume",
            one.name,
            "odd" if is_odd else "sound",
            f"{count:,} rows on {row['day']}, where {usual:,.0f} are usual on that weekday.",
        )


def _nulls(datasets: Sequence[Dataset], store: Store) -> Iterator[Finding]:
    """Count what is empty where a dimension should say something."""
    for one in datasets:
        named = [field.column for field in one.fields.values() if field.is_dimension and field.column in _SAID]
        if not named:
            continue
        counts = ", ".join(f"count(*) FILTER (WHERE {column} = '') AS {column}" for column in named)
        (row,) = _rows(store, f"SELECT count(*) AS n, {counts} FROM {one.source}")  # noqa: S608 - As above.
        count = int(str(row["n"]))
        for column in named:
            empty = int(str(row[column]))
            if count and empty:
                is_odd = empty > _EMPTY_MAX * count
                words = f"{column} is empty in {empty:,} of {count:,} rows."
                yield Finding("nulls", f"{one.name}.{column}", "odd" if is_odd else "sound", words)
        if not any(int(str(row[column])) for column in named):
            yield Finding("nulls", one.name, "sound", f"{', '.join(named)} say something in all {count:,} rows.")


_SAID = frozenset({"currency", "seller_country", "buyer_country", "category", "carrier", "step", "signal"})


def _doubles(datasets: Sequence[Dataset], store: Store) -> Iterator[Finding]:
    for one in datasets:
        if not one.key:
            continue
        columns = [one.fields[name].column for name in one.key]
        query = (
            f"SELECT coalesce(sum(n - 1), 0) AS n FROM (SELECT count(*) AS n FROM {one.source}"  # noqa: S608 - As above.
            f" GROUP BY {', '.join(columns)} HAVING count(*) > 1)"
        )
        (row,) = _rows(store, query)
        twice = int(str(row["n"]))
        words = f"{twice:,} rows are there twice." if twice else f"Each {' and '.join(one.key)} is there once."
        yield Finding("doubles", one.name, "wrong" if twice else "sound", words)


# GMV is followed through the ledger in two steps, by the tables that add to it and those that take from it.
_HELD = (("placed_orders", "total_minor", 1), ("voids", "amount_minor", -1), ("captures", "amount_minor", -1))
_ESCROW = (
    ("captures", "amount_minor", 1), ("refunds", "from_escrow_minor", -1), ("releases", "amount_minor", -1),
    ("disputes", "from_escrow_minor", -1), ("closed_disputes", "CASE WHEN is_won THEN from_escrow_minor ELSE 0 END", 1),
)  # fmt: skip


def _reconciliation(store: Store, told: Books) -> Iterator[Finding]:
    """Follow every cent: what was ordered is let go, captured, or held; what was captured went back, out, or is in escrow."""
    found = _sums(store, {*_HELD, *_ESCROW}, told.facts)
    for currency in sorted({*(currency for _, _, currency in found), *told.held, *told.escrow}):
        for about, parts, kept in (("GMV", _HELD, told.held), ("escrow", _ESCROW, told.escrow)):
            amounts = [(table, sign * found.get((table, column, currency), 0)) for table, column, sign in parts]
            wanted, posted = sum(amount for _, amount in amounts), kept.get(currency, 0)
            way = ", ".join(f"{_WORDS[table]} {plain(abs(amount), currency)}" for table, amount in amounts if amount)
            where = "is held for orders" if about == "GMV" else "is in escrow"
            words = f"{way or 'Nothing'}: {plain(wanted, currency)} {where}; the ledger has {plain(posted, currency)}."
            if wanted != posted:
                words += f" They differ by {plain(wanted - posted, currency)}."
            yield Finding("reconciliation", f"{about} {currency}", "wrong" if wanted != posted else "sound", words)


_WORDS = {
    "placed_orders": "ordered", "voids": "less let go", "captures": "captured", "refunds": "less refunded", "releases": "less released",
    "disputes": "less disputed", "closed_disputes": "won back",
}  # fmt: skip


def _sums(store: Store, parts: Iterable[tuple[str, str, int]], facts: int) -> dict[tuple[str, str, str], int]:
    """Sum columns up by currency, as of a number of facts."""
    columns = sorted({(table, column) for table, column, _ in parts})
    queries = [
        f"SELECT '{table}' AS part, {place} AS place, currency, CAST(coalesce(sum({column}), 0) AS BIGINT) AS amount"  # noqa: S608
        f" FROM {table} WHERE fact <= {facts} GROUP BY currency"
        for place, (table, column) in enumerate(columns)
    ]
    rows = _rows(store, " UNION ALL ".join(queries))
    return {
        (str(row["part"]), columns[int(str(row["place"]))][1], str(row["currency"])): int(str(row["amount"]))
        for row in rows
    }
