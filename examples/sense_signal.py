"""
A spectrum from a quarter of its channels
=========================================

The spectrum is sparse in the cosine basis, so a quarter of its channels determine it. A is a PyLops operator. Writes
sense_signal.png.
"""

from pathlib import Path

import matplotlib
import numpy as np
import pylops

import sparsea

matplotlib.use("Agg")
import matplotlib.pyplot as plt

table = Path(__file__).parent.parent / "data" / "xrf.csv"
spectrum = np.sqrt(np.loadtxt(table, delimiter=",", skiprows=1, ndmin=2)[:, -1])
n = len(spectrum)
rng = np.random.default_rng(0)
kept = np.sort(rng.choice(n, n // 4, replace=False))

# %%
# y is the restriction of an inverse cosine transform of x.
cosines = pylops.signalprocessing.DCT(dims=n).H
A = pylops.Restriction(n, kept) @ cosines
y = spectrum[kept]

# %%
# The error falls as more cosines are allowed.
figure, axes = plt.subplots(3, 1, figsize=(9, 7), sharex=True, layout="constrained")
for axis, k in zip(axes, (20, 40, 60), strict=True):
    solution = sparsea.solve(A, y, k, time=1.0)
    found = cosines @ solution.x
    error = np.linalg.norm(found - spectrum) / np.linalg.norm(spectrum)
    print(f"k = {k}: relative error {error:.3f}")
    axis.plot(spectrum, color="0.6", lw=1.2, label="spectrum, all channels")
    axis.plot(kept, y, "k.", ms=2.5, label=f"{len(kept)} channels that were measured")
    axis.plot(found, color="C3", lw=1.2, label="found from them")
    axis.set_title(f"{k} cosines: error {100 * error:.1f} %", loc="left")
    axis.set_ylabel("√counts")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
axes[-1].set_xlabel("channel")
figure.savefig("sense_signal.png", dpi=130)
