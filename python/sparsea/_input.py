"""What A, y and other inputs may be, and what is said of those that will not do."""

from __future__ import annotations

import operator as _operator
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import _core

Array: TypeAlias = NDArray[Any]

_KINDS = {"b": np.float64, "i": np.float64, "u": np.float64, "f": np.float64, "c": np.complex128}


class CalledOperator:
    """An operator whose products are computed by Python: a LinearOperator, or one of PyLops.

    What comes back from it is checked: its length, its type, and that it is finite.
    """

    def __init__(self, given: Any, dtype: Any) -> None:
        self.shape: tuple[int, int] = (int(given.shape[0]), int(given.shape[1]))
        self.dtype = np.dtype(dtype)
        self._matvec: Callable[[Array], Any] = given.matvec
        self._rmatvec: Callable[[Array], Any] = given.rmatvec
        norms = getattr(given, "column_norms", None)
        self.column_norms: Array | None = None
        if norms is not None:
            self.column_norms = as_vector("column_norms", norms() if callable(norms) else norms)
            if len(self.column_norms) != self.shape[1]:
                raise ValueError(
                    f"column_norms has {len(self.column_norms)} entries, but A has {self.shape[1]} columns"
                )

    def apply(self, x: Array) -> Array:
        """A x."""
        return self._checked("matvec", self._matvec(x), self.shape[0], "rows")

    def apply_adjoint(self, y: Array) -> Array:
        """Aᴴ y."""
        return self._checked("rmatvec", self._rmatvec(y), self.shape[1], "columns")

    def _checked(self, name: str, result: Any, length: int, dimension: str) -> Array:
        answer = np.asarray(result)
        if answer.dtype.kind not in _KINDS:
            raise TypeError(f"{name} of A must return numbers, got elements of type {answer.dtype}")
        if answer.shape not in {(length,), (length, 1)}:
            raise ValueError(
                f"{name} of A must return {length} numbers (A has {length} {dimension}), got shape {answer.shape}"
            )
        answer = answer.reshape(length)
        finite = np.isfinite(answer)
        if not finite.all():
            index = int(np.argmin(finite))
            raise ValueError(f"{name} of A returned {answer[index]} at index {index} (counted from 0)")
        if self.dtype.kind != "c" and answer.dtype.kind == "c":
            if np.any(answer.imag != 0):
                raise ValueError(f"{name} of A returned complex numbers, but A and y are real")
            answer = answer.real
        return np.ascontiguousarray(answer, dtype=self.dtype)


class Operator:
    """A as the compiled part takes it, of the scalar of the problem, and the names of its columns."""

    def __init__(self, given: Any, shape: tuple[int, int], dtype: Any, names: tuple[Any, ...] | None = None) -> None:
        self._given = given
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.names = names

    def of(self, dtype: Any) -> Any:
        """The form of A for a problem of this scalar, which is A's own or a complex one."""
        given = self._given
        if isinstance(given, np.ndarray):
            # Read where it lies if it can be.
            return np.require(given, dtype, "A")
        if isinstance(given, (_core.Convolution, _core.Centered)):
            return given
        if hasattr(given, "tocsc"):
            return as_compressed(given, dtype)
        return CalledOperator(given, dtype)


def as_compressed(given: Any, dtype: Any) -> _core.Compressed:
    """Read a sparse matrix."""
    matrix = given.tocsc(copy=True)
    matrix.sum_duplicates()
    starts, rows = (np.ascontiguousarray(part, dtype=np.int64) for part in (matrix.indptr, matrix.indices))
    return _core.Compressed(matrix.shape, starts, rows, np.ascontiguousarray(matrix.data, dtype=dtype))


def as_operator(given: Any) -> Operator:
    """Read A."""
    if isinstance(given, Operator):
        return given
    if isinstance(given, (_core.Convolution, _core.Centered)):
        return Operator(given, given.shape, given.dtype)
    if hasattr(given, "tocsc"):
        if len(given.shape) != 2:
            raise ValueError(f"A has shape {given.shape}; a matrix has two dimensions")
        return Operator(given, given.shape, _scalar("A", given.dtype))
    if _is_frame(given):
        values = _frame_values("A", given)
        return Operator(values, _matrix_shape(values), _scalar("A", values.dtype), tuple(given.columns))
    if hasattr(given, "matvec") and hasattr(given, "shape"):
        if not hasattr(given, "rmatvec"):
            raise TypeError(f"A has a matvec, but no rmatvec: {type(given).__name__}")
        shape = tuple(int(size) for size in given.shape)
        if len(shape) != 2:
            raise ValueError(f"A has shape {shape}; a matrix has two dimensions")
        dtype = getattr(given, "dtype", None)
        return Operator(given, (shape[0], shape[1]), np.float64 if dtype is None else _scalar("A", np.dtype(dtype)))
    values = _values("A", given)
    return Operator(values, _matrix_shape(values), _scalar("A", values.dtype))


def as_data(given: Any) -> Array:
    """Read y, or Y of several columns, as an array of float64 or complex128."""
    if _is_frame(given):
        values = _frame_values("y", given)
    elif hasattr(given, "tocsc"):
        raise TypeError("y must be a dense vector, got a sparse matrix; give y.toarray()")
    else:
        values = _values("y", given)
    if values.ndim not in {1, 2}:
        raise ValueError(f"y has shape {values.shape}; it must have one dimension, or two for a batch")
    return np.require(values, _scalar("y", values.dtype), "A")


def as_vector(what: str, given: Any) -> Array:
    """Read a vector as a contiguous array of float64 or complex128."""
    values = _values(what, given)
    if values.ndim != 1:
        raise ValueError(f"{what} has shape {values.shape}; a vector has one dimension")
    return np.ascontiguousarray(values, dtype=_scalar(what, values.dtype))


def as_whole(what: str, given: Any, least: int) -> int:
    """Read a whole number of at least `least`."""
    message = f"{what} must be a whole number of at least {least}, got {given!r}"
    if isinstance(given, (bool, np.bool_)):
        raise TypeError(message)
    try:
        value = _operator.index(given)
    except TypeError:
        # Two of a kind: of the wrong type, or a float that is no whole number.
        if isinstance(given, (float, np.floating)):
            raise ValueError(message) from None
        raise TypeError(message) from None
    if value < least:
        raise ValueError(message)
    if value >= 2**63:
        raise ValueError(f"{what} is too large, got {value}")
    return value


def as_number(what: str, rule: str, given: Any, fits: Callable[[float], bool]) -> float:
    """Read a number that `fits`; `rule` says which do."""
    message = f"{what} must be {rule}, got {given!r}"
    if isinstance(given, (bool, np.bool_, str)) or not hasattr(given, "__float__"):
        raise TypeError(message)
    try:
        value = float(given)
    except TypeError:
        raise TypeError(message) from None
    if not fits(value):
        raise ValueError(message)
    return value


def as_support(what: str, given: Any) -> list[int]:
    """Read column indices, counted from 0, or a mask of the columns."""
    values = _values(what, given)
    if values.ndim != 1:
        raise ValueError(f"{what} has shape {values.shape}; a support has one dimension")
    if values.dtype.kind == "b":
        return [int(j) for j in np.flatnonzero(values)]
    if values.dtype.kind not in "iu":
        whole = values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.round(values)).all()
        if not whole:
            raise ValueError(f"{what} must hold whole numbers, got elements of type {values.dtype}: {values[:5]}")
    if (values < 0).any():
        index = int(np.argmax(values < 0))
        found = f"entry {index} (counted from 0) of {what} is {values[index]}"
        raise ValueError(f"{found}; a support holds whole numbers that are at least 0")
    return [int(j) for j in values]


def _values(what: str, given: Any) -> Array:
    """Anything like an array as an array of numbers."""
    if isinstance(given, np.ma.MaskedArray):
        if np.ma.is_masked(given):
            raise ValueError(f"{what} has masked entries; fill them or leave out their rows")
        given = given.data
    if given is None or isinstance(given, (str, bytes)):
        raise TypeError(f"{what} must be an array of numbers, got {given!r}")
    if not isinstance(given, np.ndarray) and hasattr(given, "to_numpy"):
        # A column of a frame.
        given = given.to_numpy()
    try:
        values = np.asarray(given)
    except ValueError:
        raise ValueError(f"{what} is ragged: its rows have different lengths") from None
    _scalar(what, values.dtype)
    return values


def _scalar(what: str, dtype: Any) -> type[np.float64] | type[np.complex128]:
    """float64 or complex128, as these numbers are computed with."""
    kind = np.dtype(dtype).kind
    if kind == "O":
        raise TypeError(f"{what} holds Python objects; numbers are needed, as of dtype float64 or complex128")
    if kind not in _KINDS:
        raise TypeError(f"{what} holds elements of type {dtype}; numbers are needed, as of dtype float64 or complex128")
    scalar: type[np.float64] | type[np.complex128] = _KINDS[kind]
    return scalar


def _matrix_shape(values: Array) -> tuple[int, int]:
    if values.ndim != 2:
        raise ValueError(f"A has shape {values.shape}; a matrix has two dimensions")
    return (values.shape[0], values.shape[1])


def _is_frame(given: Any) -> bool:
    """Whether it is a frame of pandas or polars, without loading either."""
    return hasattr(given, "to_numpy") and hasattr(given, "columns") and hasattr(given, "dtypes")


def _frame_values(what: str, frame: Any) -> Array:
    values = np.asarray(frame.to_numpy())
    if values.dtype.kind in _KINDS:
        return values
    # Of mixed or nullable columns: each must be of numbers by itself.
    columns = []
    for name in frame.columns:
        column = frame[name]
        nullable = getattr(column, "isna", None) or getattr(column, "is_null", None)
        if nullable is not None and nullable().any():
            raise ValueError(f"column {name!r} of {what} has missing values")
        numbers = np.asarray(column.to_numpy())
        if numbers.dtype.kind == "O":
            numbers = np.asarray(numbers.tolist())
        if numbers.dtype.kind not in _KINDS:
            raise TypeError(f"column {name!r} of {what} holds elements of type {column.dtype}; numbers are needed")
        columns.append(numbers)
    return np.column_stack(columns)
