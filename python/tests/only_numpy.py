"""What the package must do where nothing but NumPy is installed; run by `cargo xtask python` in a fresh environment."""

import copy
import importlib.util
import pickle
import sys

import numpy as np

import sparsea

for other in ("scipy", "sklearn", "pandas", "polars", "matplotlib", "tqdm", "dask"):
    assert importlib.util.find_spec(other) is None, f"{other} is installed"

rng = np.random.default_rng(0)
A = rng.standard_normal((30, 80))
x = np.zeros(80)
x[[3, 40, 77]] = [1.0, -2.0, 3.0]
solution = sparsea.solve(A, A @ x, 3, progress=True)
assert solution.support.tolist() == [3, 40, 77]
assert pickle.loads(pickle.dumps(solution)) == copy.deepcopy(solution) == solution
assert len(sparsea.solve(A, np.stack([A @ x, -A @ x], axis=1), 3)) == 2
assert sparsea.deconvolve(np.convolve(x, sparsea.gaussian(2.0)), "gaussian:2", 3).relative_residual < 1e-6
assert sparsea.theory.coherence(A).mutual < 1
assert sys.modules.keys().isdisjoint({"scipy", "sklearn", "matplotlib"})
