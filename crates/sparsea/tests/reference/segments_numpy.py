"""Segments that are worse than the truth, counted by `python/benchmarks/long_traces.py`, on short traces.

    python segments_numpy.py            # write segments_numpy.json; needs the package sparsea, for its import alone

Each trace is 400 samples of spikes ±[1, 2] through a Gaussian pulse of σ = 3 (full convolution, 49 taps), with noise,
rounded to six decimals. `found` is the true support with some spikes dropped, moved or added. Both supports are fitted
by NumPy's least squares; residuals, segments and counts are those of the benchmark.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "python" / "benchmarks"))

from long_traces import worse_segments

N, SIGMA, REACH = 352, 3.0, 24


class Dense:
    """A convolution as a matrix, with what the benchmark asks of one."""

    def __init__(self) -> None:
        self.kernel = np.exp(-0.5 * (np.arange(-REACH, REACH + 1) / SIGMA) ** 2)
        self.matrix = np.zeros((N + 2 * REACH, N))
        for j in range(N):
            self.matrix[j : j + self.kernel.size, j] = self.kernel

    def matvec(self, x: np.ndarray) -> np.ndarray:
        """A x."""
        return np.asarray(self.matrix @ x)


def fitted(A: Dense, y: np.ndarray, support: np.ndarray) -> Any:
    """The least-squares fit on a support."""
    x = np.zeros(N)
    x[support] = np.linalg.lstsq(A.matrix[:, support], y, rcond=None)[0]
    return SimpleNamespace(x=x, support=support, residual_norm=float(np.linalg.norm(y - A.matvec(x))))


def trace(A: Dense, seed: int) -> dict[str, Any]:
    """One trace with its counts."""
    rng = np.random.default_rng(seed)
    k = 9
    truth = np.sort(rng.choice(N, k, replace=False))
    x = np.zeros(N)
    x[truth] = rng.choice([-1.0, 1.0], k) * rng.uniform(1, 2, k)
    y = A.matvec(x)
    noise = (0.02, 0.1)[seed % 2]
    e = rng.normal(size=y.size)
    y = np.round(y + e * (noise * np.linalg.norm(y) / np.linalg.norm(e)), 6)
    found = []
    for place in truth:
        change = rng.integers(5)
        if change == 0:
            found.append(min(place + 1, N - 1))
        elif change == 1:
            found.append(max(place - 3, 0))
        elif change > 2 or rng.random() < 0.5:
            found.append(place)
    found.append(rng.integers(N))
    support = np.unique(found)
    segments, worse, by_search = worse_segments(A, y, fitted(A, y, support), fitted(A, y, truth), truth)  # type: ignore[arg-type]
    return {
        "truth": truth.tolist(),
        "found": support.tolist(),
        "segments": segments,
        "worse": worse,
        "search_missed": by_search,
        "y": y.tolist(),
    }


def main() -> None:
    """Write the file beside this script."""
    A = Dense()
    traces = [trace(A, seed) for seed in range(10)]
    lines = ",\n".join(json.dumps(one) for one in traces)
    Path(__file__).with_suffix(".json").write_text(f'{{"traces": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
