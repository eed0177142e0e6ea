"""SparsityPath and SparseRegressorCV: paths, criteria by their formulas, and the choice of k."""

from __future__ import annotations

import itertools
import math
import pickle
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
    assert len(path.path_) == 20
    assert np.all(np.diff(path.rss_) <= 0)
    assert path.rss_[-1] < 0.5 * path.rss_[0]
    for k, solution in enumerate(path.path_, start=1):
        assert len(solution.support) <= k
        rss = np.sum((y - X @ path.coef_path_[k - 1] - path.intercept_path_[k - 1]) ** 2)
        assert_allclose(path.rss_[k - 1], rss, rtol=1e-9, atol=1e-20)


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
        assert_array_equal(path.path_[k - 1].support, alone.support_)


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
            assert optimum * (1 - 1e-9) <= path.rss_[k - 1] <= forward[k - 1] * (1 + 1e-9)
            best += path.rss_[k - 1] <= optimum * (1 + 1e-9)
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
    assert_allclose(path.rss_, forward_selection(X, y, 8), rtol=1e-9)
    assert {solution.stop_reason for solution in path.path_} == {"time"}


def test_a_path_takes_no_more_than_its_memory() -> None:
    X, y = problem()
    measured = sparsea.Problem(X, y, memory=10_000)
    with pytest.raises(MemoryError, match="path would hold 24000 bytes"):
        measured._sparsity_path(20, True, {})


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
    for k in range(1, 9):
        residual = y[rows] - X[rows] @ path.coef_path_[k - 1] - path.intercept_path_[k - 1]
        rss = float(residual @ residual)
        assert_allclose(path.rss_[k - 1], rss, rtol=1e-9)
        aic = n * math.log(rss / n) + 2 * k
        bic = n * math.log(rss / n) + k * math.log(n)
        assert_allclose(path.aic_[k - 1], aic, rtol=1e-9)
        assert_allclose(path.bic_[k - 1], bic, rtol=1e-9)
        assert_allclose(path.ebic_[k - 1], bic + 2 * 0.5 * math.log(math.comb(p, k)), rtol=1e-9)
        assert_allclose(path.cp_[k - 1], rss / variance - n + 2 * k, rtol=1e-7)


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


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic", "cp"])
def test_the_least_is_chosen(criterion: str) -> None:
    X, y = problem(noise=0.3)
    path = SparsityPath(12, criterion=criterion).fit(X, y)
    values = getattr(path, f"{criterion}_")
    k = path.n_nonzero_coefs_
    assert k == 1 + int(np.argmin(values))
    assert_array_equal(path.coef_, path.coef_path_[k - 1])
    assert_allclose(path.intercept_, path.intercept_path_[k - 1], rtol=1e-9, atol=1e-12)
    assert path.solution_ == path.path_[k - 1]
    assert_array_equal(path.support_, path.path_[k - 1].support)
    assert_allclose(path.predict(X), X @ path.coef_ + path.intercept_)


def test_a_strong_signal_is_found_among_many_features() -> None:
    X, y = problem(samples=90, features=200, k=4, noise=0.3)
    path = SparsityPath(15).fit(X, y)
    assert path.n_nonzero_coefs_ == 4
    assert np.isnan(path.noise_variance_)
    assert np.isnan(path.cp_).all()


def test_an_exact_fit_ends_the_gains() -> None:
    X, _ = problem()
    y = X[:, 3] - X[:, 7] + 1
    for criterion in ["aic", "bic", "ebic"]:
        path = SparsityPath(8, criterion=criterion).fit(X, y)
        assert path.n_nonzero_coefs_ == 2
        assert_array_equal(path.support_, [3, 7])
        assert np.isfinite(getattr(path, f"{criterion}_")).all()


def test_given_variance_is_used() -> None:
    X, y = problem(samples=20, features=40)
    path = SparsityPath(6, criterion="cp", noise_variance=2.5).fit(X, y)
    assert path.noise_variance_ == 2.5
    assert_allclose(path.cp_, path.rss_ / 2.5 - 20 + 2 * np.arange(1, 7))
    with pytest.raises(ValueError, match=r"criterion 'cp' needs noise_variance: .* 20 samples and 40 features"):
        SparsityPath(6, criterion="cp").fit(X, y)


def test_default_and_clipped_lengths() -> None:
    X, y = problem()
    assert len(SparsityPath().fit(X, y).path_) == 5
    assert len(SparsityPath().fit(X[:, :3], y).path_) == 3
    assert len(SparsityPath().fit(np.tile(X, 3)[:, :80], y).path_) == 8
    with pytest.warns(
        UserWarning, match=r"max_nonzero_coefs is 31, but there are 50 samples and 30 features: 30 is used"
    ):
        assert len(SparsityPath(31, algorithm="ols").fit(X, y).path_) == 30
    with pytest.warns(
        UserWarning, match="there are 8 training samples in the smallest fold and 30 features: 8 is used"
    ):
        model = SparseRegressorCV(9, algorithm="ols", cv=5).fit(X[:10], y[:10])
    assert_array_equal(model.n_nonzero_coefs_grid_, np.arange(1, 9))


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"criterion": "aicc"}, ValueError, "criterion must be one of aic, bic, ebic, cp, got 'aicc'"),
        ({"ebic_gamma": -0.1}, ValueError, "ebic_gamma must be from 0 to 1, got -0.1"),
        ({"ebic_gamma": float("nan")}, ValueError, "ebic_gamma must be from 0 to 1, got nan"),
        ({"noise_variance": 0.0}, ValueError, "noise_variance must be above 0 and finite, got 0.0"),
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
    assert model.mse_path_.shape == (7, 4)
    for f, (train, test) in enumerate(folds.split(X)):
        w = (None, None) if weights is None else (weights[train], weights[test])
        path = SparsityPath(7).fit(X[train], y[train], w[0])
        for k in range(7):
            predicted = X[test] @ path.coef_path_[k] + path.intercept_path_[k]
            error = np.average((y[test] - predicted) ** 2, weights=w[1])
            assert_allclose(model.mse_path_[k, f], error, rtol=1e-7)
    shares = np.array([len(test) if weights is None else weights[test].sum() for _, test in folds.split(X)])
    means = np.average(model.mse_path_, axis=1, weights=shares)
    assert model.n_nonzero_coefs_ == 1 + int(np.argmin(means))
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
                same += bool(np.isclose(model.mse_path_[k - 1, f], min(fits)[1], rtol=1e-8))
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
    assert_allclose(model.mse_path_[:5], without.mse_path_, rtol=1e-9)
    assert_array_equal(model.mse_path_[5], model.mse_path_[4])


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
    best = least.n_nonzero_coefs_ - 1
    bound = means[best] + np.sqrt(shares @ (least.mse_path_[best] - means[best]) ** 2 / 4)
    assert fewer.n_nonzero_coefs_ == 1 + int(np.flatnonzero(means <= bound)[0])
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
