"""The compiled heart of discovery: one walk over neighboring sessions finds candidates and measures them as it goes."""

from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.insight.discovery.memory import FAST_LOOKS, SLOW_LOOKS, Looks

CANDIDATES_MAX = 4096  # As many as one walk may meet.
KEPT_MAX = 256  # As many as the model ranks.
PREFIX_MAX = 40  # Of a session, only the last looks count.
NEIGHBORS_MAX = 400  # Sessions that vote.
SESSIONS_MAX = 4096  # Sessions that one walk may meet.
STEPS_MAX = 25  # Looks that are followed from a meeting point, each way.
LOOKS_OF_LAST_MAX = 400  # Looks at the last product that are followed …
LOOKS_OF_EACH_MAX = 100  # … and at each one before.
NEAREST_MAX = 96  # Products near what a session is about that join the candidates.

# What is measured of each candidate, in the order of the columns.
FEATURES = (
    "knn", "stan", "closest", "voters", "fresh", "next", "next_fresh", "ahead", "behind", "together",
    "ahead_2", "together_2", "together_3", "all_share", "all_best", "all_count",
    "in_count", "in_back", "in_first", "popular", "fast", "slow", "age", "repeat",
    "cosine", "knn_cosine", "knn_part", "stan_part", "fresh_part", "together_part", "next_part", "ahead_part",
    "length", "distinct", "last_looks", "mass", "last_repeat",
    "sequence", "sequence_gap", "like_last", "like_best", "linear", "linear_last",
    "alike_last", "alike_all", "price_step", "in_share", "in_rank", "again", "last_again", "stan_rank", "ahead_rank", "sequence_rank", "linear_rank",
    "in_next", "in_ahead", "in_prev", "in_fading", "in_pace", "in_pair", "new_share", "next_2", "ahead_known", "next_known",
)  # fmt: skip
WIDTH = len(FEATURES)
(
    KNN, STAN, CLOSEST, VOTERS, FRESH, NEXT, NEXT_FRESH, AHEAD, BEHIND, TOGETHER,
    AHEAD_2, TOGETHER_2, TOGETHER_3, ALL_SHARE, ALL_BEST, ALL_COUNT,
    IN_COUNT, IN_BACK, IN_FIRST, POPULAR, FAST, SLOW, AGE, REPEAT,
    COSINE, KNN_COSINE, KNN_PART, STAN_PART, FRESH_PART, TOGETHER_PART, NEXT_PART, AHEAD_PART,
    LENGTH, DISTINCT, LAST_LOOKS, MASS, LAST_REPEAT,
    SEQUENCE, SEQUENCE_GAP, LIKE_LAST, LIKE_BEST, LINEAR, LINEAR_LAST,
    ALIKE_LAST, ALIKE_ALL, PRICE_STEP, IN_SHARE, IN_RANK, AGAIN, LAST_AGAIN, STAN_RANK, AHEAD_RANK, SEQUENCE_RANK, LINEAR_RANK,
    IN_NEXT, IN_AHEAD, IN_PREV, IN_FADING, IN_PACE, IN_PAIR, NEW_SHARE, NEXT_2, AHEAD_KNOWN, NEXT_KNOWN,
) = range(WIDTH)  # fmt: skip

_BACK = 0.8  # What a look counts for, one step further back in the session.
_AWAY = 0.85  # What a neighbor's look counts for, one step further from where the sessions met.
_BEHIND = 0.6  # What came before the meeting point counts for less.
_RANKS = 60.0  # After so many younger looks at a product, a look at it counts half.
_CONTEXT = 5  # So many looks before a meeting point tell whether it came about in the same way.
_STRONG = 20  # The leading candidates of each source are always examples: these are the ones that meet on top.
_ROUNDED = 0.01  # Of a step: more than sums of 32-bit numbers can be off by.
UNIT_STEP = np.float32(1.0 / 32_767.0)
_AGE = 20.0  # A neighbor from one twentieth of all looks ago counts half in `fresh`.


class Net(NamedTuple):
    """The sequence model as serving reads it: product vectors of length one, the net, and cells of near products.

    `unit` holds the vectors in steps of UNIT_STEP, int16 [p, d]: half the memory of what they were learned as.
    Cell i holds the products members[bounds[i]:bounds[i + 1]], and `packed` their vectors in that order as whole steps of
    one size, so that a cell is read in one go. Without a model, `unit` has no rows.
    """

    unit: np.ndarray
    gate_each: np.ndarray
    gate_last: np.ndarray
    gate_out: np.ndarray
    places: np.ndarray
    mix_all: np.ndarray
    mix_last: np.ndarray
    centers: np.ndarray
    bounds: np.ndarray
    members: np.ndarray
    packed: np.ndarray


class Links(NamedTuple):
    """Which products a linear model gives for each: links of product i are at starts[i]:starts[i + 1]."""

    starts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


class Traits(NamedTuple):
    """What products are like: sorted numbers of category, brand, seller, words; and the logarithm of the price, or 0."""

    starts: np.ndarray
    values: np.ndarray
    log_price: np.ndarray


class Scratch(NamedTuple):
    """Room to work in, for one thread."""

    slots: np.ndarray
    stamps: np.ndarray
    state: np.ndarray
    said: np.ndarray
    found: np.ndarray
    table: np.ndarray
    seen: np.ndarray
    keys: np.ndarray
    sims: np.ndarray
    meets: np.ndarray
    order: np.ndarray
    marks: np.ndarray
    rows: np.ndarray
    out: np.ndarray
    vector: np.ndarray
    near: np.ndarray


def scratch(products: int, dimensions: int, cells: int) -> Scratch:
    """Make room for questions over so many products."""
    return Scratch(
        slots=np.zeros(products, np.int32), stamps=np.zeros(products, np.int32), state=np.zeros(3, np.int64), said=np.zeros(3),
        found=np.zeros(CANDIDATES_MAX, np.int32), table=np.zeros((CANDIDATES_MAX, WIDTH), np.float32),
        seen=np.zeros(CANDIDATES_MAX, np.float32), keys=np.zeros(2 * SESSIONS_MAX, np.int32),
        sims=np.zeros(2 * SESSIONS_MAX, np.float32), meets=np.zeros(2 * SESSIONS_MAX, np.int32),
        order=np.zeros(SESSIONS_MAX, np.int32), marks=np.zeros(CANDIDATES_MAX, np.int8),
        rows=np.zeros(KEPT_MAX, np.int32), out=np.zeros((KEPT_MAX, WIDTH), np.float32),
        vector=np.zeros(dimensions, np.float32), near=np.zeros(max(1, cells), np.float32),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _slot(what: int, room: Scratch) -> int:
    """Give the row of a candidate, making one if there is room; -1 if there is none. state = [epoch, count, met on the walk]."""
    if room.stamps[what] == room.state[0]:
        return int(room.slots[what])
    row = int(room.state[1])
    if row >= room.found.shape[0]:
        return -1
    room.stamps[what] = room.state[0]
    room.slots[what] = row
    room.found[row] = what
    room.table[row, :] = 0.0
    room.state[1] = row + 1
    return row


@njit(cache=True, nogil=True)
def _session_slot(of: int, keys: np.ndarray) -> int:
    mask = keys.shape[0] - 1
    place = (of * 0x9E3779B1) & mask
    while keys[place] != 0 and keys[place] != of:
        place = (place + 1) & mask
    return int(place)


@njit(cache=True, nogil=True)
def _meet(of: int, look: int, met: int, room: Scratch) -> int:
    """Give the place of a neighbor, making one if there is room; -1 if there is none, else -2 - place if it is new."""
    place = _session_slot(of, room.keys)
    if room.keys[place] == of:
        return place
    if met >= room.order.shape[0]:
        return -1
    room.keys[place] = of
    room.sims[place] = 0.0
    room.meets[place] = look
    room.order[met] = place
    return -2 - place


@njit(cache=True, nogil=True)
def _known_before(look: int, sight: Looks, room: Scratch) -> float:
    """Tell how much of what came shortly before a look is in the asking session, too."""
    known, step, distance = 0.0, sight.before[look], 1
    while step != 0 and distance <= _CONTEXT:
        other = sight.item[step]
        if other != 0 and room.stamps[other] == room.state[0] and room.table[room.slots[other], IN_COUNT] > 0.0:
            known += 1.0 / distance
        step, distance = sight.before[step], distance + 1
    return known


@njit(cache=True, nogil=True)
def _around(look: int, distinct: int, is_again: bool, freshness: float, sight: Looks, room: Scratch) -> None:  # noqa: C901, FBT001, PLR0912
    """Note what one session looked at before and after one look."""
    table, seen = room.table, room.seen
    known = _known_before(look, sight, room) if distinct == 1 else 0.0
    for direction in range(2):
        step = sight.after[look] if direction == 0 else sight.before[look]
        distance = 1
        while step != 0 and distance <= STEPS_MAX and step < sight.end:
            other = sight.item[step]
            to = _slot(other, room) if other != 0 else -1
            if to >= 0:
                near = freshness / distance
                if distinct == 1:
                    if direction == 0:
                        if distance == 1:
                            table[to, NEXT] += 1.0
                            table[to, NEXT_FRESH] += freshness
                            table[to, NEXT_KNOWN] += known
                        table[to, AHEAD] += near
                        table[to, AHEAD_KNOWN] += near * known
                    else:
                        table[to, BEHIND] += near
                    if not is_again:
                        table[to, TOGETHER] += 1.0
                elif distinct == 2:  # noqa: PLR2004
                    if direction == 0:
                        table[to, AHEAD_2] += near
                        if distance == 1:
                            table[to, NEXT_2] += 1.0
                    if not is_again:
                        table[to, TOGETHER_2] += 1.0
                elif distinct == 3 and not is_again:  # noqa: PLR2004
                    table[to, TOGETHER_3] += 1.0
                seen[to] += (1.0 if direction == 0 else 0.7) / (1.0 + 0.3 * distance)
            step = sight.after[step] if direction == 0 else sight.before[step]
            distance += 1


@njit(cache=True, nogil=True)
def _follow(
    what: int, distinct: int, weight: float, own: int, met: int, sight: Looks, room: Scratch
) -> tuple[int, int]:
    """Follow the looks at one product, the latest first; give how many sessions have been met and looks followed."""
    idf = np.log(1.0 + sight.end / (1.0 + sight.looks[what])) * 0.1
    limit = LOOKS_OF_LAST_MAX if distinct == 1 else LOOKS_OF_EACH_MAX
    look, walked, of_before = sight.head[what], 0, 0
    while look != 0 and walked < limit:
        of = sight.session[look]
        if look >= sight.end or of == own or sight.item[look] == 0:
            look = sight.earlier[look]
            continue
        walked += 1
        is_again = of == of_before
        of_before = of
        if not is_again:
            place = _meet(of, look, met, room)
            if place < -1:
                met += 1
                place = -2 - place
            if place >= 0:
                room.sims[place] += weight * idf
        _around(look, distinct, is_again, _RANKS / (_RANKS + walked), sight, room)
        look = sight.earlier[look]
    for to in range(room.state[1]):
        if room.seen[to] > 0.0:
            share = room.seen[to] / (walked + 5.0)
            room.table[to, ALL_SHARE] += weight * share
            room.table[to, ALL_COUNT] += 1.0
            room.table[to, ALL_BEST] = max(room.table[to, ALL_BEST], share)
            room.seen[to] = 0.0
    return met, walked


@njit(cache=True, nogil=True)
def _threshold(order: np.ndarray, sims: np.ndarray, met: int) -> float:
    """Give the likeness that about NEIGHBORS_MAX sessions reach, from a histogram."""
    most = 0.0
    for number in range(met):
        most = max(most, sims[order[number]])
    counts = np.zeros(256, np.int32)
    for number in range(met):
        counts[int(sims[order[number]] / most * 255.0)] += 1
    kept = 0
    for level in range(255, -1, -1):
        kept += counts[level]
        if kept >= NEIGHBORS_MAX:
            return level / 255.0 * most
    return 0.0


@njit(cache=True, nogil=True)
def _vote(met: int, sight: Looks, room: Scratch) -> float:
    """Let the sessions that are most alike vote for what they looked at; give the sum of their likeness."""
    table = room.table
    least = _threshold(room.order, room.sims, met) if met > NEIGHBORS_MAX else 0.0
    mass, voters = 0.0, 0
    for number in range(met):
        place = room.order[number]
        sim = room.sims[place]
        if sim < least or voters >= NEIGHBORS_MAX + NEIGHBORS_MAX // 4:
            continue
        voters += 1
        mass += sim
        meet = room.meets[place]
        freshness = 1.0 / (1.0 + _AGE * (sight.end - meet) / sight.end)
        for direction in range(2):
            step = meet if direction == 0 else sight.before[meet]
            near = 0.3 if direction == 0 else _BEHIND
            distance = 0
            while step != 0 and distance <= STEPS_MAX and step < sight.end:
                other = sight.item[step]
                to = _slot(other, room) if other != 0 else -1
                if to >= 0:
                    table[to, KNN] += sim
                    table[to, STAN] += sim * near
                    table[to, FRESH] += sim * near * freshness
                    table[to, VOTERS] += 1.0
                    table[to, CLOSEST] = max(table[to, CLOSEST], sim)
                near = 1.0 if direction == 0 and distance == 0 else near * _AWAY
                step = sight.after[step] if direction == 0 else sight.before[step]
                distance += 1
    return mass


@njit(cache=True, nogil=True)
def _recall(prefix: np.ndarray, room: Scratch) -> None:  # noqa: C901
    """Note what the session itself says: how often and how long ago it looked, and what it did after its last product."""
    table, length = room.table, prefix.shape[0]
    last = prefix[length - 1] if length else 0
    previous = prefix[length - 2] if length > 1 else 0
    for back in range(length):
        what = prefix[length - 1 - back]
        if what <= 0 or what >= room.slots.shape[0]:
            continue
        row = _slot(what, room)
        table[row, IN_COUNT] += 1.0
        table[row, IN_FIRST] = back + 1
        table[row, IN_FADING] += _BACK**back
        if table[row, IN_BACK] == 0:
            table[row, IN_BACK] = back + 1
    for at in range(length - 1):
        if prefix[at] != last:
            continue
        is_pair = at > 0 and prefix[at - 1] == previous
        for ahead in range(at + 1, length):
            what = prefix[ahead]
            if what <= 0 or what >= room.slots.shape[0]:
                continue
            row = _slot(what, room)
            table[row, IN_AHEAD] += 1.0 / (ahead - at)
            if ahead == at + 1:
                table[row, IN_NEXT] += 1.0
                table[row, IN_PAIR] += is_pair
    for at in range(1, length):
        what = prefix[at - 1]
        if prefix[at] == last and 0 < what < room.slots.shape[0]:
            table[_slot(what, room), IN_PREV] += 1.0


@njit(cache=True, nogil=True)
def walk(prefix: np.ndarray, own: int, sight: Looks, room: Scratch) -> None:
    """Meet candidates through the sessions that looked at the same products, and measure them.

    The prefix has the latest look last; `own` is the session that asks, which must not vote for itself.
    """
    room.state[0] += 1
    room.state[1] = 0
    room.keys[:] = 0
    table = room.table
    _recall(prefix, room)
    length, met, distinct, last_walked = prefix.shape[0], 0, 0, 0
    for back in range(length):
        what = prefix[length - 1 - back]
        if what <= 0 or what >= room.slots.shape[0] or table[_slot(what, room), IN_BACK] != back + 1:
            continue
        distinct += 1
        if what >= sight.head.shape[0]:
            continue
        met, walked = _follow(what, distinct, _BACK**back, own, met, sight, room)
        if distinct == 1:
            last_walked = walked
    mass = _vote(met, sight, room)
    room.said[0], room.said[1], room.said[2] = mass, last_walked, distinct
    room.state[2] = room.state[1]
    for to in range(room.state[1]):
        what = room.found[to]
        if what < sight.head.shape[0]:
            table[to, KNN_COSINE] = table[to, KNN] / np.sqrt(sight.looks[what] + 5.0)


@njit(cache=True, nogil=True)
def _measure(prefix: np.ndarray, kept: int, sight: Looks, room: Scratch) -> None:
    """Put in proportion what has been counted of the kept candidates that the walk has met."""
    table = room.table
    mass, walked, distinct = room.said[0], room.said[1], room.said[2]
    last = prefix[prefix.shape[0] - 1] if prefix.shape[0] else 0
    is_known = 0 < last < sight.head.shape[0]
    last_looks = sight.looks[last] if is_known else 0
    last_repeat = sight.repeats[last] / (last_looks + 3.0) if is_known else 0.0
    last_again = sight.again[last] / (last_looks + 3.0) if is_known else 0.0
    scale = 1.0 / (mass + 0.1)
    for row in range(kept):
        to = room.rows[row]
        if to >= room.state[2]:
            continue
        what = room.found[to]
        if what < sight.head.shape[0]:
            looks = sight.looks[what]
            gap = max(0, sight.end - sight.head[what])
            table[to, POPULAR] = np.log1p(looks)
            table[to, FAST] = sight.fast[what] * 2.0 ** (-gap / FAST_LOOKS)
            table[to, SLOW] = sight.slow[what] * 2.0 ** (-gap / SLOW_LOOKS)
            table[to, AGE] = np.log1p(gap)
            table[to, REPEAT] = sight.repeats[what] / (looks + 3.0)
            table[to, AGAIN] = sight.again[what] / (looks + 3.0)
            table[to, COSINE] = table[to, TOGETHER] / np.sqrt((looks + 1.0) * (last_looks + 1.0))
        table[to, KNN_PART] = table[to, KNN] * scale
        table[to, STAN_PART] = table[to, STAN] * scale
        table[to, FRESH_PART] = table[to, FRESH] * scale
        table[to, TOGETHER_PART] = table[to, TOGETHER] / (walked + 3.0)
        table[to, NEXT_PART] = table[to, NEXT] / (walked + 3.0)
        table[to, AHEAD_PART] = table[to, AHEAD] / (walked + 3.0)
        table[to, LENGTH] = prefix.shape[0]
        table[to, DISTINCT] = distinct
        table[to, LAST_LOOKS] = np.log1p(last_looks)
        table[to, MASS] = mass
        table[to, LAST_REPEAT] = last_repeat
        table[to, LAST_AGAIN] = last_again
        table[to, IN_SHARE] = table[to, IN_COUNT] / prefix.shape[0] if prefix.shape[0] else 0.0
        table[to, NEW_SHARE] = distinct / prefix.shape[0] if prefix.shape[0] else 0.0
        if table[to, IN_COUNT] > 1.0:
            pace = (table[to, IN_FIRST] - table[to, IN_BACK]) / (table[to, IN_COUNT] - 1.0)
            table[to, IN_PACE] = table[to, IN_BACK] - pace
        table[to, AHEAD_KNOWN] /= walked + 3.0
        table[to, NEXT_KNOWN] /= walked + 3.0


@njit(cache=True, nogil=True, fastmath=True)
def _unpack(steps: np.ndarray, out: np.ndarray) -> None:
    for i in range(steps.shape[0]):
        out[i] = np.float32(steps[i]) * UNIT_STEP


@njit(cache=True, nogil=True, fastmath=True)
def read(prefix: np.ndarray, net: Net, out: np.ndarray) -> int:  # noqa: C901, PLR0912
    """Read a session into one vector of length one; give its last product that the model knows, or 0."""
    d, width, length = net.unit.shape[1], net.places.shape[0], prefix.shape[0]
    last = 0
    for at in range(length):
        if 0 < prefix[at] < net.unit.shape[0]:
            last = prefix[at]
    if last == 0:
        return 0
    base, latest, seen = np.zeros(d, np.float32), np.empty(d, np.float32), np.empty(d, np.float32)
    _unpack(net.unit[last], latest)
    for i in range(d):
        for j in range(d):
            base[j] += latest[i] * net.gate_last[i, j]
    summary, gates = np.zeros(d, np.float32), np.zeros(d, np.float32)
    for place in range(max(0, width - length), width):
        what = prefix[length - width + place]
        if what <= 0 or what >= net.unit.shape[0]:
            continue
        _unpack(net.unit[what], seen)
        for j in range(d):
            gates[j] = base[j] + net.places[place, j]
        for i in range(d):
            for j in range(d):
                gates[j] += seen[i] * net.gate_each[i, j]
        alpha = np.float32(0.0)
        for j in range(d):
            alpha += net.gate_out[j] / (np.float32(1.0) + np.exp(-gates[j]))
        for j in range(d):
            summary[j] += alpha * seen[j]
    out[:] = 0.0
    for i in range(d):
        for j in range(d):
            out[j] += summary[i] * net.mix_all[i, j] + latest[i] * net.mix_last[i, j]
    total = np.float32(0.0)
    for j in range(d):
        total += out[j] * out[j]
    out /= np.sqrt(total) + np.float32(1e-6)
    return int(last)


@njit(cache=True, nogil=True, fastmath=True)
def _dot(one: np.ndarray, other: np.ndarray) -> float:
    total = np.float32(0.0)
    for i in range(one.shape[0]):
        total += np.float32(one[i]) * np.float32(other[i])
    return float(total)


@njit(cache=True, nogil=True)
def _open(near: np.ndarray, opened: np.ndarray) -> None:
    """Fill in which cells have the highest values, the highest first."""
    count = 0
    for cell in range(near.shape[0]):
        if count == opened.shape[0] and near[cell] <= near[opened[count - 1]]:
            continue
        place = min(count, opened.shape[0] - 1)
        while place > 0 and near[opened[place - 1]] < near[cell]:
            opened[place] = opened[place - 1]
            place -= 1
        opened[place] = cell
        count = min(count + 1, opened.shape[0])


@njit(cache=True, nogil=True)
def _highest(values: np.ndarray, wanted: int) -> float:
    """Give the value that so many reach, by a heap that holds as many."""
    heap = np.full(wanted, np.float32(-np.inf), np.float32)
    for at in range(values.shape[0]):
        value = values[at]
        if value <= heap[0]:
            continue
        place = 0
        while True:
            child = 2 * place + 1
            if child >= wanted:
                break
            if child + 1 < wanted and heap[child + 1] < heap[child]:
                child += 1
            if heap[child] >= value:
                break
            heap[place] = heap[child]
            place = child
        heap[place] = value
    return float(heap[0])


@njit(cache=True, nogil=True, fastmath=True)
def _roughly(vector: np.ndarray, packed: np.ndarray, begin: int, end: int, how: np.ndarray) -> None:
    """Multiply a vector with packed ones, before they are scaled."""
    for at in range(begin, end):
        total = np.float32(0.0)
        for i in range(vector.shape[0]):
            total += vector[i] * np.float32(packed[at, i])
        how[at - begin] = total


@njit(cache=True, nogil=True)
def _probe(net: Net, cells: int, wanted: int, room: Scratch) -> None:
    """Add the products nearest to the session's vector, from the few cells that are nearest to it.

    Packed vectors are off by half a step at most, so whoever may be among the nearest by them is measured exactly.
    """
    centers = net.centers.shape[0]
    near = room.near[:centers]
    for cell in range(centers):
        near[cell] = _dot(room.vector, net.centers[cell])
    opened = np.zeros(min(cells, centers), np.int64)
    _open(near, opened)
    total = 0
    for cell in opened:
        total += net.bounds[cell + 1] - net.bounds[cell]
    who, how = np.empty(total, np.int32), np.empty(total, np.float32)
    count = 0
    for cell in opened:
        begin, end = net.bounds[cell], net.bounds[cell + 1]
        _roughly(room.vector, net.packed, begin, end, how[count : count + end - begin])
        who[count : count + end - begin] = net.members[begin:end]
        count += end - begin
    if total > wanted:
        off = np.abs(room.vector).sum() * (0.5 + _ROUNDED)  # In steps.
        least = _highest(how, wanted) - 2.0 * off
        kept = 0
        for at in range(total):
            if how[at] >= least:
                who[kept] = who[at]
                how[kept] = _dot(room.vector, net.unit[who[at]])
                kept += 1
        who, how = who[:kept], how[:kept]
        exact = _highest(how, wanted)
    else:
        exact = -np.inf
    for at in range(who.shape[0]):
        if how[at] >= exact and who[at] < room.slots.shape[0]:
            _slot(who[at], room)


@njit(cache=True, nogil=True)
def compare(prefix: np.ndarray, net: Net, cells: int, room: Scratch) -> None:
    """Measure how near candidates are to what the session is about, and add the nearest products of all."""
    if net.unit.shape[0] == 0:
        return
    if read(prefix, net, room.vector) == 0:
        return
    _probe(net, cells, NEAREST_MAX, room)
    table = room.table
    best = -1.0
    for to in range(room.state[1]):
        what = room.found[to]
        if what >= net.unit.shape[0]:
            table[to, SEQUENCE] = -1.0
            continue
        table[to, SEQUENCE] = _dot(net.unit[what], room.vector) * UNIT_STEP
        best = max(best, table[to, SEQUENCE])
    for to in range(room.state[1]):
        table[to, SEQUENCE_GAP] = best - table[to, SEQUENCE]


@njit(cache=True, nogil=True)
def liken(prefix: np.ndarray, kept: int, net: Net, room: Scratch) -> None:
    """Measure how near the kept candidates are to each of the last products of the session."""
    known, length = net.unit.shape[0], prefix.shape[0]
    for row in range(kept):
        to = room.rows[row]
        what = room.found[to]
        if what >= known:
            continue
        closest = -1.0
        for at in range(max(0, length - 6), length):
            other = prefix[at]
            if 0 < other < known:
                near = float(_dot(net.unit[what], net.unit[other]) * UNIT_STEP * UNIT_STEP)
                if at == length - 1:
                    room.table[to, LIKE_LAST] = near
                if other != what:
                    closest = max(closest, near)
        room.table[to, LIKE_BEST] = closest


@njit(cache=True, nogil=True)
def link(prefix: np.ndarray, links: Links, room: Scratch) -> None:
    """Add what the linear model gives for the products of the session, the later ones counting for more."""
    if links.starts.shape[0] == 0:
        return
    length = prefix.shape[0]
    for back in range(length):
        what = prefix[length - 1 - back]
        if what <= 0 or what + 1 >= links.starts.shape[0]:
            continue
        weight = 0.9**back
        for at in range(links.starts[what], links.starts[what + 1]):
            to = _slot(links.targets[at], room)
            if to >= 0:
                room.table[to, LINEAR] += weight * links.weights[at]
                if back == 0:
                    room.table[to, LINEAR_LAST] = links.weights[at]


@njit(cache=True, nogil=True)
def _alike(one: int, other: int, traits: Traits) -> float:
    """Give the share of traits that two products have in common."""
    a, a_end, b, b_end = traits.starts[one], traits.starts[one + 1], traits.starts[other], traits.starts[other + 1]
    total, common = (a_end - a) + (b_end - b), 0
    while a < a_end and b < b_end:
        if traits.values[a] == traits.values[b]:
            common += 1
            a += 1
            b += 1
        elif traits.values[a] < traits.values[b]:
            a += 1
        else:
            b += 1
    return float(common / max(1, total - common))


@njit(cache=True, nogil=True)
def resemble(prefix: np.ndarray, kept: int, traits: Traits, room: Scratch) -> None:
    """Measure how much the kept candidates have in common with what was looked at."""
    known = traits.starts.shape[0] - 1
    length = prefix.shape[0]
    if known <= 0:
        return
    for row in range(kept):
        to = room.rows[row]
        what = room.found[to]
        if what >= known:
            continue
        weighed = 0.0
        for at in range(max(0, length - 8), length):
            other = prefix[at]
            if other <= 0 or other >= known:
                continue
            alike = _alike(what, other, traits)
            weighed += alike * _BACK ** (length - 1 - at)
            if at == length - 1:
                room.table[to, ALIKE_LAST] = alike
                if traits.log_price[what] != 0.0 and traits.log_price[other] != 0.0:
                    room.table[to, PRICE_STEP] = traits.log_price[what] - traits.log_price[other]
        room.table[to, ALIKE_ALL] = weighed


@njit(cache=True, nogil=True)
def _top(values: np.ndarray, wanted: int, least: float, marks: np.ndarray) -> None:
    """Mark the rows that hold the highest values above `least`."""
    count = values.shape[0]
    if count > wanted:
        least = max(least, np.partition(values, count - wanted)[count - wanted])
    for row in range(count):
        if values[row] >= least:
            marks[row] = 1


@njit(cache=True, nogil=True)
def _ranks(values: np.ndarray, ranks: np.ndarray) -> None:
    order = np.argsort(-values)
    for place in range(order.shape[0]):
        ranks[order[place]] = place


@njit(cache=True, nogil=True)
def keep(room: Scratch, quotas: np.ndarray) -> int:
    """Choose the candidates that are worth ranking, the best of each source; give how many. Their rows are in `rows`."""
    count, table, marks = room.state[1], room.table, room.marks
    marks[:count] = 0
    if count == 0:
        return 0
    _top(table[:count, KNN_COSINE].copy(), quotas[0], 1e-9, marks)
    _top(table[:count, STAN].copy(), quotas[1], 1e-9, marks)
    _top(table[:count, ALL_SHARE].copy(), quotas[2], 1e-9, marks)
    _top(table[:count, AHEAD].copy(), quotas[3], 1e-9, marks)
    _top(table[:count, SEQUENCE].copy(), quotas[4], 1e-9, marks)
    _top(table[:count, LINEAR].copy(), quotas[5], 1e-9, marks)
    kept = 0
    for row in range(count):
        if (marks[row] != 0 or table[row, IN_COUNT] > 0.0) and kept < room.rows.shape[0]:
            room.rows[kept] = row
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def finish(kept: int, room: Scratch) -> None:
    """Lay the kept candidates side by side in `out`, with their ranks among one another."""
    for row in range(kept):
        room.out[row, :] = room.table[room.rows[row], :]
    out = room.out[:kept]
    _ranks(out[:, IN_COUNT] - 0.01 * out[:, IN_BACK], out[:, IN_RANK])
    _ranks(out[:, STAN].copy(), out[:, STAN_RANK])
    _ranks(out[:, AHEAD].copy(), out[:, AHEAD_RANK])
    _ranks(out[:, SEQUENCE].copy(), out[:, SEQUENCE_RANK])
    _ranks(out[:, LINEAR].copy(), out[:, LINEAR_RANK])


QUOTAS = np.array([90, 60, 80, 40, 70, 60], np.int64)
CELLS_OPENED = 8


@njit(cache=True, nogil=True)
def candidates(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    prefix: np.ndarray, own: int, sight: Looks, net: Net, links: Links, traits: Traits, quotas: np.ndarray,
    cells: int, room: Scratch,
) -> int:  # fmt: skip
    """Find and measure what may come next in a session; give how many candidates there are, in `found` and `out`."""
    walk(prefix, own, sight, room)
    compare(prefix, net, cells, room)
    link(prefix, links, room)
    kept = keep(room, quotas)
    _measure(prefix, kept, sight, room)
    liken(prefix, kept, net, room)
    resemble(prefix, kept, traits, room)
    finish(kept, room)
    return kept


@njit(cache=True, nogil=True)
def examples(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    items: np.ndarray, starts: np.ndarray, ends: np.ndarray, own: np.ndarray, sight: Looks, net: Net, links: Links,
    traits: Traits, quotas: np.ndarray, cells: int, room: Scratch, others: float, seed: int,
    rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, worths: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Write down candidates of many prefixes, with what was looked at next: what a ranking model learns from.

    Of each prefix whose target was found, the target, the strongest and some other candidates by lot are taken; one that
    was drawn is worth as many as it stands for. Gives how many rows and how many groups were written.
    """
    np.random.seed(seed)  # noqa: NPY002  # Numba's own generator, seeded here.
    written, grouped = 0, 0
    for query in range(starts.shape[0]):
        start = max(starts[query], ends[query] - PREFIX_MAX)
        kept = candidates(items[start : ends[query]], own[query], sight, net, links, traits, quotas, cells, room)
        target, hit = items[ends[query]], -1
        for row in range(kept):
            if room.found[room.rows[row]] == target:
                hit = row
        if hit < 0 or written + kept > rows.shape[0]:
            continue
        chance = min(1.0, others / max(1, kept))
        first = written
        for row in range(kept):
            out = room.out[row]
            is_strong = (
                out[IN_COUNT] > 0.0 or out[STAN_RANK] < _STRONG or out[SEQUENCE_RANK] < _STRONG
                or out[LINEAR_RANK] < _STRONG or out[AHEAD_RANK] < _STRONG // 2
            )  # fmt: skip
            if row == hit or is_strong or np.random.random() < chance:  # noqa: NPY002
                rows[written, :] = out
                labels[written] = row == hit
                worths[written] = 1.0 if row == hit or is_strong else 1.0 / chance
                written += 1
        groups[grouped] = written - first
        grouped += 1
    return written, grouped
