"""Learn without labels how much each likeness counts: Fellegi and Sunter's m and u, by expectation and maximization.

Two records can be alike without being one person: neighbors share a town, people of one household an address, a family
a surname too, twins a birth date, parent and child sometimes a name. Each is a class of its own beside strangers, and only what such a class doesn't explain speaks for a tie.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from caravan.insight.likeness.compare import LEVELS, SAME, UNKNOWN

RANDOM_PAIRS = 400_000
PRIOR_PAIRS = 1_000_000
ROUNDS_MAX = 60
_STEADY = 1e-4
_LEAST = 1e-6
_M_AT_FIRST = np.array([0.0, 0.04, 0.03, 0.03, 0.1, 0.8])
_SHARES_AT_FIRST = 0.12  # of each class but strangers among the pairs of a rule
_BITS_MAX = 60.0

# What those share who are not one person; strangers share nothing.
_TOWN = frozenset({"city", "postcode", "state"})
_HOUSE = _TOWN | {"street", "street_number", "place", "phone"}
_FAMILY = _HOUSE | {"surname"}
_TWINS = _FAMILY | {"birth_date"}
_NAMESAKES = _FAMILY | {"given_name", "email"}  # A parent and a child of one name; addresses of mail are made of names.


class Weights(msgspec.Struct, frozen=True):
    """What was learned: how often each field shows each level where two records are one person (m) and not (u)."""

    roles: tuple[str, ...]
    kinds: tuple[int, ...]
    folds: tuple[int, ...]
    m: tuple[tuple[float, ...], ...]
    u: tuple[tuple[float, ...], ...]
    priors: tuple[float, ...]  # log2 of how often two records taken at random are one person, or of each other class
    records: int

    def table(self) -> np.ndarray:
        """Give log2(m/u) as an array [fields, levels]; what is unknown says nothing."""
        m, u = np.array(self.m), np.array(self.u)
        weights = np.log2(np.maximum(m, _LEAST) / np.maximum(u, _LEAST))
        weights[:, UNKNOWN] = 0.0
        return _rising(weights)

    def classes(self) -> np.ndarray:
        """Give which fields each class shares, the person's first, that of strangers last; bool [classes, fields]."""
        return classes(self.roles)


def classes(roles: Sequence[str]) -> np.ndarray:
    """Give which fields each class of pairs shares; bool [classes, fields].

    The first `persons_in` are one person: who shares all, and where houses are known who shares all else, after
    moving. Strangers, the last, share nothing. Twins and namesakes can only be told where houses are known.
    """
    rows = [tuple(True for _ in roles)]
    between = [_FAMILY, _HOUSE, _TOWN]
    if persons_in(roles) > 1:
        rows.append(tuple(role not in _HOUSE - {"phone"} for role in roles))
        between = [_TWINS, _NAMESAKES, *between]
    for shared in (*between, frozenset()):
        row = tuple(role in shared for role in roles)
        if row not in rows:
            rows.append(row)
    return np.array(rows)


def persons_in(roles: Sequence[str]) -> int:
    """Give how many of the classes are one person: those who moved are one of their own where houses are known."""
    return 2 if "street" in roles and {"city", "postcode"} & set(roles) else 1


def _rising(weights: np.ndarray) -> np.ndarray:
    """Let no likeness count for less than a smaller one: what was seen too seldom to be learned."""
    made = weights.copy()
    made[:, 1:] = np.maximum.accumulate(made[:, 1:], axis=1)
    return made


def chances(levels: np.ndarray) -> np.ndarray:
    """Give how often each level is seen among known values, per field; shape [fields, LEVELS]."""
    fields = levels.shape[1]
    counts = np.zeros((fields, LEVELS))
    for field in range(fields):
        counts[field] = np.bincount(levels[:, field], minlength=LEVELS)
    counts[:, UNKNOWN] = 0.0
    counts[:, 1:] += 0.05
    shown: np.ndarray = counts / counts.sum(axis=1, keepdims=True)
    return shown


def patterns(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the different rows of levels and how often each is there."""
    scale = LEVELS ** np.arange(levels.shape[1], dtype=np.int64)
    numbers, counts = np.unique(levels.astype(np.int64) @ scale, return_counts=True)
    return ((numbers[:, None] // scale) % LEVELS).astype(np.int8), counts.astype(np.float64)


def learn_m(groups: Sequence[tuple[tuple[int, ...], np.ndarray]], u: np.ndarray, roles: Sequence[str]) -> np.ndarray:
    """Learn m from the pairs of several blocking rules; each group is (its rule's fields, levels of its pairs).

    A rule's own fields always agree in its pairs, so they are left out of its pairs' posterior, and learned from the
    pairs of other rules alone. u is known beforehand, from pairs taken at random.
    """
    fields, shared, persons = u.shape[0], classes(roles), persons_in(roles)
    m = np.tile(_M_AT_FIRST, (fields, 1))
    packed = [(rule, *patterns(levels)) for rule, levels in groups if len(levels)]
    shares = [_first_shares(len(shared)) for _ in packed]
    for _ in range(ROUNDS_MAX):
        seen = np.full((fields, LEVELS), 0.02)
        seen[:, SAME] += 0.2
        ratio = np.log2(np.maximum(m, _LEAST) / np.maximum(u, _LEAST))
        ratio[:, UNKNOWN] = 0.0
        for place, (rule, rows, counts) in enumerate(packed):
            free = [field for field in range(fields) if field not in rule]
            said = np.stack([ratio[field, rows[:, field]] for field in free], axis=1)
            belief = _beliefs(said @ shared[:, free].T.astype(np.float64), np.log2(shares[place])) * counts[:, None]
            shares[place] = np.maximum(belief.sum(axis=0) / counts.sum(), 1e-7)
            for field in free:
                one_person = belief[:, :persons] @ shared[:persons, field]
                seen[field] += np.bincount(rows[:, field], weights=one_person, minlength=LEVELS)
        seen[:, UNKNOWN] = 0.0
        fresh = seen / seen.sum(axis=1, keepdims=True)
        moved = float(np.abs(fresh - m).max())
        m = fresh
        if moved < _STEADY:
            break
    return m


def _first_shares(count: int) -> np.ndarray:
    shares = np.full(count, _SHARES_AT_FIRST)
    shares[-1] = 1.0 - shares[:-1].sum()
    return shares


def _beliefs(said: np.ndarray, priors: np.ndarray) -> np.ndarray:
    """Give how likely each class is for each pair; shape [pairs, classes]."""
    bits = said + priors
    bits -= bits.max(axis=1, keepdims=True)
    likely = np.exp2(bits)
    shown: np.ndarray = likely / likely.sum(axis=1, keepdims=True)
    return shown


def learn_priors(said: np.ndarray, *, scale: float, pairs: float, neighbors: float) -> tuple[float, ...]:
    """Learn how often two records are of each class, from what a part of the pairs worth comparing says.

    `said` are bits by class for that part, `scale` how many pairs each stands for, `pairs` how many there are in all,
    `neighbors` how often two records share a town: most of these are never compared.
    """
    priors = np.log2(np.maximum(np.full(said.shape[1], 0.1 * len(said)) * scale, 1.0) / pairs)
    priors[-1] = 0.0
    for _ in range(ROUNDS_MAX):
        matches = np.maximum(_beliefs(said, priors).sum(axis=0) * scale, 1.0)
        fresh = np.log2(matches / pairs)
        fresh[-1] = 0.0
        moved = float(np.abs(fresh - priors).max())
        priors = fresh
        if moved < _STEADY:
            break
    if neighbors and said.shape[1] > 2:  # noqa: PLR2004  # A class between one person and strangers.
        priors[-2] = max(priors[-2], np.log2(max(neighbors, _LEAST)))
    return tuple(priors.tolist())
