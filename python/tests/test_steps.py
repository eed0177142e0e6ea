"""Steps and ramps against NumPy, and segmentation against plain dynamic programming."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sparsea

Array = NDArray[Any]


def steps(m: int) -> Array:
    """Column j is 1 from row j on."""
    return np.tril(np.ones((m, m)))


def ramps(m: int) -> Array:
    """Column j is i − j + 1 from row j on."""
    return np.array(steps(m) @ steps(m))


OPERATORS: list[tuple[Any, Any]] = [(sparsea.Steps, steps), (sparsea.Ramps, ramps)]


def least_residuals(y: Array, k: int) -> list[float]:
    """‖y − A x‖ of the best supports of 0 … k columns of Steps, by the plain recursion over sums of squares."""
    m = len(y)
    cost = np.full((m, m + 1), np.inf)
    for begin, end in itertools.combinations(range(m + 1), 2):
        part = y[begin:end]
        cost[begin, end] = np.sum(np.abs(part - part.mean()) ** 2)
    least = np.concatenate(([0.0], np.cumsum(np.abs(y) ** 2)))
    found = [float(np.sqrt(least[m]))]
    for _ in range(k):
        least = np.concatenate(([np.inf], [np.min(least[:end] + cost[:end, end]) for end in range(1, m + 1)]))
        found.append(float(np.sqrt(least[m])))
    return found


@pytest.mark.parametrize(("operator", "dense"), OPERATORS)
def test_operators_are_those_of_numpy(operator: Any, dense: Any, rng: np.random.Generator) -> None:
    A, matrix = operator(13), dense(13)
    for x in (rng.standard_normal(13), rng.standard_normal(13) + 1j * rng.standard_normal(13), np.arange(13)):
        np.testing.assert_allclose(A.matvec(x), matrix @ x, atol=1e-11)
        np.testing.assert_allclose(A.rmatvec(x), matrix.T @ x, atol=1e-11)
    assert A.matvec(np.arange(13)).dtype == np.float64
    assert (A.shape, A.dtype) == ((13, 13), np.float64)
    for same in (copy.copy(A), copy.deepcopy(A), pickle.loads(pickle.dumps(A)), operator(13)):
        assert same == A
        assert hash(same) == hash(A)
    assert operator(14) != A
    assert sparsea.Steps(13) != sparsea.Ramps(13)
    assert repr(A) == f"<{operator.__name__} 13 × 13>"
    problem = sparsea.Problem(A, np.ones(13))
    np.testing.assert_allclose(problem.column_norms, np.linalg.norm(matrix, axis=0), rtol=1e-14)


@pytest.mark.parametrize(("operator", "dense"), OPERATORS)
@pytest.mark.parametrize("scalar", [np.float64, np.complex128])
def test_solutions_are_those_of_the_dense_form(
    operator: Any, dense: Any, scalar: type, rng: np.random.Generator
) -> None:
    m = 40
    y: Array = np.cumsum(rng.standard_normal(m)).astype(scalar)
    if scalar is np.complex128:
        y = y + 1j * rng.standard_normal(m)
    for name in ("omp", "search", "omp+sea"):
        one, other = (sparsea.solve(A, y, 5, algorithm=name) for A in (operator(m), dense(m)))
        assert one.residual_norm == pytest.approx(other.residual_norm, rel=1e-9)
    Y = np.stack([y, y[::-1]], axis=1)
    for each, column in zip(sparsea.solve(operator(m), Y, 3), Y.T, strict=True):
        assert each.support.tolist() == sparsea.solve(operator(m), column.copy(), 3).support.tolist()


@pytest.mark.parametrize("kind", ["steps", "noise", "whole", "walk", "far", "complex"])
@pytest.mark.parametrize("m", [1, 9, 80])
def test_segments_are_optimal(kind: str, m: int, rng: np.random.Generator) -> None:
    noise = rng.standard_normal(m)
    y = {
        "steps": np.repeat(rng.standard_normal(m), 10)[:m] + 0.1 * noise,
        "noise": noise,
        "whole": np.round(noise),
        "walk": np.cumsum(noise),
        "far": noise + 1e8,
        "complex": noise + 1j * np.repeat(rng.standard_normal(m), 7)[:m],
    }[kind]
    k = min(m, 12)
    expected = least_residuals(y, k)
    for sparsity in range(1, k + 1):
        found = sparsea.solve(sparsea.Steps(m), y, sparsity, algorithm="segment")
        assert found.residual_norm == pytest.approx(expected[sparsity], rel=1e-8, abs=float(1e-14 * np.linalg.norm(y)))
        assert len(found.support) <= sparsity
    path = sparsea.Problem(sparsea.Steps(m), y).path(range(1, k + 1), algorithm="segment")
    for sparsity, each in enumerate(path, 1):
        assert each.residual_norm == pytest.approx(expected[sparsity], rel=1e-8, abs=float(1e-14 * np.linalg.norm(y)))


def test_segments_of_a_batch(rng: np.random.Generator) -> None:
    Y = np.repeat(rng.standard_normal((10, 4)), 12, axis=0) + 0.05 * rng.standard_normal((120, 4))
    batch = sparsea.solve(sparsea.Steps(120), Y, 10, algorithm="segment")
    for found, y in zip(batch, Y.T, strict=True):
        assert found == sparsea.solve(sparsea.Steps(120), y.copy(), 10, algorithm="segment")
    jumps = sum(set(found.support.tolist()) <= set(range(0, 120, 12)) for found in batch)
    assert jumps >= 3


def test_segment_needs_steps() -> None:
    for A in (steps(20), sparsea.Ramps(20)):
        with pytest.raises(ValueError, match="segment needs the operator Steps, but A is another"):
            sparsea.solve(A, np.ones(20), 2, algorithm="segment")


@pytest.mark.parametrize("operator", [sparsea.Steps, sparsea.Ramps])
def test_impossible_sizes(operator: Any) -> None:
    for m, said in ((0, "A must have at least one row"), (-1, "m must be a whole number of at least 0, got -1")):
        with pytest.raises(ValueError, match=said):
            operator(m)
    with pytest.raises(TypeError, match="m must be a whole number"):
        operator(3.5)
    with pytest.raises(MemoryError, match="does not fit into memory"):
        operator(2**62)
    with pytest.raises(ValueError, match="the vector has 3 entries, but A has 4 columns"):
        operator(4).matvec(np.ones(3))
