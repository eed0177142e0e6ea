"""A and y as blocks of rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.optimization import cull

from .._errors import InvalidTypeError, InvalidValueError
from .._input import Array, as_values, shown
from ._client import is_dask_frame


class Made:
    """A block of A and of y that are made where they are needed.

    What takes them is one task with what makes them, so that no block is kept or sent.
    """

    # Dask looks into dataclasses, and would make what is in the graph.
    __slots__ = ("graph", "keys")

    def __init__(self, graph: dict[Any, Any], keys: tuple[Any, Any]) -> None:
        self.graph, self.keys = graph, keys

    def __call__(self) -> tuple[Any, Any]:
        """Both, made in this thread."""
        table, target = dask.get(self.graph, list(self.keys))
        return table, target


@dataclass(frozen=True)
class Rows:
    """A and y in the same blocks."""

    tables: list[Any]
    """The blocks of A, with y where `targets` are names."""
    targets: list[Any]
    """The blocks of y, or the list of its columns for each block."""
    sizes: tuple[Any, ...]
    """The rows of each block, NaN where they are not known."""
    kinds: list[Any]
    """The type of each column of A, and of each of y."""
    names: tuple[Any, ...] | None
    """The names of the columns of A."""
    batch: tuple[int, ...]
    """The columns of y, if it is a matrix."""
    labels: tuple[Any, ...]
    """What a message calls the columns of y, if it is a matrix."""
    made: list[Made] | None = None
    """How each block of A and y is made, where no two have a part in common."""

    @property
    def columns(self) -> int:
        """The columns of A."""
        return len(self.kinds) - max(1, *self.batch, 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """What is computed with."""
        is_complex = any(getattr(kind, "kind", "") == "c" for kind in self.kinds)
        return np.dtype(np.complex128 if is_complex else np.float64)

    @property
    def precision(self) -> Array:
        """The ε of the numbers of each column as they were given."""
        return np.array([_epsilon(kind) for kind in self.kinds])

    @property
    def said(self) -> tuple[str, ...]:
        """What a message calls each column."""
        of_A = range(self.columns) if self.names is None else self.names
        of_y = [f"Y column {shown(label)}" for label in self.labels] if self.batch else ["y"]
        return (*(f"A column {shown(name)}" for name in of_A), *of_y)

    @property
    def begins(self) -> list[int | None]:
        """The row of A with which each block begins, if that is known."""
        if _is_unknown(self.sizes):
            return [None] * len(self.sizes)
        return [int(at) for at in np.cumsum([0, *self.sizes[:-1]])]


def read_rows(A: Any, y: Any, known: bool) -> Rows:
    """A and y as blocks of rows, whose sizes must be `known`, or need not."""
    if is_dask_frame(A):
        rows = _of_frame(A, y, known)
    elif isinstance(A, da.Array):
        rows = _of_arrays(A, y, known)
    else:
        raise InvalidTypeError(f"A must be an array or a frame of Dask, got {shown(type(A).__name__)}")
    # Of objects, such as numbers that may be missing, each block is looked at.
    wrong = [kind for kind in rows.kinds if getattr(kind, "kind", "O") not in "biufcO"]
    if wrong:
        raise InvalidTypeError(f"A and y must hold numbers, got elements of type {wrong[0]}")
    return rows


def _of_frame(A: Any, y: Any, known: bool) -> Rows:
    if hasattr(y, "npartitions") and not is_dask_frame(y) and hasattr(y, "index"):
        # Blocks of two frames from one file need not be the same; those of one frame are.
        name = "y"
        while name in A.columns:
            name += "_"
        A, y = A.assign(**{name: y}), name
    several = isinstance(y, list)
    targets = y if several else [y]
    columns = list(A.columns)
    for name in targets:
        if hasattr(name, "npartitions") or not isinstance(name, Hashable):
            raise InvalidTypeError("y must be a column of the frame A: its name, a list of names, or a Series of Dask")
        if name not in columns:
            raise InvalidValueError(f"A has no column called {shown(name)}; its columns are {shown(tuple(columns))}")
    if not targets:
        raise InvalidValueError("y names no column")
    names = tuple(name for name in columns if name not in targets)
    types = dict(A.dtypes.items())
    sizes = tuple(int(size) for size in A.map_partitions(len).compute()) if known else (np.nan,) * int(A.npartitions)
    return Rows(
        list(A.to_delayed()),
        [targets if several else y] * len(sizes),
        sizes,
        [types[name] for name in (*names, *targets)],
        names,
        (len(targets),) if several else (),
        tuple(targets),
    )


def _of_arrays(A: Any, y: Any, known: bool) -> Rows:
    if A.ndim != 2:
        raise InvalidValueError(f"A has shape {A.shape}; a matrix has two dimensions")
    sizes = tuple(A.chunks[0])
    if known and _is_unknown(sizes):
        raise InvalidValueError("A has chunks of unknown size; call A.compute_chunk_sizes() first")
    if not isinstance(y, da.Array):
        if hasattr(y, "npartitions"):
            raise InvalidTypeError("y must be an array where A is one, got a frame or Series; give y.to_dask_array()")
        values = as_values("y", y)
        if _is_unknown(sizes):
            raise InvalidTypeError("y must be in blocks as A is, since the sizes of these are not known")
        y = da.from_array(values)
    if y.ndim not in {1, 2}:
        raise InvalidValueError(f"y has shape {y.shape}; it must have one dimension, or two for a batch")
    if not _is_unknown((y.shape[0], *sizes)):
        if y.shape[0] != sum(sizes):
            raise InvalidValueError(f"y has {y.shape[0]} entries, but A has {sum(sizes)} rows")
        y = y.rechunk({0: sizes})
    if y.numblocks[0] != len(sizes):
        raise InvalidValueError(f"A has {len(sizes)} blocks of rows, but y has {y.numblocks[0]}")
    batch = (int(y.shape[1]),) if y.ndim == 2 else ()
    # Together: what both are made of is made once.
    whole = dask.optimize(*(array.rechunk({1: -1}) if array.ndim == 2 else array for array in (A, y)))
    tables, targets = (list(array.to_delayed(optimize_graph=False).ravel()) for array in whole)
    kinds = [A.dtype] * int(A.shape[1]) + [y.dtype] * max(1, *batch, 1)
    made = _made(whole, [(table.key, target.key) for table, target in zip(tables, targets, strict=True)])
    return Rows(tables, targets, sizes, kinds, None, batch, tuple(range(*batch)) if batch else (), made)


def _made(arrays: tuple[Any, ...], keys: list[tuple[Any, Any]]) -> list[Made] | None:
    """How the blocks with these keys are made; None if something would be made twice, or lies on workers already."""
    graph = {key: node for array in arrays for key, node in dict(array.__dask_graph__()).items()}
    for node in graph.values():
        is_data = type(node).__name__ == "DataNode"
        if type(node).__name__ not in {"Task", "Alias", "DataNode"} or (is_data and type(node.value) is not np.ndarray):
            return None
    made: list[Made] = []
    count = 0
    for pair in keys:
        try:
            own, _ = cull(graph, list(pair))
        except KeyError:
            # What is persisted is in no graph.
            return None
        made.append(Made(dict(own), pair))
        count += len(own)
    return made if count == len({key for one in made for key in one.graph}) else None


def _is_unknown(sizes: tuple[Any, ...]) -> bool:
    return any(np.isnan(size) for size in sizes)


def _epsilon(kind: Any) -> float:
    double = float(np.finfo(np.float64).eps)
    return max(double, float(np.finfo(kind).eps)) if getattr(kind, "kind", "") in {"f", "c"} else double
