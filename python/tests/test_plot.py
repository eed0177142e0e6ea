"""Pictures: what the artists hold, not how it looks."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparsea

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import colors  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from sparsea import plot  # noqa: E402
from sparsea._style import curve_style  # noqa: E402

ROOT = Path(__file__).parents[2]
STYLE = (ROOT / "crates" / "sparsea-lab" / "src" / "plot" / "style.rs").read_text(encoding="utf-8")
MARKERS = {
    "Circle": "o",
    "Square": "s",
    "Up": "^",
    "Down": "v",
    "Left": "<",
    "Right": ">",
    "Diamond": "D",
    "Pentagon": "p",
    "Star": "*",
    "Cross": "x",
    "Plus": "+",
}

_fixed = np.random.default_rng(0)
A = _fixed.standard_normal((30, 80))
y = _fixed.standard_normal(30)
del _fixed


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    # Drawing at all shows what only the layout finds fault with.
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")


def legend(ax: Axes) -> Any:
    return ax.get_legend()


def labels(ax: Axes) -> list[str]:
    return [text.get_text() for text in legend(ax).get_texts()]


def line(ax: Axes, label: str) -> Any:
    return next(line for line in ax.lines if line.get_label() == label)


def curve(ax: Axes) -> Any:
    """Points of the first curve, one a row."""
    return np.asarray(ax.lines[0].get_xydata())


def stems(ax: Axes) -> tuple[list[float], list[float]]:
    marks = ax.containers[0].markerline  # type: ignore[attr-defined]
    return marks.get_xdata().tolist(), marks.get_ydata().tolist()


@pytest.mark.parametrize("name", plot.__all__)
def test_examples_are_true_and_documentation_is_complete(name: str) -> None:
    function = getattr(plot, name)
    text = inspect.getdoc(function) or ""
    sections = [
        text.index(f"\n{word}\n{'-' * len(word)}\n") for word in ("Parameters", "Returns", "Raises", "Examples")
    ]
    assert sections == sorted(sections)
    for parameter in inspect.signature(function).parameters:
        assert parameter in text.split("\nReturns\n")[0], parameter
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(recurse=False).find(function, name, module=False, globs={}):
        runner.run(test)
    assert runner.failures == 0


@pytest.mark.parametrize("table", ["ALGORITHMS", "CHAINS"])
def test_styles_are_those_of_the_command(table: str) -> None:
    dashes = re.search(r"const DASHES: [^=]*= \[(.*?)\];", STYLE)
    assert dashes is not None
    of_dash = {f"DASHES[{at}]": text for at, text in enumerate(re.findall(r'"([^"]*)"', dashes[1]))} | {"SOLID": ""}
    body = STYLE[STYLE.index(f"const {table}:") :].split("];", 1)[0]
    rows = re.findall(r'\("([a-z_+]+)", 0x([0-9a-f]{6}), Marker::(\w+), (\S+)\)', body)
    assert len(rows) == body.count("Marker::")
    for name, color, marker, dash in rows:
        style = curve_style(name)
        assert (style.color, style.marker) == (f"#{color}", MARKERS[marker]), name
        assert " ".join(f"{length:g}" for length in style.dash) == of_dash[dash], name
        assert style.hollow == ("+" in name), name


def test_every_algorithm_has_its_own_style() -> None:
    names = [algorithm.name for algorithm in sparsea.algorithms()]
    assert len({plot.algorithm_color(name) for name in names}) == len(names)
    # A chain that is in no table is of the hue of its last link; names are read as the command reads them.
    assert plot.algorithm_color("htp+sea") == plot.algorithm_color("SEA ")
    assert plot.algorithm_color("sp") == plot.algorithm_color("Subspace-Pursuit")
    assert curve_style("htp+sea") != curve_style("iht+sea")
    assert curve_style("mine") == curve_style("mine") != curve_style("yours")


BOUNDARIES = {"same": 60, "full": 54, "valid": 66, "circular": 60}


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_spike_stands_at_the_peak_of_what_it_adds(boundary: Any) -> None:
    kernel = np.array([0.1, 0.5, 2.0, 1.0, 0.5, 0.2, 0.1])
    n = BOUNDARIES[boundary]
    truth = np.zeros(n)
    truth[[25, 44]] = [1.5, -1.0]
    A = sparsea.Convolution(kernel, n, boundary, 2 if boundary in {"same", "circular"} else None)
    data = A.matvec(truth) + 7
    solution = sparsea.deconvolve(data - 7, kernel, 2, boundary=boundary, algorithm="omp")
    ax = plot.deconvolution(data - 7, kernel, solution, boundary=boundary, truth=truth)
    places, heights = stems(ax)
    clean = A.matvec(truth)
    assert places == [int(np.argmax(clean)), int(np.argmin(clean))]
    np.testing.assert_allclose(heights, [3.0, -2.0])
    np.testing.assert_allclose(heights, clean[np.array(places, dtype=int)])
    np.testing.assert_allclose(line(ax, "fit A x (omp)").get_ydata(), clean, atol=1e-12)
    np.testing.assert_allclose(line(ax, "truth").get_xdata(), places)
    assert colors.to_hex(line(ax, "fit A x (omp)").get_color()) == plot.algorithm_color("omp")


def test_a_spike_may_stand_elsewhere_than_its_kernel_peaks() -> None:
    truth = np.zeros(40)
    truth[30] = 1.0
    kernel = sparsea.exponential(2.0)[:9][::-1].copy()
    data = sparsea.Convolution(kernel, 40, "circular", 0).matvec(truth)
    solution = sparsea.deconvolve(data, kernel, 1, boundary="circular", origin=0)
    places, _ = stems(plot.deconvolution(data, kernel, solution, boundary="circular", origin=0))
    assert places == [int(np.argmax(data))] == [38]


def test_the_baseline_is_taken_off_the_trace() -> None:
    data = np.full(50, 3.0)
    data[20] += 1
    solution = sparsea.deconvolve(data, [1.0], 1, baseline="median")
    ax = plot.deconvolution(data, [1.0], solution, baseline="median")
    np.testing.assert_array_equal(line(ax, "data y").get_ydata(), data - 3)


def test_stems_of_coefficients() -> None:
    truth = np.zeros(80)
    truth[[3, 40]] = [1.0, -2.0]
    solution = sparsea.solve(A, A @ truth, 2, algorithm="els")
    ax = plot.coefficients(solution, truth=truth)
    assert stems(ax)[0] == [3, 40]
    np.testing.assert_allclose(stems(ax)[1], [1, -2])
    assert labels(ax) == ["truth", "found (els)"]
    assert line(ax, "truth").get_ydata().tolist() == [1, -2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("index j", "x_j")
    assert ax.get_xlim() == (-0.5, 79.5)


def test_complex_coefficients_are_moduli() -> None:
    solution = sparsea.solve(A.astype(complex), A[:, 3] * (3 + 4j), 1)
    ax = plot.coefficients(solution)
    np.testing.assert_allclose(stems(ax)[1], [5])
    assert ax.get_ylabel() == "|x_j|"


def test_names_stand_below_their_coefficients() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(A, columns=[f"c{j}" for j in range(80)])
    truth = np.zeros(80)
    truth[[3, 7]] = 1.0
    ax = plot.coefficients(sparsea.solve(frame, A[:, 3] - A[:, 40], 2), truth=truth)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["c3", "c7", "c40"]
    assert stems(ax)[0] == [0, 2]
    assert line(ax, "truth").get_xdata().tolist() == [0, 1]


@pytest.mark.parametrize("against", ["iteration", "elapsed"])
def test_traces(against: Any) -> None:
    runs = [sparsea.solve(A, y, 8, algorithm=chain, trace=True) for chain in ("sea", "omp+sea")]
    ax = plot.trace(runs, against=against)
    assert labels(ax) == ["sea", "omp+sea"]
    for run in runs:
        best = line(ax, run.algorithm)
        assert run.trace is not None
        np.testing.assert_array_equal(best.get_ydata(), run.trace.best_objective)
        assert best.get_ydata()[-1] == pytest.approx(run.objective)
        assert colors.to_hex(best.get_color()) == plot.algorithm_color(run.algorithm)
        along = best.get_xdata()
        # Links follow each other.
        assert (np.diff(along) >= 0).all()
    if against == "iteration":
        assert runs[1].trace is not None
        omp = [i for a, i in zip(runs[1].trace.algorithm, runs[1].trace.iteration, strict=True) if a == "omp"]
        assert along[-1] == max(omp) + runs[1].trace.iteration[-1]
    assert ax.get_xlabel() == {"iteration": "iteration t", "elapsed": "time (s)"}[against]


def test_exact_fits_do_not_squeeze_the_scale() -> None:
    data = A[:, :3] @ np.ones(3)
    runs = [sparsea.solve(A, data, 3, algorithm="omp", trace=True) for _ in range(2)]
    assert runs[0].stop_reason == "exact_fit"
    assert runs[0].trace is not None
    bottom = plot.trace(runs).get_ylim()[0]
    before, last = runs[0].trace.objective[-2:]
    assert last < 1e-20 * before < bottom < before


def test_a_trace_alone_is_enough() -> None:
    solution = sparsea.solve(A, y, 8, algorithm="omp+htp", trace=True)
    assert solution.trace is not None
    assert labels(plot.trace(solution.trace)) == ["omp+htp"] == labels(plot.trace(solution))


def test_a_path_of_solutions() -> None:
    solutions = [sparsea.solve(A, y, k, algorithm="omp") for k in (5, 1, 3)]
    ax = plot.path(solutions)
    drawn = ax.lines[0]
    assert drawn.get_xdata().tolist() == [1, 3, 5]  # type: ignore[union-attr]
    expected = [solutions[i].relative_residual for i in (1, 2, 0)]
    np.testing.assert_array_equal(drawn.get_ydata(), expected)
    assert len(ax.figure.axes) == 1


@pytest.mark.filterwarnings("ignore:k = .* is the best by")
def test_a_path_of_the_estimator() -> None:
    tools = pytest.importorskip("sparsea.sklearn")
    path = tools.SparsityPath(max_nonzero_coefs=8, criterion="bic", algorithm="omp").fit(A, y)
    ax = plot.path(path)
    other = ax.figure.axes[-1]
    assert other is not ax
    bic = line(other, "BIC").get_ydata()
    np.testing.assert_array_equal(bic, path.bic_ - path.bic_.min())
    assert np.argmin(bic) == path.n_nonzero_coefs_
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), np.arange(9))
    assert line(ax, f"k = {path.n_nonzero_coefs_} by BIC").get_xdata() == [path.n_nonzero_coefs_] * 2
    assert labels(other)[-3:] == ["AIC", "BIC", "EBIC"]
    assert len(plot.path(path, criteria=[]).figure.axes) == 1
    with pytest.raises(ValueError, match=r"cp is not known: the path has no noise variance"):
        plot.path(path, criteria=["cp"])
    with pytest.raises(ValueError, match=r"loo is not known: the criterion of the path is another"):
        plot.path(path, criteria=["loo"])


@pytest.mark.filterwarnings("ignore:k = .* is the best by")
def test_errors_of_cross_validation() -> None:
    tools = pytest.importorskip("sparsea.sklearn")
    rows = len(y) // 4 * 4
    model = tools.SparseRegressorCV(5, algorithm="omp", cv=4).fit(A[:rows], y[:rows])
    ax = plot.path(model)
    other = ax.figure.axes[-1]
    (drawn,) = other.containers
    np.testing.assert_allclose(drawn[0].get_xdata(), np.arange(6))
    np.testing.assert_allclose(drawn[0].get_ydata(), model.mse_path_.mean(axis=1))
    bars = np.array(drawn[2][0].get_segments())
    spread = model.mse_path_.std(axis=1, ddof=1) / 2
    np.testing.assert_allclose((bars[:, 1, 1] - bars[:, 0, 1]) / 2, spread)
    assert line(ax, f"k = {model.n_nonzero_coefs_} by cross-validation").get_xdata() == [model.n_nonzero_coefs_] * 2
    with pytest.raises(ValueError, match="have no criteria"):
        plot.path(model, criteria=["bic"])


@pytest.mark.filterwarnings("ignore:k = .* is the best by")
@pytest.mark.parametrize(("criterion", "drawn"), [("loo", ["LOO"]), ("aicc", ["AIC", "BIC", "EBIC", "AICc"])])
def test_criteria_that_have_chosen_are_drawn(criterion: str, drawn: list[str]) -> None:
    tools = pytest.importorskip("sparsea.sklearn")
    # With as many parameters as samples, both are infinite.
    path = tools.SparsityPath(11, criterion=criterion, algorithm="omp").fit(A[:12], y[:12])
    ax = plot.path(path)
    other = ax.figure.axes[-1]
    assert labels(other)[-len(drawn) :] == drawn
    values = path.corrected_loo_ if criterion == "loo" else path.aicc_
    assert np.isinf(values[-1])
    heights = line(other, drawn[-1]).get_ydata()
    np.testing.assert_array_equal(heights[np.isfinite(values)], (values - values.min())[np.isfinite(values)])
    assert np.isnan(heights[-1])


def test_reports(rng: np.random.Generator) -> None:
    blur = sparsea.Convolution(sparsea.gaussian(3.0), 100)
    truth = np.zeros(100)
    truth[[20, 60]] = [1.0, 2.0]
    data = blur.matvec(truth) + 0.2 * rng.standard_normal(blur.shape[0])
    solution = sparsea.solve(blur, data, 2, algorithm="search", report=True, iterations=50)
    assert solution.report is not None
    for given in (solution, solution.report):
        ax = plot.report(given, most=4)
        rows = solution.report.indices[:4]
        assert [bar.get_width() for bar in ax.patches] == [row.frequency for row in rows]  # type: ignore[attr-defined]
        assert [tick.get_text() for tick in ax.get_yticklabels()] == [str(row.index) for row in rows]
        filled = [colors.to_hex(bar.get_facecolor()) != "#ffffff" for bar in ax.patches]
        assert filled == [row.chosen for row in rows]
        assert [text.get_text() for text in ax.texts] == [
            f"{row.neighbour[0]} ({row.neighbour[1]:.2f})" for row in rows if row.neighbour is not None
        ]
    assert len(ax.patches) == 4


def test_stability(rng: np.random.Generator) -> None:
    pandas = pytest.importorskip("pandas")
    data = A[:, 2] - 2 * A[:, 50] + 0.3 * rng.standard_normal(30)
    names = [f"c{j}" for j in range(80)]
    plain = sparsea.stability(A, data, 5, subsamples=20)
    named = sparsea.stability(pandas.DataFrame(A, columns=names), data, 5, subsamples=20)
    grouped = sparsea.stability(A, data, 4, subsamples=20, groups=[f"g{j // 2}" for j in range(80)])
    for stable, labels in ((plain, range(80)), (named, names), (grouped, [f"g{j}" for j in range(40)])):
        ax = plot.stability(stable, most=6)
        order = sorted(range(len(labels)), key=lambda j: (-stable.frequencies[j], j))[:6]
        assert [bar.get_width() for bar in ax.patches] == [stable.frequencies[j] for j in order]  # type: ignore[attr-defined]
        assert [tick.get_text() for tick in ax.get_yticklabels()] == [str(labels[j]) for j in order]
        filled = [colors.to_hex(bar.get_facecolor()) != "#ffffff" for bar in ax.patches]
        assert filled == [j in stable.selected for j in order]
        assert any(filled)
        assert not all(filled)
        assert [line.get_xdata()[0] for line in ax.lines] == [stable.k / stable.candidates, stable.threshold]  # type: ignore[index]
    # Columns that are never chosen are not drawn.
    few = plot.stability(sparsea.stability(A[:, :2], A[:, 1], 1, subsamples=4))
    assert [tick.get_text() for tick in few.get_yticklabels()] == ["1"]


STUDY = """
name = "small"
title = "small"
seed = 1
runs = 60
iterations = 200
algorithms = ["omp", "sea", "omp+sea"]

[problem]
family = "gaussian"
n = 24
m = { from = 8, to = 20, step = 4 }

[transition]
level = 0.9
confidence = 0.9
block = 20
"""


@pytest.mark.skipif("SPARSEA_BIN" not in os.environ, reason="SPARSEA_BIN does not name the command")
def test_phase_transitions_are_those_of_the_command(tmp_path: Path) -> None:
    study = tmp_path / "small.toml"
    study.write_text(STUDY, encoding="utf-8")
    command = [os.environ["SPARSEA_BIN"], "sweep", str(study), "--out", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    ax = plot.phase_transition(tmp_path / "small.sqlite")
    assert legend(ax).get_title().get_text() == "90 % recovered"
    assert labels(ax) == ["omp", "sea", "omp+sea"]
    for label in labels(ax):
        row = re.search(rf"^{re.escape(label)} +([\d. ]+)$", said, re.MULTILINE)
        assert row is not None, said
        drawn = line(ax, label)
        np.testing.assert_allclose(drawn.get_xdata(), np.array([8, 12, 16, 20]) / 24)
        expected = np.array([float(k) for k in row[1].split()])
        np.testing.assert_allclose(drawn.get_ydata() * [8, 12, 16, 20], expected, atol=0.0051)


def a_store(path: Path, results: list[tuple[Any, ...]], study: str = "{}") -> Path:
    """A store with results (family, m, n, k, snr_db, algorithm, exact), as far as pictures read it."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE study (key TEXT, value TEXT)")
        connection.execute("INSERT INTO study VALUES ('description', ?)", [study])
        connection.execute("CREATE TABLE algorithms (algorithm INTEGER, label TEXT)")
        connection.execute("CREATE TABLE all_results (family, m, n, k, snr_db, algorithm, exact, parameter)")
        for at, label in enumerate(dict.fromkeys(row[5] for row in results)):
            connection.execute("INSERT INTO algorithms VALUES (?, ?)", [at, label])
        connection.executemany("INSERT INTO all_results VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", results)
    connection.close()
    return path


def runs(m: int, k: int, rate: float, *, n: int = 20, algorithm: str = "sea") -> list[tuple[Any, ...]]:
    return [("gaussian", m, n, k, None, algorithm, int(run < 10 * rate)) for run in range(10)]


def test_a_curve_passes_where_the_line_through_the_rates_meets_the_level(tmp_path: Path) -> None:
    store = a_store(tmp_path / "s.sqlite", [*runs(10, 2, 1.0), *runs(10, 4, 0.5), *runs(10, 6, 0.0)])
    for level, k in ((0.75, 3.0), (0.5, 4.0), (0.25, 5.0)):
        np.testing.assert_allclose(curve(plot.phase_transition(store, level=level)), [[0.5, k / 10]])
    assert legend(plot.phase_transition(store)).get_title().get_text() == "95 % recovered"


@pytest.mark.parametrize(
    ("results", "k"),
    [
        ([(1, 0.2)], 0.625),  # fails from the first k on
        ([(3, 0.0)], None),  # fails, but nothing is known below
        ([(4, 1.0)], 4.5),  # succeeds up to the last k
        ([(2, 1.0)], None),  # succeeds, but nothing is known above
    ],
)
def test_at_its_ends_a_curve_needs_the_first_and_the_last_k(
    tmp_path: Path, results: list[tuple[int, float]], k: float | None
) -> None:
    store = a_store(tmp_path / "s.sqlite", [row for k, rate in results for row in runs(4, k, rate)])
    points = curve(plot.phase_transition(store, level=0.5))
    # At k = 0 all succeed, and beyond the last k none does.
    np.testing.assert_allclose(points, np.empty((0, 2)) if k is None else [[0.2, k / 4]])


def test_one_kind_of_problem_is_drawn_at_a_time(tmp_path: Path) -> None:
    rows = [*runs(10, 2, 1.0), *runs(10, 3, 0.0), *runs(10, 4, 1.0, n=40), *runs(10, 5, 0.0, n=40)]
    store = a_store(tmp_path / "s.sqlite", rows)
    with pytest.raises(ValueError, match=r"several kinds of problems; choose by where: n = 20, 40"):
        plot.phase_transition(store)
    (point,) = curve(plot.phase_transition(store, where={"n": 40}, level=0.5))
    np.testing.assert_allclose(point, [0.25, 0.45])
    with pytest.raises(ValueError, match=r"has no results with n = 30"):
        plot.phase_transition(store, where={"n": 30})
    with pytest.raises(ValueError, match=r"where takes family, n, parameter, snr_db, got 'k'"):
        plot.phase_transition(store, where={"k": 3})


def test_algorithms_are_drawn_in_the_order_asked_for(tmp_path: Path) -> None:
    rows = [
        row
        for name in ("omp", "sea", "els")
        for k, rate in ((1, 1), (2, 0))
        for row in runs(4, k, rate, algorithm=name)
    ]
    store = a_store(tmp_path / "s.sqlite", rows, '{"transition": {"level": 0.8}}')
    ax = plot.phase_transition(store, algorithms=["els", "omp"])
    assert labels(ax) == ["els", "omp"]
    assert legend(ax).get_title().get_text() == "80 % recovered"
    with pytest.raises(ValueError, match=r"has no algorithm 'htp'; it has omp, sea, els"):
        plot.phase_transition(store, algorithms=["htp"])


def test_what_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no such file"):
        plot.phase_transition(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("text " * 1000, encoding="utf-8")
    with pytest.raises(ValueError, match=r"is not the store of a study: file is not a database"):
        plot.phase_transition(tmp_path / "text.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "truth": (lambda s: plot.coefficients(s, truth=[1.0]), ValueError, "truth has 1 entries, but A has 80 columns"),
    "columns": (
        lambda s: plot.deconvolution(y, [1.0], s),
        ValueError,
        "the solution has 80 entries, but the convolution has 30 columns",
    ),
    "complex": (lambda s: plot.deconvolution(y + 1j, [1.0], s), ValueError, "draws real traces"),
    "no trace": (plot.trace, ValueError, "by sea has no trace; solve with trace=True"),
    "no runs": (lambda _: plot.trace([]), ValueError, "there is no trace to draw"),
    "not a run": (lambda _: plot.trace([3]), TypeError, "a Solution or Trace is needed, got int"),  # type: ignore[list-item]
    "against": (
        lambda s: plot.trace(s, against="steps"),  # type: ignore[arg-type]
        ValueError,
        "against must be iteration or elapsed, got 'steps'",
    ),
    "no path": (lambda _: plot.path([]), ValueError, "there is no solution to draw"),
    "not solutions": (lambda _: plot.path([3]), TypeError, "a path holds solutions, got int"),
    "criteria": (
        lambda s: plot.path([s], criteria=["bic"]),
        ValueError,
        "solutions alone and cross-validation have no criteria",
    ),
    "no report": (plot.report, ValueError, "the solution has no report; solve with report=True"),
    "not a stability": (lambda s: plot.stability(s), TypeError, "a Stability is needed, got Solution"),
    "not a report": (lambda _: plot.report(3), TypeError, "a Solution or ExplorationReport is needed, got int"),  # type: ignore[arg-type]
    "level": (
        lambda _: plot.phase_transition("x", level=1.0),
        ValueError,
        "level must be above 0 and below 1, got 1.0",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    draw, kind, said = BAD[case]
    solution = sparsea.solve(A, y, 2, algorithm="sea")
    with pytest.raises(kind, match=re.escape(said)):
        draw(solution)
    assert not plt.get_fignums()


def test_axes_that_are_given_are_drawn_into(tmp_path: Path) -> None:
    store = a_store(tmp_path / "s.sqlite", [*runs(4, 1, 1.0), *runs(4, 2, 0.0)])
    solution = sparsea.solve(A, y, 3, trace=True, report=True)
    delta = sparsea.deconvolve(y, [1.0], 2)
    stable = sparsea.stability(A, y, 2, subsamples=4)
    _, axes = plt.subplots(1, 7)
    draw: list[Any] = [
        lambda ax: plot.coefficients(solution, ax=ax),
        lambda ax: plot.trace(solution, ax=ax),
        lambda ax: plot.path([solution], ax=ax),
        lambda ax: plot.report(solution, ax=ax),
        lambda ax: plot.stability(stable, ax=ax),
        lambda ax: plot.deconvolution(y, [1.0], delta, ax=ax),
        lambda ax: plot.phase_transition(store, ax=ax),
    ]
    for function, ax in zip(draw, axes.flat, strict=True):
        assert function(ax) is ax
    assert len(plt.get_fignums()) == 1


def test_matplotlib_is_imported_on_use() -> None:
    code = "import sys, sparsea.plot; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import numpy, sparsea.plot\n"
        "try: sparsea.plot.coefficients(sparsea.solve(numpy.eye(3), numpy.ones(3), 1))\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == "sparsea.plot needs Matplotlib: pip install 'sparsea[plot]'"
