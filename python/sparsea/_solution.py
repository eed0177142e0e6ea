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
    """Every step of a run, one entry of each array for each.

    Attributes
    ----------
    algorithm : tuple of str
        The algorithm that runs (of a chain, the link).
    iteration : ndarray of int
        Its iteration; 0 is its start. Iterations that change nothing may be jumped over.
    objective : ndarray of float
        ½‖y − A x‖² at the current point.
    best_objective : ndarray of float
        ½‖y − A x‖² at the best point so far.
    support_size : ndarray of int
        Indices in the current support.
    entered : ndarray of int
        Indices of the current support that were not in the one before.
    supports_explored : ndarray of int
        Distinct supports so far.
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
        """The columns as a dictionary, as pandas and polars make a frame of.

        Returns
        -------
        dict
            With the names of the columns that the command writes.
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
        Sorted.
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
        The column most correlated with it and |cos| of the angle between them: where it could stand instead.
    """

    index: int
    chosen: bool
    frequency: float
    neighbour: tuple[int, float] | None


@dataclass(frozen=True, slots=True)
class StandIns:
    """Columns that stand in for each other: exactly one of these eight.

    Attributes
    ----------
    columns : tuple of int
        Columns of A, sorted; more than ``count``.
    count : int
        How many of them every near-tie holds.
    """

    columns: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ExplorationReport:
    """What a run learnt besides its best support.

    Attributes
    ----------
    distinct_supports : int
        Distinct supports that were looked at.
    exchanges_scored : bool
        Whether every exchange of one column of the best support for another was scored. If not, nothing is known of
        supports that the run did not come through.
    columns_in_play : int
        Columns among which exchanges were looked for: all n, unless a search among many columns ended with a working
        set.
    margin : float
        Supports count as near-ties if ‖r‖ is at most (1 + margin) times the best.
    near_ties : int
        How many there are, the best included.
    best : tuple of RankedSupport
        The best supports, best first.
    indices : tuple of IndexReport
        Every index that occurs among the near-ties, most frequent first.
    stand_ins : tuple of StandIns
        Disjoint sets of columns that stand in for each other, see below.
    certain : tuple of int
        The chosen columns that every near-tie counted holds, sorted.

    Notes
    -----
    Of the near-ties counted, *every* one holds exactly ``count`` columns of each set in ``stand_ins``, and all columns
    in ``certain``. The columns i and j of an exchange S − j + i that is a near-tie are in one set. Sets are united
    where another near-tie holds more of one and fewer of the other. Nothing is said of a set of which a near-tie of
    fewer columns holds fewer. What is true of the near-ties counted may be false of supports that were not looked at;
    with ``exchanges_scored`` these differ from S in two columns or more. Both are empty where exchanges were not
    scored, or where one leads from the chosen support to so good another that it is no near-tie itself.
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
        """The report with the keys of the command's JSON.

        Returns
        -------
        dict
            Of plain Python values.
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

    Two solutions are equal if everything but the time that they took is.

    Attributes
    ----------
    algorithm : str
        The algorithm, or the chain, as ``"omp+sea"``.
    n : int
        Columns of A, the length of x.
    support : ndarray of int, shape (s,)
        S, sorted, counted from 0; at most k indices.
    coefficients : ndarray of shape (s,), or (s, B) for a joint support
        x on S, in the scale of A. A column dependent on others of the support has coefficient 0.
    residual_norm : float
        ‖y − A x‖.
    relative_residual : float
        ‖y − A x‖ / ‖y‖ (0 for y = 0).
    objective : float
        ½‖y − A x‖².
    iterations : int
        Iterations of the algorithm (of the last link of a chain). Iteration 0 is the start.
    best_iteration : int
        The iteration that reached this point.
    supports_explored : int
        Distinct supports at which the run has been, starting algorithms included.
    stop_reason : str
        ``"finished"``, ``"exact_fit"``, ``"budget"`` (all iterations of the algorithm's default budget),
        ``"iterations"``, ``"supports"``, ``"relative_residual"``, ``"relative_residual_missed"`` (it ended before that
        was reached), ``"stagnation"``, ``"time"``, ``"interrupted"`` (a call-back asked to end) or ``"diverged"``; of
        estimators that choose k, ``"nothing_found"`` if that is 0.
    counts : mapping of str to int
        What the run cost: ``applies``, ``adjoints``, ``columns`` (of the Gram matrix), ``joins``, ``leaves``,
        ``refactorisations``, ``refinements``, ``orthogonalisations``, ``dependent_columns``.
    elapsed : float
        Seconds, starting algorithms included.
    memory : int
        Bytes held at the end for what ``memory=`` limits: Gram columns (or a sparse A by rows), remembered fits, and
        what the algorithms keep; what an earlier run of a batch left is among them.
    trace : Trace or None
        Every step, if it was asked for.
    report : ExplorationReport or None
        What was explored, if it was asked for.
    names : tuple or None
        The names of the columns of A, if it was a frame.
    groups : tuple or None
        The labels of the groups in the support, in the order of their first columns, if there are groups.
    intercept : float, complex or ndarray
        The constant of the model; 0.0 if it has none. Of a joint support an array of B constants.
    fixed : ndarray of int
        The fixed columns, sorted. They are neither in ``support`` nor counted in k, but in ``x``.
    fixed_coefficients : ndarray
        Their coefficients, in the scale of A; of a joint support a row of B for each.
    has_intercept : bool
        Whether the model has an intercept.
    positions : ndarray of int, pair of ndarray of int, or None
        Where the spikes of a `Convolution` lie in y, in the order of the support: samples, or rows and columns of an
        image, so that ``y[solution.positions]`` are the data there; None for any other A. See
        `Convolution.positions`: with boundary ``"full"`` or ``"valid"`` they differ from the support.
    image_shape : pair of int or None
        (H, W) of the image x, if A is a `Convolution` of images.

    Notes
    -----
    With an intercept c, fixed columns, weights w or a ridge λ, r = y − A x − c, and ``residual_norm`` is
    ``√(Σ w_i |r_i|²)``, without the ridge. ``relative_residual`` is that relative to the same number where nothing is
    chosen, so that intercept and fixed columns alone explain y. ``objective`` is ``½ Σ w_i |r_i|² + ½ λ‖x_S‖²``.
    Traces, reports and the option ``relative_residual`` take the root of twice the objective for ‖r‖.
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
        """x as an image, a new array of shape ``image_shape``; None if A is not of images."""
        return None if self.image_shape is None else self.x.reshape(self.image_shape)

    @property
    def x(self) -> Array:
        """x as a full vector of n numbers, fixed columns included, a new array; of a joint support of shape (n, B)."""
        x: Array = np.zeros((self.n, *self.coefficients.shape[1:]), dtype=self.coefficients.dtype)
        if len(self.fixed):
            x[self.fixed] = self.fixed_coefficients
        x[self.support] = self.coefficients
        return x

    @property
    def support_names_(self) -> tuple[Any, ...] | None:
        """The names of the columns of the support, if A was a frame."""
        return None if self.names is None else tuple(self.names[j] for j in self.support)

    @property
    def stand_in_names_(self) -> tuple[tuple[tuple[Any, ...], int], ...] | None:
        """The names and the count of each set in ``report.stand_ins``, if A was a frame and there is a report."""
        if self.names is None or self.report is None:
            return None
        return tuple((tuple(self.names[j] for j in row.columns), row.count) for row in self.report.stand_ins)

    def to_dict(self) -> dict[str, Any]:
        """The solution with the keys and values of the command's ``--json``.

        Returns
        -------
        dict
            Of plain Python values. Complex coefficients are pairs [re, im].
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
    """The solutions of a batch, one for each column of Y, in their order.

    Attributes
    ----------
    x : ndarray of shape (n, B)
        Every x as a column.
    supports : list of ndarray
        Every support.
    positions : list
        Where the spikes of each solution lie, see `Solution`.
    residual_norms : ndarray of shape (B,)
        Every ‖y − A x‖.
    intercepts : ndarray of shape (B,)
        Every intercept.
    """

    __slots__ = ("_solutions",)

    def __init__(self, solutions: Sequence[Solution]) -> None:
        self._solutions = tuple(solutions)

    @property
    def x(self) -> Array:
        """Every x as a column, shape (n, B)."""
        return np.stack([solution.x for solution in self._solutions], axis=1)

    @property
    def supports(self) -> list[Array]:
        """Every support."""
        return [solution.support for solution in self._solutions]

    @property
    def positions(self) -> list[Any]:
        """Where the spikes of each solution lie in its column of Y, if A is a `Convolution`."""
        return [solution.positions for solution in self._solutions]

    @property
    def residual_norms(self) -> Array:
        """Every ‖y − A x‖, shape (B,)."""
        return np.array([solution.residual_norm for solution in self._solutions])

    @property
    def intercepts(self) -> Array:
        """Every intercept, shape (B,)."""
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
