"""Basis pursuit against linear programmes solved by HiGHS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

import sparsea


def programme(A: Any, y: Any) -> tuple[float, Any]:
    """The least Σ‖a_j‖|x_j| with A x = y, and x in the scale of unit columns."""
    norms = np.linalg.norm(A, axis=0)
    U = A / norms
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    n = A.shape[1]
    found = linprog(np.ones(2 * n), A_eq=np.hstack([U, -U]), b_eq=y, bounds=(0, None), method="highs", options=tight)
    assert found.status == 0, found.message
    return float(found.fun), found.x[:n] - found.x[n:]


def problem(seed: int) -> tuple[Any, Any, int]:
    """A with columns of different lengths and y = A x for k non-zeros, so many that ℓ1 does not always find them."""
    rng = np.random.default_rng([seed, 7])
    m = int(rng.integers(8, 40))
    n = int(rng.integers(m + 1, 3 * m))
    k = int(rng.integers(1, m // 2 + 1))
    A = rng.standard_normal((m, n)) * rng.choice([1.0, 30.0, 0.1], n)
    if seed % 3 == 0:
        A += 0.7 * np.roll(A, 1, axis=1)
    x = np.zeros(n)
    x[rng.choice(n, k, replace=False)] = rng.standard_normal(k)
    return A, A @ x, k


@pytest.mark.parametrize("seed", range(60))
def test_the_end_of_the_path_is_the_minimiser_of_the_linear_programme(seed: int) -> None:
    A, y, k = problem(seed)
    least, x = programme(A, y)
    norms = np.linalg.norm(A, axis=0)
    whole = sparsea.solve(A, y, len(y), algorithm="bp", settings={"path": False})
    assert np.linalg.norm(y - A @ whole.x) <= 1e-9 * np.linalg.norm(y)
    assert np.abs(whole.x * norms).sum() == pytest.approx(least, rel=1e-8)
    np.testing.assert_allclose(whole.x * norms, x, rtol=0, atol=1e-6 * least)
    # The k largest entries; where the two that meet there are closer than the programme is exact, either.
    order = np.argsort(-np.abs(x), kind="stable")
    sizes = np.abs(x)[order]
    if sizes[k - 1] > 1e-6 * sizes[0] and sizes[k - 1] - sizes[k] > 1e-6 * sizes[0]:
        expected = np.sort(order[:k])
        found = sparsea.solve(A, y, k, algorithm="bp", settings={"path": False})
        np.testing.assert_array_equal(found.support, expected)
        fit, *_ = np.linalg.lstsq(A[:, expected] / norms[expected], y, rcond=None)
        np.testing.assert_allclose(
            found.x[expected] * norms[expected], fit, rtol=1e-6, atol=1e-9 * float(np.linalg.norm(y))
        )


@pytest.mark.parametrize("seed", range(20))
def test_integer_matrices_whose_minimiser_is_not_unique(seed: int) -> None:
    rng = np.random.default_rng([seed, 8])
    m = int(rng.integers(4, 9))
    A = rng.integers(-2, 3, (m, m + 6)).astype(float)
    A[0] += 5.0
    y = A @ rng.integers(-2, 3, m + 6)
    least, _ = programme(A, y)
    whole = sparsea.solve(A, y, len(y), algorithm="bp", settings={"path": False})
    assert np.linalg.norm(y - A @ whole.x) <= 1e-9 * np.linalg.norm(y)
    assert np.abs(whole.x * np.linalg.norm(A, axis=0)).sum() == pytest.approx(least, rel=1e-8, abs=1e-12)


def test_complex_data_are_refused() -> None:
    A = np.eye(3) + 0j
    with pytest.raises(ValueError, match="bp works on real data only"):
        sparsea.solve(A, A[:, 0], 1, algorithm="bp")
