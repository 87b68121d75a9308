"""Mixing: from a word to one whose every bit depends on all of it, so that any of them can number a slot."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def mixed(word: np.uint64) -> np.uint64:
    """Mix a word of 64 bits: the finalizer of SplitMix64 (Steele, Lea and Flood 2014)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
