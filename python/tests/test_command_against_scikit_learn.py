"""The `sparsea` command against scikit-learn and NumPy, on files written by NumPy and SciPy.

The environment variable SPARSEA_BIN names the command; `cargo xtask python` sets it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from numpy.typing import NDArray
from sklearn.linear_model import orthogonal_mp

Array = NDArray[Any]

KEYS = {
    "algorithm",
    "support",
    "coefficients",
    "residual_norm",
    "relative_residual",
    "objective",
    "iterations",
    "best_iteration",
    "supports_explored",
    "stop_reason",
    "elapsed_seconds",
}


@dataclass
class Problem:
    """A k-sparse recovery problem, with columns of any length."""

    A: Array
    y: Array
    k: int


def gaussian(seed: int) -> Problem:
    """A matrix with normal entries and columns of very different lengths, and 1 % noise."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(20, 80)), int(rng.integers(30, 160))
    k = int(rng.integers(1, m // 4))
    A = rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-2, 2, n)
    x = np.zeros(n)
    x[rng.choice(n, k, replace=False)] = rng.standard_normal(k)
    y = A @ x
    return Problem(A, y + 0.01 * np.linalg.norm(y) / np.sqrt(m) * rng.standard_normal(m), k)


def deconvolution(seed: int) -> Problem:
    """Spikes seen through a Gaussian filter of three samples: neighbouring columns nearly agree."""
    rng = np.random.default_rng(seed)
    n, k, sigma, reach = 120, 5, 3.0, 12
    centres = reach + np.arange(n)
    A = np.exp(-0.5 * ((np.arange(n + 2 * reach)[:, None] - centres) / sigma) ** 2)
    x = np.zeros(n)
    x[rng.choice(n, k, replace=False)] = rng.uniform(1, 2, k) * rng.choice([-1.0, 1.0], k)
    return Problem(A, A @ x + 0.001 * rng.standard_normal(len(A)), k)


PROBLEMS = [pytest.param(gaussian, seed, id=f"gaussian-{seed}") for seed in range(12)]
PROBLEMS += [pytest.param(deconvolution, seed, id=f"deconvolution-{seed}") for seed in range(8)]


def sparsea(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = os.environ.get("SPARSEA_BIN")
    if not command:
        pytest.fail("SPARSEA_BIN does not name the sparsea command; run `cargo xtask python`")
    return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)


def solve(*arguments: str | Path) -> dict[str, Any]:
    """The one JSON object that `sparsea solve … --json` prints."""
    done = sparsea("solve", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    assert answer.keys() >= KEYS
    return answer


def saved(directory: Path, name: str, array: Array) -> Path:
    """The path of a new .npy file that holds the array."""
    path = directory / f"{name}.npy"
    np.save(path, array)
    return path


def coefficients(answer: dict[str, Any]) -> Array:
    """The coefficients on the support; a complex one is written as [real part, imaginary part]."""
    values = np.array(answer["coefficients"], dtype=float)
    return values if values.ndim == 1 else np.asarray(values[:, 0] + 1j * values[:, 1])


def full(answer: dict[str, Any], n: int) -> Array:
    """The whole vector x."""
    values = coefficients(answer)
    x: Array = np.zeros(n, dtype=values.dtype)
    x[answer["support"]] = values
    return x


def scikit_learn_omp(problem: Problem) -> Array:
    """The solution of scikit-learn's orthogonal matching pursuit, which expects unit columns."""
    lengths = np.linalg.norm(problem.A, axis=0)
    x = orthogonal_mp(problem.A / lengths, problem.y, n_nonzero_coefs=problem.k)
    return np.asarray(np.asarray(x) / lengths)


def assert_residual_is_true(answer: dict[str, Any], A: Array, y: Array) -> None:
    """The residual that is reported is the one that NumPy finds, and the least on this support."""
    length = float(np.linalg.norm(y))
    residual = float(np.linalg.norm(y - A @ full(answer, A.shape[1])))
    assert abs(answer["residual_norm"] - residual) <= 1e-9 * length
    assert abs(answer["relative_residual"] - residual / length) <= 1e-9
    assert abs(answer["objective"] - residual**2 / 2) <= 1e-9 * length**2

    block = A[:, answer["support"]]
    block = block / np.linalg.norm(block, axis=0)
    least = np.linalg.norm(y - block @ np.linalg.lstsq(block, y, rcond=None)[0])
    assert abs(answer["residual_norm"] - least) <= 1e-9 * length


def assert_is_scikit_learn(answer: dict[str, Any], problem: Problem) -> None:
    """The support is the same; every column's share of the fit agrees to 1e-8 of the largest."""
    expected = scikit_learn_omp(problem)
    assert answer["support"] == np.flatnonzero(expected).tolist()
    lengths = np.linalg.norm(problem.A, axis=0)
    error = np.abs(full(answer, len(expected)) - expected) * lengths
    assert error.max() <= 1e-8 * (np.abs(expected) * lengths).max()


@pytest.mark.parametrize(("make", "seed"), PROBLEMS)
def test_omp_is_scikit_learns(make: Callable[[int], Problem], seed: int, tmp_path: Path) -> None:
    problem = make(seed)
    a, y = saved(tmp_path, "A", problem.A), saved(tmp_path, "y", problem.y)
    answer = solve(a, y, "-k", str(problem.k), "--algorithm", "omp")
    assert answer["algorithm"] == "omp"
    assert_is_scikit_learn(answer, problem)
    assert_residual_is_true(answer, problem.A, problem.y)


@pytest.mark.parametrize(("make", "seed"), PROBLEMS)
def test_sea_is_never_worse_than_its_start(make: Callable[[int], Problem], seed: int, tmp_path: Path) -> None:
    problem = make(seed)
    a, y = saved(tmp_path, "A", problem.A), saved(tmp_path, "y", problem.y)
    start = solve(a, y, "-k", str(problem.k), "--algorithm", "omp")
    answer = solve(a, y, "-k", str(problem.k), "--algorithm", "sea", "--start", "omp")
    assert answer["residual_norm"] <= start["residual_norm"] + 1e-12 * np.linalg.norm(problem.y)
    assert len(answer["support"]) <= problem.k
    assert answer["support"] == sorted(set(answer["support"]))
    assert_residual_is_true(answer, problem.A, problem.y)


def write_csv(path: Path, A: Array) -> None:
    np.savetxt(path, A, delimiter=",", fmt="%.17g")


def write_tsv(path: Path, A: Array) -> None:
    np.savetxt(path, A, delimiter="\t", fmt="%.17g")


def write_csv_with_names(path: Path, A: Array) -> None:
    names = ",".join(f"column {j}" for j in range(A.shape[1]))
    np.savetxt(path, A, delimiter=",", fmt="%.17g", header=names, comments="")


def write_npz(path: Path, A: Array) -> None:
    np.savez(path, A=A)


def write_compressed_npz(path: Path, A: Array) -> None:
    np.savez_compressed(path, A=A)


def write_dense_mtx(path: Path, A: Array) -> None:
    scipy.io.mmwrite(path, A, precision=17)


def write_sparse_mtx(path: Path, A: Array) -> None:
    scipy.io.mmwrite(path, scipy.sparse.csc_matrix(A), precision=17)


def write_mat(path: Path, A: Array) -> None:
    scipy.io.savemat(path, {"A": A})


def write_compressed_mat(path: Path, A: Array) -> None:
    scipy.io.savemat(path, {"A": A}, do_compression=True)


WRITERS = [
    pytest.param("A.csv", write_csv, id="csv"),
    pytest.param("A.tsv", write_tsv, id="tsv"),
    pytest.param("A.csv", write_csv_with_names, id="csv-with-names"),
    pytest.param("A.npz", write_npz, id="npz"),
    pytest.param("A.npz", write_compressed_npz, id="npz-compressed"),
    pytest.param("A.mtx", write_dense_mtx, id="mtx-dense"),
    pytest.param("A.mtx", write_sparse_mtx, id="mtx-sparse"),
    pytest.param("A.mat", write_mat, id="mat"),
    pytest.param("A.mat", write_compressed_mat, id="mat-compressed"),
]


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_every_format_is_the_same_matrix(name: str, write: Callable[[Path, Array], None], tmp_path: Path) -> None:
    problem = gaussian(3)
    problem.A[np.abs(problem.A) < np.median(np.abs(problem.A), axis=0) / 2] = 0.0
    a, y = tmp_path / name, saved(tmp_path, "y", problem.y)
    write(a, problem.A)
    answer = solve(a, y, "-k", str(problem.k), "--algorithm", "omp")
    assert_is_scikit_learn(answer, problem)
    assert_residual_is_true(answer, problem.A, problem.y)


@pytest.mark.parametrize("name", ["y.csv", "y.tsv", "y.mtx", "y.mat", "y.npz"])
def test_every_format_is_the_same_data(name: str, tmp_path: Path) -> None:
    problem = gaussian(4)
    column = problem.y[:, None]
    a, y = saved(tmp_path, "A", problem.A), tmp_path / name
    {
        ".csv": write_csv,
        ".tsv": write_tsv,
        ".mtx": write_dense_mtx,
        ".mat": write_mat,
        ".npz": write_npz,
    }[y.suffix](y, column)
    answer = solve(a, y, "-k", str(problem.k), "--algorithm", "omp")
    assert_is_scikit_learn(answer, problem)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", "<i8", "<i4", "<i2", "|i1", "|u1"])
def test_every_array_layout_is_the_same_matrix(kind: str, order: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    whole = np.dtype(kind).kind in "iu"
    values = rng.integers(0, 100, (40, 60)) if whole else rng.standard_normal((40, 60))
    stored = np.array(values, dtype=kind, order="F" if order == "F" else "C")
    A = stored.astype(float)
    y = A[:, [3, 30, 50]] @ [1.0, -2.0, 1.5] + 0.01 * rng.standard_normal(40)
    a, data = saved(tmp_path, "A", stored), saved(tmp_path, "y", y)
    answer = solve(a, data, "-k", "3", "--algorithm", "omp")
    assert_is_scikit_learn(answer, Problem(A, y, 3))
    assert_residual_is_true(answer, A, y)


def test_output_is_the_vector_of_the_json(tmp_path: Path) -> None:
    problem = gaussian(6)
    a, y = saved(tmp_path, "A", problem.A), saved(tmp_path, "y", problem.y)
    out = tmp_path / "x.npy"
    answer = solve(a, y, "-k", str(problem.k), "--algorithm", "omp", "--output", out)
    x = np.load(out)
    assert x.shape == (problem.A.shape[1],)
    assert x.dtype == np.float64
    np.testing.assert_array_equal(x, full(answer, len(x)))
    assert {path.name for path in tmp_path.iterdir()} == {"A.npy", "y.npy", "x.npy"}


@pytest.mark.parametrize("kind", ["<c16", "<c8"])
def test_complex_matrices(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    A = (rng.standard_normal((40, 60)) + 1j * rng.standard_normal((40, 60))).astype(kind)
    A = A.astype(np.complex128)
    x = np.zeros(60, dtype=complex)
    x[[4, 20, 33, 59]] = [1.0 + 1.0j, -2.0j, 1.5, -1.0 + 0.5j]
    noise = rng.standard_normal(40) + 1j * rng.standard_normal(40)
    y = A @ x + 0.01 * noise
    a, data = saved(tmp_path, "A", A.astype(kind)), saved(tmp_path, "y", y)
    out = tmp_path / "x.npy"
    answer = solve(a, data, "-k", "4", "--algorithm", "omp", "--output", out)
    assert answer["support"] == [4, 20, 33, 59]
    expected = np.linalg.lstsq(A[:, answer["support"]], y, rcond=None)[0]
    np.testing.assert_allclose(coefficients(answer), expected, rtol=1e-8)
    assert_residual_is_true(answer, A, y)
    np.testing.assert_array_equal(np.load(out), full(answer, 60))


def test_scaling_changes_no_support(tmp_path: Path) -> None:
    problem = gaussian(8)
    a, y = saved(tmp_path, "A", problem.A), saved(tmp_path, "y", problem.y)
    support = solve(a, y, "-k", str(problem.k))["support"]
    scale = 10.0 ** np.random.default_rng(8).uniform(-6, 6, problem.A.shape[1])
    a, y = saved(tmp_path, "A", problem.A * scale), saved(tmp_path, "y", 1e6 * problem.y)
    assert solve(a, y, "-k", str(problem.k))["support"] == support


def test_bad_input_is_one_line_and_status_2(tmp_path: Path) -> None:
    problem = gaussian(9)
    a, y = saved(tmp_path, "A", problem.A), saved(tmp_path, "y", problem.y[:-1])
    out = tmp_path / "x.npy"
    done = sparsea("solve", a, y, "-k", "3", "--output", out)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    m = len(problem.y)
    assert f"y has {m - 1} entries, but A has {m} rows" in done.stderr
    assert not out.exists()
