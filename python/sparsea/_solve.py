"""Solving: one vector of data, or several on one operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from ._input import Matrix, Sparsities, Unshaped, Vector, as_operator
from ._model import unmasked
from ._options import Options, takes
from ._run import solve_once
from ._solution import Solution, Solutions

if TYPE_CHECKING:
    from typing_extensions import Unpack


# An array whose number of dimensions its type does not state fits every overload; the first must be the one for all.
@overload
def solve(
    A: Any, y: Unshaped, k: Sparsities, *, start: Any = None, joint: bool = False, **options: Unpack[Options]
) -> Any: ...
@overload
def solve(
    A: Any, y: Any, k: int, *, start: Any = None, joint: Literal[True], **options: Unpack[Options]
) -> Solution: ...
@overload
def solve(
    A: Any,
    y: Vector | Sequence[float],
    k: int,
    *,
    start: Any = None,
    joint: Literal[False] = False,
    **options: Unpack[Options],
) -> Solution: ...
@overload
def solve(
    A: Any,
    y: Matrix | Sequence[Sequence[float]],
    k: Sparsities,
    *,
    start: Any = None,
    joint: Literal[False] = False,
    **options: Unpack[Options],
) -> Solutions: ...
@overload
def solve(
    A: Any, y: Any, k: Sparsities, *, start: Any = None, joint: bool = False, **options: Unpack[Options]
) -> Any: ...
@takes(Options)
def solve(A: Any, y: Any, k: Sparsities, *, start: Any = None, joint: bool = False, **options: Unpack[Options]) -> Any:
    """Find the k columns of A that explain y best: minimise ½‖A x − y‖² subject to ‖x‖₀ ≤ k.

    Parameters
    ----------
    A : array_like, sparse matrix, frame or operator of shape (m, n)
        A NumPy array (also memory-mapped), a data frame of pandas or polars, a SciPy sparse matrix of any format, a
        `Convolution`, `Steps`, `Ramps`, `PartialDCT`, `PartialDFT` or `PartialHadamard`, or any object with ``shape``,
        ``matvec`` and ``rmatvec``, such as a SciPy ``LinearOperator`` or a PyLops operator. The column norms of such an
        object are measured by n products, or estimated if n > 2048, unless its attribute ``column_norms`` gives n
        norms, or one number for all columns.
        Columns need no scaling. An array of float64, complex128, float32, complex64, int8, int16, int32, uint8 or bool
        is read in place, in C or Fortran order, and is used in double precision. Other arrays are converted. A
        `Gram` replaces A and y by their sufficient statistics.
    y : array_like of shape (m,) or (m, B), or None
        The data; None if A is a `Gram`. A matrix is a batch: its columns are solved separately and in parallel, and
        share what is computed from A. With ``joint`` they are one problem instead. Rows of A and y are paired by
        position. If both are pandas objects, their indices must be equal and in the same order, including default
        indices; ``y.to_numpy()`` has no index.
    k : int or array_like of int
        The sparsity: the largest number of non-zeros in x, from 0 to min(m, n). For a batch, k may also be one number
        for each column of Y.
    start : str, array_like, Solution or Solutions, optional
        Where to start: ``"zero"``, ``"random:SEED"``, the name of an algorithm or chain, integers or a mask (a
        support), floating-point or complex numbers (a vector x of n entries, or a matrix of shape (n, B) for a joint
        support), or a solution. A batch also accepts one start for each column of Y: a matrix of shape (n, B), or
        solutions. If A is a data frame, the index of a Series must be the column names of A. Default: zero.
    {options}

    Returns
    -------
    Solution
        For y of shape (m,), or if ``joint``.
    Solutions
        For Y of shape (m, B): a sequence of B solutions. A type checker distinguishes the two if the type of y states
        its number of dimensions; otherwise the result is ``Any``.

    Raises
    ------
    ValueError
        If A, y, k, a start or a setting breaks a rule. The message states the rule and the value. This error and the
        next two are instances of `sparsea.Error`.
    TypeError
        If an argument has the wrong type, such as an array of objects.
    MemoryError
        If the algorithm would need more than ``memory``.
    KeyboardInterrupt
        Within 0.2 s of Ctrl-C.

    See Also
    --------
    Problem : A and y, measured once for several runs.

    Notes
    -----
    Reaching a limit is not an error: see `Solution.stop_reason`. The GIL is released during the run.

    The same input and settings give the same bits, for any number of threads. The command ``sparsea solve`` also gives
    the same bits for the files that ``numpy.save`` writes from A and y. The memory order of A is part of the input:
    sums are made in a different order for a matrix in C order than for one in Fortran order, so the two results agree
    only up to rounding.

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

    A batch, where each column starts from orthogonal matching pursuit:

    >>> Y = A @ np.stack([x, -x], axis=1)
    >>> sparsea.solve(A, Y, 3, start="omp").supports
    [array([ 3, 40, 77]), array([ 3, 40, 77])]
    """
    operator = as_operator(A)
    operator.pair_rows("y", y)
    return solve_once(operator, operator.data(unmasked(y, options)), k, start, {**options, "joint": joint})
