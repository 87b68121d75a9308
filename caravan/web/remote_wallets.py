"""Commands of a wallet: send, ask for and be shown money, from a terminal; each is a request through the client."""

from typing import Annotated

import typer

from caravan.client import Client, wallets
from caravan.kernel.errors import Refusal
from caravan.kernel.money import Money, plain
from caravan.web.printing import HERE, Json, Key, Limit, Token, Url, amount, card, first, money, run, table
from caravan.web.terminal import say

_wallet = typer.Typer()

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; what it costs is said all the same.")]
Note = Annotated[str, typer.Option(help="What it is for; it is shown to the two of you alone.")]
Sum = Annotated[str, typer.Argument(help='Such as "12.50 EUR".')]


class NotConfirmed(Refusal):
    """Nothing was sent."""


def add_to(wallet: typer.Typer) -> None:
    """Add these commands to the group of a wallet."""
    wallet.registered_commands += _wallet.registered_commands


def _pay(client: Client, *, yes: bool, note: str, key: str | None, **wish: str | Money | None) -> wallets.Transfer:
    """Say what it costs, ask, and send exactly that."""
    cost = client.price_transfer(**wish)  # type: ignore[arg-type]
    fee = cost.fee.amount + cost.fee_tax.amount
    say.print(
        f"{cost.payee_name} gets {_said(cost.received)}. You pay {_said(cost.total)},"
        f" fee and tax in it: {_said(Money(fee, cost.total.currency))}.",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    if not yes and not typer.confirm("Send it?", err=True):
        raise NotConfirmed
    return client.send_money(**wish, expected_total=cost.total, note=note, key=key)  # type: ignore[arg-type]


def _said(amount: Money) -> str:
    return f"{plain(amount.amount, amount.currency)} {amount.currency}"


@_wallet.command("send")
def send(  # noqa: PLR0913
    to: Annotated[str, typer.Argument(help="A handle, an e-mail address or a phone number.")], amount: Sum,
    *, note: Note = "", yes: Yes = False, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Send money to somebody, at the cost that is shown before."""
    run(
        url, token, lambda client: _pay(client, yes=yes, note=note, key=key, to=to, amount=money(amount)), card,
        as_json=as_json,
    )  # fmt: skip


@_wallet.command("pay")
def pay(  # noqa: PLR0913
    what: Annotated[str, typer.Argument(help="A request (mrq_…), or what a scanner read from a QR code.")],
    amount: Annotated[str, typer.Argument(help="How much, for a code that does not say.")] = "",
    *, note: Note = "", yes: Yes = False, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Pay what somebody asked for, or a code that somebody shows."""
    wish = {"request" if what.startswith("mrq_") else "payload": what, "amount": money(amount) if amount else None}
    run(url, token, lambda client: _pay(client, yes=yes, note=note, key=key, **wish), card, as_json=as_json)


@_wallet.command("exchange")
def exchange(
    wanted: Sum, into: Annotated[str, typer.Argument(help="The currency that it is to become, such as USD.")],
    *, yes: Yes = False, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Exchange money of your wallet, at the rate and the spread that are shown before."""

    def ask(client: Client) -> wallets.ExchangeQuote:
        quote = client.quote_exchange(money(wanted), into.upper())
        say.print(
            f"{_said(quote.paid)} become {_said(quote.received)}: {_said(quote.mid)} at the rates of {quote.day},"
            f" less a spread of {_said(quote.spread)}.", markup=False, soft_wrap=True,
        )  # fmt: skip
        if not yes and not typer.confirm("Exchange it?", err=True):
            raise NotConfirmed
        return client.exchange_money(quote.id, key=key)

    run(url, token, ask, card, as_json=as_json)


@_wallet.command("request")
def request(  # noqa: PLR0913
    to: Annotated[str, typer.Argument(help="Whom to ask: a handle, an e-mail address or a phone number.")],
    wanted: Sum,
    *, note: Note = "", days: Annotated[int, typer.Option(min=0, max=90, help="How long it can be paid.")] = 0,
    key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Ask somebody for money."""
    run(
        url, token, lambda client: client.request_money(to, money(wanted), note=note, days=days, key=key), card,
        as_json=as_json,
    )  # fmt: skip


@_wallet.command("close")
def close(request: str, *, key: Key = None, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Decline what somebody asked for, or withdraw what you asked for."""
    run(url, token, lambda client: client.close_money_request(request, key=key), card, as_json=as_json)


@_wallet.command("requests")
def list_requests(*, limit: Limit = 50, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """List what you asked for and were asked for, the newest first."""
    run(
        url, token, lambda client: first(client.money_requests(), limit),
        table("id", "payee_name", "payer_name", "amount", "status", "expires_at", "note"), as_json=as_json,
    )  # fmt: skip


@_wallet.command("transfers")
def list_transfers(*, limit: Limit = 50, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """List what you paid and were paid, the newest first; also a seller's, paid in person."""
    run(
        url, token, lambda client: first(client.transfers(), limit),
        table("id", "at", "payer_name", "payee_name", "total", "received", "reference", "note"), as_json=as_json,
    )  # fmt: skip


@_wallet.command("code")
def code(
    amount: Annotated[str, typer.Argument(help='Such as "4.50 EUR"; without it, your code for any amount.')] = "",
    *, reference: Annotated[str, typer.Option(help="What it is for; it stands in the code.")] = "",
    minutes: Annotated[int, typer.Option(min=0, max=1_440, help="How long it can be paid.")] = 0, url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Give the text of a QR code to be paid by: `caravan qr draw` makes a picture of it."""

    def ask(client: Client) -> wallets.PaymentCode:
        if not amount:
            return client.payment_code()
        return client.make_payment_code(money(amount), reference=reference, minutes=minutes)

    run(url, token, ask, lambda made: typer.echo(made.payload), as_json=as_json)


@_wallet.command("names")
def names(
    handle: Annotated[str, typer.Argument(help="By which handle others find you.")] = "",
    *, phone: Annotated[str, typer.Option(help="By which phone number, once it is proven.")] = "", url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show by which names others find you; with some, set them."""
    run(
        url, token,
        lambda client: client.set_names(handle=handle, phone=phone) if handle or phone else client.names(), card,
        as_json=as_json,
    )  # fmt: skip


@_wallet.command("limits")
def limits(*, url: Url = HERE, token: Token = None, as_json: Json = False) -> None:
    """Show what you may send now, and what would raise it."""
    run(url, token, lambda client: client.sending_limits(), card, as_json=as_json)


@_wallet.command("verify")
def verify(
    buyer: str, level: Annotated[str, typer.Argument(help="unverified, email or identity.")],
    why: Annotated[str, typer.Argument(help="What you have seen.")], *, url: Url = HERE, token: Token = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Say how well a buyer is known, as the operator."""
    run(url, token, lambda client: client.set_level(buyer, level, why), card, as_json=as_json)  # type: ignore[arg-type]


@_wallet.command("terms")
def terms(
    *, percent: Annotated[str | None, typer.Option(help="The operator's share of every transfer, such as 1.")] = None,
    payee_bears: Annotated[bool, typer.Option(help="Take it from what the payee gets.")] = False, url: Url = HERE,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show fees and limits of transfers; with a share, set one fee for all, as the operator."""

    def ask(client: Client) -> wallets.TransferTerms:
        now = client.transfer_terms()
        if percent is None:
            return now
        # A percentage has two digits after the point, as a euro has: both are hundredths.
        share = amount(f"{percent} EUR").amount
        wanted = wallets.NewTransferTerms(
            fees=[wallets.TransferFeeRule(basis_points=share, payee_bears=payee_bears)], limits=now.limits,
            fee_tax_basis_points=now.fee_tax_basis_points, request_seconds=now.request_seconds,
            code_seconds=now.code_seconds,
        )  # fmt: skip
        return client.set_transfer_terms(wanted)

    run(url, token, ask, card, as_json=as_json)
