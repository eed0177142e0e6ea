"""Measure search on long traces: time, spikes missed, segments worse than the truth, memory.

The task is that of docs/any-time-search.md: spikes of random sign and height in [1, 2] at random places, by default one
in 25 samples, blurred by a Gaussian pulse of σ = 3, with noise relative to the trace. The number of spikes is given.

A segment is a part of the trace between gaps of 12 σ without a spike of either support. It is worse if its residual
energy plus a price for each spike exceeds that of the fit on the true spikes, under the price most favourable to the
solution. A true spike that is missed in a worse segment is missed by the search. Any other missed spike cannot be told
from the data.

    python python/benchmarks/long_traces.py [--sizes 5000 100000 1000000] [--noise 0 0.02 0.1] [--spacing 25]

With `--signs positive`, all heights are positive. With `--signs nonnegative`, the solver is told so as well.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from pathlib import Path

import numpy as np

import sparsea

SIGMA = 3.0


def resident() -> int:
    """Bytes of memory that the process has now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def trace(
    n: int, spacing: int, noise: float, seed: int, signed: bool = True
) -> tuple[sparsea.Convolution, np.ndarray, np.ndarray]:
    """The operator, the places of the spikes, and the trace."""
    rng = np.random.default_rng(seed)
    k = n // spacing
    A = sparsea.Convolution(sparsea.gaussian(SIGMA), n)
    places = np.sort(rng.choice(n, k, replace=False))
    x = np.zeros(n)
    x[places] = rng.choice([-1.0, 1.0], k) * rng.uniform(1, 2, k)
    x = x if signed else np.abs(x)
    y = A.matvec(x)
    if noise:
        e = rng.normal(size=y.size)
        y = y + e * (noise * np.linalg.norm(y) / np.linalg.norm(e))
    return A, places, y


def worse_segments(
    A: sparsea.Convolution, y: np.ndarray, found: sparsea.Solution, truth: sparsea.Solution, places: np.ndarray
) -> tuple[int, int, int]:
    """How many segments there are, how many are worse than the truth's, and how many true spikes these miss."""
    peak = A.kernel.size // 2
    energy = [np.concatenate(([0.0], np.cumsum((y - A.matvec(one.x)) ** 2))) for one in (found, truth)]
    union = np.union1d(found.support, places)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(union) > 12 * SIGMA) + 1, [union.size]))
    first, last = union[starts[:-1]], union[starts[1:] - 1]
    low = np.maximum(first + peak - int(6 * SIGMA), 0)
    high = np.minimum(last + peak + int(6 * SIGMA), y.size)

    def count(support: np.ndarray) -> np.ndarray:
        after, before = np.searchsorted(support, last, "right"), np.searchsorted(support, first, "left")
        return np.asarray(after - before)

    gained = (energy[1][high] - energy[1][low]) - (energy[0][high] - energy[0][low])
    fewer = count(places) - count(found.support)
    square = max(truth.residual_norm**2 / y.size, 1e-18 * float(y @ y) / y.size)
    prices = square * 1.15 ** np.arange(60)
    worse = min((gained + price * fewer < -1e-6 * square for price in prices), key=lambda bad: int(bad.sum()))
    missed = np.setdiff1d(places, found.support)
    segment = np.searchsorted(first, missed, "right") - 1
    return int(first.size), int(worse.sum()), int(worse[segment].sum())


def main() -> None:
    """Print a row for each size and noise."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sizes", type=int, nargs="+", default=[5000, 100_000, 1_000_000])
    arguments.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.02, 0.1])
    arguments.add_argument("--spacing", type=int, default=25, help="samples for each spike")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--signs", choices=["random", "positive", "nonnegative"], default="random")
    given = arguments.parse_args()
    print(f"sparsea {sparsea.__version__}, {platform.machine()}, {given.threads} thread(s), {given.seeds} seeds\n")
    print("| noise | n | seconds | missed | by more than 1 | by the search | worse segments | exact | bytes a sample |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for noise in given.noise:
        for n in given.sizes:
            rows, segments, worse, exact = [], 0, 0, 0
            for seed in range(given.seeds):
                A, places, y = trace(n, given.spacing, noise, seed, given.signs == "random")
                before, held_now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resident()
                begin = time.perf_counter()
                told = given.signs == "nonnegative"
                found = sparsea.solve(A, y, places.size, threads=given.threads, nonnegative=told)
                seconds = time.perf_counter() - begin
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                # A peak below that of a run before is not known.
                held = (peak * 1024 - held_now) / n if peak > before else np.nan
                truth = sparsea.solve(
                    A, y, places.size, algorithm="omp", start=places, threads=given.threads, nonnegative=told
                )
                parts, bad, by_search = worse_segments(A, y, found, truth, places)
                at = np.searchsorted(found.support, places)
                neighbours = found.support[np.clip([at - 1, at], 0, found.support.size - 1)]
                apart = np.abs(neighbours - places).min(axis=0)
                rows.append([seconds, np.mean(apart > 0), np.mean(apart > 1), by_search / places.size, held])
                segments, worse = segments + parts, worse + bad
                exact += int(np.array_equal(found.support, places))
            seconds, missed, far, by_search, held = np.mean(rows, axis=0)
            memory = f"{rows[0][-1]:.0f}" if n >= 100_000 and np.isfinite(rows[0][-1]) else "–"
            print(
                f"| {noise:g} | {n} | {seconds:.3f} | {missed:.5f} | {far:.5f} | {by_search:.5f} | "
                f"{worse} of {segments} | {exact} of {given.seeds} | {memory} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
