"""Checks what the terminal says when a command is refused."""

import sys
from pathlib import Path

import pytest

from caravan import cli


def test_what_an_error_says_keeps_its_square_brackets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "pip install 'caravan[bi]'"
    monkeypatch.setattr(sys, "argv", ["caravan", "network", "demand", "--home", str(tmp_path / said)])

    with pytest.raises(SystemExit):
        cli.main()

    assert said in capsys.readouterr().err
