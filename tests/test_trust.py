"""The promises of the command line, on real files: moved in to the row, verified to the byte, restored to the digest."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from caravan.bootstrap import Caravan, LogCutShort, fill_demo, open_caravan, verify
from caravan.config import Settings

ORDERS = 60


def _caravan(*arguments: object, home: Path, expects: int = 0) -> dict[str, object]:
    """Run a command as its own process and read the one object it prints."""
    command = [sys.executable, "-m", "caravan.cli", *map(str, arguments), "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == expects, (done.returncode, done.stdout, done.stderr)
    found = json.loads(done.stdout) if done.stdout else {}
    assert isinstance(found, dict)
    return found


def _invoices(folder: Path, *, orders: int = ORDERS) -> Path:
    """Write a small shop's books in the shape of Online Retail, with a share of dirt, by a seeded hand."""
    dice = random.Random(7)
    rows = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for number in range(orders):
        day, hour = 1 + number % 28, 8 + number % 9
        for line in range(dice.randint(1, 4)):
            price = dice.choice(["2.55", "3.39", "0.00", "12.75"])
            customer = dice.choice(["17850.0", "13047.0", ""])
            rows.append(
                f"{536000 + number},{22000 + dice.randint(0, 40)},MUG NUMBER {line},{dice.randint(1, 12)},"
                f"2011-03-{day:02d} {hour:02d}:00:00,{price},{customer},United Kingdom"
            )
    path = folder / "online_retail.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("shop")
    found = _caravan("import", "online-retail", _invoices(folder), home=folder / "home")
    return folder / "home", found


@pytest.fixture
def copy(shop: tuple[Path, dict[str, object]], tmp_path: Path) -> Path:
    """Give a home of its own with the shop's log in it."""
    with sqlite3.connect(shop[0] / "log.db") as here, sqlite3.connect(tmp_path / "log.db") as there:
        here.backup(there)
    here.close()
    there.close()
    return tmp_path


def test_every_row_that_was_read_is_accepted_or_rejected(shop: tuple[Path, dict[str, object]]) -> None:
    home, found = shop
    rejects = (home / "rejects" / "online-retail.csv").read_text().splitlines()

    assert found["read"] == found["accepted"] + found["rejected"]  # type: ignore[operator]
    assert found["rejected"] == len(rejects) - 1 == sum(found["by_reason"].values())  # type: ignore[attr-defined]
    assert rejects[0] == '"file","row","field","reason","value"'


def test_money_that_came_in_is_money_that_was_ordered(shop: tuple[Path, dict[str, object]]) -> None:
    sums = shop[1]["money"]["GBP"]  # type: ignore[index]

    assert sums["paid"] == sums["ordered"] + sums["suspense"]
    assert sums["ordered"] == sums["captured"] + sums["voided"]
    assert sums["captured"] > 0


def test_moving_in_twice_changes_nothing(shop: tuple[Path, dict[str, object]], copy: Path) -> None:
    before = _caravan("verify", home=copy)
    for name in ("vault.db",):
        with sqlite3.connect(shop[0] / name) as here, sqlite3.connect(copy / name) as there:
            here.backup(there)
        here.close()
        there.close()

    again = _caravan("import", "online-retail", shop[0].parent / "online_retail.csv", home=copy)

    assert {**again, "seconds": 0, "rejects": ""} == {**shop[1], "seconds": 0, "rejects": ""}
    assert _caravan("verify", home=copy)["digest"] == before["digest"]


def test_a_stopped_import_goes_on_where_it_was(tmp_path: Path) -> None:
    path = _invoices(tmp_path, orders=2_000)
    command = [
        sys.executable,
        "-m",
        "caravan.cli",
        "import",
        "online-retail",
        str(path),
        "--home",
        str(tmp_path / "home"),
    ]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = tmp_path / "home" / "log.db"
    deadline = time.monotonic() + 60
    while _frames(log) < 6 and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()

    found = _caravan("import", "online-retail", path, home=tmp_path / "home")

    whole = _caravan("import", "online-retail", path, home=tmp_path / "other")
    assert {**found, "seconds": 0, "rejects": ""} == {**whole, "seconds": 0, "rejects": ""}
    assert _caravan("verify", home=tmp_path / "home")["ok"]


def _frames(log: Path) -> int:
    if not log.exists():
        return 0
    connection = sqlite3.connect(log, timeout=5)
    try:
        return int(connection.execute("SELECT count(*) FROM frames").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def test_a_dry_run_tells_the_same_and_changes_nothing(tmp_path: Path, shop: tuple[Path, dict[str, object]]) -> None:
    told = _caravan(
        "import", "online-retail", shop[0].parent / "online_retail.csv", "--dry-run", home=tmp_path / "home"
    )

    kept = ("read", "accepted", "rejected", "by_reason", "orders", "money")
    assert {name: told[name] for name in kept} == {name: shop[1][name] for name in kept}
    assert not (tmp_path / "home").exists()


def test_a_sound_log_verifies_to_the_digest_that_the_process_had(shop: tuple[Path, dict[str, object]]) -> None:
    seen = _caravan("verify", home=shop[0])

    caravan = open_caravan(Settings(home=shop[0]), ticks=False)
    digest = caravan.cell.digest()
    caravan.close()
    assert seen["ok"]
    assert seen["findings"] == []
    assert seen["digest"] == digest


@pytest.mark.parametrize("column", ["body", "checksum"])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_changed_byte_of_a_frame_is_found_and_the_frame_named(copy: Path, column: str, where: str) -> None:
    with sqlite3.connect(copy / "log.db") as log:
        sequence = int(log.execute("SELECT max(sequence) / 2 FROM frames").fetchone()[0])
        stored = bytearray(log.execute(f"SELECT {column} FROM frames WHERE sequence = ?", (sequence,)).fetchone()[0])  # noqa: S608
        stored[{"first": 0, "middle": len(stored) // 2, "last": -1}[where]] ^= 0x01
        log.execute(f"UPDATE frames SET {column} = ? WHERE sequence = ?", (bytes(stored), sequence))  # noqa: S608
    log.close()

    seen = _caravan("verify", home=copy, expects=1)

    assert not seen["ok"]
    assert seen["findings"][0]["frame"] == sequence  # type: ignore[index]


@pytest.mark.parametrize("column", ["epoch", "written_at", "first_fact", "facts"])
def test_a_changed_number_of_a_frame_is_found(copy: Path, column: str) -> None:
    with sqlite3.connect(copy / "log.db") as log:
        log.execute(f"UPDATE frames SET {column} = {column} + 1 WHERE sequence = 3")  # noqa: S608
    log.close()

    assert _caravan("verify", home=copy, expects=1)["findings"][0]["frame"] == 3  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "frame"),
    [
        ("DELETE FROM frames WHERE sequence = 4", 4),
        ("UPDATE frames SET sequence = 1000000 WHERE sequence = 4", 4),
        ("UPDATE frames SET body = (SELECT body FROM frames WHERE sequence = 5) WHERE sequence = 4", 4),
    ],
)
def test_a_missing_moved_or_misdirected_frame_is_found(copy: Path, change: str, frame: int) -> None:
    with sqlite3.connect(copy / "log.db") as log:
        log.execute(change)
    log.close()

    assert _caravan("verify", home=copy, expects=1)["findings"][0]["frame"] == frame  # type: ignore[index]


def test_a_log_that_lost_its_end_behind_a_snapshot_is_found(shop: tuple[Path, dict[str, object]], copy: Path) -> None:
    snapshots = copy / "snapshots"
    snapshots.mkdir()
    for path in (shop[0] / "snapshots").glob("*.snapshot"):
        (snapshots / path.name).write_bytes(path.read_bytes())
    with sqlite3.connect(copy / "log.db") as log:
        log.execute("DELETE FROM frames WHERE sequence = (SELECT max(sequence) FROM frames)")
    log.close()

    found = _caravan("verify", home=copy, expects=1)["findings"]

    assert "snapshot" in found[0]["what"]  # type: ignore[index]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Caravan]:
    caravan = open_caravan(Settings(home=tmp_path / "running"), ticks=False)
    yield caravan
    caravan.close()


def test_a_backup_taken_while_running_restores_to_what_was_acknowledged(running: Caravan, tmp_path: Path) -> None:
    from_flows = _sellers(running, 30)

    told = _caravan("backup", tmp_path / "shop.backup", home=running.settings.home)
    _sellers(running, 5)
    seen = _caravan("restore", tmp_path / "shop.backup", home=tmp_path / "restored")

    assert told["bytes"] == (tmp_path / "shop.backup").stat().st_size
    assert (tmp_path / "shop.backup").stat().st_mode & 0o077 == 0
    assert seen["ok"]
    assert seen["digest"] == from_flows


def _sellers(caravan: Caravan, count: int) -> str:
    from caravan.flows import selling  # noqa: PLC0415
    from caravan.world.partners import Application  # noqa: PLC0415

    for number in range(count):
        caravan.cell.do(selling.apply_to_sell, [Application(name=f"Seller {number}", country="PT")])
    return caravan.cell.digest()


def test_a_damaged_backup_and_a_full_home_are_refused(shop: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    _caravan("backup", tmp_path / "good.backup", home=shop[0])
    damaged = bytearray((tmp_path / "good.backup").read_bytes())
    damaged[len(damaged) // 2] ^= 0x01
    (tmp_path / "bad.backup").write_bytes(damaged)

    _caravan("restore", tmp_path / "bad.backup", home=tmp_path / "new", expects=1)
    _caravan("restore", tmp_path / "good.backup", home=shop[0], expects=1)

    assert not list((tmp_path / "new").iterdir())


def test_views_are_rebuilt_to_the_same_rows(shop: tuple[Path, dict[str, object]]) -> None:
    caravan = open_caravan(Settings(home=shop[0]), ticks=False)
    caravan.projector.wait_for(caravan.cell.position, timeout_s=30)
    caravan.close()
    before = _rows(shop[0] / "views.db")

    found = _caravan("rebuild", home=shop[0])

    assert found["position"] == caravan.cell.position
    assert _rows(shop[0] / "views.db") == before
    assert before["orders"]


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    names = ("orders", "statements", "payouts", "payout_lines", "shelf", "shelf_listings", "cursor")
    connection = sqlite3.connect(path)
    found = {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() if name != "cursor"  # noqa: S608
             else connection.execute("SELECT * FROM cursor").fetchall() for name in names}  # fmt: skip
    connection.close()
    return found


def test_two_processes_do_not_work_in_one_home(shop: tuple[Path, dict[str, object]]) -> None:
    import fcntl  # noqa: PLC0415

    with (shop[0] / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

        _caravan("import", "online-retail", shop[0].parent / "online_retail.csv", home=shop[0], expects=1)
        assert _caravan("verify", home=shop[0])["ok"]


def test_wrong_usage_ends_with_2_and_a_wrong_folder_with_1(tmp_path: Path) -> None:
    usage = subprocess.run(
        [sys.executable, "-m", "caravan.cli", "import"], capture_output=True, check=False, timeout=60
    )

    assert usage.returncode == 2
    _caravan("import", "olist", tmp_path, home=tmp_path / "home", expects=1)
    _caravan("import", "no-such-format", tmp_path, home=tmp_path / "home", expects=1)
    _caravan("verify", home=tmp_path / "nothing", expects=1)


def test_a_first_start_that_was_cut_short_is_made_good_by_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill_demo(Settings(home=home), lambda *_: None)
    (home / "log.db").unlink()  # As if it had been stopped before its last move.

    fill_demo(Settings(home=home), lambda *_: None)

    assert not (home / "draft").exists()
    seen = verify(Settings(home=home), lambda *_: None)
    assert seen.ok, seen.findings


def test_a_log_that_ends_sooner_than_its_views_is_refused_until_they_are_built_again(copy: Path) -> None:
    settings = Settings(home=copy)
    caravan = open_caravan(settings, ticks=False)
    caravan.projector.wait_for(caravan.cell.position, timeout_s=60)
    caravan.close()
    with sqlite3.connect(copy / "log.db") as log:
        log.execute("DELETE FROM frames WHERE sequence = (SELECT max(sequence) FROM frames)")
    log.close()

    with pytest.raises(LogCutShort, match="its views have seen frame"):
        open_caravan(settings, ticks=False)

    _caravan("rebuild", home=copy)
    open_caravan(settings, ticks=False).close()
