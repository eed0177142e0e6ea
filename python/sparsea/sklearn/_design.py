"""What is solved: the features and the target, centred and weighted. Sparse features stay sparse."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse
import sklearn
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import validation

from .. import _core
from .._input import as_compressed

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """Minimise ‖A x − y‖ over x; the intercept is that of `intercept`."""

    A: Any
    """√W (X − 1 μᵀ), an array or a `Centered`."""
    y: Array
    """√W (y − 1 ȳ), a vector, or one column for each target."""
    feature_means: Array
    """μ; zeros without an intercept."""
    target_means: Any
    """ȳ; zero without an intercept."""
    samples: int
    """Samples of non-zero weight."""
    total_weight: float
    """Σ w_i, the number of samples unless weighted."""

    @property
    def limit(self) -> int:
        """The largest k that can be asked for."""
        return min(self.samples, len(self.feature_means))

    @property
    def bound(self) -> str:
        """Why k is limited."""
        return f"there are {self.samples} samples and {len(self.feature_means)} features"

    def intercept(self, coef: Array) -> Any:
        """ȳ − μᵀ x, a number or one for each row of `coef`."""
        return self.target_means - coef @ self.feature_means


def design(X: Any, y: Array, sample_weight: Array | None, fit_intercept: bool) -> Design:
    """Centres (if there is an intercept) and weights X (an array or a sparse matrix) and y."""
    samples, features = X.shape
    counted, total = samples, float(samples)
    if sample_weight is not None:
        counted, total = int(np.count_nonzero(sample_weight)), float(sample_weight.sum())
    roots = None if sample_weight is None else np.sqrt(sample_weight)
    target_means = _means(y, sample_weight) if fit_intercept else 0.0
    y = _weighted(y - target_means, roots)
    if scipy.sparse.issparse(X):
        X = _core.Centered(as_compressed(X, np.float64), sample_weight, None if fit_intercept else np.zeros(features))
        means = X.means
    elif fit_intercept:
        means = _means(X, sample_weight)
        X = _weighted(X - means, roots)
    else:
        means = np.zeros(features)
        X = _weighted(X, roots)
    return Design(X, y, means, target_means, counted, total)


def _means(values: Array, weights: Array | None) -> Array:
    """Means of columns, to the last digit, so that constant columns become exactly zero."""
    means = np.average(values, axis=0, weights=weights)
    return np.asarray(means + np.average(values - means, axis=0, weights=weights))


def _weighted(values: Array, roots: Array | None) -> Array:
    if roots is None:
        return values
    return values * (roots if values.ndim == 1 else roots[:, np.newaxis])


def validated(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, multi_output: bool = False, samples: int = 1
) -> tuple[Any, Array, Array | None]:
    """What `fit` is given, at least so many samples, checked by scikit-learn's rules, as float64."""
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csc",
        dtype=np.float64,
        y_numeric=True,
        multi_output=multi_output,
        ensure_min_samples=samples,
    )
    return X, np.asarray(y, dtype=np.float64), _checked_weights(sample_weight, X.shape[0])


def validate_data(estimator: Any, X: Any, *y: Any, **options: Any) -> Any:
    """`sklearn.utils.validation.validate_data`, which was a method before scikit-learn 1.6."""
    if hasattr(validation, "validate_data"):
        return validation.validate_data(estimator, named(X), *y, **options)
    return estimator._validate_data(named(X), *y, **options)


def named(X: Any) -> Any:
    """X in a form of which scikit-learn can read the names of the features."""
    # Before 1.9 it reads those of pandas, and those of others by a protocol that polars has given up.
    old = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 9)
    unread = hasattr(X, "columns") and hasattr(X, "to_numpy") and not hasattr(X, "__dataframe__")
    return NamedArray(X.to_numpy(), list(X.columns)) if old and unread else X


class NamedArray:
    """An array with names of its columns, as much of a frame as scikit-learn needs."""

    def __init__(self, values: NDArray[Any], names: list[str]) -> None:
        self.values = values
        self.shape = values.shape
        self.names = names

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def __dataframe__(self) -> NamedArray:
        return self

    def column_names(self) -> list[str]:
        """As the interchange protocol of frames calls it."""
        return self.names


def _checked_weights(weights: ArrayLike | None, samples: int) -> Array | None:
    if weights is None:
        return None
    checked = np.asarray(weights, dtype=np.float64)
    if checked.ndim == 0:
        checked = np.full(samples, float(checked))
    if checked.shape != (samples,):
        raise ValueError(f"sample_weight must have shape ({samples},), one number for each sample, got {checked.shape}")
    bad = np.flatnonzero(~(np.isfinite(checked) & (checked >= 0)))
    if bad.size:
        raise ValueError(
            f"sample_weight must be at least 0 and finite, got {checked[bad[0]]} at index {bad[0]} (counted from 0)"
        )
    if not checked.any():
        raise ValueError("sample_weight must not be zero for every sample")
    return checked


def checked_count(name: str, value: Any) -> int:
    """A whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number or None, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


def clipped_count(name: str, count: int, limit: int, what: str) -> int:
    """`count`, or `limit` and a warning if that is smaller."""
    if count > limit:
        warnings.warn(f"{name} is {count}, but {what}: {limit} is used", UserWarning, stacklevel=3)
    return min(count, limit)
