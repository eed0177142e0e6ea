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
        A NumPy array, a memory-mapped one too, a frame of pandas or polars, a SciPy sparse matrix of any format, a
        `Convolution`, `Steps`, `Ramps`, `PartialDCT`, `PartialDFT` or `PartialHadamard`, or an object with ``shape``,
        ``matvec`` and ``rmatvec``, such as a ``LinearOperator`` of SciPy or an operator of PyLops. (Its column norms
        are measured by n products, or estimated if n > 2048, unless an attribute ``column_norms`` states n norms, or
        one number for all.)
        Columns need no scaling. An array of float64, complex128, float32, complex64, int8, int16, int32, uint8 or bool
        is read where it lies, in either order, and computed with in double precision; one of another type is
        converted. A `Gram` stands for A and y, of which sufficient statistics are known.
    y : array_like of shape (m,) or (m, B), or None
        The data; None if A is a `Gram`. A matrix is a batch: each of its columns is solved by itself, in parallel,
        sharing what is computed of A; unless ``joint``. Rows are paired by position. If A and y are both of pandas,
        their indices must be the same, in the same order, a default index included; ``y.to_numpy()`` has none.
    k : int or array_like of int
        The sparsity: how many non-zeros x may have, from 0 to min(m, n). For a batch also one k for each column of Y.
    start : str, array_like, Solution or Solutions, optional
        Where to start: ``"zero"``, ``"random:SEED"``, an algorithm or chain, whole numbers or a mask (a support),
        floating-point or complex numbers (a vector x of n entries; of a joint support a matrix of shape (n, B)), or a
        solution. For a batch also one start for each
        column of Y: a matrix of shape (n, B), or solutions. The index of a Series must be the column names of A, if A
        is a frame. Default: zero.
    {options}

    Returns
    -------
    Solution
        For y of shape (m,), or if ``joint``.
    Solutions
        For Y of shape (m, B): a sequence of B solutions. (A type checker tells them apart where the type of y states
        its number of dimensions; otherwise the result is ``Any``.)

    Raises
    ------
    ValueError
        If A, y, k, a start or a setting breaks a rule. The message names the rule and the value. This error and the
        next two are instances of `sparsea.Error`.
    TypeError
        If something is of the wrong type, such as an array of objects.
    MemoryError
        If the algorithm would need more than ``memory``.
    KeyboardInterrupt
        Within 0.2 s of Ctrl-C.

    See Also
    --------
    Problem : A and y measured once, for several runs.

    Notes
    -----
    Reaching a limit is no error: see `Solution.stop_reason`. The GIL is released during the run.

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
    operator.pair_rows("y", y)
    return solve_once(operator, operator.data(unmasked(y, options)), k, start, {**options, "joint": joint})
