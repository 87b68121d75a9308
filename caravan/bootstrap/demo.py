"""The demo market: made aside, then moved into its home whole."""

import shutil
from collections.abc import Callable
from dataclasses import replace

from caravan.adapters.demo import DemoSource
from caravan.bootstrap.readers import read_history
from caravan.bootstrap.running import opened
from caravan.config import Settings
from caravan.flows import history, opening
from caravan.kernel.clock import DAY, SystemClock
from caravan.world import markets as terms

_DEMO = opening.Opening(
    name="Caravan",
    currency="EUR",
    has_play_money=True,
    policy=terms.Policy(payout_every=7 * DAY),  # So that a seller has a balance to look at on most days.
    fee_rules=(
        terms.FeeRule(category="Books", basis_points=800),
        terms.FeeRule(basis_points=1_000, floor_minor=20),
    ),
)


def fill_demo(settings: Settings, progress: Callable[[str, int, int], None]) -> None:
    """Make a home with the demo market: aside first, then moved into place, so that it is there whole or not at all."""
    aside = settings.home / "draft"
    shutil.rmtree(aside, ignore_errors=True)
    now = SystemClock().now()
    read = read_history(DemoSource(ends_at=now), "", progress)
    with opened(replace(settings, home=aside, log_url=""), is_scratch=False) as caravan:
        caravan.cell.do(opening.open_market, _DEMO, at=history.first_time(read))
        history.move_in(caravan.cell, caravan.vault, read, progress)
        caravan.projector.wait_for(caravan.cell.position, timeout_s=60)
        caravan.cell.snapshot()
    shutil.rmtree(settings.home / "snapshots", ignore_errors=True)  # Of a start that was cut short between the moves.
    for name in ("vault.db", "views.db", "snapshots", "log.db"):  # The log last: it is what makes a home.
        (aside / name).rename(settings.home / name)
    shutil.rmtree(aside)
