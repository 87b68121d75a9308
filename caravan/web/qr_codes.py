"""QR codes from a terminal: `caravan qr read` says what a code asks for, `caravan qr make` writes one, `draw` draws it."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from caravan.kernel.money import parse, plain
from caravan.trade import qr
from caravan.web.terminal import say
from caravan.web.wallets import drawing_of

app = typer.Typer(no_args_is_help=True, help="QR codes that a merchant shows to be paid, in the format of EMVCo.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command("read")
def read_code(payload: Annotated[str, typer.Argument(help="What a scanner reads.")], *, as_json: Json = False) -> None:
    """Say what a code asks for; a wrong one is refused with the field that is wrong."""
    objects = qr.decode(payload)
    told = qr.understand(objects)
    if as_json:
        sys.stdout.write(msgspec.json.encode({"request": told, "objects": objects}).decode() + "\n")
        return
    wanted = (
        f"{plain(told.amount.amount, told.currency)} {told.currency}"
        if told.amount
        else f"any amount of {told.currency}"
    )
    say.print(f"{told.name or 'Somebody'}, {told.city or 'somewhere'} ({told.country}), asks for {wanted}.")
    for scheme, account in told.accounts.items():
        say.print(f"  {scheme}: {', '.join(account.values())}", markup=False, soft_wrap=True)


@app.command("draw")
def draw_code(
    payload: Annotated[str, typer.Argument(help="What a scanner is to read.")],
    file: Annotated[Path, typer.Argument(help="Where to write the picture, as SVG.")],
    *,
    as_json: Json = False,
) -> None:
    """Draw a code as SVG; one that a scanner would refuse is refused here."""
    qr.decode(payload)
    picture = drawing_of(payload)
    file.write_text(picture + "\n", encoding="utf-8")
    if as_json:
        sys.stdout.write(msgspec.json.encode({"file": str(file), "bytes": file.stat().st_size}).decode() + "\n")
    else:
        say.print(f"The picture is in {file}", soft_wrap=True)


@app.command("make")
def make_code(  # noqa: PLR0913 - Each is a field of the code.
    *,
    name: Annotated[str, typer.Option(help="Who is to be paid, as their bank calls them.")],
    city: Annotated[str, typer.Option(help="Where they are.")],
    country: Annotated[str, typer.Option(help="Its country, two capital letters.")],
    account: Annotated[str, typer.Option(help="Whose wallet: sel_… or buy_….")],
    currency: Annotated[str, typer.Option(help="What is paid in, such as EUR.")],
    amount: Annotated[str, typer.Option(help="How much, such as 4.50; without it the buyer says.")] = "",
    reference: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: Json = False,
) -> None:
    """Write the payload of a code: static without an amount, dynamic with one."""
    wanted = parse(amount, currency) if amount else None
    payload = qr.make(
        name=name, city=city, country=country, account=account, currency=currency, amount=wanted, reference=reference
    )
    sys.stdout.write((msgspec.json.encode({"payload": payload}).decode() if as_json else payload) + "\n")
