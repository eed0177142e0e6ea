"""
Improving solutions of scikit-learn
===================================

`improve` starts from the support that `orthogonal_mp` returns. Writes improve_answers.png.
"""

import matplotlib
import numpy as np
from sklearn.linear_model import orthogonal_mp

import sparsea
from sparsea import plot

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# %%
# Thirty Gaussian problems for each k.
rng = np.random.default_rng(1)
m, n, runs = 64, 128, 30
sparsities = range(8, 37, 4)
rates = np.zeros((2, len(sparsities)))
for at, k in enumerate(sparsities):
    for _ in range(runs):
        A = rng.standard_normal((m, n))
        A /= np.linalg.norm(A, axis=0)
        support = np.sort(rng.choice(n, k, replace=False))
        y = A[:, support] @ rng.standard_normal(k)
        given = orthogonal_mp(A, y, n_nonzero_coefs=k)
        better = sparsea.improve(A, y, k, x=given)
        rates[0, at] += np.array_equal(np.flatnonzero(given), support)
        rates[1, at] += np.array_equal(better.support, support)
rates *= 100 / runs
for k, before, after in zip(sparsities, *rates, strict=True):
    print(f"k = {k}: {before:.0f} % exact by OMP, {after:.0f} % once improved")

# %%
# How often each is exact.
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
axis.plot(sparsities, rates[0], color=plot.algorithm_color("omp"), marker="s", label="orthogonal_mp of scikit-learn")
axis.plot(sparsities, rates[1], color=plot.algorithm_color("search"), marker="o", label="improved by sparsea")
axis.set(
    xlabel="non-zeros k", ylabel="supports recovered exactly (%)", title=f"Gaussian {m} × {n}, {runs} problems each"
)
axis.legend()
figure.savefig("improve_answers.png", dpi=130)
