"""Measure message passing (`amp`): exact supports and time, on matrices and amplitudes it is made for and on others.

Problems are noise-free, y = A x, with unit columns. Matrices: independent normal entries, real or complex; randomly
drawn rows of the cosine or Fourier transform; entries ±1; entries 0 or 1; normal entries of mean 1; autoregressive
normal columns with a correlation of .5 between neighbours; a tenth of the entries non-zero. Amplitudes: normal, ±1,
uniform on ±[1, 2], Laplace. Runs use one thread, with one warm-up run before the first time is measured.

    python python/benchmarks/message_passing.py [--part sizes|forms|all] [--runs 20]
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterable

import numpy as np

import sparsea

FORMS = ("auto", "scalar", "vector")
MATRICES = ("normal", "complex", "cosine", "fourier", "signs", "zeros and ones", "mean 1", "AR .5", "sparse")
AMPLITUDES = ("normal", "±1", "±[1, 2]", "Laplace")


def matrix(kind: str, m: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """An m × n matrix with unit columns."""
    if kind == "complex":
        A = rng.standard_normal((m, n)) + 1j * rng.standard_normal((m, n))
    elif kind in ("cosine", "fourier"):
        rows = rng.choice(n, m, replace=False)[:, None]
        columns = np.arange(n)
        if kind == "cosine":
            A = np.cos(np.pi * rows * (columns + 0.5) / n) * np.where(rows == 0, np.sqrt(0.5), 1.0)
        else:
            A = np.exp(-2j * np.pi * rows * columns / n)
    elif kind == "signs":
        A = rng.choice([-1.0, 1.0], (m, n))
    elif kind == "zeros and ones":
        A = rng.choice([0.0, 1.0], (m, n))
    else:
        A = rng.standard_normal((m, n))
        if kind == "mean 1":
            A += 1.0
        elif kind == "AR .5":
            for j in range(1, n):
                A[:, j] = 0.5 * A[:, j - 1] + np.sqrt(0.75) * A[:, j]
        elif kind == "sparse":
            A *= rng.random((m, n)) < 0.1
    return np.asarray(A / np.linalg.norm(A, axis=0))


def amplitudes(kind: str, k: int, is_complex: bool, rng: np.random.Generator) -> np.ndarray:
    """k non-zeros; complex ones have the modulus of the others and a random phase, unless they are normal."""
    if kind == "normal":
        return np.asarray(rng.standard_normal(k) + (1j * rng.standard_normal(k) if is_complex else 0.0))
    size = {"±1": np.ones(k), "±[1, 2]": rng.uniform(1, 2, k), "Laplace": rng.exponential(size=k)}[kind]
    turns = np.exp(2j * np.pi * rng.random(k)) if is_complex else rng.choice([-1.0, 1.0], k)
    return np.asarray(size * turns)


def measure(
    kind: str, amplitude: str, shape: tuple[int, int], k: int, runs: int, form: str, limit: float | None = None
) -> tuple[int, float, float, int]:
    """Exact supports, the median and the longest time in ms, and how many runs said that they diverged.

    By `amp`, or by `search` within a time limit.
    """
    exact, diverged, times = 0, 0, []
    for seed in range(-1, runs):
        rng = np.random.default_rng([seed + 1, *shape, k])
        A = matrix(kind, *shape, rng)
        support = np.sort(rng.choice(shape[1], k, replace=False))
        y = A[:, support] @ amplitudes(amplitude, k, np.iscomplexobj(A), rng)
        begin = time.perf_counter()
        if limit is None:
            found = sparsea.solve(A, y, k, algorithm="amp", settings={"form": form}, threads=1)
        else:
            found = sparsea.solve(A, y, k, algorithm="search", time=limit, threads=1)
        took = 1e3 * (time.perf_counter() - begin)
        if seed >= 0:
            times.append(took)
            exact += np.array_equal(found.support, support)
            diverged += found.stop_reason == "diverged"
    return exact, float(np.median(times)), max(times), diverged


def row(cells: Iterable[object]) -> None:
    """Print a row of a table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def sizes(runs: int) -> None:
    """Normal amplitudes on normal matrices, by size."""
    row(("m × n", "k", "`amp` exact", "median", "longest", "time for `search`", "exact", "median"))
    row(("---", *("---:" for _ in range(7))))
    tasks = [
        (32, 64, 20, 0.01),
        (32, 64, 22, 0.1),
        (250, 500, 140, 0.1),
        (250, 500, 150, 0.1),
        (500, 1000, 280, 0.1),
        (500, 1000, 300, 0.3),
        (1000, 2000, 600, 1.0),
        (1000, 2000, 620, 1.0),
    ]
    for m, n, k, limit in tasks:
        count = max(runs // 2, 1) if m >= 1000 else 2 * runs
        exact, median, longest, _ = measure("normal", "normal", (m, n), k, count, "auto")
        found, within, _, _ = measure("normal", "normal", (m, n), k, count, "auto", limit)
        cells = f"{exact} of {count}", f"{median:.1f} ms", f"{longest:.0f} ms"
        row((f"{m} × {n}", k, *cells, f"{1e3 * limit:.0f} ms", f"{found} of {count}", f"{within:.1f} ms"))


def forms(runs: int) -> None:
    """Every matrix and amplitude at 250 × 500, each form."""
    row(("matrix", "amplitudes", "k", *FORMS))
    row(("---", "---", "---:", *("---:" for _ in FORMS)))
    for kind in MATRICES:
        for amplitude in AMPLITUDES:
            for k in (125,) if amplitude in ("normal", "Laplace") else (80, 100):
                cells = []
                for form in FORMS:
                    exact, median, _, diverged = measure(kind, amplitude, (250, 500), k, runs, form)
                    said = f", {diverged} diverged" if diverged else ""
                    cells.append(f"{exact}, {median:.0f} ms{said}")
                row((kind, amplitude, k, *cells))


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("sizes", "forms", "all"), default="all")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    print(f"{platform.machine()}, NumPy {np.__version__}, sparsea {sparsea.__version__}, {options.runs} runs\n")
    if options.part != "forms":
        sizes(options.runs)
        print()
    if options.part != "sizes":
        forms(options.runs)


if __name__ == "__main__":
    main()
