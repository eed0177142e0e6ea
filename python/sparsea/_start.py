"""Where a run starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import InvalidValueError
from ._input import Array, Operator, as_support, as_values, as_vector, shown
from ._solution import Solution, Solutions


def read_start(
    given: Any, operator: Operator, batch: tuple[int, ...], sides: int | None = None
) -> list[tuple[str, Any]] | None:
    """The starts as the compiled part reads them: none, one for all, or one for each column of a batch.

    A start is given by a word, a chain, a support, a vector or a solution; of a batch, by several; of a joint support
    of `sides` columns of Y, by a matrix in place of a vector.
    """
    operator.pair_columns("start", given)
    if isinstance(given, np.ndarray) and given.ndim == 2 and batch:
        given = list(given.T)
    if isinstance(given, (Solutions, tuple, list)) and len(given) and isinstance(given[0], (Solution, np.ndarray)):
        if not batch:
            raise InvalidValueError(f"start holds {len(given)} starts, but y is one vector")
        if len(given) != batch[0]:
            raise InvalidValueError(f"start holds {len(given)} starts, but Y has {batch[0]} columns")
        return [_read(one) for one in given]
    if given is None or (isinstance(given, str) and given.lower() == "zero"):
        return None
    return [_read(given) if sides is None else _read_joint(given, operator.shape[1], sides)]


def _read_joint(start: Any, columns: int, sides: int) -> tuple[str, Any]:
    """A start of several columns of Y: their vectors x end to end, where it is not a support or a word."""
    given = start.x if isinstance(start, Solution) else start
    if isinstance(given, str):
        return _read(given)
    values = as_values("start", given)
    if values.ndim == 1 and values.dtype.kind in "biu":
        return _read(values)
    return ("vector", joined("start", values, columns, sides))


def joined(what: str, values: Array, columns: int, sides: int) -> Array:
    """The columns of a matrix X, end to end."""
    if values.shape != (columns, sides):
        raise InvalidValueError(f"{what} has shape {values.shape}; for a joint support it must be ({columns}, {sides})")
    return as_vector(what, values.ravel(order="F"))


def _read(start: Any) -> tuple[str, Any]:
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
            raise InvalidValueError(f"start: {shown(seed)} is not a seed; write random:7")
        return ("random", int(digits))
    values = as_values("start", start) if isinstance(start, (list, tuple)) else start
    if isinstance(values, np.ndarray) and values.dtype.kind in "biu":
        return ("support", as_support("start", values))
    return ("vector", as_vector("start", start))
