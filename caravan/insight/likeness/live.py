"""Score a new record against those that are known, by the weights that were learned, in microseconds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit

from caravan.insight.likeness import blocking, learning, linking, text
from caravan.insight.likeness.compare import LEVELS, SAME, compare_one
from caravan.insight.likeness.fields import Fields
from caravan.insight.likeness.learning import Weights

CANDIDATES_MAX = 200
_LEVEL_WORDS = ("unknown", "different", "a little alike", "alike", "almost the same", "the same")
assert len(_LEVEL_WORDS) == LEVELS


class Evidence(NamedTuple):
    """What one field says: how alike the two values are, and how many bits that counts for or against."""

    field: str
    level: str
    bits: float


class Alike(NamedTuple):
    """A known record that resembles a new one: its row, the log2 odds that both are one person, and why."""

    record: int
    odds: float
    evidence: tuple[Evidence, ...]


class Lookalikes:
    """Known records, ready to be asked: found by the same keys, compared and scored by the same code as in a batch."""

    def __init__(self, fields: Fields, weights: Weights) -> None:
        self.fields, self.weights = fields, weights
        self._table, self._shared = weights.table(), weights.classes()
        self._priors = np.array(weights.priors)
        self._rarity = linking.rarity_of(fields, weights)
        self._persons = learning.persons_in(weights.roles)
        everything = blocking.rules(fields.kinds.tolist(), records=len(fields))
        self._rules = [(place, rule) for place, rule in enumerate(everything) if rule.fields]
        self._ranked: list[tuple[np.ndarray, np.ndarray]] = []
        named: dict[tuple[int, int], np.ndarray] = {}
        for place, rule in self._rules:
            parts = []
            for field, part in zip(rule.fields, rule.parts, strict=True):
                if (field, part) not in named:
                    size = blocking.start_size(int(fields.kinds[field]))
                    named[field, part] = blocking.part_hashes(fields.text, fields.begins, part, size)
                parts.append(named[field, part][fields.codes[:, field]])
            ones = np.ones(len(fields), np.uint64)
            first, second = [*parts, ones][:2]
            keys = blocking.keys_of(first, second, place)
            order = np.argsort(keys).astype(np.int32)
            self._ranked.append((keys[order], order))

    def ask(self, record: Mapping[str, str], *, most: int = 5) -> list[Alike]:
        """Give the known records that a new one resembles, the likeliest first."""
        written, ends = self._written(record)
        candidates = self._candidates(written, ends)
        if not len(candidates):
            return []
        levels, said = self._scored(written, ends, candidates)
        odds = linking.odds_of(said, self._priors, self._persons)
        best = np.argsort(-odds, kind="stable")[:most]
        return [self._told(int(candidates[one]), float(odds[one]), levels[one]) for one in best.tolist()]

    def score(self, record: Mapping[str, str], candidates: np.ndarray) -> np.ndarray:
        """Give the log2 odds of a new record with each of some known ones."""
        odds: np.ndarray = linking.odds_of(
            self._scored(*self._written(record), candidates)[1], self._priors, self._persons
        )
        return odds

    def _scored(self, written: np.ndarray, ends: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fields = self.fields
        levels, said = _score_new(
            fields.kinds, fields.given, fields.surname, written, ends, fields.text, fields.begins, fields.codes,
            candidates, self._table, self._shared, self._rarity,
        )  # fmt: skip
        return levels, said

    def explain(self, record: int, other: int) -> Alike:
        """Say why two known records are alike or not."""
        pair = np.array([other], np.int32)
        levels = linking.compare_pairs(self.fields, np.array([record], np.int32), pair)
        said = linking.score(levels, self._table, self._shared, self.fields.codes, self._rarity, pair)
        return self._told(other, float(linking.odds_of(said, self._priors, self._persons)[0]), levels[0])

    def _told(self, record: int, odds: float, levels: np.ndarray) -> Alike:
        evidence = []
        for place, role in enumerate(self.fields.roles):
            bits = self._table[place, levels[place]]
            if levels[place] == SAME:
                bits += self._rarity[self.fields.codes[record, place]]
            evidence.append(Evidence(role, _LEVEL_WORDS[levels[place]], round(float(bits), 1)))
        return Alike(record, round(odds, 2), tuple(evidence))

    def _written(self, record: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
        parts, ends, size = [], np.zeros((len(self.fields.roles), 2), np.int64), 0
        for place, (role, how) in enumerate(zip(self.fields.roles, self.fields.folds, strict=True)):
            folded, starts = text.fold(pa.array([record.get(role) or None], pa.string()), how)
            parts.append(folded)
            ends[place] = size, size + int(starts[-1])
            size += int(starts[-1])
        return np.concatenate([*parts, np.zeros(1, np.uint8)]), ends

    def _candidates(self, written: np.ndarray, ends: np.ndarray) -> np.ndarray:
        found: list[np.ndarray] = []
        room = CANDIDATES_MAX
        for (place, rule), (keys, order) in zip(self._rules, self._ranked, strict=True):
            key = blocking.key_of(*self._parts(written, ends, rule.fields, rule.parts), place)
            if key == 0:
                continue
            first, last = np.searchsorted(keys, (key, key + np.uint32(1))) if key < _KEY_MAX else (0, 0)
            if 0 < last - first <= room:
                found.append(order[first:last])
                room -= int(last - first)
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int32)

    def _parts(
        self, written: np.ndarray, ends: np.ndarray, fields: Sequence[int], parts: Sequence[int]
    ) -> tuple[np.uint64, np.uint64]:
        hashes = [
            np.uint64(
                blocking.part_hash(
                    written, ends[field, 0], ends[field, 1], part, blocking.start_size(int(self.fields.kinds[field]))
                )
            )
            for field, part in zip(fields, parts, strict=True)
        ]
        first, second = [*hashes, np.uint64(1)][:2]
        return first, second


_KEY_MAX = np.uint32(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def _score_new(
    kinds: np.ndarray, given: int, surname: int, written: np.ndarray, ends: np.ndarray, known: np.ndarray,
    begins: np.ndarray, codes: np.ndarray, candidates: np.ndarray, table: np.ndarray, shared: np.ndarray,
    rarity: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    levels = np.empty((candidates.shape[0], kinds.shape[0]), np.int8)
    others = np.empty((kinds.shape[0], 2), np.int64)
    for place in range(candidates.shape[0]):
        for field in range(kinds.shape[0]):
            code = codes[candidates[place], field]
            others[field, 0], others[field, 1] = begins[code], begins[code + 1]
        compare_one(kinds, given, surname, written, ends, known, others, levels[place])
    return levels, linking.score(levels, table, shared, codes, rarity, candidates)
