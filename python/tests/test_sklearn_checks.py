"""The checks that scikit-learn has for every estimator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks
from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

ESTIMATORS = [
    SparseRegressor(),
    SparseRegressor(algorithm="omp", fit_intercept=False),
    SparseRegressor(algorithm="sea"),
    SparseRegressorCV(),
    SparsityPath(),
]


@parametrize_with_checks(ESTIMATORS)  # type: ignore[untyped-decorator]
def test_scikit_learn_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
