"""What came next, asked of what is known, in pieces that know nothing of one another: examples for a ranking to learn from."""

from typing import NamedTuple

import numpy as np

from caravan.insight.discovery import kernel
from caravan.insight.discovery.kernel import Links, Net, Traits
from caravan.insight.discovery.memory import Looks, trimmed

ROWS_A_QUESTION = 200  # Room for the examples of one question, on average.
QUESTIONS_A_PIECE = 500  # Asked with one seed, by one worker. Another number draws other examples.

# Rows, labels, the sizes of groups, and how many candidates each row stands for, as a ranker takes them.
Examples = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class Known(NamedTuple):
    """What questions are asked of. Shapes: items [n], in which the prefixes of questions lie."""

    items: np.ndarray
    sight: Looks
    net: Net
    links: Links
    traits: Traits
    products: int
    others: float  # So many candidates of a question are drawn by lot, on average.


class Piece(NamedTuple):
    """Some questions: the prefix of each, the session that must not vote, and the seed of what is drawn by lot."""

    starts: np.ndarray
    ends: np.ndarray
    own: np.ndarray
    seed: int


def known(
    items: np.ndarray, sight: Looks, net: Net, links: Links, traits: Traits, *, products: int, others: float
) -> Known:
    """Put together what is asked."""
    return Known(items, trimmed(sight), net, links, traits, products, others)


def pieces(starts: np.ndarray, ends: np.ndarray, own: np.ndarray, seed: int) -> list[Piece]:
    """Divide questions, each piece with a seed of its own. Shapes [q]."""
    firsts = range(0, max(1, len(ends)), QUESTIONS_A_PIECE)
    seeds = np.random.default_rng(seed).integers(1 << 32, size=len(firsts))
    parts = [slice(first, first + QUESTIONS_A_PIECE) for first in firsts]
    return [Piece(starts[part], ends[part], own[part], int(lot)) for part, lot in zip(parts, seeds, strict=True)]


def ask(of: Known, piece: Piece) -> Examples:
    """Write down candidates of each question, with what came next."""
    room = kernel.scratch(of.products, of.net.unit.shape[1], len(of.net.centers))
    size = len(piece.ends) * ROWS_A_QUESTION + kernel.KEPT_MAX
    rows, labels = np.zeros((size, kernel.WIDTH), np.float32), np.zeros(size, np.int8)
    groups, worths = np.zeros(len(piece.ends), np.int64), np.zeros(size, np.float32)
    written, grouped = kernel.examples(
        of.items, piece.starts, piece.ends, piece.own, of.sight, of.net, of.links, of.traits, kernel.QUOTAS,
        kernel.CELLS_OPENED, room, of.others, piece.seed, rows, labels, groups, worths,
    )  # fmt: skip
    return rows[:written].copy(), labels[:written].copy(), groups[:grouped], worths[:written].copy()
