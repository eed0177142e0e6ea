"""Reference values of orthogonal matching pursuit from scikit-learn, on reproducible problems.

    python omp_scikit_learn.py            # write omp_scikit_learn.json
    python omp_scikit_learn.py --check    # recompute and compare, write nothing

Rebuilding a problem (m, n, k, seed) exactly, in any language:

* The generator is the 64-bit linear congruential one of Knuth's MMIX,
      state ← 6364136223846793005 · state + 1442695040888963407   (mod 2⁶⁴),
  which starts at state = seed. A draw advances the state, then returns
      (state >> 11) · 2⁻⁵² − 1,
  a double in [−1, 1) without any rounding. The first 16 draws of a problem are thrown away.
* A (m rows, n columns) is drawn column by column, each from its first row to its last.
* Then k columns and their coefficients are drawn. Until there are k columns: a draw u names the
  column floor(((u + 1) / 2) · n), and is dropped when that column is already there; each new
  column takes the next draw v at once: its coefficient is v + 1 if v ≥ 0, and v − 1 otherwise.
* y starts at 0. For each of these columns, in the order drawn, y_i ← y_i + coefficient · A_ij (a
  rounded product, then a rounded sum). Then, for i = 0 … m − 1, y_i ← y_i + 0.01 · draw.

The columns of A are not of unit length yet: scikit-learn is given A_unit, each column divided by
its Euclidean norm, and the unchanged y. `coefficients` belong to the unit columns, in the order of
`support`, which is sorted; `residual_norm` is ‖y − A_unit x‖₂. Every selection is clear-cut: at
each of the k steps the largest |a_jᵀ r| exceeds the second largest by more than MARGIN times
itself. Seeds that fail this would be skipped; none did.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.linear_model import orthogonal_mp

MULTIPLIER = 6364136223846793005
INCREMENT = 1442695040888963407
MASK = (1 << 64) - 1
DISCARDED = 16
NOISE = 0.01
MARGIN = 1e-6
PROBLEMS = 60
FIRST_SEED = 20240701
OUTPUT = Path(__file__).with_suffix(".json")


class Generator:
    """The linear congruential generator described above."""

    def __init__(self, seed: int) -> None:
        self.state = seed
        for _ in range(DISCARDED):
            self.draw()

    def draw(self) -> float:
        """The next double in [−1, 1)."""
        self.state = (MULTIPLIER * self.state + INCREMENT) & MASK
        return (self.state >> 11) * 2.0**-52 - 1.0


def problem(
    m: int, n: int, k: int, seed: int, correlation: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A, with the columns as drawn, or each leaning on the one before it by `correlation`, and y."""
    generator = Generator(seed)
    a = np.array([[generator.draw() for _ in range(m)] for _ in range(n)]).T
    if correlation != 0.0:
        for j in range(1, n):
            a[:, j] = a[:, j] + correlation * a[:, j - 1]
    truth: dict[int, float] = {}
    while len(truth) < k:
        column = int((generator.draw() + 1.0) / 2.0 * n)
        if column not in truth:
            value = generator.draw()
            truth[column] = value + 1.0 if value >= 0.0 else value - 1.0
    y: NDArray[np.float64] = np.zeros(m)
    for column, coefficient in truth.items():
        y = y + coefficient * a[:, column]
    y = y + NOISE * np.array([generator.draw() for _ in range(m)])
    return a, y


def size(index: int) -> tuple[int, int, int]:
    """The m in 8 … 60, n in 10 … 120, k in 1 … min(m // 3, n) of the problem of this index."""
    m = 8 + (index * 17) % 53
    n = 10 + (index * 43) % 111
    k = 1 + (index * 7) % min(m // 3, n)
    return m, n, k


def smallest_margin(a: NDArray[np.float64], y: NDArray[np.float64], k: int) -> float:
    """The least relative lead of the chosen column over the next, over the k steps; a plain OMP."""
    support: list[int] = []
    residual = y
    margin = np.inf
    for _ in range(k):
        correlation = np.abs(a.T @ residual)
        correlation[support] = 0.0
        order = np.argsort(-correlation)
        first, second = correlation[order[0]], correlation[order[1]]
        margin = min(margin, float((first - second) / first))
        support.append(int(order[0]))
        values = np.linalg.lstsq(a[:, support], y, rcond=None)[0]
        residual = y - a[:, support] @ values
    return margin


def reference(m: int, n: int, k: int, seed: int) -> dict[str, Any] | None:
    """The values to store, or None if a selection is too close to a tie."""
    a, y = problem(m, n, k, seed)
    unit = a / np.linalg.norm(a, axis=0)
    if smallest_margin(unit, y, k) <= MARGIN:
        return None
    x = np.asarray(orthogonal_mp(unit, y, n_nonzero_coefs=k))
    support = np.flatnonzero(x)
    if len(support) != k:
        raise AssertionError(f"seed {seed}: {len(support)} columns chosen instead of {k}")
    return {
        "m": m,
        "n": n,
        "k": k,
        "seed": seed,
        "support": [int(j) for j in support],
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


def close(ours: object, theirs: object) -> bool:
    """Whether two stored values agree: whole numbers exactly, others to 1e-10."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(close(a, b) for a, b in zip(ours, theirs, strict=True))
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-10, abs_tol=1e-10)
    return ours == theirs


def store(output: Path, head: dict[str, Any], found: list[dict[str, Any]], arguments: list[str], said: str) -> int:
    """Write the file, or with --check compare with it; the exit status."""
    if arguments == ["--check"]:
        stored = json.loads(output.read_text(encoding="utf-8"))["problems"]
        same = len(stored) == len(found) and all(
            ours.keys() == theirs.keys() and all(close(ours[key], theirs[key]) for key in ours)
            for ours, theirs in zip(found, stored, strict=True)
        )
        print("as expected" if same else "differs")
        return 0 if same else 1
    head = {"made_by": output.with_suffix(".py").name, "numpy": np.__version__} | head
    lines = [f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
    rows = ",\n".join("  " + json.dumps(values) for values in found)
    output.write_text("{\n" + "".join(lines) + f' "problems": [\n{rows}\n ]\n}}\n', encoding="utf-8")
    print(f"{output.name}: {len(found)} problems, {said}")
    return 0


def main(arguments: list[str]) -> int:
    """Write or check the file; the exit status."""
    found = problems()
    head = {"scikit_learn": sklearn.__version__, "noise": NOISE, "margin": MARGIN}
    return store(OUTPUT, head, found, arguments, f"seeds {FIRST_SEED} … {found[-1]['seed']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
