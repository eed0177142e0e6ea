"""The supports that explain y about as well as the best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._near import NearOptimal
from ._options import SubsampleOptions, SupportOptions, takes
from ._problem import Problem

if TYPE_CHECKING:
    from typing_extensions import Unpack


@takes(SubsampleOptions)
def near_optimal(
    A: Any,
    y: Any,
    k: int,
    *,
    within: float = 0.01,
    count: int = 100,
    start: Any = None,
    **options: Unpack[SubsampleOptions],
) -> NearOptimal:
    """List the best supports known whose residual is within a margin of the best.

    Where many supports explain y about as well as the best, the data do not tell which of them it is. What these have
    in common can be relied on more.

    Parameters
    ----------
    A, y, k
        As for `solve`; y is one vector.
    within : float
        The margin: supports are listed for which min ‖y − A x‖ is at most (1 + within) times that of the best; at
        least 0.
    count : int
        The most supports to list, from 1 to 2000; the best are.
    start
        As for `solve`.
    {options}

    Returns
    -------
    NearOptimal
        The supports, the best first: the solution that `solve` returns with ``report=True``; with the coefficients and
        the residual of the fit on each.

    Raises
    ------
    ValueError
        If an argument breaks a rule, as for `solve`; for groups, a given sum of coefficients, or several columns of
        data.
    TypeError, MemoryError, KeyboardInterrupt
        As `solve`.

    See Also
    --------
    Problem.near_optimal : The same for a problem that is measured already.

    Notes
    -----
    These are the supports that the run came through, and those one exchange of a column away from one that is listed,
    if `NearOptimal.exchanges_scored`: exchanges are not scored where coefficients have bounds, or n k numbers are more
    than ``memory``. They need not be all: a support is missed if every chain of exchanges to it leaves the margin, and
    the run did not come through it. ``algorithm="search"``, the default, comes through many.

    Each support listed is fitted, and its exchanges are scored: n k² multiply-adds for each, besides the run.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((30, 80))
    >>> A[:, 5] = A[:, 3] + 0.001 * rng.standard_normal(30)
    >>> y = A[:, [3, 40, 77]] @ np.array([1.0, -2.0, 3.0]) + 0.1 * rng.standard_normal(30)
    >>> near = sparsea.near_optimal(A, y, 3)
    >>> [support.tolist() for support in near.supports]
    [[5, 40, 77], [3, 40, 77]]
    >>> near.solution.report.certain
    (40, 77)
    >>> near.solution.report.stand_ins
    (StandIns(columns=(3, 5), count=1),)
    """
    given: dict[str, Any] = {**options}
    # What is refused of a run is refused there.
    run = {word: given.pop(word) for word in SupportOptions.__annotations__ if word in given}
    problem: Any = Problem(A, y, **given)
    found: NearOptimal = problem.near_optimal(k, within=within, count=count, start=start, **run)
    return found
