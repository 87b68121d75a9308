"""Currencies from a terminal: take the European Central Bank's rates in, show them, set the spread."""

from pathlib import Path
from typing import Annotated

import typer

from caravan import bootstrap
from caravan.client import Client, wallets
from caravan.web.printing import HERE, Json, Token, Url, card, run

app = typer.Typer(no_args_is_help=True, help="Rates between currencies, and what is kept of an exchange.")


@app.command("import")
def import_rates(
    file: Annotated[Path, typer.Argument(help="eurofxref as the ECB publishes it: XML or CSV, of one day or of many.")],
    *, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Take the newest day of a file of rates in, as the operator."""

    def ask(client: Client) -> wallets.Rates:
        read = bootstrap.read_rates(file)
        return client.set_rates(
            wallets.NewRates(source=read.source, day=read.day, base=read.base, rates=dict(read.rates))
        )

    run(url, token, ask, card, as_json=as_json)


@app.command("show")
def show(*, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show the rates of now and the terms of exchanges."""
    run(url, token, lambda client: client.rates(), card, as_json=as_json)


@app.command("terms")
def terms(
    *, spread: Annotated[int | None, typer.Option(min=0, max=5_000, help="What is kept, in basis points.")] = None,
    quote_seconds: Annotated[int | None, typer.Option(min=1, max=86_400, help="How long a quote stands.")] = None,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Set the terms of exchanges, as the operator; what is not given stays."""

    def ask(client: Client) -> wallets.Rates:
        now = client.rates().terms
        wanted = wallets.ExchangeTerms(
            spread_basis_points=now.spread_basis_points if spread is None else spread,
            quote_seconds=now.quote_seconds if quote_seconds is None else quote_seconds,
            rates_seconds=now.rates_seconds,
        )
        return client.set_exchange_terms(wanted)

    run(url, token, ask, card, as_json=as_json)
