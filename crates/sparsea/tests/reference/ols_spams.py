"""Reference values of orthogonal least squares from SPAMS, on reproducible problems.

    python ols_spams.py            # write ols_spams.json
    python ols_spams.py --check    # recompute and compare, write nothing

Rebuilding a problem (m, n, k, seed) exactly, in any language: as omp_scikit_learn.py says; only the
seeds differ.

The `omp` of SPAMS adds, at each step, the column that reduces the residual most once all
coefficients are fitted again: orthogonal least squares, in spite of its name. It is given A_unit,
each column of A divided by its Euclidean norm, and the unchanged y. `coefficients` belong to the
unit columns, in the order of `support`, which is sorted; `residual_norm` is ‖y − A_unit x‖₂.

Checked here, apart from SPAMS: a plain transcription, which fits every candidate by least squares,
chooses the same columns and has the same coefficients to TOLERANCE times the largest. Every
selection is clear-cut: at each of the k steps the largest reduction of ‖r‖₂² exceeds the second
largest by more than MARGIN times itself. Seeds that fail this second part would be skipped; none
did. `differing_from_omp` is the number of problems in which orthogonal matching pursuit
(scikit-learn's, with the same k) ends with another support.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import spams
from numpy.typing import NDArray
from omp_scikit_learn import NOISE, problem, size, store
from sklearn.linear_model import orthogonal_mp

MARGIN = 1e-6
TOLERANCE = 1e-10
PROBLEMS = 60
DIFFERING = 10
FIRST_SEED = 20241001
OUTPUT = Path(__file__).with_suffix(".json")


def fit(a: NDArray[np.float64], y: NDArray[np.float64], support: list[int]) -> NDArray[np.float64]:
    """The least-squares coefficients of these columns, and 0 elsewhere."""
    x: NDArray[np.float64] = np.zeros(a.shape[1])
    x[support] = np.linalg.lstsq(a[:, support], y, rcond=None)[0]
    return x


def plain(a: NDArray[np.float64], y: NDArray[np.float64], k: int) -> tuple[list[int], float]:
    """The columns in the order chosen, and the least relative lead of one over the next; a plain OLS."""
    support: list[int] = []
    energy = float(y @ y)
    margin = np.inf
    for _ in range(k):
        left = np.full(a.shape[1], energy)
        for j in range(a.shape[1]):
            if j not in support:
                residual = y - a @ fit(a, y, [*support, j])
                left[j] = residual @ residual
        reduction = energy - left
        order = np.argsort(-reduction)
        first, second = reduction[order[0]], reduction[order[1]]
        margin = min(margin, float((first - second) / first))
        support.append(int(order[0]))
        energy = float(left[order[0]])
    return support, margin


def reference(m: int, n: int, k: int, seed: int) -> dict[str, Any] | None:
    """The values to store, or None if a selection is too close to a tie."""
    a, y = problem(m, n, k, seed)
    unit = np.asfortranarray(a / np.linalg.norm(a, axis=0))
    chosen, margin = plain(unit, y, k)
    if margin <= MARGIN:
        return None
    column = np.asfortranarray(y[:, np.newaxis])
    x = np.asarray(spams.omp(column, unit, L=k, eps=0.0, lambda1=0.0, numThreads=1).toarray())[:, 0]
    support = [int(j) for j in np.flatnonzero(x)]
    if support != sorted(chosen):
        raise AssertionError(f"seed {seed}: SPAMS chooses {support}, a plain OLS {sorted(chosen)}, margin {margin}")
    if np.max(np.abs(x - fit(unit, y, support))) > TOLERANCE * np.max(np.abs(x)):
        raise AssertionError(f"seed {seed}: the coefficients of SPAMS are not those of least squares")
    return {
        "m": m,
        "n": n,
        "k": k,
        "seed": seed,
        "support": support,
        "coefficients": [float(x[j]) for j in support],
        "residual_norm": float(np.linalg.norm(y - unit @ x)),
    }


def problems() -> list[dict[str, Any]]:
    """All reference problems."""
    found: list[dict[str, Any]] = []
    seed = FIRST_SEED
    while len(found) < PROBLEMS:
        values = reference(*size(len(found)), seed)
        if values is not None:
            found.append(values)
        seed += 1
    return found


def differs_from_omp(values: dict[str, Any]) -> bool:
    """Whether orthogonal matching pursuit ends with another support."""
    a, y = problem(values["m"], values["n"], values["k"], values["seed"])
    x = np.asarray(orthogonal_mp(a / np.linalg.norm(a, axis=0), y, n_nonzero_coefs=values["k"]))
    support: list[int] = values["support"]
    return [int(j) for j in np.flatnonzero(x)] != support


def main(arguments: list[str]) -> int:
    """Write or check the file; the exit status."""
    found = problems()
    differing = sum(differs_from_omp(values) for values in found)
    if differing <= DIFFERING:
        raise AssertionError(f"the support is not that of OMP in {differing} problems only")
    head = {
        "scikit_learn": sklearn.__version__,
        "spams_bin": version("spams-bin"),
        "noise": NOISE,
        "margin": MARGIN,
        "differing_from_omp": differing,
    }
    said = f"seeds {FIRST_SEED} … {found[-1]['seed']}; not as OMP in {differing}"
    return store(OUTPUT, head, found, arguments, said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
