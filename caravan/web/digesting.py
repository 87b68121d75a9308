"""Letters from a terminal: one e-mail file a buyer, or JSON lines, for a mailer to send."""

import sys
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from caravan.client import Client, wire
from caravan.web.printing import HERE, Json, Token, Url, run
from caravan.web.terminal import say

LETTERS_A_REQUEST = 50


def add_to(app: typer.Typer) -> None:
    """Add the command to a group."""

    @app.command()
    def digest(
        folder: Annotated[
            Path | None, typer.Argument(help="Where one .eml file a buyer goes; without it, JSON lines are printed.")
        ] = None,
        *,
        products: Annotated[int, typer.Option(min=1, max=24, help="Products a letter.")] = 8,
        days: Annotated[
            int, typer.Option(min=1, max=90, help="Nobody is written to more often than once in these.")
        ] = 7,
        site: Annotated[str | None, typer.Option(help="Where links lead: the shop's own address.")] = None,
        url: Url = HERE,
        token: Token = None,
        as_json: Json = False,
    ) -> None:
        """Write a letter with suggestions to each buyer who said yes to letters, of a Caravan that runs, as its operator."""

        def ask(client: Client) -> dict[str, int]:
            count, after = 0, ""
            while True:
                found = client.write_digests(
                    wire.NewDigests(
                        site=site or url, after=after, limit=LETTERS_A_REQUEST, products=products, days=days
                    )
                )
                for letter in found.data:
                    _put(folder, letter, is_quiet=as_json)
                count += len(found.data)
                if not found.has_more:
                    return {"letters": count}
                after = found.next or ""

        run(url, token, ask, lambda told: say.print(f"{told['letters']:,} letters."), as_json=as_json)


def _put(folder: Path | None, letter: wire.Digest, *, is_quiet: bool) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{letter.buyer}.eml").write_bytes(message_of(letter).as_bytes())
    elif not is_quiet:
        sys.stdout.write(msgspec.json.encode(letter).decode() + "\n")


def message_of(letter: wire.Digest) -> EmailMessage:
    """Give a letter as a mailer sends it, with the headers by which mail programs unsubscribe (RFC 2369 and 8058)."""
    message = EmailMessage(policy=SMTP)
    message["To"], message["Subject"] = letter.email, letter.subject
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message
