"""Measure how often features are found in noise: 100 samples, 50 features and a target, independent standard normal.

python python/benchmarks/null_model.py
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
from sklearn.linear_model import LassoLarsIC

from sparsea.sklearn import SparseRegressorCV, SparsityPath

MODELS: list[tuple[str, Any]] = [
    *[(f"SparsityPath, {name}", SparsityPath(criterion=name)) for name in ("ebic", "bic", "loo", "aicc", "cp", "aic")],
    ("SparseRegressorCV", SparseRegressorCV()),
    ("SparseRegressorCV, one standard error", SparseRegressorCV(one_standard_error=True)),
    *[(f"LassoLarsIC, {name}", LassoLarsIC(criterion=name)) for name in ("bic", "aic")],
]


def main() -> None:
    """Prints, for each way of choosing, the share of data sets and the mean k."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    sets = parser.parse_args().sets
    counts = np.zeros((sets, len(MODELS)))
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((100, 50)), rng.standard_normal(100)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "k = .* is the best by")
            counts[seed] = [np.count_nonzero(model.fit(X, y).coef_) for _, model in MODELS]
    for (name, _), column in zip(MODELS, counts.T, strict=True):
        print(f"{name:40} {100 * np.mean(column > 0):5.1f} % {column.mean():6.2f}")


if __name__ == "__main__":
    main()
