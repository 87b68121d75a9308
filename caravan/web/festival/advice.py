"""Advice: what the market recommends beside the most wanted products, asked again and again while the crowd shops."""

import threading
from collections.abc import Mapping, Sequence

from caravan.client import Client
from caravan.kernel.errors import CaravanError

LIST_LENGTH = 6
ASKED_FOR_MAX = 300  # The most wanted products; few look at the others.
_ASK_EVERY_S = 0.1


class Advice:
    """The lists that shoppers are shown, by the place of the listing they look at, as places of listings."""

    def __init__(self, places: Mapping[str, int], products: Sequence[str]) -> None:
        """Know the place of each product's listing; `products` are to be asked about, the most wanted first."""
        self._places, self._products = places, products[:ASKED_FOR_MAX]
        self._lists: dict[int, list[int]] = {}

    def shown(self, place: int) -> list[int]:
        """Give what is shown beside a listing, the first first; nothing where the market has not been asked yet."""
        return self._lists.get(place, [])

    def ask(self, client: Client, product: str) -> None:
        """Ask the market what goes with a product."""
        told = client.recommendations("goes_with", product=product, limit=LIST_LENGTH)
        self._lists[self._places[product]] = [self._places[one.id] for one in told.data if one.id in self._places]

    def keep_asking(self, client: Client, ends: threading.Event) -> None:
        """Ask about one product after another until it ends; a market that is gone is asked again."""
        number = 0
        while self._products and not ends.wait(_ASK_EVERY_S):
            try:
                self.ask(client, self._products[number % len(self._products)])
            except CaravanError:
                continue
            number += 1
