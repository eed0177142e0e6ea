"""Parameters in scikit-learn's own names, and what they stand for."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, OrthogonalMatchingPursuit
from sklearn.model_selection import GridSearchCV, KFold

import sparsea
from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

Array = NDArray[Any]

# K is often too small on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:k = .* is the best by")

EVERY = [SparseRegressor(5), SparseRegressorCV(5), SparsityPath(5)]


def problem(
    samples: int = 60, features: int = 40, k: int = 5, seed: int = 0, noise: float = 0.3
) -> tuple[Array, Array]:
    """Correlated features, and a target made of k of them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((samples, features)) + rng.standard_normal((samples, 1)) + 1
    coef = np.zeros(features)
    coef[rng.choice(features, k, replace=False)] = rng.choice([-1, 1], k) * rng.uniform(0.7, 2, k)
    return X, X @ coef + 3 + noise * rng.standard_normal(samples)


def rss_on(X: Array, y: Array, support: Any, positive: bool = False) -> float:
    """The residual sum of squares of least squares with an intercept on some features."""
    columns, y = X[:, list(support)] - X[:, list(support)].mean(axis=0), y - y.mean(axis=0)
    # SciPy's function has no answer where there is no column.
    if positive and columns.size:
        return float(scipy.optimize.nnls(columns, y)[1] ** 2)
    residual = y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    return float(np.sum(residual**2))


def best_rss(X: Array, y: Array, k: int, positive: bool = False) -> float:
    return min(rss_on(X, y, S, positive) for S in itertools.combinations(range(X.shape[1]), k))


@pytest.mark.parametrize("model", EVERY)
def test_the_default_algorithm_is_that_of_solve(model: Any) -> None:
    X, y = problem()
    named = clone(model).set_params(algorithm="search").fit(X, y)
    fitted = clone(model).fit(X, y)
    assert fitted.solution_ == named.solution_
    k = 7
    centred = sparsea.solve(X - X.mean(axis=0), y - y.mean(), k, intercept=False)
    assert_array_equal(SparseRegressor(k).fit(X, y).support_, centred.support)


@pytest.mark.parametrize(
    ("features", "k", "joint", "sparse"),
    [
        (50, 5, False, False),
        (50, 5, False, True),
        (50, 5, True, False),
        (2500, 450, True, False),
        (2500, 450, True, True),
        (12_000, 2400, False, True),
    ],
)
def test_the_default_algorithm_is_that_of_solve_at_every_size(
    features: int, k: int, joint: bool, sparse: bool, rng: np.random.Generator
) -> None:
    X = scipy.sparse.random(k + 20, features, density=0.02, random_state=0, format="csc")
    Y = rng.standard_normal((k + 20, 2))
    given = X if sparse else X.toarray()
    data = Y if joint else Y[:, 0]
    # One iteration tells which it is.
    expected = sparsea.solve(given, data, k, joint=joint, intercept=False, iterations=1)
    model = SparseRegressor(k, joint=joint, fit_intercept=False, max_iter=1, random_state=3).fit(given, data)
    assert model.solution_.algorithm == expected.algorithm
    assert expected.algorithm == ("sea" if features * k > 10**6 else "search")


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [({"max_iter": 3}, {"iterations": 3}), ({"n_jobs": 2}, {"threads": 2}), ({"n_jobs": -1}, {})],
)
def test_other_names_mean_the_same(model: Any, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    X, y = problem()
    a, b = clone(model).set_params(**theirs).fit(X, y), clone(model).set_params(**ours).fit(X, y)
    assert a.solution_ == b.solution_
    assert_array_equal(a.coef_, b.coef_)


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_tolerance_is_the_squared_norm_of_the_residual(model: Any, weighted: bool) -> None:
    X, y = problem()
    w = np.random.default_rng(1).uniform(0, 2, len(y)) if weighted else np.ones(len(y))
    total = w @ (y - np.average(y, weights=w)) ** 2
    for share in (0.5, 0.2, 0.05):
        a = clone(model).set_params(tol=share * total, algorithm="omp").fit(X, y, w)
        b = clone(model).set_params(relative_residual=np.sqrt(share), algorithm="omp").fit(X, y, w)
        assert_array_equal(a.coef_, b.coef_)
        if isinstance(model, SparseRegressorCV):
            assert_array_equal(a.mse_path_, b.mse_path_)


@pytest.mark.parametrize("seed", range(3))
def test_a_tolerance_alone_is_that_of_orthogonal_matching_pursuit(seed: int) -> None:
    X, y = problem(seed=seed, noise=1.0)
    X = (X - X.mean(axis=0)) / np.linalg.norm(X - X.mean(axis=0), axis=0)
    y = y - y.mean()
    for share in (0.9, 0.5, 0.2, 0.05):
        tol = share * (y @ y)
        theirs = OrthogonalMatchingPursuit(tol=tol, fit_intercept=False).fit(X, y)
        ours = SparseRegressor(tol=tol, algorithm="omp", fit_intercept=False).fit(X, y)
        assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_tolerance_alone_takes_the_fewest_features(seed: int, positive: bool) -> None:
    X, y = problem(30, 8, 3, seed, noise=1.5)
    y = X @ np.abs(np.linalg.lstsq(X, y, rcond=None)[0]) + np.random.default_rng(seed).standard_normal(30)
    total = rss_on(X, y, [], positive)
    least = [total] + [best_rss(X, y, k, positive) for k in range(1, 9)]
    for tol in np.geomspace(least[-1] * 1.01, total * 0.99, 6):
        fewest = next(k for k, rss in enumerate(least) if rss <= tol)
        model = SparseRegressor(tol=tol, positive=positive).fit(X, y)
        rss = np.sum((y - model.predict(X)) ** 2)
        assert model.n_nonzero_coefs_ == fewest
        assert rss <= tol
        assert_allclose(rss, least[fewest], rtol=1e-9)
    assert SparseRegressor(tol=1.01 * total, positive=positive).fit(X, y).n_nonzero_coefs_ == 0


def test_a_tolerance_that_nothing_reaches_is_said() -> None:
    X, y = problem(30, 6)
    given: list[dict[str, Any]] = [{}, {"algorithm": "omp"}, {"positive": True}]
    for options in given:
        with pytest.warns(UserWarning, match="tol is 1e-06, but the least squared norm of the residual found is"):
            model = SparseRegressor(tol=1e-6, **options).fit(X, y)
        if "positive" not in options:
            assert_allclose(np.sum((y - model.predict(X)) ** 2), rss_on(X, y, range(6)), rtol=1e-9)
    # Nothing is left of what nothing explains.
    assert SparseRegressor(tol=0.0).fit(X, np.full(30, 2.0)).n_nonzero_coefs_ == 0


def test_every_target_has_its_tolerance() -> None:
    X, y = problem()
    Y = np.column_stack([y, 100 * X[:, :7].sum(axis=1) + y, np.sin(y)])
    given: list[dict[str, Any]] = [{}, {"n_nonzero_coefs": 9}, {"n_nonzero_coefs": 9, "start": np.zeros((40, 3))}]
    for options in given:
        several = SparseRegressor(tol=20.0, algorithm="omp", **options).fit(X, Y)
        for target, coef in enumerate(several.coef_):
            k = options.get("n_nonzero_coefs")
            alone = SparseRegressor(k, tol=20.0, algorithm="omp").fit(X, Y[:, target])
            assert_allclose(coef, alone.coef_, rtol=1e-9)
    together = SparseRegressor(tol=20.0, joint=True).fit(X, Y[:, [0, 2]])
    assert np.sum((Y[:, [0, 2]] - together.predict(X)) ** 2) <= 20.0


def test_random_states_are_seeds() -> None:
    X, y = problem(40, 60, 8, noise=3.0)
    model = SparseRegressor(12, max_iter=40)
    seeded = clone(model).set_params(settings={"seed": 5}).fit(X, y)
    assert clone(model).set_params(random_state=5).fit(X, y).solution_ == seeded.solution_
    assert clone(model).set_params(random_state=np.int64(5)).fit(X, y).solution_ == seeded.solution_
    assert clone(model).fit(X, y).solution_ == clone(model).set_params(random_state=0).fit(X, y).solution_
    drawn = [clone(model).set_params(random_state=np.random.RandomState(1)).fit(X, y).solution_ for _ in range(2)]
    assert drawn[0] == drawn[1]
    # Other settings stay, and what draws nothing is not asked to.
    with_settings = clone(model).set_params(random_state=5, settings={"exploration": 0.2}).fit(X, y)
    both = clone(model).set_params(settings={"exploration": 0.2, "seed": 5}).fit(X, y)
    assert with_settings.solution_ == both.solution_
    for algorithm in ("omp", "sea", "search+htp"):
        a, b = (
            clone(model).set_params(algorithm=algorithm, random_state=state).fit(X, y).solution_ for state in (1, None)
        )
        assert a == b
    explored = {clone(model).set_params(random_state=s).fit(X, y).solution_.supports_explored for s in range(5)}
    assert len(explored) > 1


@pytest.mark.parametrize("model", [SparsityPath(5), SparseRegressorCV(5)])
def test_a_seed_leaves_paths_together(model: Any) -> None:
    X, y = problem()
    seeded, plain = clone(model).set_params(random_state=7).fit(X, y), clone(model).fit(X, y)
    assert seeded.path_[3].algorithm == "path"
    assert [one.support.tolist() for one in seeded.path_] == [one.support.tolist() for one in plain.path_]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_positive_paths_are_the_best_of_all(seed: int, sparse: bool) -> None:
    X, y = problem(30, 8, 4, seed)
    given = scipy.sparse.csc_array(X) if sparse else X
    path = SparsityPath(6, positive=True, criterion="bic").fit(given, y)
    assert np.all(path.coef_path_ >= 0)
    assert np.all(np.diff(path.rss_) <= 0)
    least = [np.sum((y - y.mean()) ** 2)] + [best_rss(X, y, k, positive=True) for k in range(1, 7)]
    assert_allclose(path.rss_, least, rtol=1e-8)
    n, k = len(y), np.count_nonzero(path.coef_path_, axis=1)
    assert_allclose(path.bic_, n * np.log(path.rss_ / n) + k * np.log(n), rtol=1e-9)
    assert np.all(path.coef_ >= 0)


@pytest.mark.parametrize("sparse", [False, True])
def test_positive_folds_are_the_best_of_all(sparse: bool) -> None:
    X, y = problem(30, 6, 3)
    given = scipy.sparse.csr_array(X) if sparse else X
    folds = list(KFold(3).split(X))
    model = SparseRegressorCV(3, positive=True, cv=folds).fit(given, y)
    for fold, (train, test) in enumerate(folds):
        means, level = X[train].mean(axis=0), y[train].mean()
        for k in range(1, 4):
            supports = itertools.combinations(range(6), k)
            S = min(supports, key=lambda S: rss_on(X[train], y[train], S, positive=True))
            coef, _ = scipy.optimize.nnls(X[train][:, S] - means[list(S)], y[train] - level)
            errors = y[test] - level - (X[test][:, S] - means[list(S)]) @ coef
            assert_allclose(model.mse_path_[k, fold], np.mean(errors**2), rtol=1e-8)
    assert np.all(model.coef_ >= 0)


def test_results_are_those_of_a_grid_search() -> None:
    X, y = problem(50, 12)
    ks = range(1, 9)
    grid = GridSearchCV(
        SparseRegressor(algorithm="omp"), {"n_nonzero_coefs": ks}, scoring="neg_mean_squared_error", cv=5
    ).fit(X, y)
    model = SparseRegressorCV(8, algorithm="omp", cv=5).fit(X, y)
    theirs, ours = grid.cv_results_, model.cv_results_
    for name in ["mean_test_score", "std_test_score", *(f"split{fold}_test_score" for fold in range(5))]:
        assert_allclose(ours[name][1:], theirs[name], rtol=1e-8)
    assert ours["params"][1:] == theirs["params"]
    assert_array_equal(ours["param_n_nonzero_coefs"][1:].astype(int), theirs["param_n_nonzero_coefs"].astype(int))
    # k = 0, which has no place in a grid, is the worst here.
    assert ours["rank_test_score"][0] == 9
    assert_array_equal(ours["rank_test_score"][1:], theirs["rank_test_score"])
    assert ours["rank_test_score"][model.n_nonzero_coefs_] == 1
    assert set(ours) <= set(theirs)
    assert_allclose(-ours["mean_test_score"], model.mse_path_.mean(axis=1))


def test_results_of_folds_that_differ_are_weighted() -> None:
    X, y = problem(53, 12)
    w = np.random.default_rng(0).uniform(0.1, 2, 53)
    model = SparseRegressorCV(4).fit(X, y, w)
    shares = np.array([w[test].sum() for _, test in KFold(5).split(X)]) / w.sum()
    means = np.average(model.mse_path_, axis=1, weights=shares)
    assert_allclose(model.cv_results_["mean_test_score"], -means)
    squares = (model.mse_path_ - means[:, np.newaxis]) ** 2
    assert_allclose(model.cv_results_["std_test_score"], np.sqrt(np.average(squares, axis=1, weights=shares)))


@pytest.mark.parametrize("options", [{}, {"algorithm": "omp"}, {"positive": True}, {"one_standard_error": True}])
def test_the_path_on_all_samples(options: dict[str, Any]) -> None:
    X, y = problem(noise=4.0)
    model = SparseRegressorCV(6, **options).fit(X, y)
    assert len(model.path_) == 7
    chosen = len(model.solution_.support)
    assert model.path_[chosen] == model.solution_
    rss = [one.residual_norm**2 for one in model.path_]
    assert np.all(np.diff(rss) <= 0)
    for k, one in enumerate(model.path_):
        assert len(one.support) <= k
        assert_allclose(rss[k], rss_on(X, y, one.support, "positive" in options), rtol=1e-8)


@pytest.mark.parametrize("form", ["dense", "sparse", "two targets", "joint"])
def test_a_warm_start_is_where_the_fit_before_ended(form: str) -> None:
    X, y = problem(noise=2.0)
    targets = np.column_stack([y, y[::-1]]) if form in {"two targets", "joint"} else y
    given = scipy.sparse.csc_array(X) if form == "sparse" else X
    model = SparseRegressor(6, warm_start=True, joint=form == "joint").fit(given, targets)
    best, supports = model.coef_, np.atleast_2d(model.coef_ != 0)
    model.set_params(algorithm="htp", max_iter=0).fit(given, targets)
    assert_allclose(model.coef_, best, rtol=1e-9)
    # Of fewer, those that contribute most.
    model.set_params(n_nonzero_coefs=4).fit(given, targets)
    kept = np.atleast_2d(model.coef_ != 0)
    assert np.all(supports[kept])
    spread = np.atleast_2d(np.abs(best)) * X.std(axis=0)
    spread = np.linalg.norm(spread, axis=0, keepdims=True) if form == "joint" else spread
    for row, chosen in zip(spread, kept, strict=False):
        assert row[chosen].min() >= np.sort(row)[-4]
    # Without it, there is nothing to begin with.
    assert not np.any(model.set_params(warm_start=False).fit(given, targets).coef_)
    # Nor with other shapes, where the first start holds.
    other = SparseRegressor(4, warm_start=True, algorithm="htp", max_iter=0, start=[0, 1]).fit(given, targets)
    assert_array_equal(other.fit(X[:, :20], targets).support_, [0, 1])
    assert_array_equal(other.set_params(start=[2, 3]).fit(X, y[:, np.newaxis] if targets is y else y).support_, [2, 3])


@pytest.mark.parametrize("estimator", [SparsityPath, SparseRegressorCV])
@pytest.mark.parametrize("options", [{}, {"joint": True}, {"positive": True}])
def test_paths_are_never_worse_than_what_they_start_from(estimator: type, options: dict[str, Any]) -> None:
    X, y = problem(40, 60, 10, noise=2.0)
    y = y + X[:, ::6].sum(axis=1)
    targets = np.column_stack([y, y + np.cos(3 * y)]) if "joint" in options else y
    greedy = estimator(8, algorithm="omp", **options).fit(X, targets)
    model = estimator(8, warm_start=True, **options).fit(X, targets)
    searched = [one.residual_norm for one in model.path_]
    model.set_params(algorithm="omp").fit(X, targets)
    warm = [one.residual_norm for one in model.path_]
    assert np.all(np.array(warm) <= np.array(searched) * (1 + 1e-12))
    assert warm[8] < greedy.path_[8].residual_norm
    if estimator is SparseRegressorCV:
        # What has seen the samples left out plays no part in errors.
        assert_array_equal(model.mse_path_, greedy.mse_path_)


@pytest.mark.parametrize("model", EVERY)
def test_reports(model: Any) -> None:
    X, y = problem(noise=2.0)
    plain = clone(model).fit(X, y)
    fitted = clone(model).set_params(report=True).fit(X, y)
    assert not hasattr(plain, "report_")
    assert fitted.report_ is fitted.solution_.report
    assert fitted.report_.exchanges_scored
    assert fitted.report_.margin == 0.05
    assert_array_equal(fitted.support_, plain.support_)
    assert fitted.report_.best[0].support == tuple(fitted.support_)
    assert clone(model).set_params(report=0.02).fit(X, y).report_.margin == 0.02
    assert not hasattr(fitted.set_params(report=False).fit(X, y), "report_")


def test_reports_of_several_targets_and_of_a_tolerance() -> None:
    X, y = problem()
    Y = np.column_stack([y, y[::-1]])
    reports = SparseRegressor(4, report=True).fit(X, Y).report_
    assert [type(one) for one in reports] == [sparsea.ExplorationReport] * 2
    model = SparseRegressor(tol=50.0, report=True).fit(X, y)
    assert model.report_.best[0].support == tuple(model.support_)
    for joint in (SparseRegressor(4, joint=True, report=True), SparsityPath(4, joint=True, report=True)):
        with pytest.raises(ValueError, match="a report works on single columns and one y"):
            joint.fit(X, Y)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_targets_with_one_support_have_the_best_of_all(sparse: bool, fit_intercept: bool) -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((25, 8)) + (1 if fit_intercept else 0)
    Y = X[:, [1, 4, 6]] @ rng.standard_normal((3, 3)) + 0.8 * rng.standard_normal((25, 3)) + 5 * fit_intercept
    w = rng.uniform(0.2, 2, 25)
    given = scipy.sparse.csr_array(X) if sparse else X

    def rss(S: Any) -> float:
        fit = LinearRegression(fit_intercept=fit_intercept).fit(X[:, list(S)], Y, w)
        return float(np.sum(w[:, np.newaxis] * (Y - fit.predict(X[:, list(S)])) ** 2))

    path = SparsityPath(5, joint=True, fit_intercept=fit_intercept, criterion="bic").fit(given, Y, w)
    for k in range(1, 6):
        best = min(itertools.combinations(range(8), k), key=rss)
        model = SparseRegressor(k, joint=True, fit_intercept=fit_intercept).fit(given, Y, w)
        assert_array_equal(model.support_, best)
        assert model.n_nonzero_coefs_ == k
        assert isinstance(model.n_iter_, int)
        exact = LinearRegression(fit_intercept=fit_intercept).fit(X[:, best], Y, w)
        assert_allclose(model.coef_[:, best], exact.coef_, rtol=1e-8)
        assert_allclose(model.predict(X), exact.predict(X[:, best]), rtol=1e-8)
        assert_allclose(path.rss_[k], rss(best), rtol=1e-8)
        assert_allclose(path.coef_path_[k][:, best], exact.coef_, rtol=1e-8)
        assert_allclose(path.intercept_path_[k] + np.zeros(3), exact.intercept_ + np.zeros(3), rtol=1e-8)
    assert path.coef_.shape == (3, 8)
    assert_allclose(path.predict(X), X @ path.coef_.T + path.intercept_)


def test_criteria_of_several_targets_are_their_formulas() -> None:
    rng = np.random.default_rng(3)
    n, p, T = 30, 7, 3
    X = rng.standard_normal((n, p)) + 1
    Y = X[:, [0, 3]] @ rng.standard_normal((2, T)) + rng.standard_normal((n, T))
    path = SparsityPath(5, joint=True, criterion="loo", sigma=None).fit(X, Y)
    k, N = np.arange(6), n * T
    fit = N * np.log(path.rss_ / N)
    assert_allclose(path.aic_, fit + 2 * k * T)
    assert_allclose(path.bic_, fit + np.log(n) * k * T)
    choices = np.array([np.prod([(p - j) / (j + 1) for j in range(int(one))]) for one in k])
    assert_allclose(path.ebic_, fit + np.log(n) * k * T + 2 * np.log(choices))
    q = k * T + T + 1
    assert_allclose(path.aicc_, path.aic_ + 2 * q * (q + 1) / (N - q - 1))
    full = Y - LinearRegression().fit(X, Y).predict(X)
    assert_allclose(path.noise_variance_, np.sum(full**2) / (T * (n - p - 1)))
    assert_allclose(path.cp_, path.rss_ / path.noise_variance_ - N + 2 * k * T)
    for size in range(1, 6):
        S = path.path_[size].support
        errors = []
        for i in range(n):
            rest = np.arange(n) != i
            errors.append(Y[i] - LinearRegression().fit(X[rest][:, S], Y[rest]).predict(X[[i]][:, S])[0])
        assert_allclose(path.loo_[size], np.mean(np.square(errors)))
    noise = SparsityPath(5, joint=True).fit(X, rng.standard_normal((n, T)))
    assert noise.n_nonzero_coefs_ == 0
    assert noise.predict(X).shape == (n, T)


@pytest.mark.parametrize("sparse", [False, True])
def test_folds_of_several_targets_are_fitted_one_by_one(sparse: bool) -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((40, 10)) + 1
    Y = X[:, [2, 5]] @ rng.standard_normal((2, 3)) + rng.standard_normal((40, 3))
    w = rng.uniform(0.5, 2, 40)
    given = scipy.sparse.csc_array(X) if sparse else X
    model = SparseRegressorCV(4, joint=True, cv=4).fit(given, Y, w)
    for fold, (train, test) in enumerate(KFold(4).split(X)):
        for k in range(5):
            level = np.average(Y[train], axis=0, weights=w[train])
            predicted = np.tile(level, (len(test), 1))
            if k > 0:
                predicted = SparseRegressor(k, joint=True).fit(X[train], Y[train], w[train]).predict(X[test])
            mse = np.average(np.mean((Y[test] - predicted) ** 2, axis=1), weights=w[test])
            assert_allclose(model.mse_path_[k, fold], mse, rtol=1e-8)
    assert model.coef_.shape == (3, 10)
    assert_array_equal(model.support_, [2, 5])


@pytest.mark.parametrize("model", EVERY)
def test_one_target_is_one_target(model: Any) -> None:
    X, y = problem()
    joint = clone(model).set_params(joint=True)
    assert_array_equal(joint.fit(X, y).coef_, clone(model).fit(X, y).coef_)
    column = clone(joint).fit(X, y[:, np.newaxis])
    assert column.coef_.shape == (1, 40)
    assert_allclose(column.coef_[0], joint.coef_, rtol=1e-8)
    assert column.predict(X).shape == (60, 1)


def test_peaks_beside_an_intercept_are_found_for_several_targets(rng: np.random.Generator) -> None:
    positions = np.arange(0, 72.5, 0.5)
    X = np.exp(-0.5 * ((np.arange(73)[:, np.newaxis] - positions) / 1.2) ** 2)
    support = [4 + 7 * peak for peak in range(20)]
    Y = X[:, support] @ rng.uniform(1, 2, (20, 2)) + [3.0, -40.0]
    model = SparseRegressor(20, joint=True).fit(X, Y)
    assert model.support_.tolist() == support
    assert_allclose(model.intercept_, [3.0, -40.0])


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_iter": 3, "iterations": 3}, ValueError, "max_iter and iterations cannot be given together, got 3 and 3"),
        ({"tol": 1.0, "relative_residual": 0.1}, ValueError, "tol and relative_residual cannot be given together"),
        ({"max_iter": -1}, ValueError, "max_iter must be a whole number of at least 0, got -1"),
        ({"max_iter": 2.5}, TypeError, "max_iter must be a whole number of at least 0, got 2.5"),
        ({"tol": -1.0}, ValueError, "tol must be at least 0 and finite, got -1"),
        ({"tol": np.inf}, ValueError, "tol must be at least 0 and finite, got inf"),
        ({"tol": "1"}, TypeError, "tol must be at least 0 and finite, got '1'"),
        ({"n_jobs": 0}, ValueError, "n_jobs must"),
        ({"n_jobs": 1.5}, TypeError, "n_jobs must be a whole number or None, got 1.5"),
        ({"random_state": -1}, ValueError, "random_state must be a whole number from 0 to 4294967295, a RandomState"),
        ({"random_state": "1"}, ValueError, "or None, got '1'"),
        (
            {"random_state": 1, "settings": {"seed": 2}},
            ValueError,
            "random_state and the setting seed cannot be given together, got 1 and 2",
        ),
        ({"joint": np.ones(2)}, TypeError, "joint must be True or False"),
        ({"positive": np.ones(2)}, TypeError, "positive must be True or False"),
        ({"warm_start": np.ones(2)}, TypeError, "warm_start must be True or False"),
        ({"report": np.ones(2)}, TypeError, "report must be True or False"),
        ({"report": -0.5}, ValueError, "-0.5"),
        ({"positive": True, "algorithm": "lasso"}, ValueError, "lasso needs the squared loss and coefficients of any"),
    ],
)
def test_impossible_parameters_are_refused(model: Any, options: dict[str, Any], error: Any, message: str) -> None:
    X, y = problem()
    with pytest.raises(error, match=message):
        clone(model).set_params(**options).fit(X, y)


def test_what_does_not_go_together_is_refused() -> None:
    X, y = problem()
    Y = np.column_stack([y, y])
    with pytest.raises(ValueError, match="n_jobs and threads cannot be given together, got 2 and 1"):
        SparseRegressor(3, n_jobs=2, threads=1).fit(X, y)
    with pytest.raises(ValueError, match="criterion 'loo' cannot be combined with positive"):
        SparsityPath(3, positive=True, criterion="loo").fit(X, y)
    with pytest.raises(ValueError, match="start needs n_nonzero_coefs"):
        SparseRegressor(tol=1.0, start=[0, 1]).fit(X, y)
    with pytest.raises(ValueError, match="start holds 3 starts, but there are 2 targets"):
        SparseRegressor(3, tol=1.0, start=np.zeros((40, 3))).fit(X, Y)
    with pytest.raises(ValueError, match="lasso works on single columns and one y"):
        SparseRegressor(3, joint=True, algorithm="lasso").fit(X, Y)
    for model in (SparsityPath(3), SparseRegressorCV(3)):
        with pytest.raises(ValueError, match=r"y should be a 1d array.*joint=True chooses one k and one support"):
            model.fit(X, Y)
    # Folds are not threads.
    assert SparseRegressorCV(3, n_jobs=2, threads=1).fit(X, y).coef_.shape == (40,)
