"""What commands for a running Caravan share: their options, how they ask, and how they print for people or as JSON."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from caravan.client import Client, Refused, wire
from caravan.kernel.errors import CaravanError, code
from caravan.kernel.money import Money, parse, plain
from caravan.web.terminal import say

ROWS_MAX = 10_000
_out = Console(highlight=False)

Url = Annotated[str, typer.Option("--url", envvar="CARAVAN_URL", help="Where Caravan answers.")]
Token = Annotated[
    str | None, typer.Option("--token", envvar="CARAVAN_TOKEN", help="The token to show.", show_envvar=True)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=ROWS_MAX, help="At most so many rows.")]
Key = Annotated[str | None, typer.Option("--key", help="The Idempotency-Key, to send the same command again safely.")]
HERE = "http://127.0.0.1:8000"


def run(
    url: str, token: str | None, ask: Callable[[Client], object], show: Callable[[Any], None], *, as_json: bool
) -> None:
    """Ask, and print; a refusal ends with 1 and its code."""
    try:
        with Client(url, token) as client:
            answer = ask(client)
    except CaravanError as error:
        _refuse(error, as_json=as_json)
        raise typer.Exit(1) from None
    if as_json:
        shown = {"data": answer} if isinstance(answer, list) else answer
        sys.stdout.write(msgspec.json.encode(shown).decode() + "\n")
    else:
        show(answer)


def _refuse(error: CaravanError, *, as_json: bool) -> None:
    refusal = error.refusal if isinstance(error, Refused) else code(error)
    if as_json:
        details = dict(error.details) if isinstance(error, Refused) else {}
        sys.stdout.write(msgspec.json.encode({"refusal": refusal, "detail": str(error)} | details).decode() + "\n")
    say.print(f"[red]{refusal}[/red]: {escape(str(error))}", soft_wrap=True)
    if isinstance(error, Refused):
        for fault in error.problem.errors:
            say.print(f"  {fault.pointer or fault.parameter}: {escape(fault.detail or fault.code)}", soft_wrap=True)


def table(*names: str) -> Callable[[Iterable[msgspec.Struct]], None]:
    """Print rows as a table of these columns."""

    def show(rows: Iterable[msgspec.Struct]) -> None:
        cells = [[_cell(getattr(row, name)) for name in names] for row in rows]
        headers = [name.replace("_", " ") for name in names]
        drawn = Table(box=None, pad_edge=False, collapse_padding=True)
        for header, width in zip(headers, _widths([headers, *cells]), strict=True):
            drawn.add_column(header, width=width)
        for row in cells:
            drawn.add_row(*row)
        _out.print(drawn)

    return show


def _widths(rows: Sequence[Sequence[str]]) -> list[int | None]:
    """Give the widths of columns with which no word is cut, where there is room for that."""
    columns = list(zip(*rows, strict=True))
    words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in columns]
    spare = _out.width - sum(words) - len(words)
    if spare < 0:
        return [None] * len(words)
    widths: list[int | None] = []
    for column, width in zip(columns, words, strict=True):
        more = min(spare, max(map(len, column)) - width)
        widths.append(width + more)
        spare -= more
    return widths


def _cell(value: object) -> str:
    match value:
        case Money() | wire.Amount():
            return f"{plain(value.amount, value.currency)} {value.currency}"
        case None:
            return "-"
        case _:
            return str(value)


def card(thing: msgspec.Struct) -> None:
    """Print one thing, a line for each of its fields."""
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        if isinstance(value, list) and value and isinstance(value[0], msgspec.Struct):
            _out.print(f"{name}:")
            table(*value[0].__struct_fields__)(value)
        elif value is not None:
            _out.print(f"{name.replace('_', ' ')}: {_cell(value)}", markup=False, soft_wrap=True)


def first(rows: Iterator[Any], limit: int) -> list[Any]:
    """Give the first rows of a list that comes page by page."""
    return list(islice(rows, limit))


def money(text: str) -> Money:
    """Read "19.99 EUR"."""
    figure, _, currency = text.strip().rpartition(" ")
    return parse(figure, currency.upper())


def amount(text: str) -> wire.Amount:
    """Read "19.99 EUR" as a request says it."""
    read = money(text)
    return wire.Amount(amount=read.amount, currency=read.currency)
