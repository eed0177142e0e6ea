"""k = 0, and one k for each column of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sparsea

ALGORITHMS = [info.name for info in sparsea.algorithms() if info.name != "segment"]


def _batch(columns: int = 6, seed: int = 0, shape: tuple[int, int] = (40, 90), dtype: type = float) -> Any:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal(shape)
    X = np.zeros((shape[1], columns))
    for column in range(columns):
        X[rng.choice(shape[1], 4, replace=False), column] = 1 + rng.random(4)
    noise = 0.05 * rng.standard_normal((shape[0], columns))
    if dtype is complex:
        A = A + 1j * rng.standard_normal(shape)
    return A, A @ X + noise


def _same(one: Any, other: Any) -> None:
    assert np.array_equal(one.support, other.support)
    assert np.array_equal(one.coefficients, other.coefficients)
    assert one.residual_norm == other.residual_norm
    assert (one.algorithm, one.stop_reason, one.iterations) == (other.algorithm, other.stop_reason, other.iterations)


@pytest.mark.parametrize("algorithm", [None, *ALGORITHMS])
def test_zero_columns(algorithm: Any) -> None:
    A, Y = _batch()
    y = Y[:, 0]
    for solution in [
        sparsea.solve(A, y, 0, algorithm=algorithm),
        sparsea.Problem(A, y).solve(0, algorithm=algorithm),
        sparsea.Problem(A, y).path([2, 0], algorithm=algorithm)[1],
        sparsea.solve(A, Y, np.int64(0), algorithm=algorithm)[0],
        sparsea.solve(A, y, 0, algorithm=algorithm, start="omp", report=True, trace=True),
    ]:
        assert solution.support.size == 0
        assert not solution.x.any()
        assert solution.residual_norm == pytest.approx(np.linalg.norm(y), rel=1e-14)
        assert solution.stop_reason == "finished"
    nothing = sparsea.solve(A, np.zeros(40), 0, algorithm=algorithm)
    assert (nothing.stop_reason, nothing.residual_norm) == ("exact_fit", 0.0)


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("algorithm", [None, "sea", "omp", "els"])
def test_one_k_for_each_column(algorithm: Any, dtype: Any) -> None:
    A, Y = _batch(dtype=dtype)
    ks = [4, 0, 7, 4, 1, 0]
    problem = sparsea.Problem(A, Y)
    given: list[Any] = [ks, tuple(ks), np.array(ks), np.array(ks, dtype=np.uint8), np.array(ks)[::-1][::-1]]
    for k in given:
        for solutions in [
            sparsea.solve(A, Y, k, algorithm=algorithm),
            sparsea.solve(A, Y, k, algorithm=algorithm, threads=1),
            problem.solve(k, algorithm=algorithm),
        ]:
            assert len(solutions) == len(ks)
            for column, solution in enumerate(solutions):
                _same(solution, sparsea.solve(A, Y[:, column], ks[column], algorithm=algorithm))
    assert list(sparsea.solve(A, Y[:, :0], [])) == []
    for solution, size in zip(sparsea.solve(A, Y, range(6)), range(6), strict=True):
        assert len(solution.support) == size


def test_starts_go_with_their_columns() -> None:
    A, Y = _batch(3)
    starts = np.zeros((90, 3))
    starts[[3, 5], [0, 2]] = 1.0
    solutions = sparsea.solve(A, Y, [2, 1, 3], start=starts, iterations=0, algorithm="htp")
    for column, k in enumerate([2, 1, 3]):
        _same(
            solutions[column],
            sparsea.solve(A, Y[:, column], k, start=starts[:, column], iterations=0, algorithm="htp"),
        )


def test_the_default_algorithm_is_that_of_each_k() -> None:
    # For a large k search would hold too many numbers.
    rng = np.random.default_rng(1)
    A = rng.standard_normal((1500, 1600))
    Y = rng.standard_normal((1500, 2))
    ks = [1, 1500]
    names = [solution.algorithm for solution in sparsea.solve(A, Y, ks, iterations=0)]
    assert names == [sparsea.solve(A, Y[:, 0], k, iterations=0).algorithm for k in ks]


@pytest.mark.parametrize(
    ("k", "said", "error"),
    [
        ([1, 2], "k has 2 entries, but Y has 3 columns", ValueError),
        ([1, 2, 3, 4], "k has 4 entries, but Y has 3 columns", ValueError),
        ([], "k has 0 entries, but Y has 3 columns", ValueError),
        ([1, 41, 2], "k[1] must be between 0 and 40 (the number of rows), got 41", ValueError),
        ([1, 2, -1], "k[2] must be between 0 and 40 (the number of rows), got -1", ValueError),
        ([1, 2.0, 1], "k[1] must be a whole number of at least 0, got 2.0", TypeError),
        ([1, True, 1], "k[1] must be a whole number of at least 0, got True", TypeError),
        (np.array([1.0, 2.0, 3.0]), "k[0] must be a whole number of at least 0", TypeError),
        (np.ones((3, 1), dtype=int), "k[0] must be a whole number of at least 0", TypeError),
        ("123", "k must be a whole number of at least 0, got '123'", TypeError),
        ({1, 2, 3}, "k must be a whole number of at least 0, got {1, 2, 3}", TypeError),
        (None, "k must be a whole number of at least 0, got None", TypeError),
    ],
)
def test_what_k_cannot_be(k: Any, said: Any, error: Any) -> None:
    A, Y = _batch(3)
    attempts: list[Any] = [lambda: sparsea.solve(A, Y, k), lambda: sparsea.Problem(A, Y).solve(k)]
    for attempt in attempts:
        with pytest.raises(error) as raised:
            attempt()
        assert said in str(raised.value)
        assert isinstance(raised.value, sparsea.Error)


def test_one_vector_has_one_k() -> None:
    A, Y = _batch(1)
    with pytest.raises(TypeError, match="k must be a whole number of at least 0, got \\[3\\]"):
        sparsea.solve(A, Y[:, 0], [3])


def test_series_of_k() -> None:
    pandas = pytest.importorskip("pandas")
    A, Y = _batch(3)
    for solution, k in zip(sparsea.solve(A, Y, pandas.Series([2, 0, 1])), [2, 0, 1], strict=True):
        assert len(solution.support) == k
