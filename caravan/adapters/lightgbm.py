"""Learning to rank with LightGBM's LambdaMART; its trees are given back as plain arrays, and served without it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from caravan.insight.discovery.ports import Trees
from caravan.kernel.errors import Outage

ROUNDS_MAX = 400
PATIENCE = 30  # Rounds without a better held-back figure before learning stops.
_HELD_BACK = 0.15  # The latest questions tell when to stop.
_SETTINGS = {
    "objective": "lambdarank", "metric": "ndcg", "eval_at": [20], "lambdarank_truncation_level": 25,
    "learning_rate": 0.08, "num_leaves": 31, "min_data_in_leaf": 150, "feature_fraction": 0.6,
    "bagging_fraction": 0.7, "bagging_freq": 1, "max_bin": 127, "verbose": -1, "deterministic": True,
    "force_row_wise": True,
}  # fmt: skip


class LightGbmRanker:
    """Learns trees that order candidates by what was looked at next."""

    def __init__(self, *, threads: int = 2) -> None:
        self._threads = threads

    def learn(
        self, rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int,
        progress: Callable[[int, int], None],
    ) -> Trees:  # fmt: skip
        """Learn until the held-back questions, the last ones, gain no more."""
        try:
            import lightgbm  # noqa: PLC0415
        except ImportError as error:
            raise Outage("Learning to rank needs LightGBM: install Caravan with its extra, caravan[learn].") from error
        kept = max(1, int(len(groups) * (1 - _HELD_BACK)))
        first = int(groups[:kept].sum())
        known = lightgbm.Dataset(rows[:first], labels[:first], group=groups[:kept])
        held = lightgbm.Dataset(rows[first:], labels[first:], group=groups[kept:], reference=known)
        booster = lightgbm.train(
            _SETTINGS | {"seed": seed, "num_threads": self._threads}, known, ROUNDS_MAX,
            valid_sets=[held] if kept < len(groups) else [],
            callbacks=[
                *([lightgbm.early_stopping(PATIENCE, verbose=False)] if kept < len(groups) else []),
                lambda at: progress(at.iteration + 1, ROUNDS_MAX),
            ],
        )  # fmt: skip
        return _trees(booster.dump_model(num_iteration=booster.best_iteration or None)["tree_info"])


def _trees(told: list[dict[str, Any]]) -> Trees:
    """Lay LightGBM's nested trees out side by side."""
    nodes: list[tuple[int, float, int, int]] = []
    leaves: list[float] = []
    roots: list[int] = []

    def place(node: dict[str, Any]) -> int:
        if "split_feature" not in node:
            leaves.append(float(node["leaf_value"]))
            return ~(len(leaves) - 1)
        number = len(nodes)
        nodes.append((0, 0.0, 0, 0))
        assert node["decision_type"] == "<=", node["decision_type"]
        left, right = place(node["left_child"]), place(node["right_child"])
        nodes[number] = (int(node["split_feature"]), float(node["threshold"]), left, right)
        return number

    roots = [place(tree["tree_structure"]) for tree in told]
    feature, threshold, left, right = zip(*nodes, strict=True) if nodes else ((), (), (), ())
    return Trees(
        np.array(roots, np.int32), np.array(feature, np.int32), np.array(threshold, np.float64),
        np.array(left, np.int32), np.array(right, np.int32), np.array(leaves, np.float64),
    )  # fmt: skip
