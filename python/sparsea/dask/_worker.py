"""What every block of signals needs; sent to each worker once, and read there once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from dask.base import tokenize

from .. import _core
from .._errors import InvalidTypeError, InvalidValueError
from .._input import Array, CalledOperator, Operator, as_aligned, as_bounds, as_data, as_groups, as_operator, shown
from .._model import CALLS, Model, advise, take_model
from .._options import Options
from .._run import check_finite
from .._solution import Solutions
from .._start import read_start

MEASURED = 2048
"""The most columns of an operator known by its products whose norms are measured; those of more are estimated."""

GRAM_MEMORY = 256 << 20
"""Bytes of Gram columns that a worker keeps if ``memory`` is not given."""

_REFUSED = {
    "callback": "it would be called on the workers",
    "joint": "all signals would be one problem; call sparsea.solve",
    "progress": "Dask shows it: see dask.diagnostics.ProgressBar and distributed.progress",
    "report": "a block returns arrays only; call sparsea.solve for the signals that matter",
    "trace": "a block returns arrays only; call sparsea.solve for the signals that matter",
}


class Shared:
    """A and the options of a batch, checked.

    Dask keeps one on each worker, and what it has read of A with it.
    """

    def __init__(self, A: Any, start: Any, options: dict[str, Any]) -> None:
        options = _known(options)
        operator = as_operator(A)
        if operator.holds_data:
            raise InvalidTypeError("A is a Gram, which holds its data; call sparsea.solve(A, None, k)")
        self.operator = _packed(operator)
        model, self.hint = take_model(operator, options)
        if model is not None and model.weights is not None and model.weights.ndim == 2:
            raise InvalidValueError("weights must be those of the rows, of shape (m,), for signals in blocks")
        self.model: Model | None = model
        if options.get("bounds") is not None:
            options["bounds"] = as_bounds(options["bounds"], operator.shape[1])
        self.group_sizes: Array | None = None
        if options.get("groups") is not None:
            options["groups"] = as_groups(options["groups"], operator)[0]
            self.group_sizes = np.sort(np.bincount(options["groups"]))[::-1]
        several = isinstance(start, Solutions) or (isinstance(start, np.ndarray) and start.ndim > 1)
        if several or (isinstance(start, (list, tuple)) and len(start) and not np.isscalar(start[0])):
            raise InvalidTypeError("start must be one for all signals")
        self.starts = None if start is None else read_start(start, operator, ())
        # One thread for each task that Dask runs at a time.
        self.options = {**options, "threads": 1 if options.get("threads") is None else options["threads"]}
        self._token = tokenize(self.operator._given, options, start, *_content(model))
        self._reset()

    def _reset(self) -> None:
        self._lock, self._warned = Lock(), False
        self._read: dict[np.dtype[Any], Any] = {}
        self._columns: dict[np.dtype[Any], Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        own = {"_lock", "_read", "_columns", "_warned"}
        return {name: value for name, value in self.__dict__.items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()

    def __dask_tokenize__(self) -> Any:
        return self._token

    def width(self, k: int) -> int:
        """The most columns in a support of k atoms."""
        return k if self.group_sizes is None else int(self.group_sizes[:k].sum())

    def dtype(self, data: Any) -> np.dtype[Any]:
        """The scalar of a problem with data of this type."""
        kind = np.result_type(self.operator.dtype, np.complex128 if np.dtype(data).kind == "c" else np.float64)
        return np.dtype(kind)

    def check(self, k: int) -> None:
        """Refuse k and options that no block would take."""
        data = np.zeros((self.operator.shape[0], 0), self.operator.dtype)
        self.solve(data, k)

    def solve(self, data: Array, k: Any, name: Callable[[int], str] = str) -> list[dict[str, Any]]:
        """The fields of the solution for each column; `name` is what a message calls one."""
        data = as_data(data)
        dtype = self.dtype(data.dtype)
        data = as_aligned(data, dtype)
        if self.model is None:
            check_finite(data, name)
        adjusted = None if self.model is None else self.model.for_core(data, name)
        a = self._form(dtype) if data.shape[1] else self.operator.of(dtype)
        try:
            kept = self._kept(dtype) if data.shape[1] and adjusted is None else None
            found = _core.solve(a, data, k, self.starts, None, dict(self.options), adjusted, self.hint, kept)
        except InvalidValueError as error:
            raise advise(error) from error.__cause__
        if found and found[0].pop("misses_intercept", False):
            self._warn()
        return found

    def _form(self, dtype: np.dtype[Any]) -> Any:
        """A as the compiled part takes it."""
        with self._lock:
            if dtype not in self._read:
                a = self.operator.of(dtype)
                called = isinstance(a, CalledOperator) and a.column_norms is None and a.shape[1] <= MEASURED
                if called and self.model is None:
                    nothing = np.zeros((a.shape[0], 0), dtype)
                    a.column_norms = _core.Problem(a, nothing, {}).column_norms[0]
                self._read[dtype] = a
            return self._read[dtype]

    def _kept(self, dtype: np.dtype[Any]) -> Any:
        """Gram columns of A, which all blocks on this worker share."""
        with self._lock:
            if dtype not in self._columns:
                memory = self.options.get("memory")
                # Anything else is refused by the run.
                room = memory // 2 if isinstance(memory, int) and memory > 0 else GRAM_MEMORY
                self._columns[dtype] = _core.GramColumns(self.operator.shape[1], dtype.kind == "c", room)
            return self._columns[dtype]

    def _warn(self) -> None:
        """Warn of data that call for an intercept, once on each worker."""
        if self._warned:
            return
        self._warned = True
        try:
            # On a worker the client warns too.
            from distributed import warn
        except ImportError:
            from warnings import warn
        warn(CALLS, UserWarning, stacklevel=2)


def _known(options: dict[str, Any]) -> dict[str, Any]:
    """The options that are set; options that do not apply to batches in blocks are refused."""
    kept = {}
    for word, value in options.items():
        if word in _REFUSED:
            if value is None or value is False:
                continue
            raise InvalidTypeError(f"sparsea.dask.solve takes no {word}={shown(value)}: {_REFUSED[word]}")
        if word not in Options.__annotations__:
            raise TypeError(f"solve() got an unexpected keyword argument {word!r}")
        kept[word] = value
    return kept


def _packed(operator: Operator) -> Operator:
    """The operator with A as it will lie on the workers: what is pickled keeps its order where it is contiguous."""
    given = operator._given
    if isinstance(given, np.ndarray) and not (given.flags.c_contiguous or given.flags.f_contiguous):
        given = given.copy(order="K")
    # Rows are paired here; their labels are of no use to workers.
    return Operator(given, operator.shape, operator.dtype, operator.names)


def _content(model: Model | None) -> list[Any]:
    return [] if model is None else [sorted(vars(model).items(), key=lambda item: item[0])]
