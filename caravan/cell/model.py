"""What a cell asks of a domain's state: fold facts in, be written down, be read back."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec
import numpy as np
import xxhash

from caravan.cell.facts import Section
from caravan.kernel.event import Event

_T = TypeVar("_T")


class Model(Protocol):
    """The state of one domain: a fold of the facts of its own kinds, and of nothing else."""

    name: str
    kinds: frozenset[type[Event]]
    version: int  # Grows with every change, so that the cell can tell whether a decision that broke has left a trace.

    def apply(self, part: Section) -> None:
        """Fold in a run of facts of one kind. It cannot refuse: what is in the log has happened."""
        ...

    def dump(self) -> dict[str, np.ndarray]:
        """Give the whole state as named arrays; equal states give equal arrays."""
        ...

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take the whole state back from what `dump` gave."""
        ...


def digest(models: Iterable[Model]) -> str:
    """Name the state of all models by 32 hexadecimal digits; equal states have equal digests."""
    sums = xxhash.xxh3_128()
    for model in sorted(models, key=lambda model: model.name):
        for name, array in sorted(model.dump().items()):
            sums.update(f"{model.name}/{name}/{array.dtype.str}/{array.shape}".encode())
            sums.update(np.ascontiguousarray(array).view(np.uint8).data)
    return sums.hexdigest()


def pack(value: object) -> np.ndarray:
    """Write a plain value (structs, dicts, lists) as bytes in an array, for models that are no arrays."""
    return np.frombuffer(msgspec.msgpack.encode(value), np.uint8)


def unpack(parts: Mapping[str, np.ndarray], name: str, kind: type[_T]) -> _T:
    """Read back what `pack` wrote."""
    return msgspec.msgpack.decode(parts[name].data, type=kind)
