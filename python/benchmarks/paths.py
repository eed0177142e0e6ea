"""Compare a path over k with one run for its largest k, and with a run for every k.

    python python/benchmarks/paths.py

The matrix has 500 × 2000 Gaussian entries with columns of norm 1. 100 columns are planted with coefficients ±(1 … 2) or
normal ones; K = 110. Forms without a common table of exchanges have 100 × 400 and K = 20. Runs use one thread. The
output gives processor time, medians of three runs with a new problem each.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import sparsea


def seconds(run: Callable[[], Any]) -> float:
    taken = []
    for _ in range(3):
        begin = time.process_time()
        run()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def row(name: str, make: Callable[[], Any], largest: int) -> None:
    one = seconds(lambda: make().solve(largest, threads=1))
    path = seconds(lambda: make().path(range(largest + 1), threads=1))
    problem = make()
    begin = time.process_time()
    each = [problem.solve(k, threads=1) for k in range(largest + 1)]
    every = time.process_time() - begin
    ratios = [
        found.residual_norm / max(other.residual_norm, 1e-12 * float(np.linalg.norm(problem.data_norm)))
        for found, other in zip(make().path(range(largest + 1)), each, strict=True)
    ]
    worst = max(ratio for ratio, other in zip(ratios, each, strict=True) if other.relative_residual > 1e-10)
    print(f"{name:34s} {one:9.3f} {path:9.3f} {path / one:7.2f} {every:10.2f} {worst:9.4f}", flush=True)


def main() -> None:
    rng = np.random.default_rng(0)
    A = rng.standard_normal((500, 2000))
    A /= np.linalg.norm(A, axis=0)
    planted = rng.choice(2000, 100, replace=False)
    print(f"sparsea {sparsea.__version__}, NumPy {np.__version__}, seed 0")
    print(f"{'':34s} {'run at K':>9s} {'path':>9s} {'ratio':>7s} {'every k':>10s} {'worst r':>9s}")
    for kind in ("1 … 2", "normal"):
        x = np.zeros(2000)
        sizes = 1 + rng.random(100) if kind == "1 … 2" else np.abs(rng.standard_normal(100))
        x[planted] = rng.choice([-1, 1], 100) * sizes
        for noise in (0.0, 0.02, 0.1):
            y = A @ x
            y += noise * np.linalg.norm(y) / np.sqrt(500) * rng.standard_normal(500)
            row(f"500 × 2000, {kind}, noise {noise:.0%}", partial(sparsea.Problem, A, y), 110)
    small, y = A[:100, :400], rng.standard_normal(100)
    both = np.stack([y, rng.standard_normal(100)], axis=1)
    row("100 × 400, noise only", partial(sparsea.Problem, small, y), 20)
    row("the same, x ≥ 0", partial(sparsea.Problem, small, y, nonnegative=True), 20)
    row("the same, joint with another y", partial(sparsea.Problem, small, both, joint=True), 20)


if __name__ == "__main__":
    main()
