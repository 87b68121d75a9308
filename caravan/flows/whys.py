"""Why a shopper saw a list: what was known when it was made, folded again from the log, and asked the same question."""

from collections.abc import Mapping
from typing import NamedTuple

from caravan.cell import Log, Section, decode, read_layouts
from caravan.events import discovery as events
from caravan.insight import discovery
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.event import Event

FACTS_READ_MAX = 2_000_000
ABOUT_ONE = frozenset({"also_bought", "goes_with"})


class Reason(NamedTuple):
    """A product of a list: the chance it had to stand there, its place in the ranking told anew (0: not in it), and why.

    `probability` is that of its being looked at next, as the ranking had it.
    """

    product: int
    chance_ppm: int
    rank: int
    score: float
    why: str
    because: int
    probability: float | None


class Explained(NamedTuple):
    """A list that was shown, what its visitor had looked at, and a reason for each product.

    `repute` and `weights` are those by which it was told then what products are worth.
    """

    shown: events.ListShown
    looked_at: list[int]
    is_held_out: bool
    reasons: list[Reason]
    repute: discovery.Repute
    weights: discovery.Weights


def explain(
    log: Log, kinds: Mapping[str, type[Event]], *, visitor: bytes, at: int, skill: discovery.Skill, version: str
) -> Explained:
    """Explain the list that a visitor was shown at a time. Refuses one that the log does not hold.

    The log does not say what a list was about: one beside a product is taken to be about what was looked at last.
    """
    tastes = discovery.Tastes()
    shown = _fold_up_to(log, kinds, tastes, visitor, at)
    looked_at = list(tastes.recent_of(visitor, shown.buyer))
    about = tuple(looked_at[-1:]) if shown.surface in ABOUT_ONE else ()
    answering = discovery.Answering(tastes, skill, version)
    answering.warm()
    answer = answering.answer(discovery.Asked(shown.surface, about, visitor, shown.buyer, at))
    ranked = {one.product: (rank, one) for rank, one in enumerate(answer.offered, 1)}
    reasons = []
    for product, chance in zip(shown.products, shown.chances_ppm, strict=True):
        rank, one = ranked.get(product, (0, discovery.Offered(product, 0.0, "new", 0)))
        reasons.append(Reason(product, chance, rank, one.score, one.why, one.because, one.probability))
    weights = discovery.weights_of(tastes.rules.values(), shown.surface, Instant(at))
    return Explained(shown, looked_at, answer.version == discovery.HELD_OUT, reasons, tastes.repute, weights)


def _fold_up_to(
    log: Log, kinds: Mapping[str, type[Event]], tastes: discovery.Tastes, visitor: bytes, at: int
) -> events.ListShown:
    layouts, read = read_layouts(log), 0
    for frame in log.read(after=0):
        for part in decode(frame, kinds, layouts):
            if part.kind not in tastes.kinds:
                continue
            if part.kind is events.ListShown and (found := _sought(part, visitor, at)) is not None:
                return found
            tastes.apply(part, lambda *_: None)
        read += frame.facts
        if read > FACTS_READ_MAX:
            raise NotFound("That list lies too far down the log to be told anew here.")
    raise NotFound("The log holds no such list.")


def _sought(part: Section, visitor: bytes, at: int) -> events.ListShown | None:
    from_log = (event for event in discovery.shown_in(part) if event.visitor == visitor and event.at == at)
    return next(from_log, None)
