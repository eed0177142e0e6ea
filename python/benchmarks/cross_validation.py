"""Measure the choice of k by cross-validation: sparsea, and abess if it is installed.

Rows have normal features, either independent or autoregressive with a correlation of .9 between neighbours. The target
is made of K/2 of them, with noise of one hundredth of the variance of the signal, or of the same variance. Both
packages choose k among 1 … K with the same number of folds on one thread, in turn. Times are the median and the minimum
of the repetitions, after a warm-up run. The last columns are the number of features found, the number of planted ones
among them, and the mean squared error on new rows relative to the variance of the noise. To give NumPy one thread too,
run on one processor:

    taskset -c 0 python python/benchmarks/cross_validation.py [--rows 2000] [--features 400] [--largest 40] [--folds 10]
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

from sparsea.sklearn import SparseRegressorCV

try:
    import abess
except ImportError:
    abess = None

Data = tuple[np.ndarray, np.ndarray]


def problem(kind: str, noise: float, rows: int, features: int, k: int, seed: int) -> tuple[Data, Data, set[int], float]:
    """Rows to fit, as many new ones, the planted features and the variance of the noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * rows, features))
    if kind == "AR .9":
        for j in range(1, features):
            X[:, j] = 0.9 * X[:, j - 1] + np.sqrt(1 - 0.9**2) * X[:, j]
    support = rng.choice(features, k, replace=False)
    signal = X[:, support] @ (rng.choice([-1.0, 1.0], k) * rng.uniform(0.5, 1.5, k))
    variance = noise * float(np.var(signal))
    y = signal + np.sqrt(variance) * rng.standard_normal(2 * rows)
    return (X[:rows], y[:rows]), (X[rows:], y[rows:]), set(support.tolist()), variance


def with_sparsea(largest: int, folds: int) -> Any:
    """A model that is not fitted yet."""
    return SparseRegressorCV(largest, cv=folds, threads=1)


def with_abess(largest: int, folds: int) -> Any:
    """The same by abess."""
    return abess.LinearRegression(support_size=range(1, largest + 1), cv=folds, thread=1)


def versions() -> str:
    """What is measured, and on what."""
    names = ["sparsea", "numpy", "scikit-learn", *(["abess"] if abess else [])]
    found = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return f"Python {platform.python_version()}, {found}; {platform.machine()}, one thread"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--features", type=int, default=400)
    parser.add_argument("--largest", type=int, default=40, help="K")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--repetitions", type=int, default=5)
    given = parser.parse_args()
    models: dict[str, Callable[[int, int], Any]] = {"sparsea": with_sparsea}
    if abess is not None:
        models["abess"] = with_abess
    else:
        print("abess is not installed: sparsea alone is measured")
    print(versions())
    print(f"{given.rows} × {given.features}, {given.folds} folds, K = {given.largest}")
    print(f"{'features':10} {'noise':>6} {'':8} {'median':>8} {'least':>8} {'k':>4} {'planted':>8} {'error':>7}")
    k = given.largest // 2
    for kind in ("normal", "AR .9"):
        for noise in (0.01, 1.0):
            (X, y), (fresh, target), support, variance = problem(kind, noise, given.rows, given.features, k, 0)
            times: dict[str, list[float]] = {name: [] for name in models}
            lines = {}
            for repetition in range(given.repetitions + 1):
                for name, make in models.items():
                    begin = time.perf_counter()
                    model = make(given.largest, given.folds).fit(X, y)
                    if repetition > 0:
                        times[name].append(time.perf_counter() - begin)
                    found = set(np.flatnonzero(model.coef_).tolist())
                    error = float(np.mean((target - model.predict(fresh)) ** 2)) / variance
                    lines[name] = f"{len(found):4} {len(found & support):5}/{k:2} {error:7.3f}"
            for name, line in lines.items():
                median, least = np.median(times[name]), min(times[name])
                print(f"{kind:10} {noise:6} {name:8} {median:6.3f} s {least:6.3f} s {line}")


if __name__ == "__main__":
    main()
