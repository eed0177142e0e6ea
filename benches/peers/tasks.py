"""The problems: generated from (seed, task, run) alone, columns of norm 1, Fortran order, the truth known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Support: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """Y = A X + noise: the columns of X have k non-zeros each, on the supports of the truth."""

    A: Array
    Y: Array
    k: int
    truth: list[Support]

    @property
    def y(self) -> Array:
        """The data of a problem with one signal."""
        return self.Y[:, 0]


Draw: TypeAlias = Callable[[np.random.Generator, int, int], Problem]


@dataclass(frozen=True)
class Task:
    """A kind of problem, and what is measured on it."""

    name: str
    title: str
    k: int
    draw: Draw
    kind: Literal["single", "batch", "sea-batch"] = "single"
    signals: int = 1
    # Limits of `search`, in milliseconds.
    limits: tuple[int, ...] = ()
    # Whether every OMP must find the same supports: no two columns are nearly as good.
    same_omp: bool = False

    def problem(self, seed: int, run: int, signals: int) -> Problem:
        """The problem of a run."""
        return self.draw(np.random.default_rng([seed, TASKS.index(self), run]), self.k, signals)


def _normal(rng: np.random.Generator, k: int) -> Array:
    return rng.standard_normal(k)


def _bounded(rng: np.random.Generator, k: int) -> Array:
    """Uniform on [−2, −1] ∪ [1, 2]."""
    sizes: Array = rng.uniform(1.0, 2.0, k) * rng.choice([-1.0, 1.0], k)
    return sizes


def _observe(
    rng: np.random.Generator,
    A: Array,
    k: int,
    signals: int,
    amplitudes: Callable[[np.random.Generator, int], Array],
    noise: float = 0.0,
) -> Problem:
    """Signals on random supports; noise is a share of ‖A x‖, exactly. A gets unit columns once Y is made."""
    truth = [np.sort(rng.choice(A.shape[1], k, replace=False)) for _ in range(signals)]
    Y = np.empty((A.shape[0], signals), order="F")
    for i, support in enumerate(truth):
        Y[:, i] = A[:, support] @ amplitudes(rng, k)
    if noise > 0.0:
        E = rng.standard_normal(Y.shape)
        Y += E * (noise * np.linalg.norm(Y, axis=0) / np.linalg.norm(E, axis=0))
    return Problem(_unit(A), Y, k, truth)


def _unit(A: Array) -> Array:
    return np.asfortranarray(A / np.linalg.norm(A, axis=0))


def _deconvolution(noise: float = 0.0) -> Draw:
    """Full convolution of 500 samples with exp(−t²/2σ²), σ = 3, t = −24 … 24."""

    def draw(rng: np.random.Generator, k: int, signals: int) -> Problem:
        pulse = np.exp(-0.5 * (np.arange(-24, 25) / 3.0) ** 2)
        A = np.zeros((548, 500))
        for j in range(500):
            A[j : j + pulse.size, j] = pulse
        return _observe(rng, A, k, signals, _bounded, noise)

    return draw


def _gaussian(m: int, n: int) -> Draw:
    def draw(rng: np.random.Generator, k: int, signals: int) -> Problem:
        return _observe(rng, rng.standard_normal((m, n)), k, signals, _normal)

    return draw


def _autoregressive(rng: np.random.Generator, k: int, signals: int) -> Problem:
    """Neighbouring columns correlate at 0.95; every 40th coefficient is 1."""
    m, n, rho = 200, 1000, 0.95
    A = rng.standard_normal((m, n))
    for j in range(1, n):
        A[:, j] = rho * A[:, j - 1] + np.sqrt(1.0 - rho**2) * A[:, j]
    support = np.arange(k) * (n // k)
    y = A[:, support].sum(axis=1)
    return Problem(_unit(A), np.asfortranarray(np.tile(y[:, None], signals)), k, [support] * signals)


def _steps(rng: np.random.Generator, k: int, signals: int) -> Problem:
    """Column j is 0 before row j and 1 from it on: y is piecewise constant, with 5 % noise."""
    return _observe(rng, np.tri(300), k, signals, _bounded, 0.05)


TASKS = [
    Task("deconvolution-10", "deconvolution 548 × 500, σ = 3, k = 10", 10, _deconvolution(), limits=(10, 60)),
    Task("deconvolution-20", "deconvolution 548 × 500, σ = 3, k = 20", 20, _deconvolution(), limits=(10, 60)),
    Task(
        "deconvolution-30",
        "deconvolution 548 × 500, σ = 3, k = 30, 2 % noise",
        30,
        _deconvolution(0.02),
        limits=(10, 50, 300),
    ),
    Task("gaussian-14", "Gaussian 32 × 64, k = 14", 14, _gaussian(32, 64), limits=(5, 60), same_omp=True),
    Task("gaussian-16", "Gaussian 32 × 64, k = 16", 16, _gaussian(32, 64), limits=(5, 60), same_omp=True),
    Task("autoregressive", "AR(1) 0.95 columns, 200 × 1000, k = 25, x = 1", 25, _autoregressive, limits=(10, 50)),
    Task("steps", "steps 300 × 300, k = 10, 5 % noise", 10, _steps, limits=(10, 60)),
    Task(
        "gaussian-large",
        "Gaussian 1000 × 4000, k = 100",
        100,
        _gaussian(1000, 4000),
        limits=(10, 60),
        same_omp=True,
    ),
    Task("batch-256", "Gaussian 256 × 1024, k = 32", 32, _gaussian(256, 1024), "batch", 5000, same_omp=True),
    Task("batch-512", "Gaussian 512 × 2048, k = 64", 64, _gaussian(512, 2048), "batch", 2000, same_omp=True),
    Task("batch-sea", "deconvolution 548 × 500, σ = 3, k = 20, one A", 20, _deconvolution(), "sea-batch", 100),
]
