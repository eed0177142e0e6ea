"""Many columns: search works on those that can matter, whatever A is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import LinearOperator

import sparsea


def planted(rng: np.random.Generator, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """A random support, and ±[1, 2] on it."""
    support = np.sort(rng.choice(n, k, replace=False))
    x = np.zeros(n)
    x[support] = rng.choice([-1.0, 1.0], k) * rng.uniform(1, 2, k)
    return support, x


@pytest.mark.parametrize("order", ["C", "F"])
def test_correlated_columns(order: Any) -> None:
    rng = np.random.default_rng(8)
    A = rng.normal(size=(200, 40_500))
    for j in range(1, A.shape[1]):
        A[:, j] = 0.9 * A[:, j - 1] + np.sqrt(0.19) * A[:, j]
    support, x = planted(rng, A.shape[1], 16)
    solution = sparsea.solve(np.asarray(A, order=order), A @ x, 25)
    assert solution.algorithm == "search"
    # k is larger than what was planted, which is found none the less.
    assert set(support) <= set(solution.support)
    assert solution.relative_residual < 1e-12


def test_sparse_columns_with_noise() -> None:
    rng = np.random.default_rng(9)
    m, n, k = 20_000, 100_000, 30
    A = csc_matrix((rng.normal(size=5 * n), rng.integers(0, m, 5 * n), np.arange(0, 5 * n + 1, 5)), shape=(m, n))
    support, x = planted(rng, n, k)
    y = A @ x
    e = rng.normal(size=m)
    y += 0.01 * np.linalg.norm(y) / np.linalg.norm(e) * e
    solution = sparsea.solve(A, y, k)
    np.testing.assert_array_equal(solution.support, support)
    fit = np.linalg.lstsq(A[:, support].toarray(), y)[0]
    np.testing.assert_allclose(solution.x[support], fit, rtol=1e-9)


def test_one_number_states_the_norms_of_all_columns() -> None:
    """Rows of the Fourier transform: no product is made to measure columns."""
    rng = np.random.default_rng(10)
    m, n, k = 600, 4096, 40
    rows = np.sort(rng.choice(n, m, replace=False))
    calls = 0

    def matvec(x: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return np.fft.fft(x.ravel(), norm="ortho")[rows]

    def rmatvec(y: np.ndarray) -> np.ndarray:
        full = np.zeros(n, complex)
        full[rows] = y.ravel()
        return np.fft.ifft(full, norm="ortho")

    A = LinearOperator((m, n), matvec=matvec, rmatvec=rmatvec, dtype=complex)
    A.column_norms = np.sqrt(m / n)
    support, x = planted(rng, n, k)
    y = matvec(x)
    calls = 0
    solution = sparsea.solve(A, y, k)
    np.testing.assert_array_equal(solution.support, support)
    assert calls < n / 2
