"""Measure how fast stars are found in images: the default `search`, on one thread.

Stars of brightness 1 to 2 are at random pixels, blurred by a Gaussian of width σ, with noise relative to the root mean
square of the clean image. The number of stars is given. Stars may overlap at any distance, or are at least 1.5 σ apart.

For each task, the table gives the median and the largest time over the seeds, how many runs found exactly the planted
stars, how many ended with a residual no larger than that of the least-squares fit on these (as good), and the share of
the stars with one found within a pixel.

    python python/benchmarks/images.py [--seeds 5] [--threads 1]
"""

from __future__ import annotations

import argparse
import platform
import time

import numpy as np
import scipy
from scipy.signal import fftconvolve
from scipy.sparse import csc_array
from scipy.sparse.linalg import lsqr

import sparsea

TASKS = [
    # side, stars, σ, noise, least distance in σ
    (64, 30, 1.5, 0.0, 0.0),
    (64, 30, 2.0, 0.0, 0.0),
    (64, 30, 2.0, 0.0, 1.5),
    (64, 30, 2.0, 0.02, 0.0),
    (512, 500, 1.5, 0.0, 0.0),
    (512, 500, 1.5, 0.02, 0.0),
    (512, 500, 2.0, 0.02, 0.0),
    (512, 500, 2.0, 0.02, 1.5),
]


def sky(
    side: int, count: int, sigma: float, noise: float, apart: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of stars, the kernel, and the image."""
    rng = np.random.default_rng(seed)
    places: list[tuple[int, int]] = []
    while len(places) < count:
        place = (int(rng.integers(side)), int(rng.integers(side)))
        if all(np.hypot(place[0] - r, place[1] - c) >= max(apart * sigma, 0.5) for r, c in places):
            places.append(place)
    rows, columns = np.array(sorted(places)).T
    image = np.zeros((side, side))
    image[rows, columns] = rng.uniform(1.0, 2.0, count)
    line = sparsea.gaussian(sigma)
    kernel = np.outer(line, line)
    clean = fftconvolve(image, kernel, mode="same")
    rms = np.sqrt(np.mean(clean**2))
    return rows, columns, kernel, clean + noise * rms * rng.standard_normal(clean.shape)


def fit_norm(rows: np.ndarray, columns: np.ndarray, kernel: np.ndarray, image: np.ndarray) -> float:
    """‖y − A x‖ of the least-squares fit on these pixels, by LSQR on a sparse matrix."""
    side, reach = image.shape[0], kernel.shape[0] // 2
    entries = []
    for at, (row, column) in enumerate(zip(rows, columns, strict=True)):
        top, left = max(row - reach, 0), max(column - reach, 0)
        part = kernel[top - row + reach : side - row + reach, left - column + reach : side - column + reach]
        r, c = np.indices(part.shape)
        entries.append((part.ravel(), ((r + top) * side + c + left).ravel(), np.full(part.size, at)))
    values, pixels, stars = (np.concatenate(part) for part in zip(*entries, strict=True))
    matrix = csc_array((values, (pixels, stars)), shape=(side * side, len(rows)))
    return float(lsqr(matrix, image.ravel(), atol=1e-14, btol=1e-14, iter_lim=10_000)[3])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    print(f"sparsea {sparsea.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, {platform.machine()}")
    print("| image | stars | σ | apart | noise | s, median | s, most | CPU s | exact | as good | within a pixel |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for side, count, sigma, noise, apart in TASKS:
        seconds, cpu, exact, good, near = [], [], 0, 0, 0.0
        for seed in range(given.seeds):
            rows, columns, kernel, image = sky(side, count, sigma, noise, apart, seed)
            begin, began = time.perf_counter(), time.process_time()
            found = sparsea.deconvolve(image, kernel, count, threads=given.threads)
            seconds.append(time.perf_counter() - begin)
            cpu.append(time.process_time() - began)
            down, across = found.positions
            exact += np.array_equal(down, rows) and np.array_equal(across, columns)
            limit = fit_norm(rows, columns, kernel, image)
            good += found.residual_norm <= limit * (1 + 1e-9) + 1e-9 * np.linalg.norm(image)
            apart_by = np.maximum(abs(rows[:, None] - down), abs(columns[:, None] - across)).min(axis=1)
            near += float(np.mean(apart_by <= 1)) / given.seeds
        print(
            f"| {side} × {side} | {count} | {sigma} | {f'{apart} σ' if apart else '–'} | {noise:g} "
            f"| {np.median(seconds):.3f} | {max(seconds):.3f} | {np.median(cpu):.3f} "
            f"| {exact} of {given.seeds} | {good} of {given.seeds} | {near:.4f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
