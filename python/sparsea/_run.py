"""Code common to all runs: A and y of one scalar type, the progress display, and solutions from compiled results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _core
from ._errors import InvalidValueError
from ._input import Array, Operator, as_aligned, as_bounds, as_groups, check_joint
from ._model import Model, advise, nth, take_model, warn_of_intercept
from ._progress import display
from ._solution import Solutions, make
from ._start import read_start


def of_one_scalar(
    operator: Operator, data: Array, *, checked: bool = False, name: Callable[[int], str] = nth
) -> tuple[Any, Array]:
    """A and the data as the compiled part takes them; NaN are refused unless the data are checked elsewhere.

    `name` is what a message calls a column of Y.
    """
    if operator.holds_data:
        return operator.of(operator.dtype), data
    rows = data.shape[0] if data.ndim else 0
    if rows != operator.shape[0]:
        whose = "y" if data.ndim == 1 else "Y"
        entries = "entries" if data.ndim == 1 else "rows"
        raise InvalidValueError(f"{whose} has {rows} {entries}, but A has {operator.shape[0]} rows")
    dtype = operator.dtype if operator.dtype == data.dtype else np.result_type(operator.dtype, data.dtype)
    a, data = operator.of(dtype), as_aligned(data, dtype)
    if not checked:
        check_finite(data, name)
    return a, data


def check_finite(data: Array, name: Callable[[int], str] = nth) -> None:
    """Refuse NaN and infinities in a matrix of data; a single vector is checked in compiled code."""
    if data.ndim == 2 and not np.isfinite(data).all():
        row, column = np.argwhere(~np.isfinite(data))[0]
        said = f"Y contains {data[row, column]} at row {row}, {name(column)} (counted from 0)"
        raise advise(InvalidValueError(said))


def solved(
    solve: Callable[[Any, Any, dict[str, Any]], list[dict[str, Any]]],
    operator: Operator,
    batch: tuple[int, ...],
    start: Any,
    options: Any,
    joint: bool = False,
    labels: tuple[Any, ...] | None = None,
) -> Any:
    """The solution that `solve` finds with these options, or the solutions of a batch.

    Of a `joint` support there is one, for all columns of Y. `labels` are those of groups.
    """
    sides = batch[0] if joint else None
    batch = () if joint else batch
    starts = None if start is None else read_start(start, operator, batch, sides)
    progress = options.pop("progress", False)
    if progress is False or not _core.as_flag("progress", progress):
        found = solve(starts, None, options)
    else:
        with display(batch) as show:
            found = solve(starts, show, options)
    if found and found[0].pop("misses_intercept", False):
        warn_of_intercept()
    if not batch:
        return make(found[0], operator.names, operator.places, labels, sides)
    return Solutions([make(fields, operator.names, operator.places, labels) for fields in found])


def solve_once(
    operator: Operator, data: Array, k: Any, start: Any, options: Any, made: tuple[Model | None, bool] | None = None
) -> Any:
    """Solve a problem that is used once, so that measuring A is a part of the run; its model may be read already."""
    model, hint = made or take_model(operator, options)
    if options.get("bounds") is not None:
        options["bounds"] = as_bounds(options["bounds"], operator.shape[1])
    labels = None
    if options.get("groups") is not None:
        options["groups"], labels = as_groups(options["groups"], operator)
    joint = _core.as_flag("joint", options.get("joint", False))
    if joint:
        check_joint(data.shape)
    a, data = of_one_scalar(operator, data, checked=model is not None)
    adjusted = None if model is None else model.for_core(data)

    def solve(starts: Any, show: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
        return _core.solve(a, data, k, starts, show, options, adjusted, hint)

    try:
        return solved(solve, operator, data.shape[1:], start, options, joint, labels)
    except InvalidValueError as error:
        raise advise(error) from error.__cause__
