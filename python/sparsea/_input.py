"""Reading A, y and other inputs, and the messages for those that are refused."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._core import as_whole
from ._errors import InvalidTypeError, InvalidValueError

Array: TypeAlias = NDArray[Any]
Sparsities: TypeAlias = int | np.integer[Any] | Sequence[int] | NDArray[np.integer[Any]]
Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[Any]]
Matrix: TypeAlias = np.ndarray[tuple[int, int], np.dtype[Any]]
# For type checkers: none that is of one or two dimensions, but each of unknown ones.
Unshaped: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[Any]]

_SHOWN = 60
"""Characters of a value that a message shows."""

_KINDS = {"b": np.float64, "i": np.float64, "u": np.float64, "f": np.float64, "c": np.complex128}

# Types whose numbers are exactly those of the scalars, but take less memory: they are read where they lie.
_NARROW = frozenset(np.dtype(name) for name in ("f4", "i1", "i2", "i4", "u1", "?", "c8"))

# Operators that the compiled part holds, for problems of either scalar.
_COMPILED = (
    _core.Convolution,
    _core.Steps,
    _core.Ramps,
    _core.PartialDCT,
    _core.PartialDFT,
    _core.PartialHadamard,
    _core.Centered,
)


class CalledOperator:
    """An operator whose products are computed by Python: a LinearOperator, or one of PyLops.

    What comes back from it is checked: its length, its type, and that it is finite.
    """

    def __init__(self, given: Any, dtype: Any) -> None:
        self.shape = _operator_shape(given)
        self.dtype = np.dtype(dtype)
        self._given = given
        self._matvec: Callable[[Array], Any] = given.matvec
        self._rmatvec: Callable[[Array], Any] = given.rmatvec
        norms = getattr(given, "column_norms", None)
        self.column_norms: Array | None = None
        if norms is not None:
            norms = norms() if callable(norms) else norms
            # One number is the norm of every column.
            norms = np.full(self.shape[1], norms) if np.ndim(norms) == 0 else norms
            self.column_norms = as_vector("column_norms", norms)
            if np.iscomplexobj(self.column_norms):
                raise InvalidTypeError("column_norms holds complex numbers; norms are real")

    def apply(self, x: Array) -> Array:
        """A x."""
        return self._checked("matvec", self._matvec(x), self.shape[0], "rows")

    def apply_adjoint(self, y: Array) -> Array:
        """Aᴴ y."""
        try:
            answer = self._rmatvec(y)
        except (NotImplementedError, AttributeError) as error:
            # PyLops looks for the operator that one without an adjoint might wrap.
            if isinstance(error, AttributeError) and (error.name != "Op" or error.obj is not self._given):
                raise
            said = f": {error}" if str(error) else ""
            raise InvalidTypeError(f"A has no adjoint, which every algorithm needs; define rmatvec{said}") from error
        return self._checked("rmatvec", answer, self.shape[1], "columns")

    def _checked(self, name: str, result: Any, length: int, dimension: str) -> Array:
        answer = np.asarray(result)
        if answer.dtype.kind not in _KINDS:
            raise InvalidTypeError(f"{name} of A must return numbers, got elements of type {answer.dtype}")
        if answer.shape not in {(length,), (length, 1)}:
            raise InvalidValueError(
                f"{name} of A must return {length} numbers (A has {length} {dimension}), got shape {answer.shape}"
            )
        answer = answer.reshape(length)
        finite = np.isfinite(answer)
        if not finite.all():
            index = int(np.argmin(finite))
            raise InvalidValueError(f"{name} of A returned {answer[index]} at index {index} (counted from 0)")
        if self.dtype.kind != "c" and answer.dtype.kind == "c":
            if np.any(answer.imag != 0):
                raise InvalidValueError(f"{name} of A returned complex numbers, but A and y are real")
            answer = answer.real
        return as_contiguous(answer, dtype=self.dtype)


class Operator:
    """A as the compiled part takes it, of the scalar of the problem, and the names of its columns and rows."""

    # Whether A comes with y.
    holds_data = False

    def __init__(
        self, given: Any, shape: tuple[int, int], dtype: Any, names: tuple[Any, ...] | None = None, index: Any = None
    ) -> None:
        self._given = given
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.names = names
        self.index = index

    @property
    def places(self) -> _core.Convolution | None:
        """What knows where columns lie in y: a convolution."""
        return self._given if isinstance(self._given, _core.Convolution) else None

    @property
    def rows(self) -> Any:
        """The matrix in a form whose rows can be indexed; None of what is no matrix."""
        given = self._given
        if isinstance(given, np.ndarray):
            return given
        return given.tocsr() if hasattr(given, "tocsc") else None

    @property
    def is_called(self) -> bool:
        """Whether products are computed by Python."""
        given = self._given
        return not isinstance(given, (np.ndarray, *_COMPILED)) and not hasattr(given, "tocsc")

    def pair_rows(self, what: str, given: Any) -> None:
        """Refuse what has an index other than that of the rows of A."""
        check_paired("A", self.index, what, index_of(given))

    def pair_columns(self, what: str, given: Any) -> None:
        """Refuse what has an index other than the names of the columns of A."""
        index = index_of(given)
        if self.names is not None and index is not None and len(self.names) == len(index):
            _check_labels(self.names, index, f"the columns of A and {what} have different labels", "A", what)

    def data(self, y: Any) -> Array:
        """Read y, or Y of several columns."""
        return as_data(y)

    def of(self, dtype: Any) -> Any:
        """The form of A for a problem of this scalar, which is A's own or a complex one."""
        given = self._given
        if isinstance(given, np.ndarray):
            return as_stored(given, dtype)
        if isinstance(given, _COMPILED):
            return given
        if hasattr(given, "tocsc"):
            return as_compressed(given, dtype)
        return CalledOperator(given, dtype)


def as_compressed(given: Any, dtype: Any) -> _core.Compressed:
    """Read a sparse matrix."""
    matrix = given.tocsc(copy=True)
    matrix.sum_duplicates()
    if matrix.dtype in _NARROW and matrix.dtype.isnative and matrix.shape[0] <= np.iinfo(np.uint32).max:
        values = as_stored(matrix.data, dtype)
        if values.dtype != dtype:
            starts, rows = matrix.indptr.astype(np.int64), matrix.indices.astype(np.uint32)
            return _core.Compressed(matrix.shape, starts, rows, as_contiguous(values))
    starts, rows = (as_contiguous(part, dtype=np.int64) for part in (matrix.indptr, matrix.indices))
    return _core.Compressed(matrix.shape, starts, rows, as_contiguous(matrix.data, dtype=dtype))


def as_operator(given: Any) -> Operator:
    """Read A."""
    if isinstance(given, Operator):
        return given
    # Looking for what an array does not have takes longer than a small problem does to solve.
    if type(given) is np.ndarray:
        return Operator(given, _matrix_shape(given), _scalar("A", given.dtype))
    if isinstance(given, _COMPILED):
        return Operator(given, given.shape, given.dtype)
    # Of a Gram, which is made of what is here.
    own = getattr(given, "_statistics", None)
    if isinstance(own, Operator):
        return own
    if hasattr(given, "tocsc"):
        if len(given.shape) != 2:
            raise InvalidValueError(f"A has shape {given.shape}; a matrix has two dimensions")
        return Operator(given, given.shape, _scalar("A", given.dtype))
    if is_frame(given):
        values = _frame_values("A", given)
        scalar = _scalar("A", values.dtype)
        return Operator(values, _matrix_shape(values), scalar, tuple(given.columns), index_of(given))
    if hasattr(given, "matvec") and hasattr(given, "shape"):
        if not callable(getattr(given, "rmatvec", None)):
            raise InvalidTypeError(f"A has a matvec, but no rmatvec: {type(given).__name__}")
        dtype = getattr(given, "dtype", None)
        return Operator(given, _operator_shape(given), np.float64 if dtype is None else _scalar("A", np.dtype(dtype)))
    values = _values("A", given)
    return Operator(values, _matrix_shape(values), _scalar("A", values.dtype))


def as_data(given: Any) -> Array:
    """Read y, or Y of several columns, as an array of float64 or complex128."""
    if type(given) is np.ndarray:
        values = given
    elif is_frame(given):
        values = _frame_values("y", given)
    elif hasattr(given, "tocsc"):
        raise InvalidTypeError("y must be a dense vector, got a sparse matrix; give y.toarray()")
    else:
        values = _values("y", given)
    if values.ndim not in {1, 2}:
        raise InvalidValueError(f"y has shape {values.shape}; it must have one dimension, or two for a batch")
    return as_aligned(values, _scalar("y", values.dtype))


def as_aligned(given: Array, dtype: Any) -> Array:
    """An array of a type, read where it lies if it can be."""
    # `require` takes a microsecond or two to find that nothing is to be done.
    return given if given.dtype == dtype and given.flags.aligned else np.require(given, dtype, "A")


def as_contiguous(given: Any, dtype: Any = None) -> Array:
    """An array of a type as compiled code reads it: contiguous and aligned, which a part of a buffer need not be."""
    values: Array = np.ascontiguousarray(given, dtype=dtype)
    return values if values.flags.aligned else values.copy()


def as_stored(given: Array, dtype: Any) -> Array:
    """A matrix for a problem of this type, read where it lies if it can be."""
    if given.dtype not in _NARROW or not given.dtype.isnative:
        return as_aligned(given, dtype)
    if given.dtype.kind == "b":
        whole = given.view(np.uint8)
        # True is a byte of 1, unless someone made it otherwise.
        if whole.size and whole.max() > 1:
            return as_aligned(given, dtype)
        given = whole
    return as_aligned(given, given.dtype)


def as_vector(what: str, given: Any) -> Array:
    """Read a vector as a contiguous array of float64 or complex128."""
    values = _values(what, given)
    if values.ndim != 1:
        raise InvalidValueError(f"{what} has shape {values.shape}; a vector has one dimension")
    return as_contiguous(values, dtype=_scalar(what, values.dtype))


def as_kernel(given: Any) -> Array:
    """Read the kernel of a trace or of an image as a contiguous array of float64 or complex128."""
    values = _values("the kernel", given)
    if values.ndim not in {1, 2}:
        raise InvalidValueError(
            f"the kernel has shape {values.shape}; that of a trace has one dimension, that of an image two"
        )
    return as_contiguous(values, dtype=_scalar("the kernel", values.dtype))


def as_number(what: str, rule: str, given: Any, fits: Callable[[float], bool]) -> float:
    """Read a number that `fits`; `rule` says which do."""
    value = _core.as_number(what, rule, given)
    if not fits(value):
        raise InvalidValueError(f"{what} must be {rule}, got {shown(given)}")
    return value


def shown(given: Any) -> str:
    """A value as a message shows it: on one line, and not too long."""
    try:
        text = " ".join(repr(given).split())
    except ValueError:
        # Python does not write whole numbers of more than some thousand digits.
        return f"a number of {given.bit_length()} bits" if isinstance(given, int) else f"a {type(given).__name__}"
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def index_of(given: Any) -> Any:
    """The index of a frame or series of pandas; None of anything else."""
    if given is None or type(given) is np.ndarray:
        return None
    index = getattr(given, "index", None)
    return index if hasattr(index, "equals") and not callable(index) else None


def check_paired(one: str, index: Any, other: str, index_of_other: Any) -> None:
    """Refuse two that both have an index, of the same length but not the same: they would be paired by position."""
    if index is None or index_of_other is None or len(index) != len(index_of_other) or index.equals(index_of_other):
        return
    _check_labels(index, index_of_other, f"{one} and {other} have different indices", one, other)


def _check_labels(first: Iterable[Any], second: Iterable[Any], problem: str, one: str, other: str) -> None:
    for place, (a, b) in enumerate(zip(first, second, strict=True)):
        # A missing label is not equal to itself.
        if not (a is b or a == b or (a != a and b != b)):
            raise InvalidValueError(
                f"{problem}: at {place} (counted from 0) {one} has {shown(a)}, {other} has {shown(b)}; "
                f"align them, or give {other}.to_numpy() to pair them by position"
            )


def as_support(what: str, given: Any) -> list[int]:
    """Read column indices, counted from 0, or a mask of the columns."""
    values = _values(what, given)
    if values.ndim != 1:
        raise InvalidValueError(f"{what} has shape {values.shape}; a support has one dimension")
    if values.dtype.kind == "b":
        return [int(j) for j in np.flatnonzero(values)]
    if values.dtype.kind not in "iu":
        whole = values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.round(values)).all()
        if not whole:
            raise InvalidValueError(
                f"{what} must hold whole numbers, got elements of type {values.dtype}: {values[:5]}"
            )
    if (values < 0).any():
        index = int(np.argmax(values < 0))
        found = f"entry {index} (counted from 0) of {what} is {values[index]}"
        raise InvalidValueError(f"{found}; a support holds whole numbers that are at least 0")
    if (values >= 2.0**63).any():
        index = int(np.argmax(values >= 2.0**63))
        raise InvalidValueError(f"entry {index} (counted from 0) of {what} is too large, got {values[index]}")
    return [int(j) for j in values]


def as_bounds(given: Any, columns: int) -> tuple[Array, Array]:
    """Read bounds of coefficients, a lower and an upper one for each column."""
    if hasattr(given, "lb") and hasattr(given, "ub"):
        given = (given.lb, given.ub)
    rule = "bounds must be a pair (lower, upper), each a number, None or an array"
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise InvalidTypeError(f"{rule}, got {shown(given)}")
    ends = []
    for what, free, end in zip(("lower bounds", "upper bounds"), (-np.inf, np.inf), given, strict=True):
        values = np.asarray(free) if end is None else _values(what, end)
        if values.dtype.kind not in "iuf":
            raise InvalidTypeError(f"{what} must be real numbers, got elements of type {values.dtype}")
        values = values.astype(np.float64)
        # SciPy's bounds are arrays; one of one number stands for all.
        if values.shape not in {(), (1,), (columns,)} or values.ndim > 1:
            raise InvalidValueError(f"{what} have shape {values.shape}; A has {columns} columns")
        ends.append(as_contiguous(np.broadcast_to(values, (columns,))))
    for at, (what, rule, wrong) in enumerate(
        [("lower bound", "at most 0", ends[0] > 0), ("upper bound", "at least 0", ends[1] < 0)]
    ):
        bad = np.flatnonzero(wrong | np.isnan(ends[at]))
        if bad.size:
            raise InvalidValueError(
                f"each {what} must be {rule}, so that a coefficient may be 0; got {ends[at][bad[0]]} "
                f"for column {bad[0]} (counted from 0)"
            )
    return ends[0], ends[1]


def as_groups(given: Any, operator: Operator) -> tuple[Array, tuple[Hashable, ...]]:
    """Read a label for each column: the number of each column's group, and the labels of the groups by number.

    Groups are numbered in the order of their first columns.
    """
    operator.pair_columns("groups", given)
    columns = operator.shape[1]
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise InvalidTypeError(f"groups must hold a label for each column of A, got {shown(given)}")
    if hasattr(given, "to_numpy"):
        given = given.to_numpy()
    if isinstance(given, np.ndarray) and given.ndim != 1:
        raise InvalidValueError(f"groups has shape {given.shape}; it must hold a label for each of {columns} columns")
    labels = given.tolist() if isinstance(given, np.ndarray) else list(given)
    if len(labels) != columns:
        raise InvalidValueError(f"groups has {len(labels)} labels, but A has {columns} columns")
    numbers: dict[Hashable, int] = {}
    codes = np.empty(columns, dtype=np.int64)
    for j, label in enumerate(labels):
        # A missing label is not equal to itself.
        if label is None or label != label:
            raise InvalidValueError(f"groups has no label for column {j} (counted from 0), but {label}")
        try:
            codes[j] = numbers.setdefault(label, len(numbers))
        except TypeError:
            raise InvalidTypeError(
                f"a label in groups must be hashable, got {shown(label)} for column {j} (counted from 0)"
            ) from None
    return codes, tuple(numbers)


def check_joint(shape: tuple[int, ...]) -> None:
    """Refuse a single vector of data where several are to have one support."""
    if len(shape) != 2:
        raise InvalidValueError(f"joint=True needs Y of shape (m, B), one column for each vector, got shape {shape}")


def as_indices(what: str, given: Any) -> Array:
    """Read whole numbers that are at least 0: integers, neither booleans nor floats."""
    if isinstance(given, (list, tuple)):
        # In an array, booleans among integers are integers, and numbers that are too large are objects.
        for index in given:
            as_whole(f"an index in {what}", index, 0)
    values = _values(what, given)
    if values.ndim != 1:
        raise InvalidValueError(f"{what} has shape {values.shape}; a list of indices has one dimension")
    # An empty list has no type to speak of.
    if values.size > 0 and values.dtype.kind not in "iu":
        raise InvalidTypeError(f"{what} must hold whole numbers, got elements of type {values.dtype}")
    wrong = (values < 0) | (values > np.iinfo(np.int64).max)
    if wrong.any():
        index = int(np.argmax(wrong))
        found = f"entry {index} (counted from 0) of {what} is {values[index]}"
        raise InvalidValueError(f"{found}; indices are whole numbers from 0 to {np.iinfo(np.int64).max}")
    return as_contiguous(values, dtype=np.int64)


def matrix_values(what: str, given: Any) -> Array:
    """Read a frame, or anything like an array, as an array of numbers."""
    return _frame_values(what, given) if is_frame(given) else _values(what, given)


def as_values(what: str, given: Any) -> Array:
    """Read anything like an array as an array of numbers."""
    return _values(what, given)


def _operator_shape(given: Any) -> tuple[int, int]:
    shape = tuple(given.shape)
    if len(shape) != 2:
        raise InvalidValueError(f"A has shape {shape}; a matrix has two dimensions")
    return (as_whole("the number of rows of A", shape[0], 0), as_whole("the number of columns of A", shape[1], 0))


def _values(what: str, given: Any) -> Array:
    """Anything like an array as an array of numbers."""
    if isinstance(given, np.ma.MaskedArray):
        if np.ma.is_masked(given):
            raise InvalidValueError(f"{what} has masked entries; fill them or leave out their rows")
        given = given.data
    if given is None or isinstance(given, (str, bytes)):
        raise InvalidTypeError(f"{what} must be an array of numbers, got {shown(given)}")
    if not isinstance(given, np.ndarray) and hasattr(given, "to_numpy"):
        # A column of a frame.
        given = given.to_numpy()
    try:
        values = np.asarray(given)
    except ValueError:
        raise InvalidValueError(f"{what} is ragged: its rows have different lengths") from None
    except OverflowError:
        raise InvalidValueError(f"{what} holds a number beyond the range of double precision") from None
    _scalar(what, values.dtype)
    return values


def _scalar(what: str, dtype: Any) -> type[np.float64] | type[np.complex128]:
    """float64 or complex128, as these numbers are computed with."""
    kind = np.dtype(dtype).kind
    if kind == "O":
        raise InvalidTypeError(f"{what} holds Python objects; numbers are needed, as of dtype float64 or complex128")
    if kind not in _KINDS:
        raise InvalidTypeError(
            f"{what} holds elements of type {dtype}; numbers are needed, as of dtype float64 or complex128"
        )
    scalar: type[np.float64] | type[np.complex128] = _KINDS[kind]
    return scalar


def _matrix_shape(values: Array) -> tuple[int, int]:
    if values.ndim != 2:
        raise InvalidValueError(f"A has shape {values.shape}; a matrix has two dimensions")
    return (values.shape[0], values.shape[1])


def is_frame(given: Any) -> bool:
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
            raise InvalidValueError(f"column {name!r} of {what} has missing values")
        numbers = np.asarray(column.to_numpy())
        if numbers.dtype.kind == "O":
            numbers = np.asarray(numbers.tolist())
        if numbers.dtype.kind not in _KINDS:
            raise InvalidTypeError(
                f"column {name!r} of {what} holds elements of type {column.dtype}; numbers are needed"
            )
        columns.append(numbers)
    return np.column_stack(columns)
