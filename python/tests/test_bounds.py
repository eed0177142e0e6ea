"""Coefficients with bounds, against brute force with SciPy over all supports."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import sparsea

ALGORITHMS = ["search", "els", "ols", "omp", "sea", "htp", "iht", "niht", "cosamp", "subspace_pursuit", "ompr", "foba"]


def least(A: np.ndarray, y: np.ndarray, k: int, lower: Any, upper: Any) -> float:
    """The least ‖y − A x‖ of k-sparse x between bounds."""
    best = float(np.linalg.norm(y))
    for support in combinations(range(A.shape[1]), k):
        S = list(support)
        if np.all(lower == 0) and np.all(np.isinf(upper)):
            best = min(best, scipy.optimize.nnls(A[:, S], y)[1])
        else:
            # An interval of one point is none to SciPy.
            ends = np.maximum(upper[S], 1e-300)
            found = scipy.optimize.lsq_linear(A[:, S], y, (np.minimum(lower[S], -1e-300), ends), method="bvls")
            best = min(best, float(np.sqrt(2 * found.cost)))
    return best


@pytest.mark.parametrize("seed", range(20))
def test_search_finds_the_optimum(seed: int) -> None:
    rng = np.random.default_rng([seed, 1])
    A = rng.standard_normal((9, 12)) + (seed % 3) * rng.standard_normal((9, 1))
    y = rng.standard_normal(9)
    lower, upper = np.zeros(12), np.full(12, np.inf)
    found = sparsea.solve(A, y, 3, nonnegative=True, iterations=1000)
    assert found.residual_norm <= least(A, y, 3, lower, upper) * (1 + 1e-9)
    assert (found.coefficients > 0).all()
    lower, upper = -rng.uniform(0, 1, 12) * (rng.random(12) < 0.7), rng.uniform(0, 1, 12) * (rng.random(12) < 0.7)
    found = sparsea.solve(A, y, 3, bounds=(lower, upper), iterations=1000)
    assert found.residual_norm <= least(A, y, 3, lower, upper) * (1 + 1e-7)
    assert (found.x >= lower).all()
    assert (found.x <= upper).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_coefficients_keep_to_their_bounds(algorithm: str) -> None:
    rng = np.random.default_rng(2)
    A = rng.standard_normal((30, 60))
    y = A[:, :8] @ np.array([3.0, -2.0, 1.0, 0.3, -0.5, 2.0, 0.1, -4.0])
    cases: list[tuple[dict[str, Any], float, float]] = [
        ({"nonnegative": True}, 0.0, np.inf),
        ({"bounds": (-0.4, 1.3)}, -0.4, 1.3),
        ({"bounds": (None, 1.0)}, -np.inf, 1.0),
        ({"bounds": scipy.optimize.Bounds(-2.0, 2.0), "nonnegative": True}, 0.0, 2.0),
    ]
    for options, lower, upper in cases:
        found = sparsea.solve(A, y, 8, algorithm=algorithm, **options)
        assert (found.coefficients >= lower).all()
        assert (found.coefficients <= upper).all()
        prepared = sparsea.Problem(A, y, **options).solve(8, algorithm=algorithm)
        assert (prepared.support == found.support).all()
        assert (prepared.coefficients == found.coefficients).all()


def test_fits_are_those_of_nnls() -> None:
    for seed in range(10):
        rng = np.random.default_rng([seed, 3])
        A = rng.standard_normal((40, 15))
        y = rng.standard_normal(40)
        x, residual = scipy.optimize.nnls(A, y)
        found = sparsea.solve(A, y, 15, nonnegative=True, algorithm="omp")
        assert found.residual_norm <= residual * (1 + 1e-9)
        np.testing.assert_allclose(found.x, x, atol=1e-9)


def test_batches_are_loops() -> None:
    rng = np.random.default_rng(4)
    A, Y = rng.standard_normal((20, 40)), rng.standard_normal((20, 5))
    for options in ({"nonnegative": True}, {"bounds": (-0.1, 0.2)}):
        batch = sparsea.solve(A, Y, 4, **options)
        for b, found in enumerate(batch):
            alone = sparsea.solve(A, Y[:, b], 4, **options)
            assert (alone.support == found.support).all()
            assert (alone.coefficients == found.coefficients).all()


def test_positive_spikes_that_overlap() -> None:
    rng = np.random.default_rng(5)
    x = np.zeros(400)
    x[rng.choice(400, 30, replace=False)] = rng.uniform(1, 2, 30)
    y = np.convolve(x, sparsea.gaussian(3.0), mode="same")
    found = sparsea.deconvolve(y, "gaussian:3", 30, nonnegative=True)
    np.testing.assert_allclose(found.x, x, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bounds": (0.5, 1.0)}, "each lower bound must be at most 0"),
        ({"bounds": (-1.0, -0.5)}, "each upper bound must be at least 0"),
        ({"bounds": (np.nan, 1.0)}, "each lower bound must be at most 0"),
        ({"bounds": (np.zeros(7), 1.0)}, "lower bounds have shape"),
        ({"bounds": (0.0, [1.0, 2.0])}, "upper bounds have shape"),
        ({"bounds": 3.0}, "bounds must be a pair"),
        ({"bounds": (0.0, 1.0, 2.0)}, "bounds must be a pair"),
        ({"bounds": (0.0, 1j)}, "upper bounds must be real"),
        ({"bounds": ("a", 1.0)}, "lower bounds must be"),
        ({"nonnegative": np.ones(2)}, "nonnegative must be"),
        ({"nonnegative": True, "algorithm": "lasso"}, "lasso needs"),
        ({"nonnegative": True, "algorithm": "amp"}, "amp needs"),
    ],
)
@pytest.mark.parametrize("make", [sparsea.solve, lambda A, y, k, **o: sparsea.Problem(A, y, **o).solve(k)])
def test_bad_bounds_are_refused(options: dict[str, Any], said: str, make: Callable[..., Any]) -> None:
    if "algorithm" in options and make is not sparsea.solve:
        return
    A, y = np.eye(8), np.ones(8)
    with pytest.raises(sparsea.Error, match=said):
        make(A, y, 2, **options)


def test_complex_problems_have_no_bounds() -> None:
    A, y = np.eye(8), 1j * np.ones(8)
    for options in ({"nonnegative": True}, {"bounds": (0.0, 1.0)}):
        with pytest.raises(sparsea.Error, match="real data only"):
            sparsea.solve(A, y, 2, **options)
        with pytest.raises(sparsea.Error, match="real data only"):
            sparsea.Problem(A, y, **options)


def test_the_command_finds_the_same(tmp_path: Path) -> None:
    program = os.environ["SPARSEA_BIN"]
    rng = np.random.default_rng(6)
    A, y = np.asfortranarray(rng.standard_normal((20, 40))), rng.standard_normal(20)
    np.save(tmp_path / "A.npy", A)
    np.save(tmp_path / "y.npy", y)
    cases: list[tuple[list[str], dict[str, Any]]] = [
        (["--nonnegative"], {"nonnegative": True}),
        (["--bounds=-0.1:0.25"], {"bounds": (-0.1, 0.25)}),
        (["--bounds", ":0.25"], {"bounds": (None, 0.25)}),
        (["--bounds", "-1:0.25", "--nonnegative"], {"bounds": (-1.0, 0.25), "nonnegative": True}),
    ]
    for flags, options in cases:
        line = [program, "solve", "A.npy", "y.npy", "-k", "5", "--json", *flags]
        said = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
        found, expected = json.loads(said.stdout), sparsea.solve(A, y, 5, **options)
        assert found["support"] == expected.support.tolist()
        assert found["coefficients"] == expected.coefficients.tolist()
    for bad in ("1:2", "3", "a:b", "2:-1", "nan:1"):
        line = [program, "solve", "A.npy", "y.npy", "-k", "5", "--bounds", bad]
        said = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert said.returncode == 2
        assert "--bounds must be LO:HI" in said.stderr
