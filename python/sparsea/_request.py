"""What is asked of a run, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._input import Array, Operator, as_aligned, as_index, as_number, as_support, as_vector, as_whole, shown
from ._progress import display
from ._solution import Solution, Solutions, make

_THREADS = 4096
_WHOLE: dict[str, list[tuple[str, str]]] = {}


@dataclass(frozen=True)
class Start:
    """Where a run starts, as it was given: a word, a chain, a support, a vector, a solution; of a batch, several."""

    given: Any

    def read(self, operator: Operator, batch: tuple[int, ...]) -> list[tuple[str, Any]] | None:
        """The starts as the compiled part reads them: none, one for all, or one for each column of a batch."""
        given = self.given
        operator.pair_columns("start", given)
        if isinstance(given, np.ndarray) and given.ndim == 2 and batch:
            given = list(given.T)
        if isinstance(given, (Solutions, tuple, list)) and len(given) and isinstance(given[0], (Solution, np.ndarray)):
            if not batch:
                raise ValueError(f"start holds {len(given)} starts, but y is one vector")
            if len(given) != batch[0]:
                raise ValueError(f"start holds {len(given)} starts, but Y has {batch[0]} columns")
            return [_start(one) for one in given]
        if given is None or (isinstance(given, str) and given.lower() == "zero"):
            return None
        return [_start(given)]


def _start(start: Any) -> tuple[str, Any]:
    if isinstance(start, Solution):
        return ("vector", start.x)
    if isinstance(start, str):
        word = start.lower()
        if not word.startswith("random:"):
            return ("chain", word)
        seed = word.removeprefix("random:")
        digits = seed.lstrip("0") or seed[-1:]
        # Python reads only some thousand digits.
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 20 or int(digits) >= 2**64:
            raise ValueError(f"start: {shown(seed)} is not a seed; write random:7")
        return ("random", int(digits))
    values = np.asarray(start) if isinstance(start, (list, tuple)) else start
    if isinstance(values, np.ndarray) and values.dtype.kind in "biu":
        return ("support", as_support("start", values))
    return ("vector", as_vector("start", start))


def as_request(
    *,
    algorithm: str | None,
    settings: Mapping[str, Any] | None,
    iterations: int | None,
    time: float | None,
    supports: int | None,
    relative_residual: float | None,
    stagnation: int | None,
    unit_columns: bool,
    threads: int | None,
    memory: int | None,
    report: bool | float,
    trace: bool,
    callback: Callable[[_core.Progress], Any] | None,
    check_adjoint: bool,
) -> dict[str, Any]:
    """Read everything but A, y, k and the start."""
    algorithm = _algorithm(algorithm)
    return {
        "algorithm": algorithm,
        "settings": _settings(settings, algorithm),
        "unit_columns": bool(unit_columns),
        "trace": bool(trace),
        "check_adjoint": bool(check_adjoint),
        **_limits(iterations, time, supports, relative_residual, stagnation),
        "threads": None if threads is None else as_whole("threads", threads, 1, _THREADS),
        "memory": None if memory is None else as_whole("memory", memory, 1),
        "report": _margin(report),
        "callback": _callback(callback),
    }


def run(operator: Operator, data: Array, k: Any, request: dict[str, Any], start: Start, progress: bool) -> Any:
    """Run what was asked for, all but the start checked."""
    k = as_sparsity(k, operator.shape)
    rows = data.shape[0] if data.ndim else 0
    if rows != operator.shape[0]:
        name = "y" if data.ndim == 1 else "Y"
        entries = "entries" if data.ndim == 1 else "rows"
        raise ValueError(f"{name} has {rows} {entries}, but A has {operator.shape[0]} rows")
    dtype = operator.dtype if operator.dtype == data.dtype else np.result_type(operator.dtype, data.dtype)
    a, data = operator.of(dtype), as_aligned(data, dtype)
    request = {**request, "start": start.read(operator, data.shape[1:])}
    if data.ndim == 2 and not np.isfinite(data).all():
        row, column = np.argwhere(~np.isfinite(data))[0]
        raise ValueError(f"Y contains {data[row, column]} at row {row}, column {column} (counted from 0)")
    if not progress:
        return _solved(a, data, k, request, operator.names)
    with display(request, data.shape[1:]) as request:
        return _solved(a, data, k, request, operator.names)


def _solved(a: Any, data: Array, k: int, request: dict[str, Any], names: tuple[Any, ...] | None) -> Any:
    if data.ndim == 1:
        return make(_core.solve(a, data, k, request), names)
    return Solutions([make(fields, names) for fields in _core.solve_batch(a, data, k, request)])


def as_sparsity(k: Any, shape: tuple[int, int]) -> int:
    """Read k, of which there may be as many as A has rows and columns."""
    value = as_index("k must be a whole number of at least 1", k)
    limit, dimension = (shape[0], "rows") if shape[0] < shape[1] else (shape[1], "columns")
    if limit > 0 and not 1 <= value <= limit:
        raise ValueError(f"k must be between 1 and {limit} (the number of {dimension}), got {shown(value)}")
    return value if limit > 0 else as_whole("k", value, 1)


def _algorithm(algorithm: str | None) -> str | None:
    if algorithm is None:
        return None
    if not isinstance(algorithm, str):
        raise TypeError(f"algorithm must be a name or a chain of names, as 'omp+sea', got {shown(algorithm)}")
    return algorithm.lower()


def _settings(settings: Mapping[str, Any] | None, algorithm: str | None) -> dict[str, Any] | None:
    if settings is None:
        return None
    if not isinstance(settings, Mapping):
        raise TypeError(f"settings must be a dictionary, as {{'step_size': 0.5}}, got {shown(settings)}")
    link = "search" if algorithm is None else algorithm.rpartition("+")[2]
    for name, rule in _whole_settings().get(link, ()):
        if name in settings:
            as_index(f"{link}: {name} must be {rule}", settings[name])
    return dict(settings)


def _whole_settings() -> dict[str, list[tuple[str, str]]]:
    """The settings of each algorithm that are whole numbers, and their rules; the compiled part sees to all others."""
    if not _WHOLE:
        for entry in _core.algorithms():
            rules = [(name, rule) for name, _, rule, _ in entry["settings"] if rule.startswith("a whole number")]
            _WHOLE[entry["name"]] = rules
    return _WHOLE


def _limits(iterations: Any, time: Any, supports: Any, relative_residual: Any, stagnation: Any) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for name, limit in [("iterations", iterations), ("supports", supports), ("stagnation", stagnation)]:
        limits[name] = None if limit is None else as_whole(name, limit, 0)
    if time is not None:
        time = as_number("time", "a finite number of seconds of at least 0", time, lambda t: 0 <= t < np.inf)
    limits["time"] = time
    if relative_residual is not None:
        rule = "a number of at least 0"
        relative_residual = as_number("relative_residual", rule, relative_residual, lambda r: r >= 0)
    limits["relative_residual"] = relative_residual
    return limits


def _margin(report: bool | float) -> float | None:
    if isinstance(report, (bool, np.bool_)):
        return 0.05 if report else None
    rule = "True, False or a margin, a finite number of at least 0"
    return as_number("report", rule, report, lambda margin: 0 <= margin < np.inf)


def _callback(callback: Any) -> Any:
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of the progress, got {shown(callback)}")
    return callback
