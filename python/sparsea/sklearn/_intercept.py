"""A second start for models with an intercept, where the intercept is treated like any other feature.

Centring removes the constant from every feature. If the sum of the right features is nearly constant, as for a row of
overlapping peaks, what is left of the constant does not lead to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from .. import Error, Solution, Solutions
from .._choice import searches
from ._design import Array, Design
from ._parameters import Choice

LIMITS = ("iterations", "time", "supports", "relative_residual", "stagnation")
"""Options that say how long a search may take, which then takes that long once."""

MIMICKED = 0.25
"""The share of ‖1‖² that k features must explain, as if they were orthogonal, for the second start to matter."""


def with_intercept(
    problem: Design, X: Any, y: Array, sample_weight: Array | None, k: int, found: Any, choice: Choice
) -> Any:
    """The better of solutions found and those of a search that starts where the intercept is one of k + 1 features.

    `found` are of `problem`, which is X and y centred, of one target or several.
    """
    options = choice.options
    if choice.form.nonnegative or not searches(options) or any(options[name] is not None for name in LIMITS):
        return found
    if isinstance(found, Solutions):
        targets = zip(found, y.T, problem.y.T, strict=True)
        return Solutions(
            [_better(problem.A, centred, X, target, sample_weight, k, one, choice) for one, target, centred in targets]
        )
    return _better(problem.A, problem.y, X, y, sample_weight, k, found, choice)


def _better(
    A: Any,
    centred: Array,
    X: Any,
    y: Array,
    sample_weight: Array | None,
    k: int,
    found: Solution,
    choice: Choice,
) -> Solution:
    features, rows = X.shape[1], np.ones(len(y)) if sample_weight is None else np.sqrt(sample_weight)
    if found.stop_reason == "exact_fit" or k + 1 > min(np.count_nonzero(rows), features):
        return found
    if scipy.sparse.issparse(X):
        extended = scipy.sparse.hstack([X.multiply(rows[:, np.newaxis]), rows[:, np.newaxis]], format="csc")
    else:
        extended = np.column_stack([X * rows[:, np.newaxis], rows])
    with np.errstate(all="ignore"):
        norms = (scipy.sparse.linalg.norm if scipy.sparse.issparse(X) else np.linalg.norm)(extended, axis=0)
        cosines = np.nan_to_num(extended[:, :-1].T @ rows / (norms[:-1] * norms[-1]))
    if np.sort(cosines**2)[-k:].sum() < MIMICKED:
        return found
    weighted = y * (rows if y.ndim == 1 else rows[:, np.newaxis])
    try:
        begun = choice.run(extended, weighted, k + 1)
    except Error:
        # Numbers that are too large before they are centred.
        return found
    is_feature = begun.support < features
    support, coefficients = begun.support[is_feature], begun.coefficients[is_feature]
    # Of several targets, the length of their row.
    coefficients = np.abs(coefficients) if y.ndim == 1 else np.linalg.norm(coefficients, axis=1)
    if len(support) > k:
        # No intercept was chosen: the feature that matters least is left out.
        support = np.delete(support, np.argmin(coefficients * norms[support]))
    if len(support) == 0:
        return found
    again: Solution = choice.run(A, centred, k, start=support, report=choice.report)
    return again if again.residual_norm < found.residual_norm else found
