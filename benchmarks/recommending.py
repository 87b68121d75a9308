"""How fast discovery answers in a large shop: latency, answers a core-second, memory, and how soon a look is seen."""

import os
import resource
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import runs
from caravan.cell import section
from caravan.events import catalog
from caravan.events import discovery as events
from caravan.insight import discovery

SURFACES = ("home", "also_bought", "goes_with")
LOOKS_A_SESSION = 5
_AT = 1_700_000_000_000_000
_ROWS = 50_000
_WARM_UP = 200


class Load(NamedTuple):
    """A shop of so many products and looks, asked so many questions; what was learned is drawn by lot."""

    products: int = 1_000_000
    looks: int = 10_000_000
    questions: int = 5_000
    runs: int = 5
    seed: int = 1


def run(load: Load, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Fill a view through its own folding, then ask it as the doors do."""
    rng = np.random.default_rng(load.seed)
    view = discovery.Tastes()
    _stock(view, load, progress)
    look(view, load, rng, progress)
    progress("Learning by lot", 0, 1)
    skill = discovery.skill_by_lot(load.products, rng)
    answering = discovery.Answering(view, skill, "by-lot")
    progress("Learning by lot", 1, 1)
    answering.warm()
    figures: list[runs.Figure] = []
    for surface in SURFACES:
        figures += _ask(answering, view, load, surface, rng, progress)
    return {
        "machine": runs.machine(), "door": "in process", "seed": load.seed, "products": load.products,
        "looks": len(view.looks), "questions": load.questions, "figures": figures, "seen_after_answers": _seen(answering, view),
        "memory_mb": round(resident_mb()), "memory_most_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def _stock(view: discovery.Tastes, load: Load, progress: Callable[[str, int, int], None]) -> None:
    for first in range(1, load.products + 1, _ROWS):
        numbers = np.arange(first, min(first + _ROWS, load.products + 1))
        count, none = len(numbers), [""] * len(numbers)
        view.apply(
            section(
                catalog.ProductAdded, at=np.full(count, _AT), product=numbers, seller=1 + numbers % 10_000, title=none,
                description=none, category=[f"Category {one % 2_000}" for one in numbers.tolist()],
                brand=[f"Brand {one % 5_000}" for one in numbers.tolist()], gtin=none, attributes=[{}] * count,
                image=none, weight_grams=np.zeros(count, np.int64), reference=none,
            ),
            lambda *_: None,
        )  # fmt: skip
        progress("Stocking", int(numbers[-1]), load.products)


def look(
    view: discovery.Tastes, load: Load, rng: np.random.Generator, progress: Callable[[str, int, int], None]
) -> None:
    """Remember sessions that stay near one product: a few products are looked at often, most of them seldom."""
    sessions = load.looks // LOOKS_A_SESSION
    for first in range(0, sessions, _ROWS):
        count = min(_ROWS, sessions - first)
        hearts = (load.products * rng.random(count) ** 3).astype(np.int64)
        steps = rng.integers(-8, 9, (count, LOOKS_A_SESSION))
        items = 1 + np.clip(hearts[:, None] + steps, 0, load.products - 1)
        numbers = np.repeat(np.arange(1 + first, 1 + first + count), LOOKS_A_SESSION)
        view.looks.remember(numbers.astype(np.int32), items.ravel().astype(np.int32))
        if first == 0:
            view.baskets.remember(numbers.astype(np.int32), items.ravel().astype(np.int32))
        progress("Looking", (first + count) * LOOKS_A_SESSION, load.looks)
    view.begin_sessions_at(sessions + 1)


def hearts(load: Load, count: int) -> list[int]:
    """Give the products that visitors looked at before they ask: a few are looked at often, most of them seldom."""
    found: list[int] = (
        1 + (load.products * np.random.default_rng(load.seed).random(count) ** 3).astype(np.int64)
    ).tolist()
    return found


def _ask(
    answering: discovery.Answering, view: discovery.Tastes, load: Load, surface: str, rng: np.random.Generator,
    progress: Callable[[str, int, int], None],
) -> list[runs.Figure]:  # fmt: skip
    hearts = 1 + (load.products * rng.random(load.questions) ** 3).astype(np.int64)
    visitors = [int(number).to_bytes(16, "big") for number in range(1, load.questions + 1)]
    about = [(int(heart),) if surface != "home" else () for heart in hearts]
    for visitor, heart in zip(visitors, hearts.tolist(), strict=True):
        note(view, visitor, int(heart))
    p50, p99, rate = [], [], []
    for lap in range(-1, load.runs):
        laps = np.zeros(load.questions if lap >= 0 else _WARM_UP)
        used = time.process_time()
        for number in range(len(laps)):
            begun = time.perf_counter()
            answering.answer(discovery.Asked(surface, about[number], visitors[number], 0, _AT + number))
            laps[number] = time.perf_counter() - begun
        used = time.process_time() - used
        if lap >= 0:
            p50.append(float(np.percentile(laps, 50)) * 1e3)
            p99.append(float(np.percentile(laps, 99)) * 1e3)
            rate.append(len(laps) / used)
        progress(f"Asking for {surface.replace('_', ' ')}", lap + 1, load.runs)
    return [
        runs.figure(f"{surface} latency p50", door="in process", unit="ms", values=p50),
        runs.figure(f"{surface} latency p99", door="in process", unit="ms", values=p99),
        runs.figure(f"{surface} answers", door="in process", unit="a core-second", values=rate),
    ]


def note(view: discovery.Tastes, visitor: bytes, product: int) -> None:
    """Let a visitor look at a product."""
    view.apply(
        section(
            events.SignalNoted, at=[_AT], visitor=[visitor], buyer=[0], product=[product], signal=[1], surface=[""],
            position=[-1],
        ),
        lambda *_: None,
    )  # fmt: skip


def _seen(answering: discovery.Answering, view: discovery.Tastes) -> int:
    """Count the answers that pass before a look is seen: a new visitor looks at a product, and asks."""
    visitor, product = b"the next visitor", 12_345 % len(view.products)
    note(view, visitor, product)
    for number in range(10):
        answer = answering.answer(discovery.Asked("home", (), visitor, 0, _AT))
        if any(product in {one.because, one.product} for one in answer.offered):
            return number
    return -1


def resident_mb() -> float:
    """Give how much memory this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
