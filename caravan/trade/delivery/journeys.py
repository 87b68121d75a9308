"""Journeys: parcels as what promises are learned from, one row each, from the order to the door."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Journeys:
    """What became of orders, in columns of shape [n]; times are int64 microseconds, 0 where nothing is known.

    `origins`, `destinations` and the two areas number regions from 0 in `regions`, `origin_areas` and
    `destination_areas`; a region's name begins with its country ("BR-SP", "PT"). An area is a finer place within
    it, or "". `distance_km` is NaN where it is not known, `weight_grams` and `shipping_minor` 0.
    """

    sellers: np.ndarray
    origins: np.ndarray
    destinations: np.ndarray
    origin_area: np.ndarray
    destination_area: np.ndarray
    distance_km: np.ndarray
    weight_grams: np.ndarray
    shipping_minor: np.ndarray
    placed_at: np.ndarray
    handed_over_at: np.ndarray
    delivered_at: np.ndarray
    canceled_at: np.ndarray
    regions: Sequence[str]
    areas: Sequence[str]

    def __len__(self) -> int:
        """Give the number of orders."""
        return len(self.sellers)

    def take(self, rows: np.ndarray) -> "Journeys":
        """Give these rows alone."""
        return Journeys(
            **{
                column.name: getattr(self, column.name)
                if column.name in {"regions", "areas"}
                else getattr(self, column.name)[rows]
                for column in fields(Journeys)
            }
        )


@dataclass(frozen=True)
class Asks:
    """Promises that are asked for, in columns of shape [n], in the same terms as Journeys; -1 is an unknown region."""

    sellers: np.ndarray
    origins: np.ndarray
    destinations: np.ndarray
    origin_area: np.ndarray
    destination_area: np.ndarray
    distance_km: np.ndarray
    weight_grams: np.ndarray
    shipping_minor: np.ndarray
    placed_at: np.ndarray

    def __len__(self) -> int:
        """Give the number of promises asked for."""
        return len(self.sellers)

    def take(self, rows: np.ndarray) -> "Asks":
        """Give these rows alone."""
        return Asks(**{column.name: getattr(self, column.name)[rows] for column in fields(Asks)})


def asks_of(journeys: Journeys) -> Asks:
    """Give what was known of journeys when they were ordered, and nothing later."""
    return Asks(**{column.name: getattr(journeys, column.name) for column in fields(Asks)})
