"""Solutions for k = 1 … K, each from the one before, and the choice among them by an information criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import Problem
from .._errors import InvalidValueError, MemoryLimitError
from .._input import as_number
from ._criteria import CRITERIA, full_variance, log_likelihood_terms, log_models
from ._design import Design, checked_count, clipped_count, design, precision_of, validated
from ._model import SparseModel

if TYPE_CHECKING:
    from .. import Solution

GREEDY = ("omp", "ols")
"""Algorithms that add one feature after the other: each solution of a path is the one before and one feature more."""

OF_A_RUN = ("iterations", "supports", "stagnation", "settings")
"""Options that only a run for a given k has."""


def searches(options: dict[str, Any]) -> bool:
    """Whether the algorithm is the default."""
    algorithm = options["algorithm"]
    return algorithm is None or (isinstance(algorithm, str) and algorithm.strip().lower() == "search")


def exchanges(options: dict[str, Any]) -> bool:
    """Whether all k are found together by exchanges: with the default algorithm, unless its runs are given limits."""
    return searches(options) and all(options[name] is None for name in OF_A_RUN)


def solve_path(problem: Design, largest: int, options: dict[str, Any], *, thorough: bool = True) -> list[Solution]:
    """Solutions for k = 1 … `largest`, each no worse than the one before and one feature more.

    Where all are found together, from perturbed supports as well if they are to be `thorough`.
    """
    if exchanges(options):
        try:
            return Problem(problem.A, problem.y, intercept=False)._sparsity_path(largest, thorough, options)
        except MemoryLimitError:
            # Runs for one k after the other take less.
            pass
    path: list[Solution] = []
    greedy = str(options["algorithm"]).lower() in GREEDY
    completing = options if greedy else {"algorithm": "ols", "threads": options["threads"]}
    # What is known of A serves every k.
    measured = Problem(problem.A, problem.y, intercept=False)
    for k in range(1, largest + 1):
        start = path[-1].support if path else None
        found = measured.solve(k, start=start, **completing)
        if not greedy:
            searched = measured.solve(k, start=found.support, **options)
            found = min(searched, found, key=residual_norm)
        # Where nothing is left to explain, rounding decides.
        path.append(min(found, path[-1], key=residual_norm) if path else found)
    return path


def residual_norm(solution: Solution) -> float:
    """‖r‖, to take the least of."""
    return solution.residual_norm


def default_largest(features: int) -> int:
    """K unless it is given: a tenth of the features, at least 5 where there are as many."""
    return min(max(features // 10, 5), features)


class SparsityPath(SparseModel):
    """Solutions for every number of features k = 1 … K, and the one that an information criterion prefers.

    With the default algorithm all k are solved together: features are exchanged until no exchange lowers the error,
    starting from forward selection, from the k − 1 features found and the best one beside them, and from the k + 1
    features found without the one that matters least; then from features exchanged at random, within bounded work. [5]_
    With another algorithm, or with limits that a run for one k has (``iterations``, ``supports``, ``stagnation``,
    ``settings``), the search for k features starts from those found for k − 1 and the best one beside them. Either way
    the result is never worse than one feature more than that for k − 1: the error falls with k.

    Parameters
    ----------
    max_nonzero_coefs : int or None, default=None
        K. None stands for a tenth of the features, at least 5 (or all, where they are fewer). More than there are
        samples of non-zero weight, or features, is clipped, with a warning if K was given.
    criterion : {"aic", "bic", "ebic", "cp"}, default="ebic"
        What is minimised over k; see Notes.
    ebic_gamma : float, default=1.0
        γ of EBIC, from 0 (BIC) to 1.
    noise_variance : float or None, default=None
        σ² of Cp. Estimated if None from least squares on all features, which takes more samples than features. Its
        degrees of freedom are the samples less the rank of the features (and 1 for the intercept).
    algorithm : str, default="search"
        An algorithm, or several joined by ``+`` (see `sparsea.algorithms`).
    fit_intercept : bool, default=True
        Whether there is an intercept. Sparse features are centred without being made dense.
    iterations, supports, stagnation : int or None, default=None
        Limits for each k, as in `SparseRegressor`.
    time : float or None, default=None
        Seconds for each k. Where all are solved together, K times as much for the path, after which nothing is
        exchanged any more.
    relative_residual : float or None, default=None
        Stop the search for a k when ‖r‖/‖y‖ is at most this.
    settings : dict or None, default=None
        Settings of the (last) algorithm.
    threads : int or None, default=None
        Threads to use; all of the machine's if None. The result does not depend on it.

    Attributes
    ----------
    path_ : list of Solution
        The solutions of the centred and weighted problem for k = 1 … K. Where all are solved together, their
        ``algorithm`` is ``"path"``, and ``counts``, ``memory`` and ``elapsed`` are those of the whole path.
    coef_path_ : ndarray of shape (K, n_features)
        Their coefficients.
    intercept_path_ : ndarray of shape (K,)
        Their intercepts.
    rss_ : ndarray of shape (K,)
        Σ wᵢ (yᵢ − ŷᵢ)² of each.
    aic_, bic_, ebic_, cp_ : ndarray of shape (K,)
        The criteria of each. ``cp_`` is NaN if σ² is not known.
    noise_variance_ : float
        σ²; NaN if it is not known.
    n_nonzero_coefs_ : int
        Non-zero coefficients of the solution preferred, that for the smallest k of several equally good. There may be
        fewer than k, where further features explain nothing.
    coef_, intercept_, support_, support_names_, solution_, n_iter_, n_features_in_, feature_names_in_
        Of that solution, as in `SparseRegressor`.

    See Also
    --------
    SparseRegressorCV : Chooses k by cross-validation.

    Notes
    -----
    With n samples (or the sum of their weights), p features and RSS(k) the residual sum of squares of a solution with k
    non-zero coefficients,

    - AIC(k) = n log(RSS(k)/n) + 2 k [1]_
    - BIC(k) = n log(RSS(k)/n) + k log n [2]_
    - EBIC(k) = BIC(k) + 2 γ log (p choose k) [3]_
    - Cp(k) = RSS(k)/σ² − n + 2 k [4]_

    The first three are −2 log-likelihood of normal noise of unknown variance, less what does not depend on k. The
    intercept counts in none of them, since all k have it.

    References
    ----------
    .. [1] Akaike 1974, A new look at the statistical model identification, DOI 10.1109/TAC.1974.1100705.
    .. [2] Schwarz 1978, Estimating the dimension of a model, DOI 10.1214/aos/1176344136.
    .. [3] Chen & Chen 2008, Extended Bayesian information criteria for model selection with large model spaces,
       DOI 10.1093/biomet/asn034.
    .. [4] Mallows 1973, Some comments on Cp, DOI 10.1080/00401706.1973.10489103.
    .. [5] Miller 1984, Selection of subsets of regression variables, DOI 10.2307/2981576.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sparsea.sklearn import SparsityPath
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> path = SparsityPath(max_nonzero_coefs=10, criterion="bic").fit(X, y)
    >>> path.n_nonzero_coefs_
    5
    >>> [str(name) for name in path.support_names_]
    ['sex', 'bmi', 'bp', 's3', 's5']
    >>> [solution.support.tolist() for solution in path.path_[:3]]
    [[2], [2, 8], [2, 3, 8]]
    """

    def __init__(
        self,
        max_nonzero_coefs: int | None = None,
        *,
        criterion: str = "ebic",
        ebic_gamma: float = 1.0,
        noise_variance: float | None = None,
        algorithm: str = "search",
        fit_intercept: bool = True,
        iterations: int | None = None,
        time: float | None = None,
        supports: int | None = None,
        relative_residual: float | None = None,
        stagnation: int | None = None,
        settings: dict[str, Any] | None = None,
        threads: int | None = None,
    ) -> None:
        self.max_nonzero_coefs = max_nonzero_coefs
        self.criterion = criterion
        self.ebic_gamma = ebic_gamma
        self.noise_variance = noise_variance
        self.algorithm = algorithm
        self.fit_intercept = fit_intercept
        self.iterations = iterations
        self.time = time
        self.supports = supports
        self.relative_residual = relative_residual
        self.stagnation = stagnation
        self.settings = settings
        self.threads = threads

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SparsityPath:
        """Finds the solutions and chooses one.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            The features.
        y : array of shape (n_samples,)
            The target.
        sample_weight : array of shape (n_samples,), float or None, default=None
            Weights of the samples, at least 0. A weight of 2 is as good as having the sample twice: the criteria count
            the sum of the weights as the number of samples.

        Returns
        -------
        self : SparsityPath

        Raises
        ------
        ValueError
            If shapes differ, or indices of pandas (rows are paired by position); if something is NaN or infinite, or
            an option is out of its range; if Cp is to choose and σ² is neither given nor can be estimated.
        TypeError
            If a parameter is of the wrong type.
        """
        if self.criterion not in CRITERIA:
            raise InvalidValueError(f"criterion must be one of {', '.join(CRITERIA)}, got {self.criterion!r}")
        gamma = as_number("ebic_gamma", "from 0 to 1", self.ebic_gamma, lambda gamma: 0 <= gamma <= 1)
        precision = precision_of(X, y)
        X, y, sample_weight = validated(self, X, y, sample_weight)
        problem = design(X, y, sample_weight, self.fit_intercept, precision)
        if self.max_nonzero_coefs is None:
            largest = min(default_largest(self.n_features_in_), problem.limit)
        else:
            largest = checked_count("max_nonzero_coefs", self.max_nonzero_coefs)
            largest = clipped_count("max_nonzero_coefs", largest, problem.limit, problem.bound)
        self.path_ = solve_path(problem, largest, self._options())
        self.coef_path_ = np.array([solution.x for solution in self.path_])
        self.intercept_path_ = problem.intercept(self.coef_path_)
        self._measure(problem, gamma)
        chosen = int(np.argmin(getattr(self, f"{self.criterion}_")))
        self._keep(problem, self.path_[chosen])
        return self

    def _measure(self, problem: Design, gamma: float) -> None:
        """The criteria."""
        k = np.count_nonzero(self.coef_path_, axis=1).astype(np.float64)
        n = problem.total_weight
        self.rss_ = np.array([solution.residual_norm**2 for solution in self.path_])
        fit = log_likelihood_terms(self.rss_, float(problem.y @ problem.y), n, float(problem.rounding))
        self.aic_ = fit + 2 * k
        self.bic_ = fit + np.log(n) * k
        self.ebic_ = self.bic_ + 2 * gamma * log_models(self.n_features_in_, k)
        if self.noise_variance is None:
            self.noise_variance_ = full_variance(problem, self.fit_intercept)
        else:
            rule = "above 0 and finite"
            self.noise_variance_ = as_number("noise_variance", rule, self.noise_variance, lambda v: 0 < v < np.inf)
        if self.criterion == "cp" and not self.noise_variance_ > 0:
            raise InvalidValueError(
                "criterion 'cp' needs noise_variance: it cannot be estimated from "
                f"{problem.samples} samples and {self.n_features_in_} features"
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            self.cp_ = self.rss_ / self.noise_variance_ - n + 2 * k
