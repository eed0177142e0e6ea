"""Arrays of narrow types: read where they lie, computed with in double precision."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparsea

NARROW = ["f4", "i1", "i2", "i4", "u1", "?", "c8"]


def matrix(rng: np.random.Generator, m: int, n: int, name: str) -> Any:
    """Random numbers of a type."""
    dtype = np.dtype(name)
    if dtype.kind in "iu":
        whole = np.iinfo(dtype)
        return rng.integers(whole.min, whole.max, (m, n), dtype=dtype, endpoint=True)
    if dtype.kind == "b":
        return rng.random((m, n)) < 0.5
    values = rng.standard_normal((m, n))
    return (values + 1j * rng.standard_normal((m, n)) if dtype.kind == "c" else values).astype(dtype)


def wide(A: Any) -> Any:
    """The copy in double precision, in the same order."""
    return A.astype(np.complex128 if A.dtype.kind == "c" else np.float64)


def layouts(A: Any) -> list[Any]:
    """The same numbers in every order."""
    double = np.repeat(np.repeat(A, 2, axis=0), 2, axis=1)
    return [np.ascontiguousarray(A), np.asfortranarray(A), double[::2, ::2], A[::-1, ::-1]]


def same(found: Any, expected: Any) -> None:
    """Refuse solutions that are not the same to the bit."""
    np.testing.assert_array_equal(found.support, expected.support)
    np.testing.assert_array_equal(found.coefficients, expected.coefficients)
    assert found.residual_norm == expected.residual_norm


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize(("m", "n"), [(40, 90), (90, 40), (700, 600), (1, 20), (20, 1)])
def test_solutions_are_those_of_the_copy(rng: np.random.Generator, m: int, n: int, name: str) -> None:
    A = matrix(rng, m, n, name)
    k = min(4, m, n)
    y = wide(A)[:, :k] @ np.arange(1.0, k + 1) + rng.standard_normal(m)
    copies = zip(layouts(A), layouts(wide(A)), layouts(wide(A).astype(np.complex128)), strict=True)
    for array, copy, complex_copy in copies:
        for algorithm in ["omp", "sea", "htp", "els"]:
            same(sparsea.solve(array, y, k, algorithm=algorithm), sparsea.solve(copy, y, k, algorithm=algorithm))
        # A real A with a complex y.
        turned = y * (1 + 2j)
        same(sparsea.solve(array, turned, k, algorithm="omp"), sparsea.solve(complex_copy, turned, k, algorithm="omp"))
    Y = np.stack([y, -2 * y, y[::-1]], axis=1)
    problem = sparsea.Problem(A, Y)
    for found, expected in zip(problem.solve(k), sparsea.Problem(wide(A), Y).solve(k), strict=True):
        same(found, expected)
    np.testing.assert_array_equal(problem.column_norms, sparsea.Problem(wide(A), Y).column_norms)


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("form", ["csc", "csr", "coo"])
def test_sparse_values(rng: np.random.Generator, name: str, form: str) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    A = matrix(rng, 40, 60, name)
    A[rng.random((40, 60)) < 0.7] = 0
    y = wide(A)[:, :3].sum(axis=1) + rng.standard_normal(40)
    given, copy = sparse.csc_array(A).asformat(form), sparse.csc_array(wide(A)).asformat(form)
    for data in [y, y * (1 + 2j), np.stack([y, -y], axis=1)]:
        for algorithm in ["omp", "sea", "search"]:
            found, expected = (sparsea.solve(each, data, 3, algorithm=algorithm) for each in (given, copy))
            for one, other in zip(
                [found] if data.ndim == 1 else found, [expected] if data.ndim == 1 else expected, strict=True
            ):
                same(one, other)


@pytest.mark.parametrize("name", NARROW)
def test_files_that_are_mapped(rng: np.random.Generator, tmp_path: Path, name: str) -> None:
    A = matrix(rng, 50, 80, name)
    y = wide(A)[:, :2].sum(axis=1)
    np.save(tmp_path / "A.npy", A)
    mapped = np.load(tmp_path / "A.npy", mmap_mode="r")
    same(sparsea.solve(mapped, y, 2), sparsea.solve(wide(A), y, 2))
    problem = sparsea.Problem(mapped, y)
    del mapped
    same(problem.solve(2), sparsea.solve(wide(A), y, 2))


def test_a_is_read_where_it_lies(rng: np.random.Generator) -> None:
    for name in NARROW:
        A = matrix(rng, 30, 40, name)
        y = wide(A)[:, 3].copy()
        problem = sparsea.Problem(A, y, memory=1)
        A[:] = 0
        # Nothing of A was copied.
        assert problem.solve(1, algorithm="htp", iterations=0).support.size == 0, name
        A[:, 7] = 1
        assert pickle.loads(pickle.dumps(problem)).solve(1, algorithm="omp").support.tolist() == [7], name


def test_what_is_not_exact_is_converted(rng: np.random.Generator) -> None:
    whole = rng.integers(-5, 5, (20, 30))
    y = rng.standard_normal(20)
    expected = sparsea.solve(whole.astype(float), y, 3)
    for name in ["i8", "u2", "u4", "f2", ">f4", ">i2", ">f8", "g"]:
        array = np.abs(whole).astype(name) if name[0] == "u" else whole.astype(name)
        other = sparsea.solve(np.abs(whole).astype(float), y, 3) if name[0] == "u" else expected
        same(sparsea.solve(array, y, 3), other)
    # Not aligned: part of a record.
    records = np.zeros((20, 30), dtype=[("a", "i1"), ("value", "f4")])
    records["value"] = whole
    same(sparsea.solve(records["value"], y, 3), sparsea.solve(whole.astype(np.float32), y, 3))
    # A byte of a boolean that is neither 0 nor 1 is true.
    strange = np.frombuffer(bytes([0, 2, 255, 1, 0, 1, 1, 0, 0]), dtype=bool).reshape(3, 3)
    same(sparsea.solve(strange, y[:3], 1), sparsea.solve(np.array(strange, dtype=float) != 0, y[:3], 1))


def test_what_is_not_finite_is_refused() -> None:
    A = np.ones((3, 4), dtype=np.float32)
    A[1, 2] = np.inf
    for array in layouts(A)[:2]:
        with pytest.raises(sparsea.Error, match=r"A contains inf at row 1, column 2 \(counted from 0\)"):
            sparsea.solve(array, [1.0, 2.0, 3.0], 1)
    for shape in [(0, 3), (3, 0)]:
        with pytest.raises(sparsea.Error, match="A must have at least one row and one column"):
            sparsea.solve(np.zeros(shape, dtype=np.int8), np.zeros(shape[0]), 0)


def test_theory_reads_them_too(rng: np.random.Generator) -> None:
    A = matrix(rng, 20, 8, "i1")
    assert sparsea.theory.coherence(A) == sparsea.theory.coherence(wide(A))
