"""Folds events into one domain's state and writes that state down and back, for tests of a domain by itself."""

from collections.abc import Iterable
from typing import TypeVar

from caravan.cell import Model, Section, digest, transpose
from caravan.kernel.event import Event

M = TypeVar("M", bound=Model)


def fold(model: M, *facts: Event | Section | Iterable[Event]) -> M:
    """Fold facts into a model, in order; give the model back."""
    for fact in facts:
        if isinstance(fact, Section):
            model.apply(fact)
            continue
        events = [fact] if isinstance(fact, Event) else list(fact)
        for part in transpose(events):
            model.apply(part)
    return model


def reloaded(model: M) -> M:
    """Write a model down and read it back into a fresh one."""
    fresh = type(model)()
    fresh.load({name: array.copy() for name, array in model.dump().items()})
    return fresh


def same(one: Model, other: Model) -> bool:
    """Tell whether two models have equal state."""
    return digest([one]) == digest([other])
