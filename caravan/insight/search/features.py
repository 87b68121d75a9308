"""Features: what a ranking looks at, for each product that was retrieved, computed in one compiled pass over arrays."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

NAMES = (
    "retrieval score", "of the best score", "of the possible score", "retrieval rank",
    "words found", "weight of words found", "heaviest word missing", "numbers found", "weight of plain words found",
    "last word found", "first word found", "heaviest word found",
    "neighbors found as neighbors", "pairs found in order", "spread of the words found",
    "first place", "mean place", "distance from the end",
    "words found before in, with or for", "last word is the title's noun", "noun is asked for",
    "brand is asked for", "weight of the title that is asked for",
    "title length", "query length", "query weight", "heaviest query word", "lightest query word", "products retrieved",
    "query was mended",
    "meaning like the query", "meaning like the best", "noun like the query", "words covered by meaning",
    "last word covered by meaning", "meaning like what similar queries found", "similarity of those queries",
    "learned association", "words covered by association", "least covered by association",
    "last word covered by association", "noun associated", "times found",
    "association of the last word with the noun", "likeness of the last word and the noun", "score by hand",
)  # fmt: skip
"""The columns, in order."""
WIDTH = len(NAMES)
DIMENSIONS = 64


class Counts(NamedTuple):
    """How often a title's word was graded good for a query's word: compressed rows by the query's word."""

    offsets: NDArray[np.int64]
    terms: NDArray[np.int32]
    values: NDArray[np.float32]
    totals: NDArray[np.float32]
    background: NDArray[np.float32]


_SMOOTH = 4.0
"""How many sightings the background counts for."""


@njit(cache=True, nogil=True)
def associated(query, title, offsets, terms, values, totals, background):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Give the logarithm of how much likelier a title's word is under a query's word than at large."""
    if query >= len(totals) or title >= len(totals) or totals[query] == 0.0:
        return 0.0
    low, high = offsets[query], offsets[query + 1]
    while low < high:
        middle = (low + high) // 2
        if terms[middle] < title:
            low = middle + 1
        else:
            high = middle
    count = values[low] if low < offsets[query + 1] and terms[low] == title else 0.0
    usual = background[title]
    return np.log((count + _SMOOTH * usual) / ((totals[query] + _SMOOTH) * usual))


@njit(cache=True, nogil=True)
def _likeness(one, other):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    total, first, second = 0.0, 1e-9, 1e-9
    for place in range(len(one)):
        total += one[place] * other[place]
        first += one[place] * one[place]
        second += other[place] * other[place]
    return total / np.sqrt(first * second)


@njit(cache=True, nogil=True)
def meaning(tokens, idf, vectors):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Give the direction that words point in together, the rarer the more."""
    found = np.zeros(vectors.shape[1], np.float32)
    for token in tokens:
        if token < len(vectors):
            found += np.float32(idf[token]) * vectors[token]
    length = np.sqrt((found * found).sum())
    return found / np.float32(length) if length > 0 else found


@njit(cache=True, nogil=True)
def describe(  # type: ignore[no-untyped-def]  # noqa: ANN201, C901, PLR0912, PLR0913, PLR0915, PLR0917
    wanted, is_mended, candidates, scores, query_meaning, neighborhood, neighbor_likeness,  # noqa: ANN001
    starts, lengths, heads, tokens, idf, digits, vectors,  # noqa: ANN001
    a_offsets, a_terms, a_values, a_totals, a_background,  # noqa: ANN001
):  # fmt: skip
    """Fill one row of features for each candidate; candidates come best first."""
    count, asked = len(candidates), len(wanted)
    rows = np.zeros((count, 46), np.float32)
    if count == 0 or asked == 0:
        return rows
    weights = np.zeros(asked)
    for i in range(asked):
        weights[i] = idf[wanted[i]]
    total_weight, heaviest = weights.sum() + 1e-6, weights.argmax()
    # What the first ten say together about what is meant.
    feedback = np.zeros(vectors.shape[1], np.float32)
    for row in range(min(10, count)):
        start = starts[candidates[row]]
        feedback += meaning(tokens[start : start + lengths[candidates[row]]], idf, vectors)
    first_at = np.zeros(asked, np.int64)
    for row in range(count):
        out, product = rows[row], candidates[row]
        title = tokens[starts[product] : starts[product] + lengths[product]]
        long = len(title)
        noun_at = heads[product]
        noun = title[noun_at] if 0 <= noun_at < long else -1
        out[0], out[1], out[2] = scores[row], scores[row] / scores[0], scores[row] / total_weight
        out[3] = np.log1p(row)
        found, weight_found, missing, numbers, numbers_found, plain, plain_found = 0, 0.0, 0.0, 0, 0, 1e-6, 0.0
        places, before_in, times = 0.0, 0, 0
        first, last = long, -1
        for i in range(asked):
            first_at[i] = -1
            for place in range(long):
                if title[place] == wanted[i]:
                    times += 1
                    if first_at[i] < 0:
                        first_at[i] = place
            is_number = digits[wanted[i]]
            numbers += is_number
            if not is_number:
                plain += weights[i]
            if first_at[i] < 0:
                missing = max(missing, weights[i])
                continue
            found += 1
            weight_found += weights[i]
            places += first_at[i]
            first, last = min(first, first_at[i]), max(last, first_at[i])
            before_in += first_at[i] <= noun_at
            numbers_found += is_number
            if not is_number:
                plain_found += weights[i]
        out[4], out[5], out[6] = found / asked, weight_found / total_weight, missing
        out[7] = numbers_found / numbers if numbers else -1.0
        out[8] = plain_found / plain
        out[9], out[10], out[11] = first_at[asked - 1] >= 0, first_at[0] >= 0, first_at[heaviest] >= 0
        beside, ordered = 0, 0
        for i in range(asked - 1):
            if first_at[i] >= 0 and first_at[i + 1] >= 0:
                ordered += first_at[i] < first_at[i + 1]
                for place in range(long - 1):
                    if title[place] == wanted[i] and title[place + 1] == wanted[i + 1]:
                        beside += 1
                        break
        out[12], out[13] = beside / max(1, asked - 1), ordered / max(1, asked - 1)
        out[14] = (last - first + 1) / found if found else -1.0
        out[15], out[16], out[17] = first, places / found if found else -1.0, long - last if found else -1.0
        out[18] = before_in / asked
        out[19] = noun == wanted[asked - 1]
        for i in range(asked):
            out[20] = max(out[20], noun == wanted[i])
            out[21] = max(out[21], long > 0 and title[0] == wanted[i])
        title_weight = 1e-6
        asked_weight = 0.0
        for place in range(long):
            title_weight += idf[title[place]]
            for i in range(asked):
                if title[place] == wanted[i]:
                    asked_weight += weights[i]
                    break
        out[22] = asked_weight / title_weight
        out[23], out[24], out[25], out[26], out[27] = long, asked, total_weight, weights[heaviest], weights.min()
        out[28], out[29] = np.log1p(count), is_mended
        mine = meaning(title, idf, vectors)
        out[30], out[31] = _likeness(query_meaning, mine), _likeness(feedback, mine)
        if 0 <= noun < len(vectors):
            out[32] = _likeness(query_meaning, vectors[noun])
        out[35], out[36] = _likeness(neighborhood, mine), neighbor_likeness
        soft, total_association, covered, least = 0.0, 0.0, 0.0, 100.0
        noun_association = -100.0
        for i in range(asked):
            best_like, best = -1.0, -100.0
            for place in range(long):
                token = title[place]
                if token == wanted[i]:
                    best_like = 1.0
                elif best_like < 1.0 and token < len(vectors) and wanted[i] < len(vectors):
                    best_like = max(best_like, _likeness(vectors[wanted[i]], vectors[token]))
                score = associated(wanted[i], token, a_offsets, a_terms, a_values, a_totals, a_background)
                total_association += score
                best = max(best, score)
                if token == noun:
                    noun_association = max(noun_association, score)
            soft += best_like * weights[i]
            covered += best
            least = min(least, best)
            if i == asked - 1:
                out[34], out[40] = best_like, best
        out[33] = soft / total_weight
        out[37], out[38], out[39] = total_association / (asked * max(1, long)), covered / asked, least
        out[41], out[42] = noun_association, times
        if noun >= 0:
            out[43] = associated(wanted[asked - 1], noun, a_offsets, a_terms, a_values, a_totals, a_background)
            if noun < len(vectors) and wanted[asked - 1] < len(vectors):
                out[44] = _likeness(vectors[wanted[asked - 1]], vectors[noun])
    return rows
