"""Criteria of least-squares fits on k features: information criteria, and errors on samples left out."""

from __future__ import annotations

from dataclasses import dataclass
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
    k = np.count_nonzero(used, axis=1).astype(np.float64)
    # Every target has its numbers, and its coefficients.
    n, coefficients = samples * targets, k * targets
    exact = exact_rss(design)
    floored = np.maximum(rss, exact)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # An estimate from exact data is rounding as well.
        scaled = floored / (variance if known else np.maximum(variance, exact / n))
        # With as many parameters as samples every y is fitted, so that nothing is known of σ².
        free = design.samples - k - fit_intercept > 0
        fit = scaled if known else np.where(free, n * np.log(floored / n), np.inf)
        aic = fit + 2 * coefficients
        parameters = coefficients + fit_intercept * targets + 1
        rest = n - parameters - 1
        small = 0.0 if known else np.where(rest > 0, 2 * parameters * (parameters + 1) / rest, np.inf)
        bic = fit + np.log(samples) * coefficients
        errors, factors = np.full((2, len(coefs)), np.nan)
        if loo:
            errors, factors = _leave_one_out(design, used, fit_intercept, sample_weight)
        return Criteria(
            aic=aic,
            bic=bic,
            ebic=bic + 2 * gamma * log_models(features, k),
            cp=scaled - n + 2 * coefficients,
            aicc=aic + small,
            loo=errors,
            corrected_loo=np.maximum(errors, exact / n) * factors,
        )


def _leave_one_out(
    design: Design, used: NDArray[np.bool_], fit_intercept: bool, sample_weight: Array | None
) -> tuple[Array, Array]:
    """Mean squared errors on samples left out of least squares on each support, and the factors that correct them."""
    n = design.samples
    ones = np.full(len(design.y), 1.0) if sample_weight is None else sample_weight
    constant = ones / design.total_weight if fit_intercept else 0.0
    union = np.flatnonzero(np.any(used, axis=0))
    columns = _unit_columns(design.A, union)
    targets = design.y.reshape(len(ones), -1)
    errors, factors = np.full(len(used), np.inf), np.full(len(used), np.inf)
    for at, mask in enumerate(used):
        size = np.count_nonzero(mask)
        if size + fit_intercept >= n:
            continue
        basis, triangle = np.linalg.qr(columns[:, mask[union]])
        residual = targets - basis @ (basis.T @ targets)
        # What is left of 1 where a sample decides a coefficient alone is rounding.
        left = 1.0 - constant - np.einsum("ij,ij->i", basis, basis)
        if left.min() > EXACT and triangle.diagonal().all():
            errors[at] = np.sum((residual / left[:, np.newaxis]) ** 2) / (design.total_weight * targets.shape[1])
            trace = np.sum(np.linalg.inv(triangle) ** 2) + fit_intercept
            factors[at] = (1 + trace / n) / (1 - (size + fit_intercept) / n)
    return errors, factors


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


def log_models(features: int, k: Array) -> Array:
    """log of the number of supports of size k, log (p choose k)."""
    return np.asarray(-betaln(1.0 + features - k, 1.0 + k) - np.log1p(features))


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
