"""The show: sends the crowd through the day at its pace, and tells the terminal and the screen how it goes."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import msgspec
import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table

from caravan.client import Client
from caravan.kernel.errors import CaravanError
from caravan.kernel.money import plain
from caravan.web.festival.advice import Advice
from caravan.web.festival.crowd import Crowd, oversold
from caravan.web.festival.plan import Plan, tempted, wishes
from caravan.web.festival.score import Board, Score
from caravan.web.festival.screen import showing

MOMENT_S = 0.25  # Orders of so long go together.
_COUNT_EVERY_S = 5.0


class Summary(msgspec.Struct, frozen=True):
    """What came of a festival."""

    seed: int
    buyers: int
    minutes: float
    speed: float
    door: str
    gmv: int
    recommended: int
    currency: str
    orders: int
    refused: dict[str, int]
    orders_per_s: float
    orders_per_s_peak: float
    latency_ms_p50: float
    latency_ms_p99: float
    oversold: int
    skus_watched: int
    outages: int


def show(  # What the command takes, and where it says it.
    plan: Plan, *, url: str, token: str, host: str, port: int, say: Console, report: Callable[[str, int, int], None]
) -> Summary:
    """Run a festival on a market that is up; the screen is at `host` and `port` while it lasts."""
    with ExitStack() as stack:
        client = stack.enter_context(Client(url, token))
        crowd = Crowd(client, plan, url=url)
        crowd.gather(report)
        score = Score(market=client.market().name, currency=crowd.currency, seconds=plan.minutes * 60)
        screen = stack.enter_context(showing(score.board, host=host, port=port))
        say.print(f"The big screen is at [bold]{screen}[/bold]", soft_wrap=True)
        ends = threading.Event()
        advice = crowd.advice()
        beside = [
            threading.Thread(target=_count, args=(url, token, score, ends), daemon=True),
            threading.Thread(target=_ask, args=(url, advice, ends), daemon=True),
        ]
        for thread in beside:
            thread.start()
        with Live(console=say, refresh_per_second=4, get_renderable=lambda: _table(score.board())):
            _run(crowd, plan, score, advice)
        ends.set()
        for thread in beside:
            thread.join()
        _look(client, score)
        return _summary(plan, score.board())


def _run(crowd: Crowd, plan: Plan, score: Score, advice: Advice) -> None:
    """Let the day pass, moment by moment. A market that is slow makes the day longer: nobody stays at home."""
    dice, temptation = np.random.default_rng(plan.seed), np.random.default_rng([plan.seed, 1])
    began = time.perf_counter()

    def elapsed_s() -> float:
        return time.perf_counter() - began

    moments = max(1, round(plan.minutes * 60 / MOMENT_S))
    for moment in range(moments):
        ends_s = (moment + 1) * MOMENT_S
        time.sleep(max(0.0, ends_s - elapsed_s()))
        expected = plan.expected(moment * MOMENT_S, ends_s)
        wished = wishes(plan, dice, expected=expected, listings=len(crowd.stalls))
        wished = tempted(wished, temptation, shown=advice.shown)
        crowd.order(wished, score, elapsed_s=elapsed_s)
        score.tick(elapsed_s=elapsed_s(), hour=plan.hour(ends_s))
    score.tick(elapsed_s=elapsed_s(), hour=plan.hour(moments * MOMENT_S), is_over=True)


def _count(url: str, token: str, score: Score, ends: threading.Event) -> None:
    """Count the shelves again and again."""
    with Client(url, token) as client:
        while not ends.wait(_COUNT_EVERY_S):
            try:
                _look(client, score)
            except CaravanError:
                continue  # Gone for a moment; the crowd notices too, and counts it.


def _ask(url: str, advice: Advice, ends: threading.Event) -> None:
    """Ask for recommendations as a shopper does, without a token."""
    with Client(url) as client:
        advice.keep_asking(client, ends)


def _look(client: Client, score: Score) -> None:
    skus, units = oversold(client)
    score.watched(skus=skus, oversold=units)


def _summary(plan: Plan, board: Board) -> Summary:
    return Summary(
        seed=plan.seed, buyers=plan.buyers, minutes=plan.minutes, speed=plan.speed, door="http-batch", gmv=board.gmv, recommended=board.recommended,
        currency=board.currency, orders=board.orders, refused=board.refused,
        orders_per_s=round(board.orders / max(board.elapsed_s, 1e-9), 1), orders_per_s_peak=board.orders_per_s_peak,
        latency_ms_p50=board.latency_ms_p50, latency_ms_p99=board.latency_ms_p99, oversold=board.oversold,
        skus_watched=board.skus_watched, outages=board.outages,
    )  # fmt: skip


def _table(board: Board) -> Table:
    """Lay a board out for a terminal."""
    hour = int(board.hour * 60)
    table = Table(title=f"{board.market}: {hour // 60:02d}:{hour % 60:02d} of the sales day", show_header=False)
    rows = {
        "GMV": plain(board.gmv, board.currency),
        "From recommendations": f"{board.recommended / max(board.gmv, 1):.1%}",
        "Orders": f"{board.orders:,}",
        "Orders a second": f"{board.orders_per_s:,.0f} (peak {board.orders_per_s_peak:,.0f})",
        "Answered within": f"p50 {board.latency_ms_p50:,.0f} ms, p99 {board.latency_ms_p99:,.0f} ms",
        "Sold out, refused": f"{sum(board.refused.values()):,}",
        "Oversold": f"{board.oversold} of {board.skus_watched:,} SKUs",
        "Most wanted": ", ".join(share.category for share in board.categories[:3]),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table
