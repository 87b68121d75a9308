"""Identities from a terminal: find who is there twice in a file, take customers of another system in, look through."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from caravan import bootstrap, config
from caravan.bench import mapping
from caravan.flows import lookalikes
from caravan.flows.tables import write_csv
from caravan.insight import likeness
from caravan.web.terminal import bars, say

app = typer.Typer(no_args_is_help=True, help="Who is who: find people who are there twice, take customers in.")

Table = Annotated[Path, typer.Argument(help="A CSV or Parquet file, one row a person.")]
Map = Annotated[
    list[str] | None, typer.Option("--map", help="What a column is: COLUMN=ROLE. May be given several times.")
]
Mapped = Annotated[
    Path | None, typer.Option("--mapping", help="A YAML file of that: COLUMN: ROLE, a line for each column.")
]
Home = Annotated[Path | None, typer.Option("--home", help="The folder with log, vault, views and snapshots.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def dedupe(
    file: Table,
    *,
    told: Map = None,
    mapped: Mapped = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the rows with their person, CSV or Parquet.")] = None,
    as_json: Json = False,
) -> None:
    """Find who is there several times in a file; learn from the file itself, and change nothing."""
    began = time.monotonic()
    table = bootstrap.read_customers(file).table
    roles = _told(told, mapped, table.column_names)
    with bars() as progress:
        found = likeness.find_people(table, told=roles, progress=progress)
    shown = {
        "file": str(file), "rows": len(table), "columns": found.columns.fields,
        "people_for_sure": len(np.unique(found.automatic)), "people_likely": len(np.unique(found.likely)),
        "compared": found.linked.compared, "seconds": round(time.monotonic() - began, 2),
        "weights": msgspec.to_builtins(found.linked.weights), "out": str(out) if out else None,
    }  # fmt: skip
    if out:
        _write(table, found, out)
    if as_json:
        _print_json(shown)
        return
    say.print(f"{len(table):,} rows; columns used: {', '.join(f'{a} as {b}' for a, b in found.columns.fields.items())}")
    say.print(f"{shown['people_for_sure']:,} people for sure, {shown['people_likely']:,} likely.")
    say.print(f"The rows with their person are in {out}." if out else "Name a file with --out to have the rows.")


@app.command("import")
def import_customers(
    file: Table,
    *,
    source: Annotated[str, typer.Option(help="The name of the system that the file is from.")],
    told: Map = None,
    mapped: Mapped = None,
    home: Home = None,
    rejects: Annotated[Path | None, typer.Option(help="Where to write the rows that were left out, as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Take customers of another system in, sealed, and look through all for who is there twice. Can be run again."""
    if not source or ":" in source:
        raise typer.BadParameter("A source is a name without a colon.", param_hint="--source")
    settings, read = _settings(home), bootstrap.read_customers(file)
    roles = _told(told, mapped, read.table.column_names)
    with (
        bootstrap.home_lock(settings),
        bars() as progress,
        bootstrap.opened(settings, is_scratch=False) as caravan,
    ):
        cell, vault = caravan.cell, caravan.vault
        taken = lookalikes.take_customers(cell, vault, read.table, source=source, told=roles, progress=progress)
        looked = lookalikes.look_through(cell, vault, progress)
        cell.snapshot()
    # By their numbers in the file, where torn rows count, too.
    rejected = sorted([*read.torn, *((read.numbers[row - 1], known, why) for row, known, why in taken.rejects)])
    if rejects and rejected:
        columns = dict(zip(("row", "id", "reason"), map(list, zip(*rejected, strict=True)), strict=True))
        write_csv(pa.table(columns), rejects)
    shown = {
        "rows": taken.rows + len(read.torn), "kept": taken.kept, "rejected": len(rejected), "records": looked.records,
        "tied": looked.tied, "proposed": looked.proposed,
    }  # fmt: skip
    _tell(shown, as_json=as_json)


@app.command("look")
def look_through(*, home: Home = None, as_json: Json = False) -> None:
    """Look through all records that were kept: tie the sure ones, put the others before the operator."""
    settings = _settings(home)
    with (
        bootstrap.home_lock(settings),
        bars() as progress,
        bootstrap.opened(settings, is_scratch=False) as caravan,
    ):
        looked = lookalikes.look_through(caravan.cell, caravan.vault, progress)
    _tell({"records": looked.records, "tied": looked.tied, "proposed": looked.proposed}, as_json=as_json)


def _tell(shown: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        _print_json(shown)
        return
    say.print(", ".join(f"{count:,} {name}" for name, count in shown.items()))
    if shown.get("proposed"):
        say.print("What may be one person waits at /operator/identities.")


def _told(told: list[str] | None, mapped: Path | None, columns: list[str]) -> dict[str, str]:
    """Give what columns are: as the file of a mapping says, and then as the options do."""
    roles = frozenset({*likeness.ROLES, *lookalikes.IDENTIFYING, likeness.RECORD, likeness.IGNORED})
    found = dict(bootstrap.read_mapping(mapped, columns, roles)) if mapped is not None else {}
    return found | mapping(told)


def _write(table: pa.Table, found: likeness.Found, out: Path) -> None:
    made = table.append_column("person_for_sure", pa.array(found.automatic))
    made = made.append_column("person_likely", pa.array(found.likely))
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".parquet":
        pq.write_table(made, out)
    else:
        write_csv(made, out)


def _settings(home: Path | None) -> config.Settings:
    read = config.read()
    return replace(read, home=home) if home else read


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
