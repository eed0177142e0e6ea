"""Solutions for k = 0 … K, and the choice among them by a criterion."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._choice import default_largest, until_turned, warn_of_largest
from .._core import as_flag
from .._errors import InvalidValueError
from .._input import as_number, shown
from ._criteria import CRITERIA, criteria, exact_rss, full_variance
from ._design import Array, Design, checked_count, clipped_count, design, precision_of, validated
from ._model import SparseModel
from ._parameters import choice_of, form_of
from ._runs import as_chosen, reported, solve_path, with_solution


class SparsityPath(SparseModel):
    """Linear regression for every number of features k = 0 … K, with k chosen by a criterion.

    k = 0 is the null model, the mean of the target (0 without an intercept). If it is chosen, nothing was found:
    ``n_nonzero_coefs_`` is 0, ``support_`` is empty, and `predict` returns ``intercept_``.

    With the default algorithm, all k are solved together: features are exchanged until no exchange lowers the error.
    Exchanges start from forward selection, from the k − 1 features found plus the best additional one, and from the
    k + 1 features found without the least important one. Then they start from features that were exchanged at random,
    within bounded work. [5]_

    With another algorithm, or with limits that a run for one k has (``iterations``, ``supports``, ``stagnation``,
    ``settings``), the search for k features starts from those found for k − 1 plus the best additional one. In both
    cases the result is never worse than that for k − 1 plus one feature, so the error falls with k. With ``positive``
    or ``joint``, each k also has its own search, from both of its neighbours.

    Parameters
    ----------
    max_nonzero_coefs : int or None, default=None
        K. If None, K begins with a tenth of the features or samples, whichever are fewer, but at least 5. It grows
        until the best k is at most K/2. It is limited to all features if they are at most half as many as the samples,
        and otherwise to a quarter of the samples. Values above the number of features, or of samples of non-zero
        weight, are clipped, with a warning if K was given. If the best k is K and there are more features, a warning
        says so.
    criterion : {"aic", "bic", "ebic", "cp", "aicc", "loo"}, default="ebic"
        The criterion that is minimised over k; see Notes.
    ebic_gamma : float, default=1.0
        γ of EBIC, from 0 (BIC) to 1.
    noise_variance : float or None, default=None
        σ², another way to give ``sigma``. If neither is given, the σ² of Cp is estimated from least squares on all
        features, which requires more samples than features. Its degrees of freedom are the number of samples minus the
        rank of the features (and minus 1 for the intercept).
    sigma : float or None, default=None
        σ, the standard deviation of the noise, if known. AIC, AICc, BIC and EBIC then use RSS/σ² in place of
        n log(RSS/n).
    algorithm : str or None, default=None
        An algorithm, or several joined by ``+`` (see `sparsea.algorithms`). If None, the default of `sparsea.solve`,
        for all k together.
    fit_intercept : bool, default=True
        Whether to fit an intercept. Sparse features are centred without being made dense.
    iterations, supports, stagnation : int or None, default=None
        Limits for each k; see `SparseRegressor`.
    time : float or None, default=None
        Time limit in seconds for each k. If all k are solved together, the path has K times as much. No exchange is
        made after that.
    relative_residual : float or None, default=None
        Stop the search for a k when ‖r‖/‖y‖ is at most this.
    settings : dict or None, default=None
        Settings of the (last) algorithm.
    threads : int or None, default=None
        Number of threads; all cores if None. The result does not depend on it.
    positive : bool, default=False
        Whether coefficients must be at least 0. The values of k are then solved for in sequence, and the criterion must
        not be LOO, whose fits are not bounded.
    joint : bool, default=False
        Whether `y` may hold several targets, which then share one support, and so one k.
    max_iter : int or None, default=None
        Another name for ``iterations``; only one of the two may be given.
    tol : float or None, default=None
        Stop the search for a k when Σᵢ wᵢ (yᵢ − ŷᵢ)², summed over targets, is at most this. It cannot be combined with
        ``relative_residual``; it equals (relative_residual ‖y‖)².
    n_jobs : int or None, default=None
        Another name for ``threads``, where −1 means all processors; only one of the two may be given.
    random_state : int, RandomState or None, default=None
        The seed of runs for one k, if the algorithm is random. If None, that of ``settings``, or else 0: results are
        always reproducible. A `RandomState` is drawn from once in each fit. The random exchanges made when all k are
        solved together do not depend on it.
    warm_start : bool, default=False
        Whether the supports found by the previous fit are also tried, each for its k, if the numbers of features and
        targets are the same.
    report : bool or float, default=False
        Whether to report what was explored by a run that begins at the chosen solution: near-ties within 5 % of the
        best residual, or within the margin given. Not available for several targets.

    Attributes
    ----------
    path_ : list of Solution
        The solutions of the centred and weighted problem, ``path_[k]`` for k = 0 … K. If all are solved together, their
        ``algorithm`` is ``"path"``, and ``counts``, ``memory`` and ``elapsed`` are those of the whole path.
    coef_path_ : ndarray of shape (K + 1, n_features) or (K + 1, n_targets, n_features)
        Their coefficients.
    intercept_path_ : ndarray of shape (K + 1,) or (K + 1, n_targets)
        Their intercepts.
    rss_ : ndarray of shape (K + 1,)
        Σ wᵢ (yᵢ − ŷᵢ)² of each solution, summed over targets.
    aic_, bic_, ebic_, cp_, aicc_ : ndarray of shape (K + 1,)
        The criteria of each solution. ``cp_`` is NaN if σ² is neither given nor can be estimated.
    loo_ : ndarray of shape (K + 1,)
        The mean squared leave-one-out error on the support of each solution. Each sample, with its weight, is left out
        in turn, and coefficients and intercept are fitted to the others on the same support. Infinite where that is not
        possible, and NaN unless the criterion is ``"loo"``.
    corrected_loo_ : ndarray of shape (K + 1,)
        ``loo_`` corrected for the number of coefficients; criterion ``"loo"`` minimises it.
    noise_variance_ : float
        σ²; NaN if it is not known.
    n_nonzero_coefs_ : int
        Number of non-zero coefficients of the chosen solution. It may be less than k if further features explain
        nothing, and is 0 for the null model. The smallest k is chosen of several equally good solutions, and of several
        exact fits.
    coef_, intercept_, support_, support_names_, solution_, n_iter_, n_features_in_, feature_names_in_, report_
        The attributes of the chosen solution; see `SparseRegressor`.

    See Also
    --------
    SparseRegressorCV : Chooses k by cross-validation.

    Notes
    -----
    With n samples (or the sum of their weights), p features, and RSS(k) the residual sum of squares of a solution with
    k non-zero coefficients, the criteria are

    - AIC(k) = n log(RSS(k)/n) + 2 k [1]_
    - BIC(k) = n log(RSS(k)/n) + k log n [2]_
    - EBIC(k) = BIC(k) + 2 γ log (p choose k) [3]_
    - Cp(k) = RSS(k)/σ² − n + 2 k [4]_

    - AICc(k) = AIC(k) + 2 q (q + 1) / (n − q − 1), with q = k + 1 parameters, and one more for the intercept [6]_
    - LOO(k) = e(k) (1 + tr C⁻¹/m) / (1 − r/m) [7]_

    The first three are −2 log-likelihood for normal noise of unknown variance, without terms that do not depend on k.
    The intercept counts in none of them, since all k have it. If σ is given, they and AICc have RSS(k)/σ² in place of n
    log(RSS(k)/n), and AICc equals AIC, since no variance is estimated. Otherwise, they and AICc are infinite where
    there are as many coefficients and intercepts as samples, because every y has such a fit.

    Several targets are assumed to have the same noise variance. For T targets, RSS(k) is the sum over all targets, n
    log(RSS(k)/n) becomes n T log(RSS(k)/(n T)), and there are T times as many coefficients and intercepts, but as many
    supports to choose from as for one target. LOO is the mean over targets.

    e(k) is ``loo_``, computed from the leverages of the samples: it is exact, and nothing is refitted. [8]_ m is the
    number of samples of non-zero weight, r the number of coefficients and intercept, and C the matrix of mean products
    of the columns of the support (and of the constant), centred if there is an intercept and scaled to mean square 1.
    The factor estimates how much larger the error is on new samples than on those of the fit, for features that are
    orthonormal in expectation. Multiplying e(k) by it is common in polynomial chaos. [9]_ The factor grows if features
    of the support are nearly dependent, so smaller k are preferred.

    Only EBIC accounts for the number of supports from which a solution was chosen. AIC, AICc, BIC, Cp and LOO
    underestimate the error of a support that was searched for. They choose too many features if p is large, even if y
    is noise.

    References
    ----------
    .. [1] Akaike 1974, A new look at the statistical model identification, DOI 10.1109/TAC.1974.1100705.
    .. [2] Schwarz 1978, Estimating the dimension of a model, DOI 10.1214/aos/1176344136.
    .. [3] Chen & Chen 2008, Extended Bayesian information criteria for model selection with large model spaces,
       DOI 10.1093/biomet/asn034.
    .. [4] Mallows 1973, Some comments on Cp, DOI 10.1080/00401706.1973.10489103.
    .. [5] Miller 1984, Selection of subsets of regression variables, DOI 10.2307/2981576.
    .. [6] Hurvich & Tsai 1989, Regression and time series model selection in small samples,
       DOI 10.1093/biomet/76.2.297.
    .. [7] Chapelle, Vapnik & Bengio 2002, Model selection for small sample regression, DOI 10.1023/A:1013943418833.
    .. [8] Allen 1974, The relationship between variable selection and data augmentation and a method for prediction,
       DOI 10.1080/00401706.1974.10489157.
    .. [9] Blatman & Sudret 2011, Adaptive sparse polynomial chaos expansion based on least angle regression,
       DOI 10.1016/j.jcp.2010.12.021.

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
    >>> [solution.support.tolist() for solution in path.path_[:4]]
    [[], [2], [2, 8], [2, 3, 8]]

    If there is nothing to find, nothing is found:

    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal((100, 51))
    >>> SparsityPath().fit(noise[:, 1:], noise[:, 0]).n_nonzero_coefs_
    0
    """

    def __init__(
        self,
        max_nonzero_coefs: int | None = None,
        *,
        criterion: str = "ebic",
        ebic_gamma: float = 1.0,
        noise_variance: float | None = None,
        sigma: float | None = None,
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
        n_jobs: int | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        report: bool | float = False,
    ) -> None:
        self.max_nonzero_coefs = max_nonzero_coefs
        self.criterion = criterion
        self.ebic_gamma = ebic_gamma
        self.noise_variance = noise_variance
        self.sigma = sigma
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.warm_start = warm_start
        self.report = report

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SparsityPath:
        """Find the solutions and choose one.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            The features.
        y : array of shape (n_samples,) or (n_samples, n_targets)
            The target; several with ``joint``.
        sample_weight : array of shape (n_samples,), float or None, default=None
            Weights of the samples, at least 0. A weight of 2 is equivalent to having the sample twice: the criteria
            count the sum of the weights as the number of samples. Only LOO differs: it leaves out a sample together
            with its weight.

        Returns
        -------
        self : SparsityPath

        Raises
        ------
        ValueError
            If shapes differ, or the indices of pandas objects (rows are paired by position); if a value is NaN or
            infinite; if an option is out of range; or if Cp is the criterion and σ is neither given nor can be
            estimated.
        TypeError
            If a parameter has the wrong type.
        """
        if self.criterion not in CRITERIA:
            raise InvalidValueError(f"criterion must be one of {', '.join(CRITERIA)}, got {self.criterion!r}")
        gamma = as_number("ebic_gamma", "from 0 to 1", self.ebic_gamma, lambda gamma: 0 <= gamma <= 1)
        precision = precision_of(X, y)
        joint = as_flag("joint", self.joint)
        X, y, sample_weight = validated(self, X, y, sample_weight, multi_output=joint)
        problem = design(X, y, sample_weight, self.fit_intercept, precision)
        choice = choice_of(self, problem, form_of(self, y))
        if choice.form.nonnegative and self.criterion == "loo":
            raise InvalidValueError("criterion 'loo' cannot be combined with positive: its fits are not bounded")
        earlier = self._earlier((self.n_features_in_, *y.shape[1:]))
        variance = self._given_variance()
        known = variance is not None
        self.noise_variance_ = full_variance(problem, self.fit_intercept) if variance is None else variance
        if self.criterion == "cp" and np.isnan(self.noise_variance_):
            raise InvalidValueError(
                "criterion 'cp' needs sigma: it cannot be estimated from "
                f"{problem.samples} samples and {self.n_features_in_} features"
            )
        if self.max_nonzero_coefs is None:
            largest, most = default_largest(self.n_features_in_, problem.limit, problem.total_weight)
        else:
            largest = checked_count("max_nonzero_coefs", self.max_nonzero_coefs)
            largest = most = clipped_count("max_nonzero_coefs", largest, problem.limit, problem.bound)

        def best_of(largest: int, thorough: bool = True) -> int:
            self.path_ = solve_path(problem, largest, choice, thorough=thorough, earlier=earlier)
            return best_found()

        def best_found() -> int:
            self.coef_path_ = np.array([solution.x.T for solution in self.path_])
            self.rss_ = np.array([solution.residual_norm**2 for solution in self.path_])
            self._measure(problem, sample_weight, gamma, known)
            values = self.corrected_loo_ if self.criterion == "loo" else getattr(self, f"{self.criterion}_")
            # Whatever comes after the first exact fit explains nothing more.
            exact = np.flatnonzero(self.rss_ <= exact_rss(problem))
            return int(np.argmin(values[: exact[0] + 1] if len(exact) else values))

        best = best_of(largest)
        if 2 * best > largest and largest < most:
            following = min(2 * largest, most)
            if choice.by_exchanges:
                # How far to go is cheaper to see without perturbed supports.
                turned, _ = until_turned(lambda largest: best_of(largest, False), following, most)
                following = min(max(2 * turned, largest + 1), most)
            best, _ = until_turned(best_of, following, most)
        if choice.report is not False:
            self.path_ = with_solution(self.path_, best, reported(problem, self.path_[best], choice))
            best_found()
        self.intercept_path_ = problem.intercept(self.coef_path_)
        if best == len(self.path_) - 1 < self.n_features_in_ and self.rss_[best] > exact_rss(problem):
            warn_of_largest(self.criterion, best)
        self._keep(problem, as_chosen(self.path_[best]), choice)
        return self

    def _given_variance(self) -> float | None:
        """σ², if it is given."""
        rule = "above 0 and finite"
        if self.noise_variance is not None:
            if self.sigma is not None:
                raise InvalidValueError(
                    f"sigma and noise_variance cannot be given together, got {shown(self.sigma)} and "
                    f"{shown(self.noise_variance)}"
                )
            return as_number("noise_variance", rule, self.noise_variance, lambda v: 0 < v < np.inf)
        if self.sigma is None:
            return None
        rule += ", and so its square"
        return as_number("sigma", rule, self.sigma, lambda v: v > 0 and 0 < v * v < np.inf) ** 2

    def _measure(self, problem: Design, sample_weight: Array | None, gamma: float, known: bool) -> None:
        """The criteria."""
        measured = criteria(
            problem,
            self.coef_path_,
            self.rss_,
            fit_intercept=self.fit_intercept,
            sample_weight=sample_weight,
            gamma=gamma,
            variance=self.noise_variance_,
            known=known,
            loo=self.criterion == "loo",
        )
        for name, values in vars(measured).items():
            setattr(self, f"{name}_", values)
