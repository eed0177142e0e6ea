"""Measure the overhead of the package: import, first solution, one call, other threads meanwhile, memory.

python python/benchmarks/package.py            # with the wheel of `maturin build --release` installed
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np

import sparsea

IMPORT = """
import time
begin = time.perf_counter()
import numpy
numpy_loaded = time.perf_counter()
import sparsea
loaded = time.perf_counter()
A = numpy.random.default_rng(0).standard_normal((100, 300))
made = time.perf_counter()
sparsea.solve(A, A[:, :5].sum(axis=1), 5)
print(numpy_loaded - begin, loaded - begin, time.perf_counter() - made)
"""


def fresh(runs: int) -> None:
    """Import and first solution, each time in a new interpreter."""
    rows = []
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-I", "-c", IMPORT], capture_output=True, text=True, check=True)
        rows.append([1e3 * float(seconds) for seconds in done.stdout.split()])
    numpy_alone, both, first = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"import sparsea, NumPy included          {both:8.1f} ms   (NumPy alone {numpy_alone:.1f} ms)")
    print(f"from import to the first solution       {first:8.1f} ms   (100 × 300, k = 5)")


def call(runs: int) -> None:
    """A call on a small problem, and how much of it is the run itself."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((32, 64))
    y = A[:, rng.choice(64, 14, replace=False)] @ rng.standard_normal(14)
    problem = sparsea.Problem(A, y)
    calls: dict[str, Callable[[], sparsea.Solution]] = {
        "one call": lambda: sparsea.solve(A, y, 14, algorithm="ols"),
        "one of a Problem": lambda: problem.solve(14, algorithm="ols"),
    }
    for name, solve in calls.items():
        times, inside = [], []
        for _ in range(100 * runs):
            begin = time.perf_counter()
            solution = solve()
            times.append(1e6 * (time.perf_counter() - begin))
            inside.append(1e6 * solution.elapsed)
        whole, run = statistics.median(times), statistics.median(inside)
        print(f"{name + ', 32 × 64, k = 14, ols':40}{whole:7.1f} µs   (the run itself {run:.1f} µs)")


def meanwhile() -> None:
    """How much another thread of Python gets done during a run, against when nothing else runs."""
    A = np.random.default_rng(0).standard_normal((200, 1000))
    y = np.random.default_rng(1).standard_normal(200)
    counts = [0]
    done = threading.Event()

    def count() -> None:
        while not done.is_set():
            counts[0] += 1

    threading.Thread(target=count, daemon=True).start()
    rates = []
    for work in (lambda: time.sleep(1), lambda: sparsea.solve(A, y, 20, algorithm="search", time=1, threads=1)):
        before, begin = counts[0], time.perf_counter()
        work()
        rates.append((counts[0] - before) / (time.perf_counter() - begin))
    done.set()
    print(f"a counting thread during a run          {100 * rates[1] / rates[0]:8.1f} %    of its speed alone")


def batch() -> None:
    """A batch against a loop over its columns."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((300, 1000))
    Y = A[:, :20] @ rng.standard_normal((20, 64)) + 0.1 * rng.standard_normal((300, 64))
    begin = time.perf_counter()
    for column in Y.T:
        sparsea.solve(A, column, 20, algorithm="omp+sea", iterations=200)
    loop = time.perf_counter() - begin
    begin = time.perf_counter()
    sparsea.solve(A, Y, 20, algorithm="omp+sea", iterations=200)
    together = time.perf_counter() - begin
    print(f"64 columns of data at once              {1e3 * together:8.1f} ms   (one by one {1e3 * loop:.1f} ms)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="new interpreters to start (default: %(default)s)")
    arguments = parser.parse_args()
    print(f"sparsea {sparsea.__version__}, NumPy {np.__version__}, Python {sys.version.split()[0]}")
    fresh(arguments.runs)
    call(arguments.runs)
    meanwhile()
    batch()
