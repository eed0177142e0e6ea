"""SparsityPath and SparseRegressorCV: paths, criteria by their formulas, and the choice of k."""

from __future__ import annotations

import itertools
import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, ShuffleSplit, cross_val_score

import sparsea
from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

Array = NDArray[Any]

# K is often too small on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:k = .* is the best by")

ALGORITHMS = [entry.name for entry in sparsea.algorithms() if entry.operator is None]


def problem(
    samples: int = 50, features: int = 30, k: int = 6, seed: int = 0, noise: float = 1.0
) -> tuple[Array, Array]:
    """Correlated features, and a target made of k of them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((samples, features)) + 0.7 * rng.standard_normal((samples, 1)) + 2
    coef = np.zeros(features)
    coef[rng.choice(features, k, replace=False)] = rng.choice([-1, 1], k) * rng.uniform(0.7, 2, k)
    return X, X @ coef + noise * rng.standard_normal(samples)


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "omp+sea", "iht+htp"])
def test_error_never_rises_with_k(algorithm: str) -> None:
    X, y = problem(samples=25)
    path = SparsityPath(20, algorithm=algorithm, iterations=30).fit(X, y)
    assert len(path.path_) == 21
    assert np.all(np.diff(path.rss_) <= 0)
    assert path.rss_[-1] < 0.5 * path.rss_[1]
    for k, solution in enumerate(path.path_):
        assert len(solution.support) <= k
        rss = np.sum((y - X @ path.coef_path_[k] - path.intercept_path_[k]) ** 2)
        assert_allclose(path.rss_[k], rss, rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name != "omp"])
def test_each_solution_is_no_worse_than_one_feature_more_than_the_last(algorithm: str) -> None:
    X, y = problem(samples=40)
    path = SparsityPath(8, algorithm=algorithm, iterations=2).fit(X, y)
    for before, after in zip(path.path_, path.path_[1:], strict=False):
        outside = np.setdiff1d(np.arange(X.shape[1]), before.support)
        rss = [
            np.sum((y - LinearRegression().fit(X[:, S], y).predict(X[:, S])) ** 2)
            for S in ([*before.support, j] for j in outside)
        ]
        assert after.residual_norm**2 <= min(rss) * (1 + 1e-9)


def test_search_along_the_path_finds_what_search_alone_finds() -> None:
    X, y = problem()
    path = SparsityPath(6).fit(X, y)
    for k in range(1, 7):
        alone = SparseRegressor(k).fit(X, y)
        assert_array_equal(path.path_[k].support, alone.support_)


def rss_on(X: Array, y: Array, support: Any) -> float:
    """The residual sum of squares of least squares with an intercept, by singular values."""
    wide = np.column_stack([np.ones(len(y)), X[:, list(support)]])
    residual = y - wide @ np.linalg.lstsq(wide, y, rcond=None)[0]
    return float(residual @ residual)


def forward_selection(X: Array, y: Array, largest: int) -> list[float]:
    support: list[int] = []
    rss = []
    for _ in range(largest):
        each = {j: rss_on(X, y, [*support, j]) for j in range(X.shape[1]) if j not in support}
        support.append(min(each, key=each.__getitem__))
        rss.append(each[support[-1]])
    return rss


def test_a_path_is_nearly_always_the_best_of_all_and_never_worse_than_forward_selection() -> None:
    best, count = 0, 0
    for seed in range(12):
        X, y = problem(samples=25, features=9, k=4, seed=seed, noise=2.0)
        path = SparsityPath(5).fit(X, y)
        forward = forward_selection(X, y, 5)
        for k in range(1, 6):
            optimum = min(rss_on(X, y, S) for S in itertools.combinations(range(9), k))
            assert optimum * (1 - 1e-9) <= path.rss_[k] <= forward[k - 1] * (1 + 1e-9)
            best += path.rss_[k] <= optimum * (1 + 1e-9)
            count += 1
    assert best >= 0.95 * count


def test_no_neighbour_knows_better() -> None:
    X, y = problem(samples=60, features=40, k=12, noise=3.0)
    path = SparsityPath(14).fit(X, y)
    for below, above in itertools.pairwise(path.path_):
        outside = np.setdiff1d(np.arange(40), below.support)
        one_more = min(rss_on(X, y, [*below.support, j]) for j in outside)
        one_less = min(rss_on(X, y, np.delete(above.support, place)) for place in range(len(above.support)))
        assert above.residual_norm**2 <= one_more * (1 + 1e-9)
        assert below.residual_norm**2 <= one_less * (1 + 1e-9)


def test_the_default_solves_for_all_k_together() -> None:
    X, y = problem()
    for path in [SparsityPath(4), SparsityPath(4, algorithm="Search"), SparsityPath(4, time=10.0)]:
        assert {solution.algorithm for solution in path.fit(X, y).path_} == {"path"}
    for path in [
        SparsityPath(4, algorithm="els"),
        SparsityPath(4, iterations=20),
        SparsityPath(4, settings={"seed": 3}),
    ]:
        assert "path" not in {solution.algorithm for solution in path.fit(X, y).path_}


def test_without_time_a_path_is_forward_selection() -> None:
    X, y = problem(samples=60, features=40, k=12, noise=3.0)
    path = SparsityPath(8, time=0.0).fit(X, y)
    assert_allclose(path.rss_[1:], forward_selection(X, y, 8), rtol=1e-9)
    assert {solution.stop_reason for solution in path.path_[1:]} == {"time"}


def test_a_path_takes_no_more_than_its_memory() -> None:
    X, y = problem()
    measured = sparsea.Problem(X, y, memory=10_000)
    with pytest.raises(MemoryError, match="path would hold 24000 bytes"):
        measured._together(range(1, 21), None, {})


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_criteria_are_their_formulas(weighted: bool, sparse: bool, fit_intercept: bool) -> None:
    X, y = problem()
    rows = np.arange(len(y))
    weights = None
    if weighted:
        weights = np.random.default_rng(1).integers(0, 4, len(y))
        rows = np.repeat(rows, weights)
    path = SparsityPath(8, ebic_gamma=0.5, fit_intercept=fit_intercept, algorithm="ols")
    path.fit(scipy.sparse.coo_array(X) if sparse else X, y, weights)
    n, p = len(rows), X.shape[1]
    everything = LinearRegression(fit_intercept=fit_intercept).fit(X[rows], y[rows])
    variance = np.sum((y[rows] - everything.predict(X[rows])) ** 2) / (n - p - fit_intercept)
    assert_allclose(path.noise_variance_, variance, rtol=1e-8)
    hurvich_tsai = []
    for k in range(9):
        residual = y[rows] - X[rows] @ path.coef_path_[k] - path.intercept_path_[k]
        rss = float(residual @ residual)
        assert_allclose(path.rss_[k], rss, rtol=1e-9)
        aic = n * math.log(rss / n) + 2 * k
        bic = n * math.log(rss / n) + k * math.log(n)
        assert_allclose(path.aic_[k], aic, rtol=1e-9)
        assert_allclose(path.bic_[k], bic, rtol=1e-9)
        assert_allclose(path.ebic_[k], bic + 2 * 0.5 * math.log(math.comb(p, k)), rtol=1e-9, atol=1e-9)
        assert_allclose(path.cp_[k], rss / variance - n + 2 * k, rtol=1e-7)
        # As they write it, with m parameters of the mean.
        m = k + fit_intercept
        hurvich_tsai.append(n * math.log(rss / n) + n * (1 + m / n) / (1 - (m + 2) / n))
    # It differs from AIC + … by what does not depend on k.
    assert_allclose(np.diff(path.aicc_), np.diff(hurvich_tsai), rtol=1e-9)
    assert path.coef_path_.shape == (9, p)
    assert path.path_[0].support.size == 0
    assert_allclose(path.intercept_path_[0], y[rows].mean() if fit_intercept else 0.0, rtol=1e-12)


def leave_one_out_by_refits(X: Array, y: Array, w: Array, fit_intercept: bool) -> float:
    """The weighted mean of squared errors of n least-squares fits."""
    total = 0.0
    for i in np.flatnonzero(w):
        kept = (np.arange(len(y)) != i) & (w > 0)
        wide = np.column_stack([X, np.ones(len(y))]) if fit_intercept else X
        root = np.sqrt(w[kept])
        coef = np.linalg.lstsq(wide[kept] * root[:, np.newaxis], y[kept] * root, rcond=None)[0]
        total += w[i] * (y[i] - wide[i] @ coef) ** 2
    return float(total / w.sum())


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_leave_one_out_is_that_of_refits(weighted: bool, sparse: bool, fit_intercept: bool) -> None:
    X, y = problem()
    X *= 10.0 ** np.random.default_rng(2).uniform(-3, 3, X.shape[1])
    w = np.ones(len(y))
    if weighted:
        w = np.random.default_rng(1).uniform(0.1, 3, len(y)) * (np.arange(len(y)) % 7 > 0)
    path = SparsityPath(8, criterion="loo", fit_intercept=fit_intercept)
    path.fit(scipy.sparse.csr_array(X) if sparse else X, y, w if weighted else None)
    n = np.count_nonzero(w)
    for k, solution in enumerate(path.path_):
        columns = X[:, solution.support]
        assert_allclose(path.loo_[k], leave_one_out_by_refits(columns, y, w, fit_intercept), rtol=1e-10)
        if fit_intercept:
            columns = np.column_stack([columns - np.average(columns, axis=0, weights=w), np.ones(len(y))])
        columns = columns / np.sqrt(np.average(columns**2, axis=0, weights=w))
        trace = np.trace(np.linalg.inv(columns.T @ (columns * (w / w.sum())[:, np.newaxis])))
        factor = (1 + trace / n) / (1 - (k + fit_intercept) / n)
        assert_allclose(path.corrected_loo_[k], path.loo_[k] * factor, rtol=1e-8)
    assert path.n_nonzero_coefs_ == int(np.argmin(path.corrected_loo_))


def test_leave_one_out_is_infinite_where_a_sample_alone_has_a_feature() -> None:
    X, y = problem(samples=20, features=4, k=2)
    X[:, 2] = 0
    X[5, 2] = 1.0
    y[5] += 100
    path = SparsityPath(1, criterion="loo").fit(X, y)
    assert_array_equal(path.path_[1].support, [2])
    assert path.loo_[1] == path.corrected_loo_[1] == np.inf
    assert path.n_nonzero_coefs_ == 0


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_every_target_has_a_fit_with_as_many_parameters_as_samples(fit_intercept: bool) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((9, 30)), rng.standard_normal(9)
    for criterion in ["aic", "bic", "ebic", "aicc", "loo"]:
        path = SparsityPath(8 + (not fit_intercept), criterion=criterion, fit_intercept=fit_intercept).fit(X, y)
        assert path.rss_[-1] < 1e-20
        values = path.corrected_loo_ if criterion == "loo" else getattr(path, f"{criterion}_")
        assert values[-1] == np.inf
        assert path.n_nonzero_coefs_ < len(values) - 1
    # With q parameters there are n − q − 1 samples left, or none.
    assert np.isfinite(path.aicc_).sum() == 7 - fit_intercept


@pytest.mark.parametrize("sparse", [True, False])
def test_noise_variance_does_not_depend_on_units(sparse: bool) -> None:
    X, y = problem()
    scaled = X * 10.0 ** np.random.default_rng(0).uniform(-8, 8, X.shape[1])
    path = SparsityPath(1, algorithm="ols")
    expected = clone(path).fit(X, y).noise_variance_
    assert_allclose(
        path.fit(scipy.sparse.csr_array(scaled) if sparse else scaled, y).noise_variance_, expected, rtol=1e-8
    )


def test_cp_of_all_features_is_their_number() -> None:
    # RSS(p) = (n − p − 1) σ², so that Cp(p) = p − 1 with an intercept that does not count.
    X, y = problem()
    path = SparsityPath(30, algorithm="ols").fit(X, y)
    assert_allclose(path.cp_[-1], 29, rtol=1e-8)


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic", "cp", "aicc"])
def test_the_least_is_chosen(criterion: str) -> None:
    X, y = problem(noise=0.3)
    path = SparsityPath(12, criterion=criterion).fit(X, y)
    values = getattr(path, f"{criterion}_")
    k = path.n_nonzero_coefs_
    assert k == int(np.argmin(values))
    assert_array_equal(path.coef_, path.coef_path_[k])
    assert_allclose(path.intercept_, path.intercept_path_[k], rtol=1e-9, atol=1e-12)
    assert path.solution_ == path.path_[k]
    assert_array_equal(path.support_, path.path_[k].support)
    assert_allclose(path.predict(X), X @ path.coef_ + path.intercept_)


def test_a_strong_signal_is_found_among_many_features() -> None:
    X, y = problem(samples=90, features=200, k=4, noise=0.3)
    path = SparsityPath(15).fit(X, y)
    assert path.n_nonzero_coefs_ == 4
    assert np.isnan(path.noise_variance_)
    assert np.isnan(path.cp_).all()


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("exact", range(4))
def test_of_exact_data_the_smallest_exact_k_is_chosen(exact: int, sparse: bool) -> None:
    for seed in range(5):
        X, _ = problem(seed=seed)
        places = [3, 7, 22][:exact]
        y = X[:, places] @ np.array([1.0, -1.0, 0.01])[:exact] + 1
        features = scipy.sparse.csc_array(X) if sparse else X
        models: list[Any] = [SparsityPath(8, criterion=name) for name in ("aic", "bic", "ebic", "cp", "aicc", "loo")]
        models += [SparsityPath(8, sigma=1e-6), SparseRegressorCV(8), SparseRegressorCV(8, one_standard_error=True)]
        for model in models:
            model.fit(features, y)
            assert_array_equal(model.support_, places)
            assert_allclose(model.predict(X), y, rtol=1e-9)
        assert all(np.isfinite(getattr(models[0], f"{name}_")).all() for name in ("aic", "bic", "ebic", "cp", "aicc"))


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_in_noise_nothing_is_found(fit_intercept: bool) -> None:
    found = np.zeros(2)
    models: list[Any] = [
        SparsityPath(fit_intercept=fit_intercept),
        SparseRegressorCV(fit_intercept=fit_intercept, one_standard_error=True),
    ]
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((100, 50)), rng.standard_normal(100)
        found += [model.fit(X, y).n_nonzero_coefs_ > 0 for model in models]
    assert (found <= [10, 20]).all()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_a_model_of_nothing(sparse: bool, fit_intercept: bool) -> None:
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((100, 50)), rng.standard_normal(100) + (3 if fit_intercept else 0)
    w = rng.uniform(0.5, 2, 100)
    level = np.average(y, weights=w) if fit_intercept else 0.0
    models: list[Any] = [SparsityPath, SparseRegressorCV]
    variants: list[dict[str, Any]] = [{}, {"algorithm": "omp"}, {"iterations": 5}, {"algorithm": "omp+sea"}]
    for estimator in models:
        for options in variants:
            model = estimator(3, fit_intercept=fit_intercept, **options)
            model.fit(scipy.sparse.csr_array(X) if sparse else X, y, w)
            assert model.n_nonzero_coefs_ == 0 == model.solution_.support.size
            assert model.solution_.stop_reason == "nothing_found"
            assert_array_equal(model.coef_, np.zeros(50))
            assert model.support_.size == 0
            assert_allclose(model.intercept_, level, rtol=1e-12)
            assert_allclose(model.predict(X[:3]), np.full(3, level), rtol=1e-12)


def test_a_given_noise_level_is_used() -> None:
    X, y = problem(samples=20, features=40)
    path = SparsityPath(6, criterion="cp", sigma=1.5, ebic_gamma=0.5).fit(X, y)
    assert path.noise_variance_ == 2.25
    k = np.arange(7)
    assert_allclose(path.cp_, path.rss_ / 2.25 - 20 + 2 * k)
    assert_allclose(path.aic_, path.rss_ / 2.25 + 2 * k)
    assert_allclose(path.aicc_, path.aic_)
    assert_allclose(path.bic_, path.rss_ / 2.25 + math.log(20) * k)
    assert_allclose(path.ebic_, path.bic_ + [math.log(math.comb(40, i)) for i in k])
    same = SparsityPath(6, criterion="cp", noise_variance=2.25, ebic_gamma=0.5).fit(X, y)
    assert_array_equal(same.ebic_, path.ebic_)
    with pytest.raises(ValueError, match=r"criterion 'cp' needs sigma: .* 20 samples and 40 features"):
        SparsityPath(6, criterion="cp").fit(X, y)
    with pytest.raises(ValueError, match=r"sigma and noise_variance cannot be given together, got 1\.5 and 2\.0"):
        SparsityPath(6, sigma=1.5, noise_variance=2.0).fit(X, y)


def test_a_default_grows_until_the_criterion_has_turned() -> None:
    X, y = problem(samples=300, features=60, k=20, seed=1, noise=0.1)
    models: list[tuple[Any, str]] = [
        (SparsityPath(), "ebic_"),
        (SparsityPath(algorithm="omp"), "ebic_"),
        (SparseRegressorCV(one_standard_error=True), "mse_path_"),
    ]
    for model, values in models:
        # It begins with 6.
        largest = len(getattr(model.fit(X, y), values)) - 1
        assert 20 <= model.n_nonzero_coefs_ <= largest / 2
        assert largest <= 48
    assert model.n_nonzero_coefs_ == 20


@pytest.mark.parametrize("estimator", [SparsityPath, SparseRegressorCV])
def test_a_default_does_not_grow_until_anything_is_fitted(estimator: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 300))
    y = X[:, :3] @ [1.0, -1.0, 1.0] + 0.3 * rng.standard_normal(60)
    assert_array_equal(estimator().fit(X, y).support_[:3], [0, 1, 2])
    assert estimator().fit(X, y).n_nonzero_coefs_ <= 5
    with pytest.warns(UserWarning, match="k = 15 is the best by aic and the largest that was tried"):
        SparsityPath(criterion="aic").fit(X, y)


@pytest.mark.filterwarnings("default:k = .* is the best by")
def test_the_largest_k_is_no_optimum() -> None:
    X, y = problem(noise=0.3)
    with pytest.warns(UserWarning, match="k = 3 is the best by ebic and the largest that was tried") as warned:
        assert SparsityPath(3).fit(X, y).n_nonzero_coefs_ == 3
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="k = 3 is the best by cross-validation and the largest") as warned:
        assert SparseRegressorCV(3).fit(X, y).n_nonzero_coefs_ == 3
    assert warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Where all features are the best, and where the fit is exact, there is no larger one.
        true = SparsityPath(12).fit(X, y).support_
        assert SparsityPath(len(true)).fit(X[:, true], y).n_nonzero_coefs_ == len(true)
        assert SparsityPath(2).fit(X, X[:, 1] + X[:, 9]).n_nonzero_coefs_ == 2
        assert SparseRegressorCV(2).fit(X, X[:, 1] + X[:, 9]).n_nonzero_coefs_ == 2


def test_default_and_clipped_lengths() -> None:
    X, _ = problem()
    y = np.random.default_rng(5).standard_normal(len(X))
    assert len(SparsityPath().fit(X, y).path_) == 6
    assert len(SparsityPath().fit(X[:, :3], y).path_) == 4
    assert len(SparsityPath().fit(np.tile(X, 3)[:, :80], y).path_) == 6
    assert len(SparsityPath().fit(np.tile(X, (2, 3))[:, :80], np.r_[y, -y]).path_) == 9
    with pytest.warns(
        UserWarning, match=r"max_nonzero_coefs is 31, but there are 50 samples and 30 features: 30 is used"
    ):
        assert len(SparsityPath(31, algorithm="ols").fit(X, y).path_) == 31
    with pytest.warns(
        UserWarning, match="there are 8 training samples in the smallest fold and 30 features: 8 is used"
    ):
        model = SparseRegressorCV(9, algorithm="ols", cv=5).fit(X[:10], y[:10])
    assert_array_equal(model.n_nonzero_coefs_grid_, np.arange(9))


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"criterion": "hq"}, ValueError, "criterion must be one of aic, bic, ebic, cp, aicc, loo, got 'hq'"),
        ({"ebic_gamma": -0.1}, ValueError, "ebic_gamma must be from 0 to 1, got -0.1"),
        ({"ebic_gamma": float("nan")}, ValueError, "ebic_gamma must be from 0 to 1, got nan"),
        ({"noise_variance": 0.0}, ValueError, "noise_variance must be above 0 and finite, got 0.0"),
        ({"sigma": 0.0}, ValueError, "sigma must be above 0 and finite, and so its square, got 0.0"),
        ({"sigma": 1e-200}, ValueError, "sigma must be above 0 and finite, and so its square, got 1e-200"),
        ({"max_nonzero_coefs": 0}, ValueError, "max_nonzero_coefs must be a whole number of at least 1, got 0"),
        ({"max_nonzero_coefs": 1.5}, TypeError, "max_nonzero_coefs must be a whole number of at least 1, got 1.5"),
        ({"algorithm": "none"}, ValueError, "unknown algorithm 'none'"),
    ],
)
def test_impossible_parameters_are_refused(parameters: dict[str, Any], error: type[Exception], message: str) -> None:
    X, y = problem()
    with pytest.raises(error, match=message):
        SparsityPath(**parameters).fit(X, y)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_errors_are_those_of_models_fitted_fold_by_fold(weighted: bool, sparse: bool) -> None:
    X, y = problem()
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y)) if weighted else None
    folds = KFold(4, shuffle=True, random_state=0)
    model = SparseRegressorCV(7, cv=folds).fit(scipy.sparse.csr_array(X) if sparse else X, y, weights)
    assert model.mse_path_.shape == (8, 4)
    for f, (train, test) in enumerate(folds.split(X)):
        w = (None, None) if weights is None else (weights[train], weights[test])
        path = SparsityPath(7).fit(X[train], y[train], w[0])
        for k in range(8):
            predicted = X[test] @ path.coef_path_[k] + path.intercept_path_[k]
            error = np.average((y[test] - predicted) ** 2, weights=w[1])
            assert_allclose(model.mse_path_[k, f], error, rtol=1e-7)
    shares = np.array([len(test) if weights is None else weights[test].sum() for _, test in folds.split(X)])
    means = np.average(model.mse_path_, axis=1, weights=shares)
    assert model.n_nonzero_coefs_ == int(np.argmin(means))
    alone = SparsityPath(model.n_nonzero_coefs_).fit(X, y, weights)
    assert_allclose(model.coef_, alone.coef_path_[-1], rtol=1e-7)
    assert_allclose(model.intercept_, alone.intercept_path_[-1], rtol=1e-7)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_errors_are_those_of_the_best_of_all(fit_intercept: bool, weighted: bool) -> None:
    same, count = 0, 0
    for seed in range(4):
        X, y = problem(samples=40, features=7, k=3, seed=seed)
        w = np.random.default_rng(seed).uniform(0.2, 3, 40) if weighted else np.ones(40)
        folds = KFold(5, shuffle=True, random_state=seed)
        model = SparseRegressorCV(4, cv=folds, fit_intercept=fit_intercept).fit(X, y, w if weighted else None)
        for f, (train, test) in enumerate(folds.split(X)):
            for k in range(1, 5):
                fits = []
                for S in itertools.combinations(range(7), k):
                    wide = np.column_stack([X[:, S], np.ones(40)]) if fit_intercept else X[:, S]
                    root = np.sqrt(w[train])
                    coef = np.linalg.lstsq(wide[train] * root[:, np.newaxis], y[train] * root, rcond=None)[0]
                    rest = (y - wide @ coef) ** 2
                    fits.append((w[train] @ rest[train], np.average(rest[test], weights=w[test])))
                same += bool(np.isclose(model.mse_path_[k, f], min(fits)[1], rtol=1e-8))
                count += 1
    assert same >= 0.95 * count


def test_folds_together_are_folds_one_by_one() -> None:
    X, y = problem(samples=60, features=25)
    y[7] *= 30
    X[:, 3] += 1e6
    for cv in [KFold(6), ShuffleSplit(4, test_size=0.3, random_state=0), LeaveOneOut()]:
        together = SparseRegressorCV(6, cv=cv).fit(X, y)
        one_by_one = SparseRegressorCV(6, cv=cv).fit(scipy.sparse.csr_array(X), y)
        assert_allclose(together.mse_path_, one_by_one.mse_path_, rtol=1e-6)
        assert_allclose(together.coef_, one_by_one.coef_, rtol=1e-6)


def test_folds_may_be_given_in_every_way_that_indexes() -> None:
    X, y = problem()
    test = np.arange(50) % 3 == 0
    expected = SparseRegressorCV(5, cv=[(np.flatnonzero(~test), np.flatnonzero(test))]).fit(X, y)
    negative = np.flatnonzero(test) - 50
    for given in [(~test, test), (np.flatnonzero(~test).tolist(), negative)]:
        assert_array_equal(SparseRegressorCV(5, cv=[given]).fit(X, y).mse_path_, expected.mse_path_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_constant_in_training_is_not_used(dtype: type) -> None:
    X, y = problem(samples=40, features=6, k=2)
    X[:30, 2] = 0.1
    X = X.astype(dtype)
    folds = [(np.arange(30), np.arange(30, 40))]
    model = SparseRegressorCV(6, cv=folds).fit(X, y)
    without = SparseRegressorCV(5, cv=folds).fit(np.delete(X, 2, axis=1), y)
    assert_allclose(model.mse_path_[:6], without.mse_path_, rtol=1e-9)
    assert_array_equal(model.mse_path_[6], model.mse_path_[5])


def test_threads_do_not_matter() -> None:
    X, y = problem(samples=200, features=80, k=10)
    for estimator in [SparseRegressorCV(12, threads=1), SparsityPath(12, threads=1)]:
        one = estimator.fit(X, y)
        for threads in [2, 5]:
            several = clone(estimator).set_params(threads=threads).fit(X, y)
            assert_array_equal(several.coef_, one.coef_)
            if isinstance(several, SparseRegressorCV):
                assert_array_equal(several.mse_path_, one.mse_path_)


def test_units_do_not_matter_to_the_choice() -> None:
    X, y = problem()
    expected = SparseRegressorCV(6).fit(X, y)
    scales = 10.0 ** np.random.default_rng(0).uniform(-120, 120, X.shape[1])
    scaled = SparseRegressorCV(6).fit(X * scales, y)
    assert_allclose(scaled.mse_path_, expected.mse_path_, rtol=1e-8)
    assert_array_equal(scaled.support_, expected.support_)


def test_one_standard_error_takes_fewer_features() -> None:
    X, y = load_diabetes(return_X_y=True)
    least = SparseRegressorCV(10).fit(X, y)
    fewer = clone(least).set_params(one_standard_error=True).fit(X, y)
    assert_array_equal(fewer.mse_path_, least.mse_path_)
    shares = np.array([len(test) for _, test in KFold(5).split(X)]) / len(y)
    means = least.mse_path_ @ shares
    best = least.n_nonzero_coefs_
    bound = means[best] + np.sqrt(shares @ (least.mse_path_[best] - means[best]) ** 2 / 4)
    assert fewer.n_nonzero_coefs_ == int(np.flatnonzero(means <= bound)[0])
    assert fewer.n_nonzero_coefs_ < least.n_nonzero_coefs_


def test_the_number_of_features_is_found() -> None:
    X, y = problem(samples=100, k=4, noise=0.2)
    assert SparseRegressorCV(12, one_standard_error=True).fit(X, y).n_nonzero_coefs_ == 4


def test_groups_are_kept_together() -> None:
    X, y = problem()
    groups = np.arange(len(y)) % 7
    model = SparseRegressorCV(5, cv=GroupKFold(3)).fit(X, y, groups=groups)
    expected = SparseRegressorCV(5, cv=list(GroupKFold(3).split(X, y, groups))).fit(X, y)
    assert_array_equal(model.mse_path_, expected.mse_path_)


def test_jobs_do_not_matter() -> None:
    X, y = problem()
    one = SparseRegressorCV(5, n_jobs=1).fit(X, y)
    two = SparseRegressorCV(5, n_jobs=2).fit(X, y)
    assert_array_equal(one.mse_path_, two.mse_path_)
    assert_array_equal(one.coef_, two.coef_)


def test_samples_of_no_weight_do_not_matter() -> None:
    X, y = problem()
    weights = np.r_[np.ones(40), np.zeros(10)]
    folds = [(np.r_[0:20, 40:45], np.r_[20:40, 45:50]), (np.r_[20:40, 45:50], np.r_[0:20, 40:45])]
    kept = [(train[train < 40], test[test < 40]) for train, test in folds]
    weighted = SparseRegressorCV(5, cv=folds).fit(X, y, weights)
    removed = SparseRegressorCV(5, cv=kept).fit(X[:40], y[:40])
    assert_allclose(weighted.mse_path_, removed.mse_path_, rtol=1e-8)
    assert_allclose(weighted.coef_, removed.coef_, rtol=1e-8)
    empty = [(np.arange(40, 50), np.arange(40))]
    with pytest.raises(ValueError, match="sample_weight must not be zero for every training sample of a fold"):
        SparseRegressorCV(5, cv=empty).fit(X, y, weights)
    # A fold whose test samples do not count decides nothing.
    folds.append((np.arange(40), np.arange(40, 50)))
    assert SparseRegressorCV(5, cv=folds).fit(X, y, weights).n_nonzero_coefs_ == weighted.n_nonzero_coefs_


def test_choices_generalise() -> None:
    X, y = problem(samples=80, features=60, k=5, noise=0.5)
    for model in [SparseRegressorCV(8, algorithm="els"), SparsityPath(8, algorithm="els")]:
        assert cross_val_score(model, X, y, cv=4).mean() > 0.9


def test_pickles_are_alike() -> None:
    X, y = problem()
    for model in [SparseRegressorCV(5).fit(X, y), SparsityPath(5).fit(X, y)]:
        assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
