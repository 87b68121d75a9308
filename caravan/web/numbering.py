"""Numbers from a terminal: ask, seal, define, check, export; and read-only SQL for analysts."""

import csv
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from caravan import bootstrap, config
from caravan.client import Client, wire
from caravan.flows.tables import question_of, table_of, write_csv
from caravan.insight import metrics
from caravan.kernel.errors import Invalid
from caravan.kernel.money import plain
from caravan.web import asking
from caravan.web.terminal import bars, say

app = typer.Typer(no_args_is_help=True, help="Numbers: what is sold, kept and earned, each defined once.")
_out = Console(highlight=False)

Home = Annotated[Path | None, typer.Option("--home", help="The folder with log, vault, views and snapshots.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Url = Annotated[
    str | None, typer.Option("--url", help="Ask a Caravan that runs there, with --token, instead of reading a home.")
]
Token = Annotated[
    str | None, typer.Option("--token", envvar="CARAVAN_TOKEN", help="The token to show.", show_envvar=True)
]
By = Annotated[
    list[str] | None, typer.Option("--by", help="A dimension to cut by; may be given several times, or with commas.")
]
Grain = Annotated[str, typer.Option("--grain", help="day, week, month, quarter or year.")]
Start = Annotated[str | None, typer.Option("--from", help="The first day: 2026-11-01.")]
End = Annotated[str | None, typer.Option("--to", help="The day before which the range ends.")]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="DIMENSION=VALUE or DIMENSION=ONE,TWO; != for all but these.")
]
Order = Annotated[str, typer.Option("--order", help="A column to order by; with a - in front, the greatest first.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=50_000, help="At most so many rows.")]


def mount(parent: typer.Typer) -> None:
    """Add the commands to another program: `caravan query`, `caravan sql`, `caravan numbers seal`."""
    parent.add_typer(app, name="numbers")
    parent.command("query")(query)
    parent.command("sql")(sql)


def query(  # noqa: PLR0913  # A question has many parts.
    names: Annotated[list[str], typer.Argument(metavar="METRIC...", help="The metrics; caravan numbers list names all.")],
    *, by: By = None, grain: Grain = "", start: Start = None, end: End = None, where: Where = None, order: Order = "",
    limit: Limit = 1_000, home: Home = None, url: Url = None, token: Token = None,
    dialect: Annotated[str, typer.Option("--sql", help="Print the query for an engine, duckdb or spark, and ask nothing.")] = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Ask for numbers, with everything that is durable now; also while Caravan is running."""
    asked = asked_of(names, by, grain, start, end, where, order, limit)
    if dialect:
        with bootstrap.numbers_beside(_existing(home)) as numbers:
            question = question_of(numbers.definitions, asked)
            text = numbers.sql(question, metrics.OPERATOR, dialect=dialect)
        _print_json({"sql": text, "dialect": dialect}) if as_json else typer.echo(text)
        return
    if url is not None:
        with Client(url, token) as client:
            _tell(client.numbers(asked), as_json=as_json)
        return
    with bootstrap.numbers_beside(_existing(home)) as numbers:
        found = numbers.definitions
        answer = numbers.ask(question_of(found, asked), metrics.OPERATOR)
        _tell(asking.answer_of(found, answer, asked.metrics), as_json=as_json)


def sql(
    text: Annotated[str, typer.Argument(metavar="SELECT", help="One query over the tables of caravan numbers tables.")],
    *,
    limit: Limit = 1_000,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="It is stopped after so long.")] = 60.0,
    out: Annotated[Path | None, typer.Option(help="Where to write the rows, as CSV or Parquet.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read the tables of numbers with SQL of one's own; nothing can be written, and no other file read."""
    began = time.monotonic()
    table, position = bootstrap.read_numbers(_existing(home), text, rows_max=limit, timeout_s=seconds)
    if out is not None:
        write_table(table, out)
    if as_json:
        shown = {"columns": table.column_names, "rows": _rows(table), "position": position}
        _print_json(shown | {"seconds": round(time.monotonic() - began, 3), "out": str(out) if out else None})
        return
    if out is None:
        _show(table.column_names, [list(row) for row in _rows(table)])


@app.command("list")
def list_metrics(*, home: Home = None, as_json: Json = False) -> None:
    """List every number that can be asked for, with what it means."""
    with bootstrap.numbers_beside(_existing(home)) as numbers:
        catalog = asking.catalog_of(numbers.definitions, metrics.OPERATOR)
    if as_json:
        _print_json(msgspec.to_builtins(catalog))
        return
    _show(["metric", "in", "what it is"], [[one.name, one.unit, one.description] for one in catalog.data])


@app.command()
def tables(
    *,
    out: Annotated[Path | None, typer.Option(help="A folder to write every table to, as Parquet.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the tables that numbers are asked of, and that caravan sql reads; or write them for another engine."""
    shown = bootstrap.tables_of_numbers()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in bootstrap.all_numbers(_existing(home)):
            write_table(table, out / f"{name}.parquet")
    if as_json:
        _print_json({"tables": shown})
        return
    _show(
        ["table", "columns"],
        [[name, ", ".join(f"{a} {b}" for a, b in columns.items())] for name, columns in shown.items()],
    )


@app.command()
def seal(*, home: Home = None, as_json: Json = False) -> None:
    """Write facts to Parquet by kind and day, and the tables with their roll-ups; a running Caravan does so now and then."""
    with bars() as progress:
        sealed = bootstrap.seal_numbers(_existing(home), progress)
    if as_json:
        _print_json(sealed._asdict())
        return
    say.print(
        f"Sealed up to frame {sealed.position:,}: {sealed.facts:,} facts more, {sealed.files:,} files, {sealed.merged:,} merged away, {sealed.rollups} roll-ups."
    )


@app.command()
def define(
    file: Annotated[Path, typer.Argument(help="A YAML file in the shape of the Open Semantic Interchange.")],
    *,
    keep: Annotated[bool, typer.Option(help="Take it into the home; else it is only checked.")] = True,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Check a file of definitions together with all others, and take it in; a running Caravan knows it within a second."""
    if not file.is_file():
        raise Invalid(f"There is no file {file}.", field="file")
    try:
        names = bootstrap.define_numbers(_existing(home), file.name, file.read_text(encoding="utf-8"), keeps=keep)
    except metrics.WrongDefinitions as wrong:
        if as_json:
            _print_json({"ok": False, "faults": [fault._asdict() for fault in wrong.faults]})
        else:
            for fault in wrong.faults:
                say.print(f"[red]{fault.file}:{fault.line}[/red]: {fault.what} {fault.cure}", soft_wrap=True)
        raise typer.Exit(1) from None
    except UnicodeDecodeError:
        raise Invalid(f"{file} is no UTF-8 text.", field="file") from None
    if as_json:
        _print_json({"ok": True, "metrics": names, "kept": keep})
    else:
        say.print(f"{'Defined' if keep else 'Sound'}: {', '.join(names) or 'no metric of its own'}.")


@app.command()
def check(*, home: Home = None, as_json: Json = False) -> None:
    """Check freshness, volume, what is missing or double, and GMV against the ledger, to the cent. Exits 1 on what is wrong."""
    found = bootstrap.check_numbers(_existing(home))
    is_sound = all(one.state != "wrong" for one in found)
    if as_json:
        _print_json({"ok": is_sound, "findings": msgspec.to_builtins(found)})
    else:
        _show(["", "check", "about", ""], [[one.state, one.check, one.about, one.words] for one in found])
    if not is_sound:
        raise typer.Exit(1)


@app.command()
def export(  # noqa: PLR0913  # As a question.
    names: Annotated[list[str], typer.Argument(metavar="METRIC...", help="The metrics.")],
    *, out: Annotated[Path, typer.Option(help="The file to write, .csv or .parquet; {day} in its name is today.")],
    by: By = None, grain: Grain = "", start: Start = None, end: End = None, where: Where = None, order: Order = "",
    limit: Limit = 50_000, home: Home = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Write an answer to a file, whole or not at all: for a scheduler to call every night."""
    asked = asked_of(names, by, grain, start, end, where, order, limit)
    with bootstrap.numbers_beside(_existing(home)) as numbers:
        answer = numbers.ask(question_of(numbers.definitions, asked), metrics.OPERATOR)
        table = table_of(answer)
    target = out.with_name(out.name.replace("{day}", date.today().isoformat()))  # noqa: DTZ011 - The scheduler's own day.
    write_table(table, target)
    shown = {"file": str(target), "rows": table.num_rows, "has_more": answer.has_more, "position": answer.position}
    _print_json(shown) if as_json else say.print(f"{target} holds {table.num_rows:,} rows.")


def write_table(table: pa.Table, target: Path) -> None:
    """Write a table as CSV or Parquet; beside its place first, so that nobody reads half of it."""
    if target.suffix not in {".csv", ".parquet"}:
        raise Invalid("A file ends in .csv or .parquet.", field="out")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.draft")
    if target.suffix == ".csv":
        write_csv(table, draft)
    else:
        pq.write_table(table, draft)
    draft.rename(target)


def asked_of(  # noqa: PLR0913, PLR0917  # As a question.
    names: list[str], by: list[str] | None, grain: str, start: str | None, end: str | None, where: list[str] | None,
    order: str, limit: int,
) -> wire.NumbersQuestion:  # fmt: skip
    """Read a question as the command line says it. Refuses what is none as Invalid."""
    told = {
        "metrics": [part for name in names for part in name.split(",") if part],
        "by": [part for name in by or [] for part in name.split(",") if part], "grain": grain, "start": start, "end": end,
        "filters": [_filter(one) for one in where or []], "order": order, "limit": limit,
    }  # fmt: skip
    try:
        return msgspec.convert(told, wire.NumbersQuestion)
    except msgspec.ValidationError as error:
        raise Invalid(f"This is no question: {error}.") from None


def _filter(text: str) -> dict[str, object]:
    without = "!=" in text
    dimension, separator, values = text.partition("!=" if without else "=")
    if not separator or not dimension:
        raise typer.BadParameter("A filter is DIMENSION=VALUE.", param_hint="--where")
    return {
        "dimension": dimension,
        "values": [_value(one) for one in next(csv.reader([values]), [])],
        "without": without,
    }


def _value(text: str) -> str | bool:
    return {"true": True, "false": False}.get(text, text)


def _tell(answer: wire.NumbersAnswer, *, as_json: bool) -> None:
    if as_json:
        _print_json(msgspec.to_builtins(answer))
        return
    names = [column.name for column in answer.columns]
    place = names.index("currency") if "currency" in names else None
    _show(
        names,
        [
            [
                _worded(value, column.unit, str(row[place]) if place is not None else "")
                for value, column in zip(row, answer.columns, strict=True)
            ]
            for row in answer.rows
        ],
    )
    if answer.has_more:
        say.print("There are more rows: ask with a greater --limit.")


def _worded(value: object, unit: str, currency: str) -> str:
    if value is None:
        return "-"
    if unit == "money" and currency:
        return plain(int(str(value)), currency)
    if unit == "share":
        return f"{float(str(value)):.2%}"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _show(names: list[str], rows: list[list[Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("-" if cell is None else str(cell) for cell in row))
    _out.print(table)


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [[_plainly(value) for value in table.column(place).to_pylist()] for place in range(table.num_columns)]
    return list(zip(*columns, strict=True))


def _plainly(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _settings(home: Path | None) -> config.Settings:
    read = config.read()
    return replace(read, home=home) if home else read


def _existing(home: Path | None) -> config.Settings:
    found = _settings(home)
    if not found.log_url and not (found.home / "log.db").exists():
        raise Invalid(f"There is no Caravan in {found.home}. Start one with `caravan up`, or name its --home.")
    return found


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
