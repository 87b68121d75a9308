"""Checks a wallet's commands in the terminal: the cost is said before, nothing is paid that was not confirmed."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from caravan import cli
from caravan.kernel.clock import iso
from caravan.web.remote import app
from tests.web.api.rig import Rig


def _run(rig: Rig, token: str, *words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["wallet", *words, "--url", rig.url, "--token", token], input=typed)


def _json(rig: Rig, token: str, *words: str) -> dict[str, object]:
    result = _run(rig, token, *words, "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, object] = json.loads(result.stdout)
    return told


def test_money_is_sent_asked_for_and_paid_from_a_terminal(rig: Rig) -> None:
    ana, ben = rig.buyer(5_000).token, rig.buyer().token
    assert _json(rig, ben, "names", "ben.term", "--phone", "+351912345678")["handle"] == "ben.term"
    _json(rig, ana, "names", "ana.term")

    sent = _run(rig, ana, "send", "ben.term", "12.50 EUR", "--note", "Tea", typed="y\n")
    asked = _json(rig, ben, "request", "ana.term", "3 EUR", "--note", "Cake")
    paid = _json(rig, ana, "pay", str(asked["id"]), "--yes")
    other = _json(rig, ben, "request", "ana.term", "4 EUR")
    closed = _json(rig, ana, "close", str(other["id"]))

    assert "You pay 12.50 EUR" in sent.stderr
    assert "trf_" in sent.stdout
    assert paid["request"] == asked["id"]
    assert closed["status"] == "declined"
    assert "Tea" in _run(rig, ben, "transfers").stdout
    assert "declined" in _run(rig, ben, "requests").stdout
    assert json.loads(_run(rig, ben, "names", "--json").stdout)["phone"] == "+351912345678"


def test_what_is_not_confirmed_is_not_sent(rig: Rig) -> None:
    ana = rig.buyer(5_000)
    _json(rig, rig.buyer().token, "names", "ben.no")

    answer = _run(rig, ana.token, "send", "ben.no", "1 EUR", typed="n\n")

    assert answer.exit_code == 1
    assert "not_confirmed" in answer.stderr
    assert list(ana.client.transfers()) == []


def test_a_code_is_made_drawn_and_paid_from_a_terminal(rig: Rig, tmp_path: Path) -> None:
    ana, seller = rig.buyer(5_000).token, rig.seller().client.token or ""
    payload = _run(rig, seller, "code", "4.50 EUR", "--reference", "Two bags").stdout.strip()
    static = str(_json(rig, seller, "code")["payload"])
    drawn = CliRunner().invoke(cli.app, ["qr", "draw", payload, str(tmp_path / "code.svg"), "--json"])

    assert _json(rig, ana, "pay", payload, "--yes")["reference"] == "Two bags"
    assert _json(rig, ana, "pay", static, "2 EUR", "--yes")["received"] == {"amount": 200, "currency": "EUR"}
    assert json.loads(drawn.stdout)["bytes"] == (tmp_path / "code.svg").stat().st_size
    assert (tmp_path / "code.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_operator_sets_terms_and_levels_from_a_terminal(rig: Rig) -> None:
    operator, ana = rig.token("operator"), rig.buyer()
    before = _json(rig, operator, "terms")

    assert before["fees"] == []
    assert _json(rig, operator, "terms", "--percent", "1.5", "--payee-bears")["fees"][0]["basis_points"] == 150  # type: ignore[index]
    assert _json(rig, operator, "verify", ana.id, "identity", "Passport seen")["level"] == "identity"
    assert _json(rig, ana.token, "limits")["raised_by"] is None


def test_rates_come_in_from_a_file_and_money_is_exchanged_from_a_terminal(rig: Rig, tmp_path: Path) -> None:
    operator, ana = rig.token("operator"), rig.buyer(5_000).token
    file = tmp_path / "eurofxref.csv"
    file.write_text(f"Date,USD,JPY,\n{iso(rig.clock.now())[:10]},1.0825,163.27,\n", encoding="utf-8")
    at = ["--url", rig.url, "--token", operator]

    came = CliRunner().invoke(cli.app, ["rates", "import", str(file), "--json", *at])
    terms = CliRunner().invoke(cli.app, ["rates", "terms", "--spread", "25", "--json", *at])
    wrong = CliRunner().invoke(cli.app, ["rates", "import", str(tmp_path / "none"), *at])
    given = _run(rig, ana, "exchange", "10 EUR", "jpy", typed="y\n")

    assert json.loads(came.stdout)["rates"]["JPY"] == "163.27"
    assert json.loads(terms.stdout)["terms"]["spread_basis_points"] == 25
    assert (wrong.exit_code, "invalid" in wrong.stderr) == (1, True)
    assert "10.00 EUR become 1628 JPY: 1632 JPY at the rates of" in given.stderr
    assert _run(rig, ana, "exchange", "10 EUR", "JPY", typed="n\n").exit_code == 1
