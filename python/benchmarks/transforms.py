"""Measure partial cosine transforms with default settings: SciPy callbacks, native, and FISTA of PyLops.

The problem has n/4 rows of the orthonormal inverse cosine transform, n = 65 536, k = 500 normal coefficients, and
either no noise or 2 %. A is a callback operator without `column_norms`, or `sparsea.PartialDCT`; `search` has default
settings. FISTA is measured if PyLops is installed: 100 iterations with ε = .01, then the k largest entries, as in its
gallery.

    python python/benchmarks/transforms.py [--seeds 3] [--length 65536] [--sparsity 500]
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import time
from typing import Any

import numpy as np
import scipy.fft
from scipy.sparse.linalg import LinearOperator

import sparsea


class CalledBack(LinearOperator):  # type: ignore[misc]
    """The transform as a LinearOperator, which counts its products."""

    def __init__(self, n: int, kept: np.ndarray) -> None:
        super().__init__(np.float64, (len(kept), n))
        self.kept = kept
        self.calls = 0

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        self.calls += 1
        return np.asarray(scipy.fft.idct(x.ravel(), norm="ortho")[self.kept])

    def _rmatvec(self, y: np.ndarray) -> np.ndarray:
        self.calls += 1
        signal = np.zeros(self.shape[1])
        signal[self.kept] = y.ravel()
        return np.asarray(scipy.fft.dct(signal, norm="ortho"))


def fista(A: CalledBack, y: np.ndarray, k: int) -> np.ndarray:
    """The k largest entries after 100 iterations of PyLops."""
    import pylops  # type: ignore[import-not-found, unused-ignore]

    x = pylops.optimization.sparsity.fista(pylops.LinearOperator(Op=A), y, niter=100, eps=0.01, alpha=1.0)[0]
    return np.asarray(np.sort(np.argpartition(np.abs(x), -k)[-k:]))


def measure(n: int, k: int, noise: float, seed: int) -> list[tuple[str, float, int, int]]:
    """Name, seconds, products and coefficients found of each way."""
    rng = np.random.default_rng(seed)
    kept = np.sort(rng.choice(n, n // 4, replace=False))
    support = np.sort(rng.choice(n, k, replace=False))
    x = np.zeros(n)
    x[support] = rng.normal(size=k)
    called, native = CalledBack(n, kept), sparsea.PartialDCT(n, kept)
    y = called.matvec(x)
    e = rng.normal(size=y.size)
    y += e * (noise * float(np.linalg.norm(y)) / float(np.linalg.norm(e)))

    rows: list[tuple[str, float, int, int]] = []

    def time_of(name: str, solve: Any) -> None:
        called.calls = 0
        begin = time.perf_counter()
        found = solve()
        seconds = time.perf_counter() - begin
        rows.append((name, seconds, called.calls, int(np.isin(support, found).sum())))

    for algorithm in ("search", "amp"):
        time_of(f"`{algorithm}`, LinearOperator", lambda a=algorithm: sparsea.solve(called, y, k, algorithm=a).support)
        time_of(f"`{algorithm}`, PartialDCT", lambda a=algorithm: sparsea.solve(native, y, k, algorithm=a).support)
    if importlib.util.find_spec("pylops"):
        time_of("PyLops FISTA", lambda: fista(called, y, k))
    return rows


def main() -> None:
    """Print a table in Markdown: medians over seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--length", type=int, default=1 << 16)
    parser.add_argument("--sparsity", type=int, default=500)
    given = parser.parse_args()
    n, k, seeds = given.length, given.sparsity, given.seeds
    print(
        f"sparsea {sparsea.__version__}, {platform.machine()}, n = {n}, m = {n // 4}, k = {k}, {seeds} seeds, medians\n"
    )
    print("| noise | way | s | products | coefficients found |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for noise in (0.0, 0.02):
        runs = [measure(n, k, noise, seed) for seed in range(seeds)]
        for at, (name, *_) in enumerate(runs[0]):
            seconds, products, _ = np.median([run[at][1:] for run in runs], axis=0)
            shown = f"{products:.0f}" if products else "–"
            found = sum(run[at][3] for run in runs)
            print(f"| {noise:g} | {name} | {seconds:.3f} | {shown} | {found} of {seeds * k} |")


if __name__ == "__main__":
    main()
