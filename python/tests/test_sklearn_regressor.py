"""SparseRegressor: what it finds, with weights, intercepts, several targets, sparse features, names."""

from __future__ import annotations

import copy
import itertools
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

import sparsea
from sparsea.sklearn import SparseRegressor

Array = NDArray[Any]
Random = np.random.Generator

FORMATS = ["csr", "csc", "coo", "bsr", "lil", "dok"]


def problem(
    samples: int = 60, features: int = 40, k: int = 5, seed: int = 0, noise: float = 0.1
) -> tuple[Array, Array]:
    """Correlated features of very different scales, and a target made of k of them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((samples, features)) + rng.standard_normal((samples, 1))
    X = X * 10.0 ** rng.uniform(-2, 2, features) + rng.uniform(-5, 5, features)
    coef = np.zeros(features)
    chosen = rng.choice(features, k, replace=False)
    coef[chosen] = rng.choice([-1, 1], k) * rng.uniform(1, 2, k) / X[:, chosen].std(axis=0)
    return X, X @ coef + 3 + noise * rng.standard_normal(samples)


def fitted_alike(a: SparseRegressor, b: SparseRegressor, rtol: float = 1e-8) -> None:
    assert_array_equal(a.support_, b.support_)
    assert a.support_.size
    assert_allclose(a.coef_, b.coef_, rtol=rtol, atol=rtol * np.abs(b.coef_).max())
    assert_allclose(a.intercept_, b.intercept_, rtol=rtol, atol=rtol * np.abs(b.intercept_).max())


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_fit_is_least_squares_on_the_support(fit_intercept: bool, weighted: bool) -> None:
    X, y = problem()
    weights = np.random.default_rng(1).uniform(0, 3, len(y)) if weighted else None
    model = SparseRegressor(5, fit_intercept=fit_intercept).fit(X, y, weights)
    assert len(model.support_) == 5
    chosen = X[:, model.support_]
    exact = LinearRegression(fit_intercept=fit_intercept).fit(chosen, y, weights)
    assert_allclose(model.coef_[model.support_], exact.coef_, rtol=1e-9)
    assert_allclose(model.intercept_, exact.intercept_, rtol=1e-9)
    assert_allclose(model.predict(X), exact.predict(chosen), rtol=1e-9)
    assert not fit_intercept or abs(np.average(y - model.predict(X), weights=weights)) < 1e-9
    rss = np.average((y - model.predict(X)) ** 2, weights=weights)
    total = len(y) if weights is None else weights.sum()
    assert_allclose(model.solution_.residual_norm**2 / total, rss, rtol=1e-9)


@pytest.mark.parametrize("algorithm", ["search", "omp", "sea", "omp+els"])
def test_an_intercept_is_explicit_centring(algorithm: str) -> None:
    X, y = problem()
    implicit = SparseRegressor(5, algorithm=algorithm).fit(X, y)
    explicit = SparseRegressor(5, algorithm=algorithm, fit_intercept=False).fit(X - X.mean(axis=0), y - y.mean())
    assert_array_equal(implicit.support_, explicit.support_)
    assert_allclose(implicit.coef_, explicit.coef_, rtol=1e-9)
    assert_allclose(implicit.intercept_, y.mean() - X.mean(axis=0) @ explicit.coef_, rtol=1e-9)
    assert explicit.intercept_ == 0.0


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_weights_repeat_samples(fit_intercept: bool, sparse: bool) -> None:
    X, y = problem()
    weights = np.random.default_rng(2).integers(0, 4, len(y))
    repeated = np.repeat(np.arange(len(y)), weights)
    form = scipy.sparse.csr_array if sparse else np.asarray
    model = SparseRegressor(5, fit_intercept=fit_intercept)
    fitted_alike(clone(model).fit(form(X), y, sample_weight=weights), clone(model).fit(form(X[repeated]), y[repeated]))
    # Only ratios of weights matter, and equal weights not at all.
    fitted_alike(clone(model).fit(form(X), y, 1e-3 * weights), clone(model).fit(form(X), y, weights))
    fitted_alike(clone(model).fit(form(X), y, 7.0), clone(model).fit(form(X), y))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("form", FORMATS)
def test_sparse_features_give_what_dense_ones_give(form: str, weighted: bool, fit_intercept: bool) -> None:
    X, y = problem()
    X[np.random.default_rng(3).random(X.shape) < 0.7] = 0
    X[:, 3] = 0
    # Of large mean against its spread, and constant.
    X[:, 4] = 1e6 + np.random.default_rng(4).standard_normal(len(y))
    X[:, 5] = 0.1
    y = y + 10 * y.std() * (X[:, 4] - 1e6)
    weights = np.random.default_rng(1).integers(0, 3, len(y)) if weighted else None
    model = SparseRegressor(4, fit_intercept=fit_intercept)
    dense = clone(model).fit(X, y, weights)
    sparse = clone(model).fit(scipy.sparse.csr_array(X).asformat(form), y, weights)
    fitted_alike(sparse, dense, rtol=1e-7)
    assert 4 in dense.support_
    assert_allclose(sparse.predict(scipy.sparse.csr_array(X).asformat(form)), dense.predict(X), rtol=1e-7)
    assert scipy.sparse.issparse(sparse.transform(scipy.sparse.csr_matrix(X)))


def test_sparse_features_never_become_dense() -> None:
    # Made dense, X would take 80 GB.
    samples, features = 50_000, 200_000
    rng = np.random.default_rng(5)
    stored = 200_000
    places = rng.integers(samples, size=stored), rng.integers(features, size=stored)
    X = scipy.sparse.coo_array((rng.uniform(1, 2, stored), places), shape=(samples, features)).tocsr()
    coef = np.zeros(features)
    counts = np.diff(X.tocsc().indptr)
    chosen = np.sort(np.argsort(counts)[-4:])
    coef[chosen] = [3, -2, 2.5, 4]
    y = X @ coef + 1.5
    weights = rng.uniform(0.5, 2, samples)
    model = SparseRegressor(4, algorithm="omp").fit(X, y, weights)
    assert_array_equal(model.support_, chosen)
    assert_allclose(model.coef_[chosen], coef[chosen], rtol=1e-8)
    assert_allclose(model.intercept_, 1.5, rtol=1e-8)


@pytest.mark.parametrize("sparse", [True, False])
def test_constant_features_are_never_chosen(sparse: bool) -> None:
    rng = np.random.default_rng(6)
    X = np.full((30, 6), 0.1)
    X[:, 4] = rng.standard_normal(30)
    X[:, 5] = 1e8 / 3
    y = rng.standard_normal(30)
    model = SparseRegressor(6).fit(scipy.sparse.csc_array(X) if sparse else X, y)
    assert_array_equal(model.support_, [4])


def test_constant_target_needs_no_feature() -> None:
    X, y = problem()
    model = SparseRegressor(5).fit(X, np.full(len(y), 0.1))
    assert_array_equal(model.coef_, 0)
    assert model.intercept_ == 0.1
    with pytest.warns(UserWarning, match="No features were selected"):
        assert model.transform(X).shape == (len(y), 0)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_several_targets_are_a_loop(fit_intercept: bool, sparse: bool) -> None:
    X, first = problem(seed=1)
    Y = np.column_stack([first, problem(seed=2)[1] + first, -(first**2)])
    features = scipy.sparse.csr_array(X) if sparse else X
    weights = np.random.default_rng(4).uniform(0, 2, len(X))
    model = SparseRegressor(4, algorithm="omp+els", fit_intercept=fit_intercept)
    joint = clone(model).fit(features, Y, weights)
    assert joint.coef_.shape == (3, X.shape[1])
    alone = [clone(model).fit(features, y, weights) for y in Y.T]
    # Targets together share what is computed of the features, which is summed in another order.
    assert_allclose(joint.coef_, [one.coef_ for one in alone], rtol=1e-9)
    assert_allclose(joint.intercept_ * np.ones(3), [one.intercept_ for one in alone], rtol=1e-9)
    assert joint.n_iter_ == [one.n_iter_ for one in alone]
    assert_array_equal(joint.support_, np.unique(np.concatenate([one.support_ for one in alone])))
    assert_allclose(joint.predict(features), np.column_stack([one.predict(features) for one in alone]))
    # Solutions start each target where it was.
    again = clone(joint).set_params(start=joint.solution_, algorithm="htp", iterations=0)
    assert_allclose(again.fit(features, Y, weights).coef_, joint.coef_, rtol=1e-9)
    # One target as a column stays a column.
    column = clone(model).fit(features, Y[:, :1], weights)
    assert column.coef_.shape == (1, X.shape[1])
    assert column.predict(features).shape == (len(X), 1)
    assert_allclose(column.coef_[0], alone[0].coef_, rtol=1e-9)


def test_default_is_a_tenth_of_the_features() -> None:
    X, y = problem()
    assert SparseRegressor().fit(X, y).n_nonzero_coefs_ == 4
    assert len(SparseRegressor().fit(X[:, :19], y).support_) == 1
    assert len(SparseRegressor().fit(X[:, :3], y).support_) == 1


def test_too_many_coefficients_are_clipped() -> None:
    X, y = problem(samples=12, features=8)
    with pytest.warns(UserWarning, match=r"n_nonzero_coefs is 9, but there are 12 samples and 8 features: 8 is used"):
        model = SparseRegressor(9, algorithm="omp").fit(X, y)
    assert model.n_nonzero_coefs_ == 8
    assert model.n_nonzero_coefs == 9
    weights = np.r_[np.ones(5), np.zeros(7)]
    with pytest.warns(UserWarning, match=r"n_nonzero_coefs is 6, but there are 5 samples and 8 features: 5 is used"):
        # The mean takes one of the five, so that the fifth feature explains nothing.
        assert SparseRegressor(6, algorithm="omp").fit(X, y, weights).n_nonzero_coefs_ == 4
    # The default, 9, is clipped silently to three samples, of which the mean takes one.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert SparseRegressor().fit(np.random.default_rng(0).random((3, 90)), y[:3]).n_nonzero_coefs_ == 2


def test_solution_is_that_of_solve() -> None:
    X, y = problem()
    model = SparseRegressor(5, fit_intercept=False, iterations=20, settings={"seed": 3}).fit(X, y)
    assert model.solution_.iterations == model.n_iter_ == 20
    assert_array_equal(sparsea.solve(X, y, 5, algorithm="search", iterations=20, settings={"seed": 3}).x, model.coef_)


def test_starts() -> None:
    X, y = problem(noise=2.0)
    best = SparseRegressor(5).fit(X, y)
    for start in [best.support_, best.coef_, best.solution_, list(best.support_), "search"]:
        assert_array_equal(
            SparseRegressor(5, algorithm="htp", start=start, iterations=0).fit(X, y).support_, best.support_
        )


def test_residual_limit_ends_omp_early() -> None:
    X, y = problem(noise=0.5)
    model = SparseRegressor(20, algorithm="omp", relative_residual=0.3).fit(X, y)
    assert 1 <= len(model.support_) < 20
    assert model.score(X, y) >= 1 - 0.3**2
    fewer = SparseRegressor(len(model.support_) - 1, algorithm="omp", relative_residual=0.3).fit(X, y)
    assert fewer.score(X, y) < 1 - 0.3**2


def test_copies_and_pickles_are_alike() -> None:
    X, y = problem()
    model = SparseRegressor(5).fit(X, y)
    for twin in [pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)]:
        assert_array_equal(twin.predict(X), model.predict(X))
        assert twin.solution_ == model.solution_
    assert not hasattr(clone(model), "coef_")
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("k", [1, 3, 5])
def test_diabetes_as_by_trying_every_support(k: int) -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = SparseRegressor(k).fit(X, y)
    scores = {
        names: LinearRegression().fit(X[list(names)], y).score(X[list(names)], y)
        for names in itertools.combinations(X.columns, k)
    }
    best = max(scores, key=lambda names: scores[names])
    assert_array_equal(model.support_names_, best)
    assert_allclose(model.score(X, y), scores[best], rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_nonzero_coefs": 0}, ValueError, "n_nonzero_coefs must be a whole number of at least 1, got 0"),
        ({"n_nonzero_coefs": -3}, ValueError, "n_nonzero_coefs must be a whole number of at least 1, got -3"),
        ({"n_nonzero_coefs": 2.5}, TypeError, "n_nonzero_coefs must be a whole number of at least 1, got 2.5"),
        ({"n_nonzero_coefs": True}, TypeError, "n_nonzero_coefs must be a whole number of at least 1, got True"),
        ({"algorithm": "lars"}, ValueError, "unknown algorithm 'lars'"),
        ({"settings": {"tries": 3}}, ValueError, "unknown setting 'tries' for search; it takes"),
        ({"settings": {"largest": 2.0}}, ValueError, "largest must be above 0 and at most 1, got 2"),
        ({"start": [0, 0]}, ValueError, "contains 0 twice"),
        ({"start": [40]}, ValueError, "the support contains 40, but A has 40 columns"),
        ({"time": -1.0}, ValueError, "-1"),
        ({"iterations": -1}, (ValueError, OverflowError), "-1"),
    ],
)
def test_impossible_parameters_are_refused(parameters: dict[str, Any], error: Any, message: str) -> None:
    X, y = problem()
    with pytest.raises(error, match=message.replace("(", r"\(")):
        SparseRegressor(**{"n_nonzero_coefs": 5, **parameters}).fit(X, y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(59), r"sample_weight must have shape \(60,\), one number for each sample, got \(59,\)"),
        (np.ones((60, 1)), r"got \(60, 1\)"),
        (np.r_[1.0, -0.5, np.ones(58)], r"at least 0 and finite, got -0.5 at index 1 \(counted from 0\)"),
        (np.r_[np.ones(59), np.nan], r"at least 0 and finite, got nan at index 59"),
        (np.zeros(60), "must not be zero for every sample"),
    ],
)
def test_impossible_weights_are_refused(weights: Array, message: str) -> None:
    X, y = problem()
    with pytest.raises(ValueError, match=message):
        SparseRegressor(5).fit(X, y, weights)


@pytest.mark.parametrize("sparse", [True, False])
def test_impossible_data_are_refused(sparse: bool) -> None:
    X, y = problem()
    form = scipy.sparse.csc_array if sparse else np.asarray
    model = SparseRegressor(5)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(form(X), y[:-1])
    with pytest.raises(ValueError, match="contains infinity"):
        model.fit(form(X), np.r_[np.inf, y[1:]])
    holed = X.copy()
    holed[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(form(holed), y)
    huge = X.copy()
    huge[3, 2] = 1e300
    with pytest.raises(ValueError, match="column 2 of A has a norm outside"):
        model.fit(form(huge), y)
    with pytest.raises(ValueError, match="expecting 40 features"):
        model.fit(form(X), y).predict(form(X[:, 1:]))


def peaks(rng: Random, baseline: float) -> tuple[Array, Array, list[int]]:
    """A row of 20 Gaussian peaks of σ = 1.2, 3.5 samples apart, on a baseline: nearly a constant."""
    samples = np.arange(73)
    positions = np.arange(0, 72.5, 0.5)
    X = np.exp(-0.5 * ((samples[:, np.newaxis] - positions) / 1.2) ** 2)
    support = [4 + 7 * peak for peak in range(20)]
    return X, X[:, support] @ rng.uniform(1, 2, 20) + baseline, support


@pytest.mark.parametrize("baseline", [0.0, 3.0, -40.0])
@pytest.mark.parametrize("form", ["dense", "sparse", "weighted", "two targets"])
def test_peaks_that_add_up_to_a_constant_are_found_beside_an_intercept(form: str, baseline: float, rng: Random) -> None:
    X, y, support = peaks(rng, baseline)
    weights = rng.uniform(0.5, 2, len(y)) if form == "weighted" else None
    given = scipy.sparse.csr_array(X) if form == "sparse" else X
    targets = np.column_stack([y, 2 * y[::-1] + 1]) if form == "two targets" else y
    model = SparseRegressor(20).fit(given, targets, sample_weight=weights)
    coefs, intercepts = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    assert np.flatnonzero(coefs[0]).tolist() == support
    assert abs(intercepts[0] - baseline) < 1e-8
    assert np.allclose(model.predict(given), targets, atol=1e-8)


def test_a_second_start_is_for_searches_without_limits(rng: Random) -> None:
    X, y, _ = peaks(rng, 3.0)
    plain = sparsea.solve(X - X.mean(axis=0), y - y.mean(), 20, iterations=300)
    limited = SparseRegressor(20, iterations=300).fit(X, y)
    assert np.array_equal(limited.solution_.support, plain.support)
    assert limited.solution_.residual_norm >= SparseRegressor(20).fit(X, y).solution_.residual_norm
