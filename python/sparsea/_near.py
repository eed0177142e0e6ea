"""The best known supports, within a margin of the best residual."""

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
    """The best known supports whose residual is within a margin of the best.

    Attributes
    ----------
    supports : tuple of ndarray of int
        The supports, each sorted, the best first. The first is the support of ``solution``.
    coefficients : tuple of ndarray
        The coefficients of the fit on each support, in the scale of A.
    residual_norms : ndarray of float
        ‖y − A x‖ of each fit, computed from A.
    within : float
        The margin: ‖y − A x‖ is at most (1 + within) times the best. With a ridge, this applies to the square root of
        twice the objective.
    known : int
        Number of such supports that are known. If it exceeds the number asked for, the best are listed.
    exchanges_scored : bool
        Whether every exchange of one column of a listed support for another was scored. If not, supports that the run
        did not visit are missing. If so, and if all known supports are listed, any support that is missing differs from
        each listed one in at least two columns.
    solution : Solution
        The best solution, with its report.

    Notes
    -----
    These are the *known* supports, not all that exist: those that the run visited, and those one exchange away from a
    listed one. A longer run finds more.
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
        """The names of the columns of each support, if A was a data frame."""
        names = self.solution.names
        return None if names is None else tuple(tuple(names[j] for j in support) for support in self.supports)

    def __len__(self) -> int:
        """Number of supports listed."""
        return len(self.supports)

    def to_dict(self) -> dict[str, Any]:
        """Return the supports as a dictionary of columns, from which pandas or polars builds a data frame.

        Returns
        -------
        dict
            Columns with one entry for each support: ``support``, a tuple of indices or names; ``residual_norm``;
            ``leaves``, a tuple of the columns of the best support that it lacks; and ``joins``, a tuple of the columns
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
