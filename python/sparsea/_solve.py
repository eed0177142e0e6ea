"""Solving: one vector of data, or several on one operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import _core
from ._input import as_data, as_operator
from ._request import Start, as_request, run


def solve(
    A: Any,
    y: Any,
    k: int,
    *,
    algorithm: str | None = None,
    start: Any = None,
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
) -> Any:
    """Find the k columns of A that explain y best: minimise ½‖A x − y‖² subject to ‖x‖₀ ≤ k.

    Parameters
    ----------
    A : array_like, sparse matrix, frame or operator of shape (m, n)
        A NumPy array (float64 and complex128 are read where they lie, in either order; other types are converted), a
        frame of pandas or polars, a SciPy sparse matrix of any format, a `Convolution`, or an object with ``shape``,
        ``matvec`` and ``rmatvec``, as a ``LinearOperator`` of SciPy or an operator of PyLops. (Measuring its columns
        takes n products, unless an attribute ``column_norms`` states their n norms.) Columns need no scaling.
    y : array_like of shape (m,) or (m, B)
        The data. A matrix is a batch: each of its columns is solved by itself, in parallel, sharing what is computed
        of A. Rows are paired by position. If A and y are both of pandas, their indices must be the same, in the same
        order, a default index included; ``y.to_numpy()`` has none.
    k : int
        The sparsity: how many non-zeros x may have, from 1 to min(m, n).
    algorithm : str, optional
        An algorithm, or several joined by ``+``, each starting from the solution of the one before, as ``"omp+sea"``;
        see `algorithms`. Unless said, ``"search"``, or ``"sea"`` if n k is more than a million.
    start : str, array_like, Solution or Solutions, optional
        Where to start: ``"zero"``, ``"random:SEED"``, an algorithm or chain, whole numbers or a mask (a support),
        floating-point or complex numbers (a vector x of n entries), or a solution. For a batch also one start for each
        column of Y: a matrix of shape (n, B), or solutions. The index of a Series must be the column names of A, if A
        is a frame. Default: zero.
    iterations, supports, stagnation : int, optional
        Stop after this many iterations, distinct supports, iterations without improvement. Where iterations, time and
        stagnation are unlimited, each algorithm keeps its default budget: 300 iterations for ``"search"``, 1000 for
        ``"sea"``, ``"htp"``, ``"iht"``, ``"niht"`` and ``"cosamp"``; the others end by themselves.
    time : float, optional
        Stop after this many seconds, measuring the columns of A included.
    relative_residual : float, optional
        Stop when ‖y − A x‖/‖y‖ is at most this, the noise level.
    settings : dict, optional
        Settings of the (last) algorithm, as ``{"step_size": 0.5}``.
    unit_columns : bool
        Whether algorithms see columns scaled to norm 1, so that no unit of measurement matters. Coefficients come back
        in the scale of A either way.
    threads : int, optional
        Threads to use, from 1 to 4096. Default: as many as there are processors, or as the environment variable
        ``RAYON_NUM_THREADS`` says (up to 256, or the processors if there are more). Results do not depend on it.
    memory : int, optional
        Bytes to use besides the problem; 4.3 · 2³⁰ unless said, most of them only by ``"els"`` and ``"search"``
        on large problems.
    report : bool or float
        Whether to report what was explored, in `Solution.report`: near-ties within 5 % of the best residual, or within
        this margin.
    trace : bool
        Whether to record every step, in `Solution.trace`.
    progress : bool
        Whether to show a bar with the best residual: tqdm's if it is installed, otherwise a line on a terminal.
    callback : callable, optional
        Called with a `Progress` after every step, in the thread that called this function. If it returns something
        true, the run stops and returns the best point so far. What it raises is raised here.
    check_adjoint : bool
        Whether to check first, with random vectors, that ``rmatvec`` is the adjoint of ``matvec``.

    Returns
    -------
    Solution
        For y of shape (m,).
    Solutions
        For Y of shape (m, B): a sequence of B solutions. (The type of the result is not annotated, since the shape of
        an array is no part of its type.)

    Raises
    ------
    ValueError
        If A, y, k, a start or a setting breaks a rule. The message names the rule and the value.
    TypeError
        If something is of the wrong type, as an array of objects.
    MemoryError
        If the algorithm would need more than ``memory``.
    KeyboardInterrupt
        Within 0.2 s of Ctrl-C.

    Notes
    -----
    Reaching a limit is no error: see `Solution.stop_reason`. The interpreter is let go of during the run, so that other
    threads of Python go on.

    The same input and settings give the same bits, whatever the number of threads, and so does the command ``sparsea
    solve`` for the files that ``numpy.save`` makes of A and y. The order of A in memory is part of the input: sums are
    made in another order for a matrix in C order than for one in Fortran order, and their results agree to rounding.

    References
    ----------
    M. Mohamed, F. Malgouyres, V. Emiya, C. Chaux. *Straight-Through Meets Sparse Recovery: the Support Exploration
    Algorithm.* ICML 2024, arXiv:2301.13584.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((30, 80))
    >>> x = np.zeros(80)
    >>> x[[3, 40, 77]] = [1.0, -2.0, 3.0]
    >>> solution = sparsea.solve(A, A @ x, 3)
    >>> solution.support
    array([ 3, 40, 77])
    >>> solution.stop_reason
    'exact_fit'
    >>> np.allclose(solution.x, x)
    True

    A batch, each column started from orthogonal matching pursuit:

    >>> Y = A @ np.stack([x, -x], axis=1)
    >>> sparsea.solve(A, Y, 3, start="omp").supports
    [array([ 3, 40, 77]), array([ 3, 40, 77])]
    """
    operator = as_operator(A)
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
    operator.pair_rows("y", y)
    return run(operator, as_data(y), k, request, Start(start), progress)
