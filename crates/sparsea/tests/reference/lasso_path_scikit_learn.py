"""Reference values of the lasso's path from scikit-learn, on reproducible problems.

    python lasso_path_scikit_learn.py            # write lasso_path_scikit_learn.json
    python lasso_path_scikit_learn.py --check    # recompute and compare, write nothing

Rebuilding a problem (m, n, k, seed, correlation) exactly, in any language: as omp_scikit_learn.py
says (the same generator, the same order of draws), with one more step where correlation is not 0.
Once all of A is drawn, and before y is built, for j = 1 … n − 1 in this order and for every i,
    A_ij ← A_ij + correlation · A_i,j−1   (a rounded product, then a rounded sum; no fused one),
where A_i,j−1 has already been changed (for j ≥ 2). y is then built from this changed A. Where
correlation is 0, A stays as drawn. The first PLAIN problems have correlation 0; the others have
CORRELATION and mostly a larger k, so that variables leave the support on the way.

The columns of A are not of unit length yet: scikit-learn is given A_unit, each column divided by
its Euclidean norm (after the step above), and the unchanged y. The path is that of the minimizer of
    ½‖y − A_unit x‖₂² + λ‖x‖₁   as λ falls;
scikit-learn's alphas are λ / m. `knots` are the λ, falling, at which the set of active variables
changes; the first is max |A_unitᵀ y|, where x is 0. The path is stored up to and including the
knot at which a (k + 1)-th variable is about to become active for the first time, so k coefficients
are non-zero at the last knot. For each knot, `supports` has the sorted columns whose coefficients
are not 0 there, and `coefficients` their values, which belong to the unit columns, in this order.
A variable that joins at a knot still has the coefficient 0 there, and so is not in its support; one
that leaves at a knot has reached 0 there, and is not in its support either.

Checked here, apart from scikit-learn: every knot, and the point halfway between any two in
succession, satisfies the conditions of optimality to TOLERANCE · λ (|A_unitᵀ r| ≤ λ, and = λ with
the sign of the coefficient on the support). Every event is clear-cut: at each knot exactly one
column outside the support has |a_jᵀ r| ≥ (1 − MARGIN) λ (the one that joins or leaves), no
coefficient of the support is within MARGIN times the largest of 0, and each λ, also that of the
knot after the last stored one, is below 1 − MARGIN times the one before. Seeds that fail this
second part would be skipped; none did.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from omp_scikit_learn import NOISE, problem, size, store
from sklearn.linear_model import lars_path

MARGIN = 1e-6
TOLERANCE = 1e-9
# A coefficient below this much of the largest has reached 0, but for scikit-learn's rounding.
ZERO = 1e-12
CORRELATION = 0.9
LARGEST_K = 20
PLAIN = 12
PROBLEMS = 30
WITH_DEPARTURES = 8
FIRST_SEED = 20240901
OUTPUT = Path(__file__).with_suffix(".json")


def correlated_size(index: int) -> tuple[int, int, int]:
    """The m and n of `size`, with a k in 4 … LARGEST_K that is half of the lesser at most."""
    m, n, _ = size(index)
    return m, n, min(m // 2, n // 2, LARGEST_K)


def path(a: NDArray[np.float64], y: NDArray[np.float64], k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The λ, and x as rows, of the knots to store and of the one after them."""
    alphas, _, columns = lars_path(a, y, method="lasso", alpha_min=0)
    knots = np.asarray(alphas) * len(y)
    x = np.asarray(columns).T
    x = np.where(np.abs(x) > ZERO * np.max(np.abs(x), axis=1, keepdims=True), x, 0.0)
    active = np.count_nonzero((x[:-1] != 0.0) | (x[1:] != 0.0), axis=1)
    beyond = np.flatnonzero(active > k)
    if len(beyond) == 0:
        raise AssertionError(f"the path never has {k + 1} active variables")
    end = int(beyond[0]) + 2
    return knots[:end], x[:end]


def clear_cut(
    a: NDArray[np.float64], y: NDArray[np.float64], knots: NDArray[np.float64], x: NDArray[np.float64]
) -> bool:
    """Whether no event at a knot is close to a tie; the last knot counts for its λ only."""
    for knot, values in zip(knots[:-1], x[:-1], strict=True):
        correlation = np.abs(a.T @ (y - a @ values))
        magnitudes = np.abs(values[values != 0.0])
        if np.count_nonzero(correlation >= (1.0 - MARGIN) * knot) != len(magnitudes) + 1:
            return False
        if len(magnitudes) > 0 and np.min(magnitudes) <= MARGIN * np.max(magnitudes):
            return False
    return bool(np.all(knots[1:] < (1.0 - MARGIN) * knots[:-1]))


def optimal(a: NDArray[np.float64], y: NDArray[np.float64], knot: float, x: NDArray[np.float64]) -> bool:
    """Whether x minimizes ½‖y − A x‖₂² + knot · ‖x‖₁."""
    correlation = a.T @ (y - a @ x)
    support = np.flatnonzero(x)
    below = np.abs(correlation) <= knot * (1.0 + TOLERANCE)
    equal = np.abs(correlation[support] - knot * np.sign(x[support])) <= knot * TOLERANCE
    return bool(np.all(below) and np.all(equal))


def reference(m: int, n: int, k: int, seed: int, correlation: float) -> dict[str, Any] | None:
    """The values to store, or None if an event is too close to a tie."""
    a, y = problem(m, n, k, seed, correlation)
    unit = a / np.linalg.norm(a, axis=0)
    knots, x = path(unit, y, k)
    if not clear_cut(unit, y, knots, x):
        return None
    knots, x = knots[:-1], x[:-1]
    for i, knot in enumerate(knots):
        if not optimal(unit, y, float(knot), x[i]):
            raise AssertionError(f"seed {seed}: knot {i} is not optimal")
        if i > 0 and not optimal(unit, y, float(knots[i - 1] + knot) / 2.0, (x[i - 1] + x[i]) / 2.0):
            raise AssertionError(f"seed {seed}: the path to knot {i} is not optimal")
    supports = [np.flatnonzero(values) for values in x]
    if len(supports[0]) != 0 or len(supports[-1]) != k:
        raise AssertionError(f"seed {seed}: {len(supports[0])} … {len(supports[-1])} columns instead of 0 … {k}")
    return {
        "m": m,
        "n": n,
        "k": k,
        "seed": seed,
        "correlation": correlation,
        "knots": [float(knot) for knot in knots],
        "supports": [[int(j) for j in support] for support in supports],
        "coefficients": [[float(values[j]) for j in support] for values, support in zip(x, supports, strict=True)],
    }


def problems() -> list[dict[str, Any]]:
    """All reference problems."""
    found: list[dict[str, Any]] = []
    seed = FIRST_SEED
    while len(found) < PROBLEMS:
        index = len(found)
        if index < PLAIN:
            values = reference(*size(index), seed, 0.0)
        else:
            values = reference(*correlated_size(index), seed, CORRELATION)
        if values is not None:
            found.append(values)
        seed += 1
    return found


def departures(values: dict[str, Any]) -> int:
    """The number of knots at which a variable leaves the support."""
    supports = values["supports"]
    return sum(not set(before) <= set(after) for before, after in pairwise(supports))


def main(arguments: list[str]) -> int:
    """Write or check the file; the exit status."""
    found = problems()
    leaving = sum(departures(values) > 0 for values in found)
    if leaving < WITH_DEPARTURES:
        raise AssertionError(f"a variable leaves the support in {leaving} problems only")
    head = {"scikit_learn": sklearn.__version__, "noise": NOISE, "margin": MARGIN, "tolerance": TOLERANCE}
    said = f"seeds {FIRST_SEED} … {found[-1]['seed']}; a variable leaves in {leaving}"
    return store(OUTPUT, head, found, arguments, said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
