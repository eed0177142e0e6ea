"""`Problem.path`: all k together, against brute force, neighbours and single runs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import sparsea

Array = np.ndarray[Any, np.dtype[Any]]


def fit(A: Array, y: Array, columns: list[int]) -> float:
    """‖r‖ of least squares."""
    x = np.linalg.lstsq(A[:, columns], y, rcond=None)[0]
    return float(np.linalg.norm(y - A[:, columns] @ x))


def correlated(rng: np.random.Generator, m: int, n: int, rho: float = 0.9) -> Array:
    A = rng.standard_normal((m, n))
    for j in range(1, n):
        A[:, j] = rho * A[:, j - 1] + np.sqrt(1 - rho**2) * A[:, j]
    return A


@pytest.mark.parametrize("seed", range(6))
def test_no_k_is_worse_than_its_neighbours_say(seed: int) -> None:
    rng = np.random.default_rng([40, seed])
    A = correlated(rng, 30, 20)
    y = A[:, ::4] @ rng.standard_normal(5) + 0.3 * rng.standard_normal(30)
    path = sparsea.Problem(A, y).path(range(11))
    assert [len(solution.support) for solution in path] == list(range(11))
    norms = [solution.residual_norm for solution in path]
    assert norms == sorted(norms, reverse=True)
    for k, solution in enumerate(path):
        support = list(solution.support)
        assert solution.residual_norm == pytest.approx(fit(A, y, support), rel=1e-9)
        least = solution.residual_norm * (1 - 1e-7)
        outside = [j for j in range(20) if j not in support]
        for j, i in itertools.product(support, outside):
            assert fit(A, y, [i if s == j else s for s in support]) >= least
        if k:
            below = list(path[k - 1].support)
            assert all(fit(A, y, [*below, j]) >= least for j in range(20) if j not in below)
        if k < 10:
            above = list(path[k + 1].support)
            assert all(fit(A, y, [s for s in above if s != j]) >= least for j in above)


def test_small_paths_are_nearly_always_the_best_of_all() -> None:
    best = count = 0
    for seed in range(40):
        rng = np.random.default_rng([41, seed])
        A, y = correlated(rng, 12, 9, 0.8), rng.standard_normal(12)
        for k, solution in enumerate(sparsea.Problem(A, y).path(range(1, 6)), 1):
            optimum = min(fit(A, y, list(s)) for s in itertools.combinations(range(9), k))
            assert solution.residual_norm >= optimum * (1 - 1e-9)
            best += solution.residual_norm <= optimum * (1 + 1e-9)
            count += 1
    assert best >= 0.97 * count


def test_a_batch_is_a_loop_and_order_does_not_matter(rng: np.random.Generator) -> None:
    A, Y = correlated(rng, 40, 30), rng.standard_normal((40, 3))
    together = sparsea.Problem(A, Y).path([5, 0, 2])
    for column in range(3):
        alone = sparsea.Problem(A, Y[:, column]).path([0, 2, 5])
        for found, other in zip(together, (alone[2], alone[0], alone[1]), strict=True):
            np.testing.assert_array_equal(found[column].support, other.support)
            np.testing.assert_array_equal(found[column].coefficients, other.coefficients)
    assert len(sparsea.Problem(A, Y[:, :0]).path([1, 2])) == 2
    assert sparsea.Problem(A, Y).path([]) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_dense_sparse_and_operator_agree(threads: int, rng: np.random.Generator) -> None:
    import scipy.sparse

    A = correlated(rng, 40, 30)
    y = rng.standard_normal(40)
    expected = sparsea.Problem(A, y).path(range(9))
    for form in (scipy.sparse.csc_array(A), scipy.sparse.linalg.aslinearoperator(A), np.asfortranarray(A)):
        for found, other in zip(sparsea.Problem(form, y).path(range(9), threads=threads), expected, strict=True):
            np.testing.assert_array_equal(found.support, other.support)
            np.testing.assert_allclose(found.coefficients, other.coefficients, rtol=1e-9)


def test_forms_have_paths(rng: np.random.Generator) -> None:
    A, Y = correlated(rng, 30, 12), rng.standard_normal((30, 3))
    labels = ["a", "b", "c", "d"] * 3
    forms: list[tuple[Any, dict[str, Any]]] = [
        (Y, {"joint": True}),
        (Y[:, 0], {"groups": labels}),
        (Y[:, 0], {"nonnegative": True}),
        (Y[:, 0], {"bounds": (-0.1, 0.2)}),
        (Y[:, 0], {"intercept": True, "fixed": [1], "exclude": [4]}),
        (Y[:, 0], {"weights": rng.random(30), "ridge": 0.1}),
        (Y, {"joint": True, "groups": labels, "intercept": True}),
        (Y[:, 0] + 1j * Y[:, 1], {}),
    ]
    for y, options in forms:
        problem: Any = sparsea.Problem(A, y, **options)
        path = problem.path(range(4))
        for k, solution in enumerate(path):
            alone = problem.solve(k)
            # So small that a run finds the best of all, nearly always; the path knows its neighbours besides.
            assert solution.objective <= alone.objective * (1 + 1e-9) + 1e-12, (options, k)
            assert (solution.groups is None) == ("groups" not in options)
            if options.get("intercept"):
                np.testing.assert_allclose(solution.intercept, alone.intercept, atol=1e-9)


def test_a_sum_is_kept_for_every_k(rng: np.random.Generator) -> None:
    A = rng.standard_normal((40, 10))
    y = A @ np.full(10, 0.1) + 0.1 * rng.standard_normal(40)
    problem = sparsea.Problem(A, y, sum_to=1, bounds=(0, 0.6))
    for k, solution in enumerate(problem.path(range(2, 6)), 2):
        assert abs(solution.coefficients.sum() - 1) < 1e-12
        assert len(solution.support) <= k
        assert (solution.coefficients <= 0.6 + 1e-12).all()
        assert solution.residual_norm <= problem.solve(k).residual_norm * (1 + 1e-6)
    with pytest.raises(ValueError, match="k = 0"):
        problem.path([0, 2])


def test_what_only_a_run_has_makes_runs(rng: np.random.Generator) -> None:
    A, y = correlated(rng, 40, 30), rng.standard_normal(40)
    problem = sparsea.Problem(A, y)
    options: list[dict[str, Any]] = [
        {"algorithm": "omp"},
        {"algorithm": "search"},
        {"start": [1, 2]},
        {"iterations": 5},
        {"report": 0.1},
        {"report": 0.0},
        {"trace": True},
        {"callback": lambda progress: progress.iteration == 2},
        {"settings": {}},
    ]
    for given in options:
        path = problem.path([2, 4], **given)
        assert path == [problem.solve(2, **given), problem.solve(4, **given)], given
    assert {solution.algorithm for solution in problem.path([2, 4], time=10.0, relative_residual=0.0)} == {"path"}
    assert len(problem.path([1, 2, 3], progress=True)) == 3


def test_a_long_trace_is_solved_in_windows(rng: np.random.Generator) -> None:
    pulse = np.exp(-(np.arange(-12, 13) ** 2) / 18)
    blur = sparsea.Convolution(pulse, 3000, boundary="same")
    x = np.zeros(3000)
    x[rng.choice(3000, 60, replace=False)] = rng.choice([-1, 1], 60) * (1 + rng.random(60))
    y = blur.matvec(x)
    path = sparsea.Problem(blur, y).path([20, 60, 64])
    assert [len(solution.support) for solution in path] == [20, 60, 60]
    np.testing.assert_array_equal(path[1].support, np.flatnonzero(x))
    assert path[1].algorithm == "search"
