"""A second start for models with an intercept, for which the intercept is a feature like any other.

Centring takes the constant out of every feature. Where the sum of the right features is nearly constant, as with a row
of peaks that overlap, what is left of it does not lead to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from .. import Error, Solution, Solutions, solve
from ._design import Array, Design

LIMITS = ("iterations", "time", "supports", "relative_residual", "stagnation")
"""Options that say how long a search may take, which then takes that long once."""


def with_intercept(
    problem: Design, X: Any, y: Array, sample_weight: Array | None, k: int, found: Any, options: dict[str, Any]
) -> Any:
    """The better of solutions found and those of a search that starts where the intercept is one of k + 1 features.

    `found` are of `problem`, which is X and y centred, of one target or several; `options` are those of `solve`.
    """
    if options["algorithm"] != "search" or any(options[name] is not None for name in LIMITS):
        return found
    if isinstance(found, Solutions):
        targets = zip(found, y.T, problem.y.T, strict=True)
        return Solutions(
            [_better(problem.A, centred, X, target, sample_weight, k, one, options) for one, target, centred in targets]
        )
    return _better(problem.A, problem.y, X, y, sample_weight, k, found, options)


def _better(
    A: Any,
    centred: Array,
    X: Any,
    y: Array,
    sample_weight: Array | None,
    k: int,
    found: Solution,
    options: dict[str, Any],
) -> Solution:
    features, rows = X.shape[1], np.ones(len(y)) if sample_weight is None else np.sqrt(sample_weight)
    if found.stop_reason == "exact_fit" or k < 2 or k + 1 > min(np.count_nonzero(rows), features):
        return found
    if scipy.sparse.issparse(X):
        extended = scipy.sparse.hstack([X.multiply(rows[:, np.newaxis]), rows[:, np.newaxis]], format="csc")
    else:
        extended = np.column_stack([X * rows[:, np.newaxis], rows])
    try:
        begun = solve(extended, y * rows, k + 1, **options)
    except Error:
        # Numbers that are too large before they are centred.
        return found
    is_feature = begun.support < features
    support, coefficients = begun.support[is_feature], np.abs(begun.coefficients[is_feature])
    if len(support) > k:
        # No intercept was chosen: the feature that matters least is left out.
        columns = extended[:, support]
        norms = scipy.sparse.linalg.norm(columns, axis=0) if scipy.sparse.issparse(columns) else None
        explained = coefficients * (np.linalg.norm(columns, axis=0) if norms is None else norms)
        support = np.delete(support, np.argmin(explained))
    if len(support) == 0:
        return found
    again = solve(A, centred, k, start=support, **options)
    return again if again.residual_norm < found.residual_norm else found
