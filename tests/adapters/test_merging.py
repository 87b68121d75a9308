"""Checks that files of facts are merged so that a reader finds every fact once at any moment, over any stop, and nobody in them."""

import shutil
import threading
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from benchmarks import numbers as made_up
from caravan.adapters import parquet_files
from caravan.adapters.memory import MemoryLog
from caravan.adapters.parquet_files import FactFiles
from caravan.bootstrap import KINDS, numbers_of, seal_log
from caravan.config import Settings
from caravan.events.orders import PurchasePlaced
from caravan.flows.happenings import left_out
from caravan.insight import metrics
from caravan.insight.metrics import Question
from caravan.kernel.event import Event

LOAD = made_up.Load(purchases=60, at_once=4, sellers=3, products=9, buyers=12, days=1)
STEPS = 5
PLACED = "kind=orders.purchase_placed.v2"


@pytest.fixture(scope="module")
def whole_log() -> MemoryLog:
    filled = MemoryLog()
    made_up.fill(filled, LOAD)
    return filled


@pytest.fixture(scope="module")
def log(whole_log: MemoryLog) -> MemoryLog:
    """Give most of the log; the rest has happened since."""
    return upto(whole_log, 0.8)


def upto(log: MemoryLog, share: float) -> MemoryLog:
    part = MemoryLog()
    part.frames, part._layouts = log.frames[: int(len(log.frames) * share)], log._layouts
    return part


@pytest.fixture(scope="module")
def pieces(log: MemoryLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seal a log in steps, so that every month has several files, and merge nothing."""
    folder = tmp_path_factory.mktemp("pieces")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parquet_files, "FILES_TO_MERGE_MIN", 1_000)
        for step in range(1, STEPS + 1):
            seal_log(folder, upto(log, step / STEPS))
    return folder


@pytest.fixture
def folder(pieces: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pieces, tmp_path / "numbers")


def read(folder: Path) -> tuple[int, int, int]:
    """Count facts as any tool would: how many, how many different, and the sum of their numbers."""
    files = f"{folder}/facts/*/*/*.parquet"
    found = duckdb.connect().execute(
        "SELECT count(*), count(DISTINCT fact), sum(fact)::BIGINT FROM read_parquet(?, union_by_name = true)", [files]
    )
    counted: tuple[int, int, int] = found.fetchall()[0]
    return counted


def count(folder: Path) -> int:
    return len(list((folder / "facts").glob("*/*/*.parquet")))


def test_months_with_many_files_are_merged_by_the_next_sealing(log: MemoryLog, folder: Path) -> None:
    before, files = read(folder), count(folder)

    sealed = seal_log(folder, log)

    assert read(folder) == before
    assert sealed.merged == files - count(folder) > 5
    assert len(list((folder / "facts" / PLACED).glob("*/*"))) <= 2
    assert not (folder / "merging").exists()
    assert seal_log(folder, log).merged == 0
    days = pq.read_table(next((folder / "facts" / PLACED).glob("*/*")), columns=["day", "fact"]).to_pylist()
    assert days == sorted(days, key=lambda row: (row["day"], row["fact"]))


def test_a_reader_finds_every_fact_once_at_any_moment(log: MemoryLog, folder: Path) -> None:
    whole = read(folder)
    seen: set[tuple[int, int, int]] = set()
    is_over = threading.Event()

    def keep_reading() -> None:
        while not is_over.is_set():
            try:
                seen.add(read(folder))
            except duckdb.IOException:
                continue  # It had looked at the folder before: it asks again, and is told no wrong number.

    reader = threading.Thread(target=keep_reading)
    reader.start()
    for _ in range(2):
        seal_log(folder, log)
        seen.add(read(folder))
    is_over.set()
    reader.join()

    assert seen == {whole}


class Killed(BaseException):
    """The power goes."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_merge_that_is_cut_short_is_redone_and_loses_nothing(
    log: MemoryLog, folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    whole, exchange = read(folder), parquet_files._exchange
    left = [2]

    def exchange_and_die(one: Path, other: Path) -> None:
        left[0] -= 1
        if moment == "after" or left[0]:
            exchange(one, other)
        if not left[0]:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(parquet_files, "_exchange", exchange_and_die)
        with pytest.raises(Killed):
            seal_log(folder, log)
    assert (folder / "merging").exists()
    assert read(folder) == whole

    seal_log(folder, log)

    assert read(folder) == whole
    assert not (folder / "merging").exists()
    assert all(len(list(month.iterdir())) < 4 for month in (folder / "facts").glob("*/*"))


def test_where_folders_cannot_be_exchanged_everything_stays_as_it_is(
    log: MemoryLog, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole, files = read(folder), count(folder)
    monkeypatch.setattr(parquet_files, "_EXCHANGE", 1 << 30)  # No flag of any system's.

    sealed = seal_log(folder, log)

    assert (sealed.merged, count(folder), read(folder)) == (0, files, whole)
    assert "can't be merged here" in caplog.text


def test_what_is_left_out_by_now_goes_with_merging(log: MemoryLog, folder: Path) -> None:

    def more(kind: type[Event]) -> frozenset[str] | None:
        known = left_out(kind)
        return known | {"address"} if known is not None and kind is PurchasePlaced else known

    files = FactFiles(folder / "facts", more)
    files.begin(log)
    files.merge(dict(KINDS))

    columns = {name for file in (folder / "facts" / PLACED).glob("*/*") for name in pq.read_schema(file).names}
    assert "buyer" in columns
    assert "address" not in columns


def test_no_file_has_more_facts_than_it_may_and_what_is_full_is_left_alone(
    log: MemoryLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(folder)
    monkeypatch.setattr(parquet_files, "MERGED_FACTS_MAX", 30)

    seal_log(folder, log)
    sizes = {path: pq.read_metadata(path).num_rows for path in (folder / "facts" / PLACED).glob("*/*")}
    marks = {path: path.stat().st_mtime_ns for path in sizes}
    seal_log(folder, log)

    assert read(folder) == whole
    assert max(sizes.values()) <= 30 < sum(sizes.values())
    assert {path: path.stat().st_mtime_ns for path in sizes} == marks


def test_numbers_are_the_same_beside_merged_files_and_what_has_happened_since(
    log: MemoryLog, whole_log: MemoryLog, folder: Path
) -> None:
    seal_log(folder, log)

    def ask(home: Path) -> Any:  # noqa: ANN401
        asked = numbers_of(Settings(home=home), whole_log, lambda: len(whole_log.frames))
        try:
            return asked.ask(Question(("gmv", "orders"), ("seller_country",), "day"), metrics.OPERATOR).table
        finally:
            asked.close()

    assert ask(folder.parent).equals(ask(folder.parent / "nothing sealed"))


def test_folders_by_day_of_earlier_versions_are_written_anew_by_month(log: MemoryLog, folder: Path) -> None:
    seal_log(folder, log)
    whole = read(folder)
    for month in list((folder / "facts").glob("*/month=*")):
        month.rename(month.with_name("day=2026-11-01"))
        break

    seal_log(folder, log)

    assert read(folder) == whole
    assert not list((folder / "facts").glob("*/day=*"))
