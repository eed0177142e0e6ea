"""Sufficient statistics that replace A and y."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._core import as_whole
from ._errors import InvalidTypeError, InvalidValueError
from ._input import (
    Array,
    Operator,
    as_aligned,
    as_contiguous,
    as_number,
    as_values,
    check_paired,
    index_of,
    is_frame,
    matrix_values,
)


class Gram:
    """Sufficient statistics AᴴA, Aᴴy and yᴴy, which replace A and y in least squares.

    They can be summed over chunks of rows that are never in memory together, and published where the data cannot be.
    `solve`, `Problem` and `improve` accept a `Gram` for A, with None for y.

    Parameters
    ----------
    AtA : array_like or frame of shape (n, n)
        AᴴA, self-adjoint. A data frame gives the names of the columns of A.
    Aty : array_like of shape (n,) or (n, B)
        Aᴴy; for a batch, one column for each y.
    yty : float or array_like of shape (B,)
        yᴴy; for a batch, one number for each y.
    n_samples : int
        Number of rows of A. At most min(n_samples, n) columns are chosen.
    precision : float, optional
        The relative precision to which the numbers were rounded. Default: that of their types, 2.2e-16 for float64 and
        1.2e-7 for float32. If it is coarser than that of float64, AᴴA is replaced by the nearest semidefinite matrix
        that leaves out what is only rounding.

    Attributes
    ----------
    shape : tuple of int
        (n_samples, n), the shape of A.
    dtype : numpy.dtype
        float64, or complex128 if AᴴA or Aᴴy is complex.
    rank : int
        The rank of AᴴA, to rounding.

    Raises
    ------
    ValueError
        If no A and y have these statistics, up to rounding: AᴴA is not self-adjoint, has a negative eigenvalue, or has
        a rank larger than the number of rows; Aᴴy is not in its range; or yᴴy is less than what A explains of it.
    TypeError
        If an argument has the wrong type.

    Notes
    -----
    Supports, coefficients and residual norms are those of A and y, within the precision of the statistics. Coefficients
    lose twice as many digits, since the condition number of AᴴA is the square of that of A. A residual below about 1e-7
    ‖y‖ counts as zero, and columns that differ by less than that are duplicates. The algorithm ``amp`` needs all rows
    of A, and refuses more than n + 1 of them.

    Factorisation takes n³/3 multiply-adds on one thread. 2 n² numbers are held, fewer if the rank is low.

    Examples
    --------
    Statistics of ten thousand rows, accumulated a thousand rows at a time:

    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> AtA, Aty, yty = np.zeros((50, 50)), np.zeros(50), 0.0
    >>> for _ in range(10):
    ...     A = rng.standard_normal((1000, 50))
    ...     y = A[:, 7] - 2 * A[:, 31] + rng.standard_normal(1000)
    ...     AtA, Aty, yty = AtA + A.T @ A, Aty + A.T @ y, yty + y @ y
    >>> gram = sparsea.Gram(AtA, Aty, yty, n_samples=10_000)
    >>> solution = sparsea.solve(gram, None, 2)
    >>> solution.support
    array([ 7, 31])
    >>> np.round(solution.coefficients, 1)
    array([ 1., -2.])
    """

    __slots__ = ("_core", "_given", "_statistics", "dtype", "shape")

    def __init__(self, AtA: Any, Aty: Any, yty: Any, n_samples: int, *, precision: float | None = None) -> None:
        rows = as_whole("n_samples", n_samples, 1)
        if hasattr(AtA, "tocsc") or hasattr(Aty, "tocsc"):
            raise InvalidTypeError("AtA and Aty must be dense, got a sparse matrix; give .toarray()")
        matrix = matrix_values("AtA", AtA)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise InvalidValueError(f"AtA has shape {matrix.shape}; it must be square")
        n = matrix.shape[0]
        names = tuple(AtA.columns) if is_frame(AtA) else None
        check_paired("AtA", index_of(AtA), "Aty", index_of(Aty))
        correlation = matrix_values("Aty", Aty)
        if correlation.ndim not in {1, 2} or correlation.shape[0] != n:
            raise InvalidValueError(f"Aty has shape {correlation.shape}; it must be ({n},), or ({n}, B) for a batch")
        batch = correlation.shape[1:]
        squares, types = _squares(yty, batch)
        types += [matrix.dtype, correlation.dtype]
        if precision is None:
            finest = float(np.finfo(np.float64).eps)
            precision = max([finest, *(float(np.finfo(dtype).eps) for dtype in types if dtype.kind in "fc")])
        else:
            precision = as_number(
                "precision", "a number from 2.3e-16 to 0.01", precision, lambda p: 2.2e-16 < p <= 0.01
            )
        self.dtype = np.dtype(np.complex128 if "c" in matrix.dtype.kind + correlation.dtype.kind else np.float64)
        self.shape = (rows, n)
        self._core = _core.Gram(
            as_aligned(matrix, self.dtype), as_aligned(correlation, self.dtype), squares, rows, precision
        )
        self._given = (AtA, Aty, yty, n_samples, precision)
        self._statistics = GramOperator(self._core, self.shape, self.dtype, names, batch)

    @property
    def rank(self) -> int:
        """The rank of AᴴA, to rounding."""
        return self._core.rank

    def __reduce__(self) -> tuple[Any, ...]:
        return _gram, self._given

    def __repr__(self) -> str:
        batch = "".join(f", {columns} columns of data" for columns in self._statistics.batch)
        return f"<Gram of {self.shape[0]} × {self.shape[1]}, {self.dtype}{batch}>"


class GramOperator(Operator):
    """How `solve` sees a `Gram`: A together with y."""

    holds_data = True

    def __init__(
        self, core: _core.Gram, shape: tuple[int, int], dtype: Any, names: tuple[Any, ...] | None, batch: Any
    ) -> None:
        super().__init__(core, shape, dtype, names)
        self.batch = batch

    def data(self, y: Any) -> Array:
        """A placeholder for the data, of which only the type and the number of columns are used."""
        if y is not None:
            raise InvalidTypeError("y must be None, since a Gram holds what is to be known of it")
        return np.empty((0, *self.batch), self.dtype)

    def of(self, dtype: Any) -> Any:
        """The statistics, whose scalar is that of the problem."""
        del dtype
        return self._given


def _squares(given: Any, batch: tuple[int, ...]) -> tuple[Array, list[np.dtype[Any]]]:
    """Read yᴴy for each y, and the types of these numbers."""
    if not batch:
        rule = "a finite number of at least 0"
        square = as_number("yty", rule, given, lambda square: 0 <= square < np.inf)
        # A number of Python is as precise as can be.
        return np.array([square]), [given.dtype] if isinstance(given, (np.ndarray, np.generic)) else []
    values = as_values("yty", given)
    if values.shape != batch:
        raise InvalidValueError(
            f"yty has shape {values.shape}; it must be ({batch[0]},), one number for each column of Aty"
        )
    if values.dtype.kind == "c":
        raise InvalidTypeError("yty holds complex numbers; squares of norms are real")
    return as_contiguous(values, dtype=np.float64), [values.dtype]


def _gram(AtA: Any, Aty: Any, yty: Any, n_samples: int, precision: float) -> Gram:
    return Gram(AtA, Aty, yty, n_samples, precision=precision)
