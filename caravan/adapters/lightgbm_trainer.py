"""What learns for search: directions of terms by SciPy, trees by LightGBM; both come with the extra `learn`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from caravan.insight.search.ports import DIMENSIONS, Forest
from caravan.kernel.errors import Invalid

_ROUNDS = 220
_GAINS = [0.0, *(2 ** (step / 3) - 1 for step in range(1, 10))]
_PARAMETERS = {
    "objective": "lambdarank", "learning_rate": 0.08, "num_leaves": 31, "min_data_in_leaf": 60,
    "lambdarank_truncation_level": 30, "label_gain": _GAINS, "feature_fraction": 0.6, "bagging_fraction": 0.7,
    "bagging_freq": 1, "max_bin": 127, "verbose": -1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
_SMOOTHING = 0.75
_SPARE = 16
_POWERS = 4


class LightgbmTrainer:
    """Trains on so many threads."""

    def __init__(self, threads: int = 1, rounds: int = _ROUNDS) -> None:
        self._threads, self._rounds = threads, rounds
        self._lightgbm, self._sparse = _libraries()

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
    ) -> Forest:
        """Train LambdaMART and lay its trees out as arrays."""
        examples = self._lightgbm.Dataset(rows, grades, group=sizes)
        parameters = {**_PARAMETERS, "num_threads": self._threads, "seed": seed}
        model = self._lightgbm.train(parameters, examples, self._rounds)
        return _laid_out(model.dump_model()["tree_info"], version=f"trees {len(sizes)}-{seed}")


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


def _laid_out(trees: list[dict[str, Any]], *, version: str) -> Forest:
    """Flatten trees. Values that are missing do not occur: every feature is always there."""
    roots: list[int] = []
    nodes: list[tuple[int, float, int, int]] = []
    leaves: list[float] = []

    def lay(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            leaves.append(node["leaf_value"])
            return -len(leaves)
        place = len(nodes)
        nodes.append((0, 0.0, 0, 0))
        assert node["decision_type"] == "<=", node["decision_type"]
        nodes[place] = (
            node["split_feature"], node["threshold"], lay(node["left_child"]), lay(node["right_child"]),
        )  # fmt: skip
        return place

    for tree in trees:
        roots.append(lay(tree["tree_structure"]))  # noqa: PERF401  # The order of laying is the order of places.
    features, thresholds, left, right = zip(*nodes, strict=True) if nodes else ((), (), (), ())
    return Forest(
        np.array(roots, np.int32), np.array(features, np.int32), np.array(thresholds, np.float64),
        np.array(left, np.int32), np.array(right, np.int32), np.array(leaves, np.float64), version,
    )  # fmt: skip


def _libraries() -> tuple[Any, Any]:
    try:
        import lightgbm  # noqa: PLC0415  # Heavy and optional.
        from scipy import sparse  # noqa: PLC0415
    except ImportError:
        raise Invalid("Learning needs more libraries: pip install 'caravan[learn]'.", field="learn") from None
    return lightgbm, sparse
