"""Many signals on one A: blocks of a Dask array, each solved by the batch of the core."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import dask
import dask.array as da
import numpy as np
from dask.base import DaskMethodsMixin, tokenize

from .._core import as_index, as_sparsity
from .._errors import InvalidTypeError, InvalidValueError
from .._input import Array, as_values, is_frame, shown
from .._options import Options, takes
from ._client import current_client, is_dask_frame
from ._worker import Shared

if TYPE_CHECKING:
    from typing_extensions import Unpack

STOP_REASONS = (
    "finished",
    "exact_fit",
    "budget",
    "iterations",
    "supports",
    "relative_residual",
    "relative_residual_missed",
    "stagnation",
    "time",
    "interrupted",
    "diverged",
    "nothing_found",
)
_CODES = {reason: code for code, reason in enumerate(STOP_REASONS)}


class BatchSolution(NamedTuple):
    """The solutions of a batch, as NumPy arrays.

    Attributes
    ----------
    support : ndarray of int64
        k indices for each signal, sorted, padded with −1.
    coefficients : ndarray
        The coefficients of these columns, in the scale of A, padded with 0.
    residual_norms : ndarray of float64
        ‖y − A x‖ of each signal.
    stop_reasons : ndarray of str
        Why each run stopped; see `sparsea.Solution`.
    intercepts : ndarray or None
        The intercept of each signal, if the model has one.
    fixed_coefficients : ndarray or None
        The coefficients of the fixed columns, if there are any, along the axis that holds the k entries in ``support``.
    """

    support: Array
    coefficients: Array
    residual_norms: Array
    stop_reasons: Array
    intercepts: Array | None = None
    fixed_coefficients: Array | None = None


@takes(Options)
def solve(
    A: Any,
    Y: Any,
    k: Any,
    *,
    start: Any = None,
    axis: int | None = None,
    client: Any = None,
    **options: Unpack[Options],
) -> Batch:
    """Solve for many signals with one A, block by block; bit for bit the results of `sparsea.solve` for all at once.

    Nothing is computed yet. The result holds Dask arrays, which the workers compute, persist or write.

    Parameters
    ----------
    A
        See `sparsea.solve`; in the memory of the client. It is sent to each worker once.
    Y : dask.array or dask.dataframe
        The signals. In an array, ``axis`` holds the m rows, and every index along the other axes is a signal. Chunks
        are joined along ``axis``, and each is then one task. In a data frame, each column is a signal.
    k : int or array_like of int
        The sparsity, or one for each signal, in the shape of Y without ``axis``.
    start : str, array_like or Solution, optional
        Where to start; see `sparsea.solve`. One start for all signals.
    axis : int, optional
        The axis of the m rows. Default: 0. An image of shape rows × columns × channels takes ``axis=-1``.
    client : distributed.Client, optional
        The client to whose workers A is sent. It must be the current client when the results are computed. Default: the
        current client. Without a client, A is part of the graph, which any Dask scheduler can compute.
    {options}

    Returns
    -------
    Batch
        Lazy results.

    Raises
    ------
    ValueError
        If A, k, an option or the shape of Y breaks a rule: at once. If Y holds NaN: when the results are computed. The
        message gives the position in Y, not in the block.
    TypeError
        If an argument has the wrong type, or for an option that does not apply to batches in blocks: ``joint``,
        ``report``, ``trace``, ``progress`` and ``callback``.

    See Also
    --------
    statistics : For many rows of one y.

    Notes
    -----
    ``threads`` applies to one task and is 1 by default, since Dask runs as many tasks on a worker as the worker has
    threads. ``time`` applies to a run, and ``memory`` to a task.

    Each worker keeps A, and the column norms of an operator that is known only by its products. All blocks on a worker
    share Gram columns of A, up to 256 MiB or half of ``memory``. With fixed columns, an intercept, weights or gaps,
    each block computes its own Gram columns.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import sparsea.dask
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((30, 80))
    >>> X = np.zeros((80, 1000))
    >>> X[[3, 40, 77]] = rng.choice([-1.0, 1.0], (3, 1000))
    >>> batch = sparsea.dask.solve(A, da.from_array(A @ X, chunks=(30, 250)), 3)
    >>> batch
    <Batch of 1000 signals in 4 blocks, k = 3>
    >>> batch.support[:, 999].compute()
    array([ 3, 40, 77])
    """
    if isinstance(A, da.Array):
        raise InvalidTypeError(
            "A is a Dask array; give A.compute() if it fits into memory, or sparsea.dask.Columns(A).solve(y, k)"
        )
    shared = Shared(A, start, dict(options))
    names = None
    if is_dask_frame(Y):
        if axis not in {None, 0}:
            raise InvalidValueError(f"axis must be 0 for a frame, whose columns are the signals, got {shown(axis)}")
        names, Y = tuple(Y.columns), Y.to_dask_array(lengths=True)
    elif is_frame(Y):
        names, Y = tuple(Y.columns), da.from_array(as_values("Y", Y))
    elif not isinstance(Y, da.Array):
        Y = da.from_array(as_values("Y", Y))
    Y, axis = _whole_signals(Y, shared, 0 if axis is None else axis)
    shape = Y.shape[:axis] + Y.shape[axis + 1 :]
    largest, each = _sparsities(k, shape, shared)
    width = shared.width(largest)
    fields: list[Any] = [("support", np.int64, (width,)), ("coefficients", shared.dtype(Y.dtype), (width,))]
    fields += [("residual_norm", np.float64), ("stop_reason", np.int8)]
    if shared.model is not None and shared.model.intercept:
        fields.append(("intercept", shared.dtype(Y.dtype)))
    fixed = np.zeros(0, dtype=np.int64) if shared.model is None else shared.model.fixed
    if len(fixed):
        fields.append(("fixed_coefficients", shared.dtype(Y.dtype), (len(fixed),)))
    dtype = np.dtype(fields)
    arrays = [Y]
    if each is not None:
        chunks = Y.chunks[:axis] + Y.chunks[axis + 1 :]
        arrays.append(da.expand_dims(da.from_array(each, chunks=chunks), axis))
    client = current_client(client)
    if client is None:
        held, key = dask.delayed(shared, pure=True), shared
    else:
        # Under a key of its own: what is sent again under a key just released may be dropped by the scheduler, which
        # hears of the release later.
        [held] = client.scatter([shared], broadcast=True, hash=False)
        key = held.key
    solved = da.map_blocks(
        _block,
        *arrays,
        drop_axis=axis,
        dtype=dtype,
        meta=np.empty((0,) * len(shape), dtype),
        name=f"sparsea-{tokenize(key, axis, names, *arrays)}",
        shared=held,
        k=largest,
        axis=axis,
        names=names,
        result=dtype,
    )
    return Batch(solved, axis, largest, shared.operator.names, names, fixed)


def _whole_signals(Y: Any, shared: Shared, axis: Any) -> tuple[Any, int]:
    """Y in blocks of whole signals, and the axis of their rows."""
    rows = shared.operator.shape[0]
    if Y.ndim < 2:
        raise InvalidValueError(f"Y has shape {Y.shape}; signals in blocks have at least two dimensions")
    at = as_index("axis must be a whole number", axis)
    if not -Y.ndim <= at < Y.ndim:
        raise InvalidValueError(f"axis must be from {-Y.ndim} to {Y.ndim - 1}, as Y has {Y.ndim} dimensions, got {at}")
    at %= Y.ndim
    if Y.dtype.kind not in "biufc":
        raise InvalidTypeError(f"Y holds elements of type {Y.dtype}; numbers are needed, as of dtype float64")
    if any(math.isnan(size) for size in Y.shape):
        raise InvalidValueError("Y has chunks of unknown size; call Y.compute_chunk_sizes() first")
    if Y.shape[at] != rows:
        said = "rows" if at == 0 else f"entries along axis {at}"
        raise InvalidValueError(f"Y has {Y.shape[at]} {said}, but A has {rows} rows")
    return Y.rechunk({at: -1}), at


def _sparsities(k: Any, shape: tuple[int, ...], shared: Shared) -> tuple[int, Array | None]:
    """The largest k, and that of each signal where they differ."""
    if np.ndim(k) == 0:
        shared.check(k)
        return as_sparsity(k, (2**31, 2**31)), None
    each = as_values("k", k)
    if each.dtype.kind not in "iu":
        raise InvalidTypeError(f"k must hold whole numbers, got elements of type {each.dtype}")
    if each.shape != shape:
        raise InvalidValueError(f"k has shape {each.shape}, but the signals have shape {shape}")
    for value in np.unique(each):
        shared.check(int(value))
    return int(each.max(initial=0)), each


def _block(
    Y: Array,
    each: Array | None = None,
    *,
    shared: Shared,
    k: int,
    axis: int,
    names: tuple[Any, ...] | None,
    result: np.dtype[Any],
    block_info: Any = None,
) -> Array:
    """The solutions of one block, a record for each signal."""
    place = [start for at, (start, _) in enumerate(block_info[0]["array-location"]) if at != axis]
    shape = Y.shape[:axis] + Y.shape[axis + 1 :]
    data = np.moveaxis(Y, axis, 0).reshape(Y.shape[axis], -1)
    found = shared.solve(data, k if each is None else each.reshape(-1), _namer(place, shape, names))
    records = np.zeros(len(found), result)
    sizes = np.array([len(fields["support"]) for fields in found], dtype=np.int64)
    there = np.arange(result["support"].shape[0]) < sizes[:, np.newaxis]
    records["support"] = -1
    for field, word in [("support", "support"), ("coefficients", "coefficients")]:
        # A field that is an array itself is a view, into which a mask writes.
        records[field][there] = np.concatenate([fields[word] for fields in found]) if found else []
    records["residual_norm"] = [fields["residual_norm"] for fields in found]
    records["stop_reason"] = [_CODES[fields["stop_reason"]] for fields in found]
    for field in ("intercept", "fixed_coefficients"):
        if field in (result.names or ()) and found:
            records[field] = np.array([fields[field] for fields in found])
    return records.reshape(shape)


def _namer(place: list[int], shape: tuple[int, ...], names: tuple[Any, ...] | None) -> Callable[[int], str]:
    """What a message calls a column of a block: by its place in all of Y."""

    def name(at: int) -> str:
        index = [int(start + i) for start, i in zip(place, np.unravel_index(at, shape), strict=True)]
        if names is not None:
            return f"column {shown(names[index[0]])}"
        return f"column {index[0]}" if len(index) == 1 else f"signal {tuple(index)}"

    return name


class Batch(DaskMethodsMixin):  # type: ignore[misc]
    """The solutions of many signals, not computed yet; a Dask collection.

    Each signal has one record, computed once no matter which of the arrays below are computed together. ``persist``
    keeps the records on the workers, so nothing is solved again. ``distributed.progress`` and `dask.visualize` accept a
    batch.

    Attributes
    ----------
    support : dask.array of int64
        k indices for each signal, sorted, along the axis that held the rows of Y; padded with −1.
    coefficients : dask.array
        The coefficients of these columns, in the scale of A, padded with 0.
    residual_norms : dask.array of float64
        ‖y − A x‖ of each signal.
    stop_reasons : dask.array of str
        Why each run stopped; see `sparsea.Solution`.
    intercepts : dask.array or None
        The intercept of each signal, if the model has one.
    fixed_coefficients : dask.array or None
        The coefficients of the fixed columns, if there are any, along the axis that holds the k entries in ``support``.
    fixed : ndarray of int64
        The fixed columns.
    names, signals : tuple or None
        The column names of A and of Y, if these were data frames.
    """

    def __init__(
        self,
        records: Any,
        axis: int,
        k: int,
        names: tuple[Any, ...] | None,
        signals: tuple[Any, ...] | None,
        fixed: Array,
    ) -> None:
        self._records, self._axis, self._k = records, axis, k
        self.names, self.signals, self.fixed = names, signals, fixed

    @property
    def support(self) -> Any:
        """The support of each signal."""
        return self._field("support")

    @property
    def coefficients(self) -> Any:
        """The coefficients of each signal."""
        return self._field("coefficients")

    @property
    def residual_norms(self) -> Any:
        """The residual norm of each signal."""
        return self._field("residual_norm")

    @property
    def stop_reasons(self) -> Any:
        """Why the run of each signal stopped."""
        return self._field("stop_reason")

    @property
    def intercepts(self) -> Any:
        """The intercept of each signal."""
        return self._field("intercept")

    @property
    def fixed_coefficients(self) -> Any:
        """The coefficients of the fixed columns of each signal."""
        return self._field("fixed_coefficients")

    def _field(self, name: str) -> Any:
        dtype = self._records.dtype
        if name not in dtype.names:
            return None
        more, base = dtype[name].shape, dtype[name].base
        shown_as = np.array(STOP_REASONS).dtype if name == "stop_reason" else base
        added = {"new_axis": self._axis, "chunks": _with(self._records.chunks, self._axis, more)} if more else {}
        ndim = self._records.ndim + len(more)
        meta = np.empty((0,) * ndim, shown_as)
        return self._records.map_blocks(
            _column, name=None, field=name, axis=self._axis, dtype=shown_as, meta=meta, **added
        )

    def compute(self, **options: Any) -> BatchSolution:
        """Compute the solutions and return them to the client as NumPy arrays.

        Parameters
        ----------
        **options
            Options of `dask.compute`, such as ``scheduler="threads"``.

        Returns
        -------
        BatchSolution
            The fields of the batch, computed.
        """
        solution: BatchSolution = super().compute(**options)
        return solution

    def to_zarr(self, url: Any, *, overwrite: bool = False, compute: bool = True, **options: Any) -> Any:
        """Write the solutions from the workers to a Zarr group.

        Parameters
        ----------
        url : str
            The group, which every worker must be able to reach. It gets one array for each attribute of the batch. Stop
            reasons are stored as numbers, whose names are in the attribute ``stop_reasons`` of the group.
        overwrite : bool
            Whether to replace existing arrays; otherwise they are refused.
        compute : bool
            Whether to write now, or to return a `Delayed` object that writes when it is computed.
        **options
            Passed to `dask.array.to_zarr`.

        Returns
        -------
        None or Delayed
            See ``compute``.
        """
        import zarr

        group = zarr.open_group(str(url), mode="a")
        group.attrs["stop_reasons"] = list(STOP_REASONS)
        if len(self.fixed):
            group.attrs["fixed"] = self.fixed.tolist()
        arrays = {
            "support": self.support,
            "coefficients": self.coefficients,
            "residual_norms": self.residual_norms,
            "stop_reasons": self._records.map_blocks(_column, field="code", axis=0, dtype=np.int8),
            "intercepts": self.intercepts,
            "fixed_coefficients": self.fixed_coefficients,
        }
        written = [
            _even(array).to_zarr(str(url), component=name, overwrite=overwrite, compute=False, **options)
            for name, array in arrays.items()
            if array is not None
        ]
        return _done(written, compute)

    def to_parquet(self, path: Any, *, overwrite: bool = False, compute: bool = True) -> Any:
        """Write the solutions from the workers to two Parquet data sets.

        ``path/signals`` has one row for each signal: its position in Y, ``residual_norm``, ``stop_reason``, and the
        intercept if there is one. ``path/coefficients`` has one row for each column of a support: the position of the
        signal, ``column``, ``coefficient``, and ``name`` if A was a data frame. The position is the column ``signal``,
        which holds the column name if Y was a data frame. For signals along several axes there are columns
        ``signal_0``, ``signal_1``, … Complex numbers are stored as two columns, ``…_real`` and ``…_imag``. Each block
        is one file of each data set.

        Parameters
        ----------
        path : str
            The folder, which every worker must be able to reach.
        overwrite : bool
            Whether to remove existing contents; otherwise they are refused.
        compute : bool
            Whether to write now, or to return a `Delayed` object that writes when it is computed.

        Returns
        -------
        None or Delayed
            See ``compute``.
        """
        from fsspec.core import url_to_fs

        files, root = url_to_fs(str(path))
        if files.exists(root):
            if not overwrite:
                raise InvalidValueError(f"{path} is there; with overwrite=True it is replaced")
            files.rm(root, recursive=True)
        starts = [np.cumsum([0, *sizes[:-1]]) for sizes in self._records.chunks]
        blocks = self._records.to_delayed()
        write = dask.delayed(_write, pure=True)
        written = []
        for number, at in enumerate(np.ndindex(blocks.shape)):
            place = tuple(int(starts[axis][i]) for axis, i in enumerate(at))
            written.append(write(blocks[at], str(path), number, place, self.names, self.signals))
        return _done(written, compute)

    # What makes it a collection is what the array of records has.
    def __dask_graph__(self) -> Any:
        return self._records.__dask_graph__()

    def __dask_keys__(self) -> Any:
        return self._records.__dask_keys__()

    def __dask_layers__(self) -> Any:
        return self._records.__dask_layers__()

    def __dask_tokenize__(self) -> Any:
        return ("sparsea.dask.Batch", self._records.name)

    @staticmethod
    def __dask_optimize__(graph: Any, keys: Any, **options: Any) -> Any:
        return da.Array.__dask_optimize__(graph, keys, **options)

    @staticmethod
    def __dask_scheduler__(graph: Any, keys: Any, **options: Any) -> Any:
        return da.Array.__dask_scheduler__(graph, keys, **options)

    def __dask_postcompute__(self) -> Any:
        function, arguments = self._records.__dask_postcompute__()
        return _gathered, (function, arguments, self._axis)

    def __dask_postpersist__(self) -> Any:
        function, arguments = self._records.__dask_postpersist__()
        return _kept, (function, arguments, self._axis, self._k, self.names, self.signals, self.fixed)

    def __repr__(self) -> str:
        count, blocks = math.prod(self._records.shape), math.prod(self._records.numblocks)
        return f"<Batch of {count} signals in {blocks} block{'' if blocks == 1 else 's'}, k = {self._k}>"


def _with(chunks: Any, axis: int, size: tuple[int, ...]) -> Any:
    return (*chunks[:axis], size, *chunks[axis:])


def _column(records: Array, *, field: str, axis: int) -> Array:
    """One field of the records of a block, as an array of its own."""
    if field == "code":
        return np.ascontiguousarray(records["stop_reason"])
    values: Array = records[field]
    if field == "stop_reason":
        return np.asarray(np.array(STOP_REASONS)[values])
    return np.ascontiguousarray(np.moveaxis(values, -1, axis) if values.ndim > records.ndim else values)


def _gathered(results: Any, function: Callable[..., Any], arguments: Any, axis: int) -> BatchSolution:
    records: Array = function(results, *arguments)
    words = ("support", "coefficients", "residual_norm", "stop_reason", "intercept", "fixed_coefficients")
    there = records.dtype.names or ()
    arrays: list[Any] = [_column(records, field=word, axis=axis) if word in there else None for word in words]
    return BatchSolution(*arrays)


def _kept(graph: Any, function: Callable[..., Any], arguments: Any, *rest: Any, rename: Any = None) -> Batch:
    records = function(graph, *arguments) if rename is None else function(graph, *arguments, rename=rename)
    return Batch(records, *rest)


def _even(array: Any) -> Any:
    """The array with chunks as Zarr has them, all of one size but the last."""
    even = all(len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0] for sizes in array.chunks)
    return array if even else array.rechunk(tuple(max(sizes) for sizes in array.chunks))


def _done(written: list[Any], compute: bool) -> Any:
    every = dask.delayed(_nothing)(written)
    return every.compute() if compute else every


def _nothing(parts: Any) -> None:
    del parts


def _write(
    records: Array,
    path: str,
    number: int,
    place: tuple[int, ...],
    names: tuple[Any, ...] | None,
    signals: tuple[Any, ...] | None,
) -> None:
    """Write the solutions of a block."""
    import pandas as pd
    from fsspec.core import url_to_fs

    index = [start + at.ravel() for start, at in zip(place, np.indices(records.shape), strict=True)]
    flat = records.reshape(-1)
    if signals is not None:
        index = [np.array(signals, dtype=object)[index[0]]]
    words = ["signal"] if len(index) == 1 else [f"signal_{axis}" for axis in range(len(index))]
    signal: dict[str, Any] = dict(zip(words, index, strict=True))
    signal["residual_norm"] = flat["residual_norm"]
    signal["stop_reason"] = np.array(STOP_REASONS)[flat["stop_reason"]]
    if "intercept" in (records.dtype.names or ()):
        signal.update(_parts("intercept", flat["intercept"]))
    row, slot = np.nonzero(flat["support"] >= 0)
    column = flat["support"][row, slot]
    entry: dict[str, Any] = {word: values[row] for word, values in zip(words, index, strict=True)}
    entry["column"] = column
    if names is not None:
        entry["name"] = np.array([str(name) for name in names], dtype=object)[column]
    entry.update(_parts("coefficient", flat["coefficients"][row, slot]))
    files, root = url_to_fs(path)
    for folder, table in [("signals", signal), ("coefficients", entry)]:
        files.makedirs(f"{root}/{folder}", exist_ok=True)
        # Under another name until it is whole, since a worker may be lost while it writes.
        whole = f"{root}/{folder}/part-{number:08}.parquet"
        with files.open(f"{whole}.tmp", "wb") as out:
            pd.DataFrame(table).to_parquet(out, index=False)
        files.mv(f"{whole}.tmp", whole)


def _parts(word: str, values: Array) -> dict[str, Array]:
    if values.dtype.kind != "c":
        return {word: values}
    return {f"{word}_real": values.real, f"{word}_imag": values.imag}
