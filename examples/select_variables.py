"""
Variables of the diabetes data
==============================

One call solves for every k from 0 to 15, and BIC chooses among them. Writes select_variables.png.
"""

from pathlib import Path

import matplotlib
import numpy as np

from sparsea import plot
from sparsea.sklearn import SparsityPath

matplotlib.use("Agg")
import matplotlib.pyplot as plt

table = Path(__file__).parent.parent / "data" / "diabetes.csv"
names = np.array(table.read_text(encoding="utf-8").splitlines()[0].split(",")[1:])
values = np.loadtxt(table, delimiter=",", skiprows=1)
X, y = values[:, 1:], values[:, 0]

# %%
# A path has a solution for every k.
path = SparsityPath(max_nonzero_coefs=15, criterion="bic").fit(X, y)
chosen = len(path.support_)
print(f"{chosen} of {len(names)} variables by BIC: {', '.join(names[path.support_])}")

# %%
# How many variables, and which.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plot.path(path, ax=left)
left.set_title("how many")
order = np.argsort(np.abs(path.coef_[path.support_]))
right.barh(
    names[path.support_][order], path.coef_[path.support_][order], color=plot.algorithm_color(path.solution_.algorithm)
)
right.axvline(0, color="0.3", lw=0.8)
right.set(xlabel="coefficient", title=f"which: the {chosen} of BIC")
figure.savefig("select_variables.png", dpi=130)
