"""What was learned, as it serves."""

import msgspec
import numpy as np
import xxhash

from caravan.cell.forest import Node, Trees, plant
from caravan.insight.discovery import calibration, kernel, linear, sequence
from caravan.insight.discovery.kernel import Links
from caravan.insight.discovery.recommender import Skill
from caravan.insight.discovery.sequence import Sequence


class Trained(msgspec.Struct, frozen=True):
    """What was learned: everything that ranking needs beside the memory. `version` names it by its content."""

    version: str
    looks: int
    skill: Skill


def assemble(
    model: Sequence, links: Links, trees: Trees, *, looks: int, rng: np.random.Generator,
    calibrated: np.ndarray | None = None,
) -> Trained:  # fmt: skip
    """Put what was learned together under a version that follows from its content."""
    skill = Skill(sequence.net_of(model, rng), links, trees, calibration.none() if calibrated is None else calibrated)
    sums = xxhash.xxh3_64()
    for array in [*skill.net, *skill.links, *skill.trees, skill.calibration]:
        sums.update(np.ascontiguousarray(array).tobytes())
    return Trained(sums.hexdigest(), looks, skill)


def skill_by_lot(products: int, rng: np.random.Generator, *, trees: int = 220, leaves: int = 24) -> Skill:
    """Give a skill of the size of a learned one that knows nothing: what answering costs, it costs with this."""
    net = sequence.net_of(sequence.fresh(products + 1, rng), rng)

    def grow(size: int) -> Node | float:
        if size == 1:
            return float(rng.normal(0, 0.1))
        left = (size + 1) // 2
        return Node(int(rng.integers(kernel.WIDTH)), float(rng.random()), grow(left), grow(size - left))

    grown = plant([grow(leaves) for _ in range(trees)])
    return Skill(net, linear.none(), grown, np.array([1.0, 0.0]))
