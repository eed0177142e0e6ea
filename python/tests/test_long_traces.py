"""Long traces, which are searched in windows."""

from __future__ import annotations

import numpy as np
import pytest

import sparsea


def trace(n: int, noise: float, seed: int) -> tuple[sparsea.Convolution, np.ndarray, np.ndarray]:
    """The operator, the places of the spikes, and the trace."""
    rng = np.random.default_rng(seed)
    k = n // 25
    A = sparsea.Convolution(sparsea.gaussian(3.0), n)
    places = np.sort(rng.choice(n, k, replace=False))
    x = np.zeros(n)
    x[places] = rng.choice([-1.0, 1.0], k) * rng.uniform(1, 2, k)
    y = A.matvec(x)
    e = rng.normal(size=y.size)
    return A, places, y + e * (noise * np.linalg.norm(y) / np.linalg.norm(e))


def test_the_default_recovers_a_long_trace() -> None:
    """Every spike, by the default algorithm, with the residual that NumPy finds."""
    A, places, y = trace(60_000, 0.0, 1)
    solution = sparsea.solve(A, y, places.size)
    assert solution.algorithm == "search"
    np.testing.assert_array_equal(solution.support, places)
    assert np.linalg.norm(y - A.matvec(solution.x)) <= 1e-10 * np.linalg.norm(y)


def test_few_spikes_in_a_long_trace() -> None:
    """24 spikes in 60 000 samples."""
    rng = np.random.default_rng(2)
    A = sparsea.Convolution(sparsea.gaussian(3.0), 60_000)
    places = np.sort(rng.choice(60_000, 24, replace=False))
    x = np.zeros(60_000)
    x[places] = rng.uniform(1, 2, 24)
    solution = sparsea.solve(A, A.matvec(x), 24)
    np.testing.assert_array_equal(solution.support, places)


@pytest.mark.parametrize("threads", [1, 2])
def test_noise_is_met_at_the_limit(threads: int) -> None:
    """Nothing is left that the truth explains better, and the threads change no bit."""
    A, places, y = trace(20_000, 0.02, 3)
    solution = sparsea.solve(A, y, places.size, threads=threads)
    truth = sparsea.solve(A, y, places.size, algorithm="omp", start=places)
    assert solution.residual_norm <= truth.residual_norm
    other = sparsea.solve(A, y, places.size)
    np.testing.assert_array_equal(solution.x, other.x)


def test_a_time_limit_is_kept_to() -> None:
    """What there is after some of the passes is a valid answer, and more time makes it no worse."""
    A, places, y = trace(100_000, 0.02, 4)
    before = np.inf
    for iterations in (1, 3, 6):
        solution = sparsea.solve(A, y, places.size, iterations=iterations)
        assert solution.support.size <= places.size
        assert solution.residual_norm <= before
        before = solution.residual_norm
    solution = sparsea.solve(A, y, places.size, time=0.02)
    assert solution.stop_reason == "time"
    assert solution.support.size <= places.size


def test_a_batch_of_traces_is_a_loop() -> None:
    """Several traces at once have the bits that they have alone."""
    traces = [trace(3000, 0.02, seed) for seed in range(5)]
    A, places, _ = traces[0]
    batch = sparsea.solve(A, np.stack([y for _, _, y in traces], axis=1), places.size)
    for solution, (_, _, y) in zip(batch, traces, strict=True):
        np.testing.assert_array_equal(solution.x, sparsea.solve(A, y, places.size).x)
