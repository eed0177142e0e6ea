"""Criteria of least-squares fits on k features: information criteria, and errors on left-out samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from .. import _core
from ._design import Array, Design

_LARGEST = 1e150
"""Its square is a number too."""

MOST_RANKED = 1000
"""The most sparse features whose rank is determined; of more, all that are not constant count as independent."""

CRITERIA = ("aic", "bic", "ebic", "cp", "aicc", "loo")

# A residual this small relative to y is an exact fit, as in the solver: a smaller one is rounding, not a better fit.
EXACT = 128 * np.finfo(float).eps


@dataclass(frozen=True)
class Criteria:
    """What may choose among solutions, one number for each."""

    aic: Array
    bic: Array
    ebic: Array
    cp: Array
    aicc: Array
    loo: Array
    """Leave-one-out errors, exact; they take longer than the others, and are NaN unless they choose."""
    corrected_loo: Array
    """What is minimised of them."""


def exact_rss(design: Design) -> float:
    """The RSS of an exact fit: below it is rounding, of the fit or of what centring left in y."""
    y_square = float(np.vdot(design.y, design.y))
    rounding = float(np.linalg.norm(np.minimum(design.rounding, _LARGEST)))
    return float(max(EXACT**2 * y_square, rounding**2, np.finfo(float).tiny))


def criteria(
    design: Design,
    coefs: Array,
    rss: Array,
    *,
    fit_intercept: bool,
    sample_weight: Array | None,
    gamma: float,
    variance: float,
    known: bool,
    loo: bool,
) -> Criteria:
    """Those of solutions, of which the coefficients are rows, or for several targets matrices with a row for each.

    σ² is the `variance`, given if it is `known`, and otherwise estimated for Cp.
    """
    samples, features = design.total_weight, len(design.feature_means)
    used = np.any(coefs != 0, axis=1) if coefs.ndim == 3 else coefs != 0
    targets = coefs.shape[1] if coefs.ndim == 3 else 1
    k = np.count_nonzero(used, axis=1).astype(np.int64)
    exact = exact_rss(design)
    values = _core.criteria(
        np.asarray(rss, dtype=np.float64),
        k,
        # Every target has its numbers, and its coefficients.
        k * targets,
        samples=samples,
        distinct=design.samples,
        responses=targets,
        choices=features,
        always=int(fit_intercept) * targets,
        gamma=gamma,
        variance=variance if known else None,
        estimate=variance,
        exact=exact,
    )
    errors, factors = np.full((2, len(coefs)), np.nan)
    if loo:
        errors, factors = _leave_one_out(design, used, fit_intercept, sample_weight)
    corrected = np.maximum(errors, exact / (samples * targets)) * factors
    return Criteria(**values, loo=errors, corrected_loo=corrected)


def _leave_one_out(
    design: Design, used: NDArray[np.bool_], fit_intercept: bool, sample_weight: Array | None
) -> tuple[Array, Array]:
    """Mean squared errors on samples left out of least squares on each support, and the factors that correct them."""
    rows = len(design.y)
    weights = np.full(rows, 1.0) if sample_weight is None else sample_weight
    always = np.sqrt(weights)[:, np.newaxis] if fit_intercept else np.zeros((rows, 0))
    union = np.flatnonzero(np.any(used, axis=0))
    columns = _unit_columns(design.A, union)
    targets = design.y.reshape(rows, -1)
    errors, factors = np.full((2, len(used)), np.inf)
    for at, mask in enumerate(used):
        left = _core.left_out(always, columns[:, mask[union]], targets, design.samples)
        if left is not None:
            errors[at], factors[at] = left
    return errors * design.samples / design.total_weight, factors


def _unit_columns(A: Any, places: NDArray[np.intp]) -> Array:
    """These columns, none of them zero, scaled to norm 1."""
    if isinstance(A, np.ndarray):
        columns = A[:, places]
    else:
        columns = np.empty((A.shape[0], len(places)))
        for at, j in enumerate(places):
            columns[:, at] = A.matvec(_unit(A.shape[1], j))
    largest = np.abs(columns).max(axis=0, initial=0.0)
    columns = columns / largest
    return np.asarray(columns / np.linalg.norm(columns, axis=0))


def _unit(size: int, place: int) -> Array:
    basis = np.zeros(size)
    basis[place] = 1.0
    return basis


def full_variance(design: Design, fit_intercept: bool) -> float:
    """The unbiased estimate of the noise variance from least squares on all features, NaN where there is none."""
    features = len(design.feature_means)
    A, y = design.A, design.y.reshape(len(design.y), -1)
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
        limits = {"atol": 1e-12, "btol": 1e-12, "maxiter": 10 * features}
        x = np.column_stack([scipy.sparse.linalg.lsmr(unit, target, **limits)[0] for target in y.T])
        rank = _rank(unit, np.flatnonzero(norms)) if used <= MOST_RANKED else used
    rest = y - unit @ x
    return float(np.vdot(rest, rest) / y.shape[1] / (design.total_weight - rank - fit_intercept))


def _rank(unit: Any, columns: NDArray[np.intp]) -> int:
    """The rank of these columns of norm 1, from their Gram matrix: A itself is never formed."""
    gram = np.empty((len(columns), len(columns)))
    for place, j in enumerate(columns):
        gram[place] = unit.rmatvec(unit.matvec(_unit(unit.shape[1], j)))[columns]
    values = np.linalg.eigvalsh(gram)
    return int(np.count_nonzero(values > len(columns) * np.finfo(float).eps * values.max(initial=0.0)))
