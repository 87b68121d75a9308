"""What was learned, whole: for serving, and to learn on from."""

import msgspec
import numpy as np
import xxhash

from caravan.cell.forest import Trees
from caravan.insight.discovery import kernel, linear, sequence
from caravan.insight.discovery.kernel import Links
from caravan.insight.discovery.recommender import Skill
from caravan.insight.discovery.sequence import Sequence


class Trained(msgspec.Struct, frozen=True):
    """What was learned: everything that ranking needs beside the memory. `version` names it by its content."""

    version: str
    looks: int
    sequence: Sequence
    skill: Skill


def assemble(model: Sequence, links: Links, trees: Trees, *, looks: int, rng: np.random.Generator) -> Trained:
    """Put what was learned together under a version that follows from its content."""
    skill = Skill(sequence.net_of(model, rng), links, trees)
    sums = xxhash.xxh3_64()
    for part in skill:
        for array in part:
            sums.update(np.ascontiguousarray(array).tobytes())
    return Trained(sums.hexdigest(), looks, model, skill)


def skill_by_lot(products: int, rng: np.random.Generator, *, trees: int = 100, leaves: int = 31) -> Skill:
    """Give a skill of the size of a learned one that knows nothing: what answering costs, it costs with this."""
    net = sequence.net_of(sequence.fresh(products + 1, rng), rng)
    nodes = leaves - 1
    first = np.arange(trees, dtype=np.int32)[:, None]
    node = np.arange(nodes, dtype=np.int32)
    below = np.stack([2 * node + 1, 2 * node + 2])
    child = np.where(below < nodes, below, ~(below - nodes))[:, None, :]
    child = np.where(child >= 0, child + first * nodes, child - first * leaves).astype(np.int32)
    grown = Trees(
        np.arange(trees, dtype=np.int32) * nodes, rng.integers(0, kernel.WIDTH, trees * nodes).astype(np.int32),
        rng.random(trees * nodes), child[0].ravel(), child[1].ravel(), rng.normal(0, 0.1, trees * leaves),
    )  # fmt: skip
    return Skill(net, linear.none(), grown)
