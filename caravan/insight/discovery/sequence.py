"""The sequence model: what a session is about as one vector, near the vectors of what it will look at next."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
from numba import njit

from caravan.insight.discovery.kernel import UNIT_STEP, Net

DIMENSIONS = 64
LENGTH_MAX = 16  # Of a session, the model reads the last looks.
SCALE = 14.0  # Sharpens cosines into a distribution; from 12 to 16 in the literature on normalized item vectors.
BATCH = 512
NEGATIVES = 512
_EPSILON = 1e-8
_BLOCK = 8_192
_CELLS_MAX = 1_024
_SAMPLE_A_CELL = 64
_ROUNDS = 6
_STEPS = 127.0


class Sequence(msgspec.Struct, frozen=True):
    """Vectors of products and the small net that reads a session. Shapes: items [p, d], gates [d, d] …, places [L, d]."""

    items: np.ndarray
    gate_each: np.ndarray
    gate_last: np.ndarray
    gate_out: np.ndarray
    places: np.ndarray
    mix_all: np.ndarray
    mix_last: np.ndarray


def fresh(products: int, rng: np.random.Generator, dimensions: int = DIMENSIONS) -> Sequence:
    """Make a model that knows nothing yet."""
    spread = 1.0 / np.sqrt(dimensions)

    def draw(*shape: int) -> np.ndarray:
        return rng.uniform(-spread, spread, shape).astype(np.float32)

    d = dimensions
    return Sequence(
        draw(products, d), draw(d, d), draw(d, d), np.abs(draw(d)), np.zeros((LENGTH_MAX, d), np.float32),
        0.5 * np.eye(d, dtype=np.float32) + 0.1 * draw(d, d), np.eye(d, dtype=np.float32) + 0.1 * draw(d, d),
    )  # fmt: skip


class Pairs(NamedTuple):
    """What to learn from: a target for each prefix. A prefix is `items[starts[i]:ends[i]]`; targets are items[ends[i]]."""

    items: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def pairs_of(offsets: np.ndarray, items: np.ndarray) -> Pairs:
    """Take every prefix of every session. Shapes: offsets [n + 1], items [m]."""
    begins = np.repeat(offsets[:-1], np.diff(offsets))
    ends = np.arange(len(items)) + offsets[0]
    is_first = ends == begins
    return Pairs(items, begins[~is_first], ends[~is_first])


class _Adam:
    """Adam (Kingma and Ba 2015) for the dense weights, and its lazy form for the rows of the product vectors."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.mean = {name: np.zeros_like(array) for name, array in weights.items()}
        self.square = {name: np.zeros_like(array) for name, array in weights.items()}
        self.steps = 0

    def step(self, grads: dict[str, np.ndarray], rate: float) -> None:
        self.steps += 1
        fix = np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for name, grad in grads.items():
            mean, square = self.mean[name], self.square[name]
            mean *= 0.9
            mean += 0.1 * grad
            square *= 0.999
            square += 0.001 * grad * grad
            self.weights[name] -= rate * fix * mean / (np.sqrt(square) + _EPSILON)

    def step_rows(self, name: str, rows: np.ndarray, grads: np.ndarray, rate: float) -> None:
        fix = float(np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps) * rate)
        order = np.argsort(rows, kind="stable")
        _rows_step(self.weights[name], self.mean[name], self.square[name], rows, order, grads, fix)


@njit(cache=True, nogil=True, fastmath=True)
def _rows_step(
    weights: np.ndarray, mean: np.ndarray, square: np.ndarray, rows: np.ndarray, order: np.ndarray, grads: np.ndarray,
    rate: float,
) -> None:  # fmt: skip
    width, step = weights.shape[1], np.float32(rate)
    total = np.zeros(width, np.float32)
    for place in range(order.shape[0]):
        row = rows[order[place]]
        for d in range(width):
            total[d] += grads[order[place], d]
        if place + 1 < order.shape[0] and rows[order[place + 1]] == row:
            continue
        for d in range(width):
            mean[row, d] = np.float32(0.9) * mean[row, d] + np.float32(0.1) * total[d]
            square[row, d] = np.float32(0.999) * square[row, d] + np.float32(0.001) * total[d] * total[d]
            weights[row, d] -= step * mean[row, d] / (np.sqrt(square[row, d]) + np.float32(1e-8))
            total[d] = 0.0


def _normalized(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None] + 1e-6
    return rows / lengths, lengths


def _unnormalized(grad: np.ndarray, unit: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Carry a gradient back through the normalization."""
    carried: np.ndarray = (grad - np.einsum("ij,ij->i", grad, unit)[:, None] * unit) / lengths
    return carried


def learn(
    model: Sequence, pairs: Pairs, *, epochs: int, rate: float, rng: np.random.Generator,
    dropout: float = 0.2, progress: Callable[[int, int], None] = lambda *_: None,
) -> Sequence:  # fmt: skip
    """Teach a model by sampled softmax with shared negatives; a rate that falls to nothing at the end."""
    names = model.__struct_fields__
    own = {name: getattr(model, name).copy() for name in names}
    adam = _Adam(own)
    count = len(pairs.ends)
    total = epochs * (count // BATCH)
    done = 0
    candidates = np.unique(pairs.items[pairs.items > 0])
    for _ in range(epochs):
        order = rng.permutation(count)
        for first in range(0, count - BATCH + 1, BATCH):
            falling = rate * (1 - done / max(1, total)) + rate * 0.02
            _learn_batch(own, adam, pairs, order[first : first + BATCH], candidates, falling, rng, dropout)
            done += 1
            progress(done, total)
    return Sequence(**own)


def _learn_batch(  # noqa: PLR0913, PLR0915, PLR0917  # One forward and one backward pass, read straight down.
    own: dict[str, np.ndarray], adam: _Adam, pairs: Pairs, chosen: np.ndarray, candidates: np.ndarray, rate: float,
    rng: np.random.Generator, dropout: float,
) -> None:  # fmt: skip
    size = len(chosen)
    ends = pairs.ends[chosen]
    lengths = np.minimum(ends - pairs.starts[chosen], LENGTH_MAX)
    firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    lasts = firsts + lengths - 1
    of = np.repeat(np.arange(size), lengths)
    back = lasts[of] - np.arange(len(of))
    looked = pairs.items[ends[of] - 1 - back].astype(np.int64)
    targets = pairs.items[ends].astype(np.int64)
    place_of = LENGTH_MAX - 1 - back

    unit, unit_lengths = _normalized(own["items"][looked])
    drop = (rng.random(unit.shape, dtype=np.float32) >= dropout).astype(np.float32) / np.float32(1 - dropout)
    seen = unit * drop
    last = seen[lasts]
    gates = seen @ own["gate_each"]
    gates += (last @ own["gate_last"])[of]
    gates += own["places"][place_of]
    np.negative(gates, out=gates)
    np.exp(gates, out=gates)
    gates += 1.0
    np.reciprocal(gates, out=gates)
    alpha = gates @ own["gate_out"]
    summary = np.add.reduceat(alpha[:, None] * seen, firsts, axis=0)
    head_unit, head_lengths = _normalized(summary @ own["mix_all"] + last @ own["mix_last"])

    others = candidates[rng.integers(0, len(candidates), NEGATIVES)]
    columns = np.unique(np.concatenate([targets, others]))
    place = np.searchsorted(columns, targets)
    out_unit, out_lengths = _normalized(own["items"][columns])
    logits = SCALE * (head_unit @ out_unit.T)
    # Each other product stands for all that were not drawn.
    share = np.float32(np.log(max(1.0, (len(candidates) - size) / NEGATIVES)))
    rows = np.arange(size)
    logits[rows, place] -= share
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    logits[rows, place] -= 1.0
    logits *= SCALE / size

    grad_out = _unnormalized(logits.T @ head_unit, out_unit, out_lengths)
    grad_head = _unnormalized(logits @ out_unit, head_unit, head_lengths)
    grads = {"mix_all": summary.T @ grad_head, "mix_last": last.T @ grad_head}
    grad_summary = (grad_head @ own["mix_all"].T)[of]
    grad_last = grad_head @ own["mix_last"].T
    grad_alpha = np.einsum("td,td->t", grad_summary, seen)
    grads["gate_out"] = grad_alpha @ gates
    grad_gates = gates * (1.0 - gates) * own["gate_out"] * grad_alpha[:, None]
    by_row = np.add.reduceat(grad_gates, firsts, axis=0)
    grads["gate_each"] = seen.T @ grad_gates
    grads["gate_last"] = last.T @ by_row
    grads["places"] = _by_place(grad_gates, place_of)
    grad_seen = alpha[:, None] * grad_summary + grad_gates @ own["gate_each"].T
    grad_seen[lasts] += grad_last + by_row @ own["gate_last"].T
    grad_looked = _unnormalized(grad_seen * drop, unit, unit_lengths)
    adam.step(grads, rate)
    adam.step_rows(
        "items", np.concatenate([looked, columns]), np.concatenate([grad_looked, grad_out]).astype(np.float32), rate
    )


@njit(cache=True, nogil=True)
def _by_place(grads: np.ndarray, place_of: np.ndarray) -> np.ndarray:
    """Sum rows by place in the session."""
    total = np.zeros((LENGTH_MAX, grads.shape[1]), np.float32)
    for row in range(grads.shape[0]):
        for d in range(grads.shape[1]):
            total[place_of[row], d] += grads[row, d]
    return total


def units(model: Sequence) -> np.ndarray:
    """Give the product vectors at length one, as serving reads them."""
    return np.ascontiguousarray(_normalized(model.items)[0])


def net_of(model: Sequence | None, rng: np.random.Generator) -> Net:
    """Lay a model out for serving: product vectors at length one, gathered in cells of near ones."""
    if model is None:
        none = np.zeros((0, 1), np.float32)
        return Net(
            none.astype(np.int16),
            none,
            none,
            none[0:0, 0],
            none,
            none,
            none,
            none,
            np.zeros(1, np.int64),
            np.zeros(0, np.int32),
            none.astype(np.int8),
        )
    unit = units(model)
    unit[0] = 0.0
    steps = in_steps(unit)
    centers = _centers(unit[1:], rng)
    nearest = _assign(unit[1:], centers)
    order = np.argsort(nearest, kind="stable")
    bounds = np.searchsorted(nearest[order], np.arange(len(centers) + 1))
    return Net(
        steps, model.gate_each, model.gate_last, model.gate_out, model.places, model.mix_all, model.mix_last,
        centers, bounds.astype(np.int64), (order + 1).astype(np.int32), packed(steps, order + 1),
    )  # fmt: skip


def in_steps(unit: np.ndarray) -> np.ndarray:
    """Write vectors of length one in the steps that serving reads; shape int16 [p, d]."""
    found = np.empty(unit.shape, np.int16)
    for at in range(0, len(unit), _BLOCK):
        found[at : at + _BLOCK] = np.rint(unit[at : at + _BLOCK] / UNIT_STEP)
    return found


def packed(unit: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Write vectors in an order as whole steps, as many as fit into a byte; a quarter of the memory. Shape int8 [n, d]."""
    steps = _STEPS / max(float(max(unit.max(initial=0), -float(unit.min(initial=0)))), 1e-9)
    found = np.empty((len(members), unit.shape[1]), np.int8)
    for at in range(0, len(members), _BLOCK):
        found[at : at + _BLOCK] = np.rint(unit[members[at : at + _BLOCK]] * steps)
    return found


def _assign(unit: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Give the nearest center of each vector, a block at a time."""
    return np.concatenate([np.argmax(unit[at : at + _BLOCK] @ centers.T, axis=1) for at in range(0, len(unit), _BLOCK)])


def _centers(unit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Find cells of near products by k-means on the sphere, from a sample."""
    cells = int(max(1, min(_CELLS_MAX, np.sqrt(len(unit)))))
    sample = unit[rng.permutation(len(unit))[: cells * _SAMPLE_A_CELL]]
    centers = sample[:cells].copy()
    for _ in range(_ROUNDS):
        nearest = _assign(sample, centers)
        sums = np.zeros_like(centers)
        np.add.at(sums, nearest, sample)
        is_filled = np.bincount(nearest, minlength=cells) > 0
        centers[is_filled] = sums[is_filled]
        centers = _normalized(centers)[0]
    return np.ascontiguousarray(centers)
