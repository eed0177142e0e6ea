"""Features and targets that are constant but for rounding, and counts where features are dependent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from sparsea.sklearn import SparseRegressor, SparseRegressorCV, SparsityPath

Array = NDArray[Any]
Random = np.random.Generator


def shares(rng: Random, m: int) -> Array:
    """Sums of shares that make up one."""
    parts = rng.random((m, int(rng.integers(2, 30))))
    return np.asarray((parts / parts.sum(axis=1, keepdims=True)).sum(axis=1))


def sums(rng: Random, m: int) -> Array:
    """The same numbers added up in several orders."""
    parts = rng.standard_normal(int(rng.integers(3, 8))) + 3
    return np.asarray([math.fsum(parts) if i % 3 == 0 else np.cumsum(rng.permutation(parts))[-1] for i in range(m)])


def below_rounding(rng: Random, m: int) -> Array:
    """A large number and noise of its last digit."""
    level = 10.0 ** rng.uniform(-3, 9)
    return np.asarray(level + 0.5 * np.spacing(level) * rng.uniform(-1, 1, m))


def mean_of_one_hot(rng: Random, m: int) -> Array:
    """Means over the columns of a one-hot code, by groups of columns."""
    levels = int(rng.integers(3, 12))
    code = np.eye(levels)[rng.integers(levels, size=m)]
    half = levels // 2
    return np.asarray(code[:, :half].mean(axis=1) * (half / levels) + code[:, half:].mean(axis=1) * (1 - half / levels))


CONSTANTS: list[Callable[[Random, int], Array]] = [shares, sums, below_rounding, mean_of_one_hot]
FORMS: dict[str, Callable[[Array], Any]] = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "csr": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_matrix,
    "pandas": lambda X: pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]),
}


def problem(rng: Random, constants: Sequence[Callable[[Random, int], Array]]) -> tuple[Array, Array, Array, list[int]]:
    """Features, a target, weights (some of them zero), and which features are constant."""
    m, n = int(rng.integers(20, 80)), 6 + len(constants)
    X = rng.standard_normal((m, n)) + rng.uniform(-3, 3, n)
    places = sorted(rng.permutation(n)[: len(constants)].tolist())
    for j, constant in zip(places, constants, strict=True):
        X[:, j] = constant(rng, m)
    weights = rng.uniform(0.2, 3, m) * (rng.random(m) < 0.9)
    return X, rng.standard_normal(m) + 5, weights, places


def fit_of_numpy(X: Array, y: Array, weights: Array | None) -> Array:
    """Predictions of least squares with an intercept, by the pseudo-inverse of centred columns of norm 1."""
    w = np.ones(len(y)) if weights is None else weights
    centred = X - np.average(X, axis=0, weights=w)
    rows = np.sqrt(w)[:, np.newaxis]
    norms = np.linalg.norm(rows * centred, axis=0)
    # What is 1e-12 of what was there before is rounding, in these problems.
    kept = norms > 1e-12 * np.linalg.norm(rows * X, axis=0)
    level = np.average(y, weights=w)
    scaled = centred[:, kept] / norms[kept]
    coef = np.linalg.pinv(rows * scaled, rcond=1e-10) @ (rows[:, 0] * (y - level))
    return np.asarray(level + scaled @ coef)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weighted", [True, False])
def test_features_constant_to_rounding_have_no_coefficient(seed: int, form: str, weighted: bool) -> None:
    rng = np.random.default_rng([seed, 1])
    X, y, w, places = problem(rng, CONSTANTS)
    weights = w if weighted else None
    features = FORMS[form](X)
    models: list[Any] = [SparseRegressor(X.shape[1]), SparseRegressor(X.shape[1], algorithm="omp"), SparsityPath(7)]
    if seed < 3:
        models.append(SparseRegressorCV(7, cv=3))
    for model in models:
        model.fit(features, y, weights)
        assert_array_equal(model.coef_[places], 0.0)
        assert abs(model.intercept_) < 1e3
        assert model.n_nonzero_coefs_ == np.count_nonzero(model.coef_) == len(model.support_)
    for model in models[:2]:
        assert model.n_nonzero_coefs_ == 6
        assert_allclose(model.predict(features), fit_of_numpy(X, y, weights), rtol=1e-9, atol=1e-9)
    # The path goes no further than the six features that there are.
    path = models[2]
    assert np.count_nonzero(path.coef_path_[7]) == 6
    assert path.ebic_[7] == path.ebic_[6]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", ["numpy", "csr", "pandas", "polars", "mixed"])
def test_single_precision_is_judged_by_its_own_rounding(seed: int, form: str) -> None:
    rng = np.random.default_rng([seed, 2])
    X, y, _, places = problem(rng, [shares, sums, mean_of_one_hot])
    small = X.astype(np.float32)
    # The shares themselves are in single precision.
    parts = rng.random((len(y), 7)).astype(np.float32)
    small[:, places[0]] = (parts / parts.sum(axis=1, keepdims=True)).sum(axis=1)
    # Of large mean, and nonetheless 200 times coarser than rounding.
    varying = next(j for j in range(X.shape[1]) if j not in places)
    small[:, varying] = 1 + 200 * np.finfo(np.float32).eps * rng.standard_normal(len(y)).astype(np.float32)
    names = [f"x{j}" for j in range(X.shape[1])]
    given: Any = small
    if form == "csr":
        given = scipy.sparse.csr_array(small)
    elif form == "polars":
        given = pl.DataFrame(small, schema=names)
    elif form in {"pandas", "mixed"}:
        given = pd.DataFrame(small, columns=names)
        if form == "mixed":
            other = next(j for j in range(X.shape[1]) if j not in {*places, varying})
            given[names[other]] = X[:, other]
    model = SparseRegressor(X.shape[1]).fit(given, y)
    assert_array_equal(model.coef_[places], 0.0)
    assert model.coef_[varying] != 0
    assert model.n_nonzero_coefs_ == 6
    # The same numbers given in double precision vary, by their own measure.
    doubled = SparseRegressor(X.shape[1], algorithm="omp").fit(small.astype(np.float64), y)
    assert doubled.coef_[places[0]] != 0


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("scale", [1e-100, 1e-6, 1.0, 1e6, 1e100])
def test_features_that_vary_by_more_than_rounding_are_used(sparse: bool, scale: float, rng: Random) -> None:
    X = 1 + 1e-9 * rng.standard_normal((200, 3))
    y = 1e9 * (X - 1) @ [1.0, -2.0, 3.0]
    model = SparseRegressor(3).fit(scipy.sparse.csc_array(scale * X) if sparse else scale * X, y)
    assert_allclose(model.coef_ * scale, [1e9, -2e9, 3e9], rtol=1e-5)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("constant", [*CONSTANTS, lambda _, m: np.full(m, 0.1 * 3)])
def test_targets_constant_to_rounding_need_no_feature(
    constant: Callable[[Random, int], Array], weighted: bool, rng: Random
) -> None:
    for _ in range(5):
        X, _, w, _ = problem(rng, [shares])
        weights = w if weighted else None
        y = constant(rng, len(X))
        for model in [SparseRegressor(3), SparsityPath(3), SparseRegressorCV(3, cv=3)]:
            model.fit(X, y, weights)
            assert_array_equal(model.coef_, 0.0)
            assert model.n_nonzero_coefs_ == 0
            assert_allclose(model.intercept_, y, rtol=1e-14)
        # Of several targets, each by itself.
        both = SparseRegressor(3).fit(X, np.column_stack([y, X.sum(axis=1)]), weights)
        assert_array_equal(np.count_nonzero(both.coef_, axis=1) > 0, [False, True])
        assert both.n_nonzero_coefs_ == np.count_nonzero(both.coef_, axis=1).max()


def test_without_an_intercept_constants_are_features() -> None:
    X = np.column_stack([np.full(20, 0.3), np.arange(20.0) ** 2])
    y = np.full(20, 0.6)
    model = SparseRegressor(1, fit_intercept=False).fit(X, y)
    assert_allclose(model.coef_, [2.0, 0.0])
    assert model.n_nonzero_coefs_ == 1


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_criteria_count_coefficients_that_are_not_zero(sparse: bool, fit_intercept: bool, rng: Random) -> None:
    # A rank of 4: copies of features, and a one-hot code whose columns add up to the constant.
    m = 60
    code = np.eye(3)[rng.integers(3, size=m)]
    basis = np.column_stack([rng.standard_normal((m, 2)), code])
    X = np.column_stack([basis, basis @ rng.standard_normal((5, 4))])
    y = rng.standard_normal(m)
    rank = np.linalg.matrix_rank(X - X.mean(axis=0) if fit_intercept else X)
    assert rank == (4 if fit_intercept else 5)
    path = SparsityPath(9, fit_intercept=fit_intercept, criterion="aic").fit(
        scipy.sparse.csr_array(X) if sparse else X, y
    )
    counts = np.count_nonzero(path.coef_path_, axis=1)
    assert (counts <= rank).all()
    assert_allclose(path.aic_, m * np.log(path.rss_ / m) + 2 * counts, rtol=1e-9)
    assert_allclose(path.bic_, m * np.log(path.rss_ / m) + np.log(m) * counts, rtol=1e-9)
    models = [math.log(math.comb(9, k)) for k in counts]
    assert_allclose(path.ebic_, path.bic_ + 2 * np.array(models), rtol=1e-9)
    everything = np.column_stack([X, np.ones(m)]) if fit_intercept else X
    rest = y - everything @ np.linalg.lstsq(everything, y, rcond=1e-10)[0]
    assert_allclose(path.noise_variance_, rest @ rest / (m - 5), rtol=1e-8)
    assert path.n_nonzero_coefs_ == np.count_nonzero(path.coef_)
