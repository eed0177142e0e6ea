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
    """List the best known supports whose residual is within a margin of the best.

    If many supports explain y about as well as the best, the data do not determine which of them is right. What they
    have in common is more reliable.

    Parameters
    ----------
    A, y, k
        See `solve`; y is one vector.
    within : float
        The margin, at least 0. A support is listed if its min ‖y − A x‖ is at most (1 + within) times that of the best.
    count : int
        The largest number of supports to list, from 1 to 2000. The best are listed.
    start
        See `solve`.
    {options}

    Returns
    -------
    NearOptimal
        The supports, each with the coefficients and the residual of its fit, the best first. The first is the solution
        that `solve` returns with ``report=True``.

    Raises
    ------
    ValueError
        If an argument breaks a rule, as for `solve`; also for groups, a given sum of coefficients, or several columns
        of data.
    TypeError, MemoryError, KeyboardInterrupt
        Same as for `solve`.

    See Also
    --------
    Problem.near_optimal : The same for a problem that is already measured.

    Notes
    -----
    The supports are those that the run visited and, if `NearOptimal.exchanges_scored`, those one exchange of a column
    away from a listed one. Exchanges are not scored if coefficients have bounds, or if n k numbers exceed ``memory``.
    The list need not be complete: a support is missed if every chain of exchanges to it leaves the margin and the run
    did not visit it. The default, ``algorithm="search"``, visits many supports.

    Each listed support is fitted and its exchanges are scored, which costs n k² multiply-adds each, in addition to the
    run.

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
