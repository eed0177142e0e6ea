"""Knockoffs: their distribution, the symmetry of the statistics, the threshold, and how many selections are false."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

import sparsea

Array = NDArray[Any]


def covariance_of(p: int, rho: float, scale: float = 1.0) -> Array:
    deviations = scale * np.geomspace(1.0, 100.0, p)
    lag = np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    matrix: Array = np.outer(deviations, deviations) * rho**lag
    return matrix


def problem_of(seed: int, n: int = 120, p: int = 40, true: int = 10, size: float = 0.6) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, p))
    x = np.zeros(p)
    x[:true] = size * rng.choice([-1.0, 1.0], true)
    return A, rng.standard_normal((n, p)), A @ x + rng.standard_normal(n)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.8])
def test_copies_have_the_covariance_of_theory(rho: float) -> None:
    p, m = 6, 150_000
    covariance, mean = covariance_of(p, rho), np.arange(6.0)
    X = np.random.default_rng(1).multivariate_normal(mean, covariance, m)
    copies = sparsea.gaussian_knockoffs(X, mean=mean, covariance=covariance, seed=2)
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    s = min(1.0, 2 * np.linalg.eigvalsh(correlation)[0])
    cross = correlation - s * np.eye(p)
    expected = np.block([[correlation, cross], [cross, correlation]])
    both = np.hstack([(X - mean) / deviations, (copies - mean) / deviations])
    # Entries of a covariance of m Gaussian rows have deviations of at most √(2/m).
    assert np.max(np.abs(both.T @ both / m - expected)) < 5 * np.sqrt(2 / m)
    assert np.max(np.abs(both.mean(axis=0))) < 5 / np.sqrt(m)


def test_what_is_drawn_given_a_row_is_the_conditional_distribution() -> None:
    """Against the formulas of multivariate normal distributions, for one row drawn very often."""
    p, m = 4, 200_000
    covariance = covariance_of(p, 0.6, scale=1e-4)
    row = np.array([1.0, -2.0, 0.5, 3.0]) * np.sqrt(np.diag(covariance))
    copies = sparsea.gaussian_knockoffs(np.tile(row, (m, 1)), mean=np.zeros(p), covariance=covariance)
    deviations = np.sqrt(np.diag(covariance))
    s = min(1.0, 2 * np.linalg.eigvalsh(covariance / np.outer(deviations, deviations))[0]) * np.diag(covariance)
    cross = covariance - np.diag(s)
    mean = cross @ np.linalg.solve(covariance, row)
    conditional = covariance - cross @ np.linalg.solve(covariance, cross)
    noise = (copies - mean) / deviations
    assert np.max(np.abs(noise.mean(axis=0))) < 5 / np.sqrt(m)
    difference = noise.T @ noise / m - conditional / np.outer(deviations, deviations)
    assert np.max(np.abs(difference)) < 5 * np.sqrt(2 / m)


def test_estimated_covariances_are_those_of_ledoit_and_wolf() -> None:
    rng = np.random.default_rng(3)
    # More columns than rows: the estimate is definite, the sample covariance is not.
    X = rng.standard_normal((30, 50)) @ np.linalg.cholesky(covariance_of(50, 0.5)).T + 7
    mean, deviations = X.mean(axis=0), X.std(axis=0)
    shrunk = ledoit_wolf((X - mean) / deviations, assume_centered=True)[0]
    scale = deviations / np.sqrt(np.diag(shrunk))
    expected = sparsea.gaussian_knockoffs(X, mean=mean, covariance=shrunk * np.outer(scale, scale), seed=5)
    np.testing.assert_allclose(sparsea.gaussian_knockoffs(X, seed=5), expected, rtol=1e-9, atol=1e-9)
    # Not what a caller draws of the same seed.
    drawn = np.random.default_rng(5).standard_normal((30, 50))
    copies = sparsea.gaussian_knockoffs(drawn, mean=np.zeros(50), covariance=np.eye(50), seed=5)
    assert np.max(np.abs(np.corrcoef(drawn, copies, rowvar=False)[:50, 50:])) < 0.9
    assert not np.array_equal(sparsea.gaussian_knockoffs(X, seed=5), sparsea.gaussian_knockoffs(X, seed=6))
    assert np.array_equal(sparsea.gaussian_knockoffs(pd.DataFrame(X), seed=5), sparsea.gaussian_knockoffs(X, seed=5))
    constant = np.column_stack([X, np.full(30, 0.1)])
    assert np.array_equal(sparsea.gaussian_knockoffs(constant)[:, 50], constant[:, 50])


@pytest.mark.parametrize("algorithm", ["omp", "search", "htp", "iht", "omp+els", "lasso"])
def test_swapping_a_pair_flips_its_sign_and_nothing_else(algorithm: str) -> None:
    for seed in range(6):
        A, copies, y = problem_of(seed)
        if seed % 2:
            # Ties among pairs, and a copy that equals its column.
            A, copies, y = np.round(A), np.round(copies), np.round(y)
            copies[:, 3] = A[:, 3]
        rng = np.random.default_rng(seed)
        swapped: Array = rng.integers(0, 2, A.shape[1]) == 1
        k, other = 12, (np.where(swapped, copies, A), np.where(swapped, A, copies))
        one = sparsea.knockoff_filter(A, y, k, knockoffs=copies, algorithm=algorithm, seed=seed)
        two = sparsea.knockoff_filter(other[0], y, k, knockoffs=other[1], algorithm=algorithm, seed=seed)
        assert np.array_equal(two.statistics, np.where(swapped, -one.statistics, one.statistics))
        assert np.count_nonzero(one.statistics) >= A.shape[1] - 1
        if seed % 2:
            assert one.statistics[3] == 0
        both = {(int(j), False) for j in one.support} | {(int(j), True) for j in one.support_knockoffs}
        again = {(int(j), bool(swapped[j])) for j in two.support}
        again |= {(int(j), not swapped[j]) for j in two.support_knockoffs}
        assert both == again or seed % 2


def test_statistics_are_what_is_said() -> None:
    """By a least-squares fit for each column and sparsity."""
    A, copies, y = problem_of(4, n=60, p=15, true=4)
    A, copies = 1e3 * A + 2, copies - 5
    k = 12
    found = sparsea.knockoff_filter(A, y, k, knockoffs=copies, intercept=True)
    both = np.hstack([A, copies])
    both = both - both.mean(axis=0)
    both /= np.linalg.norm(both, axis=0)
    y = y - y.mean()
    assert found.sparsities == (1, 2, 3, 4, 6, 7, 8, 9, 10, 12)
    Z = np.zeros(30)
    for sparsity in found.sparsities:
        S = set(sparsea.solve(both, y, sparsity, algorithm="omp").support.tolist())

        def left(v: Array, others: list[int]) -> Array:
            rest: Array = v - both[:, others] @ np.linalg.lstsq(both[:, others], v, rcond=None)[0] if others else v
            return rest

        for j in range(30):
            others = sorted(S - {j, (j + 15) % 30})
            column = left(both[:, j], others)
            Z[j] += abs(column @ left(y, others)) / np.linalg.norm(column) / len(found.sparsities)
    W = np.maximum(Z[:15], Z[15:]) * np.sign(Z[:15] - Z[15:])
    np.testing.assert_allclose(found.statistics, W, rtol=1e-8)
    S = set(sparsea.solve(both, y, k, algorithm="omp").support.tolist())
    assert found.support.tolist() == sorted(j for j in S if j < 15)
    assert found.support_knockoffs.tolist() == sorted(j - 15 for j in S if j >= 15)


def test_the_threshold_is_its_definition() -> None:
    A, copies, y = problem_of(0)
    like = sparsea.knockoff_filter(A, y, 15, knockoffs=copies)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        p = int(rng.integers(1, 60))
        W = rng.standard_normal(p) + rng.choice([0.0, 1.0, 2.0])
        W = np.round(W, int(rng.integers(0, 3)))
        fdr, offset = float(rng.uniform(0.02, 0.6)), int(rng.integers(0, 2))
        given = dataclasses.replace(like, statistics=W, fdr=fdr, offset=offset)
        candidates = [t for t in np.abs(W) if t > 0]
        fits = [t for t in candidates if (offset + np.sum(-t >= W)) / max(np.sum(t <= W), 1e-300) <= fdr]
        assert given.threshold == min(fits, default=np.inf)
        assert given.selected.tolist() == [j for j in range(p) if W[j] >= given.threshold]
        assert given.select(fdr, offset=offset).tolist() == given.selected.tolist()


def test_false_discoveries_are_few_and_true_ones_many() -> None:
    """The mean of the false share over data sets, beside q = 0.2 and what chance adds; and the power."""
    q, sets = 0.2, 60
    shares, found = [], []
    for seed in range(sets):
        A, _, y = problem_of(seed, n=200, p=80, true=20, size=0.4)
        truth = np.zeros(80, dtype=bool)
        truth[:20] = True
        copies = sparsea.gaussian_knockoffs(A, mean=np.zeros(80), covariance=np.eye(80), seed=seed)
        chosen = sparsea.knockoff_filter(A, y, 40, knockoffs=copies, fdr=q).selected
        shares.append(np.sum(~truth[chosen]) / max(len(chosen), 1))
        found.append(np.sum(truth[chosen]) / 20)
    assert np.mean(shares) <= q + 3 * np.std(shares) / np.sqrt(sets)
    assert np.mean(shares) > 0.05
    assert np.mean(found) > 0.9


def test_nothing_but_noise_is_rarely_selected() -> None:
    """Where all columns are false, a data set with a selection has a false share of 1: at most q of them."""
    q, sets = 0.3, 200
    wrong = 0
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        A, copies, y = rng.standard_normal((50, 20)), rng.standard_normal((50, 20)), rng.standard_normal(50)
        wrong += len(sparsea.knockoff_filter(A, y, 6, knockoffs=copies, fdr=q, seed=seed).selected) > 0
    # More than this has probability 1e-4 if the bound is met.
    assert wrong <= scipy.stats.binom.isf(1e-4, sets, q)
    assert wrong > 0


def test_signs_of_noise_are_even() -> None:
    """Whole numbers tie often, and ties must not favour the originals."""
    positive = negative = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        A, copies = (rng.integers(-1, 2, (20, 30)).astype(float) for _ in range(2))
        y = rng.integers(-1, 2, 20).astype(float)
        W = sparsea.knockoff_filter(A, y, 5, knockoffs=copies, seed=seed).statistics
        positive, negative = positive + int(np.sum(W > 0)), negative + int(np.sum(W < 0))
    assert positive + negative > 1000
    assert scipy.stats.binomtest(positive, positive + negative).pvalue > 1e-4


def test_selections_are_records() -> None:
    A, copies, y = problem_of(1)
    frame = pd.DataFrame(A, columns=[f"c{j}" for j in range(40)])
    found = sparsea.knockoff_filter(frame, y, 15, knockoffs=copies, fdr=0.2)
    assert len(found.selected) > 4
    assert found.selected_names_ == tuple(f"c{j}" for j in found.selected)
    table = pd.DataFrame(found.to_dict())
    assert table["column"][table["selected"]].tolist() == list(found.selected_names_)
    assert pickle.loads(pickle.dumps(found)) == found
    assert sparsea.knockoff_filter(frame, y, 15, knockoffs=copies, fdr=0.2, threads=1) == found
    assert not found.statistics.flags.writeable
    assert repr(found).startswith("<KnockoffSelection at q = 0.2: [c")
    assert set(found.select(0.1)) <= set(found.selected) <= set(found.select(0.2, offset=0))
    assert sparsea.knockoff_filter(A, y, knockoffs=copies).k == 20
    assert sparsea.knockoff_filter(A[:, :3], y, knockoffs=copies[:, :3]).sparsities == (1,)


def test_bad_input() -> None:
    A, copies, y = problem_of(2)
    eye = np.eye(40)
    wrong = eye.copy()
    wrong[0, 1] = 0.5
    singular = np.ones((40, 40))
    of_copies: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"covariance": wrong}, ValueError, "covariance must be symmetric"),
        ({"covariance": singular}, ValueError, "covariance must be positive definite; the least eigenvalue"),
        ({"covariance": -eye}, ValueError, "covariance must be positive definite, got -1 at index 0 of its diagonal"),
        ({"covariance": eye[:3]}, ValueError, r"covariance has shape \(3, 40\); it must have \(40, 40\)"),
        ({"mean": np.zeros(3)}, ValueError, r"mean has shape \(3,\)"),
        ({"mean": np.full(40, np.nan)}, ValueError, "mean contains nan"),
        ({"seed": -1}, ValueError, "seed must be a whole number of at least 0, got -1"),
    ]
    for options, kind, message in of_copies:
        with pytest.raises(kind, match=message) as caught:
            sparsea.gaussian_knockoffs(A, **options)
        assert isinstance(caught.value, sparsea.Error)
    with pytest.raises(ValueError, match="at least 2 rows, got 1"):
        sparsea.gaussian_knockoffs(A[:1])
    with pytest.raises(TypeError, match="X holds complex numbers"):
        sparsea.gaussian_knockoffs(A + 1j)
    with pytest.raises(TypeError, match="X must be a dense matrix"):
        sparsea.gaussian_knockoffs(sparsea.Steps(6))
    of_filter: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"knockoffs": copies[:, 1:]}, ValueError, r"knockoffs have shape \(120, 39\), but A has \(120, 40\)"),
        ({"knockoffs": copies * 1j}, TypeError, "knockoffs holds complex numbers"),
        ({"fdr": 0.0}, ValueError, "fdr must be above 0 and below 1, got 0.0"),
        ({"fdr": 1}, ValueError, "fdr must be above 0 and below 1, got 1"),
        ({"offset": 2}, ValueError, "offset must be a whole number from 0 to 1, got 2"),
        ({"k": 0}, ValueError, "k must be"),
        ({"k": 41}, ValueError, "k must be"),
        ({"y": y[:5]}, ValueError, "y has 5 entries, but A has 120 rows"),
        ({"y": y * 1j}, TypeError, "y holds complex numbers"),
        ({"y": A}, ValueError, "needs one vector y, got shape"),
        ({"intercept": y}, TypeError, "intercept"),
        ({"algorithm": "none"}, ValueError, "none"),
        ({"nonnegative": True}, TypeError, "nonnegative"),
    ]
    for change, kind, message in of_filter:
        arguments: dict[str, Any] = {"A": A, "y": y, "knockoffs": copies, **change}
        with pytest.raises(kind, match=message):
            sparsea.knockoff_filter(**arguments)
