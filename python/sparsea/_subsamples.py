"""How often columns are chosen on halves of the rows, and a bound on the number of false selections."""

from __future__ import annotations

import copy
import os
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._core import as_whole
from ._errors import InvalidTypeError, InvalidValueError
from ._input import Array, Operator, as_number, shown
from ._model import Model
from ._progress import counter
from ._run import solve_once
from ._solution import Solution, _frozen, _Record

SCHEMES = ("complementary", "half")
MOST = 1_000_000
"""Halves, or resampled data, at most."""
# What concerns a single run, of which only the support is kept.
_REFUSED = ("start", "callback", "report", "trace")
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Stability(_Record):
    """How often each column is chosen on random halves of the rows.

    Attributes
    ----------
    frequencies : ndarray of float, shape (n,)
        The fraction of the subsamples on which each column is chosen. With groups, an array of shape (G,) for the
        groups, in the order of their first columns. Fixed and excluded columns have 0.
    threshold : float
        The threshold π, above 1/2. A column is selected if its frequency is at least π.
    k : int
        Number of columns (or groups) that each subsample chooses.
    subsamples : int
        Number of subsamples, N.
    scheme : str
        ``"complementary"`` or ``"half"``; see `stability`.
    seed : int
        The seed of the halves.
    algorithm : str
        The algorithm or chain.
    candidates : int
        p, the number of columns (or groups) that may be chosen, which are neither fixed nor excluded.
    incomplete : int
        Number of subsamples on which fewer than k columns were chosen because no further one lowers the residual: y is
        explained exactly, columns depend on each other, or coefficients have bounds. If it is 0, the frequencies sum to
        k.
    rows_used : ndarray of int
        The rows that are halved: all except gaps and those of weight 0.
    names : tuple or None
        The column names of A, if A was a data frame.
    groups : tuple or None
        The labels of the groups, if there are groups.

    Notes
    -----
    Two theorems bound the expected number of falsely selected columns; see `bound`.
    """

    frequencies: Array
    threshold: float
    k: int
    subsamples: int
    scheme: str
    seed: int
    algorithm: str
    candidates: int
    incomplete: int
    rows_used: Array
    names: tuple[Any, ...] | None = None
    groups: tuple[Any, ...] | None = None

    @property
    def selected(self) -> Array:
        """The columns (or numbers of groups) whose frequency is at least the threshold, sorted."""
        return self.select(self.threshold)

    @property
    def selected_names_(self) -> tuple[Any, ...] | None:
        """The labels of the selected groups, or the names of the selected columns if A was a data frame."""
        labels = self.names if self.groups is None else self.groups
        return None if labels is None else tuple(labels[j] for j in self.selected)

    @property
    def expected_false(self) -> float:
        """The bound on the expected number of false selections at the threshold; see `bound`."""
        return self.bound()

    def select(self, threshold: float) -> Array:
        """Select columns at another threshold.

        Parameters
        ----------
        threshold : float
            Above 1/2 and at most 1.

        Returns
        -------
        ndarray of int
            The columns (or numbers of groups) whose frequency is at least that, sorted.
        """
        return np.flatnonzero(self.frequencies >= as_threshold(threshold))

    def bound(self, threshold: float | None = None, *, unimodal: bool = False) -> float:
        """Bound the expected number of false selections.

        Parameters
        ----------
        threshold : float, optional
            π, above 1/2 and at most 1. Default: ``self.threshold``.
        unimodal : bool
            Whether to assume that simultaneous selections have a unimodal distribution, which lowers the bound. It
            requires complementary pairs.

        Returns
        -------
        float
            A bound on E V, where V is the number of false selections.

        Raises
        ------
        ValueError
            If the threshold is out of its range, or ``unimodal`` is asked for without complementary pairs.

        Notes
        -----
        With k of p candidates chosen on each half, and π a possible frequency (a threshold between two frequencies
        selects what the upper one does):

        E V ≤ k² / ((2π − 1) p).

        For complementary pairs this is Theorem 1 of Shah & Samworth. There, a selection is false if its column is
        chosen on a random half with probability at most θ = k/p, as if by chance. The bound holds for any number of
        pairs, and assumes only that the rows are independent and identically distributed. If the columns on which y
        does not depend are exchangeable, and are chosen no more often than the others, then their selections are false
        in this sense. Under these two conditions the bound is Theorem 1 of Meinshausen & Bühlmann, for the
        probabilities that the frequencies of ``"half"`` estimate.

        With ``unimodal``, B pairs and π one of 1/2 + 1/B, 1/2 + 3/(2B), …, 1, Theorem 2 of Shah & Samworth states for
        θ ≤ 1/√3:

        E V ≤ C θ k, where C = 1 / (2 (2π − 1 − 1/(2B))) up to π = 3/4, and 4 (1 − π + 1/(2B)) / (1 + 1/B) above.

        It assumes that the fraction of pairs in which both halves choose a column has a unimodal distribution, for
        every column whose selection is false. It requires π > min(1/2 + θ², 1/2 + 1/(2B) + 3θ²/4). Where it does not
        apply, the first bound is returned.
        """
        level = self.threshold if threshold is None else as_threshold(threshold)
        is_paired = self.scheme == "complementary"
        if _core.as_flag("unimodal", unimodal) and not is_paired:
            raise InvalidValueError(
                f"the bound for unimodal distributions needs complementary pairs, not {self.scheme}"
            )
        return _core.false_selections(level, self.subsamples, self.k, self.candidates, is_paired, unimodal)

    def threshold_for(self, expected_false: float, *, unimodal: bool = False) -> float:
        """Find the lowest threshold that bounds the expected number of false selections by a given number.

        Parameters
        ----------
        expected_false : float
            The largest allowed value of `bound`, above 0.
        unimodal : bool
            See `bound`.

        Returns
        -------
        float
            The lowest possible frequency above 1/2 whose bound is at most that.

        Raises
        ------
        ValueError
            If no threshold has such a bound; then choose a smaller k.
        """
        rule = "a finite number above 0"
        most = as_number("expected_false", rule, expected_false, lambda v: 0 < v < np.inf)
        N = self.subsamples
        counts = range(N // 2 + 1, N + 1)
        at = bisect_left(counts, True, key=lambda c: self.bound(c / N, unimodal=unimodal) <= most)
        if at == len(counts):
            least = self.bound(1.0, unimodal=unimodal)
            raise InvalidValueError(
                f"no threshold bounds the expected false selections by {shown(expected_false)}: at 1 the bound is "
                f"{least:.4g} for k = {self.k}; choose a smaller k"
            )
        return counts[at] / N

    def rows(self, subsample: int) -> Array:
        """Return the rows of a subsample.

        Parameters
        ----------
        subsample : int
            Its number, from 0. For complementary pairs, 2 i and 2 i + 1 are a pair.

        Returns
        -------
        ndarray of int
            The rows of A, sorted.

        Raises
        ------
        ValueError
            If there is no such subsample.
        """
        number = as_whole("subsample", subsample, 0, self.subsamples - 1)
        return _half(self.rows_used, self.seed, self.scheme, number)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a dictionary.

        Returns
        -------
        dict
            Plain Python values, including the bound for unimodal distributions if there is one.
        """
        answer: dict[str, Any] = {
            "algorithm": self.algorithm,
            "k": self.k,
            "subsamples": self.subsamples,
            "scheme": self.scheme,
            "seed": self.seed,
            "candidates": self.candidates,
            "incomplete": self.incomplete,
            "frequencies": self.frequencies.tolist(),
            "threshold": self.threshold,
            "selected": self.selected.tolist(),
            "expected_false": self.expected_false,
        }
        if self.scheme == "complementary":
            answer["expected_false_unimodal"] = self.bound(unimodal=True)
        if self.groups is not None:
            answer["groups"] = list(self.groups)
        return answer

    def __repr__(self) -> str:
        labels = self.selected_names_
        words = [str(word) for word in (self.selected if labels is None else labels)]
        text = ", ".join(words[:_SHOWN]) + (f", … {len(words) - _SHOWN} more" if len(words) > _SHOWN else "")
        fewer = f", fewer than k on {self.incomplete}" if self.incomplete else ""
        return (
            f"<Stability of k = {self.k} on {self.subsamples} halves{fewer}: selected [{text}] of {self.candidates} "
            f"at {self.threshold:.4g}, at most {self.expected_false:.3g} expected false>"
        )


def as_threshold(given: Any) -> float:
    """Read a frequency from which on columns are selected."""
    return as_number("threshold", "above 0.5 and at most 1", given, lambda v: 0.5 < v <= 1)


def _half(rows: Array, seed: int, scheme: str, subsample: int) -> Array:
    """The rows of a subsample, sorted."""
    return _core.half_of_rows(rows.astype(np.int64), seed, scheme == "complementary", subsample)


def subsampled(
    operator: Operator,
    data: Array,
    model: Model | None,
    codes: Array | None,
    labels: tuple[Any, ...] | None,
    k: Any,
    subsamples: Any,
    scheme: Any,
    seed: Any,
    threshold: Any,
    options: dict[str, Any],
) -> Stability:
    """Solve on every subsample and count; A, y and the options of the problem are checked already.

    `codes` are numbers of groups by column, `labels` those of groups.
    """
    for word in _REFUSED:
        if word in options:
            raise InvalidTypeError(f"stability takes no {word}: of its many runs it keeps the supports alone")
    if operator.holds_data:
        raise InvalidValueError("stability needs the rows of A and y, which sufficient statistics do not have")
    joint = options["joint"]
    if data.ndim != 1 and not joint:
        raise InvalidValueError(
            f"y has shape {data.shape}; stability is of one vector at a time, or of several with joint=True"
        )
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise InvalidValueError(f"scheme must be 'complementary' or 'half', got {shown(scheme)}")
    count = as_whole("subsamples", subsamples, 1, MOST)
    if scheme == "complementary" and count % 2:
        raise InvalidValueError(f"subsamples must be even, two for each complementary pair, got {count}")
    seed = as_whole("seed", seed, 0)
    threshold = as_threshold(threshold)
    rows = rows_used(data, model)
    size = as_whole("k", k, 1)
    if len(rows) < 2:
        raise InvalidValueError(f"stability needs at least 2 rows that count, got {len(rows)}")
    candidates = _candidates(operator.shape[1], model, codes)
    # Groups may have more columns than there are rows, and with a ridge there may be more columns of them.
    plain = codes is None and (model is None or model.ridge == 0)
    limit, what = candidates, "the columns that may be chosen" if codes is None else "the groups that may be chosen"
    if plain and len(rows) // 2 < candidates:
        limit, what = len(rows) // 2, f"half of {len(rows)} rows"
    if size > limit:
        raise InvalidValueError(f"k must be between 1 and {limit} ({what}), got {size}")

    part = _restriction(operator, data, model)
    if codes is not None:
        options["groups"] = codes
    threads, progress = options.pop("threads", None), options.pop("progress", False)

    def run(subsample: int, threads: Any) -> Solution:
        made = part(_half(rows, seed, scheme, subsample))
        given = {**options, "threads": threads}
        solution: Solution = solve_once(made[0], made[1], size, None, given, (made[2], False))
        return solution

    alone = operator.is_called
    counts = np.zeros(operator.shape[1] if labels is None else len(labels), dtype=np.int64)
    incomplete = 0
    algorithm = ""
    with counter(progress, count, "subsample") as show:
        for done, solution in enumerate(_in_order(run, count, threads, alone), 1):
            chosen = solution.support if labels is None else np.array(solution.groups, dtype=np.int64)
            counts[chosen] += 1
            incomplete += len(chosen) < size
            algorithm = solution.algorithm
            show(done, algorithm)
    return Stability(
        frequencies=_frozen(counts / count),
        threshold=threshold,
        k=size,
        subsamples=count,
        scheme=scheme,
        seed=seed,
        algorithm=algorithm,
        candidates=candidates,
        incomplete=incomplete,
        rows_used=_frozen(rows),
        names=operator.names,
        groups=labels,
    )


def rows_used(data: Array, model: Model | None) -> Array:
    """The rows that have a weight above 0 somewhere."""
    if model is None:
        return np.arange(len(data))
    used = np.zeros(len(data), dtype=bool)
    for weights, _ in model.groups(data):
        used |= True if weights is None else weights > 0
    return np.flatnonzero(used)


def _candidates(columns: int, model: Model | None, codes: Array | None) -> int:
    """How many columns or groups may be chosen."""
    free = np.ones(columns, dtype=bool)
    if model is not None:
        free[model.fixed] = False
        free[model.excluded] = False
    return int(np.count_nonzero(free)) if codes is None else len(np.unique(codes[free]))


def _restriction(
    operator: Operator, data: Array, model: Model | None
) -> Callable[[Array], tuple[Operator, Array, Model | None]]:
    """What restricts A, y and the model to some rows.

    Rows of a matrix are copied, which a run pays back several times; any other A keeps all, with weight 0 for the rest.
    """
    whole = operator.rows
    if whole is not None:

        def sliced(rows: Array) -> tuple[Operator, Array, Model | None]:
            values = whole[rows]
            fewer = copy.copy(model)
            if fewer is not None and fewer.weights is not None:
                fewer.weights = fewer.weights[rows]
            return Operator(values, values.shape, operator.dtype), data[rows], fewer

        return sliced

    base = Model(operator, {}) if model is None else model

    def weighted(rows: Array) -> tuple[Operator, Array, Model | None]:
        weights = np.zeros(data.shape if base.weights is not None and base.weights.ndim == 2 else len(data))
        weights[rows] = 1.0 if base.weights is None else base.weights[rows]
        fewer = copy.copy(base)
        fewer.weights = weights
        return operator, data, fewer

    return weighted


def _in_order(run: Callable[[int, Any], Solution], count: int, threads: Any, alone: bool) -> Iterator[Solution]:
    """The solutions of all subsamples in their order, from several threads unless they must be `alone`."""
    # In the thread of the caller, so that what is refused is refused before there are others.
    yield run(0, threads)
    workers = min(count - 1, _threads(threads))
    if alone or workers < 2:
        for subsample in range(1, count):
            yield run(subsample, threads)
        return
    # It takes a tenth of the time of importing sparsea.
    from concurrent.futures import Future, ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers, thread_name_prefix="sparsea")
    waiting: deque[Future[Solution]] = deque()
    try:
        for subsample in range(1, count):
            waiting.append(pool.submit(run, subsample, 1))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # After Ctrl-C nobody waits for runs in progress; each ends by itself.
        pool.shutdown(wait=False, cancel_futures=True)


def _threads(threads: Any) -> int:
    """As many as a run would take; those that are given were checked by the first run."""
    if threads is not None:
        return int(threads)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("RAYON_NUM_THREADS", "")
    return min(int(asked), max(cores, 256)) if asked.isdecimal() and int(asked[:9]) > 0 else cores
