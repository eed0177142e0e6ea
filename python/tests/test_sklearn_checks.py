"""The checks that scikit-learn has for every estimator, and the examples of their documentation."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

ESTIMATORS = [
    SparseRegressor(),
    SparseRegressor(algorithm="omp", fit_intercept=False),
    SparseRegressor(algorithm="sea"),
    SparseRegressorCV(),
    SparsityPath(),
    SparseRegressor(positive=True, random_state=3),
    SparseRegressor(joint=True, warm_start=True, tol=1.0, n_nonzero_coefs=2),
    SparseRegressorCV(2, joint=True, max_iter=20),
    SparseRegressorCV(warm_start=True, report=True),
    SparsityPath(2, joint=True, warm_start=True),
    SparsityPath(2, positive=True, n_jobs=1, report=True),
]


CHECKS = parametrize_with_checks(ESTIMATORS)


# Of targets that are noise, no feature may be the best, or as many as were tried.
@pytest.mark.filterwarnings("ignore:No features were selected", "ignore:k = ")
# Some versions of scikit-learn give the checks as a generator, which pytest no longer takes.
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)
def test_scikit_learn_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", [SparseRegressor, SparseRegressorCV, SparsityPath])
def test_examples(estimator: type) -> None:
    results = doctest.testmod(importlib.import_module(estimator.__module__))
    assert results.attempted > 3
    assert not results.failed
