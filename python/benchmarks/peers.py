"""Compare the command ``sparsea`` with scikit-learn's OMP and a plain NumPy SEA: quality and time.

Run, after ``cargo build --release``, in an environment with the pins of python/requirements-test.txt::

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python python/benchmarks/peers.py

Problems come from ``sparsea generate``, one seed for each run. Times are medians in milliseconds: of sparsea, the time
of one cold run as it reports it (Gram columns included, reading the files not), with one thread; of the peers, the time
of one call on arrays in memory, after one call to warm up.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.linear_model import orthogonal_mp

Array = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target" / "release" / "sparsea"
TASKS: dict[str, list[str]] = {
    "deconvolution 548 × 500, σ = 3, k = 10": ["deconvolution", "-n", "500", "-k", "10"],
    "deconvolution 548 × 500, σ = 3, k = 20": ["deconvolution", "-n", "500", "-k", "20"],
    "Gaussian 32 × 64, k = 14": ["gaussian", "-m", "32", "-n", "64", "-k", "14"],
    "Gaussian 1000 × 4000, k = 100": ["gaussian", "-m", "1000", "-n", "4000", "-k", "100"],
}


def command(*arguments: str) -> str:
    """Run sparsea and return what it prints."""
    done = subprocess.run([str(BINARY), *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def plain_sea(a: Array, y: Array, start: Array, k: int, iterations: int = 1000) -> npt.NDArray[np.int64]:
    """Algorithm 1 as one writes it in NumPy: a least-squares solution and two products with A each iteration."""
    exploration = start.copy()
    best, best_support = np.inf, np.arange(0)
    for _ in range(iterations):
        support = np.argpartition(np.abs(exploration), -k)[-k:]
        x, *_ = np.linalg.lstsq(a[:, support], y, rcond=None)
        residual = y - a[:, support] @ x
        norm = float(np.linalg.norm(residual))
        if norm < best:
            best, best_support = norm, support
        if norm <= 1e-14 * np.linalg.norm(y):
            break
        exploration = exploration + a.T @ residual
    return np.sort(best_support)


def timed(solve: Callable[[], npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int64], float]:
    """Return the support and the milliseconds it took."""
    begin = time.perf_counter()
    support = solve()
    return support, 1e3 * (time.perf_counter() - begin)


def measure(arguments: list[str], k: int, runs: int) -> dict[str, list[tuple[float, float]]]:
    """Return (support distance, milliseconds) of every method on every run."""
    results: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(runs):
            command("generate", *arguments, "--seed", str(seed), "--out", folder)
            a: Array = np.asfortranarray(np.load(f"{folder}/A.npy"))
            y: Array = np.load(f"{folder}/y.npy")
            truth = set(np.flatnonzero(np.load(f"{folder}/x.npy")).tolist())
            unit: Array = np.asfortranarray(a / np.linalg.norm(a, axis=0))

            def omp(unit: Array = unit, y: Array = y) -> npt.NDArray[np.int64]:
                return np.flatnonzero(orthogonal_mp(unit, y, n_nonzero_coefs=k))

            def sea(unit: Array = unit, y: Array = y) -> npt.NDArray[np.int64]:
                return plain_sea(unit, y, np.zeros(unit.shape[1]), k)

            peers = {"scikit-learn OMP": omp}
            if a.size < 1e6:
                peers["plain NumPy SEA"] = sea
            for name, solve in peers.items():
                if seed == 0:
                    solve()
                support, milliseconds = timed(solve)
                missed = len(truth - set(support.tolist())) / k
                results.setdefault(name, []).append((missed, milliseconds))
            for algorithm in ("omp", "sea", "omp+sea", "search"):
                text = command(
                    *("solve", f"{folder}/A.npy", f"{folder}/y.npy", "-k", str(k)),
                    *("--algorithm", algorithm, "--threads", "1", "--json"),
                )
                solution: dict[str, Any] = json.loads(text)
                missed = len(truth - set(solution["support"])) / k
                results.setdefault(f"sparsea {algorithm}", []).append((missed, 1e3 * solution["elapsed_seconds"]))
    return results


def main() -> None:
    """Print a Markdown table for each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    runs = parser.parse_args().runs
    versions = f"NumPy {np.__version__}, scikit-learn {sklearn.__version__}, Python {platform.python_version()}"
    print(f"{command('--version').strip()}, {versions}, {platform.machine()}, seeds 0 to {runs - 1}\n")
    for title, arguments in TASKS.items():
        k = int(arguments[-1])
        print(f"{title} ({runs} runs)\n")
        print("| method | mean distance | exact | median time |\n| --- | ---: | ---: | ---: |")
        for name, pairs in measure(arguments, k, runs).items():
            distance = statistics.mean(missed for missed, _ in pairs)
            exact = sum(missed == 0 for missed, _ in pairs) / len(pairs)
            median = statistics.median(milliseconds for _, milliseconds in pairs)
            print(f"| {name} | {distance:.3f} | {100 * exact:.0f} % | {median:.2f} ms |")
        print()


if __name__ == "__main__":
    main()
