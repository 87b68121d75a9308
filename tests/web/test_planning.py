"""Checks what planners read and write at the terminal: whole or refused by file, row and field; and the benchmark."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from pyarrow import parquet as pq
from typer.testing import CliRunner

from caravan import cli
from caravan.bench import program
from caravan.kernel.errors import Invalid
from caravan.web.planning.solomon import read_solomon
from caravan.web.planning.tables import network_of, read_breaks, read_day, read_network

STATIC = Path(__file__).resolve().parents[2] / "caravan" / "web" / "static"
PLACES = "place,latitude,longitude,hours\norigin,0,0,10\nhub,1,1,\ntown,2,2,\n"
HUBS = "place,day_minor,parcel_minor,stock_minor,hours\nhub,1000,10,20,4\n"
LEGS = "carrier,source,target,parcel_minor,hours\nRoad,origin,town,100,90\nRoad,origin,hub,40,50\nRoad,hub,town,30,20\n"
DEMAND = "place,origin,parcels\ntown,origin,10\n"
SOLOMON = """T1

VEHICLE
NUMBER     CAPACITY
  3         10

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0      0         0          0          0        230          0
    1      3         4          5          0        200         10
    2      6         8          5         50        200         10
    3      1         1          9          0        200         10
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"places": PLACES, "hubs": HUBS, "legs": LEGS, "demand": DEMAND}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def run(*arguments: object) -> str:
    """Run a command in this process; give what it prints for programs."""
    done = CliRunner().invoke(cli.app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def caravan(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "caravan.cli", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def faults(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(Invalid) as refused:
        read_network(folder, currency="EUR")
    found: list[dict[str, Any]] = refused.value.details["faults"]  # type: ignore[assignment]
    return [(fault["table"], fault["row"], fault["field"]) for fault in found]


def test_a_folder_of_tables_and_one_document_say_the_same(folder: Path) -> None:
    told = read_network(folder, currency="EUR")

    assert network_of(msgspec.json.encode(told), default_currency="USD") == told


def test_parquet_says_what_csv_says(folder: Path) -> None:
    told = read_network(folder, currency="EUR")
    for name in ("places", "hubs", "legs", "demand"):
        rows = [
            {key: value for key, value in msgspec.to_builtins(row).items() if value is not None}
            for row in getattr(told, name)
        ]
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
        (folder / f"{name}.csv").unlink()

    assert read_network(folder, currency="EUR") == told


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("legs", LEGS + "Road,hub,origin,-1,5\n", ("legs.csv", 4, "parcel_minor")),
        ("legs", LEGS + "Road,hub,origin,cheap,5\n", ("legs.csv", 4, "parcel_minor")),
        ("legs", LEGS + "Road,hub,origin,5\n", ("legs.csv", 4, "")),
        ("legs", LEGS + "Road,hub,,5,5\n", ("legs.csv", 4, "target")),
        ("legs", LEGS + "Road,hub,sea,5,5\n", ("legs", 4, "target")),
        ("hubs", "place,day_minor,color\nhub,5,red\n", ("hubs.csv", 1, "color")),
        ("places", PLACES + "moon,99,0,0\n", ("places.csv", 4, "latitude")),
        ("demand", DEMAND + "town,origin,3\n", ("demand", 2, "place")),
        ("demand", 'place,parcels\n"town,3\n', ("demand.csv", 1, "")),
    ],
)
def test_a_row_that_cannot_be_is_named_by_file_row_and_field(
    folder: Path, name: str, text: str, found: tuple[str, int, str]
) -> None:
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")

    assert faults(folder) == [found]


def test_every_fault_is_named_at_once(folder: Path) -> None:
    (folder / "legs.csv").write_text(LEGS.replace("100", "x").replace("20\n", "y\n"), encoding="utf-8")
    (folder / "demand.csv").unlink()

    assert faults(folder) == [("legs.csv", 1, "parcel_minor"), ("legs.csv", 3, "hours"), ("demand", 0, "")]


def test_two_files_for_one_table_are_refused(folder: Path) -> None:
    (folder / "hubs.json").write_text("[]", encoding="utf-8")

    assert faults(folder) == [("hubs", 0, "")]


@pytest.mark.parametrize("text", [b"[]", b"{", b'{"places": 5}', b'{"places": [5]}', b'{"what": 1}', b"\xff"])
def test_a_document_of_another_shape_is_refused(text: bytes) -> None:
    with pytest.raises(Invalid):
        network_of(text, default_currency="EUR")


def test_times_of_day_are_read_as_people_write_them() -> None:
    day = read_day(STATIC / "routes-example.json", currency="EUR")

    assert (day.vehicles[0].starts, day.vehicles[0].ends, day.currency) == (27_000, 63_000, "KES")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stops": []}, "stops: There is none"),
        ({"depot": {"latitude": 1}}, "depot row 1, longitude"),
        ({"stops": [{"stop": "a", "latitude": 0, "longitude": 0, "opens": "8:5"}]}, "stops row 1, opens"),
        ({"stops": [{"stop": "a", "latitude": 0, "longitude": 0, "opens": "09:00", "closes": "08:00"}]}, "closes"),
    ],
)
def test_a_day_that_cannot_be_is_refused(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    told = json.loads((STATIC / "routes-example.json").read_text(encoding="utf-8")) | changed
    (tmp_path / "day.json").write_text(json.dumps(told), encoding="utf-8")

    with pytest.raises(Invalid, match=said):
        read_day(tmp_path / "day.json", currency="EUR")


def test_a_break_that_is_none_is_named_by_its_row(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(
        '[{"what": "vehicle_out", "vehicle": "v"}, {"what": "rain"}]', encoding="utf-8"
    )

    with pytest.raises(Invalid, match=r"broken.json row 2"):
        read_breaks(tmp_path / "broken.json")


def test_solomons_format_is_read_in_tenths(tmp_path: Path) -> None:
    (tmp_path / "T1.txt").write_text(SOLOMON, encoding="utf-8")

    day = read_solomon(tmp_path / "T1.txt")

    assert (len(day.vehicles), day.stops[1].opens, int(day.meters[0, 1]), int(day.meters[0, 3])) == (3, 500, 50, 14)


@pytest.mark.parametrize(
    "text", ["", "VEHICLE\n", SOLOMON.replace("9 ", "nine "), SOLOMON.replace("    3      1", "    3")]
)
def test_another_shape_than_solomons_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "T1.txt").write_text(text, encoding="utf-8")

    with pytest.raises(Invalid):
        read_solomon(tmp_path / "T1.txt")


def test_the_command_plans_writes_its_pictures_and_prints_one_object(folder: Path) -> None:
    printed = json.loads(run("network", "plan", folder, "--share", "1", "--out", folder / "out", "--json"))

    assert printed["cost_minor"] == 2_000
    assert json.loads((folder / "out" / "plan.json").read_text(encoding="utf-8")) == printed
    assert (folder / "out" / "map.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (folder / "out" / "curve.svg").exists()


def test_the_command_refuses_with_one_and_says_where(folder: Path) -> None:
    (folder / "legs.csv").write_text(LEGS.replace("100", "x"), encoding="utf-8")

    done = caravan("network", "plan", folder, "--json")

    assert (done.returncode, done.stdout) == (1, "")
    assert "legs.csv row 1, parcel_minor" in done.stderr


def test_the_command_plans_rounds_and_mends_them(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('[{"what": "stop_canceled", "stop": "2"}]', encoding="utf-8")
    (tmp_path / "T1.txt").write_text(SOLOMON, encoding="utf-8")
    run("network", "routes", tmp_path / "T1.txt", "--seconds", "0.3", "--out", tmp_path)

    printed = run(
        "network", "routes", tmp_path / "T1.txt", "--seconds", "0.4", "--before", tmp_path / "routes.json", "--broken",
        tmp_path / "broken.json", "--json",
    )  # fmt: skip

    found = json.loads(printed)
    assert found["moved"] == []
    assert {visit["stop"] for route in found["plan"]["routes"] for visit in route["visits"]} == {"1", "3"}


def test_the_benchmark_measures_any_folder_of_its_shape(tmp_path: Path) -> None:
    (tmp_path / "T1.txt").write_text(SOLOMON, encoding="utf-8")
    pq.write_table(pa.table({"instance": ["T1"], "bks_cost": [22.8]}), tmp_path / "bks.parquet")

    said: list[str] = []
    found = program("routes").run(
        tmp_path, seconds=0.2, only="", seed=1, processes=1, on_cpu_time=False, report=said.append
    )

    assert (found["instances"], found["gap_percent_mean"], len(said)) == (1, 0.0, 1)
    with pytest.raises(Invalid):
        program("routes").run(tmp_path, seconds=1, only="X", seed=1, processes=1, on_cpu_time=False, report=said.append)
