"""The score: what the crowd has bought so far, as the big screen and the terminal show it."""

import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

LATEST_SHOWN = 7
CATEGORIES_SHOWN = 6
SERIES_MAX = 240  # Points of the curve.
LATENCIES_KEPT = 20_000
RATE_OVER_S = 2.0


class Sold(msgspec.Struct, frozen=True):
    """One order as the screen tells it."""

    title: str
    category: str
    amount: int


class Share(msgspec.Struct, frozen=True):
    """A category and what was ordered of it, in minor units."""

    category: str
    amount: int


class Board(msgspec.Struct, frozen=True):
    """All that is shown at one moment; money in minor units, latencies of an order's answer in milliseconds."""

    market: str
    currency: str
    hour: float
    elapsed_s: float
    seconds: float
    is_over: bool
    gmv: int
    recommended: int
    orders: int
    orders_per_s: float
    orders_per_s_peak: float
    refused: dict[str, int]
    latency_ms_p50: float
    latency_ms_p99: float
    oversold: int
    skus_watched: int
    outages: int
    categories: list[Share]
    latest: list[Sold]
    series: list[float]


class Score:
    """Counts what was sold. Safe to read from other threads while the crowd adds to it."""

    def __init__(self, *, market: str, currency: str, seconds: float) -> None:
        self._market, self._currency, self._seconds = market, currency, seconds
        self._lock = threading.Lock()
        self._gmv = self._recommended = self._orders = self._outages = self._oversold = self._watched = 0
        self._refused: Counter[str] = Counter()
        self._by_category: Counter[str] = Counter()
        self._latest: deque[Sold] = deque(maxlen=LATEST_SHOWN)
        self._latencies: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self._recent: deque[tuple[float, int]] = deque()
        self._series: list[float] = []
        self._peak = self._hour = self._elapsed_s = 0.0
        self._is_over = False

    def add(
        self, placed: Sequence[Sold], refused: Mapping[str, int], by_category: Mapping[str, int], *, recommended: int = 0,
        latency_ms: float, elapsed_s: float,
    ) -> None:  # fmt: skip
        """Count what was answered together; `recommended` is the value of the lines that were taken from shown lists."""
        with self._lock:
            self._orders += len(placed)
            self._gmv += sum(by_category.values())
            self._recommended += recommended
            self._refused.update(refused)
            self._by_category.update(by_category)
            self._latest.extend(placed[-LATEST_SHOWN:])
            self._latencies.extend([latency_ms] * (len(placed) + sum(refused.values())))
            self._recent.append((elapsed_s, len(placed)))

    def tick(self, *, elapsed_s: float, hour: float, is_over: bool = False) -> None:
        """Move the clocks on, and add a point to the curve."""
        with self._lock:
            self._elapsed_s, self._hour, self._is_over = elapsed_s, hour, is_over
            while self._recent and self._recent[0][0] < elapsed_s - RATE_OVER_S:
                self._recent.popleft()
            rate = self._rate()
            self._peak = max(self._peak, rate)
            if len(self._series) <= elapsed_s / self._seconds * SERIES_MAX and not is_over:
                self._series.append(round(rate, 1))

    def watched(self, *, skus: int, oversold: int) -> None:
        """Note how many units too many were found sold, of how many SKUs that were looked at."""
        with self._lock:
            self._watched, self._oversold = skus, oversold

    def went_dark(self) -> None:
        """Note that the market did not answer for a while."""
        with self._lock:
            self._outages += 1

    def board(self) -> Board:
        """Give all that is shown."""
        with self._lock:
            p50, p99 = np.percentile(self._latencies, [50, 99]).tolist() if self._latencies else (0.0, 0.0)
            shares = [Share(*pair) for pair in self._by_category.most_common(CATEGORIES_SHOWN)]
            return Board(
                market=self._market, currency=self._currency, hour=round(self._hour, 3),
                elapsed_s=round(self._elapsed_s, 2), seconds=self._seconds, is_over=self._is_over, gmv=self._gmv, recommended=self._recommended,
                orders=self._orders, orders_per_s=round(self._rate(), 1), orders_per_s_peak=round(self._peak, 1),
                refused=dict(self._refused), latency_ms_p50=round(p50, 1), latency_ms_p99=round(p99, 1),
                oversold=self._oversold, skus_watched=self._watched, outages=self._outages, categories=shares,
                latest=list(self._latest), series=list(self._series),
            )  # fmt: skip

    def _rate(self) -> float:
        return sum(count for _, count in self._recent) / min(RATE_OVER_S, max(self._elapsed_s, 0.5))
