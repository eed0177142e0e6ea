"""Information criteria of least-squares fits on k features."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray
from scipy.special import betaln

from ._design import Array, Design

_LARGEST = 1e150
"""Its square is a number too."""

MOST_RANKED = 1000
"""The most sparse features whose rank is determined; of more, all that are not constant count as independent."""

CRITERIA = ("aic", "bic", "ebic", "cp")

# A residual this small relative to y is an exact fit, as in the solver: a smaller one is rounding, not a better fit.
EXACT = 128 * np.finfo(float).eps


def log_likelihood_terms(rss: Array, y_square: float, samples: float, rounding: float = 0.0) -> Array:
    """n log(RSS/n), with the RSS of an exact fit bounded from below by rounding.

    `rounding` is what centring may have left in y.
    """
    floor = max(EXACT**2 * y_square, min(rounding, _LARGEST) ** 2, np.finfo(float).tiny)
    return np.asarray(samples * np.log(np.maximum(rss, floor) / samples))


def log_models(features: int, k: Array) -> Array:
    """log of the number of supports of size k, log (p choose k)."""
    return np.asarray(-betaln(1.0 + features - k, 1.0 + k) - np.log1p(features))


def full_variance(design: Design, fit_intercept: bool) -> float:
    """The unbiased estimate of the noise variance from least squares on all features, NaN where there is none."""
    features = len(design.feature_means)
    A, y = design.A, design.y
    dense = isinstance(A, np.ndarray)
    # Of columns of norm 1, so that no unit decides which are taken to depend on others.
    norms = np.linalg.norm(A, axis=0) if dense else A.column_norms
    scales = np.divide(1.0, norms, out=np.zeros(features), where=norms > 0)
    used = int(np.count_nonzero(norms))
    if min(design.total_weight, design.samples) <= used + fit_intercept:
        return float("nan")
    if dense:
        unit = A * scales
        x, _, rank, _ = np.linalg.lstsq(unit, y, rcond=None)
    else:
        unit = scipy.sparse.linalg.LinearOperator(
            A.shape,
            matvec=lambda x: A.matvec(scales * x.ravel()),
            rmatvec=lambda y: scales * A.rmatvec(y.ravel()),
            dtype=np.float64,
        )
        x = scipy.sparse.linalg.lsmr(unit, y, atol=1e-12, btol=1e-12, maxiter=10 * features)[0]
        rank = _rank(unit, np.flatnonzero(norms)) if used <= MOST_RANKED else used
    rest = y - unit @ x
    return float(rest @ rest / (design.total_weight - rank - fit_intercept))


def _rank(unit: Any, columns: NDArray[np.intp]) -> int:
    """The rank of these columns of norm 1, from their Gram matrix: A itself is never formed."""
    gram = np.empty((len(columns), len(columns)))
    for place, j in enumerate(columns):
        basis = np.zeros(unit.shape[1])
        basis[j] = 1.0
        gram[place] = unit.rmatvec(unit.matvec(basis))[columns]
    values = np.linalg.eigvalsh(gram)
    return int(np.count_nonzero(values > len(columns) * np.finfo(float).eps * values.max(initial=0.0)))
