"""Sparse regression with at most k features, as scikit-learn estimators.

`SparseRegressor` uses a given k, `SparseRegressorCV` chooses k by cross-validation, and `SparsityPath` solves for
k = 0 … K and chooses k by a criterion. All three are also feature selectors, with `get_support` and `transform`.
"""

from ._cross_validation import SparseRegressorCV
from ._path import SparsityPath
from ._regressor import SparseRegressor

__all__ = ["SparseRegressor", "SparseRegressorCV", "SparsityPath"]
