"""Profiles and segments from a terminal: learn how people buy, count a rule, set, list and export segments."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from caravan import bootstrap, config
from caravan.client import Client, wire
from caravan.flows import profiles as knowing
from caravan.flows import tables
from caravan.flows.house import House
from caravan.flows.profiles import Desk
from caravan.insight import profiles
from caravan.insight.profiles import Checked, Forecast
from caravan.kernel import ids
from caravan.kernel.clock import SystemClock
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, IdentityId
from caravan.kernel.money import alphabetic, plain
from caravan.web import numbering, profiling

T = TypeVar("T")
_LOOKS = frozenset({"last_look", "looks"})
_say = Console(stderr=True, highlight=False)
_out = Console(highlight=False)

people = typer.Typer(no_args_is_help=True, help="Profiles: what is known of people, and how they buy.")
segments = typer.Typer(no_args_is_help=True, help="Segments: the people for whom a rule holds.")

Home = Annotated[Path | None, typer.Option("--home", help="The folder with log, vault, views and snapshots.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Url = Annotated[
    str | None, typer.Option("--url", help="Speak to a Caravan that runs there, with --token, instead of to a home.")
]
Token = Annotated[
    str | None, typer.Option("--token", envvar="CARAVAN_TOKEN", help="The token to show.", show_envvar=True)
]
RuleText = Annotated[str, typer.Argument(metavar="RULE", help="The rule as JSON, or the name of a file that holds it.")]
Purpose = Annotated[str, typer.Option(help="What they are looked for; whoever forbade that is left out.")]
Needs = Annotated[bool, typer.Option("--needs-consent", help="Leave out who has not allowed the purpose, too.")]
Name = Annotated[str, typer.Argument(help="The name of the segment.")]


def mount(parent: typer.Typer) -> None:
    """Add the commands to another program: `caravan profiles learn`, `caravan segment count`."""
    parent.add_typer(people, name="profiles")
    parent.add_typer(segments, name="segment")


@people.command("learn")
def learn(*, home: Home = None, url: Url = None, token: Token = None, as_json: Json = False) -> None:
    """Learn how people buy from a home's orders; with --url a running Caravan takes it up, else the home does."""
    settings = _existing(home)
    if url is not None:
        forecast, checked = bootstrap.learn_profiles(bootstrap.Still(settings).house, now=SystemClock().now())
        with Client(url, token) as client:
            client.set_forecast(_sent(forecast))
    else:
        with bootstrap.home_lock(settings), bootstrap.opened(settings, is_scratch=False) as caravan:
            forecast, checked = bootstrap.learn_profiles(caravan.cell.house, now=caravan.clock.now())
            caravan.cell.do(knowing.take_forecast, forecast)
    _tell_learned(forecast, checked, as_json=as_json)


def _sent(one: Forecast) -> wire.NewForecast:
    told = {name: getattr(one, name) for name in wire.NewForecast.__struct_fields__ if name != "currency"}
    return wire.NewForecast(**told, currency=alphabetic(one.unit))


def _tell_learned(forecast: Forecast, checked: Checked, *, as_json: bool) -> None:
    shown = {
        "forecast": msgspec.to_builtins(profiling.forecast_shown(forecast)), "kept_aside": checked.buyers,
        "expected_each": round(checked.expected, 4), "came_each": round(checked.came, 4),
        "coverage": {str(level): round(share, 4) for level, share in checked.coverage.items()},
    }  # fmt: skip
    if as_json:
        _print_json(shown)
        return
    _say.print(
        f"Learned from {forecast.buyers:,} buyers. Of {checked.buyers:,} whose last {profiles.HORIZON_DAYS} days were kept aside,"
        f" {forecast.covered:.1%} bought within their interval; {checked.expected:.3f} days with orders were expected of each,"
        f" {checked.came:.3f} came.",
        soft_wrap=True,
    )


@people.command("show")
def show_profile(
    who: Annotated[str, typer.Argument(help="A buyer (buy_…) or an identity (idt_…).")],
    *,
    home: Home = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Show what is known of a person, and from where."""

    def here(desk: Desk, _: House) -> wire.Profile:
        is_identity = who.startswith("idt_")
        number = ids.number(IdentityId if is_identity else BuyerId, who)
        return profiling.profile_shown(desk.person(**{"identity" if is_identity else "buyer": number}))

    found = _ask(home, url, token, here=here, there=lambda client: client.profile(who), with_looks=True)
    if as_json:
        _print_json(msgspec.to_builtins(found))
        return
    rows = [[one.meaning, _worded(one, found.currency), ", ".join(one.sources)] for one in found.traits]
    _show(["trait", "", "from"], rows)


@people.command("traits")
def list_traits(*, as_json: Json = False) -> None:
    """List every trait: what it means, how it is compared, from which facts it is, and for how long these count."""
    shown = profiling.catalog_of("", None).data
    if as_json:
        _print_json({"data": msgspec.to_builtins(shown)})
        return
    _show(
        ["trait", "kind", "what it is", "compared by", "days"],
        [[one.name, one.kind, one.meaning, ", ".join(one.comparisons), one.kept_days] for one in shown],
    )


@segments.command("count")
def count(
    rule: RuleText, *, purpose: Purpose, needs_consent: Needs = False, home: Home = None, url: Url = None,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say how many people a rule holds for, and how many of them the purpose leaves out; nothing is kept."""
    told = _rule(rule)
    read = profiles.read_rule(told)
    question = wire.SegmentQuestion(rule=told, purpose=purpose, needs_consent=needs_consent)
    found = _ask(
        home, url, token, with_looks=bool(profiles.traits_in(read) & _LOOKS),
        here=lambda desk, _: profiling.count_shown(desk.count(read, purpose, needs_consent=needs_consent)),
        there=lambda client: client.count_segment(question),
    )  # fmt: skip
    if as_json:
        _print_json(msgspec.to_builtins(found))
        return
    _out.print(f"{found.members:,} of {found.people:,} people; {found.left_out:,} more are left out for {purpose}.")


@segments.command("set")
def set_segment(  # noqa: PLR0913  # A segment has many parts.
    name: Name, rule: RuleText, *, purpose: Purpose, needs_consent: Needs = False, home: Home = None, url: Url = None,
    token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Set a segment, in place of one of the same name; in a home in which Caravan is not running, or at a --url."""
    told = _rule(rule)
    if url is not None:
        with Client(url, token) as client:
            new = wire.NewSegment(name=name, rule=told, purpose=purpose, needs_consent=needs_consent)
            made = client.set_segment(new).id
    else:
        settings = _existing(home)
        with bootstrap.home_lock(settings), bootstrap.opened(settings, is_scratch=False) as caravan:
            wanted = knowing.NewSegment(name, told, purpose, needs_consent)
            number = caravan.cell.do(knowing.set_segment, wanted)
            made = ids.text(ids.SegmentId, number)
    _print_json({"id": made, "name": name}) if as_json else _out.print(f"{name} is set as {made}.")


@segments.command("drop")
def drop_segment(name: Name, *, home: Home = None, url: Url = None, token: Token = None, as_json: Json = False) -> None:
    """Let a segment be no more, with its exports and webhooks; in a home in which Caravan is not running, or at a --url."""
    if url is not None:
        with Client(url, token) as client:
            client.drop_segment(_called(client, name))
    else:
        settings = _existing(home)
        with bootstrap.home_lock(settings), bootstrap.opened(settings, is_scratch=False) as caravan:
            known = caravan.cell.ask(lambda house: profiles.segment_called(house.profiles, name))
            caravan.cell.do(knowing.drop_segment, known.segment)
    _print_json({"dropped": name}) if as_json else _out.print(f"{name} is no more.")


@segments.command("list")
def list_segments(*, home: Home = None, url: Url = None, token: Token = None, as_json: Json = False) -> None:
    """List all segments, with how many people are in each."""

    def here(desk: Desk, house: House) -> list[wire.Segment]:
        return [profiling.segment_shown(desk, one) for one in profiles.segments(house.profiles)]

    found = _ask(home, url, token, here=here, there=lambda client: client.segments(), with_looks=True)
    if as_json:
        _print_json({"data": msgspec.to_builtins(found)})
        return
    rows = [
        [one.name, one.count.members, one.count.left_out, one.purpose, msgspec.json.encode(one.rule).decode()]
        for one in found
    ]
    _show(["segment", "people", "left out", "purpose", "rule"], rows)


@segments.command("export")
def export(
    name: Name,
    *,
    out: Annotated[Path, typer.Option(help="The file to write, .csv or .parquet.")],
    home: Home = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Write everybody in a segment to a file, a row a buyer, with the traits that its rule asks for."""

    def there(client: Client) -> Any:  # noqa: ANN401  # A table.
        return client.segment_table(_called(client, name))

    table = _ask(
        home, url, token, there=there, with_looks=True,
        here=lambda desk, house: tables.members_of(desk, profiles.segment_called(house.profiles, name))[0],
    )  # fmt: skip
    numbering.write_table(table, out)
    shown = {"file": str(out), "rows": table.num_rows}
    _print_json(shown) if as_json else _out.print(f"{out} holds {table.num_rows:,} buyers.")


def _ask(
    home: Path | None, url: str | None, token: str | None, *, here: Callable[[Desk, House], T],
    there: Callable[[Client], T], with_looks: bool,
) -> T:  # fmt: skip
    """Ask a running Caravan, or the home itself, which may be running too."""
    if url is not None:
        with Client(url, token) as client:
            return there(client)
    return here(*bootstrap.profiles_beside(_existing(home), with_looks=with_looks))


def _called(client: Client, name: str) -> str:
    known = next((one.id for one in client.segments() if one.name == name), "")
    if not known:
        raise Invalid(f"There is no segment {name[:60]!r}.", field="name")
    return known


def _rule(text: str) -> dict[str, Any]:
    told = text
    if not text.lstrip().startswith("{"):
        if not Path(text).is_file():
            raise Invalid(f"There is no file {text[:200]}; a rule is JSON, or a file that holds it.", field="rule")
        told = Path(text).read_text(encoding="utf-8")
    try:
        return msgspec.json.decode(told, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Invalid(f"This is no rule in JSON: {error}.", field="rule") from None


def _worded(one: wire.ProfileTrait, currency: str) -> str:
    if one.value is None:
        return "-"
    if isinstance(one.value, list):
        return ", ".join(one.value)
    told = _number(one.value, one.kind, currency)
    if one.low is None or one.high is None:
        return told
    return f"{told} ({_number(one.low, one.kind, currency)} to {_number(one.high, one.kind, currency)})"


def _number(value: float | str, kind: str, currency: str) -> str:
    if isinstance(value, str):
        return value
    if kind == "money":
        return f"{plain(round(value), currency)} {currency}"
    return f"{value:.1%}" if kind == "share" else f"{value:,.2f}".removesuffix(".00")


def _show(names: list[str], rows: list[list[Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    _out.print(table)


def _existing(home: Path | None) -> config.Settings:
    read = config.read()
    found = replace(read, home=home) if home else read
    if not found.log_url and not (found.home / "log.db").exists():
        raise Invalid(f"There is no Caravan in {found.home}. Start one with `caravan up`, or name its --home.")
    return found


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
