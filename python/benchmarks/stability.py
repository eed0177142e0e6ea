"""Compare stability selection, which copies half of the rows, with one batch in which halves are weights of 0 and 1.

Both choose the same columns. Seconds are the minimum over the repetitions: other load on the machine affects it less.

    python python/benchmarks/stability.py [--rows 200] [--columns 1000] [-k 8] [--subsamples 100] [--repeat 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import sparsea


def seconds(repeat: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """The least time of a call, and what it returns."""
    times, found = [], None
    for _ in range(repeat):
        begin = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - begin)
    return min(times), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--columns", type=int, default=1000)
    parser.add_argument("-k", type=int, default=8)
    parser.add_argument("--subsamples", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    m, n, k, count = asked.rows, asked.columns, asked.k, asked.subsamples
    rng = np.random.default_rng(0)
    A = rng.standard_normal((m, n))
    y = A[:, rng.choice(n, k, replace=False)] @ rng.uniform(1, 2, k) + rng.standard_normal(m)
    print("| algorithm | rows, 1 thread | rows, 2 threads | weights, 2 threads |")
    print("| --- | ---: | ---: | ---: |")
    for algorithm in ("search", "sea", "omp"):
        run: dict[str, Any] = {"algorithm": algorithm, "intercept": False}
        times = []
        for threads in (1, 2):
            given = {**run, "subsamples": count, "threads": threads}
            taken, stable = seconds(asked.repeat, partial(sparsea.stability, A, y, k, **given))
            times.append(taken)
        weights = np.zeros((m, count))
        for subsample in range(count):
            weights[stable.rows(subsample), subsample] = 1
        Y = np.repeat(y[:, np.newaxis], count, axis=1)
        taken, solutions = seconds(asked.repeat, partial(sparsea.solve, A, Y, k, weights=weights, threads=2, **run))
        times.append(taken)
        chosen = np.bincount(np.concatenate(solutions.supports), minlength=n)
        assert np.array_equal(chosen / count, stable.frequencies)
        print(f"| `{algorithm}` | " + " | ".join(f"{taken:.3f}" for taken in times) + " |", flush=True)


if __name__ == "__main__":
    main()
