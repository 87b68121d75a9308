"""What is promised about speed and accuracy, measured from a terminal: one command for each program in benchmarks/."""

import importlib
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from caravan.kernel.errors import Invalid
from caravan.web.terminal import bars, say

app = typer.Typer(no_args_is_help=True, help="Measure what is promised about speed and accuracy, beside its peers.")
_LINES_MAX = 20

_WHOLE_FROM = 100  # From here on a figure is told without a fraction.
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def checkout(  # noqa: PLR0913  # A terminal's options.
    *,
    door: Annotated[
        list[str] | None, typer.Option(help="A door: kernel, cell, tcp, http-batch or http; all where none is named.")
    ] = None,
    lines: Annotated[str, typer.Option(help="Lines an order, from 1 up to 20: 1-5, or 3.")] = "1-5",
    skew: Annotated[str, typer.Option(help="How buyers choose: uniform, zipf or hot.")] = "uniform",
    batch: Annotated[int, typer.Option(min=1, max=8_192, help="Orders a batch.")] = 8_192,
    seconds: Annotated[float, typer.Option(min=0.05, max=60, help="Seconds a window.")] = 1.0,
    skus: Annotated[int, typer.Option(min=1_000, max=1_000_000, help="SKUs, and as many wallets.")] = 100_000,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs of each; the median is quoted.")] = 5,
    rate: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="Orders a second to send by the clock as well; 0 for none.")
    ] = 0,
    clients: Annotated[int, typer.Option(min=1, max=1_000, help="Connections that send single orders.")] = 64,
    ahead: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="Orders that Caravan takes memory for before they come.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the orders.")] = 1,
    peers: Annotated[bool, typer.Option(help="Measure SQLite, PostgreSQL and Redis in the same run.")] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for pictures of what was seen, as SVG.")] = None,
    as_json: Json = False,
) -> None:
    """Measure durable orders a second through each door, and how long batches take at a rate."""
    module = program("checkout")
    if skew not in module.SKEWS:
        raise typer.BadParameter("A skew is uniform, zipf or hot.", param_hint="--skew")
    through = [name for name in module.DOORS if not door or name in door]
    if door and len(through) < len(set(door)):
        raise typer.BadParameter(f"A door is one of {', '.join(module.DOORS)}.", param_hint="--door")
    least, most = _span(lines)
    load = module.Load(
        skus=skus, batch=batch, runs=runs, seconds=seconds, skew=skew, lines_least=least, lines_most=most, rate=rate,
        clients=clients, ahead=ahead, seed=seed,
    )  # fmt: skip
    with say.status("Starting") as status:
        found = module.run(load, has_peers=peers, through=through, out=out, progress=status.update)
    tell(found, _figures, as_json=as_json)


def _span(lines: str) -> tuple[int, int]:
    """Read 1-5 or 3."""
    least, _, most = lines.partition("-")
    if not (least.isdecimal() and (most or least).isdecimal() and 1 <= int(least) <= int(most or least) <= _LINES_MAX):
        raise typer.BadParameter(f"Lines are given as 1-5 or 3, at most {_LINES_MAX}.", param_hint="--lines")
    return int(least), int(most or least)


@app.command()
def routes(
    *,
    data: Annotated[Path, typer.Option(help="The folder with the instances and bks.parquet, the best known values.")],
    seconds: Annotated[float, typer.Option(min=0.1, max=3_600, help="The time for each instance.")] = 10.0,
    only: Annotated[str, typer.Option(help="Only instances that begin so; several are parted by commas.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="The seed of the search.")] = 1,
    at_a_time: Annotated[int, typer.Option(min=1, max=64, help="Instances at a time, each on one core.")] = 2,
    cpu_time: Annotated[bool, typer.Option(help="Count processor time, where others share the cores.")] = False,
    as_json: Json = False,
) -> None:
    """Measure how far rounds are from the best known of Solomon and of Gehring and Homberger."""
    found = program("routes").run(
        data, seconds=seconds, only=only, seed=seed, processes=at_a_time, on_cpu_time=cpu_time, report=say.print
    )
    tell(found, _gaps, as_json=as_json)


def _gaps(found: dict[str, Any]) -> None:
    say.print(
        f"{found['instances']} instances, {found['seconds']:g} s ({found['time_is']}) each: {found['gap_percent_mean']} % mean,"
        f" {found['gap_percent_median']} % median, {found['gap_percent_most']} % at most; the peer {found['peer']['gap_percent_mean']} %"
    )
    for family, gap in found["gap_percent_by_family"].items():
        say.print(f"{family:<8} {gap:>7.3f} %")


@app.command("taxes")
def bench_taxes(
    *,
    consignments: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many, of three lines each.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of the goods, places and prices.")] = 1,
    as_json: Json = False,
) -> None:
    """Measure how long it takes to say what taxes consignments meet, compiled and read, and that both say the same."""
    tell(program("taxed").run(consignments, seed=seed), _taxed, as_json=as_json)


def _taxed(found: dict[str, Any]) -> None:
    say.print(
        f"{found['consignments']:,} consignments of {found['lines']} lines, {found['rules']} rules, {found['parts']:,} parts:"
        f" {found['compiled_us']} µs each compiled (and {found['laid_out_us']} µs to lay it out), {found['read_us']} µs read."
    )


@app.command()
def search(
    *,
    data: Annotated[Path, typer.Option(help="A folder with products.parquet and judgments.parquet.")],
    folds: Annotated[int, typer.Option(min=2, max=20, help="Folds, split by query.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the folds, the trees and the known items.")] = 7,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads to learn on; answers are given on one.")] = 1,
    million: Annotated[int, typer.Option(min=0, max=5_000_000, help="Products of the scale test; 0 skips it.")] = 0,
    peers: Annotated[bool, typer.Option(help="Ask SQLite FTS5 and DuckDB FTS, too.")] = True,
    as_json: Json = False,
) -> None:
    """Measure how well and how fast search finds: graded queries, known items, and scale."""
    module = program("search")
    found = module.run(
        module.Load(data=str(data), folds=folds, seed=seed, threads=threads, million=million, peers=peers)
    )
    tell(found, _found_by_search, as_json=as_json)


def _found_by_search(found: dict[str, Any]) -> None:
    for row in found["relevance"]:
        say.print(
            f"{row['name']:<28} NDCG@10 {row['ndcg10']:.4f} ±{row['ndcg10_standard_error']:.4f}"
            f"  linear {row['ndcg10_linear_gain']:.4f}  among graded {row['ndcg10_among_graded']:.4f}"
            f"  recall@150 {row['recall150']:.4f}"
        )
    for kind, recall in found["known_items"]["recall20_by_kind"].items():
        say.print(f"{kind:<28} recall@20 {recall:.4f}")
    for figure in [*found["figures"], *found.get("scale", {"figures": []})["figures"]]:
        spread = f"({figure.least:,.1f} to {figure.most:,.1f}, {figure.runs} runs)"
        say.print(f"{figure.name:<36} {figure.median:>10,.1f} {figure.unit}  {spread}")
    for skipped in found["skipped"]:
        say.print(f"{skipped.name:<28} skipped: {skipped.why}")


@app.command()
def faults(
    *,
    seeds: Annotated[int, typer.Option(min=0, max=1_000_000, help="Power cuts on a simulated disk.")] = 2_000,
    first: Annotated[int, typer.Option(min=0, help="The first seed; a seed gives its cut again.")] = 0,
    kills: Annotated[int, typer.Option(min=0, max=100_000, help="Real processes to kill under load.")] = 0,
    as_json: Json = False,
) -> None:
    """Cut the power of shops, kill processes, and count what was lost, oversold or doubled."""
    module = program("faults")
    found = module.run(range(first, first + seeds), kills=kills, say=say)
    tell(found, _tally, as_json=as_json)
    if found["broken"]:
        raise typer.Exit(1)


@app.command()
def restart(
    *,
    orders: Annotated[int, typer.Option(min=10_000, max=20_000_000, help="Orders in the tail of the log.")] = 2_000_000,
    skus: Annotated[int, typer.Option(min=1_000, max=1_000_000, help="SKUs, and as many wallets.")] = 100_000,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs of each; the median is quoted.")] = 5,
    as_json: Json = False,
) -> None:
    """Measure how fast the log is folded, how soon a start is ready, and whether a snapshot lets anybody wait."""
    module = program("restart")
    found = module.run(module.Restart(orders=orders, skus=skus, runs=runs), say.print)
    tell(found, _figures, as_json=as_json)


@app.command()
def promise(
    data: Annotated[Path, typer.Option("--data", help="A folder of Olist's shape: Parquet or CSV files.")],
    *,
    train_before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day of the test; else the last three months are tested."),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs of the training; the median is quoted.")] = 5,
    picture: Annotated[Path | None, typer.Option(help="Where to draw promised and kept by month, as SVG.")] = None,
    as_json: Json = False,
) -> None:
    """Measure delivery promises on a folder: kept, short, exact and fast, beside Olist's own dates and two peers."""
    module = program("promise")
    with bars() as progress:
        day = train_before.date() if train_before is not None else None
        found = module.run(data, train_before=day, runs=runs, progress=progress)
    if picture is not None:
        picture.write_text(module.draw(found))
    tell(found, _promised, as_json=as_json)


@app.command()
def discovery(
    *,
    data: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="A folder of sessions, sequences or events.")
    ],
    sample: Annotated[int, typer.Option(min=0, help="Ask so many questions by lot; 0 asks all.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn by lot.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that learning to rank may use.")] = 2,
    peers: Annotated[bool, typer.Option(help="Ask popularity, item-to-item rules and session kNN too.")] = True,
    as_json: Json = False,
) -> None:
    """Measure how well recommendations guess what comes next, over all products and every prefix."""
    module = program("discovery")
    with bars() as progress:
        found = module.run(module.Load(data, sample, seed, peers, threads), progress)
    tell(found, _accuracy, as_json=as_json)


@app.command()
def proof(
    *,
    runs: Annotated[int, typer.Option(min=2, max=10_000, help="Shops with an effect, and as many without.")] = 200,
    visitors: Annotated[int, typer.Option(min=400, max=1_000_000, help="Visitors of each shop.")] = 1_200,
    hold_out: Annotated[int, typer.Option(min=1, max=50, help="Percent of them who see no personal lists.")] = 25,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn by lot.")] = 1,
    as_json: Json = False,
) -> None:
    """Measure whether proof tells the truth, on simulated shops whose truth is known."""
    module = program("proof")
    with bars() as progress:
        found = module.run(module.Load(runs, visitors, hold_out, seed), progress)
    tell(found, _proven, as_json=as_json)


@app.command()
def recommending(  # noqa: PLR0913  # Each is an option of the command.
    *,
    products: Annotated[int, typer.Option(min=1_000, max=5_000_000, help="Products in the shop.")] = 1_000_000,
    looks: Annotated[int, typer.Option(min=10_000, max=100_000_000, help="Looks that are remembered.")] = 10_000_000,
    questions: Annotated[int, typer.Option(min=200, max=100_000, help="Questions a run.")] = 5_000,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs of each; the median is quoted.")] = 5,
    http: Annotated[
        bool, typer.Option("--http", help="Ask through the HTTP door of a server, with one worker.")
    ] = False,
    rate: Annotated[int, typer.Option(min=1, max=5_000, help="With --http: questions a second at a pace.")] = 200,
    buyers: Annotated[
        int, typer.Option(min=1, max=5_000_000, help="With --http: buyers beside the products, each with a wallet.")
    ] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn by lot.")] = 1,
    as_json: Json = False,
) -> None:
    """Measure how fast recommendations are answered in a large shop, in process or over HTTP, and what memory that takes."""
    with bars() as progress:
        if http:
            module = program("recommending_door")
            load = module.Load(products, looks, buyers, questions, rate, runs, seed)
            tell(module.run(load, progress), _answered, as_json=as_json)
            return
        module = program("recommending")
        found = module.run(module.Load(products, looks, questions, runs, seed), progress)
    tell(found, _answered, as_json=as_json)


@app.command()
def training(  # noqa: PLR0913  # Each is an option of the command.
    *,
    products: Annotated[int, typer.Option(min=400, max=5_000_000, help="Products in the shop.")] = 200_000,
    sessions: Annotated[
        int, typer.Option(min=600, max=10_000_000, help="Sessions, of five looks on average.")
    ] = 300_000,
    epochs: Annotated[int, typer.Option(min=1, max=20, help="Epochs of the sequence model.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Workers of a Ray; 0 learns in process only.")] = 2,
    memory_mb: Annotated[int, typer.Option(min=128, max=1_048_576, help="Memory that they share, in MB.")] = 2_048,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs of each, by turns.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn by lot.")] = 1,
    as_json: Json = False,
) -> None:
    """Measure what training takes by part, in process and on Ray, and that both come to one version."""
    with bars() as progress:
        module = program("training")
        found = module.run(module.Load(products, sessions, epochs, workers, memory_mb, runs, seed), progress)
    tell(found, _trained, as_json=as_json)


@app.command()
def profiles(
    *,
    people: Annotated[int, typer.Option(min=100, max=2_000_000, help="Made-up people.")] = 100_000,
    orders: Annotated[int, typer.Option(min=100, max=20_000_000, help="Made-up orders of theirs.")] = 1_000_000,
    data: Annotated[
        Path | None, typer.Option(help="A folder with olist and online_retail, to hold forecasts against.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs; the median is quoted.")] = 5,
    as_json: Json = False,
) -> None:
    """Measure all traits, one profile and the count of a segment, and whether forecasts hold what came."""
    if data is not None and not data.is_dir():
        raise Invalid(f"There is no folder {data}.", field="data")
    with bars() as progress:
        found = program("profiles").run(people=people, orders=orders, data=data, runs=runs, progress=progress)
    tell(found, _known, as_json=as_json)


@app.command()
def identity(  # noqa: PLR0913  # Each is an option of the command.
    *,
    data: Annotated[Path | None, typer.Option(help="A folder of tables with a known truth, Parquet or CSV.")] = None,
    told: Annotated[
        list[str] | None, typer.Option("--map", help="What a column is: COLUMN=ROLE. May be given several times.")
    ] = None,
    million: Annotated[bool, typer.Option("--million", help="Also look through 1,000,000 made-up records.")] = False,
    records: Annotated[int, typer.Option(min=0, max=5_000_000, help="Also look through so many made-up ones.")] = 0,
    live: Annotated[bool, typer.Option("--live", help="Also measure certain ties a second, and answers.")] = False,
    storm: Annotated[int, typer.Option(min=0, max=1_000_000, help="Also merge and split so often at random.")] = 0,
    peers: Annotated[bool, typer.Option(help="Run Splink's tutorial beside it, where its table is there.")] = True,
    as_json: Json = False,
) -> None:
    """Measure how right identities are against a known truth, and how fast they are tied and untied."""
    if data is not None and not data.is_dir():
        raise Invalid(f"There is no folder {data}.", field="data")
    if data is None and not (million or records or live or storm):
        raise typer.BadParameter("Name a folder with --data, or --million, --records, --live or --storm.")
    module = program("identity")
    found = module.run(
        data, told=mapping(told), records=1_000_000 if million else records, storm=storm, has_live=live,
        has_peers=peers, progress=_step,
    )  # fmt: skip
    tell(found, _identities, as_json=as_json)


def mapping(told: list[str] | None) -> dict[str, str]:
    """Read COLUMN=ROLE options. Refuses one without a role as wrong usage."""
    pairs = [one.rpartition("=") for one in told or []]
    for column, _, role in pairs:
        if not column or not role:
            raise typer.BadParameter("A mapping is COLUMN=ROLE, such as dob=birth_date.", param_hint="--map")
    return {column: role for column, _, role in pairs}


def _step(step: str, done: int, total: int) -> None:
    if say.is_terminal:
        say.print(f"{step}: {done:,}/{total:,}", end="\r" if done < total else "\n")


def _identities(found: dict[str, Any]) -> None:
    for table in [*found["people"], *found["products"]]:
        surely = table.get("automatic")
        said = f", surely {surely['f1']:.4f} with {surely['false_merges']:.3%} false" if surely else ""
        say.print(f"{table['name']:<24} F1 {table['f1']:.4f}{said}, {table['seconds']:.1f} s")
    for name, peer in found.get("splink", {}).items():
        say.print(f"splink ({name})".ljust(24) + f" F1 {peer['f1']:.4f} at its best cut")
    if "storm" in found:
        say.print(f"storm: {found['storm']}")
    for figure in found["figures"]:
        say.print(
            f"{figure.name:<24} {figure.median:>12,.1f} {figure.unit}  ({figure.least:,.1f} to {figure.most:,.1f})"
        )
    for skipped in found["skipped"]:
        say.print(f"{skipped['name']:<24} skipped: {skipped['why']}")


@app.command("numbers")
def bench_numbers(
    *,
    purchases: Annotated[
        int, typer.Option(min=1_000, max=10_000_000, help="Purchases; each is about 14 facts.")
    ] = 750_000,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs of each question; the median is quoted.")] = 5,
    questions: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Random questions asked of roll-ups and of the rows.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the market and of the questions.")] = 1,
    as_json: Json = False,
) -> None:
    """Measure how fast each shipped metric and the dashboard answer over millions of facts, and that roll-ups agree."""
    module = program("numbers")
    with say.status("Filling a market") as status:
        load = module.Load(purchases=purchases, seed=seed)
        found = module.run(load, runs=runs, questions=questions, say=status.update)
    tell(found, _numbered, as_json=as_json)
    if found["random"] and found["random"]["differences"]:
        raise typer.Exit(1)


def _numbered(found: dict[str, Any]) -> None:
    say.print(
        f"{found['facts']:,} facts, sealed in {found['seal_seconds']} s; {found['metrics']} metrics: half within"
        f" {found['ms_p50']} ms, 95 of 100 within {found['ms_p95']} ms; the dashboard in {found['dashboard'].median} ms;"
        f" an order is in the number {found['fresh_ms'].median} ms after it was acknowledged."
    )
    if found["random"]:
        told = found["random"]
        say.print(
            f"{told['questions']:,} random questions, {told['by_rollup']:,} by roll-up: {told['differences']} differ."
        )


def program(name: str) -> Any:  # noqa: ANN401  # A program is whatever its file holds.
    """Give the program of a benchmark; refuses where Caravan was installed without its source."""
    root = Path(__file__).resolve().parent.parent
    if not (root / "benchmarks" / f"{name}.py").exists():
        raise Invalid("The benchmarks come with the source, not with an installed package.")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module(f"benchmarks.{name}")


def tell(found: dict[str, Any], in_words: Callable[[dict[str, Any]], None], *, as_json: bool) -> None:
    """Print what was measured: one JSON object on standard output, or words on standard error."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        in_words(found)


def _known(found: dict[str, Any]) -> None:
    say.print(
        f"{found['people']:,} people with {found['orders']:,} orders: all traits in {found['all_traits_s']['median']:.2f} s"
        f" ({found['all_traits_cpu_s']['median']:.2f} s of a processor), of which the cell was held {found['lock_held_ms']['median']:.0f} ms; one profile in"
        f" {found['one_profile_ms']['median']:.1f} ms, a segment counted in {found['segment_count_ms']['median']:.1f} ms"
        f" ({found['cores']} cores, load {found['load']})."
    )
    for one in found["forecasts"]:
        say.print(
            f"{one['data']}: of {one['checked']:,} buyers {one['orders_in_interval']:.1%} came as often, and"
            f" {one['value_in_interval']:.1%} spent as much, as their interval said (level {one['level']:.3f});"
            f" {one['days_came_each']:.3f} days with orders each where {one['days_expected_each']:.3f} were expected."
        )


def _promised(found: dict[str, Any]) -> None:
    for month in [*found["months"], found["all"]]:
        ours, olist = month["caravan"], month["olist"]
        saved = "" if month["saved_days"] is None else f", {month['saved_days']:+.1f} days saved at Olist's late rate"
        say.print(
            f"{month['month']:<8} {month['parcels']:>7,} parcels: promised {ours['promised']:.0%}, kept"
            f" {ours['kept']:.1%} (Olist {1 - olist['late']:.1%}) in {ours['mean_days']:.1f} days"
            f" (Olist {olist['mean_days']:.1f}){saved}; off by {ours['mae_of_median']:.1f} days (Olist {olist['mae']:.1f})"
        )
    if found["months_off_points"] is not None:
        say.print(f"Months are {found['months_off_points']:.1f} points off what was promised, on average.")
    for one in found["if_each_parcels_fate_were_known"]:
        if one["months_off_points"] is not None:
            say.print(
                f"They would be {one['months_off_points']:.1f} off if each parcel's fate were known"
                f" {one['after_days']} days after its order."
            )
    say.print(
        f"Trained in {found['training']['seconds']['median']:.2f} s; answered in"
        f" {found['latency_us']['with_reasons']['median']:,.0f} µs"
        f" (99 of 100 in {found['latency_us']['with_reasons']['p99']:,.0f})."
    )
    for skipped in found["skipped"]:
        say.print(f"{skipped['name']} skipped: {skipped['why']}")


def _figures(found: dict[str, Any]) -> None:
    for figure in found["figures"]:
        digits = 0 if figure.median >= _WHOLE_FROM else 1
        spread = f"({figure.least:,.{digits}f} to {figure.most:,.{digits}f}, {figure.runs} runs)"
        say.print(f"{figure.name:<32} {figure.median:>12,.{digits}f} {figure.unit}  {spread}")
    for ratio in found.get("comparisons", ()):
        say.print(f"{ratio.name:<40} {ratio.median:>8,.2f} times  ({ratio.least:,.2f} to {ratio.most:,.2f})")
    for paced in found.get("at_rate", ()):
        kept = "kept" if paced.is_kept else f"not kept: {paced.answered_per_s:,.0f}"
        waits = (
            f"p50 {paced.p50_ms:,.1f}, p90 {paced.p90_ms:,.1f}, p99 {paced.p99_ms:,.1f}, most {paced.max_ms:,.1f} ms"
        )
        say.print(f"{paced.door:<12} at {paced.rate_per_s:,} orders/s ({kept}): {waits}")
    for skipped in found.get("skipped", ()):
        say.print(f"{skipped.name:<32} skipped: {skipped.why}")


def _tally(found: dict[str, Any]) -> None:
    for name in ("simulated", "killed"):
        for what, count in msgspec.to_builtins(found[name]).items():
            say.print(f"{name:<10} {what:<24} {count}")
    say.print(found["broken"] or "Nothing acknowledged was lost, nothing was oversold, nothing was done twice.")


def _accuracy(found: dict[str, Any]) -> None:
    for one in found["sets"]:
        say.print(f"{one['name']}: {one['questions']:,} questions over {one['products']:,} products")
        live = {"ours, live": one["live"]} if "live" in one else {}
        for name, figures in {"ours": one["ours"], **live, **one.get("peers", {})}.items():
            told = "  ".join(f"{figure} {value:.4f}" for figure, value in figures.items() if figure != "questions")
            say.print(f"  {name:<14} {told}")
        say.print(f"  learned in {one['learning_s']} s; {one['speed']}")


def _proven(found: dict[str, Any]) -> None:
    say.print(
        f"truth {found['truth_minor_a_person']}, told {found['told_minor_a_person']} a person\n"
        f"interval covers the truth in {found['interval_covers_truth']:.1%} of runs, "
        f"the one for looking daily in {found['always_interval_covers_truth']:.1%}\n"
        f"a gain is claimed in {found['gain_claimed_where_there_is_one']:.1%} where there is one, "
        f"in {found['gain_claimed_where_there_is_none']:.1%} where there is none"
    )


def _trained(found: dict[str, Any]) -> None:
    for one in found["learned"]:
        parts = ", ".join(f"{step} {seconds:,} s" for step, seconds in one["parts_s"].items())
        say.print(
            f"{one['version']} {one['place']}: {one['seconds']:,} s, {one['own_cpu_s']:,} s of a processor in the command, load"
            f" {one['load']}; {parts}"
        )


def _answered(found: dict[str, Any]) -> None:
    _figures(found | {"skipped": []})
    say.print(f"{found['products']:,} products, {found['looks']:,} looks, {found['memory_mb']:,} MB")
