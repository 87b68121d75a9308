"""A small market that never was, for looking around in: sellers, products, buyers and sixty days of trade."""

import re
from collections.abc import Iterator

from caravan.adapters.demo import market, products, tables
from caravan.adapters.demo.dice import Dice
from caravan.kernel.errors import Invalid
from caravan.world.partners.ports import History, ImportOptions

__all__ = ["DemoSource"]

_PRODUCTS = 2_000
_SEED = re.compile(r"(?:seed=([0-9]{1,9}))?")


class DemoSource:
    """Another shop's history, made up: the same seed and the same end give the same bytes."""

    name = "demo"

    def __init__(self, ends_at: int, seed: int = 11) -> None:
        self._ends_at = ends_at
        self._seed = seed

    def read(self, path: str, options: ImportOptions) -> Iterator[tuple[str, int, int] | History]:
        """Yield progress, then the History. The path is empty or names another seed: "seed=7"."""
        seed = self._seed_of(path)
        yield "products", 0, _PRODUCTS
        made = products.make(Dice(seed, stream=1), number=_PRODUCTS)
        yield "orders", 0, market.ORDERS
        history = tables.history(market.open_market(seed, made, ends_at=self._ends_at))
        if history.read > options.limit_rows:
            raise Invalid(f"The demo has {history.read} rows; the limit is {options.limit_rows}.", rows=history.read)
        yield "orders", market.ORDERS, market.ORDERS
        yield history

    def _seed_of(self, path: str) -> int:
        match = _SEED.fullmatch(path)
        if match is None:
            raise Invalid(f'The demo takes no path but "seed=7", or none; not {path[:64]!r}.', path=path[:64])
        return int(match[1]) if match[1] else self._seed
