"""What profiles ask of the outside: somebody who finds the parameters that fit best."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class Fitter(Protocol):
    """Finds the most likely parameters of the two models."""

    def rhythm(self, repeats: Numbers, last: Numbers, age: Numbers) -> tuple[float, float, float, float]:
        """Give r, alpha, a and b of BG/NBD."""
        ...

    def spend(self, valued: Numbers, mean: Numbers) -> tuple[float, float, float]:
        """Give p, q and v of gamma-gamma."""
        ...
