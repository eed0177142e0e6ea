"""Regression on at most k features, for k given."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import MultiOutputMixin

from .. import solve
from ._design import checked_count, clipped_count, design, precision_of, validated
from ._intercept import with_intercept
from ._model import SparseModel


class SparseRegressor(MultiOutputMixin, SparseModel):  # type: ignore[misc]
    """Linear regression on at most k features, with the features searched for that leave the least error.

    Minimises Σᵢ wᵢ (yᵢ − c − xᵢᵀβ)² over β with at most k non-zeros and over the intercept c.

    Parameters
    ----------
    n_nonzero_coefs : int or None, default=None
        k, how many coefficients may differ from zero. None stands for a tenth of the features, at least 1, as in
        scikit-learn's `OrthogonalMatchingPursuit`. More than there are samples of non-zero weight, or features, is
        clipped, with a warning.
    algorithm : str, default="search"
        An algorithm, or several joined by ``+``, each starting from the solution of the one before (see
        `sparsea.algorithms`).
    start : str, sequence of int, ndarray, Solution, Solutions or None, default=None
        Where to start: an algorithm, a support of at most k features, coefficients, or a solution (of several targets,
        one for each). From zero if None.
    fit_intercept : bool, default=True
        Whether there is an intercept. Sparse features are centred without being made dense.
    positive : bool, default=False
        Whether coefficients must be at least 0.
    iterations, supports, stagnation : int or None, default=None
        Stop after so many iterations, supports explored, iterations without improvement. If no limit is given, the
        algorithm's own rule holds.
    time : float or None, default=None
        Stop after so many seconds.
    relative_residual : float or None, default=None
        Stop when ‖r‖/‖y‖ is at most this, where both are weighted and y is centred if there is an intercept: then
        1 − ‖r‖²/‖y‖² is R². With ``algorithm="omp"`` this takes as many features as it needs, up to k.
    settings : dict or None, default=None
        Settings of the (last) algorithm.
    threads : int or None, default=None
        Threads to use; all of the machine's if None. The result does not depend on it.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The coefficients β.
    intercept_ : float or ndarray of shape (n_targets,)
        c; 0.0 without an intercept.
    support_ : ndarray of int
        Indices of the features that are used (for several targets, by any of them), sorted.
    support_names_ : ndarray of str
        Their names. Defined only if the features have names.
    solution_ : Solution or Solutions
        What `sparsea.solve` returned for the centred and weighted problem.
    n_iter_ : int or list of int
        Iterations, for each target.
    n_nonzero_coefs_ : int
        Non-zero coefficients (for several targets, of the one that has most): k, or fewer where further features
        explain nothing.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Their names. Defined only if `X` has names for all columns.

    See Also
    --------
    SparseRegressorCV : Chooses k by cross-validation.
    SparsityPath : Chooses k by an information criterion.

    Notes
    -----
    Features of any scale have the same chance: the search sees columns of unit norm. With an intercept, features that
    are constant are never chosen, also those that are so only to rounding, by the precision of the type they come in.

    Where k features could add up to most of a constant, the default search also starts from the answer to the problem
    in which the intercept is one of k + 1 features, unless its run has limits or coefficients must be positive. It
    takes up to three times as long then; ``solution_`` is of the run with the lower error.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sparsea.sklearn import SparseRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = SparseRegressor(n_nonzero_coefs=4).fit(X, y)
    >>> [str(name) for name in model.support_names_]
    ['bmi', 'bp', 's1', 's5']
    >>> round(model.score(X, y), 3)
    0.492
    >>> model.transform(X).shape
    (442, 4)
    """

    def __init__(
        self,
        n_nonzero_coefs: int | None = None,
        *,
        algorithm: str = "search",
        start: Any = None,
        fit_intercept: bool = True,
        iterations: int | None = None,
        time: float | None = None,
        supports: int | None = None,
        relative_residual: float | None = None,
        stagnation: int | None = None,
        settings: dict[str, Any] | None = None,
        threads: int | None = None,
        positive: bool = False,
    ) -> None:
        self.n_nonzero_coefs = n_nonzero_coefs
        self.algorithm = algorithm
        self.start = start
        self.fit_intercept = fit_intercept
        self.iterations = iterations
        self.time = time
        self.supports = supports
        self.relative_residual = relative_residual
        self.stagnation = stagnation
        self.settings = settings
        self.threads = threads
        self.positive = positive

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SparseRegressor:
        """Finds the features and their coefficients.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            The features.
        y : array of shape (n_samples,) or (n_samples, n_targets)
            The target, or several, each with features of its own.
        sample_weight : array of shape (n_samples,), float or None, default=None
            Weights of the samples, at least 0. A weight of 2 is as good as having the sample twice.

        Returns
        -------
        self : SparseRegressor

        Raises
        ------
        ValueError
            If shapes differ, or indices of pandas (rows are paired by position); if something is NaN or infinite, or
            an option is out of its range.
        TypeError
            If a parameter is of the wrong type.
        """
        precision = precision_of(X, y)
        X, y, sample_weight = validated(self, X, y, sample_weight, multi_output=True)
        problem = design(X, y, sample_weight, self.fit_intercept, precision)
        if self.n_nonzero_coefs is None:
            k = min(max(self.n_features_in_ // 10, 1), problem.limit)
        else:
            k = checked_count("n_nonzero_coefs", self.n_nonzero_coefs)
            k = clipped_count("n_nonzero_coefs", k, problem.limit, problem.bound)
        options = self._options()
        options["nonnegative"] = self.positive
        found = solve(problem.A, problem.y, k, start=self.start, intercept=False, **options)
        if self.fit_intercept and self.start is None and not self.positive:
            found = with_intercept(problem, X, y, sample_weight, k, found, options)
        if y.ndim == 1:
            self._keep(problem, found)
            return self
        self.solution_ = found
        self.coef_ = np.ascontiguousarray(np.asarray(found.x, dtype=np.float64).T)
        self.n_nonzero_coefs_ = int(np.count_nonzero(self.coef_, axis=1).max())
        self.intercept_ = problem.intercept(self.coef_) if self.fit_intercept else 0.0
        self.n_iter_ = [solution.iterations for solution in found]
        return self
