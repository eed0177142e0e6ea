"""Measure the time of `search`, `sea` and `omp` on long traces, n = 10³ … 10⁷, and draw it over n.

The task is that of long_traces.py: spikes of random sign and height in [1, 2] at random places, one in 25 samples,
blurred by a Gaussian pulse of σ = 3, with 2 % noise. The number of spikes is given; every algorithm has its default
settings.

A run that exceeds the time limit is stopped. Its algorithm is then not measured at this size, nor at larger ones. Rows
are written as they come: algorithm, n, k, seed, seconds, share of the spikes missed. The plot shows the median over the
seeds.

    python python/benchmarks/long_traces_time.py --out DIR [--limit 30] [--seeds 3] [--threads 1]
    python python/benchmarks/long_traces_time.py --out DIR --draw        # the picture alone, from the table in DIR
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from long_traces import trace
from matplotlib import pyplot as plt

import sparsea
from sparsea._style import curve_style

ALGORITHMS = ("search", "sea", "omp")
SIZES = (1000, 3162, 10_000, 31_623, 100_000, 316_228, 1_000_000, 3_162_278, 10_000_000)
SPACING = 25
NOISE = 0.02
FIELDS = ("algorithm", "n", "k", "seed", "seconds", "missed")

mpl.use("Agg")


def measure(
    A: sparsea.Convolution, y: np.ndarray, places: np.ndarray, algorithm: str, limit: float, threads: int
) -> tuple[float, float] | None:
    """The seconds of a run and the share of the spikes that it missed; None if it took longer than the limit."""
    begin = time.perf_counter()

    def watch(_: Any) -> bool:
        # An option `time` would replace the rule by which an algorithm ends by itself.
        return time.perf_counter() - begin > limit

    found = sparsea.solve(A, y, places.size, algorithm=algorithm, threads=threads, callback=watch)
    seconds = time.perf_counter() - begin
    if seconds > limit:
        return None
    return seconds, 1 - np.intersect1d(found.support, places, assume_unique=True).size / places.size


def measure_all(given: argparse.Namespace, table: Path) -> None:
    """Measure every algorithm and size, and write a row for each run."""
    going = list(given.algorithms)
    # Under another name until all is measured.
    partial = table.with_suffix(".csv.part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(FIELDS)
        for n in sorted(given.sizes):
            runs: dict[str, list[tuple[float, float]]] = {algorithm: [] for algorithm in going}
            for seed in range(given.seeds):
                A, places, y = trace(n, SPACING, NOISE, seed)
                for algorithm in list(going):
                    run = measure(A, y, places, algorithm, given.limit, given.threads)
                    if run is None:
                        going.remove(algorithm)
                        print(f"{algorithm}: longer than {given.limit:g} s at n = {n}", flush=True)
                    else:
                        runs[algorithm].append(run)
            for algorithm in going:
                for seed, (seconds, missed) in enumerate(runs[algorithm]):
                    out.writerow((algorithm, n, places.size, seed, f"{seconds:.6f}", f"{missed:.6f}"))
                seconds, missed = np.median(runs[algorithm], axis=0)
                print(f"| {algorithm} | {n} | {seconds:.4f} | {missed:.4f} |", flush=True)
            file.flush()
            if not going:
                break
    partial.replace(table)


def draw(table: Path, picture: Path) -> None:
    """The median time of each algorithm over n, with the span of its runs."""
    times: dict[str, dict[int, list[float]]] = {}
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            times.setdefault(row["algorithm"], {}).setdefault(int(row["n"]), []).append(float(row["seconds"]))
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "sparsea", "font.size": 9}):
        figure, axes = plt.subplots(figsize=(6.4, 4.2))
        for algorithm, by_size in times.items():
            sizes = sorted(by_size)
            style = curve_style(algorithm)
            axes.fill_between(
                sizes,
                [min(by_size[n]) for n in sizes],
                [max(by_size[n]) for n in sizes],
                color=style.color,
                alpha=0.16,
                linewidth=0,
            )
            line = style.line() | {"markersize": 9.0 if style.marker == "*" else 5.0}
            axes.plot(sizes, [statistics.median(by_size[n]) for n in sizes], label=algorithm, **line)
        if "search" in times:
            # Time that grows as n, through the last point of search.
            sizes = sorted(times["search"])
            last = statistics.median(times["search"][sizes[-1]])
            linear = [last * n / sizes[-1] for n in (sizes[0], sizes[-1])]
            axes.plot([sizes[0], sizes[-1]], linear, color="#8c8c8c", linestyle=(0, (2, 2)), linewidth=0.9, label="∝ n")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("samples n")
        axes.set_ylabel("median time (s)")
        axes.set_title("Spike deconvolution, σ = 3, one spike in 25 samples, 2 % noise", fontsize=10)
        axes.grid(alpha=0.3, linewidth=0.6)
        axes.legend(frameon=False)
        figure.tight_layout()
        # Without a date, the same numbers give the same file.
        figure.savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None)
        plt.close(figure)


def main() -> None:
    """Measure, unless the picture alone is asked for, and draw."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, required=True, help="folder of the table and the picture")
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--algorithms", nargs="+", default=ALGORITHMS)
    arguments.add_argument("--limit", type=float, default=30.0, help="seconds of a run")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--draw", action="store_true", help="draw from the table that is there")
    given = arguments.parse_args()
    if given.seeds < 1 or min(given.sizes) < SPACING:
        arguments.error(f"--seeds must be at least 1, and each of --sizes at least {SPACING}")
    given.out.mkdir(parents=True, exist_ok=True)
    table = given.out / "long-traces-time.csv"
    if given.draw and not table.is_file():
        arguments.error(f"{table}: there is no such file; measure first")
    if not given.draw:
        print(f"sparsea {sparsea.__version__}, {platform.machine()}, {given.threads} thread(s), {given.seeds} seeds\n")
        print("| algorithm | n | seconds | missed |\n| --- | ---: | ---: | ---: |")
        measure_all(given, table)
    draw(table, table.with_suffix(".svg"))


if __name__ == "__main__":
    main()
