"""The path of `lasso` where columns tie, against scikit-learn and the conditions of optimality."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.linalg import convolution_matrix, hadamard
from sklearn.linear_model import Lasso, lars_path

import sparsea

TOLERANCE = 1e-8


def families(seed: int) -> Iterator[tuple[str, Any, Any]]:
    """Designs in which several columns reach the bound at one λ, and one in which none do."""
    rng = np.random.default_rng([seed, 90])
    m = int(rng.integers(6, 12))
    yield "identity", np.eye(m), rng.integers(-3, 4, m).astype(float)
    columns = np.sort(rng.choice(8, 6, replace=False))
    factorial = hadamard(8)[:, columns].astype(float)
    yield "factorial", factorial, factorial @ rng.integers(-2, 3, 6) + rng.integers(-1, 2, 8)
    base = rng.standard_normal((m, 4))
    yield "duplicates", np.hstack([base, base[:, [1, 3]], -base[:, [0]]]), rng.standard_normal(m)
    pulses = convolution_matrix([1.0, 2.0, 1.0], 2 * m, "full")
    yield "pulses", pulses, pulses[:, 1] + pulses[:, m + 2] - pulses[:, 2 * m - 3]
    yield "integers", rng.integers(-2, 3, (m, m + 3)).astype(float), rng.integers(-4, 5, m).astype(float)
    yield "continuous", rng.standard_normal((m, m + 3)), rng.standard_normal(m)


def unit(A: Any) -> Any:
    """A with the columns that algorithms see."""
    norms = np.linalg.norm(A, axis=0)
    return A / np.where(norms > 0.0, norms, 1.0)


def is_optimal(U: Any, y: Any, x: Any, level: float) -> bool:
    """Whether ½‖y − U x‖² + level · ‖x‖₁ is least at x."""
    correlation = U.T @ (y - U @ x)
    slack = TOLERANCE * max(np.max(np.abs(U.T @ y)), 1e-300)
    on = x != 0.0
    within = np.all(np.abs(correlation) <= level + slack)
    return bool(within and np.all(np.abs(correlation[on] - level * np.sign(x[on])) <= slack))


def knots(A: Any, y: Any, k: int) -> list[tuple[float, Any]]:
    """λ and x for unit columns at every knot of the path."""
    whole = sparsea.solve(A, y, k, algorithm="lasso", settings={"refit": False})
    assert whole.stop_reason in {"finished", "exact_fit"}
    U, norms = unit(A), np.linalg.norm(A, axis=0)
    found = []
    for iterations in range(1, whole.iterations + 1):
        x = sparsea.solve(A, y, k, algorithm="lasso", settings={"refit": False}, iterations=iterations).x * norms
        found.append((float(np.max(np.abs(U.T @ (y - U @ x)))), x))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_every_knot_is_a_minimiser(seed: int) -> None:
    for name, A, y in families(seed):
        U, largest = unit(A), float(np.max(np.abs(unit(A).T @ y)))
        for k in range(1, min(A.shape) + 1):
            path = knots(A, y, k)
            for at, (level, x) in enumerate(path):
                assert np.count_nonzero(x) <= k, (name, k, at)
                assert is_optimal(U, y, x, level), (name, k, at)
                assert at == 0 or level <= path[at - 1][0] + TOLERANCE * largest, (name, k, at)
                if level > 1e-6 * largest:
                    peer = Lasso(alpha=level / len(y), fit_intercept=False, tol=1e-14, max_iter=200_000)
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        best = peer.fit(np.asfortranarray(U), y).coef_
                    objective = [0.5 * np.sum((y - U @ z) ** 2) + level * np.sum(np.abs(z)) for z in (x, best)]
                    assert objective[0] <= objective[1] + 1e-9 * (y @ y), (name, k, at)


def test_the_path_is_that_of_scikit_learn_where_that_is_right() -> None:
    compared = []
    for name, A, y in (family for seed in range(8) for family in families(seed)):
        if not np.all(np.any(A, axis=0)) or not np.any(A.T @ y):
            continue
        U, k = unit(A), min(A.shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            alphas, _, columns = lars_path(U, y, method="lasso", alpha_min=0)
        levels = np.asarray(alphas) * len(y)
        if not all(is_optimal(U, y, x, level) for level, x in zip(levels, columns.T, strict=True)):
            continue
        for level, x in knots(A, y, k):
            if level < levels[-1]:
                continue
            # A x(λ) is unique even where x is not.
            images = [np.interp(level, levels[::-1], row[::-1]) for row in U @ columns]
            np.testing.assert_allclose(U @ x, images, atol=1e-6 * float(np.linalg.norm(y)), err_msg=name)
        compared.append(name)
    assert compared.count("continuous") >= 4, compared


def test_equal_entries_join_together() -> None:
    y = np.array([3.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    for k in range(1, 7):
        found = sparsea.solve(np.eye(6), y, k, algorithm="lasso")
        assert found.support.tolist() == list(range(k))
        assert found.iterations <= 4
