"""Measure memory and speed of runs on dense matrices of narrow types.

``python python/benchmarks/narrow_types.py`` prints both tables of docs/operators.md. Each run of the first table is a
separate process, whose peak resident memory is that of `resource.getrusage`; pages read from a mapped file count.
``--command PATH`` names the command; without it, the command's row is left out.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import sparsea

SIZE = 10_000
K = 20

SOLVE = """
import numpy as np, resource, sparsea
A = np.load("A.npy"{mode})
if {convert}:
    A = A.astype(float)
print(sparsea.solve(A, np.load("y.npy"), {k}).relative_residual)
"""


def make_files(folder: Path) -> None:
    """An int8 matrix of 100 MB, and y of 20 columns with noise."""
    rng = np.random.default_rng(0)
    A: Any = np.lib.format.open_memmap(folder / "A.npy", "w+", np.int8, (SIZE, SIZE))
    for row in range(0, SIZE, 500):
        A[row : row + 500] = rng.integers(-100, 101, (500, SIZE), dtype=np.int8)
    y = A[:, rng.choice(SIZE, K, replace=False)].astype(float) @ rng.choice([-1.0, 1.0], K)
    np.save(folder / "y.npy", y + 0.1 * np.std(y) * rng.standard_normal(SIZE))
    A.flush()


def peak(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds, and the peak of resident memory in MB, of a process of its own."""
    # A process of its own in between, so that children of others do not count.
    watch = (
        "import resource, subprocess, sys, time; begin = time.perf_counter();"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


def memory(command: str | None) -> None:
    """Print what runs on a file of 100 MB hold."""
    print(f"int8, {SIZE} x {SIZE}, k = {K}\n\n| run | s | peak, MB |\n| --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder)
        runs = {
            "Python, nothing but imports": [sys.executable, "-c", "import numpy, sparsea"],
            "Python, mapped": [sys.executable, "-c", SOLVE.format(mode=", mmap_mode='r'", convert=False, k=K)],
            "Python, in memory": [sys.executable, "-c", SOLVE.format(mode="", convert=False, k=K)],
            "Python, converted to float64": [sys.executable, "-c", SOLVE.format(mode="", convert=True, k=K)],
        }
        if command is not None:
            runs["command"] = [command, "solve", "A.npy", "y.npy", "-k", str(K), "--json"]
        for what, line in runs.items():
            seconds, megabytes = peak(line, folder)
            print(f"| {what} | {seconds:.1f} | {megabytes:.0f} |", flush=True)


def speed(turns: int) -> None:
    """Print how long batches take, stored one way and the other, in turn."""
    rng = np.random.default_rng(0)
    m, n, signals, k = 256, 1024, 5000, 10
    whole = rng.integers(-100, 101, (m, n))
    x = np.zeros((n, signals))
    for column in x.T:
        column[rng.choice(n, k, replace=False)] = rng.standard_normal(k)
    Y = whole @ x
    Y += 0.05 * np.std(Y) * rng.standard_normal(Y.shape)
    types = ["f8", "f4", "i1"]
    print(f"\n{signals} signals of {m} x {n}, k = {k}, one thread, median of {turns} turns, s")
    print(f"\n| algorithm | {' | '.join(np.dtype(name).name for name in types)} |\n| --- | {'---: | ' * len(types)}")
    for algorithm in ["omp", "sea"]:
        times: dict[str, list[float]] = {name: [] for name in types}
        for _ in range(turns):
            for name in types:
                A = np.asfortranarray(whole.astype(name))
                begin = time.perf_counter()
                sparsea.solve(A, Y, k, algorithm=algorithm, threads=1)
                times[name].append(time.perf_counter() - begin)
        print(
            f"| `{algorithm}` | {' | '.join(f'{statistics.median(times[name]):.3f}' for name in types)} |", flush=True
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", help="the command sparsea")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    memory(arguments.command)
    speed(arguments.turns)
    print(f"\npeak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
