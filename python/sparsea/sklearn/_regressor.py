"""Regression on at most k features, for a given k."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import MultiOutputMixin

from .. import Solution, Solutions
from .._core import as_flag
from .._errors import InvalidValueError
from ._design import Design, checked_count, clipped_count, column_norms, design, precision_of, validated
from ._intercept import with_intercept
from ._model import SparseModel
from ._parameters import Choice, choice_of, form_of, relative, tolerance_of
from ._runs import fewest, reported


class SparseRegressor(MultiOutputMixin, SparseModel):  # type: ignore[misc]
    """Linear regression on at most k features, found by a search for the least squared error.

    Minimises Σᵢ wᵢ (yᵢ − c − xᵢᵀβ)² over β with at most k non-zeros and over the intercept c. Each of several targets
    has its own support. With ``joint=True`` all targets share one support: ΣᵢΣₜ wᵢ (yᵢₜ − cₜ − xᵢᵀβₜ)² is minimised
    over B = (β₁ …) with at most k non-zero rows.

    Parameters
    ----------
    n_nonzero_coefs : int or None, default=None
        k, the largest number of non-zero coefficients. If None, it is a tenth of the features, at least 1, as in
        scikit-learn's `OrthogonalMatchingPursuit`; or, if ``tol`` is given, the smallest number that reaches it. Values
        above the number of features, or of samples of non-zero weight, are clipped with a warning.
    algorithm : str or None, default=None
        An algorithm, or several joined by ``+``, where each starts from the solution of the previous one (see
        `sparsea.algorithms`). If None, the default of `sparsea.solve` for this problem: ``"search"``, or ``"sea"`` if
        the problem is too large for it.
    start : str, sequence of int, ndarray, Solution, Solutions or None, default=None
        Where to start: an algorithm, a support of at most k features, coefficients, or a solution (for several targets,
        one for each). If None, the start is zero.
    fit_intercept : bool, default=True
        Whether to fit an intercept. Sparse features are centred without being made dense.
    iterations, supports, stagnation : int or None, default=None
        Stop after this many iterations, supports explored, or iterations without improvement. Without any limit, the
        algorithm's own rule applies.
    time : float or None, default=None
        Stop after this many seconds.
    relative_residual : float or None, default=None
        Stop when ‖r‖/‖y‖ is at most this. Both are weighted, and y is centred if there is an intercept; then
        1 − ‖r‖²/‖y‖² is R². With ``algorithm="omp"`` this takes as many features as needed, up to k.
    settings : dict or None, default=None
        Settings of the (last) algorithm.
    threads : int or None, default=None
        Number of threads; all cores if None. The result does not depend on it.
    positive : bool, default=False
        Whether coefficients must be at least 0.
    joint : bool, default=False
        Whether several targets share one support.
    max_iter : int or None, default=None
        Another name for ``iterations``; only one of the two may be given.
    tol : float or None, default=None
        Stop when Σᵢ wᵢ (yᵢ − ŷᵢ)², the squared norm of the residual, is at most this, as in
        `OrthogonalMatchingPursuit`. It applies to each target, or with ``joint`` to the sum over all targets. If
        ``n_nonzero_coefs`` is None, the smallest number of features that reaches it is searched for, and ``start`` and
        ``warm_start`` are not used. A warning is raised if none reaches it. It cannot be combined with
        ``relative_residual``; it equals (relative_residual ‖y‖)².
    n_jobs : int or None, default=None
        Another name for ``threads``, where −1 means all processors; only one of the two may be given.
    random_state : int, RandomState or None, default=None
        The seed of the algorithm, if it is random. If None, that of ``settings``, or else 0: results are always
        reproducible. A `RandomState` is drawn from once in each fit.
    warm_start : bool, default=False
        Whether a fit starts where the previous one ended, if the numbers of features and targets are the same: at the
        support of ``solution_``, or at its k most important features. ``start`` then applies to the first fit only.
    report : bool or float, default=False
        Whether to report what was explored: near-ties within 5 % of the best residual, or within the margin given. Not
        available for targets that share one support.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The coefficients β.
    intercept_ : float or ndarray of shape (n_targets,)
        c; 0.0 without an intercept.
    support_ : ndarray of int
        Indices of the selected features (for several targets, of those selected for any of them), sorted.
    support_names_ : ndarray of str
        Names of the selected features. Defined only if the features have names.
    solution_ : Solution or Solutions
        The result of `sparsea.solve` for the centred and weighted problem; one solution for targets that share one
        support.
    n_iter_ : int or list of int
        Number of iterations, for each target that has a separate support; at least 1.
    n_nonzero_coefs_ : int
        Number of non-zero coefficients (for several targets, the largest such number): k, or fewer if further features
        explain nothing. For targets that share one support, the number of features used.
    report_ : ExplorationReport or list of ExplorationReport
        The report for each target. Defined only if ``report`` is given.
    n_features_in_ : int
        Number of features of `X`.
    feature_names_in_ : ndarray of str
        Names of the features of `X`. Defined only if `X` has names for all columns.

    See Also
    --------
    SparseRegressorCV : Chooses k by cross-validation.
    SparsityPath : Chooses k by an information criterion.

    Notes
    -----
    Features of any scale have the same chance, because the search sees columns of unit norm. With an intercept,
    constant features are never chosen. This includes features that are constant up to the rounding of their original
    type.

    If k features could add up to most of a constant, the default search also starts from the solution of the problem in
    which the intercept is one of k + 1 features, unless its run has limits or coefficients must be positive. It then
    takes up to three times as long, and ``solution_`` comes from the run with the lower error.

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

    The fewest features that leave at most 55 % of the variance:

    >>> SparseRegressor(tol=0.55 * y.var() * len(y)).fit(X, y).n_nonzero_coefs_
    2
    """

    def __init__(
        self,
        n_nonzero_coefs: int | None = None,
        *,
        algorithm: str | None = None,
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
        joint: bool = False,
        max_iter: int | None = None,
        tol: float | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        report: bool | float = False,
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
        self.joint = joint
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.warm_start = warm_start
        self.report = report

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SparseRegressor:
        """Find the features and their coefficients.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            The features.
        y : array of shape (n_samples,) or (n_samples, n_targets)
            The target, or several.
        sample_weight : array of shape (n_samples,), float or None, default=None
            Weights of the samples, at least 0. A weight of 2 is equivalent to having the sample twice.

        Returns
        -------
        self : SparseRegressor

        Raises
        ------
        ValueError
            If shapes differ, or the indices of pandas objects (rows are paired by position); if a value is NaN or
            infinite; or if an option is out of range.
        TypeError
            If a parameter has the wrong type.
        """
        precision = precision_of(X, y)
        X, y, sample_weight = validated(self, X, y, sample_weight, multi_output=True)
        problem = design(X, y, sample_weight, self.fit_intercept, precision)
        choice = choice_of(self, problem, form_of(self, y))
        if self.n_nonzero_coefs is not None:
            k = checked_count("n_nonzero_coefs", self.n_nonzero_coefs)
            k = clipped_count("n_nonzero_coefs", k, problem.limit, problem.bound)
        else:
            k = min(max(self.n_features_in_ // 10, 1), problem.limit)
        found = self._by_tolerance(problem, choice, k)
        if found is None:
            found = choice.run(problem.A, problem.y, k, start=self._begin(problem, k), report=choice.report)
            if self.fit_intercept and self.start is None:
                found = with_intercept(problem, X, y, sample_weight, k, found, choice)
        if isinstance(found, Solution):
            self._keep(problem, found, choice)
            return self
        self.solution_ = found
        self.coef_ = np.ascontiguousarray(np.asarray(found.x, dtype=np.float64).T)
        self.n_nonzero_coefs_ = int(np.count_nonzero(self.coef_, axis=1).max())
        self.intercept_ = problem.intercept(self.coef_) if self.fit_intercept else 0.0
        self.n_iter_ = [max(solution.iterations, 1) for solution in found]
        self._keep_report([solution.report for solution in found], choice)
        return self

    def _by_tolerance(self, problem: Design, choice: Choice, k: int) -> Solution | Solutions | None:
        """What reaches ``tol``, or None where one run for all targets, or none, sees to that."""
        if self.tol is None:
            return None
        tolerance = tolerance_of(self)
        few = self.n_nonzero_coefs is None
        if few and self.start is not None:
            raise InvalidValueError(
                "start needs n_nonzero_coefs: with tol alone the number of features is searched for"
            )
        separate = problem.y.ndim == 2 and not choice.form.joint
        if not (few or separate):
            return None
        if not separate:
            return self._fewest(problem, choice, tolerance)
        starts = None if few else starts_of(self._begin(problem, k), problem.y.shape[1])
        found = []
        for at, y in enumerate(problem.y.T):
            one = replace(problem, y=np.ascontiguousarray(y))
            limit = {"relative_residual": relative(tolerance, one.y)}
            told = replace(choice, options={**choice.options, **limit})
            if starts is None:
                found.append(self._fewest(one, told, tolerance))
            else:
                found.append(told.run(one.A, one.y, k, start=starts[at], report=told.report))
        return Solutions(found)

    def _fewest(self, problem: Design, choice: Choice, tolerance: float) -> Solution:
        found = fewest(problem, choice, tolerance)
        return found if choice.report is False else reported(problem, found, choice)

    def _begin(self, problem: Design, k: int) -> Any:
        """The start: the previous solution if it fits, otherwise the given start."""
        before = getattr(self, "solution_", None) if as_flag("warm_start", self.warm_start) else None
        shape = (problem.A.shape[1], *problem.y.shape[1:])
        if isinstance(before, Solution) and before.x.shape == shape:
            return most_important(problem.A, before, k)
        if isinstance(before, Solutions) and (before[0].n, len(before)) == shape:
            return [most_important(problem.A, one, k) for one in before]
        return self.start


def most_important(A: Any, found: Solution, k: int) -> NDArray[np.intp]:
    """The support of a solution, or the k features in it that contribute most."""
    support: NDArray[np.intp] = found.support
    if len(support) <= k:
        return support
    norms = column_norms(A[:, support]) if isinstance(A, np.ndarray) else A.column_norms[support]
    lengths = np.linalg.norm(found.coefficients.reshape(len(support), -1), axis=1) * norms
    return np.sort(support[np.argsort(-lengths, kind="stable")[:k]])


def starts_of(start: Any, targets: int) -> list[Any]:
    """The start of each target."""
    if isinstance(start, np.ndarray) and start.ndim == 2:
        start = list(start.T)
    if isinstance(start, (Solutions, tuple, list)) and len(start) and isinstance(start[0], (Solution, np.ndarray)):
        if len(start) != targets:
            raise InvalidValueError(f"start holds {len(start)} starts, but there are {targets} targets")
        return list(start)
    return [start] * targets
