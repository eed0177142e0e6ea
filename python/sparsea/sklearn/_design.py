"""The problem that is solved: features and target, centred and weighted. Sparse features stay sparse."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import sklearn
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import validation

from .. import _core
from .._core import as_whole
from .._errors import InvalidTypeError, InvalidValueError
from .._input import as_compressed, as_number, as_values, check_paired, index_of, shown

Array = NDArray[np.float64]

ROUNDING = 4.0
"""What rounding leaves of a centred column, in units of ε times its norm before: entries that are sums of several
numbers are off by a few ε each. The same number is in `crates/sparsea/src/operator/centered.rs`."""


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
    rounding: Any = 0.0
    """What rounding may have left in ‖y‖ when ȳ was subtracted, a number or one for each target."""

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


@dataclass(frozen=True)
class Precision:
    """The ε of the numbers that features and target were given in, which are computed with in double precision."""

    features: Any
    """One for all features, or one for each."""
    target: float


DOUBLE = Precision(np.finfo(np.float64).eps, float(np.finfo(np.float64).eps))


def design(X: Any, y: Array, sample_weight: Array | None, fit_intercept: bool, precision: Precision = DOUBLE) -> Design:
    """Centres (if there is an intercept) and weights X (an array or a sparse matrix) and y.

    A column that is constant to rounding is zero once it is centred, and so is such a target.
    """
    samples, features = X.shape
    counted, total = samples, float(samples)
    if sample_weight is not None:
        counted, total = int(np.count_nonzero(sample_weight)), float(sample_weight.sum())
    roots = None if sample_weight is None else np.sqrt(sample_weight)
    target_means: Any = 0.0
    rounding: Any = 0.0
    if fit_intercept:
        target_means = _means("y", y, sample_weight)
        rounding = _rounding(target_means, samples, total, precision.target)
        y = _weighted(y - target_means, roots)
        y = np.where(_is_rounding(y, rounding), 0.0, y)
    else:
        y = _weighted(y, roots)
    if scipy.sparse.issparse(X):
        X = _centered(X, sample_weight, fit_intercept, total, precision)
        means = X.means
    elif fit_intercept:
        means = _means("X", X, sample_weight)
        X = _weighted(X - means, roots)
        X[:, _is_rounding(X, _rounding(means, samples, total, precision.features))] = 0.0
    else:
        means = np.zeros(features)
        X = _weighted(X, roots)
    return Design(X, y, means, target_means, counted, total, rounding)


def _centered(
    X: Any, sample_weight: Array | None, fit_intercept: bool, total: float, precision: Precision
) -> _core.Centered:
    """Sparse features, centred."""
    samples, features = X.shape
    if not fit_intercept:
        return _core.Centered(as_compressed(X, np.float64), sample_weight, np.zeros(features))
    centered = _core.Centered(as_compressed(X, np.float64), sample_weight, None)
    # What is constant in double precision is zero already.
    rounding = _rounding(centered.means, samples, total, precision.features)
    constant = (centered.column_norms > 0) & (centered.column_norms <= rounding)
    if not constant.any():
        return centered
    X = X.tocsc(copy=True)
    X.data[np.repeat(constant, np.diff(X.indptr))] = 0.0
    return _core.Centered(as_compressed(X, np.float64), sample_weight, None)


def _rounding(means: Array, samples: int, total: float, epsilon: Any) -> Array:
    """Norms of centred columns that are rounding of what cancelled, √W μ.

    Entries are off by a few ε of the numbers that they were given in. Their mean is a sum in double precision, whose
    error is √m times its ε.
    """
    off = epsilon + np.sqrt(samples) * DOUBLE.target
    return np.asarray(ROUNDING * off * np.sqrt(total) * np.abs(means))


def _is_rounding(centred: Array, rounding: Any) -> Any:
    """Of which columns (or whether of a vector) the norm is no more than rounding."""
    # No square leaves the range of doubles, and most columns are judged by their largest entry.
    largest = np.maximum(centred.max(axis=0), -centred.min(axis=0))
    if centred.ndim == 1:
        return largest <= rounding and column_norms(centred[:, np.newaxis])[0] <= rounding
    found = largest <= rounding
    found[found] = column_norms(centred[:, found]) <= rounding[found]
    return found


def column_norms(columns: Array) -> Array:
    """Norms that neither overflow nor vanish."""
    largest = np.abs(columns).max(axis=0)
    return np.asarray(largest * np.linalg.norm(columns / np.where(largest > 0, largest, 1.0), axis=0))


def precision_of(X: Any, y: Any) -> Precision:
    """The precision of what `fit` is given."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        return Precision(np.array([_epsilon(dtype) for dtype in X.dtypes]), _epsilon(getattr(y, "dtype", None)))
    return Precision(_epsilon(getattr(X, "dtype", None)), _epsilon(getattr(y, "dtype", None)))


def _epsilon(dtype: Any) -> float:
    """ε of a type of NumPy, pandas or polars, of double precision unless it holds fewer digits."""
    word = str(dtype).lower()
    if word in {"float16", "halffloat[pyarrow]"}:
        return float(np.finfo(np.float16).eps)
    if word in {"float32", "float[pyarrow]", ">f4", "<f4"}:
        return float(np.finfo(np.float32).eps)
    return DOUBLE.target


def _means(what: str, values: Array, weights: Array | None) -> Array:
    """Means of columns, to the last digit."""
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.average(values, axis=0, weights=weights)
        means = np.asarray(means + np.average(values - means, axis=0, weights=weights))
    if not np.isfinite(means).all():
        raise InvalidValueError(
            f"{what} holds numbers so large that their mean is beyond the range of double precision"
        )
    return means


def _weighted(values: Array, roots: Array | None) -> Array:
    if roots is None:
        return values
    return values * (roots if values.ndim == 1 else roots[:, np.newaxis])


def validated(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    multi_output: bool = False,
    samples: int = 1,
    groups: Any = None,
) -> tuple[Any, Array, Array | None]:
    """What `fit` is given, at least so many samples, checked by scikit-learn's rules, as float64."""
    check_indices(X=X, y=y, sample_weight=sample_weight, groups=groups)
    shape: Any = getattr(y, "shape", ())
    if not multi_output and len(shape) == 2 and shape[1] > 1:
        raise InvalidValueError(
            f"y should be a 1d array, got an array of shape {shape} instead; joint=True chooses one k and one support "
            "for all targets, and MultiOutputRegressor of scikit-learn a model for each"
        )
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


def check_indices(**given: Any) -> None:
    """Refuse frames and series of pandas whose rows have different labels, the names being those of arguments."""
    indices = {name: index_of(one) for name, one in given.items()}
    labelled = [(name, index) for name, index in indices.items() if index is not None]
    for other in labelled[1:]:
        check_paired(*labelled[0], *other)


def validate_data(estimator: Any, X: Any, *y: Any, **options: Any) -> Any:
    """`sklearn.utils.validation.validate_data`, which was a method before scikit-learn 1.6."""
    try:
        if hasattr(validation, "validate_data"):
            return validation.validate_data(estimator, named(X), *y, **options)
        return estimator._validate_data(named(X), *y, **options)
    except OverflowError:
        # Of Python's whole numbers in an array of objects.
        raise InvalidValueError("X or y holds a number beyond the range of double precision") from None


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
    if not hasattr(weights, "__len__") and not hasattr(weights, "__array__"):
        weights = as_number("sample_weight", "a number, or one for each sample", weights, lambda _: True)
    given = as_values("sample_weight", weights)
    if given.dtype.kind == "c":
        raise InvalidTypeError("sample_weight holds complex numbers; weights are real")
    checked = given.astype(np.float64)
    if checked.ndim == 0:
        checked = np.full(samples, float(checked))
    if checked.shape != (samples,):
        raise InvalidValueError(
            f"sample_weight must have shape ({samples},), one number for each sample, got {checked.shape}"
        )
    bad = np.flatnonzero(~(np.isfinite(checked) & (checked >= 0)))
    if bad.size:
        raise InvalidValueError(
            f"sample_weight must be at least 0 and finite, got {checked[bad[0]]} at index {bad[0]} (counted from 0)"
        )
    if not checked.any():
        raise InvalidValueError("sample_weight must not be zero for every sample")
    with np.errstate(over="ignore"):
        if not np.isfinite(checked.sum()):
            raise InvalidValueError("the sum of sample_weight is beyond the range of double precision")
    return checked


def checked_count(name: str, value: Any) -> int:
    """A whole number of at least 1."""
    return as_whole(name, value, 1)


def clipped_count(name: str, count: int, limit: int, what: str) -> int:
    """`count`, or `limit` and a warning if that is smaller."""
    if count > limit:
        warnings.warn(f"{name} is {shown(count)}, but {what}: {limit} is used", UserWarning, stacklevel=3)
    return min(count, limit)
