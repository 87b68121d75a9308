"""Find records of one person in a table: bring together, compare, learn, score, and tie what is alike on average."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec
import numpy as np
from numba import njit

from caravan.insight.likeness import blocking, clusters, learning
from caravan.insight.likeness.compare import SAME, compare
from caravan.insight.likeness.fields import Fields
from caravan.insight.likeness.learning import Weights

PAIRS_AT_ONCE = 500_000
SAMPLE_PER_RULE = 30_000
THREADS = 2
_KEPT_FROM = -6.0  # log2 odds below which a pair is not looked at again
_SEED = 7
_SHARE_LEAST = 1e-9

Progress = Callable[[str, int, int], None]


class Pairs(NamedTuple):
    """Pairs of records with the log2 odds that they are one person."""

    lefts: np.ndarray
    rights: np.ndarray
    odds: np.ndarray


class Linked(NamedTuple):
    """What was found: the weights, the pairs that are alike, and for each record the first record of its cluster."""

    weights: Weights
    pairs: Pairs
    compared: int


def link(
    fields: Fields, *, sources: np.ndarray | None = None, weights: Weights | None = None,
    progress: Progress = lambda *_: None,
) -> Linked:  # fmt: skip
    """Find pairs that are alike, learning first what counts unless weights are given.

    With `sources` (0 or 1 for each record) only records of different sources are compared.
    """
    brought = _bring_together(fields, sources, progress)
    if weights is None:
        weights = _learn(fields, brought, sources, progress)
    lefts, rights, said = _score_all(fields, brought, weights, sources, progress)
    if not weights.priors:
        weights = msgspec.structs.replace(weights, priors=_priors(fields, said, sources))
    odds = odds_of(said, np.array(weights.priors), learning.persons_in(weights.roles))
    kept = odds > _KEPT_FROM
    return Linked(weights, Pairs(lefts[kept], rights[kept], odds[kept]), len(said))


def _priors(fields: Fields, said: np.ndarray, sources: np.ndarray | None) -> tuple[float, ...]:
    pairs = len(fields) * (len(fields) - 1) / 2
    if sources is not None:
        pairs = float(sources.sum() * (len(fields) - sources.sum()))
    step = max(1, len(said) // learning.PRIOR_PAIRS)
    part = said[::step]
    neighbors = [same_share(fields, place) for place, role in enumerate(fields.roles) if role in {"city", "postcode"}]
    return learning.learn_priors(
        part, scale=len(said) / max(1, len(part)), pairs=max(1.0, pairs), neighbors=min(neighbors, default=0.0)
    )


def same_share(fields: Fields, place: int) -> float:
    """Tell how often two values of a field agree in full, known exactly from how often each value is there."""
    first, last = fields.spans[place]
    return max(float((fields.share[first:last] ** 2).sum()), 1e-7)


class _Brought(NamedTuple):
    rules: list[blocking.Key]
    keys: np.ndarray
    blocks: list[blocking.Blocks]


def _bring_together(fields: Fields, sources: np.ndarray | None, progress: Progress) -> _Brought:
    found = blocking.rules(fields.kinds.tolist(), records=len(fields))
    allowed = int(max(blocking.PAIRS_PER_RULE_MIN, blocking.PAIRS_PER_RECORD_AND_RULE * len(fields)))
    named: dict[tuple[int, int], np.ndarray] = {}
    for rule in found:
        for field, part in zip(rule.fields, rule.parts, strict=True):
            if (field, part) not in named:
                size = blocking.start_size(int(fields.kinds[field]))
                named[field, part] = blocking.part_hashes(fields.text, fields.begins, part, size)
    keys = np.zeros((len(found), len(fields)), np.uint32)

    def one(place: int) -> blocking.Blocks:
        rule = found[place]
        everybody = np.ones(len(fields), np.uint64)
        parts = [
            named[field, part][fields.codes[:, field]] for field, part in zip(rule.fields, rule.parts, strict=True)
        ]
        first, second = ([*parts, everybody, everybody])[:2]
        keys[place] = blocking.keys_of(first, second, place)
        return blocking.blocks(keys[place], allowed, sources=sources)

    made = []
    with ThreadPoolExecutor(THREADS) as pool:
        for done, block in enumerate(pool.map(one, range(len(found))), 1):
            made.append(block)
            progress("blocking", done, len(found))
    return _Brought(found, keys, made)


def _learn(fields: Fields, brought: _Brought, sources: np.ndarray | None, progress: Progress) -> Weights:
    dice = np.random.default_rng(_SEED)
    u = _chances_at_random(fields, dice)
    groups = []
    for place, (rule, block) in enumerate(zip(brought.rules, brought.blocks, strict=True)):
        progress("learning", place + 1, len(brought.rules))
        if not rule.fields or block.pairs == 0:
            continue
        lefts, rights = _sample(block, dice, sources)
        groups.append((rule.fields, compare_pairs(fields, lefts, rights)))
    m = learning.learn_m(groups, u, fields.roles)
    return Weights(
        fields.roles, tuple(fields.kinds.tolist()), fields.folds, tuple(map(tuple, m.tolist())),
        tuple(map(tuple, u.tolist())), (), len(fields),
    )  # fmt: skip


def _chances_at_random(fields: Fields, dice: np.random.Generator) -> np.ndarray:
    count = len(fields)
    lefts = dice.integers(0, count, learning.RANDOM_PAIRS).astype(np.int32)
    rights = dice.integers(0, count, learning.RANDOM_PAIRS).astype(np.int32)
    apart = lefts != rights
    u = learning.chances(compare_pairs(fields, lefts[apart], rights[apart]))
    for field in range(len(fields.kinds)):
        same = same_share(fields, field)
        u[field, 1:SAME] *= (1.0 - same) / u[field, 1:SAME].sum()
        u[field, SAME] = same
    return u


def _sample(
    block: blocking.Blocks, dice: np.random.Generator, sources: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Take pairs of a rule at random, each as likely as another."""
    sizes = block.bounds[:, 1] - block.bounds[:, 0]
    ways = np.cumsum(sizes * (sizes - 1) // 2)
    wanted = min(SAMPLE_PER_RULE, int(ways[-1]))
    drawn = np.unique(dice.integers(0, ways[-1], wanted))
    place = np.searchsorted(ways, drawn, side="right")
    one = (dice.random(len(drawn)) * sizes[place]).astype(np.int64)
    step = 1 + (dice.random(len(drawn)) * (sizes[place] - 1)).astype(np.int64)
    two = (one + step) % sizes[place]
    lefts, rights = block.order[block.bounds[place, 0] + one], block.order[block.bounds[place, 0] + two]
    if sources is not None:
        crossed = sources[lefts] != sources[rights]
        lefts, rights = lefts[crossed], rights[crossed]
    return lefts, rights


def compare_pairs(fields: Fields, lefts: np.ndarray, rights: np.ndarray) -> np.ndarray:
    """Compare pairs of records field by field; give levels of shape int8 [pairs, fields]."""

    def some(first: int) -> np.ndarray:
        made: np.ndarray = compare(
            fields.kinds, fields.given, fields.surname, fields.text, fields.begins, fields.codes,
            lefts[first : first + PAIRS_AT_ONCE], rights[first : first + PAIRS_AT_ONCE],
        )  # fmt: skip
        return made

    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(some, range(0, len(lefts), PAIRS_AT_ONCE)))
    return np.concatenate(parts) if parts else np.zeros((0, len(fields.kinds)), np.int8)


def _score_all(
    fields: Fields, brought: _Brought, weights: Weights, sources: np.ndarray | None, progress: Progress
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score each pair once; keep those that could be one person."""
    rarity = rarity_of(fields, weights)
    table, shared = weights.table(), weights.classes()
    sides = sources.astype(np.int8) if sources is not None else np.zeros(0, np.int8)

    def one(place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        block = brought.blocks[place]
        lefts, rights = np.empty(block.pairs, np.int32), np.empty(block.pairs, np.int32)
        count = blocking.emit(block.order, block.bounds, brought.keys, place, sides, lefts, rights)
        lefts, rights = lefts[:count].copy(), rights[:count].copy()
        levels = compare(
            fields.kinds, fields.given, fields.surname, fields.text, fields.begins, fields.codes, lefts, rights
        )
        return lefts, rights, score(levels, table, shared, fields.codes, rarity, lefts)

    made = []
    with ThreadPoolExecutor(THREADS) as pool:
        for done, part in enumerate(pool.map(one, range(len(brought.blocks))), 1):
            made.append(part)
            progress("comparing", done, len(brought.blocks))
    lefts, rights, said = (np.concatenate(column) for column in zip(*made, strict=True))
    return lefts, rights, said


@njit(cache=True, nogil=True)
def score(
    levels: np.ndarray, table: np.ndarray, shared: np.ndarray, codes: np.ndarray, rarity: np.ndarray, lefts: np.ndarray
) -> np.ndarray:
    """Sum up what each pair says for each class, in bits; what few have counts for more than what many have."""
    said = np.zeros((levels.shape[0], shared.shape[0]), np.float32)
    for pair in range(levels.shape[0]):
        for field in range(levels.shape[1]):
            found = levels[pair, field]
            bits = table[field, found]
            if found == SAME:
                bits += rarity[codes[lefts[pair], field]]
            for kind in range(shared.shape[0]):
                if shared[kind, field]:
                    said[pair, kind] += bits
    return said


@njit(cache=True, nogil=True)
def odds_of(said: np.ndarray, priors: np.ndarray, persons: int) -> np.ndarray:
    """Give the log2 odds that a pair is one person rather than of any other class."""
    odds = np.empty(said.shape[0], np.float64)
    for pair in range(said.shape[0]):
        odds[pair] = _sum_bits(said[pair], priors, 0, persons) - _sum_bits(said[pair], priors, persons, said.shape[1])
    return odds


@njit(cache=True, nogil=True)
def _sum_bits(said: np.ndarray, priors: np.ndarray, first: int, last: int) -> float:
    most = -1e9
    for kind in range(first, last):
        most = max(most, said[kind] + priors[kind])
    total = 0.0
    for kind in range(first, last):
        total += 2.0 ** (said[kind] + priors[kind] - most)
    bits: float = most + np.log2(total)
    return bits


def rarity_of(fields: Fields, weights: Weights) -> np.ndarray:
    """Give for each value how many bits more (or less) its field's sameness counts than on average."""
    rarity = np.zeros(len(fields.share))
    for field, (first, last) in enumerate(fields.spans):
        rarity[first:last] = np.log2(weights.u[field][SAME]) - np.log2(
            np.maximum(fields.share[first:last], _SHARE_LEAST)
        )
    return rarity


def _groups(count: int, pairs: Pairs, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the pairs above the threshold and the groups they make; in one that is too large the weakest pairs go."""
    strong = pairs.odds > threshold
    lefts, rights, odds = pairs.lefts[strong], pairs.rights[strong], pairs.odds[strong]
    while True:
        root = clusters.components(count, lefts, rights)
        sizes = np.bincount(root, minlength=count)
        is_large = sizes[root[lefts]] > clusters.GROUP_MAX
        if not is_large.any() or threshold > clusters.MOST:
            kept = ~is_large
            return lefts[kept], rights[kept], odds[kept], clusters.components(count, lefts[kept], rights[kept])
        threshold += 2.0
        kept = ~is_large | (odds > threshold)
        lefts, rights, odds = lefts[kept], rights[kept], odds[kept]


def cluster(fields: Fields, linked: Linked, threshold: float, progress: Progress = lambda *_: None) -> np.ndarray:
    """Join records by average link above a threshold of log2 odds; give each one's smallest fellow."""
    pairs = linked.pairs
    lefts, rights, odds, root = _groups(len(fields), pairs, threshold)
    order = np.argsort(root, kind="stable").astype(np.int32)
    bounds = np.append(np.flatnonzero(np.diff(root[order], prepend=-1)), len(fields))
    place = np.empty(len(fields), np.int64)
    place[order] = np.arange(len(fields)) - np.repeat(bounds[:-1], np.diff(bounds))
    inner_left, inner_right = clusters.inner_pairs(order, bounds, clusters.MEMBERS_MAX)
    levels = compare_pairs(fields, inner_left, inner_right)
    weights = linked.weights
    said = score(levels, weights.table(), weights.classes(), fields.codes, rarity_of(fields, weights), inner_left)
    inner = odds_of(said, np.array(weights.priors), learning.persons_in(weights.roles))
    group_of = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    group = np.empty(len(fields), np.int64)
    group[order] = group_of
    by_group = np.argsort(group[lefts], kind="stable")
    starts = np.searchsorted(group[lefts][by_group], np.arange(len(bounds)))
    found = np.arange(len(fields))
    clusters.join(
        order, bounds, clusters.MEMBERS_MAX, inner, starts, lefts[by_group], rights[by_group],
        odds[by_group], threshold, place, found,
    )  # fmt: skip
    progress("clustering", 1, 1)
    return found
