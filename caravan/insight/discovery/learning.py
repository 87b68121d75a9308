"""How discovery learns: old looks first, then the latest ones as questions that the older ones must answer."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from caravan.cell import forest
from caravan.cell.forest import Trees
from caravan.insight.discovery import calibration, kernel, linear, questions, sequence
from caravan.insight.discovery.history import History, Plan
from caravan.insight.discovery.kernel import Links, Net
from caravan.insight.discovery.memory import Memory
from caravan.insight.discovery.ports import Drafts, Ranker
from caravan.insight.discovery.recommender import Recommender, Skill
from caravan.insight.discovery.sequence import Pairs, Sequence
from caravan.insight.discovery.trained import Trained, assemble
from caravan.insight.discovery.workers import IN_PROCESS, Workers
from caravan.kernel.errors import Refusal

Progress = Callable[[str, int, int], None]
LOOKS_MIN = 2_000  # Fewer looks than this teach nothing that the blend does not do as well.


class TooLittleToLearn(Refusal):
    """There are too few looks to learn from yet; until there are more, the blend answers."""


class _Chunk(NamedTuple):
    """Looks that come next: first as questions, then remembered."""

    asked: Pairs
    own: np.ndarray
    sessions: np.ndarray
    items: np.ndarray


class _Trials(NamedTuple):
    """Questions that the ranking does not learn from: all candidates of each, and the place of what came next, or -1."""

    rows: np.ndarray
    offsets: np.ndarray
    places: np.ndarray

    def calibrated(self, trees: Trees) -> np.ndarray:
        """Fit probabilities to what came of these questions."""
        if not trees.size:
            return calibration.none()
        scores = np.zeros(len(self.rows), np.float64)
        forest.score(self.rows, len(self.rows), trees, scores)
        return calibration.fit(scores, self.offsets, self.places)


class NoDrafts:
    """Keeps nothing: learning that is cut short begins again."""

    def find(self) -> Sequence | None:
        """Give nothing."""
        return None

    def keep(self, model: Sequence) -> None:
        """Do nothing."""


def train(
    history: History, *, ranker: Ranker, plan: Plan, progress: Progress, drafts: Drafts | None = None,
    workers: Workers = IN_PROCESS,
) -> tuple[Trained, Memory]:  # fmt: skip
    """Learn from a history; give what was learned, and the memory of all of it. Refuses a history that is too short.

    The sequence model and the links learn from the older part. Then, chunk by chunk, the latest part is asked for what
    came next, with the memory as it was before (that is what the ranking learns from), and is only then remembered and
    learned. So no example has seen its answer, and what is served is as stale as what was learned from.
    Workers link products while sequences are learned here, and ask what came next; the same history and plan come to the
    same version, whoever they are.
    """
    if len(history.items) < LOOKS_MIN:
        raise TooLittleToLearn(
            f"There are {len(history.items):,} looks to learn from and {LOOKS_MIN:,} are needed; until then the blend answers.",
            looks=len(history.items),
        )
    drafts = drafts or NoDrafts()
    rng = np.random.default_rng(plan.seed)
    memory = Memory()
    older, chunks = (_by_person if plan.is_by_person else _by_time)(history, plan)
    memory.remember(*older[:2])
    linking = linear.begin(memory.sight(), ridge=plan.ridge, workers=workers)
    model = drafts.find()
    if model is None:
        model = sequence.learn(
            sequence.fresh(history.products, rng), older[2], epochs=plan.epochs, rate=plan.rate, rng=rng,
            dropout=plan.dropout, progress=lambda done, total: progress("Learning sequences", done, total),
        )  # fmt: skip
        drafts.keep(model)
    rng = np.random.default_rng(plan.seed + 1)  # So that what was kept goes on as if it had just been learned.
    links = linear.finish(linking, lambda *at: progress("Linking products", *at))
    examples, trials = [], None
    for number, chunk in enumerate(chunks):
        net = sequence.net_of(model, rng)
        # The later the chunk, the more is asked of it: it is the most like what is to come.
        share = 2 * (number + 1) / (len(chunks) * (len(chunks) + 1))
        order, held = rng.permutation(len(chunk.asked.ends)), 0
        if number + 1 == len(chunks):
            held = min(calibration.TRIALS_MAX, int(len(order) * calibration.TRIALS_SHARE))
        chosen = np.sort(order[held:][: int(plan.questions * share)])
        asked = questions.pieces(
            chunk.asked.starts[chosen], chunk.asked.ends[chosen], chunk.own[chosen], plan.seed + number
        )
        found = workers.each(questions.ask, _known(chunk, memory, history, net, links, plan), asked)
        if number + 1 == len(chunks):
            trials = _trials(chunk, memory, history, net, links, order[:held])
        for place, piece in enumerate(found, 1):
            examples.append(piece)
            progress("Asking what came next", number * len(asked) + place, len(chunks) * len(asked))
        memory.remember(chunk.sessions, chunk.items)
        if number + 1 < len(chunks):
            model = sequence.learn(
                model, chunk.asked, epochs=1, rate=plan.later_rate, rng=rng, dropout=plan.dropout
            )  # fmt: skip
    linking = linear.begin(memory.sight(), ridge=plan.ridge, workers=workers)
    rows, labels, groups, worths = (np.concatenate(column) for column in zip(*examples, strict=True))
    trees = ranker.learn(
        rows, labels, groups, worths, seed=plan.seed, progress=lambda *at: progress("Learning to rank", *at)
    )  # fmt: skip
    assert trials is not None
    calibrated = trials.calibrated(trees)
    # What is served has learned from the latest looks as from the older ones.
    model = sequence.learn(
        model, sequence.pairs_of(history.offsets, history.items), epochs=plan.later_epochs, rate=plan.later_rate, rng=rng,
        dropout=plan.dropout, progress=lambda done, total: progress("Learning the latest", done, total),
    )  # fmt: skip
    links = linear.finish(linking, lambda *at: progress("Linking products anew", *at))
    trained = assemble(model, links, trees, looks=len(memory), rng=rng, calibrated=calibrated)
    return trained, memory


def _by_time(history: History, plan: Plan) -> tuple[tuple[np.ndarray, np.ndarray, Pairs], list[_Chunk]]:
    count = len(history.offsets) - 1
    cuts = np.linspace(count * (1 - plan.tail), count, plan.chunks + 1).astype(int)
    sessions, offsets, items = history.sessions, history.offsets, history.items
    first = offsets[cuts[0]]
    older = sessions[:first], items[:first], sequence.pairs_of(offsets[: cuts[0] + 1], items[:first])
    return older, [_time_chunk(history, sessions, start, end) for start, end in pairwise(cuts)]


def _time_chunk(history: History, sessions: np.ndarray, start: int, end: int) -> _Chunk:
    first, last = history.offsets[start], history.offsets[end]
    items = history.items[first:last]
    asked = sequence.pairs_of(history.offsets[start : end + 1] - first, items)
    return _Chunk(asked, np.zeros(len(asked.ends), np.int32), sessions[first:last], items)


def _by_person(history: History, plan: Plan) -> tuple[tuple[np.ndarray, np.ndarray, Pairs], list[_Chunk]]:
    assert plan.is_by_person
    offsets, items, sessions = history.offsets, history.items, history.sessions
    lasts = offsets[1:] - 1
    is_last = np.zeros(len(items), bool)
    is_last[lasts] = True
    pairs = sequence.pairs_of(offsets, items)
    is_asked = is_last[pairs.ends]
    older = Pairs(items, pairs.starts[~is_asked], pairs.ends[~is_asked])
    asked = Pairs(items, pairs.starts[is_asked], pairs.ends[is_asked])
    chunk = _Chunk(asked, sessions[asked.ends], sessions[is_last], items[is_last])
    return (sessions[~is_last], items[~is_last], older), [chunk]


def _known(chunk: _Chunk, memory: Memory, history: History, net: Net, links: Links, plan: Plan) -> questions.Known:
    return questions.known(
        chunk.asked.items, memory.sight(), net, links, history.traits, products=history.products, others=plan.others
    )


def _trials(
    chunk: _Chunk, memory: Memory, history: History, net: Net, links: Links, chosen: np.ndarray
) -> _Trials:  # fmt: skip
    asked, sight = chunk.asked, memory.sight()
    recommender = Recommender(history.products, Skill(net, links, forest.none(), calibration.none()), history.traits)
    rows, places = [], np.full(len(chosen), -1)
    for trial, number in enumerate(chosen.tolist()):
        prefix = asked.items[asked.starts[number] : asked.ends[number]]
        kept = recommender.rank(prefix, sight, own=int(chunk.own[number]))
        rows.append(recommender.room.out[:kept].copy())
        hits = np.flatnonzero(recommender.room.found[recommender.room.rows[:kept]] == asked.items[asked.ends[number]])
        places[trial] = hits[0] if len(hits) else -1
    sizes = [len(one) for one in rows]
    whole = np.concatenate(rows) if rows else np.zeros((0, kernel.WIDTH), np.float32)
    return _Trials(whole, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), places)
