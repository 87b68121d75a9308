"""Fitting how people buy with SciPy's L-BFGS-B; what is learned is a handful of numbers, and used without it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from caravan.kernel.errors import Outage

Numbers = NDArray[np.float64]

_LOG_MAX = 12.0
_PENALTY = 1e-3


class ScipyFitter:
    """Finds the most likely parameters, over their logarithms; a slight pull to one keeps few buyers from infinity."""

    def rhythm(self, repeats: Numbers, last: Numbers, age: Numbers) -> tuple[float, float, float, float]:
        """Fit BG/NBD: r, alpha, a and b."""
        scipy = _scipy()
        gammaln, betaln = scipy.special.gammaln, scipy.special.betaln
        scale = max(float(age.mean()), 1.0)  # Days are measured in mean ages, so that all parameters are near one.
        last, age, has_repeats = last / scale, age / scale, repeats > 0

        def loss(logs: Numbers) -> float:
            r, alpha, a, b = np.exp(logs)
            alive = betaln(a, b + repeats) - (r + repeats) * np.log(alpha + age)
            left = betaln(a + 1, np.maximum(b + repeats - 1, 1e-9)) - (r + repeats) * np.log(alpha + last)
            both = np.where(has_repeats, np.logaddexp(alive, left), alive)
            likely = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha) - betaln(a, b) + both
            return float(-likely.mean() + _PENALTY * np.square(logs).sum() / 4)

        r, alpha, a, b = self._least(loss, 4)
        return r, alpha * scale, a, b

    def spend(self, valued: Numbers, mean: Numbers) -> tuple[float, float, float]:
        """Fit gamma-gamma: p, q and v."""
        gammaln = _scipy().special.gammaln
        scale = max(float(mean.mean()), 1.0)
        sums = valued * mean / scale

        def loss(logs: Numbers) -> float:
            p, q, v = np.exp(logs)
            likely = (
                gammaln(p * valued + q) - gammaln(p * valued) - gammaln(q) + q * np.log(v)
                + (p * valued - 1) * np.log(sums) + np.log(valued) - (p * valued + q) * np.log(v + sums)
            )  # fmt: skip
            return float(-likely.mean() + _PENALTY * np.square(logs).sum() / 3)

        p, q, v = self._least(loss, 3)
        return p, q, v * scale

    @staticmethod
    def _least(loss: Any, parameters: int) -> tuple[float, ...]:  # noqa: ANN401
        bounds = [(-_LOG_MAX, _LOG_MAX)] * parameters
        found = _scipy().optimize.minimize(loss, np.zeros(parameters), method="L-BFGS-B", bounds=bounds)
        return tuple(np.exp(found.x).tolist())


def _scipy() -> Any:  # noqa: ANN401
    try:
        import scipy.optimize  # noqa: PLC0415  # Heavy, and an extra.
        import scipy.special  # noqa: PLC0415
    except ImportError as error:
        raise Outage("Learning needs SciPy: install Caravan with its extra [learn].") from error
    return scipy
