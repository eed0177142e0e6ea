"""Arrays that begin between two numbers, as parts of buffers and messages do, are read wherever an array is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator

import sparsea
import sparsea.theory
from sparsea.sklearn import SparseRegressor, SparseRegressorCV

M, N, K = 24, 40, 3


def apart(array: Any) -> Any:
    """A copy that is not aligned."""
    array = np.asarray(array)
    moved = np.zeros(array.nbytes + 1, dtype=np.uint8)[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


def same(array: Any) -> Any:
    """The array as it is."""
    return np.asarray(array)


rng = np.random.default_rng(0)
A = rng.standard_normal((M, N))
X = np.zeros((N, 2))
X[[3, 20, 31]] = [[1.0, 2.0], [-2.0, 1.0], [1.5, -1.0]]
Y = A @ X + 0.1 * rng.standard_normal((M, 2))
y = Y[:, 0].copy()
KERNEL = np.array([0.2, 1.0, 0.5])
SPIKES = np.convolve(np.eye(60)[20] - np.eye(60)[41], KERNEL)


class Operator:
    """Products and norms in arrays of some kind."""

    shape, dtype = A.shape, A.dtype

    def __init__(self, kind: Callable[[Any], Any]) -> None:
        self.kind = kind
        self.column_norms = kind(np.linalg.norm(A, axis=0))

    def matvec(self, x: Any) -> Any:
        """A x."""
        return self.kind(A @ x)

    def rmatvec(self, y: Any) -> Any:
        """Aᴴ y."""
        return self.kind(A.T @ y)


def sparse(kind: Callable[[Any], Any], dtype: Any) -> Any:
    """A sparse matrix whose parts are arrays of some kind."""
    matrix = scipy.sparse.csc_array(np.round(4 * A * (np.abs(A) > 1)).astype(dtype))
    matrix.data, matrix.indices, matrix.indptr = (kind(part) for part in (matrix.data, matrix.indices, matrix.indptr))
    return matrix


def coefficients(model: Any) -> Any:
    return model.coef_


TAKEN: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "A": lambda kind: sparsea.solve(kind(A), y, K).x,
    "A in float32": lambda kind: sparsea.solve(kind(A.astype(np.float32)), y, K).x,
    "A in int16": lambda kind: sparsea.solve(kind(np.round(9 * A).astype(np.int16)), y, K).x,
    "y": lambda kind: sparsea.solve(A, kind(y), K).x,
    "Y": lambda kind: sparsea.solve(A, kind(Y), K).x,
    "Y of a joint support": lambda kind: sparsea.solve(A, kind(Y), K, joint=True).x,
    "k": lambda kind: sparsea.solve(A, Y, kind(np.array([2, 3]))).x,
    "products": lambda kind: sparsea.solve(Operator(kind), y, K).x,
    "products of SciPy": lambda kind: sparsea.solve(
        LinearOperator(A.shape, matvec=Operator(kind).matvec, rmatvec=Operator(kind).rmatvec, dtype=A.dtype), y, K
    ).x,
    "a sparse matrix": lambda kind: sparsea.solve(sparse(kind, np.float64), y, K).x,
    "a sparse matrix of int16": lambda kind: sparsea.solve(sparse(kind, np.int16), y, K).x,
    "weights": lambda kind: sparsea.solve(A, y, K, weights=kind(np.linspace(1, 2, M))).x,
    "weights of entries": lambda kind: sparsea.solve(A, Y, K, weights=kind(np.linspace(1, 2, 2 * M).reshape(M, 2))).x,
    "bounds": lambda kind: sparsea.solve(A, y, K, bounds=(kind(np.full(N, -1.5)), kind(np.full(N, 1.5)))).x,
    "groups": lambda kind: sparsea.solve(A, y, K, groups=kind(np.arange(N) // 2)).x,
    "fixed": lambda kind: sparsea.solve(A, y, K, fixed=kind(np.array([5]))).x,
    "exclude": lambda kind: sparsea.solve(A, y, K, exclude=kind(np.array([3]))).x,
    "a vector to start from": lambda kind: sparsea.solve(A, y, K, start=kind(X[:, 0])).x,
    "a support to start from": lambda kind: sparsea.solve(A, y, K, start=kind(np.array([1, 2]))).x,
    "a vector to improve": lambda kind: sparsea.improve(A, y, x=kind(X[:, 0])).x,
    "a matrix to improve": lambda kind: sparsea.Problem(A, Y, joint=True).improve(kind(X)).x,
    "a matrix to start from": lambda kind: sparsea.solve(A, Y, K, joint=True, start=kind(X)).x,
    "starts of a batch": lambda kind: sparsea.solve(A, Y, K, start=kind(X)).x,
    "a support to improve": lambda kind: sparsea.improve(A, y, support=kind(np.array([1, 2]))).x,
    "a kernel": lambda kind: sparsea.solve(sparsea.Convolution(kind(KERNEL), 60), SPIKES, 2).x,
    "a trace": lambda kind: sparsea.deconvolve(kind(SPIKES), KERNEL, 2).x,
    "a product with a convolution": lambda kind: sparsea.Convolution(KERNEL, 60).matvec(kind(np.arange(60.0))),
    "an adjoint one": lambda kind: sparsea.Convolution(KERNEL, 60).rmatvec(kind(np.arange(62.0))),
    "positions": lambda kind: sparsea.Convolution(KERNEL, 60).positions(kind(np.array([3, 9]))),
    "a product with steps": lambda kind: sparsea.Steps(60).matvec(kind(np.arange(60.0))),
    "rows kept": lambda kind: sparsea.PartialDCT(60, kind(np.arange(0, 60, 2))).matvec(np.arange(60.0)),
    "statistics": lambda kind: sparsea.solve(sparsea.Gram(kind(A.T @ A), kind(A.T @ y), y @ y, M), None, K).x,
    "statistics of several": lambda kind: sparsea.solve(
        sparsea.Gram(kind(A.T @ A), kind(A.T @ Y), kind(np.sum(Y**2, axis=0)), M), None, K
    ).x,
    "coherence": lambda kind: sparsea.theory.coherence(kind(A)).mutual,
    "features": lambda kind: coefficients(SparseRegressor(K).fit(kind(A), kind(y))),
    "weights of samples": lambda kind: coefficients(SparseRegressor(K).fit(A, y, kind(np.linspace(1, 2, M)))),
    "folds": lambda kind: coefficients(SparseRegressorCV(9, cv=3).fit(kind(A), kind(y), kind(np.linspace(1, 2, M)))),
}  # fmt: skip


@pytest.mark.parametrize("taken", TAKEN)
def test_what_is_not_aligned_is_the_same(taken: str) -> None:
    np.testing.assert_allclose(TAKEN[taken](apart), TAKEN[taken](same), rtol=1e-9, atol=1e-12)
