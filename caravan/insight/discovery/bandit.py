"""The bandit: of products that little is known about, which is tried is drawn in proportion to how good it may still be.

Optimism in the face of uncertainty (Auer, Cesa-Bianchi and Fischer 2002), drawn by lot instead of taken at its top, so that
each product has a chance that can be written down and weighed by later.
"""

import numpy as np

SHOWN_BEFORE, CLICKED_BEFORE = 40.0, 2.0  # What is believed of a product beforehand: one click in twenty.
BOLDNESS = 2.0  # Standard errors above what was seen.
HOPE_MAX = 0.25  # Whatever clicks say, nothing is hoped to be clicked oftener: nobody buys more than a little attention with clicks.
_SHARPNESS = 2.0


def hopes(shown: np.ndarray, clicked: np.ndarray) -> np.ndarray:
    """Give the logarithms of the weights with which products are drawn. Shapes: how often each was shown [n], clicked [n] -> [n]."""
    seen = shown + SHOWN_BEFORE
    rate = np.minimum(clicked, shown) + CLICKED_BEFORE
    rate = rate / seen
    bound: np.ndarray = _SHARPNESS * np.log(np.minimum(rate + BOLDNESS * np.sqrt(rate * (1.0 - rate) / seen), HOPE_MAX))
    return bound
