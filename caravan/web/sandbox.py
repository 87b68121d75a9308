"""The sandbox from a terminal: a payment provider and a carrier to try things with, which can be made to misbehave."""

import time
from pathlib import Path
from typing import Annotated

import typer

from caravan import bootstrap
from caravan.web.terminal import say

app = typer.Typer(no_args_is_help=True, help="Providers to try things with: no money moves.")

Share = Annotated[float, typer.Option(min=0.0, max=1.0)]


@app.callback()
def group() -> None:
    """Providers to try things with: no money moves."""


@app.command()
def psp(  # noqa: PLR0913  # A provider can misbehave in many ways.
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 8200,
    webhook: Annotated[str, typer.Option(help="Where webhooks are brought; without it, nowhere.")] = "",
    file: Annotated[Path | None, typer.Option(help="Where it keeps its books; without it, in memory.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed misbehaves in the same way.")] = 0,
    fails: Share = 0.0,
    loses: Share = 0.0,
    slow: Share = 0.0,
    late: Share = 0.0,
    twice: Share = 0.0,
    shuffled: Share = 0.0,
) -> None:
    """Serve a card provider that speaks as Stripe does, with test cards. Give it how often what goes wrong, from 0 to 1.

    fails: an error before anything is done; loses: it is done, and the answer never arrives; slow: answers after seconds;
    late: says "processing" first; twice: sends a webhook twice; shuffled: sends webhooks in another order.
    """
    mischief = {"fails": fails, "loses": loses, "slow": slow, "late": late, "twice": twice, "shuffled": shuffled}
    url = f"http://{host}:{port}"
    sandbox = bootstrap.make_sandbox(mischief, seed=seed, file=file, url=url, now=lambda: int(time.time()))
    say.print(f"The sandbox is at [bold]{url}[/bold]; any key that begins with sk_ is good.", soft_wrap=True)
    bootstrap.serve_sandbox(sandbox, webhook=webhook, host=host, port=port)


@app.command()
def carrier(  # noqa: PLR0913  # A carrier can misbehave in many ways.
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 8201,
    webhook: Annotated[str, typer.Option(help="Where webhooks are brought; without it, nowhere.")] = "",
    file: Annotated[Path | None, typer.Option(help="Where it keeps its books; without it, in memory.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed misbehaves in the same way.")] = 0,
    fails: Share = 0.0,
    loses: Share = 0.0,
    slow: Share = 0.0,
    late: Share = 0.0,
    twice: Share = 0.0,
    shuffled: Share = 0.0,
) -> None:
    """Serve carriers that speak as EasyPost does; its page lets things happen to parcels. Give it how often what goes wrong.

    fails: an error before anything is done; loses: it is done, and the answer never arrives; slow: answers after seconds;
    late: what happened last is not told yet; twice: tells things twice; shuffled: in another order.
    """
    mischief = {"fails": fails, "loses": loses, "slow": slow, "late": late, "twice": twice, "shuffled": shuffled}
    url = f"http://{host}:{port}"
    made = bootstrap.make_sandbox_carrier(mischief, seed=seed, file=file, url=url, now=lambda: int(time.time()))
    say.print(f"The sandbox carrier is at [bold]{url}[/bold]; any key is good.", soft_wrap=True)
    bootstrap.serve_sandbox_carrier(made, webhook=webhook, host=host, port=port)
