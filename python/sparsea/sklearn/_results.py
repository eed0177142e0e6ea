"""Errors on left-out samples, with the names that `GridSearchCV` gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import rankdata

from ._design import Array


def cv_results(errors: Array, shares: Array, exact: float) -> dict[str, Any]:
    """Scores −mse of k = 0 …, the rows of `errors`, in each fold, with means and deviations by the `shares` of folds.

    Means up to `exact` are equal, so that every k with the smallest error has rank 1.
    """
    ks = np.arange(len(errors))
    means = errors @ shares
    results: dict[str, Any] = {
        "params": [{"n_nonzero_coefs": int(k)} for k in ks],
        "param_n_nonzero_coefs": np.ma.MaskedArray(ks, mask=False),
    }
    for fold, column in enumerate(errors.T):
        results[f"split{fold}_test_score"] = -column
    results["mean_test_score"] = -means
    results["std_test_score"] = np.sqrt((errors - means[:, np.newaxis]) ** 2 @ shares)
    results["rank_test_score"] = rankdata(np.maximum(means, exact), method="min").astype(np.int32)
    return results
