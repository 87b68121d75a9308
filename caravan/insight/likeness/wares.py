"""Match two lists of products by their words: what few share counts most, and each finds at most one partner."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from caravan.kernel.errors import Invalid

WARES_LIKELY = 0.25  # cosine from which the best partner is taken for a match; one number for every list
WARES_MAX = 200_000
CANDIDATES_MAX = 30
_WORD = re.compile(r"[a-z]+|[0-9]+(?:[.,][0-9]+)?")
_MODEL = re.compile(r"(?=[a-z0-9-]*[0-9])(?=[a-z0-9-]*[a-z])[a-z0-9-]{3,}")
_TITLE, _REST, _MODEL_WEIGHT = 1.0, 0.25, 1.5
_NAMES = ("name", "title", "product", "producttitle", "productname")
_ALIKE_MIN = 0.05
_WORDS_SHARED_BY_MAX = 0.2  # of all: a word that more have finds no candidates


class Matched(NamedTuple):
    """Pairs of rows, one of each list, and how alike they are, 0 to 1, the most alike first."""

    lefts: np.ndarray
    rights: np.ndarray
    alike: np.ndarray


def match_wares(left: pa.Table, right: pa.Table) -> Matched:
    """Match two lists that each name a thing once; the texts of all columns but numbers and ids are used."""
    if len(left) + len(right) > WARES_MAX:
        raise Invalid(f"At most {WARES_MAX:,} products are matched at once.")
    words: dict[str, int] = {}
    rows = [_weighed(table, words) for table in (left, right)]
    shares = _inverse_shares([*rows[0], *rows[1]], len(words))
    matrices = [_matrix(each, shares) for each in rows]
    lefts, rights, alike = _candidates(*matrices[0], *matrices[1], len(words))
    prices = [_prices(table) for table in (left, right)]
    alike *= _price_factor(prices[0][lefts], prices[1][rights])
    order = np.argsort(-alike, kind="stable")
    lefts, rights, alike = lefts[order], rights[order], alike[order]
    chosen = _one_to_one(lefts, rights, len(left), len(right))
    return Matched(lefts[chosen], rights[chosen], alike[chosen])


def _texts(table: pa.Table) -> list[tuple[float, list[str]]]:
    found = []
    columns = [name for name in table.column_names if name.lower() not in {"id", "price", "idabt", "idbuy"}]
    title = next((name for name in columns if re.sub(r"\W|_", "", name.lower()) in _NAMES), columns[0])
    for name in columns:
        column = table.column(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_integer(column.type):
            whole = column.cast(pa.string()).fill_null("").to_pylist()
            found.append((_TITLE if name == title else _REST, [one.lower() for one in whole]))
    return found


def _weighed(table: pa.Table, words: dict[str, int]) -> list[dict[int, float]]:
    rows: list[dict[int, float]] = [{} for _ in range(len(table))]
    for weight, values in _texts(table):
        for row, value in zip(rows, values, strict=True):
            models = [re.sub("-", "", one) for one in _MODEL.findall(value)]
            for word, counts in [
                *((one, 1.0) for one in _WORD.findall(value)),
                *((one, _MODEL_WEIGHT) for one in models),
            ]:
                if len(word) > 1 or word.isdigit():
                    number = words.setdefault(word, len(words))
                    row[number] = max(row.get(number, 0.0), weight * counts)
    return rows


def _inverse_shares(rows: Sequence[dict[int, float]], words: int) -> np.ndarray:
    counts = np.bincount(np.array([word for row in rows for word in row], np.int64), minlength=words)
    shares: np.ndarray = np.log(len(rows) / np.maximum(counts, 1))
    return shares


def _matrix(rows: Sequence[dict[int, float]], shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(row) for row in rows])))
    words = np.array([word for row in rows for word in row], np.int64)
    weights = np.array([weight for row in rows for weight in row.values()]) * shares[words]
    lengths = np.sqrt(np.add.reduceat(np.append(weights**2, 0.0), offsets[:-1])) if len(rows) else np.zeros(0)
    weights /= np.repeat(np.maximum(lengths, 1e-9), np.diff(offsets))
    return offsets, words, weights


@njit(cache=True, nogil=True)
def _candidates(
    left_offsets: np.ndarray, left_words: np.ndarray, left_weights: np.ndarray, right_offsets: np.ndarray,
    right_words: np.ndarray, right_weights: np.ndarray, words: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Give for each left row the right rows whose words are most alike, and the cosine of each pair."""
    rights = right_offsets.shape[0] - 1
    counts = np.zeros(words + 1, np.int64)
    for place in range(right_words.shape[0]):
        counts[right_words[place] + 1] += 1
    starts = np.cumsum(counts)
    row_of, weight_of, filled = np.empty(right_words.shape[0], np.int64), np.empty(right_words.shape[0]), starts.copy()
    for row in range(rights):
        for place in range(right_offsets[row], right_offsets[row + 1]):
            at = filled[right_words[place]]
            row_of[at], weight_of[at] = row, right_weights[place]
            filled[right_words[place]] += 1
    total = (left_offsets.shape[0] - 1) * CANDIDATES_MAX
    found_left, found_right, found = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total)
    count = 0
    for row in range(left_offsets.shape[0] - 1):
        sums = np.zeros(rights)
        for place in range(left_offsets[row], left_offsets[row + 1]):
            word = left_words[place]
            if starts[word + 1] - starts[word] > max(_WORDS_SHARED_BY_MAX * rights, 5):
                continue
            for at in range(starts[word], starts[word + 1]):
                sums[row_of[at]] += left_weights[place] * weight_of[at]
        best = np.argsort(-sums)[:CANDIDATES_MAX]
        for other in best:
            if sums[other] > _ALIKE_MIN:
                found_left[count], found_right[count], found[count] = row, other, sums[other]
                count += 1
    return found_left[:count].copy(), found_right[:count].copy(), found[:count].copy()


@njit(cache=True, nogil=True)
def _one_to_one(lefts: np.ndarray, rights: np.ndarray, count_left: int, count_right: int) -> np.ndarray:
    chosen = np.zeros(lefts.shape[0], np.bool_)
    has_left, has_right = np.zeros(count_left, np.bool_), np.zeros(count_right, np.bool_)
    for place in range(lefts.shape[0]):
        if not has_left[lefts[place]] and not has_right[rights[place]]:
            has_left[lefts[place]], has_right[rights[place]] = True, True
            chosen[place] = True
    return chosen


def _prices(table: pa.Table) -> np.ndarray:
    name = next((one for one in table.column_names if one.lower() == "price"), "")
    if not name:
        return np.zeros(len(table))
    digits = pc.replace_substring_regex(table.column(name).cast(pa.string()).fill_null("0"), r"[^0-9.]", "")
    return np.array([float(one) if one.count(".") <= 1 and one.strip(".") else 0.0 for one in digits.to_pylist()])


def _price_factor(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Let prices that are far apart speak against a match; one that is missing says nothing."""
    known = (left > 0) & (right > 0)
    apart = np.abs(np.log(np.where(known, left, 1.0) / np.where(known, right, 1.0)))
    factor: np.ndarray = np.where(known, 1.0 - 0.25 * np.clip(apart - 0.2, 0.0, 1.0), 1.0)
    return factor
