"""Regression on few features, whose number is chosen by cross-validation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from sklearn.model_selection import check_cv
from sklearn.utils.extmath import safe_sparse_dot

from .. import _core
from .._choice import chosen, default_largest, least, until_turned, warn_of_largest
from .._core import as_flag, as_index
from .._errors import InvalidValueError
from .._input import as_aligned
from ._criteria import exact_rss
from ._design import Array, Design, Precision, checked_count, clipped_count, design, precision_of, validated
from ._intercept import with_intercept
from ._model import SparseModel
from ._parameters import Choice, choice_of, form_of
from ._results import cv_results
from ._runs import as_chosen, reported, residual_norm, solve_path, with_solution

if TYPE_CHECKING:
    from .. import Solution


class SparseRegressorCV(SparseModel):
    """Linear regression on at most k features, with k chosen by cross-validation.

    Solutions are found for k = 0 … K on the training samples of each fold, as by `SparsityPath`. The k with the least
    mean squared error on the left-out samples (or the smallest k that is nearly as good) is then used on all samples.
    k = 0 is the null model, the mean of the target (0 without an intercept). If it is chosen, nothing was found:
    ``n_nonzero_coefs_`` is 0, ``support_`` is empty, and `predict` returns ``intercept_``.

    With the default algorithm, unless its runs have limits (``iterations``, ``supports``, ``stagnation``,
    ``settings``), the paths of the folds begin only from forward selection and from their neighbours, and the path on
    all samples is followed by `solve` for the chosen k. If the features are also dense, the folds share sufficient
    statistics; see Notes.

    Parameters
    ----------
    max_nonzero_coefs : int or None, default=None
        K. If None, K begins with a tenth of the features or training samples, whichever are fewer, but at least 5. It
        is doubled until the k of least error is at most K/2. It is limited to all features if they are at most half as
        many as the training samples, and otherwise to a quarter of the training samples. Values above the number of
        features, or of training samples of non-zero weight in the smallest fold, are clipped, with a warning if K was
        given. If the k of least error is K and there are more features, a warning says so.
    cv : int, splitter, iterable or None, default=None
        The splits: the number of folds (5 if None), a scikit-learn splitter, or pairs of training and test indices.
    one_standard_error : bool, default=False
        Whether to take the smallest k whose mean error is within one standard error of the least. [1]_
    n_jobs : int or None, default=None
        Number of folds computed at once, as in scikit-learn. They are computed in processes, or in threads if folds
        share sufficient statistics.
    algorithm : str or None, default=None
        An algorithm, or several joined by ``+`` (see `sparsea.algorithms`). If None, the default of `sparsea.solve`,
        for all k of a path together.
    fit_intercept : bool, default=True
        Whether to fit an intercept. Sparse features are centred without being made dense.
    iterations, supports, stagnation : int or None, default=None
        Limits for each k and fold; see `SparseRegressor`.
    time : float or None, default=None
        Time limit in seconds for each k and fold; see `SparsityPath`.
    relative_residual : float or None, default=None
        Stop the search for a k when ‖r‖/‖y‖ is at most this.
    settings : dict or None, default=None
        Settings of the (last) algorithm.
    threads : int or None, default=None
        Number of threads for one fold, or for all folds together if they share sufficient statistics and ``n_jobs`` is
        None. All cores if None. The result does not depend on it.
    positive : bool, default=False
        Whether coefficients must be at least 0. Each k of a fold then has its own run, from its neighbours.
    joint : bool, default=False
        Whether `y` may hold several targets, which then share one support, and so one k. Errors are means over targets.
    max_iter : int or None, default=None
        Another name for ``iterations``; only one of the two may be given.
    tol : float or None, default=None
        Stop the search for a k when Σᵢ wᵢ (yᵢ − ŷᵢ)², summed over targets, is at most this. On the training samples of
        a fold, the limit is the same fraction of Σᵢ wᵢ (yᵢ − ȳ)² as on all samples. It cannot be combined with
        ``relative_residual``.
    random_state : int, RandomState or None, default=None
        The seed of runs for one k, if the algorithm is random. It does not affect the splits. If None, that of
        ``settings``, or else 0: results are always reproducible. A `RandomState` is drawn from once in each fit.
    warm_start : bool, default=False
        Whether the supports in ``path_`` of the previous fit are also tried for the model on all samples, if the
        numbers of features and targets are the same. They are not tried in folds, because they have seen the left-out
        samples.
    report : bool or float, default=False
        Whether to report what was explored by the run for the chosen k: near-ties within 5 % of the best residual, or
        within the margin given. Not available for several targets.

    Attributes
    ----------
    n_nonzero_coefs_ : int
        Number of non-zero coefficients: the chosen k, or fewer if further features explain nothing; 0 for the null
        model.
    n_nonzero_coefs_grid_ : ndarray of shape (K + 1,)
        Every k tried: 0 … K.
    mse_path_ : ndarray of shape (K + 1, n_folds)
        Mean squared error on the left-out samples, for each k and fold; weighted if samples are.
    cv_results_ : dict of str to ndarray or list
        The same as scores, −mse, with the names of `GridSearchCV`: ``params``, ``param_n_nonzero_coefs``,
        ``split0_test_score``, …, ``mean_test_score``, ``std_test_score`` and ``rank_test_score``, with one entry for
        each k. Means and standard deviations are weighted by the shares of the folds; see Notes. All k that are equally
        good have the same rank; without ``one_standard_error``, the smallest k of rank 1 is chosen.
    path_ : list of Solution
        The solutions on all samples, ``path_[k]`` for k = 0 … K; that for the chosen k is ``solution_``.
    coef_, intercept_, support_, support_names_, solution_, n_iter_, n_features_in_, feature_names_in_, report_
        The attributes of the model on all samples; see `SparseRegressor`.

    See Also
    --------
    SparseRegressor : Uses a given k.
    SparsityPath : Chooses k by an information criterion.

    Notes
    -----
    Each fold is weighted by the sum of the weights of its test samples (their number if there are no weights). With
    these shares ω_f, the standard error of a mean ē = Σ ω_f e_f is (Σ ω_f (e_f − ē)² / (F − 1))^½, where F is the
    number of folds that count. It equals ``std_test_score`` divided by (F − 1)^½.

    Dense features are split into blocks of samples that belong to the same training sets. The Gram matrix of each
    block, about the means of the block, is computed once. Those of a training set are added pairwise, without
    cancellation. [2]_ The cost is that of one Gram matrix of all features, n p²/2 multiply-adds for n samples and p
    features, plus that of one path for each fold.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen & Stone 1984, Classification and Regression Trees, section 3.4.3,
       DOI 10.1201/9781315139470.
    .. [2] Chan, Golub & LeVeque 1983, Algorithms for computing the sample variance,
       DOI 10.1080/00031305.1983.10483115.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sparsea.sklearn import SparseRegressorCV
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = SparseRegressorCV(max_nonzero_coefs=10, one_standard_error=True).fit(X, y)
    >>> model.n_nonzero_coefs_
    5
    >>> [str(name) for name in model.support_names_]
    ['sex', 'bmi', 'bp', 's3', 's5']
    """

    def __init__(
        self,
        max_nonzero_coefs: int | None = None,
        *,
        cv: Any = None,
        one_standard_error: bool = False,
        n_jobs: int | None = None,
        algorithm: str | None = None,
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
        random_state: Any = None,
        warm_start: bool = False,
        report: bool | float = False,
    ) -> None:
        self.max_nonzero_coefs = max_nonzero_coefs
        self.cv = cv
        self.one_standard_error = one_standard_error
        self.n_jobs = n_jobs
        self.algorithm = algorithm
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
        self.random_state = random_state
        self.warm_start = warm_start
        self.report = report

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> SparseRegressorCV:
        """Choose k, and find the features and their coefficients.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            The features.
        y : array of shape (n_samples,) or (n_samples, n_targets)
            The target; several with ``joint``.
        sample_weight : array of shape (n_samples,), float or None, default=None
            Weights of the samples, at least 0, used in training and in errors.
        groups : array of shape (n_samples,) or None, default=None
            The group of each sample, for splitters that keep groups together.

        Returns
        -------
        self : SparseRegressorCV

        Raises
        ------
        ValueError
            If shapes differ, or the indices of pandas objects (rows are paired by position); if a value is NaN or
            infinite; if an option is out of range; or if the training samples of a fold all have weight zero.
        TypeError
            If a parameter has the wrong type.
        """
        precision = precision_of(X, y)
        joint = as_flag("joint", self.joint)
        X, y, sample_weight = validated(self, X, y, sample_weight, samples=2, groups=groups, multi_output=joint)
        folds = list(check_cv(self.cv).split(X, y, groups))
        _check_folds(folds, len(y))
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        trained = min(int(np.count_nonzero(weights[train])) for train, _ in folds)
        if trained == 0:
            raise InvalidValueError("sample_weight must not be zero for every training sample of a fold")
        limit = min(trained, self.n_features_in_)
        if self.max_nonzero_coefs is None:
            least_weight = min(float(weights[train].sum()) for train, _ in folds)
            largest, most = default_largest(self.n_features_in_, limit, least_weight)
        else:
            bound = f"there are {trained} training samples in the smallest fold and {self.n_features_in_} features"
            largest = checked_count("max_nonzero_coefs", self.max_nonzero_coefs)
            largest = most = clipped_count("max_nonzero_coefs", largest, limit, bound)

        problem = design(X, y, sample_weight, self.fit_intercept, precision)
        choice = choice_of(self, problem, form_of(self, y), n_jobs=False)
        exact = exact_rss(problem) / (problem.total_weight * (1 if y.ndim == 1 else y.shape[1]))
        shares = np.array([weights[test].sum() for _, test in folds])
        shares = shares / shares.sum()

        def best_of(largest: int) -> int:
            self.mse_path_ = self._errors(X, y, sample_weight, folds, largest, precision, choice)
            return least(self.mse_path_, shares, exact)

        best_k, largest = until_turned(best_of, largest, most)
        self.n_nonzero_coefs_grid_ = np.arange(largest + 1)
        if best_k == largest < self.n_features_in_ and self.mse_path_[best_k] @ shares > exact:
            warn_of_largest("cross-validation", best_k)
        self.cv_results_ = cv_results(self.mse_path_, shares, exact)
        k = chosen(self.mse_path_, shares, self.one_standard_error, exact)
        path, best = self._best(problem, k, largest, choice)
        if self.fit_intercept and k > 0:
            best = with_intercept(problem, X, y, sample_weight, k, best, choice)
        self.path_ = with_solution(path, k, best)
        self._keep(problem, as_chosen(best), choice)
        return self

    def _best(self, problem: Design, k: int, largest: int, choice: Choice) -> tuple[list[Solution], Solution]:
        """The path on all samples, and the solution for the k that was chosen."""
        earlier = self._earlier((self.n_features_in_, *problem.y.shape[1:]))
        path = solve_path(problem, largest, choice, thorough=False, earlier=earlier)
        found = path[k]
        if k > 0 and choice.by_exchanges:
            searched: Solution = choice.run(problem.A, problem.y, k, start=found.support, report=choice.report)
            return path, min(searched, replace(found, report=searched.report), key=residual_norm)
        return path, found if choice.report is False else reported(problem, found, choice)

    def _errors(
        self,
        X: Any,
        y: Array,
        sample_weight: Array | None,
        folds: list[Any],
        largest: int,
        precision: Precision,
        choice: Choice,
    ) -> Array:
        """Mean squared errors for k = 0 … `largest` and each fold."""
        if isinstance(X, np.ndarray) and choice.by_exchanges:
            together = self._errors_together(X, y, sample_weight, folds, largest, precision, choice.options)
            if together is not None:
                nothing = [_null_error(y, sample_weight, fold, self.fit_intercept) for fold in folds]
                return np.vstack([nothing, together])
        columns = Parallel(n_jobs=_jobs(self.n_jobs, len(folds)))(
            delayed(_errors)(X, y, sample_weight, fold, largest, self.fit_intercept, precision, choice)
            for fold in folds
        )
        return np.array(columns).T

    def _errors_together(
        self,
        X: Array,
        y: Array,
        sample_weight: Array | None,
        folds: list[Any],
        largest: int,
        precision: Precision,
        options: dict[str, Any],
    ) -> Array | None:
        """Mean squared errors for k = 1 … `largest` and all folds, or None where numbers leave the range for that."""
        options = dict(options)
        jobs = _jobs(self.n_jobs, len(folds))
        if jobs is not None:
            options["threads"] = min(effective_n_jobs(jobs), len(folds))
        rows = np.arange(len(y), dtype=np.int64)
        pairs = [(rows[train].ravel(), rows[test].ravel()) for train, test in folds]
        digits = np.array(np.broadcast_to(precision.features, X.shape[1]), dtype=np.float64)
        number = np.dtype(np.float64)
        table, y = as_aligned(X, number), as_aligned(y, number)
        sample_weight = None if sample_weight is None else as_aligned(sample_weight, number)
        exact = (digits, precision.target)
        return _core.cross_validate(table, y, sample_weight, bool(self.fit_intercept), exact, pairs, largest, options)


def _check_folds(folds: list[Any], samples: int) -> None:
    """Refuse folds that are no pairs of indices of samples."""
    rows = np.arange(samples)
    for fold in folds:
        try:
            train, test = fold
            rows[train], rows[test]
        except (IndexError, TypeError, ValueError) as error:
            raise InvalidValueError(f"cv must give pairs of training and test indices: {error}") from error


def _jobs(n_jobs: Any, folds: int) -> int | None:
    """Folds computed at once; joblib would start as many processes as it is told to, needed or not."""
    if n_jobs is None:
        return None
    jobs = as_index("n_jobs must be a whole number or None", n_jobs)
    if jobs == 0:
        raise InvalidValueError("n_jobs must not be 0")
    return max(min(jobs, folds), -(2**31))


def _errors(
    X: Any,
    y: Array,
    sample_weight: Array | None,
    fold: tuple[NDArray[np.intp], NDArray[np.intp]],
    largest: int,
    fit_intercept: bool,
    precision: Precision,
    choice: Choice,
) -> Array:
    """Mean squared errors for k = 0 … `largest` on the test samples of a fold."""
    train, test = fold
    train_weight, test_weight = (None, None) if sample_weight is None else (sample_weight[train], sample_weight[test])
    problem = design(X[train], y[train], train_weight, fit_intercept, precision)
    coef = np.array([solution.x.T for solution in solve_path(problem, largest, choice, thorough=False)])
    flat = coef.reshape(-1, coef.shape[-1])
    predicted = safe_sparse_dot(X[test], flat.T, dense_output=True) + problem.intercept(coef).ravel()
    squares = (y[test, np.newaxis] - predicted.reshape(-1, *coef.shape[:-1])) ** 2
    if squares.ndim == 3:
        squares = squares.mean(axis=2)
    if test_weight is not None and not test_weight.any():
        # Nothing of this fold counts.
        return np.zeros(largest + 1)
    return np.asarray(np.average(squares, axis=0, weights=test_weight))


def _null_error(y: Array, sample_weight: Array | None, fold: tuple[Any, Any], fit_intercept: bool) -> float:
    """The mean squared error of the null model on the test samples of a fold."""
    train, test = fold
    train_weight, test_weight = (None, None) if sample_weight is None else (sample_weight[train], sample_weight[test])
    if test_weight is not None and not test_weight.any():
        return 0.0
    level = np.average(y[train], weights=train_weight) if fit_intercept else 0.0
    return float(np.average((y[test] - level) ** 2, weights=test_weight))
