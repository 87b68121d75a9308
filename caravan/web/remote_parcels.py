"""Parcels and claims from a terminal: pack a part of an order, hand it over, and see to what went wrong."""

from typing import Annotated

import typer

from caravan.client import Client, wire
from caravan.kernel.errors import Invalid
from caravan.web.printing import HERE, Json, Key, Token, Url, card, money, run, table

claims = typer.Typer(no_args_is_help=True, help="What is wrong with what was bought.")
Note = Annotated[str, typer.Option(help="A word about why.")]


def add_to(orders: typer.Typer) -> None:
    """Add the commands about parcels to those about orders."""
    for name, command in (
        ("pack", pack), ("rates", rates), ("label", label), ("void-label", void_label), ("send", send), ("unpack", unpack), ("cancel-rest", cancel_rest), ("exchange", exchange),
    ):  # fmt: skip
        orders.command(name)(command)


def contents(texts: list[str]) -> dict[int, int]:
    """Read "0=2 1=1": two of line 0, one of line 1. Refuses what is none of these, and a line that is named twice."""
    found: dict[int, int] = {}
    for text in texts:
        line, _, quantity = text.partition("=")
        if not (line.isdecimal() and quantity.isdecimal() and int(quantity)):
            raise Invalid(f"Units of a line are written as 0=2, not as {text[:40]!r}.", field="lines")
        if int(line) in found:
            raise Invalid(f"Line {line} is named twice.", field="lines")
        found[int(line)] = int(quantity)
    return found


def pack(
    order: str, lines: Annotated[list[str], typer.Argument(help="Units of lines, such as 0=2 1=1.")], *,
    key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Pack a part of an order into a parcel of its own; nothing leaves yet."""
    wanted = contents(lines)
    run(url, token, lambda client: client.pack(order, wanted, key=key), card, as_json=as_json)


def send(
    parcel: str, carrier: Annotated[str, typer.Argument(help="Without one, that of its label.")] = "", tracking: Annotated[str, typer.Argument()] = "", *, key: Key = None, url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Hand a packed parcel over to a carrier."""
    run(url, token, lambda client: client.send_parcel(parcel, carrier, tracking, key=key), card, as_json=as_json)


def rates(
    parcel: str, weight_grams: Annotated[int, typer.Argument(help="Packed; without, by the product pages.")] = 0, *,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Ask what carriers would take for a packed parcel, the cheapest first."""
    shown = table("rate", "carrier", "service", "price", "days")
    run(url, token, lambda client: client.carrier_rates(parcel, weight_grams), shown, as_json=as_json)


def label(parcel: str, rate: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Buy a parcel's label at a rate that was quoted."""
    run(url, token, lambda client: client.buy_label(parcel, rate), card, as_json=as_json)


def void_label(parcel: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Take a parcel's label back before it leaves."""
    run(url, token, lambda client: client.void_label(parcel), card, as_json=as_json)


def unpack(parcel: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Unpack a parcel that has not left."""
    run(url, token, lambda client: client.unpack(parcel, key=key), card, as_json=as_json)


def cancel_rest(order: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Call off what has not left of an order of which a part has."""
    run(url, token, lambda client: client.cancel_rest(order, key=key), card, as_json=as_json)


def exchange(
    order: str, line: int, quantity: int, *, key: Key = None, url: Url = HERE, token: Token = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Take units of a line back, and pack others for them at no further price."""
    run(url, token, lambda client: client.exchange_units(order, line, quantity, key=key), card, as_json=as_json)


@claims.command("list")
def list_claims(*, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """List the claims that are not over, those first that wait for you."""
    shown = table("id", "order", "reason", "status", "amount", "granted", "due_at")
    run(url, token, lambda client: client.claims(), shown, as_json=as_json)


@claims.command("show")
def show_claim(claim: str, *, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show a claim, step by step."""
    run(url, token, lambda client: client.show_claim(claim), card, as_json=as_json)


@claims.command("answer")
def answer_claim(  # noqa: PLR0913  # A claim can be answered in three ways.
    claim: str, amount: Annotated[str, typer.Argument(help='What goes back, such as "5.00 EUR"; without, nothing.')] = "",
    *, anew: Annotated[bool, typer.Option("--anew", help="Send such units anew.")] = False, note: Note = "",
    key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Give money back for a claim, send such units anew, or deny it."""

    def ask(client: Client) -> wire.Claim:
        return client.answer_claim(claim, money(amount) if amount else None, sends_anew=anew, note=note, key=key)

    run(url, token, ask, card, as_json=as_json)


@claims.command("decide")
def decide_claim(
    claim: str, amount: Annotated[str, typer.Argument(help='What goes back on top, such as "5.00 EUR".')], *,
    note: Note = "", key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Decide a disputed claim, as the operator; 0 is a no."""
    run(url, token, lambda client: client.decide_claim(claim, money(amount), note, key=key), card, as_json=as_json)
