"""What all estimators of this package share: search options, prediction, and the selector interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from .._core import as_flag
from ._design import Array, Design, named, validate_data
from ._parameters import Choice

if TYPE_CHECKING:
    from .. import Solution


class SparseModel(SelectorMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A linear model with few features."""

    joint: Any
    warm_start: Any
    coef_: Array
    intercept_: Any
    solution_: Any
    n_iter_: Any
    report_: Any
    n_nonzero_coefs_: int
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def predict(self, X: Any) -> Array:
        """Predict X coef + intercept.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], reset=False)
        return np.asarray(safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_)

    def transform(self, X: Any) -> Any:
        """Reduce X to the selected features.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        X : array, frame or sparse matrix of shape (n_samples, n_selected_features)
            X with the columns of the selected features, in the format set by `set_output`.
        """
        return super().transform(named(X))

    @property
    def support_(self) -> NDArray[np.intp]:
        """Indices of the selected features (for several targets, of those selected for any of them), sorted."""
        check_is_fitted(self, "coef_")
        return np.flatnonzero(self._get_support_mask())

    @property
    def support_names_(self) -> NDArray[Any]:
        """Names of the selected features. Defined only if the features have names."""
        return np.asarray(self.feature_names_in_[self.support_])

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self, "coef_")
        return np.asarray(np.any(np.atleast_2d(self.coef_) != 0, axis=0))

    def _keep(self, design: Design, solution: Solution, choice: Choice) -> None:
        """Becomes the model of a solution for one target, or for several with one support."""
        self.solution_ = solution
        self.coef_ = np.ascontiguousarray(np.asarray(solution.x, dtype=np.float64).T)
        self.n_nonzero_coefs_ = int(np.count_nonzero(self._get_support_mask()))
        intercept = design.intercept(self.coef_)
        self.intercept_ = float(intercept) if self.coef_.ndim == 1 else intercept
        # scikit-learn expects at least one.
        self.n_iter_ = max(solution.iterations, 1)
        self._keep_report(solution.report, choice)

    def _keep_report(self, report: Any, choice: Choice) -> None:
        if choice.report is not False:
            self.report_ = report
        elif hasattr(self, "report_"):
            del self.report_

    def _earlier(self, shape: tuple[int, ...]) -> list[NDArray[np.intp]]:
        """The supports that were found before, of a problem with the same features and targets."""
        before = getattr(self, "path_", None) if as_flag("warm_start", self.warm_start) else None
        return [one.support for one in before] if before and before[0].x.shape == shape else []

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        if self.joint is True:
            tags.target_tags.multi_output = True
        return tags

    def _more_tags(self) -> dict[str, bool]:
        # Before scikit-learn 1.6.
        return {"multioutput": self.joint is True}
