"""Intervals of coefficients against the theory of least squares, refits by NumPy and SciPy, and the truth."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import nnls
from scipy.sparse.linalg import aslinearoperator
from scipy.stats import norm

import sparsea

S = [3, 10, 17]
TRUTH = np.array([1.0, -1.5, 2.0])


def problem_of(seed: int, m: int = 60, noise: float = 0.7) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, 30))
    A[:, 10] += A[:, 3]
    return A, A[:, S] @ TRUTH + noise * rng.standard_normal(m)


@pytest.mark.parametrize("scheme", ["parametric", "case", "poisson"])
def test_spread_is_that_of_theory(scheme: Any) -> None:
    A, y = problem_of(0, m=400)
    found = sparsea.bootstrap(A, y, S, samples=3000, scheme=scheme, level=0.9)
    matrix = A[:, S]
    x, rss, *_ = np.linalg.lstsq(matrix, y, rcond=None)
    np.testing.assert_allclose(found.coefficients, x, rtol=1e-10)
    assert found.noise == pytest.approx(np.sqrt(rss[0] / 397))
    inverse = np.linalg.inv(matrix.T @ matrix)
    # Of the normal distribution, and White's of rows that differ, up to O(1/m).
    meat = matrix.T @ ((y - matrix @ x) ** 2 * matrix.T).T
    expected = inverse * rss[0] / 397 if scheme == "parametric" else inverse @ meat @ inverse
    spread = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        np.cov(found.replicates.T) / np.outer(spread, spread), expected / np.outer(spread, spread), atol=0.09
    )
    np.testing.assert_allclose((found.upper - found.lower) / 2, norm.ppf(0.95) * spread, rtol=0.1)
    np.testing.assert_allclose((found.upper + found.lower) / 2, x, atol=0.15 * spread.max())
    assert (found.lower < found.upper).all()


def test_intervals_cover_the_truth() -> None:
    for scheme in ("parametric", "case", "poisson"):
        covered = 0
        for seed in range(100):
            A, y = problem_of(seed)
            found = sparsea.bootstrap(A, y, S, samples=200, scheme=scheme, level=0.8, seed=seed)
            covered += int(((found.lower <= TRUTH) & (found.upper >= TRUTH)).sum())
        # Of 300, with a standard deviation of about 7.
        assert 210 <= covered <= 265


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("scheme", ["parametric", "case", "poisson"])
def test_replicates_are_refits(scheme: Any, nonnegative: bool) -> None:
    A, y = problem_of(1, noise=3.0)
    columns = [2, 5, 10, 21]
    found = sparsea.bootstrap(A, y, columns, samples=40, scheme=scheme, nonnegative=nonnegative, seed=4)
    matrix = A[:, columns]

    def refit(matrix: Any, y: Any) -> Any:
        return nnls(matrix, y)[0] if nonnegative else np.linalg.lstsq(matrix, y, rcond=None)[0]

    rng = np.random.default_rng(4)
    np.testing.assert_allclose(found.coefficients, refit(matrix, y), atol=1e-9)
    for replicate in found.replicates:
        if scheme == "parametric":
            data = matrix @ found.coefficients + found.noise * rng.standard_normal(60)
            np.testing.assert_allclose(replicate, refit(matrix, data), atol=1e-9)
        else:
            # As often as a Poisson number says, each row counts so often: NNLS and lstsq with weights.
            times = rng.poisson(1.0, 60) if scheme == "poisson" else np.bincount(rng.integers(0, 60, 60), minlength=60)
            root = np.sqrt(times)
            np.testing.assert_allclose(replicate, refit(root[:, None] * matrix, root * y), atol=1e-9)
    assert nonnegative == (found.replicates == 0).any()
    np.testing.assert_allclose(found.lower, np.quantile(found.replicates, 0.025, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.upper, np.quantile(found.replicates, 0.975, axis=0), rtol=1e-12)


@pytest.mark.parametrize("scheme", ["parametric", "case", "poisson"])
def test_models(scheme: Any) -> None:
    A, y = problem_of(2)
    y = y + 5 + 3 * A[:, 20]
    weights = np.random.default_rng(2).uniform(0.5, 2, 60)
    weights[4] = 0
    y[[7, 9]] = np.nan
    model: dict[str, Any] = {"intercept": True, "fixed": [20], "weights": weights, "missing": "drop"}
    solution = sparsea.solve(A, y, 3, **model)
    found = sparsea.bootstrap(A, y, solution, samples=30, scheme=scheme, **model)
    np.testing.assert_allclose(found.coefficients, solution.coefficients, rtol=1e-9)
    used = np.setdiff1d(np.arange(60), [4, 7, 9])
    matrix = np.column_stack([A[:, [*S, 20]], np.ones(60)])[used]
    root = np.sqrt(weights[used])
    x = np.linalg.lstsq(root[:, None] * matrix, root * y[used], rcond=None)[0]
    assert found.noise == pytest.approx(np.linalg.norm(root * (y[used] - matrix @ x)) / np.sqrt(57 - 5))
    rng = np.random.default_rng(0)
    for replicate, constant in zip(found.replicates, found.intercepts, strict=True):
        rows, data = np.arange(57), y[used]
        if scheme == "parametric":
            data = matrix @ x + found.noise / root * rng.standard_normal(57)
        elif scheme == "case":
            rows = rng.integers(0, 57, 57)
        else:
            rows = np.repeat(rows, rng.poisson(1.0, 57))
        refit = np.linalg.lstsq((root[:, None] * matrix)[rows], (root * data)[rows], rcond=None)[0]
        np.testing.assert_allclose([*replicate, constant], refit[[0, 1, 2, 4]], rtol=1e-8, atol=1e-9)


def test_other_fits() -> None:
    A, y = problem_of(3)
    capped = sparsea.bootstrap(A, y, S, samples=50, bounds=(-np.arange(30.0), np.full(30, 1.2)), fixed=[0])
    assert (capped.replicates >= [-3, -10, -17]).all()
    assert capped.replicates.max() == capped.coefficients[2] == 1.2
    ridge = sparsea.bootstrap(A, y, S, samples=5, ridge=7.0)
    matrix = A[:, S]
    np.testing.assert_allclose(ridge.coefficients, np.linalg.solve(matrix.T @ matrix + 7 * np.eye(3), matrix.T @ y))
    whole = sparsea.bootstrap(A, y, S, samples=50, sum_to=1.5)
    np.testing.assert_allclose(whole.replicates.sum(axis=1), 1.5)
    assert whole.noise == pytest.approx(sparsea.solve(A[:, S], y, 3, sum_to=1.5).residual_norm / np.sqrt(58))


def test_bits_depend_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    A, y = problem_of(4)
    for scheme in ("parametric", "case", "poisson"):
        run: dict[str, Any] = {"samples": 40, "scheme": scheme}
        found = sparsea.bootstrap(A, y, S, threads=1, **run)
        assert sparsea.bootstrap(A, y, S, threads=2, **run) == found
        assert pickle.loads(pickle.dumps(found)) == found
        with monkeypatch.context() as patch:
            patch.setattr("sparsea._bootstrap._HELD", 60 * 7)
            assert sparsea.bootstrap(A, y, S, **run) == found
        assert not np.array_equal(sparsea.bootstrap(A, y, S, seed=1, **run).replicates, found.replicates)
        assert not found.replicates.flags.writeable


def test_forms_of_a_matrix() -> None:
    A, y = problem_of(5)
    A = np.where(np.abs(A) > 0.5, A, 0)
    found = sparsea.bootstrap(A, y, S, samples=20)
    mask = np.isin(np.arange(30), S)
    for given in (np.asfortranarray(A), scipy.sparse.csc_array(A), scipy.sparse.coo_array(A), aslinearoperator(A)):
        assert sparsea.bootstrap(given, y, mask, samples=20) == found
    assert sparsea.bootstrap(A, y, [17, 3, 10], samples=20) == found
    blur = sparsea.Convolution(sparsea.gaussian(1.5), 50)
    matrix = np.stack([blur.matvec(e) for e in np.eye(50)], axis=1)
    data = matrix[:, 20] + 0.1 * np.random.default_rng(5).standard_normal(len(matrix))
    one, other = sparsea.bootstrap(blur, data, [20], samples=20), sparsea.bootstrap(matrix, data, [20], samples=20)
    np.testing.assert_allclose(one.replicates, other.replicates, rtol=1e-10)


def test_columns_are_named() -> None:
    pandas = pytest.importorskip("pandas")
    A, y = problem_of(6)
    frame = pandas.DataFrame(A, columns=[f"c{j}" for j in range(30)])
    found = sparsea.bootstrap(frame, y, sparsea.stability(frame, y, 3, subsamples=10).selected, samples=20)
    assert found.to_dict()["column"].tolist() == ["c3", "c10", "c17"]
    assert repr(found).startswith("<Bootstrap (parametric), 95 %: c3: ")
    table = pandas.DataFrame(found.to_dict()).set_index("column")
    assert table.loc["c10", "lower"] == found.lower[1]


SOLUTION = sparsea.solve(*problem_of(7), 3)
BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "empty": ([], {}, ValueError, "the support is empty"),
    "out of range": ([3, 30], {}, ValueError, "the support holds column 30, but A has 30 columns (counted from 0)"),
    "negative": ([-1], {}, ValueError, "entry 0 (counted from 0) of support is -1"),
    "twice": ([3, 4, 3], {}, ValueError, "the support holds column 3 twice"),
    "fixed": ([3, 4], {"fixed": [4]}, ValueError, "column 4 is fixed, and in the support"),
    "mask": ([True, False], {}, ValueError, "support is a mask of shape (2,), but A has 30 columns"),
    "samples": (S, {"samples": 0}, ValueError, "samples must be a whole number from 1 to 1000000, got 0"),
    "scheme": (S, {"scheme": "rows"}, ValueError, "scheme must be 'parametric', 'case' or 'poisson', got 'rows'"),
    "level": (S, {"level": 95}, ValueError, "level must be above 0 and below 1, got 95"),
    "seed": (S, {"seed": 0.5}, TypeError, "seed must be a whole number of at least 0, got 0.5"),
    "intercept": (SOLUTION, {"intercept": True}, ValueError, "the solution has no intercept; give intercept=False"),
    "fixed of a solution": (SOLUTION, {"fixed": [2]}, ValueError, "the fixed columns of the solution are [], not [2]"),
    "too few rows": (
        S,
        {"weights": np.arange(60) < 2},
        ValueError,
        "the support has 3 columns, but only 2 rows count",
    ),
    "no noise": (
        S,
        {"weights": np.arange(60) < 4, "intercept": True},
        ValueError,
        "bootstrap needs more rows than coefficients: 4 rows count, and 4 are fitted",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    support, options, kind, said = BAD[case]
    with pytest.raises(sparsea.Error, match=re.escape(said)) as caught:
        sparsea.bootstrap(*problem_of(7), support, **options)
    assert isinstance(caught.value, kind)


def test_bad_data() -> None:
    A, y = problem_of(8)
    for given, data, said in (
        (A * 1j, y, "bootstrap needs real A and y: percentiles are of real coefficients"),
        (A, np.column_stack([y, y]), "y has shape (60, 2); one vector is resampled at a time"),
        (sparsea.Gram(np.eye(30), np.ones(30), 50.0, 60), None, "bootstrap needs the rows of A and y, which"),
        (A, np.where(np.arange(60) == 9, np.inf, y), "y contains inf at index 9"),
    ):
        with pytest.raises(sparsea.Error, match=re.escape(said)):
            sparsea.bootstrap(given, data, S)
    with pytest.raises(sparsea.Error, match="the solution has 30 entries, but A has 29 columns"):
        sparsea.bootstrap(A[:, :29], y, SOLUTION)
