"""Improving a given solution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._core import as_flag, as_sparsity
from ._errors import InvalidTypeError, InvalidValueError
from ._input import (
    Array,
    Operator,
    as_groups,
    as_operator,
    as_support,
    as_values,
    as_vector,
    check_joint,
)
from ._model import Model, take_model, unmasked
from ._options import Options, takes
from ._run import solve_once
from ._solution import Solution

if TYPE_CHECKING:
    from typing_extensions import Unpack


@takes(Options)
def improve(
    A: Any,
    y: Any,
    k: int | None = None,
    *,
    support: Any = None,
    x: Any = None,
    joint: bool = False,
    **options: Unpack[Options],
) -> Solution:
    """Improve a given solution; the result is never worse.

    The result is never worse than the least-squares fit on the given support, nor than the given vector itself.

    Parameters
    ----------
    A, y
        See `solve`; y is one vector, or a matrix whose columns share one support if ``joint``.
    k : int, optional
        The sparsity, at least the number of non-zeros given (or of groups, or of non-zero rows). Default: that number.
    support : array_like of int, optional
        The support to improve: column indices counted from 0, or a mask of the columns.
    x : array_like of shape (n,), or (n, B) if ``joint``, or Solution, optional
        The vector to improve. Give either this or ``support``.
    {options}

    Returns
    -------
    Solution
        A solution at least as good as the given one.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        Same as for `solve`. ValueError also if neither ``x`` nor ``support`` is given, or if the given one has more
        than k non-zeros.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((30, 80))
    >>> y = A[:, [3, 40, 77]] @ np.array([1.0, -2.0, 3.0])
    >>> sparsea.improve(A, y, support=[3, 40, 50]).support
    array([ 3, 40, 77])
    """
    operator = as_operator(A)
    operator.pair_rows("y", y)
    rest: dict[str, Any] = {**options, "joint": joint}
    data = operator.data(unmasked(y, rest))
    sides = None
    if as_flag("joint", joint):
        check_joint(data.shape)
        sides = data.shape[1]
    else:
        check_single(data.shape)
    made = take_model(operator, rest)
    groups = options.get("groups")
    if groups is not None:
        # Read once: labels may come from what yields them.
        rest["groups"] = groups = list(groups) if hasattr(groups, "__next__") else groups
    codes = None if groups is None else as_groups(groups, operator)[0]
    k, start = improvable(operator, k, support, x, made[0], codes, sides)
    improved: Solution = solve_once(operator, data, k, start, rest, made)
    return improved


def check_single(shape: tuple[int, ...]) -> None:
    """Refuse a batch."""
    if len(shape) != 1:
        raise InvalidValueError(f"y has shape {shape}; one vector is improved at a time")


def improvable(
    operator: Operator,
    k: Any,
    support: Any,
    x: Any,
    model: Model | None = None,
    groups: Array | None = None,
    sides: int | None = None,
) -> tuple[int, Array]:
    """The sparsity and the start of a run that improves a support or a vector, fixed columns left out.

    `groups` are numbers of groups, by column: then k counts those. Of `sides` columns of Y, x is a matrix.
    """
    fixed = np.zeros(0, dtype=np.int64) if model is None else model.fixed
    rows, columns = operator.shape
    bounds = (rows + columns, columns) if model is not None and model.ridge > 0 else (rows, columns)
    if (support is None) == (x is None):
        raise InvalidTypeError("give what to improve by support or x, one of them")
    if support is not None:
        given = as_support("support", support)
        if len(given) and np.asarray(support).dtype.kind == "b":
            operator.pair_columns("support", support)
        given = [j for j in given if j not in fixed]
        start: Array = np.array(given, dtype=np.int64)
        what, chosen = "the support", start[start < operator.shape[1]]
        size = len(given)
    else:
        operator.pair_columns("x", x)
        start = x.x if isinstance(x, Solution) else as_vector("x", x) if sides is None else as_values("x", x)
        if sides is not None and start.shape != (columns, sides):
            raise InvalidValueError(f"x has shape {start.shape}; for a joint support it must be ({columns}, {sides})")
        if len(fixed) and len(start) == columns:
            start = start.copy()
            start[fixed[fixed < columns]] = 0
        what, chosen = "x", np.flatnonzero(start if sides is None else start.any(axis=1))
        size = len(chosen)
    # What is out of range is refused later, by the run.
    if groups is not None and (not len(chosen) or chosen.max() < len(groups)):
        size = len(np.unique(groups[chosen]))
    counted = "non-zeros" if groups is None else "groups"
    if size == 0:
        raise InvalidValueError(
            f"{what} holds no non-zero to improve" if x is not None else "the support to improve is empty"
        )
    if k is None:
        k = size
    else:
        k = as_sparsity(k, bounds)
        # A support must fit into k columns; of a vector with more, a part would be improved and the rest lost.
        if k < size:
            raise InvalidValueError(f"k must be at least {size}, the {counted} of {what}, got {k}")
    return k, start
