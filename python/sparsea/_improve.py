"""Improving an answer that came from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import _core
from ._input import Array, as_data, as_operator, as_support, as_vector
from ._request import Start, as_request, as_sparsity, run
from ._solution import Solution


def improve(
    A: Any,
    y: Any,
    k: int | None = None,
    *,
    support: Any = None,
    x: Any = None,
    algorithm: str | None = None,
    iterations: int | None = None,
    time: float | None = None,
    supports: int | None = None,
    relative_residual: float | None = None,
    stagnation: int | None = None,
    settings: Mapping[str, Any] | None = None,
    unit_columns: bool = True,
    threads: int | None = None,
    memory: int | None = None,
    report: bool | float = False,
    trace: bool = False,
    progress: bool = False,
    callback: Callable[[_core.Progress], Any] | None = None,
    check_adjoint: bool = False,
) -> Solution:
    """Improve an answer that came from anywhere; never return a worse one.

    What comes back is never worse than the least-squares fit on the support that is given (nor, of a vector, than the
    vector itself).

    Parameters
    ----------
    A, y
        As for `solve`; y is one vector.
    k : int, optional
        The sparsity, at least as many non-zeros as are given; as many unless said.
    support : array_like of int, optional
        The column indices to improve, counted from 0, or a mask of the columns.
    x : array_like of shape (n,) or Solution, optional
        The vector to improve. Give either this or ``support``.
    algorithm : str, optional
        ``"search"`` unless said, or ``"sea"`` if n k is more than a million.
    settings, unit_columns, check_adjoint
        As for `solve`.
    iterations, time, supports, relative_residual, stagnation, threads, memory
        As for `solve`.
    report, trace, progress, callback
        As for `solve`.

    Returns
    -------
    Solution
        At least as good as what is given.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        As `solve`; ValueError also if nothing is given to improve, or more than k non-zeros.

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
    data = as_data(y)
    if data.ndim != 1:
        raise ValueError(f"y has shape {data.shape}; one vector is improved at a time")
    if (support is None) == (x is None):
        raise TypeError("give what to improve by support or x, one of them")
    if support is not None:
        given = as_support("support", support)
        if len(given) and np.asarray(support).dtype.kind == "b":
            operator.pair_columns("support", support)
        start: Array = np.array(given, dtype=np.int64)
        what, size = "the support", len(given)
    else:
        operator.pair_columns("x", x)
        start = x.x if isinstance(x, Solution) else as_vector("x", x)
        what, size = "x", int(np.count_nonzero(start))
    if size == 0:
        raise ValueError(f"{what} holds no non-zero to improve" if x is not None else "the support to improve is empty")
    if k is None:
        k = size
    else:
        k = as_sparsity(k, operator.shape)
        # A support must fit into k columns; of a vector with more, a part would be improved and the rest lost.
        if k < size:
            raise ValueError(f"k must be at least {size}, the non-zeros of {what}, got {k}")
    request = as_request(
        algorithm=algorithm,
        settings=settings,
        iterations=iterations,
        time=time,
        supports=supports,
        relative_residual=relative_residual,
        stagnation=stagnation,
        unit_columns=unit_columns,
        threads=threads,
        memory=memory,
        report=report,
        trace=trace,
        callback=callback,
        check_adjoint=check_adjoint,
    )
    improved: Solution = run(operator, data, k, request, Start(start), progress)
    return improved
