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
    """Y = A X + noise: the columns of X have k non-zeros each, on the supports of the truth.

    With a joint support all of X has k non-zero rows, one support. With groups k and the support are of groups.
    """

    A: Array
    Y: Array
    k: int
    truth: list[Support]
    # The group of each column, from 0 on; None if each is its own.
    groups: Support | None = None

    @property
    def y(self) -> Array:
        """The data of a problem with one signal."""
        return self.Y[:, 0]

    def atoms(self, columns: Support) -> Support:
        """What k counts: the columns, or the groups that they are of."""
        return columns if self.groups is None else np.unique(self.groups[columns])


Draw: TypeAlias = Callable[[np.random.Generator, int, int], Problem]
Amplitudes: TypeAlias = Callable[[np.random.Generator, int], Array]


@dataclass(frozen=True)
class Task:
    """A kind of problem, and what is measured on it."""

    name: str
    title: str
    k: int
    draw: Draw
    # The plain problem for one signal or for many; or another form of it.
    kind: Literal["single", "batch", "sea-batch", "nonnegative", "joint", "groups"] = "single"
    signals: int = 1
    # Limits of `search`, in milliseconds.
    limits: tuple[int, ...] = ()
    # Whether every OMP must find the same supports: no two columns are nearly as good.
    same_omp: bool = False

    @property
    def batch(self) -> bool:
        """Whether many signals are solved, each by itself."""
        return self.kind in ("batch", "sea-batch")

    def problem(self, seed: int, run: int, signals: int) -> Problem:
        """The problem of a run."""
        return self.draw(np.random.default_rng([seed, TASKS.index(self), run]), self.k, signals)


def _normal(rng: np.random.Generator, k: int) -> Array:
    return rng.standard_normal(k)


def _bounded(rng: np.random.Generator, k: int) -> Array:
    """Uniform on [−2, −1] ∪ [1, 2]."""
    sizes: Array = rng.uniform(1.0, 2.0, k) * rng.choice([-1.0, 1.0], k)
    return sizes


def _half_normal(rng: np.random.Generator, k: int) -> Array:
    return np.abs(rng.standard_normal(k))


def _positive(rng: np.random.Generator, k: int) -> Array:
    return rng.uniform(1.0, 2.0, k)


def _observe(
    rng: np.random.Generator, A: Array, k: int, signals: int, amplitudes: Amplitudes, noise: float = 0.0
) -> Problem:
    """Signals on random supports; A gets unit columns once Y is made."""
    truth = [_choice(rng, A.shape[1], k) for _ in range(signals)]
    Y = np.empty((A.shape[0], signals), order="F")
    for i, support in enumerate(truth):
        Y[:, i] = A[:, support] @ amplitudes(rng, k)
    return Problem(_unit(A), _noisy(rng, Y, noise), k, truth)


def _choice(rng: np.random.Generator, n: int, k: int) -> Support:
    return np.sort(rng.choice(n, k, replace=False))


def _noisy(rng: np.random.Generator, Y: Array, noise: float) -> Array:
    """Noise whose norm is a share of that of each column, exactly."""
    if noise > 0.0:
        E = rng.standard_normal(Y.shape)
        Y += E * (noise * np.linalg.norm(Y, axis=0) / np.linalg.norm(E, axis=0))
    return Y


def _unit(A: Array) -> Array:
    return np.asfortranarray(A / np.linalg.norm(A, axis=0))


def _deconvolution(noise: float = 0.0, amplitudes: Amplitudes = _bounded) -> Draw:
    """Full convolution of 500 samples with exp(−t²/2σ²), σ = 3, t = −24 … 24."""

    def draw(rng: np.random.Generator, k: int, signals: int) -> Problem:
        pulse = np.exp(-0.5 * (np.arange(-24, 25) / 3.0) ** 2)
        A = np.zeros((548, 500))
        for j in range(500):
            A[j : j + pulse.size, j] = pulse
        return _observe(rng, A, k, signals, amplitudes, noise)

    return draw


def _gaussian(m: int, n: int, amplitudes: Amplitudes = _normal) -> Draw:
    def draw(rng: np.random.Generator, k: int, signals: int) -> Problem:
        return _observe(rng, rng.standard_normal((m, n)), k, signals, amplitudes)

    return draw


def _joint(m: int, n: int, noise: float = 0.0) -> Draw:
    """Normal amplitudes on the same support for all signals."""

    def draw(rng: np.random.Generator, k: int, signals: int) -> Problem:
        A, support = rng.standard_normal((m, n)), _choice(rng, n, k)
        Y = np.asfortranarray(A[:, support] @ rng.standard_normal((k, signals)))
        return Problem(_unit(A), _noisy(rng, Y, noise), k, [support])

    return draw


def _grouped(m: int, n: int, size: int, noise: float) -> Draw:
    """Normal amplitudes on all columns of k groups of neighbours."""

    def draw(rng: np.random.Generator, k: int, signals: int) -> Problem:
        A, groups = rng.standard_normal((m, n)), np.arange(n) // size
        chosen = _choice(rng, n // size, k)
        Y = np.asfortranarray(A[:, np.isin(groups, chosen)] @ rng.standard_normal((k * size, signals)))
        return Problem(_unit(A), _noisy(rng, Y, noise), k, [chosen], groups)

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
    Task(
        "nonnegative-20",
        "deconvolution 548 × 500, σ = 3, k = 20, x ≥ 0",
        20,
        _deconvolution(amplitudes=_positive),
        "nonnegative",
    ),
    Task(
        "nonnegative-50",
        "deconvolution 548 × 500, σ = 3, k = 50, x ≥ 0, 2 % noise",
        50,
        _deconvolution(0.02, _positive),
        "nonnegative",
        limits=(50, 300),
    ),
    Task("nonnegative-gaussian", "Gaussian 32 × 64, k = 16, x ≥ 0", 16, _gaussian(32, 64, _half_normal), "nonnegative"),
    Task(
        "joint-100",
        "Gaussian 100 × 400, k = 20, B = 5, 2 % noise",
        20,
        _joint(100, 400, 0.02),
        "joint",
        5,
        limits=(10,),
        same_omp=True,
    ),
    Task("joint-32", "Gaussian 32 × 64, k = 20, B = 3", 20, _joint(32, 64), "joint", 3, same_omp=True),
    Task(
        "groups",
        "Gaussian 100 × 400, k = 10 groups of 4, 2 % noise",
        10,
        _grouped(100, 400, 4, 0.02),
        "groups",
        limits=(10, 60),
    ),
]
