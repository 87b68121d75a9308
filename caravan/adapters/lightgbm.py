"""Learning to rank with LightGBM; its trees are given back as plain arrays, and served without it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caravan.cell.forest import Node, Trees, plant
from caravan.insight.discovery.ports import slopes
from caravan.insight.search.ports import DIMENSIONS
from caravan.kernel.errors import Outage

ROUNDS_MIN, ROUNDS_MAX = 20, 220
QUESTIONS_A_ROUND = 20  # Few questions bear few trees. Stopping by held-back questions was tried: it stopped by chance.
_SETTINGS: dict[str, Any] = {
    "bagging_fraction": 0.7, "bagging_freq": 1, "max_bin": 127, "verbose": -1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
_LOOKS = {
    "min_data_in_leaf": 100, "min_sum_hessian_in_leaf": 0.0, "learning_rate": 0.05, "num_leaves": 24,
    "feature_fraction": 0.3, "lambda_l2": 10.0,
}  # fmt: skip
_GRADES = {
    "objective": "lambdarank", "lambdarank_truncation_level": 12, "learning_rate": 0.05, "num_leaves": 15,
    "feature_fraction": 0.3, "lambda_l2": 10.0,
    "label_gain": [0.0, *(2 ** (step / 3) - 1 for step in range(1, 10))],
}  # fmt: skip
_GRADED_ROUNDS = 120
_LEAF_MAX, _LEAF_MIN, _LEAVES_A_ROW = 200, 20, 2_000  # How many rows a leaf has at least, by how many there are.
_SMOOTHING = 0.75
_SPARE = 16
_POWERS = 4


class LightGbmRanker:
    """Learns trees that order candidates by what was looked at next."""

    def __init__(self, *, threads: int = 2) -> None:
        self._threads = threads

    def learn(
        self, rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, worths: np.ndarray, *, seed: int,
        progress: Callable[[int, int], None],
    ) -> Trees:  # fmt: skip
        """Learn so many trees as there are questions for."""
        lightgbm = _lightgbm()
        rounds = min(max(len(groups) // QUESTIONS_A_ROUND, ROUNDS_MIN), ROUNDS_MAX)
        booster = lightgbm.train(
            _SETTINGS | _LOOKS | {"objective": _loss(labels, groups, worths), "seed": seed, "num_threads": self._threads},
            lightgbm.Dataset(rows, labels), rounds,
            callbacks=[lambda at: progress(at.iteration + 1, rounds)],
        )  # fmt: skip
        return _trees(booster.dump_model()["tree_info"])


class LightGbmTrainer:
    """Learns for search: directions of terms, and trees that order what was found by its grades."""

    def __init__(self, *, threads: int = 1, rounds: int = _GRADED_ROUNDS) -> None:
        self._threads, self._rounds = threads, rounds
        self._lightgbm, self._sparse = _lightgbm(), _sparse()

    def directions(
        self, offsets: NDArray[np.int64], tokens: NDArray[np.int32], *, terms: int, seed: int
    ) -> NDArray[np.float32]:
        """Factorize how much oftener than by chance terms stand in one title."""
        stands = self._sparse.csr_matrix((np.ones(len(tokens), np.float32), tokens, offsets), (len(offsets) - 1, terms))
        stands.sum_duplicates()
        stands.data[:] = 1
        together = (stands.T @ stands).tocoo()
        apart = together.row != together.col
        rows, columns, values = together.row[apart], together.col[apart], together.data[apart]
        sums = np.bincount(rows, values, minlength=terms)
        usual = sums[rows] * sums[columns] ** _SMOOTHING * sums.sum() ** (1 - _SMOOTHING)
        oftener = np.log(values * sums.sum() / (usual + 1e-9))
        is_more = oftener > 0
        surprise = self._sparse.csr_matrix(
            (oftener[is_more].astype(np.float32), (rows[is_more], columns[is_more])), (terms, terms)
        )
        size = min(DIMENSIONS, terms)
        found = np.zeros((terms, DIMENSIONS), np.float32)
        found[:, :size] = _factors(surprise, size, np.random.default_rng(seed))
        lengths = np.sqrt((found**2).sum(axis=1, keepdims=True))
        return np.ascontiguousarray(found / np.maximum(lengths, 1e-9))

    def forest(
        self, rows: NDArray[np.float32], grades: NDArray[np.int64], sizes: NDArray[np.int64], *, seed: int
    ) -> Trees:
        """Learn to order rows by their grades (0 to 9), query by query."""
        examples = self._lightgbm.Dataset(rows, grades, group=sizes)
        leaf = min(max(len(rows) // _LEAVES_A_ROW, _LEAF_MIN), _LEAF_MAX)
        settings = _SETTINGS | _GRADES | {"seed": seed, "num_threads": self._threads, "min_data_in_leaf": leaf}
        return _trees(self._lightgbm.train(settings, examples, self._rounds).dump_model()["tree_info"])


def _loss(
    labels: np.ndarray, groups: np.ndarray, worths: np.ndarray
) -> Callable[[np.ndarray, Any], tuple[np.ndarray, np.ndarray]]:
    """Give what LightGBM asks for in each round: slopes and curvatures at its scores."""

    def at(scores: np.ndarray, _: Any) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401  # LightGBM hands its rows in.
        slope, curve = np.empty(len(scores)), np.empty(len(scores))
        slopes(scores, labels, groups, worths, slope, curve)
        return slope, curve

    return at


def _factors(matrix: Any, size: int, dice: np.random.Generator) -> NDArray[np.float32]:  # noqa: ANN401
    """Give the strongest directions of a matrix, each scaled by the root of its strength (Halko, Martinsson, Tropp)."""
    wide = min(matrix.shape[0], size + _SPARE)
    basis = matrix @ dice.standard_normal((matrix.shape[1], wide)).astype(np.float32)
    for _ in range(_POWERS):
        basis, _ = np.linalg.qr(basis)
        basis = matrix @ (matrix.T @ basis)
    basis, _ = np.linalg.qr(basis)
    left, strengths, _ = np.linalg.svd((matrix.T @ basis).T, full_matrices=False)
    scaled: NDArray[np.float32] = (basis @ left)[:, :size] * np.sqrt(strengths[:size])
    return scaled


def _trees(told: list[dict[str, Any]]) -> Trees:
    """Lay LightGBM's nested trees out. Values that are missing do not occur: every feature is always there."""
    return plant([_node(tree["tree_structure"]) for tree in told])


def _node(told: dict[str, Any]) -> Node | float:
    if "split_feature" not in told:
        return float(told["leaf_value"])
    assert told["decision_type"] == "<=", told["decision_type"]
    left, right = _node(told["left_child"]), _node(told["right_child"])
    return Node(int(told["split_feature"]), float(told["threshold"]), left, right)


def _lightgbm() -> Any:  # noqa: ANN401
    try:
        import lightgbm  # noqa: PLC0415  # Heavy and optional.
    except ImportError as error:
        raise Outage("Learning to rank needs LightGBM: install Caravan with its extra, caravan[learn].") from error
    return lightgbm


def _sparse() -> Any:  # noqa: ANN401
    try:
        from scipy import sparse  # noqa: PLC0415
    except ImportError as error:
        raise Outage("Learning what words mean needs SciPy: install Caravan with its extra, caravan[learn].") from error
    return sparse
