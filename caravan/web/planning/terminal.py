"""Plans from a terminal: `caravan network plan`, `caravan network routes`, `caravan network demand`."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import typer
from rich.table import Table

from caravan import bootstrap, config
from caravan.flows import planning
from caravan.flows.tables import csv_of
from caravan.kernel.errors import Invalid
from caravan.kernel.money import plain
from caravan.trade import network
from caravan.web.planning.solomon import read_solomon
from caravan.web.planning.tables import read_breaks, read_day, read_network
from caravan.web.terminal import bars, say

app = typer.Typer(no_args_is_help=True, help="Which hubs, stock and linehaul; and the day's rounds of vehicles.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Out = Annotated[Path | None, typer.Option("--out", help="The folder for the plan as JSON and its pictures as SVG.")]
Currency = Annotated[str, typer.Option(help="The currency of the costs, where the input names none.")]

STATIC = Path(__file__).resolve().parent.parent / "static"
EXAMPLES = ("network-example.json", "routes-example.json")
_SECONDS_MAX = 3_600
_SHOWN_MAX = 12


@app.command("example")
def write_example(folder: Annotated[Path, typer.Argument(help="Where to write it; made if it is not there.")]) -> None:
    """Write an example to plan: thirty cities of Africa with their carriers, and a day of rounds in Nairobi."""
    _write(folder, {name: (STATIC / name).read_text(encoding="utf-8") for name in EXAMPLES})


@app.command("demand")
def write_demand(
    *,
    home: Annotated[
        Path | None, typer.Option("--home", help="The folder with log, vault, views and snapshots.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=36_600, help="Count the orders of so many days.")] = 90,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Count what was ordered, by the seller's and the buyer's country, in orders a day."""
    settings = config.read() if home is None else replace(config.read(), home=home)
    if not settings.log_url and not (settings.home / "log.db").exists():
        raise Invalid(f"There is no Caravan in {settings.home}. Start one with `caravan up`, or name its --home.")
    with bootstrap.home_lock(settings), bootstrap.opened(settings, is_scratch=False) as caravan:
        found = caravan.cell.ask(lambda house: planning.demand(house, days=days, now=caravan.clock.now()))
    if not found:
        raise Invalid(f"Nobody ordered anything in {settings.home} within {days} days; look back further with --days.")
    if out is not None:
        columns = {"place": [row.place for row in found], "origin": [row.origin for row in found]}
        told = pa.table(columns | {"parcels": [row.parcels for row in found]})
        _write(out, {"demand.csv": csv_of(told).decode()})
    if as_json:
        _print_json({"demand": [row._asdict() for row in found], "days": days})
        return
    busy = sorted(found, key=lambda row: -row.parcels)[:_SHOWN_MAX]
    _table("From", "To", "A day", rows=[(row.origin, row.place, f"{row.parcels:,.2f}") for row in busy])


@app.command("plan")
def plan_network(
    path: Annotated[Path, typer.Argument(help="A folder with places, hubs, legs and demand, or one JSON file.")],
    *,
    share: Annotated[float, typer.Option(min=0, max=1, help="The share of parcels that is to be in time.")] = 0.95,
    hours: Annotated[float, typer.Option(min=0.1, max=10_000, help="In time is within so many hours.")] = 72.0,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=_SECONDS_MAX, help="The most for each question to the solver.")
    ] = 20.0,
    currency: Currency = "EUR",
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Choose hubs, stock and linehaul at least cost, so that a share of the parcels is in time."""
    told = read_network(path, currency=currency)
    with bars() as report:
        plan = network.plan_network(
            told, bootstrap.optimizer(), share=share, hours=hours, seconds=seconds, report=report
        )
    wrong = network.network_findings(told, plan)
    assert not wrong, wrong
    if out is not None:
        _write(out, {
            "plan.json": msgspec.json.format(msgspec.json.encode(plan)).decode(),
            "map.svg": network.draw_network(told, plan), "curve.svg": network.draw_curve(plan),
        })  # fmt: skip
    if as_json:
        _print_json(plan)
    else:
        _show_plan(plan)


def _show_plan(plan: network.NetworkPlan) -> None:
    def money(minor: int) -> str:
        return plain(minor, plan.currency)

    say.print(
        f"[bold]{money(plan.cost_minor)} {plan.currency} a day[/bold] for {plan.parcels:,.0f} parcels, {plan.share:.1%} within"
        f" {plan.hours:g} hours ({plan.share_most:.1%} is possible); {_exactness(plan.gap)}."
    )
    rows: list[tuple[str, ...]] = [
        (hub.place, f"{hub.parcels:,.0f}", f"{hub.stocked:,.0f}", money(hub.day_minor)) for hub in plan.hubs
    ]
    _table("Hub", "Parcels", "In stock", "A day", rows=rows)
    steps = [(f"{point.share:.1%}", money(point.cost_minor), money(point.percent_minor)) for point in plan.curve]
    _table("In time", "Cost a day", "The last percent", rows=steps[-_SHOWN_MAX:])
    lost = [
        (f"{loss.kind} {loss.name}", money(loss.change_minor), f"{loss.in_time:.1%}", f"{loss.unmoved:,.0f}",
         ", ".join(loss.late[:4]) + (" …" if len(loss.late) > 4 else ""))  # noqa: PLR2004
        for loss in plan.losses
    ]  # fmt: skip
    _table("Without", "Costs more", "In time", "Left", "Later than before", rows=lost[:_SHOWN_MAX])
    has_second = sum(flow.second is not None for flow in plan.flows)
    say.print(f"{has_second} of {len(plan.flows)} flows have a second source; their prices are in the JSON.")


def _exactness(gap: float) -> str:
    return "no other plan costs less" if gap <= 1e-6 else f"another plan may cost up to {gap:.2%} less"  # noqa: PLR2004


@app.command("routes")
def plan_routes(  # noqa: PLR0913
    path: Annotated[
        Path, typer.Argument(help="A folder with depot, stops and vehicles, one JSON file, or Solomon's .txt.")
    ],
    *,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=_SECONDS_MAX, help="How long to look for better rounds.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The seed of the search.")] = 1,
    broken: Annotated[
        Path | None, typer.Option(help="What broke, as a JSON list: plan again with few changes.")
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="The plan before it broke; without one, it is made first.")
    ] = None,
    move_cost: Annotated[
        int, typer.Option(min=0, max=10**9, help="What a stop that changes its driver counts as, in minor units.")
    ] = 500,
    currency: Currency = "EUR",
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Plan a day's rounds; with --broken, plan them again so that few stops change their driver."""
    day = read_solomon(path) if path.suffix == ".txt" else read_day(path, currency=currency)
    with bars() as report:
        search = network.Search(seconds=seconds, seed=seed, clock=time.perf_counter, report=report)
        plan = _plan_before(before) or network.plan_routes(day, bootstrap.router(), search)
        found: network.RoutePlan | network.Replan = plan
        if broken is not None:
            day = network.broken(day, read_breaks(broken))
            found = network.replan_routes(day, plan, bootstrap.router(), search, move_minor=move_cost)
    shown = found.plan if isinstance(found, network.Replan) else found
    wrong = network.route_findings(day, shown)
    if wrong and before is not None and broken is None:
        raise Invalid(f"{before.name} does not fit to the day: {wrong[0]}", file=before.name)
    assert not wrong, wrong
    moved = [move.stop for move in found.moved] if isinstance(found, network.Replan) else []
    if out is not None:
        encoded = msgspec.json.format(msgspec.json.encode(found)).decode()
        _write(out, {"routes.json": encoded, "routes.svg": network.draw_routes(day, shown, moved)})
    if as_json:
        _print_json(found)
        return
    if isinstance(found, network.Replan):
        say.print(
            f"[bold]{len(moved)} stops change their driver[/bold] ({found.forced} had to), {len(found.retimed)} their time."
            f" From scratch, {found.scratch_moved} would, for {plain(found.scratch_cost_minor, shown.currency)}."
        )
    _show_routes(shown)


def _plan_before(path: Path | None) -> network.RoutePlan | None:
    if path is None:
        return None
    try:
        raw = path.read_bytes()
        told = msgspec.json.decode(raw, type=dict[str, Any])
        return msgspec.convert(told.get("plan", told), network.RoutePlan)
    except OSError as error:
        raise Invalid(f"{path} could not be read: {error.strerror}.", file=path.name) from None
    except msgspec.DecodeError as error:
        raise Invalid(f"{path.name} is no plan of routes: {error}", file=path.name) from None


def _show_routes(plan: network.RoutePlan) -> None:
    say.print(
        f"[bold]{len(plan.routes)} rounds, {plan.meters / 1_000:,.1f} km[/bold],"
        f" {plain(plan.cost_minor, plan.currency)} {plan.currency}."
    )
    rows: list[tuple[str, ...]] = [
        (route.vehicle, str(len(route.visits)), str(route.parcels), f"{route.meters / 1_000:,.1f}",
         f"{network.clock_time(route.leaves)} to {network.clock_time(route.returns)}")
        for route in plan.routes
    ]  # fmt: skip
    _table("Vehicle", "Stops", "Parcels", "km", "Out", rows=rows)
    if plan.unserved:
        say.print(f"[red]In no round:[/red] {', '.join(plan.unserved)}. Add a vehicle, or widen a shift or a window.")


def _table(*names: str, rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    say.print(table)


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(f"{error.filename} could not be written: {error.strerror}.", field="out") from None
    say.print(f"{', '.join(files)} {'are' if len(files) > 1 else 'is'} in {folder}", soft_wrap=True)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
