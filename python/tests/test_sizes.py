"""Shapes at the ends of what is allowed, by the package and by the command, against NumPy.

The environment variable SPARSEA_BIN names the command; `cargo xtask python` sets it.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse

import sparsea

NAMES = [algorithm.name for algorithm in sparsea.algorithms() if algorithm.operator is None]
# Those that end on a support of k columns, fitted, whenever k independent columns are left to take.
GREEDY = ["els", "foba", "ols", "omp", "search"]
# Those whose points need not be the best on their support.
UNFITTED = ["cosamp", "iht", "niht"]
Answer = tuple[str, list[int], np.ndarray[Any, Any], float]


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command, whose every answer is whole."""
    program = os.environ.get("SPARSEA_BIN")
    if not program:
        pytest.fail("SPARSEA_BIN does not name the sparsea command; run `cargo xtask python`")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)


def answers(folder: Path, a: Any, y: Any, k: int, names: list[str] = NAMES) -> Iterator[Answer]:
    """What each algorithm finds, by the package and by the command."""
    for name in names:
        found = sparsea.solve(a, y, k, algorithm=name)
        yield f"{name} of the package", found.support.tolist(), found.coefficients, found.residual_norm
    file = folder / ("A.mtx" if scipy.sparse.issparse(a) else "A.npy")
    if scipy.sparse.issparse(a):
        scipy.io.mmwrite(file, scipy.sparse.coo_array(a), precision=17)
    else:
        np.save(file, a)
    np.save(folder / "y.npy", y)
    done = command("compare", file, folder / "y.npy", "-k", str(k), "--algorithms", ",".join(names), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    solutions = json.loads(done.stdout)["solutions"]
    assert sorted(solution["algorithm"] for solution in solutions) == sorted(names)
    for solution in solutions:
        name = f"{solution['algorithm']} of the command"
        yield name, solution["support"], np.array(solution["coefficients"]), solution["residual_norm"]


def check(answer: Answer, a: Any, y: Any, k: int) -> float:
    """Assert that an answer is one, and return the least residual on its support, which most have found."""
    name, support, coefficients, residual_norm = answer
    assert support == sorted(set(support)), name
    assert len(support) == len(coefficients) <= k, name
    chosen = a[:, support].toarray() if scipy.sparse.issparse(a) else a[:, support]
    assert np.all(np.linalg.norm(chosen, axis=0) > 0), name
    assert np.linalg.norm(y - chosen @ coefficients) == pytest.approx(residual_norm, rel=1e-9, abs=1e-12), name
    fitted, rounding = least(chosen, y), 1e-10 * float(np.linalg.norm(y))
    if name.split()[0] in UNFITTED:
        assert residual_norm >= fitted - rounding, name
    else:
        # NumPy loses digits on supports that are nearly dependent; to be better than it is no fault.
        assert residual_norm <= fitted * (1 + 1e-9) + rounding, name
    return fitted


def least(a: Any, y: Any) -> float:
    """‖y − A x‖ at its least."""
    return (
        float(np.linalg.norm(y - a @ np.linalg.lstsq(a, y, rcond=None)[0])) if a.shape[1] else float(np.linalg.norm(y))
    )


def best(a: Any, y: Any, k: int) -> float:
    """‖y − A x‖ at its least for k columns, all tried."""
    return min(least(a[:, support], y) for support in itertools.combinations(range(a.shape[1]), k))


def problem(m: int, n: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-2, 2, n), rng.standard_normal(m)


@pytest.mark.parametrize("m", [1, 2, 7])
def test_one_column(tmp_path: Path, m: int) -> None:
    a, y = problem(m, 1)
    for answer in answers(tmp_path, a, y, 1):
        assert check(answer, a, y, 1) == pytest.approx(least(a, y), abs=1e-12), answer
        assert answer[1] == [0]
        assert answer[2] == pytest.approx(a[:, 0] @ y / (a[:, 0] @ a[:, 0])), answer


@pytest.mark.parametrize("n", [2, 9])
def test_one_row(tmp_path: Path, n: int) -> None:
    a, y = problem(1, n)
    for answer in answers(tmp_path, a, y, 1):
        assert check(answer, a, y, 1) <= 1e-12, answer


def test_as_many_non_zeros_as_columns(tmp_path: Path) -> None:
    a, y = problem(12, 5)
    for answer in answers(tmp_path, a, y, 5):
        assert check(answer, a, y, 5) == pytest.approx(least(a, y), rel=1e-9), answer


def test_as_many_non_zeros_as_rows(tmp_path: Path) -> None:
    a, y = problem(5, 12)
    for answer in answers(tmp_path, a, y, 5):
        residual = check(answer, a, y, 5)
        if answer[0].split()[0] in GREEDY:
            assert residual <= 1e-9, answer


@pytest.mark.parametrize("k", [1, 2, 3])
def test_many_rows(tmp_path: Path, k: int) -> None:
    a, y = problem(100_000, 3)
    y += a @ [0.02, 1.0, -3.0]
    for answer in answers(tmp_path, a, y, k):
        assert check(answer, a, y, k) == pytest.approx(best(a, y, k), rel=1e-9), answer


@pytest.mark.parametrize("k", [1, 3])
def test_many_columns(tmp_path: Path, k: int) -> None:
    a, y = problem(3, 100_000)
    cosines = np.abs(y @ a) / np.linalg.norm(a, axis=0) / np.linalg.norm(y)
    for answer in answers(tmp_path, a, y, k):
        residual = check(answer, a, y, k)
        if k == 1:
            optimum = np.linalg.norm(y) * np.sqrt(1 - cosines.max() ** 2)
            assert residual == pytest.approx(optimum, rel=1e-6), answer
        elif answer[0].split()[0] in GREEDY:
            assert residual <= 1e-9, answer


@pytest.mark.parametrize("shape", [(1_000_000, 3), (3, 100_000)])
def test_sparse_matrices_with_empty_columns(tmp_path: Path, shape: tuple[int, int]) -> None:
    m, n = shape
    rng = np.random.default_rng(1)
    rows, columns = rng.integers(0, m, 3000), rng.integers(0, n, 3000)
    # Of three columns the middle one is empty; of a hundred thousand, all but 3000.
    columns[columns == 1] = 2
    a = scipy.sparse.coo_array((rng.standard_normal(3000), (rows, columns)), shape=shape).tocsc()
    y = np.zeros(m)
    y[rows[:500] if m > 3 else slice(None)] = rng.standard_normal(500 if m > 3 else 3)
    for k in (1, 2):
        for answer in answers(tmp_path, a, y, k, ["els", "htp", "omp", "sea"]):
            residual = check(answer, a, y, k)
            if n == 3:
                assert residual == pytest.approx(best(a[:, [0, 2]].toarray(), y, k), rel=1e-9), answer


def test_no_column_but_empty_ones(tmp_path: Path) -> None:
    y = np.array([1.0, 2.0, 3.0])
    for a in (np.zeros((3, 4)), scipy.sparse.csc_array((3, 4))):
        for answer in answers(tmp_path, a, y, 2):
            assert answer[1] == [], answer
            assert answer[3] == pytest.approx(np.linalg.norm(y)), answer
