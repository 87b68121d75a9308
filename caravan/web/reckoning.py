"""Reconciling from a terminal: a provider's report or a bank's statement, held against a home's books or a running market's."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import httpx
import msgspec
import typer
from rich.console import Console

from caravan import bootstrap, config
from caravan.client import wire
from caravan.flows import reconciling
from caravan.kernel.errors import Invalid, Outage
from caravan.trade.payments import Provider
from caravan.web.api import books

_say = Console(stderr=True, highlight=False)
_TIMEOUT_S = 120.0
_FILE_BYTES_MAX = 8 * 2**20


def reconcile(
    provider: Annotated[str, typer.Argument(help="Whose it is: card, cash, or transfer for a bank's statement.")],
    report: Annotated[Path, typer.Argument(help="The report as CSV; a statement as CSV or camt.053.")],
    *,
    home: Annotated[
        Path | None, typer.Option("--home", help="The folder with log, vault, views and snapshots.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Where a running market answers; without it, the home's own books are opened."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Hold a report against the books line by line. Exits 1 where something differs: each difference is an open item."""
    if provider not in {"card", "cash", "transfer"}:
        raise typer.BadParameter("A provider is card, cash or transfer.", param_hint="PROVIDER")
    text = _text(report)
    settings = config.read()
    settings = replace(settings, home=home) if home else settings
    found = _asked(url, settings, provider, text) if url else _opened(settings, provider, text)
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        _say.print(f"{found.lines:,} lines: {found.matched:,} fit, {found.known:,} had been taken before.")
        for item in found.items:
            _say.print(f"  [red]open[/red] {item}")
    if found.items:
        raise typer.Exit(1)


def _text(report: Path) -> str:
    try:
        if report.stat().st_size > _FILE_BYTES_MAX:
            raise Invalid(f"A report has at most {_FILE_BYTES_MAX:,} bytes.")
        return report.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{report} can't be read: {error}.") from error


def _opened(settings: config.Settings, provider: str, text: str) -> wire.Reconciled | wire.StatementTaken:
    with bootstrap.home_lock(settings), bootstrap.opened(settings, is_scratch=False) as caravan:
        if provider == "transfer":
            statement = reconciling.Statement(bootstrap.read_statement(text))
            return books.taken(caravan.cell.do(reconciling.take_statement, statement))
        report = reconciling.Report(Provider[provider.upper()], bootstrap.read_report(text))
        return books.reconciled(caravan.cell.do(reconciling.reconcile, report))


def _asked(url: str, settings: config.Settings, provider: str, text: str) -> wire.Reconciled | wire.StatementTaken:
    path = settings.home / "operator-token"
    if not path.exists():
        raise Invalid(f"There is no operator's token in {path}: name the --home of the market.")
    headers = {"Authorization": f"Bearer {path.read_text().strip()}"}
    where = "/v1/statements" if provider == "transfer" else f"/v1/reports?provider={provider}"
    try:
        answer = httpx.post(url.rstrip("/") + where, content=text.encode(), headers=headers, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise Outage(f"The market at {url} does not answer.") from error
    if answer.is_error:
        raise Invalid(str(answer.json().get("detail", answer.status_code)))
    if provider == "transfer":
        return msgspec.json.decode(answer.content, type=wire.StatementTaken)
    return msgspec.json.decode(answer.content, type=wire.Reconciled)
