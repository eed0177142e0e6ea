"""Compare the features chosen, the right ones among them, and the prediction error: sparsea, scikit-learn and abess.

Four kinds of data: noise alone; five planted features of fifty (100 samples, new for each draw); the diabetes table in
its design of 64 columns; and the compactness of nuclei, perimeter²/area − 1, in scikit-learn's breast cancer table,
whose logarithm is to be found from the logarithms of the other 23 positive columns. Planted features correlate, and the
noise has the variance of one of them. Tables are split at random: two thirds to fit, one third to predict.

Each line gives the mean number of features, the share of draws in which any was chosen, the mean numbers of right and
of other features (where the right ones are known: those planted; perimeter and area), the mean squared error on unused
samples, relative to that of the mean, and the median time. All features are standardised. If abess is not installed,
its lines are missing.

    taskset -c 0 python python/benchmarks/choosing_k.py [--draws 50]
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LassoCV, LassoLarsIC, OrthogonalMatchingPursuitCV

import sparsea
from sparsea.sklearn import SparseRegressorCV, SparsityPath

try:
    import abess
except ImportError:
    abess = None

Array = np.ndarray
Draw = tuple[Array, Array, Array, Array, list[int] | None]

PLANTED = [5, 17, 23, 31, 44]
DIABETES = Path(__file__).parents[2] / "data" / "diabetes.csv"


def noise(rng: np.random.Generator) -> Draw:
    """Nothing to find."""
    X, y = rng.standard_normal((200, 50)), rng.standard_normal(200)
    return X[:100], y[:100], X[100:], y[100:], []


def planted(rng: np.random.Generator) -> Draw:
    """Five of fifty features."""
    X = rng.standard_normal((200, 50)) + rng.standard_normal((200, 1))
    y = X[:, PLANTED] @ [1, -1, 1, -1, 1] + np.sqrt(2) * rng.standard_normal(200)
    return X[:100], y[:100], X[100:], y[100:], PLANTED


def split(X: Array, y: Array, right: list[int] | None, rng: np.random.Generator) -> Draw:
    """Two thirds of a table to fit, the others to predict."""
    order = rng.permutation(len(y))
    train, test = order[: 2 * len(y) // 3], order[2 * len(y) // 3 :]
    return X[train], y[train], X[test], y[test], right


def diabetes(rng: np.random.Generator) -> Draw:
    """Real data of which nobody knows the answer."""
    values = np.loadtxt(DIABETES, delimiter=",", skiprows=1)
    return split(values[:, 1:], values[:, 0], None, rng)


def nuclei(rng: np.random.Generator) -> Draw:
    """Real data with a formula, which means over the nuclei of a sample obey nearly."""
    table = load_breast_cancer()
    names = [str(name) for name in table.feature_names]
    target = names.index("mean compactness")
    columns = [j for j in range(len(names)) if j != target and table.data[:, j].min() > 0]
    right = [columns.index(names.index(f"mean {name}")) for name in ("perimeter", "area")]
    return split(np.log(table.data[:, columns]), np.log(1 + table.data[:, target]), right, rng)


class Stable:
    """Least squares on the columns that three of four halves choose."""

    coef_: Array

    def fit(self, X: Array, y: Array) -> Stable:
        """Chooses and fits."""
        stable = sparsea.stability(X, y, max(int(np.sqrt(X.shape[1] / 2)), 1), intercept=True).selected
        self.coef_ = np.zeros(X.shape[1])
        design = np.column_stack([np.ones(len(y)), X[:, stable]])
        self.intercept_, *self.coef_[stable] = np.linalg.lstsq(design, y, rcond=None)[0]
        return self

    def predict(self, X: Array) -> Array:
        """By the columns chosen."""
        return np.asarray(X @ self.coef_ + self.intercept_)


def models(largest: int) -> dict[str, Callable[[], Any]]:
    """Ways to choose."""
    listed: dict[str, Callable[[], Any]] = {
        "SparsityPath, ebic": lambda: SparsityPath(largest, threads=1),
        "SparsityPath, bic": lambda: SparsityPath(largest, criterion="bic", threads=1),
        "SparseRegressorCV": lambda: SparseRegressorCV(largest, cv=10, threads=1),
        "SparseRegressorCV, 1 s.e.": lambda: SparseRegressorCV(largest, cv=10, one_standard_error=True, threads=1),
        "stability, k = √(p/2)": Stable,
        "OrthogonalMatchingPursuitCV": lambda: OrthogonalMatchingPursuitCV(cv=10, max_iter=largest),
        "LassoLarsIC, bic": lambda: LassoLarsIC("bic"),
        "LassoCV": lambda: LassoCV(cv=10),
    }
    if abess is not None:
        sizes = range(largest + 1)
        listed["abess, ebic"] = lambda: abess.LinearRegression(support_size=sizes, ic_type="ebic", thread=1)
        listed["abess, cv"] = lambda: abess.LinearRegression(support_size=sizes, cv=10, thread=1)
    return listed


def versions() -> str:
    """What is measured, and on what."""
    names = ["sparsea", "numpy", "scikit-learn", *(["abess"] if abess else [])]
    found = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return f"Python {platform.python_version()}, {found}; {platform.machine()}, one thread"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--largest", type=int, default=20, help="K")
    given = parser.parse_args()
    # K may be the best, and the lasso may end before it has converged.
    warnings.simplefilter("ignore")
    print(versions() if abess else f"abess is not installed. {versions()}")
    print(f"{'':28} {'k':>5} {'any':>5} {'right':>6} {'other':>6} {'error':>7} {'time':>9}")
    for make in (noise, planted, diabetes, nuclei):
        print(f"{make.__name__}, {given.draws} draws")
        for name, model in models(given.largest).items():
            rows, times = [], []
            for seed in range(given.draws):
                X, y, fresh, target, right = make(np.random.default_rng(seed))
                means, scales = X.mean(axis=0), X.std(axis=0)
                begin = time.perf_counter()
                fitted = model().fit((X - means) / scales, y)
                times.append(time.perf_counter() - begin)
                found = set(np.flatnonzero(fitted.coef_).tolist())
                errors = target - fitted.predict((fresh - means) / scales)
                known = np.nan if right is None else len(found.intersection(right))
                relative = float(np.sum(errors**2) / np.sum((target - y.mean()) ** 2))
                rows.append([len(found), len(found) > 0, known, len(found) - known, relative])
            k, share, known, other, error = np.mean(rows, axis=0)
            right_one = f"{known:6.2f} {other:6.2f}" if not np.isnan(known) else f"{'':6} {'':6}"
            print(
                f"  {name:26} {k:5.2f} {100 * share:3.0f} % {right_one} {error:7.3f} {1000 * np.median(times):6.1f} ms"
            )


if __name__ == "__main__":
    main()
