"""Runs `caravan bench faults` for a few seeds: one JSON object on standard output, and an exit that tells what was found."""

import msgspec
import pytest
from typer.testing import CliRunner

from caravan.bench import app
from caravan.cell import Answers


def test_the_tally_is_one_json_object_with_nothing_lost_oversold_or_doubled() -> None:
    ran = CliRunner().invoke(app, ["faults", "--seeds", "6", "--json"])

    told = msgspec.json.decode(ran.stdout)
    assert (ran.exit_code, told["broken"], told["simulated"]["crashes"]) == (0, "", 6)
    assert [told["simulated"][name] for name in ("lost", "oversold", "doubled")] == [0, 0, 0]


def test_a_broken_promise_is_named_with_its_seed_and_ends_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "find", lambda *_: None)

    ran = CliRunner().invoke(app, ["faults", "--seeds", "12", "--json"])

    assert ran.exit_code == 1
    assert "Seed 0" in msgspec.json.decode(ran.stdout)["broken"]


def test_words_go_to_standard_error() -> None:
    ran = CliRunner().invoke(app, ["faults", "--seeds", "2"])

    assert ran.exit_code == 0
    assert not ran.stdout
    assert "nothing was done twice" in ran.stderr
