"""Sufficient statistics: what A and y give, from AᴴA, Aᴴy and yᴴy."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sparsea

ALGORITHMS = ["search", "sea", "omp", "ols", "els", "htp", "splicing", "foba"]
REAL = ["lasso", "bp"]


def problem(
    rng: np.random.Generator, m: int, n: int, k: int, columns: int = 0, scalar: str = "real"
) -> tuple[Any, Any]:
    """A and noisy y, or Y of so many columns."""
    A = rng.standard_normal((m, n))
    if scalar == "complex":
        A = A + 1j * rng.standard_normal((m, n))
    x = np.zeros((n, max(columns, 1)))
    for column in x.T:
        column[rng.choice(n, k, replace=False)] = rng.choice([-1.0, 1.0], k) * (1 + rng.random(k))
    Y = A @ x
    Y += 0.1 * np.linalg.norm(Y) / np.sqrt(Y.size) * rng.standard_normal(Y.shape)
    return A, (Y if columns else Y[:, 0])


def statistics(A: Any, Y: Any, chunks: int = 1) -> sparsea.Gram:
    """The statistics, summed over chunks of rows."""
    n = A.shape[1]
    AtA: Any = np.zeros((n, n), dtype=A.dtype)
    Aty: Any = np.zeros((n, *Y.shape[1:]), dtype=np.result_type(A, Y))
    yty: Any = 0.0
    for part, data in zip(np.array_split(A, chunks), np.array_split(Y, chunks), strict=True):
        AtA = AtA + part.conj().T @ part
        Aty = Aty + part.conj().T @ data
        yty = yty + np.sum(np.abs(data) ** 2, axis=0)
    return sparsea.Gram(AtA, Aty, yty, A.shape[0])


def agree(found: Any, expected: Any, size: Any) -> None:
    """Refuse solutions that differ by more than 1e-10."""
    np.testing.assert_array_equal(found.support, expected.support)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-10)
    assert abs(found.residual_norm - expected.residual_norm) <= 1e-10 * size


@pytest.mark.parametrize("scalar", ["real", "complex"])
@pytest.mark.parametrize(("m", "n", "k"), [(30, 80, 4), (90, 40, 5), (40, 40, 4), (300, 25, 6)])
def test_solutions_are_those_of_the_data(rng: np.random.Generator, m: int, n: int, k: int, scalar: str) -> None:
    A, y = problem(rng, m, n, k, scalar=scalar)
    gram = statistics(A, y, chunks=7)
    assert (gram.shape, gram.dtype, gram.rank) == ((m, n), A.dtype, min(m, n))
    for algorithm in [*(REAL if scalar == "real" else []), *ALGORITHMS]:
        found = sparsea.solve(gram, None, k, algorithm=algorithm)
        agree(found, sparsea.solve(A, y, k, algorithm=algorithm), np.linalg.norm(y))
    subset = found.support
    x = np.linalg.lstsq(A[:, subset], y, rcond=None)[0]
    np.testing.assert_allclose(found.coefficients, x, rtol=1e-9)


def test_problems_and_improvements(rng: np.random.Generator) -> None:
    A, y = problem(rng, 60, 30, 4)
    gram = statistics(A, y)
    measured, expected = sparsea.Problem(gram), sparsea.Problem(A, y)
    assert measured.shape == (60, 30)
    np.testing.assert_allclose(measured.column_norms, np.linalg.norm(A, axis=0), rtol=1e-14)
    assert measured.data_norm == pytest.approx(np.linalg.norm(y), rel=1e-14)
    for found, other in zip(measured.path(range(6)), expected.path(range(6)), strict=True):
        agree(found, other, np.linalg.norm(y))
    start = [0, 1, 2, 3]
    agree(sparsea.improve(gram, None, support=start), sparsea.improve(A, y, support=start), np.linalg.norm(y))
    agree(measured.improve(support=start), expected.improve(support=start), np.linalg.norm(y))
    again = pickle.loads(pickle.dumps(measured))
    assert np.array_equal(again.solve(4).x, measured.solve(4).x)
    assert repr(gram) == "<Gram of 60 × 30, float64>"
    report = sparsea.solve(gram, None, 4, report=True, trace=True, start="omp").report
    assert report is not None


@pytest.mark.parametrize("scalar", ["real", "complex"])
def test_batches(rng: np.random.Generator, scalar: str) -> None:
    A, Y = problem(rng, 50, 30, 3, columns=9, scalar=scalar)
    gram = statistics(A, Y, chunks=3)
    ks = [3, 0, 2, 3, 4, 1, 3, 5, 3]
    for solutions in [sparsea.solve(gram, None, ks), sparsea.Problem(gram).solve(ks)]:
        for column, (found, k) in enumerate(zip(solutions, ks, strict=True)):
            agree(found, sparsea.solve(A, Y[:, column], k), np.linalg.norm(Y[:, column]))
    # A batch has the bits of one at a time.
    alone = sparsea.Gram(A.conj().T @ A, A.conj().T @ Y[:, 4], np.linalg.norm(Y[:, 4]) ** 2, 50)
    once = sparsea.Gram(A.conj().T @ A, (A.conj().T @ Y[:, 4])[:, None], [np.linalg.norm(Y[:, 4]) ** 2], 50)
    one, other = sparsea.solve(alone, None, 4), sparsea.solve(once, None, 4)[0]
    assert np.array_equal(one.x, other.x)


def test_frames_name_columns(rng: np.random.Generator) -> None:
    A, y = problem(rng, 40, 6, 2)
    frame = pd.DataFrame(A, columns=list("abcdef"))
    AtA = frame.T @ frame
    Aty = frame.T @ pd.Series(y)
    found = sparsea.solve(sparsea.Gram(AtA, Aty, y @ y, 40), None, 2)
    expected = sparsea.solve(frame, y, 2)
    agree(found, expected, np.linalg.norm(y))
    assert list(found.names) == list(expected.names)
    with pytest.raises(ValueError, match="AtA and Aty have different indices"):
        sparsea.Gram(AtA, Aty[::-1], y @ y, 40)


def test_single_precision(rng: np.random.Generator) -> None:
    A, y = problem(rng, 50, 80, 3)
    AtA, Aty, yty = A.T @ A, A.T @ y, y @ y
    with pytest.raises(sparsea.Error, match=r"rank|eigenvalue"):
        sparsea.Gram(AtA.astype(np.float32).astype(float), Aty, yty, 50)
    for gram in [
        sparsea.Gram(AtA.astype(np.float32), Aty.astype(np.float32), np.float32(yty), 50),
        sparsea.Gram(np.round(AtA, 4), Aty, yty, 50, precision=1e-5),
    ]:
        found, expected = sparsea.solve(gram, None, 3), sparsea.solve(A, y, 3)
        np.testing.assert_array_equal(found.support, expected.support)
        np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-3)
    found = sparsea.solve(sparsea.Gram(AtA.astype(np.float32), Aty, yty, 50), None, 3)
    np.testing.assert_allclose(found.coefficients, sparsea.solve(A, y, 3).coefficients, rtol=1e-5)


good = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]])


def changed(i: int, j: int, value: Any) -> Any:
    """`good` with another entry."""
    other = good.astype(np.result_type(good, value))
    other[i, j] = value
    return other


@pytest.mark.parametrize(
    ("arguments", "said", "error"),
    [
        ((good[:2], [1, 1, 1], 9, 5), "AtA has shape (2, 3); it must be square", ValueError),
        ((good[0], [1, 1, 1], 9, 5), "AtA has shape (3,); it must be square", ValueError),
        ((None, [1, 1, 1], 9, 5), "AtA must be an array of numbers, got None", TypeError),
        ((good, [1, 1], 9, 5), "Aty has shape (2,); it must be (3,), or (3, B) for a batch", ValueError),
        ((good, np.ones((2, 3)), [1, 1, 1], 5), "Aty has shape (2, 3); it must be (3,)", ValueError),
        ((good, [1, 1, 1], [9.0], 5), "yty must be a finite number of at least 0, got [9.0]", TypeError),
        ((good, [1, 1, 1], -9.0, 5), "yty must be a finite number of at least 0, got -9.0", ValueError),
        ((good, [1, 1, 1], np.nan, 5), "yty must be a finite number of at least 0, got nan", ValueError),
        (
            (good, np.ones((3, 2)), [9.0], 5),
            "yty has shape (1,); it must be (2,), one number for",
            ValueError,
        ),
        ((good, np.ones((3, 2)), [9.0, 1j], 5), "yty holds complex numbers", TypeError),
        ((good, np.ones((3, 2)), [9.0, -1.0], 5), "yᵀy must be finite and at least 0, got -1", ValueError),
        ((good, [1, 1, 1], 9, 0), "n_samples must be a whole number of at least 1, got 0", ValueError),
        ((good, [1, 1, 1], 9, 5.0), "n_samples must be a whole number of at least 1, got 5.0", TypeError),
        ((good, [1, 1, 1], 9, 2), "AᵀA has rank 3, more than the 2 rows of A", ValueError),
        ((changed(1, 2, np.nan), [1, 1, 1], 9, 5), "AᵀA contains NaN at row 1, column 2", ValueError),
        ((changed(1, 2, 0.5), [1, 1, 1], 9, 5), "AᵀA must be symmetric, but it has 0.5 at row 1, column 2", ValueError),
        ((changed(0, 0, -1.0), [1, 1, 1], 9, 5), "AᵀA has -1 at row 0, column 0", ValueError),
        ((changed(0, 0, 0.1), [1, 1, 1], 9, 5), "AᵀA must have no eigenvalue below 0 by more than", ValueError),
        ((changed(0, 0, 2 + 1j), [1, 1, 1], 9, 5), "AᴴA must be self-adjoint", ValueError),
        ((good, [0, 0, 2], 3, 5), "yᵀy is 3, but Aᵀy is of a y of which A explains 4", ValueError),
        ((np.ones((2, 2)), [1, 2], 9, 5), "Aᵀy is not in the range of AᵀA: at index 1", ValueError),
        ((good, [0, 0, 2], 5, 3), "AᵀA has rank 3, as many as A has rows, so yᵀy must be 4, got 5", ValueError),
        ((np.zeros((0, 0)), [], 0, 5), "A must have at least one row and one column", ValueError),
    ],
)
def test_what_no_data_have(arguments: tuple[Any, ...], said: str, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        sparsea.Gram(*arguments)
    assert said in str(raised.value)
    assert isinstance(raised.value, sparsea.Error)


def test_what_a_gram_cannot_do(rng: np.random.Generator) -> None:
    A, y = problem(rng, 60, 30, 2)
    gram = statistics(A, y)
    with pytest.raises(TypeError, match="y must be None, since a Gram holds what is to be known of it"):
        sparsea.solve(gram, y, 2)
    with pytest.raises(TypeError, match="y must be an array of numbers, got None"):
        sparsea.solve(A, None, 2)
    with pytest.raises(ValueError, match="amp needs the 60 rows of A, but only its Gram matrix is known"):
        sparsea.solve(gram, None, 2, algorithm="amp")
    with pytest.raises(ValueError, match="k must be between 0 and 30"):
        sparsea.solve(gram, None, 31)
    for wrong in [0, 0.5, np.nan, -1.0]:
        with pytest.raises(sparsea.Error, match=r"precision must be a number from 2\.3e-16 to 0\.01"):
            sparsea.Gram(good, [1, 1, 1], 9, 5, precision=wrong)
    # Few rows are all there.
    wide, data = problem(rng, 20, 40, 2)
    found = sparsea.solve(statistics(wide, data), None, 2, algorithm="amp")
    np.testing.assert_array_equal(found.support, sparsea.solve(wide, data, 2, algorithm="amp").support)
