"""Suggesting: the way from a question to a list that a door can show, the same for the API and for the pages."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool

from caravan.bootstrap import Caravan
from caravan.flows import consents, discovering
from caravan.flows.discovering import OnOffer
from caravan.flows.noting import GATHERED_S
from caravan.insight import discovery
from caravan.kernel.clock import DAY
from caravan.kernel.ids import BuyerId, ProductId
from caravan.web.reach import ask

_ABOUT_ONE = frozenset({"also_bought", "goes_with", "cart"})
_NO_BUYER = BuyerId(0)
_PROOF_WAIT_S = 1.0
_ADVICE_WAIT_S = 0.5
NOBODY = b"\0" * 16  # The mark of a visitor who is not to be remembered.

REASONS = {
    "looked_at_together": "Goes with what you looked at",
    "bought_together": "Bought together with",
    "like_what_you_look_at": "Like what you look at",
    "you_looked_at_it": "You looked at this",
    "you_bought_it": "You bought this before",
    "wanted_now": "Wanted these days",
    "new": "New here",
    "picked": "Picked for you by the market",
}


class Suggestion(NamedTuple):
    """A product in a list, why it is there, and how probable it is that it is looked at next, where that is known."""

    offer: OnOffer
    why: str
    because: ProductId
    chance: float
    probability: float | None


class Suggestions(NamedTuple):
    """A list for a surface, and the version that made it."""

    version: str
    list: list[Suggestion]


def mark_of(caravan: Caravan, visitor: str) -> bytes:
    """Give the keyed mark under which a visitor's word for themselves is kept."""
    return caravan.vault.mark(f"visitor\n{visitor}")[:16]


def who(caravan: Caravan, visitor: str | None, buyer: BuyerId) -> tuple[bytes, BuyerId]:
    """Give the mark and the buyer that may be remembered of who asks: nobody's, where the buyer forbade it."""
    if consents.forbids_suggestions(caravan.cell.house, buyer):
        return NOBODY, _NO_BUYER
    return mark_of(caravan, visitor) if visitor else NOBODY, buyer


class Question(NamedTuple):
    """What is asked for: a list for a surface, about products, for whom, and how long."""

    surface: str
    about: tuple[ProductId, ...]
    visitor: bytes
    buyer: BuyerId
    limit: int


class Begun(NamedTuple):
    """A list on its way: what is ranked, by the champion and by its rival, and how it is to be arranged."""

    question: Question
    answers: Sequence[discovery.Answer]
    comparison: discovery.Comparison | None
    terms: discovering.Terms


async def suggest(caravan: Caravan, question: Question) -> Suggestions:
    """Give what may please a visitor on a surface, and note that it was shown to them."""
    if not is_current(caravan):
        await run_in_threadpool(wait_until_current, caravan)
    begun = begin(caravan, question)
    return end(caravan, begun, await ask(caravan, discovering.arrange, begun.answers, begun.terms))


def is_current(caravan: Caravan) -> bool:
    """Tell whether all that was durable until now and changes a list has been folded in."""
    return caravan.advice.position >= caravan.cell.position_of(discovery.Tastes.telling)


def wait_until_current(caravan: Caravan) -> None:
    """Wait until it has been folded in, but not for long: a list out of what is known is better than none."""
    caravan.advice.wait_for(caravan.cell.position_of(discovery.Tastes.telling), timeout_s=_ADVICE_WAIT_S)


def begin(caravan: Caravan, question: Question) -> Begun:
    """Rank what may please, out of what is known now; the cell's house then arranges it."""
    now, visitor, surface = caravan.clock.now(), question.visitor, question.surface
    asked = discovery.Asked(surface, question.about, visitor, question.buyer, now)
    answer = caravan.advice.answer(asked)
    answers, comparison = [answer], caravan.comparing.drawn("lists", visitor)
    if comparison is not None and answer.version != discovery.HELD_OUT:
        rival = caravan.advice.answer_of_rival(asked)
        answers += [rival] if rival is not None else []
    tastes = caravan.advice.tastes
    taste = tastes.visitors.get(visitor)
    terms = discovering.Terms(
        surface, question.limit, list(tastes.rules.values()), taste.shown if taste else {}, surface in _ABOUT_ONE,
        [_dice(visitor, surface, now) for _ in answers], now, tastes.repute,
    )  # fmt: skip
    return Begun(question, answers, comparison, terms)


def end(caravan: Caravan, begun: Begun, lists: discovering.Lists) -> Suggestions:
    """Say why each product is there, and note what is shown, where there is somebody to remember."""
    (surface, _, visitor, buyer, limit), answers, comparison, terms = begun
    placed, version, drafted = lists.placed[0], answers[0].version, None
    if comparison is not None and len(answers) > 1:
        placed, drafted = _drafted(lists.placed, comparison, limit, seed=_seed(visitor, surface, terms.now))
        version = f"{version}~{answers[1].version}"
    if placed and visitor != NOBODY:
        note(
            caravan, discovering.note_shown, discovering.Shown(visitor, buyer, surface, version, tuple(placed), drafted)
        )
    return Suggestions(version, _suggestions(placed, answers, lists.offers))


def _drafted(
    arranged: Sequence[Sequence[discovery.Placed]], comparison: discovery.Comparison, limit: int, *, seed: int
) -> tuple[list[discovery.Placed], discovering.Drafted]:  # fmt: skip
    """Draft one list out of the champion's and the challenger's, each as it would have been shown."""
    first, second = ([one.product for one in each] for each in arranged)
    draft = discovery.draft(first, second, limit, seed=seed)
    known = {one.product: one for each in reversed(arranged) for one in each}
    return [known[product] for product in draft.products], discovering.Drafted(comparison, draft)


def proof_of(caravan: Caravan) -> discovery.Proof:
    """Tell what personal lists have brought, out of all that was durable."""
    for written in caravan.noting.flush():
        written.result()
    caravan.advice.wait_for(caravan.cell.position, timeout_s=_PROOF_WAIT_S)
    return discovery.prove(caravan.advice.tastes.outcomes, today=caravan.clock.now() // DAY)


def _suggestions(
    placed: Sequence[discovery.Placed], answers: Sequence[discovery.Answer], offers: dict[int, OnOffer]
) -> list[Suggestion]:  # fmt: skip
    """Say why each product is there, as the first answer says that has it."""
    places = [{product: place for place, product in enumerate(each.offered.products.tolist())} for each in answers]
    found = []
    for one in placed:
        known = (each.offered[at[one.product]] for each, at in zip(answers, places, strict=True) if one.product in at)
        offered = next(known, None)
        why = {"rule": "picked", "explore": "new"}.get(one.by, offered.why if offered else "new")
        because = ProductId(offered.because if offered else 0)
        probability = offered.probability if offered else None
        found.append(Suggestion(offers[one.product], why, because, one.chance, probability))
    return found


def _dice(visitor: bytes, surface: str, now: int) -> random.Random:
    seed = hashlib.blake2b(visitor + surface.encode() + now.to_bytes(8, "big"), digest_size=8).digest()
    return random.Random(seed)  # noqa: S311  # These decide nothing secret.


def _seed(visitor: bytes, surface: str, now: int) -> int:
    return discovery.seed_of(visitor, surface.encode(), now.to_bytes(8, "big"))


def note(caravan: Caravan, flow: Callable[..., Any], request: object) -> None:
    """Put down what was shown, together with what is shown in the same moment; nobody waits for it."""
    if caravan.noting.note(flow, request):
        asyncio.get_running_loop().call_later(GATHERED_S, _flush, caravan)


def _flush(caravan: Caravan) -> None:
    """Write down what was gathered; once it is durable it is folded at once, so that no question waits for that."""
    written = caravan.noting.flush()
    if written:
        written[-1].add_done_callback(lambda _: caravan.advice.wake())
