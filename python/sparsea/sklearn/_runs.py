"""The runs of estimators: paths over k, the fewest features for a tolerance, and reports."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import Problem
from .._errors import MemoryLimitError
from ._design import Design
from ._parameters import Choice

if TYPE_CHECKING:
    from .. import Solution

GREEDY = ("omp", "ols")
"""Algorithms that add one feature after the other: each solution of a path is the one before and one feature more."""

Supports = Sequence[NDArray[np.intp]]


def residual_norm(solution: Solution) -> float:
    """‖r‖, to take the least of."""
    return solution.residual_norm


def solve_path(
    problem: Design, largest: int, choice: Choice, *, thorough: bool = True, earlier: Supports = ()
) -> list[Solution]:
    """Solutions for k = 0 … `largest`, each no worse than the one before and one feature more.

    Where all are found together, from perturbed supports as well if they are to be `thorough`. No solution is worse
    than the fit on the `earlier` support for its k, if there is one.
    """
    # What is known of A serves every k.
    measured: Problem[Any] = Problem(problem.A, problem.y, **choice.form.words)
    threads = choice.options["threads"]
    nothing = measured.solve(0, algorithm="omp", threads=threads)
    if largest == 0:
        return [nothing]
    path = _together(measured, largest, choice, thorough) or _one_by_one(problem, measured, largest, choice)
    path.insert(0, replace(nothing, **_shared(path[0], choice.together)))
    better = False
    for k, support in enumerate(earlier[: largest + 1]):
        if 0 < len(support) <= k:
            fitted = measured.solve(k, start=support, algorithm="htp", iterations=0, threads=threads)
            if fitted.residual_norm < path[k].residual_norm:
                path[k] = measured.solve(k, start=fitted.support, algorithm="els", threads=threads)
                better = True
    return falling(path) if better else path


def as_chosen(solution: Solution) -> Solution:
    """The solution that a criterion has chosen, which may be that there is nothing."""
    is_nothing = len(solution.support) == 0 and solution.stop_reason != "exact_fit"
    return replace(solution, stop_reason="nothing_found") if is_nothing else solution


def falling(path: list[Solution]) -> list[Solution]:
    """The path in which no solution is worse than one before."""
    return list(accumulate(path, _better))


def _better(before: Solution, found: Solution) -> Solution:
    return min(found, before, key=residual_norm)


def with_solution(path: list[Solution], k: int, better: Solution) -> list[Solution]:
    """The path with another solution for k, which is no worse."""
    return [*path[:k], *falling([better, *path[k + 1 :]])]


def _shared(one: Solution, together: bool) -> dict[str, Any]:
    """What the null model has in common with the others of a path."""
    same = ("algorithm", "counts", "memory", "elapsed") if together and one.algorithm == "path" else ("algorithm",)
    return {name: getattr(one, name) for name in same}


def _together(measured: Problem[Any], largest: int, choice: Choice, thorough: bool) -> list[Solution] | None:
    """Solutions for k = 1 … `largest` found together, or None where they are not."""
    if not choice.together:
        return None
    try:
        return measured._together(range(1, largest + 1), None if thorough else 0, choice.options)
    except MemoryLimitError:
        # Runs for one k after the other take less.
        return None


def _one_by_one(problem: Design, measured: Problem[Any], largest: int, choice: Choice) -> list[Solution]:
    """Solutions for k = 1 … `largest`, each from the one before and the best feature beside it."""
    greedy = str(choice.options["algorithm"]).lower() in GREEDY
    completing = {"algorithm": "ols", "threads": choice.options["threads"]}
    path: list[Solution] = []
    for k in range(1, largest + 1):
        options = choice.of_run(problem.A, problem.y, k)
        start = path[-1].support if path else None
        found = measured.solve(k, start=start, **(options if greedy else completing))
        if not greedy:
            searched = measured.solve(k, start=found.support, **options)
            found = min(searched, found, key=residual_norm)
        # Where nothing is left to explain, rounding decides.
        path.append(min(found, path[-1], key=residual_norm) if path else found)
    return path


def fewest(problem: Design, choice: Choice, tolerance: float) -> Solution:
    """The solution with the fewest features of those found that reach the `relative_residual` of `choice`.

    Of one target, or of several with one support.
    """
    A, y, limit = problem.A, problem.y, choice.options["relative_residual"]
    if str(choice.options["algorithm"]).lower() in GREEDY:
        found: Solution = choice.run(A, y, problem.limit)
        _warn_if_missed(found, limit, tolerance)
        return found
    # As many as forward selection takes are enough.
    forward = dict.fromkeys(choice.options) | {"algorithm": "ols", "relative_residual": limit}
    forward["threads"] = choice.options["threads"]
    most: Solution = replace(choice, options=forward, seed=None).run(A, y, problem.limit)
    free = replace(choice, options={**choice.options, "relative_residual": None})
    k = len(most.support)
    if most.relative_residual > limit:
        searched: Solution = free.run(A, y, k, start=most.support)
        best = min(searched, most, key=residual_norm)
        _warn_if_missed(best, limit, tolerance)
        return best
    return next((one for one in solve_path(problem, k, free) if one.relative_residual <= limit), most)


def _warn_if_missed(found: Solution, limit: float, tolerance: float) -> None:
    if found.relative_residual > limit and found.residual_norm > 0:
        said = (
            f"tol is {tolerance:.6g}, but the least squared norm of the residual found is {found.residual_norm**2:.6g}"
        )
        warnings.warn(said, UserWarning, stacklevel=4)


def reported(problem: Design, found: Solution, choice: Choice) -> Solution:
    """A solution as good as that found, with a report of the run that began there."""
    free = replace(choice, options={**choice.options, "relative_residual": None})
    begun = found.support
    solution: Solution = free.run(problem.A, problem.y, len(begun), start=begun, report=choice.report)
    return solution if solution.residual_norm <= found.residual_norm else replace(found, report=solution.report)
