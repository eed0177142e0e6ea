"""
Overlapping spikes
==================

A Gaussian blurs 20 spikes until neighbours overlap; the plot shows what OMP, SEA and `search` recover. Writes
deconvolve_spikes.png.
"""

import matplotlib
import numpy as np

import sparsea
from sparsea import plot

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# %%
# A trace whose spikes are known.
rng = np.random.default_rng(3)
n, k = 500, 20
A = sparsea.Convolution(sparsea.gaussian(3.0), n)
truth = np.zeros(n)
places = rng.choice(n, k, replace=False)
truth[places] = rng.choice([-1, 1], k) * rng.uniform(1, 2, k)
y = A.matvec(truth)

# %%
# The same k for each algorithm.
figure, axes = plt.subplots(4, 1, figsize=(9, 7), sharex=True, layout="constrained")
axes[0].plot(np.arange(len(y)) - (len(y) - n) / 2, y, color="0.4", lw=1.2)
axes[0].set_title("data: 20 spikes, blurred by a Gaussian of σ = 3 samples", loc="left")
for axis, algorithm in zip(axes[1:], ("omp", "sea", "search"), strict=True):
    solution = sparsea.solve(A, y, k, algorithm=algorithm)
    missed = len(set(places) - set(solution.support))
    plot.coefficients(solution, truth=truth, ax=axis)
    axis.label_outer()
    axis.set_title(f"{algorithm}: {missed} of {k} missed, {1e3 * solution.elapsed:.1f} ms", loc="left")
    print(f"{algorithm:<8}{missed:>3} missed, relative residual {solution.relative_residual:.1e}")
axes[-1].set_xlim(-(len(y) - n) / 2, n + (len(y) - n) / 2)
figure.savefig("deconvolve_spikes.png", dpi=130)
