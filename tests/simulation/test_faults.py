"""Cuts the power of shops on a simulated disk; without the sync, the stock check or the key check, the rig must cry."""

import os
import random
from pathlib import Path

import msgspec
import pytest

from caravan.adapters.sqlite import SqliteLog
from caravan.cell import Cell
from caravan.kernel.errors import Outage
from tests.simulation import disk
from tests.simulation.disk import SECTOR_BYTES, Deed, Disk, Step
from tests.simulation.faults import LIES, POWER_CUTS, SEEDS_PER_CHAIN, Broken, Tally, Tampering, simulate
from tests.simulation.test_days import take_the_floor_of_stock_away

CUTS = int(os.environ.get("CARAVAN_CUTS", "108"))


@pytest.fixture(scope="module")
def tally() -> Tally:
    return simulate(range(CUTS))


def test_no_power_cut_loses_oversells_or_doubles_what_was_acknowledged(tally: Tally) -> None:
    assert tally.ok
    assert (tally.crashes, tally.lost, tally.oversold, tally.doubled) == (CUTS, 0, 0, 0)
    assert tally.orders_acknowledged > CUTS
    assert tally.digests_compared > CUTS // 2


@pytest.mark.skipif(CUTS < 108, reason="a few cuts do not see everything")
def test_every_fault_of_a_disk_is_among_the_cuts(tally: Tally) -> None:
    kinds = " ".join(tally.by_fault)

    assert all(kind in kinds for kind in [*POWER_CUTS, *LIES, "full disk", "failed sync"])
    assert tally.damage_cut > 0


def test_one_seed_gives_the_same_cut_again() -> None:
    first, second = (simulate(range(7, 10)) for _ in range(2))

    assert msgspec.structs.replace(first, seconds=0) == msgspec.structs.replace(second, seconds=0)


def test_without_the_sync_what_was_acknowledged_is_lost() -> None:
    with pytest.raises(Broken, match=r"Seed \d+ .* \d+ lost"):
        simulate(range(SEEDS_PER_CHAIN), tampering=Tampering(syncs=False))


def test_without_the_stock_check_more_is_sold_than_came_in(monkeypatch: pytest.MonkeyPatch) -> None:
    take_the_floor_of_stock_away(monkeypatch)

    with pytest.raises(Broken, match=r"Seed \d+ .* \d+ oversold"):
        simulate(range(4 * SEEDS_PER_CHAIN))


def test_without_the_key_check_what_is_sent_again_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cell, "_answered_before", lambda *_: None)

    with pytest.raises(Broken, match=r"Seed \d+ .* \d+ doubled"):
        simulate(range(2 * SEEDS_PER_CHAIN))


# The disk itself.


def test_what_was_synced_stands_and_what_was_not_is_in_the_hands_of_the_dice() -> None:
    tape = [
        Step(Deed.WRITE, "a", 0, b"one"),
        Step(Deed.SYNC, "a"),
        Step(Deed.WRITE, "a", 3, b"two"),
        Step(Deed.WRITE, "b", 2, b"x"),
    ]

    files, waiting = disk.settled({"b": b"...."}, tape)

    assert files == {"a": b"one", "b": b"...."}
    assert waiting == tape[2:]


def test_a_torn_write_arrives_in_whole_sectors() -> None:
    step = Step(Deed.WRITE, "a", 0, bytes(range(256)) * 8)

    arrived = [part for seed in range(50) for part in disk.torn([step], random.Random(seed))]

    assert {part.offset % SECTOR_BYTES for part in arrived} == {0}
    assert {len(part.content) for part in arrived} == {SECTOR_BYTES}


def test_a_misdirected_write_leaves_its_own_place_as_it_was() -> None:
    files = {"a": bytearray(8 * SECTOR_BYTES)}
    step = Step(Deed.WRITE, "a", 0, b"x" * SECTOR_BYTES)

    places = {disk.misdirected([step], random.Random(seed), files)[0].offset for seed in range(50)}

    assert places <= {place * SECTOR_BYTES for place in range(8)}
    assert len(places) > 4


@pytest.mark.parametrize("trouble", [disk.full, disk.unsynced])
def test_a_disk_in_trouble_is_an_outage_of_the_log(trouble: object, tmp_path: Path) -> None:
    water = Disk(tmp_path)
    log = SqliteLog(tmp_path / "log.db", connect=water.connect)
    water.fails = trouble  # type: ignore[assignment]

    with pytest.raises(Outage):
        log.take_over()

    water.fails = lambda _: None
    log.close()
