"""What search learns, from a terminal: train from graded pairs, promote, roll back, and see what there is."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from caravan import bootstrap
from caravan.flows.finding import Graded
from caravan.insight.search import reformulated
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ProductId, number
from caravan.web.terminal import bars
from caravan.web.training import Home, Json, settings_of, tell, tell_versions

app = typer.Typer(no_args_is_help=True, help="Teach search what answers a query, and choose which version ranks.")
PAIRS_MAX = 5_000_000
_COLUMNS = ("query", "product", "grade")


@app.command()
def train(  # noqa: PLR0913  # Each is an option of the command.
    graded: Annotated[
        Path | None, typer.Argument(help="A CSV file with the columns query, product and grade (1 to 3).")
    ] = None,
    *,
    clicks: Annotated[
        bool, typer.Option("--clicks", help="Learn from what people looked for, saw and clicked.")
    ] = False,
    corrected: Annotated[bool, typer.Option(help="Take the place that something stood at out of its clicks.")] = True,
    home: Home = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn by lot.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that learning to rank may use.")] = 2,
    promote: Annotated[bool, typer.Option(help="Let what was learned rank at once.")] = False,
    as_json: Json = False,
) -> None:
    """Learn an order from pairs of a query and a product that somebody graded, or from clicks."""
    settings = settings_of(home)
    if clicks == (graded is not None):
        raise Invalid("Name a file of graded pairs, or say --clicks.", field="graded")
    with bars() as progress:
        if graded is None:
            taught = bootstrap.teach_from_clicks(
                settings, is_corrected=corrected, seed=seed, threads=threads, progress=progress
            )
        else:
            taught = bootstrap.teach(settings, list(read_pairs(graded)), seed=seed, threads=threads, progress=progress)
    if promote:
        bootstrap.lessons_of(settings).promote(taught.version)
    words = "ranks from now on" if promote else f"is ready: caravan search promote {taught.version}"
    tell(taught, f"Version {taught.version} {words}", as_json=as_json)


@app.command()
def tried(
    *,
    least: Annotated[int, typer.Option(min=2, help="Told are phrases that at least so many visitors tried.")] = 5,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Tell which words people tried next when they clicked on nothing: synonyms to be, if you say so."""
    found = reformulated(bootstrap.searched(settings_of(home)).tries, least=least)
    lines = [f"{one.before}, {one.after}  ({one.visitors:,} visitors)" for one in found]
    tell({"data": [one._asdict() for one in found]}, "\n".join(lines) or "Nothing yet.", as_json=as_json)


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="The version.")], *, home: Home = None, as_json: Json = False
) -> None:
    """Let a version rank, within two seconds where Caravan is running."""
    standing = bootstrap.lessons_of(settings_of(home)).promote(version)
    tell(standing, f"Version {standing.champion} ranks from now on.", as_json=as_json)


@app.command()
def rollback(*, home: Home = None, as_json: Json = False) -> None:
    """Let the version before rank again."""
    standing = bootstrap.lessons_of(settings_of(home)).roll_back()
    tell(standing, f"{standing.champion or 'The order by hand'} ranks again.", as_json=as_json)


@app.command()
def versions(*, home: Home = None, as_json: Json = False) -> None:
    """Show which versions there are, and which ranks."""
    tell_versions(bootstrap.lessons_of(settings_of(home)), command="caravan search train", as_json=as_json)


def read_pairs(file: Path) -> Iterator[Graded]:
    """Read graded pairs. Refuses a file without the columns, and a row that is no pair, naming it."""
    if not file.exists():
        raise Invalid(f"There is no {file}.", field="graded")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if not set(_COLUMNS) <= set(rows.fieldnames or ()):
            raise Invalid(f"{file} has to have the columns {', '.join(_COLUMNS)}.", field="graded")
        for place, row in enumerate(itertools.islice(rows, PAIRS_MAX), 1):
            try:
                product, grade = number(ProductId, row["product"] or ""), float(row["grade"])
            except (ValueError, TypeError, Invalid):
                raise Invalid(f"Row {place} of {file} is no query, product and grade.", field="graded") from None
            yield Graded(row["query"], ProductId(product), grade)
