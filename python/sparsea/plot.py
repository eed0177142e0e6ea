"""Plots of solutions, runs and studies with Matplotlib (the extra ``[plot]``).

Every function draws into the given axes, or into new ones, and returns them. No function shows or saves a figure.
Algorithms have the same colours as in the command's plots.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ._core import as_whole
from ._deconvolve import blur, blur_image, level_of, pixels_of, samples_of
from ._errors import InvalidTypeError, InvalidValueError
from ._input import Array, as_data, as_number, as_vector, shown
from ._solution import ExplorationReport, Solution, Trace
from ._style import BASELINE, DATA, TEXT, curve_style
from ._subsamples import Stability

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.axes import Axes

__all__ = [
    "algorithm_color",
    "coefficients",
    "deconvolution",
    "image",
    "path",
    "phase_transition",
    "report",
    "stability",
    "trace",
]

# The objective of an exact fit, ‖r‖ ≤ 128 ε‖y‖, in units of ½‖y‖².
_EXACT = float((128 * np.finfo(float).eps) ** 2)
_CRITERIA = {
    "aic": ("AIC", "#d55e00"),
    "bic": ("BIC", "#009e73"),
    "ebic": ("EBIC", "#cc79a7"),
    "cp": ("Cp", "#e69f00"),
    "aicc": ("AICc", "#56b4e9"),
    "loo": ("LOO", "#000000"),
}


def algorithm_color(name: str) -> str:
    """Return the colour of an algorithm or chain, the same in every plot.

    Parameters
    ----------
    name : str
        The name, such as ``"sea"`` or ``"omp+sea"``. An unknown name has a colour too, always the same.

    Returns
    -------
    str
        The colour, such as ``"#0072b2"``.

    Raises
    ------
    TypeError
        If the name is not a string.

    Examples
    --------
    >>> from sparsea.plot import algorithm_color
    >>> algorithm_color("sea")
    '#0072b2'
    """
    if not isinstance(name, str):
        raise InvalidTypeError(f"name must be that of an algorithm or a chain, got {shown(name)}")
    return curve_style(name).color


def deconvolution(
    y: Any,
    kernel: Any,
    solution: Solution,
    *,
    boundary: Literal["same", "full", "valid", "circular"] = "same",
    origin: int | None = None,
    baseline: str = "none",
    truth: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot a trace, the spikes found in it, and their convolution with the kernel.

    Parameters
    ----------
    y : array_like of shape (m,)
        The trace; real.
    kernel, boundary, origin, baseline
        The arguments that were given to `sparsea.deconvolve`.
    solution : Solution
        The solution that it returned.
    truth : array_like of shape (n,), optional
        The true spikes, for comparison.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into. Default: new axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, over the samples of the trace. Each spike is drawn at the peak of its pulse, with the height of that
        peak: x_j h, where h is the kernel sample of largest modulus.

    Raises
    ------
    ValueError
        If lengths do not match, y is complex, or the kernel or baseline is invalid.
    TypeError
        If an argument does not hold numbers.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> from sparsea import plot
    >>> x = np.zeros(100)
    >>> x[[20, 60]] = [1.5, -2.0]
    >>> y = np.convolve(x, sparsea.gaussian(3.0), mode="same")
    >>> ax = plot.deconvolution(y, "gaussian:3", sparsea.deconvolve(y, "gaussian:3", 2), truth=x)
    >>> ax.get_xlabel()
    'sample i'
    """
    _check_solution(solution)
    data = as_vector("y", y)
    samples = samples_of(kernel, len(data))
    if np.iscomplexobj(data) or np.iscomplexobj(samples) or np.iscomplexobj(solution.coefficients):
        raise InvalidValueError("deconvolution draws real traces; draw complex spikes by coefficients")
    operator = blur(samples, len(data), boundary, origin)
    columns = operator.shape[1]
    if solution.n != columns:
        raise InvalidValueError(f"the solution has {solution.n} entries, but the convolution has {columns} columns")
    data = data - level_of(data, baseline)
    peak = int(np.argmax(np.abs(samples)))
    # Where the peak of column 0 lies, counted in rows.
    first = {"full": peak, "valid": peak - (len(samples) - 1)}.get(
        boundary, peak - (peak if origin is None else origin)
    )

    def stems(places: Array, values: Array) -> tuple[Array, Array]:
        rows = places + first
        return (rows % len(data) if boundary == "circular" else rows), values * samples[peak]

    ax = _axes(ax)
    color = algorithm_color(solution.algorithm)
    ax.plot(data, color=DATA, linewidth=1.0, label="data y")
    ax.plot(operator.matvec(solution.x), color=color, alpha=0.6, linewidth=1.6, label=f"fit A x ({solution.algorithm})")
    if truth is not None:
        x = _truth(truth, columns)
        places = np.flatnonzero(x)
        _circles(ax, *stems(places, x[places]))
    _stems(ax, *stems(solution.support, solution.coefficients), color, "spikes x")
    ax.set(xlabel="sample i", ylabel="y, A x, x")
    ax.legend()
    return ax


def image(
    y: Any,
    kernel: Any,
    solution: Solution,
    *,
    boundary: Literal["same", "full", "valid", "circular"] = "same",
    origin: tuple[int, int] | None = None,
    baseline: str = "none",
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, Axes, Axes]:
    """Plot an image with the points found in it, the fit, and the residual.

    Parameters
    ----------
    y : array_like of shape (M, M')
        The image; real.
    kernel, boundary, origin, baseline
        The arguments that were given to `sparsea.deconvolve`.
    solution : Solution
        The solution that it returned.
    axes : sequence of three matplotlib.axes.Axes, optional
        The axes to draw into. Default: new axes, side by side.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes of the data y, the fit A x and the residual y − A x, with row 0 on top. Data and fit share one colour
        scale. Rings mark the points found (`Solution.positions`).

    Raises
    ------
    ValueError
        If shapes do not match, y is complex, or the kernel or baseline is invalid.
    TypeError
        If an argument does not hold numbers.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> from sparsea import plot
    >>> x = np.zeros((40, 40))
    >>> x[[5, 30], [20, 25]] = [1.0, 2.0]
    >>> A = sparsea.Convolution(np.outer(*[sparsea.gaussian(1.0)] * 2), shape=(40, 40), boundary="same")
    >>> y = A.matvec(x.ravel()).reshape(40, 40)
    >>> axes = plot.image(y, A.kernel, sparsea.deconvolve(y, A.kernel, 2))
    >>> axes[0].get_title()
    'data y, 2 found'
    """
    _check_solution(solution)
    data = as_data(y)
    if data.ndim != 2:
        raise InvalidValueError(f"y has shape {data.shape}; an image has two dimensions")
    shape = (data.shape[0], data.shape[1])
    pixels = pixels_of(kernel, shape)
    if np.iscomplexobj(data) or np.iscomplexobj(pixels) or np.iscomplexobj(solution.coefficients):
        raise InvalidValueError("image draws real images")
    operator = blur_image(pixels, shape, boundary, origin)
    if solution.n != operator.shape[1]:
        raise InvalidValueError(
            f"the solution has {solution.n} entries, but the convolution has {operator.shape[1]} columns"
        )
    data = data - level_of(data.ravel(), baseline)
    fit = operator.matvec(solution.x).reshape(shape)
    if axes is None:
        first = _axes(None)
        figure: Any = first.figure
        first.remove()
        figure.set_size_inches(12.0, 4.0)
        axes = figure.subplots(1, 3, sharex=True, sharey=True)
    if isinstance(axes, str) or not hasattr(axes, "__len__") or len(axes) != 3:
        raise InvalidTypeError(f"axes must be three axes of Matplotlib, got {shown(axes)}")
    one, two, three = (_axes(_given(ax)) for ax in axes)
    low, high = float(min(data.min(), fit.min())), float(max(data.max(), fit.max()))
    if not np.isfinite(2.0 * (high - low)):
        raise InvalidValueError("y holds numbers so far apart that they cannot be drawn")
    rows, columns = operator.positions(solution.support)
    titles = (f"data y, {len(rows)} found", f"fit A x ({solution.algorithm})", "residual y − A x")
    for ax, values, title in zip((one, two, three), (data, fit, data - fit), titles, strict=True):
        least, most = (None, None) if ax is three else (low, high)
        drawn = ax.imshow(values, interpolation="nearest", vmin=least, vmax=most)
        ax.figure.colorbar(drawn, ax=ax, fraction=0.05)
        ax.set(title=title, xlabel="column")
        if ax is not three:
            ax.plot(columns, rows, "o", color="#d55e00", markerfacecolor="none", markersize=8.0)
            ax.set(xlim=(-0.5, shape[1] - 0.5), ylim=(shape[0] - 0.5, -0.5))
    one.set_ylabel("row")
    return one, two, three


def coefficients(solution: Solution, *, truth: Any = None, ax: Axes | None = None) -> Axes:
    """Plot the coefficients of a solution as stems.

    Parameters
    ----------
    solution : Solution
        A solution of any problem. Complex coefficients are drawn by modulus. If A was a data frame, the axis shows the
        column names of the support (and of the true support).
    truth : array_like of shape (n,), optional
        The true x, drawn as circles.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into. Default: new axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, over all indices or over the names.

    Raises
    ------
    ValueError
        If the truth and x have different lengths.
    TypeError
        If the truth does not hold numbers.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> from sparsea import plot
    >>> A = np.random.default_rng(0).standard_normal((30, 80))
    >>> ax = plot.coefficients(sparsea.solve(A, A[:, 3] - 2 * A[:, 40], 2))
    >>> [float(x) for x in ax.containers[0].markerline.get_xdata()]
    [3.0, 40.0]
    """
    _check_solution(solution)
    x = None if truth is None else _truth(truth, solution.n)
    is_complex = np.iscomplexobj(solution.coefficients) or (x is not None and np.iscomplexobj(x))

    def heights(values: Array) -> Array:
        return np.abs(values) if is_complex else values

    support = solution.support
    true_support = np.array([], dtype=np.int64) if x is None else np.flatnonzero(x)
    ax = _axes(ax)
    if solution.names is None:
        places, true_places = support, true_support
        ax.set_xlim(-0.5, solution.n - 0.5)
        ax.set_xlabel("index j")
    else:
        shown = np.union1d(support, true_support)
        places, true_places = np.searchsorted(shown, support), np.searchsorted(shown, true_support)
        ax.set_xticks(range(len(shown)), [str(solution.names[j]) for j in shown], rotation=45, ha="right")
        ax.set_xlim(-0.5, max(len(shown), 1) - 0.5)
    if x is not None:
        _circles(ax, true_places, heights(x[true_support]))
    color = algorithm_color(solution.algorithm)
    _stems(ax, places, heights(solution.coefficients), color, f"found ({solution.algorithm})")
    ax.axhline(0, color=BASELINE, linewidth=0.8, zorder=0)
    ax.set_ylabel("|x_j|" if is_complex else "x_j")
    ax.legend()
    return ax


def trace(
    runs: Solution | Trace | Sequence[Solution | Trace],
    *,
    against: Literal["iteration", "elapsed"] = "iteration",
    ax: Axes | None = None,
) -> Axes:
    """Plot the current and the best objective along one or several runs.

    Parameters
    ----------
    runs : Solution, Trace, or a sequence of them
        Runs recorded with ``trace=True``.
    against : {"iteration", "elapsed"}
        The horizontal axis: iterations (for a chain, those of all its links in sequence) or seconds.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into. Default: new axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with a thick line for the best objective so far and a pale one for the current objective. The vertical
        scale is logarithmic. Its lower end is above exact fits, whose objective is only rounding.

    Raises
    ------
    ValueError
        If a solution has no trace, there is no trace at all, or ``against`` is another word.
    TypeError
        If an argument has the wrong type.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> from sparsea import plot
    >>> rng = np.random.default_rng(0)
    >>> A, y = rng.standard_normal((30, 80)), rng.standard_normal(30)
    >>> chains = ("sea", "omp+sea")
    >>> ax = plot.trace([sparsea.solve(A, y, 8, algorithm=chain, trace=True) for chain in chains])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['sea', 'omp+sea']
    """
    if not isinstance(against, str) or against not in {"iteration", "elapsed"}:
        raise InvalidValueError(f"against must be iteration or elapsed, got {shown(against)}")
    given = [runs] if isinstance(runs, (Solution, Trace)) else _listed("runs", runs)
    if not given:
        raise InvalidValueError("there is no trace to draw")
    traces = [_trace_of(run) for run in given]
    ax = _axes(ax)
    for label, record in traces:
        color = algorithm_color(label)
        along = _iterations(record) if against == "iteration" else record.elapsed
        ax.step(along, record.objective, where="post", color=color, linewidth=0.9, alpha=0.4)
        ax.step(along, record.best_objective, where="post", color=color, linewidth=2.0, label=label)
    objectives = np.concatenate([record.objective for _, record in traces])
    seen = objectives[objectives > _EXACT * objectives.max()]
    ax.set_yscale("log")
    if len(seen) > 0:
        ax.set_ylim(seen.min() / 1.5, seen.max() * 1.5)
    ax.set(xlabel="iteration t" if against == "iteration" else "time (s)", ylabel="½‖y − A x‖²")
    ax.legend(title="best so far")
    return ax


def path(path: Any, *, criteria: Iterable[str] | None = None, ax: Axes | None = None) -> Axes:
    """Plot the residual, and criteria for choosing k, against k.

    Parameters
    ----------
    path : sequence of Solution, or a fitted sparsea.sklearn.SparsityPath or SparseRegressorCV
        Solutions for several k, in any order; k is the number of their non-zero coefficients. For a
        `SparseRegressorCV`, the mean cross-validation errors are drawn with one standard error.
    criteria : iterable of {"aic", "bic", "ebic", "cp", "aicc", "loo"}, optional
        The criteria to draw for a `SparsityPath`, each relative to its minimum; LOO is ``corrected_loo_``. Default:
        AIC, BIC and EBIC, plus AICc if it chose k; only Cp or LOO if that chose k. A sequence of solutions has no
        criteria.
    ax : matplotlib.axes.Axes, optional
        The axes in which to draw the residual. Default: new axes. Criteria are drawn into separate axes with the scale
        on the right, the last of ``ax.figure.axes``.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the residual. A dotted line marks the k that an estimator chose.

    Raises
    ------
    ValueError
        If there is no solution, or a criterion is unknown.
    TypeError
        If an argument has the wrong type.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> from sparsea import plot
    >>> rng = np.random.default_rng(0)
    >>> A, y = rng.standard_normal((30, 80)), rng.standard_normal(30)
    >>> ax = plot.path([sparsea.solve(A, y, k, algorithm="omp") for k in range(1, 6)])
    >>> [float(k) for k in ax.lines[0].get_xdata()]
    [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    fitted = hasattr(path, "path_")
    validated = hasattr(path, "cv_results_")
    solutions = _listed("path", path.path_ if fitted else path)
    if not solutions:
        raise InvalidValueError("there is no solution to draw")
    for solution in solutions:
        if not isinstance(solution, Solution):
            raise InvalidTypeError(f"a path holds solutions, got {type(solution).__name__}")
    wanted = _criteria(path, fitted and not validated, criteria)
    sizes = np.arange(len(solutions)) if fitted else np.array([np.count_nonzero(s.coefficients) for s in solutions])
    order = np.argsort(sizes, kind="stable")
    ax = _axes(ax)
    color = algorithm_color(solutions[-1].algorithm)
    residuals = np.array([solution.relative_residual for solution in solutions])
    ax.plot(sizes[order], residuals[order], color=color, marker="o", markersize=4, label="‖y − A x‖/‖y‖")
    ax.set(xlabel="k", ylabel="‖y − A x‖/‖y‖")
    ax.locator_params(axis="x", integer=True)
    if wanted:
        other = ax.twinx()
        for name in wanted:
            label, shade = _CRITERIA[name]
            values = _values(path, name)
            other.plot(sizes, values - np.nanmin(values), color=shade, marker=".", linewidth=1.2, label=label)
        other.set_ylabel("criterion − its least value")
        other.set_ylim(bottom=-0.02 * other.get_ylim()[1])
    if validated:
        other = ax.twinx()
        scores = path.cv_results_
        errors = scores["std_test_score"] / np.sqrt(max(path.mse_path_.shape[1] - 1, 1))
        style: dict[str, Any] = {"color": _CRITERIA["loo"][1], "marker": ".", "linewidth": 1.2, "elinewidth": 0.8}
        other.errorbar(sizes, -scores["mean_test_score"], errors, label="error of cross-validation", **style)
        other.set_ylabel("mean squared error on samples left out")
    if fitted:
        by = "cross-validation" if validated else _CRITERIA[path.criterion][0]
        chosen = f"k = {path.n_nonzero_coefs_} by {by}"
        ax.axvline(path.n_nonzero_coefs_, color=TEXT, linestyle=":", linewidth=1.0, label=chosen)
    handles, labels = ax.get_legend_handles_labels()
    if wanted or validated:
        more = other.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
        # In front of the curves of both.
        other.legend(handles, labels, loc="upper right")
    else:
        ax.legend(handles, labels, loc="upper right")
    return ax


def report(report: Solution | ExplorationReport, *, most: int = 25, ax: Axes | None = None) -> Axes:
    """Plot how often each column occurs in near-ties, with the column most similar to it.

    Parameters
    ----------
    report : Solution or ExplorationReport
        The report recorded with ``report=True``. For a solution with column names, the names are shown.
    most : int
        The largest number of columns to draw; the most frequent come first.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into. Default: new axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with one bar for each column, filled if the column is in the best support. The end of the bar shows
        the column most correlated with it, and |cos| of the angle between the two.

    Raises
    ------
    ValueError
        If there is no report, or ``most`` is less than 1.
    TypeError
        If an argument has the wrong type.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> from sparsea import plot
    >>> rng = np.random.default_rng(0)
    >>> A, y = rng.standard_normal((30, 80)), rng.standard_normal(30)
    >>> ax = plot.report(sparsea.solve(A, y, 4, report=True))
    >>> ax.get_xlabel()
    'share of near-ties with j'
    """
    names: tuple[Any, ...] | None = None
    color = algorithm_color("search")
    found = report
    if isinstance(found, Solution):
        names, color, found = found.names, algorithm_color(found.algorithm), found.report  # type: ignore[assignment]
        if found is None:
            raise InvalidValueError("the solution has no report; solve with report=True")
    if not isinstance(found, ExplorationReport):
        raise InvalidTypeError(f"a Solution or ExplorationReport is needed, got {type(found).__name__}")
    most = as_whole("most", most, 1)

    def name(index: int) -> str:
        return str(index) if names is None else str(names[index])

    rows = found.indices[:most]
    new = ax is None
    ax = _axes(ax)
    if new:
        ax.figure.set_size_inches(6.4, 1.2 + 0.24 * max(len(rows), 6))  # type: ignore[union-attr]
    places = np.arange(len(rows))
    fills = [color if row.chosen else "white" for row in rows]
    ax.barh(places, [row.frequency for row in rows], color=fills, edgecolor=color, height=0.7)
    for place, row in enumerate(rows):
        if row.neighbour is not None:
            index, cosine = row.neighbour
            ax.text(row.frequency + 0.01, place, f"{name(index)} ({cosine:.2f})", va="center", size="small", color=TEXT)
    ax.set_yticks(places, [name(row.index) for row in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.3)
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.set(xlabel="share of near-ties with j", ylabel="column j")
    ties = f"{found.near_ties} of {found.distinct_supports} supports within {100 * found.margin:.4g} % of the best"
    ax.set_title(f"{ties}\nfilled: in the best; at the end: nearest column (|cos|)", size="medium")
    return ax


def stability(stability: Stability, *, most: int = 25, ax: Axes | None = None) -> Axes:
    """Plot how often each column is chosen on random halves of the rows, and which columns are selected.

    Parameters
    ----------
    stability : Stability
        The result of `sparsea.stability`. Column names are shown if A was a data frame, and labels if there are groups.
    most : int
        The largest number of columns to draw; the most frequent come first.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into. Default: new axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with one bar for each column that is chosen on some half, filled if the column is selected. The dotted
        line is the threshold. The grey one is k/p, the frequency of columns chosen by chance.

    Raises
    ------
    ValueError
        If ``most`` is less than 1.
    TypeError
        If an argument has the wrong type.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsea
    >>> from sparsea import plot
    >>> rng = np.random.default_rng(0)
    >>> A, y = rng.standard_normal((30, 80)), rng.standard_normal(30)
    >>> ax = plot.stability(sparsea.stability(A, y, 4))
    >>> ax.get_xlabel()
    'share of halves that choose j'
    """
    if not isinstance(stability, Stability):
        raise InvalidTypeError(f"a Stability is needed, got {type(stability).__name__}")
    most = as_whole("most", most, 1)
    labels = stability.names if stability.groups is None else stability.groups
    order = np.argsort(-stability.frequencies, kind="stable")
    rows = order[: min(most, np.count_nonzero(stability.frequencies))]
    color = algorithm_color(stability.algorithm)
    new = ax is None
    ax = _axes(ax)
    if new:
        ax.figure.set_size_inches(6.4, 1.2 + 0.24 * max(len(rows), 6))  # type: ignore[union-attr]
    chance, level = stability.k / stability.candidates, stability.threshold
    ax.axvline(chance, color=BASELINE, linewidth=1.0, label=f"by chance {chance:.3g}", zorder=0)
    places = np.arange(len(rows))
    shares = stability.frequencies[rows]
    fills = [color if share >= level else "white" for share in shares]
    ax.barh(places, shares, color=fills, edgecolor=color, height=0.7)
    ax.axvline(level, color=TEXT, linestyle=":", linewidth=1.0, label=f"threshold {level:.3g}")
    ax.set_yticks(places, [str(j) if labels is None else str(labels[j]) for j in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.02)
    ax.set_xticks(np.linspace(0, 1, 6))
    kind = "column" if stability.groups is None else "group"
    ax.set(xlabel="share of halves that choose j", ylabel=f"{kind} j")
    false = f"filled: selected, at most {stability.expected_false:.3g} of them expected false"
    ax.set_title(f"k = {stability.k} on each of {stability.subsamples} halves\n{false}", size="medium")
    ax.legend(loc="lower right")
    return ax


def phase_transition(
    store: str | PathLike[str],
    *,
    level: float | None = None,
    algorithms: Iterable[str] | None = None,
    where: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the largest k/m with exact recovery of the support against m/n, from the results of ``sparsea sweep``.

    Parameters
    ----------
    store : path
        The file ``NAME.sqlite`` of a study, finished or not.
    level : float, optional
        The rate of exact recovery that counts as success, above 0 and below 1. Default: that of the study, or 0.95.
    algorithms : iterable of str, optional
        The labels to draw, in this order. Default: all of the study.
    where : mapping, optional
        Selects the problems, if the study has several kinds: values of ``family``, ``n``, ``parameter`` or ``snr_db``,
        such as ``{"n": 64}``.
    ax : matplotlib.axes.Axes, optional
        The axes to draw into. Default: new axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with one curve for each algorithm. The curve passes between two neighbouring k, one that succeeds and
        one that fails, at the point where the line through their rates meets the level. There is no point if the store
        does not hold both.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not the store of a study; if it lacks the problems or algorithms asked for, or holds several
        kinds of problems; or if the level is out of range.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from sparsea import plot
    >>> ax = plot.phase_transition("phase-transition.sqlite", algorithms=["omp", "sea"])  # doctest: +SKIP
    """
    if level is not None:
        level = as_number("level", "above 0 and below 1", level, lambda level: 0 < level < 1)
    if not isinstance(store, (str, os.PathLike)):
        raise InvalidTypeError(f"store must be the path of a file, got {shown(store)}")
    if where is not None and not isinstance(where, Mapping):
        raise InvalidTypeError(f"where must be a dictionary, such as {{'n': 64}}, got {shown(where)}")
    study, labels, rows = _read(Path(store), dict(where or {}))
    if level is None:
        level = float((study.get("transition") or {}).get("level", 0.95))
    wanted = labels if algorithms is None else _listed("algorithms", algorithms)
    for label in wanted:
        if label not in labels:
            raise InvalidValueError(f"{store} has no algorithm '{label}'; it has {', '.join(labels)}")
    rates: dict[tuple[str, int, int], dict[int, float]] = {}
    for label, m, n, k, rate in rows:
        rates.setdefault((label, m, n), {})[k] = rate
    ax = _axes(ax)
    for label in wanted:
        located = []
        for (_, m, n), of_k in sorted((key, of_k) for key, of_k in rates.items() if key[0] == label):
            where_it_ends = _location(of_k, min(m, n), level)
            if where_it_ends is not None:
                located.append((m / n, where_it_ends / m))
        ax.plot(*np.array(located).reshape(-1, 2).T, label=label, **curve_style(label).line())
    ax.set(xlabel="m/n", ylabel="k/m")
    ax.set_ylim(bottom=0)
    ax.legend(title=f"{100 * level:.4g} % recovered")
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        if not hasattr(ax, "axhline"):
            raise InvalidTypeError(f"ax must be axes of Matplotlib, got {shown(ax)}")
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("sparsea.plot needs Matplotlib: pip install 'sparsea[plot]'") from error
    return plt.subplots(layout="constrained")[1]


def _given(ax: Any) -> Any:
    """Axes that are given; None would be new ones."""
    if ax is None:
        raise InvalidTypeError("axes must be three axes of Matplotlib, got None among them")
    return ax


def _check_solution(given: Any) -> None:
    if not isinstance(given, Solution):
        raise InvalidTypeError(f"a Solution is needed, got {shown(given)}")


def _stems(ax: Axes, places: Array, values: Array, color: str, label: str) -> None:
    # Without a place there is no stem, but the legend still says what would be one.
    drawn = ax.stem(places, values, basefmt=" ", label=label)
    drawn.markerline.set(color=color, markersize=5.0)
    drawn.stemlines.set(color=color, linewidth=1.3)


def _circles(ax: Axes, places: Array, values: Array) -> None:
    ax.plot(places, values, "o", color=TEXT, markerfacecolor="none", markersize=9.0, markeredgewidth=1.1, label="truth")


def _listed(what: str, given: Any) -> list[Any]:
    if not isinstance(given, Iterable) or (isinstance(given, np.ndarray) and given.ndim == 0):
        raise InvalidTypeError(f"{what} must be a sequence, got {shown(given)}")
    return list(given)


def _truth(truth: Any, columns: int) -> Array:
    x = as_vector("truth", truth)
    if len(x) != columns:
        raise InvalidValueError(f"truth has {len(x)} entries, but A has {columns} columns")
    return x


def _trace_of(run: Any) -> tuple[str, Trace]:
    """The algorithm of a run, or the chain, and its trace."""
    if isinstance(run, Trace):
        return "+".join(dict.fromkeys(run.algorithm)), run
    if not isinstance(run, Solution):
        raise InvalidTypeError(f"a Solution or Trace is needed, got {type(run).__name__}")
    if run.trace is None:
        raise InvalidValueError(f"the solution by {run.algorithm} has no trace; solve with trace=True")
    return run.algorithm, run.trace


def _iterations(record: Trace) -> Array:
    """Iterations of all links, one after the other: each link counts from 0."""
    steps = record.iteration.astype(np.int64)
    changes = [i for i in range(1, len(record)) if record.algorithm[i] != record.algorithm[i - 1]]
    for change in reversed(changes):
        steps[change:] += steps[change - 1]
    return steps


def _criteria(path: Any, fitted: bool, criteria: Iterable[str] | None) -> list[str]:
    if not fitted:
        if criteria is not None:
            raise InvalidValueError(
                "solutions alone and cross-validation have no criteria; fit a sparsea.sklearn.SparsityPath"
            )
        return []
    if criteria is None:
        if path.criterion in ("cp", "loo"):
            return [path.criterion]
        return ["aic", "bic", "ebic", *(["aicc"] if path.criterion == "aicc" else [])]
    wanted = _listed("criteria", criteria)
    for name in wanted:
        if not isinstance(name, str) or name not in _CRITERIA:
            raise InvalidValueError(f"criteria are {', '.join(_CRITERIA)}, got {shown(name)}")
        if np.isnan(_values(path, name)).all():
            known = {"cp": "the path has no noise variance", "loo": "the criterion of the path is another"}
            raise InvalidValueError(f"{name} is not known: {known.get(name, 'there are too few samples')}")
    return wanted


def _values(path: Any, name: str) -> Array:
    """A criterion for each k, NaN where it is infinite."""
    values = np.asarray(path.corrected_loo_ if name == "loo" else getattr(path, f"{name}_"))
    return np.where(np.isfinite(values), values, np.nan)


_KINDS = ("family", "n", "parameter", "snr_db")


def _read(
    store: Path, where: dict[str, Any]
) -> tuple[dict[str, Any], list[str], list[tuple[str, int, int, int, float]]]:
    """The study, its algorithms in order, and the rate of exact recovery of each (algorithm, m, n, k)."""
    for key in where:
        if key not in _KINDS:
            raise InvalidValueError(f"where takes {', '.join(_KINDS)}, got {key!r}")
    if not store.is_file():
        raise FileNotFoundError(f"{store}: there is no such file")
    condition = " AND ".join([f"{key} IS ?" for key in where]) or "1"
    values = list(where.values())
    kinds_of = f"SELECT DISTINCT {', '.join(_KINDS)} FROM all_results WHERE {condition} ORDER BY 1, 2, 3, 4"
    rates_of = f"SELECT algorithm, m, n, k, avg(exact) FROM all_results WHERE {condition} GROUP BY algorithm, m, n, k"
    try:
        with closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            description = connection.execute("SELECT value FROM study WHERE key = 'description'").fetchone()
            labels = [row[0] for row in connection.execute("SELECT label FROM algorithms ORDER BY algorithm")]
            kinds = connection.execute(kinds_of, values).fetchall()
            rows = connection.execute(rates_of, values).fetchall()
    except sqlite3.DatabaseError as error:
        raise InvalidValueError(f"{store} is not the store of a study: {error}") from error
    if not kinds:
        asked = " with " + ", ".join(f"{key} = {value}" for key, value in where.items()) if where else ""
        raise InvalidValueError(f"{store} has no results{asked}")
    if len(kinds) > 1:
        found = [
            f"{key} = {', '.join(map(str, values))}"
            for key, column in zip(_KINDS, zip(*kinds, strict=True), strict=True)
            if len(values := list(dict.fromkeys(column))) > 1
        ]
        raise InvalidValueError(f"{store} has several kinds of problems; choose by where: {'; '.join(found)}")
    return json.loads(description[0]), labels, rows


def _location(rates: dict[int, float], most: int, level: float) -> float | None:
    """Where success ends in units of k, found as the command finds it; None if the store does not say.

    At k = 0 all succeed, beyond the largest k all fail; bisection between the two looks only at k that are there.
    """
    known = {0: 1.0, **rates, most + 1: 0.0}
    success, failure = 0, most + 1
    while between := [k for k in known if success < k < failure]:
        middle = min(between, key=lambda k: (abs(k - (success + failure) // 2), k))
        if known[middle] >= level:
            success = middle
        else:
            failure = middle
    # The ends of the range are neighbours of nothing but the first and the last k.
    if (success == 0 and failure > 1) or (failure == most + 1 and success < most):
        return None
    above, below = known[success], known[failure]
    return success + (failure - success) * (above - level) / (above - below)
