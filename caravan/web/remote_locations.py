"""Locations from a terminal: open and close them, move stock between them, and take lists of it out and in."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from caravan.client import Client
from caravan.client import locations as wires
from caravan.kernel.errors import Invalid
from caravan.web.printing import HERE, Json, Key, Limit, Token, Url, card, first, run, table
from caravan.web.terminal import say

locations = typer.Typer(no_args_is_help=True, help="The places that a seller sends from.")
Seller = Annotated[str | None, typer.Option(help="Whose, for the operator to say.")]
Serves = Annotated[list[str], typer.Option("--serves", help="A destination that it comes first for: ES, US-CA.")]
Lines = Annotated[list[str], typer.Argument(help="Units of listings, such as lst_0000000000A4=2.")]


def add_to(stock: typer.Typer) -> None:
    """Add the commands about stock in several places to those about stock."""
    for name, command in (
        ("receive", receive), ("move", move), ("moves", list_moves), ("arrive", arrive), ("turn-back", turn_back),
        ("export", export), ("import", load),
    ):  # fmt: skip
        # So that -5 is a quantity.
        settings = {"ignore_unknown_options": True} if name == "receive" else {}
        stock.command(name, context_settings=settings)(command)


@locations.command("list")
def list_locations(
    *, seller: Seller = None, limit: Limit = 50, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """List your locations."""
    shown = table("id", "name", "city", "country", "handling_days", "cut_off", "priority", "is_open")
    run(url, token, lambda client: first(client.locations(seller), limit), shown, as_json=as_json)


@locations.command("open")
def open_location(  # noqa: PLR0913  # Each is a field of what is opened.
    name: str, country: str, *, city: str = "", postcode: str = "", region: str = "", line1: str = "", line2: str = "",
    handling_days: int = 0, cut_off: Annotated[str, typer.Option(help="A time of the day in UTC: 15:00.")] = "",
    priority: int = 0, serves: Serves = [],  # noqa: B006 - It is read, and not kept.
    takes_returns: bool = False, seller: Seller = None, key: Key = None, url: Url = HERE, token: Token = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Open one more location."""
    new = wires.NewLocation(
        name=name, country=country, city=city, postcode=postcode, region=region, line1=line1, line2=line2,
        handling_days=handling_days, cut_off=cut_off, priority=priority, serves=list(serves),
        takes_returns=takes_returns, seller=seller,
    )  # fmt: skip
    run(url, token, lambda client: client.open_location(new, key=key), card, as_json=as_json)


@locations.command("change")
def change_location(  # noqa: PLR0913  # Each is a field of what is changed.
    location: str, *, name: str | None = None, line1: str | None = None, postcode: str | None = None,
    city: str | None = None, handling_days: int | None = None, cut_off: str | None = None, priority: int | None = None,
    serves: Annotated[list[str] | None, typer.Option("--serves", help="All destinations that it comes first for.")] = None,
    takes_returns: bool | None = None, revision: int | None = None, key: Key = None, url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Change a location; what is not named stays."""
    said = {
        "name": name, "line1": line1, "postcode": postcode, "city": city, "handling_days": handling_days,
        "cut_off": cut_off, "priority": priority, "serves": serves, "takes_returns": takes_returns,
    }  # fmt: skip
    given = {field: value for field, value in said.items() if value is not None}
    edit = msgspec.structs.replace(wires.LocationEdit(), **given)
    run(
        url, token, lambda client: client.change_location(location, edit, revision=revision, key=key), card,
        as_json=as_json,
    )  # fmt: skip


@locations.command("close")
def close_location(
    location: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """Close a location where nothing is any more."""
    run(url, token, lambda client: client.close_location(location, key=key), card, as_json=as_json)


@locations.command("reopen")
def reopen_location(
    location: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """Let a closed location send again."""
    run(url, token, lambda client: client.reopen_location(location, key=key), card, as_json=as_json)


def receive(
    listing: str, quantity: int, *, location: Annotated[str | None, typer.Option(help="Not the listing's own.")] = None,
    key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Take units in; below zero, out."""
    run(
        url, token, lambda client: client.change_stock(listing, quantity, location=location, key=key), card,
        as_json=as_json,
    )  # fmt: skip


def move(  # noqa: PLR0913  # Each is a field of what is moved.
    source: str, target: str, lines: Lines, *, reference: str = "",
    arrived: Annotated[bool, typer.Option("--arrived", help="They are there already.")] = False, key: Key = None,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Send units from a location to another."""
    wanted = _units(lines)

    def ask(client: Client) -> wires.Move:
        return client.move_stock(wanted, source=source, target=target, reference=reference, is_arrived=arrived, key=key)

    run(url, token, ask, card, as_json=as_json)


def _units(texts: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        listing, _, quantity = text.partition("=")
        if not (quantity.isdecimal() and int(quantity)) or listing in found:
            raise Invalid(f"Units of a listing are written once as lst_…=2, not as {text[:40]!r}.", field="lines")
        found[listing] = int(quantity)
    return found


def list_moves(
    *, seller: Seller = None, limit: Limit = 50, url: Url = HERE, token: Token = None, as_json: Json = False
) -> None:
    """List moves, the newest first."""
    shown = table("id", "status", "source", "target", "reference", "sent_at", "ended_at")
    run(url, token, lambda client: first(client.moves(seller), limit), shown, as_json=as_json)


def arrive(
    name: Annotated[str, typer.Argument(metavar="MOVE")],
    quantities: Annotated[list[int] | None, typer.Argument(help="Units of each line; without them, all.")] = None, *,
    key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say what of a move has arrived; what is missing is in no stock any more."""
    run(url, token, lambda client: client.receive_move(name, quantities or None, key=key), card, as_json=as_json)


def turn_back(
    name: Annotated[str, typer.Argument(metavar="MOVE")], *, key: Key = None, url: Url = HERE, token: Token = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Call a move off; its units are on the shelf that they left."""
    run(url, token, lambda client: client.turn_move_back(name, key=key), card, as_json=as_json)


class _Written(msgspec.Struct):
    """Where a list was written, and how many rows it has."""

    file: str
    rows: int


def export(file: Path, *, seller: Seller = None, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Write stock by location into a CSV file, to be changed and imported again."""

    def ask(client: Client) -> _Written:
        text = client.stock_list(seller)
        file.write_text(text, encoding="utf-8")
        return _Written(str(file), text.count("\n") - 1)

    run(url, token, ask, card, as_json=as_json)


def load(
    file: Path, *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look at it.")] = False,
    seller: Seller = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Bring stock to what a CSV file says, all of it or none."""
    if not file.is_file():
        say.print(f"There is no file {file}.", markup=False)
        raise typer.Exit(2)
    text = file.read_text(encoding="utf-8-sig")
    run(url, token, lambda client: client.load_stock_list(text, is_trial=dry_run, seller=seller), card, as_json=as_json)
