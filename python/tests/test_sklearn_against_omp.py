"""SparseRegressor by OMP against scikit-learn's OMP, and what scikit-learn's own tests ask of that."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.datasets import make_sparse_coded_signal
from sklearn.linear_model import OrthogonalMatchingPursuit, OrthogonalMatchingPursuitCV, orthogonal_mp

from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

Array = NDArray[Any]

SAMPLES, FEATURES, NONZEROS, TARGETS = 25, 35, 5, 3


def signal(seed: int = 0) -> tuple[Array, Array, Array]:
    """Unit columns, well separated: X of shape (25, 35), targets (25, 3), coefficients (35, 3)."""
    y, X, coef = make_sparse_coded_signal(
        n_samples=TARGETS,
        n_components=FEATURES,
        n_features=SAMPLES,
        n_nonzero_coefs=NONZEROS,
        random_state=seed,
    )
    return X.T, y.T, coef.T


def omp(k: int | None = NONZEROS, **options: Any) -> SparseRegressor:
    return SparseRegressor(k, algorithm="omp", **options)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_coefficients_are_those_of_scikit_learn(seed: int, fit_intercept: bool) -> None:
    X, Y, _ = signal(seed)
    # Columns of one length after centring, since scikit-learn does not scale them.
    if fit_intercept:
        X = X - X.mean(axis=0)
        X = X / np.linalg.norm(X, axis=0) + 0.3
    peer = OrthogonalMatchingPursuit(n_nonzero_coefs=NONZEROS, fit_intercept=fit_intercept).fit(X, Y)
    ours = omp(fit_intercept=fit_intercept).fit(X, Y)
    assert_allclose(ours.coef_, peer.coef_, rtol=1e-8, atol=1e-10)
    assert_allclose(ours.intercept_, peer.intercept_, rtol=1e-8, atol=1e-10)
    assert_allclose(ours.predict(X), peer.predict(X), rtol=1e-8, atol=1e-10)
    assert_array_equal(ours.n_iter_, peer.n_iter_)


def test_shapes() -> None:
    X, Y, _ = signal()
    assert omp().fit(X, Y[:, 0]).coef_.shape == (FEATURES,)
    assert omp().fit(X, Y).coef_.shape == (TARGETS, FEATURES)
    assert np.shape(omp().fit(X, Y).intercept_) == (TARGETS,)
    assert np.shape(omp().fit(X, Y[:, 0]).intercept_) == ()
    assert omp(fit_intercept=False).fit(X, Y).intercept_ == 0


def test_no_more_coefficients_than_asked_for() -> None:
    X, Y, _ = signal()
    assert all(np.count_nonzero(row) <= NONZEROS for row in omp().fit(X, Y).coef_)


@pytest.mark.parametrize("tolerance", [0.5, 0.3])
def test_residual_tolerance(tolerance: float) -> None:
    X, Y, _ = signal()
    y = Y[:, 0]
    # Theirs is a squared norm.
    peer = orthogonal_mp(X, y, tol=(tolerance * np.linalg.norm(y)) ** 2)
    ours = omp(SAMPLES, fit_intercept=False, relative_residual=tolerance).fit(X, y)
    assert np.linalg.norm(y - X @ ours.coef_) <= tolerance * np.linalg.norm(y)
    assert_allclose(ours.coef_, peer, rtol=1e-8, atol=1e-10)
    assert 0 < np.count_nonzero(peer) < NONZEROS + 1


def test_perfect_signals_are_recovered() -> None:
    X, Y, coef = signal()
    model = omp(fit_intercept=False).fit(X, Y)
    for found, expected in zip(model.coef_, coef.T, strict=True):
        assert_array_equal(np.flatnonzero(found), np.flatnonzero(expected))
    assert_allclose(model.coef_, coef.T, atol=1e-10)
    only = omp(fit_intercept=False).fit(X, Y[:, 0])
    assert_array_equal(only.support_, np.flatnonzero(coef[:, 0]))


def test_ties_take_the_first_column_and_fit_both() -> None:
    # y is as correlated with column 0 as with column 1; the first is taken first.
    gamma = np.zeros(FEATURES)
    gamma[21], gamma[0] = 1.0, 0.5
    X, _, _ = signal()
    y = X @ gamma
    model = omp(2, fit_intercept=False).fit(X, y)
    assert_array_equal(model.support_, [0, 21])
    twins = np.column_stack([X[:, 3], X[:, 3], X[:, 5]])
    assert_array_equal(omp(1, fit_intercept=False).fit(twins, X[:, 3]).support_, [0])


def test_a_repeated_column_ends_in_an_exact_fit_without_harm() -> None:
    # Theirs warns that it ends prematurely; here a dependent column simply has nothing to explain.
    X, _, _ = signal()
    X = np.column_stack([X[:, :3], X[:, :3]])
    y = X[:, 0] - 2 * X[:, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = omp(4, fit_intercept=False).fit(X, y)
    assert_array_equal(model.support_, [0, 1])
    assert_allclose(model.coef_[:2], [1, -2], rtol=1e-10)


def test_zero_targets_give_zero_coefficients() -> None:
    X, Y, _ = signal()
    assert_array_equal(omp().fit(X, np.zeros(SAMPLES)).coef_, 0)
    model = omp(fit_intercept=False).fit(X, np.column_stack([Y[:, 0], np.zeros(SAMPLES)]))
    assert_array_equal(model.coef_[1], 0)
    assert np.count_nonzero(model.coef_[0]) == NONZEROS


def test_scales_of_columns_do_not_matter() -> None:
    X, Y, _ = signal()
    scales = 10.0 ** np.random.default_rng(0).uniform(-4, 4, FEATURES)
    plain, scaled = omp().fit(X, Y), omp().fit(X * scales, Y)
    assert_allclose(scaled.coef_ * scales, plain.coef_, rtol=1e-8, atol=1e-10)
    assert_allclose(scaled.intercept_, plain.intercept_, rtol=1e-8, atol=1e-10)


def test_inputs_are_not_changed() -> None:
    X, Y, _ = signal()
    for order in "CF":
        A, B = np.array(X, order=order), np.array(Y, order=order)  # type: ignore[call-overload]
        A.flags.writeable = B.flags.writeable = False
        omp().fit(A, B, np.ones(SAMPLES))
        assert_array_equal(A, X)
        assert_array_equal(B, Y)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_every_column_order_gives_the_same(k: int) -> None:
    X, Y, _ = signal()
    order = np.random.default_rng(k).permutation(FEATURES)
    assert_allclose(omp(k).fit(X[:, order], Y).coef_, omp(k).fit(X, Y).coef_[:, order], rtol=1e-8, atol=1e-10)


def test_path_by_omp_is_that_of_scikit_learn() -> None:
    X, Y, _ = signal()
    y = Y[:, 0] + 0.05 * np.random.default_rng(0).standard_normal(SAMPLES)
    peer = orthogonal_mp(X, y, n_nonzero_coefs=8, return_path=True)
    path = SparsityPath(8, algorithm="omp", fit_intercept=False).fit(X, y)
    assert_allclose(path.coef_path_[1:], peer.T, rtol=1e-8, atol=1e-10)


def test_cross_validation_chooses_the_same_number() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, FEATURES))
    coef = np.zeros(FEATURES)
    coef[[3, 8, 20, 21, 30]] = [1, -2, 3, -1.5, 2.5]
    y = X @ coef + 0.5 * rng.standard_normal(100)
    peer = OrthogonalMatchingPursuitCV(fit_intercept=False, max_iter=10, cv=5).fit(X, y)
    ours = SparseRegressorCV(10, algorithm="omp", fit_intercept=False, cv=5).fit(X, y)
    assert ours.n_nonzero_coefs_ == peer.n_nonzero_coefs_ == NONZEROS
    assert_allclose(ours.coef_, peer.coef_, rtol=1e-8, atol=1e-10)
    assert_array_equal(ours.support_, np.flatnonzero(coef))
