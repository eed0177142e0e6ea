"""Bootstrap intervals for the coefficients on a given support."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ._core import as_whole
from ._errors import InvalidTypeError, InvalidValueError
from ._input import Array, CalledOperator, Operator, as_bounds, as_number, as_support, as_values, shown
from ._problem import Problem
from ._solution import Solution, Solutions, _frozen, _Record
from ._solve import solve
from ._subsamples import MOST, rows_used

# Numbers of resampled data that are held at a time: 32 MiB.
_HELD = 2**22
_SHOWN = 6


@dataclass(frozen=True, eq=False)
class Bootstrap(_Record):
    """Percentile intervals of the coefficients on a support.

    Attributes
    ----------
    support : ndarray of int, shape (s,)
        The columns, sorted.
    coefficients : ndarray of float, shape (s,)
        The coefficients fitted to the data.
    lower, upper : ndarray of float, shape (s,)
        The interval of each coefficient.
    level : float
        The fraction of the replicates within the interval.
    replicates : ndarray of float, shape (B, s)
        The coefficients fitted to each of B resampled data sets.
    intercepts : ndarray of float, shape (B,)
        Their intercepts; 0 if the model has none.
    scheme : str
        ``"parametric"``, ``"case"`` or ``"poisson"``, see `bootstrap`.
    seed : int
        The seed of the resampling.
    noise : float
        The standard deviation of the noise, estimated from the residual. With weights, that of a row of weight 1.
    names : tuple or None
        The column names of A, if A was a data frame.
    """

    support: Array
    coefficients: Array
    lower: Array
    upper: Array
    level: float
    replicates: Array
    intercepts: Array
    scheme: str
    seed: int
    noise: float
    names: tuple[Any, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the intervals as a dictionary of columns, from which pandas or polars builds a data frame.

        Returns
        -------
        dict
            Arrays of s entries: ``column`` (its index or name), ``coefficient``, ``lower`` and ``upper``.
        """
        column = self.support
        if self.names is not None:
            column = np.empty(len(self.support), dtype=object)
            column[:] = [self.names[j] for j in self.support]
        return {"column": column, "coefficient": self.coefficients, "lower": self.lower, "upper": self.upper}

    def __repr__(self) -> str:
        rows = list(zip(self.to_dict()["column"], self.lower, self.upper, strict=True))
        text = ", ".join(f"{label}: {low:.4g} … {high:.4g}" for label, low, high in rows[:_SHOWN])
        more = f", … {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        return f"<Bootstrap ({self.scheme}), {100 * self.level:.4g} %: {text}{more}>"


def bootstrap(
    A: Any,
    y: Any,
    support: Any,
    *,
    samples: int = 1000,
    scheme: Literal["parametric", "case", "poisson"] = "parametric",
    level: float = 0.95,
    seed: int = 0,
    intercept: bool = False,
    nonnegative: bool = False,
    bounds: Any = None,
    fixed: Any = None,
    weights: Any = None,
    ridge: float = 0.0,
    sum_to: float | None = None,
    missing: Literal["error", "drop"] = "error",
    threads: int | None = None,
) -> Bootstrap:
    """Compute bootstrap percentile intervals of the coefficients on a support.

    The coefficients are fitted to many resampled data sets. The interval of a column holds the central fraction
    ``level`` of its coefficients. The support stays the same, so the uncertainty of the choice of columns is not
    included: if the same data chose the support, the intervals are too narrow. `stability` measures how certain the
    choice is.

    Parameters
    ----------
    A, y
        See `solve`; both real, and y is one vector.
    support : array_like of int or Solution
        The columns: indices counted from 0, a mask, or a solution, whose support is used.
    samples : int
        Number of resampled data sets, at most 10⁶.
    scheme : {"parametric", "case", "poisson"}
        What is resampled. ``"parametric"``: noise is drawn from a normal distribution of variance ‖r‖²/(m − d), where d
        is the number of fitted coefficients, and added to the fit. ``"case"``: rows of A and y are drawn with
        replacement. ``"poisson"``: every row occurs a Poisson number of times with mean 1, as if the number of rows
        were random too. The first assumes that the model is right and that the noise is the same in all rows; the
        others assume that rows are independent and identically distributed.
    level : float
        The nominal level of the intervals, above 0 and below 1.
    seed : int
        The random seed, at least 0.
    intercept, nonnegative, bounds, fixed, weights, ridge, sum_to, missing, threads
        See `solve`. Weights are treated as inverse variances of the noise, up to a factor. A solution with an intercept
        or fixed columns needs the same options here.

    Returns
    -------
    Bootstrap
        The intervals and the replicates from which they are computed.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        Same as for `solve`. ValueError also if the support is empty, or if the number of rows that count does not
        exceed the number of fitted coefficients.

    Notes
    -----
    The same input, settings and seed give the same bits, for any number of threads, with the same version of NumPy,
    which draws the random numbers. Gaps and rows of weight 0 are never drawn.

    A column that depends on the others of the support has coefficient 0. If rows are drawn, a sample of m rows has
    about 0.63 m distinct rows. Their number should be much larger than that of coefficients.

    References
    ----------
    B. Efron, R. J. Tibshirani. *An Introduction to the Bootstrap.* Chapman & Hall 1993, chapters 9 and 13.

    J. A. Hanley, B. MacGibbon. Creating non-parametric bootstrap samples using Poisson frequencies. *Computer Methods
    and Programs in Biomedicine* 83, 2006. DOI 10.1016/j.cmpb.2006.04.006.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((100, 200))
    >>> y = A[:, [3, 40, 77]] @ np.array([1.0, -2.0, 3.0]) + rng.standard_normal(100)
    >>> found = sparsea.bootstrap(A, y, sparsea.solve(A, y, 3))
    >>> found.support
    array([ 3, 40, 77])
    >>> bool(np.all((found.lower < [1.0, -2.0, 3.0]) & ([1.0, -2.0, 3.0] < found.upper)))
    True
    """
    count = as_whole("samples", samples, 1, MOST)
    if not isinstance(scheme, str) or scheme not in {"parametric", "case", "poisson"}:
        raise InvalidValueError(f"scheme must be 'parametric', 'case' or 'poisson', got {shown(scheme)}")
    level = as_number("level", "above 0 and below 1", level, lambda v: 0 < v < 1)
    seed = as_whole("seed", seed, 0)
    model: dict[str, Any] = {"intercept": intercept, "nonnegative": nonnegative, "ridge": ridge}
    model |= {"sum_to": sum_to, "missing": missing}
    problem: Problem[Any] = Problem(A, y, **model, bounds=bounds, fixed=fixed, weights=weights)
    operator, data, read = problem._operator, problem._y, problem._model
    if operator.holds_data:
        raise InvalidValueError("bootstrap needs the rows of A and y, which sufficient statistics do not have")
    if data.ndim != 1:
        raise InvalidValueError(f"y has shape {data.shape}; one vector is resampled at a time")
    if problem.dtype.kind == "c":
        raise InvalidTypeError("bootstrap needs real A and y: percentiles are of real coefficients")
    always = np.zeros(0, dtype=np.int64) if read is None else read.fixed
    S = _columns(support, operator, always, read is not None and read.intercept)
    if bounds is not None:
        model["bounds"] = _restricted(as_bounds(bounds, operator.shape[1]), S, len(always))
    model["fixed"] = range(len(S), len(S) + len(always))

    # From here on, A has the columns of the support and the fixed ones, and y the rows that count.
    rows = rows_used(data, read)
    matrix = np.asfortranarray(_columns_of(operator, np.concatenate([S, always]))[rows])
    y, w = data[rows], None if read is None or read.weights is None else read.weights[rows]
    if len(rows) < len(S):
        raise InvalidValueError(f"the support has {len(S)} columns, but only {len(rows)} rows count")

    def fitted(matrix: Array, y: Array, weights: Array | None) -> Any:
        # With as many columns as are in the support, what omp ends with is the fit on all of them.
        return solve(matrix, y, len(S), algorithm="omp", weights=weights, threads=threads, **model)

    best: Solution = fitted(matrix, y, w)
    unknowns = np.count_nonzero(best.coefficients) + len(always) + best.has_intercept - (sum_to is not None)
    if len(rows) <= unknowns:
        raise InvalidValueError(
            f"bootstrap needs more rows than coefficients: {len(rows)} rows count, and {unknowns} are fitted"
        )
    noise = best.residual_norm / np.sqrt(len(rows) - unknowns)
    fit = matrix @ best.x + best.intercept
    spread = np.full(len(rows), noise) if w is None else noise / np.sqrt(w)
    rng = np.random.default_rng(seed)

    def parametric(size: int) -> Solutions:
        found: Solutions = fitted(matrix, (fit + spread * rng.standard_normal((size, len(rows)))).T, w)
        return found

    def case(size: int) -> Solutions:
        # One by one: a batch in which all columns miss other rows would take several times as long.
        drawn = rng.integers(0, len(rows), (size, len(rows)))
        return Solutions([fitted(matrix[some], y[some], None if w is None else w[some]) for some in drawn])

    def poisson(size: int) -> Solutions:
        found: list[Solution] = []
        while len(found) < size:
            some = np.repeat(np.arange(len(rows)), rng.poisson(1.0, len(rows)))
            # Fewer rows than columns fit nothing.
            if len(some) >= len(S):
                found.append(fitted(matrix[some], y[some], None if w is None else w[some]))
        return Solutions(found)

    schemes: dict[str, Callable[[int], Solutions]] = {"parametric": parametric, "case": case, "poisson": poisson}
    resample = schemes[scheme]
    at_a_time = max(1, _HELD // len(rows))
    replicates, intercepts = [], []
    for begin in range(0, count, at_a_time):
        solutions = resample(min(at_a_time, count - begin))
        replicates.append(solutions.x[: len(S)].T)
        intercepts.append(solutions.intercepts)
    whole = np.concatenate(replicates)
    lower, upper = np.quantile(whole, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Bootstrap(
        support=_frozen(S),
        coefficients=_frozen(best.x[: len(S)]),
        lower=_frozen(lower),
        upper=_frozen(upper),
        level=level,
        replicates=_frozen(whole),
        intercepts=_frozen(np.concatenate(intercepts)),
        scheme=scheme,
        seed=seed,
        noise=float(noise),
        names=operator.names,
    )


def _columns(given: Any, operator: Operator, fixed: Array, intercept: bool) -> Array:
    """Read the columns of a support, none of them fixed."""
    columns = operator.shape[1]
    if isinstance(given, Solution):
        if given.n != columns:
            raise InvalidValueError(f"the solution has {given.n} entries, but A has {columns} columns")
        if given.has_intercept != intercept:
            has, word = ("an", "True") if given.has_intercept else ("no", "False")
            raise InvalidValueError(f"the solution has {has} intercept; give intercept={word}")
        if given.fixed.tolist() != fixed.tolist():
            raise InvalidValueError(
                f"the fixed columns of the solution are {given.fixed.tolist()}, not {fixed.tolist()}"
            )
        given = given.support
    else:
        operator.pair_columns("support", given)
        values = as_values("support", given)
        if values.dtype.kind == "b" and values.shape != (columns,):
            raise InvalidValueError(f"support is a mask of shape {values.shape}, but A has {columns} columns")
    S = np.sort(np.array(as_support("support", given), dtype=np.int64))
    if not len(S):
        raise InvalidValueError("the support is empty")
    if S[-1] >= columns:
        raise InvalidValueError(f"the support holds column {S[-1]}, but A has {columns} columns (counted from 0)")
    twice = S[1:][S[1:] == S[:-1]]
    if len(twice):
        raise InvalidValueError(f"the support holds column {twice[0]} twice")
    both = np.intersect1d(S, fixed)
    if len(both):
        raise InvalidValueError(f"column {both[0]} is fixed, and in the support")
    return S


def _restricted(bounds: tuple[Array, Array], S: Array, fixed: int) -> tuple[Array, Array]:
    """The bounds of the columns of the support, and none for the fixed ones after them."""
    free = np.full(fixed, np.inf)
    return np.concatenate([bounds[0][S], -free]), np.concatenate([bounds[1][S], free])


def _columns_of(operator: Operator, columns: Array) -> Array:
    """Columns of A as a dense matrix of double precision."""
    values = operator.rows
    if values is not None:
        taken = values[:, columns]
        return np.asarray(taken.toarray() if hasattr(taken, "toarray") else taken, dtype=np.float64)
    form = operator.of(np.dtype(np.float64))
    product = form.apply if isinstance(form, CalledOperator) else form.matvec
    taken = np.zeros((operator.shape[0], len(columns)), order="F")
    for place, j in enumerate(columns):
        unit = np.zeros(operator.shape[1])
        unit[j] = 1.0
        taken[:, place] = product(unit)
    return taken
