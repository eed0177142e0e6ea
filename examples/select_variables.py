"""Which of the variables of the diabetes data, and how many? Writes select_variables.png."""

from pathlib import Path

import matplotlib
import numpy as np

from sparsea.sklearn import SparsityPath

matplotlib.use("Agg")
import matplotlib.pyplot as plt

table = Path(__file__).parent.parent / "data" / "diabetes.csv"
names = np.array(table.read_text(encoding="utf-8").splitlines()[0].split(",")[1:])
values = np.loadtxt(table, delimiter=",", skiprows=1)
X, y = values[:, 1:], values[:, 0]

path = SparsityPath(max_nonzero_coefs=15, criterion="bic").fit(X, y)
chosen = len(path.support_)
print(f"{chosen} of {len(names)} variables by BIC: {', '.join(names[path.support_])}")

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
k = np.arange(1, 16)
for word, color in (("aic", "C0"), ("bic", "C3"), ("ebic", "C2")):
    score = getattr(path, f"{word}_")
    left.plot(k, score - score.min(), color=color, marker=".", label=word.upper())
    left.plot(k[score.argmin()], 0, color=color, marker="o", ms=9, mfc="none")
left.set(xlabel="number of variables k", ylabel="criterion above its minimum", title="how many")
left.legend()
order = np.argsort(np.abs(path.coef_[path.support_]))
right.barh(names[path.support_][order], path.coef_[path.support_][order], color="C3")
right.axvline(0, color="0.3", lw=0.8)
right.set(xlabel="coefficient", title=f"which: the {chosen} of BIC")
figure.savefig("select_variables.png", dpi=130)
