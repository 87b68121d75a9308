"""Comparing versions from a terminal: begin on live traffic, see what came of it, and end; for lists and for search alike."""

from typing import Annotated

import typer

from caravan import bootstrap
from caravan.flows.comparing import Told
from caravan.insight import discovery
from caravan.kernel.clock import SystemClock, iso
from caravan.web.terminal import bars
from caravan.web.training import Home, Json, settings_of, tell

Version = Annotated[str, typer.Argument(help="The version.")]
Share = Annotated[int, typer.Option(min=1, max=100, help="Percent of the visitors who take part.")]
By = Annotated[str, typer.Option(help=f"What decides: {' or '.join(discovery.COUNTS)}.")]
End = Annotated[bool, typer.Option("--end", help="Compare no more.")]


def add_to(app: typer.Typer, about: str) -> None:
    """Add the commands to the group of commands about lists or about search."""

    @app.command()
    def compare(
        version: Version, *, share: Share = 20, by: By = "clicks", home: Home = None, as_json: Json = False
    ) -> None:
        """Let a version and the champion draft lists together for a share of the visitors, until these have decided."""
        comparing = bootstrap.comparing_of(settings_of(home), discovery.Tastes)
        begun = comparing.begin(about, version, share_percent=share, by=by, now=SystemClock().now())
        tell(begun, f"{version} is compared with {_name(begun.champion)} on {share} % of visitors.", as_json=as_json)

    @app.command()
    def compared(*, end: End = False, home: Home = None, as_json: Json = False) -> None:
        """Tell what has come of a comparison, with all credit counted anew from the log."""
        settings = settings_of(home)
        with bars() as progress:
            found = bootstrap.compared(settings, about, progress=progress)
        if end:
            bootstrap.comparing_of(settings, discovery.Tastes).end(about)
        tell(found, _in_words(found), as_json=as_json)


def _name(version: str) -> str:
    return version or "what answers before anything was learned"


def _in_words(told: Told | None) -> str:
    if told is None:
        return "Nothing is being compared."
    verdict = {
        "open": "It is open.", "alike": "They are as good as alike.", "champion": "The champion is better.",
        "challenger": f"The challenger is better: promote {told.challenger}.",
    }[told.verdict]  # fmt: skip
    return (
        f"{told.challenger} beside {_name(told.champion)} since {iso(told.begun_at)}: {told.lists:,} lists,"
        f" {told.votes_champion:,} visitors for the champion, {told.votes_challenger:,} for the challenger, by {told.by}."
        f" The champion's share is between {told.low:.1%} and {told.high:.1%}. {verdict}"
    )
