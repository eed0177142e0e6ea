"""Measure how often search and others reach the optimum on Steps, which segment computes.

Planted: k random columns, jumps of random sign with sizes in [1, 2], and noise of 5 % of ‖A x‖. Noise: normal numbers
in which there is nothing to find, so many supports are about equally good. A run reaches the optimum if its residual
exceeds that of segment by at most 10⁻⁹, relatively. On Steps, search begins with the optimum; `--dense` shows what it
finds if it sees a matrix.

    python python/benchmarks/steps.py [--sizes 100 300 600] [--sparsities 3 10 20] [--runs 50] [--algorithms search omp]
"""

from __future__ import annotations

import argparse
import platform
import time

import numpy as np

import sparsea


def trace(kind: str, n: int, k: int, seed: int) -> np.ndarray:
    """y."""
    rng = np.random.default_rng([seed, n, k])
    noise = rng.standard_normal(n)
    if kind == "noise":
        return noise
    x = np.zeros(n)
    x[rng.choice(n, k, replace=False)] = rng.choice([-1.0, 1.0], k) * rng.uniform(1, 2, k)
    signal = np.cumsum(x)
    return np.asarray(signal + noise * (0.05 * np.linalg.norm(signal) / np.linalg.norm(noise)))


def main() -> None:
    """Print a row for each task and algorithm."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sizes", type=int, nargs="+", default=[100, 300, 600])
    arguments.add_argument("--sparsities", type=int, nargs="+", default=[3, 10, 20])
    arguments.add_argument("--runs", type=int, default=50)
    arguments.add_argument("--algorithms", nargs="+", default=["search", "omp+els", "omp"])
    arguments.add_argument("--dense", action="store_true", help="give the others the matrix, not the operator")
    arguments.add_argument("--threads", type=int, default=1)
    given = arguments.parse_args()
    print(f"sparsea {sparsea.__version__}, {platform.machine()}, {given.threads} thread(s), {given.runs} runs a row\n")
    print("| data | n | k | `segment` | algorithm | optimal | above the optimum | at worst | median CPU time |")
    print("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    for kind in ("planted", "noise"):
        shares: dict[str, list[float]] = {name: [] for name in given.algorithms}
        for n in given.sizes:
            steps = sparsea.Steps(n)
            matrix = np.asfortranarray(np.tri(n))
            for k in given.sparsities:
                excess: dict[str, list[float]] = {name: [] for name in given.algorithms}
                seconds: dict[str, list[float]] = {name: [] for name in ["segment", *given.algorithms]}
                for seed in range(given.runs):
                    y = trace(kind, n, k, seed)
                    least = 0.0
                    for name in seconds:
                        A = matrix if given.dense and name != "segment" else steps
                        begin = time.process_time()
                        found = sparsea.solve(A, y, k, algorithm=name, threads=given.threads)
                        seconds[name].append(time.process_time() - begin)
                        if name == "segment":
                            least = found.residual_norm
                        else:
                            excess[name].append(max(found.residual_norm / least - 1, 0.0))
                for name in given.algorithms:
                    share = float(np.mean(np.asarray(excess[name]) <= 1e-9))
                    shares[name].append(share)
                    own, other = (f"{1e3 * np.median(seconds[one]):.2f} ms" for one in ("segment", name))
                    above = f"{np.mean(excess[name]):.2%} | {np.max(excess[name]):.2%}"
                    row = f"| {kind} | {n} | {k} | {own} | `{name}` | {share:.0%} | {above} | {other} |"
                    print(row, flush=True)
        for name, each in shares.items():
            print(f"| {kind} | all | all | | `{name}` | **{np.mean(each):.1%}** | | | |")


if __name__ == "__main__":
    main()
