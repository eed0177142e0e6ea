"""What is known of an operator before any data are seen: coherence, restricted isometry, guaranteed recovery.

Everything refers to columns of norm 1: the columns of A are scaled, and a column of zeros is refused because it cannot
be. Vector arguments are in the scale of A.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._core import as_sparsity, as_whole
from ._errors import InvalidTypeError, InvalidValueError
from ._input import Array, Operator, as_number, as_operator, as_support, as_vector

__all__ = [
    "Coherence",
    "Condition",
    "Interval",
    "Recovery",
    "RestrictedIsometry",
    "babel",
    "coherence",
    "exact_recovery_coefficient",
    "recovery",
    "restricted_isometry",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """A number known to be between two bounds, both included; known exactly if they are equal.

    Attributes
    ----------
    lower : float
        The lower bound.
    upper : float
        The upper bound; may be infinite.
    """

    lower: float
    upper: float

    @property
    def is_exact(self) -> bool:
        """Whether the two bounds are equal."""
        return self.lower == self.upper

    def __contains__(self, value: float) -> bool:
        return self.lower <= value <= self.upper


@dataclass(frozen=True, slots=True)
class Coherence:
    """Measures of how parallel columns are.

    Attributes
    ----------
    mutual : float
        μ = max over i ≠ j of |⟨a_i, a_j⟩|; 0 for a single column.
    pair : tuple of (int, int) or None
        The first pair of columns, i < j, that attains μ; None for a single column.
    babel : tuple of float
        μ₁(1), μ₁(2), …
    """

    mutual: float
    pair: tuple[int, int] | None
    babel: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RestrictedIsometry:
    """The restricted isometry constants of an operator.

    Attributes
    ----------
    constants : tuple of Interval
        δ_1, δ_2, …, up to the order asked for, but at most δ_n.
    coherence : Coherence
        The coherence on which the upper bounds are based.
    """

    constants: tuple[Interval, ...]
    coherence: Coherence


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition ``left`` < ``right`` of the theorem, and what follows from it.

    Attributes
    ----------
    verdict : {"applies", "cannot apply", "unknown"}
        Whether the theorem applies, as far as the bounds on its constants determine it.
    of : {"truth", "equal non-zeros"}
        The x to which it refers: the truth that was given, or equal non-zeros.
    left : Interval
        α_k ‖x*‖ + γ_k ‖e‖.
    right : float
        x_min / (2k).
    dynamic_range : float or None
        ‖x*‖ / x_min of the truth.
    dynamic_range_limit : Interval
        Without noise, the theorem applies if and only if ‖x*‖ / x_min is below this limit.
    error_bound : float or None
        An upper bound on the error of the best x visited, where each entry is multiplied by ‖a_j‖.
    exact_recovery_coefficient : float or None
        The exact recovery coefficient of the support of the truth.
    """

    verdict: str
    of: str
    left: Interval
    right: float
    dynamic_range: float | None
    dynamic_range_limit: Interval
    error_bound: float | None
    exact_recovery_coefficient: float | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the theorem on SEA guarantees for an operator and a sparsity k.

    Attributes
    ----------
    k : int
        The sparsity.
    coherence : float
        μ.
    babel : tuple of float
        μ₁(1) … μ₁(k).
    restricted_isometry : tuple of Interval
        δ_1 … δ_{2k+1}.
    alpha : Interval
        α_k = δ_{2k+1} √((δ_{2k} / (1 − δ_k))² + 1).
    gamma : Interval
        γ_k = δ_{2k+1} √(1 + δ_k) / (1 − δ_k) + 1.
    condition : Condition
        Whether the theorem applies.
    iteration_bound : float or None
        T, the number of iterations within which SEA visits a support that contains the true one, if the theorem
        applies.
    """

    k: int
    coherence: float
    babel: tuple[float, ...]
    restricted_isometry: tuple[Interval, ...]
    alpha: Interval
    gamma: Interval
    condition: Condition
    iteration_bound: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the results with the keys of the command's ``theory --json``; infinite values are None.

        Returns
        -------
        dict
            Plain Python values.
        """
        condition = self.condition
        return {
            "coherence": self.coherence,
            "babel": list(self.babel),
            "restricted_isometry": {str(s): _pair(delta) for s, delta in enumerate(self.restricted_isometry, 1)},
            "alpha": _pair(self.alpha),
            "gamma": _pair(self.gamma),
            "condition": {
                "verdict": condition.verdict,
                "of": condition.of,
                "left": _pair(condition.left),
                "right": condition.right,
                "dynamic_range": _finite(condition.dynamic_range),
                "dynamic_range_limit": _pair(condition.dynamic_range_limit),
                "error_bound": _finite(condition.error_bound),
                "exact_recovery_coefficient": _finite(condition.exact_recovery_coefficient),
            },
            "iteration_bound": _finite(self.iteration_bound),
        }


def coherence(A: Any, order: int = 1) -> Coherence:
    """Compute the mutual coherence μ, and the Babel function up to an order.

    μ₁(p) = max over |S| = p and i ∉ S of Σ_{j ∈ S} |⟨a_i, a_j⟩|.

    Parameters
    ----------
    A : array_like, sparse matrix, frame or operator of shape (m, n)
        See `sparsea.solve`.
    order : int
        Number of values of the Babel function to compute.

    Returns
    -------
    Coherence
        μ, the pair of columns that attains it, and μ₁(1) … μ₁(order).

    Raises
    ------
    ValueError
        If A has a column of zeros, or an entry that is not finite, or if `order` is above both n and 2²⁰.
    TypeError
        If A does not hold numbers.

    References
    ----------
    J. A. Tropp. *Greed is good: algorithmic results for sparse approximation.* IEEE Trans. Inf. Theory 50, 2004,
    doi:10.1109/TIT.2004.834793.

    Examples
    --------
    >>> import sparsea
    >>> sparsea.theory.coherence([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]])
    Coherence(mutual=0.8, pair=(1, 2), babel=(0.8,))
    """
    a, is_complex, _ = _read(A)
    return _coherence(_core.coherence(a, is_complex, as_whole("order", order, 0)))


def babel(A: Any, order: int) -> Array:
    """Compute the Babel function μ₁(1) … μ₁(order); see `coherence`.

    Parameters
    ----------
    A : array_like, sparse matrix, frame or operator of shape (m, n)
        See `sparsea.solve`.
    order : int
        Number of values to compute.

    Returns
    -------
    ndarray of shape (order,)
        For each p = 1, 2, …, the largest sum of p moduli in a column of the Gram matrix without its diagonal.

    Raises
    ------
    ValueError, TypeError
        Same as for `coherence`.

    Examples
    --------
    >>> import sparsea
    >>> sparsea.theory.babel([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]], 2)
    array([0.8, 1.4])
    """
    return np.array(coherence(A, order).babel)


def exact_recovery_coefficient(A: Any, support: Any) -> float:
    """Compute the exact recovery coefficient of a support S: max over i ∉ S of ‖A_S⁺ a_i‖₁.

    If it is below 1, orthogonal matching pursuit and basis pursuit find S from any y = A x with x supported on all of
    S.

    Parameters
    ----------
    A : array_like, sparse matrix, frame or operator of shape (m, n)
        See `sparsea.solve`.
    support : array_like of int
        Column indices, counted from 0.

    Returns
    -------
    float
        The coefficient: 0 if no column is outside S, infinite if the columns on S are linearly dependent.

    Raises
    ------
    ValueError, TypeError
        Same as for `coherence`. ValueError also for an index that is not a column or occurs twice.

    References
    ----------
    J. A. Tropp. *Greed is good*, theorems A and 3.5, doi:10.1109/TIT.2004.834793.

    Examples
    --------
    >>> import sparsea
    >>> round(sparsea.theory.exact_recovery_coefficient([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]], [0, 1]), 12)
    1.4
    """
    a, is_complex, _ = _read(A)
    return _core.exact_recovery_coefficient(a, is_complex, as_support("support", support))


def restricted_isometry(A: Any, order: int, *, work: float = 1e9) -> RestrictedIsometry:
    """Compute the restricted isometry constants δ_1 … δ_order, or bounds on them.

    δ_s is the smallest δ with (1 − δ)‖z‖² ≤ ‖A z‖² ≤ (1 + δ)‖z‖² for all z with at most s non-zeros.

    Parameters
    ----------
    A : array_like, sparse matrix, frame or operator of shape (m, n)
        See `sparsea.solve`.
    order : int
        The largest s.
    work : float
        Multiply-adds to spend, about 10⁹ a second. More work gives narrower bounds.

    Returns
    -------
    RestrictedIsometry
        Exact values as far as ``work`` suffices, otherwise intervals.

    Raises
    ------
    ValueError, TypeError
        Same as for `coherence`.

    Examples
    --------
    >>> import sparsea
    >>> sparsea.theory.restricted_isometry([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]], 2).constants[1]
    Interval(lower=0.8, upper=0.8)
    """
    a, is_complex, _ = _read(A)
    found = _core.restricted_isometry(a, is_complex, as_whole("order", order, 1), _work(work))
    return RestrictedIsometry(_intervals(found["constants"]), _coherence(found["coherence"]))


def recovery(
    A: Any,
    k: int,
    *,
    truth: Any = None,
    noise: Any = None,
    noise_norm: float | None = None,
    start: Any = None,
    step_size: float = 1.0,
    work: float = 1e9,
) -> Recovery:
    """Determine whether SEA is guaranteed to find the support, and within how many iterations.

    Parameters
    ----------
    A : array_like, sparse matrix, frame or operator of shape (m, n)
        See `sparsea.solve`.
    k : int
        The sparsity, from 1 to min(m, n).
    truth : array_like of shape (n,), optional
        The true x. Default: the most favourable x, with k equal non-zeros.
    noise : array_like of shape (m,), optional
        The noise e = y − A x.
    noise_norm : float, optional
        The norm of e, if e itself is not known.
    start : array_like of shape (n,), optional
        The vector that SEA starts from. Default: zero.
    step_size : float
        The step size η of SEA. It matters only for a start other than zero.
    work : float
        Multiply-adds to spend on restricted isometry constants. More work gives narrower bounds.

    Returns
    -------
    Recovery
        The constants, the condition of the theorem, and the guaranteed number of iterations.

    Raises
    ------
    ValueError, TypeError
        Same as for `coherence`. ValueError also for a truth without non-zeros, or with more than k.

    References
    ----------
    M. Mohamed, F. Malgouyres, V. Emiya, C. Chaux. *Straight-Through Meets Sparse Recovery: the Support Exploration
    Algorithm.* ICML 2024, arXiv:2301.13584.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> found = sparsea.theory.recovery(np.eye(6), 2, truth=[0, 3.0, 0, -1.0, 0, 0])
    >>> found.condition.verdict
    'applies'
    >>> found.iteration_bound
    3.0
    """
    a, is_complex, operator = _read(A)
    k = as_sparsity(k, operator.shape, 1)
    if truth is None and not (noise is None and noise_norm is None and start is None):
        raise InvalidTypeError("noise and start go with truth")
    if noise is not None and noise_norm is not None:
        raise InvalidTypeError("give noise or noise_norm, not both")
    rows, columns = operator.shape
    operator.pair_rows("noise", noise)
    operator.pair_columns("truth", truth)
    operator.pair_columns("start", start)
    x = None if truth is None else _moduli("truth", truth, columns, "columns")
    if x is not None and not x.any():
        raise InvalidValueError("truth holds no non-zero, so there is no support to find")
    if noise is not None:
        noise_norm = _norm(_moduli("noise", noise, rows, "rows"))
    elif noise_norm is not None:
        rule = "a finite number of at least 0"
        noise_norm = as_number("noise_norm", rule, noise_norm, lambda norm: 0 <= norm < np.inf)
    first = None if start is None else _moduli("start", start, columns, "columns")
    step_size = as_number("step_size", "a finite number greater than 0", step_size, lambda step: 0 < step < np.inf)
    found = _core.recovery(a, is_complex, k, _work(work), x, noise_norm or 0.0, first, step_size)
    measured = _coherence(found["coherence"])
    return Recovery(
        k=k,
        coherence=measured.mutual,
        babel=measured.babel[:k],
        restricted_isometry=_intervals(found["constants"]),
        alpha=Interval(*found["alpha"]),
        gamma=Interval(*found["gamma"]),
        condition=Condition(
            verdict=found["verdict"],
            of="equal non-zeros" if x is None else "truth",
            left=Interval(*found["left"]),
            right=found["right"],
            dynamic_range=found["dynamic_range"],
            dynamic_range_limit=Interval(*found["dynamic_range_limit"]),
            error_bound=found["error_bound"],
            exact_recovery_coefficient=found["exact_recovery_coefficient"],
        ),
        iteration_bound=found["iteration_bound"],
    )


def _read(A: Any) -> tuple[Any, bool, Operator]:
    operator = as_operator(A)
    return operator.of(operator.dtype), operator.dtype.kind == "c", operator


def _work(work: float) -> float:
    return as_number("work", "a finite number of at least 0", work, lambda work: 0 <= work < np.inf)


def _moduli(what: str, given: Any, length: int, dimension: str) -> Array:
    """The moduli of a vector, which is all that the theorem looks at: x may be complex where A is real."""
    vector = as_vector(what, given)
    if len(vector) != length:
        raise InvalidValueError(f"{what} has {len(vector)} entries, but A has {length} {dimension}")
    if not np.isfinite(vector).all():
        index = int(np.argmin(np.isfinite(vector)))
        raise InvalidValueError(f"{what} contains {vector[index]} at index {index} (counted from 0)")
    return np.abs(vector)


def _norm(moduli: Array) -> float:
    """The norm, scaled so that no square leaves the range of doubles, added one after the other as the command does."""
    largest = float(moduli.max(initial=0.0))
    return largest * float(np.sqrt(np.cumsum((moduli / largest) ** 2)[-1])) if largest > 0 else 0.0


def _coherence(parts: tuple[float, tuple[int, int] | None, list[float]]) -> Coherence:
    return Coherence(parts[0], parts[1], tuple(parts[2]))


def _intervals(pairs: list[tuple[float, float]]) -> tuple[Interval, ...]:
    return tuple(Interval(*pair) for pair in pairs)


def _pair(interval: Interval) -> list[float | None]:
    return [_finite(interval.lower), _finite(interval.upper)]


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
