"""
Directions of arrival
=====================

Five plane waves reach a row of 24 antennas; two of them are closer than its beam width. A is complex, with one column
for each direction. Writes find_directions.png.
"""

import matplotlib
import numpy as np
from numpy.typing import NDArray

import sparsea
from sparsea import plot

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# %%
# The waves, and a grid of directions in steps of half a degree.
rng = np.random.default_rng(5)
antennas, truth = 24, np.array([-31.0, -10.0, -7.0, 12.0, 40.0])
angles = np.arange(-90, 90.5, 0.5)


def wave(degrees: NDArray[np.float64]) -> NDArray[np.complex128]:
    """What antennas half a wavelength apart receive of a plane wave."""
    received: NDArray[np.complex128] = np.exp(1j * np.pi * np.arange(antennas)[:, None] * np.sin(np.deg2rad(degrees)))
    return received


A = wave(angles)
amplitudes = np.exp(2j * np.pi * rng.random(len(truth))) * rng.uniform(1, 2, len(truth))
noise = rng.standard_normal((antennas, 2)) @ [0.05, 0.05j]
y = wave(truth) @ amplitudes + noise

# %%
# The beam, the moduli of Aᴴ y / m, shows one peak for the two directions that are three degrees apart.
beam = np.abs(A.conj().T @ y) / antennas
figure, axis = plt.subplots(figsize=(9, 4), layout="constrained")
axis.plot(angles, beam, color="0.6", label="beam: |Aᴴ y|/m")
for algorithm, marker in (("omp", "s"), ("search", "o")):
    solution = sparsea.solve(A, y, len(truth), algorithm=algorithm)
    found = angles[solution.support]
    print(f"{algorithm:<8}{found}")
    heights, color = np.abs(solution.coefficients), plot.algorithm_color(algorithm)
    axis.plot(found, heights, color=color, marker=marker, ls="", ms=9, mfc="none", label=algorithm)
for degrees in truth:
    axis.axvline(degrees, color="0.3", lw=0.8, ls=":", label="truth" if degrees == truth[0] else None)
axis.set(xlabel="direction (degrees)", ylabel="amplitude", title="five waves at 24 antennas", xlim=(-90, 90))
axis.legend()
figure.savefig("find_directions.png", dpi=130)
