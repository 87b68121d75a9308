"""Runs the benchmark of a restart at tiny size: it measures what it says, and the state comes back."""

import pytest

from benchmarks import restart


def test_a_restart_is_measured_from_the_fold_to_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "_WATCHED_S", 0.2)
    monkeypatch.setattr("os.setpriority", lambda *_: None)  # A gentle process waits long on a busy machine.

    found = restart.run(restart.Restart(orders=3_000, skus=1_000, runs=1), lambda _: None)

    figures = {one.name: one for one in found["figures"]}  # type: ignore[attr-defined]
    assert {"replay", "ready with the tail", "longest gap, beside a snapshot", "size of a snapshot"} <= set(figures)
    assert all(one.median > 0 for one in figures.values())
