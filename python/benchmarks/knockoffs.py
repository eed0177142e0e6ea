"""Compare the false discovery rate and power of `knockoff_filter` with those of the LASSO statistic and other packages.

Every data set has Gaussian rows of known covariance (ρ^|i − j|), true columns with coefficients ± amplitude/√m, and
noise of variance 1. All methods get the same data and the same knockoffs, except hidimstat, which draws its own.
Packages that are not installed are skipped. hidimstat runs only if asked for: it takes 20 s for 200 × 100.

    python python/benchmarks/knockoffs.py [--rows 1000] [--columns 1000] [--true 60] [--amplitude 4.5] [--rho 0]
        [--fdr 0.1] [--sets 100] [--first 0] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import importlib
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LassoCV

import sparsea

Array = NDArray[Any]
Method = Callable[[Array, Array, Array, float], Array]


def ours(k: int | None = None, algorithm: str = "omp") -> Method:
    def select(A: Array, copies: Array, y: Array, fdr: float) -> Array:
        return sparsea.knockoff_filter(A, y, k, knockoffs=copies, fdr=fdr, algorithm=algorithm).selected

    return select


def lasso(A: Array, copies: Array, y: Array, fdr: float) -> Array:
    """W_j = |x_j| − |x̃_j| of the LASSO, its penalty by cross-validation."""
    both = np.hstack([A, copies])
    both = both / np.linalg.norm(both, axis=0) * np.sqrt(len(y))
    x = np.abs(LassoCV(alphas=30, cv=5, fit_intercept=False, eps=0.02, tol=1e-3).fit(both, y).coef_)
    return selected(x[: A.shape[1]] - x[A.shape[1] :], fdr)


def selected(W: Array, fdr: float) -> Array:
    for t in np.unique(np.abs(W[W != 0])):
        if (1 + np.sum(-t >= W)) / max(np.sum(t <= W), 1) <= fdr:
            return np.flatnonzero(t <= W)
    return np.zeros(0, dtype=int)


def knockpy(A: Array, copies: Array, y: Array, fdr: float) -> Array:
    """The statistic by default of knockpy, "lasso", on the same copies."""
    stats = importlib.import_module("knockpy.knockoff_stats")
    statistic = stats.LassoStatistic()
    statistic.fit(X=A, Xk=copies, y=y)
    return selected(statistic.W, fdr)


def hidimstat(A: Array, copies: Array, y: Array, fdr: float) -> Array:
    """The statistic of hidimstat with its defaults, on copies that it draws with a covariance that it estimates."""
    del copies
    module = importlib.import_module("hidimstat.knockoffs")
    return selected(module.ModelXKnockoff(random_state=0).fit_importance(A, y)[0], fdr)


METHODS: dict[str, Method] = {
    "sparsea": ours(),
    "sparsea, k = 60": ours(60),
    "sparsea, k = 100": ours(100),
    "LASSO, cross-validated": lasso,
    "knockpy": knockpy,
    "hidimstat": hidimstat,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--columns", type=int, default=1000)
    parser.add_argument("--true", type=int, default=60)
    parser.add_argument("--amplitude", type=float, default=4.5)
    parser.add_argument("--rho", type=float, default=0.0)
    parser.add_argument("--fdr", type=float, default=0.1)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[name for name in METHODS if name != "hidimstat"])
    asked = parser.parse_args()
    m, p = asked.rows, asked.columns
    covariance = asked.rho ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    root = np.linalg.cholesky(covariance)
    methods = {name: METHODS[name] for name in asked.only}
    for name in ("knockpy", "hidimstat"):
        if name in methods:
            try:
                importlib.import_module(name)
            except ImportError as missing:
                print(f"{name} is skipped: {missing}")
                del methods[name]
    false, power, seconds = (defaultdict[str, list[float]](list) for _ in range(3))
    warnings.simplefilter("ignore")
    for seed in range(asked.first, asked.first + asked.sets):
        rng = np.random.default_rng(seed)
        A = rng.standard_normal((m, p)) @ root.T
        truth = np.zeros(p, dtype=bool)
        truth[rng.choice(p, asked.true, replace=False)] = True
        x = np.where(truth, asked.amplitude / np.sqrt(m) * rng.choice([-1.0, 1.0], p), 0.0)
        y = A @ x + rng.standard_normal(m)
        copies = sparsea.gaussian_knockoffs(A, mean=np.zeros(p), covariance=covariance, seed=seed)
        for name, select in methods.items():
            begin = time.perf_counter()
            chosen = select(A, copies, y, asked.fdr)
            seconds[name].append(time.perf_counter() - begin)
            false[name].append(float(np.sum(~truth[chosen]) / max(len(chosen), 1)))
            power[name].append(float(np.sum(truth[chosen]) / asked.true))
    print(f"{asked.sets} data sets of {m} × {p}, {asked.true} true, q = {asked.fdr}, ρ = {asked.rho}\n")
    print("| statistic | false discovery rate | power | seconds |")
    print("| --- | ---: | ---: | ---: |")
    for name in methods:
        error = [np.std(values) / np.sqrt(len(values)) for values in (false[name], power[name])]
        rates = f"{np.mean(false[name]):.3f} ± {error[0]:.3f} | {np.mean(power[name]):.3f} ± {error[1]:.3f}"
        print(f"| {name} | {rates} | {np.mean(seconds[name]):.2f} |")


if __name__ == "__main__":
    main()
