"""Knockoffs: selecting the columns on which y depends, with a bound on the false discovery rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._core import as_sparsity, as_whole
from ._errors import InvalidTypeError, InvalidValueError
from ._input import Array, Operator, as_data, as_number, as_operator
from ._options import SupportOptions, takes
from ._problem import Problem
from ._solution import _frozen, _Record

if TYPE_CHECKING:
    from typing_extensions import Unpack

_FITS = 10
"""Sparsities over which a statistic is averaged, at most."""
# A column whose squared sine to the span of others is at most this has no score: what is left of it is rounding.
_SPANNED = 1e-10
# The smallest eigenvalue of a correlation matrix, relative to the largest, that is one above rounding.
_DEFINITE = 1e-12
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class KnockoffSelection(_Record):
    """The columns that beat their knockoffs.

    Attributes
    ----------
    statistics : ndarray of float, shape (p,)
        W. A large W_j > 0 is evidence that y depends on column j rather than on its knockoff. Without such a dependence
        both signs are equally likely.
    fdr : float
        q, the bound on the false discovery rate.
    offset : int
        1 bounds the false discovery rate, 0 a modified one; see `knockoff_filter`.
    k : int
        The largest sparsity of a fit.
    sparsities : tuple of int
        The sparsities over which W is averaged.
    support : ndarray of int
        The columns of A in the fit with k columns, sorted.
    support_knockoffs : ndarray of int
        The columns whose knockoffs are in that fit, sorted.
    algorithm : str
        The algorithm or chain.
    seed : int
        The seed of the order within the pairs.
    names : tuple or None
        The column names of A, if A was a data frame.
    """

    statistics: Array
    fdr: float
    offset: int
    k: int
    sparsities: tuple[int, ...]
    support: Array
    support_knockoffs: Array
    algorithm: str
    seed: int
    names: tuple[Any, ...] | None = None

    @property
    def threshold(self) -> float:
        """τ, the least t = |W_j| > 0 with (offset + #{W ≤ −t}) / #{W ≥ t} ≤ q; infinite if there is none."""
        return _threshold(self.statistics, self.fdr, self.offset)

    @property
    def selected(self) -> Array:
        """The columns with W_j ≥ τ, sorted."""
        return self.select(self.fdr, offset=self.offset)

    @property
    def selected_names_(self) -> tuple[Any, ...] | None:
        """The names of the selected columns, if A was a data frame."""
        return None if self.names is None else tuple(self.names[j] for j in self.selected)

    def select(self, fdr: float, *, offset: int = 1) -> Array:
        """Select columns at another level, without solving again.

        Parameters
        ----------
        fdr : float
            q, above 0 and below 1. It must be chosen before W is seen.
        offset : {1, 0}
            See `knockoff_filter`.

        Returns
        -------
        ndarray of int
            The columns selected, sorted.
        """
        return np.flatnonzero(self.statistics >= _threshold(self.statistics, _as_level(fdr), _as_offset(offset)))

    def to_dict(self) -> dict[str, Any]:
        """Return the statistics as a dictionary of columns, from which pandas or polars builds a data frame.

        Returns
        -------
        dict
            Arrays of p entries: ``column`` (its index or name), ``statistic``, and ``selected`` (whether it is
            selected).
        """
        column: Array = np.arange(len(self.statistics))
        if self.names is not None:
            column = np.empty(len(self.statistics), dtype=object)
            column[:] = self.names
        chosen = self.statistics >= self.threshold
        return {"column": column, "statistic": self.statistics, "selected": chosen}

    def __repr__(self) -> str:
        labels = self.selected if self.names is None else self.selected_names_ or ()
        words = [str(word) for word in labels]
        text = ", ".join(words[:_SHOWN]) + (f", … {len(words) - _SHOWN} more" if len(words) > _SHOWN else "")
        return f"<KnockoffSelection at q = {self.fdr:.4g}: [{text}] of {len(self.statistics)}, k up to {self.k}>"


def gaussian_knockoffs(X: Any, *, mean: Any = None, covariance: Any = None, seed: int = 0) -> Array:
    """Draw knockoffs of a matrix with Gaussian rows: copies of its columns, drawn without looking at y.

    Parameters
    ----------
    X : array_like or frame of shape (m, p)
        The matrix, real. Its rows are independent draws from N(μ, Σ).
    mean : array_like of shape (p,), optional
        μ. Default: the mean of each column.
    covariance : array_like of shape (p, p), optional
        Σ, symmetric and positive definite. Default: an estimate; see Notes.
    seed : int
        The random seed of the draw, at least 0.

    Returns
    -------
    ndarray of shape (m, p)
        X̃, whose column j is the copy of column j of X. If Σ is estimated, a constant column of X is its own copy and
        can never be selected.

    Raises
    ------
    ValueError, TypeError
        If X, μ or Σ has the wrong shape, is not real or is not finite, or if Σ is not symmetric or not positive
        definite.

    Notes
    -----
    Let R be the correlation matrix of Σ, D the diagonal matrix of standard deviations, and s = min(1, 2 λ_min(R)) (the
    equicorrelated construction). Rows are drawn as

    x̃ = x − s D R⁻¹ D⁻¹ (x − μ) + D V^½ z, V = 2 s I − s² R⁻¹, z ~ N(0, I).

    Then (x, x̃) has the covariance [[Σ, Σ − s D²], [Σ − s D², Σ]], so swapping any column with its copy changes no
    distribution. V is singular if s = 2 λ_min(R). Its square root is computed from the eigenvectors of R. There,
    rounding can only make a zero eigenvalue slightly negative, and negative eigenvalues count as 0.

    If Σ is not given, columns are standardised, and their correlations are shrunk towards I by the formula of Ledoit &
    Wolf, which gives a positive definite matrix even for m < p. The bound on the false discovery rate is exact for the
    true Σ of X. With an estimate, or for rows that are not Gaussian, it is only as good as this description of X.

    The cost is O(p³ + m p²) multiply-adds, and p² numbers are held. The same input and seed give the same copies.

    References
    ----------
    E. Candès, Y. Fan, L. Janson, J. Lv. *Panning for gold: 'model-X' knockoffs for high dimensional controlled variable
    selection.* Journal of the Royal Statistical Society B 80 (2018), DOI 10.1111/rssb.12265.

    O. Ledoit, M. Wolf. *A well-conditioned estimator for large-dimensional covariance matrices.* Journal of
    Multivariate Analysis 88 (2004), DOI 10.1016/S0047-259X(03)00096-4.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> X = np.random.default_rng(0).standard_normal((200, 5))
    >>> copies = sparsea.gaussian_knockoffs(X, mean=np.zeros(5), covariance=np.eye(5), seed=1)
    >>> copies.shape
    (200, 5)
    """
    values = _as_matrix("X", as_operator(X))
    m, p = values.shape
    seed = as_whole("seed", seed, 0)
    centre = values.mean(axis=0) if mean is None else _as_real("mean", mean, (p,))
    if covariance is None:
        if m < 2:
            raise InvalidValueError(f"a covariance is estimated from at least 2 rows, got {m}; give it")
        deviations, correlation = _estimated(values - centre, np.max(np.abs(values), axis=0))
    else:
        deviations, correlation = _scaled(_as_real("covariance", covariance, (p, p)))
    eigenvalues, vectors = np.linalg.eigh(correlation)
    if not eigenvalues[0] > _DEFINITE * eigenvalues[-1]:
        raise InvalidValueError(
            f"covariance must be positive definite; the least eigenvalue of its correlations is {eigenvalues[0]:.4g}"
        )
    s = min(1.0, 2.0 * float(eigenvalues[0]))
    # By symmetric functions of R, which do not depend on the signs of its eigenvectors.
    pull = (vectors * (s / eigenvalues)) @ vectors.T
    root = (vectors * np.sqrt(np.maximum(2.0 * s - s * s / eigenvalues, 0.0))) @ vectors.T
    varies = deviations > 0
    unit = (values - centre) / np.where(varies, deviations, 1.0)
    drawn = _stream(seed, 0).standard_normal((m, p))
    copies: Array = values + deviations * (drawn @ root - unit @ pull)
    return copies


@takes(SupportOptions)
def knockoff_filter(
    A: Any,
    y: Any,
    k: int | None = None,
    *,
    knockoffs: Any,
    fdr: float = 0.1,
    offset: int = 1,
    intercept: bool = False,
    seed: int = 0,
    **options: Unpack[SupportOptions],
) -> KnockoffSelection:
    """Select columns on which y depends, so that on average at most a fraction q of them is false.

    Each column competes with its knockoff, a copy made without looking at y. A false column beats its copy as often as
    it is beaten, so the number of beaten columns estimates the number of false ones among the winners.

    Parameters
    ----------
    A : array_like or frame of shape (m, p)
        The matrix, real.
    y : array_like of shape (m,)
        The data, real.
    k : int, optional
        The largest sparsity of the fits to [A, Ã], from 1 to min(m, p). Default: a fifth of m or half of p, whichever
        is less, at least 1. About twice the number of relevant columns gives the most power. It need not be close,
        since W is averaged over sparsities up to k. It must not depend on which columns are copies.
    knockoffs : array_like or frame of shape (m, p)
        Ã, drawn by `gaussian_knockoffs` or made by other means. Column j is the copy of column j of A.
    fdr : float
        q, the bound on the false discovery rate, above 0 and below 1.
    offset : {{1, 0}}
        1 bounds the false discovery rate E[V / max(R, 1)], where V of the R selected columns are false. 0 bounds
        E[V / (R + 1/q)] and selects more.
    intercept : bool
        Whether the model has an intercept. If so, the means of y and of all columns are subtracted.
    seed : int
        The random seed of the order within pairs; see Notes.
    {options}

    Returns
    -------
    KnockoffSelection
        The selected columns, the statistics and the threshold.

    Raises
    ------
    ValueError, TypeError, MemoryError, KeyboardInterrupt
        Same as for `solve`; also if A or the knockoffs are not a real matrix, or if their shapes differ.

    See Also
    --------
    gaussian_knockoffs : Copies for Gaussian rows.
    stability : How often columns are chosen on halves of the rows; it assumes no distribution of A.

    Notes
    -----
    Columns are scaled to norm 1. For each of up to ten sparsities that divide k evenly, the algorithm (default here:
    ``"omp"``) finds a support S ⊆ [A, Ã]. Project y and column j onto the orthogonal complement of the columns of S
    other than j and its copy. z_j is the inner product of the two, divided by the norm of the projected column: ‖y − A
    x‖² falls by z_j² if column j joins those columns. Z_j is the mean of |z_j| over the sparsities, and

    W_j = max(Z_j, Z̃_j) sign(Z_j − Z̃_j).

    The threshold is τ = min {t > 0 : (offset + #{j : W_j ≤ −t}) / #{j : W_j ≥ t} ≤ q} (Barber & Candès). Swapping a
    column with its copy changes the sign of its W and nothing else, exactly. The order of the two in [A, Ã] depends
    only on their values and the seed, so no tie-breaking rule favours the originals. A column that equals its copy has
    W = 0.

    The false discovery rate is therefore at most q, whatever the dependence of y on the columns, for model-X knockoffs:
    those for which swapping a column on which y does not depend, given the others, with its copy changes no
    distribution of (A, Ã).

    The cost is O(m p k) multiply-adds for each sparsity, in addition to the fits.

    References
    ----------
    R. F. Barber, E. J. Candès. *Controlling the false discovery rate via knockoffs.* Annals of Statistics 43 (2015),
    DOI 10.1214/15-AOS1337.

    E. Candès, Y. Fan, L. Janson, J. Lv. *Panning for gold: 'model-X' knockoffs for high dimensional controlled variable
    selection.* Journal of the Royal Statistical Society B 80 (2018), DOI 10.1111/rssb.12265.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> rng = np.random.default_rng(0)
    >>> A = rng.standard_normal((300, 100))
    >>> y = A[:, :20] @ np.ones(20) + rng.standard_normal(300)
    >>> copies = sparsea.gaussian_knockoffs(A, mean=np.zeros(100), covariance=np.eye(100))
    >>> chosen = sparsea.knockoff_filter(A, y, 40, knockoffs=copies)
    >>> sorted(set(range(20)) - set(chosen.selected.tolist()))
    []
    """
    operator = as_operator(A)
    values, other = _as_matrix("A", operator), as_operator(knockoffs)
    operator.pair_rows("the knockoffs", knockoffs)
    operator.pair_rows("y", y)
    copies = _as_matrix("knockoffs", other)
    (m, p), data = values.shape, as_data(y)
    if copies.shape != (m, p):
        raise InvalidValueError(f"knockoffs have shape {copies.shape}, but A has {(m, p)}")
    if operator.names is not None and other.names is not None and operator.names != other.names:
        raise InvalidValueError("A and knockoffs have different names of columns")
    if np.iscomplexobj(data):
        raise InvalidTypeError("y holds complex numbers; knockoffs are of real columns")
    if data.ndim != 1:
        raise InvalidValueError(f"knockoff_filter needs one vector y, got shape {data.shape}; take one after the other")
    if data.shape != (m,):
        raise InvalidValueError(f"y has {len(data)} entries, but A has {m} rows")
    fdr, offset, seed = _as_level(fdr), _as_offset(offset), as_whole("seed", seed, 0)
    k = max(1, min(m // 5, p // 2)) if k is None else as_sparsity(k, (m, p), 1)
    if _core.as_flag("intercept", intercept):
        values, copies, data = values - values.mean(axis=0), copies - copies.mean(axis=0), data - data.mean()
    pairs, is_swapped, differs = _in_order(values, copies, seed)
    problem = Problem(pairs, data)
    sparsities = sorted({max(1, k * step // _FITS) for step in range(1, _FITS + 1)})
    options.setdefault("algorithm", "omp")
    solutions: list[Any] = problem.path(sparsities, **options)
    scores = np.zeros(2 * p)
    for solution in solutions:
        scores += _scores(pairs, data, solution.support) / len(solutions)
    first, second = scores[:p], scores[p:]
    W = np.maximum(first, second) * np.sign(first - second)
    W = np.where(is_swapped, -W, W) * differs
    # Back from the order within pairs.
    support = solutions[-1].support
    pair, side = support % p, support >= p
    is_copy = side != is_swapped[pair]
    return KnockoffSelection(
        _frozen(W + 0.0),
        fdr,
        offset,
        k,
        tuple(sparsities),
        _frozen(np.sort(pair[~is_copy])),
        _frozen(np.sort(pair[is_copy])),
        solutions[-1].algorithm,
        seed,
        operator.names,
    )


def _stream(seed: int, which: int) -> np.random.Generator:
    """Random numbers that are not those of `default_rng(seed)`, from which a caller may have drawn A."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x6B6E6F63, which)))


def _in_order(values: Array, copies: Array, seed: int) -> tuple[Array, Array, Array]:
    """[A, Ã] with unit columns, the two of each pair in an order that does not depend on which is the copy.

    Also whether each pair is swapped, and whether its columns differ.
    """
    unit, unit_copies = _unit(values), _unit(copies)
    differs = np.any(unit != unit_copies, axis=0)
    # A random direction decides; of two that it does not tell apart, the first entry that differs.
    direction = _stream(seed, 1).standard_normal(len(values))
    # Sums of the columns one by one: those of a product may depend on where a column is.
    side = np.array([np.sum(direction * a) - np.sum(direction * b) for a, b in zip(unit.T, unit_copies.T, strict=True)])
    for j in np.flatnonzero((side == 0) & differs):
        at = np.argmax(unit[:, j] != unit_copies[:, j])
        side[j] = unit[at, j] - unit_copies[at, j]
    is_swapped = side < 0
    pairs = np.hstack([np.where(is_swapped, unit_copies, unit), np.where(is_swapped, unit, unit_copies)])
    return pairs, is_swapped, differs


def _unit(values: Array) -> Array:
    norms = np.array([np.sqrt(np.sum(column * column)) for column in values.T])
    return values / np.where(norms > 0, norms, 1.0)


def _scores(pairs: Array, y: Array, support: Array) -> Array:
    """|z| of every column: what it explains of y beside the support without itself and its partner."""
    p = pairs.shape[1] // 2
    Q, R = np.linalg.qr(pairs[:, support])
    # Iterates that converge may share a coefficient between columns that are equal.
    is_new = np.diag(R) ** 2 > _SPANNED
    if not is_new.all():
        support = support[is_new]
        Q, R = np.linalg.qr(pairs[:, support])
    within = Q.T @ pairs
    left = y - Q @ (Q.T @ y)
    correlation = pairs.T @ left
    distance = np.maximum(np.sum(pairs * pairs, axis=0) - np.sum(within * within, axis=0), 0.0)
    inverse = np.linalg.inv(R) if len(support) else R
    x, weights = inverse @ (Q.T @ y), inverse @ within
    precision = inverse @ inverse.T
    place = np.full(2 * p, -1)
    place[support] = np.arange(len(support))
    for j in np.unique(support % p):
        pair = [j, j + p]
        at = place[pair]
        at = at[at >= 0]
        # What is left of y and of the pair beside the other columns of the support.
        H = np.linalg.inv(precision[np.ix_(at, at)])
        w = weights[np.ix_(at, pair)]
        correlation[pair] += w.T @ (H @ x[at])
        distance[pair] += np.einsum("ia,ij,ja->a", w, H, w)
    is_spanned = distance <= _SPANNED
    z: Array = np.where(is_spanned, 0.0, np.abs(correlation) / np.sqrt(np.where(is_spanned, 1.0, distance)))
    return z


def _threshold(W: Array, fdr: float, offset: int) -> float:
    """The least t of |W| > 0 with (offset + #{W ≤ −t}) / #{W ≥ t} ≤ q."""
    values = np.unique(np.abs(W[W != 0]))
    ordered = np.sort(W)
    positive = len(W) - np.searchsorted(ordered, values, side="left")
    negative = np.searchsorted(ordered, -values, side="right")
    holds = (offset + negative <= fdr * positive) & (positive > 0)
    return float(values[np.argmax(holds)]) if holds.any() else float("inf")


def _estimated(centred: Array, sizes: Array) -> tuple[Array, Array]:
    """Standard deviations, and correlations that are shrunk towards I as Ledoit and Wolf do."""
    m, p = centred.shape
    deviations = np.sqrt(np.mean(centred * centred, axis=0))
    # What rounding leaves of a constant is no deviation.
    deviations[deviations <= 1e-14 * sizes] = 0.0
    unit = centred / np.where(deviations > 0, deviations, 1.0)
    sample = unit.T @ unit / m
    size = np.trace(sample) / p
    off = np.sum(sample * sample) - p * size * size
    squares = unit * unit
    noise = (np.sum(squares.T @ squares) / m - np.sum(sample * sample)) / m
    share = 1.0 if off <= 0 else min(1.0, max(0.0, noise / off))
    correlation = (1 - share) * sample
    correlation[np.diag_indices(p)] += share * size
    # Constant columns stand for themselves.
    correlation[np.diag_indices(p)] += deviations == 0
    scale = np.sqrt(np.diag(correlation))
    return deviations, correlation / np.outer(scale, scale)


def _scaled(covariance: Array) -> tuple[Array, Array]:
    variances = np.diag(covariance)
    if not np.allclose(
        covariance, covariance.T, rtol=1e-8, atol=1e-12 * float(np.max(np.abs(covariance), initial=0.0))
    ):
        raise InvalidValueError("covariance must be symmetric")
    if not np.all(variances > 0):
        j = int(np.argmin(variances))
        raise InvalidValueError(
            f"covariance must be positive definite, got {variances[j]:.4g} at index {j} of its diagonal"
        )
    deviations = np.sqrt(variances)
    correlation = covariance / np.outer(deviations, deviations)
    return deviations, (correlation + correlation.T) / 2


def _as_matrix(what: str, operator: Operator) -> Array:
    given = operator.rows
    if not isinstance(given, np.ndarray):
        raise InvalidTypeError(f"{what} must be a dense matrix")
    return _checked(what, given)


def _as_real(what: str, given: Any, shape: tuple[int, ...]) -> Array:
    values = _checked(what, as_data(given))
    if values.shape != shape:
        raise InvalidValueError(f"{what} has shape {values.shape}; it must have {shape}")
    return values


def _checked(what: str, given: Array) -> Array:
    if np.iscomplexobj(given):
        raise InvalidTypeError(f"{what} holds complex numbers; knockoffs are of real columns")
    if not np.isfinite(given).all():
        raise InvalidValueError(f"{what} contains {given[~np.isfinite(given)][0]}")
    return np.array(given, dtype=np.float64, order="F")


def _as_level(given: Any) -> float:
    return as_number("fdr", "above 0 and below 1", given, lambda v: 0 < v < 1)


def _as_offset(given: Any) -> int:
    return as_whole("offset", given, 0, 1)
