"""Runs the benchmark of training at tiny size, in process: each part is told."""

import importlib.util

import pytest

from benchmarks import training


@pytest.mark.skipif(importlib.util.find_spec("lightgbm") is None, reason="LightGBM comes with the extra `learn`")
def test_training_is_told_by_part() -> None:
    found = training.run(training.Load(products=400, sessions=900, workers=0), lambda *_: None)

    (learned,) = found["learned"]
    assert learned["place"] == "in process"
    assert {"Linking products", "Asking what came next", "Learning to rank"} <= set(learned["parts_s"])
