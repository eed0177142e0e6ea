"""The best supports known, within a margin of the best residual."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._core import as_whole
from ._errors import InvalidValueError
from ._input import Array, as_number
from ._solution import ExplorationReport, Solution, _frozen, _Record

MOST = 2000
"""Supports listed at most: a run keeps the best 2000 that it comes through, or more."""


@dataclass(frozen=True, eq=False)
class NearOptimal(_Record):
    """The best supports known whose residual is within a margin of the best.

    Attributes
    ----------
    supports : tuple of ndarray of int
        The supports, each sorted, the best first: that is the support of ``solution``.
    coefficients : tuple of ndarray
        The coefficients of the fit on each, in the scale of A.
    residual_norms : ndarray of float
        ‖y − A x‖ of each fit, computed from A.
    within : float
        The margin: ‖y − A x‖ is at most (1 + within) times the best. With a ridge, the root of twice the objective is.
    known : int
        How many such supports are known; if there are more than asked for, the best are listed.
    exchanges_scored : bool
        Whether every exchange of one column of a support listed for another was scored. If not, supports are missing
        that the run did not come through. If so, and all that are known are listed, any that is missing differs from
        each of these in two columns or more.
    solution : Solution
        The best of them, with its report.

    Notes
    -----
    These are the supports *known*, not all that there are: those that the run came through, and those one exchange away
    from one that is listed. The longer it runs, the more are known.
    """

    supports: tuple[Array, ...]
    coefficients: tuple[Array, ...]
    residual_norms: Array
    within: float
    known: int
    exchanges_scored: bool
    solution: Solution

    @property
    def names(self) -> tuple[tuple[Any, ...], ...] | None:
        """The names of the columns of each support, if A was a frame."""
        names = self.solution.names
        return None if names is None else tuple(tuple(names[j] for j in support) for support in self.supports)

    def __len__(self) -> int:
        """The number of supports listed."""
        return len(self.supports)

    def to_dict(self) -> dict[str, Any]:
        """The supports as a dictionary of columns, as pandas and polars make a frame of.

        Returns
        -------
        dict
            Of columns with an entry for each support: ``support``, a tuple of indices or names, ``residual_norm``,
            ``leaves``, the tuple of columns of the best support that it does without, and ``joins``, the tuple of those
            that it has instead.
        """
        names = self.solution.names
        best = set(self.supports[0].tolist())

        def shown(support: Any) -> tuple[Any, ...]:
            return tuple(int(j) if names is None else names[j] for j in sorted(support))

        each = [set(support.tolist()) for support in self.supports]
        return {
            "support": [shown(support) for support in each],
            "residual_norm": self.residual_norms,
            "leaves": [shown(best - support) for support in each],
            "joins": [shown(support - best) for support in each],
        }

    def __repr__(self) -> str:
        listed = "" if len(self) == self.known else f", {len(self)} listed"
        scored = "scored" if self.exchanges_scored else "not scored"
        return (
            f"<NearOptimal: {self.known} supports known within {100 * self.within:.4g} % of the best{listed}, "
            f"exchanges of one column {scored}>"
        )


def listed(
    solve: Callable[[Any, dict[str, Any]], Solution], within: Any, count: Any, start: Any, options: dict[str, Any]
) -> NearOptimal:
    """The near-ties of a run, each fitted; `solve` runs from a start."""
    within = as_number("within", "a finite number of at least 0", within, lambda v: 0 <= v < np.inf)
    count = as_whole("count", count, 1, MOST)
    solution = solve(start, {**options, "report": (within, MOST)})
    found, scored = [solution], True
    best = tuple(solution.support.tolist())
    # Those known, and of these those that are not fitted yet, best first.
    known, waiting = {best}, list[tuple[float, tuple[int, ...]]]()
    limit = _limit(solution, within)

    def note(report: Any) -> None:
        for row in report.best[: report.near_ties]:
            if row.residual_norm <= limit and row.support not in known:
                known.add(row.support)
                heapq.heappush(waiting, (row.residual_norm, row.support))

    note(solution.report)
    scored = _report(solution).exchanges_scored
    # What a fit needs; limits are those of the run.
    kept = {word: options[word] for word in ("threads",) if word in options}
    fitted = {best}
    while waiting and len(found) < count:
        support = heapq.heappop(waiting)[1]
        fit = solve(np.array(support), {**kept, "algorithm": "omp", "iterations": 0, "report": (within, MOST)})
        # Without columns whose coefficient is 0.
        needed = tuple(fit.support.tolist())
        if needed != support:
            known.discard(support)
        if needed not in fitted:
            fitted.add(needed)
            known.add(needed)
            found.append(fit)
            scored = scored and _report(fit).exchanges_scored
            note(fit.report)
    # The first is the solution, though another may equal it to rounding.
    found[1:] = sorted(found[1:], key=lambda fit: (fit.objective, fit.support.tolist()))
    return NearOptimal(
        tuple(fit.support for fit in found),
        tuple(fit.coefficients for fit in found),
        _frozen(np.array([fit.residual_norm for fit in found])),
        within,
        len(known),
        scored,
        solution,
    )


def _report(solution: Solution) -> ExplorationReport:
    assert solution.report is not None
    return solution.report


def _limit(solution: Solution, within: float) -> float:
    """The largest ‖r‖ of a near-tie; of an exact fit, that of those which are as exact."""
    report = _report(solution)
    counted = [row.residual_norm for row in report.best[: report.near_ties]]
    return max([(1 + within) * float(np.sqrt(2 * solution.objective)), *counted])


def check_one(shape: tuple[int, ...]) -> None:
    """Refuse a matrix of data."""
    if len(shape) != 1:
        raise InvalidValueError(f"near_optimal needs one vector y, got shape {shape}; take one column after the other")
