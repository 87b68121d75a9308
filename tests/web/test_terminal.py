"""Checks what the terminal says when a command is refused."""

import sys
from pathlib import Path

import pytest
import typer

from caravan import cli
from caravan.client import taxes
from caravan.kernel.errors import Invalid
from caravan.kernel.money import Money
from caravan.web import printing


def test_what_an_error_says_keeps_its_square_brackets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "pip install 'caravan[bi]'"
    monkeypatch.setattr(sys, "argv", ["caravan", "network", "demand", "--home", str(tmp_path / said)])

    with pytest.raises(SystemExit):
        cli.main()

    assert said in capsys.readouterr().err


def test_what_a_running_caravan_refuses_keeps_its_square_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    def ask(_: object) -> None:
        raise Invalid("Write [1, 2].")

    with pytest.raises(typer.Exit):
        printing.run("http://127.0.0.1:9", None, ask, print, as_json=False)

    assert "Write [1, 2]." in capsys.readouterr().err


def test_no_word_of_a_table_is_cut_while_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    amount = Money(123_456, "EUR")
    line = taxes.TaxReportLine(
        authority="US-CA", levy="sale", rule="us-ca-sales", charged=amount, collected=amount, returned=amount,
        corrected=amount, due=amount, remitted=amount,
    )  # fmt: skip

    printing.table("authority", "rule", "charged", "collected", "returned", "corrected", "due", "remitted")([line])

    said = capsys.readouterr().out
    assert all(word in said for word in ("authority", "us-ca-sales", "corrected", "remitted", "1234.56"))
