"""
How many, and which for sure?
=============================

Four data sets: noise alone, five planted features of fifty, the diabetes table, and a table with a formula in it.
EBIC, cross-validation and the one-standard-error rule choose k; `stability` shows which features are certain.
Writes choose_k.png.
"""

from pathlib import Path

import matplotlib
import numpy as np
from sklearn.datasets import load_breast_cancer

import sparsea
from sparsea import plot
from sparsea.sklearn import SparseRegressorCV, SparsityPath

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# %%
# The data.
rng = np.random.default_rng(0)
nothing = rng.standard_normal((100, 50)), rng.standard_normal(100)

# Five of fifty features, all of which correlate, and noise.
X = rng.standard_normal((100, 50)) + rng.standard_normal((100, 1))
planted = X, X[:, [5, 17, 23, 31, 44]] @ [1, -1, 1, -1, 1] + rng.standard_normal(100)

table = Path(__file__).parent.parent / "data" / "diabetes.csv"
measured = table.read_text(encoding="utf-8").splitlines()[0].split(",")[1:]
values = np.loadtxt(table, delimiter=",", skiprows=1)
diabetes = values[:, 1:], values[:, 0]

# %%
# The compactness of a nucleus is perimeter²/area − 1, up to a constant. The table has means over the nuclei of a
# sample, for which log(1 + compactness) = 2 log(perimeter) − log(area) + c is nearly true. More features than these
# two predict better, and criteria choose them; that the two belong, every half of the rows says.
nuclei = load_breast_cancer()
which = [str(name) for name in nuclei.feature_names]
at = which.index("mean compactness")
positive = [j for j in range(len(which)) if j != at and nuclei.data[:, j].min() > 0]
formula = np.log(nuclei.data[:, positive]), np.log(1 + nuclei.data[:, at])

data = {
    "noise alone": (nothing, [f"{j}" for j in range(50)], 4),
    "five of fifty": (planted, [f"{j}" for j in range(50)], 5),
    "diabetes": (diabetes, measured, 5),
    "compactness of nuclei": (formula, [which[j] for j in positive], 4),
}

# %%
# In noise alone nothing is found.
figure, axes = plt.subplots(2, len(data), figsize=(17, 7), layout="constrained")
print(f"{'data':22} {'EBIC':>5} {'CV':>4} {'1 SE':>5}  stable columns")
for (title, ((X, y), names, k)), (upper, lower) in zip(data.items(), axes.T, strict=True):
    path = SparsityPath(15, criterion="ebic").fit(X, y)
    least = SparseRegressorCV(15, cv=10).fit(X, y)
    fewer = SparseRegressorCV(15, cv=10, one_standard_error=True).fit(X, y)
    stable = sparsea.stability(X, y, k, intercept=True)
    counts = f"{path.n_nonzero_coefs_:5} {least.n_nonzero_coefs_:4} {fewer.n_nonzero_coefs_:5}"
    print(f"{title:22} {counts}  {', '.join(names[j] for j in stable.selected) or 'none'}")
    plot.path(path, criteria=["ebic"], ax=upper)
    upper.set_title(title)
    order = np.argsort(-stable.frequencies, kind="stable")[:8][::-1]
    lower.barh([names[j] for j in order], stable.frequencies[order], color=plot.algorithm_color(stable.algorithm))
    lower.axvline(stable.threshold, color="0.3", lw=0.8, ls=":")
    lower.set(xlim=(0, 1.02), xlabel=f"share of halves that choose it, k = {k}")
figure.savefig("choose_k.png", dpi=110)
