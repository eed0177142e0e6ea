"""Many rows: one pass computes their sums, and everything else follows from these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dask
import numpy as np

from .._choice import chosen, default_largest, exchanges, least, until_turned, warn_of_largest
from .._core import as_flag, as_whole
from .._errors import InvalidValueError
from .._gram import Gram
from .._input import Array
from .._options import RunOptions, takes
from .._problem import Problem
from .._solution import Solution
from ._rows import read_rows
from ._sums import Found, Sums, of_block, of_blocks, of_made, pairwise, refused

if TYPE_CHECKING:
    from typing_extensions import Unpack

TOGETHER = 8
"""Blocks whose sums are added in one task."""

EXACT = 64 * float(np.finfo(float).eps)
"""Mean errors this small, relative to that of the null model, are rounding of products."""

ROUNDING = 4.0
"""What rounding leaves of a centred column, in units of ε times its norm before; as for estimators."""


def statistics(
    A: Any,
    y: Any,
    *,
    intercept: bool = False,
    folds: int | None = None,
    seed: int | None = None,
    client: Any = None,
) -> Statistics:
    """Compute the sufficient statistics AᴴA, Aᴴy, yᴴy and the number of rows in one pass over the rows.

    Parameters
    ----------
    A : dask.array of shape (N, n), or dask.dataframe
        The rows, in blocks. A data frame must be numeric, and its column names become those of A. Convert categories
        beforehand, for example with `dask.dataframe.get_dummies`.
    y : array_like of shape (N,) or (N, B); for a frame the name of a column, a list of names, or a Series of Dask
        The data, in the blocks of A or in others; in those of A if the sizes of blocks are not known. Columns that are
        named here are not part of A. A Series is joined to the data frame by its index.
    intercept : bool
        Whether the model has an intercept. The statistics are then those of centred columns.
    folds : int, optional
        Number of folds with separate statistics, for `Statistics.cross_validate`; at least 2. There is still one pass,
        but the sizes of blocks must be known. Those of a data frame are counted first.
    seed : int, optional
        If given, the fold of a row is drawn from this seed and its position in A, independently of the blocks.
        Otherwise folds are contiguous and of equal size, like those of ``KFold`` in scikit-learn.
    client : distributed.Client, optional
        The client. Default: the current one. Without a client, Dask's default scheduler.

    Returns
    -------
    Statistics
        The statistics, in the memory of the client: (n + B)² numbers for each fold.

    Raises
    ------
    ValueError
        If shapes differ, or if a value is NaN or infinite; the message then gives the row of A.
    TypeError
        If an argument has the wrong type.

    See Also
    --------
    cross_validate : Also chooses k.

    Notes
    -----
    Each block contributes its means and its products about these means, in double precision whatever its type. Two
    blocks are combined without cancellation. [1]_ The order of the combination depends only on the blocks, not on which
    is finished first. The same blocks therefore give the same bits, on machines whose BLAS does.

    References
    ----------
    .. [1] Chan, Golub & LeVeque 1983, Algorithms for computing the sample variance,
       DOI 10.1080/00031305.1983.10483115.

    Examples
    --------
    >>> import dask.array as da
    >>> import sparsea.dask
    >>> A = da.random.default_rng(0).standard_normal((100_000, 40), chunks=(10_000, 40))
    >>> y = 5 + A[:, 7] - 2 * A[:, 31]
    >>> found = sparsea.dask.statistics(A, y, intercept=True)
    >>> solution = sparsea.solve(found.gram(), None, 2)
    >>> solution.support
    array([ 7, 31])
    >>> round(float(found.intercept_of(solution)), 9)
    5.0
    """
    intercept = as_flag("intercept", intercept)
    count = 1 if folds is None else as_whole("folds", folds, 2)
    drawn = None if seed is None else as_whole("seed", seed, 0, 2**63 - 1)
    rows = read_rows(A, y, known=folds is not None)
    fold_of: Callable[[Array], Array] | None = None
    if folds is not None:
        total = int(sum(rows.sizes))
        if total < count:
            raise InvalidValueError(f"folds must be at most {total}, the number of rows, got {count}")
        fold_of = _Contiguous(total, count) if drawn is None else _Drawn(drawn, count)
    told = (rows.dtype, fold_of, rows.said)
    if rows.made is not None:
        blocks = enumerate(zip(rows.made, rows.begins, strict=True))
        level = [dask.delayed(of_made)(made, at, begin, *told) for at, (made, begin) in blocks]
    else:
        given = enumerate(zip(rows.tables, rows.targets, rows.begins, strict=True))
        level = [dask.delayed(of_block)(table, target, at, begin, *told) for at, (table, target, begin) in given]
    while len(level) > 1:
        level = [dask.delayed(of_blocks)(level[at : at + TOGETHER]) for at in range(0, len(level), TOGETHER)]
    found: Found = level[0].compute() if client is None else client.compute(level[0]).result()
    if found.wrong is not None:
        raise refused(found.wrong, rows.said)
    if found.rows == 0:
        raise InvalidValueError("A must have at least one row")
    sums = [found.folds.get(fold) for fold in range(count)]
    if not all(np.isfinite(one.products).all() for one in sums if one is not None):
        raise InvalidValueError("the squares of A and y add up to more than double precision holds; scale them")
    return Statistics(sums, rows.names, rows.columns, rows.batch, intercept, rows.precision)


@takes(RunOptions)
def cross_validate(
    A: Any,
    y: Any,
    largest: int | None = None,
    *,
    folds: int = 5,
    seed: int | None = None,
    intercept: bool = False,
    one_standard_error: bool = False,
    client: Any = None,
    **options: Unpack[RunOptions],
) -> CrossValidation:
    """Choose k by cross-validation, in one pass over the rows for all folds.

    Parameters
    ----------
    A, y, intercept, folds, seed, client
        See `statistics`; y is one vector.
    largest : int, optional
        K. Solutions are found for k = 0 … K, where 0 is the null model, the mean of y (0 without an intercept). By
        default, K begins with a tenth of the columns or training rows, whichever are fewer, but at least 5. It is
        doubled until the k of least error is at most K/2. It is limited to all columns if they are at most half as many
        as the training rows, and otherwise to a quarter of the training rows. If the k of least error is K and there
        are more columns, a warning says so.
    one_standard_error : bool
        Whether to choose the smallest k whose mean error is within one standard error of the least, like
        `sparsea.sklearn.SparseRegressorCV`.
    {options}

    Returns
    -------
    CrossValidation
        The errors, the chosen k and its solution on all rows.

    Raises
    ------
    ValueError, TypeError
        Same as for `statistics` and `sparsea.solve`.

    Examples
    --------
    >>> import dask.array as da
    >>> import sparsea.dask
    >>> rng = da.random.default_rng(0)
    >>> A = rng.standard_normal((100_000, 40), chunks=(10_000, 40))
    >>> y = A[:, 7] - 2 * A[:, 31] + rng.standard_normal(100_000, chunks=10_000)
    >>> found = sparsea.dask.cross_validate(A, y, 8, one_standard_error=True)
    >>> found.k, found.solution.support
    (2, array([ 7, 31]))
    """
    read = statistics(A, y, intercept=intercept, folds=folds, seed=seed, client=client)
    return read._cross_validate(largest, one_standard_error, dict(options))


class Statistics:
    """Sufficient statistics for least squares on more rows than fit into memory.

    Attributes
    ----------
    n_samples : int
        N, the number of rows.
    means : ndarray of shape (n,)
        The mean of each column of A.
    y_means : float, complex or ndarray of shape (B,)
        The mean of y.
    folds : int
        The number of folds; 1 if there are none.
    intercept : bool
        Whether the model has an intercept.
    names : tuple or None
        The column names of A, if A was a data frame.
    """

    def __init__(
        self,
        sums: list[Sums | None],
        names: tuple[Any, ...] | None,
        columns: int,
        batch: tuple[int, ...],
        intercept: bool,
        precision: Array,
    ) -> None:
        self._sums, self._columns, self._batch, self._precision = sums, columns, batch, precision
        self.names, self.intercept, self.folds = names, intercept, len(sums)
        with np.errstate(over="ignore", invalid="ignore"):
            self._all = pairwise([one for one in sums if one is not None])

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self._all.rows

    @property
    def means(self) -> Array:
        """The mean of each column of A."""
        return self._all.means[: self._columns].copy()

    @property
    def y_means(self) -> Any:
        """The mean of y."""
        means = self._all.means[self._columns :]
        return means.copy() if self._batch else means[0]

    def gram(self) -> Gram:
        """Return the statistics as a `Gram`, which `sparsea.solve` and `sparsea.Problem` accept in place of A.

        Columns, and y, that are constant up to the rounding of their type count as constant: with an intercept they
        become 0.

        Returns
        -------
        Gram
            The statistics, of the centred columns if there is an intercept.
        """
        count, means, products = self._all.rows, self._all.means, self._all.products
        n = self._columns
        if self.intercept:
            products = products.copy()
            constant = np.diag(products).real <= (ROUNDING * self._precision * np.abs(means)) ** 2 * count
            products[constant] = products[:, constant] = 0.0
        else:
            products = products + count * np.outer(means.conj(), means)
        # A product of matrices is self-adjoint to rounding only.
        whole: Any = (products[:n, :n] + products[:n, :n].conj().T) / 2
        if self.names is not None:
            import pandas as pd

            whole = pd.DataFrame(whole, index=list(self.names), columns=list(self.names))
        squares = np.diag(products).real[n:]
        return Gram(
            whole,
            products[:n, n:] if self._batch else products[:n, n],
            squares.copy() if self._batch else float(squares[0]),
            count,
        )

    def intercept_of(self, solution: Any) -> Any:
        """Compute the intercept of a solution.

        Parameters
        ----------
        solution : Solution or Solutions
            A solution computed from `gram`.

        Returns
        -------
        float, complex or ndarray of shape (B,)
            The mean of y minus that of A x; 0 if the model has no intercept.
        """
        if not self.intercept:
            return np.zeros(self._batch, self._all.products.dtype) if self._batch else 0.0
        means = self._all.means[: self._columns]
        if isinstance(solution, Solution):
            return self.y_means - means[solution.support] @ solution.coefficients
        return np.array(
            [mean - means[one.support] @ one.coefficients for mean, one in zip(self.y_means, solution, strict=True)]
        )

    def without(self, fold: int) -> Statistics:
        """Return the statistics of all folds but one.

        Parameters
        ----------
        fold : int
            The fold to leave out, counted from 0.

        Returns
        -------
        Statistics
            The statistics, without folds.
        """
        left = as_whole("fold", fold, 0, self.folds - 1)
        sums = [one for at, one in enumerate(self._sums) if at != left and one is not None]
        if not sums:
            raise InvalidValueError("there are no rows but those of this fold")
        return Statistics([pairwise(sums)], self.names, self._columns, self._batch, self.intercept, self._precision)

    @takes(RunOptions)
    def cross_validate(
        self, largest: int | None = None, *, one_standard_error: bool = False, **options: Unpack[RunOptions]
    ) -> CrossValidation:
        """Choose k by cross-validation, without reading the rows again.

        Parameters
        ----------
        largest : int, optional
            K. Solutions are found for k = 0 … K, where 0 is the null model, the mean of y (0 without an intercept). By
            default, K begins with a tenth of the columns or training rows, whichever are fewer, but at least 5. It is
            doubled until the k of least error is at most K/2. It is limited to all columns if they are at most half as
            many as the training rows, and otherwise to a quarter of the training rows. If the k of least error is K and
            there are more columns, a warning says so.
        one_standard_error : bool
            Whether to choose the smallest k whose mean error is within one standard error of the least.
        {options}

        Returns
        -------
        CrossValidation
            The errors, the chosen k and its solution on all rows.
        """
        return self._cross_validate(largest, one_standard_error, dict(options))

    def _cross_validate(
        self, largest: int | None, one_standard_error: bool, options: dict[str, Any]
    ) -> CrossValidation:
        """Implementation of `cross_validate`."""
        if self.folds == 1:
            raise InvalidValueError("these statistics have no folds; give statistics(…, folds=5)")
        if self._batch:
            raise InvalidValueError(f"k is chosen for one y at a time, but there are {self._batch[0]}")
        rule = as_flag("one_standard_error", one_standard_error)
        others = [self.without(fold) for fold in range(self.folds)]
        fewest = min(other.n_samples for other in others)
        most = min(self._columns, fewest)
        if largest is None:
            size, most = default_largest(self._columns, most, fewest)
        else:
            size = most = as_whole("largest", largest, 1, most)
        rows = np.array([0 if held is None else held.rows for held in self._sums])
        shares = rows / rows.sum()
        errors, exact = np.zeros((0, self.folds)), 0.0

        def best_of(size: int) -> int:
            nonlocal errors, exact
            columns = [
                [_error(held, other, solution) for solution in _path(other.gram(), size, options)]
                for held, other in zip(self._sums, others, strict=True)
            ]
            errors = np.array(columns).T
            exact = EXACT * float(errors[0] @ shares)
            return least(errors, shares, exact)

        best_k, size = until_turned(best_of, size, most)
        if best_k == size < self._columns and errors[best_k] @ shares > exact:
            warn_of_largest("cross-validation", best_k, 3)
        k = chosen(errors, shares, rule, exact)
        gram = self.gram()
        found = _path(gram, size, options)[k]
        problem: Problem[Solution] = Problem(gram)
        searched = problem.solve(k, start=found.support, **options)
        best = min(searched, found, key=lambda one: one.residual_norm)
        return CrossValidation(np.arange(size + 1), errors, rows, k, best, self.intercept_of(best))

    def __repr__(self) -> str:
        folds = "" if self.folds == 1 else f" in {self.folds} folds"
        return f"<Statistics of {self.n_samples} rows{folds}, {self._columns} columns>"


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The result of cross-validation.

    Attributes
    ----------
    ks : ndarray of shape (K + 1,)
        The sparsities 0 … K.
    errors : ndarray of shape (K + 1, folds)
        The mean squared error on each fold of the solutions for the other folds.
    rows : ndarray of shape (folds,)
        The number of rows of each fold, which is its weight.
    k : int
        The chosen k; 0 if nothing was found.
    solution : Solution
        The solution for this k, on all rows.
    intercept : float or complex
        Its intercept; 0.0 if the model has none.
    """

    ks: Array
    errors: Array
    rows: Array
    k: int
    solution: Solution
    intercept: Any

    @property
    def mean_errors(self) -> Array:
        """The mean error over all rows, for each k."""
        return np.asarray(self.errors @ (self.rows / self.rows.sum()))


def _path(gram: Gram, largest: int, options: dict[str, Any]) -> list[Solution]:
    """Solutions for k = 0 … `largest`."""
    problem: Problem[Solution] = Problem(gram)
    nothing = problem.solve(0, algorithm="omp")
    if exchanges(options):
        return [nothing, *problem._together(range(1, largest + 1), 0, dict(options))]
    return [nothing, *problem.path(range(1, largest + 1), **options)]


def _error(held: Sums | None, other: Statistics, solution: Solution) -> float:
    """The mean squared error of a solution on rows of which the sums are known."""
    if held is None:
        return 0.0
    support, x = solution.support, solution.coefficients
    columns = np.append(support, other._columns)
    v = np.append(x, -1.0)
    spread = (v.conj() @ held.products[np.ix_(columns, columns)] @ v).real / held.rows
    # With an intercept, A x is right on the mean of the other rows.
    off = (other._all.beside(held) if other.intercept else held.means)[columns] @ v
    return float(max(spread, 0.0) + abs(off) ** 2)


class _Contiguous:
    """Folds of rows that follow one another, the first of them one row larger where they are not equal."""

    def __init__(self, rows: int, folds: int) -> None:
        sizes = np.full(folds, rows // folds)
        sizes[: rows % folds] += 1
        self._ends = np.cumsum(sizes)

    def __call__(self, rows: Array) -> Array:
        return np.searchsorted(self._ends, rows, side="right")


class _Drawn:
    """A fold for each row, drawn by SplitMix64 from the seed and the place of the row.

    Steele, Lea & Flood 2014, Fast splittable pseudorandom number generators, DOI 10.1145/2660193.2660195.
    """

    def __init__(self, seed: int, folds: int) -> None:
        self._seed, self._folds = np.uint64(seed), np.uint64(folds)

    def __call__(self, rows: Array) -> Array:
        z = self._seed + (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((z ^ (z >> np.uint64(31))) % self._folds).astype(np.int64)
