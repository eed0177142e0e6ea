"""The package against scikit-learn and SPAMS, on problems whose answers are unique."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import lars_path, orthogonal_mp, orthogonal_mp_gram

import sparsea


def problem(seed: int) -> tuple[Any, Any, int]:
    """A matrix with unit columns, which is what the peers assume, noisy data, and a sparsity."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(20, 80)), int(rng.integers(30, 160))
    k = int(rng.integers(1, m // 4))
    A = rng.standard_normal((m, n))
    A /= np.linalg.norm(A, axis=0)
    chosen = rng.choice(n, k, replace=False)
    return A, A[:, chosen] @ rng.standard_normal(k) + 0.02 * rng.standard_normal(m), k


SEEDS = range(15)


@pytest.mark.parametrize("seed", SEEDS)
def test_orthogonal_matching_pursuit_is_that_of_scikit_learn(seed: int) -> None:
    A, y, k = problem(seed)
    found = sparsea.solve(A, y, k, algorithm="omp")
    np.testing.assert_allclose(found.x, orthogonal_mp(A, y, n_nonzero_coefs=k), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(found.x, orthogonal_mp_gram(A.T @ A, A.T @ y, n_nonzero_coefs=k), rtol=1e-6, atol=1e-8)


def test_batches_are_those_of_scikit_learn() -> None:
    A, y, k = problem(3)
    Y = np.stack([y, -2 * y, np.roll(y, 1)], axis=1)
    found = sparsea.solve(A, Y, k, algorithm="omp")
    np.testing.assert_allclose(found.x, orthogonal_mp(A, Y, n_nonzero_coefs=k), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_lasso_is_the_path_of_scikit_learn(seed: int) -> None:
    A, y, k = problem(seed)
    _, _, path = lars_path(A, y, method="lasso")
    supports = [np.flatnonzero(x).tolist() for x in path.T]
    found = sparsea.solve(A, y, k, algorithm="lasso").support.tolist()
    assert len(found) == k
    assert found in supports


@pytest.mark.parametrize("seed", SEEDS)
def test_orthogonal_least_squares_is_that_of_spams(seed: int) -> None:
    spams = pytest.importorskip("spams", reason="SPAMS has no wheel for this Python")
    A, y, k = problem(seed)
    x = spams.omp(np.asfortranarray(y[:, None]), np.asfortranarray(A), L=k, eps=0.0, lambda1=0.0, numThreads=1)
    found = sparsea.solve(A, y, k, algorithm="ols")
    np.testing.assert_allclose(found.x, x.toarray()[:, 0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_joint_orthogonal_least_squares_is_that_of_spams(seed: int) -> None:
    spams = pytest.importorskip("spams", reason="SPAMS has no wheel for this Python")
    A, _, k = problem(seed)
    # Noise alone: on what k columns explain well, OMP would choose the same.
    Y = np.asfortranarray(np.random.default_rng(seed + 100).standard_normal((A.shape[0], 4)))
    # The one matrix begins at column 0 of Y.
    begins = np.zeros(1, dtype=np.int32)
    X = spams.somp(Y, np.asfortranarray(A), begins, L=k, eps=0.0, numThreads=1)
    found = sparsea.solve(A, Y, k, algorithm="ols", joint=True)
    np.testing.assert_allclose(found.x, X.toarray(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_exploration_beats_what_it_starts_from(seed: int) -> None:
    A, y, k = problem(seed)
    residual = np.linalg.norm(y - A @ orthogonal_mp(A, y, n_nonzero_coefs=k))
    for algorithm in ("omp+sea", "omp+els", "omp+search"):
        assert sparsea.solve(A, y, k, algorithm=algorithm, iterations=100).residual_norm <= residual * (1 + 1e-12)
