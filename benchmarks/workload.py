"""Workload: the orders that every contestant of the checkout benchmark is given, the same for all, drawn by seed."""

from dataclasses import dataclass
from functools import cache

import numpy as np

STOCK = 10_000_000
MONEY_MINOR = 10**12
PRICE_MINOR = 1_000
LINES_MAX = 5  # Of an order, by default.
HOT_SHARE = 0.2  # Of the lines that want the one hot SKU.
SKEWS = ("uniform", "zipf", "hot")


@dataclass(frozen=True)
class Load:
    """What to run: how many SKUs (and as many wallets), orders a batch, seconds a window, and how buyers choose.

    `stock` and `money_minor` are what each SKU and each wallet begin with; by default nobody runs out. `rate` is in
    orders a second, 0 for none; `clients` is how many connections send single orders over HTTP, and `ahead` for how many orders Caravan takes memory before they come.
    """

    skus: int = 100_000
    batch: int = 8_192
    runs: int = 5
    seconds: float = 1.0
    skew: str = "uniform"
    lines_least: int = 1
    lines_most: int = LINES_MAX
    rate: int = 0
    clients: int = 64
    ahead: int = 0
    seed: int = 1
    stock: int = STOCK
    money_minor: int = MONEY_MINOR


@dataclass(frozen=True)
class Orders:
    """A batch of orders in columns: buyer and id by order, order row and SKU by line; int64. A line is one unit."""

    buyers: np.ndarray
    ids: np.ndarray
    rows: np.ndarray
    skus: np.ndarray

    def __len__(self) -> int:
        """Give the number of orders."""
        return len(self.buyers)

    @property
    def totals(self) -> np.ndarray:
        """Give what each order costs."""
        return np.bincount(self.rows, minlength=len(self.buyers)) * PRICE_MINOR

    @property
    def offsets(self) -> np.ndarray:
        """Give where each order's lines begin, and behind the last where they end; int64 [n + 1]."""
        return np.searchsorted(self.rows, np.arange(len(self.buyers) + 1))


def draw(load: Load, dice: np.random.Generator, *, count: int = 0) -> Orders:
    """Draw a batch of orders under ids that nobody had before; `count` other than the load's batch."""
    count = count or load.batch
    rows = np.repeat(np.arange(count), dice.integers(load.lines_least, load.lines_most + 1, count))
    if load.skew == "zipf":
        weights = _zipf(load.skus)
        skus = np.searchsorted(weights, dice.random(len(rows)) * weights[-1]) + 1
    elif load.skew == "hot":
        skus = np.where(dice.random(len(rows)) < HOT_SHARE, 1, dice.integers(1, load.skus + 1, len(rows)))
    else:
        skus = dice.integers(1, load.skus + 1, len(rows))
    ids = dice.integers(1, 2**62, count)
    return Orders(dice.integers(1, load.skus + 1, count), ids, rows, skus.astype(np.int64))


@cache
def _zipf(skus: int) -> np.ndarray:
    """Add up Zipf's law with exponent 1.0."""
    return np.cumsum(1 / np.arange(1, skus + 1))
