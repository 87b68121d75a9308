"""Splink beside us: the model of its own tutorial on the table of its tutorial, learned without labels."""

import contextlib
import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import splink.comparison_library as compared
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

_CUTS = (0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99)
_TUTORIAL = [block_on("first_name", "city"), block_on("surname")]
_WIDER = [*_TUTORIAL, block_on("dob"), block_on("email"), block_on("first_name")]


def link(
    table: pa.Table, truth: np.ndarray, agreement: Callable[[np.ndarray, np.ndarray], dict[str, float]]
) -> dict[str, Any]:
    """Learn and link with the tutorial's blocking, and with blocking on every field; the best cut of each is quoted."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return {
                "tutorial": _best(table, truth, agreement, _TUTORIAL),
                "wider": _best(table, truth, agreement, _WIDER),
            }
    finally:
        logging.disable(logging.NOTSET)


def _best(
    table: pa.Table,
    truth: np.ndarray,
    agreement: Callable[[np.ndarray, np.ndarray], dict[str, float]],
    rules: Sequence[Any],
) -> dict[str, Any]:
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            compared.NameComparison("first_name"), compared.NameComparison("surname"),
            compared.LevenshteinAtThresholds("dob", 1),
            compared.ExactMatch("city").configure(term_frequency_adjustments=True), compared.EmailComparison("email"),
        ],
        blocking_rules_to_generate_predictions=list(rules),
    )  # fmt: skip
    linker = Linker(DuckDBAPI().register(table), settings)
    sure: list[Any] = [block_on("first_name", "surname", "dob"), block_on("email")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "surname"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    pairs = linker.inference.predict(threshold_match_probability=0.01)
    rows = {name: row for row, name in enumerate(table["unique_id"].to_pylist())}
    best: dict[str, Any] = {"f1": -1.0}
    at_half: dict[str, float] = {}
    for cut in _CUTS:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=cut)
        found = np.zeros(len(table), np.int64)
        names: dict[object, int] = {}
        for one in clusters.as_record_list():
            found[rows[one["unique_id"]]] = names.setdefault(one["cluster_id"], len(names))
        rates = agreement(found, truth)
        if cut == 0.5:
            at_half = rates
        if rates["f1"] > best["f1"]:
            best = {**rates, "cut": cut}
    return {"f1": best["f1"], "best": best, "at_half": at_half}
