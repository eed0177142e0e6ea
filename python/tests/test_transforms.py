"""Rows of cosine, Fourier and Hadamard transforms against SciPy and NumPy."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
from numpy.typing import NDArray

import sparsea

Array = NDArray[Any]

# The operator, and its products by others.
FORMS: dict[str, tuple[Any, Callable[[Array, Array], Array]]] = {
    "PartialDCT": (sparsea.PartialDCT, lambda x, kept: scipy.fft.idct(x, norm="ortho")[kept]),
    "PartialDFT": (sparsea.PartialDFT, lambda x, kept: np.fft.ifft(x, norm="ortho")[kept]),
    "PartialHadamard": (
        sparsea.PartialHadamard,
        lambda x, kept: scipy.linalg.hadamard(len(x))[kept] @ x / np.sqrt(len(x)),
    ),
}
LENGTHS = {"PartialDCT": [1, 2, 9, 31, 60, 1009, 1024], "PartialDFT": [1, 2, 9, 31, 60, 1009, 1024]}
CASES = [(name, n) for name in FORMS for n in LENGTHS.get(name, [1, 2, 8, 64, 512])]


def dense(name: str, n: int, kept: Array) -> Array:
    """The matrix, a unit vector at a time."""
    product = FORMS[name][1]
    return np.stack([product(unit, kept) for unit in np.eye(n)], axis=1)


@pytest.mark.parametrize(("name", "n"), CASES)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_products_and_norms_are_those_of_others(name: str, n: int, share: float, rng: np.random.Generator) -> None:
    operator, product = FORMS[name]
    kept = rng.permutation(n)[: max(1, int(share * n))]
    A, matrix = operator(n, kept), dense(name, n, kept)
    m = len(kept)
    assert A.shape == (m, n)
    for x in (rng.standard_normal(n), rng.standard_normal(n) + 1j * rng.standard_normal(n), np.arange(n)):
        assert np.linalg.norm(A.matvec(x) - product(x, kept)) <= 1e-13 * np.linalg.norm(x)
    for y in (rng.standard_normal(m), rng.standard_normal(m) + 1j * rng.standard_normal(m), np.arange(m)):
        assert np.linalg.norm(A.rmatvec(y) - matrix.conj().T @ y) <= 1e-13 * np.linalg.norm(y)
    norms = sparsea.Problem(A, rng.standard_normal(m)).column_norms
    np.testing.assert_allclose(norms, np.linalg.norm(matrix, axis=0), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", FORMS)
def test_attributes(name: str) -> None:
    operator = FORMS[name][0]
    kept = [11, 3, 0, 8]
    A = operator(16, kept)
    scalar = np.complex128 if name == "PartialDFT" else np.float64
    assert (A.shape, A.dtype, A.kept.tolist(), A.kept.dtype) == ((4, 16), scalar, kept, np.int64)
    assert A.matvec(np.arange(16)).dtype == A.rmatvec(np.ones(4)).dtype == scalar
    for same in (copy.copy(A), copy.deepcopy(A), pickle.loads(pickle.dumps(A)), operator(16, np.array(kept, np.uint8))):
        assert same == A
        assert hash(same) == hash(A)
    assert operator(16, kept[::-1]) != A
    assert operator(32, kept) != A
    assert repr(A) == f"<{name} 4 × 16>"
    A.kept[0] = 5
    assert A.kept[0] == 11
    assert operator(8, range(8)).shape == operator(8, tuple(range(8))).shape == (8, 8)


def test_rows_of_the_forward_transform(rng: np.random.Generator) -> None:
    for n in (1, 12, 35):
        kept, x = rng.permutation(n)[: n // 2 + 1], rng.standard_normal(n)
        forward = np.fft.fft(x, norm="ortho")[kept]
        np.testing.assert_allclose(sparsea.PartialDFT(n, -kept % n).matvec(x), forward, atol=1e-13)


def test_transforms_differ() -> None:
    assert len({sparsea.PartialDCT(8, [1]), sparsea.PartialDFT(8, [1]), sparsea.PartialHadamard(8, [1])}) == 3


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("scalar", [np.float64, np.complex128])
def test_solutions_are_those_of_the_dense_form(name: str, scalar: type, rng: np.random.Generator) -> None:
    n, k = 256, 6
    kept = rng.permutation(n)[:100]
    A, matrix = FORMS[name][0](n, kept), dense(name, n, kept)
    x: Array = np.zeros(n, scalar)
    x[rng.permutation(n)[:k]] = rng.choice([-1.0, 1.0], k) * rng.uniform(1, 2, k)
    y = A.matvec(x)
    if scalar is np.float64:
        # Where A is complex and y real, so is x.
        y = y.real
    y += 1e-3 * rng.standard_normal(100)
    for algorithm in ("omp", "search", "omp+sea", "iht"):
        one, other = (sparsea.solve(form, y, k, algorithm=algorithm) for form in (A, matrix))
        assert one.support.tolist() == other.support.tolist()
        np.testing.assert_allclose(one.x, other.x, atol=1e-10)
        assert one.residual_norm == pytest.approx(other.residual_norm, rel=1e-9)
    found = sparsea.solve(A, np.stack([y, y[::-1]], axis=1), k)
    for each, data in zip(found, (y, y[::-1].copy()), strict=True):
        assert each == sparsea.solve(A, data, k)


def test_a_large_problem_needs_no_matrix(rng: np.random.Generator) -> None:
    n, k = 2**17, 40
    kept = rng.permutation(n)[: n // 8]
    for operator in (sparsea.PartialDCT, sparsea.PartialDFT, sparsea.PartialHadamard):
        A = operator(n, kept)
        x = np.zeros(n, A.dtype)
        support = np.sort(rng.permutation(n)[:k])
        x[support] = rng.uniform(1, 2, k)
        solution = sparsea.solve(A, A.matvec(x), k, algorithm="omp")
        assert solution.support.tolist() == support.tolist()
        np.testing.assert_allclose(solution.coefficients, x[support], atol=1e-12)


@pytest.mark.parametrize("operator", [form[0] for form in FORMS.values()])
def test_impossible_transforms(operator: Any) -> None:
    for n, kept, said in [
        (0, [], "A must have at least one row and one column, got 0 × 0"),
        (0, [0], "A must have at least one row and one column, got 1 × 0"),
        (8, [], "A must have at least one row and one column, got 0 × 8"),
        (-1, [0], "n must be a whole number of at least 0, got -1"),
        (8, [0, 8], r"kept contains 8, but the transform has 8 samples \(indices count from 0\)"),
        (8, [0, -1], "an index in kept must be a whole number of at least 0, got -1"),
        (8, np.array([0, -1]), r"entry 1 \(counted from 0\) of kept is -1; indices are whole numbers from 0"),
        (8, np.array([2**63], np.uint64), r"entry 0 \(counted from 0\) of kept is 9223372036854775808; indices are"),
        (8, [10**30], "an index in kept is too large"),
        (8, [3, 1, 3], "kept contains 3 twice"),
        (8, np.array([[1, 2]]), r"kept has shape \(1, 2\); a list of indices has one dimension"),
        (8, 3, r"kept has shape \(\); a list of indices has one dimension"),
    ]:
        with pytest.raises(ValueError, match=said):
            operator(n, kept)
    for kept in (
        [1.0],
        [True, False],
        [0, True],
        np.array([1.0]),
        np.ones(8, bool),
        np.array([1j]),
        ["1"],
        np.array(["1"]),
        "12",
        None,
        [None],
        {1, 2},
        np.array([1], object),
    ):
        with pytest.raises(TypeError) as caught:
            operator(8, kept)
        assert isinstance(caught.value, sparsea.Error)
    with pytest.raises(TypeError, match="n must be a whole number"):
        operator(8.0, [1])
    with pytest.raises(MemoryError, match="does not fit into memory"):
        operator(2**62, [1])
    for product, said in ((operator(8, [1]).matvec, "8 columns"), (operator(8, [1]).rmatvec, "1 rows")):
        with pytest.raises(ValueError, match=f"the vector has 3 entries, but A has {said}"):
            product(np.ones(3))


def test_there_are_hadamard_transforms_of_powers_of_two_only() -> None:
    with pytest.raises(ValueError, match="n must be a power of two for a Hadamard transform, got 12"):
        sparsea.PartialHadamard(12, [1])
