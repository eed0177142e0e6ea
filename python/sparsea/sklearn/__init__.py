"""Sparse regression with at most k features, as scikit-learn estimators.

`SparseRegressor` takes k as it is given, `SparseRegressorCV` chooses it by cross-validation, `SparsityPath` solves for
k = 0 … K and chooses by a criterion. All three are selectors too: `get_support` and `transform`.
"""

from ._cross_validation import SparseRegressorCV
from ._path import SparsityPath
from ._regressor import SparseRegressor

__all__ = ["SparseRegressor", "SparseRegressorCV", "SparsityPath"]
