"""What discovery learns, from a terminal: train, promote, challenge, roll back, and see what there is."""

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import typer

from caravan import bootstrap, config
from caravan.insight import discovery
from caravan.web.terminal import bars, say

app = typer.Typer(no_args_is_help=True, help="Teach discovery what shoppers want, and choose which version answers.")

Home = Annotated[Path | None, typer.Option("--home", help="The folder with log, vault, views and snapshots.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


class Place(StrEnum):
    """Where the long steps of learning are done."""

    HERE = "here"
    RAY = "ray"


@app.command()
def train(  # noqa: PLR0913  # Each is an option of its own.
    *,
    home: Home = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn by lot.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that learning to rank may use.")] = 2,
    on: Annotated[Place, typer.Option(help="Where products are linked and questions asked: in this process, or on Ray.")] = Place.HERE,
    cluster: Annotated[str, typer.Option(help="Ray cluster that this machine is part of, as host:port or auto; without one, a Ray of its own is started. Stands for CARAVAN_RAY_ADDRESS.")] = "",
    workers: Annotated[int, typer.Option(min=1, max=256, help="Workers of a Ray of its own: each takes a core.")] = 2,
    memory_mb: Annotated[int, typer.Option(min=128, max=1_048_576, help="Memory that they share, in MB; what is more goes to the disk.")] = 1_024,
    promote: Annotated[bool, typer.Option(help="Let what was learned answer at once.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Learn from everything in the log. It can be stopped and run again: the longest step is kept."""
    settings = settings_of(home)
    settings = replace(settings, ray_address=cluster or settings.ray_address)
    with bars() as progress:
        place = bootstrap.workers_on(settings, on, workers=workers, memory_mb=memory_mb)
        learned = bootstrap.learn(settings, seed=seed, threads=threads, progress=progress, on=place)
    if promote:
        bootstrap.skills_of(settings).promote(learned.version)
    words = "answers from now on" if promote else f"is ready: caravan discovery promote {learned.version}"
    tell(learned, f"Version {learned.version} {words}", as_json=as_json)


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="The version.")], *, home: Home = None, as_json: Json = False
) -> None:
    """Let a version answer everybody, within a second where Caravan is running."""
    standing = bootstrap.skills_of(settings_of(home)).promote(version)
    tell(standing, f"Version {standing.champion} answers from now on.", as_json=as_json)


@app.command()
def challenge(
    version: Annotated[str, typer.Argument(help="The version.")],
    *,
    share: Annotated[int, typer.Option(min=1, max=50, help="Percent of the visitors whom it answers.")] = 10,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let a version answer a share of the visitors, beside the champion."""
    standing = bootstrap.skills_of(settings_of(home)).challenge(version, share)
    tell(standing, f"Version {standing.challenger} answers {standing.share_percent} % of visitors.", as_json=as_json)


@app.command()
def rollback(*, home: Home = None, as_json: Json = False) -> None:
    """Let the version before answer again."""
    standing = bootstrap.skills_of(settings_of(home)).roll_back()
    tell(standing, f"{standing.champion or 'The blend'} answers again.", as_json=as_json)


@app.command()
def versions(*, home: Home = None, as_json: Json = False) -> None:
    """Show which versions there are, and which answers."""
    tell_versions(bootstrap.skills_of(settings_of(home)), command="caravan discovery train", as_json=as_json)


@app.command()
def judge(
    version: Annotated[str, typer.Argument(help="The version; none is the blend.")] = "",
    *,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Tell what a version would bring before it answers anybody, by the lists that were shown and their logged chances."""
    found = bootstrap.judge(settings_of(home), version)
    words = (
        f"{found.lists:,} lists were clicked at {found.clicked:.2%} of their places. {found.version} would have had "
        f"{found.doubly_robust:.2%} ± {1.96 * found.standard_error:.2%} (doubly robust; {found.inverse_propensity:.2%} by "
        f"inverse propensities, {found.self_normalized:.2%} normalized), told of {found.covered:.0%} of what it would show."
    )
    tell(found, words, as_json=as_json)


@app.command()
def proof(*, home: Home = None, as_json: Json = False) -> None:
    """Tell what personal lists have brought since the hold-out was drawn, and what can't be told yet."""
    with bars() as progress:
        found = bootstrap.prove(settings_of(home), progress=progress)
    tell(found, "\n".join(_proof_lines(found)), as_json=as_json)


def _proof_lines(found: discovery.Proof) -> list[str]:
    if not found.share_ppm:
        return ["No hold-out has been drawn: draw one at /operator/lists, and wait."]
    lines = [
        f"{found.people:,} people, {found.people_held_out:,} of them in the hold-out of {found.share_ppm / 1e4:g} %."
    ]
    lines += [
        f"{one.name}: {one.everybody:.4g} a person with personal lists, {one.held_out:.4g} without; the difference is from "
        f"{one.low_always:.4g} to {one.high_always:.4g} ({one.verdict})"
        for one in found.effects
    ]
    if not found.effects:
        lines.append("Too few people for any figure yet.")
    lines += [
        f"To see a lift of {lift} in who buys takes about {people:,} people." for lift, people in found.needed.items()
    ]
    return lines + [f"Alarm, {one.name}: {one.says}" for one in found.alarms]


def settings_of(home: Path | None) -> config.Settings:
    """Give the settings, with another home where one is named."""
    found = config.read()
    return replace(found, home=home) if home is not None else found


def tell(found: object, words: str, *, as_json: bool) -> None:
    """Say it to a program as one JSON object, or to a person."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        say.print(words, soft_wrap=True)


class Versions(Protocol):
    """A folder of versions of what was learned."""

    def standing(self) -> Any:  # noqa: ANN401  # A struct whose `champion` is a version, or empty.
        """Tell which version is used."""
        ...

    def versions(self) -> list[tuple[str, dict[str, object]]]:
        """Give the versions that are kept, the latest first, with what was noted about each."""
        ...


def tell_versions(folder: Versions, *, command: str, as_json: bool) -> None:
    """Say which versions a folder keeps and which is the champion; where there is none, by which command one is learned."""
    standing, kept = folder.standing(), folder.versions()
    told = {"standing": standing, "versions": [{"version": name} | notes for name, notes in kept]}
    lines = [f"{name}  {'champion' if name == standing.champion else ''}  {notes}" for name, notes in kept]
    tell(told, "\n".join(lines) or f"Nothing has been learned yet: {command}", as_json=as_json)
