"""What was learned, whole: for serving, and to learn on from."""

import msgspec
import numpy as np
import xxhash

from caravan.insight.discovery import sequence
from caravan.insight.discovery.kernel import Links
from caravan.insight.discovery.recommender import Skill
from caravan.insight.discovery.sequence import Sequence
from caravan.insight.discovery.trees import Trees


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
