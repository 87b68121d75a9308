"""Runs the checkout benchmark through every door at tiny size, and holds its books, pictures and options to what they say."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import checkout, connections, runs
from benchmarks.doors import NAMES, Window
from benchmarks.picture import Bar, bars
from benchmarks.workload import Load, draw
from caravan import bench

LOAD = Load(skus=1_000, batch=64, seconds=0.05, runs=1, rate=2_000, clients=4)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return checkout.run(LOAD, has_peers=False, out=tmp_path_factory.mktemp("pictures"))


@pytest.mark.parametrize("door", NAMES)
def test_every_door_takes_orders_and_refuses_none(found: dict[str, Any], door: str) -> None:
    speeds = {one.name: one.median for one in found["figures"] if one.unit == "orders/s"}

    assert speeds[f"caravan {door}"] > 0
    assert found["refused"][f"caravan {door}"] == 0


def test_the_books_are_those_of_all_that_was_answered(found: dict[str, Any]) -> None:
    in_process, served = found["books"]["in-process"], found["books"]["served"]

    assert min(in_process["orders"], served["orders"]) > 0
    assert served["orders"] > found["orders_before_the_window"]["served"] > 0


def test_batches_by_the_clock_are_told_with_how_long_they_took(found: dict[str, Any]) -> None:
    paced = {one.door: one for one in found["at_rate"]}

    assert set(paced) == {"cell", "tcp", "http-batch"}
    assert all(0 < one.p50_ms <= one.p90_ms <= one.p99_ms <= one.max_ms for one in paced.values())


def test_a_hot_sku_is_compared_with_uniform_ones_in_the_cell_and_over_tcp(found: dict[str, Any]) -> None:
    assert [one.name for one in found["comparisons"]] == ["cell: one hot SKU ÷ uniform", "tcp: one hot SKU ÷ uniform"]


def test_pictures_are_drawn_of_speeds_and_of_waits(found: dict[str, Any]) -> None:
    speeds, waits = (ET.parse(path).getroot() for path in found["pictures"])  # noqa: S314  # We wrote it.

    assert len(speeds.findall(f"{SVG}rect")) == 7
    assert len(waits.findall(f"{SVG}rect")) == 12


def test_a_home_that_holds_something_else_than_was_answered_stops_the_benchmark(tmp_path: Path) -> None:
    (home,) = checkout._homes(tmp_path, LOAD, ["cell"], lambda _: None).values()
    assert home.check().orders == 0

    home.seen.append(Window(1, 0, 1, 1.0, 1.0, 0, np.zeros(0)))

    with pytest.raises(AssertionError):
        home.check()


def test_orders_have_as_many_lines_as_was_asked_for() -> None:
    drawn = draw(replace(LOAD, lines_least=2, lines_most=3), np.random.default_rng(1), count=200)

    assert set(np.bincount(drawn.rows).tolist()) == {2, 3}


def test_an_answer_is_whole_when_its_body_is() -> None:
    whole = b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\nx: y\r\n\r\n12345"

    assert connections._is_whole(whole)
    assert not any(connections._is_whole(whole[:end]) for end in range(len(whole)))


def test_a_ratio_is_of_neighbors() -> None:
    assert runs.ratio("", of=[2.0, 30.0, 8.0], to=[1.0, 10.0, 2.0]) == runs.Ratio("", 3.0, 2.0, 4.0)


def test_a_bar_ends_where_its_value_stands_on_the_logarithmic_scale() -> None:
    two = [Bar("a", 10, 10, 10, is_ours=True), Bar("b", 1_000, 1_000, 1_000, is_ours=False)]
    drawn = ET.fromstring(bars("", two, unit=""))  # noqa: S314  # We wrote it.

    widths = [float(one.get("width", "")) for one in drawn.findall(f"{SVG}rect")]

    assert widths == [1.0, 500.0]


@pytest.mark.parametrize("wrong", [["--door", "window"], ["--lines", "0-5"], ["--lines", "5-1"], ["--skew", "odd"]])
def test_an_option_that_cannot_be_is_wrong_usage(wrong: list[str]) -> None:
    assert CliRunner().invoke(bench.app, ["checkout", *wrong]).exit_code == 2
