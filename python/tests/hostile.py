"""Every public function and estimator with hostile arguments, one at a time; run by test_hostile.py.

``python hostile.py`` lists the cases, ``python hostile.py FIRST LAST`` runs some of them: each line says which begins,
and then what was wrong with how it ended, if anything. A case that takes too long ends the process, by a signal.
"""

from __future__ import annotations

import inspect
import io
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.figure
import numpy as np
import pandas as pd
import scipy.sparse
from scipy.sparse.linalg import LinearOperator

import sparsea
import sparsea.sklearn
from sparsea import plot, theory

SECONDS = 10
BYTES = 6 << 30

A = np.vander(np.linspace(-1, 1, 9), 6) + np.eye(9, 6)
# Two columns fit exactly, so that no run goes on for as long as a limit allows.
x = np.array([0.0, 1.0, 0.0, 0.0, -2.0, 0.0])
y = A @ x
sky = np.zeros((6, 6))
sky[2, 3] = 1.0
trace = np.convolve([0, 1.0, 0, 0, 0, 2.0, 0, 0, 0, 0], [1.0, 0.5], "same")
solution = sparsea.solve(A, y, 2, report=True, trace=True)
problem = sparsea.Problem(A, y)
path = sparsea.sklearn.SparsityPath(3).fit(A, y)
mpl.use("agg")
ax = mpl.figure.Figure().add_subplot()

NUMBERS: dict[str, Any] = {
    "0": 0,
    "-1": -1,
    "10**13": 10**13,
    "2**62": 2**62,
    "2**63": 2**63,
    "10**400": 10**400,
    "-10**400": -(10**400),
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": -float("inf"),
    "1e308": 1e308,
    "5e-324": 5e-324,
    "True": True,
    "2j": 2j,
}
OTHERS: dict[str, Any] = {
    "''": "",
    "'\\0'": "\0",
    "None": None,
    "[]": [],
    "[[]]": [[]],
    "{}": {},
    "object": object(),
    "type": int,
    "cube": np.zeros((2, 2, 2)),
    "no rows": np.zeros((0, 6)),
    "no columns": np.zeros((9, 0)),
    "ragged": [[1.0], [1.0, 2.0]],
    "[2**62]": [2**62],
    "[10**400]": [10**400],
    "[1e308]": np.array([1e308]),
}


def of_the_same_shape(given: Any) -> dict[str, Any]:
    """What has the shape of an array, but hostile entries."""
    shape = np.shape(given)
    signs = np.where(np.arange(np.prod(shape)).reshape(shape) % 2 == 0, 1.0, -1.0)
    one = np.array(given, dtype=float)
    one.flat[0] = 1e308
    objects = np.array(given, dtype=object)
    objects.flat[-1] = 10**400
    return {
        "all 1e308": np.full(shape, 1e308),
        "all ±1e308": 1e308 * signs,
        "one 1e308": one,
        "all 1e200": np.full(shape, 1e200),
        "all 5e-324": np.full(shape, 5e-324),
        "all 0": np.zeros(shape),
        "all nan": np.full(shape, np.nan),
        "all inf": np.full(shape, np.inf),
        "all 1e308j": np.full(shape, 1e308j),
        "objects": objects,
        "words": np.array(given).astype(str),
        "a longer one": np.concatenate([np.array(given)] * 2),
        "one less": np.array(given)[1:],
        "an axis more": np.array(given)[np.newaxis],
        "long double": np.array(given).astype(np.longdouble) * np.longdouble("1e400"),
        "dates": np.full(shape, np.datetime64("2026-01-01")),
    }


def operators() -> dict[str, Any]:
    """Operators and matrices of hostile shapes."""
    found: dict[str, Any] = {}
    for word, size in NUMBERS.items():
        for shape in ((size, 3), (9, size), (size, size)):

            class Hostile:
                matvec = rmatvec = lambda _, given: given

            Hostile.shape = shape  # type: ignore[attr-defined]
            found[f"operator of {word} in {['rows', 'columns', 'both'][len(found) % 3]}"] = Hostile()
    huge = LinearOperator((9, 2**60), matvec=lambda _: np.ones(9), rmatvec=lambda _: np.ones(2), dtype=float)
    sparse = scipy.sparse.coo_array((np.ones(1), ([0], [10**12])), shape=(9, 10**13))
    return {**found, "9 × 2**60": huge, "sparse 9 × 10**13": sparse, "frame": pd.DataFrame({"a": [], "b": []})}


# The functions, and arguments that are in order.
FUNCTIONS: dict[Callable[..., Any], dict[str, Any]] = {
    sparsea.solve: {"A": A, "y": y, "k": 2},
    sparsea.improve: {"A": A, "y": y, "k": 2, "x": x},
    sparsea.Problem: {"A": A, "y": y},
    sparsea.Gram: {"AtA": A.T @ A, "Aty": A.T @ y, "yty": y @ y, "n_samples": 9},
    problem.solve: {"k": 2},
    problem.path: {"ks": [2, 3]},
    problem.improve: {"x": x, "k": 2},
    problem.stability: {"k": 2, "subsamples": 4},
    sparsea.stability: {"A": A, "y": y, "k": 2, "subsamples": 4},
    # A search for a report goes on after an exact fit, for as long as it is asked to.
    problem.near_optimal: {"k": 2, "within": 0.1, "count": 3, "algorithm": "omp"},
    sparsea.near_optimal: {"A": A, "y": y, "k": 2, "within": 0.1, "count": 3, "algorithm": "omp"},
    sparsea.gaussian_knockoffs: {"X": A, "mean": np.zeros(6), "covariance": np.eye(6), "seed": 1},
    sparsea.knockoff_filter: {"A": A, "y": y, "k": 2, "knockoffs": A[::-1].copy(), "fdr": 0.5, "offset": 0},
    sparsea.bootstrap: {"A": A, "y": y, "support": [1, 2], "samples": 10},
    sparsea.deconvolve: {"y": trace, "kernel": np.array([1.0, 0.5]), "k": 2},
    sparsea.algorithms: {},
    sparsea.Convolution: {"kernel": np.array([1.0, 0.5]), "n": 6, "boundary": "same", "origin": 0},
    sparsea.Steps: {"m": 6},
    sparsea.Ramps: {"m": 6},
    sparsea.PartialDCT: {"n": 8, "kept": np.array([6, 1, 3])},
    sparsea.PartialDFT: {"n": 8, "kept": np.array([6, 1, 3])},
    sparsea.PartialHadamard: {"n": 8, "kept": np.array([6, 1, 3])},
    sparsea.gaussian: {"sigma": 1.0},
    sparsea.exponential: {"tau": 1.0},
    theory.coherence: {"A": A, "order": 2},
    theory.babel: {"A": A, "order": 2},
    theory.exact_recovery_coefficient: {"A": A, "support": [1, 2]},
    theory.restricted_isometry: {"A": A, "order": 2, "work": 1e5},
    theory.recovery: {"A": A, "k": 2, "truth": x, "noise": 0.01 * y, "start": x, "work": 1e5},
    plot.algorithm_color: {"name": "sea"},
    plot.coefficients: {"ax": ax, "solution": solution, "truth": x},
    plot.deconvolution: {
        "y": trace,
        "kernel": np.array([1.0, 0.5]),
        "solution": sparsea.deconvolve(trace, [1.0, 0.5], 2),
        "truth": trace,
        "ax": ax,
    },
    plot.image: {
        "y": sky,
        "kernel": np.array([[1.0, 0.5]]),
        "solution": sparsea.deconvolve(sky, [[1.0, 0.5]], 1),
        "axes": tuple(mpl.figure.Figure().subplots(1, 3)),
    },
    plot.path: {"ax": ax, "path": path, "criteria": ["bic"]},
    plot.phase_transition: {"ax": ax, "store": "none.sqlite", "level": 0.5, "algorithms": ["sea"], "where": {"n": 64}},
    plot.report: {"ax": ax, "report": solution, "most": 5},
    plot.stability: {"ax": ax, "stability": sparsea.stability(A, y, 2, subsamples=4), "most": 5},
    plot.trace: {"ax": ax, "runs": solution},
}
# Further arguments that are arrays, where there is none above.
ARRAYS: dict[Callable[..., Any], dict[str, Any]] = {
    sparsea.solve: {"start": x},
    sparsea.improve: {"start": x},
    problem.solve: {"start": x},
    problem.path: {"start": x},
}
ESTIMATORS = [getattr(sparsea.sklearn, name) for name in sparsea.sklearn.__all__]
# What is public and no function: records, which hold what they are given.
RECORDS = {
    "AlgorithmInfo", "Bootstrap", "Coherence", "Condition", "Error", "ExplorationReport", "IndexReport", "Interval",
    "KnockoffSelection",
    "NearOptimal", "Progress", "RankedSupport", "Recovery", "RestrictedIsometry", "Setting", "Solution", "Solutions",
    "Stability", "StandIns", "Trace", "__version__", "theory",
}  # fmt: skip
# Cases in which scikit-learn or Matplotlib raises errors too. (A callback may raise what it likes.)
FOREIGN = (*(estimator.__name__ for estimator in ESTIMATORS), "plot.coefficients truth all")
# Documented as what is raised where a file is missing.
MISSING = {"plot.phase_transition": FileNotFoundError}


def values_for(usual: Any, name: str) -> dict[str, Any]:
    """Hostile values in place of a usual one."""
    values = {**NUMBERS, **OTHERS}
    if isinstance(usual, (np.ndarray, list)) and len(usual) and not isinstance(usual[0], str):
        values |= of_the_same_shape(usual)
    return values | operators() if name == "A" else values


def cases() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every case: its name, and what to do."""
    for function, usual in FUNCTIONS.items():
        word = f"{getattr(function, '__module__', '')}.{function.__qualname__}".replace("sparsea.", "", 1)
        for name in inspect.signature(function).parameters:
            given = usual.get(name, ARRAYS.get(function, {}).get(name))
            for label, value in values_for(given, name).items():
                yield f"{word} {name} {label}", lambda f=function, o={**usual, name: value}: f(**o)  # type: ignore[misc]
    # Where both y and a column are as large as that.
    for factor in (1e308, 1e200, 1e-300):
        yield f"solve A and y times {factor:g}", lambda factor=factor: sparsea.solve(factor * A, factor * y, 2)  # type: ignore[misc]
    for algorithm in sparsea.algorithms():
        for setting in algorithm.settings:
            for label, value in {**NUMBERS, **OTHERS}.items():
                options: dict[str, Any] = {"algorithm": algorithm.name, "settings": {setting.name: value}}
                yield f"{algorithm.name} {setting.name} {label}", lambda o=options: sparsea.solve(A, y, 2, **o)  # type: ignore[misc]
        for label, value in of_the_same_shape(x).items():
            options = {"algorithm": algorithm.name, "start": value, "iterations": 20}
            yield f"{algorithm.name} from {label}", lambda o=options: sparsea.solve(A, y, 2, **o)  # type: ignore[misc]
    for estimator in ESTIMATORS:
        word = estimator.__name__
        parameters = inspect.signature(estimator).parameters
        for name in parameters:
            # The first two are true or false, and test_numbers.py tries the third, which starts processes.
            if name in {"fit_intercept", "one_standard_error"} or (name == "n_jobs" and "cv" in parameters):
                continue
            for label, value in {**NUMBERS, **OTHERS}.items():
                # One feature fits exactly.
                yield f"{word} {name} {label}", lambda e=estimator, n=name, v=value: e(**{n: v}).fit(A, A[:, 1])  # type: ignore[misc]
        for intercept in (True, False) if estimator is sparsea.sklearn.SparseRegressor else (True,):
            model = estimator(2, fit_intercept=intercept)
            for name, usual in {"X": A, "y": y, "sample_weight": np.arange(1.0, 10)}.items():
                for label, value in values_for(usual, name).items():
                    options = {"X": A, "y": y, name: value}
                    yield f"{word}.fit {name} {label}, {intercept}", lambda m=model, o=options: m.fit(**o)  # type: ignore[misc]
        for label, value in values_for(A, "X").items():
            yield f"{word}.predict {label}", lambda e=estimator, v=value: e(2).fit(A, y).predict(v)  # type: ignore[misc]


def judged(name: str, action: Callable[[], Any]) -> str:
    """What is wrong with how a case ended; nothing, if it is empty."""
    try:
        found = action()
    except (ValueError, TypeError, MemoryError) as error:
        # Python's own MemoryError, where an array was too large for it, says nothing.
        if not str(error) and type(error) is not MemoryError:
            return f"{type(error).__name__} without a word"
        own = isinstance(error, (sparsea.Error, MemoryError)) or name.startswith(FOREIGN) or " callback " in name
        return "" if own else f"{type(error).__name__}, which is no sparsea.Error: {error}"
    except Exception as error:
        expected = MISSING.get(name.split()[0])
        return "" if type(error) is expected else f"{type(error).__name__}: {error}"
    for result in found if isinstance(found, sparsea.Solutions) else [found]:
        if isinstance(result, sparsea.Solution) and not (
            np.isfinite(result.residual_norm) and np.isfinite(result.x).all()
        ):
            return f"success, but the residual is {result.residual_norm}"
        if isinstance(result, sparsea.sklearn.SparseRegressor) and not np.isfinite(result.coef_).all():
            return "success, but coefficients are not finite"
    return ""


def main() -> None:
    """List the cases or run some."""
    listed = list(cases())
    if len(sys.argv) == 1:
        sys.stdout.write("\n".join(name for name, _ in listed))
        return
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out, sys.stdout = sys.stdout, io.StringIO()
    for place in range(int(sys.argv[1]), int(sys.argv[2])):
        name, action = listed[place]
        out.write(f"{place}\t")
        out.flush()
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        with np.errstate(all="ignore"):
            problem = judged(name, action)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if name.startswith("plot"):
            ax.clear()
        out.write(f"{' '.join(problem.split())}\n")
        out.flush()


if __name__ == "__main__":
    assert Path(__file__).name == "hostile.py"
    main()
