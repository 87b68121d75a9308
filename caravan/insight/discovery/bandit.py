"""The bandit: of products that little is known about, which is tried is drawn in proportion to how good it may still be.

Optimism in the face of uncertainty (Auer, Cesa-Bianchi and Fischer 2002), drawn by lot instead of taken at its top, so that
each product has a chance that can be written down and weighed by later.
"""

import numpy as np
from numba import njit

SHOWN_BEFORE, CLICKED_BEFORE = 40.0, 2.0  # What is believed of a product beforehand: one click in twenty.
BOLDNESS = 2.0  # Standard errors above what was seen.
HOPE_MAX = 0.25  # Whatever clicks say, nothing is hoped to be clicked oftener: nobody buys more than a little attention with clicks.
_SHARPNESS = 2.0


@njit(cache=True, nogil=True)
def hopes(shown: np.ndarray, clicked: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Give the logarithms of the weights with which products are drawn, by how often each was shown and clicked.

    Shapes: shown [p], clicked [p], products [n] -> float64 [n].
    """
    found = np.empty(products.shape[0])
    for place in range(products.shape[0]):
        times, clicks = float(shown[products[place]]), float(clicked[products[place]])
        seen = times + SHOWN_BEFORE
        rate = (min(clicks, times) + CLICKED_BEFORE) / seen
        bound = rate + BOLDNESS * np.sqrt(rate * (1.0 - rate) / seen)
        found[place] = _SHARPNESS * np.log(min(bound, HOPE_MAX))
    return found
