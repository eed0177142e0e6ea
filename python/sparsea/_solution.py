"""What a run returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, overload

import numpy as np

from ._input import Array

_ROWS = 10


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array


_NONE = _frozen(np.zeros(0, dtype=np.int64))
_NO_NUMBERS = _frozen(np.zeros(0))


def _pairs(values: Array) -> Any:
    """Numbers as JSON has them."""
    pairs = np.stack([values.real, values.imag], axis=-1) if np.iscomplexobj(values) else values
    return pairs.tolist()


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def _restored(kind: type[Any], values: dict[str, Any]) -> Any:
    """A record from its fields, its arrays and mappings read-only again."""

    def kept(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return _frozen(value)
        return MappingProxyType(value) if isinstance(value, dict) else value

    return kind(**{name: kept(value) for name, value in values.items()})


class _Record:
    """Equality by value for records that hold arrays; the time that a run took is no part of it."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = [f.name for f in fields(self) if f.compare]  # type: ignore[arg-type]
        return all(_same(getattr(self, name), getattr(other, name)) for name in names)

    # Not by __getstate__, which dataclasses with slots replace by their own before Python 3.12.
    def __reduce__(self) -> tuple[Any, ...]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        plain = {name: dict(v) if isinstance(v, MappingProxyType) else v for name, v in values.items()}
        return _restored, (type(self), plain)


@dataclass(frozen=True, eq=False, slots=True)
class Trace(_Record):
    """Every step of a run, as arrays with one entry for each step.

    Attributes
    ----------
    algorithm : tuple of str
        The running algorithm (for a chain, the current link).
    iteration : ndarray of int
        Its iteration; 0 is its start. Iterations that change nothing may be skipped.
    objective : ndarray of float
        ½‖y − A x‖² at the current point.
    best_objective : ndarray of float
        ½‖y − A x‖² at the best point so far.
    support_size : ndarray of int
        Size of the current support.
    entered : ndarray of int
        Number of indices in the current support that were not in the previous one.
    supports_explored : ndarray of int
        Number of distinct supports so far.
    elapsed : ndarray of float
        Seconds since the run began.
    """

    algorithm: tuple[str, ...]
    iteration: Array
    objective: Array
    best_objective: Array
    support_size: Array
    entered: Array
    supports_explored: Array
    elapsed: Array = field(compare=False)

    def __len__(self) -> int:
        """The number of steps."""
        return len(self.algorithm)

    def __repr__(self) -> str:
        return f"<Trace of {len(self)} steps>"

    def to_dict(self) -> dict[str, Any]:
        """Return the columns as a dictionary, from which pandas or polars builds a data frame.

        Returns
        -------
        dict
            The keys are the names of the columns that the command writes.
        """
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        columns["elapsed_seconds"] = columns.pop("elapsed")
        return columns


@dataclass(frozen=True, slots=True)
class RankedSupport:
    """A support and its residual.

    Attributes
    ----------
    support : tuple of int
        The support, sorted.
    residual_norm : float
        ‖y − A x‖ of the fit on it.
    """

    support: tuple[int, ...]
    residual_norm: float


@dataclass(frozen=True, slots=True)
class IndexReport:
    """One column of A among the near-ties.

    Attributes
    ----------
    index : int
        The column.
    chosen : bool
        Whether it is in the best support.
    frequency : float
        Share of the near-ties that contain it.
    neighbour : tuple of (int, float) or None
        The column most correlated with it, which could replace it, and |cos| of the angle between the two.
    """

    index: int
    chosen: bool
    frequency: float
    neighbour: tuple[int, float] | None


@dataclass(frozen=True, slots=True)
class StandIns:
    """Interchangeable columns: every near-tie holds exactly ``count`` of them.

    Attributes
    ----------
    columns : tuple of int
        Columns of A, sorted; there are more than ``count``.
    count : int
        The number of them that every near-tie holds.
    """

    columns: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ExplorationReport:
    """What a run learnt in addition to its best support.

    Attributes
    ----------
    distinct_supports : int
        Number of distinct supports that were evaluated.
    exchanges_scored : bool
        Whether every exchange of one column of the best support for another was scored. If not, nothing is known about
        supports that the run did not visit.
    columns_in_play : int
        Number of columns among which exchanges were looked for: all n, unless a search among many columns ended with a
        working set.
    margin : float
        A support counts as a near-tie if its ‖r‖ is at most (1 + margin) times the best.
    near_ties : int
        Number of near-ties, including the best support.
    best : tuple of RankedSupport
        The best supports, the best first.
    indices : tuple of IndexReport
        Every index that occurs in a near-tie, the most frequent first.
    stand_ins : tuple of StandIns
        Disjoint sets of interchangeable columns; see Notes.
    certain : tuple of int
        The chosen columns that all counted near-ties contain, sorted.

    Notes
    -----
    *Every* near-tie counted contains exactly ``count`` columns of each set in ``stand_ins``, and all columns in
    ``certain``. The columns i and j of an exchange S − j + i that is a near-tie are in one set. Sets are merged if
    another near-tie contains more columns of one and fewer of the other. A set is left out if a near-tie of fewer
    columns contains fewer columns of it. These statements hold for the near-ties counted; they may be false for
    supports that were not evaluated. With ``exchanges_scored``, such supports differ from S in at least two columns.
    Both fields are empty if exchanges were not scored, or if an exchange leads from the chosen support to one so good
    that the chosen support is not a near-tie itself.
    """

    distinct_supports: int
    exchanges_scored: bool
    columns_in_play: int
    margin: float
    near_ties: int
    best: tuple[RankedSupport, ...]
    indices: tuple[IndexReport, ...]
    stand_ins: tuple[StandIns, ...] = ()
    certain: tuple[int, ...] = ()

    def __repr__(self) -> str:
        percent = 100 * self.margin
        near = f"{self.near_ties} within {percent:.4g} % of the best"
        return f"<ExplorationReport: {self.distinct_supports} supports, {near}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the report with the keys of the command's JSON.

        Returns
        -------
        dict
            Plain Python values.
        """
        return {
            "distinct_supports": self.distinct_supports,
            "exchanges_scored": self.exchanges_scored,
            "columns_in_play": self.columns_in_play,
            "margin": self.margin,
            "near_ties": self.near_ties,
            "best": [{"support": list(row.support), "residual_norm": row.residual_norm} for row in self.best],
            "indices": [
                {
                    "index": row.index,
                    "chosen": row.chosen,
                    "frequency": row.frequency,
                    "neighbour": None if row.neighbour is None else list(row.neighbour),
                }
                for row in self.indices
            ],
            "stand_ins": [{"columns": list(row.columns), "count": row.count} for row in self.stand_ins],
            "certain": list(self.certain),
        }


# Without slots: its fields are set by one update of its dictionary, where a frozen record sets one after the other.
@dataclass(frozen=True, eq=False)
class Solution(_Record):
    """The best point that a run visited, why it stopped, and what it cost.

    Two solutions are equal if all fields except ``elapsed``, ``memory`` and ``positions`` are equal.

    Attributes
    ----------
    algorithm : str
        The algorithm or chain, such as ``"omp+sea"``.
    n : int
        Number of columns of A, the length of x.
    support : ndarray of int, shape (s,)
        S, sorted, counted from 0; at most k indices.
    coefficients : ndarray of shape (s,), or (s, B) for a joint support
        The entries of x on S, in the scale of A. A column that depends on others of the support has coefficient 0.
    residual_norm : float
        ‖y − A x‖.
    relative_residual : float
        ‖y − A x‖ / ‖y‖ (0 for y = 0).
    objective : float
        ½‖y − A x‖².
    iterations : int
        Number of iterations of the algorithm (for a chain, of its last link). Iteration 0 is the start.
    best_iteration : int
        The iteration that reached this point.
    supports_explored : int
        Number of distinct supports that the run visited, including those of starting algorithms.
    stop_reason : str
        ``"finished"``, ``"exact_fit"``, ``"budget"`` (the default budget of the algorithm is used up),
        ``"iterations"``, ``"supports"``, ``"relative_residual"``, ``"relative_residual_missed"`` (the run ended before
        it was reached), ``"stagnation"``, ``"time"``, ``"interrupted"`` (a callback asked to stop) or ``"diverged"``.
        For estimators that choose k, also ``"nothing_found"`` if k is 0.
    counts : mapping of str to int
        Operations of the run: ``applies``, ``adjoints``, ``columns`` (of the Gram matrix), ``joins``, ``leaves``,
        ``refactorisations``, ``refinements``, ``orthogonalisations``, ``dependent_columns``.
    elapsed : float
        Seconds, including starting algorithms.
    memory : int
        Bytes held at the end that count towards ``memory=``: Gram columns (or a sparse A stored by rows), cached fits,
        and the data of the algorithms, including what earlier runs of a batch left.
    trace : Trace or None
        Every step, if requested.
    report : ExplorationReport or None
        What was explored, if requested.
    names : tuple or None
        The column names of A, if A was a data frame.
    groups : tuple or None
        The labels of the groups in the support, in the order of their first columns, if there are groups.
    intercept : float, complex or ndarray
        The intercept of the model; 0.0 if it has none. For a joint support, an array of B intercepts.
    fixed : ndarray of int
        The fixed columns, sorted. They are part of ``x``, but not of ``support``, and are not counted in k.
    fixed_coefficients : ndarray
        Their coefficients, in the scale of A. For a joint support, each fixed column has a row of B coefficients.
    has_intercept : bool
        Whether the model has an intercept.
    positions : ndarray of int, pair of ndarray of int, or None
        Where the spikes of a `Convolution` are in y, in the order of the support: samples, or rows and columns of an
        image, so that ``y[solution.positions]`` are the data there. None for any other A. With boundary ``"full"`` or
        ``"valid"`` they differ from the support; see `Convolution.positions`.
    image_shape : pair of int or None
        (H, W), the shape of the image x, if A is a `Convolution` of images.

    Notes
    -----
    With an intercept c, fixed columns, weights w or a ridge λ, the residual is r = y − A x − c, and ``residual_norm``
    is ``√(Σ w_i |r_i|²)``, without the ridge. ``relative_residual`` is ``residual_norm`` relative to its value when
    nothing is chosen and only the intercept and fixed columns explain y. ``objective`` is
    ``½ Σ w_i |r_i|² + ½ λ‖x_S‖²``. In traces, in reports and in the option ``relative_residual``, ‖r‖ is the square
    root of twice the objective.
    """

    algorithm: str
    n: int
    support: Array
    coefficients: Array
    residual_norm: float
    relative_residual: float
    objective: float
    iterations: int
    best_iteration: int
    supports_explored: int
    stop_reason: str
    counts: Mapping[str, int]
    elapsed: float = field(compare=False)
    memory: int = field(compare=False)
    trace: Trace | None = None
    report: ExplorationReport | None = None
    names: tuple[Any, ...] | None = None
    groups: tuple[Any, ...] | None = None
    intercept: Any = 0.0
    fixed: Array = field(default_factory=lambda: _NONE)
    fixed_coefficients: Array = field(default_factory=lambda: _NO_NUMBERS)
    has_intercept: bool = False
    # They follow from the support and A.
    positions: Any = field(default=None, compare=False)
    image_shape: tuple[int, int] | None = None

    @property
    def image(self) -> Array | None:
        """x as an image, a new array of shape ``image_shape``; None if A is not a convolution of images."""
        return None if self.image_shape is None else self.x.reshape(self.image_shape)

    @property
    def x(self) -> Array:
        """x as a full vector of n numbers, including fixed columns; a new array. Shape (n, B) for a joint support."""
        x: Array = np.zeros((self.n, *self.coefficients.shape[1:]), dtype=self.coefficients.dtype)
        if len(self.fixed):
            x[self.fixed] = self.fixed_coefficients
        x[self.support] = self.coefficients
        return x

    @property
    def support_names_(self) -> tuple[Any, ...] | None:
        """The names of the columns in the support, if A was a data frame."""
        return None if self.names is None else tuple(self.names[j] for j in self.support)

    @property
    def stand_in_names_(self) -> tuple[tuple[tuple[Any, ...], int], ...] | None:
        """The names and the count of each set in ``report.stand_ins``, if A was a data frame and there is a report."""
        if self.names is None or self.report is None:
            return None
        return tuple((tuple(self.names[j] for j in row.columns), row.count) for row in self.report.stand_ins)

    def to_dict(self) -> dict[str, Any]:
        """Return the solution with the keys and values of the command's ``--json``.

        Returns
        -------
        dict
            Plain Python values. Complex coefficients are pairs [re, im].
        """
        answer: dict[str, Any] = {
            "algorithm": self.algorithm,
            "support": self.support.tolist(),
            "coefficients": _pairs(self.coefficients),
            "residual_norm": self.residual_norm,
            "relative_residual": self.relative_residual,
            "objective": self.objective,
            "iterations": self.iterations,
            "best_iteration": self.best_iteration,
            "supports_explored": self.supports_explored,
            "stop_reason": self.stop_reason,
            "elapsed_seconds": self.elapsed,
        }
        if self.groups is not None:
            answer["groups"] = list(self.groups)
        if self.report is not None:
            answer["report"] = self.report.to_dict()
        if self.has_intercept:
            answer["intercept"] = _pairs(np.asarray(self.intercept))
        if len(self.fixed):
            answer["fixed"] = self.fixed.tolist()
            answer["fixed_coefficients"] = _pairs(self.fixed_coefficients)
        if self.positions is not None:
            answer["positions"] = np.transpose(self.positions).tolist()
        return answer

    def __repr__(self) -> str:
        shown = self.support_names_ if self.names is not None else self.support.tolist()
        words = [str(word) for word in (shown or ())]
        text = ", ".join(words[:_ROWS]) + (f", … {len(words) - _ROWS} more" if len(words) > _ROWS else "")
        return (
            f"<Solution by {self.algorithm}: support [{text}] of {self.n}, "
            f"relative residual {self.relative_residual:.4g}, stopped: {self.stop_reason}>"
        )


class Solutions(Sequence[Solution]):
    """The solutions of a batch, one for each column of Y, in the same order.

    Attributes
    ----------
    x : ndarray of shape (n, B)
        All x, as columns.
    supports : list of ndarray
        All supports.
    positions : list
        The positions of the spikes of each solution; see `Solution`.
    residual_norms : ndarray of shape (B,)
        ‖y − A x‖ of each solution.
    intercepts : ndarray of shape (B,)
        The intercept of each solution.
    """

    __slots__ = ("_solutions",)

    def __init__(self, solutions: Sequence[Solution]) -> None:
        self._solutions = tuple(solutions)

    @property
    def x(self) -> Array:
        """All x as columns, shape (n, B)."""
        return np.stack([solution.x for solution in self._solutions], axis=1)

    @property
    def supports(self) -> list[Array]:
        """The support of each solution."""
        return [solution.support for solution in self._solutions]

    @property
    def positions(self) -> list[Any]:
        """The positions of the spikes of each solution in its column of Y, if A is a `Convolution`."""
        return [solution.positions for solution in self._solutions]

    @property
    def residual_norms(self) -> Array:
        """‖y − A x‖ of each solution, shape (B,)."""
        return np.array([solution.residual_norm for solution in self._solutions])

    @property
    def intercepts(self) -> Array:
        """The intercept of each solution, shape (B,)."""
        return np.array([solution.intercept for solution in self._solutions])

    @overload
    def __getitem__(self, index: int) -> Solution: ...
    @overload
    def __getitem__(self, index: slice) -> Solutions: ...
    def __getitem__(self, index: int | slice) -> Solution | Solutions:
        if isinstance(index, slice):
            return Solutions(self._solutions[index])
        return self._solutions[index]

    def __len__(self) -> int:
        return len(self._solutions)

    def __eq__(self, other: object) -> bool:
        return self._solutions == other._solutions if isinstance(other, Solutions) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Solutions of {len(self)} columns>"


def make(
    given: dict[str, Any],
    names: tuple[Any, ...] | None,
    places: Any = None,
    labels: tuple[Any, ...] | None = None,
    sides: int | None = None,
) -> Solution:
    """A solution from the fields that the compiled part returns, and what knows where columns lie in y.

    `labels` are those of groups, `sides` the columns of Y that have one support.
    """
    if sides is not None:
        given["coefficients"] = given["coefficients"].reshape(-1, sides)
        if "fixed_coefficients" in given:
            given["fixed_coefficients"] = given["fixed_coefficients"].reshape(-1, sides)
    if given["groups"] is not None and labels is not None:
        given["groups"] = tuple(labels[group] for group in given["groups"])
    trace, report = given["trace"], given["report"]
    if trace is not None:
        columns: dict[str, Any] = {
            name: _frozen(value) if isinstance(value, np.ndarray) else tuple(value) for name, value in trace.items()
        }
        trace = Trace(**columns)
    if report is not None:
        report = ExplorationReport(
            report["distinct_supports"],
            report["exchanges_scored"],
            report["columns_in_play"],
            report["margin"],
            report["near_ties"],
            tuple(RankedSupport(tuple(support), norm) for support, norm in report["best"]),
            tuple(IndexReport(*row) for row in report["indices"]),
            tuple(StandIns(tuple(columns), count) for columns, count in report["stand_ins"]),
            tuple(report["certain"]),
        )
    given["support"], given["coefficients"] = _frozen(given["support"]), _frozen(given["coefficients"])
    given["counts"] = MappingProxyType(given["counts"])
    if "fixed" in given:
        given["fixed"], given["fixed_coefficients"] = _frozen(given["fixed"]), _frozen(given["fixed_coefficients"])
    else:
        given["fixed"], given["fixed_coefficients"] = _NONE, _NO_NUMBERS
    given["trace"], given["report"], given["names"] = trace, report, names
    if places is not None:
        at, given["image_shape"] = places.positions(given["support"]), places.image_shape
        given["positions"] = tuple(_frozen(part) for part in at) if isinstance(at, tuple) else _frozen(at)
    solution = object.__new__(Solution)
    solution.__dict__.update(given)
    return solution
