"""Measure search with default settings on many columns: time and planted columns found.

- `ar`: 300 rows, 41 000 columns, each with .9 of the one before, k = 25, without noise and with 2 %.
- `sparse`: 200 000 rows, 10⁶ columns of 5 non-zeros each, k = 100, 1 % noise.
- `spikes`: a trace of 60 000 samples with 24 spikes, blurred by a Gaussian pulse of σ = 3.

    python python/benchmarks/many_columns.py [--seeds 3] [--threads 1]
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix

import sparsea


def planted(rng: np.random.Generator, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """A random support, and ±[1, 2] on it."""
    support = np.sort(rng.choice(n, k, replace=False))
    x = np.zeros(n)
    x[support] = rng.choice([-1.0, 1.0], k) * rng.uniform(1, 2, k)
    return support, x


def noisy(rng: np.random.Generator, y: np.ndarray, noise: float) -> np.ndarray:
    """The data with noise of a share of its norm."""
    e = rng.normal(size=y.size)
    return y + e * (noise * float(np.linalg.norm(y)) / float(np.linalg.norm(e)))


def tasks(seed: int) -> Iterator[tuple[str, Any, np.ndarray, np.ndarray]]:
    """Name, A, y and the planted support."""
    rng = np.random.default_rng(seed)
    m, n, k = 300, 41_000, 25
    A = np.asfortranarray(rng.normal(size=(m, n)))
    for j in range(1, n):
        A[:, j] = 0.9 * A[:, j - 1] + np.sqrt(1 - 0.9**2) * A[:, j]
    support, x = planted(rng, n, k)
    yield "ar", A, A @ x, support
    yield "ar, 2 % noise", A, noisy(rng, A @ x, 0.02), support

    m, n, k = 200_000, 1_000_000, 100
    entries = rng.normal(size=5 * n), rng.integers(0, m, 5 * n), np.arange(0, 5 * n + 1, 5)
    sparse = csc_matrix(entries, shape=(m, n))
    support, x = planted(rng, n, k)
    yield "sparse, 1 % noise", sparse, noisy(rng, sparse @ x, 0.01), support

    n, k = 60_000, 24
    blur = sparsea.Convolution(sparsea.gaussian(3.0), n)
    support, x = planted(rng, n, k)
    yield "spikes", blur, blur.matvec(x), support


def main() -> None:
    """Print a row for each task: medians over seeds."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--threads", type=int, default=1)
    given = arguments.parse_args()
    print(f"sparsea {sparsea.__version__}, {platform.machine()}, {given.threads} thread(s), {given.seeds} seeds\n")
    rows: dict[str, list[tuple[float, int, int]]] = {}
    for seed in range(given.seeds):
        for name, A, y, support in tasks(seed):
            begin = time.perf_counter()
            found = sparsea.solve(A, y, support.size, threads=given.threads)
            seconds = time.perf_counter() - begin
            rows.setdefault(name, []).append((seconds, np.intersect1d(found.support, support).size, support.size))
    print("| task | seconds | planted columns found |")
    print("| --- | ---: | ---: |")
    for name, runs in rows.items():
        seconds = np.median([run[0] for run in runs])
        print(f"| {name} | {seconds:.3f} | {sum(run[1] for run in runs)} of {sum(run[2] for run in runs)} |")


if __name__ == "__main__":
    main()
