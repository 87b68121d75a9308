"""Suggesting: the way from a question to a list that a door can show, the same for the API and for the pages."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

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
    """A product in a list, and why it is there."""

    offer: OnOffer
    why: str
    because: ProductId
    chance: float


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


async def suggest(
    caravan: Caravan, surface: str, *, about: Sequence[ProductId] = (), visitor: bytes = NOBODY,
    buyer: BuyerId = _NO_BUYER, limit: int,
) -> Suggestions:  # fmt: skip
    """Give what may please a visitor on a surface, and note that it was shown to them."""
    now = caravan.clock.now()
    asked = discovery.Asked(surface, tuple(about), visitor, buyer, now)
    answer = caravan.advice.answer(asked, position=caravan.cell.position)
    answers, comparison = [answer], caravan.comparing.drawn("lists", visitor)
    if comparison is not None and answer.version != discovery.HELD_OUT:
        rival = caravan.advice.answer_of_rival(asked)
        answers += [rival] if rival is not None else []
    tastes = caravan.advice.tastes
    taste = tastes.visitors.get(visitor)
    terms = discovering.Terms(
        surface, limit, list(tastes.rules.values()), taste.shown if taste else {}, surface in _ABOUT_ONE,
        [_dice(visitor, surface, now) for _ in answers], now,
    )  # fmt: skip
    arranged, offers = await ask(caravan, discovering.arrange, answers, terms)
    placed, version, drafted = arranged[0], answer.version, None
    if comparison is not None and len(arranged) > 1:
        placed, drafted = _drafted(arranged, comparison, limit, seed=_seed(visitor, surface, now))
        version = f"{answer.version}~{answers[1].version}"
    if placed and visitor != NOBODY:
        note(
            caravan, discovering.note_shown, discovering.Shown(visitor, buyer, surface, version, tuple(placed), drafted)
        )
    return Suggestions(version, _suggestions(placed, answers, offers))


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
        found.append(Suggestion(offers[one.product], why, because, one.chance))
    return found


def _dice(visitor: bytes, surface: str, now: int) -> np.random.Generator:
    seed = hashlib.blake2b(visitor + surface.encode() + now.to_bytes(8, "big"), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(seed, "big"))


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
