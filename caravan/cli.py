"""The same from a terminal: start Caravan, move a shop in, verify, rebuild, back up, restore."""

import gc
import logging
import socket
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from caravan import bench, bootstrap, config, identities
from caravan.flows import history, promises, tables
from caravan.flows.opening import Opening, open_market
from caravan.kernel.clock import SystemClock
from caravan.kernel.errors import CaravanError, Invalid, code
from caravan.kernel.money import plain
from caravan.web import (
    access,
    comparing,
    currencies,
    digesting,
    exporting,
    festival,
    numbering,
    qr_codes,
    reckoning,
    remote,
    reporting,
    sandbox,
    segmenting,
    teaching,
    training,
)
from caravan.web.planning import terminal as planning
from caravan.web.server import serve
from caravan.web.terminal import bars, say

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Caravan: a marketplace in one process.")

Home = Annotated[Path | None, typer.Option("--home", help="The folder with log, vault, views and snapshots.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]

remote.mount(app)
numbering.mount(app)
segmenting.mount(app)
segmenting.segments.add_typer(exporting.webhooks, name="webhook")
app.add_typer(exporting.app, name="export")
app.add_typer(identities.app, name="identity")
app.add_typer(bench.app, name="bench")
app.add_typer(planning.app, name="network")
app.add_typer(qr_codes.app, name="qr")
app.add_typer(currencies.app, name="rates")
app.add_typer(reporting.app, name="tax")
comparing.add_to(training.app, "lists")
comparing.add_to(teaching.app, "search")
digesting.add_to(training.app)
app.add_typer(training.app, name="discovery")
app.add_typer(teaching.app, name="search")
app.add_typer(sandbox.app, name="sandbox")
app.command()(reckoning.reconcile)
promise = typer.Typer(no_args_is_help=True, help="Delivery promises: what is learned from a home's own parcels.")
app.add_typer(promise, name="promise")

_MARKET = "http://127.0.0.1:8000"


def main() -> None:
    """Run a command; a refusal ends it with 1 and a sentence, wrong usage with 2."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        app()
    except CaravanError as error:
        say.print(f"[red]{code(error)}[/red]: {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        say.print("Stopped. What was acknowledged is kept; the same command goes on from there.")
        sys.exit(130)


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    home: Home = None,
    market: Annotated[str | None, typer.Option(help="What an empty home is filled with: demo or empty.")] = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; the default is this machine only.")
    ] = None,
) -> None:
    """Start Caravan: the storefront, the seller's pages, the API."""
    settings = _settings(home, port=port, market=market, host=host)
    if settings.market not in ("demo", "empty"):
        raise typer.BadParameter("A market is demo or empty.", param_hint="--market")
    _require_free(settings.host, settings.port)
    with bootstrap.home_lock(settings):
        if settings.market == "demo" and not settings.log_url and not (settings.home / "log.db").exists():
            with bars() as progress:
                bootstrap.fill_demo(settings, progress)
        caravan = bootstrap.open_caravan(settings, beside=True)
        gc.freeze()  # What has been loaded is here to stay: nobody waits while it is looked through for garbage.
        try:
            if caravan.cell.ask(lambda house: house.markets.market) is None:
                caravan.cell.do(open_market, Opening("Caravan", settings.currency))
            token = access.keep_operator_token(caravan)
            url = f"http://{settings.host}:{settings.port}"
            say.print(f"Caravan is at [bold]{url}[/bold]  (home {settings.home}, stop with Ctrl-C)", soft_wrap=True)
            say.print(f"The operator's token is in {token}", soft_wrap=True)
            with bootstrap.analysts_door(caravan) as door:
                if door is not None:
                    say.print(f"BI tools find Arrow Flight SQL at {settings.flight_host}:{door.port}", soft_wrap=True)
                serve(caravan, settings.host, settings.port)
        finally:
            caravan.close()


@app.command("import")
def import_history(
    format: Annotated[str, typer.Argument(help="online-retail or olist.")],  # noqa: A002
    path: Annotated[str, typer.Argument(help="The folder or file with the Parquet or CSV files.")],
    *,
    home: Home = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Go through everything on a scratch copy; change nothing.")
    ] = False,
    rejects: Annotated[Path | None, typer.Option(help="Where to write the rejected rows, as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Move a shop's history in. It can be stopped and run again: what is there already is passed over."""
    settings = _settings(home)
    began = time.monotonic()
    source = bootstrap.history_source(format)
    with bootstrap.home_lock(settings, is_scratch=dry_run), bars() as progress:
        read = bootstrap.read_history(source, path, progress)
        with bootstrap.opened(settings, is_scratch=dry_run) as caravan:
            tally = history.move_in(caravan.cell, caravan.vault, read, progress)
            if not dry_run:
                caravan.cell.snapshot()
    seconds = round(time.monotonic() - began, 2)
    target = rejects or settings.home / "rejects" / f"{read.source}.csv"
    if tally.rejects.num_rows and (rejects or not dry_run):
        _write_rejects(target, tally)
    found = {
        "read": tally.read, "accepted": tally.accepted, "rejected": tally.rejects.num_rows,
        "by_reason": tally.by_reason, "orders": tally.orders, "money": tally.money, "seconds": seconds,
        "dry_run": dry_run, "notes": list(read.notes),
        "rejects": str(target) if tally.rejects.num_rows and (rejects or not dry_run) else None,
    }  # fmt: skip
    if as_json:
        _print_json(found)
        return
    say.print(
        f"{tally.read:,} rows read, {tally.accepted:,} accepted, {tally.rejects.num_rows:,} rejected in {seconds} s."
    )
    for reason, count in tally.by_reason.items():
        say.print(f"  {count:>9,}  {reason}")
    for currency, sums in tally.money.items():
        parts = ", ".join(f"{name.replace('_', ' ')} {plain(amount, currency)}" for name, amount in sums.items())
        say.print(f"{tally.orders:,} purchases in {currency}: {parts}.", soft_wrap=True)
    if found["rejects"]:
        say.print(f"The rejected rows are in {target}", soft_wrap=True)


def _write_rejects(target: Path, tally: history.Tally) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    tables.write_csv(tally.rejects, target)


@promise.command("train")
def train_promises(*, home: Home = None, as_json: Json = False) -> None:
    """Learn from a home's parcels as a start does, also while Caravan runs there; say what was learned."""
    settings = _existing(home)
    began = time.monotonic()
    with bars() as progress:
        progress("read", 0, 1)
        house = bootstrap.read_house(settings)
        progress("read", 1, 1)
        read = time.monotonic()
        desk, now = promises.Desk(), SystemClock().now()
        desk.learn(desk.look(house), now, progress)
    trained, calibration = desk.current()
    found = {
        "model": trained.version, "parcels": trained.parcels, "is_learned": trained.is_learned,
        "regions": list(trained.layout.regions), "never_arrive": round(trained.ordered.lost, 4),
        "promised": calibration.level, "chosen": round(calibration.chosen, 4),
        "read_seconds": round(read - began, 2), "train_seconds": round(time.monotonic() - read, 2),
    }  # fmt: skip
    if as_json:
        _print_json(found)
        return
    say.print(f"{trained.version} was learned from {trained.parcels:,} parcels in {found['train_seconds']} s.")
    if not trained.is_learned:
        say.print("That is too few: dates stand on what is usual elsewhere, and say so.")
    say.print("A running Caravan learns by itself, at its start and once a day; there is nothing to copy.")


@promise.command("score")
def score_promises(
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="Promises of the last so many days.")] = 30,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say how the promises of the last days came out, read from the log; also while Caravan runs there."""
    house = bootstrap.read_house(_existing(home))
    found = promises.score(house, now=SystemClock().now(), days=days)
    settled = found.kept + found.missed
    if as_json:
        _print_json({
            "days": days, "promises": found.promises, "kept": found.kept, "missed": found.missed,
            "kept_share": round(found.kept / settled, 4) if settled else None,
            "promised_share": round(found.promised, 4) if settled else None,
        })  # fmt: skip
        return
    if not settled:
        say.print(f"{found.promises:,} promises in {days} days, none of them settled yet.")
        return
    say.print(
        f"{found.promises:,} promises in {days} days: {found.kept:,} kept, {found.missed:,} missed;"
        f" {found.kept / settled:.1%} kept where {found.promised:.1%} was promised."
    )


@app.command()
def verify(*, home: Home = None, as_json: Json = False) -> None:
    """Read the whole log again: checksums, order, replay to the same digest, every invariant. Exits 1 on a finding."""
    settings = _existing(home)
    with bars() as progress:
        seen = bootstrap.verify(settings, lambda done, total: progress("frames", done, total))
    if as_json:
        _print_json(msgspec.to_builtins(seen))
    else:
        say.print(f"{seen.frames:,} frames, {seen.facts:,} facts, digest {seen.digest or '(none)'}")
        for finding in seen.findings:
            say.print(f"[red]frame {finding.frame}[/red]: {finding.what}", soft_wrap=True)
        say.print("Everything holds." if seen.ok else "This log is damaged: restore the last good backup.")
    if not seen.ok:
        raise typer.Exit(1)


@app.command()
def snapshot(*, home: Home = None, as_json: Json = False) -> None:
    """Write a snapshot, so that the next start is quick: also while Caravan is running, which does so itself now and then."""
    settings = _existing(home)
    with bars() as progress:
        written = bootstrap.snapshot(settings, lambda done, total: progress("frames", done, total))
    if as_json:
        _print_json(written)
    else:
        say.print(f"The snapshot stands at frame {written['position']:,} and holds {written['bytes']:,} bytes.")


@app.command(hidden=True)
def follow(*, home: Home = None) -> None:
    """Keep the views of a running Caravan; it starts this itself and ends it by closing its standard input."""
    bootstrap.keep_views(_existing(home), sys.stdin.buffer, sys.stdout.buffer)


@app.command()
def rebuild(*, home: Home = None, as_json: Json = False) -> None:
    """Throw the views away and build them again from the log."""
    settings = _existing(home)
    with bootstrap.home_lock(settings), bars() as progress:
        position = bootstrap.rebuild(settings, lambda done, total: progress("frames", done, total))
    if as_json:
        _print_json({"position": position})
    else:
        say.print(f"The views show the log up to frame {position:,}.")


@app.command()
def backup(file: Path, *, home: Home = None, as_json: Json = False) -> None:
    """Copy the log and the vault into one file, also while Caravan is running. Keep it as safe as the home itself."""
    settings = _existing(home)
    with bars() as progress:
        manifest = bootstrap.back_up(settings, file, lambda done, total: progress("pages", done, total))
    if as_json:
        _print_json({"file": str(file), "bytes": file.stat().st_size, **manifest})
    else:
        say.print(f"{file} holds {file.stat().st_size:,} bytes.")


@app.command()
def restore(file: Path, *, home: Home = None, as_json: Json = False) -> None:
    """Put a backup into an empty home, and verify it."""
    settings = _settings(home)
    bootstrap.restore(settings, file)
    with bars() as progress:
        seen = bootstrap.verify(settings, lambda done, total: progress("frames", done, total))
    if as_json:
        _print_json({"home": str(settings.home), **msgspec.to_builtins(seen)})
    else:
        say.print(f"{settings.home} holds {seen.facts:,} facts; {'everything holds' if seen.ok else 'it is damaged'}.")
    if not seen.ok:
        raise typer.Exit(1)


@app.command("festival")
def run_festival(  # noqa: PLR0913  # A show has many knobs.
    *,
    url: Annotated[str, typer.Option("--url", envvar="CARAVAN_URL", help="Where the market answers.")] = _MARKET,
    token: Annotated[
        str | None,
        typer.Option(
            "--token", envvar="CARAVAN_TOKEN", help="The operator's; else the one in the home.", show_envvar=True
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed sends the same crowd.")] = 1,
    minutes: Annotated[float, typer.Option(min=0.02, max=1_440, help="How long the show lasts.")] = 3.0,
    speed: Annotated[float, typer.Option(min=1, max=100_000, help="Times faster than life: 480 is a day in 3.")] = 480,
    buyers: Annotated[
        int, typer.Option(min=1, max=10_000, help="People in the crowd; each orders 100 times a day.")
    ] = 200,
    host: Annotated[
        str, typer.Option(help="Where the big screen listens; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The big screen's port; 0 takes a free one.")] = 8111,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let a crowd shop a whole sales day on a running market, on a big screen. It spends play money: not on a real shop."""
    chosen = festival.Plan(seed=seed, minutes=minutes, speed=speed, buyers=buyers)
    path = _settings(home).home / "operator-token"
    if token is None and not path.exists():
        raise Invalid(f"There is no operator's token in {path}: name the --home of the market, or give a --token.")
    with bars() as progress:
        summary = festival.show(
            chosen, url=url, token=token or path.read_text().strip(), host=host, port=port, say=say, report=progress
        )
    if as_json:
        _print_json(msgspec.to_builtins(summary))
        return
    say.print(
        f"{summary.orders:,} orders for {plain(summary.gmv, summary.currency)}, at most {summary.orders_per_s_peak:,.0f} a "
        f"second, answered within {summary.latency_ms_p99:,.0f} ms (p99); {summary.oversold} oversold.",
        soft_wrap=True,
    )


@app.command()
def settings(*, home: Home = None) -> None:
    """Show every setting, its value here, and the variable that changes it."""
    for name, value in asdict(_settings(home)).items():
        is_secret = name.endswith(("_key", "_secret")) and value
        typer.echo(f"CARAVAN_{name.upper():<24} {'(set)' if is_secret else value}")


def _settings(home: Path | None, **given: Any) -> config.Settings:  # noqa: ANN401
    chosen = {name: value for name, value in {"home": home, **given}.items() if value is not None}
    return replace(config.read(), **chosen)


def _existing(home: Path | None) -> config.Settings:
    found = _settings(home)
    if not found.log_url and not (found.home / "log.db").exists():
        raise Invalid(f"There is no Caravan in {found.home}. Start one with `caravan up`, or name its --home.")
    return found


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Invalid(f"Port {port} on {host} is taken. Name another with --port.", field="port") from None


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


if __name__ == "__main__":
    main()
