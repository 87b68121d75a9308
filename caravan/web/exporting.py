"""Exports and webhooks of a running Caravan from a terminal: set, list, show, run, fetch, drop."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from caravan.client import Client, wire
from caravan.kernel.errors import Invalid
from caravan.web.numbering import By, End, Grain, Order, Start, Where, asked_of
from caravan.web.printing import HERE, Json, Token, Url, card, run, table
from caravan.web.terminal import say

app = typer.Typer(no_args_is_help=True, help="Exports: what leaves on a schedule, as files or to an address.")
webhooks = typer.Typer(
    no_args_is_help=True, help="Webhooks: addresses that are told who enters a segment or leaves it."
)

Name = Annotated[str, typer.Argument(help="The name of the export.")]
SegmentName = Annotated[str, typer.Argument(metavar="SEGMENT", help="The name of the segment.")]
WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The webhook: whk_…")]


@app.command("set")
def set_export(  # noqa: PLR0913  # An export has many parts.
    name: Name,
    names: Annotated[list[str] | None, typer.Argument(metavar="[METRIC]...", help="The metrics; none for a segment.")] = None,
    *, by: By = None, grain: Grain = "", start: Start = None, end: End = None, where: Where = None, order: Order = "",
    last_days: Annotated[int, typer.Option(min=0, max=731, help="Of so many whole days before each run.")] = 0,
    segment: Annotated[str, typer.Option(help="A segment's name: who is in it, instead of metrics.")] = "",
    kind: Annotated[str, typer.Option("--format", help="csv, parquet or json.")] = "csv",
    every: Annotated[str, typer.Option(help="hour, day or week.")] = "day",
    at: Annotated[str, typer.Option(help="The time of day, such as 06:00; every hour the minute, such as :15.")] = "06:00",
    weekday: Annotated[str, typer.Option(help="The day of a week.")] = "monday",
    zone: Annotated[str, typer.Option(help="The time zone: Europe/Berlin.")] = "UTC",
    to: Annotated[str, typer.Option(help="An https:// address; without one, Caravan keeps the files.")] = "",
    method: Annotated[str, typer.Option(help="POST or PUT.")] = "POST",
    kept: Annotated[int, typer.Option(min=1, max=400, help="How many files are kept.")] = 30,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Let an answer, or who is in a segment, leave on a schedule; one of the same name is set anew."""
    question = asked_of(names, by, grain, start, end, where, order, 50_000) if names else None

    def ask(client: Client) -> wire.Export:
        told = {
            "name": name, "question": msgspec.to_builtins(question), "last_days": last_days,
            "segment": _segment(client, segment) if segment else None, "format": kind,
            "schedule": {"every": every, "at": at, "weekday": weekday, "zone": zone}, "url": to, "method": method,
            "kept": kept,
        }  # fmt: skip
        try:
            new = msgspec.convert(told, wire.NewExport)
        except msgspec.ValidationError as error:
            raise Invalid(f"This is no export: {error}.") from None
        return client.set_export(new)

    run(url, token, ask, _said, as_json=as_json)


@app.command("list")
def list_exports(*, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """List exports, and when each runs next."""
    run(url, token, lambda client: client.exports(), table("id", "name", "format", "url", "next_at"), as_json=as_json)


@app.command("show")
def show_export(name: Name, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show an export and its last runs: rows, bytes, digest, or what went wrong."""
    run(url, token, lambda client: client.export(_export(client, name)), card, as_json=as_json)


@app.command("run")
def run_export(name: Name, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Ask for a run now, beside the schedule."""
    run(url, token, lambda client: client.run_export(_export(client, name)), _said, as_json=as_json)


@app.command("fetch")
def fetch_file(
    name: Name,
    *,
    out: Annotated[Path, typer.Option(help="Where to write it.")],
    file: Annotated[str, typer.Option(help="A file of an earlier run; else the newest.")] = "",
    url: Url = HERE,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Fetch a file that an export has made."""

    def ask(client: Client) -> dict[str, Any]:
        return {"file": str(out), "bytes": client.save_export_file(_export(client, name), out, file)}

    run(url, token, ask, lambda told: say.print(f"{told['file']} holds {told['bytes']:,} bytes."), as_json=as_json)


@app.command("drop")
def drop_export(name: Name, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Let an export be no more, and take its files away."""

    def ask(client: Client) -> dict[str, str]:
        client.drop_export(_export(client, name))
        return {"dropped": name}

    run(url, token, ask, lambda _: say.print(f"{name} is no more."), as_json=as_json)


@app.command("turn")
def turn_secret(name: Name, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Sign what an export sends with a new secret, for a day with the old one, too."""
    run(url, token, lambda client: client.turn_export_secret(_export(client, name)), card, as_json=as_json)


@webhooks.command("set")
def set_webhook(
    segment: SegmentName,
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="An https:// address.")],
    *,
    url: Url = HERE,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Tell an address who enters a segment and who leaves it, from the beginning, in order, each at least once."""
    run(url, token, lambda client: client.set_webhook(_segment(client, segment), to), card, as_json=as_json)


@webhooks.command("list")
def list_webhooks(*, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """List all webhooks, and where they stand."""
    show = table("id", "segment", "url", "sequence", "failures", "is_disabled", "error")
    run(url, token, lambda client: client.webhooks(), show, as_json=as_json)


@webhooks.command("drop")
def drop_webhook(webhook: WebhookId, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Tell an address nothing more."""

    def ask(client: Client) -> dict[str, str]:
        client.drop_webhook(webhook)
        return {"dropped": webhook}

    run(url, token, ask, lambda _: say.print(f"{webhook} is no more."), as_json=as_json)


@webhooks.command("resume")
def resume_webhook(webhook: WebhookId, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Try an address again that had failed too often, from where it stopped."""
    run(url, token, lambda client: client.resume_webhook(webhook), card, as_json=as_json)


@webhooks.command("turn")
def turn_webhook_secret(webhook: WebhookId, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Sign messages with a new secret, for a day with the old one, too."""
    run(url, token, lambda client: client.turn_webhook_secret(webhook), card, as_json=as_json)


def _said(one: wire.Export) -> None:
    say.print(f"{one.name} runs next at {one.next_at}.")


def _export(client: Client, name: str) -> str:
    return _named(client.exports(), name, "export")


def _segment(client: Client, name: str) -> str:
    return _named(client.segments(), name, "segment")


def _named(found: list[Any], name: str, what: str) -> str:
    known = next((str(one.id) for one in found if name in {one.name, one.id}), "")
    if not known:
        raise Invalid(f"There is no {what} {name[:60]!r}.", field="name")
    return known
